"""Settings that a workflow gives to this one, which it uses as a module, over the shipped ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

from namo.shipped import shipped_folder


def over_shipped(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the shipped settings with those that are given in their place.

    Mappings are merged key by key, as Snakemake merges the files of settings.

    Args:
        given: settings by key, as in the files of `config`; unchanged.
    """
    settings: dict[str, Any] = {}
    for file in sorted((shipped_folder() / "config").glob("*.yaml")):
        settings = _merged(settings, yaml.safe_load(file.read_text(encoding="utf-8")))
    return _merged(settings, given)


def _merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Return two mappings as one, in which the values of the second replace those of the first."""
    merged = dict(below)
    for key, value in above.items():
        inner = merged.get(key)
        if isinstance(inner, Mapping) and isinstance(value, Mapping):
            merged[key] = _merged(inner, value)
        else:
            merged[key] = value
    return merged
