"""Adapters: where gift codes come from. `catalogue` builds them."""
