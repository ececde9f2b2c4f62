"""Collections as earlier schema versions wrote them, made from collections of the present one.

Their plans must be as the searches found them (`smooth=False`): earlier versions had no others.
"""

import json
import pickle
import shutil

import pyarrow as pa
import pyarrow.parquet as pq

from namo.collection.episode import IDENTITY
from namo.files import write_sealed
from namo.results.parts import finished_parts, write_marker
from namo.results.records import file_entry, read_record
from namo.results.schema import PLANS
from namo.results.tables import MERGED_TABLES, TABLES, write_table

FORMER = 4
NEW = frozenset({"opening_fraction", "worker_process"})
"""Columns of metrics that version 4 did not have."""
STRAIGHT = frozenset({"simulation", "contact", "travel"})
"""Columns of pushes that version 5 did not have; of pushes to a pose all of them are known."""
PROOF = frozenset({"proof_depth", "proof_candidates", "sealed_by"})
"""Columns of metrics, and keys of episodes, that version 5 did not have."""
CPU = frozenset({"search_cpu_time_ms"})
"""Columns of metrics that versions 4 and 5 did not have, and whose values are not known."""
ESTIMATES = frozenset({"visits", "value"})
"""Columns of pushes that it did not have."""
ADDED = NEW | PROOF | ESTIMATES | {"reachable", "reached_area", "goal_gap", "remarks"}
"""Columns that version 4 did not have and whose values it does not know."""
KNOWN = frozenset({"clearance"})
"""Columns that versions 4 and 5 did not have, of which it is known what they would have held."""
LATER = {
    "metrics": {"found_depth", "minimal", "refined", "smoothing_pushes", "smoothing_time_ms"}
    | PROOF
    | CPU
    | KNOWN,
    "episodes": {"minimal", "refined", "found_sequence", "dropped"} | PROOF | KNOWN,
    "pushes": STRAIGHT | ESTIMATES,
    "plans": {*PLANS.names} - {"step", "object_id", "moved", "robot", "poses", *IDENTITY},
}
"""Columns and keys that versions 4 and 5 did not have."""


def write_former(source, folder, version=FORMER):
    """Copy a finished collection, in the form of an earlier schema version."""
    shutil.copytree(source, folder)
    records = sorted(folder.glob("*_env_*_results.pkl"))
    for path in records:
        write_sealed(path, pickle.dumps(former_record(read_record(path), version)))
    tables = {name for name in TABLES if name != "scene_files" or version > FORMER}
    for part in finished_parts(folder):
        for name in TABLES:
            path = part.table(name)
            rows = pq.read_table(path)
            if name == "files":
                paths = [folder / each for each in rows["path"].to_pylist()]
                rows = _entries(folder, paths, rows["rows"].to_pylist())
            _write_or_delete(path, rows, version, name in tables)
        hashes = {name: file_entry(part.table(name), folder, None)["sha256"] for name in tables}
        write_marker(part.marker, {**part.metadata(), "tables": hashes})
    for name in MERGED_TABLES:
        path = folder / f"{name}.parquet"
        _write_or_delete(path, pq.read_table(path), version, name in tables)
    (summary,) = folder.glob("collection_summary_*.pkl")
    write_sealed(summary, pickle.dumps(_former_summary(read_record(summary), version)))
    run = json.loads((folder / "run.json").read_text())
    run["versions"] |= {"schema": version, "namo": "0.0.9"}
    if run.get("asked") is None:  # else the plan and the fingerprints would disagree
        run["versions"]["mujoco"] = "3.9.9"
    (folder / "run.json").write_text(json.dumps(run))
    manifest = pq.read_table(folder / "manifest.parquet").to_pylist()
    listed = {folder / row["path"]: row["rows"] for row in manifest}
    listed = {path: rows for path, rows in listed.items() if path.exists()}
    entries = _entries(folder, listed, listed.values())
    _write_or_delete(folder / "manifest.parquet", entries, version, True)
    return folder


def _write_or_delete(path, rows, version, exists):
    if not exists:
        path.unlink()
        return
    schema = rows.schema
    absent = _absent(path.stem, version)
    schema = pa.schema([field for field in schema if field.name not in absent], schema.metadata)
    schema = schema.with_metadata({**schema.metadata, b"schema_version": str(version).encode()})
    columns = {name: rows[name].to_pylist() for name in schema.names}
    if "episode_id" in columns and version == FORMER:
        columns["episode_id"] = [_padded(name) for name in columns["episode_id"]]
    if "schema_version" in columns:
        columns["schema_version"] = [version] * rows.num_rows
    write_table(path, schema, [pa.table(columns, schema=schema)])


def _absent(table, version):
    return LATER.get(table, set()) | (ADDED if version == FORMER else set())


def former_record(record, version=FORMER):
    record = {**record, "schema_version": version, "namo_version": "0.0.9"}
    record["metrics"] = [
        _without(row, _absent("metrics", version)) | {"schema_version": version}
        for row in record["metrics"]
    ]
    for name in ("pushes", "plans"):
        record[name] = _without(record[name], _absent(name, version))
    record["episode_results"] = [
        _without(episode, LATER["episodes"]) for episode in record["episode_results"]
    ]
    return _as_version_4(record) if version == FORMER else record


def _as_version_4(record):
    del record["models"]
    record["metrics"] = [
        row | {"episode_id": _padded(row["episode_id"])} for row in record["metrics"]
    ]
    for name in ("pushes", "plans"):
        ids = [_padded(each) for each in record[name]["episode_id"]]
        record[name] = record[name] | {"episode_id": ids}
    record["scene"] = record["scene"] and _without(record["scene"], ADDED)
    record["episode_results"] = [
        {
            **episode,
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


def with_unknown(value, version=FORMER):
    """What is in a record or in rows, with None for what an earlier version did not have."""
    unknown_columns = ADDED | CPU if version == FORMER else CPU
    if isinstance(value, dict):
        numbers = value.get("push")  # of a row, or of all rows in columns
        unknown = [None] * len(numbers) if isinstance(numbers, list) else None
        return {
            name: unknown if name in unknown_columns else with_unknown(item, version)
            for name, item in value.items()
        }
    return [with_unknown(item, version) for item in value] if isinstance(value, list) else value


def _without(values, absent):
    return {name: value for name, value in values.items() if name not in absent}


def _former_object(info):
    half = [info[f"size_{axis}"] for axis in "xyz"]
    kept = {name: info[name] for name in ("movable", "start_pose", "outline") if name in info}
    return {**kept, "half_extents": half}


def _former_summary(summary, version):
    summary["collection_metadata"]["schema_version"] = version
    del summary["performance_stats"]["minimal_plans"]
    del summary["performance_stats"]["proofs"]
    if version > FORMER:
        return summary
    performance = dict(summary["performance_stats"])
    performance["total_episodes"] = performance.pop("searches")
    performance["successful_episodes"] = performance.pop("solved_searches")
    total = performance["total_episodes"]
    performance["success_rate"] = performance["successful_episodes"] / total if total else 0.0
    filtering = {**summary["filtering_stats"]}
    filtering["filter_rate"] /= 100.0
    metadata = summary["collection_metadata"]
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
