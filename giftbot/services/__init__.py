"""What the bot decides. `ports` says what it needs from outside."""
