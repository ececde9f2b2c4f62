"""Labels of candidate pushes from searches: success, failure, untried, unreachable.

A candidate is a *success* if the robot's goal is reachable after it, directly or with further
pushes that a search found; it is a *failure* if it was tried and neither is known. A candidate that
was not tried is not a failure, and one that no straight push covers in this state is *unreachable*.

A longer push from the same contact point passes through the end poses of all shorter ones and stops
as soon as the goal opens. So if a push opened the goal, the longer ones do too, and if it did not,
the shorter ones do not either; labels that follow in this way are *implied*. So are those of the
travels beyond the one at which a straight push came to a stop.
"""

from __future__ import annotations

import math
from collections import defaultdict, deque
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from namo.geometry import Pose2D
from namo.world.candidates import CandidatePushes
from namo.world.push_planner import ANGLE_TOLERANCE_RAD, POSITION_TOLERANCE_M

MAX_COUNT = 127
"""Counts saturate at this value."""
DEAD_END_AFTER = 5
"""Failed pushes from the state that a push led to on, from which on it counts as a dead end.

As many as the searches of `namo.planning.labelling` from such a state take. Of the scenes in which
one push suffices its search solves all within five, and of those that need two nine of ten.
"""


class Label(IntEnum):
    """Label of a candidate. The values are part of the format of data sets."""

    UNTRIED = 0
    FAILURE = 1
    SUCCESS = 2
    UNREACHABLE = 3


def is_known(label: NDArray[np.int8]) -> NDArray[np.bool_]:
    """Return a mask (...) of the labels (...) that are a success or a failure."""
    known: NDArray[np.bool_] = (label == Label.SUCCESS) | (label == Label.FAILURE)
    return known


@dataclass(frozen=True)
class TriedPush:
    """One simulated push from the table of pushes.

    Attributes:
        before: state it started from, as the bytes of its poses.
        after: state it led to, likewise.
        name: of the movable.
        goal: target pose, world frame; of a straight push the pose it led to.
        opened: whether the robot's goal was reachable afterwards.
        straight: contact and travel (m) of a straight push, else None.
    """

    before: bytes
    after: bytes
    name: str
    goal: Pose2D
    opened: bool
    straight: tuple[int, float] | None = None


class SearchedStates:
    """The graph of states and pushes from all searches of one scene."""

    def __init__(self, pushes: Iterable[TriedPush]) -> None:
        """Compute the distance to the goal from each state, by breadth-first search backwards."""
        pushes = list(pushes)
        self._tried: dict[bytes, set[tuple[str, Pose2D | int]]] = defaultdict(set)
        self._successors: dict[bytes, set[bytes]] = defaultdict(set)
        self._tried_below: dict[bytes, int] = {}
        predecessors: dict[bytes, set[bytes]] = defaultdict(set)
        self._to_goal: dict[bytes, int] = {}
        for push in pushes:
            simulated = push.straight[0] if push.straight else push.goal
            self._tried[push.before].add((push.name, simulated))
            self._successors[push.before].add(push.after)
            predecessors[push.after].add(push.before)
            if push.opened:
                self._to_goal[push.after] = 0
        queue = deque(self._to_goal)
        while queue:
            state = queue.popleft()
            for before in predecessors[state]:
                if before not in self._to_goal:
                    self._to_goal[before] = self._to_goal[state] + 1
                    queue.append(before)

    def pushes_to_goal(self, push: TriedPush) -> int | None:
        """Return the length of the shortest known plan that starts with this push, or None."""
        if push.opened:
            return 1
        after = self._to_goal.get(push.after)
        if after is None or push.after == push.before:
            return None
        return after + 1

    def tried_after(self, push: TriedPush) -> int:
        """Return the number of distinct pushes tried in the state that this push led to and beyond.

        Straight pushes from one contact point are one: they are the same simulation.
        """
        if push.after not in self._tried_below:
            seen, left = {push.after}, [push.after]
            while left:
                new = self._successors.get(left.pop(), set()) - seen
                seen |= new
                left += new
            self._tried_below[push.after] = sum(len(self._tried.get(one, ())) for one in seen)
        return self._tried_below[push.after]


@dataclass(frozen=True, eq=False)
class CandidateLabels:
    """Labels of all candidates of a movable in a state, in the order of `CandidatePushes`.

    Attributes:
        label: (candidates,) `Label` values.
        implied: (candidates,) whether the label is implied by another push from the same contact
            point.
        pushes_to_goal: (candidates,) for a success, the length of the shortest known plan from it:
            1 if it opened the goal, 2 with one further push, ...; else 0.
        tried_after: (candidates,) for a failure, pushes tried in the state it led to and beyond,
            all without success, at most `MAX_COUNT`; `MAX_COUNT` for a push that moved nothing;
            0 where the failure is implied.
        unmatched: number of pushes that match no candidate.
    """

    label: NDArray[np.int8]
    implied: NDArray[np.bool_]
    pushes_to_goal: NDArray[np.int8]
    tried_after: NDArray[np.int8]
    unmatched: int


