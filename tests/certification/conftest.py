import pytest

from namo.certification.settings import SceneSetSettings


@pytest.fixture
def small():
    """Settings of a set that takes seconds: one family, one box to push, little search."""
    return SceneSetSettings(
        families={"room": 1.0},
        boxes_in_passages=(1, 1),
        boxes_elsewhere=(0, 0),
        certify_pushes=3,
        certify_depth=1,
        count=6,
        candidates_per_chunk=4,
        candidates_per_round=8,
    )
