"""What is read and resolved before training: the table, the target, the threat model, the network and its settings."""

import copy
from dataclasses import dataclass
from numbers import Real

import numpy as np
from sklearn.base import clone
from sklearn.metrics import accuracy_score, r2_score
from sklearn.utils import compute_sample_weight
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import _check_sample_weight, _num_samples, check_consistent_length, validate_data

from skgan_resample._budget import NumpyBudget
from skgan_resample._robust_at._training import Problem
from skgan_resample._sklearn_networks import (
    Architecture,
    default_model,
    is_convertible,
    refuse_unsupported,
    settings_of,
    task_of,
)
from skgan_resample._tables._containers import table_reader, take_rows
from skgan_resample._tables._targets import read_classes, read_target
from skgan_resample.exceptions import warn
from skgan_resample.threat import ThreatModel, fit_to_codes, is_attacked


@dataclass(frozen=True)
class TargetEncoding:
    """How the network sees the target: positions of classes, or standardized numbers."""

    classes: np.ndarray | None  # None for a regression
    mean: float = 0.0
    spread: float = 1.0

    @classmethod
    def learned(cls, y, weight, task):
        """Learn the classes, or the weighted mean and standard deviation."""
        if task == "classification":
            return cls(np.unique(y))
        mean = np.average(y, weights=weight)
        spread = np.sqrt(np.average((y - mean) ** 2, weights=weight))
        return cls(None, float(mean), float(spread) if spread > 0 else 1.0)

    def read(self, y, name="y"):
        """Return classes or a continuous target as an array of shape (n_samples,)."""
        return read_y(y, "regression" if self.classes is None else "classification", name)

    def encode(self, y):
        """Return the target for the network; a class that was not seen stands for some other one."""
        if self.classes is None:
            return (np.asarray(y, dtype=np.float64) - self.mean) / self.spread
        return np.searchsorted(self.classes, y).clip(max=len(self.classes) - 1)

    def decode(self, outputs):
        """Return predictions for outputs of the network, shape (n_samples, n_outputs)."""
        if self.classes is None:
            return outputs[:, 0] * self.spread + self.mean
        return self.classes[outputs.argmax(axis=1)]

    def factor(self, threat, y):
        """Return 1 for rows that are attacked and 0 for others, shape (n_samples, 1)."""
        factor = is_attacked(threat, y)
        if self.classes is not None:
            factor = factor * np.isin(y, self.classes)[:, None]  # rows of other classes are wrong whatever is done
        return factor

    @property
    def score(self):
        """The accuracy, or R2, as a function of truth and predictions."""
        return r2_score if self.classes is None else accuracy_score

    def null_model_loss(self, targets, weight):
        """Return the loss of a model that sees no column: the entropy of the classes, or the variance, which is 1."""
        if self.classes is None:
            return 1.0
        share = np.bincount(targets, weights=weight, minlength=len(self.classes)) / weight.sum()
        share = share[share > 0]
        return float(-(share * np.log(share)).sum())


def read_y(y, task, name="y", *, warn=False):
    """Return classes or a continuous target as an array of shape (n_samples,)."""
    return (read_target if task == "regression" else read_classes)(y, name=name, warn=warn)


@dataclass(frozen=True)
class TorchSource:
    """A torch module, or a function that makes one: what is needed to build the network again."""

    source: object
    n_inputs: int
    n_outputs: int

    def build(self):
        """Return the untrained network."""
        from torch import nn

        if isinstance(self.source, nn.Module):
            return copy.deepcopy(self.source)
        if not callable(self.source):
            raise TypeError(
                f"estimator={self.source!r} is neither a scikit-learn model that can be read as a network nor a "
                "function ``(n_features, n_outputs) -> torch.nn.Module``."
            )
        network = self.source(self.n_inputs, self.n_outputs)
        if not isinstance(network, nn.Module):
            raise TypeError(f"estimator must return a torch.nn.Module, got {type(network).__name__}.")
        return network

    def check(self):
        """Refuse a module whose outputs have another shape than the training needs."""
        import torch

        from skgan_resample._nn.training import seeded

        wanted = (2, self.n_outputs)
        with seeded(np.random.RandomState(0)), torch.no_grad():
            found = tuple(self.build().eval()(torch.zeros(2, self.n_inputs)).shape)
        if found != wanted:
            raise ValueError(
                f"The torch module makes outputs of shape {found} for 2 rows of {self.n_inputs} columns, "
                f"{wanted} are needed: logits of the classes, or one number."
            )


@dataclass(frozen=True)
class Prepared:
    """Everything that is known before the training."""

    problem: Problem
    task: str
    threat: ThreatModel
    target: TargetEncoding
    source: object  # Architecture or TorchSource
    model: object  # the scikit-learn model that was converted, or None
    small_loss: float  # a row with a smaller loss is a small-loss row
    kept_rows: np.ndarray  # positions of the training rows among those given: rows of weight 0 are left out
    n_given: int


