"""What decides the last bits of a computation, besides its inputs.

MuJoCo promises equal bits within one version on one architecture. The C library chooses the code of
sine and its relatives by the processor's instruction set, and MuJoCo, Python and numba call it.
NumPy and OpenBLAS choose theirs too, which this package avoids (`namo.portable_math`) and a plug-in
may not. The choices differ in the last bit. Networks are not covered: what torch computes depends
on its own kernels and on the device, see `namo.learning.model_platform`.
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

_FALLING_BOXES = """
<mujoco>
  <option timestep="0.004" integrator="implicitfast" cone="elliptic"/>
  <worldbody>
    <geom type="plane" size="2 2 0.1"/>
    <body pos="0 0 0.11">
      <freejoint/>
      <geom type="box" size="0.1 0.2 0.1"/>
    </body>
    <body pos="0.05 0.08 0.35" euler="10 20 30">
      <freejoint/>
      <geom type="box" size="0.1 0.15 0.1"/>
    </body>
  </worldbody>
</mujoco>
"""


@lru_cache(maxsize=1)
def numeric_platform() -> str:
    """Return a text that is equal on platforms whose results are equal to the last bit.

    Before the semicolon stands what decides the results of this package: libraries, with what
    MuJoCo and the C library compute for fixed inputs as fingerprints. After it stand the kernels
    that NumPy and its BLAS chose for this processor, which decide those of plug-ins that use them.
    """
    libraries = {
        "MuJoCo": f"{mujoco.__version__} {_physics_fingerprint()}",
        "NumPy": np.__version__,
        "SciPy": scipy.__version__,
        "numba": numba.__version__ + _vector_math(),
        "OpenCV": cv2.__version__,
        "GEOS": shapely.geos_version_string,
        "libm": _libm_fingerprint(),
    }
    kernels = f"{_blas_kernel()}, {platform.machine()} {_numpy_kernels()}"
    return f"{', '.join(' '.join(each) for each in libraries.items())}; {kernels}"


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
        values.extend((math.tan(x), math.asin(x / 3.0), math.log(abs(x))))
    return hashlib.sha256(values.tobytes()).hexdigest()[:8]


def _vector_math() -> str:
    """Return what numba computes sines in loops with besides the C library, if anything."""
    return " with SVML" if getattr(numba.config, "USING_SVML", False) else ""


def _physics_fingerprint() -> str:
    """Return a hash of where MuJoCo moves two boxes, one of which falls onto the other.

    Builds of one version differ: those on PyPI use AVX, those of distributions need not.
    """
    model = mujoco.MjModel.from_xml_string(_FALLING_BOXES)
    data = mujoco.MjData(model)
    digest = hashlib.sha256()
    for _ in range(60):
        mujoco.mj_step(model, data, nstep=5)
        digest.update(data.qpos.tobytes())
    return digest.hexdigest()[:8]
