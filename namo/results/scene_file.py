"""The scene of an environment, from its scene file."""

from __future__ import annotations

from pathlib import Path

from namo.errors import SceneError
from namo.results.record_types import SceneReference
from namo.scenes.physics import with_physics
from namo.scenes.reading import read_scene
from namo.scenes.scene import Scene


def scene_of(record: SceneReference, physics: str, run_from: Path = Path()) -> Scene:
    """Return the scene of an environment.

    Args:
        record: of the environment, or any of its metrics rows.
        physics: preset it was collected with, which is applied to the scene.
        run_from: folder in which the collection was run; relative scene paths start there.

    Raises:
        SceneError: the file is missing, or differs from the one that was collected.
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
