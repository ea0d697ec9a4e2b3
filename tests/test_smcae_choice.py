"""Which map SMCAETransformer takes, what it tells of the choice, and which parameters it refuses."""

import numpy as np
import pytest
from _smcae_data import CHOOSES, DISTORTIONS, NETWORK, QUICK, RUNGS, fitted, gap, numbers, real_rows, simulated, smcae
from numpy.testing import assert_allclose
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LogisticRegression

from skgan_resample import ResamplingWarning


@pytest.fixture(scope="module")
def selected():
    """Transformers that chose, by the distortion that they met."""
    found = {}
    for distortion in DISTORTIONS:
        found[distortion] = fitted(
            (*real_rows(90), *simulated(120, distortion)), **QUICK, cv=3, estimator=LogisticRegression()
        )
    return found


@pytest.mark.parametrize("distortion", DISTORTIONS)
@pytest.mark.slow
def test_results_of_the_selection_are_told_in_full(selected, distortion):
    transformer = selected[distortion]
    results = transformer.cv_results_
    assert results["candidate"] == RUNGS
    numeric = ["mean_test_score", "rank_test_score", "error_of_difference", "gap"]
    assert sorted(results) == sorted(["candidate", *numeric, *(f"split{k}_test_score" for k in range(3))])
    assert all(np.shape(results[name]) == (5,) for name in results)
    assert sorted(results["rank_test_score"]) == [1, 2, 3, 4, 5]
    best = np.argmax(results["mean_test_score"])
    assert results["rank_test_score"][best] == 1
    assert results["error_of_difference"][best] == 0
    folds = np.mean([results[f"split{k}_test_score"] for k in range(3)], axis=0)
    assert_allclose(folds, results["mean_test_score"], atol=0.02)  # folds of equal size
    assert transformer.gap_before_ == results["gap"][0]
    assert transformer.gap_after_ == results["gap"][RUNGS.index(transformer.selected_)]


@pytest.mark.slow
def test_where_nothing_is_wrong_hardly_anything_is_done(selected):
    S, y_S = simulated(120, "none")
    moved, _ = selected["none"].refine(S, y_S)
    assert np.abs(moved - S).mean() < 0.3 * S.std()
    X_test, y_test = real_rows(800, seed=9)
    assert gap(moved, y_S, X_test, y_test) < gap(*real_rows(90), X_test, y_test) + 0.04


def test_where_classes_are_distorted_differently_a_map_by_class_is_chosen_and_helps_a_model(selected):
    transformer = selected["by class"]
    assert transformer.selected_ in ("linear_ot", "smcae")
    S, y_S = simulated(120, "by class")
    X_test, y_test = real_rows(800, seed=9)
    hits = [LogisticRegression().fit(rows, y_S).score(X_test, y_test) for rows in (S, transformer.refine(S, y_S)[0])]
    assert hits[1] > hits[0] + 0.2
    assert transformer.gap_after_ < 0.1 * transformer.gap_before_


@pytest.mark.parametrize("distortion", ["affine", "rotated"])
def test_the_choice_is_about_as_good_as_the_best_on_new_rows(selected, distortion):
    transformer = selected[distortion]
    S, y_S = simulated(120, distortion)
    X_test, y_test = real_rows(800, seed=9)
    assert gap(transformer.refine(S, y_S)[0], y_S, X_test, y_test) < 0.05 * gap(S, y_S, X_test, y_test)


@pytest.mark.parametrize("n_real", [10, 19])
@pytest.mark.slow
def test_with_few_real_rows_only_the_first_two_rungs_are_tried(n_real):
    X, y = real_rows(n_real)
    transformer = fitted((X, y, *simulated()), **QUICK)
    assert transformer.cv_results_["candidate"] == RUNGS[:2]
    assert transformer.selected_ in RUNGS[:2]


@pytest.mark.parametrize("n_real", [2, 3])
def test_hardly_any_real_rows_choose_nothing_and_it_says_so(n_real):
    S, y_S = simulated()
    with pytest.warns(ResamplingWarning, match="too few"):
        transformer = fitted((*real_rows(n_real), S, y_S), **QUICK)
    assert transformer.selected_ == "identity"
    assert np.isfinite(transformer.refine(S, y_S)[0]).all()


@pytest.mark.parametrize("select", RUNGS[:4])
def test_a_named_map_is_taken_without_a_selection(sides, select):
    transformer = fitted(sides, **{**QUICK, "select": select})
    assert transformer.selected_ == select
    assert transformer.cv_results_ == {}
    assert transformer.network_ is None
    assert np.isnan([transformer.gap_before_, transformer.gap_after_]).all()


