"""Collections with learned models: loaded once, counted, recorded, without fall-back."""

import json
import re
import shutil
from pathlib import Path

import pytest

from namo.collection.environment import Environment
from namo.collection.models import make_planner
from namo.commands.main import main
from namo.errors import ModelError
from namo.learning import loaded_model
from namo.results.assemble import assemble
from tests.conftest import random_bundle

SOURCE = ("scenes", 0)
ROOMS = (1, 6, 3)

OWN_CLASS = '''
import torch
from torch import nn


class OwnNet(nn.Module):
    """Returns zeros, until it has been queried `patience` times."""

    def __init__(self, patience, raises):
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(2))
        self.left, self.raises = patience, raises

    def forward(self, rasters, features):
        self.left -= 1
        if self.left < 0 and self.raises:
            raise RuntimeError("no more answers")
        answers = self.bias.expand(*features.shape[:2], 2).clone()
        return answers if self.left >= 0 else answers * float("nan")
'''


def test_a_planner_comes_with_the_models_that_its_strategies_query(rig, models):
    planner, scorers = make_planner(rig.config(**models))
    assert callable(planner.search)
    assert [scorer.stats.kind for scorer in scorers] == ["object", "goal"]
    assert make_planner(rig.config())[1] == []


@pytest.mark.parametrize("kind", ["object", "goal"])
def test_an_unusable_model_is_rejected_rather_than_replaced(rig, models, tmp_path, kind):
    other = {"object": "goal", "goal": "object"}[kind]
    settings = {"ml_device": "cpu", f"{kind}_strategy": "ml"}
    config = rig.config(**settings, **{f"ml_{kind}_model": models[f"ml_{other}_model"]})
    with pytest.raises(ModelError, match=f"kind is '{other}'; this version needs '{kind}'"):
        make_planner(config)


@pytest.fixture(scope="module")
def config(rig, models):
    return rig.config(**models, algorithm="best_first", episodes_per_env=2, max_pushes=8)


@pytest.fixture(scope="module")
def scenes(rig, tmp_path_factory):
    return rig.copy_rooms(tmp_path_factory.mktemp("scenes"), ROOMS)


@pytest.fixture(scope="module")
def loads(rig, scenes, config, tmp_path_factory):
    """Which bundles were read while a chunk of three environments was collected, and the chunk."""
    read, original = [], loaded_model.load_bundle

    def load(path, kind, **options):
        read.append((kind, str(path)))
        return original(path, kind, **options)

    output = tmp_path_factory.mktemp("learned") / "out"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loaded_model, "load_bundle", load)
        result = rig.collect(scenes, output, config)
    assemble(output, "host", *SOURCE)
    return read, result


@pytest.fixture(scope="module")
def learned(rig, scenes, loads):
    """The collection with models. Read only."""
    return rig.opened(loads[1].part.folder.parents[1], scenes)


def test_each_model_is_loaded_once_for_all_environments(loads, models, learned):
    read, result = loads
    assert sorted(read) == sorted((k, models[f"ml_{k}_model"]) for k in ("object", "goal"))
    assert (result.environments, result.failed) == (len(ROOMS), {})
    uses = result.part.metadata()["models_preloaded"]
    assert [use["kind"] for use in uses] == ["object", "goal"]
    for use in uses:
        assert use["loads"] == 1
        assert use["path"] == models[f"ml_{use['kind']}_model"]
        assert use["device"] == "cpu"
        assert use["load_s"] > 0.0
        assert use["warm_up_s"] > 0.0
    assert sum(uses[1]["latencies"].values()) > 0


def test_inference_costs_are_in_every_row_and_add_up(loads, learned):
    rows = learned.table("metrics")
    assert len(rows) == 2 * len(ROOMS)
    calls = [row["inference_calls"] for row in rows]
    assert sum(1 for one in calls if one) >= len(ROOMS)
    for row in rows:
        assert (row["inference_time_ms"] > 0.0) is (row["inference_calls"] > 0)
        assert row["inference_time_ms"] < row["search_time_ms"]
    uses = loads[1].part.metadata()["models_preloaded"]
    assert sum(calls) == sum(sum(use["latencies"].values()) for use in uses)
    seconds = sum(use["seconds"] for use in uses)
    assert sum(row["inference_time_ms"] for row in rows) == pytest.approx(1000 * seconds)


def test_episode_records_hold_inference_costs(learned):
    rows = {row["episode_id"]: row for row in learned.table("metrics")}
    for record in learned.records():
        for episode in record["episode_results"]:
            row, stats = rows[episode["episode_id"]], episode["algorithm_stats"]
            assert stats["inference_calls"] == row["inference_calls"]
            assert stats["inference_time_ms"] == row["inference_time_ms"]


