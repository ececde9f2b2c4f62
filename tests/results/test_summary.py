import pickle
from pathlib import Path

import pyarrow as pa
import pytest

from namo.collection.config import CollectionConfig
from namo.results.schema import METRICS, PUSHES, SCENES
from namo.results.summary import summarise
from namo.results.summary_text import WIDTH, summary_text
from namo.results.tables import write_table


def row(index, termination="solved", depth=1, time_ms=10.0, nodes=2, **more):
    failed = termination == "error"
    return {
        "env_index": index,
        "xml_file": f"scenes/{index}.xml",
        "solution_found": termination == "solved",
        "solution_depth": depth if termination == "solved" else None,
        "found_depth": depth if termination == "solved" else None,
        "minimal": None,
        "refined": False if termination == "solved" else None,
        "smoothing_pushes": 0,
        "smoothing_time_ms": 0.0,
        "termination": termination,
        "nodes_expanded": 0 if failed else nodes,
        "physics_steps": 0 if failed else 100,
        "search_time_ms": 0.0 if failed else time_ms,
        "physics_time_ms": 0.0 if failed else time_ms / 2,
        "reachability_time_ms": 0.0,
        "push_planning_time_ms": 0.0,
        "inference_time_ms": 0.0,
        "inference_calls": 0,
        "kept": not failed,
        "fingerprint": "f",
        "worker_hostname": "worker",
        "worker_process": "7 then",
        "chunk": "000000-000009",
        "error_kind": "scene" if failed else None,
        "error_message": f"scenes/{index}.xml: no goal" if failed else None,
        "rerun_command": f"python collect.py --start-idx {index}" if failed else None,
    } | more


def part(**more):
    return {
        "label": "host",
        "config": CollectionConfig().as_dict(),
        "host": "worker",
        "generation": 1,
        "began_unix_s": 1.0,
        "duration_s": 3.0,
        "work_s": 2.5,
        "peak_memory_bytes": 1000,
        "models_preloaded": [],
    } | more


@pytest.fixture
def summary_of(tmp_path):
    def summary(*rows, pushes=(), scenes=(), parts=None):
        pushed = [{"status": status} for status in pushes]
        for name, schema, values in (
            ("metrics", METRICS, list(rows)),
            ("pushes", PUSHES, pushed),
            ("scenes", SCENES, list(scenes)),
        ):
            table = pa.Table.from_pylist(values, schema)
            write_table(tmp_path / f"{name}.parquet", schema, [table])
        return summarise(tmp_path, parts or [part()])

    return summary


def test_a_summary_has_the_keys_of_the_design(summary_of):
    summary = summary_of(row(0))
    assert {"hostname", "algorithm", "total_duration_seconds", "execution_mode"} | {
        "ml_models_preloaded",
        "config",
    } <= set(summary["collection_metadata"])
    assert {"total_episodes", "successful_episodes", "success_rate"} | {
        "avg_search_time_ms",
        "avg_nodes_expanded",
    } <= set(summary["performance_stats"])
    assert {"episodes_before_filtering", "episodes_filtered_out"} | {
        "filtering_enabled",
        "filter_rate",
    } <= set(summary["filtering_stats"])
    assert pickle.loads(pickle.dumps(summary)) == summary


def test_averages_count_zeros(summary_of):
    stats = summary_of(row(0, depth=0, time_ms=0.0, nodes=0), row(1, time_ms=30.0, nodes=6))[
        "performance_stats"
    ]
    assert stats["avg_search_time_ms"] == 15.0
    assert stats["avg_nodes_expanded"] == 3.0
    assert stats["search_time_ms"]["min"] == 0.0


def test_averages_and_rates_exclude_failures(summary_of):
    stats = summary_of(row(0, time_ms=30.0, nodes=6), row(1, "error"))["performance_stats"]
    assert (stats["total_environments"], stats["failed_environments"]) == (2, 1)
    assert (stats["total_episodes"], stats["success_rate"]) == (1, 100.0)
    assert (stats["avg_search_time_ms"], stats["avg_nodes_expanded"]) == (30.0, 6.0)
    assert stats["terminations"] == {"solved": 1}


def test_unsolved_searches_count_in_averages_and_rates(summary_of):
    stats = summary_of(
        row(0, time_ms=10.0, nodes=1), row(1, "exhausted", time_ms=50.0, nodes=9), row(2, "timeout")
    )["performance_stats"]
    assert stats["success_rate"] == pytest.approx(100 / 3)
    assert stats["avg_nodes_expanded"] == 4.0
    assert stats["terminations"] == {"exhausted": 1, "solved": 1, "timeout": 1}
    assert stats["nodes_expanded_solved"]["mean"] == 1.0


