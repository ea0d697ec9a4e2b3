"""The methods that `compare` tries, with a line on each, and the estimators that it tries them with.

This is the one place where they are named; report, command and documentation read them from here. Methods stand from
the simplest to the most involved: of equally good ones the first is recommended.
"""

from difflib import get_close_matches
from numbers import Real

import numpy as np
from imblearn import over_sampling as imblearn_samplers
from sklearn.base import BaseEstimator, clone, is_classifier, is_regressor
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.utils import check_random_state
from sklearn.utils.class_weight import compute_sample_weight

from skgan_resample._hard_triplet import HardTripletSampler
from skgan_resample._robust_at import RobustATWrapper
from skgan_resample._tables._containers import take_rows
from skgan_resample._tables._encoder import admit_tables
from skgan_resample.compose import OutputCorrectedRegressor, RelevanceWeightedRegressor, SyntheticRefiner
from skgan_resample.over_sampling import SMOGN, SMOTER, BaseRegressionSampler, Draft, GaussianNoise, RandomOverSampler
from skgan_resample.over_sampling._base import described, single_parents
from skgan_resample.over_sampling._smogan import DEFAULT_THRESHOLD, SMOGANRegressorResampler

NONE = "none"
CONSTANT = "constant mean"  # prediction of the training mean, which every method of a regression must beat
LIGHT, FULL = "recalibration(0.2)", "recalibration"
STRENGTH = 0.2  # of the light recalibration
AT, STRONGER, AUTO, OWN = "at", "at-1.5", "auto", "estimator"
FACTOR = 1.5  # of the budget in "at-1.5"
DUPLICATE = "duplicate"
REFINED = "+smcae"  # behind the name of a sampler: its new rows are refined

ALWAYS = {  # methods that are compared whatever is asked for: the others are measured against them
    "regression": (NONE, LIGHT, FULL),
    "classification": (NONE,),
    "robustness": (NONE, AT),
}
EXPLANATIONS = {
    "regression": {
        NONE: "the estimator alone",
        LIGHT: "OutputCorrectedRegressor(estimator, strength=0.2): predictions recalibrated a fifth of the way to "
        "those of 'recalibration'",
        FULL: "OutputCorrectedRegressor(estimator): predictions recalibrated by the line that fits rare values",
        "weights": "RelevanceWeightedRegressor(estimator): rare rows weigh more while it is fitted",
        "weights+recalibration": "OutputCorrectedRegressor(RelevanceWeightedRegressor(estimator))",
        DUPLICATE: "copies of rows drawn from the whole table: the control for mere numbers",
        "random": "RandomOverSampler: copies of rare rows",
        "noise": "GaussianNoise: copies of rare rows with noise",
        "smoter": "SMOTER: new rows between neighbouring rare rows",
        "smogn": "SMOGN: new rows between rare rows where they are close, noise where they are not",
        "smogan": "SMOGANRegressorResampler: rows of SMOGN, moved towards the distribution of the rare rows by a "
        "network",
    },
    "classification": {
        NONE: "the estimator alone",
        "weights": "every class weighs the same in total while the estimator is fitted",
        DUPLICATE: "copies of rows drawn from the whole table: the control for mere numbers",
        "random": "RandomOverSampler: copies of rows of small classes",
        "smote": "SMOTE: new rows between neighbouring rows of a small class",
        "borderline-smote": "BorderlineSMOTE: the same, from rows near other classes",
        "adasyn": "ADASYN: the same, the more rows the more neighbours are of other classes",
        "kmeans-smote": "KMeansSMOTE: the same, within clusters",
        "svm-smote": "SVMSMOTE: the same, from support vectors",
        "hard-triplet": "HardTripletSampler: rows on stretched lines through rows of a small class, chosen by a "
        "classifier",
    },
    "robustness": {
        NONE: "the network trained without attacks",
        AT: "RobustATWrapper(ro_strategy=None): the same network, trained on attacked rows, stopped by the score on "
        "rows held out of training",
        STRONGER: "the same with 1.5 times the budget: the control that explains most of what stronger treatments gain",
        AUTO: "RobustATWrapper(ro_strategy='auto'): as 'at'; where held-out rows show robust overfitting (RO: longer "
        "training makes robustness worse again), treatments are tried, and the best one is kept",
        OWN: "your own model",
    },
}
NOT_A_METHOD = {
    "regression": "must be a sampler, a regressor or None",
    "classification": "must be a sampler, None, or an object with sample_weight(y)",
    "robustness": "has no fit and predict",
}


