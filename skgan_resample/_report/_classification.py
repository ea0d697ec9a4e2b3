"""What is reported of resampling classes."""

import numpy as np

from skgan_resample._report import _page
from skgan_resample._report._base import Report, folds_judged
from skgan_resample._report._grid import FURTHEST, Cell, Grid, effect, number, p_value
from skgan_resample._user_table._messages import listed
from skgan_resample.model_selection._result import CHOSEN

COLUMNS = {  # of the table: header to measure
    "AP": "average_precision",
    "F1": "f1",
    "F1 tuned": "f1_tuned",
    "G-mean tuned": "g_mean_tuned",
    "bal. acc. tuned": "balanced_accuracy_tuned",
    "Brier": "brier",
    "Brier corr.": "brier_corrected",
}
JUDGED = {  # by scoring: the column that methods are judged by
    "average_precision": "AP",
    "f1": "F1 tuned",
    "g_mean": "G-mean tuned",
    "balanced_accuracy": "bal. acc. tuned",
    "brier": "Brier corr.",
}


class ClassificationReport(Report):
    """The report on classes."""

    title = "What helps to predict {}?"
    heading = "What each method gains"
    fine_print = (
        "All on outer folds, gains with 95 % intervals that allow for training sets that overlap (Nadeau & Bengio); "
        "p-values are adjusted for the number of methods (Holm). 'chosen' is how often the inner folds chose the "
        "method; the last row is what choosing that way gives on the outer folds."
    )

    @property
    def intro(self):
        """The classes, the estimators and how many folds."""
        comparison = self.comparison
        counts = sorted(comparison.facts["counts"].items(), key=lambda item: item[1])  # smallest first
        shown = listed(f"{label!s} ({n_rows:,})" for label, n_rows in counts)
        smaller = comparison.facts["positive"]
        positive = "" if smaller is None else f"; {smaller!s} is the positive class"
        return (
            f"{comparison.n_rows:,} rows of {len(counts)} classes: {shown}{positive}. Estimator: "
            f"{', '.join(comparison.estimators)}. {folds_judged(comparison, lacking='time')}"
        )

    def grid(self):
        """Return the table."""
        judged = JUDGED[self.comparison.scoring]
        spare = ["seconds", "Brier", "bal. acc. tuned", "G-mean tuned", "Brier corr.", "F1", "F1 tuned", "AP", "chosen"]
        return Grid(
            f"Methods against the estimator alone ('none'), on outer folds; a gain in {judged} above 0 is better",
            ["method", f"gain in {judged}", "p (Holm)", *COLUMNS, "seconds", "chosen"],
            [self._cells(row) for row in self.comparison.results.values()],
            neutral={f"gain in {judged}": 0},
            spare=[name for name in spare if name != judged],
            marked=self.comparison.verdict.method,
            last=CHOSEN,
        )

    def _cells(self, row):
        """Return the cells of one method."""
        gain, p = Cell("0", 0.0, (0.0, 0.0, 0.0)), Cell()
        if row["method"] != "none":
            gain = effect(row["gain"], row["low"], row["high"], self.comparison.judge.in_words)
            p = p_value(row["p_holm"])
        chosen = Cell() if row["method"] == CHOSEN else number(row["chosen"], ".0%")
        measures = [number(row[measure], ".3f") for measure in COLUMNS.values()]
        return [Cell(row["method"]), gain, p, *measures, number(row["seconds"], ".2f"), chosen]

    @property
    def how_to_read(self):
        """What the columns mean."""
        is_binary = self.comparison.facts["positive"] is not None
        tuned = "threshold" if is_binary else "weight of rare classes (an exponent of their share)"
        return (
            f"'gain' is over 'none', the estimator alone; above 0 is better. 'tuned': with the {tuned} that is best "
            "for that measure on inner folds, for every method alike, 'none' included; 'F1' is that without. 'AP': "
            f"average precision{'' if is_binary else ', the mean over classes, as is F1'}. 'Brier' is an error, below "
            "is better; 'corr.': after the probabilities were corrected for the changed shares of the classes."
        )

    def figure(self):
        """Return the picture of gains."""
        label = self.comparison.score_label
        gains = "; ".join(f"{row[0].text} {row[1].text}" for row in self.grid().rows[1:])
        return _page.figure(
            self._draw,
            f"Gain in {label} over the estimator alone, with 95 % intervals: {gains}.",
            f"Gain in {label} over the estimator alone. Grey: too small to matter. Lines that end at the frame go on.",
        )

    def _draw(self):
        """Return a picture of each method's gain with its interval."""
        import matplotlib.pyplot as plt

        from skgan_resample.plots._frame import shortened, text_size, thin_ticks
        from skgan_resample.plots._palette import BLUE, GREY, SLATE

        comparison = self.comparison
        rows = [row for row in reversed(comparison.results.values()) if row["method"] != "none"]
        # inches: a third for each method, the rest for the axis below
        figure, axes = plt.subplots(figsize=(8, 1.2 + 0.35 * len(rows)), layout="constrained")
        # grey: gains below the minimum relevant difference
        axes.axvspan(-comparison.minimum, comparison.minimum, color=GREY, alpha=0.25, linewidth=0, zorder=0)
        axes.axvline(0, color=GREY, linewidth=0.8, zorder=0.5)
        furthest = FURTHEST * max(comparison.minimum, *(abs(row["gain"]) for row in rows))
        for height, row in enumerate(rows):
            is_named = row["method"] == comparison.verdict.method
            color = BLUE if is_named else SLATE
            ends = np.clip([row["low"], row["high"]], -furthest, furthest)  # they can be infinite
            axes.plot(ends, [height, height], color=color, linewidth=2 if is_named else 1)
            axes.plot([row["gain"]], [height], "D" if is_named else "o", color=color)
        axes.margins(y=0.15)
        left, right = axes.get_xlim()
        axes.set_xlim(max(left, -furthest), min(right, furthest))  # no margin behind an interval that was cut
        axes.set_yticks(range(len(rows)), [shortened(row["method"], 34) for row in rows])
        for label in axes.get_yticklabels():
            label.set_parse_math(False)  # a name may hold $
        axes.tick_params(labelsize=text_size(axes, 0.9))
        thin_ticks(axes.xaxis)
        share = " (share of that of the estimator alone)" if comparison.scoring == "brier" else ""
        axes.set_xlabel(f"gain in {comparison.score_label}{share}")
        axes.spines[["top", "right"]].set_visible(False)
        return figure
