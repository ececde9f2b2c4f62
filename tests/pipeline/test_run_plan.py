import argparse
import json
import os
import shlex
import shutil
import socket
from pathlib import Path

import pytest

from namo.certification.scene_set import make_scenes
from namo.collection.chunk import Collector, collect_chunk
from namo.collection.config import CollectionConfig
from namo.collection.environment import Environment
from namo.collection.models import make_planner
from namo.commands import collect
from namo.errors import BusyError, UsageError
from namo.pipeline.run_plan import RunPlan, bounds, chunk_names, gpus, model_configs
from namo.results.assemble import assemble
from namo.results.run_lock import only_run_in, planned_chunks
from tests.conftest import REPOSITORY, room_file

LEARNED = {"object_strategy": "ml", "goal_strategy": "ml"}


def plan_of(config, **changes):
    return RunPlan.from_config(config | changes)


def refusal(config, **changes):
    with pytest.raises(UsageError) as caught:
        plan_of(config, **changes)
    return str(caught.value)


def test_a_range_is_cut_into_chunks_that_are_named_by_their_bounds(config):
    plan = plan_of(config)
    assert plan.environments == range(3)
    assert plan.chunks == ["000000-000002", "000002-000003"]
    assert [bounds(chunk) for chunk in plan.chunks] == [(0, 2), (2, 3)]
    assert plan_of(config, start_idx=1, end_idx=3).chunks == ["000001-000003"]
    assert chunk_names(range(10, 15), 5) == ["000010-000015"]


def test_the_shipped_settings_are_a_plan_without_models(config):
    plan = plan_of(config)
    assert plan.folder == Path("out")
    assert plan.settings.max_failed_fraction == 0.5
    assert plan.models == []
    assert "--output-dir out" in plan.options
    assert "--start-idx" not in plan.options


def test_learned_strategies_take_the_shipped_models(config):
    plan = plan_of(config, **LEARNED)
    models = REPOSITORY / "resources" / "models"
    assert plan.models == [str(models / kind / "config.json") for kind in ("object", "goal")]
    assert f"--ml-object-model {models / 'object'}" in plan.options


def test_models_that_no_strategy_uses_are_left_out(config):
    plan = plan_of(config, algorithm="idfs", object_strategy="random", goal_strategy="random")
    assert plan.models == []
    assert "ml-object-model" not in plan.options


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"max_dept": 3}, ["unknown key 'max_dept'", "did you mean 'max_depth'?"]),
        ({"manifest": "none.txt"}, ["--manifest none.txt: no such file"]),
        ({"xml_dir": "nowhere"}, ["--xml-dir nowhere", "only one of the two"]),
        ({"end_idx": 7}, ["7 is too large", "there are 3 environments"]),
        (
            {"scenes": {"output_dir": "s", "cuont": 3}},
            ["configuration: scenes: unknown key 'cuont'"],
        ),
        ({"output_dir": "list.txt/out"}, ["output_dir 'list.txt/out'", "list.txt' is a file"]),
        ({**LEARNED, "ml_object_model": "nowhere"}, ["--ml-object-model: nowhere: no such folder"]),
    ],
)
def test_what_is_wrong_is_named_and_nothing_is_written(config, tmp_path, changes, said):
    before = sorted(tmp_path.iterdir())
    message = refusal(config, **changes)
    assert [part for part in said if part not in message] == []
    assert sorted(tmp_path.iterdir()) == before


def test_an_old_key_counts_and_is_noted(config):
    notes = []
    plan = RunPlan.from_config(config | {"max_failed_share": 0.25}, notes.append)
    assert plan.settings.max_failed_fraction == 0.25
    assert len(notes) == 1


def test_the_label_is_given_or_kept_or_the_name_of_this_machine(config, tmp_path):
    here = socket.gethostname().partition(".")[0]
    assert plan_of(config).label == here
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / ".hostname").write_text("started-elsewhere\n")
    assert plan_of(config).label == "started-elsewhere"
    assert plan_of(config, hostname="mine").label == "mine"
    assert shlex.split(plan_of(config).options)[:2] == ["--hostname", "started-elsewhere"]


