"""Which treatments of robust overfitting are tried, which one is kept, and the network that is trained with it."""

import time
from dataclasses import dataclass

import numpy as np

from skgan_resample._robust_at._overfitting import Findings, best_by_others, robust_gap
from skgan_resample._robust_at._training import n_batches, train_folds, train_network
from skgan_resample.exceptions import warn

TREATMENTS = ("loss_scale", "attack_strength", "awp")

# What "auto" tries where there is robust overfitting: the best of benchmarks/robust_at_levers.py, on its tuning tables.
AUTO = (("loss_scale", "awp"), ("loss_scale", "attack_strength", "awp"))


def strategies_of(ro_strategy, threshold, options):
    """Return the treatment of the first training, and those to try if it over-fits; name -> Treatment."""
    if ro_strategy is None:
        candidates = [()]
    elif isinstance(ro_strategy, str):
        candidates = [(), *AUTO]
    else:
        candidates = [tuple(ro_strategy)]
    unknown = [part for parts in candidates for part in parts if part not in TREATMENTS]
    if unknown:
        raise ValueError(f"ro_strategy names {unknown}; known are {list(TREATMENTS)}.")
    return {" + ".join(parts) or "plain": treatment_of(parts, threshold, options) for parts in candidates}


def treatment_of(parts, threshold, options):
    """Return the named treatments with the settings of AdversarialTrainingOptions."""
    from skgan_resample._nn.adversarial import Treatment

    return Treatment(
        threshold=threshold,
        loss_scale="loss_scale" in parts,
        attack_strength=options.strength_ratio if "attack_strength" in parts else None,
        awp_gamma=options.awp_gamma if "awp" in parts else None,
    )


class Deadline:
    """What is left of `max_time`, in seconds; None is no limit."""

    def __init__(self, started, max_time):
        self.started, self.max_time = started, max_time

    def left(self, share=1.0):
        """Return a share of the time that is left, at least a moment; None if there is no limit."""
        if self.max_time is None:
            return None
        return max(share * (self.max_time - (time.perf_counter() - self.started)), 1e-3)


@dataclass
class Trained:
    """The kept network and how it came about."""

    network: object  # torch.nn.Module
    strategy: str
    n_epochs: float
    history: list
    runs: dict  # Curves by strategy
    findings: Findings


def train_best(problem, folds, strategies, seeds, deadline, *, callbacks, early_stopping, max_clean_loss):
    """Look for robust overfitting on the folds, try treatments where it is found, and train the network to keep."""
    # No fold: the first strategy on all rows. One fold: the network of its best epoch. More: a network on all rows, for
    # as long as the folds found best. `seeds`: one for each fold, and one for the network on all rows.
    from skgan_resample._nn.training import restore

    runs, last, findings, kept = {}, {}, Findings(), next(iter(strategies))
    refits = len(folds) != 1

    def run(name):
        """Train with a strategy on the folds and choose its epoch."""
        share = len(folds) / (len(folds) + 1) if refits else 1.0
        curves, *last[name] = train_folds(
            name, problem, folds, strategies[name], seeds, callbacks=callbacks, max_time=deadline.left(share)
        )
        curves.gap = robust_gap(curves, np.random.RandomState(seeds[-1]))
        # One-standard-error rule: the last epoch ends a schedule of falling rates, so an earlier one must be better
        # beyond its error.
        stops = early_stopping and curves.gap.value > curves.gap.error
        curves.kept = curves.best if stops else len(curves.epochs) - 1
        runs[name] = curves

    if folds:
        run(kept)
        findings = Findings.of(problem, runs[kept])
        for name in list(strategies)[1:] if findings.gap.detected else ():
            if deadline.max_time is not None and deadline.left() < 2 * runs[kept].seconds:
                warn(f"max_time={deadline.max_time:g} left no time to try {name!r}.")
                break
            run(name)
        kept, position = preferred(runs, max_clean_loss, seeds[-1])
        runs[kept].kept = position
        for curves in runs.values():
            curves.probabilities = None  # large, and of no more use
    if not refits:
        network, states = last[kept]
        restore({"network": network}, states[position])
        n_epochs, history = runs[kept].epochs[position], runs[kept].history
    else:
        epochs, max_time = problem.settings["max_epochs"], deadline.left()
        if folds:
            epochs = max(1, round(runs[kept].epochs[position]))
            if max_time is not None:  # as long as a fold took at least: an untrained network would help nobody
                max_time = max(max_time, runs[kept].seconds / len(folds))
        network, n_epochs, history = _train_on_all(problem, strategies[kept], seeds[-1], epochs, callbacks, max_time)
        history = runs[kept].history if folds else history
    return Trained(network.to("cpu").eval(), kept, n_epochs, history, runs, findings)


def _train_on_all(problem, treatment, seed, epochs, callbacks, max_time):
    """Train on all training rows; return the network, the epochs that were done, and the history."""
    network, result = train_network(
        problem, np.arange(problem.n_train), treatment, np.random.RandomState(seed), stop_after=epochs,
        callbacks=callbacks, max_time=max_time,
    )  # fmt: skip
    per_epoch = n_batches(problem.n_train, problem.settings)
    done = result.history[-1]["step"] / per_epoch
    if done < epochs:
        reason = "max_time" if result.stop_reason == "max_time" else "a callback"
        warn(f"{reason} ended the training after {done:.1f} of {epochs} epochs.")
    history = [
        {"epoch": record["step"] / per_epoch, **{name: value for name, value in record.items() if name != "step"}}
        for record in result.history
    ]
    return network, done, history


# ------------------------------------------------------------------------------------------ the choice
def preferred(runs, max_clean_loss, seed):
    """Return the strategy that held-out rows prefer, and the position of the evaluation whose network is kept."""
    # The highest robust accuracy among those that cost no more clean accuracy than allowed. A strategy whose best epoch
    # costs too much can still be kept at its last one.
    first = next(iter(runs))
    stops_early = {name: curves.kept < len(curves.epochs) - 1 for name, curves in runs.items()}
    basis = first, stops_early[first]
    judged = {}  # (strategy, stops early) -> clean and robust accuracy
    for name, curves in runs.items():
        for stops in (True, False) if stops_early[name] and name != first else (stops_early[name],):
            judged[name, stops] = [
                cross_fitted(curves, which, stops, np.random.RandomState(seed)) for which in ("clean", "robust")
            ]
    least = judged[basis][0] - max_clean_loss
    allowed = [which for which, (clean, _) in judged.items() if which == basis or clean >= least]
    name, stops = max(allowed, key=lambda which: judged[which][1])
    return name, runs[name].kept if stops else len(runs[name].epochs) - 1


def cross_fitted(curves, which, stops, rng):
    """Return the mean of "clean" or "robust" at the epoch that is kept, without the luck of having chosen it."""
    # Rows of a fold are judged at the epoch that the other folds prefer (`stops`), or all of them at the last.
    values = getattr(curves, which)  # (n_evaluations, n_held_out)
    chosen = best_by_others(curves, rng) if stops else np.full(values.shape[1], -1)
    return float(values[chosen, np.arange(values.shape[1])] @ curves.weight / curves.weight.sum())
