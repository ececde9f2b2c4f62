"""A cache whose files are damaged, or whose disk is full, costs time and nothing else."""

import os
import random
import shutil
import subprocess
import sys

import pytest

from tests.collecting import Collection
from tests.faults.conftest import Collector, is_root
from tests.faults.test_disk import SCRIPT

DAMAGES = ("emptied", "cut", "flipped")
DAMAGED = int(os.environ.get("NAMO_DAMAGED", "10"))
"""How many files of the cache to damage one at a time; `make test-faults` damages all."""

# Collects into each folder that it reads, in a fork that has loaded nothing from the cache yet;
# prints the exit codes. Importing takes longer than collecting a few rooms.
FORKING = """
import os, sys
import namo.collection.chunk, namo.collection.models
from namo.commands.main import main

for output in sys.stdin:
    child = os.fork()
    if not child:
        os.dup2(2, 1)
        os._exit(main(["collect", *sys.argv[1:], "--part-only", "--output-dir", output[:-1]]))
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


def run(collector, cache):
    """Collect in a process with this cache."""
    shutil.rmtree(collector.output, ignore_errors=True)
    return subprocess.run(
        [sys.executable, SCRIPT, *collector.arguments],
        env={**os.environ, "NAMO_CACHE_DIR": str(cache)},
        capture_output=True,
        text=True,
        check=False,
    )


def damage(path, how, chance):
    data = bytearray(path.read_bytes())
    if how == "flipped":
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    path.write_bytes(data if how == "flipped" else data[: len(data) // 2 if how == "cut" else 0])


@pytest.fixture(scope="module")
def filled(few_scenes, tmp_path_factory):
    """A cache with everything that the collector makes. Read only."""
    folder = tmp_path_factory.mktemp("filled")
    done = run(Collector(few_scenes, folder / "out"), folder / "cache")
    assert done.returncode == 0, done.stderr
    return folder / "cache"


def files_of(cache):
    return sorted(path for path in cache.rglob("*") if path.is_file())


@pytest.mark.slow
@pytest.mark.parametrize("how", DAMAGES)
def test_every_file_of_the_cache_damaged_at_once(collector, undisturbed, filled, tmp_path, how):
    """What is damaged is regenerated and then found."""
    cache = shutil.copytree(filled, tmp_path / "cache")
    before = files_of(cache)
    for path in before:
        damage(path, how, random.Random(path.name))
    done = run(collector, cache)
    assert done.returncode == 0, done.stderr
    assert collector.content() == undisturbed
    assert {*files_of(cache)} >= {*before}
    regenerated = {path: path.stat().st_mtime_ns for path in files_of(cache)}
    assert run(collector, cache).returncode == 0
    assert {path: path.stat().st_mtime_ns for path in files_of(cache)} == regenerated


@pytest.mark.slow
@pytest.mark.parametrize("how", DAMAGES)
def test_each_file_of_the_cache_damaged_in_turn(collector, undisturbed, filled, tmp_path, how):
    cache = shutil.copytree(filled, tmp_path / "cache")
    files = files_of(cache)
    process = subprocess.Popen(
        [sys.executable, "-c", FORKING, *collector.arguments, "--quiet"],
        env={**os.environ, "NAMO_CACHE_DIR": str(cache)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        for path in random.Random(how).sample(files, min(DAMAGED, len(files))):
            whole = path.read_bytes()
            damage(path, how, random.Random(path.name))
            output = tmp_path / path.name
            print(output, file=process.stdin, flush=True)
            assert process.stdout.readline() == "0\n", path
            assert Collection(output, collector.scenes).plain_records() == undisturbed["records"]
            path.write_bytes(whole)


@pytest.mark.skipif(not is_root(), reason="mounting a file system needs root")
@pytest.mark.slow
def test_a_full_disk_of_the_cache_is_a_warning(collector, undisturbed, tmp_path):
    cache = tmp_path / "cache"
    cache.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(cache)]
    if subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("file systems cannot be mounted here")
    try:
        done = run(collector, cache)
    finally:
        subprocess.run(["umount", str(cache)], check=True)
    assert done.returncode == 0, done.stderr
    assert f"cache '{cache}'" in done.stderr
    assert done.stderr.count("No space left on device") == 1
    assert collector.content() == undisturbed
