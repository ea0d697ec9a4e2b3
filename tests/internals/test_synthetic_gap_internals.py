"""synthetic_gap against slow loops, SciPy and cases worked by hand; rows of every kind and number go through."""

import warnings

import numpy as np
import pandas as pd
import pytest
from _synthetic_gap_data import FEW, quick
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy import stats
from sklearn.exceptions import ConvergenceWarning

from skgan_resample._distances import (
    Distances,
    coverage,
    energy_by_row,
    energy_distance,
    ks_distances,
    rank_correlations,
    total_variation,
)
from skgan_resample.exceptions import ResamplingWarning
from skgan_resample.metrics import _synthetic_gap, gap_closed, synthetic_gap
from skgan_resample.metrics._common_encoding import MAX_CATEGORIES, read_targets
from skgan_resample.metrics._synthetic_gap import _balanced_accuracy, _GroupSums, _r2


def two_samples(seed=0, n_a=12, n_b=9, width=3):
    rng = np.random.RandomState(seed)
    return rng.normal(size=(n_a, width)), rng.normal(0.5, 1.5, size=(n_b, width))


# ------------------------------------------------------------------------------------------------ slow references
def slow_distance(row, other):
    return sum((x - z) ** 2 for x, z in zip(row, other)) ** 0.5


def slow_mean(function, one, other=None):
    """Mean over pairs of rows, of different rows if there is one sample only."""
    if other is None:
        values = [function(x, z) for i, x in enumerate(one) for k, z in enumerate(one) if i != k]
    else:
        values = [function(x, z) for x in one for z in other]
    return sum(values) / len(values)


@pytest.mark.parametrize("seed", range(3))
def test_energy_is_the_double_sum_over_pairs(seed):
    a, b = two_samples(seed)
    expected = 2 * slow_mean(slow_distance, a, b) - slow_mean(slow_distance, a) - slow_mean(slow_distance, b)
    assert_allclose(Distances.of(a, b).energy(), expected)
    assert_allclose(energy_distance(a, b), expected)
    assert_allclose(energy_by_row(b, a).mean() - slow_mean(slow_distance, b), expected)


def test_energy_in_one_dimension_is_scipys_squared_but_for_the_bias():
    a, b = two_samples(n_a=15, n_b=15, width=1)
    distances = Distances.of(a, b)
    biased = distances.energy() + sum(matrix.sum() / (15 * 14) - matrix.mean() for matrix in distances[1:])
    # SciPy integrates (F - G)^2 and takes the root of twice that, which is the double sum with its diagonal.
    assert_allclose(biased, stats.energy_distance(a.ravel(), b.ravel()) ** 2)


@pytest.mark.parametrize("k", [1, 3])
def test_coverage_counts_balls(k):
    a, b = two_samples(n_a=14, n_b=10)
    radius = [sorted(slow_distance(x, z) for z in a)[k] for x in a]
    expected = np.mean([any(slow_distance(x, z) <= r for z in b) for x, r in zip(a, radius)])
    assert 0 < expected < 1
    assert_allclose(coverage(Distances.of(a, b), k), expected)


def test_coverage_by_hand():
    real, candidate = np.array([[0.0], [1.0], [3.0], [10.0]]), np.array([[0.5], [20.0]])
    # Balls of the nearest neighbour: [-1, 1], [0, 2], [1, 5], [3, 17]; 0.5 is in two of them, 20 in none.
    assert coverage(Distances.of(real, candidate), 1) == 0.5


def test_columns_are_scipys_ks_with_missing_cells_above_all():
    rng = np.random.RandomState(0)
    a, b = rng.poisson(3, size=(40, 4)).astype(float), rng.poisson(4, size=(30, 4)).astype(float)
    a[:, 1] += rng.normal(size=40)
    a[rng.uniform(size=a.shape) < 0.1] = np.nan
    b[:12, 3] = np.nan
    expected = [stats.ks_2samp(np.nan_to_num(x, nan=99), np.nan_to_num(z, nan=99)).statistic for x, z in zip(a.T, b.T)]
    assert_allclose(ks_distances(a, b), expected)


def test_total_variation_by_hand():
    # Shares 1/2, 1/4, 0, missing 1/4 against 1/4, 0, 1/2, missing 1/4.
    assert total_variation(np.array([0, 0, 1, np.nan]), np.array([0, 2, 2, np.nan])) == pytest.approx(0.5)
    assert total_variation(np.array([0.0, 1]), np.array([2.0, 2])) == 1


def test_rank_correlations_are_scipys():
    rng = np.random.RandomState(0)
    values = rng.normal(size=(50, 4)) @ rng.normal(size=(4, 4))
    values[:, 0] = np.round(values[:, 0])  # ties
    assert_allclose(rank_correlations(values), stats.spearmanr(values).statistic)
    values[:20, 1] = np.nan  # of two columns where one is complete, the rows of the other count
    expected = np.corrcoef(stats.rankdata(values[20:, 1]), stats.rankdata(values[:, 2])[20:])[0, 1]
    assert_allclose(rank_correlations(values)[1, 2], expected)
    values[:, 3] = 7.0
    assert np.isnan(rank_correlations(values)[3, :3]).all()


@quick
@given(st.integers(0, 10**6))
def test_order_of_rows_changes_nothing(seed):
    a, b = two_samples(seed)
    rng = np.random.RandomState(seed)
    mixed = rng.permutation(a), rng.permutation(b)
    plain, shuffled = Distances.of(a, b), Distances.of(*mixed)
    assert_allclose(shuffled.energy(), plain.energy())
    assert coverage(shuffled, 3) == coverage(plain, 3)
    assert_allclose(ks_distances(*mixed), ks_distances(a, b))
    levels = [x[:, 0].round() for x in (a, b, *mixed)]
    assert_allclose(total_variation(*levels[2:]), total_variation(*levels[:2]))


