"""Scores against numerical integration, plain loops and hand-worked numbers."""

import math
import pickle

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.datasets import make_regression
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, cross_validate

from skgan_resample.metrics import (
    common_rmse,
    make_sera_scorer,
    rare_mae,
    rare_rmse,
    relevance_weighted_mae,
    relevance_weighted_mse,
    relevance_weighted_rmse,
    ser_curve,
    sera_score,
    total_ratio,
)
from skgan_resample.relevance import Relevance

pytestmark = pytest.mark.filterwarnings("error")
WITH_RELEVANCE = [
    sera_score,
    ser_curve,
    relevance_weighted_mse,
    relevance_weighted_mae,
    relevance_weighted_rmse,
    rare_mae,
    rare_rmse,
    common_rmse,
]

finite = st.floats(-1e3, 1e3)
unit = st.one_of(st.sampled_from([0.0, 0.5, 0.8, 1.0]), st.floats(0, 1))
rows = st.lists(st.tuples(finite, finite, unit, st.integers(0, 3)), min_size=1, max_size=40).map(
    lambda rows: np.array(rows, dtype=float).T
)


def example(n=200, seed=0):
    """Return target values, predictions and a relevance that takes many values."""
    rng = np.random.default_rng(seed)
    y_true = rng.lognormal(size=n)
    return y_true, y_true + rng.normal(size=n), Relevance().fit(y_true)


def slow_mean(values, weights):
    """Weighted mean in a plain loop; NaN without weight."""
    total = sum(weights)
    return sum(w * v for v, w in zip(values, weights)) / total if total > 0 else math.nan


def test_sera_is_the_area_under_the_ser_curve():
    y_true, y_pred, relevance = example()
    phi = relevance(y_true)
    error = (y_pred - y_true) ** 2
    n_steps = 100_000
    area = 0.0
    for t in (np.arange(n_steps) + 0.5) / n_steps:
        area += error[phi >= t].sum() / n_steps
    assert sera_score(y_true, y_pred, relevance=relevance) == pytest.approx(area, rel=1e-5)


@given(rows)
def test_scores_equal_plain_loops(rows):
    y_true, y_pred, phi, weight = rows
    error = [p - t for t, p in zip(y_true.tolist(), y_pred.tolist())]
    squares, sizes = [e * e for e in error], [abs(e) for e in error]
    both = [f * w for f, w in zip(phi.tolist(), weight.tolist())]
    rare = [float(f >= 0.8) for f in phi.tolist()]
    common = [1 - r for r in rare]
    given_ = {"relevance": phi}
    close = {"rel": 1e-9, "abs": 1e-9, "nan_ok": True}
    total = sum(f * s for f, s in zip(phi.tolist(), squares))
    assert sera_score(y_true, y_pred, **given_) == pytest.approx(total, **close)
    total = sum(b * s for b, s in zip(both, squares))
    assert sera_score(y_true, y_pred, **given_, sample_weight=weight) == pytest.approx(total, **close)
    expected = slow_mean(squares, both)
    assert relevance_weighted_mse(y_true, y_pred, **given_, sample_weight=weight) == pytest.approx(expected, **close)
    expected = math.sqrt(expected) if expected == expected else math.nan
    assert relevance_weighted_rmse(y_true, y_pred, **given_, sample_weight=weight) == pytest.approx(expected, **close)
    expected = slow_mean(sizes, both)
    assert relevance_weighted_mae(y_true, y_pred, **given_, sample_weight=weight) == pytest.approx(expected, **close)
    assert rare_mae(y_true, y_pred, **given_) == pytest.approx(slow_mean(sizes, rare), **close)
    assert rare_rmse(y_true, y_pred, **given_) ** 2 == pytest.approx(slow_mean(squares, rare), **close)
    assert common_rmse(y_true, y_pred, **given_) ** 2 == pytest.approx(slow_mean(squares, common), **close)


@given(rows)
def test_ser_curve_falls_and_encloses_sera(rows):
    y_true, y_pred, phi, _ = rows
    thresholds, ser = ser_curve(y_true, y_pred, relevance=phi)
    assert thresholds[0] == 0
    assert thresholds[-1] == 1
    assert (np.diff(thresholds) > 0).all()
    assert (np.diff(ser) <= 0).all()
    assert np.diff(thresholds) @ ser[1:] == pytest.approx(sera_score(y_true, y_pred, relevance=phi), rel=1e-9, abs=1e-9)
    asked = [1.0, 0.3, 0.8, 0.0]
    given_thresholds, at = ser_curve(y_true, y_pred, relevance=phi, thresholds=asked)
    np.testing.assert_array_equal(given_thresholds, asked)
    slow = [sum((p - t) ** 2 for t, p, f in zip(y_true, y_pred, phi) if f >= threshold) for threshold in asked]
    np.testing.assert_allclose(at, slow, rtol=1e-9, atol=1e-9)


