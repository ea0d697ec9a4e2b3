"""What the over-samplers draw, from which rows and how many, against slow references and hand-worked cases."""

import math
import os
import statistics
import traceback
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest
from _shared import run_python
from sklearn.base import clone
from sklearn.neighbors import NearestNeighbors
from sklearn.preprocessing import StandardScaler

from skgan_resample import NoRareRowsError, ResamplingWarning
from skgan_resample.over_sampling import SMOGN, SMOTER, GaussianNoise, RandomOverSampler
from skgan_resample.relevance import Relevance

SAMPLERS = [RandomOverSampler, GaussianNoise, SMOTER, SMOGN]
DATA = os.environ.get("SKGAN_RESAMPLE_DATA")
FOLDER = Path(DATA or "nowhere") / "imbalanced_regression"
needs_data = pytest.mark.skipif(DATA is None, reason="SKGAN_RESAMPLE_DATA is not set")
NAMES = sorted(path.stem for path in FOLDER.glob("*.csv") if path.stem != "index") or ["none"]
LARGE = ("california", "sulfur1", "dElev", "cpuActiv", "cpuSm", "heat", "dAiler", "wineQuality")
BEYOND_TEN = Relevance(lambda y: (np.abs(y) > 10).astype(float))


def two_sided(n_low=3, n_common=20, n_high=5, n_columns=3, seed=0):
    """Return shuffled rows whose targets lie around -100, around 0 and around 100."""
    rng = np.random.RandomState(seed)
    y = np.r_[rng.normal(size=n_low) - 100, rng.uniform(-5, 5, size=n_common), rng.normal(size=n_high) + 100]
    order = rng.permutation(len(y))
    return rng.normal(size=(len(y), n_columns))[order], y[order]


def mixed_table(n=80, seed=0):
    """Return a frame with numbers, text and missing cells, and a target of which a fifth is rare."""
    rng = np.random.RandomState(seed)
    frame = pd.DataFrame(
        {
            "area": rng.normal(size=n),
            "rooms": rng.randint(1, 40, size=n),
            "town": rng.choice(["Bath", "Ely", "York"], size=n),
            "age": np.where(rng.uniform(size=n) < 0.2, np.nan, rng.uniform(0, 90, size=n)),
        }
    )
    frame.loc[rng.uniform(size=n) < 0.1, "town"] = None
    y = np.where(np.arange(n) % 5 == 0, 100, 0) + frame["area"].to_numpy()
    return frame, y


def made(sampler, X, y):
    """Return the fitted sampler with the new rows of X and y."""
    sampler = clone(sampler)
    X_new, y_new = sampler.fit_resample(X, y)
    new = sampler.is_synthetic_
    return sampler, X_new[new], y_new[new]


def read(name):
    frame = pd.read_csv(FOLDER / f"{name}.csv")
    return frame.iloc[:, :-1], frame.iloc[:, -1]


# ------------------------------------------------------------------------------------------- which draws interpolate
def slow_distance(frame, i, j):
    """HEOM of two rows of a frame, in plain Python."""
    total = 0.0
    for _, column in frame.items():
        a, b = column.iloc[i], column.iloc[j]
        if pd.isna(a) or pd.isna(b):
            total += 1
        elif isinstance(a, str):
            total += a != b
        else:
            total += ((a - b) / (column.max() - column.min())) ** 2
    return math.sqrt(total)


