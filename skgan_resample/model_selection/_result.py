"""The verdict of `compare`: what the measurements say, and whether it is more than noise."""

from dataclasses import dataclass, field

import numpy as np

from skgan_resample._statistics import ALPHA, corrected_interval, holm, rows_needed

OUTER = -1  # the value of "inner" in rows that stand for an outer fold
CONSTANT = "constant mean"  # a prediction of the training mean, which every method must beat
LIGHT = 0.2  # a fifth of the way to the corrected output
CORRECTIONS = ("light-correction", "correction")
YARDSTICKS = ("none", *CORRECTIONS)
CHOSEN = "chosen by inner folds"
UNTESTED = " Whether that is more than a shift of all predictions could not be tested: a correction failed."
SCORE_LABELS = {"sera": "SERA", "rmse": "the RMSE", "rare_mae": "the rare MAE", "common_rmse": "the common RMSE"}
WORTHWHILE = 0.95  # a gain of less than 5 % is not worth a step in a pipeline
SHIFTED_TOTALS = 0.03  # totals that move by more than 3 % are mentioned
POOR_TOTALS = 0.1  # a learner that is 10 % off in total is mentioned
FEW_ROWS = 300
NO_ERROR = 1e-9  # an error below this share of that of the constant mean is rounding
MOST_SHOWN = 100  # a larger ratio is told as "more than"


@dataclass
class Verdict:
    """The answer of a comparison.

    Parameters
    ----------
    answer : {"helps", "does not help", "cannot tell"}
    method : str or None
        The method to use if it helps.
    sentence : str
        The answer in words, with its uncertainty.
    rows_needed : int or None
        If it cannot be told: roughly how many rows would tell an effect of the size seen.
    """

    answer: str
    method: str | None
    sentence: str
    rows_needed: int | None = None


class Summarized:
    """A comparison with a `summary`, a list of dicts, one per method."""

    def to_frame(self):
        """Return the summary as a frame.

        Returns
        -------
        pandas.DataFrame
            One row per method.
        """
        import pandas as pd

        return pd.DataFrame(self.summary)


class Measured(Summarized):
    """A comparison with inner and outer folds: `rows` with measures, and `learners`."""

    def values(self, measure, method, *, fold=None):
        """Return a measure of a method by fold and learner.

        Parameters
        ----------
        measure : str
            A key of `rows`, such as "sera".
        method : str
            Name of a method.
        fold : int, default=None
            An outer fold whose inner folds are meant. None is the outer folds themselves.

        Returns
        -------
        ndarray of shape (n_folds, n_learners)
            In the order of the folds.
        """
        return fold_values(self.rows, self.learners, measure, method, fold=fold)


