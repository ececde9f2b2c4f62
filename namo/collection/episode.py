"""One episode: a search in an environment, and its record, metrics row, pushes and plan."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from namo.collection.config import CollectionConfig
from namo.planning.minimal import MinimalPlan, minimal_plan, plan_as_found
from namo.planning.planner import (
    Budget,
    Estimate,
    Planner,
    ProgressCallback,
    PushRecord,
    SearchResult,
    ignore_progress,
)
from namo.results.actions import action_of, pose_columns, push_columns
from namo.results.metadata_types import ModelUseRecord
from namo.results.reach_columns import reach_columns
from namo.results.record_types import Action, Columns, SearchMetrics, SearchRecord
from namo.results.replay import replay
from namo.results.schema import DRAWING_DECIMALS, PLANS, PUSHES
from namo.results.static_objects import static_object_info
from namo.seeding import Streams
from namo.version import RESULTS_VERSION, __version__
from namo.world.push import Action as Asked
from namo.world.push import PushOutcome
from namo.world.push_skill import MOVED_M, MOVED_RAD
from namo.world.recording import Recorder
from namo.world.world import Observation, World

if TYPE_CHECKING:
    from namo.learning.scoring import Scorer

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class EpisodeOutcome:
    """The results of one episode.

    Attributes:
        record: entry in `episode_results` of the environment's record.
        metrics: columns of the metrics row that the search decides.
        pushes: columns of the pushes table, without those of `IDENTITY`.
        plans: columns of the plans table, likewise.
        models: use of each model in the search.
    """

    record: SearchRecord
    metrics: SearchMetrics
    pushes: Columns
    plans: Columns
    models: Sequence[ModelUseRecord] = ()


def run_episode(
    world: World,
    planner: Planner,
    config: CollectionConfig,
    env_index: int,
    episode: int,
    scorers: Sequence[Scorer] = (),
    progress: ProgressCallback = ignore_progress,
) -> EpisodeOutcome:
    """Search from the scene's start, make the plan minimal, replay it, and return the results.

    Args:
        world: of the environment; reset first.
        planner: with its strategies.
        config: budgets and seed.
        env_index: place of the environment in its list.
        episode: number of the episode in the environment.
        scorers: models that the planner's strategies query.
        progress: called after every simulated push.
    """
    world.reset()
    before, stats = world.wall_times(), [scorer.stats.snapshot() for scorer in scorers]
    budget = Budget(
        depth=config.max_depth,
        seconds=config.search_timeout,
        terminal_checks=config.max_terminal_checks,
        pushes=config.max_pushes,
    )
    streams = Streams.for_episode(config.seed, env_index, episode)
    result = planner.search(world, budget, streams, progress)
    physics_ms, reachability_ms, planning_ms = (
        1000.0 * (end - start) for start, end in zip(before, world.wall_times(), strict=True)
    )
    models = [
        cast(ModelUseRecord, scorer.stats.since(each))
        for scorer, each in zip(scorers, stats, strict=True)
    ]
    plan = _plan(world, config, result)
    metrics: SearchMetrics = {
        "success": result.solved,
        "solution_found": result.solved,
        "solution_depth": len(plan.steps) if plan else None,
        "found_depth": len(result.plan) if plan else None,
        "minimal": plan.is_minimal if plan else None,
        "refined": plan.is_refined if plan else None,
        "termination": result.termination.value,
        "nodes_expanded": result.pushes_tried,
        "pushes_simulated": result.simulations,
        "physics_steps": result.physics_steps,
        "terminal_checks": result.terminal_checks,
        "max_depth_reached": result.max_depth_reached,
        "proof_depth": None if result.proof is None else result.proof.depth,
        "proof_candidates": None if result.proof is None else result.proof.candidates,
        "sealed_by": None if result.seal is None else list(result.seal.held),
        "search_time_ms": 1000.0 * result.search_s,
        "search_cpu_time_ms": 1000.0 * result.cpu_s,
        "physics_time_ms": physics_ms,
        "reachability_time_ms": reachability_ms,
        "push_planning_time_ms": planning_ms,
        "inference_time_ms": 1000.0 * sum(use["seconds"] for use in models),
        "inference_calls": sum(sum(use["latencies"].values()) for use in models),
        "smoothing_pushes": plan.pushes_simulated if plan else 0,
        "smoothing_time_ms": 1000.0 * plan.seconds if plan else 0.0,
        "error_kind": None,
        "error_message": None,
        "replayed": None,
    }
    record, pushes = _record(world, config, result, plan, metrics), _pushes(world, result)
    recorders: list[Recorder] = []
    if plan:
        replayed = replay(world, record)
        metrics["replayed"], recorders = replayed.problem is None, replayed.pushes
        if replayed.problem is not None:
            _log.error("%s: replay diverged: %s", world.scene.path, replayed.problem)
    plans = _plans(world, result, plan, recorders)
    return EpisodeOutcome(record, metrics, pushes, plans, models)


def _plan(world: World, config: CollectionConfig, result: SearchResult) -> MinimalPlan | None:
    """Return the plan to store; None if the search found none."""
    if not result.solved:
        return None
    if not config.smooth:
        return plan_as_found(world, result)
    return minimal_plan(world, result, refine=config.refine, seconds=config.search_timeout)


def _record(
    world: World,
    config: CollectionConfig,
    result: SearchResult,
    plan: MinimalPlan | None,
    metrics: SearchMetrics,
) -> SearchRecord:
    steps = plan.steps if plan else ()
    scene = world.scene
    return {
        "algorithm": config.algorithm,
        "algorithm_version": f"{__version__}/{RESULTS_VERSION}",
        "clearance": config.clearance,
        "success": result.solved,
        "solution_found": result.solved,
        "solution_depth": metrics["solution_depth"],
        "minimal": metrics["minimal"],
        "search_time_ms": metrics["search_time_ms"],
        "nodes_expanded": metrics["nodes_expanded"],
        "terminal_checks": metrics["terminal_checks"],
        "max_depth_reached": metrics["max_depth_reached"],
        "proof_depth": metrics["proof_depth"],
        "proof_candidates": metrics["proof_candidates"],
        "sealed_by": metrics["sealed_by"],
        "action_sequence": [action_of(step.push, step.outcome.pose) for step in steps]
        if plan
        else None,
        "algorithm_stats": {
            "termination": metrics["termination"],
            "pushes_simulated": metrics["pushes_simulated"],
            "push_outcomes": dict(
                sorted(Counter(str(push.outcome.status) for push in result.pushes).items())
            ),
            "physics_steps": metrics["physics_steps"],
            "physics_time_ms": metrics["physics_time_ms"],
            "reachability_time_ms": metrics["reachability_time_ms"],
            "push_planning_time_ms": metrics["push_planning_time_ms"],
            "inference_time_ms": metrics["inference_time_ms"],
            "inference_calls": metrics["inference_calls"],
        },
        "error_message": "",
        "state_observations": [step.before.observation for step in steps],
        "post_action_state_observations": [step.after.observation for step in steps],
        "static_object_info": static_object_info(world.simulation),
        "robot_goal": (scene.goal.x, scene.goal.y, 0.0),
        "found_sequence": _found(result) if plan else None,
        "dropped": sorted({*range(len(result.plan))} - {*plan.kept}) if plan else None,
        "refined": metrics["refined"],
    }


def _found(result: SearchResult) -> list[Action]:
    """Return the plan as the search found it."""
    outcomes = {(push.state, push.push): push.outcome for push in result.pushes}
    return [
        action_of(push, outcomes[state, push].pose)
        for state, push in zip(result.plan_states, result.plan, strict=False)
    ]


def _pushes(world: World, result: SearchResult) -> Columns:
    """Return the columns of the pushes table."""
    names = [movable.name for movable in world.scene.movables]
    plan_edges = set(zip(result.plan_states, result.plan_states[1:], strict=False))
    flat = [_flat(observation, names) for observation in result.states]
    reach = [reach_columns(situation.reach) for situation in result.situations]
    rows = [
        {
            "push": number,
            "simulation": push.simulation,
            "state": push.state,
            "next_state": push.next_state,
            "depth": push.depth,
            **_push_columns(push.push, push.outcome),
            "moved": push.outcome.moved,
            "goal_open": push.goal_open,
            **reach[push.next_state],
            "on_plan": (push.state, push.next_state) in plan_edges,
            "object_names": names,
            "poses_before": flat[push.state],
            "poses_after": flat[push.next_state],
            **_estimate(result, push),
            "detail": push.outcome.detail,
        }
        for number, push in enumerate(result.pushes)
    ]
    columns = [name for name in PUSHES.names if name not in IDENTITY]
    return {column: [row[column] for row in rows] for column in columns}


def _estimate(result: SearchResult, push: PushRecord) -> dict[str, float | None]:
    """Return the columns of what the search has learned of a push."""
    estimate = result.estimates.get((push.state, push.push))
    return dict.fromkeys(Estimate._fields) if estimate is None else estimate._asdict()


def _plans(
    world: World, result: SearchResult, plan: MinimalPlan | None, pushes: Sequence[Recorder]
) -> Columns:
    """Return the columns of the plans table, with frames of those objects alone that move.

    A push that was not replayed, since the replay diverged before, has one frame, its start.
    """
    names = [movable.name for movable in world.scene.movables]
    columns: Columns = {name: [] for name in PLANS.names if name not in IDENTITY}
    keys = [situation.state.key for situation in result.situations]
    searched = {(keys[push.state], push.push): number for number, push in enumerate(result.pushes)}
    for number, (step, kept) in enumerate(zip(plan.steps, plan.kept, strict=True) if plan else ()):
        before = _flat(step.before.observation, names)
        frames = np.array(
            pushes[number].frames if number < len(pushes) else [before[:2] + before[3:]]
        )
        poses = frames[:, 2:].reshape(len(frames), -1, 3)
        far = np.abs(poses - poses[0]) > (MOVED_M, MOVED_M, MOVED_RAD)
        moved = np.flatnonzero(far.any(axis=(0, 2)))
        row = {
            "step": number,
            "found_step": kept,
            "search_push": searched.get((step.before.state.key, step.push)),
            **_push_columns(step.push, step.outcome),
            "object_names": names,
            "poses_before": before,
            "poses_after": _flat(step.after.observation, names),
            "moved": [names[place] for place in moved],
            "robot": frames[:, :2].round(DRAWING_DECIMALS).ravel().tolist(),
            "poses": poses[:, moved].round(DRAWING_DECIMALS).ravel().tolist(),
        }
        for name, value in row.items():
            columns[name].append(value)
    return columns


IDENTITY = ("env_id", "env_index", "episode_id", "episode")
"""Columns of the pushes and plans tables that name environment and episode."""


def _push_columns(push: Asked, outcome: PushOutcome) -> dict[str, Any]:
    return {
        **push_columns(push, outcome.pose),
        "status": outcome.status.value,
        **pose_columns("result", outcome.pose),
        "contacts": outcome.contacts,
        "physics_steps": outcome.physics_steps,
    }


def _flat(observation: Observation, names: list[str]) -> list[float]:
    return [value for name in ("robot", *names) for value in observation[f"{name}_pose"]]
