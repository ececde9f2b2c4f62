"""A part goes into one file and comes out the same, or not at all."""

import bz2
import gzip
import io
import lzma
import shutil
import tarfile

import pytest

from namo.errors import BusyError, ResultFileError, UsageError
from namo.results.assemble import assemble
from namo.results.part_archive import pack_part, unpack_part
from namo.results.parts import Part, locked
from namo.results.verify import Verification
from tests.collecting import SOURCE
from tests.crash.disk import Recorder, disk_states

TABLES = ("metrics", "pushes", "plans", "scenes")


@pytest.fixture(scope="module")
def whole(rig, tmp_path_factory):
    """A collection of two parts. Read only."""
    folder = tmp_path_factory.mktemp("whole")
    scenes = rig.copy_rooms(folder / "scenes", (0, 7, 6))
    for bounds in ((0, 2), (2, 3)):
        rig.collect(scenes, folder / "out", rig.config(max_pushes=5), bounds)
    assemble(folder / "out", "host", *SOURCE)
    return folder


@pytest.fixture
def archive(whole, tmp_path):
    """The first part as one file."""
    pack_part(Part.of(whole / "out", 0, 2), tmp_path / "first.tar")
    return tmp_path / "first.tar"


def content(folder):
    """All files below a folder that are not hidden, and what they hold."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and not path.name.startswith(".")
    }


def changed(archive, change):
    """Write an archive again, with the name and the bytes of each file changed."""
    with tarfile.open(archive) as tar:
        held = [(member.name, tar.extractfile(member).read()) for member in tar]
    with tarfile.open(archive, "w") as tar:
        for name, data in filter(None, (change(*each) for each in held)):
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))


def test_parts_come_out_as_they_went_in_and_merge_into_the_same_tables(whole, tmp_path, rig):
    there = tmp_path / "there"
    for start, end in ((0, 2), (2, 3)):
        file = tmp_path / f"{start}.tar"
        assert pack_part(Part.of(whole / "out", start, end), file) == end - start
        assert unpack_part(file, there) == Part.of(there, start, end)
    before = content(whole / "out")
    assert content(there) == {name: before[name] for name in content(there)}
    assemble(there, "host", *SOURCE)
    for name in TABLES:
        one, other = (rig.opened(each, None).table(name) for each in (whole / "out", there))
        assert one == other
    assert list(Verification(there).problems()) == []
    assert list(there.glob(".*.unpacked")) == []


def test_what_is_there_already_is_kept_and_what_is_damaged_is_replaced(archive, tmp_path):
    there = tmp_path / "there"
    part = unpack_part(archive, there)
    records = sorted(there.glob("*_results.pkl"))
    before = content(there)
    times = [path.stat().st_mtime_ns for path in records]
    records[1].write_bytes(b"damaged")
    part.marker.unlink()
    unpack_part(archive, there)
    assert content(there) == before
    assert records[0].stat().st_mtime_ns == times[0]


def test_a_record_that_is_a_link_is_packed_as_a_file(whole, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(whole / "out", copy)
    record = copy / "host_env_000001_results.pkl"
    (copy / "kept").mkdir()
    record.symlink_to(record.rename(copy / "kept" / record.name))
    pack_part(Part.of(copy, 0, 2), tmp_path / "first.tar")
    unpack_part(tmp_path / "first.tar", tmp_path / "there")
    unpacked = tmp_path / "there" / record.name
    assert not unpacked.is_symlink()
    assert unpacked.read_bytes() == record.read_bytes()


def test_an_unfinished_part_is_not_packed(whole, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(whole / "out", copy)
    part = Part.of(copy, 0, 2)
    part.marker.unlink()
    with pytest.raises(UsageError, match="is not finished; collect its environments first"):
        pack_part(part, tmp_path / "x.tar")
    assert not (tmp_path / "x.tar").exists()


@pytest.mark.parametrize(
    "name", ["host_env_000001_results.pkl", "parts/000000-000002/pushes.parquet"]
)
def test_a_part_with_a_damaged_file_is_not_packed(whole, tmp_path, name):
    copy = tmp_path / "copy"
    shutil.copytree(whole / "out", copy)
    (copy / name).write_bytes((copy / name).read_bytes()[:-1] + b"x")
    with pytest.raises(ResultFileError, match="checksum mismatch"):
        pack_part(Part.of(copy, 0, 2), tmp_path / "x.tar")
    assert not (tmp_path / "x.tar").exists()


DAMAGES = {
    "a byte of a record": (
        lambda name, data: (name, data[:-1] + b"x" if name.endswith("1_results.pkl") else data),
        "checksum mismatch",
    ),
    "a record is missing": (
        lambda name, data: None if name.endswith("1_results.pkl") else (name, data),
        "is missing",
    ),
    "a table is missing": (
        lambda name, data: None if name.endswith("pushes.parquet") else (name, data),
        "is missing",
    ),
    "the marker is of another range": (
        lambda name, data: (name.replace("000000-000002", "000000-000003"), data),
        "expected 0 to 2",
    ),
    "a path that leads out": (lambda name, data: (f"../{name}", data), "holds '../"),
    "an absolute path": (lambda name, data: (f"/{name}", data), "holds '/"),
    "no part": (
        lambda name, data: None if name.startswith("parts") else (name, data),
        "holds 0 parts",
    ),
    "no marker": (
        lambda name, data: None if name.endswith("part.json") else (name, data),
        r"holds no part\.json",
    ),
    "another spelling of the range": (
        lambda name, data: (name.replace("000000-000002", "0-2"), data),
        "holds parts/0-2; expected parts/000000-000002",
    ),
    "a name longer than that of a file": (
        lambda name, data: (name.replace("host", "host" * 100), data),
        "expected records and parts/START-END/FILE",
    ),
    "a file in the place of the folder of parts": (
        lambda name, data: (name if name.startswith("parts") else "parts", data),
        "holds 'parts'",
    ),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_archive_changes_nothing_in_the_folder(archive, tmp_path, damage):
    change, message = DAMAGES[damage]
    changed(archive, change)
    there = tmp_path / "there"
    with pytest.raises(ResultFileError, match=rf"first\.tar: .*{message}"):
        unpack_part(archive, there)
    assert content(there) == {}
    assert list(there.glob(".*.unpacked")) == []


def test_a_truncated_archive_and_a_file_of_another_kind_are_refused(archive, tmp_path):
    data = archive.read_bytes()
    for size in (0, 100, 700, len(data) // 2):
        archive.write_bytes(data[:size])
        with pytest.raises(ResultFileError, match=r"first\.tar: "):
            unpack_part(archive, tmp_path / "there")
    archive.write_text("no tar file")
    with pytest.raises(ResultFileError, match="not a tar file of a part"):
        unpack_part(archive, tmp_path / "there")


@pytest.mark.parametrize("compressed", [gzip.compress, bz2.compress, lzma.compress])
def test_a_compressed_archive_is_refused_before_it_is_expanded(archive, tmp_path, compressed):
    archive.write_bytes(compressed(archive.read_bytes()))
    with pytest.raises(ResultFileError, match=r"first\.tar: not a tar file of a part"):
        unpack_part(archive, tmp_path / "there")
    archive.write_bytes(compressed(bytes(100_000))[:-20])
    with pytest.raises(ResultFileError, match=r"first\.tar: not a tar file of a part"):
        unpack_part(archive, tmp_path / "there")


def test_a_link_in_an_archive_is_refused(archive, tmp_path):
    with tarfile.open(archive, "a") as tar:
        link = tarfile.TarInfo("host_env_000009_results.pkl")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(link)
    with pytest.raises(ResultFileError, match=r"_000009_results\.pkl' is not a plain file"):
        unpack_part(archive, tmp_path / "there")


def test_a_part_that_is_being_collected_is_left_alone(archive, tmp_path):
    there = tmp_path / "there"
    with locked(Part.of(there, 0, 2)), pytest.raises(BusyError, match="is collecting"):
        unpack_part(archive, there)


def test_an_overlapping_part_loses_the_environments_that_are_replaced(
    whole, archive, tmp_path, rig
):
    there = tmp_path / "there"
    rig.collect(whole / "scenes", there, rig.config(max_pushes=4), (1, 3))
    unpack_part(archive, there)
    assert Part.of(there, 1, 3).replaced() == {1}


def test_a_part_that_is_unpacked_again_counts_with_all_its_environments(
    whole, archive, tmp_path, rig
):
    there = tmp_path / "there"
    unpack_part(archive, there)
    rig.collect(whole / "scenes", there, rig.config(max_pushes=4), (1, 3))
    assert Part.of(there, 0, 2).replaced() == {1}
    part = unpack_part(archive, there)
    assert part.replaced() == frozenset()
    assert Part.of(there, 1, 3).replaced() == {1}


def test_an_unpacked_part_is_on_the_disk_for_good(archive, tmp_path):
    (tmp_path / "root").mkdir()
    recorder = Recorder(tmp_path / "root")
    with recorder.recording():
        unpack_part(archive, tmp_path / "root")
    unpacked = content(tmp_path / "root")
    marker = "parts/000000-000002/part.json"
    certain = recorder.moments[recorder.moments[-1].journaled]
    assert unpacked.keys() <= dict(certain.names).keys()
    for state in disk_states(recorder):
        assert marker not in state.files or unpacked.items() <= state.files.items(), state.label
