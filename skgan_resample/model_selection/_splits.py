"""Folds of comparisons: outer ones, on which methods are judged, and inner ones, which choose and tune."""

import warnings
from contextlib import contextmanager
from dataclasses import dataclass
from numbers import Integral
from typing import NamedTuple

import numpy as np
from sklearn.model_selection import GroupKFold, StratifiedGroupKFold, StratifiedKFold, TimeSeriesSplit, check_cv
from sklearn.utils import check_random_state

from skgan_resample._folds import RegressionStratifiedKFold, RepeatedRegressionStratifiedKFold
from skgan_resample._tables._targets import read_classes

OUTER = -1  # the value of "inner" in rows that stand for an outer fold
MAX_CLASSES = 30  # more different whole numbers are a numeric target: our choice, as no table here has more classes


class Split(NamedTuple):
    """What is trained on and what is tested, as positions of rows.

    `inside` holds folds of the training part, as pairs of positions within `train`: they tune thresholds and
    recalibrate. With None a method makes its own, stratified and shuffled.
    """

    fold: int
    inner: int  # OUTER, or the number of the inner fold
    train: np.ndarray
    test: np.ndarray
    inside: list | None = None


# ------------------------------------------------------------------------------------------------ outer folds
def outer_folds(X, y, cv, n_repeats, groups, random_state, *, is_regression=False, needs_all=True):
    """Return (train, test) for every outer fold.

    With `needs_all`, a class that a training part lacks, or that has fewer rows than there are folds, is refused.
    """
    respects_time(cv, groups)
    groups = None if groups is None else np.asarray(groups)
    needs_all = needs_all and not is_regression
    if isinstance(cv, Integral):
        if needs_all:
            _refuse_small_classes(y, cv)
        if groups is not None:
            _enough_groups(cv, groups)
        splitters = _splitters(cv, n_repeats, groups, random_state, is_regression)
        with few_rows_allowed():
            splits = [split for splitter in splitters for split in splitter.split(X, y, groups)]
    else:
        splits = list(check_cv(cv).split(X, y, groups))
    if needs_all:
        for train, _ in splits:
            lacking = np.setdiff1d(y, y[train])
            if len(lacking):
                advice = " It is in too few groups: leave it out, or join it with another one."
                raise ValueError(
                    f"There is a fold without the class {lacking[0].item()!r} in its training rows."
                    f"{'' if groups is None else advice}"
                )
    return splits


def _splitters(cv, n_repeats, groups, random_state, is_regression):
    """Return splitters for a number of folds, one for each repeat that differs."""
    rng = check_random_state(random_state)
    if is_regression and groups is not None:
        return [GroupKFold(cv)]  # it does not shuffle: repeats would be the same folds
    if is_regression:
        seed = int(rng.randint(2**31 - 1))
        return [RepeatedRegressionStratifiedKFold(n_splits=cv, n_repeats=n_repeats, random_state=seed)]
    kind = StratifiedKFold if groups is None else StratifiedGroupKFold
    return [kind(cv, shuffle=True, random_state=rng.randint(2**31 - 1)) for _ in range(n_repeats)]


def respects_time(cv, groups):
    """Return whether the folds go by time; refuse None, and time together with groups."""
    is_time = isinstance(cv, TimeSeriesSplit)
    if is_time and groups is not None:
        raise ValueError("A TimeSeriesSplit does not keep groups together; give groups or a TimeSeriesSplit, not both.")
    if cv is None:
        raise ValueError("cv must be a number of folds, a splitter or an iterable of splits, got None.")
    return is_time


def _refuse_small_classes(y, cv):
    labels, counts = np.unique(y, return_counts=True)
    if counts.min() < cv:
        raise ValueError(
            f"The class {labels[counts.argmin()].item()!r} has only {counts.min()} rows, too few for {cv} folds; "
            "leave it out, join it with another one, or use fewer folds."
        )


def _enough_groups(cv, groups):
    n_groups = len(np.unique(groups))
    if n_groups < cv:
        raise ValueError(f"There are {n_groups} groups, too few for {cv} folds; use fewer folds.")


@contextmanager
def few_rows_allowed():
    """Make stratified folds silent about a class that has fewer rows than there are folds."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="The least populated class")
        yield


# ------------------------------------------------------------------------------------------------ inner folds
@dataclass
class InnerFolds:
    """Folds inside a training part: in order of time, with groups kept together, or stratified and shuffled."""

    y: np.ndarray
    n_folds: int
    groups: np.ndarray | None
    is_time: bool
    is_regression: bool
    random_state: int
    fewest_groups: int = 3  # that there should be in all, for the message

    @property
    def is_plain(self):
        """Whether the folds are stratified and shuffled."""
        return self.groups is None and not self.is_time

    @property
    def splitter(self):
        """The splitter that makes folds of classes if they are plain; a numeric target needs none, None."""
        if self.is_regression:
            return None
        return StratifiedKFold(self.n_folds, shuffle=True, random_state=self.random_state)

    def __call__(self, train):
        """Return folds as pairs of positions within `train`."""
        y, seed = self.y[train], self.random_state
        if self.is_time:
            return list(TimeSeriesSplit(self.n_folds).split(train))
        if self.groups is not None and self.is_regression:
            return list(GroupKFold(self._n_group_folds(train)).split(train, y, self.groups[train]))
        if self.groups is not None:
            folds = StratifiedGroupKFold(self._n_group_folds(train), shuffle=True, random_state=seed)
            with few_rows_allowed():
                return list(folds.split(train, y, self.groups[train]))
        if self.is_regression:
            return list(RegressionStratifiedKFold(self.n_folds, shuffle=True, random_state=seed).split(train, y))
        return tuning_folds(y, self.n_folds, seed)

    def _n_group_folds(self, train):
        """Return the number of folds: no more than there are groups in the training part."""
        n_inside = len(np.unique(self.groups[train]))
        if n_inside < 2:
            raise ValueError(
                f"There are {len(np.unique(self.groups))} groups, too few for inner folds that keep groups together: a "
                f"training part holds one group only; at least {self.fewest_groups} groups are needed, or other folds."
            )
        return min(self.n_folds, n_inside)


def inner_folds(y, cv, inner_cv, groups, random_state, *, is_regression):
    """Return the `InnerFolds` of a comparison."""
    folds = InnerFolds(
        y=y,
        n_folds=inner_cv or 3,
        groups=None if groups is None else np.asarray(groups),
        is_time=respects_time(cv, groups),
        is_regression=is_regression,
        random_state=int(check_random_state(random_state).randint(2**31 - 1)),
    )
    if is_regression and groups is not None:
        folds.fewest_groups = _fewest_groups(cv if isinstance(cv, Integral) else 5, inner_cv)
    return folds


def tuning_folds(y, n_folds, seed):
    """Return stratified folds of classes as pairs of positions; a class of few rows is absent from some."""
    n_folds = max(2, min(n_folds, np.unique(y, return_counts=True)[1].max()))
    with few_rows_allowed():
        return list(StratifiedKFold(n_folds, shuffle=True, random_state=seed).split(np.zeros(len(y)), y))


def _fewest_groups(cv, inner_cv):
    """Return of how many groups of equal size all training parts, also those of inner folds, hold two or more."""
    n_groups = cv
    while True:
        outer = n_groups - -(-n_groups // cv)
        inner = outer if inner_cv is None else outer - -(-outer // max(2, min(inner_cv, outer)))
        if inner >= 2:
            return n_groups
        n_groups += 1


# ------------------------------------------------------------------------------------------------ classes
def comparable_classes(y):
    """Return classes as text, booleans or whole numbers; refuse a numeric target."""
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
