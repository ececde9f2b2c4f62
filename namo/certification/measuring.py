"""Measure one scene file; runs in a process of its own, see `namo.scenes.checker_process`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from namo.certification.effort import Effort
from namo.certification.figures import Row, scene_figures
from namo.certification.worker import end_with_parent
from namo.errors import PhysicsError, SceneError
from namo.scenes.checking import warnings_collected
from namo.scenes.layout_id import layout_id_of
from namo.scenes.reading import read_scene
from namo.scenes.scene import Scene


@dataclass(frozen=True)
class Task:
    """A file to measure.

    Attributes:
        name: of the file, for messages.
        path: of the file.
        sha256: of its content.
        effort: see `scene_figures`.
    """

    name: str
    path: Path
    sha256: str
    effort: Effort | None


def load() -> None:
    """Prepare this process; its libraries are loaded with this module."""
    end_with_parent()


def measure(task: Task) -> Row:
    """Return the figures of a file, or a `problem`.

    `is_final` says that measuring again would give the same, which no failure of the machine does.
    """
    try:
        with warnings_collected():  # `namo scenes check` is for these
            scene = read_scene(task.path)
        if scene.sha256 != task.sha256:
            return {"problem": "changed while it was measured; run again"}
        return {**figures_of(scene, task.effort), "is_final": True}
    except (SceneError, PhysicsError) as error:
        message = " ".join(str(error).removeprefix(f"{task.path}: ").split())
        return {"problem": message, "is_final": True}
    except Exception as error:  # noqa: BLE001 - one scene must not stop the others
        return {"problem": f"{type(error).__name__}: {error}"}


def figures_of(scene: Scene, effort: Effort | None = None) -> Row:
    """Return the figures of a scene, its layout among them.

    Args:
        scene: as read from its file.
        effort: see `scene_figures`.

    Raises:
        SceneError: as `scene_figures`.
    """
    return {**scene_figures(scene, effort), "layout_id": layout_id_of(scene.walls)}
