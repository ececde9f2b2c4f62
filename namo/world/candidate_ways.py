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
        """The movable after each possible candidate, drawn, and the robot's positions (n, 2) (m).

        The robot is then where it made contact, moved along with the movable.
        """
        possible, reachability = self.candidates.possible, self.reachability
        goals = self.candidates.goals()[possible]
        standoffs = reachability.static.contacts[self.name].standoffs[np.nonzero(possible)[0]]
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
        is_open = np.zeros(self.candidates.possible.shape, np.bool_)
        is_open[self.candidates.possible] = opens_at(self.reachability, self.name, *self._ends)
        return is_open

    @cached_property
    def costs(self) -> Floats:
        """What remains after each candidate, (contacts, travels) m; infinite if impossible."""
        costs = np.full(self.candidates.possible.shape, np.inf)
        costs[self.candidates.possible] = self.remaining.costs_at(*self._ends)
        return costs

    @cached_property
    def p_opens(self) -> Floats:
        """Probability that each candidate opens the goal at its pose or on the way to it.

        (contacts, travels); a push passes through the poses of the shorter ones from its contact.
        """
        opens = np.where(self.candidates.shoves, P_OPENS_SHOVING, P_OPENS) * self.open
        at_any: Floats = 1.0 - np.cumprod(1.0 - opens, axis=1, dtype=np.float64)
        return at_any

    @cached_property
    def p_later(self) -> Floats:
        """Probability (contacts, travels) that, if it does not open the goal, a plan continues."""
        return rate_later(self.costs, self.now)
