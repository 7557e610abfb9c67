"""Discord's side, as far as it can be shown without a connection."""
