"""TableEncoder: one schema of a mixed-type table, and the one door through which tables come in and go out.

Three forms of the same table appear here:

native
    what the caller handed in: a NumPy array, a list, or a pandas, polars or pyarrow table (or one column of them);
codes
    a float64 matrix of shape (n_samples, n_features): numbers as they are, levels of a nominal column as 0, 1, 2, ...,
    dates as steps since the earliest one, missing cells as NaN. Samplers compute distances and interpolate here;
encoded
    a float64 matrix of shape (n_samples, width) for networks: scaled numbers, one-hot heads, missing indicators.
"""

from dataclasses import dataclass, field
from decimal import Decimal
from numbers import Real

import numpy as np

from skgan_resample._tables._columns import columns_named
from skgan_resample._tables._containers import is_missing, open_table
from skgan_resample.exceptions import warn

LARGEST = 1e300  # differences of larger values overflow


LARGEST_ENCODED = 1e30  # far below where float32, in which networks compute, becomes infinite


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
    categorical_features : "auto", None, or array-like of names, positions or a mask of bool, default="auto"
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
    nominal_ : ndarray of bool, shape (n_features,)
        Which columns are nominal.
    width_ : int
        Number of columns of the encoded matrix.
    is_column_ : bool
        Whether a single column, of one dimension, was given instead of a table.

    Notes
    -----
    Decoded nominal values are gathered from values that were observed, in the column's own container. Data types,
    category order and the marker of a missing cell are thereby right for every library.

    Infinity and values beyond 1e300 are refused, in `fit` and in every later table, with their column and row. Later
    tables may hold what `fit` did not see:

    * A category that was not seen becomes a missing cell in codes. Encoded, no column of the one-hot block is set; the
      indicator of missing cells is set where the column has one.
    * A missing cell in a column that was complete in `fit` is NaN in codes, with a ResamplingWarning that names the
      column. The column has no indicator, so encoded a number stands at the centre (with ``scale="std"`` the mean),
      and no column of a one-hot block is set.

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
        X : array-like, list, or pandas, polars or pyarrow table of shape (n_samples, n_features), or one column of it
            Missing cells are NaN, None or null.

        Returns
        -------
        self : TableEncoder
        """
        self.fit_to_codes(X)
        return self

    def fit_to_codes(self, X, name=None):
        """Learn the schema of `X` and return its codes; one reading of the table instead of two.

        Parameters
        ----------
        X : table of shape (n_samples, n_features)
        name : str, optional
            What messages call the table, where there are several.

        Returns
        -------
        codes : ndarray of float64, shape (n_samples, n_features)
        """
        door = open_table(X)
        codes, self._levels, self._clocks = _learn_codes(door, self.categorical_features)
        refuse_large(codes, door.names, name)
        self.is_column_ = door.is_flat
        self._exit = door.exit()
        self._single = np.array([j for j in range(len(door.names)) if door.is_single(j)], dtype=int)
        self.columns_ = _describe(codes, door, self._levels, self._clocks, self._single)
        self._set_snapping()
        if self.scale is not None:
            self._set_scaling(codes, self.scale)
        return codes

    def to_codes(self, X, name=None, *, warn_missing=True):
        """Return the codes of a table with the columns of the fitted one.

        Parameters
        ----------
        X : table of shape (n_samples, n_features)
            A category that was not seen in `fit` counts as missing.
        name : str, optional
            What messages call the table, where there are several.
        warn_missing : bool, default=True
            Whether missing cells in columns that were complete in `fit` give a ResamplingWarning.

        Returns
        -------
        codes : ndarray of float64, shape (n_samples, n_features)

        Raises
        ------
        ValueError
            If the number of columns differs, or a cell is infinite or beyond 1e300.
        """
        door = open_table(X)
        if len(door.names) != len(self.columns_):
            raise ValueError(f"The table has {len(door.names)} columns, but {len(self.columns_)} were fitted.")
        codes = door.matrix if door.matrix is not None and not self._levels else self._read_columns(door, name)
        refuse_large(codes, [column.name for column in self.columns_], name)
        if warn_missing:
            self._warn_of_first_missing(codes, door, name)
        return codes

    def _read_columns(self, door, name):
        """Return the cells of all columns as codes."""
        codes = np.empty((door.n_rows, len(self.columns_)))
        for j, column in enumerate(self.columns_):
            if j in self._levels:
                codes[:, j] = self._levels[j].to_codes(door.values(j))
            elif j in self._clocks:
                codes[:, j] = self._clocks[j].to_codes(read_instants(door, j, column.name, name))
            else:
                codes[:, j] = read_numbers(door, j, column.name, name)
        return codes

    def _warn_of_first_missing(self, codes, door, name):
        """Warn of missing cells in columns that had none in `fit`; categories that are not known are no such cells."""
        fresh = []
        for j in np.flatnonzero(np.isnan(codes).any(axis=0)):
            column = self.columns_[j]
            if not column.has_missing and (j not in self._levels or any(map(is_missing, door.values(j)))):
                fresh.append(column.name)
        if fresh:
            warn(
                f"Missing cells{_of(name)} in {', '.join(map(repr, fresh))}, where fit saw none: a typical value of "
                "the column stands in for them."
            )

    def from_codes(self, codes):
        """Return codes as a table in the container and data types of the fitted one.

        Parameters
        ----------
        codes : array-like of shape (n_samples, n_features)
            Levels and integers must be whole numbers, as after `snap`. NaN is a missing cell.

        Returns
        -------
        X : table of shape (n_samples, n_features)
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
        codes : array-like of shape (n_samples, n_features)

        Returns
        -------
        codes : ndarray of float64, shape (n_samples, n_features)
            A copy. Snapping it again changes nothing.
        """
        codes = np.minimum(np.maximum(np.asarray(codes, dtype=float), self._low), self._high)
        for decimals, columns in self._rounded:
            codes[:, columns] = np.round(codes[:, columns], decimals)
        codes[:, self._single] = codes[:, self._single].astype(np.float32)  # 0.1 is 0.10000000149 there
        for j, grid in self._grids:
            nearest = np.searchsorted((grid[1:] + grid[:-1]) / 2, codes[:, j])
            codes[:, j] = np.where(np.isnan(codes[:, j]), np.nan, grid[nearest])
        return codes

    @property
    def ranges(self):
        """Lowest and highest code of each column, two arrays of shape (n_features,)."""
        return self._low, self._high

    @property
    def holds_integers(self):
        """Which columns take whole numbers only by their data type, or whole steps of time; bool, (n_columns,)."""
        is_clock = [j in self._clocks for j in range(len(self.columns_))]
        return np.array(self._exit.is_integer, dtype=bool) | is_clock

    @property
    def clocks(self):
        """By position, the `origin` and the `step` in which dates are counted."""
        return self._clocks

    # ------------------------------------------------------------------------------------------ encoded matrices
    def encode(self, X):
        """Return the table as a dense matrix for a network.

        Parameters
        ----------
        X : table of shape (n_samples, n_features)

        Returns
        -------
        encoded : ndarray of float64, shape (n_samples, width_)
            A numeric column becomes one scaled column, a nominal one a head of one column a level, a constant one
            nothing. Where cells were missing in `fit`, one more column says so (1.0) and the number stands at the
            centre, or no level of the head is set.
        """
        return self.encode_codes(self.to_codes(X))

    def encode_codes(self, codes, largest=LARGEST_ENCODED):
        """Return codes, shape (n_samples, n_features), as the encoded matrix, shape (n_samples, width_).

        A number farther than `largest` from the centre, in units of the scale, is refused.
        """
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
        if not np.abs(encoded).max(initial=0.0) <= largest:
            self._refuse_far(encoded, codes, largest)
        return encoded

    def _refuse_far(self, encoded, codes, largest):
        """Raise for the first number that is too far from those of `fit` for a network's arithmetic."""
        row, position = np.argwhere(~(np.abs(encoded) <= largest))[0]
        j = np.flatnonzero([column.encoded.start <= position for column in self.columns_])[-1]
        raise ValueError(
            f"Column {self.columns_[j].name!r} holds values too large for distances between rows, such as "
            f"{codes[row, j]:g} in row {row}; rescale it."
        )

    def decode(self, encoded, rng=None):
        """Return encoded rows as a valid table in the container of the fitted one.

        Parameters
        ----------
        encoded : array-like of shape (n_samples, width_)
            As from `encode`, or from a network: heads need not be one-hot.
        rng : numpy.random.RandomState, optional
            If given, levels are drawn with probabilities proportional to the head (negative values count as zero);
            by default the largest wins.

        Returns
        -------
        X : table of shape (n_samples, n_features)
        """
        return self.from_codes(self.snap(self.decode_codes(encoded, rng)))

    def decode_codes(self, encoded, rng=None):
        """Return the encoded matrix, shape (n_samples, width_), as codes that are not snapped yet."""
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

    def rescale(self, codes, scale="std"):
        """Learn centre and scale of the numeric columns anew, from some rows of the table.

        Parameters
        ----------
        codes : ndarray of shape (n_samples, n_features)
        scale : {"std", "iqr", "range"}, default="std"

        Returns
        -------
        self : TableEncoder
            Its encoded matrix is of these rows' scale; with ``scale=None`` in the constructor it has one from now on.
        """
        self._set_scaling(codes, scale)
        return self

    @property
    def scaling(self):
        """What is subtracted from and what divides each column of codes, two arrays of shape (n_features,)."""
        return self._center, self._spread

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

    def _set_scaling(self, codes, scale):
        """Learn centre and scale of numeric columns, and where each column stands in the encoded matrix."""
        n_columns = len(self.columns_)
        self._center, self._spread = np.zeros(n_columns), np.ones(n_columns)
        numeric = np.flatnonzero([not c.is_nominal and c.kind != "constant" for c in self.columns_])
        if len(numeric):
            self._center[numeric], self._spread[numeric] = _center_and_scale(codes[:, numeric], scale)
        start = 0
        for column in self.columns_:
            size = column.n_levels if column.is_nominal else int(column.kind != "constant")
            column.encoded = slice(start, start + size + int(column.has_missing))
            start = column.encoded.stop
        self.width_ = start


