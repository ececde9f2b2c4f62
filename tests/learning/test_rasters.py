from dataclasses import replace

import numpy as np
import pytest
import shapely
from hypothesis import assume, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from scipy import ndimage

from namo.geometry import Pose2D
from namo.learning.rasters import CHANNELS, POINTS, VIEWS, StateRaster, render
from namo.scenes.footprint import Polygon, centred
from namo.scenes.grid import RESOLUTION_M
from namo.world.reachability import Reachability
from namo.world.static_map import StaticMap

NAME, OTHER = "obstacle_1_movable", "obstacle_2_movable"
L_SHAPE = centred(Polygon(((0, 0), (0.7, 0), (0.7, 0.3), (0.3, 0.3), (0.3, 0.7), (0, 0.7))))[0]
ROUNDING_M = 0.04
"""Upper bound on the outward rounding of cells."""

angles = st.floats(-3.2, 3.2)
poses = st.builds(Pose2D, st.floats(-1.4, 1.4), st.floats(-1.4, 1.4), angles)
frames = st.sampled_from(sorted(VIEWS))


@pytest.fixture(scope="module")
def chambers(rooms):
    """The map of two rooms joined by a door, with a box and an L-shaped movable."""
    boxes = rooms.box(0.0, 0.0, half=(0.3, 0.2)), rooms.box(0.8, 0.3, number=2)
    boxes = boxes[0], replace(boxes[1], footprint=L_SHAPE)
    return StaticMap(rooms.room(*boxes, walls=rooms.door()))


def placed(static, **poses_of):
    """Reachability with the movables at the poses `box` and `other`."""
    robot = Pose2D(static.scene.robot.x, static.scene.robot.y, 0.0)
    return Reachability(static, {"robot": robot, NAME: poses_of["box"], OTHER: poses_of["other"]})


def start(static, moving=None):
    """Reachability at the start of a scene."""
    robot = static.scene.robot
    movables = {movable.name: movable.pose for movable in static.scene.movables}
    return Reachability(static, {"robot": Pose2D(robot.x, robot.y, 0.0), **movables}, moving)


def rendered(reachability, frame, heading):
    """The raster of the box, by channel."""
    raster = render(StateRaster(reachability), NAME, frame, np.array([heading]))[0]
    return dict(zip(CHANNELS, raster, strict=True))


def lattice(frame, pose, heading, points):
    """World positions (pixels, pixels, points², 2) of sample points in the pixels of a raster."""
    view = VIEWS[frame]
    inside = (np.arange(points) - (points - 1) / 2) / (points - 1)
    y, x, v, u = np.meshgrid(*[np.arange(view.pixels) + 0.5] * 2, inside, inside, indexing="ij")
    local = np.stack([x + u, y + v], axis=-1) * view.metres_per_pixel
    local -= (view.behind, view.pixels * view.metres_per_pixel / 2)
    world = Pose2D(pose.x, pose.y, heading).to_world(local)
    return world.reshape(view.pixels, view.pixels, -1, 2)


def areas(reachability):
    """The exact areas of the channels that depend only on footprints."""
    static = reachability.static
    solids = {
        movable.name: shapely.Polygon(
            replace(movable, pose=reachability.poses[movable.name]).corners()
        )
        for movable in static.scene.movables
    }
    bounds = static.scene.bounds
    inside = shapely.box(bounds.x_min, bounds.y_min, bounds.x_max, bounds.y_max)
    walls = shapely.union_all([shapely.Polygon(wall.corners()) for wall in static.scene.walls])
    others = solids[OTHER]
    around = shapely.union(walls, others).buffer(static.inflation, quad_segs=64)
    return {
        "walls": shapely.union(walls, shapely.box(-99, -99, 99, 99).difference(inside)),
        "movables": others,
        "object": solids[NAME],
        "clear_without_object": inside.difference(around),
    }


