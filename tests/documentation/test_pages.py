"""Every page is carried out, from its beginning to its end."""

import pytest

from tests.documentation.declared import DECLARED, NOT_COMMANDS
from tests.documentation.pages import INSTRUCTIONS, SHELL, blocks, read


@pytest.mark.parametrize("page", INSTRUCTIONS)
def test_what_a_page_says_works(copy, page):
    copy.carry_out(page, read(page))


def test_nothing_is_declared_that_no_page_says():
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
