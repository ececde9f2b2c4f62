"""Every page runs, from beginning to end."""

import pytest

from tests.documentation.declared import DECLARED, NOT_COMMANDS
from tests.documentation.pages import INSTRUCTIONS, SHELL, blocks, read
from tests.documentation.repository_copy import Copy


@pytest.mark.slow
@pytest.mark.parametrize("page", INSTRUCTIONS)
def test_the_commands_of_a_page_work(copy, page):
    copy.run_page(page, read(page))


def test_every_declared_command_is_in_a_page():
    shell = [
        block
        for page in INSTRUCTIONS
        for block in blocks(page, read(page))
        if block.language in SHELL
    ]
    commands = {command for block in shell for command in block.commands()}
    first_lines = {block.text.splitlines()[0].strip() for block in shell}
    assert DECLARED.keys() - commands == set(), "tests/documentation/declared.py: DECLARED"
    assert NOT_COMMANDS.keys() - first_lines == set(), "declared.py: NOT_COMMANDS"


def test_a_page_does_not_install_into_the_environment_of_the_tests(tmp_path):
    with pytest.raises(AssertionError, match="would change the environment of the tests"):
        Copy(tmp_path).run_page("page.md", "    .venv/bin/pip install --version\n")
