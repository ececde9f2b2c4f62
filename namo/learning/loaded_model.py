"""A model in the memory of this process, on the CPU or a GPU: logits for rasters and features."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
import torch

from namo.errors import ModelError
from namo.geometry import Floats
from namo.learning.bundle import load_bundle
from namo.learning.inference_stats import InferenceStats
from namo.learning.model_platform import model_platform
from namo.learning.networks import OUTPUTS, CandidateNet
from namo.learning.passes import (
    PASS_SHAPES,
    Inputs,
    PassShape,
    in_passes,
    rows_are_independent,
)
from namo.learning.queries import FRAMES, Features
from namo.learning.rasters import CHANNELS, VIEWS, Raster, warm_up_kernels

_log = logging.getLogger(__name__)

_WARM_UP_BATCHES = (1, 4, 1)
_WARM_UP_CANDIDATES = 50


class Model(Protocol):
    """A model that can be queried, wherever it is.

    Attributes:
        features: names of the features that it takes, in order.
        discount: per further push, a factor from 0 to 1.
        stats: inference cost of this process so far.
    """

    features: tuple[str, ...]
    discount: float
    stats: InferenceStats

    def logits(self, rasters: Raster, features: Features) -> Floats:
        """Return the logits (views, candidates, 2); they depend on nothing but the arguments.

        Args:
            rasters: (views, channels, pixels, pixels).
            features: (views, candidates, features).

        Raises:
            ModelError: the network fails, or returns another shape or non-finite values.
            MachineError: the process that holds the model has ended.
        """
        ...


class LoadedModel:
    """A model that this process has loaded and warmed up; see `Model`."""

    def __init__(
        self,
        path: Path,
        kind: str,
        device: torch.device,
        shape: PassShape | None,
        *,
        trust_code: bool = False,
    ) -> None:
        """Load the model and warm it up.

        Args:
            path: folder of the bundle.
            kind: "object" or "goal".
            device: where to run it.
            shape: of every pass; None for passes that have the shape of their query.
            trust_code: whether a class named in the config may be imported.

        Raises:
            ModelError: the bundle is invalid, or the model returns non-finite values.
        """
        self._path, self._kind, self._device, self._shape = path, kind, device, shape
        torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
        warm_up_kernels()  # compiling is no cost of this model
        began = time.perf_counter()
        bundle = load_bundle(path, kind, trust_code=trust_code)
        network = bundle.network
        self.features, self.discount = tuple(bundle.config["features"]), bundle.discount
        if isinstance(network, CandidateNet):
            network = network.fused()
        network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._network = network.to(self._device)
        parameters = [*network.parameters(), *network.buffers()]
        loaded = time.perf_counter()
        self.stats = InferenceStats(
            kind=kind,
            path=str(path),
            sha256=bundle.config["weights_sha256"],
            parameters=sum(tensor.numel() for tensor in parameters),
            bytes=sum(tensor.numel() * tensor.element_size() for tensor in parameters),
            device=self._device.type,
            load_s=loaded - began,
        )
        self._shares_passes = shape is not None and self._may_share(shape)
        inputs = [_random_inputs(kind, size, len(self.features)) for size in _WARM_UP_BATCHES]
        logits = [self.logits(*each) for each in inputs]
        self.stats.platform = model_platform(kind, self._device, shape, logits)
        self.stats.warm_up_s = time.perf_counter() - loaded

    def logits(self, rasters: Raster, features: Features) -> Floats:
        """See `Model`."""
        (logits,) = self.logits_of([(rasters, features)])
        return logits

    def logits_of(self, queries: Sequence[Inputs]) -> list[Floats]:
        """Return the logits (views, candidates, 2) of several queries, bit for bit as each alone.

        Args:
            queries: inputs as of `logits`; at least one.

        Raises:
            ModelError: see `logits`.
        """
        if self._shape is None:
            return [self._forward(*each) for each in queries]
        if self._shares_passes:
            return in_passes(self._forward, self._shape, queries)
        return [in_passes(self._forward, self._shape, [each])[0] for each in queries]

    def time_forward(self, rasters: Raster, features: Features) -> float:
        """Return the time of the bare forward pass of a query (s).

        Args:
            rasters: (views, channels, pixels, pixels).
            features: (views, candidates, features).
        """
        tensors = self._tensors(rasters, features)
        began = time.perf_counter()
        with torch.inference_mode():
            self._network(*tensors).cpu()
        return time.perf_counter() - began

    def _may_share(self, shape: PassShape) -> bool:
        """Look whether queries may share passes, and say if not."""
        views = 2 * shape.rows + 1
        inputs = _random_inputs(self._kind, views, len(self.features), shape.candidates)
        if rows_are_independent(self._forward, shape, inputs):
            return True
        _log.warning(
            "%s: what the %s model predicts on '%s' depends on what else is in a pass; "
            "each pass holds a single query",
            self._path,
            self._kind,
            self._device,
        )
        return False

    def _forward(self, rasters: Raster, features: Features) -> Floats:
        """Return the logits (views, candidates, 2) of a pass."""
        try:
            with torch.inference_mode():
                logits = self._network(*self._tensors(rasters, features)).float().cpu()
        except Exception as error:
            raise ModelError(
                f"{self._path}: the {self._kind} model: {type(error).__name__}: {error}"
            ) from error
        wanted = (*features.shape[:2], len(OUTPUTS))
        if logits.shape != wanted:
            raise ModelError(
                f"{self._path}: the {self._kind} model returned shape {tuple(logits.shape)}; "
                f"expected {wanted}"
            )
        if not bool(torch.isfinite(logits).all()):
            raise ModelError(
                f"{self._path}: the {self._kind} model returned non-finite values (NaN or infinity)"
            )
        values: Floats = logits.numpy().astype(np.float64)
        return values

    def _tensors(self, rasters: Raster, features: Features) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the inputs of the network on its device, rasters scaled to 0 to 1."""
        images = torch.from_numpy(rasters).to(self._device)
        images = images.to(torch.float32, memory_format=torch.channels_last) / 255.0
        return images, torch.from_numpy(features).to(self._device)


