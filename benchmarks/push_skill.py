"""Accuracy of the push skill, and a lower bound of what pushing can achieve.

Random targets: 0.3 to 1.0 m away, any direction, within 45 degrees of the current orientation,
not inside a wall or another box. Every push begins at the scene's start. The same in an empty
room with boxes of several sizes.

Some targets cannot be reached by pushing at all, such as those for which the robot cannot get
behind the box. So missed targets are classified by kind, and some of each kind are given to a beam
search over *simulated* pushes, far too slow for use, that shows what could have been reached.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.common import (
    Figures,
    argument_parser,
    console,
    percent,
    scene_files,
    show_table,
    skipped,
    write_json,
)
from namo.geometry import Pose2D
from namo.scenes.footprint import Rectangle, overlap_depth
from namo.scenes.reading import read_scene
from namo.scenes.scene import Goal, Movable, Robot, Scene, Wall
from namo.strategies.goal_random import DISTANCE_M, sample_goal
from namo.world.primitives import control_steps, push_along
from namo.world.push import Push, PushStatus
from namo.world.push_planner import within_tolerance
from namo.world.simulation import State
from namo.world.world import World

TARGETS_PER_ROOM = 20
FARTHER_M = 0.001
GRAZED_M = 0.01
EMPTY_ROOM_SIDE_M = 6.0
EMPTY_ROOM_BOXES = (
    (0.6, 0.6),
    (0.4, 0.4),
    (0.5, 0.5),
    (0.7, 0.7),
    (0.8, 0.8),
    (0.4, 0.6),
    (0.4, 0.8),
    (0.6, 0.9),
)
"""Sides of the boxes (m); the first is the reference."""

ORACLE_DEPTH = 4
ORACLE_BEAM = 6
ORACLE_TRAVEL_STRIDE = 2
SEEN_M, SEEN_RAD = 0.04, 0.1


class Kind(StrEnum):
    """Why a target is hard to reach."""

    NO_SIDE = "no side to push from"
    """No reachable contact point pushes within 60 degrees of the straight path: it takes a pull, or
    a detour around the box that the room may not allow."""
    ROW = "boxes in a row"
    """Another box is on the straight path: pushing two needs nearly all of the robot's force."""
    WALL = "a wall on the way"
    """The straight path crosses a wall: the box stands in a door, for instance."""
    OTHER = "other"


@dataclass(frozen=True)
class Trial:
    """One push towards a random target.

    Attributes:
        room: name of the scene.
        push: movable and target.
        status: outcome of the push.
        arrived: whether the box ended within tolerance.
        farther: whether it ended farther from its target than it started.
        contacts: number of contact points used.
        steps: physics steps.
        kind: of the target.
        reachable: whether the beam search reached the target; None if it was not run.
    """

    room: str
    push: Push
    status: PushStatus
    arrived: bool
    farther: bool
    contacts: int
    steps: int
    kind: Kind
    reachable: bool | None = None


def empty_room(side_x: float, side_y: float) -> Scene:
    """Return a room with one box in its centre and the robot beside it (sides in m)."""
    half, thick = EMPTY_ROOM_SIDE_M / 2, 0.05
    walls = tuple(
        Wall(f"wall_{i}", Pose2D(x, y, 0.0), Rectangle(half_x, half_y), 0.3, 0.3)
        for i, (x, y, half_x, half_y) in enumerate(
            [
                (-half, 0.0, thick, half),
                (half, 0.0, thick, half),
                (0.0, -half, half, thick),
                (0.0, half, half, thick),
            ],
            start=1,
        )
    )
    box = Movable(
        "obstacle_1_movable", Pose2D(0.0, 0.0, 0.0), Rectangle(side_x / 2, side_y / 2), 0.3, 0.3
    )
    return Scene(walls, (box,), Robot(-1.5, -1.5), Goal(2.0, 2.0))


def draw_targets(world: World, count: int, rng: np.random.Generator) -> Iterator[Push]:
    """Yield random targets of the boxes that the robot can reach at the start."""
    world.reset()
    names = world.reachability().reachable_objects
    while names and count:
        box = world.scene.movable(str(rng.choice(names)))
        target = sample_goal(box.pose, DISTANCE_M, rng)
        others = [other for other in world.scene.movables if other.name != box.name]
        if all(
            overlap_depth(target, box.footprint, other.pose, other.footprint) <= 0
            for other in (*world.scene.walls, *others)
        ):
            count -= 1
            yield Push(box.name, target)


def kind_of(world: World, push: Push) -> Kind:
    """Return the kind of a target in the current state of the world."""
    reachability = world.reachability()
    if not reachability.can_push_towards(push.object_name, push.goal):
        return Kind.NO_SIDE
    others = [
        (other.footprint, reachability.poses[other.name])
        for other in world.scene.movables
        if other.name != push.object_name
    ]
    way = list(_straight_path(reachability.poses[push.object_name], push.goal))
    own = world.scene.movable(push.object_name).footprint
    if any(
        overlap_depth(between, own, pose, other) > GRAZED_M
        for between in way
        for other, pose in others
    ):
        return Kind.ROW
    if any(
        overlap_depth(between, own, wall.pose, wall.footprint) > GRAZED_M
        for between in way
        for wall in world.scene.walls
    ):
        return Kind.WALL
    return Kind.OTHER


