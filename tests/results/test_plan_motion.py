from namo.results.plan_motion import plan_motion


def step(robot, moved, poses, before):
    return {
        "object_names": ["a", "b"],
        "poses_before": [0.0, 0.0, 0.0, *before],
        "robot": robot,
        "moved": moved,
        "poses": poses,
    }


FIRST = step([0, 0, 1, 0, 2, 0], ["b"], [5, 5, 0, 6, 5, 0, 7, 5, 0], [1, 1, 0, 5, 5, 0])
SECOND = step([2, 0, 3, 0], ["a"], [1, 1, 0, 1, 2, 0.5], [1, 1, 0, 7, 5, 0.1])


def test_movables_that_do_not_move_stand_where_they_stood_before_the_push():
    motion = plan_motion([FIRST])
    assert len(motion) == 3
    assert motion.robot.tolist() == [[0, 0], [1, 0], [2, 0]]
    assert motion.movables[:, 0].tolist() == [[1, 1, 0]] * 3
    assert motion.movables[:, 1, 0].tolist() == [5, 6, 7]


def test_the_state_between_two_pushes_is_one_frame():
    motion = plan_motion([FIRST, SECOND])
    assert motion.robot[:, 0].tolist() == [0, 1, 2, 3]
    assert motion.push.tolist() == [0, 0, 0, 1]
    assert motion.movables[-1].tolist() == [[1, 2, 0.5], [7, 5, 0.1]]
