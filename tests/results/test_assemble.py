import contextlib
import hashlib
import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from namo.collection.config import CollectionConfig
from namo.errors import ResultFileError
from namo.results import assemble as assemble_module
from namo.results import part_costs
from namo.results.assemble import assemble
from namo.results.parts import Part, write_part
from namo.results.records import read_record, write_record
from namo.results.schema import FILES, METRICS, PUSHES
from namo.results.tables import write_table
from tests.walking import Folder, copy_scenes

SOURCE = ("scenes", 0)


def metrics_row(index, mark):
    zeros = {field.name: 0 for field in METRICS if pa.types.is_integer(field.type)}
    times = {field.name: 0.0 for field in METRICS if pa.types.is_floating(field.type)}
    return {
        **zeros,
        **times,
        "env_id": f"host_env_{index:06d}",
        "env_index": index,
        "solution_found": False,
        "solution_depth": None,
        "termination": "exhausted",
        "kept": True,
        "fingerprint": mark,
        "scene_sha256": f"{index:064x}",
    }


def filled(rows, schema):
    """A table of rows, whose missing values are made up."""
    made_up = {
        pa.string(): "",
        pa.int64(): 0,
        pa.float64(): 0.0,
        pa.bool_(): False,
        pa.list_(pa.string()): [],
        pa.list_(pa.float64()): [0.0, 0.0, 0.0],  # the pose of the robot
    }
    rest = {field.name: made_up[field.type] for field in schema}
    rest |= {"physics": "scene", "status": "reached"}
    rows = [{name: (rest | row)[name] for name in schema.names} for row in rows]
    return pa.Table.from_pylist(rows, schema)


def made_up_part(output, start, end, began, mark):
    """A part whose rows hold `mark` in the columns `fingerprint` (metrics) and `detail` (pushes).

    The clock went backwards: the later a part, the earlier its time.
    """
    metrics = [metrics_row(index, mark) for index in range(start, end)]
    pushes = [
        {"env_index": index, "push": push, "detail": mark}
        for index in range(start, end)
        for push in range(index % 3)
    ]
    files = [
        {"path": f"{index}.pkl", "bytes": 1, "sha256": mark, "rows": 1}
        for index in range(start, end)
    ]
    metadata = {
        "start": start,
        "end": end,
        "label": "host",
        "config": CollectionConfig().as_dict(),
        "host": "worker",
        "process": 1,
        "numerics": "NumPy",
        "environments": end - start,
        "resumed": 0,
        "failed": {},
        "duration_s": 1.0,
        "generation": int(began),
        "began_unix_s": -began,
        "work_s": 1.0,
        "peak_memory_bytes": 1,
        "models_preloaded": [],
    }
    tables = {
        name: [filled(rows, schema)]
        for name, rows, schema in (
            ("metrics", metrics, METRICS),
            ("pushes", pushes, PUSHES),
            ("files", files, FILES),
        )
    }
    tables |= {"plans": [], "scenes": [], "scene_files": []}
    part = Part.of(output, start, end)
    write_part(part, tables, metadata)
    return part


@pytest.fixture(autouse=True)
def made_up_records(monkeypatch):
    """Records of half a second; made-up parts have none on disk."""
    record = {"processing_time": 0.5, "models": []}
    monkeypatch.setattr(part_costs, "read_environment", lambda path: record)


def owners(output, table="metrics", column="fingerprint"):
    rows = pq.read_table(output / f"{table}.parquet").to_pylist()
    return [(row["env_index"], row[column]) for row in rows]


def test_environments_appear_in_order_whatever_the_names_and_times_of_parts(tmp_path):
    made_up_part(tmp_path, 4, 6, began=1.0, mark="c")
    made_up_part(tmp_path, 0, 2, began=3.0, mark="a")
    made_up_part(tmp_path, 2, 4, began=2.0, mark="b")
    assemble(tmp_path, "host", *SOURCE)
    assert owners(tmp_path) == [(0, "a"), (1, "a"), (2, "b"), (3, "b"), (4, "c"), (5, "c")]


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ([(0, 4, 1.0), (2, 6, 2.0)], "001111"),
        ([(0, 4, 2.0), (2, 6, 1.0)], "000011"),
        ([(0, 6, 1.0), (2, 4, 2.0)], "001100"),
        ([(0, 6, 2.0), (2, 4, 1.0)], "000000"),
        ([(0, 3, 1.0), (0, 3, 1.0), (1, 5, 5.0), (0, 2, 9.0)], "33222"),
    ],
)
def test_where_parts_overlap_the_newest_wins(tmp_path, parts, expected):
    for number, (start, end, began) in enumerate(parts):
        made_up_part(tmp_path, start, end, began, str(number))
    summary = assemble(tmp_path, "host", *SOURCE).summary
    assert owners(tmp_path) == list(enumerate(expected))
    counts = [expected.count(str(number)) for number in range(len(parts))]
    sizes = [end - start for start, end, _ in parts]
    spent = sum(
        1.0 if count == size else count / 2 for count, size in zip(counts, sizes, strict=True)
    )
    assert summary["collection_metadata"]["total_duration_seconds"] == spent
    pushes = [(index, mark) for index, mark in enumerate(expected) for _ in range(index % 3)]
    assert owners(tmp_path, "pushes", "detail") == pushes
    manifest = pq.read_table(tmp_path / "manifest.parquet").to_pylist()
    listed = {row["path"]: row["sha256"] for row in manifest if row["path"].endswith("pkl")}
    assert {f"{index}.pkl": mark for index, mark in enumerate(expected)}.items() <= listed.items()


