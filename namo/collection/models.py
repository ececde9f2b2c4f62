"""The planner of a configuration, with the models that its strategies query."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from namo.collection.config import CollectionConfig
from namo.planning.planner import Planner
from namo.planning.registry import PLANNERS
from namo.strategies.registry import GOAL_STRATEGIES, OBJECT_STRATEGIES

if TYPE_CHECKING:
    from namo.learning.loaded_model import LoadedModel, Model
    from namo.learning.scoring import Scorer


def make_planner(
    config: CollectionConfig, models: Mapping[str, Model] | None = None
) -> tuple[Planner, list[Scorer]]:
    """Return the planner of a configuration, and the models that its strategies query.

    Args:
        config: names planner, strategies and models.
        models: those of the configuration by kind, see `models_for`; None to load them.

    Raises:
        UsageError: a strategy is not available; there is no fall-back to another.
        ModelError: a model cannot be used.
    """
    objects, goals = (
        OBJECT_STRATEGIES.load(config.object_strategy),
        GOAL_STRATEGIES.load(config.goal_strategy),
    )
    scorers = _scorers(_loaded(config) if models is None else models)
    if "object" in scorers:
        objects = partial(objects, scorers["object"], config.ml_samples)
    if "goal" in scorers:
        goals = partial(goals, scorers["goal"], config.ml_samples, config.ml_random_share)
    planner: Planner = PLANNERS.load(config.algorithm)(
        objects(), goals(), config.max_goals_per_object
    )
    return planner, [*scorers.values()]


@contextmanager
def models_for(config: CollectionConfig, workers: int) -> Iterator[Mapping[str, Model]]:
    """Load the models of a configuration, by kind, for a process and its workers.

    What is loaded into the memory of a process is there in those that are forked from it, but a GPU
    does not survive a fork: there another process holds the models for all workers.

    Args:
        config: names the models.
        workers: processes that will query them at the same time.

    Raises:
        ModelError: a model cannot be used.
        MachineError: the process that was to hold them has ended.
    """
    if workers > 1 and _paths(config) and _needs_owner(config):
        from namo.learning.owner import ModelOwner

        with ModelOwner(lambda: [*_loaded(config).values()]) as owner:
            yield dict(zip(_paths(config), owner.models, strict=True))
    else:
        yield _loaded(config)


def _paths(config: CollectionConfig) -> dict[str, Path]:
    """Return the folders of the models of a configuration by kind."""
    named = {"object": config.ml_object_model, "goal": config.ml_goal_model}
    return {kind: Path(path) for kind, path in named.items() if path is not None}


def _loaded(config: CollectionConfig) -> dict[str, LoadedModel]:
    paths = _paths(config)
    if not paths:
        return {}
    from namo.learning.loaded_model import load_model  # loads torch, which takes a second

    device, trust = config.ml_device, config.trust_model_code
    return {kind: load_model(path, kind, device, trust_code=trust) for kind, path in paths.items()}


def _needs_owner(config: CollectionConfig) -> bool:
    from namo.learning.loaded_model import device_named

    return device_named(config.ml_device).type != "cpu"


def _scorers(models: Mapping[str, Model]) -> dict[str, Scorer]:
    if not models:
        return {}
    from namo.learning.scoring import Scorer

    return {kind: Scorer(model) for kind, model in models.items()}