def explained(task, methods):
    """Return a line on each of the methods that are our own, by name."""
    known, found = EXPLANATIONS[task], {}
    for name in methods:
        plain = name.removesuffix(REFINED)
        if name in known:
            found[name] = known[name]
        elif plain in known:
            found[name] = (
                f"SyntheticRefiner: as {plain!r}, its new rows moved into the distribution of the real ones, or "
                "dropped, whichever predicts better on held-out rows"
            )
    return found


# ------------------------------------------------------------------------------------------------ defaults
def default_methods(task="regression", *, relevance=None, threshold=0.8, threat_model=None, X=None):
    """Return the methods that `compare` tries, from the simplest to the most involved.

    Parameters
    ----------
    task : {"regression", "classification", "robustness"}, default="regression"
        What is compared.
    relevance : Relevance, default=None
        What is rare; given to every method of a regression. None is ``Relevance()``.
    threshold : float, default=0.8
        Relevance from which a row is rare. SMOGAN begins at 0.5, its own default, if that is lower.
    threat_model : ThreatModel, default=None
        What an attacker may change; needed for "robustness", together with `X`.
    X : table of shape (n_samples, n_features), default=None
        The methods of "robustness" train against the budget that `threat_model` has on all of these rows, in the units
        of the columns: the same with which they are attacked later.

    Returns
    -------
    methods : dict
        For a regression, name to None (the estimator alone), to a sampler, or to a regressor whose innermost
        `estimator` is None. For classes, name to None, to a sampler, or to an object with ``sample_weight(y)``. For
        robustness, name to `RobustATWrapper`.

    Examples
    --------
    >>> from skgan_resample.model_selection import default_methods
    >>> list(default_methods("classification"))[:4]
    ['none', 'weights', 'duplicate', 'random']
    """
    if task == "robustness":
        return _robust_methods(threat_model, X)
    return _class_methods() if task == "classification" else _regression_methods(relevance, threshold)


def _regression_methods(relevance, threshold):
    common = {"relevance": relevance, "threshold": threshold}
    weights = RelevanceWeightedRegressor(None, **common)
    return {
        NONE: None,
        LIGHT: OutputCorrectedRegressor(None, strength=STRENGTH, cv=3, **common),
        FULL: OutputCorrectedRegressor(None, cv=3, **common),
        "weights": weights,
        "weights+recalibration": OutputCorrectedRegressor(weights, cv=3, **common),
        DUPLICATE: UniformDuplicator(**common),
        "random": RandomOverSampler(**common),
        "noise": GaussianNoise(**common),
        "smoter": SMOTER(**common),
        "smogn": SMOGN(**common),
        "smogan": SMOGANRegressorResampler(relevance=relevance, threshold=min(threshold, DEFAULT_THRESHOLD)),
    }


def _class_methods():
    return {
        NONE: None,
        "weights": BalancedWeights(),
        DUPLICATE: ClassDuplicator(),
        "random": imblearn_samplers.RandomOverSampler(),
        "smote": imblearn_samplers.SMOTE(),
        "borderline-smote": imblearn_samplers.BorderlineSMOTE(),
        "adasyn": imblearn_samplers.ADASYN(),
        "kmeans-smote": imblearn_samplers.KMeansSMOTE(),
        "svm-smote": imblearn_samplers.SVMSMOTE(),
        "hard-triplet": HardTripletSampler(),
    }


def _robust_methods(threat_model, X):
    threat, stronger = (_in_column_units(threat_model, X, factor) for factor in (1, FACTOR))
    no_threat = clone(threat).set_params(eps=0, max_categorical_changes=0)
    return {
        NONE: RobustATWrapper(threat_model=no_threat, ro_strategy=None, cv=None),
        AT: RobustATWrapper(threat_model=threat, ro_strategy=None),
        STRONGER: RobustATWrapper(threat_model=stronger, ro_strategy=None),
        AUTO: RobustATWrapper(threat_model=threat, ro_strategy="auto"),
    }


