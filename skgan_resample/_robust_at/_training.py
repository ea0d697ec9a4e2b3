"""Adversarial training of one network, and of one network a fold with an evaluation of the rows it has not seen."""

import itertools
import math
from dataclasses import dataclass, field
from numbers import Integral, Real

import numpy as np
from sklearn.utils._param_validation import Interval, StrOptions

from skgan_resample._estimators import TRAINING_CONSTRAINTS, Options

MIN_ROWS = 10  # fewer are not cut into folds; a guess
MAX_HELD_OUT = 1000  # rows of a fold that are evaluated; more would take longer than the training of small networks
TRAIN_ROWS_SEEN = 128  # training rows of a fold that are evaluated, for the curve of training rows
VALIDATION_STEPS = 12  # of the attack on held-out rows during training; a guess
FINAL_STEPS = 30  # of each search of the thorough attack; a guess
SMOOTHING = 3  # evaluations whose mean is the curve that an epoch is chosen on; a guess


class AdversarialTrainingOptions(Options):
    """Settings of adversarial training that few people search, for `RobustATWrapper`.

    Parameters
    ----------
    attack_loss : {"mixed", "ce", "margin"}, default="mixed"
        What the attack raises: cross-entropy, margin, or one of them drawn at random at each step. Regressions use the
        squared error.
    warm_up : float in [0, 1), default=0.1
        The budget grows from nothing to its full size in this share of the training. Our choice, because training with
        a large budget otherwise often begins with a constant prediction.
    small_loss_threshold : float, default=0.65
        A row has a small loss if it is below this share of the loss of a model that sees no column: the entropy of the
        classes, or the variance. On ten balanced classes the default is the 1.5 of the paper.
    strength_ratio : float, default=1.5
        What "attack_strength" multiplies the budget of small-loss rows with. Far above 1.5, networks can come to hide
        their gradient instead of becoming robust; look at `masking_gap_`.
    awp_gamma : float, default=0.01
        How far the treatment "awp" moves the weights, relative to the norm of each matrix.
    validate_every : int, default=2
        Epochs between two evaluations of held-out rows (at most 1,000 a fold).
    batch_size, learning_rate : int and float, default=None
        None takes them from a multilayer perceptron (``batch_size``, ``learning_rate_init``). A linear model gets
        batches of 128 rows and a rate of 0.05, a torch module 128 rows and 0.001.
    learning_rate_schedule : {"step", "cosine", "constant"}, default="step"
        "step": a tenth from half of the epochs on, a hundredth from three quarters on.
    optimizer : {"sgd", "adam"}, default=None
        "sgd" has momentum. None takes the ``solver`` of the estimator; one that is not "sgd" counts as "adam". A linear
        model gets "sgd", a torch module "adam".

    See Also
    --------
    skgan_resample.RobustATWrapper : Uses them, as its parameter `training`.

    Examples
    --------
    >>> from skgan_resample import AdversarialTrainingOptions, RobustATWrapper
    >>> robust = RobustATWrapper(training=AdversarialTrainingOptions(batch_size=32))
    >>> robust.set_params(training__awp_gamma=0.005).training
    AdversarialTrainingOptions(awp_gamma=0.005, batch_size=32)
    """

    _parameter_constraints: dict = {
        "attack_loss": [StrOptions({"mixed", "ce", "margin"})],
        "warm_up": [Interval(Real, 0, 1, closed="left")],
        "small_loss_threshold": [Interval(Real, 0, None, closed="left")],
        "strength_ratio": [Interval(Real, 1, None, closed="left")],
        "awp_gamma": [Interval(Real, 0, None, closed="left")],
        "validate_every": [Interval(Integral, 1, None, closed="left")],
        "batch_size": [*TRAINING_CONSTRAINTS["batch_size"], None],
        "learning_rate": [*TRAINING_CONSTRAINTS["learning_rate"], None],
        "learning_rate_schedule": [StrOptions({"step", "cosine", "constant"})],
        "optimizer": [StrOptions({"sgd", "adam"}), None],
    }

    def __init__(
        self,
        *,
        attack_loss="mixed",
        warm_up=0.1,
        small_loss_threshold=0.65,
        strength_ratio=1.5,
        awp_gamma=0.01,
        validate_every=2,
        batch_size=None,
        learning_rate=None,
        learning_rate_schedule="step",
        optimizer=None,
    ):
        self.attack_loss = attack_loss
        self.warm_up = warm_up
        self.small_loss_threshold = small_loss_threshold
        self.strength_ratio = strength_ratio
        self.awp_gamma = awp_gamma
        self.validate_every = validate_every
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.learning_rate_schedule = learning_rate_schedule
        self.optimizer = optimizer


