import pyarrow as pa
import pyarrow.parquet as pq

from namo.reporting.gallery import SHOWN_PLANS, SHOWN_UNSOLVED, choose, read_shown
from namo.reporting.searches import gather
from namo.results.tables import DATA_TABLES
from tests.reporting.conftest import search


def chosen_of(folder):
    return choose(gather(folder / "metrics.parquet"))


def test_plans_of_every_kind_come_before_unsolved_searches(collection):
    # 0 needs no push, 4 and 5 failed.
    assert chosen_of(collection).tolist() == [1, 8, 2, 3, 6, 7]


def test_rare_kinds_get_their_share_and_the_same_are_chosen_again(make_collection):
    kinds = [("easy", 1)] * 200 + [("hard", 2)] * 3 + [("hard", 3)]
    rows = [
        search(n, difficulty=difficulty, solution_depth=depth)
        for n, (difficulty, depth) in enumerate(kinds)
    ]
    folder = make_collection([*rows, *(search(n, "pushes") for n in range(204, 300))])
    chosen = chosen_of(folder).tolist()
    assert len(chosen) == len(set(chosen)) == SHOWN_PLANS + SHOWN_UNSOLVED
    assert {200, 201, 202, 203} <= set(chosen)
    easy = [place for place in chosen if place < 200]
    assert max(easy) - min(easy) > 150  # from everywhere
    assert chosen == chosen_of(folder).tolist()


def test_what_is_shown_is_read_from_all_row_groups(collection, tmp_path):
    for name in DATA_TABLES:
        table = pq.read_table(collection / f"{name}.parquet")
        pq.write_table(table, tmp_path / f"{name}.parquet", row_group_size=1)
    shown = read_shown(tmp_path, chosen_of(collection))
    assert [each.metrics["env_index"] for each in shown] == [1, 8, 2, 3, 6, 7]
    assert [len(each.pushes) for each in shown] == [1, 1, 2, 0, 0, 0]
    assert [push["step"] for push in shown[2].pushes] == [0, 1]
    assert all(each.scene["env_index"] == each.metrics["env_index"] for each in shown)


def test_plans_of_other_episodes_stay_away(make_collection):
    rows = [search(0, episode=0), search(0, episode=1, solution_depth=2)]
    shown = read_shown(folder := make_collection(rows), chosen_of(folder))
    assert [[push["episode"] for push in each.pushes] for each in shown] == [[0], [1, 1]]


def test_a_search_whose_scene_is_not_there_is_left_out(make_collection):
    folder = make_collection([search(0), search(1)])
    scenes = pq.read_table(folder / "scenes.parquet")
    pq.write_table(scenes.slice(1), folder / "scenes.parquet")
    shown = read_shown(folder, chosen_of(folder))
    assert [each.metrics["env_index"] for each in shown] == [1]


def test_a_collection_without_searches_has_no_gallery(tmp_path):
    for name, schema in DATA_TABLES.items():
        rows = [search(0, "error")] if name == "metrics" else []
        pq.write_table(pa.Table.from_pylist(rows, schema), tmp_path / f"{name}.parquet")
    assert read_shown(tmp_path, chosen_of(tmp_path)) == []
