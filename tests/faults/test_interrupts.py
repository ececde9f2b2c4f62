"""Signals at random moments: none is lost, and none crashes the process."""

import json
import subprocess
import sys

import pytest

from tests.faults.conftest import Collector

# Collects again and again in one process, interrupted at a random moment each time, most of them
# while compiled code runs. Prints how often the collector ended by the signal, and how otherwise.
INTERRUPTED = """
import json, os, random, shutil, signal, sys, threading, time
from collections import Counter
from pathlib import Path
from namo.commands.main import main
from namo.signals import SIGNALS

count, output, arguments = int(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:]
chance, codes = random.Random(1), Counter()
assert main(["collect", *arguments]) == 0  # compiles, and says how long a run takes
began = time.monotonic()
shutil.rmtree(output)
assert main(["collect", *arguments]) == 0
whole_s = time.monotonic() - began
sent = []

def interrupt(delay, number, done):
    if not done.wait(delay):
        sent.append(number)
        os.kill(os.getpid(), number)

while len(sent) < count:
    shutil.rmtree(output, ignore_errors=True)
    done, before = threading.Event(), len(sent)
    number = chance.choice(SIGNALS)
    delay = chance.uniform(0, whole_s)
    thread = threading.Thread(target=interrupt, args=(delay, number, done))
    thread.start()
    try:
        code = main(["collect", *arguments])
    except KeyboardInterrupt:
        code = "between"
    done.set()
    thread.join()
    if len(sent) > before:
        codes["interrupted" if code == 128 + number else str(code)] += 1
print(json.dumps(codes))
"""


@pytest.mark.parametrize("count", [20, pytest.param(1000, marks=pytest.mark.slow)])
def test_interrupts_at_random_moments_do_not_crash_the_process(collector, undisturbed, count):
    command = [sys.executable, "-c", PREAMBLE + INTERRUPTED, str(count), str(collector.output)]
    done = subprocess.run(
        [*command, *collector.arguments, "--quiet"],
        capture_output=True,
        text=True,
        timeout=3600,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    codes = json.loads(done.stdout.splitlines()[-1])
    assert codes.pop("interrupted") >= 0.9 * count
    # What came after the last look, or before the first, is not a request to this collector.
    assert set(codes) <= {"0", "between"}
    assert collector.run() == 0
    assert collector.content() == undisturbed
    assert Collector(collector.scenes, collector.output).problems() == []


PREAMBLE = """
import signal, sys
for each in (signal.SIGTERM, signal.SIGUSR1, signal.SIGHUP):
    signal.signal(each, signal.default_int_handler)  # between two runs: as Ctrl-C
"""
