"""Best-first search over both kinds of pushes: straight ones and pushes to a pose.

Straight pushes are cheap to know about: one simulation from a contact point tells for every travel
whether it opens the robot's goal and which state it leads to. A push to a pose corrects itself,
with up to ten contacts, and so gets where no single straight push does. One priority queue holds
both, for every state found so far:

- the *menu* of an object in a state: all its candidates, rated by the goal strategy, and the
  further goals that the strategy proposes. Next on it is the contact point with the best candidate,
  simulated straight, or a pose that no straight push from this state led to;
- the states at the ends of simulated travels, with the rating that a plan continues from them. They
  are expanded when their turn comes, and once: a state that is met again is recognised.

Ratings fall by `DEPTH_DISCOUNT` with each push of depth (Pearl 1984). A fraction of the pushes goes
to a search without ratings, see `namo.planning.portfolio`: the larger, the less of what the ratings
promised came true, see `namo.planning.trust`.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import NamedTuple

import numpy as np

from namo.geometry import Floats, Pose2D
from namo.planning.best_first import DEPTH_DISCOUNT
from namo.planning.planner import Termination
from namo.planning.portfolio import LATE_RANDOM_FRACTION, PortfolioPlanner, RatedSearch
from namo.planning.search import Node, Search, Steps
from namo.planning.trust import Trust
from namo.seeding import Streams
from namo.strategies.strategy import (
    FurtherGoals,
    GoalStrategy,
    ObjectStrategy,
    RatedCandidates,
    RatingCandidatesStrategy,
    RatingObjectStrategy,
)
from namo.world.candidates import candidate_pushes
from namo.world.push import Push
from namo.world.push_planner import equivalent_goals, within_tolerance

EAGER = 3
"""States of a straight push, those rated highest, that are expanded at once."""
POSE_DISCOUNT = 0.9
"""Factor on the rating of a push to a pose beside that of the straight push to the same end."""
LATER_FACTOR = 0.5
"""Rating of a state that a push to a further goal leads to, as a fraction of that goal's."""


class Hybrid(PortfolioPlanner):
    """Simulates next what has the highest rating, a straight push or a push to a pose."""

    def __init__(
        self, objects: ObjectStrategy, goals: GoalStrategy, max_goals_per_object: int
    ) -> None:
        """See `namo.planning.planner.Planner`."""
        super().__init__(objects, goals, max_goals_per_object)
        self._is_rating = True  # straight pushes are worth trying in any order

    def trust(self) -> Trust:
        """Return how far ratings are trusted when a search begins; not at all if there are none."""
        is_rating = isinstance(self._goals, RatingCandidatesStrategy)
        return Trust(self._random_fraction if is_rating else 1.0)

    def _rated_search(self, search: Search, streams: Streams) -> RatedSearch:
        return HybridSearch(self, search, streams, search.root)

    def candidates(
        self, search: Search, node: Node, name: str, rating: float, streams: Streams
    ) -> RatedCandidates:
        """Return the candidates of an object with their ratings; unrated ones in random order.

        Unrated ones are rated at random, up to `rating`, the probability of the object.
        """
        world = search.enter(node)
        if isinstance(self._goals, RatingCandidatesStrategy):
            return self._goals.rated(world, name)
        candidates = candidate_pushes(world, name)
        numbers = candidates.possible.ravel().nonzero()[0]
        order = streams.goals.random(len(numbers))
        return RatedCandidates(candidates, numbers, np.zeros(len(numbers)), rating * order)

    def rated_objects(
        self, search: Search, node: Node, streams: Streams
    ) -> list[tuple[str, float | None]]:
        """See `StrategyPlanner.rated_objects`; an only object to begin with has probability 1."""
        if (
            node.depth == 0
            and len(node.reachable) == 1
            and isinstance(self._goals, RatingCandidatesStrategy)
            and isinstance(self._objects, RatingObjectStrategy)
        ):
            return [(node.reachable[0], 1.0)]
        return super().rated_objects(search, node, streams)

    def further(self, search: Search, node: Node, name: str) -> FurtherGoals:
        """Return further goals of an object, if the goal strategy has any."""
        if isinstance(self._goals, RatingCandidatesStrategy):
            return self._goals.further(search.enter(node), name)
        return ()


