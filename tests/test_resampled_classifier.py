"""ResampledClassifier: weights, corrected probabilities, and all that passes through."""

import pickle
import warnings

import numpy as np
import pandas as pd
import polars as pl
import pytest
import sklearn
from _shared import KeepsRows, ScriptedSampler, sklearn_version
from hypothesis import given, settings
from hypothesis import strategies as st
from imblearn.combine import SMOTEENN
from imblearn.over_sampling import SMOTE, RandomOverSampler
from imblearn.pipeline import make_pipeline as make_imblearn_pipeline
from imblearn.under_sampling import RandomUnderSampler
from numpy.testing import assert_allclose, assert_array_equal
from scipy.stats import norm
from sklearn.base import BaseEstimator, ClassifierMixin, clone, is_classifier
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import make_column_transformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.exceptions import DataConversionWarning, NotFittedError
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.svm import SVC, LinearSVC
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils import get_tags
from sklearn.utils.estimator_checks import parametrize_with_checks

from skgan_resample import ResampledClassifier, SyntheticRefiner


@pytest.fixture(scope="module")
def table():
    rng = np.random.RandomState(0)
    y = rng.permutation(["common"] * 40 + ["rare"] * 8 + ["seldom"] * 12)
    X = rng.normal(size=(60, 3))
    X[:, 0] += (y == "rare") * 1.5 - (y == "seldom") * 1.0
    return X, y


@pytest.fixture
def given_weight():
    return np.random.RandomState(2).randint(1, 5, size=60).astype(float)


class Recorder(KeepsRows, LogisticRegression):
    pass


class Posterior(ClassifierMixin, BaseEstimator):
    """Knows that the classes are normal with means 0, 2, ... and deviation 1; learns their frequencies alone."""

    def fit(self, X, y, sample_weight=None):
        self.classes_ = np.unique(y)
        weight = np.ones(len(y)) if sample_weight is None else sample_weight
        self.prior_ = np.array([weight[y == label].sum() for label in self.classes_]) / weight.sum()
        return self

    def predict_proba(self, X):
        joint = norm.pdf(X[:, :1], loc=2.0 * np.arange(len(self.classes_))) * self.prior_
        return joint / joint.sum(axis=1, keepdims=True)

    def predict(self, X):
        return self.classes_[self.predict_proba(X).argmax(axis=1)]


@parametrize_with_checks(
    [
        ResampledClassifier(None, LogisticRegression()),
        ResampledClassifier("passthrough", LogisticRegression(), prior_correction=True),
        ResampledClassifier(None, RidgeClassifier()),
        ResampledClassifier(RandomOverSampler(), DecisionTreeClassifier(), prior_correction=True, random_state=0),
    ],
)
@pytest.mark.slow
def test_scikit_learn_checks(estimator, check):
    check(estimator)


# ------------------------------------------------------------------------------------------------ the rows
@pytest.mark.parametrize("sampler", [None, "passthrough"])
@pytest.mark.parametrize("prior_correction", [False, True])
def test_without_a_sampler_all_is_as_given(table, given_weight, sampler, prior_correction):
    X, y = table
    model = ResampledClassifier(sampler, Recorder(), prior_correction=prior_correction).fit(X, y, given_weight)
    assert model.sampler_ is None
    assert_array_equal(model.estimator_.X_, X)
    assert_array_equal(model.estimator_.y_, y)
    assert_array_equal(model.estimator_.sample_weight_, given_weight)
    assert_allclose(model.predict_proba(X), LogisticRegression().fit(X, y, given_weight).predict_proba(X))
    assert_array_equal(model.class_prior_, model.resampled_class_prior_)