@pytest.mark.slow
def test_without_labels_the_gap_decides():
    X, _ = real_rows(90)
    S, _ = simulated(120)
    for select in ("gap", "cv"):
        transformer = smcae(**{**QUICK, "max_steps": 20, "select": select}).fit(X, X_synthetic=S)
        results = transformer.cv_results_
        assert transformer.selected_ != "identity"
        assert np.argmax(results["mean_test_score"]) == np.argmin(results["gap"])
        assert transformer.gap_after_ < 0.2 * transformer.gap_before_


def test_with_labels_the_gap_can_decide_too():
    sides = *real_rows(90), *simulated(120)
    results = fitted(sides, **{**CHOOSES, "select": "gap"}).cv_results_
    assert (results["mean_test_score"] < 0).all()  # a distance, and no accuracy
    assert results["mean_test_score"][0] == results["mean_test_score"].min()


class Spy(ClassifierMixin, BaseEstimator):
    """Remembers what it learned from, for all clones."""

    seen = []

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        Spy.seen.append((np.array(X), np.array(y)))
        return self

    def predict(self, X):
        return np.zeros(len(X), dtype=int)


def test_a_learner_of_ones_own_judges_and_sees_rows_of_the_training_part_only():
    Spy.seen = []
    X, y = real_rows(60)
    S, y_S = simulated()
    transformer = fitted((X, y, S, y_S), **{**CHOOSES, "estimator": Spy()})
    sizes = sorted(len(rows) for rows, _ in Spy.seen)
    assert sizes == [80] * 10 + [80 + 30] * 10  # five candidates, two folds, alone and with the real rows
    assert_allclose(transformer.cv_results_["mean_test_score"], (y == 0).mean())
    assert transformer.selected_ == "identity"  # all are tied
    real = {row.tobytes() for row in transformer.space_.read(X, y).vectors}
    for rows, _ in Spy.seen:
        assert len({row.tobytes() for row in rows} & real) in (0, 30)


def test_scoring_decides_what_counts():
    """Of a rare class, balanced accuracy counts every row more."""
    rng = np.random.RandomState(0)
    y = (np.arange(90) % 10 == 0).astype(int)
    X = rng.normal(size=(90, 2)) + 1.2 * y[:, None]
    sides = X, y, X * 1.3 + 0.5, y
    scores = {}
    for scoring in ("accuracy", "balanced_accuracy"):
        transformer = fitted(sides, **{**CHOOSES, "estimator": Spy()}, scoring=scoring)
        scores[scoring] = transformer.cv_results_["mean_test_score"]
    assert_allclose(scores["accuracy"], 0.9)  # of a model that always says 0
    assert_allclose(scores["balanced_accuracy"], 0.5)


@pytest.mark.parametrize("cv", [2, 4])
def test_cv_is_the_number_of_folds(cv):
    transformer = fitted((*real_rows(19), *simulated()), **QUICK, cv=cv)
    assert f"split{cv - 1}_test_score" in transformer.cv_results_
    assert f"split{cv}_test_score" not in transformer.cv_results_


@pytest.mark.parametrize(
    ("name", "value"),
    [("select", "best"), ("base", "none"), ("cv", 1), ("gamma", -1), ("pairing", "random"), ("estimator", 3),
     ("max_steps", 0), ("variant", "plain"), ("scoring", "f1"), ("sparsity", 1.0), ("snap", "yes")],
)  # fmt: skip
def test_wrong_parameters_are_named(sides, name, value):
    with pytest.raises(ValueError, match=f"The '{name}' parameter of (SMCAETransformer|AutoencoderOptions)"):
        fitted(sides, **{name: value})


def test_a_scoring_that_does_not_fit_the_target_is_refused_by_name():
    X, y = numbers(60, 0)
    with pytest.raises(ValueError, match="scoring"):
        smcae(**QUICK, scoring="accuracy").fit(X, y, X_synthetic=X + 1, y_synthetic=y)


@pytest.mark.parametrize("sizes", [(), (0,), ("a",), (-3, 2)], ids=repr)
def test_sizes_of_layers_that_cannot_be_are_refused_by_name(sides, sizes):
    with pytest.raises(ValueError, match="hidden_layer_sizes"):
        fitted(sides, **{**NETWORK, "hidden_layer_sizes": sizes})
