"""Regressors around regressors: weights, output correction, resampling with weights and calibration."""

import pickle
import warnings

import numpy as np
import pandas as pd
import polars as pl
import pytest
import sklearn
from _shared import KeepsRows, ScriptedSampler
from hypothesis import given, settings
from hypothesis import strategies as st
from imblearn import over_sampling as imblearn_over_sampling
from imblearn.pipeline import Pipeline as ImblearnPipeline
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import BaseEstimator, clone
from sklearn.compose import TransformedTargetRegressor, make_column_transformer
from sklearn.datasets import load_diabetes
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.ensemble import RandomForestRegressor
from sklearn.exceptions import NotFittedError
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.model_selection import GridSearchCV, KFold, TimeSeriesSplit
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.tree import DecisionTreeRegressor
from sklearn.utils.estimator_checks import parametrize_with_checks

from skgan_resample import SMOGN, SMOTER, RandomOverSampler, Relevance, ResamplingWarning
from skgan_resample.compose import (
    OutputCorrectedRegressor,
    RelevanceWeightedRegressor,
    ResampledClassifier,
    ResampledRegressor,
    output_correction,
)
from skgan_resample.model_selection import RegressionStratifiedKFold


def is_high(y):
    return (y > 8).astype(float)


HIGH = Relevance(method=is_high)  # 6 of the 48 rows below: each weighs 42 / 6 = 7, each common row 1


@pytest.fixture(scope="module")
def table():
    rng = np.random.RandomState(0)
    y = rng.permutation(np.r_[3 * rng.uniform(size=42), 9 + 3 * rng.uniform(size=6)])
    X = np.column_stack([np.sqrt(y) + 0.3 * rng.normal(size=48), rng.normal(size=(48, 2))])
    return X, y


@pytest.fixture
def given_weight():
    return np.random.RandomState(1).randint(1, 4, size=48).astype(float)


class Recorder(KeepsRows, LinearRegression):
    pass


class UnweightedRecorder(BaseEstimator):
    """Keeps what it was fitted to, and takes no weights."""

    def fit(self, X, y):
        self.X_, self.y_ = X, y
        return self

    def predict(self, X):
        return np.zeros(len(X))


QUANTILE = Relevance(method="quantile")  # so that the tables of the checks have rare rows


@pytest.mark.filterwarnings("ignore::skgan_resample.ResamplingWarning")
@parametrize_with_checks(
    [
        RelevanceWeightedRegressor(LinearRegression(), relevance=QUANTILE),
        OutputCorrectedRegressor(LinearRegression(), relevance=QUANTILE, cv=3),
        ResampledRegressor(RandomOverSampler(relevance=QUANTILE), LinearRegression()),
        ResampledRegressor(SMOTER(relevance=QUANTILE), LinearRegression(), recalibrate="mean", cv=3),
        ResampledRegressor("passthrough", LinearRegression(), recalibrate="isotonic", cv=3),
    ]
)
@pytest.mark.slow
def test_scikit_learn_checks(estimator, check):
    check(estimator)


# ------------------------------------------------------------------------------------------------ weights
def test_weighting_equals_repeating_rows(table, given_weight):
    X, y = table
    for sample_weight in (None, given_weight):
        model = RelevanceWeightedRegressor(LinearRegression(), relevance=HIGH).fit(X, y, sample_weight)
        times = np.where(y > 8, 7, 1) * (1 if sample_weight is None else given_weight.astype(int))
        repeated = LinearRegression().fit(np.repeat(X, times, axis=0), np.repeat(y, times))
        assert_allclose(model.estimator_.coef_, repeated.coef_)
        assert_allclose(model.predict(X), repeated.predict(X))
    assert not np.allclose(repeated.coef_, LinearRegression().fit(X, y).coef_)


def test_threshold_reaches_the_weights(table):
    X, y = table
    relevance = Relevance(method="control_points", control_points=[(2, 0), (12, 1)])
    model = RelevanceWeightedRegressor(Recorder(), relevance=relevance, threshold=0.95).fit(X, y)
    assert_array_equal(model.estimator_.sample_weight_, clone(relevance).fit(y).sample_weight(y, 0.95))
    assert not hasattr(relevance, "n_samples_")  # the caller's object is left alone