def test_totals_medians_and_quantiles(summary_of):
    rows = [row(index, time_ms=float(index), nodes=index) for index in range(11)]
    stats = summary_of(*rows)["performance_stats"]
    assert stats["search_time_ms"] == {
        "total": 55.0,
        "mean": 5.0,
        "median": 5.0,
        "p90": 9.0,
        "min": 0.0,
        "max": 10.0,
    }


def test_lengths_of_plans_and_outcomes_of_pushes_are_counted(summary_of):
    summary = summary_of(
        row(0, depth=0), row(1, depth=2), row(2, depth=2), pushes=("reached", "stuck", "reached")
    )
    stats = summary["performance_stats"]
    assert stats["solution_depths"] == {"0": 1, "2": 2}
    assert stats["push_outcomes"] == {"reached": 2, "stuck": 1}


def test_dropped_pushes_and_plans_not_shown_to_be_minimal_are_counted(summary_of, tmp_path):
    effort = {"smoothing_pushes": 4, "smoothing_time_ms": 30.0}
    summary = summary_of(
        row(0, depth=1, found_depth=3, minimal=True, refined=True, **effort),
        row(1, depth=2, found_depth=3, minimal=True),
        row(2, depth=2, minimal=False, **effort),
        row(3),
        row(4, "pushes"),
        row(5, "error"),
    )
    assert summary["performance_stats"]["minimal_plans"] == {
        "tried": 3,
        "minimal": 2,
        "shortened": 2,
        "dropped_pushes": 3,
        "refined": 1,
        "pushes_simulated": 8,
        "time_ms": 60.0,
    }
    text = summary_text(summary, tmp_path)
    assert "minimal plans           2 of 3; 3 pushes dropped from 2, 1 refined\n" in text
    assert "minimal plans" not in summary_text(summary_of(row(0)), tmp_path), "none was tried"


def test_what_unsolved_searches_have_shown_is_counted(summary_of, tmp_path):
    summary = summary_of(
        row(0, proof_depth=1),
        row(1, "depth", proof_depth=2),
        row(2, "timeout", proof_depth=1),
        row(3, "pushes", proof_depth=0),
        row(4, "pushes"),
        row(5, "impossible"),
    )
    assert summary["performance_stats"]["proofs"] == {"impossible": 1, "bounded": 2}
    text = summary_text(summary, tmp_path)
    assert "\nproofs                  1 impossible, 2 without a plan among all candidates\n" in text
    assert "2 push budget, 1 solved" in text
    assert "\nproofs" not in summary_text(summary_of(row(0), row(1, "pushes")), tmp_path)


def test_an_environment_with_a_failed_episode_counts_once(summary_of):
    stats = summary_of(row(0), row(0, "error"), row(0, "error"))["performance_stats"]
    assert (stats["total_environments"], stats["failed_environments"]) == (1, 1)
    assert stats["total_episodes"] == 1


def test_episodes_that_the_filter_dropped_are_counted_and_failures_are_not(summary_of):
    stats = summary_of(row(0), row(0, kept=False), row(0), row(0), row(1, "error"))
    assert stats["filtering_stats"]["episodes_before_filtering"] == 4
    assert stats["filtering_stats"]["episodes_filtered_out"] == 1
    assert stats["filtering_stats"]["filter_rate"] == 25.0


def test_episodes_are_those_in_the_files_and_searches_are_all(summary_of):
    stats = summary_of(
        row(0, depth=1, time_ms=10.0, nodes=2),
        row(0, depth=3, time_ms=40.0, nodes=9, kept=False),
        row(0, "exhausted", time_ms=20.0, nodes=4),
        row(1, depth=2, time_ms=90.0, nodes=1, kept=False),
        row(2, "error"),
    )
    performance, filtering = stats["performance_stats"], stats["filtering_stats"]
    assert (performance["total_episodes"], performance["successful_episodes"]) == (2, 1)
    assert performance["success_rate"] == 50.0
    assert (performance["searches"], performance["solved_searches"]) == (4, 3)
    assert (performance["avg_search_time_ms"], performance["avg_nodes_expanded"]) == (15.0, 3.0)
    assert performance["search_time_ms"]["total"] == 160.0, "effort is that of every search"
    assert (filtering["episodes_before_filtering"], filtering["filter_rate"]) == (4, 50.0)


def test_a_filter_that_drops_every_episode_gives_no_rate(summary_of, tmp_path):
    summary = summary_of(row(0, kept=False), row(1, kept=False))
    performance = summary["performance_stats"]
    assert (performance["total_episodes"], performance["success_rate"]) == (0, 0.0)
    assert (performance["avg_search_time_ms"], performance["searches"]) == (0.0, 2)
    assert summary["filtering_stats"]["filter_rate"] == 100.0
    assert "nan" not in summary_text(summary, tmp_path).lower()


