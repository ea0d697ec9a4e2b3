"""Over-samplers for a continuous target, and the base class that they share.

A sampler here is an imbalanced-learn sampler in everything but one point: imbalanced-learn refuses continuous targets
in `fit_resample`, so `BaseRegressionSampler` has its own.
"""

from numbers import Integral, Real
from typing import NamedTuple

import numpy as np
from imblearn.base import BaseSampler
from sklearn.base import _fit_context, clone
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions
from sklearn.utils.validation import check_consistent_length, validate_data

from skgan_resample._containers import append_rows
from skgan_resample._neighbors import HeomSpace, interpolate, nearest, perturb
from skgan_resample._tables import TableEncoder, read_target
from skgan_resample._validation import NoRareRowsError, warn
from skgan_resample.relevance import Relevance

__all__ = [
    "SMOGN",
    "SMOTER",
    "BaseRegressionSampler",
    "GaussianNoise",
    "RandomOverSampler",
    "SmognPackageSampler",  # noqa: F822 - from _smogn_package, see __getattr__
]

AUTO_SHARE = 0.25  # "auto" fills this share of the way to "balance"


def __getattr__(name):
    """Load SmognPackageSampler when it is asked for: its module stands on this one."""
    if name == "SmognPackageSampler":
        from skgan_resample._smogn_package import SmognPackageSampler

        return SmognPackageSampler
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


class Draft(NamedTuple):
    """New rows in codes, before they are snapped to the observed grid.

    Attributes
    ----------
    X : ndarray of shape (n_new, n_columns)
    y : ndarray of shape (n_new,)
    parents : ndarray of int, shape (n_new, 2)
        Rows of the input that each one was made from; -1 where there is none.
    """

    X: np.ndarray
    y: np.ndarray
    parents: np.ndarray


