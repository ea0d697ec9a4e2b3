"""compare_classification(): does resampling classes help on this table, which method, and is it more than noise?

Two parts, as in `_compare`: an engine that fits every method and learner on the same splits (`evaluate`, which the
benchmarks use as well), and `compare_classification` with its verdict. Thresholds are tuned for all methods alike, so
that a moved threshold is not taken for a better model.
"""

import time
from dataclasses import dataclass
from numbers import Integral

import numpy as np
from imblearn.over_sampling import ADASYN, SMOTE, SVMSMOTE, BorderlineSMOTE, KMeansSMOTE, RandomOverSampler
from sklearn.base import is_regressor
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import average_precision_score
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold, TimeSeriesSplit
from sklearn.utils import check_random_state, column_or_1d
from sklearn.utils.validation import check_consistent_length

from skgan_resample._estimators import seeded_clone
from skgan_resample._tables._containers import take_rows
from skgan_resample._tables._encoder import TableEncoder
from skgan_resample._tables._vectorizer import MatrixEncoder
from skgan_resample._thresholds import MEASURES, TUNED, best_cuts, brier_score, decide, decision_scores, prior_corrected
from skgan_resample._weights import fit_weighted, no_weights, weight_parameter
from skgan_resample.model_selection._class_verdict import NONE, ClassificationComparison
from skgan_resample.model_selection._methods import BalancedWeights, ClassDuplicator, methods_by_name
from skgan_resample.model_selection._result import OUTER
from skgan_resample.model_selection._splits import (
    check_settings,
    class_splits,
    comparable_classes,
    few_rows_allowed,
    inner_group_folds,
    named_learners,
    respects_time,
)
from skgan_resample.model_selection._tasks import finished_folds, mean_test_share, run_tasks, task_seed

NEIGHBORS = {"k_neighbors", "n_neighbors"}  # parameters of imbalanced-learn: neighbours within one class


def default_methods():
    """Return the methods that `compare_classification` tries, from the simplest to the most involved.

    Returns
    -------
    methods : dict
        Name to None (the learner as it is), to an object with ``sample_weight(y)``, or to a sampler.
    """
    from skgan_resample import HardTripletSampler

    return {
        NONE: None,
        "weights": BalancedWeights(),
        "duplicate": ClassDuplicator(),
        "random": RandomOverSampler(),
        "smote": SMOTE(),
        "borderline-smote": BorderlineSMOTE(),
        "adasyn": ADASYN(),
        "kmeans-smote": KMeansSMOTE(),
        "svm-smote": SVMSMOTE(),
        "hard-triplet": HardTripletSampler(),
    }


def default_learner():
    """Return the learner that `compare_classification` uses unless told otherwise."""
    # For the reasons given in `_compare.default_learner`: small leaves that rare rows can fill, no early stopping on
    # copies of rows that were trained on.
    return HistGradientBoostingClassifier(min_samples_leaf=5, max_leaf_nodes=15, early_stopping=False, random_state=0)


