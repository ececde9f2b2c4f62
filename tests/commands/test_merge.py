import re
import subprocess
import sys
from pathlib import Path

import pytest

from namo.commands.main import main
from tests.conftest import room_file

COLLECTOR = Path(__file__).resolve().parents[2] / "workflow/scripts/sequential_ml_collection.py"


@pytest.fixture(scope="module")
def hosts(tmp_path_factory):
    """Two collections of one room each, from hosts a and b. Read only."""
    folder = tmp_path_factory.mktemp("hosts")
    (folder / "list.txt").write_text(f"{room_file(0)}\n{room_file(1)}\n")
    for place, host in enumerate("ab"):
        subprocess.run(
            [
                *(sys.executable, COLLECTOR, "--manifest", folder / "list.txt"),
                *("--output-dir", folder / host, "--hostname", host),
                *("--start-idx", str(place), "--end-idx", str(place + 1), "--max-pushes", "5"),
            ],
            check=True,
            capture_output=True,
        )
    return folder / "a", folder / "b"


def test_two_hosts_are_merged_and_the_result_verifies(hosts, tmp_path, capsys):
    assert main(["merge", *map(str, hosts), "-o", str(tmp_path / "all")]) == 0
    said = capsys.readouterr().out
    assert "environments            2 in 2 processes" in said
    for host in hosts:
        assert f"1 environment from {host}" in said
    assert "more than one" not in said
    assert (tmp_path / "all" / "summary_merged.txt").exists()
    assert "2 episodes" in (tmp_path / "all" / "report.html").read_text("utf-8")
    assert main(["verify", str(tmp_path / "all")]) == 0
    assert main(["status", str(tmp_path / "all")]) == 0
    assert "2 of 2 environments done" in capsys.readouterr().out


def test_environments_in_both_are_counted(hosts, tmp_path, capsys):
    main(["merge", *map(str, hosts), "-o", str(tmp_path / "all"), "--link", "--hostname", "x"])
    capsys.readouterr()
    assert main(["merge", str(hosts[1]), str(tmp_path / "all"), "-o", str(tmp_path / "c")]) == 0
    assert re.search("1 environment was in more than one", capsys.readouterr().out)


def test_conflicts_end_with_1_and_wrong_usage_with_2(hosts, tmp_path, capsys):
    assert main(["merge", str(hosts[0]), "-o", str(tmp_path / "all")]) == 2
    (tmp_path / "empty").mkdir()
    folders = [str(hosts[0]), str(tmp_path / "empty")]
    assert main(["merge", *folders, "-o", str(tmp_path / "all")]) == 1
    assert "namo merge: " in capsys.readouterr().err
