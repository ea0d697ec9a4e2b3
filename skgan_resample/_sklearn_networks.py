"""A scikit-learn model as a specification of a network, and the trained network as a scikit-learn model."""

from dataclasses import dataclass

import numpy as np
from sklearn.base import BaseEstimator, clone, is_classifier, is_regressor
from sklearn.linear_model import LinearRegression, LogisticRegression, LogisticRegressionCV, Ridge
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import LabelBinarizer
from sklearn.svm import LinearSVC

from skgan_resample._tables._vectorizer import MatrixEncoder

MLPS = (MLPClassifier, MLPRegressor)
LINEAR = (LogisticRegression, LinearSVC, Ridge, LinearRegression)
KNOWN = "MLPClassifier, MLPRegressor, LogisticRegression, LinearSVC, Ridge or LinearRegression"


# What the wrapper wraps unless told otherwise. Training like that of the literature on robust overfitting: SGD with
# momentum, a tenth of the rate from the middle on; `alpha` is its weight decay of 5e-4 for batches of 64 rows.
DEFAULTS = {
    "hidden_layer_sizes": (128, 128),
    "solver": "sgd",
    "learning_rate_init": 0.05,
    "batch_size": 64,
    "alpha": 0.032,
    "max_iter": 60,
}


@dataclass(frozen=True)
class Architecture:
    """The network of a specification; what is needed to build it again.

    Parameters
    ----------
    n_inputs, n_outputs : int
    hidden_layer_sizes : tuple of int
    activation : {"identity", "logistic", "tanh", "relu"}
    two_logits : bool
        Whether one output stands for two classes.
    """

    n_inputs: int
    hidden_layer_sizes: tuple
    n_outputs: int
    activation: str
    two_logits: bool

    @classmethod
    def of(cls, spec, n_inputs, n_classes):
        """Read a scikit-learn specification; `n_classes` is None for a regression."""
        is_mlp = isinstance(spec, MLPS)
        sizes = np.atleast_1d(spec.hidden_layer_sizes).tolist() if is_mlp else []
        n_outputs = 1 if n_classes in (None, 2) else n_classes
        return cls(n_inputs, tuple(sizes), n_outputs, spec.activation if is_mlp else "identity", n_classes == 2)

    def build(self):
        """Return the untrained network."""
        from skgan_resample._nn.networks import SklearnMLP

        return SklearnMLP(
            self.n_inputs, self.hidden_layer_sizes, self.n_outputs, self.activation, two_logits=self.two_logits
        )


def default_spec(task):
    """Return the specification that is used where none is given."""
    return MLPRegressor(**DEFAULTS) if task == "regression" else MLPClassifier(**DEFAULTS)


def is_spec(estimator):
    """Whether the estimator is a scikit-learn model that we can read."""
    return isinstance(estimator, MLPS + LINEAR) and not isinstance(estimator, LogisticRegressionCV)


def task_of(estimator, task):
    """Return "classification" or "regression", from the task or from what the estimator is."""
    if is_spec(estimator):
        own = "classification" if is_classifier(estimator) else "regression"
        if task not in ("auto", own):
            raise ValueError(f"task={task!r}, but {type(estimator).__name__} is for {own}.")
        if isinstance(estimator, MLPRegressor) and getattr(estimator, "loss", "squared_error") != "squared_error":
            raise ValueError(
                f"MLPRegressor(loss={estimator.loss!r}) cannot be read; only the squared error is trained with."
            )
        return own
    if isinstance(estimator, BaseEstimator) and (is_classifier(estimator) or is_regressor(estimator)):
        raise TypeError(
            f"{type(estimator).__name__} has no gradient that we know of; give {KNOWN}, or a function that makes a "
            "torch module."
        )
    if estimator is None:
        return "classification" if task == "auto" else task
    if task == "auto":
        raise ValueError('A torch module does not say what it is for: give task="classification" or "regression".')
    return task


def refuse_unkept(spec):
    """Refuse a specification with a wish that the training would not keep."""
    wishes = {"fit_intercept": (True,), "penalty": ("l2", "deprecated"), "l1_ratio": (None, 0, 0.0, "warn")}
    wishes |= {"positive": (False,), "early_stopping": (False,)}
    for name, kept in wishes.items():
        value = getattr(spec, name, kept[0])
        if value not in kept:
            raise ValueError(
                f"{type(spec).__name__}({name}={value!r}) is not kept in adversarial training; leave it out."
            )