def load_model(path: Path, kind: str, device: str, *, trust_code: bool = False) -> LoadedModel:
    """Return a model, loaded and warmed up.

    On a GPU all passes have one shape, so that processes can share it; on a CPU that would only
    cost time, since every process runs its own passes.

    Args:
        path: folder of the bundle.
        kind: "object" or "goal".
        device: "cpu", "cuda", or "auto" for CUDA if available.
        trust_code: whether a class named in the config may be imported.

    Raises:
        ModelError: the bundle is invalid, the device is not available, or the model returns
            non-finite values.
    """
    where = device_named(device)
    shape = PASS_SHAPES[kind] if where.type == "cuda" else None
    return LoadedModel(path, kind, where, shape, trust_code=trust_code)


def device_named(name: str) -> torch.device:
    """Return the device to run models on.

    Args:
        name: "cpu", "cuda", or "auto" for CUDA if available.

    Raises:
        ModelError: CUDA is requested but not available.
    """
    available = torch.cuda.is_available()
    if name == "auto":
        return torch.device("cuda" if available else "cpu")
    if name == "cuda" and not available:
        raise ModelError("--ml-device cuda: this machine has no CUDA device; use --ml-device cpu")
    return torch.device(name)


def _random_inputs(kind: str, views: int, features: int, candidates: int | None = None) -> Inputs:
    """Return random inputs of the network, for warming up."""
    rng = np.random.default_rng(0)
    pixels = VIEWS[FRAMES[kind]].pixels
    rasters = rng.integers(0, 256, (views, len(CHANNELS), pixels, pixels), np.uint8)
    if candidates is None:
        candidates = _WARM_UP_CANDIDATES if kind == "goal" else 1
    return rasters, rng.random((views, candidates, features), np.float32)
