"""Relevance against published counts, plain-Python references and hand-worked numbers."""

import statistics

import numpy as np
import pytest
from _relevance_data import slow_medcouple, targets
from hypothesis import given
from hypothesis import strategies as st

from skgan_resample.relevance import _medcouple

pytestmark = pytest.mark.filterwarnings("error")  # no overflow or division by zero on the way


def test_medcouple_on_numbers_worked_by_hand():
    assert _medcouple(np.array([1.0, 2, 10]), 2.0) == pytest.approx(7 / 18, abs=1e-14)  # -1, 0, 7/9, 1
    assert _medcouple(np.array([1.0, 2, 3, 4]), 2.5) == pytest.approx(0, abs=1e-14)
    # 3 pairs with the 5 give 1, the 9 pairs of ties give -1, 0 and 1 three times each: between 1 and 0 of 12.
    assert _medcouple(np.array([0.0, 0, 0, 5]), 0.0) == pytest.approx(0.5, abs=1e-14)


@given(targets(st.one_of(st.integers(-4, 4).map(float), st.floats(-50, 50).map(lambda v: round(v, 3)))))
def test_medcouple_equals_the_slow_definition(y):
    assert _medcouple(np.sort(y), statistics.median(y)) == pytest.approx(slow_medcouple(y), abs=1e-12)
