"""The reader of parts in tar files.

An input is such a file, of a part of one environment. A table in it that has no bytes stands for
one without rows, and `_mark` of its name, in the marker of the part, for its checksum; likewise for
that of the marker, so that what is behind the checksums is looked at too.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import tarfile
from functools import cache
from io import BytesIO
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from namo.errors import ResultFileError
from namo.files import sha256_of, write_sealed
from namo.results.part_archive import pack_part, unpack_part
from namo.results.parts import MARKER, Part, write_part
from namo.results.tables import TABLES
from tests.faults.mutations import bent
from tests.fuzzing.oracle import FindingError
from tests.fuzzing.plain_values import mutated_value

ERRORS = (ResultFileError,)
RECORD = "host_env_000000_results.pkl"
LISTED = "files"
"""The table that inputs hold themselves."""
METADATA: dict[str, Any] = {
    "start": 0,
    "end": 1,
    "label": "host",
    "config": {},
    "host": "host",
    "process": 1,
    "numerics": "",
    "work_s": 0.5,
    "environments": 1,
    "resumed": 0,
    "failed": {},
    "peak_memory_bytes": 1,
    "models_preloaded": [],
    "began_unix_s": 0.5,
    "duration_s": 0.5,
}
KINDS = (
    *(tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.LNKTYPE, tarfile.SYMTYPE, tarfile.DIRTYPE),
    *(tarfile.FIFOTYPE, tarfile.CONTTYPE, tarfile.XHDTYPE, tarfile.XGLTYPE),
    *(tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_SPARSE, tarfile.SOLARIS_XHDTYPE),
)
SIZES = (-(2**70), -512, -1, 0, 1, 511, 512, 513, 65536, 65537, 2**33, 2**63, 2**80)
NAMES = (
    *("../x", "/x", "parts", "part.json", "x_env_0_results.pkl", "x_env_1_results.pkl", "a" * 300),
    *("parts/0-1/part.json", "parts/000000-000001/x/y", "parts/000001-000000/part.json", "ü", "."),
)
RECORDS = (
    *(
        b"19 path=../../../x\n",
        b"12 size=512\n",
        b"11 size=-1\n",
        b"29 size=99999999999999999999\n",
    ),
    *(b"22 GNU.sparse.major=1\n", b"0 a=b\n", b"99999 a=b\n", b"6 a=b", b"x"),
)


NOT_CHANGED = (
    *(tarfile.TarError, pa.ArrowException, ValueError, TypeError, LookupError, AttributeError),
    *(OverflowError, RecursionError),
)
"""What says that an input, or a change of it, has no form that can be changed further."""


def seeds() -> list[bytes]:
    """A part as `pack_part` writes it, and without the extended headers, which hold times."""
    packed = _packed()
    members = [(name, b"" if _table_of(name) else data) for name, data in _members(packed)]
    timed = []
    for name, content in members:
        header = tarfile.TarInfo(name)
        header.size, header.mtime = len(content), 0.5
        timed.append(header.tobuf(tarfile.PAX_FORMAT) + _padded(content))
    return [_tar(members), b"".join(timed) + bytes(1024)]


def read(data: bytes, folder: Path) -> None:
    archive, out = folder / "input.tar", folder / "out"
    archive.write_bytes(_filled(data))
    try:
        unpack_part(archive, out)
    except ResultFileError:
        if any(path.is_file() and path.name != ".lock" for path in out.rglob("*")):
            raise FindingError("a refused archive has put files into the folder") from None
        raise
    finally:
        shutil.rmtree(out, ignore_errors=True)


def mutated(data: bytes, rng: Random) -> bytes:
    kind = rng.randrange(5)
    try:
        if kind == 0:
            return _with_changed_header(data, rng)
        members = _members(data)
        if kind == 1:
            return _tar(_changed_list(members, rng))
        if kind == 2:
            at = rng.randrange(len(data) // tarfile.BLOCKSIZE) * tarfile.BLOCKSIZE
            records = b"".join(rng.choices(RECORDS, k=rng.choice((1, 1, 2))))
            extended = _member("x", records, tarfile.XHDTYPE)
            return data[:at] + extended + data[at:]
        if kind == 3:
            return _tar([(name, _changed_content(name, held, rng)) for name, held in members])
    except NOT_CHANGED:
        pass  # its bytes can be changed all the same
    return bent(data, rng)


@cache
def _packed() -> bytes:
    """The archive of a part of one environment, whose marker has marks for checksums."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        part, record = Part.of(folder, 0, 1), folder / RECORD
        write_sealed(record, b"N.")
        row = {"path": RECORD, "bytes": record.stat().st_size, "sha256": sha256_of(record)}
        listed = pa.Table.from_pylist([{**row, "rows": 0}], schema=TABLES[LISTED])
        part.folder.mkdir(parents=True)
        rows = {name: [listed] if name == LISTED else [] for name in TABLES}
        write_part(part, rows, METADATA)  # type: ignore[arg-type]
        pack_part(part, folder / "part.tar")
        packed = (folder / "part.tar").read_bytes()
        marker = json.loads(part.marker.read_bytes())
        for table in TABLES:
            packed = packed.replace(marker["tables"][table].encode(), _mark(table))
        return packed.replace(marker["checksum"].encode(), _mark("checksum"))


