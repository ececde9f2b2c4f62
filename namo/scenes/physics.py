"""Physics presets: a scene under MuJoCo options other than its own."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from xml.etree import ElementTree

from namo.errors import SceneError
from namo.scenes.presets import PHYSICS_PRESETS, Options

if TYPE_CHECKING:  # the names of the presets are asked for without loading what scenes need
    from namo.scenes.scene import Scene


def with_physics(scene: Scene, preset: str) -> Scene:
    """Return the scene under a preset; what it says of itself (path, sha256) stays.

    Args:
        scene: under its own options.
        preset: a name in `PHYSICS_PRESETS`.
    """
    options = PHYSICS_PRESETS[preset]
    if not options:
        return scene
    xml = scene.xml
    if xml:
        root = ElementTree.fromstring(xml)  # noqa: S314 - text that `scan_xml` has passed
        add_options(root, options, scene.path)  # a later element overrules an earlier one
        xml = ElementTree.tostring(root, encoding="unicode")
    return replace(scene, options={**scene.options, **options}, xml=xml)


def add_options(root: ElementTree.Element, options: Options, source: str) -> None:
    """Add an `<option>` element to a `<mujoco>` element.

    Args:
        root: added to.
        options: see `Options`.
        source: what messages call the scene.

    Raises:
        SceneError: an option has no place in a file.
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
            raise SceneError(
                f"{source}: option '{name}' has no place in a file; allowed: NAME and flag/NAME"
            )
    if flags:
        ElementTree.SubElement(option, "flag", flags)
