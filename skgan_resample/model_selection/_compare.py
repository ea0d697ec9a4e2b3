"""compare(): does resampling help on this table, which method, by how much, at what price, and is it more than noise?

Two parts: an engine that fits every method and learner on the same splits (`evaluate`, which the benchmarks use as
well), and the reading of its rows (`Comparison`).
"""

import time
import warnings
from dataclasses import dataclass, field

import numpy as np
from joblib import Memory, Parallel, delayed
from scipy import stats
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.model_selection import GroupKFold, TimeSeriesSplit, check_cv
from sklearn.pipeline import make_pipeline
from sklearn.utils import _safe_indexing, check_random_state
from sklearn.utils.validation import check_consistent_length

from skgan_resample import metrics
from skgan_resample._tables import TableEncoder
from skgan_resample._validation import warn
from skgan_resample.compose import OutputCorrectedRegressor, RelevanceWeightedRegressor, _seeded_clone
from skgan_resample.model_selection._folds import RegressionStratifiedKFold, RepeatedRegressionStratifiedKFold
from skgan_resample.over_sampling import (
    SMOGN,
    SMOTER,
    BaseRegressionSampler,
    Draft,
    GaussianNoise,
    RandomOverSampler,
    _single_parents,
)
from skgan_resample.relevance import Relevance

OUTER = -1  # the value of "inner" in rows that stand for an outer fold
CONSTANT = "constant mean"  # a prediction of the training mean, which every method must beat
SCORES = ("sera", "rmse", "rare_mae", "common_rmse")
LIGHT = 0.2  # a fifth of the way to the corrected output
CORRECTIONS = ("light-correction", "correction")
WORTHWHILE = 0.95  # a gain of less than 5 % is not worth a step in a pipeline


# ------------------------------------------------------------------------------------------------ what is compared
class UniformDuplicator(BaseRegressionSampler):
    """Copy rows drawn from the whole table, as many as the other samplers make: the control for "more rows help"."""

    def _draw(self, X, y, rng):
        rows = rng.randint(len(y), size=sum(self.sampling_strategy_.values()))
        return Draft(X[rows], y[rows], _single_parents(rows))


def default_methods(relevance=None, threshold=0.8):
    """Return the methods that `compare` tries, from the simplest to the most involved.

    Parameters
    ----------
    relevance : Relevance, default=None
        What is rare; given to every method. None is ``Relevance()``.
    threshold : float, default=0.8
        Relevance from which a row is rare.

    Returns
    -------
    methods : dict
        Name to None (the learner as it is), a sampler, or a regressor around the learner, whose innermost `estimator`
        is None.
    """
    common = {"relevance": relevance, "threshold": threshold}
    weights = RelevanceWeightedRegressor(None, **common)
    return {
        "none": None,
        "light-correction": OutputCorrectedRegressor(None, strength=LIGHT, cv=3, **common),
        "correction": OutputCorrectedRegressor(None, cv=3, **common),
        "weights": weights,
        "weights+correction": OutputCorrectedRegressor(weights, cv=3, **common),
        "duplicate": UniformDuplicator(**common),
        "random": RandomOverSampler(**common),
        "noise": GaussianNoise(**common),
        "smoter": SMOTER(**common),
        "smogn": SMOGN(**common),
    }


class TableVectorizer(TransformerMixin, BaseEstimator):
    """Turn a mixed table into numbers for any learner: scaled, one-hot, with indicators of missing cells.

    Parameters
    ----------
    max_levels : int, default=20
        Of a nominal column, so many of the most frequent levels get a column; the others share a row of zeros.
    """

    def __init__(self, max_levels=20):
        self.max_levels = max_levels

    def fit(self, X, y=None):
        self.encoder_ = TableEncoder()
        encoded = self.encoder_.encode_codes(self.encoder_.fit_to_codes(X))
        kept = []
        for column in self.encoder_.columns_:
            places = np.arange(column.encoded.start, column.encoded.stop)
            if column.n_levels > self.max_levels:
                heads = places[: column.n_levels]
                frequent = np.argsort(-encoded[:, heads].sum(axis=0), kind="stable")[: self.max_levels]
                places = np.concatenate([np.sort(heads[frequent]), places[column.n_levels :]])
            kept.append(places)
        self.kept_ = np.concatenate(kept)
        return self

    def transform(self, X):
        return self.encoder_.encode(X)[:, self.kept_]


