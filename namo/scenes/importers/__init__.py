"""Importers: scenes of other projects, one file per format."""
