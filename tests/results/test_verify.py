import json
import re
import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely

from namo.commands.main import main
from namo.errors import BusyError, ResultFileError
from namo.reporting.report import write_report
from namo.results import parts, verify
from namo.results.assemble import assemble
from namo.results.collection import Collection
from namo.results.records import file_entry, read_record, write_record
from namo.results.room import room_of_plans
from namo.results.schema import FILES, PLANS, SCENE_FILES
from namo.results.tables import write_table
from namo.results.verify import MANIFEST, REPLACED, Verification, schedule_recollection
from namo.world.push import PushStatus
from tests.collecting import SOURCE
from tests.collecting import Collection as Collected
from tests.walking import SCENES, Folder, copy_scenes


@pytest.fixture(scope="module")
def whole(rig, tmp_path_factory):
    """Three rooms collected in one chunk, and merged. Read only."""
    return rig.collect_rooms(tmp_path_factory.mktemp("whole"), (0, 1, 6))


@pytest.fixture
def copy(rig, whole, tmp_path):
    """A copy of it, to damage."""
    shutil.copytree(whole.output, tmp_path / "out")
    return rig.opened(tmp_path / "out", whole.scenes)


def problems(folder, **options):
    return [*Verification(folder, **options).problems()]


def the_problem(folder, **options):
    (only,) = problems(folder, **options)
    return only


def test_the_marker_of_a_part_is_read_once(whole, monkeypatch):
    read = []
    marker_of = parts.read_marker
    monkeypatch.setattr(parts, "read_marker", lambda *args: read.append(1) or marker_of(*args))
    assert problems(whole.output) == []
    assert len(read) == len(parts.finished_parts(whole.output)) > 0


def test_an_intact_collection_has_no_problems_and_is_checked_completely(whole):
    verification = Verification(whole.output)
    assert [*verification.problems()] == []
    assert verification.environments == 3
    assert verification.files == pq.read_metadata(whole.output / MANIFEST).num_rows
    solved = [
        episode
        for record in whole.records()
        for episode in record["episode_results"]
        if episode["action_sequence"]
    ]
    assert verification.plans == len(solved) > 0


def test_a_collection_with_failures_is_intact(collected):
    assert problems(collected.output, run_from=collected.scenes.parent) == []


@pytest.mark.parametrize("size", [0, 100, -1])
def test_a_truncated_file_is_named_with_its_environment(copy, size):
    path = copy.output / "host_env_000001_results.pkl"
    path.write_bytes(path.read_bytes()[:size])
    problem = the_problem(copy.output)
    assert (problem.path, problem.environment) == (path.name, 1)
    assert "bytes" in problem.text


def test_a_flipped_bit_is_found(copy):
    path = copy.output / "host_env_000002_results.pkl"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    problem = the_problem(copy.output)
    assert (problem.path, problem.environment) == (path.name, 2)
    assert "checksum mismatch" in problem.text


def test_missing_and_unlisted_files_are_named(copy):
    (copy.output / "host_env_000000_results.pkl").rename(
        copy.output / "other_env_000000_results.pkl"
    )
    found = {
        (each.path, each.environment, each.text.partition(":")[0]) for each in problems(copy.output)
    }
    assert found == {
        ("host_env_000000_results.pkl", 0, "is missing"),
        ("other_env_000000_results.pkl", None, f"is not listed in {MANIFEST}"),
    }


@pytest.mark.parametrize("name", ["metrics.parquet", "pushes.parquet", "run.json"])
def test_damage_to_a_table_of_the_collection_needs_no_environment(copy, name):
    (copy.output / name).write_bytes(b"nothing of ours")
    problem = the_problem(copy.output)
    assert (problem.path, problem.environment) == (name, None)


def test_damage_to_a_part_is_named(copy):
    (copy.output / "parts/000000-000003/pushes.parquet").write_bytes(b"nothing of ours")
    problem = the_problem(copy.output)
    assert (problem.path, problem.environment) == ("parts/000000-000003/part.json", 0)


def rewritten(copy, index, change):
    """Change a record so that only its content is wrong, and update the manifest."""
    path = copy.output / f"host_env_{index:06d}_results.pkl"
    record = read_record(path)
    change(record)
    write_record(path, record)
    rows = pq.read_table(copy.output / MANIFEST).to_pylist()
    for number, row in enumerate(rows):
        if row["path"] == path.name:
            rows[number] = file_entry(path, copy.output, row["rows"])
    write_table(copy.output / MANIFEST, FILES, [pa.Table.from_pylist(rows, FILES)])


