import argparse
import logging

import pyarrow as pa
import pytest
from PIL import Image
from pyarrow import parquet

from namo.commands import scenes_check
from namo.errors import UsageError
from namo.files import sha256_of
from namo.scenes.writing import write_scene


def check(*arguments):
    parser = argparse.ArgumentParser()
    scenes_check.add_arguments(parser)
    return scenes_check.run(parser.parse_args([str(argument) for argument in arguments]))


@pytest.fixture
def folder(rooms, tmp_path):
    """A folder with a good scene, an unusual one, and one whose goal is reachable."""
    folder = tmp_path / "scenes"
    write_scene(rooms.plugged(), folder / "a.xml")
    write_scene(rooms.plugged(rooms.box(-1.67, 1.0, number=2)), folder / "b" / "odd.xml")
    write_scene(rooms.room(), folder / "c.xml")
    return folder


@pytest.fixture
def broken(folder):
    (folder / "broken.xml").write_text("<mujoco/>")
    return folder / "broken.xml"


def test_every_file_gets_a_line(folder, capsys):
    assert check(folder) == 0
    assert capsys.readouterr().out.splitlines() == [
        "a.xml: ok",
        "b/odd.xml: odd: 'obstacle_2_movable' stands 0.020 m in wall 'wall_1', 3.3% of it",
        "c.xml: ok (goal reachable at the start)",
        "3 files: 2 ok, 1 odd (overlap: 1), 0 unusable",
    ]


def test_what_the_robot_reaches_depends_on_the_clearance(rooms, tmp_path, capsys):
    scene = rooms.room(walls=rooms.door())
    write_scene(scene, tmp_path / "narrow.xml")
    assert check(tmp_path) == check(tmp_path, "--clearance", 0.0) == 0
    assert capsys.readouterr().out.count("narrow.xml: ok (goal reachable at the start)") == 2
    assert check(tmp_path, "--clearance", 0.35) == 0
    assert "narrow.xml: odd: " in capsys.readouterr().out
    with pytest.raises(UsageError, match="--clearance is -1"):
        check(tmp_path, "--clearance", -1.0)


def test_an_unusable_file_is_a_failure_with_its_reason(folder, broken, capsys):
    assert check(folder) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[2].startswith("broken.xml: unusable: ")
    assert str(folder) not in lines[2]
    assert lines[-1] == "4 files: 2 ok, 1 odd (overlap: 1), 1 unusable"


def test_every_file_of_a_folder_is_checked_or_named(folder, tmp_path, capsys):
    (tmp_path / "elsewhere").mkdir()
    (folder / "c.xml").rename(tmp_path / "elsewhere" / "C.XML")
    (folder / "linked").symlink_to(tmp_path / "elsewhere")
    (folder / "gone.xml").symlink_to("nowhere.xml")
    assert check(folder) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "gone.xml: unusable: is a link to 'nowhere.xml', which does not exist"
    assert [line.split(":")[0] for line in lines[1:-1]] == ["a.xml", "b/odd.xml", "linked/C.XML"]
    assert lines[-1] == "4 files: 2 ok, 1 odd (overlap: 1), 1 unusable"


def test_one_file_can_be_checked(folder, capsys):
    assert check(folder / "b" / "odd.xml") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("odd.xml: odd: ")
    assert lines[1] == "1 file: 0 ok, 1 odd (overlap: 1), 0 unusable"


def test_manifests_can_be_checked_in_their_order(folder, capsys):
    (folder / "list.txt").write_text("c.xml\nb/odd.xml\n")
    parquet.write_table(pa.table({"file": ["c.xml", "b/odd.xml"]}), folder / "list.parquet")
    for name in ("list.txt", "list.parquet"):
        assert check(folder / name) == 0
        names = [line.split(":")[0] for line in capsys.readouterr().out.splitlines()]
        assert names == ["c.xml", "b/odd.xml", "2 files"]


