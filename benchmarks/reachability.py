"""Cost of reachability queries, compared with one call of connected components.

A room of 11 x 11 m with ten boxes on a grid of 0.02 m: a new state, further queries about the same
state, and the same state with one box moved, as in push planning.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable

import cv2
import numpy as np

from benchmarks.common import Figures, argument_parser, show_table, write_json
from namo.geometry import Pose2D
from namo.scenes.footprint import Rectangle
from namo.scenes.scene import Goal, Movable, Robot, Scene, Wall
from namo.world.reachability import Reachability
from namo.world.static_map import StaticMap

SIDE_M = 11.0
REPEATS = 5


def room(boxes: int, side: float = SIDE_M, inner_walls: int = 10) -> Scene:
    """Return a square room with boxes and inner walls at random positions, none overlapping."""
    rng, half = np.random.default_rng(0), side / 2
    walls = [
        Wall(f"wall_{i}", Pose2D(x * half, y * half, 0.0), Rectangle(*size), 0.3, 0.3)
        for i, (x, y, size) in enumerate(
            [
                (-1, 0, (0.05, half)),
                (1, 0, (0.05, half)),
                (0, -1, (half, 0.05)),
                (0, 1, (half, 0.05)),
            ]
        )
    ]
    places = [(0.0, 0.0)]  # of the robot
    while len(places) < 1 + boxes + inner_walls:
        x, y = rng.uniform(-half + 0.7, half - 0.7, 2).tolist()
        if all(math.hypot(x - a, y - b) > 1.0 for a, b in places):
            places.append((x, y))
    movables = [
        Movable(
            f"box_{i}_movable",
            Pose2D(x, y, float(rng.uniform(-3, 3))),
            Rectangle(0.3, 0.3),
            0.3,
            0.3,
        )
        for i, (x, y) in enumerate(places[1 : 1 + boxes])
    ]
    walls += [
        Wall(f"wall_{10 + i}", Pose2D(x, y, 0.0), Rectangle(0.4, 0.05), 0.3, 0.3)
        for i, (x, y) in enumerate(places[1 + boxes :])
    ]
    goal = Goal(half - 0.4, half - 0.4)
    return Scene(tuple(walls), tuple(movables), Robot(0.0, 0.0), goal)


def microseconds(call: Callable[[], object], count: int = 200) -> float:
    """Return the time of a call (µs): the fastest of several rounds, to exclude other load."""
    call()
    rounds = []
    for _ in range(REPEATS):
        began = time.perf_counter()
        for _ in range(count):
            call()
        rounds.append((time.perf_counter() - began) / count)
    return 1e6 * min(rounds)


def measure() -> Figures:
    """Return all figures of this benchmark."""
    scene = room(boxes=10)
    static = StaticMap(scene)
    poses = {"robot": Pose2D(0.0, 0.0, 0.0), **{one.name: one.pose for one in scene.movables}}
    known = Reachability(static, poses)
    free = (known.mask != 1).astype(np.uint8)
    name, pose = scene.movables[0].name, scene.movables[0].pose
    points, elsewhere = np.zeros((1, 2)), Pose2D(pose.x + 0.1, pose.y, pose.theta)

    def fresh_state() -> bool:
        static.clear_cache()
        return Reachability(static, poses).goal_reachable

    def box_elsewhere() -> object:
        return known.contacts_after(name, elsewhere, 0.0, 0.0)

    def contacts() -> object:
        again = Reachability(static, poses)
        again.connected, again.solids = known.connected, known.solids
        return again.reachable_contacts(name)

    return {
        "cells": free.size,
        "connected_components_us": microseconds(lambda: cv2.connectedComponents(free)),
        "fresh_state_us": microseconds(fresh_state),
        "goal_again_us": microseconds(lambda: known.goal_reachable),
        "point_us": microseconds(lambda: known.reached(points)),
        "contacts_of_box_us": microseconds(contacts),
        "box_elsewhere_us": microseconds(box_elsewhere),
    }


def show(figures: Figures) -> None:
    """Print the figures."""
    bare = figures["connected_components_us"]
    show_table(
        f"Reachability queries with ten boxes, {figures['cells']} cells",
        ("query", "µs", "ratio to connected components"),
        (
            (name.removesuffix("_us").replace("_", " "), figures[name], figures[name] / bare)
            for name in figures
            if name.endswith("_us")
        ),
    )


def main() -> None:
    """Run from the command line."""
    arguments = argument_parser(__doc__).parse_args()
    figures = measure()
    show(figures)
    write_json(figures, arguments.json)


if __name__ == "__main__":
    main()
