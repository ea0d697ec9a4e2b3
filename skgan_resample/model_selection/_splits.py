"""Settings and splits that the comparisons share."""

import warnings
from contextlib import contextmanager
from numbers import Integral

import numpy as np
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold, TimeSeriesSplit, check_cv
from sklearn.utils import check_random_state

from skgan_resample._tables._targets import read_classes

MAX_CLASSES = 30  # more different numbers are an amount, not classes


# ------------------------------------------------------------------------------------------------ arguments
def check_settings(random_state, scoring=None, scorings=(None,)):
    """Refuse a seed that is no whole number, and a score that is not among those known."""
    if not isinstance(random_state, Integral) or random_state < 0:
        raise ValueError(f"random_state must be a whole number of at least 0, got {random_state!r}.")
    if scoring not in scorings:
        raise ValueError(f"scoring must be one of {list(scorings)}, got {scoring!r}.")


def named_learners(learners, default, is_refused, refused, wanted):
    """Return learners by name, `default()` for None; refuse those that cannot predict, or predict what is not asked."""
    if not isinstance(learners, dict):
        learner = default() if learners is None else learners
        learners = {type(learner).__name__: learner}
    for name, learner in learners.items():
        if not hasattr(learner, "fit") or not hasattr(learner, "predict"):
            raise TypeError(f"The learner {name!r} has no fit and predict: {learner!r}.")
        if is_refused(learner):
            raise TypeError(f"The learner {name!r} is a {refused}; give a {wanted}.")
    return learners


def respects_time(cv, groups):
    """Return whether the folds go by time; refuse None, and time together with groups."""
    is_time = isinstance(cv, TimeSeriesSplit)
    if is_time and groups is not None:
        raise ValueError("A TimeSeriesSplit does not keep groups together; give groups or a TimeSeriesSplit, not both.")
    if cv is None:
        raise ValueError("cv must be a number of folds, a splitter or an iterable of splits, got None.")
    return is_time


# ------------------------------------------------------------------------------------------------ classes
def comparable_classes(y):
    """Return classes as text, booleans or whole numbers; refuse amounts."""
    y = read_classes(y)
    if y.dtype.kind not in "biuf":
        y = y.astype(str)
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
        if groups is not None:
            enough_groups(cv, groups)
        rng = check_random_state(random_state)
        kind = StratifiedKFold if groups is None else StratifiedGroupKFold
        repeats = [kind(cv, shuffle=True, random_state=rng.randint(2**31 - 1)) for _ in range(n_repeats)]
        with few_rows_allowed():
            splits = [split for folds in repeats for split in folds.split(X, y, groups)]
    else:
        respects_time(cv, None)  # refuses None
        splits = list(check_cv(cv).split(X, y, groups))
    for train, _ in splits:
        lacking = np.setdiff1d(y, y[train])
        if len(lacking) and needs_all:
            advice = "" if groups is None else " It is in too few groups: leave it out, or join it with another one."
            raise ValueError(f"There is a fold without the class {lacking[0].item()!r} in its training rows.{advice}")
    return splits


def enough_groups(cv, groups):
    """Refuse fewer groups than there are folds."""
    n_groups = len(np.unique(groups))
    if n_groups < cv:
        raise ValueError(f"There are {n_groups} groups, too few for {cv} folds; use fewer folds.")


def inner_group_folds(inner_cv, groups, train, least):
    """Return the number of inner folds that keep groups together: no more than groups in the training part.

    Fewer than two groups are refused; `least` says how many there should be in all.
    """
    n_inside = len(np.unique(groups[train]))
    if n_inside < 2:
        raise ValueError(
            f"There are {len(np.unique(groups))} groups, too few for inner folds that keep groups together: a training "
            f"part holds one group only; at least {least} groups are needed, or other folds."
        )
    return min(inner_cv, n_inside)


@contextmanager
def few_rows_allowed():
    """Make stratified folds silent about a class that has fewer rows than there are folds."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="The least populated class")
        yield
