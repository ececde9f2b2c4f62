"""Training: from a data set to a bundle, judged by searching and not by its loss.

After each epoch the network is written as a bundle and searches scenes of held-out layouts; the
bundle that needs the fewest pushes is kept. State is saved after each epoch and every minute, so a
killed training goes on where it was, to the same bits on the same machine.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from namo.errors import UsageError
from namo.files import replacing, sha256_of
from namo.learning.bundle import new_network, write_bundle
from namo.learning.bundle_files import bundle_sha256, copy_bundle
from namo.learning.scoring import Scorer, device_named
from namo.planning.best_first import BestFirst
from namo.planning.planner import Budget
from namo.strategies.learned import LearnedGoals, LearnedObjects
from namo.strategies.object_order import NoHeuristic
from namo.strategies.strategy import ObjectStrategy
from namo.training.data import CandidateData, Sample, collate
from namo.training.loss_plot import draw_curves
from namo.training.losses import candidate_loss, mirrored
from namo.training.search_quality import HeldOut, SearchQuality
from namo.training.settings import TrainingSettings

CHECKPOINT, HISTORY, CURVES = "checkpoint.pt", "history.csv", "curves.svg"
ATTEMPT, BEST = "attempt", "best"
"""Bundles beside the result: of the last epoch, and the best so far."""
SAVE_EVERY_S = 60.0
SEARCH_DEPTH = 3
SEARCH_GOALS = 5
ML_SAMPLES = 32

Row = dict[str, Any]


class Training:
    """One model being trained, from wherever an earlier run left it."""

    def __init__(
        self,
        kind: str,
        dataset: Path,
        output: Path,
        settings: TrainingSettings,
        held_out: Sequence[Path],
        goal_model: Path | None = None,
        show: Callable[[str], None] = print,
    ) -> None:
        """Read the data and, where there is one, the checkpoint.

        Args:
            kind: "object" or "goal".
            dataset: folder of the data set.
            output: folder of the bundle; checkpoint and history lie beside the model in it.
            settings: of the training.
            held_out: scenes to search, of layouts that are not in the training split.
            goal_model: bundle that chooses goals where an object model is searched with.
            show: takes lines for people.

        Raises:
            UsageError: there is nothing to train on or to search, or no goal model for an object
                model.
        """
        self._kind, self._output, self._settings, self._show = kind, output, settings, show
        if kind == "object" and goal_model is None:
            raise UsageError("training an object model needs a goal model to search with")
        if kind == "goal" and goal_model is not None:
            raise UsageError(
                f"goal model '{goal_model}': a goal model that is trained is searched with itself"
            )
        self._goal_model = goal_model or output / ATTEMPT
        self._device = device_named(settings.device)
        torch.set_num_threads(settings.threads)
        self._data = CandidateData(dataset, "train", kind)
        if not len(self._data):
            raise UsageError(f"{dataset}: holds nothing for kind {kind} in split train")
        budget = Budget(depth=SEARCH_DEPTH, seconds=math.inf, pushes=settings.search_pushes)
        self._held_out = HeldOut(held_out, budget, settings.search_seed)
        self._judged_by = [sha256_of(scene) for scene in held_out]
        if goal_model is not None:
            self._judged_by.append(bundle_sha256(goal_model))
        torch.manual_seed(settings.seed)
        self._network: nn.Module = new_network(kind, settings.sizes).to(self._device)
        self._optimiser = torch.optim.AdamW(
            self._network.parameters(), settings.learning_rate, weight_decay=settings.weight_decay
        )
        self._epoch = self._step = 0
        self._history: list[Row] = []
        self._losses: list[float] = []
        self._resume()

    def run(self) -> SearchQuality:
        """Train until the epochs are used up or the search no longer gets better.

        Returns:
            How well the kept model searches.
        """
        settings = self._settings
        best = min((row["log_pushes"] for row in self._history), default=math.inf)
        while self._epoch < settings.epochs and self._stale() < settings.patience:
            began = time.monotonic()
            self._train_epoch()
            trained = time.monotonic()
            quality = self._search()
            row = {
                "epoch": self._epoch,
                "loss": sum(self._losses) / len(self._losses),
                **asdict(quality),
                "train_s": round(trained - began, 1),
                "search_s": round(time.monotonic() - trained, 1),
            }
            self._history.append(row)
            if quality.log_pushes < best:
                best = quality.log_pushes
                self._write(self._output / BEST, quality)
            self._epoch, self._step, self._losses = self._epoch + 1, 0, []
            self._save()
            self._write_history()
            self._show(
                f"epoch {row['epoch'] + 1}/{settings.epochs}: loss {row['loss']:.4f}, held-out "
                f"search {quality.pushes:.2f} pushes, {100 * quality.solved:.0f} % solved, "
                f"{100 * quality.within_five:.0f} % within 5; {row['train_s']} s + "
                f"{row['search_s']} s"
            )
        # Only now: a pipeline may delete what a killed training left where its result belongs.
        copy_bundle(self._output / BEST, self._output)
        kept = min(self._history, key=lambda row: row["log_pushes"])
        return SearchQuality(*(kept[entry.name] for entry in fields(SearchQuality)))

    def _stale(self) -> int:
        """Return how many epochs ago the search was best."""
        if not self._history:
            return 0
        pushes = [row["log_pushes"] for row in self._history]
        return len(pushes) - 1 - pushes.index(min(pushes))

    def _batches(self) -> Iterator[list[int]]:
        """Yield the states of each batch of this epoch, in an order of its own."""
        generator = _generator(self._settings.seed, self._epoch)
        order = torch.randperm(len(self._data), generator=generator)
        size = self._settings.states_per_batch
        for start in range(0, len(order), size):
            yield order[start : start + size].tolist()

    def _train_epoch(self) -> None:
        self._network.train()
        steps = math.ceil(len(self._data) / self._settings.states_per_batch)
        shown = saved = time.monotonic()
        for step, states in enumerate(self._batches()):
            if step < self._step:
                continue
            generator = _generator(self._settings.seed, self._epoch, step)
            batch = collate([self._data[state] for state in states])
            self._losses.append(self._train_on(mirrored(batch, self._kind, generator), steps))
            self._step = step + 1
            now = time.monotonic()
            if now - shown > 20.0:
                shown = now
                recent = self._losses[-50:]
                self._show(
                    f"epoch {self._epoch + 1}: step {self._step}/{steps}, loss "
                    f"{sum(recent) / len(recent):.4f}"
                )
            if now - saved > SAVE_EVERY_S:
                saved = now
                self._save()

    def _train_on(self, batch: Sample, steps_an_epoch: int) -> float:
        settings = self._settings
        done = self._epoch * steps_an_epoch + self._step
        rate = _rate(done / (settings.epochs * steps_an_epoch)) * settings.learning_rate
        for group in self._optimiser.param_groups:
            group["lr"] = rate
        batch = Sample(*(tensor.to(self._device) for tensor in batch))
        mixed = torch.autocast(
            self._device.type, torch.bfloat16, enabled=self._device.type == "cuda"
        )
        with mixed:
            logits: Tensor = self._network(batch.rasters.float() / 255.0, batch.features)
        loss = candidate_loss(
            logits.float(),
            batch,
            rank_weight=settings.rank_weight,
            leads_weight=settings.leads_weight,
        )
        self._optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self._network.parameters(), 5.0)
        self._optimiser.step()
        return float(loss.detach())

    def _search(self) -> SearchQuality:
        """Write the network as it is and search the held-out scenes with it."""
        attempt = self._output / ATTEMPT
        self._write(attempt, None)
        device = self._device.type
        with _torch_threads(1):
            goals = LearnedGoals(Scorer(self._goal_model, "goal", device), ML_SAMPLES)
            objects: ObjectStrategy = NoHeuristic()
            if self._kind == "object":
                objects = LearnedObjects(Scorer(attempt, "object", device), ML_SAMPLES)
            return self._held_out.search(BestFirst(objects, goals, SEARCH_GOALS))

    def _write(self, folder: Path, quality: SearchQuality | None) -> None:
        card = self._data.card
        about = {
            "discount": self._settings.discount,
            "training": {
                "data_sha256": card["data_sha256"],
                "rows": card["splits"]["train"]["rows"],
                "epoch": self._epoch + 1,
                "settings": self._settings.as_dict(),
            },
            "metrics": None if quality is None else {"held_out_search": asdict(quality)},
        }
        network = new_network(self._kind, self._settings.sizes)
        network.load_state_dict(self._network.state_dict())
        layouts = card["layouts"]["train"]
        write_bundle(folder, self._kind, network.cpu(), self._settings.sizes, about, layouts)

    def _identity(self) -> str:
        """Return what a checkpoint must have been made with to be gone on from."""
        data = self._data.card["data_sha256"]
        text = json.dumps(
            [self._kind, data, self._settings.as_dict(), self._judged_by], sort_keys=True
        )
        return hashlib.sha256(text.encode()).hexdigest()

    def _save(self) -> None:
        state = {
            "identity": self._identity(),
            "network": self._network.state_dict(),
            "optimiser": self._optimiser.state_dict(),
            "epoch": self._epoch,
            "step": self._step,
            "losses": self._losses,
            "history": self._history,
        }
        buffer = io.BytesIO()
        torch.save(state, buffer)
        with replacing(self._output / CHECKPOINT) as handle:
            handle.write(buffer.getbuffer())

    def _resume(self) -> None:
        path = self._output / CHECKPOINT
        if not path.exists():
            return
        state = torch.load(path, map_location=self._device, weights_only=True)
        if state["identity"] != self._identity():
            self._show(f"{path}: is of other data, settings or scenes; training begins anew")
            return
        self._network.load_state_dict(state["network"])
        self._optimiser.load_state_dict(state["optimiser"])
        self._epoch, self._step = state["epoch"], state["step"]
        self._losses, self._history = state["losses"], state["history"]
        self._show(f"going on at epoch {self._epoch + 1}, step {self._step}")

    def _write_history(self) -> None:
        text = io.StringIO()
        writer = csv.DictWriter(text, list(self._history[0]))
        writer.writeheader()
        writer.writerows(self._history)
        with replacing(self._output / HISTORY) as handle:
            handle.write(text.getvalue().encode())
        draw_curves(self._history, self._kind, self._output / CURVES)


def _generator(*numbers: int) -> torch.Generator:
    """Return a generator that no other numbers give."""
    seed = 0
    for number in numbers:
        seed = seed * 1_000_003 + number
    return torch.Generator().manual_seed(seed % (1 << 63))


def _rate(progress: float) -> float:
    """Return the share of the learning rate: up for a tenth of the way, down like a cosine."""
    if progress < 0.1:
        return 0.1 + 0.9 * progress / 0.1
    return 0.01 + 0.99 * 0.5 * (1.0 + math.cos(math.pi * (progress - 0.1) / 0.9))


@contextmanager
def _torch_threads(count: int) -> Iterator[None]:
    """Let torch use so many threads within the block."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
