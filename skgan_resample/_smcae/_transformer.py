"""SMCAETransformer: which rows are synthetic, which map is taken, and what comes out."""

from numbers import Integral, Real

import numpy as np
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin, _fit_context
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsRegressor
from sklearn.utils import _safe_indexing, check_random_state
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions
from sklearn.utils.validation import check_consistent_length, check_is_fitted, validate_data

from skgan_resample._containers import open_table, replace_rows
from skgan_resample._smcae import _selection, _training
from skgan_resample._smcae._maps import identity
from skgan_resample._smcae._space import Space
from skgan_resample._validation import (
    TRAINING_CONSTRAINTS,
    CallbackSupportMixin,
    TorchStateMixin,
    fit_callbacks,
    warn,
)

MIN_HELD_OUT_FROM = 60  # real rows from which, without a selection, some are held out to choose the step
MIN_CLASS_ROWS = 5  # rows of a class on both sides for its variance to be looked at
VARIANCE_RATIOS = 0.5, 2.0  # of a class after and among the real rows; beyond them the base map is taken instead
MOVED = 1e-3  # a row counts as moved by the network when a column changes by more than so many standard deviations
MAX_GUESSED_FROM = 2_000  # synthetic rows that the model of unknown targets learns from
MAX_CLASS_VALUES = 20  # a whole-number target with more different values than this is continuous


