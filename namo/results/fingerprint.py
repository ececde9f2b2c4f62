"""The fingerprint of an environment's results: the hash of everything that decides them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

import mujoco

from namo.version import FINGERPRINTED_SCHEMA, RESULTS_VERSION

Versions = Mapping[str, object]
"""Versions that decide results: `results` and `mujoco`, as in `run.json`."""


def present_versions() -> Versions:
    """Return the versions that this process collects with."""
    return {"results": RESULTS_VERSION, "mujoco": mujoco.__version__}


def fingerprint_of(
    settings: Mapping[str, object],
    env_index: int,
    scene_sha256: str,
    versions: Versions | None = None,
) -> str:
    """Return the fingerprint of one environment's results.

    Args:
        settings: those that decide results, models identified by their hash.
        env_index: place of the environment in the list.
        scene_sha256: hash of the scene file; empty when it cannot be read.
        versions: that the results were made with; None for the present ones.
    """
    made_with = present_versions() if versions is None else versions
    decisive = {
        "config": settings,
        "env_index": env_index,
        "scene_sha256": scene_sha256,
        "results_version": made_with["results"],
        "schema_version": FINGERPRINTED_SCHEMA,
        "mujoco": made_with["mujoco"],
    }
    return hashlib.sha256(json.dumps(decisive, sort_keys=True).encode()).hexdigest()
