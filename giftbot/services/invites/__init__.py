"""Who brought whom: attribution of joins to invites, staff links, credits, and copies of all that."""