class SMCAETransformer(CallbackSupportMixin, TorchStateMixin, OneToOneFeatureMixin, TransformerMixin, BaseEstimator):
    """TODO"""

    # So that nothing has to be requested where metadata routing is on.
    __metadata_request__fit = {"sample_domain": True}
    __metadata_request__transform = {"sample_domain": True}

    _network_names = ("network_",)

    _parameter_constraints: dict = {
        **{name: rule for name, rule in TRAINING_CONSTRAINTS.items() if name not in ("patience", "tol")},
        "variant": [StrOptions({"guarded", "paper"})],
        "select": [StrOptions({"cv", "gap"}), None],
        "base": [StrOptions({"auto", "identity", "location_scale", "coral", "linear_ot"})],
        "cv": [Interval(Integral, 2, None, closed="left")],
        "scoring": [StrOptions({"auto", "accuracy", "balanced_accuracy", "r2"})],
        "learner": [HasMethods(["fit", "predict"]), None],
        "target_type": [StrOptions({"auto", "classes", "continuous"}), None],
        "pairing": [StrOptions({"auto", "ot", "nearest", "given"})],
        "categorical_features": ["array-like", StrOptions({"auto"}), None],
        "keep": ["array-like", None],
        "snap": ["boolean"],
        "gamma": [Interval(Real, 0, None, closed="left")],
        "pair_weight": [Interval(Real, 0, None, closed="left")],
        "energy_weight": [Interval(Real, 0, None, closed="left")],
        "identity_weight": [Interval(Real, 0, None, closed="left")],
        "weight_decay": [Interval(Real, 0, None, closed="left")],
        "sparsity_weight": [Interval(Real, 0, None, closed="left")],
        "sparsity": [Interval(Real, 0, 1, closed="neither")],
        "hidden_layer_sizes": ["array-like", None],
    }

    def __init__(
        self,
        *,
        variant="guarded",
        select="cv",
        base="auto",
        cv=3,
        scoring="auto",
        learner=None,
        target_type="auto",
        pairing="auto",
        categorical_features="auto",
        keep=None,
        snap=True,
        gamma=1.0,
        pair_weight=1.0,
        energy_weight=5.0,
        identity_weight=0.0,
        weight_decay=3e-3,
        sparsity_weight=0.0,
        sparsity=0.05,
        hidden_layer_sizes=None,
        max_steps=300,
        batch_size=256,
        learning_rate=5e-3,
        max_time=None,
        device="auto",
        verbose=0,
        random_state=None,
    ):
        self.variant = variant
        self.select = select
        self.base = base
        self.cv = cv
        self.scoring = scoring
        self.learner = learner
        self.target_type = target_type
        self.pairing = pairing
        self.categorical_features = categorical_features
        self.keep = keep
        self.snap = snap
        self.gamma = gamma
        self.pair_weight = pair_weight
        self.energy_weight = energy_weight
        self.identity_weight = identity_weight
        self.weight_decay = weight_decay
        self.sparsity_weight = sparsity_weight
        self.sparsity = sparsity
        self.hidden_layer_sizes = hidden_layer_sizes
        self.max_steps = max_steps
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.max_time = max_time
        self.device = device
        self.verbose = verbose
        self.random_state = random_state

    # ------------------------------------------------------------------------------------------ scikit-learn's methods
    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X, y=None, *, sample_domain=None, X_synthetic=None, y_synthetic=None):
        """TODO"""
        self._fit(X, y, sample_domain, X_synthetic, y_synthetic)
        return self

    @_fit_context(prefer_skip_nested_validation=False)
    def fit_transform(self, X, y=None, *, sample_domain=None, X_synthetic=None, y_synthetic=None):
        """TODO"""
        mask = self._fit(X, y, sample_domain, X_synthetic, y_synthetic, can_move_target=False)
        return self._replaced(X, mask, y)

    def transform(self, X, *, sample_domain=None):
        """TODO"""
        check_is_fitted(self)
        validate_data(self, X, reset=False, skip_check_array=True)
        return self._replaced(X, _synthetic_mask(sample_domain, open_table(X).n_rows))

    def _replaced(self, X, mask, y=None):
        """Return a copy of a table in which the synthetic rows are moved."""
        rows = np.flatnonzero(mask)
        if not len(rows) or self.space_ is None:
            return replace_rows(X, rows[:0], None)
        y_rows = None if y is None or self.space_.role == "moves" else _safe_indexing(y, rows)
        moved, _ = self._refined(_safe_indexing(X, rows), y_rows)
        return replace_rows(X, rows, moved)

    # ------------------------------------------------------------------------------------------ further uses
    def refine(self, X_synthetic, y_synthetic=None):
        """TODO"""
        check_is_fitted(self)
        validate_data(self, X_synthetic, reset=False, skip_check_array=True)
        if self.space_ is None:
            return X_synthetic if y_synthetic is None else (X_synthetic, y_synthetic)
        X_moved, y_moved = self._refined(X_synthetic, y_synthetic)
        return X_moved if y_synthetic is None else (X_moved, y_moved)

    def encode(self, X, *, sample_domain=None):
        """TODO"""
        check_is_fitted(self)
        raise NotImplementedError

    def _refined(self, X, y):
        """Return synthetic rows moved, and their target, which is another one only where it moves along."""
        if y is not None:
            check_consistent_length(X, y)
        sample = self._read(X, y)
        landed = self.space_.landed(sample, self.mover_(sample, self.network_), self.masses_)
        if self.space_.role == "moves" and y is not None:
            y = self.space_.target_encoder_.from_codes(landed.target[:, None])
        return self.space_.encoder_.from_codes(landed.codes), y

    def _read(self, X, y):
        """Return synthetic rows as a `Sample`; what is not known of their target is guessed."""
        space = self.space_
        if y is not None or space.role in (None, "stays"):
            return space.read(X, y)
        if space.role == "classes":
            blank = space.read(X, membership=np.zeros((open_table(X).n_rows, space.n_classes_)))
            membership = np.zeros((len(blank), space.n_classes_))
            if self.guess_ is None:  # the map does not ask for classes, or there is one class
                membership[:, 0] = 1
            else:
                membership[:, self.guess_.classes_] = self.guess_.predict_proba(blank.vectors)
            blank.membership = membership
            return blank
        guessed = self.guess_.predict(space.read(X, np.zeros(open_table(X).n_rows)).vectors[:, : space.n_features_])
        return space.read(X, guessed)

    # ------------------------------------------------------------------------------------------ fit
    def _fit(self, X, y, sample_domain, X_synthetic, y_synthetic, *, can_move_target=True, draw=None, none=False):
        """Learn the map; return which rows of `X` are synthetic."""
        rng = check_random_state(self.random_state)
        validate_data(self, X, skip_check_array=True)
        n_rows = open_table(X).n_rows
        self._forget()
        if sample_domain is not None and X_synthetic is not None:
            raise ValueError("Give sample_domain or X_synthetic, not both: either says which rows are synthetic.")
        mask = _synthetic_mask(sample_domain, n_rows)
        if X_synthetic is not None:
            validate_data(self, X_synthetic, reset=False, skip_check_array=True)
        elif mask.any():
            if mask.all():
                raise ValueError("sample_domain says that all rows are synthetic: there is nothing real to learn from.")
            X_synthetic, y_synthetic = _safe_indexing(X, np.flatnonzero(mask)), None
            if y is not None:
                check_consistent_length(X, y)
                y, y_synthetic = (_safe_indexing(y, np.flatnonzero(side)) for side in (~mask, mask))
            X = _safe_indexing(X, np.flatnonzero(~mask))
        else:
            open_table(X)
            told = "sample_domain names no synthetic row" if sample_domain is not None else "no row is said to be synthetic"
            warn(f"{type(self).__name__} moves nothing, since {told}: give sample_domain or X_synthetic to fit.")
            return mask
        self._learn(X, y, X_synthetic, y_synthetic, rng, can_move_target, draw, none)
        return mask

    def _forget(self):
        self.space_ = self.mover_ = self.network_ = self.guess_ = self.selected_ = self.device_ = None
        self.masses_, self.history_, self.best_step_, self.cv_results_ = [], [], None, {}
        self.gap_before_ = self.gap_after_ = np.nan

    def _learn(self, X, y, X_synthetic, y_synthetic, rng, can_move_target, draw, none):
        role = self._role(y, y_synthetic, can_move_target)
        if role is None:
            y = y_synthetic = None
        self.pairing_ = {"guarded": "ot", "paper": "given"}[self.variant] if self.pairing == "auto" else self.pairing
        self.space_ = Space(
            categorical_features=self.categorical_features, keep=self.keep, snap=self.snap, role=role
        )
        real, synthetic = self.space_.fit(X, y, X_synthetic, y_synthetic)
        if self.pairing_ == "given" and len(real) != len(synthetic):
            raise ValueError(
                f'pairing="given" needs as many synthetic rows ({len(synthetic)}) as real ones ({len(real)}), row i of '
                'one being the partner of row i of the other; use pairing="ot" where there are no partners.'
            )
        with fit_callbacks(self, X, y) as callbacks:
            name, base, n_steps = self._decide(real, synthetic, rng, draw, none)
            self.selected_ = name
            if name == "none":
                self.mover_ = _training.Mover(identity(self.space_.width_))
                return
            self._apply(name, base, n_steps, real, synthetic, rng, callbacks)
        self._learn_to_guess(synthetic, rng)

    def _role(self, y, y_synthetic, can_move_target):
        """Return what the target is for: "classes", "moves", "stays" or None."""
        if self.target_type is None or y is None:
            if y_synthetic is not None and y is None:
                raise ValueError("y_synthetic was given without y: the targets of the real rows are needed, too.")
            return None
        check = np.asarray(y)
        if check.ndim != 1 and not (check.ndim == 2 and check.shape[1] == 1):
            raise ValueError(f"y must be one column, got shape {check.shape}.")
        if y_synthetic is None:
            warn("y_synthetic was not given, so rows are matched without their targets, and less well.")
            return None
        continuous = self.target_type == "continuous" or (self.target_type == "auto" and _is_continuous(y, y_synthetic))
        if not continuous:
            return "classes"
        numbers = [np.asarray(part, dtype=float) for part in (y, y_synthetic)]
        if not all(np.isfinite(part).all() for part in numbers):
            raise ValueError("The target holds NaN or infinity; drop these rows first.")
        if np.ptp(numbers[0]) == 0:
            return None
        if not can_move_target:
            warn(
                "A transformer cannot change the target, so rows are moved without it. SyntheticRefiner, or fit and "
                "refine(X, y), move features and target together, which is better."
            )
        return "moves" if can_move_target else "stays"

    # ------------------------------------------------------------------------------------------ which map?
    def _decide(self, real, synthetic, rng, draw, none):
        """Return the name of the map, that of the base of a network, and at which step its training is to stop."""
        if self.select is None:
            base = self.base if self.base != "auto" else _default_base(self.space_)
            return "smcae", base, self._held_out_step(base, real, synthetic, rng)
        scoring = self._scoring()
        if len(real) > _selection.MAX_ROWS:
            real = real[rng.permutation(len(real))[: _selection.MAX_ROWS]]
        if len(synthetic) > _selection.MAX_ROWS:
            synthetic = synthetic[rng.permutation(len(synthetic))[: _selection.MAX_ROWS]]
        yardstick = _selection.Yardstick(scoring, self.learner, self.space_.n_features_, alone=not none)
        splits = _selection.folds(real, self.cv, rng)
        in_fold = [synthetic[train] if self.pairing_ == "given" else synthetic for train, _ in splits]
        if draw is not None:
            in_fold = [draw(train) for train, _ in splits]
        order = list(_selection.LADDER if len(real) >= _selection.MIN_ROWS else _selection.LADDER[:2])
        trials = {}
        for name in order:
            if name == "smcae":
                continue
            landed = [self._landed(_selection.closed_form(name, drafts, real[train]), drafts, real[train]) for drafts, (train, _) in zip(in_fold, splits)]
            trials[name] = _selection.assess(yardstick, splits, real, landed)
        closed = max(trials, key=lambda name: trials[name].scores.mean())
        base = self.base if self.base != "auto" else closed
        n_steps = self.max_steps
        if "smcae" in order:
            trainings = [self._train(base, drafts, real[train], rng, held_out=real[test]) for drafts, (train, test) in zip(in_fold, splits)]
            n_steps = _kept_step(trainings) if trainings[0].gaps else self.max_steps
            landed = []
            for training, drafts, (train, _) in zip(trainings, in_fold, splits):
                landed.append(self._landed_by(training, n_steps, drafts, real[train]))
            trials["smcae"] = _selection.assess(yardstick, splits, real, landed)
        if none:
            order.insert(0, "none")
            trials["none"] = _selection.assess(yardstick, splits, real, [None] * len(splits))
        name = _selection.chosen(trials, order)
        self.cv_results_ = _as_results(trials, order, name)
        self.gap_before_ = float(np.nanmean(trials["identity"].gaps))
        self.gap_after_ = float(np.nanmean(trials[name].gaps)) if name != "none" else np.nan
        return name, base, n_steps

    def _scoring(self):
        if self.select == "gap" or self.space_.role is None:
            return "gap"
        if self.scoring != "auto":
            return self.scoring
        return "balanced_accuracy" if self.space_.role == "classes" else "r2"

    def _train(self, base, synthetic, real, rng, **options):
        if self.variant == "paper":
            options.pop("held_out", None)
            options.pop("n_steps", None)
            return _training.train_paper(synthetic, real, self, rng, **options)
        fitted = _selection.closed_form(base, synthetic, real)
        return _training.train_guarded(fitted, synthetic, real, self, rng, **options)

    def _landed(self, fitted, synthetic, real):
        vectors = fitted(synthetic.vectors, synthetic.membership)
        return self.space_.landed(synthetic, vectors, self.space_.masses(synthetic, vectors, real))

    def _landed_by(self, training, step, synthetic, real):
        network = training.at(step)
        self._spread(training.mover, network, synthetic, real)
        vectors = training.mover(synthetic, network)
        return self.space_.landed(synthetic, vectors, self.space_.masses(synthetic, vectors, real))

    def _spread(self, mover, network, synthetic, real):
        """Give the moved rows the spread of the real ones; the paper knows no such thing."""
        if self.variant == "guarded":
            mover.spread = _training.spread_like(synthetic.at(mover(synthetic, network)), real)

    def _held_out_step(self, base, real, synthetic, rng):
        """Return the step to stop at: the last one, unless held-out rows prefer an earlier one beyond its error."""
        if self.variant == "paper" or self.pairing_ == "given" or len(real) < MIN_HELD_OUT_FROM:
            return self.max_steps
        train, test = _selection.folds(real, 6, rng)[0]
        training = self._train(base, synthetic, real[train], rng, held_out=real[test])
        return _kept_step([training])

    # ------------------------------------------------------------------------------------------ the final map
    def _apply(self, name, base, n_steps, real, synthetic, rng, callbacks):
        """Fit the map that was chosen to all rows."""
        if name != "smcae":
            self.mover_ = _training.Mover(_selection.closed_form(name, synthetic, real))
        else:
            self._train_finally(base, n_steps, real, synthetic, rng, callbacks)
        vectors = self.mover_(synthetic, self.network_)
        self.masses_ = self.space_.masses(synthetic, vectors, real)

    def _train_finally(self, base, n_steps, real, synthetic, rng, callbacks):
        from skgan_resample._nn.training import NonFiniteLossError, resolve_device

        self.device_ = str(resolve_device(self.device))
        try:
            training = self._train(base, synthetic, real, rng, n_steps=n_steps, callbacks=callbacks)
        except NonFiniteLossError as error:
            warn(f"Training diverged, so rows are moved by {base!r} alone. {error}")
            self.mover_ = _training.Mover(_selection.closed_form(base, synthetic, real))
            return
        self.history_, self.best_step_ = training.history, n_steps
        network = training.network.eval()
        self._spread(training.mover, network, synthetic, real)
        self.mover_, self.network_ = training.mover, network

    def _build_network(self, name):
        return self.mover_.build()

    def _learn_to_guess(self, synthetic, rng):
        """Learn what the target of a synthetic row is that comes without one."""
        role = self.space_.role
        uses_classes = role == "classes" and (self.network_ is not None or len(self.mover_.base.offsets) > 1)
        if not uses_classes and role != "moves":
            return
        if len(synthetic) > MAX_GUESSED_FROM:
            synthetic = synthetic[rng.permutation(len(synthetic))[:MAX_GUESSED_FROM]]
        features = synthetic.vectors[:, : self.space_.n_features_]
        if role == "moves":
            self.guess_ = KNeighborsRegressor(min(5, len(synthetic))).fit(features, synthetic.target)
        elif len(np.unique(synthetic.target)) > 1:
            self.guess_ = LogisticRegression(max_iter=200).fit(features, synthetic.target)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.string = True
        tags.input_tags.categorical = True
        tags.target_tags.required = False
        return tags


