"""The exporters by name. A new one is a file beside this and a line here."""

from namo.registry import Registry

EXPORTERS = Registry(
    "format",
    {
        "huggingface": "namo.exporting.huggingface:HuggingFace",
        "minari": "namo.exporting.minari_episodes:MinariEpisodes",
        "masks": "namo.exporting.masks:Masks",
    },
)
