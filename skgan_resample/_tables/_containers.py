"""Containers of tables: how the columns of any of them are read, and how such a table is built again.

A *door* reads: `_ArrayDoor` NumPy arrays and lists; `_FrameDoor` pandas, polars and pyarrow, through narwhals. Its
`exit()` builds a table of the same container and data types from new columns, and needs no rows for it.
"""

from dataclasses import dataclass
from decimal import Decimal
from numbers import Integral, Number, Real

import narwhals.stable.v2 as nw
import numpy as np
from scipy import sparse
from sklearn.utils import _safe_indexing
from sklearn.utils.validation import check_array


def open_table(X):
    """Return the door for `X`: how its columns are read and, through `exit()`, how such a table is built again."""
    if isinstance(X, _ArrayDoor | _FrameDoor):
        return X
    if sparse.issparse(X):
        raise TypeError("Sparse input is not supported: X is a sparse matrix or array. Pass a dense one, X.toarray().")
    if isinstance(X, np.ma.MaskedArray):
        raise TypeError("A masked array is not supported; fill it with NaN, X.filled(np.nan).")
    if hasattr(X, "collect"):
        raise TypeError("A lazy frame is not supported; call X.collect() first.")
    if isinstance(X, np.ndarray | list | tuple):
        return _ArrayDoor(X)
    _refuse_duplicates(X)
    native = nw.from_native(_prepared(X), pass_through=True, eager_only=True, allow_series=True)
    if isinstance(native, nw.DataFrame | nw.Series):
        return _FrameDoor(native)
    return _ArrayDoor(X)


def table_reader(X):
    """Return the reader of a table; refuse a single column in scikit-learn's words."""
    reader = open_table(X)
    if reader.is_flat:
        raise ValueError(
            "Expected 2D array, got 1D array instead. Reshape your data: X.reshape(-1, 1) makes a table of a single "
            "column, X.reshape(1, -1) of a single row."
        )
    return reader


def take_rows(X, rows):
    """Return the rows at these positions, in a container like `X`."""
    native = nw.from_native(X, pass_through=True, eager_only=True, allow_series=True)
    if isinstance(native, nw.DataFrame | nw.Series) and native.implementation.is_pyarrow():
        return native[np.asarray(rows).tolist()].to_native()  # scikit-learn learned that with 1.7
    return _safe_indexing(X, rows)


def append_rows(X, kept, X_new):
    """Return the rows `kept` of `X` with the rows of `X_new` behind them.

    Parameters
    ----------
    X : table or column as given by the caller
    kept : ndarray of int
        Positions of the rows to keep, in the order wanted; they stay bit-identical.
    X_new : table or column as built by `TableEncoder.from_codes`, or None for no new rows

    Returns
    -------
    X_out : same container as `X`
        A pandas index is 0, 1, 2, ....
    """
    if isinstance(X, np.ndarray):
        return X[kept] if X_new is None else np.concatenate([X[kept], X_new])
    dense = _prepared(X)
    native = nw.from_native(dense, pass_through=True, eager_only=True, allow_series=True)
    if isinstance(native, nw.DataFrame | nw.Series):
        frame = native.to_frame() if isinstance(native, nw.Series) else native
        old = nw.maybe_reset_index(frame[kept.tolist()])
        if X_new is not None:
            new = nw.from_native(X_new, eager_only=True, allow_series=True)
            new = new.to_frame() if isinstance(new, nw.Series) else new
            old = nw.maybe_reset_index(nw.concat([old, new], how="vertical"))
        grown = (old.get_column(old.columns[0]) if isinstance(native, nw.Series) else old).to_native()
        return grown.astype(X.dtypes) if hasattr(X, "iloc") and dense is not X else grown  # sparse again
    rows = list(X)
    return [rows[i] for i in kept] + ([] if X_new is None else list(X_new))


