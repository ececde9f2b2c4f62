"""An episode as a Python object: one search with its plan, whether stored or just made."""

from __future__ import annotations

import base64
import html
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, overload

import pyarrow as pa
import pyarrow.compute as pc

from namo.errors import ResultFileError
from namo.pictured import Pictured
from namo.planning.planner import Termination
from namo.results.actions import push_of
from namo.results.record_types import (
    EnvironmentRecord,
    EpisodePlan,
    MetricsRow,
    SceneColumns,
    SceneReference,
)
from namo.results.replay import Replay, replay
from namo.results.tables import DATA_TABLES
from namo.scenes.conditions import Conditions
from namo.scenes.scene import Scene
from namo.wording import counted
from namo.world.push import Action
from namo.world.world import Observation, World


class SceneSource(Protocol):
    """Where the scene of an episode comes from, such as `CollectedScenes`."""

    def scene(self, reference: SceneReference, conditions: Conditions) -> Scene:
        """Return the scene of an environment.

        Args:
            reference: record of the environment, or any of its metrics rows.
            conditions: under which it was searched.
        """


@dataclass(frozen=True, eq=False, repr=False)
class Plan(Pictured, Sequence[Action]):
    """The pushes that open the robot's goal, in order: a sequence, and a picture in a notebook.

    Attributes:
        pushes: the pushes; none when unsolved, and when the goal was reachable from the start.
        scene: row of the scenes table: what is drawn.
        steps: rows of the plans table, one per push: outcomes, states and recorded motion.
    """

    pushes: tuple[Action, ...]
    scene: SceneColumns
    steps: pa.Table

    @overload
    def __getitem__(self, index: int) -> Action: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Action, ...]: ...
    def __getitem__(self, index: int | slice) -> Action | tuple[Action, ...]:
        return self.pushes[index]

    def __len__(self) -> int:
        return len(self.pushes)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and self.pushes == tuple(other)

    def __hash__(self) -> int:
        return hash(self.pushes)

    def __repr__(self) -> str:
        return f"Plan({[*self.pushes]})"


@dataclass(frozen=True, repr=False)
class Episode(Pictured):
    """One search: its plan, the states along it, and everything that was simulated.

    Attributes:
        id: `episode_id` of the tables.
        record: its entry in the environment's file, plain values; of an exported data set, which
            has no such files, only the keys of `EpisodePlan`.
        metrics: its row of the metrics table.
        pushes: its rows of the pushes table: the whole search, in order.
        steps: its rows of the plans table: the plan with the motion of robot and movables.
        scene_row: row of its environment in the scenes table.
        scenes: where its scene comes from.
    """

    id: str
    record: EpisodePlan
    metrics: MetricsRow
    pushes: pa.Table
    steps: pa.Table
    scene_row: SceneColumns
    scenes: SceneSource

    @property
    def solved(self) -> bool:
        """Whether a plan was found."""
        return bool(self.record["solution_found"])

    @property
    def termination(self) -> Termination:
        """Why the search ended; a spent budget never means that no plan exists."""
        return Termination(self.metrics["termination"])

    @property
    def plan(self) -> Plan:
        """The pushes that open the robot's goal, in order.

        Empty when unsolved, and when the goal was reachable from the start. The goals of pushes to
        a pose are the commanded poses (m, rad; world frame); `states` holds the poses that
        resulted.
        """
        pushes = map(push_of, self.record["action_sequence"] or [])
        return Plan(tuple(pushes), self.scene_row, self.steps)

    @property
    def states(self) -> list[Observation]:
        """Poses before each push of the plan and after the last: `{name}_pose` -> [x, y, theta].

        Metres and radians, world frame. Empty without a plan of at least one push.
        """
        return [
            *self.record["state_observations"][:1],
            *self.record["post_action_state_observations"],
        ]

    @property
    def scene(self) -> Scene:
        """The scene, from its file or as stored, under the conditions of the collection.

        Raises:
            SceneError: the file is missing or has changed, and the scene is not stored.
        """
        return self.scenes.scene(self.metrics, Conditions.of(self.metrics))

    def replay(self, world: World | None = None) -> Replay:
        """Replay the plan and compare every state with the stored one, to the last bit.

        The result's `problem` is None if all are equal, the goal opened at the end and not before;
        the world is left there.

        Args:
            world: of the scene of this episode; a new one if None.

        Raises:
            SceneError: see `scene`.
            OSError: see `World.primitives`.
        """
        return replay(World(self.scene) if world is None else world, self.record)

    def __repr__(self) -> str:
        return f"<episode {self.id}: {self.outcome}>"

    @property
    def outcome(self) -> str:
        """What came of the search, as text."""
        pushes = self.metrics["pushes_simulated"]
        if self.solved:
            outcome = f"solved with {counted(len(self.plan), 'push', 'pushes')}"
        else:
            outcome = f"unsolved ({self.termination})"
        return f"{outcome}, {counted(pushes, 'push', 'pushes')} simulated"

    def _repr_html_(self) -> str:
        # As an image, so that its style sheet does not reach the rest of the page.
        data = base64.b64encode(self._repr_svg_().encode()).decode()
        caption = html.escape(f"{self.id}: {self.outcome}")
        return (
            f'<figure style="margin:0"><img alt="{caption}" src="data:image/svg+xml;base64,{data}">'
            f"<figcaption>{caption}</figcaption></figure>"
        )


def episodes_in(record: EnvironmentRecord, scenes: SceneSource) -> Iterator[Episode]:
    """Yield the episodes that the record of an environment keeps, in order.

    Args:
        record: of the environment.
        scenes: where its scene comes from.

    Raises:
        ResultFileError: the record keeps an episode, but no scene.
    """
    metrics = {row["episode_id"]: row for row in record["metrics"]}
    tables = [pa.table(record[name], schema=DATA_TABLES[name]) for name in ("pushes", "plans")]
    for episode in record["episode_results"]:
        name = episode["episode_id"]
        if record["scene"] is None:
            raise ResultFileError(f"{name}: its record holds no scene")
        pushes, steps = (table.filter(pc.equal(table["episode_id"], name)) for table in tables)
        yield Episode(name, episode, metrics[name], pushes, steps, record["scene"], scenes)
