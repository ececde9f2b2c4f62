"""What decides the last bits of a computation, besides its inputs.

MuJoCo promises equal bits within one version on one architecture. NumPy and OpenBLAS choose the
code of some functions by the processor's instruction set, the C library chooses that of sine and
its relatives, and the choices differ in the last bit. Networks are not covered: what torch computes
depends on its own kernels and on the device, see `namo.learning.model_platform`.
"""

from __future__ import annotations

import ctypes
import hashlib
import math
import platform
from array import array
from functools import lru_cache

import cv2
import mujoco
import numba
import numpy as np
import scipy
import shapely
from numpy.linalg import _umath_linalg

_OPENBLAS_SUFFIXES = ("64_", "")
_OPENBLAS_PREFIXES = ("scipy_openblas", "openblas")
"""NumPy's wheels rename the symbols of OpenBLAS; conda and distributions do not."""


@lru_cache(maxsize=1)
def numeric_platform() -> str:
    """Return a text that is equal on platforms whose results are equal to the last bit.

    Before the semicolon stand the libraries, with a fingerprint of the C library's functions; after
    it the kernels that NumPy and its BLAS chose for this processor.
    """
    return (
        f"MuJoCo {mujoco.__version__}, NumPy {np.__version__}, SciPy {scipy.__version__}, "
        f"numba {numba.__version__}, OpenCV {cv2.__version__}, "
        f"GEOS {shapely.geos_version_string}, libm {_libm_fingerprint()}; "
        f"{_blas_kernel()}, {platform.machine()} {_numpy_kernels()}"
    )


def _numpy_kernels() -> str:
    """Return the instruction sets that NumPy runs its trigonometric functions with."""
    functions = np.lib.introspect.opt_func_info("^(cos|sin|arctan2)$", "float64")
    chosen = {target["current"] for kinds in functions.values() for target in kinds.values()}
    return "+".join(sorted(chosen))


def _blas_kernel() -> str:
    """Return the name of NumPy's BLAS; with OpenBLAS also its version and its kernel here."""
    library = ctypes.CDLL(_umath_linalg.__file__)  # finds the symbols of what it is linked to
    for prefix in _OPENBLAS_PREFIXES:
        for suffix in _OPENBLAS_SUFFIXES:
            try:
                config = getattr(library, f"{prefix}_get_config{suffix}")
                kernel = getattr(library, f"{prefix}_get_corename{suffix}")
            except AttributeError:
                continue
            config.restype = kernel.restype = ctypes.c_char_p
            version = config().decode().split()[1]
            return f"OpenBLAS {version} {kernel().decode()}"
    blas = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
    return f"{blas['name']} {blas.get('version', '')}".strip()


def _libm_fingerprint() -> str:
    """Return a hash of what the C library computes, which Python, numba and MuJoCo call.

    Its code for processors with and without fused multiply-add differs in about one value in a
    thousand, so there are several thousand arguments.
    """
    arguments = [6.0 * (index * 0.6180339887498949 % 1.0) - 3.0 for index in range(1, 4096)]
    values = array("d")
    for x in arguments:
        values.extend((math.sin(x), math.cos(x), math.atan2(x, 0.7)))
        values.extend((math.exp(x), math.acos(x / 3.0), math.pow(abs(x), 1.3)))
    return hashlib.sha256(values.tobytes()).hexdigest()[:8]
