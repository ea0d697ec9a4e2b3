"""What the comparisons share: tasks that run in parallel, are kept on disk, and fail one by one; classes and folds."""

import inspect
import time
import warnings
from contextlib import contextmanager
from numbers import Integral

import numpy as np
from joblib import Memory, Parallel, delayed
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold, check_cv
from sklearn.utils import check_random_state, column_or_1d

from skgan_resample._validation import versions

MAX_CLASSES = 30  # more different numbers are an amount, not classes


def run_tasks(run, tasks, estimators, *, n_jobs=None, memory=None, max_time=None, callback=None):
    """Return the rows of all tasks, in the order of the tasks.

    Tasks run in parallel, are kept in `memory`, and an interrupted run goes on where it stopped.

    Parameters
    ----------
    run : function
        Called with the arguments of a task and, last, what a cached result depends on beside them, which only tells
        cached results apart; returns a list of rows (dict).
    tasks : list of (label, arguments)
        `label` is a dict that every row of the task begins with. An error becomes a row too: the label and ``error``.
    estimators : iterable
        What the results depend on; see `code_in_use`. Looked at only with `memory`.
    n_jobs, memory, max_time, callback
        As in `compare`.

    Returns
    -------
    rows : list of dict
    """
    code = code_in_use(estimators) if memory is not None else None
    run = run if memory is None else as_memory(memory).cache(run)
    deadline = np.inf if max_time is None else time.monotonic() + max_time

    def pending():
        for number, (label, arguments) in enumerate(tasks):
            if time.monotonic() > deadline:
                return
            yield delayed(_labelled)(number, label, run, (*arguments, code))

    found = {}
    results = Parallel(n_jobs=n_jobs, return_as="generator_unordered", pre_dispatch="2*n_jobs")(pending())
    for number, rows in results:
        found[number] = rows
        if callback is not None:
            callback(len(found), len(tasks))
    return [row for number in sorted(found) for row in found[number]]


def task_seed(random_state, *place):
    """Return the seed of the tasks at one place, such as a fold; all methods get the same one."""
    return int(np.random.SeedSequence([random_state, *place]).generate_state(1)[0] % 2**31)


def code_in_use(estimators):
    """Return what a cached result depends on beside its arguments: versions, and the source of the user's own classes.

    joblib tells classes apart by name alone.
    """
    parts = {"versions": versions()}
    for estimator in estimators:
        nested = estimator.get_params().values() if hasattr(estimator, "get_params") else []
        for kind in {type(estimator), *(type(part) for part in nested if hasattr(part, "get_params"))}:
            if kind.__module__.split(".")[0] not in ("builtins", "skgan_resample", "sklearn", "imblearn"):
                try:
                    parts[f"{kind.__module__}.{kind.__qualname__}"] = inspect.getsource(kind)
                except (OSError, TypeError):  # a compiled class, or one typed at a prompt
                    continue
    return parts


def as_memory(memory):
    """Return a joblib.Memory; a folder becomes one that says nothing."""
    return memory if isinstance(memory, Memory) else Memory(memory, verbose=0)


def _labelled(number, label, run, arguments):
    """Run a task; an error of the method becomes a row, so that it does not end the whole comparison."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return number, [{**label, **row} for row in run(*arguments)]
        except Exception as error:
            return number, [{**label, "error": f"{type(error).__name__}: {error}".split("\n")[0]}]


# ------------------------------------------------------------------------------------------------ classes
def comparable_classes(y):
    """Return classes as text, booleans or whole numbers; refuse amounts."""
    y = column_or_1d(np.asarray(y))
    if y.dtype.kind not in "biuf":
        if any(label is None or label != label for label in y):  # NaN is not itself
            raise ValueError("The target has missing values; leave those rows out.")
        y = y.astype(str)
    elif y.dtype.kind == "f" and not np.isfinite(y).all():
        raise ValueError("The target has missing or infinite values; leave those rows out.")
    labels = np.unique(y)
    if len(labels) < 2:
        raise ValueError("The target has one class only: there is nothing to tell apart.")
    is_number = y.dtype.kind in "iuf"
    if is_number and (len(labels) > MAX_CLASSES or (labels != np.round(labels)).any()):
        raise ValueError(
            f"Classes are compared here, and the target holds {len(labels)} different numbers; cut it into classes, "
            "such as low and high."
        )
    return y.astype(int) if y.dtype.kind == "f" else y


def class_splits(X, y, cv, n_repeats, groups, random_state, *, needs_all=True):
    """Return (train, test) for every fold.

    With `needs_all`, a class that is absent from a training part, or has fewer rows than there are folds, is refused.
    """
    groups = None if groups is None else np.asarray(groups)
    if isinstance(cv, Integral):
        labels, counts = np.unique(y, return_counts=True)
        if counts.min() < cv and needs_all:
            raise ValueError(
                f"The class {labels[counts.argmin()].item()!r} has only {counts.min()} rows, too few for {cv} folds; "
                "leave it out, join it with another one, or use fewer folds."
            )
        rng = check_random_state(random_state)
        kind = StratifiedKFold if groups is None else StratifiedGroupKFold
        repeats = [kind(cv, shuffle=True, random_state=rng.randint(2**31 - 1)) for _ in range(n_repeats)]
        with few_rows_allowed():
            splits = [split for folds in repeats for split in folds.split(X, y, groups)]
    elif cv is None:
        raise ValueError("cv must be a number of folds, a splitter or an iterable of splits, got None.")
    else:
        splits = list(check_cv(cv).split(X, y, groups))
    for train, _ in splits:
        lacking = np.setdiff1d(y, y[train])
        if len(lacking) and needs_all:
            advice = "" if groups is None else " It is in too few groups: leave it out, or join it with another one."
            raise ValueError(f"There is a fold without the class {lacking[0].item()!r} in its training rows.{advice}")
    return splits


@contextmanager
def few_rows_allowed():
    """Make stratified folds silent about a class that has fewer rows than there are folds."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="The least populated class")
        yield
