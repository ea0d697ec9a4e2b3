"""How SMCAE judges candidates and takes one: folds, scores, ties, steps; loops and scikit-learn as references."""

import itertools
import math
import warnings

import numpy as np
import pytest
from _smcae_samples import sample_of, two_domains
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.metrics import accuracy_score, balanced_accuracy_score, r2_score
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor

from skgan_resample._distances import energy_distance_by_class
from skgan_resample._smcae._fitting import N_ERRORS_OF_STEPS, Fold, _chosen_step
from skgan_resample._smcae._maps import coral, identity, linear_transport, location_scale, with_shrunken_means
from skgan_resample._smcae._pairing import with_classes_of, with_steady_classes
from skgan_resample._smcae._selection import (
    CANDIDATES,
    N_ERRORS_OF_MAPS,
    CandidateScores,
    HeldOutScorer,
    chosen,
    closed_form,
    energies,
    folds,
    nearest_counts,
    scores_of,
)
from skgan_resample._smcae._training import Training


# ------------------------------------------------------------------------------------------------ folds
@settings(deadline=None, max_examples=60)
@given(st.lists(st.integers(0, 12), min_size=1, max_size=5), st.integers(2, 5), st.integers(0, 1000))
def test_folds_hold_each_row_once_and_every_large_class(sizes, n_splits, seed):
    rng = np.random.RandomState(seed)
    classes = rng.permutation(np.repeat(np.arange(len(sizes)), sizes))
    if len(classes) < 4:
        return
    real = sample_of(np.zeros((len(classes), 1)), classes, len(sizes))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = folds(real, n_splits, rng)
    assert len(found) == min(n_splits, len(classes) // 2)
    assert sorted(np.concatenate([test for _, test in found])) == list(range(len(classes)))
    for train, test in found:
        assert sorted([*train, *test]) == list(range(len(classes)))
    n_rare = sum(size for size in sizes if size < len(found))
    for number, size in enumerate(sizes):
        if len(sizes) > 1 and size >= len(found):
            counts = [np.count_nonzero(classes[test] == number) for _, test in found]
            is_largest = size == max(sizes)
            assert np.ptp(counts) <= 1 + (n_rare if is_largest else 0)


def test_folds_follow_the_seed():
    real = two_domains()[1]
    first, same, other = (folds(real, 3, np.random.RandomState(seed)) for seed in (0, 0, 1))
    assert all(np.array_equal(a[1], b[1]) for a, b in zip(first, same))
    assert not all(np.array_equal(a[1], b[1]) for a, b in zip(first, other))


@pytest.mark.parametrize("n_rows", [2, 3])
def test_two_or_three_rows_have_two_folds(n_rows):
    assert len(folds(sample_of(np.zeros((n_rows, 1))), 3, np.random.RandomState(0))) == 2


# ------------------------------------------------------------------------------------------------ scores
def test_gaps_of_rows_are_their_part_in_the_energy_distance():
    moved, held_out = two_domains(20, 12)
    found = energies(moved, held_out)
    for i in range(12):
        rows = [row for row, label in zip(moved.vectors, moved.classes) if label == held_out.classes[i]]
        within = [math.dist(a, b) for a, b in itertools.permutations(rows, 2)]
        across = [math.dist(held_out.vectors[i], row) for row in rows]
        assert found[i] == pytest.approx(2 * np.mean(across) - np.mean(within))
    means = {}  # up to the real rows' own distances, the mean of a class is its energy distance
    for number in (0, 1):
        rows = held_out.vectors[held_out.classes == number]
        own = np.mean([math.dist(a, b) for a, b in itertools.permutations(rows, 2)])
        means[number] = found[held_out.classes == number].mean() - own
    expected = energy_distance_by_class(moved.vectors, moved.classes, held_out.vectors, held_out.classes)
    assert (means[0] + means[1]) / 2 == pytest.approx(expected)


def test_rows_whose_class_was_not_moved_have_the_mean_gap():
    moved, held_out = two_domains(20, 12, 3)
    present = energies(moved[moved.classes != 2], held_out[held_out.classes != 2])
    found = energies(moved[moved.classes != 2], held_out)
    assert found[held_out.classes != 2] == pytest.approx(present)
    assert found[held_out.classes == 2] == pytest.approx(present.mean())
    one_row = np.concatenate([np.flatnonzero(moved.classes != 2), np.flatnonzero(moved.classes == 2)[:1]])
    assert energies(moved[one_row], held_out) == pytest.approx(found)
    assert energies(moved[:1], held_out).tolist() == [0.0] * 12


def parts(real, splits, drafts=None):
    """Return `Fold` objects; moved rows are compared with every other test row."""
    return [
        Fold(real[train], real[test], test, drafts, real[train], real[test][np.arange(0, len(test), 2)])
        for train, test in splits
    ]


def cross_validated(scoring, learner, weights, alone, n_features=2):
    synthetic, real = two_domains(60, 45, 3)
    if scoring == "r2":
        synthetic.target, real.target = (side.vectors @ [1.0, 2.0] ** np.array(2) for side in (synthetic, real))
    splits = folds(real, 3, np.random.RandomState(0))
    yardstick = HeldOutScorer(scoring, learner, n_features, real, weights, synthetic_alone=alone)
    trial = scores_of(yardstick, parts(real, splits), [synthetic] * 3)
    return synthetic, real, splits, trial


def predictions(learner, synthetic, real, splits, alone, n_features=2):
    """What models that learned from moved and real rows, and from moved rows alone, say of each held-out row."""
    found = np.empty((1 + alone, len(real)), dtype=real.target.dtype)
    for train, test in splits:
        X = np.vstack([synthetic.vectors, real.vectors[train]])[:, :n_features]
        y = np.concatenate([synthetic.target, real.target[train]])
        for k, n_rows in enumerate((len(X), len(synthetic))[: 1 + alone]):
            found[k, test] = learner.fit(X[:n_rows], y[:n_rows]).predict(real.vectors[test, :n_features])
    return found


@pytest.mark.parametrize("alone", [False, True])
@pytest.mark.parametrize("n_features", [1, 2])
@pytest.mark.slow
def test_accuracy_is_that_of_scikit_learn(alone, n_features):
    weights = np.random.RandomState(0).uniform(1, 5, size=45)
    learner = LogisticRegression()
    *sides, splits, trial = cross_validated("accuracy", learner, weights, alone, n_features)
    found = predictions(learner, *sides, splits, alone, n_features)
    target = sides[1].target
    expected = np.mean([accuracy_score(target, row, sample_weight=weights) for row in found])
    assert 0.3 < expected < 1
    assert trial.scores.mean() == pytest.approx(expected)
    assert trial.scores == pytest.approx((found == target).mean(axis=0) * weights / weights.mean())
    assert trial.folds == pytest.approx([trial.scores[test].mean() for _, test in splits])


def test_balanced_accuracy_is_that_of_scikit_learn():
    learner = LogisticRegression()
    synthetic, real, splits, _ = cross_validated("accuracy", learner, np.ones(45), False)
    real = real[np.r_[:20, np.flatnonzero(real.classes == 1)[8:]]]
    splits = folds(real, 3, np.random.RandomState(0))
    yardstick = HeldOutScorer("balanced_accuracy", learner, 2, real, np.ones(len(real)), synthetic_alone=False)
    trial = scores_of(yardstick, parts(real, splits), [synthetic] * 3)
    found = predictions(learner, synthetic, real, splits, False)[0]
    expected = [balanced_accuracy_score(real.target[test], found[test]) for _, test in splits]
    assert trial.folds == pytest.approx(expected)
    assert trial.folds != pytest.approx([accuracy_score(real.target[test], found[test]) for _, test in splits])


def test_r2_is_that_of_scikit_learn():
    *sides, splits, trial = cross_validated("r2", LinearRegression(), np.ones(45), True, 1)
    found = predictions(LinearRegression(), *sides, splits, True, 1)
    target = sides[1].target
    expected = np.mean([r2_score(target, row) for row in found])  # of all rows, each predicted when it was held out
    assert 0.1 < expected < 0.99
    assert trial.scores.mean() == pytest.approx(expected)
    assert trial.scores == pytest.approx(1 - np.square(found - target).mean(axis=0) / target.var())


@pytest.mark.parametrize(
    ("scoring", "estimators"),
    [
        ("accuracy", [LogisticRegression(), KNeighborsClassifier(), ExtraTreesClassifier(30, random_state=0)]),
        ("r2", [Ridge(), KNeighborsRegressor(), ExtraTreesRegressor(30, random_state=0)]),
    ],
)
def test_without_a_learner_three_of_them_are_averaged(scoring, estimators):
    together = cross_validated(scoring, None, np.ones(45), False)[-1].scores
    alone = [cross_validated(scoring, estimator, np.ones(45), False)[-1].scores for estimator in estimators]
    assert together == pytest.approx(np.mean(alone, axis=0))


def test_without_synthetic_rows_the_real_ones_teach_alone():
    _, real, splits, _ = cross_validated("accuracy", None, np.ones(45), True)
    yardstick = HeldOutScorer("accuracy", KNeighborsClassifier(), 2, real, np.ones(45), synthetic_alone=True)
    trial = scores_of(yardstick, parts(real, splits), [None] * 3)
    expected = np.empty(45)
    for train, test in splits:
        learner = KNeighborsClassifier().fit(real.vectors[train], real.target[train])
        expected[test] = learner.predict(real.vectors[test]) == real.target[test]
    assert np.array_equal(trial.scores, expected)
    assert np.isnan(trial.energy)


def test_the_gap_of_a_candidate_is_the_mean_over_folds():
    weights = np.random.RandomState(0).uniform(1, 2, size=45)
    moved, real, splits, trial = cross_validated("gap", None, weights, True)
    compared = [fold.compared for fold in parts(real, splits)]
    gaps = [energy_distance_by_class(moved.vectors, moved.classes, like.vectors, like.classes) for like in compared]
    assert trial.energy == pytest.approx(np.mean(gaps))
    for _, test in splits:
        assert trial.scores[test] == pytest.approx(-energies(moved, real[test]) * weights[test] / weights.mean())


def test_a_learner_copes_with_one_class_and_with_fewer_rows_than_neighbours():
    moved, real = sample_of(np.eye(3)[:, :2], [1, 1, 1], 2), sample_of(np.zeros((4, 2)), [0, 1, 1, 1], 2)
    yardstick = HeldOutScorer("accuracy", None, 2, real, np.ones(4), synthetic_alone=True)
    assert yardstick(moved, moved[:1], real).tolist() == [0.0, 1.0, 1.0, 1.0]
    moved = sample_of(np.eye(3)[:, :2], [0, 1, 1], 2)
    yardstick = HeldOutScorer("accuracy", KNeighborsClassifier(), 2, real, np.ones(4), synthetic_alone=True)
    assert yardstick(moved, moved[:1], real)[1:].mean() > 0


def test_the_learner_is_not_fitted_itself():
    learner = DummyClassifier()
    cross_validated("accuracy", learner, np.ones(45), True)
    assert not hasattr(learner, "classes_")


def test_a_fold_of_equal_targets_does_not_decide():
    """Most targets are zero: the right rows must win against rows whose targets are three too high."""
    rng = np.random.RandomState(0)
    y = np.r_[np.zeros(20), 5.0]
    real = sample_of(rng.normal(size=(21, 2)), target=y)
    splits = folds(real, 3, rng)
    yardstick = HeldOutScorer("r2", None, 2, real, np.ones(21), synthetic_alone=True)
    candidates = {"wrong": sample_of(real.vectors, target=y + 3), "right": real}
    trials = {name: scores_of(yardstick, parts(real, splits), [rows] * 3) for name, rows in candidates.items()}
    assert chosen(trials, ["wrong", "right"]) == "right"


# ------------------------------------------------------------------------------------------------ the choice
def trial(scores):
    return CandidateScores(np.array(scores, dtype=float), [], np.nan)


def test_the_simplest_of_equal_candidates_is_chosen():
    trials = {name: trial([1, 0, 1, 1]) for name in CANDIDATES}
    assert chosen(trials, list(CANDIDATES)) == "identity"
    assert chosen(trials, ["none", *CANDIDATES][1:][::-1]) == "smcae"


def test_a_clearly_better_candidate_is_chosen():
    trials = {"a": trial([0, 0, 0, 0, 1, 0, 0, 0]), "b": trial([1, 1, 1, 1, 1, 0, 1, 1]), "c": trial([0.5] * 8)}
    assert chosen(trials, ["a", "b", "c"]) == "b"
    assert chosen(trials, ["a", "c", "b"]) == "b"
    assert chosen({**trials, "c": trials["b"]}, ["a", "c", "b"]) == "c"


@pytest.mark.parametrize("share", [0.9, 1.1])
@pytest.mark.parametrize(
    ("simple", "n_errors"),
    [("none", 1.0), ("identity", 1.0), ("location_scale", 0.25), ("coral", 0.25), ("linear_ot", 0.25)],
)
def test_a_simpler_candidate_is_chosen_within_its_share_of_a_standard_error(simple, n_errors, share):
    """Four differences, one below and one above their mean in turn, have a standard error of a half."""
    trials = {simple: trial(np.zeros(4)), "smcae": trial(share * n_errors * 0.5 + np.array([-1, 1, -1, 1]))}
    assert chosen(trials, [simple, "smcae"]) == (simple if share < 1 else "smcae")


def test_the_first_within_the_error_is_chosen_not_the_best_of_them():
    better = N_ERRORS_OF_MAPS * 0.5 * np.array([0.4, 0.8])[:, None] + np.array([-1, 1, -1, 1])
    trials = dict(zip("abcd", map(trial, (np.zeros(4) - 9, np.zeros(4), *better))))
    assert chosen(trials, list("abcd")) == "b"


@given(st.lists(st.floats(-100, 100), min_size=1, max_size=8, unique=True), st.lists(st.floats(-120, 120), max_size=30))
def test_nearest_counts_are_those_of_a_loop(values, others):
    found = nearest_counts(np.array(values), np.array(others))
    assert found.sum() == len(others)
    sure, open_ones = np.zeros(len(values)), np.zeros(len(values))
    for other in others:
        distances = np.abs(np.array(values) - other)
        nearest = np.flatnonzero(distances <= distances.min() + 1e-9)
        (sure if len(nearest) == 1 else open_ones)[nearest] += 1
    assert (sure <= found).all()
    assert (found <= sure + open_ones).all()


def test_nearest_counts_of_equal_values_are_shared_out_among_them():
    found = nearest_counts(np.array([2.0, 1.0, 1.0, 4.0]), np.array([0.0, 1.2, 1.0, 1.9, 9.0, 3.5]))
    assert found[0] == 1
    assert found[1] == found[2] == 1.5
    assert found[3] == 2
    assert nearest_counts(np.full(4, 7.0), np.arange(6.0)).tolist() == [1.5] * 4


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("identity", lambda s, r: identity(2)),
        ("location_scale", lambda s, r: location_scale(s.vectors, r.vectors)),
        ("coral", lambda s, r: coral(s.vectors, r.vectors)),
        ("linear_ot", lambda s, r: linear_transport(s.vectors, r.vectors)),
    ],
)
def test_candidates_have_their_maps(name, expected):
    sides = [sample_of(side.vectors) for side in two_domains()]
    found, wanted = closed_form(name, *sides), expected(*sides)
    assert np.array_equal(found.matrices, wanted.matrices)
    assert np.array_equal(found.offsets, wanted.offsets)


