"""Columns given by name, position or mask, as positions: the one reader of parameters that name columns."""

from collections.abc import Hashable
from numbers import Integral

import numpy as np


def columns_named(parameter, value, names):
    """Return the positions of the columns that a parameter names, (n_named,), in the order given.

    `value` holds names, positions (negative ones count from the end) or both, or is a mask of one bool for each column;
    None names no column. Python's and NumPy's numbers are the same here. A name comes before a position where a column
    is named by an integer. `names` are those of all columns; for an array 0, 1, 2, ....
    """
    if value is None:
        return np.empty(0, dtype=np.intp)
    if isinstance(value, str) or not np.iterable(value):
        raise ValueError(f"{parameter} must be a list of columns, got {value!r}.")
    items = list(value)
    is_bool = [isinstance(item, bool | np.bool_) for item in items]
    if items and all(is_bool):
        if len(items) != len(names):
            raise ValueError(f"{parameter} is a mask of {len(items)} entries for {len(names)} columns.")
        return np.flatnonzero(items)
    position_of = {name: j for j, name in enumerate(names)}
    positions = []
    for item, is_truth in zip(items, is_bool):
        if not is_truth and isinstance(item, Hashable) and item in position_of:
            positions.append(position_of[item])
        elif not is_truth and isinstance(item, Integral) and -len(names) <= item < len(names):
            positions.append(int(item) % len(names))
        else:
            shown = item.item() if isinstance(item, np.generic) else item
            raise ValueError(f"{parameter} names {shown!r}, which is no column of the table: {names}.")
    return np.array(positions, dtype=np.intp)
