"""The space in which rows are moved: whatever happens to the vectors, what comes back is a valid row."""

import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skgan_resample._smcae._space import Sample, Space, _radius

N_ROWS = 60


def real_table():
    """A column of every kind; `weight` and `note` have gaps."""
    rng = np.random.RandomState(0)
    weight = rng.normal(size=N_ROWS) * 3.7
    weight[::7] = np.nan
    note = np.array(rng.choice(["low", "high"], N_ROWS), dtype=object)
    note[::5] = None
    return pd.DataFrame(
        {
            "price": np.round(rng.uniform(1, 20, N_ROWS), 1),
            "rooms": rng.randint(1, 60, N_ROWS),
            "weight": weight,
            "rain": np.where(rng.uniform(size=N_ROWS) < 0.4, 0.0, rng.exponential(size=N_ROWS)),
            "kind": rng.choice(["a", "b", "c"], N_ROWS),
            "open": rng.uniform(size=N_ROWS) < 0.5,
            "note": note,
            "day": pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.randint(0, 200, N_ROWS), unit="D"),
            "floor": 3,
        }
    )


def synthetic_table(n_rows=40):
    """Values out of range and off the grid, an unknown level, gaps where the real table has none."""
    rng = np.random.RandomState(1)
    table = real_table().iloc[rng.randint(N_ROWS, size=n_rows)].reset_index(drop=True)
    table["price"] = table["price"] * 3 - 20.123
    table["rooms"] = table["rooms"].astype(float) + 0.5
    table.loc[0, "price"] = np.nan
    table.loc[1, "rooms"] = np.nan
    table.loc[2, "kind"] = "z"
    table.loc[3, "kind"] = None
    table.loc[4, ["weight", "note"]] = [np.nan, None]
    table.loc[5, ["weight", "note"]] = [2.5, "low"]
    return table


def fitted(**options):
    """Return a space with the two samples."""
    space = Space(**options)
    return space, *space.fit(real_table(), None, synthetic_table(), None)


def same_bits(a, b):
    return a.tobytes() == b.tobytes()


# ------------------------------------------------------------------------------------------------ rows that stay
@pytest.mark.parametrize("snap", [True, False])
def test_rows_that_do_not_move_keep_every_bit(snap):
    space, real, _ = fitted(snap=snap)
    landed = space.valid_rows(real, real.vectors.copy())
    assert same_bits(landed.codes, real.codes)
    assert same_bits(landed.vectors, real.vectors)
    pd.testing.assert_frame_equal(space.encoder_.from_codes(landed.codes), real_table())


def test_cells_that_do_not_move_keep_every_bit_beside_those_that_do():
    space, real, _ = fitted()
    for column in space.encoder_.columns_[:-1]:
        vectors = real.vectors.copy()
        vectors[:, column.encoded] += 0.01 + np.arange(column.encoded.stop - column.encoded.start)[::-1]
        landed = space.valid_rows(real, vectors)
        others = [j for j, other in enumerate(space.encoder_.columns_) if other is not column]
        assert same_bits(landed.codes[:, others], real.codes[:, others])
        if column.name in ("weight", "rain", "kind"):
            own = space.encoder_.columns_.index(column)
            assert (landed.codes[:, own] != real.codes[:, own]).sum() > N_ROWS / 2


def test_without_snapping_values_that_stay_may_be_off_the_grid_and_moved_ones_out_of_range():
    space, _, synthetic = fitted(snap=False)
    landed = space.valid_rows(synthetic, synthetic.vectors)
    assert np.array_equal(landed.codes[:, 0], synthetic.codes[:, 0])
    assert landed.codes[:, 0].min() < 1
    moved = space.valid_rows(synthetic, synthetic.vectors + 0.123)
    assert (moved.codes[:, 0] != np.round(moved.codes[:, 0], 1)).any()
    for whole in (1, 4, 5, 7):  # integers, levels and dates have no other values
        assert np.array_equal(moved.codes[:, whole], np.round(moved.codes[:, whole]))
    space.encoder_.from_codes(moved.codes)


