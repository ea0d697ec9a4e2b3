"""RobustATWrapper: the estimator."""

import time
from numbers import Integral, Real

import numpy as np
from sklearn.base import BaseEstimator, MetaEstimatorMixin, _fit_context
from sklearn.utils import ClassifierTags, RegressorTags, check_random_state
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted, validate_data

from skgan_resample._estimators import (
    TRAINING_CONSTRAINTS,
    CallbackSupportMixin,
    OptionsMixin,
    TorchStateMixin,
    fit_callbacks,
)
from skgan_resample._robust_at._overfitting import report
from skgan_resample._robust_at._preparation import prepare, read_y
from skgan_resample._robust_at._strategies import Deadline, strategies_of, train_best
from skgan_resample._robust_at._training import AdversarialTrainingOptions, make_folds
from skgan_resample._robust_at._under_attack import UnderAttackMixin, described, is_classification
from skgan_resample._sklearn_networks import to_sklearn
from skgan_resample._tables._containers import table_reader
from skgan_resample._tables._encoder import admit_tables
from skgan_resample.exceptions import warn
from skgan_resample.threat import ThreatModel

ROW_BLOCK = 64  # rows; a guess, above what any kernel for small matrices takes


class RobustATWrapper(
    UnderAttackMixin, OptionsMixin, CallbackSupportMixin, TorchStateMixin, MetaEstimatorMixin, BaseEstimator
):
    """Train a network adversarially; find out whether that over-fits, why, and treat it only where it does.

    Adversarial training (AT) fits each row where an attacker would move it. On small tables the network can begin to
    memorize its own attacks: robust accuracy on training rows goes on rising, on new rows it falls. This *robust
    overfitting* (RO) [1]_ is looked for on held-out rows and treated if found; `ro_report` describes what happened.
    Read more in the guide :doc:`/guides/robust_overfitting`.

    Parameters
    ----------
    estimator : scikit-learn model, callable, torch.nn.Module or None, default=None
        What is trained. An MLPClassifier, MLPRegressor, LogisticRegression, LinearSVC, Ridge or LinearRegression is
        converted into a network: architecture, penalty on standardized columns (`alpha`, `C`), and training settings
        where those below are None. It is not fitted itself. A callable ``(n_features, n_outputs) -> torch.nn.Module``,
        with the number of encoded columns, or a module (copied) returns logits of shape (n_samples, n_classes), also
        for two classes, or (n_samples, 1) for a regression. None is
        ``MLPClassifier((128, 128), solver="sgd", learning_rate_init=0.05, batch_size=64, alpha=0.032, max_iter=60)``,
        or an MLPRegressor like it.
    threat_model : ThreatModel, default=None
        What an attacker may do; fitted to the training rows. None is ``ThreatModel(eps=0.1)``: a tenth of a standard
        deviation in each numeric column.
    task : {"auto", "classification", "regression"}, default="auto"
        "auto" takes it from `estimator`, and classification where that is None. A torch module needs the task.
    objective : {"at", "trades"}, default="at"
        The loss of attacked rows, or that of the rows themselves plus a penalty (TRADES, arXiv:1901.08573).
    trades_beta : float, default=6.0
        Weight of this penalty, the divergence of the predictions of rows and attacked rows.
    n_steps : int, default=7
        Steps of the attack on each batch. They shrink from twice the budget to nothing.
    ro_strategy : "auto", None or list of str, default="auto"
        What is done about robust overfitting. None: nothing but early stopping. "auto": plain AT; where RO is found,
        also "loss_scale" with "awp", and all three treatments; held-out rows choose, at a loss of clean accuracy of at
        most `max_clean_loss`. A list is one training with these treatments:

        - "loss_scale": small losses l count for ``threshold / l`` times as much;
        - "attack_strength": small-loss rows are attacked with a larger budget;
        - "awp": adversarial weight perturbation: the gradient is taken at weights moved to where the loss is larger
          (arXiv:2004.05884).
    max_clean_loss : float, default=0.02
        See `ro_strategy`; in accuracy, or R2.
    cv : int or None, default=3
        Folds in which rows are held out to find RO and the best epoch, a training each; the network is then trained on
        all rows for as long as the folds found best.
    validation_fraction : float in (0, 1) or None, default=None
        With ``cv=None``, this share of rows is held out once, and the network does not learn from them; below a
        thousand rows or so that finds little. If both are None, ``ro_strategy="auto"`` does what None does.
    early_stopping : bool, default=True
        Whether the network of the best epoch is kept; else that of the last one.
    max_epochs : int, default=None
        None takes ``max_iter`` of a multilayer perceptron; a linear model gets 100 epochs, a torch module 60.
    training : AdversarialTrainingOptions, default=None
        Further settings: batches, optimizer, attack loss, strength of the treatments.
    class_weight : dict, "balanced" or None, default=None
        Multiplied with `sample_weight`. None takes it from `estimator`, if it has one.
    max_time : float, default=None
        Seconds for the whole fit, which is cut short there; the result then depends on the machine.
    device : str, default="auto"
        "auto" (CUDA where there is one), "cpu", "cuda", "cuda:1".
    verbose : int, default=0
        Print a line for each evaluation of held-out rows.
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
    encoder_ : TableEncoder
        How rows are encoded.
    strategy_ : str
        What was kept: "plain", or treatments joined by " + ".
    best_epoch_, n_iter_ : int
        Epochs that the kept network was trained for.
    history_ : list of dict
        Of the kept strategy, one record for each evaluation, means over folds: ``epoch``, ``seconds``, ``val_clean``,
        ``val_robust``, ``train_clean``, ``train_robust`` (accuracy or R2 of held-out and of some training rows, without
        and under attack), ``feature_gap`` (how far an attack moves the last hidden layer on held-out rows, relative to
        training rows), ``train_loss`` and ``small_loss_fraction``. Without held-out rows the losses alone.
    runs_ : dict of Curves
        By strategy: outcomes of each held-out row at each evaluation, and the history. Empty without held-out rows.
    ro_gap_, ro_gap_interval_ : float, tuple of float
        Robust accuracy (or R2) lost between the best epoch and the last one by the first training, with its 90 %
        interval. Other rows choose the best epoch, so a curve that only wobbles has no gap on average.
    ro_detected_ : bool or None
        Whether the lower limit is above 0.01. None if not measured.
    ro_power_ : float
        The probability of finding a true gap of 0.05 with this number of rows.
    ro_onset_epoch_ : float or None
        From here on the smoothed curve stays more than a standard error below its top.
    robust_val_best_, robust_val_last_ : float
        Robust accuracy of held-out rows at the best epoch (of the smoothed curve) and at the last.
    masking_gap_ : float
        Robust accuracy of held-out rows against plain projected gradient descent (PGD) minus that against the attack of
        `robust_score`. There is a warning when it is above 0.03 beyond chance.
    attack_gap_, attack_too_weak_ : float, bool or None
        The same for training rows against the attack of the training, and whether it is above 0.1 beyond chance.
    suspected_labels_ : ndarray of bool, shape (n_samples,)
        Training rows whose label a network that has not seen them doubts. Only with held-out rows.
    device_ : str
        Where the network was trained.
    fit_seconds_ : float
        Duration of the whole fit.
    n_features_in_, feature_names_in_
        As everywhere in scikit-learn.

    See Also
    --------
    AdversarialTrainingOptions : Further settings of the training.
    ThreatModel : What an attacker may do.

    Notes
    -----
    From the paper [1]_: rows with a small adversarial loss drive RO, and a stronger attack on them is a remedy. Its
    exact form is not published, so it is our choice. Loss scaling is from its predecessor (MLCAT, arXiv:2206.08675),
    with the scale detached, since as published small losses get no gradient at all.
    ``benchmarks/_factor_ablation.py`` repeats the paper's study of small-loss rows on any table.

    Missing cells are encoded with an indicator and are never attacked. A torch module is pickled by reference to its
    class; a lambda cannot be pickled.

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
        "n_steps": [Interval(Integral, 1, None, closed="left")],
        "ro_strategy": [StrOptions({"auto"}), "array-like", None],
        "max_clean_loss": [Interval(Real, 0, None, closed="left")],
        "cv": [Interval(Integral, 2, None, closed="left"), None],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither"), None],
        "early_stopping": ["boolean"],
        "max_epochs": [Interval(Integral, 1, None, closed="left"), None],
        "training": [AdversarialTrainingOptions, None],
        "class_weight": [dict, StrOptions({"balanced"}), None],
        **{name: TRAINING_CONSTRAINTS[name] for name in ("max_time", "device", "verbose", "random_state")},
    }
    _network_names = ("network_",)
    _options = {"training": AdversarialTrainingOptions}

    def __init__(
        self,
        estimator=None,
        *,
        threat_model=None,
        task="auto",
        objective="at",
        trades_beta=6.0,
        n_steps=7,
        ro_strategy="auto",
        max_clean_loss=0.02,
        cv=3,
        validation_fraction=None,
        early_stopping=True,
        max_epochs=None,
        training=None,
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
        self.n_steps = n_steps
        self.ro_strategy = ro_strategy
        self.max_clean_loss = max_clean_loss
        self.cv = cv
        self.validation_fraction = validation_fraction
        self.early_stopping = early_stopping
        self.max_epochs = max_epochs
        self.training = training
        self.class_weight = class_weight
        self.max_time = max_time
        self.device = device
        self.verbose = verbose
        self.random_state = random_state

    # ------------------------------------------------------------------------------------------ fit
    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, sample_weight=None, X_val=None, y_val=None):
        """Train the network; find robust overfitting, and treat it as `ro_strategy` demands.

        Parameters
        ----------
        X : table of shape (n_samples, n_features)
            Numbers, categories, dates; cells may be missing.
        y : array-like of shape (n_samples,)
            Classes of any kind, or finite numbers.
        sample_weight : array-like of shape (n_samples,), default=None
            >= 0. Rows of weight 0 are left out.
        X_val, y_val : table and array-like, default=None
            Held-out rows, used instead of `cv` and `validation_fraction`. The network is then trained once, and not on
            them.

        Returns
        -------
        self : RobustATWrapper
            The fitted estimator.

        Raises
        ------
        ValueError
            If the input cannot be used; the message says what to do.
        TypeError
            An `estimator` that cannot be read as a network.
        NonFiniteLossError
            The training diverged.
        """
        deadline = Deadline(time.perf_counter(), self.max_time)
        if self.cv is not None and self.validation_fraction is not None:
            raise ValueError(
                f"validation_fraction={self.validation_fraction} needs cv=None: rows are held out in folds or once."
            )
        rng = check_random_state(self.random_state)
        options = AdversarialTrainingOptions.of(self.training)
        prepared = prepare(self, options, X, y, sample_weight, X_val, y_val)
        problem = prepared.problem
        strategies = strategies_of(self.ro_strategy, prepared.small_loss, options)
        folds = make_folds(problem, self.cv, self.validation_fraction, rng)
        seeds = [int(rng.randint(np.iinfo(np.int32).max)) for _ in range(len(folds) + 1)]
        n_evaluations = 1 + -(-problem.settings["max_epochs"] // options.validate_every)  # of one training
        with fit_callbacks(self, X, y, n_records=n_evaluations * (1 + len(strategies) * len(folds))) as callbacks:
            trained = train_best(
                problem, folds, strategies, seeds, deadline, callbacks=callbacks, early_stopping=self.early_stopping,
                max_clean_loss=self.max_clean_loss,
            )  # fmt: skip
        self._set_fitted(prepared, trained, f"{type(X).__module__}.{type(X).__qualname__}")
        self.fit_seconds_ = time.perf_counter() - deadline.started
        if trained.findings.masks_gradient:
            warn(
                f"PGD alone leaves {self.masking_gap_:.3f} more robust accuracy than a stronger attack: the network "
                "hides its gradient, and figures of PGD are too good. robust_score uses the stronger attack."
            )
        return self

    def _set_fitted(self, prepared, trained, container):
        """Set all fitted attributes, at the end of a fit that succeeded."""
        for name in ("classes_", "feature_names_in_", "suspected_labels_"):
            vars(self).pop(name, None)  # of an earlier fit to other data
        threat, found, gap = prepared.threat, trained.findings, trained.findings.gap
        for name in ("n_features_in_", "feature_names_in_"):
            if hasattr(threat, name):
                setattr(self, name, getattr(threat, name))
        self.task_, self.threat_model_, self.encoder_ = prepared.task, threat, threat.encoder_
        if prepared.target.classes is not None:
            self.classes_ = prepared.target.classes
        self.device_ = str(prepared.problem.x.device)
        self.network_, self.strategy_ = trained.network, trained.strategy
        self.runs_, self.history_ = trained.runs, trained.history
        self.n_iter_ = self.best_epoch_ = max(1, round(trained.n_epochs))
        self.ro_gap_, self.ro_gap_interval_ = gap.value, (gap.low, gap.high)
        self.ro_detected_, self.ro_power_, self.ro_onset_epoch_ = gap.detected, found.power, found.onset_epoch
        self.robust_val_best_, self.robust_val_last_ = found.robust_best, found.robust_last
        self.masking_gap_, self.attack_gap_ = found.masking_gap, found.attack_gap
        self.attack_too_weak_ = found.attack_too_weak
        if found.suspected is not None:
            self.suspected_labels_ = np.zeros(prepared.n_given, dtype=bool)
            self.suspected_labels_[prepared.kept_rows[found.suspected]] = True
        self._target, self._source, self._model = prepared.target, prepared.source, prepared.model
        self._container, self._findings = container, found

    def _build_network(self, name):
        return self._source.build()

    # ------------------------------------------------------------------------------------------ predict
    def predict(self, X):
        """Return the class, or the number, of each row.

        Parameters
        ----------
        X : table of shape (n_samples, n_features)
            With the columns of `fit`; infinity is refused. A category that `fit` did not see is none of the known ones.
            A missing cell in a column that was complete in `fit` counts as its mean, with a ResamplingWarning, or as no
            known category.

        Returns
        -------
        y : ndarray of shape (n_samples,)
            Labels as in `classes_`, or numbers in the units of the target.
        """
        return self._predict_codes(self._to_codes(X))

    @available_if(is_classification)
    @described
    def decision_function(self, X):
        """Return the logits of the rows.

        Parameters
        ----------
        {X}

        Returns
        -------
        logits : ndarray of shape (n_samples, n_classes), or (n_samples,) for two classes, positive for the second
            The outputs of the network, before they are turned into probabilities.
        """
        outputs = self._outputs(self._to_codes(X))
        return outputs[:, 1] - outputs[:, 0] if outputs.shape[1] == 2 else outputs

    @available_if(is_classification)
    @described
    def predict_proba(self, X):
        """Return the probability of each class.

        Parameters
        ----------
        {X}

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_classes)
            In the order of `classes_`.
        """
        outputs = self._outputs(self._to_codes(X))
        outputs = np.exp(outputs - outputs.max(axis=1, keepdims=True))
        return outputs / outputs.sum(axis=1, keepdims=True)

    @described
    def score(self, X, y, sample_weight=None):
        """Return the accuracy, or R2, without any attack.

        Parameters
        ----------
        {X, y, sample_weight}

        Returns
        -------
        score : float
            Share of right classes, or R2.
        """
        predicted = self.predict(X)
        return self._target.score(read_y(y, self.task_), predicted, sample_weight=sample_weight)

    # ------------------------------------------------------------------------------------------ what else is wanted
    def to_sklearn(self):
        """Return a fitted scikit-learn estimator with the robust weights, which predicts without torch.

        Returns
        -------
        model : estimator or Pipeline
            Of the class of `estimator`, behind a step of this library that encodes the table unless it holds numbers
            without missing cells. Predictions agree to 1e-5.

        Raises
        ------
        TypeError
            If `estimator` is a torch module.
        """
        from skgan_resample._nn.networks import linear_layers

        check_is_fitted(self, "network_")
        if self._model is None:
            raise TypeError("to_sklearn needs a scikit-learn model as estimator; this one was given a torch module.")
        layers = linear_layers(self.network_)
        return to_sklearn(
            self._model,
            [(layer.weight.detach().numpy().T, layer.bias.detach().numpy()) for layer in layers],
            self.encoder_,
            classes=self._target.classes,
            n_iter=self.n_iter_,
            target_scaling=(self._target.mean, self._target.spread),
            feature_names=getattr(self, "feature_names_in_", None),
        )

    def ro_report(self):
        """Return what the fit found, in words: first what to check before the training is blamed.

        Returns
        -------
        report : str
            Several lines, to be printed.
        """
        check_is_fitted(self, "network_")
        return report(self, self._findings)

    # ------------------------------------------------------------------------------------------ rows in, numbers out
    def _to_codes(self, X):
        check_is_fitted(self, "network_")
        reader = table_reader(X)
        validate_data(self, X, reset=False, skip_check_array=True)
        return self.encoder_.to_codes(reader)

    def _outputs(self, codes):
        """Return the outputs of the network, float64 of shape (n_samples, n_outputs)."""
        import torch

        from skgan_resample._nn.training import one_thread

        # Matrix products of few rows take other code in the linear algebra library, which rounds differently. Rows of
        # zeros fill up the last block, so that a row gets the same prediction alone and among others.
        encoded = np.pad(self.encoder_.encode_codes(codes), ((0, -len(codes) % ROW_BLOCK), (0, 0)))
        with one_thread(), torch.no_grad(), self._on_device(self.device_, "network_") as (network,):
            x = torch.as_tensor(encoded, dtype=torch.float32, device=self.device_)
            return network(x)[: len(codes)].cpu().numpy().astype(np.float64)

    def _predict_codes(self, codes):
        return self._target.decode(self._outputs(codes))

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        try:
            is_classifier = is_classification(self)
        except (ValueError, TypeError):
            is_classifier = True
        tags.estimator_type = "classifier" if is_classifier else "regressor"
        tags.classifier_tags = ClassifierTags() if is_classifier else None
        tags.regressor_tags = None if is_classifier else RegressorTags()
        tags.target_tags.required = True
        tags.target_tags.one_d_labels = False
        return admit_tables(tags)
