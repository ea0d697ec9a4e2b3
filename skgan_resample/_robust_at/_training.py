"""Adversarial training of one network, and of one network a fold with a look at the rows that it has not seen."""

import itertools
import math
from dataclasses import dataclass, field

import numpy as np

TRAIN_ROWS_SEEN = 128  # training rows that an evaluation looks at, a fold
VALIDATION_STEPS = 12  # of the attack on held-out rows during training
FINAL_STEPS = 30  # of each search of the thorough attack
SMOOTHING = 3  # evaluations whose mean is the curve that an epoch is chosen on


@dataclass
class Problem:
    """Rows ready for training, on one device, and how they may be attacked.

    Parameters
    ----------
    x : tensor of shape (n, width)
        Encoded rows; those that the caller gave for validation stand last.
    y : tensor of shape (n,)
        Classes, or standardized numbers.
    weight, score_weight : tensor of shape (n,)
        For training, and for judging: weights of classes are no business of the latter.
    factor : tensor of shape (n, 1)
        0 for rows that are not attacked.
    budget : Budget
    build : callable () -> torch.nn.Module
    blocks : list of ndarray of int
        Columns that belong to one column of the table.
    settings : dict
        Of the training; see `RobustATWrapper`.
    """

    x: object
    y: object
    weight: object
    score_weight: object
    factor: object
    budget: object
    build: object
    blocks: list
    settings: dict

    @property
    def is_classifier(self):
        return not self.y.is_floating_point()


@dataclass
class Curves:
    """What a network said of rows that it had not seen, at each evaluation.

    Parameters
    ----------
    name : str
        Of the strategy.
    rows : ndarray of int, shape (n_held_out,)
        Which rows of the problem.
    fold : ndarray of int, shape (n_held_out,)
    weight : ndarray of shape (n_held_out,)
    epochs : ndarray of shape (n_evaluations,)
    clean, robust : ndarray of shape (n_evaluations, n_held_out)
        1 where the row is classified correctly, as it is and under attack, else 0. For a regression 1 minus the squared
        error in variances of the target, whose mean is R2.
    history : list of dict
        One record per evaluation, averaged over folds.
    probabilities : ndarray of shape (n_evaluations, n_held_out, n_classes) or None
        Of the unattacked rows.
    checks : dict of ndarray
        Outcomes of rows under other attacks, for `masking` and `weakness`.
    seconds : float
    gap : Gap
        Between the best epoch and the last one.
    kept : int
        Position of the evaluation whose network is kept.
    """

    name: str
    rows: np.ndarray
    fold: np.ndarray
    weight: np.ndarray
    epochs: np.ndarray
    clean: np.ndarray
    robust: np.ndarray
    history: list
    probabilities: np.ndarray | None = None
    checks: dict = field(default_factory=dict)
    seconds: float = 0.0
    gap: object = None
    kept: int = -1

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


def n_batches(n_rows, settings):
    """Return the number of steps in an epoch."""
    return math.ceil(n_rows / settings["batch_size"])


