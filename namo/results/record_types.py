"""Types of the keys and values in the record of an environment, as this version writes them.

Readers (`namo.results.records`) check the content of a file against them.
"""

from __future__ import annotations

from typing import Any, NotRequired, TypedDict

from namo.results.metadata_types import ModelUseRecord

Observation = dict[str, list[float]]
"""Poses in a state, as in `namo.world.world`; importing that would load MuJoCo for a few types."""
Columns = dict[str, list[Any]]
"""Columns of a table by name, of equal lengths; types and units are in `namo.results.schema`."""


class Action(TypedDict):
    """A push of a plan.

    Attributes:
        object_id: name of the pushed movable.
        target: commanded pose of the object: x, y, theta (m, m, rad; world frame); of a straight
            push the pose it led to.
        contact: contact point of a straight push; absent for a push to a pose.
        travel: how far the robot of a straight push advances (m); likewise.
    """

    object_id: str
    target: tuple[float, float, float]
    contact: NotRequired[int]
    travel: NotRequired[float]


class ObjectInfo(TypedDict):
    """Geometry of a wall, a movable or the robot; only walls have `pos_*` and `quat_*`.

    Attributes:
        size_x: half the size of the bounding box along x, in the object's own frame (m).
        size_y: likewise, along y (m).
        size_z: likewise, along z (m).
        pos_x: centre of the bounding box of a wall (m; world frame).
        pos_y: likewise.
        pos_z: likewise, height above the floor (m).
        quat_w: orientation of a wall, as a unit quaternion about the vertical axis.
        quat_x: likewise, always 0.
        quat_y: likewise, always 0.
        quat_z: likewise.
        movable: whether the robot can push it; false for walls and for the robot.
        start_pose: x, y, theta of its frame in the scene's start (m, m, rad; world frame).
        outline: corners x, y of a polygon in its own frame (m); absent for boxes and the robot.
    """

    size_x: float
    size_y: float
    size_z: float
    pos_x: NotRequired[float]
    pos_y: NotRequired[float]
    pos_z: NotRequired[float]
    quat_w: NotRequired[float]
    quat_x: NotRequired[float]
    quat_y: NotRequired[float]
    quat_z: NotRequired[float]
    movable: bool
    start_pose: list[float]
    outline: NotRequired[list[list[float]]]


class AlgorithmStats(TypedDict):
    """Effort and timing of a search.

    Attributes:
        termination: value of `namo.planning.planner.Termination`.
        pushes_simulated: number of simulated pushes.
        push_outcomes: number of pushes per status.
        physics_steps: MuJoCo steps of these pushes.
        physics_time_ms: time in MuJoCo, summed over threads (ms).
        reachability_time_ms: time in reachability queries, summed over threads (ms).
        push_planning_time_ms: time in planning motion primitives, summed over threads (ms).
        inference_time_ms: time in queries to learned models (ms).
        inference_calls: number of these queries.
    """

    termination: str
    pushes_simulated: int
    push_outcomes: dict[str, int]
    physics_steps: int
    physics_time_ms: float
    reachability_time_ms: float
    push_planning_time_ms: float
    inference_time_ms: float
    inference_calls: int


class PlanRecord(TypedDict):
    """The plan of an episode and the states along it: what a replay needs.

    Attributes:
        solution_found: a plan opens the robot's goal.
        solution_depth: length of the plan (pushes); None when unsolved.
        action_sequence: the plan, in order; empty where the goal was open, None when unsolved.
        state_observations: state before each push of the plan (m, rad; world frame).
        post_action_state_observations: state after each push of the plan, likewise.
        minimal: no push can be dropped, see `namo.results.schema.METRICS`; None when not known.
    """

    solution_found: bool
    solution_depth: int | None
    minimal: bool | None
    action_sequence: list[Action] | None
    state_observations: list[Observation]
    post_action_state_observations: list[Observation]


class EpisodePlan(PlanRecord):
    """A plan with the name of its episode.

    Attributes:
        episode_id: as in the tables.
    """

    episode_id: str


