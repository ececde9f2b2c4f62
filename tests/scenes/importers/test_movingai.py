import pytest

from namo.errors import SceneError
from namo.scenes.checking import check_scene
from namo.scenes.importers.movingai import MovingAI
from namo.scenes.importers.settings import ImportSettings

MAP = """type octile
height 4
width 6
map
@@@@@@
@.GST@
@.@W.@
@@@@@@
"""


def read(path, text, **settings):
    imported = MovingAI().read(path, text, ImportSettings(**settings))
    check_scene(imported.scene)
    return imported


@pytest.fixture
def path(tmp_path):
    return tmp_path / "small.map"


def test_blocked_cells_are_merged_into_walls_and_terrain_is_remarked(path):
    imported = read(path, MAP, cell_size_m=0.5)
    area = sum(wall.footprint.area for wall in imported.scene.walls)
    assert area == pytest.approx(19 * 0.25)
    assert len(imported.scene.walls) < 10
    assert imported.scene.robot.radius == 0.15
    assert imported.remarks[:4] == (
        "blocked cells (19) merged into rectangles",
        "trees 'T' are walls (cells: 1)",
        "water 'W' is walls (cells: 1)",
        "swamp 'S' is plain floor (cells: 1)",
    )
    assert "robot placed in cell (3, 1) and goal in cell (1, 2): no scenario" in imported.remarks


@pytest.mark.parametrize("name", ["small.map.scen", "small.scen"])
def test_a_scenario_file_gives_robot_and_goal(path, name):
    (path.parent / name).write_text("version 1\n0\tmy map.map\t6\t4\t1\t2\t3\t1\t3.4\n")
    imported = read(path, MAP, cell_size_m=1.0)
    assert (imported.scene.robot.x, imported.scene.robot.y) == (-1.5, -0.5)
    assert (imported.scene.goal.x, imported.scene.goal.y) == (0.5, 0.5)
    assert any(f"from line 2 of {name}" in remark for remark in imported.remarks)


SCENARIO = "version 1\n0\t{}\t6\t4\t1\t2\t3\t1\t3.4\n"


@pytest.mark.parametrize(
    ("name", "named"),
    [
        ("small-even-1.scen", "small.map"),
        ("small-random-25.scen", "maps/small.map"),
        ("SMALL-EVEN-1.SCEN", "small.map"),
        ("any.scen", "small.map"),
        ("windows.scen", r"maps\small.map"),
    ],
)
def test_a_scenario_of_another_name_that_is_of_this_map_is_used(path, name, named):
    (path.parent / name).write_text(SCENARIO.format(named))
    imported = read(path, MAP, cell_size_m=1.0)
    assert (imported.scene.robot.x, imported.scene.robot.y) == (-1.5, -0.5)
    assert (imported.scene.goal.x, imported.scene.goal.y) == (0.5, 0.5)
    assert any(f"from line 2 of {name}" in remark for remark in imported.remarks)


def test_of_several_scenarios_the_first_in_natural_order_is_used(path):
    for name in ("small-even-10.scen", "small-even-2.scen", "a.scen", "smaller-even-1.scen"):
        (path.parent / name).write_text(SCENARIO.format("small.map"))
    (path.parent / "smaller-even-1.scen").write_text(SCENARIO.format("smaller.map"))
    assert any("small-even-2.scen" in remark for remark in read(path, MAP).remarks)
    (path.parent / "small.scen").write_text(SCENARIO.format("renamed.map"))
    assert any("line 2 of small.scen" in remark for remark in read(path, MAP).remarks)


def test_scenarios_of_other_maps_are_remarked(path):
    for name in ("other.scen", "small-1.scen"):
        (path.parent / name).write_text(SCENARIO.format("other.map"))
    (path.parent / "binary.scen").write_bytes(b"\xff\xfe\x00")
    remarks = read(path, MAP).remarks
    assert any(remark.endswith("3 scenario files of other maps") for remark in remarks)


def test_blank_lines_before_the_first_scenario_do_not_count(path):
    path.with_suffix(".scen").write_text("\nversion 1.0\n\n" + SCENARIO.format("m").split("\n")[1])
    assert any("from line 4" in remark for remark in read(path, MAP).remarks)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("0\tm.map\t6\t4\t0\t0\t3\t1\t3.4", r"the start \(0, 0\) is not a free cell"),
        ("0\tm.map\t9\t4\t1\t1\t3\t1\t3.4", "9 x 4 cells; this has 6 x 4"),
        ("0\tm.map", "line 2 is not a scenario"),
    ],
)
def test_a_scenario_of_another_map_is_refused(path, line, message):
    path.with_suffix(".scen").write_text(f"version 1\n{line}\n")
    with pytest.raises(SceneError, match=message):
        read(path, MAP)


def test_an_open_rim_gets_a_border_and_a_narrow_cell_a_narrow_robot(path):
    imported = read(path, "type octile\nheight 1\nwidth 3\nmap\n..@\n", cell_size_m=0.2)
    assert "border walls added, as the rim is open" in imported.remarks
    assert len(imported.scene.walls) == 5
    assert imported.scene.robot.radius == pytest.approx(0.08)
    assert imported.scene.room is not None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("height 1\nwidth 1\nmap\n.\n", "it must be type octile"),
        ("type octile\nheight 1\nwidth x\nmap\n.\n", "width x; both must be 1 to 10000"),
        (MAP.replace("height 4", f"height {'9' * 5000}"), "both must be 1 to 10000"),
        (MAP.replace("height 4", "height 5"), "not 5 rows of 6"),
        (MAP.replace("G", "?"), r"characters \?; allowed"),
        (MAP.translate(str.maketrans(".GS", "@@@")), "no free cell"),
    ],
)
def test_text_that_is_not_a_map_is_refused(path, text, message):
    with pytest.raises(SceneError, match=message):
        read(path, text)
