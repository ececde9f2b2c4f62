from dataclasses import replace

import pytest

import namo
from namo.errors import ResultFileError
from namo.results.episode import episodes_in
from tests.conftest import room_file


@pytest.fixture(scope="module")
def episode():
    return namo.search(namo.read_scene(room_file(1)))


def test_a_plan_is_a_sequence_of_its_pushes(episode):
    plan = episode.plan
    (push,) = plan
    assert plan[0] == plan[-1] == push
    assert plan[:] == (push,)
    assert plan == [push] == [*reversed(plan)]
    assert plan != []
    assert plan != [namo.Push(push.object_name, namo.Pose2D(0.0, 0.0, 0.0))]
    assert hash(plan) == hash(episode.plan)
    assert repr(plan) == f"Plan([{push}])"


def test_an_episode_says_how_it_ended(episode):
    assert episode.metrics["pushes_simulated"] == 1
    said = "solved with 1 push, 1 push simulated"
    assert repr(episode) == f"<episode search_env_000000_episode_0: {said}>"


def test_a_replay_in_another_scene_says_where_it_differs(episode):
    other = namo.World(replace(episode.scene, clearance=0.3))
    problem = episode.replay(other).problem
    assert problem == "state after push 1 differs from the stored state"


def test_a_record_that_lost_its_scene_is_named(rig, tmp_path):
    scenes = rig.copy_rooms(tmp_path / "scenes", (1,))
    collected = rig.collect_and_merge(scenes, tmp_path / "out", rig.config(max_pushes=1))
    record = {**collected.record(0), "scene": None}
    with pytest.raises(ResultFileError, match="host_env_000000_episode_0: its record holds no"):
        next(episodes_in(record, None))
