import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from namo.binomial import wilson_interval
from namo.reporting.episodes import read_episodes
from namo.reporting.strategies import (
    PushGroup,
    by_difficulty,
    by_strategy,
    first_push_success,
    has_one_scene,
    pushes_by_kind,
    pushes_by_object,
)
from namo.results.schema import PUSHES, SCENES
from namo.results.tables import write_table
from tests.reporting.conftest import STRAIGHT, episode_row


def test_failed_environments_are_in_no_group(collection):
    groups = {
        group.name: group for group in by_difficulty(read_episodes(collection / "metrics.parquet"))
    }
    assert list(groups) == ["open", "easy", "hard", "two pushes", "unknown"]
    counts = {name: (group.episodes, group.solved) for name, group in groups.items()}
    assert counts["easy"] == (2, 2)
    assert counts["hard"] == (2, 0)
    assert counts["unknown"] == (1, 0)
    assert groups["hard"].median_pushes is None
    assert groups["two pushes"].median_pushes == 7.0


def test_episodes_of_one_environment_do_not_narrow_the_interval(make_collection):
    folder = make_collection([episode_row(env, episode=n) for env in range(3) for n in range(50)])
    (group,) = by_difficulty(read_episodes(folder / "metrics.parquet"))
    assert (group.episodes, group.fraction) == (150, wilson_interval(1.0, 3))


def test_the_most_frequent_strategy_comes_first(make_collection):
    folder = make_collection(
        [
            episode_row(0),
            *(episode_row(n, algorithm="best_first", goal_strategy="ml") for n in (1, 2)),
        ]
    )
    names = [group.name for group in by_strategy(read_episodes(folder / "metrics.parquet"))]
    assert names == ["best_first, objects random, goals ml", "idfs, objects random, goals random"]


def test_first_push_success_covers_scenes_that_one_push_can_solve(make_collection):
    rows = [
        *(episode_row(n, difficulty="medium") for n in range(3)),
        episode_row(3, difficulty="medium", pushes_simulated=2),
        episode_row(4, difficulty="hard"),
        episode_row(5, "pushes", difficulty="hard"),
        episode_row(6, difficulty="two_pushes", solution_depth=2, pushes_simulated=2),
    ]
    medium, hard = first_push_success(read_episodes(make_collection(rows) / "metrics.parquet"))
    assert (medium.name, medium.episodes, medium.opened) == ("medium", 4, 3)
    assert medium.random == (0.05, 0.30)
    assert medium.lift == "2.5 to 15.0"
    assert (hard.episodes, hard.opened, hard.lift) == (2, 1, "> 10.0")


def test_the_first_push_is_compared_with_the_measured_fraction_where_every_scene_has_one(
    make_collection,
):
    measured = [(0, "easy", 0.5), (1, "easy", 0.3), (2, "hard", 0.01), (3, "hard", None)]
    rows = [episode_row(n, difficulty=name, opening_fraction=f) for n, name, f in measured]
    easy, hard = first_push_success(read_episodes(make_collection(rows) / "metrics.parquet"))
    assert easy.measured
    assert easy.random == pytest.approx((0.4, 0.4))
    assert easy.lift == "2.5"
    assert not hard.measured
    assert hard.random == (0.0, 0.05)


def test_objects_of_different_scenes_are_not_summed(make_collection):
    folder = make_collection([episode_row(0), episode_row(1)])
    scenes = folder / "scenes.parquet"
    assert has_one_scene(scenes)
    table = pq.read_table(scenes)
    for hashes, one in ((["a", "a"], True), (["a", "b"], False), ([], False)):
        rows = table.slice(0, len(hashes)).to_pylist()
        rows = [row | {"scene_sha256": each} for row, each in zip(rows, hashes, strict=True)]
        write_table(scenes, SCENES, [pa.Table.from_pylist(rows, SCENES)])
        assert has_one_scene(scenes) is one


def test_pushes_are_counted_by_object_name(make_collection):
    folder = make_collection([episode_row(0, pushes_simulated=3), episode_row(1, "pushes")])
    assert pushes_by_object(folder / "pushes.parquet") == [
        PushGroup("box 2", pushes=2, moved=2, opened=1, on_plan=1),
        PushGroup("box <1>", pushes=2, moved=1, opened=0, on_plan=0),
    ]


def test_pushes_are_counted_by_kind_where_some_are_straight(make_collection):
    folder = make_collection([episode_row(0, pushes_simulated=3)])
    path = folder / "pushes.parquet"
    assert pushes_by_kind(path) == []
    first, *others = pq.read_table(path).to_pylist()
    write_table(path, PUSHES, [pa.Table.from_pylist([first | STRAIGHT, *others], PUSHES)])
    assert pushes_by_kind(path) == [
        PushGroup("straight", pushes=1, moved=1, opened=0, on_plan=0),
        PushGroup("to a pose", pushes=2, moved=1, opened=1, on_plan=1),
    ]


def test_rare_names_are_summed_up_in_one_line(make_collection, monkeypatch):
    monkeypatch.setattr("namo.reporting.strategies.MAX_OBJECTS", 1)
    folder = make_collection([episode_row(0, pushes_simulated=3)])
    assert [(line.name, line.pushes) for line in pushes_by_object(folder / "pushes.parquet")] == [
        ("box <1>", 2),
        ("1 other name", 1),
    ]
