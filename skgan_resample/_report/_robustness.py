"""What is said of adversarial training."""

from skgan_resample._report import _page
from skgan_resample._report._classification import named
from skgan_resample._report._frame import Report, folds_judged
from skgan_resample._report._grid import Cell, Grid, effect, number, p_value
from skgan_resample._report._recipe import robustness_recipe

GLOSSARY = {
    "none": "the network trained without attacks",
    "at": "RobustATWrapper(ro_strategy=None): the same network, trained on attacked rows, stopped where rows held out "
    "of training say",
    "at-1.5": "the same with 1.5 times the budget: the control that explains most of what stronger treatments gain",
    "auto": "RobustATWrapper(ro_strategy='auto'): as 'at'; where held-out rows show robust overfitting (RO: longer "
    "training makes robustness worse again), treatments are tried, and the best one is kept",
    "learner": "your own model",
}


BASE = "at"  # differences are to this method


NOTHING = Cell("0", 0.0, (0.0, 0.0, 0.0))


class RobustnessReport(Report):
    """The report of `compare_robustness`."""

    heading = "What each method keeps under attack, and what it costs"
    fine_print = (
        "Intervals are paired by fold and allow for training sets that overlap (Nadeau & Bengio) and for the number of "
        "rows; p-values are adjusted for the number of methods (Holm). Attacks search for the worst allowed row with "
        "the help of the gradient; a still better attack may find more."
    )

    def title(self, target):
        return f"What does adversarial training buy for {target}?"

    @property
    def verdicts(self):
        return self.comparison.verdict.parts

    @property
    def intro(self):
        comparison = self.comparison
        classes = [str(name) for name in comparison.classes]
        return (
            f"{comparison.n_rows:,} rows, {len(classes)} classes ({named(classes)}). Threat model: "
            f"{comparison.threat_model}. {folds_judged(comparison, 'folds', 'time')} The budget was turned into the "
            "units of the columns once, on all rows, without their target; methods train against it (at-1.5 against "
            "1.5 times as much) and are all attacked with it."
        )

    def grid(self):
        n_folds = self.comparison.n_folds
        rows = []
        for row in self.comparison.summary:
            is_base, is_weak = row["method"] == BASE, row["attack"] == "black-box"
            cells = [
                Cell(row["method"]),
                _share(row, "clean"),
                _share(row, "robust", "*" if is_weak else ""),
                NOTHING if is_base else _difference(row, "gain", "*" if is_weak else ""),
                p_value(row["p_holm"]),
                NOTHING if is_base else _difference(row, "clean_gain"),
            ]
            for count in (row["ro_detected"], row["treated"]):
                cells.append(Cell("-") if count is None else Cell(f"{count} of {n_folds}", float(count)))
            rows.append([*cells, number(row["seconds"], ".2f")])
        return Grid(
            f"Accuracy under attack (robust) and without (clean); differences to {BASE!r} in percentage points",
            ["method", "clean", "robust", f"robust vs {BASE}", "p (Holm)", f"clean vs {BASE}", "RO found", "treated",
             "seconds"],
            rows,
            neutral={f"robust vs {BASE}": 0, f"clean vs {BASE}": 0},
            spare=["seconds", "treated", "RO found", "p (Holm)", f"clean vs {BASE}"],
            marked=self.comparison.verdict.method,
        )  # fmt: skip

    @property
    def how_to_read(self):
        commonest = sum(self.comparison.commonest) / len(self.comparison.commonest)
        text = (
            "'clean' is the accuracy on test rows as they are, 'robust' the accuracy while they are attacked; "
            "differences are in percentage points, in brackets their 95 % intervals. 'RO': robust overfitting, in how "
            "many folds it was found and treated. Always answering the commonest class is right on "
            f"{commonest:.1%}."
        )
        if any(row["attack"] == "black-box" for row in self.comparison.summary):
            text += " *: attacked more weakly, by a search that sees predictions only, so not tested against others."
        return text

    @property
    def glossary(self):
        return GLOSSARY

    def figure(self):
        from skgan_resample.plots import RobustComparisonDisplay

        points = "; ".join(
            f"{row['method']} {row['clean']:.1%} clean, {row['robust']:.1%} robust" for row in self.comparison.summary
        )
        return _page.figure(
            lambda: RobustComparisonDisplay.from_comparison(self.comparison),
            f"Robust against clean accuracy, one point per method with 95 % intervals: {points}.",
            "Intervals are those of each method alone. All methods meet the same folds, so the differences in the "
            "table are known better than two such intervals suggest.",
        )

    @property
    def facts(self):
        comparison = self.comparison
        return {
            "folds_judged": comparison.n_folds,
            "folds_planned": comparison.n_planned,
            "classes": comparison.classes,
            "threat_model": comparison.threat_model,
            "verdict": {question: vars(verdict) for question, verdict in comparison.verdict.parts},
        }

    @property
    def recommended(self):
        if self.comparison.verdict.method is None:
            return "the plain model, since adversarial training is not recommended,"
        return super().recommended

    def recipe(self):
        return robustness_recipe(self.comparison, self.table, self.options)


def _share(row, name, mark=""):
    return number(row[name], ".1%", f"{row[name]:.1%}{mark}")


def _difference(row, name, mark=""):
    """Return a difference of accuracies in percentage points with its interval."""
    value, low, high = (100 * row[part] for part in (name, f"{name}_low", f"{name}_high"))
    if low == high:
        return Cell(f"same{mark}", value, (value, value, value))
    cell = effect(value, low, high, "{:+z.1f}".format)
    cell.text += mark
    return cell
