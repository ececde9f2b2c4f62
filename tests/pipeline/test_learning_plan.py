import shlex
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from namo.errors import UsageError
from namo.pipeline.learning_plan import LearningPlan
from namo.pipeline.run_plan import RunPlan
from namo.scenes.packed import pack
from namo.scenes.sources import DEMO_SCENES
from namo.training.learning_settings import DEFAULT_ARMS
from tests.conftest import room_file


@pytest.fixture
def plan(config, tmp_path):
    """Plan the learning stages, over five scenes to learn from and three to compare in."""
    for name, split, count in (("seen", "train", 5), ("unseen", "test", 3)):
        rows = {"file": [str(room_file(0))] * count, "split": [split] * count}
        pq.write_table(pa.table(rows), tmp_path / f"{name}.parquet")

    def make(run=None, **learning):
        given = {"output_dir": "learning", "manifest": str(tmp_path / "seen.parquet")}
        given |= {"test_manifest": str(tmp_path / "unseen.parquet"), "chunk_size": 2}
        given |= {"scenes_per_round": 3}
        changes = {"learning": given | learning} | (run or {})
        return LearningPlan.from_run(RunPlan.from_config(config | changes))

    return make


def options(search):
    words = shlex.split(search.options)
    return dict(zip(words[::2], words[1::2], strict=True))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"round": 2}, "configuration: learning: unknown key 'round'"),
        ({"training": {"epochs": 0}}, "epochs is 0"),
        ({"arms": {"random": "idfs random"}}, "arm 'random' is 'idfs random'"),
        ({"round_arms": ["random", "magic"]}, "round_arms: 'magic'"),
    ],
)
def test_wrong_settings_are_named(plan, changes, said):
    with pytest.raises(UsageError) as caught:
        plan(**changes)
    assert said in str(caught.value)


def test_the_first_round_explores_without_models_and_the_next_with_the_best_before(plan):
    first, second = (plan().search(f"round_{number}", "exploration") for number in (1, 2))
    assert (first.environments, second.environments) == (range(3), range(3, 5))
    assert first.chunks == ["000000-000002", "000002-000003"]
    assert first.models == []
    assert options(first)["--algorithm"] == "labelling"
    assert options(first)["--goal-strategy"] == "clear_path"
    assert options(first)["--seed"] == "1"
    assert options(second)["--seed"] == "2"
    assert options(second)["--split"] == "train"
    best = Path("learning/round_1/best")
    assert options(second)["--ml-goal-model"] == str(best / "goal")
    assert second.models == [str(best / "goal" / "config.json")]
    assert "--output-dir" not in options(second)


def test_arms_are_compared_in_the_scenes_that_nothing_was_learned_from(plan):
    search = plan(round_scenes=2).search("round_1", "comparison/learned")
    assert search.environments == range(2)
    assert options(search)["--split"] == "test"
    assert options(search)["--max-terminal-checks"] == "1000000"
    assert options(search)["--search-timeout"] == "600.0"
    assert options(search)["--ml-goal-model"] == "learning/round_1/models/goal"
    assert options(search)["--hostname"] == "learning"
    assert plan().search("once", "comparison/random").environments == range(3)
    assert plan(compare_scenes=1).search("once", "comparison/random").environments == range(1)


def test_models_may_be_compared_that_come_from_elsewhere(plan):
    given = plan(compare_models="mine")
    assert given.comparison("once").models == Path("mine")
    assert given.comparison("round_1").models == Path("learning/round_1/models")
    assert plan().comparison("once").models == Path("learning/once/models")


def test_a_data_set_is_made_of_all_rounds_or_of_the_collection_of_the_run(plan):
    assert plan().collections_of("once") == [Path("out")]
    assert plan(collections=["more"]).collections_of("once") == [Path("more"), Path("out")]
    rounds = [Path(f"learning/round_{number}/exploration") for number in (1, 2)]
    assert plan(collections=["more"]).collections_of("round_2") == [Path("more"), *rounds]


