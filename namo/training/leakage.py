"""Data leakage: refuses a comparison over layouts that a model was trained on or chosen by."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from namo.errors import UsageError
from namo.learning.bundle_files import seen_layouts
from namo.scenes.manifest import read_columns
from namo.scenes.table_kinds import how_to_certify


def require_unseen(models: Iterable[Path], manifest: Path, scenes: Iterable[str]) -> int:
    """Check that no model was trained on, or chosen by, a layout of the given scenes.

    Args:
        models: folders of bundles.
        manifest: Parquet scene manifest that lists the scenes with their layouts.
        scenes: sha256 of the scenes.

    Returns:
        Number of distinct layouts of the scenes.

    Raises:
        UsageError: a scene is not in the manifest, or a model was trained on, or chosen by, its
            layout.
        ModelError: the list of layouts of a bundle cannot be read.
    """
    table = read_columns(manifest, ["sha256", "layout_id"])
    layout_of = dict(zip(*(table[name].to_pylist() for name in table.column_names), strict=True))
    layouts = {}
    for scene in scenes:
        if scene not in layout_of:
            raise UsageError(
                f"--manifest {manifest}: lists no scene with sha256 {scene}; {how_to_certify()}"
            )
        layouts[layout_of[scene]] = scene
    for model in models:
        for layout in sorted(seen_layouts(model) & set(layouts)):
            raise UsageError(
                f"{model}: was trained on, or chosen by, layout {layout}, that of scene "
                f"{layouts[layout]}; compare models only in held-out layouts"
            )
    return len(layouts)
