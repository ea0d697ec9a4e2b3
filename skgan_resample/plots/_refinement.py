"""What refinement did to candidates."""

from numbers import Integral

import numpy as np
from sklearn.base import clone
from sklearn.utils import check_random_state

from skgan_resample._sampling import evenly_spaced
from skgan_resample._tables._encoder import TableEncoder
from skgan_resample._tables._targets import read_target
from skgan_resample.plots._base import TwoPanelDisplay, described, pick_column
from skgan_resample.plots._frame import finish
from skgan_resample.plots._palette import BLACK, BLUE, GREY, RED
from skgan_resample.plots._training import TrainingDisplay


@described
class RefinementDisplay(TwoPanelDisplay):
    """What the second stage of `SMOGANRegressorResampler` changed: its training, and new rows before and after.

    Parameters
    ----------
    history : list of dict
        The ``history_`` of the sampler.
    best_step : int
        The step that was kept.
    feature, y : ndarray of shape (n_samples,)
        One numeric feature of the real rows, and their target.
    before, after : ndarray of shape (n_new, 2)
        Feature and target of the new rows as candidates, and refined.
    feature_name, target_name : str, default=""
        Labels of the right axes; put units here.
    title : str, default=""
        Title of the right axes.

    {Attributes, axes_, figure_}

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from skgan_resample import Relevance, SMOGANRegressorResampler
    >>> from skgan_resample.plots import RefinementDisplay
    >>> X, y = load_diabetes(return_X_y=True, as_frame=True)
    >>> sampler = SMOGANRegressorResampler(relevance=Relevance("quantile", side="high"), max_steps=20, random_state=0)
    >>> display = RefinementDisplay.from_sampler(sampler, X, y, feature="bmi", target_name="progression")
    >>> display.before.shape == display.after.shape
    True
    >>> display.axes_[1].get_ylabel()
    'progression'
    """

    MAX_ARROWS = 150  # new rows that are drawn
    MAX_ROWS = 2000  # real rows that are drawn
    _size = 9.2, 3.6

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
            It is cloned.
        {X, y, feature, target_name, axes}

        {Returns, display}

        Raises
        ------
        ValueError
            If no network was trained, or the table has no numeric column.
        """
        seed = clone(sampler).random_state  # a copy: a generator of the caller is not advanced
        if not isinstance(seed, Integral):
            seed = check_random_state(seed).randint(np.iinfo(np.int32).max)
        refined = clone(sampler).set_params(refine=True, random_state=seed)
        X_after, y_after = refined.fit_resample(X, y)
        if not refined.history_:
            raise ValueError(f"No network was trained: {refined.refinement_['status']}.")
        X_before, y_before = clone(refined).set_params(refine=False).fit_resample(X, y)
        encoder = TableEncoder().fit(X)
        real, y = encoder.to_codes(X), read_target(y)
        position, feature_name = pick_column(encoder, feature, real, y)
        if position is None:
            raise ValueError("The table has no numeric column to draw.")

        def new_rows(table, target):  # (n_new, 2)
            return np.column_stack([encoder.to_codes(table)[:, position], read_target(target)])[refined.is_synthetic_]

        found = refined.refinement_
        display = cls(
            history=refined.history_,
            best_step=refined.best_step_,
            feature=real[:, position],
            y=y,
            before=new_rows(X_before, y_before),
            after=new_rows(X_after, y_after),
            feature_name=feature_name,
            target_name=target_name,
            title=f"{found['n_moved']:,} of {found['n_rows']:,} new rows moved",
        )
        return display.plot(axes=axes)

    def _draw(self, left, right):
        score_name = "MMD² to held-out rare rows"
        TrainingDisplay(history=self.history, best_step=self.best_step, score_name=score_name).plot(ax=left)
        real = evenly_spaced(len(self.y), min(len(self.y), self.MAX_ROWS))
        shown = evenly_spaced(len(self.before), min(len(self.before), self.MAX_ARROWS))
        start, end = self.before[shown], self.after[shown]  # (n_shown, 2)
        common = {"linewidths": 0, "rasterized": True}
        points = [right.scatter(self.feature[real], self.y[real], s=9, c=GREY, alpha=0.5, label="real", **common)]
        # One line from each candidate to its refined row: x and y of shape (2, n_shown).
        right.plot(*np.stack([start, end]).transpose(2, 0, 1), color=BLACK, linewidth=0.6, alpha=0.5)
        points.append(right.scatter(*start.T, s=12, c=BLUE, marker="D", label="candidate", zorder=3, **common))
        points.append(right.scatter(*end.T, s=18, c=RED, marker="^", label="refined", zorder=4, **common))
        title = self.title if len(shown) == len(self.before) else f"{self.title}, {len(shown)} shown"
        finish(right, points, title=title, xlabel=self.feature_name, ylabel=self.target_name)
