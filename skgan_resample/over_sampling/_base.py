"""The base class of samplers for a continuous target: what is rare, how many rows, valid rows.

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

from skgan_resample._docstrings import shared_descriptions
from skgan_resample._sampling import drawn_equally, drawn_in_proportion
from skgan_resample._tables._containers import append_rows, table_reader
from skgan_resample._tables._encoder import TableEncoder, admit_tables
from skgan_resample._tables._targets import read_target_and_schema
from skgan_resample.exceptions import NoRareRowsError, warn
from skgan_resample.relevance import Relevance

AUTO_SHARE = 0.25  # "auto" fills this share of the way to "balance"; our choice on tuning tables, see smogan_levers.md

described = shared_descriptions("""
    X : array-like or pandas, polars or pyarrow table of shape (n_samples, n_features)
        Numbers, strings, booleans, categories, dates. Missing cells are allowed.
    y : array-like of shape (n_samples,)
        Continuous target, finite.
    relevance : Relevance, default=None
        What is rare. It is cloned and fitted to the target; None is ``Relevance()``, the box-plot extremes.
    threshold : float in (0, 1], default=0.8
        A row is rare when the relevance of its target reaches this value.
    sampling_strategy : {"auto", "balance"}, float or dict, default="auto"
        How many rows are made. With B = (number of rows) / (number of bumps), where a bump is a run of consecutive
        target values that are all rare or all common, and n rows in a rare bump:

        - "balance": each rare bump with fewer than B rows is raised to B rows;
        - "auto": a quarter of that, 0.25 (B - n) new rows; our choice, because "balance" shifts totals;
        - float: rare rows afterwards, as a multiple of the common rows; shared out in proportion to the bumps' sizes;
        - dict such as ``{"low": 40, "high": 90}``: rows of each rare bump afterwards, by the names of
          ``relevance_.bumps(y)``.
    under_sampling : {"balance"}, default=None
        None keeps every row. "balance" keeps B rows, drawn at random, of each common bump that has more.
    emphasis : {"equal", "relevance"}, default="equal"
        How often new rows begin at each rare row of a bump: equally often, or in proportion to its relevance. The
        latter is our addition: the number of rows rises with relevance instead of jumping at a low `threshold`.
    categorical_features : "auto", None, or array-like of names, positions or a mask of bool, default="auto"
        Nominal columns. "auto": strings, booleans, categories. Numeric columns can be named as well.
    on_no_rare : {"warn", "raise"}, default="warn"
        Without rare rows, return the table unchanged with one `ResamplingWarning`, or raise `NoRareRowsError`.
    random_state : int, RandomState instance or None, default=None
        Same seed, same rows.
    k_neighbors : int or object with ``kneighbors``, default=5
        Neighbours to choose from; all others where a bump has fewer. An object is cloned and counts the row itself, as
        in imbalanced-learn.
    metric : {"heom", "euclidean"}, default="heom"
        "heom" (heterogeneous Euclidean-overlap metric) divides numeric columns by their range and counts 1 for other
        categories and missing cells; "euclidean" takes numeric columns alone, in their own units.
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
        Positions in the input of the rows that each new row was made from; -1 where there is none or none is known.
    encoder_ : TableEncoder
        Schema of the table: kind, range and grid of every column.
    n_features_in_, feature_names_in_
        As everywhere in scikit-learn.
    """)


class Draft(NamedTuple):
    """New rows that a child of `BaseRegressionSampler` returns: ordinal-encoded, not yet rounded to valid cells.

    Parameters
    ----------
    X : ndarray of shape (n_new, n_features)
        Features, encoded by ``encoder_`` of the sampler.
    y : ndarray of shape (n_new,)
        Target values.
    parents : ndarray of int, shape (n_new, 2)
        Positions in the input of the rows that each new row was made from; -1 where there is none.

    Examples
    --------
    Two copies of the first row and one row halfway between the first two:

    >>> import numpy as np
    >>> from skgan_resample import Draft
    >>> X, y = np.array([[0.0], [2.0]]), np.array([5.0, 6.0])
    >>> parents = np.array([[0, -1], [0, -1], [0, 1]])
    >>> draft = Draft(np.array([[0.0], [0.0], [1.0]]), np.array([5.0, 5.0, 5.5]), parents)
    >>> draft.X[:, 0].tolist(), draft.y.tolist()
    ([0.0, 0.0, 1.0], [5.0, 5.0, 5.5])
    """

    X: np.ndarray
    y: np.ndarray
    parents: np.ndarray


@described
class BaseRegressionSampler(BaseSampler):
    """Base of samplers for a continuous target.

    It reads the table, learns what is rare, decides how many rows each run of rare values (bump) gets, and puts the
    new rows behind the old ones as valid rows of the same table. A child class draws them:

    ``_fit(X, y, rng)``
        Learn what a later `_draw` needs, such as a network. Optional.
    ``_draw(X, y, rng)``
        Return a `Draft`.

    Both get `X` ordinal-encoded, as floats of shape (n_samples, n_features), and `y` as floats. `self.encoder_` holds
    the schema of the table, `self.bumps_` the runs of target values, `self.sampling_strategy_` how many rows each rare
    one gets. A child that replaces more than these two methods sets the class attribute ``draws_codes = False``.

    Parameters
    ----------
    {relevance, threshold, sampling_strategy, under_sampling, emphasis, categorical_features}
    {on_no_rare, random_state}

    See Also
    --------
    skgan_resample.estimator_checks.check_regression_sampler : Checks that a child keeps all promises.

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
    >>> X_resampled, y_resampled = sampler.fit_resample(X, y)  # six rows are rare; raise them to eight
    >>> y_resampled[-2:].tolist(), sampler.parent_indices_.tolist()
    ([50.0, 50.0], [[39, -1], [39, -1]])
    """

    draws_codes = True  # `_fit` and `_draw` alone make the rows, so SMOGAN can call them on its own encoded table
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

    @described
    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y):
        """Learn what is rare, and what the drawing of new rows needs.

        Parameters
        ----------
        {X, y}

        Returns
        -------
        self : object
            The fitted estimator.
        """
        self._learn(X, y)
        return self

    @described
    @_fit_context(prefer_skip_nested_validation=True)
    def fit_resample(self, X, y):
        """Return the rows given, and new ones with rare target values behind them.

        Parameters
        ----------
        {X, y}

        Returns
        -------
        X_resampled : same container as `X`, shape (n_kept + n_new, n_features)
            Kept rows first, unchanged and in the order of the input. A pandas index becomes 0, 1, 2, ....
        y_resampled : same container as `y`, shape (n_kept + n_new,)
            Their target values, in the same order.

        Raises
        ------
        NoRareRowsError
            If no target value is rare and `on_no_rare` is "raise".
        """
        return self._fit_resample(X, y)

    def _fit_resample(self, X, y):
        codes, target, rng = self._learn(X, y)
        kept, draft = self._resample(codes, target, rng)
        X_new = y_new = None
        if len(draft.y):
            X_new = self.encoder_.from_codes(self.encoder_.snap(draft.X))
            y_new = self._target_encoder.from_codes(self._snapped(draft.y)[:, None])
        self.kept_indices_ = kept
        self.parent_indices_ = draft.parents
        self.is_synthetic_ = np.arange(len(kept) + len(draft.y)) >= len(kept)  # kept rows first
        return append_rows(X, kept, X_new), append_rows(y, kept, y_new)

    def _resample(self, X, y, rng):
        """Return the positions of the rows kept, and a Draft of the new ones."""
        kept = self._kept_rows(len(y), rng)
        if self._draws_rows():
            return kept, self._draw(X, y, rng)
        return kept, Draft(X[:0], y[:0], np.empty((0, 2), dtype=np.intp))

    def _snapped(self, y):
        """Return targets as the nearest values that the column of the target can hold."""
        return self._target_encoder.snap(y[:, None])[:, 0]

    def _fit(self, X, y, rng):
        """Learn what `_draw` needs; nothing by default."""

    def _draw(self, X, y, rng):
        """Return a Draft with the rows that `sampling_strategy_` counts."""
        raise TypeError(f"{type(self).__name__} has no method `_draw` that makes rows.")

    def _learn(self, X, y):
        """Read the table, find the bumps, decide the amounts and call `_fit`; return codes, target and `rng`."""
        rng = check_random_state(self.random_state)
        codes, target = self._check_X_y(X, y)
        self.bumps_ = self._find_bumps(target)
        self.sampling_strategy_ = self._amounts(len(target))
        if self._draws_rows():
            self._fit(codes, target, rng)
        return codes, target, rng

    def _check_X_y(self, X, y):
        """Return `X` as codes and `y` as floats; learn the schemas of both."""
        if y is None:
            raise ValueError(f"{type(self).__name__} requires y to be passed, but the target y is None.")
        self.encoder_ = TableEncoder(categorical_features=self.categorical_features, scale=None)
        codes = self.encoder_.fit_to_codes(table_reader(X))
        validate_data(self, X, skip_check_array=True)  # n_features_in_ and feature_names_in_
        target, self._target_encoder = read_target_and_schema(y)
        check_consistent_length(codes, target)
        if len(target) < 2:
            raise ValueError(f"n_samples=1: {type(self).__name__} needs at least 2 rows, got 1 sample.")
        return codes, target

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
        size = round(n_rows / len(self.bumps_))  # B
        kept = []
        for bump in self.bumps_:
            rows = bump.indices
            if not bump.is_rare and len(rows) > size:
                rows = rng.choice(rows, size, replace=False)
            kept.append(rows)
        return np.sort(np.concatenate(kept))

    def _amounts(self, n_rows):
        """Return how many rows each rare bump gets, by name."""
        return rows_per_bump(self.sampling_strategy, self.bumps_, n_rows)

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
            return drawn_equally(len(y), n_new, rng)
        return drawn_in_proportion(self.relevance_(y), n_new, rng)

    def __sklearn_tags__(self):
        tags = admit_tables(super().__sklearn_tags__(), self.categorical_features is not None)
        tags.target_tags.required = True
        return tags


# ------------------------------------------------------------------------------------------------ amounts and drafts
def rows_per_bump(strategy, bumps, n_rows):
    """Return how many rows each rare bump gets, by name; the rules are those of `sampling_strategy` above."""
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
    if isinstance(strategy, Real):  # rare rows afterwards = strategy x common rows
        n_rare = sum(rare.values())
        return _share_out(max(0, round(strategy * (n_rows - n_rare)) - n_rare), rare)
    share = 1.0 if strategy == "balance" else AUTO_SHARE
    size = round(n_rows / len(bumps))  # B
    return {name: round(share * max(0, size - n)) for name, n in rare.items()}


def _share_out(total, sizes):
    """Return `total` in whole parts proportional to `sizes`, by the method of largest remainders (Hamilton)."""
    exact = {name: total * size / sum(sizes.values()) for name, size in sizes.items()}
    parts = {name: int(value) for name, value in exact.items()}
    largest_first = sorted(exact, key=lambda name: parts[name] - exact[name])  # minus the remainder
    for name in largest_first[: total - sum(parts.values())]:
        parts[name] += 1
    return parts


def single_parents(rows):
    """Return the `parents` of copies: one row each, and -1."""
    return np.column_stack([rows, np.full(len(rows), -1)])


def stack_drafts(drafts):
    """Return one Draft of the rows of several."""
    return Draft(*(np.concatenate(parts) for parts in zip(*drafts)))
