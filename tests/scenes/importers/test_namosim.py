import math
from pathlib import Path

import numpy as np
import pytest

from namo.errors import SceneError
from namo.scenes.checking import check_scene
from namo.scenes.footprint import Polygon, Rectangle
from namo.scenes.importers.namosim import NamoSim
from namo.scenes.importers.settings import ImportSettings

CLOSED = """
  <path id="rim" type="wall" d="M 0,0 H 400 V 300 H 0 Z M 10,10 V 290 H 390 V 10 Z"/>
"""
AGENTS = """
  <namo_config collision_margin_cm="3">
    <agent agent_id="robot_0"><goal goal_id="goal_0"/><goal goal_id="goal_1"/>
      <behavior type="x"><parameters drive_type="differential"/></behavior></agent>
    <agent agent_id="robot_1"><goal goal_id="goal_2"/></agent>
  </namo_config>
  <circle id="robot_0" type="shape" cx="60" cy="60" r="20"/>
  <circle id="robot_1" type="shape" cx="60" cy="240" r="30"/>
  <circle id="goal_0" type="shape" cx="350" cy="60" r="20"/>
  <circle id="goal_1" type="shape" cx="350" cy="250" r="20"/>
  <circle id="goal_2" type="shape" cx="200" cy="250" r="20"/>
"""


def svg(body, agents=AGENTS, head=""):
    return f"""<?xml version="1.0"?>{head}
<svg xmlns="http://www.w3.org/2000/svg" xmlns:namo="namo" viewBox="0 0 400 300" width="4pt"
     height="3pt">{agents}{body}</svg>"""


def read(text, **settings):
    imported = NamoSim().read(Path("plan.svg"), text, ImportSettings(**settings))
    check_scene(imported.scene)
    return imported


def test_a_unit_is_a_centimetre_and_y_points_up_from_the_centre():
    scene = read(svg(CLOSED + '<path id="a" type="movable" d="m 250,50 h 40 v 20 h -40 z"/>')).scene
    (box,) = scene.movables
    assert box.name == "a_movable"
    assert box.footprint == Rectangle(pytest.approx(0.2), pytest.approx(0.1))
    assert box.pose == pytest.approx((0.7, 0.9, 0.0))
    assert (scene.robot.x, scene.robot.y) == pytest.approx((-1.4, 0.9))
    assert scene.robot.radius == pytest.approx(0.2, rel=1e-3)
    assert (scene.goal.x, scene.goal.y) == pytest.approx((1.5, 0.9))


def test_transforms_of_an_element_and_its_groups_apply():
    turned = """<g transform="translate(200,150)"><rect id="a" namo:type="movable" x="-20" y="-10"
      width="40" height="20" transform="rotate(30)"/></g>"""
    (box,) = read(svg(CLOSED + turned)).scene.movables
    assert box.footprint == Rectangle(pytest.approx(0.2), pytest.approx(0.1))
    assert box.pose == pytest.approx((0.0, 0.0, -math.radians(30)))  # mirrored, so clockwise


def test_curves_are_followed_within_a_millimetre():
    disc = '<path id="a" type="movable" d="M 150,150 a 50,50 0 1 1 100,0 a 50,50 0 1 1 -100,0 z"/>'
    (round_one,) = read(svg(CLOSED + disc)).scene.movables
    assert isinstance(round_one.footprint, Polygon)
    assert len(round_one.footprint.vertices) < 60
    distances = np.hypot(*round_one.footprint.outline.T)
    assert distances.max() <= 0.501
    assert round_one.footprint.area == pytest.approx(math.pi * 0.25, rel=0.01)


def test_solids_are_high_enough_for_the_robot_and_movables_do_not_tip():
    thin = '<rect id="thin" type="movable" x="200" y="50" width="4" height="4"/>'
    wide = '<rect id="wide" type="movable" x="200" y="150" width="120" height="120"/>'
    scene = read(svg(CLOSED + thin + wide), robot="robot_0").scene
    radius = scene.robot.radius
    assert all(wall.half_z == wall.z == 2 * radius for wall in scene.walls)
    assert [box.half_z for box in scene.movables] == [radius, 2 * radius]


def test_a_wall_with_a_hole_is_split_and_covers_the_same_area():
    imported = read(svg(CLOSED))
    assert [wall.name for wall in imported.scene.walls] == ["wall_rim", "wall_rim_2"]
    assert sum(wall.footprint.area for wall in imported.scene.walls) == pytest.approx(
        4.0 * 3.0 - 3.8 * 2.8
    )
    assert "wall cut along its holes: rim" in imported.remarks


