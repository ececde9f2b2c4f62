from pathlib import Path

import gymnasium
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from namo.errors import SceneError, UsageError
from namo.files import sha256_of
from namo.gym import ENV_ID
from namo.gym.scene_set import scene_set
from namo.scenes.packed import pack
from namo.scenes.reading import read_scene
from tests.training.conftest import collect, manifest_of


@pytest.fixture(scope="module")
def files(scenes):
    return sorted(scenes.glob("[a-c]*.xml"))


def names(found):
    return [Path(name).name for name in found.names]


def test_a_folder_is_listed_in_the_order_of_names(scenes):
    found = scene_set(str(scenes))
    assert names(found) == ["a_plugged.xml", "b_open.xml", "c_two.xml", "d_booth.xml"]
    assert found.scene(2) == read_scene(scenes / "c_two.xml")
    assert found.max_movables() == 2
    with pytest.raises(UsageError, match=r"no scene 4; expected 0 to 3"):
        found.number_of(4)


def test_a_text_file_lists_scenes(scenes, tmp_path):
    listed = tmp_path / "scenes.txt"
    listed.write_text(f"{scenes / 'c_two.xml'}\n{scenes / 'a_plugged.xml'}\n")
    assert names(scene_set(str(listed))) == ["c_two.xml", "a_plugged.xml"]


def test_a_manifest_has_classes_splits_and_hashes(files, tmp_path):
    manifest = str(manifest_of(tmp_path / "scenes.parquet", files))
    assert names(scene_set(manifest, split="val")) == ["b_open.xml"]
    found = scene_set(manifest, difficulty="easy", split="test")
    assert names(found) == ["c_two.xml"]
    assert found.number_of(sha256_of(files[2])) == 0
    assert found.max_movables() == 2  # read, since the manifest does not count them
    with pytest.raises(UsageError, match=r"no scene of difficulty 'eazy'; did you mean 'easy'"):
        scene_set(manifest, difficulty="eazy")
    with pytest.raises(UsageError, match="lists no scene with the hash 'abc'"):
        found.number_of("abc")


def test_a_file_that_has_changed_is_refused(files, tmp_path):
    copies = [tmp_path / path.name for path in files]
    for path, copy in zip(files, copies, strict=True):
        copy.write_bytes(path.read_bytes())
    found = scene_set(str(manifest_of(tmp_path / "scenes.parquet", copies)))
    copies[0].write_bytes(files[1].read_bytes())
    with pytest.raises(SceneError, match=r"a_plugged\.xml: changed since"):
        found.scene(0)


def test_packed_scenes_are_read_without_unpacking(files, tmp_path):
    kinds, counts = ["easy", "open", "two_pushes"], [1, 1, 2]
    rows = [
        {
            "file": path.name,
            "sha256": sha256_of(path),
            "difficulty": kind,
            "box_count": count,
            "xml": path.read_text(),
        }
        for path, kind, count in zip(files, kinds, counts, strict=True)
    ]
    pack(tmp_path / "packed.parquet", rows)
    found = scene_set(str(tmp_path / "packed.parquet"), difficulty="two_pushes")
    assert (names(found), found.max_movables()) == (["c_two.xml"], 2)
    assert found.scene(0) == read_scene(files[2])


@pytest.mark.parametrize("name", ["", "scene_files.parquet"])
def test_a_collection_supplies_its_scenes(files, tmp_path, name):
    folder = collect(files[:2], tmp_path / "mine", algorithm="idfs", max_pushes=1)
    found = scene_set(str(folder / name))
    assert {found.scene(number).sha256 for number in range(len(found))} == {
        sha256_of(path) for path in files[:2]
    }
    assert found.number_of(found.hashes[1]) == 1
    with pytest.raises(UsageError, match=r"difficulty 'easy': .* does not list one"):
        scene_set(str(folder), difficulty="easy")


@pytest.mark.parametrize(
    ("scenes", "said"),
    [
        ("no/such", r"scenes 'no/such': no such file or folder \(no/such\), nor one of: demo, "),
        ("minari:none-v0", "scenes 'minari:none-v0': no such file"),
    ],
)
def test_what_is_not_there_is_named(scenes, said, tmp_path, monkeypatch):
    monkeypatch.setenv("MINARI_DATASETS_PATH", str(tmp_path))
    with pytest.raises(UsageError, match=said):
        scene_set(scenes)


def test_an_empty_folder_is_named_without_an_option_that_nobody_gave(tmp_path):
    with pytest.raises(UsageError) as raised:
        scene_set(str(tmp_path))
    assert str(raised.value).startswith(f"{tmp_path}: holds no .xml file")


def test_a_label_of_another_type_is_refused(tmp_path):
    path = tmp_path / "scenes.parquet"
    for label, values, said in (
        ("box_count", ["two"], "'box_count' is string; it must be whole numbers"),
        ("split", [1], "column 'split' is int64; it must be text"),
    ):
        pq.write_table(pa.table({"file": ["a.xml"], label: values}), path)
        with pytest.raises(UsageError, match=rf"scenes\.parquet: .*{said}"):
            scene_set(str(path))


@pytest.mark.parametrize(("scenes", "difficulty"), [("benchmark", "boxes_16"), ("demo", "hard")])
def test_shipped_sets_are_known_by_name(scenes, difficulty):
    env = gymnasium.make(ENV_ID, scenes=scenes, difficulty=difficulty).unwrapped
    counts = env.scenes.labels["box_count"]
    assert env.max_movables == max(counts) == env.scenes.max_movables()
    assert set(env.scenes.labels["difficulty"]) == {difficulty}
    _, info = env.reset(seed=0)
    assert len(env.world.scene.movables) == counts[info["scene"]]
