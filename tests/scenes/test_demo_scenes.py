"""The demo scenes are what the generator makes, and what their manifest says."""

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from namo.certification.settings import SceneSetSettings
from namo.commands.scenes_generate import scenes_mapping
from namo.scenes.generator.generation import Generator
from namo.scenes.manifest import audit_manifest
from namo.scenes.writing import scene_xml
from tests.conftest import REPOSITORY


@pytest.fixture(scope="module")
def settings():
    path = REPOSITORY / "resources" / "scenes" / "demo.yaml"
    return SceneSetSettings.from_mapping(scenes_mapping(path), str(path))


@pytest.fixture(scope="module")
def rows():
    return pq.read_table(
        REPOSITORY / "resources" / "scenes" / "demo" / "scenes.parquet"
    ).to_pylist()


def test_every_file_is_reproduced_by_the_generator(demo_scenes, settings, rows):
    generator = Generator(settings)
    for row in rows:
        candidate = generator.draw(row["candidate"])
        assert (candidate.file_name, candidate.layout_id) == (row["file"], row["layout_id"])
        assert scene_xml(candidate.scene) == (demo_scenes / row["file"]).read_text()
    listed = {row["file"] for row in rows}
    assert {path.name for path in demo_scenes.glob("*.xml")} == listed


def test_the_manifest_passes_its_audit_and_fills_the_quotas(demo_scenes, settings, rows):
    assert audit_manifest(Path(demo_scenes) / "scenes.parquet") == []
    for kind, quota in settings.quotas.items():
        assert sum(row["difficulty"] == kind for row in rows) == quota
    assert {row["split"] for row in rows} == {"train", "val", "test"}
