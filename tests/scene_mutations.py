"""Scene files that say the same in another way: other frames, axes, nesting and decorations."""

from __future__ import annotations

from xml.etree import ElementTree

import mujoco
import numpy as np

from namo.scenes.scene import Scene
from namo.scenes.writing import scene_xml

_HALF = 0.5**0.5
_TURNS = (
    (1.0, 0.0, 0.0, 0.0),
    (0.0, 1.0, 0.0, 0.0),  # upside down
    (_HALF, _HALF, 0.0, 0.0),
    (_HALF, -_HALF, 0.0, 0.0),
    (_HALF, 0.0, _HALF, 0.0),
    (_HALF, 0.0, -_HALF, 0.0),
    (0.5, 0.5, 0.5, 0.5),
    (0.5, -0.5, -0.5, -0.5),
)
"""Rotations that turn axes into axes, w x y z."""

Frame = tuple[np.ndarray, np.ndarray]
"""Position (3,) in metres and rotation (4,), a unit quaternion."""


def mutated_xml(scene: Scene, rng: np.random.Generator) -> str:
    """Return the text of a scene whose boxes have been described in other ways."""
    root = ElementTree.fromstring(scene_xml(scene))
    world = root.find("worldbody")
    assert world is not None
    walls = {wall.name for wall in scene.walls}
    for body in world.findall("body"):
        name = body.get("name", "")
        if name == "walls":
            for geom in list(body):
                _turn(geom, rng)
                _decorate(body, geom, rng)
        elif name != "robot" and name not in walls and body.find("inertial") is None:
            _reframe(body, rng)
        if rng.random() < 0.5:
            body.insert(0, _shell(rng))
    return ElementTree.tostring(root, encoding="unicode")


def _random_frame(rng: np.random.Generator) -> Frame:
    rotation = rng.normal(size=4)
    return rng.uniform(-1.0, 1.0, 3), rotation / np.linalg.norm(rotation)


def _frame_of(geom: ElementTree.Element) -> Frame:
    """Return a geom's frame as written, and remove it."""
    position = np.array([float(number) for number in geom.attrib.pop("pos").split()])
    half = np.radians(float(geom.attrib.pop("euler", "0 0 0").split()[2])) / 2
    return position, np.array([np.cos(half), 0.0, 0.0, np.sin(half)])


def _within(frame: Frame, outer: Frame) -> Frame:
    """Return a frame of the world in the frame of another."""
    inverse, position, rotation = np.empty(4), np.empty(3), np.empty(4)
    mujoco.mju_negQuat(inverse, outer[1])
    mujoco.mju_rotVecQuat(position, frame[0] - outer[0], inverse)
    mujoco.mju_mulQuat(rotation, inverse, frame[1])
    return position, rotation


def _write(element: ElementTree.Element, frame: Frame) -> None:
    element.set("pos", " ".join(repr(float(number)) for number in frame[0]))
    element.set("quat", " ".join(repr(float(number)) for number in frame[1]))


def _turned(geom: ElementTree.Element, rng: np.random.Generator) -> Frame:
    """Return the frame of a box with its axes permuted, and permute its size."""
    position, rotation = _frame_of(geom)
    turn, matrix = np.array(_TURNS[int(rng.integers(len(_TURNS)))]), np.empty(9)
    mujoco.mju_quat2Mat(matrix, turn)
    becomes = np.abs(matrix.reshape(3, 3)).argmax(axis=0)  # of each own axis
    size = geom.get("size", "").split()
    geom.set("size", " ".join(size[axis] for axis in becomes))
    together = np.empty(4)
    mujoco.mju_mulQuat(together, rotation, turn)
    return position, together


def _turn(geom: ElementTree.Element, rng: np.random.Generator) -> None:
    _write(geom, _turned(geom, rng))


def _reframe(body: ElementTree.Element, rng: np.random.Generator) -> None:
    """Give the body of a movable box a frame of its own, sometimes with the box in a child."""
    geom = body.find("geom")
    assert geom is not None
    frame, outer = _turned(geom, rng), _random_frame(rng)
    if rng.random() < 0.3:  # as most files have it: the body at the box
        outer = frame[0], np.array([1.0, 0.0, 0.0, 0.0])
    _write(body, outer)
    if rng.random() < 0.5:
        child = ElementTree.SubElement(body, "body")
        inner = _random_frame(rng)
        _write(child, _within(inner, outer))
        child.append(geom)
        body.remove(geom)
        outer = inner
        if rng.random() < 0.5:
            child.insert(0, _shell(rng))
    _write(geom, _within(frame, outer))


def _shell(rng: np.random.Generator) -> ElementTree.Element:
    """Return a geom that is seen and does not collide."""
    shell = ElementTree.Element("geom", name=f"shell_{rng.integers(10**12)}", mass="0")
    shell.attrib |= {"type": "box", "contype": "0", "conaffinity": "0", "group": "2"}
    shell.set("size", " ".join(repr(float(number)) for number in rng.uniform(0.01, 0.6, 3)))
    _write(shell, _random_frame(rng))
    return shell


def _decorate(
    body: ElementTree.Element, geom: ElementTree.Element, rng: np.random.Generator
) -> None:
    """Put a visual twin before or behind a wall, as high as it, a little thicker or thinner."""
    if rng.random() < 0.5:
        return
    twin = ElementTree.Element("geom", geom.attrib)
    twin.attrib |= {"contype": "0", "conaffinity": "0"}
    twin.set("name", f"{geom.get('name')}_visual") if rng.random() < 0.5 else twin.attrib.pop(
        "name"
    )
    sizes = [float(number) + rng.uniform(-0.02, 0.02) for number in geom.get("size", "").split()]
    twin.set("size", " ".join(repr(max(size, 0.001)) for size in sizes))
    body.insert(int(rng.integers(len(body) + 1)), twin)
