"""Relevance against published counts, plain-Python references and hand-worked numbers."""

import math
import os
import pickle
import re
import statistics
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest
from _relevance_data import slow_medcouple, targets
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.interpolate import CubicHermiteSpline
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from skgan_resample.exceptions import NoRareRowsError
from skgan_resample.relevance import Relevance

pytestmark = pytest.mark.filterwarnings("error")  # no overflow or division by zero on the way


METHODS = [
    {"method": "extremes"},
    {"method": "extremes", "boxplot": "adjusted"},
    {"method": "extremes", "coef": 0.3, "side": "low"},
    {"method": "quantile"},
    {"method": "quantile", "side": "high", "quantile": 0.7},
    {"method": "control_points", "control_points": [(-5, 1), (0, 0), (3, 0.9), (8, 0.2)]},
]


thresholds = st.sampled_from([0.1, 0.5, 0.8, 1.0])


@st.composite
def tailed(draw):
    """Return integer targets that often have box-plot extremes."""
    body = draw(st.lists(st.integers(-9, 9), min_size=5, max_size=50))
    tail = draw(st.lists(st.integers(-1000, 1000), min_size=1, max_size=6))
    y = draw(st.permutations(body + tail))
    assume(min(y) < max(y))
    return y


integers = st.one_of(st.integers(-10, 10), st.integers(-1000, 1000))


anything = st.one_of(st.integers(-5, 5).map(float), st.floats(-1e300, 1e300), st.floats(-10, 10))


def fitted(y, **params):
    """Return a fitted relevance; skip draws without any relevant row."""
    try:
        return Relevance(**params).fit(y)
    except NoRareRowsError:
        assume(False)


def slow_extremes(y, side="both", coef=1.5):
    """The definition in plain Python; hinges as medians of the halves, which share the middle row if n is odd."""
    rows = sorted(map(float, y))
    half = (len(rows) + 1) // 2
    lower, middle, upper = statistics.median(rows[:half]), statistics.median(rows), statistics.median(rows[-half:])
    low_fence, high_fence = lower - coef * (upper - lower), upper + coef * (upper - lower)
    usual = [row for row in rows if low_fence <= row <= high_fence]
    phi = []
    for value in map(float, y):
        if value > middle:
            whisker, relevant = usual[-1], rows[-1] > high_fence and side != "low"
        else:
            whisker, relevant = usual[0], rows[0] < low_fence and side != "high"
        if not relevant or value == middle:
            phi.append(0.0)
        elif whisker == middle:
            phi.append(1.0)
        else:
            t = min(abs(value - middle) / abs(whisker - middle), 1.0)
            phi.append(3 * t**2 - 2 * t**3)
    return phi


def slow_hermite(points, value):
    """The textbook basis functions on one value; linear beyond the ends."""
    first, last = points[0], points[-1]
    if value < first[0]:
        return min(max(first[1] + first[2] * (value - first[0]), 0), 1)
    if value >= last[0]:
        return min(max(last[1] + last[2] * (value - last[0]), 0), 1)
    for (x0, p0, m0), (x1, p1, m1) in pairwise(points):
        if x0 <= value < x1:
            t = (value - x0) / (x1 - x0)
            keep, enter = (1 + 2 * t) * (1 - t) ** 2, t * (1 - t) ** 2
            move, leave = t**2 * (3 - 2 * t), t**2 * (t - 1)
            return keep * p0 + move * p1 + (x1 - x0) * (enter * m0 + leave * m1)
    raise AssertionError("unreachable")


# Published counts


def published_tables():
    """Return the rows of index.csv, or one placeholder that is skipped."""
    folder = os.environ.get("SKGAN_RESAMPLE_DATA")
    if folder is None:
        skip = pytest.mark.skip(reason="SKGAN_RESAMPLE_DATA is not set, so the benchmark tables are not at hand")
        return [pytest.param(None, None, marks=skip, id="no-data")]
    folder = Path(folder) / "imbalanced_regression"
    index = pd.read_csv(folder / "index.csv")
    return [pytest.param(folder / f"{row['name']}.csv", row, id=row["name"]) for _, row in index.iterrows()]


