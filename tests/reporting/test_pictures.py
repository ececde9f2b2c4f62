import base64
import re
from xml.etree import ElementTree

import pytest

import namo
from namo.reporting.pictures import MAX_HEIGHT_PX, MAX_WIDTH_PX
from tests.conftest import room_file

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def episode():
    return namo.search(namo.read_scene(room_file(1)))


def elements(svg, kind):
    root = ElementTree.fromstring(svg)
    return [each for each in root.iter() if each.get("class") == kind]


@pytest.mark.parametrize("kind", ["scene", "world", "plan", "episode"])
def test_a_picture_stands_alone(episode, kind, tmp_path):
    shown = {
        "scene": episode.scene,
        "world": namo.World(episode.scene),
        "plan": episode.plan,
        "episode": episode,
    }[kind]
    drawing = namo.draw(shown)
    assert drawing.svg == drawing._repr_svg_() == shown._repr_svg_()
    root = ElementTree.fromstring(drawing.svg)
    assert root.tag == f"{SVG}svg"
    assert root.get("aria-label") == drawing.label
    assert float(root.get("width")) <= MAX_WIDTH_PX
    assert float(root.get("height")) <= MAX_HEIGHT_PX
    style = root.find(f"{SVG}style").text
    assert "var(" not in style
    used = {each.get("class") for each in root.iter()} - {None, "drawing"}
    assert not {name for name in used if f"{name} " not in style}
    assert re.findall(r"https?://[^\"]*", drawing.svg) == ["http://www.w3.org/2000/svg"]
    drawing.save(tmp_path / "picture.svg")
    assert (tmp_path / "picture.svg").read_text() == drawing.svg


def test_a_scene_shows_everything_at_its_start(episode):
    svg = namo.draw(episode.scene).svg
    assert len(elements(svg, "movable")) == len(episode.scene.movables)
    assert len(elements(svg, "goal")) == len(elements(svg, "reach")) == 1
    assert elements(svg, "ghost") == []
    assert namo.draw(namo.World(episode.scene)).svg.replace("present state", "start") == (
        svg.replace("at its", "in its")
    )


def test_a_world_shows_where_movables_are_and_where_they_were(episode):
    world = namo.World(episode.scene)
    before = namo.draw(world).svg
    episode.replay(world)
    after = namo.draw(world).svg
    assert len(elements(after, "ghost")) == len({push.object_name for push in episode.plan})
    assert elements(after, "reach")[0].get("d") != elements(before, "reach")[0].get("d")


def test_a_plan_shows_its_pushes_and_the_path_of_the_robot(episode):
    svg = namo.draw(episode.plan).svg
    assert len(elements(svg, "ghost")) == sum(map(len, episode.steps["moved"].to_pylist()))
    assert len(elements(svg, "robot-path")) == 1


def test_an_unsolved_episode_shows_its_scene(episode):
    unsolved = namo.search(episode.scene, max_pushes=0)
    svg = namo.draw(unsolved).svg
    assert len(elements(svg, "movable")) == len(episode.scene.movables)
    assert elements(svg, "robot-path") == []


def test_a_notebook_shows_an_episode_with_its_outcome(episode):
    page = episode._repr_html_()
    (data,) = re.findall(r'src="data:image/svg\+xml;base64,([^"]+)"', page)
    assert base64.b64decode(data).decode() == episode._repr_svg_()
    (caption,) = re.findall(r"<figcaption>(.*)</figcaption>", page)
    assert repr(episode) == f"<episode {caption}>"
    assert ": solved with 1 push, " in caption


def test_what_cannot_be_drawn_is_named():
    with pytest.raises(TypeError, match="a str cannot be drawn; expected Scene, World, Episode"):
        namo.draw("scene.xml")
