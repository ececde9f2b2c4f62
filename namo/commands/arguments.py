"""Arguments that several commands take, and what several do before they load libraries."""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Iterator
from contextlib import chdir, contextmanager
from pathlib import Path
from typing import Any

from namo.commands.parsing import add_old_name
from namo.errors import UsageError
from namo.shipped import here_or_shipped

THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
"""Of every library that a process of a collection loads."""
MAX_TIME_LIMIT_S = 86_400.0


def add_folder(parser: argparse.ArgumentParser) -> None:
    """Add the folder of a collection."""
    parser.add_argument("folder", metavar="DIR", type=Path, help="folder of the collection")


def add_output(parser: argparse.ArgumentParser, what: str) -> None:
    """Add the options that say where new collections go, and how.

    Args:
        parser: of the command.
        what: is written there.
    """
    parser.add_argument(
        "-o",
        "--output",
        metavar="DIR",
        type=Path,
        required=True,
        default=argparse.SUPPRESS,
        help=f"{what}; must not exist or be empty",
    )
    parser.add_argument(
        "--link",
        action="store_true",
        help="hard-link the files of environments instead of copying them (same file system only)",
    )


def add_run_from(parser: argparse.ArgumentParser) -> None:
    """Add the folder that relative paths of scenes start in."""
    parser.add_argument(
        "--run-from",
        metavar="DIR",
        type=Path,
        default=Path(),
        help="folder that the collection was started in; relative paths of scenes start there",
    )


def add_max_failed_fraction(
    parser: argparse.ArgumentParser | argparse._ArgumentGroup, text: str
) -> None:
    """Add the fraction of environments that may fail.

    Args:
        parser: of the command.
        text: help of the option.
    """
    option = parser.add_argument(
        "--max-failed-fraction", type=float, default=1.0, metavar="X", help=text
    )
    add_old_name(parser, "--max-failed-share", option)


def require_fraction(value: float) -> None:
    """Make sure that the fraction of environments that may fail is one.

    Args:
        value: ratio of failed environments to all.

    Raises:
        UsageError: it is not from 0 to 1.
    """
    if not 0 <= value <= 1:
        raise UsageError(f"--max-failed-fraction is {value}; allowed: 0 to 1")


def require_time_limit(seconds: float) -> None:
    """Make sure that the time which a scene file may take is positive and at most a day.

    Args:
        seconds: the time (s).

    Raises:
        UsageError: it is not.
    """
    if not 0.0 < seconds <= MAX_TIME_LIMIT_S:
        raise UsageError(
            f"--time-limit {seconds:g}: must be more than 0 and at most {MAX_TIME_LIMIT_S:g} s"
        )


def search_settings(options: argparse.Namespace) -> dict[str, Any]:
    """Return the settings of a collection that the options give, with paths of shipped models."""
    from namo.collection.config import CollectionConfig
    from namo.learning.bundle_files import MODEL_PATHS

    given = {name: getattr(options, name) for name in CollectionConfig.names()}
    paths = {name: here_or_shipped(given[name]) for name in MODEL_PATHS if given[name] is not None}
    return given | paths


def exceeds(failed: int, total: int, allowed: float) -> bool:
    """Return whether more environments failed than are allowed to.

    Args:
        failed: how many did.
        total: how many there are, at least one.
        allowed: ratio of failed environments to all.
    """
    return failed / total > allowed


def require_folder(folder: Path) -> None:
    """Make sure that a folder is there.

    Raises:
        UsageError: there is no such folder.
    """
    if not folder.is_dir():
        raise UsageError(f"{folder}: no such folder")


@contextmanager
def where_it_ran(folder: Path, run_from: Path) -> Iterator[Path]:
    """Change to the folder that a collection was run from, where its relative paths start.

    That is the one given, else the one that its plan names, as far as it is there, else this one.

    Args:
        folder: of the collection.
        run_from: see `add_run_from`.

    Yields:
        The folder of the collection, as seen from there.

    Raises:
        ResultFileError: the plan is damaged.
    """
    from namo.files import from_here
    from namo.results.run_lock import read_plan

    place = run_from if run_from != Path() else read_plan(folder).run_from
    absolute = folder.absolute()
    with chdir(place if place.is_dir() else Path()):
        yield from_here(absolute)


def mapping_from_json(text: str, option: str) -> Any:  # noqa: ANN401 - settings check what it is
    """Return the settings that an option gives as JSON.

    Args:
        text: of the option.
        option: what messages call it.

    Raises:
        UsageError: it is not valid JSON.
    """
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise UsageError(f"{option}: not valid JSON: {error}") from None


def use_one_thread(*variables: str, always: bool = False) -> None:
    """Let numerical libraries use one thread per process, unless the environment says otherwise.

    Jobs run side by side; more threads would only fight for the cores. Libraries look at these
    variables of the environment (by default OpenMP's) when they are loaded, so this comes first.

    Args:
        *variables: to set.
        always: whatever the environment says.
    """
    for variable in variables or ("OMP_NUM_THREADS",):
        if always or variable not in os.environ:
            os.environ[variable] = "1"
