"""The `ops` command, on real stores and beside a running bot."""
