"""Scenes as data: read, write, check, list, draw and generate them."""
