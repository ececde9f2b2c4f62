import pytest

from namo import machine_code
from namo.collection import warm_up as module
from namo.collection.warm_up import warm_up


@pytest.fixture
def mark(tmp_path, monkeypatch):
    """The mark of a machine on which nothing has been compiled."""
    monkeypatch.setattr(machine_code, "_WARM", tmp_path / "warm")
    return tmp_path / "warm"


@pytest.mark.slow
def test_compiling_is_said_once_per_machine(mark):
    said = []
    for _ in range(2):
        warm_up(lambda: said.append(True))
    assert said == [True]


@pytest.mark.slow
def test_it_is_said_again_after_a_process_that_did_not_get_to_the_end(mark, monkeypatch):
    def killed(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(module, "run_episode", killed)
        with pytest.raises(KeyboardInterrupt):
            warm_up(lambda: None)
    assert not mark.exists()


@pytest.mark.slow
def test_the_scene_has_a_plan_so_that_it_is_replayed_too():
    world = module.World(module.with_physics(module._scene(), "fast"))
    planner = module.make_planner(module._CONFIG)[0]
    outcome = module.run_episode(world, planner, module._CONFIG, 0, 0)
    assert outcome.metrics["replayed"]
    assert outcome.metrics["solution_depth"] == 1