def test_only_watched_scenes_are_looked_at(config):
    assert plan_of(config).scenes_of("000002-000003") == [str(room_file(0))]
    assert plan_of(config, watch_scenes=False).scenes_of("000002-000003") == []
    Path("list.txt").write_text("gone.xml\n")
    assert plan_of(config, watch_scenes=False).environments == range(1)
    assert "no such file" in refusal(config)


def test_scenes_that_the_run_makes_are_planned_by_their_number(config, tmp_path):
    scenes = {"output_dir": "made", "count": 5, "certify": False, "families": {"room": 1.0}}
    plan = plan_of(config, manifest="made/scenes.parquet", scenes=scenes)
    assert plan.scenes is None
    assert plan.environments == range(5)
    assert plan.scenes_of("000000-000002") == ["made/scenes.parquet"]
    assert plan.candidates == [Path("made/candidates/000000-000025.parquet")]
    changed = plan_of(config, manifest="made/scenes.parquet", scenes=scenes | {"seed": 1})
    make_scenes(plan.scene_settings, tmp_path / "made", 1, lambda _: None)
    assert plan.scenes_of("000000-000002") == ["made/scenes.parquet"]
    with pytest.raises(UsageError, match="was made with other settings: seed 0 instead of 1"):
        changed.scenes_of("000000-000002")
    split = plan_of(config, manifest="made/scenes.parquet", scenes=scenes, split="train")
    assert split.scenes is not None, "how many are in a split is known only when they are there"


def test_beginning_writes_down_label_and_chunks_and_keeps_others_out(config, tmp_path):
    plan = plan_of(config)
    out = tmp_path / "out"
    with plan.begin([Path("out/metrics.parquet")], Path("learning")):
        assert planned_chunks(out) == [(0, 2), (2, 3)]
        assert (out / ".hostname").read_text() == f"{plan.label}\n"
        assert json.loads((out / ".plan.json").read_text())["label"] == plan.label
        with pytest.raises(BusyError, match=rf"\b{os.getpid()}\b"):
            plan.begin([Path("out/report.html")])
    assert not (tmp_path / "learning").exists()
    with plan.begin([Path("out/metrics.parquet")]):
        pass
    shutil.rmtree(out)
    with plan_of(config, hostname="mine").begin([Path("out/x")]):
        assert not (out / ".hostname").exists()


def test_nothing_is_collected_into_a_subset_of_a_collection(config, monkeypatch):
    subset = {"choice": "where solution_found", "environments": 1, "of": 2}
    monkeypatch.setattr("namo.results.run_file.read_run_file", lambda _: {"subset": subset})
    Path("out").mkdir()
    Path("out/run.json").touch()
    with pytest.raises(UsageError, match=r"out: is a subset of a collection \(where solution"):
        plan_of(config).begin([Path("out/metrics.parquet")])
    assert not Path("out/.plan.json").exists()


def test_only_folders_that_are_written_are_locked(config, tmp_path):
    plan = plan_of(config)
    with plan.begin([Path("learning/once/card.json")], Path("learning")):
        assert (tmp_path / "learning").is_dir()
        assert not (tmp_path / "out").exists()


def test_a_folder_that_is_busy_leaves_no_other_locked(config):
    plan = plan_of(config)
    files = [Path("out/a"), Path("learning/b")]
    with only_run_in(Path("learning")), pytest.raises(BusyError):
        plan.begin(files, Path("learning"))
    with plan.begin(files, Path("learning")):
        pass


