import json
import shutil
from contextlib import ExitStack
from pathlib import Path

import pyarrow.parquet as pq
import pytest

import namo
from namo.commands.main import main
from namo.errors import BusyError, ResultFileError
from namo.locks import lock_held
from namo.results.merge_collections import merge_collections
from namo.results.parts import LOCK, Part, finished_parts, locked
from namo.results.records import read_record, write_record
from namo.results.tables import MERGED_TABLES
from namo.results.upgrade import Upgraded, upgrade
from namo.results.verify import Verification
from namo.version import SCHEMA_VERSION
from tests.results.former_version import FORMER, with_unknown, write_former
from tests.results.record_format import problems
from tests.walking import SCENES, Folder, copy_scenes

EARLIER = {"episodes_per_env": 2, "smooth": False, "clearance": 0.0}
"""Settings of a collection that earlier versions could have made."""


@pytest.fixture(scope="module")
def present(rig, broken_room, tmp_path_factory):
    """A collection of the present version: a plan, an open goal and a failure. Read only."""
    folder = tmp_path_factory.mktemp("present")
    scenes = rig.copy_rooms(folder / "scenes", (1, 0))
    (scenes / "broken.xml").write_text(broken_room)
    config = rig.config(**EARLIER)
    collection = rig.collect_and_merge(scenes, folder / "out", config)
    assert any(row["solution_depth"] for row in collection.table("metrics"))
    return collection


@pytest.fixture
def former(present, tmp_path):
    return write_former(present.output, tmp_path / "former")


def everything(rig, folder, scenes):
    """What a collection holds, but for where it is and what an upgrade cannot know."""
    collection = rig.opened(folder, scenes)
    summary = collection.summary()
    del summary["collection_metadata"]["folder"], summary["unsolved"]
    return {
        "records": {path.name: read_record(path) | {"models": None} for path in collection.files()},
        **{name: collection.table(name) for name in MERGED_TABLES},
        "summary": summary,
    }


def require_upgraded(rig, folder, present, *, replays=False, version=FORMER):
    expected = with_unknown(everything(rig, present.output, present.scenes), version)
    assert everything(rig, folder, present.scenes) == expected
    verification = Verification(folder, replays)
    assert [str(problem) for problem in verification.problems()] == []
    assert verification.plans == 2 * replays
    assert problems(folder, Path()) == []
    for part in finished_parts(folder):
        assert sorted(path.name for path in part.folder.glob(".*.upgraded")) == []
        for path in part.files()[:-1]:
            assert pq.read_schema(path).metadata[b"schema_version"] == str(SCHEMA_VERSION).encode()


@pytest.mark.parametrize("version", range(FORMER, SCHEMA_VERSION))
def test_an_upgraded_collection_is_the_one_that_this_version_would_have_written(
    rig, present, tmp_path, version
):
    former = write_former(present.output, tmp_path / "former", version)
    assert upgrade(former) == Upgraded(records=3, parts=1, tables=True)
    require_upgraded(rig, former, present, replays=True, version=version)
    assert upgrade(former) == Upgraded(records=0, parts=0, tables=False)


def test_filtered_and_unsolved_episodes_are_upgraded(rig, several, filtered, tmp_path):
    for number, collection in enumerate((several, filtered)):
        folder = write_former(collection.output, tmp_path / str(number))
        upgrade(folder)
        same = with_unknown(everything(rig, collection.output, collection.scenes))
        assert everything(rig, folder, collection.scenes) == same
        assert problems(folder, Path()) == []


def test_the_run_file_keeps_what_ran(former):
    before = json.loads((former / "run.json").read_text())
    upgrade(former)
    after = json.loads((former / "run.json").read_text())
    assert after.pop("versions") == {**before.pop("versions"), "schema": SCHEMA_VERSION}
    assert after == before


@pytest.fixture
def planned(tmp_path, monkeypatch):
    """A function that writes an empty collection over so many tiny scenes, with a plan later."""

    def empty(name, scenes=3):
        if not Path(SCENES).exists():
            copy_scenes(scenes)
        return Folder(Path(name))

    monkeypatch.chdir(tmp_path)
    return empty