class _Choice(NamedTuple):
    """What is next on a menu.

    Attributes:
        rating: negative when nothing is left.
        contact: of a straight push or a candidate pose; None for the first of the further goals.
        travel: of a candidate pose; None otherwise.
    """

    rating: float
    contact: int | None
    travel: int | None


class _Menu:
    """The pushes of an object in a state that are left to try, and their ratings.

    Attributes:
        name: of the object.
        further: goals besides the candidates with their ratings, best first; none until they are
            needed.
    """

    def __init__(
        self, name: str, rated: RatedCandidates, find_further: Callable[[], FurtherGoals]
    ) -> None:
        self.name, self.further = name, list[tuple[Pose2D, float]]()
        self._find_further, self._further_limit = find_further, rated.needed_further
        self._struck: list[Pose2D] = []  # before the further goals were found
        self._rated = rated
        self._opens = np.zeros(rated.candidates.possible.shape)
        self._opens.ravel()[rated.numbers] = rated.opens
        self._goals = rated.candidates.goals().reshape(-1, 3)
        possible = rated.candidates.possible
        self._contacts = np.asarray(possible.any(axis=1))  # not simulated yet
        self._poses = possible.copy()  # not reached yet

    @cached_property
    def _later(self) -> Floats:
        """Ratings (contacts, travels) of the states that pushes to the candidates lead to."""
        later = np.zeros(self._opens.shape)
        later.ravel()[self._rated.numbers] = self._rated.p_later
        return later

    def best(self) -> _Choice:
        """Return what has the highest rating."""
        if self._rated.can_wait:  # nothing was tried, and other kinds of pushes are rated lower
            opens = self._opens.max(axis=1)
            contact = int(opens.argmax())
            rest = (1.0 - opens[contact]) * self._rated.later_limit
            return _Choice(float(opens[contact] + rest), contact, None)
        values: Floats = self._opens + (1.0 - self._opens) * self._later
        straight = np.where(self._contacts, values.max(axis=1), -1.0)
        contact = int(straight.argmax())
        poses = np.where(self._poses, POSE_DISCOUNT * values, -1.0)
        pose = int(poses.argmax())
        best = _Choice(float(straight[contact]), contact, None)
        if poses.flat[pose] > best.rating:
            best = _Choice(float(poses.flat[pose]), *divmod(pose, poses.shape[1]))
        if self._further_limit > max(best.rating, 0.0):
            self._further_limit = 0.0
            self.further = list(self._find_further())
            for struck in self._struck:
                self._strike(struck)
        if self.further and self.further[0][1] > best.rating:
            best = _Choice(self.further[0][1], None, None)
        return best

    def p_opens(self, choice: _Choice) -> float:
        """Return the probability that a choice opens the goal; 0 if only what follows is rated."""
        if choice.contact is None:
            return 0.0
        of_contact = self._opens[choice.contact]
        return float(of_contact.max() if choice.travel is None else of_contact[choice.travel])

    def goal(self, choice: _Choice) -> Pose2D:
        """Return the pose, world frame, of a choice that is no straight push."""
        if choice.contact is None or choice.travel is None:
            return self.further[0][0]
        x, y, theta = self._goals[choice.contact * self._poses.shape[1] + choice.travel].tolist()
        return Pose2D(x, y, theta)

    def after(self, choice: _Choice, ends: Sequence[Pose2D | None]) -> Floats:
        """Take note of what was simulated, and return the ratings (n,) of the states it led to.

        Args:
            choice: that was simulated, and did not open the goal.
            ends: n poses of the object, one after each travel of a straight push; None where
                nothing moved.
        """
        rating, contact, travel = choice
        if contact is None:
            del self.further[0]
            ratings = np.array([LATER_FACTOR * rating])
        elif travel is None:
            self._contacts[contact] = False
            self._opens[contact] = 0.0
            self._poses[contact, len(ends) :] = False
            ratings = self._later[contact, : len(ends)]
        else:
            self._strike(self.goal(choice))
            self._opens[contact, : travel + 1] = 0.0  # it passed through the shorter ones
            ratings = self._later[contact, travel : travel + 1]
        for end in ends:
            self._strike(end)
        return ratings

    def _strike(self, pose: Pose2D | None) -> None:
        """Take the goals within tolerance of a pose off the menu; None is no pose."""
        if pose is not None:
            self._poses[equivalent_goals(self._goals, pose).reshape(self._poses.shape)] = False
            self.further = [each for each in self.further if not within_tolerance(pose, each[0])]
            if self._further_limit > 0.0:
                self._struck.append(pose)


