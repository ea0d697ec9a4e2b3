"""Statistics of comparisons: intervals over folds, Holm's correction, the one-standard-error rule, rows needed."""

import numpy as np
from scipy import stats

FEWEST_FOLDS = 4  # with fewer, a standard error over folds is a guess: no number of rows is derived from it
ALPHA = 0.05  # error rate of each family of tests
POWER = 0.8  # probability with which `rows_needed` rows would prove the effect


def simplest_within(scores, order, *, n_errors=1.0, ddof=1):
    """Return the first name in `order` whose mean score is within some standard errors of the best mean score.

    The one-standard-error rule of Breiman et al. (1984), for paired scores: the standard error is that of the mean
    difference between the best candidate's scores and those of the candidate.

    Parameters
    ----------
    scores : dict of name to ndarray of shape (n_scores,)
        Higher is better. The scores of all candidates belong to the same folds or rows; NaN is left out.
    order : list of names
        Candidates, the simplest one first.
    n_errors : float or dict of name to float, default=1.0
        How many standard errors a candidate may be behind the best.
    ddof : {0, 1}, default=1
        1 for few scores (folds), 0 for many (rows). The standard error of a single score is 0.
    """
    best = max(order, key=lambda name: nan_mean(scores[name]))
    for name in order:
        lag = scores[best] - scores[name]
        lag = lag[~np.isnan(lag)]
        allowed = n_errors[name] if isinstance(n_errors, dict) else n_errors
        error = allowed * lag.std(ddof=ddof) / np.sqrt(len(lag)) if len(lag) > 1 else 0.0
        if lag.mean() <= error:
            return name
    return best


def nan_mean(values):
    """Return the mean without NaN (such as a fold without rare test rows), NaN if nothing is left."""
    values = values[~np.isnan(values)]
    return float(values.mean()) if values.size else np.nan


def rows_needed(n_rows, effect, half_width, n_folds, n_tests):
    """Return how many rows would prove an effect of the size seen with a probability of 80 %, or None.

    Standard errors are taken to shrink with the root of the rows. None if that is no more rows than there are, or if
    folds are so few that their standard error is a guess.
    """
    if not np.isfinite(half_width) or effect <= 0 or n_folds < FEWEST_FOLDS:
        return None
    error = half_width / stats.t.ppf(0.975, n_folds - 1)
    reach = stats.norm.ppf(1 - ALPHA / 2 / max(1, n_tests)) + stats.norm.ppf(POWER)
    needed = n_rows * (reach * error / effect) ** 2
    return int(np.ceil(needed / 10) * 10) if n_rows < needed < 1e7 else None


def corrected_interval(differences, test_share, *, n_rows=None, level=0.95):
    """Return mean, interval and two-sided p-value of differences between methods on resampled folds.

    Parameters
    ----------
    differences : array-like of shape (n_folds,)
        NaN (a fold without rare test rows) is left out.
    test_share : float
        Test rows per training row of a fold, which corrects for training sets that overlap (Nadeau & Bengio, 2003).
    n_rows : int, default=None
        Of measures that count rows: how many were counted. A difference d comes from at least |d| n of n rows, so
        its standard error is not below sqrt((|d| - d^2) / n), however well a few folds agree; one such row is assumed
        where there is none.

    Returns
    -------
    mean, low, high, p : float
        Infinite interval and p = 1 for fewer than two folds, and, without `n_rows`, for folds that agree in a
        difference: nothing then says how far others would be. An interval has no width where all differences are 0.
    """
    differences = np.asarray(differences, dtype=float)
    differences = differences[np.isfinite(differences)]
    n_folds = len(differences)
    if n_folds < 2:
        return (float(differences.mean()) if n_folds else np.nan), -np.inf, np.inf, 1.0
    mean = float(differences.mean())
    error = float(np.sqrt((1 / n_folds + test_share) * differences.var(ddof=1)))
    if n_rows is not None:
        error = max(error, float(np.sqrt(max(0.0, max(abs(mean), 1 / n_rows) - mean**2) / n_rows)))
    elif folds_agree(differences):
        return (mean, -np.inf, np.inf, 1.0) if mean else (0.0, 0.0, 0.0, 1.0)
    if error == 0:  # right on all rows against wrong on all of them
        return mean, mean, mean, 0.0
    reach = float(stats.t.ppf(0.5 + level / 2, n_folds - 1)) * error
    return mean, mean - reach, mean + reach, float(2 * stats.t.sf(abs(mean) / error, n_folds - 1))


def folds_agree(differences):
    """Whether differences are equal but for rounding."""
    return bool(np.ptp(differences) <= 1e-12 * np.abs(differences).max())


def holm(p_values):
    """Return p-values adjusted for their number (Holm, 1979), in the order given."""
    p_values = np.asarray(p_values, dtype=float)
    order = np.argsort(p_values)
    adjusted = np.empty(len(p_values))
    # the smallest p-value is multiplied by the number of tests, the next one by one less, and so on
    adjusted[order] = np.minimum(1, np.maximum.accumulate(p_values[order] * np.arange(len(p_values), 0, -1)))
    return adjusted.tolist()
