"""Attacks on classifiers of any kind, by nothing but their predictions: a random search within a threat model.

Weaker than an attack that follows the gradient: what it does not break may well be breakable.
"""

import numpy as np


def worst_rows(badness, codes, threat, *, factor, n_queries, rng):
    """Return the worst allowed rows that a random search finds.

    As in the Square attack (Andriushchenko et al., arXiv:1912.00049), each proposal sets some columns of a row anew, at
    first most of them and later one or two, mostly to the edge of what is allowed, and is kept if the row is worse.

    Parameters
    ----------
    badness : callable ``(codes, rows) -> (n,)``
        How wrong the classifier is about moved codes of the rows `rows` (positions); above 0 it is misled.
    codes : ndarray of shape (n_samples, n_features)
    threat : ThreatModel
        Fitted.
    factor : ndarray of shape (n_samples, 1)
        0 for rows that are not attacked.
    n_queries : int
        Predictions for each row.
    rng : numpy.random.RandomState

    Returns
    -------
    worst : ndarray of shape (n_samples, n_features)
    """
    worst = codes.copy()
    movable = np.flatnonzero((threat.left_ > 0) | (threat.right_ > 0))
    heads = _Heads(threat, codes)
    if not len(movable) and not heads.count:
        return worst
    moves = np.zeros((len(codes), len(movable)))  # in budgets: -1 as far down, 1 as far up as may be
    switches = np.full((len(codes), heads.count), -1)
    found = badness(codes, np.arange(len(codes)))
    for query in range(n_queries):
        rows = np.flatnonzero((found <= 0) & (factor[:, 0] > 0))
        if not len(rows):
            break
        share = max(0.8 * (1 - query / n_queries) ** 2, 1 / max(1, len(movable)))
        share = 1.0 if query % 4 == 0 else share  # now and then a point that owes nothing to those before it
        tried = _proposed(moves[rows], share, threat.norm, rng)
        switched = heads.proposed(switches[rows], rng)
        candidates = heads.applied(_moved(codes[rows], tried, movable, threat), switched)
        now = badness(candidates, rows)
        better = now >= found[rows]  # on a plateau, as of trees, standing still would be the end
        kept = rows[better]
        worst[kept], found[kept] = candidates[better], now[better]
        moves[kept], switches[kept] = tried[better], switched[better]
    return worst


def _proposed(moves, share, norm, rng):
    """Return moves with about `share` of the columns set anew, at least one a row."""
    n, width = moves.shape
    if not width:
        return moves
    chosen = rng.uniform(size=(n, width)) < share
    chosen[np.arange(n), rng.randint(width, size=n)] = True
    edge = rng.choice([-1.0, 1.0], size=(n, width))
    values = np.where(rng.uniform(size=(n, width)) < 0.75, edge, rng.uniform(-1, 1, size=(n, width)))
    tried = np.where(chosen, values, moves)
    if norm == "l2":
        tried /= np.maximum(np.linalg.norm(tried, axis=1, keepdims=True), 1e-12)
    return tried


def _moved(codes, moves, movable, threat):
    """Return codes moved by so many budgets, whole steps and bounds respected."""
    old = codes[:, movable]
    left, right = threat.left_[movable], threat.right_[movable]
    move = np.where(moves > 0, right, left) * moves
    move = np.where(threat.integer_[movable], np.trunc(move + 1e-9 * np.sign(move)), move)
    low, high = np.fmin(threat.low_[movable], old), np.fmax(threat.high_[movable], old)
    moved = codes.copy()
    moved[:, movable] = np.where(np.isnan(old), old, np.clip(old + move, low, high))
    return moved


class _Heads:
    """Columns of levels, and groups of columns, that may be switched, as one list of choices."""

    def __init__(self, threat, codes):
        self.most = threat.max_categorical_changes
        nominal = np.flatnonzero(threat.switchable_) if self.most else []
        self.columns = [np.array([j]) for j in nominal] + (list(threat.groups_) if self.most else [])
        self.n_categories = [threat._encoder.columns_[j].n_categories for j in nominal]
        self.n_categories += [len(group) for group in self.columns[len(nominal) :]]
        self.is_group = [False] * len(nominal) + [True] * (len(self.columns) - len(nominal))
        self.count = len(self.columns)

    def proposed(self, switches, rng):
        """Return switches with one of each row set anew or taken back; -1 is "as it was"."""
        if not self.count:
            return switches
        switches, rows = switches.copy(), np.arange(len(switches))
        which = rng.randint(self.count, size=len(rows))
        levels = rng.randint(np.array(self.n_categories)[which])
        switches[rows, which] = np.where(rng.uniform(size=len(rows)) < 0.2, -1, levels)
        too_many = (switches >= 0).sum(axis=1) > self.most
        switches[too_many] = -1
        switches[rows[too_many], which[too_many]] = levels[too_many]
        return switches

    def applied(self, codes, switches):
        """Return codes with these switches; a missing level, or a row without exactly one, stays."""
        for number, columns in enumerate(self.columns):
            level = switches[:, number]
            if self.is_group[number]:
                has_one = ((codes[:, columns] == 1).sum(axis=1) == 1) & (codes[:, columns] == 0).any(axis=1)
                rows = np.flatnonzero((level >= 0) & has_one)
                codes[np.ix_(rows, columns)] = 0.0
                codes[rows, columns[level[rows]]] = 1.0
            else:
                rows = np.flatnonzero((level >= 0) & ~np.isnan(codes[:, columns[0]]))
                codes[rows, columns[0]] = level[rows]
        return codes
