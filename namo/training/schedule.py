"""Learning-rate schedule: linear warm-up, then cosine decay to a floor."""

from __future__ import annotations

import math

from namo.training.settings import TrainingSettings


def learning_rate_factor(progress: float, settings: TrainingSettings) -> float:
    """Return the factor on the peak learning rate.

    Args:
        progress: completed fraction of all steps, 0 to 1.
        settings: of the training.
    """
    warm_up = settings.warm_up_fraction
    if progress < warm_up:
        start = settings.learning_rate_start
        return start + (1.0 - start) * progress / warm_up
    floor = settings.learning_rate_floor
    decay = 0.5 * (1.0 + math.cos(math.pi * (progress - warm_up) / (1.0 - warm_up)))
    return floor + (1.0 - floor) * decay
