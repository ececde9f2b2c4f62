import math
import time

import pytest

from namo.geometry import Pose2D
from namo.planning.planner import Budget, Termination
from namo.planning.search import BudgetSpentError, Search
from namo.world.push import Push, PushStatus
from namo.world.world import World

NAME = "obstacle_1_movable"


def named(name, x):
    return Push(name, Pose2D(float(x), 0.0, 0.0))


def ending(search, action):
    """The termination that an action raises."""
    with pytest.raises(BudgetSpentError) as caught:
        action()
    return caught.value.termination


def test_states_are_numbered_as_they_are_discovered(fakes):
    world = fakes.NamedWorld(stuck=lambda path: path[-1] == "a9")
    search = Search(world, Budget())
    first = search.push(search.root, named("a", 1))
    nothing = search.push(search.root, named("a", 9))
    second = search.push(search.root, named("a", 2))
    below = search.push(first, named("a", 1))
    assert nothing is None
    numbers = [node.number for node in (search.root, first, second, below)]
    assert numbers == [0, 1, 2, 3]
    assert [node.depth for node in (search.root, first, second, below)] == [0, 1, 1, 2]
    assert below.state == ("a1", "a1")


def test_every_push_is_recorded_with_its_states(fakes):
    world = fakes.NamedWorld(stuck=lambda path: path[-1] == "a9", opens=lambda path: len(path) == 2)
    search = Search(world, Budget())
    first = search.push(search.root, named("a", 1))
    search.push(first, named("a", 9))
    search.push(first, named("a", 2))
    result = search.run(lambda: Termination.DEPTH)
    assert [(r.state, r.next_state, r.depth) for r in result.pushes] == [
        (0, 1, 1),
        (1, 1, 2),
        (1, 2, 2),
    ]
    assert [r.goal_open for r in result.pushes] == [False, False, True]
    assert [r.push for r in result.pushes] == [named("a", 1), named("a", 9), named("a", 2)]
    assert [r.outcome.moved for r in result.pushes] == [True, False, True]
    assert [list(state) for state in result.states] == [["at"], ["at_a1"], ["at_a1_a2"]]
    assert result.max_depth_reached == 2


def test_a_path_leads_from_the_start(fakes):
    search = Search(fakes.NamedWorld(), Budget())
    first = search.push(search.root, named("a", 1))
    search.push(search.root, named("a", 2))
    below = search.push(first, named("a", 3))
    assert below.path() == [search.root, first, below]
    assert search.root.path() == [search.root]


def test_the_plan_of_a_solved_search_is_the_path_to_its_node(fakes):
    search = Search(fakes.NamedWorld(), Budget())
    search.push(search.root, named("a", 1))
    second = search.push(search.root, named("a", 2))
    below = search.push(second, named("a", 3))
    result = search.run(lambda: below)
    assert result.termination is Termination.SOLVED
    assert result.solved
    assert result.plan == (named("a", 2), named("a", 3))
    assert result.plan_states == (0, 2, 3)


def test_an_unsolved_search_has_no_plan(fakes):
    search = Search(fakes.NamedWorld(), Budget())
    search.push(search.root, named("a", 1))
    result = search.run(lambda: Termination.EXHAUSTED)
    assert result.termination is Termination.EXHAUSTED
    assert not result.solved
    assert (result.plan, result.plan_states) == ((), ())


def test_entering_a_node_restores_its_state(fakes):
    search = Search(fakes.NamedWorld(), Budget())
    first = search.push(search.root, named("a", 1))
    below = search.push(first, named("a", 2))
    for node in (search.root, below, first, first, search.root):
        assert search.enter(node).save() == node.state


def test_entering_the_present_node_restores_nothing(fakes, monkeypatch):
    world = fakes.NamedWorld()
    search = Search(world, Budget())
    first = search.push(search.root, named("a", 1))
    monkeypatch.setattr(world, "restore", lambda state: pytest.fail("restored for nothing"))
    search.enter(first)


def test_the_budget_of_pushes_ends_a_search(fakes):
    search = Search(fakes.NamedWorld(stuck=lambda path: True), Budget(pushes=2))
    search.push(search.root, named("a", 1))
    search.push(search.root, named("a", 2))
    spent = ending(search, lambda: search.push(search.root, named("a", 3)))
    assert spent is Termination.PUSHES
    assert len(search.world.pushed) == 2


