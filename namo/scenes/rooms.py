"""The demo rooms: small NAMO problems whose difficulty is known by construction.

A room is laid out with the robot on the left and the goal on the right of its dividing walls, then
turned by quarter turns and mirrored at random. Room `i` of a seed depends on nothing but both
numbers. Angles are in degrees until a room is finished, so that its file has round numbers.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np

from namo.geometry import Pose2D, rectangles_overlap_depth, wrap_angle
from namo.scenes.footprint import Rectangle
from namo.scenes.scene import Goal, Movable, Robot, Scene, Wall
from namo.seeding import Purpose, stream

WALL_HALF_THICKNESS_M = 0.05
HALF_HEIGHT_M = 0.3
BOX_MASS_KG = 0.1

# Wider than the robot, so that it walks around whatever stands free.
_PASSAGE_M = 0.36
_CLEAR_M = 0.2
_TRIES = 200

_Placed = tuple[Pose2D, tuple[float, float]]
_Range = tuple[float, float]
_WallRow = tuple[float, float, float, float]  # x, y, half_x, half_y
_BoxRow = tuple[float, float, float, float, float]  # x, y, yaw_deg, half_x, half_y


class RoomKind(StrEnum):
    """What it takes to get to the goal."""

    OPEN = "open"  # nothing: boxes stand about, but not in the way
    ONE_PUSH = "one_push"  # push the one box out of the only door
    TWO_DOORS = "two_doors"  # two such doors, one behind the other
    TWO_BOXES = "two_boxes"  # a box in the door, and one in front of it to be moved aside first
    UNSOLVABLE = "unsolvable"  # a wall without a door


_LETTERS = {
    "o": RoomKind.OPEN,
    "1": RoomKind.ONE_PUSH,
    "d": RoomKind.TWO_DOORS,
    "b": RoomKind.TWO_BOXES,
    "u": RoomKind.UNSOLVABLE,
}
_CYCLE = tuple(_LETTERS[letter] for letter in "o1d11b1o11du1b1o1d11b1o1")


def kind_of(index: int) -> RoomKind:
    """Return the kind of room `index`; the kinds repeat every 24 rooms."""
    return _CYCLE[index % len(_CYCLE)]


def room_file_name(index: int) -> str:
    """Return the name of the file of room `index`, such as "room_001_one_push.xml"."""
    return f"room_{index:03d}_{kind_of(index)}.xml"


def draw_room(seed: int, index: int) -> Scene:
    """Return demo room `index`, the same however many are drawn.

    Args:
        seed: of the whole set.
        index: of the room, from 0.
    """
    rng = stream(seed, index, 0, Purpose.DEMO_ROOMS)
    for _ in range(_TRIES):
        draft = _Draft(rng)
        try:
            _DRAW[kind_of(index)](draft)
        except _CrowdedError:
            continue
        return draft.scene()
    raise RuntimeError(f"room {index} of seed {seed} found no place for its parts")


class _CrowdedError(Exception):
    """A part of the room has no place left."""


@dataclass
class _Draft:
    """A room in the making, with the robot's side on the left."""

    rng: np.random.Generator
    half_x: float = 0.0
    half_y: float = 0.0
    walls: list[_WallRow] = field(default_factory=list)
    boxes: list[_BoxRow] = field(default_factory=list)
    corridors: list[_Placed] = field(default_factory=list)
    robot: tuple[float, float] = (0.0, 0.0)
    goal: tuple[float, float] = (0.0, 0.0)
    ends: list[_Placed] = field(default_factory=list)

    def number(self, low: float, high: float, step: float = 0.01) -> float:
        """Return a multiple of `step` between `low` and `high`."""
        return round(round(float(self.rng.uniform(low, high)) / step) * step, 4)

    def outer(self, half_x: _Range, half_y: _Range) -> None:
        self.half_x, self.half_y = self.number(*half_x, 0.05), self.number(*half_y, 0.05)
        for side in (-1.0, 1.0):
            self.walls.append((side * self.half_x, 0.0, WALL_HALF_THICKNESS_M, self.half_y))
            self.walls.append((0.0, side * self.half_y, self.half_x, WALL_HALF_THICKNESS_M))

    def vertical(self, x: float, low: float, high: float) -> None:
        """Add a wall along y."""
        middle, half = round((low + high) / 2, 4), round((high - low) / 2, 4)
        self.walls.append((x, middle, WALL_HALF_THICKNESS_M, half))

    def horizontal(self, y: float, low: float, high: float) -> None:
        """Add a wall along x."""
        middle, half = round((low + high) / 2, 4), round((high - low) / 2, 4)
        self.walls.append((middle, y, half, WALL_HALF_THICKNESS_M))

    def divide(self, x: float, door_y: float, width: float) -> None:
        """Add a dividing wall at `x` with a door."""
        self.vertical(x, -self.half_y, round(door_y - width / 2, 4))
        self.vertical(x, round(door_y + width / 2, 4), self.half_y)

    def plugged_door(self, x: float, door_y: float, *, ahead: float = 1.7) -> tuple[float, float]:
        """Add a dividing wall whose door is filled by a box that fits through.

        The gaps beside the box are together narrower than the robot. What is swept when the box is
        pushed through, and the place to push from, are kept clear.

        Args:
            x: of the wall.
            door_y: middle of the door.
            ahead: how far beyond the wall is kept clear.

        Returns:
            x of the box's near face, and its half width along the wall.
        """
        width = self.number(0.8, 1.0)
        half_along = round((width - self.number(0.14, 0.22)) / 2, 4)
        half_through = self.number(0.25, 0.35)
        shift = self.number(-0.05, min(0.16, half_through - 0.1))
        self.divide(x, door_y, width)
        yaw_deg = self.number(-4.0, 4.0, 0.5)
        self.boxes.append((round(x + shift, 4), door_y, yaw_deg, half_through, half_along))
        swept = half_along + 0.1
        self.keep_clear((x - 1.0, x + ahead), (door_y - swept, door_y + swept))
        return x + shift - half_through, half_along

    def keep_clear(self, x: _Range, y: _Range) -> None:
        centre = Pose2D((x[0] + x[1]) / 2, (y[0] + y[1]) / 2, 0.0)
        self.corridors.append((centre, ((x[1] - x[0]) / 2, (y[1] - y[0]) / 2)))

    def place_robot(self, x: _Range) -> None:
        self.robot = self._place_disc(x, Robot(0.0, 0.0).radius, [])

    def place_goal(self, x: _Range) -> None:
        self.goal = self._place_disc(x, Goal(0.0, 0.0).radius, self.corridors)

    def _place_disc(self, x: _Range, radius: float, also: list[_Placed]) -> tuple[float, float]:
        for _ in range(_TRIES):
            at = self.number(*x), self.number(-self.half_y, self.half_y)
            rectangle = (Pose2D(*at, 0.0), (radius, radius))
            if self._is_clear(rectangle, [*self.solids(), *self.ends, *also], _CLEAR_M):
                self.ends.append(rectangle)
                return at
        raise _CrowdedError

    def scatter(self, count: int) -> None:
        """Add boxes that stand free: the robot can pass between each and anything else.

        Where the room is too full for all, fewer are added.
        """
        for _ in range(_TRIES):
            if count == 0:
                return
            x, y = self.number(-self.half_x, self.half_x), self.number(-self.half_y, self.half_y)
            yaw_deg = self.number(0.0, 179.5, 0.5)
            half = self.number(0.2, 0.4), self.number(0.2, 0.4)
            rectangle = (Pose2D(x, y, math.radians(yaw_deg)), half)
            taken = [*self.solids(), *self.ends, *self.corridors]
            if self._is_clear(rectangle, taken, _PASSAGE_M):
                self.boxes.append((x, y, yaw_deg, *half))
                count -= 1

    def solids(self) -> list[_Placed]:
        return [
            *((Pose2D(x, y, 0.0), (hx, hy)) for x, y, hx, hy in self.walls),
            *((Pose2D(x, y, math.radians(deg)), (hx, hy)) for x, y, deg, hx, hy in self.boxes),
        ]

    @staticmethod
    def _is_clear(rectangle: _Placed, others: list[_Placed], margin: float) -> bool:
        pose, (half_x, half_y) = rectangle
        grown = (half_x + margin, half_y + margin)
        return all(rectangles_overlap_depth(pose, grown, *other) <= 0.0 for other in others)

    def scene(self) -> Scene:
        """Return the room, turned and mirrored, its boxes in random order."""
        turns = int(self.rng.integers(4))
        sign = 1.0 if self.rng.integers(2) else -1.0

        def turned(x: float, y: float) -> tuple[float, float]:
            y *= sign
            for _ in range(turns):
                x, y = -y, x
            return x + 0.0, y + 0.0  # no negative zeros in the file

        walls = []
        for number, (x, y, half_x, half_y) in enumerate(self.walls, start=1):
            half = (half_x, half_y) if turns % 2 == 0 else (half_y, half_x)
            pose = Pose2D(*turned(x, y), 0.0)
            shape = Rectangle(*half), HALF_HEIGHT_M, HALF_HEIGHT_M
            walls.append(Wall(f"wall_{number}", pose, *shape))
        movables = []
        for number, which in enumerate(self.rng.permutation(len(self.boxes)), start=1):
            x, y, yaw_deg, half_x, half_y = self.boxes[which]
            theta = wrap_angle(math.radians(sign * yaw_deg + 90.0 * turns))
            movables.append(
                Movable(
                    f"obstacle_{number}_movable",
                    Pose2D(*turned(x, y), theta),
                    Rectangle(half_x, half_y),
                    HALF_HEIGHT_M,
                    HALF_HEIGHT_M,
                    mass=BOX_MASS_KG,
                )
            )
        robot, goal = Robot(*turned(*self.robot)), Goal(*turned(*self.goal))
        return Scene(tuple(walls), tuple(movables), robot, goal)


