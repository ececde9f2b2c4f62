import pytest

from namo.reporting.failure_causes import (
    CRASHED_PROCESS,
    UNUSABLE_SCENE,
    FailureCause,
    failure_cause_of,
)


@pytest.mark.parametrize(
    ("kind", "cause"),
    [
        ("KeyError", FailureCause(explained=False, text="KeyError")),
        ("PhysicsError", FailureCause(explained=False, text="PhysicsError")),
        ("crashed", CRASHED_PROCESS),
        ("scene", UNUSABLE_SCENE),
    ],
)
def test_only_an_unusable_scene_is_an_explained_cause(kind, cause):
    assert failure_cause_of(kind) == cause


def test_unexplained_causes_sort_first():
    assert sorted(
        [UNUSABLE_SCENE, CRASHED_PROCESS, FailureCause(explained=False, text="KeyError")]
    ) == [
        FailureCause(explained=False, text="KeyError"),
        CRASHED_PROCESS,
        UNUSABLE_SCENE,
    ]
