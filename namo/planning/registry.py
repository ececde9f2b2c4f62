"""The planners by name. A new one is a file in this folder and a line here."""

from namo.registry import Registry

PLANNERS = Registry(
    "algorithm",
    {
        "idfs": "namo.planning.idfs:IDFS",
        "tree_idfs": "namo.planning.tree_idfs:TreeIDFS",
        "best_first": "namo.planning.best_first:BestFirst",
        "hybrid": "namo.planning.hybrid:Hybrid",
        "exploration": "namo.planning.exploration:Exploration",
        "region_opening": "namo.planning.region_opening:RegionOpening",
        "random_sampling": "namo.planning.random_sampling:RandomSampling",
    },
    aliases={"standard_idfs": "idfs"},
)