def _in_column_units(threat_model, X, factor):
    """Return an unfitted threat model with, in raw units, the budget of `threat_model` with `factor` x eps on `X`."""
    fitted = clone(threat_model).set_params(eps=_times(threat_model.eps, factor)).fit(X)
    raw = clone(threat_model).set_params(eps=list(zip(fitted.left_.tolist(), fitted.right_.tolist())), unit="raw")
    if isinstance(threat_model.bounds, str):
        names = [column.name for column in fitted.encoder_.columns_]
        raw.set_params(bounds=dict(zip(names, zip(fitted.low_.tolist(), fitted.high_.tolist()))))
    return raw


def _times(eps, factor):
    """Return a budget in any of the forms that ThreatModel takes, multiplied."""
    if isinstance(eps, Real):
        return eps * factor
    if isinstance(eps, dict):
        return {name: _times(value, factor) for name, value in eps.items()}
    return (tuple if isinstance(eps, tuple) else list)(_times(value, factor) for value in eps)


def default_estimator(task):
    """Return the estimator that `compare` uses unless it is given one."""
    # Leaves of 20 rows, scikit-learn's default, would hide rare rows from the estimator and let mere copies win; trees
    # of 15 leaves suit tables with few rare rows, and are twice as fast. Early stopping, on by default above 10,000
    # rows, would hold out copies of rows that it trains on.
    kind = HistGradientBoostingClassifier if task == "classification" else HistGradientBoostingRegressor
    return kind(min_samples_leaf=5, max_leaf_nodes=15, early_stopping=False, random_state=0)


def named_estimators(task, estimators):
    """Return estimators by name; refuse those that cannot predict, or predict something else."""
    if not isinstance(estimators, dict):
        estimator = default_estimator(task) if estimators is None else estimators
        estimators = {OWN if task == "robustness" else type(estimator).__name__: estimator}
    is_refused, refused, wanted = is_regressor, "regressor", "classifier"
    if task == "regression":
        is_refused, refused, wanted = is_classifier, "classifier", "regressor"
    for name, estimator in estimators.items():
        if not hasattr(estimator, "fit") or not hasattr(estimator, "predict"):
            raise TypeError(f"The estimator {name!r} has no fit and predict: {estimator!r}.")
        if is_refused(estimator):
            raise TypeError(f"The estimator {name!r} is a {refused}; give a {wanted}.")
        if task == "classification" and not hasattr(estimator, "predict_proba"):
            raise TypeError(f"The estimator {name!r} has no predict_proba; put it into a CalibratedClassifierCV.")
    return estimators


# ------------------------------------------------------------------------------------------------ by name
def named_samplers(methods):
    """Return the samplers among methods and, last, each of them refined: "smogn+smcae" is ``SyntheticRefiner(smogn)``.

    The control "duplicate" is none of them. The refined ones take long, so that they must be asked for by name.
    """
    plain = {name: method for name, method in methods.items() if hasattr(method, "fit_resample")}
    plain.pop(DUPLICATE, None)
    return {**plain, **{f"{name}{REFINED}": SyntheticRefiner(sampler) for name, sampler in plain.items()}}


def methods_by_name(names, known):
    """Return those of the known methods that are named, samplers also refined, in their own order."""
    names = [names] if isinstance(names, str) else list(names)
    known = known | named_samplers(known)
    unknown = [name for name in names if name not in known]
    if unknown:
        plain = [name for name in known if not name.endswith(REFINED)]
        refinable = [name.removesuffix(REFINED) for name in known if name.endswith(REFINED)]
        also = f", and {refinable} also with {REFINED!r} behind the name" if refinable else ""
        close = get_close_matches(str(unknown[0]), list(known), n=1)
        hint = f" Did you mean {close[0]!r}?" if close else ""
        raise ValueError(f"Unknown methods {unknown}; known are {plain}{also}.{hint}")
    return {name: method for name, method in known.items() if name in names}


def checked_methods(task, methods, known):
    """Return the methods to compare by name, those that are always compared first."""
    if methods is None:
        return known
    always = {name: known[name] for name in ALWAYS[task]}
    if not isinstance(methods, dict):
        return always | methods_by_name(methods, known)
    own = dict(methods)
    if task != "robustness":  # there "none" and "at" may be networks of the user's own
        if own.get(NONE) in (None, "passthrough"):
            own.pop(NONE, None)
        taken = [name for name in (*ALWAYS[task], CONSTANT) if name in own]
        if taken:
            raise ValueError(f"The name {taken[0]!r} is taken by a method that is always compared.")
    for name, method in own.items():
        if not _is_method(task, method):
            raise ValueError(f"The method {name!r} {NOT_A_METHOD[task]}; got {method!r}.")
    return always | {name: None if isinstance(method, str) else method for name, method in own.items()}


