"""The compiled part of push planning: best-first expansion over the primitives of a movable.

`namo.world.push_planner` drives it and computes which contact points are reachable at a node; the
loops over all primitives are here.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from namo.compiled import compiled
from namo.geometry import Floats
from namo.scenes.grid import Frame
from namo.world.cost_to_go import BEYOND_COST_STEPS, SPAN_FACTOR, SPAN_RAD
from namo.world.open_list import OPEN_ENTRY, drop_first, push_entry
from namo.world.sweeps import ObstacleMasks, PrimitiveTable, find_surcharges

NODE = np.dtype(
    [(name, "f8") for name in ("x", "y", "theta", "cos", "sin", "spent", "robot_x", "robot_y")]
    + [(name, "i8") for name in ("first", "taken", "rounded_x", "rounded_y", "rounded_theta")]
)
"""A pose of the movable from which primitives start: the pose itself (m, rad), the cost of the plan
to it (physics steps), the position of the robot then (m), the first primitive of that plan, how
many primitives from here were taken off the open list, and the rounded pose, by which duplicates
are found."""


class PlanSearch(NamedTuple):
    """A search in progress.

    Attributes:
        open: (capacity,) `OPEN_ENTRY`, a binary heap.
        nodes: (nodes,) `NODE`, the start first.
        surcharge: (nodes, contacts, travels) physics steps for obstacles in the way, see
            `namo.world.sweeps.find_surcharges`.
        known: (nodes, contacts) where that has been computed.
        counts: (3,) entries in `open`, nodes, primitives that were taken off so far.
    """

    open: NDArray[np.void]
    nodes: NDArray[np.void]
    surcharge: Floats
    known: NDArray[np.bool_]
    counts: NDArray[np.int64]

    @classmethod
    def of(cls, nodes: int, contacts: int, travels: int) -> PlanSearch:
        """Return an empty search with room for so many nodes."""
        return cls(
            np.empty(nodes * contacts * travels, OPEN_ENTRY),
            np.zeros(nodes, NODE),
            np.empty((nodes, contacts, travels)),
            np.zeros((nodes, contacts), np.bool_),
            np.zeros(3, np.int64),
        )


class SearchLimits(NamedTuple):
    """Costs, tolerances and limits of a search; the constants of `namo.world.push_planner`.

    Attributes:
        shove_cost: of sweeping into another movable (physics steps).
        near_m: how far from the goal a plan may end.
        near_rad: likewise.
        duplicate_m: poses that round to the same multiples of this ...
        duplicate_rad: ... and of this count as one.
        children: primitives to take from one node; any further ones are skipped.
        expansions: primitives to take in total.
    """

    shove_cost: float
    near_m: float
    near_rad: float
    duplicate_m: float
    duplicate_rad: float
    children: int
    expansions: int


FOUND, EXPAND, ENDED = 0, 1, 2


@compiled
def advance(
    search: PlanSearch,
    table: PrimitiveTable,
    masks: ObstacleMasks,
    frame: Frame,
    limits: SearchLimits,
    goal: tuple[float, float, float],
    usable: NDArray[np.bool_],
) -> tuple[int, int]:
    """Continue from the latest node until a plan is found or another node has to be expanded.

    Args:
        search: changed in place.
        table: of the movable.
        masks: of the obstacles.
        frame: of their grid.
        limits: see `SearchLimits`.
        goal: target pose: x, y (m), theta (rad), world frame.
        usable: (contacts,) which contact points the robot can reach at the latest node.

    Returns:
        `FOUND` and the first primitive of the plan; or `EXPAND` and the new node, whose reachable
        contacts the next call needs; or `ENDED` and -1.
    """
    nodes, counts = search.nodes, search.counts
    contacts, travels = table.followed.shape[:2]
    _enqueue(search, table, goal, usable)
    while counts[2] < limits.expansions:
        order, spent = _pop_cheapest(search, table, masks, frame, limits)
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
            math.hypot(x - goal[0], y - goal[1]) <= limits.near_m
            and abs(_wrapped_sum(theta - goal[2])) <= limits.near_rad
        ):
            return FOUND, first
        rounded_x, rounded_y = round(x / limits.duplicate_m), round(y / limits.duplicate_m)
        rounded_theta = round(theta / limits.duplicate_rad)
        seen = False
        for other in nodes[1 : counts[1]]:
            if (
                other.rounded_x == rounded_x
                and other.rounded_y == rounded_y
                and other.rounded_theta == rounded_theta
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
        child.rounded_x, child.rounded_y, child.rounded_theta = rounded_x, rounded_y, rounded_theta
        child.first = first
        add_node(search, x, y, theta, spent)
        return EXPAND, counts[1] - 1
    return ENDED, -1


@compiled
def add_node(search: PlanSearch, x: float, y: float, theta: float, spent: float) -> None:
    """Add a node at a world pose of the movable (m, rad), reached at a cost of `spent` steps."""
    node = search.nodes[search.counts[1]]
    node.x, node.y, node.theta, node.spent = x, y, theta, spent
    node.cos, node.sin = math.cos(theta), math.sin(theta)
    search.counts[1] += 1


@compiled
def _enqueue(
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
        # The displacement that remains after the move: inverse(move) * wanted.
        c, s = moves[primitive, 3], moves[primitive, 4]
        dx, dy = wanted_x - moves[primitive, 0], wanted_y - moves[primitive, 1]
        turn = _wrapped(wanted_theta - moves[primitive, 2])
        left = _cost_to_go(table.cost_to_go, table.size, c * dx + s * dy, c * dy - s * dx, turn)
        order = latest * len(prices) + primitive
        push_entry(search.open, search.counts, price + left, order, price, left, checked=False)


@compiled
def _pop_cheapest(
    search: PlanSearch,
    table: PrimitiveTable,
    masks: ObstacleMasks,
    frame: Frame,
    limits: SearchLimits,
) -> tuple[int, float]:
    """Pop the cheapest feasible primitive; return its order and the cost of the plan to its end.

    Primitives enter the list at their cost in free space. The surcharge for obstacles is computed
    lazily, contact by contact, when a primitive comes to the front, because most never do. The
    order is -1 if none is left.
    """
    nodes, counts = search.nodes, search.counts
    contacts, travels = table.followed.shape[:2]
    while counts[0] > 0:
        order, spent = search.open[0].order, search.open[0].spent
        left, checked = search.open[0].left, search.open[0].checked
        drop_first(search.open, counts)
        parent, primitive = divmod(order, contacts * travels)
        node = nodes[parent]
        if node.taken == limits.children:
            continue
        if not checked:
            contact, travel = divmod(primitive, travels)
            surcharge = search.surcharge[parent, contact]
            if not search.known[parent, contact]:
                search.known[parent, contact] = True
                pose = (node.x, node.y, node.cos, node.sin)
                find_surcharges(surcharge, table, contact, pose, masks, frame, limits.shove_cost)
            if surcharge[travel] == np.inf:
                continue
            if surcharge[travel] > 0.0:
                spent += surcharge[travel]
                push_entry(search.open, counts, spent + left, order, spent, left, checked=True)
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
    """Return `namo.world.cost_to_go.CostToGo` of one displacement."""
    limit_xy, limit_turn = SPAN_FACTOR * size, SPAN_RAD
    x = min(max(dx, -limit_xy), limit_xy)
    y = min(max(dy, -limit_xy), limit_xy)
    theta = min(max(turn, -limit_turn), limit_turn)
    i = round((x + limit_xy) / (2 * limit_xy) * (cells.shape[0] - 1))
    j = round((y + limit_xy) / (2 * limit_xy) * (cells.shape[1] - 1))
    k = round((theta + limit_turn) / (2 * limit_turn) * (cells.shape[2] - 1))
    beyond = abs(dx - x) + abs(dy - y) + abs(turn - theta) * size
    return float(cells[i, j, k]) + beyond * (BEYOND_COST_STEPS / size)