def _default_base(space):
    return "linear_ot" if space.role == "classes" else "location_scale"


def _kept_step(trainings):
    """Return the last step, unless an earlier one brought the rows nearer to the held-out ones beyond its error."""
    steps = trainings[0].steps
    gaps = np.array([np.concatenate([training.gaps[k] for training in trainings]) for k in range(len(steps))])
    gains = gaps[-1] - gaps  # (n_records, n_rows)
    errors = gains.std(axis=1) / np.sqrt(gains.shape[1])
    better = np.flatnonzero(gains.mean(axis=1) > errors)
    return steps[better[gains[better].mean(axis=1).argmax()]] if len(better) else steps[-1]


def _as_results(trials, order, selected):
    """Return the trials in the manner of ``GridSearchCV.cv_results_``."""
    means = np.array([trials[name].scores.mean() for name in order])
    best = trials[order[int(means.argmax())]].scores
    differences = [best - trials[name].scores for name in order]
    results = {
        "candidate": order,
        "mean_test_score": means,
        "error_of_difference": np.array([d.std() / np.sqrt(len(d)) for d in differences]),
        "gap": np.array([np.nan if name == "none" else np.nanmean(trials[name].gaps) for name in order]),
        "rank_test_score": (-means).argsort().argsort() + 1,
    }
    for k in range(len(trials[order[0]].folds)):
        results[f"split{k}_test_score"] = np.array([trials[name].folds[k] for name in order])
    return results


