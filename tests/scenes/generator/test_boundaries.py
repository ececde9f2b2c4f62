"""Boundaries count the boxes on the way with the fewest, one after another."""

import itertools

import numpy as np
import pytest

from namo.errors import UsageError
from namo.scenes.generator.generation import Generator
from namo.scenes.generator.settings import GeneratorSettings
from namo.scenes.regions import free_regions


def scenes_with(count, **values):
    settings = GeneratorSettings(
        families={"row": 1.0, "winding": 1.0},
        rooms=(count + 1, count + 2),
        boxes_in_passages=(count, count + 1),
        boxes_elsewhere=(0, 1),
        open_share=0.0,
        boundaries=(count, count),
        **values,
    )
    drawn = map(Generator(settings).draw, range(12))
    return [one.scene for one in drawn if one.scene is not None]


def is_open(scene, boxes):
    regions = free_regions(scene.bounds, (*scene.walls, *boxes), scene.robot.radius)
    ends = np.array([[scene.robot.x, scene.robot.y], [scene.goal.x, scene.goal.y]])
    start, end = regions.at(ends).tolist()
    return start == end


@pytest.mark.parametrize("count", [2, 3])
def test_as_many_boxes_as_boundaries_must_be_moved(count):
    scenes = scenes_with(count)
    assert len(scenes) > 6
    for scene in scenes:
        fewest = min(
            number
            for number in range(len(scene.movables) + 1)
            for kept in itertools.combinations(scene.movables, len(scene.movables) - number)
            if is_open(scene, kept)
        )
        assert fewest == count


def test_open_scenes_have_no_boundaries():
    with pytest.raises(UsageError, match=r"open_share is 0\.1; .* it must be 0"):
        GeneratorSettings(boundaries=(1, 2))
