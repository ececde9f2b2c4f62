"""Whatever was collected into a folder before, its tables hold what was asked for last."""

import pytest

from namo.results.verify import Verification
from tests.walking import Fresh, walk


@pytest.fixture(scope="module")
def fresh(tmp_path_factory):
    return Fresh(tmp_path_factory.mktemp("fresh"))


@pytest.fixture
def walked(rig, tmp_path, monkeypatch, fresh):
    """Does the walk of a number, and verifies every collection on the way."""

    def walked(number):
        folder = tmp_path / str(number)
        folder.mkdir()
        monkeypatch.chdir(folder)
        configs = [rig.config(seed=1), rig.config(seed=2), rig.config(algorithm="tree_idfs")]
        walk(number, folder, configs, fresh, verified)

    return walked


def verified(here, config, wanted, done):
    """What is found is a file of an environment that was not asked for, and nothing else."""
    listed = {row["env_index"] for row in here.rows()}
    for problem in Verification(here.output).problems():
        number = int(problem.path.partition("_env_")[2][:6] or -1)
        assert "is not listed in manifest.parquet" in problem.text, str(problem)
        assert number not in listed
        assert not problem.repairable


@pytest.mark.parametrize("number", range(8))
def test_tables_are_those_of_a_fresh_run_with_the_last_settings(walked, number):
    walked(number)


@pytest.mark.slow
@pytest.mark.parametrize("tens", range(1, 21))
def test_tables_are_those_of_a_fresh_run_on_every_walk(walked, tens):
    for number in range(10 * tens, 10 * tens + 10):
        walked(number)
