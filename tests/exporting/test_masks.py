import numpy as np
import pytest

from namo.errors import SceneError, UsageError
from namo.exporting import masks
from namo.exporting.mask_drawing import CHANNELS, PIXELS, draw_masks
from namo.exporting.mask_text import LABELS
from namo.learning.top_view import Window
from namo.results.records import read_record, write_record
from namo.results.schema import SCENE_FILES
from namo.results.tables import write_table
from namo.world.world import World
from tests.exporting.conftest import exported


def read(folder):
    """All arrays of a folder of masks, concatenated over its shards."""
    paths = sorted(folder.glob("masks-*.npz"))
    assert [path.name for path in paths] == [f"masks-{n:05d}.npz" for n in range(len(paths))]
    shards = []
    for path in paths:
        with np.load(path, allow_pickle=False) as shard:
            shards.append(dict(shard))
    return {name: np.concatenate([shard[name] for shard in shards]) for name in shards[0]}


@pytest.fixture(scope="module")
def plans(collection, tmp_path_factory):
    """The masks of the plans. Read only."""
    folder = tmp_path_factory.mktemp("masks") / "out"
    exported(collection, "masks", folder)
    return read(folder)


@pytest.fixture(scope="module")
def searches(collection, tmp_path_factory):
    """The masks of all pushes. Read only."""
    folder = tmp_path_factory.mktemp("masks") / "out"
    exported(collection, "masks", folder, pushes="all")
    return read(folder)


def planned(collection):
    """The episodes whose plan has a push."""
    ids = [row["episode_id"] for row in collection.episodes.to_pylist() if row["solution_depth"]]
    return [collection.episode(episode_id) for episode_id in ids]


def test_there_is_an_array_per_mask_and_label(plans):
    assert list(plans) == [*CHANNELS, *LABELS]
    number = len(plans["push"])
    for name in CHANNELS:
        assert plans[name].shape == (number, PIXELS, PIXELS)
        assert plans[name].dtype == np.uint8
        assert set(np.unique(plans[name])) <= {0, 1}


def test_every_push_of_every_plan_is_a_sample_in_order(collection, plans):
    wanted = [
        (episode.id, push.object_name, *push.goal, step == len(episode.plan) - 1)
        for episode in planned(collection)
        for step, push in enumerate(episode.plan)
    ]
    columns = (plans["episode_id"], plans["object_id"], plans["pose_target"], plans["goal_open"])
    assert wanted == [
        (str(episode), str(name), *target.tolist(), bool(opened))
        for episode, name, target, opened in zip(*columns, strict=True)
    ]
    assert plans["on_plan"].all()


def test_every_push_of_every_search_is_a_sample_in_order(collection, searches):
    rows = collection.pushes.to_pydict()
    for name in ("env_id", "episode_id", "push", "depth", "object_id", "status"):
        assert searches[name].tolist() == rows[name], name
    for name in ("goal_open", "on_plan"):
        assert searches[name].tolist() == rows[name], name
    for mine, theirs in (("target", "goal"), ("after", "result")):
        poses = zip(*(rows[f"{theirs}_{axis}"] for axis in ("x", "y", "theta")), strict=True)
        assert searches[f"pose_{mine}"].tolist() == [list(pose) for pose in poses]


def test_masks_match_the_simulated_world(collection, plans):
    sample = 0
    for episode in planned(collection):
        world = World(episode.scene)
        window = Window.around(episode.scene.bounds, PIXELS)
        for push in episode.plan:
            drawn = draw_masks(world.reachability(), push.object_name, push.goal, window)
            for name, mask in zip(CHANNELS, drawn, strict=True):
                assert np.array_equal(plans[name][sample], mask), name
            assert plans["pose_before"][sample].tolist() == [*world.poses()[push.object_name]]
            world.push(push)
            sample += 1
    assert sample == len(plans["push"])


