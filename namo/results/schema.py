"""The Arrow schemas of what is collected; every field says what it holds and its unit."""

from __future__ import annotations

import pyarrow as pa

from namo.arrow_fields import described_field as _field
from namo.version import SCHEMA_VERSION
from namo.world.recording import DRIVE_SPEED, FRAME_S

NO_UNIT = ""

SCENE, CRASHED = "scene", "crashed"
"""Why an environment failed where no exception says it, see `error_kind`."""


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
            "class of the scene, from its manifest; null where it has none",
        ),
        _field("algorithm", _TEXT, NO_UNIT, "planner"),
        _field("object_strategy", _TEXT, NO_UNIT, "which object first"),
        _field("goal_strategy", _TEXT, NO_UNIT, "where to push it"),
        _field("physics", _TEXT, NO_UNIT, "physics preset; scene: the scene's own options"),
        _field("seed", _INT, NO_UNIT, "seed of the run"),
        _field("success", _BOOL, NO_UNIT, "same as solution_found"),
        _field("solution_found", _BOOL, NO_UNIT, "a plan opens the robot's goal"),
        _field("solution_depth", _INT, "pushes", "length of the plan; null when unsolved"),
        _field(
            "replayed",
            _BOOL,
            NO_UNIT,
            "the plan was carried out again, and every state was the same to the last bit; null "
            "when unsolved",
        ),
        _field("termination", _TEXT, NO_UNIT, "why the search ended; error for a failure"),
        _field("nodes_expanded", _INT, "pushes", "pushes the search tried"),
        _field("pushes_simulated", _INT, "pushes", "pushes that were simulated"),
        _field("physics_steps", _INT, "steps", "MuJoCo steps of these pushes"),
        _field("terminal_checks", _INT, NO_UNIT, "questions whether the goal is reachable"),
        _field("max_depth_reached", _INT, "pushes", "longest sequence looked at"),
        _field("search_time_ms", _REAL, "ms", "wall time of the search"),
        _field("physics_time_ms", _REAL, "ms", "inside MuJoCo, all threads together"),
        _field("reachability_time_ms", _REAL, "ms", "what the robot can reach, likewise"),
        _field("push_planning_time_ms", _REAL, "ms", "planning motion primitives, likewise"),
        _field("inference_time_ms", _REAL, "ms", "of which asking learned models"),
        _field("inference_calls", _INT, NO_UNIT, "questions to learned models"),
        _field("kept", _BOOL, NO_UNIT, "false when --filter-minimum-length dropped the episode"),
        _field(
            "error_kind",
            _TEXT,
            NO_UNIT,
            f"{SCENE}: it cannot be used; {CRASHED}: processes died in it; else the name of an "
            "exception; null when nothing went wrong",
        ),
        _field("error_message", _TEXT, NO_UNIT, "what went wrong; null when nothing did"),
        _field("rerun_command", _TEXT, NO_UNIT, "redoes a failed environment alone; else null"),
        _field("hostname", _TEXT, NO_UNIT, "label of the run, as in the file names"),
        _field("worker_hostname", _TEXT, NO_UNIT, "machine that did the work"),
        _field("chunk", _TEXT, NO_UNIT, "range of environments of the process, START-END"),
        _field("fingerprint", _TEXT, NO_UNIT, "hash of all that decides this result"),
        _field("schema_version", _INT, NO_UNIT, "of this table"),
    ],
    "one row an episode",
)

_POSES = pa.list_(pa.float64())
_POSES_TEXT = "x, y, theta of the robot, then of each object in the order of object_names"

