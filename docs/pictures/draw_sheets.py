"""Draw the contact sheets in docs/scenes.md: 24 generated scenes of each layout family.

python docs/pictures/draw_sheets.py
"""

from __future__ import annotations

from itertools import count, islice
from pathlib import Path

from namo.scenes.contact_sheet import Entry, draw_sheet
from namo.scenes.generator.generation import Generator
from namo.scenes.generator.settings import DEFAULT_FAMILIES, GeneratorSettings

HERE = Path(__file__).parent
SCENES = 24


def main() -> None:
    """Draw one sheet per layout family; no two scenes share their walls."""
    for family in DEFAULT_FAMILIES:
        generator = Generator(GeneratorSettings(families={family: 1.0}, scenes_per_layout=1))
        drawn = (generator.draw(number) for number in count())
        entries = (
            Entry(one.scene, f"{family} {one.number}") for one in drawn if one.scene is not None
        )
        draw_sheet(list(islice(entries, SCENES)), HERE / f"scenes_{family}.png")


if __name__ == "__main__":
    main()
