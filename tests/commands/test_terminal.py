import io
import sys

import pytest

from namo.collection.progress import ProgressDisplay
from namo.commands.main import main
from namo.commands.terminal import PrintableStream, printable_output
from namo.wording import printable

ESCAPES = "a\x1b[31mb\x07\x9b0m\x00\u202e\x7f\r.xml"
SHOWN = "a\\x1b[31mb\\x07\\x9b0m\\x00\\u202e\\x7f\\r.xml"


def test_control_characters_are_escaped_and_letters_and_line_ends_kept():
    assert printable(ESCAPES) == SHOWN
    assert printable("häuser 家\tx\n\\x1b") == "häuser 家\tx\n\\x1b"
    assert printable("\udcff.xml") == "\\udcff.xml"


def test_nothing_printed_in_the_block_holds_a_control_character(capsys):
    with printable_output():
        print(ESCAPES)
        print(ESCAPES, file=sys.stderr)
    print("\x1bafter")
    captured = capsys.readouterr()
    assert captured.out == f"{SHOWN}\n\x1bafter\n"
    assert captured.err == f"{SHOWN}\n"


def test_letters_that_a_terminal_cannot_show_are_escaped():
    raw = io.TextIOWrapper(io.BytesIO(), encoding="ascii", write_through=True)
    assert PrintableStream(raw).write("ä\x1b") == 2
    assert raw.buffer.getvalue() == b"\\xe4\\x1b"


def test_names_in_messages_of_commands_are_escaped(tmp_path, capsys):
    scene = tmp_path / "evil\x1b]0;owned\x07.xml"
    scene.write_text("<mujoco/>")
    assert main(["scenes", "check", str(tmp_path)]) == 1
    assert main(["scenes", "check", str(tmp_path / "no\x1b[2J")]) == 2
    with pytest.raises(SystemExit):
        main(["scenes", "chekc\x1b[2J"])
    captured = capsys.readouterr()
    assert "evil\\x1b]0;owned\\x07.xml: unusable" in captured.out
    assert "no\\x1b[2J: no such file" in captured.err
    assert "\x1b" not in captured.out + captured.err


def test_a_progress_bar_still_draws_and_shows_names_escaped():
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    stream = Terminal()
    with ProgressDisplay("x", 1, stream=stream) as display:
        display.working_on(3, "evil\x1b]0;owned\x07.xml")
        display.warn("more\x1b[2J")
    drawn = stream.getvalue()
    assert "more\\x1b[2J" in drawn
    assert "\x1b]0;owned" not in drawn
    assert "\x1b[2J" not in drawn
    assert "\x1b[" in drawn, "the bar itself moves the cursor"
