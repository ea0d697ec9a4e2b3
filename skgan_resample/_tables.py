"""TableEncoder: one schema of a mixed-type table, and the one door through which tables come in and go out.

Three forms of the same table appear here:

native
    what the caller handed in: a NumPy array, a list, or a pandas, polars or pyarrow table (or one column of them);
codes
    a float64 matrix of shape (n_rows, n_columns): numbers as they are, levels of a nominal column as 0, 1, 2, ...,
    dates as steps since the earliest one, missing cells as NaN. Samplers compute distances and interpolate here;
encoded
    a float64 matrix of shape (n_rows, width) for networks: scaled numbers, one-hot heads, missing indicators.
"""

from dataclasses import dataclass, field
from decimal import Decimal
from numbers import Integral, Number, Real

import narwhals.stable.v2 as nw
import numpy as np
from scipy import sparse
from sklearn.utils.validation import check_array

MAX_DECIMALS = 6  # more decimals than this are taken for a continuous measurement
MAX_GRID = 32  # a numeric column with at most so many values ...
MIN_ROWS_PER_GRID_VALUE = 10  # ... and at least so many rows for each is a scale: new values are drawn to the old ones
MASS_POINT_SHARE = 0.05  # a single value that holds this share of a continuous column is a mass point


@dataclass
class Column:
    """What is known of one column; `low`, `high`, `grid` and `mass_points` are in codes.

    Parameters
    ----------
    name : str or int
        Name in a frame, position in an array.
    kind : {"float", "integer", "boolean", "categorical", "datetime", "constant"}
        A float column whose values are all whole numbers is of kind "integer".
    low, high : float
        Observed range; NaN if nothing was observed.
    decimals : int or None
        Every observed value has at most so many decimals; None for a continuous column.
    grid : ndarray or None
        All observed values, if they are few; new values are moved to the nearest of them.
    mass_points : ndarray
        Single values that hold 5 % or more of an otherwise continuous column, such as the zeros of a rainfall.
    n_levels : int
        Number of levels of a nominal column (boolean, categorical), else 0.
    has_missing : bool
        Whether a cell was missing.
    encoded : slice
        Where the column stands in the encoded matrix.
    """

    name: object
    kind: str
    low: float
    high: float
    decimals: int | None = None
    grid: np.ndarray | None = None
    mass_points: np.ndarray = field(default_factory=lambda: np.empty(0))
    n_levels: int = 0
    has_missing: bool = False
    encoded: slice | None = None

    @property
    def is_nominal(self):
        """Whether values have no order: they are copied or drawn, never averaged."""
        return self.kind in ("boolean", "categorical")


