"""Whatever a model bundle contains, it is loaded or refused by name, and runs nothing.

NAMO_FUZZ is how many mutants there are; each is made from its own number.
"""

from collections import Counter
from random import Random

import pytest

from tests.conftest import random_bundle
from tests.faults.bundle_mutations import TRAP_MODULE, write_mutant
from tests.faults.mutations import numbers
from tests.faults.reading import READ, REFUSED, outcomes

AT_A_TIME = 500


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A small bundle. Read only."""
    return random_bundle(tmp_path_factory.mktemp("bundle") / "whole", "object")


@pytest.mark.slow
@pytest.mark.parametrize("wanted", numbers(60, AT_A_TIME), ids=str)
def test_every_mutant_is_loaded_or_refused_by_name(wanted, whole, tmp_path, monkeypatch):
    folder, sentinel = tmp_path / "bundles", tmp_path / "ran"
    modules = tmp_path / "modules"
    modules.mkdir()
    (modules / f"{TRAP_MODULE}.py").write_text(f"open({str(sentinel)!r}, 'w').close()")
    monkeypatch.setenv("PYTHONPATH", str(modules), prepend=":")
    for number in wanted:
        path = folder / f"mutant_{number:06d}"
        write_mutant(whole, path, Random(number), sentinel)
    found = outcomes("bundle", folder, sentinel)
    print(f"{wanted}: {dict(Counter(found.values()))}")
    assert len(found) == len(wanted)
    assert {name: said for name, said in found.items() if said not in (READ, REFUSED)} == {}
    assert {READ, REFUSED} == set(found.values())