def test_without_rare_rows_all_rows_weigh_the_same(table):
    X, _ = table
    for relevance, threshold in ((None, 0.8), (Relevance(method="quantile"), 1.0)):
        flat = np.linspace(0, 1, 48)  # no box-plot extremes
        model = RelevanceWeightedRegressor(Recorder(), relevance=relevance, threshold=threshold)
        with pytest.warns(ResamplingWarning, match="All rows weigh the same") as caught:
            model.fit(X, flat)
        assert len(caught) == 1
        assert caught[0].filename == __file__
        assert_array_equal(model.estimator_.sample_weight_, np.ones(48))
        with pytest.warns(ResamplingWarning):
            neighbors = clone(model).set_params(estimator=UnweightedRecorder()).fit(X, flat)
        assert_array_equal(neighbors.estimator_.X_, X)  # nothing to draw for


def test_bootstrap_draws_rows_by_weight(table, given_weight):
    X, y = table
    weights = np.where(y > 8, 7, 1) * given_weight
    expected = weights / weights.sum()
    counts = np.zeros(48)
    for seed in range(300):
        model = RelevanceWeightedRegressor(UnweightedRecorder(), relevance=HIGH, random_state=seed)
        drawn = model.fit(X, y, given_weight).estimator_
        assert len(drawn.y_) == 48
        rows = [np.flatnonzero((row == X).all(axis=1)).item() for row in drawn.X_]
        assert_array_equal(y[rows], drawn.y_)
        counts += np.bincount(rows, minlength=48)
    n_drawn = 300 * 48
    assert (np.abs(counts / n_drawn - expected) < 5 * np.sqrt(expected / n_drawn)).all()


def test_neighbours_fall_back_on_the_bootstrap_or_raise(table):
    X, y = table
    model = RelevanceWeightedRegressor(KNeighborsRegressor(), relevance=HIGH, random_state=0).fit(X, y)
    again = clone(model).fit(X, y)
    other = clone(model).set_params(random_state=1).fit(X, y)
    assert_array_equal(model.predict(X), again.predict(X))
    assert (model.predict(X) != other.predict(X)).any()
    assert model.predict(X).mean() > KNeighborsRegressor().fit(X, y).predict(X).mean()
    for estimator in (KNeighborsRegressor(), make_pipeline(StandardScaler(), KNeighborsRegressor())):
        with pytest.raises(ValueError, match="KNeighborsRegressor takes no sample_weight"):
            RelevanceWeightedRegressor(estimator, relevance=HIGH, fallback="raise").fit(X, y)


def test_weights_go_to_the_last_step_of_a_pipeline(table, given_weight):
    X, y = table
    weights = given_weight * np.where(y > 8, 7, 1)
    steps = [("scale", StandardScaler()), ("inner", make_pipeline(StandardScaler(), Recorder()))]
    for pipeline in (sklearn.pipeline.Pipeline(steps), ImblearnPipeline([*steps[:1], ("inner", Recorder())])):
        model = RelevanceWeightedRegressor(pipeline, relevance=HIGH, fallback="raise").fit(X, y, given_weight)
        last = model.estimator_[-1]
        last = last[-1] if hasattr(last, "steps") else last
        assert_array_equal(last.sample_weight_, weights)


def test_weights_pass_through_searches_and_target_transformers(table):
    X, y = table
    weights = np.where(y > 8, 7.0, 1.0)
    search = GridSearchCV(Ridge(), {"alpha": [0.1, 1.0]}, cv=3)
    model = RelevanceWeightedRegressor(search, relevance=HIGH, fallback="raise").fit(X, y)
    assert_allclose(model.predict(X), search.fit(X, y, sample_weight=weights).predict(X))
    logged = TransformedTargetRegressor(make_pipeline(StandardScaler(), Ridge()), func=np.log, inverse_func=np.exp)
    model = RelevanceWeightedRegressor(logged, relevance=HIGH, fallback="raise").fit(X, y)
    assert_allclose(model.predict(X), logged.fit(X, y, ridge__sample_weight=weights).predict(X))


