"""compare(): the engine with its tuned thresholds, the verdict, and the command line."""

import re
from collections import Counter
from dataclasses import replace
from functools import partial
from itertools import islice, pairwise

import numpy as np
import pandas as pd
import pytest
from _compare_classification_data import clusters
from imblearn.metrics import geometric_mean_score
from imblearn.over_sampling import ADASYN, SMOTE, KMeansSMOTE, RandomOverSampler
from numpy.testing import assert_allclose, assert_array_equal
from scipy import stats
from sklearn.base import BaseEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, balanced_accuracy_score, brier_score_loss, f1_score
from sklearn.model_selection import StratifiedKFold, TimeSeriesSplit
from sklearn.neighbors import KNeighborsClassifier
from sklearn.preprocessing import StandardScaler

from skgan_resample import HardTripletSampler, ResamplingWarning, SMCAETransformer, SyntheticRefiner
from skgan_resample._estimators import seeded_clone
from skgan_resample._statistics import corrected_interval, holm
from skgan_resample._thresholds import (
    ALPHAS,
    MEASURES,
    best_thresholds,
    brier_score,
    decide,
    decision_scores,
    prior_corrected,
)
from skgan_resample.model_selection import _methods, _tasks, compare, default_methods
from skgan_resample.model_selection._classification import SHOWN, ClassificationJudge, classification_plan, evaluate
from skgan_resample.model_selection._methods import BalancedWeights, ClassDuplicator
from skgan_resample.model_selection._result import CHOSEN
from skgan_resample.model_selection._splits import OUTER, tuning_folds
from skgan_resample.model_selection._tasks import task_seed

LOGISTIC = {"logistic": LogisticRegression()}


TUNED = ("f1", "g_mean", "balanced_accuracy")


class CountingSampler(RandomOverSampler):
    """Write a line to a file at every call, so that calls in other processes and skipped calls are seen."""

    path = None

    def fit_resample(self, X, y, **params):
        with open(self.path, "a") as file:
            file.write("called\n")
        return super().fit_resample(X, y, **params)


class FailingSampler(BaseEstimator):
    def fit_resample(self, X, y):
        raise RuntimeError("no luck today")


class Halves:
    """Weights of the user's own, no estimator."""

    def sample_weight(self, y):
        return np.where(y == "a", 0.5, 2.0)


class Recorder(BaseEstimator):
    """A sampler that keeps the table it was given and returns it."""

    seen = []

    def __init__(self, string=True, allow_nan=True):
        self.string = string
        self.allow_nan = allow_nan

    def fit_resample(self, X, y):
        self.seen.append(X)
        return X, y

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.string, tags.input_tags.allow_nan = self.string, self.allow_nan
        return tags


def splits_of(X, y, cv, n_repeats, inner_cv, groups, random_state):
    """Return the splits of a comparison with these folds."""
    folds = {"cv": cv, "n_repeats": n_repeats, "inner_cv": inner_cv, "groups": groups, "random_state": random_state}
    return classification_plan(X, y, **folds).splits


def split_of(y, n_folds=4, seed=1):
    train, test = next(iter(StratifiedKFold(n_folds, shuffle=True, random_state=seed).split(np.zeros(len(y)), y)))
    return train, test


# ------------------------------------------------------------------------------------------------ thresholds
def slow_scores(truth, called):
    """Return F1, geometric mean of recalls and balanced accuracy of two classes by counting in Python."""
    n = Counter(zip(truth, called))
    recall = n[True, True] / (n[True, True] + n[True, False])
    specificity = n[False, False] / (n[False, False] + n[False, True])
    return {
        "f1": 2 * n[True, True] / (2 * n[True, True] + n[True, False] + n[False, True]),
        "g_mean": (recall * specificity) ** 0.5,
        "balanced_accuracy": (recall + specificity) / 2,
    }


@pytest.mark.parametrize("seed", range(8))
def test_the_best_threshold_is_that_of_a_search_over_all_of_them(seed):
    rng = np.random.RandomState(seed)
    truth = rng.uniform(size=40) < 0.3
    scores = np.clip(0.3 * truth + rng.uniform(size=40) * 0.7, 0, 1)
    if seed % 2:
        scores = np.round(scores, 1)  # ties
    truth[:2] = True, False
    values = sorted(set(scores.tolist()))
    tried = [0.0] + [(low + high) / 2 for low, high in pairwise(values)]
    found = best_thresholds(truth, scores)
    for name in TUNED:
        by_threshold = {t: slow_scores(truth.tolist(), (scores >= t).tolist())[name] for t in tried}
        best = max(by_threshold.values())
        equally_good = [t for t, score in by_threshold.items() if score > best - 1e-12]
        assert found[name] == min(equally_good, key=lambda t: abs(t - 0.5))


