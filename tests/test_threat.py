"""ThreatModel against NumPy, and what it hands out against a slow checker."""

import datetime
import pickle

import numpy as np
import pandas as pd
import polars as pl
import pytest
import torch
from _threat_data import UNITS, X, mixed_frame
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.utils.estimator_checks import parametrize_with_checks

from skgan_resample import ThreatModel


@parametrize_with_checks([ThreatModel()])
def test_scikit_learn_checks(estimator, check):
    check(estimator)


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("has_missing", [False, True])
def test_eps_is_resolved_in_its_unit(unit, has_missing):
    table = X.copy()
    if has_missing:
        table[::7, 1] = np.nan
    scale = np.array([UNITS[unit](column[~np.isnan(column)]) for column in table.T])
    cases = [
        (0.3, [0.3] * 3, [0.3] * 3),
        (2, [2] * 3, [2] * 3),
        ((0, 0.5), [0] * 3, [0.5] * 3),
        ([0.1, 0.2, 0.0], [0.1, 0.2, 0.0], [0.1, 0.2, 0.0]),
        (np.array([0.1, 0.2, 0.0]), [0.1, 0.2, 0.0], [0.1, 0.2, 0.0]),
        ([0.1, (0.2, 0.0), (1, 2)], [0.1, 0.2, 1], [0.1, 0.0, 2]),
        (np.array([[0, 1], [2, 3], [4, 5]]), [0, 2, 4], [1, 3, 5]),
        ({0: 0.4, -1: (0.1, 0.6)}, [0.4, 0, 0.1], [0.4, 0, 0.6]),
        ({}, [0] * 3, [0] * 3),
    ]
    for eps, left, right in cases:
        threat = ThreatModel(eps, unit=unit).fit(table)
        np.testing.assert_allclose(threat.left_, left * scale, rtol=1e-9, err_msg=str(eps))
        np.testing.assert_allclose(threat.right_, right * scale, rtol=1e-9, err_msg=str(eps))


def test_a_dict_names_the_columns_of_a_frame():
    frame = pd.DataFrame(X, columns=["a", "b", "c"])
    threat = ThreatModel({"b": (0, 3), "a": 2.0}, unit="raw").fit(frame)
    assert threat.left_.tolist() == [2.0, 0.0, 0.0]
    assert threat.right_.tolist() == [2.0, 3.0, 0.0]
    # A name comes before a position.
    threat = ThreatModel({0: 5.0}, unit="raw").fit(pd.DataFrame(X, columns=[2, 1, 0]))
    assert threat.left_.tolist() == [0.0, 0.0, 5.0]


def test_a_column_without_an_interquartile_range_uses_its_standard_deviation():
    column = np.r_[np.zeros(30), 1.0, 5.0]
    threat = ThreatModel(1.0, unit="iqr").fit(np.column_stack([column, np.arange(32.0)]))
    np.testing.assert_allclose(threat.right_, [column.std(), np.quantile(np.arange(32), 0.75) - 7.75])


@pytest.mark.parametrize("unit", UNITS)
def test_a_constant_or_empty_column_is_not_moved_unless_its_own_unit_says_so(unit):
    table = np.column_stack([np.full(10, 7.0), np.arange(10.0), np.full(10, np.nan)])
    threat = ThreatModel(0.5, unit=unit, bounds="train").fit(table)
    assert (threat.left_[0] == 0.5) if unit == "raw" else (threat.left_[0] == 0)
    assert np.isfinite(threat.left_).all()
    codes, encoder = table[:3], threat._encoder
    x = encoder.encode_codes(codes).astype(np.float32)
    landed = threat._land(encoder, codes, x, x + 1)
    np.testing.assert_array_equal(landed[:, [0, 2]], codes[:, [0, 2]])  # no network sees them
    frame = pd.DataFrame({"text": ["u"] * 4, "truth": [True] * 4, "number": [1.0, 2.0, 3.0, 4.0]})
    threat = ThreatModel(0.5, unit=unit).fit(frame)
    assert threat.left_[:2].tolist() == [0.0, 0.0]  # levels, though a single one
    assert threat.left_[2] > 0


