"""The text report: a summary for people, one screen long unless much went wrong."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any

from namo.scenes.difficulty import Difficulty
from namo.wording import counted, duration, number

Record = dict[str, Any]

WIDTH = 78
LABEL = 24
SHOWN_FAILURES = 20


def summary_text(summary: Record, output_dir: Path) -> str:
    """Return the report of a summary.

    Args:
        summary: as `namo.results.summary.summarise` returns it.
        output_dir: where the collection is, for the list of files at the end.
    """
    lines = [
        *_heading(summary),
        *_results(summary["performance_stats"]),
        *_effort(summary["performance_stats"]),
        *_time(summary["performance_stats"]),
        *_filtering(summary["filtering_stats"]),
        *_models(summary),
        *_failures(summary),
        *_files(summary, output_dir),
    ]
    return "\n".join(lines) + "\n"


def _heading(summary: Record) -> list[str]:
    metadata, performance = summary["collection_metadata"], summary["performance_stats"]
    config = metadata["config"]
    environments, processes = performance["total_environments"], metadata["processes"]
    models = "".join(
        f", {kind} model {config[f'ml_{kind}_model']}"
        for kind in ("object", "goal")
        if config[f"ml_{kind}_model"]
    )
    pushes = "any number" if config["max_pushes"] is None else config["max_pushes"]
    lines = [
        "NAMO collection".center(WIDTH),
        "=" * WIDTH,
        _row(
            "what ran",
            f"{config['algorithm']}, objects {config['object_strategy']}, "
            f"goals {config['goal_strategy']}{models}",
        ),
        _row(
            "budgets",
            f"depth {config['max_depth']}, pushes {pushes}, {config['search_timeout']:g} s, "
            f"{config['max_goals_per_object']} goals an object",
        ),
        _row("seed, physics", f"{config['seed']}, {config['physics']}"),
        _row(
            "environments",
            f"{environments} in {counted(processes, 'process', 'processes')} on "
            f"{', '.join(metadata['worker_hostnames'])}",
        ),
    ]
    if metadata["configurations"] > 1:
        lines.append(
            _row(
                "mind",
                f"results of {metadata['configurations']} configurations; above is the latest",
            )
        )
    return lines


def _results(performance: Record) -> list[str]:
    total, solved = performance["total_episodes"], performance["successful_episodes"]
    lines = [*_section("Results"), _row("episodes", str(total))]
    lines.append(_row("solved", f"{solved} ({_percent(solved, total)})"))
    if performance["failed_environments"]:
        lines.append(
            _row("failed environments", f"{performance['failed_environments']} (see below)")
        )
    if performance["solution_depths"]:
        depths = performance["solution_depths"].items()
        lengths = ", ".join(f"{n} of {counted(int(d), 'push', 'pushes')}" for d, n in depths)
        lines += _wrapped_row("plans by length", lengths)
    classes = performance["by_difficulty"]
    if classes:
        in_order = [name for name in Difficulty if name in classes]
        others = sorted(set(classes) - set(Difficulty))  # a manifest may have classes of its own
        shares = ", ".join(
            f"{name.replace('_', ' ')} {classes[name]['solved']} of {classes[name]['episodes']}"
            for name in (*in_order, *others)
        )
        lines += _wrapped_row("solved by difficulty", shares)
    ends = performance["terminations"].items()
    lines.append(_row("searches ended", ", ".join(f"{n} {name}" for name, n in ends) or "none"))
    return lines


def _effort(performance: Record) -> list[str]:
    lines = _section("Effort of a search")
    titles = ("median", "mean", "90 %", "max", "total")
    lines.append(" " * LABEL + "".join(f"{title:>10}" for title in titles))
    for label, name, scale in (
        ("time (s)", "search_time_ms", 1e-3),
        ("  of the solved", "search_time_ms_solved", 1e-3),
        ("nodes (pushes)", "nodes_expanded", 1.0),
        ("  of the solved", "nodes_expanded_solved", 1.0),
    ):
        numbers = performance[name]
        if numbers:
            keys = ("median", "mean", "p90", "max", "total")
            cells = "".join(f"{number(numbers[key] * scale):>10}" for key in keys)
            lines.append(f"{label:{LABEL}}{cells}")
    outcomes = performance["push_outcomes"]
    if outcomes:
        lines.append("")
        pushes = ", ".join(f"{n} {name}" for name, n in outcomes.items())
        lines += _wrapped_row("pushes ended", pushes)
    return lines


def _time(performance: Record) -> list[str]:
    times = performance["time_ms"]
    total = times["search"]
    if not total:
        return []
    lines = _section("Where the time of the searches went")
    parts = {
        "physics": times["physics"],
        "reachability": times["reachability"],
        "push planning": times["push_planning"],
        "models": times["inference"],
    }
    parts["rest"] = max(0.0, total - sum(parts.values()))
    for name, milliseconds in parts.items():
        bar = "#" * round(40 * milliseconds / total)
        seconds = f"{number(milliseconds / 1000)} s"
        lines.append(f"{name:{LABEL}}{seconds:>10}  {_percent(milliseconds, total):>5}  {bar}")
    return lines


def _filtering(filtering: Record) -> list[str]:
    if not filtering["filtering_enabled"]:
        return [*_section("Filtering"), _row("shortest plans only", "off, every episode is kept")]
    return [
        *_section("Filtering"),
        _row(
            "shortest plans only",
            f"{filtering['episodes_filtered_out']} of {filtering['episodes_before_filtering']} "
            "episodes dropped",
        ),
    ]


def _models(summary: Record) -> list[str]:
    stats = summary["model_stats"]
    if not summary["collection_metadata"]["ml_models_preloaded"]:
        return [*_section("Models"), _row("learned strategies", "none used")]
    lines = _section("Models")
    for model in stats["models"]:
        processes = counted(model["loads"], "process", "processes")
        lines += [
            _row(
                f"{model['kind']} model",
                f"{model['parameters']:,} parameters, {model['bytes'] / 1e6:.1f} MB, on "
                f"{model['device']}",
            ),
            _row(
                "  loaded",
                f"once in each of {processes}: {number(model['load_s'])} s, warm-up "
                f"{number(model['warm_up_s'])} s, all together",
            ),
        ]
        if model["calls"]:
            latency = model["latency_ms"]
            lines += [
                _row(
                    "  questions",
                    f"{model['calls']:,} of {model['mean_batch']:.1f} pictures each (at most "
                    f"{model['largest_batch']}), {number(model['seconds'])} s",
                ),
                _row(
                    "  a question",
                    f"{number(latency['p50'])} ms (median), {number(latency['p99'])} ms (99 %)",
                ),
            ]
    return lines


def _failures(summary: Record) -> list[str]:
    failures = summary["failures"]
    if not failures:
        return []
    count = summary["performance_stats"]["failed_environments"]
    lines = _section(f"Failed environments: {count}")
    for failure in failures[:SHOWN_FAILURES]:
        lines.append(f"{failure['env_index']:06d}  {failure['error_message']}")
        lines.append(f"        {failure['rerun_command']}")
    if count > SHOWN_FAILURES:
        lines.append(f"... and {count - SHOWN_FAILURES} more, in metrics.parquet")
    return lines


def _files(summary: Record, output_dir: Path) -> list[str]:
    label = summary["collection_metadata"]["hostname"]
    files = {
        "report.html": "plans to play, charts; `namo report` makes it",
        "metrics.parquet": "episodes",
        "pushes.parquet": "simulated pushes: the whole search",
        "plans.parquet": "what plans look like",
        "scenes.parquet": "what scenes look like",
        f"{label}_env_*_results.pkl": "the environments",
        f"collection_summary_{label}.pkl": "numbers of this report",
        "run.json": "configuration, versions, machine",
        "manifest.parquet": "sizes and hashes of all files",
    }
    paths = {str(output_dir / name): text for name, text in files.items()}
    width = max(map(len, paths)) + 2
    return [
        *_section("Files"),
        *(f"{path:{width}}{text}" for path, text in paths.items()),
        "",
        f"time spent on environments: "
        f"{duration(summary['collection_metadata']['total_duration_seconds'])}, all processes",
    ]


def _section(title: str) -> list[str]:
    return ["", title, "-" * WIDTH]


def _row(label: str, text: str) -> str:
    gap = " " * max(2, LABEL - len(label))
    return f"{label}{gap}{text}"


def _wrapped_row(label: str, text: str) -> list[str]:
    wrapped = textwrap.wrap(text, WIDTH - LABEL) or [""]
    return [_row(label, wrapped[0]), *(" " * LABEL + line for line in wrapped[1:])]


def _percent(part: float, whole: float) -> str:
    return f"{100 * part / whole:.0f} %" if whole else "-"
