"""Plug-ins of namo-collect, as examples."""
