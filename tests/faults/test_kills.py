import os
import random

import pytest

from tests.faults.killing import KINDS, KINDS_WITH_WORKERS, Killed, settings

KILLS = int(os.environ.get("NAMO_KILLS", "3"))
"""How many processes to kill; `make test-faults` kills a hundred, in runs with models."""
WORKER_KILLS = int(os.environ.get("NAMO_WORKER_KILLS", "5"))
"""How many of chunks with workers; `make test-faults` kills fifty, likewise."""
FEW = 5
IN_A_ROW = 10
IN_A_ROW_WITH_WORKERS = 4
"""An environment in which a fifth process is killed is quarantined, whatever ends them."""
PACES_S = (4.0, 12.0, 2.0)

WITHOUT_MODELS = {
    "algorithm": "idfs",
    "object_strategy": "nearest_first",
    "goal_strategy": "random",
    "max_pushes": 5,
}
WITH_MODELS = {
    "algorithm": "best_first",
    "object_strategy": "ml",
    "goal_strategy": "ml",
    "max_pushes": 20,
}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kills", "workers", "kinds", "in_a_row"),
    [
        pytest.param(KILLS, 1, KINDS, IN_A_ROW, id="chunks"),
        pytest.param(
            WORKER_KILLS, 4, KINDS_WITH_WORKERS, IN_A_ROW_WITH_WORKERS, id="chunks with workers"
        ),
    ],
)
def test_killed_runs_give_the_results_of_an_undisturbed_one(
    tmp_path, kills, workers, kinds, in_a_row
):
    chosen = settings(**(WITH_MODELS if kills > FEW else WITHOUT_MODELS))
    undisturbed = Killed(tmp_path / "undisturbed", chosen)
    undisturbed.finish()
    expected = undisturbed.content()
    assert undisturbed.problems() == []

    killed, number = 0, 0
    while killed < kills:
        run = Killed(tmp_path / str(number), chosen | {"workers": workers}, kinds, max(2, workers))
        most = min(in_a_row, kills - killed)
        run.disturb(random.Random(number), most, PACES_S[number % len(PACES_S)])
        run.finish()
        print(f"{number}: killed {', '.join(run.kills)}; {len(run.finished)} had finished")
        assert run.content() == expected
        assert run.redone() == []
        assert run.leftovers() == []
        assert run.orphans() == []
        assert run.shared_memory() == []
        assert run.problems() == []
        killed, number = killed + len(run.kills), number + 1
