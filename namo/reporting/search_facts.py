"""What an unsolved search did: its states, those that came closest, and what became of each object.

Only what the tables say and geometry that follows from it; `unsolved_causes` draws conclusions.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from namo.geometry import Floats
from namo.reporting.scene_shapes import ROOM_M, SceneShapes, pose_differences, straight_way
from namo.reporting.searches import Search, SimulatedPush
from namo.world.push import PushStatus

MAX_CLOSEST = 6
"""States that are shown."""
SAME_M, SAME_RAD = 0.1, 0.3
"""States whose movables all differ by less look the same; one of them is shown."""
_GAVE_UP = frozenset({PushStatus.BLOCKED, PushStatus.STUCK, PushStatus.OUT_OF_STEPS})


@dataclass(frozen=True)
class SearchState:
    """A state of a search.

    Attributes:
        number: of the state; 0 is the scene's start.
        push: that first led to it; None at the start.
        depth: pushes from the start.
        poses: x, y, theta of the robot, then of each movable (m, m, rad; world frame).
        reachable: movables that the robot can push; None if not known.
        area: that the robot can reach (m²); None if not known.
        gap: drive from there to the goal, through movables (m); None as in the tables.
    """

    number: int
    push: SimulatedPush | None
    depth: int
    poses: list[float]
    reachable: list[str] | None
    area: float | None
    gap: float | None


@dataclass(frozen=True)
class ObjectFacts:
    """What became of a movable.

    Attributes:
        name: of the movable.
        pushes: pushes of it, straight ones that others passed on their way included.
        straight: how many of them are straight.
        simulations: simulated pushes of it; straight ones from one contact point are one.
        moved: how many of them moved something.
        statuses: how many of them ended in which way.
        farthest_m: greatest distance from its start in any state (m).
        at_start: whether the robot can push it at the start; None if not known.
        states_in_reach: states in which the robot can push it.
        against_obstacle: pushes of it that gave up where a wall or another movable stood between it
            and its target.
        unmoved_with_room: pushes of it that moved nothing although the robot could stand behind it
            and nothing was within `ROOM_M` ahead.
    """

    name: str
    pushes: int
    straight: int
    simulations: int
    moved: int
    statuses: Counter[str]
    farthest_m: float
    at_start: bool | None
    states_in_reach: int
    against_obstacle: int
    unmoved_with_room: int


class SearchFacts:
    """The facts of one unsolved search.

    Attributes:
        search: its rows of the tables.
        states: all states that it found, by number.
    """

    def __init__(self, search: Search) -> None:
        """Collect the states of a search."""
        self.search = search
        self.states = {0: self._start()}
        for push in search.pushes:
            number = push["next_state"]
            if number not in self.states:
                self.states[number] = SearchState(
                    number,
                    push,
                    push["depth"],
                    push["poses_after"],
                    push["reachable"],
                    push["reached_area"],
                    push["goal_gap"],
                )

    @cached_property
    def shapes(self) -> SceneShapes:
        """The shapes of its scene."""
        return SceneShapes(self.search.scene, self.search.metrics["clearance"])

    @property
    def simulations(self) -> int:
        """Number of simulated pushes; straight ones from one contact point are one."""
        return self.search.pushes[-1]["simulation"] + 1 if self.search.pushes else 0

    @property
    def straight(self) -> int:
        """Number of simulated pushes that are straight."""
        pushes = self.search.pushes
        return len({push["simulation"] for push in pushes if push["contact"] is not None})

    @property
    def start(self) -> SearchState:
        """The scene's start."""
        return self.states[0]

    @cached_property
    def ranked(self) -> list[SearchState]:
        """The states after the start, those closest to an open goal first.

        Closest means the shortest drive left to the goal, then the largest area reached, then the
        fewest pushes.
        """
        return sorted(
            (state for state in self.states.values() if state.number),
            key=lambda state: (
                math.inf if state.gap is None else state.gap,
                -(state.area or 0.0),
                state.depth,
                state.number,
            ),
        )

    @cached_property
    def closest(self) -> list[SearchState]:
        """At most `MAX_CLOSEST` of the ranked states that look different."""
        chosen: list[SearchState] = []
        for state in self.ranked:
            if len(chosen) == MAX_CLOSEST:
                break
            if not any(_look_the_same(state, other) for other in chosen):
                chosen.append(state)
        return chosen

    def way_to(self, state: SearchState) -> list[SimulatedPush]:
        """Return the pushes from the start to a state."""
        pushes: list[SimulatedPush] = []
        while state.push is not None and len(pushes) < len(self.states):
            pushes.append(state.push)
            state = self.states[state.push["state"]]
        return pushes[::-1]

    @cached_property
    def objects(self) -> list[ObjectFacts]:
        """What became of each movable, in file order."""
        return [
            self._object(place, name) for place, name in enumerate(self.search.scene["movables"])
        ]

    def _start(self) -> SearchState:
        scene, pushes = self.search.scene, self.search.pushes
        poses = [*scene["robot"][:2], 0.0, *scene["poses"]]
        if pushes:  # to the last digit
            poses = pushes[0]["poses_before"]
        return SearchState(
            0, None, 0, poses, scene["reachable"], scene["reached_area"], scene["goal_gap"]
        )

    def _object(self, place: int, name: str) -> ObjectFacts:
        pushes = [push for push in self.search.pushes if push["object_id"] == name]
        at = slice(3 * place + 3, 3 * place + 5)
        start = self.start.poses[at]
        at_start = None if self.start.reachable is None else name in self.start.reachable
        return ObjectFacts(
            name=name,
            pushes=len(pushes),
            straight=sum(push["contact"] is not None for push in pushes),
            simulations=len({push["simulation"] for push in pushes}),
            moved=sum(push["moved"] for push in pushes),
            statuses=Counter(push["status"] for push in pushes),
            farthest_m=max(math.dist(start, state.poses[at]) for state in self.states.values()),
            at_start=at_start,
            states_in_reach=sum(name in (each.reachable or ()) for each in self.states.values()),
            against_obstacle=sum(self._ended_at_obstacle(push, place) for push in pushes),
            unmoved_with_room=sum(self._stood_with_room(push, place) for push in pushes),
        )

    def _ended_at_obstacle(self, push: SimulatedPush, place: int) -> bool:
        return push["status"] in _GAVE_UP and not self.shapes.has_room(
            push["poses_after"], place, self._target(push, place, 0.0)
        )

    def _stood_with_room(self, push: SimulatedPush, place: int) -> bool:
        poses = push["poses_before"]
        target = self._target(push, place, ROOM_M)
        return (
            not push["moved"]
            and push["status"] in _GAVE_UP
            and self.shapes.has_room(poses, place, target, ROOM_M)
            and (
                push["contact"] is not None  # where the robot stood
                or self.shapes.can_stand_behind(poses, place, target)
            )
        )

    def _target(self, push: SimulatedPush, place: int, minimum_m: float) -> tuple[float, float]:
        """Return where a push was to bring the centre of its movable, x, y (m; world frame).

        A straight push that gave up is stored with the pose that it led to; it would have gone on
        along the face's normal, here by its travel or `minimum_m` if that is more.
        """
        if push["contact"] is not None and push["travel"] is not None:
            pose = push["poses_before"][3 * place + 3 : 3 * place + 6]
            outline, travel = self.shapes.outlines[place], max(push["travel"], minimum_m)
            way = straight_way(outline, self.shapes.radius, pose, push["contact"], travel)
            if way is not None:
                x, y = (np.array(pose[:2]) + way[1] - way[0]).tolist()
                return x, y
        return push["goal_x"], push["goal_y"]


def _look_the_same(one: SearchState, other: SearchState) -> bool:
    apart = pose_differences(_movables(one), _movables(other))
    return bool((apart <= (SAME_M, SAME_M, SAME_RAD)).all())


def _movables(state: SearchState) -> Floats:
    return np.array(state.poses[3:], np.float64).reshape(-1, 3)
