"""The embedded store: one SQLite file, through aiosqlite."""
