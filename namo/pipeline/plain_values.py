"""The values of settings as they are meant: null for the word, and paths expanded."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from namo.option_checks import expanded_path, require_plain_name
from namo.pipeline.settings import PATH_NAMES, Settings, pipeline_schema

PATHS_BELOW: Mapping[str, tuple[str, ...]] = {
    "scenes": ("output_dir", "templates"),
    "learning": ("output_dir", "manifest", "test_manifest", "collections", "compare_models"),
    "benchmark": ("scenes", "models"),
}
"""Settings of other stages that are paths, or lists of paths, by section."""


def with_plain_values(settings: Settings) -> dict[str, Any]:
    """Return the settings with null for the word, and every path expanded.

    On its command line Snakemake reads `key=null` as text. Values of a wrong type are left alone:
    `check_settings` names them.

    Args:
        settings: as the configuration files and the command line give them.

    Raises:
        UsageError: a path cannot be expanded; names the key.
    """
    plain = dict(settings)
    rules = pipeline_schema()["properties"]
    for key, value in settings.items():
        if value == "null" and "null" in rules.get(key, {}).get("type", ()):
            plain[key] = None
    _expand(plain, PATH_NAMES, "")
    for section, keys in PATHS_BELOW.items():
        if isinstance(plain.get(section), Mapping):
            plain[section] = dict(plain[section])
            _expand(plain[section], keys, f"{section}.")
    return plain


def _expand(values: dict[str, Any], keys: Iterable[str], section: str) -> None:
    """Expand the paths under some keys of a section in place."""
    for key in keys:
        value, what = values.get(key), f"configuration: {section}{key}"
        if isinstance(value, str) and value not in ("", "null"):
            values[key] = expanded_path(value, what)
        elif isinstance(value, list | tuple):
            values[key] = [
                expanded_path(one, what) if isinstance(one, str) else one for one in value
            ]


def require_plain_paths(settings: Settings) -> None:
    """Make sure that Snakemake takes written folders and models for what they are.

    Args:
        settings: checked, with the models that the strategies use.

    Raises:
        UsageError: names the key, its value and what is not allowed in it.
    """
    places = {key: settings[key] for key in ("output_dir", "certified") if key in settings}
    places |= {
        f"{one}.output_dir": settings[one]["output_dir"]
        for one, keys in PATHS_BELOW.items()
        if "output_dir" in keys
    }
    places |= {
        key: settings[key]
        for key in ("ml_object_model", "ml_goal_model")
        if settings.get(key) is not None
    }
    for key, path in places.items():
        require_plain_name(path, f"configuration: {key}")