def first_plan(record):
    return next(each for each in record["episode_results"] if each["action_sequence"])


def with_a_plan(copy):
    return next(
        record["env_index"]
        for record in copy.records()
        if any(each["action_sequence"] for each in record["episode_results"])
    )


def test_a_diverged_replay_is_named(copy):
    index = with_a_plan(copy)

    def change(record):
        first_plan(record)["post_action_state_observations"][0]["robot_pose"][0] += 1e-12

    rewritten(copy, index, change)
    episode = f"host_env_{index:06d}_episode_0"
    compared, replayed = problems(copy.output)
    assert compared.environment == replayed.environment == index
    assert f"{episode}: row 0 of plans: poses_after differs" in compared.text
    assert f"{episode}: state after push 1" in replayed.text
    assert problems(copy.output, replays=False) == [compared]


def rewrite_plans(copy, change):
    """Change the rows of the plans table, and list the table again."""
    path = copy.output / "plans.parquet"
    rows = pq.read_table(path).to_pylist()
    change(rows)
    write_table(path, PLANS, [pa.Table.from_pylist(rows, PLANS)])
    relisted(copy, path)


def another(value):
    """Another value that is allowed in the same column."""
    if value in list(PushStatus):
        return next(status.value for status in PushStatus if status != value)
    if isinstance(value, list):
        return [another(value[0]), *value[1:]] if value else ["another"]
    return f"{value}x" if isinstance(value, str) else (value or 0) + 1


@pytest.mark.parametrize("name", [name for name in PLANS.names if name != "env_index"])
def test_a_row_of_plans_that_is_not_that_of_its_record_is_named(copy, name):
    def change(rows):
        rows[0][name] = another(rows[0][name])

    rewrite_plans(copy, change)
    found, index = problems(copy.output, replays=False), with_a_plan(copy)
    (text,) = {problem.text for problem in found if problem.environment == index}
    assert re.search(rf"episode_0, push 1 of its plan: {name} is .*, in plans.parquet ", text)


def test_a_missing_row_of_plans_is_named(copy):
    rewrite_plans(copy, lambda rows: rows.pop())
    texts = [problem.text for problem in problems(copy.output, replays=False)]
    assert any(re.fullmatch("has 1 rows of plans, plans.parquet 0", text) for text in texts)


def column_and_row(copy, index, name, change):
    """Change a value of the first push of a plan alike in the record and in the plans table."""
    values = []

    def rewrite_row(rows):
        row = next(row for row in rows if row["env_index"] == index)
        row[name] = change(row[name])
        values.append(row[name])

    def rewrite(record):
        (record["plans"][name][0],) = values

    rewrite_plans(copy, rewrite_row)
    rewritten(copy, index, rewrite)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("step", "step is 1; expected 0"),
        ("found_step", "found_step is 1; expected 0"),
        ("search_push", "search_push differs"),
        ("object_id", "object_id is .*; expected "),
        ("contact", "contact is .*; expected "),
        ("travel", "travel is .*; expected "),
        *((f"goal_{axis}", rf"goal_{axis} is .*; expected ") for axis in ("x", "y", "theta")),
        *((f"result_{axis}", rf"result_{axis} is .*; expected ") for axis in ("x", "y", "theta")),
        ("status", "status is .*; expected "),
        ("contacts", "contacts is .*; expected "),
        ("physics_steps", "physics_steps is .*; expected "),
        ("poses_before", "poses_before is .*; expected "),
        ("poses_after", "poses_after is .*; expected "),
        ("moved", "motion differs"),
        ("robot", "motion differs"),
        ("poses", "motion differs"),
    ],
)
def test_a_row_of_plans_that_contradicts_its_plan_or_search_is_named(copy, name, said):
    index = with_a_plan(copy)
    change = (lambda number: number + 1000) if name == "search_push" else another
    column_and_row(copy, index, name, change)
    texts = [each.text for each in problems(copy.output, replays=False)]
    assert any(re.search(f"row 0 of plans: {said}", text) for text in texts), texts


