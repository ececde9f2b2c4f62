"""Whether what searches claim to have shown follows from the rows of their pushes.

A search that enumerates candidates claims that no sequence of up to so many opens the goal. For
this every candidate of every state with fewer pushes must have been tried. The candidates are
computed again from the stored states, and some pushes are replayed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import Any

import numpy as np

from namo.geometry import Pose2D
from namo.planning.planner import Termination
from namo.results.record_types import Columns, EnvironmentRecord, MetricsRow
from namo.results.replay import replay_push
from namo.results.sealed_check import sealed_problem
from namo.results.searched_environment import observation_of
from namo.scenes.scene import Scene
from namo.signals import check_termination
from namo.world.candidates import CandidatePushes, candidate_pushes
from namo.world.push import PushStatus
from namo.world.reachability import Reachability
from namo.world.world import World

ENUMERATING = ("exhaustive", "exhaustive_poses")
"""Algorithms whose candidates depend on the state alone, so that they can be computed again."""
REPLAYED = 3
"""Pushes of a proof that are replayed."""
SAME = 1e-9
"""Greatest difference (m, rad) between a target that is computed again and what is stored."""

Row = Mapping[str, Any]


def claims(row: MetricsRow) -> bool:
    """Return whether a search claims something that can be checked."""
    is_impossible = row["termination"] == Termination.IMPOSSIBLE
    return is_impossible or bool(row["algorithm"] in ENUMERATING and row["proof_depth"])


def proof_problem(scene: Scene, record: EnvironmentRecord, row: MetricsRow) -> str | None:
    """Return what is wrong with the claim of a search; None for nothing.

    Args:
        scene: of the environment, under its conditions.
        record: of the environment.
        row: of the search.

    Raises:
        SceneError: see `World.primitives`.
        ResultFileError: see `replay_push`.
        OSError: see `World.primitives`.
    """
    if row["termination"] == Termination.IMPOSSIBLE:
        if row["sealed_by"] is None:
            return "no pushing is said to open the goal, without saying what seals it"
        return sealed_problem(scene, row["sealed_by"])
    rows = [*_rows(record["pushes"], row["episode"])]
    depth = row["proof_depth"] or 0
    length = f"no plan of up to {depth} of its candidates is said to open the goal"
    if any(each["goal_open"] and each["depth"] <= depth for each in rows):
        return f"{length}, but one of its pushes does"
    world = World(scene)
    is_closed = row["termination"] == Termination.EXHAUSTED
    tried = defaultdict(list)
    for each in rows:
        tried[each["state"]].append(each)
    for state, poses in _states(world, rows, None if is_closed else depth).items():
        check_termination()
        straight = row["algorithm"] == ENUMERATING[0]
        lacking = _untried(world, poses, tried[state], straight=straight)
        if lacking is not None:
            return f"{length}, but in state {state} {lacking} was not tried"
    for place in np.unique(np.linspace(0, len(rows) - 1, REPLAYED).astype(int)) if rows else ():
        world.reset()
        push = rows[int(place)]["push"]
        problem = replay_push(world, record["pushes"], row["episode"], push).problem
        if problem is not None:
            return f"push {push}: {problem}"
    return None


def _rows(pushes: Columns, episode: int) -> Iterator[Row]:
    for place, number in enumerate(pushes["episode"]):
        if number == episode:
            yield {name: values[place] for name, values in pushes.items()}


def _states(world: World, rows: list[Row], depth: int | None) -> dict[int, dict[str, Pose2D]]:
    """Return the poses in every state before the last push of a sequence of so many; None: all."""
    found = {0: dict(world.poses())}
    for each in rows:
        if depth is None or each["depth"] < depth:
            observed = observation_of(each["object_names"], each["poses_after"])
            poses = {name: Pose2D(*observed[f"{name}_pose"]) for name in found[0]}
            found.setdefault(each["next_state"], poses)
    return found


def _untried(
    world: World, poses: Mapping[str, Pose2D], tried: list[Row], *, straight: bool
) -> str | None:
    """Return what was not tried in a state, as text; None for nothing."""
    reachability = Reachability(world.static, poses)
    for name in reachability.reachable_objects:
        candidates = candidate_pushes(world, name, reachability)
        own = [row for row in tried if row["object_id"] == name]
        lacking = _contact(candidates, own) if straight else _target(candidates, own)
        if lacking is not None:
            return f"{lacking} of {name}"
    return None


def _contact(candidates: CandidatePushes, tried: list[Row]) -> str | None:
    by_contact = {
        contact: [*rows]
        for contact, rows in groupby(
            sorted(tried, key=lambda row: (row["contact"], row["travel"])),
            key=lambda row: row["contact"],
        )
    }
    for contact in np.flatnonzero(candidates.possible.any(axis=1)).tolist():
        rows = by_contact.get(contact, [])
        travels = [row["travel"] for row in rows]
        if not rows or travels != candidates.travels[: len(rows)].tolist():
            return f"contact {contact}"
        is_last = rows[-1]["goal_open"] or rows[-1]["status"] != PushStatus.REACHED
        if len(rows) < len(candidates.travels) and not is_last:
            return f"travel {candidates.travels[len(rows)]:g} m from contact {contact}"
    return None


def _target(candidates: CandidatePushes, tried: list[Row]) -> str | None:
    targets = np.array([[row[f"goal_{axis}"] for axis in ("x", "y", "theta")] for row in tried])
    for number in np.flatnonzero(candidates.possible).tolist():
        away = np.abs(targets.reshape(-1, 3) - np.array(candidates.goal(number)))
        if not (away <= SAME).all(axis=1).any():
            return f"candidate {number}"
    return None
