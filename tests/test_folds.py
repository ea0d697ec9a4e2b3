"""Folds for a continuous target, and splits that test on real rows only."""

import numpy as np
import pandas as pd
import pytest
import sklearn
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.model_selection import GridSearchCV, GroupKFold, KFold, LeaveOneOut, ShuffleSplit, cross_validate
from sklearn.neighbors import KNeighborsRegressor

from skgan_resample import SMOTER, RandomOverSampler, Relevance
from skgan_resample.model_selection import (
    RealRowsTestSplit,
    RegressionStratifiedKFold,
    RepeatedRegressionStratifiedKFold,
)

targets = st.lists(st.integers(-20, 20), min_size=2, max_size=80).map(lambda values: np.array(values, dtype=float))
seeds = st.one_of(st.none(), st.integers(0, 2**32 - 1))


def folds_of(y, k, seed=None):
    cv = RegressionStratifiedKFold(k, shuffle=seed is not None, random_state=seed)
    return [test for _, test in cv.split(np.zeros((len(y), 1)), y)]


def ranks_of(y):
    """Position of each row in the sorted target; ties in the order of the input."""
    ranks = np.empty(len(y), dtype=int)
    ranks[np.argsort(y, kind="stable")] = np.arange(len(y))
    return ranks


# ------------------------------------------------------------------------------------------------ stratified folds
@settings(deadline=None)
@given(targets, st.integers(2, 7), seeds)
def test_every_row_is_tested_once_and_trained_on_otherwise(y, k, seed):
    k = min(k, len(y))
    cv = RegressionStratifiedKFold(k, shuffle=seed is not None, random_state=seed)
    splits = list(cv.split(y, y))
    assert len(splits) == cv.get_n_splits() == k
    assert sorted(np.concatenate([test for _, test in splits])) == list(range(len(y)))
    sizes = [len(test) for _, test in splits]
    assert max(sizes) - min(sizes) <= 1
    for train, test in splits:
        assert sorted([*train, *test]) == list(range(len(y)))


@settings(deadline=None)
@given(st.integers(2, 7), st.integers(1, 10), seeds, st.randoms(use_true_random=False))
def test_each_fold_has_one_row_of_each_block(k, n_blocks, seed, random):
    y = np.arange(k * n_blocks, dtype=float) ** 3
    random.shuffle(y)
    for test in folds_of(y, k, seed):
        assert (np.sort(ranks_of(y)[test]) // k).tolist() == list(range(n_blocks))


@settings(deadline=None)
@given(st.integers(2, 7), st.integers(2, 80), seeds)
def test_tails_are_shared_out_to_one_row(k, n, seed):
    k = min(k, n)
    y = np.random.RandomState(n).permutation(n).astype(float)
    folds = folds_of(y, k, seed)
    for m in range(1, n):
        for tail in (y < m, y >= n - m):
            counts = [np.count_nonzero(tail[test]) for test in folds]
            assert max(counts) - min(counts) <= (1 if m <= n // 2 - k else 2)


def test_without_shuffling_no_fold_gets_the_larger_values():
    y = np.random.RandomState(0).permutation(4 * 4 * 5).astype(float)
    sums = [y[test].sum() for test in folds_of(y, 4)]
    assert len(set(sums)) == 1  # each fold has every rank within a block equally often
    assert [test.tolist() for test in folds_of(np.arange(6.0), 3)] == [[0, 5], [1, 3], [2, 4]]  # by hand


def test_shuffling_deals_every_row_to_every_fold():
    y = np.arange(12.0)
    seen = {(row, number) for seed in range(60) for number, test in enumerate(folds_of(y, 3, seed)) for row in test}
    assert len(seen) == 12 * 3


def test_shuffling_parts_ties_at_random():
    y = np.zeros(10)  # sorted by position, rows 0 and 1 would never be in one fold
    together = [any({0, 1} <= set(test) for test in folds_of(y, 5, seed)) for seed in range(60)]
    assert 0 < sum(together) < 60
    assert not any({0, 1} <= set(test) for test in folds_of(y, 5))


def test_same_seed_same_folds_and_global_state_untouched(give_back):
    y = np.random.RandomState(1).normal(size=50)
    first, second, other = (np.concatenate(folds_of(y, 5, seed)).tolist() for seed in (3, 3, 4))
    assert first == second != other
    rng = np.random.RandomState(3)
    cv = RegressionStratifiedKFold(5, shuffle=True, random_state=rng)
    once, again = ([test.tolist() for _, test in cv.split(y, y)] for _ in range(2))
    assert np.concatenate(once).tolist() == first
    assert once != again


def test_containers_of_the_target_make_no_difference():
    y = np.random.RandomState(1).randint(0, 9, size=30)
    expected = np.concatenate(folds_of(y, 4, 0)).tolist()
    for same in (y.tolist(), y[:, None], pd.Series(y, index=np.arange(30)[::-1]), pd.Series(y, dtype="Int64")):
        assert np.concatenate(folds_of(same, 4, 0)).tolist() == expected


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (None, "y must be passed"),
        ([1.0, 2.0], "n_splits=3 greater than the number of samples: n_samples=2"),
        ([1.0, np.nan, 2.0, 3.0], "Input y contains NaN"),
        ([1.0, np.inf, 2.0, 3.0], "Input y contains infinity"),
        (["a", "b", "c", "d"], "must be numeric, but holds text or categories such as 'a'"),
        (np.zeros((4, 2)), "one column, got 2"),
        ([1.0, 2.0, 3.0], "inconsistent numbers of samples"),
    ],
)
def test_unusable_targets_are_refused_in_one_sentence(y, message):
    rows = np.zeros((2 if y is not None and len(y) == 2 else 4, 1))
    with pytest.raises(ValueError, match=message):
        next(RegressionStratifiedKFold(3).split(rows, y))


