"""Regressors around regressors: weights, output correction, resampling with weights and calibration."""

from collections import Counter

import numpy as np
import pandas as pd
import pytest
from _shared import ScriptedSampler
from hypothesis import given, settings
from hypothesis import strategies as st
from imblearn import over_sampling as imblearn_over_sampling

from skgan_resample._tables._origins import synthetic_rows


@pytest.fixture(scope="module")
def table():
    rng = np.random.RandomState(0)
    y = rng.permutation(np.r_[3 * rng.uniform(size=42), 9 + 3 * rng.uniform(size=6)])
    X = np.column_stack([np.sqrt(y) + 0.3 * rng.normal(size=48), rng.normal(size=(48, 2))])
    return X, y


# ------------------------------------------------------------------------------------------------ who made a row?
def slow_synthetic_rows(X, y, X_new, y_new):
    left = Counter((*map(repr, row), repr(target)) for row, target in zip(X, y))
    flags = []
    for row, target in zip(X_new, y_new):
        key = (*map(repr, row), repr(target))
        flags.append(left[key] == 0)
        left[key] -= left[key] > 0
    return flags


def test_rows_of_imblearn_samplers_are_told_apart():
    rng = np.random.RandomState(0)
    X, y = np.round(rng.normal(size=(60, 3)), 2), np.array(["common"] * 50 + ["rare"] * 10)
    for sampler in (imblearn_over_sampling.RandomOverSampler(), imblearn_over_sampling.SMOTE()):
        X_new, y_new = sampler.set_params(random_state=0).fit_resample(X, y)
        assert synthetic_rows(sampler, X, y, X_new, y_new).tolist() == [False] * 60 + [True] * 40
        order = rng.permutation(100)
        mask = synthetic_rows(sampler, X, y, X_new[order], y_new[order])
        assert mask.sum() == 40
        assert mask.tolist() == slow_synthetic_rows(X.tolist(), y, X_new[order].tolist(), y_new[order])


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from([0.0, 0.5, np.nan]), st.sampled_from("ab"), st.integers(0, 1)), min_size=1),
    st.lists(st.tuples(st.sampled_from([0.0, 0.5, np.nan]), st.sampled_from("abc"), st.integers(0, 1)), min_size=1),
)
@pytest.mark.slow
def test_rows_are_matched_as_multisets(old, new):
    X, X_new = (pd.DataFrame([row[:2] for row in rows], columns=["x", "level"]) for rows in (old, new))
    y, y_new = (np.array([row[2] for row in rows]) for rows in (old, new))
    expected = slow_synthetic_rows([row[:2] for row in old], y, [row[:2] for row in new], y_new)
    for table in (X_new, X_new.to_numpy(), X_new.astype({"level": "category"})):
        assert synthetic_rows(None, X, y, table, y_new).tolist() == expected


def test_a_row_is_not_real_for_a_target_or_a_level_alone():
    X = pd.DataFrame({"x": [0.0, 1.0, 2.0], "level": ["a", None, "b"]})
    y = np.array([1.0, 2.0, 3.0])
    X_new = pd.DataFrame({"x": [-0.0, 1.0, 1.0, 2.0], "level": ["a", "never seen", None, "b"]})
    y_new = np.array([1.0, 2.0, 2.0, 4.0])
    assert synthetic_rows(None, X, y, X_new, y_new).tolist() == [False, True, False, True]
    missing = np.array([[np.nan], [np.copysign(np.nan, -1)]])  # NaN has many bit patterns
    assert synthetic_rows(None, missing[:1], y[:1], missing[1:], y[:1]).tolist() == [False]


def test_flags_of_the_sampler_come_first_if_they_fit():
    X, y = np.zeros((2, 1)), np.zeros(2)
    sampler = ScriptedSampler()
    sampler.is_synthetic_ = np.array([True, False, True])
    assert synthetic_rows(sampler, X, y, np.zeros((3, 1)), np.zeros(3)).tolist() == [True, False, True]
    assert synthetic_rows(sampler, X, y, np.zeros((4, 1)), np.zeros(4)).tolist() == [False, False, True, True]


def test_a_hundred_thousand_rows_are_matched():
    rng = np.random.RandomState(0)
    X, y = rng.randint(0, 9, size=(100_000, 8)).astype(float), rng.randint(0, 3, size=100_000)
    order = rng.permutation(120_000) % 100_000  # every row, 20,000 of them twice
    assert synthetic_rows(None, X, y, X[order], y[order]).sum() == 20_000
