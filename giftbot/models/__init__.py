"""Frozen values and their transitions, a module per noun."""
