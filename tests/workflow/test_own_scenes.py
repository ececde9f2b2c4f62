"""From a folder of hand-written scenes to models trained on them, by documented commands."""

import json
import os
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import yaml

from namo.geometry import Pose2D
from namo.learning.bundle_files import seen_layouts
from namo.scenes.footprint import Rectangle
from namo.scenes.scene import Wall
from namo.scenes.writing import scene_xml
from tests.workflow.test_learning import LEARNING

LITTLE = {"certify_pushes": 2, "certify_depth": 1}


@pytest.fixture
def own(pipeline, rooms):
    """Three floor plans, two scenes of each, and two files that are no scenes of their own."""
    pipeline.scenes.mkdir(parents=True)

    def door(x):
        halves = ((-1.225, 0.775), (1.225, 0.775))
        return [
            Wall(f"wall_{number}", Pose2D(x, y, 0.0), Rectangle(0.05, half), 0.3, 0.3)
            for number, (y, half) in enumerate(halves, 5)
        ]

    for x in (-0.2, 0.0, 0.3):
        for name, others in (("alone", ()), ("two", (rooms.box(x + 0.9, 0.6, number=2),))):
            boxes = (rooms.box(x, 0.0), *others)
            scene = rooms.room(*boxes, walls=door(x), options=rooms.SLEEPING)
            (pipeline.scenes / f"door_{x:+g}_{name}.xml").write_text(scene_xml(scene))
    (pipeline.scenes / "broken.xml").write_text("<mujoco")
    twin = (pipeline.scenes / "door_+0_two.xml").read_bytes()
    (pipeline.scenes / "twin.xml").write_bytes(twin)
    return pipeline


@pytest.mark.slow
def test_own_scenes_go_all_the_way_to_a_comparison_of_models(own):
    manifest = own.folder / "certified" / "scenes.parquet"
    settings = own.folder / "settings.yaml"
    learning = {"output_dir": str(own.folder / "learning"), "test_manifest": str(manifest)}
    learning = {**LEARNING, **learning, "compare_arms": ["random", "learned"]}
    settings.write_text(yaml.safe_dump({"scenes": LITTLE, "learning": learning}))
    given = ("--configfile", settings)

    certified = own.run("certify", *given, certified=manifest)
    assert certified.returncode == 0, certified.stdout
    assert "broken.xml: left out: not well-formed XML" in certified.stdout
    assert "twin.xml: left out: the same scene as door_+0_two.xml" in certified.stdout
    rows = pq.read_table(manifest).to_pylist()
    assert len(rows) == 6
    assert all(row["difficulty"] for row in rows)
    layouts = {row["split"]: {row["layout_id"]} for row in rows}
    assert layouts.keys() == {"train", "val", "test"}

    exploring = {"algorithm": "exploration", "goal_strategy": "primitive", "max_pushes": 16}
    exploring["chunk_size"] = len(rows)
    exploring |= {"xml_dir": None, "manifest": manifest, "certified": manifest}
    # One of the two scenes to search after each epoch is spoilt; it costs itself everywhere.
    spoilt = next(row for row in rows if row["split"] == "val")
    spoilt_file = Path(os.path.normpath(manifest.parent / spoilt["file"]))
    spoilt_file.write_text("<mujoco")
    done = own.run("train", "evaluate", *given, **exploring)
    assert done.returncode == 0, done.stdout
    assert f"held-out scene left out: {spoilt_file}: not well-" in done.stdout

    once = own.folder / "learning" / "once"
    episodes = pq.read_table(own.output / "metrics.parquet").to_pylist()
    assert [row["difficulty"] for row in episodes] == [row["difficulty"] for row in rows]
    failed = [row["env_index"] for row in episodes if row["termination"] == "error"]
    assert failed == [spoilt["index"]]
    for kind in ("object", "goal"):
        assert seen_layouts(once / "models" / kind) == layouts["train"] | layouts["val"]
    text = (once / "evaluation" / "evaluation.txt").read_text()
    assert "2 scenes of 1 layout; no model saw any of them." in text
    classes = {row["difficulty"] for row in rows if row["split"] == "test"}
    numbers = json.loads((once / "evaluation" / "evaluation.json").read_text())
    assert classes <= numbers["groups"].keys()


@pytest.mark.slow
def test_a_job_that_refuses_its_input_is_not_tried_again(own):
    listed = [str(path) for path in sorted(own.scenes.glob("door_*.xml"))]
    (own.folder / "bare.parquet").write_bytes(b"")
    settings = own.folder / "settings.yaml"
    learning = {
        "output_dir": str(own.folder / "learning"),
        "manifest": str(own.folder / "bare.parquet"),
    }
    settings.write_text(yaml.safe_dump({"learning": {**LEARNING, **learning}}))
    (own.folder / "list.txt").write_text("\n".join(listed[:1]))
    given = {"xml_dir": None, "manifest": own.folder / "list.txt", "max_pushes": 2}
    done = own.run("dataset", "--configfile", settings, **given)
    assert done.returncode != 0
    log = own.folder / "learning" / "once" / "logs" / "dataset.log.all"
    assert log.read_text().count("bare.parquet: not a Parquet file") == 1, log.read_text()
    assert "namo scenes certify FOLDER --output FILE.parquet" in done.stdout
