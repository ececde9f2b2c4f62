"""Training: from a data set to a bundle, with model selection by search instead of by loss.

After each epoch the network is written as a bundle and searches held-out scenes; the last bundle
that is about as good as the best one is kept. A checkpoint is saved after each epoch and every
minute, so a killed training resumes, to the same bits on the same machine. Its log is for
TensorBoard.
"""

from __future__ import annotations

import csv
import io
import math
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from namo.errors import UsageError
from namo.files import remove_leftovers, replacing
from namo.learning.architecture import new_network
from namo.learning.bundle import write_bundle
from namo.learning.bundle_files import bundle_sha256, copy_bundle
from namo.learning.loaded_model import device_named, load_model
from namo.learning.networks import CandidateNet
from namo.learning.queries import FEATURES
from namo.learning.scoring import Scorer
from namo.planning.hybrid import Hybrid
from namo.planning.planner import Budget
from namo.seeding import Purpose, stream
from namo.signals import check_termination
from namo.strategies.learned import LearnedGoals, LearnedObjects
from namo.strategies.path_blocking import PathBlocking
from namo.strategies.strategy import ObjectStrategy
from namo.training.checkpoint import Checkpoint
from namo.training.data import CandidateData, Sample, collate
from namo.training.loss_plot import last_kept, plot_history
from namo.training.losses import candidate_loss, mirrored
from namo.training.schedule import learning_rate_factor
from namo.training.search_quality import HeldOut, Searches, SearchQuality
from namo.training.settings import TrainingSettings
from namo.training.training_log import EPOCH, STEP, TrainingLog, describe

CHECKPOINT, HISTORY, CURVES = "checkpoint.pt", "history.csv", "curves.svg"
ATTEMPT, BEST = "attempt", "best"
"""Folders of bundles beside the result: of the last epoch, and the one to keep so far."""
SAVE_EVERY_S, SHOW_EVERY_S = 60.0, 20.0

Row = dict[str, Any]


