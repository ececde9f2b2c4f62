import pytest

from namo.errors import UsageError
from namo.strategies.registry import GOAL_STRATEGIES, OBJECT_STRATEGIES


@pytest.mark.parametrize(
    ("strategies", "kind"), [(OBJECT_STRATEGIES, "object"), (GOAL_STRATEGIES, "goal")]
)
def test_learned_strategies_refuse_clearly(strategies, kind):
    with pytest.raises(UsageError) as caught:
        strategies.load("ml")()
    assert str(caught.value) == (
        f"--{kind}-strategy ml is not part of this version, whatever "
        f"--ml-{kind}-model names; choose another {kind} strategy"
    )