class TableEncoder:
    """Learn the schema of a mixed-type table; encode it for distances and networks; bring new rows back as valid rows.

    Parameters
    ----------
    categorical_features : "auto", None, or array-like of names, positions or a boolean mask, default="auto"
        Which columns are nominal. "auto" takes booleans, strings, categories and objects; a list names further,
        numeric ones. None admits no nominal column at all.
    scale : {"std", "iqr", "range"} or None, default="std"
        By what a numeric column is divided in the encoded matrix, after its mean ("std"), median ("iqr") or lowest
        value ("range") was subtracted. A column that would be divided by zero is divided by one. None spares the work
        where codes are all that is wanted; there is no encoded matrix then.

    Attributes
    ----------
    columns_ : list of Column
        The schema, one entry a column.
    nominal_ : ndarray of bool, shape (n_columns,)
        Which columns are nominal.
    width_ : int
        Number of columns of the encoded matrix.
    is_column_ : bool
        Whether a single column, of one dimension, was given instead of a table.

    Notes
    -----
    Decoded nominal values are gathered from values that were observed, in the column's own container. Data types,
    category order and the marker of a missing cell are thereby right for every library.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"size": ["s", "m", "s"], "rooms": [1, 4, 2], "area": [30.5, 80.0, 41.5]})
    >>> encoder = TableEncoder().fit(frame)
    >>> [(column.name, column.kind, column.decimals) for column in encoder.columns_]
    [('size', 'categorical', None), ('rooms', 'integer', 0), ('area', 'float', 1)]
    >>> encoder.to_codes(frame)[0].tolist()
    [1.0, 1.0, 30.5]
    >>> encoder.from_codes(encoder.snap([[0, 2.7, 99.0]]))
      size  rooms  area
    0    m      3  80.0
    >>> encoder.encode(frame).shape
    (3, 4)
    """

    def __init__(self, *, categorical_features="auto", scale="std"):
        self.categorical_features = categorical_features
        self.scale = scale

    # ------------------------------------------------------------------------------------------ native <-> codes
    def fit(self, X):
        """Learn the schema of `X`.

        Parameters
        ----------
        X : array-like, list, or pandas, polars or pyarrow table of shape (n_rows, n_columns), or one column of it
            Missing cells are NaN, None or null.

        Returns
        -------
        self : TableEncoder
        """
        self.fit_to_codes(X)
        return self

    def fit_to_codes(self, X):
        """Learn the schema of `X` and return its codes; one reading of the table instead of two.

        Returns
        -------
        codes : ndarray of float64, shape (n_rows, n_columns)
        """
        door = _open(X)
        codes, self._levels, self._clocks = _learn_codes(door, self.categorical_features)
        infinite = np.flatnonzero(np.isinf(codes).any(axis=0))
        if len(infinite):
            raise ValueError(f"Column {door.names[infinite[0]]!r} contains infinity; replace it by a number or by NaN.")
        self.is_column_ = door.is_flat
        self._exit = door.exit()
        self.columns_ = _describe(codes, door, self._levels, self._clocks)
        self._set_snapping()
        if self.scale is not None:
            self._set_scaling(codes)
        return codes

    def to_codes(self, X):
        """Return the codes of a table with the columns of the fitted one.

        Parameters
        ----------
        X : table of shape (n_rows, n_columns)
            A level that was not seen in `fit` counts as missing.

        Returns
        -------
        codes : ndarray of float64, shape (n_rows, n_columns)
        """
        door = _open(X)
        if len(door.names) != len(self.columns_):
            raise ValueError(f"The table has {len(door.names)} columns, but {len(self.columns_)} were fitted.")
        if door.matrix is not None and not self._levels:
            return door.matrix
        codes = np.empty((door.n_rows, len(self.columns_)))
        for j in range(len(self.columns_)):
            if j in self._levels:
                codes[:, j] = self._levels[j].to_codes(door.values(j))
            elif j in self._clocks:
                codes[:, j] = self._clocks[j].to_codes(door.instants(j))
            else:
                codes[:, j] = door.numbers(j)
        return codes

    def from_codes(self, codes):
        """Return codes as a table in the container and data types of the fitted one.

        Parameters
        ----------
        codes : array-like of shape (n_rows, n_columns)
            Levels and integers must be whole numbers, as after `snap`. NaN is a missing cell.

        Returns
        -------
        X : table of shape (n_rows, n_columns)
            A frame of pandas has the index 0, 1, 2, ....

        Raises
        ------
        ValueError
            If a cell is missing in a column of levels or integers that had no missing cell in `fit`.
        """
        codes = np.asarray(codes, dtype=float)
        for j in np.flatnonzero(np.isnan(codes).any(axis=0)):
            column = self.columns_[j]
            if not column.has_missing and (j in self._levels or self._exit.is_integer[j]):
                raise ValueError(f"Column {column.name!r} has no place for a missing cell: it had none in fit.")
        if self._exit.dtype is not None and not self._levels:  # an array of numbers
            return self._exit.from_matrix(codes)
        built = []
        for j in range(len(self.columns_)):
            if j in self._levels:
                built.append(self._levels[j].take(codes[:, j]))
            elif j in self._clocks:
                built.append(self._exit.instants(j, self._clocks[j].from_codes(codes[:, j])))
            else:
                built.append(self._exit.numbers(j, codes[:, j]))
        return self._exit.assemble(built)

    def snap(self, codes):
        """Move codes to the observed grid of each column: its range, decimals, few values or levels. NaN stays.

        Parameters
        ----------
        codes : array-like of shape (n_rows, n_columns)

        Returns
        -------
        codes : ndarray of float64, shape (n_rows, n_columns)
            A copy. Snapping it again changes nothing.
        """
        codes = np.minimum(np.maximum(np.asarray(codes, dtype=float), self._low), self._high)
        for decimals, columns in self._rounded:
            codes[:, columns] = np.round(codes[:, columns], decimals)
        for j, grid in self._grids:
            nearest = np.searchsorted((grid[1:] + grid[:-1]) / 2, codes[:, j])
            codes[:, j] = np.where(np.isnan(codes[:, j]), np.nan, grid[nearest])
        return codes

    @property
    def ranges(self):
        """Lowest and highest code of each column, two arrays of shape (n_columns,)."""
        return self._low, self._high

    # ------------------------------------------------------------------------------------------ encoded matrices
    def encode(self, X):
        """Return the table as a dense matrix for a network.

        Parameters
        ----------
        X : table of shape (n_rows, n_columns)

        Returns
        -------
        encoded : ndarray of float64, shape (n_rows, width_)
            A numeric column becomes one scaled column, a nominal one a head of one column a level, a constant one
            nothing. Where cells were missing in `fit`, one more column says so (1.0) and the number stands at the
            centre, or no level of the head is set.
        """
        return self.encode_codes(self.to_codes(X))

    def encode_codes(self, codes):
        """Return codes, shape (n_rows, n_columns), as the encoded matrix, shape (n_rows, width_)."""
        encoded = np.zeros((len(codes), self.width_))
        for j, column in enumerate(self.columns_):
            if column.kind == "constant" and not column.has_missing:
                continue
            values, start = codes[:, j], column.encoded.start
            missing = np.isnan(values)
            if column.is_nominal:
                known = np.flatnonzero(~missing)
                encoded[known, start + values[known].astype(int)] = 1.0
            elif column.kind != "constant":
                encoded[:, start] = np.where(missing, 0.0, (values - self._center[j]) / self._spread[j])
            if column.has_missing:
                encoded[:, column.encoded.stop - 1] = missing
        return encoded

    def decode(self, encoded, rng=None):
        """Return encoded rows as a valid table in the container of the fitted one.

        Parameters
        ----------
        encoded : array-like of shape (n_rows, width_)
            As from `encode`, or from a network: heads need not be one-hot.
        rng : numpy.random.RandomState, optional
            If given, levels are drawn with probabilities proportional to the head (negative values count as zero);
            by default the largest wins.

        Returns
        -------
        X : table of shape (n_rows, n_columns)
        """
        return self.from_codes(self.snap(self.decode_codes(encoded, rng)))

    def decode_codes(self, encoded, rng=None):
        """Return the encoded matrix, shape (n_rows, width_), as codes that are not snapped yet."""
        encoded = np.asarray(encoded, dtype=float)
        codes = np.empty((len(encoded), len(self.columns_)))
        for j, column in enumerate(self.columns_):
            head = encoded[:, column.encoded]
            if column.is_nominal:  # a missing indicator is one more level, which stands last
                chosen = head.argmax(axis=1) if rng is None else _draw_levels(head, rng)
                codes[:, j] = np.where(chosen < column.n_levels, chosen, np.nan)
                continue
            if column.kind == "constant":
                codes[:, j] = column.low
            else:
                codes[:, j] = head[:, 0] * self._spread[j] + self._center[j]
            if column.has_missing:
                codes[head[:, -1] > 0.5, j] = np.nan
        return codes

    # ------------------------------------------------------------------------------------------ learned in fit
    def _set_snapping(self):
        """Keep the schema as arrays, so that `snap` works on whole matrices."""
        columns = self.columns_
        self.nominal_ = np.array([column.is_nominal for column in columns])
        self._low = np.array([column.low for column in columns])
        self._high = np.array([column.high for column in columns])
        self._grids = [(j, column.grid) for j, column in enumerate(columns) if column.grid is not None]
        by_decimals = {}
        for j, column in enumerate(columns):
            decimals = 0 if column.is_nominal else column.decimals
            if decimals is not None and column.grid is None:
                by_decimals.setdefault(decimals, []).append(j)
        self._rounded = [(decimals, np.array(members)) for decimals, members in by_decimals.items()]

    def _set_scaling(self, codes):
        """Learn centre and scale of numeric columns, and where each column stands in the encoded matrix."""
        n_columns = len(self.columns_)
        self._center, self._spread = np.zeros(n_columns), np.ones(n_columns)
        numeric = np.flatnonzero([not c.is_nominal and c.kind != "constant" for c in self.columns_])
        if len(numeric):
            self._center[numeric], self._spread[numeric] = _center_and_scale(codes[:, numeric], self.scale)
        start = 0
        for column in self.columns_:
            size = column.n_levels if column.is_nominal else int(column.kind != "constant")
            column.encoded = slice(start, start + size + int(column.has_missing))
            start = column.encoded.stop
        self.width_ = start


