"""Adapters: the games whose codes are redeemed. `catalogue` builds them, `profiles` knows their addresses."""
