"""Closed-form maps and the energy distance: exact cases, formulas by other means, what must not change them."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import sqrtm
from scipy.stats import energy_distance as root_energy
from sklearn.covariance import ledoit_wolf

from skgan_resample._distances import energy_distance, energy_distance_by_class
from skgan_resample._smcae._maps import (
    RIDGE,
    AffineMap,
    _power,
    coral,
    identity,
    linear_transport,
    location_scale,
    with_shrunken_means,
)

MAPS = {"location_scale": location_scale, "coral": coral, "linear_transport": linear_transport}
each_map = pytest.mark.parametrize("fit", MAPS.values(), ids=MAPS)


def two_samples(n_synthetic=60, n_real=50, width=3, seed=0):
    """Synthetic and real rows of other means, scales and correlations."""
    rng = np.random.RandomState(seed)
    synthetic = rng.normal(size=(n_synthetic, width)) @ rng.normal(size=(width, width)) + 3
    real = rng.normal(size=(n_real, width)) @ rng.normal(size=(width, width)) - 1
    return synthetic, real


def transport(synthetic, real):
    """The matrix between two covariances, by roots of another library."""
    root = sqrtm(synthetic).real
    inverse = np.linalg.inv(root)
    return inverse @ sqrtm(root @ real @ root).real @ inverse


# ------------------------------------------------------------------------------------------------ what is reached
@each_map
def test_moved_rows_have_the_mean_of_the_real_ones(fit):
    synthetic, real = two_samples()
    assert fit(synthetic, real)(synthetic).mean(axis=0) == pytest.approx(real.mean(axis=0), abs=1e-9)


def test_location_and_scale_are_those_of_the_real_columns():
    synthetic, real = two_samples()
    moved = location_scale(synthetic, real)(synthetic)
    assert moved.std(axis=0) == pytest.approx(real.std(axis=0), abs=1e-12)
    assert np.corrcoef(moved.T) == pytest.approx(np.corrcoef(synthetic.T))


@pytest.mark.parametrize("fit", [coral, linear_transport])
def test_covariances_of_many_rows_become_the_real_ones(fit):
    synthetic, real = two_samples(20_000, 20_000)
    moved = fit(synthetic, real)(synthetic)
    assert np.cov(moved.T) == pytest.approx(np.cov(real.T), abs=0.01 * np.trace(np.cov(real.T)))


@pytest.mark.parametrize("fit", [coral, linear_transport])
def test_shrunk_covariances_become_the_real_ones_exactly(fit):
    synthetic, real = two_samples(30, 20)
    matrix = fit(synthetic, real).matrices[0]
    reached = matrix.T @ ledoit_wolf(synthetic)[0] @ matrix
    assert reached == pytest.approx(ledoit_wolf(real)[0], abs=1e-6)


def test_transport_is_the_formula():
    synthetic, real = two_samples(30, 20)
    expected = transport(ledoit_wolf(synthetic)[0], ledoit_wolf(real)[0])
    assert linear_transport(synthetic, real).matrices[0] == pytest.approx(expected, abs=1e-6)


def test_coral_whitens_and_colours():
    synthetic, real = two_samples(30, 20)
    expected = np.linalg.inv(sqrtm(ledoit_wolf(synthetic)[0]).real) @ sqrtm(ledoit_wolf(real)[0]).real
    assert coral(synthetic, real).matrices[0] == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(("width", "stretch"), [(1, 0.3), (4, 2.5)])
def test_transport_undoes_a_shift_and_a_common_scale(width, stretch):
    real = two_samples(width=width)[1]
    synthetic = stretch * real + np.arange(width)
    assert linear_transport(synthetic, real)(synthetic) == pytest.approx(real, abs=1e-6)


def test_transport_recovers_an_affine_pair():
    """Up to the shrinkage of covariances, which goes with one over the number of rows."""
    rng = np.random.RandomState(0)
    matrix, errors = np.array([[1.5, 0.4], [0.4, 0.8]]), []
    for n_rows in (1_000, 100_000):
        real = rng.normal(size=(n_rows, 2)) @ np.array([[1.0, 0.3], [0.0, 0.7]])
        found = linear_transport(real @ matrix + np.array([1.0, -2.0]), real)
        errors.append(np.abs(found.matrices[0] - np.linalg.inv(matrix)).max())
    assert errors[0] < 0.05
    assert errors[1] < 5e-4


# ------------------------------------------------------------------------------------------------ what moves nothing
@each_map
@pytest.mark.parametrize("n_rows", [2, 3, 40])
def test_nothing_moves_where_both_samples_are_one(fit, n_rows):
    real = two_samples(n_real=n_rows, width=5)[1]  # also fewer rows than columns
    assert fit(real, real)(real) == pytest.approx(real, abs=1e-8)


def test_nothing_moves_where_both_samples_are_one_with_two_columns_that_are_nearly_the_same():
    rng = np.random.RandomState(0)
    first, third = rng.normal(size=(2, 20_000))
    real = np.column_stack([first, first + 0.01 * rng.normal(size=20_000), third])
    assert np.abs(linear_transport(real, real)(real) - real).max() < 1e-6


def test_a_ridge_is_put_under_eigenvalues_only_where_they_are_inverted():
    covariance = np.diag([1.0, 1e-9, 0.0])
    assert np.diag(_power(covariance, 0.5)) == pytest.approx([1, 1e-9**0.5, 0], abs=1e-12)
    floor = RIDGE * np.mean([1.0, 1e-9, 0.0])
    assert np.diag(_power(covariance, -0.5)) == pytest.approx([1, floor**-0.5, floor**-0.5])
    assert np.isfinite(_power(np.zeros((2, 2)), -0.5)).all()


def test_the_identity_leaves_every_bit():
    rows = two_samples()[0]
    assert np.array_equal(identity(3)(rows), rows)


# ------------------------------------------------------------------------------------------------ what changes nothing
@each_map
def test_the_order_of_rows_does_not_matter(fit):
    rng = np.random.RandomState(1)
    synthetic, real = two_samples()
    again = fit(rng.permutation(synthetic), rng.permutation(real))
    assert again(synthetic) == pytest.approx(fit(synthetic, real)(synthetic), abs=1e-8)


@each_map
def test_the_order_of_columns_does_not_matter(fit):
    synthetic, real = two_samples()
    order = [2, 0, 1]
    again = fit(synthetic[:, order], real[:, order])(synthetic[:, order])
    assert again == pytest.approx(fit(synthetic, real)(synthetic)[:, order], abs=1e-8)


@each_map
def test_doubling_the_synthetic_rows_changes_little(fit):
    synthetic, real = two_samples(200, 100)
    once, twice = fit(synthetic, real)(synthetic), fit(np.tile(synthetic, (2, 1)), real)(synthetic)
    assert np.sqrt(np.mean((once - twice) ** 2)) < 0.05 * real.std()
    if fit is location_scale:
        assert once == pytest.approx(twice, abs=1e-12)


@settings(deadline=None, max_examples=30)
@given(st.lists(st.floats(1e-3, 1e3), min_size=3, max_size=3), st.integers(0, 1000))
def test_location_and_scale_follow_the_units_of_the_columns(units, seed):
    synthetic, real = two_samples(seed=seed)
    again = location_scale(synthetic * units, real * units)(synthetic * units)
    assert again == pytest.approx(location_scale(synthetic, real)(synthetic) * units, rel=1e-9, abs=1e-9)


@each_map
def test_a_common_unit_and_a_shift_carry_through(fit):
    synthetic, real = two_samples()
    again = fit(7 * synthetic + 2, 7 * real - 3)(7 * synthetic + 2)
    assert again == pytest.approx(7 * fit(synthetic, real)(synthetic) - 3, abs=1e-6)


# ------------------------------------------------------------------------------------------------ degenerate columns
def test_constant_columns_are_shifted_and_never_blown_up():
    synthetic, real = two_samples()
    synthetic[:, 0] = 5.0  # no spread to stretch
    real[:, 1] = 2.0  # none to reach
    synthetic[:, 2] = synthetic[:, 2].mean() + 1e-6 * synthetic[:, 2]
    location = location_scale(synthetic, real)
    moved = location(synthetic)
    assert moved[:, 0] == pytest.approx(np.full(60, real[:, 0].mean()))
    assert moved[:, 1] == pytest.approx(np.full(60, 2.0))
    assert location.matrices[0, 2] == pytest.approx(10.0)  # as MIN_SPREAD has it
    assert moved.mean(axis=0) == pytest.approx(real.mean(axis=0))


@pytest.mark.parametrize("fit", [coral, linear_transport])
def test_maps_of_constant_columns_are_finite(fit):
    synthetic, real = two_samples()
    synthetic[:, 0], real[:, 1], synthetic[:, 2], real[:, 2] = 5.0, 2.0, 1.0, 1.0
    moved = fit(synthetic, real)(synthetic)
    assert np.isfinite(moved).all()
    assert moved.mean(axis=0) == pytest.approx(real.mean(axis=0), abs=1e-8)
    assert np.abs(moved[:, 2] - 1).max() < 1


@each_map
@pytest.mark.parametrize(("n_synthetic", "n_real"), [(1, 1), (1, 20), (20, 1), (4, 5)])
def test_few_rows_of_many_columns_give_a_finite_map(fit, n_synthetic, n_real):
    synthetic, real = two_samples(n_synthetic, n_real, width=8)
    moved = fit(synthetic, real)(synthetic)
    assert np.isfinite(moved).all()
    assert moved.mean(axis=0) == pytest.approx(real.mean(axis=0), abs=1e-8)


# ------------------------------------------------------------------------------------------------ classes
def labelled():
    """Rows of four classes: 0 and 1 are on both sides, 2 on the synthetic and 3 on the real one alone."""
    synthetic, real = two_samples()
    return synthetic, real, np.repeat([0, 1, 2], 20), np.repeat([0, 1, 3], [20, 20, 10])


def test_each_class_gets_its_own_mean_and_one_without_rows_the_map_for_all():
    synthetic, real, synthetic_classes, real_classes = labelled()
    found = linear_transport(synthetic, real, synthetic_classes, real_classes, 4)
    moved = found(synthetic, np.eye(4)[synthetic_classes])
    for number in (0, 1):
        expected = real[real_classes == number].mean(axis=0)
        assert moved[synthetic_classes == number].mean(axis=0) == pytest.approx(expected, abs=1e-9)
    overall = linear_transport(synthetic, real)
    for number in (2, 3):
        assert np.array_equal(found.matrices[number], overall.matrices[0])
        assert np.array_equal(found.offsets[number], overall.offsets[0])
        one_hot = np.tile(np.eye(4)[number], (60, 1))
        assert found(synthetic, one_hot) == pytest.approx(overall(synthetic), abs=1e-12)


@pytest.mark.parametrize("is_given", [False, True])
@pytest.mark.parametrize(("n_synthetic", "n_real", "has_own"), [(2, 20, False), (20, 2, False), (3, 3, True)])
def test_a_class_of_fewer_than_three_rows_on_a_side_gets_the_map_for_all(n_synthetic, n_real, has_own, is_given):
    synthetic, real = two_samples()
    sides = np.repeat([0, 1], [n_synthetic, 60 - n_synthetic]), np.repeat([0, 1], [n_real, 50 - n_real])
    overall = linear_transport(synthetic, real)
    if is_given:
        overall = AffineMap(3 * overall.matrices, overall.offsets + 1)
    found = linear_transport(synthetic, real, *sides, 2, overall if is_given else None)
    assert np.array_equal(found.matrices[0], overall.matrices[0]) == (not has_own)
    assert np.array_equal(found.offsets[0], overall.offsets[0]) == (not has_own)
    assert not np.allclose(found.matrices[1], overall.matrices[0])
    moved = found(synthetic, np.eye(2)[sides[0]])
    for number in range(0 if has_own else 1, 2):
        expected = real[sides[1] == number].mean(axis=0)
        assert moved[sides[0] == number].mean(axis=0) == pytest.approx(expected, abs=1e-9)


def test_a_map_for_all_rows_that_is_given_is_the_map_where_there_is_one_class():
    synthetic, real = two_samples()
    overall = identity(3)
    assert linear_transport(synthetic, real, overall=overall) is overall


def test_each_class_gets_back_its_own_affine_pair():
    rng = np.random.RandomState(0)
    classes = np.repeat([0, 1], 20_000)
    real = rng.normal(size=(40_000, 2)) + np.array([[0, 0], [9, 1]])[classes]
    matrices = np.array([[[2.0, 0.5], [0.5, 1.0]], [[0.5, 0.0], [0.0, 3.0]]])
    synthetic = np.einsum("ij,ijk->ik", real, matrices[classes]) + np.array([[1, 0], [0, -5]])[classes]
    found = linear_transport(synthetic, real, classes, classes, 2)
    assert found.matrices == pytest.approx(np.linalg.inv(matrices), abs=0.01)
    assert np.abs(found(synthetic, np.eye(2)[classes]) - real).max() < 0.15


@pytest.mark.parametrize("n_rows", [3, 7])
def test_the_covariance_of_a_small_class_is_drawn_to_the_one_within_classes(n_rows):
    synthetic, real = two_samples(30, 30)
    classes = np.repeat([0, 1], [n_rows, 30 - n_rows])
    found = linear_transport(synthetic, real, classes, classes, 2)

    def drawn(rows):
        centred = np.vstack([rows[classes == number] - rows[classes == number].mean(axis=0) for number in (0, 1)])
        pooled = ledoit_wolf(centred)[0] * 30 / 28
        return (n_rows * np.cov(rows[:n_rows].T) + 3 * pooled) / (n_rows + 3)

    assert found.matrices[0] == pytest.approx(transport(drawn(synthetic), drawn(real)), abs=1e-5)
    moved = found(synthetic, np.eye(2)[classes])
    assert moved[:n_rows].mean(axis=0) == pytest.approx(real[:n_rows].mean(axis=0), abs=1e-9)


def test_nothing_moves_where_the_classes_of_both_samples_are_the_same():
    real = two_samples(n_real=30, width=4)[1]
    classes = np.repeat([0, 1, 2], [1, 2, 27])
    found = linear_transport(real, real, classes, classes, 4)
    assert found(real, np.eye(4)[classes]) == pytest.approx(real, abs=1e-8)


def test_rows_of_uncertain_class_go_to_the_mean_of_where_the_classes_would_go():
    synthetic, real, *classes = labelled()
    found = linear_transport(synthetic, real, *classes, 4)
    membership = np.random.RandomState(0).dirichlet(np.ones(4), size=60)
    membership[:5, 0] = 0
    expected = np.zeros((60, 3))
    for i in range(60):
        for number in range(4):
            moved = synthetic[i] @ found.matrices[number] + found.offsets[number]
            expected[i] += membership[i, number] * moved
    assert found(synthetic, membership) == pytest.approx(expected, abs=1e-9)


def test_maps_that_stretch_columns_do_so_by_class():
    stretching = AffineMap(np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([[0.0, 0.0], [10.0, 20.0]]))
    rows, membership = np.array([[1.0, 1.0], [1.0, 1.0], [2.0, 0.0]]), np.array([[1, 0], [0, 1], [0.5, 0.5]])
    assert stretching(rows, membership).tolist() == [[1.0, 2.0], [13.0, 24.0], [9.0, 10.0]]


def test_means_of_small_classes_are_drawn_to_where_the_map_for_all_rows_puts_them():
    synthetic, real, synthetic_classes, real_classes = labelled()
    real_classes = np.repeat([0, 1, 3], [2, 38, 10])
    before = real.copy()
    overall = AffineMap(np.diag([2.0, 0.5, 1.0])[None], np.array([[1.0, -1.0, 4.0]]))  # not that between the rows
    drawn = with_shrunken_means(synthetic, real, synthetic_classes, real_classes, overall)
    for number, n_rows in ((0, 2), (1, 38)):
        own = real_classes == number
        mean, expected = real[own].mean(axis=0), overall(synthetic)[synthetic_classes == number].mean(axis=0)
        assert drawn[own].mean(axis=0) == pytest.approx((n_rows * mean + 2 * expected) / (n_rows + 2))
        assert drawn[own] - drawn[own].mean(axis=0) == pytest.approx(real[own] - mean)
    assert np.array_equal(drawn[real_classes == 3], real[real_classes == 3])  # no synthetic row to tell where
    assert np.array_equal(real, before)


# ------------------------------------------------------------------------------------------------ energy distance
def slow_energy(a, b):
    """The definition, pair by pair."""
    across = [math.dist(x, y) for x in a for y in b]
    within = [[math.dist(rows[i], rows[k]) for i in range(len(rows)) for k in range(i)] for rows in (a, b)]
    return 2 * sum(across) / len(across) - sum(sum(pairs) / len(pairs) for pairs in within)


@given(st.integers(2, 8), st.integers(2, 8), st.integers(1, 3), st.integers(0, 10_000))
def test_the_energy_distance_is_its_definition(n_a, n_b, width, seed):
    rng = np.random.RandomState(seed)
    a, b = rng.normal(size=(n_a, width)), rng.normal(size=(n_b, width)) + 0.5
    assert energy_distance(a, b) == pytest.approx(slow_energy(a, b), abs=1e-12)


def test_on_a_line_the_energy_distance_is_scipys_square_without_its_bias():
    rng = np.random.RandomState(0)
    a, b = rng.normal(size=30), rng.normal(size=20) * 2 + 1
    bias = 0.0  # scipy counts the distance of each row to itself
    for values in (a, b):
        bias += sum(abs(x - y) for x, y in itertools.permutations(values, 2)) / (len(values) ** 2 * (len(values) - 1))
    assert energy_distance(a[:, None], b[:, None]) == pytest.approx(root_energy(a, b) ** 2 - bias, abs=1e-12)


def test_over_all_divisions_of_some_rows_the_energy_distance_is_zero_on_average():
    rows = np.random.RandomState(0).normal(size=(7, 2))
    found = []
    for first in itertools.combinations(range(7), 3):
        second = [i for i in range(7) if i not in first]
        found.append(energy_distance(rows[list(first)], rows[second]))
    assert np.mean(found) == pytest.approx(0, abs=1e-12)
    assert min(found) < 0 < max(found)


def test_energy_distance_by_class_averages_over_real_rows_of_classes_that_both_sides_have():
    rng = np.random.RandomState(0)
    moved, real = rng.normal(size=(14, 2)), rng.normal(size=(15, 2)) + 1
    moved_classes = np.array([0] * 5 + [1] * 3 + [2] * 5 + [4])  # 2 has one real row, 3 none here, 4 one here
    real_classes = np.array([0] * 2 + [1] * 6 + [2] + [3] * 3 + [4] * 3)
    expected = (2 * slow_energy(moved[:5], real[:2]) + 6 * slow_energy(moved[5:8], real[2:8])) / 8
    assert energy_distance_by_class(moved, moved_classes, real, real_classes) == pytest.approx(expected, abs=1e-12)
    assert np.isnan(energy_distance_by_class(moved[13:], moved_classes[13:], real, real_classes))
