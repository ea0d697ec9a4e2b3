"""Decision thresholds for classes, and the measures that they are tuned for."""

import numpy as np

TUNED = ("f1", "g_mean", "balanced_accuracy")  # measures of decisions, which depend on a threshold
MEASURES = {  # what is compared, by `scoring`
    "average_precision": "average_precision",
    **{name: f"{name}_tuned" for name in TUNED},
    "brier": "brier_corrected",
}
ALPHAS = np.linspace(0, 1.5, 31)  # exponents of the prior that are tried with more than two classes


# ------------------------------------------------------------------------------------------------ measures, thresholds
def brier_score(truth, probabilities, positive=None):
    """Return the mean squared error of probabilities: of the positive class, or summed over classes without one."""
    errors = (np.arange(probabilities.shape[1]) == truth[:, None]) - probabilities
    return float(np.mean(errors[:, positive] ** 2 if positive is not None else (errors**2).sum(axis=1)))


def decision_scores(truth, called, judged, positive=None):
    """Return F1, the geometric mean of recalls and balanced accuracy of decisions."""
    # truth, called (n_samples,)
    size = 1 + max(truth.max(), called.max(), judged.max())
    counts = np.bincount(truth * size + called, minlength=size * size).reshape(size, size)
    hits, actual, claimed = counts.diagonal(), counts.sum(axis=1), counts.sum(axis=0)
    recalls = hits[judged] / actual[judged]
    f1 = 2 * hits[judged] / (actual[judged] + claimed[judged])
    return {
        "f1": float(f1.mean() if positive is None else f1[np.searchsorted(judged, positive)]),
        "g_mean": float(recalls.prod() ** (1 / len(recalls))),
        "balanced_accuracy": float(recalls.mean()),
    }


def decide(probabilities, cut, prior, positive=None):
    """Return the codes of the classes called with a threshold, or with an exponent of the prior; see `evaluate`."""
    if positive is None:
        return (probabilities / prior**cut).argmax(axis=1)
    return np.where(probabilities[:, positive] >= cut, positive, 1 - positive)


def best_cuts(parts):
    """Return what is best on the pooled rows of inner folds, by measure: a threshold, or an exponent of the prior."""
    truth = np.concatenate([part.truth for part in parts])
    judged = np.unique(np.concatenate([part.judged for part in parts]))
    positive = parts[0].positive
    if positive is not None:
        if len(judged) < 2:
            return dict.fromkeys(TUNED, 0.5)
        return best_thresholds(truth == positive, np.concatenate([part.probabilities[:, positive] for part in parts]))
    if not len(judged):
        return dict.fromkeys(TUNED, 0.0)
    found = []
    for alpha in ALPHAS:
        found.append(decision_scores(truth, np.concatenate([part.decide(alpha) for part in parts]), judged))
    return {name: float(ALPHAS[np.argmax([scores[name] for scores in found])]) for name in TUNED}


def best_thresholds(is_positive, probabilities):
    """Return the thresholds of highest F1, geometric mean of recalls and balanced accuracy, by measure."""
    # is_positive (n_samples,), probabilities (n_samples,)
    values, where = np.unique(probabilities, return_inverse=True)
    called = np.bincount(where)[::-1].cumsum()[::-1]  # rows at a value and above it
    hits = np.bincount(where, is_positive)[::-1].cumsum()[::-1]
    n_positive = np.count_nonzero(is_positive)
    n_negative = len(is_positive) - n_positive
    recall, specificity = hits / n_positive, 1 - (called - hits) / n_negative
    found = {
        "f1": 2 * hits / (called + n_positive),
        "g_mean": np.sqrt(recall * specificity),
        "balanced_accuracy": (recall + specificity) / 2,
    }
    middle = (values[1:] + values[:-1]) / 2
    thresholds = np.concatenate([[0.0], np.where(middle > values[:-1], middle, values[1:])])
    distance = np.abs(thresholds - 0.5)
    return {
        name: float(thresholds[np.where(scores > scores.max() - 1e-12, distance, np.inf).argmin()])
        for name, scores in found.items()
    }


def prior_corrected(probabilities, trained, real):
    """Return probabilities for other shares of the classes than those that were trained on."""
    # probabilities (n_samples, n_classes), trained, real (n_classes,) -> (n_samples, n_classes)
    factors = np.divide(real, trained, out=np.ones(len(real)), where=trained > 0)
    corrected = probabilities * factors
    totals = corrected.sum(axis=1, keepdims=True)
    return np.divide(corrected, totals, out=probabilities.astype(corrected.dtype), where=totals > 0)
