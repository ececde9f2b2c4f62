"""From the text of a scene file to a MuJoCo model, without what touches no physics.

Reading a scene and simulating it go through the same `compile_spec`, so both see the same room.
Textures, materials and lights do not touch the physics; the usual scene carries a sky of 512 x 3072
pixels, and leaving it out makes compiling about eleven times faster (1.2 ms instead of 13 ms).
Nobody asks cameras, sensors and keyframes either, and they can take all time and memory there is.
"""

from __future__ import annotations

import logging
import math
import re
from collections.abc import Iterator
from contextlib import contextmanager

import mujoco

from namo.errors import SceneError
from namo.scenes.limits import MAX_MAGNITUDE, is_excessive, refuse_excess
from namo.scenes.safe_xml import XmlElement, xml_elements

_log = logging.getLogger(__name__)

# A scene stands alone: its hash must cover everything that the physics depends on.
_REFUSED_ELEMENTS = frozenset({"include", "attach", "extension", "plugin", "flexcomp", "flex"})
# It has MuJoCo simulate, for as long as the file says, what only tendons and muscles need.
_REFUSED_SETTINGS = frozenset({"lengthrange"})
_NAMING_ATTRIBUTES = frozenset({"name", "class", "childclass", "model"})
_NOT_FINITE = re.compile(r"[+-]?(nan(\(.*\))?|inf(inity)?)", re.IGNORECASE)


def scan_xml(xml: str, source: str) -> list[XmlElement]:
    """Return the elements of a scene in document order, refusing what is no safe scene text.

    Args:
        xml: the text of the file.
        source: what messages call it.

    Raises:
        SceneError: not well-formed, a document type or entity declaration, a root other than
            `mujoco`, an element or attribute that pulls in another file, a number that is not
            finite, or more of something than a scene needs (see `namo.scenes.limits`).
    """
    try:
        elements = xml_elements(xml, "mujoco")
        for element in elements:
            _refuse_unsafe(element)
        refuse_excess(elements)
    except SceneError as error:
        raise SceneError(f"{source}: {error}") from error
    return elements


def _refuse_unsafe(element: XmlElement) -> None:
    where = f"line {element.line}"
    tag = element.path.rpartition("/")[2]
    if tag in _REFUSED_ELEMENTS:
        raise SceneError(f"{where}: element '{tag}' is not supported; a scene is one plain file")
    if tag in _REFUSED_SETTINGS:
        raise SceneError(f"{where}: element '{tag}' is not supported; a scene has motors alone")
    for name, value in element.attributes.items():
        if name.startswith("file") and tag != "texture":
            raise SceneError(
                f"{where}: '{tag}' loads the file '{value}'; a scene is one file that stands alone"
            )
        if (tag, name) == ("mesh", "builtin"):
            raise SceneError(f'{where}: mesh builtin="{value}"; a mesh is given by its vertices')
        if name not in _NAMING_ATTRIBUTES and any(map(_is_not_finite, value.split())):
            raise SceneError(
                f'{where}: {tag} {name}="{value}" is not finite; numbers must be finite'
            )
        if name not in _NAMING_ATTRIBUTES and any(map(is_excessive, value.split())):
            raise SceneError(
                f'{where}: {tag} {name}="{value}" is too large; at most {MAX_MAGNITUDE:g} is '
                "allowed"
            )


def _is_not_finite(token: str) -> bool:
    if _NOT_FINITE.fullmatch(token):
        return True
    try:
        return not math.isfinite(float(token))
    except ValueError:
        return False  # a word, not a number


def compile_spec(xml: str, source: str) -> mujoco.MjSpec:
    """Return the editable MuJoCo specification of a scene, without what touches no physics.

    Options may be changed on it before `compile_model` turns it into a model.

    Args:
        xml: the text of the scene, for instance `Scene.xml`.
        source: what messages call it, for instance `Scene.path`.

    Raises:
        SceneError: the text is refused by `scan_xml` or not understood by MuJoCo.
    """
    scan_xml(xml, source)
    with _mujoco_errors(source):
        spec = mujoco.MjSpec.from_string(xml)
        for elements in (spec.geoms, spec.sites, spec.tendons, spec.skins):
            for element in elements:
                element.material = ""
        for idle in (
            *(spec.lights, spec.materials, spec.textures),
            *(spec.sensors, spec.cameras, spec.keys, spec.skins),
        ):
            for element in list(idle):
                spec.delete(element)
    return spec


def compile_model(spec: mujoco.MjSpec, source: str) -> mujoco.MjModel:
    """Return the compiled model.

    Args:
        spec: from `compile_spec`.
        source: what messages call it.

    Raises:
        SceneError: MuJoCo cannot compile it.
    """
    with _mujoco_errors(source):
        return spec.compile()


_MUJOCO_RAISES = (
    ValueError,
    MemoryError,
    RuntimeError,  # for what its parser throws and does not expect
    mujoco.FatalError,
    mujoco.UnexpectedError,
)


@contextmanager
def _mujoco_errors(source: str) -> Iterator[None]:
    """Turn MuJoCo's errors into SceneError and its warnings into log lines.

    MuJoCo writes a warning that nobody takes to MUJOCO_LOG.TXT in the working directory.
    """
    previous = mujoco.get_mju_user_warning()
    mujoco.set_mju_user_warning(lambda text: _log.warning("%s: MuJoCo warns: %s", source, text))
    try:
        yield
    except _MUJOCO_RAISES as error:
        message = ", ".join(line.strip() for line in str(error).splitlines() if line.strip())
        raise SceneError(f"{source}: MuJoCo cannot use it: {message}") from error
    finally:
        mujoco.set_mju_user_warning(previous)
