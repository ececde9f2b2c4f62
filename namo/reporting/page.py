"""The page: what the tables say, in the order in which it is asked, filled into its template."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib import resources
from pathlib import Path
from typing import Any

import jinja2
import numpy as np

from namo.reporting.causes import cause_of
from namo.reporting.choices import (
    by_difficulty,
    by_strategy,
    first_pushes,
    in_words,
    object_choices,
)
from namo.reporting.endings import endings
from namo.reporting.figures import effort_figures, solved_curves
from namo.reporting.gallery import Shown, choose, read_shown
from namo.reporting.pictures import Picture, picture_of
from namo.reporting.rerunning import command_again
from namo.reporting.searches import Searches, evenly, gather, rows_at
from namo.reporting.table import table_of
from namo.wording import counted, duration
from namo.wording import number as rounded
from namo.world.recording import FRAME_S

Record = dict[str, Any]

SLOWEST = 10
LISTED_FAILURES = 2000


@dataclass(frozen=True)
class Sources:
    """What a report is made of.

    Attributes:
        folder: of the collection, with its tables.
        run: content of `run.json`.
        summary: content of the summary pickle.
    """

    folder: Path
    run: Record
    summary: Record

    @cached_property
    def searches(self) -> Searches:
        """The searches."""
        return gather(self.folder / "metrics.parquet")


@dataclass(frozen=True)
class Card:
    """A picture in the gallery.

    Attributes:
        name: of the search.
        title: its environment.
        text: what came of it.
        picture: the scene and its plan.
        file: of the scene.
    """

    name: str
    title: str
    text: str
    picture: Picture
    file: str


@dataclass(frozen=True)
class Rerun:
    """A search or an environment with the command that makes it again."""

    environment: int
    text: str
    command: str | None


def page_of(sources: Sources) -> str:
    """Return the page."""
    searches, performance = sources.searches, sources.summary["performance_stats"]
    metrics = sources.folder / "metrics.parquet"
    cards = [_card(shown) for shown in read_shown(sources.folder, choose(searches))]
    table = table_of(searches, metrics, {card.name for card in cards})
    failures = _failures(searches, metrics)
    models = sources.summary["model_stats"]["models"]
    script = _asset("page.js")
    return _template().render(
        sources=sources,
        run=sources.run,
        metadata=sources.summary["collection_metadata"],
        performance=performance,
        searches=searches,
        endings=endings(searches),
        difficulties=by_difficulty(searches),
        curves=solved_curves(searches),
        effort=effort_figures(searches),
        times=_times(performance["time_ms"]),
        strategies=by_strategy(searches),
        first_pushes=first_pushes(searches) if models else [],
        objects=object_choices(sources.folder / "pushes.parquet"),
        models=models,
        cards=cards,
        plans={card.name: card.picture.frames for card in cards if card.picture.frames},
        frame_s=FRAME_S,
        slowest=_slowest(searches, sources.run["command"]),
        differing=_differing(searches, sources.run["command"]),
        failures=failures,
        table=table,
        style=_asset("page.css"),
        script=script,
        script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        provenance=_provenance(sources.run),
    )


def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("namo.reporting", ""),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.policies["json.dumps_kwargs"] = {"separators": (",", ":"), "allow_nan": False}
    environment.filters |= {
        "percent": _percent,
        "number": rounded,
        "duration": duration,
        "in_words": in_words,
        "counted": counted,
    }
    return environment.get_template("page.html")


def _asset(name: str) -> str:
    return resources.files("namo.reporting").joinpath(name).read_text("utf-8")


def _card(shown: Shown) -> Card:
    row = shown.metrics
    length = row["solution_depth"]
    kind = [in_words(row["difficulty"])] if row["difficulty"] else []
    plan = in_words(row["termination"]) if length is None else counted(length, "push", "pushes")
    text = ", ".join([*kind, plan if length is not None else f"unsolved ({plan})"])
    title = f"Environment {row['env_index']}"
    if row["episode"]:
        title += f", episode {row['episode']}"
    label = f"Scene of environment {row['env_index']}: {text}"
    seconds = f"{rounded(row['search_time_ms'] / 1000)}\N{NO-BREAK SPACE}s"
    effort = f"{row['pushes_simulated']:,} tried, {seconds}"
    return Card(
        row["episode_id"], title, f"{text}; {effort}", picture_of(shown, label), row["xml_file"]
    )


@dataclass(frozen=True)
class _Time:
    name: str
    kind: str
    seconds: float
    share: float


def _times(times_ms: Record) -> list[_Time]:
    """Return where the time of the searches went."""
    total = times_ms["search"]
    if not total:
        return []
    parts = {
        name: times_ms[name] for name in ("physics", "reachability", "push_planning", "inference")
    }
    parts["rest"] = max(0.0, total - sum(parts.values()))
    whole = sum(parts.values())  # several threads have more time than the clock
    names = {"inference": "asking models"}
    return [
        _Time(names.get(name, in_words(name)), name, time / 1000.0, time / whole)
        for name, time in parts.items()
    ]


def _slowest(searches: Searches, command: Sequence[str]) -> list[Rerun]:
    seconds = np.where(searches.ran, searches.seconds, -1.0)
    order = np.argsort(-seconds, kind="stable")[:SLOWEST]
    return [_rerun(searches, int(row), command) for row in order if searches.ran[row]]


def _differing(searches: Searches, command: Sequence[str]) -> list[Rerun]:
    """Return searches whose plan did not happen again; of very many, some."""
    rows = evenly(np.flatnonzero(searches.differs), LISTED_FAILURES)
    return [_rerun(searches, row, command) for row in rows.tolist()]


def _rerun(searches: Searches, row: int, command: Sequence[str]) -> Rerun:
    if searches.solved[row]:
        outcome = f"solved with {counted(int(searches.length[row]), 'push', 'pushes')}"
    else:
        outcome = f"unsolved ({in_words(searches.terminations[searches.termination[row]])})"
    simulated = counted(int(searches.pushes[row]), "push", "pushes")
    seconds, environment = float(searches.seconds[row]), int(searches.environment[row])
    text = f"{rounded(seconds)} s, {simulated} simulated, {outcome}"
    return Rerun(environment, text, command_again(command, environment))


def _percent(share: float) -> str:
    """Return a share in percent, with a digit behind the point: what is there is never 0.0."""
    text = f"{100.0 * share:.1f} %"
    return "< 0.1 %" if share > 0.0 and text == "0.0 %" else text


@dataclass(frozen=True)
class _Failures:
    total: int
    listed: list[Rerun]


def _failures(searches: Searches, metrics: Path) -> _Failures:
    """Return failed environments, the unexplained first; of very many, some, spread evenly."""
    failed = np.flatnonzero(searches.failed)
    columns = ["env_index", "error_kind", "error_message", "rerun_command"]
    rows = rows_at(metrics, evenly(failed, LISTED_FAILURES), columns)
    rows.sort(key=lambda row: cause_of(row["error_kind"]))
    return _Failures(
        int(failed.size),
        [Rerun(row["env_index"], row["error_message"], row["rerun_command"]) for row in rows],
    )


def _provenance(run: Record) -> list[tuple[str, str]]:
    """Return what the results come from, a name and a text each."""
    environments, host = run["environments"], run["host"]
    versions = ", ".join(f"{name} {value}" for name, value in run["versions"].items() if value)
    config = ", ".join(f"{name} {value}" for name, value in run["config"].items())
    models = [
        (f"{kind} model", f"{model['path']}, sha256 {model['sha256']}")
        for kind, model in run["models"].items()
    ]
    gpus = f", {', '.join(host['gpus'])}" if host["gpus"] else ""
    return [
        ("scenes", f"{environments['source']}, {environments['listed']:,} listed"),
        ("sha256 of the scenes", environments["scenes_sha256"]),
        *models,
        ("settings", config),
        ("versions", versions),
        ("commit", run["git_commit"] or "not known"),
        ("numerics", run["numerics"]),
        ("merged on", f"{host['name']}, {host['system']}{gpus}"),
        ("merged by", " ".join(run["command"])),
    ]
