from collections import Counter

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from namo.reporting.causes import UNUSABLE, Cause
from namo.reporting.searches import UNSOLVED, evenly, gather, rows_at
from namo.results.tables import DATA_TABLES
from tests.reporting.conftest import failure, mixed, search


@pytest.fixture(params=[100, 2], ids=["one row group", "row groups of two"])
def metrics(request, tmp_path):
    table = pa.Table.from_pylist(mixed(), DATA_TABLES["metrics"])
    pq.write_table(table, tmp_path / "metrics.parquet", row_group_size=request.param)
    return tmp_path / "metrics.parquet"


def test_every_row_is_there_in_order_whatever_the_row_groups(metrics):
    found = gather(metrics)
    assert found.environment.tolist() == list(range(9))
    assert found.failed.nonzero()[0].tolist() == [4, 5]
    assert found.solved.nonzero()[0].tolist() == [0, 1, 2, 8]
    assert found.closed.nonzero()[0].tolist() == [6]
    assert found.verified.nonzero()[0].tolist() == [0, 1, 2]
    assert found.differs.nonzero()[0].tolist() == [8]
    assert found.length.tolist() == [0, 1, 2, *[UNSOLVED] * 5, 1]
    assert found.pushes.tolist() == [0, 1, 7, 30, 0, 0, 4, 12, 1]
    assert found.seconds[[1, 3, 7]].tolist() == [1.0, 9.0, 60.0]


def test_classes_are_ordered_by_difficulty_and_scenes_without_one_come_last(metrics):
    found = gather(metrics)
    assert found.classes == ("open", "easy", "hard", "two_pushes", "")
    names = [found.classes[code] for code in found.difficulty]
    assert names == ["open", "easy", "two_pushes", "hard", "easy", "easy", "hard", "", "easy"]


def test_failures_are_counted_by_cause(metrics):
    causes = gather(metrics).causes
    assert causes == Counter({Cause(explained=False, text="KeyError"): 1, UNUSABLE: 1})


def test_strategies_are_told_apart(tmp_path):
    rows = [search(0), search(1, algorithm="best_first"), search(2), failure(3, "no robot")]
    table = pa.Table.from_pylist(rows, DATA_TABLES["metrics"])
    pq.write_table(table, tmp_path / "metrics.parquet", row_group_size=2)
    found = gather(tmp_path / "metrics.parquet")
    names = [found.strategies[code][0] for code in found.strategy]
    assert names == ["idfs", "best_first", "idfs", "idfs"]


def test_rows_come_in_the_order_they_are_asked_for(metrics):
    rows = rows_at(metrics, np.array([7, 0, 7, 3]), ["env_index"])
    assert [row["env_index"] for row in rows] == [7, 0, 7, 3]


def test_evenly_keeps_the_first_and_the_order():
    assert evenly(np.arange(10), 4).tolist() == [0, 2, 5, 7]
    assert evenly(np.arange(3), 4).tolist() == [0, 1, 2]
    assert evenly(np.arange(3), 0).tolist() == []
