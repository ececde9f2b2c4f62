import numpy as np
import pytest

from namo.reporting.episode_table import episode_table
from namo.reporting.episodes import read_episodes
from tests.reporting.conftest import NASTY, episode_row


def table(folder, shown=frozenset()):
    metrics = folder / "metrics.parquet"
    return episode_table(read_episodes(metrics), metrics, set(shown))


def test_small_collections_are_listed_completely(collection):
    found = table(collection, {"host_env_000002_episode_0"})
    columns = found.columns
    assert found.note == ""
    assert columns["environment"] == list(range(9))
    assert [columns["outcomes"][code] for code in columns["outcome"]] == [
        *("solved", "solved", "solved", "push budget", "error", "error", "exhausted", "timeout"),
        "solved",
    ]
    assert columns["length"] == [0, 1, 2, None, None, None, None, None, 1]
    assert columns["shown"] == {"2": "host_env_000002_episode_0"}
    assert columns["folder"] == ""  # "scenes" and "scènes"
    assert columns["file"][4] == NASTY


def test_the_common_folder_of_all_scenes_is_stored_once(make_collection):
    folder = make_collection(
        [episode_row(0, xml_file="/a/b/c/1.xml"), episode_row(1, xml_file="/a/b/cd/2.xml")]
    )
    columns = table(folder).columns
    assert (columns["folder"], columns["file"]) == ("/a/b/", ["c/1.xml", "cd/2.xml"])


def test_large_collections_list_all_failures_and_a_sample_of_the_rest(make_collection, monkeypatch):
    monkeypatch.setattr("namo.reporting.episode_table.MAX_ROWS", 40)
    monkeypatch.setattr("namo.reporting.episode_table.MAX_ROWS_PER_KIND", 10)
    rows = [episode_row(n, "pushes" if n % 2 else "solved") for n in range(100)]
    rows[50] = episode_row(50, "error")
    rows[60] = episode_row(60, replayed=False)
    found = table(make_collection(rows))
    listed = np.array(found.columns["environment"])
    assert len(listed) == 40
    assert (np.diff(listed) > 0).all()
    assert {50, 60} <= set(listed.tolist())
    assert (listed % 2).sum() == 10
    assert "2 failures, 10 unsolved episodes and 28 solved ones" in found.note
    assert "all 100" in found.note


@pytest.mark.parametrize(("seconds", "kept"), [(1234.5678, 1230.0), (0.0123456, 0.0123)])
def test_times_are_rounded_to_three_digits(make_collection, seconds, kept):
    folder = make_collection([episode_row(0, search_time_ms=1000.0 * seconds)])
    assert table(folder).columns["seconds"] == [kept]
