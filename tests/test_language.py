"""Phrases that the project does not use, each with the word of the field to use instead."""

import re

import pytest

from tests.conftest import REPOSITORY

BANNED = {
    r"carr(?:y|ied|ies|ying)\b[^.;:]{0,30}\bout again": "replay",
    r"\banew\b": "again, or regenerate",
    r"goes on where|go on where|went on where|goes on from there": "resume",
    r"\bone row an? [a-z]": "one row per ...",
    r"\b[A-Z]+S_AN?_[A-Z]+\b|\b[a-z]+s_an?_(?:epoch|second|shard|batch|step)\b": "..._PER_...",
    r"\bis no (?:json|list|object|file|folder|number|run file|bundle|archive)\b": "is not a ...",
    r"happens? again as|did not happen again|does not happen again": "replay diverged",
    r"\bmend(?:s|ed|ing)?\b": "fix, or repair",
    r"\bset aside\b|\bsets? .{1,20} aside\b": "quarantined",
    r"what was written\b|is not what (?:it|was)\b": "checksum mismatch",
    r"says something that\b": "returned non-finite values, or what it returned",
    r"\bmakes? again\b|\bmade again\b": "regenerate",
    r"draws from a model": "samples",
    r"\bquestions? to a model\b|\ba model a question\b": "query",
    r"\bMOST_[A-Z]|\bLEAST_[A-Z]": "MAX_..., MIN_...",
    r"over and over": "repeatedly",
}
"""Regular expressions, in lower or upper case -> the word of the field."""

FOLDERS = ("namo", "workflow", "config", "profiles", "docs", "tests", "benchmarks")
FILES = ("README.md", "CONTRIBUTING.md", "SECURITY.md", "Snakefile", "Makefile", "pyproject.toml")
KINDS = {".py", ".md", ".yaml", ".smk", ".html", ".css", ".js", ".sh", ".toml", ".svg"}


def texts():
    """The files of the repository that people read, this one left out."""
    found = [REPOSITORY / name for name in FILES]
    for folder in FOLDERS:
        found += sorted(path for path in (REPOSITORY / folder).rglob("*") if path.suffix in KINDS)
    return [path for path in found if path.name != "test_language.py"]


def occurrences(phrase, text):
    """Line numbers and matches of a phrase; a phrase may go over the end of a line.

    Constants are told by their capitals; all other phrases are looked for in any case.
    """
    flags = 0 if "[A-Z]" in phrase else re.IGNORECASE
    # A space in the phrase may be a line break, with what starts the next line of a comment.
    pattern = re.compile(phrase.replace(" ", r"(?:\s+(?:#\s*)?)"), flags)
    return [
        (text.count("\n", 0, match.start()) + 1, " ".join(match[0].split()))
        for match in pattern.finditer(text)
    ]


@pytest.mark.parametrize("phrase", BANNED)
def test_no_banned_phrase_is_used(phrase):
    found = [
        f"{path.relative_to(REPOSITORY)}:{line}: {words!r}"
        for path in texts()
        for line, words in occurrences(phrase, path.read_text(encoding="utf-8"))
    ]
    assert found == [], f"write: {BANNED[phrase]}"


def test_every_kind_of_text_is_read():
    read = {path.relative_to(REPOSITORY).parts[0] for path in texts()}
    assert read == {*FOLDERS, *FILES}
    assert {path.suffix for path in texts()} >= KINDS - {".toml"}


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("The plan is carried out again.", 1),
        ("a\n# is carried\n# out again", 2),
        ("Tables with ONE ROW A push.", 1),
        ("made\nanew", 2),
        ("MOST_ROWS = 3", 1),
        ("ROWS_A_SHARD = 3", 1),
        ("x is no\n    list", 1),
    ],
)
def test_phrases_are_found_over_the_ends_of_lines(text, line):
    found = [place for phrase in BANNED for place, _ in occurrences(phrase, text)]
    assert found == [line]


@pytest.mark.parametrize(
    "text", ["Most rows are open.", "a renewed plan", "amend it", "is no longer"]
)
def test_plain_words_are_not_banned(text):
    assert [phrase for phrase in BANNED if occurrences(phrase, text)] == []
