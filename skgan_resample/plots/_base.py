"""What all displays share: how they take axes, and the descriptions of their common parameters."""

import numpy as np

from skgan_resample._docstrings import shared_descriptions
from skgan_resample._tables._columns import columns_named

described = shared_descriptions("""
    Attributes
    ----------
    Returns
    -------
    ax : matplotlib Axes, default=None
        Where to draw; None makes a figure.
    axes : array of matplotlib Axes, default=None
        Where to draw, one for each panel; None makes a figure.
    ax_ : matplotlib Axes
        Where the display was drawn last.
    axes_ : ndarray of matplotlib Axes
        Where the panels were drawn last.
    figure_ : matplotlib Figure
        The figure of these axes.
    display : display of this class
        The display, drawn.
    feature : str or int, default=None
        Column to draw, by name or position; None takes the numeric one with the largest rank correlation with the
        target.
    target_name : str, default="target"
        Label of the target; put the unit here.
    score_name : str, default="score"
        What the score measures, with its unit: the label of the vertical axis.
    X : table of shape (n_samples, n_features)
        Features.
    y : array-like of shape (n_samples,)
        Target values.
    """)


class Display:
    """Base of the displays with one panel, which stays as `ax_`; a child class has `_draw(ax)`."""

    _size = 6.4, 3.4  # inches, of a new figure
    _n_axes = 1

    @described
    def plot(self, ax=None):
        """Draw the display; on axes that it drew on before, it starts afresh.

        Parameters
        ----------
        {ax}

        {Returns, display}
        """
        (ax,) = self._take_axes(ax)
        self._draw(ax)
        self.ax_ = ax
        return self

    def _take_axes(self, axes):
        """Return the given axes, or those of a new figure, as an array; what this display drew on them is cleared.

        What others drew there stays, as everywhere in Matplotlib.
        """
        try:
            import matplotlib.pyplot as plt
        except ImportError as error:
            raise ImportError(f"{type(self).__name__} needs matplotlib: pip install matplotlib.") from error
        if axes is None:
            axes = plt.subplots(1, self._n_axes, figsize=self._size, layout="constrained", squeeze=False)[1]
        axes = np.ravel(axes)
        if len(axes) != self._n_axes:
            raise ValueError(f"{type(self).__name__} draws on {self._n_axes} axes; got {len(axes)}.")
        for ax in axes:
            if any(ax is known for known in getattr(self, "_drawn_on", ())):
                ax.clear()
        self._drawn_on, self.figure_ = axes, axes[0].figure
        return axes


class TwoPanelDisplay(Display):
    """Base of the displays with two panels, which stay as `axes_`; a child class has `_draw(left, right)`."""

    _size = 9.2, 3.4
    _n_axes = 2

    @described
    def plot(self, axes=None):
        """Draw the display; on axes that it drew on before, it starts afresh.

        Parameters
        ----------
        {axes}

        {Returns, display}
        """
        axes = self._take_axes(axes)
        self._draw(*axes)
        self.axes_ = axes
        return self


def pick_column(encoder, feature, codes, y):
    """Return position and label of the column `feature`, by name or by position; None takes the most correlated one.

    Where no numeric column is correlated with `y`, the position is None.
    """
    names = [column.name for column in encoder.columns_]
    if feature is None:
        position = _most_correlated(codes, y, encoder.nominal_)
    else:
        (position,) = columns_named("feature", [feature], names)
    if position is None:
        return None, ""
    name = names[position]
    return position, name if isinstance(name, str) else f"column {name}"


def _most_correlated(codes, y, nominal):
    """Return the position of the numeric column with the largest rank correlation (Spearman) with `y`, or None."""
    from scipy.stats import spearmanr

    strengths = {}
    for j in np.flatnonzero(~nominal):
        seen = ~np.isnan(codes[:, j])
        if seen.sum() > 2 and np.ptp(codes[seen, j]) > 0 and np.ptp(y[seen]) > 0:
            strengths[j] = abs(spearmanr(codes[seen, j], y[seen]).statistic)
    return max(strengths, key=strengths.get) if strengths else None
