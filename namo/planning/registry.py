"""The planners by name. A new one is a file in this folder and a line here, or a plug-in.

A planner that ignores a setting, or cannot do without one, also has an entry in `_SETTINGS`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from namo.registry import Registry

PLANNERS = Registry(
    "algorithm",
    {
        "idfs": "namo.planning.idfs:IDFS",
        "tree_idfs": "namo.planning.tree_idfs:TreeIDFS",
        "optimal_idfs": "namo.planning.optimal_idfs:OptimalIDFS",
        "expanding_idfs": "namo.planning.expanding_idfs:ExpandingIDFS",
        "exhaustive": "namo.planning.exhaustive:Exhaustive",
        "exhaustive_poses": "namo.planning.exhaustive:ExhaustivePoses",
        "best_first": "namo.planning.best_first:BestFirst",
        "hybrid": "namo.planning.hybrid:Hybrid",
        "greedy": "namo.planning.greedy:Greedy",
        "mcts": "namo.planning.mcts:MCTS",
        "exploration": "namo.planning.exploration:Exploration",
        "labelling": "namo.planning.labelling:Labelling",
        "region_opening": "namo.planning.region_opening:RegionOpening",
        "random_sampling": "namo.planning.random_sampling:RandomSampling",
    },
    aliases={"standard_idfs": "idfs"},
    group="namo.planners",
    members=("search",),
)


@dataclass(frozen=True)
class PlannerSettings:
    """What a planner makes of the settings of a search.

    Attributes:
        ignored: settings without effect on its searches, which must keep their default.
        required: setting that must be given -> why.
    """

    ignored: tuple[str, ...] = ()
    required: Mapping[str, str] = field(default_factory=dict)


_NO_STRATEGY = PlannerSettings(
    ignored=("object_strategy", "goal_strategy", "max_goals_per_object", "episodes_per_env")
)
_SETTINGS: Mapping[str, PlannerSettings] = {
    "exhaustive": _NO_STRATEGY,
    "exhaustive_poses": _NO_STRATEGY,
    "exploration": PlannerSettings(required={"max_pushes": "it spends all of them"}),
    "labelling": PlannerSettings(required={"max_pushes": "it spends all of them"}),
    "random_sampling": PlannerSettings(ignored=("object_strategy", "max_goals_per_object")),
}


def settings_of(name: str) -> PlannerSettings:
    """Return what a planner makes of the settings; without an entry it uses all, requires none."""
    return _SETTINGS.get(PLANNERS.canonical(name), PlannerSettings())
