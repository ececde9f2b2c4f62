import shlex

from namo.pipeline.closing import closing_lines


def test_a_run_closes_with_what_to_open_and_do_next(collected):
    rows = collected.table("metrics")
    solved = sum(row["solution_found"] for row in rows)
    assert closing_lines(collected.output) == [
        f"solved  {solved} of 5 episodes ({20 * solved} %)",
        "failed  1 of 6 environments",
        f"open    {collected.output / 'report.html'}",
        f"next    namo status {shlex.quote(str(collected.output))}",
    ]


def test_a_plan_to_watch_is_named_where_nothing_failed(several):
    rows = several.table("metrics")
    planned = next(row["env_id"] for row in rows if row["solution_depth"])
    *_, command = closing_lines(several.output)
    file = shlex.quote(str(several.output / f"{planned}_results.pkl"))
    assert command == f"next    namo replay {file} --gif plan.gif"
