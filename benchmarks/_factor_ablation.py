"""Factor ablation: what drives robust overfitting on a table, after the study of Yu et al. (arXiv:2310.00607).

From one common state of plain adversarial training, groups of trainings go on that each change one thing about
small-loss rows. Other than in the paper there is a control that leaves out as many rows at random, and every contrast
has an interval.

    from _factor_ablation import factor_ablation
    print(factor_ablation(RobustATWrapper(threat_model=ThreatModel(0.3), random_state=0), X, y))
"""

from dataclasses import dataclass, replace

import numpy as np
import torch
from sklearn.base import clone
from sklearn.utils import check_random_state

from skgan_resample._robust_at._overfitting import CONFIDENCE, MAX_ATTACK_GAP, RELEVANT_GAP, mean_difference
from skgan_resample._robust_at._preparation import prepare
from skgan_resample._robust_at._strategies import treatment_of
from skgan_resample._robust_at._training import (
    MIN_ROWS,
    AdversarialTrainingOptions,
    best_position,
    evaluation,
    final_checks,
    join_folds,
    make_folds,
    smoothed,
    train_network,
)


def without_rows(rows, moved, weights, is_small):
    """Leave small-loss rows out of a batch."""
    return moved, torch.where(is_small, 0.0, weights)


def without_perturbation(rows, moved, weights, is_small):
    """Train on small-loss rows without attack."""
    return torch.where(is_small[:, None], rows, moved), weights


def without_random_rows(rows, moved, weights, is_small):
    """Leave out as many rows at random."""
    return moved, torch.where(is_small[torch.randperm(len(rows), device=rows.device)], 0.0, weights)