@pytest.mark.parametrize("sampler", [RandomOverSampler(), SMOTE(), RandomUnderSampler(), SMOTEENN()])
def test_predictions_are_those_of_an_imblearn_pipeline(table, sampler):
    X, y = table
    sampler = sampler.set_params(random_state=0)
    model = ResampledClassifier(sampler, LogisticRegression()).fit(X, y)
    pipeline = make_imblearn_pipeline(sampler, LogisticRegression()).fit(X, y)
    assert_array_equal(model.classes_, pipeline.classes_)
    assert_array_equal(model.predict(X), pipeline.predict(X))
    assert_array_equal(model.predict_proba(X), pipeline.predict_proba(X))
    assert_array_equal(model.decision_function(X), pipeline.decision_function(X))
    assert model.score(X, y) == pipeline.score(X, y)
    assert (model.predict_proba(X) != LogisticRegression().fit(X, y).predict_proba(X)).all()
    assert model.sampler_ is not sampler
    assert_allclose(model.class_prior_, [40 / 60, 8 / 60, 12 / 60])
    y_new = sampler.fit_resample(X, y)[1]
    assert_allclose(model.resampled_class_prior_, np.unique(y_new, return_counts=True)[1] / len(y_new))


# ------------------------------------------------------------------------------------------------ weights
def test_copies_weigh_what_their_originals_weigh(table, given_weight):
    X, y = table
    sampler = RandomOverSampler(random_state=0)
    sampler.fit_resample(X, y)
    rows = sampler.sample_indices_
    assert len(rows) == 120
    by_hand = LogisticRegression().fit(X[rows], y[rows], given_weight[rows])
    model = ResampledClassifier(sampler, Recorder()).fit(X, y, given_weight)
    assert_array_equal(model.estimator_.sample_weight_, given_weight[rows])
    assert_array_equal(model.predict_proba(X), by_hand.predict_proba(X))
    sums = [given_weight[rows][y[rows] == label].sum() for label in model.classes_]
    assert_allclose(model.resampled_class_prior_, sums / given_weight[rows].sum())
    assert_allclose(model.class_prior_[1], given_weight[y == "rare"].sum() / given_weight.sum())


def test_rows_of_an_under_sampler_keep_their_weights(table, given_weight):
    X, y = table
    model = ResampledClassifier(RandomUnderSampler(random_state=0), Recorder()).fit(X, y, given_weight)
    assert len(model.estimator_.y_) == 24
    assert_array_equal(model.estimator_.sample_weight_, given_weight[model.sampler_.sample_indices_])


def test_new_rows_without_known_parents_weigh_the_mean_of_their_class(table, given_weight):
    X, y = table
    model = ResampledClassifier(SMOTE(random_state=0), Recorder()).fit(X, y, given_weight)
    new = model.estimator_.y_[60:]
    assert set(new) == {"rare", "seldom"}
    mean = {label: given_weight[y == label].mean() for label in np.unique(y)}
    assert len(set(mean.values())) == 3
    assert_allclose(model.estimator_.sample_weight_, [*given_weight, *(mean[label] for label in new)])


def test_new_rows_weigh_the_mean_of_their_parents():
    X, y, weight = np.arange(8.0).reshape(4, 2), np.array([0, 0, 1, 1]), [1.0, 2.0, 4.0, 9.0]
    sampler = ScriptedSampler([0, 2, 3, 2, 3, 2, 0], kept=[0, 2, 3], parents=[[2, 3], [3, -1], [-1, -1], [-1, -1]])
    model = ResampledClassifier(sampler, Recorder()).fit(X, y, weight)
    # 2 and 3, 3 alone, then the means of class 1 and of class 0
    assert model.estimator_.sample_weight_.tolist() == [1, 4, 9, 6.5, 9, 6.5, 1.5]
    assert_allclose(model.class_prior_, [3 / 16, 13 / 16])
    assert_allclose(model.resampled_class_prior_, [2.5 / 37.5, 35 / 37.5])


class OfAnotherTable(BaseEstimator):
    def fit_resample(self, X, y):
        self.sample_indices_ = np.zeros(5, dtype=int)
        return X, y


def test_positions_that_do_not_fit_are_not_believed(table, given_weight):
    X, y = table
    model = ResampledClassifier(OfAnotherTable(), Recorder()).fit(X, y, given_weight)
    assert_array_equal(model.estimator_.sample_weight_, given_weight)