class BaseRegressionSampler(BaseSampler):
    """Base of samplers for a continuous target.

    It reads the table, learns what is rare, decides how many rows each run of rare values (bump) gets, and puts the
    new rows behind the old ones as valid rows of the same table. A child class draws them:

    ``_fit(X, y, rng)``
        Learn what a later `_draw` needs, such as a network. Optional.
    ``_draw(X, y, rng)``
        Return a `Draft`.

    Both get `X` in codes, shape (n_rows, n_columns), and `y` as floats. `self.encoder_` holds the schema of the table,
    `self.bumps_` the runs of target values, `self.sampling_strategy_` how many rows each rare one gets.

    Parameters
    ----------
    relevance : Relevance, default=None
        What is rare. It is cloned and fitted to the target; None is ``Relevance()``, the box-plot extremes.
    threshold : float in (0, 1], default=0.8
        A row is rare when the relevance of its target reaches this value.
    sampling_strategy : {"auto", "balance"}, float or dict, default="auto"
        How many rows are made; see `SMOGN`.
    under_sampling : {"balance"}, default=None
        What is done to common rows; see `SMOGN`.
    emphasis : {"equal", "relevance"}, default="equal"
        How often new rows begin at each rare row; see `SMOGN`.
    categorical_features : "auto", None, or array-like of names, positions or a mask of bool, default="auto"
        Nominal columns. "auto": strings, booleans, categories.
    on_no_rare : {"warn", "raise"}, default="warn"
        What happens without rare rows; see `SMOGN`.
    random_state : int, RandomState instance or None, default=None
        Same seed, same rows.

    See Also
    --------
    skgan_resample.estimator_checks.check_regression_sampler : Tells whether a child keeps all promises.

    Examples
    --------
    A sampler that repeats the rare row with the largest target:

    >>> import numpy as np
    >>> from skgan_resample.over_sampling import BaseRegressionSampler, Draft
    >>> class RepeatLargest(BaseRegressionSampler):
    ...     def _draw(self, X, y, rng):
    ...         n_new, largest = sum(self.sampling_strategy_.values()), int(y.argmax())
    ...         parents = np.column_stack([np.full(n_new, largest), np.full(n_new, -1)])
    ...         return Draft(X[parents[:, 0]], y[parents[:, 0]], parents)
    >>> X, y = np.arange(40.0).reshape(-1, 1), np.r_[np.arange(39.0) % 7, 50.0]
    >>> sampler = RepeatLargest(sampling_strategy={"high": 8})
    >>> X_resampled, y_resampled = sampler.fit_resample(X, y)  # six rows are rare, two more are asked for
    >>> y_resampled[-2:].tolist(), sampler.parent_indices_.tolist()
    ([50.0, 50.0], [[39, -1], [39, -1]])
    """

    _sampling_type = "bypass"  # imbalanced-learn's own checks of `sampling_strategy` are for classes

    _parameter_constraints: dict = {
        "relevance": [HasMethods(["fit", "bumps"]), None],
        "threshold": [Interval(Real, 0, 1, closed="right")],
        "sampling_strategy": [StrOptions({"auto", "balance"}), Interval(Real, 0, None, closed="left"), dict],
        "under_sampling": [StrOptions({"balance"}), None],
        "emphasis": [StrOptions({"equal", "relevance"})],
        "categorical_features": [StrOptions({"auto"}), "array-like", None],
        "on_no_rare": [StrOptions({"warn", "raise"})],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        *,
        relevance=None,
        threshold=0.8,
        sampling_strategy="auto",
        under_sampling=None,
        emphasis="equal",
        categorical_features="auto",
        on_no_rare="warn",
        random_state=None,
    ):
        self.relevance = relevance
        self.threshold = threshold
        self.sampling_strategy = sampling_strategy
        self.under_sampling = under_sampling
        self.emphasis = emphasis
        self.categorical_features = categorical_features
        self.on_no_rare = on_no_rare
        self.random_state = random_state

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y):
        """Learn what is rare, and what the drawing of new rows needs.

        Parameters
        ----------
        X : array-like or pandas, polars or pyarrow table of shape (n_rows, n_columns)
            Numbers, strings, booleans, categories, dates. Missing cells are allowed.
        y : array-like of shape (n_rows,)
            Continuous target, finite.

        Returns
        -------
        self : object
            The fitted estimator.
        """
        self._learn(X, y)
        return self

    @_fit_context(prefer_skip_nested_validation=True)
    def fit_resample(self, X, y):
        """Return the rows given, and new ones with rare target values behind them.

        Parameters
        ----------
        X : array-like or pandas, polars or pyarrow table of shape (n_rows, n_columns)
            Numbers, strings, booleans, categories, dates. Missing cells are allowed.
        y : array-like of shape (n_rows,)
            Continuous target, finite.

        Returns
        -------
        X_resampled : same container as `X`, shape (n_kept + n_new, n_columns)
            Kept rows first, unchanged and in the order of the input. A pandas index becomes 0, 1, 2, ....
        y_resampled : same container as `y`, shape (n_kept + n_new,)
            Their target values, in the same order.

        Raises
        ------
        ValueError
            If `X` or `y` cannot be used; the message names the column and what to do. `NoRareRowsError`, one of them,
            if no target value is rare and `on_no_rare` is "raise".
        """
        return self._fit_resample(X, y)

    def _fit_resample(self, X, y):
        codes, target, target_encoder, rng = self._learn(X, y)
        kept, draft = self._resample(codes, target, rng)
        X_new = y_new = None
        if len(draft.y):
            X_new = self.encoder_.from_codes(self.encoder_.snap(draft.X))
            y_new = target_encoder.from_codes(target_encoder.snap(draft.y[:, None]))
        self.kept_indices_ = kept
        self.parent_indices_ = draft.parents
        self.is_synthetic_ = np.arange(len(kept) + len(draft.y)) >= len(kept)
        return append_rows(X, kept, X_new), append_rows(y, kept, y_new)

    def _resample(self, X, y, rng):
        """Return the positions of the rows kept, and a Draft of the new ones."""
        kept = self._kept_rows(len(y), rng)
        if self._draws_rows():
            return kept, self._draw(X, y, rng)
        return kept, Draft(X[:0], y[:0], np.empty((0, 2), dtype=np.intp))

    def _fit(self, X, y, rng):
        """Learn what `_draw` needs; nothing by default."""

    def _draw(self, X, y, rng):
        """Return a Draft with the rows that `sampling_strategy_` asks for."""
        raise TypeError(f"{type(self).__name__} does not draw rows of its own.")

    def _learn(self, X, y):
        """Read the table, find the bumps, decide the amounts and call `_fit`.

        Returns
        -------
        codes : ndarray of shape (n_rows, n_columns)
        target : ndarray of shape (n_rows,)
        target_encoder : TableEncoder
            Brings new targets back in the data type of `y`.
        rng : numpy.random.RandomState
        """
        rng = check_random_state(self.random_state)
        codes, target, target_encoder = self._check_X_y(X, y)
        self.bumps_ = self._find_bumps(target)
        self.sampling_strategy_ = self._amounts(len(target))
        if self._draws_rows():
            self._fit(codes, target, rng)
        return codes, target, target_encoder, rng

    def _check_X_y(self, X, y):
        """Return `X` and `y` as codes, with the encoder of `y`; learn the schema of `X`."""
        if y is None:
            raise ValueError(f"{type(self).__name__} requires y to be passed, but the target y is None.")
        self.encoder_ = TableEncoder(categorical_features=self.categorical_features, scale=None)
        codes = self.encoder_.fit_to_codes(X)
        if self.encoder_.is_column_:
            raise ValueError("Expected 2D array, got 1D array instead: make a single column a table of one column.")
        validate_data(self, X, skip_check_array=True)  # n_features_in_ and feature_names_in_
        target, target_encoder = read_target(y)
        check_consistent_length(codes, target)
        if len(target) < 2:
            raise ValueError(f"n_samples=1: {type(self).__name__} needs at least 2 rows, got 1 sample.")
        return codes, target, target_encoder

    def _find_bumps(self, target):
        """Return the runs of rare and common target values; no rare one after a warning."""
        self.relevance_ = Relevance() if self.relevance is None else clone(self.relevance)
        try:
            self.relevance_.fit(target)
            bumps = self.relevance_.bumps(target, self.threshold)
            if not any(bump.is_rare for bump in bumps):
                raise NoRareRowsError(
                    f"No row reaches the relevance {self.threshold:g}; lower `threshold` or choose another relevance."
                )
        except NoRareRowsError as error:
            if self.on_no_rare == "raise":
                raise
            warn(f"The table is returned unchanged. {error}")
            return []
        return bumps

    def _kept_rows(self, n_rows, rng):
        """Return the positions of the rows that stay: all, or common bumps cut down to B rows each."""
        if self.under_sampling is None or not self.bumps_:
            return np.arange(n_rows)
        size = round(n_rows / len(self.bumps_))
        kept = []
        for bump in self.bumps_:
            rows = bump.indices
            if not bump.is_rare and len(rows) > size:
                rows = rng.choice(rows, size, replace=False)
            kept.append(rows)
        return np.sort(np.concatenate(kept))

    def _amounts(self, n_rows):
        """Return how many rows each rare bump gets, by name."""
        return _amounts(self.sampling_strategy, self.bumps_, n_rows)

    def _draws_rows(self):
        """Whether new rows are to be drawn."""
        return sum(self.sampling_strategy_.values()) > 0

    def _growing_bumps(self):
        """Yield each rare bump that gets rows, with the positions of its rows in the input and how many it gets."""
        for bump in self.bumps_:
            n_new = self.sampling_strategy_.get(bump.name, 0)
            if n_new:
                yield bump, np.sort(bump.indices), n_new

    def _choose_seeds(self, y, n_new, rng):
        """Return positions of the rows, with the targets `y`, that new ones begin at."""
        if self.emphasis == "equal":
            return _in_turn(len(y), n_new, rng)
        return _in_proportion(self.relevance_(y), n_new, rng)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = False
        tags.input_tags.allow_nan = True
        tags.input_tags.string = self.categorical_features is not None
        tags.input_tags.categorical = self.categorical_features is not None
        tags.target_tags.required = True
        return tags