def test_a_forest_is_found_to_take_weights_although_it_has_no_length_yet(table):
    X, y = table
    search = GridSearchCV(RandomForestRegressor(3), {"max_depth": [2]}, cv=3)
    model = RelevanceWeightedRegressor(search, relevance=HIGH, fallback="raise", random_state=0).fit(X, y)
    assert model.predict(X).shape == (48,)


def test_weights_do_not_go_through_a_pipeline_that_resamples(table):
    X, y = table
    pipeline = ImblearnPipeline([("resample", SMOTER(relevance=HIGH)), ("regress", Ridge())])
    with pytest.raises(ValueError, match="cannot travel through a Pipeline that resamples: use ResampledRegressor"):
        RelevanceWeightedRegressor(pipeline, relevance=HIGH).fit(X, y)
    inside = RelevanceWeightedRegressor(Recorder(), relevance=HIGH)
    pipeline = ImblearnPipeline([("resample", SMOTER(relevance=HIGH, random_state=0)), ("regress", inside)]).fit(X, y)
    n_rare = np.count_nonzero(pipeline[-1].estimator_.y_ > 8)
    assert_allclose(pipeline[-1].estimator_.sample_weight_.max(), 42 / n_rare)  # of the resampled rows


# ------------------------------------------------------------------------------------------------ output correction
finite = st.floats(-1e3, 1e3)


@settings(deadline=None)
@given(st.lists(st.tuples(finite, finite, st.floats(0.01, 100)), min_size=3, max_size=30))
def test_line_is_the_weighted_least_squares_fit(rows):
    y, predictions, weights = np.array(rows).T
    slope, intercept = output_correction(y, predictions, weights)
    if np.ptp(predictions) == 0:
        assert slope == 0
        assert_allclose(intercept, np.average(y, weights=weights), atol=1e-9)
    elif np.ptp(predictions) > 1:
        assert_allclose((slope, intercept), np.polyfit(predictions, y, 1, w=np.sqrt(weights)), rtol=1e-6, atol=1e-6)


def test_line_of_constant_predictions_is_flat():
    y, weights = np.array([1.0, 2.0, 6.0]), np.array([1.0, 1.0, 2.0])
    assert output_correction(y, np.full(3, 0.1), weights) == (0.0, 3.75)
    assert output_correction(y, 0.1 + 1e-17 * np.arange(3), weights) == (0.0, 3.75)
    assert output_correction(y, 1e6 + np.array([0, 1e-16, 2e-10]), weights) == (0.0, 3.75)  # rounding
    assert output_correction(y, [0, 0, 0]) == (0.0, 3.0)
    slope, _ = output_correction(y, 1e6 + 1e-3 * y, weights)
    assert_allclose(slope, 1000, rtol=1e-5)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([1.0, 2.0], [1.0], None), "inconsistent numbers of samples"),
        (([1.0, 2.0], [1.0, np.nan], None), "Input predictions contains NaN"),
        (([1.0, 2.0], [1.0, 2.0], [1.0, -1.0]), "Negative values in data passed to `sample_weight`"),
        (([1.0, 2.0], [1.0, 2.0], [1.0]), "sample_weight"),
    ],
)
def test_line_through_unusable_values_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        output_correction(*arguments)


def test_line_is_fitted_to_out_of_fold_predictions(table, given_weight):
    X, y = table
    for sample_weight in (None, given_weight):
        model = OutputCorrectedRegressor(Ridge(5.0), relevance=HIGH, cv=KFold(4)).fit(X, y, sample_weight)
        w = np.ones(48) if sample_weight is None else sample_weight
        predictions = np.empty(48)
        for train, test in KFold(4).split(X):
            predictions[test] = Ridge(5.0).fit(X[train], y[train], w[train]).predict(X[test])
        line = np.polyfit(predictions, y, 1, w=np.sqrt(w * np.where(y > 8, 7, 1)))
        assert_allclose((model.slope_, model.intercept_), line)
        on_all = Ridge(5.0).fit(X, y, w)
        assert_allclose(model.estimator_.coef_, on_all.coef_)
        assert_allclose(model.predict(X), line[1] + line[0] * on_all.predict(X))


