"""Motion primitives: what one straight push from each contact point does to a box.

A primitive is a contact point and how far the robot travels from it, pushing along the face's
normal with all its force; its effect is the displacement (dx, dy, dtheta) of the box in the frame
it had before. Primitives are simulated in an empty scene under the physics of the scene at hand,
for a box *class*: size, mass and friction rounded to steps of `CLASS_STEP`, so that a thousand
boxes share a few dozen simulations. Pushing with little inertia is close to quasi-static: for the
same travel the translation stays and the rotation shrinks as the box grows, which is how a class is
scaled to a box. What remains of an error the push skill closes by looking again.

`cost_to_go` holds for every displacement within reach how much robot travel, in physics steps, a
sequence of primitives needs to bring it about: a dynamic programme over compositions of primitives,
forward from no displacement (Bellman 1957). It ignores obstacles and guides the search of
`namo.world.push_planner`, which does not.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import platform
import zipfile
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from pathlib import Path

import mujoco
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from namo.files import replacing
from namo.geometry import Pose2D
from namo.scenes.scene import Friction, Goal, Movable, Robot, Scene
from namo.world.contacts import CONTACT_OFFSETS, contact_points
from namo.world.simulation import Simulation

PRIMITIVES_VERSION = 1
"""Part of the cache key: grows when the making of primitives changes."""

CLASS_STEP = 1.15
TRAVELS = (0.07, 0.17, 0.3, 0.45, 0.65, 0.9, 1.2, 1.55, 1.95, 2.4)
"""Robot travels, as a share of the box's mean half extent."""
CONTROL_PERIOD_S = 0.05
MAX_PUSH_S = 12.0
CONTACT_COST_STEPS = 25
"""What taking up a contact costs besides pushing, so that few long pushes win over many short."""

SPAN_SHARE = 4.5
"""Half width of the cost-to-go table, as a share of the mean half extent."""
SPAN_RAD = 1.8
CELLS_XY = 61
CELLS_THETA = 37
SEQUENCE_LENGTH = 3

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class BoxClass:
    """What decides a box's primitives, rounded. Everything here is part of the cache key."""

    half_x: float
    half_y: float
    half_z: float
    mass: float
    friction: Friction
    floor_friction: Friction
    robot: Robot
    options: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, scene: Scene, movable: Movable) -> BoxClass:
        """Return the class of a movable in its scene."""
        half_x, half_y, half_z = (_rounded(value) for value in movable.half_extents)
        return cls(
            half_x,
            half_y,
            half_z,
            _rounded(movable.mass),
            _rounded_friction(movable.friction),
            scene.floor_friction,
            Robot(
                0.0,
                0.0,
                scene.robot.radius,
                scene.robot.mass,
                scene.robot.friction,
                scene.robot.max_force,
            ),
            tuple(sorted(scene.options.items())),
        )

    @property
    def size(self) -> float:
        """Mean half extent (m), the unit of travels and of the cost-to-go table."""
        return math.sqrt(self.half_x * self.half_y)

    def key(self) -> str:
        """Return the name of this class in the cache, with everything its numbers depend on."""
        text = json.dumps(
            [PRIMITIVES_VERSION, mujoco.__version__, platform.machine(), asdict(self)],
            sort_keys=True,
        )
        return hashlib.sha256(text.encode()).hexdigest()[:32]


def _rounded(value: float) -> float:
    """Return the nearest power of `CLASS_STEP`."""
    return float(CLASS_STEP ** round(math.log(value) / math.log(CLASS_STEP)))


def _rounded_friction(friction: Friction) -> Friction:
    sliding, torsional, rolling = (_rounded(mu) if mu > 0 else 0.0 for mu in friction)
    return sliding, torsional, rolling


