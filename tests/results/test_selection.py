"""What a merge takes from which part, over real parts of tiny scenes."""

import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from namo.errors import ResultFileError
from namo.files import sha256_of
from namo.results.assemble import assemble
from namo.results.parts import REPLACED, Part
from namo.results.records import read_record
from namo.results.selection import stale_parts, used_parts
from tests.walking import SCENES, Folder, contents

PARTS = ("000000-000002", "000002-000003")


@pytest.fixture
def here(tmp_path, monkeypatch):
    """An empty collection over three scenes, in the working directory."""
    monkeypatch.chdir(tmp_path)
    Path(SCENES).mkdir()
    texts = contents()
    for name, kind in zip("bcd", ("0-one", "7-one", "0-two"), strict=True):
        (Path(SCENES) / f"{name}.xml").write_text(texts[kind])
    return Folder(Path("out"))


def rows(here):
    return [(row["env_index"], Path(row["xml_file"]).name, row["seed"]) for row in here.rows()]


def notes(done):
    return done.summary["collection_metadata"]["notes"]


def refusal(here, config, wanted):
    with pytest.raises(ResultFileError) as caught:
        here.merge(config, wanted)
    return str(caught.value)


def test_settings_that_come_back_are_what_is_stored(rig, here):
    first, second = rig.config(seed=1), rig.config(seed=2, algorithm="tree_idfs")
    here.pipeline(first, range(2), 2)
    here.pipeline(second, range(3), 3)
    done = here.pipeline(first, range(2), 2)
    assert rows(here) == [(0, "b.xml", 1), (1, "c.xml", 1)]
    (note,) = notes(done)
    assert "not used: parts/000000-000003, environment 2: collected with other settings" in note
    assert "seed is 2, now 1" in note
    assert "algorithm is 'tree_idfs', now 'idfs'" in note
    assert note.split()[0] in done.text


def test_a_part_of_another_chunk_size_with_other_settings_is_not_used(rig, here):
    here.pipeline(rig.config(seed=1), range(3), 2)
    here.pipeline(rig.config(seed=2), range(3), 3)
    here.pipeline(rig.config(seed=1), range(3), 2)
    assert rows(here) == [(0, "b.xml", 1), (1, "c.xml", 1), (2, "d.xml", 1)]


def test_another_range_with_the_same_settings_is_used_and_named(rig, here):
    here.by_hand(rig.config(seed=1), range(2, 3))
    done = here.by_hand(rig.config(seed=1), range(1))
    assert rows(here) == [(0, "b.xml", 1), (2, "d.xml", 1)]
    assert notes(done) == ["beside 0 to 0, as they were collected in the same way: 2"]


@pytest.mark.parametrize("way", ["pipeline", "by_hand"])
def test_a_scene_that_comes_and_goes_leaves_no_row(rig, here, way):
    config = rig.config(seed=1)

    def run():
        whole = range(len(here.scenes))
        arguments = (config, whole, 2) if way == "pipeline" else (config, whole)
        return getattr(here, way)(*arguments)

    run()
    shutil.copy(Path(SCENES) / "c.xml", Path(SCENES) / "a.xml")
    run()
    assert [name for _, name, _ in rows(here)] == ["a.xml", "b.xml", "c.xml", "d.xml"]
    (Path(SCENES) / "a.xml").unlink()
    done = run()
    assert [name for _, name, _ in rows(here)] == ["b.xml", "c.xml", "d.xml"]
    assert any("environment 3: its scene is not listed" in note for note in notes(done))
    (Path(SCENES) / "d.xml").unlink()
    run()
    assert [name for _, name, _ in rows(here)] == ["b.xml", "c.xml"]
    (Path(SCENES) / "c.xml").rename(Path(SCENES) / "a.xml")
    run()
    assert [name for _, name, _ in rows(here)] == ["a.xml", "b.xml"]


def test_scenes_that_change_places_are_collected_again_whatever_their_times_say(rig, here):
    config = rig.config()
    here.pipeline(config, range(3), 2)
    first, second, other = (Path(SCENES) / f"{name}.xml" for name in ("b", "c", "other"))
    first.rename(other)
    second.rename(first)
    other.rename(second)
    here.pipeline(config, range(3), 2)
    assert [row["scene_sha256"] for row in here.rows()] == [*map(sha256_of, here.scenes)]
    assert stale_parts(here.output, here.plan(config, range(3)), look=True) == []


def test_an_environment_that_was_collected_again_by_hand_leaves_the_rest_of_its_chunk(rig, here):
    config = rig.config(seed=1)
    here.pipeline(config, range(3), 3)
    (here.output / "host_env_000001_results.pkl").unlink()
    here.by_hand(config, range(1, 2))
    assert [index for index, _, _ in rows(here)] == [0, 1, 2]
    assert Part.of(here.output, 0, 3).replaced() == {1}
    assert stale_parts(here.output, here.plan(config, range(3)), look=True) == []


def test_parts_of_the_asked_label_take_precedence(rig, here):
    config = rig.config()
    here.pipeline(config, range(2), 2)
    other = Folder(here.output, "other")
    other.pipeline(config, range(3), 3)
    here.pipeline(config, range(2), 2)
    assert [row["env_id"] for row in here.rows()] == [
        *("host_env_000000", "host_env_000001", "other_env_000002"),
    ]


