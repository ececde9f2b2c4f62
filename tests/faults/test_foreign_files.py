"""Files of a stranger, with the right checksum and the wrong content, in every place."""

import json
import os
import pickle
import shutil

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from namo.commands.main import main
from namo.files import write_sealed
from namo.results import parts
from namo.results.parts import finished_parts
from namo.results.records import read_record, write_record
from tests.faults.conftest import Collector

COMMANDS = {
    "status": ["status", "{folder}"],
    "summary": ["summary", "{folder}"],
    "report": ["report", "{folder}"],
    "verify": ["verify", "{folder}"],
    "export": ["export", "{folder}", "--format", "huggingface", "--output", "{new}"],
    "merge": ["merge", "{folder}", "{other}", "--output", "{new}"],
    "replay": ["replay", "{record}", "--check"],
}
DEEP = 200_000


@pytest.fixture(scope="module")
def whole(few_scenes, tmp_path_factory):
    """A collection. Read only."""
    collector = Collector(few_scenes, tmp_path_factory.mktemp("whole") / "out")
    assert collector.run() == 0
    return collector


@pytest.fixture
def folder(whole, tmp_path):
    """A copy of it, to change."""
    return shutil.copytree(whole.output, tmp_path / "out")


@pytest.fixture
def try_all(whole, folder, tmp_path, capsys):
    """Run commands on the changed copy; none may end with a traceback."""

    def run(*names):
        said = {}
        for name in names or COMMANDS:
            places = {
                "folder": folder,
                "other": whole.output,
                "new": tmp_path / f"new {name}",
                "record": min(folder.glob("*_results.pkl")),
            }
            capsys.readouterr()
            code = main([word.format(**places) for word in COMMANDS[name]])
            printed = capsys.readouterr()
            assert code in (0, 1, 2)
            assert "Traceback" not in printed.err
            said[name] = code, printed.out + printed.err
        return said

    return run


def nested(levels):
    """The bytes of a pickle of lists in lists, which `pickle.dumps` cannot make."""
    return b"\x80\x04" + b"]" * levels + b"a" * (levels - 1) + b"."


def changed_record(path, change):
    record = read_record(path)
    change(record)
    write_record(path, record)


RECORDS = {
    "empty": lambda path: write_record(path, {}),
    "a number": lambda path: write_sealed(path, pickle.dumps(5, protocol=4)),
    "nested": lambda path: write_sealed(path, nested(DEEP)),
    "a number for the episodes": lambda path: changed_record(
        path, lambda record: record.update(episode_results=5)
    ),
    "no metrics": lambda path: changed_record(path, lambda record: record.update(metrics=[])),
    "an empty episode": lambda path: changed_record(
        path, lambda record: record.update(episode_results=[{}])
    ),
    "another column": lambda path: changed_record(
        path, lambda record: record["pushes"].update(push=5)
    ),
    "columns of unequal length": lambda path: changed_record(
        path, lambda record: record["pushes"]["push"].append(1)
    ),
    "no column": lambda path: changed_record(path, lambda record: record["plans"].pop("step")),
    "a null in a path": lambda path: changed_record(
        path, lambda record: record.update(xml_file="a\0b")
    ),
    "a pipe": lambda path: (path.unlink(), os.mkfifo(path)),
    "a device": lambda path: (path.unlink(), path.symlink_to("/dev/zero")),
    "a folder": lambda path: (path.unlink(), path.mkdir()),
}


@pytest.mark.parametrize("change", RECORDS.values(), ids=RECORDS)
def test_a_record_with_another_content_is_named(folder, try_all, change):
    path = min(folder.glob("*_results.pkl"))
    change(path)
    said = try_all("replay", "verify", "merge", "status")
    assert said["replay"][0] in (1, 2)
    assert str(path) in said["replay"][1]
    assert said["verify"][0] == 1
    assert path.name in said["verify"][1]
    assert said["merge"][0] in (0, 1)


MARKERS = {
    "empty": lambda marker: {},
    "failures in a list": lambda marker: marker | {"failed": [5]},
    "a failure without a number": lambda marker: marker | {"failed": {"x": "y"}},
    "settings in a list": lambda marker: marker | {"config": []},
    "tables in a list": lambda marker: marker | {"tables": [1]},
    "a long range": lambda marker: marker | {"end": 10**12, "environments": 10**12},
    "no host": lambda marker: {name: marker[name] for name in marker if name != "host"},
    "models": lambda marker: marker | {"models_preloaded": 5},
}


