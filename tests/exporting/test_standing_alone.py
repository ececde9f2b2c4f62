"""A collection and its exports, copied to a machine that does not have the scene files."""

import shutil

import minari
import numpy as np
import pyarrow.parquet as pq
import pytest

import namo
from namo.commands.main import main
from namo.errors import UsageError
from namo.exporting.registry import EXPORTERS
from namo.exporting.verification import ExportVerification
from tests.exporting.conftest import exported
from tests.training.conftest import collect, write_scenes


@pytest.fixture(scope="module")
def alone(rooms, tmp_path_factory):
    """A collection and its exports, without the folder of scenes. Read only."""
    folder = tmp_path_factory.mktemp("alone")
    options = rooms.SLEEPING
    plugged = rooms.plugged(options=options)
    scenes = write_scenes(
        folder / "scenes",
        {
            "a": plugged,
            "b": rooms.plugged(rooms.box(0.9, 0.5, 0.3, number=2), options=options),
            "c": plugged,
            "d": rooms.sealed(rooms.box(-1.0, 0.5), options=options),
        },
    )
    collected = collect(
        scenes,
        folder / "results" / "mine",
        algorithm="hybrid",
        object_strategy="nearest_first",
        episodes_per_env=2,
        max_pushes=40,
    )
    for form in EXPORTERS.names():
        exported(namo.load(collected), form, folder / form, **MASKS.get(form, {}))
    for path in scenes:
        path.unlink()
    return folder


MASKS = {"masks": {"pushes": "all"}}


def masks(folder):
    shards = [np.load(path) for path in sorted(folder.glob("*.npz"))]
    return {name: np.concatenate([shard[name] for shard in shards]) for name in shards[0].files}


def test_identical_scenes_are_stored_once_in_the_collection_and_in_every_export(alone):
    stored = alone / "results" / "mine" / "scene_files.parquet"
    hashes = [row["scene_sha256"] for row in namo.load(stored.parent).scenes.to_pylist()]
    assert len(hashes) == 4
    assert pq.read_table(stored)["scene_sha256"].to_pylist() == list(dict.fromkeys(hashes))
    assert len(set(hashes)) == 3
    for form in EXPORTERS.names():
        (copy,) = (alone / form).rglob(stored.name)  # beside the data, wherever that is
        assert copy.read_bytes() == stored.read_bytes()


def test_every_plan_of_a_collection_is_replayed(alone, capsys):
    folder = alone / "results" / "mine"
    assert main(["verify", str(folder)]) == 0
    said = capsys.readouterr().out
    assert "6 plans replayed: no problems found" in said
    assert "a.xml: is missing" in said
    for number in (0, 1, 2):
        (record,) = folder.glob(f"*_env_00000{number}_results.pkl")
        assert main(["replay", str(record), "--check"]) == 0


@pytest.mark.parametrize("name", ["results/mine", "huggingface"])
def test_all_plans_are_replayed_from_the_folder_alone(alone, name, capsys):
    assert main(["replay", str(alone / name), "--check"]) == 0
    assert capsys.readouterr().out == "6 plans replayed: 6 match\n"


def test_an_export_is_verified_and_every_plan_of_it_replayed(alone, capsys):
    assert main(["verify", str(alone / "huggingface")]) == 0
    assert "6 plans replayed: no problems found" in capsys.readouterr().out


def test_episodes_of_an_export_are_those_of_the_collection(alone):
    collection, export = (namo.load(alone / name) for name in ("results/mine", "huggingface"))
    compared = 0
    for row in collection.episodes.to_pylist():
        ours, theirs = (each.episode(row["episode_id"]) for each in (collection, export))
        assert theirs.scene == ours.scene
        assert theirs.states == ours.states
        assert theirs.solved == ours.solved
        assert theirs.pushes.to_pylist() == ours.pushes.to_pylist()
        if theirs.plan:
            assert theirs.replay().problem is None
            assert theirs._repr_html_() == ours._repr_html_()
            compared += 1
    assert compared == 6
    with pytest.raises(UsageError, match="no records of environments"):
        next(export.records())


def test_exports_have_contact_and_travel_of_straight_pushes(alone, monkeypatch):
    collection = namo.load(alone / "results" / "mine")
    asked = ("object_id", "contact", "travel", "goal_x", "goal_y", "goal_theta")
    ours = collection.pushes.select(asked)
    assert 0 < ours["contact"].null_count < ours.num_rows
    assert namo.load(alone / "huggingface").pushes.select(asked) == ours
    drawn, rows = masks(alone / "masks"), ours.to_pylist()
    contacts = [-1 if row["contact"] is None else row["contact"] for row in rows]
    assert drawn["contact"].tolist() == contacts
    assert drawn["travel"].tolist() == [row["travel"] or 0.0 for row in rows]
    monkeypatch.setenv("MINARI_DATASETS_PATH", str(alone / "minari"))
    found = [
        (int(contact), float(travel))
        for episode in minari.load_dataset("mine-v0")
        for contact, travel in zip(
            episode.actions["contact"], episode.actions["travel"], strict=True
        )
    ]
    assert any(contact >= 0 for contact, _ in found)
    assert found == [
        (-1, 0.0) if row["contact"] is None else (row["contact"], row["travel"])
        for row in collection.plans.to_pylist()
    ]


@pytest.mark.slow
def test_masks_are_made_from_a_collection_and_from_its_export_alike(alone, tmp_path):
    expected = masks(alone / "masks")
    for name in ("results/mine", "huggingface"):
        output = tmp_path / name
        exported(namo.load(alone / name), "masks", output, pushes="all")
        found = masks(output)
        assert found.keys() == expected.keys()
        for label, values in expected.items():
            np.testing.assert_array_equal(found[label], values)


@pytest.mark.parametrize("name", ["pushes", "scene_files"])
def test_damage_to_an_export_is_named(alone, tmp_path, name):
    folder = shutil.copytree(alone / "huggingface", tmp_path / "copy")
    path = next(folder.glob(f"{name}*/*.parquet"), folder / f"{name}.parquet")
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    (problem,) = ExportVerification(folder).problems()
    assert problem.path == name
