"""Questions: what a model is asked about a movable in a state, as arrays.

A question of kind `goal` has a raster for each direction in which the movable can be pushed now,
and under it the candidates pushed that way. A question of kind `object` has one raster and one
candidate, the movable itself.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from namo.learning.rasters import Raster, StatePicture, draw
from namo.world.candidates import CandidatePushes

FRAMES = {"goal": "push", "object": "object"}
"""The frame of `namo.learning.rasters` in which each kind of question is drawn."""

FEATURES = {
    "goal": (
        "end_x",
        "end_y",
        "end_sin",
        "end_cos",
        "contact_x",
        "contact_y",
        "travel",
        "half_x",
        "half_y",
        "shoves",
    ),
    "object": ("half_x", "half_y", "contacts_reachable"),
}
"""Numbers about a candidate, by kind of question, in the frame of its raster.

- end_x, end_y, end_sin, end_cos: pose in which the push would leave the movable in the open (m;
  sine and cosine of the turn);
- contact_x, contact_y: where the robot stands to push (m);
- travel: how far it goes (m);
- half_x, half_y: half extents of the movable along the axes (m);
- shoves: 1 where the movable or the robot would run into another movable;
- contacts_reachable: share of the contact points that the robot can take up.
"""

_SAME_DIRECTION_RAD = 1e-6

Features = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Question:
    """What a model is asked about one movable.

    Attributes:
        rasters: (views, channels, pixels, pixels).
        features: (candidates, features) float32, see `FEATURES`.
        view: (candidates,) which raster each candidate belongs to.
        numbers: (candidates,) which candidate of the movable each is, as in `CandidatePushes`.
    """

    rasters: Raster
    features: Features
    view: NDArray[np.int64]
    numbers: NDArray[np.int64]


def goal_question(picture: StatePicture, name: str, candidates: CandidatePushes) -> Question:
    """Return the question where to push a movable: all its candidates that are possible now.

    Args:
        picture: of the state.
        name: of the movable.
        candidates: of the same movable in the same state.

    Raises:
        KeyError: the scene has no such movable.
    """
    static, pose = picture.reachability.static, candidates.pose
    contacts = static.contacts[name]
    travels = len(candidates.travels)
    numbers = candidates.possible.ravel().nonzero()[0]
    which = numbers // travels
    angles = np.arctan2(contacts.directions[which, 1], contacts.directions[which, 0])
    headings, view = _distinct(angles)
    c, s = np.cos(headings[view]), np.sin(headings[view])
    corners = static.scene.movable(name).footprint.outline
    halves = np.array([_half_extents(corners, heading) for heading in headings]).reshape(-1, 2)
    moves = candidates.displacements.reshape(-1, 3)[numbers]
    positions = contacts.positions[which]
    features = np.stack(
        [
            c * moves[:, 0] + s * moves[:, 1],
            c * moves[:, 1] - s * moves[:, 0],
            np.sin(moves[:, 2]),
            np.cos(moves[:, 2]),
            c * positions[:, 0] + s * positions[:, 1],
            c * positions[:, 1] - s * positions[:, 0],
            candidates.travels[numbers % travels],
            halves[view, 0],
            halves[view, 1],
            candidates.shoves.ravel()[numbers],
        ],
        axis=1,
    ).astype(np.float32)
    rasters = draw(picture, name, FRAMES["goal"], pose.theta + headings)
    return Question(rasters, features, view, numbers)


def object_question(picture: StatePicture, name: str) -> Question:
    """Return the question whether to push a movable at all.

    Args:
        picture: of the state.
        name: of the movable.

    Raises:
        KeyError: the scene has no such movable.
    """
    reachability = picture.reachability
    footprint = reachability.static.scene.movable(name).footprint
    half_x, half_y = _half_extents(footprint.outline, 0.0)
    share = float(reachability.reachable_contacts(name).mean())
    nothing = np.zeros(1, np.int64)
    return Question(
        draw(picture, name, FRAMES["object"], np.array([reachability.poses[name].theta])),
        np.array([[half_x, half_y, share]], np.float32),
        nothing,
        nothing,
    )


def by_view(
    features: Features, view: NDArray[np.int64], views: int
) -> tuple[Features, NDArray[np.int64]]:
    """Return features raster by raster, and in which place there each candidate is.

    Args:
        features: (candidates, features).
        view: (candidates,) which raster each belongs to.
        views: how many rasters there are.

    Returns:
        (views, most candidates of a raster, features), zero where a raster has fewer, and
        (candidates,) so that candidate i is at `[view[i], place[i]]`.
    """
    counts = np.bincount(view, minlength=views)
    order = np.argsort(view, kind="stable")
    place = np.empty_like(view)
    place[order] = np.arange(len(view)) - np.repeat(np.cumsum(counts) - counts, counts)
    together = np.zeros((views, int(counts.max(initial=0)), features.shape[1]), np.float32)
    together[view, place] = features
    return together, place


def _distinct(angles: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return the distinct angles, ascending, and which of them each one is."""
    rounded = np.round(np.mod(angles, 2 * math.pi) / _SAME_DIRECTION_RAD)
    rounded[rounded == round(2 * math.pi / _SAME_DIRECTION_RAD)] = 0.0
    _, first, which = np.unique(rounded, return_index=True, return_inverse=True)
    return angles[first], which


def _half_extents(corners: NDArray[np.float64], heading: float) -> tuple[float, float]:
    """Return half the extents (m) of an outline along and across a direction."""
    c, s = math.cos(heading), math.sin(heading)
    along, across = corners @ np.array([c, s]), corners @ np.array([-s, c])
    return float(np.ptp(along)) / 2, float(np.ptp(across)) / 2
