import json

import pytest
import yaml

from namo.exporting.card import DatasetCard, Split
from namo.exporting.card_text import card_text
from namo.exporting.exporter import Export
from namo.exporting.settings import ExportSettings
from namo.results.tables import DATA_TABLES

SCHEMAS = {"episodes": DATA_TABLES["metrics"], "pushes": DATA_TABLES["pushes"]}
BIBTEX = "@article{me,\n  title = {Mine},\n}"


def card_of(collection, tmp_path, **settings):
    return DatasetCard.of(Export(collection, ExportSettings(**settings), tmp_path, tmp_path))


@pytest.fixture
def card(collection, tmp_path):
    return card_of(collection, tmp_path)


def text_of(card, pushes=20, splits=("train",)):
    written = [Split(name, 5, {"episodes": 9, "pushes": pushes}) for name in splits]
    return card_text(card, written, SCHEMAS, dict.fromkeys((*SCHEMAS, "scene_files"), "0123"))


def front_of(text):
    return yaml.safe_load(text.split("---\n")[1])


def test_every_column_is_listed_with_type_unit_and_description(card):
    text = text_of(card)
    for schema in SCHEMAS.values():
        for field in schema:
            assert f"| `{field.name}` |" in text
            assert f"| {field.metadata[b'description'].decode()} |" in text
    assert "| `goal_x` | float64 | m | commanded pose of the object, world frame; " in text
    assert "| `poses_before` | list of float64 | m, m, rad |" in text


def test_the_contents_are_counted(collection, card):
    text = text_of(card)
    solved = sum(collection.episodes["solution_found"].to_pylist())
    assert "Environments: 5, of which 1 failed" in text
    assert f"Episodes: 8, of which {solved} are solved." in text
    assert f"| easy | 8 | {solved} |" in text


def test_the_settings_and_versions_of_the_collection_are_listed(card):
    text = text_of(card)
    assert "| `algorithm` | best_first |" in text
    assert "| `seed` | 0 |" in text
    assert f"mujoco {card.run['versions']['mujoco']}" in text
    assert card.run["numerics"] in text
    assert card.run["host"]["name"] not in text.replace("\n", " ").split()


def test_ranges_are_merged_and_sources_listed(copied, tmp_path):
    run = json.loads((copied.folder / "run.json").read_text())
    run["environments"] |= {
        "collected": [[6, 12], [0, 6], [9, 14], [20, 21]],
        "source": "/my/one.parquet; /my/two.parquet",
        "listed": 30,
    }
    (copied.folder / "run.json").write_text(json.dumps(run))
    text = text_of(card_of(copied, tmp_path))
    assert "environments 0 to 13, 20 of 30 scenes in `one.parquet`; `two.parquet`." in text


def test_a_missing_licence_is_stated(card):
    text = text_of(card)
    assert (front_of(text)["license"], front_of(text)["license_name"]) == ("other", "none-chosen")
    assert "None was chosen" in text


def test_a_licence_is_named(collection, tmp_path):
    text = text_of(card_of(collection, tmp_path, licence="cc-by-4.0"))
    assert front_of(text)["license"] == "cc-by-4.0"
    assert "license_name" not in front_of(text)
    assert "None was chosen" not in text


def test_the_citation_of_the_data_comes_before_that_of_the_software(collection, tmp_path):
    (tmp_path / "own.bib").write_text(BIBTEX)
    text = text_of(card_of(collection, tmp_path, citation=tmp_path / "own.bib"))
    assert text.index(BIBTEX) < text.index("@software{namo_collect")


def test_models_are_identified_by_hash(copied, tmp_path):
    run = json.loads((copied.folder / "run.json").read_text())
    model = {"path": "/home/me/model", "sha256": "abc", "parameters": 1234, "device": "cpu"}
    (copied.folder / "run.json").write_text(json.dumps(run | {"models": {"goal": model}}))
    text = text_of(card_of(copied, tmp_path))
    assert "- goal model: sha256 `abc`, 1,234 parameters" in text
    assert "/home/me" not in text
