"""What displays draw alike: labels that fit and are no formulas, legends that hide no data, points, histograms."""

import textwrap

import numpy as np

from skgan_resample.plots._palette import BLACK, GREY, MARKERS, RED, SERIES

# Factors below that have no reason beside them were found by trial: tests/test_displays.py draws every display at
# three widths and asserts that no text is cut off or lies upon other text.
SMALLEST_TEXT = 6.0  # points; our choice, the least that is legible in print
NARROW = 3.0 * 72  # points; narrower axes, as in half the width of a page, get smaller text
MAX_LEGEND_COLUMNS = 5  # more are hard to assign to curves; our choice


def text_size(ax, factor=1.0):
    """Return the size of text in points: Matplotlib's font size, five sixths of it on narrow axes."""
    from matplotlib import rcParams

    size = rcParams["font.size"] * (5 / 6 if _points(ax)[0] < NARROW else 1)
    return max(SMALLEST_TEXT, factor * size)


def finish(ax, handles, *, title="", xlabel="", ylabel=""):
    """Write title and labels, thin out ticks, and put a legend of the handles' labels below the axes.

    Call it when everything is drawn. Text is broken into lines that fit, as far as this can be known before drawing.
    """
    size = text_size(ax)
    ax.spines[["top", "right"]].set_visible(False)
    ax.tick_params(labelsize=text_size(ax, 0.9))
    thin_ticks(ax.xaxis)
    thin_ticks(ax.yaxis)
    for text, words in ((ax.yaxis.label, ylabel), (ax.xaxis.label, xlabel), (ax.title, title)):
        text.set(text=words, fontsize=size, parse_math=False)  # a name with dollars is no formula
    width = _width_left(ax)
    for text in (ax.xaxis.label, ax.title):
        _wrap(text, width)
    # In points: ticks, their labels, and the lines of the label below them.
    depth = 12 + text_size(ax, 0.85) * 1.2 + size * 1.3 * len(ax.get_xlabel().splitlines())
    legend = _legend_below(ax, handles, depth, width)
    _wrap(ax.yaxis.label, _height_left(ax, depth, legend))


def _legend_below(ax, handles, depth, width):
    """Put a legend below an axes, in as many columns as fit; inside it, if the figure ends there."""
    from matplotlib.transforms import offset_copy

    place = {
        "loc": "upper center",
        "bbox_to_anchor": (0.5, 0),
        "bbox_transform": offset_copy(ax.transAxes, ax.figure, y=-depth, units="points"),
        "frameon": False,
    }
    labels = [handle.get_label() for handle in handles]
    look = {"handletextpad": 0.4, "columnspacing": 1.0, "handlelength": 1.5, "borderaxespad": 0}
    look["fontsize"] = text_size(ax, 0.85)

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
    # Without a layout nothing makes room below the axes.
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
        ticks = axis.get_majorticklocs()
        words = axis.get_major_formatter().format_ticks(ticks[(ticks >= low) & (ticks <= high)])
        if axis.axis_name == "y":
            needed, available = 1.8 * size, height
        else:
            n_letters = max(map(len, words), default=0) + 1.5
            needed, available = 0.62 * size * n_letters, width  # a digit is about 0.62 of the font size wide
        if len(words) * needed <= 0.9 * available:
            break


