import numpy as np
import pytest

from namo.reporting.searches import gather
from namo.reporting.table import table_of
from tests.reporting.conftest import NASTY, search


def table(folder, shown=frozenset()):
    metrics = folder / "metrics.parquet"
    return table_of(gather(metrics), metrics, set(shown))


def test_everything_is_listed_where_it_is_little(collection):
    found = table(collection, {"host_env_000002_episode_000"})
    content = found.content
    assert found.note == ""
    assert content["environment"] == list(range(9))
    assert [content["outcomes"][code] for code in content["outcome"]] == [
        *("solved", "solved", "solved", "pushes", "error", "error", "exhausted", "timeout"),
        "solved",
    ]
    assert content["length"] == [0, 1, 2, None, None, None, None, None, 1]
    assert content["shown"] == {"2": "host_env_000002_episode_000"}
    assert content["folder"] == ""  # "scenes" and "scènes"
    assert content["file"][4] == NASTY


def test_the_folder_all_scenes_are_in_is_kept_once(make_collection):
    folder = make_collection(
        [search(0, xml_file="/a/b/c/1.xml"), search(1, xml_file="/a/b/cd/2.xml")]
    )
    content = table(folder).content
    assert (content["folder"], content["file"]) == ("/a/b/", ["c/1.xml", "cd/2.xml"])


def test_of_very_many_all_failures_and_some_of_the_rest_are_listed(make_collection, monkeypatch):
    monkeypatch.setattr("namo.reporting.table.MOST_ROWS", 40)
    monkeypatch.setattr("namo.reporting.table.MOST_OF_A_KIND", 10)
    rows = [search(n, "pushes" if n % 2 else "solved") for n in range(100)]
    rows[50] = search(50, "error")
    rows[60] = search(60, replayed=False)
    found = table(make_collection(rows))
    listed = np.array(found.content["environment"])
    assert len(listed) == 40
    assert (np.diff(listed) > 0).all()
    assert {50, 60} <= set(listed.tolist())
    assert (listed % 2).sum() == 10
    assert "2 failures, 10 unsolved searches and 28 solved ones" in found.note
    assert "all 100" in found.note


@pytest.mark.parametrize(("seconds", "kept"), [(1234.5678, 1230.0), (0.0123456, 0.0123)])
def test_times_keep_three_digits(make_collection, seconds, kept):
    folder = make_collection([search(0, search_time_ms=1000.0 * seconds)])
    assert table(folder).content["seconds"] == [kept]
