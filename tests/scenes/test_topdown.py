import numpy as np
import pytest
from matplotlib.colors import to_rgb

from namo.scenes import palette
from namo.scenes.scene import Bounds
from namo.scenes.topdown import TopDownRenderer


@pytest.fixture(scope="module")
def scene(rooms):
    return rooms.room(rooms.box(0.5, 0.5), robot=(-1.0, -1.0), goal=(1.3, -1.2))


@pytest.fixture(scope="module")
def renderer(scene):
    return TopDownRenderer(scene, 401)


def colour_at(image, renderer, x, y):
    """The colour of the pixel at a position in a room of 4.1 m."""
    column = round((x + 2.05) / 4.1 * renderer.width)
    row = round((2.05 - y) / 4.1 * renderer.height)
    return image[row, column].astype(int)


def is_near(colour, name):
    return np.abs(colour - 255 * np.array(to_rgb(name))).max() < 12


def test_everything_is_drawn_at_its_pose_in_the_frame(renderer):
    image = renderer.draw([-1.0, 1.0, 0.5, -0.5, np.pi / 4])
    assert is_near(colour_at(image, renderer, -1.0, 1.0), palette.ROBOT)
    assert is_near(colour_at(image, renderer, 0.5, -0.5), palette.MOVABLE)
    assert is_near(colour_at(image, renderer, 0.5 + 0.38, -0.5), palette.MOVABLE), "rotated"
    assert is_near(colour_at(image, renderer, 0.5 + 0.27, -0.5 + 0.27), palette.FLOOR)
    assert is_near(colour_at(image, renderer, -2.0, 0.0), palette.WALL)
    assert is_near(colour_at(image, renderer, -1.0, -1.0), palette.FLOOR), (
        "the robot left its start"
    )


def test_the_trail_is_drawn_under_the_robot(renderer):
    trail = np.array([[-1.0, -1.0], [-1.0, 1.0]])
    image = renderer.draw([-1.0, 1.0, 0.5, 0.5, 0.0], trail)
    assert is_near(colour_at(image, renderer, -1.0, 0.0), palette.ROBOT)
    assert is_near(
        colour_at(renderer.draw([-1.0, 1.0, 0.5, 0.5, 0.0]), renderer, -1.0, 0.0), palette.FLOOR
    )


def test_sizes_are_even_and_keep_the_aspect_ratio(renderer):
    assert (renderer.width, renderer.height) == (400, 400)
    assert renderer.draw([0.0, 0.0, 0.5, 0.5, 0.0]).shape == (400, 400, 3)


def test_images_are_independent(renderer):
    first = renderer.draw([-1.0, 1.0, 0.5, 0.5, 0.0])
    renderer.draw([1.0, 1.0, -0.5, -0.5, 1.0])
    assert (renderer.draw([-1.0, 1.0, 0.5, 0.5, 0.0]) == first).all()


def test_around_a_scene_there_is_nothing_and_it_keeps_its_scale(scene):
    wide = TopDownRenderer(scene, 400, Bounds(-4.1, -2.05, 4.1, 2.05))
    assert (wide.width, wide.height) == (400, 200)
    image = wide.draw([-1.0, 1.0, 0.5, -0.5, 0.0])
    assert is_near(image[100, 20].astype(int), palette.PAGE)
    x, y = 0.5, -0.5
    column, row = round((x + 4.1) / 8.2 * 400), round((2.05 - y) / 4.1 * 200)
    assert is_near(image[row, column].astype(int), palette.MOVABLE)


def test_robot_and_goal_can_have_their_true_size(scene):
    view = Bounds(-20.5, -20.5, 20.5, 20.5)
    areas = [
        (np.abs(image.astype(int) - 255 * np.array(to_rgb(palette.ROBOT))).max(axis=2) < 12).sum()
        for image in (
            TopDownRenderer(scene, 820, view, mark).draw([-1.0, 1.0, 0.5, -0.5, 0.0])
            for mark in (0.022, 0.0)
        )
    ]
    assert areas[0] > 10 * areas[1] > 0
