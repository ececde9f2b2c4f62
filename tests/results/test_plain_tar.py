"""Plain files come out of a tar file, and no more than it holds; all else is refused by name."""

import io
import tarfile
import time

import pytest

from namo.errors import ResultFileError
from namo.results.plain_tar import MAX_EXTENDED_BYTES, PlainMember, copy_member, plain_members

LONG = "a" * 150


def header(kind=tarfile.REGTYPE, size=0, name="some.pkl"):
    """A header as GNU writes it, in which sizes of all kinds fit."""
    member = tarfile.TarInfo(name)
    member.type, member.size = kind, size
    return member.tobuf(tarfile.GNU_FORMAT)


def padded(content):
    return content + bytes(-len(content) % tarfile.BLOCKSIZE)


def extended(*records):
    """An extended header with records as they are given."""
    content = b"".join(records)
    return header(tarfile.XHDTYPE, len(content), "extended") + padded(content)


def record(key, value):
    """One of them: its length is of all of it."""
    text = f" {key}={value}\n".encode()
    length = next(each for each in range(9999) if each == len(str(each)) + len(text))
    return str(length).encode() + text


@pytest.fixture
def members(tmp_path):
    """Returns the members of an archive with some content."""

    def of(content):
        path = tmp_path / "some.tar"
        path.write_bytes(content)
        with path.open("rb") as handle:
            return list(plain_members(handle, path))

    return of


def test_files_come_out_as_they_were_added(tmp_path):
    path, files = tmp_path / "some.tar", {"empty": b"", "b/c": b"x" * 700, LONG: b"y" * 512}
    with tarfile.open(path, "w") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size, member.mtime = len(content), time.time()  # not a whole number
            tar.addfile(member, io.BytesIO(content))
    with path.open("rb") as handle:
        for member, (name, content) in zip(plain_members(handle, path), files.items(), strict=True):
            assert (member.name, member.size) == (name, len(content))
            copy_member(handle, member, tmp_path / "copy")
            assert (tmp_path / "copy").read_bytes() == content


def test_the_size_of_a_file_of_eight_gigabytes_is_in_the_extended_header(members):
    content = extended(record("size", 3)) + header(size=0) + padded(b"123") + bytes(1024)
    assert members(content) == [PlainMember("some.pkl", 3 * tarfile.BLOCKSIZE, 3)]


REFUSED = {
    "link": (header(tarfile.SYMTYPE), "'some.pkl' is not a plain file"),
    "hard link": (header(tarfile.LNKTYPE), "'some.pkl' is not a plain file"),
    "folder": (header(tarfile.DIRTYPE), "'some.pkl' is not a plain file"),
    "device": (header(tarfile.CHRTYPE), "'some.pkl' is not a plain file"),
    "sparse file": (header(tarfile.GNUTYPE_SPARSE), "'some.pkl' is not a plain file"),
    "long name of GNU": (header(tarfile.GNUTYPE_LONGNAME, 10), "is not a plain file"),
    "header for all members": (header(tarfile.XGLTYPE, 10), "is not a plain file"),
    "sparse file of POSIX": (
        extended(record("GNU.sparse.major", 1), record("GNU.sparse.realsize", 10**15)) + header(),
        "'some.pkl' is not a plain file",
    ),
    "more than there is": (
        header(size=1025) + bytes(1024),
        r"has a size of 1025 bytes; allowed here: 0 to 1024",
    ),
    "negative": (header(size=-512) + bytes(1024), "has a size of -512 bytes"),
    "more than any file has": (header(size=2**80), f"has a size of {2**80} bytes"),
    "an extended header of more than there is": (
        header(tarfile.XHDTYPE, 2**40),
        f"size of {2**40} bytes; allowed here: 0 to 0",
    ),
    "an extended header that is too large": (
        header(tarfile.XHDTYPE, MAX_EXTENDED_BYTES + 1) + bytes(2 * MAX_EXTENDED_BYTES),
        f"allowed here: 0 to {MAX_EXTENDED_BYTES}",
    ),
    "a size that is text": (extended(record("size", "x")) + header(), "size of -1 bytes"),
    "a size of many digits": (extended(record("size", "9" * 5000)) + header(), "size of -1 bytes"),
    "a record without a length": (extended(b"x"), "extended header at byte 512 is damaged"),
    "a record of length 0": (extended(b"0 a=b\n"), "extended header at byte 512 is damaged"),
    "a record that ends in its key": (extended(b"3 a=b\n"), "extended header .* is damaged"),
    "a record longer than the header": (extended(b"99 a=b\n"), "extended header .* is damaged"),
    "a record without an end": (extended(b"6 a=bc"), "extended header at byte 512 is damaged"),
    "no header": (b"x" * 512, "not a tar file of a part, or truncated: invalid header at byte 0"),
    "a header that is cut off": (header()[:100], "truncated header at byte 0"),
    "no end": (header(), "empty header at byte 512; expected a file that `namo pack` has written"),
    "headers without end": (extended(record("a", "b")) * 3000, "empty header"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_what_is_not_a_plain_file_is_refused_by_name(members, kind):
    content, message = REFUSED[kind]
    with pytest.raises(ResultFileError, match=rf"some\.tar: .*{message}"):
        members(content)


def test_an_archive_that_is_cut_off_meanwhile_gives_a_short_file(tmp_path):
    (tmp_path / "some.tar").write_bytes(b"1234")
    with (tmp_path / "some.tar").open("rb") as handle:
        copy_member(handle, PlainMember("a", 1, 10), tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == b"234"
