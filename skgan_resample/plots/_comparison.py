"""What methods gain and cost."""

import numpy as np

from skgan_resample.plots._frame import Display, finish, shortened
from skgan_resample.plots._palette import BLACK, GREY, MARKERS, SERIES

FURTHEST = 2  # intervals are drawn at most so many times as far from 1 as the farthest point


class ComparisonDisplay(Display):
    """What each method gains and what it costs: the score against the RMSE over all rows, both relative to "none".

    Below the horizontal line a method lowers the score; left of the vertical one it lowers the RMSE as well. Hollow
    markers stand for methods whose price is too high, over all rows or on common ones. Bars are 95 % intervals; those
    that reach far beyond the points are cut, with an arrow head.

    Parameters
    ----------
    summary : list of dict
        As in `Comparison.summary`.
    score_name : str, default="SERA"
        What the score measures.
    max_price : float, default=0.02
        A method whose RMSE over all rows is higher by a larger share is in the grey part.
    max_common_price : float, default=0.05
        The limit for the RMSE on common rows, ``common_ratio`` of the summary.

    Attributes
    ----------
    ax_ : matplotlib Axes
        With one point per method.
    figure_ : matplotlib Figure
        With these axes.

    See Also
    --------
    skgan_resample.compare : Makes the comparison.
    RobustComparisonDisplay : The same for adversarial training.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.linear_model import Ridge
    >>> from skgan_resample import Relevance, compare
    >>> from skgan_resample.plots import ComparisonDisplay
    >>> X, y = load_diabetes(return_X_y=True)
    >>> comparison = compare(X, y, methods=["weights", "smogn"], learners=Ridge(0.1), n_repeats=1,
    ...                      relevance=Relevance("quantile", side="high"))
    >>> ComparisonDisplay.from_comparison(comparison).ax_.get_xlabel()
    'RMSE over all rows, ratio to none'
    """

    def __init__(self, *, summary, score_name="SERA", max_price=0.02, max_common_price=0.05):
        self.summary = summary
        self.max_common_price = max_common_price
        self.score_name = score_name
        self.max_price = max_price

    @classmethod
    def from_comparison(cls, comparison, *, ax=None):
        """Draw the outer folds of a comparison.

        Parameters
        ----------
        comparison : Comparison
            What `compare` returned.
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        display : ComparisonDisplay
            The display, drawn.

        Examples
        --------
        >>> from sklearn.datasets import load_diabetes
        >>> from sklearn.linear_model import Ridge
        >>> from skgan_resample import Relevance, compare
        >>> from skgan_resample.plots import ComparisonDisplay
        >>> X, y = load_diabetes(return_X_y=True)
        >>> comparison = compare(X, y, methods=["weights"], learners=Ridge(0.1), scoring="rare_mae", n_repeats=1,
        ...                      relevance=Relevance("quantile", side="high"))
        >>> ComparisonDisplay.from_comparison(comparison).ax_.get_ylabel()
        'rare MAE, ratio to none'
        """
        from skgan_resample.model_selection._verdict import SCORE_LABELS

        name = SCORE_LABELS[comparison.scoring].removeprefix("the ")
        limits = {"max_price": comparison.max_price, "max_common_price": comparison.max_common_price}
        return cls(summary=comparison.summary, score_name=name, **limits).plot(ax=ax)

    def plot(self, ax=None):
        """Draw one point per method.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        self : ComparisonDisplay
            The display, drawn.

        Examples
        --------
        >>> from skgan_resample.plots import ComparisonDisplay
        >>> weights = {"method": "weights", "score_ratio": 0.9, "low": 0.8, "high": 1.0,
        ...            "rmse_ratio": 1.01, "rmse_low": 1.0, "rmse_high": 1.02}
        >>> len(ComparisonDisplay(summary=[weights]).plot().ax_.containers)
        1
        """
        (ax,) = self._take_axes(ax, (6.4, 4.4))
        rows = [row for row in self.summary if row["method"] not in ("none", "chosen by inner folds")]
        places = ("rmse_ratio", "rmse_low", "rmse_high"), ("score_ratio", "low", "high")
        rows = [row for row in rows if np.isfinite([row[value] for value, *_ in places]).all()]
        across, up = (_limits(rows, *place, 1 + edge) for place, edge in zip(places, (self.max_price, 0.0)))
        dear_ones = []
        for i, row in enumerate(rows):
            is_dear = row["rmse_ratio"] > 1 + self.max_price or row.get("common_ratio", 1.0) > 1 + self.max_common_price
            _point(ax, i, row, *places, row["method"], hollow=is_dear, limits=(across, up))
            dear_ones += ax.plot(
                [], [], "d", color=GREY, markerfacecolor="white",
                label=f"hollow: RMSE over +{self.max_price:.0%}, or +{self.max_common_price:.0%} on common rows",
            ) if is_dear and not dear_ones else []  # fmt: skip
        (origin,) = ax.plot(1, 1, "+", color=BLACK, markersize=12, label="none")
        ax.axhline(1, color=GREY, linewidth=0.8, zorder=0.5)
        ax.axvline(1, color=GREY, linewidth=0.8, zorder=0.5)
        limits = min(across[0], 0.99), max(across[1], 1.02 + self.max_price)
        dear = ax.axvspan(
            1 + self.max_price, limits[1], color=GREY, alpha=0.2, linewidth=0, zorder=0,
            label=f"RMSE +{self.max_price:.0%} or more",
        )  # fmt: skip
        ax.set(xlim=limits, ylim=up)
        finish(
            ax,
            [origin, *ax.containers, dear, *dear_ones],
            title="down is better, left is cheaper",
            xlabel="RMSE over all rows, ratio to none",
            ylabel=f"{self.score_name}, ratio to none",
        )
        self.ax_ = ax
        return self


