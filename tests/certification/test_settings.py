import json

import pytest
import yaml

from namo.certification.settings import SceneSetSettings
from namo.errors import UsageError
from tests.conftest import REPOSITORY


def test_the_configuration_file_holds_every_default():
    scenes = yaml.safe_load((REPOSITORY / "config" / "scenes.yaml").read_text())["scenes"]
    assert scenes.pop("output_dir") == "results/scenes"
    assert SceneSetSettings.from_mapping(scenes, "scenes.yaml") == SceneSetSettings()
    assert set(scenes) == set(SceneSetSettings().as_dict())


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"cuont": 3}, "here: unknown key 'cuont'; did you mean 'count'"),
        ({"count": 0}, "here: count is 0; at least 1"),
        ({"count": 2.5}, "here: count is 2.5; it must be a whole number"),
        ({"count": True}, "count is True; it must be a whole number"),
        ({"box_size_m": 0.4}, r"box_size_m is 0.4; it must be \[lowest, highest\], each a number"),
        ({"box_size_m": [0.4]}, "box_size_m is .* it must be"),
        ({"boxes_in_passages": [1, 2.5]}, "each a whole number"),
        ({"families": ["room"]}, "a mapping from names to values, each a number"),
        ({"certify": 1}, "certify is 1; it must be true or false"),
        ({"quotas": {"trivial": 3}}, "quotas: unknown class 'trivial'"),
        ({"quotas": {"hard": -3}}, "quotas: hard is -3"),
        ({"quotas": {"hard": 0}}, "no scene would be kept"),
        ({"quotas": {"hard": 1}, "certify": False}, "certify is false"),
        ({"splits": {"train": 0.5}}, "shares from 0 that add up to 1"),
        ({"seed": -1}, "here: seed is -1"),
    ],
)
def test_what_is_wrong_is_named_with_what_is_allowed(values, said):
    with pytest.raises(UsageError, match=said):
        SceneSetSettings.from_mapping(values, "here")


def test_numbers_may_come_as_text():
    given = {"count": "8", "box_size_m": ["0.4", "0.5"], "quotas": "null", "families": {"row": "2"}}
    settings = SceneSetSettings.from_mapping(given, "here")
    assert (settings.count, settings.box_size_m, settings.quotas) == (8, (0.4, 0.5), None)
    assert settings.families == {"row": 2.0}


def test_what_decides_a_candidate_is_in_the_fingerprint_and_no_more():
    settings = SceneSetSettings()
    same = SceneSetSettings(count=7, candidates_per_chunk=3, splits={"train": 1.0})
    assert same.fingerprint() == settings.fingerprint()
    for other in ({"seed": 1}, {"certify_pushes": 9}, {"door_width_m": (0.8, 0.9)}):
        assert SceneSetSettings(**other).fingerprint() != settings.fingerprint()
    json.dumps(settings.as_dict())


def test_chunks_cover_the_candidates_of_each_round():
    settings = SceneSetSettings(
        count=4, candidates_per_chunk=4, candidates_per_round=6, max_candidates=10
    )
    assert list(settings.rounds()) == [0, 1]
    assert settings.first_chunks() == settings.chunks_until(0)
    assert settings.chunks_until(0) == [range(4), range(4, 6)]
    # A chunk never grows or shrinks from one round to the next.
    assert settings.chunks_until(1)[:2] == settings.chunks_until(0)


def test_the_first_look_at_the_quotas_comes_after_as_many_candidates_as_are_asked_for():
    for candidates, first in ((None, 1), (1, 0), (6, 0), (7, 1), (13, 2), (1000, 3)):
        settings = SceneSetSettings(
            count=6, candidates=candidates, candidates_per_round=6, max_candidates=24
        )
        assert settings.rounds()[0] == first
        assert settings.rounds()[-1] == 3
