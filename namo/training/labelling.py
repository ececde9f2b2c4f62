"""From the searches of one environment to labelled candidates: rows of a data set."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from namo.geometry import Pose2D
from namo.learning.queries import goal_question, object_question
from namo.learning.rasters import StatePicture
from namo.scenes.physics import with_physics
from namo.scenes.reading import parse_scene
from namo.training.labels import SearchedStates, TriedPush, label_candidates
from namo.training.raster_png import to_png
from namo.world.candidates import candidate_pushes
from namo.world.reachability import Reachability
from namo.world.world import World

Row = dict[str, Any]

PUSH_COLUMNS = (
    "env_index",
    "object_id",
    "goal_x",
    "goal_y",
    "goal_theta",
    "goal_open",
    "object_names",
    "poses_before",
    "poses_after",
)
"""Of the table of pushes, what labels are made of."""


@dataclass(frozen=True)
class SearchedScene:
    """One environment with everything that was pushed in it.

    Attributes:
        xml: text of the scene file.
        path: of the file, for messages.
        physics: preset it was simulated under.
        about: columns that are the same for all its rows.
        pushes: its rows of the table of pushes, `PUSH_COLUMNS`.
    """

    xml: bytes
    path: str
    physics: str
    about: Mapping[str, Any]
    pushes: Sequence[Row]


def labelled_rows(searched: SearchedScene) -> tuple[list[Row], int]:
    """Return the rows of a scene and how many pushes aimed at no candidate.

    Every movable that was pushed in a state gives a row, states in the order of their discovery.

    Raises:
        SceneError: the scene cannot be used.
    """
    world = World(with_physics(parse_scene(searched.xml, searched.path), searched.physics))
    pushes = [_tried(row) for row in searched.pushes]
    states = SearchedStates(pushes)
    questions: dict[bytes, dict[str, list[TriedPush]]] = defaultdict(lambda: defaultdict(list))
    for push in pushes:
        questions[push.before][push.name].append(push)
    rows, unmatched = [], 0
    names = [movable.name for movable in world.scene.movables]
    for state, by_object in questions.items():
        poses = np.frombuffer(state).reshape(-1, 3)
        placed = dict(
            zip(["robot", *names], (Pose2D(*pose) for pose in poses.tolist()), strict=True)
        )
        reachability = Reachability(world.static, placed)
        picture = StatePicture(reachability)
        common = {
            **searched.about,
            "state": hashlib.sha256(state).hexdigest()[:16],
            "object_names": names,
            "poses": poses.ravel().tolist(),
            "reachable": list(reachability.reachable_objects),
        }
        for name in (name for name in names if name in by_object):
            row, missed = _row(world, picture, name, by_object[name], states)
            rows.append({**common, **row})
            unmatched += missed
    return rows, unmatched


def _tried(row: Row) -> TriedPush:
    return TriedPush(
        before=np.array(row["poses_before"]).tobytes(),
        after=np.array(row["poses_after"]).tobytes(),
        name=row["object_id"],
        goal=Pose2D(row["goal_x"], row["goal_y"], row["goal_theta"]),
        opened=row["goal_open"],
    )


def _row(
    world: World, picture: StatePicture, name: str, pushes: list[TriedPush], states: SearchedStates
) -> tuple[Row, int]:
    candidates = candidate_pushes(world, name, picture.reachability)
    asked = goal_question(picture, name, candidates)
    of_object = object_question(picture, name)
    labels = label_candidates(candidates, pushes, states)
    return {
        "object_id": name,
        "goal_rasters": [to_png(raster) for raster in asked.rasters],
        "view": asked.view,
        "numbers": asked.numbers,
        "features": asked.features.ravel(),
        "object_raster": to_png(of_object.rasters[0]),
        "object_features": of_object.features[0],
        "label": labels.label,
        "implied": labels.implied,
        "pushes_to_goal": labels.pushes_to_goal,
        "tried_after": labels.tried_after,
    }, labels.unmatched
