import os
import re
import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from namo.collection import collect_environment as environments
from namo.collection.status import status_of
from namo.commands.main import main
from namo.errors import BusyError, ConflictError, ResultFileError, UsageError
from namo.locks import lock_held
from namo.results.assemble import assemble
from namo.results.merge_collections import merge_collections
from namo.results.parts import Part, finished_parts, write_part
from namo.results.records import read_record
from namo.results.schema import FILES
from namo.results.subset import filter_collection
from namo.results.tables import MERGED_TABLES
from namo.results.verify import Verification
from tests.collecting import SOURCE
from tests.walking import Folder

ROOMS = (0, 1, 6, 8, 11)


@pytest.fixture(scope="module")
def scenes(rig, tmp_path_factory):
    return rig.copy_rooms(tmp_path_factory.mktemp("scenes"), ROOMS)


@pytest.fixture(scope="module")
def collect(rig, scenes, tmp_path_factory):
    """Collects a range of the scenes as a collection of its own."""

    def collect(bounds, scenes=scenes, **settings):
        output = tmp_path_factory.mktemp("source") / "out"
        rig.collect(scenes, output, rig.config(**settings), bounds)
        assemble(output, "host", *SOURCE)
        return output

    return collect


@pytest.fixture(scope="module")
def halves(collect):
    """Two collections of neighbouring ranges. Read only."""
    return [collect((0, 2)), collect((2, 5))]


def problems(folder):
    verification = Verification(folder)
    return [str(problem) for problem in verification.problems()], verification.plans


def test_two_ranges_merge_into_the_collection_of_both(rig, scenes, collect, halves, tmp_path):
    combined = merge_collections(halves, tmp_path / "all")
    assert combined.taken == {halves[0]: 2, halves[1]: 3}
    assert combined.shared == 0
    assert combined.missing == []
    at_once = rig.opened(collect((0, 5)), scenes).content()
    assert rig.opened(tmp_path / "all", scenes).content() == at_once
    found, plans = problems(tmp_path / "all")
    assert found == []
    assert plans > 0
    assert status_of(tmp_path / "all").done == 5


def test_nothing_else_is_written_and_the_sources_are_unchanged(halves, tmp_path):
    before = [{path: path.stat().st_mtime_ns for path in half.rglob("*")} for half in halves]
    merge_collections(halves, tmp_path / "all")
    assert [path.name for path in tmp_path.iterdir()] == ["all"]
    assert [{path: path.stat().st_mtime_ns for path in half.rglob("*")} for half in halves] == (
        before
    )


def test_listed_environments_that_are_in_none_are_named(collect, tmp_path, capsys):
    parts = [str(collect((1, 2))), str(collect((3, 4)))]
    assert main(["merge", *parts, "-o", str(tmp_path / "all")]) == 0
    said = "in none of them: environments 000000-000001, 000002-000003\n"
    assert said in capsys.readouterr().out


def test_environments_of_both_are_taken_from_the_first(rig, scenes, collect, halves, tmp_path):
    first = collect((1, 4))
    combined = merge_collections([first, *halves], tmp_path / "all")
    assert combined.taken == {first: 3, halves[0]: 1, halves[1]: 1}
    assert combined.shared == 3
    content = rig.opened(tmp_path / "all", scenes).content()
    assert content == rig.opened(collect((0, 5)), scenes).content()
    assert problems(tmp_path / "all")[0] == []


def test_environments_that_failed_in_the_first_are_taken_from_the_second(
    rig, scenes, collect, halves, tmp_path, monkeypatch
):
    run = environments.run_episode

    def fail_once(world, planner, config, index, *rest):
        if index == 1:
            raise RuntimeError("a bad day")
        return run(world, planner, config, index, *rest)

    monkeypatch.setattr(environments, "run_episode", fail_once)
    first = collect((0, 5))
    monkeypatch.undo()
    combined = merge_collections([first, halves[0]], tmp_path / "all")
    assert combined.taken == {first: 4, halves[0]: 1}
    content = rig.opened(tmp_path / "all", scenes).content()
    assert content == rig.opened(collect((0, 5)), scenes).content()
    assert combined.merged.summary["performance_stats"]["failed_environments"] == 0


