import importlib.util
import sys
from pathlib import Path

import pytest

from namo.commands.main import main
from tests.training.conftest import collect, write_scenes

needs_rerun = pytest.mark.skipif(
    not importlib.util.find_spec("rerun"), reason="rerun is not installed"
)


@pytest.fixture(scope="module")
def folder(rooms, tmp_path_factory):
    """A collection of one room. Read only."""
    folder = tmp_path_factory.mktemp("view")
    scenes = write_scenes(folder / "scenes", {"a": rooms.plugged(options=rooms.SLEEPING)})
    return collect(scenes, folder / "out", max_pushes=8)


@needs_rerun
def test_a_recording_is_written_and_how_to_open_it_is_printed(folder, tmp_path, capsys):
    file = tmp_path / "search.rrd"
    assert main(["view", str(folder), "0", "--rrd", str(file)]) == 0
    said = capsys.readouterr().out
    assert "_env_000000_episode_0: " in said
    assert said.endswith(f"wrote {file}\nopen it with: rerun {file}\n")
    assert file.stat().st_size > 10_000


@needs_rerun
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["7"], "no environment 7"),
        (["0", "--episode", "4"], "no episode "),
        (["0", "--rrd", "search.gif"], "--rrd search.gif: must end in .rrd"),
    ],
)
def test_wrong_usage_ends_with_2(folder, arguments, said, capsys):
    assert main(["view", str(folder), *arguments]) == 2
    assert said in capsys.readouterr().err


@needs_rerun
def test_a_machine_without_a_display_is_told_to_write_a_file(folder, monkeypatch, capsys):
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    assert main(["view", str(folder), "0"]) == 1
    assert "--rrd FILE needs none" in capsys.readouterr().err


def test_without_rerun_it_names_the_extra(folder, monkeypatch, capsys):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert main(["view", str(folder), "0", "--rrd", str(Path("search.rrd"))]) == 2
    said = capsys.readouterr().err
    assert "namo view needs rerun, which is not installed: pip install 'namo-collect[view]'" in said
