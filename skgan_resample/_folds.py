"""Folds for a continuous target, and splits of a resampled table that test on real rows only."""

from numbers import Integral

import numpy as np
from sklearn.model_selection import BaseCrossValidator, KFold, StratifiedKFold, check_cv
from sklearn.utils import check_random_state
from sklearn.utils.validation import _num_samples, indexable

from skgan_resample._tables._containers import take_rows
from skgan_resample._tables._targets import is_continuous_target, read_target


class RegressionStratifiedKFold(KFold):
    """K folds with nearly the same distribution of a continuous target.

    Rows are sorted by their target and cut into blocks of `n_splits` neighbours; each fold gets one row of each block.
    So every fold holds its share of the rare rows, which plain folds leave to chance.

    Parameters
    ----------
    n_splits : int >= 2, default=5
        Number of folds, at most the number of rows.
    shuffle : bool, default=False
        Whether the rows of a block go to the folds at random. Otherwise they go in turn, and each block begins one fold
        later than the block before it, so that no fold always gets the largest value.
    random_state : int, RandomState instance or None, default=None
        Same seed, same folds. Only with ``shuffle=True``.

    See Also
    --------
    RepeatedRegressionStratifiedKFold : The same, several times, shuffled anew each time.

    Notes
    -----
    Sizes of folds differ by at most one row. If the number of rows is not a multiple of `n_splits`, the one short block
    lies in the middle of the target, where rows are many. So folds differ by at most one row in how many of the m
    largest rows they hold, and likewise of the m smallest, for every m up to half of the rows less `n_splits`. Rows
    with equal targets count as sorted in the order of the input, or in random order with ``shuffle=True``.

    Examples
    --------
    >>> import numpy as np
    >>> from skgan_resample.model_selection import RegressionStratifiedKFold
    >>> y = np.array([1, 2, 3, 4, 5, 6, 7, 90, 91])
    >>> for train, test in RegressionStratifiedKFold(n_splits=3).split(y, y):
    ...     print(y[test])
    [ 1  6 90]
    [ 2  4 91]
    [3 5 7]
    """

    def split(self, X, y=None, groups=None):
        """Generate the positions of training and test rows.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Only its number of rows is used.
        y : array-like of shape (n_samples,)
            Continuous target, finite.
        groups : object
            Ignored.

        Returns
        -------
        generator of (ndarray of int, ndarray of int)
            Training and test rows of each fold, as positions in increasing order.
        """
        if y is None:
            raise ValueError(f"{type(self).__name__} stratifies by the target: y must be passed, got None.")
        return super().split(X, read_target(y), groups)

    def _iter_test_indices(self, X=None, y=None, groups=None):
        rng = check_random_state(self.random_state) if self.shuffle else None
        fold = np.empty(len(y), dtype=np.intp)
        fold[_sorted_rows(y, rng)] = _folds_in_order(len(y), self.n_splits, rng)
        for number in range(self.n_splits):
            yield np.flatnonzero(fold == number)


class RepeatedRegressionStratifiedKFold(BaseCrossValidator):
    """`RegressionStratifiedKFold` several times, shuffled anew each time.

    Parameters
    ----------
    n_splits : int >= 2, default=5
        Number of folds.
    n_repeats : int >= 1, default=10
        How often the rows are cut into folds.
    random_state : int, RandomState instance or None, default=None
        Same seed, same folds.

    Examples
    --------
    >>> import numpy as np
    >>> from skgan_resample.model_selection import RepeatedRegressionStratifiedKFold
    >>> cv = RepeatedRegressionStratifiedKFold(n_splits=3, n_repeats=2, random_state=0)
    >>> cv.get_n_splits()
    6
    >>> y = np.array([1, 2, 3, 4, 5, 6, 7, 90, 91])
    >>> [y[test].tolist() for _, test in cv.split(y, y)][:3]
    [[3, 5, 7], [2, 6, 91], [1, 4, 90]]
    """

    def __init__(self, n_splits=5, n_repeats=10, random_state=None):
        self.n_splits = n_splits
        self.n_repeats = n_repeats
        self.random_state = random_state

    def split(self, X, y=None, groups=None):
        """Generate the positions of training and test rows.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Only its number of rows is used.
        y : array-like of shape (n_samples,)
            Continuous target, finite.
        groups : object
            Ignored.

        Yields
        ------
        train, test : ndarray of int
            All folds of the first repetition, then those of the second, and so on.
        """
        if self.n_repeats < 1:
            raise ValueError(f"n_repeats must be at least 1, got {self.n_repeats!r}.")
        rng = check_random_state(self.random_state)
        for _ in range(self.n_repeats):
            yield from RegressionStratifiedKFold(self.n_splits, shuffle=True, random_state=rng).split(X, y, groups)

    def get_n_splits(self, X=None, y=None, groups=None):
        """Return the number of splits.

        Parameters
        ----------
        X, y, groups : object
            Ignored.

        Returns
        -------
        int
            ``n_splits * n_repeats``.
        """
        return self.n_splits * self.n_repeats