@pytest.mark.parametrize("safe_distance", ["bin", "neighbors"])
def test_smogn_interpolates_where_a_slow_reading_of_the_paper_does(safe_distance):
    frame, y = mixed_table()
    k, rare = 4, np.flatnonzero(y > 50)
    sampler = SMOGN(
        relevance=BEYOND_TEN,
        sampling_strategy={"high": 1016},
        k_neighbors=k,
        safe_distance=safe_distance,
        random_state=0,
    )
    sampler.fit_resample(frame, y)
    near, far = {}, {}  # neighbours of each rare row, nearer and farther than its safe distance
    for i in rare:
        ordered = sorted((slow_distance(frame, i, j), j) for j in rare if j != i)
        safe = statistics.median(d for d, _ in (ordered if safe_distance == "bin" else ordered[:k])) / 2
        near[i] = {j for d, j in ordered[:k] if d < safe}
        far[i] = {j for d, j in ordered[:k] if d >= safe}
    drawn = {i: set() for i in rare}
    n_between = 0
    for seed, partner in sampler.parent_indices_:
        if partner >= 0:
            assert partner in near[seed]
            drawn[seed].add(partner)
            n_between += 1
        else:
            assert far[seed]
    assert drawn == near  # 62 draws for each row with 4 neighbours leave none out
    expected = sum(len(near[i]) for i in rare) / (k * len(rare))
    assert n_between / 1000 == pytest.approx(expected, abs=0.05)
    assert (expected > 0.2) == (safe_distance == "bin")  # else this case says little


@needs_data
@pytest.mark.parametrize(
    ("name", "of_bin", "of_neighbors"),
    [("machineCpu", 0.52, 0.12), ("concreteStrength", 0.53, 0.14), ("airfoild", 0.88, 0.10), ("triazines", 0.42, 0.05)],
)
def test_shares_of_interpolated_rows_are_those_measured_before(name, of_bin, of_neighbors):
    """The shares of an earlier implementation, on standardized predictors with Euclidean distances."""
    X, y = read(name)
    X = StandardScaler().fit_transform(X)
    for reading, share in {"bin": of_bin, "neighbors": of_neighbors}.items():
        sampler = SMOGN(metric="euclidean", safe_distance=reading, sampling_strategy=3.0, random_state=0).set_params(
            categorical_features=None
        )
        sampler.fit_resample(X, y.to_numpy())
        assert (sampler.parent_indices_[:, 1] >= 0).mean() == pytest.approx(share, abs=0.03)


def test_noise_of_smogn_is_capped_by_perturbation_and_by_the_safe_distance():
    rng = np.random.RandomState(0)
    y = np.r_[rng.uniform(-5, 5, 50), 100 + rng.normal(size=8)]
    X = rng.normal(size=(58, 12))
    deviations = {}
    for perturbation in (0.02, 0.5, 50.0):
        sampler = SMOGN(
            relevance=BEYOND_TEN,
            sampling_strategy={"high": 4008},
            safe_distance="neighbors",
            perturbation=perturbation,
            random_state=0,
        )
        sampler, X_new, _ = made(sampler, X, y)
        noisy = sampler.parent_indices_[:, 1] < 0
        moved = (X_new - X[sampler.parent_indices_[:, 0]])[noisy] / X[50:].std(axis=0)
        deviations[perturbation] = np.abs(moved[moved != 0]).mean() * math.sqrt(math.pi / 2)
    assert deviations[0.02] == pytest.approx(0.02, rel=0.05)
    assert deviations[0.5] == pytest.approx(0.5, rel=0.2)  # clipped at the range of the column here and there
    assert deviations[50.0] < 2  # half the median distance to the neighbours, not 50


# ----------------------------------------------------------------------------------------------------- rows and parents
def test_random_over_sampler_copies_its_parents():
    frame, y = mixed_table()
    sampler, X_new, y_new = made(RandomOverSampler(relevance=BEYOND_TEN, random_state=0), frame, y)
    parents = sampler.parent_indices_
    pd.testing.assert_frame_equal(X_new.reset_index(drop=True), frame.iloc[parents[:, 0]].reset_index(drop=True))
    np.testing.assert_array_equal(y_new, y[parents[:, 0]])
    assert (parents[:, 1] == -1).all()


def test_new_rows_of_smoter_lie_between_their_parents_target_included():
    X, y = two_sided(n_low=9, n_high=9)
    sampler, X_new, y_new = made(SMOTER(relevance=BEYOND_TEN, sampling_strategy=3.0, random_state=0), X, y)
    joined, new = np.column_stack([X, y]), np.column_stack([X_new, y_new])
    start, end = joined[sampler.parent_indices_[:, 0]], joined[sampler.parent_indices_[:, 1]]
    u = ((new - start) * (end - start)).sum(axis=1) / ((end - start) ** 2).sum(axis=1)
    assert ((u >= -1e-12) & (u <= 1 + 1e-12)).all()
    np.testing.assert_allclose(new, start + u[:, None] * (end - start), atol=1e-12)
    assert np.histogram(u, bins=4, range=(0, 1))[0].min() > 0


