"""The compiled part of push planning: what each primitive costs from a pose, best first.

Kept apart from `namo.world.push_planner`, which decides what to look at; here are the loops over
all primitives of a movable.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from namo.compiled import compiled
from namo.geometry import Floats, Placed
from namo.scenes.grid import Frame, Mask
from namo.world.cost_to_go import BEYOND_COST_STEPS, SPAN_RAD, SPAN_SHARE
from namo.world.free_space import cell_of


class PrimitiveTable(NamedTuple):
    """The primitives of a movable as arrays; primitive = contact * travels + travel.

    Attributes:
        moves: (primitives, 5) dx, dy (m), dtheta (rad), its cosine and its sine.
        prices: (primitives,) physics steps; infinite where the box does not yield.
        swept: (contacts, travels, n, 2) border of the movable at the end, in its first frame (m).
        followed: (contacts, travels, 2) centre of the robot at the end, likewise (m).
        cost_to_go: (dx, dy, dtheta) cells of displacements: physics steps; see
            `namo.world.cost_to_go.CostToGo`.
        size: of the class (m); see `namo.world.primitives.PrimitiveLibrary`.
    """

    moves: Floats
    prices: Floats
    swept: Floats
    followed: Floats
    cost_to_go: NDArray[np.float32]
    size: float


class Masks(NamedTuple):
    """What stands around the movable.

    Attributes:
        solid_walls: cells that walls cover.
        walls: cells in which the robot's centre would touch a wall.
        others: cells that other movables cover.
    """

    solid_walls: Mask
    walls: Mask
    others: Mask


WAITING = np.dtype(
    [("priority", "f8"), ("order", "i8"), ("spent", "f8"), ("left", "f8"), ("checked", "b1")]
)
"""A primitive in the open list: what a plan through it costs at least; which it is (`order`, node *
primitives + primitive); what the plan up to its end costs; what is left to do then, by the
cost-to-go; and whether priority and spent count what stands in the way. Costs are physics steps."""

NODE = np.dtype(
    [(name, "f8") for name in ("x", "y", "theta", "cos", "sin", "spent", "robot_x", "robot_y")]
    + [(name, "i8") for name in ("first", "taken", "place_x", "place_y", "place_theta")]
)
"""A pose of the movable that primitives start from: where it is (m, rad), what the plan to it costs
(physics steps), where the robot then is (m), the primitive that the plan begins with, how many
primitives from here were taken off the open list, and the pose rounded, by which nearly equal poses
are told."""


class PlanSearch(NamedTuple):
    """A search in progress.

    Attributes:
        open: (capacity,) `WAITING`, a binary heap: cheapest first, then first come.
        nodes: (nodes,) `NODE`, the start first.
        surcharge: (nodes, contacts, travels) physics steps for what stands in the way, see
            `look_up`.
        known: (nodes, contacts) where that was looked up.
        counts: (3,) entries in `open`, nodes, primitives that were taken off so far.
    """

    open: NDArray[np.void]
    nodes: NDArray[np.void]
    surcharge: Floats
    known: NDArray[np.bool_]
    counts: NDArray[np.int64]

    @classmethod
    def of(cls, nodes: int, contacts: int, travels: int) -> PlanSearch:
        """Return one with room for so many nodes."""
        return cls(
            np.empty(nodes * contacts * travels, WAITING),
            np.zeros(nodes, NODE),
            np.empty((nodes, contacts, travels)),
            np.zeros((nodes, contacts), np.bool_),
            np.zeros(3, np.int64),
        )


class Rules(NamedTuple):
    """What a search goes by; the constants of `namo.world.push_planner`.

    Attributes:
        shove_cost: of sweeping into another movable (physics steps).
        near_m: how far from the goal a plan may end.
        near_rad: likewise.
        seen_m: poses that round to the same multiples of this ...
        seen_rad: ... and of this are one.
        children: primitives to take of one node; those after them are passed over.
        looks: primitives to take in all.
    """

    shove_cost: float
    near_m: float
    near_rad: float
    seen_m: float
    seen_rad: float
    children: int
    looks: int


FOUND, EXPAND, ENDED = 0, 1, 2


@compiled
def look_up(
    surcharge: Floats,
    table: PrimitiveTable,
    contact: int,
    pose: Placed,
    masks: Masks,
    frame: Frame,
    shove_cost: float,
) -> None:
    """Find what the primitives of a contact cost besides their steps, from a pose of the box.

    Infinite where box or robot would sweep into a wall. A longer travel passes through all the
    shorter ones and meets what they meet.

    Args:
        surcharge: (travels,) the answer, physics steps; written to.
        table: of the movable.
        contact: number of the contact point.
        pose: of the movable in the world.
        masks: of what stands around.
        frame: of their grid.
        shove_cost: of sweeping into another movable (physics steps).
    """
    solid_walls, walls, others = masks
    x, y, c, s = pose
    rows = len(walls)
    swept, followed = table.swept, table.followed
    surcharge[:] = np.inf
    cost = 0.0
    for travel in range(len(surcharge)):
        at_x, at_y = followed[contact, travel]
        row, column = cell_of(at_x * c - at_y * s + x, at_x * s + at_y * c + y, frame, rows)
        if walls[row, column] != 0:
            return
        for point in range(swept.shape[2]):
            at_x, at_y = swept[contact, travel, point]
            row, column = cell_of(at_x * c - at_y * s + x, at_x * s + at_y * c + y, frame, rows)
            if solid_walls[row, column] != 0:
                return
            if others[row, column] != 0:
                cost = shove_cost
        surcharge[travel] = cost


@compiled
def advance(
    search: PlanSearch,
    table: PrimitiveTable,
    masks: Masks,
    frame: Frame,
    rules: Rules,
    goal: tuple[float, float, float],
    usable: NDArray[np.bool_],
) -> tuple[int, int]:
    """Go on from the latest node until a plan is found or another node has to be expanded.

    Args:
        search: changed in place.
        table: of the movable.
        masks: see `look_up`.
        frame: likewise.
        rules: see `Rules`.
        goal: wanted pose: x, y (m), theta (rad), world frame.
        usable: (contacts,) which contact points the robot can take up at the latest node.

    Returns:
        `FOUND` and the primitive that the plan begins with; or `EXPAND` and the new node, for which
        to call this again; or `ENDED`, -1.
    """
    nodes, counts = search.nodes, search.counts
    contacts, travels = table.followed.shape[:2]
    _wait(search, table, goal, usable)
    while counts[2] < rules.looks:
        order, spent = _next(search, table, masks, frame, rules)
        if order < 0:
            break
        counts[2] += 1
        parent, primitive = divmod(order, contacts * travels)
        node = nodes[parent]
        move_x, move_y, move_theta = table.moves[primitive, :3]
        x = node.x + node.cos * move_x - node.sin * move_y
        y = node.y + node.sin * move_x + node.cos * move_y
        theta = _wrapped_sum(node.theta + move_theta)
        first = node.first if parent > 0 else primitive
        if (
            math.hypot(x - goal[0], y - goal[1]) <= rules.near_m
            and abs(_wrapped_sum(theta - goal[2])) <= rules.near_rad
        ):
            return FOUND, first
        place_x, place_y = round(x / rules.seen_m), round(y / rules.seen_m)
        place_theta = round(theta / rules.seen_rad)
        seen = False
        for other in nodes[1 : counts[1]]:
            if (
                other.place_x == place_x
                and other.place_y == place_y
                and other.place_theta == place_theta
            ):
                seen = True
                break
        if seen:
            continue
        contact, travel = divmod(primitive, travels)
        at_x, at_y = table.followed[contact, travel]
        child = nodes[counts[1]]
        child.robot_x = at_x * node.cos - at_y * node.sin + node.x
        child.robot_y = at_x * node.sin + at_y * node.cos + node.y
        child.place_x, child.place_y, child.place_theta = place_x, place_y, place_theta
        child.first = first
        begin(search, x, y, theta, spent)
        return EXPAND, counts[1] - 1
    return ENDED, -1


@compiled
def begin(search: PlanSearch, x: float, y: float, theta: float, spent: float) -> None:
    """Add a node at a world pose of the movable (m, rad), to which a plan costs `spent` steps."""
    node = search.nodes[search.counts[1]]
    node.x, node.y, node.theta, node.spent = x, y, theta, spent
    node.cos, node.sin = math.cos(theta), math.sin(theta)
    search.counts[1] += 1


@compiled
def _wait(
    search: PlanSearch,
    table: PrimitiveTable,
    goal: tuple[float, float, float],
    usable: NDArray[np.bool_],
) -> None:
    """Add the primitives of the usable contacts of the latest node to the open list."""
    latest = search.counts[1] - 1
    node = search.nodes[latest]
    moves, prices = table.moves, table.prices
    travels = table.followed.shape[1]
    # The goal in the frame of the movable: inverse(node) * goal.
    c, s = node.cos, node.sin
    wanted_x = -c * node.x - s * node.y + c * goal[0] + s * goal[1]
    wanted_y = s * node.x - c * node.y - s * goal[0] + c * goal[1]
    wanted_theta = _wrapped_sum(goal[2] - node.theta)
    for primitive in range(len(prices)):
        price = node.spent + prices[primitive]
        if price == np.inf or not usable[primitive // travels]:
            continue
        # What is left to do after the move: inverse(move) * wanted.
        c, s = moves[primitive, 3], moves[primitive, 4]
        dx, dy = wanted_x - moves[primitive, 0], wanted_y - moves[primitive, 1]
        turn = _wrapped(wanted_theta - moves[primitive, 2])
        left = _cost_to_go(table.cost_to_go, table.size, c * dx + s * dy, c * dy - s * dx, turn)
        order = latest * len(prices) + primitive
        _push(search.open, search.counts, price + left, order, price, left, checked=False)


@compiled
def _next(
    search: PlanSearch,
    table: PrimitiveTable,
    masks: Masks,
    frame: Frame,
    rules: Rules,
) -> tuple[int, float]:
    """Take off the cheapest primitive that nothing rules out; return its order and what it spent.

    They wait at what they cost in the open. What stands in the way is looked up when they come to
    the front, contact by contact, because most never do. The order is -1 when there is none left.
    """
    nodes, counts = search.nodes, search.counts
    contacts, travels = table.followed.shape[:2]
    while counts[0] > 0:
        order, spent = search.open[0].order, search.open[0].spent
        left, checked = search.open[0].left, search.open[0].checked
        _drop_first(search.open, counts)
        parent, primitive = divmod(order, contacts * travels)
        node = nodes[parent]
        if node.taken == rules.children:
            continue
        if not checked:
            contact, travel = divmod(primitive, travels)
            surcharge = search.surcharge[parent, contact]
            if not search.known[parent, contact]:
                search.known[parent, contact] = True
                pose = (node.x, node.y, node.cos, node.sin)
                look_up(surcharge, table, contact, pose, masks, frame, rules.shove_cost)
            if surcharge[travel] == np.inf:
                continue
            if surcharge[travel] > 0.0:
                spent += surcharge[travel]
                _push(search.open, counts, spent + left, order, spent, left, checked=True)
                continue
        node.taken += 1
        return order, spent
    return -1, 0.0


@compiled
def _wrapped(angle: float) -> float:
    return (angle + math.pi) % (2 * math.pi) - math.pi


@compiled
def _wrapped_sum(angle: float) -> float:
    """Return an angle in [-2 pi, 2 pi] in (-pi, pi], without rounding."""
    if angle > math.pi:
        return angle - 2 * math.pi
    return angle if angle > -math.pi else angle + 2 * math.pi


@compiled
def _cost_to_go(
    cells: NDArray[np.float32], size: float, dx: float, dy: float, turn: float
) -> float:
    """Return what `namo.world.cost_to_go.CostToGo` does, for one displacement."""
    limit_xy, limit_turn = SPAN_SHARE * size, SPAN_RAD
    x = min(max(dx, -limit_xy), limit_xy)
    y = min(max(dy, -limit_xy), limit_xy)
    theta = min(max(turn, -limit_turn), limit_turn)
    i = round((x + limit_xy) / (2 * limit_xy) * (cells.shape[0] - 1))
    j = round((y + limit_xy) / (2 * limit_xy) * (cells.shape[1] - 1))
    k = round((theta + limit_turn) / (2 * limit_turn) * (cells.shape[2] - 1))
    beyond = abs(dx - x) + abs(dy - y) + abs(turn - theta) * size
    return float(cells[i, j, k]) + beyond * (BEYOND_COST_STEPS / size)


@compiled
def _before(heap: NDArray[np.void], i: int, j: int) -> bool:
    if heap[i].priority != heap[j].priority:
        return bool(heap[i].priority < heap[j].priority)
    return bool(heap[i].order < heap[j].order)


@compiled
def _swap(heap: NDArray[np.void], i: int, j: int) -> None:
    one, other = heap[i], heap[j]
    one.priority, other.priority = other.priority, one.priority
    one.order, other.order = other.order, one.order
    one.spent, other.spent = other.spent, one.spent
    one.left, other.left = other.left, one.left
    one.checked, other.checked = other.checked, one.checked


@compiled
def _push(
    heap: NDArray[np.void],
    counts: NDArray[np.int64],
    priority: float,
    order: int,
    spent: float,
    left: float,
    checked: bool,
) -> None:
    at = counts[0]
    counts[0] += 1
    entry = heap[at]
    entry.priority, entry.order, entry.spent = priority, order, spent
    entry.left, entry.checked = left, checked
    while at > 0 and _before(heap, at, (at - 1) // 2):
        _swap(heap, at, (at - 1) // 2)
        at = (at - 1) // 2


@compiled
def _drop_first(heap: NDArray[np.void], counts: NDArray[np.int64]) -> None:
    counts[0] -= 1
    _swap(heap, 0, counts[0])
    here = 0
    while True:
        least = here
        for child in (2 * here + 1, 2 * here + 2):
            if child < counts[0] and _before(heap, child, least):
                least = child
        if least == here:
            return
        _swap(heap, here, least)
        here = least
