"""Processors that this one can act as, each a set of environment variables.

Every library that chooses code by the instruction set has a switch that limits it. Together they
make a process compute what the libraries compute on an older processor.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

from numpy._core._multiarray_umath import __cpu_features__

SWITCHES = (
    "NPY_DISABLE_CPU_FEATURES",
    "NPY_ENABLE_CPU_FEATURES",
    "OPENBLAS_CORETYPE",
    "MKL_CBWR",
    "MKL_ENABLE_INSTRUCTIONS",
    "ONEDNN_MAX_CPU_ISA",
    "ATEN_CPU_CAPABILITY",
    "NUMBA_CPU_NAME",
    "NUMBA_CPU_FEATURES",
    "OPENCV_CPU_DISABLE",
    "OPENCV_IPP",
    "GLIBC_TUNABLES",
)
"""Variables that choose code: none is inherited by a process that acts as a processor."""


@dataclass(frozen=True)
class Processor:
    """A processor to act as.

    Attributes:
        name: of the first kind that had these instructions.
        instructions: what it has of those that matter here.
        needs: name of an instruction set, as NumPy names it, without which this processor cannot
            act as it.
        switches: environment variables.
    """

    name: str
    instructions: str
    needs: str
    switches: Mapping[str, str]

    @property
    def is_possible(self) -> bool:
        """Whether this processor has the instructions."""
        return bool(__cpu_features__.get(self.needs, False))

    @property
    def has_old_libm(self) -> bool:
        """Whether its C library computes without fused multiply-add."""
        return "-FMA" in self.switches.get("GLIBC_TUNABLES", "")

    def environment(self) -> dict[str, str]:
        """The environment of a process that acts as it."""
        inherited = {name: value for name, value in os.environ.items() if name not in SWITCHES}
        return inherited | dict(self.switches)


_NO_AVX512 = "X86_V4 AVX512_ICL AVX512_SPR"
_GLIBC_NO_AVX512 = "-AVX512F,-AVX512VL,-AVX512BW,-AVX512DQ,-AVX512CD,-AVX512ER"

HERE = Processor("this one", "all that it has", "SSE2", {})
OLD_LIBM = Processor(
    "this one with the C library of those without FMA",
    "all that it has",
    "SSE2",
    {"GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX2,-FMA,-FMA4"},
)
PROCESSORS = (
    Processor(
        "Nehalem",
        "SSE4.2",
        "SSE42",
        {
            "NPY_DISABLE_CPU_FEATURES": f"X86_V3 {_NO_AVX512}",
            "OPENBLAS_CORETYPE": "Nehalem",
            "MKL_CBWR": "COMPATIBLE",
            "ONEDNN_MAX_CPU_ISA": "SSE41",
            "ATEN_CPU_CAPABILITY": "default",
            "NUMBA_CPU_NAME": "nehalem",
            "NUMBA_CPU_FEATURES": "+sse4.2",
            "OPENCV_CPU_DISABLE": "AVX,FP16,AVX2,AVX512-SKX",
            "OPENCV_IPP": "sse42",
            "GLIBC_TUNABLES": f"glibc.cpu.hwcaps=-AVX,-AVX2,-FMA,-FMA4,{_GLIBC_NO_AVX512}",
        },
    ),
    Processor(
        "Sandy Bridge",
        "AVX",
        "AVX",
        {
            "NPY_DISABLE_CPU_FEATURES": f"X86_V3 {_NO_AVX512}",
            "OPENBLAS_CORETYPE": "Sandybridge",
            "MKL_CBWR": "COMPATIBLE",
            "ONEDNN_MAX_CPU_ISA": "AVX",
            "ATEN_CPU_CAPABILITY": "default",
            "NUMBA_CPU_NAME": "sandybridge",
            "NUMBA_CPU_FEATURES": "+avx",
            "OPENCV_CPU_DISABLE": "FP16,AVX2,AVX512-SKX",
            "OPENCV_IPP": "sse42",
            "GLIBC_TUNABLES": f"glibc.cpu.hwcaps=-AVX2,-FMA,-FMA4,{_GLIBC_NO_AVX512}",
        },
    ),
    Processor(
        "Haswell",
        "AVX2 and FMA",
        "X86_V3",
        {
            "NPY_DISABLE_CPU_FEATURES": _NO_AVX512,
            "OPENBLAS_CORETYPE": "Haswell",
            "ONEDNN_MAX_CPU_ISA": "AVX2",
            "ATEN_CPU_CAPABILITY": "avx2",
            "NUMBA_CPU_NAME": "haswell",
            "NUMBA_CPU_FEATURES": "+avx2,+fma",
            "OPENCV_CPU_DISABLE": "AVX512-SKX",
            "OPENCV_IPP": "avx2",
            "GLIBC_TUNABLES": f"glibc.cpu.hwcaps={_GLIBC_NO_AVX512}",
        },
    ),
    Processor(
        "Zen 2",
        "AVX2 and FMA",
        "X86_V3",
        {
            "NPY_DISABLE_CPU_FEATURES": _NO_AVX512,
            "OPENBLAS_CORETYPE": "Zen",
            "MKL_CBWR": "COMPATIBLE",
            "ONEDNN_MAX_CPU_ISA": "AVX2",
            "ATEN_CPU_CAPABILITY": "avx2",
            "NUMBA_CPU_NAME": "znver2",
            "NUMBA_CPU_FEATURES": "+avx2,+fma",
            "OPENCV_CPU_DISABLE": "AVX512-SKX",
            "OPENCV_IPP": "disabled",
            "GLIBC_TUNABLES": f"glibc.cpu.hwcaps={_GLIBC_NO_AVX512}",
        },
    ),
    Processor(
        "Skylake-X",
        "AVX-512",
        "X86_V4",
        {
            "NPY_DISABLE_CPU_FEATURES": "AVX512_ICL AVX512_SPR",
            "OPENBLAS_CORETYPE": "SkylakeX",
            "ONEDNN_MAX_CPU_ISA": "AVX512_CORE",
            "ATEN_CPU_CAPABILITY": "avx512",
            "NUMBA_CPU_NAME": "skylake-avx512",
            "NUMBA_CPU_FEATURES": "+avx512f,+avx512bw,+avx512dq,+avx512vl",
        },
    ),
)
"""From older to newer ones."""