def settings_of(spec, n_rows):
    """Return the training settings that a specification holds, and the decay of its weights."""
    if isinstance(spec, MLPS):
        batch_size = min(200, n_rows) if spec.batch_size == "auto" else spec.batch_size
        halved = 2 if isinstance(spec, MLPRegressor) else 1  # scikit-learn's loss is half the squared error
        return {
            "max_epochs": spec.max_iter,
            "batch_size": batch_size,
            "learning_rate": spec.learning_rate_init,
            "optimizer": "sgd" if spec.solver == "sgd" else "adam",
            "momentum": spec.momentum,
            "decay": halved * spec.alpha / min(batch_size, n_rows),
            "class_weight": None,
        }
    found = {
        "max_epochs": 100,
        "batch_size": 128,
        "learning_rate": 0.05,
        "optimizer": "sgd",
        "momentum": 0.9,
        "decay": 0.0,
        "class_weight": getattr(spec, "class_weight", None),
    }
    if isinstance(spec, LogisticRegression | LinearSVC):
        found["decay"] = 1 / (spec.C * n_rows)
    elif isinstance(spec, Ridge):
        found["decay"] = 2 * float(spec.alpha) / n_rows
    elif not isinstance(spec, LINEAR):  # a torch module
        found |= {"max_epochs": 60, "optimizer": "adam", "learning_rate": 0.001}
    return found


def weights_of(estimator):
    """Return the layers of a fitted scikit-learn model as pairs of (n_in, n_out) and (n_out,) arrays."""
    if isinstance(estimator, MLPS):
        return [(np.asarray(w), np.asarray(b)) for w, b in zip(estimator.coefs_, estimator.intercepts_)]
    coef = np.atleast_2d(estimator.coef_)
    return [(coef.T, np.broadcast_to(np.asarray(estimator.intercept_, dtype=float), len(coef)).copy())]


def to_sklearn(spec, weights, encoder, *, classes, n_iter, target_scaling, feature_names):
    """Return a fitted scikit-learn model with the weights of a trained network.

    Parameters
    ----------
    spec : scikit-learn model
    weights : list of (n_in, n_out) and (n_out,) arrays
        On encoded rows.
    encoder : TableEncoder
    classes : ndarray or None
        None for a regression.
    n_iter : int
    target_scaling : tuple of float
        Mean and standard deviation of the target.
    feature_names : ndarray of str or None

    Returns
    -------
    model : estimator or Pipeline
        The bare model on the columns themselves if all of them are numbers without a missing cell, else a Pipeline
        that encodes them first.
    """
    weights = [(np.asarray(w, dtype=float), np.asarray(b, dtype=float)) for w, b in weights]
    if classes is None:
        w, b = weights[-1]
        weights[-1] = (w * target_scaling[1], b * target_scaling[1] + target_scaling[0])
    plain = not encoder.nominal_.any() and not any(column.has_missing for column in encoder.columns_)
    plain = plain and not any(column.kind == "datetime" for column in encoder.columns_)
    if plain:  # the scaling moves into the first layer
        center, spread = encoder.scaling
        w, b = weights[0]
        varying = [j for j, column in enumerate(encoder.columns_) if column.kind != "constant"]
        first = np.zeros((len(encoder.columns_), w.shape[1]))
        first[varying] = w / spread[varying, None]
        weights[0] = (first, b - center[varying] @ first[varying])
    model = _filled(clone(spec), weights, classes, n_iter)
    model.n_features_in_ = len(weights[0][0])
    if plain:
        if feature_names is not None:
            model.feature_names_in_ = feature_names
        return model
    return Pipeline([("encode", MatrixEncoder.from_encoder(encoder)), ("model", model)])


def _filled(model, weights, classes, n_iter):
    """Set the fitted attributes of an unfitted scikit-learn model."""
    if classes is not None:
        model.classes_ = classes
    if isinstance(model, MLPS):
        model.coefs_, model.intercepts_ = [w for w, _ in weights], [b for _, b in weights]
        model.n_layers_, model.n_outputs_, model.n_iter_ = len(weights) + 1, weights[-1][0].shape[1], n_iter
        model.out_activation_ = "identity"
        if classes is not None:
            model.out_activation_ = "logistic" if len(classes) == 2 else "softmax"
            model._label_binarizer = LabelBinarizer().fit(classes)
        return model
    w, b = weights[0]
    if classes is None:
        model.coef_, model.intercept_ = w[:, 0], float(b[0])
    else:
        model.coef_, model.intercept_, model.n_iter_ = w.T.copy(), b, np.array([n_iter])
    return model
