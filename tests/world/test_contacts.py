import numpy as np
import pytest

from namo.geometry import Pose2D, RectangleSet
from namo.scenes.footprint import Rectangle
from namo.world.contacts import CONTACT_GAP_M, CONTACT_OFFSETS, STANDOFF_GAP_M, contact_points

SIZES = [(0.3, 0.3, 0.15), (0.5, 0.1, 0.2), (0.06, 0.4, 0.05)]
FACES = np.array([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [0.0, -1.0]])


@pytest.fixture(params=SIZES)
def size(request):
    return request.param


def test_every_face_has_the_same_number_of_contacts(size):
    contacts = contact_points(Rectangle(*size[:2]), size[2])
    count = 4 * len(CONTACT_OFFSETS)
    for points in (contacts.positions, contacts.standoffs, contacts.directions):
        assert points.shape == (count, 2)


def test_the_robot_pushes_straight_into_the_face(size):
    contacts = contact_points(Rectangle(*size[:2]), size[2])
    normals = np.repeat(FACES, len(CONTACT_OFFSETS), axis=0)
    assert (contacts.directions == -normals).all()
    beyond = (contacts.positions * normals).sum(axis=1) - np.abs(normals @ np.array(size[:2]))
    assert beyond == pytest.approx(size[2] + CONTACT_GAP_M)


@pytest.mark.parametrize(
    ("kind", "gap"), [("positions", CONTACT_GAP_M), ("standoffs", STANDOFF_GAP_M)]
)
def test_the_robot_keeps_its_gap_to_the_box(size, kind, gap):
    half_x, half_y, radius = size
    box = RectangleSet([(Pose2D(0.0, 0.0, 0.0), (half_x, half_y))])
    distances = box.distances(getattr(contact_points(Rectangle(*size[:2]), size[2]), kind))
    assert distances - radius == pytest.approx(gap)


def test_a_standoff_is_straight_behind_its_contact(size):
    contacts = contact_points(Rectangle(*size[:2]), size[2])
    step = contacts.standoffs - contacts.positions
    assert step == pytest.approx(-contacts.directions * (STANDOFF_GAP_M - CONTACT_GAP_M))


def test_contacts_are_spread_over_the_face(size):
    half = np.array(size[:2])
    positions = contact_points(Rectangle(*size[:2]), size[2]).positions.reshape(4, -1, 2)
    for face, normal in zip(positions, FACES, strict=True):
        tangent = np.array([-normal[1], normal[0]])
        along = face @ tangent / np.abs(tangent @ half)
        assert along == pytest.approx(np.array(CONTACT_OFFSETS))


def test_contacts_of_opposite_faces_are_a_half_turn_apart(size):
    positions = contact_points(Rectangle(*size[:2]), size[2]).positions.reshape(4, -1, 2)
    assert positions[0] == pytest.approx(-positions[2])
    assert positions[1] == pytest.approx(-positions[3])
