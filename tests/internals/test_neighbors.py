"""Distances, neighbours and draws against slow versions in plain Python."""

import math
import statistics

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sklearn.base import BaseEstimator
from sklearn.neighbors import NearestNeighbors

from skgan_resample import _neighbors
from skgan_resample._neighbors import MAX_ONE_HOT, HeomSpace, interpolate, nearest, perturb

quick = settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


def slow_squared_distance(a, b, nominal, low, high):
    """HEOM of two rows of codes, squared: Wilson & Martinez (1997), equations 11 to 14."""
    total = 0.0
    for x, z, is_nominal, lowest, highest in zip(a, b, nominal, low, high):
        if math.isnan(x) or math.isnan(z):
            total += 1
        elif is_nominal:
            total += x != z
        elif highest > lowest:
            total += ((x - z) / (highest - lowest)) ** 2
    return total


def make_rows(n, numeric, nominal, gaps, seed, n_levels=4):
    """Return codes, the nominal mask and the ranges of a random table with constant columns and duplicates."""
    rng = np.random.RandomState(seed)
    numbers = rng.normal(size=(n, numeric)) * 10.0 ** rng.randint(-6, 7, size=numeric) + rng.randint(
        -3, 4, size=numeric
    )
    numbers[:, rng.uniform(size=numeric) < 0.1] = 3.0
    levels = rng.randint(n_levels, size=(n, nominal)).astype(float)
    codes = np.hstack([numbers, levels])
    codes[rng.uniform(size=codes.shape) < gaps] = np.nan
    codes[n // 2] = codes[0]
    order = rng.permutation(numeric + nominal)
    codes, mask = codes[:, order], np.r_[np.zeros(numeric, bool), np.ones(nominal, bool)][order]
    low = np.array([min((c for c in column if c == c), default=np.nan) for column in codes.T])
    high = np.array([max((c for c in column if c == c), default=np.nan) for column in codes.T])
    return codes, mask, low, high


TABLES = st.builds(
    make_rows,
    n=st.integers(2, 30),
    numeric=st.integers(0, 4),
    nominal=st.integers(1, 3),
    gaps=st.sampled_from([0.0, 0.2, 0.9]),
    seed=st.integers(0, 2**16),
    n_levels=st.sampled_from([1, 2, 5, MAX_ONE_HOT, MAX_ONE_HOT + 1, 200]),
)


def all_distances(codes, nominal, low, high):
    return np.array([[slow_squared_distance(a, b, nominal, low, high) for b in codes] for a in codes])


# ----------------------------------------------------------------------------------------------------------- distances
@quick
@given(TABLES)
def test_distances_are_those_of_the_plain_definition(table):
    codes = table[0]
    space = HeomSpace(*table)
    squared = space.squared_distances(np.arange(len(codes)))
    np.testing.assert_allclose(squared, all_distances(*table), atol=1e-9)
    assert (squared >= 0).all()
    some = np.array([len(codes) - 1, 0])
    np.testing.assert_allclose(space.squared_distances(some, some), squared[np.ix_(some, some)], atol=1e-12)


def test_one_wide_nominal_column_with_missing_cells_worked_out_by_hand():
    codes = np.r_[np.arange(MAX_ONE_HOT + 2.0), 3.0, np.nan, np.nan][:, None]
    space = HeomSpace(codes, np.array([True]), np.array([0.0]), np.array([33.0]))
    squared = space.squared_distances(np.array([3, len(codes) - 1]))
    assert squared[0].tolist() == [0.0 if code == 3 else 1.0 for code in codes[:, 0]]
    assert squared[1].tolist() == [1.0] * len(codes)  # missing differs from missing


def test_a_subset_is_measured_in_the_ranges_of_the_table():
    space = HeomSpace(np.array([[0.0], [1.0]]), np.array([False]), np.array([0.0]), np.array([10.0]))
    np.testing.assert_allclose(space.squared_distances(np.array([0])), [[0, 0.01]], atol=1e-15)


def test_euclidean_takes_numbers_in_their_own_units():
    codes = np.random.RandomState(0).normal(size=(20, 3)) * [1, 10, 100] + 5
    none = np.zeros(3, dtype=bool)
    squared = HeomSpace(codes, none, codes.min(axis=0), codes.max(axis=0), metric="euclidean").squared_distances(
        np.arange(20)
    )
    np.testing.assert_allclose(squared, ((codes[:, None] - codes) ** 2).sum(axis=2), atol=1e-9)
    with pytest.raises(ValueError, match="metric='heom' for nominal"):
        HeomSpace(codes, ~none, codes.min(axis=0), codes.max(axis=0), metric="euclidean")


def test_far_from_the_origin_near_rows_are_told_apart():
    codes = np.array([[1e6], [1e6 + 1e-3], [1e6 + 1.0]])
    squared = HeomSpace(codes, np.array([False]), codes[0], codes[2]).squared_distances(np.array([0]))
    np.testing.assert_allclose(np.sqrt(squared[0]), [0, 1e-3, 1], rtol=1e-6, atol=1e-7)


@quick
@given(TABLES)
def test_points_of_the_embedding_are_as_far_apart_as_the_rows(table):
    space = HeomSpace(*table)
    if space.has_missing:
        with pytest.raises(ValueError, match="k_neighbors"):
            space.embedding()
        return
    points = space.embedding()
    np.testing.assert_allclose(((points[:, None] - points) ** 2).sum(axis=2), all_distances(*table), atol=1e-9)


# ---------------------------------------------------------------------------------------------------------- neighbours
def assert_nearest(found, squared, rows, k):
    """Compare distances with all of them sorted; equal distances may come in any order."""
    assert found.indices.shape == found.distances.shape == (len(rows), k)
    for place, row in enumerate(rows):
        others = [j for j in range(len(squared)) if j != row]
        wanted = sorted(math.sqrt(squared[row, j]) for j in others)[:k]
        np.testing.assert_allclose(found.distances[place], wanted, atol=1e-6)
        chosen = found.indices[place].tolist()
        assert len(set(chosen)) == k
        assert row not in chosen
        np.testing.assert_allclose(np.sqrt(squared[row, chosen]), found.distances[place], atol=1e-6)


@quick
@given(TABLES, st.integers(1, 40), st.booleans(), st.sampled_from([7, 2**21]))
def test_neighbours_are_those_of_sorting_all_distances(table, k, half_median, block):
    codes, squared = table[0], all_distances(*table)
    rows = np.arange(len(codes))[::-2].copy()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_neighbors, "BLOCK_CELLS", block)
        found = nearest(HeomSpace(*table), rows, k, half_median=half_median)
    assert_nearest(found, squared, rows, min(k, len(codes) - 1))
    if not half_median:
        assert found.half_median is None
        return
    for row, half, farthest in zip(rows, found.half_median, found.distances[:, -1]):
        wanted = statistics.median(math.sqrt(squared[row, j]) for j in range(len(codes)) if j != row) / 2
        if np.isinf(half):
            assert farthest < wanted + 1e-6
        else:
            assert half == pytest.approx(wanted, abs=1e-6)
            assert farthest > wanted - 1e-6  # it is searched for only where it decides