# ------------------------------------------------------------------------------------------------ the engine
def evaluate(
    X,
    y,
    splits,
    methods,
    learners,
    *,
    inner_cv=3,
    inner_rows=False,
    random_state=0,
    n_jobs=None,
    memory=None,
    max_time=None,
    callback=None,
):
    """Fit every method with every learner on every split and measure it on the real test rows, thresholds tuned.

    Within the training part of a split, every method is run anew in stratified inner folds, "none" as well. Out-of-fold
    probabilities are pooled, and the threshold that is best on them is used on the test rows. A table is resampled once
    per fold, inner ones included, and the learners share the result. Each (split, method) is one task: tasks run in
    parallel, are kept in `memory`, and an interrupted run goes on where it stopped.

    Parameters
    ----------
    X : table of shape (n_samples, n_features)
    y : array-like of shape (n_samples,)
        Two classes or more. Of two, the one with fewer rows in all of `y` is the positive one (of equal ones the last).
    splits : list of (fold, inner, train, test) or (fold, inner, train, test, tuning)
        Two numbers that name the split, and row positions. `tuning` holds the inner folds, as pairs of positions within
        `train`; without it they are stratified and shuffled, the same ones for all methods.
    methods : dict
        Name to None (the learner as it is), to a sampler, or to an object with ``sample_weight(y)``. A sampler whose
        tags do not take text gets the table encoded by a `MatrixEncoder` that was fitted to the training part, so on
        a mixed table the samplers of imbalanced-learn interpolate one-hot codes; likewise one that refuses missing
        cells, if there are any. The neighbours that a sampler of imbalanced-learn asks for are reduced to what the
        smallest class of the training part has.
    learners : dict
        Name to classifier with ``predict_proba``; always given the encoded table.
    inner_cv : int, default=3
        Inner folds, where `splits` has none.
    inner_rows : bool, default=False
        Whether to return measures on the inner folds too, one row per inner fold. The threshold used on such a fold is
        tuned on the others.
    random_state, n_jobs, memory, max_time
        As in `compare_classification`.
    callback : callable, default=None
        Called with (tasks done, tasks in all) after each task.

    Returns
    -------
    rows : list of dict
        One per split, method and learner:

        - fold, inner, method, learner, n_train, n_test, n_synthetic, seconds (resampling and the final fit, without
          tuning), fallback_share if the sampler has one;
        - average_precision, brier: of the probabilities. ``brier_corrected``: after prior correction;
        - f1, g_mean, balanced_accuracy: of the most probable class; f1_tuned, g_mean_tuned, balanced_accuracy_tuned:
          each with the threshold that is best for it;
        - base_rate: the average precision of a learner that knows nothing.

        Or fold, inner, method, error; with learner, where only that learner cannot be used with the method.
        Rows of inner folds have ``inner`` = 0, 1, ...

    Notes
    -----
    Two classes: average precision and F1 are those of the positive class, the geometric mean is that of the two
    recalls, and the Brier score the mean of (p - y)^2 of the positive class. A row is called positive when its
    probability reaches the threshold; thresholds tried lie halfway between neighbouring out-of-fold probabilities, of
    equally good ones the nearest to 0.5 is taken.

    More classes: average precision (one against the rest) and F1 are means over classes, the geometric mean is that of
    all recalls, and the Brier score is summed over classes. The "threshold" is one exponent: the class called is that
    of the largest ``p_c / prior_c**alpha``, where ``prior_c`` is the share of class c among the real training rows and
    alpha is 0, 0.05, ..., 1.5: 0 goes for the number of hits, 1 gives classes equal say. Here p is corrected first, so
    that alpha means the same with balanced rows and without.

    Prior correction: p_c is multiplied by the share that class c has among the real training rows, divided by the one
    it has (in rows or weights) after resampling, and scaled to a sum of 1. That is exact if new rows are distributed as
    the real ones of their class are; `ResampledClassifier` does it with ``prior_correction=True``.

    A class that is absent from the training or the test part is left out of means over classes and of the geometric
    mean; its rows count as errors of the others. Where nothing is left, or of two classes the positive one is absent,
    there is an error instead of measures, and no row for an inner fold. A training part with one class only is not
    resampled, and predicts that class.

    Examples
    --------
    >>> from imblearn.over_sampling import SMOTE
    >>> from sklearn.datasets import make_classification
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold, TimeSeriesSplit
    >>> from skgan_resample.model_selection._classification import evaluate
    >>> X, y = make_classification(200, weights=[0.9], random_state=0)
    >>> folds = StratifiedKFold(5).split(X, y)
    >>> splits = [(fold, -1, train, test) for fold, (train, test) in enumerate(folds)]
    >>> rows = evaluate(X, y, splits, {"none": None, "smote": SMOTE()}, {"logistic": LogisticRegression()})
    >>> for row in rows[:2]:
    ...     print(row["method"], row["n_train"], row["n_synthetic"], row["f1_tuned"] > 0.2)
    none 160 0 True
    smote 160 128 True
    """
    problem = _Problem(X, column_or_1d(np.asarray(y)))
    tasks = []
    for fold, inner, train, test, *tuning in splits:
        seed = task_seed(random_state, fold, inner + 1)
        folds = tuning[0] if tuning else tuning_folds(problem.y[train], inner_cv, seed)
        for name, method in methods.items():
            label = {"fold": fold, "inner": inner, "method": name}
            tasks.append((label, (problem, train, test, folds, method, learners, inner_rows, seed)))
    return run_tasks(
        _run_task,
        tasks,
        [*methods.values(), *learners.values()],
        n_jobs=n_jobs,
        memory=memory,
        max_time=max_time,
        callback=callback,
    )


