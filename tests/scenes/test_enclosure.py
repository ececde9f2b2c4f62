import numpy as np
import pytest

from namo.geometry import Pose2D
from namo.scenes.enclosure import enclosed_rectangle
from namo.scenes.footprint import Rectangle
from namo.scenes.scene import UNWALLED_MARGIN_M, Goal, Robot, Scene, Wall


def wall(number, x, y, half_x, half_y):
    return Wall(f"wall_{number}", Pose2D(x, y, 0.0), Rectangle(half_x, half_y), 0.3, 0.3)


SIDES = (
    wall(1, -2, 0, 0.05, 2.05),
    wall(2, 2, 0, 0.05, 2.05),
    wall(3, 0, -2, 2.05, 0.05),
    wall(4, 0, 2, 2.05, 0.05),
)


def scene(*walls):
    return Scene(walls=walls, movables=(), robot=Robot(-1.0, 0.0), goal=Goal(1.0, 0.0))


def test_four_walls_enclose_a_room_and_bound_the_scene():
    bounds = scene(*SIDES).bounds
    assert (bounds.x_min, bounds.y_min, bounds.x_max, bounds.y_max) == pytest.approx(
        (-2.05, -2.05, 2.05, 2.05)
    )
    assert scene(*SIDES).room == bounds


@pytest.mark.parametrize("missing", range(4))
def test_three_walls_leave_the_floor_open(missing):
    open_scene = scene(*(side for number, side in enumerate(SIDES) if number != missing))
    assert open_scene.room is None
    assert open_scene.bounds.x_max - open_scene.bounds.x_min >= 4.0 + 2 * UNWALLED_MARGIN_M - 0.1


def test_a_distant_wall_does_not_enclose_the_robot():
    bounds = scene(wall(1, -3, 0, 0.05, 0.2)).bounds
    assert bounds.y_max - bounds.y_min >= 2 * UNWALLED_MARGIN_M


def test_no_walls_enclose_nothing():
    assert enclosed_rectangle(np.empty((0, 2)), np.empty((0, 2))) is None
