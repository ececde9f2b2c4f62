"""Physics presets: a scene under MuJoCo options other than its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from xml.etree import ElementTree

from namo.scenes.scene import Scene
from namo.scenes.writing import add_options

PHYSICS_PRESETS: Mapping[str, Mapping[str, str]] = {
    "scene": {},
    "fast": {
        "integrator": "implicitfast",
        "cone": "elliptic",
        "timestep": "0.005",
        "flag/sleep": "enable",
    },
    "accurate": {
        "integrator": "implicitfast",
        "cone": "elliptic",
        "timestep": "0.002",
        "flag/sleep": "enable",
    },
}
"""What each preset sets, as `Scene.options` has it; all else stays as the scene says.

`scene` is every file's own physics. The others let boxes that rest fall asleep, which changes no
result by more than rounding and makes them cost nothing.
"""


def under(scene: Scene, preset: str) -> Scene:
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
        add_options(
            root, options, scene.path
        )  # MuJoCo lets a later element overrule an earlier one
        xml = ElementTree.tostring(root, encoding="unicode")
    return replace(scene, options={**scene.options, **options}, xml=xml)
