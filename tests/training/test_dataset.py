import hashlib
import json
import os
import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from namo import compiled
from namo.errors import UsageError
from namo.files import sha256_of
from namo.geometry import Pose2D
from namo.learning.queries import goal_query, object_query
from namo.learning.rasters import CHANNELS, StateRaster
from namo.scenes.reading import parse_scene, read_scene
from namo.training.data import UNKNOWN, CandidateData
from namo.results.shards import SPLITS
from namo.training.data_schema import CANDIDATE_ROWS, CARD, SCENE_ROWS
from namo.training.dataset import make_dataset
from namo.training.labels import Label
from namo.training.raster_png import from_png
from namo.world.candidates import candidate_pushes
from namo.world.push import Push
from namo.world.world import World
from tests.training.conftest import collect, manifest_of, write_scenes


def rows_of(folder, split=None):
    """The rows of a data set, of one split or of all."""
    paths = sorted(folder.glob(f"{split or '*'}-[0-9]*.parquet"))
    return [row for path in paths for row in pq.read_table(path).to_pylist()]


def pushes_of(collection):
    return pq.read_table(collection / "pushes.parquet").to_pylist()


def state_name(poses):
    return hashlib.sha256(np.array(poses).tobytes()).hexdigest()[:16]


def rewritten(learning, folder, **columns):
    """A copy of the collection in whose metrics all environments say something else."""
    folder.mkdir()
    for name in ("pushes.parquet", "run.json"):
        shutil.copy(learning.collection / name, folder / name)
    table = pq.read_table(learning.collection / "metrics.parquet")
    for name, value in columns.items():
        place = table.schema.get_field_index(name)
        table = table.set_column(place, name, pa.array([value] * len(table)))
    pq.write_table(table, folder / "metrics.parquet")
    return folder


# ---- what is in it -----------------------------------------------------------------------------


def test_rasters_and_features_are_those_that_are_seen_at_run_time(learning):
    rows = {}
    for row in rows_of(learning.dataset):
        rows.setdefault((row["env_index"], row["state"]), []).append(row)
    compared = Counter()
    for index, path in enumerate(learning.scenes):
        world = World(read_scene(path))
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
                picture, name = StateRaster(reachability), row["object_id"]
                seen = goal_query(picture, name, candidate_pushes(world, name))
                stored = [from_png(png, len(CHANNELS)) for png in row["goal_rasters"]]
                np.testing.assert_array_equal(np.array(stored), seen.rasters)
                assert row["view"] == seen.view.tolist()
                assert row["numbers"] == seen.numbers.tolist()
                assert row["features"] == seen.features.ravel().tolist()
                whole = object_query(picture, name)
                stored = from_png(row["object_raster"], len(CHANNELS))
                np.testing.assert_array_equal(stored, whole.rasters[0])
                assert row["object_features"] == whole.features[0].tolist()
                assert row["reachable"] == list(reachability.reachable_objects)
                compared["start" if push is None else "later"] += 1
    assert compared["start"] >= 5
    assert compared["later"] >= 4


def test_every_state_that_was_pushed_in_has_its_rows(learning):
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
        asked = [n for n, label in enumerate(row["label"]) if label != Label.UNREACHABLE]
        assert row["numbers"] == asked


def test_labels_say_what_the_searches_found(learning):
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


