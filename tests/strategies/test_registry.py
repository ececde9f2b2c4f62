import pytest

from namo.errors import UsageError
from namo.strategies.registry import GOAL_STRATEGIES, OBJECT_STRATEGIES


def test_the_names_are_those_of_the_command_line():
    assert OBJECT_STRATEGIES.names() == [
        "no_heuristic",
        "random",
        "nearest_first",
        "goal_proximity",
        "farthest_first",
        "path_blocking",
        "ml",
    ]
    assert GOAL_STRATEGIES.names() == [
        "random",
        "grid",
        "adaptive",
        "primitive",
        "far",
        "clear_path",
        "ml",
    ]


@pytest.mark.parametrize("name", [n for n in OBJECT_STRATEGIES.names() if n != "ml"])
def test_every_object_strategy_can_be_created(name):
    assert callable(OBJECT_STRATEGIES.load(name)().rank)


@pytest.mark.parametrize("name", [n for n in GOAL_STRATEGIES.names() if n != "ml"])
def test_every_goal_strategy_can_be_created(name):
    assert callable(GOAL_STRATEGIES.load(name)().propose)


def test_unknown_names_get_the_nearest_one():
    with pytest.raises(
        UsageError, match="unknown object strategy 'nearest'; did you mean 'nearest_f"
    ):
        OBJECT_STRATEGIES.load("nearest")
    with pytest.raises(UsageError, match="unknown goal strategy 'rnadom'; did you mean 'random'"):
        GOAL_STRATEGIES.load("rnadom")