class RandomOverSampler(BaseRegressionSampler):
    """Over-sample rare target values by copying their rows.

    The plainest over-sampler, and often as good as any.

    Parameters
    ----------
    relevance : Relevance, default=None
        What is rare. It is cloned and fitted to the target; None is ``Relevance()``, the box-plot extremes.
    threshold : float in (0, 1], default=0.8
        A row is rare when the relevance of its target reaches this value.
    sampling_strategy : {"auto", "balance"}, float or dict, default="auto"
        How many rows are made. With B = (number of rows) / (number of bumps), where a bump is a run of consecutive
        target values that are all rare or all common, and n rows in a rare bump:

        - "balance": each rare bump with fewer than B rows is raised to B rows;
        - "auto" (ours): a quarter of that, 0.25 (B - n) new rows. "balance" costs total error and shifts totals;
        - float: rare rows afterwards, as a multiple of the common rows before under-sampling; new rows are shared
          out in proportion to the bumps' sizes;
        - dict such as ``{"low": 40, "high": 90}``: rows of each rare bump afterwards. The names are those of
          ``relevance_.bumps(y)``: "low" for the lowest values, "high" for the highest.
    under_sampling : {"balance"}, default=None
        None keeps every row. "balance" keeps B rows, drawn at random, of each common bump that has more.
    emphasis : {"equal", "relevance"}, default="equal"
        How often new rows begin at each rare row of a bump: all equally often, or (ours) in proportion to their
        relevance. With the latter and a low `threshold` the number of rows rises with relevance instead of jumping at
        the threshold.
    categorical_features : "auto", None, or array-like of names, positions or a mask of bool, default="auto"
        Nominal columns. "auto": strings, booleans, categories. Numeric columns can be named as well.
    on_no_rare : {"warn", "raise"}, default="warn"
        Without rare rows, return the table unchanged with one `ResamplingWarning`, or raise `NoRareRowsError`.
    random_state : int, RandomState instance or None, default=None
        Same seed, same rows.

    Attributes
    ----------
    relevance_ : Relevance
        Fitted to the target.
    bumps_ : list of Bump
        Runs of rare and of common target values; empty if nothing is rare.
    sampling_strategy_ : dict
        Number of new rows by name of the rare bump.
    is_synthetic_ : ndarray of bool, shape (n_kept + n_new,)
        Which rows of the result are new.
    kept_indices_ : ndarray of int, shape (n_kept,)
        Positions in the input of the rows kept.
    parent_indices_ : ndarray of int, shape (n_new, 2)
        Positions in the input of the rows that each new row was made from; -1 where there is none.
    encoder_ : TableEncoder
        Schema of the table: kind, range and grid of every column.
    n_features_in_, feature_names_in_
        As everywhere in scikit-learn.

    See Also
    --------
    SMOGN : New rows between and around rare ones instead of copies.
    skgan_resample.compose.RelevanceWeightedRegressor : The same emphasis without new rows, by weights.

    References
    ----------
    .. [1] P. Branco, L. Torgo, R. P. Ribeiro, "Pre-processing approaches for imbalanced distributions in regression",
       Neurocomputing 343, 2019.

    Examples
    --------
    >>> import numpy as np
    >>> from skgan_resample.over_sampling import RandomOverSampler
    >>> y = np.r_[np.arange(20.0), 60.0, 70.0]
    >>> X = y[:, None] / 10
    >>> sampler = RandomOverSampler(sampling_strategy={"high": 8}, random_state=0)
    >>> X_resampled, y_resampled = sampler.fit_resample(X, y)
    >>> len(y), len(y_resampled), sampler.is_synthetic_.sum().item()
    (22, 25, 3)
    """

    def _draw(self, X, y, rng):
        rows = np.concatenate([rows[self._choose_seeds(y[rows], n, rng)] for _, rows, n in self._growing_bumps()])
        return Draft(X[rows], y[rows], _single_parents(rows))