def test_costs_of_a_split_part_are_counted_once(collect, models, tmp_path):
    settings = {**models, "max_pushes": 5, "algorithm": "idfs"}
    middle, whole = collect((1, 2), **settings), collect((0, 3), **settings)
    merged = merge_collections([middle, whole], tmp_path / "all").merged
    assert [part.start for part in finished_parts(tmp_path / "all")] == [0, 1, 2]
    models = merged.summary["model_stats"]["models"]
    assert [use["loads"] for use in models] == [2, 2]
    records = [read_record(path) for path in sorted((tmp_path / "all").glob("*_results.pkl"))]
    calls = sum(row["inference_calls"] for record in records for row in record["metrics"])
    assert sum(use["calls"] for use in models) == calls > 0
    duration = merged.summary["collection_metadata"]["total_duration_seconds"]
    assert duration == pytest.approx(sum(record["processing_time"] for record in records))


def test_a_merged_collection_can_be_merged_again(rig, scenes, collect, halves, tmp_path):
    merge_collections([collect((1, 2)), collect((0, 4))], tmp_path / "once")
    merge_collections([tmp_path / "once", halves[1]], tmp_path / "twice")
    content = rig.opened(tmp_path / "twice", scenes).content()
    assert content == rig.opened(collect((0, 5)), scenes).content()


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"seed": 7}, "seed is 0 in .* and 7 in "),
        ({"max_pushes": 3}, "max_pushes is 60 in .* 3 in"),
    ],
)
def test_different_settings_are_named_and_rejected(collect, halves, tmp_path, settings, named):
    other = collect((2, 3), **settings)
    with pytest.raises(ConflictError, match=named) as caught:
        merge_collections([halves[0], other], tmp_path / "all")
    assert str(other) in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_a_device_without_a_model_on_it_does_not_matter(collect, halves, tmp_path):
    other = collect((4, 5), ml_device="cpu")
    assert merge_collections([halves[0], other], tmp_path / "all").taken[other] == 1


def test_different_models_are_named_and_rejected(collect, models, tmp_path):
    few = {"max_pushes": 2}
    models = dict(models)
    with_models = collect((0, 1), **models, **few)
    object_model = {**models, "ml_goal_model": None, "goal_strategy": "random"}
    without = collect((1, 2), **object_model, **few)
    with pytest.raises(ConflictError, match=r"goal model is '\w{64}' in .* and None in "):
        merge_collections([with_models, without], tmp_path / "all")


def test_different_scenes_under_one_number_are_named_and_rejected(rig, collect, halves, tmp_path):
    others = rig.copy_rooms(tmp_path / "other", (0, 3))
    other = collect((0, 2), scenes=others)
    with pytest.raises(ConflictError, match=r"not the same scenes: environment 1 is .*01\.xml in "):
        merge_collections([halves[0], other], tmp_path / "all")


def test_a_damaged_file_stops_the_merge_and_leaves_nothing(halves, tmp_path):
    copy = shutil.copytree(halves[1], tmp_path / "copy")
    path = next(copy.glob("*_env_000003_results.pkl"))
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(ResultFileError, match=re.escape(f"{path}: checksum mismatch")):
        merge_collections([halves[0], copy], tmp_path / "all")
    assert [each.name for each in tmp_path.iterdir()] == ["copy"]


def test_a_list_of_files_that_leads_out_of_a_collection_is_not_followed(halves, tmp_path):
    copy = shutil.copytree(halves[1], tmp_path / "copy")
    (part,) = finished_parts(copy)
    rows = pq.read_table(part.table("files")).to_pylist()
    rows[0]["path"] = "../secret"
    tables = {name: [pq.read_table(part.table(name))] for name in MERGED_TABLES}
    tables["files"] = [pa.Table.from_pylist(rows, FILES)]
    write_part(part, tables, part.metadata())
    with pytest.raises(ResultFileError, match=r"'\.\./secret', which leads out of the collection"):
        merge_collections([halves[0], copy], tmp_path / "all")


