"""What is stored is what was asked for last, through real runs of Snakemake."""

import shutil

import pytest

A = {"algorithm": "tree_idfs", "seed": 1}
B = {"algorithm": "idfs", "seed": 2}


@pytest.fixture
def rooms(pipeline):
    """A pipeline over three tiny scenes, the names of which leave room in front."""
    pipeline.scenes.mkdir()
    for name, number in zip(("b", "c", "d"), (0, 7, 0), strict=True):
        shutil.copy(pipeline.room(number), pipeline.scenes / f"{name}.xml")
    return pipeline


def run(pipeline, **settings):
    done = pipeline.run(**settings)
    assert done.returncode == 0, done.stdout
    return done.stdout


def rows(pipeline):
    return [
        (row["env_index"], row["xml_file"].rpartition("/")[2], row["algorithm"], row["seed"])
        for row in pipeline.table("metrics")
    ]


@pytest.mark.slow
def test_settings_there_and_back_although_snakemake_has_forgotten_the_first(rooms):
    """It notes settings in the folder that it runs in, which may be another one each time."""
    run(rooms, end_idx=2, **A)
    shutil.rmtree(rooms.folder / ".snakemake")
    run(rooms, end_idx=3, chunk_size=3, **B)
    assert [row[2:] for row in rows(rooms)] == [("idfs", 2)] * 3
    said = run(rooms, end_idx=2, **A)
    assert rows(rooms) == [(0, "b.xml", "tree_idfs", 1), (1, "c.xml", "tree_idfs", 1)]
    assert "not used: parts/000000-000003, environment 2" in " ".join(said.split())
    assert "Nothing to be done" in run(rooms, end_idx=2, **A)


@pytest.mark.slow
def test_scenes_come_and_go(rooms):
    run(rooms)
    shutil.copy(rooms.room(7), rooms.scenes / "a.xml")
    run(rooms)
    assert [row[1] for row in rows(rooms)] == ["a.xml", "b.xml", "c.xml", "d.xml"]
    (rooms.scenes / "a.xml").unlink()
    (rooms.scenes / "d.xml").unlink()
    run(rooms)
    assert [row[1] for row in rows(rooms)] == ["b.xml", "c.xml"]


@pytest.mark.slow
def test_scenes_in_another_order_are_collected_again_without_being_watched(rooms):
    listed = rooms.folder / "list.txt"
    names = [str(path) for path in sorted(rooms.scenes.glob("*.xml"))]
    settings = {"manifest": listed, "xml_dir": None, "watch_scenes": False}
    listed.write_text("\n".join(names))
    run(rooms, **settings)
    listed.write_text("\n".join(reversed(names)))
    run(rooms, **settings)
    assert [row[1] for row in rows(rooms)] == ["d.xml", "c.xml", "b.xml"]


@pytest.mark.slow
def test_what_was_lost_or_damaged_after_the_merge_is_made_again_where_it_is_needed(rooms):
    run(rooms)
    before = rooms.made()
    next(rooms.output.glob("*_env_000001_results.pkl")).unlink()
    planned = rooms.run("scenes", "--dry-run")
    assert planned.returncode == 0, planned.stdout
    assert "rule collect:" not in planned.stdout
    run(rooms)
    assert [n for n, made in rooms.made().items() if made != before[n]] == ["000001"]
    before = rooms.made()
    (rooms.output / "parts" / "000000-000002" / "part.json").write_bytes(b"")
    (rooms.output / "parts" / "000002-000003" / "plans.parquet").write_bytes(b"")
    run(rooms)
    assert rooms.made() == before
    assert "Nothing to be done" in run(rooms)
