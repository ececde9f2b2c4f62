import pickle

import pytest

from namo import errors
from namo.errors import NamoError, UnknownMovableError

UNKNOWN = UnknownMovableError("obstacle_2_movabel", ["obstacle_1_movable", "obstacle_2_movable"])


def test_all_errors_are_of_one_base():
    own = [value for value in vars(errors).values() if isinstance(value, type)]
    assert NamoError in own
    assert all(issubclass(error, NamoError) for error in own if issubclass(error, Exception))


def test_an_unknown_movable_is_a_key_error_that_reads_as_a_sentence():
    with pytest.raises(KeyError) as caught:
        raise UNKNOWN
    assert str(caught.value) == (
        "no movable 'obstacle_2_movabel'; did you mean 'obstacle_2_movable'? "
        "(expected one of: obstacle_1_movable, obstacle_2_movable)"
    )
    assert (caught.value.name, len(caught.value.allowed)) == ("obstacle_2_movabel", 2)


def test_an_unknown_movable_passes_between_processes():
    copy = pickle.loads(pickle.dumps(UNKNOWN))
    assert (str(copy), copy.name, copy.allowed) == (str(UNKNOWN), UNKNOWN.name, UNKNOWN.allowed)
