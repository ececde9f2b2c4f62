import itertools

import pytest

from namo.seeding import Purpose, Streams, stream


def numbers(generator):
    return tuple(generator.integers(2**62, size=4).tolist())


def test_the_same_key_gives_the_same_numbers():
    assert numbers(stream(1, 2, 3, Purpose.GOALS)) == numbers(stream(1, 2, 3, Purpose.GOALS))


def test_streams_are_pinned():
    # Results of earlier runs depend on these; a change here makes them irreproducible.
    assert stream(1, 2, 3, Purpose.GOALS).integers(1000, size=5).tolist() == [
        677,
        725,
        765,
        790,
        723,
    ]


def test_every_part_of_the_key_matters():
    keys = list(itertools.product((0, 1), (0, 1), (0, 1), Purpose))
    assert len({numbers(stream(*key)) for key in keys}) == len(keys)


def test_streams_of_an_episode_are_independent_of_each_other():
    first, second = Streams.for_episode(5, 6, 7), Streams.for_episode(5, 6, 7)
    numbers(first.objects)
    assert numbers(first.goals) == numbers(second.goals)


def test_a_negative_seed_is_refused():
    with pytest.raises(ValueError, match="non-negative"):
        stream(-1, 0, 0, Purpose.GOALS)
