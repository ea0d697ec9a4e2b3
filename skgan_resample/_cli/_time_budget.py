"""Fewer rows where the time does not suffice for all: measure a fold on few rows, and draw as many as it lasts for."""

import numpy as np

PILOT_ROWS = 1000  # tables that are not larger are taken as they are


GROWTH = 4  # from one pilot to the next


PILOT_SHARE = 0.15  # of the time that is left, for one pilot


SHARE = 0.7  # of the time that is planned for; the rest is for what turns out slower


def affordable_rows(seconds_per_fold, n_rows, n_folds, time_left):
    """Return for how many rows the time lasts, and the seconds that all rows would take, None if nobody knows.

    Folds of 1,000, 4,000, 16,000, ... rows are timed until the next size would not end in time; between and beyond
    those sizes the time is taken for a power of the number of rows, at least 1 and at most 2.

    Parameters
    ----------
    seconds_per_fold : callable
        Given a number of rows and seconds to find out in, it returns how many a fold of all methods takes, or None if
        that was not found out.
    n_rows, n_folds : int
    time_left : callable
        Returns the seconds that are left.
    """
    if n_rows <= PILOT_ROWS:
        return n_rows, None
    if seconds_per_fold(PILOT_ROWS // 2, PILOT_SHARE * time_left()) is None:  # loads what is needed: it is not counted
        return PILOT_ROWS, None
    n_tried, before, needed = PILOT_ROWS, None, None
    while True:
        seconds = seconds_per_fold(n_tried, PILOT_SHARE * time_left())
        if seconds is None:
            return max(PILOT_ROWS, n_tried // GROWTH), needed
        power = 1.0 if before is None else float(np.clip(np.log(seconds / before) / np.log(GROWTH), 1, 2))
        needed = n_folds * seconds * (n_rows / n_tried) ** power
        possible = int(n_tried * (SHARE * time_left() / n_folds / seconds) ** (1 / power))
        if possible >= n_rows or needed <= SHARE * time_left():
            if GROWTH * n_tried >= n_rows:
                return n_rows, needed
        elif possible < GROWTH * n_tried:
            return _rounded(max(PILOT_ROWS, possible)), needed
        n_tried, before = min(GROWTH * n_tried, n_rows), seconds


def draw_rows(table, n_rows, *, has_classes, n_folds, seed):
    """Return positions of about `n_rows` rows, in their order: whole groups, evenly over time, or over the target.

    Small classes keep at least twice as many rows as there are folds.
    """
    rng = np.random.RandomState(seed)
    share = n_rows / len(table.y)
    if table.groups is not None:
        names, sizes = np.unique(table.groups, return_counts=True)
        order = rng.permutation(len(names))
        taken = order[: max(2 * n_folds, np.searchsorted(np.cumsum(sizes[order]), n_rows) + 1)]
        return np.flatnonzero(np.isin(table.groups, names[taken]))
    if table.times is not None:
        return _evenly(np.arange(len(table.y)), n_rows, 0.5)
    if not has_classes:
        return np.sort(_evenly(np.argsort(table.y, kind="stable"), n_rows, rng.uniform()))
    found = []
    for label in np.unique(table.y):
        rows = np.flatnonzero(table.y == label)
        n_wanted = max(round(share * len(rows)), min(len(rows), 2 * n_folds))
        found.append(rng.choice(rows, n_wanted, replace=False))
    return np.sort(np.concatenate(found))


def _evenly(rows, n_wanted, start):
    """Return one row of each of `n_wanted` stretches of equal length; `start` in [0, 1) is where in its stretch."""
    return rows[((np.arange(n_wanted) + start) * len(rows) / n_wanted).astype(int)]


def _rounded(number):
    """Return a number with two digits that are not zero, not above it."""
    unit = 10 ** max(0, len(str(number)) - 2)
    return number // unit * unit
