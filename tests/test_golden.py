import json

import pytest

from namo.numerics import numerics
from namo.version import RESULTS_VERSION
from tests import golden


def test_results_are_what_they_were_to_the_last_bit():
    known = json.loads(golden.FILE.read_text())
    assert known["results_version"] == RESULTS_VERSION, "write the golden file again"
    if numerics() != known["numerics"]:
        pytest.skip(f"the bits are those of {known['numerics']}; here is {numerics()}")
    assert golden.collect()["episodes"] == known["episodes"]
