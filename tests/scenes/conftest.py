"""A plain scene, as an object and as text, and what reading makes of its variations."""

from __future__ import annotations

import pytest

from namo.errors import SceneError
from namo.geometry import Pose2D
from namo.scenes.footprint import Rectangle
from namo.scenes.reading import read_scene
from namo.scenes.scene import Goal, Movable, Robot, Scene, Wall
from namo.scenes.writing import scene_xml


@pytest.fixture
def plain_scene() -> Scene:
    """A closed 4 x 4 m room with one box."""
    return Scene(
        walls=(
            Wall("wall_1", Pose2D(-2.0, 0.0, 0.0), Rectangle(0.05, 2.0), 0.3, 0.3),
            Wall("wall_2", Pose2D(2.0, 0.0, 0.0), Rectangle(0.05, 2.0), 0.3, 0.3),
            Wall("wall_3", Pose2D(0.0, -2.0, 0.0), Rectangle(2.0, 0.05), 0.3, 0.3),
            Wall("wall_4", Pose2D(0.0, 2.0, 0.0), Rectangle(2.0, 0.05), 0.3, 0.3),
        ),
        movables=(
            Movable("obstacle_1_movable", Pose2D(0.5, 0.25, 0.5), Rectangle(0.4, 0.3), 0.3, 0.3),
        ),
        robot=Robot(-1.0, -1.0),
        goal=Goal(1.25, 1.0),
    )


@pytest.fixture
def plain_xml(plain_scene: Scene) -> str:
    """The text of `plain_scene`."""
    return scene_xml(plain_scene)


@pytest.fixture
def refused(tmp_path, monkeypatch, plain_xml):
    """Return the error message of the plain scene after a change of its text."""
    monkeypatch.chdir(tmp_path)

    def message(old, new, count=-1):
        assert old in plain_xml
        path = tmp_path / "room.xml"
        path.write_text(plain_xml.replace(old, new, count))
        with pytest.raises(SceneError) as caught:
            read_scene(path)
        assert str(caught.value).startswith(str(path))
        assert not (tmp_path / "MUJOCO_LOG.TXT").exists()
        return str(caught.value)

    return message


@pytest.fixture
def accepted(tmp_path, plain_xml):
    """Return the plain scene as it is read after a change of its text."""

    def scene(old, new):
        assert old in plain_xml
        path = tmp_path / "room.xml"
        path.write_text(plain_xml.replace(old, new))
        return read_scene(path)

    return scene
