import pytest

from namo.commands.main import COLLECTIONS, SCENES, main


def test_every_command_explains_itself(capsys):
    for words in [*(["scenes", name] for name in SCENES), *([name] for name in COLLECTIONS)]:
        with pytest.raises(SystemExit) as ended:
            main([*words, "--help"])
        assert ended.value.code == 0
        assert f"usage: namo {' '.join(words)}" in capsys.readouterr().out


def test_wrong_usage_ends_with_two_and_names_the_command(tmp_path, capsys):
    assert main(["scenes", "check", str(tmp_path / "nowhere")]) == 2
    assert "namo scenes check: " in capsys.readouterr().err
    with pytest.raises(SystemExit) as ended:
        main(["scenes", "bake"])
    assert ended.value.code == 2