class GaussianNoise(BaseRegressionSampler):
    """Over-sample rare target values by copies with Gaussian noise, target included.

    Parameters
    ----------
    relevance : Relevance, default=None
        What is rare. It is cloned and fitted to the target; None is ``Relevance()``, the box-plot extremes.
    threshold : float in (0, 1], default=0.8
        A row is rare when the relevance of its target reaches this value.
    sampling_strategy : {"auto", "balance"}, float or dict, default="auto"
        How many rows are made. With B = (number of rows) / (number of bumps), where a bump is a run of consecutive
        target values that are all rare or all common, and n rows in a rare bump:

        - "balance": each rare bump with fewer than B rows is raised to B rows;
        - "auto" (ours): a quarter of that, 0.25 (B - n) new rows. "balance" costs total error and shifts totals;
        - float: rare rows afterwards, as a multiple of the common rows before under-sampling; new rows are shared
          out in proportion to the bumps' sizes;
        - dict such as ``{"low": 40, "high": 90}``: rows of each rare bump afterwards. The names are those of
          ``relevance_.bumps(y)``: "low" for the lowest values, "high" for the highest.
    under_sampling : {"balance"}, default=None
        None keeps every row. "balance" keeps B rows, drawn at random, of each common bump that has more.
    emphasis : {"equal", "relevance"}, default="equal"
        How often new rows begin at each rare row of a bump: all equally often, or (ours) in proportion to their
        relevance. With the latter and a low `threshold` the number of rows rises with relevance instead of jumping at
        the threshold.
    perturbation : float, default=0.1
        Standard deviation of the noise, as a share of the standard deviation of each column among the rows of the
        bump. Nominal cells are drawn anew with the frequencies in the bump.
    categorical_features : "auto", None, or array-like of names, positions or a mask of bool, default="auto"
        Nominal columns. "auto": strings, booleans, categories. Numeric columns can be named as well.
    on_no_rare : {"warn", "raise"}, default="warn"
        Without rare rows, return the table unchanged with one `ResamplingWarning`, or raise `NoRareRowsError`.
    random_state : int, RandomState instance or None, default=None
        Same seed, same rows.

    Attributes
    ----------
    relevance_, bumps_, sampling_strategy_, is_synthetic_, kept_indices_, parent_indices_, encoder_
        As in `RandomOverSampler`.

    References
    ----------
    .. [1] P. Branco, R. P. Ribeiro, L. Torgo, "UBL: an R package for utility-based learning", arXiv:1604.08079, 2016.

    Examples
    --------
    >>> import numpy as np
    >>> from skgan_resample.over_sampling import GaussianNoise
    >>> y = np.r_[np.arange(20.0), 60.0, 70.0]
    >>> X = y[:, None] / 10
    >>> X_resampled, y_resampled = GaussianNoise(sampling_strategy="balance", random_state=0).fit_resample(X, y)
    >>> len(y_resampled), bool((y_resampled[22:] >= 17).all())  # from 17 on, targets are rare
    (28, True)
    """

    _parameter_constraints: dict = {
        **BaseRegressionSampler._parameter_constraints,
        "perturbation": [Interval(Real, 0, None, closed="left")],
    }

    def __init__(
        self,
        *,
        relevance=None,
        threshold=0.8,
        sampling_strategy="auto",
        under_sampling=None,
        emphasis="equal",
        perturbation=0.1,
        categorical_features="auto",
        on_no_rare="warn",
        random_state=None,
    ):
        super().__init__(
            relevance=relevance,
            threshold=threshold,
            sampling_strategy=sampling_strategy,
            under_sampling=under_sampling,
            emphasis=emphasis,
            categorical_features=categorical_features,
            on_no_rare=on_no_rare,
            random_state=random_state,
        )
        self.perturbation = perturbation

    def _draw(self, X, y, rng):
        drafts = []
        for bump, rows, n_new in self._growing_bumps():
            seeds = self._choose_seeds(y[rows], n_new, rng)
            scale = np.full(n_new, self.perturbation)
            drafts.append(_rows_around(X, y, bump, rows, seeds, scale, self.encoder_.nominal_, rng))
        return _stack(drafts)


