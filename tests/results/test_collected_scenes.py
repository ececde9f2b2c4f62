import hashlib
import shutil
from dataclasses import replace

import pyarrow as pa
import pytest

from namo.errors import ResultFileError, SceneError
from namo.results.collected_scenes import (
    CollectedScenes,
    StoredScenes,
    file_text,
    scene_file_row,
    stored_scene_problems,
)
from namo.results.schema import SCENE_FILES, SCENES
from namo.results.tables import write_table
from namo.scenes.conditions import Conditions
from namo.scenes.physics import with_physics
from namo.scenes.reading import MAX_BYTES, read_scene

AS_IN_THE_FILE = Conditions("scene", 0.0)


def reference(path, name):
    return {
        "xml_file": name,
        "scene_sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "env_id": "host_env_000003",
    }


@pytest.fixture
def scene_file(rig, tmp_path):
    shutil.copy(rig.room(0), tmp_path / "a.xml")
    return tmp_path / "a.xml"


def stored(folder, texts):
    rows = [scene_file_row(hashlib.sha256(text.encode()).hexdigest(), text) for text in texts]
    write_table(folder / "scene_files.parquet", SCENE_FILES, rows)


@pytest.mark.parametrize("physics", ["scene", "fast"])
def test_a_scene_is_read_under_the_conditions_it_was_collected_with(scene_file, tmp_path, physics):
    scenes, asked = CollectedScenes(tmp_path, tmp_path), Conditions(physics, 0.02)
    found = scenes.scene(reference(scene_file, "a.xml"), asked)
    assert found == replace(with_physics(read_scene(scene_file), physics), clearance=0.02)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("missing", "is missing"),
        ("changed", "changed"),
        ("too large", "cannot be read"),
        ("a folder", "cannot be read"),
    ],
)
def test_the_stored_scene_takes_the_place_of_its_file_and_that_is_said_once(
    scene_file, tmp_path, change, said
):
    about, scene, notes = reference(scene_file, "a.xml"), read_scene(scene_file), []
    stored(tmp_path / "out", ["<other/>", scene_file.read_text()])
    if change == "changed":
        scene_file.write_text("<mujoco/>")
    elif change == "too large":
        scene_file.write_bytes(bytes(MAX_BYTES + 1))
    else:
        scene_file.unlink()
        if change == "a folder":
            scene_file.mkdir()
    scenes = CollectedScenes(tmp_path / "out", tmp_path, notes.append)
    for _ in range(2):
        found = scenes.scene(about, AS_IN_THE_FILE)
        assert (found, found.sha256, found.path) == (scene, scene.sha256, str(scene_file))
    (note,) = notes
    assert f"{scene_file}: {said}" in note
    assert f"{tmp_path / 'out'} holds such scenes" in note


def test_an_unchanged_file_is_read_without_a_word_and_without_the_table(scene_file, tmp_path):
    scenes = CollectedScenes(tmp_path, tmp_path, pytest.fail)
    (tmp_path / "scene_files.parquet").write_text("damaged")
    assert scenes.content(reference(scene_file, "a.xml")) == scene_file.read_bytes()


def test_a_scene_that_is_nowhere_is_named_with_a_hint(scene_file, tmp_path):
    scenes = CollectedScenes(tmp_path)
    with pytest.raises(SceneError, match=r"a\.xml: is missing, and .* not hold .*; .*--run-from"):
        scenes.scene(reference(scene_file, "b/a.xml"), AS_IN_THE_FILE)
    with pytest.raises(SceneError, match=r"gone\.xml: is missing, and .* not hold the scene$"):
        scenes.scene(reference(scene_file, str(tmp_path / "gone.xml")), AS_IN_THE_FILE)
    with pytest.raises(
        SceneError, match=r"a\.xml: changed since host_env_000003 was collected, and"
    ):
        scenes.scene(
            {**reference(scene_file, str(scene_file)), "scene_sha256": "0"}, AS_IN_THE_FILE
        )


def test_a_stored_scene_with_another_hash_is_refused(scene_file, tmp_path):
    about = reference(scene_file, "gone.xml")
    row = scene_file_row(about["scene_sha256"], scene_file.read_text() + " ")
    write_table(tmp_path / "scene_files.parquet", SCENE_FILES, [row])
    with pytest.raises(ResultFileError, match="row 0 holds another scene"):
        CollectedScenes(tmp_path).content(about)


