import subprocess
import sys
from pathlib import Path

import pytest

from namo.results.records import write_record

SCRIPTS = sorted((Path(__file__).parents[2] / "workflow" / "scripts").glob("*.py"))


def run(script, *arguments, cwd):
    command = [sys.executable, str(script), *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True)


def test_there_are_scripts():
    assert {"sequential_ml_collection.py", "show_report.py"} <= {path.name for path in SCRIPTS}


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_every_script_answers_help(script, tmp_path):
    done = run(script, "--help", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "usage:" in done.stdout
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_every_script_refuses_an_unknown_option(script, tmp_path):
    done = run(script, "--no-such-option", cwd=tmp_path)
    assert done.returncode == 2
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("failed", "share", "code"), [(0, 0.0, 0), (1, 0.0, 1), (5, 0.5, 0), (6, 0.5, 1), (10, 1.0, 0)]
)
def test_the_report_fails_only_above_the_share(tmp_path, failed, share, code):
    stats = {"failed_environments": failed, "total_environments": 10}
    write_record(tmp_path / "summary.pkl", {"performance_stats": stats})
    (tmp_path / "report.txt").write_text("the report, ü\n", encoding="utf-8")
    (script,) = [path for path in SCRIPTS if path.name == "show_report.py"]
    done = run(
        *(script, "--summary", "summary.pkl", "--report", "report.txt"),
        *("--max-failed-share", share),
        cwd=tmp_path,
    )
    assert done.returncode == code, done.stderr
    assert "the report, ü" in done.stdout
    assert (f"{failed} of 10 environments failed" in done.stderr) == (code == 1)


def test_the_report_names_a_missing_file_without_a_traceback(tmp_path):
    (script,) = [path for path in SCRIPTS if path.name == "show_report.py"]
    done = run(script, "--summary", "no.pkl", "--report", "no.txt", cwd=tmp_path)
    assert done.returncode != 0
    assert "no.txt" in done.stderr
    assert "Traceback" not in done.stderr
