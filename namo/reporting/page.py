"""The page `report.html`: statistics of a collection, filled into its template."""

from __future__ import annotations

import base64
import hashlib
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import jinja2
import numpy as np
import shapely

from namo.reporting.episode_table import episode_table
from namo.reporting.episodes import Episodes, display_name, read_episodes
from namo.reporting.figures import effort_figures, solved_figures
from namo.reporting.gallery import GalleryEntry, read_entries, select_entries
from namo.reporting.outcomes import outcomes, unsolved_text
from namo.reporting.plan_svg import PlanDrawing, draw_plan
from namo.reporting.rerun_list import (
    diverged_replays,
    failed_environments,
    pushes_text,
    slowest_episodes,
)
from namo.reporting.strategies import (
    PushGroup,
    by_difficulty,
    by_strategy,
    first_push_success,
    has_one_scene,
    pushes_by_kind,
    pushes_by_object,
)
from namo.reporting.style import asset, page_style
from namo.reporting.unsolved_view import read_views
from namo.results.again import FAILED, explain_command, redo_command
from namo.results.metadata_types import RunFile
from namo.results.summary_types import CollectionMetadata, Summary
from namo.version import __version__
from namo.wording import counted, duration, truncated_list
from namo.wording import number as rounded
from namo.world.recording import FRAME_S


@dataclass(frozen=True)
class PageInputs:
    """What a page is made from.

    Attributes:
        folder: of the collection, with its tables.
        run: content of `run.json`.
        summary: content of the summary pickle.
    """

    folder: Path
    run: RunFile
    summary: Summary

    @cached_property
    def metrics(self) -> Path:
        """Path of the metrics table."""
        return self.folder / "metrics.parquet"

    @cached_property
    def episodes(self) -> Episodes:
        """The episodes of the collection."""
        return read_episodes(self.metrics)

    def pushes_by_object(self) -> list[PushGroup]:
        """Return the pushes of each object of the only scene; none where there are several."""
        if not has_one_scene(self.folder / "scenes.parquet"):
            return []
        return pushes_by_object(self.folder / "pushes.parquet")


@dataclass(frozen=True)
class GalleryCard:
    """A card of the gallery.

    Attributes:
        name: `episode_id`.
        title: environment and episode.
        text: outcome and effort.
        drawing: scene and plan.
        file: scene file.
    """

    name: str
    title: str
    text: str
    drawing: PlanDrawing
    file: str


def make_page(inputs: PageInputs) -> str:
    """Return the page as HTML."""
    episodes, performance = inputs.episodes, inputs.summary["performance_stats"]
    selected = select_entries(episodes)
    cards = [_card(entry) for entry in read_entries(inputs.folder, selected)]
    folder = inputs.summary["collection_metadata"]["folder"]  # as stored: pages are reproducible
    unsolved = read_views(inputs.folder, selected[~episodes.solved[selected]], folder)
    models = inputs.summary["model_stats"]["models"]
    script = asset("page.js")
    return _template().render(
        run=inputs.run,
        name=inputs.run.get("name", inputs.folder.resolve().name),  # earlier versions stored none
        dates=_dates(inputs.summary["collection_metadata"]),
        metadata=inputs.summary["collection_metadata"],
        performance=performance,
        episodes=episodes,
        outcomes=outcomes(episodes),
        unsolved_causes=inputs.summary["unsolved"],
        difficulties=by_difficulty(episodes),
        solved_figures=solved_figures(episodes),
        effort_figures=effort_figures(episodes),
        components=_time_by_component(performance["time_ms"]),
        strategies=by_strategy(episodes),
        first_pushes=first_push_success(episodes) if models else [],
        objects=inputs.pushes_by_object(),
        push_kinds=pushes_by_kind(inputs.folder / "pushes.parquet"),
        models=models,
        cards=cards,
        straight=sum(card.drawing.straight for card in cards),
        to_pose=sum(len(card.drawing.frames) - card.drawing.straight for card in cards),
        unsolved=unsolved,
        explain_command=explain_command(folder),
        plans={card.name: card.drawing.frames for card in cards if card.drawing.frames},
        frame_s=FRAME_S,
        slowest=slowest_episodes(episodes, folder),
        diverged=diverged_replays(episodes, folder),
        redo_failed=redo_command(folder, FAILED),
        failures=failed_environments(episodes, inputs.metrics, folder),
        table=episode_table(episodes, inputs.metrics, {card.name for card in cards}),
        drawn_by=drawn_by(),
        style=page_style(),
        script=script,
        script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        provenance=_provenance(inputs.run),
    )


