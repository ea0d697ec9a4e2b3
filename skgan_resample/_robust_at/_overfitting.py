"""What held-out rows say about a training: robust overfitting with its uncertainty, and what to look at first."""

from dataclasses import dataclass

import numpy as np
from scipy import stats

from skgan_resample._robust_at._training import best_position, smoothed

RELEVANT_GAP = 0.01  # a smaller loss of robust accuracy is not called overfitting
CONFIDENCE = 0.95
EXAMPLE_GAP = 0.05  # the gap whose chance of being found is printed
MAX_MASKING_GAP = 0.03
MAX_ATTACK_GAP = 0.1


@dataclass(frozen=True)
class Gap:
    """How much robust accuracy is lost between the best epoch and the last one.

    Parameters
    ----------
    value : float
    low, high : float
        Limits of the two-sided 90 % interval; `low` is the one-sided 95 % limit.
    error : float
        Standard error.
    weights : float
        Sum of the squared weights of the rows, which add up to 1.
    detected : bool
        Whether `low` is above `RELEVANT_GAP`.
    """

    value: float
    low: float
    high: float
    error: float
    weights: float
    detected: bool

    def power(self, true_gap=EXAMPLE_GAP):
        """Return the chance of detecting a true gap of this size with so many rows.

        The error is the one seen, but no less than what such a gap brings with it: rows that are lost, one by one.
        """
        error = max(self.error, np.sqrt((true_gap - true_gap**2) * self.weights))
        return float(stats.norm.cdf((true_gap - RELEVANT_GAP) / error - stats.norm.ppf(CONFIDENCE)))


def robust_gap(curves, rng):
    """Return the gap between best and last epoch, chosen on some rows and measured on others.

    The best epoch of the rows of a fold is the one that the rows of all other folds prefer: the best of many epochs on
    the same rows would look better than it is, on any curve that only wobbles. A single fold is cut into halves.

    Parameters
    ----------
    curves : Curves
    rng : numpy.random.RandomState
        For the halves.

    Returns
    -------
    gap : Gap
    """
    best = best_by_others(curves, rng)
    rows = np.arange(len(best))
    difference = curves.robust[best, rows] - curves.robust[-1]
    weight = curves.weight / curves.weight.sum()
    value = float(weight @ difference)
    error = np.sqrt((weight**2) @ (difference - value) ** 2)
    # That no row differs does not prove that none can: the interval is never shorter than for a single row that does.
    step = np.abs(np.diff(curves.robust[-2:], axis=0)).max() if not _is_binary(curves.robust) else 1.0
    error = float(max(error, weight.max() * step))
    reach = stats.norm.ppf(CONFIDENCE) * error
    return Gap(value, value - reach, value + reach, error, float(weight @ weight), bool(value - reach > RELEVANT_GAP))


def _is_binary(values):
    return bool(np.isin(values, (0.0, 1.0)).all())


def best_by_others(curves, rng):
    """Return, for each held-out row, the best evaluation in the eyes of the rows of all other folds."""
    part = curves.fold
    if len(np.unique(part)) == 1:
        part = rng.permutation(np.arange(len(part)) % 2)
    best = np.full(len(part), len(curves.epochs) - 1)
    for number in np.unique(part):
        inside = part == number
        if not inside.all() and curves.weight[~inside].sum() > 0:
            best[inside] = best_position(curves.curve(rows=~inside))
    return best


def cross_fitted(curves, which, stops, rng):
    """Return the mean of "clean" or "robust" at the epoch that is kept, without the luck of having chosen it.

    The best of many epochs looks better than it is. So the rows of a fold are judged at the epoch that the other folds
    prefer (`stops`), or all of them at the last.
    """
    values = getattr(curves, which)
    chosen = best_by_others(curves, rng) if stops else np.full(values.shape[1], -1)
    return float(values[chosen, np.arange(values.shape[1])] @ curves.weight / curves.weight.sum())


def onset(curves):
    """Return the epoch after which the smoothed curve stays more than a standard error below its top, or None."""
    curve = smoothed(curves.curve())
    top = int(np.argmax(curve[1:])) + 1 if len(curve) > 1 else 0
    weight = curves.weight / curves.weight.sum()
    for look in range(top, len(curve) - 1):
        below = curve[top] - curve[look + 1 :]
        difference = curves.robust[top] - curves.robust[look + 1 :]
        error = np.sqrt(((difference - (difference @ weight)[:, None]) ** 2) @ weight**2)
        if (below > error).all():
            return float(curves.epochs[look + 1])
    return None


def mean_difference(first, second, confidence=CONFIDENCE):
    """Return the mean of a paired difference and its one-sided lower limit."""
    difference = first - second
    value = float(difference.mean())
    error = float(difference.std() / np.sqrt(len(difference)))
    return value, value - stats.norm.ppf(confidence) * error


def suspected_labels(probabilities, y):
    """Return which rows look mislabelled to a model that has not seen them.

    A row is suspected if some other class is at least as probable as it is on average for rows of that class, and more
    probable than its own (confident learning, arXiv:1911.00068).

    Parameters
    ----------
    probabilities : ndarray of shape (n_samples, n_classes)
        Out of fold.
    y : ndarray of int, shape (n_samples,)

    Returns
    -------
    suspected : ndarray of bool, shape (n_samples,)
    """
    n_classes = probabilities.shape[1]
    usual = np.array([probabilities[y == k, k].mean() if (y == k).any() else np.inf for k in range(n_classes)])
    confident = np.where(probabilities >= usual, probabilities, -1.0)
    chosen = confident.argmax(axis=1)
    own = probabilities[np.arange(len(y)), y]
    return (confident.max(axis=1) > 0) & (chosen != y) & (confident.max(axis=1) > own)