class Training:
    """Training of one model, resumed from a checkpoint if there is one."""

    def __init__(
        self,
        kind: str,
        dataset: Path,
        output: Path,
        settings: TrainingSettings,
        held_out: Sequence[Path],
        goal_model: Path | None = None,
        held_out_layouts: Iterable[str] = (),
        show: Callable[[str], None] = print,
    ) -> None:
        """Read the data and the checkpoint.

        Args:
            kind: "object" or "goal".
            dataset: folder of the data set.
            output: folder of the bundle; checkpoint and history are written beside the model.
            settings: of the training.
            held_out: scenes to search, of layouts that are not in the training split.
            goal_model: bundle that chooses goals in the held-out searches of an object model.
            held_out_layouts: of the scenes to search; comparisons in them would flatter the model.
            show: takes progress messages, line by line.

        Raises:
            UsageError: there is nothing to train on or to search, or the goal model is missing for
                an object model or given for a goal model.
        """
        self._kind, self._output, self._settings, self._show = kind, output, settings, show
        if kind == "object" and goal_model is None:
            raise UsageError("training an object model needs a goal model to search with")
        if kind == "goal" and goal_model is not None:
            raise UsageError(
                f"goal model '{goal_model}': the held-out searches of a goal model use itself"
            )
        self._goal_model = goal_model or output / ATTEMPT
        self._held_out_layouts = frozenset(held_out_layouts)
        self._device = device_named(settings.device)
        torch.set_num_threads(settings.threads)
        unknown = set(settings.without).difference(*FEATURES.values())
        if unknown:
            known = ", ".join(sorted(set().union(*FEATURES.values())))
            raise UsageError(f"without: no feature '{min(unknown)}'; allowed: {known}")
        self._features = [one for one in FEATURES[kind] if one not in settings.without]
        self._data = CandidateData(dataset, "train", kind, self._features, settings.dead_end_after)
        if not len(self._data):
            raise UsageError(f"{dataset}: has no data for kind {kind} in split train")
        budget = Budget(
            depth=settings.search_depth, seconds=math.inf, pushes=settings.search_pushes
        )
        self._held_out = HeldOut(held_out, settings.search_clearance, budget, settings.search_seed)
        for scene, why in self._held_out.left_out.items():
            show(f"held-out scene left out: {scene}: {why}")
        searched_with = list(self._held_out.read)
        if goal_model is not None:
            searched_with.append(bundle_sha256(goal_model))
        self._checkpoint = Checkpoint(
            output / CHECKPOINT,
            [kind, self._data.card["data_sha256"], settings.as_dict(), searched_with],
        )
        network = self._initial_network().to(self._device)
        # Held-out searches get worse with what labels say of this beyond a base: docs/learning.md.
        self._leads_weight = 0.0 if network.base else settings.leads_weight
        self._network: nn.Module = network
        self._optimiser = torch.optim.AdamW(
            self._network.parameters(), settings.learning_rate, weight_decay=settings.weight_decay
        )
        self._epoch = self._step = 0
        self._history: list[Row] = []
        self._losses: list[float] = []
        self._best: Searches | None = None
        self._steps_per_epoch = math.ceil(len(self._data) / settings.states_per_batch)
        logged = self._resume()
        about = describe(kind, settings, self._data.card, searched_with, self._device)
        self._log = TrainingLog(output, about, logged, self._steps_taken)

    def _initial_network(self) -> CandidateNet:
        """Return the network before training, without touching torch's global state.

        Its weights are random, but what it adds to its base, if it has one, is nothing.
        """
        seed = int(stream(self._settings.seed, 0, 0, Purpose.WEIGHTS).integers(2**63))
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            network = new_network(self._kind, self._settings.sizes, self._features)
        network.start_from_base()
        return network

    def run(self) -> SearchQuality:
        """Train until the last epoch, or until the held-out searches get worse.

        Returns:
            Search quality of the model that was kept.
        """
        for folder in (self._output, self._output / ATTEMPT, self._output / BEST):
            remove_leftovers(folder)
        with closing(self._log):
            return self._run()

    def _run(self) -> SearchQuality:
        settings = self._settings
        while self._epoch < settings.epochs and self._epochs_since_kept() < settings.patience:
            began = time.monotonic()
            self._train_epoch()
            trained = time.monotonic()
            searches = self._search()
            quality = searches.quality
            if self._best is None or quality.log_pushes < self._best.quality.log_pushes:
                self._best = searches
            # Few searches cannot tell that a later epoch knows more: docs/learning.md.
            kept = searches.about_as_good_as(self._best)
            row = {
                "epoch": self._epoch,
                "loss": sum(self._losses) / len(self._losses),
                **asdict(quality),
                "kept": int(kept),
                "train_s": round(trained - began, 1),
                "search_s": round(time.monotonic() - trained, 1),
            }
            self._history.append(row)
            if kept:
                self._write(self._output / BEST, quality)
            self._epoch, self._step, self._losses = self._epoch + 1, 0, []
            self._log.write(EPOCH, self._steps_taken, row)
            self._write_history()  # first: nobody writes it after the checkpoint
            self._save()
            self._show(
                f"epoch {row['epoch'] + 1}/{settings.epochs}: loss {row['loss']:.4f}, held-out "
                f"search {quality.pushes:.2f} pushes, {100 * quality.solved:.0f} % solved, "
                f"{100 * quality.within_five:.0f} % within 5; {row['train_s']} s + "
                f"{row['search_s']} s"
            )
        # Only now: a pipeline may delete what a killed training left at the place of its result.
        copy_bundle(self._output / BEST, self._output)
        row = last_kept(self._history)
        return SearchQuality(*(row[entry.name] for entry in fields(SearchQuality)))

    def _epochs_since_kept(self) -> int:
        """Return the number of epochs since the one whose network is kept so far."""
        return self._epoch - 1 - last_kept(self._history)["epoch"] if self._history else 0

    def _stream(self, purpose: Purpose, step: int = 0) -> np.random.Generator:
        """Return the random stream of a step of this epoch."""
        return stream(self._settings.seed, self._epoch, step, purpose)

    def _batches(self) -> Iterator[list[int]]:
        """Yield the states of each batch of this epoch, in random order."""
        order = self._stream(Purpose.BATCHES).permutation(len(self._data))
        size = self._settings.states_per_batch
        for start in range(0, len(order), size):
            yield order[start : start + size].tolist()

    def _train_epoch(self) -> None:
        self._network.train()
        shown = saved = time.monotonic()
        for step, states in enumerate(self._batches()):
            if step < self._step:
                continue
            check_termination()
            batch = collate([self._data[state] for state in states])
            batch = mirrored(batch, self._features, self._stream(Purpose.MIRRORING, step))
            self._losses.append(self._train_on(batch))
            self._step = step + 1
            now = time.monotonic()
            if now - shown > SHOW_EVERY_S:
                shown = now
                recent = self._losses[-50:]
                self._show(
                    f"epoch {self._epoch + 1}: step {self._step}/{self._steps_per_epoch}, loss "
                    f"{sum(recent) / len(recent):.4f}"
                )
            if now - saved > SAVE_EVERY_S:
                saved = now
                self._save()

    @property
    def _steps_taken(self) -> int:
        """Number of optimiser steps so far, in all epochs."""
        return self._epoch * self._steps_per_epoch + self._step

    def _train_on(self, batch: Sample) -> float:
        """Take one optimiser step on a batch and return its loss."""
        settings, done = self._settings, self._steps_taken
        total = settings.epochs * self._steps_per_epoch
        factor = learning_rate_factor(done / total, settings)
        for group in self._optimiser.param_groups:
            group["lr"] = factor * settings.learning_rate
        batch = Sample(*(tensor.to(self._device) for tensor in batch))
        mixed_precision = torch.autocast(
            self._device.type, torch.bfloat16, enabled=self._device.type == "cuda"
        )
        with mixed_precision:
            logits: Tensor = self._network(batch.rasters.float() / 255.0, batch.features)
        losses = candidate_loss(
            logits.float(),
            batch,
            rank_weight=settings.rank_weight,
            leads_weight=self._leads_weight,
        )
        self._optimiser.zero_grad(set_to_none=True)
        losses.loss.backward()  # type: ignore[no-untyped-call]
        norm = nn.utils.clip_grad_norm_(self._network.parameters(), settings.gradient_clip)
        self._optimiser.step()
        # One transfer from the device.
        names, scalars = (*losses._fields, "gradient_norm"), (*losses, norm)
        values = torch.stack([scalar.detach().double() for scalar in scalars]).tolist()
        named: dict[str, float] = dict(zip(names, values, strict=True))
        named["learning_rate"] = factor * settings.learning_rate
        self._log.write(STEP, done + 1, named)
        return named["loss"]

    def _search(self) -> Searches:
        """Write the current network as a bundle and search the held-out scenes with it."""
        attempt, settings = self._output / ATTEMPT, self._settings
        self._write(attempt, None)
        device, samples = self._device.type, settings.search_samples
        with _torch_threads(1):
            goals = LearnedGoals(Scorer(load_model(self._goal_model, "goal", device)), samples)
            objects: ObjectStrategy = PathBlocking()
            if self._kind == "object":
                objects = LearnedObjects(Scorer(load_model(attempt, "object", device)), samples)
            return self._held_out.search(Hybrid(objects, goals, settings.search_goals))

    def _write(self, folder: Path, quality: SearchQuality | None) -> None:
        """Write the current network as a bundle."""
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
        network = self._initial_network()
        network.load_state_dict(self._network.state_dict())
        layouts = sorted({*card["layouts"]["train"], *self._held_out_layouts})
        sizes = self._settings.sizes
        write_bundle(folder, self._kind, network.cpu(), sizes, about, layouts, self._features)

    def _save(self) -> None:
        self._checkpoint.save(
            {
                "network": self._network.state_dict(),
                "optimiser": self._optimiser.state_dict(),
                "epoch": self._epoch,
                "step": self._step,
                "losses": self._losses,
                "history": self._history,
                "best": self._best and [self._best.pushes.tolist(), self._best.solved.tolist()],
                "log_sizes": self._log.flush(),
            }
        )

    def _resume(self) -> dict[str, int]:
        """Continue from the checkpoint, if there is one; return the sizes of its log (bytes)."""
        path = self._checkpoint.path
        if not path.exists():
            return {}
        state = self._checkpoint.load(self._device)
        if state is None or "best" not in state:
            self._show(
                f"{path}: belongs to other data, settings or scenes, or to an earlier version; "
                "training restarts"
            )
            return {}
        self._network.load_state_dict(state["network"])
        self._optimiser.load_state_dict(state["optimiser"])
        self._epoch, self._step = state["epoch"], state["step"]
        self._losses, self._history = state["losses"], state["history"]
        self._best = Searches(*map(np.array, state["best"])) if state["best"] else None
        self._show(f"resuming at epoch {self._epoch + 1}, step {self._step}")
        sizes: dict[str, int] = state["log_sizes"]
        return sizes

    def _write_history(self) -> None:
        text = io.StringIO()
        writer = csv.DictWriter(text, list(self._history[0]))
        writer.writeheader()
        writer.writerows(self._history)
        with replacing(self._output / HISTORY) as handle:
            handle.write(text.getvalue().encode())
        plot_history(self._history, self._kind, self._output / CURVES)


@contextmanager
def _torch_threads(count: int) -> Iterator[None]:
    """Limit torch to a number of threads within the block."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
