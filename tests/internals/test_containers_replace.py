"""replace_rows: a copy of any table in which some rows are others, and all the rest is as it was."""

import datetime

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from skgan_resample._tables._containers import replace_rows
from skgan_resample._tables._encoder import TableEncoder

ROWS = np.array([3, 1])  # not in order: row 3 becomes the first of the new ones
NONE = np.array([], dtype=int)


def frame(index=None):
    """Five rows of every kind of column."""
    return pd.DataFrame(
        {
            "float": [0.1, -0.0, np.nan, 1 / 3, 5e299],
            "small": np.array([1, 2, 3, 4, 5], dtype=np.int8),
            "nullable": pd.array([1, None, 3, 4, 2**60], dtype="Int64"),
            "flag": [True, False, True, False, True],
            "level": pd.Categorical(list("abcab"), categories=list("zcba"), ordered=True),
            "text": ["x", None, "z", "x", "y"],
            "day": pd.to_datetime(["2020-01-01", "2021-05-05", "2022-02-02", "2023-03-03", "2024-04-04"]),
            "moment": pd.to_datetime(["2020-01-01 12:00"] * 5, utc=True).tz_convert("Europe/Berlin"),
            "nothing": np.full(5, np.nan),
        },
        index=index,
    )


def built(table, rows):
    """Return rows of a table in the way in which the package makes new ones."""
    encoder = TableEncoder()
    codes = encoder.fit_to_codes(table)
    return encoder.from_codes(codes[rows])


INDEXES = {
    "range": None,
    "shuffled": [9, 4, 7, 1, 3],
    "strings": list("pqrst"),
    "repeated": [1, 1, 2, 2, 1],
    "dates": pd.date_range("2024-01-01", periods=5, name="when"),
    "levels": pd.MultiIndex.from_product([["u"], range(5)], names=["a", "b"]),
}


@pytest.mark.parametrize("name", INDEXES)
def test_a_pandas_frame_keeps_its_index_its_types_and_the_other_rows(name):
    X = frame(INDEXES[name])
    before = X.copy(deep=True)
    replaced = replace_rows(X, ROWS, built(X, np.array([0, 4])))
    expected = X.iloc[[0, 4, 2, 0, 4]].set_axis(X.index)
    pd.testing.assert_frame_equal(replaced, expected, check_exact=True)
    assert np.signbit(replace_rows(X, ROWS[:1], built(X, np.array([4])))["float"].iloc[1])
    pd.testing.assert_frame_equal(X, before)


@pytest.mark.parametrize("rows", [ROWS, NONE], ids=["some", "none"])
@pytest.mark.parametrize("name", ["float", "nullable", "level", "text", "day"])
def test_a_pandas_series_keeps_its_name_and_its_index(name, rows):
    y = frame(INDEXES["shuffled"])[name]
    replaced = replace_rows(y, rows, built(y, np.array([0, 4])) if len(rows) else None)
    expected = y.iloc[[0, 4, 2, 0, 4]].set_axis(y.index) if len(rows) else y
    pd.testing.assert_series_equal(replaced, expected, check_exact=True)
    assert replaced is not y


def test_columns_need_not_be_named_by_strings():
    X = pd.DataFrame(np.arange(6.0).reshape(3, 2), columns=[5, 2], index=[2, 1, 0])
    replaced = replace_rows(X, np.array([1]), built(X, np.array([0])))
    assert replaced.columns.equals(X.columns)
    assert replaced.to_numpy().tolist() == [[0, 1], [0, 1], [4, 5]]


@pytest.mark.parametrize("rows", [ROWS, NONE], ids=["some", "none"])
def test_sparse_columns_stay_sparse(rows):
    X = pd.DataFrame({"a": pd.arrays.SparseArray([0.0, 1, 0, 2, 0]), "b": np.arange(5.0)}, index=list("vwxyz"))
    replaced = replace_rows(X, rows, built(X, np.array([3, 0])) if len(rows) else None)
    assert replaced.dtypes.equals(X.dtypes)
    assert replaced.index.equals(X.index)
    assert replaced["a"].tolist() == ([0, 0, 0, 2, 0] if len(rows) else [0, 1, 0, 2, 0])


def polars_frame():
    return pl.DataFrame(
        {
            "float": [0.1, -0.0, None, 1 / 3, 5e299],
            "small": pl.Series([1, 2, None, 4, 5], dtype=pl.Int8),
            "flag": [True, None, True, False, True],
            "level": pl.Series(list("abcab"), dtype=pl.Enum(list("zcba"))),
            "day": [datetime.date(2020, 1, day) for day in range(1, 6)],
        }
    )