def test_a_gap_between_parts_stays_a_gap(tmp_path):
    made_up_part(tmp_path, 7, 9, began=1.0, mark="b")
    made_up_part(tmp_path, 1, 3, began=2.0, mark="a")
    assemble(tmp_path, "host", *SOURCE)
    assert owners(tmp_path) == [(1, "a"), (2, "a"), (7, "b"), (8, "b")]


def test_without_a_plan_too_what_was_collected_again_elsewhere_does_not_count(tmp_path):
    part = made_up_part(tmp_path, 0, 3, began=1.0, mark="a")
    again = made_up_part(tmp_path, 1, 2, began=2.0, mark="b")
    part.add_replaced(1)
    assemble(tmp_path, "host", *SOURCE)
    assert owners(tmp_path) == [(0, "a"), (1, "b"), (2, "a")]
    again.marker.unlink()
    part.add_replaced(2)
    with pytest.raises(ResultFileError, match=r"present results of environments 1, 2; rerun the"):
        assemble(tmp_path, "host", *SOURCE)


def test_another_range_in_the_same_folder_adds_to_it(rig, tmp_path):
    scenes = rig.copy_rooms(tmp_path / "scenes", (0, 7, 11))
    config, output = rig.config(), tmp_path / "out"
    rig.collect(scenes, output, config, (2, 3))
    assert assemble(output, "host", *SOURCE).summary["performance_stats"]["total_environments"] == 1
    rig.collect(scenes, output, config, (0, 1))
    merged = assemble(output, "host", *SOURCE)
    assert merged.summary["performance_stats"]["total_environments"] == 2
    assert merged.summary["performance_stats"]["terminations"] == {"exhausted": 1, "solved": 1}
    collection = rig.opened(output, scenes)
    assert [row["env_index"] for row in collection.table("metrics")] == [0, 2]
    names = [row["path"] for row in collection.table("manifest") if "_env_" in row["path"]]
    assert names == ["host_env_000000_results.pkl", "host_env_000002_results.pkl"]


def test_a_folder_without_finished_parts_is_named(tmp_path):
    with pytest.raises(ResultFileError) as caught:
        assemble(tmp_path, "host", *SOURCE)
    assert str(caught.value) == f"{tmp_path}: no finished part to make a summary of"


@pytest.mark.parametrize("table", ["metrics", "pushes", "files"])
@pytest.mark.parametrize("damage", ["missing", "empty", "cut off", "other schema"])
def test_a_damaged_table_of_a_part_is_named(tmp_path, table, damage):
    made_up_part(tmp_path, 0, 3, began=1.0, mark="a")
    path = made_up_part(tmp_path, 3, 6, began=1.0, mark="b").table(table)
    if damage == "missing":
        path.unlink()
    elif damage == "empty":
        path.write_bytes(b"")
    elif damage == "cut off":
        path.write_bytes(path.read_bytes()[:-20])
    else:
        write_table(path, pa.schema([("x", pa.int64())]), [])
    with pytest.raises(ResultFileError) as caught:
        assemble(tmp_path, "host", *SOURCE)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("table", ["metrics", "pushes"])
