"""Display classes in scikit-learn's style: built by `from_...`, drawn by `plot(ax=None)`.

The only module that imports matplotlib, and only when something is drawn.
"""

from numbers import Integral

import numpy as np
from sklearn.base import clone
from sklearn.utils import check_array, check_random_state
from sklearn.utils.validation import check_consistent_length, check_is_fitted

from skgan_resample.relevance import Relevance

# Okabe & Ito's colours can be told apart by colour-blind people, and in grey.
BLACK, ORANGE, BLUE, GREEN, VERMILION, GREY = "#000000", "#E69F00", "#0072B2", "#009E73", "#D55E00", "#8C8C8C"
SKY, PINK, YELLOW = "#56B4E9", "#CC79A7", "#B8A800"
CLASS_COLORS = [BLUE, ORANGE, GREEN, PINK, VERMILION, SKY, "#882255", "#7A4A1E", "#332288", BLACK]  # likewise
DARK = "#404040"
ROW_STYLES = [  # a kind of row, its marker and how it is drawn
    ("original", "o", {"s": 13, "alpha": 0.4, "linewidths": 0}),
    ("hard positive", "^", {"s": 22, "linewidths": 0.8, "zorder": 3}),
    ("hard negative", "v", {"s": 22, "linewidths": 0.8, "zorder": 3}),
    ("fallback", "s", {"s": 18, "linewidths": 0.8, "zorder": 3}),
]
MARKERS = "os^Dv<>PX*ph"


class RelevanceDisplay:
    """How relevance lies over the distribution of a target: what counts as rare.

    Parameters
    ----------
    y : ndarray of shape (n_rows,)
        Target values.
    grid, phi : ndarray of shape (n_points,)
        The relevance function.
    threshold : float
        Relevance from which a row is rare.
    rare : ndarray of bool, shape (n_rows,)
    explanation : str
        What is rare, in words.

    Attributes
    ----------
    ax_, ax_relevance_ : matplotlib Axes
        Of the histogram and, at the right, of the relevance.
    figure_ : matplotlib Figure

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from skgan_resample import Relevance
    >>> from skgan_resample.plots import RelevanceDisplay
    >>> y = load_diabetes().target
    >>> display = RelevanceDisplay.from_target(y, Relevance("quantile", side="high"), target_name="progression")
    >>> display.explanation
    '47 of 442 rows are rare: y >= 265'
    """

    def __init__(self, *, y, grid, phi, threshold, rare, explanation, target_name="target"):
        self.y = y
        self.grid = grid
        self.phi = phi
        self.threshold = threshold
        self.rare = rare
        self.explanation = explanation
        self.target_name = target_name

    @classmethod
    def from_target(cls, y, relevance=None, *, threshold=0.8, target_name="target", ax=None):
        """Draw a target with a relevance.

        Parameters
        ----------
        y : array-like of shape (n_rows,)
        relevance : Relevance, default=None
            Cloned and fitted to `y`; None is ``Relevance()``.
        threshold : float, default=0.8
        target_name : str, default="target"
            Label of the horizontal axis; put the unit here.
        ax : matplotlib Axes, default=None

        Returns
        -------
        display : RelevanceDisplay
        """
        y = np.asarray(y, dtype=float)
        phi = clone(Relevance() if relevance is None else relevance).fit(y)
        grid = np.linspace(y.min(), y.max(), 513)
        display = cls(
            y=y,
            grid=grid,
            phi=phi(grid),
            threshold=threshold,
            rare=phi.rare_mask(y, threshold),
            explanation=phi.explain(y, threshold),
            target_name=target_name,
        )
        return display.plot(ax=ax)

    def plot(self, ax=None):
        """Draw on `ax`, or on a figure of its own."""
        ax = _axes(ax, (6.4, 3.4))
        bins = np.histogram_bin_edges(self.y, bins="auto" if len(self.y) < 5000 else 60)
        bins = bins if len(bins) <= 80 else np.linspace(bins[0], bins[-1], 61)
        ax.hist([self.y[~self.rare], self.y[self.rare]], bins, stacked=True, color=[GREY, ORANGE],
                label=[f"common, {np.sum(~self.rare):,}", f"rare, {np.sum(self.rare):,}"])  # fmt: skip
        ax.set(ylabel="rows", title=self.explanation)
        ax.set_xlabel(self.target_name, parse_math=False)
        right = ax.twinx()
        right.plot(self.grid, self.phi, color=BLUE, label="relevance")
        right.axhline(self.threshold, color=BLUE, linestyle=":", linewidth=1, label=f"threshold {self.threshold:g}")
        right.set(ylim=(0, 1.05), ylabel="relevance")
        right.yaxis.label.set_color(BLUE)
        ax.spines["top"].set_visible(False)
        right.spines["top"].set_visible(False)
        handles = [both for a in (ax, right) for both in zip(*a.get_legend_handles_labels())]
        _legend_below(ax, handles)
        self.ax_, self.ax_relevance_, self.figure_ = ax, right, ax.figure
        return self