def test_gaussian_noise_scatters_by_a_share_of_the_deviation_in_the_bump():
    X, y = two_sided(n_high=40, n_common=50)
    X[:, 1] *= 1000
    sampler = GaussianNoise(relevance=BEYOND_TEN, sampling_strategy={"high": 5000}, perturbation=0.05, random_state=0)
    sampler, X_new, y_new = made(sampler, X, y)
    rare = y > 10
    parents = sampler.parent_indices_[:, 0]
    inner = (np.abs(X[parents]) < np.abs(X[rare]).max(axis=0) * 0.7) & (X_new != X[parents])
    for j in range(3):
        noise = (X_new - X[parents])[inner[:, j], j]
        assert noise.std() == pytest.approx(0.05 * X[rare, j].std(), rel=0.1)
    assert (y_new >= y[rare].min()).all()
    assert np.abs(y_new - y[parents]).std() > 0


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_every_rare_row_is_a_seed_equally_often(sampler):
    X, y = two_sided()
    fitted, _, _ = made(sampler(relevance=BEYOND_TEN, sampling_strategy={"low": 10, "high": 22}, random_state=0), X, y)
    counts = np.bincount(fitted.parent_indices_[:, 0], minlength=len(y))
    assert set(counts[y < -10]) == {2, 3}
    assert counts[y < -10].sum() == 7
    assert set(counts[y > 10]) == {3, 4}
    assert counts[np.abs(y) < 10].sum() == 0


@pytest.mark.parametrize("sampler", [RandomOverSampler(), GaussianNoise(), SMOTER(), SMOGN()], ids=repr)
@pytest.mark.parametrize("n_new", [7, 40, 333])
def test_emphasis_by_relevance_makes_rows_a_seed_in_proportion_to_it(sampler, n_new):
    rng = np.random.RandomState(0)
    X, y = rng.normal(size=(300, 2)), rng.gamma(1.0, size=300)
    sampler = clone(sampler).set_params(threshold=0.2, emphasis="relevance", random_state=0)
    n_rare = Relevance().fit(y).rare_mask(y, 0.2).sum()
    sampler.set_params(sampling_strategy={"high": int(n_rare) + n_new}).fit_resample(X, y)
    seeds = np.bincount(sampler.parent_indices_[:, 0], minlength=300)
    phi = sampler.relevance_(y)
    phi[phi < 0.2] = 0.0
    expected = n_new * phi / phi.sum()
    assert (seeds >= np.floor(expected)).all()
    assert (seeds <= np.ceil(expected)).all()
    assert 0.2 < phi[phi > 0].min() < 0.3 < 0.99 < phi.max()  # so equal shares would fail


def test_a_neighbours_object_gives_the_same_rows_as_a_number():
    X, y = two_sided(n_low=12, n_high=15)
    by_number = made(SMOGN(relevance=BEYOND_TEN, k_neighbors=4, random_state=0), X, y)
    by_object = made(SMOGN(relevance=BEYOND_TEN, k_neighbors=NearestNeighbors(n_neighbors=5), random_state=0), X, y)
    np.testing.assert_array_equal(by_number[0].parent_indices_, by_object[0].parent_indices_)
    np.testing.assert_array_equal(by_number[1], by_object[1])


def test_euclidean_distances_follow_the_units_and_heom_does_not():
    X, y = two_sided(n_low=0, n_high=20)
    parents = {}
    for metric in ("heom", "euclidean"):
        for factor in (1, 1000):
            scaled = X * [1, factor, 1]
            sampler = SMOTER(relevance=BEYOND_TEN, sampling_strategy=2.0, k_neighbors=2, metric=metric, random_state=0)
            parents[metric, factor] = made(sampler, scaled, y)[0].parent_indices_
    assert np.array_equal(parents["heom", 1], parents["heom", 1000])
    assert not np.array_equal(parents["euclidean", 1], parents["euclidean", 1000])


