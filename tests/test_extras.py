"""A feature whose packages are not installed says which extra brings them; the rest works."""

import sys

import pytest

from namo.collection.config import CollectionConfig
from namo.commands.main import main
from namo.errors import UsageError
from namo.exporting.registry import EXPORTERS
from namo.extras import EXTRAS, explained, require_extra
from tests.conftest import REPOSITORY

LEARN = "which is not installed: pip install 'namo-collect[learn]'"


@pytest.fixture
def bare(monkeypatch):
    """An installation without extras."""
    for package in (each for packages in EXTRAS.values() for each in packages):
        for module in [name for name in sys.modules if name.partition(".")[0] == package]:
            monkeypatch.delitem(sys.modules, module)
        monkeypatch.setitem(sys.modules, package, None)


def test_learned_strategies_name_the_extra_before_anything_is_written(bare, tmp_path, capsys):
    model = str(REPOSITORY / "resources" / "models" / "goal")
    with pytest.raises(UsageError) as refused:
        CollectionConfig(goal_strategy="ml", ml_goal_model=model)
    assert str(refused.value) == f"--goal-strategy ml needs torch, {LEARN}"
    place = ["--output-dir", str(tmp_path / "out"), "--start-idx", "0", "--end-idx", "1"]
    learned = ["--goal-strategy", "ml", "--ml-goal-model", model]
    assert main(["collect", *place, *learned]) == 2
    assert LEARN in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_training_names_the_extra(bare, tmp_path, capsys):
    places = ["--dataset", str(tmp_path), "--manifest", str(tmp_path), "--output", str(tmp_path)]
    assert main(["train", "--kind", "goal", *places]) == 2
    assert capsys.readouterr().err == f"namo train: error: training needs torch, {LEARN}\n"


def test_a_package_that_is_missed_at_its_import_is_explained(bare, monkeypatch, capsys):
    monkeypatch.delitem(sys.modules, "namo.exporting.minari_episodes", raising=False)
    with pytest.raises(ModuleNotFoundError) as missing:
        EXPORTERS.load("minari")
    assert str(explained(missing.value)).endswith("pip install 'namo-collect[export]'")
    assert explained(ModuleNotFoundError("No module named 'x'", name="x")) is None


def test_what_needs_no_model_is_not_refused(bare):
    assert CollectionConfig(algorithm="hybrid").ml_goal_model is None
    for extra in EXTRAS:
        with pytest.raises(UsageError, match="x needs"):
            require_extra(extra, "x")
