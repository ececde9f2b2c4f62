import json

import pytest
import yaml

from namo.collection.parts import DATA_TABLES
from namo.errors import ResultFileError, UsageError
from namo.exporting.dataset_card import Card, Split, dataset_card
from namo.exporting.exporter import Export
from namo.exporting.settings import ExportSettings

SCHEMAS = {"episodes": DATA_TABLES["metrics"], "pushes": DATA_TABLES["pushes"]}
BIBTEX = "@article{me,\n  title = {Mine},\n}"


def card_of(collection, tmp_path, **settings):
    return Card.of(Export(collection, ExportSettings(**settings), tmp_path, tmp_path))


@pytest.fixture
def card(collection, tmp_path):
    return card_of(collection, tmp_path)


def text_of(card, pushes=20, splits=("train",)):
    written = [Split(name, 5, {"episodes": 9, "pushes": pushes}) for name in splits]
    return dataset_card(card, written, SCHEMAS)


def front_of(text):
    return yaml.safe_load(text.split("---\n")[1])


def test_every_column_is_there_with_type_unit_and_meaning(card):
    text = text_of(card)
    for schema in SCHEMAS.values():
        for field in schema:
            assert f"| `{field.name}` |" in text
            assert f"| {field.metadata[b'description'].decode()} |" in text
    assert "| `goal_x` | float64 | m | wanted pose of the object, world frame |" in text
    assert "| `poses_before` | list of float64 | m, m, rad |" in text


def test_it_counts_what_the_collection_holds(collection, card):
    text = text_of(card)
    solved = sum(collection.episodes["solution_found"].to_pylist())
    assert f"5 environments were searched in 8 episodes, of which {solved} found a plan" in text
    assert "1 environments failed" in text
    assert f"| easy | 8 | {solved} |" in text


def test_it_says_how_the_collection_came_about(card):
    text = text_of(card)
    assert "| `algorithm` | best_first |" in text
    assert "| `seed` | 0 |" in text
    assert f"mujoco {card.run['versions']['mujoco']}" in text
    assert card.run["numerics"] in text
    assert card.run["host"]["name"] not in text.replace("\n", " ").split()


@pytest.mark.parametrize(
    ("rows", "size"),
    [
        (0, "n<1K"),
        (999, "n<1K"),
        (1000, "1K<n<10K"),
        (10**6, "1M<n<10M"),
        (10**12 - 1, "100B<n<1T"),
        (10**12, "n>1T"),
    ],
)
def test_the_size_is_that_of_the_largest_table(card, rows, size):
    assert front_of(text_of(card, rows))["size_categories"] == [size]


def test_configurations_name_their_shards(card):
    front = front_of(text_of(card, splits=("train", "val")))
    assert front["configs"][1] == {
        "config_name": "pushes",
        "data_files": [
            {"split": "train", "path": "pushes/train-*.parquet"},
            {"split": "val", "path": "pushes/val-*.parquet"},
        ],
    }
    assert front["configs"][0]["default"] is True


def test_without_a_licence_it_says_so(card):
    text = text_of(card)
    assert (front_of(text)["license"], front_of(text)["license_name"]) == ("other", "none-chosen")
    assert "None was chosen" in text


def test_a_licence_is_named(collection, tmp_path):
    text = text_of(card_of(collection, tmp_path, licence="cc-by-4.0"))
    assert front_of(text)["license"] == "cc-by-4.0"
    assert "license_name" not in front_of(text)
    assert "None was chosen" not in text


def test_the_citation_of_its_makers_comes_before_that_of_the_software(collection, tmp_path):
    (tmp_path / "own.bib").write_text(BIBTEX)
    text = text_of(card_of(collection, tmp_path, citation=tmp_path / "own.bib"))
    assert text.index(BIBTEX) < text.index("@software{namo_collect")


@pytest.mark.parametrize("content", [b"Mine, 2026", b"@a{\n```\n}", b"\xff\xfe"])
def test_a_citation_that_is_none_is_refused(collection, tmp_path, content):
    (tmp_path / "own.bib").write_bytes(content)
    with pytest.raises(UsageError, match=r"--citation .*own\.bib: "):
        card_of(collection, tmp_path, citation=tmp_path / "own.bib")


def test_a_missing_citation_and_a_missing_summary_are_named(copied, tmp_path):
    with pytest.raises(UsageError, match=r"--citation .*no\.bib: cannot be read"):
        card_of(copied, tmp_path, citation=tmp_path / "no.bib")
    (copied.folder / "collection_summary_host.pkl").unlink()
    with pytest.raises(ResultFileError, match=r"collection_summary_host\.pkl: is missing"):
        card_of(copied, tmp_path)


def test_models_are_told_by_their_hash(copied, tmp_path):
    run = json.loads((copied.folder / "run.json").read_text())
    use = {"path": "/home/me/model", "sha256": "abc", "parameters": 1234, "device": "cpu"}
    (copied.folder / "run.json").write_text(json.dumps(run | {"models": {"goal": use}}))
    text = text_of(card_of(copied, tmp_path))
    assert "- goal model: sha256 `abc`, 1,234 parameters" in text
    assert "/home/me" not in text
