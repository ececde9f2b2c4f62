"""Collections as schema version 4 wrote them, made from collections of the present version."""

import json
import pickle
import shutil

import pyarrow as pa
import pyarrow.parquet as pq

from namo.files import write_sealed
from namo.results.parts import finished_parts, write_marker
from namo.results.records import file_entry, read_record
from namo.results.tables import DATA_TABLES, TABLES, write_table

FORMER = 4
FORMER_TABLES = {name: schema for name, schema in TABLES.items() if name != "scene_files"}
NEW = frozenset({"opening_fraction", "worker_process"})
"""Columns of metrics that the version before did not have."""
STRAIGHT = frozenset({"simulation", "contact", "travel"})
"""Columns of pushes that version 5 did not have; of pushes to a pose all of them are known."""
PROOF = frozenset({"proof_depth", "proof_candidates"})
"""Columns of metrics, and keys of episodes, that version 5 did not have."""
ESTIMATES = frozenset({"visits", "value"})
"""Columns of pushes that it did not have."""
ADDED = NEW | PROOF | ESTIMATES | {"reachable", "reached_area", "goal_gap", "remarks"}
"""Columns that version 4 did not have and whose values it does not know."""
KNOWN = frozenset({"clearance"})
"""Columns that versions 4 and 5 did not have, of which it is known what they would have held."""


def write_version_5(source, folder):
    """Copy the records of a finished collection, in the form of version 5; nothing is merged."""
    shutil.copytree(source, folder)
    for path in sorted(folder.glob("*_env_*_results.pkl")):
        record = read_record(path)
        record["pushes"] = _without(record["pushes"], STRAIGHT | ESTIMATES)
        new = PROOF | KNOWN
        record["episode_results"] = [_without(each, new) for each in record["episode_results"]]
        metrics = [{**_without(row, new), "schema_version": 5} for row in record["metrics"]]
        record = {**record, "schema_version": 5, "metrics": metrics}
        write_sealed(path, pickle.dumps(record))
    return folder


def write_former(source, folder):
    """Copy a finished collection, in the form of the version before."""
    shutil.copytree(source, folder)
    records = sorted(folder.glob("*_env_*_results.pkl"))
    for path in records:
        write_sealed(path, pickle.dumps(former_record(read_record(path))))
    for part in finished_parts(folder):
        part.table("scene_files").unlink()
        for name, schema in FORMER_TABLES.items():
            rows = pq.read_table(part.table(name))
            if name == "files":
                paths = [folder / path for path in rows["path"].to_pylist()]
                rows = _entries(folder, paths, rows["rows"].to_pylist())
            write_former_table(part.table(name), schema, rows)
        hashes = {
            name: file_entry(part.table(name), folder, None)["sha256"] for name in FORMER_TABLES
        }
        write_marker(part.marker, {**part.metadata(), "tables": hashes})
    (folder / "scene_files.parquet").unlink()
    for name, schema in DATA_TABLES.items():
        path = folder / f"{name}.parquet"
        write_former_table(path, schema, pq.read_table(path))
    (summary,) = folder.glob("collection_summary_*.pkl")
    write_sealed(summary, pickle.dumps(_former_summary(read_record(summary))))
    run = json.loads((folder / "run.json").read_text())
    run["versions"] |= {"schema": FORMER, "namo": "0.0.9", "mujoco": "3.9.9"}
    (folder / "run.json").write_text(json.dumps(run))
    manifest = pq.read_table(
        folder / "manifest.parquet", filters=[("path", "!=", "scene_files.parquet")]
    )
    paths = [folder / path for path in manifest["path"].to_pylist()]
    entries = _entries(folder, paths, manifest["rows"].to_pylist())
    write_former_table(folder / "manifest.parquet", TABLES["files"], entries)
    return folder


def write_former_table(path, schema, rows):
    schema = pa.schema(
        [field for field in schema if field.name not in ADDED | STRAIGHT | KNOWN], schema.metadata
    )
    schema = schema.with_metadata({**schema.metadata, b"schema_version": str(FORMER).encode()})
    columns = {name: rows[name].to_pylist() for name in schema.names}
    if "episode_id" in columns:
        columns["episode_id"] = [_padded(name) for name in columns["episode_id"]]
    if "schema_version" in columns:
        columns["schema_version"] = [FORMER] * rows.num_rows
    write_table(path, schema, [pa.table(columns, schema=schema)])


def former_record(record):
    record = {**record, "schema_version": FORMER, "namo_version": "0.0.9"}
    del record["models"]
    record["metrics"] = [
        {
            **_without(row, NEW | PROOF | KNOWN),
            "episode_id": _padded(row["episode_id"]),
            "schema_version": FORMER,
        }
        for row in record["metrics"]
    ]
    for name in ("pushes", "plans"):
        ids = [_padded(each) for each in record[name]["episode_id"]]
        record[name] = _without_added(record[name]) | {"episode_id": ids}
    record["scene"] = record["scene"] and _without_added(record["scene"])
    record["episode_results"] = [
        {
            **_without(episode, PROOF | KNOWN),
            "episode_id": _padded(episode["episode_id"]),
            "action_sequence": episode["action_sequence"] or [],
            "error_message": None,
            "static_object_info": {
                name: _former_object(info)
                for name, info in episode["static_object_info"].items()
                if name != "robot"
            },
        }
        for episode in record["episode_results"]
    ]
    return record


def with_unknown(value):
    """What is in a record or in rows, with None for what the version before did not have."""
    if isinstance(value, dict):
        numbers = value.get("push")  # of a row, or of all rows in columns
        unknown = [None] * len(numbers) if isinstance(numbers, list) else None
        return {
            name: unknown if name in ADDED else with_unknown(item) for name, item in value.items()
        }
    return [with_unknown(item) for item in value] if isinstance(value, list) else value


def _without_added(values):
    return _without(values, ADDED | STRAIGHT)


def _without(values, names):
    return {name: value for name, value in values.items() if name not in names}


def _former_object(info):
    half = [info[f"size_{axis}"] for axis in "xyz"]
    kept = {name: info[name] for name in ("movable", "start_pose", "outline") if name in info}
    return {**kept, "half_extents": half}


def _former_summary(summary):
    performance = dict(summary["performance_stats"])
    performance["total_episodes"] = performance.pop("searches")
    performance["successful_episodes"] = performance.pop("solved_searches")
    total = performance["total_episodes"]
    performance["success_rate"] = performance["successful_episodes"] / total if total else 0.0
    filtering = {**summary["filtering_stats"]}
    filtering["filter_rate"] /= 100.0
    metadata = {**summary["collection_metadata"], "schema_version": FORMER}
    del metadata["folder"], summary["unsolved"]
    return {
        **summary,
        "collection_metadata": metadata,
        "performance_stats": performance,
        "filtering_stats": filtering,
    }


def _padded(episode_id):
    head, _, number = episode_id.rpartition("_")
    return f"{head}_{int(number):03d}"


def _entries(folder, paths, rows):
    entries = [file_entry(path, folder, row) for path, row in zip(paths, rows, strict=True)]
    return pa.Table.from_pylist(entries, TABLES["files"])
