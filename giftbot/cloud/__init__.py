"""Copies that outlive this machine: the service that keeps them, its client, and object storage."""
