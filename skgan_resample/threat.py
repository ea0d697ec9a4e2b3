"""ThreatModel: which changes of a row count as an attack."""

import copy
from numbers import Integral, Real

import numpy as np
from sklearn.base import BaseEstimator, _fit_context
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted, validate_data

from skgan_resample._tables._columns import columns_named
from skgan_resample._tables._containers import table_reader
from skgan_resample._tables._encoder import TableEncoder

__all__ = ["ThreatModel"]


SPREADS = {
    "std": lambda codes: np.nanstd(codes, axis=0),
    "range": lambda codes: np.nanmax(codes, axis=0) - np.nanmin(codes, axis=0),
    "iqr": lambda codes: np.subtract(*np.nanpercentile(codes, [75, 25], axis=0)),
}


class ThreatModel(BaseEstimator):
    """Say how far an attacker may move each column of a row.

    A robust accuracy means nothing without it. The same object is used for training, for scoring and for making
    adversarial rows (`RobustATWrapper`, `make_robust_scorer`).

    Parameters
    ----------
    eps : float, array-like of shape (n_features,), tuple (down, up), or dict by column, default=0.1
        How far a number may be moved, >= 0, in `unit`. A tuple of two numbers is for all columns, how far down and how
        far up, so that ``(0, 0.5)`` is an attacker who can only add. The entries of an array or a dict are numbers or
        such tuples; columns that a dict does not name are not moved. Columns of levels have no use for it.
    unit : {"std", "range", "iqr", "raw"}, default="std"
        What 1 means: a standard deviation, the observed range or the interquartile range of the column in `fit`, or its
        own unit. A column whose interquartile range is 0 uses its standard deviation; a constant one is not moved,
        except with "raw".
    norm : {"linf", "l2"}, default="linf"
        "linf": each column may use its whole eps. "l2": the squared shares ``(move / eps)**2`` add up to 1 at most.
    immutable : list of names or positions, default=None
        Columns, of numbers or levels, that nobody can change.
    bounds : "train", tuple (low, high), dict of such tuples by column, or None, default=None
        Where numbers must stay, in the units of the column; "train" is the range seen in `fit`, None in a tuple is no
        bound. A row that is outside already may stay there, but goes no further out. Bounds change the answer: a column
        that starts at zero is much safer if nobody can go below it.
    integer_features : "dtype", list of names or positions, or None, default="dtype"
        Columns that move in whole steps. "dtype" takes those of an integer data type, and a list these and the named
        ones; so eps below 1 in their own unit leaves them alone. None lets everything move freely, which overstates
        the attacker; rows that `RobustATWrapper.perturb` hands out keep to their data types all the same.
    categorical_features : "auto", list of names, positions or mask, or None, default="auto"
        Columns of levels: text, categories and booleans, and the named numeric ones. They are switched, not moved.
    onehot_groups : list of lists of names or positions, default=None
        Columns that an earlier step made one-hot, group by group; each is switched as a whole. Rows without exactly one
        level of a group keep what they have.
    max_categorical_changes : int, default=0
        How many columns of levels (or groups) may be switched in one row, to any level seen in `fit`.
    attackable_classes : list of labels, default=None
        Classes whose rows are attacked, such as ["fraud"]; None is all.

    Attributes
    ----------
    left_, right_ : ndarray of shape (n_features,)
        How far down and up each column may be moved, in its own unit; 0 for immutable columns and levels.
    low_, high_ : ndarray of shape (n_features,)
        Bounds, infinite where there are none.
    integer_ : ndarray of bool, shape (n_features,)
        Columns that move in whole steps.
    switchable_ : ndarray of bool, shape (n_features,)
        Columns of levels that may be switched.
    groups_ : list of ndarray of int
        Positions of the columns of each one-hot group that may be switched.
    n_features_in_, feature_names_in_
        As everywhere in scikit-learn.

    Notes
    -----
    Missing cells are never changed. Dates are moved in whole steps, the largest step that hits every date seen in
    `fit`; with "raw" it is the unit.

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
            Rows that units, bounds and levels are learned from: the training rows.
        y : ignored, default=None
            Not used; there for pipelines.

        Returns
        -------
        self : ThreatModel
            The fitted estimator.
        """
        self._fit_to_codes(X)
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
        moved, n = int(self._movable.sum()), len(self.left_)
        n_switchable = int(self.switchable_.sum()) + len(self.groups_)
        switched = "none switched"
        if n_switchable and self.max_categorical_changes:
            switched = f"{self.max_categorical_changes} of {n_switchable} columns of levels switched"
        parts = [f"{self.norm}, {eps}: {moved} of {n} columns can be moved, {switched}"]
        if np.isfinite(self.low_).any() or np.isfinite(self.high_).any():
            parts.append("within bounds")
        in_steps = int((self.integer_ & self._movable).sum())
        if in_steps:
            parts.append(f"{in_steps} of these columns in whole steps")
        if self._below_a_step.any():
            parts.append(f"{int(self._below_a_step.sum())} others not, whose steps are larger than their budget")
        if self.attackable_classes is not None:
            parts.append(f"only rows of class {', '.join(map(str, self.attackable_classes))}")
        return "; ".join(parts)

    # ------------------------------------------------------------------------------------------ resolved
    def _fit_to_codes(self, X):
        """Do what `fit` does; return the codes of the table."""
        encoder = TableEncoder(categorical_features=self.categorical_features)
        codes = encoder.fit_to_codes(table_reader(X))
        validate_data(self, X, skip_check_array=True)  # n_features_in_ and feature_names_in_
        self._resolve(encoder, _Statistics.of(codes))
        return codes

    def _resolve(self, encoder, statistics):
        """Learn the budget of the columns that `encoder` describes."""
        self._encoder, self._statistics = encoder, statistics
        names = [column.name for column in encoder.columns_]
        n = len(names)
        nominal = encoder.nominal_
        has_categories = encoder.holds_categories  # a single one makes a constant column
        fixed = np.zeros(n, dtype=bool)
        fixed[columns_named("immutable", self.immutable, names)] = True
        in_group = np.zeros(n, dtype=bool)
        self.groups_, self._all_groups = [], []
        for group in self.onehot_groups if self.onehot_groups is not None else ():
            members = columns_named("a group of onehot_groups", group, names)
            is_new = len(set(members)) == len(members) and not in_group[members].any()
            if len(members) < 2 or not is_new or has_categories[members].any():
                raise ValueError(
                    f"onehot_groups: {list(group)} must be two or more numeric columns, each once, in no other group."
                )
            in_group[members] = True
            self._all_groups.append(members)
            if not fixed[members].any():
                self.groups_.append(members)

        self.left_, self.right_ = self._reach(names, statistics)
        still = fixed | has_categories | in_group
        self.left_[still] = self.right_[still] = 0.0
        self.low_, self.high_ = self._limits(names, statistics)
        self.integer_ = np.zeros(n, dtype=bool)
        if self.integer_features is not None:
            self.integer_ = encoder.holds_integers.copy()
            if not isinstance(self.integer_features, str):
                self.integer_[columns_named("integer_features", self.integer_features, names)] = True
        self.integer_ &= ~still
        whole = self.integer_
        has_budget = self.left_ + self.right_ > 0
        if self.norm == "linf":  # in "l2" eps is an axis of the ball, of which several columns use a part each
            self.left_, self.right_ = _in_steps(self.left_, whole), _in_steps(self.right_, whole)
        self._below_a_step = whole & has_budget & ~self._movable
        self.low_[whole], self.high_[whole] = np.ceil(self.low_[whole]), np.floor(self.high_[whole])
        self.switchable_ = nominal & ~fixed
        return self

    def _reach(self, names, statistics):
        """Return how far down and up each column may be moved, in its own unit."""
        n = len(names)
        eps = self.eps
        pairs = np.zeros((n, 2))
        down_and_up = isinstance(eps, tuple) and len(eps) == 2 and all(isinstance(side, Real) for side in eps)
        if isinstance(eps, Real) or down_and_up:
            pairs[:] = eps
        elif isinstance(eps, dict):
            for j, (name, value) in zip(columns_named("eps", list(eps), names), eps.items()):
                pairs[j] = _pair(value, name)
        else:
            values = list(eps)
            if len(values) != n:
                raise ValueError(f"eps has {len(values)} entries for {n} columns.")
            for j, value in enumerate(values):
                pairs[j] = _pair(value, names[j])
        if not (np.isfinite(pairs).all() and (pairs >= 0).all()):
            raise ValueError("eps must be finite and at least 0, in each column.")
        scale = np.ones(n)
        if self.unit != "raw":
            scale = statistics.spread[self.unit].copy()
            if self.unit == "iqr":
                scale = np.where(scale > 0, scale, statistics.spread["std"])
            scale = np.where(np.isfinite(scale), scale, 0.0)
        reach = pairs * scale[:, None]
        return reach[:, 0].copy(), reach[:, 1].copy()

    def _limits(self, names, statistics):
        """Return lowest and highest allowed value of each column."""
        n = len(names)
        low, high = np.full(n, -np.inf), np.full(n, np.inf)
        if isinstance(self.bounds, str):
            low, high = statistics.low.copy(), statistics.high.copy()
        elif isinstance(self.bounds, dict):
            for j, pair in zip(columns_named("bounds", list(self.bounds), names), self.bounds.values()):
                low[j], high[j] = _limit_pair(pair)
        elif self.bounds is not None:
            low[:], high[:] = _limit_pair(self.bounds)
        if (low > high).any():
            j = int(np.argmax(low > high))
            raise ValueError(f"bounds: the lower bound of column {names[j]!r} is above the upper one.")
        return np.where(np.isnan(low), -np.inf, low), np.where(np.isnan(high), np.inf, high)

    def _resolved_like(self, fitted):
        """Return this threat model resolved on the columns and statistics that another one was fitted to."""
        if hasattr(self, "left_"):
            if len(self.left_) != len(fitted.left_):
                raise ValueError(
                    f"The threat model was fitted to {len(self.left_)} columns, the table has {len(fitted.left_)}."
                )
            mine, theirs = (getattr(threat, "feature_names_in_", None) for threat in (self, fitted))
            if mine is not None and theirs is not None and list(mine) != list(theirs):
                raise ValueError("The threat model was fitted to columns of other names, or in another order.")
            return self._with_datetimes_of(fitted)
        resolved = type(self)(**self.get_params())
        resolved._validate_params()
        return resolved._resolve(fitted._encoder, fitted._statistics)

    def _with_datetimes_of(self, fitted):
        """Return this fitted threat model with dates counted in the steps, and from the origin, of another one."""
        mine, theirs = self._encoder.datetimes, fitted._encoder.datetimes
        differ = [
            j for j in mine if j in theirs and (mine[j].step, mine[j].origin) != (theirs[j].step, theirs[j].origin)
        ]
        if not differ:
            return self
        converted = copy.deepcopy(self)
        for j in differ:
            ratio, shift = mine[j].step / theirs[j].step, (mine[j].origin - theirs[j].origin) / theirs[j].step
            for side in (converted.left_, converted.right_):
                side[j] = np.floor(side[j] * ratio + 1e-9)
            converted.low_[j] = np.ceil(self.low_[j] * ratio + shift)
            converted.high_[j] = np.floor(self.high_[j] * ratio + shift)
        return converted

    def _factor(self, y):
        """Return 1 for rows that are attacked and 0 for others, shape (n, 1)."""
        if self.attackable_classes is None or y is None:
            return np.ones((1 if y is None else len(y), 1))
        return np.isin(np.asarray(y), np.asarray(self.attackable_classes)).astype(float)[:, None]

    def _budget(self, encoder):
        """Return the budget in the encoded space of `encoder`, for attacks."""
        import torch

        from skgan_resample._nn.attacks import Budget, Heads

        width = encoder.width_
        center, spread = encoder.scaling
        arrays = {name: np.zeros(width) for name in ("left", "right", "grid")}
        low, high, indicator = np.full(width, -np.inf), np.full(width, np.inf), np.full(width, -1)
        heads = []
        for j, column in enumerate(encoder.columns_):
            place = column.encoded
            if column.is_nominal:
                if self.switchable_[j]:
                    levels = np.arange(place.start, place.start + column.n_categories)
                    heads.append((levels, np.ones(len(levels)), np.zeros(len(levels))))
            elif column.kind != "constant":
                at = place.start
                arrays["left"][at], arrays["right"][at] = self.left_[j] / spread[j], self.right_[j] / spread[j]
                low[at], high[at] = (self.low_[j] - center[j]) / spread[j], (self.high_[j] - center[j]) / spread[j]
                arrays["grid"][at] = 1 / spread[j] if self.integer_[j] else 0.0
                if column.has_missing:
                    indicator[at] = place.stop - 1
        for members in self.groups_:
            varying = np.array([j for j in members if encoder.columns_[j].kind != "constant"], dtype=int)
            if len(varying) > 1:
                at = np.array([encoder.columns_[j].encoded.start for j in varying])
                heads.append((at, (1 - center[varying]) / spread[varying], -center[varying] / spread[varying]))

        def tensor(array):
            return torch.as_tensor(array, dtype=torch.float32)

        return Budget(
            **{name: tensor(array) for name, array in arrays.items()},
            low=tensor(low),
            high=tensor(high),
            indicator=torch.as_tensor(indicator),
            norm=self.norm,
            heads=tuple(Heads(torch.as_tensor(columns), tensor(on), tensor(off)) for columns, on, off in heads),
            max_switches=self.max_categorical_changes,
        )

    def _land(self, encoder, codes, x, x_adv, *, whole=False, factor=1.0):
        """Return the codes of attacked rows, pulled back to what is allowed, without a network's rounding.

        Parameters
        ----------
        encoder : TableEncoder
        codes : ndarray of shape (n_samples, n_features)
            The rows before the attack; cells that were not attacked stay bit-identical.
        x, x_adv : ndarray of shape (n_samples, width)
            Encoded rows before and after.
        whole : bool or ndarray of bool, shape (n_features,), default=False
            Columns that cannot hold fractions: whole numbers in them are moved by whole steps, towards where they were.
        factor : float or ndarray of shape (n_samples, 1), default=1.0
            Multiplies the budget of numbers.
        """
        numeric = np.flatnonzero(self._movable)
        numeric = numeric[[encoder.columns_[j].kind != "constant" for j in numeric]]
        at = [encoder.columns_[j].encoded.start for j in numeric]
        old = codes[:, numeric]
        move = (x_adv[:, at].astype(float) - x[:, at]) * encoder.scaling[1][numeric]
        move[np.isnan(old)] = 0.0
        whole = np.broadcast_to(whole, len(self.left_))[numeric] & (old == np.round(old))
        low, high = np.fmin(self.low_[numeric], old), np.fmax(self.high_[numeric], old)
        move = self._shortened(move, old - low, high - old, whole, numeric, factor)
        landed = codes.copy()
        landed[:, numeric] = np.where(move == 0, old, np.clip(old + move, low, high))
        for j in np.flatnonzero(self.switchable_ & encoder.nominal_):
            head = encoder.columns_[j].encoded
            head = slice(head.start, head.start + encoder.columns_[j].n_categories)
            switched = (x_adv[:, head] != x[:, head]).any(axis=1)
            landed[switched, j] = x_adv[switched, head].argmax(axis=1)
        for members in self.groups_:
            for j in members:
                at = encoder.columns_[j].encoded.start
                if encoder.columns_[j].kind != "constant":
                    switched = x_adv[:, at] != x[:, at]
                    landed[switched, j] = np.round(1 - codes[switched, j])
        return landed

    def _shortened(self, move, down, up, whole, numeric, factor):
        """Return moves of the `numeric` columns, in their own units, pulled back into the budget exactly.

        `down` and `up` is what the bounds leave, `whole` says which cells cannot hold fractions besides `integer_`.
        """
        steps = self.integer_[numeric]
        left, right = (side[numeric] * factor for side in (self.left_, self.right_))
        if self.norm == "linf":
            left, right = _in_steps(left, steps), _in_steps(right, steps)
        move = np.where(whole, np.trunc(move + 1e-4 * np.sign(move)), move)
        steps = steps | whole
        move = np.where(steps, np.round(move), move)
        move = np.clip(move, -_in_steps(np.fmin(left, down), steps), _in_steps(np.fmin(right, up), steps))
        if self.norm == "l2":
            # What moves in whole steps goes first: shortened by a rounding error, it would lose a whole step.
            budget = np.where(move > 0, right, np.where(left > 0, left, 1.0))
            length = _length(move / budget * steps)
            move = np.where(steps & (length > 1 + 1e-12), np.trunc(move / np.maximum(length, 1.0)), move)
            left_over = np.sqrt(np.maximum(1 - _length(move / budget * steps) ** 2, 0.0))
            length = np.maximum(_length(move / budget * ~steps), 1e-300)
            move = np.where(steps, move, move * np.minimum(left_over / length, 1.0))
        return move

    @property
    def _movable(self):
        """Which columns can be moved, bool, shape (n_features,)."""
        return (self.left_ > 0) | (self.right_ > 0)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.categorical = True
        tags.input_tags.string = True
        return tags


class _Statistics:
    """What the units of a threat model refer to, by column."""

    def __init__(self, spread, low, high):
        self.spread, self.low, self.high = spread, low, high

    @classmethod
    def of(cls, codes):
        """Learn the statistics of codes, shape (n_samples, n_features); a column without a value has NaN."""
        empty = np.isnan(codes).all(axis=0)
        codes = np.where(empty, 0.0, codes)
        spread = {unit: np.where(empty, 0.0, compute(codes)) for unit, compute in SPREADS.items()}
        low, high = np.nanmin(codes, axis=0), np.nanmax(codes, axis=0)
        return cls(spread, np.where(empty, np.nan, low), np.where(empty, np.nan, high))


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


def _in_steps(reach, steps):
    """Return `reach` with whole numbers in the columns or cells `steps`."""
    return np.where(steps, np.floor(reach + 1e-9), reach)


def _length(shares):
    """Return the length of each row, shape (n_samples, 1)."""
    return np.linalg.norm(shares, axis=1, keepdims=True)