def test_unusable_parameters_are_refused():
    with pytest.raises(ValueError, match="n_splits=2 or more"):
        RegressionStratifiedKFold(1)
    with pytest.raises(ValueError, match="no effect since shuffle is False"):
        RegressionStratifiedKFold(3, random_state=0)


# ------------------------------------------------------------------------------------------------ repeated folds
def test_repetitions_are_folds_and_differ():
    y = np.random.RandomState(0).normal(size=23)
    cv = RepeatedRegressionStratifiedKFold(n_splits=4, n_repeats=3, random_state=0)
    splits = list(cv.split(y, y))
    assert len(splits) == cv.get_n_splits(y, y) == 12
    tests = [test.tolist() for _, test in splits]
    repeats = [tests[start : start + 4] for start in (0, 4, 8)]
    for folds in repeats:
        assert sorted(np.concatenate(folds)) == list(range(23))
        top = set(np.argsort(y)[-4:])
        assert all(len(top & set(test)) == 1 for test in folds)
    assert repeats[0] != repeats[1] != repeats[2]
    assert [test.tolist() for _, test in cv.split(y, y)] == tests
    other = RepeatedRegressionStratifiedKFold(n_splits=4, n_repeats=3, random_state=1)
    assert [test.tolist() for _, test in other.split(y, y)] != tests


def test_repetitions_need_a_target_and_a_number():
    with pytest.raises(ValueError, match="y must be passed"):
        next(RepeatedRegressionStratifiedKFold().split(np.zeros((9, 1))))
    with pytest.raises(ValueError, match="n_repeats must be at least 1, got 0"):
        next(RepeatedRegressionStratifiedKFold(n_repeats=0).split(np.zeros((9, 1)), np.arange(9)))


# ------------------------------------------------------------------------------------------------ real rows only
@pytest.fixture(scope="module")
def table():
    """A table with synthetic rows scattered among the real ones, and the parents of these."""
    rng = np.random.RandomState(0)
    y = np.r_[rng.normal(size=40), 9 + rng.normal(size=6)]
    X = np.column_stack([y + rng.normal(size=46), rng.normal(size=46)])
    sampler = SMOTER(sampling_strategy="balance", random_state=0)
    X, y = sampler.fit_resample(X, y)
    order = rng.permutation(len(y))
    place = np.argsort(order)  # where each row of the resampled table went
    new_order = order[sampler.is_synthetic_[order]] - 46  # synthetic rows by their place
    parents = np.where(sampler.parent_indices_ < 0, -1, place[sampler.parent_indices_])[new_order]
    return X[order], y[order], sampler.is_synthetic_[order], parents


def test_tested_rows_are_real_and_trained_rows_are_the_rest(table):
    X, y, is_synthetic, _ = table
    splits = list(RealRowsTestSplit(KFold(4), is_synthetic).split(X, y))
    assert len(splits) == 4
    real = np.flatnonzero(~is_synthetic)
    expected = [real[test].tolist() for _, test in KFold(4).split(real)]
    assert [test.tolist() for _, test in splits] == expected
    for train, test in splits:
        assert sorted([*train, *test]) == list(range(len(y)))


def test_children_of_tested_rows_are_not_trained_on(table):
    X, y, is_synthetic, parents = table
    assert np.count_nonzero(is_synthetic) == len(parents) > 10
    n_dropped = 0
    for train, test in RealRowsTestSplit(4, is_synthetic, parent_indices=parents).split(X, y):
        tested, trained = set(test), set(train)
        for row, mother_and_father in zip(np.flatnonzero(is_synthetic), parents):
            leaks = any(parent in tested for parent in mother_and_father)
            assert (row in trained) != leaks
            n_dropped += leaks
        assert {row for row in range(len(y)) if not is_synthetic[row] and row not in tested} <= trained
    assert n_dropped >= len(parents)  # each row leaks through at least one fold


def test_a_number_means_stratified_folds(table):
    X, y, is_synthetic, _ = table
    got = [test.tolist() for _, test in RealRowsTestSplit(5, is_synthetic).split(X, y)]
    real = np.flatnonzero(~is_synthetic)
    assert got == [real[test].tolist() for test in folds_of(y[real], 5)]


