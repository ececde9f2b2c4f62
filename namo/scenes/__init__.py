"""Scenes as data: read, write, check, list, draw."""
