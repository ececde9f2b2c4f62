from dataclasses import replace

import pytest

from namo.results.collection import Collection
from namo.results.replay import replay
from namo.results.room import room_of_plans
from namo.world.world import World


@pytest.fixture(scope="module")
def roomy(rig, tmp_path_factory):
    """Rooms that need a push, collected with a clearance of 3 cm. Read only."""
    return rig.collect_rooms(tmp_path_factory.mktemp("roomy"), (1, 3, 8), clearance=0.03)


def solved(collection):
    ids = collection.episodes["episode_id"].to_pylist()
    return [each for each in map(collection.episode, ids) if each.plan]


def test_plans_of_a_collection_leave_the_room_it_asks_for(roomy):
    collection = Collection(roomy.output)
    assert all(collection.episodes["clearance"].to_numpy() == 0.03)
    plans = len(solved(collection))
    assert plans > 0
    for clearance in (0.0, 0.03):
        found = room_of_plans(collection, clearance)
        assert (found.plans, found.open) == (plans, plans)
    assert room_of_plans(collection, 0.4).open == 0, "wider than any door"


@pytest.mark.parametrize("clearance", [0.0, 0.01, 0.05, 0.1])
def test_the_room_is_that_of_the_states_in_which_replays_end(roomy, clearance):
    collection = Collection(roomy.output)
    still_open = 0
    for episode in solved(collection):
        world = World(episode.scene)
        assert replay(world, episode.record).problem is None
        still_open += world.has_room(clearance - 0.03)
    assert room_of_plans(collection, clearance).open == still_open


def test_a_plan_does_not_replay_under_another_clearance(roomy):
    collection = Collection(roomy.output)
    episode = solved(collection)[0]
    world = World(replace(episode.scene, clearance=0.0))
    assert replay(world, episode.record).problem is not None
