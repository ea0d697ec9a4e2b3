"""A table of methods, for the terminal and for the page: numbers aligned, intervals drawn, one row marked."""

import math
from dataclasses import dataclass, field

from skgan_resample.model_selection._result import MOST_SHOWN

BAR_WIDTH, BAR_HEIGHT = 72, 14  # of a drawn interval, in CSS pixels
MARGIN = 6  # pixels left and right of the bars, for arrow heads
FURTHEST = 3  # bars are cut where they reach 3 times as far from "no effect" as the largest effect: our choice, by eye
WIDEST = 110  # characters of a line of prose on a terminal


# ------------------------------------------------------------------------------------------------ cells
@dataclass
class Cell:
    """One cell."""

    text: str = ""
    value: float = math.nan  # by which the column is sorted; NaN is last
    interval: tuple | None = None  # (low end, middle, high end), drawn on the page beside the text
    more: str = ""  # behind the text, on the page alone


def ratio(value, decimals=2):
    """Return a ratio as text: short where it is infinite or huge, as a ratio to almost nothing is."""
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


# ------------------------------------------------------------------------------------------------ the table
@dataclass
class Grid:
    """A table with a row per method; the first column holds their names."""

    caption: str
    header: list
    rows: list  # lists of Cell
    neutral: dict = field(default_factory=dict)  # column whose intervals are drawn to its value of no effect
    spare: list = field(default_factory=list)  # columns that a narrow terminal leaves out, in this order
    marked: str | None = None  # the method that is recommended
    last: str | None = None  # the method whose row summarizes the others: it stays below them

    # ------------------------------------------------------------------------------------------ on the page
    def content(self):
        """Return what the template shows; a script makes its columns sortable by the cells' `key`."""
        scales = {
            j: Scale.of([row[j].interval for row in self.rows if row[j].interval], self.neutral[name])
            for j, name in enumerate(self.header)
            if name in self.neutral
        }
        rows = [self._row(row, scales) for row in self.rows]
        return {
            "caption": self.caption,
            "header": self.header,
            "rows": [row for row in rows if row["name"] != self.last],
            "last_rows": [row for row in rows if row["name"] == self.last],
        }

    def _row(self, row, scales):
        name, *cells = row
        shown = [
            {
                "text": cell.text,
                "more": cell.more,
                "key": "" if math.isnan(cell.value) else f"{cell.value:.9g}",
                "is_effect": j in scales,
                "bar": scales[j].bar(cell.interval) if j in scales and cell.interval else None,
            }
            for j, cell in enumerate(cells, start=1)
        ]
        return {"name": name.text, "is_marked": name.text == self.marked, "cells": shown}

    # ------------------------------------------------------------------------------------------ in the terminal
    def print(self):
        """Print the table; on a terminal that is too narrow, columns that can be spared are left out and named."""
        console, left_out = console_of_output(), []
        table, width = self._rich_table(console, left_out)
        while console.is_terminal and width > console.width and len(left_out) < len(self.spare):
            left_out.append(self.spare[len(left_out)])
            table, width = self._rich_table(console, left_out)
        console.width = max(console.width, width)  # a narrower one would cut the numbers
        console.print(table)
        if left_out:
            print_paragraph(f"Left out on this narrow terminal, to be found in the report: {', '.join(left_out)}.")

    def _rich_table(self, console, left_out):
        """Return the table without some columns, and its width in characters."""
        from rich.table import Table
        from rich.text import Text

        shown = [j for j, name in enumerate(self.header) if name not in left_out]
        table = Table(box=None, pad_edge=False)
        for j in shown:
            table.add_column(Text(self.header[j]), justify="left" if j == 0 else "right", no_wrap=True)
        for row in self.rows:
            style = "bold green" if row[0].text == self.marked else "dim" if row[0].text == self.last else None
            table.add_row(*(Text(row[j].text) for j in shown), style=style)
        return table, console.measure(table, options=console.options.update(max_width=10_000)).maximum


def console_of_output():
    """Return a rich console on what standard output is now."""
    from rich.console import Console

    return Console()


def print_paragraph(text):
    """Print a paragraph, on a terminal broken between words."""
    from rich.text import Text

    console = console_of_output()
    console.print(Text(text), soft_wrap=not console.is_terminal, width=min(console.width, WIDEST))


# ------------------------------------------------------------------------------------------------ drawn intervals
@dataclass
class Scale:
    """How a column of intervals is drawn: ratios (neutral 1) on a log scale, differences (neutral 0) in proportion."""

    neutral: float
    low: float  # ends of the scale, by `unit`
    high: float

    @classmethod
    def of(cls, intervals, neutral):
        """Return the scale of some intervals (low end, middle, high end)."""
        scale = cls(neutral, 0.0, 0.0)
        middle = scale.unit(neutral)
        found = [tuple(map(scale.unit, interval)) for interval in intervals]
        # the largest effect, from the middle, sets how far the scale goes
        reach = FURTHEST * max((abs(value - middle) for _, value, _ in found), default=0.0) or 1.0
        ends = [middle, *(end for interval in found for end in interval if math.isfinite(end))]
        scale.low, scale.high = max(min(ends), middle - reach), min(max(ends), middle + reach)
        return scale

    def unit(self, value):
        """Return a value on the scale: the logarithm of a ratio; a difference is not changed."""
        if self.neutral <= 0:
            return value
        return math.log(value) if value > 0 else -math.inf

    def pixel(self, value):
        """Return where a value is drawn; what lies outside is drawn at the edge."""
        inside = min(max(self.unit(value), self.low), self.high)  # an infinite end is drawn at the edge
        share = (inside - self.low) / (self.high - self.low) if self.high > self.low else 0.5
        return round(MARGIN + (BAR_WIDTH - 2 * MARGIN) * share, 1)

    def bar(self, interval):
        """Return the positions, in pixels, of the line, the dot and the arrow heads of an interval."""
        left, dot, right = map(self.pixel, interval)
        arrows = []  # (x of the tip, x of its back)
        if self.unit(interval[0]) < self.low:
            arrows.append((left - MARGIN + 1, left - MARGIN + 6))
        if self.unit(interval[2]) > self.high:
            arrows.append((right + MARGIN - 1, right + MARGIN - 6))
        return {
            "width": BAR_WIDTH,
            "height": BAR_HEIGHT,
            "left": left,
            "dot": dot,
            "right": right,
            "neutral": self.pixel(self.neutral),
            "arrows": arrows,
            "is_clear": interval[0] > self.neutral or interval[2] < self.neutral,
        }
