"""`namo init` lays out a project that runs as it is, and touches nothing that is there."""

import pytest
import yaml

from namo.commands.init import project_files
from namo.commands.main import main
from namo.pipeline.settings import pipeline_schema
from tests.conftest import REPOSITORY

PROMISED = {
    *("algorithm", "chunk_size", "end_idx", "goal_strategy", "learning", "max_failed_fraction"),
    *("mem_mb", "object_strategy", "output_dir", "runtime", "scenes", "start_idx", "watch_scenes"),
}
"""Keys that a run requires: those that projects of every version have."""


@pytest.fixture
def project(tmp_path):
    folder = tmp_path / "my project"
    assert main(["init", str(folder)]) == 0
    return folder


def test_settings_and_profiles_are_the_shipped_ones(project):
    laid_out = {
        path.relative_to(project).as_posix(): path.read_bytes()
        for path in project.rglob("*")
        if path.is_file()
    }
    assert laid_out == project_files()
    for name in laid_out.keys() - {"Snakefile"}:
        assert laid_out[name] == (REPOSITORY / name).read_bytes(), name
    assert {"config/config.yaml", "profiles/default/config.yaml"} < laid_out.keys()


def test_it_says_what_to_run_next(tmp_path, capsys):
    main(["init", str(tmp_path / "my project")])
    assert f"next: cd '{tmp_path}/my project' && snakemake" in capsys.readouterr().out


def test_a_file_with_other_content_is_named_and_nothing_is_written(project, capsys):
    (project / "Snakefile").unlink()
    settings = project / "config" / "config.yaml"
    settings.write_text(settings.read_text().replace("seed: 0", "seed: 1"))
    assert main(["init", str(project)]) == 2
    assert f"{project}: has config/config.yaml with other content" in capsys.readouterr().err
    assert not (project / "Snakefile").exists()


def test_an_interrupted_layout_is_completed_and_other_files_stay(project):
    (project / "notes.txt").write_text("mine")
    (project / "config" / "scenes.yaml").unlink()
    assert main(["init", str(project)]) == 0
    assert (project / "config" / "scenes.yaml").is_file()
    assert (project / "notes.txt").read_text() == "mine"


def test_a_newer_version_requires_no_setting_that_an_older_project_lacks(project):
    assert set(pipeline_schema()["required"]) == PROMISED
    settings = {}
    for path in sorted((project / "config").glob("*.yaml")):
        settings |= yaml.safe_load(path.read_text())
    assert settings.keys() >= PROMISED
