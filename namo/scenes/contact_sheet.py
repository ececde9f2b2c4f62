"""Contact sheets: one image with a thumbnail of every scene."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from PIL import Image

from namo.errors import UsageError
from namo.files import replacing
from namo.geometry import Floats
from namo.scenes.drawing import draw_scene, view_of
from namo.scenes.palette import INK, PAGE, SCENE_COLOURS
from namo.scenes.scene import Bounds, Scene

DPI = 150
FORMATS = ("png", "svg", "pdf")
WIDTH_PX = 1240
TILE_PX = (170, 600)
"""Minimum and maximum side of a thumbnail, between which the sheet has its nominal width."""
GAP_PX, MARGIN_PX, PADDING_PX = 14, 20, 4
BAR_PX, CAPTION_PX, SUBTITLE_PX, TITLE_PX = 16, 15, 13, 40
MIN_ASPECT, MAX_ASPECT = 0.55, 1.0
"""Range of the height of thumbnails relative to their width."""
MAX_SCALE_RATIO = 1.6
"""Scenes are drawn to one scale if their sizes differ by at most this factor."""
LETTER_WIDTH = 0.65
"""Average width of a letter relative to the font size, in file names full of digits."""
SIMILAR_COLOURS = 0.3
"""Maximum difference in any channel (0 to 1) of similar colours."""
_FAINT, _TILE, _CROSS = "#6b7280", "#e3e4e7", "#9aa0aa"
_PALETTE = (PAGE, INK, _FAINT, _TILE, _CROSS, *SCENE_COLOURS)


@dataclass(frozen=True)
class Entry:
    """A thumbnail of a contact sheet.

    Attributes:
        scene: to draw; None for an invalid file, which is shown as a crossed tile.
        caption: a line below it, shortened if it is too long.
        subtitle: a second line.
    """

    scene: Scene | None
    caption: str
    subtitle: str = ""


def draw_sheet(entries: Sequence[Entry], path: Path, *, columns: int = 6, title: str = "") -> None:
    """Draw thumbnails in rows into a file; the same entries give the same bytes.

    Scenes of similar size are drawn to one scale. Each has a scale bar.

    Args:
        entries: thumbnails, row by row.
        path: of the file; its suffix decides the format (see `require_format`).
        columns: maximum number of thumbnails per row.
        title: a line above the thumbnails.

    Raises:
        UsageError: there are no entries or no columns, or the format is unknown.
        SceneError: a scene is too large for the collector's grid.
        OSError: the file cannot be written.
    """
    format_name = require_format(path)
    if not entries or columns < 1:
        raise UsageError(f"a contact sheet of {len(entries)} scenes in {columns} columns is empty")
    figure = _Sheet(entries, min(columns, len(entries)), title).draw()
    data = _png(figure) if format_name == "png" else _vector(figure, format_name)
    with replacing(path) as file:
        file.write(data)


def require_format(path: Path) -> str:
    """Return the format for the suffix of a contact sheet.

    Raises:
        UsageError: the format is unknown.
    """
    name = path.suffix.lower().removeprefix(".")
    if name not in FORMATS:
        allowed = ", ".join(f".{name}" for name in FORMATS)
        raise UsageError(
            f"{path}: unknown format '{path.suffix}' of a contact sheet; expected one of: {allowed}"
        )
    return name


class _Sheet:
    """The layout of a contact sheet, in pixels from its upper left corner."""

    def __init__(self, entries: Sequence[Entry], columns: int, title: str) -> None:
        self.entries, self.columns, self.title = entries, columns, title
        self.views = [None if entry.scene is None else view_of(entry.scene) for entry in entries]
        sizes = np.array([_size(view) for view in self.views if view is not None])
        tile = (WIDTH_PX - 2 * MARGIN_PX + GAP_PX) // columns - GAP_PX
        self.tile = int(np.clip(tile, *TILE_PX))
        aspects = sizes[:, 1] / sizes[:, 0] if len(sizes) else np.ones(1)
        self.tall = round(self.tile * float(np.clip(aspects.max(), MIN_ASPECT, MAX_ASPECT)))
        scales = self.scale(sizes) if len(sizes) else np.ones(1)
        alike = scales.max() <= MAX_SCALE_RATIO * scales.min()
        self.common_scale = float(scales.min()) if alike else None
        self.top = MARGIN_PX + (TITLE_PX if title else 0)
        subtitles = SUBTITLE_PX if any(entry.subtitle for entry in entries) else 0
        self.pitch = self.tall + BAR_PX + CAPTION_PX + subtitles + GAP_PX
        self.rows = math.ceil(len(entries) / columns)
        self.width = columns * (self.tile + GAP_PX) - GAP_PX + 2 * MARGIN_PX
        self.height = self.top + self.rows * self.pitch - GAP_PX + MARGIN_PX

    def scale(self, sizes: Floats) -> Floats:
        """Return the pixels per metre at which views of size (n, 2) fill a thumbnail."""
        room = np.array([self.tile, self.tall]) - 2 * PADDING_PX
        return np.asarray((room / sizes).min(axis=1))

    def draw(self) -> Figure:
        figure = Figure(figsize=(self.width / DPI, self.height / DPI), dpi=DPI, facecolor=PAGE)
        FigureCanvasAgg(figure)
        page = figure.add_axes((0.0, 0.0, 1.0, 1.0), zorder=1)
        page.set(xlim=(0, self.width), ylim=(self.height, 0))
        page.set_axis_off()
        if self.title:
            page.text(MARGIN_PX, MARGIN_PX, self.title, size=10, weight="bold", color=INK, va="top")
        for place, (entry, view) in enumerate(zip(self.entries, self.views, strict=True)):
            row, column = divmod(place, self.columns)
            x = MARGIN_PX + column * (self.tile + GAP_PX)
            y = self.top + row * self.pitch
            if entry.scene is None or view is None:
                self._cross(page, x, y)
            else:
                self._thumbnail(figure, page, entry.scene, view, x, y)
            self._caption(page, entry, x + self.tile / 2, y + self.tall + BAR_PX)
        return figure

    def _thumbnail(
        self, figure: Figure, page: Axes, scene: Scene, view: Bounds, x: int, y: int
    ) -> None:
        scale = self.common_scale or float(self.scale(np.array([_size(view)]))[0])
        half_x, half_y = self.tile / scale / 2, self.tall / scale / 2
        centre_x, centre_y = (view.x_min + view.x_max) / 2, (view.y_min + view.y_max) / 2
        axes = figure.add_axes(
            (
                x / self.width,
                1.0 - (y + self.tall) / self.height,
                self.tile / self.width,
                self.tall / self.height,
            )
        )
        axes.set_axis_off()
        axes.set(
            xlim=(centre_x - half_x, centre_x + half_x), ylim=(centre_y - half_y, centre_y + half_y)
        )
        draw_scene(axes, scene)
        length = _bar_length(scale, self.tile)
        end = x + self.tile / 2 + _size(view)[0] * scale / 2
        below = y + self.tall / 2 + _size(view)[1] * scale / 2 + BAR_PX / 2
        page.plot([end - length * scale, end], [below, below], color=_FAINT, lw=0.9)
        page.text(
            end - length * scale - 4,
            below,
            f"{length:g} m",
            size=4.5,
            color=_FAINT,
            ha="right",
            va="center_baseline",
        )

    def _cross(self, page: Axes, x: int, y: int) -> None:
        page.add_patch(Rectangle((x, y), self.tile, self.tall, fc=_TILE, lw=0))
        half, middle_x, middle_y = self.tall / 6, x + self.tile / 2, y + self.tall / 2
        for sign in (-1, 1):
            xs = middle_x - half, middle_x + half
            ys = middle_y - sign * half, middle_y + sign * half
            page.plot(xs, ys, color=_CROSS, lw=2.0)

    def _caption(self, page: Axes, entry: Entry, x: float, y: float) -> None:
        for text, size, color, below in (
            (entry.caption, 5.6, INK, CAPTION_PX - 3),
            (entry.subtitle, 5.0, _FAINT, CAPTION_PX + SUBTITLE_PX - 3),
        ):
            letters = int(self.tile / (LETTER_WIDTH * size * DPI / 72))
            shown = _shortened(text, letters)
            page.text(x, y + below, shown, size=size, color=color, ha="center", va="baseline")


def _size(view: Bounds) -> tuple[float, float]:
    return view.x_max - view.x_min, view.y_max - view.y_min


def _bar_length(scale: float, tile: int) -> float:
    """Return the length of the scale bar (m): 1 m, or more if that would be hardly visible."""
    return next((m for m in (1.0, 2.0, 5.0, 10.0, 20.0) if m * scale >= tile / 16), 50.0)


def _shortened(text: str, letters: int) -> str:
    """Return the text, its middle elided if it has more letters: both ends distinguish names."""
    if len(text) <= letters:
        return text
    end = max(letters - 1, 2) // 2
    return f"{text[: letters - 1 - end]}…{text[-end:]}"


def _png(figure: Figure) -> bytes:
    raw = io.BytesIO()
    figure.savefig(raw, format="raw", dpi=DPI)
    width, height = figure.canvas.get_width_height()
    image = Image.frombytes("RGBA", (width, height), raw.getvalue()).convert("RGB")
    image = image.quantize(palette=_palette(), dither=Image.Dither.NONE)
    file = io.BytesIO()
    image.save(file, "PNG", optimize=True, dpi=(DPI, DPI))
    return file.getvalue()


def _palette() -> Image.Image:
    """Return the colours of a sheet and mixtures of every two, which antialiased edges consist of.

    A palette computed from the image would lose the few pixels of a small goal. Similar colours are
    not mixed: the lookup of Pillow is approximate and would confuse them.
    """
    pure = np.array([to_rgb(name) for name in _PALETTE])
    first, second = np.triu_indices(len(pure), k=1)
    differ = np.abs(pure[first] - pure[second]).max(axis=1) > SIMILAR_COLOURS
    first, second = first[differ], second[differ]
    mixes = [(1 - part) * pure[first] + part * pure[second] for part in (0.25, 0.5, 0.75)]
    colours = np.round(255 * np.concatenate([pure, *mixes])).astype(np.uint8)
    image = Image.new("P", (1, 1))
    image.putpalette(colours.tobytes())
    return image


def _vector(figure: Figure, format_name: str) -> bytes:
    # The date and the ids of an SVG would differ between runs.
    metadata: dict[str, Any] = {"Date" if format_name == "svg" else "CreationDate": None}
    file = io.BytesIO()
    with mpl.rc_context({"svg.hashsalt": "namo"}):
        figure.savefig(file, format=format_name, metadata=metadata)
    return file.getvalue()
