from dataclasses import replace

import pyarrow.parquet as pq
import pytest

from namo.certification.candidates import make_chunk
from namo.certification.scene_set import make_scenes
from namo.certification.selection import REPORT, Selection, read_candidates, select
from namo.errors import NamoError, ResultFileError
from namo.scenes.manifest import MANIFEST, SCENES, audit_manifest
from namo.scenes.reading import read_scene
from namo.scenes.sources import environments_from


def row(number, difficulty="hard", rejection=None, sha256=None, part=None):
    return {
        "part": part,
        "candidate": number,
        "file": f"scene_{number}.xml",
        "difficulty": difficulty,
        "rejection": rejection,
        "sha256": sha256 or str(number),
    }


def taken(settings, rows):
    selection = Selection(settings)
    return [one["candidate"] for one in rows if selection.consider(one)], selection


def test_quotas_are_filled_in_the_order_of_the_candidates(small):
    settings = replace(small, quotas={"hard": 2, "open": 1})
    rows = [row(0, "easy"), row(1), row(2, "open"), row(3, "open"), row(4), row(5)]
    numbers, selection = taken(settings, rows)
    assert numbers == [1, 2, 4]
    assert selection.missing == {}
    assert selection.found == {"easy": 1, "hard": 3, "open": 2}


def test_larger_quotas_keep_what_smaller_ones_select(small):
    rows = [row(number, kind) for number, kind in enumerate(["hard", "easy", "open", "hard"] * 5)]
    few, _ = taken(replace(small, quotas={"hard": 2, "easy": 1}), rows)
    many, _ = taken(replace(small, quotas={"hard": 6, "easy": 3}), rows)
    assert set(few) <= set(many)


def test_scenes_are_selected_by_the_weights_of_their_parts(small):
    mixture = {"rows": {"weight": 3, "families": {"row": 1}}, "rooms": {"weight": 1}}
    rows = [
        row(number, part=part, rejection="no place for its boxes" if number % 5 == 0 else None)
        for number, part in enumerate(["rooms", "rows", "rooms"] * 8)
    ]
    few, selection = taken(replace(small, mixture=mixture, count=4), rows)
    assert few == [1, 2, 4, 7]
    assert selection.missing == {}
    assert selection.parts["rooms"] == {"drawn": 16, "found": 12, "taken": 1}
    many, selection = taken(replace(small, mixture=mixture, count=12), rows)
    assert set(few) < set(many)
    assert selection.missing == {"part rows": 2}
    by_class, selection = taken(replace(small, mixture=mixture, quotas={"hard": 3}), rows)
    assert by_class == [1, 2, 3]


def test_the_part_of_a_mixture_stands_in_manifest_and_report(small, tmp_path):
    settings = replace(
        small,
        mixture={"one": {"weight": 1}, "two": {"weight": 2, "boxes_elsewhere": (1, 1)}},
        certify=False,
        count=3,
        scenes_per_layout=1,
    )
    report = make_scenes(settings, tmp_path, 1, lambda _: None)
    rows = pq.read_table(tmp_path / MANIFEST).to_pylist()
    assert sorted((one["part"], one["box_count"]) for one in rows) == [
        ("one", 1),
        ("two", 2),
        ("two", 2),
    ]
    part = next(line.split() for line in report.splitlines() if line.startswith("two "))
    assert (part[1], part[-1]) == ("2", "2")
    settings.require_made_with(tmp_path / MANIFEST)


def test_rejections_are_counted_by_reason(small):
    rows = [
        row(0, rejection="no place for its boxes"),
        row(1, rejection="cannot be used: scene_1.xml: something"),
        row(2),
        row(3, sha256="2"),
        row(4),
    ]
    _, selection = taken(replace(small, count=1), rows)
    assert selection.rejected == {
        "no place for its boxes": 1,
        "cannot be used": 1,
        "the same scene as an earlier one": 1,
        "quota reached": 1,
    }
    assert selection.candidates == 5


def test_a_set_consists_of_scenes_manifest_and_report(small, tmp_path):
    chunks = [make_chunk(small, numbers, tmp_path) for numbers in small.first_chunks()]
    report = select(small, chunks, tmp_path)
    assert report == (tmp_path / REPORT).read_text()
    assert "6 scenes of" in report
    table = pq.read_table(tmp_path / MANIFEST)
    assert table.schema.names == SCENES.names
    assert all(field.metadata[b"description"] for field in table.schema)
    rows = table.to_pylist()
    assert [one["index"] for one in rows] == list(range(6))
    for one in rows:
        scene = read_scene(tmp_path / one["file"])
        assert scene.sha256 == one["sha256"]
        assert len(scene.movables) == one["box_count"]
    assert audit_manifest(tmp_path / MANIFEST) == []
    listed = environments_from(None, tmp_path / MANIFEST).scenes
    assert [one.difficulty for one in listed] == [one["difficulty"] for one in rows]


def test_smaller_sets_remove_only_scenes_that_are_no_longer_selected(small, tmp_path):
    chunks = [make_chunk(small, numbers, tmp_path) for numbers in small.first_chunks()]
    select(small, chunks, tmp_path)
    (tmp_path / "scene_9999999.xml").write_text("mine")
    select(replace(small, count=2), chunks, tmp_path)
    assert len(list(tmp_path.glob("scene_*.xml"))) == 3
    assert (tmp_path / "scene_9999999.xml").exists()


def test_unfilled_quotas_are_an_error_and_nothing_is_written(small, tmp_path):
    chunk = make_chunk(small, range(4), tmp_path)
    wanted = replace(small, quotas={"three_or_more": 5})
    with pytest.raises(NamoError, match=r"4 candidates .* missing: 5 of three_or_more; found were"):
        select(wanted, [chunk], tmp_path)
    assert not (tmp_path / MANIFEST).exists()
    assert not list(tmp_path.glob("scene_*.xml"))


def test_foreign_files_are_never_replaced_or_removed(small, tmp_path):
    chunks = [make_chunk(small, numbers, tmp_path) for numbers in small.first_chunks()]
    select(small, chunks, tmp_path)
    first, *_, last = sorted(tmp_path.glob("scene_*.xml"))
    last.write_text("mine now")
    select(replace(small, count=2), chunks, tmp_path)
    assert last.read_text() == "mine now"
    first.write_text("mine too")
    with pytest.raises(
        NamoError, match="was not written by this command, or changed since; move it"
    ):
        select(small, chunks, tmp_path)
    assert first.read_text() == "mine too"


def test_a_damaged_chunk_is_named(small, tmp_path):
    path = make_chunk(small, range(4), tmp_path)
    content = bytearray(path.read_bytes())
    content[40:400] = bytes(360)
    path.write_bytes(content)
    with pytest.raises(ResultFileError, match=r"000000-000004\.parquet: damaged .* delete it"):
        list(read_candidates([path], texts=True))
