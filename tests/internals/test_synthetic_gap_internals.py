"""synthetic_gap against slow loops, SciPy and cases worked by hand; rows of every kind and number go through."""

import warnings
from itertools import combinations

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
    energy,
    energy_distance,
    energy_test,
    ks_distances,
    mmd,
    precision_and_coverage,
    rank_correlations,
    total_variation,
)
from skgan_resample.exceptions import ResamplingWarning
from skgan_resample.metrics import _synthetic_gap, gap_closed, synthetic_gap
from skgan_resample.metrics._synthetic_gap import MAX_LEVELS, _balanced_accuracy, _GroupSums, _r2, _read_targets


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
    assert_allclose(energy(Distances.of(a, b)), expected)
    assert_allclose(energy_distance(a, b), expected)


def test_energy_in_one_dimension_is_scipys_squared_but_for_the_bias():
    a, b = two_samples(n_a=15, n_b=15, width=1)
    distances = Distances.of(a, b)
    biased = energy(distances) + sum(matrix.sum() / (15 * 14) - matrix.mean() for matrix in distances[1:])
    # SciPy integrates (F - G)^2 and takes the root of twice that, which is the double sum with its diagonal.
    assert_allclose(biased, stats.energy_distance(a.ravel(), b.ravel()) ** 2)


def test_mmd_is_the_double_sum_over_three_kernels():
    a, b = two_samples()
    pooled = np.vstack([a, b])
    median = np.median([slow_distance(pooled[i], pooled[k]) for i in range(21) for k in range(i)])
    for bandwidth in (None, 0.7):
        expected = 0.0
        for sigma in np.array([0.5, 1, 2]) * (bandwidth or median):

            def kernel(x, z, sigma=sigma):
                return np.exp(-(slow_distance(x, z) ** 2) / (2 * sigma**2))

            expected += (slow_mean(kernel, a) + slow_mean(kernel, b) - 2 * slow_mean(kernel, a, b)) / 3
        assert_allclose(mmd(Distances.of(a, b), bandwidth), expected)


@pytest.mark.parametrize("k", [1, 3])
def test_precision_and_coverage_count_balls(k):
    a, b = two_samples(n_a=14, n_b=10)
    radius = [sorted(slow_distance(x, z) for z in a)[k] for x in a]
    precision = np.mean([any(slow_distance(x, z) <= r for x, r in zip(a, radius)) for z in b])
    coverage = np.mean([any(slow_distance(x, z) <= r for z in b) for x, r in zip(a, radius)])
    assert 0 < precision < 1
    assert 0 < coverage < 1
    assert precision != coverage
    assert_allclose(precision_and_coverage(Distances.of(a, b), k), (precision, coverage))


def test_precision_and_coverage_by_hand():
    real, candidate = np.array([[0.0], [1.0], [3.0], [10.0]]), np.array([[0.5], [20.0]])
    # Balls of the nearest neighbour: [-1, 1], [0, 2], [1, 5], [3, 17]; 0.5 is in two of them, 20 in none.
    assert precision_and_coverage(Distances.of(real, candidate), 1) == (0.5, 0.5)


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


@pytest.mark.parametrize(("n_a", "n_b", "seed"), [(3, 3, 0), (3, 3, 1), (2, 5, 0), (2, 5, 1), (5, 2, 2)])
def test_permutation_test_agrees_with_every_exchange(n_a, n_b, seed):
    """The p-value over random divisions of a few rows is near that over all of them."""
    rows = np.random.RandomState(seed).normal(size=(n_a + n_b, 2)) + np.repeat([[0.0], [0.5]], [n_a, n_b], axis=0)
    energies = []
    for chosen in combinations(range(n_a + n_b), n_a):
        rest = [i for i in range(n_a + n_b) if i not in chosen]
        energies.append(energy_distance(rows[list(chosen)], rows[rest]))
    exact = np.mean(np.array(energies) >= energies[0] - 1e-12)
    found = energy_test(rows[:n_a], rows[n_a:], np.random.RandomState(0), n_permutations=5_000)
    assert_allclose(found, exact, atol=0.025)


def test_p_values_of_one_distribution_are_uniform_and_small_for_two():
    rng = np.random.RandomState(0)
    same = [energy_test(*rng.normal(size=(2, 15, 2)), rng, n_permutations=99) for _ in range(150)]
    assert stats.kstest(same, "uniform").pvalue > 0.01
    a, b = rng.normal(size=(2, 40, 2))
    assert energy_test(a, b + 1, rng, n_permutations=99) == 0.01


@quick
@given(st.integers(0, 10**6))
def test_order_of_rows_changes_nothing(seed):
    a, b = two_samples(seed)
    rng = np.random.RandomState(seed)
    mixed = rng.permutation(a), rng.permutation(b)
    plain, shuffled = Distances.of(a, b), Distances.of(*mixed)
    assert_allclose(energy(shuffled), energy(plain))
    assert_allclose(mmd(shuffled), mmd(plain))
    assert precision_and_coverage(shuffled, 3) == precision_and_coverage(plain, 3)
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
    for name in ("domain AUC, logistic", "domain AUC, forest"):
        # The best AUC for a shift d of one normal column is Phi(d / sqrt(2)) = 0.856.
        assert 0.75 < gap[name]["as_is"] < 0.9
        assert 0.4 < gap[name]["floor"] < 0.6
    expected = energy_distance(rng.normal(size=(2000, 3)), rng.normal([0, 1.5, 0], 1, size=(2000, 3)))
    assert_allclose(gap["energy distance"]["as_is"], expected, rtol=0.2)
    assert gap["energy distance, p-value"]["as_is"] == 1 / 200
    assert gap["MMD^2"]["as_is"] > 20 * abs(gap["MMD^2"]["floor"])
    assert gap.worst_column == 1
    # The KS distance of two normals d apart is 2 Phi(d / 2) - 1 = 0.547.
    assert_allclose(gap["columns, worst"]["as_is"], 1 - 0.547, atol=0.06)
    assert gap["coverage"]["as_is"] < gap["coverage"]["floor"] - 0.1
    assert gap["precision"]["as_is"] < gap["precision"]["floor"] - 0.02


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
    assert _read_targets(y, y, 20, 20, "auto")[0] == expected


def test_many_whole_numbers_are_a_quantity_unless_told_otherwise():
    y = np.arange(40)
    assert _read_targets(y[:20], y, 20, 40, "auto")[0] == "classification"  # the real rows decide
    assert _read_targets(y, y[:20], 40, 20, "auto")[0] == "regression"
    assert _read_targets(y, y[:20], 40, 20, "classification")[0] == "classification"


@pytest.mark.slow
def test_many_levels_cost_little_and_unknown_ones_are_told_from_rare_ones():
    real = np.array([[f"name {i}"] for i in range(300)], dtype=object)
    same, unknown = real[::-1].copy(), np.array([[f"other {i}"] for i in range(300)], dtype=object)
    assert synthetic_gap(real, same, **FEW)["columns, mean"]["as_is"] > 0.7
    gap = synthetic_gap(real, unknown, **FEW)
    assert gap["columns, mean"]["as_is"] == 0
    assert gap["domain AUC, logistic"]["as_is"] > 0.95
    assert MAX_LEVELS < 300


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
