"""A sealed goal stays shut, whatever happens to the boxes that the robot can push."""

import numpy as np
import pytest

from namo.errors import UsageError
from namo.scenes.generator.generation import Generator
from namo.scenes.generator.settings import GeneratorSettings
from namo.scenes.layout_id import layout_id_of
from namo.scenes.regions import free_regions
from namo.scenes.scene import GOAL_TOLERANCE_M

GRAVITY = 9.81


def drawn(seal):
    settings = GeneratorSettings(boxes_elsewhere=(1, 3), open_share=0.0, seal=seal)
    return [one for one in map(Generator(settings).draw, range(16)) if one.scene is not None]


@pytest.mark.parametrize("seal", ["walls", "weight"])
def test_the_goal_stays_shut_without_the_boxes_that_can_be_pushed(seal):
    candidates = drawn(seal)
    assert len(candidates) > 8
    for candidate in candidates:
        scene = candidate.scene
        fixed = [
            box
            for box in scene.movables
            if scene.floor_friction[0] * box.mass * GRAVITY > scene.robot.max_force
        ]
        assert bool(fixed) == (seal == "weight")
        regions = free_regions(scene.bounds, (*scene.walls, *fixed), scene.robot.radius)
        start = regions.at(np.array([scene.robot.x, scene.robot.y]))
        points = regions.grid.centres(*np.nonzero(regions.labels == start))
        distances = np.linalg.norm(points - [scene.goal.x, scene.goal.y], axis=1)
        assert distances.min() > GOAL_TOLERANCE_M
        assert candidate.layout_id == layout_id_of(scene.walls)


def test_an_unknown_seal_is_refused():
    with pytest.raises(UsageError, match="seal is 'glue'; allowed are walls, weight, or null"):
        GeneratorSettings(seal="glue")


def test_the_box_in_an_airlock_neither_leaves_nor_lets_the_robot_pass():
    settings = GeneratorSettings(
        families={"airlock": 1.0},
        door_width_m=(0.5, 0.6),
        corridor_width_m=(1.0, 1.1),
        box_size_m=(0.76, 1.0),
        box_aspect=(1.0, 1.0),
        boxes_in_passages=(1, 1),
        boxes_elsewhere=(0, 0),
        open_share=0.0,
    )
    made = [one.scene for one in map(Generator(settings).draw, range(12)) if one.scene is not None]
    assert len(made) > 8
    for scene in made:
        low, high = (wall for wall in scene.walls if min(_half_sides(wall)) > 0.3)
        inside = min(_half_sides(scene.movables[0]))
        width = abs(high.pose.y - low.pose.y) - low.footprint.half_y - high.footprint.half_y
        length = 2 * low.footprint.half_x - 0.2
        assert width - 2 * inside < 2 * scene.robot.radius
        assert 2 * inside > 0.6
        assert length < 4 * inside
        assert abs(scene.movables[0].pose.x - low.pose.x) < length / 2


def _half_sides(solid):
    return solid.footprint.half_x, solid.footprint.half_y