def test_a_push_simulated_before_in_a_state_is_looked_up(fakes):
    search = Search(fakes.NamedWorld(stuck=lambda path: path[-1] == "a9"), Budget(pushes=3))
    first = search.push(search.root, named("a", 1))
    assert search.push(search.root, named("a", 9)) is None
    below = search.push(first, named("a", 2))
    again = search.push(search.root, named("a", 1))
    assert search.push(search.root, named("a", 9)) is None
    assert (again.number, again.state, again.depth) == (first.number, first.state, 1)
    assert search.push(again, named("a", 2)).number == below.number
    assert search.enter(again).save() == first.state
    assert len(search.world.pushed) == 3
    result = search.run(lambda: Termination.DEPTH)  # within a budget of three
    assert (len(result.pushes), result.pushes_tried) == (3, 6)


def test_a_state_reached_by_other_pushes_keeps_its_number(fakes):
    # a1 a2 and a2 a1 lead to the same state.
    class Commuting(fakes.NamedWorld):
        def push(self, push, deadline=math.inf):
            outcome = super().push(push, deadline)
            self.state = type(self.state)(sorted(self.state))
            return outcome

    search = Search(Commuting(), Budget())
    one, other = (search.push(search.root, named("a", x)) for x in (1, 2))
    there, also_there = search.push(one, named("a", 2)), search.push(other, named("a", 1))
    assert there.number == also_there.number == 3
    assert (there.parent, also_there.parent) == (one, other)
    result = search.run(lambda: also_there)
    assert result.plan_states == (0, 2, 3)
    assert [r.next_state for r in result.pushes] == [1, 2, 3, 3]
    assert len(result.states) == 4


@pytest.mark.parametrize("threads", [2, 3])
def test_pushes_in_parallel_equal_pushes_in_sequence(rooms, threads):
    scene = rooms.plugged(rooms.box(-1.0, 0.6, 0.3, number=2))
    other = "obstacle_2_movable"
    places = [(NAME, 0.4, 0.0), (other, -1.2, -0.4), (NAME, 0.9, 0.0), (other, -1.5, 1.3)]
    pushes = [Push(name, Pose2D(x, y, 0.0)) for name, x, y in (*places, places[0])]
    results = []
    for world in (World(scene), World(scene, threads=threads)):
        search = Search(world, Budget())
        nodes = list(search.push_each(search.root, pushes))
        result = search.run(lambda: Termination.DEPTH)
        results.append(
            (
                result.pushes,
                result.states,
                [node and (node.number, node.state.key) for node in nodes],
            )
        )
    assert results[0] == results[1]
    assert len(results[0][0]) == 4  # the last one repeats the first


def test_results_that_are_not_requested_are_not_counted(rooms):
    world = World(rooms.plugged(), threads=2)
    search = Search(world, Budget())
    pushes = [Push(NAME, Pose2D(0.3 + 0.1 * i, 0.0, 0.0)) for i in range(5)]
    siblings = search.push_each(search.root, pushes)
    assert next(siblings) is not None
    siblings.close()
    result = search.run(lambda: Termination.DEPTH)
    assert (len(result.pushes), len(result.states), result.pushes_tried) == (1, 2, 1)
    assert world.wall_times()[0] > 0.0  # wall times include all threads


def test_no_push_is_made_with_a_budget_of_none(fakes):
    search = Search(fakes.NamedWorld(), Budget(pushes=0))
    assert ending(search, lambda: search.push(search.root, named("a", 1))) is Termination.PUSHES
    assert search.world.pushed == []


def test_the_budget_of_terminal_checks_ends_a_search(fakes):
    search = Search(fakes.NamedWorld(), Budget(terminal_checks=3))
    for _ in range(3):
        assert not search.is_goal(search.root)
    assert ending(search, lambda: search.is_goal(search.root)) is Termination.TERMINAL_CHECKS
    assert search.run(lambda: Termination.DEPTH).terminal_checks == 3


def test_the_time_budget_ends_a_search(fakes):
    search = Search(fakes.NamedWorld(), Budget(seconds=-1.0))
    assert ending(search, lambda: search.is_goal(search.root)) is Termination.TIMEOUT
    assert ending(search, lambda: search.push(search.root, named("a", 1))) is Termination.TIMEOUT
    assert search.world.pushed == []


def test_a_push_interrupted_by_the_timeout_is_not_recorded(fakes, clock):
    search = Search(fakes.NamedWorld(push_s=5.0), Budget(seconds=0.05))
    result = search.run(lambda: search.push(search.root, named("a", 1)))
    assert result.termination is Termination.TIMEOUT
    assert result.pushes == ()
    assert len(result.states) == 1
    assert result.search_s < 0.06


