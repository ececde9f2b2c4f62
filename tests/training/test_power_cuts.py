"""A training in which power is cut gives the same model when the same command is run again."""

import csv
from dataclasses import replace

import pytest

from namo.training import train
from namo.training.train import Training
from tests.crash.crashing import Run, try_power_cuts
from tests.training.test_train import TINY, log_without_times


@pytest.mark.slow
def test_a_training_after_a_power_cut(learning, tmp_path, monkeypatch):
    monkeypatch.setattr(train, "SAVE_EVERY_S", -1.0)  # after every step
    monkeypatch.setattr(train, "plot_history", lambda *_: None)
    output = tmp_path / "root" / "goal"
    output.parent.mkdir()
    held_out = [path for path in learning.scenes if path.name.startswith("b")]
    settings = replace(TINY, epochs=1, search_scenes=1, search_pushes=1)

    def act():
        Training(
            "goal",
            dataset=learning.dataset,
            held_out=held_out,
            output=output,
            settings=settings,
            show=lambda _: None,
        ).run()

    def look():
        with (output / "history.csv").open() as file:
            rows = [
                {name: value for name, value in row.items() if not name.endswith("_s")}
                for row in csv.DictReader(file)
            ]
        model = [(output / name).read_bytes() for name in ("config.json", "model.safetensors")]
        return rows, log_without_times(output), model

    try_power_cuts(Run(output.parent, act, look))