@pytest.mark.parametrize(
    "immutable", [["b"], [1], [-2], [False, True, False], np.array(["b"]), np.array([1]), np.array([0, 1, 0], bool)]
)
def test_immutable_columns_stay(immutable):
    frame = pd.DataFrame(X, columns=["a", "b", "c"])
    threat = ThreatModel(1.0, unit="raw", immutable=immutable).fit(frame)
    assert threat.left_.tolist() == threat.right_.tolist() == [1.0, 0.0, 1.0]


def test_immutable_levels_and_groups_are_not_switched():
    frame = mixed_frame().assign(p=np.r_[[1.0] * 10, [0.0] * 20], q=np.r_[[0.0] * 10, [1.0] * 20])
    parts = {"onehot_groups": [["p", "q"]], "max_categorical_changes": 1, "unit": "raw"}
    free = ThreatModel(**parts).fit(frame)
    assert free.switchable_.tolist() == [name in ("city", "member", "colour") for name in frame.columns]
    assert [group.tolist() for group in free.groups_] == [[9, 10]]
    assert free.left_[9:].tolist() == [0.0, 0.0]  # switched, not moved
    assert len(free._budget(free._encoder).heads) == 4
    held = ThreatModel(**parts, immutable=["city", "q"]).fit(frame)
    assert held.switchable_.tolist() == [name in ("member", "colour") for name in frame.columns]
    assert held.groups_ == []  # a group moves as a whole or not at all
    assert held.left_[9:].tolist() == [0.0, 0.0]
    assert len(held._budget(held._encoder).heads) == 2


def test_bounds():
    frame = pd.DataFrame(X, columns=["a", "b", "c"])
    frame.iloc[0, 1] = np.nan
    inf = np.inf
    for bounds, low, high in [
        (None, [-inf] * 3, [inf] * 3),
        ("train", np.nanmin(frame, axis=0), np.nanmax(frame, axis=0)),
        ((0, 5), [0] * 3, [5] * 3),
        ((None, 5.0), [-inf] * 3, [5] * 3),
        ((0, None), [0] * 3, [inf] * 3),
        ({"b": (0, None), "c": [None, 7]}, [-inf, 0, -inf], [inf, inf, 7]),
    ]:
        threat = ThreatModel(bounds=bounds).fit(frame)
        assert threat.low_.tolist() == list(low), bounds
        assert threat.high_.tolist() == list(high), bounds


def test_integer_columns_move_in_whole_steps():
    frame = pd.DataFrame({"n": [1, 2, 3, 9], "f": [1.0, 2.0, 3.0, 9.0], "text": list("abca")})
    n, f = 0, 1
    for chosen, expected in [
        ("dtype", [n]),
        (None, []),
        (["f"], [n, f]),
        ([1], [n, f]),
        ([False, True, False], [n, f]),
    ]:
        threat = ThreatModel(2.7, unit="raw", integer_features=chosen, bounds=(0.5, 7.5)).fit(frame)
        assert np.flatnonzero(threat.integer_).tolist() == expected
        for j in (n, f):
            whole = j in expected
            assert threat.left_[j] == threat.right_[j] == (2.0 if whole else 2.7)
            assert (threat.low_[j], threat.high_[j]) == ((1.0, 7.0) if whole else (0.5, 7.5))
    assert ThreatModel(0.9, unit="raw").fit(frame).left_.tolist() == [0.0, 0.9, 0.0]
    assert ThreatModel(3.0, unit="raw").fit(frame).left_[n] == 3.0
    assert 0.29 * 100 < 29  # in floats, but not in what was meant
    assert ThreatModel(0.29, unit="range").fit(pd.DataFrame({"n": [0, 100]})).left_[0] == 29.0
    assert ThreatModel(1.0, unit="raw", integer_features=["text"]).fit(frame).left_.tolist() == [1.0, 1.0, 0.0]