def test_a_threshold_between_neighbouring_floats_keeps_them_apart():
    first = 0.3
    second = np.nextafter(first, 1)
    for low, high in [(first, second), (second, np.nextafter(second, 1))]:  # the middle is one of them
        threshold = best_thresholds(np.array([False, True]), np.array([low, high]))["f1"]
        assert low < threshold <= high


def test_of_equally_good_thresholds_the_usual_one_is_nearest():
    found = best_thresholds(np.array([False, True, False, True]), np.array([0.05, 0.2, 0.6, 0.7]))
    assert found["balanced_accuracy"] == pytest.approx(0.65)  # as good as 0.125


def test_rows_are_called_by_the_largest_probability_over_the_powered_prior():
    probabilities = np.array([[0.6, 0.3, 0.1], [0.5, 0.1, 0.4], [0.8, 0.15, 0.05]])
    prior = np.array([0.64, 0.32, 0.04])
    assert decide(probabilities, 0.0, prior).tolist() == [0, 0, 0]
    assert decide(probabilities, 0.5, prior).tolist() == [0, 2, 0]  # 0.75, 0.53, 0.5; 0.625, 0.18, 2; 1, 0.27, 0.25
    assert decide(probabilities, 1.0, prior).tolist() == [2, 2, 0]  # 0.94, 0.94, 2.5; ...; 1.25, 0.47, 1.25: the first
    assert decide(np.array([[0.7, 0.3]]), 0.3, prior, positive=1).tolist() == [1]  # reaching it is enough
    assert decide(np.array([[0.3, 0.7]]), 0.31, prior, positive=0).tolist() == [1]


def test_three_classes_by_hand():
    truth, called = np.array([0, 0, 0, 0, 1, 1, 2, 2]), np.array([0, 0, 0, 1, 1, 2, 2, 2])
    scores = decision_scores(truth, called, np.arange(3))
    assert_allclose(scores["balanced_accuracy"], (0.75 + 0.5 + 1) / 3)
    assert_allclose(scores["g_mean"], (0.75 * 0.5 * 1) ** (1 / 3))
    assert_allclose(scores["f1"], (6 / 7 + 2 / 4 + 4 / 5) / 3)
    two = decision_scores(truth, called, np.array([0, 2]))  # class 1 is left out; its rows remain errors of the others
    assert_allclose(two["f1"], (6 / 7 + 4 / 5) / 2)
    assert_allclose(two["g_mean"], 0.75**0.5)
    probabilities = np.array([[0.5, 0.3, 0.2], [0.1, 0.8, 0.1]])
    assert_allclose(brier_score(np.array([0, 2]), probabilities), (0.25 + 0.09 + 0.04 + 0.01 + 0.64 + 0.81) / 2)
    corrected = prior_corrected(probabilities[:1], np.array([1, 1, 1]) / 3, np.array([0.6, 0.3, 0.1]))
    assert_allclose(corrected, [[0.30 / 0.41, 0.09 / 0.41, 0.02 / 0.41]])
    absent = prior_corrected(np.array([[0.5, 0.5, 0.0]]), np.array([0.5, 0.5, 0.0]), np.array([0.8, 0.2, 0.0]))
    assert_allclose(absent, [[0.8, 0.2, 0.0]])


# ------------------------------------------------------------------------------------------------ the engine
@pytest.mark.parametrize("shares", [(0.8, 0.2), (0.25, 0.75), (0.7, 0.2, 0.1)])
def test_measures_are_those_of_scikit_learn_and_imbalanced_learn(shares):
    X, y = clusters(shares=shares)
    train, test = split_of(y)
    (row,) = evaluate(X, y, [(0, OUTER, train, test)], {"none": None}, LOGISTIC)
    scaler = StandardScaler().fit(X[train])
    model = LogisticRegression().fit(scaler.transform(X[train]), y[train])
    found, called = model.predict_proba(scaler.transform(X[test])), model.predict(scaler.transform(X[test]))
    labels, truth = model.classes_, y[test]
    kind = {"average": "macro"}
    if len(shares) == 2:
        smaller = labels[np.argmin([(y == label).sum() for label in labels])]
        kind = {"pos_label": smaller}
        p = found[:, labels == smaller].ravel()
        assert_allclose(row["average_precision"], average_precision_score(truth == smaller, p))
        assert_allclose(row["base_rate"], np.mean(truth == smaller))
        assert_allclose(row["brier"], brier_score_loss(truth == smaller, p))
    else:
        one_hot = (truth[:, None] == labels).astype(float)
        assert_allclose(row["average_precision"], average_precision_score(one_hot, found, average="macro"))
        assert_allclose(row["base_rate"], 1 / 3)
        assert_allclose(row["brier"], np.mean(np.sum((one_hot - found) ** 2, axis=1)))
    assert_allclose(row["f1"], f1_score(truth, called, **kind))
    assert_allclose(row["g_mean"], geometric_mean_score(truth, called, average="multiclass"))
    assert_allclose(row["balanced_accuracy"], balanced_accuracy_score(truth, called))
    assert_allclose(row["brier_corrected"], row["brier"])  # nothing was resampled
    assert (row["n_train"], row["n_test"], row["n_synthetic"]) == (len(train), len(test), 0)