# ------------------------------------------------------------------------------------------ what is trained on
@dataclass(frozen=True)
class Problem:
    """Rows on one device and how they may be attacked: training rows, then those given for validation."""

    x: object  # tensor (n, width), encoded rows
    y: object  # tensor (n,), classes as int64 or standardized numbers
    weight: object  # tensor (n,), for training: times the weight of the class
    score_weight: object  # tensor (n,), for evaluation: without the weight of the class
    factor: object  # tensor (n, 1), 0 for rows that are not attacked
    n_train: int
    budget: object  # Budget
    build: object  # () -> torch.nn.Module, untrained
    settings: dict  # of the training, by name; see `RobustATWrapper` and `AdversarialTrainingOptions`

    @property
    def is_classifier(self):
        """Whether the target is a class."""
        return not self.y.is_floating_point()


def make_folds(problem, cv, validation_fraction, rng):
    """Return pairs of training and held-out rows: the given validation rows, folds, one share, or no pair."""
    n, n_train = len(problem.x), problem.n_train
    train = np.arange(n_train)
    if n > n_train:
        return [(train, _some(np.arange(n_train, n), rng))]
    if n_train < MIN_ROWS or (cv is None and validation_fraction is None):
        return []
    # Rows that are neighbours in the order of the target go to different parts, so that each part is like the whole.
    order = rng.permutation(train)
    order = order[np.argsort(problem.y.cpu().numpy()[order], kind="stable")]
    if cv is not None:
        n_folds = min(cv, n_train // 2)
        fold = np.empty(n_train, dtype=int)
        fold[np.argsort(order)] = np.arange(n_train) % n_folds
        return [(train[fold != k], _some(train[fold == k], rng)) for k in range(n_folds)]
    n_held_out = max(1, round(validation_fraction * n_train))
    chosen = np.zeros(n_train, dtype=bool)
    chosen[np.linspace(0, n_train - 1, n_held_out).round().astype(int)] = True
    return [(np.sort(order[~chosen]), _some(np.sort(order[chosen]), rng))]


def _some(rows, rng):
    """Return the rows, or `MAX_HELD_OUT` of them."""
    return rows if len(rows) <= MAX_HELD_OUT else np.sort(rng.permutation(rows)[:MAX_HELD_OUT])


def n_batches(n_rows, settings):
    """Return the number of steps in an epoch."""
    return math.ceil(n_rows / settings["batch_size"])


# ------------------------------------------------------------------------------------------ one network
def train_network(
    problem, rows, treatment, rng, *, evaluate=None, stop_after=None, callbacks=(), max_time=None, resume=None
):
    """Train a network adversarially on some rows of the problem; return it and the TrainResult."""
    # It ends after `stop_after` epochs, with the learning rate of a training of all epochs. `resume` is a TrainResult:
    # the training goes on where one from the same `rng` ended.
    import torch

    from skgan_resample._nn.adversarial import SCHEDULES, adversarial_step
    from skgan_resample._nn.training import SGD, Adam, plain_batches, seeded, train

    settings = problem.settings
    device = problem.x.device
    per_epoch = n_batches(len(rows), settings)
    stop_at = None if stop_after is None else stop_after * per_epoch
    schedule, rate = SCHEDULES[settings["learning_rate_schedule"]], settings["learning_rate"]
    warm_up = settings["warm_up"]

    def stop(record):
        return stop_at is not None and record["step"] >= stop_at

    with seeded(rng, device):
        network = problem.build().to(device)
        chosen = torch.as_tensor(rows, device=device)
        weight = problem.weight[chosen]
        optimizer = (
            SGD(network.parameters(), rate, settings["momentum"])
            if settings["optimizer"] == "sgd"
            else Adam(network.parameters(), rate)
        )
        step = adversarial_step(
            network,
            optimizer=optimizer,
            x=problem.x[chosen],
            y=problem.y[chosen],
            weight=weight / weight.mean(),
            factor=problem.factor[chosen],
            budget=problem.budget,
            treatment=treatment,
            **{name: settings[name] for name in ("objective", "trades_beta", "attack_loss", "n_steps", "decay")},
            learning_rate=lambda progress: rate * schedule(progress),
            strength=lambda progress: min(1.0, progress / warm_up) if warm_up else 1.0,
        )
        network.train()
        batches = plain_batches(len(rows), settings["batch_size"], rng, device=device)
        modules = {"network": network}
        if resume is not None:
            batches = itertools.islice(batches, resume.history[-1]["step"], None)
        if resume is not None or stop_after is not None:
            modules |= {"optimizer": optimizer}
        result = train(
            step,
            batches,
            max_steps=settings["max_epochs"] * per_epoch,
            evaluate=None if evaluate is None else lambda: evaluate(network),
            # A run without evaluation makes one record, where it is to stop.
            evaluate_every=per_epoch * (stop_after if stop_after and evaluate is None else settings["validate_every"]),
            max_time=max_time,
            callbacks=[stop, *callbacks],
            modules=modules,
            resume=resume,
        )
    return network, result


def evaluation(problem, held_out, train_rows, rng):
    """Return a function that evaluates a network on held-out rows, and the lists of outcomes that it fills."""
    import torch

    from skgan_resample._nn.adversarial import penultimate
    from skgan_resample._nn.attacks import strongest

    some = rng.permutation(train_rows)[:TRAIN_ROWS_SEEN]
    n = len(held_out)
    both = torch.as_tensor(np.concatenate([held_out, some]), device=problem.x.device)
    x, y, weight, factor = (part[both] for part in (problem.x, problem.y, problem.score_weight, problem.factor))
    held_out_weight = weight[:n] / weight[:n].sum()
    seen = {"clean": [], "robust": [], "probabilities": []}

    def evaluate(network):
        with torch.no_grad():
            outputs = network(x)
        moved, _ = strongest(
            network, x, y, problem.budget, is_classifier=problem.is_classifier, n_steps=VALIDATION_STEPS,
            factor=factor, n_rounds=0,
        )  # fmt: skip
        with torch.no_grad():
            clean, robust = outcomes(outputs, y), outcomes(network(moved), y)
        # At least as bad as the row itself: two equal classes could count for the attacked row alone.
        robust = torch.minimum(robust, clean)
        seen["clean"].append(clean[:n].cpu().numpy())
        seen["robust"].append(robust[:n].cpu().numpy())
        if problem.is_classifier:
            seen["probabilities"].append(outputs[:n].softmax(dim=1).half().cpu().numpy())
        found = {
            "score": -(robust[:n] @ held_out_weight),
            "val_clean": clean[:n] @ held_out_weight,
            "val_robust": robust[:n] @ held_out_weight,
            "train_clean": clean[n:].mean(),
            "train_robust": robust[n:].mean(),
        }
        before, after = penultimate(network, x), penultimate(network, moved)
        if before is not None:
            displacement = (after - before).norm(dim=1)
            found["feature_gap"] = displacement[:n].mean() / displacement[n:].mean().clamp(min=1e-12)
        return found

    return evaluate, seen


def outcomes(outputs, y):
    """Return 1 for each row that is classified correctly, else 0; of a regression, 1 minus the squared error."""
    if y.is_floating_point():
        return 1 - (outputs[:, 0] - y) ** 2
    return (outputs.argmax(dim=1) == y).float()


# ------------------------------------------------------------------------------------------ one network a fold
@dataclass
class Curves:
    """What a network predicted for rows that it had not seen, at each evaluation; see `outcomes`."""

    name: str  # of the strategy
    rows: np.ndarray  # (n_held_out,), positions in the problem
    fold: np.ndarray  # (n_held_out,)
    weight: np.ndarray  # (n_held_out,)
    epochs: np.ndarray  # (n_evaluations,)
    clean: np.ndarray  # (n_evaluations, n_held_out), outcomes of the rows themselves
    robust: np.ndarray  # (n_evaluations, n_held_out), outcomes under attack
    history: list  # a record for each evaluation, means over folds
    probabilities: np.ndarray | None = None  # (n_evaluations, n_held_out, n_classes), of the rows themselves
    checks: dict = field(default_factory=dict)  # outcomes of some rows under other attacks; see `final_checks`
    seconds: float = 0.0
    gap: object = None  # Gap between the best epoch and the last one
    kept: int = -1  # position of the evaluation whose network is kept

    def curve(self, which="robust", rows=slice(None)):
        """Return the weighted mean of "clean" or "robust" at each evaluation, over some of the rows."""
        values, weight = getattr(self, which)[:, rows], self.weight[rows]
        return values @ weight / weight.sum()

    @property
    def best(self):
        """Position of the evaluation where the smoothed robust curve is highest."""
        return best_position(self.curve())


def best_position(curve):
    """Return where a smoothed curve is highest, the first of equals, the untrained network aside."""
    return int(np.argmax(smoothed(curve)[1:])) + 1 if len(curve) > 1 else 0


def smoothed(curve):
    """Return the running mean over `SMOOTHING` evaluations, fewer at the ends."""
    reach = SMOOTHING // 2
    return np.array([np.mean(curve[max(0, i - reach) : i + reach + 1]) for i in range(len(curve))])


def train_folds(name, problem, folds, treatment, seeds, *, callbacks=(), max_time=None):
    """Train one network a fold; return the curves of held-out rows, the last network, and its states if one fold."""
    # Runs of different treatments begin with the same weights and see the same batches: those of `seeds`, one a fold.
    from skgan_resample._nn.training import copied_state

    states, parts, seconds = [], [], 0.0
    for number, ((train_rows, held_out), seed) in enumerate(zip(folds, seeds)):
        rng = np.random.RandomState(seed)
        evaluate, seen = evaluation(problem, held_out, train_rows, rng)

        def evaluate_and_keep(network, evaluate=evaluate):
            if len(folds) == 1:
                states.append(copied_state({"network": network}))
            return evaluate(network)

        left = None if max_time is None else max((max_time - seconds) / (len(folds) - number), 1e-3)
        network, result = train_network(
            problem, train_rows, treatment, rng, evaluate=evaluate_and_keep, callbacks=callbacks, max_time=left
        )
        seconds += result.history[-1]["seconds"]
        parts.append((seen, result.history, final_checks(problem, network, result, held_out, train_rows, rng)))
    curves = join_folds(name, problem, folds, [part[:2] for part in parts])
    curves.checks = {key: np.concatenate([checks[key] for _, _, checks in parts]) for key in parts[0][2]}
    curves.seconds = seconds
    return curves, network, states


def join_folds(name, problem, folds, parts):
    """Return the curves over all folds; `parts` holds the outcomes and the history of each fold."""
    n_evaluations = min(len(history) for _, history in parts)  # max_time can cut a fold short
    rows = np.concatenate([held_out for _, held_out in folds])
    per_epoch = n_batches(len(folds[0][0]), problem.settings)
    epochs = np.array([record["step"] / per_epoch for record in parts[0][1][:n_evaluations]])

    def joined(which):  # (n_evaluations, n_held_out, ...)
        return np.concatenate([np.array(seen[which][:n_evaluations]) for seen, _ in parts], axis=1)

    history = []
    for i, epoch in enumerate(epochs):
        records = [one[i] for _, one in parts]
        names = [key for key in records[0] if key not in ("step", "score") and key in records[-1]]
        means = {key: float(np.mean([one[key] for one in records])) for key in names}
        history.append({"epoch": round(float(epoch), 6), **means})
    return Curves(
        name=name,
        rows=rows,
        fold=np.repeat(np.arange(len(folds)), [len(held_out) for _, held_out in folds]),
        weight=problem.score_weight.cpu().numpy()[rows].astype(float),
        epochs=epochs,
        clean=joined("clean").astype(float),
        robust=joined("robust").astype(float),
        history=history,
        probabilities=joined("probabilities") if problem.is_classifier else None,
    )


def final_checks(problem, network, result, held_out, train_rows, rng):
    """Return the outcomes of held-out rows at the best step and of training rows at the last, by attack."""
    import torch

    from skgan_resample._nn.adversarial import ATTACK_LOSSES
    from skgan_resample._nn.attacks import cross_entropy, pgd, squared_error, strongest
    from skgan_resample._nn.training import eval_mode, one_thread, restore, seeded

    def both(rows, loss, n_steps):
        rows = torch.as_tensor(rows, device=problem.x.device)
        x, y, factor = problem.x[rows], problem.y[rows], problem.factor[rows]
        weak = pgd(network, x, y, problem.budget, loss, n_steps=n_steps, factor=factor)
        strong, _ = strongest(
            network, x, y, problem.budget, is_classifier=problem.is_classifier, n_steps=FINAL_STEPS, factor=factor,
            n_rounds=1,
        )  # fmt: skip
        with torch.no_grad():
            clean = outcomes(network(x), y)
            return [torch.minimum(outcomes(network(moved), y), clean).cpu().numpy() for moved in (weak, strong)]

    settings = problem.settings
    plain, trained = cross_entropy, ATTACK_LOSSES[settings["attack_loss"]]
    if not problem.is_classifier:
        plain = trained = squared_error
    with one_thread(), eval_mode([network]), seeded(rng, problem.x.device):
        some = rng.permutation(train_rows)[: 2 * TRAIN_ROWS_SEEN]
        training_attack, strong_attack = both(some, trained, settings["n_steps"])
        restore({"network": network}, result.best_state)
        weak, strong = both(held_out, plain, 20)  # steps of PGD as they are usual in this field
        restore({"network": network}, result.last_state)
    return {"pgd": weak, "adaptive": strong, "training_attack": training_attack, "strong_attack": strong_attack}