@given(poses, poses, angles, frames)
@hypothesis_settings(max_examples=40)
def test_channels_cover_exactly_their_footprints(chambers, box, other, heading, frame):
    reachability = placed(chambers, box=box, other=other)
    channels = rendered(reachability, frame, heading)
    x, y = np.moveaxis(lattice(frame, box, heading, 3)[:, :, 4], -1, 0)
    margin = VIEWS[frame].metres_per_pixel * 0.5**0.5 + ROUNDING_M
    for name, area in areas(reachability).items():
        clear = shapely.distance(area.boundary, shapely.points(x, y)) > margin
        assert clear.sum() > 300, name
        expected = np.where(shapely.contains_xy(area, x, y), 255, 0)
        np.testing.assert_array_equal(channels[name][clear], expected[clear], name)


@given(poses, poses, angles, frames)
@hypothesis_settings(max_examples=40)
def test_reached_and_goal_region_match_reachability(chambers, box, other, heading, frame):
    scene = chambers.scene
    for at in (scene.robot, scene.goal):
        assume(min(np.hypot(pose.x - at.x, pose.y - at.y) for pose in (box, other)) > 0.8)
    reachability = placed(chambers, box=box, other=other)
    from_goal = Reachability(
        chambers, {**reachability.poses, "robot": Pose2D(scene.goal.x, scene.goal.y, 0.0)}
    )
    channels = rendered(reachability, frame, heading)
    cells = round(VIEWS[frame].metres_per_pixel / RESOLUTION_M)
    points = lattice(frame, box, heading, 2 * cells + 1)  # dense enough to hit every cell
    reached, of_goal = reachability.reached(points), from_goal.reached(points)
    if reachability.goal_reachable:
        of_goal = np.zeros_like(of_goal)
    for name, there in (("reached", reached), ("goal_region", of_goal)):
        everywhere, somewhere = there.all(axis=-1), there.any(axis=-1)
        assert (channels[name][everywhere] == 255).all()
        assert (channels[name][~somewhere] == 0).all()


def busy(rooms):
    """A large room with a closed-off part above the box, so that no channel is empty."""
    notched = replace(rooms.box(0.9, 0.1, 0.4, number=2), footprint=L_SHAPE)
    return rooms.room(
        rooms.box(0.1, -0.05, 0.2, half=(0.3, 0.2)),
        notched,
        side=8.0,
        walls=[rooms.wall(5, 0.0, 0.9, (4.0, 0.05)), rooms.wall(6, -0.3, -0.9, (0.1, 0.3), 0.5)],
        robot=(-0.8, -0.3),
        goal=(0.5, 2.0),
    )


def rotated(scene, angle):
    """The scene rotated about the origin."""
    by = Pose2D(0.0, 0.0, angle)

    def move(point):
        x, y = by.to_world(np.array([point.x, point.y])).tolist()
        return replace(point, x=x, y=y)

    return replace(
        scene,
        walls=tuple(replace(wall, pose=by.compose(wall.pose)) for wall in scene.walls),
        movables=tuple(replace(box, pose=by.compose(box.pose)) for box in scene.movables),
        robot=move(scene.robot),
        goal=move(scene.goal),
    )


def mirrored(scene):
    """The scene mirrored at the x axis."""

    def mirror(solid):
        shape = solid.footprint
        if isinstance(shape, Polygon):
            shape = Polygon(tuple((x, -y) for x, y in shape.vertices))
        return replace(
            solid, footprint=shape, pose=Pose2D(solid.pose.x, -solid.pose.y, -solid.pose.theta)
        )

    return replace(
        scene,
        walls=tuple(map(mirror, scene.walls)),
        movables=tuple(map(mirror, scene.movables)),
        robot=replace(scene.robot, y=-scene.robot.y),
        goal=replace(scene.goal, y=-scene.goal.y),
    )