@pytest.mark.parametrize(("path", "golden"), published_tables())
def test_published_counts_are_reproduced(path, golden):
    """The golden n_rare_08 counts phi > 0.8 and n_ge_05 counts phi >= 0.5.

    In these tables no row has a relevance of exactly 0.8, so phi >= 0.8, our definition of rare, counts the same; some
    do have exactly 0.5 (wineQuality, dElev, sensory).
    """
    y = pd.read_csv(path).iloc[:, -1]
    if golden["extremes"] == "none":
        assert golden["n_rare_08"] == 0
        with pytest.raises(NoRareRowsError):
            Relevance().fit(y)
        return
    relevance = Relevance().fit(y)
    phi = relevance(y)
    assert np.count_nonzero(phi > 0.8) == golden["n_rare_08"]
    assert np.count_nonzero(phi >= 0.5) == golden["n_ge_05"]
    assert relevance.n_rare_ == np.count_nonzero(relevance.rare_mask(y)) == golden["n_rare_08"]
    if not math.isnan(golden["published_n_rare"]):
        assert relevance.n_rare_ == golden["published_n_rare"]
    tails = {"high": {"high"}, "low": {"low"}, "both": {"low", "high"}}[golden["extremes"]]
    assert {bump.name for bump in relevance.bumps(y) if bump.is_rare} == tails
    np.testing.assert_allclose(phi, slow_extremes(y), atol=1e-12)


# method="extremes"


@given(targets(st.one_of(integers, st.floats(-1e3, 1e3))), st.sampled_from(["both", "high", "low"]))
def test_extremes_equal_the_slow_definition(y, side):
    slow = slow_extremes(y, side, coef=0.5)
    if not any(slow):
        with pytest.raises(NoRareRowsError):
            Relevance(side=side, coef=0.5).fit(y)
    else:
        relevance = Relevance(side=side, coef=0.5).fit(y)
        np.testing.assert_allclose(relevance(y), slow, rtol=0, atol=1e-12)


def test_extremes_on_numbers_worked_by_hand():
    y = [1, 2, 3, 4, 5, 6, 7, 8, 9, 30]  # median 5.5, hinges 3 and 8, fences -4.5 and 15.5, whisker 9
    relevance = Relevance().fit(y)
    np.testing.assert_allclose(relevance.control_points_, [[1, 0, 0], [5.5, 0, 0], [9, 1, 0]], rtol=0, atol=0)
    assert relevance([-9, 1, 5.5, 7.25, 9, 10, 1e9]).tolist() == [0, 0, 0, 0.5, 1, 1, 1]
    assert relevance([6.375]).item() == pytest.approx(0.15625, abs=1e-15)  # t = 1/4


def test_a_side_without_outliers_has_relevance_zero():
    y = np.append(np.arange(20.0), [60, 70])
    assert not Relevance().fit(y)(np.arange(-100.0, 10.0)).any()


@pytest.mark.parametrize("sign", [1, -1])
def test_zero_inflated_target_makes_a_step(sign):
    y = sign * np.array([0.0] * 70 + [1e-9, 0.5, 2, 3])  # the hinges are 0, so the whisker is the median
    relevance = Relevance().fit(y)
    assert relevance(sign * np.array([-1.0, 0.0, 5e-324, 1e-9, 2, 1e9])).tolist() == [0, 0, 1, 1, 1, 1]
    assert relevance.n_rare_ == 4
    again = Relevance(method="control_points", control_points=relevance.control_points_).fit(y)
    np.testing.assert_array_equal(again(y), relevance(y))


@pytest.mark.parametrize("side", ["both", "high", "low"])
def test_no_extremes_raises_and_names_three_ways_out(side):
    with pytest.raises(NoRareRowsError) as error:
        Relevance(side=side).fit(np.arange(50))
    for way_out in ("method='quantile'", "quantile=0.9", "method='control_points'", "coef smaller than 1.5"):
        assert way_out in str(error.value)


def test_a_side_that_is_not_allowed_does_not_count():
    y = np.append(np.arange(20.0), 90)
    assert Relevance(side="high").fit(y).n_rare_ > 0
    with pytest.raises(NoRareRowsError, match="below the median"):
        Relevance(side="low").fit(y)