# ------------------------------------------------------------------------------------------------ rows that move
@settings(deadline=None, max_examples=40)
@given(st.integers(0, 2**31 - 1), st.sampled_from([1e-9, 0.1, 1.0, 30.0]), st.booleans())
@pytest.mark.slow
def test_wherever_rows_are_moved_they_are_valid(seed, scale, some_cells_alone):
    space, _, synthetic = fitted()
    rng = np.random.RandomState(seed)
    moves = rng.normal(size=synthetic.vectors.shape) * scale
    if some_cells_alone:
        moves *= rng.uniform(size=moves.shape) < 0.3
    vectors = synthetic.vectors + moves
    landed = space.valid_rows(synthetic, vectors, [(3, 0, 0.0, 0.2)])
    table, real = space.encoder_.from_codes(landed.codes), real_table()
    assert list(table.dtypes) == list(real.dtypes)
    for name in ("price", "rooms", "rain", "weight", "day", "floor"):
        seen = table[name].dropna()
        assert seen.between(real[name].min(), real[name].max()).all()
    assert np.array_equal(table["price"], table["price"].round(1))
    own = space.encoder_.columns_[3].encoded
    has_moved = (vectors[:, own] != synthetic.vectors[:, own]).any(axis=1)
    assert ((table["rain"] == 0) | (table["rain"] > 0.2))[has_moved].all()
    assert np.array_equal(table["rain"][~has_moved], synthetic.codes[~has_moved, 3])
    assert set(table["kind"]) <= {"a", "b", "c"}
    assert set(table["note"].dropna()) <= {"low", "high"}
    assert (table["day"] == table["day"].dt.normalize()).all()
    missing = pd.DataFrame(np.isnan(synthetic.codes), columns=real.columns)
    pd.testing.assert_frame_equal(table.isna(), missing)
    assert missing["weight"].any()
    assert not missing["weight"].all()
    assert np.array_equal(space.encoder_.encode_codes(landed.codes) * space.column_weights_, landed.vectors)


def test_a_missing_cell_stays_missing_and_none_appears_even_when_the_indicator_is_moved():
    space, real, _ = fitted()
    for move in (-5.0, 5.0):
        vectors = real.vectors.copy()
        for column in space.encoder_.columns_:
            if column.has_missing:
                vectors[:, column.encoded.stop - 1] += move
        assert np.array_equal(np.isnan(space.valid_rows(real, vectors).codes), np.isnan(real.codes))


def test_a_moved_level_is_the_one_with_the_largest_coordinate():
    space, real, _ = fitted()
    head = space.encoder_.columns_[4].encoded
    vectors = real.vectors.copy()
    vectors[:, head] = np.eye(3)[np.arange(N_ROWS) % 3] * 0.2 + 0.1
    assert np.array_equal(space.valid_rows(real, vectors).codes[:, 4], np.arange(N_ROWS) % 3)


@pytest.mark.parametrize("synthetic_spread", [1.0, 100.0])
def test_a_move_by_vectors_is_a_move_in_units_of_the_real_spread(synthetic_spread):
    rng = np.random.RandomState(0)
    real_rows, synthetic_rows = rng.normal(size=(50, 2)) * 7, rng.normal(size=(50, 2)) * 7 * synthetic_spread
    space = Space(snap=False)
    real, _ = space.fit(real_rows, None, synthetic_rows, None)
    assert (space.column_weights_ < 1).all() == (synthetic_spread > 10)
    moved = space.valid_rows(real, real.vectors + 0.1 * space.column_weights_).codes
    assert moved == pytest.approx(real_rows + 0.1 * real_rows.std(axis=0))


def test_levels_and_gaps_that_the_real_table_does_not_have_are_filled():
    _, _, synthetic = fitted()
    table = real_table()
    for row, name in enumerate(["price", "rooms"]):  # of two values in the middle the lower one, not their mean
        assert synthetic.codes[row, row] == np.percentile(table[name], 50, method="lower")
    assert np.median(table["price"]) not in set(table["price"])
    frequent = sorted(set(table["kind"])).index(table["kind"].mode()[0])
    assert synthetic.codes[[2, 3], 4].tolist() == [frequent, frequent]
    assert np.isnan(synthetic.codes[4, [2, 6]]).all()
    assert not np.isnan(np.delete(synthetic.codes, [2, 6], axis=1)).any()
    assert np.isfinite(synthetic.vectors).all()


