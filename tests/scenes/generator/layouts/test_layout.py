import numpy as np
import pytest

from namo.geometry import Pose2D
from namo.scenes.footprint import Rectangle
from namo.scenes.generator.layouts.layout import FloorPlan, Layout
from namo.scenes.generator.layouts.registry import LAYOUT_FAMILIES
from namo.scenes.generator.settings import GeneratorSettings
from namo.scenes.regions import free_regions
from namo.scenes.scene import Wall

ROBOT_RADIUS_M = 0.15
FAMILIES = sorted({*LAYOUT_FAMILIES.names()} - {"template"})


def turned(layout, quarters, mirrored, shift):
    walls = []
    for number, wall in enumerate(reversed(layout.walls)):
        x, y = wall.pose.x, (-1 if mirrored else 1) * wall.pose.y
        half_x, half_y = wall.footprint.half_x, wall.footprint.half_y
        for _ in range(quarters):
            x, y, half_x, half_y = -y, x, half_y, half_x
        pose = Pose2D(x + shift[0], y + shift[1], 0.0)
        walls.append(Wall(f"wall_{number}", pose, Rectangle(half_x, half_y), 0.3, 0.3))
    return Layout(layout.family, tuple(walls))


@pytest.mark.parametrize("family", FAMILIES)
def test_the_id_of_a_layout_is_invariant_to_rotation_and_reflection(family):
    draw = LAYOUT_FAMILIES.load(family)(GeneratorSettings()).draw
    layout = draw(np.random.default_rng(1))
    for quarters in range(4):
        for mirrored in (False, True):
            again = turned(layout, quarters, mirrored, (3.25, -7.5))
            assert again.layout_id == layout.layout_id
    names = {draw(np.random.default_rng(seed)).layout_id for seed in range(20)}
    assert len(names) == 20


@pytest.mark.parametrize("family", FAMILIES)
def test_the_robot_reaches_everything_without_boxes(family):
    family = LAYOUT_FAMILIES.load(family)(GeneratorSettings())
    for seed in range(15):
        layout = family.draw(np.random.default_rng(seed))
        regions = free_regions(layout.bounds, layout.walls, ROBOT_RADIUS_M)
        assert (regions.areas > 0.05).sum() == 1


def test_doors_are_left_out_of_walls():
    plan = FloorPlan(GeneratorSettings())
    plan.along_x(0.0, 0.0, 4.0, ((1.0, 0.8), (3.0, 0.6)))
    spans = [
        (wall.pose.x - wall.footprint.half_x, wall.pose.x + wall.footprint.half_x)
        for wall in plan.layout("test").walls
    ]
    np.testing.assert_allclose(np.array(spans) + 2.0, [(0.0, 0.6), (1.4, 2.7), (3.3, 4.0)])


@pytest.mark.parametrize("step_m", [0.01, 0.001, 0.0005, 0.0025, 0.00005])
def test_the_id_is_invariant_for_walls_on_any_grid(step_m):
    rng = np.random.default_rng(3)
    for _ in range(20):
        steps = rng.integers(1, 900, size=(8, 4)) * step_m
        walls = tuple(
            Wall(f"wall_{n}", Pose2D(x, y, 0.0), Rectangle(half_x, half_y), 0.3, 0.3)
            for n, (x, y, half_x, half_y) in enumerate(steps.tolist())
        )
        layout = Layout("template", walls)
        for quarters in range(4):
            for mirrored in (False, True):
                again = turned(layout, quarters, mirrored, (137 * step_m, -41 * step_m))
                assert again.layout_id == layout.layout_id


def test_the_id_does_not_depend_on_the_family():
    layout = LAYOUT_FAMILIES.load("row")(GeneratorSettings()).draw(np.random.default_rng(1))
    assert Layout("template", layout.walls).layout_id == layout.layout_id
