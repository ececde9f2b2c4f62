"""What each candidate push of a movable leaves of the way to the robot's goal, as predicted.

Primitives predict where a straight push leaves the movable; `namo.world.blocked_way` tells what
then remains of the way. Everything is computed when it is first asked for.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from namo.geometry import Floats, to_world_each
from namo.world.blocked_way import RemainingWay, drawings_at, opens_at, rate_later
from namo.world.candidates import CandidatePushes
from namo.world.free_space import Drawings
from namo.world.reachability import Reachability

P_OPENS = 0.8
"""Probability that a straight push opens the goal at a pose at which it is predicted to."""
P_OPENS_SHOVING = 0.4
"""The same where it would push another movable along, which primitives do not predict."""
OVERLAP_LIMITS = 0.0, 0.2
"""Upper limits of the first classes of overlaps with walls, see `CandidatePushes.overlaps`."""
P_PAST_WALL = 1.0, 0.45, 0.1
"""Probability that a push gets to a pose, for each class of overlaps: up to the limits, and beyond.

Measured by 18,000 straight pushes: of those first predicted to open the goal where only the robot
meets a wall, 97 % opened it; up to 0.2, 44 %; beyond, 7 %."""


class CandidateWays:
    """The ways that remain after the candidates of a movable in one state.

    Attributes:
        reachability: of the state.
        name: of the movable.
        candidates: of the movable in that state.
    """

    def __init__(self, reachability: Reachability, name: str, candidates: CandidatePushes) -> None:
        """Describe a movable in a state; nothing is computed yet."""
        self.reachability, self.name, self.candidates = reachability, name, candidates

    @cached_property
    def remaining(self) -> RemainingWay:
        """The way with the movable at another pose."""
        return RemainingWay(self.reachability, self.name)

    @cached_property
    def now(self) -> float:
        """What remains where the movable is now (m of free drive)."""
        robot = self.reachability.poses["robot"]
        return self.remaining.cost(self.reachability.poses[self.name], robot.x, robot.y)

    @cached_property
    def _ends(self) -> tuple[Drawings, Floats]:
        """The movable after each covered candidate, drawn, and the robot's positions (n, 2) (m).

        The robot is then where it made contact, moved along with the movable.
        """
        covered, reachability = self.candidates.covered, self.reachability
        goals = self.candidates.goals()[covered]
        standoffs = reachability.static.contacts[self.name].standoffs[np.nonzero(covered)[0]]
        return drawings_at(reachability, self.name, goals), to_world_each(goals, standoffs)

    @cached_property
    def open(self) -> NDArray[np.bool_]:
        """Whether the goal is open after each candidate, (contacts, travels): where `costs` are 0.

        Takes less time than `costs`, and leaves less to do for it; none where these are known.
        """
        is_open: NDArray[np.bool_]
        if "costs" in vars(self):
            is_open = self.costs == 0.0
            return is_open
        is_open = np.zeros(self.candidates.covered.shape, np.bool_)
        is_open[self.candidates.covered] = opens_at(self.reachability, self.name, *self._ends)
        return is_open

    @cached_property
    def costs(self) -> Floats:
        """What remains after each candidate, (contacts, travels) m; infinite if not covered."""
        costs = np.full(self.candidates.covered.shape, np.inf)
        costs[self.candidates.covered] = self.remaining.costs_at(*self._ends)
        return costs

    @cached_property
    def p_opens(self) -> Floats:
        """Probability that each candidate opens the goal at its pose or on the way to it.

        (contacts, travels); a push passes through the poses of the shorter ones from its contact.
        """
        promised = np.where(self.candidates.shoves, P_OPENS_SHOVING, P_OPENS) * self.open
        clear = self.candidates.overlaps == 0.0
        at_none = np.cumprod(1.0 - promised * clear, axis=1, dtype=np.float64)
        past_wall = np.maximum.accumulate(promised * ~clear * self.p_arrives, axis=1)
        at_any: Floats = 1.0 - at_none * (1.0 - past_wall)
        return at_any

    @cached_property
    def p_arrives(self) -> Floats:
        """Probability (contacts, travels) that walls let a push get to its candidate's pose."""
        arrives: Floats = np.array(P_PAST_WALL)[
            np.searchsorted(OVERLAP_LIMITS, self.candidates.overlaps)
        ]
        return arrives

    @cached_property
    def p_later(self) -> Floats:
        """Probability (contacts, travels) that, if it does not open the goal, a plan continues."""
        later: Floats = self.p_arrives * rate_later(self.costs, self.now)
        return later
