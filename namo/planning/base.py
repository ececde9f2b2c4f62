"""Base of planners that use an object strategy and a goal strategy."""

from __future__ import annotations

from namo.planning.search import Node, Search
from namo.seeding import Streams
from namo.strategies.strategy import GoalStrategy, ObjectStrategy
from namo.world.push import Push


class StrategyPlanner:
    """A planner that gets its candidate pushes from an object and a goal strategy."""

    def __init__(
        self, objects: ObjectStrategy, goals: GoalStrategy, max_goals_per_object: int
    ) -> None:
        """See `namo.planning.planner.Planner`."""
        self._objects, self._goals = objects, goals
        self._max_goals = max_goals_per_object

    def _propose_pushes(self, search: Search, node: Node, streams: Streams) -> list[Push]:
        """Return the pushes to try in a state: the goals of each object, in order of rank."""
        world = search.enter(node)
        return [
            Push(name, goal)
            for name in self._objects.rank(world, list(node.reachable), streams.objects)
            for goal in self._goals.propose(world, name, self._max_goals, streams.goals)
        ]
