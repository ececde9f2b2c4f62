"""The plan of a collection: which settings, which list of scenes and which range were asked for.

The one place that decides whether a stored result belongs to the plan. The merge, `namo verify`,
`namo status` and the pipeline, before it decides which chunks to collect, ask it the same question.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from namo.errors import UsageError
from namo.files import from_here, sha256_of
from namo.learning.bundle_files import MODEL_PATHS
from namo.results.fingerprint import Versions, fingerprint_of
from namo.results.metadata_types import AskedRecord
from namo.results.run_lock import read_plan
from namo.scenes.sources import ListedScene, environments_from

_DEVICES = ("cuda", "cpu")
"""What the device "auto" stands for on one machine or another."""


class Objection(StrEnum):
    """Why a stored result does not belong to the plan."""

    SETTINGS = "collected with other settings"
    UNLISTED = "its scene is not listed"
    OTHER_SCENE = "another scene is listed in its place"
    CHANGED = "its scene file has changed"
    REPLACED = "collected again since, in another chunk"
    LOST = "its result file is missing or truncated"


class StoredResult(NamedTuple):
    """What a row of the metrics table says about where its environment's result comes from.

    Attributes:
        env_index: place in the list of environments.
        fingerprint: of the result.
        xml_file: scene file.
        scene_sha256: hash of the scene file; empty when it could not be read.
        difficulty: class of the scene; None when unknown.
        failed: whether the environment failed.
    """

    env_index: int
    fingerprint: str
    xml_file: str
    scene_sha256: str
    difficulty: str | None
    failed: bool


@dataclass(frozen=True)
class SceneSource:
    """Where environments are listed, as `namo.scenes.sources.environments_from` takes it.

    Attributes:
        xml_dir: folder of scenes.
        manifest: list of scenes.
        split: of a Parquet manifest.
    """

    xml_dir: str | None = None
    manifest: str | None = None
    split: str | None = None

    @property
    def name(self) -> str:
        """What is listed, for messages."""
        return self.manifest or self.xml_dir or "the list of demo scenes"

    def scenes(self, run_from: Path = Path()) -> tuple[ListedScene, ...]:
        """List the scenes again; their files are not looked at.

        Args:
            run_from: folder that relative paths start in.

        Raises:
            UsageError: the folder or the list is missing or invalid.
        """
        xml_dir, manifest = (
            None if path is None else run_from / path for path in (self.xml_dir, self.manifest)
        )
        return environments_from(xml_dir, manifest, self.split, look=False).scenes


@dataclass(frozen=True)
class CollectionPlan:
    """What a collection is asked to hold.

    Attributes:
        settings: those that decide results, models identified by their hash.
        source: where the environments are listed.
        scenes: the list; None when it cannot be read (it is then not compared).
        wanted: range of environments.
        label: of the run.
        run_from: folder that relative paths of scenes start in.
        versions: that results must have been made with; None for the present ones.
    """

    settings: Mapping[str, Any]
    source: SceneSource
    scenes: Sequence[ListedScene] | None
    wanted: range
    label: str
    run_from: Path = Path()
    versions: Versions | None = None

    def as_record(self) -> AskedRecord:
        """Return the plan for `run.json` and the plan file; the list itself is not part of it."""
        return {
            "settings": dict(self.settings),
            "xml_dir": _normal(self.source.xml_dir),
            "manifest": _normal(self.source.manifest),
            "split": self.source.split,
            "start": self.wanted.start,
            "end": self.wanted.stop,
            "label": self.label,
        }

    @cached_property
    def _variants(self) -> list[Mapping[str, Any]]:
        """The settings, once for each device that they may stand for."""
        if self.settings.get("ml_device") != "auto":
            return [self.settings]
        return [{**self.settings, "ml_device": device} for device in _DEVICES]

    def objection(self, result: StoredResult, *, look: bool) -> Objection | None:
        """Return why a stored result does not belong to the plan; None when it does.

        Args:
            result: what the tables say about it.
            look: compare the scene file's present content too.
        """
        index, sha256 = result.env_index, result.scene_sha256
        if not any(
            fingerprint_of(settings, index, sha256, self.versions) == result.fingerprint
            for settings in self._variants
        ):
            return Objection.SETTINGS
        if self.scenes is None:
            return None
        if index >= len(self.scenes):
            return Objection.UNLISTED
        listed = self.scenes[index]
        if not self._is_same_file(result.xml_file, listed.path):
            return Objection.OTHER_SCENE
        if listed.difficulty != result.difficulty:
            return Objection.OTHER_SCENE
        if not result.failed and listed.sha256 not in (None, sha256):
            return Objection.OTHER_SCENE
        if look and scene_sha256(listed.path) != sha256:
            return Objection.CHANGED
        return None

    def _is_same_file(self, recorded: str, listed: Path) -> bool:
        return (  # cheapest first
            recorded == recorded_name(listed)
            or recorded == recorded_name(from_here(listed))
            or _absolute(self.run_from / recorded) == recorded_name(Path(_absolute(listed)))
        )

    def differences(self, config: Mapping[str, Any]) -> str:
        """Return the settings of a part that differ, as text: "seed is 2, now 1".

        Args:
            config: settings of the part, as its marker holds them.
        """
        return ", ".join(
            f"{name} is {config[name]!r}, now {value!r}"
            for name, value in self.settings.items()
            if name in config
            and name not in MODEL_PATHS
            and config[name] != value
            and (name, value) != ("ml_device", "auto")
        )


def _absolute(path: Path) -> str:
    return os.path.normpath(path.absolute())  # links are left alone, unlike by `Path.resolve`


def _normal(path: str | None) -> str | None:
    return None if path is None else str(Path(path))


def plan_from_record(
    record: AskedRecord,
    place: Path = Path(),
    versions: Versions | None = None,
    *,
    listed: bool = True,
) -> CollectionPlan:
    """Return the plan that a record holds; the list of scenes is read again where it can be.

    Args:
        record: from `run.json` or the plan file.
        place: folder that relative paths start in.
        versions: see `CollectionPlan`.
        listed: read the list of scenes.
    """
    source = SceneSource(record["xml_dir"], record["manifest"], record["split"])
    scenes: tuple[ListedScene, ...] | None = None
    if listed:
        with suppress(UsageError, OSError):
            scenes = source.scenes(place)
    return CollectionPlan(
        record["settings"],
        source,
        scenes,
        range(record["start"], record["end"]),
        record["label"],
        place,
        versions,
    )


def last_plan(folder: Path) -> CollectionPlan | None:
    """Return what the last run into a folder asked for; None when that is not written down.

    Args:
        folder: of the collection.

    Raises:
        ResultFileError: the plan file is damaged.
    """
    written = read_plan(folder)
    return None if written.asked is None else plan_from_record(written.asked, written.run_from)


def recorded_name(path: Path) -> str:
    """Return a scene file's path as records hold it; bytes that are not UTF-8 are escaped."""
    return str(path).encode("utf-8", "backslashreplace").decode()


def scene_sha256(path: Path) -> str:
    """Return the hash of a scene file's present content; empty when it cannot be read."""
    try:
        return sha256_of(path)
    except OSError:
        return ""
