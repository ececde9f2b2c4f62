import pickle
import re
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


@pytest.mark.parametrize("value", LEAVES, ids=range(len(LEAVES)))
def test_every_kind_of_leaf_round_trips(value):
    assert load_plain(dumped(value)) == value
    assert load_plain(dumped({"key": [value, (value,)]})) == {"key": [value, (value,)]}
    assert load_plain(dumped({value: 1})) == {value: 1}


@pytest.mark.parametrize("count", [0, 1, 2, 3, 4, 300, 2500])
def test_containers_of_any_length_round_trip(count):
    numbers = list(range(count))
    for value in (numbers, tuple(numbers), {str(number): [number] for number in numbers}):
        assert load_plain(dumped(value)) == value


leaf = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
nest = st.recursive(
    leaf, lambda inner: st.lists(inner) | st.dictionaries(leaf, inner) | st.tuples(inner, inner)
)


@given(nest)
def test_written_pickles_are_read_as_pickle_reads_them(value):
    assert load_plain(dumped(value)) == pickle.loads(dumped(value)) == value


def test_the_three_hundredth_shared_value_is_recalled_by_its_number():
    poses = [[float(number)] for number in range(300)]
    first, second = load_plain(dumped((poses, list(poses))))
    assert first == second == poses
    assert all(one is other for one, other in zip(first, second, strict=True))


def test_a_text_with_a_length_of_eight_bytes_is_read_to_its_end():
    body = b"\x8d" + (3).to_bytes(8, "little") + b"abc"
    assert load_plain(HEAD + body + b".") == "abc"


def test_shared_values_stay_shared():
    pose = [1.0, 2.0]
    first, second = load_plain(dumped([pose, pose]))
    assert first is second


@given(st.binary(max_size=60))
def test_any_bytes_are_read_as_pickle_reads_them_or_rejected(body):
    try:
        value = load_plain(HEAD + body + b".")
    except ResultFileError:
        return
    assert repr(value) == repr(pickle.loads(HEAD + body + b"."))


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "unexpected end of data"),
        (b"N", "unexpected end of data"),
        (b".", "trailing data"),
        (b"NN.", "trailing data"),
        (b"(N.", "trailing data"),
        (b"N.N", "trailing data"),
        (b"t.", "empty list"),
        (b"a.", "stack underflow"),
        (b"N\x86.", "stack underflow"),
        (b"Na.", "index out of range"),
        (b"NNa.", "APPENDS on a non-list"),
        (b"}Na.", "APPENDS on a non-list"),
        (b"]NNs.", "SETITEMS on a non-dict"),
        (b"}(Nu.", "SETITEMS on a non-dict"),
        (b"h\x00.", "index out of range"),
        (b"\x8c\x05ab.", "unexpected end of data"),
        (b"\x8c\x01\xff.", "'utf-8' codec can't decode"),
        (b"\x8d" + b"\xff" * 8 + b"a.", "unexpected end of data"),
        (b"\x8b\xff\xff\xff\xff\x01.", "unexpected end of data"),
        (b"\x95\x01.", "unexpected end of data"),
        (b"\xff.", "0xff, not an opcode, at byte 2"),
        (b"cos\nsystem\n.", "opcode GLOBAL at byte 2; allowed: dict, list, tuple"),
        (b"\x93.", "STACK_GLOBAL"),
        (b"N\x85R.", "REDUCE"),
        (b"r\xff\xff\xff\xff.", "LONG_BINPUT"),
        (b"\x96\xff\xff\xff\x7f\0\0\0\0.", "BYTEARRAY8"),
        (b"})Ns.", "a key is a tuple; allowed: str, int, float, bool, None"),
        (b"}]Ns.", "a key is a list"),
    ],
)
def test_anything_but_a_pickle_of_plain_values_is_rejected_with_the_reason(body, said):
    with pytest.raises(ResultFileError, match=rf"(?<!\w){re.escape(said)}(?!\w)"):
        load_plain((HEAD + body) if body else b"")


@pytest.mark.parametrize("protocol", [0, 1, 2, 3])
def test_other_protocols_are_rejected(protocol):
    with pytest.raises(ResultFileError, match="holds opcode"):
        load_plain(pickle.dumps({"a": [1.0, 2]}, protocol=protocol))


def test_a_key_that_would_take_exponential_time_to_hash_is_rejected():
    """Each of sixty tuples holds the one before twice: 2 ** 60 items to hash."""
    nested = b")\x94" + b"".join(b"h%ch%c\x86\x94" % (level, level) for level in range(60))
    with pytest.raises(ResultFileError, match="a key is a tuple"):
        load_plain(HEAD + b"}(" + nested + b"Nu.")


def test_deep_nesting_does_not_crash_the_process():
    value = load_plain(HEAD + b")" + b"\x85" * 100_000 + b".")
    depth = 0
    while value:
        (value,) = value
        depth += 1
    assert depth == 100_000


def test_floats_keep_every_bit():
    bits = struct.pack(">Q", 0x7FF8_0000_0000_0001)
    assert struct.pack(">d", load_plain(HEAD + b"G" + bits + b".")) == bits
