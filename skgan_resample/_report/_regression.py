"""What is said of resampling for amounts."""

import math
import time
import warnings
from functools import cached_property

import numpy as np
from sklearn.base import clone

from skgan_resample._report import _page
from skgan_resample._report._frame import Report, folds_judged
from skgan_resample._report._grid import Cell, Grid, effect, number, p_value, ratio
from skgan_resample._report._recipe import regression_recipe
from skgan_resample._tables._encoder import TableEncoder
from skgan_resample.model_selection._methods import REFINED, default_methods, named_samplers
from skgan_resample.model_selection._result import CHOSEN, SCORE_LABELS
from skgan_resample.plots._frame import pick_column

GLOSSARY = {
    "none": "the learner alone",
    "light-correction": "OutputCorrectedRegressor(learner, strength=0.2): predictions moved a fifth of the way to "
    "those of 'correction'",
    "correction": "OutputCorrectedRegressor(learner): predictions moved to the straight line that fits rare values",
    "weights": "RelevanceWeightedRegressor(learner): rare rows weigh more while it is fitted",
    "weights+correction": "OutputCorrectedRegressor(RelevanceWeightedRegressor(learner))",
    "duplicate": "copies of rows drawn from the whole table: the control for mere numbers",
    "random": "RandomOverSampler: copies of rare rows",
    "noise": "GaussianNoise: copies of rare rows with noise",
    "smoter": "SMOTER: new rows between neighbouring rare rows",
    "smogn": "SMOGN: new rows between rare rows where they are close, noise where they are not",
    "smogan": "SMOGANRegressorResampler: rows of SMOGN, moved towards the distribution of the rare rows by a network",
}


REFINED_WORDS = {  # what became of new rows, by `selected_`
    "none": "all of them were dropped",
    "identity": "they stay as they are",
    "location_scale": "they were moved to the mean and the spread of the real ones",
    "coral": "they were moved to the mean and the covariances of the real ones",
    "linear_ot": "they were moved by a linear map (optimal transport)",
    "smcae": "they were moved by the network",
}


SHIFT_NOTES = {
    "sera": "SERA, the squared error weighted by relevance, falls whenever predictions are pushed towards rare values.",
    "rare_mae": "The rare MAE falls whenever predictions are pushed towards rare values.",
}


