import os
import random

import pytest

from tests.faults.killing import KINDS, Killed, settings

KILLS = int(os.environ.get("NAMO_KILLS", "3"))
"""How many processes to kill; `make test-faults` kills a hundred, in runs with models."""
IN_A_ROW = 10
PACES_S = (4.0, 12.0, 2.0)

WITHOUT_MODELS = {
    "algorithm": "idfs",
    "object_strategy": "nearest_first",
    "goal_strategy": "random",
    "max_pushes": 5,
}
WITH_MODELS = {"max_pushes": 20}


@pytest.mark.slow
def test_killed_runs_give_the_results_of_an_undisturbed_one(tmp_path):
    several = len(KINDS) < KILLS
    chosen = settings(**(WITH_MODELS if several else WITHOUT_MODELS))
    undisturbed = Killed(tmp_path / "undisturbed", chosen)
    undisturbed.finish()
    expected = undisturbed.content()
    assert undisturbed.problems() == []

    killed, number = 0, 0
    while killed < KILLS:
        run = Killed(tmp_path / str(number), chosen)
        most = min(IN_A_ROW, KILLS - killed)
        run.disturb(random.Random(number), most, PACES_S[number % len(PACES_S)])
        run.finish()
        print(f"{number}: killed {', '.join(run.kills)}; {len(run.finished)} had finished")
        assert run.content() == expected
        assert run.redone() == []
        assert run.leftovers() == []
        assert run.problems() == []
        killed, number = killed + len(run.kills), number + 1
