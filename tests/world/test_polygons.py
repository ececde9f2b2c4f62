"""Polygons in the same world as boxes."""

from dataclasses import replace

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from namo.geometry import Pose2D
from namo.scenes.footprint import FootprintSet, Polygon, centred
from namo.scenes.reading import parse_scene
from namo.scenes.scene import Wall
from namo.scenes.writing import scene_xml
from namo.world.contacts import contact_points
from namo.world.push import Push, PushStatus
from namo.world.world import World

L_SHAPE = centred(Polygon(((0, 0), (0.7, 0), (0.7, 0.3), (0.3, 0.3), (0.3, 0.7), (0, 0.7))))[0]
TRIANGLE = centred(Polygon(((0, 0), (0.8, 0), (0.2, 0.7))))[0]
RADIUS_M = 0.15


@pytest.mark.parametrize("shape", [L_SHAPE, TRIANGLE], ids=["L", "triangle"])
def test_the_robot_at_a_contact_point_touches_only_the_edge_it_pushes(shape):
    contacts = contact_points(shape, RADIUS_M)
    assert 12 <= len(contacts.positions) <= 20
    distances = FootprintSet([(Pose2D(0, 0, 0), shape)]).distances(contacts.positions)[:, 0]
    np.testing.assert_allclose(distances, RADIUS_M + 0.002, atol=1e-9)
    np.testing.assert_allclose(np.hypot(*contacts.directions.T), 1.0)
    feet = contacts.positions + contacts.directions * (RADIUS_M + 0.002)
    outline = shapely.LinearRing(shape.outline)
    assert all(outline.distance(shapely.Point(*foot)) < 1e-9 for foot in feet)


@given(st.floats(0.5, 3.0))
def test_a_rectangle_as_a_polygon_has_contacts_in_proportion_to_its_sides(aspect):
    half_x, half_y = 0.3 * aspect, 0.3
    corners = ((-half_x, -half_y), (half_x, -half_y), (half_x, half_y), (-half_x, half_y))
    directions = contact_points(Polygon(corners), RADIUS_M).directions
    along_y = (np.abs(directions[:, 1]) > 0.9).sum()
    assert len(directions) == 20
    assert abs(along_y - 20 * aspect / (1 + aspect)) <= 2


@pytest.mark.parametrize("shape", [L_SHAPE, TRIANGLE], ids=["L", "triangle"])
def test_a_polygon_is_pushed_to_its_goal(rooms, shape):
    scene = rooms.room(replace(rooms.box(0.0, 0.0), footprint=shape), side=5.0)
    world = World(parse_scene(scene_xml(scene).encode(), "scene"))
    name = scene.movables[0].name
    reached = 0
    for goal in (Pose2D(0.6, 0.0, 0.0), Pose2D(0.0, -0.6, 0.0), Pose2D(-0.5, 0.4, 0.3)):
        world.reset()
        outcome = world.push(Push(name, goal), stop_at_open_goal=False)
        reached += outcome.status is PushStatus.REACHED
        assert outcome.pose.distance(goal) < goal.distance(Pose2D(0, 0, 0))
    assert reached >= 2


def test_the_same_push_of_a_polygon_gives_the_same_bits(rooms):
    world = World(rooms.room(replace(rooms.box(0.0, 0.0), footprint=L_SHAPE)))
    push = Push("obstacle_1_movable", Pose2D(0.5, 0.2, 0.0))
    first = world.push(push)
    key = world.save().key
    world.push(Push("obstacle_1_movable", Pose2D(-0.5, 0.2, 0.0)))
    world.reset()
    assert world.push(push) == first
    assert world.save().key == key


def test_a_polygonal_wall_divides_a_room(rooms):
    ring = Polygon(((-0.1, -2.0), (0.1, -2.0), (0.1, 0.3), (0.4, 0.6), (0.1, 2.0), (-0.1, 2.0)))
    shape, at = centred(ring)
    wall = Wall("wall_5", at, shape, 0.3, 0.3)
    assert World(rooms.room()).reachability().goal_reachable
    assert not World(rooms.room(walls=(wall,))).reachability().goal_reachable
