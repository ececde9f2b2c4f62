"""A set of scenes whose generation loses power is the same when the same command is run again."""

from dataclasses import replace

import pytest

from namo.certification.candidates import make_chunk
from namo.certification.selection import select
from tests.crash.crashing import Run, try_power_cuts


@pytest.mark.slow
def test_a_set_of_scenes_after_a_power_cut(small, tmp_path):
    settings = replace(small, certify=False, count=2)
    output = tmp_path / "root" / "scenes"
    output.parent.mkdir()

    def act():
        chunks = [make_chunk(settings, range(start, start + 2), output) for start in (0, 2)]
        select(settings, chunks, output)

    def look():
        files = (path for path in sorted(output.rglob("*")) if path.is_file())
        return {str(path.relative_to(output)): path.read_bytes() for path in files}

    try_power_cuts(Run(output.parent, act, look))
