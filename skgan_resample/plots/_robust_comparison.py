"""What methods gain under attack and cost without one."""

import numpy as np

from skgan_resample.plots._frame import Display, draw_point, finish
from skgan_resample.plots._palette import GREY


class RobustComparisonDisplay(Display):
    """What each method of a comparison of robustness keeps: accuracy under attack against accuracy without.

    No point can be above the grey diagonal, where no attack succeeds. Bars are 95 % intervals.

    Parameters
    ----------
    summary : list of dict
        As the values of `Comparison.results`.
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
    skgan_resample.compare : Makes the comparison.
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
        comparison : Comparison
            What `compare` returned for a threat model.
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        display : RobustComparisonDisplay
            The display, drawn.

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from skgan_resample import ThreatModel, compare
        >>> from skgan_resample.plots import RobustComparisonDisplay
        >>> X, y = load_iris(return_X_y=True)
        >>> comparison = compare(X, y, threat_model=ThreatModel(eps=0.1), methods=["none", "at"], cv=2)
        >>> len(RobustComparisonDisplay.from_comparison(comparison).ax_.containers)
        2
        """
        summary, commonest = list(comparison.results.values()), float(np.mean(comparison.facts["commonest"]))
        return cls(summary=summary, commonest=commonest).plot(ax=ax)

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
            draw_point(ax, i, row, *places, name, hollow=is_weak)
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