def tuning_folds(y, n_folds, seed):
    """Return stratified folds as pairs of positions; a class of few rows is absent from some."""
    n_folds = max(2, min(n_folds, np.unique(y, return_counts=True)[1].max()))
    with few_rows_allowed():
        return list(StratifiedKFold(n_folds, shuffle=True, random_state=seed).split(np.zeros(len(y)), y))


class _Problem:
    """A table and its classes, as codes in `truth`; of two classes `positive` is the code of the smaller one."""

    def __init__(self, X, y):
        self.X, self.y = X, y
        self.classes, self.truth, counts = np.unique(y, return_inverse=True, return_counts=True)
        if len(self.classes) < 2:
            raise ValueError("The target has one class only: there is nothing to tell apart.")
        self.positive = int(counts[1] <= counts[0]) if len(counts) == 2 else None

    def judged(self, train, test):
        """Return the codes of the classes that measures are made of: none if nothing can be said."""
        found = np.intersect1d(self.truth[train], self.truth[test])
        return found if self.positive is None or self.positive in found else found[:0]


@dataclass
class _Part:
    """What one model says of the test rows of one split or inner fold, and what the truth is."""

    truth: np.ndarray  # codes of classes, (n_test,)
    probabilities: np.ndarray  # (n_test, n_classes), 0 for a class that was not trained on
    corrected: np.ndarray  # the same after prior correction
    prior: np.ndarray  # (n_classes,), 1 for a class that was not trained on
    judged: np.ndarray
    positive: int | None
    facts: dict  # counts and seconds

    def measures(self, cuts):
        """Return all measures; `cuts` holds a threshold, or an exponent of the prior, by the measure it is best for."""
        truth, judged, positive = self.truth, self.judged, self.positive
        scored = judged if positive is None else [positive]
        found = {
            "average_precision": _mean([average_precision_score(truth == c, self.probabilities[:, c]) for c in scored]),
            "base_rate": _mean([np.mean(truth == c) for c in scored]),
            "brier": brier_score(truth, self.probabilities, positive),
            "brier_corrected": brier_score(truth, self.corrected, positive),
            **decision_scores(truth, self.probabilities.argmax(axis=1), judged, positive),
        }
        for name in TUNED:
            called = self.decide(cuts[name])
            found[f"{name}_tuned"] = decision_scores(truth, called, judged, positive)[name]
        return found

    def decide(self, cut):
        """Return the classes called with a threshold, or an exponent of the prior."""
        return decide(
            self.probabilities if self.positive is not None else self.corrected, cut, self.prior, self.positive
        )


def _run_task(problem, train, test, folds, method, learners, inner_rows, seed, code):
    """Return one row of measures per learner, for one method on one split; `code` only tells cached results apart."""
    if not len(problem.judged(train, test)):
        raise ValueError("The training or the test part lacks the class that is to be judged.")
    usable, rows = {}, []
    for name, learner in learners.items():
        if _weighs(method) and weight_parameter(learner) is None:
            rows.append({"learner": name, "error": no_weights(learner)})
        else:
            usable[name] = learner
    if not usable:
        return rows
    inner = [_fit_part(problem, train[part], train[held_out], method, usable, seed) for part, held_out in folds]
    outer = _fit_part(problem, train, test, method, usable, seed)  # last: it is timed, and torch is loaded by now
    for name in usable:
        parts = [found[name] for found in inner]
        rows.append({"learner": name, **outer[name].facts, **outer[name].measures(best_cuts(parts))})
        for number, part in enumerate(parts):
            if inner_rows and len(part.judged):
                cuts = best_cuts([other for other in parts if other is not part])
                rows.append({"inner": number, "learner": name, **part.facts, **part.measures(cuts)})
    return rows


