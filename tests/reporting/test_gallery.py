import pyarrow as pa
import pyarrow.parquet as pq

from namo.reporting.episodes import read_episodes
from namo.reporting.gallery import MAX_PLANS, MAX_UNSOLVED, read_entries, select_entries
from namo.results.tables import DATA_TABLES
from tests.reporting.conftest import episode_row


def selected_rows(folder):
    return select_entries(read_episodes(folder / "metrics.parquet"))


def test_plans_of_every_kind_come_before_unsolved_episodes(collection):
    # Environment 0 needs no push, 4 and 5 failed.
    assert selected_rows(collection).tolist() == [1, 8, 2, 3, 6, 7]


def test_rare_kinds_are_represented_and_the_selection_is_deterministic(make_collection):
    kinds = [("easy", 1)] * 200 + [("hard", 2)] * 3 + [("hard", 3)]
    rows = [
        episode_row(n, difficulty=difficulty, solution_depth=depth)
        for n, (difficulty, depth) in enumerate(kinds)
    ]
    folder = make_collection([*rows, *(episode_row(n, "pushes") for n in range(204, 300))])
    selected = selected_rows(folder).tolist()
    assert len(selected) == len(set(selected)) == MAX_PLANS + MAX_UNSOLVED
    assert {200, 201, 202, 203} <= set(selected)
    easy = [row for row in selected if row < 200]
    assert max(easy) - min(easy) > 150  # spread over the collection
    assert selected == selected_rows(folder).tolist()


def test_entries_are_read_from_all_row_groups(collection, tmp_path):
    for name in DATA_TABLES:
        table = pq.read_table(collection / f"{name}.parquet")
        pq.write_table(table, tmp_path / f"{name}.parquet", row_group_size=1)
    entries = read_entries(tmp_path, selected_rows(collection))
    assert [each.metrics["env_index"] for each in entries] == [1, 8, 2, 3, 6, 7]
    assert [len(each.pushes) for each in entries] == [1, 1, 2, 0, 0, 0]
    starts = [push["robot"][0] for push in entries[2].pushes]
    assert starts == sorted(starts), "the second push starts farther to the right"
    assert all(each.scene["env_index"] == each.metrics["env_index"] for each in entries)


def test_an_entry_has_the_plan_of_its_own_episode(make_collection):
    rows = [episode_row(0, episode=0), episode_row(0, episode=1, solution_depth=2)]
    entries = read_entries(folder := make_collection(rows), selected_rows(folder))
    assert [[push["episode_id"][-1] for push in each.pushes] for each in entries] == [
        ["0"],
        ["1", "1"],
    ]


def test_episodes_without_a_scene_row_are_left_out(make_collection):
    folder = make_collection([episode_row(0), episode_row(1)])
    scenes = pq.read_table(folder / "scenes.parquet")
    pq.write_table(scenes.slice(1), folder / "scenes.parquet")
    entries = read_entries(folder, selected_rows(folder))
    assert [each.metrics["env_index"] for each in entries] == [1]


def test_a_collection_without_episodes_has_no_gallery(tmp_path):
    for name, schema in DATA_TABLES.items():
        rows = [episode_row(0, "error")] if name == "metrics" else []
        pq.write_table(pa.Table.from_pylist(rows, schema), tmp_path / f"{name}.parquet")
    assert read_entries(tmp_path, selected_rows(tmp_path)) == []