def test_labels_locate_pixels_in_the_world(collection, plans):
    for sample in range(len(plans["push"])):
        scene = collection.episode(str(plans["episode_id"][sample])).scene
        assert plans["scene_sha256"][sample] == scene.sha256
        assert plans["difficulty"][sample] == "easy"
        place = np.array([scene.goal.x, scene.goal.y]) - plans["origin"][sample]
        column, row = np.floor(place / plans["metres_per_pixel"][sample]).astype(int)
        assert plans["goal"][sample, row, column] == 1
        at = plans["pose_before"][sample, :2] - plans["origin"][sample]
        column, row = np.floor(at / plans["metres_per_pixel"][sample]).astype(int)
        assert plans["object"][sample, row, column] == 1


def test_many_samples_become_several_shards(collection, searches, tmp_path, monkeypatch):
    monkeypatch.setattr(masks, "SAMPLES_PER_SHARD", 50)
    lines = exported(collection, "masks", tmp_path / "out", pushes="all")
    number = len(searches["push"])
    shards = -(-number // 50)
    assert len(list((tmp_path / "out").glob("*.npz"))) == shards > 2
    assert f"{number} samples from 3 environments" in lines[0]
    assert f"in {shards} shards" in lines[0]
    sharded = read(tmp_path / "out")
    assert all(np.array_equal(sharded[name], searches[name]) for name in searches)


def test_all_masks_can_have_the_same_scale(collection, tmp_path):
    exported(collection, "masks", tmp_path / "out", metres_per_pixel=0.05)
    drawn = read(tmp_path / "out")
    assert set(drawn["metres_per_pixel"].tolist()) == {0.05}
    assert drawn["object"].sum(axis=(1, 2)) * 0.05**2 == pytest.approx(0.36, abs=0.06)
    assert drawn["static"][:, 0].all(), "outside the bounds"
    with pytest.raises(UsageError, match=r"0\.01: .*a\.xml does not fit into 224 pixels; allowed"):
        exported(collection, "masks", tmp_path / "more", metres_per_pixel=0.01)


def set_scene_file(collection, path):
    """Change the scene file of the first environment of a copied collection."""
    (record_path, *_) = sorted(collection.folder.glob("*_results.pkl"))
    record = read_record(record_path)
    record["xml_file"] = str(path)
    write_record(record_path, record)


def test_a_missing_scene_file_is_named_with_a_hint(copied, tmp_path):
    write_table(copied.folder / "scene_files.parquet", SCENE_FILES, [])
    set_scene_file(copied, "gone/a.xml")
    with pytest.raises(SceneError, match=r"gone/a\.xml: is missing, .*--run-from"):
        exported(copied, "masks", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_changed_scene_file_is_named(copied, collection, tmp_path):
    text = (collection.run_from / collection.scenes["xml_file"][0].as_py()).read_text()
    (tmp_path / "a.xml").write_text(text + "<!-- changed -->")
    set_scene_file(copied, tmp_path / "a.xml")
    write_table(copied.folder / "scene_files.parquet", SCENE_FILES, [])
    with pytest.raises(SceneError, match=r"a\.xml: changed since host_env_000000 was collected"):
        exported(copied, "masks", tmp_path / "out")


def test_a_push_of_a_plan_that_the_search_did_not_simulate_has_no_number(collection, plans):
    numbers = collection.plans["search_push"].to_pylist()
    assert None in numbers
    assert plans["push"].tolist() == [-1 if each is None else each for each in numbers]
    assert plans["depth"].tolist() == [step + 1 for step in collection.plans["step"].to_pylist()]


def test_a_collection_without_a_push_is_refused(copied, tmp_path):
    for path in copied.folder.glob("*_results.pkl"):
        record = read_record(path)
        write_record(path, {**record, "episode_results": []})
    with pytest.raises(UsageError, match="has no push to export"):
        exported(copied, "masks", tmp_path / "out")


def test_the_readme_describes_every_array(collection, tmp_path):
    exported(collection, "masks", tmp_path / "out")
    text = (tmp_path / "out" / "README.md").read_text()
    for name in (*CHANNELS, *LABELS):
        assert f"- `{name}`: " in text
    assert "the pushes of all plans" in text
    snippet = text.split("```python\n")[1].split("```")[0]
    scope = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path / "out")
        exec(snippet, scope)
    assert scope["state"].shape[1:] == (4, PIXELS, PIXELS)
