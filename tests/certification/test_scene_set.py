import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

import psutil
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from namo.certification.scene_set import make_scenes
from namo.errors import NamoError, UsageError


def make(settings, folder, jobs=1):
    lines = []
    return make_scenes(settings, folder, jobs, lines.append), lines


def test_a_second_call_repeats_no_chunk(small, tmp_path):
    fast = replace(small, certify=False)
    report, lines = make(fast, tmp_path)
    assert len(lines) == len(fast.first_chunks())
    assert make(fast, tmp_path) == (report, [])


def test_more_candidates_are_drawn_if_the_first_do_not_fill_the_quotas(small, tmp_path):
    _, lines = make(replace(small, certify=False, candidates=1), tmp_path)
    assert len(lines) > 1
    assert len(list(tmp_path.glob("scene_*.xml"))) == 6


def test_a_foreign_set_is_left_alone(small, tmp_path):
    (tmp_path / "mine.xml").write_text("mine")
    pq.write_table(pa.table({"file": ["../a.xml", "mine.xml"]}), tmp_path / "scenes.parquet")
    with pytest.raises(UsageError, match="was not made by the generator; choose another folder"):
        make(small, tmp_path)
    (tmp_path / "scenes.parquet").write_text("no table")
    with pytest.raises(UsageError, match="not a Parquet file"):
        make(small, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine.xml", "scenes.parquet"]


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"options": {"banana": "1"}}, "options is .* unrecognized attribute: 'banana'"),
        ({"options": {"timestep": "-1"}}, "options is .* timestep"),
        ({"families": {"template": 1.0}, "templates": "/nowhere"}, "/nowhere: no such folder"),
    ],
)
def test_invalid_settings_are_refused_before_anything_is_written(small, tmp_path, values, said):
    with pytest.raises(UsageError, match=said):
        make(replace(small, **values), tmp_path / "set")
    assert not (tmp_path / "set").exists()


def test_unfilled_quotas_are_explained_by_the_rejections(small, tmp_path):
    narrow = replace(small, certify=False, door_width_m=(5.0, 5.0), max_candidates=8)
    with pytest.raises(NamoError, match=r"8 because no layout: a wall of .* no place for its door"):
        make(narrow, tmp_path)


@pytest.mark.slow
def test_workers_exit_with_their_parent(small, tmp_path):
    code = (
        "import sys; from namo.commands.main import main;"
        "sys.exit(main(['scenes', 'generate', '--no-certify', '--count', '4000', '--jobs', '2',"
        f"'--output', {str(tmp_path)!r}]))"
    )
    script = tmp_path / "run.py"
    script.write_text(f"if __name__ == '__main__':\n    {code}\n")
    parent = subprocess.Popen([sys.executable, script], stdout=subprocess.DEVNULL)
    workers = []
    deadline = time.monotonic() + 60
    while len(list(tmp_path.glob("candidates/*.journal"))) < 2 and time.monotonic() < deadline:
        workers = psutil.Process(parent.pid).children(recursive=True)
        time.sleep(0.05)
    workers = psutil.Process(parent.pid).children(recursive=True)
    assert len(workers) >= 2
    os.kill(parent.pid, signal.SIGKILL)
    parent.wait()
    _, alive = psutil.wait_procs(workers, timeout=20)
    assert not alive
