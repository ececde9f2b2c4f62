"""Versions that are written into every result.

`RESULTS_VERSION` grows whenever the same inputs give other results than before (a changed search,
push skill or random stream). It is part of every fingerprint, so that stale results are collected
again instead of being mixed with new ones.
"""

__version__ = "0.1.0"

RESULTS_VERSION = 3

SCHEMA_VERSION = 6
"""Grows when files of a collection have other keys or columns than before."""
FINGERPRINTED_SCHEMA = 4
"""First schema version whose records `namo upgrade` rewrites; part of every fingerprint.

Later ones hold the same results, so they share their fingerprints.
"""

GENERATOR_VERSION = 2
"""Grows when the same settings give other scenes."""
CERTIFICATION_VERSION = 3
"""Grows when the same scene and effort give other figures."""
