"""What holds for all commands."""
