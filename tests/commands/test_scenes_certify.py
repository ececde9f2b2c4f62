import pytest

from namo.commands.main import main
from namo.scenes.writing import scene_xml


@pytest.fixture
def folder(tmp_path, rooms):
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "open.xml").write_text(scene_xml(rooms.room(rooms.box(0.0, 0.0))))
    (folder / "broken.xml").write_text("<mujoco")
    return folder


def test_the_exit_code_says_that_files_are_left_out(folder, tmp_path, capsys):
    command = ["scenes", "certify", str(folder), "--output", str(tmp_path / "scenes.parquet")]
    assert main([*command, "--quiet", "--split", "train=0.5", "--split", "test=0.5"]) == 1
    assert capsys.readouterr().out == (
        "broken.xml: left out: not well-formed XML: unclosed token: line 1, column 0\n"
        f"{tmp_path / 'scenes.parquet'}: 1 scene of 1 layout, 1 left out\n\n"
        "split             scenes layouts\n"
        "train                  1       1\n\n"
        "no layout is left for test: training needs scenes in train and val, a comparison in test\n"
    )
    assert main([*command, "--max-failed-fraction", "0.5"]) == 0
    assert main(["scenes", "check", str(tmp_path / "scenes.parquet")]) == 0
    assert "scenes.parquet: does not list broken.xml: not well-f" in capsys.readouterr().out
    (folder / "broken.xml").unlink()
    assert main(command) == 0


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--pushes", "9"], "--pushes 9: only --effort searches; give it too"),
        (["--prove", "2"], "--prove 2: only --effort searches; give it too"),
        (["--effort", "--depth", "0"], "--depth is 0; allowed: integers from 1"),
        (["--jobs", "0"], "--jobs is 0"),
        (["--split", "train=0.4"], "splits is {'train': 0.4}; fractions from 0 that add up to 1"),
        (["--split", "trian=1"], "'trian=1': expected train=X, val=X or test=X"),
        (["--time-limit", "0"], "--time-limit 0: must be more than 0"),
        (["--output", "scenes.txt"], "--output scenes.txt: must end with .parquet"),
        (["--max-failed-fraction", "2"], "--max-failed-fraction is 2.0; allowed: 0 to 1"),
    ],
)
def test_wrong_options_are_named_before_anything_is_written(folder, capsys, options, said):
    command = ["scenes", "certify", str(folder), "--output", str(folder / "scenes.parquet")]
    try:
        code = main([*command, *options])
    except SystemExit as end:
        code = end.code
    assert code == 2
    assert said in capsys.readouterr().err
    assert sorted(path.name for path in folder.iterdir()) == ["broken.xml", "open.xml"]
