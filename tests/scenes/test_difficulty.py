import pytest

from namo.scenes.difficulty import Difficulty, difficulty_of


@pytest.mark.parametrize(
    ("pushes", "share", "difficulty"),
    [
        (0, None, Difficulty.OPEN),
        (1, 1.0, Difficulty.EASY),
        (1, 0.30, Difficulty.EASY),
        (1, 0.2999, Difficulty.MEDIUM),
        (1, 0.05, Difficulty.MEDIUM),
        (1, 0.0499, Difficulty.HARD),
        (1, 0.0, Difficulty.HARD),
        (2, 0.0, Difficulty.TWO_PUSHES),
        (3, 0.0, Difficulty.THREE_OR_MORE),
        (7, 0.0, Difficulty.THREE_OR_MORE),
        (None, 0.0, Difficulty.NOT_FOUND),
    ],
)
def test_every_scene_is_in_exactly_one_class(pushes, share, difficulty):
    assert difficulty_of(pushes, share) is difficulty
