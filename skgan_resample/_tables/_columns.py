"""Columns given by name, position or mask, as positions."""

from collections.abc import Hashable

import numpy as np


def column_positions(keep, names):
    """Return the positions of columns given by name or position."""
    found = []
    for item in [] if keep is None else keep:
        if isinstance(item, bool | np.bool_):
            raise ValueError("keep takes names or positions of columns, not a mask; use np.flatnonzero(mask).")
        if item in names:
            found.append(names.index(item))
        elif isinstance(item, int | np.integer) and -len(names) <= item < len(names):
            found.append(int(item) % len(names))
        else:
            raise ValueError(f"keep names {item!r}, which is no column of the table: {names}.")
    return np.array(found, dtype=np.intp)


def forced_nominal(categorical_features, names):
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


class Positions:
    """Positions of columns that a parameter names."""

    def __init__(self, names):
        self.names = names
        self.by_name = {name: j for j, name in enumerate(names)}

    def of(self, parameter, chosen):
        """Return the positions of names, positions or a boolean mask."""
        if chosen is None:
            return []
        n = len(self.names)
        if isinstance(chosen, str) or not np.iterable(chosen):
            raise ValueError(f"{parameter} must be a list of columns, got {chosen!r}.")
        items = [item.item() if isinstance(item, np.generic) else item for item in chosen]
        if items and all(isinstance(item, bool) for item in items):
            if len(items) != n:
                raise ValueError(f"{parameter} is a mask of {len(items)} entries for {n} columns.")
            return np.flatnonzero(items).tolist()
        found = []
        for item in items:
            if isinstance(item, Hashable) and item in self.by_name:
                found.append(self.by_name[item])
            elif isinstance(item, int) and -n <= item < n:
                found.append(item % n)
            else:
                raise ValueError(f"{parameter} names {item!r}, which is no column of the table: {self.names}.")
        return found
