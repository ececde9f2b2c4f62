"""Read a scene file: MuJoCo compiles it, and the scene is extracted from the compiled model.

`namo.scenes.mjcf.convention` says what a file must look like.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import mujoco

from namo.errors import SceneError
from namo.regular_files import open_regular
from namo.scenes.checking import check_scene
from namo.scenes.mjcf.compiling import compile_model, compile_spec, scan_xml
from namo.scenes.mjcf.extraction import Extractor
from namo.scenes.mjcf.limits import MAX_BYTES
from namo.scenes.mjcf.prisms import prisms_of
from namo.scenes.mjcf.pushing import refuse_impossible_pushes
from namo.scenes.mjcf.scene_model import SceneModel, start_data
from namo.scenes.mjcf.unsupported import refuse_unsupported
from namo.scenes.safe_xml import XmlElement
from namo.scenes.scene import Friction, Goal, Movable, Robot, Scene, Wall
from namo.signals import check_termination


def read_scene(path: Path) -> Scene:
    """Return the scene in a file.

    Args:
        path: a MuJoCo XML file.

    Raises:
        SceneError: as for `scene_bytes` and `parse_scene`.
    """
    return parse_scene(scene_bytes(path), str(path))


def scene_bytes(path: Path) -> bytes:
    """Return the contents of a scene file.

    Raises:
        SceneError: it cannot be read, or is larger than any scene.
    """
    check_termination()
    try:
        with open_regular(path) as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise SceneError(f"{path}: cannot be read: {error.strerror or error}") from error
    if len(data) > MAX_BYTES:
        raise SceneError(f"{path}: has more than {MAX_BYTES} bytes; a scene has a few thousand")
    return data


def parse_scene(data: bytes, source: str) -> Scene:
    """Return the scene in the contents of a file.

    Args:
        data: UTF-8.
        source: the path for `Scene.path` and messages.

    Raises:
        SceneError: the file is not UTF-8, does not follow `namo.scenes.mjcf.convention`, forbids
            pushing (see `refuse_impossible_pushes`), or is not a valid scene (see `check_scene`).
            The message names the file, the value and what is allowed.
    """
    try:
        xml = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise SceneError(f"{source}: not UTF-8 text: {error}") from error
    elements = scan_xml(xml, source)
    model = compile_model(compile_spec(xml, source), source)
    parts = _extractor(model, elements, source)
    scene = Scene(
        walls=parts.walls,
        movables=parts.movables,
        robot=parts.robot(),
        goal=parts.goal(),
        floor_friction=parts.floor_friction(),
        options=_options(elements),
        path=source,
        sha256=hashlib.sha256(data).hexdigest(),
        xml=xml,
    )
    refuse_impossible_pushes(parts)
    check_scene(scene)
    return scene


@dataclass(frozen=True)
class SceneParts:
    """The parts of a scene in a file that need not contain all of them.

    Attributes:
        walls: as in `Scene`.
        movables: as in `Scene`.
        robot: None if the file has none.
        goal: None if the file has none.
        floor_friction: as in `Scene`.
        options: as in `Scene`.
    """

    walls: tuple[Wall, ...]
    movables: tuple[Movable, ...]
    robot: Robot | None
    goal: Goal | None
    floor_friction: Friction
    options: Mapping[str, str]


def parts_of(model: mujoco.MjModel, elements: list[XmlElement], source: str) -> SceneParts:
    """Return the parts of a scene in a compiled model, which may lack a robot or goal.

    Args:
        model: from `compile_model`; elements may have been deleted from its specification.
        elements: of the whole file.
        source: what messages call it.

    Raises:
        SceneError: the model does not follow `namo.scenes.mjcf.convention`.
    """
    parts = _extractor(model, elements, source)
    return SceneParts(
        walls=parts.walls,
        movables=parts.movables,
        robot=parts.robot() if parts.has_robot else None,
        goal=parts.goal() if parts.goal_sites else None,
        floor_friction=parts.floor_friction(),
        options=_options(elements),
    )


def _extractor(model: mujoco.MjModel, elements: list[XmlElement], source: str) -> Extractor:
    compiled = SceneModel(source, model, start_data(model))
    prisms = prisms_of(elements, compiled.solid_meshes, source)
    extractor = Extractor(source, model, compiled.data, prisms)
    refuse_unsupported(extractor)
    return extractor


def _options(elements: Iterable[XmlElement]) -> dict[str, str]:
    options: dict[str, str] = {}
    for element in elements:
        if element.path == "mujoco/option":
            options.update(element.attributes)
        elif element.path == "mujoco/option/flag":
            options.update({f"flag/{name}": value for name, value in element.attributes.items()})
    return options
