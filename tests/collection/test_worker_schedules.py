"""Results depend neither on the number of workers nor on when each of them gets to work.

NAMO_SCHEDULES is how many schedules to try, with 2, 3, 8 and 64 workers in turn; each is made from
its own number.
"""

import hashlib
import json
import os
import subprocess
import sys

import pytest

from namo.shipped import here_or_shipped
from tests.collecting import SOURCE, assemble

SCHEDULES = int(os.environ.get("NAMO_SCHEDULES", "4"))
"""How many schedules to try; `make test-faults` tries fifty."""
WORKERS = (2, 3, 8, 64)
ROOMS = (1, 0, 11, 6, 0, 8, 0, 0)
ENVIRONMENTS = 66
"""More than workers, so that all of these get to work."""
LONGEST_S = 0.05

# Collects in this process, for each line that it reads: number of the schedule, workers and folder.
# Workers wait at random before a job, after a push and before they write.
COLLECTOR = f"""
import os, random, sys, time
from namo.collection import chunk
from namo.collection.parallel import ParallelLoop
from namo.commands.main import main

collect, write, watch = chunk.collect_environment, chunk.write_record, ParallelLoop._watch
chance, schedule = random.Random(), ""
os.fsync = lambda _: None

def pause():
    if chance.random() < 0.5:
        time.sleep(chance.uniform(0, {LONGEST_S}))

def delayed_collect(environment, *rest):
    chance.seed(f"{{schedule}} {{environment.index}}")
    pause()
    return collect(environment, *rest)

def delayed_write(path, record):
    pause()
    write(path, record)

def delayed_watch(loop, slot):
    inner = watch(loop, slot)
    def searching(*progress):
        pause()
        inner(*progress)
    return searching

for line in sys.stdin:
    schedule, workers, output = line.split(maxsplit=2)
    if workers != "1":
        chunk.collect_environment, chunk.write_record = delayed_collect, delayed_write
        ParallelLoop._watch = delayed_watch
    arguments = ["collect", *sys.argv[1:], "--workers", workers, "--output-dir", output.strip()]
    print(main(arguments), flush=True)
"""


@pytest.fixture(scope="module")
def scenes(rig, tmp_path_factory):
    rooms = [ROOMS[place % len(ROOMS)] for place in range(ENVIRONMENTS)]
    return rig.copy_rooms(tmp_path_factory.mktemp("schedules") / "scenes", rooms)


@pytest.fixture
def hash_of(rig, scenes, tmp_path):
    """A function that collects by a schedule, with an algorithm, and returns the hash of results.

    One process collects for all schedules of a test, so that it loads the libraries once.
    """
    options = ["--object-strategy=ml", "--goal-strategy=ml", "--ml-device=cpu", "--part-only"]
    for kind in ("object", "goal"):
        options += [f"--ml-{kind}-model", here_or_shipped(f"resources/models/{kind}")]
    options += ["--max-pushes=3", "--start-idx=0", "--end-idx=-1", "--hostname=host", "--quiet"]
    processes = {}

    def collect(algorithm, schedule, workers):
        command = [sys.executable, "-c", COLLECTOR, "--xml-dir", str(scenes), *options]
        if algorithm not in processes:
            processes[algorithm] = subprocess.Popen(
                [*command, "--algorithm", algorithm],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
        output = tmp_path / f"{algorithm}_{schedule}_{workers}"
        process = processes[algorithm]
        print(schedule, workers, output, file=process.stdin, flush=True)
        assert process.stdout.readline() == "0\n"
        assemble(output, "host", *SOURCE)
        collection = rig.opened(output, scenes)
        used = {row["worker_process"] for row in collection.table("metrics")}
        content = json.dumps(collection.content(), sort_keys=True)
        return hashlib.sha256(content.encode()).hexdigest(), len(used)

    yield collect
    for process in processes.values():
        process.stdin.close()
        assert process.wait(timeout=60) == 0
        process.stdout.close()


@pytest.mark.slow
@pytest.mark.parametrize("algorithm", ["best_first", "idfs"])
def test_one_hash_whatever_the_workers_and_their_timing(hash_of, algorithm):
    expected, used = hash_of(algorithm, 0, 1)
    assert used == 1
    for schedule in range(1, SCHEDULES + 1):
        workers = WORKERS[schedule % len(WORKERS)]
        found, used = hash_of(algorithm, schedule, workers)
        print(f"{algorithm}, schedule {schedule}, {used} of {workers} workers: {found}")
        assert found == expected, f"schedule {schedule}, {workers} workers"
        assert used == workers, f"schedule {schedule}"
