import os
import subprocess
import sys
from pathlib import Path

import pytest

from namo.errors import UsageError
from namo.pipeline.jobs import (
    HIDING,
    UNLESS_REFUSED,
    forget_refusals,
    hide_output,
    image_for,
    log_redirection,
    run_jobs_with_this_python,
    with_this_package,
)


def run(command, log, *, show):
    """Run a job's command the way Snakemake does: strict bash, the log's path filled in."""
    shell = f"set -euo pipefail; {UNLESS_REFUSED}{command} {log_redirection(show=show)}"
    return subprocess.run(
        ["bash", "-c", shell.replace("{log:q}", str(log))], capture_output=True, text=True
    )


@pytest.mark.parametrize("show", [True, False])
def test_both_streams_are_kept_and_shown_only_if_asked(tmp_path, show):
    log = tmp_path / "job.log"
    done = run("(echo one; echo two >&2)", log, show=show)
    assert done.returncode == 0
    assert done.stdout == ("one\ntwo\n" if show else "")
    assert done.stderr == ""
    assert log.read_text() == "one\ntwo\n"


@pytest.mark.parametrize("show", [True, False])
def test_a_failed_job_is_shown_and_fails(tmp_path, show):
    log = tmp_path / "job.log"
    done = run("(seq 30; echo reason >&2; exit 3)", log, show=show)
    assert done.returncode == 3
    shown = done.stdout if show else done.stderr
    assert shown.endswith("30\nreason\n")
    assert len(shown.splitlines()) == (31 if show else 20)
    assert (done.stderr if show else done.stdout) == ""


@pytest.mark.parametrize("number", [1, 2, 10, 15])
def test_a_job_that_was_asked_to_end_is_not_shown(tmp_path, number):
    done = run(f"(echo interrupted; exit {128 + number})", tmp_path / "job.log", show=False)
    assert (done.returncode, done.stdout, done.stderr) == (128 + number, "", "")
    killed = run("(echo before; exit 137)", tmp_path / "job.log", show=False)
    assert (killed.returncode, killed.stderr.splitlines()[-1]) == (137, "before")


@pytest.mark.parametrize("hide", [True, False])
def test_the_same_command_shows_its_lines_or_not(tmp_path, monkeypatch, hide):
    monkeypatch.delenv(HIDING, raising=False)
    hide_output(hide=hide)
    done = run("echo one", tmp_path / "job.log", show=None)
    assert (done.returncode, done.stdout) == (0, "" if hide else "one\n")
    failed = run("(echo two; exit 3)", tmp_path / "job.log", show=None)
    assert failed.returncode == 3
    assert (failed.stderr if hide else failed.stdout).endswith("two\n")
    assert (tmp_path / "job.log").read_text() == "one\ntwo\n"


def test_the_output_of_all_tries_is_kept_beside_that_of_the_last(tmp_path):
    log = tmp_path / "job.log"
    run("echo first", log, show=False)
    log.write_text("")  # as Snakemake does before each try
    run("echo second", log, show=False)
    assert log.read_text() == "second\n"
    assert Path(f"{log}.all").read_text() == "first\nsecond\n"


@pytest.mark.parametrize("show", [True, False])
def test_a_job_that_refuses_its_input_runs_once(tmp_path, show):
    log = tmp_path / "job.log"
    command = f"(echo ran >> {tmp_path / 'runs'}; echo reason; exit 2)"
    for _ in range(3):
        log.unlink(missing_ok=True)  # as Snakemake does before each try
        done = run(command, log, show=show)
        assert done.returncode == 2
        assert done.stdout + done.stderr == log.read_text() == "reason\n"
    assert (tmp_path / "runs").read_text() == "ran\n"
    forget_refusals([str(log)])
    assert run("echo repaired", log, show=show).returncode == 0
    assert Path(f"{log}.all").read_text() == "reason\nrepaired\n"


@pytest.mark.parametrize("code", [1, 137])
def test_a_job_that_fails_otherwise_is_tried_again(tmp_path, code):
    log = tmp_path / "job.log"
    for _ in range(2):
        assert run(f"(echo ran >> {tmp_path / 'runs'}; exit {code})", log, show=True).returncode
    assert (tmp_path / "runs").read_text() == "ran\nran\n"


def test_the_log_gets_the_last_words_of_a_job_that_a_signal_ends(tmp_path):
    log = tmp_path / "job.log"
    script = (
        "import signal, sys, time\n"
        "def end(*_):\n"
        "    time.sleep(0.2); print('last words', flush=True); sys.exit(5)\n"
        "signal.signal(signal.SIGTERM, end)\n"
        "import os; os.killpg(0, signal.SIGTERM)\n"
        "time.sleep(30)\n"
    )
    (tmp_path / "job.py").write_text(script)
    # The shell around the job gets the signal too, and goes on like Snakemake's.
    shell = f"trap '' TERM; {sys.executable} {tmp_path / 'job.py'} {log_redirection(show=False)}"
    subprocess.run(
        ["bash", "-c", shell.replace("{log:q}", str(log))], start_new_session=True, check=False
    )
    assert log.read_text() == "last words\n"


def test_jobs_find_this_python_first(monkeypatch):
    monkeypatch.setenv("PATH", "/usr/bin")
    run_jobs_with_this_python()
    assert os.environ["PATH"].split(os.pathsep) == [str(Path(sys.executable).parent), "/usr/bin"]


def test_a_prefix_lets_a_job_import_this_package_and_nothing_beside_it(tmp_path):
    prefix = with_this_package(tmp_path / "a folder")
    assert with_this_package(tmp_path / "a folder") == prefix, "an existing link is kept"
    (link,) = (tmp_path / "a folder").iterdir()
    done = subprocess.run(
        ["bash", "-c", f"{prefix} '{sys.executable}' -c 'import namo; print(namo.__path__[0])'"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.stdout.strip() == str(link), done.stderr


def test_a_link_to_another_package_is_replaced(tmp_path):
    (tmp_path / "namo").symlink_to(tmp_path)
    with_this_package(tmp_path)
    assert (tmp_path / "namo" / "pipeline" / "jobs.py").is_file()


def test_a_failed_command_after_the_prefix_ends_the_job(tmp_path):
    script = f"{with_this_package(tmp_path)} false | true; echo reached"
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (1, "")


def test_an_image_counts_only_with_apptainer_which_needs_one():
    assert image_for("namo.sif", apptainer=False) is None
    assert image_for("namo.sif", apptainer=True) == "namo.sif"
    with pytest.raises(UsageError, match=r"container is null.*--config container=namo\.sif"):
        image_for(None, apptainer=True)
