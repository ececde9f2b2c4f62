import json
import platform

import pytest
from numpy._core._multiarray_umath import __cpu_features__

from namo.version import RESULTS_VERSION
from tests import golden


def test_results_are_what_they_were_to_the_last_bit():
    known = json.loads(golden.FILE.read_text())
    assert known["results_version"] == RESULTS_VERSION, "write the golden file again"
    if platform.machine().lower() not in ("x86_64", "amd64"):
        pytest.skip(f"the stored results are those of x86-64; this is {platform.machine()}")
    if not __cpu_features__["AVX2"]:
        pytest.skip("the stored results are those of AVX2, which this processor does not have")
    got = golden.collect_pinned()
    reason = golden.why_not_here(known, got)
    if reason is not None:
        pytest.skip(reason)
    assert golden.differences(known, got) == []
    assert got["episodes"] == known["episodes"]


def text_of(libraries="MuJoCo 4", kernels="OpenBLAS Haswell"):
    return {"numerics": f"{libraries}; {kernels}"}


def test_other_libraries_are_a_reason_to_skip_and_other_kernels_a_failure():
    known = text_of()
    assert golden.why_not_here(known, text_of()) is None
    assert "here is MuJoCo 5" in golden.why_not_here(known, text_of(libraries="MuJoCo 5"))
    with pytest.raises(AssertionError, match="PINNED does not select"):
        golden.why_not_here(known, text_of(kernels="OpenBLAS SkylakeX"))


def test_differences_name_the_episodes():
    known = {"episodes": {"idfs 0": {"plan": "a"}, "idfs 1": {"plan": "b"}}}
    got = {"episodes": {"idfs 0": {"plan": "c"}, "idfs 1": {"plan": "b"}, "idfs 2": {}}}
    assert golden.differences(known, got) == ["idfs 0", "idfs 2"]