def test_the_map_by_class_puts_classes_where_their_drawn_means_are():
    synthetic, real = two_domains(60, 15, 3)
    synthetic = synthetic[np.r_[:60, np.flatnonzero(synthetic.classes == 0)]]  # class 0 is twice as frequent
    overall = linear_transport(synthetic.vectors, with_classes_of(synthetic, real).vectors)
    drawn = with_shrunken_means(synthetic.vectors, real.vectors, synthetic.classes, real.classes, overall)
    assert np.array_equal(with_steady_classes(synthetic, real).vectors, drawn)
    moved = closed_form("linear_ot", synthetic, real)(synthetic.vectors, synthetic.membership)
    for number in range(3):
        expected = drawn[real.classes == number].mean(axis=0)
        assert moved[synthetic.classes == number].mean(axis=0) == pytest.approx(expected)
        assert expected != pytest.approx(real.vectors[real.classes == number].mean(axis=0), abs=1e-3)


@pytest.mark.parametrize("synthetic_sizes", [[10, 10, 10, 0], [0, 0, 30, 0], [5, 60, 1, 9], [1, 0, 0, 7]])
def test_real_rows_can_have_the_proportions_of_the_synthetic_classes(synthetic_sizes):
    """Class 3 has no real rows; no row of a class is used more than once oftener than another one of it."""
    real_sizes = np.array([40, 8, 2, 0])
    real = sample_of(np.arange(50.0)[:, None], np.repeat(np.arange(4), real_sizes), 4)
    synthetic_sizes = np.array(synthetic_sizes)
    synthetic = sample_of(np.zeros((synthetic_sizes.sum(), 1)), np.repeat(np.arange(4), synthetic_sizes), 4)
    found = with_classes_of(synthetic, real)
    wanted = np.where(real_sizes > 0, synthetic_sizes, 0) / synthetic_sizes[real_sizes > 0].sum()
    assert np.bincount(found.classes, minlength=4) == pytest.approx(wanted * 50, abs=1)
    for number in np.flatnonzero(wanted):
        own = found.vectors[found.classes == number, 0].astype(int)
        assert set(real.classes[own]) == {number}
        assert np.ptp(np.bincount(own, minlength=50)[real.classes == number]) <= 1