def require_same_rows(here, former):
    """Upgrade, and compare the tables and the plan with those of before; return the notes."""
    upgrade(former)
    upgraded = Folder(former)
    for name in ("metrics", "pushes", "scenes"):
        assert upgraded.rows(name) == with_unknown(here.rows(name))
    plans = [json.loads((each / "run.json").read_text())["asked"] for each in (here.output, former)]
    assert plans[0] == plans[1] is not None
    (summary,) = former.glob("collection_summary_*.pkl")
    return read_record(summary)["collection_metadata"]["notes"]


def test_what_the_merge_left_out_stays_out_of_the_tables(rig, planned):
    here, config = planned("out"), rig.config(**EARLIER, seed=1)
    here.collect(rig.config(**EARLIER, seed=2), range(3))
    merged = here.pipeline(config, range(2), 2)
    assert [row["env_index"] for row in here.rows() if row["episode"] == 0] == [0, 1]
    former = write_former(here.output, Path("former"))
    notes = require_same_rows(here, former)
    assert notes == merged.summary["collection_metadata"]["notes"]
    assert "environment 2: collected with other settings" in notes[0]


def test_what_was_collected_after_the_merge_waits_for_the_next_one(rig, planned):
    here, config = planned("out"), rig.config(**EARLIER, seed=1)
    here.by_hand(config, range(2))
    here.collect(config, range(2, 3))
    assert require_same_rows(here, write_former(here.output, Path("former"))) == []


def test_a_list_of_scenes_that_has_changed_since_the_merge_changes_no_row(rig, planned):
    here, config = planned("out"), rig.config(**EARLIER, seed=1)
    here.by_hand(config, range(3))
    former = write_former(here.output, Path("former"))
    shutil.copy(Path(SCENES) / "a.xml", Path(SCENES) / "0.xml")
    assert require_same_rows(here, former) == []


def test_a_merged_collection_keeps_its_environments_and_no_others(rig, planned):
    config = rig.config(**EARLIER, seed=1)
    for name, wanted in (("one", range(2)), ("two", range(2, 3))):
        planned(name, 4).by_hand(config, wanted)
    merge_collections([Path("one"), Path("two")], Path("both"))
    here = planned("both")
    here.collect(rig.config(**EARLIER, seed=2), range(3, 4))
    (note,) = require_same_rows(here, write_former(here.output, Path("former")))
    assert "environment 3: collected with other settings" in note


@pytest.mark.parametrize("asked", [True, False])
def test_an_old_row_never_stands_beside_a_new_record(rig, planned, asked):
    here, config = planned("out"), rig.config(**EARLIER, seed=1)
    here.by_hand(config, range(3))
    former = write_former(here.output, Path("former"))
    if not asked:  # earlier versions wrote none
        run = json.loads((former / "run.json").read_text())
        del run["asked"]
        (former / "run.json").write_text(json.dumps(run))
    Part.of(former, 0, 3).add_replaced(1)
    before = (former / "metrics.parquet").read_bytes()
    with pytest.raises(ResultFileError, match=r"environments? 1\b.* rerun the"):
        upgrade(former)
    assert (former / "metrics.parquet").read_bytes() == before


def test_results_of_an_upgraded_collection_are_not_collected_again(rig, present, former):
    upgrade(former)
    result = rig.collect(present.scenes, former, rig.config(**EARLIER))
    assert (result.resumed, [*result.failed]) == (2, [2]), "failures are tried again"


def test_records_without_an_upgrade_are_collected_again_and_the_command_is_named(
    rig, present, former, capsys
):
    assert rig.collect(present.scenes, former, rig.config(**EARLIER)).resumed == 0
    assert f"`namo upgrade {former}` rewrites the collection" in "".join(capsys.readouterr())


class StoppedError(Exception):
    """In place of a power cut."""


