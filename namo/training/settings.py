"""Settings of training and of the search that tells how good a model is."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from namo.errors import UsageError

MAX_SEED = 2**63 - 1


@dataclass(frozen=True)
class TrainingSettings:
    """Everything that decides a trained model, beside its data.

    Attributes:
        widths: of the network's trunk at a half, a quarter and an eighth of a raster's side.
        blocks: residual blocks at each of these.
        summary: numbers that stand for the whole raster.
        hidden: width of the head.
        discount: factor for a success that takes a further push, 0 to 1.
        epochs: passes over the data, at most.
        patience: epochs without a better search before training stops.
        states_per_batch: states that are looked at together.
        learning_rate: factor of AdamW's steps at its largest; it rises for a tenth of the steps and
            then falls like a cosine.
        weight_decay: factor of AdamW's decay (Loshchilov, Hutter 2019).
        rank_weight: of the ranking loss.
        leads_weight: of the loss on what leads to the goal later.
        seed: of weights, order and mirroring.
        threads: of torch on a CPU.
        device: cpu, cuda or auto.
        search_scenes: held-out scenes that are searched after each epoch.
        search_pushes: simulated pushes of such a search, at most.
        search_seed: of these searches.

    Raises:
        UsageError: a setting is out of its range.
    """

    widths: tuple[int, int, int] = (24, 48, 64)
    blocks: tuple[int, int, int] = (1, 1, 1)
    summary: int = 96
    hidden: int = 96
    discount: float = 0.7
    epochs: int = 6
    patience: int = 4
    states_per_batch: int = 16
    learning_rate: float = 2e-3
    weight_decay: float = 1e-4
    rank_weight: float = 0.3
    leads_weight: float = 0.5
    seed: int = 0
    threads: int = 2
    device: str = "auto"
    search_scenes: int = 150
    search_pushes: int = 20
    search_seed: int = 7

    def __post_init__(self) -> None:
        counts = ("epochs", "patience", "states_per_batch", "threads", "search_scenes")
        for name in (*counts, "search_pushes", "summary", "hidden"):
            if getattr(self, name) < 1:
                raise UsageError(f"{name} is {getattr(self, name)}; at least 1")
        for name in ("widths", "blocks"):
            value = getattr(self, name)
            if len(value) != 3 or min(value) < 1:
                raise UsageError(f"{name} is {value}; three whole numbers from 1")
        for name in ("learning_rate", "weight_decay", "rank_weight", "leads_weight"):
            if not 0 <= getattr(self, name) < float("inf"):
                raise UsageError(f"{name} is {getattr(self, name)}; a number from 0")
        if not 0 <= self.discount <= 1:
            raise UsageError(f"discount is {self.discount}; a number from 0 to 1")
        for name in ("seed", "search_seed"):
            if not 0 <= getattr(self, name) <= MAX_SEED:
                raise UsageError(f"{name} is {getattr(self, name)}; allowed are 0 to {MAX_SEED}")
        if self.device not in ("cpu", "cuda", "auto"):
            raise UsageError(f"device is '{self.device}'; allowed: cpu, cuda, auto")

    @property
    def sizes(self) -> dict[str, Any]:
        """Sizes of the network, as `namo.learning.bundle.new_network` takes them."""
        return {
            "widths": list(self.widths),
            "blocks": list(self.blocks),
            "summary": self.summary,
            "hidden": self.hidden,
        }

    def as_dict(self) -> dict[str, Any]:
        """Return the settings as plain values."""
        return asdict(self)
