import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet

from namo.errors import UsageError
from namo.scenes import sources
from namo.scenes.sources import environments_from, resolve_range


@pytest.fixture
def folder(tmp_path):
    for name in ("b/2.xml", "b/10.xml", "a.xml", "b.xml", "notes.txt", "B/1.xml"):
        path = tmp_path / "scenes" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("<mujoco/>")
    return tmp_path / "scenes"


def refusal(**arguments):
    with pytest.raises(UsageError) as caught:
        environments_from(**{"xml_dir": None, "manifest": None} | arguments)
    return str(caught.value)


def test_a_folder_is_sorted_by_relative_path(folder):
    found = environments_from(folder, None)
    names = [path.relative_to(folder).as_posix() for path in found.paths]
    assert names == ["B/1.xml", "a.xml", "b.xml", "b/10.xml", "b/2.xml"]
    assert found.source == str(folder)


def test_a_text_manifest_keeps_its_order_and_is_relative_to_its_folder(folder):
    manifest = folder / "list.txt"
    manifest.write_text("# mine\n\nb/2.xml\n  a.xml \n" + str(folder / "b.xml") + "\n")
    found = environments_from(None, manifest)
    assert found.paths == (folder / "b/2.xml", folder / "a.xml", folder / "b.xml")
    assert found.source == str(manifest)


def test_names_of_scenes_beside_the_folder_of_a_manifest_are_short(folder, monkeypatch):
    monkeypatch.chdir(folder)
    (folder / "lists" / "old").mkdir(parents=True)
    text = "../../b/2.xml\n../x/../../a.xml\n../../../scenes/b.xml\n../../../../up.xml\n"
    (folder / "lists" / "old" / "list.txt").write_text(text)
    (folder / "link").symlink_to(folder / "lists" / "old")

    def names(manifest):
        return [str(path) for path in environments_from(None, Path(manifest), look=False).paths]

    assert names("lists/old/list.txt") == [
        "b/2.xml",
        "lists/x/../../a.xml",
        "../scenes/b.xml",
        "../../up.xml",
    ]
    assert names("link/list.txt")[0] == "link/../../b/2.xml", "what is above a link is elsewhere"


def test_a_parquet_manifest_gives_its_file_column(folder):
    manifest = folder / "list.parquet"
    parquet.write_table(pa.table({"kind": [1, 2], "file": ["b.xml", "b/2.xml"]}), manifest)
    assert environments_from(None, manifest).paths == (folder / "b.xml", folder / "b/2.xml")


def test_the_default_is_the_demo_scenes(demo_scenes):
    found = environments_from(None, None)
    assert len(found.paths) == 100
    assert found.paths[0].parent == demo_scenes
    assert all(scene.difficulty and scene.sha256 for scene in found.scenes)


def test_a_split_of_a_manifest_has_its_own_indices(folder):
    manifest = folder / "list.parquet"
    columns = {"file": ["b.xml", "a.xml", "b/2.xml"], "split": ["val", "train", "val"]}
    parquet.write_table(pa.table(columns), manifest)
    found = environments_from(None, manifest, "val")
    assert found.paths == (folder / "b.xml", folder / "b/2.xml")
    with pytest.raises(UsageError, match="did you mean 'train'"):
        environments_from(None, manifest, "trian")
    with pytest.raises(UsageError, match="splits are given by a manifest"):
        environments_from(folder, None, "val")
    (folder / "list.txt").write_text("a.xml")
    with pytest.raises(UsageError, match="a text file without splits"):
        environments_from(None, folder / "list.txt", "val")


def test_a_manifest_gives_difficulty_and_checksum(folder):
    manifest = folder / "list.parquet"
    columns = {"file": ["a.xml"], "difficulty": ["hard"], "sha256": ["0" * 64]}
    parquet.write_table(pa.table(columns), manifest)
    (scene,) = environments_from(None, manifest).scenes
    assert (scene.difficulty, scene.sha256) == ("hard", "0" * 64)
    assert scene.opening_fraction is None


@pytest.mark.parametrize(("column", "read"), [([0.25], 0.25), (["a quarter"], None)])
def test_a_manifest_gives_the_measured_opening_fraction(folder, column, read):
    manifest = folder / "list.parquet"
    parquet.write_table(pa.table({"file": ["a.xml"], "opening_share": column}), manifest)
    (scene,) = environments_from(None, manifest).scenes
    assert scene.opening_fraction == read


def test_missing_demo_scenes_are_reported_with_the_options(monkeypatch, tmp_path):
    monkeypatch.setattr(sources, "DEMO_SCENES", tmp_path / "none")
    assert "name scenes with --xml-dir FOLDER or --manifest FILE" in refusal()


def test_invalid_sources_are_named(folder, tmp_path):
    file, empty = folder / "a.xml", tmp_path / "empty"
    empty.mkdir()
    assert "only one of the two" in refusal(xml_dir=folder, manifest=file)
    assert f"--xml-dir {tmp_path / 'no'}: no such folder" in refusal(xml_dir=tmp_path / "no")
    assert f"--xml-dir {file}: not a folder" in refusal(xml_dir=file)
    assert f"--xml-dir {empty}: holds no .xml file" in refusal(xml_dir=empty)
    assert f"--manifest {tmp_path / 'no'}: no such file" in refusal(manifest=tmp_path / "no")
    assert f"--manifest {folder}: no such file" in refusal(manifest=folder)


