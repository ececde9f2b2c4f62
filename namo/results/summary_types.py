"""Types of the sections of the summary, `collection_summary_<hostname>.pkl`."""

from __future__ import annotations

from typing import NotRequired, TypedDict

from namo.results.metadata_types import ModelUseTotal, Settings


class CollectionMetadata(TypedDict):
    """What ran, where and for how long.

    Attributes:
        folder: of the collection, as it was named when it was merged.
        hostname: label of the run.
        algorithm: planner of the part that was made last.
        total_duration_seconds: time spent on environments, summed over processes (s).
        execution_mode: always "sequential".
        ml_models_preloaded: whether learned models were used.
        config: settings of the part that was made last.
        notes: lines that say where the collection and its plan differ; absent in earlier versions.
        configurations: number of different settings among the parts.
        processes: number of processes that collected an environment.
        worker_hostnames: machines that did the work.
        began_unix_s: when the first of the processes that made the parts began (s since 1970).
        ended_unix_s: when the last of them ended (s since 1970).
        peak_memory_bytes: largest of any process.
        namo_version: of the package that merged.
        results_version: likewise.
        schema_version: likewise.
    """

    folder: str
    hostname: str
    algorithm: str
    total_duration_seconds: float
    execution_mode: str
    ml_models_preloaded: bool
    config: Settings
    notes: NotRequired[list[str]]
    configurations: int
    processes: int
    worker_hostnames: list[str]
    began_unix_s: float
    ended_unix_s: float
    peak_memory_bytes: int
    namo_version: str
    results_version: int
    schema_version: int


class Distribution(TypedDict, total=False):
    """Statistics of a quantity, in its own unit; empty without values.

    Attributes:
        total: sum, in the unit of the quantity (ms, pushes).
        mean: likewise.
        median: likewise.
        p90: likewise.
        min: likewise.
        max: likewise.
    """

    total: float
    mean: float
    median: float
    p90: float
    min: float
    max: float


class Solved(TypedDict):
    """Episodes of a class of difficulty.

    Attributes:
        episodes: number of episodes.
        solved: number of these with a plan.
    """

    episodes: int
    solved: int


class MinimalPlans(TypedDict):
    """Plans of which pushes were dropped, or tried to.

    Attributes:
        tried: number of plans, those of no push included.
        minimal: number of these that were shown to be minimal.
        shortened: number of these that are shorter than found.
        dropped_pushes: by how many pushes in total.
        refined: number of plans whose targets are poses really reached.
        pushes_simulated: number of pushes simulated to find out.
        time_ms: wall time of that (ms).
    """

    tried: int
    minimal: int
    shortened: int
    dropped_pushes: int
    refined: int
    pushes_simulated: int
    time_ms: float


class Proofs(TypedDict):
    """Unsolved searches that have shown something.

    Attributes:
        impossible: number of searches: no pushing can open the goal.
        bounded: number of searches: no plan of up to `proof_depth` pushes among all candidates.
    """

    impossible: int
    bounded: int


class PerformanceStats(TypedDict):
    """What was found, and the effort. Failed environments count in the first two alone.

    `total_episodes` and the four keys after it are about the episodes in the files of environments;
    all others are about every search, those that --filter-minimum-length dropped included.

    Attributes:
        total_environments: number of environments.
        failed_environments: number of these that ended in an error.
        total_episodes: number of episodes in the files.
        successful_episodes: number of these with a plan.
        success_rate: successful episodes of all in the files (per cent).
        avg_search_time_ms: mean wall time of their searches (ms).
        avg_nodes_expanded: mean number of pushes these searches tried.
        searches: number of searches, dropped ones included.
        solved_searches: number of these with a plan.
        search_time_ms: wall time of a search (ms).
        nodes_expanded: number of pushes a search tried.
        search_time_ms_solved: of solved episodes alone (ms).
        nodes_expanded_solved: of solved episodes alone.
        solution_depths: number of plans by length (pushes).
        minimal_plans: what making them minimal did.
        terminations: number of episodes by termination.
        proofs: what unsolved searches have shown; absent where an earlier version merged.
        by_difficulty: by class; scenes of unknown class are in none.
        push_outcomes: number of pushes by status.
        physics_steps: number of MuJoCo steps.
        time_ms: time by activity, summed over episodes (ms).
    """

    total_environments: int
    failed_environments: int
    total_episodes: int
    successful_episodes: int
    success_rate: float
    avg_search_time_ms: float
    avg_nodes_expanded: float
    searches: int
    solved_searches: int
    search_time_ms: Distribution
    nodes_expanded: Distribution
    search_time_ms_solved: Distribution
    nodes_expanded_solved: Distribution
    solution_depths: dict[str, int]
    minimal_plans: MinimalPlans
    terminations: dict[str, int]
    proofs: NotRequired[Proofs]
    by_difficulty: dict[str, Solved]
    push_outcomes: dict[str, int]
    physics_steps: int
    time_ms: dict[str, float]


class FilteringStats(TypedDict):
    """What --filter-minimum-length dropped.

    Attributes:
        episodes_before_filtering: number of episodes.
        episodes_filtered_out: number of these that were dropped.
        filtering_enabled: whether any part was filtered.
        filter_rate: dropped episodes of all before filtering (per cent).
    """

    episodes_before_filtering: int
    episodes_filtered_out: int
    filtering_enabled: bool
    filter_rate: float


class ModelStats(TypedDict):
    """Use of learned models.

    Attributes:
        inference_calls: number of queries.
        inference_time_ms: time in queries (ms).
        models: of each model.
    """

    inference_calls: int
    inference_time_ms: float
    models: list[ModelUseTotal]


class Failure(TypedDict):
    """A failed environment.

    Attributes:
        env_index: place in the list of environments, from 0.
        xml_file: scene file.
        error_message: why it failed.
        rerun_command: command line that collects it alone.
    """

    env_index: int
    xml_file: str
    error_message: str
    rerun_command: str


class RemarkGroup(TypedDict):
    """Unsolved environments whose scenes have remarks of one kind.

    Attributes:
        kind: of the remarks, see `namo.scenes.remarks.RemarkKind`.
        text: the remarks in one, see `namo.results.remark_text.MergedText`.
        unsolved: number of unsolved environments with such a remark.
        environments: number of all environments with one.
        listed: unsolved ones, the first `namo.results.unsolved.MAX_LISTED`.
    """

    kind: str
    text: str
    unsolved: int
    environments: int
    listed: list[int]


class Unsolved(TypedDict):
    """Environments of which no episode has a plan; failed ones do not count.

    Attributes:
        environments: number of them.
        remarked: number of these whose scene has a remark.
        unknown: number of these for which remarks were not looked up.
        remarks: groups, those with the greatest fraction of unsolved environments first. An
            environment is in every group that it has a remark for.
    """

    environments: int
    remarked: int
    unknown: int
    remarks: list[RemarkGroup]


class Summary(TypedDict):
    """The summary of a collection.

    Attributes:
        collection_metadata: what ran.
        performance_stats: what was found, and the effort.
        filtering_stats: what the filter dropped.
        model_stats: use of learned models.
        failures: failed environments, at most `namo.results.summary.MAX_LISTED_FAILURES`.
        unsolved: unsolved environments, and what is odd about their scenes.
    """

    collection_metadata: CollectionMetadata
    performance_stats: PerformanceStats
    filtering_stats: FilteringStats
    model_stats: ModelStats
    failures: list[Failure]
    unsolved: Unsolved
