import contextlib
from pathlib import Path

import pytest

from tests.mutation.mutate import changes_of, mirror_of, undecorated

DECORATED = """
from contextlib import contextmanager
from functools import lru_cache


@contextmanager
def held(log):
    log.append("taken")
    yield
    log.append("released")


class Box:
    @property
    def side(self):
        return 2

    @lru_cache
    def area(self):
        return self.side**2

    @staticmethod
    def name():
        return "box"
"""


def test_decorators_under_which_mutmut_changes_nothing_become_calls():
    source = undecorated(DECORATED)
    assert "@contextmanager" not in source
    assert "@property" not in source
    assert "    @lru_cache\n" in source, "not one of those named"
    made = {}
    exec(source, made)
    log = []
    with made["held"](log):
        assert log == ["taken"]
    assert log == ["taken", "released"]
    box = made["Box"]()
    assert (box.side, box.area(), box.name()) == (2, 4, "box")
    assert isinstance(made["held"]([]), contextlib.AbstractContextManager)


@pytest.mark.parametrize(
    ("module", "tests"),
    [
        ("namo/files.py", "tests/test_files.py"),
        ("namo/results/parts.py", "tests/results/test_parts.py"),
    ],
)
def test_the_tests_of_a_module_are_those_that_mirror_it(module, tests):
    assert mirror_of(Path(module)) == Path(tests)


def test_of_a_difference_the_changed_lines_are_shown():
    shown = "--- namo/a.py\n+++ namo/a.py\n@@ -1 +1 @@\n def f():\n-    return 1\n+    return 2"
    assert changes_of(shown) == "-    return 1\n+    return 2"
