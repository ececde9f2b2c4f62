import pyarrow as pa
import pytest

from namo.results.schema import METRICS, SCENES
from namo.results.tables import write_table
from namo.results.unsolved import MAX_LISTED, unsolved_environments


def heavy(force):
    return {"kind": "too heavy", "text": f"'box' needs {force} N"}


WIDE = {"kind": "too wide for doors", "text": "'box' is 1 m wide"}


@pytest.fixture
def unsolved(tmp_path):
    """What is said about environments, given their terminations and the remarks on their scenes."""

    def of(*environments):
        episodes = [
            {"env_index": number, "termination": end, "solution_found": end == "solved"}
            for number, (ends, _) in enumerate(environments)
            for end in ends.split()
        ]
        scenes = [
            {"env_index": number, "remarks": remarks}
            for number, (_, remarks) in enumerate(environments)
        ]
        tables = ("metrics", METRICS, episodes), ("scenes", SCENES, scenes)
        for name, schema, rows in tables:
            # One row group per row: environments go over the ends of row groups.
            file = tmp_path / f"{name}.parquet"
            write_table(file, schema, [pa.Table.from_pylist(rows, schema)])
            table = pa.parquet.read_table(file)
            pa.parquet.write_table(table, file, row_group_size=1)
        return unsolved_environments(tmp_path / "metrics.parquet", tmp_path / "scenes.parquet")

    return of


def test_six_scenes_with_one_cause_are_one_group(unsolved):
    found = unsolved(*[("pushes", [heavy(force)]) for force in (29, 31, 30, 29, 29, 29)])
    assert found == {
        "environments": 6,
        "remarked": 6,
        "unknown": 0,
        "remarks": [
            {
                "kind": "too heavy",
                "text": "'box' needs 29 to 31 N",
                "unsolved": 6,
                "environments": 6,
                "listed": [0, 1, 2, 3, 4, 5],
            }
        ],
    }


def test_what_solved_scenes_have_too_comes_last(unsolved):
    found = unsolved(
        ("solved", [WIDE]),
        ("timeout", [WIDE, heavy(20), heavy(30)]),
        ("pushes", [WIDE]),
        ("solved", []),
        ("exhausted", []),
    )
    assert (found["environments"], found["remarked"]) == (3, 2)
    groups = [(each["kind"], each["unsolved"], each["environments"]) for each in found["remarks"]]
    assert groups == [("too heavy", 1, 1), ("too wide for doors", 2, 3)]
    assert [each["listed"] for each in found["remarks"]] == [[1], [1, 2]]
    assert found["remarks"][0]["text"] == "'box' needs 20 to 30 N"


def test_one_solved_episode_or_a_failure_is_enough_not_to_be_unsolved(unsolved):
    found = unsolved(
        ("pushes solved pushes", [WIDE]), ("pushes error", [WIDE]), ("pushes pushes", None)
    )
    assert (found["environments"], found["remarked"], found["unknown"]) == (1, 0, 1)
    assert found["remarks"] == []


def test_many_environments_are_counted_and_the_first_listed(unsolved):
    (group,) = unsolved(*[("pushes", [WIDE])] * 30)["remarks"]
    assert (group["unsolved"], group["listed"]) == (30, [*range(MAX_LISTED)])