def test_adjusted_box_plot_puts_relevance_one_at_the_fences():
    rng = np.random.default_rng(0)
    y = rng.lognormal(size=301)
    skew = slow_medcouple(y.tolist())
    assert skew > 0.1
    rows = sorted(y)
    lower, middle, upper = statistics.median(rows[:151]), rows[150], statistics.median(rows[150:])
    low = lower - 1.5 * math.exp(-4 * skew) * (upper - lower)
    high = upper + 1.5 * math.exp(3 * skew) * (upper - lower)
    relevance = Relevance(boxplot="adjusted").fit(y)
    np.testing.assert_allclose(relevance.control_points_, [[low, 1, 0], [middle, 0, 0], [high, 1, 0]], atol=1e-12)
    mirrored = Relevance(boxplot="adjusted").fit(-y)
    np.testing.assert_allclose(mirrored.control_points_[::-1] * [-1, 1, 1], relevance.control_points_, atol=1e-12)


# method="quantile"


@given(targets(anything), st.sampled_from([0.5, 0.75, 0.9, 0.99, 1.0]))
def test_exactly_the_rows_from_the_observed_quantile_on_are_rare(y, quantile):
    y = np.array(y)
    cut = np.quantile(y, quantile, method="higher")
    median = np.median(y)
    assume(y.max() > median)
    relevance = Relevance(method="quantile", side="high", quantile=quantile).fit(y)
    np.testing.assert_array_equal(relevance.rare_mask(y), (y >= cut) & (y > median))
    low = Relevance(method="quantile", side="low", quantile=quantile).fit(-y)
    np.testing.assert_array_equal(low.rare_mask(-y), (y >= cut) & (y > median))


def test_neighbouring_floats_at_the_quantile_are_told_apart():
    cut = 0.1 + 0.2
    y = np.array([*np.linspace(0, 0.2, 8), np.nextafter(cut, 0), cut, np.nextafter(cut, 1)])
    relevance = Relevance(method="quantile", side="high", quantile=0.9).fit(y)
    assert relevance.rare_mask(y).tolist() == [False] * 9 + [True] * 2


def test_quantile_gives_relevance_08_at_the_quantile_and_rises_smoothly():
    y = np.arange(101.0)
    relevance = Relevance(method="quantile").fit(y)
    assert relevance([10, 90]) == pytest.approx(0.8, abs=1e-15)
    edge = relevance.control_points_[-1, 0]
    root = next(t for t in np.roots([-2, 3, 0, -0.8]) if 0 < t < 1)
    assert edge == pytest.approx(50 + 40 / root, rel=1e-12)
    inside = np.linspace(50, edge, 77)
    t = (inside - 50) / (edge - 50)
    np.testing.assert_allclose(relevance(inside), 3 * t**2 - 2 * t**3, atol=1e-12)
    assert relevance.explain() == "22 of 101 rows are rare: y <= 10 or y >= 90"


def test_quantile_at_the_median_makes_a_step():
    y = [0] * 95 + [1, 2, 3, 4, 5]
    relevance = Relevance(method="quantile", side="high").fit(y)
    assert relevance.n_rare_ == 5
    assert relevance([0, 1e-300, 1]).tolist() == [0, 1, 1]
    with pytest.raises(NoRareRowsError, match="below the median"):
        Relevance(method="quantile", side="low").fit(y)


def test_ties_at_the_quantile_are_all_rare():
    y = [0, 1, 2, 3, 4, 5, 6, 9, 9, 9]
    assert Relevance(method="quantile", side="high").fit(y).n_rare_ == 3


# method="control_points"


def control_points_fitted(points):
    """Fit on a target that surely touches a relevant value."""
    points = np.asarray(points, dtype=float)
    return Relevance(method="control_points", control_points=points).fit(np.linspace(points[0, 0], points[-1, 0], 501))


