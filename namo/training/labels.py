"""What searches say about candidate pushes: success, failure, untried, unreachable, kept apart.

A candidate *succeeds* when the robot's goal can be reached after it, at once or with pushes that
were found to follow; it *fails* when it was tried and neither is known. What was not tried is not a
failure, and what the robot cannot do in this state is neither.

A longer push from the same contact point passes through all shorter ones and ends as soon as the
goal opens. So where a push opened the goal the longer ones do too, and where it did not the shorter
ones do not either; these labels are *implied*.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from namo.geometry import Pose2D
from namo.world.candidates import CandidatePushes
from namo.world.push_planner import ANGLE_TOLERANCE_RAD, POSITION_TOLERANCE_M

MOST = 127
"""Counts are stored up to this."""


class Label(IntEnum):
    """What is known of a candidate. The numbers are part of every data set."""

    UNTRIED = 0
    FAILURE = 1
    SUCCESS = 2
    UNREACHABLE = 3


def is_known(label: NDArray[np.int8]) -> NDArray[np.bool_]:
    """Return which of some labels (...) are a success or a failure, (...)."""
    known: NDArray[np.bool_] = (label == Label.SUCCESS) | (label == Label.FAILURE)
    return known


@dataclass(frozen=True)
class TriedPush:
    """One simulated push, as the table of pushes has it.

    Attributes:
        before: which state it started from: the same bytes for the same poses.
        after: which state it led to.
        name: of the movable.
        goal: wanted pose, world frame.
        opened: whether the robot's goal was reachable afterwards.
    """

    before: bytes
    after: bytes
    name: str
    goal: Pose2D
    opened: bool


class SearchedStates:
    """What all searches of one scene say of its states together."""

    def __init__(self, pushes: Iterable[TriedPush]) -> None:
        """Look for the shortest way to the goal from each state."""
        pushes = list(pushes)
        self._tried: dict[bytes, set[tuple[str, Pose2D]]] = defaultdict(set)
        came_from: dict[bytes, set[bytes]] = defaultdict(set)
        self._to_goal: dict[bytes, int] = {}
        for push in pushes:
            self._tried[push.before].add((push.name, push.goal))
            came_from[push.after].add(push.before)
            if push.opened:
                self._to_goal[push.after] = 0
        waiting = deque(self._to_goal)
        while waiting:
            state = waiting.popleft()
            for before in came_from[state]:
                if before not in self._to_goal:
                    self._to_goal[before] = self._to_goal[state] + 1
                    waiting.append(before)

    def pushes_to_goal(self, push: TriedPush) -> int | None:
        """Return the fewest pushes known to reach the goal through this one, itself included."""
        if push.opened:
            return 1
        after = self._to_goal.get(push.after)
        if after is None or push.after == push.before:
            return None
        return after + 1

    def tried_after(self, push: TriedPush) -> int:
        """Return how many different pushes were tried in the state it led to."""
        return len(self._tried[push.after])


@dataclass(frozen=True, eq=False)
class CandidateLabels:
    """What is known of all candidates of a movable in a state, numbered as in `CandidatePushes`.

    Attributes:
        label: (candidates,) a `Label` each.
        implied: (candidates,) whether it follows from another candidate of the same contact point.
        pushes_to_goal: (candidates,) of a success: 1 at once, 2 with one push that followed, ...;
            else 0.
        tried_after: (candidates,) of a failure: pushes tried in the state it led to, all in vain,
            up to `MOST`; a push that moved nothing leads nowhere, which counts as `MOST`.
        unmatched: how many pushes aimed at no candidate.
    """

    label: NDArray[np.int8]
    implied: NDArray[np.bool_]
    pushes_to_goal: NDArray[np.int8]
    tried_after: NDArray[np.int8]
    unmatched: int


def label_candidates(
    candidates: CandidatePushes, pushes: Iterable[TriedPush], states: SearchedStates
) -> CandidateLabels:
    """Return what pushes of a movable in one state say about its candidates.

    A push counts for the possible candidate whose pose is nearest to the one it aimed at, within
    the tolerances of the push skill. Of several for one candidate the nearest counts.

    Args:
        candidates: of the movable in that state.
        pushes: that were tried there.
        states: from the searches these come from.
    """
    shape = candidates.possible.shape
    goals, possible = candidates.goals().reshape(-1, 3), candidates.possible.ravel()
    label = np.where(possible, Label.UNTRIED, Label.UNREACHABLE).astype(np.int8)
    pushes_to_goal, tried_after = (np.zeros(label.size, np.int8) for _ in range(2))
    best = np.full(label.size, np.inf)
    unmatched = 0
    for push in pushes:
        number, mismatch = _nearest(goals, possible, push.goal)
        if mismatch > 1.0:
            unmatched += 1
        elif mismatch < best[number]:
            best[number] = mismatch
            steps = states.pushes_to_goal(push)
            label[number] = Label.FAILURE if steps is None else Label.SUCCESS
            pushes_to_goal[number] = min(steps or 0, MOST)
            nowhere = push.after == push.before
            after = MOST if nowhere else min(states.tried_after(push), MOST)
            tried_after[number] = after if steps is None else 0
    implied = _imply(*(values.reshape(shape) for values in (label, pushes_to_goal)))
    return CandidateLabels(label, implied.ravel(), pushes_to_goal, tried_after, unmatched)


def _nearest(
    goals: NDArray[np.float64], possible: NDArray[np.bool_], goal: Pose2D
) -> tuple[int, float]:
    """Return the nearest possible candidate and how far it is, 1 at the tolerances."""
    distance = np.hypot(goals[:, 0] - goal.x, goals[:, 1] - goal.y) / POSITION_TOLERANCE_M
    turn = np.abs(np.remainder(goals[:, 2] - goal.theta + np.pi, 2 * np.pi) - np.pi)
    mismatch = np.where(possible, np.maximum(distance, turn / ANGLE_TOLERANCE_RAD), np.inf)
    number = int(mismatch.argmin())
    return number, float(mismatch[number])


def _imply(label: NDArray[np.int8], pushes_to_goal: NDArray[np.int8]) -> NDArray[np.bool_]:
    """Fill in what follows along each contact point (contacts, travels); return where."""
    tried = is_known(label)
    opened = pushes_to_goal == 1
    untried = label == Label.UNTRIED
    shorter_opened = np.logical_or.accumulate(opened, axis=1)
    longer_did_not = np.logical_or.accumulate((tried & ~opened)[:, ::-1], axis=1)[:, ::-1]
    # Pushes are not perfectly straight: a contact point that contradicts itself implies nothing.
    untried &= ~(shorter_opened & longer_did_not).any(axis=1, keepdims=True)
    succeeds, fails = untried & shorter_opened, untried & longer_did_not
    label[succeeds], label[fails] = Label.SUCCESS, Label.FAILURE
    pushes_to_goal[succeeds] = 1
    implied: NDArray[np.bool_] = succeeds | fails
    return implied
