import os
import signal
from pathlib import Path

import numpy as np
import pytest

from namo.commands.main import main
from namo.exporting import masks
from namo.exporting.mask_drawing import draw_masks
from tests.training.conftest import collect, write_scenes


@pytest.fixture(scope="module")
def folder(rooms, tmp_path_factory):
    """A folder in which a scene was collected into `mine`. Read only."""
    folder = tmp_path_factory.mktemp("export")
    scene = rooms.plugged(options=rooms.SLEEPING)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        scenes = [
            path.relative_to(folder) for path in write_scenes(folder / "scenes", {"a": scene})
        ]
        collect(scenes, Path("mine"), max_pushes=8)
    return folder


def export(folder, form, output, *more):
    arguments = ["export", str(folder / "mine"), "--format", form, "--output", str(output)]
    return main([*arguments, "--run-from", str(folder), *map(str, more)])


@pytest.mark.parametrize("form", ["huggingface", "masks"])
def test_it_prints_what_was_written_and_how_to_load_it(folder, tmp_path, capsys, form):
    pushes = ["--pushes", "all"] if form == "masks" else ["--licence", "mit"]
    assert export(folder, form, tmp_path / "out", *pushes) == 0
    said = capsys.readouterr().out
    assert said.startswith(f"{tmp_path / 'out'}: ")
    assert "load it in Python with\n    import " in said
    assert (tmp_path / "out" / "README.md").exists()


def test_relative_scene_paths_start_where_the_collection_was_run(folder, tmp_path, caplog):
    arguments = ["export", str(folder / "mine"), "--format", "masks", "--pushes", "all"]
    assert main([*arguments, "--output", str(tmp_path / "elsewhere")]) == 0
    assert "scenes/a.xml: is missing" in caplog.text, "and the stored scene is used"
    caplog.clear()
    assert export(folder, "masks", tmp_path / "out", "--pushes", "all") == 0
    assert caplog.text == ""
    with np.load(tmp_path / "out" / "masks-00000.npz", allow_pickle=False) as shard:
        assert len(shard["push"]) == 8


@pytest.mark.parametrize(
    ("form", "more", "said"),
    [
        ("masks", ["--licence", "mit"], "--licence: not used by format masks"),
        ("minari", ["--pushes", "all"], "--pushes: not used by format minari"),
        ("masks", ["--metres-per-pixel", "-1"], "--metres-per-pixel -1.0: must be a positive"),
        ("huggingface", ["--citation", "no.bib"], "--citation no.bib: cannot be read"),
        ("huggingface", ["--manifest", "no.parquet"], "--manifest no.parquet: "),
    ],
)
def test_wrong_usage_ends_with_2_and_writes_nothing(folder, tmp_path, capsys, form, more, said):
    assert export(folder, form, tmp_path / "out", *more) == 2
    assert f"namo export: error: {said}" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_folder_without_a_collection_and_an_unknown_format_are_refused(tmp_path, capsys):
    output = ["--output", str(tmp_path / "out")]
    assert main(["export", str(tmp_path), "--format", "masks", *output]) == 2
    assert "no finished collection is here" in capsys.readouterr().err
    assert main(["export", str(tmp_path), "--format", "csv", *output]) == 2
    assert "unknown format 'csv'; expected one of: huggingface" in capsys.readouterr().err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_export_leaves_nothing(folder, tmp_path, capsys, monkeypatch, number):
    """It looks for a signal before every sample, not only between environments."""
    drawn = []

    def draw_and_interrupt(*arguments):
        drawn.append(draw_masks(*arguments))
        os.kill(os.getpid(), number)
        return drawn[-1]

    monkeypatch.setattr(masks, "draw_masks", draw_and_interrupt)
    code = export(folder, "masks", tmp_path / "out", "--pushes", "all")
    assert (code, len(drawn)) == (128 + number, 1)
    said = f"interrupted by {number.name}; nothing was written"
    assert said in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
