"""RobustATWrapper: the estimator."""

import time
from math import inf, nan
from numbers import Integral, Real

import numpy as np
from sklearn.base import BaseEstimator, MetaEstimatorMixin, _fit_context, clone
from sklearn.metrics import accuracy_score, r2_score
from sklearn.utils import ClassifierTags, RegressorTags, check_random_state, compute_sample_weight
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import (
    _check_sample_weight,
    _num_samples,
    check_consistent_length,
    check_is_fitted,
    validate_data,
)

from skgan_resample._estimators import TRAINING_CONSTRAINTS, CallbackSupportMixin, TorchStateMixin, fit_callbacks
from skgan_resample._robust_at._ablation import GROUPS, factor_ablation
from skgan_resample._robust_at._overfitting import (
    MAX_ATTACK_GAP,
    MAX_MASKING_GAP,
    cross_fitted,
    mean_difference,
    onset,
    report,
    robust_gap,
    suspected_labels,
    telling_apart,
)
from skgan_resample._robust_at._training import FINAL_STEPS, Problem, best_position, n_batches, run, train_network
from skgan_resample._sklearn_networks import (
    Architecture,
    default_spec,
    is_spec,
    refuse_unkept,
    settings_of,
    task_of,
    to_sklearn,
)
from skgan_resample._tables._containers import reader_of, table_reader, take_rows
from skgan_resample._tables._encoder import TableEncoder
from skgan_resample._tables._targets import read_classes, read_target
from skgan_resample.exceptions import warn
from skgan_resample.threat import ThreatModel

TREATMENTS = ("loss_scale", "attack_strength", "augment", "awp", "label_smoothing", "ema")
AUTO = (("loss_scale", "awp"), ("loss_scale", "attack_strength", "awp"))  # what "auto" tries
MIN_ROWS = 10  # fewer are not cut into folds
MAX_HELD_OUT = 1000  # rows of a fold that are looked at
MAX_FACTOR = 16.0  # of the budget, in `min_budget`


def _is_classifier(self):
    if hasattr(self, "task_"):
        return self.task_ == "classification"
    return task_of(self.estimator, self.task) == "classification"