def _draw_open(draft: _Draft) -> None:
    draft.outer((2.0, 3.0), (2.0, 3.0))
    if draft.rng.integers(2):
        door_y = draft.number(-1.0, 1.0)
        draft.divide(draft.number(-0.2, 0.2), door_y, 1.0)
        draft.keep_clear((-0.6, 0.6), (door_y - 0.5, door_y + 0.5))
    draft.place_robot((-draft.half_x, -0.4))
    draft.place_goal((0.4, draft.half_x))
    draft.scatter(int(draft.rng.integers(2, 6)))


def _draw_one_push(draft: _Draft) -> None:
    draft.outer((2.0, 3.0), (2.0, 3.0))
    wall_x = draft.number(-0.3, 0.0)
    reach = min(1.0, draft.half_y - 1.1)
    draft.plugged_door(wall_x, draft.number(-reach, reach))
    draft.place_robot((-draft.half_x, wall_x - 0.4))
    draft.place_goal((wall_x + 0.5, draft.half_x))
    draft.scatter(int(draft.rng.integers(4)))


def _draw_two_doors(draft: _Draft) -> None:
    draft.outer((2.85, 3.0), (2.0, 2.6))
    first_x = round(-draft.half_x + 1.7, 4)
    second_x = round(first_x + 2.2, 4)
    draft.plugged_door(first_x, draft.number(0.7, 0.9))
    draft.plugged_door(second_x, draft.number(-0.9, -0.7), ahead=1.5)
    draft.place_robot((-draft.half_x, first_x - 0.4))
    draft.place_goal((second_x + 0.4, draft.half_x))
    draft.scatter(int(draft.rng.integers(2)))


