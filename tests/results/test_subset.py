import hashlib
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import namo
from namo.commands.main import main
from namo.errors import ConflictError, ResultFileError, UsageError
from namo.files import sha256_of
from namo.results.assemble import assemble
from namo.results.merge_collections import merge_collections
from namo.results.subset import filter_collection, split_collection
from namo.results.tables import DATA_TABLES, MERGED_TABLES
from namo.results.verify import Verification
from namo.scenes.manifest import write_manifest
from tests.collecting import SOURCE

ROOMS = (0, 1, 6, 11)


@pytest.fixture(scope="module")
def scenes(rig, tmp_path_factory):
    return rig.copy_rooms(tmp_path_factory.mktemp("scenes"), ROOMS)


@pytest.fixture(scope="module")
def whole(rig, scenes, tmp_path_factory):
    """A collection of two parts, with two episodes per environment. Read only."""
    output = tmp_path_factory.mktemp("whole") / "out"
    config = rig.config(episodes_per_env=2, max_depth=2, max_pushes=10)
    rig.collect(scenes, output, config, (0, 2))
    rig.collect(scenes, output, config, (2, 4))
    assemble(output, "host", *SOURCE)
    return output


def problems(folder):
    verification = Verification(folder)
    return [str(problem) for problem in verification.problems()], verification.plans


def records(folder):
    return {path.name: sha256_of(path) for path in folder.glob("*_results.pkl")}


def of(table, numbers):
    keep = np.isin(table["env_index"].to_numpy(), numbers)
    return table.filter(keep)


def numbers_of(folder, column="solution_found"):
    table = pq.read_table(folder / "metrics.parquet")
    return sorted(set(table.filter(table[column])["env_index"].to_pylist()))


def test_a_filtered_collection_has_the_environments_whole(whole, tmp_path):
    written = filter_collection(whole, "solution_found", tmp_path / "solved")
    solved = numbers_of(whole)
    assert 0 < len(solved) < len(ROOMS)
    for name in DATA_TABLES:
        found, expected = (
            pq.read_table(folder / f"{name}.parquet") for folder in (tmp_path / "solved", whole)
        )
        assert found.equals(of(expected, solved), check_metadata=True), name
    kept = records(tmp_path / "solved")
    assert len(kept) == len(solved)
    assert kept.items() <= records(whole).items()
    scene_files = namo.load(tmp_path / "solved").scene_files.to_pylist()
    hashes = {hashlib.sha256(row["xml"].encode()).hexdigest() for row in scene_files}
    assert hashes == set(namo.load(tmp_path / "solved").episodes["scene_sha256"].to_pylist())
    stats = written.summary["performance_stats"]
    assert stats["total_environments"] == len(solved)
    found = pq.read_table(tmp_path / "solved" / "metrics.parquet", columns=["solution_depth"])
    plans = [depth for depth in found["solution_depth"].to_pylist() if depth]
    assert problems(tmp_path / "solved") == ([], len(plans))


def test_it_says_what_it_is_a_subset_of(whole, tmp_path):
    written = filter_collection(whole, "not solution_found", tmp_path / "rest")
    run, before = (
        json.loads((folder / "run.json").read_text()) for folder in (tmp_path / "rest", whole)
    )
    assert run["subset"] == {
        "collection": "out",
        "manifest_sha256": sha256_of(whole / "manifest.parquet"),
        "choice": "where not solution_found",
        "environments": len(records(tmp_path / "rest")),
        "of": len(ROOMS),
    }
    assert run["name"] == "rest"
    for kept in ("config", "models", "versions", "numerics", "host", "command"):
        assert run[kept] == before[kept]
    assert "where not solution_found" in written.text


def test_all_of_it_is_the_same_collection(whole, tmp_path):
    written = filter_collection(whole, "env_index >= 0", tmp_path / "all", link=True)
    for name in MERGED_TABLES:
        path = f"{name}.parquet"
        assert (tmp_path / "all" / path).read_bytes() == (whole / path).read_bytes()
    assert records(tmp_path / "all") == records(whole)
    one = next((tmp_path / "all").glob("*_results.pkl"))
    assert one.samefile(whole / one.name)
    summary = written.summary
    seconds = summary["collection_metadata"]["total_duration_seconds"]
    assert seconds == sum(record["processing_time"] for record in namo.load(whole).records())


