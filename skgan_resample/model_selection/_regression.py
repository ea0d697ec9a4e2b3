"""compare(): does resampling help on this table, which method, by how much, at what price, and is it more than noise?

Two parts: an engine that fits every method and learner on the same splits (`evaluate`, which the benchmarks use as
well), and `compare`, whose verdict is in `_verdict`.
"""

import time
from numbers import Integral

import numpy as np
from sklearn.base import clone, is_classifier
from sklearn.model_selection import GroupKFold, TimeSeriesSplit, check_cv
from sklearn.pipeline import make_pipeline
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_consistent_length

from skgan_resample import metrics
from skgan_resample._estimators import seeded_clone
from skgan_resample._folds import RegressionStratifiedKFold, RepeatedRegressionStratifiedKFold
from skgan_resample._tables._containers import take_rows
from skgan_resample._tables._encoder import TableEncoder
from skgan_resample._tables._targets import read_target
from skgan_resample._tables._vectorizer import MatrixEncoder
from skgan_resample.compose import OutputCorrectedRegressor
from skgan_resample.model_selection._methods import default_learner, default_methods, methods_by_name, wrap
from skgan_resample.model_selection._result import CONSTANT, OUTER, SCORE_LABELS, YARDSTICKS, Comparison
from skgan_resample.model_selection._splits import (
    check_settings,
    enough_groups,
    inner_group_folds,
    named_learners,
    respects_time,
)
from skgan_resample.model_selection._tasks import finished_folds, mean_test_share, run_tasks, task_seed
from skgan_resample.relevance import Relevance


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
    X : table of shape (n_samples, n_features)
    y : array-like of shape (n_samples,)
    splits : list of (fold, inner, train, test) or (fold, inner, train, test, calibration)
        Two numbers that name the split, and row positions. `calibration` holds the folds of output correction, as
        pairs of positions within `train`; without it they are stratified and shuffled.
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
    relevance = Relevance() if relevance is None else relevance
    if memory is not None and callable(getattr(relevance, "method", None)):
        raise ValueError("memory cannot tell one callable relevance from another; use control_points, or no memory.")
    tasks = []
    for fold, inner, train, test, *calibration in splits:
        seed = task_seed(random_state, fold, inner + 1)
        for name in (*methods, CONSTANT):
            method = CONSTANT if name == CONSTANT else methods[name]
            if calibration and isinstance(method, OutputCorrectedRegressor):
                method = clone(method).set_params(cv=calibration[0])
            label = {"fold": fold, "inner": inner, "method": name}
            tasks.append((label, (X, y, train, test, method, learners, relevance, threshold, seed)))
    return run_tasks(
        _run_task,
        tasks,
        [relevance, *methods.values(), *learners.values()],
        n_jobs=n_jobs,
        memory=memory,
        max_time=max_time,
        callback=callback,
    )


