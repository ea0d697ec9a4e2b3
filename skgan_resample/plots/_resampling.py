"""A table before and after resampling."""

import numpy as np
from sklearn.base import clone

from skgan_resample._sampling import evenly_spaced
from skgan_resample._tables._encoder import TableEncoder
from skgan_resample._tables._targets import read_target
from skgan_resample.plots._base import TwoPanelDisplay, described, pick_column
from skgan_resample.plots._frame import finish, histogram
from skgan_resample.plots._palette import GREY, RED


@described
class ResamplingDisplay(TwoPanelDisplay):
    """A table before and after resampling: its target, and one feature against the target.

    Parameters
    ----------
    y, is_synthetic : ndarray of shape (n_samples,)
        Target after resampling, and which rows are new.
    feature : ndarray of shape (n_samples,) or None, default=None
        One numeric feature after resampling; None draws the target alone, on one panel.
    feature_name : str, default=""
        Its name.
    {target_name}
    title : str, default=""
        Title of the histogram.

    {Attributes, axes_, figure_}

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from skgan_resample import SMOGN, Relevance
    >>> from skgan_resample.plots import ResamplingDisplay
    >>> X, y = load_diabetes(return_X_y=True, as_frame=True)
    >>> sampler = SMOGN(relevance=Relevance("quantile", side="high"), random_state=0)
    >>> ResamplingDisplay.from_sampler(sampler, X, y).feature_name
    's5'
    >>> ResamplingDisplay.from_sampler(sampler, X, y, feature="bmi").axes_[1].get_xlabel()
    'bmi'
    """

    MAX_ROWS = 2000  # of the real and of the synthetic ones that the scatter plot shows

    def __init__(self, *, y, is_synthetic, feature=None, feature_name="", target_name="target", title=""):
        self.y = y
        self.is_synthetic = is_synthetic
        self.feature = feature
        self.feature_name = feature_name
        self.target_name = target_name
        self.title = title

    @classmethod
    def from_sampler(cls, sampler, X, y, *, feature=None, target_name="target", axes=None):
        """Resample a table with a clone of a sampler and draw the result.

        Parameters
        ----------
        sampler : sampler with ``is_synthetic_``
            Any regression sampler of this library.
        {X, y, feature, target_name, axes}

        {Returns, display}
        """
        sampler = clone(sampler)
        X_new, y_new = sampler.fit_resample(X, y)
        return cls.from_resampled(sampler, X, X_new, y_new, feature=feature, target_name=target_name, axes=axes)

    @classmethod
    def from_resampled(cls, sampler, X, X_new, y_new, *, feature=None, target_name="target", axes=None):
        """Draw what a fitted sampler returned.

        Parameters
        ----------
        sampler : fitted sampler with ``is_synthetic_``
            Any regression sampler of this library.
        X : table of shape (n_samples, n_features)
            Features before resampling.
        X_new, y_new : table of shape (n_rows_after, n_features) and array-like of shape (n_rows_after,)
            What ``sampler.fit_resample`` returned.
        {feature, target_name, axes}

        {Returns, display}
        """
        encoder = TableEncoder().fit(X)
        codes, y_new = encoder.to_codes(X_new), read_target(y_new)
        is_real = ~sampler.is_synthetic_
        position, feature_name = pick_column(encoder, feature, codes[is_real], y_new[is_real])
        display = cls(
            y=y_new,
            is_synthetic=sampler.is_synthetic_,
            feature=None if position is None else codes[:, position],
            feature_name=feature_name,
            target_name=target_name,
            title=f"{type(sampler).__name__}: {np.sum(sampler.is_synthetic_):,} new rows",
        )
        return display.plot(axes=axes)

    @property
    def _n_axes(self):
        return 1 if self.feature is None else 2

    @property
    def _size(self):
        return (6.4, 3.4) if self.feature is None else (9.2, 3.4)

    def _draw(self, left, right=None):
        real, new = ~self.is_synthetic, self.is_synthetic
        names = [f"real, {real.sum():,}", f"synthetic, {new.sum():,}"]
        bars = histogram(left, self.y[real], self.y[new], names)
        finish(left, bars, title=self.title, xlabel=self.target_name, ylabel="rows")
        if right is None:
            return
        points = []
        for mask, color, marker, name in ((real, GREY, "o", "real"), (new, RED, "^", "synthetic")):
            # Every k-th row: the same picture each time, and no part of the table is left out.
            shown = np.flatnonzero(mask)[evenly_spaced(mask.sum(), min(mask.sum(), self.MAX_ROWS))]
            words = f"{name}, {len(shown):,} shown" if len(shown) < mask.sum() else name
            style = {"s": 14, "c": color, "marker": marker, "alpha": 0.7, "linewidths": 0, "label": words}
            points.append(right.scatter(self.feature[shown], self.y[shown], rasterized=True, **style))
        finish(right, points, title="where they are", xlabel=self.feature_name, ylabel=self.target_name)
