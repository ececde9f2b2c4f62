import json
import pickle
import subprocess
import sys
from collections import defaultdict

import pytest

from namo.collection.config import CollectionConfig
from namo.collection.episode import run_episode
from namo.collection.models import make_planner
from namo.results.actions import action_in
from namo.scenes.reading import read_scene
from namo.world.world import World

DESIGNED = """
episode_id algorithm algorithm_version success solution_found solution_depth search_time_ms
nodes_expanded terminal_checks max_depth_reached proof_depth proof_candidates sealed_by
action_sequence algorithm_stats error_message state_observations post_action_state_observations
static_object_info xml_file robot_goal
"""

REPLAY = """
import json, pickle, sys
from dataclasses import replace
from pathlib import Path
from namo.geometry import Pose2D
from namo.scenes.reading import read_scene
from namo.world.push import Push
from namo.world.world import World

verdicts = []
for path in sys.argv[1:]:
    record = pickle.loads(Path(path).read_bytes())
    for episode in record["episode_results"]:
        if not episode["solution_found"]:
            continue
        scene = read_scene(Path(episode["xml_file"]))
        world = World(replace(scene, clearance=episode["clearance"]))
        same = []
        after = episode["post_action_state_observations"]
        for number, action in enumerate(episode["action_sequence"]):
            same.append(world.observation() == episode["state_observations"][number])
            world.push(Push(action["object_id"], Pose2D(*action["target"])))
            same.append(world.observation() == after[number])
        verdicts.append([len(same) // 2, all(same), world.reachability().goal_reachable])
print(json.dumps(verdicts))
"""


def solved_episodes(collection):
    return [
        episode
        for record in collection.records()
        for episode in record["episode_results"]
        if episode["solution_found"]
    ]