def test_a_wall_that_crosses_itself_is_repaired():
    imported = read(svg(CLOSED + '<path id="x" type="wall" d="M 150,150 h 40 L 150,190 h 40 z"/>'))
    assert "wall that crosses itself repaired: x" in imported.remarks
    assert sum("x" in wall.name for wall in imported.scene.walls) == 2


def test_only_an_open_plan_gets_border_walls():
    open_one = read(svg('<rect id="w" type="wall" x="150" y="0" width="20" height="200"/>'))
    assert [wall.name for wall in open_one.scene.walls[1:]] == [
        f"border_wall_{side}" for side in ("left", "right", "bottom", "top")
    ]
    assert any("border walls added" in remark for remark in open_one.remarks)
    closed = read(svg(CLOSED))
    assert not any("border" in wall.name for wall in closed.scene.walls)


def test_other_robots_and_goals_are_left_out_by_name():
    imported = read(svg(CLOSED))
    assert "other robots left out, with their goals: robot_1" in imported.remarks
    assert "other goals not used: goal_1" in imported.remarks
    assert "collision margin of 3 cm is not used" in imported.remarks
    assert "drive type differential is not used" in imported.remarks


def test_a_robot_and_a_goal_can_be_chosen():
    scene = read(svg(CLOSED), robot="robot_1").scene
    assert (scene.robot.x, scene.robot.y) == pytest.approx((-1.4, -0.9))
    assert (scene.goal.x, scene.goal.y) == pytest.approx((0.0, -1.0))
    assert read(svg(CLOSED), goal="goal_1").scene.goal.y == pytest.approx(-1.0)


def test_an_unknown_robot_or_goal_is_refused_with_the_existing_ones():
    with pytest.raises(SceneError, match="no robot 'robot0'; did you mean 'robot_0'"):
        read(svg(CLOSED), robot="robot0")
    with pytest.raises(
        SceneError, match=r"has no goal 'goal_2'; .*expected one of: goal_0, goal_1"
    ):
        read(svg(CLOSED), goal="goal_2")


GROUPED = """
  <namo_config><agent agent_id="robot"><goal goal_id="goal"/></agent></namo_config>
  <g id="robot"><rect id="r" type="shape" x="40" y="40" width="40" height="20"/>
    <path id="rd" type="orientation" d="M 60,50 h 20"/></g>
  <g id="goal"><circle id="g" type="shape" cx="300" cy="60" r="20"/>
    <path id="gd" type="orientation" d="M 300,60 h 20"/></g>
"""


def test_groups_with_a_shape_and_an_orientation_draw_robot_and_goal():
    imported = read(svg(CLOSED, GROUPED))
    robot = imported.scene.robot
    assert (robot.x, robot.y, robot.radius) == pytest.approx((-1.4, 1.0, math.hypot(0.2, 0.1)))
    assert "robot orientation is not used" in imported.remarks
    assert "goal orientation is not used" in imported.remarks
    assert any("covers 51% of it" in remark for remark in imported.remarks)


def test_elements_that_a_scene_does_not_represent_are_remarked():
    rest = """
      <image id="photo"/><path id="note" d="M 0,0 h 1 v 1 z"/>
      <path id="tree" type="plant" d="M 0,0 h 1 v 1 z"/>
      <circle id="ghost" type="shape" r="3"/>
      <g id="movables_layer"><rect id="box" x="200" y="150" width="40" height="40"/></g>
      <defs><rect id="unseen" type="wall" width="40" height="40"/></defs>
    """
    imported = read(svg(CLOSED + rest))
    for remark in (
        "embedded image is not used: photo",
        "without a type and not used: note",
        "type 'plant' is not known and not used: tree",
        "shape of no robot or goal is not used: ghost",
        "movable by its layer, without a type: box",
        "inside 'defs' and left out: unseen",
    ):
        assert remark in imported.remarks
    assert [box.name for box in imported.scene.movables] == ["box_movable"]
    assert not any("unseen" in wall.name for wall in imported.scene.walls)


BOX = 'x="200" y="150" width="40" height="40"'