def drawn_by() -> str:
    """Return what draws pages here: the same inputs may look different in other versions."""
    return (
        f"namo-collect {__version__}, Jinja2 {jinja2.__version__}, NumPy {np.__version__}, "
        f"Shapely {shapely.__version__}, GEOS {shapely.geos_version_string}"
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
        "display_name": display_name,
        "counted": counted,
        "truncated_list": truncated_list,
    }
    return environment.get_template("page.html")


def _card(entry: GalleryEntry) -> GalleryCard:
    row = entry.metrics
    length = row["solution_depth"]
    difficulty = [f"difficulty {display_name(row['difficulty'])}"] if row["difficulty"] else []
    if length is None:
        kinds = dict.fromkeys(remark["kind"] for remark in entry.scene["remarks"] or ())
        outcome = ", ".join([unsolved_text(row["termination"]), *kinds])
    else:
        found = row["found_depth"]
        outcome = f"{length}-push plan{f' (found with {found})' if found != length else ''}"
    text = ", ".join([*difficulty, outcome])
    title = f"Environment {row['env_index']}"
    if row["episode"]:
        title += f", episode {row['episode']}"
    label = f"Scene of environment {row['env_index']}: {text}"
    seconds = f"{rounded(row['search_time_ms'] / 1000)}\N{NO-BREAK SPACE}s"
    text = f"{text}; {pushes_text(row['pushes_simulated'])} simulated, {seconds}"
    drawing = draw_plan(entry.scene, entry.pushes, label)
    return GalleryCard(row["episode_id"], title, text, drawing, row["xml_file"])


@dataclass(frozen=True)
class _Component:
    """Search time spent in one component: seconds, and as a fraction of all."""

    name: str
    kind: str
    seconds: float
    fraction: float


def _time_by_component(times_ms: Mapping[str, float]) -> list[_Component]:
    total = times_ms["search"]
    if not total:
        return []
    parts = {
        name: times_ms[name] for name in ("physics", "reachability", "push_planning", "inference")
    }
    parts["rest"] = max(0.0, total - sum(parts.values()))
    whole = sum(parts.values())  # with several threads more than the wall time
    names = {"inference": "model inference", "rest": "other"}
    return [
        _Component(names.get(kind, display_name(kind)), kind, time / 1000.0, time / whole)
        for kind, time in parts.items()
    ]


def _percent(fraction: float) -> str:
    """Return a fraction in percent with one decimal; what occurs never reads 0.0."""
    text = f"{100.0 * fraction:.1f} %"
    return "< 0.1 %" if fraction > 0.0 and text == "0.0 %" else text


def _dates(metadata: CollectionMetadata) -> str:
    """Return when a collection was made, in days of UTC."""
    first, last = (
        time.strftime("%Y-%m-%d", time.gmtime(metadata[key]))
        for key in ("began_unix_s", "ended_unix_s")
    )
    return first if first == last else f"{first} to {last}"


def _provenance(run: RunFile) -> list[tuple[str, str]]:
    """Return what the results were made from, as pairs of name and text."""
    environments, host = run["environments"], run["host"]
    versions = ", ".join(f"{name} {value}" for name, value in run["versions"].items() if value)
    config = ", ".join(f"{name} {value}" for name, value in run["config"].items())
    models = [
        (f"{kind} model", f"{model['path']}, sha256 {model['sha256']}")
        for kind, model in run["models"].items()
    ]
    gpus = f", {', '.join(host['gpus'])}" if host["gpus"] else ""
    return [
        ("label in file names", run["label"]),
        ("scenes", f"{environments['source']}, {environments['listed']:,} listed"),
        ("sha256 of all scene hashes", environments["scenes_sha256"]),
        *models,
        ("settings", config),
        ("versions", versions),
        ("git commit", run["git_commit"] or "unknown"),
        ("numeric platform", run["numerics"]),
        ("merged on", f"{host['name']}, {host['system']}{gpus}"),
        ("command", " ".join(run["command"])),
    ]
