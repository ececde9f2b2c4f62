"""Arrow schemas of a data set of labelled candidates: one row per movable and state."""

from __future__ import annotations

from functools import partial

import pyarrow as pa

from namo.arrow_fields import described_field
from namo.learning.queries import FEATURES

DATA_SCHEMA_VERSION = 1
LISTED_FEATURES = {kind: list(names) for kind, names in FEATURES.items()}
"""Names of the features by kind of query, as the card of a data set lists them."""
CARD = "card.json"
SCENES = "scenes.parquet"
"""Data set scenes: the XML of every scene that a data set refers to, so it is self-contained."""

_field = partial(described_field, unit_first=True)

_ALL = "for all candidates, in the order contact points, travels"
_COVERED = "for the covered candidates"

CANDIDATE_ROWS = pa.schema(
    [
        _field("scene_sha256", pa.string(), "", "of the scene file, which is in scenes.parquet"),
        _field("layout_id", pa.string(), "", "floor plan; its rows are all in the same split"),
        _field("difficulty", pa.string(), "", "difficulty class of the scene; null if unknown"),
        _field("env_index", pa.int64(), "", "index of the environment in its collection"),
        _field("state", pa.string(), "", "identifier; equal for equal poses in the same scene"),
        _field("object_id", pa.string(), "", "movable that the row is about"),
        _field("object_names", pa.list_(pa.string()), "", "movables in file order"),
        _field(
            "poses",
            pa.list_(pa.float64()),
            "m, m, rad",
            "x, y, theta of the robot, then of each movable in the order of object_names",
        ),
        _field("reachable", pa.list_(pa.string()), "", "movables that the robot can push"),
        _field(
            "known_share",
            pa.float64(),
            "1",
            "fraction of the covered candidates of all movables in this state that have a known "
            "label; 1: every push was tried, or its result follows from one that was",
        ),
        _field(
            "goal_rasters",
            pa.list_(pa.binary()),
            "",
            "one PNG per push direction, channels stacked vertically",
        ),
        _field("view", pa.list_(pa.int8()), "", f"index of the raster, {_COVERED}"),
        _field("numbers", pa.list_(pa.int16()), "", f"index among all candidates, {_COVERED}"),
        _field(
            "features",
            pa.list_(pa.float32()),
            "m, 1",
            f"features of each candidate, concatenated, {_COVERED}",
        ),
        _field("object_raster", pa.binary(), "", "PNG in the frame of the movable, likewise"),
        _field("object_features", pa.list_(pa.float32()), "m, 1", "features of the movable"),
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
            f"whether the label is implied by another push from the same contact point, {_ALL}",
        ),
        _field(
            "pushes_to_goal",
            pa.list_(pa.int8()),
            "pushes",
            "of a success, length of the shortest known plan that starts with it: 1 if it opened "
            f"the goal; else 0, {_ALL}",
        ),
        _field(
            "tried_after",
            pa.list_(pa.int8()),
            "pushes",
            "of a failure, pushes tried in the state it led to and beyond; 127 for 127 or more, "
            f"and for a push that moved nothing, {_ALL}",
        ),
    ],
    metadata={"schema_version": str(DATA_SCHEMA_VERSION)},
)

SCENE_ROWS = pa.schema(
    [
        _field("scene_sha256", pa.string(), "", "of the scene file"),
        _field("xml", pa.large_string(), "", "content of the scene file"),
        _field("physics", pa.string(), "", "physics preset of the simulation"),
        _field("clearance", pa.float64(), "m", "room that was left around the robot"),
    ]
)
