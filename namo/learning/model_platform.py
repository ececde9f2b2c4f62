"""What decides the last bits of a model's predictions, besides its inputs and weights.

Torch chooses its own kernels, those of oneDNN and those of its BLAS by the processor, or by the
graphics card, and by variables of the environment. Their names do not tell everything, so the text
ends with a hash of what the model computes for fixed inputs.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable

import torch

from namo.geometry import Floats
from namo.learning.passes import PassShape

_LIBRARIES = {
    "oneDNN": r"MKL-DNN v(\S+)|oneDNN v(\S+)",
    "MKL": r"Math Kernel Library Version (\S+)",
    "OpenBLAS": r"OpenBLAS (\S+)",
}
"""Name -> where torch's description of its build has the version."""


def model_platform(
    kind: str, device: torch.device, shape: PassShape | None, logits: Iterable[Floats]
) -> str:
    """Return a text that is equal on platforms where a model predicts the same bits.

    Args:
        kind: "object" or "goal".
        device: where the model runs.
        shape: of every pass; None where each has that of its query.
        logits: (views, candidates, outputs) for fixed inputs, in several batches.
    """
    digest = hashlib.sha256()
    for values in logits:
        digest.update(values.tobytes())
    passes = "" if shape is None else f", passes of {shape.rows} x {shape.candidates}"
    return (
        f"torch {torch.__version__}, {_kernels(device)}{passes}; "
        f"{kind} model at {digest.hexdigest()[:8]}"
    )


def _kernels(device: torch.device) -> str:
    if device.type == "cuda":
        name, cudnn = torch.cuda.get_device_name(device), torch.backends.cudnn.version()  # type: ignore[no-untyped-call]
        return f"CUDA {torch.version.cuda}, cuDNN {cudnn}, {name}"
    build = torch.__config__.show()
    named = []
    for library, pattern in _LIBRARIES.items():
        if found := re.search(pattern, build):
            named.append(f"{library} {next(filter(None, found.groups()))}")
    capability, threads = torch.backends.cpu.get_cpu_capability(), torch.get_num_threads()
    return ", ".join([*named, f"{capability} kernels", f"threads: {threads}"])
