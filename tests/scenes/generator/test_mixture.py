from collections import Counter

import pytest

from namo.errors import UsageError
from namo.scenes.generator.generation import Generator
from namo.scenes.generator.mixture import apportioned
from namo.scenes.generator.settings import GeneratorSettings

OWN = {
    "rows": {"families": {"row": 1.0}, "rooms": (3, 3), "boxes_in_passages": (2, 2)},
    "empty": {"boxes_elsewhere": (0, 0)},
}
COMMON = {"families": {"room": 1.0}, "seed": 3, "scenes_per_layout": 2}


def mixed(**weights):
    mixture = {name: {"weight": weight, **OWN[name]} for name, weight in weights.items()}
    return Generator(GeneratorSettings(**COMMON, mixture=mixture))


def test_a_part_draws_what_its_settings_alone_draw_for_the_same_number():
    alone = {name: Generator(GeneratorSettings(**{**COMMON, **own})) for name, own in OWN.items()}
    generator = mixed(rows=1.0, empty=1.0)
    drawn = [generator.draw(number) for number in range(24)]
    for one in drawn:
        expected = alone[one.part].draw(one.number)
        assert (one.scene, one.layout_id) == (expected.scene, expected.layout_id)
    assert {one.part for one in drawn} == {"rows", "empty"}
    assert [one.part for one in drawn[::2]] == [one.part for one in drawn[1::2]]
    again = mixed(empty=2.0, rows=2.0)
    assert [again.draw(number) for number in reversed(range(24))] == drawn[::-1]


def test_parts_are_drawn_by_weight():
    generator = mixed(rows=1.0, empty=4.0)
    parts = Counter(generator.draw(number).part for number in range(0, 400, 2))
    assert 20 <= parts["rows"] <= 60
    assert {mixed(rows=0.0, empty=1.0).draw(number).part for number in range(8)} == {"empty"}


def test_an_error_of_a_family_names_the_part():
    own = {"weight": 1.0, "families": {"template": 1.0}}
    settings = GeneratorSettings(mixture={"walls": own})
    with pytest.raises(UsageError, match="mixture: walls: layout family 'template' needs"):
        Generator(settings)


@pytest.mark.parametrize("weights", [(1.0, 1.0, 1.0), (6.0, 6.0, 2.0), (0.5, 0.3, 0.13, 0.07)])
def test_numbers_of_scenes_follow_the_weights_and_never_shrink(weights):
    named = {f"part_{index}": weight for index, weight in enumerate(weights)}
    before = dict.fromkeys(named, 0)
    for count in range(1, 200):
        counts = apportioned(count, named)
        assert sum(counts.values()) == count
        assert all(counts[name] >= before[name] for name in named)
        for name, weight in named.items():
            assert abs(counts[name] - count * weight / sum(weights)) < 1.0
        before = counts
