"""Measure the difficulty of scenes with the collector's own planner, and make sets of them."""
