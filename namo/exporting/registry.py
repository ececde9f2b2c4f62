"""The exporters by name. A new one is one file in this folder and one line here, or a plug-in."""

from namo.registry import Registry

EXPORTERS = Registry(
    "format",
    {
        "huggingface": "namo.exporting.huggingface:HuggingFaceExporter",
        "minari": "namo.exporting.minari_episodes:MinariExporter",
        "masks": "namo.exporting.masks:MaskExporter",
        "lerobot": "namo.exporting.lerobot:LeRobotExporter",
    },
    group="namo.exporters",
    members=("SETTINGS", "write"),
)