@pytest.mark.parametrize("shares", [(0.8, 0.2), (0.7, 0.2, 0.1)])
@pytest.mark.parametrize("method", [None, SMOTE(), BalancedWeights()])
@pytest.mark.slow
def test_tuned_measures_are_those_of_tuning_by_hand(shares, method):
    """The sampler runs anew in every inner training fold; thresholds come from pooled out-of-fold probabilities."""
    X, y = clusters(shares=shares)
    train, test = split_of(y)
    seed = task_seed(0, 5, OUTER + 1)
    folds = tuning_folds(y[train], 3, seed)
    rows = evaluate(X, y, [(5, OUTER, train, test)], {"mine": method}, LOGISTIC, inner_rows=True)
    labels = np.unique(y)

    def probabilities(part, held_out):
        """Return probabilities, and corrected ones."""
        scaler = StandardScaler().fit(X[part])
        X_part, y_part, weight = scaler.transform(X[part]), y[part], None
        if isinstance(method, SMOTE):
            X_part, y_part = seeded_clone(method, np.random.RandomState(seed)).fit_resample(X_part, y_part)
        elif method is not None:
            weight = np.array([len(part) / len(labels) / np.sum(y_part == label) for label in y_part])
        model = LogisticRegression().fit(X_part, y_part, sample_weight=weight)
        found = model.predict_proba(scaler.transform(X[held_out]))
        prior = np.array([np.mean(y[part] == label) for label in labels])
        corrected = found if method is None else found * prior  # both methods make all classes equal
        return found, corrected / corrected.sum(axis=1, keepdims=True), prior

    def score(name, truth, called):
        if name == "f1":
            return f1_score(truth, called, **({"pos_label": "b"} if len(shares) == 2 else {"average": "macro"}))
        if name == "g_mean":
            return geometric_mean_score(truth, called, average="multiclass")
        return balanced_accuracy_score(truth, called)

    def called(p, cut):
        found, corrected, prior = p
        if len(shares) == 2:
            return np.where(found[:, 1] >= cut, "b", "a")
        return labels[(corrected / prior**cut).argmax(axis=1)]

    outer = probabilities(train, test)
    inner = [probabilities(train[part], train[held_out]) for part, held_out in folds]

    def tuned(name, used):
        """Return the cut that is best on some of the inner folds."""
        truth = np.concatenate([y[train[folds[i][1]]] for i in used])
        if len(shares) == 2:
            return best_thresholds(truth == "b", np.concatenate([inner[i][0][:, 1] for i in used]))[name]
        scores = [score(name, truth, np.concatenate([called(inner[i], alpha) for i in used])) for alpha in ALPHAS]
        return ALPHAS[np.argmax(np.round(scores, 12))]

    by_fold = {row["inner"]: row for row in rows}
    assert list(by_fold) == [OUTER, 0, 1, 2]
    for name in TUNED:
        expected = score(name, y[test], called(outer, tuned(name, [0, 1, 2])))
        assert_allclose(by_fold[OUTER][f"{name}_tuned"], expected)
        expected = score(name, y[train[folds[1][1]]], called(inner[1], tuned(name, [0, 2])))
        assert_allclose(by_fold[1][f"{name}_tuned"], expected)
    one_hot = (y[test][:, None] == labels).astype(float)
    errors = (one_hot - outer[1]) ** 2
    brier = errors[:, 1].mean() if len(shares) == 2 else errors.sum(axis=1).mean()
    assert_allclose(by_fold[OUTER]["brier_corrected"], brier)
    if isinstance(method, SMOTE):
        counts = np.unique(y[train], return_counts=True)[1]
        assert by_fold[OUTER]["n_synthetic"] == len(counts) * counts.max() - counts.sum()
        assert by_fold[OUTER]["brier_corrected"] < by_fold[OUTER]["brier"]


def test_labels_of_any_type_give_the_same_and_the_smaller_class_is_positive():
    X, y = clusters()
    train, test = split_of(y)
    found = []
    for labels in (y, (y == "b").astype(int), y == "b", (y == "a").astype(int)):
        rows = evaluate(X, labels, [(0, OUTER, train, test)], {"none": None, "random": RandomOverSampler()}, LOGISTIC)
        found.append([row["average_precision"] for row in rows] + [row["f1_tuned"] for row in rows])
    for other in found[1:]:
        assert_allclose(other, found[0], atol=0.02)  # order of the labels changes draws of the sampler
    assert found[0] == found[1] == found[2]


