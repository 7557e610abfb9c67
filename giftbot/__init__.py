"""A self-hosted Discord bot that posts every new gift code to every server, effectively once."""

__version__ = "0.1.0"