class RegressionReport(Report):
    """The report of `compare`; `relevance` is what the methods call rare."""

    fine_print = (
        "Intervals are 95 %, on outer folds, and allow for training sets that overlap (Nadeau & Bengio); p-values are "
        "adjusted for the number of methods (Holm). \"vs moved\" is blank where it does not apply. 'chosen' is how "
        "often the inner folds chose the method; the last row is what choosing that way gives on the outer folds."
    )

    def __init__(self, comparison, table=None, options=None, relevance=None):
        super().__init__(comparison, table, options)
        self.relevance = relevance
        self._fitted = {}
        self.label = SCORE_LABELS[comparison.scoring].removeprefix("the ")

    def title(self, target):
        return f"What helps to predict rare values of {target}?"

    @property
    def intro(self):
        comparison = self.comparison
        rare = comparison.relevance
        if self.table is not None:  # the name of the target instead of y
            counts, _, ranges = rare.partition(": ")
            rare = f"{comparison.n_rows:,} rows. {counts}: {ranges.replace('y ', self.table.target + ' ')}"
        return f"{rare}. Learner: {', '.join(comparison.learners)}. {folds_judged(comparison)}"

    def grid(self):
        header = ["method", f"{self.label} ratio", "p (Holm)", "vs moved", "RMSE ratio", "rare MAE", "common RMSE"]
        header += ["total", "seconds", "chosen"]
        rows = []
        for row in self.comparison.summary:
            is_base = row["method"] == "none"
            price = (row["rmse_low"], row["rmse_ratio"], row["rmse_high"])
            rows.append(
                [
                    Cell(row["method"]),
                    Cell("1", 1.0, (1.0, 1.0, 1.0))
                    if is_base
                    else effect(row["score_ratio"], row["low"], row["high"], ratio),
                    Cell() if is_base else p_value(row["p_holm"]),
                    number(row["matched_ratio"], ".2f", ratio(row["matched_ratio"])),
                    Cell("1", 1.0, (1.0, 1.0, 1.0)) if is_base else _priced(*price),
                    number(row["rare_mae"], ".4g"),
                    number(row["common_rmse"], ".4g"),
                    number(row["total_ratio"], ".3f"),
                    number(row["seconds"], ".2f"),
                    Cell() if row["method"] == CHOSEN else number(row["chosen"], ".0%"),
                ]
            )
        return Grid(
            f"Methods against the learner alone ('none'), on outer folds; a {self.label} ratio below 1 is better",
            header,
            rows,
            neutral={f"{self.label} ratio": 1, "RMSE ratio": 1},
            spare=["seconds", "common RMSE", "chosen", "total", "p (Holm)", "rare MAE"],
            marked=self.comparison.verdict.method,
            last=CHOSEN,
        )

    @property
    def how_to_read(self):
        scoring = self.comparison.scoring
        moved = "the learner's own predictions, merely moved"
        stricter = "" if scoring == "sera" else " (in SERA, if that is less favourable)"
        if scoring == "rare_mae":
            moved = "the least that the learner's own predictions, merely moved, can reach"
        return (
            f"Ratios are to 'none', the learner alone; below 1 is better. {SHIFT_NOTES.get(scoring, '')} 'vs moved' "
            f"compares with {moved}, at the same RMSE{stricter}: about 1 is no more than that. 'total': "
            "predicted / actual."
        ).replace("  ", " ")

    @property
    def glossary(self):
        return GLOSSARY | refined_words(self.comparison.methods)

    def figure(self):
        from skgan_resample.plots import ComparisonDisplay

        points = "; ".join(
            f"{row['method']} {self.label} {row['score_ratio']:.2f}, RMSE {row['rmse_ratio']:.3f}"
            for row in self.comparison.summary
            if row["method"] not in ("none", CHOSEN)
        )
        return _page.figure(
            lambda: ComparisonDisplay.from_comparison(self.comparison),
            f"Scatter plot of {self.label} against RMSE, both relative to none, one point per method with 95 % "
            f"intervals: {points}.",
            "Worth a try: below the horizontal line, a full marker (hollow ones cost too much, over all rows or on "
            "common ones), and better than moved predictions (table). Arrow heads: the interval goes on.",
        )

    def more(self):
        if self._is_out_of_time:
            return f"""
<h2>What is rare</h2>
{self._rare()}

<h2>The table before and after resampling</h2>
{_page.paragraphs(f"Left out: --max-time {self.options['max_time']:g} was used up, and this takes further fits.")}
"""
        return f"""
<h2>What is rare</h2>
{self._rare()}

<h2>The table before and after resampling</h2>
{self._before_after()}
{self._refinement()}
"""

    @property
    def facts(self):
        comparison = self.comparison
        return {
            "outer_folds_judged": comparison.n_folds,
            "outer_folds_planned": comparison.n_planned,
            "rare_rows": comparison.n_rare,
            "relevance": comparison.relevance,
            "verdict": vars(comparison.verdict),
        }

    def recipe(self):
        return regression_recipe(self.comparison, self.table, self.relevance, self.options)

    # ------------------------------------------------------------------------------------------ further sections
    @cached_property
    def _samplers(self):
        """The samplers by name, seeded."""
        known = named_samplers(default_methods(self.relevance, self.options["threshold"]))
        return {name: sampler.set_params(random_state=self.options["seed"]) for name, sampler in known.items()}

    @property
    def _is_out_of_time(self):
        """Whether the user's limit on time is used up; the report counts as well as the comparison."""
        limit, started = self.options.get("max_time"), self.options.get("started")
        used = self.comparison.seconds if started is None else time.monotonic() - started
        return limit is not None and used >= limit

    def _resampled(self, name):
        """Return a sampler fitted to the whole table, and what it returned; one fit for all sections."""
        if name not in self._fitted:
            sampler = self._samplers[name]
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                self._fitted[name] = (sampler, *sampler.fit_resample(self.table.X, self.table.y))
        return self._fitted[name]

    def _rare(self):
        from skgan_resample.plots import RelevanceDisplay

        y, target, threshold = self.table.y, self.table.target, self.options["threshold"]
        return _page.figure(
            lambda: RelevanceDisplay.from_target(y, self.relevance, threshold=threshold, target_name=target),
            f"Histogram of {target}, from {y.min():.4g} to {y.max():.4g}, with its relevance function. "
            f"{self.comparison.relevance}.",
            "Relevance says how much an error at this value of the target matters.",
        )

    def _before_after(self):
        """Return a figure of the sampler that did best, or of SMOGN if none was tried."""
        ratios = {row["method"]: row["score_ratio"] for row in self.comparison.summary}
        tried = [name for name in self._samplers if name in ratios]
        best = self.comparison.verdict.method
        if best not in tried:
            best = min(tried or ["smogn"], key=lambda name: ratios.get(name, 1))
        y, target = self.table.y, self.table.target

        def alt(display):
            n_new = int(display.is_synthetic.sum())
            new = f"; the {n_new:,} new rows of {best} lie between {display.y[display.is_synthetic].min():.4g} and " \
                  f"{display.y[display.is_synthetic].max():.4g}" if n_new else f"; {best} made no rows"  # fmt: skip
            feature = f", and scatter plot of {display.feature_name} against it" if display.feature_name else ""
            return f"Histogram of {target}{feature}: {len(y):,} real rows{new}."

        return _page.figure(
            lambda: self._resampling_display(*self._resampled(best)),
            alt,
            f"{best} on the whole table. Judging was done on real rows that it never saw.",
        )

    def _resampling_display(self, sampler, X_new, y_new):
        """Return what `ResamplingDisplay.from_sampler` does, of a sampler that is fitted already."""
        from skgan_resample.plots import ResamplingDisplay

        encoder = TableEncoder().fit(self.table.X)
        codes, y_new = encoder.to_codes(X_new), np.asarray(y_new, dtype=float)
        is_real = ~sampler.is_synthetic_
        place, feature_name = pick_column(encoder, None, codes[is_real], y_new[is_real])
        return ResamplingDisplay(
            y=y_new,
            is_synthetic=sampler.is_synthetic_,
            feature=None if place is None else codes[:, place],
            feature_name=feature_name,
            target_name=self.table.target,
            title=f"{type(sampler).__name__}: {np.sum(sampler.is_synthetic_):,} new rows",
        ).plot()

    def _refinement(self):
        """Return a section on what refining changed on the whole table, empty if no method that refines was tried."""
        found = [
            self._network_refinement(name) if name == "smogan" else self._refined(name)
            for name in self._samplers
            if name in self.comparison.methods and (name == "smogan" or name.endswith(REFINED))
        ]
        return "\n".join(["<h2>What refinement changed</h2>", *found]) if found else ""

    def _refined(self, name):
        """Return a paragraph on what `SyntheticRefiner` did with the new rows of the whole table."""
        return _page.paragraphs(f"On the whole table, {name} {refined_in_words(self._resampled(name)[0])}")

    def _network_refinement(self, name):
        """Return a figure on what the second stage of SMOGAN did, or a paragraph where there is nothing to draw."""
        sampler, X_after, y_after = self._resampled(name)
        found = sampler.refinement_
        text = (
            f"On the whole table, smogan made {found['n_rows']:,} rows: {found['n_moved']:,} were moved by the "
            f"network, {found['n_fallback']:,} fell back to their candidate, {found['n_taught']:,} targets were drawn "
            f"towards the teacher. Network: {found['status']}."
        )
        has_numbers = any(not column.is_nominal for column in sampler.encoder_.columns_)
        if not sampler.history_ or not has_numbers:
            return _page.paragraphs(text)

        distance = f"from {found['mmd_before']:.3g} to {found['mmd_after']:.3g}"
        return _page.figure(
            lambda: self._refinement_display(sampler, X_after, y_after),
            f"Training curve of the generator, whose distance to held-out rare rows goes {distance}, and "
            f"{found['n_rows']:,} new rows before and after refinement, of which {found['n_moved']:,} were moved.",
            f"{text} Left: squared distance (MMD, an estimate that can be negative) of moved candidates to rare rows "
            f"held out of training, {distance}; they chose the step marked.",
        )

    def _refinement_display(self, sampler, X_after, y_after):
        """Return what `RefinementDisplay.from_sampler` does, of a sampler that is fitted already.

        The same rows before their refinement take one more run, without a network.
        """
        from skgan_resample.plots import RefinementDisplay

        table, new = self.table, sampler.is_synthetic_
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            X_before, y_before = clone(sampler).set_params(refine=False).fit_resample(table.X, table.y)
        encoder = TableEncoder().fit(table.X)
        real = encoder.to_codes(table.X)
        place, feature_name = pick_column(encoder, None, real, table.y)
        before, after = (
            np.column_stack([encoder.to_codes(X)[new, place], np.asarray(y, dtype=float)[new]])
            for X, y in ((X_before, y_before), (X_after, y_after))
        )
        found = sampler.refinement_
        return RefinementDisplay(
            history=sampler.history_,
            best_step=sampler.best_step_,
            feature=real[:, place],
            y=table.y,
            before=before,
            after=after,
            feature_name=feature_name,
            target_name=table.target,
            title=f"{found['n_moved']:,} of {found['n_rows']:,} new rows moved",
        ).plot()


