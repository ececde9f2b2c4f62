"""An append-only log of JSON lines with checksums, from which an interrupted job resumes."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from namo.syncing import make_folder, sync


class AppendLog:
    """Rows as lines of JSON, each preceded by its SHA-256; the first line is a fingerprint.

    Open it with `with` to append. Rows after a damaged or incomplete line are dropped, and so are
    all rows of a log with another fingerprint.

    Attributes:
        path: of the file.
        rows: those of an earlier run.
    """

    def __init__(self, path: Path, fingerprint: str) -> None:
        """Read what an earlier run has appended.

        Args:
            path: of the file; it need not exist.
            fingerprint: of what decides the rows.
        """
        self.path, self._fingerprint = path, fingerprint
        self._valid_bytes = 0
        self.rows = list(self._read())

    def _read(self) -> Iterator[dict[str, Any]]:
        if not self.path.exists():
            return
        for number, line in enumerate(self.path.read_bytes().splitlines(keepends=True)):
            checksum, _, text = line.partition(b" ")
            if not line.endswith(b"\n") or hashlib.sha256(text).hexdigest().encode() != checksum:
                return  # the line at which the earlier run was killed
            content = json.loads(text)
            if number == 0 and content != self._fingerprint:
                return  # of other settings: start over
            self._valid_bytes += len(line)
            if number:
                yield content

    def __enter__(self) -> None:
        make_folder(self.path.parent)
        self._handle = self.path.open("ab")
        self._handle.truncate(self._valid_bytes)
        if not self._valid_bytes:
            self.append(self._fingerprint)
            sync(self.path.parent)

    def __exit__(self, *_: object) -> None:
        self._handle.close()

    def append(self, content: dict[str, Any] | str) -> None:
        """Append a line and flush it to disk."""
        text = json.dumps(content).encode() + b"\n"
        self._handle.write(hashlib.sha256(text).hexdigest().encode() + b" " + text)
        self._handle.flush()
        os.fsync(self._handle.fileno())