# ------------------------------------------------------------------------------------------------------------- amounts
@pytest.mark.parametrize("sampler", SAMPLERS)
@pytest.mark.parametrize(
    ("strategy", "low", "high"),
    [  # 3 low, 20 common, 5 high rows: B = round(28 / 3) = 9
        ("balance", 6, 4),
        ("auto", 2, 1),  # 0.25 * 6 = 1.5, rounded to even; 0.25 * 4
        (1.0, 5, 7),  # 20 - 8 = 12 in the ratio 3 : 5 are 4.5 and 7.5; the remainders tie, the first gets it
        (0.5, 1, 1),  # 10 - 8 = 2 are 0.75 and 1.25
        (0.45, 0, 1),  # 9 - 8 = 1 is 0.375 and 0.625
        (0.4, 0, 0),
        (0.0, 0, 0),
        ({"low": 4}, 1, 0),
        ({"low": 3, "high": 11}, 0, 6),
        ({}, 0, 0),
    ],
)
def test_amounts_are_those_worked_out_by_hand(sampler, strategy, low, high):
    X, y = two_sided()
    fitted, _, y_new = made(sampler(relevance=BEYOND_TEN, sampling_strategy=strategy, random_state=0), X, y)
    assert fitted.sampling_strategy_ == {"low": low, "high": high}
    assert ((y_new < -10).sum(), (y_new > 10).sum()) == (low, high)


def test_auto_goes_a_quarter_of_the_way_to_balance():
    X, y = two_sided(n_low=0, n_common=90, n_high=10)
    fitted, _, _ = made(RandomOverSampler(relevance=BEYOND_TEN), X, y)
    assert fitted.sampling_strategy_ == {"high": 10}  # B = 50


def test_a_bump_larger_than_its_share_gets_nothing():
    X, y = two_sided(n_low=30, n_common=20, n_high=2)
    for strategy in ("balance", "auto"):
        fitted, _, _ = made(RandomOverSampler(relevance=BEYOND_TEN, sampling_strategy=strategy), X, y)
        assert fitted.sampling_strategy_ == {
            "low": 0,
            "high": {"balance": 15, "auto": 4}[strategy],
        }  # B = round(52 / 3)


def test_bumps_in_the_middle_have_names_of_their_own():
    y = np.r_[np.arange(10.0), 50, 51, 52, np.arange(80.0, 90.0)]
    relevance = Relevance(lambda y: ((y > 40) & (y < 60)).astype(float))
    sampler = RandomOverSampler(relevance=relevance, sampling_strategy={"middle_1": 9}, random_state=0)
    fitted, _, y_new = made(sampler, y[:, None], y)
    assert fitted.sampling_strategy_ == {"middle_1": 6}
    assert set(y_new) <= {50, 51, 52}


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_under_sampling_cuts_common_bumps_to_the_mean_size_and_keeps_order(sampler):
    X, y = two_sided()
    fitted = sampler(relevance=BEYOND_TEN, under_sampling="balance", random_state=0)
    X_new, y_new = fitted.fit_resample(X, y)
    kept = fitted.kept_indices_
    assert (np.abs(y[kept]) < 10).sum() == 9  # B
    assert (np.abs(y[kept]) > 10).sum() == 8
    assert (np.diff(kept) > 0).all()
    np.testing.assert_array_equal(X_new[: len(kept)], X[kept])
    np.testing.assert_array_equal(y_new[: len(kept)], y[kept])
    assert fitted.is_synthetic_.tolist() == [False] * 17 + [True] * 3
    other = sampler(relevance=BEYOND_TEN, under_sampling="balance", random_state=1).fit(X, y)
    other.fit_resample(X, y)
    assert not np.array_equal(other.kept_indices_, kept)


