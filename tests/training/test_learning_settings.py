from dataclasses import replace

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from namo.config_parsing import parse_dataclass
from namo.errors import UsageError
from namo.training.learning_settings import DEFAULT_ARMS, Arm, LearningSettings
from tests.conftest import REPOSITORY

COUNTS = [
    *("rounds", "scenes_per_round", "explore_pushes", "explore_depth", "explore_goals"),
    *("chunk_size", "seeds", "compare_pushes", "compare_depth", "round_scenes", "compare_scenes"),
]


def test_the_configuration_file_holds_every_default():
    values = yaml.safe_load((REPOSITORY / "config" / "learning.yaml").read_text())["learning"]
    for name in ("output_dir", "training"):
        del values[name]
    assert parse_dataclass(LearningSettings, values, "learning.yaml") == LearningSettings()
    assert set(values) == set(LearningSettings().as_dict())


@pytest.mark.parametrize("name", COUNTS)
@pytest.mark.parametrize("value", [0, -3])
def test_a_count_below_one_is_named(name, value):
    with pytest.raises(UsageError, match=f"{name} is {value}; at least 1"):
        LearningSettings(**{name: value})


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"arms": {"a": "idfs random"}}, "arm 'a' is 'idfs random'; expected: ALGORITHM"),
        ({"arms": {"a": ""}}, "arm 'a' is ''"),
        ({"arms": {"a": "idsf random random"}}, "'idsf'.*did you mean 'idfs'"),
        ({"arms": {"a": "idfs randon random"}}, "'randon'.*did you mean 'random'"),
        ({"arms": {"a": "idfs random gird"}}, "'gird'.*did you mean 'grid'"),
        ({"round_arms": ("random", "lerned")}, "round_arms: 'lerned'; did you mean 'learned'"),
        ({"compare_arms": ("random", "x")}, "compare_arms: 'x'"),
        ({"round_arms": ("random",)}, "round_arms is .*; at least 2 arms are needed"),
        ({"round_arms": ("random", "random")}, "at least 2 arms are needed"),
        ({"compare_arms": ()}, "compare_arms is .*; at least 2 arms are needed"),
        (
            {"arms": {"random": DEFAULT_ARMS["random"]}, "round_arms": ("random", "random")},
            "at least 2 arms are needed",
        ),
    ],
)
def test_invalid_arms_are_named(values, message):
    with pytest.raises(UsageError, match=message):
        LearningSettings(**values)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"round": 3}, "here: unknown key 'round'; did you mean 'rounds'"),
        ({"rounds": "many"}, "here: rounds is 'many'; it must be a whole number"),
        ({"arms": ["idfs random random"]}, "a mapping from names to values, each text"),
        ({"round_arms": "random"}, "round_arms is 'random'; it must be a list, each text"),
        ({"compare_scenes": 0.5}, "compare_scenes is 0.5; it must be a whole number or null"),
        ({"rounds": 0}, "here: rounds is 0; at least 1"),
    ],
)
def test_values_of_another_type_are_named(values, message):
    with pytest.raises(UsageError, match=message):
        parse_dataclass(LearningSettings, values, "here")


def test_an_arm_names_only_the_models_that_it_uses():
    settings = LearningSettings()
    assert settings.arm("random").options("o", "g") == {
        "algorithm": "idfs",
        "object_strategy": "random",
        "goal_strategy": "random",
    }
    assert settings.arm("learned_best_first").options("o", "g") == {
        "algorithm": "best_first",
        "object_strategy": "ml",
        "goal_strategy": "ml",
        "ml_object_model": "o",
        "ml_goal_model": "g",
    }
    assert Arm.parse("x", "idfs random ml").options("o", "g") == {
        "algorithm": "idfs",
        "object_strategy": "random",
        "goal_strategy": "ml",
        "ml_goal_model": "g",
    }


def test_all_arms_are_compared_by_default():
    settings = LearningSettings()
    assert settings.compared(in_round=False) == tuple(DEFAULT_ARMS)
    assert settings.compared(in_round=True) == ("random", "clear_path", "learned")
    few = replace(settings, compare_arms=("learned", "random"))
    assert few.compared(in_round=False) == ("learned", "random")


def test_only_the_first_round_explores_without_models():
    settings = LearningSettings(explorer="exploration ml ml")
    first, later = settings.exploring(1), settings.exploring(3)
    assert (first.algorithm, first.objects, first.goals) == (
        "labelling",
        "path_blocking",
        "clear_path",
    )
    assert (later.algorithm, later.objects, later.goals) == ("exploration", "ml", "ml")
    assert settings.exploring(2) == later
    with pytest.raises(UsageError, match="first_explorer is 'labelling ml random'; before the"):
        LearningSettings(first_explorer="labelling ml random")
    with pytest.raises(UsageError, match="arm 'explorer' is 'labelling'; expected"):
        LearningSettings(explorer="labelling")


@given(st.integers(1, 40), st.integers(1, 60))
def test_rounds_go_through_all_scenes_and_start_over(size, count):
    settings = LearningSettings(scenes_per_round=size)
    rounds = [settings.scenes_of_round(number, count) for number in range(1, count + 2)]
    whole = next(place + 1 for place, scenes in enumerate(rounds) if scenes.stop == count)
    explored = [scene for scenes in rounds[:whole] for scene in scenes]
    assert explored == list(range(count))
    assert rounds[whole] == rounds[0]
    assert all(0 < len(scenes) <= size for scenes in rounds)
    assert len(rounds[0]) == min(size, count)


def test_an_empty_split_is_named():
    with pytest.raises(UsageError, match=r"m\.parquet: has no scenes in split train"):
        LearningSettings(manifest="m.parquet").scenes_of_round(1, 0)