@pytest.mark.parametrize("name", ["physics_steps", "status"])
def test_an_outcome_that_the_search_does_not_hold_is_replayed(copy, name):
    index = with_a_plan(copy)
    column_and_row(copy, index, "search_push", lambda number: None)
    column_and_row(copy, index, name, another)
    assert problems(copy.output, replays=False) == []
    problem = the_problem(copy.output)
    assert re.search("push 1 ends as .* physics steps; stored: ", problem.text)


def test_a_plan_that_claims_to_be_minimal_and_can_be_shorter_is_named(several, tmp_path, capsys):
    shutil.copytree(several.output, tmp_path / "out")
    found = Collected(tmp_path / "out", several.scenes)
    assert main(["verify", str(found.output), "--minimal"]) == 0, "these plans claim nothing"
    (note,) = re.findall(r"note: ([0-9]+) plans that are not said to be minimal", said(capsys))
    assert int(note) > 0

    def claim(record):
        for episode in record["episode_results"]:
            episode["minimal"] = episode["solution_found"] or None

    for index in (0, 1):
        rewritten(found, index, claim)
    assert main(["verify", str(found.output)]) == 0
    assert main(["verify", str(found.output), "--minimal"]) == 1
    shorter = re.findall(
        r"_episode_[0-9]: plan of ([0-9]) pushes is not minimal: the goal opens with push(?:es)? "
        r"([0-9, ]+) alone",
        said(capsys),
    )
    assert len(shorter) == int(note)
    for length, kept in shorter:
        assert 0 < len(kept.split(", ")) < int(length)


def said(capsys):
    """What a command has printed since the last call."""
    return capsys.readouterr().out


def without_stored_scenes(copy):
    """Leave the table of scene files without rows, as an upgrade may, and list it."""
    path = copy.output / "scene_files.parquet"
    write_table(path, SCENE_FILES, [])
    relisted(copy, path, rows=0)


def test_a_scene_that_changed_or_is_gone_is_replayed_as_it_is_stored(copy, whole, tmp_path):
    index = with_a_plan(copy)
    scene = tmp_path / "scene.xml"
    original = copy.record(index)["xml_file"]
    scene.write_text((whole.scenes / original).read_text() + "<!-- -->\n")
    rewritten(copy, index, lambda record: record.update(xml_file=str(scene)))
    for change, said in ((lambda: None, "changed since"), (scene.unlink, "is missing")):
        change()
        verification = Verification(copy.output)
        assert [*verification.problems()] == []
        assert f"{scene}: {said}" in verification.notes[-1]
    without_stored_scenes(copy)
    problem = the_problem(copy.output)
    assert f"cannot be replayed: {scene}: is missing, and {copy.output} does not" in problem.text
    before = {path.name for path in copy.output.rglob("*")}
    assert schedule_recollection(copy.output, [problem]) == [], "the collection is not damaged"
    assert {path.name for path in copy.output.rglob("*")} - before <= {".run.lock"}


def test_a_stored_scene_that_is_not_what_its_hash_says_is_named(copy):
    path = copy.output / "scene_files.parquet"
    table = pq.read_table(path)
    texts = [f"{text}\n" for text in table["xml"].to_pylist()]
    write_table(path, SCENE_FILES, [table.set_column(1, table.schema.field(1), pa.array(texts))])
    relisted(copy, path)
    found = problems(copy.output)
    assert {problem.path for problem in found} == {path.name}
    assert "has another hash" in found[0].text


def test_row_counts_that_differ_from_the_tables_are_named(copy):
    rewritten(copy, 1, lambda record: record["metrics"].append(record["metrics"][0]))
    problem = the_problem(copy.output)
    assert problem.environment == 1
    assert problem.text == "has 2 rows of metrics, metrics.parquet 1"


@pytest.mark.parametrize("path", ["../secret", "/etc/passwd", "a/../../b"])
def test_a_path_that_leaves_the_collection_is_not_followed(copy, path):
    rows = pq.read_table(copy.output / MANIFEST).to_pylist()
    rows.append({"path": path, "bytes": 1, "sha256": "0", "rows": None})
    write_table(copy.output / MANIFEST, FILES, [pa.Table.from_pylist(rows, FILES)])
    problem = the_problem(copy.output)
    assert problem.path == path
    assert "leads out of the collection" in problem.text


@pytest.mark.parametrize("damage", ["missing", "nothing", "schema"])
def test_without_a_manifest_there_is_nothing_to_verify_against(copy, damage):
    path = copy.output / MANIFEST
    if damage == "missing":
        path.unlink()
    elif damage == "nothing":
        path.write_bytes(b"nothing of ours")
    else:
        shutil.copy(copy.output / "metrics.parquet", path)
    with pytest.raises(ResultFileError, match=MANIFEST):
        problems(copy.output)


