"""Scores under attack: make_robust_scorer, through pipelines with linear steps or as a black box."""

from copy import deepcopy
from dataclasses import dataclass

import numpy as np
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import validate_data

from skgan_resample._budget import NumpyBudget
from skgan_resample._docstrings import shared_descriptions
from skgan_resample._sklearn_networks import Architecture, is_convertible, weights_of
from skgan_resample._tables._encoder import TableEncoder
from skgan_resample._tables._targets import read_classes
from skgan_resample.exceptions import warn
from skgan_resample.metrics._black_box import worst_rows
from skgan_resample.threat import ThreatModel, is_attacked

described = shared_descriptions("""
    clean_weight : float in [0, 1], default=0.0
        Weight of the accuracy without attack; the rest is on the one under attack.
    n_steps : int, default=30
        Steps of each white-box search.
    n_queries : int, default=200
        Predictions for each row in a black-box search.
    random_state : int, default=0
        Seed of the searches.
    """)


@described
def make_robust_scorer(threat_model, *, clean_weight=0.0, n_steps=30, n_queries=200, random_state=0):
    """Return a scikit-learn scorer for accuracy under attack, the same evaluation for all candidates.

    The scorer attacks every candidate within the same budgets, in the units of the columns that it is given. The attack
    depends on the kind of candidate:

    - a `RobustATWrapper`, MLPClassifier, LogisticRegression or LinearSVC, also behind steps of a Pipeline that are
      affine on these rows, such as a StandardScaler: white-box, along the gradient;
    - any other classifier: black-box, a random search through its predictions. That is **weaker**, with a
      `ResamplingWarning`: a model that scores higher may only be harder to search.

    Parameters
    ----------
    threat_model : ThreatModel
        Fitted, or with ``unit="raw"``: budgets must not depend on the rows that are scored.
    {clean_weight, n_steps, n_queries, random_state}

    Returns
    -------
    scorer : RobustScorer
        ``scorer(estimator, X, y)`` returns the score, ``scorer.report(estimator, X, y)`` its parts.

    Raises
    ------
    TypeError
        When `threat_model` is not a `ThreatModel`.
    ValueError
        When it is neither fitted nor in raw units.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.model_selection import GridSearchCV
    >>> from skgan_resample.metrics import make_robust_scorer
    >>> from skgan_resample.threat import ThreatModel
    >>> X, y = load_iris(return_X_y=True)
    >>> scorer = make_robust_scorer(ThreatModel(eps=0.3, unit="raw"))
    >>> search = GridSearchCV(LogisticRegression(max_iter=1000), {"C": [0.01, 1]}, scoring=scorer).fit(X, y)
    >>> search.best_params_
    {'C': 1}
    >>> scorer.report(search, X, y)["attack"]
    'white-box'
    """
    if not isinstance(threat_model, ThreatModel):
        raise TypeError(f"make_robust_scorer needs a ThreatModel; got {type(threat_model).__name__}.")
    if not hasattr(threat_model, "left_") and (threat_model.unit != "raw" or isinstance(threat_model.bounds, str)):
        raise ValueError(
            "The budgets of the scorer must not depend on the rows that are scored: give "
            'ThreatModel(..., unit="raw") without bounds from the rows, or fit the threat model to training rows first.'
        )
    if not 0 <= clean_weight <= 1:
        raise ValueError(f"clean_weight must be in [0, 1], got {clean_weight!r}.")
    return RobustScorer(deepcopy(threat_model), clean_weight, n_steps, n_queries, random_state)


