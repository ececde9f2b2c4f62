"""Motion primitives: how one straight push from each contact point displaces a movable.

A primitive is a contact point and a travel of the robot from it, pushing along the face's normal
with maximum force; its effect is the displacement (dx, dy, dtheta) of the movable in its frame
before the push. Primitives are simulated in an empty scene with the physics of the given scene, per
*class*: size, mass and friction of a box rounded to powers of `CLASS_STEP`, so that a thousand
boxes share a few dozen simulations. Pushing with little inertia is close to quasi-static: for the
same travel the translation stays the same and the rotation shrinks as the box grows, which is how a
class is scaled to a box. The push skill corrects the remaining error by closed-loop control.
"""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import asdict, dataclass, replace

import numpy as np

from namo.errors import PhysicsError
from namo.geometry import Floats, Pose2D
from namo.numeric_platform import numeric_platform
from namo.scenes.footprint import Footprint, Rectangle
from namo.scenes.scene import Friction, Goal, Movable, Robot, Scene
from namo.world.contacts import ContactPoints, contact_points
from namo.world.cost_to_go import CostToGo, solve
from namo.world.simulation import Simulation

PRIMITIVES_VERSION = 1
"""Part of the cache key; raised when the simulation of primitives changes."""

CLASS_STEP = 1.15
TRAVELS = (0.07, 0.17, 0.3, 0.45, 0.65, 0.9, 1.2, 1.55, 1.95, 2.4)
"""Robot travels, as multiples of the box's mean half extent."""
CONTROL_PERIOD_S = 0.05
LONGEST_PRIMITIVE_S = 12.0


@dataclass(frozen=True)
class PushClass:
    """What determines a movable's primitives, rounded. All of it is part of the cache key.

    Attributes:
        footprint: half extents (m) of a rectangle are rounded, a polygon is exact.
        half_z: half height, rounded (m).
        mass: rounded (kg).
        friction: of the movable, rounded.
        floor_friction: of the floor.
        robot: placed at the origin.
        options: of MuJoCo, pairs of name and value as in the scene, sorted by name.
    """

    footprint: Footprint
    half_z: float
    mass: float
    friction: Friction
    floor_friction: Friction
    robot: Robot
    options: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, scene: Scene, movable: Movable) -> PushClass:
        """Return the class of a movable in its scene; a polygon is a class of its own.

        Its robot is a sphere. A movable that only a cylinder can push, because the centre of such a
        sphere is above it, is simulated as high as that centre.
        """
        footprint = movable.footprint
        if isinstance(footprint, Rectangle):
            footprint = Rectangle(_rounded(footprint.half_x), _rounded(footprint.half_y))
        # The rounded height of what a sphere can push may be a little less than its radius.
        is_below = scene.robot.radius > 2.0 * CLASS_STEP * movable.half_z
        return cls(
            footprint,
            _rounded(movable.half_z if not is_below else scene.robot.radius),
            _rounded(movable.mass),
            _rounded_friction(movable.friction),
            scene.floor_friction,
            replace(scene.robot, x=0.0, y=0.0),
            tuple(sorted(scene.options.items())),
        )

    def key(self) -> str:
        """Return the cache key of this class: a hash of everything the primitives depend on."""
        text = json.dumps(
            [PRIMITIVES_VERSION, numeric_platform(), asdict(self)],
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
        size: of the footprint: half the side of the square of the same area (m).
        displacements: (contacts, travels, 3) float64: dx, dy (m), dtheta (rad) in the box's frame.
        travels: (travels,) how far the robot travelled (m).
        steps: (contacts, travels) physics steps; infinite where the box did not yield.
        cost_to_go: of displacements by sequences of these primitives.
    """

    size: float
    displacements: Floats
    travels: Floats
    steps: Floats
    cost_to_go: CostToGo

    def scaled(self, movable: Movable) -> Floats:
        """Return the displacements scaled to one movable of the class.

        Returns:
            (contacts, travels, 3): dx, dy (m), dtheta (rad) in the movable's frame.
        """
        displacements = self.displacements.copy()
        displacements[..., 2] *= self.size / movable.footprint.size
        return displacements


def simulate_library(push_class: PushClass) -> PrimitiveLibrary:
    """Simulate the primitives of a class and solve for its cost-to-go.

    Raises:
        SceneError: MuJoCo rejects the robot alone with such a movable.
    """
    contacts = contact_points(push_class.footprint, push_class.robot.radius)
    size = push_class.footprint.size
    travels = np.array(TRAVELS) * size
    displacements = np.zeros((len(contacts.positions), len(travels), 3))
    steps = np.full(displacements.shape[:2], np.inf)
    simulation = _empty_scene(push_class)
    for contact, mirrored in _symmetric_contacts(push_class.footprint, len(displacements)).items():
        moved, took = _push(simulation, contacts, contact, travels)
        displacements[contact], steps[contact] = moved, took
        for other, mirror in mirrored:
            displacements[other], steps[other] = moved * mirror, took
    return PrimitiveLibrary(size, displacements, travels, steps, solve(displacements, steps, size))


def _symmetric_contacts(footprint: Footprint, contacts: int) -> dict[int, list[tuple[int, Floats]]]:
    """Return which contacts to simulate, each with the contacts that follow from it by symmetry.

    A rectangle is symmetric under mirroring and half turns, so half of the contacts of two faces
    are enough. A contact that follows comes with the factors (3,) of its displacement.
    """
    if not isinstance(footprint, Rectangle):
        return {contact: [] for contact in range(contacts)}
    per_face = contacts // 4
    half_turn = np.array([-1.0, -1.0, 1.0])
    symmetric = {}
    for face, mirror in ((0, np.array([1.0, -1.0, -1.0])), (1, np.array([-1.0, 1.0, -1.0]))):
        for index in range((per_face + 1) // 2):
            contact, image = face * per_face + index, (face + 1) * per_face - 1 - index
            opposite = 2 * per_face
            mirrored = [(contact + opposite, half_turn)]
            if image != contact:
                mirrored += [(image, mirror), (image + opposite, half_turn * mirror)]
            symmetric[contact] = mirrored
    return symmetric


def _empty_scene(push_class: PushClass) -> Simulation:
    span = float(np.ptp(push_class.footprint.outline, axis=0).sum()) / 2
    movable = Movable(
        "box_movable",
        Pose2D(0.0, 0.0, 0.0),
        push_class.footprint,
        push_class.half_z,
        push_class.half_z,
        push_class.mass,
        push_class.friction,
    )
    scene = Scene(
        walls=(),
        movables=(movable,),
        robot=replace(push_class.robot, x=-2.0 * (span + push_class.robot.radius)),
        goal=Goal(0.0, 0.0),
        floor_friction=push_class.floor_friction,
        options=dict(push_class.options),
    )
    return Simulation(scene)


def _push(
    simulation: Simulation, contacts: ContactPoints, contact: int, travels: Floats
) -> tuple[Floats, Floats]:
    """Push from one contact point; return displacements (travels, 3) and steps (travels,)."""
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
            break  # a box that tips over has no longer travels from this contact
        x, y = simulation.robot()
        travelled = math.hypot(x - start[0], y - start[1])
        while index < len(travels) and travelled >= travels[index]:
            displacements[index] = simulation.pose("box_movable")
            steps[index] = count
            index += 1
    return displacements, steps


def control_steps(timestep_s: float) -> int:
    """Return for how many physics steps a control is held."""
    return max(1, round(CONTROL_PERIOD_S / timestep_s))


def push_along(simulation: Simulation, name: str, direction: Floats, steps: int) -> None:
    """Push with maximum force along a direction of the box's frame and step the physics.

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