def test_numbers_that_are_called_levels_are_switched():
    frame = pd.DataFrame({"code": [1, 2, 3, 1], "size": [1.0, 2.0, 3.5, 4.0]})
    threat = ThreatModel(1.0, unit="raw", categorical_features=["code"]).fit(frame)
    assert threat.switchable_.tolist() == [True, False]
    assert threat.left_.tolist() == [0.0, 1.0]


def test_rows_of_attackable_classes_alone_have_a_factor():
    y = np.array(["fraud", "fine", "fraud"], dtype=object)
    for chosen, expected in [
        (None, [1, 1, 1]),
        (["fraud"], [1, 0, 1]),
        (["fine", "fraud"], [1, 1, 1]),
        (["x"], [0] * 3),
    ]:
        factor = ThreatModel(attackable_classes=chosen)._factor(y)
        assert factor.shape == (3, 1)
        assert factor[:, 0].tolist() == expected
    assert ThreatModel(attackable_classes=[1])._factor(pd.Series([0, 1, 1]))[:, 0].tolist() == [0, 1, 1]
    assert ThreatModel(attackable_classes=["fraud"])._factor(None).tolist() == [[1.0]]


def test_explain_says_it_in_a_sentence():
    frame = pd.DataFrame(
        {"a": [0.5, 1.0, 2.5], "n": [1, 5, 9], "k": [1, 2, 3], "text": list("abc"), "flag": [1.0, 0, 0]}
    )
    for parts, sentence in [
        (
            {},
            "linf, eps 0.1 std: 2 of 5 columns can be moved, none switched; "
            "2 others not, whose steps are larger than their budget",
        ),
        (
            {"eps": (0, 2), "unit": "raw", "norm": "l2", "immutable": ["k"], "bounds": {"a": (0, None)}},
            "l2, eps by column or direction, in raw: 3 of 5 columns can be moved, none switched; within bounds; "
            "1 of these columns in whole steps",
        ),
        (
            {"immutable": ["flag"], "max_categorical_changes": 1, "attackable_classes": ["fraud", 3]},
            "linf, eps 0.1 std: 1 of 5 columns can be moved, 1 of 1 columns of levels switched; "
            "2 others not, whose steps are larger than their budget; only rows of class fraud, 3",
        ),
        (
            {"eps": 0, "max_categorical_changes": 2, "immutable": ["text"]},
            "linf, eps 0 std: 0 of 5 columns can be moved, none switched",
        ),
    ]:
        assert ThreatModel(**parts).fit(frame).explain() == sentence
    with pytest.raises(NotFittedError):
        ThreatModel().explain()


# --------------------------------------------------------------------------------------------------------- an estimator
PARTS = {
    "eps": {"a": (0, 1)},
    "unit": "raw",
    "norm": "l2",
    "immutable": ["b"],
    "bounds": (None, 9.0),
    "integer_features": None,
    "categorical_features": ["c"],
    "onehot_groups": None,
    "max_categorical_changes": 1,
    "attackable_classes": [1],
}


def test_parameters_make_the_round_trip_and_fit_leaves_them_alone():
    threat = ThreatModel(**PARTS)
    assert threat.get_params() == PARTS
    assert clone(threat).get_params() == PARTS
    assert ThreatModel().set_params(**PARTS).get_params() == PARTS
    threat.fit(pd.DataFrame(X, columns=["a", "b", "c"]))
    assert threat.get_params() == PARTS
    assert threat.n_features_in_ == 3
    assert threat.feature_names_in_.tolist() == ["a", "b", "c"]


def test_a_fitted_one_survives_pickling():
    threat = ThreatModel(0.5, max_categorical_changes=1, bounds="train").fit(mixed_frame())
    again = pickle.loads(pickle.dumps(threat))
    assert again.explain() == threat.explain()
    np.testing.assert_array_equal(again.left_, threat.left_)
    assert torch.equal(again._budget(again._encoder).left, threat._budget(threat._encoder).left)
    fresh = ThreatModel(2.0, unit="raw")._resolved_like(again)
    assert fresh.left_[0] == 2.0