def test_reading_leaves_the_table_alone():
    table = synthetic_table()[["price", "rooms", "rain"]].to_numpy()
    space = Space()
    space.fit(real_table()[["price", "rooms", "rain"]].to_numpy(), None, table, None)
    space.valid_rows(space.read(table), np.zeros((40, 3)))
    assert np.array_equal(table, synthetic_table()[["price", "rooms", "rain"]].to_numpy(), equal_nan=True)


def test_landing_leaves_the_vectors_alone():
    space, real, _ = fitted()
    vectors = real.vectors + 0.5
    before = vectors.copy()
    space.valid_rows(real, vectors)
    space.point_masses(real, vectors, real)
    assert same_bits(vectors, before)


# ------------------------------------------------------------------------------------------------ kept columns
@pytest.mark.parametrize("keep", [["price", "kind"], [0, 4], [-9, "kind"], np.array(["price", "kind"])])
def test_kept_columns_stay_as_they_are(keep):
    space, _, synthetic = fitted(keep=keep)
    landed = space.valid_rows(
        synthetic, synthetic.vectors + np.random.RandomState(0).normal(size=synthetic.vectors.shape)
    )
    assert same_bits(landed.codes[:, [0, 4]], synthetic.codes[:, [0, 4]])
    assert synthetic.codes[:, 0].min() < 1  # below all real prices
    others = [1, 2, 3, 5]
    assert (landed.codes[:, others] != synthetic.codes[:, others]).any(axis=0).all()


@pytest.mark.parametrize("keep", [["size"], [9], [-10], [1.0]])
def test_keeping_a_column_that_is_not_there_is_an_error(keep):
    with pytest.raises(ValueError, match=r"keep names .*, which is no column of the table: \['price'"):
        fitted(keep=keep)


def test_a_gap_in_a_kept_column_of_integers_is_filled_with_an_integer():
    space = Space(keep=["rooms"])
    _, synthetic = space.fit(
        pd.DataFrame({"rooms": [1, 2, 3, 4], "price": [0.5, 1.5, 2.0, 3.1]}), None,
        pd.DataFrame({"rooms": [np.nan, 2.0], "price": [1.0, 2.0]}), None,
    )  # fmt: skip
    landed = space.valid_rows(synthetic, synthetic.vectors)
    assert landed.codes[:, 0].tolist() == [2.0, 2.0]


def test_columns_to_keep_may_be_a_mask():
    assert fitted(keep=[True] + [False] * 8)[0].kept_.tolist() == [0]
    with pytest.raises(ValueError, match="keep is a mask of 2 entries for 9 columns"):
        fitted(keep=[True, False])


# ------------------------------------------------------------------------------------------------ unused columns
def named_table(n_levels, n_rows=120):
    """A column of as many names as asked for, some cells missing, between two of numbers."""
    rng = np.random.RandomState(n_levels)
    names = np.array([f"n{i % n_levels}" for i in range(n_rows)], dtype=object)
    names[-3:] = None
    return pd.DataFrame({"a": rng.normal(size=n_rows), "name": names, "b": rng.normal(size=n_rows)})


@pytest.mark.parametrize(("n_levels", "is_used"), [(50, True), (51, False)])
def test_names_of_more_than_fifty_levels_are_no_part_of_the_vectors_and_stay(n_levels, is_used):
    table = named_table(n_levels)
    space = Space()
    real, _ = space.fit(table, None, table, None)
    names = space.encoder_.columns_[1]
    assert names.n_categories == n_levels
    assert space.used_.sum() == space.n_features_ == space.width_ == real.vectors.shape[1]
    assert space.used_[names.encoded].all() == space.used_[names.encoded].any() == is_used
    assert real.vectors.shape[1] == (2 + n_levels + 1 if is_used else 2)
    vectors = np.random.RandomState(0).normal(size=real.vectors.shape) * 9
    landed = space.valid_rows(real, vectors)
    assert np.array_equal(landed.codes[:, 1], real.codes[:, 1], equal_nan=True) == (not is_used)
    assert np.isnan(landed.codes[-3:, 1]).all()
    expected = np.clip(
        vectors[:, [0, -1]] * table[["a", "b"]].std(ddof=0).to_numpy() + table[["a", "b"]].mean().to_numpy(),
        table[["a", "b"]].min(), table[["a", "b"]].max(),
    )  # fmt: skip
    assert landed.codes[:, [0, 2]] == pytest.approx(expected)


