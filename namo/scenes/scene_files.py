"""The scene files that a command is given as a file, a folder or a list, each with a name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from namo.errors import UsageError
from namo.scenes.folders import SCENE_SUFFIX, FilesBelow, files_below
from namo.scenes.sources import ListedScene, environments_from


@dataclass(frozen=True)
class SceneFiles:
    """Scene files, in the order of their source.

    Attributes:
        listed: the files, with their entries in a list.
        names: of the files, relative to the folder of the source where they lie in it.
        problems: what lies below a folder and may be or hold scenes, but cannot be read, and why.
    """

    listed: tuple[ListedScene, ...]
    names: tuple[str, ...]
    problems: dict[str, str] = field(default_factory=dict)


def scene_files(source: Path, *, look: bool = True) -> SceneFiles:
    """Return the scene files of a file, folder or list, in its order.

    Args:
        source: a scene, a folder (searched recursively), or a list as in `namo.scenes.sources`.
        look: check that every file of a list exists.

    Raises:
        UsageError: it does not exist, is empty or names a missing file.
    """
    if not source.exists():
        raise UsageError(f"{source}: no such file or folder")
    if source.is_dir():
        below = files_below(source)
        listed = tuple(map(ListedScene, below.with_suffix(SCENE_SUFFIX)))
        listed = listed or _environments(source, None, look=look)
        return SceneFiles(listed, _names(source, listed), _passed_over(below))
    is_scene = source.suffix.lower() == SCENE_SUFFIX
    listed = (ListedScene(source),) if is_scene else _environments(None, source, look=look)
    return SceneFiles(listed, _names(source.parent, listed))


def _passed_over(below: FilesBelow) -> dict[str, str]:
    return {
        name: why
        for name, why in below.problems.items()
        if Path(name).suffix.lower() in ("", SCENE_SUFFIX)
    }


def _environments(
    folder: Path | None, manifest: Path | None, *, look: bool
) -> tuple[ListedScene, ...]:
    try:
        return environments_from(folder, manifest, look=look).scenes
    except UsageError as error:
        # The messages name options of `namo collect`, which other commands do not have.
        message = str(error).removeprefix("--xml-dir ").removeprefix("--manifest ")
        raise UsageError(message) from None


def _names(folder: Path, listed: Sequence[ListedScene]) -> tuple[str, ...]:
    paths = (scene.path for scene in listed)
    return tuple(
        path.relative_to(folder).as_posix() if path.is_relative_to(folder) else str(path)
        for path in paths
    )