def test_scheduled_recollection_repairs_the_collection_and_keeps_the_originals(rig, copy, whole):
    path = copy.output / "host_env_000001_results.pkl"
    path.write_bytes(path.read_bytes()[:-1])
    damaged = path.read_bytes()
    assert schedule_recollection(copy.output, problems(copy.output)) == [1]
    assert (copy.output / REPLACED / path.name).read_bytes() == damaged
    assert not (copy.output / "metrics.parquet").exists()
    result = rig.collect(whole.scenes, copy.output, rig.config())
    assert result.resumed == 2
    assemble(copy.output, "host", *SOURCE)
    assert problems(copy.output) == []
    assert copy.content() == whole.content()


def files_of(folder):
    """Content of all files of a collection but locks, by their paths."""
    return {
        path: path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and not path.name.endswith(".lock")
    }


@pytest.mark.parametrize("damage", ["cut off", "missing"])
@pytest.mark.parametrize("merged", [True, False])
def test_what_was_repaired_since_it_was_checked_is_left_alone(rig, copy, whole, damage, merged):
    path = copy.output / "host_env_000001_results.pkl"
    path.write_bytes(path.read_bytes()[:-1])
    if damage == "missing":
        path.unlink()
    found = problems(copy.output)
    rig.collect(whole.scenes, copy.output, rig.config())
    if merged:
        assemble(copy.output, "host", *SOURCE)
    before = files_of(copy.output)
    assert schedule_recollection(copy.output, found) == []
    assert files_of(copy.output) == before


def test_a_part_that_was_collected_again_since_its_damage_was_found_is_left_alone(rig, copy, whole):
    (part,) = parts.finished_parts(copy.output)
    part.table("pushes").write_bytes(b"")
    found = [each for each in problems(copy.output) if each.path.endswith("part.json")]
    rig.collect(whole.scenes, copy.output, rig.config())
    assert schedule_recollection(copy.output, found) == []
    assert part.is_finished


def test_a_table_that_was_merged_since_it_was_checked_is_kept(copy):
    (copy.output / "pushes.parquet").write_bytes(b"")
    found = problems(copy.output)
    assemble(copy.output, "host", *SOURCE)
    assert schedule_recollection(copy.output, found) == []
    assert problems(copy.output) == []


def test_an_environment_of_two_parts_is_marked_in_both(rig, copy, whole):
    rig.collect(whole.scenes, copy.output, rig.config(), (1, 2))
    both = parts.finished_parts(copy.output)
    (copy.output / "host_env_000001_results.pkl").unlink()
    assert schedule_recollection(copy.output, problems(copy.output)) == [1]
    assert [part.is_finished for part in both] == [False, False]


def test_a_record_without_a_part_is_moved_too(copy):
    path = copy.output / "host_env_000001_results.pkl"
    path.write_bytes(path.read_bytes()[:-1])
    shutil.rmtree(copy.output / parts.PARTS)
    found = [each for each in problems(copy.output) if each.path == path.name]
    assert schedule_recollection(copy.output, found) == [1]
    assert (copy.output / REPLACED / path.name).exists()


def test_a_part_that_somebody_begins_to_collect_is_named_and_left_alone(copy, monkeypatch):
    path = copy.output / "host_env_000001_results.pkl"
    path.write_bytes(path.read_bytes()[:-1])
    found, before = problems(copy.output), files_of(copy.output)
    monkeypatch.setattr("namo.results.verify.require_idle", lambda part: None)  # not yet begun
    (part,) = parts.finished_parts(copy.output)
    busy = pytest.raises(BusyError, match="is collecting environments 000000-000003")
    with parts.locked(part), busy:
        schedule_recollection(copy.output, found)
    assert files_of(copy.output) == before


