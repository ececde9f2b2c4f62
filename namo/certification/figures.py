"""The figures of a scene in a manifest: what it consists of, and how difficult it is."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

from namo.certification.certify import certify
from namo.certification.effort import Effort
from namo.certification.shown_pushes import MAX_SIMULATIONS, shown_pushes
from namo.scenes.manifest import PROVEN_DEPTH
from namo.scenes.regions import free_regions
from namo.scenes.scene import Scene
from namo.world.world import World

Row = dict[str, Any]


def scene_figures(scene: Scene, effort: Effort | None, threads: int = 1) -> Row:
    """Return the figures of a scene by the names of their columns.

    Args:
        scene: as read from its file.
        effort: to measure its difficulty with; None to leave it out.
        threads: pushes to simulate in parallel; results do not change.

    Raises:
        SceneError: MuJoCo refuses the scene, or it is too large for the grid.
    """
    figures: Row = {
        "sha256": scene.sha256,
        "box_count": len(scene.movables),
        "free_area_m2": free_area(scene),
    }
    if effort is not None:
        figures |= asdict(certify(scene, effort, threads))
        if effort.prove:
            figures[PROVEN_DEPTH.name] = proven_depth(scene, effort.prove, effort.clearance)
    return figures


def proven_depth(
    scene: Scene, longest: int, clearance: float, simulations: int = MAX_SIMULATIONS
) -> int:
    """Return how many straight pushes a scene is shown to need, at most `longest` + 1.

    Args:
        scene: simulated with its own options.
        longest: sequences to try.
        clearance: room that must be left around the robot where it drives (m).
        simulations: budget of simulated pushes.

    Raises:
        SceneError: MuJoCo refuses the scene, or it is too large for the grid.
    """
    world = World(replace(scene, clearance=clearance))
    return shown_pushes(world, longest, simulations).pushes


def free_area(scene: Scene) -> float:
    """Return the free area for the robot's centre at the start, over all regions (m²)."""
    solids = (*scene.walls, *scene.movables)
    return round(float(free_regions(scene.bounds, solids, scene.robot.radius).areas.sum()), 4)
