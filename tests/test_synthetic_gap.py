"""synthetic_gap against slow loops, SciPy and cases worked by hand; rows of every kind and number go through."""

import warnings

import numpy as np
import pandas as pd
import polars as pl
import pytest
from _synthetic_gap_data import FEW, mixed, quick
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from skgan_resample.exceptions import ResamplingWarning
from skgan_resample.metrics import SyntheticGap, gap_closed, synthetic_gap

VERSIONS = ("as_is", "snapped", "floor")


def numbers_of(gap):
    return np.array([[record[version] for version in VERSIONS] for record in gap.measures])


# ------------------------------------------------------------------------------------------------ the whole
def integers(n_rows, seed, mean=10.0):
    return np.round(np.random.RandomState(seed).normal(mean, 3, size=(n_rows, 3)))


@pytest.mark.slow
def test_two_samples_of_one_distribution_are_at_the_floor():
    rng = np.random.RandomState(0)
    mixing = rng.normal(size=(4, 4))
    real, synthetic, train = (rng.normal(size=(500, 4)) @ mixing for _ in range(3))
    y_real, y_synthetic = ((x[:, 0] > 0).astype(int) for x in (real, synthetic))
    gap = synthetic_gap(real, synthetic, y_real=y_real, y_synthetic=y_synthetic, X_train=train, random_state=0)
    assert len(gap) == 10
    for name, record in gap.items():
        tolerance = 0.1 if "ratio" in name or name == "nearer to training rows" else 0.05
        assert_allclose(record["as_is"], record["floor"], atol=tolerance, err_msg=name)
    assert_allclose(gap["nearer to training rows"]["as_is"], 0.5, atol=0.1)
    assert_allclose(gap["variance ratio"]["as_is"], 1, atol=0.1)


@pytest.mark.slow
def test_collapsed_rows_have_neither_variance_nor_coverage():
    rng = np.random.RandomState(0)
    real, first_half = rng.normal(size=(400, 3)), np.arange(400) < 200
    synthetic = rng.normal(size=(400, 3)) * np.where(first_half, 0.5, 1.0)[:, None]
    gap = synthetic_gap(real, synthetic, **FEW)
    assert_allclose(gap["variance ratio"]["as_is"], (0.25 + 1) / 2, rtol=0.1)
    gap = synthetic_gap(real, synthetic * 0.05, **FEW)
    assert gap["variance ratio"]["as_is"] < 0.01
    assert gap["coverage"]["as_is"] < 0.3
    assert gap["coverage"]["floor"] > 0.9


def test_numbers_that_were_not_rounded_give_rows_away_until_they_are_snapped():
    real = integers(400, 0)
    synthetic = np.random.RandomState(1).normal(10, 3, size=(400, 3))
    forest = synthetic_gap(real, synthetic, **FEW)["domain AUC, forest"]
    assert forest["as_is"] > 0.9
    assert_allclose(forest["snapped"], 0.5, atol=0.1)


def test_decimals_and_range_of_training_rows_are_real_too():
    real, train = integers(40, 0), integers(40, 1)
    train[:10] = 35.25
    gap = synthetic_gap(real, train, X_train=train, **FEW)
    alone = synthetic_gap(real, train, **FEW)
    assert gap["copies of training rows"]["snapped"] == 1
    assert gap["variance ratio"]["snapped"] == gap["variance ratio"]["as_is"]
    assert alone["variance ratio"]["as_is"] == gap["variance ratio"]["as_is"]
    assert alone["variance ratio"]["snapped"] < 0.5 * alone["variance ratio"]["as_is"]


@pytest.mark.slow
def test_correlations_are_compared_pair_by_pair():
    rng = np.random.RandomState(0)
    real = rng.normal(size=(800, 3))
    real[:, 1] = real[:, 0]  # correlation 1; in the synthetic rows it is 0
    gap = synthetic_gap(real, rng.normal(size=(800, 3)), n_repeats=1, random_state=0)["correlation difference"]
    assert_allclose(gap["as_is"], 1 / 3, atol=0.08)
    assert gap["floor"] < 0.05
    constant = np.zeros((800, 3))
    gap = synthetic_gap(real, constant, n_repeats=1, random_state=0)["correlation difference"]
    assert_allclose(gap["as_is"], 1 / 3, atol=0.08)  # no variation, no correlation


