"""`namo demo` searches as the pipeline does, and opens a browser for people only.

That it collects, replays and reports is a test of the wheel (`tests/test_wheel.py`).
"""

import pytest
import yaml

from namo.collection.config import LEARNED, CollectionConfig
from namo.commands import demo
from namo.commands.main import make_parser
from namo.declared_settings import declarations
from tests.conftest import REPOSITORY


def test_its_searches_have_the_settings_of_the_pipeline(tmp_path):
    options = make_parser().parse_args(["collect", *demo.collect_arguments(tmp_path)])
    shipped = yaml.safe_load((REPOSITORY / "config" / "config.yaml").read_text())
    for name, declared in declarations(CollectionConfig).items():
        if declared.group != LEARNED:
            assert getattr(options, name) == shipped[name], name
    assert "ml" not in (options.object_strategy, options.goal_strategy)


@pytest.mark.parametrize(
    ("is_terminal", "screen", "opens"),
    [
        (True, "DISPLAY", True),
        (True, "WAYLAND_DISPLAY", True),
        (True, None, False),
        (False, "DISPLAY", False),
    ],
)
def test_a_browser_needs_a_person_with_a_screen(monkeypatch, is_terminal, screen, opens):
    monkeypatch.setattr(demo.sys, "platform", "linux")
    monkeypatch.setattr(demo.sys.stdout, "isatty", lambda: is_terminal, raising=False)
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    if screen is not None:
        monkeypatch.setenv(screen, ":0")
    assert demo._has_browser() is opens
