"""Importers: scenes of other projects, one file a format."""
