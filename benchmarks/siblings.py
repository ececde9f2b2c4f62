"""Simulating several pushes from one state in parallel: the same work with more threads.

Certification of demo scenes (every candidate push, then searches) and tree_idfs. The figures and
plans are compared; they must be equal to the last bit.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence

from benchmarks.common import Figures, argument_parser, show_table, write_json
from namo.certification.certify import certify
from namo.certification.effort import Effort
from namo.planning.planner import Budget
from namo.planning.tree_idfs import TreeIDFS
from namo.scenes.reading import read_scene
from namo.scenes.scene import Scene
from namo.scenes.sources import environments_from
from namo.seeding import Streams
from namo.strategies.goal_random import RandomGoals
from namo.strategies.object_order import NearestFirst
from namo.world.world import World

PUSHES = 40
EFFORT = Effort(pushes=20, depth=2)


def search(scene: Scene, threads: int) -> object:
    """Return the result of a search in a scene."""
    planner = TreeIDFS(NearestFirst(), RandomGoals(), max_goals_per_object=5)
    budget = Budget(depth=3, seconds=math.inf, pushes=PUSHES)
    world = World(scene, threads=threads)
    result = planner.search(world, budget, Streams.for_episode(0, 0, 0))
    return result.plan, result.pushes, result.states


WORK: dict[str, Callable[[Scene, int], object]] = {
    "certifying": lambda scene, threads: certify(scene, EFFORT, threads),
    "tree_idfs": search,
}


def measure(scenes: int, threads: Sequence[int]) -> Figures:
    """Return the wall time of the same work with each number of threads.

    Raises:
        RuntimeError: the results differ.
    """
    read = [read_scene(path) for path in environments_from(None, None).paths[:scenes]]
    for scene in read:
        World(scene).prepare()
    figures = []
    for name, work in WORK.items():
        results, seconds = [], []
        for count in threads:
            began = time.perf_counter()
            results.append([work(scene, count) for scene in read])
            seconds.append(time.perf_counter() - began)
        if any(result != results[0] for result in results):
            raise RuntimeError(f"{name}: results depend on the number of threads")
        figures += [
            {"work": name, "threads": count, "seconds": took, "speed_up": seconds[0] / took}
            for count, took in zip(threads, seconds, strict=True)
        ]
    return {"scenes": len(read), "work": figures}


def show(figures: Figures) -> None:
    """Print the figures."""
    show_table(
        f"The same work over {figures['scenes']} demo scenes, results bit-equal",
        ("work", "threads", "s", "speed-up"),
        ([*one.values()] for one in figures["work"]),
    )


def main() -> None:
    """Run from the command line."""
    parser = argument_parser(__doc__)
    parser.add_argument("--count", type=int, default=16, help="number of demo scenes")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2], help="numbers of threads")
    arguments = parser.parse_args()
    figures = measure(arguments.count, arguments.threads)
    show(figures)
    write_json(figures, arguments.json)


if __name__ == "__main__":
    main()
