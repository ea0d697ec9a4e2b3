"""The one reader of targets: continuous ones and classes."""

from datetime import date, timedelta
from numbers import Real

import numpy as np
from sklearn.utils import column_or_1d

from skgan_resample._tables._containers import is_missing, reader_of
from skgan_resample._tables._encoder import LARGEST, TableEncoder

MAX_CLASS_VALUES = 20  # a target of whole numbers with more different values than this is continuous

_DATES = (date, timedelta, np.datetime64, np.timedelta64)  # a datetime is a date
_DATES_ARE_REFUSED = "Input {} holds dates or durations; give numbers, such as days, or classes as text."


def read_target(y, *, name="y", warn=False):
    """Return a continuous target as an array of float64, (n_samples,).

    `y` is a column of any container, of shape (n_samples,) or (n_samples, 1), with numbers, also Decimal or nullable
    ones. Anything else raises TypeError or ValueError with what and where: text, categories, booleans, dates, missing
    cells, infinity, values beyond 1e300, several columns. `name` is how messages call it. With `warn` a column vector
    gets scikit-learn's DataConversionWarning, as in the `fit` of a regressor.
    """
    target, is_flat = _plain_numbers(y), True
    if target is None:
        column = open_target(y, name)
        if column.kind(0) != "number":
            _refuse_values(column, name)
        target, is_flat = column.numbers(0) if column.matrix is None else column.matrix[:, 0], column.is_column
    # Two passes without a copy, since scorers read many targets. NaN spreads to minimum and maximum and fails, too.
    if not (len(target) and target.min() >= -LARGEST and target.max() <= LARGEST):
        usable = np.abs(target) <= LARGEST
        if not usable.all():
            _refuse_numbers(target, usable, name)
    return target if is_flat else column_or_1d(target[:, None], warn=warn)


def _plain_numbers(y):
    """Return the short way of scorers: an array, a series over one or a list of floats as float64; None for others."""
    if type(y) is list and y and type(y[0]) is float:
        try:
            y = np.asarray(y)
        except ValueError:  # nested lists of different lengths
            return None
    elif type(y) is not np.ndarray and not hasattr(y, "iloc"):
        return None
    dtype = getattr(y, "dtype", None)
    is_plain = isinstance(dtype, np.dtype) and dtype.kind in "fiu" and y.ndim == 1 and len(y) > 0
    return np.asarray(y, dtype=np.float64) if is_plain else None


def open_target(y, name="y"):
    """Return the reader of a target of one column, whatever it holds; refuse what is no column."""
    if y is None:  # scikit-learn's checks look for these words
        raise ValueError(f"This call requires {name} to be passed, but the target {name} is None.")
    if np.isscalar(y):
        raise ValueError(f"Input {name} must be one column, got {y!r}.")
    if getattr(getattr(y, "dtype", None), "kind", None) in ("m", "M"):
        raise ValueError(_DATES_ARE_REFUSED.format(name))
    try:
        column = reader_of(y)
    except (TypeError, ValueError) as error:
        raise type(error)(f"Input {name} cannot be used: {error}") from None
    if len(column.names) > 1:
        raise ValueError(f"Input {name} must be one column, got {len(column.names)}; multi-output is not supported.")
    return column


def read_target_and_schema(y):
    """Return a continuous target of shape (n_samples,), and the encoder that brings new values into its container."""
    return read_target(y), TableEncoder(categorical_features=None, scale=None).fit(y)


def read_numbers(values, name):
    """Return weights, relevances or thresholds as `read_target` does; True and False are 1 and 0."""
    return read_target(np.asarray(values, dtype=float) if np.asarray(values).dtype == bool else values, name=name)


def read_classes(y, name="y", *, warn=False):
    """Return class labels as an array of shape (n_samples,).

    Labels are text, integers, whole floats, booleans or objects that can be sorted. Missing labels, infinity, dates and
    labels of types that cannot be compared are refused. `warn` is that of `read_target`.
    """
    open_target(y, name)
    y = column_or_1d(y, warn=warn)
    kind = y.dtype.kind
    if (kind == "f" and np.isnan(y).any()) or (kind == "O" and any(map(is_missing, y))):
        raise ValueError(f"Input {name} contains NaN or a missing class.")
    if kind == "f" and np.isinf(y).any():
        raise ValueError(f"Input {name} contains infinity, which is no class.")
    if kind in "mM" or (kind == "O" and any(isinstance(label, _DATES) for label in y)):
        raise ValueError(_DATES_ARE_REFUSED.format(name))
    types = {type(label) for label in y} if kind == "O" else ()
    if len(types) > 1:
        try:
            sorted(set(y))
        except TypeError:
            listed = ", ".join(sorted(each.__name__ for each in types))
            raise TypeError(f"Input {name} mixes labels of the types {listed}; make all of them text.") from None
    return y


def is_continuous_target(*targets):
    """Return whether targets are numbers with fractions, or of more than 20 different values; classes otherwise."""
    values = np.concatenate([np.asarray(target).ravel() for target in targets])
    if values.dtype.kind == "O" and all(isinstance(value, Real) and not isinstance(value, bool) for value in values):
        values = values.astype(float)
    if values.dtype.kind not in "iuf":
        return False
    return bool((values != np.round(values)).any() or len(np.unique(values)) > MAX_CLASS_VALUES)


# ------------------------------------------------------------------------------------------------ what is refused
def _refuse_values(column, name):
    """Raise for a column that does not hold numbers; return where all its cells are missing."""
    seen = [value for value in column.values(0) if not is_missing(value)]
    others = [value for value in seen if isinstance(value, bool) or not isinstance(value, Real)]
    value = next(iter(others or seen), None)
    if column.kind(0) == "datetime" or isinstance(value, _DATES):
        raise ValueError(_DATES_ARE_REFUSED.format(name))
    if isinstance(value, bool | np.bool_):
        raise ValueError(
            f"Input {name} holds True and False, which are classes; give a continuous target as numbers, "
            f"{name}.astype(float)."
        )
    if value is not None:
        raise ValueError(f"Input {name} must be numeric, but holds text or categories such as {value!r}.")
    raise ValueError(f"Input {name} contains NaN in all of {column.n_rows} rows.")


def _refuse_numbers(target, usable, name):
    """Raise for the first kind of number that cannot be used: missing, infinite, too large."""
    missing = np.isnan(target)
    if missing.any():
        raise ValueError(
            f"Input {name} contains NaN in {missing.sum()} of {len(target)} rows, the first in row {missing.argmax()}; "
            "drop these rows first."
        )
    row = int(usable.argmin())
    if np.isinf(target[row]):
        raise ValueError(f"Input {name} contains infinity in row {row}; drop or replace such values first.")
    raise ValueError(f"Input {name} contains {target[row]:g} in row {row}; rescale it to values below {LARGEST:g}.")
