import copy

import pytest

from namo.results.replay import replay
from namo.scenes.reading import read_scene
from namo.world.world import World


@pytest.fixture(scope="module")
def solved(collected):
    """The world and the episode of an environment with a plan. Do not change the episode."""
    for record in collected.records():
        for episode in record["episode_results"]:
            if episode["action_sequence"]:
                return World(read_scene(collected.scenes.parent / record["xml_file"])), episode
    raise AssertionError("no plan to replay")


def test_a_stored_plan_replays_repeatedly(solved):
    world, episode = solved
    assert [replay(world, episode).problem for _ in range(2)] == [None, None]


def changed(episode, change):
    other = copy.deepcopy(episode)
    change(other)
    return other


def turn_target_around(episode):
    action = episode["action_sequence"][0]
    here = episode["state_observations"][0][f"{action['object_id']}_pose"]
    x, y, theta = action["target"]
    action["target"] = (2 * here[0] - x, 2 * here[1] - y, theta)


def move_end(episode):
    episode["post_action_state_observations"][-1]["robot_pose"][0] += 1e-9


def move_start(episode):
    episode["state_observations"][0]["robot_pose"][0] += 1e-9


def rename(episode):
    episode["action_sequence"][0]["object_id"] = "nobody"


def push_on(episode):
    for name in ("action_sequence", "state_observations", "post_action_state_observations"):
        episode[name].append(copy.deepcopy(episode[name][-1]))
    episode["state_observations"][-1] = episode["post_action_state_observations"][-1]
    episode["solution_depth"] += 1


def drop_state(episode):
    episode["state_observations"].pop()


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (turn_target_around, "state after push 1 differs from the stored state"),
        (move_end, "state after push 1 differs from the stored state"),
        (move_start, "state before push 1 differs from the stored state"),
        (rename, "push 1 moves 'nobody', which is not in the scene"),
        (push_on, "goal is already reachable before push 2"),
        (drop_state, "are inconsistent"),
    ],
)
def test_a_diverged_replay_names_the_difference(solved, change, problem):
    world, episode = solved
    assert len(episode["action_sequence"]) == 1
    assert problem in replay(world, changed(episode, change)).problem