@pytest.mark.parametrize("damaged", [False, True], ids=["alone", "beside a table"])
def test_the_command_names_what_was_collected_again_meanwhile(copy, monkeypatch, capsys, damaged):
    path = copy.output / "host_env_000001_results.pkl"
    whole = path.read_bytes()
    path.write_bytes(whole[:-1])
    if damaged:
        (copy.output / "pushes.parquet").write_bytes(b"")
    schedule = verify.schedule_recollection

    def repaired_before(folder, found):
        path.write_bytes(whole)
        return schedule(folder, found)

    monkeypatch.setattr(verify, "schedule_recollection", repaired_before)
    assert main(["verify", str(copy.output), "--recollect"]) == 1
    said = capsys.readouterr().out
    assert "collected again meanwhile and left as they are: environments 1\n" in said
    assert ("done: rerun the same command" in said) == damaged
    assert ("nothing is left to repair" in said) != damaged
    assert path.read_bytes() == whole


def test_a_damaged_table_is_repaired_by_assembling_alone(rig, copy, whole):
    (copy.output / "pushes.parquet").write_bytes(b"")
    assert schedule_recollection(copy.output, problems(copy.output)) == []
    assert not (copy.output / REPLACED).exists()
    assemble(copy.output, "host", *SOURCE)
    assert problems(copy.output) == []


@pytest.fixture
def asked(rig, tmp_path, monkeypatch):
    """Three tiny environments, collected as they were asked for."""
    monkeypatch.chdir(tmp_path)
    copy_scenes(3)
    here = Folder(Path("out"))
    here.by_hand(rig.config(seed=1), range(3))
    assert problems(here.output) == []
    return here


def rewrite_run(here, change):
    """Change what was asked for, and list the run file again."""
    path = here.output / "run.json"
    run = json.loads(path.read_text())
    change(run["asked"])
    path.write_text(json.dumps(run))
    relisted(here, path)


def relisted(here, path, **changes):
    rows = pq.read_table(here.output / MANIFEST).to_pylist()
    for number, row in enumerate(rows):
        if row["path"] == path.name:
            rows[number] = {**file_entry(path, here.output, row["rows"]), **changes}
    write_table(here.output / MANIFEST, FILES, [pa.Table.from_pylist(rows, FILES)])


def test_rows_of_other_settings_are_named_and_collected_again(rig, asked):
    rewrite_run(asked, lambda plan: plan["settings"].update(seed=2))
    found = problems(asked.output)
    assert [problem.environment for problem in found] == [0, 1, 2]
    assert "environment 0 (scenes/a.xml): collected with other settings" in found[0].text
    assert schedule_recollection(asked.output, found) == [0, 1, 2]
    asked.by_hand(rig.config(seed=2), range(3))
    unlisted = problems(asked.output)
    assert unlisted == []


def test_rows_are_compared_although_a_record_is_damaged_and_another_is_not_listed(asked):
    path = asked.output / "host_env_000001_results.pkl"
    path.write_bytes(path.read_bytes()[:-1])
    shutil.copy(path, asked.output / "host_env_000009_results.pkl")
    shutil.copy(path, asked.output / "stray_results.pkl")
    rewrite_run(asked, lambda plan: plan["settings"].update(seed=2))
    found = [(problem.path, problem.environment) for problem in problems(asked.output)]
    assert found == [
        ("host_env_000001_results.pkl", 1),
        ("host_env_000009_results.pkl", None),
        ("stray_results.pkl", None),
        *(("metrics.parquet", number) for number in range(3)),
    ]


def test_a_table_of_another_schema_is_one_problem_and_the_rest_is_read(asked):
    path = asked.output / "scenes.parquet"
    pq.write_table(pq.read_table(path).drop_columns(["goal"]), path)
    relisted(asked, path)
    found = problems(asked.output)
    assert [problem.path for problem in found] == ["scenes.parquet"]


def test_rows_of_scenes_that_are_not_listed_are_named(asked):
    (Path(SCENES) / "a.xml").unlink()
    texts = [problem.text for problem in problems(asked.output)]
    assert texts == [
        "environment 0 (scenes/a.xml): another scene is listed in its place",
        "environment 1 (scenes/b.xml): another scene is listed in its place",
        "environment 2 (scenes/c.xml): its scene is not listed",
    ]


def test_a_scene_file_that_changed_is_noted_without_a_plan_to_replay(asked):
    (Path(SCENES) / "b.xml").write_text("changed")
    verification = Verification(asked.output, replays=False)
    assert [*verification.problems()] == []
    (note,) = verification.notes
    assert note.endswith("have changed since these environments were collected: 1")


def test_environments_that_were_asked_for_and_are_not_there_are_named(asked):
    rewrite_run(asked, lambda plan: plan.update(end=5))
    (problem,) = problems(asked.output)
    assert problem.text == "has no rows of environments that were asked for: 3, 4"