def test_copies_of_tested_rows_flatter_and_parent_indices_stop_it():
    rng = np.random.RandomState(0)
    y = np.r_[rng.normal(size=40), 9 + 3 * rng.uniform(size=8)]
    X = rng.normal(size=(48, 5))  # nothing to learn
    relevance = Relevance(method=lambda y: (y > 8).astype(float))
    sampler = RandomOverSampler(relevance=relevance, sampling_strategy={"high": 16}, random_state=0)
    X, y = sampler.fit_resample(X, y)
    errors = {}
    for parents in (None, sampler.parent_indices_):
        cv = RealRowsTestSplit(4, sampler.is_synthetic_, parent_indices=parents)
        rare_errors = []
        for train, test in cv.split(X, y):
            model = KNeighborsRegressor(n_neighbors=1).fit(X[train], y[train])
            rare_errors.extend(np.abs(model.predict(X[test]) - y[test])[y[test] > 8])
        errors[parents is None] = np.array(rare_errors)
    assert (errors[True] == 0).all()  # every rare row has a copy
    assert errors[False].mean() > 1


def test_splitters_get_the_real_rows_and_their_groups(table):
    X, y, is_synthetic, _ = table
    groups = np.arange(len(y)) % 7
    cv = RealRowsTestSplit(GroupKFold(3), is_synthetic)
    for train, test in cv.split(X, y, groups):
        real_train = train[~is_synthetic[train]]
        assert not set(groups[real_train]) & set(groups[test])
    assert cv.get_n_splits(X, y, groups) == cv.get_n_splits() == 3
    assert RealRowsTestSplit(LeaveOneOut(), is_synthetic).get_n_splits(X, y) == np.count_nonzero(~is_synthetic)
    (train, test), *_ = RealRowsTestSplit(ShuffleSplit(2, random_state=0), is_synthetic).split(pd.DataFrame(X), y)
    assert not is_synthetic[test].any()
    assert is_synthetic[train].sum() == is_synthetic.sum()
    with sklearn.config_context(enable_metadata_routing=True):
        scores = cross_validate(LinearRegression(), X, y, cv=cv, params={"groups": groups})
    expected = cross_validate(LinearRegression(), X, y, cv=list(cv.split(X, y, groups)))
    assert scores["test_score"].tolist() == expected["test_score"].tolist()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"is_synthetic": [True, False]}, r"each of the 46 rows; got an array of bool of shape \(2,\)"),
        ({"is_synthetic": np.zeros(46, dtype=int)}, "each of the 46 rows; got an array of int64"),
        ({"parent_indices": np.zeros((3, 2), dtype=int)}, r"shape \(6, n_parents\).*shape \(3, 2\)"),
        ({"parent_indices": np.zeros(6, dtype=int)}, r"shape \(6, n_parents\).*shape \(6,\)"),
        ({"parent_indices": np.zeros((6, 2))}, "must be integers.*float64"),
        ({"parent_indices": np.full((6, 2), 41)}, "positions of real rows, or -1; got 41"),
        ({"parent_indices": np.full((6, 2), 99)}, "positions of real rows, or -1; got 99"),
    ],
)
def test_flags_that_do_not_fit_the_table_are_refused(arguments, message):
    y = np.arange(46.0)
    arguments = {"is_synthetic": y >= 40, **arguments}
    with pytest.raises(ValueError, match=message):
        next(RealRowsTestSplit(3, **arguments).split(y[:, None], y))


# ------------------------------------------------------------------------------------------------ in scikit-learn
def test_splitters_work_in_searches_and_print(table):
    X, y, is_synthetic, parents = table
    splitters = {
        "RegressionStratifiedKFold(n_splits=3, random_state=0, shuffle=True)": RegressionStratifiedKFold(
            3, shuffle=True, random_state=0
        ),
        "RepeatedRegressionStratifiedKFold(n_repeats=2, n_splits=3, random_state=0)": RepeatedRegressionStratifiedKFold(
            3, 2, 0
        ),
        "RealRowsTestSplit(cv=3,": RealRowsTestSplit(3, is_synthetic, parent_indices=parents),
    }
    for text, cv in splitters.items():
        assert repr(cv).startswith(text)
        search = GridSearchCV(Ridge(), {"alpha": [0.1, 10.0]}, cv=cv).fit(X, y)
        assert search.n_splits_ == cv.get_n_splits()
        scores = cross_validate(Ridge(**search.best_params_), X, y, cv=cv)["test_score"]
        assert scores.mean() == search.best_score_


@pytest.mark.parametrize("labels", [["a", "b"], [0, 1]], ids=["text", "numbers"])
def test_classes_are_stratified_as_classes(labels):
    y = np.repeat(labels, [20, 10])
    X, is_synthetic = np.arange(30.0)[:, None], np.arange(30) % 5 == 4
    for train, test in RealRowsTestSplit(4, is_synthetic).split(X, y):
        assert np.unique(y[test], return_counts=True)[1].tolist() == [4, 2]
        assert not is_synthetic[test].any()
        assert is_synthetic[train].sum() == is_synthetic.sum()
