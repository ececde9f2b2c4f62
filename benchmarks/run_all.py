"""Runs every benchmark with quick settings, prints the tables, writes the figures to a file.

Some ten minutes in all. Each benchmark alone, at full length: `python -m benchmarks.NAME --help`.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from benchmarks import (
    determinism,
    growth,
    overhead,
    physics,
    push_skill,
    reachability,
    rooms,
    siblings,
    throughput,
)
from benchmarks import scenes as generated_scenes
from benchmarks.common import REPOSITORY, Figures, argument_parser, console, skipped, write_json


def main() -> None:
    """Run from the command line."""
    parser = argument_parser(__doc__)
    parser.set_defaults(json=REPOSITORY / "benchmarks" / "results.json")
    arguments = parser.parse_args()
    scenes = arguments.scenes
    if skipped("benchmarks", scenes):
        return
    parts: list[tuple[str, Callable[[], Figures], Callable[[Figures], None]]] = [
        ("determinism", lambda: determinism.measure(scenes, pairs=20), determinism.show),
        ("overhead", lambda: overhead.measure(environments=24), overhead.show),
        ("throughput", lambda: throughput.measure(scenes, searches=5), throughput.show),
        ("reachability", reachability.measure, reachability.show),
        (
            "growth",
            lambda: growth.measure(
                environments=(10, 100, 1000), rows=(10_000, 1_000_000), chunks=(10, 1000, 10_000)
            ),
            growth.show,
        ),
        ("physics", lambda: physics.measure(scenes=10, pushes=5), physics.show),
        ("siblings", lambda: siblings.measure(scenes=6, threads=(1, 2)), siblings.show),
        (
            "push_skill",
            lambda: push_skill.measure(scenes, seeds=1, targets=20, searches=2),
            push_skill.show,
        ),
        (
            "scenes",
            lambda: generated_scenes.measure(scenes=300, certified=8),
            generated_scenes.show,
        ),
        ("rooms", lambda: rooms.measure(scenes, seeds=2, seconds=5.0, jobs=1), rooms.show),
    ]
    figures: Figures = {}
    for name, measure, show in parts:
        console.rule(name)
        began = time.monotonic()
        figures[name] = {**measure(), "took_s": round(time.monotonic() - began, 1)}
        show(figures[name])
    write_json(figures, arguments.json)
    console.print(f"Figures written to {arguments.json}", highlight=False)


if __name__ == "__main__":
    main()
