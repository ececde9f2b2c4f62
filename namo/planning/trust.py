"""How far a search trusts the ratings that it follows, from how what they promised turned out."""

from __future__ import annotations

EVIDENCE_WEIGHT = 0.5
"""How much a failure counts: those of one search often have one cause, as with pushes side by side.

With 0 the ratings are trusted whatever happens, with 1 as if every failure had its own cause.
"""


class Trust:
    """The probability that ratings are wrong in one scene, by Bayes' rule.

    Ratings that give a push a probability p to open the goal are doubted the more with each that
    does not open it, the larger p was; those that promise nothing are not, however long it takes.

    Attributes:
        p_wrong: probability that the ratings are wrong.
    """

    def __init__(self, p_wrong: float) -> None:
        """Start with a probability that the ratings are wrong."""
        self.p_wrong = p_wrong

    def failed(self, p_opens: float) -> None:
        """Take note of a push that did not open the goal, and with what probability it would."""
        if_right = 1.0 - EVIDENCE_WEIGHT * p_opens
        self.p_wrong /= self.p_wrong + (1.0 - self.p_wrong) * if_right