# ------------------------------------------------------------------------------------------------ reading cells
def named_nominal(categorical_features, names):
    """Return the positions of the columns that the parameter `categorical_features` calls nominal."""
    is_auto = isinstance(categorical_features, str) and categorical_features == "auto"
    return set(columns_named("categorical_features", None if is_auto else categorical_features, names).tolist())


def read_numbers(door, j, column, table=None):
    """Return the cells of a column as floats; refuse text and dates."""
    if door.matrix is not None:
        return door.matrix[:, j]
    if door.kind(j) != "number" and not door.is_boolean(j):
        for row, value in enumerate(door.values(j)):
            if not isinstance(value, Real | Decimal | np.bool_) and not is_missing(value):
                raise ValueError(
                    f"Column {column!r}{_of(table)} holds {value!r} in row {row}, where numbers are expected."
                )
    return door.numbers(j)


def read_instants(door, j, column, table=None):
    """Return the cells of a column as dates; refuse text and numbers."""
    if door.kind(j) == "instant":
        return door.instants(j)
    for row, value in enumerate(door.values(j)):
        if not is_missing(value):
            raise ValueError(f"Column {column!r}{_of(table)} holds {value!r} in row {row}, where dates are expected.")
    return np.full(door.n_rows, "NaT", dtype="datetime64[us]")


