"""The spaces of the environment, and what its actions ask of a world.

All scenes of an environment share one space, while the number of movables differs between them:
arrays are padded with zeros to the largest number, and `present` marks the valid entries.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from gymnasium.spaces import Box, Dict, Discrete, MultiBinary
from numpy.typing import NDArray

from namo.geometry import Pose2D
from namo.world.candidates import candidate_pushes
from namo.world.contacts import MAX_CONTACT_POINTS
from namo.world.primitives import TRAVELS
from namo.world.push import NO_TRAVEL_M, TO_A_POSE, Action, Push, StraightPush
from namo.world.world import World

PUSHES_PER_MOVABLE = MAX_CONTACT_POINTS * len(TRAVELS)


def pose_space(movables: int) -> Dict:
    """Return the space of observed poses: x, y (m), theta (rad), world frame.

    Args:
        movables: number of movables to pad to.
    """
    return Dict(
        {
            "robot": _poses((3,)),
            "goal": Box(-np.inf, np.inf, (2,), np.float64),
            "movables": _poses((movables, 3)),
            "present": MultiBinary(movables),
        }
    )


def request_space(movables: int) -> Dict:
    """Return the space of requests, each a push to a pose or a straight one.

    Index of the pushed movable, its target pose; contact point and travel (m) of a straight push,
    `TO_A_POSE` and `NO_TRAVEL_M` for a push to a pose.

    Args:
        movables: number of movables to pad to.
    """
    return Dict(
        {
            "object": Discrete(movables),
            "target": _poses((3,)),
            "contact": Discrete(MAX_CONTACT_POINTS + 1, start=TO_A_POSE),
            "travel": Box(0.0, np.inf, (), np.float64),
        }
    )


def candidate_space(movables: int) -> Discrete:
    """Return the space of candidate pushes, which are straight.

    Action `(movable * MAX_CONTACT_POINTS + contact) * len(TRAVELS) + travel`.

    Args:
        movables: number of movables to pad to.
    """
    return Discrete(movables * PUSHES_PER_MOVABLE)


def _poses(shape: tuple[int, ...]) -> Box:
    high = np.broadcast_to(np.array([np.inf, np.inf, np.pi]), shape)
    return Box(-high, high, shape, np.float64)


def observed_poses(world: World, movables: int) -> dict[str, Any]:
    """Return the observation of a world in `pose_space`.

    Args:
        world: in the state to observe.
        movables: number of movables to pad to.
    """
    robot, *poses = world.poses().values()
    padded, present = np.zeros((movables, 3)), np.zeros(movables, np.int8)
    padded[: len(poses)] = np.array(poses).reshape(-1, 3)
    present[: len(poses)] = 1
    goal = world.scene.goal
    return {
        "robot": np.array(robot),
        "goal": np.array([goal.x, goal.y]),
        "movables": padded,
        "present": present,
    }


def candidate_mask(world: World, movables: int) -> NDArray[np.int8]:
    """Return which candidate pushes are possible in a state.

    Args:
        world: in that state.
        movables: number of movables to pad to.

    Returns:
        (movables * PUSHES_PER_MOVABLE,), 1 where the contact point is reachable, the movable
        yields, and neither robot nor movable would sweep into a wall.
    """
    mask = np.zeros((movables, MAX_CONTACT_POINTS, len(TRAVELS)), np.int8)
    reachability = world.reachability()
    for place, name in enumerate(reachability.static.index):
        if reachability.reachable_contacts(name).any():
            possible = candidate_pushes(world, name).possible
            mask[place, : len(possible)] = possible
    return mask.ravel()


def push_of_request(world: World, request: Mapping[str, Any]) -> Action | None:
    """Return what a request asks for; None if the scene has no such movable, contact or travel.

    Args:
        world: of the scene.
        request: an element of `request_space`.
    """
    names = [*world.static.index]
    place, contact = int(request["object"]), int(request["contact"])
    travel = float(request["travel"])
    if place >= len(names):
        return None
    name = names[place]
    if contact == TO_A_POSE:
        return Push(name, Pose2D(*map(float, request["target"])))
    if contact >= len(world.static.contacts[name].positions) or travel == NO_TRAVEL_M:
        return None
    return StraightPush(name, contact, travel)


def push_of_candidate(world: World, number: int) -> StraightPush | None:
    """Return the push of a candidate; None if the scene has no such movable or contact.

    Args:
        world: of the scene.
        number: an element of `candidate_space`.

    Raises:
        SceneError: see `World.primitives`.
        OSError: likewise.
    """
    place, of_movable = divmod(number, PUSHES_PER_MOVABLE)
    contact, travel = divmod(of_movable, len(TRAVELS))
    names = [*world.static.index]
    if place >= len(names) or contact >= len(world.static.contacts[names[place]].positions):
        return None
    travels = world.primitives(names[place])[0].travels
    return StraightPush(names[place], contact, float(travels[travel]))