def test_failures_are_listed_with_cause_and_command(summary_of):
    (failure,) = summary_of(row(0), row(7, "error"))["failures"]
    assert failure == {
        "env_index": 7,
        "xml_file": "scenes/7.xml",
        "error_message": "scenes/7.xml: no goal",
        "rerun_command": "python collect.py --start-idx 7",
    }


def test_parts_are_summed(summary_of):
    other = CollectionConfig(seed=3).as_dict()
    parts = [
        part(host="b", work_s=1.0, peak_memory_bytes=5),
        part(host="a", work_s=2.0, peak_memory_bytes=9, began_unix_s=9.0, config=other),
        part(host="b", work_s=4.0),
    ]
    metadata = summary_of(row(0), parts=parts)["collection_metadata"]
    assert (metadata["began_unix_s"], metadata["ended_unix_s"]) == (1.0, 12.0)
    assert metadata["total_duration_seconds"] == 7.0
    assert metadata["peak_memory_bytes"] == 1000
    assert metadata["configurations"] == 2
    assert metadata["config"]["seed"] == 3, "the settings of the newest part"


def test_processes_and_machines_are_those_of_the_rows(summary_of):
    workers = [("b", "7 then"), ("b", "9 later"), ("a", "7 then"), ("b", "9 later")]
    rows = [
        row(number, worker_hostname=host, worker_process=process)
        for number, (host, process) in enumerate(workers)
    ]
    earlier = [row(number, worker_process=None, chunk=f"{number // 2}") for number in (4, 5, 6)]
    metadata = summary_of(*rows, *earlier)["collection_metadata"]
    assert metadata["worker_hostnames"] == ["a", "b", "worker"]
    assert metadata["processes"] == 3 + 2, "before they were named, one process made each chunk"


@pytest.mark.parametrize(
    "rows",
    [[], [row(0, "error")], [row(0, "exhausted"), row(1, "timeout")], [row(0, depth=0, time_ms=0)]],
    ids=["no episode", "only failures", "nothing solved", "no time spent"],
)
def test_a_collection_without_successes_has_a_summary_and_its_text(summary_of, rows, tmp_path):
    summary = summary_of(*rows)
    stats = summary["performance_stats"]
    solved = sum(one["solution_found"] for one in rows)
    assert stats["successful_episodes"] == solved
    assert stats["success_rate"] == 100.0 * (solved > 0)
    text = summary_text(summary, tmp_path)
    assert "nan" not in text.lower()
    assert f"solved                  {solved} (" in text


def test_a_real_summary_agrees_with_its_table(collected):
    stats = collected.summary()["performance_stats"]
    rows = [row for row in collected.table("metrics") if row["termination"] != "error"]
    assert stats["total_episodes"] == len(rows) == 5
    assert stats["successful_episodes"] == sum(row["solution_found"] for row in rows) == 4
    assert (stats["searches"], stats["solved_searches"]) == (5, 4)
    assert stats["success_rate"] == 80.0
    assert stats["avg_nodes_expanded"] == sum(row["nodes_expanded"] for row in rows) / 5
    assert sum(stats["push_outcomes"].values()) == sum(row["pushes_simulated"] for row in rows)


def test_no_line_of_a_typical_summary_is_wider_than_the_limit(summary_of):
    rows = [row(index, time_ms=1e6, nodes=10_000, depth=index % 4) for index in range(50)]
    everything = ["reached", "goal_open", "unreachable", "blocked", "stuck", "out_of_steps"]
    text = summary_text(summary_of(*rows, pushes=everything * 9), Path("out"))
    assert max(map(len, text.splitlines())) <= WIDTH


def test_success_is_listed_by_difficulty_from_easy_to_hard(summary_of, tmp_path):
    summary = summary_of(
        row(0, difficulty="hard", termination="pushes"),
        row(1, difficulty="hard"),
        row(2, difficulty="easy"),
        row(3, difficulty="my_own"),
        row(4, difficulty="hard", termination="error"),
        row(5),
    )
    assert summary["performance_stats"]["by_difficulty"] == {
        "easy": {"episodes": 1, "solved": 1},
        "hard": {"episodes": 2, "solved": 1},
        "my_own": {"episodes": 1, "solved": 1},
    }
    text = summary_text(summary, tmp_path)
    assert "solved by difficulty    easy 1 of 1, hard 1 of 2, my own 1 of 1" in text


def test_scenes_of_unknown_difficulty_are_in_no_class(summary_of, tmp_path):
    summary = summary_of(row(0))
    assert summary["performance_stats"]["by_difficulty"] == {}
    assert "difficulty" not in summary_text(summary, tmp_path)
