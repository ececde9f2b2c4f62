"""Queries: the input of a model for one movable in one state, as arrays.

A query of kind `goal` has one raster per direction in which the movable can be pushed, and with
each raster the candidate pushes in that direction. A query of kind `object` has one raster and one
candidate, the movable itself.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from namo.geometry import Floats
from namo.learning.rasters import Raster, StateRaster, render
from namo.portable_math import arctan2, cos, log, matrix_product, sin
from namo.world.blocked_way import P_LATER, rate_later, rating_of
from namo.world.candidate_ways import CandidateWays
from namo.world.candidates import CandidatePushes

FRAMES = {"goal": "push", "object": "object"}
"""Raster frame, see `namo.learning.rasters`, per kind of query."""

BASE_FEATURES = ("opens_odds", "leads_odds")
"""Features from which the logits of a goal model start, if it gets both: those of `clear_path`."""

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
        "sweeps",
        "overlap",
        "shoves_from",
        "sweeps_from",
        "overlaps_from",
        "way_now",
        "way_left",
        "clears",
        "cleared",
        "clears_beyond",
        "clears_from",
        "clears_to",
        *BASE_FEATURES,
    ),
    "object": ("half_x", "half_y", "contacts_reachable"),
}
"""Features of a candidate per kind of query, in the frame of its raster.

Lengths are those of a robot of `namo.learning.rasters.ROBOT_RADIUS_M`, see there.

- end_x, end_y, end_sin, end_cos: pose of the movable after the push in free space (m; sine and
  cosine of the rotation);
- contact_x, contact_y: position of the robot when it makes contact (m);
- travel: distance the robot travels (m);
- half_x, half_y: half extents of the movable along the axes (m);
- shoves: 1 if the movable or the robot would run into another movable before either meets a wall,
  else 0;
- sweeps: 1 if the movable or the robot is predicted to sweep into a wall, else 0; such candidates
  are rated by models with this feature only, see `CandidatePushes.covered`;
- overlap: how far into walls the movable would get, see `CandidatePushes.overlaps`;
- shoves_from, sweeps_from, overlaps_from: from which travel of the same contact on these are not 0,
  as a fraction of their number; 1 if none;
- way_now, way_left: rating, 0 to 1, of what remains of the way to the robot's goal before and after
  the push, see `namo.world.candidate_ways`; 1 when nothing does;
- clears: 1 if nothing remains after it, else 0;
- cleared: fraction of the travels up to this one, of the same contact, after which nothing remains;
- clears_beyond: 1 if nothing remains after the next longer travel, else 0;
- clears_from, clears_to: the first and the last of the travels of the same contact after which
  nothing remains, as fractions of their number; 1 and 0 if there is none;
- opens_odds, leads_odds: log odds, -8.1 to 3.9, of what the ways alone promise, the ratings by
  `clear_path`: that the push opens the goal, and what it is worth if it does not;
