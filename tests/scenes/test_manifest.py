import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from namo.errors import UsageError
from namo.files import sha256_of
from namo.scenes.manifest import (
    MANIFEST,
    audit_manifest,
    left_out_of,
    listed_scenes,
    write_manifest,
)
from namo.scenes.splits import split_of

SPLITS = {"train": 0.8, "val": 0.1, "test": 0.1}


def listed(folder, *entries):
    """A manifest of small files: (name, content, layout, split)."""
    rows = []
    for index, (name, content, layout, split) in enumerate(entries):
        (folder / name).write_text(content)
        sha256 = sha256_of(folder / name)
        rows.append(
            {"index": index, "file": name, "sha256": sha256, "layout_id": layout, "split": split}
        )
    write_manifest(folder / MANIFEST, rows, {"settings": "{}"})
    return folder / MANIFEST


def test_a_clean_manifest_passes(tmp_path):
    entries = [
        ("a.xml", "a", "row-1", "train"),
        ("b.xml", "b", "row-1", "train"),
        ("c.xml", "c", "row-2", "val"),
    ]
    path = listed(tmp_path, *entries)
    assert audit_manifest(path) == []
    metadata = pq.read_schema(path).metadata
    assert metadata[b"settings"] == b"{}"
    assert metadata[b"manifest_version"] == b"1"


def test_a_layout_in_two_splits_is_found(tmp_path):
    path = listed(tmp_path, ("a.xml", "a", "row-1", "train"), ("b.xml", "b", "row-1", "test"))
    assert audit_manifest(path) == ["layout row-1 is in 2 splits: test, train"]


def test_the_same_scene_in_two_splits_is_found(tmp_path):
    path = listed(tmp_path, ("a.xml", "same", "row-1", "train"), ("b.xml", "same", "row-2", "test"))
    problems = audit_manifest(path)
    assert any(problem.endswith("is in 2 splits: test, train") for problem in problems)
    assert "the same scene is listed 2 times: a.xml, b.xml" in problems


def test_changed_and_missing_files_are_found(tmp_path):
    path = listed(tmp_path, ("a.xml", "a", "row-1", "train"), ("b.xml", "b", "row-2", "train"))
    (tmp_path / "a.xml").write_text("other")
    (tmp_path / "b.xml").unlink()
    assert audit_manifest(path) == [
        "a.xml: checksum mismatch; changed since the manifest was written",
        "b.xml: is missing",
    ]


def test_a_file_that_is_not_a_manifest_is_named(tmp_path):
    (tmp_path / "list.parquet").write_text("no")
    with pytest.raises(UsageError, match=r"list\.parquet: not a scene manifest"):
        audit_manifest(tmp_path / "list.parquet")
    for column in ([None, "a.xml"], [1, 2]):
        pq.write_table(pa.table({"file": column}), tmp_path / "odd.parquet")
        with pytest.raises(UsageError, match="column 'file' must be text in every row"):
            audit_manifest(tmp_path / "odd.parquet")
    pq.write_table(pa.table({"file": ["x.xml"]}), tmp_path / "bare.parquet")
    assert audit_manifest(tmp_path / "bare.parquet") == []


def test_layouts_and_splits_are_read_by_the_checksums_of_scenes(tmp_path):
    path = listed(tmp_path, ("a.xml", "a", "row-1", "train"), ("b.xml", "b", "row-2", "test"))
    found = listed_scenes(path)
    assert found[sha256_of(tmp_path / "b.xml")].split == "test"
    assert found[sha256_of(tmp_path / "a.xml")].layout_id == "row-1"


def test_a_table_without_layouts_is_refused_with_what_it_is(tmp_path):
    path = tmp_path / "manifest.parquet"
    pq.write_table(pa.table({name: ["x"] for name in ("path", "bytes", "sha256", "rows")}), path)
    with pytest.raises(
        UsageError,
        match=r"no column 'layout_id', 'split'; this is the list of .* expected a scene m",
    ):
        listed_scenes(path)


def test_a_missing_or_odd_manifest_is_refused_with_what_makes_one(tmp_path):
    missing = tmp_path / "none.parquet"
    with pytest.raises(UsageError) as caught:
        listed_scenes(missing)
    assert f"no such file; `namo scenes certify FOLDER --output {missing}`" in str(caught.value)
    odd = tmp_path / "odd.parquet"
    columns = {"sha256": ["a", None], "layout_id": ["b", "b"], "split": ["train", "train"]}
    pq.write_table(pa.table(columns), odd)
    with pytest.raises(UsageError, match="column 'sha256' must be text in every row; `namo scenes"):
        listed_scenes(odd)
    (tmp_path / "list.txt").write_text("a.xml")
    with pytest.raises(UsageError, match=r"not a Parquet file.*`namo scenes certify FOLDER"):
        listed_scenes(tmp_path / "list.txt")


@given(st.text(min_size=1))
def test_the_split_of_a_layout_does_not_depend_on_the_rest(layout):
    assert split_of(layout, SPLITS) == split_of(layout, dict(SPLITS))
    assert split_of(layout, {"train": 1.0, "test": 0.0}) == "train"


def test_fractions_of_layouts_are_kept():
    names = [split_of(f"maze-{number}", SPLITS) for number in range(4000)]
    assert abs(names.count("train") / 4000 - 0.8) < 0.03
    assert abs(names.count("val") / 4000 - 0.1) < 0.02


def test_a_file_that_is_listed_but_no_path_is_a_problem_of_its_row(tmp_path):
    path = listed(tmp_path, ("a.xml", "a", "row-1", "train"), ("b.xml", "b", "row-2", "train"))
    table = pq.read_table(path)
    files = pa.array(["a.xml", "b" * 300])
    pq.write_table(table.set_column(table.column_names.index("file"), "file", files), path)
    assert audit_manifest(path) == [f"{'b' * 300}: cannot be read: File name too long"]


def test_large_text_as_other_libraries_write_it_is_text(tmp_path):
    path = listed(tmp_path, ("a.xml", "a", "row-1", "train"), ("b.xml", "b", "row-2", "test"))
    table = pq.read_table(path)
    large = [pa.large_string() if kind == pa.string() else kind for kind in table.schema.types]
    fields = [pa.field(name, kind) for name, kind in zip(table.column_names, large, strict=True)]
    pq.write_table(table.cast(pa.schema(fields)), path)
    assert audit_manifest(path) == []
    assert len(listed_scenes(path)) == 2


def test_what_a_damaged_manifest_leaves_out_is_refused(tmp_path):
    path = tmp_path / "scenes.parquet"
    path.write_bytes(b"")
    with pytest.raises(UsageError, match=r"scenes\.parquet: not a Parquet file, or damaged"):
        left_out_of(path)
