"""Types of the metadata of a collection: file entries, model use, part markers, `run.json`."""

from __future__ import annotations

from typing import Any, NotRequired, TypedDict

Settings = dict[str, Any]
"""Settings of a collection by name, plain values; with its plug-ins: `namo.collection.config`."""


class FileEntry(TypedDict):
    """A row of a list of files; see `namo.results.schema.FILES`.

    Attributes:
        path: relative to the collection's folder, with forward slashes.
        bytes: size of the file.
        sha256: hash of the file.
        rows: episodes or table rows in it; None where it has none.
    """

    path: str
    bytes: int
    sha256: str
    rows: int | None


class ModelIdentity(TypedDict):
    """What identifies a model.

    Attributes:
        kind: "object" or "goal".
        path: of the bundle, as given.
        sha256: of its weights.
        parameters: number of parameters.
        bytes: memory they take.
        device: where it runs.
    """

    kind: str
    path: str
    sha256: str
    parameters: int
    bytes: int
    device: str


class ModelCosts(ModelIdentity):
    """Costs of a model, which add up over processes.

    Attributes:
        loads: number of times it was loaded.
        load_s: time to load it (s).
        warm_up_s: time of its first forward passes (s).
        seconds: time in queries, sampling included (s).
        forward_s: time of these in forward passes (s).
    """

    loads: int
    load_s: float
    warm_up_s: float
    seconds: float
    forward_s: float


class ModelUseRecord(ModelCosts):
    """One model in an environment or a part.

    Attributes:
        platform: what decides the last bits of its predictions; absent in earlier versions.
        batches: number of forward passes by batch size.
        latencies: number of queries by bin of their duration.
    """

    platform: NotRequired[str]
    batches: dict[str, int]
    latencies: dict[str, int]


class ModelUseTotal(ModelCosts):
    """One model over all processes.

    Attributes:
        calls: number of queries.
        mean_batch: mean batch size, a ratio of rasters to forward passes.
        largest_batch: largest batch size.
        latency_ms: p50, p90, p99 and max of the duration of a query (ms); empty without queries.
    """

    calls: int
    mean_batch: float
    largest_batch: int
    latency_ms: dict[str, float]


class PartMetadata(TypedDict):
    """Who made a part, when and at what cost.

    Attributes:
        start: first environment.
        end: one past the last.
        label: of the run, as in file names.
        config: settings of the collection.
        host: machine that did the work.
        process: id of the process.
        numerics: what decides the last bits of its results, its models included.
        work_s: time spent on its environments, resumed ones included (s).
        environments: number of environments.
        resumed: number of these that an earlier run had finished.
        failed: messages of failed environments, by number.
        peak_memory_bytes: of the process, or of the largest of its workers.
        models_preloaded: use of each model by its environments, resumed ones included.
        generation: greater than that of every part it replaces; absent in the first versions.
        began_unix_s: when the process began (s since 1970).
        duration_s: wall time of the process (s).
    """

    start: int
    end: int
    label: str
    config: Settings
    host: str
    process: int
    numerics: str
    work_s: float
    environments: int
    resumed: int
    failed: dict[str, str]
    peak_memory_bytes: int
    models_preloaded: list[ModelUseRecord]
    generation: NotRequired[int]
    began_unix_s: float
    duration_s: float


class PartMarker(PartMetadata):
    """`part.json`, without its checksum.

    Attributes:
        tables: sha256 of each table of the part, by name.
    """

    tables: dict[str, str]


class ReplacedFile(TypedDict):
    """`replaced.json` of a part: what another part has collected again since.

    Attributes:
        environments: their numbers, in order.
    """

    environments: list[int]


class AskedRecord(TypedDict):
    """What a collection was asked to hold; see `namo.results.plan.CollectionPlan`.

    Attributes:
        settings: those that decide results, models identified by their hash.
        xml_dir: folder of scenes, as given.
        manifest: list of scenes, as given.
        split: of the manifest.
        start: first environment.
        end: one past the last.
        label: of the run.
    """

    settings: Settings
    xml_dir: str | None
    manifest: str | None
    split: str | None
    start: int
    end: int
    label: str


class PlanFile(TypedDict):
    """`.plan.json`: what the last run asked for.

    Attributes:
        label: of the run, as in file names.
        chunks: first environment and one past the last of each; none when collected by hand.
        asked: what was asked for; None where it is not known before scenes are made, and absent in
            earlier versions.
        run_from: folder in which the run was started; absent in earlier versions.
    """

    label: str
    chunks: list[list[int]]
    asked: NotRequired[AskedRecord | None]
    run_from: NotRequired[str]


class RunEnvironments(TypedDict):
    """What was collected.

    Attributes:
        source: folder or manifest of the scenes.
        listed: number of environments in it.
        collected: ranges of collected environments: first, and one past the last.
        scenes_sha256: hash of the concatenated hashes of the scenes, in order.
    """

    source: str
    listed: int
    collected: list[list[int]]
    scenes_sha256: str


class RunModel(TypedDict):
    """A model that was used.

    Attributes:
        path: of the bundle, as given.
        sha256: of its weights.
        parameters: number of parameters.
        device: where it ran.
        platform: what decides the last bits of its predictions there; absent in earlier versions.
    """

    path: str
    sha256: str
    parameters: int
    device: str
    platform: NotRequired[str]


class RunHost(TypedDict):
    """The machine that merged the collection.

    Attributes:
        name: host name.
        system: operating system and version.
        machine: processor architecture.
        gpus: models of its NVIDIA GPUs.
    """

    name: str
    system: str
    machine: str
    gpus: list[str]


class SubsetRecord(TypedDict):
    """Which environments of another collection one holds.

    Attributes:
        collection: name of the other one.
        manifest_sha256: hash of its manifest, and so of all that it holds.
        choice: how environments were chosen, such as "where solution_found".
        environments: how many were taken.
        of: how many there are in the other one.
    """

    collection: str
    manifest_sha256: str
    choice: str
    environments: int
    of: int


class RunFile(TypedDict):
    """`run.json`: what was run, with which versions, on which machine.

    Attributes:
        name: of the collection: that of its folder when it was merged; absent in earlier versions.
        config: settings of the part that was made last.
        label: of the run, as in file names.
        environments: what was collected.
        models: by kind.
        versions: of this package, its results and schema, Python and dependencies; None for a
            package that is not installed.
        numerics: what decides the last bits of results on the machine that merged.
        git_commit: of the code; None outside a git clone.
        host: machine that merged.
        command: command line that merged.
        asked: the plan that was merged for; None for collections merged by `namo merge`, and absent
            in earlier versions.
        subset: of which collection this is a subset; absent in others.
    """

    name: NotRequired[str]
    config: Settings
    label: str
    environments: RunEnvironments
    models: dict[str, RunModel]
    versions: dict[str, str | int | None]
    numerics: str
    git_commit: str | None
    host: RunHost
    command: list[str]
    asked: NotRequired[AskedRecord | None]
    subset: NotRequired[SubsetRecord]
