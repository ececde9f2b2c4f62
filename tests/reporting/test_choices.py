from namo.reporting.choices import (
    ObjectChoice,
    by_difficulty,
    by_strategy,
    first_pushes,
    object_choices,
)
from namo.reporting.searches import gather
from namo.reporting.statistics import wilson
from tests.reporting.conftest import search


def test_failed_environments_are_in_no_share(collection):
    groups = {group.name: group for group in by_difficulty(gather(collection / "metrics.parquet"))}
    assert list(groups) == ["open", "easy", "hard", "two pushes", "class not known"]
    counts = {name: (group.searches, group.solved) for name, group in groups.items()}
    assert counts["easy"] == (2, 2)
    assert counts["hard"] == (2, 0)
    assert counts["class not known"] == (1, 0)
    assert groups["hard"].median_pushes is None
    assert groups["two pushes"].median_pushes == 7.0


def test_searches_of_an_environment_do_not_narrow_the_interval(make_collection):
    folder = make_collection([search(env, episode=n) for env in range(3) for n in range(50)])
    (group,) = by_difficulty(gather(folder / "metrics.parquet"))
    assert (group.searches, group.share) == (150, wilson(1.0, 3))


def test_the_most_frequent_strategy_comes_first(make_collection):
    folder = make_collection(
        [search(0), *(search(n, algorithm="best_first", goal_strategy="ml") for n in (1, 2))]
    )
    names = [group.name for group in by_strategy(gather(folder / "metrics.parquet"))]
    assert names == ["best_first, objects random, goals ml", "idfs, objects random, goals random"]


def test_first_pushes_count_where_one_push_can_open(make_collection):
    rows = [
        *(search(n, difficulty="medium") for n in range(3)),
        search(3, difficulty="medium", pushes_simulated=2),
        search(4, difficulty="hard"),
        search(5, "pushes", difficulty="hard"),
        search(6, difficulty="two_pushes", solution_depth=2, pushes_simulated=2),
    ]
    medium, hard = first_pushes(gather(make_collection(rows) / "metrics.parquet"))
    assert (medium.name, medium.searches, medium.opened) == ("medium", 4, 3)
    assert medium.random == (0.05, 0.30)
    assert medium.lift == "2.5 to 15.0"
    assert (hard.searches, hard.opened, hard.lift) == (2, 1, "over 10.0")


def test_objects_are_counted_by_name(make_collection):
    folder = make_collection([search(0, pushes_simulated=3), search(1, "pushes")])
    assert object_choices(folder / "pushes.parquet") == [
        ObjectChoice("box 2", pushes=2, moved=2, opened=1, on_plan=1),
        ObjectChoice("box <1>", pushes=2, moved=1, opened=0, on_plan=0),
    ]


def test_rare_names_share_a_line(make_collection, monkeypatch):
    monkeypatch.setattr("namo.reporting.choices.SHOWN_OBJECTS", 1)
    folder = make_collection([search(0, pushes_simulated=3)])
    assert [(line.name, line.pushes) for line in object_choices(folder / "pushes.parquet")] == [
        ("box <1>", 2),
        ("1 other names", 1),
    ]