@pytest.mark.parametrize("k", [1, 4])
def test_a_neighbours_object_finds_the_same(k):
    table = make_rows(40, 3, 2, 0.0, seed=1)
    rows = np.arange(0, 40, 3)
    found = nearest(HeomSpace(*table), rows, NearestNeighbors(n_neighbors=k + 1), half_median=True)
    assert_nearest(found, all_distances(*table), rows, k)
    exact = nearest(HeomSpace(*table), rows, k, half_median=True)
    decides = np.isfinite(exact.half_median)
    assert 0 < decides.sum() < len(rows) or k == 4
    np.testing.assert_allclose(found.half_median[decides], exact.half_median[decides])


def test_a_neighbours_object_may_ask_for_more_rows_than_there_are():
    table = make_rows(5, 3, 1, 0.0, seed=1)
    found = nearest(HeomSpace(*table), np.arange(5), NearestNeighbors(n_neighbors=9))
    assert_nearest(found, all_distances(*table), np.arange(5), 4)


def test_a_neighbours_object_that_leaves_no_neighbour_is_refused():
    with pytest.raises(ValueError, match="n_neighbors"):
        nearest(HeomSpace(*make_rows(5, 3, 1, 0.0, seed=1)), np.arange(5), NearestNeighbors(n_neighbors=1))