def test_an_unfinished_collection_is_rejected(rig, scenes, halves, tmp_path):
    rig.collect(scenes, tmp_path / "part", rig.config(), (2, 5))
    with pytest.raises(ResultFileError, match=r"run\.json: is missing"):
        merge_collections([halves[0], tmp_path / "part"], tmp_path / "all")


@pytest.mark.parametrize("content", ["", "[]", "{}"])
def test_a_damaged_run_file_is_named(halves, tmp_path, content):
    copy = shutil.copytree(halves[1], tmp_path / "copy")
    (copy / "run.json").write_text(content)
    with pytest.raises(ResultFileError, match=r"copy/run\.json: "):
        merge_collections([halves[0], copy], tmp_path / "all")


def test_one_collection_or_one_twice_is_rejected(halves, tmp_path):
    for folders in (halves[:1], [halves[0], halves[0]]):
        with pytest.raises(UsageError, match="two collections or more, each once"):
            merge_collections(folders, tmp_path / "all")


def test_a_non_empty_output_is_rejected(halves, tmp_path):
    (tmp_path / "something").touch()
    with pytest.raises(UsageError, match="already exists"):
        merge_collections(halves, tmp_path)


def test_links_share_the_files_of_environments(halves, tmp_path):
    merge_collections(halves, tmp_path / "all", link=True)
    for half in halves:
        for path in half.glob("*_results.pkl"):
            assert (tmp_path / "all" / path.name).samefile(path)


def test_a_link_out_of_a_collection_is_not_copied(halves, tmp_path):
    copy = shutil.copytree(halves[1], tmp_path / "copy")
    path = next(copy.glob("*_env_000003_results.pkl"))
    path.rename(tmp_path / "secret")
    path.symlink_to(tmp_path / "secret")
    for link in (False, True):
        with pytest.raises(ResultFileError, match=r"a symbolic link to .*secret, which leads out"):
            merge_collections([halves[0], copy], tmp_path / "all", link=link)
    assert not (tmp_path / "all").exists()


def test_a_link_within_a_collection_is_named(halves, tmp_path):
    copy = shutil.copytree(halves[1], tmp_path / "copy")
    path = next(copy.glob("*_env_000003_results.pkl"))
    path.rename(copy / "kept")
    path.symlink_to("kept")
    with pytest.raises(ResultFileError, match=r"000003_results\.pkl: is missing or not a regular"):
        merge_collections([halves[0], copy], tmp_path / "all")


class Killed(BaseException):
    """What no handler in the house catches."""


def test_everything_is_flushed_before_the_collection_gets_its_name(halves, tmp_path, monkeypatch):
    flushed, real = set(), os.open
    names = {}

    def opened(path, *rest, **options):
        descriptor = real(path, *rest, **options)
        names[descriptor] = os.path.realpath(path)
        return descriptor

    def flush(descriptor):
        flushed.add(names.get(descriptor))

    rename = type(tmp_path).rename

    def renamed(path, target):
        there = {str(each) for each in (path, *path.rglob("*"))}
        assert there <= flushed
        assert (path / "metrics.parquet").exists(), "it is complete by then"
        return rename(path, target)

    monkeypatch.setattr(os, "open", opened)
    monkeypatch.setattr(os, "fsync", flush)
    monkeypatch.setattr(type(tmp_path), "rename", renamed)
    merge_collections(halves, tmp_path / "all")
    assert str(tmp_path) in flushed, "and so is its name"


