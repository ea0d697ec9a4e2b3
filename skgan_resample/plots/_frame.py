"""What the displays share: axes, labels that fit and are no formulas, legends that hide no data."""

import textwrap

import numpy as np

from skgan_resample.plots._palette import BLACK, MARKERS, SERIES

FURTHEST = 2  # intervals are drawn at most so many times as far from 1 as the farthest point


def axis_limits(rows, value, low, high, edge):
    """Return the ends of an axis of ratios, by the points; intervals may reach FURTHEST times as far from 1 as these.

    `edge` is a place that is seen in any case.
    """
    found = [1.0, edge, *(row[value] for row in rows)]
    reach = FURTHEST * max(max(abs(place - 1) for place in found), 0.005)
    ends = [row[end] for row in rows for end in (low, high)]
    least, most = max(min(found + ends), 1 - reach), min(max(found + ends), 1 + reach)
    margin = 0.06 * (most - least)
    return least - margin, most + margin


def draw_point(ax, i, row, across, up, name, *, hollow=False, limits=((-np.inf, np.inf), (-np.inf, np.inf))):
    """Draw method number `i` with its intervals; `across` and `up` name value, lower and upper limit in the row.

    Intervals that go beyond `limits` are cut there, with an arrow head.
    """
    ends = [np.clip([row[low], row[high]], *within) for (_, low, high), within in zip((across, up), limits)]
    values = row[across[0]], row[up[0]]
    reach = [[[value - low], [high - value]] for value, (low, high) in zip(values, ends)]
    color = SERIES[i % len(SERIES)]
    for j, (place, heads) in enumerate(zip((across, up), ("<>", "v^"))):
        for end, name_of_end, head in zip(ends[j], place[1:], heads):
            if end != row[name_of_end]:
                spot = (end, values[1]) if j == 0 else (values[0], end)
                ax.plot(*spot, head, color=color, markersize=5, markeredgewidth=0, clip_on=False)
    size = max(6, 10 - 0.6 * i)  # a point on another one does not hide it
    ax.errorbar(
        row[across[0]], row[up[0]], xerr=reach[0], yerr=reach[1], fmt=MARKERS[i % len(MARKERS)], color=color,
        markerfacecolor="white" if hollow else color, markeredgecolor=color if hollow else "white",
        markersize=size, markeredgewidth=1.2 if hollow else 0.6, elinewidth=0.8, label=shortened(name, 34),
    )  # fmt: skip


SMALLEST_TEXT = 6.0  # points
NARROW = 3.0 * 72  # points; narrower axes, as in half the width of a page, get smaller text
MAX_LEGEND_COLUMNS = 5


class Display:
    """Base of the displays: takes the axes to draw on."""

    def _take_axes(self, axes, size, n_axes=1):
        """Return `n_axes` axes as an array: those given, or those of a new figure of `size` inches.

        What this display drew on them before is cleared. What others drew there stays, as everywhere in Matplotlib.
        """
        try:
            import matplotlib.pyplot as plt
        except ImportError as error:
            raise ImportError(f"{type(self).__name__} needs matplotlib: pip install matplotlib.") from error
        if axes is None:
            axes = plt.subplots(1, n_axes, figsize=size, layout="constrained", squeeze=False)[1]
        axes = np.ravel(axes)
        if len(axes) != n_axes:
            raise ValueError(f"{type(self).__name__} draws on {n_axes} axes; got {len(axes)}.")
        for ax in axes:
            if any(ax is known for known in getattr(self, "_drawn_on", ())):
                ax.clear()
        self._drawn_on, self.figure_ = axes, axes[0].figure
        return axes


def text_size(ax, factor=1.0):
    """Return the size of text in points: Matplotlib's font size, five sixths of it on narrow axes."""
    from matplotlib import rcParams

    size = rcParams["font.size"] * (5 / 6 if _points(ax)[0] < NARROW else 1)
    return max(SMALLEST_TEXT, factor * size)