def _priced(low, value, high):
    """Return a cell with a ratio of RMSEs and, on the page, its interval."""
    if math.isnan(value):
        return Cell("-")
    return Cell(ratio(value, 3), value, (low, value, high), f"({ratio(low, 3)} to {ratio(high, 3)})")


def refined_words(tried):
    """Return what the refined methods among those tried are."""
    return {
        name: f"SyntheticRefiner: as {name.removesuffix(REFINED)!r}, its new rows moved into the distribution of the "
        "real ones, or dropped, whichever predicts better on held-out rows"
        for name in tried
        if name.endswith(REFINED)
    }


def refined_in_words(refiner):
    """Return what a fitted `SyntheticRefiner` did with new rows, as the end of a sentence that begins with its name."""
    if refiner.selected_ is None:
        return "made no rows."
    made = int(refiner.sampler_.is_synthetic_.sum())
    results = refiner.refiner_.cv_results_
    scores = dict(zip(results["candidate"], results["mean_test_score"]))
    text = (
        f"made {made:,} rows: {REFINED_WORDS[refiner.selected_]} (selected: {refiner.selected_}). Models of held-out "
        f"real rows score {scores['none']:.3f} without them and {scores['identity']:.3f} with them as they were made"
    )
    if refiner.selected_ in ("none", "identity"):
        return f"{text}; 1 is perfect, a tie goes to the simpler."
    return (
        f"{text}, {scores[refiner.selected_]:.3f} with them moved; 1 is perfect. Their energy distance to such rows "
        f"goes from {refiner.gap_before_:.3g} to {refiner.gap_after_:.3g}."
    )
