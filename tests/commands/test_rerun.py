import json
import shlex
import shutil

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from namo.commands.main import main
from namo.results.records import read_record
from namo.scenes.writing import write_scene
from tests.conftest import room_file


@pytest.fixture(scope="module")
def collected(rooms, tmp_path_factory):
    """Four environments: two open goals, one cut off, one broken. Read only."""
    folder = tmp_path_factory.mktemp("collected")
    (folder / "scenes").mkdir()
    for number in (0, 2):
        shutil.copy(room_file(0), folder / "scenes" / f"{number}.xml")
    write_scene(rooms.sealed(rooms.box(-1.0, 0.9)), folder / "scenes" / "1.xml")
    (folder / "scenes" / "3.xml").write_text("<mujoco/>")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        code = main(
            [
                *("collect", "--xml-dir", "scenes", "--output-dir", "out", "--hostname", "h"),
                *("--start-idx", "0", "--end-idx", "-1", "--seed", "3", "--max-pushes", "2"),
                "--quiet",
            ]
        )
    assert code == 1
    return folder


@pytest.fixture
def here(collected, tmp_path, monkeypatch):
    """A copy of the collection and its scenes, to change; it is the working directory."""
    folder = tmp_path / "here"
    shutil.copytree(collected, folder)
    plan = folder / "out" / ".plan.json"
    plan.write_text(json.dumps(json.loads(plan.read_text()) | {"run_from": str(folder)}))
    monkeypatch.chdir(folder)
    return folder


