"""Relevance: how much each target value matters, from 0 (common, uninteresting) to 1 (rare, interesting)."""

from functools import partial
from itertools import count
from math import asin, ceil, exp, nextafter, sin
from numbers import Real
from typing import NamedTuple

import numpy as np
from sklearn.base import BaseEstimator, _fit_context
from sklearn.exceptions import NotFittedError
from sklearn.utils._param_validation import Interval, StrOptions

from skgan_resample._tables._encoder import LARGEST
from skgan_resample._tables._targets import read_target
from skgan_resample.exceptions import NoRareRowsError

__all__ = ["Bump", "Relevance"]

_THRESHOLD = 0.8  # of the published experiments; the counts that fit keeps are taken there
_RISE_TO_THRESHOLD = 0.5 - sin(asin(1 - 2 * _THRESHOLD) / 3)  # t = 0.7129, where 3 t^2 - 2 t^3 = 0.8


class Bump(NamedTuple):
    """A run of consecutive target values that are all rare, or all common.

    Parameters
    ----------
    name : str
        Of rare runs "low", "high" or "middle_1", "middle_2", ..., and "all" for a single one that holds every row; of
        common ones "common_1", ....
    is_rare : bool
        Whether the rows reach the threshold.
    indices : ndarray of shape (n_samples,)
        Positions of the rows in `y`, in the order of `y`; equal values keep their order.
    low, high : float
        The smallest and the largest target value of the run.

    Examples
    --------
    >>> from skgan_resample.relevance import Relevance
    >>> y = [10, 11, 11, 12, 12, 13, 13, 14, 15, 90]
    >>> for bump in Relevance().fit(y).bumps(y):
    ...     print(bump.name, bump.is_rare, len(bump.indices), bump.low, bump.high)
    common_1 False 8 10.0 14.0
    high True 2 15.0 90.0
    """

    name: str
    is_rare: bool
    indices: np.ndarray
    low: float
    high: float