@pytest.mark.parametrize("damage", ["lost", "cut", "empty"])
def test_a_damaged_record_of_an_unmerged_part_stops_the_merge(rig, here, damage):
    config = rig.config()
    here.collect(config, range(2))
    here.collect(config, range(2, 3))
    path = here.output / "host_env_000001_results.pkl"
    if damage == "lost":
        path.unlink()
    else:
        os.truncate(path, 0 if damage == "empty" else path.stat().st_size - 1)
    said = refusal(here, config, range(3))
    assert "parts/000000-000002, environment 1: its result file is missing or truncated" in said
    assert path.name in said
    assert f"`rm -r {here.output / 'parts' / PARTS[0]}` and rerun the same command" in said
    shutil.rmtree(here.output / "parts" / PARTS[0])
    here.pipeline(config, range(3), 2)
    assert [index for index, _, _ in rows(here)] == [0, 1, 2]
    assert read_record(path)["env_index"] == 1


@pytest.mark.parametrize("name", ["part.json", "metrics.parquet", "plans.parquet", REPLACED])
def test_a_damaged_part_is_named_with_its_repair_and_repaired_by_a_rerun(rig, here, name):
    config = rig.config()
    here.pipeline(config, range(3), 2)
    (here.output / "parts" / PARTS[0] / name).write_bytes(b"")
    said = refusal(here, config, range(3))
    assert str(here.output / "parts" / PARTS[0] / name) in said
    assert f"`rm -r {here.output / 'parts' / PARTS[0]}` and rerun the same command" in said
    here.pipeline(config, range(3), 2)
    assert [index for index, _, _ in rows(here)] == [0, 1, 2]


def test_a_record_that_was_lost_after_the_merge_is_collected_again(rig, here):
    config = rig.config()
    here.pipeline(config, range(3), 2)
    lost = here.output / "host_env_000002_results.pkl"
    lost.unlink()
    (stale,) = stale_parts(here.output, here.plan(config, range(3)), look=True)
    assert stale.folder.name == PARTS[1]
    here.pipeline(config, range(3), 2)
    assert lost.exists()


def test_a_merge_with_other_settings_than_the_parts_is_refused(rig, here):
    here.collect(rig.config(seed=1), range(3))
    said = refusal(here, rig.config(seed=2), range(3))
    assert "environments 0, 1, 2: collected with other settings (seed is 1, now 2)" in said


def test_what_is_not_collected_yet_is_named(rig, here):
    here.collect(rig.config(), range(2))
    assert notes(here.merge(rig.config(), range(3))) == ["of 0 to 2 not collected: 2"]


def merge_only(here, config, wanted, only):
    return assemble(here.output, "host", SCENES, 3, here.plan(config, wanted), only=only)


def test_a_merge_of_some_environments_takes_these_alone(rig, here):
    here.collect(rig.config(), range(3))
    merge_only(here, rig.config(), range(1), {0, 2})
    assert [index for index, _, _ in rows(here)] == [0, 2]


def test_a_merge_of_some_environments_needs_all_of_them_and_no_others(rig, here):
    here.collect(rig.config(seed=1), range(1))
    here.collect(rig.config(seed=2), range(1, 3))
    merge_only(here, rig.config(seed=1), range(3), {0})
    with pytest.raises(ResultFileError, match=r"environments 1, 2: .*`rm -r"):
        merge_only(here, rig.config(seed=1), range(1), {0, 1})
    with pytest.raises(ResultFileError, match=r"out: no finished .* of environment 7; rerun the"):
        merge_only(here, rig.config(seed=1), range(1), {0, 7})


def test_without_a_plan_some_environments_are_taken_alone_too(rig, here):
    here.collect(rig.config(), range(2))
    here.collect(rig.config(), range(2, 3))
    spans, _ = used_parts(here.output, only={0, 2})
    assert [number for span in spans for number in range(span.start, span.end)] == [0, 2]
    with pytest.raises(ResultFileError, match="results of environments 3, 9; rerun the"):
        used_parts(here.output, only={0, 3, 9})


@pytest.mark.parametrize("what", ["record", "table", "part", "parts", "marker"])
def test_links_out_of_the_collection_are_not_followed(rig, here, tmp_path, what):
    config = rig.config()
    here.by_hand(config, range(3))
    part = Part.of(here.output, 0, 3)
    path = {
        "record": here.output / "host_env_000001_results.pkl",
        "table": part.table("pushes"),
        "part": part.folder,
        "parts": part.folder.parent,
        "marker": part.marker,
    }[what]
    outside = tmp_path / "outside"
    path.rename(outside)
    path.symlink_to(outside)
    said = refusal(here, config, range(3))
    assert f"{path}: a symbolic link to {outside}" in said
    assert "leads out of the collection" in said


def test_links_within_the_collection_and_to_it_are_followed(rig, here, tmp_path):
    config = rig.config()
    here.by_hand(config, range(3))
    path = here.output / "host_env_000001_results.pkl"
    path.rename(here.output / "kept.pkl")
    path.symlink_to("kept.pkl")
    (tmp_path / "elsewhere").symlink_to(here.output, target_is_directory=True)
    there = replace(here, output=Path("elsewhere"))
    there.merge(config, range(3))
    assert [index for index, _, _ in rows(there)] == [0, 1, 2]