@pytest.mark.parametrize(
    ("hiding", "remark"),
    [
        (f'<banana><rect id="a" type="movable" {BOX}/></banana>', "inside 'banana' and left out"),
        (f'<banana><g><rect id="a" type="wall" {BOX}/></g></banana>', "inside 'banana'"),
        (f'<banana id="a" type="wall" {BOX}/>', "of a kind that draws nothing and left out"),
        (f'<rect type="wall" {BOX}><rect id="a" type="wall"/></rect>', "inside 'rect'"),
        (f'<defs><g type="wall"><rect id="a" {BOX}/></g></defs>', "inside 'defs' and left out"),
        (f'<symbol><rect id="a" type="wall" {BOX}/></symbol>', "inside 'symbol' and left out"),
        (f'<clipPath><rect id="a" type="movable" {BOX}/></clipPath>', "inside 'clipPath'"),
        (f'<rect id="a" type="wall" style="fill:red; display : none" {BOX}/>', "hidden and left"),
        (f'<rect id="a" type="movable" display="none" {BOX}/>', "hidden and left out"),
        (f'<g style="display:none"><rect id="a" type="wall" {BOX}/></g>', "hidden and left out"),
        (f'<g visibility="hidden"><rect id="a" type="wall" {BOX}/></g>', "hidden and left out"),
        (f'<rect id="a" display="none" {BOX}/>', "hidden and left out"),
        ('<g id="a" type="wall"><text id="t"/></g>', "group of type wall has no outline"),
    ],
)
def test_invisible_elements_are_left_out_and_named(hiding, remark):
    imported = read(svg(CLOSED + hiding))
    assert any(one.startswith(remark) and one.endswith(": a") for one in imported.remarks)
    assert imported.scene.movables == ()
    assert not any(wall.name == "wall_a" for wall in imported.scene.walls)


def test_a_second_goal_of_the_same_id_in_definitions_is_named():
    imported = read(svg(CLOSED + '<defs><circle id="a"/><circle id="goal_0"/></defs>'))
    assert "inside 'defs' and left out: goal_0" in imported.remarks


def test_typed_elements_inside_unknown_ones_are_remarked():
    both = f'<banana id="b" type="wall"><rect id="a" type="movable" {BOX}/></banana>'
    remarks = read(svg(CLOSED + both)).remarks
    assert "of a kind that draws nothing and left out: b" in remarks
    assert "inside 'banana' and left out: a" in remarks


def test_definitions_of_paint_are_not_remarked():
    paint = f'<defs><path id="p" d="M 0,0 h 1"/><clipPath id="c"><rect {BOX}/></clipPath></defs>'
    assert read(svg(CLOSED + paint)).remarks == read(svg(CLOSED)).remarks


def test_visible_elements_inside_invisible_groups_are_kept():
    group = (
        f'<g visibility="hidden"><rect id="a" type="wall" style="visibility:visible" {BOX}/></g>'
    )
    assert read(svg(CLOSED + group)).scene.walls[-1].name == "wall_a"


def test_a_clip_path_is_remarked():
    cut = f'<g clip-path="url(#c)"><rect id="a" type="wall" {BOX}/></g>'
    assert "clip path or mask is not used: a" in read(svg(CLOSED + cut)).remarks


def test_elements_without_a_type_have_that_of_their_group():
    more = '<g><rect id="b" x="200" y="220" width="20" height="20"/></g>'
    typed = '<rect id="c" type="wall" x="300" y="150" width="20" height="20"/>'
    line = '<line id="l"/>'
    imported = read(svg(f'{CLOSED}<g type="movable"><rect id="a" {BOX}/>{more}{typed}{line}</g>'))
    assert [box.name for box in imported.scene.movables] == ["a_movable", "b_movable"]
    assert imported.scene.walls[-1].name == "wall_c"
    assert "movable by the type of its group: a, b" in imported.remarks
    assert "without a type and not used: l" in imported.remarks


def test_a_robot_in_a_group_with_a_type_is_still_only_the_robot():
    robot = '<circle id="robot_0" type="shape" cx="60" cy="60" r="20"/>'
    grouped = f'<g type="movable">{robot.replace("type=", "was=")}</g>'
    assert read(svg(CLOSED, AGENTS.replace(robot, grouped))).scene.movables == ()


def test_a_part_of_the_robot_without_a_type_is_remarked():
    arm = '<g id="robot"><rect id="arm" width="9" height="9"/>'
    remarks = read(svg(CLOSED, GROUPED.replace('<g id="robot">', arm))).remarks
    assert "part of the robot without a type is not used: arm" in remarks


