"""What is said of resampling for amounts."""

import warnings
from functools import cached_property

from skgan_resample._report import _page
from skgan_resample._report._frame import Report, folds_judged
from skgan_resample._report._grid import Cell, Grid, effect, number, p_value
from skgan_resample._report._recipe import regression_recipe
from skgan_resample.model_selection._compare import REFINED, default_methods, named_samplers
from skgan_resample.model_selection._verdict import CHOSEN, SCORE_LABELS

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
SHIFT_NOTE = "SERA, the squared error weighted by relevance, falls whenever predictions are pushed towards rare values."


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
                    else effect(row["score_ratio"], row["low"], row["high"], "{:.2f}".format),
                    Cell() if is_base else p_value(row["p_holm"]),
                    number(row["matched_ratio"], ".2f"),
                    Cell("1", 1.0, (1.0, 1.0, 1.0))
                    if is_base
                    else Cell(f"{price[1]:.3f}", price[1], price, f"({price[0]:.3f} to {price[2]:.3f})"),
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
        return (
            f"Ratios are to 'none', the learner alone; below 1 is better. {SHIFT_NOTE} 'vs moved' compares with the "
            "learner's own predictions, merely moved, at the same RMSE: about 1 is no more than that. 'total': "
            "predicted / actual."
        )

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
            "Worth a try: below the horizontal line, outside the grey area, and better than moved predictions (table).",
        )

    def more(self):
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
        from skgan_resample.plots import ResamplingDisplay

        ratios = {row["method"]: row["score_ratio"] for row in self.comparison.summary}
        tried = [name for name in self._samplers if name in ratios]
        best = self.comparison.verdict.method
        if best not in tried:
            best = min(tried or ["smogn"], key=lambda name: ratios.get(name, 1))
        X, y, target = self.table.X, self.table.y, self.table.target

        def alt(display):
            n_new = int(display.is_synthetic.sum())
            new = f"; the {n_new:,} new rows of {best} lie between {display.y[display.is_synthetic].min():.4g} and " \
                  f"{display.y[display.is_synthetic].max():.4g}" if n_new else f"; {best} made no rows"  # fmt: skip
            feature = f", and scatter plot of {display.feature_name} against it" if display.feature_name else ""
            return f"Histogram of {target}{feature}: {len(y):,} real rows{new}."

        return _page.figure(
            lambda: ResamplingDisplay.from_sampler(self._samplers[best], X, y, target_name=target),
            alt,
            f"{best} on the whole table. Judging was done on real rows that it never saw.",
        )

    def _refinement(self):
        """Return a section on what refining changed on the whole table, empty if no method that refines was tried."""
        found = [
            self._network_refinement(sampler) if name == "smogan" else self._refined(name, sampler)
            for name, sampler in self._samplers.items()
            if name in self.comparison.methods and (name == "smogan" or name.endswith(REFINED))
        ]
        return "\n".join(["<h2>What refinement changed</h2>", *found]) if found else ""

    def _resample(self, sampler):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            sampler.fit_resample(self.table.X, self.table.y)
        return sampler

    def _refined(self, name, sampler):
        """Return a paragraph on what `SyntheticRefiner` did with the new rows of the whole table."""
        return _page.paragraphs(f"On the whole table, {name} {refined_in_words(self._resample(sampler))}")

    def _network_refinement(self, sampler):
        """Return a figure on what the second stage of SMOGAN did, or a paragraph where there is nothing to draw."""
        from skgan_resample.plots import RefinementDisplay

        found = self._resample(sampler).refinement_
        text = (
            f"On the whole table, smogan made {found['n_rows']:,} rows: {found['n_moved']:,} were moved by the "
            f"network, {found['n_fallback']:,} fell back to their candidate, {found['n_taught']:,} targets were drawn "
            f"towards the teacher. Network: {found['status']}."
        )
        has_numbers = any(not column.is_nominal for column in sampler.encoder_.columns_)
        if not sampler.history_ or not has_numbers:
            return _page.paragraphs(text)

        def draw():
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                table = self.table
                return RefinementDisplay.from_sampler(sampler, table.X, table.y, target_name=table.target)

        distance = f"from {found['mmd_before']:.3g} to {found['mmd_after']:.3g}"
        return _page.figure(
            draw,
            f"Training curve of the generator, whose distance to held-out rare rows goes {distance}, and "
            f"{found['n_rows']:,} new rows before and after refinement, of which {found['n_moved']:,} were moved.",
            f"{text} Left: squared distance (MMD, an estimate that can be negative) of moved candidates to rare rows "
            f"held out of training, {distance}; they chose the step marked.",
        )


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
