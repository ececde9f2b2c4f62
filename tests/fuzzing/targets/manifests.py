"""The readers of lists of scenes: text files and Parquet files.

The first line of an input is the suffix of the file, which follows: ".txt" or ".parquet"; or
`TABLE`, after which JSON gives columns and metadata of a Parquet file, as a change of its bytes
seldom makes another table.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from random import Random

import pyarrow as pa
import pyarrow.parquet as pq

from namo.certification.own_scenes import require_own
from namo.certification.settings import SceneSetSettings
from namo.errors import ResultFileError, SceneError, UsageError
from namo.gym.scene_set import scene_set
from namo.scenes.manifest import audit_manifest, left_out_of, listed_scenes
from namo.scenes.packed import first_of_classes, unpack
from namo.scenes.scene_files import scene_files
from namo.scenes.sources import DEMO_SCENES, environments_from
from tests.conftest import REPOSITORY
from tests.faults.mutations import bent
from tests.fuzzing.oracle import require_name
from tests.fuzzing.plain_values import mutated_value

ERRORS = (UsageError, ResultFileError, SceneError)
TABLE = b"table"
PACKED = REPOSITORY / "resources" / "scenes" / "benchmark" / "scenes.parquet"
TYPES = (
    *("string", "large_string", "binary", "bool", "int8", "int32", "int64", "uint64", "float32"),
    *("float64", "date32", "timestamp[us]", "null", "list", "dictionary"),
)


def seeds() -> list[bytes]:
    tables = [pq.read_table(DEMO_SCENES)[:3], pq.read_table(PACKED)[:2]]
    files = []
    for table in tables:
        buffer = BytesIO()
        pq.write_table(table.select(["file", "sha256", "layout_id", "split"]), buffer)
        files.append(b".parquet\n" + buffer.getvalue())
    text = b".txt\n# scenes\n1.xml\n\n../a/2.xml\n"
    return [*(TABLE + b"\n" + _described(table) for table in tables), *files, text]


def _described(table: pa.Table) -> bytes:
    columns = [
        [name, str(table.schema.field(name).type), table[name].to_pylist()]
        for name in table.column_names
    ]
    metadata = {key.decode(): value.decode() for key, value in table.schema.metadata.items()}
    return json.dumps({"columns": columns, "metadata": metadata}).encode()


def read(data: bytes, folder: Path) -> None:
    head, _, content = data.partition(b"\n")
    path = folder / ("input.txt" if head == b".txt" else "input.parquet")
    if head == TABLE:
        _write_table(path, content)
    else:
        path.write_bytes(content)
    read_by_one, problems = False, []
    for reader in _readers(path):
        try:
            reader()
            read_by_one = True
        except ERRORS as error:
            require_name(folder, error)
            problems.append(str(error))
        finally:
            shutil.rmtree(folder / "unpacked", ignore_errors=True)
    if not read_by_one:
        raise UsageError("; ".join(problems))


def _readers(path: Path) -> Iterator[Callable[[], object]]:
    yield lambda: environments_from(None, path, look=False)
    yield lambda: environments_from(None, path, "train", look=False)
    yield lambda: scene_files(path)
    yield lambda: scene_set(str(path), "easy").max_movables()
    if path.suffix == ".parquet":
        yield lambda: audit_manifest(path)
        yield lambda: left_out_of(path)
        yield lambda: listed_scenes(path)
        yield lambda: require_own(path)
        yield lambda: SceneSetSettings().require_made_with(path)
        yield lambda: first_of_classes(path, 1)
        yield lambda: unpack(path, path.parent / "unpacked")


def _write_table(path: Path, described: bytes) -> None:
    """Write the table that a text describes.

    Raises:
        UsageError: it describes none.
    """
    try:
        content = json.loads(described)
        fields, arrays = [], []
        for name, kind, values in content["columns"]:
            arrays.append(pa.array(values, _type(kind)))
            fields.append(pa.field(name, arrays[-1].type))
        schema = pa.schema(fields, metadata=content["metadata"])
        pq.write_table(pa.Table.from_arrays(arrays, schema=schema), path)
    except (
        pa.ArrowException,
        LookupError,
        TypeError,
        ValueError,
        OverflowError,
        RecursionError,
    ) as error:
        raise UsageError(f"{path}: no table: {error}") from None


def _type(name: str) -> pa.DataType:
    if name == "list":
        return pa.list_(pa.string())
    if name == "dictionary":
        return pa.dictionary(pa.int32(), pa.string())
    return pa.type_for_alias(str(name))


def mutated(data: bytes, rng: Random) -> bytes:
    head, _, content = data.partition(b"\n")
    if head == TABLE:
        try:
            return head + b"\n" + _mutated_table(content, rng)
        except (ValueError, TypeError, LookupError, RecursionError):
            return head + b"\n" + bent(content, rng)
    return head + b"\n" + bent(content, rng)


def _mutated_table(described: bytes, rng: Random) -> bytes:
    content = json.loads(described)
    if rng.random() < 0.3:
        column = rng.choice(content["columns"])
        column[1] = rng.choice(TYPES)
        if column[1] not in ("string", "large_string", "dictionary"):
            of_type = rng.choice((None, 0, 1.5, True, "", []))
            column[2] = [of_type for _ in column[2]]
        return json.dumps(content).encode()
    return json.dumps(mutated_value(content, rng)).encode()
