import random
import shutil

import pytest

from namo.errors import ResultFileError
from namo.results.parts import finished_parts
from namo.results.verify import Verification, schedule_recollection
from tests.faults.conftest import Collector


@pytest.fixture(scope="module")
def whole(few_scenes, tmp_path_factory):
    """A collection. Read only."""
    collector = Collector(few_scenes, tmp_path_factory.mktemp("whole") / "out")
    assert collector.run() == 0
    return collector


@pytest.fixture
def copy(whole, tmp_path):
    """A copy of it, to damage."""
    shutil.copytree(whole.output, tmp_path / "out")
    return Collector(whole.scenes, tmp_path / "out")


def flip(data, chance):
    place = chance.randrange(len(data))
    return data[:place] + bytes([data[place] ^ (1 << chance.randrange(8))]) + data[place + 1 :]


def cut(data, chance):
    return data[: chance.randrange(len(data))]


def files_of_environments(output):
    return sorted(output.glob("*_results.pkl"))


def listed(output):
    tables = [output / f"{name}.parquet" for name in ("metrics", "pushes")]
    return [*files_of_environments(output), *tables, *output.glob("*.txt"), output / "run.json"]


@pytest.mark.parametrize("damage", [flip, cut])
@pytest.mark.parametrize("seed", range(4))
def test_a_damaged_record_is_collected_again_and_no_other(copy, undisturbed, damage, seed, capsys):
    chance = random.Random(seed)
    before = {path: path.stat().st_mtime_ns for path in files_of_environments(copy.output)}
    path = chance.choice(list(before))
    path.write_bytes(damage(path.read_bytes(), chance))
    assert copy.run() == 0
    assert "collected again" in capsys.readouterr().err
    assert copy.content() == undisturbed
    assert copy.problems() == []
    for other, made in before.items():
        assert (other.stat().st_mtime_ns == made) == (other != path)


@pytest.mark.parametrize("damage", [flip, cut])
@pytest.mark.parametrize("seed", range(8))
def test_any_damaged_result_file_is_found_and_restored(copy, undisturbed, damage, seed):
    chance = random.Random(seed)
    path = chance.choice(listed(copy.output))
    path.write_bytes(damage(path.read_bytes(), chance))
    problems = [*Verification(copy.output).problems()]
    assert path.name in {problem.path for problem in problems}
    schedule_recollection(copy.output, problems)
    assert copy.run() == 0
    assert copy.content() == undisturbed
    assert copy.problems() == []


@pytest.mark.parametrize("damage", [flip, cut])
@pytest.mark.parametrize(
    "name", ["metrics.parquet", "pushes.parquet", "files.parquet", "part.json"]
)
def test_a_damaged_part_is_never_merged(copy, undisturbed, damage, name, capsys):
    (part,) = finished_parts(copy.output)
    path = part.folder / name
    path.write_bytes(damage(path.read_bytes(), random.Random(name)))
    assert copy.run("--merge-only") == 1
    assert str(part.folder) in capsys.readouterr().err
    assert copy.run() == 0, "collecting rewrites the part"
    assert copy.content() == undisturbed


@pytest.mark.parametrize("damage", [flip, cut])
def test_a_damaged_journal_is_named_with_what_to_do(copy, undisturbed, damage, capsys):
    (part,) = finished_parts(copy.output)
    journal = part.folder / ".journal.json"
    journal.write_bytes(b"[" + damage(journal.read_bytes(), random.Random(1)))
    assert copy.run() == 1
    said = capsys.readouterr().err
    assert f"{journal}: " in said
    assert "delete it" in said
    journal.unlink()
    assert copy.run() == 0
    assert copy.content() == undisturbed


def test_a_damaged_manifest_of_the_collection_is_named(copy):
    path = copy.output / "manifest.parquet"
    path.write_bytes(cut(path.read_bytes(), random.Random(0)))
    with pytest.raises(ResultFileError, match=r"manifest\.parquet: cannot be read"):
        copy.problems()
    assert copy.run() == 0
    assert copy.problems() == []


def test_a_scene_that_changed_before_the_resume_is_collected_again_with_a_message(
    few_scenes, tmp_path, capsys
):
    scenes = shutil.copytree(few_scenes, tmp_path / "scenes")
    here = Collector(scenes, tmp_path / "out")
    assert here.run("--part-only") == 0
    before = {path: path.stat().st_mtime_ns for path in files_of_environments(here.output)}
    first, _, last = sorted(scenes.glob("*.xml"))
    last.write_bytes(first.read_bytes())
    capsys.readouterr()
    assert here.run() == 0
    said = capsys.readouterr().err
    assert said.count("belongs to another configuration, scene or version") == 1
    assert said.count("already done") == 2
    *same, changed = before
    assert all(path.stat().st_mtime_ns == before[path] for path in same)
    assert changed.stat().st_mtime_ns > before[changed]
    assert here.problems() == []
