import polars
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from namo.errors import ResultFileError, UsageError
from namo.exporting import huggingface
from namo.results.export_folder import EXPORTED, LEFT_OUT
from namo.results.tables import DATA_TABLES
from tests.exporting.conftest import exported
from tests.training.conftest import manifest_of


@pytest.fixture(scope="module")
def written(collection, tmp_path_factory):
    """The folder of an export with default settings. Read only."""
    folder = tmp_path_factory.mktemp("huggingface") / "out"
    exported(collection, "huggingface", folder)
    return folder


def scenes_of(collection):
    """The scene files that could be read."""
    return [collection.run_from / row["xml_file"] for row in collection.scenes.to_pylist()]


def expected(collection, name):
    """The rows of a table as the export must return them."""
    folder = str(scenes_of(collection)[0].parent) + "/"
    rows = getattr(collection, name).to_pylist()
    for row in rows:
        for column in ("xml_file", "error_message"):
            if row.get(column):
                row[column] = row[column].replace(folder, "")
    return [{key: row[key] for key in row if key not in LEFT_OUT} for row in rows]


@pytest.mark.parametrize("name", EXPORTED)
def test_the_library_reads_every_table_of_the_collection(collection, written, datasets, name):
    data = datasets.load_dataset(str(written), name)
    assert list(data) == ["train"]
    assert data["train"].to_list() == expected(collection, name)


def test_polars_reads_the_shards(collection, written):
    pushes = polars.read_parquet(written / "pushes" / "train-*.parquet")
    assert pushes.to_dicts() == expected(collection, "pushes")


def test_fields_keep_their_metadata(written):
    for name, table in EXPORTED.items():
        schema = pq.read_schema(written / name / "train-00000.parquet")
        for field in schema:
            assert field.metadata == DATA_TABLES[table].field(field.name).metadata


def test_no_file_contains_host_names_or_absolute_folders(collection, written):
    folder = str(scenes_of(collection)[0].parent)
    secret = {folder, collection.episodes["worker_hostname"][0].as_py()}
    for path in written.rglob("*.parquet"):
        text = str(pq.read_table(path).to_pylist())
        assert not any(each in text for each in (folder, "hostname", "rerun_command"))
    assert not any(f"'{each}'" in (written / "README.md").read_text() for each in secret)


def test_a_failure_names_its_scene_relative_to_the_common_folder(written):
    rows = pq.read_table(written / "episodes" / "train-00000.parquet").to_pylist()
    (failed,) = [row for row in rows if row["error_message"]]
    assert failed["xml_file"] == "e.xml"
    assert failed["error_message"].startswith("e.xml: ")


def test_only_the_common_folder_itself_is_removed_from_messages():
    table = pa.table({"error_message": ["/data/a.xml: OSError: /mnt/data/b: no", None]})
    short = huggingface._portable(table, "/data/")["error_message"].to_pylist()
    assert short == ["a.xml: OSError: /mnt/data/b: no", None]


def test_another_export_of_the_same_name_is_not_read_from_the_cache(copied, datasets, tmp_path):
    for left_out in (0, 1):
        table = copied.episodes.slice(left_out)
        pq.write_table(table, copied.folder / "metrics.parquet")
        exported(copied, "huggingface", tmp_path / f"{left_out}" / "out")
        data = datasets.load_dataset(str(tmp_path / f"{left_out}" / "out"), "episodes")["train"]
        assert data.num_rows == table.num_rows
        assert data.to_list()[0]["episode_id"] == table["episode_id"][0].as_py()


def test_many_rows_become_several_shards_in_order(copied, datasets, tmp_path, monkeypatch):
    path = copied.folder / "pushes.parquet"
    pq.write_table(copied.pushes, path, row_group_size=4)
    monkeypatch.setattr(huggingface, "SHARD_BYTES", 4000)
    exported(copied, "huggingface", tmp_path / "out")
    shards = sorted((tmp_path / "out" / "pushes").iterdir())
    assert len(shards) > 2
    assert [shard.name for shard in shards][:2] == ["train-00000.parquet", "train-00001.parquet"]
    data = datasets.load_dataset(str(tmp_path / "out"), "pushes")["train"]
    assert data["push"][:] == copied.pushes["push"].to_pylist()
    assert data["poses_after"][:] == copied.pushes["poses_after"].to_pylist()


