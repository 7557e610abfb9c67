"""Taking over what earlier bots left."""