def test_the_card_counts_what_is_there(learning):
    card = json.loads((learning.dataset / CARD).read_text())
    assert card == learning.card
    for split in SPLITS:
        said, rows = card["splits"][split], rows_of(learning.dataset, split)
        labels = [label for row in rows for label in row["label"]]
        to_goal = [count for row in rows for count in row["pushes_to_goal"]]
        assert said["rows"] == len(rows) > 0
        assert said["scenes"] == len({row["scene_sha256"] for row in rows})
        assert said["layouts"] == len({row["layout_id"] for row in rows}) == 1
        assert card["layouts"][split] == sorted({row["layout_id"] for row in rows})
        assert said["rows_by_difficulty"] == {"easy": len(rows)}
        assert said["labels"] == {
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


def test_the_card_for_people_says_the_same(learning):
    text = (learning.dataset / "README.md").read_text()
    for split in SPLITS:
        said = learning.card["splits"][split]
        assert f"| {split} | {said['rows']} | {said['scenes']} | {said['layouts']} |" in text
    assert "120 simulated pushes, of which 0 aimed at no candidate" in text
    assert "`collection`: exploration, objects random, goals primitive, 24 pushes" in text
    assert learning.card["data_sha256"] in text


def test_the_scenes_are_in_it_as_they_were(learning):
    rows = pq.read_table(learning.dataset / "scenes.parquet").to_pylist()
    texts = {row["scene_sha256"]: row["xml"] for row in rows}
    assert texts == {sha256_of(path): path.read_text() for path in learning.scenes}
    assert {row["physics"] for row in rows} == {"scene"}
    (scene,) = [parse_scene(rows[0]["xml"].encode(), "x")]
    assert scene.sha256 == rows[0]["scene_sha256"]


def test_columns_carry_their_meaning(learning):
    for name, schema in (("train-00000", CANDIDATE_ROWS), ("scenes", SCENE_ROWS)):
        found = pq.read_schema(learning.dataset / f"{name}.parquet")
        assert found.equals(schema)
        assert all(field.metadata[b"description"] for field in found)


def test_pushes_to_anywhere_are_counted_as_left_out(rooms, tmp_path):
    scenes = write_scenes(tmp_path / "scenes", {"a": rooms.plugged(options=rooms.SLEEPING)})
    collection = collect(scenes, tmp_path / "out", goal_strategy="random", max_pushes=12)
    manifest = manifest_of(tmp_path / "scenes.parquet", scenes)
    card = make_dataset([collection], manifest, tmp_path / "data")
    assert card["pushes"] == 12
    assert 3 <= card["pushes_without_candidate"] <= 12
    assert card["splits"]["val"]["rows"] == card["splits"]["test"]["rows"] == 0
    assert not list((tmp_path / "data").glob("val-*"))


def test_an_environment_that_failed_is_left_out(learning, rooms, tmp_path):
    scenes = write_scenes(tmp_path / "scenes", {"a": rooms.plugged(options=rooms.SLEEPING)})
    broken = tmp_path / "scenes" / "broken.xml"
    broken.write_text("<mujoco/>")
    collection = collect([broken, *scenes], tmp_path / "out", max_pushes=4)
    manifest = manifest_of(tmp_path / "scenes.parquet", scenes)
    card = make_dataset([collection], manifest, tmp_path / "data")
    assert card["splits"]["train"]["scenes"] == 1
    assert {row["env_index"] for row in rows_of(tmp_path / "data")} == {1}


# ---- bytes -------------------------------------------------------------------------------------


@pytest.fixture
def machine_code_at_hand(tmp_path, monkeypatch):
    """Lets processes that are started share the compiled loops of this one."""
    cache = Path(os.environ["NAMO_CACHE_DIR"])
    (tmp_path / "cache").mkdir()
    for path in cache.iterdir():
        if path.name != "compiled":
            (tmp_path / "cache" / path.name).symlink_to(path)
    (tmp_path / "cache" / "compiled").symlink_to(compiled._FOLDER.parent)
    monkeypatch.setenv("NAMO_CACHE_DIR", str(tmp_path / "cache"))


@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.usefixtures("machine_code_at_hand")
def test_the_same_inputs_give_the_same_bytes(learning, tmp_path, jobs):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "train-00007.parquet").write_bytes(b"of an older data set")
    make_dataset([learning.collection], learning.manifest, tmp_path / "data", jobs)
    files = sorted(path.name for path in (tmp_path / "data").iterdir())
    assert files == sorted(path.name for path in learning.dataset.iterdir())
    for name in files:
        expected = (learning.dataset / name).read_bytes()
        assert (tmp_path / "data" / name).read_bytes() == expected, name


def test_rows_fill_shards_one_after_the_other(learning, tmp_path, monkeypatch):
    monkeypatch.setattr("namo.training.dataset.ROWS_PER_SHARD", 3)
    make_dataset([learning.collection], learning.manifest, tmp_path / "data")
    shards = sorted((tmp_path / "data").glob("train-*"))
    wanted = rows_of(learning.dataset, "train")
    full, rest = divmod(len(wanted), 3)
    assert full >= 2
    sizes = [pq.read_metadata(path).num_rows for path in shards]
    assert sizes == [3] * full + [rest] * (rest > 0)
    assert rows_of(tmp_path / "data", "train") == wanted


