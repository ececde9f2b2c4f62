import pytest

import namo
from namo.errors import ResultFileError, SceneError, UsageError
from namo.results.replay import replay
from namo.world.world import World


@pytest.fixture
def opened(collected):
    return namo.load(collected.output, run_from=collected.output.parent)


def first_solved(opened):
    row = next(row for row in opened.episodes.to_pylist() if row["solution_depth"])
    return opened.episode(row["episode_id"])


def test_tables_are_those_of_the_files(opened, collected):
    assert opened.episodes.to_pylist() == collected.table("metrics")
    assert opened.pushes.to_pylist() == collected.table("pushes")
    assert opened.scenes.num_rows == 5, "all but the broken one"
    assert set(opened.plans["episode_id"].to_pylist()) == {
        row["episode_id"] for row in collected.table("metrics") if row["solution_depth"]
    }
    assert repr(opened) == f"<collection {collected.output}: 6 episodes, 4 solved>"


def test_an_episode_has_its_plan_its_states_and_its_whole_search(opened):
    episode = first_solved(opened)
    assert episode.solved
    assert len(episode.plan) == episode.metrics["solution_depth"] == len(episode.states) - 1
    assert episode.pushes.num_rows == episode.metrics["pushes_simulated"]
    assert set(episode.pushes["episode_id"].to_pylist()) == {episode.id}
    assert episode.plan[-1].object_name in {movable.name for movable in episode.scene.movables}


def test_its_plan_can_be_replayed(opened):
    episode = first_solved(opened)
    assert replay(World(episode.scene), episode.record).problem is None


def test_records_are_those_of_all_environments_in_order(opened, collected):
    assert list(opened.records()) == collected.records()


def test_an_episode_is_found_without_reading_a_table_as_a_whole(opened, monkeypatch):
    wanted = first_solved(namo.load(opened.folder, opened.run_from)).id
    whole = []
    monkeypatch.setattr(type(opened), "episodes", property(whole.append))
    monkeypatch.setattr(type(opened), "pushes", property(whole.append))
    assert opened.episode(wanted).id == wanted
    assert whole == []


def test_an_unknown_episode_is_named_with_the_nearest(opened):
    with pytest.raises(UsageError, match="did you mean 'host_env_000001_episode_0'"):
        opened.episode("host_env_000001_episode_00")


def test_a_failed_episode_gives_the_reason(opened):
    (row,) = [row for row in opened.episodes.to_pylist() if row["error_message"]]
    with pytest.raises(UsageError, match=r"only its metrics row was kept: .*kaputt"):
        opened.episode(row["episode_id"])


def test_a_filtered_episode_gives_the_reason(filtered):
    opened = namo.load(filtered.output)
    dropped = next(row for row in opened.episodes.to_pylist() if not row["kept"])
    with pytest.raises(UsageError, match="--filter-minimum-length dropped it"):
        opened.episode(dropped["episode_id"])


def test_a_folder_without_a_collection_is_rejected(tmp_path):
    with pytest.raises(UsageError, match="no finished collection is here"):
        namo.load(tmp_path)


def test_a_damaged_table_is_named(tmp_path):
    for name in ("metrics", "pushes"):
        (tmp_path / f"{name}.parquet").write_text("no")
    with pytest.raises(ResultFileError, match=r"pushes\.parquet: cannot be read"):
        namo.load(tmp_path).pushes  # noqa: B018 - reads it


def test_a_missing_table_and_a_missing_record_are_named(rig, tmp_path):
    scenes = rig.copy_rooms(tmp_path / "scenes", (1,))
    collection = rig.collect_and_merge(scenes, tmp_path / "out", rig.config())
    opened = namo.load(str(collection.output))
    episode = first_solved(opened)
    (collection.output / "plans.parquet").unlink()
    with pytest.raises(ResultFileError, match=r"plans\.parquet: is missing"):
        opened.plans  # noqa: B018 - reads it
    (collection.output / "scene_files.parquet").unlink()
    (scenes / "00.xml").write_bytes(rig.room(0).read_bytes())
    with pytest.raises(SceneError, match="changed since host_env_000000 was"):
        episode.scene  # noqa: B018 - reads it
    collection.files()[0].unlink()
    with pytest.raises(ResultFileError, match=r"_results\.pkl: is missing"):
        opened.episode(episode.id)
    with pytest.raises(ResultFileError, match=r"_results\.pkl: is missing"):
        list(opened.records())
