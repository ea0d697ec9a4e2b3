"""What `compare` measures for a numeric target, and how that is judged: errors, costs, the recalibrated baseline."""

import time
from dataclasses import dataclass
from functools import partial

import numpy as np
from imblearn.pipeline import make_pipeline as make_sampling_pipeline
from sklearn.base import clone
from sklearn.pipeline import make_pipeline

from skgan_resample import metrics
from skgan_resample._estimators import seeded_clone
from skgan_resample._statistics import ALPHA, corrected_interval, nan_mean
from skgan_resample._tables._containers import take_rows
from skgan_resample._tables._targets import read_target
from skgan_resample._tables._vectorizer import MatrixEncoder
from skgan_resample.compose import OutputCorrectedRegressor
from skgan_resample.model_selection._methods import (
    CONSTANT,
    FULL,
    LIGHT,
    NONE,
    STRENGTH,
    checked_methods,
    default_methods,
    named_estimators,
    wrap,
)
from skgan_resample.model_selection._result import MOST_SHOWN, Judge, Plan, check_settings
from skgan_resample.model_selection._splits import OUTER, Split, inner_folds, outer_folds
from skgan_resample.model_selection._tasks import evaluate_methods
from skgan_resample.relevance import Relevance

RECALIBRATED = (NONE, LIGHT, FULL)  # predictions at three points of the way to the recalibrated ones
SCORE_LABELS = {"sera": "SERA", "rmse": "the RMSE", "rare_mae": "the rare MAE", "common_rmse": "the common RMSE"}
# Our choices, by eye on the tables of the benchmarks:
MINIMUM_RATIO = 0.95  # a gain of less than 5 % is not worth a step in a pipeline
SHIFTED_TOTALS = 0.03  # totals that move by more than 3 % are mentioned
POOR_TOTALS = 0.1  # an estimator that is 10 % off in total is mentioned
NO_ERROR = 1e-9  # an error below this share of that of the constant mean is rounding
N_SHARES = 101  # of the way to the recalibrated predictions, on a grid


# ------------------------------------------------------------------------------------------------ measuring
@dataclass
class Problem:
    """What all tasks share."""

    X: object
    y: np.ndarray
    estimators: dict
    relevance: Relevance
    threshold: float


def evaluate(X, y, splits, methods, estimators, *, relevance=None, threshold=0.8, random_state=0, **settings):
    """Fit every method with every estimator on every split and measure it on the real test rows.

    A table is resampled once per split and method, and the estimators share the result. Each (split, method) is one
    task: tasks run in parallel, are kept in `memory`, and an interrupted run goes on where it stopped.
    """
    # X (n_samples, n_features), y (n_samples,)
    relevance = Relevance() if relevance is None else relevance
    if settings.get("memory") is not None and callable(getattr(relevance, "method", None)):
        raise ValueError("memory cannot tell one callable relevance from another; use control_points, or no memory.")
    problem = Problem(X, np.asarray(y, dtype=float), estimators, relevance, threshold)
    depends_on = [relevance, *methods.values(), *estimators.values()]
    methods = {**methods, CONSTANT: CONSTANT}
    return evaluate_methods(run, problem, splits, methods, depends_on, random_state=random_state, **settings)


def run(problem, train, test, inside, method, seed, fingerprint):
    """Return one row of measures per estimator, for one method on one split."""
    y, threshold = problem.y, problem.threshold
    phi = clone(problem.relevance).fit(y[train])
    X_train, y_train, X_test, y_test = take_rows(problem.X, train), y[train], take_rows(problem.X, test), y[test]
    if isinstance(method, str):  # the constant mean
        measures = _measured(phi, threshold, y_test, np.full(len(test), y_train.mean()))
        return [{"estimator": name, **measures} for name in problem.estimators]
    started = time.perf_counter()
    n_synthetic = 0
    is_sampler = hasattr(method, "fit_resample")
    if is_sampler:
        sampler = seeded_clone(method, np.random.RandomState(seed))
        X_train, y_train = sampler.fit_resample(X_train, y_train)
        n_synthetic = len(y_train) - len(train)
    sampling = time.perf_counter() - started
    rows = []
    for name, estimator in problem.estimators.items():
        started = time.perf_counter()
        model = assembled(None if is_sampler else method, estimator, inside, seed)
        predicted = model.fit(X_train, y_train).predict(X_test)
        seconds = sampling + time.perf_counter() - started
        facts = {"estimator": name, "n_train": len(train), "n_synthetic": n_synthetic, "seconds": seconds}
        rows.append({**facts, **_measured(phi, threshold, y_test, predicted)})
    return rows


