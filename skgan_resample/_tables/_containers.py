"""Containers of tables: how the columns of any of them are read, and how such a table is built again.

`reader_of(X)` returns an `ArrayReader` for NumPy arrays and lists, a `FrameReader` for frames and series of pandas,
polars and pyarrow, through narwhals. ``reader.writer()`` builds a table of the same container and data types from new
columns; it keeps no rows. Every estimator reads tables through `TableEncoder`, which uses these.
"""

from copy import copy
from dataclasses import dataclass
from decimal import Decimal
from numbers import Integral, Number, Real

import narwhals.stable.v2 as nw
import numpy as np
from scipy import sparse
from sklearn.utils import _safe_indexing
from sklearn.utils.validation import check_array


def reader_of(X):
    """Return the reader of a table or a single column; a reader is returned as it is."""
    if isinstance(X, ArrayReader | FrameReader):
        return X
    if sparse.issparse(X):
        raise TypeError("Sparse input is not supported: X is a sparse matrix or array. Pass a dense one, X.toarray().")
    if isinstance(X, np.ma.MaskedArray):
        raise TypeError("A masked array is not supported; fill it with NaN, X.filled(np.nan).")
    if hasattr(X, "collect"):
        raise TypeError("A lazy frame is not supported; call X.collect() first.")
    if isinstance(X, np.ndarray | list | tuple):
        return ArrayReader(X)
    _refuse_duplicates(X)
    native = _narwhals(_dense(X))
    return FrameReader(native) if isinstance(native, nw.DataFrame | nw.Series) else ArrayReader(X)


def table_reader(X):
    """Return the reader of a table; refuse a single column in scikit-learn's words."""
    reader = reader_of(X)
    if reader.is_column:
        raise ValueError(
            "Expected 2D array, got 1D array instead. Reshape your data: X.reshape(-1, 1) makes a table of a single "
            "column, X.reshape(1, -1) of a single row."
        )
    return reader


# ------------------------------------------------------------------------------------------------ rows of a table
def take_rows(X, rows):
    """Return the rows at these positions, in a container like `X`."""
    native = _narwhals(X)
    if isinstance(native, nw.DataFrame | nw.Series) and native.implementation.is_pyarrow():
        return native[np.asarray(rows).tolist()].to_native()  # scikit-learn learned that with 1.7
    return _safe_indexing(X, rows)


def append_rows(X, kept, X_new):
    """Return the rows `kept` of a table or column, bit-identical, with those of `X_new`, if not None, behind them.

    The container is that of `X`, a pandas index is 0, 1, 2, ....
    """
    if isinstance(X, np.ndarray):
        return X[kept] if X_new is None else np.concatenate([X[kept], X_new])
    if not isinstance(frame := _frame(X), nw.DataFrame):
        rows = list(X)
        return [rows[i] for i in kept] + ([] if X_new is None else list(X_new))
    grown = nw.maybe_reset_index(frame[kept.tolist()])
    if X_new is not None:
        grown = nw.maybe_reset_index(nw.concat([grown, nw.maybe_reset_index(_frame(X_new))], how="vertical"))
    if isinstance(_narwhals(_dense(X)), nw.Series):
        grown = grown.get_column(grown.columns[0])
    grown = grown.to_native()
    return grown.astype(X.dtypes) if hasattr(X, "iloc") and _dense(X) is not X else grown  # sparse again


def replace_rows(X, rows, X_new):
    """Return a copy of a table in which the rows at positions `rows`, (n_new,), are those of `X_new`, None for no new.

    The container and a pandas index are those of `X`.
    """
    if isinstance(X, list | tuple):
        replaced = dict(zip(rows.tolist(), [] if X_new is None else list(X_new)))
        return [replaced.get(i, row) for i, row in enumerate(X)]
    if isinstance(reader_of(X), ArrayReader):
        copied = np.array(X)
        if len(rows):
            copied[rows] = X_new
        return copied
    if not len(rows):
        return X.copy() if hasattr(X, "iloc") else X.clone() if hasattr(X, "clone") else _dense(X)
    n_rows = len(_dense(X))
    kept = np.setdiff1d(np.arange(n_rows), rows)
    order = np.empty(n_rows, dtype=np.intp)  # where each row stands once the new ones are appended
    order[kept], order[rows] = np.arange(len(kept)), len(kept) + np.arange(len(rows))
    grown = take_rows(append_rows(X, kept, X_new), order)
    return grown.set_axis(X.index, axis=0) if hasattr(X, "iloc") else grown


def with_columns_of(X, source, columns):
    """Return a table with the columns at some positions taken, bit for bit, from another one with the same rows.

    Where the two are of different libraries they stay as they are.
    """
    if isinstance(X, np.ndarray) and isinstance(source, np.ndarray):
        X[:, columns] = source[:, columns]
        return X
    if not len(columns) or type(X) is not type(source) or isinstance(X, np.ndarray | list):
        return X
    old, new = _frame(source), _frame(X)
    return new.with_columns(*[nw.maybe_reset_index(old.get_column(old.columns[j])) for j in columns]).to_native()


