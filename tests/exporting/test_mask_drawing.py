from dataclasses import replace

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from namo.exporting.mask_drawing import CHANNELS, PIXELS, Square, draw_masks
from namo.geometry import Pose2D
from namo.learning.rasters import POINTS
from namo.scenes.footprint import Polygon, centred
from namo.scenes.grid import RESOLUTION_M
from namo.scenes.scene import Bounds
from namo.world.reachability import Reachability
from namo.world.static_map import StaticMap

BOX, ODD = "obstacle_1_movable", "obstacle_2_movable"
L_SHAPE = centred(Polygon(((0, 0), (0.6, 0), (0.6, 0.3), (0.3, 0.3), (0.3, 0.6), (0, 0.6))))[0]
ROUNDING_M = 0.04
"""Cells are rounded outwards by less."""

inside = st.floats(-1.4, 1.4)
poses = st.builds(Pose2D, inside, inside, st.floats(-3.2, 3.2))


@pytest.fixture(scope="module")
def chambers(rooms):
    """The map of two chambers with a door, and in them a box and an L."""
    boxes = rooms.box(0.0, 0.0, half=(0.3, 0.2)), rooms.box(0.8, 0.3, number=2)
    boxes = boxes[0], replace(boxes[1], footprint=L_SHAPE)
    return StaticMap(rooms.room(*boxes, walls=rooms.door()))


def state(static, box, odd):
    robot = static.scene.robot
    return Reachability(static, {"robot": Pose2D(robot.x, robot.y, 0.0), BOX: box, ODD: odd})


def drawn(reachability, name, target, square):
    masks = draw_masks(reachability, name, target, square)
    assert masks.shape == (len(CHANNELS), PIXELS, PIXELS)
    return dict(zip(CHANNELS, masks, strict=True))


def outline(static, name, pose):
    return shapely.Polygon(replace(static.scene.movable(name), pose=pose).corners())


def pixel(square, x, y):
    """Row and column of the pixel that holds a point."""
    row = (y - square.y_min) / square.metres_per_pixel
    column = (x - square.x_min) / square.metres_per_pixel
    return int(np.floor(row)), int(np.floor(column))


def centres(square):
    """World positions (PIXELS, PIXELS, 2) of the centres of all pixels."""
    steps = (np.arange(PIXELS) + 0.5) * square.metres_per_pixel
    return np.stack(np.meshgrid(square.x_min + steps, square.y_min + steps), axis=-1)


def agrees(mask, shape, square):
    """Whether a mask is a shape but for its border, where cells and pixels round."""
    x, y = np.moveaxis(centres(square), -1, 0)
    slack = square.metres_per_pixel * np.sqrt(0.5)
    inner, outer = shape.buffer(-slack - RESOLUTION_M), shape.buffer(slack + ROUNDING_M)
    shapely.prepare([inner, outer])
    surely, possibly = shapely.contains_xy(inner, x, y), shapely.contains_xy(outer, x, y)
    return mask[surely].all() and not mask[~possibly].any()


@hypothesis_settings(max_examples=10)
@given(box=poses, odd=poses, target=poses, pixel_m=st.floats(0.02, 0.06))
def test_masks_are_the_footprints_but_for_rounding(chambers, box, odd, target, pixel_m):
    square = Square.around(chambers.scene.bounds, pixel_m)
    masks = drawn(state(chambers, box, odd), ODD, target, square)
    robot, goal = chambers.scene.robot, chambers.scene.goal
    walls = shapely.union_all([shapely.Polygon(wall.corners()) for wall in chambers.scene.walls])
    bounds = chambers.scene.bounds
    everywhere = shapely.box(-99, -99, 99, 99)
    around = shapely.box(bounds.x_min, bounds.y_min, bounds.x_max, bounds.y_max)
    shapes = {
        "robot": shapely.Point(robot.x, robot.y).buffer(robot.radius),
        "goal": shapely.Point(goal.x, goal.y).buffer(0.15),
        "movable": shapely.union(outline(chambers, BOX, box), outline(chambers, ODD, odd)),
        "static": shapely.union(walls, everywhere.difference(around)),
        "object": outline(chambers, ODD, odd),
        "target": outline(chambers, ODD, target),
    }
    for name, shape in shapes.items():
        assert agrees(masks[name], shape, square), name
    assert not (masks["object"] & (masks["movable"] ^ 1)).any()
    for name in ("movable", "static"):
        assert not (masks["reachable"] & masks[name]).any()


@hypothesis_settings(max_examples=15)
@given(box=poses, target=poses)
def test_areas_are_near_the_true_ones(chambers, box, target):
    square = Square.around(chambers.scene.bounds)
    masks = drawn(state(chambers, box, Pose2D(0.8, 0.3, 0.0)), BOX, target, square)
    for name in ("object", "target"):
        area = masks[name].sum() * square.metres_per_pixel**2
        assert 0.24 <= area + 1e-3 <= 0.24 + 2.0 * ROUNDING_M
    radius = chambers.scene.robot.radius
    area = masks["robot"].sum() * square.metres_per_pixel**2
    assert area == pytest.approx(np.pi * radius**2, rel=0.1)
    assert masks["object"][pixel(square, box.x, box.y)] == 1
    assert masks["target"][pixel(square, target.x, target.y)] == 1


@hypothesis_settings(max_examples=15)
@given(box=poses, odd=poses)
def test_reachable_is_where_reachability_says(chambers, box, odd):
    side = 0.0237  # no point of a pixel lies on the border of a cell
    square = Square.around(chambers.scene.bounds, side)
    reachability = state(chambers, box, odd)
    inside = (np.arange(POINTS) + 0.5) / POINTS * side - side / 2
    points = centres(square)[:, :, None, None] + np.stack(np.meshgrid(inside, inside), axis=-1)
    reached = reachability.reached(points).sum(axis=(2, 3))
    masks = drawn(reachability, BOX, box, square)
    assert np.array_equal(masks["reachable"], reached > POINTS**2 / 2)


def test_a_square_has_the_centre_of_the_bounds_and_their_longer_side():
    square = Square.around(Bounds(-1.0, 0.0, 3.0, 2.0))
    assert (square.x_min, square.y_min) == pytest.approx((-1.0, -1.0))
    assert square.metres_per_pixel * PIXELS == pytest.approx(4.0)
    assert square.holds(Bounds(-1.0, 0.0, 3.0, 2.0))
    assert not square.holds(Bounds(-1.0, 0.0, 3.1, 2.0))


def test_rows_go_along_y_and_columns_along_x(chambers):
    square = Square.around(chambers.scene.bounds)
    masks = drawn(
        state(chambers, Pose2D(-1.0, 1.2, 0.0), Pose2D(1.0, -1.0, 0.0)),
        BOX,
        Pose2D(1, -1, 0),
        square,
    )
    rows, columns = np.nonzero(masks["object"])
    assert rows.min() > PIXELS / 2 > columns.max()
