"""The command line of `namo collect` that collects environments again."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

from namo.collection.config import CollectionConfig
from namo.collection.stored import stored_config
from namo.declared_settings import option_name
from namo.errors import UsageError
from namo.files import from_here
from namo.learning.bundle_files import MODEL_PATHS
from namo.option_checks import option_with
from namo.results.metadata_types import RunFile
from namo.results.plan import SceneSource


def collect_arguments(
    config: CollectionConfig, folder: Path, source: SceneSource, label: str | None
) -> list[str]:
    """Return the arguments of `namo collect` that set a configuration again, without the range.

    Args:
        config: settings.
        folder: of the collection.
        source: where the environments are listed.
        label: of the run; None for the name of the machine.
    """
    arguments = option_with("--output-dir", folder, is_path=True)
    for name in ("xml_dir", "manifest", "split"):
        value = getattr(source, name)
        if value is not None:
            arguments += option_with(option_name(name), value, is_path=name != "split")
    if label is not None:
        arguments += option_with("--hostname", label, is_path=False)
    default = CollectionConfig()
    for name, value in config.as_dict().items():
        if value != getattr(default, name):
            arguments += option_with(option_name(name), value, is_path=name in MODEL_PATHS)
    return arguments


def collect_command(arguments: list[str], start: int, end: int) -> str:
    """Return the command line that collects a range.

    Args:
        arguments: of the collector, without its range and part switches.
        start: first environment.
        end: one past the last.
    """
    bounds = ["--start-idx", str(start), "--end-idx", str(end)]
    python = str(from_here(Path(sys.executable)))
    return shlex.join([python, "-m", "namo", "collect", *arguments, *bounds])


def stored_arguments(run: RunFile, folder: Path, output: Path) -> list[str]:
    """Return the arguments that collect as a collection was, into another folder.

    Args:
        run: run file of the collection.
        folder: of the collection.
        output: to collect into.

    Raises:
        UsageError: it was merged from collections with different lists of scenes, or a setting is
            not allowed here.
        ResultFileError: its settings are those of another version.
    """
    asked = run.get("asked")
    if asked is None:
        raise UsageError(
            f"{folder}: names no list of scenes, since it was merged from several; omit --print"
        )
    source = SceneSource(asked["xml_dir"], asked["manifest"], asked["split"])
    return collect_arguments(stored_config(run["config"], folder), output, source, run["label"])
