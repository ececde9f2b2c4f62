import subprocess
import sys

import pytest

from namo.tuning.processes import HAS_ROLLUP, Memory, children_of, memory_of, waited_s

pytestmark = pytest.mark.skipif(not HAS_ROLLUP, reason="needs Linux")

# Forks once with 64 MB in memory; the child writes to half of them.
FORKING = """
import os, sys
data = bytearray(64 << 20)
data[::4096] = b"x" * len(data[::4096])
if os.fork() == 0:
    data[:len(data) // 2:4096] = b"y" * len(data[:len(data) // 2:4096])
    print("ready", flush=True)
    sys.stdin.read()
    os._exit(0)
sys.stdin.read()
os.wait()
"""


def test_pages_that_are_shared_count_half_and_are_not_private():
    with subprocess.Popen(
        [sys.executable, "-c", FORKING], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline() == "ready\n"
        (child,) = children_of([process.pid])
        memory = memory_of(child)
        process.stdin.close()
    assert 32e6 < memory.private_bytes < 50e6
    assert 48e6 < memory.proportional_bytes < 70e6
    assert memory_of(child) == Memory()
    assert [*children_of([process.pid])] == []
    assert waited_s(process.pid) == 0.0


def test_a_process_knows_how_long_it_waited():
    assert waited_s() >= 0.0
