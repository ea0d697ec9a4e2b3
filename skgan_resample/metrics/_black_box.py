"""Attacks on classifiers of any kind, by nothing but their predictions: a random search within a budget.

Weaker than an attack that follows the gradient: what it does not break may well be breakable.
"""

import numpy as np


def worst_rows(badness, codes, budget, *, factor, n_queries, rng):
    """Return the worst allowed rows that a random search finds, with `n_queries` for each row."""
    # As in the Square attack (Andriushchenko et al., arXiv:1912.00049), each proposal sets some columns of a row anew,
    # at first most of them and later one or two, mostly to the edge of the budget, and is kept if the row is worse.
    # `badness` maps moved codes and the positions of their rows to (n,), above 0 where the classifier is misled.
    # factor (n_samples, 1) is 0 for rows that are not attacked.
    worst = codes.copy()
    if budget.is_empty:
        return worst
    movable = np.flatnonzero(budget.movable)
    shares = np.zeros((len(codes), len(movable)))  # of the budget: -1 as far down, 1 as far up as is allowed
    n_categories = [block.n_categories for block in budget.blocks] if budget.switches else []
    switches = np.full((len(codes), len(n_categories)), -1)  # the category that is switched on, -1 for none
    found = badness(codes, np.arange(len(codes)))
    for query in range(n_queries):
        rows = np.flatnonzero((found <= 0) & (factor[:, 0] > 0))
        if not len(rows):
            break
        # The constants of the schedule and of the proposals are guesses.
        anew = max(0.8 * (1 - query / n_queries) ** 2, 1 / max(1, len(movable)))
        anew = 1.0 if query % 4 == 0 else anew  # now and then a point that owes nothing to those before it
        tried = _proposed_shares(shares[rows], anew, budget.norm, rng)
        switched = _proposed_switches(switches[rows], n_categories, budget.max_switches, rng)
        move = np.zeros((len(rows), codes.shape[1]))
        move[:, movable] = np.where(tried > 0, budget.right[movable], budget.left[movable]) * tried
        candidates = budget.place(codes[rows], move)
        for number in range(len(n_categories)):
            budget.blocks[number].switch(candidates, switched[:, number])
        now = badness(candidates, rows)
        better = now >= found[rows]  # on a plateau, as of trees, standing still would be the end
        kept = rows[better]
        worst[kept], found[kept] = candidates[better], now[better]
        shares[kept], switches[kept] = tried[better], switched[better]
    return worst


def _proposed_shares(shares, anew, norm, rng):
    """Return shares with about the part `anew` of the columns set anew, at least one a row."""
    n, width = shares.shape
    if not width:
        return shares
    chosen = rng.uniform(size=(n, width)) < anew
    chosen[np.arange(n), rng.randint(width, size=n)] = True  # at least one column a row
    edge = rng.choice([-1.0, 1.0], size=(n, width))  # attacks mostly succeed at the edge of a budget
    values = np.where(rng.uniform(size=(n, width)) < 0.75, edge, rng.uniform(-1, 1, size=(n, width)))
    tried = np.where(chosen, values, shares)
    if norm == "l2":
        tried /= np.maximum(np.linalg.norm(tried, axis=1, keepdims=True), 1e-12)
    return tried


def _proposed_switches(switches, n_categories, most, rng):
    """Return switches with one of each row set anew or taken back; no row has more than `most`."""
    if not n_categories:
        return switches
    switches, rows = switches.copy(), np.arange(len(switches))
    which = rng.randint(len(n_categories), size=len(rows))
    categories = rng.randint(np.array(n_categories)[which])
    switches[rows, which] = np.where(rng.uniform(size=len(rows)) < 0.2, -1, categories)
    too_many = (switches >= 0).sum(axis=1) > most
    switches[too_many] = -1
    switches[rows[too_many], which[too_many]] = categories[too_many]
    return switches
