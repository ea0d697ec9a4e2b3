"""TableEncoder: the schema of a mixed-type table, and the one way from a table to numbers and back.

The same rows have three forms here:

native
    as given: a NumPy array, a list, or a pandas, polars or pyarrow table, or one column of them;
codes
    the ordinal-encoded array, float64 of shape (n_samples, n_features): numbers as they are, categories as 0, 1, 2,
    ..., dates as steps since the earliest one, missing cells as NaN. Distances are computed and rows interpolated here;
encoded
    a float64 matrix of shape (n_samples, n_encoded) for networks: scaled numbers, one-hot blocks, missing indicators.
"""

from dataclasses import dataclass, field
from decimal import Decimal
from numbers import Real

import numpy as np
from sklearn.base import BaseEstimator

from skgan_resample._docstrings import shared_descriptions
from skgan_resample._tables._columns import columns_named
from skgan_resample._tables._containers import is_missing, reader_of
from skgan_resample.exceptions import warn

# All seven are our choice. None was tuned: each follows from the reason beside it.
LARGEST = 1e300  # differences of larger values overflow
LARGEST_ENCODED = 1e30  # squares of larger values overflow in float32, in which networks compute
MAX_DECIMALS = 6  # more decimals than this are taken for a continuous measurement
MAX_GRID = 32  # a numeric column with at most this many different values ...
MIN_ROWS_PER_GRID_VALUE = 10  # ... and at least this many rows for each is a scale: new values go to the old ones
MASS_POINT_SHARE = 0.05  # a single value that holds this share of a continuous column is a point mass
N_GLANCE = 32  # this many values tell that most continuous columns need more than `MAX_DECIMALS`


described = shared_descriptions("""
    X : table of shape (n_samples, n_features)
        With the columns of the fitted one; a category that was not seen in `fit` counts as missing.
    name : str, default=None
        What messages call the table, where there are several.
    codes : ndarray of float64, shape (n_samples, n_features)
        The ordinal-encoded array; NaN is a missing cell.
    encoded : ndarray of float64, shape (n_samples, n_encoded)
        The matrix for networks. From a network, blocks need not be one-hot.
    rng : numpy.random.RandomState, default=None
        If given, categories are drawn with probabilities proportional to their block (negative values count as zero);
        by default the largest wins.
    """)


@dataclass
class Column:
    """What is known of one column; `low`, `high`, `grid` and `mass_points` are in codes."""

    name: object  # in a frame; position in an array
    kind: str  # "float", "integer" (also floats that are all whole), "boolean", "categorical", "datetime", "constant"
    low: float  # NaN if nothing was observed
    high: float
    decimals: int | None = None  # enough for every observed value; None for a continuous column
    grid: np.ndarray | None = None  # all observed values, if they are few; new ones are moved to the nearest
    # Values that hold 5 % or more of an otherwise continuous column, such as the zeros of a rainfall.
    mass_points: np.ndarray = field(default_factory=lambda: np.empty(0))
    n_categories: int = 0  # of a boolean or categorical column
    has_missing: bool = False
    encoded: slice | None = None  # where the column stands in the encoded matrix

    @property
    def is_nominal(self):
        """Whether values have no order: they are copied or drawn, never averaged."""
        return self.kind in ("boolean", "categorical")