def test_an_environment_is_taken_if_one_of_its_episodes_meets_the_condition(whole, tmp_path):
    filter_collection(whole, "episode == 1 and env_index == 1", tmp_path / "one")
    assert namo.load(tmp_path / "one").episodes["episode"].to_pylist() == [0, 1]


def test_subsets_can_be_filtered_split_and_exported_but_not_merged(whole, tmp_path, capsys):
    filter_collection(whole, "env_index < 3", tmp_path / "first")
    filter_collection(tmp_path / "first", "env_index > 0", tmp_path / "second")
    assert problems(tmp_path / "second")[0] == []
    assert set(namo.load(tmp_path / "second").episodes["env_index"].to_pylist()) == {1, 2}
    export = ["export", str(tmp_path / "second"), "--format", "huggingface", "--output"]
    assert main([*export, str(tmp_path / "hf")]) == 0
    assert main(["report", str(tmp_path / "second")]) == 0
    capsys.readouterr()
    assert main(["status", str(tmp_path / "second")]) == 0
    assert "2 environments of 3 of first, where env_index > 0" in capsys.readouterr().out
    second = str(tmp_path / "second")
    before = sorted((tmp_path / "second").rglob("*"))
    for command in (
        ["collect", "--output-dir", second, "--start-idx=0", "--end-idx=1"],
        ["redo", second, "1"],
        ["redo", second, "1", "--mark-only"],
        ["verify", second, "--recollect"],
    ):
        assert main(command) == 2
        assert "is a subset of a collection (where env_index > 0)" in capsys.readouterr().err
    assert sorted((tmp_path / "second").rglob("*")) == before
    with pytest.raises(ConflictError, match="is a subset of a collection"):
        merge_collections([tmp_path / "first", whole], tmp_path / "merged")


def test_a_manifest_splits_by_scene(whole, scenes, tmp_path):
    split_of = dict(zip("abcd", ("train", "test", "val", "train"), strict=True))
    files = sorted(scenes.rglob("*.xml"))
    manifest = tmp_path / "scenes.parquet"
    rows = [
        {
            "index": index,
            "file": str(file),
            "sha256": sha256_of(file),
            "layout_id": layout,
            "split": split_of[layout],
            "difficulty": "easy",
        }
        for index, (file, layout) in enumerate(zip(files, split_of, strict=True))
    ]
    write_manifest(manifest, rows, {})
    splits, left_out = split_collection(whole, tmp_path / "splits", manifest)
    assert [(one.name, one.environments) for one in splits] == [
        ("test", 1),
        ("train", 2),
        ("val", 1),
    ]
    assert left_out == 0
    expected = {row["sha256"]: row["split"] for row in rows}
    for name in ("train", "val", "test"):
        folder = tmp_path / "splits" / name
        assert problems(folder)[0] == []
        hashes = namo.load(folder).episodes["scene_sha256"].to_pylist()
        assert {expected[sha256] for sha256 in hashes} == {name}
        run = json.loads((folder / "run.json").read_text())
        assert (run["name"], run["subset"]["choice"]) == (
            name,
            f"of split {name} in scenes.parquet",
        )


def test_fractions_split_by_the_hash_of_the_scene(whole, tmp_path):
    fractions = {"train": 0.6, "test": 0.4, "none": 0.0}
    splits, _ = split_collection(whole, tmp_path / "splits", fractions)
    assert [one.name for one in splits] == list(fractions)
    assert sum(one.environments for one in splits) == len(ROOMS)
    assert not (tmp_path / "splits" / "none").exists()
    again, _ = split_collection(whole, tmp_path / "again", fractions)
    assert again == splits


