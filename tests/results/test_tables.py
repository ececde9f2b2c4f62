import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from namo.errors import NotRegularFileError, ResultFileError
from namo.results import tables
from namo.results.schema import FILES, METRICS
from namo.results.tables import (
    TABLES,
    merged_table,
    open_table,
    read_table,
    require_schema,
    require_values,
    row_groups,
    write_table,
)


def entries(*numbers):
    rows = [{"path": f"{n}.pkl", "bytes": n, "sha256": "", "rows": None} for n in numbers]
    return pa.Table.from_pylist(rows, FILES)


@pytest.mark.parametrize("schema", TABLES.values(), ids=TABLES)
def test_a_table_without_rows_has_its_schema(tmp_path, schema):
    path = tmp_path / "table.parquet"
    assert write_table(path, schema, []) == 0
    table = pq.read_table(path)
    assert table.num_rows == 0
    assert table.schema.equals(schema)
    assert [field.metadata for field in table.schema] == [field.metadata for field in schema]
    assert table.schema.metadata == schema.metadata


def test_tables_are_concatenated_in_order_with_units_and_descriptions(tmp_path):
    path = tmp_path / "table.parquet"
    assert write_table(path, FILES, [entries(3), entries(), entries(1, 2)]) == 3
    table = pq.read_table(path)
    assert table["bytes"].to_pylist() == [3, 1, 2]
    assert table.schema.equals(FILES, check_metadata=True)


def test_many_small_tables_become_few_row_groups(tmp_path, monkeypatch):
    monkeypatch.setattr("namo.results.tables.ROW_GROUP", 10)
    path = tmp_path / "table.parquet"
    assert write_table(path, FILES, (entries(n) for n in range(25))) == 25
    assert pq.ParquetFile(path).num_row_groups == 3
    assert pq.read_table(path)["bytes"].to_pylist() == list(range(25))


def test_a_failed_write_leaves_the_old_file(tmp_path):
    path = tmp_path / "table.parquet"
    write_table(path, FILES, [entries(1)])

    def tables():
        yield entries(2)
        raise RuntimeError

    with pytest.raises(RuntimeError):
        write_table(path, FILES, tables())
    assert pq.read_table(path)["bytes"].to_pylist() == [1]
    assert list(tmp_path.iterdir()) == [path]


def test_batches_are_the_rows_of_the_table_a_few_at_a_time(tmp_path, monkeypatch):
    schema = pa.schema([pa.field("env_index", pa.int64(), nullable=False)])
    table = pa.table({"env_index": [*range(10)]}, schema=schema)
    pq.write_table(table, tmp_path / "rows.parquet", row_group_size=7)
    monkeypatch.setattr(tables, "BATCH_ROWS", 3)
    found = list(tables.row_batches(tmp_path / "rows.parquet"))
    assert all(len(each) <= 3 for each in found)
    assert pa.concat_tables(found).equals(table)


def test_batches_are_checked_like_row_groups(tmp_path):
    pq.write_table(pa.table({"env_index": [0, -1]}), tmp_path / "rows.parquet")
    with pytest.raises(ResultFileError, match="column 'env_index' holds -1"):
        list(tables.row_batches(tmp_path / "rows.parquet"))


def test_no_row_group_is_empty_when_the_last_rows_fill_one(tmp_path, monkeypatch):
    monkeypatch.setattr(tables, "ROW_GROUP", 5)
    path = tmp_path / "table.parquet"
    assert write_table(path, FILES, (entries(n) for n in range(10))) == 10
    file = pq.ParquetFile(path)
    assert [file.metadata.row_group(group).num_rows for group in range(2)] == [5, 5]
    assert file.num_row_groups == 2


def test_row_groups_are_smaller_where_rows_are_large(tmp_path, monkeypatch):
    monkeypatch.setattr(tables, "GROUP_BYTES", 3 * entries(1).nbytes)
    path = tmp_path / "table.parquet"
    write_table(path, FILES, (entries(n) for n in range(7)))
    file = pq.ParquetFile(path)
    assert [file.metadata.row_group(group).num_rows for group in range(3)] == [3, 3, 1]


def test_tables_are_compressed(tmp_path):
    write_table(tmp_path / "table.parquet", FILES, [entries(1)])
    column = pq.ParquetFile(tmp_path / "table.parquet").metadata.row_group(0).column(0)
    assert column.compression == "ZSTD"


