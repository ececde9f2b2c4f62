import math
import os
import pickle
import subprocess
import sys
from enum import StrEnum
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from namo.errors import ResultFileError
from namo.results.record_types import EnvironmentRecord
from namo.results.records import (
    MAX_DEPTH,
    _PlainChecker,
    file_entry,
    read_environment,
    read_listed_record,
    read_record,
    resolve_inside,
    write_record,
)
from namo.results.tables import VALUES

RECORD = {
    "env_id": "host_env_000003",
    "success": True,
    "depth": None,
    "poses": [(0.5, -1.25, math.pi), [1, 2]],
    "länge": {"m": 1e-300, "nested": {"empty": [], "none": {}}},
}


class Colour(StrEnum):
    RED = "red"


def sealed(body):
    """The bytes with a valid checksum behind them."""
    return body + b"\nsha256:" + sha256(body).hexdigest().encode()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "record.pkl"


def test_a_record_round_trips(path):
    write_record(path, RECORD)
    again = read_record(path)
    assert again == RECORD
    assert [type(pose) for pose in again["poses"]] == [tuple, list]


plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(), inner, max_size=4)
        | st.tuples(inner, inner)
    ),
    max_leaves=20,
)


@hypothesis_settings(deadline=None, max_examples=60)
@given(record=st.dictionaries(st.text(), plain, max_size=5))
def test_any_nested_plain_values_round_trip(record, tmp_path_factory):
    path = tmp_path_factory.getbasetemp() / f"nest-{os.getpid()}.pkl"
    write_record(path, record)
    assert read_record(path) == record


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b".",
        b"}",
        b"0.",
        b"h\x05.",
        b"}]Ns.",
        b"N}R.",
        b"K\x01K\x02a.",
        b"\x8c\x01\xff.",
        b"}}b.",
    ],
)
def test_sealed_garbage_is_rejected_with_one_kind_of_error(body, path):
    path.write_bytes(sealed(body))
    with pytest.raises(ResultFileError) as caught:
        read_record(path)
    assert str(path) in str(caught.value)


def test_a_plain_python_reads_a_record_without_this_package(collected, tmp_path):
    code = (
        "import importlib.util, pickle, sys\n"
        "assert importlib.util.find_spec('namo') is None\n"
        "with open(sys.argv[1], 'rb') as file:\n"
        "    record = pickle.load(file)\n"
        "print(record['env_id'], len(record['episode_results']))\n"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code, str(collected.files()[1])],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert (done.stdout, done.stderr) == ("host_env_000001 1\n", "")


def test_a_file_truncated_anywhere_is_rejected(path):
    write_record(path, RECORD)
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(ResultFileError) as caught:
            read_record(path)
        assert str(path) in str(caught.value)


def test_a_file_with_trailing_bytes_is_rejected(path):
    write_record(path, RECORD)
    path.write_bytes(path.read_bytes() + b"\n")
    with pytest.raises(ResultFileError):
        read_record(path)


def test_any_single_flipped_bit_is_detected(path):
    write_record(path, RECORD)
    whole = path.read_bytes()
    for place in range(len(whole)):
        damaged = bytearray(whole)
        damaged[place] ^= 1 << (place % 8)
        path.write_bytes(damaged)
        with pytest.raises(ResultFileError):
            read_record(path)


@pytest.mark.parametrize("call", ["system", "getcwd"])
def test_a_sealed_pickle_that_calls_a_function_is_rejected_and_not_executed(path, tmp_path, call):
    witness = tmp_path / "witness"
    body = f"cos\n{call}\n(S'touch {witness}'\ntR.".encode()
    path.write_bytes(sealed(body))
    with pytest.raises(ResultFileError, match="opcode GLOBAL at byte 0; allowed: dict"):
        read_record(path)
    assert not witness.exists()


def test_a_sealed_pickle_of_a_non_dict_is_rejected(path):
    path.write_bytes(sealed(pickle.dumps([1, 2])))
    with pytest.raises(ResultFileError, match="holds a list; allowed: a dict"):
        read_record(path)


def nested(depth):
    value = []
    for _ in range(depth):
        value = [value]
    return value


