"""What a killed test run leaves behind is removed by the next; needs no SLURM."""

import os
import signal
import subprocess
import sys
import time

import psutil
import pytest

from namo.locks import holder_of
from tests.conftest import REPOSITORY
from tests.slurm.cluster import (
    OWNER,
    cluster_folder,
    ends_with_its_parent,
    processes_of,
    remove_leftovers,
)

# A test run with three daemons: the folder is in the command line of one, in the environment of the
# next, and the last listens at a socket in it and has a child.
STEP = """
import socket, subprocess, sys

child = subprocess.Popen(["sleep", "120"])
server = socket.socket(socket.AF_UNIX)
server.bind(sys.stdin.readline().strip())
child.wait()
"""
RUN = """
import os, subprocess, sys, time
from pathlib import Path
from tests.slurm.cluster import cluster_folder

folder, config, step = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
with cluster_folder(folder, config):
    (folder / "slurm.conf").touch()
    sleep = [sys.executable, "-c", "import time; time.sleep(120)"]
    subprocess.Popen([*sleep, str(folder / "daemon.log")], start_new_session=True)
    environment = os.environ | {"SLURM_CONF": str(folder / "slurm.conf")}
    subprocess.Popen(sleep, env=environment, start_new_session=True)
    step = subprocess.Popen(
        [sys.executable, "-c", step], stdin=subprocess.PIPE, text=True, start_new_session=True
    )
    print(folder / "step", file=step.stdin, flush=True)
    while not (folder / "step").exists():
        time.sleep(0.02)
    print("running", flush=True)
    time.sleep(120)
"""


@pytest.fixture
def places(tmp_path):
    """The folder of a cluster, and where SLURM looks for its configuration."""
    return tmp_path / "slurm-run", tmp_path / "etc" / "slurm.conf"


@pytest.fixture
def run(places):
    """A test run at work in the folder."""
    command = [sys.executable, "-c", RUN, *map(str, places), STEP]
    with subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout.readline() == "running\n"
            yield process
        finally:
            process.kill()
            for daemon in processes_of(places[0]):
                daemon.kill()


def daemons(folder, run):
    return [process for process in processes_of(folder) if process.pid != run.pid]


@pytest.mark.slow
def test_a_killed_run_is_cleaned_up_by_the_next(places, run):
    folder, config = places
    left = daemons(folder, run)
    assert len(left) == 4
    run.kill()
    run.wait()
    assert all(process.is_running() for process in left)
    assert config.exists()
    after = folder.with_name("slurm-next")
    with cluster_folder(after, config):
        assert config.readlink() == after / "slurm.conf"
        assert holder_of(after / OWNER)[1]
        assert not folder.exists()
        psutil.wait_procs(left, timeout=20)
        assert not any(process.is_running() for process in left)
    assert not config.is_symlink()


def test_a_run_at_work_is_left_alone(places, run):
    folder, config = places
    remove_leftovers(config)
    assert len(daemons(folder, run)) == 4
    with (
        pytest.raises(RuntimeError, match="a test run uses it"),
        cluster_folder(folder.with_name("slurm-next"), config),
    ):
        pass
    assert config.readlink() == folder / "slurm.conf"


def test_a_slurm_of_others_is_left_alone(places, tmp_path):
    folder, config = places
    config.parent.mkdir()
    config.write_text("ClusterName=theirs\n")
    other = tmp_path / "theirs" / "slurm.conf"
    other.parent.mkdir()
    other.write_text("ClusterName=theirs\n")
    for _ in ("a file", "a link"):
        remove_leftovers(config)
        with (
            pytest.raises(RuntimeError, match="another SLURM is set up here"),
            cluster_folder(folder, config),
        ):
            pass
        assert config.read_text() == "ClusterName=theirs\n"
        config.unlink()
        config.symlink_to(other)
    assert other.exists()


def test_a_link_to_a_folder_that_is_gone_is_replaced(places, tmp_path):
    folder, config = places
    config.parent.mkdir()
    config.symlink_to(tmp_path / "gone" / "slurm.conf")
    with cluster_folder(folder, config):
        assert config.readlink() == folder / "slurm.conf"


# Starts a daemon, says which process it is, and is killed.
PARENT = """
import os, signal, subprocess, sys
daemon = subprocess.Popen(sys.argv[1:], start_new_session=True, stdout=subprocess.DEVNULL)
print(daemon.pid, flush=True)
sys.stdin.readline()
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.slow
@pytest.mark.parametrize("user", [None, "nobody"])
def test_a_daemon_ends_with_its_parent_whichever_user_it_runs_as(user):
    if user is not None and os.geteuid() != 0:
        pytest.skip("changing the user needs root")
    prefix = ends_with_its_parent(user)
    if user == "nobody":  # its group has another name on some systems
        prefix = [word.replace("--regid=nobody", "--regid=65534") for word in prefix]
    command = [sys.executable, "-c", PARENT, *prefix, "sleep", "120"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as parent:
        daemon = psutil.Process(int(parent.stdout.readline()))
        patience = time.monotonic() + 60
        while daemon.name() != "sleep":  # until the request is made
            assert time.monotonic() < patience
            time.sleep(0.02)
        parent.stdin.write("\n")
        parent.stdin.flush()
        assert parent.wait() == -signal.SIGKILL
    psutil.wait_procs([daemon], timeout=20)
    assert not daemon.is_running()
