"""Which object to push, and where to."""
