"""Values and their transitions."""
