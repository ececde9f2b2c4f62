"""Places of the learning stages: settings, what is searched where, which files belong together."""

import shlex
from functools import cache

from namo.config_parsing import parse_dataclass
from namo.training.learning_settings import LearningSettings
from namo.training.settings import TrainingSettings

ONCE, ROUND = "once", r"round_\d+"


def learning_settings():
    """Return the folder of the learning stages and their settings."""
    values = dict(config["learning"])
    folder = Path(values.pop("output_dir"))
    training = parse_dataclass(
        TrainingSettings,
        values.pop("training", {}),
        "configuration: learning.training",
    )
    settings = parse_dataclass(LearningSettings, values, "configuration: learning")
    return folder, settings, training


try:
    LEARN_OUT, LEARNING, TRAINING = learning_settings()
except NamoError as error:
    raise WorkflowError(str(error))


@cache
def listed(manifest, split):
    """Return how many scenes of a split there are; they must be made before learning starts."""
    try:
        return len(environments_from(None, Path(manifest), split).scenes)
    except NamoError as error:
        raise WorkflowError(
            f"{error}; `make learning-scenes` makes the scenes to learn from"
        )


def round_of(place):
    """Return the number of a round, 0 for `once`."""
    return 0 if place == ONCE else int(place.removeprefix("round_"))


def collections_of(place):
    """Return the folders of the collections that a data set is made of."""
    number = round_of(place)
    own = [LEARN_OUT / f"round_{n}" / "exploration" for n in range(1, number + 1)]
    return [Path(folder) for folder in LEARNING.collections] + (own or [OUT])


def manifest_of(place):
    """Return the manifest that says which split each scene learned from belongs to.

    The collection of config.yaml is over scenes of a manifest of its own, the demo scenes included.
    A folder of scenes has none, and where further collections join, one manifest lists all of them.
    """
    own = config.get("manifest") or DEMO_SCENES
    if place == ONCE and not (config.get("xml_dir") or LEARNING.collections):
        return own if Path(own).suffix == ".parquet" else LEARNING.manifest
    return LEARNING.manifest


def models_before(number):
    """Return the folder of the best models before a round."""
    return LEARN_OUT / f"round_{number - 1}" / "best"


def models_compared(place):
    """Return the folder of the models that are compared in a place."""
    if place == ONCE and LEARNING.compare_models is not None:
        return Path(LEARNING.compare_models)
    return LEARN_OUT / place / "models"


@cache
def search_of(place, what):
    """Return options, range and configs of the models of the collection in a place.

    Args:
        place: "once" or "round_N".
        what: "exploration", or "comparison/ARM".
    """
    number = round_of(place)
    if what == "exploration":
        arm, models = LEARNING.explorer(number), models_before(number)
        numbers = LEARNING.scenes_of_round(number, listed(LEARNING.manifest, "train"))
        extra = {
            "manifest": LEARNING.manifest,
            "split": "train",
            "max_pushes": LEARNING.explore_pushes,
            "max_depth": LEARNING.explore_depth,
            "max_goals_per_object": LEARNING.explore_goals,
            "seed": config["seed"] + number,
        }
    else:
        arm = LEARNING.arm(what.removeprefix("comparison/"))
        models = models_compared(place)
        wanted = LEARNING.round_scenes if number else LEARNING.compare_scenes
        count = listed(LEARNING.test_manifest, "test")
        numbers = range(count if wanted is None else min(wanted, count))
        extra = {
            "manifest": LEARNING.test_manifest,
            "split": "test",
            "max_pushes": LEARNING.compare_pushes,
            "max_depth": LEARNING.compare_depth,
            "episodes_per_env": LEARNING.seeds,
            "seed": config["seed"],
        }
    settings = {
        **arm.options(str(models / "object"), str(models / "goal")),
        "ml_device": config["ml_device"],
        "max_terminal_checks": 1_000_000,
        "search_timeout": 600.0,
        **extra,
    }
    return collector_options(settings, "learning"), numbers, model_configs(settings)


def markers_of(wildcards):
    """Return what the chunks of a collection in a place leave behind."""
    _, numbers, _ = search_of(wildcards.place, wildcards.what)
    size = LEARNING.chunk_size
    return [
        LEARN_OUT
        / wildcards.place
        / wildcards.what
        / "parts"
        / range_name(start, min(start + size, numbers.stop))
        / "part.json"
        for start in numbers[::size]
    ]


def models_of_search(wildcards):
    """Return the files of the models that a collection in a place asks."""
    return search_of(wildcards.place, wildcards.what)[2]


def arms_of(place):
    """Return the names of what is compared in a place."""
    return LEARNING.compared(in_round=round_of(place) > 0)


def goal_model_for(wildcards):
    """Return the goal model that an object model is searched with."""
    if wildcards.kind == "goal":
        return []
    return LEARN_OUT / wildcards.place / "models" / "goal" / "config.json"
