"""After a power cut the same command is run again, and nothing is lost or wrong."""

import hashlib

import pytest

from namo.collection.redo import redo
from namo.commands.main import main
from namo.files import new_folder
from namo.results.assemble import assemble
from namo.results.merge_collections import merge_collections
from namo.results.part_archive import pack_part, unpack_part
from namo.results.parts import Part
from namo.results.verify import Verification
from tests.collecting import SOURCE, Collection
from tests.crash.crashing import Run, try_power_cuts

ROOMS = (0, 1, 6)
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def scenes(rig, tmp_path_factory):
    return rig.copy_rooms(tmp_path_factory.mktemp("crash") / "scenes", ROOMS)


@pytest.fixture(scope="module")
def config(rig):
    return rig.config(max_pushes=2, max_depth=1)


@pytest.fixture
def out(tmp_path):
    (tmp_path / "root").mkdir()
    return tmp_path / "root" / "out"


@pytest.fixture
def collected(rig, scenes, config, out):
    """A finished collection."""
    return rig.collect_and_merge(scenes, out, config)


def content(folder, scenes):
    """The results without clocks; everything about them is in order."""
    assert [str(problem) for problem in Verification(folder, replays=False).problems()] == []
    return Collection(folder, scenes).content()


def test_a_chunk_that_is_collected(rig, scenes, config, out):
    def act():
        rig.collect(scenes, out, config)
        assemble(out, "host", *SOURCE)

    try_power_cuts(Run(out.parent, act, lambda: content(out, scenes)))


def test_a_chunk_that_is_collected_with_other_settings(rig, scenes, collected, out):
    other = rig.config(max_pushes=1, max_depth=1)

    def act():
        rig.collect(scenes, out, other)
        assemble(out, "host", *SOURCE)

    try_power_cuts(Run(out.parent, act, lambda: content(out, scenes)))


def test_chunks_that_overlap(rig, scenes, config, out):
    rig.collect(scenes, out, config, (0, 2))

    def act():
        rig.collect(scenes, out, config, (1, 3))
        assemble(out, "host", *SOURCE)

    try_power_cuts(Run(out.parent, act, lambda: content(out, scenes)))


def test_a_part_that_is_unpacked_over_an_overlapping_one(rig, scenes, config, tmp_path, out):
    archive = tmp_path / "whole.tar"
    rig.collect(scenes, tmp_path / "whole", config)
    pack_part(Part.of(tmp_path / "whole", 0, 3), archive)
    unpack_part(archive, out)
    rig.collect(scenes, out, rig.config(max_pushes=1, max_depth=1), (1, 3))

    def look():
        assert Part.of(out, 0, 3).is_finished
        return {
            path.name: path.read_bytes() for path in out.rglob("[!.]*") if path.is_file()
        }, Part.of(out, 1, 3).replaced()

    try_power_cuts(Run(out.parent, lambda: unpack_part(archive, out), look))


def test_environments_that_are_collected_again(scenes, collected, out):
    def act():
        redo(out, [0, 1])

    try_power_cuts(Run(out.parent, act, lambda: content(out, scenes)))


def test_a_damaged_collection_that_is_repaired(rig, scenes, config, collected, out):
    damaged = collected.files()[1]
    damaged.write_bytes(damaged.read_bytes()[:-70])

    def act():
        main(["verify", str(out), "--recollect"])
        rig.collect(scenes, out, config)
        assemble(out, "host", *SOURCE)

    try_power_cuts(Run(out.parent, act, lambda: content(out, scenes)))


def test_collections_that_are_merged(rig, scenes, config, tmp_path, out):
    halves = [tmp_path / "first", tmp_path / "second"]
    for half, bounds in zip(halves, ((0, 2), (2, 3)), strict=True):
        rig.collect(scenes, half, config, bounds)
        assemble(half, "host", *SOURCE)
    expected = rig.collect_and_merge(scenes, tmp_path / "whole", config).content()

    def act():
        if not (out / "run.json").exists():  # a folder that is there is complete
            merge_collections(halves, out)

    try_power_cuts(Run(out.parent, act, lambda: content(out, scenes)), expected)


def test_an_export(collected, out):
    exported = out.parent / "export"

    def act():
        if not exported.exists():
            main(["export", str(out), "--format", "masks", "--output", str(exported)])

    def look():
        return {
            str(path.relative_to(exported)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(exported.rglob("*"))
            if path.is_file()
        }

    try_power_cuts(Run(out.parent, act, look))


def test_a_folder_that_is_filled(out):
    def act():
        if not out.exists():
            with new_folder(out) as folder:
                (folder / "inner").mkdir()
                (folder / "inner" / "file").write_text("whole")

    try_power_cuts(Run(out.parent, act, (out / "inner" / "file").read_text))
