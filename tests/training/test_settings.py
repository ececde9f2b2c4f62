import json
import math

import pytest
import yaml

from namo.config_parsing import parse_dataclass
from namo.errors import UsageError
from namo.training.settings import TrainingSettings
from tests.conftest import REPOSITORY


def test_the_configuration_file_holds_every_default():
    values = yaml.safe_load((REPOSITORY / "config" / "learning.yaml").read_text())
    training = values["learning"]["training"]
    assert parse_dataclass(TrainingSettings, training, "learning.yaml") == TrainingSettings()
    assert set(training) == set(TrainingSettings().as_dict())


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"epochs": 0}, "epochs is 0; at least 1"),
        ({"patience": -1}, "patience is -1; at least 1"),
        ({"states_per_batch": 0}, "states_per_batch is 0"),
        ({"threads": 0}, "threads is 0"),
        ({"search_scenes": 0}, "search_scenes is 0"),
        ({"search_pushes": 0}, "search_pushes is 0"),
        ({"search_clearance": -0.1}, "search_clearance is -0.1; allowed: 0 to 1"),
        ({"summary": 0}, "summary is 0"),
        ({"hidden": -4}, "hidden is -4"),
        ({"widths": (4, 0, 4)}, r"widths is \(4, 0, 4\); expected three whole numbers from 1"),
        ({"blocks": (1, 1)}, r"blocks is \(1, 1\); expected three whole numbers from 1"),
        ({"learning_rate": -0.1}, "learning_rate is -0.1; expected a number from 0"),
        ({"weight_decay": math.inf}, "weight_decay is inf"),
        ({"rank_weight": math.nan}, "rank_weight is nan"),
        ({"leads_weight": -1.0}, "leads_weight is -1.0"),
        ({"discount": 1.5}, "discount is 1.5; expected a number from 0 to 1"),
        ({"discount": math.nan}, "discount is nan"),
        ({"search_depth": 0}, "search_depth is 0; at least 1"),
        ({"search_goals": 0}, "search_goals is 0; at least 1"),
        ({"search_samples": 0}, "search_samples is 0; at least 1"),
        ({"gradient_clip": 0.0}, "gradient_clip is 0.0; expected a number above 0"),
        ({"gradient_clip": math.inf}, "gradient_clip is inf"),
        ({"warm_up_fraction": 1.0}, "warm_up_fraction is 1.0; expected a number from 0, below 1"),
        ({"warm_up_fraction": -0.1}, "warm_up_fraction is -0.1"),
        ({"learning_rate_start": 1.1}, "learning_rate_start is 1.1; expected a number from 0 to 1"),
        ({"learning_rate_floor": math.nan}, "learning_rate_floor is nan"),
        ({"device": "gpu"}, "device is 'gpu'; allowed: cpu, cuda, auto"),
        ({"seed": -1}, "seed is -1; allowed: 0 to 9223372036854775807"),
        ({"search_seed": 2**63}, "search_seed is 9223372036854775808"),
    ],
)
def test_invalid_settings_are_named_with_what_is_allowed(values, message):
    with pytest.raises(UsageError, match=message):
        TrainingSettings(**values)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"epoch": 3}, "here: unknown key 'epoch'; did you mean 'epochs'"),
        ({"epochs": 2.5}, "here: epochs is 2.5; it must be a whole number"),
        ({"widths": [1, 2]}, r"widths is \[1, 2\]; it must be a list of 3, each a whole number"),
        ({"learning_rate": "fast"}, "learning_rate is 'fast'; it must be a number"),
        ({"device": 3}, "device is 3; it must be text"),
    ],
)
def test_values_of_another_type_are_named(values, message):
    with pytest.raises(UsageError, match=message):
        parse_dataclass(TrainingSettings, values, "here")


def test_settings_round_trip_as_json_and_give_the_sizes_of_the_network():
    settings = TrainingSettings(widths=(2, 3, 4), blocks=(1, 2, 1), summary=5, hidden=6)
    assert settings.sizes == {"widths": [2, 3, 4], "blocks": [1, 2, 1], "summary": 5, "hidden": 6}
    assert parse_dataclass(TrainingSettings, json.loads(json.dumps(settings.as_dict())), "x") == (
        settings
    )
