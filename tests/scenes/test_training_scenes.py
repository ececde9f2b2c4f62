"""The recipe of the scenes that models learn from."""

import pytest

from namo.certification.settings import SceneSetSettings
from namo.commands.scenes_generate import scenes_mapping
from namo.scenes.generator.generation import Generator
from tests.conftest import REPOSITORY

PARTS = {
    "crowded": 0.1,
    "large": 0.03,
    "many_boxes": 0.1,
    "passages": 0.5,
    "robots": 0.05,
    "rooms_in_a_row": 0.15,
    "small": 0.07,
}


@pytest.fixture(scope="module")
def settings():
    path = REPOSITORY / "resources" / "models" / "scenes.yaml"
    return SceneSetSettings.from_mapping(scenes_mapping(path), str(path))


def test_training_scenes_are_many_and_mixed_as_declared(settings):
    assert settings.count * settings.splits["train"] / settings.scenes_per_layout >= 5000
    assert settings.targets == {
        name: round(settings.count * share) for name, share in PARTS.items()
    }


@pytest.mark.parametrize("part", PARTS)
def test_every_part_of_the_training_scenes_yields_scenes(settings, part):
    generator = Generator(settings.parts[part])
    drawn = [generator.draw(number) for number in range(0, 12, 2)]
    assert sum(one.scene is not None for one in drawn) >= 3
