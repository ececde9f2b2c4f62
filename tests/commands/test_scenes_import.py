import argparse
import shutil

import numpy as np
import pytest

from namo.commands import scenes_import
from namo.errors import UsageError
from namo.scenes.importers.registry import IMPORTERS
from namo.scenes.reading import read_scene
from namo.scenes.sources import environments_from
from namo.scenes.writing import scene_xml

MAP = "type octile\nheight 3\nwidth 4\nmap\n@@@@\n@..@\n@@@@\n"
PUZZLE = "A . M0 G\n"


def run(*arguments):
    parser = argparse.ArgumentParser()
    scenes_import.add_arguments(parser)
    return scenes_import.run(parser.parse_args(list(map(str, arguments))))


@pytest.fixture
def source(tmp_path, rooms):
    """A folder with files of three formats, one of them broken, and two that are not scenes."""
    folder = tmp_path / "source"
    (folder / "maps").mkdir(parents=True)
    (folder / "maps" / "small.map").write_text(MAP)
    (folder / "puzzle.txt").write_text(PUZZLE)
    (folder / "plan.svg").write_text("<svg viewBox='0 0 9 9'/>")
    (folder / "notes.txt").write_text("Nothing to see here.")
    (folder / "ours.xml").write_text(scene_xml(rooms.room(rooms.box(0.0, 0.0))))
    return folder


def test_the_manifest_lists_what_is_imported_and_what_was_there(source, tmp_path, capsys):
    output = tmp_path / "out"
    run(source / "maps", "--output", output)
    run(source / "puzzle.txt", "--output", output)
    assert "scenes.parquet: 2 scenes of 2 layouts, 0 left out" in capsys.readouterr().out
    environments = environments_from(None, output / "scenes.parquet")
    assert [path.name for path in environments.paths] == ["puzzle.xml", "small.xml"]
    (output / "scenes.parquet").write_text("theirs")
    with pytest.raises(UsageError, match="was not written by"):
        run(source / "puzzle.txt", "--output", output)


def test_every_importer_can_be_chosen_and_loaded():
    parser = argparse.ArgumentParser()
    scenes_import.add_arguments(parser)
    (choices,) = [action.choices for action in parser._actions if action.dest == "format"]
    assert choices is IMPORTERS
    for name in IMPORTERS.names():
        importer = IMPORTERS.load(name)()
        assert all(suffix.startswith(".") for suffix in importer.SUFFIXES)


def test_a_folder_is_imported_file_by_file_and_each_gets_a_line(source, tmp_path, capsys):
    output = tmp_path / "out"
    assert run(source, "--output", output) == 1
    printed = capsys.readouterr().out
    lines = printed.splitlines()
    assert lines[0].startswith("maps/small.map: imported: 0 movables, 4 walls, robot 0.15 m; ")
    assert lines[1].startswith("plan.svg: not imported: no outline has type wall; no robot")
    assert lines[2].startswith("puzzle.txt: imported: 1 movable, 4 walls, robot 0.15 m; ")
    assert lines[3:] == [
        "notes.txt: left alone: no importer recognises it",
        "ours.xml: left alone: already a scene in this project's format, nothing to import; check "
        "it with `namo scenes check`, collect it with --xml-dir",
        f"{output / 'scenes.parquet'}: 2 scenes of 2 layouts, 0 left out",
        "2 of 3 files imported; 2 other files left alone",
    ]
    report = (output / "import.txt").read_text().splitlines()
    assert report == [*lines[:5], lines[-1]]
    assert {path.relative_to(output).as_posix() for path in output.rglob("*.xml")} == {
        "maps/small.xml",
        "puzzle.xml",
    }


