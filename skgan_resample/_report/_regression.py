"""What is reported of resampling for a numeric target."""

import math
import warnings
from functools import cached_property

from skgan_resample._report import _page
from skgan_resample._report._base import Report, folds_judged
from skgan_resample._report._grid import Cell, Grid, effect, number, p_value, ratio
from skgan_resample.model_selection._methods import REFINED, default_methods, named_samplers
from skgan_resample.model_selection._result import CHOSEN

REFINED_WORDS = {  # what became of new rows, by `selected_`
    "none": "all of them were dropped",
    "identity": "they are unchanged",
    "location_scale": "they were moved to the mean and the spread of the real ones",
    "coral": "they were moved to the mean and the covariances of the real ones",
    "linear_ot": "they were moved by a linear map (optimal transport)",
    "smcae": "they were moved by the network",
}
SHIFTED = {  # scores that fall without better predictions
    "sera": "SERA, the squared error weighted by relevance,",
    "rare_mae": "The rare MAE",
}
ONE = Cell("1", 1.0, (1.0, 1.0, 1.0))  # the ratio of the baseline to itself


class RegressionReport(Report):
    """The report on a numeric target."""

    title = "What helps to predict rare values of {}?"
    fine_print = (
        "Intervals are 95 %, on outer folds, and allow for training sets that overlap (Nadeau & Bengio); p-values are "
        "adjusted for the number of methods (Holm). \"vs recalibrated\" is blank where it does not apply. 'chosen' is "
        "how often the inner folds chose the method; the last row is what choosing that way gives on the outer folds."
    )

    @property
    def label(self):
        """Name of the score."""
        return self.comparison.score_label.removeprefix("the ")

    @property
    def intro(self):
        """What is rare, for which estimators, on how many folds."""
        comparison = self.comparison
        rare = comparison.facts["relevance"]
        if self.request is not None:  # the name of the target instead of y
            counts, _, ranges = rare.partition(": ")  # "16 of 160 rows are rare: y >= 4.2"
            ranges = ranges.replace("y ", f"{self.request.table.target} ")
            rare = f"{comparison.n_rows:,} rows. {counts}: {ranges}"
        return f"{rare}. Estimator: {', '.join(comparison.estimators)}. {folds_judged(comparison)}"

    def grid(self):
        """Return the table."""
        return Grid(
            f"Methods against the estimator alone ('none'), on outer folds; a {self.label} ratio below 1 is better",
            ["method", f"{self.label} ratio", "p (Holm)", "vs recalibrated", "RMSE ratio", "rare MAE", "common RMSE",
             "total", "seconds", "chosen"],
            [self._cells(row) for row in self.comparison.results.values()],
            neutral={f"{self.label} ratio": 1, "RMSE ratio": 1},
            spare=["seconds", "common RMSE", "chosen", "total", "p (Holm)", "rare MAE"],
            marked=self.comparison.verdict.method,
            last=CHOSEN,
        )  # fmt: skip

    def _cells(self, row):
        """Return the cells of one method."""
        is_base = row["method"] == "none"
        return [
            Cell(row["method"]),
            ONE if is_base else effect(row["score_ratio"], row["low"], row["high"], ratio),
            Cell() if is_base else p_value(row["p_holm"]),
            number(row["recalibrated_ratio"], ".2f", ratio(row["recalibrated_ratio"])),
            ONE if is_base else _cost(row["rmse_low"], row["rmse_ratio"], row["rmse_high"]),
            number(row["rare_mae"], ".4g"),
            number(row["common_rmse"], ".4g"),
            number(row["total_ratio"], ".3f"),
            number(row["seconds"], ".2f"),
            Cell() if row["method"] == CHOSEN else number(row["chosen"], ".0%"),
        ]

    @property
    def how_to_read(self):
        """What the columns mean."""
        scoring = self.comparison.scoring
        least = "the least that can be reached by " if scoring == "rare_mae" else ""
        stricter = "" if scoring == "sera" else " (in SERA, if that is less favourable)"
        note = ""
        if scoring in SHIFTED:
            note = f"{SHIFTED[scoring]} falls whenever predictions are pushed towards rare values. "
        return (
            f"Ratios are to 'none', the estimator alone; below 1 is better. {note}"
            f"'vs recalibrated' compares with {least}the estimator's own predictions, recalibrated at the same "
            f"RMSE{stricter}: about 1 is no more than that. 'total': sum of predictions / sum of targets."
        )

    def figure(self):
        """Return the picture of gain and cost."""
        from skgan_resample.plots import ComparisonDisplay

        points = "; ".join(
            f"{row['method']} {self.label} {row['score_ratio']:.2f}, RMSE {row['rmse_ratio']:.3f}"
            for row in self.comparison.results.values()
            if row["method"] not in ("none", CHOSEN)
        )
        return _page.figure(
            lambda: ComparisonDisplay.from_comparison(self.comparison),
            f"Scatter plot of {self.label} against RMSE, both relative to none, one point per method with 95 % "
            f"intervals: {points}.",
            "Worth a try: below the horizontal line, a full marker (hollow ones cost too much, over all rows or on "
            "common ones), and better than recalibrated predictions (table). Arrow heads: the interval goes on.",
        )

    # ------------------------------------------------------------------------------------------ further sections
    def sections(self):
        """Return what is rare, and the whole table resampled; each sampler is fitted at most once."""
        before_after = "The table before and after resampling"
        found = [("What is rare", [self._rare()])]
        if self.request.seconds_left == 0:  # the report counts, too
            limit = f"Left out: --max-time {self.request.max_time:g} was used up, and this takes further fits."
            return [*found, (before_after, [limit])]
        found.append((before_after, [self._before_after()]))
        refined = []
        for name in self._samplers:
            if name in self.comparison.methods and (name == "smogan" or name.endswith(REFINED)):
                sampler, *_ = self._resampled(name)
                words = moved_in_words(sampler) if name == "smogan" else refined_in_words(sampler)
                refined.append(f"On the whole table, {name} {words}")
        return [*found, ("What refinement changed", refined)] if refined else found

    @cached_property
    def _samplers(self):
        """The samplers by name, seeded."""
        request = self.request
        known = named_samplers(default_methods(relevance=request.relevance, threshold=request.threshold))
        return {name: sampler.set_params(random_state=request.seed) for name, sampler in known.items()}

    def _resampled(self, name):
        """Return a sampler fitted to the whole table, X and y after resampling."""
        if name not in self.fitted:
            sampler, table = self._samplers[name], self.request.table
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                self.fitted[name] = (sampler, *sampler.fit_resample(table.X, table.y))
        return self.fitted[name]

    def _rare(self):
        from skgan_resample.plots import RelevanceDisplay

        y, target = self.request.table.y, self.request.table.target
        settings = {"threshold": self.request.threshold, "target_name": target}
        return _page.figure(
            lambda: RelevanceDisplay.from_target(y, self.request.relevance, **settings),
            f"Histogram of {target}, from {y.min():.4g} to {y.max():.4g}, with its relevance function. "
            f"{self.comparison.facts['relevance']}.",
            "Relevance is how much an error at this value of the target matters.",
        )

    def _before_after(self):
        """Return a figure of the sampler that did best, or of SMOGN if none was tried."""
        from skgan_resample.plots import ResamplingDisplay

        ratios = {name: row["score_ratio"] for name, row in self.comparison.results.items()}
        tried = [name for name in self._samplers if name in ratios]
        best = self.comparison.verdict.method
        if best not in tried:  # none is recommended, or one without new rows: the lowest score
            best = min(tried or ["smogn"], key=lambda name: ratios.get(name, 1))
        table = self.request.table

        def alt(display):
            new = display.y[display.is_synthetic]
            rows = f"{best} made no rows"
            if len(new):
                rows = f"the {len(new):,} new rows of {best} lie between {new.min():.4g} and {new.max():.4g}"
            feature = f", and scatter plot of {display.feature_name} against it" if display.feature_name else ""
            return f"Histogram of {table.target}{feature}: {len(table.y):,} real rows; {rows}."

        sampler, X_new, y_new = self._resampled(best)
        return _page.figure(
            lambda: ResamplingDisplay.from_resampled(sampler, table.X, X_new, y_new, target_name=table.target),
            alt,
            f"{best} on the whole table. Methods are judged on real rows that were not used to make new ones.",
        )