def test_real_rows_stay_all_where_there_are_no_classes_or_none_in_common():
    synthetic, real = two_domains(20, 30, 1)
    assert with_classes_of(synthetic, real) is real
    synthetic, real = sample_of(np.zeros((5, 1)), [0] * 5, 2), sample_of(np.zeros((6, 1)), [1] * 6, 2)
    assert with_classes_of(synthetic, real) is real


@pytest.mark.parametrize("name", ["location_scale", "coral", "linear_ot"])
def test_rows_of_the_rare_class_alone_go_to_the_rare_class(name):
    """As those of an over-sampler: a map for all rows must not carry them to the mean of both classes."""
    rng = np.random.RandomState(0)
    labels = np.repeat([0, 1], [80, 20])
    real = sample_of(rng.normal(size=(100, 2)) + 8 * labels[:, None], labels, 2)
    synthetic = sample_of(rng.normal(size=(60, 2)) + 3, [1] * 60, 2)
    moved = closed_form(name, synthetic, real)(synthetic.vectors, synthetic.membership)
    rare = real.vectors[labels == 1]
    assert moved.mean(axis=0) == pytest.approx(rare.mean(axis=0), abs=1e-9)
    assert moved.std(axis=0) == pytest.approx(rare.std(axis=0), rel=0.3)