def test_weights_for_an_estimator_without_weights_are_refused(table, given_weight):
    X, y = table
    with pytest.raises(ValueError, match="KNeighborsClassifier takes no sample_weight"):
        ResampledClassifier(SMOTE(), KNeighborsClassifier()).fit(X, y, given_weight)
    inside = make_imblearn_pipeline(SMOTE(), LogisticRegression())
    with pytest.raises(ValueError, match="use ResampledRegressor or ResampledClassifier"):
        ResampledClassifier(None, inside).fit(X, y, given_weight)


# ------------------------------------------------------------------------------------------------ prior correction
def test_correction_worked_by_hand():
    """One row of the first class to three of the second; the sampler makes it three to three."""
    X, y = np.array([[0.0], [1.0], [2.0], [3.0]]), np.array(["few", "many", "many", "many"])
    model = ResampledClassifier(ScriptedSampler([0, 0, 0, 1, 2, 3]), Posterior(), prior_correction=True).fit(X, y)
    assert_allclose(model.class_prior_, [1 / 4, 3 / 4])
    assert_allclose(model.resampled_class_prior_, [1 / 2, 1 / 2])
    assert_allclose(model.prior_ratio_, [1 / 2, 3 / 2])
    # At 1, half way, the densities are the same: 1/2 and 1/2 become 1/4 and 3/4. At 0 they are as 1 to exp(-2).
    assert_allclose(model.predict_proba(np.array([[1.0]])), [[1 / 4, 3 / 4]])
    assert_allclose(model.predict_proba(np.array([[0.0]])), [[1 / (1 + 3 * np.exp(-2)), 3 / (3 + np.exp(2))]])
    # The first class is the more probable one below 1 - log(3) / 2 = 0.45, and below 1 without correction.
    grid = np.array([[0.44], [0.46], [0.99], [1.01]])
    assert model.predict(grid).tolist() == ["few", "many", "many", "many"]
    plain = clone(model).set_params(prior_correction=False).fit(X, y)
    assert plain.predict(grid).tolist() == ["few", "few", "few", "many"]
    assert plain.prior_ratio_ is None


@settings(deadline=None, max_examples=50, derandomize=True)
@given(st.lists(st.integers(1, 30), min_size=2, max_size=4), st.integers(0, 1000), st.booleans())
def test_corrected_probabilities_are_the_known_posterior(counts, seed, weighted):
    """Where the densities are known, the correction is exact for any frequencies, weights and sampler."""
    rng = np.random.RandomState(seed)
    y = rng.permutation(np.repeat(np.arange(len(counts)), counts))
    X = rng.normal(2.0 * y)[:, None]
    weight = rng.uniform(0.5, 2, size=len(y)) if weighted else None
    rows = np.concatenate([np.arange(len(y)), rng.randint(len(y), size=40)])
    model = ResampledClassifier(ScriptedSampler(rows), Posterior(), prior_correction=True).fit(X, y, weight)
    grid = np.linspace(-5, 12, 50)[:, None]
    assert_allclose(model.predict_proba(grid), Posterior().fit(X, y, weight).predict_proba(grid))
    assert_array_equal(model.predict(grid), Posterior().fit(X, y, weight).predict(grid))
    assert not np.allclose(model.predict_proba(grid), model.estimator_.predict_proba(grid)) or np.allclose(
        model.class_prior_, model.resampled_class_prior_
    )


def test_copying_all_rows_of_a_class_is_undone(table, given_weight):
    X, y = table
    rows = np.r_[np.arange(60), np.tile(np.flatnonzero(y == "rare"), 3)]
    parents = np.c_[rows[60:], -np.ones(24, dtype=int)]
    sampler = ScriptedSampler(rows, kept=np.arange(60), parents=parents)
    for sample_weight in (None, given_weight):
        model = ResampledClassifier(sampler, GaussianNB(var_smoothing=0), prior_correction=True)
        model.fit(X, y, sample_weight)
        real = GaussianNB(var_smoothing=0).fit(X, y, sample_weight)  # the same means and variances by class
        assert_allclose(model.predict_proba(X), real.predict_proba(X), atol=1e-12)
        assert_array_equal(model.predict(X), real.predict(X))
        plain = clone(model).set_params(prior_correction=False).fit(X, y, sample_weight)
        assert_array_equal(plain.predict_proba(X), plain.estimator_.predict_proba(X))
        assert (plain.predict(X) != real.predict(X)).any()