def label_candidates(
    candidates: CandidatePushes, pushes: Iterable[TriedPush], states: SearchedStates
) -> CandidateLabels:
    """Return the labels of the candidates of a movable, given the pushes tried in one state.

    A straight push is the candidate of its contact and travel. Another push is matched to the
    possible candidate whose pose is nearest to its target, within the tolerances of the push skill.
    If several match one candidate, the nearest counts.

    Args:
        candidates: of the movable in that state.
        pushes: that were tried there.
        states: graph of the searches that the pushes are from.
    """
    shape = candidates.possible.shape
    goals, possible = candidates.goals().reshape(-1, 3), candidates.possible.ravel()
    label = np.where(candidates.covered.ravel(), Label.UNTRIED, Label.UNREACHABLE).astype(np.int8)
    pushes_to_goal, tried_after = (np.zeros(label.size, np.int8) for _ in range(2))
    best = np.full(label.size, np.inf)
    unmatched = 0
    ends: dict[int, int] = {}  # contact -> number of the longest straight push
    for push in pushes:
        if push.straight is None:
            number, mismatch = _nearest(goals, possible, push.goal)
        else:
            number, mismatch = _same(candidates, *push.straight)
            if mismatch <= 1.0:
                ends[push.straight[0]] = max(number, ends.get(push.straight[0], 0))
        if mismatch > 1.0:
            unmatched += 1
        elif mismatch < best[number]:
            best[number] = mismatch
            steps = states.pushes_to_goal(push)
            label[number] = Label.FAILURE if steps is None else Label.SUCCESS
            pushes_to_goal[number] = min(steps or 0, MAX_COUNT)
            unmoved = push.after == push.before
            after = MAX_COUNT if unmoved else min(states.tried_after(push), MAX_COUNT)
            tried_after[number] = after if steps is None else 0
    implied = _imply(*(values.reshape(shape) for values in (label, pushes_to_goal))).ravel()
    for contact, end in ends.items():
        beyond = np.arange(end + 1, (contact + 1) * shape[1])
        beyond = beyond[label[beyond] == Label.UNTRIED]
        label[beyond], pushes_to_goal[beyond] = label[end], pushes_to_goal[end]
        implied[beyond] = True
    return CandidateLabels(label, implied, pushes_to_goal, tried_after, unmatched)


def _nearest(
    goals: NDArray[np.float64], possible: NDArray[np.bool_], goal: Pose2D
) -> tuple[int, float]:
    """Return the nearest possible candidate and its mismatch, where 1 is the tolerance."""
    distance = np.hypot(goals[:, 0] - goal.x, goals[:, 1] - goal.y) / POSITION_TOLERANCE_M
    rotation = np.abs(np.remainder(goals[:, 2] - goal.theta + np.pi, 2 * np.pi) - np.pi)
    mismatch = np.where(possible, np.maximum(distance, rotation / ANGLE_TOLERANCE_RAD), np.inf)
    number = int(mismatch.argmin())
    return number, float(mismatch[number])


def _same(candidates: CandidatePushes, contact: int, travel: float) -> tuple[int, float]:
    """Return the candidate of a straight push and its mismatch: 0, or infinite if not covered."""
    at = int(np.abs(candidates.travels - travel).argmin())
    is_same = bool(candidates.covered[contact, at]) and candidates.travels[at] == travel
    return contact * len(candidates.travels) + at, 0.0 if is_same else math.inf


def _imply(label: NDArray[np.int8], pushes_to_goal: NDArray[np.int8]) -> NDArray[np.bool_]:
    """Fill in the implied labels of each contact point (contacts, travels); return their mask."""
    tried = is_known(label)
    opened = pushes_to_goal == 1
    untried = label == Label.UNTRIED
    shorter_opened = np.logical_or.accumulate(opened, axis=1)
    longer_did_not = np.logical_or.accumulate((tried & ~opened)[:, ::-1], axis=1)[:, ::-1]
    # Pushes are not perfectly straight: contradictory labels of a contact point imply nothing.
    untried &= ~(shorter_opened & longer_did_not).any(axis=1, keepdims=True)
    succeeds, fails = untried & shorter_opened, untried & longer_did_not
    label[succeeds], label[fails] = Label.SUCCESS, Label.FAILURE
    pushes_to_goal[succeeds] = 1
    implied: NDArray[np.bool_] = succeeds | fails
    return implied
