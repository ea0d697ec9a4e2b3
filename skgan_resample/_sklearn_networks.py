"""The converter between scikit-learn models and torch networks, in both directions."""

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


# The parameters of the model that is converted where none is given. Training is like that of the literature on robust
# overfitting: SGD with momentum, a tenth of the rate from the middle on; `alpha` is its weight decay of 5e-4 for
# batches of 64 rows.
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
    """What is needed to build the network of a scikit-learn model again."""

    n_inputs: int
    hidden_layer_sizes: tuple
    n_outputs: int
    activation: str  # "identity", "logistic", "tanh" or "relu"
    two_logits: bool  # whether one output stands for two classes

    @classmethod
    def from_sklearn(cls, model, n_inputs, n_classes):
        """Read a scikit-learn model, fitted or not; `n_classes` is None for a regression."""
        is_mlp = isinstance(model, MLPS)
        sizes = np.atleast_1d(model.hidden_layer_sizes).tolist() if is_mlp else []
        n_outputs = 1 if n_classes in (None, 2) else n_classes
        return cls(n_inputs, tuple(sizes), n_outputs, model.activation if is_mlp else "identity", n_classes == 2)

    def build(self):
        """Return the untrained network."""
        from skgan_resample._nn.networks import SklearnMLP

        return SklearnMLP(
            self.n_inputs, self.hidden_layer_sizes, self.n_outputs, self.activation, two_logits=self.two_logits
        )


def default_model(task):
    """Return the scikit-learn model whose network is trained where none is given."""
    return MLPRegressor(**DEFAULTS) if task == "regression" else MLPClassifier(**DEFAULTS)


def is_convertible(estimator):
    """Whether the estimator is a scikit-learn model that can be converted into a network."""
    return isinstance(estimator, MLPS + LINEAR) and not isinstance(estimator, LogisticRegressionCV)


def task_of(estimator, task):
    """Return "classification" or "regression", from the task or from what the estimator is."""
    if is_convertible(estimator):
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


def refuse_unsupported(model):
    """Refuse a scikit-learn model with a setting that adversarial training cannot keep."""
    supported = {"fit_intercept": (True,), "penalty": ("l2", "deprecated"), "l1_ratio": (None, 0, 0.0, "warn")}
    supported |= {"positive": (False,), "early_stopping": (False,)}
    for name, values in supported.items():
        value = getattr(model, name, values[0])
        if value not in values:
            raise ValueError(
                f"{type(model).__name__}({name}={value!r}) is not supported in adversarial training; leave it out."
            )


def settings_of(model, n_rows):
    """Return the training settings that a scikit-learn model holds; for a torch module, the defaults."""
    if isinstance(model, MLPS):
        batch_size = min(200, n_rows) if model.batch_size == "auto" else model.batch_size
        halved = 2 if isinstance(model, MLPRegressor) else 1  # scikit-learn's loss is half the squared error
        return {
            "max_epochs": model.max_iter,
            "batch_size": batch_size,
            "learning_rate": model.learning_rate_init,
            "optimizer": "sgd" if model.solver == "sgd" else "adam",
            "momentum": model.momentum,
            "decay": halved * model.alpha / min(batch_size, n_rows),
            "class_weight": None,
        }
    # For linear models a guess: the `max_iter` of their own solvers counts something else.
    found = {"max_epochs": 100, "batch_size": 128, "learning_rate": 0.05, "optimizer": "sgd", "momentum": 0.9}
    found |= {"decay": 0.0, "class_weight": getattr(model, "class_weight", None)}
    if isinstance(model, LogisticRegression | LinearSVC):
        found["decay"] = 1 / (model.C * n_rows)
    elif isinstance(model, Ridge):
        found["decay"] = 2 * float(model.alpha) / n_rows
    elif not isinstance(model, LINEAR):  # a torch module
        found |= {"max_epochs": 60, "optimizer": "adam", "learning_rate": 0.001}
    return found


def weights_of(estimator):
    """Return the layers of a fitted scikit-learn model as pairs of (n_in, n_out) and (n_out,) arrays."""
    if isinstance(estimator, MLPS):
        return [(np.asarray(w), np.asarray(b)) for w, b in zip(estimator.coefs_, estimator.intercepts_)]
    coef = np.atleast_2d(estimator.coef_)
    return [(coef.T, np.broadcast_to(np.asarray(estimator.intercept_, dtype=float), len(coef)).copy())]


def to_sklearn(model, weights, encoder, *, classes, n_iter, target_scaling, feature_names):
    """Return a fitted scikit-learn model of the kind of `model` with the weights of a trained network.

    It is bare if all columns are numbers without a missing cell, else a Pipeline that encodes them first. `weights` are
    pairs of (n_in, n_out) and (n_out,) arrays on encoded rows; `classes` is None for a regression, whose target is
    scaled by the mean and the standard deviation in `target_scaling`.
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
    fitted = _filled(clone(model), weights, classes, n_iter)
    fitted.n_features_in_ = len(weights[0][0])
    if plain:
        if feature_names is not None:
            fitted.feature_names_in_ = feature_names
        return fitted
    return Pipeline([("encode", MatrixEncoder.from_encoder(encoder)), ("model", fitted)])


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
