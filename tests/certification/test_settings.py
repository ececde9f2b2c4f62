import json
import math

import pytest
import yaml

from namo.certification.settings import SceneSetSettings
from namo.errors import UsageError
from namo.scenes.generator.settings import GeneratorSettings
from namo.scenes.manifest import write_manifest
from tests.conftest import REPOSITORY


def test_the_configuration_file_contains_every_default():
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
        ({"quotas": {"hard": 0}}, "no scene would be selected"),
        ({"quotas": {"hard": 1}, "certify": False}, "certify is false"),
        ({"splits": {"train": 0.5}}, "fractions from 0 that add up to 1"),
        ({"splits": {"train": math.nan}}, "splits: train is nan; allowed: finite numbers"),
        ({"seed": 2**63}, "seed is 9223372036854775808; allowed: finite numbers up to 92233720"),
        ({"rooms": [2, 10**400]}, "rooms is 10+; allowed: finite numbers up to"),
        ({"mixture": {"big": {"weight": 10**300}}}, "mixture: big: weight is 10+; allowed: finite"),
        ({"rooms": [1, 1]}, "rooms is 1 to 1; lowest first, within 2 to 50"),
        ({"seed": -1}, "here: seed is -1"),
        ({"mixture": {}}, "here: mixture is {}; weights from 0, one above it"),
        ({"mixture": {"big": {"weight": 0}}}, "one above it"),
        ({"mixture": {"big": 3}}, "here: mixture is .*each a mapping from names to values"),
        ({"mixture": {"big": {"rooms": [5, 6]}}}, "here: mixture: big: has no weight"),
        ({"mixture": {"big": {"weight": 1, "romos": [5, 6]}}}, "big: unknown key 'romos'; did you"),
        ({"mixture": {"big": {"weight": 1, "seed": 3}}}, "mixture: big: unknown key 'seed'"),
        ({"mixture": {"big": {"weight": 1, "rooms": 5}}}, "mixture: big: rooms is 5; it must be"),
        ({"mixture": {"big": {"weight": 1, "rooms": [9, 5]}}}, "mixture: big: rooms is 9 to 5"),
        ({"mixture": {"big": {"weight": 1, "boundaries": [2, 2]}}}, "big: open_share is 0.1; with"),
    ],
)
def test_an_invalid_setting_is_named_with_what_is_allowed(values, said):
    with pytest.raises(UsageError, match=said):
        SceneSetSettings.from_mapping(values, "here")


def test_values_may_be_given_as_text():
    given = {"count": "8", "box_size_m": ["0.4", "0.5"], "quotas": "null", "families": {"row": "2"}}
    settings = SceneSetSettings.from_mapping(given, "here")
    assert (settings.count, settings.box_size_m, settings.quotas) == (8, (0.4, 0.5), None)
    assert settings.families == {"row": 2.0}


def test_the_fingerprint_covers_exactly_what_decides_a_candidate():
    settings = SceneSetSettings()
    same = SceneSetSettings(count=7, candidates_per_chunk=3, splits={"train": 1.0})
    assert same.fingerprint() == settings.fingerprint()
    for other in ({"seed": 1}, {"certify_pushes": 9}, {"door_width_m": (0.8, 0.9)}):
        assert SceneSetSettings(**other).fingerprint() != settings.fingerprint()
    mixed = [SceneSetSettings(mixture={"a": {"weight": weight}}) for weight in (1, 2)]
    assert len({one.fingerprint() for one in (settings, *mixed)}) == 3


def test_a_mixture_is_the_same_however_it_is_given():
    given = {"b": {"weight": "2", "rooms": ["3", "4"]}, "a": {"families": {"row": 1}, "weight": 1}}
    settings = SceneSetSettings.from_mapping({"mixture": given, "families": {"room": 2}}, "here")
    text = json.dumps(settings.as_dict(), sort_keys=True)
    assert SceneSetSettings.from_mapping(json.loads(text), "text") == settings
    assert list(settings.parts) == ["a", "b"]
    assert settings.parts["a"] == GeneratorSettings(families={"row": 1.0})
    assert settings.parts["b"] == GeneratorSettings(families={"room": 2.0}, rooms=(3, 4))


def test_quotas_are_checked_after_whole_chunks():
    settings = SceneSetSettings(
        count=4, candidates_per_chunk=4, candidates_per_round=6, max_candidates=30
    )
    assert list(settings.quota_checks()) == [8, 16, 24, 30]
    assert settings.first_chunks() == [range(4), range(4, 8)]
    assert settings.chunks(10) == [range(4), range(4, 8), range(8, 10)]


def test_more_scenes_only_add_chunks():
    few, many = (SceneSetSettings(count=count).first_chunks() for count in (4, 200))
    assert few == [range(25)]
    assert many[: len(few)] == few
    assert many[-1].stop == 300
    assert SceneSetSettings(candidates=30).first_chunks() == [range(25), range(25, 50)]


def test_a_changed_template_changes_the_fingerprint(tmp_path):
    (tmp_path / "a.xml").write_text("<mujoco/>")
    settings = SceneSetSettings(families={"template": 1.0}, templates=str(tmp_path))
    before = settings.fingerprint()
    (tmp_path / "a.xml").write_text("<mujoco />")
    assert settings.fingerprint() != before


def test_a_set_made_with_other_settings_is_refused_with_the_differences(tmp_path):
    manifest = tmp_path / "scenes.parquet"
    settings = SceneSetSettings(seed=1)
    settings.require_made_with(manifest)
    made = SceneSetSettings(seed=7, candidates_per_chunk=3)
    write_manifest(manifest, [], {"settings": json.dumps(made.as_dict())})
    made.require_made_with(manifest)
    older = {name: value for name, value in made.as_dict().items() if name != "robot_radius_m"}
    write_manifest(manifest, [], {"settings": json.dumps(older)})
    made.require_made_with(manifest)
    SceneSetSettings(seed=7).require_made_with(manifest)
    with pytest.raises(UsageError, match="other settings: seed 7 instead of 1; regenerate it"):
        settings.require_made_with(manifest)


def test_a_damaged_manifest_of_a_set_is_refused(tmp_path):
    manifest = tmp_path / "scenes.parquet"
    for stored, said in (("{", "Expecting property name"), ("[1]", r"its settings are \[1\]")):
        write_manifest(manifest, [], {"settings": stored})
        with pytest.raises(UsageError, match=rf"scenes\.parquet: {said}.*; regenerate it"):
            SceneSetSettings().require_made_with(manifest)
    manifest.write_bytes(b"")
    with pytest.raises(UsageError, match=r"scenes\.parquet: not a Parquet file.*; regenerate it"):
        SceneSetSettings().require_made_with(manifest)


def test_the_version_of_a_layout_family_from_elsewhere_decides_its_scenes(tmp_path, install):
    def installed(version):
        install("tools_a", version, {"namo.layout_families": {"mine": "tools_a:Mine"}}, "")
        return SceneSetSettings(families={"mine": 1.0, "room": 1.0})

    settings = installed("1.0")
    fingerprint, manifest = settings.fingerprint(), tmp_path / "scenes.parquet"
    write_manifest(manifest, [], {"settings": json.dumps(settings.as_record())})
    settings.require_made_with(manifest)
    assert installed("1.0").fingerprint() == fingerprint
    other = installed("1.1")
    assert other.fingerprint() != fingerprint
    with pytest.raises(UsageError, match=r"plug_ins .*tools_a 1\.0.* instead of .*tools_a 1\.1"):
        other.require_made_with(manifest)