def replace_rows(X, rows, X_new):
    """Return a copy of a table in which some rows are others.

    Parameters
    ----------
    X : table as given by the caller
    rows : ndarray of int, shape (n_new,)
        Positions of the rows that are replaced.
    X_new : table as built by `TableEncoder.from_codes`, or None for no new rows

    Returns
    -------
    X_out : same container as `X`
        A pandas index is that of `X`.
    """
    is_frame = isinstance(open_table(X), _FrameDoor)
    if not is_frame and not isinstance(X, list | tuple):
        copied = np.array(X)
        if len(rows):
            copied[rows] = X_new
        return copied
    if not is_frame:
        replaced = dict(zip(rows.tolist(), [] if X_new is None else list(X_new)))
        return [replaced.get(i, row) for i, row in enumerate(X)]
    dense = _prepared(X)
    if not len(rows):
        return X.copy() if hasattr(X, "iloc") else X.clone() if hasattr(X, "clone") else dense
    n_rows = len(dense)
    kept = np.setdiff1d(np.arange(n_rows), rows)
    order = np.empty(n_rows, dtype=np.intp)
    order[kept], order[rows] = np.arange(len(kept)), len(kept) + np.arange(len(rows))
    together = nw.from_native(append_rows(X, kept, X_new), eager_only=True, allow_series=True)
    grown = together[order.tolist()].to_native()
    return grown.set_axis(X.index, axis=0) if hasattr(X, "iloc") else grown


def with_columns_of(X, source, columns):
    """Return a table with some columns taken, bit for bit, from another table of the same rows.

    Parameters
    ----------
    X : table as built by `TableEncoder.from_codes`
    source : table as given by the caller
    columns : sequence of int
        Positions. Where the two are of different libraries they stay as they are.
    """
    if isinstance(X, np.ndarray) and isinstance(source, np.ndarray):
        X[:, columns] = source[:, columns]
        return X
    if not len(columns) or type(X) is not type(source) or isinstance(X, np.ndarray | list):
        return X
    old, new = (nw.from_native(_prepared(table), eager_only=True) for table in (source, X))
    return new.with_columns(*[nw.maybe_reset_index(old.get_column(old.columns[j])) for j in columns]).to_native()


def _prepared(X):
    """Return a pandas frame without sparse columns, a pyarrow array as a chunked one; anything else as it is."""
    if type(X).__module__ == "pyarrow.lib" and not hasattr(X, "column_names"):
        import pyarrow

        return X if isinstance(X, pyarrow.ChunkedArray) else pyarrow.chunked_array([X])
    dtypes = getattr(X, "dtypes", None)
    if dtypes is None or not hasattr(X, "iloc"):
        return X
    if getattr(dtypes, "ndim", 0) == 0:  # a Series
        return X.sparse.to_dense() if hasattr(X.dtype, "fill_value") and hasattr(X, "sparse") else X
    dense = {name: dtype.subtype for name, dtype in dtypes.items() if type(dtype).__name__ == "SparseDtype"}
    return X.astype(dense) if dense else X


def _refuse_duplicates(X):
    """Raise a sentence that names the columns which occur twice in a frame."""
    if getattr(X, "ndim", 2) != 2:
        return
    names = X.columns if hasattr(X, "iloc") else getattr(X, "column_names", getattr(X, "columns", ()))
    names = list(names)
    twice = [name for name in dict.fromkeys(names) if names.count(name) > 1] if len(set(names)) < len(names) else []
    if twice:
        raise ValueError(f"Column names must be unique, but {twice} occur more than once; rename or drop them.")


