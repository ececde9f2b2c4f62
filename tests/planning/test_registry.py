import pytest

from namo.errors import UsageError
from namo.planning.best_first import BestFirst
from namo.planning.exhaustive import Exhaustive, ExhaustivePoses
from namo.planning.expanding_idfs import ExpandingIDFS
from namo.planning.exploration import Exploration
from namo.planning.greedy import Greedy
from namo.planning.hybrid import Hybrid
from namo.planning.idfs import IDFS
from namo.planning.labelling import Labelling
from namo.planning.mcts import MCTS
from namo.planning.optimal_idfs import OptimalIDFS
from namo.planning.random_sampling import RandomSampling
from namo.planning.region_opening import RegionOpening
from namo.planning.registry import PLANNERS
from namo.planning.tree_idfs import TreeIDFS


def test_the_names_are_those_of_the_command_line():
    assert PLANNERS.names() == [
        "idfs",
        "tree_idfs",
        "optimal_idfs",
        "expanding_idfs",
        "exhaustive",
        "exhaustive_poses",
        "best_first",
        "hybrid",
        "greedy",
        "mcts",
        "exploration",
        "labelling",
        "region_opening",
        "random_sampling",
        "standard_idfs",
    ]


@pytest.mark.parametrize(
    ("name", "planner"),
    [
        ("idfs", IDFS),
        ("standard_idfs", IDFS),
        ("tree_idfs", TreeIDFS),
        ("optimal_idfs", OptimalIDFS),
        ("expanding_idfs", ExpandingIDFS),
        ("exhaustive", Exhaustive),
        ("exhaustive_poses", ExhaustivePoses),
        ("hybrid", Hybrid),
        ("best_first", BestFirst),
        ("greedy", Greedy),
        ("mcts", MCTS),
        ("exploration", Exploration),
        ("labelling", Labelling),
        ("region_opening", RegionOpening),
        ("random_sampling", RandomSampling),
    ],
)
def test_every_name_loads_its_planner(name, planner):
    assert PLANNERS.load(name) is planner


def test_an_alias_resolves_to_its_name():
    assert PLANNERS.canonical("standard_idfs") == "idfs"


def test_an_unknown_algorithm_gets_the_nearest_name():
    with pytest.raises(UsageError, match="unknown algorithm 'tree-idfs'; did you mean 'tree_idfs'"):
        PLANNERS.load("tree-idfs")