def _narwhals(X):
    """Return a frame or a series as one of narwhals, anything else as it is."""
    return nw.from_native(X, pass_through=True, eager_only=True, allow_series=True)


def _frame(X):
    """Return a frame, or a series as a frame of one column, as one of narwhals; anything else as it is."""
    native = _narwhals(_dense(X))
    return native.to_frame() if isinstance(native, nw.Series) else native


def _dense(X):
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
    names = list(X.columns if hasattr(X, "iloc") else getattr(X, "column_names", getattr(X, "columns", ())))
    twice = [name for name in dict.fromkeys(names) if names.count(name) > 1] if len(set(names)) < len(names) else []
    if twice:
        raise ValueError(f"Column names must be unique, but {twice} occur more than once; rename or drop them.")


# ------------------------------------------------------------------------------------------------ arrays and lists
class ArrayReader:
    """Reads NumPy arrays and nested lists, of one or two dimensions.

    `matrix` holds all cells as float64, (n_samples, n_features), and is None unless the array is numeric.
    """

    def __init__(self, X):
        try:
            array = np.asarray(X)
        except ValueError:
            raise ValueError("X is not a table: its rows differ in length, or its cells are sequences.") from None
        if array.dtype.kind in "US" and not isinstance(X, np.ndarray):
            array = np.asarray(X, dtype=object)  # a list of mixed rows: keep its numbers
        if array.dtype.kind in "mM":
            raise TypeError(f"An array of {array.dtype} is not supported; put dates into a column of a data frame.")
        self.is_list, self.is_column = not hasattr(X, "shape"), array.ndim == 1
        cells = array[:, None] if self.is_column and array.ndim else array
        if cells.ndim != 2 or 0 in cells.shape or array.dtype.kind == "c":
            check_array(cells)  # raises, in scikit-learn's words
        self.cells = cells  # (n_samples, n_features)
        self.matrix = np.asarray(cells, dtype=float) if array.dtype.kind in "fiu" else None
        self.n_rows = len(cells)
        self.names = list(range(cells.shape[1]))

    def take(self, rows):
        """Return a reader of some rows."""
        part = copy(self)
        part.cells, part.matrix = self.cells[rows], None if self.matrix is None else self.matrix[rows]
        part.n_rows = len(part.cells)
        return part

    def kind(self, j):
        """Return "number" or "nominal"."""
        if self.cells.dtype.kind == "O":
            return "number" if _are(Real | Decimal, self.cells[:, j]) else "nominal"
        return "number" if self.matrix is not None else "nominal"

    def is_boolean(self, j):
        return self.cells.dtype.kind == "b"

    def is_single(self, j):
        """Whether the column is stored as float32."""
        return self.cells.dtype == np.float32

    def values(self, j):
        """Return the cells of a column as a list of Python objects."""
        return self.cells[:, j].tolist()

    def numbers(self, j):
        """Return the cells of a column as float64, NaN for missing ones."""
        return _floats(self.cells[:, j])

    def gather(self, j, rows):
        """Return some cells of a column in its own container."""
        return self.cells[rows, j]

    def writer(self):
        kind = self.cells.dtype.kind
        is_integer = [_are(Integral, cells) if kind == "O" else kind in "iu" for cells in self.cells.T]
        return ArrayWriter(self.cells.dtype, self.matrix is not None, is_integer, self.is_list, self.is_column)


@dataclass
class ArrayWriter:
    """Builds an array or list like the one that was read."""

    dtype: np.dtype
    is_numeric: bool
    is_integer: list  # of bool, a column each; in an array of objects, whether all its cells are integers
    is_list: bool
    is_column: bool

    def from_matrix(self, codes):
        """Return float64 numbers, (n_samples, n_features), as an array of numbers."""
        return self._shaped(_as_integers(codes, self.dtype) if self.dtype.kind in "iu" else codes.astype(self.dtype))

    def numbers(self, j, values):
        if self.is_numeric:
            return _as_integers(values, self.dtype) if self.is_integer[j] else values
        built = np.empty(len(values), dtype=object)
        built[:] = _python_integers(values) if self.is_integer[j] else values.tolist()
        return built

    def assemble(self, columns):
        table = np.empty((len(columns[0]), len(columns)), dtype=self.dtype)
        for j, column in enumerate(columns):
            table[:, j] = column
        return self._shaped(table)

    def _shaped(self, table):
        table = table[:, 0] if self.is_column else table
        return table.tolist() if self.is_list else table