class Relevance(BaseEstimator):
    """How much each target value matters: a function from `y` to [0, 1], learned from the target values.

    A row is *rare* when its relevance reaches a threshold, 0.8 in the published experiments.

    Parameters
    ----------
    method : {"extremes", "quantile", "control_points"} or callable, default="extremes"
        Where the relevance comes from.

        - "extremes": from the box plot of the target [1]_ [2]_ [3]_. 0 at the median, 1 from the whisker on, smoothly
          rising between (``3 t**2 - 2 t**3``). A side without outliers has relevance 0.
        - "quantile": 0 at the median, smoothly rising so that it is 0.8 at the observed `quantile`. Our choice for
          targets whose box plot shows no outliers: a tenth of the rows is rare on each side, whatever the distribution.
        - "control_points": cubic Hermite interpolation of given points, monotone between neighbouring ones [4]_.
        - callable: ``method(y)`` returns relevances in [0, 1] for an array of shape (n_samples,). Equal values should
          get equal relevance.

    side : {"both", "high", "low"}, default="both"
        Which end of the target can be relevant; for "extremes" and "quantile".
    boxplot : {"tukey", "adjusted"}, default="tukey"
        The box plot of "extremes". "tukey": relevance 1 from the most extreme value that is not an outlier, on sides
        that have outliers. "adjusted": from the fence of the box plot adjusted for skewness by the medcouple [5]_,
        whether or not a row lies beyond it.
    coef : float >= 0, default=1.5
        Length of the whiskers in interquartile ranges; for "extremes". A smaller one makes more rows rare.
    quantile : float in [0.5, 1], default=0.9
        The quantile of "quantile" (NumPy's method "higher", an observed value; mirrored on the low side). Rows tied
        with that value are rare too.
    control_points : array-like of shape (n_points, 2) or (n_points, 3), default=None
        Rows (y, relevance) or (y, relevance, slope), at least two, y strictly increasing. Slopes that are not given are
        0 at the ends and the mean of the two adjacent secants inside. Beyond the ends the relevance goes on linearly,
        within [0, 1].

    Attributes
    ----------
    control_points_ : ndarray of shape (n_points, 3) or None
        Rows (y, relevance, slope) that determine the relevance; None for a callable.
    n_samples_ : int
        Number of rows given to `fit`.
    n_rare_ : int
        How many of them have a relevance of at least 0.8.

    Raises
    ------
    NoRareRowsError
        By `fit`, when no row gets a relevance above 0.
    ValueError
        By `fit`, when the target is not a finite numeric column with at least two different values.

    Notes
    -----
    With "extremes", quartiles are Tukey's hinges. When the median is the whisker itself (more than half of the rows are
    tied, as in a zero-inflated target), the relevance is a step on this side: 0 at the median, 1 beyond it.

    Slopes at control points are filtered as Fritsch and Carlson propose. Beyond them, our choice so that the relevance
    never overshoots between two points: the slope at a local maximum or minimum of the points is 0, and the filter is
    repeated until it changes nothing. Only control points and a few counts are kept, never the rows.

    References
    ----------
    .. [1] R. P. Ribeiro, "Utility-based Regression", PhD thesis, University of Porto, 2011.
    .. [2] L. Torgo, R. Ribeiro, "Utility-based Regression", PKDD 2007.
    .. [3] P. Branco et al., "SMOGN: a Pre-processing Approach for Imbalanced Regression", PMLR 74, 2017.
    .. [4] F. N. Fritsch, R. E. Carlson, "Monotone Piecewise Cubic Interpolation", SIAM J. Numer. Anal. 17(2), 1980.
    .. [5] M. Hubert, E. Vandervieren, "An adjusted boxplot for skewed distributions", CSDA 52(12), 2008.

    Examples
    --------
    >>> from skgan_resample.relevance import Relevance
    >>> y = [1, 2, 3, 4, 5, 6, 7, 8, 9, 30]
    >>> relevance = Relevance().fit(y)
    >>> relevance.explain()
    '3 of 10 rows are rare: y >= 8'
    >>> relevance([0, 5.5, 7.25, 9, 100])
    array([0. , 0. , 0.5, 1. , 1. ])
    >>> Relevance(method="quantile", side="low").fit(y).explain()
    '1 of 10 rows is rare: y <= 1'
    >>> Relevance(method="control_points", control_points=[(0, 0), (10, 1)]).fit(y)([0, 2.5, 5, 10])
    array([0.     , 0.15625, 0.5    , 1.     ])
    """

    _parameter_constraints: dict = {
        "method": [StrOptions({"extremes", "quantile", "control_points"}), callable],
        "side": [StrOptions({"both", "high", "low"})],
        "boxplot": [StrOptions({"tukey", "adjusted"})],
        "coef": [Interval(Real, 0, None, closed="left")],
        "quantile": [Interval(Real, 0.5, 1, closed="both")],
        "control_points": ["array-like", None],
    }

    def __init__(self, method="extremes", *, side="both", boxplot="tukey", coef=1.5, quantile=0.9, control_points=None):
        self.method = method
        self.side = side
        self.boxplot = boxplot
        self.coef = coef
        self.quantile = quantile
        self.control_points = control_points

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, y):
        """Learn where the target is relevant.

        Parameters
        ----------
        y : array-like of shape (n_samples,)
            Target values, numeric and finite, at least two different ones.

        Returns
        -------
        self : Relevance
            The fitted relevance.
        """
        y = np.sort(read_target(y))
        low, high = y[0].item(), y[-1].item()
        if low == high:
            raise ValueError(
                f"Relevance needs more than one class or value of y; got 1: all {len(y)} rows have y = {low:g}."
            )

        points = None
        if callable(self.method):
            function = partial(_call_checked, self.method)
        elif self.method == "control_points":
            points = _check_control_points(self.control_points)
            function = partial(_hermite, points)
        else:
            rises = self._extremes(y) if self.method == "extremes" else self._quantiles(y)
            points = _points_of_rises(rises, low, high)
            function = partial(_smoothsteps, rises)

        phi = function(y)
        if not phi.any():
            raise NoRareRowsError(self._no_rare_message())
        self._function = function  # nothing is assigned before all has gone well
        self.control_points_ = points
        self.n_samples_ = len(y)
        self.n_rare_, self._rare_ranges = _rare_ranges(y, phi >= _THRESHOLD)
        return self

    def __call__(self, y):
        """Return the relevance of target values, which need not be those given to `fit`.

        Parameters
        ----------
        y : array-like of shape (n_samples,)
            Target values, numeric and finite.

        Returns
        -------
        phi : ndarray of shape (n_samples,)
            Relevance in [0, 1].
        """
        y = read_target(y)
        check_relevance_fitted(self)
        return self._function(y)

    def rare_mask(self, y, threshold=_THRESHOLD):
        """Return which rows are rare.

        Parameters
        ----------
        y : array-like of shape (n_samples,)
            Target values, numeric and finite.
        threshold : float in (0, 1], default=0.8
            A row is rare when its relevance reaches this value.

        Returns
        -------
        mask : ndarray of bool of shape (n_samples,)
            True for rare rows.
        """
        return self(y) >= check_relevance_threshold(threshold)

    def bumps(self, y, threshold=_THRESHOLD):
        """Cut the sorted target into runs of rows that are all rare, or all common.

        Parameters
        ----------
        y : array-like of shape (n_samples,)
            Target values, numeric and finite.
        threshold : float in (0, 1], default=0.8
            A row is rare when its relevance reaches this value.

        Returns
        -------
        bumps : list of Bump
            In the order of their values, rare and common ones by turns; every row is in exactly one.
        """
        y = read_target(y)
        order = np.argsort(y, kind="stable")
        y = y[order]
        runs = _runs(self(y) >= check_relevance_threshold(threshold))
        return [
            Bump(name, is_rare, order[start:stop], y[start].item(), y[stop - 1].item())
            for name, (start, stop, is_rare) in zip(_bump_names(runs), runs)
        ]

    def explain(self, y=None, threshold=_THRESHOLD):
        """Describe in words which rows are rare.

        Parameters
        ----------
        y : array-like of shape (n_samples,), default=None
            Target values; None means those given to `fit`.
        threshold : float in (0, 1], default=0.8
            A row is rare when its relevance reaches this value. Without `y` it must be 0.8: `fit` keeps no rows.

        Returns
        -------
        text : str
            For instance ``"28 of 198 rows are rare: y >= 43.8"``. Numbers have as few digits as separate the rows.
        """
        if y is None:
            check_relevance_fitted(self)
            if threshold != _THRESHOLD:
                raise ValueError(f"explain(threshold={threshold}) needs y: fit keeps only the counts at {_THRESHOLD}.")
            return _explanation(self.n_rare_, self.n_samples_, self._rare_ranges)
        y = np.sort(read_target(y))
        n_rare, ranges = _rare_ranges(y, self(y) >= check_relevance_threshold(threshold))
        return _explanation(n_rare, len(y), ranges)

    def sample_weight(self, y, threshold=_THRESHOLD):
        """Return weights with which the rare rows together count as much as the common ones.

        The weight is 1 + phi(y) (n_common / n_rare - 1): 1 where the relevance is 0, n_common / n_rare where it is 1.

        Parameters
        ----------
        y : array-like of shape (n_samples,)
            Target values, numeric and finite.
        threshold : float in (0, 1], default=0.8
            What counts as rare. At 0.8 the counts are those of `fit`; at another value those of `y`, because `fit`
            keeps no rows.

        Returns
        -------
        weight : ndarray of shape (n_samples,)
            At least 1. All ones when no row is rare or when the rare rows are the majority.
        """
        phi = self(y)
        n_samples, n_rare = self.n_samples_, self.n_rare_
        if check_relevance_threshold(threshold) != _THRESHOLD:
            n_samples, n_rare = len(phi), np.count_nonzero(phi >= threshold)
        if n_rare == 0:
            return np.ones_like(phi)
        return 1 + phi * max(0.0, (n_samples - n_rare) / n_rare - 1)

    def _extremes(self, y):
        """Return the sides on which relevance rises, from the box plot of the sorted target."""
        lower, median, upper = _hinges(y)
        if self.boxplot == "tukey":
            reach = self.coef * (upper - lower)
            # Sorted, so the rows between the fences are y[first:last].
            first, last = np.searchsorted(y, lower - reach), np.searchsorted(y, upper + reach, side="right")
            low_edge = y[first].item() if first > 0 else None
            high_edge = y[last - 1].item() if last < len(y) else None
        else:
            skew = _medcouple(y, median)
            short, long = (-4, 3) if skew >= 0 else (-3, 4)  # exponents of Hubert and Vandervieren
            low_edge = lower - self.coef * exp(short * skew) * (upper - lower)
            high_edge = upper + self.coef * exp(long * skew) * (upper - lower)
        return self._rises(y, median, (low_edge, high_edge))

    def _quantiles(self, y):
        """Return the sides on which relevance rises, so that it is 0.8 at the observed quantile."""
        median = _hinges(y)[1]
        position = ceil((len(y) - 1) * self.quantile)  # NumPy's method="higher"
        anchors = y[-1 - position].item(), y[position].item()
        edges = [median + (anchor - median) / _RISE_TO_THRESHOLD for anchor in anchors]
        return self._rises(y, median, edges, anchors)

    def _rises(self, y, median, edges, anchors=(None, None)):
        """Return (median, edge, anchor) for each allowed side that has an edge and rows beyond the median."""
        rises = []
        for side, edge, anchor, end, towards in zip(("low", "high"), edges, anchors, y[[0, -1]], (-np.inf, np.inf)):
            if self.side not in ("both", side) or edge is None or end == median:
                continue
            if edge == median:  # a step: relevance 1 from the smallest float beyond the median
                edge, anchor = nextafter(median, towards), None
            rises.append((median, edge, anchor))
        return rises

    def _no_rare_message(self):
        if self.method not in ("extremes", "quantile"):
            return (
                f"No row of y gets a relevance above 0 from method={self.method!r}. Give relevance to values "
                "that occur, or use method='extremes' or method='quantile', which find them from y."
            )
        sides = {"both": "on either side", "high": "above the median", "low": "below the median"}[self.side]
        if self.method == "quantile":
            return (
                f"No target value lies {sides}, so no row is rare. Use side='both', or say what matters with "
                "method='control_points' and control_points=[(y, relevance), ...], or pass a callable as method."
            )
        return (
            f"The box plot of y shows no extreme value {sides}, so no row is rare. Use method='quantile' "
            f"(quantile={self.quantile:g} makes rows beyond that quantile rare), or method='control_points' with "
            f"control_points=[(y, relevance), ...], or a coef smaller than {self.coef:g}."
        )


