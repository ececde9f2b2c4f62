"""What a failure says is enough to see it again."""

import pytest

from tests.crash import crashing
from tests.crash.crashing import Run, try_power_cuts


@pytest.fixture
def run(tmp_path):
    """Two files, written one after the other without being synced; which run wrote them is kept."""
    root = tmp_path / "root"
    root.mkdir()
    seen = []

    def act():
        seen.append(sorted((path.name, path.read_bytes()) for path in root.iterdir()))
        for name in ("a", "b"):
            (root / name).write_bytes(b"1234")

    return Run(root, act, lambda: [path.read_bytes() for path in sorted(root.iterdir())]), seen


@pytest.mark.parametrize("states", [8, 60])
def test_any_state_can_be_tried_again_alone(run, monkeypatch, states):
    run, seen = run
    monkeypatch.setattr(crashing, "STATES", states)
    tried = []
    real = crashing._repeat

    def repeat(run, state, wanted):
        tried.append((state.label, state.files))
        real(run, state, wanted)

    monkeypatch.setattr(crashing, "_repeat", repeat)
    try_power_cuts(run)
    assert any("; then " in label for label, _ in tried) == (states == 60)
    for label, files in tried[:: max(1, states // 6)]:
        monkeypatch.setattr(crashing, "ONLY", label)
        for path in run.root.iterdir():
            path.unlink()
        try_power_cuts(run)
        assert tried[-1] == (label, files)
        assert seen[-1] == sorted(files.items())


def test_a_state_after_which_a_run_fails_is_named(run):
    run, seen = run

    def act():
        if len(seen) == 3:
            raise OSError("no space left")
        run.act()

    with pytest.raises(OSError, match="no space") as raised:
        try_power_cuts(Run(run.root, act, run.look))
    (note,) = raised.value.__notes__
    assert "NAMO_CRASH_STATE='operation " in note


def test_a_state_after_which_the_result_is_another_is_named(run):
    run, seen = run
    with pytest.raises(AssertionError) as raised:
        try_power_cuts(Run(run.root, run.act, lambda: len(seen)))
    (note,) = raised.value.__notes__
    assert "NAMO_CRASH_STATE='operation " in note