# ------------------------------------------------------------------------------------------------ learning a schema
def _learn_codes(door, categorical_features):
    """Read every column as codes; return them with the levels and the clocks by column position."""
    forced = _forced_nominal(categorical_features, door.names)
    if door.matrix is not None and not forced:
        return door.matrix, {}, {}
    codes, levels, clocks = np.empty((door.n_rows, len(door.names))), {}, {}
    for j, name in enumerate(door.names):
        kind = "nominal" if j in forced else door.kind(j)
        if kind == "nominal":
            if categorical_features is None:
                raise ValueError(f"Column {name!r} holds text, categories or booleans where only numbers are possible.")
            levels[j] = _Levels(door.values(j), name)
            codes[:, j] = levels[j].to_codes(door.values(j))
            levels[j].keep(door, j, codes[:, j])
        elif kind == "instant":
            clocks[j] = _Clock(door.instants(j))
            codes[:, j] = clocks[j].to_codes(door.instants(j))
        else:
            codes[:, j] = door.numbers(j)
    return codes, levels, clocks


def _forced_nominal(categorical_features, names):
    """Return the positions of the columns that the caller calls nominal."""
    if categorical_features is None or (isinstance(categorical_features, str) and categorical_features == "auto"):
        return set()
    chosen = np.asarray(categorical_features)
    if chosen.dtype == bool:
        if chosen.shape != (len(names),):
            raise ValueError(f"categorical_features is a mask of shape {chosen.shape} for {len(names)} columns.")
        return set(np.flatnonzero(chosen).tolist())
    if isinstance(categorical_features, list | tuple):
        chosen = np.array(categorical_features, dtype=object)  # names and positions side by side
    positions = {name: j for j, name in enumerate(names)}
    found = set()
    for item in chosen.ravel().tolist():
        if item in positions:
            found.add(positions[item])
        elif isinstance(item, int) and -len(names) <= item < len(names):
            found.add(item % len(names))
        else:
            raise ValueError(f"categorical_features names {item!r}, which is no column of the table: {names}.")
    return found


