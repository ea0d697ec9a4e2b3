"""A table of methods, for the terminal and for the page: numbers aligned, intervals drawn, one row marked."""

import math
import textwrap
from dataclasses import dataclass, field
from html import escape

from skgan_resample.model_selection._result import MOST_SHOWN

BAR_WIDTH, BAR_HEIGHT = 80, 14  # of a drawn interval, in CSS pixels


FURTHEST = 3  # bars reach at most so many times the largest effect from where there is none; longer ones are cut


MARGIN = 6  # pixels left and right of the bars, for arrow heads


@dataclass
class Cell:
    """One cell.

    Parameters
    ----------
    text : str
        What is shown.
    value : float
        What the column is sorted by; NaN stands last.
    interval : (float, float, float) or None
        Low end, middle and high end, drawn on the page beside the text.
    more : str
        Behind the text, on the page alone.
    """

    text: str = ""
    value: float = math.nan
    interval: tuple | None = None
    more: str = ""


def ratio(value, decimals=2):
    """Return a ratio as text: short where it is endless or huge, as a ratio to almost nothing is."""
    if math.isnan(value):
        return "-"
    return f">{MOST_SHOWN}" if value > MOST_SHOWN else f"{value:.{decimals}f}"


def number(value, spec, text=None):
    """Return a cell with a number in the format `spec`, or with another text; an empty one for NaN."""
    return Cell() if math.isnan(value) else Cell(format(value, spec) if text is None else text, float(value))


def p_value(p):
    """Return a cell with a p-value."""
    return number(p, ".3f", "<0.001" if p < 0.001 else None)


def effect(value, low, high, write):
    """Return a cell with an effect and its 95 % interval; `write` turns a number into text."""
    if math.isnan(value):
        return Cell("-")
    return Cell(f"{write(value)} ({write(low)} to {write(high)})", float(value), (low, value, high))


@dataclass
class Grid:
    """A table with one row a method; the first column holds their names.

    Parameters
    ----------
    caption : str
    header : list of str
    rows : list of list of Cell
    neutral : dict
        By column whose intervals are drawn: the value that stands for no effect. Ratios (1) are drawn on a log scale.
    spare : list of str
        Columns that a narrow terminal can do without, the first one first.
    marked : str or None
        The method that is recommended.
    last : str or None
        The method whose row is a summary of the others: it stays below them.
    """

    caption: str
    header: list
    rows: list
    neutral: dict = field(default_factory=dict)
    spare: list = field(default_factory=list)
    marked: str | None = None
    last: str | None = None

    @property
    def methods(self):
        """Names of the methods."""
        return [row[0].text for row in self.rows]

    # ------------------------------------------------------------------------------------------ on the page
    def html(self):
        """Return the table for the page; a script makes its columns sortable by `data-value`."""
        heads = "".join(f'<th scope="col">{escape(name)}</th>' for name in self.header)
        scales = {j: _scale([row[j] for row in self.rows], self.neutral[name])
                  for j, name in enumerate(self.header) if name in self.neutral}  # fmt: skip
        bodies = {"tbody": "", "tfoot": ""}
        for row in self.rows:
            part = "tfoot" if row[0].text == self.last else "tbody"
            bodies[part] += self._html_row(row, scales)
        return (
            f'<div class="scroll" tabindex="0" role="region" aria-labelledby="methods">\n<table>\n'
            f'<caption id="methods"><span>{escape(self.caption)}</span></caption>\n<thead><tr>{heads}</tr></thead>\n'
            + "".join(f"<{part}>\n{rows}</{part}>\n" for part, rows in bodies.items() if rows)
            + "</table>\n</div>"
        )

    def _html_row(self, row, scales):
        name, *cells = row
        is_marked = name.text == self.marked
        badge = ' <span class="badge">recommended</span>' if is_marked else ""
        html = f'<th scope="row" data-value="{escape(name.text)}">{escape(name.text)}{badge}</th>'
        for j, cell in enumerate(cells, start=1):
            value = "" if math.isnan(cell.value) else f"{cell.value:.9g}"
            more = f' <span class="more">{escape(cell.more)}</span>' if cell.more else ""
            bar = _bar(cell.interval, *scales[j]) if j in scales and cell.interval else ""
            kind = ' class="effect"' if j in scales else ""
            html += f'<td{kind} data-value="{value}">{escape(cell.text)}{more}{bar}</td>'
        mark = ' class="marked"' if is_marked else ""
        return f"<tr{mark}>{html}</tr>\n"

    # ------------------------------------------------------------------------------------------ in the terminal
    def print(self):
        """Print the table; on a terminal too narrow for all columns without those that can be spared, said aloud."""
        console = _console()
        left_out = []
        while console is not None and console.is_terminal and len(left_out) < len(self.spare):
            if sum(self._widths(left_out)) + 2 * (len(self._shown(left_out)) - 1) <= console.width:
                break
            left_out.append(self.spare[len(left_out)])
        if console is None:
            self._print_plainly()
        else:
            self._print_richly(console, left_out)
        if left_out:
            say(f"Left out on this narrow terminal, to be found in the report: {', '.join(left_out)}.")

    def _shown(self, left_out):
        return [j for j, name in enumerate(self.header) if name not in left_out]

    def _widths(self, left_out=()):
        return [max(len(self.header[j]), *(len(row[j].text) for row in self.rows)) for j in self._shown(left_out)]

    def _print_richly(self, console, left_out):
        from rich.table import Table
        from rich.text import Text

        table = Table(box=None, pad_edge=False)
        for j in self._shown(left_out):
            table.add_column(Text(self.header[j]), justify="left" if j == 0 else "right", no_wrap=True)
        for row in self.rows:
            style = "bold green" if row[0].text == self.marked else "dim" if row[0].text == self.last else None
            table.add_row(*(Text(row[j].text) for j in self._shown(left_out)), style=style)
        needed = sum(self._widths(left_out)) + 2 * len(self._shown(left_out))
        console.width = max(console.width, needed)  # a narrower one would cut the numbers
        console.print(table)

    def _print_plainly(self):
        widths = self._widths()
        for row in [self.header, *([cell.text for cell in row] for row in self.rows)]:
            first, *others = (text.rjust(width) for text, width in zip(row, widths))
            print("  ".join([first.strip().ljust(widths[0]), *others]))


