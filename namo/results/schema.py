"""Arrow schemas of the tables of a collection; every field has a description and a unit.

Descriptions are metadata: files whose descriptions differ have the same schema (see
`pyarrow.Schema.equals`), so a description may be improved without a new `SCHEMA_VERSION`.
"""

from __future__ import annotations

import pyarrow as pa

from namo.arrow_fields import described_field as _field
from namo.version import SCHEMA_VERSION
from namo.world.recording import DRIVE_SPEED, FRAME_S

NO_UNIT = ""

SCENE, CRASHED = "scene", "crashed"
"""Values of `error_kind` that are not names of exceptions."""


def _schema(fields: list[pa.Field], what: str) -> pa.Schema:
    return pa.schema(fields, metadata={"what": what, "schema_version": str(SCHEMA_VERSION)})


_TEXT, _INT, _REAL, _BOOL = pa.string(), pa.int64(), pa.float64(), pa.bool_()

METRICS = _schema(
    [
        _field("env_id", _TEXT, NO_UNIT, "label of the run and number of the environment"),
        _field("env_index", _INT, NO_UNIT, "place in the list of environments, from 0"),
        _field("episode_id", _TEXT, NO_UNIT, "env_id and number of the episode"),
        _field("episode", _INT, NO_UNIT, "number of the episode in its environment, from 0"),
        _field("xml_file", _TEXT, NO_UNIT, "scene file"),
        _field("scene_sha256", _TEXT, NO_UNIT, "hash of the scene file; empty if unreadable"),
        _field(
            "difficulty",
            _TEXT,
            NO_UNIT,
            "class of the scene, from its manifest; null if the manifest has none",
        ),
        _field(
            "opening_fraction",
            _REAL,
            NO_UNIT,
            "fraction of candidate pushes that open the goal at once, 0 to 1, from the manifest of "
            "the scenes; null if it has none",
        ),
        _field("algorithm", _TEXT, NO_UNIT, "planner"),
        _field(
            "object_strategy", _TEXT, NO_UNIT, "name of the object strategy: which object to push"
        ),
        _field("goal_strategy", _TEXT, NO_UNIT, "name of the goal strategy: where to push it"),
        _field("physics", _TEXT, NO_UNIT, "physics preset; scene: the options of the scene file"),
        _field("clearance", _REAL, "m", "room that was left around the robot where it drove"),
        _field("seed", _INT, NO_UNIT, "seed of the run"),
        _field("success", _BOOL, NO_UNIT, "same as solution_found"),
        _field(
            "solution_found",
            _BOOL,
            NO_UNIT,
            "a plan was found that makes the robot's goal reachable",
        ),
        _field("solution_depth", _INT, "pushes", "length of the plan; null when unsolved"),
        _field(
            "found_depth",
            _INT,
            "pushes",
            "length of the plan that the search found, before pushes that it does not need were "
            "dropped; null when unsolved",
        ),
        _field(
            "minimal",
            _BOOL,
            NO_UNIT,
            "replaying its subsequences showed that no push of the plan can be dropped: no number "
            "of them from plans of up to 6 pushes, none alone from longer ones; false if that was "
            "cut short; null when unsolved, or not tried (smooth: false, earlier versions)",
        ),
        _field(
            "refined",
            _BOOL,
            NO_UNIT,
            "the targets of the plan are poses that the objects really reached; null when unsolved",
        ),
        _field(
            "replayed",
            _BOOL,
            NO_UNIT,
            "replaying the plan gave the stored states to the last bit; null when unsolved",
        ),
        _field(
            "termination", _TEXT, NO_UNIT, "why the search ended; error for a failed environment"
        ),
        _field("nodes_expanded", _INT, "pushes", "pushes tried by the search"),
        _field("pushes_simulated", _INT, "pushes", "pushes that were simulated"),
        _field(
            "physics_steps",
            _INT,
            "steps",
            "MuJoCo steps up to the ends of these pushes; those that a straight push goes on for "
            "after the goal opened are not counted",
        ),
        _field("terminal_checks", _INT, NO_UNIT, "goal-reachability checks"),
        _field("max_depth_reached", _INT, "pushes", "longest sequence of pushes that was tried"),
        _field(
            "proof_depth",
            _INT,
            "pushes",
            "no sequence of up to this many candidate pushes opens the goal, as the search has "
            "tried them all; after termination exhausted no longer one either; null for an "
            "algorithm that does not enumerate them, and where it is not known",
        ),
        _field(
            "proof_candidates",
            _INT,
            "pushes",
            "candidate pushes of all states that were tried for that; null like proof_depth",
        ),
        _field(
            "sealed_by",
            pa.list_(pa.string()),
            NO_UNIT,
            "movables that keep the robot from its goal together with the walls, as they are far "
            "too heavy for it; empty where walls alone do; null unless termination is impossible",
        ),
        _field("search_time_ms", _REAL, "ms", "wall time of the search"),
        _field(
            "search_cpu_time_ms",
            _REAL,
            "ms",
            "processor time of the search, of all threads of the process, with its queries to "
            "learned models; null when an earlier version collected",
        ),
        _field("physics_time_ms", _REAL, "ms", "time in MuJoCo, summed over threads"),
        _field(
            "reachability_time_ms", _REAL, "ms", "time in reachability queries, summed over threads"
        ),
        _field(
            "push_planning_time_ms",
            _REAL,
            "ms",
            "time in planning motion primitives, summed over threads",
        ),
        _field(
            "inference_time_ms",
            _REAL,
            "ms",
            "time in queries to learned models, part of search_time_ms",
        ),
        _field("inference_calls", _INT, NO_UNIT, "queries to learned models"),
        _field(
            "smoothing_pushes",
            _INT,
            "pushes",
            "pushes simulated after the search to make the plan minimal; not in pushes_simulated",
        ),
        _field(
            "smoothing_time_ms",
            _REAL,
            "ms",
            "wall time of making the plan minimal, not part of search_time_ms",
        ),
        _field("kept", _BOOL, NO_UNIT, "false when --filter-minimum-length dropped the episode"),
        _field(
            "error_kind",
            _TEXT,
            NO_UNIT,
            f"{SCENE}: invalid scene; {CRASHED}: quarantined because processes crashed in it; else "
            "the name of an exception; null without an error",
        ),
        _field(
            "error_message", _TEXT, NO_UNIT, "why the environment failed; null without an error"
        ),
        _field(
            "rerun_command",
            _TEXT,
            NO_UNIT,
            "command line that collects a failed environment alone; else null",
        ),
        _field("hostname", _TEXT, NO_UNIT, "label of the run, as in the file names"),
        _field("worker_hostname", _TEXT, NO_UNIT, "machine that collected the environment"),
        _field(
            "worker_process",
            _TEXT,
            NO_UNIT,
            "process on that machine, by its id and start; null when an earlier version collected",
        ),
        _field("chunk", _TEXT, NO_UNIT, "range of environments of the process, START-END"),
        _field("fingerprint", _TEXT, NO_UNIT, "hash of everything that decides this result"),
        _field("schema_version", _INT, NO_UNIT, "of this table"),
    ],
    "one row per episode",
)

