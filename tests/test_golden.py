import json

import pytest

from namo.version import RESULTS_VERSION
from tests import golden


def test_results_are_what_they_were_to_the_last_bit():
    known = json.loads(golden.FILE.read_text())
    assert known["results_version"] == RESULTS_VERSION, "write the golden file again"
    got = golden.collect()
    reason = golden.why_not_here(known, got)
    if reason is not None:
        pytest.skip(reason)
    assert golden.differences(known, got) == []
    assert got["episodes"] == known["episodes"]


def text_of(libraries="MuJoCo 4", kernels="OpenBLAS Haswell"):
    return {"numerics": f"{libraries}; {kernels}"}


def test_other_libraries_are_a_reason_to_skip_and_other_kernels_none():
    known = text_of()
    assert golden.why_not_here(known, text_of()) is None
    assert "here is MuJoCo 5" in golden.why_not_here(known, text_of(libraries="MuJoCo 5"))
    assert golden.why_not_here(known, text_of(kernels="OpenBLAS SkylakeX")) is None


def test_differences_name_the_episodes():
    known = {"episodes": {"idfs 0": {"plan": "a"}, "idfs 1": {"plan": "b"}}}
    got = {"episodes": {"idfs 0": {"plan": "c"}, "idfs 1": {"plan": "b"}, "idfs 2": {}}}
    assert golden.differences(known, got) == ["idfs 0", "idfs 2"]
