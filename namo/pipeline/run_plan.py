"""What a run of the pipeline collects: its settings, environments, chunks, label and folders."""

from __future__ import annotations

import hashlib
import json
import os
import typing
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from namo.certification.settings import SceneSetSettings
from namo.collection.config import CollectionConfig
from namo.errors import UsageError
from namo.files import remove_leftovers, replacing, require_home_cache, sha256_of
from namo.option_checks import odd_characters, require_writable
from namo.pipeline.plain_values import require_plain_paths, with_plain_values
from namo.pipeline.settings import (
    PipelineSettings,
    check_settings,
    collector_options,
    pipeline_settings,
    with_models,
    with_new_keys,
)
from namo.regular_files import open_regular
from namo.results.parts import PARTS, Part
from namo.results.run_lock import only_run_in, run_label, write_plan
from namo.scenes.sources import ListedScene, environments_from, range_name, resolve_range

if TYPE_CHECKING:
    from namo.results.plan import CollectionPlan

LABEL = ".hostname"
"""File that keeps the label of a run."""
MAX_LABEL_BYTES = 1000
SCENE_MANIFEST = "scenes.parquet"


@dataclass(frozen=True)
class RunPlan:
    """A run of the pipeline, checked before anything is written.

    Attributes:
        values: all settings by key, with the models that the strategies use.
        settings: those that are not of the collection.
        scenes_folder: of the scenes that the run can make.
        scene_settings: of these scenes.
        templates: hashes of the template files of these scenes.
        scenes: listed scenes by index; None where the run makes them first.
        environments: indices to collect.
        label: of the run, in file names.
    """

    values: Mapping[str, Any]
    settings: PipelineSettings
    scenes_folder: Path
    scene_settings: SceneSetSettings
    templates: tuple[str, ...]
    scenes: tuple[ListedScene, ...] | None
    environments: range
    label: str

    @classmethod
    def from_config(
        cls,
        config: Mapping[str, Any],
        note: Callable[[str], object] = lambda _: None,
    ) -> RunPlan:
        """Check the settings of a run and return its plan.

        Args:
            config: as the configuration files and the command line give it.
            note: takes a line for each key that is given under an old name.

        Raises:
            UsageError: names the key or option, its value and what is allowed.
        """
        values = with_plain_values(with_new_keys(config, note))
        check_settings(values)
        values |= with_models(values)
        require_plain_paths(values)
        settings = pipeline_settings(values)
        made = dict(values["scenes"])
        scenes_folder = Path(made.pop("output_dir"))
        scene_settings = SceneSetSettings.from_mapping(made, "configuration: scenes")
        templates = tuple(scene_settings.template_hashes())
        scenes = None if _makes_its_scenes(settings, scenes_folder) else _listed(settings)
        count = scene_settings.wanted if scenes is None else len(scenes)
        environments = resolve_range(settings.start_idx, settings.end_idx, count)
        folder = Path(settings.output_dir)
        require_writable(folder, "output_dir")
        require_home_cache()
        label = _label(settings.hostname, folder)
        return cls(
            values, settings, scenes_folder, scene_settings, templates, scenes, environments, label
        )

    @property
    def folder(self) -> Path:
        """Folder of the collection."""
        return Path(self.settings.output_dir)

    @property
    def scene_manifest(self) -> Path:
        """Manifest of the scenes that the run can make."""
        return self.scenes_folder / SCENE_MANIFEST

    @cached_property
    def options(self) -> str:
        """Options of the collector, without a range, quoted for a shell."""
        return collector_options(self.values, self.label)

    @cached_property
    def chunks(self) -> list[str]:
        """Names of the chunks, in order."""
        return chunk_names(self.environments, self.settings.chunk_size)

    @property
    def parts(self) -> list[Part]:
        """What the chunks leave behind, in order."""
        return [Part.of(self.folder, *bounds(chunk)) for chunk in self.chunks]

    @property
    def candidates(self) -> list[Path]:
        """Files of the candidate scenes that are certified before the quotas are looked at."""
        folder = self.scenes_folder / "candidates"
        chunks = self.scene_settings.first_chunks()
        return [folder / f"{range_name(chunk.start, chunk.stop)}.parquet" for chunk in chunks]

    @property
    def models(self) -> list[str]:
        """Files that stand for the models that the strategies use."""
        return model_configs(self.values)

    @property
    def gpus(self) -> int:
        """How many GPUs a chunk job takes."""
        return gpus(self.values["ml_device"], runs_models=bool(self.models))

    def scenes_of(self, chunk: str) -> list[str]:
        """Return the files that a chunk is collected again for when they change.

        Raises:
            UsageError: the scenes that are there were made with other settings.
        """
        if self.scenes is None:
            self.scene_settings.require_made_with(self.scene_manifest)
            return [str(self.scene_manifest)]
        start, end = bounds(chunk)
        return _plain_names(self.scenes[start:end]) if self.settings.watch_scenes else []

    @property
    def certified(self) -> str:
        """Manifest that the target `certify` writes.

        Without a folder of scenes that is a name on which nothing depends, so that a manifest which
        an earlier run has written is a plain input.
        """
        given = self.settings.xml_dir is not None
        return self.settings.certified if given else f"{self.settings.certified}.without_xml_dir"

    def scenes_to_certify(self) -> list[str]:
        """Return the scene files that the target `certify` depends on.

        Raises:
            UsageError: no folder of scenes is given.
        """
        if self.settings.xml_dir is None:
            raise UsageError(
                "configuration: xml_dir is null; certify: name the folder of your scenes, "
                "--config xml_dir=FOLDER end_idx=-1"
            )
        return _plain_names(self.scenes or ()) if self.settings.watch_scenes else []

    @property
    def certify_options(self) -> list[str]:
        """Options of `namo scenes certify`, as the settings of scenes say."""
        made = self.scene_settings
        options = [f"--split={name}={fraction}" for name, fraction in made.splits.items()]
        if made.certify:
            effort = made.effort
            options += ["--effort", f"--pushes={effort.pushes}", f"--depth={effort.depth}"]
            options += [f"--seed={effort.seed}", f"--clearance={effort.clearance}"]
        return options

    def unlisted_scenes_of(self, chunk: str) -> str:
        """Return what changes with the files that `scenes_of` leaves out, empty without such files.

        Snakemake reads braces and angle brackets in names of files as patterns. A chunk depends on
        such scenes through the checksums of their contents.

        Raises:
            OSError: one of them cannot be read; a missing one is recorded as failed.
        """
        if self.scenes is None or not self.settings.watch_scenes:
            return ""
        start, end = bounds(chunk)
        paths = [scene.path for scene in self.scenes[start:end]]
        odd = [path for path in paths if odd_characters(str(path))]
        return " ".join(
            f"{path.name}={sha256_of(path) if path.is_file() else 'missing'}" for path in odd
        )

    @cached_property
    def asked(self) -> CollectionPlan | None:
        """What the run asks for, to compare with what is stored; None before scenes are made."""
        from namo.results.plan import CollectionPlan, SceneSource

        if self.scenes is None and not self.scene_manifest.exists():
            return None
        places = (self.values.get(name) for name in ("xml_dir", "manifest", "split"))
        source = SceneSource(*places)
        hints = typing.get_type_hints(CollectionConfig)
        names = [name for name in CollectionConfig.names() if name in self.values]
        given: dict[str, Any] = {name: self.values[name] for name in names}
        # 300 in a configuration is 300.0 on the command line of a job.
        floats = {name: float(each) for name, each in given.items() if hints[name] is float}
        config = CollectionConfig(**(given | floats))
        scenes = source.scenes() if self.scenes is None else self.scenes
        return CollectionPlan(config.decisive, source, scenes, self.environments, self.label)

    def list_digest(self, chunk: str | None = None) -> str:
        """Return a hash of the scenes as they are listed: another list is collected again.

        Args:
            chunk: only of its range; None for the whole list.
        """
        if self.scenes is None:
            return ""
        start, end = (0, len(self.scenes)) if chunk is None else bounds(chunk)
        listed = hashlib.sha256()
        for scene in self.scenes[start:end]:
            entry = (os.fsencode(scene.path).hex(), scene.difficulty, scene.sha256)
            listed.update(json.dumps(entry).encode())
        return listed.hexdigest()

    @cached_property
    def outdated(self) -> list[str]:
        """The files whose jobs must run again, although they exist, as the run starts.

        Snakemake compares times, and settings with what it has noted in its own folder; here what
        is stored decides.
        """
        if not (self.folder / PARTS).is_dir() or self.asked is None:
            return []
        from namo.results.run_file import RUN_FILE, asked_in
        from namo.results.selection import stale_parts

        stale = {
            part.folder.name: part
            for part in stale_parts(self.folder, self.asked, look=self.settings.watch_scenes)
        }
        files = [stale[name].marker for name in self.chunks if name in stale]
        run = self.folder / RUN_FILE
        if run.exists() and asked_in(run) != self.asked.as_record():
            files.append(run)
        return [str(file) for file in files]

    def begin(self, written: Iterable[Path], *others: Path) -> ExitStack:
        """Lock the folders that are written, and write down what is to be collected.

        Args:
            written: files that the jobs will write.
            *others: folders to lock beside those of the collection and of the scenes, where a file
                is written below them.

        Returns:
            The locks; they go with the process.

        Raises:
            BusyError: another run works in one of the folders.
            UsageError: the collection's folder holds a subset of another one.
        """
        from namo.results.run_file import require_no_subset

        files = list(written)
        folders = [
            folder
            for folder in (self.folder, self.scenes_folder, *others)
            if any(file.is_relative_to(folder) for file in files)
        ]
        with ExitStack() as locks:
            for folder in folders:
                locks.enter_context(only_run_in(folder))
            if self.folder in folders:
                require_no_subset(self.folder)
                self._write_down()
            return locks.pop_all()

    def _write_down(self) -> None:
        """Write down the label, and what is to be collected, before the first job starts."""
        asked = None if self.asked is None else self.asked.as_record()
        write_plan(self.folder, self.label, [bounds(chunk) for chunk in self.chunks], asked)
        if not self.settings.hostname:
            remove_leftovers(self.folder, [LABEL])
            with replacing(self.folder / LABEL) as handle:
                handle.write(f"{self.label}\n".encode())


