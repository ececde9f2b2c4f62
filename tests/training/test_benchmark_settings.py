import pytest
import yaml

from namo.config_parsing import parse_dataclass
from namo.errors import UsageError
from namo.training.benchmark_settings import BenchmarkSettings
from namo.training.learning_settings import Arm
from tests.conftest import REPOSITORY


def test_the_configuration_file_holds_every_default():
    path = REPOSITORY / "config" / "benchmark.yaml"
    values = yaml.safe_load(path.read_text())["benchmark"]
    assert parse_dataclass(BenchmarkSettings, values, path.name) == BenchmarkSettings()
    assert set(values) == set(BenchmarkSettings().as_dict())


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"seeds": 0}, "seeds is 0; at least 1"),
        ({"scenes_per_class": 0}, "scenes_per_class is 0; at least 1, or null"),
        ({"arms": {"one": "idfs random random"}}, "at least 2 arms are needed"),
        (
            {"compare_arms": ("random", "defualt")},
            "compare_arms: 'defualt'; did you mean",
        ),
        ({"arms": {"one": "idfs random random 300"}}, "arm 'one' is .*; expected: ALGORITHM"),
    ],
)
def test_wrong_settings_are_named(values, said):
    with pytest.raises(UsageError, match=said):
        BenchmarkSettings(**values)


def test_an_arm_has_settings_of_its_own():
    arm = Arm.parse("own", "best_first ml random ml_samples=8 ml_random_share=0.5")
    options = arm.options("objects", "goals")
    assert options["ml_samples"] == 8
    assert options["ml_random_share"] == 0.5
    assert options["ml_object_model"] == "objects"
    assert "ml_goal_model" not in options
