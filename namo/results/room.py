"""How many plans of a collection leave room for a wider robot, from its files alone."""

from __future__ import annotations

from dataclasses import dataclass

from namo.geometry import Pose2D
from namo.results.collection import Collection
from namo.results.record_types import Observation
from namo.signals import check_termination
from namo.world.reachability import Reachability
from namo.world.static_map import StaticMap


@dataclass(frozen=True)
class Room:
    """The plans of a collection at a clearance.

    Attributes:
        clearance: room around the robot where it drives (m).
        collected: clearances under which the plans were collected (m).
        plans: of one push and more.
        open: those at whose end the robot's goal is reachable with that clearance.
    """

    clearance: float
    collected: frozenset[float]
    plans: int
    open: int


def room_of_plans(collection: Collection, clearance: float) -> Room:
    """Return how many plans end with an open goal for a robot that keeps a clearance.

    The state after each plan is looked at as it is stored; nothing is simulated.

    Args:
        collection: or an export of one.
        clearance: room around the robot where it drives (m), in place of that of the collection.

    Raises:
        SceneError: a scene is not stored, and its file is missing or has changed.
        ResultFileError: a file of the collection is missing or damaged.
    """
    plans = is_open = 0
    collected = set[float]()
    for searched in collection.searched():
        check_termination()
        finals = [
            episode["post_action_state_observations"][-1]
            for episode in searched.episodes
            if episode["action_sequence"]
        ]
        if not finals:
            continue
        conditions = searched.conditions._replace(clearance=clearance)
        static = StaticMap(collection.collected_scenes.scene(searched.reference, conditions))
        collected.add(searched.conditions.clearance)
        plans += len(finals)
        is_open += sum(_is_open(static, state) for state in finals)
    return Room(clearance, frozenset(collected), plans, is_open)


def _is_open(static: StaticMap, state: Observation) -> bool:
    poses = {name: Pose2D(*state[f"{name}_pose"]) for name in ("robot", *static.index)}
    return Reachability(static, poses).goal_reachable