def _is_method(task, method):
    """Whether `compare` can try a method."""
    if task == "robustness":
        return hasattr(method, "fit") and hasattr(method, "predict")
    if method is None or (task == "regression" and isinstance(method, str) and method == "passthrough"):
        return True
    if task == "classification":
        return hasattr(method, "fit_resample") or hasattr(method, "sample_weight")
    return hasattr(method, "get_params")


def wrap(method, estimator):
    """Return a regressor around an estimator: the innermost `estimator` of `method` is None and becomes this one."""
    inner = getattr(method, "estimator", None)
    return clone(method).set_params(estimator=estimator if inner is None else wrap(inner, estimator))


# ------------------------------------------------------------------------------------------------ controls
class BalancedWeights(BaseEstimator):
    """Weights of rows: every class weighs the same in total.

    Examples
    --------
    >>> from skgan_resample.model_selection import BalancedWeights
    >>> BalancedWeights().sample_weight(["a", "a", "a", "b"]).round(2).tolist()
    [0.67, 0.67, 0.67, 2.0]
    """

    def sample_weight(self, y):
        """Return the weight of each row.

        Parameters
        ----------
        y : array-like of shape (n_samples,)
            Classes.

        Returns
        -------
        sample_weight : ndarray of shape (n_samples,)
            With a mean of 1.
        """
        return compute_sample_weight("balanced", y)


class ClassDuplicator(BaseEstimator):
    """Copy rows drawn from the whole table until there are as many as balancing the classes gives.

    The control for "more rows help": shares of classes stay the same, up to chance.

    Parameters
    ----------
    random_state : int, RandomState instance or None, default=None
        Same seed, same copies.

    Examples
    --------
    >>> from skgan_resample.model_selection import ClassDuplicator
    >>> X_new, y_new = ClassDuplicator(random_state=0).fit_resample([[0], [1], [2], [3]], ["a", "a", "a", "b"])
    >>> len(y_new)
    6
    """

    def __init__(self, *, random_state=None):
        self.random_state = random_state

    def fit_resample(self, X, y):
        """Return the rows given, and copies of some of them behind.

        Parameters
        ----------
        X : table of shape (n_samples, n_features)
            Any.
        y : array-like of shape (n_samples,)
            Classes.

        Returns
        -------
        X_resampled : table of shape (n_resampled, n_features)
            In the container of `X`.
        y_resampled : array-like of shape (n_resampled,)
            In the container of `y`.
        """
        counts = np.unique(y, return_counts=True)[1]
        n_new = len(counts) * counts.max() - counts.sum()
        copied = check_random_state(self.random_state).randint(counts.sum(), size=n_new)
        rows = np.concatenate([np.arange(counts.sum()), copied])
        return take_rows(X, rows), take_rows(y, rows)

    def __sklearn_tags__(self):
        return admit_tables(super().__sklearn_tags__())


@described
class UniformDuplicator(BaseRegressionSampler):
    """Copy rows drawn from the whole table, as many as the other samplers make: the control for "more rows help".

    Parameters
    ----------
    {relevance, threshold, sampling_strategy, under_sampling, emphasis, categorical_features}
    {on_no_rare, random_state}

    Attributes
    ----------
    {relevance_, bumps_}
    sampling_strategy_ : dict
        Number of new rows by name of the rare bump, which all are drawn together.
    {is_synthetic_, kept_indices_}
    parent_indices_ : ndarray of int, shape (n_new, 2)
        Positions in the input of the rows that were copied, and -1.
    {encoder_, n_features_in_}

    Examples
    --------
    >>> import numpy as np
    >>> from skgan_resample.model_selection import UniformDuplicator
    >>> y = np.r_[np.arange(20.0), 60.0, 70.0]
    >>> X_resampled, y_resampled = UniformDuplicator(random_state=0).fit_resample(y[:, None], y)
    >>> len(y_resampled) > len(y)
    True
    """

    def _draw(self, X, y, rng):
        rows = rng.randint(len(y), size=sum(self.sampling_strategy_.values()))
        return Draft(X[rows], y[rows], single_parents(rows))
