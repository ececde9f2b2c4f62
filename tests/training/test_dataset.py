import hashlib
import json
import os
import shutil
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from namo import compiled
from namo.errors import SceneError, UsageError
from namo.files import sha256_of
from namo.geometry import Pose2D
from namo.learning.queries import goal_query, object_query
from namo.learning.rasters import CHANNELS, StateRaster
from namo.results.shards import SPLITS
from namo.scenes.reading import parse_scene, read_scene
from namo.training import dataset as dataset_module
from namo.training.data import UNKNOWN, CandidateData
from namo.training.data_schema import CANDIDATE_ROWS, CARD, SCENE_ROWS
from namo.training.dataset import make_dataset
from namo.training.labelling import labelled_rows
from namo.training.labels import Label
from namo.training.raster_png import from_png
from namo.world.candidate_ways import CandidateWays
from namo.world.candidates import candidate_pushes
from namo.world.push import Push
from namo.world.world import World
from tests.training.conftest import collect, manifest_of, write_scenes


def scenes_in(folder):
    """The scenes of a data set."""
    return pq.read_table(folder / "scenes.parquet").to_pylist()


def rows_of(folder, split=None):
    """The rows of a data set, of one split or of all."""
    paths = sorted(folder.glob(f"{split or '*'}-[0-9]*.parquet"))
    return [row for path in paths for row in pq.read_table(path).to_pylist()]


def pushes_of(collection):
    return pq.read_table(collection / "pushes.parquet").to_pylist()


def state_name(poses):
    return hashlib.sha256(np.array(poses).tobytes()).hexdigest()[:16]


def rewritten(learning, folder, **columns):
    """A copy of the collection with columns of the metrics replaced."""
    folder.mkdir()
    for name in ("pushes.parquet", "scene_files.parquet", "run.json"):
        shutil.copy(learning.collection / name, folder / name)
    table = pq.read_table(learning.collection / "metrics.parquet")
    for name, value in columns.items():
        place = table.schema.get_field_index(name)
        table = table.set_column(place, name, pa.array([value] * len(table)))
    pq.write_table(table, folder / "metrics.parquet")
    return folder


# ---- content -----------------------------------------------------------------------------------


def test_rasters_and_features_are_those_of_inference(learning):
    rows = {}
    for row in rows_of(learning.dataset):
        rows.setdefault((row["env_index"], row["state"]), []).append(row)
    compared = Counter()
    (clearance,) = {row["clearance"] for row in scenes_in(learning.dataset)}
    for index, path in enumerate(learning.scenes):
        world = World(replace(read_scene(path), clearance=clearance))
        start = world.save()
        first = [push for push in pushes_of(learning.collection) if push["env_index"] == index]
        for push in [None, *(push for push in first if push["state"] == 0)]:
            world.restore(start)
            poses = first[0]["poses_before"]
            if push is not None:
                goal = Pose2D(push["goal_x"], push["goal_y"], push["goal_theta"])
                world.push(Push(push["object_id"], goal))
                poses = push["poses_after"]
            reachability = world.reachability()
            assert np.ravel([*reachability.poses.values()]).tolist() == poses
            for row in rows.pop((index, state_name(poses)), []):
                state, name = StateRaster(reachability), row["object_id"]
                candidates = candidate_pushes(world, name)
                seen = goal_query(state, CandidateWays(reachability, name, candidates))
                stored = [from_png(png, len(CHANNELS)) for png in row["goal_rasters"]]
                np.testing.assert_array_equal(np.array(stored), seen.rasters)
                assert row["view"] == seen.view.tolist()
                assert row["numbers"] == seen.numbers.tolist()
                assert row["features"] == seen.features.ravel().tolist()
                whole = object_query(state, name)
                stored = from_png(row["object_raster"], len(CHANNELS))
                np.testing.assert_array_equal(stored, whole.rasters[0])
                assert row["object_features"] == whole.features[0].tolist()
                assert row["reachable"] == list(reachability.reachable_objects)
                compared["start" if push is None else "later"] += 1
    assert compared["start"] >= 5
    assert compared["later"] >= 4


