"""The summary as text: one screen long unless many environments failed."""

from __future__ import annotations

import textwrap
from pathlib import Path

from namo.plug_ins import PLUG_INS
from namo.results.again import FAILED, redo_command
from namo.results.summary_types import (
    FilteringStats,
    PerformanceStats,
    Proofs,
    Summary,
    Unsolved,
)
from namo.results.terminations import termination_name
from namo.scenes.difficulty import Difficulty
from namo.wording import counted, duration, number, truncated_list

WIDTH = 78
LABEL = 24
SHOWN_FAILURES = 20
SHOWN_ENVIRONMENTS = 8


def summary_text(summary: Summary, output_dir: Path) -> str:
    """Return a summary as text.

    Args:
        summary: as `namo.results.summary.summarise` returns it.
        output_dir: folder of the collection, for the list of files at the end.
    """
    lines = [
        *_heading(summary),
        *_results(summary["performance_stats"]),
        *_effort(summary["performance_stats"]),
        *_time(summary["performance_stats"]),
        *_filtering(summary["filtering_stats"], summary["performance_stats"]),
        *_models(summary),
        *_unsolved(summary["unsolved"]),
        *_failures(summary),
        *_files(summary, output_dir),
    ]
    return "\n".join(lines) + "\n"


def _heading(summary: Summary) -> list[str]:
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
        *(line for text in config.get(PLUG_INS, {}).values() for line in _wrapped_row("", text)),
        _row(
            "budgets",
            f"depth {config['max_depth']}, pushes {pushes}, {config['search_timeout']:g} s, "
            f"{config['max_goals_per_object']} goals per object",
        ),
        _row("seed, physics", f"{config['seed']}, {config['physics']}"),
        _row("clearance", f"{100.0 * config.get('clearance', 0.0):g} cm"),
        _row(
            "environments",
            f"{environments} in {counted(processes, 'process', 'processes')} on "
            f"{', '.join(metadata['worker_hostnames'])}",
        ),
    ]
    if metadata["configurations"] > 1:
        lines.append(
            _row(
                "note",
                f"results of {metadata['configurations']} configurations; the latest is shown",
            )
        )
    for note in metadata.get("notes", ()):
        lines += _wrapped_row("note", note)
    return lines


def _results(performance: PerformanceStats) -> list[str]:
    total, solved = performance["searches"], performance["solved_searches"]
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
    plans = performance["minimal_plans"]
    if plans["tried"]:
        shown = f"{plans['minimal']} of {plans['tried']}"
        pushes = counted(plans["dropped_pushes"], "push", "pushes")
        dropped = f"{pushes} dropped from {plans['shortened']}" if plans["shortened"] else ""
        refined = f"{plans['refined']} refined" if plans["refined"] else ""
        text = "; ".join([shown, ", ".join(filter(None, [dropped or "none shortened", refined]))])
        lines.append(_row("minimal plans", text))
    classes = performance["by_difficulty"]
    if classes:
        in_order = [name for name in Difficulty if name in classes]
        others = sorted(set(classes) - set(Difficulty))  # manifests may define their own classes
        solved_of = ", ".join(
            f"{name.replace('_', ' ')} {classes[name]['solved']} of {classes[name]['episodes']}"
            for name in (*in_order, *others)
        )
        lines += _wrapped_row("solved by difficulty", solved_of)
    terminations = ", ".join(
        f"{n} {termination_name(name)}" for name, n in performance["terminations"].items()
    )
    lines += _wrapped_row("terminations", terminations or "none")
    if "proofs" in performance:
        lines += _proofs(performance["proofs"])
    return lines


def _proofs(proofs: Proofs) -> list[str]:
    kinds = (
        (proofs["impossible"], "impossible"),
        (proofs["bounded"], "without a plan among all candidates"),
    )
    text = ", ".join(f"{count} {kind}" for count, kind in kinds if count)
    return _wrapped_row("proofs", text) if text else []