class _NeighborSampler(BaseRegressionSampler):
    """Parameters of the samplers that draw between neighbours."""

    _parameter_constraints: dict = {
        **BaseRegressionSampler._parameter_constraints,
        "k_neighbors": [Interval(Integral, 1, None, closed="left"), HasMethods(["fit", "kneighbors"])],
        "metric": [StrOptions({"heom", "euclidean"})],
    }

    def __init__(
        self,
        *,
        relevance=None,
        threshold=0.8,
        sampling_strategy="auto",
        under_sampling=None,
        emphasis="equal",
        k_neighbors=5,
        metric="heom",
        categorical_features="auto",
        on_no_rare="warn",
        random_state=None,
    ):
        super().__init__(
            relevance=relevance,
            threshold=threshold,
            sampling_strategy=sampling_strategy,
            under_sampling=under_sampling,
            emphasis=emphasis,
            categorical_features=categorical_features,
            on_no_rare=on_no_rare,
            random_state=random_state,
        )
        self.k_neighbors = k_neighbors
        self.metric = metric

    def _choose_pairs(self, X, y, rows, n_new, rng, *, half_median=False):
        """Return seeds, one random neighbour of each, their distance and the safe distance, counted in the bump."""
        schema = self.encoder_
        space = HeomSpace(X[rows], schema.nominal_, *schema.ranges, metric=self.metric)
        seeds = self._choose_seeds(y[rows], n_new, rng)
        if n_new < len(rows) or self.emphasis == "relevance":
            distinct, place = np.unique(seeds, return_inverse=True)
        else:  # every row is a seed
            distinct, place = np.arange(len(rows)), seeds
        found = nearest(space, distinct, self.k_neighbors, half_median=half_median, rng=rng)
        pick = place, rng.randint(found.indices.shape[1], size=n_new)
        safe = found.half_median if half_median else np.median(found.distances, axis=1) / 2
        return seeds, found.indices[pick], found.distances[pick], safe[place]


