"""The result of `compare`: measurements, a summary by method, a verdict, and the recommended estimator.

`Comparison` is what users see. A `Judge` turns measurements into summary and verdict; the steps are the same for
regression, classes and robustness, and a subclass for each fills in scores, costs and words.
"""

import html
from dataclasses import dataclass, field
from numbers import Integral

import numpy as np
from sklearn.utils.validation import check_consistent_length

from skgan_resample._statistics import ALPHA, holm, rows_needed, simplest_within
from skgan_resample._tables._encoder import TableEncoder
from skgan_resample.model_selection._methods import NONE, OWN, explained
from skgan_resample.model_selection._splits import OUTER
from skgan_resample.model_selection._tasks import task_seed

CHOSEN = "chosen by inner folds"
FEW_ROWS = 300  # fewer get a caveat: a guess
MOST_SHOWN = 100  # a larger ratio is shown as "more than"


@dataclass
class Verdict:
    """The answer of a comparison.

    Parameters
    ----------
    answer : {"helps", "does not help", "cannot tell"}
        Whether a method is better than the estimator alone, at an acceptable cost and beyond chance.
    method : str or None
        The method to use if it helps.
    sentence : str
        The answer in words, with its uncertainty.
    rows_needed : int or None, default=None
        If it cannot be told: roughly how many rows would prove an effect of the size seen.
    numbers : dict, default={}
        The row of the summary that the sentence quotes; empty where it quotes none.
    parts : dict, default={}
        For robustness, which asks two questions: each of them with its own Verdict. Else empty.

    Examples
    --------
    >>> from skgan_resample.model_selection import Verdict
    >>> Verdict("cannot tell", None, "At best, 'smogn' changes SERA by -6%.", rows_needed=2400).answer
    'cannot tell'
    """

    answer: str
    method: str | None
    sentence: str
    rows_needed: int | None = None
    numbers: dict = field(default_factory=dict, repr=False)
    parts: dict = field(default_factory=dict, repr=False)


