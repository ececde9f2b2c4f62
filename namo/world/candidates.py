"""The candidate pushes of a movable: every contact point at every travel of its primitives.

Pushes are sampled from this set, labelled on it and scored over it. The goal of a candidate is the
pose at which its primitive leaves the movable in free space; the push skill then pursues that pose.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from namo.geometry import Floats, Pose2D
from namo.world.reachability import Reachability
from namo.world.world import World


@dataclass(frozen=True, eq=False)
class CandidatePushes:
    """All candidates of one movable in one state.

    Candidate number `contact * travels + travel` is an index into the flattened arrays.

    Attributes:
        pose: of the movable, world frame.
        displacements: (contacts, travels, 3) dx, dy (m), dtheta (rad), in the movable's frame.
        travels: (travels,) how far the robot travels (m).
        reachable: (contacts,) whether the robot can reach the contact point.
        possible: (contacts, travels) whether the contact point is reachable, the movable yields,
            and neither robot nor movable would sweep into a wall.
        covered: (contacts, travels) whether a straight push from the contact point covers the
            travel: `possible`, and what lies beyond. The robot drives on until it is stopped, and
            primitives are no exact prediction: of the pushes that are predicted to open the goal
            only beyond, half do.
        overlaps: (contacts, travels) how far into walls the primitive leads, the greatest fraction
            of the movable's border up to this travel; also 0 where only the robot meets a wall.
        shoves: (contacts, travels) whether either of them would sweep into another movable, at this
            travel or a shorter one that is possible.
    """

    pose: Pose2D
    displacements: Floats
    travels: Floats
    reachable: NDArray[np.bool_]
    possible: NDArray[np.bool_]
    covered: NDArray[np.bool_]
    overlaps: Floats
    shoves: NDArray[np.bool_]

    def goals(self) -> Floats:
        """Return the goal of each candidate, world frame, (contacts, travels, 3): m, m, rad."""
        goals = np.empty_like(self.displacements)
        goals[..., :2] = self.pose.to_world(self.displacements[..., :2])
        turned = self.displacements[..., 2] + self.pose.theta
        goals[..., 2] = math.pi - np.remainder(math.pi - turned, 2.0 * math.pi)
        return goals

    def goal(self, number: int) -> Pose2D:
        """Return the goal of one candidate, world frame."""
        contact, travel = divmod(number, len(self.travels))
        return self.pose.compose(Pose2D(*self.displacements[contact, travel].tolist()))


def candidate_pushes(
    world: World, name: str, reachability: Reachability | None = None
) -> CandidatePushes:
    """Return the candidates of a movable.

    Args:
        world: not changed.
        name: of the movable.
        reachability: of the state in question; the world's present one by default.

    Raises:
        UnknownMovableError: the scene has no such movable.
        SceneError: see `World.primitives`.
        OSError: likewise.
    """
    library, planner = world.primitives(name)
    if reachability is None:
        reachability = world.reachability()
    surcharges = planner.surcharges_in(reachability)
    clear = np.isfinite(surcharges)
    reachable = reachability.reachable_contacts(name)
    yields = np.isfinite(library.steps)
    possible = reachable[:, None] & yields & clear
    return CandidatePushes(
        pose=reachability.poses[name],
        displacements=library.scaled(world.scene.movable(name)),
        travels=library.travels,
        reachable=reachable,
        possible=possible,
        covered=possible.any(axis=1, keepdims=True) & yields,
        overlaps=planner.overlaps_in(reachability),
        shoves=np.logical_or.accumulate(clear & (surcharges > 0.0), axis=1),
    )
