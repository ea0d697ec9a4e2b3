"""Positions of rows are spaced and drawn as evenly as whole numbers allow."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skgan_resample._sampling import drawn_equally, drawn_in_proportion, evenly_spaced

sizes = st.integers(1, 60)
settings.register_profile("sampling", max_examples=60, deadline=None, derandomize=True)


@settings(settings.get_profile("sampling"))
@given(sizes, sizes, st.floats(0, 0.99))
def test_evenly_spaced_rows_lie_one_in_each_stretch(n_rows, n, start):
    positions = evenly_spaced(n_rows, n, start)
    assert len(positions) == n
    counts = np.bincount(positions, minlength=n_rows)
    assert len(counts) == n_rows
    assert counts.max() - counts.min() <= 1
    if n <= n_rows:
        assert (positions * n // n_rows <= np.arange(n)).all()  # not beyond its stretch
        assert ((positions + 1) * n > np.arange(n) * n_rows).all()  # nor before it


@settings(settings.get_profile("sampling"))
@given(sizes, st.integers(1, 200), st.booleans())
def test_rows_are_drawn_equally_often(n_rows, n, shuffle):
    counts = np.bincount(drawn_equally(n_rows, n, np.random.RandomState(0), shuffle=shuffle), minlength=n_rows)
    assert counts.sum() == n
    assert counts.max() - counts.min() <= 1


def test_the_remainder_is_drawn_at_random():
    rng = np.random.RandomState(0)
    extra = [np.bincount(drawn_equally(4, 5, rng), minlength=4).argmax() for _ in range(400)]
    assert np.bincount(extra).min() > 70


@pytest.mark.parametrize("n", [1, 7, 500])
def test_rows_are_drawn_in_proportion_to_their_weights(n):
    weights = np.array([0.0, 1.0, 2.0, 0.5, 6.5])
    counts = np.bincount(drawn_in_proportion(weights, n, np.random.RandomState(n)), minlength=5)
    assert (np.abs(counts - n * weights / weights.sum()) < 1).all()