class ResamplingDisplay:
    """A table before and after resampling: its target, and one feature against the target.

    Parameters
    ----------
    y : ndarray of shape (n_rows,)
        Target after resampling.
    is_synthetic : ndarray of bool, shape (n_rows,)
    feature : ndarray of shape (n_rows,) or None
        One numeric feature after resampling.
    feature_name, target_name, title : str

    Attributes
    ----------
    axes_ : ndarray of matplotlib Axes
        Of the histogram and, if there is a feature, of the scatter plot.
    figure_ : matplotlib Figure

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from skgan_resample import SMOGN, Relevance
    >>> from skgan_resample.plots import ResamplingDisplay
    >>> X, y = load_diabetes(return_X_y=True, as_frame=True)
    >>> sampler = SMOGN(relevance=Relevance("quantile", side="high"), random_state=0)
    >>> display = ResamplingDisplay.from_sampler(sampler, X, y)
    >>> display.feature_name
    's5'
    """

    def __init__(self, *, y, is_synthetic, feature=None, feature_name="", target_name="target", title=""):
        self.y = y
        self.is_synthetic = is_synthetic
        self.feature = feature
        self.feature_name = feature_name
        self.target_name = target_name
        self.title = title

    @classmethod
    def from_sampler(cls, sampler, X, y, *, feature=None, target_name="target", axes=None):
        """Resample a table with a clone of `sampler` and draw the result.

        Parameters
        ----------
        sampler : sampler with `is_synthetic_`
        X : table of shape (n_rows, n_columns)
        y : array-like of shape (n_rows,)
        feature : str or int, default=None
            Column of the scatter plot; None takes the numeric column with the largest rank correlation with `y`.
        target_name : str, default="target"
        axes : array of two matplotlib Axes, default=None

        Returns
        -------
        display : ResamplingDisplay
        """
        from skgan_resample._tables import TableEncoder

        sampler = clone(sampler)
        X_new, y_new = sampler.fit_resample(X, y)
        encoder = TableEncoder().fit(X)
        codes, y_new = encoder.to_codes(X_new), np.asarray(y_new, dtype=float)
        names = [column.name for column in encoder.columns_]
        if feature is None:
            place = _most_correlated(codes[~sampler.is_synthetic_], y_new[~sampler.is_synthetic_], encoder.nominal_)
        else:
            place = _position(feature, names)
        display = cls(
            y=y_new,
            is_synthetic=sampler.is_synthetic_,
            feature=None if place is None else codes[:, place],
            feature_name="" if place is None else _column_label(names[place]),
            target_name=target_name,
            title=f"{type(sampler).__name__}: {np.sum(sampler.is_synthetic_):,} new rows",
        )
        return display.plot(axes=axes)

    def plot(self, axes=None):
        """Draw on two `axes`, or on a figure of its own."""
        import matplotlib.pyplot as plt

        if axes is None:
            _, axes = plt.subplots(
                1, 1 + (self.feature is not None), figsize=(9.2, 3.4), layout="constrained", squeeze=False
            )
            axes = axes[0]
        axes = np.atleast_1d(axes)
        real, new = ~self.is_synthetic, self.is_synthetic
        bins = np.histogram_bin_edges(self.y[real], bins="auto" if real.sum() < 5000 else 60)
        bins = bins if len(bins) <= 80 else np.linspace(bins[0], bins[-1], 61)
        axes[0].hist([self.y[real], self.y[new]], bins, stacked=True, color=[GREY, ORANGE])
        axes[0].set(ylabel="rows", title=self.title)
        axes[0].set_xlabel(self.target_name, parse_math=False)
        handles = []
        if self.feature is not None:
            for mask, color, marker in ((real, GREY, "o"), (new, ORANGE, "^")):
                axes[1].scatter(self.feature[mask], self.y[mask], s=14, c=color, marker=marker, alpha=0.7, linewidths=0)
            axes[1].set_title("where they are")
            axes[1].set_xlabel(self.feature_name, parse_math=False)
            axes[1].set_ylabel(self.target_name, parse_math=False)
        for ax in axes:
            ax.locator_params(axis="x", nbins=6)
            ax.spines[["top", "right"]].set_visible(False)
        for color, name, mask in ((GREY, "real", real), (ORANGE, "synthetic", new)):
            handles.append((plt.Rectangle((0, 0), 1, 1, color=color), f"{name}, {mask.sum():,}"))
        _legend_below(axes[0], handles)
        self.axes_, self.figure_ = axes, axes[0].figure
        return self


