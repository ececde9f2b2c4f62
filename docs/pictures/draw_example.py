"""Draw `example.svg`, the picture in the README: a plan of two pushes, found and replayed.

python docs/pictures/draw_example.py
"""

from __future__ import annotations

from drawn import HERE, Plan, demo_scene, side_by_side, write_picture
from namo.planning.idfs import IDFS
from namo.planning.planner import Budget
from namo.scenes.reading import read_scene
from namo.seeding import Streams
from namo.strategies.goal_random import RandomGoals
from namo.strategies.object_order import NearestFirst
from namo.world.world import World

INDEX = 37
PIXELS_PER_M = 60


def main() -> None:
    """Search, replay and draw."""
    world = World(read_scene(demo_scene(INDEX)))
    planner = IDFS(NearestFirst(), RandomGoals(), max_goals_per_object=5)
    result = planner.search(world, Budget(), Streams.for_episode(0, INDEX, 0))
    world.reset()
    plan = Plan(world.scene, PIXELS_PER_M)
    panels = [(_drawn(plan, world), "start: a box stands in the way")]
    for number, push in enumerate(result.plan, start=1):
        box = world.scene.movable(push.object_name)
        ghost = plan.box(box, world.poses()[box.name], "ghost")
        status = world.push(push).status.value.replace("_", " ")
        panels.append((_drawn(plan, world, ghost), f"push {number}: {status}"))
    width, height, body = side_by_side(panels, plan.width, plan.height)
    label = "A maze with a box in the way, and the plan of two pushes that lets the robot through"
    write_picture(HERE / "example.svg", width, height, body, label)


def _drawn(plan: Plan, world: World, ghost: str = "") -> str:
    return plan.state(world.poses(), world.reachability().mask, ghost)


if __name__ == "__main__":
    main()
