"""The frozen benchmark scenes: these and no others, of their classes, in layouts of their own."""

import hashlib
from collections import Counter

import pytest

from benchmarks.benchmark_scenes import RECIPE, SCENES, known_layouts, sets_of
from namo.scenes.generator.generation import Generator
from namo.scenes.layout_id import layout_id_of
from namo.scenes.packed import read_packed
from namo.scenes.reading import parse_scene
from namo.scenes.writing import scene_xml

FROZEN = "6a21d8c6c55d43a0d51ddee5782e55e22ebedb177c2cb5951cce9f11320cc462"
CLASSES = {
    "easy": 60,
    "medium": 60,
    "hard": 60,
    "two_pushes": 60,
    "three_or_more": 14,
    "not_found": 40,
    "rooms_2": 60,
    "rooms_3": 60,
    "rooms_4": 60,
    "boxes_16": 60,
    "boxes_64": 60,
    "impossible": 60,
}


@pytest.fixture(scope="module")
def rows():
    return read_packed(SCENES)


@pytest.fixture(scope="module")
def sets():
    return sets_of(RECIPE)


def scene_of(row):
    return parse_scene(row["xml"].encode(), row["file"])


def test_the_scenes_are_frozen(rows):
    listed = "".join(f"{row['difficulty']} {row['sha256']}\n" for row in rows)
    assert hashlib.sha256(listed.encode()).hexdigest() == FROZEN


def test_every_class_has_its_scenes_and_no_scene_occurs_twice(rows):
    assert Counter(row["difficulty"] for row in rows) == CLASSES
    assert [row["index"] for row in rows] == list(range(len(rows)))
    assert len({row["sha256"] for row in rows}) == len(rows)


def test_no_layout_is_one_of_the_demo_scenes_or_of_a_model(rows):
    assert {row["split"] for row in rows} == {"benchmark"}
    assert not {row["layout_id"] for row in rows} & known_layouts()
    for row in rows[::40]:
        assert row["layout_id"] == layout_id_of(scene_of(row).walls)


def test_the_recipe_draws_the_first_scene_of_every_set(rows, sets):
    assert set(sets) == {row["set"] for row in rows}
    for name, its_set in sets.items():
        row = next(row for row in rows if row["set"] == name)
        candidate = Generator(its_set.settings).draw(row["candidate"])
        assert scene_xml(candidate.scene) == row["xml"]
        assert row["seed"] == its_set.settings.seed


def test_measured_classes_need_as_many_pushes_as_they_say(rows):
    needed = {"easy": 1, "medium": 1, "hard": 1, "two_pushes": 2}
    for row in rows:
        if row["difficulty"] in needed:
            assert row["pushes_needed"] == needed[row["difficulty"]]
        elif row["difficulty"] == "three_or_more":
            assert row["pushes_needed"] >= 3
        else:
            assert row["pushes_needed"] is None


@pytest.mark.parametrize("pushes", [3, 4])
def test_rooms_of_three_and_more_are_shown_to_need_as_many_pushes(rows, pushes):
    assert {row["proven_depth"] for row in rows if row["difficulty"] == f"rooms_{pushes}"} == {
        pushes
    }


@pytest.mark.parametrize("count", [16, 64])
def test_scenes_of_many_boxes_have_that_many(rows, count):
    assert {row["box_count"] for row in rows if row["difficulty"] == f"boxes_{count}"} == {count}
