"""What methods gain and cost."""

import numpy as np

from skgan_resample.plots._base import Display, described
from skgan_resample.plots._frame import draw_point, finish
from skgan_resample.plots._palette import BLACK, GREY

X_KEYS = "rmse_ratio", "rmse_low", "rmse_high"
Y_KEYS = "score_ratio", "low", "high"
FURTHEST = 2  # intervals are drawn at most this many times as far from 1 as the farthest point; our choice


@described
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

    {Attributes, ax_, figure_}

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

    _size = 6.4, 4.4

    def __init__(self, *, summary, score_name="SERA", max_rmse_increase=0.02, max_common_increase=0.05):
        self.summary = summary
        self.score_name = score_name
        self.max_rmse_increase = max_rmse_increase
        self.max_common_increase = max_common_increase

    @classmethod
    def from_comparison(cls, comparison, *, ax=None):
        """Draw the outer folds of a comparison.

        Parameters
        ----------
        comparison : Comparison
            What `compare` returned for a numeric target.
        {ax}

        {Returns, display}
        """
        limits = {name: comparison.facts[name] for name in ("max_rmse_increase", "max_common_increase")}
        name = comparison.score_label.removeprefix("the ")
        return cls(summary=list(comparison.results.values()), score_name=name, **limits).plot(ax=ax)

    def _draw(self, ax):
        rows = [row for row in self.summary if row["method"] not in ("none", "chosen by inner folds")]
        rows = [row for row in rows if np.isfinite([row[X_KEYS[0]], row[Y_KEYS[0]]]).all()]
        too_costly = 1 + self.max_rmse_increase
        xlim, ylim = _axis_limits(rows, *X_KEYS, seen=too_costly), _axis_limits(rows, *Y_KEYS, seen=1.0)
        costly = [
            row["rmse_ratio"] > too_costly or row.get("common_ratio", 1.0) > 1 + self.max_common_increase
            for row in rows
        ]
        # Limits are known before anything is drawn, since intervals are cut there.
        for i, (row, is_costly) in enumerate(zip(rows, costly)):
            draw_point(ax, i, row, X_KEYS, Y_KEYS, row["method"], hollow=is_costly, xlim=xlim, ylim=ylim)
        (origin,) = ax.plot(1, 1, "+", color=BLACK, markersize=12, label="none")
        ax.axhline(1, color=GREY, linewidth=0.8, zorder=0.5)
        ax.axvline(1, color=GREY, linewidth=0.8, zorder=0.5)
        xlim = min(xlim[0], 0.99), max(xlim[1], 0.02 + too_costly)  # so that both sides of "none" are seen
        words = f"RMSE +{self.max_rmse_increase:.0%} or more"
        part = ax.axvspan(too_costly, xlim[1], color=GREY, alpha=0.2, linewidth=0, zorder=0, label=words)
        handles = [origin, *ax.containers, part]
        if any(costly):
            words = (
                f"hollow: RMSE over +{self.max_rmse_increase:.0%}, or +{self.max_common_increase:.0%} on common rows"
            )
            handles += ax.plot([], [], "d", color=GREY, markerfacecolor="white", label=words)
        ax.set(xlim=xlim, ylim=ylim)
        finish(
            ax,
            handles,
            title="down is better, left is cheaper",
            xlabel="RMSE over all rows, ratio to none",
            ylabel=f"{self.score_name}, ratio to none",
        )


def _axis_limits(rows, value, low, high, *, seen):
    """Return the ends of an axis of ratios, by the points and their intervals; 1 and the place `seen` are inside."""
    points = [1.0, seen, *(row[value] for row in rows)]
    reach = FURTHEST * max(max(abs(point - 1) for point in points), 0.005)
    ends = [row[end] for row in rows for end in (low, high)]
    least, most = max(min(points + ends), 1 - reach), min(max(points + ends), 1 + reach)
    margin = 0.06 * (most - least)
    return least - margin, most + margin