class ComparisonDisplay:
    """What each method gains and what it costs: the score against the RMSE over all rows, both relative to "none".

    Below the horizontal line a method lowers the score; left of the vertical one it lowers the RMSE as well.

    Parameters
    ----------
    summary : list of dict
        As in `Comparison.summary`.
    score_name : str
        What the score measures.

    Attributes
    ----------
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure

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

    def __init__(self, *, summary, score_name="SERA", max_price=0.02):
        self.summary = summary
        self.score_name = score_name
        self.max_price = max_price

    @classmethod
    def from_comparison(cls, comparison, *, ax=None):
        """Draw the outer folds of a comparison.

        Parameters
        ----------
        comparison : Comparison
        ax : matplotlib Axes, default=None

        Returns
        -------
        display : ComparisonDisplay
        """
        from skgan_resample.model_selection._verdict import SCORE_LABELS

        name = SCORE_LABELS[comparison.scoring].removeprefix("the ")
        return cls(summary=comparison.summary, score_name=name, max_price=comparison.max_price).plot(ax=ax)

    def plot(self, ax=None):
        """Draw on `ax`, or on a figure of its own."""
        ax = _axes(ax, (7.6, 4.2))
        rows = [row for row in self.summary if row["method"] not in ("none", "chosen by inner folds")]
        colors = [BLUE, SKY, ORANGE, VERMILION, GREY, YELLOW, GREEN, PINK, BLACK]
        for i, row in enumerate(rows):
            x, y = row["rmse_ratio"], row["score_ratio"]
            style = {"fmt": MARKERS[i % len(MARKERS)], "color": colors[i % len(colors)], "label": row["method"]}
            reach_x, reach_y = [[x - row["rmse_low"]], [row["rmse_high"] - x]], [[y - row["low"]], [row["high"] - y]]
            ax.errorbar(x, y, xerr=reach_x, yerr=reach_y, markersize=7, elinewidth=0.8, alpha=0.9, **style)
        ax.plot(1, 1, "+", color=BLACK, markersize=12, label="none")
        ax.axhline(1, color=GREY, linewidth=0.8)
        ax.axvline(1, color=GREY, linewidth=0.8)
        limits = min(ax.get_xlim()[0], 0.99), max(ax.get_xlim()[1], 1.02 + self.max_price)
        ax.axvspan(1 + self.max_price, limits[1], color=GREY, alpha=0.15, linewidth=0)
        ax.set_xlim(limits)
        ax.set(xlabel="RMSE over all rows, ratio to none", ylabel=f"{self.score_name}, ratio to none")
        ax.set_title(
            f"down is better, left is cheaper; grey: RMSE more than {self.max_price:.0%} higher", fontsize="medium"
        )
        ax.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), frameon=False)
        ax.spines[["top", "right"]].set_visible(False)
        self.ax_, self.figure_ = ax, ax.figure
        return self


class RobustComparisonDisplay:
    """What each method of a comparison of robustness keeps: accuracy under attack against accuracy without.

    No point can be above the grey diagonal, where no attack succeeds.

    Parameters
    ----------
    summary : list of dict
        As in `RobustComparison.summary`.
    commonest : float
        Accuracy of always answering the commonest class.

    Attributes
    ----------
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure

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
        ax : matplotlib Axes, default=None

        Returns
        -------
        display : RobustComparisonDisplay
        """
        return cls(summary=comparison.summary, commonest=float(np.mean(comparison.commonest))).plot(ax=ax)

    def plot(self, ax=None):
        """Draw on `ax`, or on a figure of its own."""
        from matplotlib.ticker import PercentFormatter

        ax = _axes(ax, (7.6, 4.2))
        colors = [BLACK, BLUE, ORANGE, VERMILION, GREEN, PINK, SKY, YELLOW]
        for i, row in enumerate(self.summary):
            reach = {
                name: [[row[name] - row[f"{name}_low"]], [row[f"{name}_high"] - row[name]]]
                for name in ("clean", "robust")
            }
            is_weak = row["attack"] == "black-box"
            ax.errorbar(
                row["clean"],
                row["robust"],
                xerr=reach["clean"],
                yerr=reach["robust"],
                fmt=MARKERS[i % len(MARKERS)],
                color=colors[i % len(colors)],
                markerfacecolor="white" if is_weak else None,
                markersize=max(5, 11 - 1.5 * i),  # a point on another one does not hide it
                elinewidth=0.9,
                alpha=0.9,
                label=f"{row['method']} (attacked more weakly)" if is_weak else row["method"],
            )
        left, right = ax.get_xlim()
        low, high = ax.get_ylim()
        ax.axline((0, 0), slope=1, color=GREY, linewidth=0.8, zorder=0, label="no attack succeeds")
        if self.commonest > low - (high - low):  # else it would squeeze what there is to see
            ax.axhline(self.commonest, color=GREY, linewidth=0.8, linestyle="--", label="always the commonest class")
            low = min(low, self.commonest - 0.02)
        ax.set(xlim=(left, right), ylim=(low, high))
        ax.set(xlabel="accuracy without attack", ylabel="accuracy under attack")
        ax.set_title("up is more robust, right is cheaper", fontsize="medium")
        for axis in (ax.xaxis, ax.yaxis):
            axis.set_major_formatter(
                PercentFormatter(1.0, decimals=0 if np.ptp(axis.get_view_interval()) > 0.04 else 1)
            )
        ax.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), frameon=False)
        ax.spines[["top", "right"]].set_visible(False)
        self.ax_, self.figure_ = ax, ax.figure
        return self


class TrainingDisplay:
    """How a network was trained: the score at each evaluation, lower is better, and the step that was kept.

    Parameters
    ----------
    history : list of dict
        As an estimator's ``history_``: "step" and "score" in each record.
    best_step : int
        The step that was kept.
    score_name : str

    Attributes
    ----------
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure

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
        score_name : str, default="score"
        ax : matplotlib Axes, default=None

        Returns
        -------
        display : TrainingDisplay

        Raises
        ------
        ValueError
            If no network was trained.
        """
        if not estimator.history_:
            raise ValueError(f"{type(estimator).__name__} has trained no network, so there is no history to draw.")
        display = cls(history=estimator.history_, best_step=estimator.best_step_, score_name=score_name)
        return display.plot(ax=ax)

    def plot(self, ax=None):
        """Draw on `ax`, or on a figure of its own."""
        ax = _axes(ax, (6.4, 3.4))
        steps, scores = ([record[name] for record in self.history] for name in ("step", "score"))
        ax.plot(steps, scores, color=BLUE)
        ax.axhline(scores[0], color=GREY, linestyle=":", linewidth=1)
        ax.plot(self.best_step, scores[steps.index(self.best_step)], "o", color=VERMILION)
        ax.set(xlabel="step", ylabel=self.score_name, title=f"kept: step {self.best_step} of {steps[-1]}")
        ax.spines[["top", "right"]].set_visible(False)
        self.ax_, self.figure_ = ax, ax.figure
        return self


class RefinementDisplay:
    """What the second stage of SMOGAN changed: its training, and where new rows stood before and after.

    Parameters
    ----------
    history : list of dict
    best_step : int
    feature : ndarray of shape (n_rows,)
        One numeric feature of the real rows.
    y : ndarray of shape (n_rows,)
        Their target.
    before, after : ndarray of shape (n_new, 2)
        Feature and target of the new rows as candidates, and refined.
    feature_name, target_name, title : str

    Attributes
    ----------
    axes_ : ndarray of matplotlib Axes
        Of the training and of the rows.
    figure_ : matplotlib Figure

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

    MAX_ARROWS = 150

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
        feature : str or int, default=None
            Column to draw; None takes the numeric one with the largest rank correlation with `y`.
        target_name : str, default="target"
        axes : array of two matplotlib Axes, default=None

        Returns
        -------
        display : RefinementDisplay

        Raises
        ------
        ValueError
            If no network was trained, or the table has no numeric column.
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
        names = [column.name for column in encoder.columns_]
        real, y = encoder.to_codes(X), np.asarray(y, dtype=float)
        place = _most_correlated(real, y, encoder.nominal_) if feature is None else _position(feature, names)
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
            feature_name=_column_label(names[place]),
            target_name=target_name,
            title=f"{found['n_moved']:,} of {found['n_rows']:,} new rows moved",
        )
        return display.plot(axes=axes)

    def plot(self, axes=None):
        """Draw on two `axes`, or on a figure of their own."""
        import matplotlib.pyplot as plt

        if axes is None:
            _, axes = plt.subplots(1, 2, figsize=(9.2, 3.6), layout="constrained")
        axes = np.atleast_1d(axes)
        TrainingDisplay(
            history=self.history, best_step=self.best_step, score_name="MMD$^2$ to held-out rare rows"
        ).plot(ax=axes[0])
        ax = axes[1]
        ax.scatter(self.feature, self.y, s=8, c=GREY, alpha=0.35, linewidths=0, label="real")
        shown = np.linspace(0, len(self.before) - 1, min(len(self.before), self.MAX_ARROWS)).astype(int)
        start, end = self.before[shown], self.after[shown]
        ax.plot(*np.stack([start, end]).transpose(2, 0, 1), color=ORANGE, linewidth=0.8, alpha=0.6)
        ax.scatter(*start.T, s=10, c=BLUE, marker="o", linewidths=0, label="candidate", zorder=3)
        ax.scatter(*end.T, s=14, c=VERMILION, marker="^", linewidths=0, label="refined", zorder=4)
        ax.set_title(self.title if len(shown) == len(self.before) else f"{self.title}, {len(shown)} shown")
        ax.set_xlabel(self.feature_name, parse_math=False)
        ax.set_ylabel(self.target_name, parse_math=False)
        ax.locator_params(axis="x", nbins=6)
        ax.spines[["top", "right"]].set_visible(False)
        _legend_below(ax, list(zip(*ax.get_legend_handles_labels())))
        self.axes_, self.figure_ = axes, axes[0].figure
        return self


