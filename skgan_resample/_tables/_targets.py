"""The one reader of targets: continuous ones and classes."""

from numbers import Real

import numpy as np
from sklearn.utils import column_or_1d

from skgan_resample._tables._containers import is_missing
from skgan_resample._tables._encoder import TableEncoder

MAX_CLASS_VALUES = 20  # a target of whole numbers with more different values than this is continuous


def read_target(y):
    """Return a continuous target as an array of shape (n_samples,), and the encoder that brings such targets back.

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


def read_classes(y, name="y", *, warn=False):
    """Return classes as an array of one dimension; refuse missing ones, and warn of a column of two if asked to."""
    y = column_or_1d(y, warn=warn)
    if (y.dtype.kind == "f" and np.isnan(y).any()) or (y.dtype.kind == "O" and any(map(is_missing, y))):
        raise ValueError(f"Input {name} contains NaN or a missing class.")
    return y


def is_continuous_target(*targets):
    """Return whether targets are numbers with fractions, or of more than 20 different values; classes otherwise."""
    values = np.concatenate([np.asarray(target).ravel() for target in targets])
    if values.dtype.kind == "O" and all(isinstance(value, Real) and not isinstance(value, bool) for value in values):
        values = values.astype(float)
    if values.dtype.kind not in "iuf":
        return False
    return bool((values != np.round(values)).any() or len(np.unique(values)) > MAX_CLASS_VALUES)
