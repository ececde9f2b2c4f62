"""The importers, each with files of its format, down to the scene file that they lead to.

The first line of an input is the name of a format and a place in SETTINGS; the file follows.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from random import Random
from xml.etree import ElementTree

from namo.errors import SceneError
from namo.scenes.grid import Grid
from namo.scenes.importers.importer import read_text, scaled
from namo.scenes.importers.registry import IMPORTERS
from namo.scenes.importers.settings import ImportSettings
from namo.scenes.writing import write_scene
from tests.faults.mutations import bent, mutated_scene
from tests.fuzzing.targets.scenes import NO_FILE
from tests.scenes.importers.test_car import scene_xml as car_scene
from tests.scenes.importers.test_movingai import MAP
from tests.scenes.importers.test_pushworld import PUZZLE

ERRORS = (SceneError,)
SUFFIXES: Mapping[str, str] = {
    "namosim": ".svg",
    "car": ".xml",
    "walls_only": ".xml",
    "movingai": ".map",
    "pushworld": ".pwp",
}
SETTINGS = (
    ImportSettings(),
    ImportSettings(scale=0.5, cell_size_m=0.3),
    ImportSettings(scale=5.0, robot_radius_m=0.2, robot="robot_1", goal="goal_1"),
)

PLAN = """<svg xmlns="http://www.w3.org/2000/svg" xmlns:namo="namo" viewBox="0 0 400 300">
  <style>path {font-size: 3px}</style>
  <namo_config collision_margin_cm="3">
    <agent agent_id="robot_0"><goal goal_id="goal_0"/><goal goal_id="goal_1"/></agent>
    <agent agent_id="robot_1"><goal goal_id="goal_1"/></agent>
  </namo_config>
  <circle id="robot_0" type="shape" cx="60" cy="60" r="20"/>
  <g id="robot_1" type="shape"><path d="M60,240 m-20,0 a20,20 0 1 0 40 0 a20,20 0 1 0 -40 0z"/></g>
  <circle id="goal_0" type="shape" cx="350" cy="60" r="20"/>
  <g id="goal_1" transform="translate(350 250)">
    <circle r="20" type="shape"/><path d="M0,0 h20" stroke="red"/></g>
  <path id="rim" type="wall" d="M 0,0 H 400 V 300 H 0 Z M 10,10 V 290 H 390 V 10 Z"/>
  <g id="inner" type="wall" transform="rotate(10) scale(1 .9)">
    <polyline points="150,120 200,120 200,150" stroke="black" stroke-width="4px" fill="none"/>
    <line x1="150" y1="200" x2="150" y2="240" style="stroke:#000;stroke-width:3"/>
    <polygon points="100,150 120,150 120,170" fill="red"/><use href="#pole" x="20"/>
  </g>
  <defs><ellipse id="pole" cx="200" cy="230" rx="9" ry="6"/></defs>
  <rect id="a" namo:type="movable" x="250" y="110" width="40" height="20" transform="rotate(20)"/>
  <path id="b" type="movable" fill-rule="evenodd" d="M250,180 q20,-20 40,0 t0,30 l-30,10 z"/>
  <rect id="hidden" type="wall" x="1" y="1" width="5" height="5"/><image id="photo"/>
</svg>"""
WALLS = """<mujoco>
  <worldbody>
    <geom name="floor" type="plane" size="0 0 1"/>
    <geom name="wall_1" type="box" size="0.1 2 0.3" pos="-2 0 0.3"/>
    <geom name="wall_2" type="box" size="0.1 2 0.3" pos="2 0 0.3"/>
    <geom name="wall_3" type="box" size="2 0.1 0.3" pos="0 -2 0.3"/>
    <geom name="wall_4" type="box" size="2 0.1 0.3" pos="0 2 0.3"/>
    <geom name="wall_5" type="box" size="1 0.1 0.3" pos="0.5 0 0.3" euler="0 0 10"/>
  </worldbody>
</mujoco>"""


def seeds() -> list[bytes]:
    texts = {
        "namosim": [PLAN],
        "car": [car_scene()],
        "walls_only": [WALLS],
        "movingai": [MAP],
        "pushworld": [PUZZLE],
    }
    return [
        f"{name} {number}\n{text}".encode()
        for name, of_format in texts.items()
        for text in of_format
        for number in range(len(SETTINGS))
    ]


def read(data: bytes, folder: Path) -> None:
    head, _, content = data.partition(b"\n")
    name, _, number = head.decode("ascii", "replace").partition(" ")
    if name not in SUFFIXES or number not in map(str, range(len(SETTINGS))):
        raise SceneError(f"{folder}: '{name} {number}' is not a format and a place in SETTINGS")
    settings = SETTINGS[int(number)]
    path, output = folder / f"input{SUFFIXES[name]}", folder / "output.xml"
    path.write_bytes(content)
    text = read_text(path)
    importer = IMPORTERS.load(name)()
    importer.recognises(path, text)
    try:
        imported = importer.read(path, text, settings)
        scene = imported.scene
        scene = scene if imported.is_scaled else scaled(scene, settings.scale)
        Grid.over(scene.bounds)
        write_scene(scene, output)
    except SceneError as error:
        # The command names the file in front of the reason.
        raise SceneError(f"{path}: {error}") from error
    output.unlink()


def mutated(data: bytes, rng: Random) -> bytes:
    head, _, content = data.partition(b"\n")
    return (
        head
        + b"\n"
        + _mutated_file(head.partition(b" ")[0].decode("ascii", "replace"), content, rng)
    )


def _mutated_file(name: str, content: bytes, rng: Random) -> bytes:
    if SUFFIXES.get(name) not in (".svg", ".xml"):
        return _mutated_grid(content, rng)
    try:
        return mutated_scene(content.decode(), rng, NO_FILE)
    except (ValueError, ElementTree.ParseError, IndexError, RecursionError):
        return bent(content, rng)


def _mutated_grid(content: bytes, rng: Random) -> bytes:
    """Rows repeated, removed or exchanged, words replaced by others."""
    lines = content.split(b"\n")
    for _ in range(rng.randint(1, 3)):
        one, other = rng.randrange(len(lines)), rng.randrange(len(lines))
        kind = rng.randrange(6)
        if kind == 0:
            lines[one], lines[other] = lines[other], lines[one]
        elif kind == 1:
            lines.insert(one, lines[other])
        elif kind == 2 and len(lines) > 1:
            del lines[one]
        elif kind == 3:
            words = lines[one].split(b" ")
            words[rng.randrange(len(words))] = rng.choice(content.split() or [b""])
            lines[one] = b" ".join(words)
        else:
            lines[one] = bent(lines[one], rng)
    return b"\n".join(lines)
