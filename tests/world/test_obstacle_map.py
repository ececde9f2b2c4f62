from namo.geometry import Pose2D
from namo.world.world import World

NAME = "obstacle_1_movable"


def test_a_pose_is_clear_where_no_other_movable_is(rooms):
    world = World(rooms.room(rooms.box(0.0, 0.0), rooms.box(1.0, 0.0, number=2)))
    obstacles = world.reachability().obstacles_excluding(NAME)
    assert obstacles.is_clear(Pose2D(0.0, 0.0, 0.0))  # the movable itself is excluded
    assert obstacles.is_clear(Pose2D(0.36, 0.0, 0.0))
    assert not obstacles.is_clear(Pose2D(0.5, 0.0, 0.0))
    assert not obstacles.is_clear(Pose2D(1.0, 0.0, 0.0))
