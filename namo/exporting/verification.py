"""Verify an exported data set: check its files against its card and replay every plan."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from namo.errors import ResultFileError, SceneError
from namo.exporting.huggingface import digest_of
from namo.files import sha256_of
from namo.results.collected_scenes import TABLE, CollectedScenes
from namo.results.collection import Collection
from namo.results.export_folder import CARD, EXPORTED, exported_shards
from namo.results.minimal_check import MinimalCheck
from namo.results.problem import Problem
from namo.results.replay import replay_plans
from namo.results.searched_environment import SearchedEnvironment

_MARK = "sha256 "
"""What the description of a table on the card has before its hash."""


@dataclass
class ExportVerification:
    """The verification of an exported data set; iterate over `problems`, then read the counts.

    Attributes:
        folder: of the data set.
        replays: whether to replay plans.
        run_from: folder in which the collection was run; relative scene paths start there.
        minimal: checks that no push of a plan can be dropped; None to leave that out.
        files: number of files compared with the card.
        environments: number of environments with a push.
        plans: number of plans replayed.
        proofs: always 0: what unsolved searches have shown is checked in the collection.
        notes: lines that say what could not be compared.
    """

    folder: Path
    replays: bool = True
    run_from: Path = Path()
    minimal: MinimalCheck | None = None
    files: int = 0
    environments: int = 0
    plans: int = 0
    proofs: int = 0
    notes: list[str] = field(default_factory=list)

    def problems(self) -> Iterator[Problem]:
        """Yield all problems.

        Raises:
            ResultFileError: the card is damaged.
        """
        listed = _listed(self.folder / CARD)
        found = [*self._files(listed)]
        yield from found
        if found:
            return
        try:
            for searched in Collection(self.folder).searched():
                self.environments += 1
                if self.replays:
                    yield from self._plans(searched)
        except ResultFileError as error:
            yield Problem(str(self.folder), str(error), repairable=False)
        if self.minimal is not None:
            self.notes += self.minimal.notes()

    @cached_property
    def _scenes(self) -> CollectedScenes:
        return CollectedScenes(self.folder, self.run_from, self.notes.append)

    def _files(self, listed: Mapping[str, str]) -> Iterator[Problem]:
        """Compare the tables with the hashes on the card."""
        stored = self.folder / f"{TABLE}.parquet"
        for name in (*EXPORTED, TABLE):
            path = self.folder / name
            try:
                if name == TABLE:
                    self.files += 1
                    digest = sha256_of(stored)
                else:
                    self.files += len(exported_shards(self.folder, EXPORTED[name]))
                    digest = digest_of(path)
            except (ResultFileError, OSError) as error:
                yield Problem(name, str(error), repairable=False)
                continue
            if digest != listed.get(name):
                text = f"checksum mismatch: sha256 differs from {CARD}"
                yield Problem(name, text, repairable=False)

    def _plans(self, searched: SearchedEnvironment) -> Iterator[Problem]:
        reference, conditions = searched.reference, searched.conditions
        check = None if self.minimal is None else self.minimal.problem
        plans = replay_plans(self._scenes, reference, conditions, searched.episodes, then=check)
        try:
            for name, problem in plans:
                self.plans += 1
                if problem:
                    yield Problem(name, problem, repairable=False)
        except (SceneError, ResultFileError) as error:
            yield Problem(reference["env_id"], f"cannot be replayed: {error}", repairable=False)


def _listed(card: Path) -> dict[str, str]:
    """Return the hash of each table on a card.

    Raises:
        ResultFileError: the card cannot be read, or has no such hashes.
    """
    try:
        front: Any = yaml.safe_load(card.read_text("utf-8").split("---\n")[1])
        return {
            each["config_name"]: each["description"].rpartition(_MARK)[2]
            for each in front["configs"]
        }
    except (OSError, ValueError, LookupError, TypeError, AttributeError, yaml.YAMLError) as error:
        raise ResultFileError(f"{card}: holds no hashes of tables: {error}") from None