class RobustComparisonDisplay(Display):
    """What each method of a comparison of robustness keeps: accuracy under attack against accuracy without.

    No point can be above the grey diagonal, where no attack succeeds. Bars are 95 % intervals.

    Parameters
    ----------
    summary : list of dict
        As in `RobustComparison.summary`.
    commonest : float
        Accuracy of always answering the commonest class.

    Attributes
    ----------
    ax_ : matplotlib Axes
        With one point per method.
    figure_ : matplotlib Figure
        With these axes.

    See Also
    --------
    skgan_resample.model_selection.compare_robustness : Makes the comparison.
    RobustOverfittingDisplay : The training of one model.

    Examples
    --------
    >>> from skgan_resample.plots import RobustComparisonDisplay
    >>> none = {"method": "none", "attack": "white-box", "clean": 0.95, "clean_low": 0.93, "clean_high": 0.97,
    ...         "robust": 0.6, "robust_low": 0.5, "robust_high": 0.7}
    >>> at = {**none, "method": "at", "robust": 0.9, "robust_low": 0.87, "robust_high": 0.93}
    >>> RobustComparisonDisplay(summary=[none, at], commonest=0.55).plot().ax_.get_ylabel()
    'accuracy under attack'
    """

    def __init__(self, *, summary, commonest):
        self.summary = summary
        self.commonest = commonest

    @classmethod
    def from_comparison(cls, comparison, *, ax=None):
        """Draw a comparison.

        Parameters
        ----------
        comparison : RobustComparison
            What `compare_robustness` returned.
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        display : RobustComparisonDisplay
            The display, drawn.

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from skgan_resample import ThreatModel
        >>> from skgan_resample.model_selection import compare_robustness
        >>> from skgan_resample.plots import RobustComparisonDisplay
        >>> X, y = load_iris(return_X_y=True)
        >>> comparison = compare_robustness(X, y, ThreatModel(eps=0.1), methods=["none", "at"], cv=2)
        >>> len(RobustComparisonDisplay.from_comparison(comparison).ax_.containers)
        2
        """
        return cls(summary=comparison.summary, commonest=float(np.mean(comparison.commonest))).plot(ax=ax)

    def plot(self, ax=None):
        """Draw one point per method.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        self : RobustComparisonDisplay
            The display, drawn.

        Examples
        --------
        >>> from skgan_resample.plots import RobustComparisonDisplay
        >>> at = {"method": "at", "attack": "white-box", "clean": 0.95, "clean_low": 0.93, "clean_high": 0.97,
        ...       "robust": 0.9, "robust_low": 0.87, "robust_high": 0.93}
        >>> RobustComparisonDisplay(summary=[at], commonest=0.55).plot().ax_.get_xlabel()
        'accuracy without attack'
        """
        from matplotlib.ticker import PercentFormatter

        (ax,) = self._take_axes(ax, (6.4, 4.4))
        for i, row in enumerate(self.summary):
            is_weak = row["attack"] == "black-box"
            name = f"{row['method']} (attacked more weakly)" if is_weak else row["method"]
            places = (("clean", "clean_low", "clean_high"), ("robust", "robust_low", "robust_high"))
            _point(ax, i, row, *places, name, hollow=is_weak)
        left, right = ax.get_xlim()
        low, high = ax.get_ylim()
        lines = [ax.axline((0, 0), slope=1, color=GREY, linewidth=0.8, zorder=0, label="no attack succeeds")]
        if self.commonest > low - (high - low):  # else it would squeeze what there is to see
            style = {"color": GREY, "linewidth": 0.8, "linestyle": "--", "label": "always the commonest class"}
            lines.append(ax.axhline(self.commonest, **style))
            low = min(low, self.commonest - 0.02)
        ax.set(xlim=(left, right), ylim=(low, high))
        for axis in (ax.xaxis, ax.yaxis):
            decimals = 0 if np.ptp(axis.get_view_interval()) > 0.04 else 1
            axis.set_major_formatter(PercentFormatter(1.0, decimals=decimals))
        finish(
            ax,
            [*ax.containers, *lines],
            title="up is more robust, right is cheaper",
            xlabel="accuracy without attack",
            ylabel="accuracy under attack",
        )
        self.ax_ = ax
        return self


