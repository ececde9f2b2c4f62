from dataclasses import replace

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from namo.exporting.mask_drawing import CHANNELS, PIXELS, draw_masks
from namo.geometry import Pose2D
from namo.learning.rasters import POINTS
from namo.learning.top_view import Window
from namo.scenes.footprint import Polygon, centred
from namo.scenes.grid import RESOLUTION_M
from namo.scenes.scene import Bounds
from namo.world.reachability import Reachability
from namo.world.static_map import StaticMap

BOX, ODD = "obstacle_1_movable", "obstacle_2_movable"
L_SHAPE = centred(Polygon(((0, 0), (0.6, 0), (0.6, 0.3), (0.3, 0.3), (0.3, 0.6), (0, 0.6))))[0]
ROUNDING_M = 0.04
"""Upper bound on outward rounding of cells."""

inside = st.floats(-1.4, 1.4)
poses = st.builds(Pose2D, inside, inside, st.floats(-3.2, 3.2))


@pytest.fixture(scope="module")
def chambers(rooms):
    """The map of two chambers with a door, a box and an L-shaped movable."""
    boxes = rooms.box(0.0, 0.0, half=(0.3, 0.2)), rooms.box(0.8, 0.3, number=2)
    boxes = boxes[0], replace(boxes[1], footprint=L_SHAPE)
    return StaticMap(rooms.room(*boxes, walls=rooms.door()))


def state(static, box, odd):
    robot = static.scene.robot
    return Reachability(static, {"robot": Pose2D(robot.x, robot.y, 0.0), BOX: box, ODD: odd})


def drawn(reachability, name, target, window):
    masks = draw_masks(reachability, name, target, window)
    assert masks.shape == (len(CHANNELS), PIXELS, PIXELS)
    return dict(zip(CHANNELS, masks, strict=True))


def outline(static, name, pose):
    return shapely.Polygon(replace(static.scene.movable(name), pose=pose).corners())


def pixel(window, x, y):
    """Row and column of the pixel that contains a point."""
    row = (y - window.y_min) / window.metres_per_pixel
    column = (x - window.x_min) / window.metres_per_pixel
    return int(np.floor(row)), int(np.floor(column))


def centres(window):
    """World positions (PIXELS, PIXELS, 2) of the centres of all pixels."""
    steps = (np.arange(PIXELS) + 0.5) * window.metres_per_pixel
    return np.stack(np.meshgrid(window.x_min + steps, window.y_min + steps), axis=-1)


def agrees(mask, shape, window):
    """Whether a mask equals a shape up to rounding of cells and pixels at its border."""
    x, y = np.moveaxis(centres(window), -1, 0)
    slack = window.metres_per_pixel * np.sqrt(0.5)
    inner, outer = shape.buffer(-slack - RESOLUTION_M), shape.buffer(slack + ROUNDING_M)
    shapely.prepare([inner, outer])
    surely, possibly = shapely.contains_xy(inner, x, y), shapely.contains_xy(outer, x, y)
    return mask[surely].all() and not mask[~possibly].any()


@hypothesis_settings(max_examples=10)
@given(box=poses, odd=poses, target=poses, pixel_m=st.floats(0.02, 0.06))
def test_masks_match_footprints_up_to_rounding(chambers, box, odd, target, pixel_m):
    window = Window.around(chambers.scene.bounds, PIXELS, pixel_m)
    masks = drawn(state(chambers, box, odd), ODD, target, window)
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
        assert agrees(masks[name], shape, window), name
    assert not (masks["object"] & (masks["movable"] ^ 1)).any()
    for name in ("movable", "static"):
        assert not (masks["reachable"] & masks[name]).any()


@hypothesis_settings(max_examples=15)
@given(box=poses, target=poses)
def test_areas_match_up_to_rounding(chambers, box, target):
    window = Window.around(chambers.scene.bounds, PIXELS)
    masks = drawn(state(chambers, box, Pose2D(0.8, 0.3, 0.0)), BOX, target, window)
    for name in ("object", "target"):
        area = masks[name].sum() * window.metres_per_pixel**2
        assert 0.24 <= area + 1e-3 <= 0.24 + 2.0 * ROUNDING_M
    radius = chambers.scene.robot.radius
    area = masks["robot"].sum() * window.metres_per_pixel**2
    assert area == pytest.approx(np.pi * radius**2, rel=0.1)
    assert masks["object"][pixel(window, box.x, box.y)] == 1
    assert masks["target"][pixel(window, target.x, target.y)] == 1


@hypothesis_settings(max_examples=15)
@given(box=poses, odd=poses)
def test_the_reachable_mask_matches_reachability(chambers, box, odd):
    side = 0.0237  # no sampling point lies on the border of a cell
    window = Window.around(chambers.scene.bounds, PIXELS, side)
    reachability = state(chambers, box, odd)
    inside = (np.arange(POINTS) + 0.5) / POINTS * side - side / 2
    points = centres(window)[:, :, None, None] + np.stack(np.meshgrid(inside, inside), axis=-1)
    reached = reachability.reached(points).sum(axis=(2, 3))
    masks = drawn(reachability, BOX, box, window)
    assert np.array_equal(masks["reachable"], reached > POINTS**2 / 2)


def test_a_window_is_centred_on_the_bounds_and_fits_the_longer_side():
    window = Window.around(Bounds(-1.0, 0.0, 3.0, 2.0), PIXELS)
    assert (window.x_min, window.y_min) == pytest.approx((-1.0, -1.0))
    assert window.metres_per_pixel * PIXELS == pytest.approx(4.0)
    assert window.contains(Bounds(-1.0, 0.0, 3.0, 2.0))
    assert not window.contains(Bounds(-1.0, 0.0, 3.1, 2.0))


def test_rows_go_along_y_and_columns_along_x(chambers):
    window = Window.around(chambers.scene.bounds, PIXELS)
    masks = drawn(
        state(chambers, Pose2D(-1.0, 1.2, 0.0), Pose2D(1.0, -1.0, 0.0)),
        BOX,
        Pose2D(1, -1, 0),
        window,
    )
    rows, columns = np.nonzero(masks["object"])
    assert rows.min() > PIXELS / 2 > columns.max()
