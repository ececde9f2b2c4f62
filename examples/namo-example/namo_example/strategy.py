"""An object strategy: the lightest movable first."""

import numpy as np

from namo.world.world import World


class LightestFirst:
    """By mass; movables of equal mass keep the order of the scene file."""

    def rank(self, world: World, reachable: list[str], rng: np.random.Generator) -> list[str]:
        """Return the reachable movables, the one to push first in front."""
        return sorted(reachable, key=lambda name: world.scene.movable(name).mass)