def test_a_class_of_two_real_rows_gets_the_map_for_all_rows():
    synthetic, real = two_domains(60, 45, 3)
    real = real[np.r_[np.flatnonzero(real.classes != 2), np.flatnonzero(real.classes == 2)[:2]]]
    overall = linear_transport(synthetic.vectors, with_classes_of(synthetic, real).vectors)
    found = closed_form("linear_ot", synthetic, real)
    assert np.array_equal(found.matrices[2], overall.matrices[0])
    assert np.array_equal(found.offsets[2], overall.offsets[0])
    assert not np.allclose(found.offsets[1], overall.offsets[0])


# ------------------------------------------------------------------------------------------------ when to stop
def seen(*gaps, steps=None):
    """Return a training in which held-out rows had these gaps."""
    steps = [50 * k for k in range(len(gaps))] if steps is None else steps
    return Training(None, None, steps=steps, energies=[np.array(values, dtype=float) for values in gaps])


def test_the_last_step_is_kept_unless_an_earlier_one_was_better_beyond_its_error():
    ones = np.ones(4)
    assert _chosen_step([seen(3 * ones, 2 * ones, ones)]) == 100  # it falls
    assert _chosen_step([seen(ones, ones, ones)]) == 100  # it does nothing
    assert _chosen_step([seen(ones, 0.5 * ones, ones)]) == 50
    assert _chosen_step([seen(0.8 * ones, 0.5 * ones, ones)]) == 50  # the best one
    assert _chosen_step([seen(ones, 2 * ones, 3 * ones)]) == 0


@pytest.mark.parametrize(("gain", "step"), [(0.9, 50), (1.1, 0)])
def test_an_earlier_step_must_be_better_by_two_standard_errors(gain, step):
    """The gains are `gain` - 1 and `gain` + 1, four of them: the error of their mean is 0.5."""
    assert N_ERRORS_OF_STEPS == 2
    assert _chosen_step([seen(-gain + np.array([-1, 1, -1, 1]), np.zeros(4))]) == step


def test_the_step_is_that_of_all_trainings_together():
    ones = np.ones(4)
    first, second = seen(ones, 0.5 * ones, ones), seen(2 * ones, ones, 0.2 * ones)
    assert _chosen_step([first]) == 50
    assert _chosen_step([first, second]) == 100
    assert _chosen_step([first, seen(ones, 0.4 * ones)]) == 50  # one was cut short, and 50 is the last they share
    assert _chosen_step([seen(ones, ones, 9 * ones), seen(ones, 2 * ones)]) == 0


def test_trainings_that_did_not_look_have_no_step_to_keep():
    assert _chosen_step([Training(None, None), Training(None, None)]) is None
    assert _chosen_step([seen([1.0]), Training(None, None)]) is None
