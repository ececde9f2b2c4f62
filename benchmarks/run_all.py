"""Run every benchmark with quick settings, print the tables, write the figures to a file.

Some twenty minutes in total. To run one benchmark at full length:
`python -m benchmarks.NAME --help`.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from benchmarks import (
    determinism,
    growth,
    models,
    overhead,
    page,
    physics,
    push_skill,
    random_goals,
    reachability,
    rooms,
    siblings,
    throughput,
    workers,
)
from benchmarks import scenes as generated_scenes
from benchmarks.common import REPOSITORY, Figures, argument_parser, console, skipped, write_json


def main() -> None:
    """Run from the command line."""
    parser = argument_parser(__doc__)
    parser.set_defaults(json=REPOSITORY / "benchmarks" / "results.json")
    arguments = parser.parse_args()
    scenes = arguments.scenes
    rooms_there = not skipped("determinism, throughput, push_skill, random_goals and rooms", scenes)
    parts: list[tuple[str, bool, Callable[[], Figures], Callable[[Figures], None]]] = [
        (
            "determinism",
            rooms_there,
            lambda: determinism.measure(scenes, pairs=20),
            determinism.show,
        ),
        ("overhead", True, lambda: overhead.measure(environments=24), overhead.show),
        (
            "throughput",
            rooms_there,
            lambda: throughput.measure(scenes, searches=4),
            throughput.show,
        ),
        ("reachability", True, reachability.measure, reachability.show),
        (
            "growth",
            True,
            lambda: growth.measure(
                environments=(10, 100, 1000), rows=(10_000, 1_000_000), chunks=(10, 1000, 10_000)
            ),
            growth.show,
        ),
        ("page", True, lambda: page.measure(episodes=(100, 10_000, 1_000_000)), page.show),
        (
            "models",
            True,
            lambda: models.measure(
                models.shipped(), environments=8, max_pushes=10, repeats=1, queries=200
            ),
            models.show,
        ),
        (
            "workers",
            all(models.shipped().values()),
            lambda: workers.measure(
                workers.shipped_models(), environments=8, max_pushes=10, repeats=1
            ),
            workers.show,
        ),
        ("physics", True, lambda: physics.measure(scenes=8, pushes=5), physics.show),
        ("siblings", True, lambda: siblings.measure(scenes=6, threads=(1, 2)), siblings.show),
        (
            "push_skill",
            rooms_there,
            lambda: push_skill.measure(scenes, seeds=1, targets=10, searches=1),
            push_skill.show,
        ),
        (
            "random_goals",
            rooms_there,
            lambda: random_goals.measure(scenes, seeds=2, demo_scenes=2),
            random_goals.show,
        ),
        (
            "scenes",
            True,
            lambda: generated_scenes.measure(scenes=200, certified=4),
            generated_scenes.show,
        ),
        (
            "rooms",
            rooms_there,
            lambda: rooms.measure(scenes, seeds=1, seconds=5.0, jobs=1),
            rooms.show,
        ),
    ]
    figures: Figures = {}
    for name, possible, measure, show in parts:
        if not possible:
            continue
        console.rule(name)
        began = time.monotonic()
        figures[name] = {**measure(), "took_s": round(time.monotonic() - began, 1)}
        show(figures[name])
    write_json(figures, arguments.json)
    console.print(f"Figures written to {arguments.json}", highlight=False)


if __name__ == "__main__":
    main()