# ------------------------------------------------------------------------------------------------ judging
@dataclass(kw_only=True)
class Judge:
    """Measurements of methods on folds, summarized and judged; a subclass fills in what differs between tasks.

    Its constructor computes `results`, a dict by method (and, last, for the choice of the inner folds), and `verdict`.
    A gain is how much better than the baseline a method is on a fold, above 0 is better.
    """

    rows: list = field(repr=False)  # dicts, from `evaluate_methods`
    methods: list
    samplers: list
    estimators: list
    n_rows: int
    n_tested: int  # rows that were tested in a fold that was judged
    test_share: float  # test rows per training row
    scoring: str | None = None

    task = ""
    score_labels = {}  # by scoring
    effect = (
        "gain"  # column of the summary with the effect that is tested; "low" and "high" are the ends of its interval
    )
    neutral = 0  # value of that column for no effect
    smaller_is_better = False
    baseline = NONE
    chooses = True  # whether inner folds choose a method
    minimum = 0.01  # minimum relevant difference, as a value of that column
    minimum_in_words = ""
    p_values = ("p",)  # columns of p-values; each is a family of tests
    unchanged = ()  # measures that are equal in every fold if a method changes nothing
    null_model = ("", "")  # what no method does if the features say nothing, and about what
    at_cost = ""  # "at an acceptable cost", if there are limits
    expectation = "expect wide intervals"  # from few rows

    def __post_init__(self):
        self.folds = sorted({row["fold"] for row in self.rows})
        self.n_folds = len(self.folds)
        picks = [self.choose(fold) for fold in self.folds] if self.chooses else None
        self.results = self._summarize(picks)
        self.verdict = self.judge()

    @property
    def score_label(self):
        """The score in words."""
        return self.score_labels[self.scoring]

    def measured(self, measure, method, fold=None):
        """Return a measure of a method, (n_folds, n_estimators): on outer folds, or on the inner folds of one."""
        found = {}
        for row in self.rows:
            if row["method"] != method:
                continue
            if fold is None and row["inner"] == OUTER:
                found[row["fold"], row.get("estimator")] = row[measure]
            elif fold is not None and row["inner"] != OUTER and row["fold"] == fold:
                found[row["inner"], row.get("estimator")] = row[measure]
        numbers = sorted({number for number, _ in found})
        return np.array([[found[number, name] for name in self.estimators] for number in numbers])

    # ---------------------------------------------------------------------------------------- what a task fills in
    def gains(self, method, *, base=None, fold=None):
        """Return how much better a method is than `base` (the baseline) by fold, the mean over estimators."""
        raise NotImplementedError

    def interval(self, gains, methods=()):
        """Return mean, low, high and p-value of gains by fold; `methods` are those that they are of."""
        raise NotImplementedError

    def summary_row(self, name, methods):
        """Return the numbers of a method on outer folds; `methods` holds the one that was taken on each fold."""
        raise NotImplementedError

    def over_null(self, name):
        """Return mean, low and high of how much better a method is than a model that knows nothing."""
        raise NotImplementedError

    def effect_sentence(self, row):
        """Return what a method does, in a sentence with its numbers."""
        raise NotImplementedError

    @property
    def facts(self):
        """What else is known of the table, as a dict."""
        return {}

    def scores(self, method):
        """Return the score of a method on outer folds, (n_folds, n_estimators); higher is better."""
        raise NotImplementedError

    def cannot_be_judged(self):
        """Return in a sentence why there is nothing to judge, None if there is."""

    def can_be_chosen(self, method, gains, fold):
        """Whether a method may be chosen on the inner folds of an outer fold."""
        return gains.size > 0 and np.mean(gains) > 0

    def beats_null(self, name):
        """Whether a method is better than a model that knows nothing; needed for a recommendation."""
        return self.over_null(name)[1] > 0

    def is_affordable(self, row, end=""):
        """Whether a method keeps the limits on costs, by its mean or, with ``end="low"``, possibly."""
        return True

    def is_more_than_a_shift(self, row):
        """Whether a method is not shown to be equalled by recalibrated predictions."""
        return True

    def too_costly(self, tried):
        """Return a sentence on the method that would help at too high a cost, or nothing."""
        return ""

    def recommendation(self, row):
        """Return the sentence of a verdict that helps."""
        return self.effect_sentence(row)

    def half_width(self, row):
        """Return the mean gain of a method and half the width of its interval, for `rows_needed`."""
        return row[self.effect], row["high"] - row[self.effect]

    # ---------------------------------------------------------------------------------------- directions
    def gain_of(self, row):
        """Return the effect of a row with the sign of a gain."""
        return -row[self.effect] if self.smaller_is_better else row[self.effect]

    def reaches(self, value, bound):
        """Whether a value of the column `effect` is as good as `bound`, or better."""
        return value <= bound if self.smaller_is_better else value >= bound

    def improves(self, row):
        """Whether the mean effect of a row is better than none."""
        return row[self.effect] < self.neutral if self.smaller_is_better else row[self.effect] > self.neutral

    def is_better(self, row):
        """Whether the whole interval of a row is better than no effect."""
        return row["high"] < self.neutral if self.smaller_is_better else row["low"] > self.neutral

    def is_possible(self, row):
        """Whether the interval of a row does not exclude the minimum relevant difference."""
        return self.reaches(row["low" if self.smaller_is_better else "high"], self.minimum)

    # ---------------------------------------------------------------------------------------- choosing, summarizing
    def choose(self, fold):
        """Return the method that the inner folds of an outer fold choose.

        Of those that may be chosen, the simplest within one standard error of the best; "none" if there are none.
        """
        gains = {name: self.gains(name, fold=fold) for name in self.methods}
        candidates = [name for name in self.methods if self.can_be_chosen(name, gains[name], fold)]
        return simplest_within(gains, candidates) if candidates else NONE

    def _summarize(self, picks):
        """Return the results by method; `picks` holds the choice of the inner folds for each outer fold."""
        results = {}
        for name in self.methods:
            results[name] = {"method": name, **self.summary_row(name, [name] * self.n_folds)}
            if picks is not None:
                results[name]["chosen"] = picks.count(name) / len(picks)
        for p_value in self.p_values:
            tested = [row for name, row in results.items() if name != self.baseline and not np.isnan(row[p_value])]
            for row in results.values():
                row[f"{p_value}_holm"] = np.nan
            for row, adjusted in zip(tested, holm([row[p_value] for row in tested])):
                row[f"{p_value}_holm"] = adjusted
        if picks is not None:
            row = {"method": CHOSEN, **self.summary_row(CHOSEN, picks), "chosen": 1.0}
            results[CHOSEN] = {name: row.get(name, np.nan) for name in results[NONE]} | {"p_holm": row["p"]}
        return results

    def changes_nothing(self, name):
        """Whether a method has the same measures as the estimator alone, in every fold."""
        return all(
            np.array_equal(self.measured(measure, name), self.measured(measure, NONE), equal_nan=True)
            for measure in self.unchanged
        )

    # ---------------------------------------------------------------------------------------- the verdict
    def judge(self):
        """Return the verdict on all methods; the Notes of `compare` have its rules."""
        tried = [self.results[name] for name in self.methods if name != NONE]
        does, about = self.null_model
        if not tried:
            return Verdict("cannot tell", None, "No method could be compared with the estimator alone.")
        if (sentence := self.cannot_be_judged()) is not None:
            return Verdict("cannot tell", None, sentence)
        if all(self.over_null(name)[2] <= 0 for name in self.methods):
            sentence = f"No method {does}, so the features say too little about {about} for resampling to matter."
            return Verdict("does not help", None, sentence)
        if all(self.changes_nothing(row["method"]) for row in tried):
            sentence = "No method changes anything: all scores are those of the estimator alone."
            return Verdict("does not help", None, sentence)
        proven = [
            row
            for row in tried
            if self.is_affordable(row)
            and row["p_holm"] < ALPHA
            and self.reaches(row[self.effect], self.minimum)
            and self.beats_null(row["method"])
        ]
        named = [row for row in proven if row["chosen"] > 0 and self.is_more_than_a_shift(row)]
        if named and self.is_better(self.results[CHOSEN]):
            best = max(named, key=lambda row: (row["chosen"], self.gain_of(row)))
            return Verdict("helps", best["method"], self.recommendation(best), numbers=best)
        return self._without_recommendation(tried, proven)

    def _without_recommendation(self, tried, proven):
        """Return the verdict if no method can be recommended: relevant gains are excluded, or they are not."""
        relevant = f"a gain of {self.minimum_in_words}{self.at_cost}"
        costly = self.too_costly(tried)
        possible = [row for row in tried if self.is_possible(row) and self.is_affordable(row, "low")]
        if not possible:
            sentence = f"{relevant[0].upper()}{relevant[1:]} is excluded for every method.{costly}"
            return Verdict("does not help", None, sentence)
        best = max(possible, key=lambda row: (self.is_affordable(row), self.gain_of(row)))
        effect = self.effect_sentence(best)
        if not any(self.over_null(name)[0] > 0 for name in self.methods):
            sentence = f"No method {self.null_model[0]} here. At best, {effect}{costly}"
            return Verdict("cannot tell", None, sentence, numbers=best)
        if not self.improves(best):
            sentence = f"No such method is better here, but {relevant} cannot be excluded: {effect}{costly}"
            return Verdict("cannot tell", None, sentence, numbers=best)
        needed = self.rows_needed(best, len(tried))
        if self.is_better(best) and not self.is_more_than_a_shift(best):
            advice = " Recalibrated predictions do as much at equal RMSE."
        elif best in proven:
            advice = " But what inner folds choose is not proven to do so."
        else:
            advice = self.advice(best, needed, len(tried))
        return Verdict("cannot tell", None, f"At best, {effect}{advice}{costly}", needed, best)

    def rows_needed(self, row, n_tests):
        """Return how many rows would prove an effect of the size seen, None if that cannot be said."""
        return rows_needed(self.n_rows, *self.half_width(row), self.n_folds, n_tests)

    def advice(self, row, needed, n_tests):
        """Return why an effect is not proven, and how many rows would prove it, as sentences."""
        roughly = "" if needed is None else f" Roughly {needed:,} rows would tell an effect of this size."
        if self.is_better(row) and row["p_holm"] >= ALPHA:
            return f" That is not proven after allowing for {n_tests} methods.{roughly}"
        return roughly

    # ---------------------------------------------------------------------------------------- caveats
    @property
    def caveats(self):
        """Sentences on what the numbers stand on, if that is weak."""
        found = self.weaknesses()
        if self.n_rows < FEW_ROWS:
            found.append(f"{self.n_rows} rows are few: {self.expectation}.")
        return found

    def weaknesses(self):
        """Return the caveats of this task alone."""
        return []