def test_a_number_of_folds_means_stratified_shuffled_ones(table):
    X, y = table
    model = OutputCorrectedRegressor(Ridge(5.0, random_state=0), relevance=HIGH, cv=4, random_state=3).fit(X, y)
    seed = np.random.RandomState(3).randint(np.iinfo(np.int32).max)
    cv = RegressionStratifiedKFold(4, shuffle=True, random_state=seed)
    same = OutputCorrectedRegressor(Ridge(5.0), relevance=HIGH, cv=cv).fit(X, y)
    assert (model.slope_, model.intercept_) == (same.slope_, same.intercept_)
    default = OutputCorrectedRegressor(Ridge(5.0), relevance=HIGH, cv=5, random_state=3).fit(X, y)
    assert clone(default).set_params(cv=None).fit(X, y).slope_ == default.slope_


def test_rows_that_are_never_tested_stay_out_of_the_line(table):
    X, y = table
    cv = TimeSeriesSplit(3, max_train_size=30)
    model = OutputCorrectedRegressor(LinearRegression(), relevance=HIGH, cv=cv).fit(X, y)
    tested = np.concatenate([test for _, test in cv.split(X)])
    assert len(tested) < 48
    predictions = np.concatenate([LinearRegression().fit(X[a], y[a]).predict(X[b]) for a, b in cv.split(X)])
    line = np.polyfit(predictions, y[tested], 1, w=np.sqrt(np.where(y[tested] > 8, 7, 1)))
    assert_allclose((model.slope_, model.intercept_), line)


def test_rows_tested_twice_count_with_their_mean_prediction(table):
    X, y = table
    halves = [(np.arange(24), np.arange(24, 48)), (np.arange(12), np.arange(24, 48))]
    model = OutputCorrectedRegressor(LinearRegression(), relevance=HIGH, cv=halves).fit(X, y)
    predictions = np.mean([LinearRegression().fit(X[a], y[a]).predict(X[b]) for a, b in halves], axis=0)
    line = np.polyfit(predictions, y[24:], 1, w=np.sqrt(np.where(y[24:] > 8, 7, 1)))
    assert_allclose((model.slope_, model.intercept_), line)


def test_strength_is_the_share_of_the_way_to_the_line():
    X, y = load_diabetes(return_X_y=True)
    plain = Ridge(5.0).fit(X, y).predict(X)
    at = {
        strength: OutputCorrectedRegressor(Ridge(5.0), relevance=HIGH, strength=strength, random_state=0).fit(X, y)
        for strength in (0.0, 0.25, 1.0)
    }
    np.testing.assert_array_equal(at[0.0].predict(X), plain)
    np.testing.assert_allclose(at[1.0].predict(X), at[1.0].intercept_ + at[1.0].slope_ * plain)
    np.testing.assert_allclose(at[0.25].predict(X), 0.75 * plain + 0.25 * at[1.0].predict(X))


def test_a_constant_model_is_corrected_to_the_weighted_mean(table):
    X, y = table
    model = OutputCorrectedRegressor(DummyRegressor(strategy="constant", constant=2.0), relevance=HIGH).fit(X, y)
    assert model.slope_ == 0
    assert_allclose(model.predict(X), np.average(y, weights=np.where(y > 8, 7, 1)))


def test_correction_goes_around_weighting(table):
    X, y = table
    inner = RelevanceWeightedRegressor(LinearRegression(), relevance=HIGH)
    model = OutputCorrectedRegressor(inner, relevance=HIGH, random_state=0).fit(X, y, np.ones(48))
    assert_allclose(model.estimator_.predict(X), inner.fit(X, y).predict(X))
    assert_allclose(model.predict(X), model.intercept_ + model.slope_ * inner.predict(X))


def test_weights_serve_the_line_where_the_estimator_takes_none(table, given_weight):
    X, y = table
    model = OutputCorrectedRegressor(KNeighborsRegressor(), relevance=HIGH, cv=KFold(3))
    with pytest.warns(ResamplingWarning, match="KNeighborsRegressor takes no sample_weight.*line alone") as caught:
        weighted = clone(model).fit(X, y, given_weight)
    assert caught[0].filename == __file__
    assert weighted.slope_ != model.fit(X, y).slope_


