import shlex
from pathlib import Path

from namo.collection.command_line import collect_arguments, collect_command
from namo.collection.config import CollectionConfig
from namo.results.plan import SceneSource


def test_a_command_names_what_is_not_default_and_is_quoted_for_a_shell():
    config = CollectionConfig(smooth=False, seed=3, physics="fast")
    arguments = collect_arguments(config, Path("out put"), SceneSource("~a", None), "host")
    command = shlex.split(collect_command(arguments, 7, 9))
    assert command[1:] == [
        *("-m", "namo", "collect", "--output-dir", "out put", "--xml-dir", "./~a"),
        *("--hostname", "host", "--no-smooth", "--seed", "3", "--physics", "fast"),
        *("--start-idx", "7", "--end-idx", "9"),
    ]


def test_without_a_label_the_machine_names_the_run():
    arguments = collect_arguments(CollectionConfig(), Path("out"), SceneSource(), None)
    assert arguments == ["--output-dir", "out"]
