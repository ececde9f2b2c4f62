"""What settings say of plug-ins: in the fingerprint, in the files of a collection, and back."""

import json

import pytest

from namo.collection.config import CollectionConfig
from namo.collection.stored import stored_config
from namo.errors import ConflictError, UsageError
from namo.results.assemble import assemble
from namo.results.fingerprint import fingerprint_of
from namo.results.merge_collections import merge_collections
from tests.collecting import SOURCE
from tests.conftest import random_bundle

OFFERS = {
    "namo.planners": {"mine": "tools_a:Mine"},
    "namo.object_strategies": {"mine": "tools_a:Objects"},
}


def fingerprint(**settings):
    return fingerprint_of(CollectionConfig(**settings).decisive, 0, "sha")


def test_a_plug_in_is_part_of_what_decides_results_with_its_version(install):
    install("tools_a", "1.0", OFFERS, "")
    chosen = {"algorithm": "mine", "object_strategy": "mine"}
    config = CollectionConfig(**chosen)
    assert config.decisive["plug_ins"] == {
        "algorithm": "tools_a:Mine (tools_a 1.0)",
        "object_strategy": "tools_a:Objects (tools_a 1.0)",
    }
    first = fingerprint(**chosen)
    assert fingerprint(**chosen) == first
    install("tools_a", "1.1", OFFERS, "")
    assert fingerprint(**chosen) != first


def test_a_plug_in_that_is_installed_and_not_chosen_decides_nothing(install):
    before = fingerprint()
    install("tools_a", "1.0", OFFERS, "")
    assert fingerprint() == before
    assert "plug_ins" not in CollectionConfig().as_record()


def test_a_class_of_this_package_is_the_part_of_its_name():
    named = CollectionConfig(
        algorithm="namo.planning.mcts:MCTS", goal_strategy="namo.strategies.goal_grid:GridGoals"
    )
    assert named == CollectionConfig(algorithm="mcts", goal_strategy="grid")


def test_the_class_of_a_model_counts_where_it_may_be_imported(install, tmp_path):
    install("tools_a", "1.0", {}, "")
    bundle = random_bundle(tmp_path / "model", "goal")
    about = json.loads((bundle / "config.json").read_text())
    (bundle / "config.json").write_text(json.dumps(about | {"class": "tools_a:Net"}))
    model = {"goal_strategy": "ml", "ml_goal_model": str(bundle)}
    assert CollectionConfig(**model).plug_ins == {}
    trusted = CollectionConfig(**model, trust_model_code=True)
    assert trusted.plug_ins == {"ml_goal_model": "tools_a:Net (tools_a 1.0)"}


def test_stored_settings_are_read_again_and_say_what_is_not_installed(install, tmp_path):
    install("tools_a", "1.0", OFFERS, "")
    config = CollectionConfig(algorithm="mine")
    stored = config.as_record()
    assert stored_config(stored, tmp_path) == config
    install("tools_a", "1.0", {}, "")
    with pytest.raises(UsageError) as caught:
        stored_config(stored, tmp_path)
    assert str(caught.value).startswith(f"{tmp_path}: unknown algorithm 'mine'; ")
    assert str(caught.value).endswith("it was collected with tools_a:Mine (tools_a 1.0)")


def test_collections_of_two_versions_are_not_mixed(install, rig, tmp_path):
    def collect(version, bounds):
        install("tools_a", version, OFFERS, "from namo.planning.idfs import IDFS as Mine")
        output = tmp_path / version
        rig.collect(scenes, output, rig.config(algorithm="mine"), bounds)
        merged = assemble(output, "host", *SOURCE)
        assert f"tools_a:Mine (tools_a {version})" in merged.text
        return output

    scenes = rig.copy_rooms(tmp_path / "scenes", (0, 1))
    first, second = collect("1.0", (0, 1)), collect("1.1", (1, 2))
    with pytest.raises(ConflictError, match=r"plug_ins is .*tools_a 1\.0.* and .*tools_a 1\.1"):
        merge_collections([first, second], tmp_path / "all")