def test_a_table_is_resampled_once_per_fold_whatever_the_number_of_learners_and_goes_on_where_it_stopped(tmp_path):
    X, y = clusters(80)
    CountingSampler.path = str(tmp_path / "calls")
    splits = [(fold, OUTER, *split_of(y, seed=fold)) for fold in range(3)]
    learners = {**LOGISTIC, "neighbors": KNeighborsClassifier()}
    options = {"methods": {"counted": CountingSampler()}, "estimators": learners, "memory": str(tmp_path / "cache")}
    first = evaluate(X, y, splits[:2], **options)
    assert len((tmp_path / "calls").read_text().split()) == 2 * (1 + 3)  # outer and inner folds
    assert Counter(row["estimator"] for row in first) == {"logistic": 2, "neighbors": 2}
    rows = evaluate(X, y, splits, **options)
    assert len((tmp_path / "calls").read_text().split()) == 3 * (1 + 3)
    assert rows[:4] == first


@pytest.mark.parametrize("n_positive", [2, 3, 5])
def test_samplers_ask_for_no_more_neighbours_than_a_small_class_has(n_positive):
    X, y = clusters(80)
    y = np.where(np.arange(len(y)) < n_positive, "b", "a")
    train, test = np.arange(len(y)), np.arange(len(y))
    sampler = SMOTE()
    splits = [(0, OUTER, train, test, [(np.arange(0, len(y)), np.arange(n_positive))])]
    for method in (
        sampler,
        SyntheticRefiner(sampler, SMCAETransformer(select="identity", estimator=LogisticRegression())),
    ):
        (row,) = evaluate(X, y, splits, {"smote": method}, LOGISTIC)
        assert "error" not in row
        assert row["n_synthetic"] > 0
    assert sampler.k_neighbors == 5


@pytest.mark.slow
def test_a_method_that_fails_is_an_error_row_and_never_nan():
    X, y = clusters(60)
    train, test = split_of(y)
    methods = {
        "none": None,
        "kmeans-smote": KMeansSMOTE(),  # finds no cluster
        "failing": FailingSampler(),
        "adasyn": ADASYN(),
        "weights": BalancedWeights(),
    }
    learners = {"neighbors": KNeighborsClassifier(), **LOGISTIC}
    rows = evaluate(X, y, [(0, OUTER, train, test)], methods, learners)
    errors = {(row["method"], row.get("estimator")): row["error"] for row in rows if "error" in row}
    assert errors["kmeans-smote", None].startswith("RuntimeError: No clusters found")
    assert errors["failing", None] == "RuntimeError: no luck today"
    assert errors["weights", "neighbors"] == "KNeighborsClassifier takes no sample_weight in fit."
    assert len(errors) == 3
    measured = [row for row in rows if "error" not in row]
    assert {(row["method"], row["estimator"]) for row in measured} >= {("none", "neighbors"), ("weights", "logistic")}
    assert all(np.isfinite(row[name]) for row in measured for name in (*SHOWN, "seconds"))


def test_classes_that_are_absent_are_left_out_of_means():
    X, y = clusters(200, (0.6, 0.2, 0.1, 0.1))
    train = np.flatnonzero(y != "c")  # "c" is not trained on, "d" not tested
    test = np.flatnonzero(y != "d")
    methods = {
        "none": None,
        "random": RandomOverSampler(),
        "duplicate": ClassDuplicator(),
        "weights": BalancedWeights(),
    }
    rows = evaluate(X, y, [(0, OUTER, train, test)], methods, LOGISTIC, inner_rows=True)
    assert all(np.isfinite(row[name]) for row in rows for name in SHOWN)
    scaler = StandardScaler().fit(X[train])
    model = LogisticRegression().fit(scaler.transform(X[train]), y[train])
    called = model.predict(scaler.transform(X[test]))
    judged = ["a", "b"]
    assert_allclose(rows[0]["f1"], f1_score(y[test], called, labels=judged, average="macro"))
    recalls = [np.mean(called[y[test] == label] == label) for label in judged]
    assert_allclose(rows[0]["g_mean"], np.prod(recalls) ** 0.5)
    assert_allclose(rows[0]["balanced_accuracy"], np.mean(recalls))
    known = y != "c"  # without it, recalls are the same, also the tuned ones
    train, test = (np.flatnonzero(np.isin(np.flatnonzero(known), part)) for part in (train, test))
    (row,) = evaluate(X[known], y[known], [(0, OUTER, train, test)], {"none": None}, LOGISTIC)
    assert row["g_mean_tuned"] == rows[0]["g_mean_tuned"] != row["g_mean"]