def finish(ax, handles, labels=None, *, title="", xlabel="", ylabel=""):
    """Write title and labels, thin out ticks, and put a legend below the axes.

    Text is broken into lines that fit, as far as this can be told before drawing; names in it are no formulas.

    Parameters
    ----------
    ax : matplotlib Axes
        With everything drawn.
    handles : list of matplotlib Artist
        What the legend explains.
    labels : list of str, default=None
        By which words; None takes the labels of the handles.
    title, xlabel, ylabel : str, default=""
        Text at the axes.
    """
    size = text_size(ax)
    ax.spines[["top", "right"]].set_visible(False)
    ax.tick_params(labelsize=text_size(ax, 0.9))
    thin_ticks(ax.xaxis)
    thin_ticks(ax.yaxis)
    for text, words in ((ax.yaxis.label, ylabel), (ax.xaxis.label, xlabel), (ax.title, title)):
        text.set(text=words, fontsize=size, parse_math=False)
    width = _width_left(ax)
    for text in (ax.xaxis.label, ax.title):
        _wrap(text, width)
    depth = 12 + text_size(ax, 0.85) * 1.2 + size * 1.3 * len(ax.get_xlabel().splitlines())  # points; ticks and label
    labels = [handle.get_label() for handle in handles] if labels is None else labels
    legend = _legend_below(ax, handles, labels, depth, width)
    _wrap(ax.yaxis.label, _height_left(ax, depth, legend))


def _legend_below(ax, handles, labels, depth, width):
    """Put a legend below an axes, in as many columns as fit; inside it, if the figure ends there."""
    from matplotlib.transforms import offset_copy

    place = {
        "loc": "upper center",
        "bbox_to_anchor": (0.5, 0),
        "bbox_transform": offset_copy(ax.transAxes, ax.figure, y=-depth, units="points"),
        "frameon": False,
    }
    small = text_size(ax, 0.85)
    look = {"fontsize": small, "handletextpad": 0.4, "columnspacing": 1.0, "handlelength": 1.5, "borderaxespad": 0}

    def draw(words, n_columns):
        return _legend(ax, handles, words, ncols=n_columns, **place, **look)

    for n_columns in range(min(len(handles), MAX_LEGEND_COLUMNS), 0, -1):
        legend = draw(labels, n_columns)
        if legend.get_window_extent().width <= width:
            break
    if n_columns == 1 and len(labels) > 4:  # broken lines may leave room for two columns
        high = legend.get_window_extent().height
        legend = draw([textwrap.fill(name, 18) for name in labels], 2)
        box = legend.get_window_extent()
        if box.width > width or box.height >= high:
            legend = draw(labels, 1)
    if ax.figure.get_layout_engine() is None and legend.get_window_extent().y0 < ax.figure.bbox.y0:
        legend = _legend(ax, handles, labels, loc="best", **look | {"borderaxespad": 0.5})
    return legend


def shortened(name, longest=18):
    """Return a name that does not break a legend."""
    name = str(name)
    return name if len(name) <= longest else f"{name[: longest - 1]}\u2026"


def thin_ticks(axis):
    """Let an axis have as many ticks as leave room between their labels."""
    from matplotlib.ticker import MaxNLocator, ScalarFormatter, StrMethodFormatter

    if not isinstance(axis.get_major_locator(), MaxNLocator):
        return
    low, high = sorted(axis.get_view_interval())
    if isinstance(axis.get_major_formatter(), ScalarFormatter) and 10_000 <= high - low < 1e9:
        axis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    width, height = _points(axis.axes)
    size = text_size(axis.axes, 0.9)
    for n_bins in range(7, 1, -1):
        axis.get_major_locator().set_params(nbins=n_bins)
        places = axis.get_majorticklocs()
        words = axis.get_major_formatter().format_ticks(places[(places >= low) & (places <= high)])
        needed = 1.8 * size if axis.axis_name == "y" else (max(map(len, words), default=0) + 1.5) * 0.62 * size
        if len(words) * needed <= 0.9 * (height if axis.axis_name == "y" else width):
            break


