"""The `ops` command: what the person who hosts the bot looks at and decides, over the bot's own services."""
