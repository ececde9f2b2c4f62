"""The layout families by name. A new one is a file beside this and a line here."""

from namo.registry import Registry

LAYOUT_FAMILIES = Registry(
    "layout family",
    {
        "room": "namo.scenes.layouts.room:Room",
        "row": "namo.scenes.layouts.row:Row",
        "corridor": "namo.scenes.layouts.corridor:Corridor",
        "maze": "namo.scenes.layouts.maze:Maze",
        "apartment": "namo.scenes.layouts.apartment:Apartment",
        "template": "namo.scenes.layouts.template:Template",
    },
)
