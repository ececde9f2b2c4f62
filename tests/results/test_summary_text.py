import re

import pytest

from namo.learning.inference_stats import InferenceStats, sum_stats
from namo.results.summary_text import SHOWN_FAILURES, WIDTH, summary_text


@pytest.fixture
def summary(collected):
    return collected.summary()


def test_the_text_shows_what_ran(summary, tmp_path):
    text = summary_text(summary, tmp_path)
    assert "idfs, objects nearest_first, goals random" in text
    assert "depth 3, pushes 60, 300 s, 5 goals per object" in text
    assert "6 in 1 process on " in text


def test_the_text_shows_rates_and_terminations(summary, tmp_path):
    text = summary_text(summary, tmp_path)
    assert "4 (80 %)" in text
    assert "1 exhausted, 4 solved" in text
    assert "failed environments     1 (see below)" in text


def test_the_text_shows_medians_and_totals_of_times_and_nodes(summary, tmp_path):
    stats = summary["performance_stats"]
    stats["nodes_expanded"] |= {"median": 3.25, "mean": 44.44, "total": 12345.0}
    (line,) = [
        line for line in summary_text(summary, tmp_path).splitlines() if line.startswith("nodes")
    ]
    assert "3.25" in line
    assert "44.4" in line
    assert line.endswith("12,345")


def test_the_text_shows_failures_with_cause_and_the_command_for_all(collected, tmp_path):
    (text,) = [path.read_text("utf-8") for path in collected.output.glob("summary_*.txt")]
    (row,) = [row for row in collected.table("metrics") if row["termination"] == "error"]
    assert f"000005  {row['error_message']}" in text
    assert "kaputt ü.xml" in row["error_message"]
    assert f"namo redo '{collected.output}' --failed" in text
    assert "namo collect" not in text, "the long command stays in the tables"
    assert "namo collect" in row["rerun_command"]


def test_many_failures_are_truncated_and_counted(summary, tmp_path):
    failure = summary["failures"][0]
    summary["failures"] = [failure | {"env_index": 100 + number} for number in range(30)]
    summary["performance_stats"]["failed_environments"] = 500
    text = summary_text(summary, tmp_path)
    assert text.count(failure["error_message"]) == SHOWN_FAILURES
    assert text.count("namo redo") == 1
    assert f"... and {500 - SHOWN_FAILURES} more, in metrics.parquet" in text


def test_without_failures_there_is_no_section_on_them(summary, tmp_path):
    summary["failures"] = []
    summary["performance_stats"]["failed_environments"] = 0
    assert "failed" not in summary_text(summary, tmp_path).lower()


def test_odd_scenes_of_unsolved_environments_are_listed_once_for_each_kind(summary, tmp_path):
    assert (
        "Unsolved environments: 1, of which 1 in odd scenes\n"
        f"{'-' * WIDTH}\n"
        "goal cut off            1 of 1 unsolved: no way to the goal even with all\n"
        "                        movables gone\n"
        "                        environment 4\n"
    ) in summary_text(summary, tmp_path)
    group = {
        "kind": "too heavy",
        "text": "'box' needs 29 N to slide, the robot pushes with 15 N",
        "unsolved": 12,
        "environments": 13,
        "listed": [*range(12)],
    }
    summary["unsolved"] = {
        "environments": 20,
        "remarked": 12,
        "unknown": 0,
        "remarks": [group],
    }
    text = summary_text(summary, tmp_path)
    assert "Unsolved environments: 20, of which 12 in odd scenes\n" in text
    assert " ".join(text.split("odd scenes")[1].split())[79:].startswith(
        "too heavy 12 of 13 unsolved: 'box' needs 29 N to slide, the robot pushes with 15 N "
        "environments 0, 1, 2, 3, 4, 5, 6, 7 and 4 more "
    )
    summary["unsolved"] |= {"remarked": 0, "remarks": []}
    assert "odd scenes" not in summary_text(summary, tmp_path)


def test_filtering_is_listed(filtered, several, tmp_path):
    dropped = filtered.summary()["filtering_stats"]["episodes_filtered_out"]
    text = summary_text(filtered.summary(), tmp_path)
    assert f"{dropped} of 12 episodes dropped ({dropped / 0.12:.0f} %)" in text
    kept = [row for row in filtered.table("metrics") if row["kept"]]
    solved = sum(row["solution_found"] for row in kept)
    assert f"{len(kept)}, of which {solved} solved ({100 * solved / len(kept):.0f} %)" in text
    assert "off, all episodes kept" in summary_text(several.summary(), tmp_path)


def test_fractions_of_the_time_add_up(summary, tmp_path):
    summary["performance_stats"]["time_ms"] = {
        "search": 1000.0,
        "physics": 500.0,
        "reachability": 100.0,
        "push_planning": 200.0,
        "inference": 0.0,
    }
    lines = summary_text(summary, tmp_path).splitlines()
    shares = {name: line for line in lines for name in ("physics", "rest") if line.startswith(name)}
    assert "50 %" in shares["physics"]
    assert "0.20 s" in shares["rest"]
    assert "20 %" in shares["rest"]


def test_models_are_listed_if_there_were_any(summary, tmp_path):
    assert "none used" in summary_text(summary, tmp_path)
    use = InferenceStats("object", "models/one", "abc", 1234567, 5_000_000, "cuda", 0.5, 2.25)
    for milliseconds in (1.0, 2.0, 400.0):
        use.count_pass(4, milliseconds / 2000)
        use.count_query(milliseconds / 1000)
    summary["collection_metadata"]["ml_models_preloaded"] = True
    summary["collection_metadata"]["config"]["ml_object_model"] = "models/one"
    summary["model_stats"]["models"] = sum_stats([use.as_record(), use.as_record()])
    text = summary_text(summary, tmp_path)
    assert "none used" not in text
    assert "object model models/one" in text
    assert "1,234,567 parameters, 5.0 MB, on cuda" in text
    assert "once in each of 2 processes: 1.00 s, warm-up 4.50 s, in total" in text
    assert "6, mean batch 4.0 rasters (max 4), 0.81 s in total" in text
    assert re.search(
        r"time per query  +(2\.0\d|1\.9\d) ms \(median\), (39\d|40\d) ms \(99 %\)", text
    )


def test_a_model_without_queries_has_no_latency(summary, tmp_path):
    use = InferenceStats("goal", "models/one", "abc", 1234, 5000, "cpu")
    summary["collection_metadata"]["ml_models_preloaded"] = True
    summary["model_stats"]["models"] = sum_stats([use.as_record()])
    text = summary_text(summary, tmp_path)
    assert "goal model" in text
    assert "once in each of 1 process:" in text
    assert "per query" not in text


def test_results_of_several_settings_are_noted(summary, tmp_path):
    assert "configurations" not in summary_text(summary, tmp_path)
    summary["collection_metadata"]["configurations"] = 2
    assert "2 configurations" in summary_text(summary, tmp_path)


def test_the_listed_files_exist(collected, tmp_path):
    text = summary_text(collected.summary(), collected.output)
    listed = text.split("\nFiles\n")[1].split("\n\n")[0].splitlines()[1:]
    names = {line.removeprefix(f"{collected.output}/").split()[0] for line in listed}
    for name in names:
        assert list(collected.output.glob(name)), name
    there = {path.name for path in collected.output.glob("*.*") if path.name[0] != "."}
    assert there - {"summary_host.txt"} == {
        path.name for name in names for path in collected.output.glob(name)
    }