def test_a_polars_frame_keeps_its_types_and_the_other_rows():
    X = polars_frame()
    replaced = replace_rows(X, ROWS, built(X, np.array([0, 4])))
    assert replaced.schema == X.schema
    assert replaced.equals(X[[0, 4, 2, 0, 4]])
    same = replace_rows(X, NONE, None)
    assert same.equals(X)
    assert same is not X


@pytest.mark.parametrize("rows", [ROWS, NONE], ids=["some", "none"])
def test_a_polars_series_stays_one(rows):
    y = pl.Series("y", [1.0, 2, 3, 4, 5])
    replaced = replace_rows(y, rows, built(y, np.array([0, 4])) if len(rows) else None)
    assert replaced.equals(y[[0, 4, 2, 0, 4]] if len(rows) else y)
    assert replaced.name == "y"


@pytest.mark.parametrize("rows", [ROWS, NONE], ids=["some", "none"])
def test_a_pyarrow_table_keeps_its_schema_and_the_other_rows(rows):
    X = pa.table({"a": pa.array([1, 2, None, 4, 5], pa.int16()), "b": ["u", "v", "w", "u", "v"]})
    replaced = replace_rows(X, rows, built(X, np.array([0, 4])) if len(rows) else None)
    assert replaced.schema == X.schema
    assert replaced.to_pylist() == [X.to_pylist()[row] for row in ([0, 4, 2, 0, 4] if len(rows) else range(5))]


@pytest.mark.parametrize("rows", [ROWS, NONE], ids=["some", "none"])
@pytest.mark.parametrize("make", [pa.array, lambda values: pa.chunked_array([values[:2], values[2:]])])
def test_a_pyarrow_column_stays_one(make, rows):
    y = make([1.0, 2.0, 3.0, 4.0, 5.0])
    new = pa.chunked_array([[1.0, 5.0]])
    replaced = replace_rows(y, rows, new if len(rows) else None)
    assert replaced.to_pylist() == ([1, 5, 3, 1, 5] if len(rows) else [1, 2, 3, 4, 5])
    assert isinstance(replaced, pa.ChunkedArray | pa.Array)


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.int32, np.uint8, bool, object, "U3"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_an_array_keeps_its_data_type(dtype, order):
    X = np.array([[0, 1], [1, 0], [1, 1], [0, 0], [0, 1]]).astype(dtype, order=order)
    before = X.copy()
    replaced = replace_rows(X, ROWS, X[[0, 4]])
    assert replaced.dtype == X.dtype
    assert np.array_equal(replaced, X[[0, 4, 2, 0, 4]])
    assert np.array_equal(X, before)
    same = replace_rows(X, NONE, None)
    assert np.array_equal(same, X)
    assert not np.shares_memory(same, X)


def test_bits_of_an_array_are_kept():
    payload = np.array([0x7FF8000000000123], dtype=np.uint64).view(float)[0]  # a NaN that says something
    X = np.array([[payload, -0.0], [1.0, 2.0], [5e-324, np.inf]])
    replaced = replace_rows(X, np.array([1]), np.array([[3.0, 4.0]]))
    assert replaced[[0, 2]].tobytes() == X[[0, 2]].tobytes()
    assert replaced[1].tolist() == [3, 4]


def test_a_read_only_array_is_copied_not_written_to():
    X = np.arange(6.0).reshape(3, 2)
    X.setflags(write=False)
    assert replace_rows(X, np.array([2]), X[:1]).tolist() == [[0, 1], [2, 3], [0, 1]]


def test_a_flat_target_is_replaced_too():
    assert replace_rows(np.array([1, 2, 3]), np.array([0]), np.array([7])).tolist() == [7, 2, 3]
    assert list(replace_rows([1, 2, 3], np.array([0]), [7])) == [7, 2, 3]


def test_text_of_a_list_is_not_cut_off():
    assert list(replace_rows(["a", "b"], np.array([0]), ["long"])) == ["long", "b"]


@pytest.mark.parametrize("nest", [list, tuple])
def test_lists_stay_lists(nest):
    X = nest([[1.5, 2], [3, 4], [5, 6]])
    assert replace_rows(X, np.array([1]), [[9, 8]]) == [[1.5, 2], [9, 8], [5, 6]]


def test_lists_of_numbers_and_text_keep_their_numbers():
    X = [[1.5, "a"], [2.5, "b"], [3.5, "a"]]
    assert replace_rows(X, np.array([1]), [[9.5, "a"]]) == [[1.5, "a"], [9.5, "a"], [3.5, "a"]]


def test_text_of_an_array_is_not_cut_off():
    X = np.array([["a"], ["b"]], dtype=object)
    assert replace_rows(X, np.array([1]), np.array([["longer"]], dtype=object)).tolist() == [["a"], ["longer"]]
