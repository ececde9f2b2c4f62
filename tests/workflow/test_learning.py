"""The learning stages in separate processes: one tiny round, and the plan of the next."""

import json

import pyarrow.parquet as pq
import pytest
import yaml

from namo.certification.scene_set import make_scenes
from namo.certification.settings import SceneSetSettings
from namo.learning.bundle_files import bundle_sha256, seen_layouts

SCENES = {
    "families": {"room": 1.0},
    "boxes_in_passages": (1, 1),
    "boxes_elsewhere": (0, 1),
    "open_share": 0.0,
    "scenes_per_layout": 1,
    "certify": False,
}
LEARNING = {
    "rounds": 1,
    "scenes_per_round": 3,
    "explore_pushes": 12,
    "explore_depth": 2,
    "chunk_size": 2,
    "seeds": 1,
    "compare_pushes": 5,
    "round_scenes": 2,
    "compare_scenes": 2,
    "training": {
        "widths": [8, 8, 8],
        "summary": 8,
        "hidden": 8,
        "epochs": 1,
        "states_per_batch": 4,
        "search_scenes": 2,
        "search_pushes": 3,
    },
}


def made(folder, count, seed, splits):
    make_scenes(
        SceneSetSettings(count=count, seed=seed, splits=splits, **SCENES), folder, 1, lambda _: None
    )
    return str(folder / "scenes.parquet")


@pytest.fixture(scope="session")
def manifests(tmp_path_factory):
    """The settings that name scenes to learn from and to compare with. Read only."""
    folder = tmp_path_factory.mktemp("learning_scenes")
    return {
        "manifest": made(folder / "seen", 8, 1, {"train": 0.6, "val": 0.4}),
        "test_manifest": made(folder / "unseen", 2, 2, {"test": 1.0}),
    }


@pytest.fixture
def learn(pipeline, manifests):
    """Run targets of the learning stages; returns the finished process."""
    output_dir = str(pipeline.folder / "learning")

    def learn(*arguments, **changes):
        path = pipeline.folder / "learning.yaml"
        learning = {**LEARNING, **manifests, "output_dir": output_dir, **changes}
        path.write_text(yaml.safe_dump({"learning": learning}))
        return pipeline.run(*arguments, "--configfile", path)

    pipeline.copy_rooms((0,))
    return learn


@pytest.mark.slow
def test_a_round_explores_learns_and_compares(pipeline, learn, manifests):
    done = learn("rounds", round_arms=["random", "learned"])
    assert done.returncode == 0, done.stdout
    round_1 = pipeline.folder / "learning" / "round_1"
    pushes = pq.read_table(round_1 / "exploration" / "pushes.parquet")
    card = json.loads((round_1 / "dataset" / "card.json").read_text())
    assert card["pushes"] == pushes.num_rows > 0
    assert card["splits"]["train"]["scenes"] == 3
    listed = pq.read_table(manifests["manifest"]).to_pylist()
    chose = [row["layout_id"] for row in listed if row["split"] == "val"][:2]
    for kind in ("object", "goal"):
        model = round_1 / "models" / kind
        config = json.loads((model / "config.json").read_text())
        assert config["training"]["data_sha256"] == card["data_sha256"]
        assert seen_layouts(model) == {*card["layouts"]["train"], *chose}
        assert bundle_sha256(round_1 / "best" / kind) == bundle_sha256(model)
        assert (model / "curves.svg").read_text().startswith("<?xml")
    text = (round_1 / "evaluation" / "evaluation.txt").read_text()
    assert "learned" in text
    assert "no model saw any of them" in text
    run = json.loads((round_1 / "comparison" / "learned" / "run.json").read_text())
    assert run["models"].keys() == {"goal"}
    again = learn("rounds", round_arms=["random", "learned"])
    assert "Nothing to be done" in again.stdout, again.stdout
    following = learn("rounds", "--dry-run", "--printshellcmds", "--quiet", "host", rounds=2)
    assert following.returncode == 0, following.stdout
    lines = following.stdout.splitlines()
    explore = [line for line in lines if "--algorithm labelling" in line]
    assert explore
    assert all("round_1/best/goal" in line for line in explore if "--part-only" in line)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"round_arms": ["random", "magic"]}, "configuration: learning: round_arms: 'magic'"),
        ({"training": {"epochs": 0}}, "configuration: learning.training: epochs is 0"),
    ],
)
def test_wrong_settings_are_named_before_anything_runs(learn, changes, named):
    """Each of the two parts is checked; tests/training tests the message for each value."""
    done = learn("rounds", "--dry-run", **changes)
    assert done.returncode != 0
    assert named in done.stdout


def test_scenes_of_a_folder_take_their_splits_from_the_learning_manifest(learn, manifests):
    shell = learn("dataset", "--dry-run", "--printshellcmds", "--quiet", "host").stdout
    assert f"--manifest {manifests['manifest']}" in shell


def test_scenes_must_be_generated_first(learn, pipeline):
    done = learn("rounds", "--dry-run", manifest=str(pipeline.folder / "none.parquet"))
    assert done.returncode != 0
    assert "make learning-scenes" in done.stdout
