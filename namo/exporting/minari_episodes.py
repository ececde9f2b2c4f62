"""Solved searches as episodes of a Minari data set.

A step is a push of the plan: the poses before it, which movable goes where, and 1 as the reward of
the push that opens the robot's goal, which is the last. A data set of Minari has one space for all
episodes, while scenes differ in their movables: there is room for the most that a scene has, the
rest is zero, and `present` says what is there.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any, ClassVar

import gymnasium
import minari
import numpy as np
import pyarrow.compute as pc
from gymnasium.spaces import Box, Dict, Discrete, MultiBinary
from minari.data_collector.episode_buffer import EpisodeBuffer
from minari.dataset.minari_storage import MinariStorage

from namo.errors import UsageError
from namo.exporting.counting import counting
from namo.exporting.exporter import Export
from namo.planning.planner import Termination
from namo.results.collection import Record
from namo.results.run_file import read_run_file
from namo.results.tables import merged_table, row_groups
from namo.version import __version__
from namo.wording import counted

DATA_FORMAT = "arrow"

_LEFT_OUT = {
    "unsolved": "no plan was found",
    "open": "the goal was open from the start, so there is nothing to do",
    "dropped": "--filter-minimum-length dropped them",
    "failed": "their environment failed",
}


class MinariEpisodes:
    """Writes the folder that `MINARI_DATASETS_PATH` names."""

    SETTINGS: ClassVar[frozenset[str]] = frozenset()

    def write(self, export: Export) -> list[str]:
        """Write one data set with an episode for each plan.

        Raises:
            UsageError: no episode of the collection has a plan.
            ResultFileError: a file of the collection is missing or damaged.
        """
        movables = _most_movables(export)
        kinds = Counter(_kinds(export))
        if not kinds["plan"]:
            raise UsageError(
                f"{export.collection.folder}: no episode has a plan of a push or more, which is "
                "what a Minari episode is made of"
            )
        dataset_id = f"{_plain(export.name)}-v0"
        data = export.folder / dataset_id / "data"
        data.parent.mkdir()
        storage = MinariStorage.new(
            data, observation_space(movables), action_space(movables), data_format=DATA_FORMAT
        )
        left_out = [
            f"{counted(kinds[kind], 'episode', 'episodes')} left out: {why}"
            for kind, why in _LEFT_OUT.items()
            if kinds[kind]
        ]
        storage.update_metadata(_about(export, dataset_id, left_out))
        _write_episodes(storage, _episodes(export, movables), kinds["plan"])
        return [
            f"{export.output}: Minari data set {dataset_id}, "
            f"{counted(kinds['plan'], 'episode', 'episodes')}, "
            f"{counted(storage.total_steps, 'step', 'steps')}, room for "
            f"{counted(movables, 'movable', 'movables')}",
            *left_out,
            "it is loaded in Python with",
            f"    import os; os.environ['MINARI_DATASETS_PATH'] = {str(export.output.resolve())!r}",
            "    import minari",
            f"    data = minari.load_dataset({dataset_id!r})",
        ]


def observation_space(movables: int) -> gymnasium.Space[Any]:
    """Return the space of states: poses are x, y (m), theta (rad), world frame."""
    return Dict(
        {
            "robot": _poses((3,)),
            "goal": Box(-np.inf, np.inf, (2,), np.float64),
            "movables": _poses((movables, 3)),
            "present": MultiBinary(movables),
        }
    )


def action_space(movables: int) -> gymnasium.Space[Any]:
    """Return the space of pushes: which movable, and the pose it is to have."""
    return Dict({"object": Discrete(movables), "target": _poses((3,))})


def _poses(shape: tuple[int, ...]) -> Box:
    high = np.broadcast_to(np.array([np.inf, np.inf, np.pi]), shape)
    return Box(-high, high, shape, np.float64)


def buffer_of(record: Record, episode: Record, movables: int) -> EpisodeBuffer:
    """Return an episode with a plan as Minari takes it.

    Args:
        record: of its environment.
        episode: the one of its `episode_results`.
        movables: that there is room for.
    """
    actions, before = episode["action_sequence"], episode["state_observations"]
    states = [before[0], *episode["post_action_state_observations"]]
    names = [name for name, what in episode["static_object_info"].items() if what["movable"]]
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
    # Minari measures its folder after each episode, all files again each time.
    storage.get_size = lambda: 0.0
    storage.update_episodes(counting(episodes, total, "episodes"))
    files = (path for path in storage.data_path.rglob("*") if path.is_file())
    megabytes = sum(path.stat().st_size for path in files) / 1e6
    storage.update_metadata({"dataset_size": round(megabytes, 1)})


def _episodes(export: Export, movables: int) -> Iterator[EpisodeBuffer]:
    for record in export.collection.records():
        for episode in record["episode_results"]:
            if episode["action_sequence"]:
                yield buffer_of(record, episode, movables)


def _kinds(export: Export) -> Iterator[str]:
    """Yield of each episode whether it has a plan, or why not."""
    columns = ["solution_depth", "kept", "termination"]
    for table in row_groups(merged_table(export.collection.folder, "metrics"), columns):
        for row in table.to_pylist():
            if row["termination"] == Termination.ERROR.value:
                yield "failed"
            elif not row["kept"]:
                yield "dropped"
            elif row["solution_depth"] is None:
                yield "unsolved"
            else:
                yield "plan" if row["solution_depth"] else "open"


def _most_movables(export: Export) -> int:
    path = merged_table(export.collection.folder, "scenes")
    most = [
        pc.max(pc.list_value_length(table["movables"])).as_py()
        for table in row_groups(path, ["movables"])
    ]
    return max((number for number in most if number is not None), default=0)


def _about(export: Export, dataset_id: str, left_out: list[str]) -> dict[str, Any]:
    """Return what Minari keeps of a data set beside its spaces."""
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
                "Navigation Among Movable Obstacles: plans of pushes that open the robot's goal, "
                f"found by {config['algorithm']} (objects {config['object_strategy']}, goals "
                f"{config['goal_strategy']}, physics {config['physics']}, seed {config['seed']}) "
                f"in MuJoCo {run['versions']['mujoco']} and collected with namo-collect "
                f"{run['versions']['namo']}.",
                "A step is a push. Observations: poses x, y (m), theta (rad) in the world frame of "
                "the robot and of the movables in the order of their scene's file, zero where a "
                "scene has fewer (present is 0); x, y of the robot's goal. Actions: place of the "
                "pushed movable in that order, and the pose it is to have. Reward: 1 for the push "
                "that opens the goal, the last, else 0.",
                *(f"{line}." for line in left_out),
            ]
        ),
    }


def _plain(name: str) -> str:
    """Return a name as the ids of Minari may have it."""
    return re.sub(r"[^-\w]", "_", name, flags=re.ASCII) or "collection"