def test_without_rare_rows_the_line_has_equal_weights(table):
    X, _ = table
    y = np.linspace(0, 1, 48)
    with pytest.warns(ResamplingWarning, match="All rows weigh the same"):
        model = OutputCorrectedRegressor(LinearRegression(), cv=KFold(3)).fit(X, y)
    predictions = np.concatenate([LinearRegression().fit(X[a], y[a]).predict(X[b]) for a, b in KFold(3).split(X)])
    assert_allclose((model.slope_, model.intercept_), np.polyfit(predictions, y, 1))


# ------------------------------------------------------------------------------------------------ resampling
@pytest.mark.parametrize("sampler", [None, "passthrough"])
def test_without_a_sampler_the_rows_are_as_given(table, given_weight, sampler):
    X, y = table
    model = ResampledRegressor(sampler, Recorder()).fit(X, y, given_weight)
    assert model.sampler_ is None
    assert_array_equal(model.estimator_.X_, X)
    assert_array_equal(model.estimator_.y_, y)
    assert_array_equal(model.estimator_.sample_weight_, given_weight)


def test_the_estimator_sees_the_resampled_rows(table):
    X, y = table
    sampler = SMOTER(relevance=HIGH, random_state=0)
    model = ResampledRegressor(sampler, Recorder()).fit(X, y)
    X_new, y_new = sampler.fit_resample(X, y)
    assert len(y_new) > 48
    assert_array_equal(model.estimator_.X_, X_new)
    assert_array_equal(model.estimator_.y_, y_new)
    assert model.estimator_.sample_weight_ is None
    assert_array_equal(model.sampler_.is_synthetic_, sampler.is_synthetic_)
    assert model.sampler_ is not sampler


def test_new_rows_weigh_the_mean_of_their_parents():
    X, y = np.arange(8.0).reshape(4, 2), np.array([1.0, 2.0, 3.0, 4.0])
    weight = [1.0, 2.0, 4.0, 9.0]
    sampler = ScriptedSampler([0, 2, 3, -1, -1, -1], kept=[0, 2, 3], parents=[[0, 1], [3, -1], [-1, -1]])
    model = ResampledRegressor(sampler, Recorder()).fit(X, y, weight)
    assert model.estimator_.sample_weight_.tolist() == [1, 4, 9, 1.5, 9, 4]  # 4: the mean of all rows


@pytest.mark.parametrize("sampler", [SMOTER(), SMOGN(), RandomOverSampler()])
def test_weights_follow_our_samplers(table, given_weight, sampler):
    X, y = table
    sampler = clone(sampler).set_params(
        relevance=HIGH, sampling_strategy="balance", under_sampling="balance", random_state=0
    )
    model = ResampledRegressor(sampler, Recorder()).fit(X, y, given_weight)
    sampler = model.sampler_
    assert len(sampler.kept_indices_) < 48
    expected = given_weight[sampler.kept_indices_].tolist()
    for parents in sampler.parent_indices_:
        expected.append(np.mean([given_weight[parent] for parent in parents if parent >= 0]))
    assert model.estimator_.sample_weight_.tolist() == expected
    assert len(expected) > len(sampler.kept_indices_)


def test_rows_of_a_sampler_that_says_nothing_are_found_by_their_values():
    X, y = np.array([[0.0], [0.0], [1.0], [2.0]]), np.array([5.0, 5.0, 6.0, 7.0])
    weight = [1.0, 2.0, 3.0, 6.0]
    rows = [3, -1, 0, 2, 1, 3]  # shuffled; row 3 twice
    model = ResampledRegressor(ScriptedSampler(rows), Recorder()).fit(X, y, weight)
    assert model.estimator_.sample_weight_.tolist() == [6, 3, 1, 3, 2, 3]
    flags = [True, True, False, False, False, False]
    model = ResampledRegressor(ScriptedSampler(rows, flags=flags), Recorder()).fit(X, y, weight)
    assert model.estimator_.sample_weight_.tolist()[:5] == [3, 3, 1, 3, 2]


