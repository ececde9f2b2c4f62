"""Every input that fuzzing has kept, as it reaches something of its own, is read or refused."""

from collections import Counter
from random import Random

import pytest

from namo.errors import SceneError
from tests.fuzzing.corpora import CORPORA, keep_inputs, kept_inputs
from tests.fuzzing.oracle import READ, REFUSED, TARGETS, FindingError, load_target, outcome

MAX_BYTES = 300_000
WITH_SLOW = [
    pytest.param(name, marks=pytest.mark.slow if name == "records" else ()) for name in TARGETS
]
"""The targets; the seeds of records are collected."""


@pytest.mark.parametrize("name", TARGETS)
def test_kept_inputs_are_read_or_refused_by_name(name, tmp_path):
    target, inputs = load_target(name), kept_inputs(name)
    found = Counter(outcome(target, data, tmp_path) for data in inputs)
    assert found.total() == len(inputs) > 20
    assert found.keys() == {READ, REFUSED}


@pytest.mark.parametrize("name", WITH_SLOW)
def test_seeds_are_read_and_mutants_of_them_differ(name, tmp_path):
    target = load_target(name)
    for seed in target.seeds():
        assert outcome(target, seed, tmp_path) == READ
        assert target.mutated(seed, Random(1)) == target.mutated(seed, Random(1))
        assert len({target.mutated(seed, Random(number)) for number in range(20)}) > 10


def test_kept_corpora_are_small_and_of_targets():
    sizes = {path.name: path.stat().st_size for path in CORPORA.iterdir()}
    assert sizes.keys() == {f"{name}.tar.xz" for name in TARGETS}
    assert max(sizes.values()) <= MAX_BYTES
    assert sum(sizes.values()) <= 5 * MAX_BYTES


def test_equal_inputs_are_packed_into_equal_bytes(tmp_path, monkeypatch):
    monkeypatch.setattr("tests.fuzzing.corpora.CORPORA", tmp_path)
    first = keep_inputs("some", [b"b", b"a", b"b"]).read_bytes()
    assert kept_inputs("some") == [b"a", b"b"]
    assert keep_inputs("some", [b"a", b"b"]).read_bytes() == first
    assert kept_inputs("others") == []


class Odd:
    """A target whose reader does what an input says."""

    ERRORS = (SceneError,)

    def read(self, data, folder):
        path = folder / "input"
        path.write_bytes(data)
        if data == b"named":
            raise SceneError(f"{path}: odd")
        if data == b"not named":
            raise SceneError("odd")
        if data == b"left":
            (folder / ".x.partial").touch()
        if data == b"raised":
            raise KeyError("x")


def test_what_is_neither_read_nor_refused_by_name_is_a_finding(tmp_path):
    assert outcome(Odd(), b"", tmp_path) == READ
    assert outcome(Odd(), b"named", tmp_path) == REFUSED
    with pytest.raises(FindingError, match="does not name the file: odd"):
        outcome(Odd(), b"not named", tmp_path)
    with pytest.raises(KeyError):
        outcome(Odd(), b"raised", tmp_path)
    with pytest.raises(FindingError, match=r"temporary file is left: \.x\.partial"):
        outcome(Odd(), b"left", tmp_path)