def say(text):
    """Print a paragraph, on a terminal broken between words."""
    console = _console()
    if console is not None and console.is_terminal:
        text = "\n".join(textwrap.fill(line, min(console.width, 110), break_on_hyphens=False)
                         for line in text.split("\n"))  # fmt: skip
    print(text)


def _console():
    """Return a console of rich, None where rich is not installed."""
    try:
        from rich.console import Console
    except ImportError:
        return None
    return Console()


# ------------------------------------------------------------------------------------------------ drawn intervals
def _scale(cells, neutral):
    """Return how a column of intervals is drawn: a function from values to pixels, and the pixel of no effect.

    The function also says whether a value lies outside and is drawn at the edge.
    """

    def unit(value):
        if neutral <= 0:
            return value
        return math.log(value) if value > 0 else -math.inf

    middle = unit(neutral)
    found = [tuple(map(unit, cell.interval)) for cell in cells if cell.interval]
    reach = FURTHEST * max((abs(value - middle) for _, value, _ in found), default=0.0) or 1.0
    ends = [end for interval in found for end in interval if math.isfinite(end)]
    low, high = max(min([middle, *ends]), middle - reach), min(max([middle, *ends]), middle + reach)

    def place(value):
        inside = min(max(unit(value), low), high)
        share = (inside - low) / (high - low) if high > low else 0.5
        return MARGIN + (BAR_WIDTH - 2 * MARGIN) * share, unit(value) != inside

    return place, place(neutral)[0]


def _bar(interval, place, neutral):
    """Return a drawing of an interval: a line with a dot, on a scale with a mark where there is no effect.

    The numbers stand beside it, so it is hidden from those who listen to the page.
    """
    (left, cut_left), (dot, _), (right, cut_right) = map(place, interval)
    y = BAR_HEIGHT / 2
    side = "clear" if left > neutral or right < neutral else "open"
    heads = "".join(
        f'<path d="M{x + 5 * way:.1f} {y - 3.5}L{x:.1f} {y}L{x + 5 * way:.1f} {y + 3.5}"/>'
        for x, way, is_cut in ((left - MARGIN + 1, 1, cut_left), (right + MARGIN - 1, -1, cut_right))
        if is_cut
    )
    return (
        f'<svg class="bar {side}" viewBox="0 0 {BAR_WIDTH} {BAR_HEIGHT}" width="{BAR_WIDTH}" height="{BAR_HEIGHT}" '
        f'aria-hidden="true" focusable="false"><path class="zero" d="M{neutral:.1f} 0V{BAR_HEIGHT}"/>'
        f'<path d="M{left:.1f} {y}H{right:.1f}"/>{heads}<circle cx="{dot:.1f}" cy="{y}" r="3.2"/></svg>'
    )
