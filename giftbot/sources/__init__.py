"""Adapters: where gift codes come from. `catalogue` builds them, `profiles` knows the public ones."""