def test_every_container_says_the_same():
    columns = {"a": X[:, 0].tolist(), "n": list(range(40)), "text": ["u", "v"] * 20}
    pandas, polars = pd.DataFrame(columns), pl.DataFrame(columns)
    objects = np.array(pandas, dtype=object)
    fitted = [
        ThreatModel(0.5, max_categorical_changes=1, bounds="train").fit(table) for table in (pandas, polars, objects)
    ]
    for threat in fitted[1:]:
        for name in ("left_", "right_", "low_", "high_", "integer_", "switchable_"):
            np.testing.assert_allclose(getattr(threat, name), getattr(fitted[0], name), err_msg=name)
    assert fitted[0].integer_.tolist() == [False, True, False]
    assert not ThreatModel().fit(X.astype(np.float32)).integer_.any()
    assert ThreatModel().fit(X.astype(int)).integer_.all()
    assert ThreatModel().fit(X.tolist()).left_.tolist() == ThreatModel().fit(X).left_.tolist()


def test_resolving_on_the_columns_of_another_is_fitting_to_its_rows():
    frame = mixed_frame()
    fitted = ThreatModel().fit(frame)
    for parts in ({"eps": 0.3, "unit": "iqr"}, {"eps": {"age": 2}, "unit": "range", "bounds": "train"}):
        found, expected = ThreatModel(**parts)._resolved_like(fitted), ThreatModel(**parts).fit(frame)
        for name in ("left_", "right_", "low_", "high_", "integer_", "switchable_"):
            np.testing.assert_array_equal(getattr(found, name), getattr(expected, name), err_msg=name)
    assert not hasattr(ThreatModel(), "left_")
    own = ThreatModel(2.0).fit(frame)
    assert own._resolved_like(fitted) is own
    with pytest.raises(ValueError, match="was fitted to 3 columns, the table has 9"):
        ThreatModel().fit(X)._resolved_like(fitted)
    with pytest.raises(ValueError, match="'unit' parameter"):
        ThreatModel(unit="foot")._resolved_like(fitted)