class RobustOverfittingDisplay:
    """Accuracy of held-out rows over the epochs of adversarial training, without attack and under attack.

    Robust overfitting is a solid line that falls while the dotted one, training rows under attack, still rises.

    Parameters
    ----------
    runs : dict of Curves
        By strategy, the first one untreated; as `RobustATWrapper.runs_`.
    kept : str
        The strategy that was kept.
    best_epoch : int
    gap : tuple of float
        The robust gap of the first run with the limits of its interval.
    score_name : str, default="accuracy"

    Attributes
    ----------
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure

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

        Returns
        -------
        display : RobustOverfittingDisplay

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

    def plot(self, ax=None):
        """Draw on `ax`, or on a figure of its own.

        Parameters
        ----------
        ax : matplotlib Axes, default=None

        Returns
        -------
        self : RobustOverfittingDisplay
        """
        ax = _axes(ax, (6.4, 4.4))
        for (name, curves), color in zip(self.runs.items(), (VERMILION, BLUE, GREEN, PINK, ORANGE)):
            robust = curves.curve()
            weight = curves.weight / curves.weight.sum()
            error = np.sqrt(((curves.robust - robust[:, None]) ** 2) @ weight**2)
            mark = " (kept)" if name == self.kept and len(self.runs) > 1 else ""
            ax.fill_between(curves.epochs, robust - error, robust + error, color=color, alpha=0.18, linewidth=0)
            ax.plot(curves.epochs, robust, color=color, linewidth=2, label=f"{name}{mark}: under attack")
            ax.plot(curves.epochs, curves.curve("clean"), color=color, linewidth=1.2, linestyle="--",
                    label=f"{name}{mark}: without attack")  # fmt: skip
            if name == next(iter(self.runs)):
                seen = [record["train_robust"] for record in curves.history]
                ax.plot(curves.epochs, seen, color=GREY, linewidth=1.2, linestyle=":",
                        label=f"{name}: training rows under attack")  # fmt: skip
        ax.axvline(self.best_epoch, color=BLACK, linewidth=0.8)
        is_late = self.best_epoch > np.mean(ax.get_xlim())
        ax.annotate(
            f"kept: epoch {self.best_epoch}", (self.best_epoch, 0.01), xycoords=("data", "axes fraction"),
            xytext=(-4 if is_late else 4, 0), textcoords="offset points", ha="right" if is_late else "left",
            fontsize="small",
        )  # fmt: skip
        first = next(iter(self.runs))
        value, low, high = self.gap
        ax.set(
            xlabel="epoch",
            ylabel=f"{self.score_name} on held-out rows",
            title=f"Robust gap of {first}: {value:.3f} ({low:.3f} to {high:.3f})",
        )
        if self.score_name == "accuracy":
            ax.set_ylim(0, 1)
        ax.spines[["top", "right"]].set_visible(False)
        ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.15), ncols=2, frameon=False, fontsize="small")
        self.ax_, self.figure_ = ax, ax.figure
        return self


class SyntheticGapDisplay:
    """What is left of the gap between synthetic and real rows, one line a measure.

    Each measure is shown in units of its own gap: 0 is the floor, how far real rows are from one another, and 1 where
    the rows before are. What is left of 0 has gone past the floor, as a variance that became too large. The numbers
    themselves stand at the right.

    Parameters
    ----------
    before : SyntheticGap
    after : SyntheticGap, default=None
        Of the same real rows with the same `random_state`. None shows the rows before as they are and snapped to the
        grid of the real rows: how much of the gap is number formatting.
    rows : {"as_is", "snapped"}, default="as_is"
        Which numbers of both gaps to draw; of no effect without `after`.

    Attributes
    ----------
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure

    Examples
    --------
    >>> import numpy as np
    >>> from skgan_resample.plots import SyntheticGapDisplay
    >>> rng = np.random.RandomState(0)
    >>> real, before = rng.normal(size=(200, 3)), rng.normal(1.0, size=(200, 3))
    >>> display = SyntheticGapDisplay.from_rows(real, before, before - 0.7, random_state=0)
    >>> [round(left, 1) for name, left in display.shares().items() if name == "energy distance"]
    [0.1]
    >>> display.ax_.get_xlabel()
    'gap left (0: as between real rows, 1: before)'
    """

    # A p-value and extremes over columns and classes have no gap that could be closed by half.
    MEASURES = (
        "domain AUC, logistic",
        "domain AUC, forest",
        "energy distance",
        "MMD^2",
        "columns, mean",
        "correlation difference",
        "variance ratio",
        "variance ratio in classes, mean",
        "precision",
        "coverage",
        "utility",
        "label agreement",
        "nearer to training rows",
    )
    LIMITS = -1.0, 2.0  # what lies beyond is drawn as an arrow head at the edge

    def __init__(self, *, before, after=None, rows="as_is"):
        self.before = before
        self.after = after
        self.rows = rows

    @classmethod
    def from_rows(
        cls,
        X_real,
        X_before,
        X_after=None,
        *,
        y_real=None,
        y_before=None,
        y_after=None,
        X_train=None,
        categorical_features="auto",
        target_type="auto",
        n_repeats=5,
        random_state=None,
        rows="as_is",
        ax=None,
    ):
        """Measure one or two sets of synthetic rows and draw them.

        Parameters
        ----------
        X_real : table of shape (n_real, n_columns)
            Real rows that played no part in making or moving the synthetic ones.
        X_before, X_after : table of shape (n_before, n_columns) and (n_after, n_columns)
            Synthetic rows; None after shows the rows before as they are and snapped.
        y_real, y_before, y_after : array-like, default=None
            Labels or target values. `y_after` is `y_before` unless given.
        X_train, categorical_features, target_type, n_repeats
            As in `synthetic_gap`.
        random_state : int, RandomState instance or None, default=None
            Both sets of rows are compared with the same halves of the real rows.
        rows : {"as_is", "snapped"}, default="as_is"
        ax : matplotlib Axes, default=None

        Returns
        -------
        display : SyntheticGapDisplay
        """
        from skgan_resample._synthetic_gap import synthetic_gap

        if not isinstance(random_state, Integral):
            random_state = check_random_state(random_state).randint(np.iinfo(np.int32).max)
        options = {
            "X_train": X_train,
            "categorical_features": categorical_features,
            "target_type": target_type,
            "n_repeats": n_repeats,
            "random_state": random_state,
        }
        before = synthetic_gap(X_real, X_before, y_real=y_real, y_synthetic=y_before, **options)
        after = None
        if X_after is not None:
            y_after = y_before if y_after is None else y_after
            after = synthetic_gap(X_real, X_after, y_real=y_real, y_synthetic=y_after, **options)
        return cls(before=before, after=after, rows=rows).plot(ax=ax)

    def shares(self):
        """Return what is left of the gap by measure; None where there was no gap beyond two standard errors.

        Returns
        -------
        shares : dict of float or None
        """
        return {
            start["measure"]: (end["value"] - end["floor"]) / (start["value"] - start["floor"]) if has_gap else None
            for start, end, has_gap in self._pairs()
        }

    def plot(self, ax=None):
        """Draw on `ax`, or on a figure of its own.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Half the width of a page will do; the numbers need some 5 cm of room at its right.

        Returns
        -------
        self : SyntheticGapDisplay
        """
        from matplotlib.ticker import MultipleLocator

        pairs, shares = self._pairs(), self.shares()
        names = ("before", "after") if self.after is not None else ("as is", "snapped")
        ax = _axes(ax, (6.0, 1.1 + 0.3 * len(pairs)))
        ax.axvline(0, color=BLACK, linewidth=1, zorder=1)
        ax.axvline(1, color=GREY, linewidth=0.8, linestyle=":", zorder=1)
        low, high = self.LIMITS
        for place, (start, end, has_gap) in enumerate(pairs):
            share = shares[start["measure"]]
            is_worse = _is_worse(start, end)
            color = VERMILION if is_worse else BLUE
            if not has_gap:
                box = {"color": "white", "pad": 1.5}  # over the two vertical lines
                ax.text(0.5, place, "no gap before", ha="center", va="center", color=GREY, fontsize="small", bbox=box)
            else:
                gap = abs(start["value"] - start["floor"])
                noise = 0 if np.isnan(start["floor_error"]) else start["floor_error"] / gap
                ax.plot([-noise, noise], [place, place], color=GREY, linewidth=6, alpha=0.45, solid_capstyle="butt")
                seen = np.clip(share, low, high)
                ax.plot([1, seen], [place, place], color=color, linewidth=1.4, alpha=0.55, zorder=2)
                ax.plot(1, place, "o", color=ORANGE, markerfacecolor="white", markersize=7, markeredgewidth=1.6)
                marker = "<" if share < low else ">" if share > high else "D" if is_worse else "o"
                error = 0 if seen != share or np.isnan(end["error"]) else end["error"] / gap
                ax.errorbar(seen, place, xerr=error, fmt=marker, color=color, markersize=6.5, elinewidth=1, zorder=4)
            for step, (value, shade) in enumerate(
                ((start["value"], BLACK), (end["value"], color if is_worse else BLACK), (end["floor"], GREY))
            ):
                _beside(ax, place, step, _short(value), color=shade)
        for step, (head, shade) in enumerate(zip((*names, "real"), (BLACK, BLACK, GREY))):
            _beside(ax, -0.85, step, head, color=shade, fontstyle="italic")
        drawn = [share for share in shares.values() if share is not None]
        edges = np.clip([min([-0.15, *drawn]), max([1.15, *drawn])], low, high)
        ax.set_xlim(edges[0] - 0.08, edges[1] + 0.08)
        ax.set_ylim(len(pairs) - 0.4, -0.6)
        ax.set_yticks(range(len(pairs)), [_measure_label(start["measure"]) for start, _, _ in pairs])
        ax.tick_params(axis="y", length=0)
        ax.xaxis.set_major_locator(MultipleLocator(0.5 if np.ptp(edges) < 2 else 1))
        ax.set_xlabel(f"gap left (0: as between real rows, 1: {names[0]})")
        ax.spines[["top", "right", "left"]].set_visible(False)
        _gap_legend(ax, names, any(_is_worse(start, end) for start, end, has_gap in pairs if has_gap))
        self.ax_, self.figure_ = ax, ax.figure
        return self

    def _pairs(self):
        """Return for each measure that both have its start, its end, and whether the start is off the floor."""
        ends = self.after if self.after is not None else self.before
        versions = (self.rows, self.rows) if self.after is not None else ("as_is", "snapped")
        pairs = []
        for name in self.MEASURES:
            if name in self.before and name in ends:
                start, end = (
                    {
                        "measure": name,
                        "value": gap[name][version],
                        "error": gap[name][f"{version}_error"],
                        "floor": gap[name]["floor"],
                        "floor_error": gap[name]["floor_error"],
                    }
                    for gap, version in zip((self.before, ends), versions)
                )
                noise = 2 * np.hypot(*np.nan_to_num([start["error"], start["floor_error"]]))
                has_gap = abs(start["value"] - start["floor"]) > max(noise, 1e-12)  # False for NaN
                pairs.append((start, end, bool(has_gap and np.isfinite(end["value"] - end["floor"]))))
        return pairs


class TripletDisplay:
    """What an embedding does to classes: its rows, some triplets of them, and how hard such triplets are.

    Left: the first two principal components of the real rows. Colour is the class, shape says how a new row was made,
    and black lines lead from the anchor of a triplet to its positive and to its negative. Right: the distance from
    anchor to positive less that from anchor to negative, in the whole embedding. Above 0 the negative is nearer (hard);
    between -1 and 0 it is farther, but by less than the margin (semihard).

    Parameters
    ----------
    points : ndarray of shape (n_rows, 2)
        Rows on two components.
    y : ndarray of shape (n_rows,)
        Classes.
    kind : ndarray of str, shape (n_rows,)
        "original" for real rows, "hard positive", "hard negative" or "fallback" for new ones.
    triplets : ndarray of int, shape (n_drawn, 3)
        Positions of anchor, positive and negative of the triplets to draw.
    hardness : dict of ndarray
        By the name of a set of triplets their hardness, in units of the margin.
    variance_shares : tuple of two floats
        What share of the variance of the real rows each component has.
    title : str

    Attributes
    ----------
    axes_ : ndarray of matplotlib Axes
        Of the rows and of the histogram.
    figure_ : matplotlib Figure

    Examples
    --------
    >>> from sklearn.datasets import make_classification
    >>> from skgan_resample import HardTripletSampler
    >>> from skgan_resample.plots import TripletDisplay
    >>> X, y = make_classification(100, weights=[0.8], random_state=0)
    >>> sampler = HardTripletSampler(max_steps=20, random_state=0)
    >>> display = TripletDisplay.from_sampler(sampler, *sampler.fit_resample(X, y), random_state=0)
    >>> list(display.hardness)
    ['real rows', 'with a new row']
    """

    MAX_CLASSES = 10  # with a colour of their own; of more classes, all but the largest are grey
    MAX_ROWS = 500  # of a class and kind that are drawn

    def __init__(self, *, points, y, kind, triplets, hardness, variance_shares, title=""):
        self.points = points
        self.y = y
        self.kind = kind
        self.triplets = triplets
        self.hardness = hardness
        self.variance_shares = variance_shares
        self.title = title

    @classmethod
    def from_sampler(
        cls, sampler, X_resampled, y_resampled, *, n_triplets=2000, n_drawn=5, random_state=None, axes=None
    ):
        """Draw what a fitted sampler made, in its own embedding.

        Random triplets of real rows are compared with random triplets that have a new row.

        Parameters
        ----------
        sampler : HardTripletSampler
            After `fit_resample`.
        X_resampled, y_resampled : table of shape (n_rows, n_columns) and array-like of shape (n_rows,)
            What `fit_resample` returned.
        n_triplets : int, default=2000
            Of either kind in the histogram.
        n_drawn : int, default=5
            How many of them are drawn as lines; those with a new row, if there are any.
        random_state : int, RandomState instance or None, default=None
            Of the triplets.
        axes : array of two matplotlib Axes, default=None

        Returns
        -------
        display : TripletDisplay

        Raises
        ------
        ValueError
            If these are not the rows of `fit_resample`, or training diverged, so that there is no embedding.
        """
        from imblearn.utils import check_target_type

        check_is_fitted(sampler, "sample_info_", msg="Call fit_resample first: the display shows what it made.")
        rng = check_random_state(random_state)
        embedding, kind = sampler.embed(X_resampled), sampler.sample_info_["kind"]
        y = np.ravel(check_target_type(np.asarray(y_resampled)))
        if not len(embedding) == len(y) == len(kind):
            raise ValueError(
                f"fit_resample returned {len(kind)} rows, but here are {len(embedding)} rows and {len(y)} classes."
            )
        is_real = kind == "original"
        wanted = {}
        if np.unique(y[is_real], return_counts=True)[1].max() > 1:
            wanted["real rows"] = False
        if not is_real.all():
            wanted["with a new row"] = True
        triplets = {
            name: sampler.sample_triplets(n_triplets, X_resampled, y_resampled, synthetic=synthetic, random_state=rng)
            for name, synthetic in wanted.items()
        }
        title = f"{type(sampler).__name__}: {np.sum(~is_real):,} new rows"
        display = cls._of_embedding(embedding, y, kind, triplets, sampler.margin, n_drawn, title)
        return display.plot(axes=axes)

    @classmethod
    def from_embedding(
        cls,
        embedding,
        y,
        triplets=None,
        *,
        margin=None,
        n_triplets=2000,
        n_drawn=5,
        title="embedding",
        random_state=None,
        axes=None,
    ):
        """Draw any embedding, such as what `HardTripletEmbedder` returns, or raw features.

        Parameters
        ----------
        embedding : array-like of shape (n_rows, n_components)
        y : array-like of shape (n_rows,)
            Classes.
        triplets : array-like of int, shape (n, 3), default=None
            Positions of anchors, positives and negatives, shown beside random triplets. None: random ones alone, whose
            anchors are drawn evenly over the classes.
        margin : float, default=None
            The unit of hardness. None: a fifth of the root mean square distance of rows from their mean, which is what
            `HardTripletEmbedder` starts with by default. It makes embeddings of any scale comparable.
        n_triplets : int, default=2000
            How many random ones.
        n_drawn : int, default=5
            How many triplets are drawn as lines: the first ones, of those given if any were.
        title : str, default="embedding"
        random_state : int, RandomState instance or None, default=None
            Of the random triplets.
        axes : array of two matplotlib Axes, default=None

        Returns
        -------
        display : TripletDisplay

        Raises
        ------
        ValueError
            If there is no triplet: one class, or classes of one row alone.
        """
        from skgan_resample._hard_triplet._picking import pick_triplets
        from skgan_resample._tables import read_classes

        embedding = check_array(embedding, dtype=np.float64, input_name="embedding")
        y = read_classes(y)
        check_consistent_length(embedding, y)
        if margin is None:
            margin = 0.2 * np.sqrt(((embedding - embedding.mean(axis=0)) ** 2).sum(axis=1).mean()) or 1.0
        labels = np.unique(y, return_inverse=True)[1]
        everything = -np.inf, np.inf
        drawn, _ = pick_triplets(embedding, labels, n_triplets, *everything, check_random_state(random_state))
        sets = {"random triplets": drawn}
        if triplets is not None:
            triplets = np.asarray(triplets)
            if triplets.ndim != 2 or triplets.shape[1] != 3 or triplets.dtype.kind not in "iu" or not len(triplets):
                raise ValueError(f"triplets must be positions of shape (n, 3), got {triplets.dtype} {triplets.shape}.")
            if triplets.min() < 0 or triplets.max() >= len(embedding):
                raise ValueError(f"triplets must be positions from 0 to {len(embedding) - 1}.")
            sets["triplets given"] = triplets
        kind = np.full(len(y), "original")
        return cls._of_embedding(embedding, y, kind, sets, margin, n_drawn, title).plot(axes=axes)

    @classmethod
    def _of_embedding(cls, embedding, y, kind, triplets, margin, n_drawn, title):
        points, shares = _principal_components(embedding, embedding[kind == "original"])
        return cls(
            points=points,
            y=y,
            kind=kind,
            triplets=list(triplets.values())[-1][:n_drawn],
            hardness={name: _hardness(embedding, places) / margin for name, places in triplets.items()},
            variance_shares=shares,
            title=title,
        )

    def shares(self):
        """Return how many of the triplets are hard, semihard and easy.

        Returns
        -------
        shares : dict of dict of float
            By set of triplets and by hardness.
        """
        return {
            name: {
                "hard": float((hardness > 0).mean()),
                "semihard": float(((hardness > -1) & (hardness <= 0)).mean()),
                "easy": float((hardness <= -1).mean()),
            }
            for name, hardness in self.hardness.items()
        }

    def plot(self, axes=None):
        """Draw on two `axes`, or on a figure of their own.

        Parameters
        ----------
        axes : array of two matplotlib Axes, default=None

        Returns
        -------
        self : TripletDisplay
        """
        import matplotlib.pyplot as plt

        if axes is None:
            _, axes = plt.subplots(1, 2, figsize=(9.2, 4.6), layout="constrained")
        axes = np.atleast_1d(axes)
        self._plot_rows(axes[0])
        self._plot_hardness(axes[1])
        for ax in axes:
            ax.locator_params(axis="x", nbins=6)
            ax.spines[["top", "right"]].set_visible(False)
        self.axes_, self.figure_ = axes, axes[0].figure
        return self

    def _plot_rows(self, ax):
        from matplotlib.lines import Line2D

        classes, labels, colors = self._colors()
        handles, is_real = [], self.kind == "original"
        for kind, marker, style in ROW_STYLES:
            for label, color in reversed(list(enumerate(colors))):  # the grey of the other classes lies below
                shown = np.flatnonzero((self.kind == kind) & (labels == label))
                shown = shown[np.linspace(0, len(shown) - 1, min(len(shown), self.MAX_ROWS)).astype(int)]
                if len(shown):
                    paint = {"c": color} if kind == "original" else {"facecolors": "none", "edgecolors": color}
                    ax.scatter(*self.points[shown].T, marker=marker, **paint, **style)
        for anchor, positive, negative in self.triplets:
            for end, line in ((positive, "-"), (negative, ":")):
                ax.plot(*self.points[[anchor, end]].T, color=BLACK, linewidth=1.2, linestyle=line, zorder=4)
        if len(self.triplets):
            places = self.points[self.triplets[:, 0]]
            ax.scatter(*places.T, s=42, facecolors="none", edgecolors=BLACK, linewidths=1.2, zorder=5)
        counts = np.bincount(labels[is_real], minlength=len(classes))
        for name, color, count in zip(classes, colors, counts):
            label = f"{_shortened(name)}: {count:,} row{'s' if count != 1 else ''}"
            handles.append(Line2D([], [], color=color, marker="o", linewidth=0, markersize=4.5, label=label))
        for kind, marker, _ in ROW_STYLES[1:]:
            if (self.kind == kind).any():
                label = f"{kind}: {(self.kind == kind).sum():,} new"
                look = {"markerfacecolor": "none", "markersize": 5.5, "markeredgewidth": 0.9, "linewidth": 0}
                handles.append(Line2D([], [], color=DARK, marker=marker, label=label, **look))
        if len(self.triplets):
            ring = {"marker": "o", "markerfacecolor": "none", "markevery": [0]}
            for name, line in (("positive", "-"), ("negative", ":")):
                handles.append(Line2D([], [], color=BLACK, linewidth=1.2, linestyle=line, label=f"anchor to {name}"))
            handles[-2].set(**ring)
        ax.set_aspect("equal", adjustable="datalim")  # what is compared are distances
        ax.margins(0.04)
        ax.set_title(self.title)
        first, second = (f"component {i + 1}, {share:.0%} of variance" for i, share in enumerate(self.variance_shares))
        ax.set(xlabel=first, ylabel=second)
        _small_legend(ax, handles, n_columns=3 if len(handles) > 9 else 2)

    def _plot_hardness(self, ax):
        everything = np.concatenate([*self.hardness.values(), [-1.5, 0.5]])
        bins = np.linspace(everything.min(), everything.max(), 41)
        styles = {"color": GREY, "alpha": 0.55}, {"color": BLACK, "histtype": "step", "linewidth": 1.4}
        handles = []
        for (name, hardness), style in zip(self.hardness.items(), styles if len(self.hardness) > 1 else styles[:1]):
            shares = self.shares()[name]
            label = f"{name}: {shares['hard']:.0%} hard, {shares['semihard']:.0%} semihard"
            weights = np.full(len(hardness), 1 / len(hardness))
            _, _, patches = ax.hist(hardness, bins, weights=weights, label=label, **style)
            handles.append(patches[0])
        for edge in (-1, 0):
            ax.axvline(edge, color=BLUE, linewidth=1, linestyle="--")
        for name, place, offset, side in (  # on two lines, since the names would meet where the margin is narrow
            ("easy", -1, (-3, 2), "right"),
            ("hard", 0, (3, 2), "left"),
            ("semihard", -0.5, (0, 13), "center"),
        ):
            ax.annotate(
                name, (place, 1), xycoords=("data", "axes fraction"), xytext=offset, textcoords="offset points",
                ha=side, va="bottom", color=BLUE, fontsize="small",
            )  # fmt: skip
        ax.set(xlabel="distance to positive \u2212 to negative, in margins", ylabel="share of triplets")
        ax.set_title("hardness of triplets", pad=28)
        ax.set_xlim(bins[0], bins[-1])
        _small_legend(ax, handles, n_columns=1)

    def _colors(self):
        """Return the names of the classes drawn apart, for each row its position there, and their colours.

        Where there are too many classes, the last one stands for all but the largest.
        """
        classes, labels, counts = np.unique(self.y, return_inverse=True, return_counts=True)
        names = [str(name) for name in classes.tolist()]
        if len(names) <= self.MAX_CLASSES:
            return names, labels, CLASS_COLORS[: len(names)]
        large = np.sort(np.argsort(-counts, kind="stable")[: self.MAX_CLASSES])
        place = np.full(len(names), len(large))
        place[large] = np.arange(len(large))
        n_others = len(names) - len(large)
        names = [*(names[i] for i in large), f"{n_others} other{'s' if n_others > 1 else ''}"]
        return names, place[labels], [*CLASS_COLORS, GREY]


def _principal_components(embedding, real):
    """Return all rows on the first two principal components of the real ones, and these ones' shares of variance."""
    mean = real.mean(axis=0)
    _, lengths, directions = np.linalg.svd(real - mean, full_matrices=False)
    largest = np.abs(directions).argmax(axis=1)[:, None]
    directions = directions * np.where(np.take_along_axis(directions, largest, axis=1) < 0, -1.0, 1.0)
    points = (embedding - mean) @ directions[:2].T
    shares = lengths[:2] ** 2 / max((lengths**2).sum(), np.finfo(float).tiny)
    lacking = 2 - points.shape[1]  # of an embedding of one column
    return np.pad(points, [(0, 0), (0, lacking)]), tuple(np.pad(shares, (0, lacking)).tolist())


