import pytest

from namo.geometry import Pose2D
from namo.planning.idfs import IDFS
from namo.planning.planner import Budget, Termination
from namo.planning.search import Search
from namo.seeding import Streams
from namo.strategies.goal_random import RandomGoals
from namo.strategies.object_order import NoHeuristic
from namo.world.world import World


def run(world, goals, max_goals=2, **budget):
    planner = IDFS(NoHeuristic(), goals, max_goals)
    return planner.search(world, Budget(**budget), Streams.for_episode(0, 0, 0))


def test_every_pass_starts_from_the_root_again(fakes):
    goals = fakes.ScriptedGoals()
    run(fakes.NamedWorld(), goals, depth=3)
    passes = [
        [()],
        [(), ("a1",), ("a2",)],
        [(), ("a1",), ("a1", "a1"), ("a1", "a2"), ("a2",), ("a2", "a1"), ("a2", "a2")],
    ]
    assert [path for path, _, _ in goals.calls] == [path for one in passes for path in one]


def test_pushes_of_an_earlier_pass_are_not_simulated_again(fakes):
    world = fakes.NamedWorld()
    result = run(world, fakes.ScriptedGoals(), depth=3)
    assert world.order == [
        *("a1", "a2"),
        *("a1 a1", "a1 a2", "a2 a1", "a2 a2"),
        *("a1 a1 a1", "a1 a1 a2", "a1 a2 a1", "a1 a2 a2"),
        *("a2 a1 a1", "a2 a1 a2", "a2 a2 a1", "a2 a2 a2"),
    ]
    assert len(result.pushes) == 2 + 4 + 8
    assert result.pushes_tried == 2 + (2 + 4) + (2 + 4 + 8)


class FixedGoals:
    """Proposes the same two goals of an object whenever it has the same pose."""

    def propose(self, world, name, count, rng):
        x, y, theta = world.poses()[name]
        return [Pose2D(x + 0.4, y, theta), Pose2D(x, y - 0.4, theta)]


@pytest.mark.slow
def test_looking_up_simulated_pushes_changes_only_the_work(rooms, monkeypatch):
    def search():
        scene = rooms.sealed(rooms.box(-1.0, 0.5), rooms.box(-1.0, -0.6, number=2))
        planner = IDFS(NoHeuristic(), FixedGoals(), 2)
        return planner.search(World(scene), Budget(depth=3), Streams.for_episode(0, 0, 0))

    class Forgetful(dict):
        """Drops every entry once it has been read."""

        __getitem__ = dict.pop

    reused = search()
    with monkeypatch.context() as patch:
        start = Search.__init__

        def start_forgetting(self, *arguments):
            start(self, *arguments)
            self._results = Forgetful()

        patch.setattr(Search, "__init__", start_forgetting)
        repeated = search()
    assert len(reused.pushes) < len(repeated.pushes) == repeated.pushes_tried == reused.pushes_tried
    for name in ("termination", "plan", "plan_states", "states", "terminal_checks"):
        assert getattr(reused, name) == getattr(repeated, name), name
    once = {(r.state, r.push): r for r in reused.pushes}
    for record in repeated.pushes:
        known = once[record.state, record.push]
        assert (known.next_state, known.outcome) == (record.next_state, record.outcome)


def test_all_goals_of_an_object_come_before_the_next_object(fakes):
    world = fakes.NamedWorld("ab")
    run(world, fakes.ScriptedGoals(), depth=1)
    assert world.order == ["a1", "a2", "b1", "b2"]


def test_a_push_that_moved_nothing_is_not_expanded(fakes):
    world = fakes.NamedWorld(stuck=lambda path: path == ("a1",))
    run(world, fakes.ScriptedGoals(), depth=2)
    assert world.order == ["a1", "a2", "a2 a1", "a2 a2"]


def test_the_goal_is_checked_in_every_state(fakes):
    result = run(fakes.NamedWorld(), fakes.ScriptedGoals(), depth=2)
    assert result.termination is Termination.DEPTH
    assert result.terminal_checks == (1 + 2) + (1 + 2 + 4)
    assert result.terminal_checks == result.pushes_tried + 2


def test_a_later_pass_samples_other_goals(rooms):
    world = World(rooms.sealed(rooms.box(-1.0, 0.5)))
    result = run(world, RandomGoals(), max_goals=1, depth=2)
    from_root = [record.push for record in result.pushes if record.state == 0]
    assert len(from_root) == 2
    assert from_root[0] != from_root[1]
