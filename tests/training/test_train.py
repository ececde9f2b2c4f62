import csv
import json
from dataclasses import replace

import pytest
import torch

from namo.errors import ModelError, UsageError
from namo.learning.bundle import load_bundle
from namo.learning.bundle_files import trained_layouts
from namo.learning.scoring import Scorer
from namo.training import train
from namo.training.dataset import make_dataset
from namo.training.search_quality import SearchQuality
from namo.training.settings import TrainingSettings
from namo.training.train import Training
from tests.conftest import random_bundle
from tests.training.conftest import manifest_of

TINY = TrainingSettings(
    widths=(2, 3, 4),
    summary=4,
    hidden=5,
    epochs=2,
    states_per_batch=2,
    threads=1,
    device="cpu",
    search_scenes=2,
    search_pushes=3,
)


class Killed(BaseException):
    """What stands for a signal that ends the process."""


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Save after every step, and leave out the pictures."""
    monkeypatch.setattr(train, "SAVE_EVERY_S", -1.0)
    monkeypatch.setattr(train, "draw_curves", lambda *_: None)


@pytest.fixture(scope="module")
def held_out(learning):
    return [path for path in learning.scenes if path.name.startswith("b")]


@pytest.fixture(scope="module")
def start(learning, held_out):
    """Makes a training of the small data set; lines for people are kept in `lines`."""

    def make(output, settings=TINY, kind="goal", cls=Training, **options):
        lines = []
        given = {"dataset": learning.dataset, "held_out": held_out, **options}
        training = cls(kind, output=output, settings=settings, show=lines.append, **given)
        training.lines = lines
        return training

    return make


@pytest.fixture(scope="module")
def undisturbed(start, tmp_path_factory):
    """The folder of a goal model that was trained in one go, and how well it searches."""
    output = tmp_path_factory.mktemp("trained") / "goal"
    return output, start(output).run()


def history(output):
    with (output / "history.csv").open() as file:
        return list(csv.DictReader(file))


def without_clocks(output):
    return [
        {name: value for name, value in row.items() if not name.endswith("_s")}
        for row in history(output)
    ]


def checkpoint(output):
    return torch.load(output / "checkpoint.pt", weights_only=True)


def assert_the_same_training(output, expected):
    for name in ("config.json", "model.safetensors", "layouts.txt"):
        assert (output / name).read_bytes() == (expected / name).read_bytes(), name
    assert without_clocks(output) == without_clocks(expected)
    ours, theirs = (checkpoint(folder)["network"] for folder in (output, expected))
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(tensor, theirs[name]) for name, tensor in ours.items())


def searching(monkeypatch, *log_pushes):
    """Let the searches after each epoch come to these."""
    qualities = iter(SearchQuality(2.0**log, log, 0.5, 0.25) for log in log_pushes)
    monkeypatch.setattr(Training, "_search", lambda _: next(qualities))


def test_a_training_leaves_a_model_its_history_and_curves(learning, undisturbed):
    output, quality = undisturbed
    bundle = load_bundle(output, "goal")
    assert bundle.discount == TINY.discount
    trained = bundle.config["training"]
    assert trained["data_sha256"] == learning.card["data_sha256"]
    assert trained["rows"] == learning.card["splits"]["train"]["rows"]
    assert trained["settings"] == json.loads(json.dumps(TINY.as_dict()))
    assert trained_layouts(output) == {"a"}
    rows = history(output)
    assert [int(row["epoch"]) for row in rows] == [0, 1]
    best = min(rows, key=lambda row: float(row["log_pushes"]))
    assert float(best["pushes"]) == quality.pushes
    assert trained["epoch"] == int(best["epoch"]) + 1
    assert bundle.config["metrics"]["held_out_search"]["log_pushes"] == quality.log_pushes
    assert (output / "curves.svg").read_text().startswith("<?xml")
    assert Scorer(output, "goal", "cpu").stats.parameters > 0


def test_weights_change_from_epoch_to_epoch(start, tmp_path):
    start(tmp_path / "one", replace(TINY, epochs=1)).run()
    start(tmp_path / "more", replace(TINY, epochs=2)).run()
    one, more = (checkpoint(tmp_path / name)["network"] for name in ("one", "more"))
    assert all(not torch.equal(one[name], more[name]) for name in one if name.endswith("weight"))


@pytest.mark.parametrize("saves", [1, 2, 4, 5, 7])
def test_a_killed_training_goes_on_to_the_same_bits(start, undisturbed, tmp_path, saves):
    class Interrupted(Training):
        left = saves

        def _save(self):
            super()._save()
            self.left -= 1
            if not self.left:
                raise Killed

    output = tmp_path / "goal"
    with pytest.raises(Killed):
        start(output, cls=Interrupted).run()
    going_on = start(output)
    assert going_on.lines[0].startswith("going on at epoch ")
    assert going_on.run() == undisturbed[1]
    assert_the_same_training(output, undisturbed[0])


@pytest.mark.parametrize("place", ["before", "after"])
def test_a_training_that_is_killed_while_it_keeps_a_model_goes_on_to_the_same_bits(
    start, undisturbed, tmp_path, place
):
    best = tmp_path / "goal" / "best"

    class Interrupted(Training):
        def _write(self, folder, quality):
            if folder != best or place == "after":
                super()._write(folder, quality)
            if folder == best:
                raise Killed

    with pytest.raises(Killed):
        start(tmp_path / "goal", cls=Interrupted).run()
    assert not (tmp_path / "goal" / "config.json").exists()
    assert start(tmp_path / "goal").run() == undisturbed[1]
    assert_the_same_training(tmp_path / "goal", undisturbed[0])


def test_a_training_that_is_done_does_nothing(start, undisturbed, monkeypatch):
    output, quality = undisturbed
    before = {path: path.read_bytes() for path in output.iterdir() if path.is_file()}
    monkeypatch.setattr(Training, "_train_on", None)
    assert start(output).run() == quality
    assert {path: path.read_bytes() for path in output.iterdir() if path.is_file()} == before


def test_other_settings_begin_anew(start, tmp_path):
    start(tmp_path / "model", replace(TINY, epochs=1)).run()
    other = replace(TINY, epochs=1, seed=5)
    again = start(tmp_path / "model", other)
    assert again.lines == [
        f"{tmp_path / 'model' / 'checkpoint.pt'}: is of other data, settings or scenes; training "
        "begins anew"
    ]
    again.run()
    start(tmp_path / "fresh", other).run()
    assert_the_same_training(tmp_path / "model", tmp_path / "fresh")


def test_other_data_begin_anew(start, learning, tmp_path):
    one = replace(TINY, epochs=1)
    start(tmp_path / "model", one).run()
    make_dataset([learning.collection] * 2, learning.manifest, tmp_path / "data")
    again = start(tmp_path / "model", one, dataset=tmp_path / "data")
    assert "training begins anew" in again.lines[0]


def test_other_scenes_to_search_begin_anew(start, held_out, tmp_path):
    one = replace(TINY, epochs=1)
    start(tmp_path / "model", one).run()
    again = start(tmp_path / "model", one, held_out=held_out[:1])
    assert "training begins anew" in again.lines[0]


def test_the_model_that_searches_best_is_kept(start, tmp_path, monkeypatch):
    searching(monkeypatch, 2.0, 1.0, 1.5, 1.0)
    quality = start(tmp_path / "model", replace(TINY, epochs=4)).run()
    assert quality.log_pushes == 1.0
    assert load_bundle(tmp_path / "model", "goal").config["training"]["epoch"] == 2
    assert len(history(tmp_path / "model")) == 4


def test_a_training_that_gets_no_better_stops(start, tmp_path, monkeypatch):
    searching(monkeypatch, 2.0, 1.0, 3.0, 1.5, 0.0)
    start(tmp_path / "model", replace(TINY, epochs=9, patience=2)).run()
    assert [float(row["log_pushes"]) for row in history(tmp_path / "model")] == [2.0, 1.0, 3.0, 1.5]


def test_every_state_is_seen_once_an_epoch(start, tmp_path, monkeypatch):
    searching(monkeypatch, 1.0, 2.0)
    seen = []
    training = start(tmp_path / "model")
    states = len(training._data)
    original = type(training._data).__getitem__

    def look(data, index):
        seen.append(index)
        return original(data, index)

    monkeypatch.setattr(type(training._data), "__getitem__", look)
    training.run()
    first, second = seen[:states], seen[states:]
    assert sorted(first) == sorted(second) == list(range(states))
    assert first != second


def test_an_object_model_is_searched_with_a_goal_model(start, undisturbed, tmp_path):
    one = replace(TINY, epochs=1)
    start(tmp_path / "object", one, kind="object", goal_model=undisturbed[0]).run()
    assert load_bundle(tmp_path / "object", "object").kind == "object"
    assert len(history(tmp_path / "object")) == 1
    other = random_bundle(tmp_path / "goal", "goal")
    again = start(tmp_path / "object", one, kind="object", goal_model=other)
    assert "training begins anew" in again.lines[0]


def test_a_goal_model_that_is_none_is_named_before_anything_is_trained(start, tmp_path):
    with pytest.raises(ModelError, match="no such folder"):
        start(tmp_path / "object", kind="object", goal_model=tmp_path / "not there")


def test_a_goal_model_is_searched_with_itself(start, undisturbed, tmp_path):
    with pytest.raises(UsageError, match="is searched with itself"):
        start(tmp_path / "goal", goal_model=undisturbed[0])


def test_an_object_model_without_a_goal_model_is_refused(start, tmp_path):
    with pytest.raises(UsageError, match="needs a goal model to search with"):
        start(tmp_path / "object", kind="object")
    assert not (tmp_path / "object").exists()


def test_a_data_set_without_rows_to_train_on_is_named(start, learning, tmp_path):
    manifest = manifest_of(tmp_path / "scenes.parquet", learning.scenes, split="val")
    make_dataset([learning.collection], manifest, tmp_path / "data")
    with pytest.raises(UsageError) as caught:
        start(tmp_path / "model", dataset=tmp_path / "data")
    assert str(caught.value) == f"{tmp_path / 'data'}: holds nothing for kind goal in split train"


def test_without_scenes_to_search_there_is_no_training(start, tmp_path):
    with pytest.raises(UsageError, match="held-out scenes: 0 given"):
        start(tmp_path / "model", held_out=[])


@pytest.mark.parametrize("seed", [2**31, 2**53])
def test_large_seeds_will_do(start, tmp_path, monkeypatch, seed):
    searching(monkeypatch, 1.0)
    start(tmp_path / "model", replace(TINY, epochs=1, seed=seed)).run()
    assert load_bundle(tmp_path / "model", "goal").config["training"]["settings"]["seed"] == seed


def test_the_learning_rate_rises_and_then_falls_to_a_hundredth():
    rates = [train._rate(step / 1000) for step in range(1001)]
    peak = rates.index(max(rates))
    assert rates[:peak] == sorted(rates[:peak])
    assert rates[peak:] == sorted(rates[peak:], reverse=True)
    assert (rates[0], max(rates), rates[-1]) == pytest.approx((0.1, 1.0, 0.01))
    assert peak == 100
