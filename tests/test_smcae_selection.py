"""How SMCAE pairs, trains and chooses, against loops, scikit-learn and cases worked by hand."""

import itertools
import math
import random
import warnings

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.metrics import accuracy_score, balanced_accuracy_score, r2_score
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor

from skgan_resample._discrepancy import energy_by_class
from skgan_resample._nn import autoencoder
from skgan_resample._smcae import _fitting, _selection, _training
from skgan_resample._smcae._fitting import N_ERRORS, Fitting, Fold, Origin, _kept_step, _variance_ratio
from skgan_resample._smcae._maps import AffineMap, coral, identity, linear_transport, location_scale, with_drawn_means
from skgan_resample._smcae._selection import (
    LADDER,
    NOTHING_TIE,
    TIE,
    Trial,
    Yardstick,
    assess,
    chosen,
    closed_form,
    drawn_to_classes,
    folds,
    nearest_counts,
    row_gaps,
    with_classes_of,
)
from skgan_resample._smcae._space import Sample, Space
from skgan_resample._smcae._training import (
    Mover,
    Training,
    hidden_sizes,
    pair_up,
    spread_like,
    train_guarded,
    train_paper,
)
from skgan_resample._smcae._transformer import SMCAETransformer


def sample_of(vectors, classes=None, n_classes=1, target=None):
    """Return a `Sample` whose target is its class, unless another one is given."""
    vectors = np.asarray(vectors, dtype=float)
    classes = np.zeros(len(vectors), dtype=int) if classes is None else np.asarray(classes)
    return Sample(vectors, vectors, np.eye(n_classes)[classes], classes if target is None else np.asarray(target))


def two_domains(n_synthetic=60, n_real=45, n_classes=2, seed=0):
    """Rows of classes that lie apart; the synthetic ones are shifted and too narrow."""
    rng = np.random.RandomState(seed)
    classes = [np.resize(np.arange(n_classes), n) for n in (n_synthetic, n_real)]
    synthetic, real = (rng.normal(size=(len(labels), 2)) + 3 * labels[:, None] for labels in classes)
    return sample_of(0.5 * synthetic + [2, -1], classes[0], n_classes), sample_of(real, classes[1], n_classes)


def options(pairing="ot", **changes):
    """Return the settings of a short training."""
    defaults = {"hidden_layer_sizes": (6, 4), "max_steps": 100, "batch_size": 32, "device": "cpu"}
    made = SMCAETransformer(**{**defaults, **changes})
    made.pairing_ = pairing
    return made


def weights_of(network):
    return np.concatenate([weight.detach().numpy().ravel() for weight in network.parameters()])


# ------------------------------------------------------------------------------------------------ which row to which?
@pytest.mark.parametrize("seed", range(5))
def test_transport_pairs_are_the_cheapest_permutation(seed):
    rng = np.random.RandomState(seed)
    synthetic, real = sample_of(rng.normal(size=(5, 2))), sample_of(rng.normal(size=(5, 2)) + 1)
    cost = lambda order: sum(((synthetic.vectors[i] - real.vectors[j]) ** 2).sum() for i, j in enumerate(order))  # noqa: E731
    best = min(itertools.permutations(range(5)), key=cost)
    assert pair_up(synthetic, real, "ot", rng).tolist() == list(best)


def test_transport_with_more_synthetic_rows_is_the_cheapest_equal_use():
    rng = np.random.RandomState(0)
    synthetic, real = sample_of(rng.normal(size=(6, 2))), sample_of(rng.normal(size=(3, 2)) + 1)
    distances = ((synthetic.vectors[:, None] - real.vectors) ** 2).sum(axis=2)
    best = min(itertools.permutations([0, 0, 1, 1, 2, 2]), key=lambda order: distances[np.arange(6), order].sum())
    assert pair_up(synthetic, real, "ot", rng).tolist() == list(best)


@given(st.integers(1, 30), st.integers(1, 12), st.integers(0, 1000))
def test_transport_uses_real_rows_equally_often(n_synthetic, n_real, seed):
    rng = np.random.RandomState(seed)
    synthetic, real = sample_of(rng.normal(size=(n_synthetic, 2))), sample_of(rng.normal(size=(n_real, 2)))
    counts = np.bincount(pair_up(synthetic, real, "ot", rng), minlength=n_real)
    assert counts.sum() == n_synthetic
    assert np.ptp(counts) <= 1


@pytest.mark.parametrize("n_synthetic", [12, 30, 47])
def test_transport_in_parts_uses_real_rows_equally_often(monkeypatch, n_synthetic):
    monkeypatch.setattr(_training, "PLAN_ROWS", 5)
    rng = np.random.RandomState(0)
    synthetic, real = sample_of(rng.normal(size=(n_synthetic, 2))), sample_of(rng.normal(size=(20, 2)))
    counts = np.bincount(pair_up(synthetic, real, "ot", rng), minlength=20)
    assert counts.sum() == n_synthetic
    assert np.ptp(counts) <= 1


@pytest.mark.parametrize("pairing", ["ot", "nearest"])
def test_pairs_are_of_one_class(pairing, monkeypatch):
    synthetic, real = two_domains(30, 20, 4)
    real = real[real.classes != 3]
    for plan_rows in (1000, 3):
        monkeypatch.setattr(_training, "PLAN_ROWS", plan_rows)
        partners = pair_up(synthetic, real, pairing, np.random.RandomState(0))
        has_partner = synthetic.classes != 3
        assert (partners[~has_partner] == -1).all()
        assert np.array_equal(real.classes[partners[has_partner]], synthetic.classes[has_partner])


