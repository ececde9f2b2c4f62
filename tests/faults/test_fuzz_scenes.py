"""Whatever a scene file contains, the collector records its outcome.

NAMO_FUZZ is how many mutants there are; each is made from its own number.
"""

import subprocess
import sys
from collections import Counter
from dataclasses import replace
from random import Random

import pytest

from namo.results.records import read_record
from namo.scenes.footprint import Polygon, centred
from namo.scenes.writing import scene_xml
from tests.faults.mutations import mutated_scene, numbers

AT_A_TIME = 500
MEMORY_BYTES = 6 << 30
LONGEST_S = 40.0
"""Grace of the watchdog beyond the search: the first mutant may wait for the compiler."""

COLLECTOR = f"""
import resource, sys
from namo.collection import chunk
from namo.commands.main import main

if sys.platform == "linux":  # others do not limit it
    resource.setrlimit(resource.RLIMIT_AS, ({MEMORY_BYTES}, {MEMORY_BYTES}))
chunk.GRACE_S = {LONGEST_S}
sys.exit(main(["collect", *sys.argv[1:]]))
"""
L_SHAPE = centred(Polygon(((0, 0), (0.7, 0), (0.7, 0.3), (0.3, 0.3), (0.3, 0.7), (0, 0.7))))[0]


@pytest.fixture(scope="module")
def originals(demo_scenes, rooms):
    """Texts of scenes with few boxes, which simulate quickly, and of one with a polygon."""
    texts = [path.read_text() for path in sorted(demo_scenes.glob("*.xml"))]
    few = [text for text in texts if text.count('type="free"') <= 3]
    assert len(few) > 20
    polygon = rooms.room(replace(rooms.box(0.0, 0.0), footprint=L_SHAPE))
    return [*few, *[scene_xml(polygon)] * 3]


@pytest.mark.slow
@pytest.mark.parametrize("wanted", numbers(40, AT_A_TIME), ids=str)
def test_every_mutant_has_episodes_or_a_reason(wanted, originals, tmp_path):
    scenes, sentinel = tmp_path / "scenes", tmp_path / "sentinel"
    scenes.mkdir()
    for number in wanted:
        rng = Random(number)
        mutant = mutated_scene(rng.choice(originals), rng, str(sentinel))
        (scenes / f"mutant_{number:06d}.xml").write_bytes(mutant)
    processes = collect(scenes, tmp_path / "out", most=2 * len(wanted) + 1)
    records = [read_record(path) for path in sorted((tmp_path / "out").glob("*.pkl"))]
    assert [record["env_index"] for record in records] == list(range(len(wanted)))
    found = Counter(outcome(record) for record in records)
    print(f"{wanted}: {dict(found)}, {processes} processes")
    unforeseen = [
        record["error"]["message"]
        for record in records
        if record["error"] and record["error"]["kind"] not in {"scene", "crashed"}
    ]
    assert not unforeseen
    assert all(record["xml_file"] in record["error"]["message"] for record in failed(records))
    assert found["scene"] > 0
    assert len(failed(records)) < len(records)
    assert not sentinel.exists()


def collect(scenes, output, most):
    """Start the collector until it finishes; return how many processes that took."""
    command = [sys.executable, "-c", COLLECTOR, "--xml-dir", scenes, "--output-dir", output]
    command += ["--start-idx", 0, "--end-idx", -1, "--part-only", "--hostname", "host"]
    command += ["--max-pushes", 2, "--max-depth", 2, "--search-timeout", 2]
    log = output.with_suffix(".log")
    for count in range(1, most + 1):
        with log.open("a") as lines:
            ended = subprocess.run(
                [str(word) for word in command],
                stdout=lines,
                stderr=subprocess.STDOUT,
                timeout=1800,
                check=False,
            )
        if ended.returncode == 0:
            return count
        journals = [path.read_text() for path in output.glob("parts/*/.journal.json")]
        at_work = any('"running": null' not in journal for journal in journals)
        assert at_work, f"no environment ended it: {log.read_text()[-4000:]}"
    raise AssertionError(f"{most} processes did not come to the end: {log.read_text()[-4000:]}")


def failed(records):
    return [record for record in records if record["error"]]


def outcome(record):
    """The outcome of a mutant in one word."""
    if record["error"]:
        return record["error"]["kind"]
    return "solved" if record["success"] else record["metrics"][0]["termination"]