def test_many_skipped_files_are_named_in_the_report_only(source, tmp_path, capsys):
    (source / "picture.png").write_bytes(b"not even text")
    for number in range(9):
        (source / f"note_{number}.txt").write_text("Nothing to see here.")
    run(source, "--output", tmp_path / "out")
    printed = capsys.readouterr().out
    assert printed.splitlines()[-1] == "2 of 3 files imported; 12 other files left alone"
    assert "recognises" not in printed
    report = (tmp_path / "out" / "import.txt").read_text()
    assert report.count(": left alone: no importer recognises it\n") == 10
    assert report.count(": left alone: already a scene in this project's format") == 1
    assert "note_8.txt: left alone" in report
    assert "picture.png" not in report


@pytest.mark.parametrize("scenario", ["", "version 1\n0\tx.map\t4\t3\t1\t1\t1\t1\t0\n"])
def test_a_robot_that_starts_at_its_goal_is_noted(tmp_path, capsys, scenario):
    path = tmp_path / "x.map"
    path.write_text(MAP if scenario else "type octile\nheight 1\nwidth 1\nmap\n.\n")
    if scenario:
        path.with_suffix(".scen").write_text(scenario)
    assert run(path, "--output", tmp_path / "out") == 0
    assert "; the robot starts at its goal, within 0.15 m" in capsys.readouterr().out


def test_a_robot_that_starts_elsewhere_is_not(source, tmp_path, capsys):
    run(source, "--output", tmp_path / "out")
    assert "starts at its goal" not in capsys.readouterr().out


def test_importing_twice_gives_the_same_bytes(source, tmp_path):
    for name in ("one", "two"):
        run(source, "--output", tmp_path / name)
    for path in (tmp_path / "one").rglob("*.*"):
        other = tmp_path / "two" / path.relative_to(tmp_path / "one")
        assert path.read_bytes() == other.read_bytes()


def test_a_single_file_is_imported_under_its_own_name(source, tmp_path):
    assert run(source / "puzzle.txt", "--output", tmp_path / "out") == 0
    assert len(read_scene(tmp_path / "out" / "puzzle.xml").movables) == 1


def test_scale_multiplies_every_length(source, tmp_path, capsys):
    run(source / "puzzle.txt", "--output", tmp_path / "one")
    run(source / "puzzle.txt", "--output", tmp_path / "two", "--scale", "2.5")
    assert "lengths multiplied by 2.5" in capsys.readouterr().out
    one, two = (read_scene(tmp_path / name / "puzzle.xml") for name in ("one", "two"))
    for small, large in zip((*one.walls, *one.movables), (*two.walls, *two.movables), strict=True):
        assert large.corners() == pytest.approx(2.5 * small.corners())
        assert (large.z, large.half_z) == pytest.approx((2.5 * small.z, 2.5 * small.half_z))
    assert (two.robot.x, two.robot.radius, two.goal.x) == pytest.approx(
        tuple(2.5 * np.array([one.robot.x, one.robot.radius, one.goal.x]))
    )
    assert two.robot.mass == one.robot.mass


def test_cell_size_is_the_side_of_a_cell(source, tmp_path):
    run(source / "puzzle.txt", "--output", tmp_path, "--cell-size", "1")
    scene = read_scene(tmp_path / "puzzle.xml")
    assert scene.goal.x - scene.robot.x == pytest.approx(3.0)


def test_what_is_too_large_for_the_collector_is_not_imported(source, tmp_path, capsys):
    assert run(source / "puzzle.txt", "--output", tmp_path / "out", "--cell-size", "99999") == 1
    assert "not imported: the scene spans" in capsys.readouterr().out
    assert not (tmp_path / "out" / "puzzle.xml").exists()


def test_huge_and_binary_files_are_not_imported(source, tmp_path, capsys):
    for name in ("maps/small.map", "puzzle.txt", "ours.xml", "notes.txt"):
        (source / name).unlink()
    with (source / "plan.svg").open("wb") as file:
        file.truncate(51_000_000)
    (source / "odd.map").write_bytes(b"\xff\xfe\x00")
    assert run(source, "--output", tmp_path / "out") == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("odd.map: not imported: not UTF-8 text")
    assert lines[1] == "plan.svg: not imported: 51 MB; at most 50 MB"