class SearchRecord(PlanRecord):
    """What a search decides of an entry in `episode_results`.

    Attributes:
        algorithm: name of the planner.
        algorithm_version: package version and results version.
        clearance: room that was left around the robot where it drove (m).
        success: same as `solution_found`.
        search_time_ms: wall time of the search (ms).
        nodes_expanded: number of pushes the search tried.
        terminal_checks: number of goal-reachability checks.
        max_depth_reached: longest sequence of pushes that was tried.
        proof_depth: no sequence of up to this many candidate pushes opens the goal; None if the
            planner does not enumerate them.
        proof_candidates: number of pushes that were tried for that; None likewise.
        sealed_by: names of movables, see `namo.results.schema.METRICS`; None unless the search
            ended as impossible.
        algorithm_stats: effort and timing.
        error_message: always empty; failures stand in the environment's record.
        static_object_info: geometry of every wall, movable and the robot, by name.
        robot_goal: x, y, 0 (m, m, rad; world frame).
        found_sequence: the plan as the search found it; None when unsolved.
        dropped: which pushes of it the plan does without, from 0; None when unsolved.
        refined: whether the targets are poses really reached; None when unsolved.
    """

    algorithm: str
    algorithm_version: str
    clearance: float
    success: bool
    search_time_ms: float
    nodes_expanded: int
    terminal_checks: int
    max_depth_reached: int
    proof_depth: int | None
    proof_candidates: int | None
    sealed_by: list[str] | None
    algorithm_stats: AlgorithmStats
    error_message: str
    static_object_info: dict[str, ObjectInfo]
    robot_goal: tuple[float, float, float]
    found_sequence: list[Action] | None
    dropped: list[int] | None
    refined: bool | None


class EpisodeRecord(SearchRecord):
    """An entry in `episode_results`.

    Attributes:
        episode_id: `{env_id}_episode_{number}`, the number without leading zeros.
        xml_file: scene file.
    """

    episode_id: str
    xml_file: str


class ErrorRecord(TypedDict):
    """Why an environment failed.

    Attributes:
        kind: `scene`, `crashed`, or the name of an exception.
        message: one line that names the scene file.
        traceback: where the exception was raised; None for an invalid scene.
        command: command line that collects this environment alone.
    """

    kind: str
    message: str
    traceback: str | None
    command: str


class SearchMetrics(TypedDict):
    """Columns of a metrics row that the search decides; see `namo.results.schema.METRICS`.

    Attributes:
        search_time_ms: ms.
        search_cpu_time_ms: ms; None in earlier versions.
        physics_time_ms: ms.
        reachability_time_ms: ms.
        push_planning_time_ms: ms.
        inference_time_ms: ms.
        smoothing_time_ms: ms.
    """

    success: bool
    solution_found: bool
    solution_depth: int | None
    found_depth: int | None
    minimal: bool | None
    refined: bool | None
    replayed: bool | None
    termination: str
    nodes_expanded: int
    pushes_simulated: int
    physics_steps: int
    terminal_checks: int
    max_depth_reached: int
    proof_depth: int | None
    proof_candidates: int | None
    sealed_by: list[str] | None
    search_time_ms: float
    search_cpu_time_ms: float | None
    physics_time_ms: float
    reachability_time_ms: float
    push_planning_time_ms: float
    inference_time_ms: float
    inference_calls: int
    smoothing_pushes: int
    smoothing_time_ms: float
    error_kind: str | None
    error_message: str | None


class SceneIdentity(TypedDict):
    """Columns that name an environment and its scene; see `namo.results.schema.SCENES`."""

    env_id: str
    env_index: int
    xml_file: str
    scene_sha256: str
    difficulty: str | None


class EnvironmentMetrics(SceneIdentity):
    """Columns of a metrics row that are equal for all episodes of an environment.

    Attributes:
        opening_fraction: of candidate pushes that open the goal at once, 0 to 1; None if unknown.
        clearance: room that was left around the robot where it drove (m).
        worker_process: process that collected the environment; None in earlier versions.
    """

    opening_fraction: float | None
    algorithm: str
    object_strategy: str
    goal_strategy: str
    physics: str
    clearance: float
    seed: int
    hostname: str
    worker_hostname: str
    worker_process: str | None
    fingerprint: str
    schema_version: int