def refuse_large(codes, names, table=None):
    """Raise for the first cell that is infinite or too large, with its column, row and, if named, table."""
    large = np.abs(codes) > LARGEST  # False for NaN
    if not large.any():
        return
    j = int(large.any(axis=0).argmax())
    row = int(large[:, j].argmax())
    if np.isinf(codes[row, j]):
        raise ValueError(
            f"Column {names[j]!r}{_of(table)} contains infinity in row {row}; replace it by a number or by NaN."
        )
    raise ValueError(
        f"Column {names[j]!r}{_of(table)} contains {codes[row, j]:g} in row {row}; rescale it to values below "
        f"{LARGEST:g}."
    )


def _of(table):
    return "" if table is None else f" of {table}"


# ------------------------------------------------------------------------------------------------ learning a schema
def _learn_codes(door, categorical_features):
    """Read every column as codes; return them with the levels and the clocks by column position."""
    forced = named_nominal(categorical_features, door.names)
    if door.matrix is not None and not forced:
        return door.matrix, {}, {}
    codes, levels, clocks = np.empty((door.n_rows, len(door.names))), {}, {}
    for j, name in enumerate(door.names):
        kind = "nominal" if j in forced else door.kind(j)
        if kind == "nominal":
            if categorical_features is None:
                raise ValueError(f"Column {name!r} holds text, categories or booleans where only numbers are possible.")
            levels[j] = Levels(door.values(j), name)
            codes[:, j] = levels[j].to_codes(door.values(j))
            levels[j].keep(door, j, codes[:, j])
        elif kind == "instant":
            clocks[j] = Clock(door.instants(j))
            codes[:, j] = clocks[j].to_codes(door.instants(j))
        else:
            codes[:, j] = door.numbers(j)
    return codes, levels, clocks