def test_several_collections_add_up(learning, tmp_path):
    make_dataset([learning.collection] * 2, learning.manifest, tmp_path / "data")
    assert rows_of(tmp_path / "data", "val") == 2 * rows_of(learning.dataset, "val")
    scenes = pq.read_table(tmp_path / "data" / "scenes.parquet")
    assert len(scenes) == len(learning.scenes)


def test_it_can_be_learned_from(learning):
    for kind in ("goal", "object"):
        states = CandidateData(learning.dataset, "train", kind)
        assert states.card == learning.card
        assert len(states) > 0
    known = [
        CandidateData(learning.dataset, "train", "goal")[index] for index in range(len(states))
    ]
    assert any((sample.opens == 1).any() for sample in known)
    assert all((sample.opens != UNKNOWN).any() for sample in known)


# ---- what cannot be used -----------------------------------------------------------------------


def refused(collections, manifest, output, *said):
    with pytest.raises(UsageError) as caught:
        make_dataset(collections, manifest, output)
    for text in said:
        assert str(text) in str(caught.value)


def test_without_collections_there_is_no_data_set(learning, tmp_path):
    refused([], learning.manifest, tmp_path / "data", "at least one collection")


@pytest.mark.parametrize("name", ["metrics.parquet", "pushes.parquet", "run.json"])
def test_a_collection_that_is_not_merged_is_named_and_nothing_is_touched(learning, tmp_path, name):
    dataset = Path(shutil.copytree(learning.dataset, tmp_path / "data"))
    folder = rewritten(learning, tmp_path / "collection")
    (folder / name).unlink()
    refused([learning.collection, folder], learning.manifest, dataset, folder / name, "merged")
    assert rows_of(dataset) == rows_of(learning.dataset)
    assert (dataset / CARD).read_bytes() == (learning.dataset / CARD).read_bytes()


def test_a_scene_that_is_gone_is_named(learning, tmp_path):
    gone = tmp_path / "gone.xml"
    folder = rewritten(learning, tmp_path / "collection", xml_file=str(gone))
    refused([folder], learning.manifest, tmp_path / "data", gone)


def test_a_scene_that_changed_is_named(learning, tmp_path):
    changed = tmp_path / "changed.xml"
    changed.write_text(learning.scenes[0].read_text() + "\n")
    folder = rewritten(learning, tmp_path / "collection", xml_file=str(changed))
    said = changed, "is not the scene that was collected in", sha256_of(learning.scenes[0])
    refused([folder], learning.manifest, tmp_path / "data", *said)


def test_a_scene_that_is_not_listed_is_named(learning, tmp_path):
    manifest = manifest_of(tmp_path / "few.parquet", learning.scenes[:-1])
    said = learning.scenes[-1], f"is not in {manifest}", sha256_of(learning.scenes[-1])
    refused([learning.collection], manifest, tmp_path / "data", *said)


@pytest.mark.parametrize("content", [None, b"", b"not a table"])
def test_a_manifest_that_is_none_is_named(learning, tmp_path, content):
    manifest = tmp_path / "scenes.parquet"
    if content is not None:
        manifest.write_bytes(content)
    refused([learning.collection], manifest, tmp_path / "data", f"--manifest {manifest}")


def test_a_manifest_without_splits_is_named(learning, tmp_path):
    manifest = tmp_path / "scenes.parquet"
    pq.write_table(pq.read_table(learning.manifest).drop_columns(["split"]), manifest)
    refused([learning.collection], manifest, tmp_path / "data", manifest, "layout_id, split")


def test_an_unknown_split_is_named_with_those_there_are(learning, tmp_path):
    manifest = manifest_of(tmp_path / "scenes.parquet", learning.scenes, split="validation")
    said = "split is 'validation'; allowed: train, val, test"
    refused([learning.collection], manifest, tmp_path / "data", manifest, said)


def test_a_layout_in_two_splits_is_named(learning, tmp_path):
    manifest = manifest_of(tmp_path / "scenes.parquet", learning.scenes, layout_id="same")
    said = "layout same is in 3 splits: test, train, val"
    refused([learning.collection], manifest, tmp_path / "data", manifest, said)


def test_what_is_left_of_an_older_data_set_is_none(learning, tmp_path):
    dataset = Path(shutil.copytree(learning.dataset, tmp_path / "data"))
    folder = rewritten(learning, tmp_path / "collection", xml_file=str(tmp_path / "gone.xml"))
    refused([folder], learning.manifest, dataset)
    with pytest.raises(UsageError, match="no data set is there"):
        CandidateData(dataset, "train", "goal")