def _hardness(embedding, triplets):
    """Return the distance to the positive less that to the negative."""
    anchor, positive, negative = (embedding[places] for places in triplets.T)
    return np.linalg.norm(anchor - positive, axis=1) - np.linalg.norm(anchor - negative, axis=1)


def _shortened(name, longest=18):
    return name if len(name) <= longest else f"{name[: longest - 1]}\u2026"


def _small_legend(ax, handles, n_columns):
    """Put legend entries below an axes; names in them are no formulas."""
    from matplotlib.transforms import offset_copy

    below = offset_copy(ax.transAxes, ax.figure, y=-34, units="points")  # the axis labels take as much at any height
    legend = ax.legend(
        handles=handles, loc="upper center", bbox_to_anchor=(0.5, 0), bbox_transform=below, ncols=n_columns,
        frameon=False, fontsize="small", handletextpad=0.4, columnspacing=1.0, handlelength=1.6,
    )  # fmt: skip
    for text in legend.get_texts():
        text.set_parse_math(False)


def _is_worse(start, end):
    """Whether the end is farther from its floor than the start is, by more than two standard errors."""
    grown = abs(end["value"] - end["floor"]) - abs(start["value"] - start["floor"])
    errors = [start["error"], end["error"], start["floor_error"], end["floor_error"]]
    return bool(grown > 2 * np.sqrt(np.sum(np.nan_to_num(errors) ** 2)) + 1e-12)


