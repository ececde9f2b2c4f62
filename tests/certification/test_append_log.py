from namo.certification.append_log import AppendLog

ROWS = [{"candidate": 0}, {"candidate": 1, "text": "a\nb"}]


def written(path, rows=ROWS, fingerprint="f"):
    log = AppendLog(path, fingerprint)
    with log:
        for row in rows:
            log.append(row)
    return log


def test_rows_of_an_earlier_run_are_read(tmp_path):
    assert written(tmp_path / "new" / "log").rows == []
    assert AppendLog(tmp_path / "new" / "log", "f").rows == ROWS


def test_appending_continues_after_the_last_complete_line(tmp_path):
    path = tmp_path / "log"
    written(path)
    complete = path.read_bytes()
    path.write_bytes(complete[:-3])
    assert AppendLog(path, "f").rows == ROWS[:1]
    written(path, ROWS[1:])
    assert path.read_bytes() == complete


def test_rows_with_another_fingerprint_are_dropped(tmp_path):
    written(tmp_path / "log", fingerprint="other")
    assert AppendLog(tmp_path / "log", "f").rows == []
    written(tmp_path / "log", ROWS[1:])
    assert AppendLog(tmp_path / "log", "f").rows == ROWS[1:]
