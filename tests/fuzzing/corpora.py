"""The corpora that are kept: one archive per target, of inputs that reach different branches."""

from __future__ import annotations

import io
import lzma
import tarfile
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path

CORPORA = Path(__file__).with_name("corpora")


def kept_inputs(target: str) -> list[bytes]:
    """The inputs that are kept of a target; none of a new one."""
    path = _archive(target)
    if not path.exists():
        return []
    with tarfile.open(path) as archive:
        handles = [archive.extractfile(member) for member in archive]
        return [handle.read() for handle in handles if handle is not None]


def keep_inputs(target: str, inputs: Iterable[bytes]) -> Path:
    """Write the archive of a target, whose path is returned; equal inputs give equal bytes."""
    path = _archive(target)
    path.parent.mkdir(exist_ok=True)
    with (
        lzma.open(path, "wb", preset=9 | lzma.PRESET_EXTREME) as packed,
        tarfile.open(fileobj=packed, mode="w|") as archive,
    ):
        for data in sorted(set(inputs)):  # similar ones side by side take less room
            member = tarfile.TarInfo(name_of(data))
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return path


def name_of(data: bytes) -> str:
    """The name of the file of an input: equal inputs have the same."""
    return sha256(data).hexdigest()[:16]


def _archive(target: str) -> Path:
    return CORPORA / f"{target}.tar.xz"
