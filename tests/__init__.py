"""Tests, arranged as the packages they test."""
