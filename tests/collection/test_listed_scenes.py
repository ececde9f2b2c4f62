"""What a manifest lists about a scene is stored with its results."""

import shutil

import pyarrow as pa
import pytest
from pyarrow import parquet

from namo.commands.main import main
from namo.files import sha256_of


@pytest.fixture
def manifest(rig, tmp_path):
    scenes = rig.copy_rooms(tmp_path / "scenes", (0, 7))

    def write(**columns):
        files = ["00.xml", "01.xml"]
        hashes = [sha256_of(scenes / name) for name in files]
        listed = {"file": files, "sha256": hashes, "difficulty": ["open", "hard"]}
        listed["opening_share"] = [None, 0.125]
        parquet.write_table(pa.table(listed | columns), scenes / "scenes.parquet")
        return scenes / "scenes.parquet"

    return write


def collect(manifest, output, *options):
    arguments = ["--manifest", manifest, "--output-dir", output, "--hostname", "host"]
    everything = ["--start-idx", "0", "--end-idx", "-1"]
    return main(["collect", *map(str, arguments), *everything, *options])


def metrics(output):
    return parquet.read_table(output / "metrics.parquet").to_pylist()


def test_difficulty_is_in_the_metrics(manifest, tmp_path):
    assert collect(manifest(), tmp_path / "out") == 0
    rows = metrics(tmp_path / "out")
    assert [row["difficulty"] for row in rows] == ["open", "hard"]
    assert [row["opening_fraction"] for row in rows] == [None, 0.125]


def test_a_changed_class_of_difficulty_is_stored_without_collecting_again(
    manifest, tmp_path, capsys
):
    assert collect(manifest(), tmp_path / "out") == 0
    before = metrics(tmp_path / "out")
    changed = manifest(difficulty=["easy", None], opening_share=[0.5, None])
    assert collect(changed, tmp_path / "out") == 0
    after = metrics(tmp_path / "out")
    assert [row["difficulty"] for row in after] == ["easy", None]
    assert [row["opening_fraction"] for row in after] == [0.5, None]
    assert [row["search_time_ms"] for row in after] == [row["search_time_ms"] for row in before]


def test_a_scene_whose_hash_differs_from_the_manifest_is_a_failure(manifest, rig, tmp_path):
    path = manifest()
    shutil.copy(rig.room(7), path.with_name("00.xml"))
    assert collect(path, tmp_path / "out") == 1
    failed, fine = metrics(tmp_path / "out")
    assert "checksum mismatch: its sha256 is " in failed["error_message"]
    assert "regenerate the manifest" in failed["error_message"]
    assert fine["error_message"] is None


def test_a_split_is_collected_alone(manifest, tmp_path):
    path = manifest(split=["train", "val"])
    assert collect(path, tmp_path / "out", "--split", "val") == 0
    (row,) = metrics(tmp_path / "out")
    assert (row["env_index"], row["difficulty"]) == (0, "hard")
    assert collect(path, tmp_path / "other", "--split", "vla") == 2