# ------------------------------------------------------------------------------------------------ plans, estimators
@dataclass
class Plan:
    """What `compare` runs and judges for one task."""

    evaluate: object  # called with the settings of a run, returns rows
    judge: object  # called with rows, methods, samplers, estimators and test_share, returns a Judge
    assemble: object  # see `Models`
    methods: dict
    estimators: dict
    splits: list  # of Split
    inner: object = None  # InnerFolds
    needed: tuple = (NONE,)  # a split on which one of these methods failed is left out
    also_run: tuple = ()  # further rows that each split has, beside those of the methods
    must_not_fail: tuple = ()  # a failure of one of these methods ends the comparison


def check_settings(X, y, random_state, scoring=None, known=(None,)):
    """Refuse tables that no estimator could use, a seed that is no whole number, and an unknown score."""
    check_consistent_length(TableEncoder(scale=None).fit_to_codes(X), y)
    if not isinstance(random_state, Integral) or random_state < 0:
        raise ValueError(f"random_state must be a whole number of at least 0, got {random_state!r}.")
    if scoring not in known:
        raise ValueError(f"scoring must be one of {list(known)}, got {scoring!r}.")


@dataclass
class Models:
    """Builds the estimators that were judged: `assemble(method, estimator, folds, seed)` puts one together."""

    assemble: object
    methods: dict
    estimators: dict
    splits: dict  # outer Split by fold
    inner: object  # InnerFolds, or None
    random_state: int

    def build(self, method, estimator, fold=None):
        """Return an unfitted estimator, with the seeds and inner folds of an outer fold, or for the whole table."""
        split = self.splits.get(fold)
        seed = self.random_state if fold is None else task_seed(self.random_state, fold)
        folds = None
        if self.inner is not None:
            rows = np.arange(len(self.inner.y)) if split is None else split.train
            folds = self.inner.splitter if self.inner.is_plain else self.inner(rows)
        return self.assemble(self.methods[method], self.estimators.get(estimator), folds, seed)