def test_every_state_with_pushes_has_its_rows(learning):
    sha256 = [sha256_of(path) for path in learning.scenes]
    expected = {
        (sha256[push["env_index"]], state_name(push["poses_before"]), push["object_id"])
        for push in pushes_of(learning.collection)
    }
    rows = rows_of(learning.dataset)
    found = [(row["scene_sha256"], row["state"], row["object_id"]) for row in rows]
    assert sorted(found) == sorted(expected)
    for row in rows:
        assert row["state"] == state_name(row["poses"])
        candidates = len(row["label"])
        for name in ("implied", "pushes_to_goal", "tried_after"):
            assert len(row[name]) == candidates
        feasible = [n for n, label in enumerate(row["label"]) if label != Label.UNREACHABLE]
        assert row["numbers"] == feasible


def test_labels_match_the_searches(learning):
    rows = {
        (row["env_index"], row["state"], row["object_id"]): row for row in rows_of(learning.dataset)
    }
    opened = Counter()
    for push in pushes_of(learning.collection):
        key = push["env_index"], state_name(push["poses_before"]), push["object_id"]
        at_once = any(count == 1 for count in rows[key]["pushes_to_goal"])
        assert at_once or not push["goal_open"]
        opened[push["goal_open"]] += 1
    assert opened[True] >= 3
    assert opened[False] >= 50


def test_splits_are_by_layout(learning):
    for split in SPLITS:
        for row in rows_of(learning.dataset, split):
            name = learning.scenes[row["env_index"]].name
            assert row["layout_id"] == name[0]
            assert {"a": "train", "b": "val", "c": "test"}[name[0]] == split
    assert all(rows_of(learning.dataset, split) for split in SPLITS)


def test_the_counts_of_the_card_match_the_rows(learning):
    card = json.loads((learning.dataset / CARD).read_text())
    assert card == learning.card
    for split in SPLITS:
        found, rows = card["splits"][split], rows_of(learning.dataset, split)
        labels = [label for row in rows for label in row["label"]]
        to_goal = [count for row in rows for count in row["pushes_to_goal"]]
        assert found["rows"] == len(rows) > 0
        share = {(row["scene_sha256"], row["state"]): row["known_share"] for row in rows}
        assert found["states"] == len(share)
        assert found["complete_states"] == list(share.values()).count(1.0)
        assert found["scenes"] == len({row["scene_sha256"] for row in rows})
        assert found["layouts"] == len({row["layout_id"] for row in rows}) == 1
        assert card["layouts"][split] == sorted({row["layout_id"] for row in rows})
        assert found["rows_by_difficulty"] == {"easy": len(rows)}
        assert found["labels"] == {
            **{kind.name.lower(): labels.count(kind) for kind in Label},
            "implied": sum(sum(row["implied"]) for row in rows),
            "at_once": to_goal.count(1),
            "later": sum(count > 1 for count in to_goal),
        }
    assert card["pushes"] == len(pushes_of(learning.collection))
    assert card["pushes_without_candidate"] == 0
    assert card["manifest_sha256"] == sha256_of(learning.manifest)
    files = {path.name: sha256_of(path) for path in learning.dataset.glob("*.parquet")}
    assert card["files"] == files


def test_the_readme_matches_the_card(learning):
    text = (learning.dataset / "README.md").read_text()
    for split in SPLITS:
        found = learning.card["splits"][split]
        names = ("rows", "states", "complete_states", "scenes", "layouts")
        assert f"| {split} | {' | '.join(str(found[name]) for name in names)} |" in text
    assert "120 simulated pushes, of which 0 match no candidate" in text
    assert (
        "`collection`: exploration, objects random, goals primitive, 24 pushes per search" in text
    )
    assert learning.card["data_sha256"] in text


def test_the_scenes_are_stored_unchanged(learning):
    rows = scenes_in(learning.dataset)
    texts = {row["scene_sha256"]: row["xml"] for row in rows}
    assert texts == {sha256_of(path): path.read_text() for path in learning.scenes}
    metrics = pq.read_table(learning.collection / "metrics.parquet").to_pylist()
    for name in ("physics", "clearance"):
        assert {row[name] for row in rows} == {row[name] for row in metrics}
    (scene,) = [parse_scene(rows[0]["xml"].encode(), "x")]
    assert scene.sha256 == rows[0]["scene_sha256"]


def test_columns_carry_their_descriptions(learning):
    for name, schema in (("train-00000", CANDIDATE_ROWS), ("scenes", SCENE_ROWS)):
        found = pq.read_schema(learning.dataset / f"{name}.parquet")
        assert found.equals(schema)
        assert all(field.metadata[b"description"] for field in found)