def _run_task(X, y, train, test, method, learners, relevance, threshold, seed, code):
    """Return one row of measures per learner, for one method on one split; `code` only tells cached results apart."""
    y = np.asarray(y, dtype=float)
    phi = clone(relevance).fit(y[train])
    X_train, y_train, X_test, y_test = take_rows(X, train), y[train], take_rows(X, test), y[test]
    if isinstance(method, str):
        measures = _measure(phi, threshold, y_test, np.full(len(test), y_train.mean()))
        return [{"learner": name, **measures} for name in learners]
    started = time.perf_counter()
    n_synthetic = 0
    if hasattr(method, "fit_resample"):
        sampler = seeded_clone(method, np.random.RandomState(seed))
        n_real = len(y_train)
        X_train, y_train = sampler.fit_resample(X_train, y_train)
        n_synthetic = len(y_train) - n_real
    sampling = time.perf_counter() - started
    rows = []
    for name, learner in learners.items():
        started = time.perf_counter()
        model = learner if method is None or hasattr(method, "fit_resample") else wrap(method, learner)
        model = seeded_clone(model, np.random.RandomState(seed))
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
    max_common_price=0.05,
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
    X : array-like or pandas, polars or pyarrow table of shape (n_samples, n_features)
        Real rows only. Missing cells and nominal columns are encoded for the learner inside each fold.
    y : array-like of shape (n_samples,)
        Target, finite numbers.
    methods : list of names, dict or None, default=None
        Names of `default_methods`, or name to sampler, to regressor whose innermost `estimator` is None, or to None
        for the learner alone. From the simplest to the most involved: of equally good ones the first is named. "none",
        "light-correction" and "correction" are always added: the others are measured against them. The name of a
        sampler followed by "+smcae", such as "smogn+smcae", is that sampler in a `SyntheticRefiner`; None, all default
        methods, has none of these, which cost seconds per fold.
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
    inner_cv : int or None, default=3
        Inner folds that choose the method; with None nothing is chosen, so that no method is named.
    groups : array-like of shape (n_samples,), default=None
        Rows of one group are never on both sides of a split.
    max_price : float, default=0.02
        A method that raises the RMSE over all rows by a larger share trades one error for another and is not named.
    max_common_price : float, default=0.05
        Likewise for the RMSE on common rows. On a skewed target rare rows dominate the RMSE over all rows, which does
        not see what the others pay.
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
    Comparison
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
    "Helps" means, all of it on outer folds:

    - a method lowers the score by 5 % or more, with a p-value below 0.05 after adjustment for the number of methods
      (Holm), by the corrected resampled t statistic [1]_, which allows for training sets that overlap;
    - its price is acceptable, `max_price` and `max_common_price`, and its RMSE is below that of predicting the training
      mean: on a target that nothing predicts, whatever shifts predictions lowers SERA;
    - it is more than a shift: moving all predictions a little lowers SERA at little cost, so a sampler or weights must
      beat the predictions of the learner alone, moved as far as the same rise of the RMSE allows ("matched", one-sided,
      Holm); else the correction itself is named. For "rare_mae", a mean of absolute errors, what moved predictions
      reach is not known exactly: a sampler must beat a lower bound of it. For other scores than "sera" it must be
      more than a shift by SERA, too. Where a correction failed this cannot be tested, and the verdict says so;
    - inner folds chose it more often than the other such methods, and choosing on inner folds lowers the score too.

    "Does not help" means that a gain of that size at that price, or an RMSE below that of the training mean, is
    excluded by the 95 % intervals of all methods, or that no method changes anything. "Cannot tell" means all else,
    also that the learner alone already has no error in some fold.

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
    >>> comparison.verdict.answer, comparison.verdict.method
    ('helps', 'light-correction')
    >>> smogn = comparison.summary[-2]
    >>> print(f"{smogn['method']}: {smogn['score_ratio']:.2f}, against moved predictions {smogn['matched_ratio']:.2f}")
    smogn: 0.82, against moved predictions 1.01
    """
    started = time.monotonic()
    y = read_target(y)
    check_consistent_length(TableEncoder(scale=None).fit_to_codes(X), y)  # refuses what no learner could use
    check_settings(random_state, scoring, SCORE_LABELS)
    relevance = Relevance() if relevance is None else relevance
    fitted = clone(relevance).fit(y)
    methods = _check_methods(methods, relevance, threshold)
    learners = named_learners(learners, default_learner, is_classifier, "classifier", "regressor")
    learners = {name: make_pipeline(MatrixEncoder(), learner) for name, learner in learners.items()}
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
    places = [(fold, inner, name) for fold, inner, *_ in splits for name in (*methods, CONSTANT)]
    # the learner alone fails where a training part holds no rare row, as the first inner folds of a time series may
    rows, folds, failures = finished_folds(rows, places, ("none", CONSTANT), max_time)
    outer = [(train, test) for fold, inner, train, test, *_ in splits if inner == OUTER and fold in folds]
    return Comparison(
        rows=rows,
        methods=[name for name in methods if name not in failures],
        samplers=[name for name, method in methods.items() if hasattr(method, "fit_resample")],
        learners=list(learners),
        scoring=scoring,
        max_price=max_price,
        max_common_price=max_common_price,
        n_rows=len(y),
        n_rare=int(fitted.rare_mask(y, threshold).sum()),
        relevance=fitted.explain(y, threshold),
        test_share=mean_test_share(outer),
        failures=failures,
        n_planned=sum(inner == OUTER for _, inner, *_ in splits),
        seconds=time.monotonic() - started,
    )


# ------------------------------------------------------------------------------------------------ arguments
def _check_methods(methods, relevance, threshold):
    """Return the methods by name, the yardsticks first."""
    known = default_methods(relevance, threshold)
    if methods is None:
        return known
    if isinstance(methods, dict):
        taken = [name for name in (*YARDSTICKS[1:], CONSTANT) if name in methods]
        if taken or methods.get("none") not in (None, "passthrough"):
            raise ValueError(f"The names {[*YARDSTICKS, CONSTANT]} are taken by methods that are always compared.")
        for name, method in methods.items():
            if not (
                method in (None, "passthrough") if isinstance(method, str | None) else hasattr(method, "get_params")
            ):
                raise ValueError(f"The method {name!r} must be a sampler, a regressor or None, got {method!r}.")
        own = {name: None if isinstance(method, str) else method for name, method in methods.items() if name != "none"}
    else:
        own = {name: method for name, method in methods_by_name(methods, known).items() if name not in YARDSTICKS}
    return {**{name: known[name] for name in YARDSTICKS}, **own}


def _make_splits(X, y, cv, n_repeats, inner_cv, groups, random_state):
    """Return (fold, inner, train, test, calibration) for every outer fold and its inner folds; see `evaluate`."""
    seed = int(check_random_state(random_state).randint(2**31 - 1))
    is_time = respects_time(cv, groups)
    splitter_folds = cv if isinstance(cv, Integral) else 5
    if isinstance(cv, Integral):
        if groups is not None:
            enough_groups(cv, groups)
            cv = GroupKFold(cv)
        else:
            cv = RepeatedRegressionStratifiedKFold(n_splits=cv, n_repeats=n_repeats, random_state=seed)
    groups = None if groups is None else np.asarray(groups)
    least = None if groups is None else _least_groups(splitter_folds, inner_cv)

    def inside(train):
        """Return folds within `train` as pairs of positions in it."""
        if is_time:
            return list(TimeSeriesSplit(inner_cv).split(train))
        if groups is not None:
            n_inner = inner_group_folds(inner_cv or 3, groups, train, least)
            return list(GroupKFold(n_inner).split(train, y[train], groups[train]))
        return list(RegressionStratifiedKFold(inner_cv, shuffle=True, random_state=seed).split(train, y[train]))

    splits = []
    for fold, (train, test) in enumerate(check_cv(cv).split(X, y, groups)):
        own = [] if inner_cv is None else [(train[part], train[held_out]) for part, held_out in inside(train)]
        for inner, (part, held_out) in enumerate([(train, test), *own], start=OUTER):
            is_plain = groups is None and not is_time
            splits.append((fold, inner, part, held_out, *(() if is_plain else (inside(part),))))
    return splits


def _least_groups(cv, inner_cv):
    """Return of how many groups of equal size all training parts, also those of inner folds, hold two or more."""
    n_groups = cv
    while True:
        outer = n_groups - -(-n_groups // cv)
        inner = outer if inner_cv is None else outer - -(-outer // max(2, min(inner_cv, outer)))
        if inner >= 2:
            return n_groups
        n_groups += 1
