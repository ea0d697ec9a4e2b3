"""What is left of the gap between synthetic and real rows."""

from numbers import Integral

import numpy as np
from sklearn.utils import check_random_state

from skgan_resample.plots._frame import NARROW, Display, finish, text_size
from skgan_resample.plots._palette import BLACK, BLUE, GREY, RED, SLATE

COLUMN = 5.4  # width of a column of numbers, in font sizes


class SyntheticGapDisplay(Display):
    """What is left of the gap between synthetic and real rows, one line a measure.

    Each measure is shown in units of its own gap: 0 is the floor, how far real rows are from one another, and 1 where
    the rows before are. What is left of 0 has gone past the floor, as a variance that became too large. On axes wide
    enough the numbers themselves stand at the right.

    Parameters
    ----------
    before : SyntheticGap
        Of the synthetic rows to begin with.
    after : SyntheticGap, default=None
        Of the same real rows with the same `random_state`. None shows the rows before as they are and snapped to the
        grid of the real rows: how much of the gap is number formatting.
    rows : {"as_is", "snapped"}, default="as_is"
        Which numbers of both gaps to draw; of no effect without `after`.

    Attributes
    ----------
    ax_ : matplotlib Axes
        With one line a measure.
    figure_ : matplotlib Figure
        With these axes.

    See Also
    --------
    skgan_resample.metrics.synthetic_gap : Measures a gap.
    skgan_resample.SMCAETransformer : Closes it, where that helps.

    Examples
    --------
    >>> import numpy as np
    >>> from skgan_resample.plots import SyntheticGapDisplay
    >>> rng = np.random.RandomState(0)
    >>> real, before = rng.normal(size=(200, 3)), rng.normal(1.0, size=(200, 3))
    >>> display = SyntheticGapDisplay.from_rows(real, before, before - 0.7, random_state=0)
    >>> display.ax_.get_xlabel()
    'gap left (0: as between real rows, 1: before)'
    """

    # The worst column and copies have no gap that could be closed by half.
    MEASURES = (
        "domain AUC, forest",
        "energy distance",
        "columns, mean",
        "correlation difference",
        "variance ratio",
        "coverage",
        "utility",
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
        X_real : table of shape (n_real, n_features)
            Real rows that played no part in making or moving the synthetic ones.
        X_before, X_after : table of shape (n_before, n_features) and (n_after, n_columns)
            Synthetic rows; None after shows the rows before as they are and snapped.
        y_real, y_before, y_after : array-like, default=None
            Labels or target values. `y_after` is `y_before` unless given.
        X_train : table of shape (n_train, n_features), default=None
            Real rows that the synthetic ones were made from.
        categorical_features : "auto", None, or array-like of names, positions or a mask of bool, default="auto"
            Which columns are nominal, as in `synthetic_gap`.
        target_type : {"auto", "classification", "regression"}, default="auto"
            What the labels are.
        n_repeats : int, default=5
            Halvings of the real rows.
        random_state : int, RandomState instance or None, default=None
            Both sets of rows are compared with the same halves of the real rows.
        rows : {"as_is", "snapped"}, default="as_is"
            Which numbers of both gaps to draw.
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        display : SyntheticGapDisplay
            The display, drawn.

        Examples
        --------
        >>> import numpy as np
        >>> from skgan_resample.plots import SyntheticGapDisplay
        >>> rng = np.random.RandomState(0)
        >>> real, synthetic = rng.normal(size=(100, 2)).round(1), rng.normal(size=(100, 2))
        >>> display = SyntheticGapDisplay.from_rows(real, synthetic, n_repeats=2, random_state=0)
        >>> display.after is None
        True
        """
        from skgan_resample.metrics import synthetic_gap

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
            By measure, in the order of the picture.

        Examples
        --------
        >>> import numpy as np
        >>> from skgan_resample.plots import SyntheticGapDisplay
        >>> rng = np.random.RandomState(0)
        >>> real, before = rng.normal(size=(200, 3)), rng.normal(1.0, size=(200, 3))
        >>> display = SyntheticGapDisplay.from_rows(real, before, before - 0.7, random_state=0)
        >>> round(display.shares()["energy distance"], 1)
        0.1
        """
        return {
            start["measure"]: (end["value"] - end["floor"]) / (start["value"] - start["floor"]) if has_gap else None
            for start, end, has_gap in self._pairs()
        }

    def plot(self, ax=None, *, numbers=None):
        """Draw one line a measure.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.
        numbers : bool, default=None
            Whether to write the numbers at the right of the axes, where they need some 4 cm. None: on axes of at
            least 3 inches, not at half the width of a page.

        Returns
        -------
        self : SyntheticGapDisplay
            The display, drawn.

        Examples
        --------
        >>> import numpy as np
        >>> from skgan_resample.metrics import synthetic_gap
        >>> from skgan_resample.plots import SyntheticGapDisplay
        >>> rng = np.random.RandomState(0)
        >>> gap = synthetic_gap(rng.normal(size=(60, 2)), rng.normal(1.0, size=(60, 2)), n_repeats=2, random_state=0)
        >>> len(SyntheticGapDisplay(before=gap).plot(numbers=False).ax_.get_yticklabels()) == len(gap.measures)
        False
        """
        from matplotlib.ticker import MultipleLocator

        pairs, shares = self._pairs(), self.shares()
        names = ("before", "after") if self.after is not None else ("as is", "snapped")
        (ax,) = self._take_axes(ax, (6.4, 1.2 + 0.3 * len(pairs)))
        if numbers is None:
            numbers = ax.bbox.width * 72 / ax.figure.dpi >= NARROW
        ax.axvline(0, color=BLACK, linewidth=1, zorder=1)
        ax.axvline(1, color=GREY, linewidth=0.8, linestyle=":", zorder=1)
        low, high = self.LIMITS
        for place, (start, end, has_gap) in enumerate(pairs):
            is_worse = _is_worse(start, end)
            if has_gap:
                self._draw_line(ax, place, start, end, RED if is_worse else BLUE)
            else:
                box = {"color": "white", "pad": 1.5}  # over the two vertical lines
                style = {"color": SLATE, "fontsize": text_size(ax, 0.85), "bbox": box}
                ax.text(0.5, place, "no gap before", ha="center", va="center", **style)
            if numbers:
                _beside(ax, place, 0, _short(start["value"]), color=BLACK)
                _beside(ax, place, 1, _short(end["value"]), color=RED if is_worse and has_gap else BLACK)
                _beside(ax, place, 2, _short(end["floor"]), color=SLATE)
        if numbers:
            for step, (head, shade) in enumerate(zip((*names, "real"), (BLACK, BLACK, SLATE))):
                _beside(ax, -0.85, step, head, color=shade, fontstyle="italic")
        drawn = [share for share in shares.values() if share is not None]
        edges = np.clip([min([-0.15, *drawn]), max([1.15, *drawn])], low, high)
        ax.set_xlim(edges[0] - 0.08, edges[1] + 0.08)
        ax.set_ylim(len(pairs) - 0.4, -0.6)
        ax.set_yticks(range(len(pairs)), [start["measure"] for start, _, _ in pairs])
        ax.xaxis.set_major_locator(MultipleLocator(0.5 if np.ptp(edges) < 2 else 1))
        with_worse = any(_is_worse(start, end) for start, end, has_gap in pairs if has_gap)
        lines = _legend_lines(names, with_worse)
        finish(ax, lines, xlabel=f"gap left (0: as between real rows, 1: {names[0]})")
        ax.tick_params(axis="y", length=0)
        ax.spines["left"].set_visible(False)
        self.ax_ = ax
        return self

    def _draw_line(self, ax, place, start, end, color):
        """Draw where a measure was, where it is, and the error of its floor, in units of its gap."""
        low, high = self.LIMITS
        share = (end["value"] - end["floor"]) / (start["value"] - start["floor"])
        gap = abs(start["value"] - start["floor"])
        noise = 0 if np.isnan(start["floor_error"]) else start["floor_error"] / gap
        ax.plot([-noise, noise], [place, place], color=GREY, linewidth=6, alpha=0.6, solid_capstyle="butt")
        seen = np.clip(share, low, high)
        ax.plot([1, seen], [place, place], color=color, linewidth=1.4, alpha=0.55, zorder=2)
        ax.plot(1, place, "o", color=BLACK, markerfacecolor="white", markersize=6.5, markeredgewidth=1.3)
        marker = "<" if share < low else ">" if share > high else "D" if color == RED else "o"
        error = 0 if seen != share or np.isnan(end["error"]) else end["error"] / gap
        ax.errorbar(seen, place, xerr=error, fmt=marker, color=color, markersize=6, elinewidth=1, zorder=4)

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


def _is_worse(start, end):
    """Whether the end is farther from its floor than the start is, by more than two standard errors."""
    grown = abs(end["value"] - end["floor"]) - abs(start["value"] - start["floor"])
    errors = [start["error"], end["error"], start["floor_error"], end["floor_error"]]
    return bool(grown > 2 * np.sqrt(np.sum(np.nan_to_num(errors) ** 2)) + 1e-12)


def _short(value):
    if np.isnan(value):
        return "-"
    return f"{round(value, 3) + 0.0:.3f}" if abs(value) < 100 else f"{value:.3g}"  # + 0.0: no minus before a zero


def _beside(ax, place, step, text, **style):
    """Write a number at the right of an axes, in column `step`, at the height `place` of its data."""
    size = text_size(ax, 0.85)
    ax.annotate(
        text, (1, place), xycoords=("axes fraction", "data"), xytext=(COLUMN * size * (step + 1), 0),
        textcoords="offset points", ha="right", va="center", annotation_clip=False, fontsize=size, **style,
    )  # fmt: skip


def _legend_lines(names, with_worse):
    from matplotlib.lines import Line2D

    ring = {"color": BLACK, "marker": "o", "markerfacecolor": "white", "markeredgewidth": 1.3}
    handles = [
        Line2D([], [], color=BLACK, linewidth=1, label="floor: real rows"),
        Line2D([], [], color=GREY, linewidth=6, alpha=0.6, solid_capstyle="butt", label="its error"),
        Line2D([], [], linewidth=0, label=names[0], **ring),
        Line2D([], [], color=BLUE, marker="o", linewidth=0, label=names[1]),
    ]
    if with_worse:
        handles.append(Line2D([], [], color=RED, marker="D", linewidth=0, label=f"{names[1]}, gap has grown"))
    return handles
