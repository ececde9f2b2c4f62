import pyarrow as pa
import pytest

from namo.commands.main import main
from namo.results.records import write_record
from namo.results.schema import FILES
from namo.results.tables import write_table


@pytest.fixture
def folder(tmp_path, collected):
    """A collection of 10 environments, as far as its summary is concerned."""

    def make(failed, names=("collection_summary_h.pkl", "summary_h.txt")):
        stats = {"failed_environments": failed, "total_environments": 10}
        summary = collected.summary()
        performance = summary["performance_stats"] | stats
        write_record(
            tmp_path / "collection_summary_h.pkl", summary | {"performance_stats": performance}
        )
        (tmp_path / "summary_h.txt").write_text("the summary, ü\n", encoding="utf-8")
        (tmp_path / "summary_other.txt").write_text("of another label\n")
        entries = [{"path": name, "bytes": 1, "sha256": "", "rows": None} for name in names]
        write_table(tmp_path / "manifest.parquet", FILES, [pa.Table.from_pylist(entries, FILES)])
        return tmp_path

    return make


@pytest.mark.parametrize(
    ("failed", "fraction", "code"),
    [(0, 0.0, 0), (1, 0.0, 1), (5, 0.5, 0), (6, 0.5, 1), (10, 1.0, 0)],
)
@pytest.mark.parametrize("option", ["--max-failed-fraction", "--max-failed-share"])
def test_it_fails_only_above_the_fraction(folder, capsys, option, failed, fraction, code):
    assert main(["summary", str(folder(failed)), option, str(fraction)]) == code
    out, err = capsys.readouterr()
    assert out == "the summary, ü\n\n"
    assert (f"error: {failed} of 10 environments failed" in err) == (code == 1)
    assert ("note: " in err) == (option == "--max-failed-share")


def test_any_number_may_fail_by_default(folder):
    assert main(["summary", str(folder(10))]) == 0


def test_a_fraction_out_of_its_range_is_refused(folder, capsys):
    assert main(["summary", str(folder(0)), "--max-failed-fraction", "1.5"]) == 2
    assert "--max-failed-fraction is 1.5; allowed: 0 to 1" in capsys.readouterr().err


def test_what_is_missing_is_named_without_a_traceback(folder, tmp_path, capsys):
    assert main(["summary", str(tmp_path / "no")]) == 2
    assert f"{tmp_path / 'no'}: no such folder" in capsys.readouterr().err
    assert main(["summary", str(tmp_path)]) == 1
    assert "manifest.parquet: is missing; is the collection finished?" in capsys.readouterr().err
    (folder(0) / "summary_h.txt").unlink()
    assert main(["summary", str(tmp_path)]) == 1
    assert "summary_h.txt" in capsys.readouterr().err
    assert main(["summary", str(folder(0, ["metrics.parquet"]))]) == 1
    assert "manifest.parquet: lists no summary" in capsys.readouterr().err
    (tmp_path / "manifest.parquet").write_bytes(b"no table")
    assert main(["summary", str(tmp_path)]) == 1
    assert "manifest.parquet: " in capsys.readouterr().err