def test_control_points_on_numbers_worked_by_hand():
    relevance = control_points_fitted([(0, 0), (1, 0.5), (2, 1)])
    assert relevance.control_points_[:, 2].tolist() == [0, 0.5, 0]  # 0 at the ends, mean of the secants inside
    assert relevance([0.5, 1.5]).tolist() == [0.1875, 0.8125]  # 0.5 * 0.5 - 0.125 * 0.5 and its mirror image
    # Secants 0.1 and 0.9, slope 0.5 = 5 secants of the first interval: filtered to 3 of them.
    relevance = control_points_fitted([(0, 0), (1, 0.1), (2, 1)])
    assert relevance.control_points_[1, 2] == pytest.approx(0.3, abs=1e-15)
    assert relevance([0.5]).item() == pytest.approx(0.5 * 0.1 - 0.125 * 0.3, abs=1e-15)
    # A flat interval has slope 0 at both ends, so its neighbour is a smoothstep.
    assert control_points_fitted([(0, 0), (1, 1), (3, 1)])([0.25, 2]).tolist() == [0.15625, 1]
    # Linear beyond the ends with the end slope, within [0, 1].
    relevance = control_points_fitted([(0, 0.2, 0), (1, 0.4, 0.1)])
    np.testing.assert_allclose(relevance([-5, 1, 3, 10]), [0.2, 0.4, 0.6, 1], atol=1e-15)
    # Slopes against their interval change sign; both at once are 3 secants long on the circle of radius 3.
    relevance = control_points_fitted([(0, 0, -8), (1, 1, 6)])
    np.testing.assert_allclose(relevance.control_points_[:, 2], [2.4, 1.8], atol=1e-12)


def test_lowering_one_slope_does_not_undo_the_interval_before():
    # (3.9, 1) secants are monotone on the first interval, but the second lowers the shared slope to 0.3 secants,
    # and (3.9, 0.3) are not: one pass of the filter would overshoot.
    relevance = control_points_fitted([(0, 0, 3.9 * 0.4), (1, 0.4, 0.4), (2, 0.44, 0.0)])
    inside = relevance(np.linspace(0, 1, 1001))
    assert inside.max() <= 0.4 + 1e-12
    assert (np.diff(inside) >= -1e-12).all()


knots = st.lists(st.integers(-50, 50), min_size=2, max_size=7, unique=True).map(sorted)


@st.composite
def control_points(draw):
    """Return control points, with or without slopes (of any sign, any steepness)."""
    places = draw(knots)
    n = len(places)
    unit = st.one_of(st.sampled_from([0.0, 0.5, 1.0]), st.floats(0, 1))
    columns = [places, draw(st.lists(unit, min_size=n, max_size=n))]
    if draw(st.booleans()):
        columns.append(draw(st.lists(st.floats(-3, 3), min_size=n, max_size=n)))
    assume(any(columns[1]))
    return np.array(columns, dtype=float).T


@given(control_points())
def test_control_points_are_met_and_never_overshot(points):
    relevance = control_points_fitted(points)
    np.testing.assert_array_equal(relevance(points[:, 0]), points[:, 1])
    for (low, before, *_), (high, after, *_) in pairwise(points):
        step = np.diff(relevance(np.linspace(low, high, 200))) * (1 if after >= before else -1)
        assert (step >= -1e-12).all()


@given(control_points(), st.lists(st.floats(-100, 100), min_size=1, max_size=20))
def test_control_points_equal_the_slow_hermite_and_scipy(points, y):
    relevance = control_points_fitted(points)
    filtered = relevance.control_points_
    np.testing.assert_allclose(relevance(y), [slow_hermite(filtered.tolist(), v) for v in y], rtol=0, atol=1e-12)
    inside = np.linspace(points[0, 0], points[-1, 0], 50)
    spline = CubicHermiteSpline(*filtered.T)
    np.testing.assert_allclose(relevance(inside), np.clip(spline(inside), 0, 1), rtol=0, atol=1e-9)


@given(tailed(), st.sampled_from(METHODS[:5]))
def test_control_points_describe_the_other_methods(y, params):
    relevance = fitted(y, **params)
    again = Relevance(method="control_points", control_points=relevance.control_points_).fit(y)
    grid = np.linspace(-2000, 2000, 301)
    np.testing.assert_allclose(again(grid), relevance(grid), rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    ("points", "message"),
    [
        (None, "needs control_points"),
        ([(0, 1)], r"at least two rows.*shape \(1, 2\)"),
        ([0, 1, 2], r"shape \(3,\)"),
        ([(0, 0, 0, 0), (1, 1, 1, 1)], r"shape \(2, 4\)"),
        ([(0, 0), (1, 1.5)], r"control_points\[1\] = \(1.0, 1.5\) has a relevance outside"),
        ([(0, -0.1), (1, 1)], r"control_points\[0\] .* outside \[0, 1\]"),
        ([(0, 0), (2, 1), (2, 0.5)], r"control_points\[2\] = \(2.0, 0.5\) .*strictly increase"),
        ([(0, 0), (np.nan, 1)], r"control_points\[1\] .*not finite"),
        ([(0, 0), (1, np.inf)], r"control_points\[1\] .*not finite"),
        ([(-1, 0), (0, 0), (5e-324, 1)], r"control_points\[1\] is too close"),
    ],
)
def test_wrong_control_points_are_named(points, message):
    with pytest.raises(ValueError, match=message):
        Relevance(method="control_points", control_points=points).fit([1, 2, 3])


