"""What decides the last bits of a computation, besides its inputs.

MuJoCo promises equal bits within one version on one architecture. NumPy picks the code of some
functions (sine, for one) by the processor's instruction set, and these differ in the last bit.
"""

from __future__ import annotations

import platform

import cv2
import mujoco
import numba
import numpy as np
import scipy
import shapely


def numerics() -> str:
    """Return a text that is equal on machines whose results are equal to the last bit."""
    functions = np.lib.introspect.opt_func_info("^(cos|sin|arctan2)$", "float64")
    chosen = {target["current"] for kinds in functions.values() for target in kinds.values()}
    return (
        f"MuJoCo {mujoco.__version__}, NumPy {np.__version__}, SciPy {scipy.__version__}, "
        f"numba {numba.__version__}, OpenCV {cv2.__version__}, "
        f"GEOS {shapely.geos_version_string}, {platform.machine()} "
        f"{'+'.join(sorted(chosen))}".strip()
    )