def test_a_class_of_one_row_is_absent_from_an_inner_fold_and_stops_nothing():
    X, y = clusters(120, (0.6, 0.4))
    train, test = np.arange(90), np.arange(90, 120)
    y = y.copy()
    y[[3, 100]] = "c"
    rows = evaluate(X, y, [(0, OUTER, train, test)], {"none": None, "random": RandomOverSampler()}, LOGISTIC)
    assert all(np.isfinite(row[name]) for row in rows for name in SHOWN)
    y[y == "b"] = "a"  # two classes, and the one positive row is either trained on or tested in the inner folds
    rows = evaluate(X, y, [(0, OUTER, train, test)], {"none": None, "random": RandomOverSampler()}, LOGISTIC)
    assert all(np.isfinite(row[name]) for row in rows for name in SHOWN)


@pytest.mark.parametrize("lacking", ["train", "test"])
def test_without_positive_rows_there_is_an_error_instead_of_measures(lacking):
    X, y = clusters(100)
    train, test = np.arange(50), np.arange(50, 100)
    part = train if lacking == "train" else test
    y = y.copy()
    y[part] = "a"
    rows = evaluate(X, y, [(0, OUTER, train, test)], {"none": None, "random": RandomOverSampler()}, LOGISTIC)
    assert ["lacks the class" in row["error"] for row in rows] == [True, True]


def test_samplers_that_take_no_text_or_no_missing_cells_get_encoded_tables():
    frame = pd.DataFrame({"a": np.arange(60.0), "kind": ["x", "y"] * 30})
    y = np.where(np.arange(60) % 3 == 0, "p", "n")
    holes = frame.assign(a=frame["a"].where(np.arange(60) > 5))
    train, test = np.arange(40), np.arange(40, 60)
    for table, sampler, is_raw in [
        (frame, Recorder(), True),
        (frame, Recorder(string=False), False),
        (frame, Recorder(allow_nan=False), True),
        (holes, Recorder(), True),
        (holes, Recorder(allow_nan=False), False),
    ]:
        Recorder.seen.clear()
        rows = evaluate(table, y, [(0, OUTER, train, test)], {"recorded": sampler}, LOGISTIC)
        assert "error" not in rows[0]
        given = Recorder.seen[-1]  # of the outer fold
        assert isinstance(given, pd.DataFrame) == is_raw
        if is_raw:
            pd.testing.assert_frame_equal(given, table.iloc[train])
        else:
            assert given.shape[0] == 40
            assert np.isfinite(given).all()
            assert_allclose(given[:, 0].mean(), 0, atol=1e-9)  # scaled on the training part


def test_weights_of_the_users_own_need_no_estimator_also_with_memory(tmp_path):
    X, y = clusters(100)
    train, test = split_of(y)
    (row,) = evaluate(X, y, [(0, OUTER, train, test)], {"mine": Halves()}, LOGISTIC, memory=str(tmp_path))
    scaler = StandardScaler().fit(X[train])
    weight = np.where(y[train] == "a", 0.5, 2.0)
    model = LogisticRegression().fit(scaler.transform(X[train]), y[train], sample_weight=weight)
    assert_allclose(row["f1"], f1_score(y[test], model.predict(scaler.transform(X[test])), pos_label="b"))


def test_the_control_copies_rows_of_all_classes_to_the_size_of_a_balanced_table():
    X, y = np.arange(100.0).reshape(-1, 1), np.repeat(["a", "b", "c"], [80, 15, 5])
    X_new, y_new = ClassDuplicator(random_state=0).fit_resample(X, y)
    assert len(X_new) == len(RandomOverSampler().fit_resample(X, y)[0]) == 240
    assert_array_equal(X_new[:100], X)
    assert_array_equal(y_new, y[X_new.ravel().astype(int)])
    assert 0.7 < np.mean(y_new[100:] == "a") < 0.9


def test_what_a_sampler_says_of_itself_is_kept():
    class Falling(RandomOverSampler):
        fallback_share_ = 0.25

    X, y = clusters(60)
    (row,) = evaluate(X, y, [(0, OUTER, *split_of(y))], {"mine": Falling()}, LOGISTIC)
    assert row["fallback_share"] == 0.25


# ------------------------------------------------------------------------------------------------ the comparison
@pytest.mark.slow
def test_on_a_shuffled_target_nothing_is_recommended():
    for seed in range(3):
        X, y = clusters(200, seed=seed)
        y = np.random.RandomState(seed).permutation(y)
        methods = {"weights": BalancedWeights(), "duplicate": ClassDuplicator(), "smote": SMOTE()}
        options = {"methods": methods, "estimators": LogisticRegression(), "cv": 4, "n_repeats": 1}
        for scoring in ("average_precision", "balanced_accuracy"):
            comparison = compare(X, y, **options, scoring=scoring, random_state=seed)
            assert comparison.verdict.answer != "helps"
            assert comparison.verdict.method is None