def content(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_environments_are_collected_beside_the_collection_with_its_settings(here, capsys):
    before = content(here / "out")
    assert main(["rerun", "out", "0", "2", "1"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines == [
        "000000: same as stored",
        "000001: same as stored",
        "000002: same as stored",
        "out_rerun/report.html",
    ]
    assert content(here / "out") == before
    assert len([*(here / "out_rerun").glob("h_env_*")]) == 3
    record, stored = (
        read_record(here / folder / "h_env_000001_results.pkl") for folder in ("out_rerun", "out")
    )
    assert record["pushes"] == stored["pushes"]
    assert record["metrics"][0]["seed"] == 3


def test_it_runs_where_the_collection_was_run_and_collects_where_it_is_told(
    here, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    assert main(["rerun", "here/out", "2", "--output", "look"]) == 0
    assert capsys.readouterr().out == "000002: same as stored\nlook/report.html\n"
    assert read_record(tmp_path / "look" / "h_env_000002_results.pkl")["xml_file"] == "scenes/2.xml"
    shutil.move(here, tmp_path / "moved")
    assert main(["rerun", "moved/out", "2", "--output", "new", "--run-from", "moved"]) == 0


def test_a_scene_that_changed_is_read_as_it_is_now(here, capsys):
    shutil.copy(here / "scenes" / "1.xml", here / "scenes" / "0.xml")
    assert main(["rerun", "out", "0"]) == 0
    assert "000000: its scene file has changed" in capsys.readouterr().out


def test_a_scene_whose_file_is_gone_is_taken_from_the_collection(here, capsys):
    shutil.rmtree(here / "scenes")
    assert main(["rerun", "out", "1"]) == 0
    assert capsys.readouterr().out.startswith("000001: same as stored\n")
    assert (here / "out_rerun" / "scenes" / "h_env_000001.xml").is_file()


def test_nothing_is_replaced_where_scene_files_are_gone_or_others_changed(here, capsys):
    before = content(here / "out")
    shutil.copy(room_file(7), here / "scenes" / "0.xml")
    assert main(["redo", "out", "1", "2"]) == 1
    said = "out: scenes/0.xml (environment 0) changed; name changed ones too to collect them again"
    assert said in capsys.readouterr().err
    shutil.rmtree(here / "scenes")
    assert main(["redo", "out", "1", "2"]) == 2
    assert "out: scenes cannot be read from" in capsys.readouterr().err
    path = here / "out" / "run.json"
    merged = json.loads(path.read_text()) | {"asked": None}  # from collections with several lists
    path.write_text(json.dumps(merged))
    assert main(["redo", "out", "1"]) == 1
    assert "scenes/0.xml is missing, scenes/1.xml is missing" in capsys.readouterr().err
    path.write_bytes(before[path])
    assert content(here / "out") == before


def test_a_failure_fails_again(here, capsys):
    assert main(["rerun", "out", "3"]) == 1
    assert "000003: same as stored" in capsys.readouterr().out


def test_the_long_command_is_printed_and_does_the_same(here, capsys):
    assert main(["rerun", "out", "1", "--print"]) == 0
    place, command = capsys.readouterr().out.splitlines()
    assert place == f"cd {here}"
    _, *arguments = shlex.split(command)
    assert arguments == [
        *("-m", "namo", "collect", "--output-dir", "out_rerun", "--xml-dir", "scenes"),
        *("--hostname", "h", "--max-pushes", "2", "--seed", "3"),
        *("--start-idx", "1", "--end-idx", "2"),
    ]
    assert not (here / "out_rerun").exists()
    assert main(arguments[2:]) == 0
    record, stored = (
        read_record(here / folder / "h_env_000001_results.pkl") for folder in ("out_rerun", "out")
    )
    assert record["pushes"] == stored["pushes"]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["out", "1", "7", "4"], 2, "out: holds no environment 4, 7"),
        (["no", "1"], 2, "no: no such folder"),
        (["scenes", "1"], 1, "scenes/run.json: is missing; is the collection finished?"),
    ],
)
def test_what_is_not_there_is_named(here, capsys, arguments, code, said):
    assert main(["rerun", *arguments]) == code
    assert f"error: {said}" in capsys.readouterr().err
    assert not (here / "out_rerun").exists()


def test_failed_environments_are_collected_in_place(here, capsys):
    shutil.copy(room_file(0), here / "scenes" / "3.xml")
    before = content(here / "out")
    assert main(["redo", "out", "--failed"]) == 0
    assert capsys.readouterr().out == (
        "000003: goal reachable from the start\nout: merged again; originals are in replaced/\n"
    )
    name = "h_env_000003_results.pkl"
    assert (here / "out" / "replaced" / name).read_bytes() == before[here / "out" / name]
    assert read_record(here / "out" / name)["success"]
    for number in (0, 1, 2):
        path = here / "out" / f"h_env_00000{number}_results.pkl"
        assert path.read_bytes() == before[path]
    command = json.loads((here / "out" / "run.json").read_text())["command"]
    assert command == json.loads(before[here / "out" / "run.json"])["command"]
    assert main(["verify", "out", "--no-replay"]) == 0
    assert main(["redo", "out", "--failed"]) == 0
    assert "out: no environment failed" in capsys.readouterr().out


def test_an_unsolved_environment_is_redone_from_elsewhere(here, tmp_path, monkeypatch, capsys):
    write_again = here / "scenes" / "1.xml"
    shutil.copy(room_file(0), write_again)
    monkeypatch.chdir(tmp_path)
    assert main(["redo", "here/out", "1"]) == 0
    assert capsys.readouterr().out.startswith("000001: goal reachable from the start\n")
    record = read_record(here / "out" / "h_env_000001_results.pkl")
    assert record["xml_file"] == "scenes/1.xml"
    assert main(["verify", "here/out", "--run-from", "here"]) == 0


def test_marked_environments_are_collected_by_the_next_run(here, capsys):
    assert main(["redo", "out", "1", "--mark-only"]) == 0
    assert "1 environment marked: rerun the command" in capsys.readouterr().out
    assert not (here / "out" / "h_env_000001_results.pkl").exists()
    assert not (here / "out" / "metrics.parquet").exists()
    assert main(["redo", "out", "1"]) == 0, "what was marked, or interrupted, is completed"
    assert (here / "out" / "h_env_000001_results.pkl").exists()
    assert main(["verify", "out", "--no-replay"]) == 0


def test_what_a_manifest_measured_stays_with_the_environments_that_are_kept(here):
    rows = {"file": ["scenes/0.xml", "scenes/1.xml"], "opening_share": [0.25, 0.5]}
    pq.write_table(pa.table(rows), "list.parquet")
    listed = ["--manifest", "list.parquet", "--output-dir", "listed", "--hostname", "h", "--quiet"]
    assert (
        main(["collect", *listed, "--start-idx", "0", "--end-idx", "2", "--max-pushes", "2"]) == 0
    )
    kept = here / "listed" / "h_env_000001_results.pkl"
    before = kept.read_bytes()
    assert main(["redo", "listed", "0"]) == 0
    assert kept.read_bytes() == before
    assert [path.name for path in (here / "listed" / "replaced").iterdir()] == [
        "h_env_000000_results.pkl"
    ]
    fractions = pq.read_table("listed/metrics.parquet")["opening_fraction"].to_pylist()
    assert fractions == [0.25, 0.5]


def test_a_merge_for_which_nothing_is_there_leaves_the_tables_alone(here, capsys):
    where = ["--xml-dir", "scenes", "--output-dir", "few", "--hostname", "h", "--quiet"]
    first = ["--start-idx", "0", "--end-idx", "2", "--max-pushes", "2"]
    assert main(["collect", *where, *first]) == 0
    before = content(here / "few")
    others = ["--start-idx", "2", "--end-idx", "3", "--seed", "99"]
    assert main(["collect", *where, *others, "--merge-only"]) == 1
    assert "few: nothing in it belongs to what is asked for: parts/000000-000002" in (
        capsys.readouterr().err
    )
    tables = {path: text for path, text in before.items() if path.suffix == ".parquet"}
    assert {path: path.read_bytes() for path in tables} == tables


def test_merged_collections_are_redone_too(here, capsys):
    shutil.copytree(here / "out", here / "copy")
    assert main(["merge", "out", "copy", "-o", "all"]) == 0
    merged = json.loads((here / "all" / "run.json").read_text())
    for asked in (merged["asked"], None):  # with one list of scenes, and with several
        (here / "all" / "run.json").write_text(json.dumps(merged | {"asked": asked}))
        assert main(["redo", "all", "0"]) == 0
        assert main(["rerun", "all", "0"]) == 0
        assert json.loads((here / "all" / "run.json").read_text())["asked"] == asked
        assert main(["verify", "all", "--no-replay"]) == 0
        (summary,) = (here / "all").glob("summary_*.txt")
        assert "note" not in summary.read_text()
    assert main(["rerun", "all", "0", "--print"]) == 2
    assert "all: names no list of scenes" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["out"], 2, "name environments by their numbers, or all that failed with --failed"),
        (["out", "1", "--failed"], 2, "name environments by their numbers"),
        (["out", "1", "4"], 2, "out: holds no environment 4"),
    ],
)
def test_nothing_is_marked_where_the_command_is_wrong(here, capsys, arguments, code, said):
    before = content(here / "out")
    assert main(["redo", *arguments]) == code
    assert f"error: {said}" in capsys.readouterr().err
    assert content(here / "out") == before


def test_another_version_is_refused(here, capsys):
    path = here / "out" / "run.json"
    run = json.loads(path.read_text())
    run["versions"]["mujoco"] = "3.9.9"
    path.write_text(json.dumps(run))
    assert main(["redo", "out", "1"]) == 1
    assert "was collected with version 3.9.9 of mujoco, this is " in capsys.readouterr().err
    assert (here / "out" / "metrics.parquet").exists()