def test_kept_columns_are_no_part_of_the_vectors():
    rng = np.random.RandomState(0)
    space, real, synthetic = fitted(keep=["price", "kind", "note"])
    columns = space.encoder_.columns_
    left_out = sum(columns[j].encoded.stop - columns[j].encoded.start for j in (0, 4, 6))
    assert space.width_ == space.encoder_.width_ - left_out == space.used_.sum()
    other = synthetic_table()
    other["price"], other["kind"] = rng.permutation(real_table()["price"])[:40], "a"
    assert same_bits(space.read(other).vectors, synthetic.vectors)
    fewer = [side.drop(columns=["price", "kind", "note"]) for side in (real_table(), synthetic_table())]
    plain = Space().fit(fewer[0], None, fewer[1], None)
    for alone, kept in zip(plain, (real, synthetic)):
        assert same_bits(alone.vectors, kept.vectors)


def test_a_target_moves_though_a_column_before_it_is_kept():
    rng = np.random.RandomState(0)
    y = rng.normal(size=N_ROWS)
    space = Space(keep=["price", "floor"], role="moves", snap=False)
    real, _ = space.fit(real_table(), y, real_table(), y)
    vectors = real.vectors.copy()
    vectors[:, -1] += 0.5
    landed = space.valid_rows(real, vectors)
    assert landed.target == pytest.approx(y + 0.5 * y.std())
    assert same_bits(landed.codes, real.codes)


def test_all_columns_can_be_kept():
    space, real, synthetic = fitted(keep=list(range(9)))
    assert space.width_ == 0
    assert real.vectors.shape == (N_ROWS, 0)
    assert same_bits(space.valid_rows(synthetic, synthetic.vectors).codes, synthetic.codes)
    assert space.point_masses(synthetic, synthetic.vectors, real) == []


# ------------------------------------------------------------------------------------------------ what is refused
@pytest.mark.parametrize("infinite", [np.inf, -np.inf])
@pytest.mark.parametrize("in_fit", [True, False])
def test_infinity_among_synthetic_rows_is_refused_by_column(infinite, in_fit):
    space, table = Space(), synthetic_table()
    if not in_fit:
        space.fit(real_table(), None, table, None)
    table.loc[3, "rain"] = infinite
    with pytest.raises(ValueError, match=r"Column 'rain' of the synthetic rows contains infinity in row 3; replace it"):
        space.fit(real_table(), None, table, None) if in_fit else space.read(table)


@pytest.mark.parametrize("change", ["other names", "another order"])
def test_frames_with_other_names_are_refused_and_arrays_are_not(change):
    table = real_table()[["price", "rain"]]
    other = table.rename(columns={"rain": "snow"}) if change == "other names" else table[["rain", "price"]]
    with pytest.raises(
        ValueError, match=r"real rows are \['price', 'rain'\], those of the synthetic rows \['.*', '.*'\]"
    ):
        Space().fit(table, None, other, None)
    space = Space()
    space.fit(table, None, table, None)
    with pytest.raises(ValueError, match="real rows are"):
        space.read(other)
    space.read(other.to_numpy())
    Space().fit(table.to_numpy(), None, other, None)


