from collections import Counter

from namo.geometry import Pose2D
from namo.planning.mcts import GOAL_REWARD, MCTS, PUSH_COST
from namo.planning.planner import Budget, Termination
from namo.seeding import Streams
from namo.strategies.goal_random import RandomGoals
from namo.strategies.object_order import NoHeuristic
from namo.world.push import Push
from namo.world.world import World


def run(world, goals, max_goals=2, seed=0, **budget):
    planner = MCTS(NoHeuristic(), goals, max_goals)
    return planner.search(world, Budget(**budget), Streams.for_episode(seed, 0, 0))


def first_pushes(world):
    return Counter(path[0] if path else name for path, name in world.pushed)


def test_everything_is_tried_in_the_end(fakes):
    world = fakes.NamedWorld("ab", opens=lambda path: path == ("b2", "a1", "b1"))
    result = run(world, fakes.ScriptedGoals(), depth=3)
    assert result.solved
    assert len(result.plan) == 3
    closed = run(fakes.NamedWorld("ab"), fakes.ScriptedGoals(), depth=2)
    assert closed.termination is Termination.DEPTH
    assert len(closed.pushes) == 4 + 16


def test_objects_with_higher_values_get_more_pushes(fakes):
    # Everything below b gets stuck, which ends a simulation after one more push.
    class Fresh:
        def propose(self, world, name, count, rng):
            return [Pose2D(float(rng.integers(1 << 40)), 0.0, 0.0) for _ in range(count)]

    world = fakes.NamedWorld("ab", stuck=lambda path: path[0][0] == "a" and len(path) > 1)
    result = run(world, Fresh(), depth=6, pushes=400)
    visits = Counter()
    for (state, push), estimate in result.estimates.items():
        visits[push.object_name] += estimate.visits * (state == 0)
    assert visits["a"] > 0
    assert visits["b"] > 0
    values = {
        name: sum(
            estimate.visits * estimate.value
            for (state, push), estimate in result.estimates.items()
            if state == 0 and push.object_name == name
        )
        / visits[name]
        for name in "ab"
    }
    better, worse = sorted("ab", key=values.__getitem__, reverse=True)
    assert visits[better] >= visits[worse]


def test_more_visits_allow_more_goals():
    planner = MCTS(NoHeuristic(), RandomGoals(), 10)
    assert [planner.allowed_goals(visits) for visits in (0, 1, 4, 100)] == [10, 10, 20, 100]


def test_estimates_are_those_of_simulated_pushes_of_the_tree(rooms):
    result = run(World(rooms.sealed(rooms.box(-1.0, 0.5))), RandomGoals(), depth=4, pushes=12)
    simulated = {(record.state, record.push) for record in result.pushes}
    assert result.estimates.keys() < simulated, "rollouts have none"
    assert all(estimate.visits > 0 for estimate in result.estimates.values())
    assert all(estimate.value <= -PUSH_COST + 1e-12 for estimate in result.estimates.values())


def test_a_push_that_opens_the_goal_has_its_reward(fakes):
    world = fakes.NamedWorld(opens=lambda path: path == ("a1",))
    result = run(world, fakes.ScriptedGoals())
    (estimate,) = result.estimates.values()
    assert estimate.visits == 1
    assert abs(estimate.value - (0.99 * GOAL_REWARD - PUSH_COST)) < 1e-12
    assert list(result.estimates) == [(0, Push("a", Pose2D(1.0, 0.0, 0.0)))]
