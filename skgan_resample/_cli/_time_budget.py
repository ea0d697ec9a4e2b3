"""Fewer rows where the time does not suffice for all: measure a fold on few rows, and draw as many as it lasts for."""

import contextlib
import json
import time
from dataclasses import replace

import numpy as np

from skgan_resample._cli._progress import in_words
from skgan_resample._sampling import evenly_spaced

# Our choices, by eye on tables of up to a million rows:
PILOT_ROWS = 1000  # smaller tables are used whole
GROWTH = 4  # from one pilot to the next
PILOT_SHARE = 0.15  # of the time that is left, for one pilot
SHARE = 0.7  # of the time that is planned for; the rest is for what turns out slower


def within_time(request, compared, cache):
    """Return the request with as many rows of its table as --max-time lasts for; fewer are noted."""
    table, limit, n_rows = request.table, request.max_time, len(request.table.y)
    kept = cache / "rows.json"  # so that an interrupted run goes on with the same rows
    free = ("output", "run", "jobs", "max_time")  # options on which results do not depend
    asked = {name: str(value) for name, value in request.asked.items() if name not in free} | {"n_rows": n_rows}
    try:
        known = json.loads(kept.read_text())
    except (OSError, ValueError):
        known = {}
    if known.get("asked") != asked or (known["max_time"] != limit and not has_results(cache)):
        if n_rows > PILOT_ROWS:
            print(f"- For how many rows --max-time {limit:g} lasts is tried out on few of them.", flush=True)
        n_drawn, needed = affordable_rows(
            lambda n, seconds: _seconds_per_fold(_drawn(request, n), compared, seconds),
            n_rows,
            request.cv,
            lambda: max(1.0, request.seconds_left),
        )
        known = {"asked": asked, "n_drawn": n_drawn, "needed": needed, "max_time": limit}
        cache.mkdir(exist_ok=True)
        kept.write_text(json.dumps(known))
    if known["n_drawn"] >= n_rows:
        return request
    drawn = _drawn(request, known["n_drawn"])
    how = "evenly over the values of the target" if table.task == "regression" else "class by class"
    how = "as whole groups" if table.groups is not None else "evenly over time" if table.times is not None else how
    all_rows = "" if known["needed"] is None else f"; all rows would take about {in_words(known['needed'])}"
    note = (
        f"{n_rows:,} rows are too many for --max-time {known['max_time']:g}: {len(drawn.table.y):,} of them are "
        f"compared, drawn {how}{all_rows}. With more rows the answer can be another one."
    )
    print(f"- {note}", flush=True)
    return replace(drawn, table=replace(drawn.table, notes=[*table.notes, note]))


def has_results(cache):
    """Whether a folder holds results, as joblib keeps them."""
    return any(cache.rglob("output.pkl"))


def _drawn(request, n_rows):
    """Return the request with about `n_rows` rows of its table."""
    return replace(request, table=request.table.drawn(draw_rows(request.table, n_rows, request.cv, request.seed)))


def _seconds_per_fold(request, compared, limit):
    """Return how long one outer fold of all methods takes; None if that exceeds the limit."""
    rows = np.random.RandomState(0).permutation(len(request.table.y))
    n_test, n_done = len(rows) // request.cv, 0  # one split, as large as those of the comparison

    def count(done, total):
        nonlocal n_done
        n_done = done / total

    changes = {"cv": [(rows[n_test:], rows[:n_test])], "groups": None, "max_time": limit, "callback": count}
    n_splits = 1
    if request.table.task == "regression":  # its three inner folds are further tasks
        changes["inner_cv"], n_splits = None, 4
    started = time.monotonic()
    with contextlib.suppress(ValueError, TypeError):  # one fold is no comparison; the comparison itself reports errors
        compared(request, **changes)
    return (time.monotonic() - started) * n_splits if n_done == 1 else None


def affordable_rows(seconds_per_fold, n_rows, n_folds, time_left):
    """Return for how many rows the time lasts, and the seconds that all rows would take, None if unknown.

    Folds of 1,000, 4,000, 16,000, ... rows are timed until the next size would not end in time; between and beyond
    those sizes the time is a power of the number of rows, at least 1 and at most 2.
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
        # seconds ~ rows ** power, from the last two sizes
        power = 1.0 if before is None else float(np.clip(np.log(seconds / before) / np.log(GROWTH), 1, 2))
        needed = n_folds * seconds * (n_rows / n_tried) ** power
        possible = int(n_tried * (SHARE * time_left() / n_folds / seconds) ** (1 / power))
        if possible >= n_rows or needed <= SHARE * time_left():
            if GROWTH * n_tried >= n_rows:
                return n_rows, needed
        elif possible < GROWTH * n_tried:
            return _rounded(max(PILOT_ROWS, possible)), needed
        n_tried, before = min(GROWTH * n_tried, n_rows), seconds


def draw_rows(table, n_rows, n_folds, seed):
    """Return positions of about `n_rows` rows, in their order: whole groups, evenly over time, or over the target."""
    rng = np.random.RandomState(seed)
    if table.groups is not None:
        names, sizes = np.unique(table.groups, return_counts=True)
        order = rng.permutation(len(names))  # whole groups, in random order, until there are enough rows
        taken = order[: max(2 * n_folds, np.searchsorted(np.cumsum(sizes[order]), n_rows) + 1)]
        return np.flatnonzero(np.isin(table.groups, names[taken]))
    if table.times is not None:  # rows are sorted by time
        return evenly_spaced(len(table.y), n_rows)
    if table.task == "regression":
        return np.sort(np.argsort(table.y, kind="stable")[evenly_spaced(len(table.y), n_rows, rng.uniform())])
    share, found = n_rows / len(table.y), []
    for label in np.unique(table.y):
        rows = np.flatnonzero(table.y == label)
        n_wanted = max(round(share * len(rows)), min(len(rows), 2 * n_folds))  # a small class is in every fold
        found.append(rng.choice(rows, n_wanted, replace=False))
    return np.sort(np.concatenate(found))


def _rounded(number):
    """Return a number with two digits that are not zero, not above it."""
    unit = 10 ** max(0, len(str(number)) - 2)
    return number // unit * unit