def _effort(performance: PerformanceStats) -> list[str]:
    lines = _section("Effort per search")
    titles = ("median", "mean", "90 %", "max", "total")
    lines.append(" " * LABEL + "".join(f"{title:>10}" for title in titles))
    for label, numbers, scale in (
        ("time (s)", performance["search_time_ms"], 1e-3),
        ("  solved only", performance["search_time_ms_solved"], 1e-3),
        ("nodes (pushes)", performance["nodes_expanded"], 1.0),
        ("  solved only", performance["nodes_expanded_solved"], 1.0),
    ):
        if numbers:
            values = [numbers["median"], numbers["mean"], numbers["p90"]]
            values += [numbers["max"], numbers["total"]]
            cells = "".join(f"{number(value * scale):>10}" for value in values)
            lines.append(f"{label:{LABEL}}{cells}")
    outcomes = performance["push_outcomes"]
    if outcomes:
        lines.append("")
        pushes = ", ".join(f"{n} {name}" for name, n in outcomes.items())
        lines += _wrapped_row("push outcomes", pushes)
    return lines


def _time(performance: PerformanceStats) -> list[str]:
    times = performance["time_ms"]
    total = times["search"]
    if not total:
        return []
    lines = _section("Search time by activity")
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


def _filtering(filtering: FilteringStats, performance: PerformanceStats) -> list[str]:
    if not filtering["filtering_enabled"]:
        return [*_section("Filtering"), _row("shortest plans only", "off, all episodes kept")]
    return [
        *_section("Filtering"),
        _row(
            "shortest plans only",
            f"{filtering['episodes_filtered_out']} of {filtering['episodes_before_filtering']} "
            f"episodes dropped ({filtering['filter_rate']:.0f} %)",
        ),
        _row(
            "episodes in the files",
            f"{performance['total_episodes']}, of which {performance['successful_episodes']} "
            f"solved ({performance['success_rate']:.0f} %)",
        ),
    ]


def _models(summary: Summary) -> list[str]:
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
                f"{number(model['warm_up_s'])} s, in total",
            ),
        ]
        if model["calls"]:
            latency = model["latency_ms"]
            lines += [
                _row(
                    "  queries",
                    f"{model['calls']:,}, mean batch {model['mean_batch']:.1f} rasters (max "
                    f"{model['largest_batch']}), {number(model['seconds'])} s in total",
                ),
                _row(
                    "  time per query",
                    f"{number(latency['p50'])} ms (median), {number(latency['p99'])} ms (99 %)",
                ),
            ]
    return lines


def _unsolved(unsolved: Unsolved) -> list[str]:
    """Return what is odd about the scenes of unsolved environments, once for each kind."""
    if not unsolved["remarks"]:
        return []
    count, odd = unsolved["environments"], unsolved["remarked"]
    lines = _section(f"Unsolved environments: {count}, of which {odd} in odd scenes")
    for group in unsolved["remarks"]:
        of = f"{group['unsolved']} of {group['environments']} unsolved"
        noun = "environment" if group["unsolved"] == 1 else "environments"
        listed = truncated_list(group["listed"], SHOWN_ENVIRONMENTS, total=group["unsolved"])
        lines += _wrapped_row(group["kind"], f"{of}: {group['text']}")
        lines += _wrapped_row("", f"{noun} {listed}")
    return lines


def _failures(summary: Summary) -> list[str]:
    failures = summary["failures"]
    if not failures:
        return []
    count = summary["performance_stats"]["failed_environments"]
    lines = _section(f"Failed environments: {count}")
    for failure in failures[:SHOWN_FAILURES]:
        lines.append(f"{failure['env_index']:06d}  {failure['error_message']}")
    if count > SHOWN_FAILURES:
        lines.append(f"... and {count - SHOWN_FAILURES} more, in metrics.parquet")
    redo = redo_command(summary["collection_metadata"]["folder"], FAILED)
    return [*lines, _row("to collect them again", redo)]


def _files(summary: Summary, output_dir: Path) -> list[str]:
    label = summary["collection_metadata"]["hostname"]
    files = {
        "report.html": "animated plans, charts; made by `namo report`",
        "metrics.parquet": "one row per episode",
        "pushes.parquet": "one row per simulated push: the whole search",
        "plans.parquet": "one row per push of a plan: recorded motion",
        "scenes.parquet": "one row per scene: geometry, what is odd",
        "scene_files.parquet": "the distinct scenes themselves",
        f"{label}_env_*_results.pkl": "one record per environment",
        f"collection_summary_{label}.pkl": "the numbers of this summary",
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