@pytest.mark.parametrize("change", MARKERS.values(), ids=MARKERS)
def test_a_marker_with_another_content_is_named(folder, try_all, change):
    (part,) = finished_parts(folder)
    content = change(part.metadata())
    part.marker.write_text(json.dumps({**content, "checksum": parts._checksum(content)}))
    said = try_all("status", "merge", "verify")
    for code, text in said.values():
        assert code == 1
        assert "part.json" in text


JSON_FILES = {
    "empty": b"{}",
    "a number": b"5",
    "nested": b"[" * DEEP + b"]" * DEEP,
    "numbers": b'{"label": 5, "chunks": 5, "versions": 5, "environments": 5}',
    "a long range": b'{"label": "host", "chunks": [[0, 1000000000000]]}',
}


@pytest.mark.parametrize("content", JSON_FILES.values(), ids=JSON_FILES)
def test_a_run_file_with_another_content_is_named(folder, try_all, content):
    (folder / "run.json").write_bytes(content)
    for code, text in try_all("report", "merge").values():
        assert code == 1
        assert str(folder / "run.json") in text


@pytest.mark.parametrize("content", JSON_FILES.values(), ids=JSON_FILES)
def test_a_plan_with_another_content_is_named(folder, try_all, content):
    (folder / ".plan.json").write_bytes(content)
    code, text = try_all("status")["status"]
    assert code == 1
    assert ".plan.json" in text


@pytest.mark.parametrize("name", ["0-1000000000000", f"0-{'9' * 100}", "5-5"])
def test_a_part_of_an_impossible_range_is_named(folder, try_all, name):
    (part,) = finished_parts(folder)
    shutil.copytree(part.folder, folder / "parts" / name)
    for code, text in try_all("status", "merge").values():
        assert code == 1
        assert name in text


@pytest.mark.parametrize("content", [{}, {"performance_stats": 5}, {"failures": [5]}])
def test_a_summary_with_another_content_is_named(folder, try_all, content):
    (path,) = folder.glob("collection_summary_*.pkl")
    write_record(path, content if len(content) != 1 else read_record(path) | content)
    for code, text in try_all("report", "summary", "verify").values():
        assert code == 1
        assert path.name in text


@pytest.mark.parametrize(
    "table",
    [
        pa.table({"path": [1]}),
        pa.table({"other": ["x"]}),
        pa.table({}),
    ],
)
def test_a_manifest_with_other_columns_is_named(folder, try_all, table):
    pq.write_table(table, folder / "manifest.parquet")
    for code, text in try_all("report", "summary", "verify").values():
        assert code == 1
        assert "manifest.parquet" in text


@pytest.mark.parametrize(
    "name", ["metrics", "pushes", "plans", "scenes", "scene_files", "manifest"]
)
@pytest.mark.parametrize("kind", ["nulls", "pipe", "device", "folder"])
def test_a_table_that_is_none_is_named(folder, try_all, name, kind):
    path = folder / f"{name}.parquet"
    if kind == "nulls":
        schema = pq.read_schema(path)
        pq.write_table(nulls(schema), path)
    else:
        path.unlink()
        os.mkfifo(path) if kind == "pipe" else (
            path.symlink_to("/dev/zero") if kind == "device" else path.mkdir()
        )
    said = try_all("report", "verify", "summary")
    assert said["verify"][0] == 1
    assert path.name in said["verify"][1]


@pytest.mark.parametrize("name", ["pushes", "plans", "scenes"])
@pytest.mark.parametrize("cut", [slice(0, 0), slice(1, None), slice(0, 5)])
def test_a_table_with_lists_of_wrong_lengths_is_named(folder, try_all, name, cut):
    path = folder / f"{name}.parquet"
    table = pq.read_table(path)
    columns = [
        [values[cut] for values in column.to_pylist()] if pa.types.is_list(column.type) else column
        for column in table.columns
    ]
    pq.write_table(pa.table(columns, schema=table.schema), path)
    code, text = try_all("report")["report"]
    if name != "pushes":  # of which the report reads no lists
        assert (code, str(path) in text) == (1, True)
    code, text = try_all("export")["export"]
    assert (code, str(path) in text) == (1, True)


def nulls(schema):
    """A row of nulls."""
    return pa.Table.from_arrays([pa.nulls(1, field.type) for field in schema], schema=schema)


@pytest.mark.parametrize("place", ["part.json", "metrics.parquet", ".journal.json", ".lock"])
@pytest.mark.parametrize("kind", ["pipe", "device"])
def test_no_file_of_a_part_is_opened_unless_it_is_regular(folder, try_all, place, kind):
    (part,) = finished_parts(folder)
    path = part.folder / place
    path.unlink(missing_ok=True)
    os.mkfifo(path) if kind == "pipe" else path.symlink_to("/dev/zero")
    try_all("status", "verify", "merge")
