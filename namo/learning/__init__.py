"""Models that choose pushes, at inference: rasters, queries, networks, bundles, scoring."""