@described
class TableEncoder(BaseEstimator):
    """Learn the schema of a mixed-type table; encode it for distances and networks; bring new rows back as valid rows.

    All estimators of this library read tables through it and keep it as ``encoder_``.

    Parameters
    ----------
    categorical_features : "auto", None, or array-like of names, positions or a mask of bool, default="auto"
        Which columns are nominal. "auto" takes booleans, strings, categories and objects; a list names further,
        numeric ones. None admits no nominal column at all.
    scale : {"std", "iqr", "range"} or None, default="std"
        By what a numeric column is divided in the encoded matrix, after its mean ("std"), median ("iqr") or lowest
        value ("range") was subtracted; by one instead of zero. None makes no encoded matrix, which saves time.

    Attributes
    ----------
    columns_ : list of Column
        The schema, one entry for each column: its `name`, `kind`, range (`low`, `high`), `decimals`, `grid` of few
        values, `mass_points`, `n_categories`, `has_missing`, and the slice `encoded` of the encoded matrix.
    nominal_ : ndarray of bool, shape (n_features,)
        Which columns are nominal.
    width_ : int
        Number of columns of the encoded matrix.

    Notes
    -----
    Nominal values of new rows are gathered from values that were observed, in the column's own container, so data
    types, the order of categories and the marker of a missing cell are right for every library.

    Infinity and values beyond 1e300 are refused, in `fit` and in every later table, with their column and row. A later
    category that `fit` did not see becomes a missing cell; encoded, no column of its one-hot block is set. A missing
    cell in a column that was complete in `fit` gives a ResamplingWarning; encoded, it stands at the centre (with
    ``scale="std"`` the mean), or no column of the block is set.

    Examples
    --------
    >>> import pandas as pd
    >>> from skgan_resample import TableEncoder
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
    def fit(self, X, y=None):
        """Learn the schema of `X`.

        Parameters
        ----------
        X : array-like, list, or pandas, polars or pyarrow table of shape (n_samples, n_features), or one column of it
            Missing cells are NaN, None or null.
        y : object
            Ignored.

        Returns
        -------
        self : TableEncoder
            The fitted encoder.
        """
        self.fit_to_codes(X)
        return self

    @described
    def fit_to_codes(self, X, name=None):
        """Learn the schema of `X` and return its codes; one reading of the table instead of two.

        Parameters
        ----------
        X : table of shape (n_samples, n_features)
            As in `fit`.
        {name}

        Returns
        -------
        {codes}
        """
        reader = reader_of(X)
        codes, self._codecs = _learn_codecs(reader, self.categorical_features)
        refuse_large(codes, reader.names, name)
        self._writer = reader.writer()
        self._single = np.array([j for j in range(len(reader.names)) if reader.is_single(j)], dtype=int)
        self.columns_ = _describe(codes, reader, self._codecs, self._single)
        self._set_snapping()
        if self.scale is not None:
            self._set_scaling(codes, self.scale)
        return codes

    @described
    def to_codes(self, X, name=None, *, warn_missing=True):
        """Return the codes of a table with the columns of the fitted one.

        Parameters
        ----------
        {X, name}
        warn_missing : bool, default=True
            Whether missing cells in columns that were complete in `fit` give a ResamplingWarning.

        Returns
        -------
        {codes}
        """
        reader = reader_of(X)
        if len(reader.names) != len(self.columns_):
            raise ValueError(f"The table has {len(reader.names)} columns, but {len(self.columns_)} were fitted.")
        if reader.matrix is not None and not self._codecs:
            codes = reader.matrix
        else:
            codes = np.empty((reader.n_rows, len(self.columns_)))
            for j, column in enumerate(self.columns_):
                read = self._codecs[j].read if j in self._codecs else read_numbers
                codes[:, j] = read(reader, j, column.name, name)
        if not _is_bounded(codes, LARGEST):
            refuse_large(codes, [column.name for column in self.columns_], name)
            if warn_missing:
                self._warn_of_first_missing(codes, reader, name)
        return codes

    @described
    def from_codes(self, codes):
        """Return codes as a table in the container and data types of the fitted one.

        Categories and integers must be whole numbers, as after `snap`. A cell must not be missing in a column of
        categories or integers that had no missing cell in `fit`.

        Parameters
        ----------
        {codes}

        Returns
        -------
        X : table of shape (n_samples, n_features)
            A frame of pandas has the index 0, 1, 2, ....
        """
        codes = np.asarray(codes, dtype=float)
        for j in np.flatnonzero(np.isnan(codes).any(axis=0)):
            column = self.columns_[j]
            if not column.has_missing and (self.holds_categories[j] or self._writer.is_integer[j]):
                raise ValueError(f"Column {column.name!r} cannot hold a missing cell: it had none in fit.")
        if self._writer.is_numeric and not self._codecs:
            return self._writer.from_matrix(codes)
        built = []
        for j in range(len(self.columns_)):
            write = self._codecs[j].write if j in self._codecs else _write_numbers
            built.append(write(self._writer, j, codes[:, j]))
        return self._writer.assemble(built)

    @described
    def snap(self, codes):
        """Move codes to the observed grid of each column: its range, decimals, few values or categories. NaN stays.

        Parameters
        ----------
        {codes}

        Returns
        -------
        {codes}
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
        """Which columns take whole numbers only by their data type, or whole steps of time; bool, (n_features,)."""
        return np.array([whole or j in self.datetimes for j, whole in enumerate(self._writer.is_integer)], dtype=bool)

    @property
    def holds_categories(self):
        """Which columns hold categories, also those of a single category; bool, (n_features,)."""
        return np.array([isinstance(self._codecs.get(j), Categories) for j in range(len(self.columns_))], dtype=bool)

    @property
    def datetimes(self):
        """By position, the `DatetimeCodec` of each column of dates, with its `origin` and `step`."""
        return {j: codec for j, codec in self._codecs.items() if isinstance(codec, DatetimeCodec)}

    # ------------------------------------------------------------------------------------------ encoded matrices
    @described
    def encode(self, X):
        """Return the table as a dense matrix for a network.

        A numeric column becomes one scaled column, a nominal one a one-hot block of a column for each category, a
        constant one nothing. Where cells were missing in `fit`, one more column is 1.0 for a missing cell; the number
        then stands at the centre, or no column of the block is set.

        Parameters
        ----------
        {X}

        Returns
        -------
        {encoded}
        """
        return self.encode_codes(self.to_codes(X))

    @described
    def encode_codes(self, codes, largest=LARGEST_ENCODED):
        """Return codes as the encoded matrix.

        Parameters
        ----------
        {codes}
        largest : float, default=1e30
            A number farther from the centre than this, in units of the scale, is refused.

        Returns
        -------
        {encoded}
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
        if not _is_bounded(encoded, largest):
            self._refuse_far(encoded, codes, largest)
        return encoded

    @described
    def decode(self, encoded, rng=None):
        """Return encoded rows as a valid table in the container of the fitted one.

        Parameters
        ----------
        {encoded, rng}

        Returns
        -------
        X : table of shape (n_samples, n_features)
            Valid rows.
        """
        return self.from_codes(self.snap(self.decode_codes(encoded, rng)))

    @described
    def decode_codes(self, encoded, rng=None):
        """Return an encoded matrix as codes that are not snapped yet.

        Parameters
        ----------
        {encoded, rng}

        Returns
        -------
        {codes}
        """
        encoded = np.asarray(encoded, dtype=float)
        codes = np.empty((len(encoded), len(self.columns_)))
        for j, column in enumerate(self.columns_):
            block = encoded[:, column.encoded]
            if column.is_nominal:  # a missing indicator is one more category, which stands last
                chosen = block.argmax(axis=1) if rng is None else _draw_categories(block, rng)
                codes[:, j] = np.where(chosen < column.n_categories, chosen, np.nan)
                continue
            if column.kind == "constant":
                codes[:, j] = column.low
            else:
                codes[:, j] = block[:, 0] * self._spread[j] + self._center[j]
            if column.has_missing:
                codes[block[:, -1] > 0.5, j] = np.nan
        return codes

    @described
    def rescale(self, codes, scale="std"):
        """Learn centre and scale of the numeric columns anew, from some rows of the table.

        Parameters
        ----------
        {codes}
        scale : {"std", "iqr", "range"}, default="std"
            As in the constructor.

        Returns
        -------
        self : TableEncoder
            Its encoded matrix has the new scale, also where the constructor had ``scale=None``.
        """
        self._set_scaling(codes, scale)
        return self

    @property
    def scaling(self):
        """What is subtracted from and what divides each column of codes, two arrays of shape (n_features,)."""
        return self._center, self._spread

    def __sklearn_tags__(self):
        return admit_tables(super().__sklearn_tags__(), self.categorical_features is not None)

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
            size = column.n_categories if column.is_nominal else int(column.kind != "constant")
            column.encoded = slice(start, start + size + int(column.has_missing))
            start = column.encoded.stop
        self.width_ = start

    # ------------------------------------------------------------------------------------------ strange cells
    def _warn_of_first_missing(self, codes, reader, name):
        """Warn of missing cells in columns that had none in `fit`; unknown categories are no such cells."""
        fresh = []
        for j in np.flatnonzero(np.isnan(codes).any(axis=0)):
            column = self.columns_[j]
            if not column.has_missing and (not self.holds_categories[j] or any(map(is_missing, reader.values(j)))):
                fresh.append(column.name)
        if fresh:
            warn(
                f"Missing cells{_of(name)} in {', '.join(map(repr, fresh))}, where fit saw none: a typical value of "
                "the column stands in for them."
            )

    def _refuse_far(self, encoded, codes, largest):
        """Raise for the first number that is too far from those of `fit` for a network's arithmetic."""
        far = np.argwhere(~(np.abs(encoded) <= largest))
        if not len(far):
            return
        row, position = far[0]
        j = np.flatnonzero([column.encoded.start <= position for column in self.columns_])[-1]
        raise ValueError(
            f"Column {self.columns_[j].name!r} holds values too large for distances between rows, such as "
            f"{codes[row, j]:g} in row {row}; rescale it."
        )