def test_nearest_pairs_are_the_nearest_of_the_class():
    synthetic, real = two_domains(30, 20)
    for i, partner in enumerate(pair_up(synthetic, real, "nearest", np.random.RandomState(0))):
        candidates = [j for j in range(20) if real.classes[j] == synthetic.classes[i]]
        nearest = min(candidates, key=lambda j, i=i: math.dist(synthetic.vectors[i], real.vectors[j]))
        assert partner == nearest


def test_given_pairs_are_taken_in_order():
    synthetic, real = two_domains(10, 10)
    assert pair_up(synthetic, real, "given", np.random.RandomState(0)).tolist() == list(range(10))


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
    found = row_gaps(moved, held_out)
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
    expected = energy_by_class(moved.vectors, moved.classes, held_out.vectors, held_out.classes)
    assert (means[0] + means[1]) / 2 == pytest.approx(expected)


def test_rows_whose_class_was_not_moved_have_the_mean_gap():
    moved, held_out = two_domains(20, 12, 3)
    present = row_gaps(moved[moved.classes != 2], held_out[held_out.classes != 2])
    found = row_gaps(moved[moved.classes != 2], held_out)
    assert found[held_out.classes != 2] == pytest.approx(present)
    assert found[held_out.classes == 2] == pytest.approx(present.mean())
    one_row = np.concatenate([np.flatnonzero(moved.classes != 2), np.flatnonzero(moved.classes == 2)[:1]])
    assert row_gaps(moved[one_row], held_out) == pytest.approx(found)
    assert row_gaps(moved[:1], held_out).tolist() == [0.0] * 12


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
    yardstick = Yardstick(scoring, learner, n_features, real, weights, alone=alone)
    trial = assess(yardstick, parts(real, splits), [synthetic] * 3)
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
    yardstick = Yardstick("balanced_accuracy", learner, 2, real, np.ones(len(real)), alone=False)
    trial = assess(yardstick, parts(real, splits), [synthetic] * 3)
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
    ("scoring", "probes"),
    [
        ("accuracy", [LogisticRegression(), KNeighborsClassifier(), ExtraTreesClassifier(30, random_state=0)]),
        ("r2", [Ridge(), KNeighborsRegressor(), ExtraTreesRegressor(30, random_state=0)]),
    ],
)
def test_without_a_learner_three_of_them_are_averaged(scoring, probes):
    together = cross_validated(scoring, None, np.ones(45), False)[-1].scores
    alone = [cross_validated(scoring, probe, np.ones(45), False)[-1].scores for probe in probes]
    assert together == pytest.approx(np.mean(alone, axis=0))


def test_without_synthetic_rows_the_real_ones_teach_alone():
    _, real, splits, _ = cross_validated("accuracy", None, np.ones(45), True)
    yardstick = Yardstick("accuracy", KNeighborsClassifier(), 2, real, np.ones(45), alone=True)
    trial = assess(yardstick, parts(real, splits), [None] * 3)
    expected = np.empty(45)
    for train, test in splits:
        learner = KNeighborsClassifier().fit(real.vectors[train], real.target[train])
        expected[test] = learner.predict(real.vectors[test]) == real.target[test]
    assert np.array_equal(trial.scores, expected)
    assert np.isnan(trial.gap)


def test_the_gap_of_a_candidate_is_the_mean_over_folds():
    weights = np.random.RandomState(0).uniform(1, 2, size=45)
    moved, real, splits, trial = cross_validated("gap", None, weights, True)
    compared = [fold.compared for fold in parts(real, splits)]
    gaps = [energy_by_class(moved.vectors, moved.classes, like.vectors, like.classes) for like in compared]
    assert trial.gap == pytest.approx(np.mean(gaps))
    for _, test in splits:
        assert trial.scores[test] == pytest.approx(-row_gaps(moved, real[test]) * weights[test] / weights.mean())


def test_a_learner_copes_with_one_class_and_with_fewer_rows_than_neighbours():
    moved, real = sample_of(np.eye(3)[:, :2], [1, 1, 1], 2), sample_of(np.zeros((4, 2)), [0, 1, 1, 1], 2)
    yardstick = Yardstick("accuracy", None, 2, real, np.ones(4), alone=True)
    assert yardstick(moved, moved[:1], real).tolist() == [0.0, 1.0, 1.0, 1.0]
    moved = sample_of(np.eye(3)[:, :2], [0, 1, 1], 2)
    yardstick = Yardstick("accuracy", KNeighborsClassifier(), 2, real, np.ones(4), alone=True)
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
    yardstick = Yardstick("r2", None, 2, real, np.ones(21), alone=True)
    candidates = {"wrong": sample_of(real.vectors, target=y + 3), "right": real}
    trials = {name: assess(yardstick, parts(real, splits), [rows] * 3) for name, rows in candidates.items()}
    assert chosen(trials, ["wrong", "right"]) == "right"


# ------------------------------------------------------------------------------------------------ the choice
def trial(scores):
    return Trial(np.array(scores, dtype=float), [], np.nan)


def test_the_simplest_of_equal_candidates_is_chosen():
    trials = {name: trial([1, 0, 1, 1]) for name in LADDER}
    assert chosen(trials, list(LADDER)) == "identity"
    assert chosen(trials, ["none", *LADDER][1:][::-1]) == "smcae"


def test_a_clearly_better_candidate_is_chosen():
    trials = {"a": trial([0, 0, 0, 0, 1, 0, 0, 0]), "b": trial([1, 1, 1, 1, 1, 0, 1, 1]), "c": trial([0.5] * 8)}
    assert chosen(trials, ["a", "b", "c"]) == "b"
    assert chosen(trials, ["a", "c", "b"]) == "b"
    assert chosen({**trials, "c": trials["b"]}, ["a", "c", "b"]) == "c"


