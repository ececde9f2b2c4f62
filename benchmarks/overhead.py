"""What a collection costs beside its physics: wall time of a collector process, piece by piece.

The collector runs as a user runs it, in a process of its own, over demo scenes, with the motion
primitives and compiled loops of an earlier run at hand. The ratio is its whole wall time, from the
start of Python to the report, to the time inside MuJoCo's stepping of the pushes it recorded.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import pyarrow.parquet as pq

from benchmarks.common import Figures, argument_parser, collect, percent, show_table, write_json

PRESETS = ("scene", "fast")
PUSHES = 100
CLOCKS = ("physics", "reachability", "push_planning")


def measure_preset(preset: str, environments: int) -> Figures:
    """Return where the wall time of a collection went, in seconds."""
    options = ("--object-strategy", "nearest_first", "--max-pushes", str(PUSHES))
    with tempfile.TemporaryDirectory() as folder:
        run = collect(Path(folder), environments, *options, "--physics", preset)
        metrics = pq.read_table(Path(folder) / "metrics.parquet")
        seconds = {name: _total(metrics, f"{name}_time_ms") for name in CLOCKS}
        searching = _total(metrics, "search_time_ms")
    wall = run["wall_s"]
    pieces = {
        **seconds,
        "rest of the search": searching - sum(seconds.values()),
        "reading and compiling scenes": run["work_s"] - searching,
        "writing results": run["chunk_s"] - run["work_s"] + run["merge_s"],
        "start-up": run["start_s"],
    }
    return {
        "physics": preset,
        "environments": environments,
        "pushes": sum(metrics["pushes_simulated"].to_pylist()),
        "solved": sum(metrics["solution_found"].to_pylist()),
        "wall_s": wall,
        "ratio": wall / seconds["physics"],
        "pieces_s": pieces,
    }


def _total(metrics: pq.Table, column: str) -> float:
    return float(sum(metrics[column].to_pylist())) / 1000.0


def measure(environments: int) -> Figures:
    """Return all figures of this benchmark."""
    for preset in PRESETS:  # so that what is made once a machine is there
        with tempfile.TemporaryDirectory() as folder:
            collect(Path(folder), environments, "--max-pushes", "1", "--physics", preset)
    return {"presets": [measure_preset(preset, environments) for preset in PRESETS]}


def show(figures: Figures) -> None:
    """Print the figures."""
    presets = figures["presets"]
    show_table(
        "Wall time of a collection, start to report, to time inside MuJoCo's stepping",
        ("physics", "environments", "pushes", "solved", "wall s", "ratio"),
        (
            [one[name] for name in ("physics", "environments", "pushes", "solved", "wall_s")]
            + [one["ratio"]]
            for one in presets
        ),
    )
    show_table(
        "Where it goes",
        ("", *(one["physics"] for one in presets)),
        (
            (piece, *(percent(one["pieces_s"][piece], one["wall_s"]) for one in presets))
            for piece in presets[0]["pieces_s"]
        ),
    )


def main() -> None:
    """Run from the command line."""
    parser = argument_parser(__doc__)
    parser.add_argument("--count", type=int, default=40, help="environments, from the first")
    arguments = parser.parse_args()
    figures = measure(arguments.count)
    show(figures)
    write_json(figures, arguments.json)


if __name__ == "__main__":
    main()