@described
@dataclass(eq=False, repr=False)
class RobustScorer:
    """What `make_robust_scorer` returns: call it as ``scorer(estimator, X, y)``.

    Parameters
    ----------
    threat_model : ThreatModel
        Fitted, or with ``unit="raw"``.
    {clean_weight, n_steps, n_queries, random_state}

    See Also
    --------
    make_robust_scorer : Makes it, and explains each number.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.linear_model import LogisticRegression
    >>> from skgan_resample.metrics import make_robust_scorer
    >>> from skgan_resample.threat import ThreatModel
    >>> X, y = load_iris(return_X_y=True)
    >>> model = LogisticRegression(max_iter=1000).fit(X, y)
    >>> scorer = make_robust_scorer(ThreatModel(eps=0.3, unit="raw"))
    >>> report = scorer.report(model, X, y)
    >>> report["robust"] == scorer(model, X, y), report["robust"] < report["clean"] == model.score(X, y)
    (True, True)
    """

    threat_model: ThreatModel
    clean_weight: float
    n_steps: int
    n_queries: int
    random_state: int

    def __call__(self, estimator, X, y, sample_weight=None):
        report = self.report(estimator, X, y, sample_weight)
        if report["attack"] == "black-box":
            warn(
                f"{type(_innermost(estimator)).__name__} is attacked through its predictions only, which is weaker "
                "than along a gradient: its robust accuracy is an upper limit."
            )
        return self.clean_weight * report["clean"] + (1 - self.clean_weight) * report["robust"]

    def report(self, estimator, X, y, sample_weight=None):
        """Return the parts of the score.

        Parameters
        ----------
        estimator : fitted classifier
            The candidate; a fitted search or pipeline, too.
        X : table of shape (n_samples, n_features)
            Rows to attack.
        y : array-like of shape (n_samples,)
            The truth.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows in the mean; None counts each once.

        Returns
        -------
        report : dict
            "robust" and "clean" accuracy (R2 of a regression), "attack" ("white-box", "white-box through the pipeline"
            or "black-box"), "threat_model" in words, and "n_rows".
        """
        threat = self._fitted_threat(X)
        model = _innermost(estimator)
        if hasattr(model, "robust_score") and hasattr(model, "threat_model_"):
            report = model.robust_score(
                X, y, threat_model=threat, n_steps=self.n_steps, sample_weight=sample_weight, return_report=True
            )
            return {**report, "attack": "white-box"}
        if not hasattr(model, "classes_"):
            raise TypeError(
                "The scorer is for classifiers, and for a RobustATWrapper that stands alone; got "
                f"{type(model).__name__}."
            )
        y = read_classes(y)
        codes = threat.encoder_.to_codes(X)
        budget = NumpyBudget.of(threat, threat.encoder_)
        truth = np.searchsorted(model.classes_, y).clip(max=len(model.classes_) - 1)
        known = np.asarray(model.classes_)[truth] == y  # a class that it never saw is wrong, attacked or not
        factor = is_attacked(threat, y) * known[:, None]
        rows = _Rows(threat.encoder_, X)
        white_box = _white_box(model, rows, codes, budget)
        if white_box is not None:
            attacked = _attacked(*white_box, codes, truth, budget, factor, self.n_steps, self.random_state)
            attack = "white-box through the pipeline" if isinstance(model, Pipeline) else "white-box"
        else:
            attacked = worst_rows(
                lambda moved, which: _margin(model, rows.table(moved), truth[which]),
                codes,
                budget,
                factor=factor,
                n_queries=self.n_queries,
                rng=np.random.RandomState(self.random_state),
            )
            attack = "black-box"
        clean = np.asarray(model.predict(X)) == y
        robust = clean & (np.asarray(model.predict(rows.table(attacked))) == y)
        return {
            "robust": float(np.average(robust, weights=sample_weight)),
            "clean": float(np.average(clean, weights=sample_weight)),
            "threat_model": threat.explain(),
            "attack": attack,
            "n_rows": len(y),
        }

    def _fitted_threat(self, X):
        """Return the threat model fitted, by the user or, in raw units, to the rows that are scored."""
        threat = self.threat_model
        if hasattr(threat, "left_"):
            validate_data(threat, X, reset=False, skip_check_array=True)  # the same columns, in their order
            return threat
        threat = deepcopy(threat).fit(X)
        if threat.max_categorical_changes and threat.switchable_.any():
            raise ValueError(
                "The known categories must not depend on the rows that are scored: fit the threat model first."
            )
        return threat


def _innermost(estimator):
    """Return what a fitted search has chosen, and the estimator itself otherwise."""
    return getattr(estimator, "best_estimator_", estimator)


def _margin(model, X, truth):
    """Return by how much the best wrong class is ahead of the true one, by rows; above 0 the model is misled."""
    # `predict` decides, since a threshold may lie elsewhere than at equal probabilities.
    rows = np.arange(len(truth))
    misled = np.asarray(model.predict(X)) != np.asarray(model.classes_)[truth]
    if hasattr(model, "predict_proba"):
        values = np.array(model.predict_proba(X), dtype=float)
    elif hasattr(model, "decision_function"):
        values = np.array(model.decision_function(X), dtype=float)
        values = np.column_stack([-values, values]) if values.ndim == 1 else values
    else:
        return np.where(misled, 1.0, -1.0)
    own = values[rows, truth]
    values[rows, truth] = -np.inf
    ahead = values.max(axis=1) - own
    return np.arctan(ahead) + np.where(misled, 2.0, -2.0)  # above 0 if misled, below if not, and rising in between


class _Rows:
    """Makes tables like the one that is scored from codes, with fractions where the data types allow them."""

    def __init__(self, encoder, X):
        self.encoder = encoder
        numeric = not encoder.nominal_.any() and not any(column.kind == "datetime" for column in encoder.columns_)
        self.is_array = isinstance(X, np.ndarray) and numeric
        is_pandas = hasattr(X, "iloc") and hasattr(X, "columns") and numeric
        self.frame = type(X) if is_pandas else None
        self.columns = X.columns if is_pandas else None

    @property
    def takes_fractions(self):
        """Whether any numbers can stand in the table."""
        return self.is_array or self.frame is not None

    def table(self, codes):
        """Return codes as a table."""
        if self.is_array:
            return codes
        if self.frame is not None:
            return self.frame(codes, columns=self.columns)
        whole = self.encoder.holds_integers
        return self.encoder.from_codes(np.where(whole & ~np.isnan(codes), np.trunc(codes), codes))