@pytest.mark.parametrize(
    ("parts", "sentence"),
    [
        ({"eps": -0.1}, "'eps' parameter"),
        ({"eps": np.inf}, "'eps' parameter"),
        ({"eps": np.nan}, "'eps' parameter"),
        ({"eps": "much"}, "'eps' parameter"),
        ({"eps": None}, "'eps' parameter"),
        ({"eps": [1, 2]}, "eps has 2 entries for 3 columns"),
        ({"eps": (1, 2, 3, 4)}, "eps has 4 entries for 3 columns"),
        ({"eps": [1, -1, 1]}, "eps must be finite and at least 0"),
        ({"eps": (-1, 1)}, "eps must be finite and at least 0"),
        ({"eps": {"a": np.inf}}, "eps must be finite and at least 0"),
        ({"eps": [1, np.nan, 1]}, "eps must be finite and at least 0"),
        ({"eps": [1, (1, 2, 3), 1]}, r"eps of column 'b' must be a number or a pair \(down, up\), got \(1, 2, 3\)"),
        ({"eps": [1, None, 1]}, "eps of column 'b' must be a number or a pair .* got None"),
        ({"eps": [1, "x", 1]}, "eps of column 'b' must be a number or a pair .* got 'x'"),
        ({"eps": {"z": 1}}, "eps names 'z', which is no column of the table: .*'a', 'b', 'c'"),
        ({"eps": {3: 1}}, "eps names 3, which is no column"),
        ({"unit": "mad"}, "'unit' parameter"),
        ({"norm": "l1"}, "'norm' parameter"),
        ({"immutable": ["z"]}, "immutable names 'z', which is no column"),
        ({"immutable": [3]}, "immutable names 3, which is no column"),
        ({"immutable": [0.5]}, "immutable names 0.5, which is no column"),
        ({"immutable": [[0, 1]]}, r"immutable names \[0, 1\], which is no column"),
        ({"immutable": [True, False]}, "immutable is a mask of 2 entries for 3 columns"),
        ({"immutable": "a"}, "'immutable' parameter"),
        ({"integer_features": "a"}, "'integer_features' parameter"),
        ({"integer_features": ["z"]}, "integer_features names 'z', which is no column"),
        ({"categorical_features": ["z"]}, "categorical_features names 'z', which is no column"),
        ({"bounds": (2, 1)}, "the lower bound of column 'a' is above the upper one"),
        ({"bounds": {"b": (2, 1)}}, "the lower bound of column 'b' is above the upper one"),
        ({"bounds": {"z": (1, 2)}}, "bounds names 'z', which is no column"),
        ({"bounds": {"b": 5}}, r"bounds must be a pair \(low, high\) of numbers, or None for no bound, got 5"),
        ({"bounds": (1, 2, 3)}, r"bounds must be a pair \(low, high\)"),
        ({"bounds": ("x", 2)}, r"bounds must be a pair \(low, high\) of numbers"),
        ({"bounds": "test"}, "'bounds' parameter"),
        ({"onehot_groups": ["a", "b"]}, "a group of onehot_groups must be a list of columns, got 'a'"),
        ({"onehot_groups": [0, 1]}, "a group of onehot_groups must be a list of columns, got 0"),
        ({"onehot_groups": [["a"]]}, r"onehot_groups: \['a'\] must be two or more numeric columns"),
        ({"onehot_groups": [["a", "a"]]}, "onehot_groups: .* each once, in no other group"),
        ({"onehot_groups": [["a", "b"], ["b", "c"]]}, r"onehot_groups: \['b', 'c'\] must be two or more"),
        ({"onehot_groups": [["a", "b"]], "categorical_features": ["b"]}, "must be two or more numeric columns"),
        ({"onehot_groups": [["a", "z"]]}, "a group of onehot_groups names 'z', which is no column"),
        ({"max_categorical_changes": -1}, "'max_categorical_changes' parameter"),
        ({"max_categorical_changes": 0.5}, "'max_categorical_changes' parameter"),
        ({"attackable_classes": "fraud"}, "'attackable_classes' parameter"),
    ],
)
def test_each_mistake_has_its_sentence(parts, sentence):
    with pytest.raises(ValueError, match=sentence):
        ThreatModel(**parts).fit(pd.DataFrame(X, columns=["a", "b", "c"]))


def test_a_single_column_is_no_table():
    with pytest.raises(ValueError, match="Expected 2D array, got 1D array instead"):
        ThreatModel().fit(X[:, 0])
    with pytest.raises(ValueError, match="contains infinity"):
        ThreatModel().fit(np.array([[1.0], [np.inf]]))


def test_a_group_is_a_head_of_the_levels_that_were_seen():
    table = np.zeros((12, 5))
    table[:, 0] = np.arange(12)
    table[np.arange(12), [1] * 3 + [3] * 9] = 1.0  # the level of column 2 does not occur
    table[:, 4] = np.tile([0.0, 1.0], 6)
    threat = ThreatModel(onehot_groups=[[1, 2, 3]], max_categorical_changes=1).fit(table)
    encoder = threat._encoder
    (head,) = threat._budget(encoder).heads
    x = torch.tensor(encoder.encode_codes(table), dtype=torch.float32)
    level, has_one = head.level(x)
    assert has_one.all()
    assert level.tolist() == [0] * 3 + [1] * 9
    switched = threat._budget(encoder).with_levels(x, torch.ones(12, 1, dtype=torch.bool), [1 - level])
    landed = threat._land(encoder, table, x.numpy(), switched.numpy())
    expected = table.copy()
    expected[:, [1, 3]] = 1 - table[:, [1, 3]]
    np.testing.assert_array_equal(landed, expected)


