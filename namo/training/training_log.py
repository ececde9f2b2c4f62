"""The log of a training for TensorBoard: event files in which every step stands once.

    tensorboard --logdir results/learning

Each process of a training writes one file. A checkpoint holds the sizes of all of them
(`TrainingLog.flush`), so that the process that resumes from it cuts off later events and continues
with the next step.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import torch
from tensorboardX.proto.event_pb2 import Event, SessionLog
from tensorboardX.proto.summary_pb2 import Summary
from tensorboardX.record_writer import RecordWriter
from tensorboardX.summary import hparams, text

from namo.files import named_errors
from namo.numeric_platform import numeric_platform
from namo.syncing import make_folder, sync
from namo.training.search_quality import SearchQuality
from namo.training.settings import TrainingSettings
from namo.version import RESULTS_VERSION, __version__

PREFIX, DIGITS = "events.out.tfevents.", 6
"""Names of the files: the beginning by which TensorBoard knows them, then digits of their number.

TensorBoard reads the files of a folder in the order of their names.
"""
STEP, EPOCH, ABOUT = "step/", "epoch/", "training"
"""Beginnings of the tags of values, and the tag of the text that describes the training."""


def describe(
    kind: str,
    settings: TrainingSettings,
    card: Mapping[str, Any],
    searched_with: list[str],
    device: torch.device,
) -> dict[str, Any]:
    """Return what determines a training, as JSON values.

    Args:
        kind: "object" or "goal".
        settings: of the training, its seeds among them.
        card: of the data set.
        searched_with: SHA-256 of the held-out scenes and of the model that is searched with.
        device: that is trained on.
    """
    return {
        "kind": kind,
        "settings": settings.as_dict(),
        "data": {name: card[name] for name in ("data_sha256", "manifest_sha256", "sources")},
        "searched_with_sha256": searched_with,
        "versions": {
            "namo-collect": __version__,
            "results": RESULTS_VERSION,
            "data set": card["schema_version"],
            "numerics": numeric_platform(),
            "torch": str(torch.__version__),
            "device": str(device),
        },
    }


class TrainingLog:
    """Writes the event files of a training, the first of them when there is something to say."""

    def __init__(
        self,
        folder: Path,
        about: Mapping[str, Any],
        sizes: Mapping[str, int],
        step: int,
    ) -> None:
        """Say what to log; nothing is read or written yet.

        Args:
            folder: of the model, and of the files.
            about: what determines the training, see `describe`; TensorBoard lists what is below
                `settings` as hyperparameters.
            sizes: of the files to continue (bytes), from the checkpoint; other files are replaced.
            step: the last one that these files hold.
        """
        self._folder, self._about, self._sizes, self._step = folder, about, sizes, step
        self._writer: RecordWriter | None = None

    def write(self, kind: str, step: int, values: Mapping[str, float]) -> None:
        """Append values of a step or an epoch.

        Args:
            kind: `STEP` or `EPOCH`.
            step: number of optimiser steps so far, in all epochs.
            values: name -> value, in the unit of that name or a plain number.

        Raises:
            OSError: a file cannot be written; names it.
        """
        if self._writer is None:
            self._writer = self._begin()
        each = [Summary.Value(tag=kind + name, simple_value=values[name]) for name in values]
        self._append(self._writer, Event(step=step, summary=Summary(value=each)))

    def flush(self) -> dict[str, int]:
        """Flush the log to disk and return the size of each file (bytes), for the checkpoint.

        Raises:
            OSError: a file cannot be written; names it.
        """
        if self._writer is None:
            return dict(self._sizes)
        with named_errors(Path(self._writer.path)):
            self._writer.flush()
            sync(Path(self._writer.path))
        return {path.name: path.stat().st_size for path in self._files()}

    def close(self) -> None:
        """Write what is in memory and close the file.

        Raises:
            OSError: it cannot be written; names it.
        """
        if self._writer is not None:
            with named_errors(Path(self._writer.path)):
                self._writer.close()

    def _files(self) -> list[Path]:
        return sorted(self._folder.glob(PREFIX + "[0-9]" * DIGITS))

    def _begin(self) -> RecordWriter:
        """Cut the files to what the checkpoint knows of, and begin the next one."""
        make_folder(self._folder)
        found = self._files()
        for path in found:
            if path.name not in self._sizes:
                path.unlink()
            elif path.stat().st_size > self._sizes[path.name]:
                os.truncate(path, self._sizes[path.name])
        # Numbers are not used again, so that a reader at work takes up the new file.
        number = 1 + max((int(path.name.removeprefix(PREFIX)) for path in found), default=0)
        path = self._folder / f"{PREFIX}{number:0{DIGITS}d}"
        writer = RecordWriter(str(path))
        sync(self._folder)
        self._append(writer, Event(file_version="brain.Event:2"))
        # A reader at work may have read what was cut off: it forgets all from this step on.
        first = self._step + 1 if self._sizes else 0
        self._append(writer, Event(step=first, session_log=SessionLog(status=SessionLog.START)))
        if not self._sizes:
            for summary in self._description():
                self._append(writer, Event(summary=summary))
        return writer

    def _description(self) -> list[Any]:
        """Return the summaries that describe the training, as text and as hyperparameters."""
        parameters = {
            name: value if isinstance(value, bool | int | float | str) else json.dumps(value)
            for name, value in self._about["settings"].items()
        }
        metrics = [EPOCH + entry.name for entry in fields(SearchQuality)]
        experiment, session, _ = hparams(parameters, metrics)
        indented = json.dumps(self._about, indent=2, sort_keys=True)
        return [experiment, session, text(ABOUT, f"```json\n{indented}\n```")]

    @staticmethod
    def _append(writer: RecordWriter, event: Event) -> None:
        event.wall_time = time.time()
        with named_errors(Path(writer.path)):
            writer.write(event.SerializeToString())
