"""What `namo dataset`, `train` and `evaluate` refuse; tests/workflow runs them to their end."""

import pytest

from namo.commands.main import main

TRAIN = ["train", "--kind", "goal", "--dataset", "d", "--manifest", "m", "--output", "o"]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (
            ["dataset", "--collection", "c", "--manifest", "m", "--output", "o", "--jobs", "0"],
            2,
            "namo dataset: error: --jobs is 0; allowed: integers from 1 up",
        ),
        (
            ["evaluate", "--arm", "random", "--output", "o", "--max-pushes", "5"],
            2,
            "namo evaluate: error: --arm random: should be NAME=DIR",
        ),
        (
            ["evaluate", "--arm", "=random", "--output", "o", "--max-pushes", "5"],
            2,
            "--arm =random: should be NAME=DIR",
        ),
        (
            [*TRAIN, "--settings", '{"epohcs": 1}'],
            2,
            "--settings: unknown key 'epohcs'; did you mean 'epochs'?",
        ),
        (
            [*TRAIN, "--settings", "{"],
            2,
            "--settings: not valid JSON: ",
        ),
        (
            TRAIN,
            2,
            "--manifest m: no such file",
        ),
    ],
)
def test_wrong_usage_is_said_and_nothing_is_written(
    tmp_path, monkeypatch, capsys, arguments, code, said
):
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == code
    assert said in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