class SMOTER(_NeighborSampler):
    """Over-sample rare target values by interpolation between neighbours (SMOTE for regression).

    A new row lies on the segment between a rare row and one of its nearest neighbours in the same bump, its target at
    the same place between their targets. Nominal cells come from either parent.

    Parameters
    ----------
    relevance : Relevance, default=None
        What is rare. It is cloned and fitted to the target; None is ``Relevance()``, the box-plot extremes.
    threshold : float in (0, 1], default=0.8
        A row is rare when the relevance of its target reaches this value.
    sampling_strategy : {"auto", "balance"}, float or dict, default="auto"
        How many rows are made. With B = (number of rows) / (number of bumps), where a bump is a run of consecutive
        target values that are all rare or all common, and n rows in a rare bump:

        - "balance": each rare bump with fewer than B rows is raised to B rows;
        - "auto" (ours): a quarter of that, 0.25 (B - n) new rows. "balance" costs total error and shifts totals;
        - float: rare rows afterwards, as a multiple of the common rows before under-sampling; new rows are shared
          out in proportion to the bumps' sizes;
        - dict such as ``{"low": 40, "high": 90}``: rows of each rare bump afterwards. The names are those of
          ``relevance_.bumps(y)``: "low" for the lowest values, "high" for the highest.
    under_sampling : {"balance"}, default=None
        None keeps every row. "balance" keeps B rows, drawn at random, of each common bump that has more.
    emphasis : {"equal", "relevance"}, default="equal"
        How often new rows begin at each rare row of a bump: all equally often, or (ours) in proportion to their
        relevance. With the latter and a low `threshold` the number of rows rises with relevance instead of jumping at
        the threshold.
    k_neighbors : int or object with ``kneighbors``, default=5
        Neighbours to choose from; all others where a bump has fewer. An object is cloned and counts the row itself,
        as in imbalanced-learn: its ``n_neighbors`` is one more.
    metric : {"heom", "euclidean"}, default="heom"
        "heom" divides numeric columns by their range in the table and counts 1 for differing levels and for missing
        cells; "euclidean" takes numeric columns in their own units and admits no nominal ones.
    categorical_features : "auto", None, or array-like of names, positions or a mask of bool, default="auto"
        Nominal columns. "auto": strings, booleans, categories. Numeric columns can be named as well.
    on_no_rare : {"warn", "raise"}, default="warn"
        Without rare rows, return the table unchanged with one `ResamplingWarning`, or raise `NoRareRowsError`.
    random_state : int, RandomState instance or None, default=None
        Same seed, same rows.

    Attributes
    ----------
    relevance_, bumps_, sampling_strategy_, is_synthetic_, kept_indices_, parent_indices_, encoder_
        As in `RandomOverSampler`.

    Notes
    -----
    A bump of a single row has no neighbours: the row is copied, with a `ResamplingWarning`.

    References
    ----------
    .. [1] L. Torgo, R. P. Ribeiro, B. Pfahringer, P. Branco, "SMOTE for regression", EPIA 2013.

    Examples
    --------
    >>> import numpy as np
    >>> from skgan_resample.over_sampling import SMOTER
    >>> y = np.r_[np.arange(20.0), 60.0, 70.0]
    >>> X = y[:, None] / 10
    >>> X_resampled, y_resampled = SMOTER(sampling_strategy="balance", random_state=0).fit_resample(X, y)
    >>> bool(np.allclose(X_resampled[:, 0], y_resampled / 10, atol=0.1))
    True
    """

    def _draw(self, X, y, rng):
        drafts = []
        for _, rows, n_new in self._growing_bumps():
            if len(rows) == 1:
                warn("A rare row without neighbours was copied.")
                copies = np.repeat(rows, n_new)
                drafts.append(Draft(X[copies], y[copies], _single_parents(copies)))
                continue
            seeds, partners, _, _ = self._choose_pairs(X, y, rows, n_new, rng)
            drafts.append(_rows_between(X, y, rows, seeds, partners, self.encoder_.nominal_, rng))
        return _stack(drafts)