def test_invalid_manifests_are_refused_with_the_line(folder):
    manifest = folder / "list.txt"
    manifest.write_text("# nothing\n\n")
    assert f"--manifest {manifest}: lists no scene" in refusal(manifest=manifest)
    manifest.write_text("a.xml\n\nmissing.xml\n")
    assert f"line 3: no such file: {folder / 'missing.xml'}" in refusal(manifest=manifest)
    assert environments_from(None, manifest, look=False).paths[1] == folder / "missing.xml"
    manifest.write_bytes(b"\xff\xfe")
    assert "not UTF-8" in refusal(manifest=manifest)


def test_links_and_upper_case_are_followed_and_broken_links_are_named(folder, tmp_path):
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "C.XML").write_text("<mujoco/>")
    (folder / "more").symlink_to(tmp_path / "more")
    names = [path.relative_to(folder).as_posix() for path in environments_from(folder, None).paths]
    assert names == ["B/1.xml", "a.xml", "b.xml", "b/10.xml", "b/2.xml", "more/C.XML"]
    (folder / "gone.xml").symlink_to("nowhere.xml")
    assert refusal(xml_dir=folder) == (
        f"--xml-dir {folder}: 'gone.xml' is a link to 'nowhere.xml', which does not exist; repair "
        "it or remove it"
    )


@pytest.mark.parametrize(("value", "said"), [(None, "null"), ("", "empty")])
@pytest.mark.parametrize("look", [True, False])
def test_a_row_without_a_file_is_refused(folder, value, said, look):
    manifest = folder / "list.parquet"
    parquet.write_table(pa.table({"file": pa.array(["a.xml", value], pa.string())}), manifest)
    assert refusal(manifest=manifest, look=look) == (
        f"--manifest {manifest}: row 2: column 'file' is {said}; expected the path of a scene"
    )


@pytest.mark.parametrize("name", ["list.txt", "list.parquet"])
def test_a_pointer_of_git_lfs_is_no_manifest(folder, name):
    (folder / name).write_text("version https://git-lfs.github.com/spec/v1\noid sha256:a\nsize 3\n")
    said = "a Git LFS pointer, not the file itself; fetch the file with 'git lfs pull'"
    assert refusal(manifest=folder / name) == f"--manifest {folder / name}: {said}"


@pytest.mark.parametrize(
    ("columns", "kind"),
    [
        (("path", "bytes", "sha256", "rows"), "the list of result files of a collection"),
        (("env_id", "env_index", "xml_file", "outlines"), "the scenes table of a collection"),
        (("env_id", "env_index", "xml_file"), "a table of a collection"),
        (("scene_sha256", "xml", "physics"), "the scenes of a data set"),
    ],
)
def test_a_table_that_is_not_a_list_of_scenes_is_named(folder, columns, kind):
    manifest = folder / "list.parquet"
    parquet.write_table(pa.table({name: ["x"] for name in columns}), manifest)
    assert refusal(manifest=manifest) == (
        f"--manifest {manifest}: no column 'file'; this is {kind}; expected a text file with one "
        "scene per line, or a Parquet file with a column 'file'"
    )


def test_invalid_parquet_manifests_are_refused(folder):
    manifest = folder / "list.parquet"
    manifest.write_text("a.xml")
    assert "not a Parquet file" in refusal(manifest=manifest)
    parquet.write_table(pa.table({"scene": ["a.xml"]}), manifest)
    assert "no column 'file'; it has: scene" in refusal(manifest=manifest)
    parquet.write_table(pa.table({"file": ["a.xml", "x.xml"]}), manifest)
    assert "row 2: no such file" in refusal(manifest=manifest)


def test_a_line_that_is_no_path_is_named_and_cut_off(folder):
    manifest = folder / "list.txt"
    manifest.write_text(f"a.xml\n{'x' * 10_000}\n")
    said = refusal(manifest=manifest)
    assert said.startswith(f"--manifest {manifest}: line 2: File name too long: '{folder}/xxx")
    assert len(said) < 1000


def test_two_columns_of_one_name_are_refused(folder):
    names = ["file", "opening_share", "opening_share"]
    table = pa.Table.from_arrays([["a.xml"], [0.5], [0.5]], names=names)
    parquet.write_table(table, folder / "list.parquet")
    assert refusal(manifest=folder / "list.parquet").endswith(
        "has 2 columns 'opening_share'; expected one"
    )


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [(0, -1, range(10)), (3, 5, range(3, 5)), (9, 10, range(9, 10)), (4, -1, range(4, 10))],
)
def test_a_range_excludes_its_end(start, end, expected):
    assert resolve_range(start, end, 10) == expected


@pytest.mark.parametrize(
    ("start", "end", "said"),
    [
        (-1, 5, "--start-idx -1 is negative; there are 10 environments, 0 to 9"),
        (0, -2, "--end-idx -2 is invalid"),
        (0, 11, "--end-idx 11 is too large; there are 10 environments, 0 to 9, so at most 10"),
        (5, 5, "--start-idx 5 and --end-idx 5 leave no environment"),
        (10, -1, "--start-idx 10 and --end-idx -1 leave no environment"),
    ],
)
def test_a_range_outside_the_list_is_refused(start, end, said):
    with pytest.raises(UsageError) as caught:
        resolve_range(start, end, 10)
    assert said in str(caught.value)


def test_listing_a_folder_loads_no_heavy_library(folder):
    code = (
        "import sys, pathlib, namo.scenes.sources as s;"
        f"s.environments_from(pathlib.Path({str(folder)!r}), None);"
        "print([m for m in ('mujoco', 'numpy', 'torch', 'pyarrow') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