def telling_apart(train, validation, rng, max_rows=2000):
    """Return how well a classifier tells training rows from validation rows, as the area under the ROC curve.

    Parameters
    ----------
    train, validation : ndarray of shape (n, width)
        Encoded rows.

    Returns
    -------
    auc : float
        Out of fold; 0.5 means not at all.
    error : float
        Its standard error if there is nothing to tell.
    """
    from sklearn.ensemble import ExtraTreesClassifier
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import StratifiedKFold, cross_val_predict

    parts = [rows[rng.permutation(len(rows))[:max_rows]] for rows in (train, validation)]
    is_train = np.repeat([1, 0], [len(part) for part in parts])
    n_splits = min(5, len(parts[0]), len(parts[1]))
    if n_splits < 2:
        return 0.5, np.inf
    trees = ExtraTreesClassifier(100, min_samples_leaf=3, class_weight="balanced", random_state=rng.randint(2**31 - 1))
    folds = StratifiedKFold(n_splits, shuffle=True, random_state=rng.randint(2**31 - 1))
    scores = cross_val_predict(trees, np.vstack(parts), is_train, cv=folds, method="predict_proba")[:, 1]
    a, b = len(parts[0]), len(parts[1])
    return float(roc_auc_score(is_train, scores)), float(np.sqrt((a + b + 1) / (12 * a * b)))


# ------------------------------------------------------------------------------------------------ in words
def report(wrapper):
    """Return what the fit of a `RobustATWrapper` found, a line for each thing."""
    lines = [f"Threat model: {wrapper.threat_model_.explain()}."]
    if not wrapper.runs_:
        return "\n".join([*lines, "Nothing was measured: fit with validation to learn about robust overfitting."])
    return "\n".join([*lines, "", *_first_things(wrapper), "", *_overfitting(wrapper), "", *_what_was_done(wrapper)])


def _first_things(wrapper):
    """Return what to look at before the training is blamed."""
    found = wrapper._diagnosis
    lines = ["First of all:"]
    if np.isnan(found["auc"]):
        lines.append("- Held-out rows were drawn from the training table, so they are like the other rows.")
    else:
        differs = found["auc"] > 0.5 + 2 * found["auc_error"]
        lines.append(
            f"- Validation rows {'differ from' if differs else 'look like'} training rows: a classifier tells them "
            f"apart with an area under the curve of {found['auc']:.2f} (0.5: not at all)."
        )
        if differs:
            lines.append("  The gap below is then also a gap between the two tables.")
    if found["duplicates"] > 0:
        lines.append(
            f"- {found['duplicates']:.1%} of the rows are copies of others: where both sides of a split hold one, "
            "held-out rows look better than new ones would."
        )
    if not np.isnan(found["suspected_labels"]):
        lines.append(
            f"- Labels: {found['suspected_labels']:.1%} of the held-out rows look mislabelled to a network that has "
            "not seen them (suspected_labels_). Some are usual where classes overlap."
        )
    verdict = "is too weak: raise attack_steps first" if wrapper.attack_too_weak_ else "is strong enough"
    lines.append(
        f"- The attack of the training {verdict}: on training rows a stronger one takes {wrapper.attack_gap_:.3f} more."
    )
    return lines


def _overfitting(wrapper):
    low, high = wrapper.ro_gap_interval_
    noun = "robust accuracy" if hasattr(wrapper, "classes_") else "robust R2"
    lines = [
        f"Robust overfitting ({next(iter(wrapper.runs_))}): {'found' if wrapper.ro_detected_ else 'not found'}.",
        f"From the best epoch to the last, held-out {noun} falls by {wrapper.ro_gap_:.3f} (90 % interval {low:.3f} to "
        f"{high:.3f}; found when the lower limit is above {RELEVANT_GAP}).",
    ]
    if wrapper.ro_onset_epoch_ is not None:
        lines.append(f"It begins at about epoch {wrapper.ro_onset_epoch_:g}.")
    lines.append(
        f"With {wrapper._diagnosis['n_held_out']} held-out rows a true gap of {EXAMPLE_GAP} would be found with a "
        f"probability of {wrapper.ro_power_:.0%}."
    )
    masked = f", more than {MAX_MASKING_GAP} beyond chance: do not trust figures of PGD." if wrapper._masks else "."
    lines.append(f"Gradient masking: PGD alone overstates {noun} by {wrapper.masking_gap_:.3f}{masked}")
    return lines


def _what_was_done(wrapper):
    lines = []
    for name, curves in wrapper.runs_.items():
        look = curves.kept
        robust, clean = (smoothed(curves.curve(which))[look] for which in ("robust", "clean"))
        mark = " <- kept" if name == wrapper.strategy_ else ""
        lines.append(
            f"{name}: held-out robust {robust:.3f}, clean {clean:.3f} at epoch {curves.epochs[look]:.0f}; "
            f"{curves.curve()[-1]:.3f}, {curves.curve('clean')[-1]:.3f} at the last; {curves.seconds:.1f} s{mark}"
        )
    lines.append(
        f"The network was trained for {wrapper.best_epoch_} epochs; the fit took {wrapper.fit_seconds_:.1f} s."
    )
    return lines