@dataclass(order=True)
class _QueueEntry:
    """A menu, an object whose menu is not made yet, or a state to expand.

    Attributes:
        cost: lowest first.
        number: order of insertion, breaks ties.
        node: the state.
        name: of the object; None for a state to expand.
        rating: of the object.
        menu: None if it is not made yet.
    """

    cost: float
    number: int
    node: Node = field(compare=False)
    name: str | None = field(compare=False, default=None)
    rating: float = field(compare=False, default=1.0)
    menu: _Menu | None = field(compare=False, default=None)


class HybridSearch:
    """The search that follows ratings.

    Attributes:
        rated: the states of which the candidates of an object were rated, in that order.
    """

    def __init__(self, planner: Hybrid, search: Search, streams: Streams, start: Node) -> None:
        """Start at a node of a search in progress."""
        self._planner, self._search, self._streams = planner, search, streams
        self._start, self._trust = start, planner.trust()
        self.rated: dict[int, Node] = {}
        self._queue: list[_QueueEntry] = []
        self._inserted = 0
        self._depths: dict[int, int] = {}  # smallest depth of each expanded state
        self._cut_off = False

    @property
    def late_random_fraction(self) -> float:
        """See `namo.planning.portfolio.RatedSearch`; it grows with what was promised and failed."""
        return min(self._trust.p_wrong, LATE_RANDOM_FRACTION)

    def steps(self) -> Steps:
        """Search step by step."""
        if self._search.is_goal(self._start):
            return self._start
        self._insert(1.0, self._start)
        while self._queue:
            first = heapq.heappop(self._queue)
            if first.name is None:
                self._expand(first.node)
            elif first.menu is None:
                self.rated.setdefault(first.node.number, first.node)
                rated = self._planner.candidates(
                    self._search, first.node, first.name, first.rating, self._streams
                )
                find = partial(self._planner.further, self._search, first.node, first.name)
                self._insert_menu(first.node, _Menu(first.name, rated, find))
            else:
                yield
                solved = self._try(first.node, first.menu)
                if solved is not None:
                    return solved
                self._insert_menu(first.node, first.menu)
        return Termination.DEPTH if self._cut_off else Termination.EXHAUSTED

    def _expand(self, node: Node) -> None:
        """Insert the objects of a state that is new or was reached by more pushes before."""
        if self._depths.get(node.number, math.inf) <= node.depth:
            return
        self._depths[node.number] = node.depth
        if node.depth == self._search.budget.depth:
            self._cut_off |= bool(node.reachable)
            return
        for name, rating in self._planner.rated_objects(self._search, node, self._streams):
            value = 1.0 if rating is None else rating
            self._insert(value, node, name, rating=value)

    def _try(self, node: Node, menu: _Menu) -> Node | None:
        """Simulate what is next on a menu; return the node at which the goal is open, if any."""
        search, choice = self._search, menu.best()
        simulated = search.pushes_simulated
        if choice.contact is not None and choice.travel is None:
            children = search.push_straight(node, menu.name, choice.contact)
        else:
            children = [search.push(node, Push(menu.name, menu.goal(choice)))]
        for child in children:
            if child is not None and search.is_goal(child):
                return child
        if search.pushes_simulated > simulated:  # else it failed before, and was noted
            self._trust.failed(menu.p_opens(choice))
        ends = [None if child is None else search.pose(child, menu.name) for child in children]
        ratings = menu.after(choice, ends)
        found = [
            (later, child)
            for child, later in zip(children, ratings.tolist(), strict=True)
            if child is not None
        ]
        found.sort(key=lambda each: -each[0])
        for _, child in found[:EAGER]:
            self._expand(child)
        for later, child in found[EAGER:]:
            self._insert(later, child)
        return None

    def _insert_menu(self, node: Node, menu: _Menu) -> None:
        rating = menu.best().rating
        if rating >= 0.0:
            self._insert(rating, node, menu.name, menu=menu)

    def _insert(
        self,
        value: float,
        node: Node,
        name: str | None = None,
        rating: float = 1.0,
        menu: _Menu | None = None,
    ) -> None:
        self._inserted += 1
        cost = -value * DEPTH_DISCOUNT**node.depth
        heapq.heappush(self._queue, _QueueEntry(cost, self._inserted, node, name, rating, menu))