def test_weights_for_an_estimator_without_weights_are_refused(table, given_weight):
    X, y = table
    with pytest.raises(ValueError, match="KNeighborsRegressor takes no sample_weight"):
        ResampledRegressor(RandomOverSampler(relevance=HIGH), KNeighborsRegressor()).fit(X, y, given_weight)


def out_of_fold(X, y, w, cv):
    """Out-of-fold predictions of copying rare rows and a straight line, on the rows given; written out."""
    predictions = np.empty(len(y))
    for train, test in cv.split(X):
        sampler = RandomOverSampler(relevance=HIGH, sampling_strategy="balance", random_state=0)
        X_new, y_new = sampler.fit_resample(X[train], y[train])
        w_new = np.r_[w[train], w[train][sampler.parent_indices_[:, 0]]]
        predictions[test] = LinearRegression().fit(X_new, y_new, w_new).predict(X[test])
    return predictions


def test_recalibrated_mean_is_the_mean_of_the_target_out_of_fold(table, given_weight):
    X, y = table
    sampler = RandomOverSampler(relevance=HIGH, sampling_strategy="balance", random_state=0)
    plain = ResampledRegressor(sampler, LinearRegression()).fit(X, y)
    for sample_weight in (None, given_weight):
        w = np.ones(48) if sample_weight is None else sample_weight
        model = clone(plain).set_params(recalibrate="mean", cv=KFold(4)).fit(X, y, sample_weight)
        predictions = out_of_fold(X, y, w, KFold(4))
        assert abs(np.average(y - predictions, weights=w)) > 0.1  # resampling shifts the mean ...
        assert abs(np.average(y - predictions - model.offset_, weights=w)) < 1e-12  # ... and the offset restores it
        assert_allclose(model.predict(X), model.estimator_.predict(X) + model.offset_)
    calibrated = model.predict(X)
    assert_array_equal(model.set_params(recalibrate=None).predict(X), calibrated)  # parameters act when fit is called
    assert_array_equal(model.fit(X, y).predict(X), plain.predict(X))


def test_isotonic_recalibration_is_learned_out_of_fold(table, given_weight):
    X, y = table
    sampler = RandomOverSampler(relevance=HIGH, sampling_strategy="balance", random_state=0)
    model = ResampledRegressor(sampler, LinearRegression(), recalibrate="isotonic", cv=KFold(4))
    model.fit(X, y, given_weight)
    expected = IsotonicRegression(out_of_bounds="clip")
    expected.fit(out_of_fold(X, y, given_weight, KFold(4)), y, given_weight)
    far = np.r_[X, 100 + X, X - 100]
    raw, corrected = model.estimator_.predict(far), model.predict(far)
    assert_allclose(corrected, expected.predict(raw))
    assert (np.diff(corrected[np.argsort(raw)]) >= 0).all()
    assert y.min() <= corrected.min() < corrected.max() <= y.max()


# ------------------------------------------------------------------------------------------------ all three
def all_three(estimator, **parameters):
    return [
        RelevanceWeightedRegressor(estimator, relevance=HIGH, **parameters),
        OutputCorrectedRegressor(estimator, relevance=HIGH, cv=3, **parameters),
        ResampledRegressor(SMOTER(relevance=HIGH), estimator, recalibrate="mean", cv=3, **parameters),
    ]


@pytest.mark.usefixtures("give_back")
def test_seed_reaches_every_nested_object(table):
    X, y = table
    learner = TransformedTargetRegressor(make_pipeline(StandardScaler(), RandomForestRegressor(5)))
    for model in all_three(learner, random_state=0):
        first = model.fit(X, y).predict(X)
        assert_array_equal(first, clone(model).fit(X, y).predict(X))
        assert (first != clone(model).set_params(random_state=1).fit(X, y).predict(X)).any()
        assert isinstance(model.estimator_.regressor[-1].random_state, int)
        assert learner.regressor[-1].random_state is None
        if hasattr(model, "sampler_"):
            assert isinstance(model.sampler_.random_state, int)
            assert model.sampler.random_state is None