def test_a_flipped_bit_in_a_part_never_changes_the_tables_undetected(collected, tmp_path, table):
    part = Part.of(tmp_path, 0, 6)
    shutil.copytree(collected.output / "parts" / "000000-000006", part.folder)
    expected = pq.read_table(collected.output / f"{table}.parquet")
    path = part.table(table)
    whole = path.read_bytes()
    for place in range(4, len(whole), max(1, len(whole) // 100)):
        damaged = bytearray(whole)
        damaged[place] ^= 1 << (place % 8)
        path.write_bytes(damaged)
        with contextlib.suppress(ResultFileError):
            assemble(tmp_path, "host", *SOURCE)
            assert pq.read_table(tmp_path / f"{table}.parquet").equals(expected), place


@pytest.mark.parametrize("content", ["{", "{}", '{"began_unix_s": 1.0}'])
def test_a_damaged_marker_of_a_part_is_named(tmp_path, content):
    part = made_up_part(tmp_path, 0, 3, began=1.0, mark="a")
    part.marker.write_text(content)
    with pytest.raises(ResultFileError) as caught:
        assemble(tmp_path, "host", *SOURCE)
    assert str(part.marker) in str(caught.value)


def test_the_manifest_describes_every_result_file_once(collected):
    rows = collected.table("manifest")
    paths = [row["path"] for row in rows]
    assert len(set(paths)) == len(paths)
    for row in rows:
        content = (collected.output / row["path"]).read_bytes()
        assert (row["bytes"], row["sha256"]) == (len(content), hashlib.sha256(content).hexdigest())
    on_disk = {path.name for path in collected.output.iterdir() if path.is_file()}
    # The report is not a result: it can be regenerated at any time.
    assert on_disk - set(paths) == {
        *("manifest.parquet", ".merge.lock", ".plan.json", ".plan.lock", "report.html")
    }


def test_the_manifest_counts_the_rows_of_its_files(collected):
    rows = {row["path"]: row["rows"] for row in collected.table("manifest")}
    assert rows["metrics.parquet"] == len(collected.table("metrics")) == 6
    assert rows["pushes.parquet"] == len(collected.table("pushes")) > 0
    for path in collected.files():
        assert rows[path.name] == len(read_record(path)["episode_results"])


@pytest.mark.parametrize(
    ("table", "schema"), [("metrics", METRICS), ("pushes", PUSHES), ("manifest", FILES)]
)
def test_merged_tables_keep_units_and_descriptions(collected, table, schema):
    found = pq.read_schema(collected.output / f"{table}.parquet")
    assert found.equals(schema)
    assert [field.metadata for field in found] == [field.metadata for field in schema]


def test_tables_and_files_agree(collected):
    records = collected.records()
    assert collected.table("metrics") == [
        {**row, "chunk": "000000-000006"} for record in records for row in record["metrics"]
    ]
    pushes = collected.table("pushes")
    for name in PUSHES.names:
        column = [value for record in records for value in record["pushes"][name]]
        assert [row[name] for row in pushes] == column


@pytest.fixture
def two_of_three(rig, tmp_path, monkeypatch):
    """The first two of three scenes, collected with seed 1."""
    monkeypatch.undo()
    monkeypatch.chdir(tmp_path)
    copy_scenes(3)
    folder = Folder(Path("out"))
    folder.collect(rig.config(seed=1), range(2))
    return folder


def test_what_was_collected_beside_the_range_or_is_missing_in_it_is_said(rig, two_of_three):
    said = two_of_three.merge(rig.config(seed=1), range(1, 3)).text
    said = " ".join(said.split())
    assert "beside 1 to 2, as they were collected in the same way: 0" in said
    assert "of 1 to 2 not collected: 2" in said
    assert "not used" not in said
    said = two_of_three.merge(rig.config(seed=1), range(2)).text
    assert "beside" not in said
    assert "not collected" not in said


def test_a_folder_with_nothing_that_was_asked_for_says_what_it_holds(rig, two_of_three):
    with pytest.raises(ResultFileError) as caught:
        two_of_three.merge(rig.config(seed=2), range(2, 3))
    said = "out: nothing in it belongs to what is asked for: "
    assert str(caught.value).startswith(said)
    assert "other settings" in str(caught.value)


def test_the_summary_files_are_what_assemble_returns(collected, tmp_path):
    made_up_part(tmp_path, 0, 3, began=1.0, mark="a")
    merged = assemble(tmp_path, "host", *SOURCE)
    assert read_record(tmp_path / "collection_summary_host.pkl") == merged.summary
    assert merged.text_path == tmp_path / "summary_host.txt"
    assert merged.text_path.read_text(encoding="utf-8") == merged.text


def collected_again(output):
    made_up_part(output, 0, 3, began=2.0, mark="b")


def being_collected_again(output):
    Part.of(output, 0, 3).marker.unlink()


def partly_replaced(output):
    Part.of(output, 0, 3).add_replaced(1)


@pytest.mark.parametrize("change", [collected_again, being_collected_again, partly_replaced])
def test_a_part_that_changes_while_it_is_merged_ends_the_merge_without_a_manifest(
    tmp_path, monkeypatch, change
):
    made_up_part(tmp_path, 0, 3, began=1.0, mark="a")
    files_of = assemble_module.files_of

    def then_change(span):
        change(tmp_path)
        return files_of(span)

    monkeypatch.setattr(assemble_module, "files_of", then_change)
    with pytest.raises(ResultFileError, match="000000-000003: was collected again while it was"):
        assemble(tmp_path, "host", *SOURCE)
    assert not (tmp_path / "manifest.parquet").exists()


def test_merging_twice_gives_the_same_files(tmp_path):
    made_up_part(tmp_path, 0, 3, began=1.0, mark="a")
    write_record(tmp_path / "unrelated.pkl", {})
    assemble(tmp_path, "host", *SOURCE)
    before = {path: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()}
    assemble(tmp_path, "host", *SOURCE)
    assert {path: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()} == before