@pytest.mark.parametrize(
    ("where", "said"),
    [
        ("solved", "'solved' is no column"),
        ("env_index > 99", "no environment has an episode where env_index > 99"),
    ],
)
def test_nothing_is_written_for_a_condition_that_nothing_meets(whole, tmp_path, where, said):
    with pytest.raises(UsageError, match=said):
        filter_collection(whole, where, tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_collection_is_refused(whole, rig, tmp_path):
    copy = tmp_path / "copy"
    filter_collection(whole, "env_index >= 0", copy)
    record = next(copy.glob("*_results.pkl"))
    content = bytearray(record.read_bytes())
    content[len(content) // 2] ^= 1
    record.write_bytes(content)
    with pytest.raises(ResultFileError, match=r"_results\.pkl: checksum mismatch"):
        filter_collection(copy, "env_index >= 0", tmp_path / "out")
    table = pq.read_table(copy / "scenes.parquet")
    pq.write_table(table.slice(1), copy / "scenes.parquet")
    with pytest.raises(ResultFileError, match=r"scenes\.parquet: checksum mismatch"):
        filter_collection(copy, "env_index >= 0", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_the_commands_write_collections_that_verify(whole, tmp_path, capsys):
    target = tmp_path / "hard"
    where = "solution_depth is not None and replayed"
    assert main(["filter", str(whole), "--where", where, "-o", str(target)]) == 0
    assert f"where {where}" in " ".join(capsys.readouterr().out.split())
    assert (target / "report.html").exists()
    assert main(["verify", str(target)]) == 0
    assert main(["filter", str(whole), "--where", "success = 1", "-o", str(target)]) == 2
    out = tmp_path / "splits"
    assert main(["split", str(whole), "--fractions", "a=0.5", "b=0.5", "-o", str(out)]) == 0
    for folder in out.iterdir():
        assert main(["verify", str(folder)]) == 0
    capsys.readouterr()
    assert main(["split", str(whole), "--fractions", "a", "-o", str(out)]) == 2
    assert "--fractions a: expected NAME=FRACTION" in capsys.readouterr().err


STATUS = Path("/proc/self/status")
MEASURED = f"""
import sys
from pathlib import Path
from namo.commands.main import main
code = main(sys.argv[1:])
lines = Path({str(STATUS)!r}).read_text().splitlines()
print(next(line for line in lines if line.startswith("VmHWM:")).split()[1], file=sys.stderr)
sys.exit(code)
"""
"""Prints the peak memory (kB). Not `ru_maxrss`, which includes that of the process it came from."""


@pytest.mark.slow
@pytest.mark.skipif(not STATUS.exists(), reason="only Linux says what a process took at its peak")
def test_a_million_rows_take_less_than_500_megabytes(whole, tmp_path):
    environments, pushes = 1000, 1000
    inflated = tmp_path / "inflated"
    filter_collection(whole, "env_index == 1", inflated)
    entries = pq.read_table(inflated / "manifest.parquet").to_pylist()
    (record,) = (entry for entry in entries if entry["path"].endswith("_results.pkl"))
    entries.remove(record)
    for name in DATA_TABLES:
        path = inflated / f"{name}.parquet"
        table = pq.read_table(path)
        each = pushes if name == "pushes" else 1
        with pq.ParquetWriter(path, table.schema) as writer:
            place = table.schema.get_field_index("env_index")
            field = table.schema.field(place)
            for numbers in np.array_split(np.arange(environments), 16):  # row groups as usual
                rows = table.take([0] * each * len(numbers))
                index = pa.array(np.repeat(numbers, each), field.type)
                writer.write_table(rows.set_column(place, field, index))
        (entry,) = (entry for entry in entries if entry["path"] == path.name)
        entry["sha256"] = sha256_of(path)
    for number in range(environments):
        copy = inflated / record["path"].replace("_env_000001_", f"_env_{number:06d}_")
        if not copy.exists():
            copy.hardlink_to(inflated / record["path"])
        entries.append({**record, "path": copy.name})
    schema = pq.read_schema(inflated / "manifest.parquet")
    pq.write_table(pa.Table.from_pylist(entries, schema), inflated / "manifest.parquet")
    for command in (
        ["filter", "--where", "env_index >= 1", "--link", "-o", str(tmp_path / "most")],
        ["split", "--fractions", "train=0.5", "test=0.5", "--link", "-o", str(tmp_path / "two")],
    ):
        done = subprocess.run(
            [sys.executable, "-c", MEASURED, command[0], str(inflated), *command[1:]],
            check=True,
            capture_output=True,
            text=True,
        )
        assert int(done.stderr.split()[-1]) < 500_000
    written = pq.ParquetFile(tmp_path / "most" / "pushes.parquet").metadata
    assert written.num_rows == (environments - 1) * pushes
