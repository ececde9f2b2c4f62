import json
import os
from dataclasses import replace

import pyarrow.parquet as pq
import pytest

from namo.certification.effort import Effort
from namo.certification.own_scenes import CertifySettings, certify_scenes
from namo.errors import NamoError, UsageError
from namo.files import sha256_of
from namo.scenes.manifest import (
    LEFT_OUT,
    MANIFEST,
    PROVEN_DEPTH,
    SCENES,
    audit_manifest,
    listed_scenes,
)
from namo.scenes.scene_files import scene_files
from namo.scenes.sources import environments_from
from namo.scenes.writing import scene_xml

LITTLE = Effort(pushes=2, depth=1)

NAMES = ["more/plugged.xml", "open.xml", "other_box.xml", "sealed.xml"]


@pytest.fixture
def folder(tmp_path, rooms):
    """Four scenes with three floor plans."""
    folder = tmp_path / "mine"
    (folder / "more").mkdir(parents=True)
    scenes = {
        "open.xml": rooms.room(rooms.box(0.0, 0.0)),
        "other_box.xml": rooms.room(rooms.box(0.5, 0.0)),
        "more/plugged.xml": rooms.plugged(),
        "sealed.xml": rooms.sealed(),
    }
    for name, scene in scenes.items():
        (folder / name).write_text(scene_xml(scene))
    return folder


def certify(source, manifest, effort=None, jobs=1, known=None):
    lines = []
    settings = CertifySettings(effort, jobs=jobs)
    files = scene_files(source, look=False)
    return certify_scenes(files, manifest, settings, lines.append, known), lines


def rows_of(manifest):
    return pq.read_table(manifest).to_pylist()


def test_the_manifest_lists_every_scene_with_its_layout_and_split(folder, tmp_path):
    manifest = tmp_path / "made" / "scenes.parquet"
    certify(folder, manifest)
    rows = {row["file"]: row for row in rows_of(manifest)}
    assert list(rows) == [f"../mine/{name}" for name in NAMES]
    assert pq.read_schema(manifest).names == SCENES.names
    assert [row["index"] for row in rows.values()] == [0, 1, 2, 3]
    layouts = {name: rows[f"../mine/{name}"]["layout_id"] for name in NAMES}
    assert layouts["open.xml"] == layouts["other_box.xml"]
    assert len(set(layouts.values())) == 3
    assert {row["split"] for row in rows.values()} == {"train", "val", "test"}
    assert audit_manifest(manifest) == []
    assert listed_scenes(manifest).keys() == {sha256_of(folder / name) for name in NAMES}
    paths = environments_from(None, manifest).paths
    assert [os.path.realpath(path) for path in paths] == [str(folder / name) for name in NAMES]
    assert [row["box_count"] for row in rows.values()] == [1, 1, 1, 0]
    assert {row["difficulty"] for row in rows.values()} == {None}


def test_a_bad_file_is_named_and_costs_itself(folder, tmp_path):
    (folder / "broken.xml").write_text("<mujoco")
    (folder / "gone.xml").symlink_to("nowhere")
    (folder / "twin.xml").write_bytes((folder / "open.xml").read_bytes())
    manifest = tmp_path / "scenes.parquet"
    certified, lines = certify(folder, manifest)
    assert len(rows_of(manifest)) == 4
    assert certified.unusable.keys() == {"broken.xml", "gone.xml"}
    assert certified.duplicates == {"twin.xml": "open.xml"}
    stored = json.loads(pq.read_schema(manifest).metadata[LEFT_OUT.encode()])
    assert stored == certified.left_out
    assert stored["broken.xml"].startswith("not well-formed XML")
    _, again = certify(folder, manifest)
    for name, why in stored.items():
        assert f"{name}: left out: {why}" in lines
        assert f"{name}: left out: {why}" in again


@pytest.mark.slow
def test_figures_are_those_of_the_generator(demo_scenes, tmp_path):
    listed = [row for row in rows_of(demo_scenes / MANIFEST) if row["difficulty"] != "not_found"]
    wanted = [next(row for row in listed if row["difficulty"] == one) for one in ("open", "easy")]
    (tmp_path / "list.txt").write_text("".join(f"{demo_scenes / one['file']}\n" for one in wanted))
    certify(tmp_path / "list.txt", tmp_path / MANIFEST, Effort(), jobs=2)
    generated = {"index", "file", "family", "split", "seed", "candidate", "generator_version"}
    for row, expected in zip(rows_of(tmp_path / MANIFEST), wanted, strict=True):
        assert {**row, **{name: expected[name] for name in generated}} == expected


