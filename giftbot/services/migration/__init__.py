"""Taking over what earlier bots left: sources are read once, in any order, as often as anybody likes."""