def test_a_spent_budget_becomes_the_result(fakes):
    for termination in (Termination.PUSHES, Termination.TIMEOUT, Termination.TERMINAL_CHECKS):
        search = Search(fakes.NamedWorld(), Budget())

        def spend(termination=termination):
            raise BudgetSpentError(termination)

        assert search.run(spend).termination is termination


def test_other_errors_pass_through(fakes):
    search = Search(fakes.NamedWorld(), Budget())
    with pytest.raises(ZeroDivisionError):
        search.run(lambda: 1 / 0)


def test_the_first_state_is_the_start_of_the_scene(rooms):
    scene = rooms.plugged(rooms.box(1.0, 1.0, 0.3, number=2))
    search = Search(World(scene), Budget())
    (start,) = search.run(lambda: Termination.DEPTH).states
    assert list(start) == ["robot_pose", f"{NAME}_pose", "obstacle_2_movable_pose"]
    assert start["robot_pose"] == [scene.robot.x, scene.robot.y, 0.0]
    for movable in scene.movables:
        assert start[f"{movable.name}_pose"] == pytest.approx(list(movable.pose), abs=1e-12)


def test_nodes_hold_the_goal_state_and_the_reachable_objects(rooms):
    search = Search(World(rooms.plugged(rooms.box(1.3, -1.2, number=2))), Budget())
    assert search.root.reachable == (NAME,)
    assert not search.root.goal_open
    node = search.push(search.root, Push(NAME, Pose2D(0.9, 0.0, 0.0)))
    assert node.goal_open
    assert set(node.reachable) == {NAME, "obstacle_2_movable"}


def stuck_scene(rooms):
    """A box blocked by a heavy one: pushing it moves only the robot."""
    walls = rooms.wall(5, 0.0, 0.36, (0.29, 0.05)), rooms.wall(6, 0.0, -0.36, (0.29, 0.05))
    heavy = rooms.box(0.6002, 0.0, number=2, mass=30.0)
    return rooms.room(rooms.box(0.0, 0.0), heavy, walls=walls, goal=(-1.4, 1.2))


def test_after_a_push_that_moved_nothing_the_node_keeps_its_state(rooms):
    search = Search(World(stuck_scene(rooms)), Budget())
    assert search.push(search.root, Push(NAME, Pose2D(0.5, 0.0, 0.0))) is None
    (record,) = search.run(lambda: Termination.DEPTH).pushes
    assert record.outcome.status is PushStatus.STUCK
    assert record.outcome.physics_steps > 0
    assert search.enter(search.root).save().key == search.root.state.key


def test_a_real_push_interrupted_by_the_timeout_is_undone(rooms):
    world = World(rooms.plugged())
    world.primitives(NAME)
    search = Search(world, Budget(seconds=math.inf))
    search._deadline = time.monotonic()

    def find():
        search._check_time = lambda: None  # as if the clock ran out during the push
        return search.push(search.root, Push(NAME, Pose2D(0.9, 0.0, 0.0)))

    result = search.run(find)
    assert result.termination is Termination.TIMEOUT
    assert result.pushes == ()
    assert world.save().key == search.root.state.key


def test_a_solution_found_is_returned_although_the_budget_is_spent(rooms):
    search = Search(World(rooms.room()), Budget(seconds=0.0, terminal_checks=0))
    assert search.root.goal_open
    assert search.is_goal(search.root)


def test_straight_pushes_from_one_contact_are_one_simulation(rooms):
    world = World(rooms.plugged())
    search = Search(world, Budget(pushes=1))
    name = search.root.reachable[0]
    contact = int(world.reachability().reachable_contacts(name).nonzero()[0][0])
    nodes = search.push_straight(search.root, name, contact)
    again = search.push_straight(search.root, name, contact)
    assert [node and node.number for node in again] == [node and node.number for node in nodes]
    result = search.run(lambda: Termination.EXHAUSTED)
    assert result.simulations == 1
    assert len(result.pushes) == len(nodes) > 1
    assert {push.simulation for push in result.pushes} == {0}
    assert result.physics_steps == result.pushes[-1].outcome.physics_steps
    with pytest.raises(BudgetSpentError):
        search.push_straight(search.root, name, contact + 1)
    for push, node in zip(result.pushes, nodes, strict=True):
        alone = World(world.scene)
        outcome = alone.push(push.push)
        assert outcome == push.outcome
        if node is not None:
            assert alone.save().key == node.state.key