@pytest.mark.parametrize("without", [("plans",), ("pushes",), ("pushes", "plans", "scenes")])
def test_a_table_without_rows_is_a_configuration_with_0_rows(copied, datasets, tmp_path, without):
    for name in without:
        table = DATA_TABLES[EXPORTED[name]]
        pq.write_table(table.empty_table(), copied.folder / f"{EXPORTED[name]}.parquet")
    exported(copied, "huggingface", tmp_path / "out")
    folder = str(tmp_path / "out")
    assert sorted(datasets.get_dataset_config_names(folder)) == sorted((*EXPORTED, "scene_files"))
    for name in EXPORTED:
        data = datasets.load_dataset(folder, name, streaming=True)["train"]
        assert (list(data) == []) == (name in without)
        schema = DATA_TABLES[EXPORTED[name]]
        files = tmp_path / "out" / name / "train-*.parquet"
        assert (polars.read_parquet(files).height == 0) == (name in without)
        if name not in without:
            assert datasets.load_dataset(folder, name)["train"].column_names == data.column_names
        assert data.column_names == [one for one in schema.names if one not in LEFT_OUT]
    card = (tmp_path / "out" / "README.md").read_text()
    assert f"Without rows: {', '.join(f'`{one}`' for one in EXPORTED if one in without)}." in card


def test_splits_come_from_the_manifest(collection, datasets, tmp_path):
    scenes = scenes_of(collection)
    manifest = tmp_path / "scenes.parquet"
    manifest_of(manifest, scenes[:3])
    with pytest.raises(UsageError, match=r"d\.xml: not listed in .*scenes\.parquet"):
        exported(collection, "huggingface", tmp_path / "out", manifest=manifest)
    rows = pq.read_table(manifest_of(manifest, scenes[:3])).to_pylist()
    more = [
        {**rows[0], "file": name, "sha256": sha256, "layout_id": name, "split": split}
        for name, sha256, split in zip(
            "de",
            collection.episodes["scene_sha256"].to_pylist()[6::2],
            ("test", "val"),
            strict=True,
        )
    ]
    pq.write_table(pa.Table.from_pylist([*rows, *more]), manifest)
    exported(collection, "huggingface", tmp_path / "out", manifest=manifest)
    episodes = datasets.load_dataset(str(tmp_path / "out"), "episodes")
    of = {split: sorted(set(rows["xml_file"])) for split, rows in episodes.items()}
    assert of == {"train": ["a.xml"], "val": ["b.xml", "e.xml"], "test": ["c.xml", "d.xml"]}
    pushes = datasets.load_dataset(str(tmp_path / "out"), "pushes")
    numbers = {split: sorted(set(rows["env_index"])) for split, rows in pushes.items()}
    assert numbers == {"train": [0], "val": [1], "test": [3]}, (
        "the goal of c is reachable from the start"
    )


def test_an_environment_without_a_scene_file_has_no_split(copied, tmp_path):
    scenes = scenes_of(copied)
    manifest = manifest_of(tmp_path / "scenes.parquet", scenes[:3])
    rows = pq.read_table(manifest).to_pylist()
    rows.append({**rows[0], "file": "d", "sha256": copied.episodes["scene_sha256"][6].as_py()})
    pq.write_table(pa.Table.from_pylist(rows), manifest)
    table = copied.episodes.to_pylist()
    table[-1]["scene_sha256"] = ""
    pq.write_table(
        pa.Table.from_pylist(table, DATA_TABLES["metrics"]), copied.folder / "metrics.parquet"
    )
    lines = exported(copied, "huggingface", tmp_path / "out", manifest=manifest)
    assert "1 environment left out: the scene could not be read, so it has no split" in lines
    sentence = "because their scene could not be read and has no split: 1."
    assert sentence in (tmp_path / "out" / "README.md").read_text()
    for row in table:
        row["scene_sha256"] = ""
    pq.write_table(
        pa.Table.from_pylist(table, DATA_TABLES["metrics"]), copied.folder / "metrics.parquet"
    )
    with pytest.raises(UsageError, match=r"none of its scenes .* leave --manifest out"):
        exported(copied, "huggingface", tmp_path / "more", manifest=manifest)


def test_an_invalid_split_name_is_refused(collection, tmp_path):
    rows = pq.read_table(manifest_of(tmp_path / "m.parquet", scenes_of(collection)[:1])).to_pylist()
    pq.write_table(
        pa.Table.from_pylist([{**row, "split": "../train"} for row in rows]), tmp_path / "m.parquet"
    )
    with pytest.raises(UsageError, match=r"split is '\.\./train'; allowed: letters"):
        exported(collection, "huggingface", tmp_path / "out", manifest=tmp_path / "m.parquet")


def test_a_missing_table_is_named(copied, tmp_path):
    (copied.folder / "plans.parquet").unlink()
    with pytest.raises(ResultFileError, match=r"plans\.parquet: is missing"):
        exported(copied, "huggingface", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_the_card_has_valid_front_matter(written):
    _, front, body = (written / "README.md").read_text().split("---\n", 2)
    assert [each["config_name"] for each in yaml.safe_load(front)["configs"]] == [
        *EXPORTED,
        "scene_files",
    ]
    assert body.lstrip().startswith("# NAMO planning data: mine")
