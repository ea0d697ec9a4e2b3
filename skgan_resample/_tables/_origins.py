"""Which rows of a resampled table are new, and where the others come from."""

from collections import defaultdict

import numpy as np

from skgan_resample._tables._encoder import TableEncoder


def synthetic_rows(sampler, X, y, X_new, y_new):
    """Return which rows of a resampled table are new, (n_new,), as ``is_synthetic_`` of the sampler says or by search.

    `X` and `y` were given to ``fit_resample``, `X_new` and `y_new` came back, in any order; rows may be missing. Of
    equal rows as many as were given are real, the first ones.
    """
    mask = getattr(sampler, "is_synthetic_", None)
    if mask is not None and np.shape(mask) == (len(y_new),):
        return np.asarray(mask, dtype=bool)
    return row_origins(X, y, X_new, y_new) < 0


def row_origins(X, y, X_new, y_new):
    """Return the position in `X` of each row of `X_new`, -1 for a new one; every row of `X` is found at most once."""
    old, new = (np.column_stack(parts) for parts in zip(_common_codes(X, X_new), _common_codes(y, y_new)))
    return matched_rows(old, new)


def matched_rows(old, new):
    """Return the position in `old` of each row of `new`, -1 where there is none; each row is found at most once."""
    positions = defaultdict(list)  # of the rows with each key, the first at the end
    for position, key in reversed(list(enumerate(row_keys(old)))):
        positions[key].append(position)
    return np.array([positions[key].pop() if positions.get(key) else -1 for key in row_keys(new)], dtype=np.intp)


def row_keys(codes):
    """Return each row of numbers as bytes that are equal when the rows are; NaN equals NaN."""
    codes = np.where(np.isnan(codes), np.nan, codes + 0.0)  # one NaN, and no -0.0
    return np.ascontiguousarray(codes).view(f"V{codes.itemsize * codes.shape[1]}").ravel().tolist()


def _common_codes(old, new):
    """Return two tables as numbers by the same schema; infinity for a category that only the new one has."""
    encoder = TableEncoder()
    old_codes, new_codes = encoder.fit_to_codes(old), encoder.to_codes(new, warn_missing=False)
    unseen = np.isnan(new_codes) & ~np.isnan(TableEncoder().fit_to_codes(new))
    return old_codes, np.where(unseen, np.inf, new_codes)