@pytest.mark.parametrize("share", [0.9, 1.1])
@pytest.mark.parametrize(
    ("simple", "tie"),
    [("none", NOTHING_TIE), ("identity", NOTHING_TIE), ("location_scale", TIE), ("coral", TIE), ("linear_ot", TIE)],
)
def test_a_simpler_candidate_is_chosen_within_its_share_of_a_standard_error(simple, tie, share):
    """Four differences, one below and one above their mean in turn, have a standard error of a half."""
    trials = {simple: trial(np.zeros(4)), "smcae": trial(share * tie * 0.5 + np.array([-1, 1, -1, 1]))}
    assert chosen(trials, [simple, "smcae"]) == (simple if share < 1 else "smcae")


def test_to_do_nothing_is_given_up_for_a_standard_error_and_a_map_for_a_quarter():
    assert (NOTHING_TIE, TIE) == (1.0, 0.25)


def test_the_first_within_the_error_is_chosen_not_the_best_of_them():
    better = TIE * 0.5 * np.array([0.4, 0.8])[:, None] + np.array([-1, 1, -1, 1])
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
    drawn = with_drawn_means(synthetic.vectors, real.vectors, synthetic.classes, real.classes, overall)
    assert np.array_equal(drawn_to_classes(synthetic, real).vectors, drawn)
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
    return Training(None, None, steps=steps, gaps=[np.array(values, dtype=float) for values in gaps])


def test_the_last_step_is_kept_unless_an_earlier_one_was_better_beyond_its_error():
    ones = np.ones(4)
    assert _kept_step([seen(3 * ones, 2 * ones, ones)]) == 100  # it falls
    assert _kept_step([seen(ones, ones, ones)]) == 100  # it does nothing
    assert _kept_step([seen(ones, 0.5 * ones, ones)]) == 50
    assert _kept_step([seen(0.8 * ones, 0.5 * ones, ones)]) == 50  # the best one
    assert _kept_step([seen(ones, 2 * ones, 3 * ones)]) == 0


@pytest.mark.parametrize(("gain", "step"), [(0.9, 50), (1.1, 0)])
def test_an_earlier_step_must_be_better_by_two_standard_errors(gain, step):
    """The gains are `gain` - 1 and `gain` + 1, four of them: the error of their mean is 0.5."""
    assert N_ERRORS == 2
    assert _kept_step([seen(-gain + np.array([-1, 1, -1, 1]), np.zeros(4))]) == step


def test_the_step_is_that_of_all_trainings_together():
    ones = np.ones(4)
    first, second = seen(ones, 0.5 * ones, ones), seen(2 * ones, ones, 0.2 * ones)
    assert _kept_step([first]) == 50
    assert _kept_step([first, second]) == 100
    assert _kept_step([first, seen(ones, 0.4 * ones)]) == 50  # one was cut short, and 50 is the last they share
    assert _kept_step([seen(ones, ones, 9 * ones), seen(ones, 2 * ones)]) == 0


def test_trainings_that_did_not_look_have_no_step_to_keep():
    assert _kept_step([Training(None, None), Training(None, None)]) is None
    assert _kept_step([seen([1.0]), Training(None, None)]) is None


# ------------------------------------------------------------------------------------------------ spread
def within(sample):
    """Standard deviation within classes, loop by loop."""
    rest = []
    for number in set(sample.classes):
        rows = sample.vectors[sample.classes == number]
        rest += [row - rows.mean(axis=0) for row in rows]
    return np.sqrt(np.square(rest).sum(axis=0) / (len(rest) - len(set(sample.classes))))


def test_moved_rows_get_the_spread_of_the_real_ones_around_their_own_means():
    moved, real = two_domains(60, 45, 3)
    moved = moved.at(moved.vectors * [1.5, 1.2])
    there = moved.at(spread_like(moved, real)(moved.vectors, moved.membership))
    assert within(there) == pytest.approx(within(real))
    for number in range(3):
        own = moved.classes == number
        assert there.vectors[own].mean(axis=0) == pytest.approx(moved.vectors[own].mean(axis=0))


def test_rows_are_spread_by_two_at_most_and_never_narrowed():
    rng = np.random.RandomState(0)
    real = sample_of(rng.normal(size=(50, 3)))
    moved = sample_of(rng.normal(size=(50, 3)) * [0.1, 5.0, 0.0])
    there = moved.at(spread_like(moved, real)(moved.vectors))
    assert within(there) == pytest.approx(within(moved) * [2, 1, 1])
    assert np.array_equal(there.vectors[:, 1:], moved.vectors[:, 1:])


def test_rows_of_a_class_that_was_not_moved_in_fit_are_not_thrown_away_from_zero():
    rng = np.random.RandomState(0)
    moved = sample_of(0.5 * rng.normal(size=(10, 1)), [0] * 10, 2)
    real = sample_of(np.r_[rng.normal(size=(10, 1)), rng.normal(size=(10, 1)) + 10], [0] * 10 + [1] * 10, 2)
    found = spread_like(moved, real)(np.array([[10.0]]), np.array([[0.0, 1.0]]))
    assert found[0, 0] == pytest.approx(10, abs=1)
    mean = real.vectors[10:].mean(axis=0)
    assert spread_like(moved, real)(mean[None], np.array([[0.0, 1.0]]))[0] == pytest.approx(mean)


def test_the_variance_ratio_is_the_mean_over_classes_by_their_rows():
    rng = np.random.RandomState(0)
    real = sample_of(rng.normal(size=(24, 2)), np.repeat([0, 1, 2], [10, 10, 4]), 4)
    scales = np.array([1.0, 2.0, 100.0, 100.0])
    moved = sample_of(
        np.vstack([real.vectors[:10], real.vectors[10:20], real.vectors[10:20], real.vectors[:10]])
        * np.repeat(scales[[0, 1, 1, 3]], 10)[:, None],
        np.repeat([0, 1, 1, 3], 10), 4,
    )  # fmt: skip
    assert _variance_ratio(moved, real) == pytest.approx((10 * 1 + 20 * 4) / 30)  # classes 2 and 3 have too few rows
    assert _variance_ratio(moved[:3], real) == 1.0


