import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from namo.scenes.parquet_files import (
    ParquetFileError,
    metadata_of,
    schema_of,
    table_of,
    text_problem,
)


def plain(path, table):
    """A Parquet file in which names and values stand as they are."""
    pq.write_table(table, path, compression="none", use_dictionary=False, store_schema=False)
    return path


def replaced(path, old, new):
    data = path.read_bytes()
    assert old in data
    path.write_bytes(data.replace(old, new))
    return path


def test_a_whole_file_is_returned_with_the_columns_asked_for(tmp_path):
    table = pa.table({"file": ["a", "b"], "size": [1, 2]}, metadata={"a": "b"})
    path = tmp_path / "list.parquet"
    pq.write_table(table, path)
    assert table_of(path, ["size"]).to_pydict() == {"size": [1, 2]}
    assert table_of(path).column_names == schema_of(path).names == ["file", "size"]
    assert metadata_of(path)[b"a"] == b"b"


@pytest.mark.parametrize("read", [schema_of, table_of, metadata_of])
def test_what_is_no_parquet_file_is_refused_with_the_reason(tmp_path, read):
    path = tmp_path / "list.parquet"
    for content in (b"", b"PAR1", b"file\na.xml\n"):
        path.write_bytes(content)
        with pytest.raises(ParquetFileError, match=r"not a Parquet file, or damaged: Parquet"):
            read(path)
    path.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n")
    with pytest.raises(ParquetFileError, match="a Git LFS pointer"):
        read(path)
    with pytest.raises(ParquetFileError, match="is a folder; expected a regular file"):
        read(tmp_path)
    with pytest.raises(ParquetFileError, match="No such file"):
        read(tmp_path / "none.parquet")


def test_names_and_values_that_are_not_text_are_refused(tmp_path):
    path = plain(tmp_path / "list.parquet", pa.table({"column": ["some value"]}))
    replaced(path, b"column", b"col\xffmn")
    with pytest.raises(ParquetFileError, match="codec can't decode byte 0xff"):
        schema_of(path)
    path = plain(path, pa.table({"column": ["some value"]}))
    replaced(path, b"some value", b"some \xffalue")
    with pytest.raises(ParquetFileError, match="Invalid UTF8"):
        table_of(path)


def test_columns_of_one_name_are_refused(tmp_path):
    table = pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["file", "file"])
    path = plain(tmp_path / "list.parquet", table)
    with pytest.raises(ParquetFileError, match="has 2 columns 'file'; expected one"):
        table_of(path, ["file"])


def test_text_is_text_however_it_is_stored():
    table = pa.table({"a": ["x"], "b": pa.array(["x"], pa.large_string()), "c": [None], "d": [1]})
    assert text_problem(table, ["a", "b"]) == ""
    assert text_problem(table, ["a", "c"]) == "column 'c' must be text in every row"
    assert text_problem(table, ["d"]) == "column 'd' must be text in every row"
