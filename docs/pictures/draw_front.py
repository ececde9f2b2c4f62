"""Draw `plan.svg`: what a notebook shows of a plan.

python docs/pictures/draw_front.py
"""

from __future__ import annotations

import namo
from drawn import HERE, demo_scene

NUMBER = 80
"""Demo scene, by the number in its name."""


def main() -> None:
    """Search and draw."""
    episode = namo.search(namo.read_scene(demo_scene(NUMBER)))
    namo.draw(episode).save(HERE / "plan.svg")


if __name__ == "__main__":
    main()