def test_pushes_that_match_no_candidate_are_counted(rooms, tmp_path):
    scenes = write_scenes(tmp_path / "scenes", {"a": rooms.plugged(options=rooms.SLEEPING)})
    collection = collect(scenes, tmp_path / "out", goal_strategy="random", max_pushes=12)
    manifest = manifest_of(tmp_path / "scenes.parquet", scenes)
    card = make_dataset([collection], manifest, tmp_path / "data")
    assert card["pushes"] == 12
    assert 3 <= card["pushes_without_candidate"] <= 12
    assert card["splits"]["val"]["rows"] == card["splits"]["test"]["rows"] == 0
    assert not list((tmp_path / "data").glob("val-*"))


def test_a_scene_that_failed_is_gone_or_cannot_be_read_costs_itself(
    learning, rooms, tmp_path, monkeypatch
):
    plugged = rooms.plugged(options=rooms.SLEEPING)
    names = ("a", "a_gone", "a_refused")
    scenes = write_scenes(tmp_path / "scenes", dict.fromkeys(names, plugged))
    broken = tmp_path / "scenes" / "broken.xml"
    broken.write_text("<mujoco/>")
    for number, path in enumerate(scenes):
        path.write_text(path.read_text() + f"<!-- {number} -->")
    collection = collect([broken, *scenes], tmp_path / "out", max_pushes=4)
    manifest = manifest_of(tmp_path / "scenes.parquet", scenes)
    scenes[1].unlink()
    (collection / "scene_files.parquet").unlink()

    def refusing(scene):
        if scene.path == str(scenes[2]):
            raise SceneError(f"{scene.path}: refused")
        return labelled_rows(scene)

    monkeypatch.setattr(dataset_module, "labelled_rows", refusing)
    card = make_dataset([collection], manifest, tmp_path / "data")
    assert card["splits"]["train"]["scenes"] == 1
    assert {row["env_index"] for row in rows_of(tmp_path / "data")} == {1}
    assert card["scenes_left_out"] == {
        str(scenes[1]): f"is missing, and {collection} does not hold the scene",
        str(scenes[2]): "refused",
    }
    assert f"left out: {scenes[2]}: refused" in (tmp_path / "data" / "README.md").read_text()


# ---- bytes -------------------------------------------------------------------------------------


@pytest.fixture
def shared_machine_code(tmp_path, monkeypatch):
    """Lets worker processes use the compiled kernels of this one."""
    cache = Path(os.environ["NAMO_CACHE_DIR"])
    (tmp_path / "cache").mkdir()
    for path in cache.iterdir():
        if path.name != "compiled":
            (tmp_path / "cache" / path.name).symlink_to(path)
    (tmp_path / "cache" / "compiled").symlink_to(compiled._FOLDER.parent)
    monkeypatch.setenv("NAMO_CACHE_DIR", str(tmp_path / "cache"))


@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.usefixtures("shared_machine_code")
def test_the_same_inputs_give_the_same_bytes(learning, tmp_path, jobs):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "train-00007.parquet").write_bytes(b"of an older data set")
    make_dataset([learning.collection], learning.manifest, tmp_path / "data", jobs)
    files = sorted(path.name for path in (tmp_path / "data").iterdir())
    assert files == sorted(path.name for path in learning.dataset.iterdir())
    for name in files:
        expected = (learning.dataset / name).read_bytes()
        assert (tmp_path / "data" / name).read_bytes() == expected, name


def test_rows_fill_shards_in_order(learning, tmp_path, monkeypatch):
    monkeypatch.setattr("namo.training.dataset.ROWS_PER_SHARD", 3)
    make_dataset([learning.collection], learning.manifest, tmp_path / "data")
    shards = sorted((tmp_path / "data").glob("train-*"))
    wanted = rows_of(learning.dataset, "train")
    full, rest = divmod(len(wanted), 3)
    assert full >= 2
    sizes = [pq.read_metadata(path).num_rows for path in shards]
    assert sizes == [3] * full + [rest] * (rest > 0)
    assert rows_of(tmp_path / "data", "train") == wanted


def test_several_collections_are_combined(learning, tmp_path):
    make_dataset([learning.collection] * 2, learning.manifest, tmp_path / "data")
    assert rows_of(tmp_path / "data", "val") == 2 * rows_of(learning.dataset, "val")
    scenes = pq.read_table(tmp_path / "data" / "scenes.parquet")
    assert len(scenes) == len(learning.scenes)


