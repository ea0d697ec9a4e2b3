"""compare(): does resampling, a simpler remedy, or adversarial training help on this table, at what cost?"""

import time
import warnings
from inspect import signature
from numbers import Real

import numpy as np

from skgan_resample._tables._targets import is_continuous_target
from skgan_resample._thresholds import MEASURES
from skgan_resample.model_selection._classification import classification_plan
from skgan_resample.model_selection._regression import SCORE_LABELS, regression_plan
from skgan_resample.model_selection._result import Comparison, Models
from skgan_resample.model_selection._robustness import robustness_plan
from skgan_resample.model_selection._splits import OUTER
from skgan_resample.model_selection._tasks import finished_folds, mean_test_share

EVERY_TASK = ("X", "y", "task", "n_jobs", "memory", "max_time", "callback")  # parameters that no plan takes, or all do
REGRESSION_ONLY = ("relevance", "threshold", "max_rmse_increase", "max_common_increase")
PLANS = {"regression": regression_plan, "classification": classification_plan, "robustness": robustness_plan}


def compare(
    X,
    y,
    *,
    task="auto",
    threat_model=None,
    methods=None,
    estimators=None,
    relevance=None,
    threshold=0.8,
    scoring=None,
    cv=5,
    n_repeats=None,
    inner_cv=3,
    groups=None,
    max_rmse_increase=0.02,
    max_common_increase=0.05,
    random_state=0,
    n_jobs=None,
    memory=None,
    max_time=None,
    callback=None,
):
    """Find out whether resampling, a simpler remedy or adversarial training helps on this table, and which method.

    Every method meets the same folds. A method is chosen on inner folds of each training part and judged on the outer
    fold, which played no part in the choice; all measuring is done on real rows. Read more in
    :doc:`the guide </compare>`.

    Parameters
    ----------
    X : array-like or pandas, polars or pyarrow table of shape (n_samples, n_features)
        Real rows only. Missing cells and nominal columns are encoded for the estimator inside each fold.
    y : array-like of shape (n_samples,)
        A numeric target, finite; or classes: text, booleans, or at most 30 different whole numbers. Of two classes the
        smaller one is the positive one.
    task : {"auto", "regression", "classification", "robustness"}, default="auto"
        "auto" is robustness if a threat model is given; regression if a parameter or score of regression is given, or
        for a target with fractions or more than 20 different numbers; else classification.
    threat_model : ThreatModel, default=None
        What an attacker may change. A clone is fitted to `X`, whether it was fitted before or not, and resolved into
        the units of the columns: all methods train against this budget and are attacked with it.
    methods : list of names, dict or None, default=None
        Names of `default_methods`, which are all of them with None. The name of a sampler followed by "+smcae", such as
        "smogn+smcae", is that sampler in a `SyntheticRefiner`, which costs seconds per fold and is not among the
        defaults. Or name to method, from the simplest to the most involved: of equally good ones the first is
        recommended. For a regression a sampler, a regressor whose innermost `estimator` is None, or None for the
        estimator alone; for classes a sampler, an object with ``sample_weight(y)``, or None; for robustness a
        classifier. Always compared, since the others are measured against them: "none", for a regression also
        "recalibration(0.2)" and "recalibration", for robustness "at".
    estimators : estimator, dict of name to estimator, or None, default=None
        None is gradient boosting. With several, effects are averaged over them. Classifiers need ``predict_proba``. For
        robustness, your own models, compared beside the methods, a single one as "estimator": unless one is a network
        or linear model whose gradient `make_robust_scorer` knows, it is attacked by a black-box search, which finds
        less than the attacks on the others, so no p-value is given for it.
    relevance : Relevance, default=None
        For a regression: the evaluation metric, fitted to the training targets of each fold, and what the default
        methods call rare. None is ``Relevance()``.
    threshold : float, default=0.8
        For a regression: a row is rare from this relevance on.
    scoring : str, default=None
        What methods are judged by. For a regression "sera" (None; the squared error weighted by relevance), "rmse",
        "rare_mae" or "common_rmse". For classes "average_precision" (None), "f1", "g_mean" or "balanced_accuracy", with
        thresholds tuned, or "brier", after prior correction.
    cv : int, splitter or iterable, default=5
        Outer folds. An int is stratified by the target and shuffled; rows of one group stay together.
    n_repeats : int, default=None
        How often an int `cv` is repeated with other folds. None is 2, for robustness 1; once for a regression with
        groups.
    inner_cv : int or None, default=3
        Inner folds, which choose the method and tune thresholds. With None, for a regression, nothing is chosen, so
        that no method is recommended.
    groups : array-like of shape (n_samples,), default=None
        Rows of one group are never on both sides of a split.
    max_rmse_increase : float, default=0.02
        For a regression: a method that raises the RMSE over all rows by a larger share is not recommended.
    max_common_increase : float, default=0.05
        Likewise for the RMSE on common rows. On a skewed target rare rows dominate the RMSE over all rows, which does
        not see what the others pay.
    random_state : int, default=0
        Seed of folds, methods and estimators. In a fold all methods get the same one.
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
        ``comparison.verdict`` is the answer, ``comparison.summary`` a row per method, ``comparison.values`` all
        measurements, ``comparison.pipeline()`` the recommended estimator.

    Raises
    ------
    NoRareRowsError
        If the relevance finds no rare target value.
    ValueError
        If the input cannot be used, a parameter does not belong to the task, or no two outer folds could be finished in
        `max_time`.
    TypeError
        If an estimator is of the wrong kind, or `threat_model` no ThreatModel.

    See Also
    --------
    Comparison : What it returns.
    default_methods : What it tries.

    Notes
    -----
    "Helps" means, all of it on outer folds: a method is better than the estimator alone by the minimum relevant
    difference (5 % of the score for a regression and for the Brier score, one point for classes and under attack); its
    p-value, adjusted for the number of methods (Holm), is below 0.05 by the corrected resampled t statistic [1]_; it is
    better than a model that knows nothing (the mean of the target, chance, the commonest class); its cost is within
    the limits; and inner folds chose it, and choosing so is better than the estimator alone, too (not for robustness).
    "Does not help" means that such a gain at such a cost is excluded by the 95 % intervals of all methods, or that no
    method changes anything or beats a model that knows nothing. "Cannot tell" means all else.

    For a regression a method must also beat the *recalibrated baseline at equal RMSE*, since moving all predictions a
    little towards rare values lowers SERA without new rows: predictions of the estimator alone, moved a share of the
    way to their recalibrated values (`OutputCorrectedRegressor`), the best share that raises the RMSE no more than the
    method does. ``recalibrated_ratio``, the ratio of both scores, must be below 1 (one-sided test, Holm), for other
    scores than "sera" also by SERA; else the recalibration is recommended. For "rare_mae" the baseline is a lower
    bound.

    Thresholds of classes are tuned for all methods alike, on the inner folds that also choose; the score of an inner
    fold is that with the threshold that is best on the others. With more than two classes, measures are means over
    classes, and the threshold becomes an exponent of the prior.

    Under attack there are two questions: whether adversarial training ("at") raises robust accuracy over "none", and
    whether treating robust overfitting ("auto") raises it over "at". "at-1.5", training with 1.5 times the budget, is
    the control. Intervals also allow for the number of rows: a few folds may agree by chance.

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
    >>> comparison = compare(X, y, methods=["weights", "smogn"], estimators=Ridge(0.1), relevance=highest_tenth)
    >>> comparison.verdict.answer, comparison.verdict.method
    ('helps', 'recalibration(0.2)')
    >>> smogn = comparison.results["smogn"]
    >>> print(f"SERA x {smogn['score_ratio']:.2f}, of recalibrated predictions x {smogn['recalibrated_ratio']:.2f}")
    SERA x 0.82, of recalibrated predictions x 1.01

    Classes are told from a numeric target:

    >>> from sklearn.datasets import make_classification
    >>> from sklearn.linear_model import LogisticRegression
    >>> X, y = make_classification(600, weights=[0.9], class_sep=0.5, flip_y=0, random_state=0)
    >>> comparison = compare(X, y, methods=["weights"], estimators=LogisticRegression(), scoring="f1")
    >>> for name in ("none", "weights"):
    ...     row = comparison.results[name]
    ...     print(f"{name}: F1 {row['f1']:.2f}, {row['f1_tuned']:.2f} with a tuned threshold")
    none: F1 0.57, 0.61 with a tuned threshold
    weights: F1 0.60, 0.59 with a tuned threshold

    Under attack: both columns tell the classes apart, the second one by so little that an attacker undoes it.

    >>> import numpy as np
    >>> from skgan_resample import RobustATWrapper, ThreatModel
    >>> y = np.arange(120) % 2
    >>> X = np.column_stack([y + np.random.RandomState(0).normal(scale=0.4, size=120), 0.1 * y])
    >>> threat = ThreatModel(eps=[0.2, 0.1], unit="raw")
    >>> quick = {"max_epochs": 20, "cv": None, "ro_strategy": None}
    >>> methods = {
    ...     "none": RobustATWrapper(threat_model=ThreatModel(eps=0), **quick),
    ...     "at": RobustATWrapper(threat_model=threat, **quick),
    ... }
    >>> compare(X, y, threat_model=threat, methods=methods, cv=3).verdict.answer
    'helps'
    """
    started = time.monotonic()
    given = {name: value for name, value in locals().items() if name in signature(compare).parameters}
    task = _task_of(task, y, given)
    plan = PLANS[task](X, y, **_settings_of(task, given))
    rows = plan.evaluate(random_state=random_state, n_jobs=n_jobs, memory=memory, max_time=max_time, callback=callback)
    for row in rows:
        if "error" in row and row["method"] in plan.must_not_fail:
            raise ValueError(f"{row['method']!r} could not be trained and attacked: {row['error']}")
    names = (*plan.methods, *plan.also_run)
    rows, folds, failures = finished_folds(rows, plan.splits, names, plan.needed, max_time)
    outer = {split.fold: split for split in plan.splits if split.inner == OUTER}
    judged = [outer[fold] for fold in folds]
    judge = plan.judge(
        rows=rows,
        methods=[name for name in plan.methods if name not in failures],
        samplers=[name for name, method in plan.methods.items() if hasattr(method, "fit_resample")],
        estimators=list(plan.estimators),
        test_share=mean_test_share([(split.train, split.test) for split in judged]),
        n_tested=len(np.unique(np.concatenate([split.test for split in judged]))),
    )
    return Comparison(
        judge=judge,
        failures=failures,
        n_planned=len(outer),
        seconds=time.monotonic() - started,
        models=Models(plan.assemble, plan.methods, plan.estimators, outer, plan.inner, random_state),
    )


