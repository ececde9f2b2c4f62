from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from namo.results.minimal_check import MinimalCheck, shorter_plan
from tests.planning.conftest import FakeState, NamedWorld


class Room(NamedWorld):
    """A fake world that can start again; its goal opens after some sequences of objects."""

    def __init__(self, opening):
        super().__init__(opens=lambda path: "".join(one[0] for one in path) in opening)

    def reset(self):
        self.state = FakeState()


def plan_of(names, **more):
    actions = [{"object_id": name, "target": (1.0, 0.0, 0.0)} for name in names]
    return {"action_sequence": actions, **more}


@given(st.text("ab", min_size=1, max_size=6), st.sets(st.text("ab", max_size=5)))
def test_any_proper_subsequence_that_opens_the_goal_is_found(names, opening):
    shorter = {"".join(one) for length in range(len(names)) for one in combinations(names, length)}
    enough = shorter_plan(Room(opening), plan_of(names))
    assert (enough is not None) == bool(shorter & opening)
    if enough is not None:
        assert "".join(names[number] for number in enough) in opening


def test_of_a_long_plan_pushes_are_left_out_one_at_a_time():
    assert shorter_plan(Room({"abcdefg"}), plan_of("abcdefg")) is None
    assert shorter_plan(Room({"abcdeg"}), plan_of("abcdefg")) == [0, 1, 2, 3, 4, 6]
    assert shorter_plan(Room({"abde"}), plan_of("abcdefg")) == [0, 1, 3, 4], "the rest is not used"
    assert shorter_plan(Room({"ag"}), plan_of("abcdefg")) is None


@pytest.mark.parametrize("actions", [None, []])
def test_without_a_push_there_is_nothing_to_drop(actions):
    assert shorter_plan(Room({"a"}), {"action_sequence": actions}) is None


@pytest.mark.parametrize(
    ("opening", "said"), [("ab", None), ("b", "with push 2 alone"), ("", "with no push at all")]
)
def test_only_a_claim_can_be_wrong(opening, said):
    problems, checks = [], [MinimalCheck(), MinimalCheck()]
    for check, claim in zip(checks, (True, None), strict=True):
        episode = plan_of("ab", episode_id="e", solution_depth=2, minimal=claim)
        problems.append(check.problem(Room({opening}), episode))
    claimed, unclaimed = problems
    assert unclaimed is None
    if said is None:
        assert claimed is None
        assert [check.minimal for check in checks] == [1, 1]
        assert [*checks[1].notes()] == []
    else:
        assert claimed == f"plan of 2 pushes is not minimal: the goal opens {said}"
        assert [*checks[1].notes()] == ["1 plan that is not said to be minimal can be shorter: e"]