def test_only_whole_folds_are_judged(monkeypatch):
    X, y = clusters(60)
    monkeypatch.setattr(_tasks, "_in_time", lambda calls, *_: (_tasks._labelled(*call) for call in islice(calls, 5)))
    options = {"methods": {"weights": BalancedWeights()}, "estimators": LogisticRegression(), "cv": 4, "n_repeats": 1}
    comparison = compare(X, y, **options, max_time=5)
    assert (comparison.n_folds, comparison.n_planned) == (2, 4)  # five of eight tasks: the third fold is half done
    assert {row["fold"] for row in comparison.rows} == {0, 1}


def test_a_failing_method_is_left_out_aloud():
    X, y = clusters(100)
    methods = {"failing": FailingSampler(), "weights": BalancedWeights(), "random": RandomOverSampler()}
    learners = {**LOGISTIC, "neighbors": KNeighborsClassifier()}
    with pytest.warns(ResamplingWarning) as caught:
        comparison = compare(X, y, methods=methods, estimators=learners, cv=3, n_repeats=1)
    assert [re.search("'(.*?)'", str(warning.message))[1] for warning in caught] == ["failing", "weights"]
    assert comparison.failures["failing"] == "RuntimeError: no luck today"
    assert comparison.methods == ["none", "random"]
    assert comparison.n_folds == comparison.n_planned == 3
    frame = comparison.summary
    assert frame["method"].tolist() == ["none", "random", "chosen by inner folds"]
    assert_allclose(frame["gain"][1], np.mean(comparison.judge.gains("random")))


def test_groups_stay_together_and_time_runs_forward():
    X, y = clusters(120)
    groups = np.arange(len(y)) // 3
    for _, inner, train, test, folds in splits_of(X, y, 4, 2, 3, groups, 0):
        assert inner == OUTER
        assert not set(groups[train]) & set(groups[test])
        for part, held_out in folds:
            assert not set(groups[train[part]]) & set(groups[train[held_out]])
    for _, _, train, test, folds in splits_of(X, y, TimeSeriesSplit(3), 1, 3, None, 0):
        assert train.max() < test.min()
        for part, held_out in folds:
            assert part.max() < held_out.min()
    for _, _, train, test, folds in splits_of(X, y, 4, 2, 3, None, 0):
        assert sorted([*train, *test]) == list(range(len(y)))
        assert sorted(np.concatenate([held_out for _, held_out in folds])) == list(range(len(train)))


def test_methods_by_name_from_simple_to_involved():
    plain = ["random", "smote", "borderline-smote", "adasyn", "kmeans-smote", "svm-smote", "hard-triplet"]
    assert list(default_methods("classification")) == ["none", "weights", "duplicate", *plain]
    found = _methods.named_samplers(default_methods("classification"))
    assert list(found) == plain + [f"{name}+smcae" for name in plain]
    assert isinstance(found["smote+smcae"], SyntheticRefiner)
    assert isinstance(found["smote+smcae"].sampler, SMOTE)
    assert isinstance(found["hard-triplet"], HardTripletSampler)


def test_a_refined_sampler_can_be_asked_for(monkeypatch):
    refiner = SMCAETransformer(estimator=LogisticRegression(), cv=2, select="location_scale")
    monkeypatch.setattr(_methods, "SyntheticRefiner", partial(SyntheticRefiner, refiner=refiner))
    X, y = clusters(80)
    options = {"estimators": LogisticRegression(), "cv": 2, "n_repeats": 1}
    comparison = compare(X, y, methods=["smote+smcae", "smote"], **options)
    assert comparison.methods == ["none", "smote", "smote+smcae"]
    assert comparison.samplers == ["smote", "smote+smcae"]
    plain, refined = (comparison.judge.measured("average_precision", name) for name in comparison.samplers)
    assert (plain != refined).any()


# ------------------------------------------------------------------------------------------------ the verdict
def made_up(gains, *, inner=None, spread=0.01, n_folds=10, seed=0, scoring="average_precision", base=0.5, **changes):
    """Return a comparison whose methods are better than "none" by these gains, with a little noise, in all folds."""
    rng = np.random.RandomState(seed)
    rows = []
    for fold in range(n_folds):
        for number in (OUTER, 0, 1, 2):
            here = base + 0.05 * rng.normal()
            for method, gain in {"none": 0.0, **gains}.items():
                gain = gain if number == OUTER or inner is None else inner.get(method, 0.0)
                noise = 0 if method == "none" else spread * rng.normal()
                row = {"fold": fold, "inner": number, "method": method, "estimator": "made", "base_rate": 0.1}
                values = dict.fromkeys(SHOWN, 0.5) | {"n_synthetic": 10, "seconds": 1.0}
                values[MEASURES[scoring]] = here + (gain + noise) * (-1 if scoring == "brier" else 1)
                rows.append({**row, **values, **changes.get(method, {})})
    return ClassificationJudge(
        rows=rows, methods=["none", *gains], samplers=["duplicate", "random", "smote"], estimators=["made"],
        scoring=scoring, counts={"common": 450, "rare": 50}, n_rows=500, n_tested=500, test_share=0.25,
    )  # fmt: skip


