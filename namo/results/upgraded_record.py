"""Records and tables of earlier schema versions, in the form of the present one.

What differs from version 4: the keys of `static_object_info`, episode ids without leading zeros, an
empty `error_message` in place of None, `action_sequence` None when unsolved. From version 5:
straight pushes, the clearance, and minimal plans; earlier plans are as the search found them, so
their pushes are among the simulated ones. What was not stored is null, unless `IN_EARLIER_VERSIONS`
says what it was.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from namo.errors import ResultFileError
from namo.results.reach_columns import UNKNOWN_REACH
from namo.results.record_types import Columns, EnvironmentRecord, ObjectInfo
from namo.results.records import Record
from namo.results.schema import PLANS
from namo.results.static_objects import ROBOT
from namo.version import FINGERPRINTED_SCHEMA, SCHEMA_VERSION, __version__
from namo.wording import truncated_list

IN_EARLIER_VERSIONS: Mapping[str, float] = {"clearance": 0.0}
"""Columns that earlier versions lack, of which it is known what they did."""
UNKNOWN_PROOF = {"proof_depth": None, "proof_candidates": None, "sealed_by": None}
"""What searches of versions 4 and 5 have shown of shorter plans."""
UNKNOWN_OF_PUSHES = ("contact", "travel", "visits", "value")
"""Columns of pushes that version 5 did not have."""
ROUNDING = 1e-9
"""Greatest difference (m, rad) between geometry that is read again and what is stored."""
SHOWN = 5
"""Number of objects that a message lists."""


def upgraded_record(record: Record, objects: Mapping[str, ObjectInfo]) -> EnvironmentRecord:
    """Return the record of an environment in the present form.

    Args:
        record: of an earlier schema version.
        objects: `static_object_info` of its scene; empty for a record without episodes.

    Raises:
        ResultFileError: the scene has other objects than those of the record.
    """
    if record["schema_version"] == FINGERPRINTED_SCHEMA:
        record = _from_version_4(record, objects)
    numbers = record["pushes"]["push"]
    unknown = {name: [None] * len(numbers) for name in UNKNOWN_OF_PUSHES}
    pushes = {**record["pushes"], "simulation": numbers, **unknown}
    return cast(
        EnvironmentRecord,
        {
            **record,
            "schema_version": SCHEMA_VERSION,
            "namo_version": __version__,
            "episode_results": [
                {**IN_EARLIER_VERSIONS, **each, **UNKNOWN_PROOF, **_as_found(each)}
                for each in record["episode_results"]
            ],
            "metrics": [
                {
                    **IN_EARLIER_VERSIONS,
                    **row,
                    "schema_version": SCHEMA_VERSION,
                    **UNKNOWN_PROOF,
                    "search_cpu_time_ms": None,
                    "found_depth": row["solution_depth"],
                    **_unsmoothed(row["solution_found"]),
                    **_NO_SMOOTHING,
                }
                for row in record["metrics"]
            ],
            "pushes": pushes,
            "plans": {**record["plans"], **_plan_columns(record["plans"], pushes)},
        },
    )


_NO_SMOOTHING: Record = {"smoothing_pushes": 0, "smoothing_time_ms": 0.0}


def _unsmoothed(solved: bool) -> Record:
    return {"minimal": None, "refined": False if solved else None}


def _as_found(episode: Record) -> Record:
    """Return the keys of an episode that say what was made of its plan."""
    return {
        "found_sequence": episode["action_sequence"],
        "dropped": [] if episode["solution_found"] else None,
        **_unsmoothed(episode["solution_found"]),
    }


def _plan_columns(plans: Columns, pushes: Columns) -> Columns:
    """Return the columns of the plans table that are those of the pushes on the plan.

    Raises:
        ResultFileError: a push of a plan is not among the simulated pushes.
    """
    numbers: dict[tuple[int, int], int] = {}  # episode and state -> the first push from it
    for number, (episode, state, on_plan) in enumerate(
        zip(pushes["episode"], pushes["state"], pushes["on_plan"], strict=True)
    ):
        if on_plan:
            numbers.setdefault((episode, state), number)
    rows: list[int] = []
    for episode_id, episode, step in zip(
        plans["episode_id"], plans["episode"], plans["step"], strict=True
    ):
        state = pushes["next_state"][rows[-1]] if step else 0
        if (episode, state) not in numbers:
            raise ResultFileError(
                f"{episode_id}: push {step} of its plan is not among its simulated pushes; collect "
                "again"
            )
        rows.append(numbers[episode, state])
    shared = [name for name in PLANS.names if name in pushes and name not in plans]
    return {
        "found_step": list(plans["step"]),
        "search_push": [pushes["push"][row] for row in rows],
        **{name: [pushes[name][row] for row in rows] for name in shared},
    }


def _from_version_4(record: Record, objects: Mapping[str, ObjectInfo]) -> Record:
    """Return a record of version 4 in the form of version 5."""
    pushes = record["pushes"]
    return {
        **record,
        "episode_results": [_episode(each, objects) for each in record["episode_results"]],
        "metrics": [
            {
                **row,
                "episode_id": _episode_id(row["episode_id"]),
                "opening_fraction": None,
                "worker_process": None,
            }
            for row in record["metrics"]
        ],
        "pushes": {
            **_renamed(pushes),
            **{name: [None] * len(pushes["push"]) for name in UNKNOWN_REACH},
        },
        "plans": _renamed(record["plans"]),
        "scene": record["scene"] and {"remarks": None, **record["scene"], **UNKNOWN_REACH},
        "models": None,
    }


def upgraded_rows(rows: pa.Table, schema: pa.Schema) -> pa.Table:
    """Return rows of a table of an earlier schema version in the present form.

    Args:
        rows: of one of `namo.results.tables.TABLES` but `files`, which needs no other form, and
            `plans`, which the records hold.
        schema: of the present version.
    """
    columns = {
        field.name: rows[field.name]
        if field.name in rows.column_names
        else pa.repeat(pa.scalar(IN_EARLIER_VERSIONS.get(field.name), field.type), len(rows))
        for field in schema
    }
    if "episode_id" in columns:
        columns["episode_id"] = pc.replace_substring_regex(
            columns["episode_id"], r"_episode_0*([0-9]+)$", r"_episode_\1"
        )
    if "found_depth" in columns and "found_depth" not in rows.column_names:
        columns["found_depth"] = rows["solution_depth"]
        columns["refined"] = pc.if_else(rows["solution_found"], False, pa.scalar(None, pa.bool_()))
        for name, value in _NO_SMOOTHING.items():
            columns[name] = pa.repeat(pa.scalar(value, schema.field(name).type), len(rows))
    if "simulation" in columns and "simulation" not in rows.column_names:
        columns["simulation"] = columns["push"]  # each was simulated on its own
    if "schema_version" in columns:
        columns["schema_version"] = pa.repeat(pa.scalar(SCHEMA_VERSION, pa.int64()), len(rows))
    return pa.table(columns, schema=schema)


def _renamed(columns: Columns) -> Columns:
    """Return columns of a table with episode ids of the present form."""
    return {**columns, "episode_id": [_episode_id(each) for each in columns["episode_id"]]}


def _episode_id(text: str) -> str:
    env_id, mark, number = text.rpartition("_episode_")
    return f"{env_id}{mark}{int(number)}"


def _episode(episode: Record, objects: Mapping[str, ObjectInfo]) -> Record:
    return {
        **episode,
        "episode_id": _episode_id(episode["episode_id"]),
        "action_sequence": episode["action_sequence"] if episode["solution_found"] else None,
        "error_message": "",
        "static_object_info": _objects(episode, objects),
    }


def _objects(episode: Record, objects: Mapping[str, ObjectInfo]) -> dict[str, Record]:
    """Return the geometry of an episode's objects: what is stored, and what is new of the scene."""
    stored: dict[str, Record] = episode["static_object_info"]
    differing = [
        name
        for name in (*stored, *objects)
        if name not in objects or (name in stored and not _same(stored[name], objects[name]))
    ]
    differing += [name for name in objects if name not in stored and name != ROBOT]
    if differing:
        raise ResultFileError(
            f"{episode['episode_id']}: the scene {episode['xml_file']} is read otherwise than when "
            f"it was collected: {truncated_list(dict.fromkeys(differing), SHOWN)}; collect again"
        )
    return {name: _with_stored(info, stored.get(name, {})) for name, info in objects.items()}


def _same(stored: Record, now: ObjectInfo) -> bool:
    """Return whether the geometry of an object is the same but for rounding."""
    pairs = (
        (stored["half_extents"], [now["size_x"], now["size_y"], now["size_z"]]),
        (stored["start_pose"], now["start_pose"]),
        (stored.get("outline", []), now.get("outline", [])),
    )
    return stored["movable"] == now["movable"] and all(
        np.shape(one) == np.shape(other) and np.allclose(one, other, rtol=0.0, atol=ROUNDING)
        for one, other in pairs
    )


def _with_stored(info: ObjectInfo, stored: Record) -> Record:
    kept = {name: value for name, value in stored.items() if name != "half_extents"}
    sizes = dict(zip(("size_x", "size_y", "size_z"), stored.get("half_extents", ()), strict=False))
    return {**info, **kept, **sizes}