@pytest.mark.parametrize("style", ["transform:none", "/* transform:x */fill:red", "x:"])
def test_css_without_effect_is_accepted(style):
    wall = f'<rect id="a" type="wall" style="{style}" {BOX}/><style>rect {{fill: red}}</style>'
    assert read(svg(CLOSED + wall)).scene.walls[-1].name == "wall_a"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (f'<rect id="a" type="wall" style="transform: scale(2)" {BOX}/>', r"'a': style 'transform"),
        (f'<g id="b" style="rotate:9deg"><rect type="wall" {BOX}/></g>', r"'b': style 'rotate: 9"),
        (f'<rect id="a" type="wall" style="width:9px" {BOX}/>', "write it as an attribute 'width'"),
        (f'<rect id="a" type="wall" transform-origin="1 1" {BOX}/>', "transform-origin is not"),
        ("<style>#rim {display: none}</style>", "style sheet with 'display: none'"),
        ("<style>.a {-webkit-transform: scale(2)}</style>", "style sheet with 'transform: sc"),
    ],
)
def test_css_that_moves_or_hides_is_refused(body, message):
    with pytest.raises(SceneError, match=message):
        read(svg(CLOSED + body))


def test_hidden_walls_and_robots_are_named_if_there_are_no_others():
    with pytest.raises(SceneError, match=r"no outline has type wall \('w' is hidden\)"):
        read(svg('<rect id="w" type="wall" display="none"/>'))
    hidden = AGENTS.replace('id="goal_0" type', 'id="goal_0" display="none" type')
    with pytest.raises(SceneError, match="by 0 outlines; one must; a circle of that id is hidden"):
        read(svg(CLOSED, hidden))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (svg(CLOSED, head='<!DOCTYPE svg [<!ENTITY a "b">]>'), "neither a DOCTYPE nor entities"),
        (svg(""), "no outline has type wall"),
        (svg(CLOSED, ""), "no robot is named"),
        (svg('<image id="map"/>', ""), r"only in the embedded image 'map'\); no robot is named"),
        ("<html/>", "root element is 'html'"),
        ("<svg", "not well-formed"),
        ("<svg>" + "<g>" * 200 + "</g>" * 200 + "</svg>", "nested deeper than 100"),
        ("<svg/>", "viewBox ''; it must be four numbers"),
        ('<svg viewBox="0 0 nan 1"/>', "'nan' is not a finite number"),
        (svg(CLOSED + '<path id="a" type="wall" d="M 1 1 L 5"/>'), "path data 'M 1 1 L 5' is not"),
        (svg(CLOSED + '<path id="a" type="wall" d="M 1 1 L 5 5 z"/>'), "'a': encloses no area"),
        (
            svg(CLOSED + '<path id="a" type="wall" d="M 0 0 H 1e999 V 5 z"/>'),
            "not finite or beyond",
        ),
        (svg(CLOSED + '<g transform="shake(3)"/>'), r"transform 'shake\(3\)' is not understood"),
        (svg(CLOSED + '<g transform="scale(1e999)"/>'), "transform .* is not finite"),
        (svg(CLOSED + '<rect id="a" type="wall" rx="3"/>'), "round corners; make a path"),
        (svg(CLOSED + '<line id="a" type="wall"/>'), "wall 'a' is a line; allowed: circle, "),
        (svg(CLOSED + "<svg/>"), "inside another"),
        (
            svg(CLOSED + '<path id="a" type="movable" d="M 99,99 h 9 v 9 z M 150,99 h 9 v 9 z"/>'),
            "movable 'a' is in 2 parts",
        ),
        (svg(CLOSED, AGENTS.replace('id="goal_0" type', 'id="other" type')), "drawn by 0 outlines"),
    ],
)
def test_files_that_give_no_scene_are_refused(text, message):
    with pytest.raises(SceneError, match=message):
        read(text)


def test_names_are_unique_and_follow_the_convention():
    twice = '<rect id="immovable a" type="wall" x="150" y="150" width="9" height="9"/>' * 2
    names = [wall.name for wall in read(svg(CLOSED + twice)).scene.walls[2:]]
    assert names == ["wall_imobstacle_a", "wall_imobstacle_a_2"]


