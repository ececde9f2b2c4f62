import pickle
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from namo.errors import ResultFileError
from namo.results.plain_pickle import PROTOCOL, load_plain

HEAD = b"\x80\x04"
LEAVES = (
    *(None, True, False, 0, 255, 256, 65_535, 65_536, -1, 2**31 - 1, -(2**31), 2**31, -(2**80)),
    *(2**3000, 0.0, -0.0, 1e-308, float("inf"), "", "ä", "\ud800", "a" * 255, "a" * 256),
)


def dumped(value):
    return pickle.dumps(value, protocol=PROTOCOL)


@pytest.mark.parametrize("value", LEAVES, ids=lambda value: f"{value!r}"[:20])
def test_every_kind_of_leaf_comes_back(value):
    assert load_plain(dumped(value)) == value
    assert load_plain(dumped({"key": [value, (value,)]})) == {"key": [value, (value,)]}
    assert load_plain(dumped({value: 1})) == {value: 1}


@pytest.mark.parametrize("count", [0, 1, 2, 3, 4, 300, 2500])
def test_containers_of_any_length_come_back(count):
    numbers = list(range(count))
    for value in (numbers, tuple(numbers), {str(number): [number] for number in numbers}):
        assert load_plain(dumped(value)) == value


leaf = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
nest = st.recursive(
    leaf, lambda inner: st.lists(inner) | st.dictionaries(leaf, inner) | st.tuples(inner, inner)
)


@given(nest)
def test_what_pickle_writes_is_read_as_pickle_reads_it(value):
    assert load_plain(dumped(value)) == pickle.loads(dumped(value)) == value


def test_what_was_shared_is_shared():
    pose = [1.0, 2.0]
    first, second = load_plain(dumped([pose, pose]))
    assert first is second


@given(st.binary(max_size=60))
def test_any_bytes_are_read_as_pickle_reads_them_or_refused(body):
    try:
        value = load_plain(HEAD + body + b".")
    except ResultFileError:
        return
    assert repr(value) == repr(pickle.loads(HEAD + body + b"."))


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "ends too soon"),
        (b"N", "ends too soon"),
        (b".", "left over"),
        (b"NN.", "left over"),
        (b"(N.", "left over"),
        (b"N.N", "left over"),
        (b"t.", "empty list"),
        (b"a.", "takes more than there is"),
        (b"N\x86.", "takes more than there is"),
        (b"Na.", "index out of range"),
        (b"NNa.", "adds items to what is no list"),
        (b"}Na.", "adds items to what is no list"),
        (b"]NNs.", "sets items of what is no dict"),
        (b"}(Nu.", "sets items of what is no dict"),
        (b"h\x00.", "index out of range"),
        (b"\x8c\x05ab.", "ends too soon"),
        (b"\x8c\x01\xff.", "'utf-8' codec can't decode"),
        (b"\x8d" + b"\xff" * 8 + b"a.", "ends too soon"),
        (b"\x8b\xff\xff\xff\xff\x01.", "ends too soon"),
        (b"\x95\x01.", "ends too soon"),
        (b"\xff.", "0xff, no instruction, at byte 2"),
        (b"cos\nsystem\n.", "the instruction GLOBAL at byte 2; allowed: dict, list, tuple"),
        (b"\x93.", "STACK_GLOBAL"),
        (b"N\x85R.", "REDUCE"),
        (b"r\xff\xff\xff\xff.", "LONG_BINPUT"),
        (b"\x96\xff\xff\xff\x7f\0\0\0\0.", "BYTEARRAY8"),
        (b"})Ns.", "a key is a tuple; allowed: str, int, float, bool, None"),
        (b"}]Ns.", "a key is a list"),
    ],
)
def test_what_is_no_pickle_of_plain_values_is_refused_with_the_reason(body, said):
    with pytest.raises(ResultFileError, match=said.replace("(", r"\(")):
        load_plain((HEAD + body) if body else b"")


@pytest.mark.parametrize("protocol", [0, 1, 2, 3])
def test_another_protocol_is_refused(protocol):
    with pytest.raises(ResultFileError, match="holds the instruction"):
        load_plain(pickle.dumps({"a": [1.0, 2]}, protocol=protocol))


def test_a_key_that_would_take_for_ever_to_hash_is_refused():
    """A tuple of twice the one before, sixty times: 2 ** 60 to hash."""
    nested = b")\x94" + b"".join(b"h%ch%c\x86\x94" % (level, level) for level in range(60))
    with pytest.raises(ResultFileError, match="a key is a tuple"):
        load_plain(HEAD + b"}(" + nested + b"Nu.")


def test_depth_alone_ends_no_process():
    value = load_plain(HEAD + b")" + b"\x85" * 100_000 + b".")
    depth = 0
    while value:
        (value,) = value
        depth += 1
    assert depth == 100_000


def test_a_float_is_read_bit_by_bit():
    bits = struct.pack(">Q", 0x7FF8_0000_0000_0001)
    assert struct.pack(">d", load_plain(HEAD + b"G" + bits + b".")) == bits
