import subprocess
import sys

# In a process of its own, as workers are forked from one with a single thread.
MEASURED = """
import sys
from pathlib import Path
from namo.results.records import read_environment
from namo.tuning import simulated_load

simulated_load.WORKERS, simulated_load.SEARCH_S = 5, 0.01
record, scene, folder = map(Path, sys.argv[1:])
before = record.read_bytes()
print(simulated_load.hand_out_s(read_environment(record), scene, folder))
print(simulated_load.write_s(read_environment(record), folder))
print(simulated_load.read_s(record))
assert record.read_bytes() == before
"""


def test_handing_out_and_writing_take_a_positive_time_and_leave_nothing(collected, tmp_path):
    record, scene = collected.files()[0], next(iter(sorted(collected.scenes.glob("*.xml"))))
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, str(record), str(scene), str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    times_s = [*map(float, done.stdout.split())]
    assert len(times_s) == 3
    assert all(0.0 < each < 60.0 for each in times_s)
    assert [*tmp_path.iterdir()] == []