@cache
def _full(table: str) -> bytes:
    """A table without rows."""
    (content,) = (data for name, data in _members(_packed()) if _table_of(name) == table)
    return content


def _filled(data: bytes) -> bytes:
    """An input with its tables and checksums."""
    try:
        listed = [held for name, held in _members(data) if name.endswith(f"/{LISTED}.parquet")]
    except (tarfile.TarError, ValueError):
        listed = []  # not an archive, which is for the reader to say
    for content in listed:
        data = data.replace(_mark(LISTED), hashlib.sha256(content).hexdigest().encode())
    for table in TABLES:
        if table != LISTED:
            name = f"parts/000000-000001/{table}.parquet"
            data = data.replace(_member(name, b""), _member(name, _full(table)))
            data = data.replace(_mark(table), hashlib.sha256(_full(table)).hexdigest().encode())
    for marker in re.findall(rb"\{\n.*?\n\}\n", data, re.DOTALL):
        try:
            content = json.loads(marker)
            if content.pop("checksum", "").encode() == _mark("checksum"):
                text = json.dumps(content, sort_keys=True)
                checksum = hashlib.sha256(text.encode()).hexdigest().encode()
                data = data.replace(marker, marker.replace(_mark("checksum"), checksum))
        except (ValueError, TypeError, AttributeError, RecursionError):
            continue  # not a marker, which is for the reader to say
    return data


def _mark(name: str) -> bytes:
    """What stands for a checksum, and is as long."""
    return f"%{name}%".ljust(64, "-").encode()


def _table_of(member: str) -> str | None:
    """The table without rows that a member is; None for other members."""
    table = member.rpartition("/")[2].removesuffix(".parquet")
    return table if table in TABLES and table != LISTED else None


def _members(data: bytes) -> list[tuple[str, bytes]]:
    """Names and contents of the files in an archive, without what extended headers say."""
    place, found = 0, []
    while (block := data[place : place + tarfile.BLOCKSIZE]) != bytes(tarfile.BLOCKSIZE):
        header = tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
        begin = place + tarfile.BLOCKSIZE
        if not 0 <= header.size <= len(data) - begin:
            raise ValueError("not the size of a member")
        if header.type == tarfile.REGTYPE:
            found.append((header.name, data[begin : begin + header.size]))
        place = begin + len(_padded(bytes(header.size)))
    return found


def _tar(members: list[tuple[str, bytes]]) -> bytes:
    return b"".join(_member(*each) for each in members) + bytes(1024)


def _member(name: str, content: bytes, kind: bytes = tarfile.REGTYPE) -> bytes:
    """A member with its headers; the same bytes for the same name and content."""
    header = tarfile.TarInfo(name)
    header.size, header.type = len(content), kind
    return header.tobuf(tarfile.PAX_FORMAT) + _padded(content)


def _padded(content: bytes) -> bytes:
    return content + bytes(-len(content) % tarfile.BLOCKSIZE)


def _with_changed_header(data: bytes, rng: Random) -> bytes:
    """An input of which a header has another name, type or size, and the right checksum."""
    places = []
    for at in range(0, len(data), tarfile.BLOCKSIZE):
        try:
            block = data[at : at + tarfile.BLOCKSIZE]
            places.append((at, tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")))
        except tarfile.HeaderError:
            continue
    at, header = rng.choice(places)
    kind = rng.randrange(3)
    if kind == 0:
        header.name = rng.choice(NAMES)
    elif kind == 1:
        header.type = rng.choice(KINDS)
    else:
        header.size = rng.choice((*SIZES, header.size + 1, len(data) - at))
    changed = header.tobuf(tarfile.GNU_FORMAT, errors="surrogateescape")
    return data[:at] + changed + data[at + tarfile.BLOCKSIZE :]


def _changed_list(members: list[tuple[str, bytes]], rng: Random) -> list[tuple[str, bytes]]:
    """Members of which one is missing, renamed, there twice, or at another place."""
    at, kind = rng.randrange(len(members)), rng.randrange(4)
    name, content = members.pop(at)
    if kind == 1:
        members.insert(at, (rng.choice(NAMES), content))
    elif kind == 2:
        members += [(name, content), (name, content[:-1])]
    elif kind == 3:
        members.insert(rng.randrange(len(members) + 1), (name, content))
    return members


def _changed_content(name: str, content: bytes, rng: Random) -> bytes:
    if name.endswith(MARKER):
        marker = mutated_value(json.loads(content), rng)
        return json.dumps(marker, indent=2, sort_keys=True).encode() + b"\n"
    if name.endswith(f"/{LISTED}.parquet") and rng.random() < 0.3:
        rows = mutated_value(pq.read_table(BytesIO(content)).to_pylist(), rng)
        buffer = BytesIO()
        pq.write_table(pa.Table.from_pylist(rows, schema=TABLES[LISTED]), buffer)
        return buffer.getvalue()
    return content if _table_of(name) or rng.random() < 0.8 else bent(content, rng)