def assembled(method, estimator, folds, seed):
    """Return a method with its estimator, unfitted and seeded; `folds` are those of a recalibration, if not its own."""
    if hasattr(method, "fit_resample"):
        sampler, model = (seeded_clone(part, np.random.RandomState(seed)) for part in (method, estimator))
        steps = [step for _, step in model.steps] if hasattr(model, "steps") else [model]
        return make_sampling_pipeline(sampler, *steps)
    if folds is not None and isinstance(method, OutputCorrectedRegressor):
        method = clone(method).set_params(cv=folds)
    model = estimator if method is None else wrap(method, estimator)
    return seeded_clone(model, np.random.RandomState(seed))


def _measured(phi, threshold, y_true, y_pred):
    rare = {"relevance": phi, "threshold": threshold}
    return {
        "sera": float(metrics.sera_score(y_true, y_pred, relevance=phi)),
        "rmse": float(np.sqrt(np.mean((y_true - y_pred) ** 2))),
        "rare_mae": float(metrics.rare_mae(y_true, y_pred, **rare)),
        "rare_rmse": float(metrics.rare_rmse(y_true, y_pred, **rare)),
        "common_rmse": float(metrics.common_rmse(y_true, y_pred, **rare)),
        "total_ratio": float(metrics.total_ratio(y_true, y_pred)),
    }


# ------------------------------------------------------------------------------------------------ the plan
def regression_plan(
    X, y, *, methods=None, estimators=None, relevance=None, threshold=0.8, scoring=None, cv=5, n_repeats=None,
    inner_cv=3, groups=None, max_rmse_increase=0.02, max_common_increase=0.05, random_state=0,
):  # fmt: skip
    """Return what `compare` runs and judges for a numeric target; the parameters are those of `compare`."""
    y, scoring = read_target(y), scoring or "sera"
    check_settings(X, y, random_state, scoring, SCORE_LABELS)
    relevance = Relevance() if relevance is None else relevance
    fitted = clone(relevance).fit(y)
    methods = checked_methods("regression", methods, default_methods(relevance=relevance, threshold=threshold))
    estimators = named_estimators("regression", estimators)
    estimators = {name: make_pipeline(MatrixEncoder(), estimator) for name, estimator in estimators.items()}
    inner = inner_folds(y, cv, inner_cv, groups, random_state, is_regression=True)
    splits = []
    for fold, (train, test) in enumerate(
        outer_folds(X, y, cv, n_repeats or 2, groups, random_state, is_regression=True)
    ):
        parts = [(train, test)]
        if inner_cv is not None:
            parts += [(train[part], train[held_out]) for part, held_out in inner(train)]
        for number, (part, held_out) in enumerate(parts, start=OUTER):
            splits.append(Split(fold, number, part, held_out, None if inner.is_plain else inner(part)))
    return Plan(
        evaluate=partial(evaluate, X, y, splits, methods, estimators, relevance=relevance, threshold=threshold),
        judge=partial(
            RegressionJudge,
            scoring=scoring,
            n_rows=len(y),
            max_rmse_increase=max_rmse_increase,
            max_common_increase=max_common_increase,
            n_rare=int(fitted.rare_mask(y, threshold).sum()),
            relevance=fitted.explain(y, threshold),
        ),
        assemble=assembled,
        methods=methods,
        estimators=estimators,
        splits=splits,
        inner=inner,
        # the estimator alone fails where a training part holds no rare row, as the first folds of a time series may
        needed=(NONE, CONSTANT),
        also_run=(CONSTANT,),
    )


