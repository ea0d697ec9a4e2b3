"""What held-out rows say about a training: robust overfitting with its uncertainty, and what to look at first."""

from dataclasses import dataclass
from math import nan

import numpy as np
from scipy import stats

from skgan_resample._robust_at._training import best_position, smoothed

RELEVANT_GAP = 0.01  # a smaller loss of robust accuracy is not called overfitting; our choice, a point of accuracy
CONFIDENCE = 0.95  # of one-sided limits; two-sided intervals have 90 %
EXAMPLE_GAP = 0.05  # the loss of accuracy whose chance of being found is reported

# Differences between two attacks that are reported, beyond chance; guesses, above what honest networks showed.
MAX_MASKING_GAP = 0.03
MAX_ATTACK_GAP = 0.1


# ------------------------------------------------------------------------------------------ robust overfitting
@dataclass(frozen=True)
class Gap:
    """How much robust accuracy is lost between the best epoch and the last one."""

    value: float
    low: float  # limits of the two-sided 90 % interval; `low` is the one-sided 95 % limit
    high: float
    error: float  # standard error
    weights: float  # sum of the squared weights of the rows, which add up to 1
    detected: bool  # whether `low` is above `RELEVANT_GAP`

    def power(self, true_gap=EXAMPLE_GAP):
        """Return the chance of detecting a true gap of this size with the rows at hand."""
        # The error seen, but no less than what such a gap brings with it: rows that are lost, one by one.
        error = max(self.error, np.sqrt((true_gap - true_gap**2) * self.weights))
        return float(stats.norm.cdf((true_gap - RELEVANT_GAP) / error - stats.norm.ppf(CONFIDENCE)))


def robust_gap(curves, rng):
    """Return the gap between best and last epoch, chosen on some rows and measured on others."""
    # The best of many epochs on the same rows would look better than it is, on any curve that only wobbles.
    best = best_by_others(curves, rng)
    rows = np.arange(len(best))
    difference = curves.robust[best, rows] - curves.robust[-1]  # (n_held_out,)
    weight = curves.weight / curves.weight.sum()
    value = float(weight @ difference)
    error = np.sqrt((weight**2) @ (difference - value) ** 2)
    # That no row differs does not prove that none can: the interval is never shorter than for a single row that does.
    is_binary = np.isin(curves.robust, (0.0, 1.0)).all()
    step = 1.0 if is_binary else np.abs(np.diff(curves.robust[-2:], axis=0)).max()
    error = float(max(error, weight.max() * step))
    reach = stats.norm.ppf(CONFIDENCE) * error
    return Gap(value, value - reach, value + reach, error, float(weight @ weight), bool(value - reach > RELEVANT_GAP))


def best_by_others(curves, rng):
    """Return, for each held-out row, the best evaluation according to the rows of all other folds."""
    part = curves.fold
    if len(np.unique(part)) == 1:
        part = rng.permutation(np.arange(len(part)) % 2)
    best = np.full(len(part), len(curves.epochs) - 1)
    for number in np.unique(part):
        inside = part == number
        if not inside.all() and curves.weight[~inside].sum() > 0:
            best[inside] = best_position(curves.curve(rows=~inside))
    return best


def onset(curves):
    """Return the epoch after which the smoothed curve stays more than a standard error below its top, or None."""
    curve = smoothed(curves.curve())
    top = int(np.argmax(curve[1:])) + 1 if len(curve) > 1 else 0
    weight = curves.weight / curves.weight.sum()
    for i in range(top, len(curve) - 1):
        below = curve[top] - curve[i + 1 :]
        difference = curves.robust[top] - curves.robust[i + 1 :]  # (n_later, n_held_out)
        error = np.sqrt(((difference - (difference @ weight)[:, None]) ** 2) @ weight**2)
        if (below > error).all():
            return float(curves.epochs[i + 1])
    return None


# ------------------------------------------------------------------------------------------ what to look at first
def mean_difference(first, second, confidence=CONFIDENCE):
    """Return the mean of a paired difference and its one-sided lower limit."""
    difference = first - second
    value = float(difference.mean())
    error = float(difference.std() / np.sqrt(len(difference)))
    return value, value - stats.norm.ppf(confidence) * error


def suspected_labels(probabilities, y):
    """Return which rows look mislabelled to a model that has not seen them, bool of shape (n_samples,)."""
    # Confident learning (arXiv:1911.00068): another class is at least as probable as on average for rows of that class,
    # and more probable than the own one. probabilities (n_samples, n_classes) are out of fold.
    n_classes = probabilities.shape[1]
    usual = np.array([probabilities[y == k, k].mean() if (y == k).any() else np.inf for k in range(n_classes)])
    confident = np.where(probabilities >= usual, probabilities, -1.0)
    chosen = confident.argmax(axis=1)
    own = probabilities[np.arange(len(y)), y]
    return (confident.max(axis=1) > 0) & (chosen != y) & (confident.max(axis=1) > own)