def histogram(ax, below, above, colors):
    """Draw how many rows two sets of values have, one upon the other; return a patch of each for the legend."""
    values = np.concatenate([below, above])
    bins = np.histogram_bin_edges(values, bins="auto" if len(values) < 5000 else 60)
    if len(bins) > 80:
        bins = np.linspace(bins[0], bins[-1], 61)
    patches = ax.hist([below, above], bins, stacked=True, color=colors)[2]
    ax.yaxis.get_major_locator().set_params(integer=True)
    return [bars[0] for bars in patches]


def pick_column(encoder, feature, codes, y):
    """Return position and label of the column to draw: the one asked for by name or by position.

    None takes the numeric column with the largest rank correlation with `y`; without any, the position is None.
    """
    names = [column.name for column in encoder.columns_]
    if feature is not None:
        place = names.index(feature) if feature in names else range(len(names))[feature]
    else:
        place = _most_correlated(codes, y, encoder.nominal_)
    if place is None:
        return None, ""
    return place, names[place] if isinstance(names[place], str) else f"column {names[place]}"


def _most_correlated(codes, y, nominal):
    from scipy.stats import spearmanr

    strengths = {}
    for j in np.flatnonzero(~nominal):
        seen = ~np.isnan(codes[:, j])
        if seen.sum() > 2 and np.ptp(codes[seen, j]) > 0 and np.ptp(y[seen]) > 0:
            strengths[j] = abs(spearmanr(codes[seen, j], y[seen]).statistic)
    return max(strengths, key=strengths.get) if strengths else None


def _points(ax):
    """Return width and height of an axes in points, as far as they are known before drawing."""
    return ax.bbox.size * 72 / ax.figure.dpi


def _wrap(text, room):
    """Break a text into lines of at most `room` pixels."""
    words, extent = text.get_text(), text.get_window_extent()
    length = extent.height if text.get_rotation() == 90 else extent.width
    if length > room:
        most = max(8, int(max(map(len, words.splitlines())) * room / length))
        text.set_text("\n".join(textwrap.fill(line, most) for line in words.splitlines()))


def _width_left(ax):
    """Return how many pixels wide something may be that is centred above or below an axes."""
    spec = ax.get_subplotspec()
    if spec is None or ax.figure.get_layout_engine() is None:
        return 1.18 * ax.bbox.width
    cell = ax.figure.bbox.width * len(spec.colspan) / spec.get_gridspec().ncols
    return 0.88 * (cell - ax.yaxis.get_tightbbox().width)  # the layout moves the axes beside its labels


def _height_left(ax, depth, legend):
    """Return how many pixels high the label at the left of an axes may be."""
    spec = ax.get_subplotspec()
    if spec is None or ax.figure.get_layout_engine() is None:
        return ax.bbox.height
    cell = ax.figure.bbox.height * len(spec.rowspan) / spec.get_gridspec().nrows
    above = 1.5 * ax.title.get_window_extent().height
    return cell - legend.get_window_extent().height - above - (depth + 10) * ax.figure.dpi / 72


def _legend(ax, handles, labels, **options):
    """Return a legend whose labels are shown as they are, also those that begin with an underscore."""
    legend = ax.legend(handles, [f" {name}" for name in labels], **options)
    for text, name in zip(legend.get_texts(), labels):
        text.set(text=name, parse_math=False)
    return legend


def upright_ticks(ax, place, words):
    """Draw a vertical line; return what stands for it in the legend."""
    from matplotlib.lines import Line2D

    ax.axvline(place, color=BLACK, linewidth=0.8, label=words)
    return Line2D([], [], color=BLACK, marker="|", markersize=9, linestyle="none", label=words)
