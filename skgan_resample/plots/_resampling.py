"""A table before and after resampling."""

import numpy as np
from sklearn.base import clone

from skgan_resample._sampling import evenly_spaced
from skgan_resample.plots._frame import Display, finish, histogram, pick_column
from skgan_resample.plots._palette import GREY, RED


class ResamplingDisplay(Display):
    """A table before and after resampling: its target, and one feature against the target.

    Parameters
    ----------
    y : ndarray of shape (n_samples,)
        Target after resampling.
    is_synthetic : ndarray of bool, shape (n_samples,)
        Which rows are new.
    feature : ndarray of shape (n_samples,) or None, default=None
        One numeric feature after resampling; None draws the target alone.
    feature_name : str, default=""
        Its name.
    target_name : str, default="target"
        Name of the target; put the unit here.
    title : str, default=""
        Title of the histogram.

    Attributes
    ----------
    axes_ : ndarray of matplotlib Axes
        Of the histogram and, if there is a feature, of the scatter plot.
    figure_ : matplotlib Figure
        With these axes.

    See Also
    --------
    RelevanceDisplay : What counts as rare.
    RefinementDisplay : What the second stage of SMOGAN changed.

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
        X : table of shape (n_samples, n_features)
            Features.
        y : array-like of shape (n_samples,)
            Target values.
        feature : str or int, default=None
            Column of the scatter plot; None takes the numeric column with the largest rank correlation with `y`.
        target_name : str, default="target"
            Name of the target; put the unit here.
        axes : array of matplotlib Axes, default=None
            Two, or one if the table has no numeric column; None makes a figure.

        Returns
        -------
        display : ResamplingDisplay
            The display, drawn.

        Examples
        --------
        >>> from sklearn.datasets import load_diabetes
        >>> from skgan_resample import RandomOverSampler, Relevance
        >>> from skgan_resample.plots import ResamplingDisplay
        >>> X, y = load_diabetes(return_X_y=True, as_frame=True)
        >>> sampler = RandomOverSampler(relevance=Relevance("quantile", side="high"), random_state=0)
        >>> display = ResamplingDisplay.from_sampler(sampler, X, y, feature="bmi", target_name="progression")
        >>> display.axes_[1].get_xlabel()
        'bmi'
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
        X_new : table of shape (n_rows_after, n_features)
            Features that ``sampler.fit_resample`` returned.
        y_new : array-like of shape (n_rows_after,)
            Target values that it returned.
        feature : str or int, default=None
            Column of the scatter plot; None takes the numeric column with the largest rank correlation with the target.
        target_name : str, default="target"
            Name of the target; put the unit here.
        axes : array of matplotlib Axes, default=None
            Two, or one if the table has no numeric column; None makes a figure.

        Returns
        -------
        display : ResamplingDisplay
            The display, drawn.

        Examples
        --------
        >>> from sklearn.datasets import load_diabetes
        >>> from skgan_resample import RandomOverSampler, Relevance
        >>> from skgan_resample.plots import ResamplingDisplay
        >>> X, y = load_diabetes(return_X_y=True, as_frame=True)
        >>> sampler = RandomOverSampler(relevance=Relevance("quantile", side="high"), random_state=0)
        >>> X_new, y_new = sampler.fit_resample(X, y)
        >>> display = ResamplingDisplay.from_resampled(sampler, X, X_new, y_new, target_name="progression")
        >>> display.axes_[0].get_xlabel()
        'progression'
        """
        from skgan_resample._tables._encoder import TableEncoder

        encoder = TableEncoder().fit(X)
        codes, y_new = encoder.to_codes(X_new), np.asarray(y_new, dtype=float)
        is_real = ~sampler.is_synthetic_
        place, feature_name = pick_column(encoder, feature, codes[is_real], y_new[is_real])
        display = cls(
            y=y_new,
            is_synthetic=sampler.is_synthetic_,
            feature=None if place is None else codes[:, place],
            feature_name=feature_name,
            target_name=target_name,
            title=f"{type(sampler).__name__}: {np.sum(sampler.is_synthetic_):,} new rows",
        )
        return display.plot(axes=axes)

    def plot(self, axes=None):
        """Draw the target before and after, and the rows if there is a feature.

        Parameters
        ----------
        axes : array of matplotlib Axes, default=None
            Two, or one without a feature; None makes a figure.

        Returns
        -------
        self : ResamplingDisplay
            The display, drawn.

        Examples
        --------
        >>> import numpy as np
        >>> from skgan_resample.plots import ResamplingDisplay
        >>> y, new = np.array([1.0, 2.0, 3.0, 9.0, 9.5]), np.array([False, False, False, False, True])
        >>> ResamplingDisplay(y=y, is_synthetic=new, target_name="claim in EUR").plot().axes_[0].get_xlabel()
        'claim in EUR'
        """
        n_axes = 1 + (self.feature is not None)
        axes = self._take_axes(axes, (9.2, 3.4) if n_axes == 2 else (6.4, 3.4), n_axes)
        real, new = ~self.is_synthetic, self.is_synthetic
        bars = histogram(axes[0], self.y[real], self.y[new], [GREY, RED])
        names = [f"real, {real.sum():,}", f"synthetic, {new.sum():,}"]
        finish(axes[0], bars, names, title=self.title, xlabel=self.target_name, ylabel="rows")
        if self.feature is not None:
            points, words = [], []
            for mask, color, marker, name in ((real, GREY, "o", "real"), (new, RED, "^", "synthetic")):
                shown = np.flatnonzero(mask)[evenly_spaced(mask.sum(), min(mask.sum(), self.MAX_ROWS))]
                style = {"s": 14, "c": color, "marker": marker, "alpha": 0.7, "linewidths": 0}
                points.append(axes[1].scatter(self.feature[shown], self.y[shown], rasterized=True, **style))
                words.append(f"{name}, {len(shown):,} shown" if len(shown) < mask.sum() else name)
            text = {"title": "where they are", "xlabel": self.feature_name, "ylabel": self.target_name}
            finish(axes[1], points, words, **text)
        self.axes_ = axes
        return self