def test_an_interrupted_run_resumes_and_jobs_change_nothing(folder, tmp_path):
    certify(folder, tmp_path / "whole.parquet")
    manifest = tmp_path / "scenes.parquet"
    (folder / "broken.xml").write_text("<mujoco")

    def killed(line):
        shown.append(line)
        if len(shown) == 3:
            raise KeyboardInterrupt

    shown = []
    with pytest.raises(KeyboardInterrupt):
        certify_scenes(scene_files(folder), manifest, CertifySettings(), killed)
    assert not manifest.exists()
    _, lines = certify(folder, manifest, jobs=2)
    assert lines[0] == "3 of 5 scenes are known from an earlier run"
    assert len(lines) in (3, 4)  # with the reason of the broken one, if that is known
    assert rows_of(manifest) == rows_of(tmp_path / "whole.parquet")


@pytest.mark.slow
def test_how_many_pushes_are_needed_is_shown_where_it_is_asked_for(folder, tmp_path):
    (folder / "open.xml").unlink()
    (folder / "other_box.xml").unlink()
    manifest = tmp_path / MANIFEST
    certify(folder, manifest, LITTLE)
    assert PROVEN_DEPTH.name not in pq.read_schema(manifest).names
    certify(folder, manifest, replace(LITTLE, prove=1))
    assert pq.read_schema(manifest).names == [*SCENES.names, PROVEN_DEPTH.name]
    shown = {row["file"]: row["proven_depth"] for row in rows_of(manifest)}
    assert shown == {"mine/more/plugged.xml": 1, "mine/sealed.xml": 2}


def test_a_new_scene_is_measured_alone_and_a_changed_one_again(folder, tmp_path, rooms):
    manifest = tmp_path / "scenes.parquet"
    certify(folder, manifest)
    before = {row["file"]: row for row in rows_of(manifest)}
    (folder / "z_new.xml").write_text(scene_xml(rooms.room(rooms.box(0.9, 0.9))))
    (folder / "sealed.xml").write_text(scene_xml(rooms.sealed(rooms.box(1.0, 0.0))))
    _, lines = certify(folder, manifest)
    assert lines[0] == "3 of 5 scenes are known from an earlier run"
    assert {line.partition(":")[0] for line in lines[1:]} == {"z_new.xml", "sealed.xml"}
    after = {row["file"]: row for row in rows_of(manifest)}
    assert after["mine/open.xml"] == before["mine/open.xml"]
    assert after["mine/sealed.xml"]["box_count"] == 1


@pytest.mark.slow
def test_a_manifest_says_what_was_asked_for_whatever_was_measured_before(folder, tmp_path, rooms):
    (folder / "more" / "plugged.xml").unlink()
    manifest = tmp_path / "scenes.parquet"
    certify(folder, manifest)
    unmeasured = manifest.read_bytes()
    _, lines = certify(folder, manifest, LITTLE)
    assert sorted(lines) == ["open.xml: open", "other_box.xml: open", "sealed.xml: not_found"]
    assert [row["difficulty"] for row in rows_of(manifest)] == ["open", "open", "not_found"]
    certify(folder, manifest)
    assert manifest.read_bytes() == unmeasured
    (folder / "new.xml").write_text(scene_xml(rooms.room(rooms.box(0.9, 0.9))))
    manifest.unlink()
    _, lines = certify(folder, manifest, LITTLE)
    assert lines == ["3 of 4 scenes are known from an earlier run", "new.xml: open"]
    _, lines = certify(folder, manifest, replace(LITTLE, pushes=3))
    assert len(lines) == 4


def test_the_manifest_of_another_is_left_alone(folder, tmp_path, demo_scenes):
    foreign = (demo_scenes / MANIFEST).read_bytes()
    for content in (foreign, b"no table"):
        (tmp_path / "scenes.parquet").write_bytes(content)
        with pytest.raises(UsageError, match=r"scenes\.parquet: was not written by `namo scenes"):
            certify(folder, tmp_path / "scenes.parquet")
        assert (tmp_path / "scenes.parquet").read_bytes() == content


def test_without_a_usable_scene_no_manifest_is_written(tmp_path):
    (tmp_path / "broken.xml").write_text("<mujoco")
    with pytest.raises(NamoError, match=r"none of 1 files can be used; broken\.xml: not well-form"):
        certify(tmp_path, tmp_path / "scenes.parquet")
    assert not (tmp_path / "scenes.parquet").exists()
