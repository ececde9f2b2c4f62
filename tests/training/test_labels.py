import math
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from namo.geometry import Pose2D
from namo.training.labels import MAX_COUNT, Label, SearchedStates, TriedPush, label_candidates
from namo.world.candidates import CandidatePushes
from namo.world.push_planner import ANGLE_TOLERANCE_RAD, POSITION_TOLERANCE_M

CONTACTS, TRAVELS = 3, 4
START, OPEN = b"start", b"open"
UNTRIED, FAILURE, SUCCESS, UNREACHABLE = Label
FAR_AWAY = Pose2D(50.0, 0.0, 0.0)


def make_candidates(possible=True, covered=None):
    """Candidates of a rotated movable; the push directions of the contact points are far apart.

    Nothing is covered that is not possible, unless told.
    """
    angles = np.arange(CONTACTS) * 2.0
    travels = np.array([0.3, 0.6, 0.9, 1.2])
    moves = np.zeros((CONTACTS, TRAVELS, 3))
    moves[..., 0] = np.cos(angles)[:, None] * travels
    moves[..., 1] = np.sin(angles)[:, None] * travels
    moves[..., 2] = 0.1 * angles[:, None]
    possible = np.broadcast_to(possible, (CONTACTS, TRAVELS)).copy()
    return CandidatePushes(
        pose=Pose2D(0.4, -0.2, 3.0),
        displacements=moves,
        travels=travels,
        reachable=possible.any(axis=1),
        possible=possible,
        covered=possible if covered is None else np.broadcast_to(covered, possible.shape),
        overlaps=np.zeros(possible.shape),
        shoves=possible & False,
    )


def push(before, after, opened=False, goal=FAR_AWAY, name="box"):
    return TriedPush(before, after, name, goal, opened)


def tried(candidates, number, after=b"other", opened=False):
    """A push to a candidate from the start; opening the goal leads to a state of its own."""
    goal = candidates.goal(number)
    return push(START, OPEN if opened else after, opened, goal)


def labelled(candidates, pushes, further=()):
    return label_candidates(candidates, pushes, SearchedStates([*pushes, *further]))


def table(labels):
    """Labels by contact and travel."""
    return labels.label.reshape(CONTACTS, TRAVELS).tolist()


# ---- states ------------------------------------------------------------------------------------


def test_the_shortest_path_to_the_goal_counts():
    first = push(b"a", b"b")
    long, short = push(b"b", b"c"), push(b"b", b"d", goal=Pose2D(1, 0, 0))
    ends = [push(b"c", b"e"), push(b"e", b"open", True), push(b"d", b"open", True)]
    states = SearchedStates([first, long, short, *ends])
    assert [states.pushes_to_goal(one) for one in (first, short, long)] == [3, 2, 3]
    assert [states.pushes_to_goal(one) for one in ends] == [2, 1, 1]


def test_a_cycle_leads_nowhere_by_itself():
    cycle = [push(b"a", b"b"), push(b"b", b"c"), push(b"c", b"a")]
    states = SearchedStates(cycle)
    assert [states.pushes_to_goal(one) for one in cycle] == [None] * 3
    states = SearchedStates([*cycle, push(b"c", b"open", True)])
    assert [states.pushes_to_goal(one) for one in cycle] == [3, 2, 4]


def test_a_push_that_moved_nothing_is_not_part_of_a_plan():
    still = push(b"a", b"a")
    states = SearchedStates([still, push(b"a", b"open", True)])
    assert states.pushes_to_goal(still) is None


def test_what_was_tried_after_a_push_counts_each_simulation_once_and_at_any_depth():
    first = push(b"a", b"b")
    again = [push(b"b", b"c"), push(b"b", b"c"), push(b"b", b"c", name="other")]
    other = push(b"b", b"d", goal=Pose2D(1, 0, 0))
    states = SearchedStates([first, *again, other])
    assert states.tried_after(first) == 3
    assert states.tried_after(again[0]) == 0
    straight = [
        TriedPush(b"d", after, "box", FAR_AWAY, False, (4, travel))
        for after, travel in ((b"e", 0.1), (b"f", 0.2))
    ]
    deeper = SearchedStates([first, *again, other, *straight, push(b"f", b"b")])
    assert deeper.tried_after(first) == 5
    assert deeper.tried_after(other) == 5  # there is a way back
    assert deeper.tried_after(straight[0]) == 0


edges = st.lists(
    st.tuples(st.sampled_from("abcde"), st.sampled_from("abcde"), st.booleans()), max_size=12
)


