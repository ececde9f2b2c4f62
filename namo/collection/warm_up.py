"""Compile the kernels before the first environment, so that no search pays for it."""

from __future__ import annotations

from collections.abc import Callable

from namo.collection.config import CollectionConfig
from namo.collection.episode import run_episode
from namo.collection.models import make_planner
from namo.geometry import Pose2D
from namo.learning.rasters import warm_up_kernels
from namo.machine_code import is_warm, set_warm
from namo.scenes.footprint import Rectangle
from namo.scenes.physics import with_physics
from namo.scenes.reading import parse_scene
from namo.scenes.scene import Goal, Movable, Robot, Scene, Wall
from namo.scenes.writing import scene_xml
from namo.world.world import World

_CONFIG = CollectionConfig(
    algorithm="idfs", object_strategy="nearest_first", goal_strategy="grid", max_depth=1
)


def warm_up(compiling: Callable[[], object]) -> None:
    """Solve a small scene, which compiles the kernels of the world, or loads them.

    It takes half a second, most of which the first environment would take otherwise; where nothing
    is compiled yet, half a minute.

    Args:
        compiling: called before, where they are not compiled yet.

    Raises:
        OSError: the cache folder cannot be read.
    """
    known = is_warm()
    if not known:
        compiling()
    warm_up_kernels()
    world = World(with_physics(_scene(), "fast"))
    world.prepare()
    run_episode(world, make_planner(_CONFIG)[0], _CONFIG, 0, 0)
    if not known:
        set_warm()


def _scene() -> Scene:
    """Return a room with a wall across and a box in its door."""
    walls = (
        _wall("left", -1.6, 0.0, 0.05, 1.05),
        _wall("right", 1.6, 0.0, 0.05, 1.05),
        _wall("lower", 0.0, -1.0, 1.6, 0.05),
        _wall("upper", 0.0, 1.0, 1.6, 0.05),
        _wall("below_the_door", 0.0, -0.75, 0.05, 0.3),
        _wall("above_the_door", 0.0, 0.75, 0.05, 0.3),
    )
    box = Movable("box_movable", Pose2D(0.0, 0.0, 0.0), Rectangle(0.25, 0.25), 0.3, 0.3, mass=0.1)
    scene = Scene(walls, (box,), Robot(-1.2, 0.0), Goal(1.2, 0.0))
    return parse_scene(scene_xml(scene).encode(), "scene to warm up with")


def _wall(name: str, x: float, y: float, half_x: float, half_y: float) -> Wall:
    return Wall(name, Pose2D(x, y, 0.0), Rectangle(half_x, half_y), 0.3, 0.3)
