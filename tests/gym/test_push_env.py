import pickle
import warnings
from itertools import product

import gymnasium
import minari
import numpy as np
import pytest
from gymnasium.error import InvalidAction
from gymnasium.utils.env_checker import check_env
from minari.data_collector.episode_buffer import EpisodeBuffer

import namo
from namo.errors import UsageError
from namo.gym import ENV_ID, MAX_STEPS
from namo.gym.push_env import CANDIDATES, NO_PUSH, POSES, RASTER, REQUESTS
from namo.gym.spaces import PUSHES_PER_MOVABLE
from namo.learning.top_view import LAYERS
from namo.world.candidates import candidate_pushes
from namo.world.contacts import MAX_CONTACT_POINTS
from namo.world.primitives import TRAVELS
from namo.world.push import NO_TRAVEL_M, TO_A_POSE

PLUGGED, OPEN, TWO, BOOTH = range(4)
"""Numbers of the scenes."""


@pytest.fixture
def make(scenes):
    def made(**settings):
        return gymnasium.make(ENV_ID, **{"scenes": str(scenes), **settings})

    return made


def request(place=0, target=(0.0, 0.0, 0.0), contact=TO_A_POSE, travel=NO_TRAVEL_M):
    return {
        "object": np.int64(place),
        "target": np.array(target),
        "contact": np.int64(contact),
        "travel": np.array(travel),
    }


def number(place, contact, travel):
    return (place * MAX_CONTACT_POINTS + contact) * len(TRAVELS) + travel


def opening(env, info):
    """An action that opens the goal, found by trying those of the mask."""
    start = env.unwrapped.save()
    for action in info["action_mask"].nonzero()[0].tolist():
        env.reset(options={"state": start})
        if env.step(action)[1]:
            env.reset(options={"state": start})
            return action
    raise AssertionError("no push opens the goal")


def rollout(env, start, actions):
    """The states, observations and rewards of some actions from a saved state."""
    env.reset(options={"state": start})
    for action in actions:
        observation, reward, ended, truncated, info = env.step(action)
        key = env.unwrapped.save().state.key
        yield key, {name: one.tobytes() for name, one in observation.items()}, reward, ended, info
        if ended or truncated:
            env.reset(options={"state": start})


@pytest.mark.parametrize(
    ("actions", "observations"), [*product((CANDIDATES, REQUESTS), (POSES, RASTER))]
)
def test_the_checker_of_gymnasium_finds_nothing(make, actions, observations):
    env = make(actions=actions, observations=observations, render_mode="rgb_array")
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        check_env(env.unwrapped)
    # World coordinates have no bounds, and so are not normalised, in no environment.
    advice = ("infinity. This is probably", "we recommend using a symmetric and normalized space")
    texts = [str(one.message) for one in said]
    assert [text for text in texts if not any(one in text for one in advice)] == []


@pytest.mark.parametrize("mode", ["sync", pytest.param("async", marks=pytest.mark.slow)])
def test_environments_step_together_as_alone(make, scenes, mode):
    together = gymnasium.make_vec(
        ENV_ID, 2, vectorization_mode=mode, scenes=str(scenes), observations=RASTER
    )
    alone = [make(observations=RASTER) for _ in range(2)]
    observations, info = together.reset(seed=[5, 6])
    for place, env in enumerate(alone):
        own, _ = env.reset(seed=5 + place)
        for name, values in own.items():
            np.testing.assert_array_equal(observations[name][place], values)
    actions = [mask.nonzero()[0][-1] for mask in info["action_mask"]]
    observations, rewards, *_ = together.step(actions)
    for place, env in enumerate(alone):
        own, reward, *_ = env.step(actions[place])
        assert reward == rewards[place]
        for name, values in own.items():
            np.testing.assert_array_equal(observations[name][place], values)
    together.close()


def test_a_candidate_is_the_straight_push_of_the_world(make, scenes):
    env = make()
    _, info = env.reset(options={"scene": TWO})
    world = namo.World(namo.read_scene(scenes / "c_two.xml"))
    names = [movable.name for movable in world.scene.movables]
    possible = np.zeros((2, MAX_CONTACT_POINTS, len(TRAVELS)), bool)
    for place, name in enumerate(names):
        possible[place] = candidate_pushes(world, name).possible
    assert info["action_mask"].tolist() == possible.ravel().tolist()
    assert env.unwrapped.action_masks().tolist() == possible.ravel().tolist()
    place, contact, travel = (int(one[-1]) for one in possible.nonzero())
    observation, _, _, _, info = env.step(number(place, contact, travel))
    distance = float(world.primitives(names[place])[0].travels[travel])
    outcome = world.push(namo.StraightPush(names[place], contact, distance))
    assert (info["status"], info["moved"]) == (outcome.status.value, outcome.moved)
    assert env.unwrapped.save().state.key == world.save().key
    assert observation["movables"].tolist() == [[*world.poses()[name]] for name in names]
    assert observation["robot"].tolist() == [*world.poses()["robot"]]


