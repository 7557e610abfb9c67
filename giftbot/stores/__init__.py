"""Adapters that remember: SQLite, MongoDB, and the files beside them."""