# method=callable


def ramp(y):
    """Relevance rising from 0 at 0 to 1 at 10."""
    return np.clip(y / 10, 0, 1)


def test_a_function_is_used_as_it_is():
    relevance = Relevance(method=ramp).fit([0, 5, 9])
    assert relevance([-1, 3, 20]).tolist() == [0, 0.3, 1]
    assert (relevance.n_rare_, relevance.control_points_) == (1, None)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda y: y,
        lambda y: -ramp(y),
        lambda y: ramp(y)[:, None],
        lambda y: ramp(y)[1:],
        lambda y: np.full(len(y), np.nan),
        lambda y: 0.5,
        lambda y: ["much"] * len(y),
    ],
)
def test_a_function_that_returns_no_relevances_is_refused(wrong):
    with pytest.raises(ValueError, match=r"a relevance in \[0, 1\] for each of the 3 values"):
        Relevance(method=wrong).fit([1, 5, 9])


@pytest.mark.parametrize(
    "params", [{"method": lambda y: 0 * y}, {"method": "control_points", "control_points": [(50, 0), (60, 1)]}]
)
def test_relevance_zero_everywhere_is_refused(params):
    with pytest.raises(NoRareRowsError, match="above 0"):
        Relevance(**params).fit([1, 5, 9])


# Every method


@pytest.mark.parametrize("params", METHODS)
@given(y=targets(anything), new=st.lists(anything, min_size=1, max_size=20))
@pytest.mark.slow
def test_relevance_stays_in_the_unit_interval(params, y, new):
    relevance = fitted(y, **params)
    phi = relevance(new + y)
    assert phi.shape == (len(new) + len(y),)
    assert ((phi >= 0) & (phi <= 1)).all()


@pytest.mark.parametrize("params", METHODS[:5])
@given(
    y=tailed(),
    scale=st.sampled_from([0.25, 2, 8]),
    shift=st.integers(-500, 500),
    seed=st.integers(0, 99),
)
@pytest.mark.slow
def test_shifting_scaling_and_permuting_the_target_changes_nothing(params, y, scale, shift, seed):
    relevance = fitted(y, **params)
    order = np.random.default_rng(seed).permutation(len(y))
    moved = np.array(y)[order] * scale + shift
    np.testing.assert_allclose(Relevance(**params).fit(moved)(moved), relevance(y)[order], rtol=0, atol=1e-12)


@pytest.mark.parametrize("params", METHODS[:5])
@given(y=tailed())
@pytest.mark.slow
def test_negating_the_target_swaps_the_tails(params, y):
    y = np.array(y)
    swapped = {"low": "high", "high": "low", "both": "both"}[params.get("side", "both")]
    relevance = fitted(y, **params)
    np.testing.assert_allclose(Relevance(**{**params, "side": swapped}).fit(-y)(-y), relevance(y), rtol=0, atol=1e-12)


@pytest.mark.parametrize("params", METHODS)
@given(y=tailed(), threshold=thresholds)
@pytest.mark.slow
def test_bumps_alternate_and_hold_every_row_once(params, y, threshold):
    relevance = fitted(y, **params)
    y = np.array(y, dtype=float)
    bumps = relevance.bumps(y, threshold)
    rows = np.concatenate([bump.indices for bump in bumps])
    np.testing.assert_array_equal(rows, np.argsort(y, kind="stable"))
    mask = relevance.rare_mask(y, threshold)
    for bump, following in zip(bumps, [*bumps[1:], None]):
        assert (mask[bump.indices] == bump.is_rare).all()
        assert (bump.low, bump.high) == (y[bump.indices].min(), y[bump.indices].max())
        if following is not None:
            assert bump.is_rare != following.is_rare
            assert bump.high < following.low  # ties are never split
    assert len({bump.name for bump in bumps}) == len(bumps)


