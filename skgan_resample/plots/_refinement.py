"""What refinement did to candidates."""

from numbers import Integral

import numpy as np
from sklearn.base import clone
from sklearn.utils import check_random_state

from skgan_resample._sampling import evenly_spaced
from skgan_resample.plots._frame import Display, finish, pick_column
from skgan_resample.plots._palette import BLACK, BLUE, GREY, RED
from skgan_resample.plots._training import TrainingDisplay


class RefinementDisplay(Display):
    """What the second stage of SMOGAN changed: its training, and where new rows stood before and after.

    Parameters
    ----------
    history : list of dict
        The ``history_`` of the sampler.
    best_step : int
        The step that was kept.
    feature : ndarray of shape (n_samples,)
        One numeric feature of the real rows.
    y : ndarray of shape (n_samples,)
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
        X : table of shape (n_samples, n_features)
            With a numeric column.
        y : array-like of shape (n_samples,)
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
        from skgan_resample._tables._encoder import TableEncoder

        seed = clone(sampler).random_state
        if not isinstance(seed, Integral):
            seed = check_random_state(seed).randint(np.iinfo(np.int32).max)
        refined = clone(sampler).set_params(refine=True, random_state=seed)
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
        real = evenly_spaced(len(self.y), min(len(self.y), self.MAX_ROWS))
        shown = evenly_spaced(len(self.before), min(len(self.before), self.MAX_ARROWS))
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