def test_row_groups_hold_the_columns_that_were_asked_for(tmp_path, monkeypatch):
    monkeypatch.setattr(tables, "ROW_GROUP", 2)
    path = tmp_path / "table.parquet"
    write_table(path, FILES, (entries(n) for n in range(5)))
    found = list(row_groups(path, ["bytes"]))
    assert [table["bytes"].to_pylist() for table in found] == [[0, 1], [2, 3], [4]]
    assert found[0].column_names == ["bytes"]
    assert [table.column_names for table in tables.row_batches(path, ["bytes"])] == [["bytes"]]
    assert read_table(path, ["bytes"], [("bytes", ">", 3)]).to_pydict() == {"bytes": [4]}


@pytest.mark.parametrize("read", [row_groups, tables.row_batches, read_table])
def test_every_way_of_reading_checks_the_values(tmp_path, read):
    path = tmp_path / "rows.parquet"
    pq.write_table(pa.table({"env_index": [0, -1]}), path)
    with pytest.raises(ResultFileError) as caught:
        list(read(path))
    assert str(caught.value) == (f"{path}: column 'env_index' holds -1 to 0; allowed: 0 to 9999999")


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"push": [1, None]}, "column 'push' holds null"),
        ({"termination": ["solved", "x" * 60]}, f"column 'termination' holds '{'x' * 39}"),
        ({"env_index": [0, 10_000_000]}, "column 'env_index' holds 0 to 10000000; allowed: 0 to"),
        ({"clearance": [0.0, 1.5]}, "column 'clearance' is 1.5; allowed: 0 to 1 (m)"),
        ({"bounds": [[0.0] * 3]}, "column 'bounds' holds a list of length 3; allowed: 4"),
    ],
    ids=["null", "name", "index", "clearance", "list"],
)
@pytest.mark.parametrize("name", ["scenes.parquet", "scenes/shard.parquet"])
def test_a_value_that_is_not_allowed_is_named_with_its_column(tmp_path, name, columns, said):
    path = tmp_path / name
    with pytest.raises(ResultFileError) as caught:
        require_values(path, pa.table(columns))
    assert str(caught.value).startswith(f"{path}: {said}")


def test_the_greatest_index_and_nulls_where_they_mean_something_are_allowed(tmp_path):
    table = {"env_index": [0, 9_999_999], "rows": [None, 1], "clearance": [0.0, 1.0]}
    require_values(tmp_path / "a.parquet", pa.table(table))
    require_values(tmp_path / "a.parquet", pa.table({"env_index": pa.array([], pa.int64())}))


def test_a_table_that_cannot_be_read_is_named_with_the_reason(tmp_path):
    path = tmp_path / "table.parquet"
    with pytest.raises(ResultFileError) as caught:
        read_table(path)
    assert str(caught.value) == f"{path}: is missing; `namo verify` lists all problems"
    path.write_bytes(b"damaged")
    with pytest.raises(ResultFileError) as caught:
        read_table(path)
    assert str(caught.value).startswith(f"{path}: cannot be read: ")
    path.unlink()
    path.mkdir()
    with pytest.raises(NotRegularFileError):
        read_table(path)


def test_an_error_within_the_block_names_the_table_unless_it_names_a_file_itself(tmp_path):
    path = tmp_path / "table.parquet"
    write_table(path, FILES, [entries(1)])
    with pytest.raises(ResultFileError) as caught, open_table(path):
        raise pa.ArrowInvalid("damaged page")
    assert str(caught.value) == f"{path}: cannot be read: damaged page"
    with pytest.raises(ResultFileError, match=r"^another: is damaged$"), open_table(path):
        raise ResultFileError("another: is damaged")


def test_columns_are_read_as_dictionaries_where_asked_for(tmp_path):
    path = tmp_path / "table.parquet"
    write_table(path, FILES, [entries(1)])
    with open_table(path, ["path"]) as file:
        types = file.read_row_group(0).schema
    assert pa.types.is_dictionary(types.field("path").type)
    assert not pa.types.is_dictionary(types.field("sha256").type)


def test_a_table_of_another_schema_or_out_of_the_collection_is_refused(tmp_path):
    folder = tmp_path / "out"
    path = folder / "metrics.parquet"
    write_table(path, METRICS, [])
    assert merged_table(folder, "metrics") == path
    with pytest.raises(ResultFileError) as caught:
        require_schema(path, FILES, folder)
    assert str(caught.value) == f"{path}: schema differs from the one this version writes"
    write_table(path, METRICS.remove_metadata(), [])
    with pytest.raises(ResultFileError, match=r"metrics\.parquet: is of schema version None"):
        merged_table(folder, "metrics")
    path.rename(tmp_path / "outside")
    path.symlink_to(tmp_path / "outside")
    with pytest.raises(ResultFileError, match=r"a symbolic link to .*outside, which leads out of"):
        merged_table(folder, "metrics")