def test_under_sampling_leaves_small_common_bumps_and_large_rare_ones_alone():
    y = np.r_[[0.1, 0.2], np.linspace(50, 59, 12), np.arange(80.0, 100.0)]  # B = round(34 / 3)
    relevance = Relevance(lambda y: ((y > 40) & (y < 60)).astype(float))
    sampler = RandomOverSampler(relevance=relevance, under_sampling="balance", random_state=0)
    sampler.fit_resample(y[:, None], y)
    kept = y[sampler.kept_indices_]
    assert [(kept < 40).sum(), ((kept > 40) & (kept < 60)).sum(), (kept > 60).sum()] == [2, 12, 11]


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"sampling_strategy": {"up": 30}}, r"names \['up'\], but the rare bumps of this target are \['high', 'low'\]"),
        ({"sampling_strategy": {"common_1": 30}}, "names"),
        ({"sampling_strategy": {"high": 4}}, r"\['high'\] must be a whole number of at least 5.*got 4"),
        ({"sampling_strategy": {"high": 7.5}}, r"\['high'\] must be a whole number"),
        ({"sampling_strategy": -0.5}, "'sampling_strategy' parameter"),
        ({"sampling_strategy": float("nan")}, "'sampling_strategy' parameter"),
        ({"sampling_strategy": "balanced"}, "'sampling_strategy' parameter"),
        ({"threshold": 0.0}, "'threshold' parameter"),
        ({"threshold": 1.5}, "'threshold' parameter"),
        ({"k_neighbors": 0}, "'k_neighbors' parameter"),
        ({"k_neighbors": NearestNeighbors(n_neighbors=1)}, "n_neighbors"),
        ({"metric": "cosine"}, "'metric' parameter"),
        ({"safe_distance": "far"}, "'safe_distance' parameter"),
        ({"perturbation": -1}, "'perturbation' parameter"),
        ({"under_sampling": True}, "'under_sampling' parameter"),
        ({"on_no_rare": "ignore"}, "'on_no_rare' parameter"),
        ({"relevance": 0.8}, "'relevance' parameter"),
        ({"categorical_features": ["town"]}, "'town', which is no column"),
    ],
)
def test_parameters_out_of_range_are_named(parameters, message):
    X, y = two_sided()
    with pytest.raises(ValueError, match=message):
        SMOGN(relevance=BEYOND_TEN).set_params(**parameters).fit_resample(X, y)


# --------------------------------------------------------------------------------------------- the tables of the folder
def assert_valid_rows(sampler, X, y, X_new, y_new):
    """Whether the new rows could have stood in the table: kinds, ranges, decimals, levels, gaps, targets."""
    n_kept = len(sampler.kept_indices_)
    pd.testing.assert_frame_equal(X_new.iloc[:n_kept], X.reset_index(drop=True))
    pd.testing.assert_series_equal(y_new.iloc[:n_kept], y.reset_index(drop=True))
    assert X_new.index.equals(pd.RangeIndex(len(y_new)))
    made_X, made_y, parents = X_new.iloc[n_kept:], y_new.iloc[n_kept:], sampler.parent_indices_
    assert len(made_y) == len(parents) == sum(sampler.sampling_strategy_.values())
    rare = {bump.name: bump for bump in sampler.bumps_ if bump.is_rare}
    for name, bump in rare.items():
        inside = made_y.between(bump.low, bump.high)
        assert inside.sum() == sampler.sampling_strategy_[name]
        assert set(parents[inside.to_numpy(), 0]) <= set(bump.indices)
    both_missing = X.isna().to_numpy()[parents[:, 0]] & (
        X.isna().to_numpy()[parents[:, 1]] | (parents[:, 1] < 0)[:, None]
    )
    assert not (made_X.isna().to_numpy() & ~both_missing).any()
    for name in X.columns:
        old, new = X[name].dropna(), made_X[name].dropna()
        if isinstance(old.iloc[0], str):
            assert set(new) <= set(old)
            continue
        assert new.min() >= old.min()
        assert new.max() <= old.max()
        if (old.round() == old).all():
            assert (new.round() == new).all()
        if old.nunique() == 2 and len(old) > 20:
            assert set(new) <= set(old)
    if (y.round(2) == y).all():
        np.testing.assert_array_equal(made_y.round(2), made_y)


