"""The layout families by name. A new one is a file in this folder and a line here, or a plug-in."""

from namo.registry import Registry

LAYOUT_FAMILIES = Registry(
    "layout family",
    {
        "room": "namo.scenes.generator.layouts.room:Room",
        "row": "namo.scenes.generator.layouts.row:Row",
        "corridor": "namo.scenes.generator.layouts.corridor:Corridor",
        "maze": "namo.scenes.generator.layouts.maze:Maze",
        "apartment": "namo.scenes.generator.layouts.apartment:Apartment",
        "winding": "namo.scenes.generator.layouts.winding:Winding",
        "airlock": "namo.scenes.generator.layouts.airlock:Airlock",
        "template": "namo.scenes.generator.layouts.template:Template",
    },
    group="namo.layout_families",
    members=("draw",),
)
