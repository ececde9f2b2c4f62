import pytest

from namo.geometry import Pose2D
from namo.planning.greedy import Greedy
from namo.planning.planner import Budget, Termination
from namo.seeding import Streams
from namo.strategies.object_order import NoHeuristic


class Rated:
    """Rates the goals x = 1, 2, 3 of object "a" by the value of x, those of "b" lower."""

    random_share = 0.0

    def propose(self, world, name, count, rng):
        raise AssertionError("goals that can be rated are not to be proposed")

    def best(self, world, name):
        scale = {"a": 0.3, "b": 0.25}[name]
        return ((Pose2D(float(x), 0.0, 0.0), scale * x) for x in (3, 2, 1))


def run(world, goals=None, **budget):
    planner = Greedy(NoHeuristic(), goals or Rated(), 2)
    return planner.search(world, Budget(**budget), Streams.for_episode(0, 0, 0))


def test_every_dive_takes_the_next_best_push_of_each_state_it_meets(fakes):
    world = fakes.NamedWorld("ab")
    run(world, depth=2, pushes=9)
    assert world.order == [
        *("a3", "a3 a3"),
        *("b3", "b3 a3"),
        *("a2", "a2 a3"),
        *("b2", "b2 a3"),
        "a1",
    ]


def test_when_all_first_pushes_were_tried_the_best_is_followed_further(fakes):
    world = fakes.NamedWorld("a")
    result = run(world, depth=2)
    assert result.termination is Termination.DEPTH
    assert world.order[:6] == ["a3", "a3 a3", "a2", "a2 a3", "a1", "a1 a3"]
    assert world.order[6:] == ["a3 a2", "a3 a1", "a2 a2", "a2 a1", "a1 a2", "a1 a1"]


def test_a_push_that_moves_nothing_is_followed_by_the_next_best(fakes):
    world = fakes.NamedWorld("a", stuck=lambda path: path == ("a3",))
    run(world, depth=2, pushes=3)
    assert world.order == ["a3", "a2", "a2 a3"]


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_every_sequence_of_proposed_pushes_is_tried_in_the_end(fakes, depth):
    world = fakes.NamedWorld("ab", opens=lambda path: path == ("b1",) * depth)
    result = run(world, depth=depth)
    assert result.solved
    assert len(result.plan) == depth
