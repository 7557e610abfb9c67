"""What calls of the MongoDB store cost: commands, and rows looked at."""