# ------------------------------------------------------------------------------------------------ judging
@dataclass(kw_only=True)
class RegressionJudge(Judge):
    """Judges errors of a numeric target, as ratios to those of the estimator alone.

    Whatever pushes predictions towards rare values lowers SERA. So the question is not whether a method lowers it, but
    whether it lowers it more than the *recalibrated baseline at equal RMSE*: predictions of the estimator alone, moved
    a share of the way to their recalibrated values, the share being the best one that raises the RMSE no more than the
    method does.
    """

    max_rmse_increase: float
    max_common_increase: float
    n_rare: int
    relevance: str

    task = "regression"
    score_labels = SCORE_LABELS
    effect = "score_ratio"
    neutral = 1
    smaller_is_better = True
    minimum = MINIMUM_RATIO
    p_values = ("p", "recalibrated_p")
    unchanged = ("sera", "rmse", "rare_mae", "common_rmse")
    null_model = ("predicts better than the mean of the target", "it")
    expectation = "another estimator may change the answer more than any method here"

    @property
    def minimum_in_words(self):
        """The minimum relevant difference as text."""
        return f"5 % in {self.score_label}"

    @property
    def at_cost(self):
        """The limits on costs."""
        return (
            f" at an acceptable cost (RMSE over all rows at most {self.max_rmse_increase:.0%} higher, on common rows "
            f"{self.max_common_increase:.0%})"
        )

    @property
    def facts(self):
        """What is rare, and the limits."""
        return {
            "n_rare": self.n_rare,
            "relevance": self.relevance,
            "max_rmse_increase": self.max_rmse_increase,
            "max_common_increase": self.max_common_increase,
        }

    # ---------------------------------------------------------------------------------------- gains and costs
    def log_ratios(self, measure, method, base=NONE, fold=None):
        """Return log(measure of `method` / that of `base`) by fold, the mean over estimators; NaN without an error."""
        ours, theirs, constant = (self.measured(measure, name, fold) for name in (method, base, CONSTANT))
        if not ours.size:
            return np.empty(0)
        rounding = NO_ERROR * constant
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.mean(np.log(np.maximum(ours, rounding) / np.where(theirs > rounding, theirs, np.nan)), axis=1)

    def gains(self, method, *, base=None, fold=None):
        """Return -log(score ratio) by fold."""
        return -self.log_ratios(self.scoring, method, base or NONE, fold)

    def scores(self, method):
        """Return minus the error."""
        return -self.measured(self.scoring, method)

    def interval(self, gains, methods=()):
        """Return mean, low, high and p-value of logarithms by fold."""
        return corrected_interval(gains, self.test_share)

    def over_null(self, name):
        """Return mean, low and high of -log(RMSE / RMSE of predicting the training mean)."""
        return self.interval(-self.log_ratios("rmse", name, CONSTANT))[:3]

    def beats_null(self, name):
        """Whether the RMSE is lower than that of predicting the training mean."""
        return self.over_null(name)[0] > 0

    def is_affordable(self, row, end=""):
        """Whether RMSE and common RMSE rise no more than is allowed."""
        rmse, common = ("rmse_low", "common_low") if end else ("rmse_ratio", "common_ratio")
        # the common RMSE is NaN where no row is common: then there is no such cost
        return row[rmse] <= 1 + self.max_rmse_increase and not row[common] > 1 + self.max_common_increase

    def is_more_than_a_shift(self, row):
        """Whether recalibrated predictions are not shown to do as much; they have no such test themselves."""
        return not row["recalibrated_p_holm"] >= ALPHA

    def can_be_chosen(self, method, gains, fold):
        """Whether a method lowers the score at an acceptable cost, and by more than the recalibrated baseline."""
        return (
            nan_mean(gains) > 0
            and nan_mean(self.log_ratios("rmse", method, fold=fold)) <= np.log1p(self.max_rmse_increase)
            and not nan_mean(self.log_ratios("common_rmse", method, fold=fold)) > np.log1p(self.max_common_increase)
            and not nan_mean(self.over_recalibrated(method, fold)) >= 0
        )

    # ---------------------------------------------------------------------------------------- recalibrated baseline
    def over_recalibrated(self, method, fold=None):
        """Return log(score / score of the recalibrated baseline at equal RMSE) by fold.

        Where SERA is less favourable than the score that was asked for, it is that of SERA: what is no more than a
        recalibration by SERA is no more than a recalibration.
        """
        found = [self.over_recalibrated_by(scoring, method, fold) for scoring in dict.fromkeys((self.scoring, "sera"))]
        return max(found, key=lambda logs: np.nan_to_num(nan_mean(logs), nan=-np.inf))

    def over_recalibrated_by(self, scoring, method, fold=None):
        """Return log(score / score of the recalibrated baseline at equal RMSE) by fold, for one score.

        Squared errors are quadratic in the share of the way to the recalibrated predictions; three points (none, light,
        full) give them for all shares. An absolute error is convex in the share; the same points give a lower bound.
        The share is the one of lowest score among those that raise the RMSE no more than `method` does. NaN for the
        recalibrations themselves, if one of them failed, and in folds without a score.
        """
        if not set(RECALIBRATED) <= set(self.methods) or method in RECALIBRATED:
            return np.full(len(self.measured(scoring, method, fold)), np.nan)
        names = (*RECALIBRATED, CONSTANT)
        *points, constant = (self.measured(scoring, name, fold) for name in names)  # each (n_folds, n_estimators)
        *rmse, constant_rmse = (self.measured("rmse", name, fold) for name in names)
        usable = (points[0] > NO_ERROR * constant).all(axis=1) & (rmse[0] > NO_ERROR * constant_rmse).all(axis=1)
        found = np.full(len(usable), np.nan)
        if not usable.any():
            return found
        shares = np.linspace(0, 1, N_SHARES)
        reached = _at_shares(scoring, shares, [values[usable] for values in points])  # (n_shares, n_usable, n_estim.)
        squares = quadratic(shares, *(values[usable] ** 2 for values in rmse))
        costs = np.log(squares / squares[0]).mean(axis=(1, 2)) / 2  # log ratios of the RMSE, (n_shares,)
        allowed = costs <= max(0.0, self.log_ratios("rmse", method, fold=fold)[usable].mean())
        best = np.flatnonzero(allowed)[np.log(reached[allowed]).mean(axis=(1, 2)).argmin()]
        ours = np.maximum(self.measured(scoring, method, fold), NO_ERROR * constant)[usable]
        found[usable] = np.log(ours / reached[best]).mean(axis=1)
        return found

    # ---------------------------------------------------------------------------------------- summary and words
    def summary_row(self, name, methods):
        """Return ratios to "none" with their intervals, the ratio to the recalibrated baseline, errors and seconds."""

        def gather(values_of):
            return np.array([values_of(method)[i] for i, method in enumerate(methods)])

        mean, low, high, p = self.interval(gather(self.gains))
        rmse, common = (
            self.interval(gather(lambda method, measure=measure: self.log_ratios(measure, method)))
            for measure in ("rmse", "common_rmse")
        )
        row = {
            "score_ratio": float(np.exp(-mean)),
            "low": float(np.exp(-high)),
            "high": float(np.exp(-low)),
            "p": p,
            "rmse_ratio": float(np.exp(rmse[0])),
            "rmse_low": float(np.exp(rmse[1])),
            "rmse_high": float(np.exp(rmse[2])),
            "common_ratio": float(np.exp(common[0])),
            "common_low": float(np.exp(common[1])),
        }
        for measure in ("rare_mae", "common_rmse", "total_ratio", "seconds"):
            row[measure] = nan_mean(gather(lambda method, measure=measure: self.measured(measure, method)))
        if name in self.methods:
            mean, *_, p = self.interval(self.over_recalibrated(name))
            one_sided = np.nan if np.isnan(mean) else p / 2 if mean < 0 else 1 - p / 2
            row |= {"recalibrated_ratio": float(np.exp(mean)), "recalibrated_p": one_sided}
        return row

    def half_width(self, row):
        """Return the mean gain and half the width of its interval, as logarithms."""
        with np.errstate(divide="ignore"):
            return -np.log(row["score_ratio"]), (np.log(row["high"]) - np.log(row["low"])) / 2

    def cannot_be_judged(self):
        """Return a sentence if there is no error to compare with, or no fold has a score."""
        is_perfect = np.zeros(self.n_folds, dtype=bool)
        for measure in (self.scoring, "rmse"):
            usual, constant = self.measured(measure, NONE), self.measured(measure, CONSTANT)
            is_perfect |= ((usual <= NO_ERROR * constant) & (constant > 0)).any(axis=1)
        if is_perfect.any():
            where = "" if self.scoring in ("rmse", "common_rmse") else " on rare rows"
            return (
                f"The estimator alone already has no error{where} in {is_perfect.sum()} of {self.n_folds} folds, so "
                "there is nothing to relate other errors to. Look for a column that holds the target."
            )
        if all(np.isnan(self.results[name]["score_ratio"]) for name in self.methods if name != NONE):
            return "No fold that was judged tests on rows that this score looks at."
        return None

    def recommendation(self, row):
        """Return what a method does that helps, and whether it was tested against recalibrated predictions."""
        start = "" if row["method"] in self.samplers else "A simpler remedy than new rows: "
        is_tested = row["method"] in RECALIBRATED or not np.isnan(row["recalibrated_p_holm"])
        untested = " Whether recalibrated predictions do as much could not be tested: a recalibration failed."
        return f"{start}{self.effect_sentence(row)}{'' if is_tested else untested}"

    def too_costly(self, tried):
        """Return a sentence on the cheapest of the methods that lower the score at too high a cost."""
        rows = [row for row in tried if not self.is_affordable(row) and self.is_better(row)]
        if not rows:
            return ""
        return f" At too high a cost: {self.effect_sentence(min(rows, key=lambda row: row['rmse_ratio']))}"

    def effect_sentence(self, row):
        """Return what a method does: score, cost, and totals if they move."""
        before, after = self.results[NONE], row
        text = (
            f"{row['method']!r} changes {self.score_label} by {change(row['score_ratio'])} (95 % interval "
            f"{change(row['low'])} to {change(row['high'])}), the RMSE over all rows by {change(row['rmse_ratio'], 1)} "
            f"and on common rows by {change(row['common_ratio'], 1)}; the mean error on rare rows goes from "
            f"{before['rare_mae']:.3g} to {after['rare_mae']:.3g}"
        )
        if abs(after["total_ratio"] - before["total_ratio"]) > SHIFTED_TOTALS:
            text += f", total predicted / actual from {before['total_ratio']:.2f} to {after['total_ratio']:.2f}"
        return f"{text}."

    def weaknesses(self):
        """Return a caveat on an estimator that misses the total."""
        total = self.results[NONE]["total_ratio"]
        if abs(total - 1) <= POOR_TOTALS:
            return []
        return [
            f"The estimator alone predicts {total:.0%} of the total: look at the estimator and its inputs before "
            "anything else."
        ]


