"""A part under construction: rows and counts of a chunk, added one environment at a time."""

from __future__ import annotations

import os
import resource
import socket
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from operator import itemgetter
from pathlib import Path
from typing import Any, cast

import pyarrow as pa

from namo.collection.config import CollectionConfig
from namo.collection.environment import Environment
from namo.learning.inference_stats import add_up, without_counts
from namo.numeric_platform import numeric_platform
from namo.results.collected_scenes import file_text, scene_file_row
from namo.results.metadata_types import FileEntry, ModelUseRecord, PartMetadata
from namo.results.record_types import EnvironmentRecord, MetricsRow
from namo.results.records import file_entry, read_environment
from namo.results.schema import FILES, METRICS, PLANS, PUSHES, SCENES
from namo.scenes.scene import Scene

_MAXRSS_UNIT = 1 if sys.platform == "darwin" else 1024
"""Bytes per unit of `ru_maxrss`, which differs between operating systems."""


@dataclass(frozen=True)
class _Rows:
    """Rows of one environment, without its pushes, which may exceed memory for a whole chunk."""

    metrics: list[MetricsRow]
    plans: pa.Table
    scene: pa.Table
    file: FileEntry


class PartBuilder:
    """Accumulates the rows and counts of a part; environments may be added in any order.

    Attributes:
        resumed: number of environments that an earlier run had finished.
        failed: error messages by environment, in the order they were added.
    """

    def __init__(self, output_dir: Path, environments: Sequence[Environment]) -> None:
        """Start with no environment added.

        Args:
            output_dir: folder of the collection, with the files of the environments.
            environments: all environments of the part, in order.
        """
        self._output_dir, self._environments = output_dir, environments
        self._rows: dict[int, _Rows] = {}
        self._texts: dict[str, str] = {}
        self._work_s = 0.0
        self._uses: list[dict[str, Any]] = []
        self.resumed = 0
        self.failed: dict[int, str] = {}

    def keep(self, scene: Scene) -> None:
        """Keep the text of a scene that was read to be collected in."""
        self.keep_text(scene.sha256, file_text(scene))

    def keep_text(self, sha256: str, text: str) -> None:
        """Keep the text of a scene file, by its hash."""
        self._texts[sha256] = text

    def add(self, environment: Environment, record: EnvironmentRecord, *, resumed: bool) -> None:
        """Add an environment whose file has been written.

        Args:
            environment: which one.
            record: content of its file.
            resumed: whether an earlier run had finished it.

        Raises:
            SceneError: its scene was not kept, and the file is no longer that of the record.
        """
        self.resumed += resumed
        self._work_s += record["processing_time"]
        self._uses += map(dict, record["models"] or ())
        if record["error"]:
            self.failed[environment.index] = record["error"]["message"]
        if record["scene"] and record["scene_sha256"] not in self._texts:
            self._texts[record["scene_sha256"]] = environment.scene_text(record["scene_sha256"])
        path = self._output_dir / environment.file_name
        self._rows[environment.index] = _Rows(
            metrics=record["metrics"],
            plans=pa.table(record["plans"], schema=PLANS),
            scene=pa.Table.from_pylist([record["scene"]] if record["scene"] else [], SCENES),
            file=file_entry(path, self._output_dir, len(record["episode_results"])),
        )

    def tables(self, chunk: str) -> dict[str, Iterable[pa.Table]]:
        """Return the tables of the part, with rows in order of the environments.

        Args:
            chunk: name of the part, for the column `chunk` of the metrics.
        """
        rows = [rows for _, rows in sorted(self._rows.items(), key=itemgetter(0))]
        metrics = chain.from_iterable(each.metrics for each in rows)
        return {
            "metrics": [
                pa.Table.from_pylist([{**row, "chunk": chunk} for row in metrics], METRICS)
            ],
            # Read back one by one, so that memory stays bounded.
            "pushes": (
                pa.table(
                    read_environment(self._output_dir / each.file_name)["pushes"], schema=PUSHES
                )
                for each in self._environments
            ),
            "plans": [each.plans for each in rows],
            "scenes": [each.scene for each in rows],
            "scene_files": (
                scene_file_row(sha256, self._texts[sha256])
                for sha256 in dict.fromkeys(
                    chain.from_iterable(each.scene["scene_sha256"].to_pylist() for each in rows)
                )
            ),
            "files": [pa.Table.from_pylist([each.file for each in rows], FILES)],
        }

    def metadata(
        self,
        config: CollectionConfig,
        models: Sequence[dict[str, Any]],
        generation: int,
        began_unix_s: float,
        duration_s: float,
    ) -> PartMetadata:
        """Return the content of the part's marker.

        Args:
            config: settings.
            models: those of the process, see `namo.results.metadata_types.ModelUseRecord`; what
                they were used for is in the records.
            generation: of the part.
            began_unix_s: when the process began (s since 1970).
            duration_s: wall time of the process (s).
        """
        environments = self._environments
        platforms = [str(model["platform"]) for model in models]
        return {
            "start": environments[0].index,
            "end": environments[-1].index + 1,
            "label": environments[0].label,
            "config": config.as_record(),
            "host": socket.gethostname(),
            "process": os.getpid(),
            "numerics": "; ".join([numeric_platform(), *platforms]),
            "work_s": self._work_s,
            "environments": len(environments),
            "resumed": self.resumed,
            "failed": {str(index): message for index, message in self.failed.items()},
            "peak_memory_bytes": _peak_memory_bytes(),
            "models_preloaded": cast(
                list[ModelUseRecord], add_up([*map(without_counts, models), *self._uses])
            ),
            "generation": generation,
            "began_unix_s": began_unix_s,
            "duration_s": duration_s,
        }


def _peak_memory_bytes() -> int:
    """Return the peak memory of this process or of the largest of its workers (bytes)."""
    which = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return max(resource.getrusage(each).ru_maxrss for each in which) * _MAXRSS_UNIT