def assert_nearly_the_same(one, other):
    """Edges differ by at most a pixel, and the mean difference is small."""
    for name in CHANNELS:
        this, that = one[name].astype(float), other[name].astype(float)
        low, high = ndimage.minimum_filter(this, 3), ndimage.maximum_filter(this, 3)
        assert np.maximum(low - that, that - high).max() < 128, name
        assert np.abs(this - that).mean() < 8.0, name


def test_the_busy_room_has_no_empty_channel(rooms):
    channels = rendered(start(StaticMap(busy(rooms))), "object", 0.2)
    assert all((channel == 255).any() for channel in channels.values())


@given(angles, angles, frames)
@hypothesis_settings(max_examples=25)
def test_rotating_scene_and_heading_together_keeps_the_raster(rooms, angle, heading, frame):
    scene = busy(rooms)
    before = rendered(start(StaticMap(scene)), frame, heading)
    after = rendered(start(StaticMap(rotated(scene, angle))), frame, heading + angle)
    assert_nearly_the_same(before, after)


@given(angles, frames)
@hypothesis_settings(max_examples=25)
def test_the_raster_of_a_mirrored_scene_is_the_mirrored_raster(rooms, heading, frame):
    scene = busy(rooms)
    before = rendered(start(StaticMap(scene)), frame, heading)
    after = rendered(start(StaticMap(mirrored(scene))), frame, -heading)
    assert_nearly_the_same(before, {name: channel[::-1] for name, channel in after.items()})


def test_the_same_state_gives_the_same_bits_after_other_queries(rooms):
    static = StaticMap(busy(rooms))
    headings = np.array([0.3, 2.0])
    first = render(StateRaster(start(static)), NAME, "push", headings)
    moved = start(static)
    moved.poses = {**moved.poses, NAME: Pose2D(0.4, -0.3, 1.0)}
    assert not np.array_equal(render(StateRaster(moved), NAME, "push", headings), first)
    for again in (start(static), start(static, moving=NAME), start(static, moving=OTHER)):
        np.testing.assert_array_equal(render(StateRaster(again), NAME, "push", headings), first)
    alone = render(StateRaster(start(StaticMap(busy(rooms)))), NAME, "push", headings[1:])
    np.testing.assert_array_equal(alone[0], first[1])


def test_a_pixel_crossed_by_an_edge_is_grey(rooms):
    # Pixels end at multiples of 6 cm, so the edges at 33 cm cross their pixels in the middle.
    scene = rooms.room(rooms.box(0.0, 0.0, half=(0.33, 0.33)), side=6.0)
    box = rendered(start(StaticMap(scene)), "push", 0.0)["object"]
    middle = VIEWS["push"].pixels // 2
    column = round(VIEWS["push"].behind / VIEWS["push"].metres_per_pixel) + 5  # 30 to 36 cm
    row = box[middle]
    assert (row[column - 1], row[column + 1]) == (255, 0)
    assert 85 <= row[column] <= 170


@given(angles, st.floats(0.1, 0.4), st.floats(0.1, 0.4), frames)
@hypothesis_settings(max_examples=20)
def test_the_object_channel_covers_the_area_of_the_movable(rooms, heading, half_x, half_y, frame):
    scene = rooms.room(rooms.box(0.0, 0.0, 0.3, half=(half_x, half_y)), side=6.0)
    box = rendered(start(StaticMap(scene)), frame, heading)["object"]
    covered = box.sum(dtype=float) / 255 * VIEWS[frame].metres_per_pixel ** 2
    perimeter, spacing = 4 * (half_x + half_y), VIEWS[frame].metres_per_pixel / POINTS
    excess = (covered - 4 * half_x * half_y) / perimeter
    assert -spacing / 2 < excess < RESOLUTION_M + spacing / 2


def test_a_reachable_goal_has_no_goal_region(rooms):
    reachability = start(StaticMap(rooms.room(rooms.box(0.0, 0.0), side=6.0)))
    channels = rendered(reachability, "object", 0.0)
    assert reachability.goal_reachable
    assert not channels["goal_region"].any()
    assert channels["reached"].any()