def _straight_path(start: Pose2D, goal: Pose2D) -> Iterator[Pose2D]:
    for fraction in np.linspace(0.0, 1.0, 11)[1:].tolist():
        yield Pose2D(
            start.x + fraction * (goal.x - start.x),
            start.y + fraction * (goal.y - start.y),
            start.theta + fraction * math.remainder(goal.theta - start.theta, math.tau),
        )


def try_push(world: World, room: str, push: Push) -> Trial:
    """Push from the scene's start and return the outcome."""
    world.reset()
    kind = kind_of(world, push)
    before = world.poses()[push.object_name].distance(push.goal)
    outcome = world.push(push, stop_at_open_goal=False)
    return Trial(
        room=room,
        push=push,
        status=outcome.status,
        arrived=within_tolerance(outcome.pose, push.goal),
        farther=outcome.pose.distance(push.goal) > before + FARTHER_M,
        contacts=outcome.contacts,
        steps=outcome.physics_steps,
        kind=kind,
    )


def reachable_by_search(world: World, push: Push) -> bool:
    """Return whether a beam search over simulated pushes brings the box to its target.

    From each state of the beam it simulates every reachable contact point with several travels; of
    the resulting states the beam keeps the nearest, half of them by distance and turn, half by
    the cost-to-go of the box's primitives. A lower bound of what pushing can achieve.
    """
    world.reset()
    library, _ = world.primitives(push.object_name)
    beam = [world.save()]
    seen: set[tuple[int, int, int]] = set()
    for _ in range(ORACLE_DEPTH):
        found: list[tuple[float, float, State]] = []
        for state in beam:
            world.restore(state)
            for contact in np.flatnonzero(
                world.reachability().reachable_contacts(push.object_name)
            ):
                world.restore(state)
                for pose in _push_from(world, push.object_name, int(contact), library.travels):
                    if within_tolerance(pose, push.goal):
                        return True
                    place = (
                        round(pose.x / SEEN_M),
                        round(pose.y / SEEN_M),
                        round(pose.theta / SEEN_RAD),
                    )
                    if place not in seen:
                        seen.add(place)
                        plain = pose.distance(push.goal) + library.size * pose.turn(push.goal)
                        left = np.array(pose.relative(push.goal))
                        found.append((plain, float(library.cost_to_go(left)), world.save()))
        near = sorted(found, key=lambda one: one[0])[: ORACLE_BEAM // 2]
        cheap = sorted((one for one in found if one not in near), key=lambda one: one[1])
        beam = [state for *_, state in near + cheap[: ORACLE_BEAM // 2]]
    return False


def _push_from(
    world: World, name: str, contact: int, travels: NDArray[np.float64]
) -> Iterator[Pose2D]:
    """Push from a contact point; yield the pose of the box at each travel, the world at rest."""
    simulation = world.simulation
    contacts = world.static.contacts[name]
    start = world.poses()[name].to_world(contacts.positions[contact])
    simulation.place_robot(*start.tolist())
    period = control_steps(simulation.timestep_s)
    wanted = [float(travel) for travel in travels[::ORACLE_TRAVEL_STRIDE]]
    periods, then = 0, 0.0
    while wanted:
        push_along(simulation, name, contacts.directions[contact], period)
        periods += 1
        x, y = simulation.robot()
        travelled = math.hypot(x - start[0], y - start[1])
        if travelled >= wanted[0]:
            wanted.pop(0)
            running = world.save()
            world.settle()
            yield world.poses()[name]
            world.restore(running)
        if periods % 20 == 0:
            if travelled - then < 0.001:
                return
            then = travelled


def summarise(trials: Sequence[Trial]) -> Figures:
    """Return the figures of trials."""
    missed = [trial for trial in trials if not trial.arrived]
    asked = [trial for trial in missed if trial.reachable is not None]
    return {
        "targets": len(trials),
        "arrived": sum(trial.arrived for trial in trials),
        "farther": sum(trial.farther for trial in trials),
        "steps_per_push": sum(trial.steps for trial in trials) / max(1, len(trials)),
        "contacts_per_push": sum(trial.contacts for trial in trials) / max(1, len(trials)),
        "outcomes": dict(Counter(trial.status.value for trial in trials)),
        "kinds": {
            kind.value: {
                "targets": sum(trial.kind is kind for trial in trials),
                "missed": sum(trial.kind is kind for trial in missed),
                "searched": sum(trial.kind is kind for trial in asked),
                "search_reached": sum(
                    trial.kind is kind and bool(trial.reachable) for trial in asked
                ),
            }
            for kind in Kind
        },
    }


def reachable_at_all(figures: Figures) -> float:
    """Return the estimated number of targets that pushing can reach.

    Those that the skill reached, plus those missed, scaled by the fraction that the search reached
    among the missed targets of each kind.
    """
    total = float(figures["arrived"])
    for kind in figures["kinds"].values():
        if kind["searched"]:
            total += kind["missed"] * kind["search_reached"] / kind["searched"]
    return total


def search_missed(
    worlds: dict[str, World], trials: list[Trial], limit: int, rng: np.random.Generator
) -> list[Trial]:
    """Return the trials, with up to `limit` missed targets of each kind searched."""
    for kind in Kind:
        missed = [i for i, one in enumerate(trials) if one.kind is kind and not one.arrived]
        for i in rng.permutation(missed)[:limit].tolist():
            trial = trials[i]
            trials[i] = replace(
                trial, reachable=reachable_by_search(worlds[trial.room], trial.push)
            )
    return trials


def measure_rooms(scenes: Path, seeds: int, targets: int, searches: int) -> Figures:
    """Return the figures of the rooms: by room, by seed, and all."""
    worlds = {path.stem: World(read_scene(path)) for path in scene_files(scenes, "rooms")}
    trials: list[Trial] = []
    by_seed = []
    for seed in range(seeds):
        of_seed = [
            try_push(world, room, push)
            for index, (room, world) in enumerate(worlds.items())
            for push in draw_targets(world, targets, np.random.default_rng([seed, index]))
        ]
        by_seed.append(summarise(of_seed))
        trials += of_seed
    trials = search_missed(worlds, trials, searches, np.random.default_rng(0))
    return {
        "by_room": {
            room: summarise([trial for trial in trials if trial.room == room]) for room in worlds
        },
        "by_seed": by_seed,
        "all": summarise(trials),
    }


def measure_empty(seeds: int, targets: int, searches: int) -> Figures:
    """Return the figures of the empty room: by size of the box, and all."""
    worlds = {
        f"{side_x} x {side_y} m": World(empty_room(side_x, side_y))
        for side_x, side_y in EMPTY_ROOM_BOXES
    }
    trials = [
        try_push(world, size, push)
        for seed in range(seeds)
        for index, (size, world) in enumerate(worlds.items())
        for push in draw_targets(world, targets, np.random.default_rng([seed, index]))
    ]
    trials = search_missed(worlds, trials, searches, np.random.default_rng(0))
    return {
        "by_size": {
            size: summarise([trial for trial in trials if trial.room == size]) for size in worlds
        },
        "all": summarise(trials),
    }


def measure(scenes: Path, seeds: int, targets: int, searches: int) -> Figures:
    """Return all figures of this benchmark."""
    return {
        "settings": {"seeds": seeds, "targets": targets, "searches_per_kind": searches},
        "rooms": measure_rooms(scenes, seeds, targets, searches),
        "empty": measure_empty(seeds, targets, searches),
    }


def show(figures: Figures) -> None:
    """Print the figures."""
    rooms, empty = figures["rooms"], figures["empty"]
    columns = ("", "targets", "arrived", "farther", "steps per push", "contacts per push")
    show_table(
        "Push skill in the rooms",
        columns,
        [
            *(_row(room, one) for room, one in rooms["by_room"].items()),
            *(_row(f"seed {seed}", one) for seed, one in enumerate(rooms["by_seed"])),
            _row("all", rooms["all"]),
        ],
    )
    show_table(
        "Push skill in an empty room, by size of the box",
        columns,
        [*(_row(size, one) for size, one in empty["by_size"].items()), _row("all", empty["all"])],
    )
    for name, one in (("rooms", rooms["all"]), ("empty room", empty["all"])):
        _show_missed(name, one)


def _row(name: str, one: Figures) -> list[object]:
    return [
        name,
        one["targets"],
        percent(one["arrived"], one["targets"]),
        percent(one["farther"], one["targets"]),
        one["steps_per_push"],
        one["contacts_per_push"],
    ]


def _show_missed(name: str, one: Figures) -> None:
    show_table(
        f"Targets in the {name}, by kind",
        ("kind", "targets", "missed", "searched", "reached by search"),
        ((kind, *counts.values()) for kind, counts in one["kinds"].items()),
    )
    reachable = reachable_at_all(one)
    console.print(
        f"outcomes: {', '.join(f'{n} {status}' for status, n in one['outcomes'].items())}\n"
        f"reachable by any pushing: about {percent(reachable, one['targets'])} of the targets; "
        f"the skill reaches {percent(one['arrived'], reachable)} of those\n",
        highlight=False,
    )


def main() -> None:
    """Run from the command line."""
    parser = argument_parser(__doc__)
    parser.add_argument("--seeds", type=int, default=3, help="sets of targets")
    parser.add_argument(
        "--targets", type=int, default=TARGETS_PER_ROOM, help="targets per room (or size) and seed"
    )
    parser.add_argument(
        "--searches",
        type=int,
        default=10,
        help="missed targets per kind to give to the beam search",
    )
    arguments = parser.parse_args()
    if not skipped("push_skill", arguments.scenes):
        figures = measure(arguments.scenes, arguments.seeds, arguments.targets, arguments.searches)
        show(figures)
        write_json(figures, arguments.json)


if __name__ == "__main__":
    main()
