"""Discord as the services need it, and what the components share. The only place that knows Discord's errors."""
