"""Records and tables of the schema version before, in the form of the present one.

What differs: the keys of `static_object_info`, episode ids without leading zeros, an empty
`error_message` in place of None, and `action_sequence` None when unsolved.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import pyarrow as pa
import pyarrow.compute as pc

from namo.errors import ResultFileError
from namo.results.record_types import EnvironmentRecord, ObjectInfo
from namo.results.records import Record
from namo.version import SCHEMA_VERSION, __version__


def upgraded_record(record: Record, objects: Mapping[str, ObjectInfo]) -> EnvironmentRecord:
    """Return the record of an environment in the present form.

    Args:
        record: of the schema version before.
        objects: `static_object_info` of its scene; empty for a record without episodes.

    Raises:
        ResultFileError: the scene has other objects than those of the record.
    """
    return cast(
        EnvironmentRecord,
        {
            **record,
            "episode_results": [_episode(each, objects) for each in record["episode_results"]],
            "schema_version": SCHEMA_VERSION,
            "namo_version": __version__,
            "metrics": [
                {
                    **row,
                    "episode_id": _episode_id(row["episode_id"]),
                    "schema_version": SCHEMA_VERSION,
                }
                for row in record["metrics"]
            ],
            **{
                table: {
                    **record[table],
                    "episode_id": [_episode_id(each) for each in record[table]["episode_id"]],
                }
                for table in ("pushes", "plans")
            },
        },
    )


def upgraded_rows(rows: pa.Table, schema: pa.Schema) -> pa.Table:
    """Return rows of a table of the schema version before in the present form.

    Args:
        rows: of one of `namo.results.tables.TABLES` but `files`, which needs no other form.
        schema: of the present version.
    """
    columns = {name: rows[name] for name in schema.names}
    if "episode_id" in columns:
        columns["episode_id"] = pc.replace_substring_regex(
            columns["episode_id"], r"_episode_0*([0-9]+)$", r"_episode_\1"
        )
    if "schema_version" in columns:
        columns["schema_version"] = pa.repeat(pa.scalar(SCHEMA_VERSION, pa.int64()), len(rows))
    return pa.table(columns, schema=schema)


def _episode_id(text: str) -> str:
    env_id, mark, number = text.rpartition("_episode_")
    return f"{env_id}{mark}{int(number)}"


def _episode(episode: Record, objects: Mapping[str, ObjectInfo]) -> Record:
    _require_same_objects(episode, objects)
    return {
        **episode,
        "episode_id": _episode_id(episode["episode_id"]),
        "action_sequence": episode["action_sequence"] if episode["solution_found"] else None,
        "error_message": "",
        "static_object_info": dict(objects),
    }


def _require_same_objects(episode: Record, objects: Mapping[str, ObjectInfo]) -> None:
    """Make sure that a scene is read as it was when the episode was collected."""
    stored = episode["static_object_info"]
    now = {name: _former(info) for name, info in objects.items() if name in stored}
    differing = [name for name, info in stored.items() if now.get(name) != info]
    if differing:
        raise ResultFileError(
            f"{episode['episode_id']}: the scene {episode['xml_file']} is read otherwise than when "
            f"it was collected: {', '.join(differing[:5])}; collect again"
        )


def _former(info: ObjectInfo) -> dict[str, Any]:
    """Return the geometry of an object in the form of the version before."""
    kept = {name: info.get(name) for name in ("movable", "start_pose", "outline") if name in info}
    return {**kept, "half_extents": [info["size_x"], info["size_y"], info["size_z"]]}