@dataclass
class Comparison(Measured):
    """Measurements of `compare` and what they say.

    Made by `compare`; its constructor is not meant to be called.

    Attributes
    ----------
    rows : list of dict
        As from `evaluate`: inner folds (``inner >= 0``) and outer folds (``inner == -1``).
    summary : list of dict
        One per method: ``score_ratio`` with ``low`` and ``high`` (95 %) and ``p_holm``, ``rmse_ratio`` with
        ``rmse_low`` and ``rmse_high``, ``common_ratio`` (RMSE on common rows), all against "none" on outer folds as
        geometric means; ``matched_ratio`` with ``matched_p_holm`` (one-sided) against moved predictions of the same
        RMSE; ``rare_mae``, ``common_rmse`` in units of the target; ``total_ratio``; ``seconds`` per fit; ``chosen``,
        the share of outer folds whose inner folds chose it. The row "chosen by inner folds" stands for the choice
        itself.
    verdict : Verdict
    n_rows, n_rare : int
    n_folds, n_planned : int
        Outer folds that were judged, and that were planned: some may lack rare training rows, or time.
    relevance : str
        What is rare, in words.
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
    max_price: float
    max_common_price: float
    n_rows: int
    n_rare: int
    relevance: str
    test_share: float
    failures: dict
    n_planned: int
    seconds: float
    summary: list = field(init=False, repr=False)
    verdict: Verdict = field(init=False)

    def __post_init__(self):
        self.folds = sorted({row["fold"] for row in self.rows})
        self.n_folds = len(self.folds)
        picks = [self._choose(fold) for fold in self.folds]
        self.summary = self._summarize(picks)
        self.verdict = self._judge()

    def log_ratios(self, measure, method, *, base="none", fold=None):
        """Return how a method compares with another one per fold, averaged over learners.

        Parameters
        ----------
        measure : str
            A key of `rows`, such as "sera".
        method : str
            Name of a method.
        base : str, default="none"
            Name of the method that it is compared with.
        fold : int, default=None
            An outer fold whose inner folds are meant. None is the outer folds themselves.

        Returns
        -------
        ndarray of shape (n_folds,)
            Logarithm of the measure of `method` divided by that of `base`; NaN where the latter is no error at all.
        """
        names = (method, base, CONSTANT)
        ours, theirs, constant = (self.values(measure, name, fold=fold) for name in names)
        rounding = NO_ERROR * constant
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.mean(np.log(np.maximum(ours, rounding) / np.where(theirs > rounding, theirs, np.nan)), axis=1)

    @property
    def _n_perfect(self):
        """Number of folds in which the learner alone has no error, in the score or over all rows."""
        is_perfect = np.zeros(self.n_folds, dtype=bool)
        for measure in (self.scoring, "rmse"):
            usual, constant = self.values(measure, "none"), self.values(measure, CONSTANT)
            is_perfect |= ((usual <= NO_ERROR * constant) & (constant > 0)).any(axis=1)
        return int(is_perfect.sum())

    # ------------------------------------------------------------------------------------------ choosing and judging
    def _choose(self, fold):
        """Return the method that the inner folds of one outer fold choose.

        Of the methods that lower the score at an acceptable price, and by more than moved predictions do at that price,
        the simplest within one standard error of the best.
        """
        if not any(row["fold"] == fold and row["inner"] != OUTER for row in self.rows):
            return "none"
        gains = {name: self.log_ratios(self.scoring, name, fold=fold) for name in self.methods}
        fair = [
            name
            for name in self.methods
            if _mean(gains[name]) < 0
            and _mean(self.log_ratios("rmse", name, fold=fold)) <= np.log1p(self.max_price)
            and not _mean(self.log_ratios("common_rmse", name, fold=fold)) > np.log1p(self.max_common_price)
            and not _mean(self._matched(name, fold=fold)) >= 0
        ]
        if not fair:
            return "none"
        best = min(fair, key=lambda name: _mean(gains[name]))
        for name in fair:  # methods stand from simple to involved
            lag = gains[name] - gains[best]
            lag = lag[~np.isnan(lag)]
            if lag.mean() <= lag.std(ddof=1) / np.sqrt(len(lag)):
                return name
        return best

    def _summarize(self, picks):
        """Return the summary; `picks` holds the choice of the inner folds for each outer fold."""
        summary = []
        for name in self.methods:
            row = self._summary_row(name, [name] * self.n_folds)
            mean, *_, p = corrected_interval(self._matched(name), self.test_share)
            row["matched_ratio"] = float(np.exp(mean))
            row["matched_p"] = np.nan if np.isnan(mean) else p / 2 if mean < 0 else 1 - p / 2
            row["chosen"] = picks.count(name) / len(picks)
            summary.append(row)
        for p_value in ("p", "matched_p"):
            tested = [row for row in summary if row["method"] != "none" and not np.isnan(row[p_value])]
            adjusted = dict(zip([row["method"] for row in tested], holm([row[p_value] for row in tested])))
            for row in summary:
                row[f"{p_value}_holm"] = adjusted.get(row["method"], np.nan)
        chosen = self._summary_row(CHOSEN, picks)
        unmatched = dict.fromkeys(("matched_ratio", "matched_p", "matched_p_holm"), np.nan)
        return [*summary, {**chosen, **unmatched, "chosen": 1.0, "p_holm": chosen["p"]}]

    def _summary_row(self, name, methods):
        """Return one row of the summary, of the method that `methods` names for each outer fold."""

        def gather(values_of):
            return np.array([values_of(method)[i] for i, method in enumerate(methods)])

        mean, low, high, p = corrected_interval(gather(lambda m: self.log_ratios(self.scoring, m)), self.test_share)
        price, common = (
            corrected_interval(gather(lambda m, measure=measure: self.log_ratios(measure, m)), self.test_share)
            for measure in ("rmse", "common_rmse")
        )
        measures = ("rare_mae", "common_rmse", "total_ratio", "seconds")
        return {
            "method": name,
            "score_ratio": float(np.exp(mean)),
            "low": float(np.exp(low)),
            "high": float(np.exp(high)),
            "p": p,
            "rmse_ratio": float(np.exp(price[0])),
            "rmse_low": float(np.exp(price[1])),
            "rmse_high": float(np.exp(price[2])),
            "common_ratio": float(np.exp(common[0])),
            "common_low": float(np.exp(common[1])),
            **{measure: _mean(gather(lambda m, measure=measure: self.values(measure, m))) for measure in measures},
        }

    def _judge(self):
        """Return the verdict; see the Notes of `compare`."""
        rows = {row["method"]: row for row in self.summary}
        tried = [rows[name] for name in self.methods if name != "none"]
        if self._n_perfect:
            where = "" if self.scoring in ("rmse", "common_rmse") else " on rare rows"
            return Verdict(
                "cannot tell",
                None,
                f"The learner alone already has no error{where} in {self._n_perfect} of {self.n_folds} folds, so there "
                "is nothing to relate other errors to. Look for a column that holds the target.",
            )
        if all(np.isnan(row["score_ratio"]) for row in tried):
            return Verdict("cannot tell", None, "No fold that was judged tests on rows that this score looks at.")
        if all(self._over_constant(name)[1] >= 0 for name in self.methods):
            return Verdict(
                "does not help",
                None,
                "No method predicts better than the mean of the target, so the features say too little about it for "
                "resampling to matter.",
            )
        if all(self._changes_nothing(row["method"]) for row in tried):
            return Verdict(
                "does not help", None, "No method changes anything: all errors are those of the learner alone."
            )
        fair = [
            row
            for row in tried
            if row["rmse_ratio"] <= 1 + self.max_price and not row["common_ratio"] > 1 + self.max_common_price
        ]
        proven = [
            row
            for row in fair
            if row["p_holm"] < ALPHA and row["score_ratio"] <= WORTHWHILE and self._beats_constant(row["method"])
        ]
        named = [row for row in proven if row["chosen"] > 0 and not row["matched_p_holm"] >= ALPHA]
        if named and rows[CHOSEN]["high"] < 1:
            best = max(named, key=lambda row: (row["chosen"], -row["score_ratio"]))
            where = "" if best["method"] in self.samplers else "A simpler remedy than new rows: "
            is_tested = best["method"] in YARDSTICKS or not np.isnan(best["matched_p_holm"])
            return Verdict("helps", best["method"], where + self._effect(best) + ("" if is_tested else UNTESTED))

        trade = self._trade([row for row in tried if row not in fair and row["high"] < 1])
        open_cases = [
            row
            for row in tried
            if row["low"] < WORTHWHILE
            and row["rmse_low"] <= 1 + self.max_price
            and not row["common_low"] > 1 + self.max_common_price
        ]
        if not open_cases:
            return Verdict(
                "does not help",
                None,
                f"A gain of 5 % in {SCORE_LABELS[self.scoring]} at an acceptable price (RMSE over all rows at most "
                f"{self.max_price:.0%} higher, on common rows {self.max_common_price:.0%}) is excluded for every "
                f"method.{trade}",
            )
        best = min(open_cases, key=lambda row: (row not in fair, row["score_ratio"]))
        needed = self._rows_needed(best)
        if not any(self._over_constant(name)[0] < 0 for name in self.methods):
            sentence = (
                f"No method predicts better than the mean of the target here. At best, {self._effect(best)}{trade}"
            )
            return Verdict("cannot tell", None, sentence)
        if best["matched_p_holm"] >= ALPHA and best["high"] < 1:
            advice = " That is no more than predictions moved at equal RMSE do."
        elif best in proven:
            advice = " But what inner folds choose is not proven to do so."
        elif needed is None:
            advice = f" That is not proven after allowing for {len(tried)} methods." if best["high"] < 1 else ""
        else:
            advice = f" Roughly {needed:,} rows would tell an effect of this size."
        return Verdict("cannot tell", None, f"At best, {self._effect(best)}{advice}{trade}", needed)

    @property
    def cautions(self):
        """Sentences on what the numbers stand on, if that is weak."""
        found = []
        total = self.summary[0]["total_ratio"]
        if abs(total - 1) > POOR_TOTALS:
            found.append(
                f"The learner alone predicts {total:.0%} of the total: look at the learner and its inputs before "
                "anything else."
            )
        if self.n_rows < FEW_ROWS:
            found.append(
                f"{self.n_rows} rows are few: another learner may change the answer more than any method here."
            )
        return found

    def _trade(self, rows):
        """Return a sentence on the cheapest of the methods that lower the score at too high a price."""
        if not rows:
            return ""
        return f" There is a trade: {self._effect(min(rows, key=lambda row: row['rmse_ratio']))}"

    def _effect(self, row):
        """Return what a method does in words: score, price, and totals if they move."""
        text = (
            f"{row['method']!r} changes {SCORE_LABELS[self.scoring]} by {change(row['score_ratio'])} (95 % interval "
            f"{change(row['low'])} to {change(row['high'])}), the RMSE over all rows by {change(row['rmse_ratio'], 1)} "
            f"and on common rows by {change(row['common_ratio'], 1)}; the mean error on rare rows goes from "
            f"{self.summary[0]['rare_mae']:.3g} to {row['rare_mae']:.3g}"
        )
        before = self.summary[0]["total_ratio"]
        if abs(row["total_ratio"] - before) > SHIFTED_TOTALS:
            text += f", total predicted / actual from {before:.2f} to {row['total_ratio']:.2f}"
        return f"{text}."

    def _matched(self, method, *, fold=None):
        """Return log(score / score of moved predictions) per fold, or that of SERA where it is the less favourable.

        What is no more than a shift by SERA is no more than a shift, whatever score is asked for.
        """
        found = [self._matched_by(scoring, method, fold=fold) for scoring in dict.fromkeys((self.scoring, "sera"))]
        return max(found, key=lambda logs: np.nan_to_num(_mean(logs), nan=-np.inf))

    def _matched_by(self, scoring, method, *, fold=None):
        """Return log(score / score of moved predictions) per fold, where the latter may cost as much RMSE.

        Predictions of the learner alone, moved a share of the way to their corrected output, have squared errors that
        are quadratic in that share; three points (none, light, full correction) give them. An absolute error is convex
        in it; the same points give a lower bound. The share is the one of lowest score among those that raise the RMSE
        no more than `method` does. NaN for the yardsticks themselves, if a correction failed, and in folds without a
        score.
        """
        names = (*YARDSTICKS, CONSTANT)
        if not set(YARDSTICKS) <= set(self.methods) or method in YARDSTICKS:
            return np.full(self.n_folds, np.nan)
        shares = np.linspace(0, 1, 101)
        *points, constant = (self.values(scoring, name, fold=fold) for name in names)
        *rmse, constant_rmse = (self.values("rmse", name, fold=fold) for name in names)
        usable = (points[0] > NO_ERROR * constant).all(axis=1) & (rmse[0] > NO_ERROR * constant_rmse).all(axis=1)
        found = np.full(len(usable), np.nan)
        if not usable.any():
            return found
        points = [values[usable] for values in points]
        if scoring == "rare_mae":
            moved = _least_convex(shares, *points)
        elif scoring == "sera":
            moved = _quadratic(shares, *points)
        else:  # a root of squares
            moved = np.sqrt(_quadratic(shares, *(values**2 for values in points)))
        squares = _quadratic(shares, *(values[usable] ** 2 for values in rmse))
        prices = np.log(squares / squares[0]).mean(axis=(1, 2)) / 2
        allowed = prices <= max(0.0, self.log_ratios("rmse", method, fold=fold)[usable].mean())
        share = np.flatnonzero(allowed)[np.log(moved[allowed]).mean(axis=(1, 2)).argmin()]
        ours = np.maximum(self.values(scoring, method, fold=fold), NO_ERROR * constant)[usable]
        found[usable] = np.log(ours / moved[share]).mean(axis=1)
        return found

    def _over_constant(self, method):
        """Return mean and lower end of the log ratio of the RMSE to that of predicting the training mean."""
        return corrected_interval(self.log_ratios("rmse", method, base=CONSTANT), self.test_share)[:2]

    def _beats_constant(self, method):
        """Whether a method has a lower RMSE than predicting the training mean."""
        return self._over_constant(method)[0] < 0

    def _changes_nothing(self, method):
        """Whether a method has the same errors as the learner alone, in every fold."""
        return all(
            np.array_equal(self.values(measure, method), self.values(measure, "none"), equal_nan=True)
            for measure in ("sera", "rmse", "rare_mae", "common_rmse")
        )

    def _rows_needed(self, row):
        """Return how many rows would prove an effect of the size seen; see `rows_needed`."""
        with np.errstate(divide="ignore"):
            half_width = (np.log(row["high"]) - np.log(row["low"])) / 2
        return rows_needed(self.n_rows, -np.log(row["score_ratio"]), half_width, self.n_folds, len(self.methods) - 1)


def _mean(values):
    """Return the mean without NaN (a fold without rare test rows), NaN if nothing is left."""
    values = values[~np.isnan(values)]
    return float(values.mean()) if values.size else np.nan


def _quadratic(shares, at_0, at_light, at_1):
    """Return the parabolas through values at the shares 0, LIGHT and 1, shape (n_shares, *at_0.shape)."""
    bend = ((at_1 - at_0) - (at_light - at_0) / LIGHT) / (1 - LIGHT)
    slope = at_1 - at_0 - bend
    shares = shares.reshape(-1, *[1] * at_0.ndim)
    return np.maximum(at_0 + slope * shares + bend * shares**2, np.finfo(float).tiny)


def _least_convex(shares, at_0, at_light, at_1):
    """Return the least values that a convex function with these values at the shares 0, LIGHT and 1 can have."""
    shares = shares.reshape(-1, *[1] * at_0.ndim)
    before = at_light + (at_1 - at_light) * (shares - LIGHT) / (1 - LIGHT)
    after = at_0 + (at_light - at_0) * shares / LIGHT
    least = np.where(shares < LIGHT, before, after)
    least = np.where(shares == 0, at_0, np.where(shares == 1, at_1, least))
    return np.maximum(least, np.finfo(float).tiny)


def change(ratio, decimals=0):
    """Return a ratio as a change in per cent, in words that stay short."""
    if np.isnan(ratio):
        return "an unknown share"
    return f"more than {MOST_SHOWN - 1:+.0%}" if ratio > MOST_SHOWN else f"{ratio - 1:+.{decimals}%}"


def fold_values(rows, learners, measure, method, *, fold=None):
    """Return a measure of a method on outer folds, or on the inner folds of one outer fold.

    Returns
    -------
    values : ndarray of shape (n_folds, n_learners)
    """
    found = {}
    for row in rows:
        is_wanted = row["inner"] == OUTER if fold is None else row["inner"] != OUTER and row["fold"] == fold
        if is_wanted and row["method"] == method:
            found[row["fold"] if fold is None else row["inner"], row["learner"]] = row[measure]
    splits = sorted({split for split, _ in found})
    return np.array([[found[split, learner] for learner in learners] for split in splits])
