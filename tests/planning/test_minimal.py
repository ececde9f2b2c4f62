import signal
from dataclasses import replace
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from namo.geometry import Pose2D
from namo.planning import minimal
from namo.planning.minimal import minimal_plan, plan_as_found
from namo.planning.planner import Budget, Termination
from namo.planning.search import Search
from namo.signals import TerminationRequested
from namo.world.push import Push


def pushes(names):
    return [Push(name, Pose2D(1.0, 0.0, 0.0)) for name in names]


def found(fakes, names, opens, **world):
    """A world and the result of a search that pushed objects in this order until the goal opened.

    Args:
        fakes: see the fixture.
        names: of the objects; each is pushed once, to x = 1.
        opens: whether the goal is open after some of these pushes, in order.
        **world: of the world.
    """
    fake = fakes.NamedWorld(
        "".join(dict.fromkeys(names)), lambda path: opens([one[0] for one in path]), **world
    )
    search = Search(fake, Budget())
    node = search.root
    for push in pushes(names):
        node = search.push(node, push) or node
        if node.goal_open:
            break
    result = search.run(lambda: node if node.goal_open else Termination.DEPTH)
    assert result.solved
    fake.pushed.clear()
    return fake, result


def shortened(fakes, names, opens, *, refine=False, seconds=60.0, **world):
    fake, result = found(fakes, names, opens, **world)
    plan = minimal_plan(fake, result, refine=refine, seconds=seconds)
    assert "".join(step.push.object_name for step in plan.steps) == "".join(
        names[number] for number in plan.kept
    )
    assert plan.pushes_simulated == len(fake.pushed)
    return plan, fake


def contains(*needed):
    """Opens the goal when these objects have been pushed in this order, whatever else was."""

    def opens(path):
        rest = iter(path)
        return all(name in rest for name in needed)

    return opens


@given(
    length=st.integers(0, 6),
    opening=st.sets(st.sets(st.integers(0, 5), min_size=1).map(lambda one: tuple(sorted(one)))),
)
def test_no_subsequence_of_a_plan_of_up_to_six_pushes_opens_the_goal(fakes, length, opening):
    names = "abcdef"[:length]
    sequences = {tuple(names[number] for number in one if number < length) for one in opening}
    sequences = (sequences | {tuple(names)}) - {()}

    def opens(path):
        return not length or tuple(path) in sequences

    plan, _ = shortened(fakes, names, opens)
    assert plan.is_minimal
    assert [step.after.goal_open for step in plan.steps] == [
        number == len(plan.steps) for number in range(1, len(plan.steps) + 1)
    ]
    shorter = (one for size in range(len(plan.kept)) for one in combinations(plan.kept, size))
    assert not any(opens([names[number] for number in one]) for one in shorter)


@pytest.mark.parametrize(("length", "most"), [(1, 0), (2, 1), (3, 4), (4, 11), (5, 26), (6, 57)])
def test_what_the_search_simulated_and_common_beginnings_are_not_simulated_again(
    fakes, length, most
):
    names = "abcdef"[:length]
    plan, fake = shortened(fakes, names, contains(*names))
    assert plan.kept == tuple(range(length))
    assert len(fake.order) == len(set(fake.order)) == most


def test_what_a_push_needs_is_kept_and_the_first_of_the_shortest_is_taken(fakes):
    plan, _ = shortened(fakes, "abcd", lambda path: path[-2:] in (["b", "d"], ["c", "d"]))
    assert (plan.kept, plan.is_minimal) == ((1, 3), True)


def test_a_push_that_moves_nothing_without_an_earlier_one_opens_nothing(fakes):
    plan, _ = shortened(fakes, "ab", lambda path: "b" in path, stuck=lambda path: path == ("b1",))
    assert plan.kept == (0, 1)


def test_from_a_long_plan_pushes_are_dropped_one_at_a_time(fakes):
    names = "abcdefghij"
    plan, _ = shortened(fakes, names, contains("b", "c", "e", "f", "g", "h", "j"))
    assert "".join(names[number] for number in plan.kept) == "bcefghj"
    assert plan.is_minimal