def _draw_two_boxes(draft: _Draft) -> None:
    draft.outer((2.3, 3.0), (2.2, 3.0))
    wall_x, door_y = draft.number(0.0, 0.2), draft.number(-0.6, 0.6)
    face_x, half_along = draft.plugged_door(wall_x, door_y)
    half = draft.number(0.2, 0.3), round(half_along + draft.number(-0.03, 0.0), 4)
    # So close that the robot fits nowhere between, as wide as what it hides.
    front_x = round(face_x - draft.number(0.08, 0.12) - half[0], 4)
    draft.boxes.append((front_x, door_y, 0.0, *half))
    # It goes to one side, pushed from the other.
    draft.keep_clear((front_x - half[0] - 0.1, wall_x), (-draft.half_y, draft.half_y))
    draft.place_robot((-draft.half_x, front_x - half[0] - 0.4))
    draft.place_goal((wall_x + 0.5, draft.half_x))
    draft.scatter(int(draft.rng.integers(3)))


def _draw_unsolvable(draft: _Draft) -> None:
    draft.outer((2.0, 3.0), (2.0, 3.0))
    if draft.rng.integers(2):
        wall_x = draft.number(-0.2, 0.4)
        draft.vertical(wall_x, -draft.half_y, draft.half_y)
        draft.place_robot((-draft.half_x, wall_x - 0.4))
        draft.place_goal((wall_x + 0.5, draft.half_x))
    else:
        side_x = round(draft.half_x - draft.number(1.3, 1.6), 4)
        side_y = round(draft.half_y - draft.number(1.3, 1.6), 4)
        draft.vertical(side_x, side_y, draft.half_y)
        draft.horizontal(side_y, side_x, draft.half_x)
        draft.place_robot((-draft.half_x, 0.0))
        draft.goal = round((side_x + draft.half_x) / 2, 4), round((side_y + draft.half_y) / 2, 4)
        draft.ends.append((Pose2D(*draft.goal, 0.0), (0.25, 0.25)))
    draft.scatter(int(draft.rng.integers(1, 4)))


_DRAW: dict[RoomKind, Callable[[_Draft], None]] = {
    RoomKind.OPEN: _draw_open,
    RoomKind.ONE_PUSH: _draw_one_push,
    RoomKind.TWO_DOORS: _draw_two_doors,
    RoomKind.TWO_BOXES: _draw_two_boxes,
    RoomKind.UNSOLVABLE: _draw_unsolvable,
}