# ------------------------------------------------------------------------------------------ what was found
@dataclass
class Findings:
    """What the held-out rows of the first training showed; NaN and None where nothing was measured."""

    gap: Gap = Gap(nan, nan, nan, nan, nan, None)
    power: float = nan
    onset_epoch: float | None = None
    robust_best: float = nan
    robust_last: float = nan
    masking_gap: float = nan
    masks_gradient: bool = False
    attack_gap: float = nan
    attack_too_weak: bool | None = None
    n_held_out: int = 0
    held_out_was_given: bool = False  # by the caller, and not drawn from the training table
    duplicates: float = nan  # share of training rows that are copies of others
    suspected: np.ndarray | None = None  # positions of training rows whose label is in doubt
    suspected_share: float = nan

    @classmethod
    def of(cls, problem, curves):
        """Return what the curves of the first training say."""
        gap, curve, checks = curves.gap, curves.curve(), curves.checks
        masking_gap, masking_low = mean_difference(checks["pgd"], checks["adaptive"])
        attack_gap, attack_low = mean_difference(checks["training_attack"], checks["strong_attack"])
        encoded, n_train = problem.x.cpu().numpy(), problem.n_train
        found = cls(
            gap=gap,
            power=gap.power(),
            onset_epoch=onset(curves) if gap.detected else None,
            robust_best=float(curve[best_position(curve)]),
            robust_last=float(curve[-1]),
            masking_gap=masking_gap,
            masks_gradient=masking_low > MAX_MASKING_GAP,
            attack_gap=attack_gap,
            attack_too_weak=attack_low > MAX_ATTACK_GAP,
            n_held_out=len(curves.rows),
            held_out_was_given=len(encoded) > n_train,
            duplicates=1 - len(np.unique(encoded[:n_train], axis=0)) / n_train,
            suspected=np.empty(0, dtype=int),
        )
        if curves.probabilities is not None:
            truth = problem.y.cpu().numpy()[curves.rows]
            suspected = suspected_labels(curves.probabilities[curves.best].astype(float), truth)
            own = curves.rows[suspected]
            found.suspected, found.suspected_share = own[own < n_train], float(suspected.mean())
        return found


# ------------------------------------------------------------------------------------------ in words
def report(wrapper, findings):
    """Return what the fit of a `RobustATWrapper` found, a line for each thing."""
    lines = [f"Threat model: {wrapper.threat_model_.explain()}."]
    if not wrapper.runs_:
        return "\n".join([*lines, "Nothing was measured: rows must be held out to learn about robust overfitting."])
    score = "robust accuracy" if hasattr(wrapper, "classes_") else "robust R2"
    parts = _checked_first(findings), _overfitting(findings, next(iter(wrapper.runs_)), score), _what_was_done(wrapper)
    return "\n".join([*lines, *(line for part in parts for line in ("", *part))])


def _checked_first(found):
    """Return what to look at before the training is blamed."""
    lines = ["To be checked first:"]
    if found.held_out_was_given:
        lines.append("- Held-out rows were given: a loss below can also be due to a difference of the two tables.")
    else:
        lines.append("- Held-out rows were drawn from the training table, so they are like the other rows.")
    if found.duplicates > 0:
        lines.append(
            f"- {found.duplicates:.1%} of the rows are copies of others: where both sides of a split hold one, "
            "held-out rows look better than new ones would."
        )
    if not np.isnan(found.suspected_share):
        lines.append(
            f"- Labels: {found.suspected_share:.1%} of the held-out rows look mislabelled to a network that has not "
            "seen them (suspected_labels_). Some are usual where classes overlap."
        )
    verdict = "is too weak: raise n_steps first" if found.attack_too_weak else "is strong enough"
    lines.append(
        f"- The attack of the training {verdict}: on training rows a stronger one takes {found.attack_gap:.3f} more."
    )
    return lines


def _overfitting(found, strategy, score):
    gap = found.gap
    lines = [
        f"Robust overfitting ({strategy}): {'found' if gap.detected else 'not found'}.",
        f"From the best epoch to the last, held-out {score} falls by {gap.value:.3f} (90 % interval {gap.low:.3f} to "
        f"{gap.high:.3f}; found when the lower limit is above {RELEVANT_GAP}).",
    ]
    if found.onset_epoch is not None:
        lines.append(f"It begins at about epoch {found.onset_epoch:g}.")
    lines.append(
        f"With {found.n_held_out} held-out rows a true loss of {EXAMPLE_GAP} would be found with a probability of "
        f"{found.power:.0%}."
    )
    masking = f"Gradient masking: PGD alone overstates {score} by {found.masking_gap:.3f}"
    if found.masks_gradient:
        masking += f", more than {MAX_MASKING_GAP} beyond chance: do not trust figures of PGD"
    lines.append(f"{masking}.")
    return lines


def _what_was_done(wrapper):
    lines = []
    for name, curves in wrapper.runs_.items():
        kept = curves.kept
        robust, clean = (smoothed(curves.curve(which))[kept] for which in ("robust", "clean"))
        mark = " <- kept" if name == wrapper.strategy_ else ""
        lines.append(
            f"{name}: held-out robust {robust:.3f}, clean {clean:.3f} at epoch {curves.epochs[kept]:.0f}; "
            f"{curves.curve()[-1]:.3f}, {curves.curve('clean')[-1]:.3f} at the last; {curves.seconds:.1f} s{mark}"
        )
    lines.append(
        f"The network was trained for {wrapper.best_epoch_} epochs; the fit took {wrapper.fit_seconds_:.1f} s."
    )
    return lines
