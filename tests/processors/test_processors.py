"""Other processors collect the same rows, or `numerics` names what is another.

NAMO_PROCESSOR_ENVIRONMENTS is how many environments to collect, as all processors;
NAMO_OTHER_PYTHONS further interpreters of Python to collect with, separated by colons.
"""

from __future__ import annotations

import os

import pytest

from tests.processors.comparing import collect_as, differences, report
from tests.processors.processors import HERE, OLD_LIBM, PROCESSORS

GIVEN = os.environ.get("NAMO_PROCESSOR_ENVIRONMENTS")
ENVIRONMENTS = int(GIVEN or "6")
"""How many; `make test-processors` collects hundreds."""
CHOSEN = [each for each in PROCESSORS if GIVEN or each.name in ("Sandy Bridge", "Zen 2")]
"""Without a number two that differ in every switch: most of the time goes to compiling."""
OTHER_PYTHONS = [each for each in os.environ.get("NAMO_OTHER_PYTHONS", "").split(":") if each]
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not HERE.is_possible, reason="the switches are those of x86-64"),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("processors")


@pytest.fixture(scope="module")
def here(folder):
    return collect_as(HERE, folder, ENVIRONMENTS)


def test_rows_differ_only_where_the_c_library_does(folder, here):
    # What processors without fused multiply-add compute: this one with their C library's code.
    without_fma = collect_as(OLD_LIBM, folder, ENVIRONMENTS)
    assert without_fma.decisive != here.decisive
    shown = [report(OLD_LIBM.name, here, without_fma, differences(here, without_fma))]
    for processor in CHOSEN:
        if not processor.is_possible:
            continue
        there = collect_as(processor, folder, ENVIRONMENTS)
        shown.append(report(processor.name, here, there, differences(here, there)))
        print(shown[-1], flush=True)
        like = without_fma if processor.has_old_libm else here
        assert there.decisive == like.decisive
        assert differences(like, there) == []
        if "MKL_CBWR" in processor.switches:  # predictions differ, and the pushes do not
            assert_models_say_so(here, there)
    print(*shown, sep="\n")


def assert_models_say_so(one, other):
    learned = [search for search, platforms in one.models.items() if platforms]
    assert learned
    for search in learned:
        assert one.models[search] != other.models[search]


@pytest.mark.skipif(not OTHER_PYTHONS, reason="NAMO_OTHER_PYTHONS names none")
@pytest.mark.parametrize("interpreter", OTHER_PYTHONS)
def test_other_versions_of_python_collect_the_same_rows(folder, here, interpreter):
    there = collect_as(HERE, folder, ENVIRONMENTS, interpreter)
    found = differences(here, there)
    print(report(interpreter, here, there, found))
    assert there.decisive == here.decisive
    assert found == []
