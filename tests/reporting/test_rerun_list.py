import pytest

from namo.reporting import rerun_list
from namo.reporting.episodes import read_episodes
from namo.reporting.rerun_list import (
    diverged_replays,
    failed_environments,
    pushes_text,
    slowest_episodes,
)
from tests.reporting.conftest import episode_row, failure

FOLDER = "my out"


@pytest.fixture
def metrics(collection):
    return collection / "metrics.parquet"


def test_the_slowest_episodes_are_in_order_and_without_failed_environments(metrics):
    entries = slowest_episodes(read_episodes(metrics), FOLDER)
    assert [entry.environment for entry in entries] == [7, 3, 0, 1, 2, 6, 8]
    assert entries[0].text == "60.0 s, 12 pushes simulated, unsolved (timeout)"
    assert entries[1].text == "9.00 s, 30 pushes simulated, unsolved (push budget)"
    assert entries[3].text == "1.00 s, 1 push simulated, solved with 1 push"
    assert entries[0].command == "namo rerun 'my out' 7"


def test_diverged_replays_are_listed(metrics):
    (entry,) = diverged_replays(read_episodes(metrics), FOLDER)
    assert entry.environment == 8


def test_unexplained_failures_come_first(metrics):
    failures = failed_environments(read_episodes(metrics), metrics, FOLDER)
    assert failures.total == 2
    assert [entry.environment for entry in failures.listed] == [4, 5]
    assert [entry.command for entry in failures.listed] == [
        "namo redo 'my out' 4",
        "namo redo 'my out' 5",
    ]


def test_long_lists_are_sampled_at_even_spacing(make_collection, monkeypatch):
    monkeypatch.setattr(rerun_list, "MAX_LISTED", 3)
    monkeypatch.setattr(rerun_list, "MAX_SLOWEST", 2)
    rows = [failure(n, "no robot") for n in range(6)]
    rows += [episode_row(n, replayed=False) for n in range(6, 12)]
    metrics = make_collection(rows) / "metrics.parquet"
    episodes = read_episodes(metrics)
    failures = failed_environments(episodes, metrics, FOLDER)
    assert failures.total == 6
    assert [entry.environment for entry in failures.listed] == [0, 2, 4]
    diverged = diverged_replays(episodes, FOLDER)
    assert [entry.environment for entry in diverged] == [6, 8, 10]
    assert len(slowest_episodes(episodes, FOLDER)) == 2


def test_numbers_of_pushes_have_their_noun():
    assert [pushes_text(count) for count in (0, 1, 1200)] == ["0 pushes", "1 push", "1,200 pushes"]
