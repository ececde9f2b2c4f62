"""The importers by name. A new one is a file beside this and a line here.

Where the format is to be found out, the first that recognises a file takes it.
"""

from namo.registry import Registry

IMPORTERS = Registry(
    "format",
    {
        "namosim": "namo.scenes.importers.namosim:NamoSim",
        "car": "namo.scenes.importers.car:Car",
        "walls_only": "namo.scenes.importers.walls_only:WallsOnly",
        "movingai": "namo.scenes.importers.movingai:MovingAI",
        "pushworld": "namo.scenes.importers.pushworld:PushWorld",
    },
)
