import pytest

from namo.wording import counted, did_you_mean, duration, number, truncated_list


def test_the_nearest_name_is_offered_and_all_are_named():
    allowed = ["idfs", "tree_idfs"]
    expected = "expected one of: idfs, tree_idfs"
    assert did_you_mean("idsf", allowed) == f"did you mean 'idfs'? ({expected})"
    assert did_you_mean("nothing", allowed) == expected


def test_a_name_unlike_all_others_gets_the_list_alone():
    assert did_you_mean("zzz", ["idfs", "mcts"]) == "expected one of: idfs, mcts"


@pytest.mark.parametrize(
    ("items", "text"),
    [
        ([], ""),
        ([1], "1"),
        ([1, 2], "1, 2"),
        ([1, 2, 3], "1, 2 and 1 more"),
        (range(1002), "0, 1 and 1000 more"),
    ],
)
def test_a_long_list_is_truncated_and_the_rest_counted(items, text):
    assert truncated_list(items, 2) == text


def test_the_separator_can_be_chosen():
    assert truncated_list("abc", 2, "; ") == "a; b and 1 more"
    assert truncated_list("abc", 2, total=9) == "a, b and 7 more"


def test_nouns_agree_with_their_count():
    assert [counted(n, "push", "pushes") for n in (0, 1, 2)] == ["0 pushes", "1 push", "2 pushes"]


@pytest.mark.parametrize(
    ("value", "text"), [(0.126, "0.13"), (9.5, "9.50"), (10.04, "10.0"), (2400.4, "2,400")]
)
def test_small_numbers_have_more_decimals(value, text):
    assert number(value) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0:00"), (59.4, "0:59"), (59.6, "1:00"), (3599, "59:59"), (3600, "1:00:00")],
)
def test_durations_are_formatted_as_clock_times(seconds, text):
    assert duration(seconds) == text