def test_ser_curve_keeps_each_value_up_to_and_with_its_threshold():
    thresholds, ser = ser_curve([0, 0, 0], [1, 2, 3], relevance=[0.2, 0.6, 0.6])
    assert (thresholds.tolist(), ser.tolist()) == ([0, 0.2, 0.6, 1], [14, 14, 13, 0])
    _, between = ser_curve([0, 0, 0], [1, 2, 3], relevance=[0.2, 0.6, 0.6], thresholds=[0.1, 0.2, 0.21, 0.6, 0.61])
    assert between.tolist() == [14, 14, 13, 13, 0]


def test_scores_on_numbers_worked_by_hand():
    y_true, y_pred, phi = [1, 2, 8, 9], [5, 3, 7, 6], [0, 0.5, 0.8, 1]  # errors 4, 1, -1, -3
    assert sera_score(y_true, y_pred, relevance=phi) == pytest.approx(0.5 + 0.8 + 9)
    assert sera_score(y_true, y_pred, relevance=phi, normalize=True) == pytest.approx(10.3 / 2.3)
    assert relevance_weighted_mae(y_true, y_pred, relevance=phi) == pytest.approx((0.5 + 0.8 + 3) / 2.3)
    assert relevance_weighted_rmse(y_true, y_pred, relevance=phi) == pytest.approx(math.sqrt(10.3 / 2.3))
    assert rare_mae(y_true, y_pred, relevance=phi) == 2  # a relevance of 0.8 is rare
    assert rare_rmse(y_true, y_pred, relevance=phi, threshold=0.9) == 3
    assert common_rmse(y_true, y_pred, relevance=phi) == pytest.approx(math.sqrt(17 / 2))
    assert total_ratio(y_true, y_pred) == pytest.approx(21 / 20)


def test_a_perfect_prediction_scores_zero():
    y_true, _, relevance = example()
    for score in WITH_RELEVANCE:
        if score is not ser_curve:
            assert score(y_true, y_true, relevance=relevance) == 0
    assert total_ratio(y_true, y_true) == pytest.approx(1)


def test_a_fitted_relevance_and_its_values_give_the_same():
    y_true, y_pred, relevance = example()
    for score in WITH_RELEVANCE:
        np.testing.assert_array_equal(
            score(y_true, y_pred, relevance=relevance), score(y_true, y_pred, relevance=relevance(y_true))
        )


def test_scores_without_rows_to_judge_are_nan():
    y_true, y_pred = [1, 2], [2, 4]
    assert sera_score(y_true, y_pred, relevance=[0, 0]) == 0
    for score in (relevance_weighted_mse, relevance_weighted_mae, relevance_weighted_rmse, rare_mae, rare_rmse):
        assert math.isnan(score(y_true, y_pred, relevance=[0, 0]))
    assert math.isnan(common_rmse(y_true, y_pred, relevance=[1, 1]))
    assert common_rmse(y_true, y_pred, relevance=[0, 0]) == pytest.approx(math.sqrt(2.5))


@pytest.mark.parametrize("y_true", [[0, 0], [1, -1], [0.1, 0.2, -0.3]])
def test_total_ratio_of_a_target_that_sums_to_zero_is_nan(y_true):
    assert math.isnan(total_ratio(y_true, [1] * len(y_true)))


@given(st.lists(st.tuples(st.floats(0.1, 100), finite), min_size=1, max_size=30), st.floats(0.1, 10))
def test_total_ratio_scales_with_the_predictions(pairs, factor):
    y_true, y_pred = np.array(pairs).T
    expected = sum(y_pred.tolist()) / sum(y_true.tolist())
    assert total_ratio(y_true, y_pred) == pytest.approx(expected, rel=1e-9, abs=1e-9)
    assert total_ratio(y_true, factor * y_true) == pytest.approx(factor)


