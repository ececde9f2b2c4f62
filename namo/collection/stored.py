"""What the files of a collection say about how it was made: settings and environments.

Relative paths in them start in the working directory, so callers first change to the folder that
the collection was run from.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from namo.collection.chunk import Collector
from namo.collection.config import CollectionConfig
from namo.collection.environment import Environment
from namo.collection.models import make_planner
from namo.errors import ResultFileError, UsageError
from namo.plug_ins import PLUG_INS
from namo.results.environment_rows import rows_of_environments
from namo.results.metadata_types import Settings
from namo.results.records import Record

_COLUMNS = ["env_index", "env_id", "xml_file", "scene_sha256", "difficulty", "opening_fraction"]


def stored_config(settings: Settings, folder: Path) -> CollectionConfig:
    """Return the settings that a collection was made with.

    Args:
        settings: as a file of the collection holds them.
        folder: of the collection.

    Raises:
        ResultFileError: they are those of another version.
        UsageError: one has a value that is not allowed, or a model is missing.
    """
    own = {name: value for name, value in settings.items() if name != PLUG_INS}
    if own.keys() != set(CollectionConfig.names()):
        names = ", ".join(sorted(own.keys() ^ set(CollectionConfig.names())))
        raise ResultFileError(f"{folder}: its settings differ in {names}; another version wrote it")
    try:
        return CollectionConfig(**own)
    except UsageError as error:
        if PLUG_INS not in settings:
            raise
        made_with = ", ".join(settings[PLUG_INS].values())
        raise UsageError(f"{folder}: {error}; it was collected with {made_with}") from None


def stored_collector(settings: Settings, folder: Path, command: Callable[[int], str]) -> Collector:
    """Return what collects environments as those of a collection were.

    Args:
        settings: as a file of the collection holds them.
        folder: of the collection.
        command: returns the command line that collects an environment again.

    Raises:
        ResultFileError: as for `stored_config`.
        UsageError: likewise.
        ModelError: a model cannot be used.
    """
    config = stored_config(settings, folder)
    planner, scorers = make_planner(config)
    return Collector(planner, config, command, scorers)


def stored_rows(metrics: Path, numbers: Sequence[int]) -> dict[int, Record]:
    """Return what identifies those of some environments that are in a metrics table, by number.

    Args:
        metrics: the table.
        numbers: of the environments.

    Raises:
        ResultFileError: the table is missing or damaged.
    """
    rows: dict[int, Record] = {}
    for row in rows_of_environments(metrics, set(numbers), _COLUMNS):
        rows.setdefault(row["env_index"], row)
    return dict(sorted(rows.items()))


def stored_environment(row: Record, label: str) -> Environment:
    """Return the environment of a row, with its scene file as it is now.

    Args:
        row: see `stored_rows`.
        label: of the run.
    """
    return Environment(
        row["env_index"],
        Path(row["xml_file"]),
        label,
        row["difficulty"],
        opening_fraction=row["opening_fraction"],
    )