def test_nesting_deeper_than_the_limit_is_rejected(path):
    write_record(path, {"deep": nested(MAX_DEPTH - 1)})
    assert read_record(path) == {"deep": nested(MAX_DEPTH - 1)}
    with pytest.raises(ResultFileError, match=r"\[0\]\[0\] is nested deeper than 100"):
        write_record(path, {"deep": nested(MAX_DEPTH)})
    path.write_bytes(sealed(pickle.dumps({"deep": nested(MAX_DEPTH)}, protocol=4)))
    with pytest.raises(ResultFileError, match="is nested deeper than 100"):
        read_record(path)
    path.write_bytes(sealed(b"\x80\x04}N)" + b"\x85" * 100_000 + b"s."))
    with pytest.raises(ResultFileError, match="is nested deeper than 100"):
        read_record(path)


def test_a_record_that_contains_itself_is_rejected(path):
    record = {"list": []}
    record["list"].append(record)
    with pytest.raises(ResultFileError, match="nested deeper"):
        write_record(path, record)
    path.write_bytes(sealed(pickle.dumps(record, protocol=4)))
    with pytest.raises(ResultFileError, match="nested deeper"):
        read_record(path)


def test_a_small_file_that_expands_exponentially_is_rejected(path):
    value = []
    for _ in range(90):
        value = [value, value]
    path.write_bytes(sealed(pickle.dumps({"shared": value}, protocol=4)))
    with pytest.raises(ResultFileError, match="expands to too many shared values"):
        read_record(path)


def test_values_may_be_shared(path):
    pose = [0.0] * 50
    write_record(path, {"poses": [pose] * 30})
    assert read_record(path) == {"poses": [pose] * 30}


@pytest.mark.parametrize("key", [(1, 2), np.int64(1), frozenset(), b"bytes"])
def test_a_key_that_is_not_a_plain_value_is_rejected(path, key):
    with pytest.raises(ResultFileError, match=f"has a key that is a .*{type(key).__name__}"):
        write_record(path, {"deep": [{key: 1}]})


def test_a_pickle_without_a_checksum_is_rejected(path):
    path.write_bytes(pickle.dumps(RECORD))
    with pytest.raises(ResultFileError, match="no checksum"):
        read_record(path)