def _describe(codes, door, levels, clocks, single):
    """Return the schema of a matrix of codes, all numeric columns at once; `single` are those of float32."""
    n_rows, n_columns = codes.shape
    ordered = np.sort(codes.T, axis=1)  # NaN last
    n_seen = n_rows - np.isnan(ordered).sum(axis=1)
    low = ordered[:, 0]
    high = ordered[np.arange(n_columns), np.maximum(n_seen - 1, 0)]
    values, counts, first = _runs(ordered)
    n_distinct = np.diff(first) - (n_rows - n_seen)  # each NaN is a run of its own
    decimals = _count_decimals(ordered)
    decimals[single] = _count_decimals(ordered[single], np.float32)
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


def _count_decimals(ordered, dtype=np.float64):
    """Return, for each row of an array with NaN last, the decimals that all its values need; -1 for more than six.

    The values are of `dtype`, in which 0.1 is whatever comes nearest to it.
    """
    decimals = np.full(len(ordered), -1)
    glance = ordered[:, :: max(1, ordered.shape[1] // 32)]  # a few values tell most continuous columns
    candidates = np.flatnonzero(_has_decimals(glance, MAX_DECIMALS, dtype))
    values = ordered[candidates]
    for places in range(MAX_DECIMALS + 1):
        if not len(candidates):
            break
        fits = _has_decimals(values, places, dtype)
        decimals[candidates[fits]] = places
        candidates, values = candidates[~fits], values[~fits]
    return decimals


def _has_decimals(values, places, dtype):
    """Whether every row of `values` (NaN aside) is unchanged by rounding to `places` decimals."""
    changed = np.round(values, places).astype(dtype) != values
    if changed[:, -1].any():  # where NaN stands, if anywhere
        changed &= ~np.isnan(values)
    return ~changed.any(axis=1)


def _center_and_scale(values, scale):
    """Return what is subtracted from and what divides each column; NaN is passed over, a column of it stays."""
    if np.isnan(values).all(axis=0).any():
        values = np.where(np.isnan(values).all(axis=0), 0.0, values)
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
    """Draw one level a row with probabilities proportional to the head, shape (n_samples, n_levels)."""
    mass = np.maximum(head, 0.0)
    mass[mass.sum(axis=1) <= 0] = 1.0
    cumulated = np.cumsum(mass, axis=1)
    return (cumulated < rng.uniform(size=(len(head), 1)) * cumulated[:, -1:]).sum(axis=1)


class Levels:
    """The levels of a nominal column: a number for each, and the observed values to gather new ones from."""

    def __init__(self, values, name):
        self._name = name
        self._refuse_unhashable(values)
        distinct = {value for value in set(values) if not is_missing(value)}
        try:
            levels = sorted(distinct)
        except TypeError:  # values of several types
            levels = sorted(distinct, key=lambda value: (type(value).__name__, repr(value)))
        self.lookup = {value: float(code) for code, value in enumerate(levels)}

    def to_codes(self, values):
        """Return the number of each value; NaN for a missing or unseen one."""
        self._refuse_unhashable(values)
        get = self.lookup.get
        return np.array([get(value, np.nan) for value in values], dtype=float)

    def _refuse_unhashable(self, values):
        kinds = sorted({kind.__name__ for kind in set(map(type, values)) if kind.__hash__ is None})
        if kinds:  # scikit-learn's checks look for these words
            raise TypeError(
                f"Column {self._name!r} holds values of type {', '.join(kinds)}: argument must be a string or a number."
            )

    def keep(self, door, j, codes):
        """Keep one observed native value of each level, and behind them one missing cell if there is any."""
        _, first = np.unique(codes, return_index=True)
        self._native = door.gather(j, first)

    def take(self, codes):
        """Return native values for the level numbers `codes`, NaN for missing."""
        return self._native[np.where(np.isnan(codes), len(self.lookup), codes).astype(np.intp)]


class Clock:
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
