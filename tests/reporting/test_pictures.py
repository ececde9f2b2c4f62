import re
from importlib import resources
from xml.etree import ElementTree

import numpy as np
import pytest

from namo.reporting.gallery import Shown
from namo.reporting.pictures import picture_of
from namo.scenes import drawing
from tests.reporting.conftest import plan_of, scene_of, search


def shown(depth):
    row = search(3, solution_depth=depth) if depth else search(3, "pushes")
    return Shown(row, scene_of(row), plan_of(row))


def elements(picture, kind):
    root = ElementTree.fromstring(str(picture.svg))
    return [each for each in root.iter() if each.get("class") == kind]


def test_frames_add_up_to_what_was_recorded():
    picture = picture_of(shown(2), "")
    for step, (push, recorded) in enumerate(zip(picture.frames, shown(2).pushes, strict=True)):
        assert (push["name"], push["moved"]) == ("box 2", [1])
        rows = np.cumsum(np.reshape(push["frames"], (12, 5)), axis=0) / 1000.0
        assert rows[:, :2].ravel() == pytest.approx(recorded["robot"], abs=5.1e-4)
        assert rows[0] == pytest.approx([-1.5 + 0.1 * step, 0, 1 + 0.1 * step, 1, 3 + 0.1 * step])


def test_an_angle_that_passes_pi_does_not_jump():
    frames = np.reshape(picture_of(shown(3), "").frames[1]["frames"], (12, 5))
    assert abs(frames[1:, 4]).max() <= 11  # of 0.1 rad in 11 steps


def test_start_ghosts_path_and_end_are_drawn():
    picture = picture_of(shown(2), "")
    assert [each.get("transform") for each in elements(picture, "movable")] == [
        "translate(0 0) rotate(28.6)",
        "translate(1000 1000) rotate(171.9)",
    ]
    assert [each.get("transform").split(")")[0] for each in elements(picture, "ghost")] == [
        "translate(1100 1000",
        "translate(1200 1000",
    ]
    (way,) = elements(picture, "way")
    assert way.get("d") == "M-1500 0L-1300 0"
    (end,) = elements(picture, "end")
    assert (end.get("cx"), end.get("cy")) == ("-1300", "0")
    (goal,) = elements(picture, "goal")
    assert (goal.get("cx"), goal.get("r")) == ("1500", "150")


def test_everything_is_within_the_view():
    picture = picture_of(shown(1), "")
    left, top, width, height = map(int, picture.svg.split('viewBox="')[1].split('"')[0].split())
    (walls,) = elements(picture, "wall")
    corners = np.array(re.findall(r"(-?\d+) (-?\d+)", walls.get("d")), np.int64)
    assert (corners[:, 0] > left).all()
    assert (corners[:, 0] < left + width).all()
    assert (corners[:, 1] > top).all()
    assert (corners[:, 1] < top + height).all()


def test_an_unsolved_search_shows_its_start_alone():
    picture = picture_of(shown(0), "")
    assert picture.frames == []
    assert not elements(picture, "ghost") + elements(picture, "way") + elements(picture, "end")
    assert len(elements(picture, "movable")) == 2


def test_a_robot_in_a_large_scene_is_drawn_large_enough_to_see():
    large = shown(1)
    large.scene["bounds"] = [-100.0, -100.0, 100.0, 100.0]
    (goal,) = elements(picture_of(large, ""), "goal")
    assert int(goal.get("r")) > 4000


def test_words_from_the_data_are_escaped():
    root = ElementTree.fromstring(str(picture_of(shown(1), '<"ü&{}').svg))
    assert root.get("aria-label") == '<"ü&{}'


def test_light_colours_are_those_of_contact_sheets():
    css = resources.files("namo.reporting").joinpath("page.css").read_text("utf-8")
    light = dict(re.findall(r"--([\w-]+): (#\w+);", css.split("@media")[0]))
    assert light["floor"] == drawing.FLOOR
    assert light["wall"] == drawing.WALL
    assert (light["movable"], light["movable-edge"]) == (drawing.MOVABLE, drawing.MOVABLE_EDGE)
    assert (light["robot"], light["goal"]) == (drawing.ROBOT, drawing.GOAL)
