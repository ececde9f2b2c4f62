import os
import platform
import re
import subprocess
import sys

import numba
import pytest
from numpy._core._multiarray_umath import __cpu_features__

from namo import numeric_platform as module
from namo.numeric_platform import numeric_platform
from tests.conftest import REPOSITORY


def text_under(**environment):
    """The text in another process, started with these environment variables."""
    done = subprocess.run(
        [sys.executable, "-c", "import namo.numeric_platform as n; print(n.numeric_platform())"],
        cwd=REPOSITORY,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def test_the_text_names_libraries_first_and_then_the_kernels():
    libraries, _, kernels = numeric_platform().partition("; ")
    for name in ("MuJoCo", "NumPy", "SciPy", "numba", "OpenCV", "GEOS", "libm"):
        assert f"{name} " in libraries
    assert re.search(r"MuJoCo \S+ [0-9a-f]{8}, ", libraries)
    assert re.search(r"libm [0-9a-f]{8}$", libraries)
    blas, processor = kernels.split(", ")
    assert blas
    assert processor.split()[0] == platform.machine()


def test_the_same_process_environment_gives_the_same_text():
    assert text_under() == numeric_platform()


def test_vector_functions_of_numba_are_named(monkeypatch):
    """They are used where Intel's library is installed, and differ in the last bit."""
    monkeypatch.setattr(numba.config, "USING_SVML", True)
    module.numeric_platform.cache_clear()
    try:
        assert f"numba {numba.__version__} with SVML, " in module.numeric_platform()
    finally:
        monkeypatch.undo()
        module.numeric_platform.cache_clear()
    assert "SVML" not in module.numeric_platform() or numba.config.USING_SVML


def test_another_build_of_mujoco_changes_the_text(monkeypatch):
    """As far as it moves boxes otherwise: here by another size of one."""
    before = module._physics_fingerprint()
    assert module._physics_fingerprint() == before
    moved = module._FALLING_BOXES.replace("0.1 0.15 0.1", "0.1 0.15 0.10000000000000002")
    monkeypatch.setattr(module, "_FALLING_BOXES", moved)
    assert module._physics_fingerprint() != before


@pytest.mark.skipif("OpenBLAS" not in numeric_platform(), reason="NumPy is built with another BLAS")
def test_another_kernel_of_blas_changes_the_text():
    for name in ("Nehalem", "Sandybridge"):
        assert f" {name}, " in text_under(OPENBLAS_CORETYPE=name)


@pytest.mark.skipif(
    not __cpu_features__.get("X86_V3"), reason="NumPy has one kernel for this processor"
)
def test_another_kernel_of_numpy_changes_the_text():
    slower = text_under(NPY_DISABLE_CPU_FEATURES="X86_V3 X86_V4 AVX512_ICL AVX512_SPR")
    assert slower.endswith("baseline(X86_V2)")
    assert slower != numeric_platform()


@pytest.mark.skipif(
    not (sys.platform == "linux" and __cpu_features__.get("FMA3")), reason="needs glibc on x86-64"
)
def test_another_implementation_in_the_c_library_changes_the_text():
    tunables = "glibc.cpu.hwcaps=-FMA,-FMA4,-AVX2,-AVX2_Usable"
    other = text_under(GLIBC_TUNABLES=tunables)
    if not os.confstr("CS_GNU_LIBC_VERSION"):
        pytest.skip("the C library is not glibc")
    assert other.partition("libm ")[2][:8] != numeric_platform().partition("libm ")[2][:8]