def admit_tables(tags, nominal=True):
    """Set the tags of an estimator that reads its input through `TableEncoder`; return them."""
    tags.input_tags.sparse = False
    tags.input_tags.allow_nan = True
    tags.input_tags.string = tags.input_tags.categorical = nominal
    return tags


# ------------------------------------------------------------------------------------------------ reading cells
class Categories:
    """The categories of a nominal column: a number for each, and the observed values to gather new ones from."""

    def __init__(self, values, name):
        self._refuse_unhashable(values, name)
        distinct = {value for value in set(values) if not is_missing(value)}
        try:
            categories = sorted(distinct)
        except TypeError:  # values of several types
            categories = sorted(distinct, key=lambda value: (type(value).__name__, repr(value)))
        self.lookup = {value: float(code) for code, value in enumerate(categories)}

    def to_codes(self, values):
        """Return the number of each value; NaN for a missing or unseen one."""
        get = self.lookup.get
        return np.array([get(value, np.nan) for value in values], dtype=float)

    def keep(self, reader, j, codes):
        """Keep one observed native value of each category, and behind them one missing cell if there is any."""
        _, first = np.unique(codes, return_index=True)
        self._native = reader.gather(j, first)

    def read(self, reader, j, column, table=None):
        """Return the codes of a column of a later table."""
        values = reader.values(j)
        self._refuse_unhashable(values, column)
        return self.to_codes(values)

    def write(self, writer, j, codes):
        """Return native values for codes, NaN for missing."""
        return self._native[np.where(np.isnan(codes), len(self.lookup), codes).astype(np.intp)]

    @staticmethod
    def _refuse_unhashable(values, name):
        types = sorted({kind.__name__ for kind in set(map(type, values)) if kind.__hash__ is None})
        if types:  # scikit-learn's checks look for these words
            raise TypeError(
                f"Column {name!r} holds values of type {', '.join(types)}: argument must be a string or a number."
            )


