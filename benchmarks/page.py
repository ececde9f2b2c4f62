"""Time to write the report of a collection, and its size, up to a million episodes.

A real collection of the demo scenes is replicated, with new environment numbers in each copy, so
that the tables have as many rows, plans and scenes as a collection of that size.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.common import Figures, argument_parser, collect, show_table, write_json
from namo.reporting.report import REPORT
from namo.results.tables import DATA_TABLES, write_table

SCENES = 100
OPTIONS = ("--physics", "fast", "--max-pushes", "20", "--max-depth", "3")
COPIES_PER_BLOCK = 100


def measure(*, episodes: Sequence[int]) -> Figures:
    """Return time, peak memory and size of the report, by number of episodes."""
    figures = []
    with tempfile.TemporaryDirectory() as folder:
        collection = Path(folder) / "collection"
        collect(collection, SCENES, *OPTIONS)
        base = {name: pq.read_table(_path(collection, name)) for name in DATA_TABLES}
        for count in episodes:
            rows = {
                name: write_table(
                    _path(collection, name), DATA_TABLES[name], _copies(table, count // SCENES)
                )
                for name, table in base.items()
            }
            seconds, peak = _write_report(collection)
            figures.append(
                {
                    "episodes": rows["metrics"],
                    "pushes": rows["pushes"],
                    "seconds": seconds,
                    "peak_memory_mb": peak / 1e6,
                    "report_mb": (collection / REPORT).stat().st_size / 1e6,
                }
            )
    return {"reports": figures}


def _path(collection: Path, name: str) -> Path:
    return collection / f"{name}.parquet"


def _copies(table: pa.Table, copies: int) -> Iterator[pa.Table]:
    """Yield copies of a table, each with other environments."""
    for first in range(0, copies, COPIES_PER_BLOCK):
        many = min(COPIES_PER_BLOCK, copies - first)
        block = pa.concat_tables([table] * many)
        shift = SCENES * np.repeat(np.arange(first, first + many), table.num_rows)
        numbers = (block["env_index"].to_numpy() + shift).tolist()
        new = {"env_index": numbers, "env_id": [f"copy_env_{number:06d}" for number in numbers]}
        if "episode" in block.column_names:
            episodes = zip(new["env_id"], block["episode"].to_pylist(), strict=True)
            new["episode_id"] = [f"{env_id}_episode_{episode}" for env_id, episode in episodes]
        for name, values in new.items():
            place = block.schema.get_field_index(name)
            field = block.schema.field(name)
            block = block.set_column(place, field, pa.array(values, field.type))
        yield block


def _write_report(collection: Path) -> tuple[float, int]:
    """Return the time to write the report (s), and the peak memory of the process (bytes)."""
    script = (
        "import resource, sys\n"
        "from namo.commands.main import main\n"
        "code = main(['report', sys.argv[1]])\n"
        "unit = 1 if sys.platform == 'darwin' else 1024\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit)\n"
        "sys.exit(code)"
    )
    began = time.perf_counter()
    command = [sys.executable, "-c", script, str(collection)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return time.perf_counter() - began, int(done.stdout.split()[-1])


def show(figures: Figures) -> None:
    """Print the figures."""
    rows = figures["reports"]
    show_table(
        "The report of a collection: namo report",
        [name.replace("_", " ") for name in rows[0]],
        ([*row.values()] for row in rows),
    )


def main() -> None:
    """Run from the command line."""
    parser = argument_parser(__doc__)
    parser.add_argument(
        "--episodes",
        type=int,
        nargs="+",
        default=[100, 10_000, 1_000_000],
        help="numbers of episodes",
    )
    arguments = parser.parse_args()
    figures = measure(episodes=arguments.episodes)
    show(figures)
    write_json(figures, arguments.json)


if __name__ == "__main__":
    main()
