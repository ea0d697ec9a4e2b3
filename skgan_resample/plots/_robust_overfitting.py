"""How robust and clean errors went during adversarial training."""

import numpy as np

from skgan_resample.plots._frame import Display, finish, shortened, upright_ticks
from skgan_resample.plots._palette import BLACK, BLUE, MARKERS, RED, SERIES


class RobustOverfittingDisplay(Display):
    """Accuracy of held-out rows over the epochs of adversarial training, without attack and under attack.

    Robust overfitting is a solid line that falls while the dotted one, training rows under attack, still rises. Bands
    are one standard error; the title is the robust gap of the first run.

    Parameters
    ----------
    runs : dict of Curves
        By strategy, the first one untreated; as `RobustATWrapper.runs_`.
    kept : str
        The strategy that was kept.
    best_epoch : int
        The epoch that was kept.
    gap : tuple of float
        The robust gap of the first run with the limits of its interval.
    score_name : str, default="accuracy"
        What the curves measure; "accuracy" is drawn from 0 % to 100 %.

    Attributes
    ----------
    ax_ : matplotlib Axes
        With the curves.
    figure_ : matplotlib Figure
        With these axes.

    See Also
    --------
    skgan_resample.RobustATWrapper : Detects and treats robust overfitting.
    RobustComparisonDisplay : What adversarial training buys.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skgan_resample import RobustATWrapper
    >>> from skgan_resample.plots import RobustOverfittingDisplay
    >>> X, y = load_iris(return_X_y=True)
    >>> robust = RobustATWrapper(max_epochs=4, random_state=0).fit(X, y)
    >>> RobustOverfittingDisplay.from_estimator(robust).ax_.get_xlabel()
    'epoch'
    """

    def __init__(self, *, runs, kept, best_epoch, gap, score_name="accuracy"):
        self.runs = runs
        self.kept = kept
        self.best_epoch = best_epoch
        self.gap = gap
        self.score_name = score_name

    @classmethod
    def from_estimator(cls, estimator, *, ax=None):
        """Draw what a fitted wrapper saw.

        Parameters
        ----------
        estimator : RobustATWrapper
            Fitted with validation.
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        display : RobustOverfittingDisplay
            The display, drawn.

        Raises
        ------
        ValueError
            If it was fitted without validation.

        Examples
        --------
        >>> from sklearn.datasets import load_diabetes
        >>> from skgan_resample import RobustATWrapper
        >>> from skgan_resample.plots import RobustOverfittingDisplay
        >>> X, y = load_diabetes(return_X_y=True)
        >>> robust = RobustATWrapper(task="regression", max_epochs=4, random_state=0).fit(X, y)
        >>> RobustOverfittingDisplay.from_estimator(robust).ax_.get_ylabel()
        'R2 on held-out rows'
        """
        if not estimator.runs_:
            raise ValueError("Nothing to draw: the wrapper was fitted without validation.")
        return cls(
            runs=estimator.runs_,
            kept=estimator.strategy_,
            best_epoch=estimator.best_epoch_,
            gap=(estimator.ro_gap_, *estimator.ro_gap_interval_),
            score_name="accuracy" if hasattr(estimator, "classes_") else "R2",
        ).plot(ax=ax)

    def plot(self, ax=None):
        """Draw the curves of every strategy that was tried.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        self : RobustOverfittingDisplay
            The display, drawn.

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from skgan_resample import RobustATWrapper
        >>> from skgan_resample.plots import RobustOverfittingDisplay
        >>> robust = RobustATWrapper(max_epochs=2, random_state=0).fit(*load_iris(return_X_y=True))
        >>> display = RobustOverfittingDisplay(runs=robust.runs_, kept="plain", best_epoch=1, gap=(0.1, 0.05, 0.2))
        >>> display.plot().ax_.get_title()
        'robust gap: 0.100 (0.050 to 0.200)'
        """
        from matplotlib.lines import Line2D
        from matplotlib.ticker import PercentFormatter

        (ax,) = self._take_axes(ax, (6.4, 4.4))
        handles = []
        first = next(iter(self.runs))
        # As many strategies as the wrapper can try; each has a colour and a marker.
        for i, (name, curves) in enumerate(self.runs.items()):
            color, marker = (RED, BLUE, *SERIES[2:])[i % len(SERIES)], MARKERS[i % len(MARKERS)]
            often = max(1, len(curves.epochs) // 8)
            robust = curves.curve()
            weight = curves.weight / curves.weight.sum()
            error = np.sqrt(((curves.robust - robust[:, None]) ** 2) @ weight**2)
            ax.fill_between(curves.epochs, robust - error, robust + error, color=color, alpha=0.18, linewidth=0)
            look = {"color": color, "marker": marker, "markersize": 4.5, "markevery": often}
            ax.plot(curves.epochs, robust, linewidth=1.8, **look)
            ax.plot(curves.epochs, curves.curve("clean"), linewidth=1.2, linestyle="--", **look)
            if name == first:
                seen = [record["train_robust"] for record in curves.history]
                ax.plot(curves.epochs, seen, color=color, linewidth=1.4, linestyle=":")
            words = f"{shortened(name, 40)} (kept)" if name == self.kept and len(self.runs) > 1 else shortened(name, 40)
            handles.append(Line2D([], [], **look, label=words))
        upright = upright_ticks(ax, self.best_epoch, f"kept: epoch {self.best_epoch}")
        for words, style in (
            ("under attack", {"linewidth": 1.8}),
            ("without attack", {"linewidth": 1.2, "linestyle": "--"}),
            ("training rows under attack", {"linewidth": 1.4, "linestyle": ":"}),
        ):
            handles.append(Line2D([], [], color=BLACK, label=words, **style))
        if self.score_name == "accuracy":
            ax.set_ylim(0, 1)
            ax.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
        value, low, high = self.gap
        finish(
            ax,
            [*handles, upright],
            title=f"robust gap: {value:.3f} ({low:.3f} to {high:.3f})",
            xlabel="epoch",
            ylabel=f"{self.score_name} on held-out rows",
        )
        self.ax_ = ax
        return self
