"""The scene that an environment was collected in, from its file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from namo.errors import SceneError
from namo.scenes.physics import with_physics
from namo.scenes.reading import read_scene
from namo.scenes.scene import Scene


def scene_of(record: dict[str, Any], physics: str, run_from: Path = Path()) -> Scene:
    """Return the scene of an environment.

    Args:
        record: of the environment, or any of its rows of metrics.
        physics: preset it was collected with, which the scene is put under.
        run_from: folder in which the collection was run; relative scene paths start there.

    Raises:
        SceneError: the file is gone, or is not the one that was collected.
    """
    path = run_from / record["xml_file"]
    if not path.is_file():
        hint = "; relative paths start where the collection was run (run_from, --run-from)"
        raise SceneError(
            f"{path}: is missing{'' if Path(record['xml_file']).is_absolute() else hint}"
        )
    scene = read_scene(path)
    if scene.sha256 != record["scene_sha256"]:
        raise SceneError(f"{path}: changed since {record['env_id']} was collected")
    return with_physics(scene, physics)
