import csv
import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from namo.errors import ModelError, UsageError
from namo.learning.bundle import load_bundle
from namo.learning.bundle_files import seen_layouts
from namo.learning.loaded_model import load_model
from namo.seeding import Purpose, stream
from namo.training import train
from namo.training.dataset import make_dataset
from namo.training.search_quality import Searches
from namo.training.settings import TrainingSettings
from namo.training.train import Training
from tests.conftest import random_bundle
from tests.training.conftest import manifest_of
from tests.training.event_files import logged

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
    """Stands in for a signal that ends the process."""


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Save after every step, and skip the plots."""
    monkeypatch.setattr(train, "SAVE_EVERY_S", -1.0)
    monkeypatch.setattr(train, "plot_history", lambda *_: None)


@pytest.fixture(scope="module")
def held_out(learning):
    return [path for path in learning.scenes if path.name.startswith("b")]


@pytest.fixture(scope="module")
def start(learning, held_out):
    """Makes a training on the small data set; progress messages are kept in `lines`."""

    def make(output, settings=TINY, kind="goal", cls=Training, **options):
        lines = []
        given = {"dataset": learning.dataset, "held_out": held_out, "held_out_layouts": ["b"]}
        given |= options
        training = cls(kind, output=output, settings=settings, show=lines.append, **given)
        training.lines = lines
        return training

    return make


@pytest.fixture(scope="module")
def uninterrupted(start, tmp_path_factory):
    """The folder of a goal model trained without interruption, and its search quality."""
    output = tmp_path_factory.mktemp("trained") / "goal"
    return output, start(output).run()


def history(output):
    with (output / "history.csv").open() as file:
        return list(csv.DictReader(file))


def without_times(output):
    return [
        {name: value for name, value in row.items() if not name.endswith("_s")}
        for row in history(output)
    ]


def log_without_times(output):
    return {tag: pairs for tag, pairs in logged(output).items() if not tag.endswith("_s")}


def checkpoint(output):
    return torch.load(output / "checkpoint.pt", weights_only=True)


def assert_the_same_training(output, expected):
    for name in ("config.json", "model.safetensors", "layouts.txt"):
        assert (output / name).read_bytes() == (expected / name).read_bytes(), name
    assert without_times(output) == without_times(expected)
    log = log_without_times(output)
    assert log == log_without_times(expected)
    assert all(len(dict(pairs)) == len(pairs) for pairs in log.values()), "every step once"
    found, wanted = (checkpoint(folder)["network"] for folder in (output, expected))
    assert found.keys() == wanted.keys()
    assert all(torch.equal(tensor, wanted[name]) for name, tensor in found.items())


def fake_searches(monkeypatch, *log_pushes):
    """Replace the searches after each epoch: one scene, with these logarithms of pushes."""
    solved = np.array([True])
    results = iter(Searches(np.exp([log]), solved) for log in log_pushes)
    monkeypatch.setattr(Training, "_search", lambda _: next(results))


def test_a_training_writes_a_model_its_history_and_a_plot(learning, uninterrupted):
    output, quality = uninterrupted
    bundle = load_bundle(output, "goal")
    assert bundle.discount == TINY.discount
    trained = bundle.config["training"]
    assert trained["data_sha256"] == learning.card["data_sha256"]
    assert trained["rows"] == learning.card["splits"]["train"]["rows"]
    assert trained["settings"] == json.loads(json.dumps(TINY.as_dict()))
    assert seen_layouts(output) == {"a", "b"}
    rows = history(output)
    assert [int(row["epoch"]) for row in rows] == [0, 1]
    kept = [row for row in rows if row["kept"] == "1"][-1]
    assert float(kept["pushes"]) == quality.pushes
    assert trained["epoch"] == int(kept["epoch"]) + 1
    assert bundle.config["metrics"]["held_out_search"]["log_pushes"] == quality.log_pushes
    assert (output / "curves.svg").read_text().startswith("<?xml")
    assert load_model(output, "goal", "cpu").stats.parameters > 0


def of_steps(log, name):
    """What a log says of each step."""
    return np.array(log[f"step/{name}"])[:, 1]


def test_every_step_and_every_epoch_are_logged(uninterrupted):
    output, _ = uninterrupted
    rows, log = history(output), logged(output)
    steps = len(log["step/loss"])
    per_epoch = steps // len(rows)
    names = {"loss", "opens", "leads", "ranking", "gradient_norm", "learning_rate"}
    assert log.keys() == {f"step/{name}" for name in names} | {f"epoch/{name}" for name in rows[0]}
    for tag, pairs in log.items():
        stride = 1 if tag.startswith("step/") else per_epoch
        assert [step for step, _ in pairs] == [*range(stride, steps + 1, stride)], tag
    for name, pairs in log.items():
        if name.startswith("epoch/"):
            expected = [float(row[name.removeprefix("epoch/")]) for row in rows]
            assert [value for _, value in pairs] == pytest.approx(expected), name
    values = {name: of_steps(log, name) for name in names}
    parts = values["opens"] + TINY.rank_weight * values["ranking"]
    assert values["loss"] == pytest.approx(parts, rel=1e-5)
    first = values["loss"][:per_epoch].mean()
    assert first == pytest.approx(float(rows[0]["loss"]), rel=1e-5)
    assert values["learning_rate"].max() <= TINY.learning_rate
    assert (values["gradient_norm"] > 0).all()


def test_weights_change_from_epoch_to_epoch(start, tmp_path):
    start(tmp_path / "one", replace(TINY, epochs=1)).run()
    start(tmp_path / "more", replace(TINY, epochs=2)).run()
    one, more = (checkpoint(tmp_path / name)["network"] for name in ("one", "more"))
    assert all(not torch.equal(one[name], more[name]) for name in one if name.endswith("weight"))


@pytest.mark.parametrize("saves", [1, 2, 4, 5, 7])
def test_a_killed_training_resumes_to_the_same_bits(start, uninterrupted, tmp_path, saves):
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
    resumed = start(output)
    assert resumed.lines[0].startswith("resuming at epoch ")
    assert resumed.run() == uninterrupted[1]
    assert_the_same_training(output, uninterrupted[0])


@pytest.mark.parametrize("place", ["before", "after"])
def test_a_training_killed_while_keeping_a_model_resumes_to_the_same_bits(
    start, uninterrupted, tmp_path, place
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
    assert start(tmp_path / "goal").run() == uninterrupted[1]
    assert_the_same_training(tmp_path / "goal", uninterrupted[0])


def test_a_finished_training_does_nothing(start, uninterrupted, monkeypatch):
    output, quality = uninterrupted
    before = {path: path.read_bytes() for path in output.iterdir() if path.is_file()}
    monkeypatch.setattr(Training, "_train_on", None)
    assert start(output).run() == quality
    assert {path: path.read_bytes() for path in output.iterdir() if path.is_file()} == before


def test_other_settings_restart_the_training(start, tmp_path):
    start(tmp_path / "model", replace(TINY, epochs=1)).run()
    other = replace(TINY, epochs=1, seed=5)
    again = start(tmp_path / "model", other)
    assert again.lines == [
        f"{tmp_path / 'model' / 'checkpoint.pt'}: belongs to other data, settings or scenes, or to "
        "an earlier version; training restarts"
    ]
    again.run()
    start(tmp_path / "fresh", other).run()
    assert_the_same_training(tmp_path / "model", tmp_path / "fresh")


def test_other_data_restart_the_training(start, learning, tmp_path):
    one = replace(TINY, epochs=1)
    start(tmp_path / "model", one).run()
    make_dataset([learning.collection] * 2, learning.manifest, tmp_path / "data")
    again = start(tmp_path / "model", one, dataset=tmp_path / "data")
    assert "training restarts" in again.lines[0]


def test_other_held_out_scenes_restart_the_training(start, held_out, tmp_path):
    one = replace(TINY, epochs=1)
    start(tmp_path / "model", one).run()
    again = start(tmp_path / "model", one, held_out=held_out[:1])
    assert "training restarts" in again.lines[0]


def test_the_last_model_that_searches_as_well_as_the_best_is_kept(start, tmp_path, monkeypatch):
    fake_searches(monkeypatch, 2.0, 1.0, 1.5, 1.0, 1.25)
    quality = start(tmp_path / "model", replace(TINY, epochs=5)).run()
    assert quality.log_pushes == pytest.approx(1.0)
    assert load_bundle(tmp_path / "model", "goal").config["training"]["epoch"] == 4
    kept = [row["kept"] == "1" for row in history(tmp_path / "model")]
    assert kept == [True, True, False, True, False]


def test_a_model_within_a_standard_error_of_the_best_is_kept(start, tmp_path, monkeypatch):
    found = iter([(1, 2, 3, 4), (1, 2, 6, 3), (2, 4, 6, 8)])
    solved = np.ones(4, np.bool_)
    monkeypatch.setattr(
        Training, "_search", lambda _: Searches(np.array(next(found), np.float64), solved)
    )
    start(tmp_path / "model", replace(TINY, epochs=3)).run()
    assert [row["kept"] for row in history(tmp_path / "model")] == ["1", "1", "0"]
    logs = [float(row["log_pushes"]) for row in history(tmp_path / "model")]
    assert logs[0] < logs[1] < logs[2]


def test_a_resumed_training_remembers_the_best_search(start, tmp_path, monkeypatch):
    class Interrupted(Training):
        def _save(self):
            super()._save()
            if self._epoch == 1:
                raise Killed

    fake_searches(monkeypatch, 1.0, 2.0)
    with pytest.raises(Killed):
        start(tmp_path / "model", cls=Interrupted).run()
    assert start(tmp_path / "model").run().log_pushes == pytest.approx(1.0)
    assert load_bundle(tmp_path / "model", "goal").config["training"]["epoch"] == 1


def test_a_checkpoint_of_an_earlier_version_restarts_the_training(start, tmp_path):
    one = replace(TINY, epochs=1)
    start(tmp_path / "model", one).run()
    state = checkpoint(tmp_path / "model")
    del state["best"]
    torch.save(state, tmp_path / "model" / "checkpoint.pt")
    again = start(tmp_path / "model", one)
    assert "to an earlier version; training restarts" in again.lines[0]


def test_training_stops_when_searches_get_worse(start, tmp_path, monkeypatch):
    fake_searches(monkeypatch, 2.0, 1.0, 3.0, 1.5, 0.0)
    start(tmp_path / "model", replace(TINY, epochs=9, patience=2)).run()
    assert [float(row["log_pushes"]) for row in history(tmp_path / "model")] == [2.0, 1.0, 3.0, 1.5]


def test_every_state_is_seen_once_per_epoch(start, tmp_path, monkeypatch):
    fake_searches(monkeypatch, 1.0, 2.0)
    seen = []
    training = start(tmp_path / "model")
    states = len(training._data)
    original = type(training._data).__getitem__

    def record(data, index):
        seen.append(index)
        return original(data, index)

    monkeypatch.setattr(type(training._data), "__getitem__", record)
    training.run()
    first, second = seen[:states], seen[states:]
    assert sorted(first) == sorted(second) == list(range(states))
    assert first != second


def test_searches_of_an_object_model_use_a_goal_model(start, uninterrupted, tmp_path):
    one = replace(TINY, epochs=1)
    start(tmp_path / "object", one, kind="object", goal_model=uninterrupted[0]).run()
    assert load_bundle(tmp_path / "object", "object").kind == "object"
    assert len(history(tmp_path / "object")) == 1
    other = random_bundle(tmp_path / "goal", "goal")
    again = start(tmp_path / "object", one, kind="object", goal_model=other)
    assert "training restarts" in again.lines[0]


def test_an_invalid_goal_model_is_named_before_training_starts(start, tmp_path):
    with pytest.raises(ModelError, match="no such folder"):
        start(tmp_path / "object", kind="object", goal_model=tmp_path / "not there")


def test_searches_of_a_goal_model_use_itself(start, uninterrupted, tmp_path):
    with pytest.raises(UsageError, match="the held-out searches of a goal model use itself"):
        start(tmp_path / "goal", goal_model=uninterrupted[0])


def test_an_object_model_without_a_goal_model_is_refused(start, tmp_path):
    with pytest.raises(UsageError, match="needs a goal model to search with"):
        start(tmp_path / "object", kind="object")
    assert not (tmp_path / "object").exists()


def test_a_data_set_without_rows_to_train_on_is_named(start, learning, tmp_path):
    manifest = manifest_of(tmp_path / "scenes.parquet", learning.scenes, split="val")
    make_dataset([learning.collection], manifest, tmp_path / "data")
    with pytest.raises(UsageError) as caught:
        start(tmp_path / "model", dataset=tmp_path / "data")
    assert str(caught.value) == f"{tmp_path / 'data'}: has no data for kind goal in split train"


def test_training_needs_held_out_scenes(start, tmp_path):
    with pytest.raises(UsageError, match="held-out scenes: 0 given"):
        start(tmp_path / "model", held_out=[])


@pytest.mark.parametrize("seed", [2**31, 2**53])
def test_large_seeds_are_accepted(start, tmp_path, monkeypatch, seed):
    fake_searches(monkeypatch, 1.0)
    start(tmp_path / "model", replace(TINY, epochs=1, seed=seed)).run()
    assert load_bundle(tmp_path / "model", "goal").config["training"]["settings"]["seed"] == seed


def test_every_random_stream_of_a_training_is_its_own():
    purposes = Purpose.WEIGHTS, Purpose.BATCHES, Purpose.MIRRORING
    first = {
        stream(seed, epoch, step, purpose).integers(2**63)
        for seed in (0, 1, 1_000_003)
        for epoch in range(4)
        for step in (0, 1, 2, 1_000_003)
        for purpose in purposes
    }
    assert len(first) == 3 * 4 * 4 * len(purposes)


def test_training_leaves_the_global_random_state_alone(start, tmp_path, monkeypatch):
    fake_searches(monkeypatch, 1.0)
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    start(tmp_path / "model", replace(TINY, epochs=1)).run()
    assert torch.equal(torch.rand(3), expected)


def test_settings_reach_the_optimiser_and_the_searches(start, tmp_path, monkeypatch):
    clips, rates, goals, samples = set(), [], set(), set()
    clip, planner, learned = nn.utils.clip_grad_norm_, train.Hybrid, train.LearnedGoals

    def record_clip(parameters, norm):
        clips.add(norm)
        return clip(parameters, norm)

    def record_planner(objects, goal_strategy, max_goals_per_object):
        goals.add(max_goals_per_object)
        return planner(objects, goal_strategy, max_goals_per_object)

    def record_goals(scorer, count):
        samples.add(count)
        return learned(scorer, count)

    monkeypatch.setattr(nn.utils, "clip_grad_norm_", record_clip)
    monkeypatch.setattr(train, "Hybrid", record_planner)
    monkeypatch.setattr(train, "LearnedGoals", record_goals)
    settings = replace(
        TINY,
        epochs=1,
        gradient_clip=0.25,
        warm_up_fraction=0.0,
        learning_rate_floor=1.0,
        search_depth=2,
        search_goals=4,
        search_samples=9,
    )
    training = start(tmp_path / "model", settings)
    step = training._optimiser.step

    def record_step():
        rates.extend(group["lr"] for group in training._optimiser.param_groups)
        return step()

    training._optimiser.step = record_step
    training.run()
    assert training._held_out._budget.depth == 2
    assert (clips, goals, samples) == ({0.25}, {4}, {9})
    assert rates == [settings.learning_rate] * len(rates)
    assert len(rates) > 1


def test_a_goal_model_keeps_what_the_ways_say_of_later_pushes(uninterrupted):
    output, _ = uninterrupted
    out = checkpoint(output)["network"]["out.weight"]
    assert out[0].abs().max() > 0.0
    assert (out[1] == 0.0).all()


def test_a_model_without_the_log_odds_of_the_ways_learns_which_pushes_lead(start, tmp_path):
    settings = replace(TINY, epochs=1, without=("opens_odds", "leads_odds"))
    start(tmp_path / "model", settings).run()
    log = logged(tmp_path / "model")
    parts = of_steps(log, "opens") + TINY.leads_weight * of_steps(log, "leads")
    parts += TINY.rank_weight * of_steps(log, "ranking")
    assert of_steps(log, "loss") == pytest.approx(parts, rel=1e-5)
