from namo.geometry import Pose2D
from namo.world.drive_costs import THROUGH_FACTOR
from namo.world.openings import openings
from tests.world.reachable import reachability_of

NAME = "obstacle_1_movable"


def test_a_plugged_door_is_the_opening_to_the_chamber_behind_it(rooms):
    scene = rooms.plugged(rooms.box(-1.0, 0.9, number=2))
    here = reachability_of(scene)
    (opening,) = openings(here)
    assert opening.movables == (NAME,)
    assert not opening.is_open(here)
    # Half out of the door, aside of it, and far into the chamber.
    assert not opening.is_open(reachability_of(scene, **{NAME: Pose2D(0.25, 0.0, 0.0)}))
    assert opening.is_open(reachability_of(scene, **{NAME: Pose2D(-1.2, 0.3, 0.0)}))
    assert opening.is_open(reachability_of(scene, **{NAME: Pose2D(1.2, -1.2, 0.0)}))


def test_only_the_next_region_of_a_row_is_an_opening(rooms):
    walls = (
        *rooms.door(),
        rooms.wall(7, 1.0, -1.225, (0.05, 0.775)),
        rooms.wall(8, 1.0, 1.225, (0.05, 0.775)),
    )
    boxes = rooms.box(0.0, 0.0), rooms.box(1.0, 0.0, number=2)
    (opening,) = openings(reachability_of(rooms.room(*boxes, walls=walls, goal=(1.5, 0.0))))
    assert opening.movables == (NAME,)


def test_a_movable_on_the_goal_is_an_opening_to_the_goal(rooms):
    scene = rooms.room(rooms.box(1.3, 1.2))
    (opening,) = openings(reachability_of(scene))
    assert opening.movables == (NAME,)
    moved = reachability_of(scene, **{NAME: Pose2D(0.0, 0.0, 0.0)})
    assert moved.goal_reachable
    assert opening.is_open(moved)


def test_openings_on_the_cheapest_way_come_first(rooms):
    walls = (
        rooms.wall(5, 0.0, 0.0, (0.05, 0.55)),
        rooms.wall(6, 0.0, 1.725, (0.05, 0.275)),
        rooms.wall(7, 0.0, -1.725, (0.05, 0.275)),
        rooms.wall(8, 1.0, 0.0, (0.95, 0.05)),
    )
    boxes = rooms.box(0.0, -1.0), rooms.box(0.0, 1.0, number=2)
    upper, lower = openings(reachability_of(rooms.room(*boxes, walls=walls)))
    assert upper.movables == ("obstacle_2_movable",)
    assert lower.movables == (NAME,)
    assert lower.cost > upper.cost + THROUGH_FACTOR * 0.6  # back again and through the upper door


def test_where_walls_cut_off_the_goal_there_are_no_openings(rooms):
    assert openings(reachability_of(rooms.sealed(rooms.box(-1.0, 0.0)))) == []