class _ArrayDoor:
    """NumPy arrays and nested lists, of one or two dimensions."""

    def __init__(self, X):
        try:
            array = np.asarray(X)
        except ValueError:
            raise ValueError("X is not a table: its rows differ in length, or its cells are sequences.") from None
        if array.dtype.kind in "US" and not isinstance(X, np.ndarray):
            array = np.asarray(X, dtype=object)  # a list of mixed rows: keep its numbers
        self.is_list, self.is_flat = not hasattr(X, "shape"), array.ndim == 1
        if array.dtype.kind in "mM":
            raise TypeError(f"An array of {array.dtype} is not supported; put dates into a column of a data frame.")
        self._is_boolean = array.dtype.kind == "b"
        is_numeric = array.dtype.kind in "fiu"
        table = array[:, None] if self.is_flat and array.ndim else array
        if table.ndim != 2 or 0 in table.shape or array.dtype.kind == "c":
            check_array(table)  # raises, in scikit-learn's words
        self.dtype = array.dtype if is_numeric else None
        self.matrix = np.asarray(table, dtype=float) if is_numeric else None
        self._cells = table
        self.n_rows = len(table)
        self.names = list(range(table.shape[1]))

    def kind(self, j):
        if self._cells.dtype.kind == "O":
            return "number" if _are(Real | Decimal, self._cells[:, j]) else "nominal"
        return "number" if self.matrix is not None else "nominal"

    def is_boolean(self, j):
        return self._is_boolean

    def is_single(self, j):
        return self._cells.dtype == np.float32

    def values(self, j):
        return self._cells[:, j].tolist()

    def numbers(self, j):
        return _floats(self._cells[:, j])

    def gather(self, j, rows):
        return self._cells[rows, j]

    def exit(self):
        cells = self._cells
        if cells.dtype.kind == "O":
            is_integer = [_are(Integral, column) for column in cells.T]
        else:
            is_integer = [cells.dtype.kind in "iu"] * cells.shape[1]
        return _ArrayExit(self.dtype, cells.dtype, is_integer, self.is_list, self.is_flat)


@dataclass
class _ArrayExit:
    """Builds an array or list like the one that came in; `dtype` is None unless all its cells are numbers."""

    dtype: np.dtype | None
    cell_dtype: np.dtype
    is_integer: list  # of bool, a column each; in an array of objects, whether all its cells are integers
    is_list: bool
    is_flat: bool

    def from_matrix(self, codes):
        return self._shape(_as_integers(codes, self.dtype) if self.dtype.kind in "iu" else codes.astype(self.dtype))

    def numbers(self, j, values):
        if self.dtype is not None:
            return _as_integers(values, self.dtype) if self.is_integer[j] else values
        built = np.empty(len(values), dtype=object)
        built[:] = _python_integers(values) if self.is_integer[j] else values.tolist()
        return built

    def assemble(self, columns):
        table = np.empty((len(columns[0]), len(columns)), dtype=self.cell_dtype)
        for j, column in enumerate(columns):
            table[:, j] = column
        return self._shape(table)

    def _shape(self, table):
        table = table[:, 0] if self.is_flat else table
        return table.tolist() if self.is_list else table


class _FrameDoor:
    """Frames and series of pandas, polars and pyarrow, through narwhals."""

    dtype = matrix = None

    def __init__(self, native):
        self.is_flat = isinstance(native, nw.Series)
        self._frame = native.to_frame() if self.is_flat else native
        self.names = list(self._frame.columns)
        self.n_rows = len(self._frame)
        if not self.names or not self.n_rows:
            check_array(np.zeros((self.n_rows, len(self.names))))  # scikit-learn's wording
        self._columns = [self._frame.get_column(name) for name in self.names]

    def kind(self, j):
        dtype = self._columns[j].dtype
        if dtype.is_numeric():
            return "number"
        if dtype.is_temporal() and dtype not in (nw.Time,):
            return "instant"
        if dtype == nw.Object and _are(Real | Decimal, self.values(j)):
            return "number"
        return "nominal"

    def is_boolean(self, j):
        return self._columns[j].dtype == nw.Boolean

    def is_single(self, j):
        return self._columns[j].dtype == nw.Float32

    def values(self, j):
        return self._columns[j].to_list()

    def numbers(self, j):
        column = self._columns[j]
        if column.dtype == nw.Object:
            return _floats(column.to_list())
        if column.implementation.is_pandas():
            return column.to_native().to_numpy(dtype=float, na_value=np.nan)
        return column.cast(nw.Float64).to_numpy()  # null becomes NaN

    def instants(self, j):
        column = self._columns[j]
        if getattr(column.dtype, "time_zone", None) is not None:
            column = column.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
        return np.asarray(column.to_numpy())

    def gather(self, j, rows):
        return self._columns[j][rows.tolist()]

    def exit(self):
        column = self._columns
        return _FrameExit(
            self._frame.implementation,
            self.names,
            [c.dtype for c in column],
            [_pandas_dtype(c) for c in column],
            [c.dtype.is_integer() or (c.dtype == nw.Object and _are(Integral, c.to_list())) for c in column],
            [bool(c.is_null().any()) for c in column],
            self.is_flat,
        )