def _task_of(task, y, given):
    """Return the task that is asked for, or that other parameters or the target imply."""
    if task not in ("auto", *PLANS):
        raise ValueError(f"task must be one of {['auto', *PLANS]}, got {task!r}.")
    if task != "auto":
        return task
    if given["threat_model"] is not None:
        return "robustness"
    if any(_is_given(name, given) for name in REGRESSION_ONLY) or given["scoring"] in SCORE_LABELS:
        return "regression"
    return "regression" if given["scoring"] not in MEASURES and is_continuous_target(y) else "classification"


def _is_given(name, given):
    """Whether a parameter is not at its default."""
    value, default = given[name], signature(compare).parameters[name].default
    return not (value is default or (isinstance(value, Real) and value == default))


def _settings_of(task, given):
    """Return the parameters that belong to a task; refuse others that were given."""
    own = signature(PLANS[task]).parameters
    for name in given:
        if name not in own and name not in EVERY_TASK and _is_given(name, given):
            raise ValueError(f"{name} does not belong to task={task!r}; leave it out.")
    return {name: value for name, value in given.items() if name in own and name not in EVERY_TASK}


# ------------------------------------------------------------------------------------------------ older names
def compare_regression(X, y, **settings):
    """Deprecated: use ``compare(X, y, task="regression")``."""
    return _older("compare_regression", X, y, task="regression", **settings)


def compare_classification(X, y, **settings):
    """Deprecated: use ``compare(X, y, task="classification")``."""
    return _older("compare_classification", X, y, task="classification", **settings)


def compare_robustness(X, y, threat_model, **settings):
    """Deprecated: use ``compare(X, y, threat_model=threat_model)``."""
    return _older("compare_robustness", X, y, task="robustness", threat_model=threat_model, **settings)


def _older(name, X, y, *, task, **settings):
    instead = "threat_model=..." if task == "robustness" else f'task="{task}"'
    warnings.warn(f"{name} is deprecated; use compare(X, y, {instead}).", FutureWarning, stacklevel=3)
    return compare(X, y, task=task, **settings)