- contacts_reachable: fraction of the contact points that the robot can reach.
"""

WAY_FEATURES = (
    *("way_now", "way_left", "clears", "cleared", "clears_beyond", "clears_from", "clears_to"),
    *BASE_FEATURES,
)
"""Features that need the ways after the candidates, which takes longer than all others."""
_SAME_DIRECTION_RAD = 1e-6
_RATING_LIMITS = 3e-4, 0.98
"""Between these a rating has log odds from -8.1 to 3.9."""

Features = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Query:
    """Model input for one movable in one state.

    Attributes:
        rasters: (views, channels, pixels, pixels).
        features: (candidates, features) float32, see `FEATURES`.
        view: (candidates,) index of the raster of each candidate.
        numbers: (candidates,) index of each candidate in `CandidatePushes`.
    """

    rasters: Raster
    features: Features
    view: NDArray[np.int64]
    numbers: NDArray[np.int64]


def goal_query(
    state: StateRaster, ways: CandidateWays, names: Sequence[str] = FEATURES["goal"]
) -> Query:
    """Return the query for the goal of a movable: its covered candidates.

    Only the possible ones for a model that does not know which sweep into walls.

    Args:
        state: rasterised state.
        ways: of the candidates of the movable in that state.
        names: of the features, in order.

    Raises:
        KeyError: there is no such feature.
    """
    static, candidates = state.reachability.static, ways.candidates
    contacts, pose = static.contacts[ways.name], candidates.pose
    travels = len(candidates.travels)
    asked = candidates.covered if "sweeps" in names else candidates.possible
    numbers = asked.ravel().nonzero()[0]
    contact = numbers // travels
    angles = arctan2(contacts.directions[contact, 1], contacts.directions[contact, 0])
    headings, view = _distinct(angles)
    c, s = cos(headings)[view], sin(headings)[view]
    corners = static.scene.movable(ways.name).footprint.outline / state.scale
    halves = np.array([_half_extents(corners, heading) for heading in headings]).reshape(-1, 2)
    moves = candidates.displacements.reshape(-1, 3)[numbers]
    shifts, turns = moves[:, :2] / state.scale, moves[:, 2]
    positions = contacts.positions[contact] / state.scale
    columns = {
        "end_x": c * shifts[:, 0] + s * shifts[:, 1],
        "end_y": c * shifts[:, 1] - s * shifts[:, 0],
        "end_sin": sin(turns),
        "end_cos": cos(turns),
        "contact_x": c * positions[:, 0] + s * positions[:, 1],
        "contact_y": c * positions[:, 1] - s * positions[:, 0],
        "travel": candidates.travels[numbers % travels] / state.scale,
        "half_x": halves[view, 0],
        "half_y": halves[view, 1],
    }
    of_candidates = _sweep_features(candidates)
    if sees_ways(names):
        of_candidates |= _way_features(ways, state.scale)
    columns |= {name: values.ravel()[numbers] for name, values in of_candidates.items()}
    features = np.stack([columns[name] for name in names], axis=1).astype(np.float32)
    rasters = render(state, ways.name, FRAMES["goal"], pose.theta + headings)
    return Query(rasters, features, view, numbers)


def sees_ways(names: Sequence[str]) -> bool:
    """Return whether any of these features is one of `WAY_FEATURES`."""
    return not set(WAY_FEATURES).isdisjoint(names)


def _sweep_features(candidates: CandidatePushes) -> dict[str, Floats]:
    """Return the features of what candidates sweep into, (contacts, travels) each."""
    sweeps = candidates.covered & ~candidates.possible
    overlaps = candidates.overlaps > 0.0
    return {
        "shoves": candidates.shoves.astype(float),
        "sweeps": sweeps.astype(float),
        "overlap": candidates.overlaps,
        "shoves_from": _from_which(candidates.shoves),
        "sweeps_from": _from_which(sweeps),
        "overlaps_from": _from_which(overlaps),
    }


def _from_which(holds: NDArray[np.bool_]) -> Floats:
    """Return from which travel on something holds, (contacts, travels), equal along a contact.

    As a fraction of the number of travels, 1 where it never does.
    """
    travels = holds.shape[1]
    first = np.where(holds.any(axis=1), holds.argmax(axis=1), travels) / travels
    fractions: Floats = np.broadcast_to(first[:, None], holds.shape)
    return fractions


def _way_features(ways: CandidateWays, scale: float) -> dict[str, Floats]:
    """Return `WAY_FEATURES` of all candidates, (contacts, travels) each, at a scale."""
    costs = ways.costs  # which way is open follows from them
    clears = ways.open.astype(float)
    beyond = np.zeros_like(clears)
    beyond[:, :-1] = clears[:, 1:]
    return {
        "way_now": np.full(clears.shape, rating_of(np.array(ways.now / scale))),
        "way_left": rating_of(costs / scale),
        "clears": clears,
        "cleared": np.cumsum(clears, axis=1) / np.arange(1, clears.shape[1] + 1),
        "clears_beyond": beyond,
        "clears_from": _from_which(ways.open),
        "clears_to": 1.0 - _from_which(ways.open[:, ::-1]),
        "opens_odds": _log_odds(ways.p_opens),
        "leads_odds": _log_odds(
            ways.p_arrives * rate_later(costs / scale, ways.now / scale) / P_LATER
        ),
    }


def _log_odds(probabilities: Floats) -> Floats:
    """Return log odds, of ratings within `_RATING_LIMITS`."""
    limited = np.clip(probabilities, *_RATING_LIMITS)
    return log(limited / (1.0 - limited))


def object_query(state: StateRaster, name: str) -> Query:
    """Return the query for whether to push a movable at all.

    Args:
        state: rasterised state.
        name: of the movable.

    Raises:
        KeyError: the scene has no such movable.
    """
    reachability = state.reachability
    footprint = reachability.static.scene.movable(name).footprint
    half_x, half_y = _half_extents(footprint.outline / state.scale, 0.0)
    fraction = float(reachability.reachable_contacts(name).mean())
    zero = np.zeros(1, np.int64)
    return Query(
        render(state, name, FRAMES["object"], np.array([reachability.poses[name].theta])),
        np.array([[half_x, half_y, fraction]], np.float32),
        zero,
        zero,
    )


def by_view(
    features: Features, view: NDArray[np.int64], views: int
) -> tuple[Features, NDArray[np.int64]]:
    """Return features grouped by raster and padded, and the index of each candidate there.

    Args:
        features: (candidates, features).
        view: (candidates,) index of the raster of each candidate.
        views: number of rasters.

    Returns:
        Features (views, maximum candidates per raster, features), padded with zeros, and indices
        (candidates,): candidate i is at `[view[i], index[i]]`.
    """
    counts = np.bincount(view, minlength=views)
    order = np.argsort(view, kind="stable")
    index = np.empty_like(view)
    index[order] = np.arange(len(view)) - np.repeat(np.cumsum(counts) - counts, counts)
    padded = np.zeros((views, int(counts.max(initial=0)), features.shape[1]), np.float32)
    padded[view, index] = features
    return padded, index


def _distinct(angles: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return the distinct angles (rad), ascending, and for each angle its index among them."""
    rounded = np.round(np.mod(angles, 2 * math.pi) / _SAME_DIRECTION_RAD)
    rounded[rounded == round(2 * math.pi / _SAME_DIRECTION_RAD)] = 0.0
    _, first, inverse = np.unique(rounded, return_index=True, return_inverse=True)
    return angles[first], inverse


def _half_extents(corners: NDArray[np.float64], heading: float) -> tuple[float, float]:
    """Return the half extents (m) of an outline along and across a direction."""
    c, s = math.cos(heading), math.sin(heading)
    along, across = matrix_product(corners, np.array([[c, -s], [s, c]])).T
    return float(np.ptp(along)) / 2, float(np.ptp(across)) / 2