def test_the_summary_has_calls_and_latencies_of_each_model(learned):
    summary = learned.summary()
    stats = summary["model_stats"]
    assert summary["collection_metadata"]["ml_models_preloaded"] is True
    assert stats["inference_calls"] == sum(r["inference_calls"] for r in learned.table("metrics"))
    assert stats["inference_calls"] == sum(model["calls"] for model in stats["models"])
    assert {model["kind"] for model in stats["models"]} == {"object", "goal"}
    for model in stats["models"]:
        assert model["loads"] == 1
        if model["calls"]:
            latency = model["latency_ms"]
            assert 0.0 < latency["p50"] <= latency["p90"] <= latency["p99"] <= latency["max"]
            assert 1.0 <= model["mean_batch"] <= model["largest_batch"]


def test_the_summary_text_and_the_run_file_name_the_models(learned, models):
    (text,) = (path.read_text() for path in learned.output.glob("summary_*.txt"))
    run = json.loads((learned.output / "run.json").read_text())
    for kind in ("object", "goal"):
        path = models[f"ml_{kind}_model"]
        assert f"{kind} model {path}" in text
        config = json.loads((Path(path) / "config.json").read_text())
        assert run["models"][kind]["path"] == path
        assert run["models"][kind]["sha256"] == config["weights_sha256"]
        assert run["config"][f"ml_{kind}_model"] == path
    assert re.search(r"goal model +[\d,]+ parameters, \d+\.\d MB, on cpu", text)
    assert text.count("once in each of 1 process:") == 2
    assert re.search(r"time per query +[\d.]+ ms \(median\), [\d.]+ ms \(99 %\)", text)


@pytest.mark.parametrize(
    "ranges", [[(0, 1), (1, 3)], [(2, 3), (0, 2)]], ids=["two chunks", "backwards"]
)
def test_results_do_not_depend_on_chunks(rig, scenes, config, learned, tmp_path, ranges):
    for bounds in ranges:
        rig.collect(scenes, tmp_path, config, bounds)
    assemble(tmp_path, "host", *SOURCE)
    assert rig.opened(tmp_path, scenes).content() == learned.content()
    assert len(learned.table("pushes")) > 10
    (model, _) = rig.opened(tmp_path, scenes).summary()["model_stats"]["models"]
    assert model["loads"] == 2


def test_different_weights_give_different_results(rig, scenes, config, learned, tmp_path):
    other = random_bundle(tmp_path / "model", "goal", seed=1)
    changed = rig.config(**(config.as_dict() | {"ml_goal_model": str(other)}))
    collection = rig.collect_and_merge(scenes, tmp_path / "out", changed)
    assert collection.content()["pushes"] != learned.content()["pushes"]


def test_the_fingerprint_changes_with_the_weights_and_not_with_the_folder(
    rig, config, models, tmp_path
):
    environment = Environment(0, rig.room(0), "host")

    def fingerprint(path):
        settings = config.as_dict() | {"ml_goal_model": str(path)}
        return environment.fingerprint(rig.config(**settings), "hash")

    first = fingerprint(models["ml_goal_model"])
    moved = shutil.copytree(models["ml_goal_model"], tmp_path / "moved here")
    assert fingerprint(moved) == first
    assert fingerprint(random_bundle(tmp_path / "other", "goal", seed=1)) != first


def test_finished_environments_stay_finished_when_the_models_are_moved(
    rig, scenes, config, learned, tmp_path
):
    output = shutil.copytree(learned.output, tmp_path / "out")
    moved = shutil.copytree(config.ml_object_model, tmp_path / "object model")
    settings = config.as_dict() | {"ml_object_model": str(moved)}
    result = rig.collect(scenes, output, rig.config(**settings))
    assert result.resumed == len(ROOMS)
    metadata = result.part.metadata()
    calls = sum(sum(use["latencies"].values()) for use in metadata["models_preloaded"])
    rows = learned.table("metrics")
    assert calls == sum(row["inference_calls"] for row in rows), "those of the environments"
    assert [use["loads"] for use in metadata["models_preloaded"]] == [1, 1]


# ---- the command


@pytest.fixture
def call(scenes, models, tmp_path, monkeypatch, capsys):
    """Run the collector in this process; returns exit code and errors. Options may change."""
    monkeypatch.chdir(tmp_path)

    def run(*more, **changes):
        settings = models | {"max_pushes": 4} | changes
        options = [
            f"--{name.replace('_', '-')}={value}"
            for name, value in settings.items()
            if value is not None
        ]
        places = ["--xml-dir", str(scenes), "--output-dir", "out", "--hostname", "host"]
        code = main(["collect", *places, "--start-idx", "0", "--end-idx", "-1", *options, *more])
        return code, capsys.readouterr().err

    return run


def nothing_written(tmp_path):
    return not (tmp_path / "out").exists()


@pytest.fixture
def bundle(models, tmp_path):
    """A copy of the goal model, to be damaged."""
    return Path(shutil.copytree(models["ml_goal_model"], tmp_path / "model"))