def test_a_list_that_cannot_be_read_is_noted(asked, tmp_path, monkeypatch):
    monkeypatch.chdir("/")
    verification = Verification(tmp_path / "out")
    assert [*verification.problems()] == []
    (note,) = verification.notes
    assert "scenes cannot be read from /: rows not compared" in note
    assert "--run-from DIR" in note
    there = Verification(tmp_path / "out", run_from=tmp_path)
    assert [*there.problems()] == []
    assert there.notes == []


def test_a_collection_that_does_not_say_what_was_asked_for_is_noted(whole):
    verification = Verification(whole.output)
    assert [*verification.problems()] == []
    assert verification.notes == [
        "run.json does not say what was asked for: rows not compared with it"
    ]


@pytest.mark.parametrize(
    ("section", "key"),
    [
        ("performance_stats", "total_episodes"),
        ("performance_stats", "successful_episodes"),
        ("performance_stats", "physics_steps"),
        ("filtering_stats", "episodes_filtered_out"),
    ],
)
def test_sums_that_do_not_add_up_are_named(asked, section, key):
    path = asked.output / "collection_summary_host.pkl"
    summary = read_record(path)
    summary[section][key] += 1
    write_record(path, summary)
    relisted(asked, path)
    found = [problem for problem in problems(asked.output) if problem.path == path.name]
    (problem,) = found
    assert f"{section}['{key}'] is {summary[section][key]}; expected" in problem.text


def test_a_summary_text_with_other_numbers_is_named(asked):
    path = asked.output / "summary_host.txt"
    text, row = path.read_text(), "episodes" + " " * 16
    assert f"{row}3" in text
    path.write_text(text.replace(f"{row}3", f"{row}4"))
    relisted(asked, path)
    (problem,) = problems(asked.output)
    assert problem.path == path.name
    assert "differs from the numbers in collection_summary_host.pkl" in problem.text


def test_a_report_with_other_numbers_is_named(asked, capsys):
    path = write_report(asked.output)
    assert main(["verify", str(asked.output)]) == 0
    path.write_text(path.read_text().replace("<dd>3</dd>", "<dd>4</dd>"))
    capsys.readouterr()
    assert main(["verify", str(asked.output)]) == 1
    assert "report.html: differs from the tables; `namo report out` makes it again" in (
        capsys.readouterr().out
    )


def test_the_command_says_how_many_plans_leave_room(whole, capsys):
    assert main(["verify", str(whole.output), "--no-replay", "--clearance", "0"]) == 0
    plans = room_of_plans(Collection(whole.output), 0.0).plans
    out = capsys.readouterr().out
    assert f"clearance 0 cm: {plans} of {plans} plan" in out
    assert out.endswith(" (100 %); collected with 1 cm\n")
    assert main(["verify", str(whole.output), "--clearance", "-1"]) == 2
    assert "--clearance is -1.0; allowed: 0 to 1 (m)" in capsys.readouterr().err


def test_a_report_that_other_libraries_drew_is_not_compared(asked, capsys):
    path = write_report(asked.output)
    content = path.read_text().replace("<dd>3</dd>", "<dd>4</dd>")
    path.write_text(content.replace(f"GEOS {shapely.geos_version_string}", "GEOS 3.0.0"))
    assert main(["verify", str(asked.output)]) == 0
    assert re.search(
        "note: report.html: drawn by .*GEOS 3.0.0, so not compared", capsys.readouterr().out
    )


def test_the_command_prints_problems_and_advice(copy, whole, capsys):
    assert main(["verify", str(whole.output)]) == 0
    assert "3 environments read" in (out := capsys.readouterr().out)
    assert "no problems found" in out
    (copy.output / "host_env_000002_results.pkl").unlink()
    assert main(["verify", str(copy.output), "--no-replay"]) == 1
    out = capsys.readouterr().out
    assert "host_env_000002_results.pkl: is missing" in out
    assert "to collect again: 2" in out
    assert "--recollect" in out
    assert main(["verify", str(copy.output), "--recollect"]) == 1
    assert "rerun the same command to collect them again" in capsys.readouterr().out
    assert not (copy.output / "metrics.parquet").exists()
    assert main(["verify", str(copy.output / "nowhere")]) == 2
    assert "no such folder" in capsys.readouterr().err
