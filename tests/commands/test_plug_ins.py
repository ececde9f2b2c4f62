import pytest

from namo.commands.main import main

OFFERS = {"namo.planners": {"mine": "tools_a:Mine", "idfs": "tools_a:Mine"}}


def test_what_is_installed_is_listed_with_what_is_wrong(install, capsys):
    install("tools_a", "1.0", OFFERS, "")
    assert main(["plug-ins"]) == 1
    said = capsys.readouterr()
    assert said.out.splitlines() == [
        "namo.planners  idfs  tools_a:Mine (tools_a 1.0)",
        "namo.planners  mine  tools_a:Mine (tools_a 1.0)",
    ]
    assert said.err == (
        "algorithm 'idfs' is a name of this package, which tools_a:Mine (tools_a 1.0) cannot take\n"
    )


def test_each_is_imported_when_asked(install, capsys):
    install("tools_a", "1.0", {"namo.exporters": {"mine": "tools_a:Mine"}}, "import not_there")
    assert main(["plug-ins"]) == 0
    assert main(["plug-ins", "--check"]) == 1
    assert "No module named 'not_there'" in capsys.readouterr().err


def test_without_any_the_groups_are_named(install, capsys):
    assert main(["plug-ins"]) == 0
    assert "no plug-in is installed; groups of entry points are namo.planners, " in (
        capsys.readouterr().out
    )


def test_help_lists_plug_ins(install, capsys):
    install("tools_a", "1.0", OFFERS, "")
    with pytest.raises(SystemExit):
        main(["collect", "--help"])
    said = " ".join(capsys.readouterr().out.split())
    assert "standard_idfs, mine (default: idfs)" in said
