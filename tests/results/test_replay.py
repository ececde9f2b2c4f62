import copy

import pytest

from namo.errors import ResultFileError
from namo.results.replay import push_chain, replay, replay_push


@pytest.fixture(scope="module")
def solved(collected):
    """The world and the episode of an environment with a plan. Do not change the episode."""
    for record in collected.records():
        for episode in record["episode_results"]:
            if episode["action_sequence"]:
                return collected.world(record), episode
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


def pushes_of(collection):
    """World, columns and number of rows of the environments that simulated pushes."""
    for record in collection.records():
        if record["pushes"]["push"]:
            yield collection.world(record), record["pushes"], len(record["pushes"]["push"])


def test_any_push_of_a_search_replays_to_the_last_bit(collected):
    replayed = 0
    for world, pushes, count in pushes_of(collected):
        for number in sorted({0, count // 2, count - 1}):
            done = replay_push(world, pushes, 0, number)
            assert (done.problem, len(done.pushes)) == (None, pushes["depth"][number])
            replayed += 1
    assert replayed > 3


def test_the_chain_of_a_push_follows_states_back_to_the_start():
    # Push 1 moves nothing, push 3 leads back to the start, push 4 to a state that is known.
    states, next_states = [0, 0, 1, 2, 0, 2], [1, 0, 2, 0, 2, 3]
    assert push_chain(states, next_states, 5) == [0, 2, 5]
    assert push_chain(states, next_states, 1) == [1]
    with pytest.raises(ResultFileError, match="push 0: no stored pushes lead to state 7"):
        push_chain([7], [8], 0)
    with pytest.raises(ResultFileError, match="no stored pushes lead to state 1"):
        push_chain([1, 2], [2, 1], 1)


@pytest.mark.parametrize(
    ("column", "change", "said"),
    [
        ("status", lambda _: "stuck", "push 1 ends as "),
        ("physics_steps", lambda steps: steps + 1, "physics steps; stored: "),
        ("poses_after", lambda poses: [poses[0] + 1e-9, *poses[1:]], "state after push 1 differs"),
        ("poses_before", lambda poses: [poses[0] + 1e-9, *poses[1:]], "state before push 1"),
    ],
)
def test_a_push_that_replays_otherwise_is_said(collected, column, change, said):
    world, pushes, _ = next(pushes_of(collected))
    other = {**pushes, column: [change(value) for value in pushes[column]]}
    assert said in replay_push(world, other, 0, 0).problem
