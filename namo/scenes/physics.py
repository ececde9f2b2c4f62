"""Apply physics presets to scenes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from xml.etree import ElementTree

from namo.errors import SceneError
from namo.scenes.presets import PHYSICS_PRESETS, Options

if TYPE_CHECKING:  # so that presets can be listed without loading NumPy
    from namo.scenes.scene import Scene


def with_physics(scene: Scene, preset: str) -> Scene:
    """Return the scene with the options of a preset; `path` and `sha256` are unchanged.

    Args:
        scene: with its own options.
        preset: a name in `PHYSICS_PRESETS`.
    """
    options = PHYSICS_PRESETS[preset]
    if not options:
        return scene
    xml = scene.xml
    if xml:
        root = ElementTree.fromstring(xml)  # noqa: S314 - text that `scan_xml` has checked
        add_options(root, options, scene.path)  # a later element overrides earlier ones
        xml = ElementTree.tostring(root, encoding="unicode")
    return replace(scene, options={**scene.options, **options}, xml=xml)


def add_options(root: ElementTree.Element, options: Options, source: str) -> None:
    """Add an `<option>` element to a `<mujoco>` element.

    Args:
        root: to add to.
        options: see `Options`.
        source: what messages call the scene.

    Raises:
        SceneError: the name of an option is invalid.
    """
    option = ElementTree.SubElement(root, "option")
    flags = {}
    for name, value in options.items():
        group, slash, flag = name.rpartition("/")
        if not slash:
            option.set(name, value)
        elif group == "flag":
            flags[flag] = value
        else:
            raise SceneError(f"{source}: option '{name}' is invalid; expected NAME or flag/NAME")
    if flags:
        ElementTree.SubElement(option, "flag", flags)
