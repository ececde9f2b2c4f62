import pytest

from namo.errors import SceneError
from namo.results.scene_file import scene_of
from namo.scenes.physics import with_physics
from namo.scenes.reading import read_scene


@pytest.fixture
def record(rig, tmp_path):
    (tmp_path / "a.xml").write_bytes(rig.room(0).read_bytes())
    sha256 = read_scene(tmp_path / "a.xml").sha256
    return {"xml_file": "a.xml", "scene_sha256": sha256, "env_id": "host_env_000003"}


@pytest.mark.parametrize("physics", ["scene", "fast"])
def test_a_scene_is_read_under_the_physics_it_was_collected_with(record, tmp_path, physics):
    assert scene_of(record, physics, tmp_path) == with_physics(
        read_scene(tmp_path / "a.xml"), physics
    )


def test_a_missing_file_is_named_with_a_hint(record):
    with pytest.raises(SceneError, match=r"a\.xml: is missing; .*--run-from"):
        scene_of(record, "scene")


def test_the_hint_is_left_out_where_it_does_not_help(record, tmp_path):
    record["xml_file"] = str(tmp_path / "gone.xml")
    with pytest.raises(SceneError, match=r"gone\.xml: is missing$"):
        scene_of(record, "scene")


def test_a_changed_file_is_named(record, tmp_path):
    with (tmp_path / "a.xml").open("a") as file:
        file.write("<!-- changed -->")
    with pytest.raises(SceneError, match=r"a\.xml: changed since host_env_000003 was collected"):
        scene_of(record, "scene", tmp_path)