@given(edges)
def test_distances_are_shortest_paths_in_the_graph_of_pushes(edges):
    # A push that opens the goal leads to an open state, in whichever search.
    pushes = [
        push(before.encode(), b"open" if opened else after.encode(), opened)
        for before, after, opened in edges
    ]
    distance = {b"open": 0}
    for _ in pushes:  # Bellman-Ford
        for one in pushes:
            if one.after in distance:
                nearer = min(distance.get(one.before, 99), distance[one.after] + 1)
                distance[one.before] = nearer
    states = SearchedStates(pushes)
    for one in pushes:
        expected = distance[one.after] + 1 if one.after in distance else None
        if one.before == one.after:
            expected = None
        assert states.pushes_to_goal(one) == expected


# ---- labels ------------------------------------------------------------------------------------


def test_success_failure_untried_and_unreachable_are_distinguished():
    candidates = make_candidates([[True], [True], [False]])
    pushes = [tried(candidates, 0, opened=True), tried(candidates, 7)]
    further = [push(b"other", b"more"), push(b"other", b"most", goal=Pose2D(1, 0, 0))]
    labels = labelled(candidates, pushes, further)
    assert table(labels) == [[SUCCESS] * 4, [FAILURE] * 4, [UNREACHABLE] * 4]
    assert labels.implied.reshape(3, 4).tolist() == [
        [False, True, True, True],
        [True, True, True, False],
        [False] * 4,
    ]
    assert labels.pushes_to_goal.tolist() == [1] * 4 + [0] * 8
    assert labels.tried_after.tolist() == [0] * 7 + [2] + [0] * 4
    assert labels.unmatched == 0


def test_a_contact_point_without_pushes_stays_untried():
    labels = labelled(make_candidates(), [tried(make_candidates(), 5, opened=True)])
    assert table(labels) == [
        [UNTRIED] * 4,
        [UNTRIED, SUCCESS, SUCCESS, SUCCESS],
        [UNTRIED] * 4,
    ]


def test_a_later_success_has_its_length_and_implies_that_shorter_pushes_fail():
    candidates = make_candidates()
    labels = labelled(candidates, [tried(candidates, 2)], [push(b"other", OPEN, True)])
    assert table(labels)[0] == [FAILURE, FAILURE, SUCCESS, UNTRIED]
    assert labels.pushes_to_goal[:4].tolist() == [0, 0, 2, 0]
    assert labels.implied[:4].tolist() == [True, True, False, False]


@pytest.mark.parametrize(("opened", "failed"), [(0, 3), (1, 2)])
def test_contradictory_labels_of_a_contact_point_imply_nothing(opened, failed):
    candidates = make_candidates()
    pushes = [tried(candidates, opened, opened=True), tried(candidates, failed)]
    labels = labelled(candidates, pushes)
    wanted = [UNTRIED] * 4
    wanted[opened], wanted[failed] = SUCCESS, FAILURE
    assert table(labels)[0] == wanted
    assert not labels.implied.any()


def test_a_push_that_moved_nothing_is_a_certain_failure():
    candidates = make_candidates()
    labels = labelled(candidates, [tried(candidates, 4, after=START)])
    assert labels.label[4] == FAILURE
    assert labels.tried_after[4] == MAX_COUNT


def test_counts_saturate():
    candidates = make_candidates()
    further = [push(b"other", b"x", goal=Pose2D(n, 0, 0)) for n in range(MAX_COUNT + 50)]
    assert labelled(candidates, [tried(candidates, 4)], further).tried_after[4] == MAX_COUNT


def test_a_push_that_matches_no_candidate_is_counted_but_labels_nothing():
    candidates = make_candidates([[True], [True], [False]])
    near = candidates.goal(1)
    unmatched = [
        FAR_AWAY,
        near._replace(theta=near.theta + 1.1 * ANGLE_TOLERANCE_RAD),
        Pose2D(near.x, near.y + 1.1 * POSITION_TOLERANCE_M, near.theta),
        candidates.goal(8),  # the goal of an infeasible candidate
    ]
    labels = labelled(candidates, [push(START, OPEN, True, goal) for goal in unmatched])
    assert labels.unmatched == 4
    assert table(labels) == [[UNTRIED] * 4, [UNTRIED] * 4, [UNREACHABLE] * 4]


def test_without_feasible_candidates_every_push_is_unmatched():
    candidates = make_candidates(False)
    labels = labelled(candidates, [tried(candidates, 0, opened=True)])
    assert labels.unmatched == 1
    assert (labels.label == UNREACHABLE).all()


@pytest.mark.parametrize("order", [1, -1])
def test_of_two_pushes_for_a_candidate_the_nearest_counts(order):
    candidates = make_candidates()
    near, far = (candidates.goal(0)._replace(x=candidates.goal(0).x + off) for off in (0.01, 0.03))
    pushes = [push(START, OPEN, True, near), push(START, b"other", False, far)][::order]
    labels = labelled(candidates, pushes)
    assert (labels.label[0], labels.pushes_to_goal[0], labels.unmatched) == (SUCCESS, 1, 0)


