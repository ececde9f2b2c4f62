"""Exports of a finished collection to formats of other tools."""
