"""Draw scenes, measure how hard each is, and keep what the quotas ask for.

The settings come from a YAML file (`--config`, the mapping `scenes` in it) or are the defaults; the
options here override them. Running the same command again goes on where it stopped.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import yaml

from namo.certification.settings import SceneSetSettings
from namo.errors import UsageError
from namo.scenes.generator.layouts.registry import LAYOUT_FAMILIES

HELP = "make new scenes of known difficulty"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--output", type=Path, required=True, help="folder for scenes and manifest")
    parser.add_argument("--config", type=Path, help="YAML file with a mapping 'scenes'")
    parser.add_argument("--count", type=int, help="how many scenes, of any class")
    parser.add_argument("--seed", type=int, help="of all random numbers")
    parser.add_argument(
        "--family",
        action="append",
        choices=LAYOUT_FAMILIES.names(),
        help="draw only this layout family; may be repeated",
    )
    parser.add_argument("--templates", help="folder of walls-only scenes, for family template")
    parser.add_argument(
        "--no-certify", action="store_true", help="do not measure difficulty: fast, no quotas"
    )
    parser.add_argument("--jobs", type=int, default=1, help="processes")


def run(options: argparse.Namespace) -> int:
    """Make the set; see `namo.commands.main`.

    Raises:
        UsageError: a setting or option is out of its range.
    """
    settings = _settings(options)
    if options.jobs < 1:
        raise UsageError(f"--jobs {options.jobs}: at least 1")
    # What is above needs no MuJoCo; what is below does.
    from namo.certification.scene_set import make_scenes

    print(make_scenes(settings, options.output, options.jobs, show=print), end="")
    return 0


def _settings(options: argparse.Namespace) -> SceneSetSettings:
    given: dict[str, Any] = {}
    source = "options"
    if options.config is not None:
        source = str(options.config)
        given |= scenes_mapping(options.config)
    for name in ("count", "seed", "templates"):
        if getattr(options, name) is not None:
            given[name] = getattr(options, name)
    if options.count is not None:
        given["quotas"] = None
    if options.family:
        given["families"] = dict.fromkeys(options.family, 1.0)
    if options.no_certify:
        given |= {"certify": False, "quotas": None}
    return SceneSetSettings.from_mapping(given, source)


def scenes_mapping(path: Path) -> dict[str, Any]:
    """Return the mapping `scenes` of a YAML file.

    Raises:
        UsageError: the file cannot be read or holds no such mapping.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise UsageError(f"--config {path}: {error}") from error
    scenes = content.get("scenes") if isinstance(content, dict) else None
    if not isinstance(scenes, dict):
        raise UsageError(f"--config {path}: holds no mapping 'scenes'")
    return {name: value for name, value in scenes.items() if name != "output_dir"}