@needs_data
@pytest.mark.parametrize(
    ("name", "sampler"),
    [(name, sampler) for name in NAMES for sampler in SAMPLERS if sampler is SMOGN or name not in LARGE],
)
@pytest.mark.slow
def test_new_rows_of_every_table_are_valid(name, sampler):
    X, y = read(name)
    sampler = sampler(random_state=0)
    if name == "stock":
        with pytest.warns(ResamplingWarning, match="box plot of y shows no extreme value") as caught:
            X_new, y_new = sampler.fit_resample(X, y)
        assert len(caught) == 1
        pd.testing.assert_frame_equal(X_new, X)
        pd.testing.assert_series_equal(y_new, y)
        assert not sampler.is_synthetic_.any()
        return
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        X_new, y_new = sampler.fit_resample(X, y)
    assert len(X_new) > len(X)
    assert_valid_rows(sampler, X, y, X_new, y_new)


@needs_data
@pytest.mark.parametrize("sampler", SAMPLERS)
@pytest.mark.parametrize("name", ["amesHousing", "cocomo", "kdd_coil_1", "meta"])
def test_many_new_rows_of_tables_with_gaps_and_levels_are_valid(name, sampler):
    X, y = read(name)
    sampler = sampler(sampling_strategy="balance", random_state=1)
    X_new, y_new = sampler.fit_resample(X, y)
    assert_valid_rows(sampler, X, y, X_new, y_new)


# ------------------------------------------------------------------------------------------------ tables full of traps
@pytest.mark.parametrize("sampler", SAMPLERS)
@pytest.mark.parametrize("on_no_rare", ["warn", "raise"])
def test_a_target_without_extremes_comes_back_unchanged_or_raises(sampler, on_no_rare):
    X, y = np.random.RandomState(0).normal(size=(30, 2)), np.linspace(0, 1, 30)
    sampler = sampler(on_no_rare=on_no_rare)
    if on_no_rare == "raise":
        with pytest.raises(NoRareRowsError, match=r"quantile.*control_points.*coef"):
            sampler.fit_resample(X, y)
        with pytest.raises(NoRareRowsError):
            sampler.fit(X, y)
        return
    with pytest.warns(ResamplingWarning, match="returned unchanged") as caught:
        X_new, y_new = sampler.fit_resample(X, y)
    assert caught[0].filename == __file__
    np.testing.assert_array_equal(X_new, X)
    np.testing.assert_array_equal(y_new, y)
    assert (sampler.bumps_, sampler.sampling_strategy_) == ([], {})
    assert sampler.parent_indices_.shape == (0, 2)
    assert sampler.is_synthetic_.shape == (30,)


def test_a_threshold_that_no_row_reaches_is_said():
    X, y = two_sided()
    half = Relevance(lambda y: (np.abs(y) > 10) * 0.5)
    with pytest.warns(ResamplingWarning, match="No row reaches the relevance 0.8"):
        SMOGN(relevance=half).fit_resample(X, y)
    assert made(SMOGN(relevance=half, threshold=0.5), X, y)[0].is_synthetic_.any()


def test_a_table_of_rare_rows_alone_gets_none():
    X, y = two_sided(n_common=0, n_low=0, n_high=20)
    for strategy in ("balance", "auto", 2.0):
        fitted, _, _ = made(SMOGN(relevance=BEYOND_TEN, sampling_strategy=strategy), X, y)
        assert fitted.sampling_strategy_ == {"all": 0}
    fitted, _, _ = made(SMOGN(relevance=BEYOND_TEN, sampling_strategy={"all": 25}), X, y)
    assert fitted.sampling_strategy_ == {"all": 5}