def default_learner():
    """Return the learner that `compare` uses unless told otherwise."""
    # Leaves of 20 rows, scikit-learn's default, would hide rare rows from the learner and let mere copies win; trees of
    # 15 leaves suit tables with few rare rows, and are twice as fast.
    return HistGradientBoostingRegressor(min_samples_leaf=5, max_leaf_nodes=15, random_state=0)


# ------------------------------------------------------------------------------------------------ the engine
def evaluate(
    X,
    y,
    splits,
    methods,
    learners,
    *,
    relevance=None,
    threshold=0.8,
    random_state=0,
    n_jobs=None,
    memory=None,
    max_time=None,
    callback=None,
):
    """Fit every method with every learner on every split and measure it on the real test rows.

    A table is resampled once per split and method, and the learners share the result. Each (split, method) is one
    task: tasks run in parallel, are kept in `memory`, and an interrupted run goes on where it stopped.

    Parameters
    ----------
    X : table of shape (n_rows, n_columns)
    y : array-like of shape (n_rows,)
    splits : list of (fold, inner, train, test)
        Two numbers that name the split, and row positions.
    methods, learners : dict
        By name, as in `compare`.
    relevance : Relevance, default=None
        The yardstick: cloned, fitted to the training targets of each split, applied to its test targets.
    threshold, random_state, n_jobs, memory, max_time
        As in `compare`.
    callback : callable, default=None
        Called with (tasks done, tasks in all) after each task.

    Returns
    -------
    rows : list of dict
        One per split, method and learner: fold, inner, method, learner, n_train, n_synthetic, seconds (of resampling
        and fitting), sera, rmse, rare_mae, rare_rmse, common_rmse, total_ratio; or fold, inner, method and error.
        The prediction of the training mean is added as the method "constant mean".
    """
    run = _run_task if memory is None else _as_memory(memory).cache(_run_task)
    relevance = Relevance() if relevance is None else relevance
    deadline = np.inf if max_time is None else time.monotonic() + max_time
    tasks = [(split, name) for split in splits for name in (*methods, CONSTANT)]

    def pending():
        for (fold, inner, train, test), name in tasks:
            if time.monotonic() > deadline:
                return
            seed = int(np.random.SeedSequence([random_state, fold, inner + 1]).generate_state(1)[0] % 2**31)
            method = CONSTANT if name == CONSTANT else methods[name]
            yield delayed(_labelled)(
                {"fold": fold, "inner": inner, "method": name},
                run,
                (X, y, train, test, method, learners, relevance, threshold, seed),
            )

    rows = []
    results = Parallel(n_jobs=n_jobs, return_as="generator_unordered", pre_dispatch="2*n_jobs")(pending())
    for done, found in enumerate(results, start=1):
        rows.extend(found)
        if callback is not None:
            callback(done, len(tasks))
    return rows