def test_given_seeds_are_kept(table):
    X, y = table
    for model in all_three(RandomForestRegressor(5, random_state=7), random_state=0):
        assert model.fit(X, y).estimator_.random_state == 7
    sampler = SMOTER(relevance=HIGH, random_state=9)
    assert ResampledRegressor(sampler, Ridge(), random_state=0).fit(X, y).sampler_.random_state == 9


def test_tables_pass_through_untouched(table):
    _, y = table
    rng = np.random.RandomState(0)
    frame = pd.DataFrame({"colour": rng.choice(["red", "blue"], 48), "size": np.sqrt(y), "junk": rng.normal(size=48)})
    frame.loc[::7, "junk"] = np.nan
    columns = make_column_transformer((OneHotEncoder(), ["colour"]), ("passthrough", ["size", "junk"]))
    learner = make_pipeline(columns, DecisionTreeRegressor(max_depth=3))
    before = frame.copy()
    for model in all_three(learner, random_state=0):
        model.fit(frame, pd.Series(y, index=frame.index + 5))
        assert model.feature_names_in_.tolist() == ["colour", "size", "junk"]
        assert model.n_features_in_ == 3
        assert model.score(frame, y) > 0.5
        assert_array_equal(model.predict(frame), model.predict(frame[["junk", "size", "colour"]]))  # by name
    pd.testing.assert_frame_equal(frame, before)


def test_pandas_and_polars_tables_give_the_same_model(table):
    X, y = table
    columns = {"level": np.where(X[:, 1] > 0, "a", "b").tolist(), "x": X[:, 0].tolist()}
    encoder = make_column_transformer((OneHotEncoder(sparse_output=False), ["level"]), ("passthrough", ["x"]))
    for model in all_three(make_pipeline(encoder, Ridge()), random_state=0):
        frames = pd.DataFrame(columns), pl.DataFrame(columns)
        first, second = (clone(model).fit(frame, y).predict(frame) for frame in frames)
        assert_array_equal(first, second)


def test_tags_are_those_of_what_is_inside():
    for model in all_three(DecisionTreeRegressor()):
        assert sklearn.utils.get_tags(model).input_tags.allow_nan
        assert sklearn.base.is_regressor(model)
    for model in all_three(LinearRegression()):
        assert not sklearn.utils.get_tags(model).input_tags.allow_nan
    foreign = ResampledRegressor(imblearn_over_sampling.SMOTE(), DecisionTreeRegressor())
    assert not sklearn.utils.get_tags(foreign).input_tags.allow_nan
    assert sklearn.utils.get_tags(all_three(Ridge())[0]).input_tags.sparse
    assert not sklearn.utils.get_tags(all_three(Ridge())[2]).input_tags.sparse  # our samplers refuse it


@pytest.mark.filterwarnings("ignore:A rare row without neighbours")
@pytest.mark.slow
def test_models_pickle_clone_and_search(table):
    X, y = table
    for model in all_three(Ridge(), random_state=0):
        model.fit(X, y)
        assert_array_equal(pickle.loads(pickle.dumps(model)).predict(X), model.predict(X))
        assert repr(clone(model)) == repr(model)
        search = GridSearchCV(model, {"estimator__alpha": [0.1, 1e4]}, cv=RegressionStratifiedKFold(3)).fit(X, y)
        assert search.best_estimator_.estimator_.alpha == search.best_params_["estimator__alpha"] == 0.1
    grid = [{"sampler__k_neighbors": [1, 3], "recalibrate": [None, "isotonic"]}, {"sampler": ["passthrough"]}]
    search = GridSearchCV(model, grid, cv=3, error_score="raise").fit(X, y)
    assert len(search.cv_results_["params"]) == 5


def test_weights_are_routed_on_request(table, given_weight):
    X, y = table
    with sklearn.config_context(enable_metadata_routing=True):
        for model, factor in zip(all_three(Recorder(), random_state=0), (np.where(y > 8, 7, 1), 1, 1)):
            scaler = StandardScaler().set_fit_request(sample_weight=False)
            pipeline = make_pipeline(scaler, model.set_fit_request(sample_weight=True))
            pipeline.fit(X, y, sample_weight=given_weight)
            assert_array_equal(pipeline[-1].estimator_.sample_weight_[:48], given_weight * factor)
        inner = make_pipeline(scaler, Recorder().set_fit_request(sample_weight=True))
        model = RelevanceWeightedRegressor(inner, relevance=HIGH).fit(X, y, given_weight)
        assert_array_equal(model.estimator_[-1].sample_weight_, given_weight * np.where(y > 8, 7, 1))


