import json
from dataclasses import replace

import pyarrow.parquet as pq
import pytest

from namo.certification import candidates
from namo.certification.candidates import chunk_path, is_done, make_chunk, outcome_of
from namo.scenes.generator.generation import Generator


def rows_of(path):
    return pq.read_table(path).to_pylist()


@pytest.mark.slow
def test_results_do_not_depend_on_chunks_or_order(small, tmp_path):
    whole = rows_of(make_chunk(small, range(6), tmp_path / "whole"))
    parts = [make_chunk(small, numbers, tmp_path / "parts") for numbers in (range(4, 6), range(4))]
    assert rows_of(parts[1]) + rows_of(parts[0]) == whole
    assert [row["candidate"] for row in whole] == list(range(6))
    assert {row["difficulty"] for row in whole if not row["rejection"]} > {None} - {None}


@pytest.mark.slow
def test_a_finished_chunk_is_not_repeated(small, tmp_path, monkeypatch):
    path = make_chunk(small, range(2), tmp_path)
    assert is_done(path, small.fingerprint())
    monkeypatch.setattr(candidates, "scene_figures", None)
    assert make_chunk(small, range(2), tmp_path) == path
    # What is selected does not affect candidates.
    assert make_chunk(replace(small, count=99, quotas={"hard": 3}), range(2), tmp_path) == path


@pytest.mark.slow
def test_a_killed_chunk_resumes_after_the_last_complete_line(small, tmp_path, monkeypatch):
    expected = rows_of(make_chunk(small, range(4), tmp_path / "undisturbed"))
    drawn = []
    draw = Generator.draw

    def killed(self, number):
        drawn.append(number)
        if len(drawn) == 3:
            raise KeyboardInterrupt
        return draw(self, number)

    monkeypatch.setattr(Generator, "draw", killed)
    with pytest.raises(KeyboardInterrupt):
        make_chunk(small, range(4), tmp_path)
    log = chunk_path(tmp_path, range(4)).with_suffix(".journal")
    assert len(log.read_bytes().splitlines()) == 3  # the fingerprint and two candidates
    with log.open("ab") as handle:
        handle.write(b'0000 {"candidate": 2, "half')
    finished = []
    path = make_chunk(small, range(4), tmp_path, finished.append)
    assert drawn == [0, 1, 2, 2, 3]
    assert [row["candidate"] for row in finished] == [2, 3]
    assert rows_of(path) == expected
    assert not log.exists()


@pytest.mark.parametrize("place", [10, 700, 3000])
def test_a_flipped_bit_in_the_log_drops_only_what_follows(small, tmp_path, monkeypatch, place):
    expected = rows_of(make_chunk(small, range(3), tmp_path / "undisturbed"))
    monkeypatch.setattr(candidates.pq, "write_table", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        make_chunk(small, range(3), tmp_path)
    monkeypatch.undo()
    log = chunk_path(tmp_path, range(3)).with_suffix(".journal")
    content = bytearray(log.read_bytes())
    content[place] ^= 1
    log.write_bytes(content)
    assert rows_of(make_chunk(small, range(3), tmp_path)) == expected


def test_other_settings_start_over(small, tmp_path):
    make_chunk(small, range(2), tmp_path)
    other = replace(small, seed=5)
    path = chunk_path(tmp_path, range(2))
    assert not is_done(path, other.fingerprint())
    assert rows_of(make_chunk(other, range(2), tmp_path)) == rows_of(
        make_chunk(other, range(2), tmp_path / "fresh")
    )


def test_without_certification_difficulty_is_null(small, tmp_path):
    rows = rows_of(make_chunk(replace(small, certify=False), range(3), tmp_path))
    assert {row["difficulty"] for row in rows} == {None}
    assert any(row["xml"] for row in rows)


def test_the_outcome_of_a_candidate_is_one_word():
    assert outcome_of({"rejection": "no place for its boxes"}) == "rejected"
    assert outcome_of({"rejection": None, "difficulty": "hard"}) == "hard"
    assert outcome_of({"rejection": None}) == "unmeasured"


def test_settings_survive_serialisation(small):
    text = json.dumps(small.as_dict())
    assert type(small).from_mapping(json.loads(text), "text") == small
