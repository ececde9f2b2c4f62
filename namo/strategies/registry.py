"""The strategies by name. A new one is a file in this folder and a line here, or a plug-in."""

from namo.registry import Registry

OBJECT_STRATEGIES = Registry(
    "object strategy",
    {
        "no_heuristic": "namo.strategies.object_order:NoHeuristic",
        "random": "namo.strategies.object_order:RandomOrder",
        "nearest_first": "namo.strategies.object_order:NearestFirst",
        "goal_proximity": "namo.strategies.object_order:GoalProximity",
        "farthest_first": "namo.strategies.object_order:FarthestFirst",
        "path_blocking": "namo.strategies.path_blocking:PathBlocking",
        "ml": "namo.strategies.learned:LearnedObjects",
    },
    group="namo.object_strategies",
    members=("rank",),
)

GOAL_STRATEGIES = Registry(
    "goal strategy",
    {
        "random": "namo.strategies.goal_random:RandomGoals",
        "grid": "namo.strategies.goal_grid:GridGoals",
        "adaptive": "namo.strategies.goal_adaptive:AdaptiveGoals",
        "primitive": "namo.strategies.goal_primitive:PrimitiveGoals",
        "far": "namo.strategies.goal_far:FarGoals",
        "clear_path": "namo.strategies.clear_path:ClearPathGoals",
        "ml": "namo.strategies.learned:LearnedGoals",
    },
    group="namo.goal_strategies",
    members=("propose",),
)