class MetricsRow(EnvironmentMetrics, SearchMetrics):
    """A row of the metrics table, without the column `chunk` that parts add.

    Attributes:
        kept: false when --filter-minimum-length dropped the episode.
        rerun_command: command line that collects a failed environment alone; else None.
        episode: number of the episode in its environment, from 0.
        episode_id: `{env_id}_episode_{number}`, the number without leading zeros.
    """

    kept: bool
    rerun_command: str | None
    episode: int
    episode_id: str


class SceneRemark(TypedDict):
    """A peculiarity of a scene, as `namo scenes check` prints it.

    Attributes:
        kind: its subject, one of `namo.scenes.remarks.RemarkKind` that is not a note.
        text: a clause with the measured values.
    """

    kind: str
    text: str


class ReachColumns(TypedDict):
    """What the robot reaches in a state; all None where it is not known.

    Attributes:
        reachable: names of the movables that the robot can push, in file order.
        reached_area: of the cells that the robot can reach (m²).
        goal_gap: drive from there to the goal, through movables (m); None when walls cut it off.
    """

    reachable: list[str] | None
    reached_area: float | None
    goal_gap: float | None


class SceneColumns(ReachColumns):
    """Columns of the scenes table that the scene decides; see `namo.results.schema.SCENES`.

    Attributes:
        bounds: lower left and upper right corner: x, y, x, y (m).
        robot: x, y at the start, and radius (m).
        goal: x, y of the robot's goal, and tolerance (m).
        walls: corners x, y of each wall (m; world frame).
        movables: names, in file order.
        outlines: corners x, y of each movable (m; its own frame).
        poses: x, y, theta of each movable at the start (m, m, rad; world frame).
        remarks: its peculiarities; None where they were not looked up.
    """

    bounds: list[float]
    robot: list[float]
    goal: list[float]
    walls: list[list[float]]
    movables: list[str]
    outlines: list[list[float]]
    poses: list[float]
    remarks: list[SceneRemark] | None


class SceneRow(SceneIdentity, SceneColumns):
    """A row of the scenes table."""


class SceneReference(TypedDict):
    """What names the scene of an environment: records, metrics rows and scene rows have it.

    Attributes:
        env_id: name of the environment.
        xml_file: scene file.
        scene_sha256: hash of the scene file.
    """

    env_id: str
    xml_file: str
    scene_sha256: str


class EnvironmentRecord(TypedDict):
    """The file of an environment.

    Attributes:
        env_id: label of the run and number of the environment.
        env_index: place in the list of environments, from 0.
        success: a plan was found in at least one episode.
        episodes_collected: number of entries in `episode_results`.
        episodes_before_filtering: number of episodes that ran.
        episodes_filtered_out: number of these that --filter-minimum-length dropped.
        processing_time: wall time spent on the environment (s).
        episode_results: the episodes that were kept, in order.
        xml_file: scene file.
        scene_sha256: hash of the scene file; empty when it could not be read.
        fingerprint: hash of everything that decides the results.
        schema_version: of this record.
        namo_version: of the package that wrote it.
        error: why the environment failed; None when it did not.
        metrics: rows of the metrics table, one per episode and one for a failure.
        pushes: columns of the pushes table, dropped episodes included.
        plans: columns of the plans table, likewise.
        scene: row of the scenes table; None for a scene that could not be read.
        models: use of each model by the episodes, and the cost of loading it with the first
            environment of a process; None in earlier versions.
    """

    env_id: str
    env_index: int
    success: bool
    episodes_collected: int
    episodes_before_filtering: int
    episodes_filtered_out: int
    processing_time: float
    episode_results: list[EpisodeRecord]
    xml_file: str
    scene_sha256: str
    fingerprint: str
    schema_version: int
    namo_version: str
    error: ErrorRecord | None
    metrics: list[MetricsRow]
    pushes: Columns
    plans: Columns
    scene: SceneRow | None
    models: list[ModelUseRecord] | None