def test_redundant_corners_of_walls_are_dropped():
    dots = "".join(f"L {150 + i},{150 + 0.04 * (i % 2)} " for i in range(41))
    wall = f'<path id="w" type="wall" d="M 150,150 {dots} L 190,190 L 150,190 z"/>'
    assert isinstance(read(svg(CLOSED + wall)).scene.walls[-1].footprint, Rectangle)


def test_self_intersections_of_rounding_errors_are_not_remarked():
    wall = '<path id="w" type="wall" d="M 150,150 h 40 v 40 h -40 v -40.001 h 0.001 z"/>'
    imported = read(svg(CLOSED + wall))
    assert isinstance(imported.scene.walls[-1].footprint, Rectangle)
    assert not any("repaired" in remark for remark in imported.remarks)


def areas_of(scene):
    return {wall.name: wall.footprint.area for wall in scene.walls}


def test_a_stroked_open_wall_is_the_band_that_a_viewer_draws():
    bent = '<path id="s" type="wall" d="M 250,60 L 350,60 L 350,120"'
    imported = read(svg(CLOSED + bent + ' style="fill:none;stroke:#000;stroke-width:4"/>'))
    assert areas_of(imported.scene)["wall_s"] == pytest.approx((100 + 60) * 4 * 1e-4, rel=1e-3)
    assert "wall with the width of its stroke: s" in imported.remarks


def test_a_thick_stroked_rectangle_is_a_frame_that_is_cut_along_its_hole():
    frame = '<rect id="s" type="wall" x="250" y="60" width="60" height="60"'
    imported = read(svg(CLOSED + frame + ' style="fill:none;stroke:#000;stroke-width:10"/>'))
    sides = [area for name, area in areas_of(imported.scene).items() if name.startswith("wall_s")]
    assert sum(sides) == pytest.approx((70**2 - 50**2) * 1e-4)
    assert "wall cut along its holes: rim, s" in imported.remarks


def test_a_wall_without_fill_and_stroke_is_left_out_and_dashes_are_remarked():
    body = """<rect id="a" type="wall" x="200" y="60" width="20" height="20" fill="none"/>
      <path id="b" type="wall" d="M250,60 h60" stroke="red" stroke-width="4" stroke-dasharray="3"/>
      <path id="c" type="wall" d="M250,90 h60" stroke="red" marker-end="url(#arrow)"/>"""
    imported = read(svg(CLOSED + body))
    assert [name for name in areas_of(imported.scene) if "rim" not in name] == ["wall_b", "wall_c"]
    assert "wall without fill and stroke left out: a" in imported.remarks
    assert "stroke of a wall without the gaps of its dashes: b" in imported.remarks
    assert "markers are not used: c" in imported.remarks


def test_a_movable_is_its_fill_and_stroke():
    box = '<rect id="m" type="movable" x="250" y="60" width="36" height="26" stroke="red"'
    (filled,) = read(svg(CLOSED + box + ' stroke-width="4"/>')).scene.movables
    assert filled.footprint == Rectangle(pytest.approx(0.2), pytest.approx(0.15))
    imported = read(svg(CLOSED + box + ' stroke-width="4" fill="none"/>'))
    assert imported.scene.movables[0].footprint == filled.footprint
    assert "movable with holes filled: m" in imported.remarks


def test_robots_and_goals_are_their_outline_filled_or_not():
    plain = read(svg(CLOSED)).scene
    outlined = AGENTS.replace("<circle", '<circle fill="none" stroke="red" stroke-width="9"')
    assert read(svg(CLOSED, outlined)).scene == plain


def test_a_robot_drawn_by_a_group_without_a_shape_says_what_to_do():
    circle = '<circle id="robot_0" type="shape" cx="60" cy="60" r="20"/>'
    group = """<g id="robot_0"><circle id="disc" cx="60" cy="60" r="20"/>
      <path d="M60,60 h20" stroke="red"/></g>"""
    with pytest.raises(SceneError) as caught:
        read(svg(CLOSED, AGENTS.replace(circle, group)))
    assert str(caught.value) == (
        "robot 'robot_0' is drawn by 0 outlines; one must; it is a group of disc (type missing), "
        'path without id: give the one that is its outline the attribute type="shape"'
    )
    shaped = AGENTS.replace(circle, group.replace('id="disc"', 'id="disc" type="shape"'))
    assert read(svg(CLOSED, shaped)).scene == read(svg(CLOSED)).scene
