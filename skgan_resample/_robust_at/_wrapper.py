"""RobustATWrapper: the estimator."""

import time
from math import inf, nan
from numbers import Integral, Real

import numpy as np
from sklearn.base import BaseEstimator, MetaEstimatorMixin, _fit_context, clone
from sklearn.metrics import accuracy_score, r2_score
from sklearn.utils import ClassifierTags, RegressorTags, check_random_state, column_or_1d, compute_sample_weight
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import (
    _check_sample_weight,
    check_consistent_length,
    check_is_fitted,
    validate_data,
)

from skgan_resample._robust_at._diagnosis import (
    MAX_ATTACK_GAP,
    MAX_MASKING_GAP,
    mean_difference,
    onset,
    robust_gap,
)
from skgan_resample._robust_at._runs import FINAL_STEPS, Problem, best_position, outcomes, run, train_network
from skgan_resample._robust_at._twin import (
    Architecture,
    default_spec,
    is_spec,
    settings_of,
    task_of,
    to_sklearn,
)
from skgan_resample._tables import TableEncoder
from skgan_resample._validation import (
    TRAINING_CONSTRAINTS,
    CallbackSupportMixin,
    TorchStateMixin,
    fit_callbacks,
    warn,
)
from skgan_resample.threat import ThreatModel

TREATMENTS = ("loss_scale", "attack_strength", "augment", "awp", "label_smoothing", "ema")
AUTO = (("loss_scale", "augment"), ("loss_scale", "attack_strength"))  # what "auto" tries, the safer one first
MIN_ROWS = 10  # fewer are not cut into folds
MAX_FACTOR = 16.0  # of the budget, in `min_budget`


def _is_classifier(self):
    if hasattr(self, "task_"):
        return self.task_ == "classification"
    return task_of(self.estimator, self.task) == "classification"