class Forgetful(BaseEstimator):
    """A finder that, as approximate ones may, does not find the row itself."""

    def fit(self, points):
        self.points_ = points
        return self

    def kneighbors(self, points):
        found = NearestNeighbors(n_neighbors=4).fit(self.points_).kneighbors(points)
        return [part[:, 1:] for part in found]


def test_of_a_finder_that_misses_the_row_itself_the_farthest_is_left_out():
    table = make_rows(40, 3, 0, 0.0, seed=1)
    found = nearest(HeomSpace(*table), np.arange(5, 15), Forgetful())
    assert_nearest(found, all_distances(*table), np.arange(5, 15), 2)


def test_the_object_given_is_not_fitted():
    finder = NearestNeighbors(n_neighbors=3)
    nearest(HeomSpace(*make_rows(10, 3, 1, 0.0, seed=1)), np.arange(5), finder)
    assert not hasattr(finder, "n_samples_fit_")


def test_among_duplicates_a_row_is_never_its_own_neighbour():
    codes = np.r_[np.zeros((6, 2)), np.ones((2, 2))]
    space = HeomSpace(codes, np.zeros(2, bool), np.zeros(2), np.ones(2))
    for k_neighbors in (3, NearestNeighbors(n_neighbors=4)):
        found = nearest(space, np.arange(8), k_neighbors)
        assert not (found.indices == np.arange(8)[:, None]).any()
        assert (found.distances[:6] == 0).all()


@pytest.mark.parametrize("gaps", [0.0, 0.2])
def test_above_the_limit_neighbours_are_the_same_and_medians_come_from_a_sample(monkeypatch, gaps):
    monkeypatch.setattr(_neighbors, "MAX_EXACT_ROWS", 300)
    monkeypatch.setattr(_neighbors, "MEDIAN_SAMPLE", 200)
    table = make_rows(500, 3, 1, gaps, seed=2)
    rows, squared = np.arange(0, 500, 50), None
    found = nearest(HeomSpace(*table), rows, 5, half_median=True, rng=np.random.RandomState(0))
    squared = np.array([[slow_squared_distance(table[0][i], b, *table[1:]) for b in table[0]] for i in rows])
    full = np.full((500, 500), np.nan)
    full[rows] = squared
    assert_nearest(found, full, rows, 5)
    for place, row in enumerate(rows):
        half = statistics.median(math.sqrt(squared[place, j]) for j in range(500) if j != row) / 2
        if np.isinf(found.half_median[place]):
            assert found.distances[place, -1] < half
            continue
        assert found.half_median[place] == pytest.approx(half, rel=0.1)
    again = nearest(HeomSpace(*table), rows, 5, half_median=True, rng=np.random.RandomState(0))
    np.testing.assert_array_equal(again.half_median, found.half_median)