def types_in(value):
    yield type(value)
    if isinstance(value, dict):
        for key, item in value.items():
            yield from types_in(key)
            yield from types_in(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from types_in(item)


@pytest.fixture(params=["collected", "several"])
def collection(request):
    return request.getfixturevalue(request.param)


def test_an_episode_has_the_keys_of_the_design(collection):
    for record in collection.records():
        for episode in record["episode_results"]:
            assert set(DESIGNED.split()) <= set(episode)


def test_records_hold_plain_values_only(collection):
    allowed = {dict, list, tuple, str, int, float, bool, type(None)}
    for path in collection.files():
        assert set(types_in(pickle.loads(path.read_bytes()))) <= allowed


def episode_of(rooms, **settings):
    config = CollectionConfig(max_pushes=8, **settings)
    planner, _ = make_planner(config)
    return run_episode(World(rooms.sealed(rooms.box(-1.0, 0.5))), planner, config, 0, 0)


@pytest.mark.parametrize(
    ("settings", "depth", "candidates"),
    [
        ({"algorithm": "tree_idfs", "max_goals_per_object": 2}, 2, 6),
        ({"algorithm": "exhaustive"}, 0, 0),
        ({"algorithm": "idfs"}, None, None),
    ],
)
def test_what_a_search_has_shown_is_stored(rooms, settings, depth, candidates):
    outcome = episode_of(rooms, **settings)
    shown = {"proof_depth": depth, "proof_candidates": candidates}
    for stored in (outcome.metrics, outcome.record):
        assert {name: stored[name] for name in shown} == shown


def test_estimates_of_a_search_are_stored_with_their_pushes(rooms):
    pushes = episode_of(rooms, algorithm="mcts").pushes
    visited = [value is not None for value in pushes["value"]]
    assert visited == [visits is not None for visits in pushes["visits"]]
    assert visited[0], "the first push is in the tree"
    assert not all(visited), "those of its rollout are not"
    assert set(episode_of(rooms, algorithm="idfs").pushes["visits"]) == {None}


def test_the_fixture_has_plans_of_zero_one_and_more_pushes(collected, several):
    lengths = {episode["solution_depth"] for episode in solved_episodes(several)}
    assert 0 in lengths
    assert max(lengths) >= 2
    unsolved = [e for r in several.records() for e in r["episode_results"] if not e["success"]]
    assert unsolved


def test_plan_depth_and_states_have_equal_length(collection):
    for record in collection.records():
        for episode in record["episode_results"]:
            plan = episode["action_sequence"]
            assert (plan is not None) is episode["solution_found"]
            length = len(plan or ())
            assert episode["solution_depth"] == (length if episode["solution_found"] else None)
            assert len(episode["state_observations"]) == length
            assert len(episode["post_action_state_observations"]) == length


def test_success_means_that_a_solution_was_found(collection):
    for record in collection.records():
        for episode in record["episode_results"]:
            solved = episode["algorithm_stats"]["termination"] == "solved"
            assert episode["success"] is episode["solution_found"] is solved
        assert record["success"] is any(e["success"] for e in record["episode_results"])


def test_states_form_a_chain_from_the_start_of_the_scene(collection):
    for episode in solved_episodes(collection):
        before, after = episode["state_observations"], episode["post_action_state_observations"]
        assert after[:-1] == before[1:]
        if before:
            world = World(read_scene(collection.scenes.parent / episode["xml_file"]))
            assert before[0] == world.observation()


def test_an_action_moves_its_object(collection):
    for episode in solved_episodes(collection):
        steps = zip(
            episode["action_sequence"],
            episode["state_observations"],
            episode["post_action_state_observations"],
            strict=True,
        )
        for action, before, after in steps:
            name = f"{action['object_id']}_pose"
            assert before[name] != after[name]
            assert len(action["target"]) == 3


def test_static_information_and_goal_are_those_of_the_scene(collected):
    for episode in solved_episodes(collected):
        scene = read_scene(collected.scenes.parent / episode["xml_file"])
        assert episode["robot_goal"] == (scene.goal.x, scene.goal.y, 0.0)
        information = episode["static_object_info"]
        assert {name for name, box in information.items() if box["movable"]} == {
            box.name for box in scene.movables
        }
        for box in (*scene.walls, *scene.movables):
            sizes = [information[box.name][f"size_{axis}"] for axis in "xyz"]
            assert sizes == [box.footprint.half_x, box.footprint.half_y, box.half_z]
            assert information[box.name]["start_pose"] == list(box.pose)
        start = [scene.robot.x, scene.robot.y, 0.0]
        assert information["robot"]["start_pose"] == start


def test_pushes_marked_on_plan_are_the_plan_that_was_found(collection):
    pushes = collection.table("pushes")
    for episode in solved_episodes(collection):
        rows = [
            row for row in pushes if row["episode_id"] == episode["episode_id"] and row["on_plan"]
        ]
        assert [row["depth"] for row in rows] == list(range(1, len(rows) + 1))
        assert [action_in(row) for row in rows] == episode["found_sequence"]
        assert [row["goal_open"] for row in rows] == [False] * (len(rows) - 1) + [True] * bool(rows)


def test_rows_of_plans_are_the_plan_with_its_states_and_where_each_push_is_from(collection):
    plans, searched = collection.table("plans"), defaultdict(list)
    for row in collection.table("pushes"):
        searched[row["episode_id"]].append(row)
    for episode in solved_episodes(collection):
        rows = [row for row in plans if row["episode_id"] == episode["episode_id"]]
        assert [row["step"] for row in rows] == list(range(episode["solution_depth"]))
        assert [action_in(row) for row in rows] == episode["action_sequence"]
        found = episode["found_sequence"]
        kept = [row["found_step"] for row in rows]
        assert [found[number] for number in kept] == episode["action_sequence"]
        assert sorted([*kept, *episode["dropped"]]) == list(range(len(found)))
        for row, before, after in zip(
            rows,
            episode["state_observations"],
            episode["post_action_state_observations"],
            strict=True,
        ):
            names = [f"{name}_pose" for name in ("robot", *row["object_names"])]
            assert row["poses_before"] == [value for name in names for value in before[name]]
            assert row["poses_after"] == [value for name in names for value in after[name]]
            result = [row["result_x"], row["result_y"], row["result_theta"]]
            assert result == after[f"{row['object_id']}_pose"]
            if row["search_push"] is not None:
                push = searched[row["episode_id"]][row["search_push"]]
                same = row.keys() & push.keys() - {"moved"}
                assert {name: push[name] for name in same} == {name: row[name] for name in same}


def test_every_simulated_push_is_a_row_and_none_of_an_unsolved_search_is_on_plan(collection):
    pushes = collection.table("pushes")
    for row in collection.table("metrics"):
        own = [push for push in pushes if push["episode_id"] == row["episode_id"]]
        assert [push["push"] for push in own] == list(range(row["pushes_simulated"]))
        assert sum(push["physics_steps"] for push in own) == row["physics_steps"]
        assert sum(push["on_plan"] for push in own) == (row["found_depth"] or 0)


def test_states_of_the_search_have_unique_numbers(collection):
    poses = {}
    for row in collection.table("pushes"):
        for number, flat in (
            (row["state"], row["poses_before"]),
            (row["next_state"], row["poses_after"]),
        ):
            assert poses.setdefault((row["episode_id"], number), flat) == flat
        assert (row["state"] != row["next_state"]) == row["moved"]


def test_what_the_robot_reaches_is_stored_of_every_state(collection):
    scenes = {row["env_index"]: row for row in collection.table("scenes")}
    reach = {}
    for row in collection.table("pushes"):
        stored = row["reachable"], row["reached_area"], row["goal_gap"]
        assert reach.setdefault((row["episode_id"], row["next_state"]), stored) == stored
        assert (row["goal_gap"] == 0.0) == row["goal_open"]
        assert row["reached_area"] > 0.0
    starts = 0
    for row in collection.table("pushes"):
        scene = scenes[row["env_index"]]
        start = scene["reachable"], scene["reached_area"], scene["goal_gap"]
        if row["state"] == 0:
            assert reach.get((row["episode_id"], 0), start) == start
            starts += 1
        reachable, *_ = start if row["state"] == 0 else reach[row["episode_id"], row["state"]]
        assert row["object_id"] in reachable
    assert starts


def test_stored_numbers_agree_with_the_metrics(collection):
    metrics = {row["episode_id"]: row for row in collection.table("metrics")}
    for record in collection.records():
        for episode in record["episode_results"]:
            row = metrics[episode["episode_id"]]
            shared = set(episode) & set(row) - {"xml_file", "error_message"}
            assert {key: episode[key] for key in shared} == {key: row[key] for key in shared}
            assert (episode["error_message"], row["error_message"]) == ("", None)
            stats = episode["algorithm_stats"]
            assert sum(stats["push_outcomes"].values()) == row["pushes_simulated"]


def test_parts_of_the_search_time_do_not_exceed_it(collection):
    for row in collection.table("metrics"):
        names = ("physics", "reachability", "push_planning", "inference")
        assert sum(row[f"{name}_time_ms"] for name in names) <= row["search_time_ms"]


def test_processor_time_is_that_of_the_search_alone(collection):
    for row in collection.table("metrics"):
        limit = 1.2 * row["search_time_ms"] + 20.0  # one thread; clocks tick
        assert (row["search_cpu_time_ms"] > 0.0) is (row["termination"] != "error")
        assert row["search_cpu_time_ms"] < limit


def test_every_stored_plan_replays_to_the_goal_in_a_new_process(collection):
    done = subprocess.run(
        [sys.executable, "-c", REPLAY, *map(str, collection.files())],
        cwd=collection.scenes.parent,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    verdicts = json.loads(done.stdout)
    lengths = [episode["solution_depth"] for episode in solved_episodes(collection)]
    assert verdicts == [[length, True, True] for length in lengths]


def test_episodes_of_an_environment_differ(several):
    episodes = several.record(0)["episode_results"]
    assert len({json.dumps(episode["action_sequence"]) for episode in episodes}) > 1
