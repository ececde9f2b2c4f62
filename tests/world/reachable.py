"""What the robot reaches in a scene."""

from __future__ import annotations

from namo.geometry import Pose2D
from namo.scenes.scene import Scene
from namo.world.reachability import Reachability
from namo.world.simulation import Simulation
from namo.world.static_map import StaticMap


def reachability_of(scene: Scene, **poses: Pose2D) -> Reachability:
    """The reachability at the start of a scene, with some bodies at other poses."""
    return Reachability(StaticMap(scene), {**Simulation(scene).poses(), **poses})