def test_a_request_is_a_push_to_a_pose_or_a_straight_one(make, scenes):
    env = make(actions=REQUESTS)
    world = namo.World(namo.read_scene(scenes / "a_plugged.xml"))
    for asked, push in (
        (request(target=(0.4, 0.0, 0.0)), namo.Push("obstacle_1_movable", namo.Pose2D(0.4, 0, 0))),
        (request(contact=12, travel=0.2), namo.StraightPush("obstacle_1_movable", 12, 0.2)),
    ):
        env.reset(options={"scene": PLUGGED})
        world.reset()
        assert env.step(asked)[4]["status"] == world.push(push).status.value
        assert env.unwrapped.save().state.key == world.save().key


def test_the_push_that_opens_the_goal_is_rewarded_and_ends_the_episode(make):
    env = make()
    _, info = env.reset(options={"scene": PLUGGED})
    assert not info["goal_open"]
    action = opening(env, info)
    _, reward, ended, truncated, info = env.step(action)
    assert (reward, ended, truncated, info["goal_open"]) == (1.0, True, False, True)
    _, info = env.reset(options={"scene": OPEN})
    assert info["goal_open"]
    assert env.step(info["action_mask"].argmax())[1:3] == (0.0, True)


def test_an_episode_ends_where_the_robot_reaches_no_movable(make):
    env = make()
    _, info = env.reset(options={"scene": BOOTH})
    assert not info["action_mask"].any()
    assert env.step(0)[1:4] == (0.0, True, False)


def test_pushes_are_limited(make):
    env = make(max_episode_steps=2)
    env.reset(options={"scene": PLUGGED})
    nothing = number(1, 0, 0)
    assert [env.step(nothing)[3] for _ in range(2)] == [False, True]
    assert gymnasium.spec(ENV_ID).max_episode_steps == MAX_STEPS


@pytest.mark.parametrize(
    ("actions", "action"),
    [
        (CANDIDATES, number(1, 0, 0)),
        (REQUESTS, request(1, contact=0, travel=0.1)),
        (REQUESTS, request(0, contact=0, travel=0.0)),
    ],
)
def test_an_action_that_names_no_push_changes_nothing(make, actions, action):
    env = make(actions=actions)
    env.reset(options={"scene": PLUGGED})
    before = env.unwrapped.save().state.key
    _, reward, ended, _, info = env.step(action)
    assert (reward, ended, info["status"], info["moved"]) == (0.0, False, NO_PUSH, False)
    assert env.unwrapped.save().state.key == before


def test_an_action_outside_the_space_is_refused(make):
    env = make(disable_env_checker=True)
    env.reset(options={"scene": PLUGGED})
    with pytest.raises(InvalidAction, match=f"action {2 * PUSHES_PER_MOVABLE}: not in"):
        env.step(2 * PUSHES_PER_MOVABLE)


def test_scenes_are_drawn_among_those_that_need_a_push(make):
    env = make()
    drawn = [env.reset(seed=0 if draw == 0 else None)[1]["scene"] for draw in range(30)]
    assert set(drawn) == {PLUGGED, TWO, BOOTH}
    again = make()
    assert [again.reset(seed=0 if draw == 0 else None)[1]["scene"] for draw in range(30)] == drawn


def test_a_set_of_open_scenes_is_refused(make, scenes, tmp_path):
    listed = tmp_path / "open.txt"
    listed.write_text(f"{scenes / 'b_open.xml'}\n")
    with pytest.raises(UsageError, match=r"the goal of every scene \(there are 1\) is open"):
        make(scenes=str(listed)).reset()


def test_more_movables_than_there_is_room_for_are_refused(make):
    env = make(max_movables=1)
    env.reset(options={"scene": PLUGGED})
    with pytest.raises(UsageError, match="has 2 movables, more than max_movables, which is 1"):
        env.reset(options={"scene": TWO})


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ({"actions": "request"}, "actions 'request': did you mean 'requests'"),
        ({"physics": "slow"}, "physics 'slow'"),
        ({"clearance": -1.0}, "clearance is -1.0"),
        ({"pixels": 0}, "pixels is 0; expected 1 or more"),
    ],
)
def test_settings_are_checked(make, setting, said):
    with pytest.raises(UsageError, match=said):
        make(**setting)