def test_scenes_are_found_in_any_order_and_row_group(tmp_path, monkeypatch):
    monkeypatch.setattr("namo.results.tables.GROUP_BYTES", 1000)
    texts = [f"<scene number='{number}'/>" * 5 for number in range(40)]
    stored(tmp_path, texts)
    found = StoredScenes(tmp_path / "scene_files.parquet")
    assert len(found._starts) > 5
    for text in [*texts[::3], *texts[::-1]]:
        assert found.content(hashlib.sha256(text.encode()).hexdigest()) == text.encode()
    assert found.content("0" * 64) is None


@pytest.mark.parametrize("start", [b"", b"\xef\xbb\xbf"], ids=["plain", "byte order mark"])
def test_the_text_of_a_scene_is_its_file_byte_for_byte(scene_file, start):
    scene_file.write_bytes(start + scene_file.read_bytes().replace(b"\n", b"\r\n"))
    assert file_text(read_scene(scene_file)).encode() == scene_file.read_bytes()


def listed(folder, hashes):
    """A table of scenes with these hashes."""
    made_up = {pa.string(): "", pa.list_(pa.string()): [], pa.float64(): 0.0, pa.int64(): 0}
    lists = {
        "bounds": [0.0] * 4,
        "robot": [0.0] * 3,
        "goal": [0.0] * 3,
        "poses": [],
        "outlines": [],
    }
    rows = [
        {field.name: made_up.get(field.type) for field in SCENES}
        | {name: value for name, value in lists.items() if name in SCENES.names}
        | {"scene_sha256": sha256}
        for sha256 in hashes
    ]
    write_table(folder / "scenes.parquet", SCENES, [pa.Table.from_pylist(rows, SCENES)])


def hashes_of(texts):
    return [hashlib.sha256(text.encode()).hexdigest() for text in texts]


def problems(folder, rows):
    notes = []
    return [str(each) for each in stored_scene_problems(folder, rows, notes)], notes


def test_stored_scenes_that_are_whole_have_no_problem(tmp_path):
    stored(tmp_path, ["<a/>", "<b/>"])
    listed(tmp_path, hashes_of(["<a/>", "<b/>", "<a/>"]))
    assert problems(tmp_path, 2) == ([], [])


def test_scenes_that_are_not_stored_are_noted_with_their_number(tmp_path):
    stored(tmp_path, ["<a/>"])
    for texts, said in (("<b/>", "1 scene"), ("<b/> <c/> <b/>", "2 scenes")):
        listed(tmp_path, hashes_of(["<a/>", *texts.split()]))
        assert problems(tmp_path, 1) == (
            [],
            [
                f"scene_files.parquet lacks {said}, whose files were gone when the collection was "
                "upgraded"
            ],
        )


def test_a_stored_scene_of_another_hash_is_a_problem(tmp_path):
    (sha256,) = hashes_of(["<a/>"])
    rows = [scene_file_row(sha256, "<b/>")]
    write_table(tmp_path / "scene_files.parquet", SCENE_FILES, rows)
    listed(tmp_path, [sha256])
    said = f"scene_files.parquet: scene {sha256[:12]} has another hash"
    assert problems(tmp_path, 1) == ([said], [])


@pytest.mark.parametrize(
    ("texts", "rows", "said"),
    [
        (["<a/>"], 2, "has 1 rows of 1 scenes, manifest.parquet lists 2"),
        (["<a/>", "<a/>"], 2, "has 2 rows of 1 scenes, manifest.parquet lists 2"),
        (["<a/>", "<a/>"], 1, "has 2 rows of 1 scenes, manifest.parquet lists 1"),
    ],
    ids=["too few", "twice", "one twice"],
)
def test_another_number_of_stored_scenes_than_listed_is_a_problem(tmp_path, texts, rows, said):
    stored(tmp_path, texts)
    listed(tmp_path, hashes_of(["<a/>"]))
    assert problems(tmp_path, rows) == ([f"scene_files.parquet: {said}"], [])


def test_a_damaged_table_of_stored_scenes_is_the_only_problem(tmp_path):
    (tmp_path / "scene_files.parquet").write_bytes(b"damaged")
    (found,), notes = problems(tmp_path, 1)
    assert found.startswith("scene_files.parquet: cannot be read: ")
    assert notes == []


def test_a_stored_scene_takes_less_than_a_kilobyte(demo_scenes, tmp_path):
    texts = {path.read_text() for path in demo_scenes.rglob("*.xml")}
    stored(tmp_path, texts)
    assert len(texts) >= 100
    assert (tmp_path / "scene_files.parquet").stat().st_size <= 1000 * len(texts)
