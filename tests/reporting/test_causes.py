import pytest

from namo.reporting.causes import DIED, UNUSABLE, Cause, cause_of


@pytest.mark.parametrize(
    ("kind", "cause"),
    [
        ("KeyError", Cause(explained=False, text="KeyError")),
        ("PhysicsError", Cause(explained=False, text="PhysicsError")),
        ("crashed", DIED),
        ("scene", UNUSABLE),
    ],
)
def test_a_scene_that_cannot_be_used_is_the_only_explained_cause(kind, cause):
    assert cause_of(kind) == cause


def test_the_unexplained_comes_first():
    assert sorted([UNUSABLE, DIED, Cause(explained=False, text="KeyError")]) == [
        Cause(explained=False, text="KeyError"),
        DIED,
        UNUSABLE,
    ]
