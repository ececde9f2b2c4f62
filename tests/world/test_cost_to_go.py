import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from namo.world.cost_to_go import CONTACT_COST_STEPS, SHAPE, SPAN_RAD
from namo.world.primitive_cache import library_for


@pytest.fixture(scope="module")
def oblong(rooms):
    """The library of a box that is not square."""
    scene = rooms.room(rooms.box(0.0, 0.0, half=(0.4, 0.25)))
    return library_for(scene, scene.movables[0])


def test_the_cost_of_no_displacement_is_zero(plain, oblong):
    for library in (plain, oblong):
        assert library.cost_to_go(np.zeros(3)) == 0.0


def test_the_cost_table_is_finite_and_not_negative(plain, oblong):
    for library in (plain, oblong):
        assert library.cost_to_go.table.shape == SHAPE
        assert np.isfinite(library.cost_to_go.table).all()
        assert (library.cost_to_go.table >= 0.0).all()


wanted = st.tuples(st.floats(-20.0, 20.0), st.floats(-20.0, 20.0), st.floats(-math.pi, math.pi))


@given(wanted)
def test_every_displacement_has_a_finite_cost(plain, relative):
    cost = plain.cost_to_go(np.array(relative))
    assert np.isfinite(cost)
    assert cost >= 0.0


def test_larger_displacements_cost_more(plain):
    for unit in np.array([[1.0, 0.0, 0.0], [0.0, -1.0, 0.0], [0.6, 0.8, 0.0]]):
        costs = plain.cost_to_go(unit * np.array([[0.0], [0.3], [0.8], [1.6], [4.0], [9.0]]))
        assert (np.diff(costs) > 0).all()


def test_a_primitive_costs_no_more_than_itself(plain):
    prices = plain.steps + CONTACT_COST_STEPS
    within = np.abs(plain.displacements[..., 2]) <= SPAN_RAD
    costs = plain.cost_to_go(plain.displacements)
    assert (costs <= prices + 1e-3)[within].all()
