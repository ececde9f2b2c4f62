"""Six scenes whose searches fail for different causes, at a depth of 3 and 12 pushes."""

from __future__ import annotations

from namo.scenes.scene import Scene
from tests.conftest import Rooms

MAX_PUSHES = 12


def unsolved_scenes(rooms: Rooms) -> dict[str, Scene]:
    """Scenes by the cause; in all of them `obstacle_1_movable` is in the way."""
    plug, wall, box = rooms.box(0.0, 0.0), rooms.wall, rooms.box
    # Behind the door, a corridor that ends in a gap for the robot alone.
    corridor = (
        *(wall(7, 0.6, 0.5, (0.6, 0.05)), wall(8, 0.6, -0.5, (0.6, 0.05))),
        *(wall(9, 1.2, 0.375, (0.05, 0.125)), wall(10, 1.2, -0.375, (0.05, 0.125))),
    )
    nearer = [
        box(x, y, number=number, half=(0.2, 0.2))
        for number, x, y in ((2, -1.4, -0.3), (3, -0.8, -1.5), (4, -0.6, -0.9))
    ]
    # Two walls with a plugged door each: the second plug is out of reach behind the first.
    doors = [
        wall(number, x, y, (0.05, 1.275))
        for number, x, y in ((5, -1.0, 1.725), (6, -1.0, -1.725), (7, 0.6, 1.725), (8, 0.6, -1.725))
    ]
    in_series = (box(-1.0, 0.0), box(0.6, 0.0, number=2))
    return {
        "too heavy": rooms.room(box(0.0, 0.0, mass=3.0), walls=rooms.door()),
        "jammed": rooms.room(plug, walls=(*rooms.door(), *corridor), goal=(1.7, 1.2)),
        "walls": rooms.walled(box(-0.8, 0.5)),
        "order": rooms.plugged(*nearer),
        "budget": rooms.room(
            *in_series, side=6.0, walls=doors, robot=(-2.4, -1.2), goal=(2.3, 1.2)
        ),
        "held": rooms.room(box(0.0, 0.0, mass=50.0), walls=rooms.door()),
    }
