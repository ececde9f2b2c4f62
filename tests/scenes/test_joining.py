"""Pieces that touch or overlap are one polygon; others are refused by name and place."""

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from namo.errors import SceneError
from namo.geometry import Pose2D
from namo.scenes.joining import MAX_UNITED_PIECES, joined, united
from tests.scenes.rectangles import attached_rectangles, rectangle

NOISE_M = 1e-12
poses = st.builds(Pose2D, st.floats(-3, 3), st.floats(-3, 3), st.floats(-3, 3))


def outline_of(*rectangles):
    names = [f"box {number}" for number in range(1, len(rectangles) + 1)]
    return united([rectangle(*one) for one in rectangles], names)


@pytest.mark.parametrize(
    ("rectangles", "corners", "area"),
    [
        pytest.param([(0, 0, 2, 1), (0, 1, 1, 2)], 6, 3.0, id="L"),
        pytest.param([(0, 0, 3, 1), (1, 1, 2, 3)], 8, 5.0, id="T"),
        pytest.param([(0, 1, 3, 2), (1, 0, 2, 3)], 12, 5.0, id="plus, overlapping"),
        pytest.param([(0, 0, 3, 1), (0, 1, 1, 2), (2, 1, 3, 2)], 8, 5.0, id="U"),
        pytest.param([(0, 0, 1, 1), (1, 0, 2, 1)], 4, 2.0, id="side by side"),
        pytest.param([(0, 0, 1, 1), (0, 0, 1, 1)], 4, 1.0, id="twice"),
        pytest.param([(0, 0, 3, 3), (1, 1, 2, 2)], 4, 9.0, id="one in the other"),
        pytest.param([(0, 0, 1, 1), (1 + 0.9e-6, 0, 2, 1)], 4, 2.0, id="within rounding"),
    ],
)
def test_pieces_that_touch_or_overlap_have_one_outline(rectangles, corners, area):
    outline = outline_of(*rectangles)
    assert len(outline) == corners
    assert shapely.Polygon(outline).area == pytest.approx(area, abs=1e-5)


@pytest.mark.parametrize(
    ("rectangles", "said"),
    [
        ([(0, 0, 1, 1), (1, 1, 2, 2)], r"box 1 and box 2 touch in a corner only, at \(1, 1\)"),
        (
            [(0, 0, 1, 1), (1, 0, 2, 1), (2.25, 0, 3, 1)],
            r"box [23] and box [23] are 0\.25 m apart, at \(2\.125, ",
        ),
        (
            [(0, 0, 3, 1), (0, 1, 1, 3), (2, 1, 3, 3), (1, 2, 2, 3)],
            r"box 1, box 2, box 3, box 4 enclose a hole of 1 m², at \(1\.5, 1\.5\)",
        ),
        ([(0, 0, 1, 1), (1, 0, 1 + 9e-6, 1)], "box 2 is 9e-06 m wide; at least 1e-05 m is needed"),
        (
            [(0, 0, 1, 1)] * (MAX_UNITED_PIECES + 1),
            "101 pieces do not share whole edges; at most",
        ),
    ],
)
def test_pieces_that_are_not_one_polygon_are_refused_by_name(rectangles, said):
    with pytest.raises(SceneError, match=said):
        outline_of(*rectangles)


def test_a_repeated_corner_of_a_piece_changes_nothing():
    repeated = [(0.0, 0.0), (1.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)]
    assert len(united([repeated, rectangle(0.5, 0.5, 2.0, 2.0)], ["box 1", "box 2"])) == 8


def test_only_pieces_that_share_whole_edges_keep_their_collinear_corners():
    halves = [rectangle(0, 0, 1, 1), rectangle(1, 0, 2, 1)]
    assert sorted(joined(halves)) == [(0, 0), (0, 1), (1, 0), (1, 1), (2, 0), (2, 1)]
    for others in (
        [rectangle(0, 0, 2, 1), rectangle(0, 1, 1, 2)],  # half an edge
        [rectangle(0, 0, 2, 1), rectangle(1, 0, 2, 1)],  # overlapping
        [rectangle(0, 0, 1, 1), rectangle(2, 0, 3, 1)],  # apart
    ):
        assert joined(others) is None


@given(attached_rectangles(), poses, st.floats(0.01, 0.3), st.integers(0, 2**32 - 1))
def test_the_outline_of_rectangles_is_that_of_their_union(rectangles, pose, cell_m, seed):
    """Scaled, placed anywhere, and each corner off by rounding, as files have them."""
    union = shapely.union_all([shapely.box(*one) for one in rectangles])
    simple = union.geom_type == "Polygon" and not union.interiors
    noise = np.random.default_rng(seed).uniform(-NOISE_M, NOISE_M, (len(rectangles), 4, 2))
    pieces = [
        [(x, y) for x, y in (np.array(piece) + off).tolist()]
        for piece, off in zip(
            (rectangle(*(cell_m * np.array(one)), pose) for one in rectangles), noise, strict=True
        )
    ]
    names = [str(number) for number in range(len(pieces))]
    if not simple:
        with pytest.raises(SceneError, match=r"apart|touch in a corner only|enclose a hole"):
            united(pieces, names)
        return
    ring = np.array(union.exterior.coords[:-1])
    before, after = ring - np.roll(ring, 1, axis=0), np.roll(ring, -1, axis=0) - ring
    bent = before[:, 0] * after[:, 1] != before[:, 1] * after[:, 0]  # exact: on the grid
    corners = pose.to_world(cell_m * ring[bent])
    outline = np.array(united(pieces, names))
    assert len(outline) == len(corners)
    nearest = np.linalg.norm(corners[:, None] - outline[None], axis=-1).min(axis=1)
    assert nearest.max() <= 100 * NOISE_M
