import pytest
from huggingface_hub import DatasetCard as HubCard

from namo.errors import ResultFileError, UsageError
from namo.exporting.card import DatasetCard, Split, front_matter
from namo.exporting.exporter import Export
from namo.exporting.settings import ExportSettings
from tests.exporting.conftest import exported


def card_of(collection, tmp_path, **settings):
    return DatasetCard.of(Export(collection, ExportSettings(**settings), tmp_path, tmp_path))


@pytest.fixture
def card(collection, tmp_path):
    return card_of(collection, tmp_path)


def front_of(card, pushes=20, splits=("train",)):
    written = [Split(name, 5, {"episodes": 9, "pushes": pushes}) for name in splits]
    return front_matter(card, written, {"episodes": "rows; sha256 1", "pushes": "others"})


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
def test_the_size_category_is_that_of_the_largest_table(card, rows, size):
    assert front_of(card, rows)["size_categories"] == [size]


def test_configurations_list_their_shards(card):
    front = front_of(card, splits=("train", "val"))
    assert front["configs"][1] == {
        "config_name": "pushes",
        "description": "others",
        "data_files": [
            {"split": "train", "path": "pushes/train-*.parquet"},
            {"split": "val", "path": "pushes/val-*.parquet"},
        ],
    }
    assert front["configs"][0]["default"] is True


@pytest.mark.parametrize("content", [b"Mine, 2026", b"@a{\n```\n}", b"\xff\xfe"])
def test_an_invalid_citation_is_refused(collection, tmp_path, content):
    (tmp_path / "own.bib").write_bytes(content)
    with pytest.raises(UsageError, match=r"--citation .*own\.bib: "):
        card_of(collection, tmp_path, citation=tmp_path / "own.bib")


def test_a_missing_citation_and_a_missing_summary_are_named(copied, tmp_path):
    with pytest.raises(UsageError, match=r"--citation .*no\.bib: cannot be read"):
        card_of(copied, tmp_path, citation=tmp_path / "no.bib")
    (copied.folder / "collection_summary_host.pkl").unlink()
    with pytest.raises(ResultFileError, match=r"collection_summary_host\.pkl: is missing"):
        card_of(copied, tmp_path)


@pytest.mark.parametrize("form", ["huggingface", "lerobot"])
def test_the_hub_reads_the_card_that_an_export_writes(collection, tmp_path, form):
    exported(collection, form, tmp_path / "out", licence="cc-by-4.0")
    card = HubCard.load(tmp_path / "out" / "README.md")
    assert card.data.license == "cc-by-4.0"
    assert "namo" in card.data.tags
    assert ("LeRobot" in card.data.tags) == (form == "lerobot")
    for config in card.data.configs:
        files = config["data_files"]
        patterns = [each["path"] for each in files] if isinstance(files, list) else [files]
        assert all(any((tmp_path / "out").glob(pattern)) for pattern in patterns)