def test_a_clear_gain_helps_and_is_held_against_mere_copies():
    verdict = made_up({"smote": 0.1}).verdict
    assert (verdict.answer, verdict.method) == ("helps", "smote")
    assert re.search(r"from 0.5\d+ to 0.6\d+, a gain of \+0.\d{3} \(95 % interval \+0", verdict.sentence)
    more = made_up({"duplicate": 0.0, "smote": 0.1}).verdict
    assert "That is more than copies" in more.sentence
    as_much = made_up({"duplicate": 0.1, "smote": 0.1}, inner={"smote": 0.1}, spread=0.001).verdict
    assert as_much.method == "smote"
    assert "That is no more than copies" in as_much.sentence
    unclear = made_up({"duplicate": 0.08, "smote": 0.1}, inner={"smote": 0.1}, spread=0.05).verdict
    assert "not proven to be more than copies" in unclear.sentence
    simple = made_up({"duplicate": 0.1}).verdict
    assert simple.sentence.startswith("A simpler remedy than new rows")


def test_of_equal_methods_the_simplest_is_named():
    comparison = made_up({"weights": 0.1, "random": 0.1, "smote": 0.1})
    assert comparison.verdict.method == "weights"
    assert comparison.verdict.sentence.startswith("A simpler remedy")


def test_no_effect_does_not_help_and_a_small_one_cannot_be_told():
    nothing = made_up({"smote": 0.0, "random": -0.1}, spread=0.001).verdict
    assert nothing.answer == "does not help"
    assert "A gain of 0.01 in average precision is excluded" in nothing.sentence
    wide = made_up({"smote": 0.02}, spread=0.08, seed=2).verdict
    assert wide.answer == "cannot tell"
    assert f"Roughly {wide.rows_needed:,} rows" in wide.sentence
    worse = made_up({"smote": 0.0}, spread=0.08).verdict
    assert worse.answer == "cannot tell"
    assert worse.rows_needed is None
    assert "a gain of 0.01 in average precision cannot be excluded: 'smote' changes" in worse.sentence


def test_rows_needed_would_shrink_the_interval_to_the_gain():
    comparison = made_up({"smote": 0.02, "random": -0.5}, spread=0.08, seed=3)
    gains = comparison.gains("smote")
    error = np.sqrt((1 / 10 + 0.25) * gains.var(ddof=1))
    factor = (error * (stats.norm.ppf(1 - 0.05 / 4) + stats.norm.ppf(0.8)) / gains.mean()) ** 2
    assert_allclose(comparison.verdict.rows_needed, 500 * factor, atol=10)
    mean, low, high, p = corrected_interval(gains, 0.25)
    row = comparison.results["smote"]
    assert_allclose([row["gain"], row["low"], row["high"], row["p"]], [mean, low, high, p])
    p_values = [p, corrected_interval(comparison.gains("random"), 0.25)[3]]
    assert_allclose(
        [found["p_holm"] for found in (comparison.results[name] for name in ("smote", "random"))], holm(p_values)
    )
    assert comparison.results["random"]["p_holm"] == 2 * comparison.results["random"]["p"]


@pytest.mark.parametrize(
    "weakness", ["not proven", "too small", "not chosen", "another chosen", "no better than chance", "choice loses"]
)
def test_each_requirement_of_a_recommendation_is_needed(weakness):
    strong = made_up({"smote": 0.05}).verdict
    assert strong.method == "smote"
    weak = {
        "not proven": lambda: made_up({"smote": 0.05}, spread=0.15),
        "too small": lambda: made_up({"smote": 0.008}, spread=0.001),
        "not chosen": lambda: made_up({"smote": 0.05}, inner={"smote": -0.2}),
        "no better than chance": lambda: made_up({"smote": 0.05}, smote={"base_rate": 0.55}),
        "another chosen": lambda: made_up({"random": 0.008, "smote": 0.05}, inner={"random": 0.1}, spread=0.001),
        "choice loses": lambda: made_up({"random": -0.2, "smote": 0.05}, inner={"random": 0.1, "smote": 0.1}),
    }[weakness]()  # fmt: skip
    assert weak.verdict.method is None


def test_a_table_that_says_nothing_is_no_case_for_resampling():
    verdict = made_up({"smote": 0.0}, none={"base_rate": 0.9}, smote={"base_rate": 0.9}).verdict
    assert verdict.answer == "does not help"
    assert "better than chance" in verdict.sentence


