"""How networks were trained."""

from numbers import Integral

import numpy as np
from sklearn.base import clone
from sklearn.utils import check_random_state

from skgan_resample.plots._frame import (
    Display,
    evenly,
    finish,
    pick_column,
    shortened,
)
from skgan_resample.plots._palette import BLACK, BLUE, GREY, LINE_STYLES, MARKERS, RED, SERIES


class TrainingDisplay(Display):
    """How a network was trained: the score at each evaluation, lower is better, and the step that was kept.

    A history without scores is shown by its losses, one line each.

    Parameters
    ----------
    history : list of dict
        As an estimator's ``history_``: "step" in each record, and "score" or names that end in "loss".
    best_step : int
        The step that was kept.
    score_name : str, default="score"
        What the score measures, the label of the vertical axis; with the unit.

    Attributes
    ----------
    ax_ : matplotlib Axes
        With the curve.
    figure_ : matplotlib Figure
        With these axes.

    See Also
    --------
    RefinementDisplay : The training of SMOGAN and what it changed.
    RobustOverfittingDisplay : Adversarial training.

    Examples
    --------
    >>> from skgan_resample.plots import TrainingDisplay
    >>> history = [{"step": 0, "score": 0.5}, {"step": 10, "score": 0.2}, {"step": 20, "score": 0.3}]
    >>> display = TrainingDisplay(history=history, best_step=10).plot()
    >>> display.ax_.get_title()
    'kept: step 10 of 20'
    """

    def __init__(self, *, history, best_step, score_name="score"):
        self.history = history
        self.best_step = best_step
        self.score_name = score_name

    @classmethod
    def from_estimator(cls, estimator, *, score_name="score", ax=None):
        """Draw the history of a fitted estimator.

        Parameters
        ----------
        estimator : estimator with ``history_`` and ``best_step_``
            `SMOGANRegressorResampler`, `SMCAETransformer`, `HardTripletSampler` or `HardTripletEmbedder`.
        score_name : str, default="score"
            What the score measures, the label of the vertical axis.
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        display : TrainingDisplay
            The display, drawn.

        Raises
        ------
        ValueError
            If no network was trained.
        TypeError
            If the estimator has no such history.

        Examples
        --------
        >>> from sklearn.datasets import load_diabetes
        >>> from skgan_resample import Relevance, SMOGANRegressorResampler
        >>> from skgan_resample.plots import TrainingDisplay
        >>> X, y = load_diabetes(return_X_y=True, as_frame=True)
        >>> relevance = Relevance("quantile", side="high")
        >>> sampler = SMOGANRegressorResampler(relevance=relevance, max_steps=20, random_state=0).fit(X, y)
        >>> display = TrainingDisplay.from_estimator(sampler, score_name="MMD² to held-out rare rows")
        >>> [record["step"] for record in display.history]
        [0, 10, 20]
        """
        if not hasattr(estimator, "history_") or not hasattr(estimator, "best_step_"):
            hint = "; see RobustOverfittingDisplay" if hasattr(estimator, "runs_") else ""
            raise TypeError(f"{type(estimator).__name__} has no history_ and best_step_ to draw{hint}.")
        if not estimator.history_:
            raise ValueError(f"{type(estimator).__name__} has trained no network, so there is no history to draw.")
        display = cls(history=estimator.history_, best_step=estimator.best_step_, score_name=score_name)
        return display.plot(ax=ax)

    def plot(self, ax=None):
        """Draw the score, or the losses, over the steps.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        self : TrainingDisplay
            The display, drawn.

        Examples
        --------
        >>> from skgan_resample.plots import TrainingDisplay
        >>> history = [{"step": 0}, {"step": 50, "left_loss": 2.0, "right_loss": 1.5}, {"step": 100, "left_loss": 1.0}]
        >>> [line.get_label() for line in TrainingDisplay(history=history, best_step=100).plot().ax_.lines]
        ['left loss', 'right loss', 'step kept']
        """
        (ax,) = self._take_axes(ax, (6.4, 3.4))
        scores = self._series("score")
        losses = [name for name in dict.fromkeys(key for record in self.history for key in record) if "loss" in name]
        if scores:
            (curve,) = ax.plot(*zip(*scores), color=BLUE, marker="." if len(scores) < 40 else "", label="score")
            start = ax.axhline(scores[0][1], color=GREY, linestyle=":", linewidth=1.2, label="untrained")
            height = dict(scores).get(self.best_step)
            lines = [curve, start] if scores[0][0] == 0 else [curve]
        else:
            height, lines = None, []
            for name, color, style in zip(losses, SERIES, LINE_STYLES):
                words = name.replace("_", " ")
                lines += ax.plot(*zip(*self._series(name)), color=color, linestyle=style, label=words)
        if height is not None:
            lines += ax.plot(self.best_step, height, "D", color=RED, markersize=6, linestyle="none", label="step kept")
        elif self.best_step is not None:
            lines.append(_upright(ax, self.best_step, "step kept"))
        last = self.history[-1]["step"]
        kept = "" if self.best_step is None else f"kept: step {self.best_step:,} of {last:,}"
        finish(ax, lines, title=kept, xlabel="step", ylabel=self.score_name if scores else "loss")
        self.ax_ = ax
        return self

    def _series(self, name):
        """Return (step, value) of the records that have this value."""
        return [(record["step"], record[name]) for record in self.history if record.get(name) is not None]


