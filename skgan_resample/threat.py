"""ThreatModel: which changes of a row count as an attack."""

from copy import deepcopy
from numbers import Integral, Real

import numpy as np
from sklearn.base import BaseEstimator, _fit_context
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted, validate_data

from skgan_resample._budget import STEP_TOLERANCE, whole_steps
from skgan_resample._tables._columns import columns_named
from skgan_resample._tables._containers import table_reader
from skgan_resample._tables._encoder import TableEncoder, admit_tables

__all__ = ["ThreatModel"]


SPREADS = {
    "std": lambda codes: np.nanstd(codes, axis=0),
    "range": lambda codes: np.nanmax(codes, axis=0) - np.nanmin(codes, axis=0),
    "iqr": lambda codes: np.subtract(*np.nanpercentile(codes, [75, 25], axis=0)),
}


class ThreatModel(BaseEstimator):
    """Say how far an attacker may move each column of a row.

    The same object is used for training, for scoring and for making adversarial rows (`RobustATWrapper`,
    `make_robust_scorer`).

    Parameters
    ----------
    eps : float, array-like of shape (n_features,), tuple (down, up), or dict by column, default=0.1
        How far a number may be moved, >= 0, in `unit`. A tuple of two numbers is for all columns, how far down and how
        far up: ``(0, 0.5)`` can only add. The entries of an array or a dict are numbers or such tuples; columns that a
        dict does not name are not moved, nor are categorical ones.
    unit : {"std", "range", "iqr", "raw"}, default="std"
        What 1 means: a standard deviation, range or interquartile range of the column in `fit` (where that is 0, its
        standard deviation), or its own unit. A constant column is only moved with "raw".
    norm : {"linf", "l2"}, default="linf"
        "linf": each column may use its whole eps. "l2": the squared shares ``(move / eps)**2`` add up to 1 at most.
    immutable : list of names or positions, default=None
        Columns, numeric or categorical, that nobody can change.
    bounds : "train", tuple (low, high), dict of such tuples by column, or None, default=None
        Where numbers must stay, in the units of the column; "train" is the range seen in `fit`, None in a tuple is no
        bound. A row that is outside already goes no further out.
    integer_features : "dtype", list of names or positions, or None, default="dtype"
        Columns that move in whole steps, so that an eps below 1 in their own unit leaves them as they are. "dtype":
        those of an integer data type; a list adds the named ones. None: every column moves by fractions, which
        overstates the attacker.
    categorical_features : "auto", list of names, positions or mask, or None, default="auto"
        Columns of categories: text, categories and booleans, and the named numeric ones. They are switched, not moved.
    onehot_groups : list of lists of names or positions, default=None
        Columns that an earlier step made one-hot; each group is switched as a whole. Rows that do not have exactly one
        category of a group keep what they have.
    max_categorical_changes : int, default=0
        How many categorical columns (or groups) may be switched in one row, to any category seen in `fit`.
    attackable_classes : list of labels, default=None
        Classes whose rows are attacked, such as ["fraud"]; None is all.

    Attributes
    ----------
    left_, right_, low_, high_ : ndarray of shape (n_features,)
        How far down and up each column may be moved, in its own unit, and its bounds, infinite where there are none.
    integer_ : ndarray of bool, shape (n_features,)
        Columns that move in whole steps.
    switchable_, groups_ : ndarray of bool, shape (n_features,), and list of ndarray of int
        Categorical columns, and positions of the columns of each one-hot group, that may be switched.
    encoder_ : TableEncoder
        The schema of the table.
    n_features_in_, feature_names_in_
        As everywhere in scikit-learn.

    Notes
    -----
    Missing cells are never changed. Dates are moved in whole steps, the largest step that hits every date seen in
    `fit`; with "raw" it is the unit. A ball ("l2") that is spread over many columns leaves less than a step to each:
    columns of whole steps then move by one step at least, the largest moves first, for as long as the ball lasts.

    Examples
    --------
    >>> import numpy as np
    >>> from skgan_resample.threat import ThreatModel
    >>> X = np.array([[0.0, 10.0], [2.0, 30.0]])
    >>> threat = ThreatModel(eps=0.5, unit="range", immutable=[1]).fit(X)
    >>> threat.right_.tolist()
    [1.0, 0.0]
    >>> print(threat.explain())
    linf, eps 0.5 range: 1 of 2 columns can be moved, none switched
    """

    _parameter_constraints: dict = {
        "eps": [Interval(Real, 0, None, closed="left"), "array-like", dict],
        "unit": [StrOptions({"std", "range", "iqr", "raw"})],
        "norm": [StrOptions({"linf", "l2"})],
        "immutable": ["array-like", None],
        "bounds": [StrOptions({"train"}), tuple, dict, None],
        "integer_features": [StrOptions({"dtype"}), "array-like", None],
        "categorical_features": [StrOptions({"auto"}), "array-like", None],
        "onehot_groups": ["array-like", list, None],
        "max_categorical_changes": [Interval(Integral, 0, None, closed="left")],
        "attackable_classes": ["array-like", None],
    }

    def __init__(
        self,
        eps=0.1,
        *,
        unit="std",
        norm="linf",
        immutable=None,
        bounds=None,
        integer_features="dtype",
        categorical_features="auto",
        onehot_groups=None,
        max_categorical_changes=0,
        attackable_classes=None,
    ):
        self.eps = eps
        self.unit = unit
        self.norm = norm
        self.immutable = immutable
        self.bounds = bounds
        self.integer_features = integer_features
        self.categorical_features = categorical_features
        self.onehot_groups = onehot_groups
        self.max_categorical_changes = max_categorical_changes
        self.attackable_classes = attackable_classes

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Resolve the budget of each column in the units of the column.

        Parameters
        ----------
        X : table of shape (n_samples, n_features)
            Rows that units, bounds and categories are learned from: the training rows.
        y : ignored, default=None
            Not used; there for pipelines.

        Returns
        -------
        self : ThreatModel
            The fitted estimator.
        """
        fit_to_codes(self, X)
        return self

    def explain(self):
        """Return the threat model in one sentence.

        Returns
        -------
        sentence : str
            Norm, budgets, and how many columns can be moved or switched.
        """
        check_is_fitted(self, "left_")
        if isinstance(self.eps, Real):
            eps = f"eps {self.eps:g} {self.unit}"
        else:
            eps = f"eps by column or direction, in {self.unit}"
        is_movable = (self.left_ > 0) | (self.right_ > 0)  # (n_features,)
        n_switchable = int(self.switchable_.sum()) + len(self.groups_)
        switched = "none switched"
        if n_switchable and self.max_categorical_changes:
            switched = f"{self.max_categorical_changes} of {n_switchable} categorical columns switched"
        parts = [f"{self.norm}, {eps}: {is_movable.sum()} of {len(is_movable)} columns can be moved, {switched}"]
        if np.isfinite(self.low_).any() or np.isfinite(self.high_).any():
            parts.append("within bounds")
        n_in_steps = int((self.integer_ & is_movable).sum())
        if n_in_steps:
            parts.append(f"{n_in_steps} of these columns in whole steps")
        if self._below_a_step.any():
            parts.append(f"{int(self._below_a_step.sum())} others not, whose steps are larger than their budget")
        if self.attackable_classes is not None:
            parts.append(f"only rows of class {', '.join(map(str, self.attackable_classes))}")
        return "; ".join(parts)

    # ------------------------------------------------------------------------------------------ resolved
    def _resolved(self, encoder, statistics):
        """Return the fitted attributes for the columns that `encoder` describes."""
        names = [column.name for column in encoder.columns_]
        n = len(names)
        # Text with a single category is a constant column for the encoder, but no number that could be moved.
        is_categorical = encoder.nominal_ | encoder.holds_categories
        immutable, in_group = np.zeros(n, dtype=bool), np.zeros(n, dtype=bool)
        immutable[columns_named("immutable", self.immutable, names)] = True
        groups = []
        for group in self.onehot_groups if self.onehot_groups is not None else ():
            members = columns_named("a group of onehot_groups", group, names)
            is_new = len(set(members)) == len(members) and not in_group[members].any()
            if len(members) < 2 or not is_new or is_categorical[members].any():
                raise ValueError(
                    f"onehot_groups: {list(group)} must be two or more numeric columns, each once, in no other group."
                )
            in_group[members] = True
            if not immutable[members].any():
                groups.append(members)
        still = immutable | is_categorical | in_group
        left, right = (np.where(still, 0.0, side) for side in self._reach(names, statistics))
        low, high = self._limits(names, statistics)
        whole = np.zeros(n, dtype=bool)
        if self.integer_features is not None:
            whole = encoder.holds_integers.copy()
            if not isinstance(self.integer_features, str):
                whole[columns_named("integer_features", self.integer_features, names)] = True
        whole &= ~still
        has_budget = left + right > 0
        if self.norm == "linf":  # in "l2" eps is an axis of the ball, of which several columns use a part each
            left, right = whole_steps(left, whole), whole_steps(right, whole)
        return {
            "left_": left,
            "right_": right,
            "low_": np.where(whole, np.ceil(low), low),
            "high_": np.where(whole, np.floor(high), high),
            "integer_": whole,
            "switchable_": encoder.nominal_ & ~immutable,
            "groups_": groups,
            "encoder_": encoder,
            "_statistics": statistics,
            "_below_a_step": whole & has_budget & (left + right == 0),
        }

    def _reach(self, names, statistics):
        """Return how far down and up each column may be moved, in its own unit."""
        eps, pairs = self.eps, np.zeros((len(names), 2))  # down and up
        is_pair = isinstance(eps, tuple) and len(eps) == 2 and all(isinstance(side, Real) for side in eps)
        if is_pair or isinstance(eps, Real):
            pairs[:] = eps
        else:
            if isinstance(eps, dict):
                positions, values = columns_named("eps", list(eps), names), list(eps.values())
            else:
                positions, values = range(len(names)), list(eps)
            if len(values) != len(positions):
                raise ValueError(f"eps has {len(values)} entries for {len(names)} columns.")
            for j, value in zip(positions, values):
                pairs[j] = _pair(value, names[j])
        if not (np.isfinite(pairs).all() and (pairs >= 0).all()):
            raise ValueError("eps must be finite and at least 0, in each column.")
        scale = np.ones(len(names))
        if self.unit != "raw":
            scale = statistics[self.unit]
            if self.unit == "iqr":
                scale = np.where(scale > 0, scale, statistics["std"])
            scale = np.where(np.isfinite(scale), scale, 0.0)
        return (pairs * scale[:, None]).T  # (2, n_features)

    def _limits(self, names, statistics):
        """Return lowest and highest allowed value of each column."""
        low, high = np.full(len(names), -np.inf), np.full(len(names), np.inf)
        if isinstance(self.bounds, str):
            low, high = statistics["low"], statistics["high"]
        elif isinstance(self.bounds, dict):
            for j, pair in zip(columns_named("bounds", list(self.bounds), names), self.bounds.values()):
                low[j], high[j] = _limit_pair(pair)
        elif self.bounds is not None:
            low[:], high[:] = _limit_pair(self.bounds)
        if (low > high).any():
            j = int(np.argmax(low > high))
            raise ValueError(f"bounds: the lower bound of column {names[j]!r} is above the upper one.")
        return np.where(np.isnan(low), -np.inf, low), np.where(np.isnan(high), np.inf, high)

    def _with_dates_of(self, fitted):
        """Return this fitted threat model with dates counted in the steps, and from the origin, of another one."""
        mine, theirs = self.encoder_.datetimes, fitted.encoder_.datetimes
        differ = [
            j for j in mine if j in theirs and (mine[j].step, mine[j].origin) != (theirs[j].step, theirs[j].origin)
        ]
        if not differ:
            return self
        converted = deepcopy(self)
        for j in differ:
            ratio, shift = mine[j].step / theirs[j].step, (mine[j].origin - theirs[j].origin) / theirs[j].step
            for side in (converted.left_, converted.right_):
                side[j] = np.floor(side[j] * ratio + STEP_TOLERANCE)
            converted.low_[j] = np.ceil(self.low_[j] * ratio + shift)
            converted.high_[j] = np.floor(self.high_[j] * ratio + shift)
        return converted

    def __sklearn_tags__(self):
        return admit_tables(super().__sklearn_tags__())


# ------------------------------------------------------------------------------------------ for other modules
def fit_to_codes(threat, X):
    """Fit a threat model to a table and return the codes of the table, which is read once."""
    encoder = TableEncoder(categorical_features=threat.categorical_features)
    codes = encoder.fit_to_codes(table_reader(X))
    found = threat._resolved(encoder, _statistics(codes))
    validate_data(threat, X, skip_check_array=True)  # n_features_in_ and feature_names_in_
    vars(threat).update(found)
    return codes


def resolved_like(threat, fitted):
    """Return a threat model resolved on the columns and statistics that another one was fitted to."""
    if hasattr(threat, "left_"):
        if len(threat.left_) != len(fitted.left_):
            raise ValueError(
                f"The threat model was fitted to {len(threat.left_)} columns, the table has {len(fitted.left_)}."
            )
        mine, theirs = (getattr(one, "feature_names_in_", None) for one in (threat, fitted))
        if mine is not None and theirs is not None and list(mine) != list(theirs):
            raise ValueError("The threat model was fitted to columns of other names, or in another order.")
        return threat._with_dates_of(fitted)
    resolved = type(threat)(**threat.get_params())
    resolved._validate_params()
    vars(resolved).update(resolved._resolved(fitted.encoder_, fitted._statistics))
    return resolved


def is_attacked(threat, y):
    """Return 1 for rows that are attacked and 0 for others, by their classes, float of shape (n_samples, 1)."""
    if threat.attackable_classes is None:
        return np.ones((len(y), 1))
    return np.isin(np.asarray(y), np.asarray(threat.attackable_classes)).astype(float)[:, None]


def _statistics(codes):
    """Return what the units and bounds refer to, by column; NaN for bounds of a column without a value."""
    empty = np.isnan(codes).all(axis=0)
    codes = np.where(empty, 0.0, codes)
    found = {unit: np.where(empty, 0.0, compute(codes)) for unit, compute in SPREADS.items()}
    ends = {"low": np.nanmin(codes, axis=0), "high": np.nanmax(codes, axis=0)}
    return found | {name: np.where(empty, np.nan, values) for name, values in ends.items()}


def _pair(value, name):
    """Return how far down and how far up, from a number or a pair."""
    pair = (value, value) if isinstance(value, Real) else tuple(value) if np.iterable(value) else ()
    if len(pair) != 2 or not all(isinstance(side, Real) for side in pair):
        raise ValueError(f"eps of column {name!r} must be a number or a pair (down, up), got {value!r}.")
    return pair


def _limit_pair(pair):
    """Return a pair of bounds with infinity in the place of None."""
    is_pair = isinstance(pair, tuple | list) and len(pair) == 2
    if not is_pair or not all(side is None or isinstance(side, Real) for side in pair):
        raise ValueError(f"bounds must be a pair (low, high) of numbers, or None for no bound, got {pair!r}.")
    low, high = pair
    return (-np.inf if low is None else float(low)), (np.inf if high is None else float(high))