def test_switched_levels_land_as_levels_and_others_stay():
    frame = mixed_frame()
    threat = ThreatModel(0.0, max_categorical_changes=3).fit(frame)
    encoder = threat._encoder
    codes = encoder.to_codes(frame)
    x = encoder.encode_codes(codes).astype(np.float32)
    budget, moved, expected = threat._budget(encoder), torch.tensor(x), codes.copy()
    for g, name in enumerate(("city", "member", "colour")):
        level, has_one = budget.heads[g].level(moved)
        j = list(frame.columns).index(name)
        np.testing.assert_array_equal(has_one.numpy(), ~np.isnan(codes[:, j]))
        goal = (level + 1) % len(budget.heads[g].columns)
        wanted = torch.zeros(len(x), 3, dtype=torch.bool)
        wanted[:, g] = has_one & (torch.arange(len(x)) % (g + 2) == 0)
        moved = budget.with_levels(moved, wanted, [goal if h == g else torch.zeros_like(goal) for h in range(3)])
        expected[wanted[:, g].numpy(), j] = goal[wanted[:, g]].numpy()
    landed = threat._land(encoder, codes, x, moved.numpy())
    np.testing.assert_array_equal(landed, expected)
    assert (landed != codes).any(axis=0)[[3, 4, 8]].all()


# -------------------------------------------------------------------------------------------------------------- landing
def wrong_cells(old, new, threat, factor, whole):
    """What is wrong with landed codes of numbers, by plain loops in double precision."""
    found = []
    for i in range(len(old)):
        length, slack = 0.0, 1e-9
        for j in range(old.shape[1]):
            a, b, f = old[i, j], new[i, j], factor[i, 0]
            if np.isnan(a):
                if not np.isnan(b):
                    found.append(f"{i}, {j} was missing")
                continue
            down, up = f * threat.left_[j], f * threat.right_[j]
            if threat.integer_[j] and threat.norm == "linf":  # of a ball, several columns use a part each
                down, up = np.floor(down + 1e-9), np.floor(up + 1e-9)
            move, ulp = b - a, 2 * np.spacing(max(abs(a), abs(b)))
            if not -down - ulp <= move <= up + ulp:
                found.append(f"{i}, {j} moved by {move!r}, allowed {-down!r} to {up!r}")
            if not min(threat.low_[j], a) <= b <= max(threat.high_[j], a):
                found.append(f"{i}, {j} left its bounds: {b!r}")
            if (threat.integer_[j] or (whole[j] and a == round(a))) and abs(move - round(move)) > ulp:
                found.append(f"{i}, {j} moved by a fraction: {move!r}")
            reach = up if move > 0 else down
            if reach > 0:
                length += (move / reach) ** 2
                slack += 3 * ulp / reach  # a float of this size cannot say it more exactly
        if threat.norm == "l2" and length > 1 + slack:
            found.append(f"row {i} has a squared length of {length!r}")
    return found


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 10**6), st.sampled_from(["linf", "l2"]), st.booleans(), st.sampled_from([0.0, 1e6]))
def test_landed_rows_are_allowed_to_the_last_digit(seed, norm, bounded, offset):
    rng = np.random.RandomState(seed)
    n = 15
    columns = {
        "f": rng.normal(size=n) * rng.choice([1e-3, 1.0, 1e3]) + offset,
        "g": np.where(rng.uniform(size=n) < 0.2, np.nan, rng.exponential(size=n)),
        "i": rng.randint(-20, 20, n) + int(offset),
        "k": rng.randint(0, 10**5, n),
        "h": np.round(rng.normal(scale=10, size=n)) + 0.5 * (rng.uniform(size=n) < 0.3),
    }
    frame = pd.DataFrame(columns)
    eps = {name: tuple(rng.choice([0.0, 0.3, 1.0, 2.5], size=2)) for name in columns}
    bounds = None
    if bounded:  # some rows are outside, some bounds fall between two whole numbers
        bounds = {name: tuple(np.nanquantile(frame[name], [0.2, 0.85])) for name in columns}
    integer_features = [None, "dtype", ["h"]][rng.randint(3)]
    threat = ThreatModel(eps, norm=norm, bounds=bounds, integer_features=integer_features).fit(frame)
    encoder = threat._encoder
    codes = encoder.to_codes(frame)
    x = encoder.encode_codes(codes).astype(np.float32)
    budget = threat._budget(encoder)
    factor = rng.choice([0.0, 0.7, 1.0, 2.0], size=(n, 1))
    # A row that the search made, and one that is out of the budget a little.
    u = torch.tensor(rng.normal(scale=3, size=x.shape), dtype=torch.float32)
    rows, factors = torch.tensor(x), torch.tensor(factor, dtype=torch.float32)
    moved = budget.place(rows, budget.project(u), budget.reach(rows, factors))[0].numpy()
    moved = np.where(moved != x, moved + rng.normal(scale=1e-6, size=x.shape), x).astype(np.float32)
    whole = np.array([False, False, True, True, bool(rng.randint(2))])
    landed = threat._land(encoder, codes, x, moved, whole=whole, factor=factor)
    assert wrong_cells(codes, landed, threat, factor, whole) == []
    at = [column.encoded.start for column in encoder.columns_]
    untouched = (moved == x)[:, at] | np.isnan(codes)
    np.testing.assert_array_equal(landed[untouched], codes[untouched])
    np.testing.assert_array_equal(landed[factor[:, 0] == 0], codes[factor[:, 0] == 0])
    # It does not throw the attack away either: within rounding, continuous columns are where the search put them.
    if norm == "linf":
        j = 0
        goal = codes[:, j] + (moved[:, at[j]].astype(float) - x[:, at[j]]) * encoder.scaling[1][j]
        np.testing.assert_allclose(landed[:, j], goal, rtol=0, atol=1e-4 * encoder.scaling[1][j])