def test_only_models_on_a_gpu_take_one(config):
    assert gpus("cuda", runs_models=True) == 1
    for device, runs_models in (("cuda", False), ("cpu", True), ("auto", True)):
        assert gpus(device, runs_models=runs_models) == 0
    assert plan_of(config).gpus == 0
    assert plan_of(config, ml_device="cuda").gpus == 0
    assert plan_of(config, ml_device="cuda", **LEARNED).gpus == 1
    random = {"algorithm": "idfs", "object_strategy": "random", "goal_strategy": "random"}
    assert plan_of(config, ml_device="cuda", **random).gpus == 0
    assert model_configs({"ml_goal_model": "m"}) == ["m/config.json"]


def test_own_scenes_are_certified_with_the_effort_of_generated_ones(config, tmp_path):
    (tmp_path / "mine").mkdir()
    for name in ("a.xml", "{b}.xml"):
        (tmp_path / "mine" / name).write_text("<mujoco/>")
    made = config["scenes"] | {"certify_pushes": 7, "seed": 3, "splits": {"train": 0.7, "val": 0.3}}
    given = config | {"manifest": None, "xml_dir": "mine", "scenes": made}
    run = RunPlan.from_config(given)
    assert run.scenes_to_certify() == ["mine/a.xml"]  # the name of the other is a pattern
    assert run.certify_options == [
        *("--split=train=0.7", "--split=val=0.3"),
        *("--effort", "--pushes=7", "--depth=4", "--seed=3", "--clearance=0.0"),
    ]
    unmeasured = config | {"scenes": made | {"certify": False}}
    assert RunPlan.from_config(unmeasured).certify_options[2:] == []
    with pytest.raises(UsageError, match="xml_dir is null; certify: name the folder"):
        RunPlan.from_config(config).scenes_to_certify()


def test_what_is_asked_for_is_what_the_jobs_collect(config):
    """Settings take another way to a job, through a shell."""
    plan = plan_of(config, search_timeout=7, max_pushes=9, seed=3)
    parser = argparse.ArgumentParser()
    collect.add_arguments(parser)
    bounds_of_job = ["--start-idx", "0", "--end-idx", "2"]
    options = parser.parse_args([*shlex.split(plan.options), *bounds_of_job])
    jobs = CollectionConfig(**{name: getattr(options, name) for name in CollectionConfig.names()})
    assert json.dumps(plan.asked.settings) == json.dumps(jobs.decisive)
    assert plan.asked.wanted == range(3)
    assert plan.asked.as_record()["manifest"] == "list.txt"


def test_another_list_has_another_digest(config):
    before = plan_of(config)
    chunks = before.chunks
    digests = [before.list_digest(chunk) for chunk in chunks]
    Path("list.txt").write_text("".join(f"{room_file(number)}\n" for number in (0, 0, 7)))
    after = plan_of(config)
    assert after.list_digest(chunks[0]) == digests[0]
    assert after.list_digest(chunks[1]) != digests[1]
    assert after.list_digest() != before.list_digest()


def test_chunks_that_are_not_what_is_asked_for_are_outdated(config):
    quick = {"algorithm": "idfs", "object_strategy": "nearest_first", "goal_strategy": "random"}
    config |= quick
    assert plan_of(config).outdated == []

    def settle(**changes):
        plan = plan_of(config, **changes)
        paths = [scene.path for scene in plan.scenes]
        names = CollectionConfig.names()
        settings = {name: plan.values[name] for name in names if name in plan.values}
        for chunk in plan.chunks:
            start, end = bounds(chunk)
            environments = [Environment(n, paths[n], plan.label) for n in range(start, end)]
            asked = CollectionConfig(**{**settings, "search_timeout": 60.0})
            planner, _ = make_planner(asked)
            collect_chunk(environments, Collector(planner, asked, str), plan.folder)
        assemble(plan.folder, plan.label, "list.txt", 3, plan.asked)

    settle()
    assert plan_of(config).outdated == []
    first, second = (f"out/parts/{chunk}/part.json" for chunk in plan_of(config).chunks)
    assert plan_of(config, seed=5).outdated == [first, second, "out/run.json"]
    assert plan_of(config, end_idx=2).outdated == ["out/run.json"]
    Path(first).write_text("")
    assert plan_of(config).outdated == [first]
