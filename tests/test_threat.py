"""ThreatModel: budgets, bounds and switches of each column against NumPy, sentences, containers."""

import pickle

import numpy as np
import pandas as pd
import polars as pl
import pytest
from _threat_data import UNITS, X, mixed_frame
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.utils.estimator_checks import parametrize_with_checks

from skgan_resample import ThreatModel


@parametrize_with_checks([ThreatModel()])
@pytest.mark.slow
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
    frame = pd.DataFrame({"text": ["u"] * 4, "truth": [True] * 4, "number": [1.0, 2.0, 3.0, 4.0]})
    threat = ThreatModel(0.5, unit=unit).fit(frame)
    assert threat.left_[:2].tolist() == [0.0, 0.0]  # categories, though a single one
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
    held = ThreatModel(**parts, immutable=["city", "q"]).fit(frame)
    assert held.switchable_.tolist() == [name in ("member", "colour") for name in frame.columns]
    assert held.groups_ == []  # a group moves as a whole or not at all
    assert held.left_[9:].tolist() == [0.0, 0.0]


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
            "linf, eps 0.1 std: 1 of 5 columns can be moved, 1 of 1 categorical columns switched; "
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
    frame = mixed_frame()
    np.testing.assert_array_equal(again.encoder_.to_codes(frame), threat.encoder_.to_codes(frame))


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


@pytest.mark.parametrize("mistake", [{"bounds": {"b": (2, 1)}}, {"eps": [1, 2]}, {"onehot_groups": [["a"]]}])
def test_a_fit_that_fails_leaves_the_old_fit_or_none(mistake):
    threat, fresh = ThreatModel(0.5, unit="raw").fit(X[:, :2]), ThreatModel()
    before = threat.explain()
    for one in (threat, fresh):
        with pytest.raises(ValueError, match=r"bounds|eps|onehot_groups"):
            one.set_params(**mistake).fit(pd.DataFrame(X, columns=["a", "b", "c"]))
    assert threat.set_params(bounds=None, eps=0.5, onehot_groups=None).explain() == before
    assert threat.n_features_in_ == 2
    assert len(threat.left_) == 2
    assert not hasattr(fresh, "n_features_in_")


def test_a_single_column_is_no_table():
    with pytest.raises(ValueError, match="Expected 2D array, got 1D array instead"):
        ThreatModel().fit(X[:, 0])
    with pytest.raises(ValueError, match="contains infinity"):
        ThreatModel().fit(np.array([[1.0], [np.inf]]))