def prepare(estimator, options, X, y, sample_weight, X_val, y_val):
    """Read the tables, resolve the threat model, and put the rows on the device; parameters are read only."""
    import torch

    from skgan_resample._nn.attacks import Budget
    from skgan_resample._nn.training import resolve_device

    name = type(estimator).__name__
    if y is None:
        raise ValueError(f"{name} requires y to be passed, but the target y is None.")
    if (X_val is None) != (y_val is None):
        raise ValueError("X_val and y_val belong together: give both or neither.")
    task = task_of(estimator.estimator, estimator.task)
    n_given = table_reader(X).n_rows  # refuses what is no table, before rows are taken
    X, y, score_weight, kept_rows = _weighted_rows(X, y, sample_weight)
    threat = ThreatModel() if estimator.threat_model is None else clone(estimator.threat_model)
    threat._validate_params()
    codes = fit_to_codes(threat, X)
    encoder, n_train = threat.encoder_, len(codes)
    budget = NumpyBudget.of(threat, encoder)
    if n_train < 2:
        raise ValueError(f"n_samples=1: {name} needs at least 2 rows, got 1 sample.")
    if encoder.width_ == 0:
        raise ValueError("All columns of X are constant: there is nothing to learn from.")
    y = _read_training_target(y, task, n_train)
    target = TargetEncoding.learned(y, score_weight, task)
    _check_threat(threat, budget, target)
    model = default_model(task) if estimator.estimator is None else estimator.estimator
    if is_convertible(model):
        refuse_unsupported(model)
    settings = _settings(estimator, options, model, n_train)
    weight = score_weight
    if settings["class_weight"] is not None and task == "classification":
        weight = weight * compute_sample_weight(settings["class_weight"], y)
    encoded, targets = encoder.encode_codes(codes), target.encode(y)
    small_loss = options.small_loss_threshold * target.null_model_loss(targets, weight)
    if X_val is not None:
        val_codes, y_val = _validation_rows(X_val, y_val, threat, target)
        encoded = np.vstack([encoded, encoder.encode_codes(val_codes)])
        targets = np.concatenate([targets, target.encode(y_val)])
        y = np.concatenate([y, y_val])
        weight, score_weight = (np.concatenate([part, np.ones(len(val_codes))]) for part in (weight, score_weight))
    source = _network_source(model, encoder.width_, target.classes)
    device = resolve_device(estimator.device)

    def tensor(array, dtype=torch.float32):
        return torch.as_tensor(array, dtype=dtype, device=device)

    problem = Problem(
        x=tensor(encoded),
        y=tensor(targets, torch.long if task == "classification" else torch.float32),
        weight=tensor(weight),
        score_weight=tensor(score_weight),
        factor=tensor(target.factor(threat, y)),
        n_train=n_train,
        budget=Budget.encoded(budget, encoder).to(device),
        build=source.build,
        settings=settings,
    )
    converted = clone(model) if is_convertible(model) else None
    return Prepared(problem, task, threat, target, source, converted, small_loss, kept_rows, n_given)


def _weighted_rows(X, y, sample_weight):
    """Return rows, targets and weights without the rows of weight 0, and the positions of those that are left."""
    n = _num_samples(X)
    if sample_weight is None or n != _num_samples(y):  # tables of two lengths are refused where y is read
        return X, y, np.ones(n), np.arange(n)
    weight = _check_sample_weight(sample_weight, X, dtype=np.float64, ensure_non_negative=True)
    kept = np.flatnonzero(weight > 0)
    if not len(kept):
        raise ValueError("sample_weight is zero for all rows.")
    if len(kept) < n:
        X, y, weight = take_rows(X, kept), np.asarray(y)[kept], weight[kept]
    return X, y, weight, kept


def _read_training_target(y, task, n_rows):
    y = read_y(y, task, warn=True)
    if len(y) != n_rows:
        raise ValueError(f"Inconsistent numbers of samples: X has {n_rows} rows, y has {len(y)}.")
    if task == "classification":
        check_classification_targets(y)
        classes = np.unique(y)
        if len(classes) < 2:
            raise ValueError(f"y holds one class only, {classes[0]!r}; a classifier needs two.")
    return y


def _validation_rows(X_val, y_val, threat, target):
    """Return the codes and the target of the rows that the caller holds out."""
    validate_data(threat, X_val, reset=False, skip_check_array=True)
    codes, y_val = threat.encoder_.to_codes(X_val), target.read(y_val, "y_val")
    check_consistent_length(codes, y_val)
    if target.classes is not None and not np.isin(y_val, target.classes).all():
        raise ValueError(f"y_val holds {set(y_val) - set(target.classes)}, no class of the training rows.")
    return codes, y_val


def _check_threat(threat, budget, target):
    """Warn of a threat model that does nothing though it is not meant to; refuse classes that do not exist."""
    is_meant = not (isinstance(threat.eps, Real) and threat.eps == 0)
    if budget.is_empty and is_meant:
        warn(
            "The threat model moves no column, so this is ordinary training: budgets below 1 leave columns of "
            "integers unchanged, and categories are switched only with max_categorical_changes."
        )
    attackable = () if threat.attackable_classes is None else np.asarray(threat.attackable_classes).tolist()
    unknown = set(attackable) - set(() if target.classes is None else target.classes.tolist())
    if unknown:
        raise ValueError(f"attackable_classes names {sorted(map(str, unknown))}, which y does not hold.")


def _settings(estimator, options, model, n_rows):
    """Return the training settings: those of the wrapper and its options where given, else those of the model."""
    given = {**options.get_params(), "max_epochs": estimator.max_epochs, "class_weight": estimator.class_weight}
    given |= {name: getattr(estimator, name) for name in ("objective", "trades_beta", "n_steps")}
    return settings_of(model, n_rows) | {name: value for name, value in given.items() if value is not None}


def _network_source(model, n_inputs, classes):
    """Return what builds the network, tried out where it comes from the user."""
    n_classes = None if classes is None else len(classes)
    if is_convertible(model):
        return Architecture.from_sklearn(model, n_inputs, n_classes)
    source = TorchSource(model, n_inputs, 1 if classes is None else n_classes)
    source.check()
    return source