def test_folds_that_agree_are_not_certain():
    """Three folds with the same gain in a score of steps; by hand: t(0.975, 2) = 4.3027, 50 rows of the rare class."""
    comparison = made_up({"smote": 0.1}, spread=0.0, n_folds=3, scoring="balanced_accuracy")
    row = comparison.results["smote"]
    error = np.sqrt(0.1 * 0.9 / 50)
    assert_allclose([row["low"], row["high"]], [0.1 - 4.3026527 * error, 0.1 + 4.3026527 * error], rtol=1e-6)
    assert comparison.verdict.answer == "cannot tell"
    nothing = made_up({"smote": 0.0}, spread=0.0, scoring="f1", smote={"brier": 0.4})
    assert_allclose(
        nothing.results["smote"]["high"], 2.2621572 / 50, rtol=1e-6
    )  # other probabilities, the same decisions
    assert nothing.verdict.answer == "cannot tell"
    brier = made_up({"smote": 0.1}, spread=0.0, scoring="brier", base=0.2)
    brier = replace(brier, rows=[{**row, "brier_corrected": 0.3 if row["method"] == "none" else 0.2}
                                 for row in brier.rows])  # fmt: skip
    assert brier.verdict.answer == "cannot tell"
    assert "interval -inf to +inf" in brier.verdict.sentence


def test_a_method_that_changes_nothing_is_said_to():
    verdict = made_up({"smote": 0.0}, spread=0.0).verdict
    assert verdict.answer == "does not help"
    assert "No method changes anything" in verdict.sentence


def test_no_better_than_chance_must_be_shown():
    rates = np.random.RandomState(1).normal(0.55, 0.2, size=10)
    comparison = made_up({"smote": 0.0}, spread=0.2, seed=4)
    rows = [{**row, "base_rate": rates[row["fold"]], "average_precision": 0.5 + 0.01 * (row["method"] == "smote")}
            for row in comparison.rows]  # fmt: skip
    comparison = replace(comparison, rows=rows, counts={"common": 9, "rare": 5}, n_rows=14)
    assert all(comparison.over_null(name)[0] < 0 < comparison.over_null(name)[2] for name in ("none", "smote"))
    assert comparison.verdict.answer == "cannot tell"
    assert "better than chance" in comparison.verdict.sentence


def test_the_brier_score_should_fall_and_is_compared_as_a_share():
    comparison = made_up({"smote": 0.02, "random": -0.02}, scoring="brier", base=0.2, spread=0.001)
    usual, ours = (comparison.measured("brier_corrected", name).ravel() for name in ("none", "smote"))
    assert_allclose(comparison.gains("smote"), (usual - ours) / usual.mean())
    assert comparison.verdict.method == "smote"
    assert re.search(r"prior corrected\) from 0.2\d+ to 0.2\d+, a gain of \+\d% \(95 %", comparison.verdict.sentence)


def test_inner_folds_choose_without_looking_at_the_outer_fold():
    comparison = made_up({"random": 0.3, "smote": -0.3}, inner={"random": -0.1, "smote": 0.1})
    chosen = {name: row["chosen"] for name, row in comparison.results.items()}
    assert chosen["smote"] == 1.0
    assert chosen["random"] == 0.0
    assert comparison.results[CHOSEN]["gain"] == pytest.approx(comparison.results["smote"]["gain"])
    assert comparison.verdict.method is None


def test_inner_folds_choose_what_is_better_there_however_little():
    comparison = made_up({"smote": 0.0})
    better = [comparison.gains("smote", fold=fold).mean() > 0 for fold in comparison.folds]
    assert comparison.results["smote"]["chosen"] == np.mean(better)
    assert 0 < np.mean(better) < 1


def test_what_holds_for_one_test_may_not_hold_for_several():
    alone = made_up({"smote": 0.02}, inner={"smote": 0.5}, spread=0.03, seed=2)
    assert 0.01 < alone.results["smote"]["p"] < 0.05
    assert alone.verdict.method == "smote"
    others = ["weights", "random", "adasyn", "svm-smote"]  # they do nothing
    copies = [{**row, "method": name} for row in alone.rows if row["method"] == "none" for name in others]
    several = replace(alone, rows=alone.rows + copies, methods=[*alone.methods, *others])
    assert several.results["smote"]["p"] == alone.results["smote"]["p"]
    assert several.verdict.answer == "cannot tell"
    assert "not proven after allowing for 5 methods" in several.verdict.sentence


def test_what_only_the_usual_threshold_shows_is_cautioned_against():
    shifted = {"none": {"f1": 0.3, "f1_tuned": 0.5}, "smote": {"f1": 0.5, "f1_tuned": 0.5}}
    caveats = made_up({"smote": 0.0}, **shifted).caveats
    assert any("a tuned threshold gives the estimator alone 0.50" in caution for caution in caveats)
    real = {"none": {"f1": 0.3, "f1_tuned": 0.35}, "smote": {"f1": 0.5, "f1_tuned": 0.5}}
    assert not any("tuned threshold" in caution for caution in made_up({"smote": 0.0}, **real).caveats)
