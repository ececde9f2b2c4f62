"""Signals at random moments: none is lost, and none crashes the process."""

import json
import os
import subprocess
import sys

import pytest

from tests.faults.conftest import Collector

INTERRUPTS = int(os.environ.get("NAMO_INTERRUPTS", "100"))
"""How many signals to send; `make test-faults` sends a thousand."""

# Collects again and again in one process, interrupted at a random moment each time, most of them
# while compiled code runs: one run in ten merges and reports too. Prints how often the collector
# ended by the signal, and how otherwise.
INTERRUPTED = """
import json, os, random, shutil, signal, sys, threading, time
from collections import Counter
from pathlib import Path
from namo.commands.main import main
from namo.signals import SIGNALS

outside = []  # signals before or after a run, which are no request to it
for number in SIGNALS:
    signal.signal(number, lambda number, _: outside.append(number))
os.fsync = lambda _: None
count, output, arguments = int(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:]
commands = [["collect", *arguments, *more] for more in (["--part-only"], [])]
chance, codes, durations, sent = random.Random(1), Counter(), [], []

def collect(command):
    shutil.rmtree(output, ignore_errors=True)
    return main(command)

def interrupt(delay, number, done):
    if not done.wait(delay):
        sent.append(number)
        os.kill(os.getpid(), number)

collect(commands[1])  # compiles
for command in commands:
    began = time.monotonic()
    assert collect(command) == 0
    durations.append(time.monotonic() - began)
while len(sent) < count:
    done, before = threading.Event(), len(sent)
    number, (command,) = chance.choice(SIGNALS), chance.choices((0, 1), (9, 1))
    delay = chance.uniform(0, durations[command])
    thread = threading.Thread(target=interrupt, args=(delay, number, done))
    thread.start()
    code = collect(commands[command])
    done.set()
    thread.join()
    if len(sent) > before:
        what, expected = ("outside", 0) if outside else ("interrupted", 128 + number)
        codes[what if code == expected else f"{what}: {code}"] += 1
        outside.clear()
print(json.dumps(codes))
"""


@pytest.mark.slow
def test_interrupts_at_random_moments_do_not_crash_the_process(collector, undisturbed):
    command = [sys.executable, "-c", INTERRUPTED, str(INTERRUPTS), str(collector.output)]
    done = subprocess.run(
        [*command, *collector.arguments, "--quiet"],
        capture_output=True,
        text=True,
        timeout=3600,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    codes = json.loads(done.stdout.splitlines()[-1])
    print(codes)
    assert codes["interrupted"] >= 0.9 * INTERRUPTS
    assert codes.keys() <= {"interrupted", "outside"}
    assert collector.run() == 0
    assert collector.content() == undisturbed
    assert Collector(collector.scenes, collector.output).problems() == []