def test_parameters_act_when_fit_is_called(table):
    X, y = table
    model = ResampledClassifier(RandomOverSampler(), LogisticRegression(), prior_correction=True, random_state=0)
    corrected = model.fit(X, y).predict_proba(X)
    model.set_params(prior_correction=False)
    assert_array_equal(model.predict_proba(X), corrected)
    assert not hasattr(model, "decision_function")
    plain = model.fit(X, y).predict_proba(X)
    assert (plain != corrected).any()
    assert hasattr(model, "decision_function")
    assert_array_equal(model.set_params(prior_correction=True).predict_proba(X), plain)


def test_correction_needs_probabilities(table):
    X, y = table
    for estimator in (RidgeClassifier(), SVC(), LinearSVC()):
        model = ResampledClassifier(SMOTE(random_state=0), estimator, prior_correction=True)
        message = f"prior_correction=True needs predict_proba, which {type(estimator).__name__} lacks"
        with pytest.raises(ValueError, match=message):
            model.fit(X, y)
        assert not hasattr(model, "predict_proba")


def test_correction_needs_weight_in_every_class(table):
    X, y = table
    weight = np.where(y == "rare", 0.0, 1.0)
    model = ResampledClassifier(RandomOverSampler(), Posterior(), prior_correction=True)
    with pytest.raises(ValueError, match=r"positive weight in every class, not so in \['rare'\]"):
        model.fit(X, y, weight)
    assert not hasattr(model, "classes_")
    assert model.set_params(prior_correction=False).fit(X, y, weight).class_prior_[1] == 0
    borrowed = ScriptedSampler(
        [0, 1, 2, 3, 2], kept=[0, 1, 2, 3], parents=[[0, -1]]
    )  # a row of class 1 made from one of class 0
    model = ResampledClassifier(borrowed, Posterior(), prior_correction=True)
    X, y = np.zeros((4, 1)), np.array([0, 0, 1, 1])
    with pytest.raises(ValueError, match=r"not so in \[1\]"):
        model.fit(X, y, [1.0, 1.0, 0.0, 0.0])
    thinned = ScriptedSampler(
        [0, 1, 2], kept=[0, 1, 2], parents=np.empty((0, 2), dtype=int)
    )  # the row that had weight is gone
    with pytest.raises(ValueError, match=r"not so in \[1\]"):
        model.set_params(sampler=thinned).fit(X, y, [1.0, 1.0, 0.0, 2.0])


# ------------------------------------------------------------------------------------------------ what passes through
def test_methods_are_those_of_the_estimator(table):
    X, y = table
    for estimator, methods in (
        (LogisticRegression(), {"predict_proba", "decision_function"}),
        (RidgeClassifier(), {"decision_function"}),
        (KNeighborsClassifier(), {"predict_proba"}),
    ):
        model = ResampledClassifier(SMOTE(random_state=0), estimator)
        for each in (model, clone(model).fit(X, y)):
            assert {name for name in ("predict_proba", "decision_function") if hasattr(each, name)} == methods
    search = GridSearchCV(LogisticRegression(), {"C": [1.0]})
    corrected = ResampledClassifier(SMOTE(random_state=0), search, prior_correction=True).fit(X, y)
    assert_allclose(corrected.predict_proba(X).sum(axis=1), 1)
    assert not hasattr(corrected, "decision_function")
    assert not hasattr(clone(corrected), "decision_function")


class Dropping(BaseEstimator):
    def fit_resample(self, X, y):
        return X[y != "rare"], y[y != "rare"]