class DatetimeCodec:
    """Dates as whole steps since the earliest one; the step is the largest that hits every observed date."""

    def __init__(self, datetimes):
        seen = datetimes[~np.isnat(datetimes)]
        self.origin = seen.min() if len(seen) else datetimes.dtype.type(0, "D")
        ticks = (seen - self.origin).astype(np.int64)
        unit = np.datetime_data(datetimes.dtype)[0]
        self.step = np.timedelta64(max(1, int(np.gcd.reduce(ticks)) if len(ticks) else 1), unit)

    def to_codes(self, datetimes):
        """Return dates as numbers of steps; NaN for missing ones."""
        missing = np.isnat(datetimes)
        elapsed = np.where(missing, self.origin, datetimes) - self.origin
        whole, rest = np.divmod(elapsed, self.step)  # a plain quotient would be inexact for long times
        return np.where(missing, np.nan, whole + rest / self.step)

    def read(self, reader, j, column, table=None):
        """Return the codes of a column of a later table."""
        return self.to_codes(read_datetimes(reader, j, column, table))

    def write(self, writer, j, codes):
        """Return codes as a column of dates."""
        missing = np.isnan(codes)
        datetimes = self.origin + np.where(missing, 0, np.round(codes)).astype(np.int64) * self.step
        datetimes[missing] = np.array("NaT", dtype=datetimes.dtype)
        return writer.datetimes(j, datetimes)


