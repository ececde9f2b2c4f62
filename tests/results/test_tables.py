import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from namo.errors import ResultFileError
from namo.results import tables
from namo.results.schema import FILES
from namo.results.tables import TABLES, write_table


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
