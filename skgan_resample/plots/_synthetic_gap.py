"""How much of the distance between synthetic and real rows is left."""

from numbers import Integral

import numpy as np
from sklearn.utils import check_random_state

from skgan_resample.plots._base import Display, described
from skgan_resample.plots._frame import NARROW, finish, text_size
from skgan_resample.plots._palette import BLACK, BLUE, GREY, RED, SLATE

COLUMN = 5.4  # width of a column of numbers, in font sizes: "-12.345" with room beside it


@described
class SyntheticGapDisplay(Display):
    """What is left of the gap between synthetic and real rows, one line a measure of `synthetic_gap`.

    Each measure is shown in units of its own gap: 0 is the floor, how far real rows are from one another, and 1 where
    the rows before are. A mark left of 0 has gone past the floor, as a variance that became too large. On axes wide
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

    {Attributes, ax_, figure_}

    Examples
    --------
    >>> import numpy as np
    >>> from skgan_resample.plots import SyntheticGapDisplay
    >>> rng = np.random.RandomState(0)
    >>> real, before = rng.normal(size=(200, 3)), rng.normal(1.0, size=(200, 3))
    >>> display = SyntheticGapDisplay.from_rows(real, before, before - 0.7, random_state=0)
    >>> display.ax_.get_xlabel()
    'gap left (0: as between real rows, 1: before)'
    >>> round(display.shares()["energy distance"], 1)
    0.1
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
        cls, X_real, X_before, X_after=None, *, y_before=None, y_after=None, rows="as_is", ax=None, **options
    ):
        """Measure one or two sets of synthetic rows and draw them.

        Parameters
        ----------
        X_real : table of shape (n_real, n_features)
            Real rows that played no part in making or moving the synthetic ones.
        X_before, X_after : table of shape (n_before, n_features) and (n_after, n_features)
            Synthetic rows; None after shows the rows before as they are and snapped.
        y_before, y_after : array-like, default=None
            Labels or target values; they need `y_real` too. `y_after` is `y_before` unless given.
        rows : {"as_is", "snapped"}, default="as_is"
            Which numbers of both gaps to draw.
        {ax}
        **options : dict
            Of `synthetic_gap`: `y_real`, `X_train`, `categorical_features`, `target_type`, `n_repeats` and
            `random_state`. Both sets of rows are compared with the same halves of the real rows.

        {Returns, display}
        """
        from skgan_resample.metrics import synthetic_gap

        if not isinstance(options.get("random_state"), Integral):
            rng = check_random_state(options.get("random_state"))
            options["random_state"] = rng.randint(np.iinfo(np.int32).max)
        before, after = synthetic_gap(X_real, X_before, y_synthetic=y_before, **options), None
        if X_after is not None:
            y_after = y_before if y_after is None else y_after
            after = synthetic_gap(X_real, X_after, y_synthetic=y_after, **options)
        return cls(before=before, after=after, rows=rows).plot(ax=ax)

    def shares(self):
        """Return what is left of the gap by measure; None where there was no gap beyond two standard errors.

        Returns
        -------
        shares : dict of float or None
            By measure, in the order of the picture.
        """
        return {start["measure"]: _share_left(start, end) if has_gap else None for start, end, has_gap in self._pairs()}

    @described
    def plot(self, ax=None, *, numbers=None):
        """Draw one line a measure.

        Parameters
        ----------
        {ax}
        numbers : bool, default=None
            Whether to write the numbers at the right of the axes, where they need some 4 cm. None: on axes of at
            least 3 inches, not at half the width of a page.

        {Returns, display}
        """
        (ax,) = self._take_axes(ax)
        if numbers is None:
            numbers = ax.bbox.width * 72 / ax.figure.dpi >= NARROW
        self._draw(ax, numbers)
        self.ax_ = ax
        return self

    @property
    def _size(self):
        return 6.4, 1.2 + 0.3 * len(self._pairs())

    def _draw(self, ax, numbers):
        pairs = self._pairs()
        names = ("before", "after") if self.after is not None else ("as is", "snapped")
        ax.axvline(0, color=BLACK, linewidth=1, zorder=1)
        ax.axvline(1, color=GREY, linewidth=0.8, linestyle=":", zorder=1)
        any_worse = False
        for height, (start, end, has_gap) in enumerate(pairs):
            is_worse = has_gap and _is_worse(start, end)
            any_worse |= is_worse
            if has_gap:
                self._draw_line(ax, height, start, end, RED if is_worse else BLUE)
            else:
                box = {"color": "white", "pad": 1.5}  # over the two vertical lines
                style = {"color": SLATE, "fontsize": text_size(ax, 0.85), "bbox": box}
                ax.text(0.5, height, "no gap before", ha="center", va="center", **style)
            if numbers:
                _write_beside(ax, height, 0, _short(start["value"]), color=BLACK)
                _write_beside(ax, height, 1, _short(end["value"]), color=RED if is_worse else BLACK)
                _write_beside(ax, height, 2, _short(end["floor"]), color=SLATE)
        if numbers:
            for column, (name, color) in enumerate(zip((*names, "real"), (BLACK, BLACK, SLATE))):
                _write_beside(ax, -0.85, column, name, color=color, fontstyle="italic")
        self._set_axes(ax, [start["measure"] for start, _, _ in pairs])  # of the shares, not of their error bars
        finish(ax, _legend_lines(names, any_worse), xlabel=f"gap left (0: as between real rows, 1: {names[0]})")
        ax.tick_params(axis="y", length=0)
        ax.spines["left"].set_visible(False)

    def _set_axes(self, ax, measures):
        """Set limits and ticks: from floor to start and to what is left, within LIMITS; one measure a line."""
        from matplotlib.ticker import MultipleLocator

        drawn = [share for share in self.shares().values() if share is not None]
        edges = np.clip([min([-0.15, *drawn]), max([1.15, *drawn])], *self.LIMITS)
        ax.set_xlim(edges[0] - 0.08, edges[1] + 0.08)
        ax.set_ylim(len(measures) - 0.4, -0.6)  # the first measure on top
        ax.set_yticks(range(len(measures)), measures)
        ax.xaxis.set_major_locator(MultipleLocator(0.5 if np.ptp(edges) < 2 else 1))

    def _draw_line(self, ax, height, start, end, color):
        """Draw where a measure was, where it is, and the error of its floor, in units of its gap."""
        low, high = self.LIMITS
        share, gap = _share_left(start, end), abs(start["value"] - start["floor"])
        noise = np.nan_to_num(start["floor_error"] / gap)
        ax.plot([-noise, noise], [height, height], color=GREY, linewidth=6, alpha=0.6, solid_capstyle="butt")
        seen = np.clip(share, low, high)
        ax.plot([1, seen], [height, height], color=color, linewidth=1.4, alpha=0.55, zorder=2)
        ax.plot(1, height, "o", color=BLACK, markerfacecolor="white", markersize=6.5, markeredgewidth=1.3)
        marker = "<" if share < low else ">" if share > high else "D" if color == RED else "o"
        error = 0 if seen != share else np.nan_to_num(end["error"] / gap)
        ax.errorbar(seen, height, xerr=error, fmt=marker, color=color, markersize=6, elinewidth=1, zorder=4)

    def _pairs(self):
        """Return (start, end, whether the start is off the floor) for each measure that both gaps have."""
        ends = self.after if self.after is not None else self.before
        versions = (self.rows, self.rows) if self.after is not None else ("as_is", "snapped")
        pairs = []
        for name in self.MEASURES:
            if name in self.before and name in ends:
                start, end = (_numbers_of(gap, name, version) for gap, version in zip((self.before, ends), versions))
                # Two standard errors of the difference; a measure without an error counts as exact.
                noise = 2 * np.hypot(*np.nan_to_num([start["error"], start["floor_error"]]))
                has_gap = abs(start["value"] - start["floor"]) > max(noise, 1e-12)  # False for NaN
                pairs.append((start, end, bool(has_gap and np.isfinite(end["value"] - end["floor"]))))
        return pairs


def _numbers_of(gap, name, version):
    """Return the numbers of one measure, "as_is" or "snapped", under the same names for both."""
    found = gap[name]
    numbers = {"value": found[version], "error": found[f"{version}_error"]}
    return {"measure": name, **numbers, "floor": found["floor"], "floor_error": found["floor_error"]}


def _share_left(start, end):
    """Return the distance of the end from its floor, in units of that of the start; below 0 beyond the floor."""
    return (end["value"] - end["floor"]) / (start["value"] - start["floor"])


def _is_worse(start, end):
    """Whether the end is farther from its floor than the start is, by more than two standard errors."""
    grown = abs(end["value"] - end["floor"]) - abs(start["value"] - start["floor"])
    errors = [start["error"], end["error"], start["floor_error"], end["floor_error"]]
    return bool(grown > 2 * np.sqrt(np.sum(np.nan_to_num(errors) ** 2)) + 1e-12)


def _short(value):
    if np.isnan(value):
        return "-"
    return f"{round(value, 3) + 0.0:.3f}" if abs(value) < 100 else f"{value:.3g}"  # + 0.0: no minus before a zero


def _write_beside(ax, height, column, text, **style):
    """Write a number at the right of an axes, in one of three columns, at a height in units of its data."""
    size = text_size(ax, 0.85)
    ax.annotate(
        text, (1, height), xycoords=("axes fraction", "data"), xytext=(COLUMN * size * (column + 1), 0),
        textcoords="offset points", ha="right", va="center", annotation_clip=False, fontsize=size, **style,
    )  # fmt: skip


def _legend_lines(names, any_worse):
    from matplotlib.lines import Line2D

    ring = {"color": BLACK, "marker": "o", "markerfacecolor": "white", "markeredgewidth": 1.3}
    handles = [
        Line2D([], [], color=BLACK, linewidth=1, label="floor: real rows"),
        Line2D([], [], color=GREY, linewidth=6, alpha=0.6, solid_capstyle="butt", label="its error"),
        Line2D([], [], linewidth=0, label=names[0], **ring),
        Line2D([], [], color=BLUE, marker="o", linewidth=0, label=names[1]),
    ]
    if any_worse:
        handles.append(Line2D([], [], color=RED, marker="D", linewidth=0, label=f"{names[1]}, gap has grown"))
    return handles
