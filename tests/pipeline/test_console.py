import logging
from types import SimpleNamespace

import pytest

from namo.pipeline.console import WithoutChatter, quieten


def record(text, level=logging.INFO, event=None):
    made = logging.LogRecord("snakemake", level, "", 0, text, None, None)
    if event is not None:
        made.event = SimpleNamespace(name=event)
    return made


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        (record("Building DAG of jobs..."), False),
        (record("Finished jobid: 4 (Rule: collect)", event="JOB_FINISHED"), False),
        (record("Nothing to be done (all requested files are present)."), True),
        (record("Job 5 has been submitted with SLURM jobid 7"), True),
        (record("Building DAG failed", logging.ERROR), True),
        (record("1 of 6 steps (17%) done", event="PROGRESS"), True),
        (record("RuleException:\nin collect.smk", logging.ERROR), True),
    ],
)
def test_only_what_snakemake_says_about_itself_is_left_out(line, shown):
    assert WithoutChatter().filter(line) is shown


def test_steps_are_left_out_where_the_environments_are_counted():
    chatter = WithoutChatter()
    chatter.progress = False
    assert not chatter.filter(record("1 of 6 steps (17%) done", event="PROGRESS"))


def test_after_an_interrupt_errors_that_only_repeat_it_are_left_out():
    chatter = WithoutChatter()
    assert not chatter.filter(record("Terminating processes on user request, this might take"))
    assert not chatter.filter(record("RuleException:\nin collect.smk", logging.ERROR))
    assert chatter.filter(record("MissingOutputException", logging.ERROR))
    assert chatter.interrupted


def test_the_log_file_keeps_every_line(tmp_path, capsys):
    logger = logging.Logger("snakemake")
    logger.addHandler(logging.StreamHandler())
    logger.addHandler(logging.FileHandler(tmp_path / "log"))
    called = []
    quieten(logger).before_line = lambda: called.append(True)
    logger.info("Building DAG of jobs...")
    logger.warning("look")
    assert (capsys.readouterr().err, called) == ("look\n", [True])
    assert (tmp_path / "log").read_text() == "Building DAG of jobs...\nlook\n"