class RobustATWrapper(CallbackSupportMixin, TorchStateMixin, MetaEstimatorMixin, BaseEstimator):
    """Train a network adversarially; find out whether that over-fits, why, and treat it only where it does.

    Adversarial training (AT) fits each row where an attacker would move it. On small tables it can begin to learn
    its own attacks by heart: robust accuracy on training rows goes on rising, on new rows it falls. This *robust
    overfitting* (RO) [1]_ is looked for on rows that the network has not seen, with an interval and the power of the
    search; it is treated if found, and `ro_report` says what happened.

    Parameters
    ----------
    estimator : scikit-learn model, callable, torch.nn.Module or None, default=None
        What is trained. An MLPClassifier, MLPRegressor, LogisticRegression, LinearSVC, Ridge or LinearRegression is
        read as a specification: architecture, penalty (`alpha`, `C`), and training parameters where those below are
        None; it is not fitted itself, and a linear one is trained with the loss of the others. Penalties are on
        standardized columns. A callable ``(n_features, n_outputs) -> torch.nn.Module`` or a module (copied) returns
        logits of shape (n, n_classes), also for two classes, or (n, 1) for a regression; `n_features` is the number of
        encoded columns, and a lambda cannot be pickled nor used in parallel. None is ``MLPClassifier((128, 128),
        solver="sgd", learning_rate_init=0.05, batch_size=64, alpha=0.032, max_iter=60)``, or an MLPRegressor like it.
    threat_model : ThreatModel, default=None
        What an attacker may do. It is cloned and fitted to the training rows. None is ``ThreatModel(eps=0.1)``: a tenth
        of a standard deviation in each numeric column.
    task : {"auto", "classification", "regression"}, default="auto"
        "auto" takes it from `estimator`, and classification where that is None. A torch module needs to be told.
    objective : {"at", "trades"}, default="at"
        The loss of attacked rows, or the loss of the rows themselves plus `trades_beta` times the divergence of the two
        predictions (TRADES, arXiv:1901.08573).
    trades_beta : float, default=6.0
        See `objective`.
    attack_steps : int, default=7
        Steps of the attack on each batch. They shrink from twice the budget to nothing.
    attack_loss : {"mixed", "ce", "margin"}, default="mixed"
        What the attack of the training raises: at each step cross-entropy or margin by a coin, or always one of them.
        Regressions always use the squared error.
    warm_up : float in [0, 1), default=0.1
        The budget grows from nothing to its full size in this share of the training; ours. Without it, training with a
        large budget often begins with a constant prediction and takes long to leave it.
    ro_strategy : "auto", None or list of str, default="auto"
        What is done about robust overfitting. None: nothing but early stopping. "auto": plain AT first; where RO is
        found, also loss scaling with AWP, and the two with a stronger attack; held-out rows choose among the three, at
        a loss of clean accuracy of at most `max_clean_loss`. A list is one training with these treatments, whether
        there is RO or not:

        - "loss_scale": small losses l count for ``threshold / l`` times as much;
        - "attack_strength": small-loss rows are attacked with `strength_ratio` times the budget;
        - "augment": while more than `swap_above` of a batch has a small loss, such rows swap about a third of their
          columns with rows of their class;
        - "awp": the gradient is taken at weights moved to where the loss is larger (arXiv:2004.05884);
        - "label_smoothing", "ema": as their names say.
    max_clean_loss : float, default=0.02
        See `ro_strategy`; in accuracy, or R2.
    small_loss_threshold : float, default=0.65
        A row has a small loss if it is below so many times the loss of who knows only how frequent the classes are (the
        entropy), or the mean. On ten balanced classes the default is the 1.5 of the paper.
    strength_ratio : float, default=1.5
        See "attack_strength". Far above 1.5 networks can come to hide their gradient instead of becoming
        robust; look at `masking_gap_`.
    swap_above : float in [0, 1], default=0.5
        See "augment".
    awp_gamma : float, default=0.01
        How far weights are moved, relative to the norm of each matrix.
    label_smoothing : float in [0, 1), default=0.1
        Share of the target that is spread over all classes, with "label_smoothing".
    ema_decay : float in [0, 1), default=0.995
        What averaged weights keep of themselves at each step, with "ema".
    validation : int, float in (0, 1) or None, default=3
        How rows are held out to find RO and the best epoch. An int: so many folds, every row is held out once, and the
        network is then trained on all rows for as long as the folds found best. It costs as many more trainings. A
        float: this share of rows is held out, one training, and no rows come back; below a thousand rows or so that
        finds little. None: no rows, no facts about RO, and `ro_strategy` "auto" is None.
    validate_every : int, default=2
        Epochs between two looks at held-out rows (at most 1,000 a fold).
    early_stopping : bool, default=True
        Whether the network of the best epoch is kept; else that of the last one.
    max_epochs, batch_size, learning_rate : int, int and float, default=None
        None takes them from a multilayer perceptron (``max_iter``, ``batch_size``, ``learning_rate_init``). A linear
        model, whose ``max_iter`` counts steps of another solver, gets 100 epochs with batches of 128 rows and a rate
        of 0.05, a torch module 60 epochs with 0.001.
    learning_rate_schedule : {"step", "cosine", "constant"}, default="step"
        "step": a tenth from the half of the epochs on, a hundredth from three quarters on.
    optimizer : {"sgd", "adam"}, default=None
        "sgd" has momentum. None takes the ``solver`` of `estimator`; what it does not have is "sgd", for a torch module
        "adam".
    class_weight : dict, "balanced" or None, default=None
        Multiplied with `sample_weight`. None takes it from `estimator`, if it has one.
    max_time : float, default=None
        Seconds for the whole fit; what does not fit in is cut short, and the result depends on the machine.
    device : str, default="auto"
        "auto" (CUDA where there is one), "cpu", "cuda", "cuda:1".
    verbose : int, default=0
        Print a line for each look at held-out rows.
    random_state : int, RandomState instance or None, default=None
        Folds, weights, batches, attacks.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Of a classifier.
    network_ : torch.nn.Module
        From encoded rows to logits or the standardized target; on the CPU.
    threat_model_ : ThreatModel
        Resolved in the units of each column: `left_`, `right_`, `explain()`.
    strategy_ : str
        What was kept: "plain", or treatments joined by " + ".
    best_epoch_, n_iter_ : int
        Epochs that the kept network was trained for.
    history_ : list of dict
        Of the kept strategy, one record for each look, means over folds: ``epoch``, ``seconds``, ``val_clean``,
        ``val_robust``, ``train_clean``, ``train_robust`` (accuracy or R2 of held-out rows and of up to 128 training
        rows a fold, without and under attack), ``feature_gap`` (how far an attack moves the last hidden layer on
        held-out rows, relative to training rows; an observation, not a warning sign that we have proven),
        ``train_loss`` and ``small_loss_fraction`` (since the look before). Without validation the losses alone.
    runs_ : dict of Curves
        By strategy: outcomes of each held-out row at each look, and the history. Empty without validation.
    ro_gap_, ro_gap_interval_ : float, tuple of float
        Robust accuracy (or R2) lost between the best epoch and the last one by the first run, with its 90 % interval.
        The best epoch of some rows is chosen by others, so the gap of a curve that only wobbles is 0 on average.
    ro_detected_ : bool or None
        Whether the lower limit is above 0.01. None if not measured.
    ro_power_ : float
        The probability of finding a true gap of 0.05 with so many rows.
    ro_onset_epoch_ : float or None
        Epoch from which the smoothed curve stays more than a standard error below its top.
    robust_val_best_, robust_val_last_ : float
        Robust accuracy of held-out rows at the best epoch (of the smoothed curve) and at the last.
    masking_gap_ : float
        Robust accuracy of held-out rows against plain PGD minus that against the stronger attack of `robust_score`. A
        warning is given when it is above 0.03 beyond chance.
    attack_gap_, attack_too_weak_ : float, bool or None
        Robust accuracy of training rows against the attack of the training minus that against the stronger one, and
        whether it is above 0.1 beyond chance.
    suspected_labels_ : ndarray of bool, shape (n_samples,)
        Training rows whose label a network that has not seen them doubts.
    device_ : str
    fit_seconds_ : float
    n_features_in_, feature_names_in_
        As everywhere in scikit-learn.

    Notes
    -----
    What is from the paper [1]_: that rows with a small adversarial loss drive RO, and two remedies for them, a stronger
    attack and augmentation. Their exact form is not published; ours is written from public descriptions and is "after"
    the paper. Loss scaling is from its predecessor (MLCAT, arXiv:2206.08675), with the scale detached, since as
    published small losses get no gradient at all. The paper's finding that leaving out small-loss rows relieves RO was
    seen on images; on the noisy table of our tests leaving them out makes it worse. `factor_ablation` asks it of yours.

    Missing cells are encoded with an indicator and are never attacked. Predictions and scores do not depend on the
    device beyond the rounding of float32. A torch module is pickled by reference to its class.

    References
    ----------
    .. [1] C. Yu, X. Shi, J. Yu, B. Han, T. Liu, "Understanding Robust Overfitting from the Feature Generalization
       Perspective", arXiv:2310.00607, 2024.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skgan_resample import RobustATWrapper, ThreatModel
    >>> X, y = load_iris(return_X_y=True)
    >>> robust = RobustATWrapper(threat_model=ThreatModel(eps=0.3), max_epochs=30, random_state=0).fit(X, y)
    >>> robust.score(X, y) > robust.robust_score(X, y) > 0.6
    True
    >>> print(robust.ro_report())  # doctest: +ELLIPSIS
    Threat model: linf, eps 0.3 std: 4 of 4 columns can be moved, none switched.
    ...
    """

    _parameter_constraints: dict = {
        "estimator": "no_validation",
        "threat_model": [ThreatModel, None],
        "task": [StrOptions({"auto", "classification", "regression"})],
        "objective": [StrOptions({"at", "trades"})],
        "trades_beta": [Interval(Real, 0, None, closed="left")],
        "attack_steps": [Interval(Integral, 1, None, closed="left")],
        "attack_loss": [StrOptions({"mixed", "ce", "margin"})],
        "warm_up": [Interval(Real, 0, 1, closed="left")],
        "ro_strategy": [StrOptions({"auto"}), "array-like", None],
        "max_clean_loss": [Interval(Real, 0, None, closed="left")],
        "small_loss_threshold": [Interval(Real, 0, None, closed="left")],
        "strength_ratio": [Interval(Real, 1, None, closed="left")],
        "swap_above": [Interval(Real, 0, 1, closed="both")],
        "awp_gamma": [Interval(Real, 0, None, closed="left")],
        "label_smoothing": [Interval(Real, 0, 1, closed="left")],
        "ema_decay": [Interval(Real, 0, 1, closed="left")],
        "validation": [Interval(Integral, 2, None, closed="left"), Interval(Real, 0, 1, closed="neither"), None],
        "validate_every": [Interval(Integral, 1, None, closed="left")],
        "early_stopping": ["boolean"],
        "max_epochs": [Interval(Integral, 1, None, closed="left"), None],
        "batch_size": [Interval(Integral, 1, None, closed="left"), None],
        "learning_rate": [Interval(Real, 0, None, closed="neither"), None],
        "learning_rate_schedule": [StrOptions({"step", "cosine", "constant"})],
        "optimizer": [StrOptions({"sgd", "adam"}), None],
        "class_weight": [dict, StrOptions({"balanced"}), None],
        **{name: TRAINING_CONSTRAINTS[name] for name in ("max_time", "device", "verbose", "random_state")},
    }
    _network_names = ("network_",)

    def __init__(
        self,
        estimator=None,
        *,
        threat_model=None,
        task="auto",
        objective="at",
        trades_beta=6.0,
        attack_steps=7,
        attack_loss="mixed",
        warm_up=0.1,
        ro_strategy="auto",
        max_clean_loss=0.02,
        small_loss_threshold=0.65,
        strength_ratio=1.5,
        swap_above=0.5,
        awp_gamma=0.01,
        label_smoothing=0.1,
        ema_decay=0.995,
        validation=3,
        validate_every=2,
        early_stopping=True,
        max_epochs=None,
        batch_size=None,
        learning_rate=None,
        learning_rate_schedule="step",
        optimizer=None,
        class_weight=None,
        max_time=None,
        device="auto",
        verbose=0,
        random_state=None,
    ):
        self.estimator = estimator
        self.threat_model = threat_model
        self.task = task
        self.objective = objective
        self.trades_beta = trades_beta
        self.attack_steps = attack_steps
        self.attack_loss = attack_loss
        self.warm_up = warm_up
        self.ro_strategy = ro_strategy
        self.max_clean_loss = max_clean_loss
        self.small_loss_threshold = small_loss_threshold
        self.strength_ratio = strength_ratio
        self.swap_above = swap_above
        self.awp_gamma = awp_gamma
        self.label_smoothing = label_smoothing
        self.ema_decay = ema_decay
        self.validation = validation
        self.validate_every = validate_every
        self.early_stopping = early_stopping
        self.max_epochs = max_epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.learning_rate_schedule = learning_rate_schedule
        self.optimizer = optimizer
        self.class_weight = class_weight
        self.max_time = max_time
        self.device = device
        self.verbose = verbose
        self.random_state = random_state

    # ------------------------------------------------------------------------------------------ fit
    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, sample_weight=None, X_val=None, y_val=None):
        """Train the network; find robust overfitting, and treat it if asked to.

        Parameters
        ----------
        X : table of shape (n_samples, n_features)
            Numbers, levels, dates; missing cells are welcome.
        y : array-like of shape (n_samples,)
            Classes of any kind, or finite numbers.
        sample_weight : array-like of shape (n_samples,), default=None
            >= 0. Rows of weight 0 are left out.
        X_val, y_val : table and array-like, default=None
            Held-out rows, used instead of `validation`. The network is then trained once, and not on them.

        Returns
        -------
        self : RobustATWrapper
            The fitted estimator.

        Raises
        ------
        ValueError
            One class only, infinite values, names that are no columns, and the like; the message says which.
        TypeError
            An `estimator` that is no network.
        NonFiniteLossError
            The training diverged.
        """
        started = time.perf_counter()
        rng = check_random_state(self.random_state)
        problem, n_train = self._prepare(X, y, sample_weight, X_val, y_val)
        strategies = self._strategies()
        folds = self._folds(problem, n_train, rng)
        self._learn(X, y, problem, n_train, strategies, folds, rng, started)
        return self

    def _prepare(self, X, y, sample_weight, X_val, y_val):
        """Read the tables, resolve the threat model, and put the rows on the device."""
        import torch

        from skgan_resample._nn.training import resolve_device

        if y is None:
            raise ValueError(f"{type(self).__name__} requires y to be passed, but the target y is None.")
        if (X_val is None) != (y_val is None):
            raise ValueError("X_val and y_val belong together: give both or neither.")
        table_reader(X)  # refuses what is no table
        self.task_ = task_of(self.estimator, self.task)
        score_weight = None
        if sample_weight is not None and y is not None and _num_samples(X) == _num_samples(y):
            score_weight = _check_sample_weight(sample_weight, X, dtype=np.float64, ensure_non_negative=True)
            self._kept_rows = np.flatnonzero(score_weight > 0)
            if not len(self._kept_rows):
                raise ValueError("sample_weight is zero for all rows.")
            if len(self._kept_rows) < len(score_weight):
                X, y = take_rows(X, self._kept_rows), np.asarray(y)[self._kept_rows]
                score_weight = score_weight[self._kept_rows]
        else:
            self._kept_rows = np.arange(_num_samples(X))
        self._n_given = _num_samples(X) if score_weight is None else len(np.asarray(sample_weight))
        threat = ThreatModel() if self.threat_model is None else clone(self.threat_model)
        threat._validate_params()
        codes = threat._fit_to_codes(X)
        self.threat_model_ = threat
        validate_data(self, X, skip_check_array=True)
        self.encoder_ = threat._encoder
        if len(codes) < 2:
            raise ValueError(f"n_samples=1: {type(self).__name__} needs at least 2 rows, got 1 sample.")
        if self.encoder_.width_ == 0:
            raise ValueError("All columns of X are constant: there is nothing to learn from.")
        self._container = f"{type(X).__module__}.{type(X).__qualname__}"
        y = self._read_target(y, len(codes))
        if score_weight is None:
            score_weight = np.ones(len(codes))
        if not threat._movable.any() and not _can_switch(threat) and _asks(threat):
            warn(
                "The threat model moves no column, so this is ordinary training: budgets below 1 leave columns of "
                "integers alone, and levels are switched only with max_categorical_changes."
            )
        attackable = () if threat.attackable_classes is None else np.asarray(threat.attackable_classes).tolist()
        unknown = set(attackable) - set(self.classes_.tolist() if self._has_classes() else ())
        if unknown:
            raise ValueError(f"attackable_classes names {sorted(map(str, unknown))}, which is no class of y.")
        n_train = len(codes)
        encoded = self.encoder_.encode_codes(codes)
        targets, labels = self._encode_target(y, score_weight, fit=True), y
        spec = default_spec(self.task_) if self.estimator is None else self.estimator
        self._spec = clone(spec) if is_spec(spec) else None
        if self._spec is not None:
            refuse_unkept(spec)
        settings = self._settings(spec, n_train)
        weight = score_weight
        if settings["class_weight"] is not None and self._has_classes():
            weight = weight * compute_sample_weight(settings["class_weight"], y)
        if X_val is not None:
            val_codes = self._to_codes(X_val)
            y_val = self._read_y(y_val, "y_val")
            check_consistent_length(val_codes, y_val)
            if self._has_classes() and not np.isin(y_val, self.classes_).all():
                raise ValueError(f"y_val holds {set(y_val) - set(self.classes_)}, no class of the training rows.")
            encoded = np.vstack([encoded, self.encoder_.encode_codes(val_codes)])
            targets = np.concatenate([targets, self._encode_target(y_val, None, fit=False)])
            labels = np.concatenate([y, y_val])
            weight, score_weight = (np.concatenate([part, np.ones(len(val_codes))]) for part in (weight, score_weight))
        self._threshold = self.small_loss_threshold * self._constant_loss(targets[:n_train], weight[:n_train])
        self._set_architecture(spec)
        self._try_network()

        device = resolve_device(self.device)
        self.device_ = str(device)
        problem = Problem(
            x=torch.as_tensor(encoded, dtype=torch.float32, device=device),
            y=torch.as_tensor(targets, dtype=torch.long if self._has_classes() else torch.float32, device=device),
            weight=torch.as_tensor(weight, dtype=torch.float32, device=device),
            score_weight=torch.as_tensor(score_weight, dtype=torch.float32, device=device),
            factor=self._factors(threat, labels, len(labels), device),
            budget=threat._budget(self.encoder_).to(device),
            build=self._make_network,
            blocks=self._blocks(threat),
            settings=settings,
        )
        return problem, n_train

    def _blocks(self, threat):
        """Return the encoded columns that belong together: a number and its indicator, a head, a one-hot group."""
        of_column = [np.arange(column.encoded.start, column.encoded.stop) for column in self.encoder_.columns_]
        together = [np.concatenate([of_column[j] for j in members]) for members in threat._all_groups]
        grouped = {j for members in threat._all_groups for j in members}
        return together + [columns for j, columns in enumerate(of_column) if j not in grouped]

    def _read_target(self, y, n_rows):
        y = self._read_y(y, warn=True)
        if len(y) != n_rows:
            raise ValueError(f"Inconsistent numbers of samples: X has {n_rows} rows, y has {len(y)}.")
        if self._has_classes():
            check_classification_targets(y)
            self.classes_ = np.unique(y)
            if len(self.classes_) < 2:
                raise ValueError(f"y holds one class only, {self.classes_[0]!r}; a classifier needs two.")
        return y

    def _read_y(self, y, name="y", *, warn=False):
        """Return classes or a continuous target as an array of shape (n_samples,)."""
        return read_classes(y, name, warn=warn) if self._has_classes() else read_target(y, name=name, warn=warn)

    def _encode_target(self, y, weight, *, fit):
        """Return the target as the network sees it: positions of classes, or standardized numbers."""
        if self._has_classes():
            return np.searchsorted(self.classes_, y).clip(max=len(self.classes_) - 1)
        y = np.asarray(y, dtype=np.float64)
        if fit:
            mean = np.average(y, weights=weight)
            spread = np.sqrt(np.average((y - mean) ** 2, weights=weight))
            self._target_scaling = (float(mean), float(spread) if spread > 0 else 1.0)
        return (y - self._target_scaling[0]) / self._target_scaling[1]

    def _settings(self, spec, n_rows):
        """Return the training settings: ours where given, else those of the specification."""
        settings = settings_of(spec, n_rows)
        own = ("max_epochs", "batch_size", "learning_rate", "optimizer", "class_weight")
        settings |= {name: getattr(self, name) for name in own if getattr(self, name) is not None}
        names = ("objective", "trades_beta", "attack_steps", "attack_loss", "warm_up", "learning_rate_schedule")
        names += ("validate_every",)
        return settings | {name: getattr(self, name) for name in names}

    def _constant_loss(self, targets, weight):
        """Return the loss of who knows no more than how frequent the classes are, or the mean."""
        if not self._has_classes():
            return 1.0
        share = np.bincount(targets, weights=weight, minlength=len(self.classes_)) / weight.sum()
        share = share[share > 0]
        return float(-(share * np.log(share)).sum())

    def _set_architecture(self, spec):
        n_classes = len(self.classes_) if self._has_classes() else None
        if is_spec(spec):
            self._architecture = Architecture.of(spec, self.encoder_.width_, n_classes)
            self._factory = None
        else:
            self._architecture = None
            self._factory = spec

    def _make_network(self):
        import copy

        from torch import nn

        if self._architecture is not None:
            return self._architecture.build()
        if isinstance(self._factory, nn.Module):
            return copy.deepcopy(self._factory)
        if not callable(self._factory):
            raise TypeError(
                f"estimator={self._factory!r} is neither a scikit-learn model that can be read as a network nor a "
                "function ``(n_features, n_outputs) -> torch.nn.Module``."
            )
        n_outputs = len(self.classes_) if self._has_classes() else 1
        network = self._factory(self.encoder_.width_, n_outputs)
        if not isinstance(network, nn.Module):
            raise TypeError(f"estimator must return a torch.nn.Module, got {type(network).__name__}.")
        return network

    def _try_network(self):
        """Refuse a module whose outputs are of another shape than the training needs."""
        if self._architecture is not None:
            return
        import torch

        from skgan_resample._nn.training import seeded

        wanted = (2, len(self.classes_) if self._has_classes() else 1)
        with seeded(np.random.RandomState(0)), torch.no_grad():
            found = tuple(self._make_network().eval()(torch.zeros(2, self.encoder_.width_)).shape)
        if found != wanted:
            raise ValueError(
                f"The torch module makes outputs of shape {found} for 2 rows of {self.encoder_.width_} columns, "
                f"{wanted} are needed: logits of the classes, or one number."
            )

    def _build_network(self, name):
        return self._make_network()

    def _strategies(self):
        """Return the treatments of the first run, and those to try if it over-fits; name -> Treatment."""
        if self.ro_strategy is None:
            return {"plain": self._treatment(())}
        if isinstance(self.ro_strategy, str):
            candidates = {"plain": (), **{" + ".join(parts): parts for parts in AUTO}}
            return {name: self._treatment(parts) for name, parts in candidates.items()}
        parts = list(self.ro_strategy)
        unknown = [part for part in parts if part not in TREATMENTS]
        if unknown:
            raise ValueError(f"ro_strategy names {unknown}; known are {list(TREATMENTS)}.")
        return {" + ".join(parts) or "plain": self._treatment(parts)}

    def _treatment(self, parts):
        from skgan_resample._nn.adversarial import Treatment

        return Treatment(
            threshold=self._threshold,
            loss_scale="loss_scale" in parts,
            attack_strength=self.strength_ratio if "attack_strength" in parts else None,
            swap_above=self.swap_above if "augment" in parts else None,
            awp_gamma=self.awp_gamma if "awp" in parts else None,
            label_smoothing=self.label_smoothing if "label_smoothing" in parts else 0.0,
            ema_decay=self.ema_decay if "ema" in parts else None,
        )

    def _folds(self, problem, n_train, rng):
        """Return (train, held out) pairs: the given validation rows, folds, one part, or nothing."""
        n, usable = len(problem.x), np.arange(n_train)
        if n > n_train:
            return [(usable, _some(np.arange(n_train, n), rng))]
        if self.validation is None or len(usable) < MIN_ROWS:
            return []
        is_folds = isinstance(self.validation, Integral)
        n_parts = min(self.validation, len(usable) // 2) if is_folds else max(2, round(1 / self.validation))
        # Neighbours in the order of the target go to different parts, so that each part is like the whole.
        order = rng.permutation(usable)
        order = order[np.argsort(problem.y.cpu().numpy()[order], kind="stable")]
        if is_folds:
            part = np.empty(len(order), dtype=int)
            part[np.argsort(order)] = np.arange(len(order)) % n_parts
            usable = np.sort(order)
            return [(usable[part != k], _some(usable[part == k], rng)) for k in range(n_parts)]
        n_held_out = max(1, round(self.validation * len(order)))
        chosen = np.zeros(len(order), dtype=bool)
        chosen[np.linspace(0, len(order) - 1, n_held_out).round().astype(int)] = True
        return [(np.sort(order[~chosen]), _some(np.sort(order[chosen]), rng))]

    def _learn(self, X, y, problem, n_train, strategies, folds, rng, started):
        """Look for overfitting, treat it, train the network that is kept."""
        from skgan_resample._nn.training import restore

        seeds = [int(rng.randint(np.iinfo(np.int32).max)) for _ in range(len(folds) + 1)]
        per_run = 1 + -(-problem.settings["max_epochs"] // self.validate_every)
        refits = len(folds) != 1  # with folds, or without validation
        self.runs_, trained, names = {}, {}, list(strategies)
        kept = names[0]

        def left(share=1.0):
            if self.max_time is None:
                return None
            return max(share * (self.max_time - (time.perf_counter() - started)), 1e-3)

        def look(name):
            """Train with a strategy on the folds and choose its epoch."""
            share = len(folds) / (len(folds) + 1) if refits else 1.0
            curves, *trained[name] = run(
                name, problem, folds, strategies[name], seeds, callbacks=callbacks, max_time=left(share), check=True
            )
            self.runs_[name] = curves
            curves.gap = robust_gap(curves, np.random.RandomState(seeds[-1]))
            # The last epoch ends a schedule of falling rates, so one before it must be better beyond its error.
            stops = self.early_stopping and curves.gap.value > curves.gap.error
            curves.kept = curves.best if stops else len(curves.epochs) - 1

        with fit_callbacks(self, X, y, n_records=per_run * (1 + len(names) * len(folds))) as callbacks:
            if folds:
                look(kept)
                self._set_facts(self.runs_[kept])
                self._set_diagnosis(problem, folds, self.runs_[kept], n_train, rng)
                for name in names[1:] if self.ro_detected_ else ():
                    if self.max_time is not None and left() < 2 * self.runs_[kept].seconds:
                        warn(f"max_time={self.max_time:g} left no time to try {name!r}.")
                        break
                    look(name)
                    self.runs_[name].probabilities = None
                kept = self._preferred(seeds[-1])
            else:
                self._set_no_facts()
            if refits:
                epochs = problem.settings["max_epochs"]
                if folds:
                    epochs = max(1, round(self.runs_[kept].epochs[self.runs_[kept].kept]))
                # At least as long as a fold took: an untrained network would help nobody.
                least = self.runs_[kept].seconds / len(folds) if folds else 0.0
                network, result = train_network(
                    problem, np.arange(n_train), strategies[kept], np.random.RandomState(seeds[-1]), stop_after=epochs,
                    callbacks=callbacks, max_time=None if self.max_time is None else max(left(), least),
                )  # fmt: skip
                done = result.history[-1]["step"] / n_batches(n_train, problem.settings)
                if done < epochs:
                    reason = "max_time" if result.stop_reason == "max_time" else "a callback"
                    warn(f"{reason} ended the training after {done:.1f} of {epochs} epochs.")
            else:
                network, states = trained[kept]
                restore({"network": network}, states[self.runs_[kept].kept])
                done = self.runs_[kept].epochs[self.runs_[kept].kept]
        self.strategy_ = kept
        self.n_iter_ = self.best_epoch_ = max(1, round(done))
        self.history_ = self.runs_[kept].history if folds else _by_epoch(result, n_train, problem)
        self.network_ = network.to("cpu").eval()
        del self._kept_rows
        self.fit_seconds_ = time.perf_counter() - started
        if self._masks:
            warn(
                f"PGD alone leaves {self.masking_gap_:.3f} more robust accuracy than a stronger attack: the network "
                "hides its gradient, and figures of PGD are too good. robust_score uses the stronger attack."
            )

    def _set_facts(self, curves):
        """Set what the first run says about robust overfitting."""
        gap = curves.gap
        self.ro_gap_, self.ro_gap_interval_ = gap.value, (gap.low, gap.high)
        self.ro_detected_, self.ro_power_ = gap.detected, gap.power()
        self.ro_onset_epoch_ = onset(curves) if self.ro_detected_ else None
        curve = curves.curve()
        self.robust_val_best_, self.robust_val_last_ = float(curve[best_position(curve)]), float(curve[-1])
        self.masking_gap_, low = mean_difference(curves.checks["pgd"], curves.checks["adaptive"])
        self._masks = low > MAX_MASKING_GAP
        self.attack_gap_, low = mean_difference(curves.checks["training_attack"], curves.checks["strong_attack"])
        self.attack_too_weak_ = low > MAX_ATTACK_GAP

    def _set_diagnosis(self, problem, folds, curves, n_train, rng):
        """Set what is to be looked at before the network is blamed."""
        encoded = problem.x.cpu().numpy()
        train_rows, held_out = folds[0]
        found = {"n_held_out": len(curves.rows), "auc": nan, "auc_error": nan, "suspected_labels": nan}
        if len(encoded) > n_train:
            found["auc"], found["auc_error"] = telling_apart(encoded[train_rows], encoded[held_out], rng)
        found["duplicates"] = 1 - len(np.unique(encoded[:n_train], axis=0)) / n_train
        self.suspected_labels_ = np.zeros(self._n_given, dtype=bool)
        if curves.probabilities is not None:
            truth = problem.y.cpu().numpy()[curves.rows]
            suspected = suspected_labels(curves.probabilities[curves.best].astype(float), truth)
            found["suspected_labels"] = float(suspected.mean())
            own = curves.rows[suspected]
            self.suspected_labels_[self._kept_rows[own[own < n_train]]] = True
            curves.probabilities = None
        self._diagnosis = found

    def _set_no_facts(self):
        self.ro_gap_, self.ro_gap_interval_, self.ro_power_ = nan, (nan, nan), nan
        self.ro_detected_ = self.ro_onset_epoch_ = self.attack_too_weak_ = None
        self.robust_val_best_ = self.robust_val_last_ = self.masking_gap_ = self.attack_gap_ = nan
        self._masks = False

    def _preferred(self, seed):
        """Return the strategy that held-out rows prefer, and choose its epoch.

        It has the highest robust accuracy among those that cost no more clean accuracy than allowed. A strategy whose
        best epoch costs too much can still be kept at its last one.
        """
        first = next(iter(self.runs_))
        stops_early = {name: curves.kept < len(curves.epochs) - 1 for name, curves in self.runs_.items()}
        basis = first, stops_early[first]
        judged = {}
        for name, curves in self.runs_.items():
            for stops in (True, False) if stops_early[name] and name != first else (stops_early[name],):
                judged[name, stops] = [
                    cross_fitted(curves, which, stops, np.random.RandomState(seed)) for which in ("clean", "robust")
                ]
        least = judged[basis][0] - self.max_clean_loss
        allowed = [which for which, (clean, _) in judged.items() if which == basis or clean >= least]
        name, stops = max(allowed, key=lambda which: judged[which][1])
        if not stops:
            self.runs_[name].kept = len(self.runs_[name].epochs) - 1
        return name

    # ------------------------------------------------------------------------------------------ predict
    def predict(self, X):
        """Return the class, or the number, of each row.

        Parameters
        ----------
        X : table of shape (n_samples, n_features)
            With the columns of `fit`. Infinity is refused. A category that `fit` did not see is encoded as none of the
            known ones. A missing cell in a column that was complete in `fit` counts as the mean of the column, or as no
            known category, with a ResamplingWarning.

        Returns
        -------
        y : ndarray of shape (n_samples,)
            Labels as in `classes_`, or numbers in the units of the target.
        """
        outputs = self._outputs(X)
        if self._has_classes():
            return self.classes_[outputs.argmax(axis=1)]
        return outputs[:, 0] * self._target_scaling[1] + self._target_scaling[0]

    @available_if(_is_classifier)
    def decision_function(self, X):
        """Return the logits of the rows.

        Parameters
        ----------
        X : table of shape (n_samples, n_features)
            With the columns of `fit`. Infinity is refused. A category that `fit` did not see is encoded as none of the
            known ones. A missing cell in a column that was complete in `fit` counts as the mean of the column, or as no
            known category, with a ResamplingWarning.

        Returns
        -------
        logits : ndarray of shape (n_samples, n_classes), or (n_rows,) for two classes, positive for the second
            What the network says before it is turned into probabilities.
        """
        outputs = self._outputs(X)
        return outputs[:, 1] - outputs[:, 0] if outputs.shape[1] == 2 else outputs

    @available_if(_is_classifier)
    def predict_proba(self, X):
        """Return the probability of each class.

        Parameters
        ----------
        X : table of shape (n_samples, n_features)
            With the columns of `fit`. Infinity is refused. A category that `fit` did not see is encoded as none of the
            known ones. A missing cell in a column that was complete in `fit` counts as the mean of the column, or as no
            known category, with a ResamplingWarning.

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_classes)
            In the order of `classes_`.
        """
        outputs = self._outputs(X)
        outputs = np.exp(outputs - outputs.max(axis=1, keepdims=True))
        return outputs / outputs.sum(axis=1, keepdims=True)

    def score(self, X, y, sample_weight=None):
        """Return the accuracy, or R2, without any attack.

        Parameters
        ----------
        X : table of shape (n_samples, n_features)
            With the columns of `fit`.
        y : array-like of shape (n_samples,)
            The truth.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows in the mean; None counts each once.

        Returns
        -------
        score : float
            Share of right classes, or R2.
        """
        scorer = accuracy_score if self._has_classes() else r2_score
        return scorer(y, self.predict(X), sample_weight=sample_weight)

    def robust_score(self, X, y, *, threat_model=None, n_steps=FINAL_STEPS, sample_weight=None, return_report=False):
        """Return the accuracy, or R2, when each row is moved to where it hurts most within the threat model.

        Parameters
        ----------
        X : table of shape (n_samples, n_features)
            With the columns of `fit`.
        y : array-like of shape (n_samples,)
            The truth.
        threat_model : ThreatModel, default=None
            Fitted, or with units of the training rows. None is the one of the training, `threat_model_`.
        n_steps : int, default=30
            Of each of several searches along the gradient: margin, cross-entropy, the nearest wrong classes one by one.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows in the mean; None counts each once.
        return_report : bool, default=False
            Return a dict with ``robust``, ``clean``, ``threat_model`` in words, ``attack`` and ``n_rows``: a robust
            accuracy without its threat model means nothing.

        Returns
        -------
        score : float or dict
            An upper limit, as with every attack. In our benchmarks (numbers, "linf") the worst of several independent
            attacks took up to 0.011 more.
        """
        codes, y = self._rows_and_target(X, y)
        threat = self._resolved(threat_model)
        landed = self._attacked(codes, y, threat, n_steps=n_steps)
        clean, attacked = self._predict_codes(codes), self._predict_codes(landed)
        if self._has_classes():
            attacked = np.where(clean == y, attacked, clean)  # a row that is wrong already is not put right
            score = accuracy_score
        else:
            worse = (clean - y) ** 2 > (attacked - y) ** 2
            attacked, score = np.where(worse, clean, attacked), r2_score
        robust = float(score(y, attacked, sample_weight=sample_weight))
        if not return_report:
            return robust
        return {
            "robust": robust,
            "clean": float(score(y, clean, sample_weight=sample_weight)),
            "threat_model": threat.explain(),
            "attack": f"white-box, margin and cross-entropy, {n_steps} steps a search",
            "n_rows": len(y),
        }

    def perturb(self, X, y=None, *, threat_model=None, n_steps=FINAL_STEPS):
        """Return the rows moved to where they hurt most within the threat model.

        Parameters
        ----------
        X : table of shape (n_samples, n_features)
            With the columns of `fit`.
        y : array-like of shape (n_samples,), default=None
            The truth; None is what the network says.
        threat_model : ThreatModel, default=None
            As for `robust_score`.
        n_steps : int, default=30
            As for `robust_score`.

        Returns
        -------
        X_adv : same container and data types as `X`
            Rows that are wrong as they are, or cannot be moved, may come back unchanged. Columns of integers keep to
            whole numbers, whatever the threat model says.
        """
        check_is_fitted(self)
        if y is None:
            y = self.predict(X)
        codes, y = self._rows_and_target(X, y)
        of_numbers = not self.encoder_.nominal_.any() and not self.encoder_.datetimes
        out = TableEncoder(categorical_features=None, scale=None).fit(X) if of_numbers else self.encoder_
        if not of_numbers and f"{type(X).__module__}.{type(X).__qualname__}" != self._container:
            raise TypeError(f"fit was given a {self._container}: give perturb the same, got {type(X).__name__}.")
        if not of_numbers:
            self._refuse_unseen_levels(X, codes)
        landed = self._attacked(codes, y, self._resolved(threat_model), n_steps=n_steps, whole=out.holds_integers)
        return out.from_codes(landed)

    def _refuse_unseen_levels(self, X, codes):
        """Raise if a level was not seen in fit: it has no code, and could not be handed back."""
        here = TableEncoder(categorical_features=self.threat_model_.categorical_features, scale=None).fit_to_codes(X)
        unseen = np.isnan(codes) & ~np.isnan(here)
        if unseen.any():
            i, j = np.argwhere(unseen)[0]
            raise ValueError(
                f"Row {i} has {reader_of(X).values(j)[i]!r} in column {self.encoder_.columns_[j].name!r}, which fit "
                "has not seen: perturb cannot hand it back. Leave such rows out."
            )

    @available_if(_is_classifier)
    def min_budget(self, X, y, *, threat_model=None, n_steps=FINAL_STEPS, tol=0.01):
        """Return what share of the budget is enough to change the prediction of each row.

        Parameters
        ----------
        X : table of shape (n_samples, n_features)
            With the columns of `fit`.
        y : array-like of shape (n_samples,)
            The truth.
        threat_model : ThreatModel, default=None
            As for `robust_score`.
        n_steps : int, default=30
            As for `robust_score`.
        tol : float, default=0.01
            Relative width at which the bisection stops.

        Returns
        -------
        budget : ndarray of shape (n_samples,)
            0 for rows that are wrong as they are; 2 means twice the budget of the threat model. Infinite where 16 times
            the budget is not enough. Multiplies budgets of numbers; switches of levels are allowed at any of them.
        """

        codes, y = self._rows_and_target(X, y)
        threat = self._resolved(threat_model)
        low, high = np.zeros(len(y)), np.full(len(y), MAX_FACTOR)
        wrong = self._predict_codes(codes) != y
        high[wrong] = 0.0

        def flips(rows, factor):
            landed = self._attacked(codes[rows], y[rows], threat, n_steps=n_steps, factor=factor[:, None])
            return self._predict_codes(landed) != y[rows]

        rows = np.flatnonzero(~wrong)
        never = rows[~flips(rows, high[rows])]
        while len(rows):
            rows = np.flatnonzero(~wrong & (high - low > tol * np.maximum(high, tol)))
            rows = np.setdiff1d(rows, never)
            if not len(rows):
                break
            middle = (low[rows] + high[rows]) / 2
            flipped = flips(rows, middle)
            high[rows[flipped]], low[rows[~flipped]] = middle[flipped], middle[~flipped]
        high[never] = inf
        return high

    def to_sklearn(self):
        """Return a fitted scikit-learn estimator with the robust weights, which predicts without torch.

        Returns
        -------
        model : estimator or Pipeline
            Of the class of `estimator`. On a table of numbers without missing cells it takes the columns as they are;
            else it is a Pipeline whose first step encodes the table (and is of this library). Predictions agree to
            1e-5.

        Raises
        ------
        TypeError
            If `estimator` is a torch module.
        """
        from skgan_resample._nn.networks import linear_layers

        check_is_fitted(self)
        if self._architecture is None:
            raise TypeError("to_sklearn needs a scikit-learn specification; this wrapper was given a torch module.")
        weights = [
            (layer.weight.detach().numpy().T, layer.bias.detach().numpy()) for layer in linear_layers(self.network_)
        ]
        return to_sklearn(
            self._spec,
            weights,
            self.encoder_,
            classes=self.classes_ if self._has_classes() else None,
            n_iter=self.n_iter_,
            target_scaling=getattr(self, "_target_scaling", None),
            feature_names=getattr(self, "feature_names_in_", None),
        )

    # ------------------------------------------------------------------------------------------ diagnosis
    @_fit_context(prefer_skip_nested_validation=True)
    def factor_ablation(self, X, y, *, groups=tuple(GROUPS), start_epoch=None, n_folds=3, sample_weight=None):
        """Ask what drives robust overfitting on this table, after the factor ablation of the paper.

        From the state of plain AT at `start_epoch`, groups of trainings go on that each change one thing about
        small-loss rows. Other than in the paper there is a control that leaves out as many rows at random, and every
        contrast has an interval.

        Parameters
        ----------
        X : table of shape (n_samples, n_features)
            Rows to train on, as for `fit`.
        y : array-like of shape (n_samples,)
            Their classes or numbers.
        groups : list of str, default=all
            "baseline" and some of "drop_both" (small-loss rows are left out of each batch), "drop_perturbation" (they
            are trained on without attack), "drop_random" (as many rows are left out at random), "stronger_attack" (they
            are attacked with `strength_ratio` times the budget).
        start_epoch : int, default=None
            None is 15 % of the epochs.
        n_folds : int, default=3
            Every row is held out once; so many trainings for each group.
        sample_weight : array-like of shape (n_samples,), default=None
            >= 0, as for `fit`.

        Returns
        -------
        ablation : FactorAblation
            Print it. It has `rows`, `contrasts` and `verdicts`. The wrapper itself is not changed and need not be
            fitted.
        """
        rng = check_random_state(self.random_state)
        unknown = [group for group in groups if group not in GROUPS]
        if unknown or "baseline" not in groups:
            raise ValueError(f"groups must be some of {list(GROUPS)}, 'baseline' among them; got {list(groups)}.")
        trial = clone(self).set_params(validation=n_folds)
        problem, n_train = trial._prepare(X, y, sample_weight, None, None)
        if start_epoch is None:
            start_epoch = max(1, round(0.15 * problem.settings["max_epochs"]))
        if not 1 <= start_epoch < problem.settings["max_epochs"]:
            raise ValueError(f"start_epoch={start_epoch} must be from 1 to max_epochs - 1.")
        folds = trial._folds(problem, n_train, rng)
        if not folds:
            raise ValueError(f"n_samples={n_train}: factor_ablation needs at least {MIN_ROWS} rows.")
        return factor_ablation(
            problem,
            folds,
            trial._treatment(()),
            [int(rng.randint(np.iinfo(np.int32).max)) for _ in folds],
            groups=list(groups),
            strength=self.strength_ratio,
            start_epoch=start_epoch,
            rng=rng,
        )

    def ro_report(self):
        """Return what the fit found, in words: first what to check before the training is blamed.

        Returns
        -------
        report : str
            Several lines, to be printed.
        """
        check_is_fitted(self)
        return report(self)

    # ------------------------------------------------------------------------------------------ rows in, numbers out
    def _has_classes(self):
        return self.task_ == "classification"

    def _to_codes(self, X):
        check_is_fitted(self, "encoder_")
        reader = table_reader(X)
        validate_data(self, X, reset=False, skip_check_array=True)
        return self.encoder_.to_codes(reader)

    def _rows_and_target(self, X, y):
        check_is_fitted(self)
        codes = self._to_codes(X)
        y = self._read_y(y)
        check_consistent_length(codes, y)
        return codes, y

    def _outputs(self, X):
        check_is_fitted(self)
        return self._outputs_of(self.encoder_.encode_codes(self._to_codes(X)))

    def _outputs_of(self, encoded):
        import torch

        from skgan_resample._nn.training import one_thread

        with one_thread(), torch.no_grad(), self._on_device(self.device_, "network_") as (network,):
            x = torch.as_tensor(encoded, dtype=torch.float32, device=self.device_)
            return network(x).cpu().numpy().astype(np.float64)

    def _predict_codes(self, codes):
        outputs = self._outputs_of(self.encoder_.encode_codes(codes))
        if self._has_classes():
            return self.classes_[outputs.argmax(axis=1)]
        return outputs[:, 0] * self._target_scaling[1] + self._target_scaling[0]

    def _resolved(self, threat_model):
        return self.threat_model_ if threat_model is None else threat_model._resolved_like(self.threat_model_)

    def _factors(self, threat, labels, n_rows, device):
        """Return 1 for rows that are attacked and 0 for the others, (n_rows, 1) on the device."""
        import torch

        factor = np.broadcast_to(threat._factor(labels), (n_rows, 1)).copy()
        if self._has_classes():
            factor[~np.isin(labels, self.classes_)] = 0.0  # wrong whatever is done to them
        return torch.as_tensor(factor, dtype=torch.float32, device=device)

    def _attacked(self, codes, y, threat, *, n_steps, whole=False, factor=1.0):
        """Return the worst allowed codes that the attack finds for each row."""
        import torch

        from skgan_resample._nn.attacks import strongest
        from skgan_resample._nn.training import memory_advice, one_thread, seeded

        encoded = self.encoder_.encode_codes(codes).astype(np.float32)
        targets = self._encode_target(y, None, fit=False)
        dtype = torch.long if self._has_classes() else torch.float32
        with one_thread(), memory_advice(), self._on_device(self.device_, "network_") as (network,):
            device = self.device_
            factors = self._factors(threat, y, len(y), device)
            factors = factors * torch.as_tensor(np.asarray(factor), dtype=torch.float32, device=device)
            with seeded(np.random.RandomState(0), device):  # the same rows are attacked in the same way every time
                worst, _ = strongest(
                    network,
                    torch.as_tensor(encoded, device=device),
                    torch.as_tensor(targets, dtype=dtype, device=device),
                    threat._budget(self.encoder_).to(device),
                    is_classifier=self._has_classes(),
                    n_steps=n_steps,
                    factor=factors,
                )
        return threat._land(self.encoder_, codes, encoded, worst.cpu().numpy(), whole=whole, factor=factor)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        try:
            is_classification = _is_classifier(self)
        except (ValueError, TypeError):
            is_classification = True
        tags.estimator_type = "classifier" if is_classification else "regressor"
        tags.classifier_tags = ClassifierTags() if is_classification else None
        tags.regressor_tags = None if is_classification else RegressorTags()
        tags.target_tags.required = True
        tags.target_tags.one_d_labels = False
        tags.input_tags.allow_nan = True
        tags.input_tags.categorical = True
        tags.input_tags.string = True
        tags.input_tags.sparse = False
        return tags


def _can_switch(threat):
    return threat.max_categorical_changes > 0 and (threat.switchable_.any() or len(threat.groups_) > 0)


def _asks(threat):
    """Whether a threat model asks for any budget, so that having none is a surprise."""
    return not (isinstance(threat.eps, Real) and threat.eps == 0)


def _by_epoch(result, n_rows, problem):
    """Return the history of a training without validation by epochs."""
    per_epoch = n_batches(n_rows, problem.settings)
    return [
        {"epoch": record["step"] / per_epoch, **{name: value for name, value in record.items() if name != "step"}}
        for record in result.history
    ]


def _some(rows, rng):
    """Return the rows, or `MAX_HELD_OUT` of them."""
    return rows if len(rows) <= MAX_HELD_OUT else np.sort(rng.permutation(rows)[:MAX_HELD_OUT])