@dataclass
class _FrameExit:
    """Builds a frame or series like the one that came in."""

    backend: nw.Implementation
    names: list
    dtypes: list
    pandas_dtypes: list  # pandas' own dtype, which says more than narwhals': nullable, pyarrow-backed; else None
    is_integer: list
    has_null: list
    is_flat: bool
    dtype = None

    def numbers(self, j, values):
        missing = np.isnan(values)
        if self.dtypes[j] == nw.Object:
            values = np.array(_python_integers(values) if self.is_integer[j] else values, dtype=object)
        elif self.is_integer[j]:
            kind = np.uint64 if self.dtypes[j].is_unsigned_integer() else np.int64
            values = _as_integers(np.where(missing, 0, values), kind)
        if missing.any() and self.has_null[j]:
            values = [None if gone else value for gone, value in zip(missing.tolist(), values.tolist())]
        return self._series(j, values, self.dtypes[j])

    def instants(self, j, values):
        dtype = self.dtypes[j]
        if getattr(dtype, "time_zone", None) is None:
            return self._series(j, values, dtype)
        naive = nw.new_series(self.names[j], values, nw.Datetime(dtype.time_unit), backend=self.backend)
        aware = naive.dt.replace_time_zone("UTC").dt.convert_time_zone(dtype.time_zone)
        if self.pandas_dtypes[j] is None:
            return aware
        return nw.from_native(aware.to_native().astype(self.pandas_dtypes[j]), series_only=True)

    def _series(self, j, values, dtype):
        if self.pandas_dtypes[j] is not None:
            pandas = self.backend.to_native_namespace()
            series = pandas.Series(values, dtype=self.pandas_dtypes[j], name=self.names[j])
            return nw.from_native(series, series_only=True)
        if dtype in (nw.Date, nw.Decimal):
            return nw.new_series(self.names[j], values, backend=self.backend).cast(dtype)
        return nw.new_series(self.names[j], values, dtype, backend=self.backend)

    def assemble(self, columns):
        frame = nw.DataFrame.from_dict(
            {name: _without_index(column).alias(name) for name, column in zip(self.names, columns)},
        )
        return (frame.get_column(self.names[0]) if self.is_flat else frame).to_native()


def _are(kinds, values):
    """Whether every cell that is not missing is a number of these kinds, at least one is, and none is a boolean."""
    n_seen = 0
    for value in values:
        if isinstance(value, bool | np.bool_):
            return False
        if isinstance(value, kinds):
            n_seen += value == value
        elif not is_missing(value):
            return False
    return n_seen > 0


def _floats(cells):
    """Return Python's numbers as floats: missing ones NaN, those beyond the range of float64 its largest number."""
    numbers = [np.nan if is_missing(cell) else cell for cell in cells]
    try:
        return np.array(numbers, dtype=float)
    except OverflowError:
        largest = int(np.finfo(float).max)
        return np.array([n if n != n else min(max(n, -largest), largest) for n in numbers], dtype=float)


def _python_integers(values):
    """Return floats as a list of Python's integers, NaN as it is."""
    return [int(value) if value == value else value for value in values.tolist()]


def _as_integers(values, dtype):
    """Return whole floats in an integer data type, brought to its ends if beyond; 2**63 - 1 is no float, 2**63 is."""
    limits = np.iinfo(dtype)
    bound = float(limits.max)
    highest = bound if int(bound) <= limits.max else np.nextafter(bound, 0)
    return np.maximum(np.minimum(values, highest), float(limits.min)).astype(dtype)


def _pandas_dtype(column):
    return column.to_native().dtype if column.implementation.is_pandas() else None


def _without_index(column):
    """Return a column whose pandas index, if it has one, is 0, 1, 2, ...."""
    return nw.maybe_reset_index(column)


def is_missing(value):
    """Whether a cell of an object column is None, NaN, NaT or pandas' NA."""
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return True
    return isinstance(value, Number) and value != value
