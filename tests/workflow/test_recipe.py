"""A hundredth of the recipe of the models, `make models`: explored, labelled and learned from.

`recipe.json` beside this file is the published slice: how many candidates have which label, and the
checksum of all labels. With other results the recipe makes other models: if that is meant, set
NAMO_WRITE_RECIPE=1 to write it again, and say so in the changelog.
"""

import hashlib
import json
import os
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import yaml

from namo.commands.main import main
from namo.learning.bundle_files import seen_layouts
from namo.learning.loaded_model import load_model
from tests.conftest import REPOSITORY

PUBLISHED = Path(__file__).with_name("recipe.json")
SHARE = 100
"""The slice is the first of so many parts of all scenes, in the order of generation."""


@pytest.mark.slow
def test_the_first_hundredth_of_the_recipe_has_the_published_labels(pipeline):
    recipe = REPOSITORY / "resources" / "models" / "scenes.yaml"
    count = yaml.safe_load(recipe.read_text())["scenes"]["count"] // SHARE
    scenes, output = pipeline.folder / "recipe_scenes", pipeline.folder / "learning"
    generate = ["scenes", "generate", "--config", str(recipe), "--output", str(scenes)]
    assert main([*generate, "--count", str(count)]) == 0
    learning = yaml.safe_load((REPOSITORY / "config" / "learning.yaml").read_text())["learning"]
    learning |= {"manifest": str(scenes / "scenes.parquet"), "output_dir": str(output)}
    learning |= {"rounds": 1, "chunk_size": 10}
    learning["training"] |= {"epochs": 1}
    settings = pipeline.folder / "recipe.yaml"
    settings.write_text(yaml.safe_dump({"learning": learning}))
    model = output / "round_1" / "models" / "goal"
    pipeline.copy_rooms((0,))
    done = pipeline.run(model / "config.json", "--configfile", settings)
    assert done.returncode == 0, done.stdout

    made = slice_of(output / "round_1" / "dataset")
    if "NAMO_WRITE_RECIPE" in os.environ:
        PUBLISHED.write_text(json.dumps(made, indent=2) + "\n")
    assert made == json.loads(PUBLISHED.read_text())
    assert len(seen_layouts(model)) == count, "those of both splits"
    load_model(model, "goal", "cpu")  # an error if it is not one of this version


def slice_of(dataset):
    """What a data set holds of the training split: counts, and a checksum of all labels."""
    card = json.loads((dataset / "card.json").read_text())["splits"]["train"]
    digest = hashlib.sha256()
    for shard in sorted(dataset.glob("train-*.parquet")):
        columns = ["scene_sha256", "state", "object_id", "numbers", "label", "pushes_to_goal"]
        for row in pq.read_table(shard, columns=columns).to_pylist():
            digest.update(json.dumps(row, sort_keys=True).encode())
    counts = {name: card[name] for name in ("layouts", "states", "complete_states", "rows")}
    return {**counts, "labels": card["labels"], "labels_sha256": digest.hexdigest()}