# -------------------------------------------------------------------------------------------------------------- drawing
@quick
@given(TABLES, st.integers(0, 2**16))
def test_interpolated_rows_lie_on_the_segment_between_their_parents(table, seed):
    codes, nominal = table[:2]
    rng = np.random.RandomState(seed)
    before = codes.copy()
    seeds, partners = rng.randint(len(codes), size=(2, 50))
    u = rng.uniform(size=50)
    rows = interpolate(codes, seeds, partners, u, nominal, rng)
    np.testing.assert_array_equal(codes, before)
    for row, a, b, place in zip(rows, codes[seeds], codes[partners], u):
        for value, x, z, is_nominal in zip(row, a, b, nominal):
            if math.isnan(x) and math.isnan(z):
                assert math.isnan(value)
            elif math.isnan(x) or math.isnan(z):
                assert value == (z if math.isnan(x) else x)
            elif is_nominal:
                assert value in (x, z)
            else:
                assert value == pytest.approx(x + place * (z - x), rel=1e-12, abs=1e-12 * max(abs(x), abs(z)))
                assert min(x, z) <= value <= max(x, z)


def test_targets_move_along_with_features_and_negative_values_survive():
    rng = np.random.RandomState(0)
    x = rng.normal(size=40)
    joined = np.column_stack([x, 10 + 3 * x])  # the second column is the target
    rows = interpolate(
        joined, rng.randint(40, size=500), rng.randint(40, size=500), rng.uniform(size=500), np.zeros(2, bool), rng
    )
    np.testing.assert_allclose(rows[:, 1], 10 + 3 * rows[:, 0], rtol=0, atol=1e-12)
    assert (rows[:, 0] < 0).mean() > 0.3


def test_nominal_cells_come_from_either_parent_with_equal_probability_and_independently():
    codes, nominal = np.array([[0.0, 0.0], [1.0, 1.0]]), np.ones(2, dtype=bool)
    n = 4000
    rows = interpolate(codes, np.zeros(n, int), np.ones(n, int), np.full(n, 0.1), nominal, np.random.RandomState(0))
    assert rows.mean(axis=0) == pytest.approx(0.5, abs=0.03)
    assert (rows[:, 0] == rows[:, 1]).mean() == pytest.approx(0.5, abs=0.03)


def test_noise_has_the_standard_deviation_asked_for():
    rng = np.random.RandomState(0)
    codes = np.column_stack([rng.normal(size=30), rng.normal(size=30) * 100 - 500, np.full(30, 4.0)])
    n = 20_000
    scale = np.where(np.arange(n) % 2, 0.5, 0.02)
    spread = np.array([1.0, 100.0, 0.0])
    seeds = rng.randint(30, size=n)
    noise = perturb(codes, seeds, scale, spread, np.zeros(3, bool), rng) - codes[seeds]
    for part in (0.5, 0.02):
        chosen = noise[scale == part]
        np.testing.assert_allclose(chosen.std(axis=0), part * spread, rtol=0.03)
        np.testing.assert_allclose(chosen.mean(axis=0), 0, atol=4 * part * 100 / np.sqrt(n / 2))
    assert abs(np.corrcoef(noise[:, 0], noise[:, 1])[0, 1]) < 0.03


def test_noise_draws_nominal_cells_with_their_frequencies_and_keeps_missing_cells_missing():
    codes = np.array([[0.0, 1.0], [0.0, np.nan], [0.0, np.nan], [1.0, 2.0], [np.nan, 3.0]])
    nominal, n = np.array([True, False]), 10_000
    rng = np.random.RandomState(0)
    before = codes.copy()
    seeds = rng.randint(5, size=n)
    rows = perturb(codes, seeds, np.full(n, 0.1), np.ones(2), nominal, rng)
    np.testing.assert_array_equal(codes, before)
    np.testing.assert_array_equal(np.isnan(rows), np.isnan(codes[seeds]))
    drawn = rows[~np.isnan(rows[:, 0]), 0]
    assert set(drawn) == {0.0, 1.0}
    assert (drawn == 0).mean() == pytest.approx(0.75, abs=0.02)


def test_a_nominal_column_of_missing_cells_alone_stays_missing():
    codes = np.full((3, 1), np.nan)
    rows = perturb(codes, np.array([0, 1]), np.ones(2), np.ones(1), np.array([True]), np.random.RandomState(0))
    assert np.isnan(rows).all()
