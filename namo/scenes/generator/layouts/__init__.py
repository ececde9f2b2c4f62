"""Layout families: walls without boxes, one file a family."""