@pytest.mark.parametrize("place", ["assemble", "sync_tree", "write_part"])
def test_a_killed_merge_leaves_no_collection_and_resumes(halves, tmp_path, monkeypatch, place):
    def kill(*_, **__):
        raise Killed

    monkeypatch.setattr(f"namo.results.merge_collections.{place}", kill)
    with pytest.raises(Killed):
        merge_collections(halves, tmp_path / "all")
    assert not (tmp_path / "all").exists()
    staged = {
        path.name: path.stat().st_mtime_ns for path in (tmp_path / ".all.partial").glob("*_env_*")
    }
    assert staged
    monkeypatch.undo()
    merge_collections(halves, tmp_path / "all")
    made = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "all").glob("*_env_*")}
    assert staged.items() <= made.items(), "what was copied is not copied again"
    assert len(made) == 5
    assert problems(tmp_path / "all")[0] == []


def test_only_what_the_tables_hold_is_merged(rig, scenes, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shutil.copytree(scenes, tmp_path / "scenes")
    first, second = Folder(Path("first")), Folder(Path("second"))
    config = rig.config(seed=1)
    first.by_hand(rig.config(seed=2), range(3))
    first.by_hand(config, range(2))
    second.by_hand(config, range(2, 5))
    merge_collections([first.output, second.output], Path("all"))
    merged = Folder(Path("all"))
    assert [(row["env_index"], row["seed"]) for row in merged.rows()] == [
        (number, 1) for number in range(5)
    ]
    assert problems(Path("all"))[0] == []
    (second.output / "host_env_000003_results.pkl").unlink()
    with pytest.raises(ResultFileError, match=r"environments 3, its parts do not: .*--recollect"):
        merge_collections([first.output, second.output], Path("again"))


def test_leftovers_of_a_killed_process_are_replaced(halves, tmp_path):
    left = tmp_path / ".all.partial"
    Part.of(left, 0, 1).folder.mkdir(parents=True)
    (left / "host_env_000099_results.pkl").touch()
    merge_collections(halves, tmp_path / "all")
    assert problems(tmp_path / "all")[0] == []
    assert len(list((tmp_path / "all").glob("*_env_*"))) == 5


def test_two_processes_do_not_write_the_same_collection(halves, tmp_path):
    lock = tmp_path / ".all.partial" / ".run.lock"
    with lock_held(lock, "", wait=False), pytest.raises(BusyError, match=f"pid {os.getpid()}"):
        merge_collections(halves, tmp_path / "all")


def test_the_label_is_the_common_one_or_as_given(halves, tmp_path):
    merge_collections(halves, tmp_path / "all")
    assert (tmp_path / "all" / "summary_host.txt").exists()
    merge_collections(halves, tmp_path / "named", "both")
    assert (tmp_path / "named" / "summary_both.txt").exists()
    with pytest.raises(UsageError, match="--hostname is 'a b'"):
        merge_collections(halves, tmp_path / "odd", "a b")


def test_a_subset_is_refused_since_it_has_no_parts(halves, tmp_path):
    filter_collection(halves[1], "env_index == 2", tmp_path / "few")
    with pytest.raises(ConflictError) as caught:
        merge_collections([halves[0], tmp_path / "few"], tmp_path / "all")
    assert str(caught.value) == (
        f"{tmp_path / 'few'}: is a subset of a collection (where env_index == 2), which has no "
        "parts; merge the collections first, then take the subset"
    )


def test_environments_with_several_episodes_are_merged_once(collect, tmp_path):
    few = {"algorithm": "random_sampling", "episodes_per_env": 2, "object_strategy": "no_heuristic"}
    parts = [collect((number, number + 1), **few) for number in (0, 1)]
    merged = merge_collections(parts, tmp_path / "all")
    assert merged.taken == {parts[0]: 1, parts[1]: 1}
    metrics = pq.read_table(tmp_path / "all" / "metrics.parquet").to_pylist()
    assert [(row["env_index"], row["episode"]) for row in metrics] == [
        (0, 0),
        (0, 1),
        (1, 0),
        (1, 1),
    ]