GROUPS = {
    "baseline": {},
    "drop_both": {"change_batch": without_rows},
    "drop_perturbation": {"change_batch": without_perturbation},
    "drop_random": {"change_batch": without_random_rows},
    "stronger_attack": {"attack_strength": None},  # the `strength_ratio` of the training options
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
REPORTED = ("size", "small-loss rows", "attack strength")

N_BOOTSTRAP = 500


@dataclass
class FactorAblation:
    """What `factor_ablation` found; print it.

    `rows` holds a dict for each group: best and last robust accuracy on held-out rows, ``ro_gap`` (between the epoch
    that other folds prefer and the last one) with the limits of its 90 % bootstrap interval. `contrasts` says by how
    much the gap of a group ``less`` is smaller than that of ``more``. `verdicts` are sentences about the contrasts
    whose interval excludes 0, if there is overfitting at all; the weakness of the training attack stands first. The
    intervals are over rows, of one training a fold and group, and there are several contrasts: one sentence in ten or
    so is chance. The groups part after `start_epoch`.
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


def factor_ablation(wrapper, X, y, *, groups=tuple(GROUPS), start_epoch=None, n_folds=3, sample_weight=None):
    """Train the groups on each fold and compare their gaps.

    Parameters
    ----------
    wrapper : RobustATWrapper
        Its parameters are used; it is neither fitted nor changed.
    X, y : table and array-like
        Rows to train on.
    groups : list of str, default=all
        "baseline" and some of "drop_both" (small-loss rows are left out of each batch), "drop_perturbation" (they are
        trained on without attack), "drop_random" (as many rows are left out at random), "stronger_attack" (they are
        attacked with `strength_ratio` times the budget).
    start_epoch : int, default=None
        None is 15 % of the epochs.
    n_folds : int, default=3
        Every row is held out once; there is one training for each fold and group.
    sample_weight : array-like of shape (n_samples,), default=None
        As for `fit`.

    Returns
    -------
    ablation : FactorAblation
    """
    rng = check_random_state(wrapper.random_state)
    unknown = [group for group in groups if group not in GROUPS]
    if unknown or "baseline" not in groups:
        raise ValueError(f"groups must be some of {list(GROUPS)}, 'baseline' among them; got {list(groups)}.")
    options = AdversarialTrainingOptions.of(wrapper.training)
    prepared = prepare(clone(wrapper), options, X, y, sample_weight, None, None)
    problem, plain = prepared.problem, treatment_of((), prepared.small_loss, options)
    if start_epoch is None:
        start_epoch = max(1, round(0.15 * problem.settings["max_epochs"]))
    if not 1 <= start_epoch < problem.settings["max_epochs"]:
        raise ValueError(f"start_epoch={start_epoch} must be from 1 to max_epochs - 1.")
    folds = make_folds(problem, n_folds, None, rng)
    if not folds:
        raise ValueError(f"n_samples={problem.n_train}: factor_ablation needs at least {MIN_ROWS} rows.")
    treatments = {group: replace(plain, **GROUPS[group]) for group in groups}
    if "stronger_attack" in treatments:
        treatments["stronger_attack"] = replace(plain, attack_strength=options.strength_ratio)
    seeds = [int(rng.randint(np.iinfo(np.int32).max)) for _ in folds]
    parts, checks = {group: [] for group in groups}, []
    for (train_rows, held_out), seed in zip(folds, seeds):
        evaluate, before = evaluation(problem, held_out, train_rows, np.random.RandomState(seed))
        _, begun = train_network(
            problem, train_rows, plain, np.random.RandomState(seed), evaluate=evaluate, stop_after=start_epoch
        )
        for group in groups:
            evaluate, after = evaluation(problem, held_out, train_rows, np.random.RandomState(seed))
            network, result = train_network(
                problem, train_rows, treatments[group], np.random.RandomState(seed), evaluate=evaluate, resume=begun
            )
            parts[group].append(({which: before[which] + after[which] for which in before}, result.history))
            if group == "baseline":
                checks.append(final_checks(problem, network, result, held_out, train_rows, np.random.RandomState(seed)))
    curves = {group: join_folds(group, problem, folds, parts[group]) for group in groups}
    weights = _bootstrap_weights(curves["baseline"], rng)
    gaps = {group: gap_values(one, weights) for group, one in curves.items()}
    rows = [_row(curves[group], gaps[group], parts[group]) for group in groups]
    contrasts = [
        {"name": name, "less": less, "more": more, **_interval(gaps[more] - gaps[less])}
        for name, (more, less, _) in CONTRASTS.items()
        if more in gaps and less in gaps
    ]
    weak = {key: np.concatenate([check[key] for check in checks]) for key in ("training_attack", "strong_attack")}
    attack_gap, attack_low = mean_difference(weak["training_attack"], weak["strong_attack"])
    return FactorAblation(rows, contrasts, verdicts(rows, contrasts, attack_gap, attack_low), start_epoch)


def verdicts(rows, contrasts, attack_gap, attack_low):
    """Return the sentences that the figures allow."""
    found = []
    if attack_low > MAX_ATTACK_GAP:
        found.append(
            f"Attack too weak: on training rows a stronger attack takes {attack_gap:.3f} more robust accuracy than "
            "that of the training. Raise n_steps before anything else."
        )
    baseline = next(row for row in rows if row["group"] == "baseline")
    if not baseline["low"] > RELEVANT_GAP:
        shown = "No robust overfitting" if baseline["high"] < RELEVANT_GAP else "Robust overfitting is not shown"
        return [
            *found,
            f"{shown}: the gap is {baseline['ro_gap']:.3f} ({baseline['low']:.3f} to "
            f"{baseline['high']:.3f}), so there is nothing to explain.",
        ]
    reported = [contrast for contrast in contrasts if contrast["name"] in REPORTED]
    for contrast in reported:
        what = CONTRASTS[contrast["name"]][2]
        by = f"by {abs(contrast['value']):.3f} ({contrast['low']:.3f} to {contrast['high']:.3f})"
        if contrast["low"] > 0:
            found.append(f"{contrast['name'].capitalize()}: with {what}, the gap is smaller {by}.")
        elif contrast["high"] < 0:
            found.append(f"{contrast['name'].capitalize()}: with {what}, the gap is larger {by}.")
    if all(contrast["low"] <= 0 <= contrast["high"] for contrast in reported):
        found.append("Robust overfitting is there, but no group differs from another beyond chance.")
    return found


def gap_values(curves, weights):
    """Return the gap between best and last epoch for each column of row weights, (n_draws,); see `robust_gap`.

    `weights` is of shape (n_held_out, n_draws). The first column chooses the best epochs.
    """
    gaps = np.zeros(weights.shape[1])
    for number in np.unique(curves.fold):
        inside = curves.fold == number
        # Chosen once: chosen anew in each draw, the best epoch would differ from draw to draw, and the draws would lie
        # below the value that they are the interval of.
        best = best_position(curves.robust[:, ~inside] @ weights[~inside, 0])
        gaps += (curves.robust[best, inside] - curves.robust[-1, inside]) @ weights[inside]
    return gaps / weights.sum(axis=0)


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


def _row(curves, gaps, parts):
    """Return the figures of a group; `parts` holds the history of each fold."""
    robust, interval = curves.curve(), _interval(gaps)
    last = [history[-1] for _, history in parts]
    return {
        "group": curves.name,
        "best": float(smoothed(robust)[best_position(robust)]),
        "last": float(robust[-1]),
        "ro_gap": interval["value"],
        "low": interval["low"],
        "high": interval["high"],
        "clean_last": float(curves.curve("clean")[-1]),
        **{name: float(np.mean([one[name] for one in last])) for name in ("train_robust", "small_loss_fraction")},
        "seconds": float(sum(one["seconds"] for one in last)),
    }