@pytest.mark.parametrize("score", [*WITH_RELEVANCE, total_ratio])
@pytest.mark.parametrize(
    ("y_true", "y_pred", "message"),
    [
        ([1, 2, 3], [1, 2], "inconsistent numbers of samples"),
        ([1, np.nan], [1, 2], "y_true contains NaN"),
        ([1, 2], [1, np.inf], "y_pred contains infinity"),
        ([1, 2], [[1, 2], [3, 4]], "y_pred must be one column"),
        (["a", "b"], [1, 2], "y_true must be numeric"),
        ([], [], r"y_true cannot be used: Found array with 0 sample\(s\)"),
    ],
)
def test_unusable_input_is_refused(score, y_true, y_pred, message):
    relevance = {} if score is total_ratio else {"relevance": Relevance(method="quantile").fit([1, 2, 3])}
    with pytest.raises(ValueError, match=message):
        score(y_true, y_pred, **relevance)


@pytest.mark.parametrize("score", WITH_RELEVANCE)
@pytest.mark.parametrize(
    ("relevance", "error", "message"),
    [
        (Relevance(), NotFittedError, "call fit"),
        (np.abs, TypeError, "must be a fitted Relevance"),
        ([0.5], ValueError, "inconsistent numbers"),
        ([0.5, 1.5], ValueError, r"relevance must be in \[0, 1\]; got values from 0.5 to 1.5"),
        ([0.5, np.nan], ValueError, "relevance contains NaN"),
    ],
)
def test_unusable_relevance_is_refused(score, relevance, error, message):
    with pytest.raises(error, match=message):
        score([1, 2], [2, 3], relevance=relevance)


def test_other_wrong_arguments_are_refused():
    with pytest.raises(ValueError, match="thresholds must be in"):
        ser_curve([1, 2], [2, 3], relevance=[0, 1], thresholds=[0.5, 2])
    with pytest.raises(ValueError, match="sample_weight must not be negative"):
        sera_score([1, 2], [2, 3], relevance=[0, 1], sample_weight=[1, -1])
    with pytest.raises(ValueError, match="inconsistent numbers"):
        sera_score([1, 2], [2, 3], relevance=[0, 1], sample_weight=[1])
    for score in (rare_mae, rare_rmse, common_rmse):
        with pytest.raises(ValueError, match="threshold must be in"):
            score([1, 2], [2, 3], relevance=[0, 1], threshold=0)


def test_columns_and_frames_are_accepted():
    y_true, y_pred, relevance = example()
    expected = sera_score(y_true, y_pred, relevance=relevance)
    assert sera_score(pd.Series(y_true), y_pred[:, None], relevance=relevance) == expected


@pytest.mark.parametrize("normalize", [False, True])
def test_the_scorer_is_minus_the_score(normalize):
    X, y = make_regression(80, 3, noise=30, random_state=0)
    relevance = Relevance(method="quantile").fit(y)
    model = Ridge().fit(X, y)
    scorer = make_sera_scorer(relevance, normalize=normalize)
    expected = -sera_score(y, model.predict(X), relevance=relevance, normalize=normalize)
    assert scorer(model, X, y) == expected < 0
    assert pickle.loads(pickle.dumps(scorer))(model, X, y) == expected
    weight = np.arange(80)
    expected = -sera_score(y, model.predict(X), relevance=relevance, normalize=normalize, sample_weight=weight)
    assert scorer(model, X, y, sample_weight=weight) == expected


def test_the_scorer_judges_all_candidates_and_folds_by_one_relevance():
    X, y = make_regression(90, 3, noise=30, random_state=0)
    relevance = Relevance(method="quantile").fit(y)
    scorer = make_sera_scorer(relevance)
    results = cross_validate(Ridge(), X, y, cv=3, scoring=scorer, return_estimator=True, return_indices=True)
    for model, test, score in zip(results["estimator"], results["indices"]["test"], results["test_score"]):
        assert score == -sera_score(y[test], model.predict(X[test]), relevance=relevance)
    search = clone(GridSearchCV(Ridge(), {"alpha": [1e-3, 1e4]}, scoring=scorer)).fit(X, y)
    assert search.best_params_ == {"alpha": 1e-3}
    assert search.score(X, y) == scorer(search, X, y)


def test_the_scorer_is_not_moved_by_refitting_its_relevance():
    X, y = make_regression(80, 3, noise=30, random_state=0)
    relevance = Relevance(method="quantile").fit(y)
    scorer, model = make_sera_scorer(relevance), Ridge().fit(X, y)
    before = scorer(model, X, y)
    relevance.fit(y + 1000)
    assert scorer(model, X, y) == before


def test_the_scorer_refuses_what_cannot_follow_the_folds():
    with pytest.raises(NotFittedError, match="call fit"):
        make_sera_scorer(Relevance())
    for wrong in ([0.5, 1], None, Relevance):
        with pytest.raises(TypeError, match="needs a fitted Relevance"):
            make_sera_scorer(wrong)