@dataclass(frozen=True, eq=False)
class PrimitiveLibrary:
    """The primitives of a box class.

    Attributes:
        size: mean half extent of the class (m).
        displacements: (contacts, travels, 3) float64: dx, dy (m), dtheta (rad) in the box's frame.
        travels: (travels,) how far the robot moved (m).
        steps: (contacts, travels) physics steps it took; infinite where the box did not yield.
        cost_to_go: (x, y, theta) float32, physics steps to bring about a displacement.
    """

    size: float
    displacements: Floats
    travels: Floats
    steps: Floats
    cost_to_go: NDArray[np.float32]

    def scaled(self, movable: Movable) -> Floats:
        """Return the displacements for a box of this class with its own size."""
        own = math.sqrt(movable.half_extents[0] * movable.half_extents[1])
        displacements = self.displacements.copy()
        displacements[..., 2] *= self.size / own
        return displacements

    def cost(self, relative: Floats) -> Floats:
        """Return the cost to go of wanted displacements (..., 3), in physics steps.

        Displacements beyond the table cost what the nearest one in it does, and the way there.
        """
        span = SPAN_SHARE * self.size
        limits = np.array([span, span, SPAN_RAD])
        inside = np.clip(relative, -limits, limits)
        counts = np.array([CELLS_XY, CELLS_XY, CELLS_THETA])
        cells = np.rint((inside + limits) / (2 * limits) * (counts - 1)).astype(np.intp)
        beyond = np.abs(relative - inside) @ np.array([1.0, 1.0, self.size])
        table = self.cost_to_go[cells[..., 0], cells[..., 1], cells[..., 2]]
        cost: Floats = table + beyond * (1000.0 / self.size)
        return cost


def library_for(scene: Scene, movable: Movable, cache: Path | None = None) -> PrimitiveLibrary:
    """Return the primitives for a movable: from memory, from disk, or simulated now.

    Args:
        scene: gives the physics and the robot.
        movable: the box.
        cache: folder of the disk cache; `cache_folder()` by default.
    """
    return _library(BoxClass.of(scene, movable), cache or cache_folder())


def cache_folder() -> Path:
    """Return where primitives are kept: `NAMO_CACHE_DIR`, or the user's cache folder."""
    if folder := os.environ.get("NAMO_CACHE_DIR"):
        return Path(folder)
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "namo-collect"


@lru_cache(maxsize=512)
def _library(box_class: BoxClass, cache: Path) -> PrimitiveLibrary:
    path = cache / "primitives" / f"{box_class.key()}.npz"
    library = _load(path)
    if library is None:
        library = simulate_library(box_class)
        with replacing(path) as handle:
            np.savez_compressed(
                handle,
                size=library.size,
                displacements=library.displacements,
                travels=library.travels,
                steps=library.steps,
                cost_to_go=library.cost_to_go,
            )
    return library


def _load(path: Path) -> PrimitiveLibrary | None:
    """Return what the cache holds; None when there is nothing whole there."""
    try:
        with np.load(path, allow_pickle=False) as arrays:
            return PrimitiveLibrary(
                float(arrays["size"]),
                arrays["displacements"],
                arrays["travels"],
                arrays["steps"],
                arrays["cost_to_go"],
            )
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        # A damaged cache entry is worth nothing and costs a second to make again.
        path.unlink(missing_ok=True)
        return None


