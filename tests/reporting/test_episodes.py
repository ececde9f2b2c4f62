from collections import Counter

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from namo.reporting.episodes import NO_PLAN, evenly_spaced, read_episodes, rows_at
from namo.reporting.failure_causes import UNUSABLE_SCENE, FailureCause
from namo.results.tables import DATA_TABLES
from tests.reporting.conftest import episode_row, failure, mixed


@pytest.fixture(params=[100, 2], ids=["one row group", "row groups of two"])
def metrics(request, tmp_path):
    table = pa.Table.from_pylist(mixed(), DATA_TABLES["metrics"])
    pq.write_table(table, tmp_path / "metrics.parquet", row_group_size=request.param)
    return tmp_path / "metrics.parquet"


def test_all_rows_are_read_in_order_for_any_row_groups(metrics):
    found = read_episodes(metrics)
    assert found.environment.tolist() == list(range(9))
    assert found.failed.nonzero()[0].tolist() == [4, 5]
    assert found.solved.nonzero()[0].tolist() == [0, 1, 2, 8]
    assert found.closed.nonzero()[0].tolist() == [6]
    assert found.verified.nonzero()[0].tolist() == [0, 1, 2]
    assert found.diverged.nonzero()[0].tolist() == [8]
    assert found.length.tolist() == [0, 1, 2, *[NO_PLAN] * 5, 1]
    assert found.pushes.tolist() == [0, 1, 7, 30, 0, 0, 4, 12, 1]
    assert found.seconds[[1, 3, 7]].tolist() == [1.0, 9.0, 60.0]


def test_classes_are_ordered_by_difficulty_with_unknown_ones_last(metrics):
    found = read_episodes(metrics)
    assert found.classes == ("open", "easy", "hard", "two_pushes", "")
    names = [found.classes[code] for code in found.difficulty]
    assert names == ["open", "easy", "two_pushes", "hard", "easy", "easy", "hard", "", "easy"]


def test_failures_are_counted_by_cause(metrics):
    causes = read_episodes(metrics).failure_causes
    assert causes == Counter({FailureCause(explained=False, text="KeyError"): 1, UNUSABLE_SCENE: 1})


def test_strategies_are_distinguished(tmp_path):
    rows = [
        episode_row(0),
        episode_row(1, algorithm="best_first"),
        episode_row(2),
        failure(3, "no robot"),
    ]
    table = pa.Table.from_pylist(rows, DATA_TABLES["metrics"])
    pq.write_table(table, tmp_path / "metrics.parquet", row_group_size=2)
    found = read_episodes(tmp_path / "metrics.parquet")
    names = [found.strategies[code][0] for code in found.strategy]
    assert names == ["idfs", "best_first", "idfs", "idfs"]


def test_rows_are_returned_in_the_requested_order(metrics):
    rows = rows_at(metrics, np.array([7, 0, 7, 3]), ["env_index"])
    assert [row["env_index"] for row in rows] == [7, 0, 7, 3]


def test_even_spacing_keeps_the_first_row_and_the_order():
    assert evenly_spaced(np.arange(10), 4).tolist() == [0, 2, 5, 7]
    assert evenly_spaced(np.arange(3), 4).tolist() == [0, 1, 2]
    assert evenly_spaced(np.arange(3), 0).tolist() == []