def test_a_rare_row_without_neighbours_is_copied_or_scattered():
    X, y = two_sided(n_low=0, n_high=1)
    rare = int(y.argmax())
    with pytest.warns(ResamplingWarning, match="without neighbours") as caught:
        sampler, X_new, y_new = made(SMOTER(relevance=BEYOND_TEN, random_state=0), X, y)
    assert len(caught) == 1
    assert caught[0].filename == __file__
    assert (X_new == X[rare]).all()
    for sampler in (SMOGN(relevance=BEYOND_TEN, random_state=0), GaussianNoise(relevance=BEYOND_TEN, random_state=0)):
        sampler, X_new, y_new = made(sampler, X, y)
        assert (y_new == y[rare]).all()
        assert (X_new != X[rare]).any()
        assert (np.abs(X_new - X[rare]) < X.std(axis=0)).all()
        assert sampler.parent_indices_.tolist() == [[rare, -1]] * len(y_new)


@pytest.mark.parametrize("k_neighbors", [5, 100, NearestNeighbors(n_neighbors=6), NearestNeighbors(n_neighbors=100)])
@pytest.mark.parametrize("n_rare", [2, 3])
def test_fewer_rare_rows_than_neighbours_are_enough(k_neighbors, n_rare):
    X, y = two_sided(n_low=0, n_high=n_rare)
    for sampler in (SMOTER, SMOGN):
        fitted, _, y_new = made(sampler(relevance=BEYOND_TEN, k_neighbors=k_neighbors, random_state=0), X, y)
        assert len(y_new) == fitted.sampling_strategy_["high"] > 0
        assert (y_new > 10).all()
        assert (fitted.parent_indices_[:, 0] != fitted.parent_indices_[:, 1]).all()


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_a_two_valued_target_has_two_bumps_or_none(sampler):
    X = np.random.RandomState(0).normal(size=(40, 2))
    y = np.r_[np.zeros(35), np.ones(5)]
    fitted, _, y_new = made(sampler(random_state=0), X, y)
    assert fitted.sampling_strategy_ == {"high": 4}  # 0.25 (20 - 5), rounded to even
    assert (y_new == 1).all()
    with pytest.warns(ResamplingWarning):
        sampler().fit_resample(X, np.r_[np.zeros(20), np.ones(20)])


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_identical_rare_rows_give_identical_rows(sampler):
    X, y = two_sided(n_low=0, n_high=6)
    X[y > 10], y[y > 10] = 0.125, 100.0
    _, X_new, y_new = made(sampler(relevance=BEYOND_TEN, random_state=0), X, y)
    assert (X_new == 0.125).all()
    assert (y_new == 100).all()


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_a_text_column_of_a_thousand_levels_is_no_trouble(sampler):
    rng = np.random.RandomState(0)
    n = 3000
    frame = pd.DataFrame({"id": [f"customer {i % 1500}" for i in range(n)], "age": rng.randint(18, 90, size=n)})
    y = np.where(rng.uniform(size=n) < 0.1, 100, 0) + rng.normal(size=n)
    _, X_new, _ = made(sampler(relevance=BEYOND_TEN, random_state=0), frame, y)
    assert len(X_new) > 100
    assert set(X_new["id"]) <= set(frame["id"])


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_numeric_columns_named_as_nominal_are_never_averaged(sampler):
    X, y = two_sided(n_high=30)
    X[:, 1] = np.array([10.0, 20.0, 70.0])[np.arange(len(y)) % 3]
    sampler = sampler(relevance=BEYOND_TEN, categorical_features=[1], sampling_strategy={"high": 100}, random_state=0)
    _, X_new, _ = made(sampler, X, y)
    assert set(X_new[:, 1]) == {10.0, 20.0, 70.0}