def test_a_class_of_equal_real_rows_does_not_count_for_the_variance_ratio():
    real = sample_of(np.tile([1.0, 2.0], (6, 1)))
    moved = sample_of(np.random.RandomState(0).normal(size=(6, 2)))
    assert _variance_ratio(moved, real) == 1.0


# ------------------------------------------------------------------------------------------------ what is fitted
@pytest.mark.parametrize(("width", "sizes"), [(1, (16, 4, 16)), (10, (20, 10, 20)), (500, (128, 64, 128))])
def test_default_layers_grow_with_the_columns(width, sizes):
    assert hidden_sizes(None, width) == sizes


@pytest.mark.parametrize("given", [[5, 3], (5, 3), np.array([5, 3], dtype=np.int32)])
def test_given_layers_are_taken_as_they_are(given):
    sizes = hidden_sizes(given, 100)
    assert sizes == (5, 3)
    assert all(type(size) is int for size in sizes)


@pytest.mark.parametrize("given", [[], [0], [4, -1], [2.5], [4.0], ["4"], [None, 3]])
@pytest.mark.parametrize("train", [train_guarded, train_paper])
def test_layers_that_cannot_be_are_refused(given, train):
    synthetic, real = two_domains(6, 6)
    base = (identity(2),) if train is train_guarded else ()
    with pytest.raises(ValueError, match=r"hidden_layer_sizes must hold whole numbers of at least 1, .*; got \["):
        train(*base, synthetic, real, options(hidden_layer_sizes=given), np.random.RandomState(0))


def test_a_map_without_network_is_its_base():
    synthetic, real = two_domains()
    base = closed_form("linear_ot", synthetic, real)
    assert np.array_equal(Mover(base)(synthetic), base(synthetic.vectors, synthetic.membership))


def test_an_untrained_network_leaves_rows_where_the_base_puts_them():
    synthetic, real = two_domains()
    mover = Mover(closed_form("linear_ot", synthetic, real), (2, 2, (5, 3), False))
    assert mover(synthetic, mover.build()) == pytest.approx(Mover(mover.base)(synthetic), abs=1e-6)
    spread = AffineMap(np.full((2, 2), 2.0), np.array([[0.0, 0.0], [1.0, 1.0]]))
    mover.spread = spread
    expected = spread(mover.base(synthetic.vectors, synthetic.membership), synthetic.membership)
    assert mover(synthetic, mover.build()) == pytest.approx(expected, abs=1e-5)


def test_codes_of_real_rows_do_not_depend_on_their_labels():
    synthetic, real = two_domains()
    mover = Mover(identity(2), (2, 2, (5, 3), False))
    torch.manual_seed(0)
    network = mover.build()
    others = sample_of(real.vectors, 1 - real.classes, 2)
    assert mover.real_codes(real, network).shape == (45, 5 + 3 + 2)
    assert np.array_equal(mover.real_codes(real, network), mover.real_codes(others, network))
    assert np.array_equal(mover.rebuilt(real, network), mover.real_codes(real, network)[:, -2:])
    relabelled = sample_of(synthetic.vectors, 1 - synthetic.classes, 2)
    codes = [mover.synthetic_codes(side, network) for side in (synthetic, relabelled)]
    assert codes[0].shape == (60, 10)
    assert np.abs(codes[0] - codes[1])[:, :8].max() > 0.01


# ------------------------------------------------------------------------------------------------ training
def test_training_brings_rows_nearer_to_held_out_ones():
    synthetic, real = two_domains(120, 80)
    training = train_guarded(
        identity(2), synthetic, real[:60], options(max_steps=200, learning_rate=0.02), np.random.RandomState(0),
        held_out=real[60:],
    )  # fmt: skip
    assert training.steps == [0, 50, 100, 150, 200]
    assert len(training.gaps) == len(training.states) == 5
    gaps = [values.mean() for values in training.gaps]
    floor = row_gaps(real[:60], real[60:]).mean()
    assert gaps[-1] - floor < 0.15 * (gaps[0] - floor)
    for k, step in enumerate(training.steps):  # the network can be had as it was
        moved = synthetic.at(training.mover(synthetic, training.at(step)))
        assert row_gaps(moved, real[60:]) == pytest.approx(training.gaps[k], abs=1e-5)
    assert [record["step"] for record in training.history] == training.steps


def test_a_shorter_training_is_the_beginning_of_the_longer_one():
    synthetic, real = two_domains()
    longer = train_guarded(
        identity(2), synthetic, real, options(max_steps=150), np.random.RandomState(0), held_out=real
    )
    shorter = train_guarded(identity(2), synthetic, real, options(max_steps=150), np.random.RandomState(0), n_steps=50)
    assert [record["step"] for record in shorter.history] == [0, 50]
    last = weights_of(longer.network)
    assert np.array_equal(weights_of(longer.at(50)), weights_of(shorter.network))
    assert not np.array_equal(last, weights_of(shorter.network))
    assert weights_of(train_guarded(
        identity(2), synthetic, real, options(max_steps=150), np.random.RandomState(0), n_steps=0
    ).network) == pytest.approx(weights_of(longer.at(0)))  # fmt: skip


def test_a_network_can_be_had_as_it_was_at_the_last_record_not_after_a_step():
    synthetic, real = two_domains()
    training = train_guarded(
        identity(2), synthetic, real, options(max_steps=120), np.random.RandomState(0), held_out=real
    )
    assert training.steps == [0, 50, 100, 120]
    at_records = [state["network"]["left.bias"].numpy() for state in training.states]
    assert len({weights.tobytes() for weights in at_records}) == 4
    for step, record in [(0, 0), (49, 0), (50, 1), (99, 1), (119, 2), (120, 3), (9_999, 3), (75, 1)]:
        network = training.at(step)
        assert np.array_equal(network.left.bias.detach().numpy(), at_records[record])
        assert not network.training


