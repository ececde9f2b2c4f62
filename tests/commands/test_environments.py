import pytest

from namo.commands.environments import environment_file
from namo.errors import UsageError

NAMES = ("a_env_000003", "b_env_000003", "a_env_000007", "a_[7]_env_000008")


@pytest.fixture
def folder(tmp_path):
    for name in NAMES:
        (tmp_path / f"{name}_results.pkl").touch()
    return tmp_path


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("7", "a_env_000007"),
        ("000000007", "a_env_000007"),
        ("b_env_000003", "b_env_000003"),
        ("a_[7]_env_000008", "a_[7]_env_000008"),
    ],
)
def test_an_environment_is_found_by_its_number_or_its_name(folder, name, found):
    assert environment_file(folder, name).name == f"{found}_results.pkl"


@pytest.mark.parametrize("name", ["4", "9" * 5000, "**", "*", "a_env_00000?", "", "..", "\u0667"])
def test_what_names_no_environment_is_refused(folder, name):
    with pytest.raises(UsageError, match="no environment"):
        environment_file(folder, name)


def test_a_path_and_a_number_of_several_are_refused(folder):
    with pytest.raises(UsageError, match="is a path"):
        environment_file(folder, "../a_env_000007")
    with pytest.raises(UsageError, match="one of several: a_env_000003, b_env_000003"):
        environment_file(folder, "3")