def read_numbers(reader, j, column, table=None):
    """Return the cells of a column as floats; refuse text and dates."""
    if reader.matrix is not None:
        return reader.matrix[:, j]
    if reader.kind(j) != "number" and not reader.is_boolean(j):
        _refuse_cells(reader, j, column, table, Real | Decimal | np.bool_, "numbers")
    return reader.numbers(j)


def read_datetimes(reader, j, column, table=None):
    """Return the cells of a column as dates; refuse text and numbers."""
    if reader.kind(j) == "datetime":
        return reader.datetimes(j)
    _refuse_cells(reader, j, column, table, (), "dates")
    return np.full(reader.n_rows, "NaT", dtype="datetime64[us]")  # all cells are missing


def _write_numbers(writer, j, codes):
    return writer.numbers(j, codes)


def _refuse_cells(reader, j, column, table, kinds, expected):
    """Raise for the first cell that is neither of these kinds nor missing."""
    for row, value in enumerate(reader.values(j)):
        if not isinstance(value, kinds) and not is_missing(value):
            raise ValueError(
                f"Column {column!r}{_of(table)} holds {value!r} in row {row}, where {expected} are expected."
            )


def _is_bounded(matrix, largest):
    """Return True only if no number is missing or larger than this: one pass over the squares, whose sum is enough."""
    with np.errstate(over="ignore", invalid="ignore"):
        return np.vdot(matrix, matrix) <= largest


def refuse_large(codes, names, table=None):
    """Raise for the first cell that is infinite or too large, with its column, row and, if named, table."""
    large = np.abs(codes) > LARGEST  # False for NaN
    if not large.any():
        return
    j = int(large.any(axis=0).argmax())
    row = int(large[:, j].argmax())
    what = f"{codes[row, j]:g} in row {row}; rescale it to values below {LARGEST:g}."
    if np.isinf(codes[row, j]):
        what = f"infinity in row {row}; replace it by a number or by NaN."
    raise ValueError(f"Column {names[j]!r}{_of(table)} contains {what}")


def _of(table):
    return "" if table is None else f" of {table}"


# ------------------------------------------------------------------------------------------------ learning a schema
def named_nominal(categorical_features, names):
    """Return the positions of the columns that the parameter `categorical_features` calls nominal."""
    is_auto = isinstance(categorical_features, str) and categorical_features == "auto"
    return set(columns_named("categorical_features", None if is_auto else categorical_features, names).tolist())


def _learn_codecs(reader, categorical_features):
    """Return the codes of a table, and by position the codecs of the columns that are no numbers."""
    forced = named_nominal(categorical_features, reader.names)
    if reader.matrix is not None and not forced:
        return reader.matrix, {}
    codes, codecs = np.empty((reader.n_rows, len(reader.names))), {}
    for j, name in enumerate(reader.names):
        kind = "nominal" if j in forced else reader.kind(j)
        if kind == "number":
            codes[:, j] = reader.numbers(j)
        elif kind == "datetime":
            datetimes = reader.datetimes(j)
            codecs[j] = DatetimeCodec(datetimes)
            codes[:, j] = codecs[j].to_codes(datetimes)
        elif categorical_features is None:
            raise ValueError(f"Column {name!r} holds text, categories or booleans where only numbers are possible.")
        else:
            values = reader.values(j)
            codecs[j] = Categories(values, name)
            codes[:, j] = codecs[j].to_codes(values)
            codecs[j].keep(reader, j, codes[:, j])
    return codes, codecs


