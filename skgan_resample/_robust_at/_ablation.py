"""Factor ablation: from one common beginning, trainings that each leave something out, and what that did to the gap."""

from dataclasses import dataclass, replace

import numpy as np

from skgan_resample._robust_at._overfitting import CONFIDENCE, MAX_ATTACK_GAP, RELEVANT_GAP, mean_difference
from skgan_resample._robust_at._training import Curves, best_position, final_checks, look_at, smoothed, train_network

GROUPS = {
    "baseline": {},
    "drop_both": {"remove": "rows"},
    "drop_perturbation": {"remove": "perturbation"},
    "drop_random": {"remove": "random"},
    "stronger_attack": {"attack_strength": None},  # the ratio of the wrapper
}


# Positive: the second group overfits less than the first.
CONTRASTS = {
    "size": ("baseline", "drop_random", "as many random rows left out"),
    "small-loss rows": ("drop_random", "drop_both", "small-loss rows left out, against as many random ones"),
    "natural data": ("drop_perturbation", "drop_both", "small-loss rows left out, against left unattacked"),
    "perturbations": ("baseline", "drop_perturbation", "small-loss rows left unattacked"),
    "attack strength": ("baseline", "stronger_attack", "small-loss rows attacked more strongly"),
}


# Of the other two no made table was found that provokes a sentence: their figures are given, and no words.
SPOKEN = ("size", "small-loss rows", "attack strength")
N_BOOTSTRAP = 500


@dataclass
class FactorAblation:
    """What `RobustATWrapper.factor_ablation` found; print it.

    Attributes
    ----------
    rows : list of dict
        One for each group: ``group``, ``best`` and ``last`` robust accuracy on held-out rows, ``ro_gap`` with ``low``
        and ``high`` (the gap between the epoch that other folds prefer and the last one, 90 % bootstrap interval),
        ``clean_last``, ``train_robust``, ``small_loss_fraction``, ``seconds``.
    contrasts : list of dict
        ``name``, ``less`` and ``more`` (the groups), ``value``: by how much the gap of ``less`` is smaller, ``low``
        and ``high`` (90 % bootstrap interval over rows).
    verdicts : list of str
        A sentence for "size", "small-loss rows" and "attack strength" if the interval excludes 0 and there is
        overfitting at all; the weakness of the training attack first. The intervals are over rows, of one training a
        fold and group, and several contrasts are looked at: a sentence in ten or so is chance.
    start_epoch : int
        Where the groups part.
    """

    rows: list
    contrasts: list
    verdicts: list
    start_epoch: int

    def __str__(self):
        lines = [f"From epoch {self.start_epoch} on   best  last  gap (90 %)               clean  small-loss"]
        for row in self.rows:
            gap = f"{row['ro_gap']:6.3f} ({row['low']:6.3f} to {row['high']:6.3f})"
            shares = f"{row['clean_last']:5.3f}  {row['small_loss_fraction']:8.2f}"
            lines.append(f"{row['group']:18s} {row['best']:5.3f} {row['last']:5.3f}  {gap}  {shares}")
        return "\n".join([*lines, "", *self.verdicts])


def factor_ablation(problem, folds, treatment, seeds, *, groups, strength, start_epoch, rng):
    """Train the groups on each fold and compare their gaps.

    Parameters
    ----------
    problem : Problem
    folds : list of (train, held_out)
    treatment : Treatment
        Of the baseline.
    seeds : list of int
    groups : list of str
    strength : float
        What multiplies the budget for small-loss rows in "stronger_attack".
    start_epoch : int
    rng : numpy.random.RandomState
        For the bootstrap.

    Returns
    -------
    ablation : FactorAblation
    """
    seen_by_group = {group: [] for group in groups}
    checks = []
    for (train_rows, held_out), seed in zip(folds, seeds):
        evaluate, before = look_at(problem, held_out, train_rows, np.random.RandomState(seed))
        _, begun = train_network(
            problem, train_rows, treatment, np.random.RandomState(seed), evaluate=evaluate, stop_after=start_epoch
        )
        for group in groups:
            changes = dict(GROUPS[group])
            if "attack_strength" in changes:
                changes["attack_strength"] = strength
            evaluate, seen = look_at(problem, held_out, train_rows, np.random.RandomState(seed))
            network, result = train_network(
                problem, train_rows, replace(treatment, **changes), np.random.RandomState(seed),
                evaluate=evaluate, resume=begun,
            )  # fmt: skip
            looks = {which: before[which] + seen[which] for which in ("clean", "robust")}
            seen_by_group[group].append((looks, result.history))
            if group == "baseline":
                checks.append(final_checks(problem, network, result, held_out, train_rows, np.random.RandomState(seed)))
    curves = {group: _joined(group, problem, folds, seen) for group, seen in seen_by_group.items()}
    first = curves[groups[0]]
    weights = _bootstrap_weights(first, rng)
    gaps = {group: gap_values(one, weights) for group, one in curves.items()}
    rows = [_row(curves[group], gaps[group]) for group in groups]
    contrasts = [
        {"name": name, "less": less, "more": more, **_interval(gaps[more] - gaps[less])}
        for name, (more, less, _) in CONTRASTS.items()
        if more in gaps and less in gaps
    ]
    weak = {key: np.concatenate([check[key] for check in checks]) for key in ("training_attack", "strong_attack")}
    attack_gap, attack_low = mean_difference(weak["training_attack"], weak["strong_attack"])
    return FactorAblation(rows, contrasts, verdicts(rows, contrasts, attack_gap, attack_low), start_epoch)


