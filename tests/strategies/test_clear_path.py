from itertools import islice, pairwise

import numpy as np

from namo.geometry import Pose2D
from namo.strategies.clear_path import ClearPathGoals
from namo.strategies.path_blocking import PathBlocking
from namo.strategies.strategy import RatingCandidatesStrategy, RatingObjectStrategy
from namo.world.blocked_way import RemainingWay, blocked_way
from namo.world.push import Push
from namo.world.world import World

NAME = "obstacle_1_movable"
RNG = np.random.default_rng(0)


def test_both_strategies_rate():
    assert isinstance(PathBlocking(), RatingObjectStrategy)
    assert isinstance(ClearPathGoals(), RatingCandidatesStrategy)


def test_movables_in_the_way_come_first_and_then_the_nearest_to_it(rooms):
    boxes = rooms.box(-1.5, 1.5, number=2), rooms.box(-0.7, -0.9, number=3)
    world = World(rooms.plugged(*boxes))
    names = ["obstacle_2_movable", "obstacle_3_movable", NAME]
    assert PathBlocking().rank(world, names, RNG) == [NAME, names[1], names[0]]
    rated = PathBlocking().rate(world, names)
    assert 0.0 < rated[0] == rated[1] < rated[2] < 1.0


def test_a_movable_without_which_the_goal_is_open_is_rated_high_on_another_way_too(rooms):
    pillars = [
        rooms.wall(5, 0.0, -1.675, (0.05, 0.325)),
        rooms.wall(6, 0.0, 0.0, (0.05, 0.45)),
        rooms.wall(7, 0.0, 1.675, (0.05, 0.325)),
    ]
    plugs = rooms.box(0.0, -0.9), rooms.box(0.0, 0.9, number=2), rooms.box(-1.5, 1.5, number=3)
    world = World(rooms.room(*plugs, walls=pillars))
    (on_the_way,) = blocked_way(world.reachability()).blocking
    (other,) = {NAME, "obstacle_2_movable"} - {on_the_way}
    rated = PathBlocking().rate(world, [on_the_way, other, "obstacle_3_movable"])
    assert rated[0] > rated[1] > 0.5 > rated[2]


def test_in_a_sealed_room_all_movables_are_rated_alike(rooms):
    world = World(rooms.sealed(rooms.box(-1.0, 0.5), rooms.box(-1.0, -0.5, number=2)))
    names = [NAME, "obstacle_2_movable"]
    assert PathBlocking().rate(world, names) == [0.0, 0.0]
    assert sorted(PathBlocking().rank(world, names, RNG)) == names
    assert {value for _, value in ClearPathGoals().best(world, NAME)} == {0.0}


def test_the_goals_rated_highest_open_the_goal(rooms):
    world = World(rooms.plugged(rooms.box(-1.0, 0.9, number=2)))
    start = world.save()
    rated = list(islice(ClearPathGoals().best(world, NAME), 8))
    assert all(1.0 > first[1] >= second[1] > 0.0 for first, second in pairwise(rated))
    opened = []
    for goal, _ in rated[:3]:
        world.restore(start)
        world.push(Push(NAME, goal))
        opened.append(world.reachability().goal_reachable)
    assert opened[0]
    assert sum(opened) >= 2


def test_a_movable_out_of_the_way_is_rated_below_the_one_in_it(rooms):
    world = World(rooms.plugged(rooms.box(-1.0, 0.9, number=2)))
    strategy = ClearPathGoals()
    in_the_way = next(strategy.best(world, NAME))[1]
    assert next(strategy.best(world, "obstacle_2_movable"))[1] < 0.5 * in_the_way


def test_a_movable_out_of_the_way_is_rated_what_its_best_push_is_worth(rooms):
    """So that a search rates its goals, which takes time, when it is their turn and not before."""
    world = World(rooms.plugged(rooms.box(-1.5, 1.5, number=2), rooms.box(-0.7, -0.9, number=3)))
    for name in ("obstacle_2_movable", "obstacle_3_movable"):
        (of_the_movable,) = PathBlocking().rate(world, [name])
        rated = ClearPathGoals().rated(world, name)
        assert of_the_movable == (rated.opens + (1.0 - rated.opens) * rated.p_later).max()


def test_where_no_straight_push_clears_the_way_further_goals_do_also_where_a_push_ends_beside(
    rooms,
):
    """A wall behind the door, so that no straight push of the box in it ends where it is clear."""
    behind = rooms.wall(7, 1.0, 0.0, (0.05, 0.5))
    world = World(rooms.room(rooms.box(0.0, 0.0), walls=(*rooms.door(), behind), goal=(1.6, 0.0)))
    reachability = world.reachability()
    way, robot = RemainingWay(reachability, NAME), reachability.poses["robot"]
    strategy = ClearPathGoals()
    rated, further = strategy.rated(world, NAME), strategy.further(world, NAME)
    poses = rated.of_poses()
    assert poses.value.max() < further[0][1] <= poses.needed_further
    assert rated.needed_further == 0.0  # straight pushes get out of the door behind its wall
    assert {goal for goal, _ in further} <= {goal for goal, _ in strategy.best(world, NAME)}
    assert all(first[1] >= second[1] > 0.0 for first, second in pairwise(further))

    def still_clear(goal):
        steps = ((0.0, 0.0), (0.05, 0.0), (-0.05, 0.0), (0.0, 0.05), (0.0, -0.05))
        ends = [Pose2D(goal.x + x, goal.y + y, goal.theta) for x, y in steps]
        return [way.cost(end, robot.x, robot.y) == 0.0 for end in ends]

    goals = [goal for goal, _ in further]
    nearest = min(goals, key=reachability.poses[NAME].distance)
    assert way.cost(nearest, robot.x, robot.y) == 0.0
    assert not all(still_clear(nearest))
    assert all(still_clear(goals[0]))