def _describe(codes, door, levels, clocks):
    """Return the schema of a matrix of codes, all numeric columns at once."""
    n_rows, n_columns = codes.shape
    ordered = np.sort(codes.T, axis=1)  # NaN last
    n_seen = n_rows - np.isnan(ordered).sum(axis=1)
    low = ordered[:, 0]
    high = ordered[np.arange(n_columns), np.maximum(n_seen - 1, 0)]
    values, counts, first = _runs(ordered)
    n_distinct = np.diff(first) - (n_rows - n_seen)  # each NaN is a run of its own
    decimals = _count_decimals(ordered)
    is_scale = (n_distinct <= MAX_GRID) & (n_distinct * MIN_ROWS_PER_GRID_VALUE <= n_seen)
    is_mass = counts >= max(2, MASS_POINT_SHARE * n_rows)

    columns = []
    for j, name in enumerate(door.names):
        column = Column(name, "float", float(low[j]), float(high[j]), has_missing=bool(n_seen[j] < n_rows))
        if n_distinct[j] <= 1:
            column.kind = "constant"
        elif j in levels:
            column.kind = "boolean" if door.is_boolean(j) else "categorical"
            column.n_levels = len(levels[j].lookup)
        else:
            column.decimals = None if decimals[j] < 0 else int(decimals[j])
            column.kind = "datetime" if j in clocks else "integer" if decimals[j] == 0 else "float"
            if is_scale[j]:
                column.grid = values[first[j] : first[j] + n_distinct[j]].copy()
            else:
                own = slice(first[j], first[j + 1])
                column.mass_points = values[own][is_mass[own]]
        columns.append(column)
    return columns


def _runs(ordered):
    """Return the distinct values of all sorted rows, one row after the other, how often each occurs, and where a row's
    values begin, with the end behind them."""
    is_start = np.ones(ordered.shape, dtype=bool)
    np.not_equal(ordered[:, 1:], ordered[:, :-1], out=is_start[:, 1:])
    starts = np.flatnonzero(is_start)
    first = np.searchsorted(starts, np.arange(len(ordered) + 1) * ordered.shape[1])
    return ordered.ravel()[starts], np.diff(starts, append=ordered.size), first


