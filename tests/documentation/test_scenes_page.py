"""The example scene of docs/scenes.md, and each row of its table of what is read and refused."""

from xml.etree import ElementTree

import pytest

from namo.collection.config import CollectionConfig
from namo.collection.models import make_planner
from namo.errors import SceneError
from namo.planning.planner import Budget, Termination
from namo.scenes.inspection import inspect_scene
from namo.scenes.reading import parse_scene
from namo.scenes.remarks import RemarkKind
from namo.seeding import Streams
from namo.world.world import World
from tests.documentation.pages import blocks, read, rows

PAGE = "docs/scenes.md"
EXAMPLE, MESH, MOVABLE = (
    block.text for block in blocks(PAGE, read(PAGE)) if block.language == "xml"
)
ROWS = [(row[0].strip("`"), row[1]) for row in rows(read(PAGE)) if row[0].startswith("`<")]
IN_WORLD = ("geom", "body", "site", "camera")


def changed(snippet):
    """The example with the elements of a snippet, in place of those of the same name."""
    if snippet.startswith("<geom type"):
        snippet = MOVABLE.replace("...", snippet)
    root = ElementTree.fromstring(EXAMPLE)
    world = root.find("worldbody")
    for element in ElementTree.fromstring(f"<snippet>{MESH}{snippet}</snippet>"):
        parent = world if element.tag in IN_WORLD else root
        for other in list(parent):
            if element.get("name") and other.get("name") == element.get("name"):
                parent.remove(other)
        parent.append(element)
    return ElementTree.tostring(root, encoding="unicode")


def scene_of(text):
    return parse_scene(text.encode(), "room.xml")


def test_the_example_is_a_scene_without_remarks():
    scene = scene_of(EXAMPLE)
    assert inspect_scene(scene) == []
    assert len(scene.movables[0].footprint.outline) == 6
    assert scene.movables[0].mass == 1.5
    assert len(EXAMPLE.splitlines()) <= 30


def test_the_friction_of_the_example_is_the_larger_one():
    heavier = scene_of(EXAMPLE.replace('mass="1"', 'mass="4"'))
    (remark,) = inspect_scene(heavier)
    assert remark.kind is RemarkKind.TOO_HEAVY
    assert "needs 17.7 N to slide" in remark.text  # 0.4 * 4.5 kg * 9.81


@pytest.mark.slow
def test_the_default_planner_solves_the_example():
    planner, _ = make_planner(CollectionConfig())
    budget = Budget(pushes=100)
    result = planner.search(World(scene_of(EXAMPLE)), budget, Streams.for_episode(0, 0, 0))
    assert result.termination is Termination.SOLVED


def test_the_table_shows_every_result():
    assert {result.partition(":")[0].partition(",")[0] for _, result in ROWS} == {
        *("a wall", "a movable", "the robot", "ignored", "remark", "refused"),
    }


@pytest.mark.parametrize(("snippet", "result"), ROWS, ids=range(1, len(ROWS) + 1))
def test_each_row_of_the_table_has_its_result(snippet, result):
    kind, _, said = result.partition(": ")
    if kind == "refused":
        with pytest.raises(SceneError) as caught:
            scene_of(changed(snippet))
        assert said in str(caught.value)
        return
    plain, scene = scene_of(EXAMPLE), scene_of(changed(snippet))
    texts = [remark.text for remark in inspect_scene(scene)]
    assert any(said in text for text in texts) if kind == "remark" else texts == []
    more = len(scene.walls) - len(plain.walls), len(scene.movables) - len(plain.movables)
    kind = kind.partition(",")[0]
    assert more == {"a wall": (1, 0), "a movable": (0, 1), "remark": (0, 1)}.get(kind, (0, 0))
    if kind == "ignored":
        assert scene == plain
    if kind == "the robot":
        assert scene.robot != plain.robot