def test_a_line_spells_out_only_the_first_few_of_a_kind(rooms, tmp_path, capsys):
    heavy = [rooms.box(-1.4 + 0.7 * n, 1.0, number=n + 1, mass=1.0) for n in range(5)]
    write_scene(rooms.room(*heavy, goal=(1.3, -1.2)), tmp_path / "heavy.xml")
    assert check(tmp_path / "heavy.xml") == 0
    line = capsys.readouterr().out.splitlines()[0]
    assert line.count("needs 4.91 N") == 3
    assert "; 2 more: too heavy (goal reachable" in line


def test_warnings_of_the_reader_are_printed_once(folder, caplog):
    caplog.clear()
    with caplog.at_level(logging.WARNING):
        check(folder)
    assert not caplog.records


def test_a_sheet_has_a_thumbnail_for_every_file(folder, broken, tmp_path, capsys):
    sheet = tmp_path / "pictures" / "sheet.png"
    assert check(folder, "--sheet", sheet, "--columns", 2) == 1
    assert capsys.readouterr().out.splitlines()[-2] == f"{sheet}: 4 thumbnails"
    with Image.open(sheet) as picture:
        width, height = picture.size
    assert width == 1240
    assert height > width  # two rows of square tiles with captions


def test_a_sheet_is_limited_with_a_note(folder, tmp_path, capsys):
    sheet = tmp_path / "sheet.svg"
    assert check(folder, "--sheet", sheet, "--limit", 2) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[-2] == f"{sheet}: 2 thumbnails (the first of 3; see --limit)"
    assert len(lines) == 5  # all files are checked


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ["--sheet", "sheet.jpg"],
            "sheet.jpg: unknown format '.jpg' of a contact sheet; expected one of: .png, .svg",
        ),
        (["--columns", 0], "--columns 0: must be 1 or more"),
        (["--limit", 0], "--limit 0: must be 1 or more"),
        (["--time-limit", 0], "--time-limit 0: must be more than 0 and at most 86400 s"),
        (["--time-limit", "nan"], "--time-limit nan: must be more than 0"),
    ],
)
def test_wrong_options_are_refused_before_anything_is_read(folder, capsys, arguments, said):
    with pytest.raises(UsageError) as caught:
        check(folder, *arguments)
    assert said in str(caught.value)
    assert not capsys.readouterr().out


def test_wrong_sources_are_refused(tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "list.txt").write_text("none.xml\n")
    for name, said in (
        ("absent", "no such file or folder"),
        ("empty", "holds no .xml file"),
        ("list.txt", "line 1: no such file"),
    ):
        with pytest.raises(UsageError) as caught:
            check(tmp_path / name)
        assert str(caught.value).startswith(f"{tmp_path / name}: {said}")


def test_a_manifest_is_audited_too(folder, capsys):
    rows = [
        {"file": name, "sha256": sha256_of(folder / name), "split": split, "layout_id": "row-1"}
        for name, split in (("a.xml", "train"), ("c.xml", "test"))
    ]
    parquet.write_table(pa.Table.from_pylist(rows), folder / "scenes.parquet")
    assert check(folder / "scenes.parquet") == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "scenes.parquet: layout row-1 is in 2 splits: test, train"
    assert lines[1] == "a.xml: ok"


def test_the_time_limit_is_that_of_the_option(folder, capsys):
    assert check(folder / "a.xml", "--time-limit", 1e-6, "--quiet") == 1
    assert capsys.readouterr().out.splitlines() == [
        "a.xml: unusable: still being read after 1e-06 s (--time-limit)",
        "1 file: 0 ok, 0 odd, 1 unusable",
    ]


def test_quiet_prints_what_is_odd_or_unusable_and_why(folder, broken, capsys):
    assert check(folder, "--quiet") == 1
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(":")[:2] for line in lines[:-1]] == [
        ["b/odd.xml", " odd"],
        ["broken.xml", " unusable"],
    ]
    assert lines[-1] == "4 files: 2 ok, 1 odd (overlap: 1), 1 unusable"
