import pytest

from namo.certification.settings import SceneSetSettings


@pytest.fixture
def small():
    """Settings of a set that takes seconds: one family, one box to push, little search."""
    return SceneSetSettings(
        families={"room": 1.0},
        boxes_in_passages=(1, 1),
        boxes_elsewhere=(0, 0),
        # One class of boxes, so that its motion primitives are simulated once.
        door_width_m=(0.75, 0.8),
        box_size_m=(0.6, 0.6),
        box_aspect=(1.0, 1.0),
        certify_pushes=3,
        certify_depth=1,
        count=6,
        candidates_per_chunk=4,
        candidates_per_round=8,
    )
