from typing import get_type_hints

import pyarrow as pa
import pytest
import yaml

import namo
from namo.collection.collect_environment import collect_environment
from namo.collection.config import CollectionConfig
from namo.collection.environment import Environment
from namo.collection.models import make_planner
from namo.collection.one_search import DEFAULTS, SearchSettings
from namo.errors import UsageError
from namo.results.tables import DATA_TABLES
from tests.conftest import REPOSITORY, room_file

OF_A_COLLECTION = {"episodes_per_env", "filter_minimum_length", "physics", "clearance"}
"""Settings that decide nothing of one search in a given scene."""


@pytest.fixture(scope="module")
def scene():
    return namo.read_scene(room_file(1))


@pytest.fixture(scope="module")
def episode(scene):
    return namo.search(scene, seed=3, env_index=7)


def test_the_settings_are_those_of_a_collection_that_concern_a_search():
    declared, own = map(get_type_hints, (CollectionConfig, SearchSettings))
    assert own == {name: declared[name] for name in declared.keys() - OF_A_COLLECTION}


def test_the_defaults_are_those_of_the_pipeline():
    configured = yaml.safe_load((REPOSITORY / "config" / "config.yaml").read_text())
    of_models = {"ml_object_model", "ml_goal_model"}  # used with the strategy ml alone
    own = CollectionConfig(**DEFAULTS).as_dict()
    for name in {*SearchSettings.__annotations__, "clearance"} - of_models:
        assert own[name] == configured[name], name


def test_an_episode_is_that_of_a_collection_to_the_last_bit(scene, episode, rig):
    config = CollectionConfig(**DEFAULTS, seed=3)
    environment = Environment(7, room_file(1), "search")
    record = collect_environment(environment, make_planner(config)[0], config, "")
    (collected,) = record["episode_results"]
    assert rig.without_clocks(episode.record) == rig.without_clocks(collected)
    assert rig.without_clocks(episode.metrics) == rig.without_clocks(record["metrics"][0])
    for name, rows in (("pushes", episode.pushes), ("plans", episode.steps)):
        assert rows == pa.table(record[name], schema=DATA_TABLES[name])


def test_the_plan_opens_the_goal_and_is_replayed(episode):
    assert episode.solved
    assert episode.termination is namo.Termination.SOLVED
    assert episode.replay().problem is None
    world = namo.World(episode.scene)
    for push, state in zip(episode.plan, episode.states[1:], strict=True):
        assert not world.reachability().goal_reachable
        world.push(push)
        assert world.observation() == state
    assert world.reachability().goal_reachable


def test_a_world_may_be_searched_again_and_from_any_state(scene, episode):
    world = namo.World(scene)
    name = scene.movables[0].name
    world.push(namo.Push(name, world.poses()[name]._replace(x=9.0)))
    for _ in range(2):
        again = namo.search(world, seed=3, env_index=7)
        assert again.plan == episode.plan
        assert again.pushes == episode.pushes


def test_the_clearance_is_that_of_the_scene():
    episode = namo.search(namo.read_scene(room_file(0), clearance=0.02), max_pushes=1)
    assert episode.metrics["clearance"] == episode.scene.clearance == 0.02


def test_an_unsolved_search_says_why_it_ended(scene):
    episode = namo.search(scene, max_pushes=0)
    assert not episode.solved
    assert episode.termination is namo.Termination.PUSHES
    assert episode.plan == []
    assert repr(episode).endswith("unsolved (pushes), 0 pushes simulated>")


def test_strategies_are_left_out_where_the_algorithm_has_no_use_for_them(scene):
    episode = namo.search(scene, algorithm="exhaustive", max_depth=1, max_pushes=2)
    assert episode.metrics["object_strategy"] == "no_heuristic"
    with pytest.raises(UsageError, match="has no use for --object-strategy nearest_first"):
        namo.search(scene, algorithm="exhaustive", object_strategy="nearest_first")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"max_push": 3}, "unknown setting 'max_push' of a search; did you mean 'max_pushes'"),
        ({"episodes_per_env": 3}, "unknown setting 'episodes_per_env' of a search"),
        ({"algorithm": "hybrids"}, "unknown algorithm 'hybrids'; did you mean 'hybrid'"),
        ({"max_depth": -1}, "max-depth"),
        ({"goal_strategy": "ml"}, "needs --ml-goal-model"),
    ],
)
def test_a_setting_that_is_not_allowed_is_named(scene, settings, message):
    with pytest.raises(UsageError, match=message):
        namo.search(scene, **settings)
