"""Solved episodes as a Minari data set.

A step is a push of the plan: the poses before it, the pushed movable with its target pose, and
reward 1 for the push that makes the robot's goal reachable, which is the last. Spaces, observations
and actions are those of `namo/Push-v0`, and the data set names that environment with its scenes,
which lie beside its data: `recover_environment` makes it, and its actions lead to the same states.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, ClassVar

import minari
import numpy as np
from gymnasium.envs.registration import EnvSpec
from minari.data_collector.episode_buffer import EpisodeBuffer
from minari.dataset.minari_storage import MinariStorage

from namo.exporting.exporter import Export
from namo.exporting.planned import PLAN, count_kinds, max_movables, omission_lines
from namo.exporting.progress import track_progress
from namo.gym import ENTRY_POINT, ENV_ID
from namo.gym.push_env import REQUESTS
from namo.gym.scene_set import MINARI, STORED
from namo.gym.spaces import pose_space, request_space
from namo.results.record_types import EnvironmentRecord, EpisodeRecord
from namo.results.run_file import read_run_file
from namo.version import __version__
from namo.wording import counted
from namo.world.push import NO_TRAVEL_M, TO_A_POSE

DATA_FORMAT = "arrow"


class MinariExporter:
    """Writes a folder for `MINARI_DATASETS_PATH` with one data set."""

    SETTINGS: ClassVar[frozenset[str]] = frozenset()

    def write(self, export: Export) -> list[str]:
        """Write the data set, with one episode per plan.

        Raises:
            UsageError: no episode of the collection has a plan.
            ResultFileError: a file of the collection is missing or damaged.
        """
        movables = max_movables(export.collection.folder)
        kinds = count_kinds(export.collection.folder)
        dataset_id = f"{_valid_name(export.name)}-v0"
        data = export.folder / dataset_id / "data"
        data.parent.mkdir()
        (export.folder / STORED).rename(data.parent / STORED)
        storage = MinariStorage.new(
            data,
            pose_space(movables),
            request_space(movables),
            _environment(export, dataset_id, movables),
            data_format=DATA_FORMAT,
        )
        omissions = omission_lines(kinds)
        storage.update_metadata(_metadata(export, dataset_id, omissions))
        _write_episodes(storage, _episodes(export, movables), kinds[PLAN])
        return [
            f"{export.output}: Minari data set {dataset_id}, "
            f"{counted(kinds[PLAN], 'episode', 'episodes')}, "
            f"{counted(storage.total_steps, 'step', 'steps')}, padded to "
            f"{counted(movables, 'movable', 'movables')}",
            *omissions,
            "load it in Python with",
            f"    import os; os.environ['MINARI_DATASETS_PATH'] = {str(export.output.resolve())!r}",
            "    import minari",
            f"    data = minari.load_dataset({dataset_id!r})",
            "    env = data.recover_environment()",
        ]


def _environment(export: Export, dataset_id: str, movables: int) -> EnvSpec:
    """Return what makes the environment in which the actions of the data set were taken."""
    config = read_run_file(export.collection.folder)["config"]
    return EnvSpec(
        ENV_ID,
        ENTRY_POINT,
        kwargs={
            "scenes": f"{MINARI}{dataset_id}",
            "actions": REQUESTS,
            "max_movables": movables,
            "physics": config["physics"],
            "clearance": config.get("clearance", 0.0),
        },
    )


def episode_buffer(
    record: EnvironmentRecord, episode: EpisodeRecord, movables: int
) -> EpisodeBuffer:
    """Return an episode with a plan in Minari's format.

    Args:
        record: of its environment.
        episode: one of the record's `episode_results`.
        movables: number of movables to pad to.
    """
    actions, before = episode["action_sequence"] or [], episode["state_observations"]
    states = [before[0], *episode["post_action_state_observations"]]
    names = [name for name, info in episode["static_object_info"].items() if info["movable"]]
    last = len(actions) - 1
    poses = np.zeros((len(states), movables, 3))
    poses[:, : len(names)] = [[state[f"{name}_pose"] for name in names] for state in states]
    present = np.zeros((len(states), movables), np.int8)
    present[:, : len(names)] = 1
    goal = episode["robot_goal"][:2]
    return EpisodeBuffer(
        observations={
            "robot": np.array([state["robot_pose"] for state in states]),
            "goal": np.tile(np.array(goal), (len(states), 1)),
            "movables": poses,
            "present": present,
        },
        actions={
            "object": np.array([names.index(action["object_id"]) for action in actions]),
            "target": np.array([action["target"] for action in actions]),
            "contact": np.array([action.get("contact", TO_A_POSE) for action in actions]),
            "travel": np.array([action.get("travel", NO_TRAVEL_M) for action in actions]),
        },
        rewards=[float(step == last) for step in range(len(actions))],
        terminations=[step == last for step in range(len(actions))],
        truncations=[False] * len(actions),
        infos={
            "episode_id": [episode["episode_id"]] * len(states),
            "scene_sha256": [record["scene_sha256"]] * len(states),
            "object_names": [names] * len(states),
        },
    )


def _write_episodes(storage: MinariStorage, episodes: Iterator[EpisodeBuffer], total: int) -> None:
    # Minari sums up the sizes of all files after each episode, which is quadratic in episodes.
    storage.get_size = lambda: 0.0
    storage.update_episodes(track_progress(episodes, total, "episodes"))
    files = (path for path in storage.data_path.rglob("*") if path.is_file())
    megabytes = sum(path.stat().st_size for path in files) / 1e6
    storage.update_metadata({"dataset_size": round(megabytes, 1)})


def _episodes(export: Export, movables: int) -> Iterator[EpisodeBuffer]:
    for record in export.collection.records():
        for episode in record["episode_results"]:
            if episode["action_sequence"]:
                yield episode_buffer(record, episode, movables)


def _metadata(export: Export, dataset_id: str, omissions: list[str]) -> dict[str, Any]:
    """Return the metadata of the data set apart from its spaces."""
    run = read_run_file(export.collection.folder)
    config = run["config"]
    return {
        "dataset_id": dataset_id,
        "minari_version": minari.__version__,
        "algorithm_name": config["algorithm"],
        "author": {"namo-collect"},
        "requirements": [f"namo-collect=={__version__}"],
        "description": " ".join(
            [
                "Navigation Among Movable Obstacles: plans of pushes that make the robot's "
                f"goal reachable, found by {config['algorithm']} (objects "
                f"{config['object_strategy']}, goals {config['goal_strategy']}, physics "
                f"{config['physics']}, clearance {100.0 * config.get('clearance', 0.0):g} cm, seed "
                f"{config['seed']}) in MuJoCo "
                f"{run['versions']['mujoco']} and collected with namo-collect "
                f"{run['versions']['namo']}.",
                "A step is a push. Observations: poses x, y (m), theta (rad) in the world frame of "
                "the robot and of the movables in the order of the scene file, padded with zeros "
                "(present is 0); x, y of the robot's goal. Actions: index of the pushed movable in "
                "that order, and its target pose; contact point and travel (m) of a straight push, "
                f"{TO_A_POSE} and {NO_TRAVEL_M:g} for a push to a pose. Reward: 1 for the "
                "last push, which makes the goal reachable, else 0.",
                *(f"{line}." for line in omissions),
            ]
        ),
    }


def _valid_name(name: str) -> str:
    """Return a name without the characters that Minari does not allow in ids."""
    return re.sub(r"[^-\w]", "_", name, flags=re.ASCII) or "collection"
