"""What the services decide, over a real SQLite store and fakes at the other ports."""