def test_warnings_of_the_checks_are_in_the_line(tmp_path, capsys):
    plan = """<svg viewBox="0 0 300 200">
      <namo_config><agent agent_id="r"><goal goal_id="g"/></agent></namo_config>
      <circle id="r" cx="50" cy="50" r="15"/><circle id="g" cx="250" cy="50" r="15"/>
      <rect id="w" type="wall" x="100" y="0" width="20" height="60"/>
      <rect id="m" type="movable" x="118" y="10" width="30" height="30"/></svg>"""
    (tmp_path / "plan.svg").write_text(plan)
    assert run(tmp_path / "plan.svg", "--output", tmp_path / "out") == 0
    captured = capsys.readouterr()
    assert "'m_movable' overlaps wall 'wall_w' by 7 % of its footprint" in captured.out
    assert captured.err == ""


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("{source}", "--output", "{source}"), "lies in SOURCE"),
        (("{source}", "--output", "{source}/maps/out"), "lies in SOURCE"),
        (("{source}/nothing", "--output", "{out}"), "no such file or folder"),
        (("{source}/notes.txt", "--output", "{out}"), "nothing to import as auto"),
        (("{source}/maps", "--output", "{out}", "--format", "car"), r"as car \(\.xml\)"),
        (("{source}", "--output", "{out}", "--scale", "0"), "--scale 0.0: must be a positive"),
        (("{source}", "--output", "{out}", "--scale", "nan"), "--scale nan: must be"),
        (("{source}", "--output", "{out}", "--cell-size", "-1"), "--cell-size -1.0: must be"),
        (("{source}", "--output", "{out}", "--scale", "1e300"), "--scale .*, at most 1e\\+06"),
        (("{source}", "--output", "{out}", "--cell-size", "1e9"), "--cell-size .*at most 1e"),
        (("{source}", "--output", "{out}", "--robot-radius", "0"), "--robot-radius 0.0: must be"),
        (("{source}", "--output", "{out}", "--robot-radius", "inf"), "--robot-radius inf: must"),
        (("{source}/maps", "--output", "{out}", "--robot", "r"), "--robot: no file of"),
        (("{source}", "--output", "{source}/plan.svg"), "lies in SOURCE"),
        (("{source}/plan.svg", "--output", "{source}/notes.txt"), "is not a folder"),
    ],
)
def test_wrong_usage_writes_nothing(source, tmp_path, arguments, message):
    before = sorted(tmp_path.rglob("*"))
    filled = [str(one).format(source=source, out=tmp_path / "out") for one in arguments]
    with pytest.raises(UsageError, match=message):
        run(*filled)
    assert sorted(tmp_path.rglob("*")) == before


def test_a_scene_of_this_project_alone_says_so(source, tmp_path):
    with pytest.raises(UsageError, match=r"ours\.xml: already a scene in this project's format"):
        run(source / "ours.xml", "--output", tmp_path / "out")
    text = (source / "ours.xml").read_text().replace('name="robot"', "name = 'robot'")
    (source / "ours.xml").write_text(text)
    with pytest.raises(UsageError, match="check it with `namo scenes check`, collect it with"):
        run(source / "ours.xml", "--output", tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", ["ours.xml", "plan.svg", "maps/small.map", "puzzle.txt"])
def test_a_pointer_of_git_lfs_is_named_as_one(source, tmp_path, capsys, name):
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:aa\nsize 3\n"
    (source / name).write_text(pointer)
    assert run(source / name, "--output", tmp_path / "out") == 1
    line = f"{(source / name).name}: not imported: a Git LFS pointer, not the file itself; "
    assert line + "fetch the file with 'git lfs pull'" in capsys.readouterr().out


def test_links_are_followed_and_what_cannot_be_read_is_named(source, tmp_path, capsys):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "far.map").write_text(MAP)
    (source / "linked").symlink_to(tmp_path / "elsewhere")
    (source / "loop").symlink_to(source)
    (source / "gone.map").symlink_to("nowhere")
    (source / "UPPER.MAP").write_text(MAP)
    run(source, "--output", tmp_path / "out")
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(": ")[0] for line in lines if ": imported: " in line] == [
        "UPPER.MAP",
        "linked/far.map",
        "maps/small.map",
        "puzzle.txt",
    ]
    assert "gone.map: left alone: is a link to 'nowhere', which does not exist" in lines


