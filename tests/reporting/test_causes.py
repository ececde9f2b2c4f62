import pytest

from namo.reporting.causes import DIED, UNUSABLE, Cause, cause_of


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("KeyError: 'goal'", Cause(explained=False, text="KeyError")),
        ("PhysicsError: not finite", Cause(explained=False, text="PhysicsError")),
        ("set aside after 2 processes died in it; the last: killed", DIED),
        ("no site named 'goal'", UNUSABLE),
        ("XML Error: line 3", UNUSABLE),
    ],
)
def test_causes_are_told_by_what_was_written_down(text, cause):
    assert cause_of(f"a: b.xml: {text}", "a: b.xml") == cause


def test_the_unexplained_comes_first():
    assert sorted([UNUSABLE, DIED, Cause(explained=False, text="KeyError")]) == [
        Cause(explained=False, text="KeyError"),
        DIED,
        UNUSABLE,
    ]