def check_relevance_fitted(relevance):
    # sklearn's check_is_fitted costs more than all the rest of a call on a small target.
    if not hasattr(relevance, "n_samples_"):
        raise NotFittedError("This Relevance is not fitted yet: call fit(y) with the training target first.")


def check_relevance_threshold(threshold):
    if not 0 < threshold <= 1:
        raise ValueError(f"threshold must be in (0, 1]; got {threshold!r}.")
    return threshold


def _hinges(y):
    """Return Tukey's lower hinge, the median and Tukey's upper hinge of a sorted array."""
    n = len(y)
    depth = ((n + 3) // 2) / 2  # counted from 1; a half means the mean of two neighbours

    def at(position):
        return (y[int(position) - 1].item() + y[ceil(position) - 1].item()) / 2

    return at(depth), at((n + 1) / 2), at(n + 1 - depth)


def _medcouple(y, median):
    """Return the medcouple of a sorted array, a robust skewness in [-1, 1]."""
    # It is the median of h(a, b) = ((b - median) - (median - a)) / (b - a) over all pairs a <= median <= b. For k rows
    # tied with the median, h takes the values -1, 0, 1 on k(k-1)/2, k, k(k-1)/2 of their pairs. There are about n^2 / 4
    # pairs, so they are not listed: h >= v is a linear condition on b, so sorting counts the pairs above v in
    # O(n log n), and bisection finds the median to the last digits.
    span = max(median - y[0], y[-1] - median)  # distances relative to it do not overflow below
    below = (median - y[y < median]) / span
    above = (y[y > median] - median) / span
    n_tied = len(y) - len(below) - len(above)
    n_pairs = (len(below) + n_tied) * (len(above) + n_tied)

    def count_at_least(v):
        """Count the pairs with h >= v, for -1 < v < 1."""
        # h(a, b) >= v if and only if (b - median) (1 - v) >= (median - a) (1 + v)
        count = len(below) * len(above) - np.searchsorted(above, below * ((1 + v) / (1 - v))).sum()
        count += n_tied * len(above)  # a is at the median: h = 1
        return count + n_tied * (n_tied - 1) // 2 + (n_tied if v <= 0 else 0)

    def largest(rank):
        """Return the value of h with this rank; rank 1 is the largest."""
        low, high = -1.0, 1.0
        while True:
            middle = 0.5 * (low + high)
            if high - low < 1e-15:
                return middle
            if count_at_least(middle) >= rank:
                low = middle
            else:
                high = middle

    ranks = ((n_pairs + 1) // 2, n_pairs // 2 + 1)
    first = largest(ranks[0])
    return first if ranks[0] == ranks[1] else 0.5 * (first + largest(ranks[1]))


def _smoothsteps(rises, y):
    """Return 0 at the median, 1 beyond the edges, 3 t^2 - 2 t^3 between; 0 on a side that is not in `rises`."""
    phi = np.zeros(len(y))
    for median, edge, anchor in rises:
        low, high = (median, edge) if edge > median else (edge, median)
        t = (np.minimum(np.maximum(y, low), high) - median) / (edge - median)
        rise = np.minimum(t * t * (3 - 2 * t), 1)
        if anchor is not None:
            # Rounding must not decide which rows are rare: exactly those at the observed quantile and beyond.
            beyond = y >= anchor if edge > median else y <= anchor
            rise = np.where(beyond, np.maximum(rise, _THRESHOLD), np.minimum(rise, nextafter(_THRESHOLD, 0)))
        phi += rise
    return phi


def _points_of_rises(rises, low, high):
    """Return the control points (y, relevance, slope) that describe rises from the median."""
    medians = {median for median, _, _ in rises}
    points = {edge: 1.0 for _, edge, _ in rises} | dict.fromkeys(medians, 0.0)
    if not any(edge < median for median, edge, _ in rises):
        points = {low: 0.0} | points
    if not any(edge > median for median, edge, _ in rises):
        points = {high: 0.0} | points
    return np.array([(value, phi, 0.0) for value, phi in sorted(points.items())])


def _check_control_points(points):
    """Return control points with monotone slopes, shape (n_points, 3)."""
    if points is None:
        raise ValueError("method='control_points' needs control_points=[(y, relevance), ...].")
    points = np.asarray(points, dtype=np.float64)
    if points.ndim != 2 or points.shape[1] not in (2, 3) or len(points) < 2:
        raise ValueError(
            "control_points must have at least two rows (y, relevance) or (y, relevance, slope); "
            f"got an array of shape {points.shape}."
        )
    for k, point in enumerate(points):
        fault = None
        if not (np.abs(point) <= LARGEST).all():
            fault = f"is not finite, or beyond {LARGEST:g}."
        elif not 0 <= point[1] <= 1:
            fault = "has a relevance outside [0, 1]."
        elif k > 0 and not point[0] > points[k - 1, 0]:
            fault = "does not lie above the point before it: y must strictly increase."
        if fault:
            raise ValueError(f"control_points[{k}] = {tuple(point.tolist())} {fault}")
    with np.errstate(over="ignore"):  # a step at 0 is as narrow as floats allow, and its secant infinite
        secants = np.diff(points[:, 1]) / np.diff(points[:, 0])
    if points.shape[1] == 3:
        slopes = points[:, 2]
    else:
        slopes = np.concatenate([[0], secants[1:] / 2 + secants[:-1] / 2, [0]])
        if not np.isfinite(slopes).all():
            k = int(np.argmin(np.isfinite(slopes)))
            raise ValueError(f"control_points[{k}] is too close to its neighbour to compute a slope: give slopes.")
    return np.column_stack([points[:, :2], _monotone_slopes(secants, slopes)])


def _monotone_slopes(secants, slopes):
    """Return slopes after the filter of Fritsch and Carlson: each interval becomes monotone."""
    signs = np.sign(secants)
    before, after = np.append(signs[0], signs), np.append(signs, signs[-1])
    slopes = np.where(before == after, before * np.abs(slopes), 0.0)
    # One pass can undo an earlier interval by lowering the slope that the two share. An interval that was scaled once
    # stays monotone whatever is lowered later, so this ends after at most as many passes as there are intervals.
    changed = True
    while changed:
        changed = False
        for k in np.flatnonzero(secants):
            with np.errstate(over="ignore"):
                a, b = np.minimum(slopes[k : k + 2] / secants[k], 1e9)  # nearly flat intervals must not overflow
            length = np.hypot(a, b)
            too_steep = 2 * a + b > 3 and a + 2 * b > 3 and a * (3 * a + 3 * b - 6) < (2 * a + b - 3) ** 2
            if too_steep and length > 3 * (1 + 1e-12):
                slopes[k : k + 2] = 3 * secants[k] * np.array([a, b]) / length
                changed = True
    return slopes


def _hermite(points, y):
    """Return the cubic Hermite interpolation of control points, linear beyond the ends, within [0, 1]."""
    # Not scipy's CubicHermiteSpline: its coefficients are in units of 1 / width^3, which overflow for a step.
    knots, values, slopes = points.T
    k = np.clip(np.searchsorted(knots, y, side="right") - 1, 0, len(knots) - 2)
    width = (knots[1:] - knots[:-1])[k]
    rise = (values[1:] - values[:-1])[k]
    t = (np.clip(y, knots[k], knots[k + 1]) - knots[k]) / width
    leave, arrive = width * slopes[k], width * slopes[k + 1]  # slopes per interval
    inside = values[k] + t * (leave + t * (3 * rise - 2 * leave - arrive + t * (leave + arrive - 2 * rise)))
    end = np.where(y < knots[0], 0, -1)
    with np.errstate(over="ignore"):
        beyond = values[end] + slopes[end] * (y - knots[end])
    phi = np.where((y < knots[0]) | (y >= knots[-1]), beyond, inside)
    return np.clip(phi, 0, 1)


def _call_checked(function, y):
    """Return the relevances that a user's function gives to `y`; refuse anything else."""
    phi = np.asarray(function(y))
    if phi.shape != y.shape or phi.dtype.kind not in "fiub" or not ((phi >= 0) & (phi <= 1)).all():
        got = f"shape {phi.shape}, type {phi.dtype}"
        if phi.size and phi.dtype.kind in "fiub":
            got += f", values from {phi.min():g} to {phi.max():g}"
        raise ValueError(f"method must return a relevance in [0, 1] for each of the {len(y)} values of y; got {got}.")
    return phi.astype(np.float64)


def _runs(rare):
    """Return (start, stop, is_rare) of the maximal runs of equal flags."""
    cuts = (np.flatnonzero(rare[1:] != rare[:-1]) + 1).tolist()
    return [(start, stop, bool(rare[start])) for start, stop in zip([0, *cuts], [*cuts, len(rare)])]


def _bump_names(runs):
    """Return a name for each run, by where it lies."""
    if len(runs) == 1 and runs[0][2]:
        return ["all"]
    middle, common = map("middle_{}".format, count(1)), map("common_{}".format, count(1))
    ends = {0: "low", len(runs) - 1: "high"}
    return [(ends.get(k) or next(middle)) if is_rare else next(common) for k, (_, _, is_rare) in enumerate(runs)]


def _rare_ranges(y, is_rare):
    """Return how many rows of sorted `y` are rare and, of each rare run, its ends and the common values around it."""

    def value(k):
        return y[k].item() if 0 <= k < len(y) else None

    ranges = [(value(i - 1), value(i), value(stop - 1), value(stop)) for i, stop, rare in _runs(is_rare) if rare]
    return int(np.count_nonzero(is_rare)), ranges


def _explanation(n_rare, n_samples, ranges):
    """Return a sentence with the number of rare rows and where they lie."""
    text = f"{n_rare} of {n_samples} rows {'is' if n_rare == 1 else 'are'} rare"
    parts = []
    for before, low, high, after in ranges:
        at_least = None if before is None else _short(low, before, low)
        at_most = None if after is None else _short(high, high, after)
        if at_least and at_most:
            parts.append(f"{at_least} <= y <= {at_most}")
        else:
            parts.append(f"y >= {at_least}" if at_least else f"y <= {at_most}" if at_most else "every y")
    return f"{text}: {' or '.join(parts)}" if parts else text


def _short(value, low, high):
    """Return the shortest form of `value`, from 4 digits on, that separates rows at `low` from those at `high`."""
    whole = len(str(int(abs(value)))) if abs(value) < 1e16 else 0
    for digits in range(max(4, whole), 17):  # 20969, not 2.097e+04
        text = f"{value:.{digits}g}"
        if (low <= float(text) < high) if value == low else (low < float(text) <= high):
            return text
    return repr(value)
