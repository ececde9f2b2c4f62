import os

import pytest

from namo.errors import BusyError, ResultFileError, UsageError
from namo.results.run_lock import PLAN, only_run_in, planned_chunks, run_label, write_plan


def test_a_plan_round_trips(tmp_path):
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
    assert "the next run regenerates it" in str(caught.value)


def test_only_one_run_collects_into_a_folder(tmp_path):
    busy = pytest.raises(BusyError, match=str(os.getpid()))
    with only_run_in(tmp_path), busy, only_run_in(tmp_path):
        pass
    with only_run_in(tmp_path):
        pass


def test_a_label_is_taken_as_given():
    assert run_label("mine.2") == "mine.2"


def test_without_a_label_the_short_host_name_is_taken(monkeypatch):
    monkeypatch.setattr("socket.gethostname", lambda: "node-7.cluster.example")
    assert run_label(None) == "node-7"


@pytest.mark.parametrize("label", ["", ".", "-a", "a/b", "a b", "ü", "a\n"])
def test_a_label_that_is_not_allowed_in_a_file_name_is_rejected(label):
    with pytest.raises(UsageError, match="allowed: letters"):
        run_label(label)