def test_the_data_set_can_be_loaded_for_training(learning):
    for kind in ("goal", "object"):
        states = CandidateData(learning.dataset, "train", kind)
        assert states.card == learning.card
        assert len(states) > 0
    known = [
        CandidateData(learning.dataset, "train", "goal")[index] for index in range(len(states))
    ]
    assert any((sample.opens == 1).any() for sample in known)
    assert all((sample.opens != UNKNOWN).any() for sample in known)


# ---- invalid input -----------------------------------------------------------------------------


def assert_refused(collections, manifest, output, *expected):
    with pytest.raises(UsageError) as caught:
        make_dataset(collections, manifest, output)
    for text in expected:
        assert str(text) in str(caught.value)


def test_a_data_set_needs_a_collection(learning, tmp_path):
    assert_refused([], learning.manifest, tmp_path / "data", "at least one collection")


@pytest.mark.parametrize("name", ["metrics.parquet", "pushes.parquet", "run.json"])
def test_a_collection_that_is_not_merged_is_named_and_the_data_set_kept(learning, tmp_path, name):
    dataset = Path(shutil.copytree(learning.dataset, tmp_path / "data"))
    folder = rewritten(learning, tmp_path / "collection")
    (folder / name).unlink()
    assert_refused(
        [learning.collection, folder], learning.manifest, dataset, folder / name, "merged"
    )
    assert rows_of(dataset) == rows_of(learning.dataset)
    assert (dataset / CARD).read_bytes() == (learning.dataset / CARD).read_bytes()


def test_a_missing_scene_is_named(learning, tmp_path):
    missing = tmp_path / "missing.xml"
    folder = rewritten(learning, tmp_path / "collection", xml_file=str(missing))
    make_dataset([folder], learning.manifest, tmp_path / "data")
    assert rows_of(tmp_path / "data") == rows_of(learning.dataset), "of the stored scenes"
    (folder / "scene_files.parquet").unlink()
    assert_refused([folder], learning.manifest, tmp_path / "data", f"{missing}: is missing")


def test_a_scene_that_changed_is_named(learning, tmp_path):
    changed = tmp_path / "changed.xml"
    changed.write_text(learning.scenes[0].read_text() + "\n")
    folder = rewritten(learning, tmp_path / "collection", xml_file=str(changed))
    (folder / "scene_files.parquet").unlink()
    assert_refused([folder], learning.manifest, tmp_path / "data", f"{changed}: changed since")


def test_an_unlisted_scene_is_named(learning, tmp_path):
    manifest = manifest_of(tmp_path / "few.parquet", learning.scenes[:-1])
    expected = learning.scenes[-1], f"is not listed in {manifest}", sha256_of(learning.scenes[-1])
    assert_refused([learning.collection], manifest, tmp_path / "data", *expected)


@pytest.mark.parametrize("content", [None, b"", b"not a table"])
def test_an_invalid_manifest_is_named(learning, tmp_path, content):
    manifest = tmp_path / "scenes.parquet"
    if content is not None:
        manifest.write_bytes(content)
    assert_refused([learning.collection], manifest, tmp_path / "data", f"--manifest {manifest}")


def test_a_manifest_without_splits_is_named(learning, tmp_path):
    manifest = tmp_path / "scenes.parquet"
    pq.write_table(pq.read_table(learning.manifest).drop_columns(["split"]), manifest)
    assert_refused(
        [learning.collection], manifest, tmp_path / "data", manifest, "no column 'split'"
    )


def test_an_unknown_split_is_named_with_the_allowed_ones(learning, tmp_path):
    manifest = manifest_of(tmp_path / "scenes.parquet", learning.scenes, split="validation")
    expected = "split is 'validation'; allowed: train, val, test"
    assert_refused([learning.collection], manifest, tmp_path / "data", manifest, expected)


def test_a_layout_in_two_splits_is_named(learning, tmp_path):
    manifest = manifest_of(tmp_path / "scenes.parquet", learning.scenes, layout_id="same")
    expected = "layout same is in 3 splits: test, train, val"
    assert_refused([learning.collection], manifest, tmp_path / "data", manifest, expected)


def test_a_failed_run_invalidates_the_previous_data_set(learning, tmp_path):
    dataset = Path(shutil.copytree(learning.dataset, tmp_path / "data"))
    folder = rewritten(learning, tmp_path / "collection", xml_file=str(tmp_path / "missing.xml"))
    (folder / "scene_files.parquet").unlink()
    assert_refused([folder], learning.manifest, dataset)
    with pytest.raises(UsageError, match="not a data set"):
        CandidateData(dataset, "train", "goal")