class SMOGN(_NeighborSampler):
    """Over-sample rare target values by interpolation where it is safe and by noise where it is not.

    Each new row begins at a rare row and one of its nearest neighbours in the same bump, a run of rare target values.
    If the neighbour is nearer than a safe distance, the new row is drawn between the two, else close to the rare row.
    The target is treated the same way as the features [1]_.

    Parameters
    ----------
    relevance : Relevance, default=None
        What is rare. It is cloned and fitted to the target; None is ``Relevance()``, the box-plot extremes.
    threshold : float in (0, 1], default=0.8
        A row is rare when the relevance of its target reaches this value.
    sampling_strategy : {"auto", "balance"}, float or dict, default="auto"
        How many rows are made. With B = (number of rows) / (number of bumps), where a bump is a run of consecutive
        target values that are all rare or all common, and n rows in a rare bump:

        - "balance": each rare bump with fewer than B rows is raised to B rows;
        - "auto" (ours): a quarter of that, 0.25 (B - n) new rows. "balance" costs total error and shifts totals;
        - float: rare rows afterwards, as a multiple of the common rows before under-sampling; new rows are shared
          out in proportion to the bumps' sizes;
        - dict such as ``{"low": 40, "high": 90}``: rows of each rare bump afterwards. The names are those of
          ``relevance_.bumps(y)``: "low" for the lowest values, "high" for the highest.
    under_sampling : {"balance"}, default=None
        None keeps every row. "balance" keeps B rows, drawn at random, of each common bump that has more.
    emphasis : {"equal", "relevance"}, default="equal"
        How often new rows begin at each rare row of a bump: all equally often, or (ours) in proportion to their
        relevance. With the latter and a low `threshold` the number of rows rises with relevance instead of jumping at
        the threshold.
    k_neighbors : int or object with ``kneighbors``, default=5
        Neighbours to choose from; all others where a bump has fewer. An object is cloned and counts the row itself,
        as in imbalanced-learn: its ``n_neighbors`` is one more.
    metric : {"heom", "euclidean"}, default="heom"
        "heom" divides numeric columns by their range in the table and counts 1 for differing levels and for missing
        cells; "euclidean" takes numeric columns in their own units and admits no nominal ones.
    safe_distance : {"bin", "neighbors"}, default="bin"
        "bin": half the median distance to the other rows of the bump, as in the SMOGN paper. "neighbors": half the
        median distance to the `k_neighbors` nearest, the reading attributed to SMOGAN; few draws interpolate then.
    perturbation : float, default=0.02
        Upper limit of the noise: its standard deviation is the smaller of this and the safe distance, times the
        standard deviation of each column among the rows of the bump.
    categorical_features : "auto", None, or array-like of names, positions or a mask of bool, default="auto"
        Nominal columns. "auto": strings, booleans, categories. Numeric columns can be named as well.
    on_no_rare : {"warn", "raise"}, default="warn"
        Without rare rows, return the table unchanged with one `ResamplingWarning`, or raise `NoRareRowsError`.
    random_state : int, RandomState instance or None, default=None
        Same seed, same rows.

    Attributes
    ----------
    relevance_, bumps_, sampling_strategy_, is_synthetic_, kept_indices_, parent_indices_, encoder_
        As in `RandomOverSampler`. A row made by noise has one parent.

    Notes
    -----
    A sampler is a step of an `imblearn.pipeline.Pipeline`; scikit-learn's own Pipeline takes none.

    Ours, where the paper is silent: targets stay in the range of their bump, so every new row is rare; values are
    snapped to the observed grid of their column; a cell is NaN only if it is in every parent; in bumps of more than
    20,000 rows the median distance is estimated from 2,000 of them.

    References
    ----------
    .. [1] P. Branco, L. Torgo, R. P. Ribeiro, "SMOGN: a pre-processing approach for imbalanced regression",
       PMLR 74, 2017.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from skgan_resample import SMOGN, Relevance
    >>> X, y = load_diabetes(return_X_y=True, as_frame=True)
    >>> sampler = SMOGN(relevance=Relevance("quantile", side="high"), random_state=0)
    >>> X_resampled, y_resampled = sampler.fit_resample(X, y)
    >>> print(sampler.relevance_.explain())
    47 of 442 rows are rare: y >= 265
    >>> len(X), len(X_resampled), sampler.sampling_strategy_
    (442, 486, {'high': 44})
    """

    _parameter_constraints: dict = {
        **_NeighborSampler._parameter_constraints,
        "safe_distance": [StrOptions({"bin", "neighbors"})],
        "perturbation": [Interval(Real, 0, None, closed="left")],
    }

    def __init__(
        self,
        *,
        relevance=None,
        threshold=0.8,
        sampling_strategy="auto",
        under_sampling=None,
        emphasis="equal",
        k_neighbors=5,
        metric="heom",
        safe_distance="bin",
        perturbation=0.02,
        categorical_features="auto",
        on_no_rare="warn",
        random_state=None,
    ):
        super().__init__(
            relevance=relevance,
            threshold=threshold,
            sampling_strategy=sampling_strategy,
            under_sampling=under_sampling,
            emphasis=emphasis,
            k_neighbors=k_neighbors,
            metric=metric,
            categorical_features=categorical_features,
            on_no_rare=on_no_rare,
            random_state=random_state,
        )
        self.safe_distance = safe_distance
        self.perturbation = perturbation

    def _draw(self, X, y, rng):
        drafts, nominal = [], self.encoder_.nominal_
        for bump, rows, n_new in self._growing_bumps():
            if len(rows) == 1:  # no neighbour and no distance: noise of the full width
                seeds, scale = np.zeros(n_new, dtype=np.intp), np.full(n_new, self.perturbation)
                drafts.append(_rows_around(X, y, bump, rows, seeds, scale, nominal, rng))
                continue
            seeds, partners, distance, safe = self._choose_pairs(
                X, y, rows, n_new, rng, half_median=self.safe_distance == "bin"
            )
            near = distance < safe
            drafts.append(_rows_between(X, y, rows, seeds[near], partners[near], nominal, rng))
            scale = np.minimum(safe, self.perturbation)[~near]
            drafts.append(_rows_around(X, y, bump, rows, seeds[~near], scale, nominal, rng))
        return _stack(drafts)