@pytest.mark.slow
def test_an_upgrade_that_was_interrupted_at_any_rename_resumes(rig, present, tmp_path, monkeypatch):
    original, renames = Path.replace, 0

    def replace(path, target):
        nonlocal renames
        if renames == 0:
            raise StoppedError
        renames -= 1
        return original(path, target)

    for number in range(100):
        folder = write_former(present.output, tmp_path / str(number))
        with monkeypatch.context() as patch:
            patch.setattr(Path, "replace", replace)
            renames = number
            try:
                upgrade(folder)
            except StoppedError:
                pass
            else:
                break
        upgrade(folder)
        require_upgraded(rig, folder, present)
        shutil.rmtree(folder)
    assert number > 20


def test_an_unfinished_collection_is_upgraded(rig, present, former):
    (part,) = finished_parts(former)
    part.marker.unlink()
    for path in (*former.glob("*.parquet"), former / "run.json"):
        path.unlink()
    assert upgrade(former) == Upgraded(records=3, parts=0, tables=False)
    result = rig.collect(present.scenes, former, rig.config(**EARLIER))
    assert result.resumed == 2


@pytest.mark.parametrize("change", ["missing", "changed"])
def test_nothing_is_written_when_a_scene_is_gone(rig, present, former, tmp_path, change):
    scenes = tmp_path / "moved"
    shutil.copytree(present.scenes, scenes)
    for path in former.glob("*_results.pkl"):
        record = read_record(path)
        name = Path(record["xml_file"]).name
        write_record(path, {**record, "xml_file": f"moved/{name}"})
    gone = scenes / "01.xml"
    if change == "missing":
        gone.unlink()
    else:
        gone.write_text(gone.read_text() + "\n")
    before = {path.name: path.read_bytes() for path in former.iterdir() if path.is_file()}
    with pytest.raises(ResultFileError, match=r"nothing was rewritten, since 1 of 3 .*01\.xml"):
        upgrade(former, tmp_path)
    after = {path.name: path.read_bytes() for path in former.iterdir() if path.is_file()}
    assert {name: after[name] for name in before} == before


def test_a_scene_that_is_read_otherwise_is_named(former):
    path = next(former.glob("*_env_000000_results.pkl"))
    record = read_record(path)
    info = record["episode_results"][0]["static_object_info"]
    info["wall_1"] = {**info["wall_1"], "half_extents": [9.0, 9.0, 9.0]}
    write_record(path, record)
    with pytest.raises(ResultFileError, match=r"read otherwise .* wall_1; collect again"):
        upgrade(former)


@pytest.mark.parametrize(
    ("version", "advice"), [(3, "collect again"), (SCHEMA_VERSION + 1, "a newer version")]
)
def test_other_versions_are_refused(former, version, advice):
    path = next(former.glob("*_env_000000_results.pkl"))
    write_record(path, {**read_record(path), "schema_version": version})
    with pytest.raises(ResultFileError, match=f"is of schema version {version}; .*{advice}"):
        upgrade(former)


def test_a_damaged_table_of_a_part_is_named(former):
    (part,) = finished_parts(former)
    content = part.table("plans").read_bytes()
    part.table("plans").write_bytes(content[:40] + bytes([content[40] ^ 1]) + content[41:])
    with pytest.raises(ResultFileError, match=r"plans.parquet: checksum mismatch; `rm -r "):
        upgrade(former)
    record = read_record(next(former.glob("*_env_*_results.pkl")))
    assert record["schema_version"] == FORMER, "nothing was rewritten"


def test_tables_staged_for_a_part_that_was_collected_again_are_not_used(
    rig, present, former, monkeypatch
):
    def stop(part, metadata):
        raise StoppedError

    with monkeypatch.context() as patch:
        patch.setattr("namo.results.parts.Part.verify", stop)
        with pytest.raises(StoppedError):
            upgrade(former)
    (part,) = finished_parts(former)
    assert [path.name for path in part.folder.glob(".*.upgraded")] == [".part.json.upgraded"]
    rig.collect(present.scenes, former, rig.config(**EARLIER))
    again = part.metadata()
    upgrade(former)
    assert part.metadata()["began_unix_s"] == again["began_unix_s"]
    assert [str(problem) for problem in Verification(former).problems()] == []


def test_a_part_that_is_being_collected_is_left_alone(former):
    (part,) = finished_parts(former)
    with lock_held(part.folder / LOCK, "x", wait=False), pytest.raises(BusyError):
        upgrade(former)
    assert read_record(next(former.glob("*_env_*_results.pkl")))["schema_version"] == FORMER