class RealRowsTestSplit(BaseCrossValidator):
    """Test on real rows only: split the real rows, and put synthetic ones into the training sets.

    For tables that were resampled before the split. Prefer to resample inside the folds, with
    `skgan_resample.compose.ResampledRegressor` or an imbalanced-learn Pipeline: see Notes.

    Parameters
    ----------
    cv : int or splitter
        How the real rows are split. An int is ``StratifiedKFold(cv)`` for classes, which may be numbers if each of them
        has at least `cv` rows, and ``RegressionStratifiedKFold(cv)`` for a continuous target. A splitter gets the real
        rows of `X`, `y` and `groups`.
    is_synthetic : array-like of bool, shape (n_samples,)
        Which rows of the table are synthetic, such as ``sampler.is_synthetic_``.
    parent_indices : array-like of int, shape (n_synthetic, n_parents), default=None
        Rows that each synthetic row was made from, in the order of the synthetic rows, as positions in the table that
        is split; -1 where there is none. A synthetic row stays out of training when one of its parents is tested.
        ``sampler.parent_indices_`` is right if the sampler kept all rows, as it does by default.

    Notes
    -----
    Without `parent_indices`, synthetic rows made from test rows take part in training, so that scores are too good: a
    copy of a test row is the clearest case. With it, a smaller leak remains: the sampler saw all rows when it chose
    what is rare, how many rows to make and, if it has networks, how to make them.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import LinearRegression
    >>> from sklearn.model_selection import cross_val_score
    >>> from skgan_resample import SMOTER
    >>> from skgan_resample.model_selection import RealRowsTestSplit
    >>> y = np.r_[np.arange(20.0), 60.0, 70.0, 80.0]
    >>> X = y[:, None] / 10
    >>> sampler = SMOTER(sampling_strategy="balance", random_state=0)
    >>> X_resampled, y_resampled = sampler.fit_resample(X, y)
    >>> cv = RealRowsTestSplit(3, sampler.is_synthetic_, parent_indices=sampler.parent_indices_)
    >>> [(len(train), len(test)) for train, test in cv.split(X_resampled, y_resampled)]
    [(17, 8), (17, 8), (18, 7)]
    >>> cross_val_score(LinearRegression(), X_resampled, y_resampled, cv=cv).round(2)
    array([1., 1., 1.])
    """

    def __init__(self, cv, is_synthetic, *, parent_indices=None):
        self.cv = cv
        self.is_synthetic = is_synthetic
        self.parent_indices = parent_indices

    def split(self, X, y=None, groups=None):
        """Generate the positions of training and test rows.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            The table with its synthetic rows.
        y : array-like of shape (n_samples,), default=None
            Target.
        groups : array-like of shape (n_samples,), default=None
            Handed to `cv`.

        Yields
        ------
        train : ndarray of int
            Real rows as `cv` gives them, then synthetic ones.
        test : ndarray of int
            Real rows.
        """
        X, y, groups = indexable(X, y, groups)
        real, synthetic, parents = self._check_rows(_num_samples(X))
        inputs = [None if values is None else take_rows(values, real) for values in (X, y, groups)]
        for train, test in self._splitter(inputs[1]).split(*inputs):
            usable = synthetic
            if parents is not None:
                usable = synthetic[~np.isin(parents, real[test]).any(axis=1)]
            yield np.concatenate([real[train], usable]), real[test]

    def get_n_splits(self, X=None, y=None, groups=None):
        """Return the number of splits of `cv`, counted on the real rows where it depends on them.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), default=None
            The table with its synthetic rows.
        y : array-like of shape (n_samples,), default=None
            Target.
        groups : array-like of shape (n_samples,), default=None
            Handed to `cv`.

        Returns
        -------
        int
            How many pairs `split` generates.
        """
        if X is None and y is None and groups is None:
            return self._splitter().get_n_splits()
        real = np.flatnonzero(~np.asarray(self.is_synthetic, dtype=bool))
        inputs = [None if values is None else take_rows(values, real) for values in (X, y, groups)]
        return self._splitter(inputs[1]).get_n_splits(*inputs)

    def get_metadata_routing(self):
        """Return the metadata that `cv` requests, such as groups.

        Returns
        -------
        MetadataRequest
            That of `cv`.
        """
        return self._splitter().get_metadata_routing()

    def _splitter(self, y=None):
        if not isinstance(self.cv, Integral):
            return check_cv(self.cv)
        has_classes = y is not None and not is_continuous_target(y) and _occur_in_every_fold(y, self.cv)
        return StratifiedKFold(self.cv) if has_classes else RegressionStratifiedKFold(self.cv)

    def _check_rows(self, n_rows):
        """Return the positions of real and of synthetic rows, and the parents of the latter or None."""
        is_synthetic = np.asarray(self.is_synthetic)
        if is_synthetic.dtype != bool or is_synthetic.shape != (n_rows,):
            raise ValueError(
                f"is_synthetic must hold one True or False for each of the {n_rows} rows; got an array of "
                f"{is_synthetic.dtype} of shape {is_synthetic.shape}."
            )
        real, synthetic = np.flatnonzero(~is_synthetic), np.flatnonzero(is_synthetic)
        if self.parent_indices is None:
            return real, synthetic, None
        parents = np.asarray(self.parent_indices)
        if parents.ndim != 2 or len(parents) != len(synthetic) or parents.dtype.kind not in "iu":
            raise ValueError(
                f"parent_indices must be integers of shape ({len(synthetic)}, n_parents), one row for each synthetic "
                f"row; got an array of {parents.dtype} of shape {parents.shape}."
            )
        wrong = ~np.isin(parents, real) & (parents != -1)
        if wrong.any():
            raise ValueError(f"parent_indices must be positions of real rows, or -1; got {parents[wrong][0]}.")
        return real, synthetic, parents


def _occur_in_every_fold(y, n_splits):
    """Whether there are enough rows of each value; numbers with fewer are stratified as a continuous target."""
    values = np.asarray(y)
    return values.dtype.kind not in "iuf" or np.unique(values, return_counts=True)[1].min() >= n_splits


def _sorted_rows(y, rng):
    """Return the positions of the rows by increasing target; ties in the order of the input, or at random."""
    if rng is None:
        return np.argsort(y, kind="stable")
    order = rng.permutation(len(y))
    return order[np.argsort(y[order], kind="stable")]


def _folds_in_order(n_rows, n_splits, rng):
    """Return the fold of each row in sorted order: blocks of `n_splits` rows, the short one in the middle."""
    n_blocks, n_left = divmod(n_rows, n_splits)
    sizes = np.full(n_blocks, n_splits)
    if n_left:
        sizes = np.insert(sizes, n_blocks // 2, n_left)
    folds = []
    for k, size in enumerate(sizes):
        order = rng.permutation(n_splits) if rng is not None else (np.arange(n_splits) + k) % n_splits
        folds.append(order[:size])
    return np.concatenate(folds)