def _labelled(label, run, arguments):
    """Run a task; an error of the method becomes a row, so that it does not end the whole comparison."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return [{**label, **row} for row in run(*arguments)]
        except Exception as error:
            return [{**label, "error": f"{type(error).__name__}: {error}".split("\n")[0]}]


def _run_task(X, y, train, test, method, learners, relevance, threshold, seed):
    """Return one row of measures per learner, for one method on one split."""
    y = np.asarray(y, dtype=float)
    phi = clone(relevance).fit(y[train])
    X_train, y_train, X_test, y_test = _safe_indexing(X, train), y[train], _safe_indexing(X, test), y[test]
    if isinstance(method, str):
        measures = _measure(phi, threshold, y_test, np.full(len(test), y_train.mean()))
        return [{"learner": name, **measures} for name in learners]
    started = time.perf_counter()
    n_synthetic = 0
    if hasattr(method, "fit_resample"):
        sampler = _seeded_clone(method, np.random.RandomState(seed))
        n_real = len(y_train)
        X_train, y_train = sampler.fit_resample(X_train, y_train)
        n_synthetic = len(y_train) - n_real
    sampling = time.perf_counter() - started
    rows = []
    for name, learner in learners.items():
        started = time.perf_counter()
        model = learner if method is None or hasattr(method, "fit_resample") else wrap(method, learner)
        model = _seeded_clone(model, np.random.RandomState(seed))
        predicted = model.fit(X_train, y_train).predict(X_test)
        rows.append(
            {
                "learner": name,
                "n_train": len(train),
                "n_synthetic": n_synthetic,
                "seconds": sampling + time.perf_counter() - started,
                **_measure(phi, threshold, y_test, predicted),
            }
        )
    return rows


def _measure(phi, threshold, y_true, y_pred):
    return {
        "sera": float(metrics.sera_score(y_true, y_pred, relevance=phi)),
        "rmse": float(np.sqrt(np.mean((y_true - y_pred) ** 2))),
        "rare_mae": float(metrics.rare_mae(y_true, y_pred, relevance=phi, threshold=threshold)),
        "rare_rmse": float(metrics.rare_rmse(y_true, y_pred, relevance=phi, threshold=threshold)),
        "common_rmse": float(metrics.common_rmse(y_true, y_pred, relevance=phi, threshold=threshold)),
        "total_ratio": float(metrics.total_ratio(y_true, y_pred)),
    }


def wrap(method, learner):
    """Return a regressor around a learner: the innermost `estimator` of `method` is None and becomes the learner."""
    inner = getattr(method, "estimator", None)
    return clone(method).set_params(estimator=learner if inner is None else wrap(inner, learner))


def _as_memory(memory):
    return memory if isinstance(memory, Memory) else Memory(memory, verbose=0)


# ------------------------------------------------------------------------------------------------ the comparison
def compare(
    X,
    y,
    *,
    methods=None,
    learners=None,
    relevance=None,
    threshold=0.8,
    scoring="sera",
    cv=5,
    n_repeats=2,
    inner_cv=3,
    groups=None,
    max_price=0.02,
    random_state=0,
    n_jobs=None,
    memory=None,
    max_time=None,
    callback=None,
):
    """Find out whether resampling helps on this table, and which method.

    Every method meets the same folds. A method is chosen on inner folds of each training part and judged on the outer
    fold, which played no part in the choice; all measuring is done on real rows.

    Parameters
    ----------
    X : array-like or pandas, polars or pyarrow table of shape (n_rows, n_columns)
        Real rows only. Missing cells and nominal columns are encoded for the learner inside each fold.
    y : array-like of shape (n_rows,)
    methods : list of names, dict or None, default=None
        Names of `default_methods`, or name to sampler, to regressor whose innermost `estimator` is None, or to None
        for the learner alone. From the simplest to the most involved: of equally good ones the first is named. "none",
        "light-correction" and "correction" are always added: the others are measured against them.
    learners : regressor, dict of name to regressor, or None, default=None
        None is gradient boosting, see `default_learner`. With several, effects are averaged over them.
    relevance : Relevance, default=None
        The yardstick, fitted to the training targets of each fold, and what the default methods call rare. None is
        ``Relevance()``.
    threshold : float, default=0.8
        A row is rare from this relevance on.
    scoring : {"sera", "rmse", "rare_mae", "common_rmse"}, default="sera"
        What should fall: the squared error weighted by relevance, the error over all rows, the absolute error of rare
        rows in units of the target, or the error on common rows.
    cv : int, splitter or iterable, default=5
        Outer folds. An int is stratified by the target and shuffled, or by groups if they are given.
    n_repeats : int, default=2
        How often an int `cv` is repeated with other folds; once with groups.
    inner_cv : int, default=3
        Inner folds that choose the method.
    groups : array-like of shape (n_rows,), default=None
        Rows of one group are never on both sides of a split.
    max_price : float, default=0.02
        A method that raises the RMSE over all rows by a larger share trades one error for another and is not named.
    random_state : int, default=0
        Seed of folds, methods and learners.
    n_jobs : int, default=None
        Processes, by joblib. Results do not depend on it.
    memory : str or joblib.Memory, default=None
        Folder that keeps the result of every task; the same call later goes on from there.
    max_time : float, default=None
        Seconds after which no further task starts; complete outer folds are judged. Results then depend on the machine.
    callback : callable, default=None
        Called with (tasks done, tasks in all).

    Returns
    -------
    comparison : Comparison
        ``comparison.verdict`` is the answer, ``comparison.summary`` one row per method, ``comparison.rows`` all
        measurements.

    Raises
    ------
    NoRareRowsError
        If the relevance finds no rare target value.
    ValueError
        If the input cannot be used, or no two outer folds could be finished in `max_time`.

    Notes
    -----
    "Helps" means, all of it on outer folds: a method lowers the score, with a p-value below 0.05 after adjustment for
    the number of methods (Holm); its RMSE is not more than `max_price` above that of the plain learner, and below that
    of predicting the training mean (on a target that nothing predicts, whatever shifts predictions lowers SERA). Of
    several such methods, the one that inner folds chose most often is named. Intervals and p-values use the corrected
    resampled t statistic [1]_, which allows for training sets that overlap. Moving all predictions a little lowers SERA
    at little cost, so a sampler or weights must also beat the predictions of the learner alone, moved as far as the
    same rise of the RMSE allows ("matched"); else the correction itself is named.

    References
    ----------
    .. [1] C. Nadeau, Y. Bengio, "Inference for the generalization error", Machine Learning 52, 2003.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.linear_model import Ridge
    >>> from skgan_resample import Relevance, compare
    >>> X, y = load_diabetes(return_X_y=True)
    >>> highest_tenth = Relevance("quantile", side="high")
    >>> comparison = compare(X, y, methods=["weights", "smogn"], learners=Ridge(0.1), relevance=highest_tenth)
    >>> print(comparison.verdict.sentence)
    No new rows are needed: 'light-correction' changes SERA by -14% (95 % interval -17% to -11%), the RMSE over all
    rows by +0.7%; total predicted / actual is 1.043.
    >>> smogn = comparison.summary[-2]
    >>> print(f"{smogn['method']}: {smogn['score_ratio']:.2f}, at equal RMSE {smogn['matched_ratio']:.2f}")
    smogn: 0.82, at equal RMSE 1.01
    """
    started = time.monotonic()
    y = _check_target(X, y)
    if scoring not in SCORES:
        raise ValueError(f"scoring must be one of {SCORES}, got {scoring!r}.")
    relevance = Relevance() if relevance is None else relevance
    fitted = clone(relevance).fit(y)
    n_rare = int(fitted.rare_mask(y, threshold).sum())
    methods = _check_methods(methods, relevance, threshold)
    learners = _check_learners(learners)
    splits = _make_splits(X, y, cv, n_repeats, inner_cv, groups, random_state)
    rows = evaluate(
        X,
        y,
        splits,
        methods,
        learners,
        relevance=relevance,
        threshold=threshold,
        random_state=random_state,
        n_jobs=n_jobs,
        memory=memory,
        max_time=max_time,
        callback=callback,
    )
    usable = _usable_rows(rows, splits, methods)
    finished = {row["fold"] for row in usable}
    if len(finished) < 2:
        raise ValueError(_why_unfinished(rows, max_time))
    outer = [(len(train), len(test)) for fold, inner, train, test in splits if inner == OUTER and fold in finished]
    failures = {row["method"]: row["error"] for row in usable if "error" in row}
    for name, error in failures.items():
        warn(f"The method {name!r} failed and is left out: {error}")
    return Comparison(
        rows=[row for row in usable if row["method"] not in failures],
        methods=[name for name in methods if name not in failures],
        samplers=[name for name, method in methods.items() if hasattr(method, "fit_resample")],
        learners=list(learners),
        scoring=scoring,
        max_price=max_price,
        n_rows=len(y),
        n_rare=n_rare,
        relevance=fitted.explain(y, threshold),
        test_share=float(np.mean([test / train for train, test in outer])),
        failures=failures,
        seconds=time.monotonic() - started,
    )


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


@dataclass
class Comparison:
    """Measurements of `compare` and what they say.

    Attributes
    ----------
    rows : list of dict
        As from `evaluate`: inner folds (``inner >= 0``) and outer folds (``inner == -1``).
    summary : list of dict
        One per method: ``score_ratio`` with ``low`` and ``high`` (95 %), ``p_holm``, ``rmse_ratio`` with ``rmse_low``
        and ``rmse_high``, all against "none" on outer folds as geometric means; ``matched_ratio``, ``matched_low``,
        ``matched_high`` against moved predictions of the same RMSE; ``rare_mae``, ``common_rmse`` in units
        of the target; ``total_ratio``; ``seconds`` per fit; ``chosen``, the share of outer folds whose inner folds
        chose it. The row "chosen by inner folds" stands for the choice itself.
    verdict : Verdict
    n_rows, n_rare : int
    relevance : str
        What is rare, in words.
    failures : dict
        Methods that failed, with the error.
    seconds : float
        Duration of the whole comparison.
    """

    rows: list
    methods: list
    samplers: list
    learners: list
    scoring: str
    max_price: float
    n_rows: int
    n_rare: int
    relevance: str
    test_share: float
    failures: dict
    seconds: float
    summary: list = field(init=False)
    verdict: Verdict = field(init=False)

    def __post_init__(self):
        self.folds = sorted({row["fold"] for row in self.rows})
        picks = {fold: self._choose(fold) for fold in self.folds}
        self.summary = self._summarize(picks)
        self.verdict = self._judge()

    def values(self, measure, method, *, fold=None):
        """Return a measure on outer folds, or on the inner folds of one outer fold.

        Returns
        -------
        values : ndarray of shape (n_folds, n_learners)
        """
        found = {}
        for row in self.rows:
            if row["method"] == method and (row["inner"] == OUTER if fold is None else row["fold"] == fold):
                if fold is not None and row["inner"] == OUTER:
                    continue
                found[row["fold"] if fold is None else row["inner"], row["learner"]] = row[measure]
        splits = sorted({split for split, _ in found})
        return np.array([[found[split, learner] for learner in self.learners] for split in splits])

    def log_ratios(self, measure, method, *, base="none", fold=None):
        """Return log(measure / measure of `base`) per fold, averaged over learners, shape (n_folds,)."""
        ours, theirs = self.values(measure, method, fold=fold), self.values(measure, base, fold=fold)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.mean(np.log(ours / theirs), axis=1)

    def to_frame(self):
        """Return the summary as a pandas DataFrame."""
        import pandas as pd

        return pd.DataFrame(self.summary)

    def _choose(self, fold):
        """Return the method that the inner folds of one outer fold choose.

        Of the methods that lower the score at an acceptable price, the simplest within one standard error of the best.
        """
        if not any(row["fold"] == fold and row["inner"] != OUTER for row in self.rows):
            return "none"
        gains = {name: self.log_ratios(self.scoring, name, fold=fold) for name in self.methods}
        prices = {name: np.mean(self.log_ratios("rmse", name, fold=fold)) for name in self.methods}
        fair = [n for n in self.methods if prices[n] <= np.log1p(self.max_price) and np.nanmean(gains[n]) < 0]
        if not fair:
            return "none"
        best = min(fair, key=lambda name: np.nanmean(gains[name]))
        for name in fair:  # methods stand from simple to involved
            lag = gains[name] - gains[best]
            if np.nanmean(lag) <= np.nanstd(lag, ddof=1) / np.sqrt(len(lag)):
                return name
        return best

    def _summarize(self, picks):
        summary = []
        for name in self.methods:
            gains, prices = self.log_ratios(self.scoring, name), self.log_ratios("rmse", name)
            summary.append(self._summary_row(name, gains, prices, [(fold, name) for fold in self.folds]))
            matched = self._matched(name)
            interval = [np.nan] * 3 if matched is None else corrected_interval(matched, self.test_share)[:3]
            summary[-1].update(zip(("matched_ratio", "matched_low", "matched_high"), np.exp(interval).tolist()))
            summary[-1]["chosen"] = float(np.mean([pick == name for pick in picks.values()]))
        adjusted = holm([row["p"] for row in summary if row["method"] != "none"])
        for row in summary:
            row["p_holm"] = 1.0 if row["method"] == "none" else adjusted.pop(0)
        gains, prices = (
            np.array([self.log_ratios(measure, picks[fold])[i] for i, fold in enumerate(self.folds)])
            for measure in (self.scoring, "rmse")
        )
        chosen = self._summary_row("chosen by inner folds", gains, prices, list(picks.items()))
        unmatched = dict.fromkeys(("matched_ratio", "matched_low", "matched_high"), np.nan)
        return [*summary, {**chosen, **unmatched, "chosen": 1.0, "p_holm": chosen["p"]}]

    def _summary_row(self, name, gains, prices, cells):
        """Return one row of the summary; `cells` are the (fold, method) pairs whose measures it averages."""
        mean, low, high, p = corrected_interval(gains, self.test_share)
        price, price_low, price_high, _ = corrected_interval(prices, self.test_share)
        place = {fold: i for i, fold in enumerate(self.folds)}

        def average(measure):
            values = np.array([self.values(measure, method)[place[fold]] for fold, method in cells])
            seen = values[~np.isnan(values)]  # NaN: a fold without rare test rows
            return float(seen.mean()) if len(seen) else np.nan

        return {
            "method": name,
            "score_ratio": float(np.exp(mean)),
            "low": float(np.exp(low)),
            "high": float(np.exp(high)),
            "p": p,
            "rmse_ratio": float(np.exp(price)),
            "rmse_low": float(np.exp(price_low)),
            "rmse_high": float(np.exp(price_high)),
            "rare_mae": average("rare_mae"),
            "common_rmse": average("common_rmse"),
            "total_ratio": average("total_ratio"),
            "seconds": average("seconds"),
        }

    def _judge(self):
        """Return the verdict; see the Notes of `compare`."""
        by_name = {row["method"]: row for row in self.summary}
        if not any(self._beats_constant(name) for name in self.methods):
            return Verdict(
                "does not help",
                None,
                "No method predicts better than the mean of the target, so the features say too little "
                "about it for resampling to matter.",
            )
        label = SCORE_LABELS[self.scoring]
        proven = [
            name
            for name in self.methods
            if by_name[name]["p_holm"] < 0.05
            and by_name[name]["score_ratio"] < 1
            and by_name[name]["rmse_ratio"] <= 1 + self.max_price
            and self._beats_constant(name)
        ]
        better = [name for name in proven if name in CORRECTIONS or not by_name[name]["matched_high"] >= 1]
        if better:
            name = max(better, key=lambda name: (by_name[name]["chosen"], -by_name[name]["score_ratio"]))
            where = "" if name in self.samplers else "No new rows are needed: "
            return Verdict("helps", name, where + _effect(by_name[name], label))

        rest = [row for row in self.summary if row["method"] not in ("none", "chosen by inner folds")]
        fair = [row for row in rest if row["rmse_ratio"] <= 1 + self.max_price]
        trades = [row for row in rest if row not in fair and row["high"] < 1]
        trade = ""
        if trades:
            cheapest = min(trades, key=lambda row: row["rmse_ratio"])
            trade = f" There is a trade: {_effect(cheapest, label)}"
        promising = [row for row in fair if row["score_ratio"] < 1 and row["low"] < WORTHWHILE]
        if not promising:
            return Verdict(
                "does not help",
                None,
                f"No method lowers {label} by 5 % or more without raising the RMSE by more than "
                f"{self.max_price:.0%}.{trade}",
            )
        best = min(promising, key=lambda row: row["score_ratio"])
        needed = self._rows_needed(best)
        advice = f" Roughly {needed:,} rows would settle an effect of this size." if needed else ""
        return Verdict("cannot tell", None, f"At best, {_effect(best, label)}{advice}{trade}", needed)

    def _matched(self, method):
        """Return log(score / score of moved predictions) per fold, where the latter may cost as much RMSE.

        Predictions of the learner alone, moved a share of the way to their corrected output, have a squared error and
        a SERA that are quadratic in that share; three points (none, light, full correction) give both. The share is the
        one of lowest SERA among those that raise the RMSE no more than `method` does. None for the corrections, other
        scores than SERA, and if a correction failed.
        """
        if self.scoring != "sera" or not set(CORRECTIONS) <= set(self.methods) or method in ("none", *CORRECTIONS):
            return None
        shares = np.linspace(0, 1, 101)
        points = ("none", *CORRECTIONS)
        sera = _quadratic(shares, *(self.values("sera", name) for name in points))
        squares = _quadratic(shares, *(self.values("rmse", name) ** 2 for name in points))
        prices = np.log(squares / squares[0]).mean(axis=(1, 2)) / 2
        allowed = prices <= max(0.0, self.log_ratios("rmse", method).mean())
        share = np.flatnonzero(allowed)[np.log(sera[allowed]).mean(axis=(1, 2)).argmin()]
        return np.log(self.values("sera", method) / sera[share]).mean(axis=1)

    def _beats_constant(self, method):
        """Whether a method has a lower RMSE than predicting the training mean."""
        return np.mean(self.log_ratios("rmse", method, base=CONSTANT)) < 0

    def _rows_needed(self, row):
        """Return how many rows would make the interval as narrow as the effect, if it shrinks with their root."""
        effect = abs(np.log(row["score_ratio"]))
        half_width = (np.log(row["high"]) - np.log(row["low"])) / 2
        if not np.isfinite(half_width) or effect == 0:
            return None
        needed = self.n_rows * (half_width / effect) ** 2
        return int(np.ceil(max(needed, 1.1 * self.n_rows) / 10) * 10) if needed < 1e7 else None


def _quadratic(shares, at_0, at_light, at_1):
    """Return the parabolas through values at the shares 0, LIGHT and 1, shape (n_shares, *at_0.shape)."""
    bend = ((at_1 - at_0) - (at_light - at_0) / LIGHT) / (1 - LIGHT)
    slope = at_1 - at_0 - bend
    shares = shares.reshape(-1, *[1] * at_0.ndim)
    return np.maximum(at_0 + slope * shares + bend * shares**2, np.finfo(float).tiny)


SCORE_LABELS = {"sera": "SERA", "rmse": "the RMSE", "rare_mae": "the rare MAE", "common_rmse": "the common RMSE"}


def _effect(row, label):
    return (
        f"{row['method']!r} changes {label} by {row['score_ratio'] - 1:+.0%} (95 % interval {row['low'] - 1:+.0%} to "
        f"{row['high'] - 1:+.0%}), the RMSE over all rows by {row['rmse_ratio'] - 1:+.1%}; total predicted / actual is "
        f"{row['total_ratio']:.3f}."
    )


def corrected_interval(differences, test_share, *, level=0.95):
    """Return mean, interval and two-sided p-value of differences between methods on resampled folds.

    Parameters
    ----------
    differences : array-like of shape (n_folds,)
        NaN (a fold without rare test rows) is left out.
    test_share : float
        Test rows per training row of a fold, which corrects for training sets that overlap (Nadeau & Bengio, 2003).

    Returns
    -------
    mean, low, high, p : float
        Infinite interval and p = 1 for fewer than two folds.
    """
    differences = np.asarray(differences, dtype=float)
    differences = differences[np.isfinite(differences)]
    n_folds = len(differences)
    if n_folds < 2:
        return (float(differences.mean()) if n_folds else np.nan), -np.inf, np.inf, 1.0
    mean = float(differences.mean())
    error = float(np.sqrt((1 / n_folds + test_share) * differences.var(ddof=1)))
    if error == 0:
        return mean, mean, mean, 0.0 if mean else 1.0
    reach = float(stats.t.ppf(0.5 + level / 2, n_folds - 1)) * error
    return mean, mean - reach, mean + reach, float(2 * stats.t.sf(abs(mean) / error, n_folds - 1))


def holm(p_values):
    """Return p-values adjusted for their number (Holm, 1979), in the order given."""
    p_values = np.asarray(p_values, dtype=float)
    order = np.argsort(p_values)
    adjusted = np.empty(len(p_values))
    adjusted[order] = np.minimum(1, np.maximum.accumulate(p_values[order] * np.arange(len(p_values), 0, -1)))
    return adjusted.tolist()


# ------------------------------------------------------------------------------------------------ arguments
def _check_target(X, y):
    encoder = TableEncoder(categorical_features=None)
    try:
        target = encoder.fit_to_codes(y)[:, 0]
    except (TypeError, ValueError) as error:
        raise type(error)(f"The target y cannot be used: {error}") from None
    check_consistent_length(X, target)
    missing = np.count_nonzero(np.isnan(target))
    if missing:
        raise ValueError(f"The target y contains NaN in {missing} of {len(target)} rows; drop these rows first.")
    return target


def _check_methods(methods, relevance, threshold):
    known = default_methods(relevance, threshold)
    if methods is None:
        return known
    if not isinstance(methods, dict):
        unknown = [name for name in methods if name not in known]
        if unknown:
            raise ValueError(f"Unknown methods {unknown}; known are {list(known)}.")
        methods = {name: known[name] for name in known if name in methods}
    named = {name: None if method == "passthrough" else method for name, method in methods.items()}
    yardsticks = ("none", *CORRECTIONS)
    return {**{name: known[name] for name in yardsticks}, **{n: m for n, m in named.items() if n not in yardsticks}}


def _check_learners(learners):
    if not isinstance(learners, dict):
        learner = default_learner() if learners is None else learners
        learners = {type(learner).__name__: learner}
    for name, learner in learners.items():
        if not hasattr(learner, "fit") or not hasattr(learner, "predict"):
            raise TypeError(f"The learner {name!r} has no fit and predict: {learner!r}.")
    return {name: make_pipeline(TableVectorizer(), learner) for name, learner in learners.items()}


def _make_splits(X, y, cv, n_repeats, inner_cv, groups, random_state):
    """Return (fold, inner, train, test) for every outer fold and its inner folds."""
    seed = int(check_random_state(random_state).randint(2**31 - 1))
    if isinstance(cv, int):
        if groups is not None:
            cv = GroupKFold(cv)
        else:
            cv = RepeatedRegressionStratifiedKFold(n_splits=cv, n_repeats=n_repeats, random_state=seed)
    splits = []
    for fold, (train, test) in enumerate(check_cv(cv).split(X, y, groups)):
        splits.append((fold, OUTER, train, test))
        if groups is not None:
            inner = GroupKFold(inner_cv).split(train, y[train], np.asarray(groups)[train])
        elif isinstance(cv, TimeSeriesSplit):
            inner = TimeSeriesSplit(inner_cv).split(train)
        else:
            inner = RegressionStratifiedKFold(inner_cv, shuffle=True, random_state=seed).split(train, y[train])
        splits += [(fold, i, train[part], train[held_out]) for i, (part, held_out) in enumerate(inner)]
    return splits


def _usable_rows(rows, splits, methods):
    """Return the rows of outer folds that were completed, without splits on which the learner alone failed.

    It fails where a training part holds no rare row, as the first inner folds of a time series may.
    """
    broken = {(row["fold"], row["inner"]) for row in rows if "error" in row and row["method"] in ("none", CONSTANT)}
    done = {(row["fold"], row["inner"], row["method"]) for row in rows}
    finished = {fold for fold, inner, *_ in splits if inner == OUTER and (fold, OUTER) not in broken}
    for fold, inner, *_ in splits:
        if any((fold, inner, name) not in done for name in (*methods, CONSTANT)):
            finished.discard(fold)
    return [row for row in rows if row["fold"] in finished and (row["fold"], row["inner"]) not in broken]


def _why_unfinished(rows, max_time):
    errors = sorted({row["error"] for row in rows if "error" in row and row["method"] in ("none", CONSTANT)})
    if errors:
        return f"The learner could not be fitted and judged on two outer folds: {errors[0]}"
    return f"max_time={max_time:g} seconds was too short for two outer folds; {len(rows)} tasks were done."
