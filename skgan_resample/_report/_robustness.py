"""What is reported of adversarial training."""

from skgan_resample._report import _page
from skgan_resample._report._base import Report, folds_judged
from skgan_resample._report._grid import Cell, Grid, effect, number, p_value
from skgan_resample._user_table._messages import listed

BASE = "at"  # differences are to this method
NOTHING = Cell("0", 0.0, (0.0, 0.0, 0.0))


class RobustnessReport(Report):
    """The report on adversarial training."""

    title = "What does adversarial training gain for {}?"
    heading = "What each method keeps under attack, and what it costs"
    no_method = "the plain model, since adversarial training is not recommended,"
    fine_print = (
        "Intervals are paired by fold and allow for training sets that overlap (Nadeau & Bengio) and for the number of "
        "rows; p-values are adjusted for the number of methods (Holm). Attacks search for the worst allowed row with "
        "the help of the gradient; a still better attack may find more."
    )

    @property
    def intro(self):
        """The classes, the threat model and how many folds."""
        comparison = self.comparison
        classes, threat = comparison.facts["classes"], comparison.facts["threat_model"]
        return (
            f"{comparison.n_rows:,} rows, {len(classes)} classes ({listed(classes)}). Threat "
            f"model: {threat}. {folds_judged(comparison, 'folds', 'time')} The budget was turned into "
            "the units of the columns once, on all rows, without their target; methods train against it (at-1.5 "
            "against 1.5 times as much) and are all attacked with it."
        )

    def grid(self):
        """Return the table."""
        return Grid(
            f"Accuracy under attack (robust) and without (clean); differences to {BASE!r} in percentage points",
            ["method", "clean", "robust", f"robust vs {BASE}", "p (Holm)", f"clean vs {BASE}", "RO found", "treated",
             "seconds"],
            [self._cells(row) for row in self.comparison.results.values()],
            neutral={f"robust vs {BASE}": 0, f"clean vs {BASE}": 0},
            spare=["seconds", "treated", "RO found", "p (Holm)", f"clean vs {BASE}"],
            marked=self.comparison.verdict.method,
        )  # fmt: skip

    def _cells(self, row):
        """Return the cells of one method; a star marks robust accuracies under the weaker attack."""
        is_base, star = row["method"] == BASE, "*" if row["attack"] == "black-box" else ""
        counts = [
            Cell("-") if row[name] is None else Cell(f"{row[name]} of {self.comparison.n_folds}", float(row[name]))
            for name in ("ro_detected", "treated")
        ]
        return [
            Cell(row["method"]),
            _share(row["clean"]),
            _share(row["robust"], star),
            NOTHING if is_base else _difference(row, ("gain", "low", "high"), star),
            p_value(row["p_holm"]),
            NOTHING if is_base else _difference(row, ("clean_gain", "clean_gain_low", "clean_gain_high")),
            *counts,
            number(row["seconds"], ".2f"),
        ]

    @property
    def how_to_read(self):
        """What the columns mean."""
        commonest = self.comparison.facts["commonest"]
        commonest = sum(commonest) / len(commonest)
        text = (
            "'clean' is the accuracy on unchanged test rows, 'robust' the accuracy on attacked ones; "
            "differences are in percentage points, in brackets their 95 % intervals. 'RO': robust overfitting, in how "
            "many folds it was found and treated. Always answering the commonest class is right on "
            f"{commonest:.1%}."
        )
        if any(row["attack"] == "black-box" for row in self.comparison.results.values()):
            text += " *: attacked more weakly, by a search that sees predictions only, so not tested against others."
        return text

    def figure(self):
        """Return the picture of robust against clean accuracy."""
        from skgan_resample.plots import RobustComparisonDisplay

        points = "; ".join(
            f"{name} {row['clean']:.1%} clean, {row['robust']:.1%} robust"
            for name, row in self.comparison.results.items()
        )
        return _page.figure(
            lambda: RobustComparisonDisplay.from_comparison(self.comparison),
            f"Robust against clean accuracy, one point per method with 95 % intervals: {points}.",
            "Intervals are those of each method alone. All methods meet the same folds, so the differences in the "
            "table are known better than two such intervals suggest.",
        )


def _share(value, star=""):
    return number(value, ".1%", f"{value:.1%}{star}")


def _difference(row, names, star=""):
    """Return a difference of accuracies in percentage points with its interval."""
    value, low, high = (100 * row[name] for name in names)  # shares to percentage points
    if low == high:  # no difference in any fold
        return Cell(f"same{star}", value, (value, value, value))
    cell = effect(value, low, high, "{:+z.1f}".format)
    cell.text += star
    return cell