def _fit_part(problem, train, test, method, learners, seed):
    """Resample a training part once and fit every learner to it; return a `_Part` by learner."""
    X_real, y_real = take_rows(problem.X, train), problem.y[train]
    vectorizer = MatrixEncoder().fit(X_real)
    X_train, y_train, weights, facts, sampling = _resampled(method, X_real, y_real, vectorizer, seed)
    X_test = vectorizer.transform(take_rows(problem.X, test))
    codes, n_classes = np.searchsorted(problem.classes, y_train), len(problem.classes)
    real = np.bincount(problem.truth[train], minlength=n_classes) / len(train)
    shares = np.bincount(codes, weights, minlength=n_classes)
    shares = shares / shares.sum()
    parts = {}
    for name, learner in learners.items():
        started = time.perf_counter()
        model = seeded_clone(learner, np.random.RandomState(seed)) if len(np.unique(codes)) > 1 else DummyClassifier()
        fit_weighted(model, X_train, y_train, weights)
        seconds = sampling + time.perf_counter() - started
        probabilities = np.zeros((len(test), n_classes))
        probabilities[:, np.searchsorted(problem.classes, model.classes_)] = model.predict_proba(X_test)
        parts[name] = _Part(
            problem.truth[test],
            probabilities,
            prior_corrected(probabilities, shares, real),
            np.where(real > 0, real, 1.0),
            problem.judged(train, test),
            problem.positive,
            {"n_train": len(train), "n_test": len(test), "n_synthetic": 0, **facts, "seconds": seconds},
        )
    return parts


def _resampled(method, X, y, vectorizer, seed):
    """Return a training part for the learners: encoded rows, classes, weights or None, facts, and seconds of sampling.

    One with a single class stays as it is.
    """
    if method is None or len(np.unique(y)) == 1:
        return vectorizer.transform(X), y, None, {}, 0.0
    started = time.perf_counter()
    if _weighs(method):
        weights, seconds = method.sample_weight(y), time.perf_counter() - started
        return vectorizer.transform(X), y, weights, {}, seconds
    sampler = _prepared(method, y, seed)
    is_raw = takes_table(sampler, vectorizer)
    X_given = X if is_raw else vectorizer.transform(X)
    started = time.perf_counter()
    X_new, y_new = sampler.fit_resample(X_given, y)
    seconds = time.perf_counter() - started
    return vectorizer.transform(X_new) if is_raw else X_new, y_new, None, _facts_of(sampler, y, y_new), seconds


def _weighs(method):
    return hasattr(method, "sample_weight") and not hasattr(method, "fit_resample")


def _prepared(method, y, seed):
    """Return a seeded clone of a sampler, which asks for no more neighbours than the smallest class has."""
    sampler = seeded_clone(method, np.random.RandomState(seed))
    return limit_neighbors(sampler, np.unique(y, return_counts=True)[1].min() - 1)


def limit_neighbors(sampler, most):
    """Let a sampler of imbalanced-learn, or one inside of another, ask for no more neighbours than `most`."""
    for part in [sampler, *sampler.get_params().values()]:
        if type(part).__module__.startswith("imblearn.") and hasattr(part, "get_params"):
            asked = {name: k for name, k in part.get_params(deep=False).items() if name in NEIGHBORS}
            part.set_params(**{name: most for name, k in asked.items() if isinstance(k, Integral) and k > most > 0})
    return sampler


def takes_table(sampler, vectorizer):
    """Whether a sampler takes the table as it is: text, if there were any, and the missing cells that there are."""
    if not hasattr(sampler, "__sklearn_tags__"):
        return False
    tags = sampler.__sklearn_tags__().input_tags
    return tags.string and (tags.allow_nan or not any(column.has_missing for column in vectorizer.encoder_.columns_))


def _facts_of(sampler, y, y_new):
    """Return what a fitted sampler did."""
    is_synthetic = getattr(sampler, "is_synthetic_", None)
    n_new = max(0, len(y_new) - len(y)) if is_synthetic is None else np.count_nonzero(is_synthetic)
    facts = {"n_synthetic": int(n_new)}
    for part in (sampler, getattr(sampler, "sampler_", None)):
        share = getattr(part, "fallback_share_", None)
        if share is not None:
            facts["fallback_share"] = float(share)
    return facts


def _mean(values):
    return float(np.mean(values))


