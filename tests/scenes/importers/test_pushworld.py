from pathlib import Path

import pytest

from namo.errors import SceneError
from namo.scenes.checking import check_scene
from namo.scenes.footprint import Polygon, Rectangle
from namo.scenes.importers.pushworld import PushWorld
from namo.scenes.importers.settings import ImportSettings

PUZZLE = """ A  A  .  W  .
 .  M1 M1 .  G2
 M2 .  M1 AW G2
 .  .  .  .  G1"""


def read(text, **settings):
    imported = PushWorld().read(Path("p.pwp"), text, ImportSettings(**settings))
    check_scene(imported.scene)
    return imported


def test_movables_become_boxes_and_polygons_with_a_clearance():
    scene = read(PUZZLE, cell_size_m=0.6).scene
    corner, box = scene.movables
    assert (corner.name, box.name) == ("M1_movable", "M2_movable")
    assert isinstance(corner.footprint, Polygon)
    assert len(corner.footprint.vertices) == 6
    assert box.footprint == Rectangle(pytest.approx(0.29), pytest.approx(0.29))
    assert (box.pose.x, box.pose.y) == pytest.approx((-1.2, -0.3))


def test_the_puzzle_has_border_walls_and_agent_walls_are_walls():
    imported = read(PUZZLE)
    assert len(imported.scene.walls) == 6
    assert imported.scene.room is not None
    assert "walls for the agent alone stop movables too (cells: 1)" in imported.remarks


def test_the_goal_is_that_of_the_first_movable():
    imported = read(PUZZLE)
    assert "goals of movables are not used: G1, G2" in imported.remarks
    assert "the robot's goal is in the middle of G1" in imported.remarks
    assert (imported.scene.goal.x, imported.scene.goal.y) == pytest.approx((1.2, -0.9))
    assert "agent of 2 cells becomes a disc in one of them" in imported.remarks


@pytest.mark.parametrize("token", ["G", "AG", "g+M3"])
def test_a_goal_without_a_name_is_the_robots(token):
    scene = read(PUZZLE.replace(".  .  .  .", f".  .  .  {token}")).scene
    assert (scene.goal.x, scene.goal.y) == pytest.approx((0.6, -0.9))


def test_agent_walls_under_a_movable_are_dropped():
    imported = read("A M0+AW G")
    assert (
        "walls for the agent alone left out where a movable stands (cells: 1)" in imported.remarks
    )


@pytest.mark.parametrize("around", ["\n{}", "\n \n{}\n\n", "\r\n{}"])
def test_blank_lines_around_a_puzzle_do_not_count(around):
    puzzle = "W W W W\nA . M1 G\n"
    assert read(around.format(puzzle)) == read(puzzle)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "there is no row of tokens; allowed"),
        ("\n \n", "there is no row of tokens; allowed"),
        ("\n. .\n.", "rows differ in their number of tokens: row 3 has 1, row 2 2"),
        ("A .\n\n. G", "rows differ in their number of tokens: row 2 has 0, row 1 2"),
        ("\nA S", "token 's' in row 2, column 2; allowed"),
        (". .\n.", "rows differ"),
        ("A S", "token 's' in row 1, column 2; allowed"),
        (". G", "no agent"),
        ("A .", "no goal"),
        ("A M1 . M1 G", "movable M1 is in several parts"),
        ("M1 M1 M1 A\nM1 . M1 G\nM1 M1 M1 .", "movable M1 has a hole"),
    ],
)
def test_files_that_give_no_scene_are_refused(text, message):
    with pytest.raises(SceneError, match=message):
        read(text)


def test_text_files_are_puzzles_only_if_they_consist_of_tokens():
    importer = PushWorld()
    assert importer.recognises(Path("a.txt"), PUZZLE)
    assert not importer.recognises(Path("a.txt"), "A note to myself.")
    assert not importer.recognises(Path("a.txt"), "")
    assert importer.recognises(Path("a.pwp"), "nonsense")