class RobustATWrapper(CallbackSupportMixin, TorchStateMixin, MetaEstimatorMixin, BaseEstimator):
    """docstring"""

    _parameter_constraints: dict = {
        "estimator": "no_validation",
        "threat_model": [ThreatModel, None],
        "task": [StrOptions({"auto", "classification", "regression"})],
        "objective": [StrOptions({"at", "trades"})],
        "trades_beta": [Interval(Real, 0, None, closed="left")],
        "attack_steps": [Interval(Integral, 1, None, closed="left")],
        "attack_loss": [StrOptions({"mixed", "ce", "margin"})],
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
        ro_strategy="auto",
        max_clean_loss=0.02,
        small_loss_threshold=0.65,
        strength_ratio=1.5,
        swap_above=0.5,
        awp_gamma=0.01,
        label_smoothing=0.1,
        ema_decay=0.995,
        validation=5,
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
        """Train the network; find robust overfitting, and treat it if asked to."""
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
        self.task_ = task_of(self.estimator, self.task)
        threat = ThreatModel() if self.threat_model is None else clone(self.threat_model)
        codes = _fit_threat(threat, X)
        self.threat_model_ = threat
        validate_data(self, X, skip_check_array=True)
        self.encoder_ = threat._encoder
        y = self._read_target(y, len(codes))
        weight = _check_sample_weight(sample_weight, codes, dtype=np.float64, ensure_non_negative=True)
        if not weight.sum() > 0:
            raise ValueError("sample_weight is zero for all rows.")
        unknown = set(threat.attackable_classes or ()) - set(self.classes_.tolist() if self._has_classes() else ())
        if unknown:
            raise ValueError(f"attackable_classes names {sorted(map(str, unknown))}, which is no class of y.")
        n_train = len(codes)
        encoded = self.encoder_.encode_codes(codes)
        targets, labels = self._encode_target(y, weight, fit=True), y
        spec = default_spec(self.task_) if self.estimator is None else self.estimator
        settings = self._settings(spec, n_train)
        class_weight = settings["class_weight"]
        if class_weight is not None and self._has_classes():
            weight = weight * compute_sample_weight(class_weight, y)
        if X_val is not None:
            val_codes = self._to_codes(X_val)
            y_val = column_or_1d(y_val)
            check_consistent_length(val_codes, y_val)
            encoded = np.vstack([encoded, self.encoder_.encode_codes(val_codes)])
            targets = np.concatenate([targets, self._encode_target(y_val, None, fit=False)])
            labels = np.concatenate([y, y_val])
            weight = np.concatenate([weight, np.full(len(val_codes), weight.mean())])
        self._threshold = self.small_loss_threshold * self._constant_loss(targets[:n_train], weight[:n_train])
        self._set_architecture(spec)

        device = resolve_device(self.device)
        self.device_ = str(device)
        problem = Problem(
            x=torch.as_tensor(encoded, dtype=torch.float32, device=device),
            y=torch.as_tensor(targets, dtype=torch.long if self._has_classes() else torch.float32, device=device),
            weight=torch.as_tensor(weight, dtype=torch.float32, device=device),
            factor=self._factors(threat, labels, len(labels), device),
            budget=threat._budget(self.encoder_).to(device),
            build=self._make_network,
            blocks=[np.arange(column.encoded.start, column.encoded.stop) for column in self.encoder_.columns_],
            settings=settings,
        )
        return problem, n_train

    def _read_target(self, y, n_rows):
        y = column_or_1d(y, warn=True)
        if len(y) != n_rows:
            raise ValueError(f"X has {n_rows} rows, but y has {len(y)}: found input variables with inconsistent numbers of samples.")
        if self._has_classes():
            check_classification_targets(y)
            self.classes_ = np.unique(y)
            if len(self.classes_) < 2:
                raise ValueError(f"y holds one class only, {self.classes_[0]!r}; a classifier needs two.")
            return y
        y = y.astype(np.float64)
        if not np.isfinite(y).all():
            raise ValueError("Input y contains NaN or infinity.")
        return y

    def _encode_target(self, y, weight, *, fit):
        """Return the target as the network sees it: positions of classes, or standardized numbers."""
        if self._has_classes():
            known = np.isin(y, self.classes_)
            if not known.all():
                raise ValueError(f"y holds {y[~known][0]!r}, which is no class of the training rows.")
            return np.searchsorted(self.classes_, y)
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
        names = ("objective", "trades_beta", "attack_steps", "attack_loss", "learning_rate_schedule", "validate_every")
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

    def _build_network(self, name):
        return self._make_network()

    def _strategies(self):
        """Return the treatments of the first run, and those to try if it over-fits; name -> Treatment."""
        if self.ro_strategy is None:
            return {"plain": self._treatment(())}
        if isinstance(self.ro_strategy, str):
            return {name: self._treatment(parts) for name, parts in [("plain", ()), *((" + ".join(p), p) for p in AUTO)]}
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
        n = len(problem.x)
        weight = problem.weight.cpu().numpy()
        usable = np.flatnonzero(weight[:n_train] > 0)
        if n > n_train:
            return [(usable, np.arange(n_train, n))]
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
            return [(usable[part != k], usable[part == k]) for k in range(n_parts)]
        n_held_out = max(1, round(self.validation * len(order)))
        chosen = np.zeros(len(order), dtype=bool)
        chosen[np.linspace(0, len(order) - 1, n_held_out).round().astype(int)] = True
        return [(np.sort(order[~chosen]), np.sort(order[chosen]))]

    def _learn(self, X, y, problem, n_train, strategies, folds, rng, started):
        seeds = [int(rng.randint(np.iinfo(np.int32).max)) for _ in range(len(folds) + 1)]
        per_run = 1 + -(-problem.settings["max_epochs"] // self.validate_every)
        self.runs_ = {}
        names = list(strategies)
        all_rows = np.flatnonzero(problem.weight.cpu().numpy()[:n_train] > 0)
        with fit_callbacks(self, X, y, n_records=per_run * (1 + len(names) * len(folds))) as callbacks:

            def left():
                return None if self.max_time is None else max(self.max_time - (time.perf_counter() - started), 1e-3)

            def cross_validate(name):
                self.runs_[name], network, result = run(
                    name, problem, folds, strategies[name], seeds, callbacks=callbacks, max_time=left(), check=True
                )
                return network, result

            kept = names[0]
            if folds:
                outcome = {kept: cross_validate(kept)}
                first = self.runs_[kept]
                self._set_facts(first, rng)
                if self.ro_detected_ and len(names) > 1:
                    for name in names[1:]:
                        outcome[name] = cross_validate(name)
                    kept = self._preferred(names)
                network, result = outcome[kept]
            else:
                self._set_no_facts()
            if folds and len(problem.x) > n_train or len(folds) == 1:
                from skgan_resample._nn.training import restore

                restore({"network": network}, result.best_state if self.early_stopping else result.last_state)
                curves = self.runs_[kept]
                best = int(np.argmax(curves.curve())) if self.early_stopping else len(curves.epochs) - 1
                self.best_epoch_ = int(curves.epochs[best])
            else:
                self.best_epoch_ = problem.settings["max_epochs"]
                if folds and self.early_stopping:
                    self.best_epoch_ = max(1, int(self.runs_[kept].epochs[self.runs_[kept].best]))
                network, result = train_network(
                    problem, all_rows, strategies[kept], np.random.RandomState(seeds[-1]),
                    stop_after=self.best_epoch_, callbacks=callbacks, max_time=left(),
                )  # fmt: skip
        self.strategy_ = kept
        self.n_iter_ = self.best_epoch_
        if folds:
            self.history_ = self.runs_[kept].history
        else:
            per_epoch = -(-len(all_rows) // problem.settings["batch_size"])
            self.history_ = [
                {"epoch": record["step"] / per_epoch, **{k: v for k, v in record.items() if k != "step"}}
                for record in result.history
            ]
        self.network_ = network.to("cpu").requires_grad_(True).eval()
        self.fit_seconds_ = time.perf_counter() - started
        if self.masking_gap_ > MAX_MASKING_GAP:
            warn(
                f"PGD alone finds {self.masking_gap_:.3f} more robust accuracy than a stronger attack: the network hides "
                "its gradient, so figures of PGD are too good. robust_score uses the stronger attack."
            )

    def _set_facts(self, curves, rng):
        """Set what the first run says about robust overfitting."""
        self._gap = robust_gap(curves, rng)
        self.ro_gap_ = self._gap.value
        self.ro_gap_interval_ = (self._gap.low, self._gap.high)
        self.ro_detected_ = self._gap.detected
        self.ro_power_ = self._gap.power()
        self.ro_onset_epoch_ = onset(curves) if self.ro_detected_ else None
        curve = curves.curve()
        self.robust_val_best_, self.robust_val_last_ = float(curve[best_position(curve)]), float(curve[-1])
        self.masking_gap_ = float(np.mean(curves.checks["pgd"] - curves.checks["adaptive"]))
        self.attack_gap_, low = mean_difference(curves.checks["training_attack"], curves.checks["strong_attack"])
        self.attack_too_weak_ = low > MAX_ATTACK_GAP

    def _set_no_facts(self):
        self.ro_gap_, self.ro_gap_interval_, self.ro_power_ = nan, (nan, nan), nan
        self.ro_detected_ = self.ro_onset_epoch_ = self.attack_too_weak_ = None
        self.robust_val_best_ = self.robust_val_last_ = self.masking_gap_ = self.attack_gap_ = nan

    def _preferred(self, names):
        """Return the strategy with the highest robust curve that costs no more clean accuracy than allowed."""
        def at_best(name, which):
            curves = self.runs_[name]
            look = curves.best if self.early_stopping else -1
            return smooth_at(curves.curve(which), look)

        allowed = at_best(names[0], "clean") - self.max_clean_loss
        candidates = [name for name in names if at_best(name, "clean") >= allowed or name == names[0]]
        return max(candidates, key=lambda name: at_best(name, "robust"))

    # ------------------------------------------------------------------------------------------ predict
    def predict(self, X):
        outputs = self._outputs(X)
        if self._has_classes():
            return self.classes_[outputs.argmax(axis=1)]
        return outputs[:, 0] * self._target_scaling[1] + self._target_scaling[0]

    @available_if(_is_classifier)
    def decision_function(self, X):
        outputs = self._outputs(X)
        return outputs[:, 1] - outputs[:, 0] if outputs.shape[1] == 2 else outputs

    @available_if(_is_classifier)
    def predict_proba(self, X):
        outputs = self._outputs(X)
        outputs = np.exp(outputs - outputs.max(axis=1, keepdims=True))
        return outputs / outputs.sum(axis=1, keepdims=True)

    def score(self, X, y, sample_weight=None):
        scorer = accuracy_score if self._has_classes() else r2_score
        return scorer(y, self.predict(X), sample_weight=sample_weight)

    def robust_score(self, X, y, *, threat_model=None, n_steps=FINAL_STEPS, sample_weight=None, return_report=False):
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
        check_is_fitted(self)
        if y is None:
            y = self.predict(X)
        codes, y = self._rows_and_target(X, y)
        out = TableEncoder(categorical_features=None, scale=None) if not self.encoder_.nominal_.any() else self.encoder_
        if out is not self.encoder_:
            out.fit(X)
        elif type(X) is not self._container:
            raise TypeError(
                f"The table was fitted as a {self._container.__name__}: give perturb the same, got {type(X).__name__}."
            )
        landed = self._attacked(codes, y, self._resolved(threat_model), n_steps=n_steps, whole=out.holds_integers)
        return out.from_codes(landed)

    @available_if(_is_classifier)
    def min_budget(self, X, y, *, threat_model=None, n_steps=FINAL_STEPS, tol=0.01):
        import torch

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
        from skgan_resample._nn.networks import linear_layers

        check_is_fitted(self)
        if self._architecture is None:
            raise TypeError("to_sklearn needs a scikit-learn specification; this wrapper was given a torch module.")
        weights = [
            (layer.weight.detach().numpy().T, layer.bias.detach().numpy()) for layer in linear_layers(self.network_)
        ]
        spec = default_spec(self.task_) if self.estimator is None else self.estimator
        return to_sklearn(
            spec,
            weights,
            self.encoder_,
            classes=self.classes_ if self._has_classes() else None,
            n_iter=self.n_iter_,
            target_scaling=getattr(self, "_target_scaling", None),
            feature_names=getattr(self, "feature_names_in_", None),
        )

    # ------------------------------------------------------------------------------------------ rows in, numbers out
    def _has_classes(self):
        return self.task_ == "classification"

    def _to_codes(self, X):
        check_is_fitted(self, "encoder_")
        if np.ndim(X) == 1:
            raise ValueError("Expected 2D array, got 1D array instead. Reshape your data: one row is X.reshape(1, -1).")
        validate_data(self, X, reset=False, skip_check_array=True)
        codes = self.encoder_.to_codes(X)
        infinite = np.flatnonzero(np.isinf(codes).any(axis=0))
        if len(infinite):
            name = self.encoder_.columns_[infinite[0]].name
            raise ValueError(f"Column {name!r} contains infinity; replace it by a number or by NaN.")
        return codes

    def _rows_and_target(self, X, y):
        check_is_fitted(self)
        codes = self._to_codes(X)
        y = column_or_1d(y)
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
        import torch

        factor = np.broadcast_to(threat._factor(labels), (n_rows, 1)).copy()
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
            factors = self._factors(threat, y, len(y), device) * torch.as_tensor(
                np.asarray(factor), dtype=torch.float32, device=device
            )
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


def _fit_threat(threat, X):
    """Fit the threat model; return the codes of the table."""
    threat._validate_params()
    return threat._fit_to_codes(X)


def smooth_at(curve, look):
    """Return the smoothed curve at one evaluation."""
    from skgan_resample._robust_at._runs import smoothed

    return float(smoothed(curve)[look])