class RefinementDisplay(Display):
    """What the second stage of SMOGAN changed: its training, and where new rows stood before and after.

    Parameters
    ----------
    history : list of dict
        The ``history_`` of the sampler.
    best_step : int
        The step that was kept.
    feature : ndarray of shape (n_rows,)
        One numeric feature of the real rows.
    y : ndarray of shape (n_rows,)
        Their target.
    before, after : ndarray of shape (n_new, 2)
        Feature and target of the new rows as candidates, and refined.
    feature_name, target_name : str, default=""
        Labels of the right axes; put units here.
    title : str, default=""
        Title of the right axes.

    Attributes
    ----------
    axes_ : ndarray of matplotlib Axes
        Of the training and of the rows.
    figure_ : matplotlib Figure
        With both.

    See Also
    --------
    TrainingDisplay : The left part alone.
    skgan_resample.SMOGANRegressorResampler : What is shown here.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from skgan_resample import Relevance, SMOGANRegressorResampler
    >>> from skgan_resample.plots import RefinementDisplay
    >>> X, y = load_diabetes(return_X_y=True, as_frame=True)
    >>> sampler = SMOGANRegressorResampler(relevance=Relevance("quantile", side="high"), max_steps=20, random_state=0)
    >>> display = RefinementDisplay.from_sampler(sampler, X, y)
    >>> display.before.shape == display.after.shape
    True
    """

    MAX_ARROWS = 150  # new rows that are drawn
    MAX_ROWS = 2000  # real rows that are drawn

    def __init__(self, *, history, best_step, feature, y, before, after, feature_name="", target_name="", title=""):
        self.history = history
        self.best_step = best_step
        self.feature = feature
        self.y = y
        self.before = before
        self.after = after
        self.feature_name = feature_name
        self.target_name = target_name
        self.title = title

    @classmethod
    def from_sampler(cls, sampler, X, y, *, feature=None, target_name="target", axes=None):
        """Resample a table with and without the second stage, same seed and same candidates, and draw both.

        Parameters
        ----------
        sampler : SMOGANRegressorResampler
            Cloned. Rejecting candidates is switched off, so that rows can be told in pairs.
        X : table of shape (n_rows, n_columns)
            With a numeric column.
        y : array-like of shape (n_rows,)
            Target values.
        feature : str or int, default=None
            Column to draw; None takes the numeric one with the largest rank correlation with `y`.
        target_name : str, default="target"
            Name of the target; put the unit here.
        axes : array of two matplotlib Axes, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        display : RefinementDisplay
            The display, drawn.

        Raises
        ------
        ValueError
            If no network was trained, or the table has no numeric column.

        Examples
        --------
        >>> from sklearn.datasets import load_diabetes
        >>> from skgan_resample import Relevance, SMOGANRegressorResampler
        >>> from skgan_resample.plots import RefinementDisplay
        >>> X, y = load_diabetes(return_X_y=True, as_frame=True)
        >>> relevance = Relevance("quantile", side="high")
        >>> sampler = SMOGANRegressorResampler(relevance=relevance, max_steps=10, random_state=0)
        >>> display = RefinementDisplay.from_sampler(sampler, X, y, feature="bmi", target_name="progression")
        >>> display.axes_[1].get_xlabel()
        'bmi'
        """
        from skgan_resample._tables import TableEncoder

        seed = clone(sampler).random_state
        if not isinstance(seed, Integral):
            seed = check_random_state(seed).randint(np.iinfo(np.int32).max)
        refined = clone(sampler).set_params(refine=True, reject_fraction=0.0, random_state=seed)
        X_after, y_after = refined.fit_resample(X, y)
        if not refined.history_:
            raise ValueError(f"No network was trained: {refined.refinement_['status']}.")
        X_before, y_before = clone(refined).set_params(refine=False).fit_resample(X, y)
        encoder = TableEncoder().fit(X)
        real, y = encoder.to_codes(X), np.asarray(y, dtype=float)
        place, feature_name = pick_column(encoder, feature, real, y)
        if place is None:
            raise ValueError("The table has no numeric column to draw.")
        new = refined.is_synthetic_
        before, after = (
            np.column_stack([encoder.to_codes(table)[new, place], np.asarray(target, dtype=float)[new]])
            for table, target in ((X_before, y_before), (X_after, y_after))
        )
        found = refined.refinement_
        display = cls(
            history=refined.history_,
            best_step=refined.best_step_,
            feature=real[:, place],
            y=y,
            before=before,
            after=after,
            feature_name=feature_name,
            target_name=target_name,
            title=f"{found['n_moved']:,} of {found['n_rows']:,} new rows moved",
        )
        return display.plot(axes=axes)

    def plot(self, axes=None):
        """Draw the training, and new rows before and after.

        Parameters
        ----------
        axes : array of two matplotlib Axes, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        self : RefinementDisplay
            The display, drawn.

        Examples
        --------
        >>> import numpy as np
        >>> from skgan_resample.plots import RefinementDisplay
        >>> history = [{"step": 0, "score": 0.5}, {"step": 10, "score": 0.2}]
        >>> rows = {"feature": np.array([1.0, 2.0]), "y": np.array([5.0, 9.0])}
        >>> moved = {"before": np.array([[1.5, 8.0]]), "after": np.array([[1.8, 8.5]])}
        >>> display = RefinementDisplay(history=history, best_step=10, **rows, **moved, target_name="claim in EUR")
        >>> display.plot().axes_[1].get_ylabel()
        'claim in EUR'
        """
        training, ax = axes = self._take_axes(axes, (9.2, 3.6), n_axes=2)
        score_name = "MMD² to held-out rare rows"
        TrainingDisplay(history=self.history, best_step=self.best_step, score_name=score_name).plot(ax=training)
        real = evenly(len(self.y), self.MAX_ROWS)
        shown = evenly(len(self.before), self.MAX_ARROWS)
        start, end = self.before[shown], self.after[shown]
        common = {"linewidths": 0, "rasterized": True}
        points = [ax.scatter(self.feature[real], self.y[real], s=9, c=GREY, alpha=0.5, label="real", **common)]
        ax.plot(*np.stack([start, end]).transpose(2, 0, 1), color=BLACK, linewidth=0.6, alpha=0.5)
        points.append(ax.scatter(*start.T, s=12, c=BLUE, marker="D", label="candidate", zorder=3, **common))
        points.append(ax.scatter(*end.T, s=18, c=RED, marker="^", label="refined", zorder=4, **common))
        title = self.title if len(shown) == len(self.before) else f"{self.title}, {len(shown)} shown"
        finish(ax, points, title=title, xlabel=self.feature_name, ylabel=self.target_name)
        self.axes_ = axes
        return self


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
        upright = _upright(ax, self.best_epoch, f"kept: epoch {self.best_epoch}")
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


def _upright(ax, place, words):
    """Draw a vertical line; return what stands for it in the legend."""
    from matplotlib.lines import Line2D

    ax.axvline(place, color=BLACK, linewidth=0.8, label=words)
    return Line2D([], [], color=BLACK, marker="|", markersize=9, linestyle="none", label=words)