PUSHES = _schema(
    [
        _field("env_id", _TEXT, NO_UNIT, "as in metrics"),
        _field("env_index", _INT, NO_UNIT, "as in metrics"),
        _field("episode_id", _TEXT, NO_UNIT, "as in metrics"),
        _field("episode", _INT, NO_UNIT, "as in metrics"),
        _field("push", _INT, NO_UNIT, "number of the push in its episode, from 0"),
        _field("state", _INT, NO_UNIT, "state it started from; 0 is the scene's start"),
        _field("next_state", _INT, NO_UNIT, "state it led to; the same when nothing moved"),
        _field("depth", _INT, "pushes", "pushes from the start, this one included"),
        _field("object_id", _TEXT, NO_UNIT, "object that was pushed"),
        _field("goal_x", _REAL, "m", "wanted pose of the object, world frame"),
        _field("goal_y", _REAL, "m", "see goal_x"),
        _field("goal_theta", _REAL, "rad", "see goal_x; orientation of the object"),
        _field("status", _TEXT, NO_UNIT, "how the push ended"),
        _field("result_x", _REAL, "m", "pose of the object afterwards, world frame"),
        _field("result_y", _REAL, "m", "see result_x"),
        _field("result_theta", _REAL, "rad", "see result_x"),
        _field("contacts", _INT, NO_UNIT, "how often the robot took up a contact point"),
        _field("physics_steps", _INT, "steps", "MuJoCo steps"),
        _field("moved", _BOOL, NO_UNIT, "whether any object moved by 1 mm or 0.01 rad"),
        _field("goal_open", _BOOL, NO_UNIT, "robot's goal reachable afterwards"),
        _field("on_plan", _BOOL, NO_UNIT, "part of the plan that solved the episode"),
        _field("object_names", pa.list_(pa.string()), NO_UNIT, "movables in file order"),
        _field("poses_before", _POSES, "m, m, rad", _POSES_TEXT),
        _field("poses_after", _POSES, "m, m, rad", _POSES_TEXT),
        _field("detail", _TEXT, NO_UNIT, "what went wrong in a diverged push; else empty"),
    ],
    "one row a simulated push",
)

PICTURE_DECIMALS = 4
"""What pictures need of metres and radians, and all that plans and scenes keep of them."""

_FLOATS = pa.list_(pa.float32())
_OUTLINE = "corners x, y, one after the other, counter-clockwise"

PLANS = _schema(
    [
        _field("env_id", _TEXT, NO_UNIT, "as in metrics"),
        _field("env_index", _INT, NO_UNIT, "as in metrics"),
        _field("episode_id", _TEXT, NO_UNIT, "as in metrics"),
        _field("episode", _INT, NO_UNIT, "as in metrics"),
        _field("step", _INT, NO_UNIT, "number of the push in its plan, from 0"),
        _field("object_id", _TEXT, NO_UNIT, "object that is pushed"),
        _field("moved", pa.list_(pa.string()), NO_UNIT, "movables that move by 1 mm or 0.01 rad"),
        _field(
            "robot",
            _FLOATS,
            "m",
            f"where it is, x, y, every {FRAME_S} s; its ways between contact points are shown as "
            f"driven at {DRIVE_SPEED} m/s",
        ),
        _field(
            "poses",
            _FLOATS,
            "m, m, rad",
            "x, y, theta of each of `moved`, one frame after the other",
        ),
    ],
    "one row a push of a plan: what it looks like",
)

SCENES = _schema(
    [
        _field("env_id", _TEXT, NO_UNIT, "as in metrics"),
        _field("env_index", _INT, NO_UNIT, "as in metrics"),
        _field("xml_file", _TEXT, NO_UNIT, "as in metrics"),
        _field("scene_sha256", _TEXT, NO_UNIT, "as in metrics"),
        _field("difficulty", _TEXT, NO_UNIT, "as in metrics"),
        _field("bounds", _FLOATS, "m", "x and y of the lower left corner, then of the upper right"),
        _field("robot", _FLOATS, "m", "x, y at the start, and radius"),
        _field("goal", _FLOATS, "m", "x, y of the robot's goal, and how near counts"),
        _field("walls", pa.list_(_FLOATS), "m", f"of each wall: {_OUTLINE}, world frame"),
        _field("movables", pa.list_(pa.string()), NO_UNIT, "names, in file order"),
        _field("outlines", pa.list_(_FLOATS), "m", f"of each movable: {_OUTLINE}, its own frame"),
        _field("poses", _FLOATS, "m, m, rad", "x, y, theta of each movable at the start"),
    ],
    "one row a scene that could be read: what it looks like",
)

FILES = _schema(
    [
        _field("path", _TEXT, NO_UNIT, "relative to the collection's folder"),
        _field("bytes", _INT, "bytes", "size of the file"),
        _field("sha256", _TEXT, NO_UNIT, "hash of the file"),
        _field("rows", _INT, NO_UNIT, "episodes or table rows in it; null where it has none"),
    ],
    "one row a file",
)