def _count_decimals(ordered):
    """Return, for each row of an array with NaN last, the decimals that all its values need; -1 for more than six."""
    decimals = np.full(len(ordered), -1)
    glance = ordered[:, :: max(1, ordered.shape[1] // 32)]  # a few values tell most continuous columns
    candidates = np.flatnonzero(_has_decimals(glance, MAX_DECIMALS))
    values = ordered[candidates]
    for places in range(MAX_DECIMALS + 1):
        if not len(candidates):
            break
        fits = _has_decimals(values, places)
        decimals[candidates[fits]] = places
        candidates, values = candidates[~fits], values[~fits]
    return decimals


def _has_decimals(values, places):
    """Whether every row of `values` (NaN aside) is unchanged by rounding to `places` decimals."""
    changed = np.round(values, places) != values
    if changed[:, -1].any():  # where NaN stands, if anywhere
        changed &= ~np.isnan(values)
    return ~changed.any(axis=1)


def _center_and_scale(values, scale):
    """Return what is subtracted from and what divides each column; NaN is passed over."""
    if scale == "std":
        with np.errstate(over="ignore"):  # squares of values beyond 1e150
            center, spread = values.mean(axis=0), values.std(axis=0)
            if np.isnan(center).any():  # the NaN-aware functions are several times slower
                center, spread = np.nanmean(values, axis=0), np.nanstd(values, axis=0)
    elif scale == "iqr":
        low, center, high = np.nanpercentile(values, [25, 50, 75], axis=0)
        spread = high - low
    elif scale == "range":
        center, high = np.nanmin(values, axis=0), np.nanmax(values, axis=0)
        spread = high - center
    else:
        raise ValueError(f"scale must be 'std', 'iqr' or 'range', got {scale!r}.")
    return center, np.where((spread > 0) & np.isfinite(spread), spread, 1.0)


def _draw_levels(head, rng):
    """Draw one level a row with probabilities proportional to the head, shape (n_rows, n_levels)."""
    mass = np.maximum(head, 0.0)
    mass[mass.sum(axis=1) <= 0] = 1.0
    cumulated = np.cumsum(mass, axis=1)
    return (cumulated < rng.uniform(size=(len(head), 1)) * cumulated[:, -1:]).sum(axis=1)


class _Levels:
    """The levels of a nominal column: a number for each, and the observed values to gather new ones from."""

    def __init__(self, values, name):
        try:
            distinct = {value for value in set(values) if not _is_missing(value)}
        except TypeError:
            kinds = sorted({type(value).__name__ for value in values if type(value).__hash__ is None})
            raise TypeError(
                f"Column {name!r} holds values of type {', '.join(kinds)}: argument must be a string or a number."
            ) from None
        try:
            levels = sorted(distinct)
        except TypeError:  # values of several types
            levels = sorted(distinct, key=lambda value: (type(value).__name__, repr(value)))
        self.lookup = {value: float(code) for code, value in enumerate(levels)}

    def to_codes(self, values):
        """Return the number of each value; NaN for a missing or unseen one."""
        get = self.lookup.get
        return np.array([get(value, np.nan) for value in values], dtype=float)

    def keep(self, door, j, codes):
        """Keep one observed native value of each level, and behind them one missing cell if there is any."""
        _, first = np.unique(codes, return_index=True)
        self._native = door.gather(j, first)

    def take(self, codes):
        """Return native values for the level numbers `codes`, NaN for missing."""
        return self._native[np.where(np.isnan(codes), len(self.lookup), codes).astype(np.intp)]


class _Clock:
    """Dates as whole steps since the earliest one; the step is the largest that hits every observed date."""

    def __init__(self, instants):
        seen = instants[~np.isnat(instants)]
        self.origin = seen.min() if len(seen) else instants.dtype.type(0, "D")
        ticks = (seen - self.origin).astype(np.int64)
        unit = np.datetime_data(instants.dtype)[0]
        self.step = np.timedelta64(max(1, int(np.gcd.reduce(ticks)) if len(ticks) else 1), unit)

    def to_codes(self, instants):
        missing = np.isnat(instants)
        elapsed = np.where(missing, self.origin, instants) - self.origin
        whole, rest = np.divmod(elapsed, self.step)  # a plain quotient would be inexact for long times
        return np.where(missing, np.nan, whole + rest / self.step)

    def from_codes(self, codes):
        missing = np.isnan(codes)
        instants = self.origin + np.where(missing, 0, np.round(codes)).astype(np.int64) * self.step
        instants[missing] = np.array("NaT", dtype=instants.dtype)
        return instants


def _is_missing(value):
    """Whether a cell of an object column is None, NaN, NaT or pandas' NA."""
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return True
    return isinstance(value, Number) and value != value


# ------------------------------------------------------------------------------------------------ containers
def _open(X):
    """Return the door for `X`: how its columns are read and, through `exit()`, how such a table is built again."""
    if sparse.issparse(X):
        raise TypeError("Sparse input is not supported: X is a sparse matrix or array. Pass a dense one, X.toarray().")
    if isinstance(X, np.ma.MaskedArray):
        raise TypeError("A masked array is not supported; fill it with NaN, X.filled(np.nan).")
    if hasattr(X, "collect"):
        raise TypeError("A lazy frame is not supported; call X.collect() first.")
    if isinstance(X, np.ndarray | list | tuple):
        return _ArrayDoor(X)
    _refuse_duplicates(X)
    native = nw.from_native(_densify(X), pass_through=True, eager_only=True, allow_series=True)
    if isinstance(native, nw.DataFrame | nw.Series):
        return _FrameDoor(native)
    return _ArrayDoor(X)


def _densify(X):
    """Return a pandas frame without sparse columns; anything else as it is."""
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

    def values(self, j):
        return self._cells[:, j].tolist()

    def numbers(self, j):
        return np.array([np.nan if _is_missing(value) else value for value in self._cells[:, j]], dtype=float)

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

    def values(self, j):
        return self._columns[j].to_list()

    def numbers(self, j):
        column = self._columns[j]
        if column.dtype == nw.Object:
            return np.array([np.nan if _is_missing(value) else value for value in column.to_list()], dtype=float)
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
        elif not _is_missing(value):
            return False
    return n_seen > 0


def _python_integers(values):
    """Return floats as a list of Python's integers, NaN as it is."""
    return [int(value) if value == value else value for value in values.tolist()]


def _as_integers(values, dtype):
    """Return whole floats in an integer data type; the float 2**63, which 2**63 - 1 became, is lowered to fit."""
    largest = np.iinfo(dtype).max
    bound = float(largest)
    return np.minimum(values, bound if int(bound) <= largest else np.nextafter(bound, 0)).astype(dtype)


def _pandas_dtype(column):
    return column.to_native().dtype if column.implementation.is_pandas() else None


def _without_index(column):
    """Return a column whose pandas index, if it has one, is 0, 1, 2, ...."""
    return nw.maybe_reset_index(column)


def read_target(y):
    """Return a continuous target as an array of shape (n_rows,), and the encoder that brings such targets back.

    Raises
    ------
    TypeError, ValueError
        If it is not one column of finite numbers; the message says so.
    """
    encoder = TableEncoder(categorical_features=None, scale=None)
    try:
        target = encoder.fit_to_codes(y)
    except (TypeError, ValueError) as error:
        raise type(error)(f"The target y cannot be used: {error}") from None
    if target.shape[1] > 1:
        raise ValueError(f"The target y must be one column, got {target.shape[1]}; multi-output is not supported.")
    if encoder.columns_[0].kind == "datetime":
        raise ValueError("The target y holds dates or durations; give numbers, such as days.")
    target = target[:, 0]
    missing = np.count_nonzero(np.isnan(target))
    if missing:
        raise ValueError(f"The target y contains NaN in {missing} of {len(target)} rows; drop these rows first.")
    return target, encoder


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
    dense = _densify(X)
    native = nw.from_native(dense, pass_through=True, eager_only=True, allow_series=True)
    if isinstance(native, nw.DataFrame | nw.Series):
        frame = native.to_frame() if isinstance(native, nw.Series) else native
        old = nw.maybe_reset_index(frame[kept.tolist()])
        if X_new is not None:
            new = nw.from_native(X_new, eager_only=True, allow_series=True)
            new = new.to_frame() if isinstance(new, nw.Series) else new
            old = nw.maybe_reset_index(nw.concat([old, new], how="vertical"))
        grown = (old.get_column(old.columns[0]) if isinstance(native, nw.Series) else old).to_native()
        return grown if dense is X else grown.astype(X.dtypes)  # sparse again
    rows = list(X)
    return [rows[i] for i in kept] + ([] if X_new is None else list(X_new))
