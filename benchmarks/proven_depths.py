"""Show how many pushes benchmark scenes need: enumerate the straight pushes of every state.

What is shown is about straight pushes with the travels of the primitives, with the clearance that
scenes are certified with: a push to a pose may do what several of them do.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from namo.certification.figures import proven_depth
from namo.certification.shown_pushes import MAX_SIMULATIONS
from namo.files import replacing
from namo.scenes.reading import parse_scene

PROOFS: Mapping[str, tuple[int, int]] = {
    "two_pushes": (1, MAX_SIMULATIONS),
    "three_or_more": (2, MAX_SIMULATIONS),
    "rooms_2": (1, MAX_SIMULATIONS),
    "rooms_3": (2, MAX_SIMULATIONS),
    # Of these scenes most are shown without a simulation, and hardly any needs a hundred.
    "rooms_4": (3, 300),
}
"""Class -> longest sequences that are tried, and simulated pushes to spend on that; else none."""


def prove(
    rows: list[dict[str, Any]], clearances: Mapping[str, float], work: Path
) -> list[dict[str, Any]]:
    """Return rows of packed scenes with `proven_depth` where it was tried.

    Args:
        rows: of the packed scenes.
        clearances: by set (m).
        work: folder that keeps what was shown, so that an interrupted run resumes.

    Raises:
        SceneError: a scene is invalid.
    """
    path = work / "proven.json"
    known = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    tried = [row for row in rows if row["difficulty"] in PROOFS]
    shown: dict[int, int] = {}
    for row in sorted(tried, key=lambda row: PROOFS[row["difficulty"]]):
        depth, simulations = PROOFS[row["difficulty"]]
        key = f"{row['sha256']} {depth} {simulations}"
        if key not in known:
            scene = parse_scene(row["xml"].encode(), row["file"])
            known[key] = proven_depth(scene, depth, clearances[row["set"]], simulations)
            print(f"{row['file']}: {known[key]} of {depth + 1}", flush=True)
            with replacing(path) as file:
                file.write(json.dumps(known, indent=0).encode())
        shown[row["index"]] = known[key]
    return [{**row, "proven_depth": shown.get(row["index"])} for row in rows]