def draw_point(ax, i, row, x_keys, y_keys, name, *, hollow=False, xlim=(-np.inf, np.inf), ylim=(-np.inf, np.inf)):
    """Draw method number `i` with its intervals; the keys name value, lower and upper end in `row`.

    An interval that goes beyond the limits is cut there, with an arrow head.
    """
    x, y = row[x_keys[0]], row[y_keys[0]]
    left, right = np.clip([row[key] for key in x_keys[1:]], *xlim)
    bottom, top = np.clip([row[key] for key in y_keys[1:]], *ylim)
    color = SERIES[i % len(SERIES)]
    heads = {"color": color, "markersize": 5, "markeredgewidth": 0, "clip_on": False}
    for key, end, spot, head in (
        (x_keys[1], left, (left, y), "<"),
        (x_keys[2], right, (right, y), ">"),
        (y_keys[1], bottom, (x, bottom), "v"),
        (y_keys[2], top, (x, top), "^"),
    ):
        if end != row[key]:
            ax.plot(*spot, head, **heads)
    size = max(6, 10 - 0.6 * i)  # later points are smaller, so that one does not hide another below it
    ax.errorbar(
        x, y, xerr=[[x - left], [right - x]], yerr=[[y - bottom], [top - y]], fmt=MARKERS[i % len(MARKERS)],
        color=color, markerfacecolor="white" if hollow else color, markeredgecolor=color if hollow else "white",
        markersize=size, markeredgewidth=1.2 if hollow else 0.6, elinewidth=0.8, label=shortened(name, 34),
    )  # fmt: skip


def histogram(ax, below, above, labels):
    """Draw a stacked histogram of two sets of values, grey and red; return a patch of each for the legend."""
    values = np.concatenate([below, above])
    # The rule "auto" makes thousands of bins of a long tail; 60 are seen apart at half the width of a page.
    bins = np.histogram_bin_edges(values, bins="auto" if len(values) < 5000 else 60)
    if len(bins) > 80:
        bins = np.linspace(bins[0], bins[-1], 61)
    patches = ax.hist([below, above], bins, stacked=True, color=[GREY, RED], label=labels)[2]
    ax.yaxis.get_major_locator().set_params(integer=True)
    return [bars[0] for bars in patches]


def _points(ax):
    """Return width and height of an axes in points, as far as they are known before drawing."""
    return ax.bbox.size * 72 / ax.figure.dpi


def _wrap(text, n_pixels):
    """Break a text into lines of at most so many pixels."""
    lines, extent = text.get_text().splitlines(), text.get_window_extent()
    length = extent.height if text.get_rotation() == 90 else extent.width
    if length > n_pixels:
        n_letters = max(8, int(max(map(len, lines)) * n_pixels / length))  # 8: words are not broken further
        text.set_text("\n".join(textwrap.fill(line, n_letters) for line in lines))


def _width_left(ax):
    """Return how many pixels wide a text or a legend above or below an axes may be."""
    spec = ax.get_subplotspec()
    if spec is None or ax.figure.get_layout_engine() is None:
        return 1.18 * ax.bbox.width
    cell = ax.figure.bbox.width * len(spec.colspan) / spec.get_gridspec().ncols
    # The layout moves the axes to the right, beside the labels of its ticks.
    return 0.88 * (cell - ax.yaxis.get_tightbbox().width)


def _height_left(ax, depth, legend):
    """Return how many pixels high the label at the left of an axes may be."""
    spec = ax.get_subplotspec()
    if spec is None or ax.figure.get_layout_engine() is None:
        return ax.bbox.height
    cell = ax.figure.bbox.height * len(spec.rowspan) / spec.get_gridspec().nrows
    above = 1.5 * ax.title.get_window_extent().height
    return cell - legend.get_window_extent().height - above - (depth + 10) * ax.figure.dpi / 72


def _legend(ax, handles, labels, **options):
    """Return a legend that shows every label unchanged."""
    # Matplotlib leaves out labels that begin with an underscore, so each begins with a space at first.
    legend = ax.legend(handles, [f" {name}" for name in labels], **options)
    for text, name in zip(legend.get_texts(), labels):
        text.set(text=name, parse_math=False)
    return legend


def vertical_line(ax, x, words):
    """Draw a vertical line; return a short upright stroke that stands for it in the legend."""
    from matplotlib.lines import Line2D

    ax.axvline(x, color=BLACK, linewidth=0.8, label=words)
    return Line2D([], [], color=BLACK, marker="|", markersize=9, linestyle="none", label=words)