def _measure_label(name):
    return name.replace("^2", "\u00b2").replace("in classes, mean", "in classes")


def _short(value):
    if np.isnan(value):
        return "-"
    return f"{round(value, 3) + 0.0:.3f}" if abs(value) < 100 else f"{value:.3g}"  # + 0.0: no minus before a zero


def _beside(ax, place, step, text, **style):
    """Write a number at the right of an axes, in column `step`, at the height `place` of its data."""
    ax.annotate(
        text, (1, place), xycoords=("axes fraction", "data"), xytext=(46 * (step + 1), 0), textcoords="offset points",
        ha="right", va="center", annotation_clip=False, fontsize="small", **style,
    )  # fmt: skip


def _gap_legend(ax, names, with_worse):
    from matplotlib.lines import Line2D
    from matplotlib.transforms import offset_copy

    ring = {"color": ORANGE, "marker": "o", "markerfacecolor": "white", "markeredgewidth": 1.6}
    handles = [
        Line2D([], [], color=BLACK, linewidth=1, label="floor: real rows"),
        Line2D([], [], color=GREY, linewidth=6, alpha=0.45, solid_capstyle="butt", label="its error"),
        Line2D([], [], linewidth=0, label=names[0], **ring),
        Line2D([], [], color=BLUE, marker="o", linewidth=0, label=names[1]),
    ]
    if with_worse:
        handles.append(Line2D([], [], color=VERMILION, marker="D", linewidth=0, label=f"{names[1]}, gap has grown"))
    below = offset_copy(ax.transAxes, ax.figure, y=-34, units="points")  # the axis labels take as much at any height
    ax.legend(
        handles=handles, loc="upper center", bbox_to_anchor=(0.5, 0), bbox_transform=below, ncols=len(handles),
        frameon=False, fontsize="small", handletextpad=0.5, columnspacing=1.0, handlelength=1.5,
    )  # fmt: skip


def _axes(ax, size):
    import matplotlib.pyplot as plt

    return plt.subplots(figsize=size, layout="constrained")[1] if ax is None else ax


def _legend_below(ax, handles):
    """Put one row of legend entries below an axes, where it hides no data."""
    artists, labels = zip(*handles)
    ax.legend(artists, labels, loc="upper center", bbox_to_anchor=(0.5, -0.2), ncols=len(labels), frameon=False)


def _column_label(name):
    return name if isinstance(name, str) else f"column {name}"


def _position(feature, names):
    """Return the position of a column given by name or by position."""
    return names.index(feature) if feature in names else range(len(names))[feature]


def _most_correlated(codes, y, nominal):
    """Return the position of the numeric column with the largest rank correlation with `y`; None if there is none."""
    from scipy.stats import spearmanr

    strengths = {}
    for j in np.flatnonzero(~nominal):
        seen = ~np.isnan(codes[:, j])
        if seen.sum() > 2 and np.ptp(codes[seen, j]) > 0:
            strengths[j] = abs(spearmanr(codes[seen, j], y[seen]).statistic)
    return max(strengths, key=strengths.get) if strengths else None