def test_settings_of_a_collection_apply_to_the_world(make):
    env = make(physics="accurate", clearance=0.02)
    env.reset(options={"scene": PLUGGED})
    scene = env.unwrapped.world.scene
    assert (scene.options["timestep"], scene.clearance) == ("0.002", 0.02)


def test_a_world_is_dropped_when_there_are_too_many(make, monkeypatch):
    monkeypatch.setattr("namo.gym.push_env.MAX_WORLDS", 1)
    env = make()
    for scene in (PLUGGED, TWO, PLUGGED):
        assert env.reset(options={"scene": scene})[1]["scene"] == scene
        assert len(env.unwrapped._worlds) == 1


@pytest.mark.parametrize("steps", [20, pytest.param(1000, marks=pytest.mark.slow)])
def test_steps_replay_to_the_same_bits_from_a_saved_state(make, steps):
    env = make(observations=RASTER, max_episode_steps=-1)
    _, info = env.reset(options={"scene": TWO})
    env.step(info["action_mask"].argmax())
    start = env.unwrapped.save()
    env.action_space.seed(1)
    actions, found = [], []
    _, info = env.reset(options={"state": start})
    for _ in range(steps):
        actions.append(env.action_space.sample(info["action_mask"]))
        (one,) = rollout(env, env.unwrapped.save(), actions[-1:])
        found.append(one)
        info = one[-1]
        if one[3]:
            _, info = env.reset(options={"state": start})
    assert len({key for key, *_ in found}) > steps // 2
    other = make(observations=RASTER, max_episode_steps=-1)
    for ours, theirs in zip(
        found, rollout(other, pickle.loads(pickle.dumps(start)), actions), strict=True
    ):
        assert ours[:4] == theirs[:4]
        assert ours[4]["action_mask"].tolist() == theirs[4]["action_mask"].tolist()


def test_the_raster_shows_the_scene_from_above(make):
    env = make(observations=RASTER, pixels=96, render_mode="rgb_array")
    observation, _ = env.reset(options={"scene": PLUGGED})
    layers = dict(zip(LAYERS, observation["raster"], strict=True))
    assert layers["robot"].shape == (96, 96)
    row, column = np.unravel_index(layers["robot"].astype(int).argmax(), (96, 96))
    bounds = env.unwrapped.world.scene.bounds
    side = (bounds.x_max - bounds.x_min) / 96
    x, y = bounds.x_min + (column + 0.5) * side, bounds.y_min + (row + 0.5) * side
    assert np.hypot(x - observation["robot"][0], y - observation["robot"][1]) < 0.15
    box = layers["movable"].sum() / 255 * side**2
    assert box == pytest.approx(0.36, abs=0.1)
    image = env.render()
    ours = (image[..., 2] > image[..., 0].astype(int) + 100).nonzero()  # the robot is blue
    assert np.mean(ours[0]) > 240  # at the bottom
    assert np.mean(ours[1]) < 240


@pytest.mark.filterwarnings("ignore:`")  # authors and the like, which it recommends
def test_minari_makes_a_data_set_of_it(make, tmp_path, monkeypatch):
    monkeypatch.setenv("MINARI_DATASETS_PATH", str(tmp_path))
    env = make()
    before, info = env.reset(seed=1)
    action = info["action_mask"].argmax()
    after, reward, ended, truncated, _ = env.step(action)
    buffer = EpisodeBuffer(
        seed=1,
        observations={name: [before[name], after[name]] for name in before},
        actions=[action],
        rewards=[reward],
        terminations=[ended],
        truncations=[truncated],
    )
    minari.create_dataset_from_buffers(
        "pushes/test-v0", [buffer], env=env, data_format="arrow", description="one push"
    )
    data = minari.load_dataset("pushes/test-v0")
    assert data[0].actions.tolist() == [action]
    recovered = data.recover_environment()
    assert recovered.spec.kwargs == env.spec.kwargs
    assert recovered.observation_space == data.observation_space
    assert recovered.action_space == data.action_space
    recovered.reset(seed=1)
    assert recovered.step(action)[0]["movables"].tolist() == after["movables"].tolist()


def test_nothing_works_before_a_reset(make):
    env = make().unwrapped
    for call in (env.save, lambda: env.step(0), env.action_masks):
        with pytest.raises(UsageError, match=r"call reset\(\) first"):
            call()
    with pytest.raises(UsageError, match="actions 'requests' have no mask"):
        make(actions=REQUESTS).unwrapped.action_masks()
