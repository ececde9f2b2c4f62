"""Pages are parsed as a reader reads them, and failures are found."""

import pytest

from tests.documentation.pages import Program, anchors, blocks, links, rows, spans, steps
from tests.documentation.repository_copy import Copy

PAGE = """# Title, with `code`

    first --option \\
        value      # what it does
    second "a # b"  # and this

Prose with `a span` and a [link](other.md#there).

## Title, with `code`

```bash
third
```

```python
print(6 * 7)
```

```text
42
```

```json
{}
```
"""


def test_blocks_have_their_line_and_language():
    found = blocks("page.md", PAGE)
    assert [(block.line, block.language) for block in found] == [
        *((3, ""), (12, "bash"), (16, "python"), (20, "text"), (24, "json")),
    ]


def test_commands_are_whole_lines_without_comments():
    first, second, *_ = blocks("page.md", PAGE)
    assert first.commands() == ["first --option value", 'second "a # b"']
    assert second.commands() == ["third"]


def test_steps_are_in_order_and_output_belongs_to_its_program():
    first, second, program = steps("page.md", PAGE)
    assert (first.line, second.line) == (3, 12)
    assert isinstance(program, Program)
    assert program.prints is not None
    assert program.prints.text == "42\n"


def test_a_language_that_is_unknown_is_refused():
    with pytest.raises(ValueError, match=r"page\.md:2: a block of 'fish'; known are python, "):
        list(steps("page.md", "```fish\necho\n```\n"))


def test_links_spans_and_anchors():
    assert links(PAGE) == ["other.md#there"]
    assert spans(PAGE) == ["code", "a span", "code"]
    assert anchors(PAGE) == {"title-with-code", "title-with-code-1"}


@pytest.fixture
def here(tmp_path, monkeypatch):
    """An empty folder to run pages in."""
    monkeypatch.chdir(tmp_path)
    return Copy(tmp_path)


def test_a_page_runs_in_one_session(here):
    here.run_page(
        "README.md",
        "    NAME=there\n    echo 7 > $NAME  # a file\n\n"
        "```python\nseven = open('there').read()\n```\n\n"
        "```python\nprint('it is', int(seven))\n```\n\n```text\nit ... 7\n```\n",
    )


def test_a_block_with_the_name_of_a_file_is_that_file(here):
    page = '```xml title="own/a.xml"\n<a/>\n```\n\n    cat own/a.xml\n\n```json\n{}\n```\n'
    here.run_page("README.md", page)
    assert (here.folder / "own" / "a.xml").read_text() == "<a/>\n"


def test_rows_of_tables_are_their_cells():
    assert rows("| a | b |\n| --- | --- |\n| `<c/>` | d |\n") == [["`<c/>`", "d"]]


@pytest.mark.parametrize("command", ["false", "nobody-has-this-program --now", "false | cat"])
def test_a_command_that_fails_is_named_with_what_to_do(here, command):
    with pytest.raises(AssertionError, match=r"(?s)README\.md:3: .*declared\.py") as failed:
        here.run_page("README.md", f"Text.\n\n    {command}\n")
    assert f"+ {command.split()[0]}" in str(failed.value)


def test_a_command_that_does_not_end_is_killed(here, monkeypatch):
    monkeypatch.setattr("tests.documentation.repository_copy.PATIENCE_S", 0.2)
    with pytest.raises(AssertionError, match=r"(?s)\+ sleep 60.*not done after 0\.2 s"):
        here.run_page("README.md", "    sleep 60\n")


def test_a_program_that_fails_names_its_line(here):
    with pytest.raises(ZeroDivisionError) as failed:
        here.run_page("README.md", "```python\nx = 1\nx / 0\n```\n")
    assert failed.traceback[-1].lineno + 1 == 3
    assert failed.traceback[-1].path.name == "README.md"


@pytest.mark.parametrize("about", ["", ' title="for example"'])
def test_other_output_of_a_program_is_found(here, about):
    with pytest.raises(AssertionError, match=r"README.md:6: printed is\n\n6 boxes"):
        here.run_page(
            "README.md", f"```python\nprint('6 boxes')\n```\n\n```text{about}\n6 walls\n```\n"
        )


def test_an_example_is_compared_by_its_first_line_without_numbers(here):
    program = "```python\nprint('2 of -3.5 m')\nprint('more')\n```\n"
    here.run_page("README.md", f'{program}\n```text title="for example"\n24 of 6 m\nless\n```\n')
