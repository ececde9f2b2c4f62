import gc
import weakref

import pytest

from namo.geometry import Pose2D
from namo.world.push import Push
from namo.world.world import World

NAME = "obstacle_1_movable"


@pytest.mark.parametrize("threads", [1, 3])
def test_results_come_in_the_order_of_the_items(rooms, threads):
    world = World(rooms.plugged(), threads=threads)
    start = world.save()
    goals = [Pose2D(0.3 + 0.1 * i, 0.0, 0.0) for i in range(5)]

    def push(other, goal):
        return other.push_from(start, Push(NAME, goal))[1].state.key

    alone = World(rooms.plugged())
    assert list(world.pool.map_pushes(world, push, goals)) == [push(alone, goal) for goal in goals]


@pytest.mark.parametrize("threads", [1, 2])
def test_an_exception_is_raised_in_place_of_its_result(rooms, threads):
    def work(_, item):
        if item == 2:
            raise ValueError("two")
        return item

    world = World(rooms.plugged(), threads=threads)
    results = world.pool.map_pushes(world, work, [0, 1, 2, 3])
    assert [next(results), next(results)] == [0, 1]
    with pytest.raises(ValueError, match="two"):
        next(results)


def test_with_threads_the_world_itself_is_unchanged(rooms):
    world = World(rooms.plugged(), threads=2)
    before = world.save()
    pushes = [Push(NAME, Pose2D(x, 0.0, 0.0)) for x in (0.4, 0.8)]
    list(world.pool.map_pushes(world, lambda other, push: other.push_from(before, push), pushes))
    assert world.save().key == before.key


def test_few_items_or_one_thread_run_inline(rooms):
    scene = rooms.plugged()
    inline, parallel = World(scene), World(scene, threads=2)
    assert inline.pool.runs_inline(5)
    assert parallel.pool.runs_inline(1)
    assert not parallel.pool.runs_inline(2)
    assert list(parallel.pool.map_pushes(parallel, lambda world, _: world, [0])) == [parallel]


def test_wall_times_include_the_workers(rooms):
    world = World(rooms.plugged(), threads=2)
    start = world.save()
    pushes = [Push(NAME, Pose2D(x, 0.0, 0.0)) for x in (0.4, 0.8)]
    list(world.pool.map_pushes(world, lambda other, push: other.push_from(start, push), pushes))
    assert world.physics_s == 0.0
    assert world.wall_times().physics_s == sum(one.physics_s for one in world.pool.wall_times()) > 0


def test_a_world_is_freed_without_the_garbage_collector(rooms):
    world = World(rooms.plugged(), threads=2)
    list(world.pool.map_pushes(world, lambda other, item: item, [0, 1]))
    freed = weakref.ref(world)
    gc.disable()
    try:
        del world
        assert freed() is None
    finally:
        gc.enable()
