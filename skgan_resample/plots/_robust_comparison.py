"""What methods gain under attack and cost without one."""

import numpy as np

from skgan_resample.plots._base import Display, described
from skgan_resample.plots._frame import draw_point, finish
from skgan_resample.plots._palette import GREY

X_KEYS = "clean", "clean_low", "clean_high"
Y_KEYS = "robust", "robust_low", "robust_high"


@described
class RobustComparisonDisplay(Display):
    """What each method of a comparison of robustness keeps: accuracy under attack against accuracy without.

    No point can be above the grey diagonal, where no attack succeeds. Bars are 95 % intervals. A hollow marker stands
    for a method that was attacked more weakly, since only a black-box attack could be made.

    Parameters
    ----------
    summary : list of dict
        As the values of `Comparison.results`.
    commonest : float
        Accuracy of always answering the commonest class.

    {Attributes, ax_, figure_}

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skgan_resample import ThreatModel, compare
    >>> from skgan_resample.plots import RobustComparisonDisplay
    >>> X, y = load_iris(return_X_y=True)
    >>> comparison = compare(X, y, threat_model=ThreatModel(eps=0.1), methods=["none", "at"], cv=2)
    >>> display = RobustComparisonDisplay.from_comparison(comparison)
    >>> len(display.ax_.containers), display.ax_.get_ylabel()
    (2, 'accuracy under attack')
    """

    _size = 6.4, 4.4

    def __init__(self, *, summary, commonest):
        self.summary = summary
        self.commonest = commonest

    @classmethod
    def from_comparison(cls, comparison, *, ax=None):
        """Draw a comparison.

        Parameters
        ----------
        comparison : Comparison
            What `compare` returned for a threat model.
        {ax}

        {Returns, display}
        """
        summary, commonest = list(comparison.results.values()), float(np.mean(comparison.facts["commonest"]))
        return cls(summary=summary, commonest=commonest).plot(ax=ax)

    def _draw(self, ax):
        from matplotlib.ticker import PercentFormatter

        for i, row in enumerate(self.summary):
            is_weak = row["attack"] == "black-box"
            name = f"{row['method']} (attacked more weakly)" if is_weak else row["method"]
            draw_point(ax, i, row, X_KEYS, Y_KEYS, name, hollow=is_weak)
        xlim, (low, high) = ax.get_xlim(), ax.get_ylim()  # of the points; the lines must not change them
        lines = [ax.axline((0, 0), slope=1, color=GREY, linewidth=0.8, zorder=0, label="no attack succeeds")]
        if self.commonest > low - (high - low):  # a line farther below would squeeze the points
            style = {"color": GREY, "linewidth": 0.8, "linestyle": "--", "label": "always the commonest class"}
            lines.append(ax.axhline(self.commonest, **style))
            low = min(low, self.commonest - 0.02)
        ax.set(xlim=xlim, ylim=(low, high))
        for axis in (ax.xaxis, ax.yaxis):
            decimals = 0 if np.ptp(axis.get_view_interval()) > 0.04 else 1  # so that ticks differ
            axis.set_major_formatter(PercentFormatter(1.0, decimals=decimals))
        finish(
            ax,
            [*ax.containers, *lines],
            title="up is more robust, right is cheaper",
            xlabel="accuracy without attack",
            ylabel="accuracy under attack",
        )
