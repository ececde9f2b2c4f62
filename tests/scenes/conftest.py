"""A plain scene to start from, as an object and as text."""

from __future__ import annotations

import pytest

from namo.geometry import Pose2D
from namo.scenes.footprint import Rectangle
from namo.scenes.scene import Goal, Movable, Robot, Scene, Wall
from namo.scenes.writing import scene_xml


@pytest.fixture
def plain_scene() -> Scene:
    """A closed 4 x 4 m room with one box."""
    return Scene(
        walls=(
            Wall("wall_1", Pose2D(-2.0, 0.0, 0.0), Rectangle(0.05, 2.0), 0.3, 0.3),
            Wall("wall_2", Pose2D(2.0, 0.0, 0.0), Rectangle(0.05, 2.0), 0.3, 0.3),
            Wall("wall_3", Pose2D(0.0, -2.0, 0.0), Rectangle(2.0, 0.05), 0.3, 0.3),
            Wall("wall_4", Pose2D(0.0, 2.0, 0.0), Rectangle(2.0, 0.05), 0.3, 0.3),
        ),
        movables=(
            Movable("obstacle_1_movable", Pose2D(0.5, 0.25, 0.5), Rectangle(0.4, 0.3), 0.3, 0.3),
        ),
        robot=Robot(-1.0, -1.0),
        goal=Goal(1.25, 1.0),
    )


@pytest.fixture
def plain_xml(plain_scene: Scene) -> str:
    """The text of `plain_scene`."""
    return scene_xml(plain_scene)