_POSES = pa.list_(pa.float64())
_POSES_TEXT = "x, y, theta of the robot, then of each object in the order of object_names"

_UNKNOWN = "null when it is not known (collections of schema version 4)"


def _reach(when: str) -> list[pa.Field]:
    """Return the fields of what the robot reaches in a state."""
    return [
        _field(
            "reachable",
            pa.list_(pa.string()),
            NO_UNIT,
            f"movables that the robot can push {when}; {_UNKNOWN}",
        ),
        _field(
            "reached_area", _REAL, "m²", f"floor area that the robot can reach {when}; {_UNKNOWN}"
        ),
        _field(
            "goal_gap",
            _REAL,
            "m",
            f"drive from the area that the robot can reach {when} to its goal, as if movables were "
            "not there; 0 when the goal is reachable; null when walls alone cut it off, when the "
            "robot is wedged in, or when reached_area is null",
        ),
    ]


def _action() -> list[pa.Field]:
    """Return the fields of a push as requested."""
    return [
        _field("object_id", _TEXT, NO_UNIT, "name of the pushed object"),
        _field(
            "contact",
            _INT,
            NO_UNIT,
            "contact point of a straight push; null for a push to a pose",
        ),
        _field("travel", _REAL, "m", "how far the robot of a straight push advances; likewise"),
        _field(
            "goal_x",
            _REAL,
            "m",
            "commanded pose of the object, world frame; of a straight push the pose it led to",
        ),
        _field("goal_y", _REAL, "m", "see goal_x"),
        _field("goal_theta", _REAL, "rad", "see goal_x; orientation of the object"),
    ]


def _outcome() -> list[pa.Field]:
    """Return the fields of how a push ended."""
    return [
        _field("status", _TEXT, NO_UNIT, "outcome of the push"),
        _field("result_x", _REAL, "m", "pose of the object after the push, world frame"),
        _field("result_y", _REAL, "m", "see result_x"),
        _field("result_theta", _REAL, "rad", "see result_x"),
        _field(
            "contacts", _INT, NO_UNIT, "number of contact points at which the robot made contact"
        ),
        _field(
            "physics_steps",
            _INT,
            "steps",
            "MuJoCo steps up to the end of the push; those of straight pushes include the shorter "
            "ones of the same simulation",
        ),
    ]


def _states() -> list[pa.Field]:
    """Return the fields of the states before and after a push."""
    return [
        _field("object_names", pa.list_(pa.string()), NO_UNIT, "movables in file order"),
        _field("poses_before", _POSES, "m, m, rad", _POSES_TEXT),
        _field("poses_after", _POSES, "m, m, rad", _POSES_TEXT),
    ]


