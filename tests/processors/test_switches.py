"""Every switch of an emulated processor takes effect: each library says what it runs."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from functools import cache

import pytest

from tests.processors.processors import HERE, OLD_LIBM, PROCESSORS, SWITCHES
from tests.processors.searches import REPOSITORY

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not HERE.is_possible, reason="the switches are those of x86-64"),
]

SCRIPT = """
import json, cv2, numba, numpy as np, torch
from namo.numeric_platform import numeric_platform

@numba.njit
def scaled(values, factor):
    for i in range(len(values)):
        values[i] = values[i] * factor + 1.0

scaled(np.zeros(100), 2.0)
(code,) = scaled.inspect_asm().values()
with torch.inference_mode():
    matrix = torch.ones(64, 64)
    matrix @ matrix  # MKL says what it is
    images = torch.ones(2, 8, 32, 32).to(memory_format=torch.channels_last)
    torch.nn.Conv2d(8, 8, 3)(images)  # and oneDNN
print("libraries", json.dumps({
    "numerics": numeric_platform(),
    "aten": torch.backends.cpu.get_cpu_capability(),
    "opencv": cv2.getCPUFeaturesLine(),
    "registers": [name for name in ("xmm", "ymm", "zmm") if name in code],
}))
"""
SHOWN = {
    "Nehalem": {
        "numpy": "baseline(X86_V2)",
        "openblas": "Nehalem",
        "aten": "DEFAULT",
        "onednn": "Intel SSE4.1",
        "mkl": "COMPATIBLE",
        "opencv_off": ("AVX", "AVX2", "AVX512-SKX"),
        "widest": "xmm",
    },
    "Sandy Bridge": {
        "numpy": "baseline(X86_V2)",
        "openblas": "Sandybridge",
        "aten": "DEFAULT",
        "onednn": "Intel AVX",
        "mkl": "COMPATIBLE",
        "opencv_off": ("AVX2", "AVX512-SKX"),
        "widest": "ymm",
    },
    "Haswell": {
        "numpy": "X86_V3+baseline(X86_V2)",
        "openblas": "Haswell",
        "aten": "AVX2",
        "onednn": "Intel AVX2",
        "mkl": "OFF",
        "opencv_off": ("AVX512-SKX",),
        "widest": "ymm",
    },
    "Zen 2": {
        "numpy": "X86_V3+baseline(X86_V2)",
        "openblas": ("Zen", "Haswell"),
        "aten": "AVX2",
        "onednn": "Intel AVX2",
        "mkl": "COMPATIBLE",
        "opencv_off": ("AVX512-SKX",),
        "widest": "ymm",
    },
    "Skylake-X": {
        "numpy": "X86_V4",
        "openblas": "SkylakeX",
        "aten": "AVX512",
        "onednn": "Intel AVX-512 with AVX512BW, AVX512VL, and AVX512DQ extensions",
        "mkl": "OFF",
        "opencv_off": (),
        "widest": ("ymm", "zmm"),
    },
}
"""What each library must say; MKL: the branch that its results are those of."""


@cache
def decisive_with_old_libm():
    """What is to decide rows where the C library computes without fused multiply-add."""
    return said_as(OLD_LIBM)["decisive"]


def said_as(processor):
    """What the libraries say in a process that acts as a processor, by name."""
    verbose = {"MKL_VERBOSE": "1", "ONEDNN_VERBOSE": "1", "PYTHONPATH": str(REPOSITORY)}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        cwd=REPOSITORY,
        env=processor.environment() | verbose,
        capture_output=True,
        text=True,
        check=True,
    )
    (libraries,) = re.findall(r"^libraries (.*)$", done.stdout, re.MULTILINE)
    said = json.loads(libraries)
    said["decisive"], _, kernels = said["numerics"].partition("; ")
    blas, processor_kernels = kernels.split(", ")
    said["openblas"], said["numpy"] = blas.split()[-1], processor_kernels.partition(" ")[2]
    (said["onednn"],) = re.findall(r"cpu,isa:(.*)$", done.stdout, re.MULTILINE)
    (said["mkl"],) = set(re.findall(r"SGEMM.* CNR:(\w+)", done.stdout))
    said["widest"] = said["registers"][-1]
    return said


def test_every_processor_is_described():
    assert SHOWN.keys() == {processor.name for processor in PROCESSORS}
    for processor in (*PROCESSORS, OLD_LIBM):
        assert processor.switches.keys() <= set(SWITCHES)


@pytest.mark.parametrize("processor", PROCESSORS, ids=lambda each: each.name)
def test_libraries_run_what_the_processor_has(processor):
    if not processor.is_possible:
        pytest.skip(f"this processor has no {processor.needs}")
    said, shown = said_as(processor), SHOWN[processor.name]
    for name in ("numpy", "openblas", "aten", "onednn", "mkl", "widest"):
        allowed = shown[name] if isinstance(shown[name], tuple) else (shown[name],)
        assert said[name] in allowed, name
    for name in shown["opencv_off"]:
        assert f"*{name}" not in said["opencv"].split()  # used; with "?" it is switched off
    assert (said["decisive"] == decisive_with_old_libm()) == processor.has_old_libm
