import pytest

from namo.wording import did_you_mean, truncated_list


def test_the_nearest_name_is_offered_and_all_are_named():
    allowed = ["idfs", "tree_idfs"]
    assert did_you_mean("idsf", allowed) == "did you mean 'idfs'? Allowed: idfs, tree_idfs"
    assert did_you_mean("nothing", allowed) == "Allowed: idfs, tree_idfs"


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
def test_of_many_some_are_named_and_the_others_counted(items, text):
    assert truncated_list(items, 2) == text


def test_what_stands_between_can_be_chosen():
    assert truncated_list("abc", 2, "; ") == "a; b and 1 more"
