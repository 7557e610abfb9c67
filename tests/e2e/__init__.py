"""Whole runs: the real bot on the sandbox, over sockets."""
