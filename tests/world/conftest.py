import pytest

from namo.world.primitive_cache import library_for


@pytest.fixture(scope="module")
def plain(rooms):
    """The library of the default box."""
    scene = rooms.room(rooms.box(0.0, 0.0))
    return library_for(scene, scene.movables[0])


@pytest.fixture
def heavy(rooms):
    """A scene with a box that does not move; its library is quick to simulate."""
    return rooms.room(rooms.box(0.0, 0.0, mass=30.0))