def simulate_library(box_class: BoxClass) -> PrimitiveLibrary:
    """Simulate the primitives of a class and solve for its cost-to-go."""
    travels = np.array(TRAVELS) * box_class.size
    per_face = len(CONTACT_OFFSETS)
    displacements = np.zeros((4 * per_face, len(travels), 3))
    steps = np.full((4 * per_face, len(travels)), np.inf)
    simulation = _empty_scene(box_class)
    # A box is symmetric under mirroring and half turns: two faces, half of each, tell the rest.
    for face in (0, 1):
        for index in range((per_face + 1) // 2):
            moved, took = _push(simulation, box_class, face * per_face + index, travels)
            mirror = np.array([1, -1, -1]) if face == 0 else np.array([-1, 1, -1])
            half_turn = np.array([-1, -1, 1])
            for first, sign in ((face, np.ones(3)), (face + 2, half_turn)):
                contact, twin = first * per_face + index, first * per_face + per_face - 1 - index
                displacements[contact], steps[contact] = moved * sign, took
                if twin != contact:
                    displacements[twin], steps[twin] = moved * sign * mirror, took
    cost_to_go = _solve(displacements, steps, box_class.size)
    return PrimitiveLibrary(box_class.size, displacements, travels, steps, cost_to_go)


def _empty_scene(box_class: BoxClass) -> Simulation:
    half_x, half_y = box_class.half_x, box_class.half_y
    box = Movable(
        "box_movable",
        Pose2D(0.0, 0.0, 0.0),
        (half_x, half_y, box_class.half_z),
        box_class.half_z,
        box_class.mass,
        box_class.friction,
    )
    scene = Scene(
        walls=(),
        movables=(box,),
        robot=replace(box_class.robot, x=-2.0 * (half_x + half_y + box_class.robot.radius)),
        goal=Goal(0.0, 0.0),
        floor_friction=box_class.floor_friction,
        options=dict(box_class.options),
    )
    return Simulation(scene)


def _push(
    simulation: Simulation, box_class: BoxClass, contact: int, travels: Floats
) -> tuple[Floats, Floats]:
    """Push from one contact point; return displacements (travels, 3) and steps (travels,)."""
    contacts = contact_points(box_class.half_x, box_class.half_y, box_class.robot.radius)
    displacements, steps = np.zeros((len(travels), 3)), np.full(len(travels), np.inf)
    simulation.restore(simulation.start)
    start = contacts.positions[contact]
    simulation.place_robot(*start)
    period = control_steps(simulation.timestep_s)
    index, count = 0, 0
    while index < len(travels) and count * simulation.timestep_s < MAX_PUSH_S:
        push_along(simulation, "box_movable", contacts.directions[contact], period)
        count += period
        x, y = simulation.robot()
        travelled = math.hypot(x - start[0], y - start[1])
        while index < len(travels) and travelled >= travels[index]:
            displacements[index] = simulation.pose("box_movable")
            steps[index] = count
            index += 1
    simulation.check_health(count)
    return displacements, steps


def control_steps(timestep_s: float) -> int:
    """Return how many physics steps a control is held."""
    return max(1, round(CONTROL_PERIOD_S / timestep_s))


def push_along(simulation: Simulation, name: str, direction: Floats, steps: int) -> None:
    """Push with all force along a direction of the box's frame and step the physics.

    Args:
        simulation: stepped in place.
        name: of the box.
        direction: (2,) unit vector in the box's frame.
        steps: physics steps to hold it.
    """
    yaw = simulation.yaw(name)
    c, s = math.cos(yaw), math.sin(yaw)
    x, y = float(direction[0]), float(direction[1])
    force = simulation.scene.robot.max_force
    simulation.drive(force * (c * x - s * y), force * (s * x + c * y))
    simulation.step(steps)


def _solve(displacements: Floats, steps: Floats, size: float) -> NDArray[np.float32]:
    """Return the cost-to-go table: least steps over sequences of primitives, cell by cell.

    Every cell keeps the cheapest displacement that fell into it, exactly as composed, and that one
    is extended by every primitive in the next round.
    """
    usable = np.isfinite(steps)
    moves, prices = displacements[usable], steps[usable] + CONTACT_COST_STEPS
    shape = (CELLS_XY, CELLS_XY, CELLS_THETA)
    limits = np.array([SPAN_SHARE * size, SPAN_SHARE * size, SPAN_RAD])
    cost = np.full(shape, np.inf).ravel()
    centre = np.ravel_multi_index(tuple(n // 2 for n in shape), shape)
    cost[centre] = 0.0
    frontier, frontier_cost = np.zeros((1, 3)), np.zeros(1)
    for _ in range(SEQUENCE_LENGTH):
        reached = _composed(frontier, moves).reshape(-1, 3)
        price = (frontier_cost[:, None] + prices).ravel()
        within = (np.abs(reached) <= limits).all(axis=1)
        reached, price = reached[within], price[within]
        cells = np.rint((reached + limits) / (2 * limits) * (np.array(shape) - 1)).astype(np.intp)
        flat = np.ravel_multi_index(tuple(cells.T), shape)
        # The first of each cell in order of price is its cheapest.
        order = np.argsort(price, kind="stable")
        cell, first = np.unique(flat[order], return_index=True)
        best = order[first]
        better = price[best] < cost[cell]
        cell, best = cell[better], best[better]
        cost[cell] = price[best]
        frontier, frontier_cost = reached[best], price[best]
    table = cost.reshape(shape)
    # A target is met within a tolerance, so a neighbouring displacement will do as well.
    table = ndimage.grey_erosion(table, size=(3, 3, 3), mode="nearest")
    if not usable.any():
        return np.zeros(shape, np.float32)
    unknown = ~np.isfinite(table)
    distance, nearest = ndimage.distance_transform_edt(unknown, return_indices=True)
    filled = table[tuple(nearest)] + distance * float(prices.mean())
    filled[tuple(n // 2 for n in shape)] = 0.0
    result: NDArray[np.float32] = filled.astype(np.float32)
    return result


def _composed(first: Floats, second: Floats) -> Floats:
    """Return every composition (n, m, 3) of displacements (n, 3) followed by (m, 3)."""
    c, s = np.cos(first[:, None, 2]), np.sin(first[:, None, 2])
    return np.stack(
        [
            first[:, None, 0] + c * second[:, 0] - s * second[:, 1],
            first[:, None, 1] + s * second[:, 0] + c * second[:, 1],
            first[:, None, 2] + second[:, 2],
        ],
        axis=-1,
    )