def test_copies_of_training_rows_are_remembered_rows():
    rng = np.random.RandomState(0)
    real, train = rng.normal(size=(300, 3)), rng.normal(size=(300, 3))
    synthetic = np.vstack([train[:150], rng.normal(size=(150, 3))])
    gap = synthetic_gap(real, synthetic, X_train=train, **FEW)
    assert_allclose(gap["copies of training rows"]["as_is"], 0.5, atol=0.1)
    assert gap["copies of training rows"]["floor"] == 0
    nearer = gap["nearer to training rows"]
    assert_allclose(nearer["floor"], 0.5, atol=0.1)
    # A repeat compares with half of the training rows, so a quarter of the synthetic rows meets its own original.
    assert_allclose(nearer["as_is"], 0.25 + 0.75 * 0.5, atol=0.08)


def test_ties_of_distance_are_remembered_by_half():
    table = np.tile([[0.0, 0.0], [1.0, 1.0]], (20, 1))
    gap = synthetic_gap(table, table, X_train=table, **FEW)
    assert gap["nearer to training rows"]["as_is"] == 0.5
    assert gap["copies of training rows"]["as_is"] == gap["copies of training rows"]["floor"] == 1


def test_utility_of_wrong_labels():
    rng = np.random.RandomState(0)
    real, synthetic = rng.normal(size=(300, 2)), rng.normal(size=(300, 2))
    y_real, y_synthetic = np.where(real[:, 0] > 0, "yes", "no"), np.where(synthetic[:, 0] > 0, "no", "yes")
    gap = synthetic_gap(real, synthetic, y_real=y_real, y_synthetic=y_synthetic, **FEW)
    assert gap.target_type == "classification"
    assert gap["utility"]["floor"] > 0.9
    assert gap["utility"]["as_is"] < 0.1
    assert_allclose(gap["domain AUC, forest"]["as_is"], 0.5, atol=0.1)  # the target is no column


@pytest.mark.slow
def test_utility_of_a_regression_is_r2():
    rng = np.random.RandomState(0)
    real, synthetic = rng.normal(size=(400, 2)), rng.normal(size=(400, 2))
    options = {"y_real": real @ [1, 2], "n_repeats": 1, "random_state": 0}
    right = synthetic_gap(real, synthetic, y_synthetic=synthetic @ [1, 2], **options)
    wrong = synthetic_gap(real, synthetic, y_synthetic=-synthetic @ [1, 2], **options)
    assert right.target_type == "regression"
    assert right["utility"]["as_is"] > 0.9
    assert right["utility"]["floor"] > 0.9
    assert wrong["utility"]["as_is"] < -1


@pytest.mark.slow
def test_containers_agree():
    real, synthetic = mixed(80, 0), mixed(60, 1, 0.5)
    expected = synthetic_gap(real, synthetic, n_repeats=1, random_state=0)
    shuffled = synthetic[["sold", "day", "town", "rooms", "area"]]
    from_polars = synthetic_gap(pl.from_pandas(real), pl.from_pandas(shuffled), n_repeats=1, random_state=0)
    from_arrow = synthetic_gap(pl.from_pandas(real).to_arrow(), shuffled, n_repeats=1, random_state=0)
    assert_allclose(numbers_of(from_polars), numbers_of(expected))
    assert_allclose(numbers_of(from_arrow), numbers_of(expected))
    names = ["area", "rooms", "town", "sold"]
    framed = synthetic_gap(real[names], synthetic[names], n_repeats=1, random_state=0)
    arrays = real[names].to_numpy(dtype=object), synthetic[names].to_numpy(dtype=object)
    assert_allclose(numbers_of(synthetic_gap(*arrays, n_repeats=1, random_state=0)), numbers_of(framed))
    assert [record["kind"] for record in expected.columns] == [
        "float", "integer", "categorical", "categorical", "datetime",
    ]  # fmt: skip