@pytest.mark.parametrize(("n_a", "n_b"), [(40, 60), (8, 20), (40, 5)])
def test_energy_without_a_group_is_that_of_the_other_rows(n_a, n_b):
    a, b = two_samples(0, n_a, n_b)
    sums = _GroupSums(Distances.of(a, b))
    group_a, group_b = (np.arange(n) // max(1, n // 20) for n in (n_a, n_b))
    assert sums.n_groups == [len(set(group_a)), len(set(group_b))]
    assert_allclose(sums.energy(), energy_distance(a, b))
    for k in range(min(sums.n_groups)):
        assert_allclose(sums.energy(k, None), energy_distance(a[group_a != k], b))
        assert_allclose(sums.energy(k, k), energy_distance(a[group_a != k], b[group_b != k]))


def test_scores_of_learners_by_hand():
    assert _balanced_accuracy(np.array([0, 0, 0, 1]), np.array([0, 0, 1, 1])) == pytest.approx((2 / 3 + 1) / 2)
    assert _balanced_accuracy(np.array([0, 0]), np.array([0, 5])) == 0.5  # a label that is not there
    assert _r2(np.array([0.0, 4]), np.array([0.0, 2])) == 0.5
    assert np.isnan(_r2(np.ones(3), np.ones(3)))


@pytest.mark.slow
def test_a_shift_is_seen_by_every_measure_that_should():
    rng = np.random.RandomState(0)
    real, synthetic = rng.normal(size=(400, 3)), rng.normal(size=(300, 3))
    synthetic[:, 1] += 1.5
    gap = synthetic_gap(real, synthetic, **FEW)
    # The best AUC for a shift d of one normal column is Phi(d / sqrt(2)) = 0.856.
    assert 0.75 < gap["domain AUC, forest"]["as_is"] < 0.9
    assert 0.4 < gap["domain AUC, forest"]["floor"] < 0.6
    expected = energy_distance(rng.normal(size=(2000, 3)), rng.normal([0, 1.5, 0], 1, size=(2000, 3)))
    assert_allclose(gap["energy distance"]["as_is"], expected, rtol=0.2)
    assert gap.worst_column == 1
    # The KS distance of two normals d apart is 2 Phi(d / 2) - 1 = 0.547.
    assert_allclose(gap["columns, worst"]["as_is"], 1 - 0.547, atol=0.06)
    assert gap["coverage"]["as_is"] < gap["coverage"]["floor"] - 0.1


@pytest.mark.parametrize(
    ("y", "expected"),
    [
        (["a", "b"] * 10, "classification"),
        ([True, False] * 10, "classification"),
        (np.arange(20) // 2, "classification"),
        (np.arange(20.0) + 0.5, "regression"),
        (pd.Series(pd.Categorical([1.5, 2.5] * 10)), "classification"),
    ],
)
def test_type_of_target(y, expected):
    assert read_targets(y, y, 20, 20, "auto")[0] == expected


def test_many_whole_numbers_are_a_quantity_unless_told_otherwise():
    y = np.arange(40)
    assert read_targets(y[:20], y, 20, 40, "auto")[0] == "classification"  # the real rows decide
    assert read_targets(y, y[:20], 40, 20, "auto")[0] == "regression"
    assert read_targets(y, y[:20], 40, 20, "classification")[0] == "classification"


@pytest.mark.slow
def test_many_levels_cost_little_and_unknown_ones_are_told_from_rare_ones():
    real = np.array([[f"name {i}"] for i in range(300)], dtype=object)
    same, unknown = real[::-1].copy(), np.array([[f"other {i}"] for i in range(300)], dtype=object)
    assert synthetic_gap(real, same, **FEW)["columns, mean"]["as_is"] > 0.7
    gap = synthetic_gap(real, unknown, **FEW)
    assert gap["columns, mean"]["as_is"] == 0
    assert gap["domain AUC, forest"]["as_is"] > 0.95
    assert MAX_CATEGORIES < 300


@pytest.mark.slow
def test_learners_that_do_not_converge_keep_quiet(monkeypatch):
    walks = np.random.RandomState(0).normal(size=(2, 100, 3)).cumsum(axis=1)
    real, synthetic = walks @ np.random.RandomState(2).normal(size=(3, 30))  # 27 columns too many
    labels = np.arange(100) % 15
    options = {"y_real": labels, "y_synthetic": labels, "n_repeats": 1, "random_state": 0}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        synthetic_gap(real, synthetic, **options)
    monkeypatch.setattr(_synthetic_gap, "ConvergenceWarning", ResamplingWarning)  # else there were none to silence
    with pytest.warns(ConvergenceWarning):
        synthetic_gap(real, synthetic, **options)


# ------------------------------------------------------------------------------------------------ gap_closed
def test_gap_closed_is_one_minus_the_ratio_of_energy_distances():
    rng = np.random.RandomState(0)
    real, before = rng.normal(size=(600, 2)), rng.normal([2, 0], 1, size=(500, 2))
    after = before - [1.2, 0]
    scaled = [x / real.std(axis=0) for x in (real, before, after)]
    expected = 1 - energy_distance(scaled[0], scaled[2]) / energy_distance(scaled[0], scaled[1])
    value, error = gap_closed(real, before, after, n_repeats=20, random_state=0)
    assert_allclose(value, expected, atol=0.01)
    assert 0 < error < 0.05
    assert gap_closed(real, before, before, random_state=0) == (0.0, 0.0)
    assert_allclose(gap_closed(real, before, rng.normal(size=(500, 2)), random_state=0)[0], 1, atol=0.02)
    assert gap_closed(real, after, before, random_state=0)[0] < -1
