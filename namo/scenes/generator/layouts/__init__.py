"""Layout families: walls without boxes, one file per family."""