@pytest.mark.slow
def test_a_level_that_no_real_row_has_counts_against_the_synthetic_rows():
    real, synthetic = mixed(200, 0), mixed(200, 1)
    before = synthetic_gap(real, synthetic, n_repeats=1, random_state=0)
    synthetic.loc[:119, "town"] = "Atlantis"
    after = synthetic_gap(real, synthetic, n_repeats=1, random_state=0)
    assert after.worst_column == "town"
    for version in ("as_is", "snapped"):
        assert_allclose(after["columns, worst"][version], 1 - 0.6, atol=0.08)
        assert after["energy distance"][version] > before["energy distance"][version] + 0.07
        assert after["domain AUC, forest"][version] > 0.65


def test_a_gap_that_no_real_row_has_counts_against_the_synthetic_rows():
    real, synthetic = integers(300, 0), integers(300, 1)
    synthetic[:150, 2] = np.nan
    gap = synthetic_gap(real, synthetic, **FEW)
    assert_allclose(gap["columns, worst"]["as_is"], 0.5, atol=0.1)
    assert gap.worst_column == 2
    assert gap["domain AUC, forest"]["as_is"] > 0.7
    assert gap["energy distance"]["as_is"] > 0.1


def test_a_constant_column_that_varies_in_the_synthetic_rows_is_seen_in_any_unit():
    real, synthetic = integers(100, 0), integers(100, 1)
    real[:, 1] = 5
    gaps = [synthetic_gap(real * unit, synthetic * unit, n_repeats=1, random_state=0) for unit in (1, 1024.0)]
    assert gaps[0]["energy distance"]["as_is"] > 1
    assert_allclose(gaps[0]["energy distance"]["as_is"], gaps[1]["energy distance"]["as_is"])
    assert gaps[0]["energy distance"]["snapped"] < 0.2


@settings(quick, max_examples=2)
@given(st.integers(0, 10**6), st.integers(0, 2), st.integers(-20, 20))
@pytest.mark.slow
def test_the_unit_of_a_column_changes_nothing(seed, column, power):
    rng = np.random.RandomState(seed)
    real, synthetic = rng.normal(size=(40, 3)), rng.normal(0.3, 1, size=(30, 3))
    unit = np.ones(3)
    unit[column] = 2.0**power
    plain = synthetic_gap(real, synthetic, X_train=real, n_repeats=1, random_state=0)
    scaled = synthetic_gap(real * unit, synthetic * unit, X_train=real * unit, n_repeats=1, random_state=0)
    for record, other in zip(plain.measures, scaled.measures):
        assert_allclose(record["as_is"], other["as_is"], rtol=1e-6, err_msg=record["measure"])


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    ("real", "synthetic"),
    [
        (np.random.RandomState(0).normal(size=(8, 2)), np.zeros((4, 2))),
        (np.ones((9, 2)), np.ones((5, 2))),
        (np.ones((9, 2)), np.arange(10.0).reshape(5, 2)),
        (np.full((10, 2), np.nan), np.full((10, 2), np.nan)),
        (np.full((10, 2), np.nan), np.ones((10, 2))),
        (np.arange(12.0), np.arange(6.0)),
        (np.array([["a", "b"]] * 5 + [["b", "b"]] * 5), np.array([["c", "b"]] * 6)),
        (np.arange(20.0).reshape(10, 2), np.full((10, 2), 1e200)),
        (pd.DataFrame({"a": [None] * 9, "b": range(9)}), pd.DataFrame({"a": ["x"] * 9, "b": range(9)})),
        (pd.DataFrame({"a": pd.array([1, None] * 5, dtype="Int64")}), pd.DataFrame({"a": [1.5] * 4})),
    ],
    ids=["smallest", "constants", "constant or not", "missing", "missing or not", "column", "text", "huge", "none",
         "nullable"],
)  # fmt: skip
def test_odd_tables_give_numbers_and_no_warnings(real, synthetic):
    classes = [0] * (len(real) - 1) + [1]
    gap = synthetic_gap(
        real, synthetic, X_train=real, y_real=classes, y_synthetic=range(len(synthetic)),
        target_type="classification", n_repeats=1, random_state=0,
    )  # fmt: skip
    assert np.isfinite([gap[name]["as_is"] for name in ("energy distance", "coverage", "utility")]).all()
    for name in ("domain AUC, forest", "columns, mean", "columns, worst", "coverage", "nearer to training rows"):
        for version in VERSIONS:
            assert 0 <= gap[name][version] <= 1
    assert str(gap).count("\n") > 8