# ------------------------------------------------------------------------------------------ white box
def _white_box(model, rows, codes, budget):
    """Return a classifier as a network of standardized columns, with its encoder; None if it is no network."""
    # A pipeline is one if its steps are together an affine map of the columns.
    steps, last = [], model
    if isinstance(model, Pipeline):
        # Samplers of imbalanced-learn act in `fit` alone.
        steps = [step for _, step in model.steps[:-1] if step not in (None, "passthrough")]
        steps, last = [step for step in steps if not hasattr(step, "fit_resample")], model[-1]
    if last == "passthrough" or not rows.takes_fractions or np.isnan(codes).any() or len(codes) < 1:
        return None
    network, encode = _network_of(last)
    if network is None:
        return None

    def inputs(codes):
        """Return what the network gets for these codes; None if a step refuses them."""
        table = rows.table(codes)
        try:
            for step in steps:
                table = step.transform(table)
            return np.asarray(encode(table), dtype=float)
        except (TypeError, ValueError):
            return None

    # The encoder drops constant columns, but an attacker may move a column that is constant in the rows at hand. So one
    # more row, which differs from the first in these columns, is shown to the encoder.
    constant = (codes == codes[0]).all(axis=0)
    another = codes[:1] + np.where(constant, np.maximum(1.0, np.abs(codes[:1])), 0.0)
    encoder = TableEncoder(categorical_features=None).fit(np.vstack([codes, another]))
    found = _affine(inputs, codes, budget, encoder)
    if found is None:
        return None
    from skgan_resample._nn.networks import affine_then

    return affine_then(network, *found), encoder


def _network_of(model):
    """Return a model as a network and how its input is made from a table, or None and None."""
    if hasattr(model, "network_") and hasattr(model, "encoder_"):
        return model.network_, model.encoder_.encode
    if not is_convertible(model) or not hasattr(model, "classes_") or np.ndim(model.classes_) != 1:
        return None, None
    from skgan_resample._nn.networks import with_weights
    from skgan_resample._nn.training import seeded

    architecture = Architecture.from_sklearn(model, model.n_features_in_, len(model.classes_))
    with seeded(np.random.RandomState(0)):  # torch draws first weights, which are then replaced
        network = architecture.build()
    return with_weights(network, weights_of(model)), lambda table: table


def _affine(inputs, codes, budget, encoder, *, n_tried=200):
    """Return the affine map from encoded rows to the inputs of a network, matrix and offset; None if there is none."""
    # It is read off at one row, a column at a time, and then tried on rows moved as the budget allows.
    center, spread = encoder.scaling
    base = codes.mean(axis=0)
    reach = np.maximum(budget.left, budget.right)
    step = np.where(reach > 0, reach, spread)
    values = inputs(np.vstack([base, base + np.diag(step)]))  # (1 + n_features, n_inputs)
    if values is None or values.ndim != 2:
        return None
    slopes = (values[1:] - values[0]) / step[:, None]  # (n_features, n_inputs)
    rng = np.random.RandomState(0)
    tried = codes[rng.permutation(len(codes))[:n_tried]]  # (n_tried, n_features)
    share = rng.uniform(-1, 1, size=tried.shape)
    tried = np.vstack([tried, tried + np.where(share > 0, budget.right, budget.left) * share])
    seen = inputs(tried)
    expected = values[0] + (tried - base) @ slopes
    # Input by input: a large one beside it must not hide that another one is not affine.
    if seen is None or not (np.abs(seen - expected) <= 1e-5 * np.maximum(np.abs(seen).max(axis=0), 1e-12)).all():
        return None
    matrix, offset = np.zeros((encoder.width_, values.shape[1])), values[0].copy()
    for j, column in enumerate(encoder.columns_):
        matrix[column.encoded.start] = slopes[j] * spread[j]
        offset += (center[j] - base[j]) * slopes[j]
    return matrix, offset


def _attacked(network, encoder, codes, truth, budget, factor, n_steps, random_state):
    """Return the worst codes that an attack along the gradient finds."""
    import torch

    from skgan_resample._nn.attacks import Budget, strongest
    from skgan_resample._nn.training import one_thread, seeded

    encoded = encoder.encode_codes(codes).astype(np.float32)
    with one_thread(), seeded(np.random.RandomState(random_state)):
        worst, _ = strongest(
            network,
            torch.as_tensor(encoded),
            torch.as_tensor(truth),
            Budget.encoded(budget, encoder),
            is_classifier=True,
            n_steps=n_steps,
            factor=torch.as_tensor(factor, dtype=torch.float32),
        )
    return budget.land(encoder, codes, encoded, worst.numpy())
