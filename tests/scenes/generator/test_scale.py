import math

import pytest

from namo.geometry import Pose2D
from namo.scenes.generator.generation import Generator
from namo.scenes.generator.settings import GeneratorSettings
from namo.scenes.reading import parse_scene
from namo.scenes.writing import scene_xml
from namo.world.reachability import Reachability
from namo.world.static_map import StaticMap

COMMON = {"families": {"row": 1.0, "corridor": 1.0}, "open_share": 0.0, "scenes_per_layout": 2}


def drawn(**values):
    generator = Generator(GeneratorSettings(**COMMON, **values))
    return [generator.draw(number) for number in range(16)]


def test_all_lengths_of_a_scene_are_scaled():
    plain, large = (drawn(scale=(scale, scale)) for scale in (1.0, 2.0))
    for one, other in zip(plain, large, strict=True):
        assert one.layout_id != other.layout_id
        if one.scene is None or other.scene is None:
            continue
        for wall, twice in zip(one.scene.walls, other.scene.walls, strict=True):
            assert twice.corners() == pytest.approx(2.0 * wall.corners())
            assert twice.half_z == 2.0 * wall.half_z
        assert other.scene.robot.radius == 0.3
        for box in other.scene.movables:
            area = 4.0 * box.footprint.half_x * box.footprint.half_y
            assert 0.8 - 0.002 <= math.sqrt(area) <= 1.6 + 0.002
            assert box.half_z == 0.6
    assert sum(one.scene is not None for one in large) > 12


@pytest.mark.parametrize(
    "values",
    [
        {"robot_radius_m": (0.06, 0.1)},
        {"robot_radius_m": (0.19, 0.23)},
        {"scale": (0.35, 0.5)},
        {"scale": (1.5, 2.0), "robot_radius_m": (0.1, 0.2)},
    ],
)
def test_boxes_block_the_way_of_robots_of_any_size(values):
    candidates = drawn(**values)
    scenes = [one.scene for one in candidates if one.scene is not None]
    assert len(scenes) >= 8
    for scene in scenes:
        assert parse_scene(scene_xml(scene).encode(), "scene").robot == scene.robot
        poses = {"robot": Pose2D(scene.robot.x, scene.robot.y, 0.0)}
        poses |= {movable.name: movable.pose for movable in scene.movables}
        assert not Reachability(StaticMap(scene), poses).goal_reachable
    radii = {(one.layout_id, one.scene.robot.radius) for one in candidates if one.scene}
    assert len({radius for _, radius in radii}) > 1
    assert len(radii) == len({layout for layout, _ in radii})