def test_the_radius_of_a_placed_robot_can_be_asked_for(tmp_path, capsys):
    sides = [(0, 0.4, 0.01, 0.4), (0.5, 0.4, 0.01, 0.4), (0.25, 0, 0.26, 0.01)]
    sides += [(0.25, 0.8, 0.26, 0.01), (0.15, 0.4, 0.15, 0.01)]
    walls = "".join(
        f'<geom name="wall_{n}" type="box" pos="{x} {y} .1" size="{a} {b} .1"/>'
        for n, (x, y, a, b) in enumerate(sides)
    )
    text = f'<mujoco><worldbody><geom type="plane" size="0 0 1"/>{walls}</worldbody></mujoco>'
    (tmp_path / "small.xml").write_text(text)
    for options, robot in (
        (("--robot-radius", "0.05"), "robot 0.05 m"),
        (("--scale", "4"), "robot 0.15 m"),
    ):
        capsys.readouterr()
        assert run(tmp_path / "small.xml", "--output", tmp_path / "out", *options) == 0
        assert f"small.xml: imported: 0 movables, 5 walls, {robot}; " in capsys.readouterr().out
        read_scene(tmp_path / "out" / "small.xml")
    unused = ("--format", "car", "--robot-radius", "1")
    with pytest.raises(UsageError, match="--robot-radius: no file of"):
        run(tmp_path / "small.xml", "--output", tmp_path / "o", *unused)


def test_two_files_that_would_become_one_are_refused(source, tmp_path):
    (source / "puzzle.map").write_text(MAP)
    with pytest.raises(UsageError, match=r"'puzzle\.map' and 'puzzle\.txt' would both become"):
        run(source, "--output", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_source_is_never_overwritten(tmp_path, shared_scenes):
    inner = tmp_path / "a" / "a"
    inner.mkdir(parents=True)
    for folder in (tmp_path / "a", inner):
        shutil.copy(next((shared_scenes / "car_hops").glob("*.xml")), folder / "x.xml")
    with pytest.raises(UsageError, match="is one of the files to import"):
        run(tmp_path / "a" / "x.xml", "--output", tmp_path / "a")
    with pytest.raises(UsageError, match="is one of the files to import"):
        run(tmp_path / "a", "--output", tmp_path)


@pytest.mark.parametrize(
    ("folder", "imported", "of"),
    [("car_hops", 30, 30), ("wall_templates", 20, 20), ("namosim", 14, 16)],
)
def test_shared_scenes_are_imported(shared_scenes, tmp_path, capsys, folder, imported, of):
    assert run(shared_scenes / folder, "--output", tmp_path) == int(imported != of)
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == f"{imported} of {of} files imported"
    scenes = [read_scene(path) for path in tmp_path.rglob("*.xml")]
    assert len(scenes) == imported
    refused = [line for line in lines if ": not imported: " in line]
    assert len(refused) == of - imported
    for line in refused:
        assert "its walls are only in the embedded image 'image10'" in line
        assert "no robot is named" in line


def test_an_importer_that_cannot_be_imported_stops_only_its_format(
    source, tmp_path, capsys, install
):
    install("tools_a", "1.0", {"namo.importers": {"mine": "tools_a:Mine"}}, "import not_there")
    assert run(source / "puzzle.txt", "--output", tmp_path / "out") == 0
    first, second, *_ = (tmp_path / "out" / "import.txt").read_text().splitlines()
    assert first.startswith("left out: format 'mine': tools_a:Mine (tools_a 1.0) cannot be import")
    assert second.startswith("puzzle.txt: imported: ")
    with pytest.raises(UsageError, match="No module named 'not_there'"):
        run(source / "puzzle.txt", "--output", tmp_path / "out", "--format", "mine")