# ------------------------------------------------------------------------------------------------ amounts and drafts
def _amounts(strategy, bumps, n_rows):
    """Return how many rows each rare bump gets, by name; see `sampling_strategy` in RandomOverSampler."""
    rare = {bump.name: len(bump.indices) for bump in bumps if bump.is_rare}
    if not rare:
        return {}
    if isinstance(strategy, dict):
        unknown = sorted(set(strategy) - set(rare))
        if unknown:
            raise ValueError(
                f"sampling_strategy names {unknown}, but the rare bumps of this target are {sorted(rare)}."
            )
        for name, wanted in strategy.items():
            if not isinstance(wanted, Integral) or wanted < rare[name]:
                raise ValueError(
                    f"sampling_strategy[{name!r}] must be a whole number of at least {rare[name]}, the rows that the "
                    f"bump has already; got {wanted!r}."
                )
        return {name: int(strategy.get(name, size)) - size for name, size in rare.items()}
    if isinstance(strategy, Real):
        n_rare = sum(rare.values())
        return _share_out(max(0, round(strategy * (n_rows - n_rare)) - n_rare), rare)
    share = 1.0 if strategy == "balance" else AUTO_SHARE
    size = round(n_rows / len(bumps))
    return {name: round(share * max(0, size - n)) for name, n in rare.items()}


def _share_out(total, sizes):
    """Return `total` in whole parts proportional to `sizes`; the largest remainders are rounded up."""
    exact = {name: total * size / sum(sizes.values()) for name, size in sizes.items()}
    parts = {name: int(value) for name, value in exact.items()}
    for name in sorted(exact, key=lambda name: parts[name] - exact[name])[: total - sum(parts.values())]:
        parts[name] += 1
    return parts


def _in_turn(n_rows, n_new, rng):
    """Return `n_new` positions of rows: every row equally often, the remainder at random."""
    rounds, rest = divmod(n_new, n_rows)
    return np.concatenate([np.tile(np.arange(n_rows), rounds), rng.permutation(n_rows)[:rest]])


def _in_proportion(weights, n_new, rng):
    """Return `n_new` positions of rows, each as often as its share of the weights says, rounded up or down at random.

    This is systematic sampling: equidistant points from a random start fall on rows laid end to end in random order.
    """
    order = rng.permutation(len(weights))
    ends = np.cumsum(weights[order])
    points = (np.arange(n_new) + rng.uniform()) / n_new * ends[-1]
    return order[np.searchsorted(ends, points, side="right").clip(max=len(weights) - 1)]


def _rows_between(X, y, rows, seeds, partners, nominal, rng):
    """Return a Draft of rows between seeds and partners, both counted within `rows`."""
    joined = np.column_stack([X[rows], y[rows]])
    u = rng.uniform(size=len(seeds))
    drawn = interpolate(joined, seeds, partners, u, np.append(nominal, False), rng)
    return Draft(drawn[:, :-1], drawn[:, -1], np.column_stack([rows[seeds], rows[partners]]))


def _rows_around(X, y, bump, rows, seeds, scale, nominal, rng):
    """Return a Draft of rows scattered around seeds, counted within `rows`; targets stay in the bump."""
    joined = np.column_stack([X[rows], y[rows]])
    spread = _spread(joined if len(rows) > 1 else np.column_stack([X, y]))
    drawn = perturb(joined, seeds, scale, spread, np.append(nominal, False), rng)
    target = np.minimum(np.maximum(drawn[:, -1], bump.low), bump.high)
    return Draft(drawn[:, :-1], target, _single_parents(rows[seeds]))


def _spread(values):
    """Return the standard deviation of each column, NaN aside; 0 for a column of NaN alone."""
    present = ~np.isnan(values)
    count = np.maximum(present.sum(axis=0), 1)
    mean = np.where(present, values, 0.0).sum(axis=0) / count
    return np.sqrt(np.where(present, (values - mean) ** 2, 0.0).sum(axis=0) / count)


def _single_parents(rows):
    return np.column_stack([rows, np.full(len(rows), -1)])


def _stack(drafts):
    return Draft(*(np.concatenate(parts) for parts in zip(*drafts)))