def test_a_single_class_is_always_predicted():
    X = integers(20, 0)
    gap = synthetic_gap(X, X, y_real=["a"] * 20, y_synthetic=["a"] * 20, n_repeats=1, random_state=0)
    assert gap["utility"]["floor"] == gap["utility"]["as_is"] == 1


def test_measures_without_sense_are_left_out():
    rng = np.random.RandomState(0)
    text = rng.choice(["a", "b"], size=(40, 2))
    gap = synthetic_gap(text, text, **FEW)
    absent = {"correlation difference", "variance ratio", "utility", "copies of training rows"}
    assert not absent & set(gap)
    with pytest.raises(KeyError, match=r"was not measured; there are .*'coverage'"):
        gap["utility"]
    one = synthetic_gap(rng.normal(size=(40, 1)), rng.normal(size=(40, 1)), **FEW)
    assert "correlation difference" not in one
    assert "variance ratio" in one


def test_wrong_input_is_named():
    real, synthetic = mixed(20, 0), mixed(20, 1)
    for args, options, words in [
        ((real, synthetic.rename(columns={"town": "city"})), {}, "missing \\['town'\\], unknown \\['city'\\]"),
        ((real.to_numpy(), real.to_numpy()[:, 1:]), {}, "X_synthetic has 4 columns, but X_real has 5"),
        ((real[:7], synthetic), {}, "X_real has 7 rows; at least 8"),
        ((real, synthetic[:3]), {}, "X_synthetic has 3 rows; at least 4"),
        (
            (real, synthetic.assign(rooms="x")),
            {},
            "'rooms' of X_synthetic holds 'x' in row 0, where numbers are expected",
        ),
        ((real, synthetic.assign(day=1.0)), {}, "'day' of X_synthetic holds 1.0 in row 0, where dates are expected"),
        ((real, synthetic.assign(area=np.inf)), {}, "'area' of X_synthetic contains infinity"),
        ((real, synthetic), {"y_real": range(20)}, "both y_real and y_synthetic"),
        ((real, synthetic), {"y_real": range(20), "y_synthetic": range(9)}, "y_synthetic has 9 values for 20 rows"),
        ((real, synthetic), {"y_real": ["a"] * 20, "y_synthetic": ["b"] * 20}, "no label in common"),
        (
            (real, synthetic),
            {"y_real": [np.nan] * 20, "y_synthetic": [0.5] * 20},
            "y_real contains NaN in 20 of 20 rows",
        ),
        ((real, synthetic), {"categorical_features": None}, "where only numbers are possible"),
        ((real, synthetic), {"n_repeats": 0}, "n_repeats"),
    ]:
        with pytest.raises(ValueError, match=words):
            synthetic_gap(*args, **options)


# ------------------------------------------------------------------------------------------------ seeds and results
@pytest.mark.slow
def test_same_seed_same_numbers_and_global_states_untouched(give_back):
    real, synthetic = mixed(60, 0), mixed(60, 1)
    given_real, given_synthetic = real.copy(), synthetic.copy()
    before = real.assign(area=real["area"] + 2)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        first, second = (synthetic_gap(real, synthetic, X_train=real, n_repeats=1, random_state=5) for _ in range(2))
        closed = [gap_closed(real, before, synthetic, random_state=1) for _ in range(2)]
    assert np.array_equal(numbers_of(first), numbers_of(second), equal_nan=True)
    assert closed[0] == closed[1]
    assert synthetic_gap(real, synthetic, n_repeats=1, random_state=6)["coverage"] != first["coverage"]
    pd.testing.assert_frame_equal(real, given_real)
    pd.testing.assert_frame_equal(synthetic, given_synthetic)