FINE = two_sided()
BROKEN = {
    "a constant target": (FINE[0], np.ones(28), ValueError, "more than one class or value of y"),
    "no rows": (FINE[0][:0], FINE[1][:0], ValueError, r"0 sample\(s\)"),
    "an empty frame": (pd.DataFrame(), [], ValueError, r"0 sample\(s\)"),
    "a frame without rows": (pd.DataFrame({"a": []}), [], ValueError, r"0 sample\(s\)"),
    "one row": (FINE[0][:1], FINE[1][:1], ValueError, "at least 2 rows"),
    "infinity in X": (np.where(FINE[0] > 1.5, np.inf, FINE[0]), FINE[1], ValueError, r"Column \d contains infinity"),
    "infinity in y": (FINE[0], np.where(FINE[1] > 10, np.inf, FINE[1]), ValueError, r"y contains infinity in row \d+"),
    "NaN in y": (FINE[0], np.where(FINE[1] > 10, np.nan, FINE[1]), ValueError, "y contains NaN in 5 of 28 rows"),
    "None in y": (FINE[0], [None, *FINE[1][1:]], ValueError, "y contains NaN in 1 of 28 rows"),
    "null in y": (FINE[0], pl.Series([None, *FINE[1][1:]]), ValueError, "y contains NaN in 1 of 28 rows"),
    "y of another length": (FINE[0], FINE[1][:-1], ValueError, "inconsistent numbers of samples"),
    "two targets": (FINE[0], np.column_stack([FINE[1], FINE[1]]), ValueError, "one column, got 2"),
    "text in y": (FINE[0], FINE[1].astype(str), ValueError, "y must be numeric, but holds text"),
    "categories in y": (FINE[0], pd.Series(FINE[1] > 10), ValueError, "y holds True and False, which are classes"),
    "dates in y": (
        FINE[0],
        pd.Series(pd.date_range("2020-01-01", periods=28)),
        ValueError,
        "y holds dates or durations",
    ),
    "no y": (FINE[0], None, ValueError, "requires y to be passed"),
    "no X": (None, FINE[1], ValueError, "Expected 2D array"),
    "duplicated names": (pd.DataFrame(FINE[0], columns=["a", "b", "a"]), FINE[1], ValueError, r"\['a'\] occur more"),
    "one column without a table": (pd.Series(FINE[0][:, 0]), FINE[1], ValueError, "Expected 2D array, got 1D array"),
    "a huge target": (FINE[0], FINE[1] * 1e300, ValueError, "rescale"),
}


@pytest.mark.parametrize("sampler", SAMPLERS)
@pytest.mark.parametrize("case", BROKEN)
def test_broken_input_gives_one_clear_sentence_of_ours(sampler, case):
    X, y, kind, message = BROKEN[case]
    for method in ("fit", "fit_resample"):
        with pytest.raises(kind, match=message) as caught:
            getattr(sampler(relevance=BEYOND_TEN if case == "a huge target" else None), method)(X, y)
        place = traceback.extract_tb(caught.tb)[-1].filename
        assert "skgan_resample" in place or "sklearn" in place, f"raised inside {place}"


def test_missing_cells_and_a_neighbours_object_do_not_go_together():
    frame, y = mixed_table()
    sampler = SMOGN(relevance=BEYOND_TEN, k_neighbors=NearestNeighbors(n_neighbors=6))
    with pytest.raises(ValueError, match="missing cells; impute them or give k_neighbors as int"):
        sampler.fit_resample(frame, y)


def test_euclidean_distances_refuse_nominal_columns():
    frame, y = mixed_table()
    with pytest.raises(ValueError, match="metric='euclidean' needs numeric columns only"):
        SMOGN(relevance=BEYOND_TEN, metric="euclidean").fit_resample(frame, y)


def test_all_samplers_are_found_where_imbalanced_learn_has_them():
    import skgan_resample
    from skgan_resample import over_sampling

    for name in ("SMOGANRegressorResampler", "HardTripletSampler", "SMOGN", "Draft", "DistGANOptions"):
        assert getattr(over_sampling, name) is getattr(skgan_resample, name)
        assert name in over_sampling.__all__
    with pytest.raises(AttributeError, match="no attribute 'Smote'"):
        over_sampling.Smote  # noqa: B018


@pytest.mark.slow
def test_the_sampler_for_classes_is_found_here_too_and_imported_when_asked_for():
    code = """
import sys
import skgan_resample.over_sampling as home
print("HardTripletSampler" in dir(home), "skgan_resample._hard_triplet" in sys.modules)
from skgan_resample.over_sampling import HardTripletSampler
import skgan_resample
print(HardTripletSampler is skgan_resample.HardTripletSampler)
"""
    assert run_python(code).split() == ["True", "False", "True"]
