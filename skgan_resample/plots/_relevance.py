"""What counts as rare."""

import numpy as np
from sklearn.base import clone

from skgan_resample._tables._targets import read_target
from skgan_resample.plots._base import Display, described
from skgan_resample.plots._frame import finish, histogram, text_size, thin_ticks
from skgan_resample.plots._palette import BLUE
from skgan_resample.relevance import Relevance


@described
class RelevanceDisplay(Display):
    """How a `Relevance` lies over the distribution of a target: what counts as rare.

    Parameters
    ----------
    y : ndarray of shape (n_samples,)
        Target values.
    grid, phi : ndarray of shape (n_points,)
        The relevance function.
    threshold : float
        Relevance from which a row is rare.
    rare : ndarray of bool, shape (n_samples,)
        Which rows are.
    explanation : str
        What is rare, in words; the title.
    {target_name}

    Attributes
    ----------
    ax_, ax_relevance_ : matplotlib Axes
        Of the histogram and, at the right, of the relevance.
    {figure_}

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
        {y}
        relevance : Relevance, default=None
            Cloned and fitted to `y`; None is ``Relevance()``.
        threshold : float, default=0.8
            Relevance from which a row is rare.
        {target_name, ax}

        {Returns, display}
        """
        y = read_target(y)
        phi = clone(Relevance() if relevance is None else relevance).fit(y)
        grid = np.linspace(y.min(), y.max(), 513)  # finer than the pixels of the axes
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

    def _draw(self, ax):
        if ax is getattr(self, "ax_", None):
            self.ax_relevance_.remove()  # of the last time
        rare = self.rare
        names = [f"common, {np.sum(~rare):,}", f"rare, {np.sum(rare):,}"]
        bars = histogram(ax, self.y[~rare], self.y[rare], names)
        right = ax.twinx()
        (curve,) = right.plot(self.grid, self.phi, color=BLUE, label="relevance")
        words = f"threshold {self.threshold:g}"
        line = right.axhline(self.threshold, color=BLUE, linestyle=":", linewidth=1, label=words)
        right.set(ylim=(0, 1.05))  # relevance ends at 1; its curve is not cut in half there
        right.spines["top"].set_visible(False)
        right.tick_params(labelsize=text_size(ax, 0.9), colors=BLUE)  # the colour of its curve
        right.set_ylabel("relevance", color=BLUE, fontsize=text_size(ax))
        thin_ticks(right.yaxis)
        finish(ax, [*bars, curve, line], title=self.explanation, xlabel=self.target_name, ylabel="rows")
        self.ax_relevance_ = right