# ------------------------------------------------------------------------------------------------ the comparison
def compare_classification(
    X,
    y,
    *,
    methods=None,
    learners=None,
    scoring="average_precision",
    cv=5,
    n_repeats=2,
    inner_cv=3,
    groups=None,
    random_state=0,
    n_jobs=None,
    memory=None,
    max_time=None,
    callback=None,
):
    """Find out whether resampling or weighting classes helps on this table, and which method.

    Every method meets the same folds, and its threshold is tuned within each training part, also that of the learner
    alone: moving a threshold needs no new rows. A method is chosen on inner folds of each training part and judged on
    the outer fold, which played no part in the choice; all measuring is done on real rows.

    Parameters
    ----------
    X : array-like or pandas, polars or pyarrow table of shape (n_samples, n_features)
        Real rows only. Missing cells and nominal columns are encoded for the learner inside each fold; for samplers
        that cannot take them too.
    y : array-like of shape (n_samples,)
        Classes: text, booleans, or at most 30 different whole numbers. Of two, the smaller one is the positive one.
    methods : list of names, dict or None, default=None
        From the simplest to the most involved: "none"; "weights", balanced class weights; "duplicate", copies of rows
        of the whole table, the control for mere numbers; "random", copies of rows of small classes; "smote",
        "borderline-smote", "adasyn", "kmeans-smote" and "svm-smote" of imbalanced-learn, with fewer neighbours where a
        class has few rows; "hard-triplet", `HardTripletSampler`. Of equally good ones the first is named. The name of a
        sampler followed by "+smcae", such as "smote+smcae", is that sampler in a `SyntheticRefiner`. Or name to
        sampler, to an object with ``sample_weight(y)``, or to None for the learner alone. "none" is always added: the
        others are measured against it. None is all methods, without refined ones.
    learners : classifier, dict of name to classifier, or None, default=None
        With ``predict_proba``. None is gradient boosting, see `default_learner`. With several, effects are averaged
        over them.
    scoring : {"average_precision", "f1", "g_mean", "balanced_accuracy", "brier"}, default="average_precision"
        What methods are judged by: how well rows are ranked, a score of decisions with the threshold tuned for it, or
        the error of probabilities after prior correction. For more than two classes see the Notes.
    cv : int, splitter or iterable, default=5
        Outer folds. An int is stratified by class and shuffled; rows of one group stay together.
    n_repeats : int, default=2
        How often an int `cv` is repeated with other folds.
    inner_cv : int, default=3
        Inner folds, which tune thresholds and choose the method.
    groups : array-like of shape (n_samples,), default=None
        Rows of one group are never on both sides of a split.
    random_state : int, default=0
        Seed of folds, methods and learners.
    n_jobs : int, default=None
        Processes, by joblib. Results do not depend on it.
    memory : str or joblib.Memory, default=None
        Folder that keeps the result of every task; the same call later goes on from there.
    max_time : float, default=None
        Seconds after which the comparison ends; complete outer folds are judged. Tasks then run in processes of their
        own, also one at a time, so that one that does not return can be ended. Results then depend on the machine.
    callback : callable, default=None
        Called with (tasks done, tasks in all) after each task. If it has a method ``time_left``, that is called before,
        with an estimate of the seconds left, or None as long as there is none.

    Returns
    -------
    ClassificationComparison
        ``comparison.verdict`` is the answer, ``comparison.summary`` one row per method, ``comparison.rows`` all
        measurements.

    Raises
    ------
    ValueError
        If the input cannot be used, `y` holds amounts instead of classes, one of two classes has too few rows, or no
        two outer folds could be finished in `max_time`.
    TypeError
        If a learner is no classifier with ``predict_proba``.

    See Also
    --------
    compare : The same for a continuous target.

    Notes
    -----
    "Helps" means, all of it on outer folds:

    - a method is better than the learner alone by 0.01 or more (Brier score: by 5 % of that of the learner alone), with
      a p-value below 0.05 after adjustment for the number of methods (Holm), by the corrected resampled t statistic
      [1]_, which allows for training sets that overlap;
    - it ranks rows better than chance;
    - inner folds chose it more often than the other such methods, and choosing on inner folds is better than the
      learner alone too.

    "Does not help" means that a gain of that size is excluded for every method, "cannot tell" all else.

    Thresholds are tuned, and methods chosen, on the same inner folds. The score of an inner fold is that with the
    threshold that is best on the others.

    With more than two classes, measures are means over classes, and the threshold becomes an exponent of the prior; a
    class that is absent from a training or a test part is left out there. The docstring of `evaluate` in this module
    has the formulas.

    References
    ----------
    .. [1] C. Nadeau, Y. Bengio, "Inference for the generalization error", Machine Learning 52, 2003.

    Examples
    --------
    >>> from sklearn.datasets import make_classification
    >>> from sklearn.linear_model import LogisticRegression
    >>> from skgan_resample.model_selection import compare_classification
    >>> X, y = make_classification(600, weights=[0.9], class_sep=0.5, flip_y=0, random_state=0)
    >>> options = {"methods": ["weights"], "learners": LogisticRegression(), "scoring": "f1"}
    >>> comparison = compare_classification(X, y, **options)
    >>> for row in comparison.summary[:2]:
    ...     print(f"{row['method']}: F1 {row['f1']:.2f}, {row['f1_tuned']:.2f} with a tuned threshold")
    none: F1 0.57, 0.61 with a tuned threshold
    weights: F1 0.60, 0.59 with a tuned threshold
    >>> comparison.verdict.method is None
    True
    """
    started = time.monotonic()
    y = comparable_classes(y)
    check_consistent_length(TableEncoder(scale=None).fit_to_codes(X), y)  # refuses what no learner could use
    check_settings(random_state, scoring, MEASURES)
    methods = _check_methods(methods)
    learners = named_learners(learners, default_learner, is_regressor, "regressor", "classifier")
    for name, learner in learners.items():
        if not hasattr(learner, "predict_proba"):
            raise TypeError(f"The learner {name!r} has no predict_proba; put it into a CalibratedClassifierCV.")
    splits = _make_splits(X, y, cv, n_repeats, inner_cv, groups, random_state)
    rows = evaluate(
        X,
        y,
        splits,
        methods,
        learners,
        inner_rows=True,
        random_state=random_state,
        n_jobs=n_jobs,
        memory=memory,
        max_time=max_time,
        callback=callback,
    )
    places = [(fold, OUTER, name) for fold, *_ in splits for name in methods]
    rows, folds, failures = finished_folds(rows, places, (NONE,), max_time)
    labels, counts = np.unique(y, return_counts=True)
    return ClassificationComparison(
        rows=rows,
        methods=[name for name in methods if name not in failures],
        samplers=[name for name, method in methods.items() if hasattr(method, "fit_resample")],
        learners=list(learners),
        scoring=scoring,
        counts=dict(zip(labels.tolist(), counts.tolist())),
        test_share=mean_test_share([(train, test) for fold, _, train, test, _ in splits if fold in folds]),
        failures=failures,
        n_planned=len(splits),
        seconds=time.monotonic() - started,
    )


