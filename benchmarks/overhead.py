"""Overhead of a collection over its physics: wall time of a collector process, piece by piece.

The collector runs in a process of its own over demo scenes written with RK4 and 10 ms, as most
imported scenes are, with motion primitives and compiled loops in the cache. The ratio is its whole
wall time, from the start of Python to the summary, to the time that MuJoCo spent stepping the
pushes it recorded.
"""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq

from benchmarks.common import Figures, argument_parser, collect, percent, show_table, write_json
from namo.scenes.reading import read_scene
from namo.scenes.sources import environments_from
from namo.scenes.writing import write_scene

PRESETS = ("scene", "fast")
PUSHES = 100
RK4 = {"cone": "elliptic", "integrator": "RK4", "timestep": "0.01"}
CLOCKS = ("physics", "reachability", "push_planning")


def write_scenes(folder: Path, count: int) -> None:
    """Write the first demo scenes with the options of most imported scenes."""
    for path in environments_from(None, None).paths[:count]:
        write_scene(replace(read_scene(path), options=RK4, xml=""), folder / path.name)


def measure_preset(preset: str, scenes: Path, environments: int) -> Figures:
    """Return the wall time of a collection by piece (s)."""
    options = ["--object-strategy", "nearest_first", "--max-pushes", str(PUSHES)]
    options += ["--xml-dir", str(scenes), "--physics", preset]
    with tempfile.TemporaryDirectory() as folder:
        run = collect(Path(folder), environments, *options)
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
    with tempfile.TemporaryDirectory() as folder:
        scenes = Path(folder)
        write_scenes(scenes, environments)
        for preset in PRESETS:  # fill the cache
            with tempfile.TemporaryDirectory() as out:
                options = ("--xml-dir", str(scenes), "--max-pushes", "1", "--physics", preset)
                collect(Path(out), environments, *options)
        return {"presets": [measure_preset(one, scenes, environments) for one in PRESETS]}


def show(figures: Figures) -> None:
    """Print the figures."""
    presets = figures["presets"]
    show_table(
        "Wall time of a collection, start to summary, relative to MuJoCo's stepping",
        ("physics", "environments", "pushes", "solved", "wall s", "ratio"),
        (
            [one[name] for name in ("physics", "environments", "pushes", "solved", "wall_s")]
            + [one["ratio"]]
            for one in presets
        ),
    )
    show_table(
        "By piece",
        ("", *(one["physics"] for one in presets)),
        (
            (piece, *(percent(one["pieces_s"][piece], one["wall_s"]) for one in presets))
            for piece in presets[0]["pieces_s"]
        ),
    )


def main() -> None:
    """Run from the command line."""
    parser = argument_parser(__doc__)
    parser.add_argument("--count", type=int, default=40, help="number of environments")
    arguments = parser.parse_args()
    figures = measure(arguments.count)
    show(figures)
    write_json(figures, arguments.json)


if __name__ == "__main__":
    main()