def train_network(
    problem, rows, treatment, rng, *, evaluate=None, stop_after=None, callbacks=(), max_time=None, resume=None
):
    """Train a network adversarially on some rows of the problem.

    Parameters
    ----------
    problem : Problem
    rows : ndarray of int
    treatment : Treatment
    rng : numpy.random.RandomState
    evaluate : callable ``network -> dict``, default=None
        Called every `validate_every` epochs.
    stop_after : int, default=None
        Epochs after which to stop; the schedule of the learning rate is that of all epochs.
    callbacks : list of callable
        Given each record.
    max_time : float, default=None
    resume : TrainResult, default=None
        Go on where a training from the same `rng` ended.

    Returns
    -------
    network : torch.nn.Module
        The averaged one if the treatment averages weights.
    result : TrainResult
    """
    import torch

    from skgan_resample._nn.adversarial import SCHEDULES, adversarial_step, averaged_copy
    from skgan_resample._nn.training import SGD, Adam, plain_batches, seeded, train

    settings = problem.settings
    device = problem.x.device
    with seeded(rng, device):
        network = problem.build().to(device)
        averaged = averaged_copy(network) if treatment.ema_decay is not None else None
        kept = averaged if averaged is not None else network
        chosen = torch.as_tensor(rows, device=device)
        schedule = SCHEDULES[settings["learning_rate_schedule"]]
        weight = problem.weight[chosen]
        rate = settings["learning_rate"]
        optimizer = (
            SGD(network.parameters(), rate, settings["momentum"])
            if settings["optimizer"] == "sgd"
            else Adam(network.parameters(), rate)
        )
        per_epoch = n_batches(len(rows), settings)
        step = adversarial_step(
            network,
            averaged,
            optimizer=optimizer,
            x=problem.x[chosen],
            y=problem.y[chosen],
            weight=weight / weight.mean(),
            factor=problem.factor[chosen],
            budget=problem.budget,
            treatment=treatment,
            objective=settings["objective"],
            trades_beta=settings["trades_beta"],
            attack_loss=settings["attack_loss"],
            attack_steps=settings["attack_steps"],
            decay=settings["decay"],
            learning_rate=lambda progress: rate * schedule(progress),
            strength=lambda progress: min(1.0, progress / settings["warm_up"]) if settings["warm_up"] else 1.0,
            blocks=problem.blocks,
        )
        stop_at = None if stop_after is None else stop_after * per_epoch

        def stop(record):
            return stop_at is not None and record["step"] >= stop_at

        every = per_epoch * (stop_after if stop_after and evaluate is None else settings["validate_every"])
        network.train()
        batches = plain_batches(len(rows), settings["batch_size"], rng, device=device)
        if resume is not None:
            batches = itertools.islice(batches, resume.history[-1]["step"], None)
        modules = {"network": kept}
        if resume is not None or stop_after is not None:
            modules |= {"optimizer": optimizer}
        result = train(
            step,
            batches,
            max_steps=settings["max_epochs"] * per_epoch,
            evaluate=None if evaluate is None else lambda: evaluate(kept),
            evaluate_every=every,
            max_time=max_time,
            callbacks=[stop, *callbacks],
            modules=modules,
            resume=resume,
        )
    return kept, result


def look_at(problem, held_out, train_rows, rng):
    """Return a function that says how a network does on held-out rows, and lists of what it saw, row by row.

    Parameters
    ----------
    problem : Problem
    held_out, train_rows : ndarray of int
    rng : numpy.random.RandomState

    Returns
    -------
    evaluate : callable ``network -> dict``
    seen : dict of lists
        "clean", "robust" and, for classes, "probabilities" of the held-out rows, an entry for each call.
    """
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
        # At least as bad as the row itself: a tie of two classes could count for the attacked row alone.
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


