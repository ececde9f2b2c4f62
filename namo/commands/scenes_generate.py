"""Generate scenes, measure how hard each is, and keep as many as the quotas ask for.

The settings come from a YAML file (`--config`, the mapping `scenes` in it) or are the defaults; the
options here override them. Rerun the same command to resume.

Exit codes: 0 done; 1 something failed, such as quotas out of reach; 2 wrong usage.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from namo.commands.arguments import mapping_from_json
from namo.errors import UsageError
from namo.option_checks import MAX_THREADS
from namo.scenes.generator.layouts.registry import LAYOUT_FAMILIES

if TYPE_CHECKING:
    from namo.certification.settings import SceneSetSettings

HELP = "generate scenes of known difficulty"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments to its parser."""
    parser.add_argument(
        "--output", type=Path, required=True, metavar="DIR", help="folder for scenes and manifest"
    )
    settings = parser.add_mutually_exclusive_group()
    settings.add_argument(
        "--config", type=Path, metavar="FILE", help="YAML file with a mapping `scenes`"
    )
    settings.add_argument(
        "--settings", metavar="JSON", help="settings under `scenes`, without `output_dir`"
    )
    parser.add_argument("--count", type=int, metavar="N", help="scenes to keep, of any difficulty")
    parser.add_argument("--seed", type=int, metavar="N", help="random seed")
    parser.add_argument(
        "--family",
        action="append",
        choices=LAYOUT_FAMILIES,
        metavar="NAME",
        help="use only this layout family; may be repeated",
    )
    parser.add_argument(
        "--templates", metavar="DIR", help="folder of walls-only scenes, for family template"
    )
    parser.add_argument(
        "--no-certify",
        action="store_true",
        help="do not measure difficulty; faster, but without quotas",
    )
    parser.add_argument(
        "--jobs", type=int, default=1, metavar="N", help="processes to run in parallel"
    )


def run(options: argparse.Namespace) -> int:
    """Generate the set and return the exit code.

    Raises:
        UsageError: a setting or option is out of its range.
    """
    settings = _settings(options)
    if not 1 <= options.jobs <= MAX_THREADS:
        raise UsageError(f"--jobs {options.jobs}: at least 1, at most {MAX_THREADS}")
    # What is above needs no MuJoCo; what is below does.
    from namo.certification.scene_set import make_scenes

    print(make_scenes(settings, options.output, options.jobs, show=print), end="")
    return 0


def _settings(options: argparse.Namespace) -> SceneSetSettings:
    from namo.certification.settings import SceneSetSettings

    given: dict[str, Any] = {}
    source = "options"
    if options.settings is not None:
        source = "--settings"
        given = mapping_from_json(options.settings, source)
        if not isinstance(given, dict):
            return SceneSetSettings.from_mapping(given, source)  # says what is wrong
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
    settings = SceneSetSettings.from_mapping(given, source)
    _require_no_own(settings, "--family", "families", options.family)
    _require_no_own(settings, "--templates", "templates", options.templates)
    return settings


def _require_no_own(settings: SceneSetSettings, option: str, setting: str, value: object) -> None:
    """Make sure that an option is of all parts of a mixture.

    Raises:
        UsageError: parts have their own value of its setting, which the option would not change.
    """
    own = [name for name, part in (settings.mixture or {}).items() if setting in part]
    if value is not None and own:
        raise UsageError(
            f"{option}: these parts of the mixture have their own {setting}: {', '.join(own)}; "
            "edit a copy of the file instead"
        )


def scenes_mapping(path: Path) -> dict[str, Any]:
    """Return the mapping `scenes` of a YAML file.

    Raises:
        UsageError: the file cannot be read or holds no such mapping.
    """
    import yaml

    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise UsageError(f"--config {path}: {error}") from error
    scenes = content.get("scenes") if isinstance(content, dict) else None
    if not isinstance(scenes, dict):
        raise UsageError(f"--config {path}: has no mapping 'scenes'")
    return {name: value for name, value in scenes.items() if name != "output_dir"}
