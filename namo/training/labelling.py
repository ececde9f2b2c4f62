"""Rows of a data set: labelled candidates from the searches of one environment."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from namo.geometry import Pose2D
from namo.learning.queries import goal_query, object_query
from namo.learning.rasters import StateRaster
from namo.scenes.conditions import Conditions
from namo.scenes.reading import parse_scene
from namo.training.labels import Label, SearchedStates, TriedPush, is_known, label_candidates
from namo.training.raster_png import to_png
from namo.world.candidate_ways import CandidateWays
from namo.world.candidates import candidate_pushes
from namo.world.reachability import Reachability
from namo.world.world import World

Row = dict[str, Any]

PUSH_COLUMNS = (
    "env_index",
    "object_id",
    "contact",
    "travel",
    "goal_x",
    "goal_y",
    "goal_theta",
    "goal_open",
    "object_names",
    "poses_before",
    "poses_after",
)
"""Columns of the table of pushes that labels are derived from."""


@dataclass(frozen=True)
class SearchedScene:
    """One environment with all pushes that were simulated in it.

    Attributes:
        xml: content of the scene file.
        path: of the file, for messages.
        conditions: under which it was searched.
        about: columns that are the same for all its rows.
        pushes: rows of the table of pushes, with `PUSH_COLUMNS`.
    """

    xml: bytes
    path: str
    conditions: Conditions
    about: Mapping[str, Any]
    pushes: Sequence[Row]


def labelled_rows(searched: SearchedScene) -> tuple[list[Row], int]:
    """Return the rows of a scene and the number of pushes that match no candidate.

    There is one row per movable that was pushed in a state, states in the order of discovery.

    Raises:
        SceneError: the scene is invalid.
    """
    world = World(searched.conditions.applied_to(parse_scene(searched.xml, searched.path)))
    pushes = [_tried(row) for row in searched.pushes]
    states = SearchedStates(pushes)
    tried: dict[bytes, dict[str, list[TriedPush]]] = defaultdict(lambda: defaultdict(list))
    for push in pushes:
        tried[push.before][push.name].append(push)
    rows, unmatched = [], 0
    names = [movable.name for movable in world.scene.movables]
    for state, by_object in tried.items():
        poses = np.frombuffer(state).reshape(-1, 3)
        pose_of = dict(
            zip(["robot", *names], (Pose2D(*pose) for pose in poses.tolist()), strict=True)
        )
        reachability = Reachability(world.static, pose_of)
        state_raster = StateRaster(reachability)
        common = {
            **searched.about,
            "state": hashlib.sha256(state).hexdigest()[:16],
            "object_names": names,
            "poses": poses.ravel().tolist(),
            "reachable": list(reachability.reachable_objects),
        }
        of_state = []
        for name in (name for name in names if name in by_object):
            row, row_unmatched = _row(world, state_raster, name, by_object[name], states)
            of_state.append(row)
            unmatched += row_unmatched
        common["known_share"] = _known_share(world, reachability, of_state)
        rows += [{**common, **row} for row in of_state]
    return rows, unmatched


def _known_share(world: World, reachability: Reachability, rows: Sequence[Row]) -> float:
    """Return the fraction of the covered candidates of a state whose label is known.

    Args:
        world: of the scene.
        reachability: of the state.
        rows: of the movables that were pushed in it; of the other ones nothing is known.
    """
    pushed = {row["object_id"] for row in rows}
    others = [name for name in reachability.reachable_objects if name not in pushed]
    covered = sum(int((row["label"] != Label.UNREACHABLE).sum()) for row in rows)
    covered += sum(
        int(candidate_pushes(world, name, reachability).covered.sum()) for name in others
    )
    known = sum(int(is_known(row["label"]).sum()) for row in rows)
    return known / covered if covered else 1.0


def _tried(row: Row) -> TriedPush:
    return TriedPush(
        before=np.array(row["poses_before"]).tobytes(),
        after=np.array(row["poses_after"]).tobytes(),
        name=row["object_id"],
        goal=Pose2D(row["goal_x"], row["goal_y"], row["goal_theta"]),
        straight=None if row["contact"] is None else (row["contact"], row["travel"]),
        opened=row["goal_open"],
    )


def _row(
    world: World, state: StateRaster, name: str, pushes: list[TriedPush], states: SearchedStates
) -> tuple[Row, int]:
    candidates = candidate_pushes(world, name, state.reachability)
    of_goal = goal_query(state, CandidateWays(state.reachability, name, candidates))
    of_object = object_query(state, name)
    labels = label_candidates(candidates, pushes, states)
    return {
        "object_id": name,
        "goal_rasters": [to_png(raster) for raster in of_goal.rasters],
        "view": of_goal.view,
        "numbers": of_goal.numbers,
        "features": of_goal.features.ravel(),
        "object_raster": to_png(of_object.rasters[0]),
        "object_features": of_object.features[0],
        "label": labels.label,
        "implied": labels.implied,
        "pushes_to_goal": labels.pushes_to_goal,
        "tried_after": labels.tried_after,
    }, labels.unmatched
