import pytest

from namo.scenes.blocked_doors import min_width
from namo.scenes.footprint import Rectangle, footprint_of


def test_the_min_width_of_a_footprint():
    assert min_width(Rectangle(0.5, 0.3)) == pytest.approx(0.6)
    kite, _ = footprint_of([(-1.0, 0.0), (0.0, -0.2), (1.0, 0.0), (0.0, 0.2)])
    assert 0.3 < min_width(kite) < 0.41
    ell, _ = footprint_of([(0, 0), (1, 0), (1, 0.2), (0.2, 0.2), (0.2, 1), (0, 1)])
    assert 0.2 < min_width(ell) < 0.3  # turns round a door post: its circle counts
