"""A part of a collection as one file: what it takes to put the part into another folder.

The archive is a tar file that mirrors the folder of the collection: the records of the part's
environments, then the tables of the part, its marker last. Object stores hold such files; a folder
takes one in only when every checksum in it is right.
"""

from __future__ import annotations

import re
import shutil
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast

from namo.errors import ResultFileError, UsageError
from namo.files import replacing, require_inside, sha256_of
from namo.regular_files import open_regular
from namo.results.index_range import require_range
from namo.results.parts import MARKER, PARTS, REPLACED, Part, Replacement, locked
from namo.results.plain_tar import PlainMember, copy_member, plain_members
from namo.results.record_files import environment_of
from namo.results.tables import TABLES, read_table
from namo.scenes.sources import range_name
from namo.syncing import sync, sync_tree

UNPACKED = ".unpacked"
"""Suffix of the folder that an archive is unpacked to before it is checked."""
_NAME = re.compile(r"(?:parts/\d+-\d+/)?[\w-][\w.-]{0,254}", re.ASCII)
"""Of a member: a file of the collection's folder, or of the folder of its part."""


def pack_part(part: Part, archive: Path) -> int:
    """Write a finished part and its records as one file.

    Args:
        part: of a collection.
        archive: file to write; a file of that name is replaced.

    Returns:
        Number of records in it.

    Raises:
        UsageError: the part is not finished.
        ResultFileError: a file of it is missing or damaged.
    """
    if not part.is_finished:
        raise UsageError(f"{part.folder}: is not finished; collect its environments first")
    part.verify(part.metadata())
    output_dir = part.folder.parents[1]
    records = list(_listed_records(part))
    for path, sha256 in records:
        _require_intact(path, sha256)
    with (
        replacing(archive) as handle,
        # Links become files, and headers are those that `plain_members` knows.
        tarfile.open(fileobj=handle, mode="w", format=tarfile.PAX_FORMAT, dereference=True) as tar,
    ):
        for path in (*(record for record, _ in records), *part.files()):
            tar.add(path, path.relative_to(output_dir).as_posix(), filter=_without_owner)
    return len(records)


def unpack_part(archive: Path, output_dir: Path) -> Part:
    """Put the part in an archive into the folder of a collection.

    Files that are there already with the same content stay; the marker is written last, when all
    else is on the disk. A record that replaces another one no longer counts in overlapping parts.

    Args:
        archive: as `pack_part` writes it.
        output_dir: folder of the collection; created.

    Returns:
        The part.

    Raises:
        ResultFileError: the file is no such archive, or damaged; nothing is put into the folder.
        BusyError: a process is collecting these environments.
    """
    with open_regular(archive) as handle:
        return _unpack(handle, archive, output_dir)


def _unpack(handle: BinaryIO, archive: Path, output_dir: Path) -> Part:
    members = list(_members(handle, archive))
    start, end = _range_of(members, archive)
    part = Part.of(output_dir, start, end)
    temporary = output_dir / f".{range_name(start, end)}{UNPACKED}"
    with locked(part):
        shutil.rmtree(temporary, ignore_errors=True)
        try:
            for member in members:
                target = temporary / member.name
                target.parent.mkdir(parents=True, exist_ok=True)
                copy_member(handle, member, target)
            new = Part.of(temporary, start, end)
            if not new.is_finished:
                raise ResultFileError(f"{archive}: holds no {MARKER}; expected a finished part")
            _take_in(new, part, archive)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
    return part


def _take_in(new: Part, part: Part, archive: Path) -> None:
    """Move the files of a part into a collection, after a look at all of them."""
    try:
        metadata = new.metadata()
        new.verify(metadata)
        records = list(_listed_records(new))
        for path, sha256 in records:
            _require_intact(path, sha256)
    except ResultFileError as error:
        raise ResultFileError(f"{archive}: {error}") from None
    sync_tree(new.folder.parents[1])
    part.require_inside()
    output_dir = part.folder.parents[1]
    replace = Replacement(part)
    part.marker.unlink(missing_ok=True)
    for path, sha256 in records:
        own = output_dir / path.name
        require_inside(output_dir, own)
        if not own.exists() or sha256_of(own) != sha256:
            replace(cast(int, environment_of(path.name)), metadata["label"])
            path.replace(own)
    for name in TABLES:
        new.table(name).replace(part.table(name))
    # As in `write_part`: from here on no other part has collected any of them since.
    (part.folder / REPLACED).unlink(missing_ok=True)
    for folder in (output_dir, part.folder.parent, part.folder):
        sync(folder)
    new.marker.replace(part.marker)
    sync(part.folder)


def _members(handle: BinaryIO, archive: Path) -> Iterator[PlainMember]:
    """Yield the members of an archive, after a look at what they are."""
    for member in plain_members(handle, archive):
        is_of_part = "/" in member.name or environment_of(member.name) is not None
        if not is_of_part or _NAME.fullmatch(member.name) is None:
            raise ResultFileError(
                f"{archive}: holds {member.name!r:.80}; expected records and {PARTS}/START-END/FILE"
            )
        yield member


def _range_of(members: list[PlainMember], archive: Path) -> tuple[int, int]:
    """Return the range of the one part in an archive."""
    folders = {member.name.rpartition("/")[0] for member in members} - {""}
    if len(folders) != 1:
        raise ResultFileError(f"{archive}: holds {len(folders)} parts; expected one")
    (folder,) = folders
    first, _, stop = folder.removeprefix(f"{PARTS}/").partition("-")
    start, end = require_range(first, stop, str(archive))
    expected = f"{PARTS}/{range_name(start, end)}"
    if folder != expected:
        raise ResultFileError(f"{archive}: holds {folder:.80}; expected {expected}")
    return start, end


def _listed_records(part: Part) -> Iterator[tuple[Path, str]]:
    """Yield the records that a part lists, with their checksums."""
    listed = read_table(part.table("files"), ["path", "sha256"])
    for name, sha256 in zip(*(listed[key].to_pylist() for key in ("path", "sha256")), strict=True):
        number = environment_of(name)
        if _NAME.fullmatch(name) is None or number is None or number not in part.numbers:
            raise ResultFileError(f"{part.table('files')}: lists {name!r:.80}, not a record of it")
        yield part.folder.parents[1] / name, sha256


def _require_intact(record: Path, sha256: str) -> None:
    if not record.is_file():
        raise ResultFileError(f"{record}: is missing, and its part lists it")
    if sha256_of(record) != sha256:
        raise ResultFileError(f"{record}: checksum mismatch with the list of its part")


def _without_owner(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    return member