@pytest.mark.slow
def test_errors_are_standard_errors_over_repeats():
    """The seeds of repeats are drawn one after the other, so one repeat is the first of two."""
    real, synthetic = integers(60, 0), integers(50, 1, 12)
    one, two = (synthetic_gap(real, synthetic, n_repeats=n, random_state=0)["energy distance"] for n in (1, 2))
    assert np.isnan(one["as_is_error"])
    first, second = one["as_is"], 2 * two["as_is"] - one["as_is"]
    assert_allclose(two["as_is_error"], np.std([first, second], ddof=1) / np.sqrt(2))


@pytest.mark.slow
def test_both_sets_of_synthetic_rows_meet_the_same_real_halves():
    real = integers(60, 0)
    gaps = [synthetic_gap(real, integers(60, seed), n_repeats=1, random_state=0) for seed in (1, 2)]
    for name in ("energy distance", "coverage", "domain AUC, forest"):
        assert gaps[0][name]["as_is"] != gaps[1][name]["as_is"]
        assert_allclose(gaps[0][name]["floor"], gaps[1][name]["floor"])


def test_result_prints_and_becomes_a_frame():
    real, synthetic = integers(60, 0), integers(50, 1)
    gap = synthetic_gap(real, synthetic, **FEW)
    assert isinstance(gap, SyntheticGap)
    text = str(gap)
    assert text == gap.summary()
    lines = text.splitlines()
    assert "as is" in lines[0]
    assert max(map(len, lines)) <= 120
    for name, line in zip(gap, lines[2:]):
        assert line.startswith(name)
    assert "50 synthetic rows against 60 real rows" in text
    frame = gap.to_frame()
    assert list(frame.index) == list(gap)
    assert frame.loc["coverage", "floor"] == gap["coverage"]["floor"]
    assert repr(gap) == f"<SyntheticGap of 50 synthetic and 60 real rows, {len(gap)} measures>"
    assert len(gap.columns) == 3
    means = np.mean([record["as_is"] for record in gap.columns])
    assert_allclose(gap["columns, mean"]["as_is"], means)


def test_error_of_gap_closed_is_the_scatter_over_new_rows():
    values, errors = [], []
    for seed in range(60):
        rng = np.random.RandomState(seed)
        real, before = rng.normal(size=(100, 2)), rng.normal(1.0, size=(100, 2))
        after = before - 0.5 if seed % 2 else before[:80] - 0.5  # paired and not
        value, error = gap_closed(real, before, after, random_state=seed)
        values.append(value)
        errors.append(error)
    for part in (slice(0, None, 2), slice(1, None, 2)):
        assert_allclose(np.mean(errors[part]), np.std(values[part]), rtol=0.4)
    assert np.mean(errors[1::2]) < np.mean(errors[::2])  # pairs tell more


def test_no_gap_to_close_is_nan_and_one_warning():
    rng = np.random.RandomState(0)
    real, before, after = rng.normal(size=(3, 100, 2))
    with pytest.warns(ResamplingWarning, match="there is no gap to close") as caught:
        value, error = gap_closed(real, before, after, random_state=0)
    assert len(caught) == 1
    assert np.isnan([value, error]).all()


def test_gap_closed_snaps_on_demand():
    real = np.random.RandomState(0).randint(0, 2, size=(200, 2)).astype(float)
    before, after = real[::-1] * 5, real[::-1] + 0.3
    assert 0.5 < gap_closed(real, before, after, random_state=0)[0] < 0.97
    with pytest.warns(ResamplingWarning):  # on the grid of the real rows both are the real rows
        value, _ = gap_closed(real, before, after, snap=True, random_state=0)
    assert np.isnan(value)