def _cost(low, value, high):
    """Return a cell with a ratio of RMSEs and, on the page, its interval."""
    if math.isnan(value):
        return Cell("-")
    return Cell(ratio(value, 3), value, (low, value, high), f"({ratio(low, 3)} to {ratio(high, 3)})")


def moved_in_words(smogan):
    """Return what the second stage of a fitted SMOGAN did, as the end of a sentence that begins with its name."""
    found = smogan.refinement_
    distance = ""
    if smogan.history_:
        distance = (
            " The squared distance (MMD, an estimate that can be negative) of moved candidates to rare rows held out "
            f"of training changed from {found['mmd_before']:.3g} to {found['mmd_after']:.3g}."
        )
    return (
        f"made {found['n_rows']:,} rows: {found['n_moved']:,} were moved by the network, {found['n_fallback']:,} fell "
        f"back to their candidate, {found['n_target_refined']:,} targets were drawn towards the predictions of a "
        f"regressor. Network: {found['status']}.{distance}"
    )


def refined_in_words(refiner):
    """Return what a fitted `SyntheticRefiner` did with new rows, as the end of a sentence that begins with its name."""
    if refiner.selected_ is None:
        return "made no rows."
    made = int(refiner.sampler_.is_synthetic_.sum())
    results = refiner.refiner_.cv_results_
    scores = dict(zip(results["candidate"], results["mean_test_score"]))  # (n_candidates,)
    text = (
        f"made {made:,} rows: {REFINED_WORDS[refiner.selected_]} (selected: {refiner.selected_}). Models of held-out "
        f"real rows score {scores['none']:.3f} without them and {scores['identity']:.3f} with them unchanged"
    )
    if refiner.selected_ in ("none", "identity"):
        return f"{text}; 1 is perfect, a tie goes to the simpler."
    return (
        f"{text}, {scores[refiner.selected_]:.3f} with them moved; 1 is perfect. Their energy distance to such rows "
        f"goes from {refiner.gap_before_:.3g} to {refiner.gap_after_:.3g}."
    )
