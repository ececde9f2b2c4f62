"""Imported scenes: how many can be collected and how many are solved.

Every scene is collected with `tree_idfs`, `nearest_first` and random goals. With the default of
60 s per search this takes about half an hour on two cores.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from benchmarks.common import Figures, argument_parser, percent, show_table, skipped, write_json
from namo.collection.collect_environment import collect_environment
from namo.collection.config import CollectionConfig
from namo.collection.environment import Environment
from namo.collection.models import make_planner
from namo.commands.main import main as namo

SETS = (
    ("car_hops", ()),
    ("car_hops", ("--scale", "3")),
    ("namosim", ()),
    ("wall_templates", ()),
)
SECONDS = 60.0


def measure(scenes: Path, *, seconds: float = SECONDS, jobs: int = 2) -> Figures:
    """Import and collect each set."""
    figures = {}
    for folder, options in SETS:
        name = " ".join((folder, *options))
        with tempfile.TemporaryDirectory() as output:
            namo(["scenes", "import", str(scenes / folder), "--output", output, *options])
            paths = sorted(Path(output).rglob("*.xml"))
            with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
                ends = Counter(pool.map(_collect, paths, [seconds] * len(paths)))
        figures[name] = {"imported": len(paths), **ends}
    return {"seconds_per_search": seconds, "sets": figures}


def _collect(path: Path, seconds: float) -> str:
    """Return how the search in a scene ended."""
    config = CollectionConfig(
        algorithm="tree_idfs", object_strategy="nearest_first", search_timeout=seconds
    )
    record = collect_environment(
        Environment(0, path, "import"), make_planner(config)[0], config, ""
    )
    return str(record["metrics"][0]["termination"])


def show(figures: Figures) -> None:
    """Print the table."""
    rows = []
    for name, ends in figures["sets"].items():
        imported, failed = ends["imported"], ends.get("error", 0)
        solved = ends.get("solved", 0)
        rows.append((name, imported, imported - failed, solved, percent(solved, imported)))
    title = f"imported scenes, {figures['seconds_per_search']:g} s per search"
    show_table(title, ("scenes", "imported", "collected", "solved", ""), rows)


def main() -> None:
    """Run from the command line."""
    parser = argument_parser(__doc__)
    parser.add_argument("--seconds", type=float, default=SECONDS, help="time budget per search")
    parser.add_argument("--jobs", type=int, default=2, help="parallel processes")
    arguments = parser.parse_args()
    if skipped("imports", arguments.scenes):
        return
    figures = measure(arguments.scenes, seconds=arguments.seconds, jobs=arguments.jobs)
    show(figures)
    write_json(figures, arguments.json)


if __name__ == "__main__":
    main()
