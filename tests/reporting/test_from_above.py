import numpy as np
import pytest
from matplotlib.colors import to_rgb

from namo.reporting.from_above import FromAbove
from namo.scenes import drawing


@pytest.fixture(scope="module")
def scene(rooms):
    return rooms.room(rooms.box(0.5, 0.5), robot=(-1.0, -1.0), goal=(1.3, -1.2))


@pytest.fixture(scope="module")
def above(scene):
    return FromAbove(scene, 401)


def colour_at(picture, above, x, y):
    """The colour of the pixel of a place in a room of 4.1 m."""
    column = round((x + 2.05) / 4.1 * above.width)
    row = round((2.05 - y) / 4.1 * above.height)
    return picture[row, column].astype(int)


def is_near(colour, name):
    return np.abs(colour - 255 * np.array(to_rgb(name))).max() < 12


def test_everything_is_where_the_frame_says(above):
    picture = above.draw([-1.0, 1.0, 0.5, -0.5, np.pi / 4])
    assert is_near(colour_at(picture, above, -1.0, 1.0), drawing.ROBOT)
    assert is_near(colour_at(picture, above, 0.5, -0.5), drawing.MOVABLE)
    assert is_near(colour_at(picture, above, 0.5 + 0.38, -0.5), drawing.MOVABLE), "it is turned"
    assert is_near(colour_at(picture, above, 0.5 + 0.27, -0.5 + 0.27), drawing.FLOOR)
    assert is_near(colour_at(picture, above, -2.0, 0.0), drawing.WALL)
    assert is_near(colour_at(picture, above, -1.0, -1.0), drawing.FLOOR), "the robot has left"


def test_the_trail_is_drawn_under_the_robot(above):
    trail = np.array([[-1.0, -1.0], [-1.0, 1.0]])
    picture = above.draw([-1.0, 1.0, 0.5, 0.5, 0.0], trail)
    assert is_near(colour_at(picture, above, -1.0, 0.0), drawing.ROBOT)
    assert is_near(
        colour_at(above.draw([-1.0, 1.0, 0.5, 0.5, 0.0]), above, -1.0, 0.0), drawing.FLOOR
    )


def test_sizes_are_even_and_in_proportion(above):
    assert (above.width, above.height) == (400, 400)
    assert above.draw([0.0, 0.0, 0.5, 0.5, 0.0]).shape == (400, 400, 3)


def test_one_picture_leaves_nothing_in_the_next(above):
    first = above.draw([-1.0, 1.0, 0.5, 0.5, 0.0])
    above.draw([1.0, 1.0, -0.5, -0.5, 1.0])
    assert (above.draw([-1.0, 1.0, 0.5, 0.5, 0.0]) == first).all()