def test_full_turns_make_no_difference():
    candidates = make_candidates()
    goal = candidates.goal(0)
    turned = goal._replace(theta=goal.theta + 2 * math.pi)
    labels = labelled(candidates, [push(START, OPEN, True, turned)])
    assert (labels.label[0], labels.unmatched) == (SUCCESS, 0)


cells = list(product(range(CONTACTS), range(TRAVELS)))


@given(
    st.lists(st.booleans(), min_size=len(cells), max_size=len(cells)),
    st.dictionaries(
        st.sampled_from(range(len(cells))), st.sampled_from(["open", "later", "never"])
    ),
)
def test_implied_labels_only_fill_gaps(possible, outcomes):
    candidates = make_candidates(np.reshape(possible, (CONTACTS, TRAVELS)))
    pushes = [
        tried(candidates, number, after=outcome.encode(), opened=outcome == "open")
        for number, outcome in outcomes.items()
    ]
    labels = labelled(candidates, pushes, [push(b"later", OPEN, True)])
    matched = {number for number in outcomes if possible[number]}
    assert labels.unmatched == len(outcomes) - len(matched)
    for number, (contact, travel) in enumerate(cells):
        label, to_goal = labels.label[number], labels.pushes_to_goal[number]
        assert (label == UNREACHABLE) == (not possible[number])
        if number in matched:
            expected = {"open": (SUCCESS, 1), "later": (SUCCESS, 2), "never": (FAILURE, 0)}
            assert (label, to_goal) == expected[outcomes[number]]
            assert not labels.implied[number]
            continue
        row = {one % TRAVELS: outcomes[one] for one in matched if one // TRAVELS == contact}
        contradicts = any(
            row[one] == "open" and row[other] != "open"
            for one in row
            for other in row
            if one < other
        )
        opens = any(row[other] == "open" for other in row if other < travel)
        does_not = any(row[other] != "open" for other in row if other > travel)
        expected = UNTRIED
        if opens != does_not and not contradicts:
            expected = SUCCESS if opens else FAILURE
        if not possible[number]:
            expected = UNREACHABLE
        assert label == expected
        assert labels.implied[number] == (expected in (SUCCESS, FAILURE))
        assert to_goal == (expected == SUCCESS)


# ---- straight pushes ---------------------------------------------------------------------------


def straight(candidates, contact, travel, after=b"other", opened=False):
    """A straight push from the start, by the index of its travel."""
    goal = candidates.goal(contact * TRAVELS + travel)
    length = float(candidates.travels[travel])
    after = OPEN if opened else after
    return TriedPush(START, after, "box", goal, opened, (contact, length))


def test_a_straight_push_beyond_what_is_possible_is_labelled_where_it_is_covered():
    possible = np.arange(TRAVELS) < 2
    pushes = [straight(make_candidates(), 1, travel, opened=travel == 3) for travel in range(4)]
    labels = labelled(make_candidates(possible, covered=True), pushes)
    assert table(labels)[1] == [FAILURE, FAILURE, FAILURE, SUCCESS]
    assert labels.unmatched == 0
    labels = labelled(make_candidates(possible), pushes)
    assert table(labels)[1] == [FAILURE, FAILURE, UNREACHABLE, UNREACHABLE]
    assert labels.unmatched == 2


def test_a_push_to_a_pose_is_matched_only_with_what_is_possible():
    candidates = make_candidates(np.arange(TRAVELS) < 2, covered=True)
    labels = labelled(candidates, [tried(candidates, 3)])
    assert labels.unmatched == 1
    assert (labels.label == UNTRIED).all()


@pytest.mark.parametrize("leads", [False, True])
def test_where_a_straight_push_stops_longer_ones_stop_too(leads):
    candidates = make_candidates()
    pushes = [straight(candidates, 2, travel, b"stopped") for travel in range(2)]
    further = [push(b"stopped", OPEN, opened=True)] if leads else [push(b"stopped", b"nowhere")]
    labels = labelled(candidates, pushes, further)
    assert table(labels)[2] == [SUCCESS if leads else FAILURE] * TRAVELS
    assert labels.implied.reshape(CONTACTS, TRAVELS)[2].tolist() == [False, False, True, True]
    assert labels.pushes_to_goal.reshape(CONTACTS, TRAVELS)[2].tolist() == [2 * leads] * TRAVELS
    assert labels.tried_after.reshape(CONTACTS, TRAVELS)[2].tolist() == [
        *[int(not leads)] * 2,
        *[0, 0],
    ]
    assert (labels.label.reshape(CONTACTS, TRAVELS)[:2] == UNTRIED).all()
