"""The benchmark in separate processes: two scenes, two planners without models."""

import json

import pyarrow.parquet as pq
import pytest
import yaml

from namo.scenes.generator.generation import Generator
from namo.scenes.generator.settings import GeneratorSettings
from namo.scenes.packed import pack
from namo.scenes.reading import parse_scene
from namo.scenes.writing import scene_xml


def packed_scenes(path):
    """Two packed scenes of different classes."""
    settings = GeneratorSettings(
        families={"room": 1.0}, boxes_in_passages=(1, 1), boxes_elsewhere=(0, 0), open_share=0.0
    )
    rows = []
    for number, kind in enumerate(["easy", "rooms_2"]):
        candidate = Generator(settings).draw(4 * number)
        text = scene_xml(candidate.scene)
        sha256 = parse_scene(text.encode(), kind).sha256
        rows.append(
            {"index": number, "file": f"{kind}.xml", "sha256": sha256, "difficulty": kind}
            | {"split": "benchmark", "layout_id": candidate.layout_id, "xml": text}
        )
    pack(path, rows)
    return str(path)


@pytest.mark.slow
def test_planners_are_compared_in_packed_scenes(pipeline):
    config = pipeline.folder / "benchmark.yaml"
    given = {
        "scenes": packed_scenes(pipeline.folder / "packed.parquet"),
        "arms": {"short": "idfs random random max_depth=1"},
        "compare_arms": ["random", "short"],
        "seeds": 2,
        "pushes": 6,
    }
    learning = {"output_dir": str(pipeline.folder / "learning")}
    config.write_text(yaml.safe_dump({"benchmark": given, "learning": learning}))
    pipeline.copy_rooms((0,))
    done = pipeline.run("benchmark", "--configfile", config)
    assert done.returncode == 0, done.stdout
    folder = pipeline.folder / "learning" / "benchmark"
    table = (folder / "evaluation" / "evaluation.md").read_text()
    assert "| 1 easy | random |" in table
    assert "| 1 rooms 2 | random |" in table
    numbers = json.loads((folder / "evaluation" / "evaluation.json").read_text())
    assert numbers["baseline"] == "random"
    assert numbers["groups"]["all"]["episodes"] == 4
    assert "svg" in (folder / "evaluation" / "evaluation.svg").read_text()
    short = pq.read_table(folder / "comparison" / "short" / "metrics.parquet")
    assert set(short["max_depth_reached"].to_pylist()) <= {0, 1}
    again = pipeline.run("benchmark", "--configfile", config)
    assert "Nothing to be done" in again.stdout, again.stdout
