import re
from xml.etree import ElementTree

import numpy as np
import pytest

from namo.geometry import Pose2D
from namo.reporting.gallery import GalleryEntry
from namo.reporting.plan_svg import draw_plan
from namo.reporting.style import page_style
from namo.scenes import palette
from tests.reporting.conftest import episode_row, plan_of, scene_of


def entry(depth):
    row = episode_row(3, solution_depth=depth) if depth else episode_row(3, "pushes")
    return GalleryEntry(row, scene_of(row), plan_of(row))


def drawn(shown, label=""):
    return draw_plan(shown.scene, shown.pushes, label)


def elements(drawing, kind):
    root = ElementTree.fromstring(str(drawing.svg))
    return [each for each in root.iter() if each.get("class") == kind]


def test_frames_add_up_to_the_recorded_motion():
    drawing = drawn(entry(2))
    for step, (push, recorded) in enumerate(zip(drawing.frames, entry(2).pushes, strict=True)):
        assert push["moved"] == [1]
        rows = np.cumsum(np.reshape(push["frames"], (12, 5)), axis=0) / 1000.0
        assert rows[:, :2].ravel() == pytest.approx(recorded["robot"], abs=5.1e-4)
        assert rows[0] == pytest.approx([-1.5 + 0.1 * step, 0, 1 + 0.1 * step, 1, 3 + 0.1 * step])


def test_an_angle_does_not_jump_at_pi():
    frames = np.reshape(drawn(entry(3)).frames[1]["frames"], (12, 5))
    assert abs(frames[1:, 4]).max() <= 11  # of 0.1 rad in 11 steps


def test_start_ghosts_path_and_end_are_drawn():
    drawing = drawn(entry(2))
    assert [each.get("transform") for each in elements(drawing, "movable")] == [
        "translate(0 0) rotate(28.6)",
        "translate(1000 1000) rotate(171.9)",
    ]
    assert [each.get("transform").split(")")[0] for each in elements(drawing, "ghost")] == [
        "translate(1100 1000",
        "translate(1200 1000",
    ]
    (path,) = elements(drawing, "robot-path")
    assert path.get("d") == "M-1500 0L-1300 0"
    (end,) = elements(drawing, "end")
    assert (end.get("cx"), end.get("cy")) == ("-1300", "0")
    (goal,) = elements(drawing, "goal")
    assert (goal.get("cx"), goal.get("r")) == ("1500", "150")


def test_the_way_of_a_straight_push_and_the_target_of_one_to_a_pose_are_drawn():
    drawing = drawn(entry(2))
    first, second = elements(drawing, "request")
    assert (first.get("data-push"), second.get("data-push")) == ("0", "1")
    assert [each.get("transform") for each in first] == ["translate(1250 1000) rotate(0.0)"]
    # Contact 0 is on the lower face of the box, at -0.25, -0.2, where push 1 left it.
    shaft, head = (np.array(re.findall(r"(-?\d+) (-?\d+)", each.get("d"))) for each in second)
    way = Pose2D(1.1, 1.0, 3.1).to_world(np.array([[-0.25, -0.2], [-0.25, 0.3]])) * 1000.0
    assert shaft[0].astype(float) == pytest.approx(way[0], abs=0.6)
    assert head[0].astype(float) == pytest.approx(way[1], abs=0.6)
    assert drawing.straight == 1


def test_pushes_that_end_in_one_place_share_a_text():
    apart, together = entry(2), entry(3)
    apart.pushes[1]["poses"] = [each + 0.5 for each in apart.pushes[1]["poses"]]
    numbers = [
        [each.text for each in ElementTree.fromstring(str(drawn(one).svg)).iter("text")]
        for one in (apart, together)
    ]
    assert numbers == [["1", "2"], ["1,2", "3"]]


def test_everything_is_within_the_view():
    drawing = drawn(entry(1))
    left, top, width, height = map(int, drawing.svg.split('viewBox="')[1].split('"')[0].split())
    (walls,) = elements(drawing, "wall")
    corners = np.array(re.findall(r"(-?\d+) (-?\d+)", walls.get("d")), np.int64)
    assert (corners[:, 0] > left).all()
    assert (corners[:, 0] < left + width).all()
    assert (corners[:, 1] > top).all()
    assert (corners[:, 1] < top + height).all()


def test_an_unsolved_episode_shows_the_start_only():
    drawing = drawn(entry(0))
    assert drawing.frames == []
    assert (
        not elements(drawing, "ghost") + elements(drawing, "robot-path") + elements(drawing, "end")
    )
    assert len(elements(drawing, "movable")) == 2


def test_the_goal_of_a_large_scene_stays_visible():
    large = entry(1)
    large.scene["bounds"] = [-100.0, -100.0, 100.0, 100.0]
    (goal,) = elements(drawn(large), "goal")
    assert int(goal.get("r")) > 4000


def test_text_from_the_data_is_escaped():
    root = ElementTree.fromstring(str(drawn(entry(1), '<"ü&{}').svg))
    assert root.get("aria-label") == '<"ü&{}'


@pytest.mark.parametrize(("scheme", "prefix"), [(0, ""), (1, "DARK_")])
def test_the_page_uses_the_palette_of_scenes_in_both_schemes(scheme, prefix):
    rule = page_style().splitlines()[scheme]
    colours = dict(re.findall(r"--([\w-]+): (#\w+);", rule))
    names = {"ink", "floor", "wall", "movable", "movable-edge", "robot", "goal"}
    assert colours == {
        name: getattr(palette, prefix + name.upper().replace("-", "_")) for name in names
    }


def test_the_style_sheet_itself_defines_no_colour_of_scenes():
    defined = re.findall(r"--([\w-]+): #\w+;", page_style())
    assert [defined.count(name) for name in ("floor", "wall", "movable", "robot", "goal")] == [
        2
    ] * 5