@pytest.mark.parametrize(
    "value",
    [
        np.float64(1.0),
        np.int64(1),
        np.bool_(True),
        np.zeros(2),
        Path("x"),
        Colour.RED,
        len,
        1j,
        {1, 2},
        frozenset({1}),
        b"bytes",
        bytearray(b"x"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_anything_but_plain_values_is_rejected_and_nothing_is_written(path, value):
    with pytest.raises(ResultFileError, match="not written"):
        write_record(path, {"deep": [{"down": (value,)}]})
    assert list(path.parent.iterdir()) == []


def test_a_rejected_record_leaves_the_old_file(path):
    write_record(path, RECORD)
    with pytest.raises(ResultFileError):
        write_record(path, {"new": np.float64(1.0)})
    assert read_record(path) == RECORD


def test_a_list_of_poses_that_is_too_short_is_named(collected, path):
    record = next(record for record in collected.records() if record["pushes"]["push"])
    poses = record["pushes"]["poses_after"]
    poses[0] = poses[0][:-1]
    write_record(path, record)
    with pytest.raises(ResultFileError, match="column 'poses_after' holds a list of length"):
        read_environment(path)


@pytest.mark.parametrize("clearance", [-0.1, 2.0])
def test_a_clearance_out_of_range_is_named(collected, path, clearance):
    record = next(iter(collected.records()))
    record["metrics"][0]["clearance"] = clearance
    write_record(path, record)
    with pytest.raises(ResultFileError, match=r"\['clearance'\] is .*; allowed: 0 to 1 \(m\)"):
        read_environment(path)


@pytest.fixture
def record(collected):
    """A record with pushes, to change."""
    return next(record for record in collected.records() if record["pushes"]["push"])


def said_of(path, record):
    """What is said about a record when it is read."""
    write_record(path, record)
    with pytest.raises(ResultFileError) as caught:
        read_environment(path)
    return str(caught.value)


def test_a_record_without_a_metrics_row_is_named(record, path):
    record["metrics"] = []
    assert said_of(path, record) == (f"{path}: record['metrics'] is empty; allowed: a row or more")


@pytest.mark.parametrize("name", ["termination", "physics"])
def test_a_name_that_is_not_one_of_the_allowed_ones_is_named_with_these(record, path, name):
    record["metrics"][0][name] = "x" * 60
    assert said_of(path, record) == (
        f"{path}: record['metrics'][0]['{name}'] is '{'x' * 39}; allowed: "
        f"{', '.join(sorted(VALUES[name]))}"
    )


@pytest.mark.parametrize("table", ["pushes", "plans"])
def test_a_column_that_is_missing_or_of_no_table_is_named(record, path, table):
    record[table]["aaa"] = []
    said = "column 'aaa' is missing or not one of the table"
    assert said_of(path, record) == f"{path}: record['{table}']: {said}"
    del record[table]["aaa"], record[table]["env_index"]
    said = "column 'env_index' is missing or not one of the table"
    assert said_of(path, record) == f"{path}: record['{table}']: {said}"


def test_a_column_of_another_type_is_named(record, path):
    record["pushes"]["push"][0] = "x"
    found = said_of(path, record)
    assert found.startswith(f"{path}: record['pushes']")
    assert "'x'" in found


def test_a_column_of_another_length_is_named(record, path):
    record["pushes"]["push"].append(0)
    found = said_of(path, record)
    assert found.startswith(f"{path}: record['pushes']: ")
    assert "length" in found


def test_a_column_that_holds_none_is_named(record, path):
    record["pushes"]["push"][0] = None
    assert said_of(path, record) == f"{path}: record['pushes']['push'] holds None"


def test_a_record_of_another_schema_version_is_named_before_its_content(record, path):
    del record["metrics"]
    record["schema_version"] = 0
    assert "is of schema version 0; this version reads" in said_of(path, record)


@pytest.mark.parametrize("value", [None, [], "text"])
def test_a_summary_whose_metadata_are_no_dict_names_no_version(path, value):
    assert "is of schema version None" in said_of(path, {"collection_metadata": value})


def test_the_first_value_that_is_not_plain_is_named_with_its_place(path):
    with pytest.raises(ResultFileError) as caught:
        write_record(path, {"deep": [0, {"down": (1, b"bytes")}]})
    assert str(caught.value) == (
        f"{path}: not written, record['deep'][1]['down'][1] is a builtins.bytes; allowed: dict, "
        "list, tuple, str, int, float, bool, None"
    )
    with pytest.raises(ResultFileError) as caught:
        write_record(path, {"deep": {b"key": 1}})
    assert str(caught.value) == (
        f"{path}: not written, record['deep'] has a key that is a builtins.bytes; allowed: str, "
        "int, float, bool, None"
    )


def test_values_may_be_nested_up_to_the_limit_and_shared_ten_times_a_byte(path):
    checker = _PlainChecker(6)
    assert checker.first_violation({"a": [1, 2], "b": (3, 4)}) is None
    assert checker.left == 0
    assert checker.first_violation([1]) == " expands to too many shared values"
    assert _PlainChecker(5).first_violation({"a": [1, 2], "b": (3, 4)}) == (
        "['b'] expands to too many shared values"
    )


def test_a_listed_file_is_inside_the_collection(tmp_path):
    assert resolve_inside(tmp_path, "a/b.pkl") == tmp_path / "a" / "b.pkl"
    for name in ("/a.pkl", "../a.pkl", "a/../b.pkl"):
        with pytest.raises(ResultFileError) as caught:
            resolve_inside(tmp_path, name)
        assert str(caught.value) == (
            f"{tmp_path}: lists '{name}', which leads out of the collection"
        )
    (tmp_path / "link").symlink_to("/dev")
    with pytest.raises(ResultFileError, match="link: a symbolic link to /dev, which leads out"):
        resolve_inside(tmp_path, "link/null")


def test_a_listed_record_is_read_or_named_as_missing(collected, tmp_path):
    name = collected.files()[0].name
    record = read_listed_record(collected.output, name, EnvironmentRecord)
    assert record == read_environment(collected.files()[0])
    with pytest.raises(ResultFileError) as caught:
        read_listed_record(tmp_path, name, EnvironmentRecord)
    assert str(caught.value) == f"{tmp_path / name}: is missing; `namo verify` lists all problems"


def test_an_entry_of_the_manifest_describes_the_file(path):
    write_record(path, RECORD)
    content = path.read_bytes()
    assert file_entry(path, path.parent.parent, 3) == {
        "path": f"{path.parent.name}/{path.name}",
        "bytes": len(content),
        "sha256": sha256(content).hexdigest(),
        "rows": 3,
    }
