import pytest

from namo.errors import ResultFileError
from namo.results.run_lock import PLAN, planned_chunks, write_plan


def test_a_plan_is_read_as_it_was_written(tmp_path):
    write_plan(tmp_path / "new", "host", [(0, 4), (4, 7)])
    assert planned_chunks(tmp_path / "new") == [(0, 4), (4, 7)]


def test_without_a_plan_nothing_is_planned(tmp_path):
    assert planned_chunks(tmp_path) == []


@pytest.mark.parametrize("text", ["", "[]", '{"chunks": 1}', '{"chunks": [[1]]}', "{}"])
def test_a_damaged_plan_is_named(tmp_path, text):
    (tmp_path / PLAN).write_text(text)
    with pytest.raises(ResultFileError) as caught:
        planned_chunks(tmp_path)
    assert str(tmp_path / PLAN) in str(caught.value)
