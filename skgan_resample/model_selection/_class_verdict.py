"""The verdict of `compare_classification`: what the measurements say, and whether it is more than noise."""

from dataclasses import dataclass, field

import numpy as np

from skgan_resample._statistics import ALPHA, corrected_interval, folds_agree, holm, rows_needed
from skgan_resample._thresholds import MEASURES, TUNED
from skgan_resample.model_selection._result import CHOSEN, FEW_ROWS, Measured, Verdict

NONE, DUPLICATE = "none", "duplicate"


SHOWN = ("average_precision", *(name + kind for name in TUNED for kind in ("", "_tuned")), "brier", "brier_corrected")
CLASS_SCORE_LABELS = {
    "average_precision": "average precision",
    "f1": "F1 (thresholds tuned)",
    "g_mean": "the geometric mean of recalls (thresholds tuned)",
    "balanced_accuracy": "balanced accuracy (thresholds tuned)",
    "brier": "the Brier score (prior corrected)",
}


WORTHWHILE = {"brier": 0.05}  # share of the Brier score; of the other measures:
ONE_POINT = 0.01  # a smaller gain is not worth a step in a pipeline
FEW_IN_CLASS = 50


@dataclass
class ClassificationComparison(Measured):
    """Measurements of `compare_classification` and what they say.

    Made by `compare_classification`; its constructor is not meant to be called.

    Attributes
    ----------
    rows : list of dict
        As from `evaluate`: inner folds (``inner >= 0``) and outer folds (``inner == -1``).
    summary : list of dict
        One per method, means over outer folds and learners: ``average_precision``, ``f1``, ``f1_tuned``, ``g_mean``,
        ``g_mean_tuned``, ``balanced_accuracy``, ``balanced_accuracy_tuned``, ``brier``, ``brier_corrected``,
        ``seconds`` of resampling and one fit, ``n_synthetic``; ``gain`` over "none" in what was asked for, above 0 is
        better, with ``low`` and ``high`` (95 %), ``p`` and ``p_holm``, for the Brier score as a share of that of
        "none"; ``chosen``, the share of outer folds whose inner folds chose it. The row "chosen by inner folds" stands
        for the choice itself.
    verdict : Verdict
    counts : dict
        Rows by class.
    n_rows : int
    n_folds, n_planned : int
        Outer folds that were judged, and that were planned.
    failures : dict
        Methods that failed, with the error.
    seconds : float
        Duration of the whole comparison.
    """

    rows: list = field(repr=False)
    methods: list
    samplers: list
    learners: list
    scoring: str
    counts: dict
    test_share: float
    failures: dict
    n_planned: int
    seconds: float
    summary: list = field(init=False, repr=False)
    verdict: Verdict = field(init=False)

    def __post_init__(self):
        self.n_rows = sum(self.counts.values())
        self.folds = sorted({row["fold"] for row in self.rows})
        self.n_folds = len(self.folds)
        self.worthwhile = WORTHWHILE.get(self.scoring, ONE_POINT)
        picks = [self._choose(fold) for fold in self.folds]
        self.summary = self._summarize(picks)
        self.verdict = self._judge()

    @property
    def positive(self):
        """Label of the positive class, the smaller of two; None for more classes."""
        if len(self.counts) > 2:
            return None
        return min(reversed(self.counts), key=self.counts.get)

    def gains(self, method, *, base=NONE, fold=None):
        """Return by how much a method is better than another one per fold, averaged over learners.

        Parameters
        ----------
        method : str
            Name of a method.
        base : str, default="none"
            Name of the method that it is compared with.
        fold : int, default=None
            An outer fold whose inner folds are meant. None is the outer folds themselves.

        Returns
        -------
        ndarray of shape (n_folds,)
            Gains in what was asked for, above 0 is better; for the Brier score as a share of that of "none", the mean
            over folds.
        """
        measure = MEASURES[self.scoring]
        ours, theirs, usual = (self.values(measure, name, fold=fold) for name in (method, base, NONE))
        if not ours.size:
            return np.empty(0)
        differences = ours - theirs
        if self.scoring == "brier":
            usual = usual.mean(axis=0)
            differences = -differences / np.where(usual > 0, usual, 1.0)
        return differences.mean(axis=1)

    def gain_in_words(self, gain):
        """Return a gain as text.

        Parameters
        ----------
        gain : float
            As from `gains`.

        Returns
        -------
        str
            A percentage for the Brier score, else a number.
        """
        if not np.isfinite(gain):
            return f"{gain:+}"
        return f"{gain:+z.0%}" if self.scoring == "brier" else f"{gain:+z.3f}"

    # ------------------------------------------------------------------------------------------ choosing and judging
    def _choose(self, fold):
        """Return the method that the inner folds of one outer fold choose.

        Of the methods that are better than "none", the simplest within one standard error of the best.
        """
        gains = {name: self.gains(name, fold=fold) for name in self.methods}
        if not len(gains[NONE]):
            return NONE
        better = [name for name in self.methods if gains[name].mean() > 0]
        if not better:
            return NONE
        best = max(better, key=lambda name: gains[name].mean())
        for name in better:  # methods stand from simple to involved
            lag = gains[best] - gains[name]
            error = lag.std(ddof=1) / np.sqrt(len(lag)) if len(lag) > 1 else 0.0
            if lag.mean() <= error:
                return name
        return best

    def _summarize(self, picks):
        """Return the summary; `picks` holds the choice of the inner folds for each outer fold."""
        summary = []
        for name in self.methods:
            row = self._summary_row(name, [name] * self.n_folds)
            summary.append({**row, "p_holm": np.nan, "chosen": picks.count(name) / len(picks)})
        tested = [row for row in summary if row["method"] != NONE]
        for row, p in zip(tested, holm([row["p"] for row in tested])):
            row["p_holm"] = p
        chosen = self._summary_row(CHOSEN, picks)
        return [*summary, {**chosen, "p_holm": chosen["p"], "chosen": 1.0}]

    def _summary_row(self, name, methods):
        """Return one row of the summary, of the method that `methods` names for each outer fold."""

        def gather(values_of):
            return np.array([values_of(method)[i] for i, method in enumerate(methods)])

        moves_in_steps = self.scoring != "brier" and not all(map(self._changes_nothing, set(methods)))
        mean, low, high, p = self._interval(gather(self.gains), moves_in_steps)
        measures = {
            measure: float(gather(lambda method, measure=measure: self.values(measure, method)).mean())
            for measure in (*SHOWN, "n_synthetic", "seconds")
        }
        return {"method": name, "gain": mean, "low": low, "high": high, "p": p, **measures}

    def _judge(self):
        """Return the verdict; see the Notes of `compare_classification`."""
        rows = {row["method"]: row for row in self.summary}
        tried = [rows[name] for name in self.methods if name != NONE]
        if not tried:
            return Verdict("cannot tell", None, "No method could be compared with the learner alone.")
        if all(self._over_chance(name)[2] <= 0 for name in self.methods):
            return Verdict(
                "does not help",
                None,
                "No method ranks rows better than chance, so the features say too little about the classes for "
                "resampling to matter.",
            )
        if all(self._changes_nothing(row["method"]) for row in tried):
            return Verdict(
                "does not help", None, "No method changes anything: all scores are those of the learner alone."
            )
        proven = [
            row
            for row in tried
            if row["p_holm"] < ALPHA and row["gain"] >= self.worthwhile and self._over_chance(row["method"])[1] > 0
        ]
        named = [row for row in proven if row["chosen"] > 0]
        if named and rows[CHOSEN]["low"] > 0:
            best = max(named, key=lambda row: (row["chosen"], row["gain"]))
            return Verdict("helps", best["method"], self._recommendation(best))
        least = f"{self.worthwhile:.0%}" if self.scoring == "brier" else f"{self.worthwhile:g}"
        least = f"a gain of {least} in {CLASS_SCORE_LABELS[self.scoring]}"
        open_cases = [row for row in tried if row["high"] >= self.worthwhile]
        if not open_cases:
            return Verdict("does not help", None, f"{least[0].upper()}{least[1:]} is excluded for every method.")
        best = max(open_cases, key=lambda row: row["gain"])
        if not any(self._over_chance(name)[0] > 0 for name in self.methods):
            sentence = f"No method ranks rows better than chance here. At best, {self._effect(best)}"
            return Verdict("cannot tell", None, sentence)
        if best["gain"] <= 0:
            sentence = f"No such method is better here, but {least} cannot be excluded: {self._effect(best)}"
            return Verdict("cannot tell", None, sentence)
        n_needed = rows_needed(self.n_rows, best["gain"], best["high"] - best["gain"], self.n_folds, len(tried))
        advice = "" if n_needed is None else f" Roughly {n_needed:,} rows would tell an effect of this size."
        if best in proven:
            advice = " But what inner folds choose is not proven to do so."
        elif best["low"] > 0 and best["p_holm"] >= ALPHA:
            advice = f" That is not proven after allowing for {len(tried)} methods.{advice}"
        return Verdict("cannot tell", None, f"At best, {self._effect(best)}{advice}", n_needed)

    def _over_chance(self, name):
        """Return mean, low and high of how much more average precision a method has than knowing nothing."""
        base, found = (self.values(measure, name).mean(axis=1) for measure in ("base_rate", "average_precision"))
        return self._interval(found - base)[:3]

    def _interval(self, differences, moves_in_steps=True):
        """Return mean, low, high and p of differences by fold.

        Folds may agree because a score of decisions or ranks moves in steps, one row of a class at a time: then the
        number of rows of the smallest class says how sure that is.
        """
        n_rows = min(self.counts.values()) if moves_in_steps and folds_agree(differences) else None
        return corrected_interval(differences, self.test_share, n_rows=n_rows)

    def _changes_nothing(self, name):
        """Whether a method has the same scores and probabilities as the learner alone, in every fold."""
        return all(np.array_equal(self.values(measure, name), self.values(measure, NONE)) for measure in SHOWN)

    def _recommendation(self, row):
        """Return what a method does that helps, and whether mere copies do as much."""
        name = row["method"]
        if name not in self.samplers or name == DUPLICATE:
            return f"A simpler remedy than new rows of small classes: {self._effect(row)}"
        if DUPLICATE not in self.methods:
            return self._effect(row)
        differences = self.gains(name, base=DUPLICATE)
        mean, low, high, _ = self._interval(differences, self.scoring != "brier")
        says = "more than" if low > 0 else "no more than" if high < self.worthwhile else "not proven to be more than"
        return f"{self._effect(row)} That is {says} copies of rows of all classes give ({self.gain_in_words(mean)})."

    def _effect(self, row):
        """Return what a method does in words."""
        measure = MEASURES[self.scoring]
        gain, low, high = (self.gain_in_words(row[name]) for name in ("gain", "low", "high"))
        return (
            f"{row['method']!r} changes {CLASS_SCORE_LABELS[self.scoring]} from {self.summary[0][measure]:.3g} to "
            f"{row[measure]:.3g}, a gain of {gain} (95 % interval {low} to {high})."
        )

    @property
    def cautions(self):
        """Sentences on what the numbers stand on, if that is weak."""
        found = []
        none, *others = self.summary[:-1]
        flattered = max(others, key=lambda row: row["f1"], default=none)
        if flattered["f1"] - none["f1"] >= ONE_POINT and none["f1_tuned"] >= flattered["f1"] - ONE_POINT:
            found.append(
                f"At the usual threshold {flattered['method']!r} has a better F1 ({flattered['f1']:.2f}) than the "
                f"learner alone ({none['f1']:.2f}); a tuned threshold gives the learner alone {none['f1_tuned']:.2f}, "
                "without any new row."
            )
        if self.n_rows < FEW_ROWS:
            found.append(f"{self.n_rows} rows are few: expect wide intervals.")
        label, least = min(self.counts.items(), key=lambda item: item[1])
        if least < FEW_IN_CLASS:
            found.append(
                f"The smallest class, {label!r}, has {least} rows: every fold tests on about "
                f"{max(1, round(least * self.test_share / (1 + self.test_share)))} of them."
            )
        return found
