"""Tar files of plain files, as `namo pack` writes them, read without Python's reader.

That one also decompresses, expands sparse files and follows headers wherever they point, so a few
bytes can fill the disk or keep it busy for ever. Here a member is a run of bytes of the archive
behind the member before it: what comes out has at most the size of what went in.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tarfile import AREGTYPE, BLOCKSIZE, REGTYPE, XHDTYPE, HeaderError, TarInfo
from typing import BinaryIO

from namo.errors import ResultFileError

MAX_EXTENDED_BYTES = 65536
"""Size of the largest extended header, which holds long names, great sizes and times (bytes)."""
_RECORD = re.compile(rb"([1-9][0-9]{0,4}) ([^=\n]+)=")
"""Start of a record of an extended header: its length, which is of all of it, and its key."""
_SIZE = re.compile(r"[0-9]{1,18}")
_END = bytes(BLOCKSIZE)
_COPIED_BYTES = 2**20


@dataclass(frozen=True)
class PlainMember:
    """A file in an archive.

    Attributes:
        name: its path, which may be anything.
        offset: where its content begins in the archive (bytes).
        size: of its content, all of which the archive holds (bytes).
    """

    name: str
    offset: int
    size: int


def plain_members(handle: BinaryIO, archive: Path) -> Iterator[PlainMember]:
    """Yield the files in an archive, in the order in which they are stored.

    Args:
        handle: of the archive, opened for reading.
        archive: its path, for messages.

    Raises:
        ResultFileError: it is no uncompressed tar file, is truncated, or holds what is not a plain
            file.
    """
    held = os.fstat(handle.fileno()).st_size
    place, extended = 0, dict[str, str]()
    while (header := _header_at(handle, place, archive)) is not None:
        place += BLOCKSIZE
        name, size, most = header.name, header.size, held - place
        if header.type == XHDTYPE:
            most = min(most, MAX_EXTENDED_BYTES)
        elif header.type in (REGTYPE, AREGTYPE) and not _is_sparse(extended):
            name, size = extended.get("path", name), _size_in(extended, size)
        else:
            raise ResultFileError(f"{archive}: {name!r:.80} is not a plain file; expected no other")
        if not 0 <= size <= most:
            raise ResultFileError(
                f"{archive}: {name!r:.80} has a size of {size} bytes; allowed here: 0 to {most}"
            )
        if header.type == XHDTYPE:
            extended = _extended_at(handle, place, size, archive)
        else:
            yield PlainMember(name, place, size)
            extended = {}
        place += -(-size // BLOCKSIZE) * BLOCKSIZE


def copy_member(handle: BinaryIO, member: PlainMember, target: Path) -> None:
    """Write the content of a member to a file.

    Args:
        handle: of the archive.
        member: of it.
        target: file to write; replaced if it exists.

    Raises:
        OSError: the disk is full, and so on.
    """
    handle.seek(member.offset)
    left = member.size
    with target.open("wb") as copy:
        # An archive that is cut off meanwhile gives a short file, which has another checksum.
        while left and (data := handle.read(min(left, _COPIED_BYTES))):
            copy.write(data)
            left -= len(data)


def _header_at(handle: BinaryIO, place: int, archive: Path) -> TarInfo | None:
    """Return the header at a place of an archive (bytes), None at its end."""
    handle.seek(place)
    block = handle.read(BLOCKSIZE)
    try:
        return None if block == _END else TarInfo.frombuf(block, "utf-8", "surrogateescape")
    except HeaderError as error:
        raise ResultFileError(
            f"{archive}: not a tar file of a part, or truncated: {error} at byte {place}; expected "
            "a file that `namo pack` has written"
        ) from None


def _extended_at(handle: BinaryIO, place: int, size: int, archive: Path) -> dict[str, str]:
    """Return the records of an extended header, whose place and size are in bytes."""
    handle.seek(place)
    data, start = handle.read(size), 0
    records = {}
    while start < len(data):
        match = _RECORD.match(data, start)
        end = start + int(match[1]) if match is not None else 0
        if match is None or not match.end() < end <= len(data) or data[end - 1 : end] != b"\n":
            raise ResultFileError(
                f"{archive}: extended header at byte {place} is damaged; expected a file that "
                "`namo pack` has written"
            )
        value = data[match.end() : end - 1]
        records[_text(match[2])] = _text(value)
        start = end
    return records


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def _is_sparse(extended: dict[str, str]) -> bool:
    return any(key.startswith("GNU.sparse") for key in extended)


def _size_in(extended: dict[str, str], size: int) -> int:
    """Return the size of a member (bytes), which its own header cannot hold from 8 GiB on."""
    if "size" not in extended:
        return size
    return int(extended["size"]) if _SIZE.fullmatch(extended["size"]) else -1