def landed_by(threat, codes, move, **parts):
    """Land rows whose numbers were moved by so much, in their own units."""
    encoder = threat._encoder
    x = encoder.encode_codes(codes).astype(np.float32)
    return threat._land(encoder, codes, x, x + (move / encoder.scaling[1]).astype(np.float32), **parts)


def test_what_was_not_moved_keeps_every_bit():
    codes = np.array([[-0.0, 1 / 3], [1e30, np.nan], [5e-324, 0.1]])
    threat = ThreatModel(1.0, unit="raw", bounds=(0.0, 1.0), norm="l2").fit(np.array([[0.0, 1.0], [2.0, 3.5]]))
    landed = landed_by(threat, codes, np.zeros((3, 2)))
    assert landed.tobytes() == codes.tobytes()
    assert landed is not codes


@pytest.mark.parametrize("norm", ["linf", "l2"])
def test_landing_rounds_away_what_the_network_could_not_hold(norm):
    frame = pd.DataFrame({"n": [0, 700, 1000, 300]})
    threat = ThreatModel(3, unit="raw", norm=norm).fit(frame)
    codes = frame.to_numpy(dtype=float)
    for noise in (-2e-4, 0.0, 2e-4):
        assert (landed_by(threat, codes, np.full((4, 1), 3 + noise)) == codes + 3).all()
        assert (landed_by(threat, codes, np.full((4, 1), -3 + noise)) == codes - 3).all()
    # Without whole steps in the threat model, a column that cannot hold fractions goes back towards where it was.
    threat = ThreatModel(3, unit="raw", norm=norm, integer_features=None).fit(frame)
    for move, expected in [(2.9, 2), (-2.9, -2), (2.99999, 3), (0.4, 0), (-3.0, -3)]:
        landed = landed_by(threat, codes, np.full((4, 1), float(move)), whole=True)
        assert (landed == codes + expected).all(), move


