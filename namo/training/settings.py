"""Settings of training and of the held-out searches that select the best epoch."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from namo.errors import UsageError
from namo.scenes.conditions import DEFAULT_CLEARANCE_M, require_clearance
from namo.training.labels import DEAD_END_AFTER

MAX_SEED = 2**63 - 1


@dataclass(frozen=True)
class TrainingSettings:
    """Everything that determines a trained model, apart from its data.

    Attributes:
        widths: channels of the trunk at 1/2, 1/4 and 1/8 of the raster resolution.
        blocks: residual blocks at each resolution.
        summary: size of the embedding of the whole raster.
        hidden: width of the head.
        discount: discount factor per further push, 0 to 1.
        epochs: maximum passes over the data.
        patience: epochs in a row with worse held-out searches than the best before training stops.
        states_per_batch: states per batch.
        learning_rate: peak learning rate of AdamW, a factor on its steps; warm-up is linear, decay
            follows a cosine.
        warm_up_fraction: fraction of the steps over which the learning rate rises, 0 to below 1.
        learning_rate_start: factor on the peak at the first step of the warm-up, 0 to 1.
        learning_rate_floor: factor on the peak at the last step, 0 to 1.
        gradient_clip: maximum gradient norm; larger gradients are scaled down by a factor.
        weight_decay: factor of AdamW's decoupled weight decay (Loshchilov, Hutter 2019).
        rank_weight: weight of the ranking loss.
        leads_weight: weight of the loss on being the first push of a shortest known plan; a network
            with a base, see `namo.learning.networks.CandidateNet`, keeps that of its base.
        dead_end_after: failed pushes from the state that a push led to on, from which on the models
            learn that no plan continues there.
        without: names of features that the models do not get, see `namo.learning.queries.FEATURES`.
        seed: of initial weights, batch order and mirroring.
        threads: of torch on a CPU.
        device: "cpu", "cuda" or "auto".
        search_scenes: held-out scenes searched after each epoch.
        search_pushes: budget of such a search (simulated pushes).
        search_depth: longest plan of such a search (pushes).
        search_clearance: room that must be left around the robot in such a search (m).
        search_goals: goals per object in such a search.
        search_samples: samples per model query in such a search.
        search_seed: seed of these searches.

    Raises:
        UsageError: a setting is out of range.
    """

    widths: tuple[int, int, int] = (24, 48, 64)
    blocks: tuple[int, int, int] = (1, 1, 1)
    summary: int = 96
    hidden: int = 96
    discount: float = 0.5
    epochs: int = 4
    patience: int = 2
    states_per_batch: int = 16
    learning_rate: float = 1e-3
    warm_up_fraction: float = 0.1
    learning_rate_start: float = 0.1
    learning_rate_floor: float = 0.01
    gradient_clip: float = 5.0
    weight_decay: float = 1e-4
    rank_weight: float = 0.3
    leads_weight: float = 0.5
    dead_end_after: int = DEAD_END_AFTER
    without: tuple[str, ...] = ()
    seed: int = 0
    threads: int = 2
    device: str = "auto"
    search_scenes: int = 150
    search_pushes: int = 20
    search_depth: int = 3
    search_clearance: float = DEFAULT_CLEARANCE_M
    search_goals: int = 5
    search_samples: int = 32
    search_seed: int = 7

    def __post_init__(self) -> None:
        counts = ("epochs", "patience", "states_per_batch", "threads", "summary", "hidden")
        searches = ("search_scenes", "search_pushes", "search_depth", "search_goals")
        for name in (*counts, *searches, "search_samples", "dead_end_after"):
            if getattr(self, name) < 1:
                raise UsageError(f"{name} is {getattr(self, name)}; at least 1")
        for name in ("widths", "blocks"):
            value = getattr(self, name)
            if len(value) != 3 or min(value) < 1:
                raise UsageError(f"{name} is {value}; expected three whole numbers from 1")
        for name in ("learning_rate", "weight_decay", "rank_weight", "leads_weight"):
            if not 0 <= getattr(self, name) < float("inf"):
                raise UsageError(f"{name} is {getattr(self, name)}; expected a number from 0")
        if not 0 < self.gradient_clip < float("inf"):
            raise UsageError(f"gradient_clip is {self.gradient_clip}; expected a number above 0")
        for name in ("discount", "learning_rate_start", "learning_rate_floor"):
            if not 0 <= getattr(self, name) <= 1:
                raise UsageError(f"{name} is {getattr(self, name)}; expected a number from 0 to 1")
        if not 0 <= self.warm_up_fraction < 1:
            raise UsageError(
                f"warm_up_fraction is {self.warm_up_fraction}; expected a number from 0, below 1"
            )
        for name in ("seed", "search_seed"):
            if not 0 <= getattr(self, name) <= MAX_SEED:
                raise UsageError(f"{name} is {getattr(self, name)}; allowed: 0 to {MAX_SEED}")
        require_clearance(self.search_clearance, "search_clearance")
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