def test_splits_come_from_the_manifest_that_lists_the_scenes(plan, tmp_path):
    seen = str(tmp_path / "seen.parquet")
    assert plan().manifest_of("round_1") == seen
    assert plan().manifest_of("once") == seen, "a text file has no splits"
    own = str(tmp_path / "unseen.parquet")
    assert plan({"manifest": own}).manifest_of("once") == own
    assert plan({"manifest": None}).manifest_of("once") == DEMO_SCENES
    assert plan({"manifest": own}, collections=["more"]).manifest_of("once") == seen
    folder = {"manifest": None, "xml_dir": str(room_file(0).parent)}
    assert plan(folder).manifest_of("once") == seen


def test_files_of_a_place(plan):
    made = plan()
    parts = Path("learning/round_1/exploration/parts")
    assert made.markers_of("round_1", "exploration") == [
        parts / "000000-000002" / "part.json",
        parts / "000002-000003" / "part.json",
    ]
    assert made.goal_model_for("once", "goal") is None
    assert made.goal_model_for("once", "object") == Path("learning/once/models/goal")
    assert made.models_up_to(2) == [Path(f"learning/round_{n}/models") for n in (1, 2)]
    assert list(made.comparison("round_1").arms) == ["random", "clear_path", "learned"]
    assert next(iter(made.comparison("once").arms)) == "random"
    assert len(made.comparison("once").arms) == len(DEFAULT_ARMS)


def test_scenes_must_be_made_first(plan):
    with pytest.raises(UsageError, match="make learning-scenes"):
        plan(manifest="none.parquet").search("round_1", "exploration")


def test_a_manifest_that_is_missing_is_named_with_what_makes_it(plan, tmp_path):
    scenes = tmp_path / "mine"
    scenes.mkdir()
    (scenes / "a.xml").write_text("<mujoco/>")
    run = {"xml_dir": str(scenes), "manifest": None}
    assert plan(run).manifest_file("once") == [str(tmp_path / "seen.parquet")]
    missing = plan(run, manifest="mine.parquet")
    with pytest.raises(UsageError) as caught:
        missing.manifest_file("once")
    assert f"`namo scenes certify {scenes} --output mine.parquet`" in str(caught.value)
    made = plan(run | {"certified": "mine.parquet"}, manifest="mine.parquet")
    assert made.manifest_file("once") == ["mine.parquet"]


def test_the_benchmark_compares_in_the_first_scenes_of_each_class(plan, tmp_path):
    scenes = [
        {"file": f"{number}.xml", "sha256": "", "difficulty": kind, "xml": ""}
        for number, kind in enumerate(["easy", "easy", "rooms_2"])
    ]
    pack(tmp_path / "packed.parquet", scenes)
    given = {
        "scenes": str(tmp_path / "packed.parquet"),
        "models": "mine",
        "arms": {"random": "idfs random random", "own": "best_first ml ml ml_samples=8 seed=4"},
        "scenes_per_class": 1,
    }
    made = plan({"benchmark": given})
    own = made.search("benchmark", "comparison/own")
    assert own.environments == range(2)
    assert options(own)["--manifest"] == "learning/benchmark/scenes/scenes.parquet"
    assert options(own)["--ml-goal-model"] == "mine/goal"
    assert options(own)["--ml-samples"] == "8"
    assert options(own)["--seed"] == "4"
    assert options(made.search("benchmark", "comparison/random"))["--split"] == "benchmark"
    assert made.unpacked_for("benchmark") == [made.benchmark_manifest]
    assert made.unpacked_for("once") == []
    given["arms"]["own"] = "best_first ml ml ml_sample=8"
    with pytest.raises(UsageError, match="unknown setting 'ml_sample'; did you mean 'ml_samples'"):
        plan({"benchmark": given}).search("benchmark", "comparison/own")


def test_an_arm_with_a_plug_in_is_searched_again_with_another_version(plan, install):
    install("tools_a", "1.0", {"namo.planners": {"mine": "tools_a:Mine"}}, "")
    arms = {"random": "idfs random random", "mine": "mine random random"}
    learning = plan(arms=arms, round_arms=list(arms))
    assert learning.search("once", "comparison/random").plug_ins == {}
    assert learning.search("once", "comparison/mine").plug_ins == {
        "algorithm": "tools_a:Mine (tools_a 1.0)"
    }