def test_bumps_are_named_after_where_they_lie():
    relevance = Relevance(method=lambda y: (y.astype(int) % 2).astype(float)).fit([1, 2])

    def names(y):
        return [bump.name for bump in relevance.bumps(y)]

    assert names([5, 4, 3, 2, 1]) == ["low", "common_1", "middle_1", "common_2", "high"]
    assert names([0, 1, 2, 3, 4]) == ["common_1", "middle_1", "common_2", "middle_2", "common_3"]
    assert names([1, 1, 1]) == ["all"]
    assert names([2, 2]) == ["common_1"]
    assert names([1, 2]) == ["low", "common_1"]
    assert relevance.bumps([4, 1, 4, 1])[0].indices.tolist() == [1, 3]


def count_by_text(text, y):
    """Count the rows of `y` that satisfy what an explanation says."""
    head, _, conditions = text.partition(": ")
    held = np.zeros(len(y), dtype=bool)
    for condition in filter(None, conditions.split(" or ")):
        if condition == "every y":
            held[:] = True
        elif match := re.fullmatch(r"(\S+) <= y <= (\S+)", condition):
            held |= (y >= float(match[1])) & (y <= float(match[2]))
        elif condition.startswith("y >= "):
            held |= y >= float(condition[5:])
        else:
            held |= y <= float(condition.removeprefix("y <= "))
    n_rare, n_samples = re.match(r"(\d+) of (\d+) rows? (?:is|are) rare", head).groups()
    return int(n_rare), int(n_samples), np.count_nonzero(held)


@pytest.mark.parametrize("params", METHODS)
@given(y=st.one_of(tailed(), targets(st.floats(-1e6, 1e6))), threshold=thresholds)
@pytest.mark.slow
def test_what_explain_says_is_what_rare_mask_says(params, y, threshold):
    relevance = fitted(y, **params)
    y = np.array(y)
    n_rare = np.count_nonzero(relevance.rare_mask(y, threshold))
    assert count_by_text(relevance.explain(y, threshold), y) == (n_rare, len(y), n_rare)
    assert relevance.explain() == relevance.explain(y)


def test_explanations_read_well():
    relevance = Relevance(method=lambda y: np.isin(y, [2, 3, 7, 20969]).astype(float)).fit([2, 5])
    assert relevance.explain() == "1 of 2 rows is rare: y <= 2"
    assert relevance.explain([1, 2, 3, 4, 7, 9]) == "3 of 6 rows are rare: 2 <= y <= 3 or 7 <= y <= 7"
    assert relevance.explain([1, 20969]) == "1 of 2 rows is rare: y >= 20969"
    assert relevance.explain([20969, 30000]) == "1 of 2 rows is rare: y <= 20969"  # not 2.097e+04
    assert relevance.explain([1, 4]) == "0 of 2 rows are rare"
    assert relevance.explain([2, 3]) == "2 of 2 rows are rare: every y"
    with pytest.raises(ValueError, match="needs y"):
        relevance.explain(threshold=0.5)


def test_sample_weight_balances_rare_and_common_rows():
    y = np.array([0.0] * 90 + [1.0] * 10)
    relevance = Relevance(method=lambda y: y).fit(y)
    weight = relevance.sample_weight(y)
    assert weight[y == 1].sum() == weight[y == 0].sum() == 90
    assert relevance.sample_weight([0, 0.5, 1]).tolist() == [1, 5, 9]  # counts of fit, relevance of these rows
    # At another threshold the counts are those of the rows given: 1 common, 3 rare, so no weight below 1.
    assert relevance.sample_weight([0, 0.6, 0.6, 1], threshold=0.5).tolist() == [1, 1, 1, 1]
    assert relevance.sample_weight([0, 0, 0, 0.6], threshold=0.5).tolist() == pytest.approx([1, 1, 1, 2.2])
    assert relevance.sample_weight([0, 0.4], threshold=0.5).tolist() == [1, 1]


# Input, scikit-learn