def test_samplers_must_return_every_class(table):
    X, y = table
    message = r"Dropping must return rows of every class; it was given \['common', 'rare', 'seldom'\] and returned"
    with pytest.raises(ValueError, match=message + r" \['common', 'seldom'\]"):
        ResampledClassifier(Dropping(), LogisticRegression()).fit(X, y, np.ones(60))
    invents = ScriptedSampler([0, 1, 2, 3], labels=np.array(["common", "rare", "seldom", "new"]))
    with pytest.raises(ValueError, match=r"returned \['common', 'new', 'rare', 'seldom'\]"):
        ResampledClassifier(invents, LogisticRegression()).fit(X, y, np.ones(60))


@pytest.mark.parametrize("labels", [["a", "b", "c"], [3, 7, 5], [0.0, 1.0, 2.0]])
def test_classes_of_any_type_come_back(table, labels):
    X, y = table
    named = np.array(labels)[np.unique(y, return_inverse=True)[1]]
    model = ResampledClassifier(SMOTE(random_state=0), LogisticRegression(), prior_correction=True).fit(X, named)
    assert model.predict(X).dtype == named.dtype
    assert_array_equal(model.classes_, np.unique(labels))
    reference = clone(model).fit(X, y)
    assert_allclose(np.sort(model.predict_proba(X), axis=1), np.sort(reference.predict_proba(X), axis=1), atol=1e-5)


def test_targets_in_any_container_give_the_same_model(table):
    X, y = table
    model = ResampledClassifier(SMOTE(random_state=0), LogisticRegression(), prior_correction=True)
    expected = clone(model).fit(X, y).predict_proba(X)
    series = pd.Series(y, index=np.arange(60) + 7)
    for target in (series, series.astype("category"), series.astype(object), pl.Series(y.tolist()), y.tolist()):
        assert_array_equal(clone(model).fit(X, target).predict_proba(X), expected)
    for target in (series.to_frame(), y[:, None]):
        with pytest.warns(DataConversionWarning):
            assert_array_equal(clone(model).fit(X, target).predict_proba(X), expected)
    truth = ResampledClassifier(RandomOverSampler(), LogisticRegression(), prior_correction=True).fit(X, y == "rare")
    assert truth.classes_.tolist() == [False, True]
    assert truth.predict(X).dtype == bool


def test_tables_pass_through_untouched(table, given_weight):
    X, y = table
    rng = np.random.RandomState(0)
    frame = pd.DataFrame({"colour": rng.choice(["red", "blue"], 60), "size": X[:, 0], "junk": X[:, 1]})
    frame.loc[::7, "junk"] = np.nan
    columns = make_column_transformer((OneHotEncoder(), ["colour"]), ("passthrough", ["size", "junk"]))
    model = ResampledClassifier(
        RandomOverSampler(), make_pipeline(columns, DecisionTreeClassifier(max_depth=3)), prior_correction=True
    )
    before = frame.copy()
    model.set_params(random_state=0).fit(frame, y, given_weight)
    pd.testing.assert_frame_equal(frame, before)
    assert model.feature_names_in_.tolist() == ["colour", "size", "junk"]
    assert model.n_features_in_ == 3
    assert_array_equal(model.predict(frame), model.predict(frame[["junk", "size", "colour"]]))
    assert model.score(frame, y) > 0.6


def test_tags_are_those_of_what_is_inside():
    def tags(sampler, estimator):
        return get_tags(ResampledClassifier(sampler, estimator)).input_tags

    assert tags(RandomOverSampler(), DecisionTreeClassifier()).allow_nan
    assert not tags(SMOTE(), DecisionTreeClassifier()).allow_nan
    assert not tags(RandomOverSampler(), LogisticRegression()).allow_nan
    assert tags(None, DecisionTreeClassifier()).allow_nan
    assert tags("passthrough", LogisticRegression()).sparse
    assert not tags(SyntheticRefiner(SMOTE()), LogisticRegression()).sparse
    assert not tags(RandomOverSampler(), LogisticRegression()).string

    class Anything(DecisionTreeClassifier):
        def __sklearn_tags__(self):
            tags = super().__sklearn_tags__()
            tags.input_tags.string = tags.input_tags.categorical = True
            return tags

    assert tags(None, Anything()).string
    assert tags(None, Anything()).categorical
    assert tags(RandomOverSampler(), Anything()).string
    assert not tags(RandomOverSampler(), Anything()).categorical
    assert not tags(SMOTE(), Anything()).string
    model = ResampledClassifier(SMOTE(), LogisticRegression())
    assert is_classifier(model)
    assert get_tags(model).classifier_tags.multi_class

    class Binary(LogisticRegression):
        def __sklearn_tags__(self):
            tags = super().__sklearn_tags__()
            tags.classifier_tags.multi_class = False
            return tags

    assert not get_tags(ResampledClassifier(SMOTE(), Binary())).classifier_tags.multi_class