# ------------------------------------------------------------------------------------------------ masses
def rainfall(share, n_rows=200, seed=0):
    rng = np.random.RandomState(seed)
    rain = np.where(np.arange(n_rows) < share * n_rows, 0.0, rng.exponential(size=n_rows) + 0.3)
    return pd.DataFrame({"rain": rain, "other": rng.normal(size=n_rows), "kind": np.repeat(["a", "b"], n_rows // 2)})


@pytest.mark.parametrize("share", [0.2, 0.55, 0.9])
@pytest.mark.parametrize("snap", [True, False])
def test_as_many_moved_cells_hold_a_frequent_value_as_real_ones(share, snap):
    space = Space(snap=snap)
    real, synthetic = space.fit(rainfall(share), None, rainfall(0.0, 120, 1), None)
    vectors = synthetic.vectors + 0.3 * np.random.RandomState(2).normal(size=synthetic.vectors.shape)
    found = space.point_masses(synthetic, vectors, real)
    assert [mass[:3] for mass in found] == [(0, 0, 0.0)]
    moved, plain = (space.valid_rows(synthetic, vectors, masses).codes[:, 0] for masses in (found, ()))
    assert abs((moved == 0).mean() - share) <= 1 / 120
    assert np.array_equal(moved[moved != 0], plain[moved != 0])
    assert np.abs(plain[moved == 0]).max() <= np.abs(plain[moved != 0]).min()  # the nearest ones


def test_values_that_are_not_frequent_and_levels_attract_nothing():
    space = Space()
    real, synthetic = space.fit(rainfall(0.15), None, rainfall(0.0, 120, 1), None)
    assert space.point_masses(synthetic, synthetic.vectors + 0.1, real) == []


def with_gaps():
    """Landed and real cells of a rainfall of which a quarter is missing, and which are missing."""
    table = rainfall(0.4)
    table.loc[table.index[::4], "rain"] = np.nan
    space = Space(snap=False)
    real, synthetic = space.fit(table, None, table, None)
    vectors = synthetic.vectors + np.random.RandomState(1).normal(size=synthetic.vectors.shape)
    landed = space.valid_rows(synthetic, vectors, space.point_masses(synthetic, vectors, real))
    return landed, real, table["rain"].isna()


def test_missing_cells_are_not_drawn_to_a_frequent_value():
    landed, _, is_missing = with_gaps()
    assert np.array_equal(np.isnan(landed.codes[:, 0]), is_missing)


def test_a_frequent_value_has_the_share_of_real_cells_that_are_not_missing():
    landed, real, _ = with_gaps()
    zeros = [(column[~np.isnan(column)] == 0).mean() for column in (landed.codes[:, 0], real.codes[:, 0])]
    assert abs(zeros[0] - zeros[1]) <= 1 / 150


def test_a_frequent_value_is_found_beside_more_missing_cells():
    table = rainfall(0.4)
    table.loc[table.index[100:], "rain"] = np.nan
    space = Space()
    real, synthetic = space.fit(table, None, table, None)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = space.point_masses(synthetic, synthetic.vectors + 0.01, real)
    assert [mass[:3] for mass in found] == [(0, 0, 0.0)]


def test_only_cells_that_moved_are_drawn_to_a_frequent_value():
    space = Space(snap=False)
    real, synthetic = space.fit(rainfall(0.55), None, rainfall(0.0, 120, 1), None)
    vectors = synthetic.vectors.copy()
    assert space.point_masses(synthetic, vectors, real) == []
    vectors[:, 1:] += 1.0  # columns without a frequent value
    assert space.point_masses(synthetic, vectors, real) == []
    vectors[:30, 0] += 1e-3
    found = space.point_masses(synthetic, vectors, real)
    assert [mass[:3] for mass in found] == [(0, 0, 0.0)]
    landed = space.valid_rows(synthetic, vectors, [(0, 0, 0.0, np.inf)])
    assert (landed.codes[:30, 0] == 0).all()
    assert same_bits(landed.codes[30:, 0], synthetic.codes[30:, 0])


def test_a_column_of_few_values_needs_no_masses():
    """Values of a small grid are snapped to it; only an otherwise continuous column has mass points."""
    rng = np.random.RandomState(0)
    table = pd.DataFrame({"grade": rng.choice([0.0, 1.0, 2.0], 100, p=[0.6, 0.2, 0.2])})
    space = Space()
    real, synthetic = space.fit(table, None, table, None)
    assert (real.codes == 0).mean() > 0.5
    assert space.encoder_.columns_[0].grid is not None
    assert space.point_masses(synthetic, synthetic.vectors + 0.5, real) == []


@pytest.mark.parametrize(("n_few", "n_found"), [(19, 1), (20, 2)])
def test_each_class_of_twenty_real_rows_has_its_own_share_of_a_frequent_value(n_few, n_found):
    """Zeros hold six tenths of the real rows of class a, and three tenths of those of b."""
    rng = np.random.RandomState(0)
    sizes, shares = {"a": 100, "b": n_few}, {"a": 0.6, "b": 0.3}
    parts = []
    for label, n_rows in sizes.items():
        rain = rng.exponential(size=n_rows) + 0.5
        rain[: int(shares[label] * n_rows)] = 0.0
        parts.append(rain)
    y = np.repeat(list(sizes), list(sizes.values()))
    y_synthetic = np.resize(["a", "b"], 200)
    space = Space(role="classes", snap=False)
    real, synthetic = space.fit(
        np.concatenate(parts)[:, None], y, rng.exponential(size=(200, 1)) + 0.3, y_synthetic
    )  # fmt: skip
    vectors = synthetic.vectors + 0.05
    found = space.point_masses(synthetic, vectors, real)
    assert [mass[:3] for mass in found] == [(0, 0, 0.0), (0, 1, 0.0)][:n_found]
    landed = space.valid_rows(synthetic, vectors, found).codes[:, 0]
    assert (landed[y_synthetic == "a"] == 0).mean() == pytest.approx(0.6)
    assert (landed[y_synthetic == "b"] == 0).mean() == pytest.approx(0.3 if n_found == 2 else 0.0)


def test_a_class_is_drawn_to_the_value_that_is_frequent_in_it():
    """A class in which no value holds a fifth has none, and one may have another value than the other."""
    rng = np.random.RandomState(0)
    y = np.repeat([0, 1, 2], 40)
    column = rng.uniform(1, 2, size=120)
    column[:20], column[40:60], column[80:86] = 0.0, 3.0, 0.0
    space = Space(role="classes")
    real, synthetic = space.fit(column[:, None], y, rng.uniform(1, 2, size=(90, 1)), np.resize([0, 1, 2], 90))
    found = space.point_masses(synthetic, synthetic.vectors + 0.01, real)
    assert [mass[:3] for mass in found] == [(0, 0, 0.0), (0, 1, 3.0)]


def test_cells_at_one_distance_are_all_drawn():
    """A simulator that knows one drizzle instead of dry days: none of its equal cells may be left out."""
    table = rainfall(0.55)
    other = rainfall(0.55, 120, 1)
    other["rain"] = np.where(other["rain"] == 0, 0.1, other["rain"] + 0.5)
    space = Space()
    real, synthetic = space.fit(table, None, other, None)
    vectors = synthetic.vectors + 0.01
    radius = space.point_masses(synthetic, vectors, real)[0][3]
    landed = space.valid_rows(synthetic, vectors, [(0, 0, 0.0, radius)])
    assert np.array_equal(landed.codes[:, 0] == 0, other["rain"] == 0.1)


@pytest.mark.parametrize(
    ("distances", "share", "radius"),
    [
        ([3.0, 1.0, 2.0, 4.0], 0.5, 2.0),
        ([1.0, 2.0, 2.0, 2.0], 0.5, 2.0),
        ([1.0, 2.0], 0.4, 0.0),
        ([1.0, 2.0], 1.0, 2.0),
    ],
)
def test_a_radius_holds_the_share_and_what_is_as_near(distances, share, radius):
    assert _radius(np.array(distances), share) == radius


# ------------------------------------------------------------------------------------------------ the target
def test_a_target_that_moves_is_the_last_coordinate_and_comes_back_on_its_grid():
    rng = np.random.RandomState(0)
    y, y_synthetic = np.round(rng.uniform(0, 50, N_ROWS), 1), rng.uniform(10, 40, 40)
    space = Space(role="moves")
    real, synthetic = space.fit(real_table(), y, synthetic_table(), y_synthetic)
    assert space.width_ == space.n_features_ + 1 == real.vectors.shape[1]
    assert real.vectors[:, -1] / space.column_weights_[-1] == pytest.approx((y - y.mean()) / y.std())
    assert same_bits(space.valid_rows(real, real.vectors).target, y)
    vectors = synthetic.vectors.copy()
    vectors[:20, -1] += rng.normal(size=20) * 2
    moved = space.valid_rows(synthetic, vectors).target
    assert np.array_equal(moved[20:], y_synthetic[20:])
    expected = y_synthetic[:20] + (vectors[:20, -1] - synthetic.vectors[:20, -1]) / space.column_weights_[-1] * y.std()
    assert moved[:20] == pytest.approx(np.clip(expected, y.min(), y.max()), abs=0.0501)
    assert np.array_equal(moved[:20], np.round(moved[:20], 1))
    space.snap = False
    assert space.valid_rows(synthetic, vectors).target[:20] == pytest.approx(expected)


def test_a_target_of_few_values_comes_back_as_one_of_them():
    rng = np.random.RandomState(0)
    y = rng.choice([1.0, 2.0, 4.0], N_ROWS)
    space = Space(role="moves")
    real, _ = space.fit(real_table(), y, synthetic_table(), np.full(40, 2.0))
    landed = space.valid_rows(real, real.vectors + rng.normal(size=real.vectors.shape))
    assert set(landed.target) == {1.0, 2.0, 4.0}
    assert landed.vectors[:, -1] == pytest.approx((landed.target - y.mean()) / y.std() * space.column_weights_[-1])


def test_classes_are_those_of_both_sides_and_stay_with_their_rows():
    y, y_synthetic = np.resize(["b", "a"], N_ROWS), np.resize(["c", "b", "b"], 40)
    space = Space(role="classes")
    real, synthetic = space.fit(real_table(), y, synthetic_table(), y_synthetic)
    assert space.classes_.tolist() == ["a", "b", "c"]
    assert real.target.tolist() == ["abc".index(label) for label in y]
    assert np.array_equal(synthetic.membership, np.eye(3)[["abc".index(label) for label in y_synthetic]])
    assert space.width_ == space.n_features_ == real.vectors.shape[1]
    landed = space.valid_rows(synthetic, synthetic.vectors + 1)
    assert np.array_equal(landed.target, synthetic.target)
    assert np.array_equal(landed.membership, synthetic.membership)


@pytest.mark.parametrize("unknown", ["aa", "", "zz"])
def test_unknown_labels_are_an_error_that_names_them(unknown):
    space = Space(role="classes")
    space.fit(real_table(), np.resize(["a", "b"], N_ROWS), synthetic_table(), np.resize(["a", "b"], 40))
    with pytest.raises(ValueError, match=rf"label '{unknown}' did not occur in fit, only \['a', 'b'\]"):
        space.read(synthetic_table(), np.resize(["a", unknown], 40))


def test_unknown_labels_are_shown_as_the_user_wrote_them():
    space = Space(role="classes")
    space.fit(real_table(), np.resize([1, 2], N_ROWS), synthetic_table(), np.resize([1, 2], 40))
    with pytest.raises(ValueError, match=r"label 7 did not occur in fit, only \[1, 2\]"):
        space.read(synthetic_table(), np.resize([1, 7], 40))


def test_labels_may_be_a_column():
    space = Space(role="classes")
    labels = np.resize(["a", "b"], N_ROWS)[:, None]
    real, synthetic = space.fit(real_table(), labels, synthetic_table(), labels[:40])
    assert real.target.tolist() == [0, 1] * 30
    assert np.array_equal(synthetic.membership, np.tile(np.eye(2), (20, 1)))


@pytest.mark.parametrize(
    ("y", "y_synthetic", "shown"),
    [
        ([1, 2], ["1", "2"], r"y holds 1, 2 and y_synthetic '1', '2'"),
        (["a", "b"], ["A", "B"], r"y holds 'a', 'b' and y_synthetic 'A', 'B'"),
        ([0, 1], [2, 3, 4, 5, 6], r"y holds 0, 1 and y_synthetic 2, 3, 4, 5\."),
    ],
)
def test_sides_without_a_label_in_common_are_refused(y, y_synthetic, shown):
    with pytest.raises(ValueError, match=rf"share no label: {shown}"):
        Space(role="classes").fit(
            real_table(), np.resize(y, N_ROWS), synthetic_table(), np.resize(y_synthetic, 40)
        )  # fmt: skip


def test_one_label_in_common_is_enough_and_numbers_of_any_kind_are_equal():
    space = Space(role="classes")
    space.fit(real_table(), np.resize([1, 2], N_ROWS), synthetic_table(), np.resize([2.0, 3.0], 40))
    assert space.classes_.tolist() == [1, 2, 3]
    space.fit(real_table(), np.resize([False, True], N_ROWS), synthetic_table(), np.resize([0, 1], 40))
    assert space.classes_.tolist() == [0, 1]


def test_labels_of_text_and_others_are_refused():
    mixed = np.resize(np.array(["a", 1, None], dtype=object), 40)
    with pytest.raises(ValueError, match=r"target mixes text and other values, such as 'a', 1, None"):
        Space(role="classes").fit(real_table(), np.resize(mixed, N_ROWS), synthetic_table(), mixed)


def test_shares_of_classes_may_be_given_instead_of_a_target():
    space = Space(role="classes")
    space.fit(real_table(), np.resize(["a", "b"], N_ROWS), synthetic_table(), np.resize(["a", "b"], 40))
    shares = np.tile([0.3, 0.7], (40, 1))
    sample = space.read(synthetic_table(), membership=shares)
    assert sample.target is None
    assert np.array_equal(sample.membership, shares)
    assert sample.classes.tolist() == [1] * 40
    assert np.array_equal(space.valid_rows(sample, sample.vectors + 1).membership, shares)


@pytest.mark.parametrize("role", [None, "stays"])
def test_without_classes_all_rows_are_of_one(role):
    y = np.arange(float(N_ROWS))
    space = Space(role=role)
    real, synthetic = space.fit(real_table(), y, synthetic_table(), y[:40])
    assert space.n_classes_ == 1
    assert real.vectors.shape[1] == space.width_ == space.n_features_
    assert np.array_equal(synthetic.membership, np.ones((40, 1)))
    assert (real.target is None) if role is None else np.array_equal(real.target, y)


# ------------------------------------------------------------------------------------------------ scale
@pytest.mark.parametrize(("spread", "unit"), [(0.5, 1.0), (3.0, 1.0), (30.0, 1.0), (1000.0, 1e-6)])
def test_a_column_that_varies_far_more_among_synthetic_rows_is_damped(spread, unit):
    rng = np.random.RandomState(0)
    real_column, synthetic_column = rng.normal(size=50), rng.normal(size=70)
    real_column /= real_column.std()
    synthetic_column *= spread / synthetic_column.std()
    space = Space()
    real, synthetic = space.fit(real_column[:, None] * unit, None, synthetic_column[:, None] * unit, None)
    pooled = np.sqrt((1 + spread**2) / 2)
    expected = 1 / max(1, 0.25 * pooled)
    assert real.vectors.std() == pytest.approx(expected)
    assert synthetic.vectors.std() == pytest.approx(expected * spread)
    assert synthetic.vectors.std() < 4 * np.sqrt(2)
    assert np.array_equal(space.read(synthetic_column[:, None] * unit).vectors, synthetic.vectors)


def test_a_level_that_no_real_row_lacks_is_not_scaled():
    """The missing indicators of a column with gaps everywhere do not vary."""
    table = pd.DataFrame({"a": [1.0, 2.0, 4.5, 7.0], "b": [np.nan] * 4})
    space = Space()
    real, _ = space.fit(table, None, table.assign(b=1.0), None)
    assert np.isfinite(real.vectors).all()
    assert space.column_weights_.tolist() == [1.0, 1.0]


# ------------------------------------------------------------------------------------------------ samples
def test_some_rows_of_a_sample_keep_what_belongs_to_them():
    sample = Sample(np.arange(6.0).reshape(3, 2), -np.arange(3.0)[:, None], np.eye(3)[[2, 0, 1]], np.array([2, 0, 1]))
    part = sample[np.array([2, 0])]
    assert len(part) == 2
    assert part.codes.tolist() == [[4.0, 5.0], [0.0, 1.0]]
    assert part.vectors.tolist() == [[-2.0], [0.0]]
    assert part.target.tolist() == part.classes.tolist() == [1, 2]
    elsewhere = part.with_vectors(np.ones((2, 1)))
    assert elsewhere.vectors.tolist() == [[1.0], [1.0]]
    assert elsewhere.codes is part.codes
    assert part.vectors.tolist() == [[-2.0], [0.0]]
    assert Sample(part.codes, part.vectors, part.membership, None)[[0]].target is None
