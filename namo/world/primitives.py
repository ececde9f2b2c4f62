"""Motion primitives: what one straight push from each contact point does to a box.

A primitive is a contact point and how far the robot travels from it, pushing along the face's
normal with all its force; its effect is the displacement (dx, dy, dtheta) of the box in the frame
it had before. Primitives are simulated in an empty scene under the physics of the scene at hand,
for a box *class*: size, mass and friction rounded to steps of `CLASS_STEP`, so that a thousand
boxes share a few dozen simulations. Pushing with little inertia is close to quasi-static: for the
same travel the translation stays and the rotation shrinks as the box grows, which is how a class is
scaled to a box. What remains of an error the push skill closes by looking again.
"""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import asdict, dataclass, replace

import numpy as np

from namo.errors import PhysicsError
from namo.geometry import Floats, Pose2D
from namo.numerics import numerics
from namo.scenes.scene import Friction, Goal, Movable, Robot, Scene
from namo.world.contacts import CONTACT_OFFSETS, contact_points
from namo.world.cost_to_go import CostToGo, solve
from namo.world.simulation import Simulation

PRIMITIVES_VERSION = 1
"""Part of the cache key: grows when the making of primitives changes."""

CLASS_STEP = 1.15
TRAVELS = (0.07, 0.17, 0.3, 0.45, 0.65, 0.9, 1.2, 1.55, 1.95, 2.4)
"""Robot travels, as a share of the box's mean half extent."""
CONTROL_PERIOD_S = 0.05
LONGEST_PRIMITIVE_S = 12.0


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
        """Geometric mean of the half extents (m), the unit of travels and cost-to-go."""
        return math.sqrt(self.half_x * self.half_y)

    def key(self) -> str:
        """Return the name of this class in the cache, with everything its numbers depend on."""
        text = json.dumps(
            [PRIMITIVES_VERSION, numerics(), asdict(self)],
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
        size: geometric mean of the half extents (m).
        displacements: (contacts, travels, 3) float64: dx, dy (m), dtheta (rad) in the box's frame.
        travels: (travels,) how far the robot moved (m).
        steps: (contacts, travels) physics steps it took; infinite where the box did not yield.
        cost_to_go: of displacements by sequences of these primitives.
    """

    size: float
    displacements: Floats
    travels: Floats
    steps: Floats
    cost_to_go: CostToGo

    def scaled(self, movable: Movable) -> Floats:
        """Return the displacements for a box of this class with its own size."""
        own = math.sqrt(movable.half_extents[0] * movable.half_extents[1])
        displacements = self.displacements.copy()
        displacements[..., 2] *= self.size / own
        return displacements


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
    cost_to_go = solve(displacements, steps, box_class.size)
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
    while index < len(travels) and count * simulation.timestep_s < LONGEST_PRIMITIVE_S:
        push_along(simulation, "box_movable", contacts.directions[contact], period)
        count += period
        try:
            simulation.check_health(count)
        except PhysicsError:
            break  # a box that tips over here has no longer travels from this contact
        x, y = simulation.robot()
        travelled = math.hypot(x - start[0], y - start[1])
        while index < len(travels) and travelled >= travels[index]:
            displacements[index] = simulation.pose("box_movable")
            steps[index] = count
            index += 1
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