# ------------------------------------------------------------------------------------------------ inside and around
@pytest.mark.usefixtures("give_back")
def test_seed_reaches_every_nested_object(table):
    X, y = table
    learner = make_pipeline(StandardScaler(), RandomForestClassifier(5))
    model = ResampledClassifier(SMOTE(), learner, random_state=0)
    first = model.fit(X, y).predict_proba(X)
    assert_array_equal(first, clone(model).fit(X, y).predict_proba(X))
    assert (first != clone(model).set_params(random_state=1).fit(X, y).predict_proba(X)).any()
    assert isinstance(model.sampler_.random_state, int)
    assert isinstance(model.estimator_[-1].random_state, int)
    assert model.sampler.random_state is learner[-1].random_state is None
    kept = ResampledClassifier(SMOTE(random_state=9), RandomForestClassifier(2, random_state=7), random_state=0)
    assert (kept.fit(X, y).sampler_.random_state, kept.estimator_.random_state) == (9, 7)


@pytest.mark.parametrize("prior_correction", [False, True])
@pytest.mark.slow
def test_models_pickle_clone_and_search(table, prior_correction):
    X, y = table
    model = ResampledClassifier(SMOTE(), LogisticRegression(), prior_correction=prior_correction, random_state=0)
    model.fit(X, y)
    assert_array_equal(pickle.loads(pickle.dumps(model)).predict_proba(X), model.predict_proba(X))
    assert repr(clone(model)) == repr(model)
    grid = [
        {"sampler__k_neighbors": [1, 3], "estimator__C": [1e-3, 1.0], "prior_correction": [False, True]},
        {"sampler": ["passthrough"]},
    ]
    search = GridSearchCV(make_pipeline(StandardScaler(), model), prefixed(grid), cv=3, error_score="raise")
    search.fit(X, y)
    assert len(search.cv_results_["params"]) == 9
    assert np.ptp(search.cv_results_["mean_test_score"]) > 0
    assert len(cross_val_score(model, X, y, scoring="roc_auc_ovr", error_score="raise")) == 5


def prefixed(grids):
    return [{f"resampledclassifier__{name}": values for name, values in grid.items()} for grid in grids]


@pytest.mark.slow
def test_it_can_be_calibrated_on_real_rows(table, given_weight):
    X, y = table
    for prior_correction in (False, True):
        model = ResampledClassifier(RandomOverSampler(random_state=0), Posterior(), prior_correction=prior_correction)
        calibrated = CalibratedClassifierCV(model, cv=3).fit(X, y, sample_weight=given_weight)
        assert_allclose(calibrated.predict_proba(X).sum(axis=1), 1)
        assert calibrated.classes_.tolist() == ["common", "rare", "seldom"]
    scores = ResampledClassifier(SMOTE(k_neighbors=3, random_state=0), RidgeClassifier())  # by its decision function
    assert CalibratedClassifierCV(scores, cv=3).fit(X, y).predict_proba(X).shape == (60, 3)
    around = ResampledClassifier(
        SMOTE(random_state=0), CalibratedClassifierCV(LogisticRegression(), cv=3), prior_correction=True
    )
    assert_allclose(around.fit(X, y, given_weight).predict_proba(X).sum(axis=1), 1)