def _is_continuous(*targets):
    """Whether targets are numbers with fractions, or of more than 20 different values."""
    values = np.concatenate([np.asarray(target).ravel() for target in targets])
    if values.dtype.kind == "O" and all(isinstance(value, Real) and not isinstance(value, bool) for value in values):
        values = values.astype(float)
    if values.dtype.kind not in "iuf":
        return False
    return bool((values != np.round(values)).any() or len(np.unique(values)) > MAX_CLASS_VALUES)


def _synthetic_mask(sample_domain, n_rows):
    """Return which rows are synthetic, from skada's numbers: >= 0 for synthetic (source), < 0 for real (target) rows."""
    if sample_domain is None:
        return np.zeros(n_rows, dtype=bool)
    domain = np.asarray(sample_domain)
    if domain.dtype.kind not in "iu":
        raise ValueError(
            f"sample_domain must hold integers, >= 0 for a synthetic row and < 0 for a real one; got {domain.dtype}. "
            "For a mask of synthetic rows, write np.where(mask, 1, -1)."
        )
    if domain.ndim == 0:
        return np.full(n_rows, domain >= 0)
    if domain.shape != (n_rows,):
        raise ValueError(
            f"sample_domain has shape {domain.shape} for {n_rows} rows. Behind a sampler in a pipeline it describes the "
            "rows before sampling: use SyntheticRefiner(sampler) there, which knows which rows were made."
        )
    return domain >= 0