def test_whole_steps_on_the_edge_of_a_ball_are_kept():
    frame = pd.DataFrame({"n": [0, 5, 10], "m": [3, 0, 6], "f": [0.5, 1.0, 2.5]})
    threat = ThreatModel([5, 13, 1.0], unit="raw", norm="l2").fit(frame)
    codes = frame.to_numpy(dtype=float)
    # A fraction that rounding put on top of whole steps which fill the ball is what gives way.
    landed = landed_by(threat, codes, np.tile([5.0, 0.0, 0.01], (3, 1)))
    np.testing.assert_array_equal(landed - codes, np.tile([5.0, 0.0, 0.0], (3, 1)))
    landed = landed_by(
        ThreatModel([5, 5, 0], unit="raw", norm="l2").fit(frame), codes, np.tile([3.0, 4.0, 0.0], (3, 1))
    )
    np.testing.assert_array_equal(landed - codes, np.tile([3.0, 4.0, 0.0], (3, 1)))
    landed = landed_by(threat, codes, np.tile([3.0, 0.0, 0.9], (3, 1)))
    np.testing.assert_allclose(landed - codes, np.tile([3.0, 0.0, 0.8], (3, 1)), atol=1e-12)


def test_whole_numbers_stay_whole_at_a_bound_between_two():
    frame = pd.DataFrame({"n": [0, 5, 10]})
    threat = ThreatModel(6, unit="raw", integer_features=None, bounds=(-0.5, 7.5)).fit(frame)
    codes = frame.to_numpy(dtype=float)
    assert landed_by(threat, codes, np.full((3, 1), 6.0), whole=True)[:, 0].tolist() == [6.0, 7.0, 10.0]
    assert landed_by(threat, codes, np.full((3, 1), -6.0), whole=True)[:, 0].tolist() == [0.0, 0.0, 4.0]
    assert landed_by(threat, codes, np.full((3, 1), 6.0))[:, 0].tolist() == [6.0, 7.5, 10.0]
    # A fractional number in a column of whole steps keeps its fraction.
    threat = ThreatModel(6, unit="raw", integer_features=[0], bounds=(0, 7.5)).fit(np.array([[0.0], [2.5], [9.0]]))
    assert landed_by(threat, np.array([[2.5]]), np.array([[6.0]]))[0, 0] == 6.5


def test_dates_move_in_whole_steps_of_what_was_seen():
    days = [datetime.datetime(2024, 1, 1) + datetime.timedelta(days=7 * k) for k in (0, 3, 10, 4)]
    threat = ThreatModel(2.5, unit="raw").fit(pd.DataFrame({"day": days, "x": [0.0, 1.0, 2.5, 3.0]}))
    assert threat.left_.tolist() == [2.0, 2.5]
    codes = threat._encoder.to_codes(pd.DataFrame({"day": days, "x": [0.0, 1.0, 2.5, 3.0]}))
    landed = landed_by(threat, codes, np.tile([2.0, 0.0], (4, 1)))
    back = threat._encoder.from_codes(landed)
    assert [b - a for a, b in zip(days, back["day"])] == [datetime.timedelta(days=14)] * 4


def test_a_fitted_threat_model_keeps_its_dates_on_the_clock_of_another():
    """Twelve days of a table with daily rows are twelve days in one with weekly rows: one whole week and no more."""
    days = pd.DataFrame({"day": pd.date_range("2026-01-01", periods=60, freq="D"), "x": np.arange(60.0)})
    weeks = days.iloc[6::7]
    yardstick = ThreatModel([12, 1.5], unit="raw", bounds="train").fit(days)
    moved = yardstick._resolved_like(ThreatModel().fit(weeks))
    assert moved.left_.tolist() == [1.0, 1.5]
    assert moved.low_.tolist() == [0.0, 0.0]  # the first of the weeks; the six days before it are no whole step
    assert moved.high_.tolist() == [7.0, 59.0]
    assert yardstick.left_.tolist() == [12.0, 1.5]
