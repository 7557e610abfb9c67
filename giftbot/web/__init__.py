"""What everything that asks strangers over HTTP shares: the guard of addresses, and names for what goes wrong."""