def _limits(rows, value, low, high, edge):
    """Return the ends of an axis of ratios, by the points; intervals may reach FURTHEST times as far from 1 as these.

    `edge` is a place that is seen in any case.
    """
    found = [1.0, edge, *(row[value] for row in rows)]
    reach = FURTHEST * max(max(abs(place - 1) for place in found), 0.005)
    ends = [row[end] for row in rows for end in (low, high)]
    least, most = max(min(found + ends), 1 - reach), min(max(found + ends), 1 + reach)
    margin = 0.06 * (most - least)
    return least - margin, most + margin


def _point(ax, i, row, across, up, name, *, hollow=False, limits=((-np.inf, np.inf), (-np.inf, np.inf))):
    """Draw method number `i` with its intervals; `across` and `up` name value, lower and upper limit in the row.

    Intervals that go beyond `limits` are cut there, with an arrow head.
    """
    ends = [np.clip([row[low], row[high]], *within) for (_, low, high), within in zip((across, up), limits)]
    values = row[across[0]], row[up[0]]
    reach = [[[value - low], [high - value]] for value, (low, high) in zip(values, ends)]
    color = SERIES[i % len(SERIES)]
    for j, (place, heads) in enumerate(zip((across, up), ("<>", "v^"))):
        for end, name_of_end, head in zip(ends[j], place[1:], heads):
            if end != row[name_of_end]:
                spot = (end, values[1]) if j == 0 else (values[0], end)
                ax.plot(*spot, head, color=color, markersize=5, markeredgewidth=0, clip_on=False)
    size = max(6, 10 - 0.6 * i)  # a point on another one does not hide it
    ax.errorbar(
        row[across[0]], row[up[0]], xerr=reach[0], yerr=reach[1], fmt=MARKERS[i % len(MARKERS)], color=color,
        markerfacecolor="white" if hollow else color, markeredgecolor=color if hollow else "white",
        markersize=size, markeredgewidth=1.2 if hollow else 0.6, elinewidth=0.8, label=shortened(name, 34),
    )  # fmt: skip