def verdicts(rows, contrasts, attack_gap, attack_low):
    """Return what can be said, one sentence each."""
    said = []
    if attack_low > MAX_ATTACK_GAP:
        said.append(
            f"Attack too weak: on training rows a stronger attack takes {attack_gap:.3f} more robust accuracy than "
            "that of the training. Raise attack_steps before anything else."
        )
    baseline = next(row for row in rows if row["group"] == "baseline")
    if not baseline["low"] > RELEVANT_GAP:
        shown = "No robust overfitting" if baseline["high"] < RELEVANT_GAP else "Robust overfitting is not shown"
        return [
            *said,
            f"{shown}: the gap is {baseline['ro_gap']:.3f} ({baseline['low']:.3f} to "
            f"{baseline['high']:.3f}), so there is nothing to explain.",
        ]
    spoken = [contrast for contrast in contrasts if contrast["name"] in SPOKEN]
    for contrast in spoken:
        what = CONTRASTS[contrast["name"]][2]
        by = f"by {abs(contrast['value']):.3f} ({contrast['low']:.3f} to {contrast['high']:.3f})"
        if contrast["low"] > 0:
            said.append(f"{contrast['name'].capitalize()}: with {what}, the gap is smaller {by}.")
        elif contrast["high"] < 0:
            said.append(f"{contrast['name'].capitalize()}: with {what}, the gap is larger {by}.")
    if all(contrast["low"] <= 0 <= contrast["high"] for contrast in spoken):
        said.append("Robust overfitting is there, but no group differs from another beyond chance.")
    return said


def gap_values(curves, weights):
    """Return the gap between best and last epoch for each column of row weights; see `robust_gap`.

    The first column chooses the best epochs.

    Parameters
    ----------
    curves : Curves
    weights : ndarray of shape (n_samples, n_draws)

    Returns
    -------
    gaps : ndarray of shape (n_draws,)
    """
    gaps = np.zeros(weights.shape[1])
    for number in np.unique(curves.fold):
        inside = curves.fold == number
        # Chosen once: chosen anew in each draw, the best epoch would differ from draw to draw, and the draws would lie
        # below the value that they are the interval of.
        best = best_position(curves.robust[:, ~inside] @ weights[~inside, 0])
        gaps += (curves.robust[best, inside] - curves.robust[-1, inside]) @ weights[inside]
    return gaps / weights.sum(axis=0)


def _joined(group, problem, folds, parts):
    """Return the curves of a group over all folds."""
    n_looks = min(len(seen["robust"]) for seen, _ in parts)
    rows = np.concatenate([held_out for _, held_out in folds])
    join = {
        which: np.concatenate([np.array(seen[which])[:n_looks] for seen, _ in parts], axis=1).astype(float)
        for which in ("clean", "robust")
    }
    last = [history[-1] for _, history in parts]
    names = ("train_robust", "small_loss_fraction")
    record = {name: float(np.mean([one[name] for one in last])) for name in names}
    record["seconds"] = float(sum(one["seconds"] for one in last))
    return Curves(
        name=group,
        rows=rows,
        fold=np.repeat(np.arange(len(folds)), [len(held_out) for _, held_out in folds]),
        weight=problem.score_weight.cpu().numpy()[rows].astype(float),
        epochs=np.arange(n_looks, dtype=float),
        history=[record],
        **join,
    )


def _bootstrap_weights(curves, rng):
    """Return row weights, the first column those of the rows themselves, the others of rows drawn anew in each fold."""
    weights = np.zeros((len(curves.fold), 1 + N_BOOTSTRAP))
    weights[:, 0] = 1.0
    for number in np.unique(curves.fold):
        inside = np.flatnonzero(curves.fold == number)
        weights[inside, 1:] = rng.multinomial(len(inside), np.full(len(inside), 1 / len(inside)), N_BOOTSTRAP).T
    return weights * curves.weight[:, None]


def _interval(values):
    """Return the first value with the quantiles of the others."""
    low, high = np.quantile(values[1:], [1 - CONFIDENCE, CONFIDENCE])
    return {"value": float(values[0]), "low": float(low), "high": float(high)}


def _row(curves, gaps):
    robust = curves.curve()
    interval = _interval(gaps)
    return {
        "group": curves.name,
        "best": float(smoothed(robust)[best_position(robust)]),
        "last": float(robust[-1]),
        "ro_gap": interval["value"],
        "low": interval["low"],
        "high": interval["high"],
        "clean_last": float(curves.curve("clean")[-1]),
        **curves.history[0],
    }
