"""How accuracies with and without an attack went during adversarial training."""

import numpy as np

from skgan_resample.plots._base import Display, described
from skgan_resample.plots._frame import finish, shortened, vertical_line
from skgan_resample.plots._palette import BLACK, BLUE, MARKERS, RED, SERIES

COLORS = RED, BLUE, *SERIES[2:]  # red for the untreated run, which comes first


@described
class RobustOverfittingDisplay(Display):
    """Accuracy of held-out rows over the epochs of adversarial training, without attack and under attack.

    Robust overfitting is a solid line that falls while the dotted one, training rows under attack, still rises. Bands
    are one standard error; the title is the robust generalization gap of the first run, with its interval.

    Parameters
    ----------
    runs : dict of Curves
        By strategy, the first one untreated; as `RobustATWrapper.runs_`.
    kept, best_epoch : str, int
        The strategy and the epoch that were kept.
    gap : tuple of float
        The robust generalization gap of the first run with the limits of its interval.
    score_name : str, default="accuracy"
        What the curves measure; "accuracy" is drawn from 0 % to 100 %.

    {Attributes, ax_, figure_}

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

    _size = 6.4, 4.4

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
        {ax}

        {Returns, display}

        Raises
        ------
        ValueError
            If it was fitted without validation.
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

    def _draw(self, ax):
        from matplotlib.lines import Line2D
        from matplotlib.ticker import PercentFormatter

        handles = []
        for i, (name, curves) in enumerate(self.runs.items()):
            look = {"color": COLORS[i % len(COLORS)], "marker": MARKERS[i % len(MARKERS)], "markersize": 4.5}
            look["markevery"] = max(1, len(curves.epochs) // 8)
            robust = curves.curve()  # (n_epochs,), the weighted mean of curves.robust (n_epochs, n_samples)
            weight = curves.weight / curves.weight.sum()
            error = np.sqrt(((curves.robust - robust[:, None]) ** 2) @ weight**2)  # standard error of that mean
            low, high = robust - error, robust + error
            ax.fill_between(curves.epochs, low, high, color=look["color"], alpha=0.18, linewidth=0)
            ax.plot(curves.epochs, robust, linewidth=1.8, **look)
            ax.plot(curves.epochs, curves.curve("clean"), linewidth=1.2, linestyle="--", **look)
            if i == 0:
                seen = [record["train_robust"] for record in curves.history]
                ax.plot(curves.epochs, seen, color=look["color"], linewidth=1.4, linestyle=":")
            is_kept = name == self.kept and len(self.runs) > 1
            handles.append(Line2D([], [], **look, label=shortened(name, 40) + (" (kept)" if is_kept else "")))
        for words, style in (
            ("under attack", {"linewidth": 1.8}),
            ("without attack", {"linewidth": 1.2, "linestyle": "--"}),
            ("training rows under attack", {"linewidth": 1.4, "linestyle": ":"}),
        ):
            handles.append(Line2D([], [], color=BLACK, label=words, **style))
        handles.append(vertical_line(ax, self.best_epoch, f"kept: epoch {self.best_epoch}"))
        if self.score_name == "accuracy":  # the whole range, so that a small gap looks small
            ax.set_ylim(0, 1)
            ax.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
        value, low, high = self.gap
        finish(
            ax,
            handles,
            title=f"robust generalization gap: {value:.3f} ({low:.3f} to {high:.3f})",
            xlabel="epoch",
            ylabel=f"{self.score_name} on held-out rows",
        )
