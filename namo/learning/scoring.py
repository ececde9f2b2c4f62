"""A model at inference: loaded once, queried many times, with every call counted."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from namo.errors import ModelError
from namo.geometry import Floats
from namo.learning.bundle import load_bundle
from namo.learning.inference_stats import InferenceStats
from namo.learning.model_platform import model_platform
from namo.learning.networks import OUTPUTS, CandidateNet
from namo.learning.queries import FRAMES, Query, by_view
from namo.learning.rasters import CHANNELS, VIEWS, warm_up_kernels


@dataclass(frozen=True, eq=False)
class Prediction:
    """Output of a model for the candidates of a query.

    Attributes:
        opens: (candidates,) probability that the push opens the robot's goal.
        p_later: (candidates,) probability that, if it does not, a plan continues from the state it
            leads to, times the discount per further push.
    """

    opens: Floats
    p_later: Floats

    @property
    def value(self) -> Floats:
        """Value of each candidate, (candidates,), a score from 0 to 1: `opens`, else `p_later`."""
        value: Floats = self.opens + (1.0 - self.opens) * self.p_later
        return value


_WARM_UP_BATCHES = (1, 4, 1)
_WARM_UP_CANDIDATES = 50


class Scorer:
    """Predicts the values of candidates with the model of a bundle.

    Attributes:
        features: names of the features that the model takes, in order.
        stats: inference cost so far.
    """

    def __init__(self, path: Path, kind: str, device: str, *, trust_code: bool = False) -> None:
        """Load the model and warm it up.

        Args:
            path: folder of the bundle.
            kind: "object" or "goal".
            device: "cpu", "cuda", or "auto" for CUDA if available.
            trust_code: whether a class named in the config may be imported.

        Raises:
            ModelError: the bundle is invalid, the device is not available, or the model returns
                non-finite values.
        """
        self._path, self._kind = path, kind
        self._device = device_named(device)
        torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
        warm_up_kernels()  # compiling is no cost of this model
        began = time.perf_counter()
        bundle = load_bundle(path, kind, trust_code=trust_code)
        network = bundle.network
        self.features = tuple(bundle.config["features"])
        if isinstance(network, CandidateNet):
            network = network.fused()
        network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._network = network.to(self._device)
        parameters = [*network.parameters(), *network.buffers()]
        self._discount = bundle.discount
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
        inputs = [_random_input(kind, size, len(self.features)) for size in _WARM_UP_BATCHES]
        logits = [self._forward(*each) for each in inputs]
        self.stats.platform = model_platform(kind, self._device, logits)
        self.stats.warm_up_s = time.perf_counter() - loaded

    @contextmanager
    def timed(self) -> Iterator[None]:
        """Count the time of the block as one query, rendering included."""
        began = time.perf_counter()
        yield
        self.stats.count_query(time.perf_counter() - began)

    def predict(self, queries: Sequence[Query]) -> list[Prediction]:
        """Return the prediction for each query, from a single forward pass.

        Args:
            queries: at least one; each with at least one candidate.

        Raises:
            ModelError: the network fails, or returns another shape or non-finite values.
        """
        began = time.perf_counter()
        rasters, features, index = _batched(queries)
        logits = self._forward(rasters, features)
        opens, leads = _sigmoid(logits[index]).T
        splits = np.cumsum([len(query.numbers) for query in queries])[:-1]
        self.stats.count_pass(len(rasters), time.perf_counter() - began)
        pairs = zip(np.split(opens, splits), np.split(self._discount * leads, splits), strict=True)
        return [Prediction(*pair) for pair in pairs]

    def time_forward(self, queries: Sequence[Query]) -> float:
        """Return the time of the bare forward pass for these queries (s); it is not counted."""
        tensors = self._tensors(*_batched(queries)[:2])
        began = time.perf_counter()
        with torch.inference_mode():
            self._network(*tensors).cpu()
        return time.perf_counter() - began

    def _forward(self, rasters: NDArray[np.uint8], features: NDArray[np.float32]) -> Floats:
        """Return the logits (views, candidates, 2) of a batch."""
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

    def _tensors(
        self, rasters: NDArray[np.uint8], features: NDArray[np.float32]
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the inputs of the network on its device, rasters scaled to 0 to 1."""
        images = torch.from_numpy(rasters).to(self._device)
        images = images.to(torch.float32, memory_format=torch.channels_last) / 255.0
        return images, torch.from_numpy(features).to(self._device)


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


def _batched(
    queries: Sequence[Query],
) -> tuple[NDArray[np.uint8], NDArray[np.float32], tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Return rasters, padded features per raster, and the index of each candidate in these."""
    rasters = np.concatenate([query.rasters for query in queries])
    offsets = np.cumsum([0, *(len(query.rasters) for query in queries)])
    view = np.concatenate(
        [offset + query.view for offset, query in zip(offsets, queries, strict=False)]
    )
    features, place = by_view(
        np.concatenate([query.features for query in queries]), view, len(rasters)
    )
    return rasters, features, (view, place)


def _sigmoid(logits: Floats) -> Floats:
    probabilities: Floats = 1.0 / (1.0 + np.exp(-np.clip(logits, -30.0, 30.0)))
    return probabilities


def _random_input(
    kind: str, batch: int, features: int
) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Return a random input of the network, for warming up."""
    rng = np.random.default_rng(0)
    pixels = VIEWS[FRAMES[kind]].pixels
    rasters = rng.integers(0, 256, (batch, len(CHANNELS), pixels, pixels), np.uint8)
    candidates = _WARM_UP_CANDIDATES if kind == "goal" else 1
    return rasters, rng.random((batch, candidates, features), np.float32)