@pytest.mark.parametrize("train", [train_guarded, train_paper])
def test_training_follows_its_seed_and_borrows_nothing_for_good(train):
    synthetic, real = two_domains(30, 30)
    base = (identity(2),) if train is train_guarded else ()
    np.random.seed(5)  # noqa: NPY002
    random.seed(5)
    torch.manual_seed(5)
    n_threads = torch.get_num_threads()
    torch.set_num_threads(2)
    before = np.random.get_state()[1].copy(), random.getstate(), torch.get_rng_state()  # noqa: NPY002
    try:
        found = [
            weights_of(train(*base, synthetic, real, options(max_steps=20), np.random.RandomState(seed)).network)
            for seed in (0, 0, 1)
        ]
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(n_threads)
    assert np.array_equal(found[0], found[1])
    assert not np.array_equal(found[0], found[2])
    assert np.array_equal(np.random.get_state()[1], before[0])  # noqa: NPY002
    assert random.getstate() == before[1]
    assert torch.equal(torch.get_rng_state(), before[2])


def test_rows_of_a_class_without_real_rows_are_to_stay_where_the_base_puts_them():
    synthetic, real = two_domains(60, 40, 3)
    real = real[real.classes != 2]
    settings = options(max_steps=200, energy_weight=0.0, learning_rate=0.02, hidden_layer_sizes=(16, 16))
    training = train_guarded(identity(2), synthetic, real, settings, np.random.RandomState(0))
    moves = training.mover(synthetic, training.network.eval()) - synthetic.vectors
    length = [np.abs(moves[synthetic.classes == number].mean(axis=0)).max() for number in range(3)]
    assert length[2] < 0.3 * min(length[:2])


def test_given_pairs_are_learned():
    rng = np.random.RandomState(0)
    real = sample_of(rng.normal(size=(40, 2)))
    synthetic = sample_of(real.vectors @ [[0.0, 1.5], [-0.5, 0.3]] + [2.0, -1.0])
    settings = options(
        "given", max_steps=500, energy_weight=0.0, learning_rate=0.02, batch_size=40, hidden_layer_sizes=(16, 16)
    )
    training = train_guarded(identity(2), synthetic, real, settings, rng)
    errors = training.mover(synthetic, training.network.eval()) - real.vectors
    assert np.square(errors).mean() < 0.01


@pytest.mark.parametrize("pairing", ["given", "ot", "nearest"])
def test_class_means_are_drawn_for_the_left_channel_alone_and_not_for_given_pairs(pairing, monkeypatch):
    told = {}

    def listening(*args, **options):
        told.update(options)
        return guarded_step(*args, **options)

    guarded_step = autoencoder.guarded_step
    monkeypatch.setattr(autoencoder, "guarded_step", listening)
    synthetic, real = two_domains(12, 12, 3)
    train_guarded(identity(2), synthetic, real, options(pairing, max_steps=1), np.random.RandomState(0))
    drawn = drawn_to_classes(synthetic, real)
    assert np.abs(drawn.vectors - real.vectors).max() > 0.1
    goals = real if pairing == "given" else drawn
    partners = pair_up(synthetic, goals, pairing, np.random.RandomState(0))
    assert told["goals"].numpy() == pytest.approx(goals.vectors, abs=1e-5)
    assert told["targets"].numpy() == pytest.approx(goals.vectors[partners], abs=1e-5)
    assert told["real"].vectors.numpy() == pytest.approx(real.vectors, abs=1e-5)


def test_given_pairs_are_learned_where_there_are_classes():
    rng = np.random.RandomState(0)
    classes = np.resize([0, 1, 2], 18)
    real = sample_of(rng.normal(size=(18, 2)) + np.array([[0, 0], [6, 0], [0, 6]])[classes], classes, 3)
    synthetic = sample_of(real.vectors + np.array([[6, 0], [-6, 6], [0, -6]])[classes], classes, 3)
    settings = options(
        "given", max_steps=400, energy_weight=0.0, learning_rate=0.02, batch_size=18, hidden_layer_sizes=(16, 16)
    )
    training = train_guarded(identity(2), synthetic, real, settings, rng)
    errors = training.mover(synthetic, training.network.eval()) - real.vectors
    for number in range(3):
        assert np.abs(errors[classes == number].mean(axis=0)).max() < 0.2


def test_the_paper_scales_each_domain_by_its_own_range():
    synthetic, real = two_domains(30, 30)
    synthetic.vectors[:, 1] = 4.0  # constant
    training = train_paper(synthetic, real, options("given", max_steps=30), np.random.RandomState(0))
    mover = training.mover
    assert np.ptp(mover.base(synthetic.vectors), axis=0) == pytest.approx([1, 0])
    assert mover.base(synthetic.vectors).min(axis=0) == pytest.approx([0, 0], abs=1e-12)
    scaled = mover.real_input(real.vectors)
    assert [scaled.min(), scaled.max()] == pytest.approx([0, 1], abs=1e-12)
    assert mover.output(scaled) == pytest.approx(real.vectors)
    for made in (mover(synthetic, training.network.eval()), mover.rebuilt(real, training.network)):
        assert (made >= real.vectors.min(axis=0)).all()
        assert (made <= real.vectors.max(axis=0)).all()
    stages = list(dict.fromkeys(record["stage"] for record in training.history))
    assert stages == ["layer 1", "layer 2", "fine-tuning"]
    assert mover.shape == (2, 0, (6, 4), True)


# ------------------------------------------------------------------------------------------------ one fit
def fitting(settings, real, y, synthetic, y_synthetic, role="classes", seed=0, **origin):
    """Return a run on arrays, with the two samples."""
    space = Space(role=role)
    sides = space.fit(real, y, synthetic, y_synthetic)
    return Fitting(settings, space, *sides, Origin(**origin), np.random.RandomState(seed), []).run()


