"""A model at work: loaded once, asked many times, every call counted."""

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
from namo.learning.bundle import load_bundle
from namo.learning.inference_stats import ModelUse
from namo.learning.networks import OUTPUTS, CandidateNet
from namo.learning.queries import FEATURES, FRAMES, Question, by_view
from namo.learning.rasters import CHANNELS, VIEWS, compile_ahead

Values = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Promise:
    """What a model says of some candidates.

    Attributes:
        opens: (candidates,) the chance, 0 to 1, that the push opens the robot's goal.
        later: (candidates,) the chance that, where it does not, a plan follows it, times the
            discount of a further push.
    """

    opens: Values
    later: Values

    @property
    def values(self) -> Values:
        """How promising each candidate is, (candidates,): the chance of `opens`, else `later`."""
        values: Values = self.opens + (1.0 - self.opens) * self.later
        return values


_WARM_UP_BATCHES = (1, 4, 1)
_PROBE_CANDIDATES = 50


class Scorer:
    """Answers questions with the model of a bundle.

    Attributes:
        use: what it cost so far.
    """

    def __init__(self, path: Path, kind: str, device: str, *, trust_code: bool = False) -> None:
        """Load the model and warm it up.

        Args:
            path: folder of the bundle.
            kind: "object" or "goal".
            device: "cpu", "cuda", or "auto" for CUDA where there is one.
            trust_code: whether a class that the config names may be imported.

        Raises:
            ModelError: the bundle does not fit, or there is no such device, or what the model says
                is not finite.
        """
        self._path, self._kind = path, kind
        self._device = device_named(device)
        torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
        began = time.perf_counter()
        bundle = load_bundle(path, kind, trust_code=trust_code)
        network = bundle.network
        if isinstance(network, CandidateNet):
            network = network.fused()
        network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._network = network.to(self._device)
        parameters = [*network.parameters(), *network.buffers()]
        self._discount = bundle.discount
        loaded = time.perf_counter()
        self.use = ModelUse(
            kind=kind,
            path=str(path),
            sha256=bundle.config["weights_sha256"],
            parameters=sum(tensor.numel() for tensor in parameters),
            bytes=sum(tensor.numel() * tensor.element_size() for tensor in parameters),
            device=self._device.type,
            load_s=loaded - began,
        )
        compile_ahead()
        for batch in _WARM_UP_BATCHES:
            self._ask(*_probe(kind, batch))
        self.use.warm_up_s = time.perf_counter() - loaded

    @contextmanager
    def asking(self) -> Iterator[None]:
        """Count what is done within the block as a question, drawing included."""
        began = time.perf_counter()
        yield
        self.use.asked(time.perf_counter() - began)

    def promises(self, questions: Sequence[Question]) -> list[Promise]:
        """Return how promising the candidates of each question are; one pass of the network.

        Args:
            questions: at least one; each with at least one candidate.

        Raises:
            ModelError: the network fails, answers in another shape, or says something that is not
            finite.
        """
        began = time.perf_counter()
        rasters, features, place = _batched(questions)
        logits = self._ask(rasters, features)
        opens, leads = _sigmoid(logits[place]).T
        ends = np.cumsum([len(question.numbers) for question in questions])[:-1]
        self.use.passed(len(rasters), time.perf_counter() - began)
        pairs = zip(np.split(opens, ends), np.split(self._discount * leads, ends), strict=True)
        return [Promise(*pair) for pair in pairs]

    def forward(self, questions: Sequence[Question]) -> float:
        """Return how long the bare pass of the network for these questions takes (s)."""
        rasters, features, _ = _batched(questions)
        pictures, numbers = self._tensors(rasters, features)
        began = time.perf_counter()
        with torch.inference_mode():
            self._network(pictures, numbers).cpu()
        return time.perf_counter() - began

    def _ask(self, rasters: NDArray[np.uint8], features: NDArray[np.float32]) -> Values:
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
                f"{self._path}: the {self._kind} model answers with shape {tuple(logits.shape)}; "
                f"{wanted} is needed"
            )
        if not bool(torch.isfinite(logits).all()):
            raise ModelError(
                f"{self._path}: the {self._kind} model says something that is not finite (NaN)"
            )
        answers: Values = logits.numpy().astype(np.float64)
        return answers

    def _tensors(
        self, rasters: NDArray[np.uint8], features: NDArray[np.float32]
    ) -> tuple[torch.Tensor, torch.Tensor]:
        pictures = torch.from_numpy(rasters).to(self._device)
        pictures = pictures.to(torch.float32, memory_format=torch.channels_last) / 255.0
        return pictures, torch.from_numpy(features).to(self._device)


def device_named(name: str) -> torch.device:
    """Return the device to run models on.

    Args:
        name: "cpu", "cuda", or "auto" for CUDA where there is one.

    Raises:
        ModelError: CUDA is asked for and not there.
    """
    there = torch.cuda.is_available()
    if name == "auto":
        return torch.device("cuda" if there else "cpu")
    if name == "cuda" and not there:
        raise ModelError("--ml-device cuda: this machine has no CUDA device; use --ml-device cpu")
    return torch.device(name)


def _batched(
    questions: Sequence[Question],
) -> tuple[NDArray[np.uint8], NDArray[np.float32], tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Return rasters, features by raster, and where in these each candidate is."""
    rasters = np.concatenate([question.rasters for question in questions])
    firsts = np.cumsum([0, *(len(question.rasters) for question in questions)])
    view = np.concatenate(
        [first + question.view for first, question in zip(firsts, questions, strict=False)]
    )
    known = np.concatenate([question.features for question in questions])
    features, place = by_view(known, view, len(rasters))
    return rasters, features, (view, place)


def _sigmoid(logits: Values) -> Values:
    chances: Values = 1.0 / (1.0 + np.exp(-np.clip(logits, -30.0, 30.0)))
    return chances


def _probe(kind: str, batch: int) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Return a question of random pictures, to be asked before the first real one."""
    rng = np.random.default_rng(0)
    pixels = VIEWS[FRAMES[kind]].pixels
    rasters = rng.integers(0, 256, (batch, len(CHANNELS), pixels, pixels), np.uint8)
    candidates = _PROBE_CANDIDATES if kind == "goal" else 1
    return rasters, rng.random((batch, candidates, len(FEATURES[kind])), np.float32)