def run(name, problem, folds, treatment, seeds, *, callbacks=(), max_time=None, check=False):
    """Train one network a fold; return what they said of the rows they had not seen.

    Parameters
    ----------
    name : str
    problem : Problem
    folds : list of (train, held_out)
    treatment : Treatment
    seeds : list of int
        One a fold: runs of different treatments begin with the same weights and see the same batches.
    callbacks : list of callable
    max_time : float, default=None
        Seconds for all folds.
    check : bool, default=False
        Also attack the rows in other ways at the end, for `masking_gap_` and `attack_gap_`.

    Returns
    -------
    curves : Curves
    network : torch.nn.Module
        Of the last fold, in its last state.
    states : list of dict
        If there is one fold only, the state of the network at each evaluation.
    """
    states = []

    def evaluate_and_keep(network):
        states.append(copied_state({"network": network}))
        return evaluate(network)

    from skgan_resample._nn.training import copied_state

    parts, histories, checks, seconds = [], [], [], 0.0
    for number, ((train_rows, held_out), seed) in enumerate(zip(folds, seeds)):
        rng = np.random.RandomState(seed)
        evaluate, seen = look_at(problem, held_out, train_rows, rng)
        left = None if max_time is None else max((max_time - seconds) / (len(folds) - number), 1e-3)
        network, result = train_network(
            problem, train_rows, treatment, rng, evaluate=evaluate if len(folds) > 1 else evaluate_and_keep,
            callbacks=callbacks, max_time=left,
        )  # fmt: skip
        seconds += result.history[-1]["seconds"]
        if check:
            checks.append(final_checks(problem, network, result, held_out, train_rows, rng))
        parts.append(seen)
        histories.append(result.history)
    n_looks = min(len(history) for history in histories)  # max_time can cut a fold short
    per_epoch = [n_batches(len(train_rows), problem.settings) for train_rows, _ in folds]
    epochs = np.array([record["step"] / per_epoch[0] for record in histories[0][:n_looks]])
    rows = np.concatenate([held_out for _, held_out in folds])

    def joined(which):
        return np.concatenate([np.array(part[which][:n_looks]) for part in parts], axis=1)

    history = []
    for look in range(n_looks):
        records = [one[look] for one in histories]
        names = [key for key in records[0] if key not in ("step", "score")]
        record = {"epoch": round(float(epochs[look]), 6)}
        record |= {key: float(np.mean([one[key] for one in records])) for key in names if key in records[-1]}
        history.append(record)
    curves = Curves(
        name=name,
        rows=rows,
        fold=np.repeat(np.arange(len(folds)), [len(held_out) for _, held_out in folds]),
        weight=problem.score_weight.cpu().numpy()[rows].astype(float),
        epochs=epochs,
        clean=joined("clean").astype(float),
        robust=joined("robust").astype(float),
        history=history,
        probabilities=joined("probabilities") if problem.is_classifier else None,
        checks={key: np.concatenate([one[key] for one in checks]) for key in checks[0]} if checks else {},
        seconds=seconds,
    )
    return curves, network, states


def final_checks(problem, network, result, held_out, train_rows, rng):
    """Attack held-out rows at the best step and training rows at the last one, in the weak way and in the strong one.

    Returns
    -------
    outcomes : dict of ndarray
        "pgd" and "adaptive" of the held-out rows, "training_attack" and "strong_attack" of training rows.
    """
    import torch

    from skgan_resample._nn.adversarial import AIMS
    from skgan_resample._nn.attacks import cross_entropy, pgd, squared_error, strongest
    from skgan_resample._nn.training import eval_mode, one_thread, restore, seeded

    def both(rows, aim, n_steps):
        rows = torch.as_tensor(rows, device=problem.x.device)
        x, y, factor = problem.x[rows], problem.y[rows], problem.factor[rows]
        weak = pgd(network, x, y, problem.budget, aim, n_steps=n_steps, factor=factor)
        strong, _ = strongest(
            network, x, y, problem.budget, is_classifier=problem.is_classifier, n_steps=FINAL_STEPS, factor=factor,
            n_rounds=1,
        )  # fmt: skip
        with torch.no_grad():
            clean = outcomes(network(x), y)
            return [torch.minimum(outcomes(network(moved), y), clean).cpu().numpy() for moved in (weak, strong)]

    is_classifier = problem.is_classifier
    settings = problem.settings
    inner = AIMS[settings["attack_loss"]] if is_classifier else squared_error
    with one_thread(), eval_mode([network]), seeded(rng, problem.x.device):
        some = rng.permutation(train_rows)[: 2 * TRAIN_ROWS_SEEN]
        training_attack, strong_attack = both(some, inner, settings["attack_steps"])
        restore({"network": network}, result.best_state)
        pgd_outcome, adaptive = both(held_out, cross_entropy if is_classifier else squared_error, 20)
        restore({"network": network}, result.last_state)
    return {
        "pgd": pgd_outcome,
        "adaptive": adaptive,
        "training_attack": training_attack,
        "strong_attack": strong_attack,
    }
