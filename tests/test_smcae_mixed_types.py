"""SMCAETransformer on tables with columns of every kind: moved rows are valid rows."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from _smcae_data import CHOOSES, LINEAR, NETWORK, QUICK, fitted, mixed_sides, real_rows, simulated, smcae


def assert_valid(moved, real):
    """Every cell is one that the real column could hold."""
    assert set(moved["level"].dropna()) <= set(real["level"].dropna())
    assert set(moved["text"]) <= set(real["text"])
    assert set(moved["flag"]) <= {True, False}
    for name in ("count", "small", "day"):
        assert real[name].min() <= moved[name].min() <= moved[name].max() <= real[name].max()
    for name in ("a", "b", "c", "cents", "rain"):
        assert moved[name].notna().all()
        assert real[name].min() <= moved[name].min() <= moved[name].max() <= real[name].max()
    assert np.array_equal(moved["cents"], np.round(moved["cents"], 2))
    assert (moved["day"] == moved["day"].dt.normalize()).all()
    assert (moved["same"] == 3.5).all()


SELECTS = [None, "linear_ot", "location_scale", "cv"]


@pytest.mark.parametrize("select", SELECTS)
@pytest.mark.slow
def test_moved_rows_of_a_mixed_frame_are_valid(select):
    X, y, S, y_S = mixed_sides()
    transformer = fitted((X, y, S, y_S), **{**CHOOSES, "select": select})
    moved, _ = transformer.refine(S, y_S)
    assert moved.dtypes.equals(X.dtypes)
    assert_valid(moved, X)
    assert np.array_equal(moved["gaps"].isna(), S["gaps"].isna())  # a cell is missing only if it was before
    assert (moved["a"] != S["a"]).mean() > 0.9
    assert transformer.refine(S).dtypes.equals(X.dtypes)


@pytest.mark.parametrize("select", SELECTS[:2])
def test_moved_rows_stand_in_the_frame_that_they_came_in(select):
    X, y, S, y_S = mixed_sides()
    table = pd.concat([X, S]).set_axis(np.arange(140)[::-1])
    domain = np.r_[np.full(60, -1), np.full(80, 1)]
    out = smcae(**{**QUICK, "select": select}).fit_transform(table, np.r_[y, y_S], sample_domain=domain)
    assert out.dtypes.equals(table.dtypes)
    pd.testing.assert_frame_equal(out.iloc[:60], table.iloc[:60], check_exact=True)
    assert out.index.equals(table.index)
    assert_valid(out.iloc[60:], X)


@pytest.mark.parametrize("select", SELECTS[:2])
@pytest.mark.slow
def test_polars_and_pyarrow_hold_the_same_values_as_pandas(select):
    sides = mixed_sides()
    moved, _ = fitted(sides, **{**QUICK, "select": select}).refine(*sides[2:])
    for convert in (pl.from_pandas, lambda frame: pa.Table.from_pandas(frame, preserve_index=False)):
        X, S = convert(sides[0]), convert(sides[2])
        other, _ = fitted((X, sides[1], S, sides[3]), **{**QUICK, "select": select}).refine(S, sides[3])
        assert type(other) is type(S)
        assert other.schema == S.schema
        back = other.to_pandas()
        for name in moved.columns:
            assert back[name].astype(object).where(back[name].notna(), None).tolist() == [
                None if pd.isna(value) else value for value in moved[name]
            ]


@pytest.mark.parametrize("select", SELECTS[:2])
def test_levels_that_no_real_row_has_become_such_that_one_has(select):
    X, y, S, y_S = mixed_sides()
    X["level"], S["level"] = X["level"].astype(object), S["level"].astype(object)
    S.loc[:20, ["level", "text"]] = "new"
    S.loc[21:30, "text"] = None
    S.loc[5:9, "a"] = np.nan
    moved, _ = fitted((X, y, S, y_S), **{**QUICK, "select": select}).refine(S, y_S)
    assert_valid(moved, X)
    assert not moved.drop(columns="gaps").isna().any(axis=None)


@pytest.mark.parametrize("keep", [["a", "level", "count", "gaps"], [0, "level", -8, 9]], ids=repr)
def test_kept_columns_are_never_changed(keep):
    X, y, S, y_S = mixed_sides()
    moved, _ = fitted((X, y, S, y_S), **NETWORK, keep=keep).refine(S, y_S)
    kept = ["a", "level", "count", "gaps"]
    pd.testing.assert_frame_equal(moved[kept], S[kept], check_exact=True)
    assert (moved["b"] != S["b"]).mean() > 0.9
    assert_valid(moved.assign(count=X["count"].iloc[0], level=X["level"].iloc[0], a=X["a"].iloc[0]), X)


@pytest.mark.parametrize("keep", [["z"], [13], [-14]], ids=repr)
def test_a_column_to_keep_that_is_not_there_is_named(keep):
    with pytest.raises(ValueError, match=f"keep names {keep[0]!r}, which is no column"):
        fitted(mixed_sides(), **NETWORK, keep=keep)


@pytest.mark.parametrize("select", [None, "linear_ot", "location_scale"])
def test_zeros_of_a_rainfall_stay_about_as_many(select):
    rng = np.random.RandomState(0)
    rain, rain_S = (np.where(rng.uniform(size=n) < 0.5, 0.0, rng.gamma(2.0, size=n)) for n in (200, 300))
    X, S = np.c_[rain, rng.normal(size=200)], np.c_[1.5 * rain_S + 0.7, rng.normal(size=300)]
    moved = smcae(**{**QUICK, "select": select}).fit(X, X_synthetic=S).refine(S)
    assert abs((moved[:, 0] == 0).mean() - (rain == 0).mean()) < 0.1
    assert (moved[:, 0] >= 0).all()


@pytest.mark.filterwarnings("error")
def test_zeros_of_a_rainfall_with_many_gaps_stay_about_as_many():
    rng = np.random.RandomState(0)
    rain, rain_S = (np.where(rng.uniform(size=n) < 0.5, 0.0, rng.gamma(2.0, size=n)) for n in (200, 300))
    for column in (rain, rain_S):
        column[rng.uniform(size=len(column)) < 0.4] = np.nan
    X, S = np.c_[rain, rng.normal(size=200)], np.c_[1.5 * rain_S + 0.7, rng.normal(size=300)]
    moved = smcae(**LINEAR).fit(X, X_synthetic=S).refine(S)
    assert abs((moved[:, 0] == 0).mean() - (rain == 0).mean()) < 0.1


@pytest.mark.parametrize("dtype", [np.int8, np.int64, np.uint16, np.float32, np.float64, object])
@pytest.mark.slow
def test_an_array_keeps_its_data_type_and_whole_numbers(dtype):
    X, S = ((np.round(4 * rows) + 60).astype(dtype) for rows in (real_rows()[0], simulated()[0]))
    sides = X, real_rows()[1], S, simulated()[1]
    moved, _ = fitted(sides, **NETWORK).refine(S, sides[3])
    assert moved.dtype == dtype
    assert np.array_equal(moved.astype(float), np.round(moved.astype(float)))
    assert (moved >= X.min(axis=0)).all()
    assert (moved <= X.max(axis=0)).all()


def test_without_snapping_values_leave_the_grid_but_integers_stay_integers():
    X, y, S, y_S = mixed_sides()
    moved, _ = fitted((X, y, S, y_S), **LINEAR, snap=False).refine(S, y_S)
    assert (moved["cents"] != np.round(moved["cents"], 2)).any()
    assert moved.dtypes.equals(X.dtypes)
    assert set(moved["text"]) <= {"x", "yy"}


def test_nominal_columns_can_be_named():
    X, y = real_rows()
    codes = np.tile([3.0, 7.0, 20.0], 20)
    table, made = np.c_[X, codes], np.c_[X * 1.5 + 1, np.roll(codes, 1)]
    moved, _ = smcae(**NETWORK, categorical_features=[3]).fit(table, y, X_synthetic=made, y_synthetic=y).refine(made, y)
    assert set(moved[:, 3]) <= {3.0, 7.0, 20.0}


def test_a_list_in_gives_a_list_or_an_array_of_the_same_numbers(sides):
    X, y, S, y_S = sides
    expected, _ = fitted(sides, **LINEAR).refine(S, y_S)
    transformer = fitted((X.tolist(), y.tolist(), S.tolist(), y_S.tolist()), **LINEAR)
    moved, labels = transformer.refine(S.tolist(), y_S.tolist())
    assert np.array_equal(moved, expected)
    assert list(labels) == y_S.tolist()
    assert np.array_equal(transformer.transform(X.tolist()), X)