def test_weights_are_routed_on_request(table, given_weight):
    X, y = table
    with sklearn.config_context(enable_metadata_routing=True):
        scaler = StandardScaler().set_fit_request(sample_weight=False)
        model = ResampledClassifier(RandomOverSampler(random_state=0), Recorder())
        pipeline = make_pipeline(scaler, model.set_fit_request(sample_weight=True))
        pipeline.fit(X, y, sample_weight=given_weight)
        assert_array_equal(pipeline[-1].estimator_.sample_weight_[:60], given_weight)
        inner = make_pipeline(scaler, Recorder().set_fit_request(sample_weight=True))
        model = ResampledClassifier(None, inner).fit(X, y, given_weight)
        assert_array_equal(model.estimator_[-1].sample_weight_, given_weight)
        if sklearn_version >= (1, 7):  # before, a search could not route weights to the score of a pipeline
            last = clone(pipeline[-1]).set_score_request(sample_weight=True)
            search = GridSearchCV(make_pipeline(scaler, last), prefixed([{"estimator__C": [1.0]}]), cv=3)
            best = search.fit(X, y, sample_weight=given_weight).best_estimator_
            assert best[-1].estimator_.sample_weight_ is not None


# ------------------------------------------------------------------------------------------------ unusable input
@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"y": np.linspace(0, 1, 60)}, "Unknown label type: continuous"),
        ({"y": np.r_[np.full(59, 1.0), np.nan]}, "Input y contains NaN or a missing class"),
        ({"y": np.ones((60, 2))}, "one column, got 2"),
        ({"y": ["a", "b"] * 20}, "inconsistent numbers of samples"),
        ({"y": None}, "requires y to be passed"),
        ({"sample_weight": np.ones(40)}, "sample_weight"),
        ({"sample_weight": -np.ones(60)}, "Negative values"),
    ],
)
def test_unusable_rows_are_refused(table, change, message):
    data = {"X": table[0], "y": table[1], **change}
    model = ResampledClassifier(SMOTE(), LogisticRegression())
    with pytest.raises(ValueError, match=message):
        model.fit(**data)
    for method in (model.predict, model.predict_proba, model.decision_function):
        with pytest.raises(NotFittedError):
            method(table[0])


def test_a_continuous_target_is_refused_also_where_the_estimator_takes_it(table):
    with pytest.raises(ValueError, match="Unknown label type: continuous"):
        ResampledClassifier(None, Posterior()).fit(table[0], np.linspace(0, 1, 60))


@pytest.mark.parametrize("missing", [None, np.nan, pd.NA])
def test_missing_classes_are_refused(table, missing):
    y = table[1].astype(object)
    y[3] = missing
    for target in (y, pd.Series(y), pd.Series(y, dtype="string"), pd.Series(y, dtype="category")):
        with pytest.raises(ValueError, match="Input y contains NaN or a missing class"):
            ResampledClassifier(None, LogisticRegression()).fit(table[0], target)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"sampler": "drop"}, "'sampler' parameter"),
        ({"sampler": StandardScaler()}, "'sampler' parameter"),
        ({"estimator": StandardScaler()}, "'estimator' parameter"),
        ({"prior_correction": "yes"}, "'prior_correction' parameter"),
        ({"random_state": -1}, "'random_state' parameter"),
    ],
)
def test_unusable_parameters_are_refused(table, parameters, message):
    model = ResampledClassifier(SMOTE(), LogisticRegression()).set_params(**parameters)
    with pytest.raises(ValueError, match=message):
        model.fit(*table)


def test_nothing_warns_in_everyday_use(table):
    X, y = table
    frame = pd.DataFrame(X, columns=["a", "b", "c"])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for prior_correction in (False, True):
            model = ResampledClassifier(SMOTE(), LogisticRegression(), prior_correction=prior_correction)
            model.fit(frame, pd.Series(y)).predict(frame)


def test_correction_of_float32_probabilities_keeps_what_they_hold(table):
    class Single(Posterior):
        def predict_proba(self, X):
            return super().predict_proba(X).astype(np.float32)

    X, y = table
    model = ResampledClassifier(RandomOverSampler(), Single(), prior_correction=True, random_state=0).fit(X, y)
    plain = model.estimator_.predict_proba(X).astype(float) * model.prior_ratio_
    assert_allclose(model.predict_proba(X), plain / plain.sum(axis=1, keepdims=True), rtol=1e-12)