def _check_methods(methods):
    """Return the methods by name, "none" first."""
    if not isinstance(methods, dict):
        known = default_methods()
        return known if methods is None else {NONE: None, **methods_by_name(methods, known)}
    if methods.get(NONE) is not None:
        raise ValueError(f"The name {NONE!r} is taken by the learner alone.")
    for name, method in methods.items():
        if method is not None and not hasattr(method, "fit_resample") and not hasattr(method, "sample_weight"):
            raise ValueError(
                f"The method {name!r} must be a sampler, None, or an object with sample_weight(y); got {method!r}."
            )
    return {NONE: None, **methods}


def _make_splits(X, y, cv, n_repeats, inner_cv, groups, random_state):
    """Return (fold, OUTER, train, test, inner folds) for every outer fold; see `evaluate`."""
    is_time = respects_time(cv, groups)
    groups = None if groups is None else np.asarray(groups)
    seed = int(check_random_state(random_state).randint(2**31 - 1))

    def inside(train):
        if is_time:
            return list(TimeSeriesSplit(inner_cv).split(train))
        if groups is not None:
            n_inner = inner_group_folds(inner_cv, groups, train, 3)
            folds = StratifiedGroupKFold(n_inner, shuffle=True, random_state=seed)
            with few_rows_allowed():
                return list(folds.split(train, y[train], groups[train]))
        return tuning_folds(y[train], inner_cv, seed)

    needs_all = len(np.unique(y)) == 2
    splits = class_splits(X, y, cv, n_repeats, groups, random_state, needs_all=needs_all)
    return [(fold, OUTER, train, test, inside(train)) for fold, (train, test) in enumerate(splits)]