def test_models_must_be_fitted_before_they_predict(table):
    X, y = table
    for model in all_three(Ridge()):
        with pytest.raises(NotFittedError):
            model.predict(X)
        with pytest.raises(ValueError, match="NaN"):
            model.fit(X, np.where(y > 8, np.nan, y))
        with pytest.raises(NotFittedError):  # a failed fit is none
            model.predict(X)


@pytest.mark.parametrize(
    ("y", "sample_weight", "message"),
    [
        (None, None, "requires y to be passed"),
        (np.full(48, np.nan), None, "Input y contains NaN"),
        (np.array(["a"] * 48), None, "must be numeric, but holds text or categories such as 'a'"),
        (np.ones((48, 2)), None, "one column, got 2"),
        (np.arange(40.0), None, "inconsistent numbers of samples"),
        (np.arange(48.0), np.ones(40), "sample_weight"),
        (np.arange(48.0), -np.ones(48), "Negative values"),
        (np.arange(48.0), np.full(48, np.nan), "sample_weight contains NaN"),
    ],
)
def test_unusable_rows_are_refused_in_one_sentence(table, y, sample_weight, message):
    for model in all_three(Ridge()):
        with pytest.raises(ValueError, match=message):
            model.fit(table[0], y, sample_weight)


def test_lengths_are_checked_also_where_the_estimator_does_not():
    model = RelevanceWeightedRegressor(UnweightedRecorder(), relevance=HIGH)
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        model.fit(np.zeros((48, 1)), np.arange(40.0))


@pytest.mark.parametrize(
    ("place", "parameters", "message"),
    [
        (0, {"threshold": 0}, "'threshold' parameter"),
        (0, {"fallback": "none"}, "'fallback' parameter"),
        (0, {"estimator": StandardScaler()}, "'estimator' parameter"),
        (1, {"cv": 1}, "'cv' parameter"),
        (1, {"relevance": 3}, "'relevance' parameter"),
        (2, {"sampler": "drop"}, "'sampler' parameter"),
        (2, {"recalibrate": "median"}, "'recalibrate' parameter"),
        (2, {"cv": 49}, "n_splits=49 greater than the number of samples: n_samples=48"),
    ],
)
def test_unusable_parameters_are_refused(table, place, parameters, message):
    model = all_three(Ridge())[place].set_params(**parameters)
    with pytest.raises(ValueError, match=message):
        model.fit(*table)


def test_nothing_warns_in_everyday_use(table):
    X, y = table
    frame = pd.DataFrame(X, columns=["a", "b", "c"])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for model in all_three(Ridge(), random_state=0):
            model.fit(frame, pd.Series(y)).predict(frame)


class Unfit(LinearRegression):
    """Cannot be fitted."""

    def fit(self, X, y, sample_weight=None):
        raise RuntimeError("no fit today")


@pytest.mark.parametrize("around", [
    RelevanceWeightedRegressor, OutputCorrectedRegressor, lambda model: ResampledRegressor(None, model),
    lambda model: ResampledRegressor(None, model, recalibrate="mean"), lambda model: ResampledClassifier(None, model),
])  # fmt: skip
def test_a_fit_that_fails_leaves_no_earlier_one_to_predict_with(table, around):
    X, y = table
    classes = isinstance(around(LinearRegression()), ResampledClassifier)
    model = around(DummyClassifier() if classes else LinearRegression()).fit(X, np.digitize(y, [5]) if classes else y)
    model.predict(X)
    with pytest.raises(RuntimeError, match="no fit today"):
        model.set_params(estimator=Unfit()).fit(X, np.digitize(y, [5]) if classes else y)
    with pytest.raises(NotFittedError):
        model.predict(X)