def test_a_long_plan_that_becomes_short_is_searched_through(fakes):
    names = "abcdefgh"
    opening = [[*names], [*names[1:]], [*names[2:]], ["c", "h"]]
    plan, _ = shortened(fakes, names, lambda path: path in opening)
    assert plan.kept == (2, 7), "none of the last six pushes can be dropped alone"


def test_a_plan_that_opens_earlier_without_a_push_ends_there(fakes):
    names = "abcdefgh"
    plan, _ = shortened(fakes, names, lambda path: len(path) == 8 or path == [*"bcd"])
    assert plan.kept == (1, 2, 3)


def test_a_plan_that_takes_too_many_pushes_is_not_said_to_be_minimal(fakes, monkeypatch):
    monkeypatch.setattr(minimal, "MAX_PUSHES", 3)
    plan, fake = shortened(fakes, "abcd", contains(*"abcd"))
    assert (plan.kept, plan.is_minimal, len(fake.pushed)) == ((0, 1, 2, 3), False, 3)
    plan, _ = shortened(fakes, "abcd", contains("d"))
    assert (plan.kept, plan.is_minimal) == ((3,), True)


@pytest.mark.parametrize("push_s", [0.0, 0.01], ids=["between pushes", "during a push"])
def test_what_was_dropped_until_the_time_is_spent_stays_dropped(fakes, clock, push_s):
    fake, result = found(fakes, "abcdefgh", contains(*"bcdefgh"), push_s=push_s)
    plan = minimal_plan(fake, result, refine=False, seconds=0.03 + 15 * push_s)
    assert (plan.kept, plan.is_minimal) == (tuple(range(1, 8)), False)


def test_a_signal_ends_it_between_pushes(fakes, monkeypatch):
    fake, result = found(fakes, "abc", contains(*"abc"))

    def request():
        raise TerminationRequested(signal.SIGTERM)

    monkeypatch.setattr(minimal, "check_termination", request)
    with pytest.raises(TerminationRequested):
        minimal_plan(fake, result, refine=False, seconds=60.0)


def test_a_plan_as_found_is_neither_simulated_nor_said_to_be_minimal(fakes):
    fake, result = found(fakes, "ab", contains("b"))
    plan = plan_as_found(fake, result)
    assert [step.push for step in plan.steps] == list(result.plan)
    assert (plan.kept, plan.is_minimal, plan.is_refined) == ((0, 1), None, False)
    assert fake.pushed == []


def refined(fakes, opens):
    """The plan a, b, refined in a world whose pushes end a hundredth beyond their targets.

    Args:
        fakes: see the fixture.
        opens: whether the goal is open after these pushes, each as object and target.
    """
    fake = fakes.NamedWorld("ab", opens)
    exactly = fake.push_from

    def push_from(state, push, deadline):
        outcome, after = exactly(state, push, deadline)
        return replace(outcome, pose=Pose2D(push.goal.x + 0.01, 0.0, 0.0)), after

    fake.push_from = push_from
    search = Search(fake, Budget())
    node = search.root
    for push in pushes("ab"):
        node = search.push(node, push)
    return minimal_plan(fake, search.run(lambda: node), refine=True, seconds=60.0)


def test_refined_targets_are_the_poses_really_reached(fakes):
    plan = refined(fakes, lambda path: path in (("a1", "b1"), ("a1.01", "b1.01")))
    assert (plan.is_refined, plan.is_minimal, plan.kept) == (True, True, (0, 1))
    assert [step.push.goal.x for step in plan.steps] == [1.01, 1.01]


@pytest.mark.parametrize(
    "opening",
    [[], [("a1.01",)], [("a1.01", "b1.01"), ("b1.01",)]],
    ids=["opens nothing", "opens too early", "is not minimal"],
)
def test_a_plan_whose_refined_form_is_no_minimal_plan_keeps_its_targets(fakes, opening):
    plan = refined(fakes, lambda path: path in (("a1", "b1"), *opening))
    assert (plan.is_refined, plan.is_minimal) == (False, True)
    assert [step.push for step in plan.steps] == pushes("ab")
