"""Arrow schemas of a data set of labelled candidates: one row per movable and state."""

from __future__ import annotations

from functools import partial

import pyarrow as pa

from namo.arrow_fields import described_field

DATA_SCHEMA_VERSION = 1
CARD = "card.json"
SCENES = "scenes.parquet"
"""Data set scenes: the XML of every scene that a data set refers to, so it is self-contained."""


_field = partial(described_field, unit_first=True)

_ALL = "of all candidates, contact points times travels, in that order"
_ASKED = "of the candidates that were possible"

CANDIDATE_ROWS = pa.schema(
    [
        _field("scene_sha256", pa.string(), "", "scene; its text is in scenes.parquet"),
        _field("layout_id", pa.string(), "", "of the walls; rows of a layout share their split"),
        _field("difficulty", pa.string(), "", "class of the scene; null where it is not known"),
        _field("env_index", pa.int64(), "", "place of the scene in the list it was collected from"),
        _field("state", pa.string(), "", "the same for the same poses in the same scene"),
        _field("object_id", pa.string(), "", "movable that is asked about"),
        _field("object_names", pa.list_(pa.string()), "", "movables in file order"),
        _field(
            "poses",
            pa.list_(pa.float64()),
            "m, m, rad",
            "x, y, theta of the robot, then of each movable in the order of object_names",
        ),
        _field("reachable", pa.list_(pa.string()), "", "movables the robot can push here"),
        _field(
            "goal_rasters",
            pa.list_(pa.binary()),
            "",
            "for each direction of pushing a PNG, the channels one below the other",
        ),
        _field("view", pa.list_(pa.int8()), "", f"which raster each belongs to, {_ASKED}"),
        _field("numbers", pa.list_(pa.int16()), "", f"place among all candidates, {_ASKED}"),
        _field(
            "features",
            pa.list_(pa.float32()),
            "m, 1",
            f"numbers about each candidate, one candidate after the other, {_ASKED}",
        ),
        _field("object_raster", pa.binary(), "", "the same for the movable itself, one raster"),
        _field("object_features", pa.list_(pa.float32()), "m, 1", "numbers about the movable"),
        _field(
            "label",
            pa.list_(pa.int8()),
            "",
            f"0 untried, 1 failure, 2 success, 3 unreachable, {_ALL}",
        ),
        _field(
            "implied",
            pa.list_(pa.bool_()),
            "",
            f"whether a label follows from another push from the same contact point, {_ALL}",
        ),
        _field(
            "pushes_to_goal",
            pa.list_(pa.int8()),
            "pushes",
            f"of a success: 1 if it opened the goal at once; else 0, {_ALL}",
        ),
        _field(
            "tried_after",
            pa.list_(pa.int8()),
            "pushes",
            "of a failure: pushes tried in the state it led to, 127 for as many and more and where "
            f"nothing moved, {_ALL}",
        ),
    ],
    metadata={"schema_version": str(DATA_SCHEMA_VERSION)},
)

SCENE_ROWS = pa.schema(
    [
        _field("scene_sha256", pa.string(), "", "of the scene file"),
        _field("xml", pa.large_string(), "", "its text"),
        _field("physics", pa.string(), "", "preset it was simulated under"),
    ]
)
