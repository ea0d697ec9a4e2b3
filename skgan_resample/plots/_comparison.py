"""What methods gain and cost."""

import numpy as np

from skgan_resample.plots._frame import Display, axis_limits, draw_point, finish
from skgan_resample.plots._palette import BLACK, GREY


class ComparisonDisplay(Display):
    """What each method gains and what it costs: the score against the RMSE over all rows, both relative to "none".

    Below the horizontal line a method lowers the score; left of the vertical one it lowers the RMSE as well. Hollow
    markers stand for methods whose cost is too high, over all rows or on common ones. Bars are 95 % intervals; those
    that reach far beyond the points are cut, with an arrow head.

    Parameters
    ----------
    summary : list of dict
        As the values of `Comparison.results`.
    score_name : str, default="SERA"
        What the score measures.
    max_rmse_increase : float, default=0.02
        A method whose RMSE over all rows is higher by a larger share is in the grey part.
    max_common_increase : float, default=0.05
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
    >>> comparison = compare(X, y, methods=["weights", "smogn"], estimators=Ridge(0.1), n_repeats=1,
    ...                      relevance=Relevance("quantile", side="high"))
    >>> ComparisonDisplay.from_comparison(comparison).ax_.get_xlabel()
    'RMSE over all rows, ratio to none'
    """

    def __init__(self, *, summary, score_name="SERA", max_rmse_increase=0.02, max_common_increase=0.05):
        self.summary = summary
        self.max_common_increase = max_common_increase
        self.score_name = score_name
        self.max_rmse_increase = max_rmse_increase

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
        >>> comparison = compare(X, y, methods=["weights"], estimators=Ridge(0.1), scoring="rare_mae", n_repeats=1,
        ...                      relevance=Relevance("quantile", side="high"))
        >>> ComparisonDisplay.from_comparison(comparison).ax_.get_ylabel()
        'rare MAE, ratio to none'
        """
        limits = {name: comparison.facts[name] for name in ("max_rmse_increase", "max_common_increase")}
        name = comparison.score_label.removeprefix("the ")
        return cls(summary=list(comparison.results.values()), score_name=name, **limits).plot(ax=ax)

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
        across, up = (axis_limits(rows, *place, 1 + edge) for place, edge in zip(places, (self.max_rmse_increase, 0.0)))
        limits = f"RMSE over +{self.max_rmse_increase:.0%}, or +{self.max_common_increase:.0%} on common rows"
        costly_ones = []
        for i, row in enumerate(rows):
            common = row.get("common_ratio", 1.0)
            is_costly = row["rmse_ratio"] > 1 + self.max_rmse_increase or common > 1 + self.max_common_increase
            draw_point(ax, i, row, *places, row["method"], hollow=is_costly, limits=(across, up))
            costly_ones += ax.plot(
                [], [], "d", color=GREY, markerfacecolor="white",
                label=f"hollow: {limits}",
            ) if is_costly and not costly_ones else []  # fmt: skip
        (origin,) = ax.plot(1, 1, "+", color=BLACK, markersize=12, label="none")
        ax.axhline(1, color=GREY, linewidth=0.8, zorder=0.5)
        ax.axvline(1, color=GREY, linewidth=0.8, zorder=0.5)
        limits = min(across[0], 0.99), max(across[1], 1.02 + self.max_rmse_increase)
        costly = ax.axvspan(
            1 + self.max_rmse_increase, limits[1], color=GREY, alpha=0.2, linewidth=0, zorder=0,
            label=f"RMSE +{self.max_rmse_increase:.0%} or more",
        )  # fmt: skip
        ax.set(xlim=limits, ylim=up)
        finish(
            ax,
            [origin, *ax.containers, costly, *costly_ones],
            title="down is better, left is cheaper",
            xlabel="RMSE over all rows, ratio to none",
            ylabel=f"{self.score_name}, ratio to none",
        )
        self.ax_ = ax
        return self
