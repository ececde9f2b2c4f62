import dataclasses
import hashlib
import os
from pathlib import Path

import pytest

from namo.collection.config import CollectionConfig
from namo.results.fingerprint import fingerprint_of
from namo.results.plan import (
    CollectionPlan,
    Objection,
    SceneSource,
    StoredResult,
    plan_from_record,
    recorded_name,
)
from namo.scenes.sources import ListedScene


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The working directory, with three scene files."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "scenes").mkdir()
    for name in "abc":
        (tmp_path / "scenes" / f"{name}.xml").write_text(name)
    return tmp_path


def plan(names="abc", wanted=range(3), **settings):
    scenes = [ListedScene(Path("scenes") / f"{name}.xml") for name in names]
    source = SceneSource(xml_dir="scenes")
    return CollectionPlan(CollectionConfig(**settings).decisive, source, scenes, wanted, "host")


def stored(index, name, **changes):
    """What the tables say about an environment that was collected with default settings."""
    sha256 = changes.pop("sha256", hashlib.sha256(name.encode()).hexdigest())
    settings = CollectionConfig(**changes.pop("settings", {})).decisive
    result = StoredResult(
        index, fingerprint_of(settings, index, sha256), f"scenes/{name}.xml", sha256, None, False
    )
    return result._replace(**changes)


def test_what_was_asked_for_has_no_objection(folder):
    for index, name in enumerate("abc"):
        assert plan().objection(stored(index, name), look=True) is None


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"settings": {"seed": 2}}, Objection.SETTINGS),
        ({"settings": {"algorithm": "tree_idfs"}}, Objection.SETTINGS),
        ({"fingerprint": "of another version"}, Objection.SETTINGS),
        ({"xml_file": "scenes/b.xml"}, Objection.OTHER_SCENE),
        ({"difficulty": "easy"}, Objection.OTHER_SCENE),
        ({"sha256": "0" * 64}, Objection.CHANGED),
    ],
)
def test_what_was_not_asked_for_is_named(folder, changes, expected):
    assert plan().objection(stored(0, "a", **changes), look=True) is expected


def test_scene_files_are_read_only_when_asked_to(folder):
    result = stored(0, "a")
    Path("scenes/a.xml").write_text("changed")
    assert plan().objection(result, look=False) is None
    assert plan().objection(result, look=True) is Objection.CHANGED
    Path("scenes/a.xml").unlink()
    assert plan().objection(result, look=True) is Objection.CHANGED


def test_an_index_beyond_the_list_is_not_listed(folder):
    assert plan("ab").objection(stored(2, "c"), look=True) is Objection.UNLISTED


def test_the_same_index_and_content_under_another_name_is_another_scene(folder):
    Path("scenes/d.xml").write_text("c")
    assert plan("abd").objection(stored(2, "c"), look=True) is Objection.OTHER_SCENE


def test_a_checksum_in_the_list_counts_unless_the_environment_failed_for_it(folder):
    listed = dataclasses.replace(
        plan(), scenes=[ListedScene(Path("scenes/a.xml"), sha256="another")]
    )
    result = stored(0, "a")
    assert listed.objection(result, look=True) is Objection.OTHER_SCENE
    assert listed.objection(result._replace(failed=True), look=True) is None


def test_a_file_is_the_same_however_its_path_is_written(folder):
    absolute = [ListedScene((Path("scenes") / f"{name}.xml").absolute()) for name in "abc"]
    assert dataclasses.replace(plan(), scenes=absolute).objection(stored(1, "b"), look=True) is None
    result = stored(1, "b", xml_file=str(Path("scenes/../scenes/b.xml").absolute()))
    assert plan().objection(result, look=True) is None


def test_a_file_of_another_folder_with_the_same_name_is_another_scene(folder):
    elsewhere = stored(1, "b", xml_file=str(folder / "other" / "scenes" / "b.xml"))
    assert plan().objection(elsewhere, look=True) is Objection.OTHER_SCENE


def test_the_device_auto_stands_for_either(folder, models):
    asked = plan(**{**models, "ml_device": "auto"})
    for device in ("cpu", "cuda"):
        settings = {**models, "ml_device": device}
        assert asked.objection(stored(0, "a", settings=settings), look=True) is None
    settings = {**models, "ml_samples": 3}
    assert asked.objection(stored(0, "a", settings=settings), look=True) is Objection.SETTINGS


def test_differences_are_named_with_both_values(folder):
    config = CollectionConfig(seed=2, max_depth=3).as_dict()
    assert plan(seed=1).differences(config) == "max_depth is 3, now 5, seed is 2, now 1"
    assert plan().differences(CollectionConfig().as_dict()) == ""


def test_a_plan_comes_back_from_its_record(folder):
    record = plan(wanted=range(1, 3), seed=4).as_record()
    again = plan_from_record(record)
    assert again.as_record() == record
    assert [scene.path for scene in again.scenes] == [Path(f"scenes/{name}.xml") for name in "abc"]
    os.chdir("scenes")
    assert plan_from_record(record).scenes is None, "the list is not here"
    from_there = plan_from_record(record, folder)
    assert from_there.objection(stored(1, "b", settings={"seed": 4}), look=True) is None


def test_without_a_list_only_settings_are_compared(folder):
    blind = dataclasses.replace(plan(), scenes=None)
    assert blind.objection(stored(7, "z"), look=True) is None
    assert blind.objection(stored(7, "z", settings={"seed": 9}), look=True) is Objection.SETTINGS


def test_bytes_that_are_not_utf8_are_escaped():
    assert recorded_name(Path(os.fsdecode(b"a\xff.xml"))) == "a\\udcff.xml"