def shifted_classes(n_rows=60, seed=0):
    """Real rows, and synthetic ones whose classes are shifted against each other."""
    rng = np.random.RandomState(seed)
    labels = np.resize([0, 1], n_rows)
    real, synthetic = (rng.normal(size=(n_rows, 2)) + 4 * labels[:, None] for _ in range(2))
    return real, labels, synthetic + np.where(labels, -6.0, 4.0)[:, None], labels


@pytest.mark.parametrize("name", LADDER[:4])
def test_a_map_that_is_asked_for_is_fitted_and_nothing_else(name):
    run = fitting(options(select=name), *shifted_classes())
    assert run.selected_ == name
    assert run.network_ is None
    assert run.trials_ == {}
    assert run.history_ == []
    expected = closed_form(name, run.synthetic, run.real)(run.synthetic.vectors, run.synthetic.membership)
    assert np.array_equal(run.mover_(run.synthetic), expected)


def test_the_simplest_map_is_chosen_where_the_rows_are_right_already():
    real, y, _, _ = shifted_classes()
    other = shifted_classes(seed=1)[0]
    run = fitting(options(max_steps=50), real, y, other, y)
    assert run.selected_ == "identity"
    assert list(run.trials_) == list(LADDER)


@pytest.mark.parametrize("select", ["cv", "gap"])
def test_a_map_by_class_is_chosen_where_classes_are_shifted_apart(select):
    run = fitting(options(select=select, max_steps=50), *shifted_classes())
    assert run.selected_ in ("linear_ot", "smcae")
    assert run.trials_["linear_ot"].gap < 0.2 * run.trials_["location_scale"].gap
    moved = run.mover_(run.synthetic, run.network_)
    for number in (0, 1):
        sides = moved[run.synthetic.classes == number], run.real.vectors[run.real.classes == number]
        assert sides[0].mean(axis=0) == pytest.approx(sides[1].mean(axis=0), abs=0.3)


def test_few_real_rows_have_few_candidates():
    real, y, synthetic, y_synthetic = shifted_classes()
    settings = options(max_steps=20, learner=LogisticRegression())
    for n_rows, n_candidates in ((19, 2), (20, 5)):
        run = fitting(settings, real[:n_rows], y[:n_rows], synthetic, y_synthetic)
        assert list(run.trials_) == list(LADDER[:n_candidates])


def test_synthetic_rows_with_wrong_labels_are_dropped_where_they_may_be():
    real, y, *_ = shifted_classes()
    noise = np.random.RandomState(3).normal(size=(200, 2)) + 2
    labels = np.random.RandomState(4).randint(2, size=200)
    run = fitting(options(max_steps=50, learner=LogisticRegression()), real, y, noise, labels, can_drop=True)
    assert next(iter(run.trials_)) == "none"
    assert run.selected_ == "none"
    assert np.array_equal(run.mover_(run.synthetic), run.synthetic.vectors)


def test_without_a_choice_the_network_is_trained_and_stopped_by_held_out_rows():
    run = fitting(options(select=None, max_steps=100, learning_rate=0.01), *shifted_classes(70))
    assert run.selected_ == "smcae"
    assert run.trials_ == {}
    assert run.best_step_ == run.history_[-1]["step"] in (0, 50, 100)
    assert run.history_[0]["step"] == 0
    assert np.array_equal(run.mover_.base.offsets, closed_form("linear_ot", run.synthetic, run.real).offsets)
    assert not run.network_.training
    run = fitting(options(select=None, max_steps=100), *shifted_classes(40))  # too few to hold some out
    assert run.best_step_ == 100


@pytest.mark.filterwarnings("ignore:The network gave rows")
def test_the_network_stops_early_where_that_was_better_for_held_out_rows():
    """Rows are right already, and steps are far too long."""
    real, y, *_ = shifted_classes(70)
    other = shifted_classes(70, seed=1)[0]
    settings = options(select=None, base="identity", max_steps=100, learning_rate=1.0)
    steps = []
    for seed in range(5):
        run = fitting(settings, real, y, other, y, seed=seed)
        steps.append(run.history_[-1]["step"] if run.history_ else 0)
        if run.selected_ == "smcae":
            assert run.best_step_ == steps[-1]
            assert [record["step"] for record in run.history_] == list(range(0, run.best_step_ + 1, 50))
        else:  # held-out rows prefer the base, or moved rows collapsed
            assert run.selected_ == "identity"
            assert run.network_ is run.best_step_ is None
    assert min(steps) < 100


def test_a_fit_follows_its_seed():
    settings = options(select=None, max_steps=50)
    runs = [fitting(settings, *shifted_classes(), seed=seed) for seed in (0, 0, 1)]
    moved = [run.mover_(run.synthetic, run.network_) for run in runs]
    assert np.array_equal(moved[0], moved[1])
    assert not np.array_equal(moved[0], moved[2])


@pytest.mark.parametrize("n_rows", [40, 70])  # with and without rows held out for the number of steps
def test_the_base_map_stays_where_training_diverges(n_rows):
    with pytest.warns(UserWarning, match="Training diverged, so rows are moved by 'coral' alone"):
        run = fitting(options(select=None, base="coral", learning_rate=1e30), *shifted_classes(n_rows))
    assert run.selected_ == "coral"
    assert run.network_ is run.best_step_ is None
    assert run.network_share_ == 0
    expected = closed_form("coral", run.synthetic, run.real)(run.synthetic.vectors)
    assert np.array_equal(run.mover_(run.synthetic), expected)


