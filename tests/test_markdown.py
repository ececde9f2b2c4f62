from namo.markdown import markdown_table


def test_a_table_has_a_heading_a_rule_and_a_line_per_row():
    assert markdown_table(["a", "b"], [["1", "`2`"], ["3", "4"]]).splitlines() == [
        "| a | b |",
        "| --- | --- |",
        "| 1 | `2` |",
        "| 3 | 4 |",
    ]


def test_a_table_may_have_no_rows():
    assert markdown_table(["a"], []) == "| a |\n| --- |"