def reconfigured(bundle, **changes):
    """Change the config of a bundle."""
    path = bundle / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_missing_cuda_is_a_usage_error(call, tmp_path, monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    code, err = call(ml_device="cuda")
    assert code == 2
    assert "--ml-device cuda: this machine has no CUDA device; use --ml-device cpu" in err
    assert nothing_written(tmp_path)


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        ("no folder", "model: no such folder"),
        ("no weights", "model: has no model.safetensors"),
        ("no config", "model: has no config.json"),
        ("weights cut off", "model.safetensors: checksum mismatch: sha256 is"),
        ("weights flipped", "model.safetensors: checksum mismatch: sha256 is"),
        ("config cut off", "config.json: not valid JSON"),
        ("other channels", "config.json: channels is ['walls']"),
        ("other kind", "config.json: kind is 'object'; this version needs 'goal'"),
        ("other sizes", "model.safetensors: does not match the architecture"),
    ],
)
def test_an_unusable_model_is_a_usage_error(call, bundle, models, tmp_path, damage, said):
    weights, config = bundle / "model.safetensors", bundle / "config.json"
    content = bytearray(weights.read_bytes())
    if damage == "no folder":
        shutil.rmtree(bundle)
    elif damage in ("no weights", "no config"):
        {"no weights": weights, "no config": config}[damage].unlink()
    elif damage == "weights cut off":
        weights.write_bytes(content[:-100])
    elif damage == "weights flipped":
        content[-9] ^= 1
        weights.write_bytes(content)
    elif damage == "config cut off":
        config.write_bytes(config.read_bytes()[:50])
    elif damage == "other channels":
        reconfigured(bundle, channels=["walls"])
    elif damage == "other kind":
        shutil.copy(f"{models['ml_object_model']}/config.json", config)
    elif damage == "other sizes":
        sizes = json.loads(config.read_text())["architecture"]
        reconfigured(bundle, architecture=sizes | {"hidden": 9})
    code, err = call(ml_goal_model="model")
    assert code == 2
    assert said in err
    assert "Traceback" not in err
    assert nothing_written(tmp_path)


@pytest.fixture
def own_class(bundle, tmp_path, monkeypatch):
    """A function that gives the goal model a custom class with a limited number of answers."""
    import torch
    from safetensors.torch import save_file

    from namo.files import sha256_of

    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "own_net_of_a_test.py").write_text(OWN_CLASS)
    monkeypatch.syspath_prepend(tmp_path / "code")
    save_file({"bias": torch.zeros(2)}, bundle / "model.safetensors")

    def make(patience, *, raises=False):
        reconfigured(
            bundle,
            **{"class": "own_net_of_a_test:OwnNet"},
            architecture={"patience": patience, "raises": raises},
            weights_sha256=sha256_of(bundle / "model.safetensors"),
        )
        return str(bundle)

    return make


def test_a_custom_model_class_runs_only_when_trusted(rig, call, own_class, scenes, tmp_path):
    model = own_class(10**6)
    code, err = call(ml_goal_model=model)
    assert code == 2
    assert "class is 'own_net_of_a_test:OwnNet'" in err
    assert "--trust-model-code" in err
    assert nothing_written(tmp_path)
    code, err = call("--trust-model-code", ml_goal_model=model)
    assert code == 0, err
    assert len(rig.opened(tmp_path / "out", scenes).records()) == len(ROOMS)


WARM_UP = len(loaded_model._WARM_UP_BATCHES)


@pytest.mark.parametrize("raises", [False, True])
def test_a_model_that_fails_in_warm_up_is_a_usage_error(call, own_class, tmp_path, raises):
    code, err = call("--trust-model-code", ml_goal_model=own_class(0, raises=raises))
    assert code == 2
    assert ("no more answers" if raises else "returned non-finite values (NaN or infinity)") in err
    assert nothing_written(tmp_path)


@pytest.mark.parametrize("failure", ["not finite", "raises"])
def test_a_model_that_fails_later_ends_the_run(rig, call, own_class, scenes, tmp_path, failure):
    def collect(patience):
        settings = {"object_strategy": "nearest_first", "ml_object_model": None}
        model = own_class(patience, raises=failure == "raises")
        return call("--trust-model-code", **settings, ml_goal_model=model)

    assert collect(10**6)[0] == 0
    collection = rig.opened(tmp_path / "out", scenes)
    enough_for_the_first = WARM_UP + collection.table("metrics")[0]["inference_calls"]
    shutil.rmtree(tmp_path / "out")
    code, err = collect(enough_for_the_first)
    assert code == 1
    assert "returned non-finite values" in err or "no more answers" in err
    assert str(tmp_path / "model") in err
    assert "Traceback" not in err
    records = collection.records()
    assert 1 <= len(records) < len(ROOMS), (
        "finished environments are kept, and the failure is not recorded as one"
    )
    assert all(record["error"] is None for record in records)
    assert list((tmp_path / "out").rglob("part.json")) == []
    assert not (tmp_path / "out" / "metrics.parquet").exists()
