"""A SLURM cluster of one node on this machine, for the duration of a test run.

Controller, node daemon and munge are children of this process and end with it. What a killed run
leaves behind (daemons, folder, link to the configuration) is removed by the next one. Needs root;
the packages are those of `install.sh`. No cgroups, so it works in containers: memory is counted and
not enforced, and so are GPUs, which need not exist.
"""

from __future__ import annotations

import os
import pwd
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import psutil

from namo.locks import holder_of, lock_held

SYSTEM_CONFIG = Path("/etc/slurm/slurm.conf")
"""The job step's own `srun` looks here: the plugin drops SLURM_CONF from its environment."""

OWNER = "owner.lock"
"""File in the folder of a cluster that its test run locks."""

PORT = 16717
CPUS = 2
MEMORY_MB = 8000
GPUS = 1
LONGEST_MIN = 30

CONFIG = """
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={port}
SlurmdPort={node_port}
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge/socket
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmdParameters=config_overrides
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SchedulerParameters=batch_sched_delay=0,sched_interval=1
EnforcePartLimits=ALL
MinJobAge=600
KillWait=10
ReturnToService=2
MailProg=/bin/true
MpiDefault=none
GresTypes=gpu
AccountingStorageType=accounting_storage/none
NodeName={host} NodeAddr=127.0.0.1 CPUs={cpus} RealMemory={memory} Gres=gpu:{gpus} State=UNKNOWN
PartitionName=main Nodes={host} Default=YES MaxTime={longest} State=UP
"""


@contextmanager
def single_node_cluster(folder: Path) -> Iterator[None]:
    """Run a cluster in a folder until the block ends.

    Raises:
        RuntimeError: SLURM is set up here already, or the cluster of another test run is running.
    """
    with cluster_folder(folder, SYSTEM_CONFIG) as running:
        _write_config(folder)
        munge = folder / "munge"
        command = [
            *("munged", "--foreground", f"--key-file={munge / 'key'}"),
            *(f"--socket={munge / 'socket'}", f"--pid-file={munge / 'pid'}"),
            *(f"--seed-file={munge / 'seed'}", f"--log-file={munge / 'log'}"),
        ]
        running.enter_context(_daemon(command, folder, user="munge"))
        _wait_for(["munge", "-n", "-S", str(munge / "socket")], "")
        running.enter_context(_daemon(["slurmctld", "-D", "-i"], folder))
        _wait_for(["scontrol", "ping"], "is UP")
        running.enter_context(_daemon(["slurmd", "-D"], folder))
        _wait_for(["sinfo", "--noheader", "--format=%T"], "idle")
        running.callback(_cancel_all)
        yield


@contextmanager
def cluster_folder(folder: Path, config: Path) -> Iterator[ExitStack]:
    """Own a cluster's folder, and the link from the system's configuration into it.

    Args:
        folder: of the cluster.
        config: where SLURM looks for its configuration; a link as long as the block runs.

    Yields:
        What is ended with the block, before the link is removed.

    Raises:
        RuntimeError: another configuration is there.
    """
    remove_leftovers(config)
    if config.exists():
        raise RuntimeError(f"{config} exists: another SLURM is set up here, or a test run uses it")
    config.parent.mkdir(parents=True, exist_ok=True)
    config.unlink(missing_ok=True)  # a link to nothing
    with lock_held(folder / OWNER, "which runs a test cluster", wait=False), ExitStack() as running:
        config.symlink_to(folder / "slurm.conf")
        running.callback(config.unlink)
        yield running


def remove_leftovers(config: Path) -> None:
    """Remove daemons, folder and link of a test run that was killed; leave anything else alone.

    The owner of a folder holds a lock in it, which ends with its process.
    """
    if not config.is_symlink():
        return
    folder = config.readlink().parent
    owner = folder / OWNER
    if not owner.exists() or holder_of(owner)[1]:
        return
    processes = processes_of(folder)
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(processes, timeout=20)
    shutil.rmtree(folder)
    config.unlink()


def processes_of(folder: Path) -> list[psutil.Process]:
    """Return the processes of a cluster, this one aside, and what they started.

    Daemons have its folder in their command line or environment. A job step hides both, and listens
    at a socket in the folder.
    """
    found: dict[int, psutil.Process] = {}
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.pid == os.getpid():
                continue
            words = [*process.cmdline(), *process.environ().values()]
            words += [str(socket.laddr) for socket in process.net_connections("unix")]
            if any(str(folder) in word for word in words):
                family = (process, *process.children(recursive=True))
                found |= {member.pid: member for member in family}
    return list(found.values())


def _write_config(folder: Path) -> None:
    for name in ("state", "spool", "munge"):
        (folder / name).mkdir()
    text = CONFIG.format(
        folder=folder,
        host=socket.gethostname().partition(".")[0],
        port=PORT,
        node_port=PORT + 1,
        cpus=CPUS,
        memory=MEMORY_MB,
        gpus=GPUS,
        longest=LONGEST_MIN,
    )
    (folder / "slurm.conf").write_text(text)
    old = re.search(r" (\d+)\.", _output(["slurmd", "-V"]))
    assert old is not None
    # Without cgroups: a plugin that does nothing, or one that is there and not asked.
    plugin = "disabled" if int(old.group(1)) >= 24 else "cgroup/v1"
    (folder / "cgroup.conf").write_text(f"CgroupPlugin={plugin}\n")
    # A GPU counts when a file stands for it.
    (folder / "gpu").touch()
    (folder / "gres.conf").write_text(f"Name=gpu File={folder / 'gpu'}\n")
    (folder / "munge" / "key").write_bytes(os.urandom(1024))
    (folder / "munge" / "key").chmod(0o400)
    user = pwd.getpwnam("munge")
    for path in (folder / "munge", folder / "munge" / "key"):
        os.chown(path, user.pw_uid, user.pw_gid)


@contextmanager
def _daemon(command: Sequence[str], folder: Path, user: str | None = None) -> Iterator[None]:
    """Run a daemon in the foreground until the block ends, or this process."""
    with (
        (folder / f"{command[0]}.log").open("wb") as log,
        subprocess.Popen(
            [*ends_with_its_parent(user), *command],
            # The other files of the configuration are looked for beside this one.
            env={**os.environ, "SLURM_CONF": str(folder / "slurm.conf")},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        ) as process,
    ):
        try:
            yield
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()


def ends_with_its_parent(user: str | None) -> list[str]:
    """Return what is put before a command so that it is killed when its parent dies.

    Changing the user clears that request, so one `setpriv` does both, in the right order.
    """
    changed = [] if user is None else [f"--reuid={user}", f"--regid={user}", "--clear-groups"]
    return ["setpriv", *changed, "--pdeathsig=KILL"]


def _wait_for(command: Sequence[str], said: str, seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode == 0 and said in done.stdout:
            return
        time.sleep(0.2)
    raise RuntimeError(f"{' '.join(command)}: {done.stdout}{done.stderr}")


def _cancel_all() -> None:
    """End all jobs while the daemons are there to do it."""
    subprocess.run(["scancel", "--full", "--partition=main"], check=True)
    end = time.monotonic() + 30
    while _output(["squeue", "--noheader"]).strip() and time.monotonic() < end:
        time.sleep(0.2)


def jobs(states: str = "RUNNING") -> list[str]:
    """Return the ids of the jobs in these states."""
    return _output(["squeue", "--noheader", "--format=%i", f"--states={states}"]).split()


def _output(command: Sequence[str]) -> str:
    return subprocess.run(command, capture_output=True, check=True, text=True).stdout