PUSHES = _schema(
    [
        _field("env_id", _TEXT, NO_UNIT, "as in metrics"),
        _field("env_index", _INT, NO_UNIT, "as in metrics"),
        _field("episode_id", _TEXT, NO_UNIT, "as in metrics"),
        _field("episode", _INT, NO_UNIT, "as in metrics"),
        _field("push", _INT, NO_UNIT, "number of the push in its episode, from 0"),
        _field(
            "simulation",
            _INT,
            NO_UNIT,
            "number of the simulation in its episode, from 0; straight pushes from one contact "
            "share one, which passes through the ends of all of them",
        ),
        _field("state", _INT, NO_UNIT, "state before the push; 0 is the scene's start"),
        _field("next_state", _INT, NO_UNIT, "state after the push; the same when nothing moved"),
        _field("depth", _INT, "pushes", "pushes from the start, including this one"),
        *_action(),
        *_outcome(),
        _field("moved", _BOOL, NO_UNIT, "whether any object moved by 1 mm or 0.01 rad"),
        _field("goal_open", _BOOL, NO_UNIT, "whether the robot's goal is reachable after the push"),
        *_reach("after the push"),
        _field(
            "on_plan",
            _BOOL,
            NO_UNIT,
            "whether the push is part of the plan that the search found; the table of plans holds "
            "what is left of that plan",
        ),
        *_states(),
        _field(
            "visits",
            _INT,
            NO_UNIT,
            "times that mcts chose the push in its tree; null for pushes of its rollouts, for "
            "other algorithms, and where it is not known",
        ),
        _field(
            "value",
            _REAL,
            NO_UNIT,
            "mean of the discounted rewards that followed; null like visits",
        ),
        _field("detail", _TEXT, NO_UNIT, "why the physics of a push diverged; else empty"),
    ],
    "one row per simulated push",
)

DRAWING_DECIMALS = 4
"""Decimals of metres and radians in the tables of plans and scenes, which serve drawing."""

_FLOATS = pa.list_(pa.float32())
_OUTLINE = "corners x, y, concatenated, counter-clockwise"

PLANS = _schema(
    [
        _field("env_id", _TEXT, NO_UNIT, "as in metrics"),
        _field("env_index", _INT, NO_UNIT, "as in metrics"),
        _field("episode_id", _TEXT, NO_UNIT, "as in metrics"),
        _field("episode", _INT, NO_UNIT, "as in metrics"),
        _field("step", _INT, NO_UNIT, "number of the push in its plan, from 0"),
        _field("found_step", _INT, NO_UNIT, "number of the push in the plan that was found"),
        _field(
            "search_push",
            _INT,
            NO_UNIT,
            "number of the push in the search; null when the search did not push so in this state",
        ),
        *_action(),
        *_outcome(),
        *_states(),
        _field("moved", pa.list_(pa.string()), NO_UNIT, "movables that move by 1 mm or 0.01 rad"),
        _field(
            "robot",
            _FLOATS,
            "m",
            f"position x, y of each frame, one frame every {FRAME_S} s; paths between contact "
            f"points are shown as driven at {DRIVE_SPEED} m/s",
        ),
        _field(
            "poses",
            _FLOATS,
            "m, m, rad",
            "x, y, theta of each object in `moved`, frames concatenated",
        ),
    ],
    "one row per push of a plan: request, outcome, states, recorded motion",
)

SCENES = _schema(
    [
        _field("env_id", _TEXT, NO_UNIT, "as in metrics"),
        _field("env_index", _INT, NO_UNIT, "as in metrics"),
        _field("xml_file", _TEXT, NO_UNIT, "as in metrics"),
        _field("scene_sha256", _TEXT, NO_UNIT, "as in metrics"),
        _field("difficulty", _TEXT, NO_UNIT, "as in metrics"),
        _field("bounds", _FLOATS, "m", "x, y of the lower left corner, then of the upper right"),
        _field("robot", _FLOATS, "m", "x, y at the start, and radius"),
        _field("goal", _FLOATS, "m", "x, y of the robot's goal, and tolerance"),
        _field("walls", pa.list_(_FLOATS), "m", f"of each wall: {_OUTLINE}, world frame"),
        _field("movables", pa.list_(pa.string()), NO_UNIT, "names, in file order"),
        _field("outlines", pa.list_(_FLOATS), "m", f"of each movable: {_OUTLINE}, its own frame"),
        _field("poses", _FLOATS, "m, m, rad", "x, y, theta of each movable at the start"),
        _field(
            "remarks",
            pa.list_(pa.struct([("kind", _TEXT), ("text", _TEXT)])),
            NO_UNIT,
            "what `namo scenes check` calls odd; null where an earlier version collected",
        ),
        *_reach("at the start"),
    ],
    "one row per scene that could be read: geometry",
)

SCENE_FILES = _schema(
    [
        _field("scene_sha256", _TEXT, NO_UNIT, "hash of the scene file, as in metrics"),
        _field("xml", _TEXT, NO_UNIT, "the scene file, which its UTF-8 text is byte for byte"),
    ],
    "one row per distinct scene that could be read: its file",
)

FILES = _schema(
    [
        _field("path", _TEXT, NO_UNIT, "relative to the collection's folder"),
        _field("bytes", _INT, "bytes", "size of the file"),
        _field("sha256", _TEXT, NO_UNIT, "hash of the file"),
        _field("rows", _INT, NO_UNIT, "episodes or table rows in the file; null where it has none"),
    ],
    "one row per file",
)
