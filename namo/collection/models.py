"""The planner of a configuration, with the models that its strategies query."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from namo.collection.config import CollectionConfig
from namo.planning.planner import Planner
from namo.planning.registry import PLANNERS
from namo.strategies.registry import GOAL_STRATEGIES, OBJECT_STRATEGIES

if TYPE_CHECKING:
    from namo.learning.scoring import Scorer


def make_planner(config: CollectionConfig) -> tuple[Planner, list[Scorer]]:
    """Return the planner of a configuration, and the models that its strategies query, loaded.

    Raises:
        UsageError: a strategy is not available; there is no fall-back to another.
        ModelError: a model cannot be used.
    """
    scorers = []
    objects, goals = (
        OBJECT_STRATEGIES.load(config.object_strategy),
        GOAL_STRATEGIES.load(config.goal_strategy),
    )
    if config.ml_object_model is not None:
        scorers.append(_scorer(config, "object", config.ml_object_model))
        objects = partial(objects, scorers[-1], config.ml_samples)
    if config.ml_goal_model is not None:
        scorers.append(_scorer(config, "goal", config.ml_goal_model))
        goals = partial(goals, scorers[-1], config.ml_samples, config.ml_random_share)
    planner: Planner = PLANNERS.load(config.algorithm)(
        objects(), goals(), config.max_goals_per_object
    )
    return planner, scorers


def _scorer(config: CollectionConfig, kind: str, path: str) -> Scorer:
    from namo.learning.scoring import Scorer  # loads torch, which takes a second

    return Scorer(Path(path), kind, config.ml_device, trust_code=config.trust_model_code)
