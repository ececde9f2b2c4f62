"""Collect a few demo scenes, replay every plan that was found, and show the report.

Needs nothing but the package: scenes and settings are the shipped ones. Rerun the same command to
resume, or to see the report again.

Exit codes: 0 done; 1 an environment failed, or a replay diverged; 2 wrong usage.
"""

from __future__ import annotations

import argparse
import os
import sys
import webbrowser
from pathlib import Path
from types import ModuleType

from namo.collection.config import SEARCH, CollectionConfig
from namo.commands import collect, replay
from namo.commands.parsing import Parser
from namo.declared_settings import declarations, setting_arguments
from namo.option_checks import option_with
from namo.shipped import shipped_folder

HELP = "collect a few demo scenes and show the report"

ENVIRONMENTS = range(16, 24)
"""Of the demo scenes: every one has a plan, of up to three pushes."""
LABEL = "demo"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments to its parser."""
    parser.add_argument(
        "--output-dir",
        type=Path,
        default=Path("namo_demo"),
        metavar="DIR",
        help="folder of the collection",
    )
    parser.add_argument(
        "--no-open", action="store_true", help="name the report, and open no browser"
    )


def run(options: argparse.Namespace) -> int:
    """Collect, replay, show the report, and return the exit code.

    Raises:
        UsageError: the folder cannot be written.
        ResultFileError: the folder holds something else.
    """
    folder: Path = options.output_dir
    code = _run(collect, "collect", collect_arguments(folder))
    if code:
        return code
    code = _run(replay, "replay", ["--check", str(folder.absolute())])
    report = (folder / "report.html").absolute()
    print(f"report: {report}")
    print("next:   namo init my_project, a pipeline of your own; namo --help")
    if not options.no_open and _has_browser():
        webbrowser.open(report.as_uri())
    return code


def collect_arguments(folder: Path) -> list[str]:
    """Return the arguments of `namo collect`: demo scenes, searched as the pipeline does.

    Args:
        folder: of the collection.
    """
    import yaml

    settings = shipped_folder() / "config" / "config.yaml"
    shipped = yaml.safe_load(settings.read_text(encoding="utf-8"))
    arguments = [*option_with("--output-dir", folder, is_path=True), "--hostname", LABEL]
    arguments += ["--start-idx", str(ENVIRONMENTS.start), "--end-idx", str(ENVIRONMENTS.stop)]
    for name, declared in declarations(CollectionConfig).items():
        if declared.group == SEARCH and name in shipped:
            arguments += setting_arguments(CollectionConfig, name, shipped[name])
    return arguments


def _run(command: ModuleType, name: str, arguments: list[str]) -> int:
    """Run a command with arguments as they are typed, and return its exit code."""
    parser = Parser(prog=f"namo {name}")
    command.add_arguments(parser)
    code: int = command.run(parser.parse_args(arguments))
    return code


def _has_browser() -> bool:
    """Return whether a person is at a terminal with a screen: elsewhere a browser is in the way."""
    has_screen = sys.platform == "darwin" or {"DISPLAY", "WAYLAND_DISPLAY"} & os.environ.keys()
    return sys.stdout.isatty() and bool(has_screen)