def _describe(codes, reader, codecs, single):
    """Return the schema of codes; `single` are the positions of columns of float32."""
    ordered = _SortedColumns(codes)
    decimals = _count_decimals(ordered.values)
    decimals[single] = _count_decimals(ordered.values[single], np.float32)
    columns = []
    for j, name in enumerate(reader.names):
        low, high, n_seen = ordered.low[j], ordered.high[j], ordered.n_seen[j]
        column = Column(name, "float", low, high, has_missing=bool(n_seen < len(codes)))
        if low == high or not n_seen:
            column.kind = "constant"
        elif isinstance(codecs.get(j), Categories):
            column.kind = "boolean" if reader.is_boolean(j) else "categorical"
            column.n_categories = len(codecs[j].lookup)
        else:
            column.decimals = None if decimals[j] < 0 else int(decimals[j])
            column.kind = "datetime" if j in codecs else "integer" if decimals[j] == 0 else "float"
            column.grid, column.mass_points = _grid_or_mass_points(*ordered.distinct(j), n_seen, len(codes))
        columns.append(column)
    return columns


def _grid_or_mass_points(values, counts, n_seen, n_rows):
    """Return all values of a column if they are few and frequent, else None, and otherwise its single frequent ones."""
    if len(values) <= MAX_GRID and len(values) * MIN_ROWS_PER_GRID_VALUE <= n_seen:
        return values.copy(), np.empty(0)
    return None, values[counts >= max(2, MASS_POINT_SHARE * n_rows)]


class _SortedColumns:
    """All columns sorted at once: their ranges, and the distinct values of each with how often it occurs."""

    def __init__(self, codes):
        n_rows, n_columns = codes.shape
        self.values = np.array(codes.T, order="C")  # (n_features, n_samples)
        self.values.sort(axis=1)  # NaN last
        self.n_seen = n_rows - np.isnan(self.values).sum(axis=1)
        self.low = self.values[:, 0].tolist()
        self.high = self.values[np.arange(n_columns), np.maximum(self.n_seen - 1, 0)].tolist()
        is_start = np.ones(self.values.shape, dtype=bool)  # of a run of equal values; each NaN is a run
        np.not_equal(self.values[:, 1:], self.values[:, :-1], out=is_start[:, 1:])
        starts = np.flatnonzero(is_start)  # positions in the raveled matrix
        self._runs = self.values.ravel()[starts], np.diff(starts, append=self.values.size)  # values, counts
        first = np.searchsorted(starts, np.arange(n_columns + 1) * n_rows)  # run of each column, and the end
        self._own_runs = [slice(*ends) for ends in zip(first[:-1], first[1:] - (n_rows - self.n_seen))]  # without NaN

    def distinct(self, j):
        """Return the distinct values of a column, in increasing order, and how often each occurs."""
        return tuple(part[self._own_runs[j]] for part in self._runs)


def _count_decimals(ordered, dtype=np.float64):
    """Return, for each row of an array with NaN last, the decimals that all its values need; -1 for more than six.

    The values are of `dtype`, in which 0.1 is whatever comes nearest to it.
    """
    decimals = np.full(len(ordered), -1)
    glance = ordered[:, :: max(1, ordered.shape[1] // N_GLANCE)]
    candidates = np.flatnonzero(_has_decimals(glance, MAX_DECIMALS, dtype))
    values = ordered[candidates]
    for n_decimals in range(MAX_DECIMALS + 1):
        if not len(candidates):
            break
        fits = _has_decimals(values, n_decimals, dtype)
        decimals[candidates[fits]] = n_decimals
        candidates, values = candidates[~fits], values[~fits]
    return decimals


def _has_decimals(values, n_decimals, dtype):
    """Whether every row of `values` (NaN aside) is unchanged by rounding to this number of decimals."""
    changed = np.round(values, n_decimals).astype(dtype) != values
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


def _draw_categories(block, rng):
    """Draw one category for each row with probabilities proportional to a block of shape (n_samples, n_categories)."""
    weights = np.maximum(block, 0.0)
    weights[weights.sum(axis=1) <= 0] = 1.0
    cumulated = np.cumsum(weights, axis=1)
    return (cumulated < rng.uniform(size=(len(block), 1)) * cumulated[:, -1:]).sum(axis=1)
