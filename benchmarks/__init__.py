"""What the performance figures in `docs/performance.md` come from. Nothing here asserts a time."""
