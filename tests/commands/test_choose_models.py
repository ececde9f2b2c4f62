import json

import pytest

from namo.commands.main import main
from namo.learning.bundle_files import CONFIG, LAYOUTS, WEIGHTS


@pytest.fixture
def rounds(tmp_path):
    """Folders of the models of rounds whose held-out searches took so many log pushes."""

    def make(*log_pushes):
        folders = []
        for number, value in enumerate(log_pushes, start=1):
            folder = tmp_path / f"round_{number}"
            for kind in ("object", "goal"):
                (folder / kind).mkdir(parents=True)
                log_pushes = value if kind == "goal" else 0.0
                metrics = {"held_out_search": {"log_pushes": log_pushes}}
                (folder / kind / CONFIG).write_text(json.dumps({"metrics": metrics}))
                for name in (WEIGHTS, LAYOUTS):
                    (folder / kind / name).write_text(f"{kind} of round {number}")
            folders.append(str(folder))
        return folders

    return make


def test_the_models_of_the_best_round_are_copied(rounds, tmp_path, capsys):
    folders = rounds(2.0, 1.5, 1.75)
    assert main(["choose-models", "--models", *folders, "--output", str(tmp_path / "best")]) == 0
    assert capsys.readouterr().out == f"{tmp_path / 'best'}: the models of {folders[1]}\n"
    for kind in ("object", "goal"):
        assert (tmp_path / "best" / kind / WEIGHTS).read_text() == f"{kind} of round 2"


def test_a_round_without_a_result_is_named(rounds, tmp_path, capsys):
    (folder,) = rounds(1.0)
    (tmp_path / "round_1" / "goal" / CONFIG).write_text("{}")
    assert main(["choose-models", "--models", folder, "--output", str(tmp_path / "best")]) == 2
    err = capsys.readouterr().err
    assert f"{folder}/goal/config.json: has no result of a held-out search" in err
    assert not (tmp_path / "best").exists()


def test_a_missing_model_is_named(tmp_path, capsys):
    output = ["--output", str(tmp_path / "best")]
    assert main(["choose-models", "--models", str(tmp_path / "none"), *output]) == 2
    assert f"{tmp_path / 'none' / 'object'}: no such folder" in capsys.readouterr().err
