import pytest

from namo.results.remark_text import MergedText


@pytest.mark.parametrize(
    ("texts", "merged"),
    [
        (["'box' needs 29 N"], "'box' needs 29 N"),
        (["'box' needs 29 N"] * 2, "'box' needs 29 N"),
        (["'box' needs 29 N", "'box' needs 41 N", "'box' needs 30 N"], "'box' needs 29 to 41 N"),
        (["'box' needs 1e+03 N", "'box' needs 2.5 N"], "'box' needs 2.5 to 1e+03 N"),
        (["'box_1_m' is 1 m", "'box_2_m' is 1 m", "'box_10_m' is 1 m"], "'box_*_m' is 1 m"),
        (["'ab' is 1 m", "'abab' is 1 m"], "'ab*' is 1 m"),
        (["'abab' is 1 m", "'ab' is 1 m", "'c' is 1 m"], "'*' is 1 m"),
        (["1 box", "2 boxes", "3 box"], "for instance 1 box"),
        (["in wall 'a'", "in wall 3"], "for instance in wall 'a'"),
    ],
)
def test_texts_that_differ_in_names_and_numbers_become_one(texts, merged):
    text = MergedText()
    for each in texts:
        text.add(each)
    assert str(text) == merged
