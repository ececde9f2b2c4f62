"""The importers by name. A new importer is a file in this folder and a line here, or a plug-in.

If the format is detected, the first importer that recognises a file reads it.
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
    group="namo.importers",
    members=("SUFFIXES", "SETTINGS", "recognises", "read"),
)