def chunk_names(environments: range, size: int) -> list[str]:
    """Return the names of the chunks that a range of environments is cut into."""
    return [
        range_name(start, min(start + size, environments.stop)) for start in environments[::size]
    ]


def bounds(chunk: str) -> tuple[int, int]:
    """Return the first environment of a chunk, given by its name, and one past its last."""
    start, end = chunk.split("-")
    return int(start), int(end)


def model_configs(settings: Mapping[str, Any]) -> list[str]:
    """Return the configs of the models that strategies use; each holds the hash of the weights."""
    paths = [settings.get(f"ml_{kind}_model") for kind in ("object", "goal")]
    return [str(Path(path) / "config.json") for path in paths if path is not None]


def gpus(device: str, *, runs_models: bool) -> int:
    """Return how many GPUs a job takes: one where it runs models on one; `auto` asks for none.

    A number, so that the profiles can limit how many jobs have one at a time.
    """
    return int(runs_models and device == "cuda")


def _plain_names(scenes: Iterable[ListedScene]) -> list[str]:
    """Return the files of scenes without those whose names Snakemake would read as patterns."""
    return [str(each.path) for each in scenes if not odd_characters(str(each.path))]


def _makes_its_scenes(settings: PipelineSettings, scenes_folder: Path) -> bool:
    """Return whether the collection is over the scenes that the run itself makes.

    How many these are is known beforehand, so collecting can be planned before they are there. A
    split of them cannot.
    """
    made = scenes_folder / SCENE_MANIFEST
    given = settings.manifest
    return bool(given) and Path(given or "").resolve() == made.resolve() and not settings.split


def _listed(settings: PipelineSettings) -> tuple[ListedScene, ...]:
    """Return the scenes to collect, in order."""
    xml_dir, manifest = (
        None if path is None else Path(path) for path in (settings.xml_dir, settings.manifest)
    )
    return environments_from(xml_dir, manifest, settings.split, look=settings.watch_scenes).scenes


def _label(hostname: str | None, folder: Path) -> str:
    """Return the label of the run: fixed where it is started, the same for every job and rerun.

    A job on another machine reads this file again; asking for the host name there would name
    other files.
    """
    kept = folder / LABEL
    if not hostname and kept.exists():
        with open_regular(kept) as handle:
            return run_label(handle.read(MAX_LABEL_BYTES).decode(errors="replace").strip())
    return run_label(hostname)
