import re
import shlex
import shutil

import pytest

from namo.commands.main import main
from tests.conftest import REPOSITORY

TEXT = (REPOSITORY / "docs" / "exports.md").read_text()


def test_what_the_documentation_says_can_be_typed(collection, datasets, tmp_path, monkeypatch):
    shutil.copytree(collection.folder, tmp_path / "results" / "demo")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MINARI_DATASETS_PATH", "")  # a snippet sets it
    commands = re.findall(r"^    \.venv/bin/namo (.*)$", TEXT, re.MULTILINE)
    assert [main(shlex.split(command)) for command in commands] == [0, 0, 0]
    scope = {}
    for snippet in re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL):
        exec(snippet, scope)
    assert scope["episodes"].num_rows == collection.episodes.num_rows
    assert scope["pushes"].height == collection.pushes.num_rows
    assert len(scope["shard"]["push"]) == collection.plans.num_rows
    assert sum(len(episode) for episode in scope["data"]) == collection.plans.num_rows


@pytest.mark.parametrize(
    "option", ["licence", "citation", "manifest", "pushes", "metres-per-pixel"]
)
def test_every_option_is_explained(option):
    assert f"--{option}" in TEXT
