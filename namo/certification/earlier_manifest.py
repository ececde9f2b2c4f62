"""The manifest that an earlier certification has written, whose figures are used again."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from namo.certification.effort import Effort
from namo.certification.figures import Row
from namo.errors import UsageError
from namo.numeric_platform import numeric_platform
from namo.version import CERTIFICATION_VERSION

CERTIFIED = "certified"
"""Metadata key of what decides the figures; marks a manifest of scenes that nobody generated."""


@dataclass(frozen=True)
class EarlierManifest:
    """The manifest of an earlier run.

    Attributes:
        rows: of it.
        effort: with which its difficulties were measured; None if none were.
    """

    rows: tuple[Row, ...] = ()
    effort: Effort | None = None

    @classmethod
    def read(cls, manifest: Path) -> EarlierManifest:
        """Read it if it exists; its rows count if this version measures the same on this machine.

        Raises:
            UsageError: the file is not a manifest that was written here.
        """
        if not manifest.exists():
            return cls()
        try:
            table = pq.read_table(manifest)
            stored = json.loads((table.schema.metadata or {})[CERTIFIED.encode()])
            effort = stored["effort"] and Effort(**stored["effort"])
        except (pa.ArrowException, OSError, ValueError, KeyError, TypeError) as error:
            raise UsageError(
                f"{manifest}: was not written by `namo scenes certify` or `import` "
                f"({type(error).__name__}); choose another file"
            ) from error
        if fingerprint_of(effort) != json.dumps(stored, sort_keys=True):
            return cls()
        return cls(tuple(table.to_pylist()), effort)

    def figures(self, effort: Effort | None) -> dict[str, Row]:
        """Return the figures, by SHA-256, that an effort would give again; all if there is none."""
        if effort is None:
            return {row["sha256"]: row for row in self.rows}
        if effort != self.effort:
            return {}
        return {row["sha256"]: row for row in self.rows if row["difficulty"] is not None}


def fingerprint_of(effort: Effort | None) -> str:
    """Return what decides the figures of a scene, as JSON.

    Args:
        effort: see `namo.certification.figures`.
    """
    return json.dumps(
        {
            "effort": effort and asdict(effort),
            "version": CERTIFICATION_VERSION,
            "numerics": numeric_platform(),
        },
        sort_keys=True,
    )