def _at_shares(scoring, shares, points):
    """Return a score at each share of the way to the recalibrated predictions, or a lower bound of it."""
    if scoring == "rare_mae":
        return least_convex(shares, *points)
    if scoring == "sera":
        return quadratic(shares, *points)
    return np.sqrt(quadratic(shares, *(values**2 for values in points)))  # the score is a root of squares


def quadratic(shares, at_0, at_light, at_1):
    """Return the parabolas through values at the shares 0, STRENGTH and 1, shape (n_shares, *at_0.shape)."""
    bend = ((at_1 - at_0) - (at_light - at_0) / STRENGTH) / (1 - STRENGTH)
    slope = at_1 - at_0 - bend
    shares = shares.reshape(-1, *[1] * at_0.ndim)
    return np.maximum(at_0 + slope * shares + bend * shares**2, np.finfo(float).tiny)


def least_convex(shares, at_0, at_light, at_1):
    """Return the least values that a convex function with these values at the shares 0, STRENGTH and 1 can have."""
    shares = shares.reshape(-1, *[1] * at_0.ndim)
    # before the middle point it lies above the line through the later two, behind it above that through the first two
    before = at_light + (at_1 - at_light) * (shares - STRENGTH) / (1 - STRENGTH)
    after = at_0 + (at_light - at_0) * shares / STRENGTH
    least = np.where(shares < STRENGTH, before, after)
    least = np.where(shares == 0, at_0, np.where(shares == 1, at_1, least))
    return np.maximum(least, np.finfo(float).tiny)


def change(ratio, decimals=0):
    """Return a ratio as a change in per cent, in words that stay short."""
    if np.isnan(ratio):
        return "an unknown share"
    return f"more than {MOST_SHOWN - 1:+.0%}" if ratio > MOST_SHOWN else f"{ratio - 1:+.{decimals}%}"
