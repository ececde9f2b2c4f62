"""The exporters by name. A new one is one file in this folder and one line here."""

from namo.registry import Registry

EXPORTERS = Registry(
    "format",
    {
        "huggingface": "namo.exporting.huggingface:HuggingFaceExporter",
        "minari": "namo.exporting.minari_episodes:MinariExporter",
        "masks": "namo.exporting.masks:MaskExporter",
    },
)
