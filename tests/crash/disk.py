"""Every state that a disk may be in after a power cut, from a recorded run.

The model is that of a journaling file system that orders no data (ext4 with `data=writeback`, XFS).
Changes of names (files and folders created, renamed, removed) reach the disk in the order in which
they were made, but how many of the latest is open; each `fsync` brings all changes before it to the
disk. Data of a file are certain to be there only once that file was synced; until then
the file may have what it had when it was synced last, or be empty, cut off or full of zeros. Where
more was appended, this is so for what was appended.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Names = tuple[tuple[str, int | None], ...]
"""Relative paths, folders before what is in them, each with the identity of its file, or None."""
_CHANGES = {
    *("os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.link", "os.symlink", "os.truncate"),
    *("os.chmod", "open"),
}
"""Audit events before which the tree is looked at."""
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


@dataclass(frozen=True)
class Moment:
    """A tree between two operations.

    Attributes:
        names: what there is.
        contents: hash of what each file holds, by identity.
        synced: likewise, of what is certain to be on the disk; lacks files that never were synced.
        journaled: number of the latest moment of which all names are on the disk.
    """

    names: Names
    contents: dict[int, str]
    synced: dict[int, str]
    journaled: int


class Recorder:
    """Follows a folder through all operations of this process.

    Attributes:
        moments: the trees between operations, in order, equal neighbours joined.
        blobs: contents by hash.
    """

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        self.moments: list[Moment] = []
        self.blobs: dict[str, bytes] = {}
        self._identities: dict[int, int] = {}  # inode -> identity
        self._hashes: dict[int, tuple[tuple[int, int, int], str]] = {}  # by identity
        self._synced: dict[int, str] = {}
        self._journaled = self._files = 0

    @contextmanager
    def recording(self) -> Iterator[None]:
        """Record while the block runs."""
        global _active
        sync = os.fsync
        os.fsync = self._fsync
        try:
            self._look()
            self._synced, self._journaled = dict(self.moments[-1].contents), 0
            self.moments.clear()
            self._look()
            _active = self
            yield
            _active = None
            self._look()
        finally:
            _active = None
            os.fsync = sync

    def before(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Look at the tree before an operation changes it."""
        if event != "open" or (isinstance(arguments[2], int) and arguments[2] & _WRITING):
            self._look()

    def _fsync(self, file: int) -> None:
        self._look()
        identity = self._identities.get(os.fstat(file).st_ino)
        if identity in self.moments[-1].contents:
            self._synced[identity] = self.moments[-1].contents[identity]
        self._journaled = len(self.moments) - 1
        self._look()

    def _look(self) -> None:
        global _active
        resumed, _active = _active, None  # what this does is no operation of the run
        found: list[tuple[str, int | None]] = []
        contents, inodes = {}, {}
        for path in sorted(self.root.rglob("*")):
            name = str(path.relative_to(self.root))
            if path.is_dir():
                found.append((name, None))
                continue
            about = path.lstat()
            identity = self._identities.get(about.st_ino)
            if identity is None:
                identity = self._files = self._files + 1
            inodes[about.st_ino] = identity
            contents[identity] = self._hash(identity, path, about)
            found.append((name, identity))
        self._identities = inodes
        self._synced = {one: self._synced[one] for one in self._synced if one in contents}
        moment = Moment(tuple(found), contents, dict(self._synced), self._journaled)
        if not self.moments or self.moments[-1] != moment:
            self.moments.append(moment)
        _active = resumed

    def _hash(self, identity: int, path: Path, about: os.stat_result) -> str:
        assert stat.S_ISREG(about.st_mode), f"{path} is not a regular file"
        stamp = about.st_size, about.st_mtime_ns, about.st_ctime_ns
        known = self._hashes.get(identity)
        if known is None or known[0] != stamp:
            content = path.read_bytes()
            digest = hashlib.sha256(content).hexdigest()
            self.blobs[digest] = content
            known = self._hashes[identity] = stamp, digest
        return known[1]


_active: Recorder | None = None


def _audit(event: str, arguments: tuple[Any, ...]) -> None:
    if _active is not None and event in _CHANGES:
        _active.before(event, arguments)


sys.addaudithook(_audit)

Damage = Callable[[bytes, bytes], bytes]
"""Takes what a file should hold and what was synced last; returns what it holds."""
DAMAGES: dict[str, Damage] = {
    "complete": lambda written, _: written,
    "lost": lambda _, synced: synced,
    "empty": lambda *_: b"",
    "cut": lambda written, _: written[: len(written) // 2],
    "zeros": lambda written, _: bytes(len(written)),
}
"""What may have become of data that was not synced."""


@dataclass(frozen=True)
class DiskState:
    """What a disk may hold after a power cut.

    Attributes:
        label: says after which operation power was cut, how many changes of names were lost, and
            what became of data that was not synced.
        folders: relative paths.
        files: relative path -> content.
    """

    label: str
    folders: tuple[str, ...]
    files: dict[str, bytes] = field(repr=False)

    def lay(self, root: Path) -> None:
        """Make a folder hold this state, and nothing else."""
        shutil.rmtree(root, ignore_errors=True)
        root.mkdir(parents=True)
        for folder in self.folders:
            (root / folder).mkdir(parents=True, exist_ok=True)
        for path, content in self.files.items():
            (root / path).write_bytes(content)


def disk_states(recorder: Recorder) -> Iterator[DiskState]:
    """Yield every state that the disk may be in, at whichever moment power is cut; each once."""
    seen: set[str] = set()
    for now, moment in enumerate(recorder.moments):
        for kept in range(moment.journaled, now + 1):
            names = recorder.moments[kept].names
            for damage, damaged in DAMAGES.items():
                files = {}
                for path, identity in names:
                    if identity is not None:
                        files[path] = _content(recorder, kept, now, identity, damaged)
                folders = tuple(path for path, identity in names if identity is None)
                key = _key(folders, files)
                if key not in seen:
                    seen.add(key)
                    yield DiskState(f"operation {now}, {now - kept} lost, {damage}", folders, files)


def _content(recorder: Recorder, kept: int, now: int, identity: int, damaged: Damage) -> bytes:
    """Return what a file may hold that a moment names, when power is cut at another."""
    last = next(  # a file that is removed by now has what it had before
        recorder.moments[place]
        for place in range(now, kept - 1, -1)
        if identity in recorder.moments[place].contents
    )
    written, synced = last.contents[identity], last.synced.get(identity)
    if written == synced:
        return recorder.blobs[written]
    content, before = recorder.blobs[written], b"" if synced is None else recorder.blobs[synced]
    if content.startswith(before):
        return before + damaged(content[len(before) :], b"")
    return damaged(content, before)


def _key(folders: tuple[str, ...], files: dict[str, bytes]) -> str:
    digest = hashlib.sha256("\0".join(folders).encode())
    for path in sorted(files):
        digest.update(f"\0{path}\0{len(files[path])}\0".encode())
        digest.update(files[path])
    return digest.hexdigest()