def test_a_network_that_diverges_is_no_candidate():
    with pytest.warns(UserWarning, match="SMCAE is no candidate, since its training diverged"):
        run = fitting(options(learning_rate=1e30, learner=LogisticRegression()), *shifted_classes())
    assert list(run.trials_) == list(LADDER[:-1])
    assert run.selected_ == "linear_ot"


def test_the_base_map_stays_where_held_out_rows_prefer_it(monkeypatch):
    monkeypatch.setattr(_fitting, "_kept_step", lambda trainings: 0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        run = fitting(options(select=None, base="coral", max_steps=50), *shifted_classes(70))
    assert run.selected_ == "coral"
    assert run.network_ is run.best_step_ is None
    expected = closed_form("coral", run.synthetic, run.real)(run.synthetic.vectors)
    assert np.array_equal(run.mover_(run.synthetic), expected)


def test_a_network_to_which_the_folds_prefer_its_base_is_no_candidate(monkeypatch):
    monkeypatch.setattr(_fitting, "_kept_step", lambda trainings: 0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        run = fitting(options(max_steps=50, learner=LogisticRegression()), *shifted_classes())
    assert list(run.trials_) == list(LADDER[:-1])


def test_one_training_that_diverges_in_a_fold_is_enough(monkeypatch):
    train, n_calls = _training.train_guarded, itertools.count(1)

    def failing(*args, **options):
        if next(n_calls) == 3:
            raise FloatingPointError("Not a number.")
        return train(*args, **options)

    monkeypatch.setattr(_training, "train_guarded", failing)
    with pytest.warns(UserWarning, match=r"SMCAE is no candidate, since its training diverged\. Not a number\."):
        run = fitting(options(max_steps=20, cv=3, learner=LogisticRegression()), *shifted_classes())
    assert list(run.trials_) == list(LADDER[:-1])


def test_what_is_scored_in_a_fold_is_the_network_at_the_step_that_the_others_prefer(monkeypatch):
    """Else the rows of a fold would choose the network by which they are then predicted."""
    trained, asked, shown = [], [], []
    train, at = _training.train_guarded, Training.at

    def number_of(training):
        return next(k for k, one in enumerate(trained) if one is training)

    def training(*args, **options):
        made = train(*args, **options)
        if options["held_out"] is not None:
            trained.append(made)
        return made

    def kept_step(trainings):
        asked.append([number_of(one) for one in trainings])
        return 100 if len(trainings) == 3 else 50 * (3 - sum(asked[-1]))

    def look(self, step):
        shown.append((number_of(self), step))
        return at(self, step)

    monkeypatch.setattr(_training, "train_guarded", training)
    monkeypatch.setattr(_fitting, "_kept_step", kept_step)
    monkeypatch.setattr(Training, "at", look)
    run = fitting(options(cv=3, learner=LogisticRegression()), *shifted_classes())
    assert asked == [[0, 1, 2], [1, 2], [0, 2], [0, 1]]
    assert shown == [(0, 0), (1, 50), (2, 100)]
    assert "smcae" in run.trials_
    if run.selected_ == "smcae":
        assert run.best_step_ == 100


@pytest.mark.parametrize("n_rows", [2, 5, 6])
def test_fewer_than_six_real_rows_choose_nothing_and_it_says_so(n_rows):
    real, y, synthetic, y_synthetic = shifted_classes()
    settings = options(learner=LogisticRegression())
    if n_rows == 6:
        assert fitting(settings, real[:n_rows], y[:n_rows], synthetic, y_synthetic).trials_
        return
    with pytest.warns(UserWarning, match=rf"^{n_rows} real rows are too few to choose a map by: rows stay as they are"):
        run = fitting(settings, real[:n_rows], y[:n_rows], synthetic, y_synthetic)
    assert (run.selected_, run.trials_, run.network_) == ("identity", {}, None)
    assert np.array_equal(run.mover_(run.synthetic), run.synthetic.vectors)


@pytest.mark.parametrize("n_good", [0, 2, 3])
def test_a_sampler_that_cannot_work_in_a_fold_leaves_rows_as_they_are_and_it_says_so(n_good):
    real, y, synthetic, y_synthetic = shifted_classes()
    space, asked = Space(role="classes"), []
    sides = space.fit(real, y, synthetic, y_synthetic)

    def draw(rows):
        asked.append(rows)
        return sides[1][rows] if len(asked) <= n_good else None

    settings = options(cv=3, max_steps=20, learner=LogisticRegression())
    run = Fitting(settings, space, *sides, Origin(draw=draw), np.random.RandomState(0), [])
    if n_good == 3:
        assert run.run().trials_
        assert sorted(np.concatenate(asked)) == sorted([*range(60)] * 2)  # each row is held out once
        return
    with pytest.warns(
        UserWarning, match="The sampler cannot work on a part of the table, so its rows cannot be judged"
    ):
        run.run()
    assert len(asked) == n_good + 1
    assert (run.selected_, run.trials_, run.network_) == ("identity", {}, None)
    assert np.array_equal(run.mover_(run.synthetic), run.synthetic.vectors)


def test_rows_cannot_be_dropped_by_their_distance():
    settings = options(select="gap", max_steps=20)
    assert "none" not in fitting(settings, *shifted_classes(), can_drop=True).trials_
    run = fitting(options(max_steps=20, learner=LogisticRegression()), *shifted_classes(), can_drop=False)
    assert "none" not in run.trials_


def test_the_base_map_stays_where_rows_collapse():
    """Partners given at random teach the network nothing but the mean."""
    real, y, synthetic, _ = shifted_classes(200)
    settings = options(
        "given", select=None, base="location_scale", max_steps=300, energy_weight=0.0, learning_rate=0.02
    )
    with pytest.warns(UserWarning, match="times the variance of real ones, so 'location_scale' moves them alone"):
        run = fitting(settings, real, y, np.random.RandomState(7).permutation(synthetic), y, role=None)
    assert run.selected_ == "location_scale"
    assert run.network_ is run.best_step_ is None
    assert run.mover_(run.synthetic) == pytest.approx(location_scale(run.synthetic.vectors, run.real.vectors)(
        run.synthetic.vectors
    ))  # fmt: skip


@pytest.mark.parametrize("shifts_target", [False, True])
def test_rows_with_other_targets_on_purpose_are_compared_with_real_rows_of_such_targets(shifts_target):
    rng = np.random.RandomState(0)
    y, y_synthetic = rng.uniform(size=100), rng.uniform(0.8, 1, size=60)
    real, synthetic = y[:, None] * [10.0, -1.0], y_synthetic[:, None] * [10.0, -1.0]
    run = fitting(
        options(select="location_scale"), real, y, synthetic, y_synthetic, role="stays", shifts_target=shifts_target
    )
    moved = run.mover_(run.synthetic)
    if shifts_target:
        assert moved == pytest.approx(run.synthetic.vectors, abs=0.2)
        reference = run._reference(run.real, run.synthetic)
        for target, like in zip(y_synthetic, reference.target):
            low, high = sorted([like, target])
            assert np.count_nonzero((y > low) & (y < high)) <= 4
    else:
        assert moved.mean(axis=0) == pytest.approx(run.real.vectors.mean(axis=0))


def test_frequent_values_are_found_with_the_map():
    rng = np.random.RandomState(0)
    real, synthetic = rng.exponential(size=(80, 1)) + 0.5, rng.exponential(size=(50, 1)) + 0.3
    real[:40] = 0.0
    run = fitting(options(select="location_scale"), real, None, synthetic, None, role=None)
    landed = run.space.landed(run.synthetic, run.mover_(run.synthetic), run.masses_)
    assert (landed.codes == 0).mean() == pytest.approx(0.5, abs=0.021)


def weights_of_rows(run, rows=None):
    """Return how much real rows count in the choice, all or some of them."""
    rows = np.arange(len(run.real)) if rows is None else rows
    return run._yardstick(run.real[rows], rows).weights


def test_classes_of_which_many_rows_were_made_weigh_more():
    real, y, synthetic, _ = shifted_classes()
    labels = np.r_[np.zeros(15, dtype=int), np.ones(45, dtype=int)]
    run = fitting(options(select="identity"), real, y, synthetic, labels, shifts_target=True)
    weights = weights_of_rows(run)
    assert weights[y == 1] / weights[0] == pytest.approx(np.full(30, (1 + 45 / 30) / (1 + 15 / 30)))
    for scoring, shifts_target in (("accuracy", True), ("auto", False)):
        given_options = options(select="identity", scoring=scoring)
        run = fitting(given_options, real, y, synthetic, labels, shifts_target=shifts_target)
        assert (weights_of_rows(run) == 1).all()


def test_rows_of_classes_that_are_not_real_give_no_weight_to_others():
    real, y, synthetic, _ = shifted_classes()
    labels = np.repeat([0, 1, 2], [15, 15, 30])
    weights = weights_of_rows(fitting(options(select="identity"), real, y, synthetic, labels, shifts_target=True))
    assert weights == pytest.approx(np.ones(60))


def test_classes_weigh_by_all_real_rows_though_only_some_take_part():
    real, y, synthetic, _ = shifted_classes()
    labels = np.r_[np.zeros(15, dtype=int), np.ones(45, dtype=int)]
    run = fitting(options(select="identity"), real, y, synthetic, labels, shifts_target=True)
    weights = weights_of_rows(run, np.r_[np.flatnonzero(y == 0), np.flatnonzero(y == 1)[:6]])
    assert weights[30:] / weights[0] == pytest.approx(np.full(6, (1 + 45 / 30) / (1 + 15 / 30)))


def of_targets(y, y_synthetic, shifts_target=True, **settings):
    """Return a run over rows with a continuous target, made with other targets on purpose unless told otherwise."""
    rng = np.random.RandomState(0)
    return fitting(
        options(select="identity", **settings), rng.normal(size=(len(y), 1)), y,
        rng.normal(size=(len(y_synthetic), 1)), y_synthetic, role="stays", shifts_target=shifts_target,
    )  # fmt: skip


def test_targets_of_which_many_rows_were_made_weigh_more():
    y, y_synthetic = np.repeat([1.0, 2.0], [30, 10]), np.full(20, 2.2)
    weights = weights_of_rows(of_targets(y, y_synthetic))
    assert weights / weights[0] == pytest.approx(np.repeat([1.0, 3.0], [30, 10]))
    assert (weights_of_rows(of_targets(y, y_synthetic, scoring="r2")) == 1).all()
    assert (weights_of_rows(of_targets(y, y_synthetic, shifts_target=False)) == 1).all()


def test_targets_weigh_by_all_real_rows_though_only_some_take_part():
    run = of_targets(np.repeat([1.0, 2.0], [30, 10]), np.full(20, 2.2))
    weights = weights_of_rows(run, np.arange(0, 40, 2))  # half of them, of either target
    assert weights / weights[0] == pytest.approx(np.repeat([1.0, 3.0], [15, 5]))


def test_r2_is_measured_by_the_targets_of_all_real_rows_that_take_part():
    run = of_targets(np.arange(40.0), np.arange(20.0), scoring="r2")
    assert run._yardstick(run.real[:20], np.arange(20)).variance == pytest.approx(np.arange(20.0).var())


def test_the_choice_is_made_on_two_thousand_rows_at_most(monkeypatch):
    assert _selection.MAX_ROWS == 2_000
    monkeypatch.setattr(_selection, "MAX_ROWS", 40)
    run = fitting(options(cv=2, max_steps=20, learner=LogisticRegression()), *shifted_classes(100))
    assert all(len(trial.scores) == 40 for trial in run.trials_.values())
