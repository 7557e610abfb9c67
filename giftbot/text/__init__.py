"""Every sentence that a user reads: what happened, and what to do. A module per subject."""