@pytest.mark.parametrize(
    ("y", "message"),
    [
        ([1, np.nan, 3], "NaN in 1 of 3 rows, the first in row 1"),
        ([1, 2, -np.inf], "infinity in row 2"),
        (pd.Series([1, None, 3], dtype="Int64"), "NaN"),
        (np.array([1, pd.NA], dtype=object), "NaN"),
        ([1e301, 0], "rescale"),
        (["a", "b"], "must be numeric"),
        (np.array([2, "1"], dtype=object), "must be numeric.*'1'"),
        ([True, False], "which are classes"),
        ([{}, 2], "must be numeric"),
        (np.array(["2020-01-01"], dtype="M8[D]"), "holds dates"),
        ([[1, 2], [3, 4]], "one column, got 2"),
        (3.0, "must be one column, got 3"),
        ([], r"0 sample\(s\)"),
        ([7, 7, 7], "more than one class or value of y; got 1"),
        ([7], "more than one class"),
    ],
)
def test_unusable_targets_are_refused_in_one_sentence(y, message):
    with pytest.raises(ValueError, match=message):
        Relevance(method="quantile").fit(y)


@pytest.mark.parametrize(
    "container",
    [list, np.array, pd.Series, pl.Series, lambda y: np.array(y)[:, None], lambda y: pd.Series(y, dtype="Int64")],
)
def test_containers_and_integers_give_the_same_result(container):
    y = [1, 2, 3, 4, 5, 6, 7, 8, 9, 30]
    relevance = Relevance().fit(container(y))
    np.testing.assert_allclose(relevance(container(y)), slow_extremes(y), rtol=0, atol=1e-12)


def test_fit_leaves_the_caller_s_target_alone():
    y = np.array([30.0, 1, 2, 5, 3, 4, 7, 6])
    kept = y.copy()
    relevance = Relevance().fit(y)
    relevance.bumps(y)
    relevance.explain(y)
    np.testing.assert_array_equal(y, kept)


@pytest.mark.parametrize("call", ["__call__", "rare_mask", "bumps", "explain", "sample_weight"])
def test_an_unfitted_relevance_says_so(call):
    with pytest.raises(NotFittedError, match="call fit"):
        getattr(Relevance(), call)([1, 2])


def test_a_failed_fit_leaves_the_relevance_as_it_was():
    y = [1, 2, 3, 4, 5, 6, 7, 8, 9, 30]
    relevance = Relevance().fit(y)
    before = relevance(y), relevance.control_points_, relevance.explain()
    for wrong in (np.arange(9), [3, 3], [1, np.nan]):
        with pytest.raises(ValueError):
            relevance.fit(wrong)
    np.testing.assert_array_equal(relevance(y), before[0])
    np.testing.assert_array_equal(relevance.control_points_, before[1])
    assert relevance.explain() == before[2]


@pytest.mark.parametrize("threshold", [0, -1, 1.5])
def test_thresholds_outside_the_unit_interval_are_refused(threshold):
    relevance = Relevance(method="quantile").fit([1, 2, 3])
    for call in (relevance.rare_mask, relevance.bumps, relevance.explain, relevance.sample_weight):
        with pytest.raises(ValueError, match="threshold"):
            call([1, 2, 3], threshold=threshold)


@pytest.mark.parametrize(
    "params", [{"method": "extreme"}, {"side": "up"}, {"boxplot": 1}, {"coef": -1}, {"quantile": 0.3}]
)
def test_wrong_parameters_are_refused_by_fit(params):
    with pytest.raises(ValueError, match=next(iter(params))):
        Relevance(**params).fit([1, 2, 3])


@pytest.mark.parametrize("params", [*METHODS, {"method": ramp}])
def test_clone_and_pickle(params):
    y = np.random.default_rng(3).standard_t(2, size=99)
    relevance = Relevance(**params).fit(y)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(relevance))(y), relevance(y))
    copy = clone(relevance)
    assert copy.get_params() == relevance.get_params()
    with pytest.raises(NotFittedError):
        copy(y)


@pytest.mark.parametrize("params", METHODS)
def test_a_fitted_relevance_keeps_no_rows(params):
    sizes = []
    for n in (100, 10_000):
        y = np.random.default_rng(3).standard_t(2, size=n)
        sizes.append(len(pickle.dumps(Relevance(**params).fit(y))))
    assert abs(sizes[1] - sizes[0]) < 50