# ------------------------------------------------------------------------------------------------ the result
@dataclass
class Comparison:
    """What `compare` measured, and what that says.

    `compare` makes it; only its attributes and methods are meant to be used.

    Parameters
    ----------
    judge : Judge
        What turned the measurements into results and verdict.
    failures : dict
        Methods that failed, with the error.
    n_planned : int
        Outer folds that were planned; ``n_folds`` of them were judged.
    seconds : float
        Duration of the whole comparison.
    models : Models, default=None
        What `pipeline` builds from.

    Attributes
    ----------
    task : {"regression", "classification", "robustness"}
        What was compared.
    scoring, score_label : str
        What methods are judged by, as the name of the parameter and in words. For robustness the accuracy under attack.
    verdict : Verdict
        The answer.
    caveats : list of str
        Sentences on what the numbers stand on, if that is weak.
    results : dict
        The summary as dicts, by method, and last, where inner folds choose, by "chosen by inner folds".
    rows : list of dict
        The measurements as dicts.
    methods, samplers, estimators : list of str
        Names of the methods that did not fail, of those that make rows, and of the estimators.
    labels : dict
        Method to a line on what it is; the user's own ones have none.
    facts : dict
        What else is known of the table. For a regression n_rare, relevance (in words), max_rmse_increase and
        max_common_increase; for classes counts (by class) and positive (the smaller of two classes, else None); for
        robustness threat_model (in words), classes, n_tested (rows that were tested) and commonest (the accuracy of
        always answering the commonest class, by fold).
    minimum : float
        The minimum relevant difference, as a value of the column that the verdict goes by (score_ratio or gain).
    n_rows, n_folds : int
        Rows of the table, and outer folds that were judged.

    See Also
    --------
    compare : Makes it.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.linear_model import Ridge
    >>> from skgan_resample import Relevance, compare
    >>> X, y = load_diabetes(return_X_y=True)
    >>> highest_tenth = Relevance("quantile", side="high")
    >>> comparison = compare(X, y, methods="weights", estimators=Ridge(0.1), relevance=highest_tenth, n_repeats=1)
    >>> comparison.pipeline().fit(X, y).predict(X[:2]).shape
    (2,)
    """

    judge: Judge = field(repr=False)
    failures: dict
    n_planned: int
    seconds: float
    models: Models | None = field(default=None, repr=False)

    def __post_init__(self):
        judge = self.judge
        self.task, self.scoring, self.score_label = judge.task, judge.scoring, judge.score_label
        self.rows, self.results, self.verdict, self.caveats = judge.rows, judge.results, judge.verdict, judge.caveats
        self.methods, self.samplers, self.estimators = judge.methods, judge.samplers, judge.estimators
        self.facts, self.minimum = judge.facts, judge.minimum
        self.n_rows, self.n_folds = judge.n_rows, judge.n_folds
        self.labels = explained(self.task, self.methods)

    @property
    def values(self):
        """Frame of the measurements, a row per fold, method and estimator.

        Rows with ``inner == -1`` are outer folds, the others are inner folds that chose. For a regression: errors
        (sera, rmse, rare_mae, rare_rmse, common_rmse), total_ratio (predicted / actual) and the method "constant mean",
        which predicts the mean of the training target. For classes: average_precision; f1, g_mean and balanced_accuracy
        of the most probable class, and with a tuned threshold (f1_tuned and so on); brier and, after prior correction,
        brier_corrected; base_rate, the average precision of a model that knows nothing. For robustness: accuracy
        without attack (clean) and under it (robust), attack ("black-box" is weaker than the others), commonest (that of
        always answering the commonest class), and what `RobustATWrapper` reports.
        """
        import pandas as pd

        return pd.DataFrame(self.rows)

    @property
    def summary(self):
        """Frame of the results, a row per method: means over outer folds and estimators, with 95 % intervals.

        The last row, "chosen by inner folds", stands for choosing a method that way. ``chosen`` is the share of outer
        folds whose inner folds chose the method, ``p_holm`` the p-value adjusted for the number of methods, ``seconds``
        the duration of resampling and one fit.

        For a regression: ``score_ratio`` with ``low`` and ``high``, ``rmse_ratio`` and ``common_ratio`` (RMSE on common
        rows) are geometric means of ratios to "none"; ``recalibrated_ratio`` is the ratio to the recalibrated baseline
        at equal RMSE (see the Notes of `compare`), with a one-sided p-value; ``rare_mae`` and ``common_rmse`` are in
        units of the target. For classes: ``gain`` over "none" with ``low`` and ``high``, for the Brier score as a share
        of that of "none", and the measures themselves. For robustness: ``gain`` in robust accuracy over "at" with
        ``low`` and ``high``, ``clean_gain`` likewise, ``clean`` and ``robust`` accuracy, and in how many folds robust
        overfitting was detected and treated.
        """
        import pandas as pd

        return pd.DataFrame(list(self.results.values()))

    def pipeline(self, method=None, *, estimator=None, fold=None):
        """Return a method with its estimator, unfitted, as it was judged.

        Parameters
        ----------
        method : str, default=None
            Name of a method. None is the recommended one; if there is none, the estimator alone, which for robustness
            is your own model, or the network trained without attacks.
        estimator : str, default=None
            Name of an estimator. None is the one that does best with the method.
        fold : int, default=None
            An outer fold, whose seeds and inner folds are taken: fitted to its training rows, the pipeline has the
            scores that stand in `values`. None is for the whole table.

        Returns
        -------
        pipeline : estimator
            It takes the table as `compare` did. For a regression, a pipeline of sampler, encoding of the table, and
            estimator, or an estimator around the latter two. For classes, a `MethodClassifier`, which also tunes the
            threshold, or corrects the prior, where that is what was judged. For robustness, the model itself.
        """
        if method is None:
            alone = OWN if self.task == "robustness" and OWN in self.methods else NONE
            method = self.verdict.method or alone
        if self.models is None or method not in self.models.methods:
            known = [] if self.models is None else list(self.models.methods)
            raise ValueError(f"There is no method {method!r} to build; known are {known}.")
        if estimator is None:
            estimator = self._best_estimator(method)
        elif estimator not in self.models.estimators:
            raise ValueError(f"There is no estimator {estimator!r}; known are {list(self.models.estimators)}.")
        if fold is not None and fold not in self.models.splits:
            raise ValueError(f"There is no outer fold {fold!r}; known are {list(self.models.splits)}.")
        return self.models.build(method, estimator, fold)

    def _best_estimator(self, method):
        if len(self.estimators) == 1 or method not in self.methods:
            return self.estimators[0]
        scores = np.nanmean(self.judge.scores(method), axis=0)  # (n_estimators,)
        return self.estimators[int(scores.argmax())]

    def __repr__(self):
        return f"Comparison of {self.task} on {self.n_rows} rows, {self.n_folds} folds: {self.verdict.answer}"

    def _repr_html_(self):
        verdict = self.verdict
        texts = [f"<b>{verdict.answer.capitalize()}.</b> {html.escape(verdict.sentence)}"]
        texts += [html.escape(f"Note: {caveat}") for caveat in self.caveats]
        table = self.summary.set_index("method").to_html(float_format="{:.3g}".format, na_rep="")
        return "".join(f"<p>{text}</p>" for text in texts) + table