# ------------------------------------------------------------------------------------------------ frames and series
class FrameReader:
    """Reads frames and series of pandas, polars and pyarrow; see `ArrayReader` for its methods.

    `matrix` is that of a pandas frame in which every column is one of NumPy's numbers, else None.
    """

    def __init__(self, native):
        self.is_column = isinstance(native, nw.Series)
        self._open(native.to_frame() if self.is_column else native)
        if not self.names or not self.n_rows:
            check_array(np.zeros((self.n_rows, len(self.names))))  # raises, in scikit-learn's words

    def _open(self, frame):
        self._frame, self._opened = frame, {}
        self.names, self.n_rows = list(frame.columns), len(frame)
        self.matrix = _matrix_of(frame)
        self._dtypes = _dtypes_of(frame)

    def _column(self, j):
        """Return a column as a series of narwhals; each is made once, since thousands of them take a second."""
        if j not in self._opened:
            self._opened[j] = self._frame.get_column(self.names[j])
        return self._opened[j]

    def take(self, rows):
        """Return a reader of some rows."""
        part = copy(self)
        part._open(self._frame[np.asarray(rows).tolist()])
        return part

    def kind(self, j):
        """Return "number", "datetime" (also durations) or "nominal"."""
        dtype = self._dtypes[j]
        if dtype.is_numeric():
            return "number"
        if dtype.is_temporal() and dtype not in (nw.Time,):
            return "datetime"
        return "number" if dtype == nw.Object and _are(Real | Decimal, self.values(j)) else "nominal"

    def is_boolean(self, j):
        return self._dtypes[j] == nw.Boolean

    def is_single(self, j):
        return self._dtypes[j] == nw.Float32

    def values(self, j):
        return self._column(j).to_list()

    def numbers(self, j):
        column = self._column(j)
        if self._dtypes[j] == nw.Object:
            return _floats(column.to_list())
        if column.implementation.is_pandas():
            return column.to_native().to_numpy(dtype=float, na_value=np.nan)
        return column.cast(nw.Float64).to_numpy()  # null becomes NaN

    def datetimes(self, j):
        """Return dates or durations as NumPy's, in UTC where they have a time zone."""
        column = self._column(j)
        if getattr(column.dtype, "time_zone", None) is not None:
            column = column.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
        return np.asarray(column.to_numpy())

    def gather(self, j, rows):
        return self._column(j)[rows.tolist()]

    def writer(self):
        dtypes, everywhere = self._dtypes, range(len(self.names))
        if self.matrix is not None:
            has_null = np.isnan(self.matrix).any(axis=0).tolist()
        else:
            has_null = [bool(self._column(j).is_null().any()) for j in everywhere]
        return FrameWriter(
            self._frame.implementation,
            self.names,
            dtypes,
            list(self._frame.to_native().dtypes) if self._frame.implementation.is_pandas() else [None] * len(dtypes),
            [dtypes[j].is_integer() or (dtypes[j] == nw.Object and _are(Integral, self.values(j))) for j in everywhere],
            has_null,
            self.is_column,
        )


def _matrix_of(frame):
    """Return a frame as float64, (n_samples, n_features), if it is of pandas and holds NumPy's numbers only."""
    native = frame.to_native()
    if not frame.implementation.is_pandas() or not all(_is_plain_number(dtype) for dtype in native.dtypes):
        return None
    # A copy in C order, column by column: sums over rows depend on the order in the last digit.
    return np.array(native.to_numpy(dtype=float), order="C")


def _dtypes_of(frame):
    """Return the data type of each column in narwhals' terms; equal types of NumPy's numbers are looked up once."""
    if not frame.implementation.is_pandas():
        return list(frame.schema.values())
    known, dtypes = {}, []
    for name, dtype in frame.to_native().dtypes.items():
        if dtype in known:
            dtypes.append(known[dtype])
            continue
        dtypes.append(frame.get_column(name).dtype)
        if _is_plain_number(dtype):  # for an object column it depends on the cells
            known[dtype] = dtypes[-1]
    return dtypes


def _is_plain_number(dtype):
    return isinstance(dtype, np.dtype) and dtype.kind in "fiu"


@dataclass
class FrameWriter:
    """Builds a frame or series like the one that was read."""

    backend: nw.Implementation
    names: list
    dtypes: list
    pandas_dtypes: list  # pandas' own dtype, which says more than narwhals': nullable, pyarrow-backed; else None
    is_integer: list
    has_null: list
    is_column: bool
    is_numeric = False  # there is no matrix of one data type

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

    def datetimes(self, j, values):
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
        named = {name: nw.maybe_reset_index(column).alias(name) for name, column in zip(self.names, columns)}
        frame = nw.DataFrame.from_dict(named)
        return (frame.get_column(self.names[0]) if self.is_column else frame).to_native()


# ------------------------------------------------------------------------------------------------ cells
def is_missing(value):
    """Whether a cell of an object column is None, NaN, NaT or pandas' NA."""
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return True
    return isinstance(value, Number) and value != value


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