@pytest.mark.parametrize("stage", ["records", "parts"])
def test_a_part_that_somebody_begins_to_collect_is_named_and_left_alone(former, stage):
    (part,) = finished_parts(former)
    kept = [part.marker, *(former.glob("*_env_*_results.pkl") if stage == "records" else ())]
    before = [path.read_bytes() for path in kept]
    with ExitStack() as begun:

        def begin(text):
            if text.startswith(stage):
                begun.enter_context(locked(part))

        with pytest.raises(BusyError, match="is collecting environments 000000-000003"):
            upgrade(former, note=begin)
    assert [path.read_bytes() for path in kept] == before
    upgrade(former)
    assert upgrade(former) == Upgraded(records=0, parts=0, tables=False)


@pytest.mark.parametrize("stage", ["records", "parts"])
def test_what_was_collected_again_meanwhile_is_not_rewritten(rig, present, former, stage):
    (part,) = finished_parts(former)
    kept = [part.marker, *former.glob("*_env_*_results.pkl")]
    before = {}

    def collect(text):
        if text.startswith(stage):
            rig.collect(present.scenes, former, rig.config(**EARLIER))
            before.update({path: path.read_bytes() for path in kept})

    done = upgrade(former, note=collect)
    assert done == Upgraded(records=0 if stage == "records" else 3, parts=0, tables=True)
    assert {path: path.read_bytes() for path in kept} == before
    assert [str(problem) for problem in Verification(former).problems()] == []


def test_a_record_without_a_part_is_rewritten(former):
    shutil.rmtree(former / "parts")
    for path in (*former.glob("*.parquet"), former / "run.json"):
        path.unlink()
    assert upgrade(former) == Upgraded(records=3, parts=0, tables=False)
    assert not (former / "parts").exists()


@pytest.mark.parametrize(
    "command",
    [
        ["report", "{former}"],
        ["verify", "{former}"],
        ["merge", "{former}", "{present}", "-o", "{tmp}/all"],
        ["replay", "{record}"],
        ["export", "{former}", "--format", "huggingface", "--output", "{tmp}/hf"],
        ["export", "{former}", "--format", "minari", "--output", "{tmp}/minari"],
        ["export", "{former}", "--format", "masks", "--output", "{tmp}/masks"],
    ],
    ids=lambda command: " ".join(each for each in command[:4] if "{" not in each),
)
def test_commands_name_the_command_that_rewrites(present, former, tmp_path, command, capsys):
    places = {"former": former, "present": present.output, "tmp": tmp_path}
    places["record"] = next(former.glob("*_env_000000_results.pkl"))
    assert main([word.format(**places) for word in command]) == 1
    said = capsys.readouterr().err
    assert f"is of schema version {FORMER}; this version reads {SCHEMA_VERSION}" in said
    assert f"`namo upgrade {former}` rewrites the collection" in said


def test_opening_names_the_command_that_rewrites(former):
    with pytest.raises(ResultFileError, match="namo upgrade"):
        namo.load(former).episodes  # noqa: B018 - reads the table


def test_the_command_rewrites_the_report_too(present, former, capsys):
    (former / "report.html").write_text("old")
    assert main(["upgrade", str(former)]) == 0
    said = capsys.readouterr().out
    assert said.endswith(
        f"{former}: 3 records and 1 part rewritten, now of schema version {SCHEMA_VERSION}\n"
    )
    assert "_episode_0" in (former / "report.html").read_text("utf-8")
    assert main(["upgrade", str(former)]) == 0
    assert "nothing to rewrite" in capsys.readouterr().out
    assert main(["upgrade", str(former / "nowhere")]) == 2


def test_remarks_are_unknown_after_an_upgrade(rig, present, former):
    upgrade(former)
    collection = rig.opened(former, present.scenes)
    assert [row["remarks"] for row in collection.table("scenes")] == [None, None]
    assert [row["remarks"] for row in present.table("scenes")] != [None, None]
    unsolved = collection.summary()["unsolved"]
    assert unsolved["unknown"] == unsolved["environments"]
