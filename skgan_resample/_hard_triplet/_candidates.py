"""Candidates for new rows of a class, and the filter that they must pass.

There are three kinds: on stretched pairs, negatives pulled to a pair, and plain interpolation.
"""

from typing import NamedTuple

import numpy as np
from sklearn.neighbors import NearestNeighbors

from skgan_resample._neighbors import interpolate
from skgan_resample._sampling import drawn_equally
from skgan_resample._tables._origins import row_keys

KINDS = ("original", "hard positive", "hard negative", "fallback")
ORIGINAL, POSITIVE, NEGATIVE, FALLBACK = range(4)  # positions in `KINDS`

NEAR = 5  # rows of other classes that a negative is made for, and rows that judge a candidate
REACH = 1.5  # a new row lies within this many times the 95 % quantile of nearest distances in its class
SMALL_CLASS = 10  # rows; smaller ones borrow directions
MOST_PULL = 0.5  # of the way to the anchor: beyond the middle the label would flip


class Table(NamedTuple):
    """The real rows."""

    codes: np.ndarray  # (n, n_features)
    encoded: np.ndarray  # (n, width)
    labels: np.ndarray  # (n,)
    places: np.ndarray  # (n, n_components), embeddings


class Candidates(NamedTuple):
    """New rows, in codes, and how they came about; rows of the table are given by position."""

    codes: np.ndarray  # (n, n_features)
    kind: np.ndarray  # (n,), a position in `KINDS`
    seed: np.ndarray  # (n,), the row of its class that each began at
    partner: np.ndarray  # (n,), the other end of the line; for a negative the anchor that it was pulled towards
    positive: np.ndarray  # (n,), for a negative the row that makes a pair with the anchor; -1 for others
    donor: np.ndarray  # (n, 2), the two rows whose difference is a borrowed direction; -1 elsewhere
    # (n,): 0 at the seed, 1 at the partner (or at the seed moved by the borrowed difference), beyond where stretched
    position: np.ndarray

    def at(self, places):
        """Return some of them."""
        return Candidates(*(part[places] for part in self))


def join(parts):
    """Return several Candidates as one."""
    return Candidates(*(np.concatenate(values) for values in zip(*parts)))


def nearest_others(points, rows, k):
    """Return the k nearest other points of some points, shape (len(rows), k); a duplicate counts as another point."""
    found = NearestNeighbors(n_neighbors=k + 1).fit(points).kneighbors(points[rows], return_distance=False)
    itself = found == np.asarray(rows)[:, None]
    itself[~itself.any(axis=1), -1] = True  # a point with many duplicates may not be among its neighbours
    return found[~itself].reshape(len(rows), k)


class _Class:
    """The rows of one class, their near rows of the same class, and their way to the other classes."""

    def __init__(self, table, rows, k_neighbors):
        self.rows = rows
        self.k = min(k_neighbors, len(rows) - 1)
        self.breakpoints = 0.0, 0.0
        if self.k:
            neighbors = nearest_others(table.encoded[rows], np.arange(len(rows)), self.k)
            self.neighbors = rows[neighbors]
            distance = np.linalg.norm(table.places[rows][:, None] - table.places[self.neighbors], axis=2)
            self.breakpoints = tuple(np.quantile(distance, [0.5, 0.9]))

    def partners(self, members, rng):
        """Return a near row of the class for each of `members`, positions in `rows`; itself in a class of one row."""
        if not self.k:
            return self.rows[members]
        return self.neighbors[members, rng.randint(self.k, size=len(members))]


class Drawing:
    """Draws candidates for the classes of a table; what is known of a class is computed once."""

    def __init__(self, table, nominal, *, strength, threshold, k_neighbors, share_variation):
        self.table, self.nominal = table, nominal  # nominal (n_features,)
        # strength: share by which near pairs are stretched; threshold: of the reverse triplet loss
        self.strength, self.threshold = strength, threshold
        # share_variation: share of stretched lines that borrow their direction from other classes; all in a class of
        # one row. "auto": half of them in classes of fewer than 10 rows, none in others
        self.k_neighbors, self.share_variation = k_neighbors, share_variation
        self.members = [np.flatnonzero(table.labels == label) for label in range(table.labels.max() + 1)]
        self._classes, self._others = {}, {}

    def positives(self, label, n, rng):
        """Return `n` rows on the stretched lines through pairs of a class, drawn evenly from each line."""
        table, own = self.table, self._class(label)
        members = drawn_equally(len(own.rows), n, rng)
        seed, partner = own.rows[members], own.partners(members, rng)
        borrowed = rng.uniform(size=n) < self._borrowed_share(len(own.rows))
        donor = np.full((n, 2), -1)
        donor[borrowed] = self._borrowed(label, int(borrowed.sum()), rng)
        first, second = np.where(borrowed[:, None], donor, np.column_stack([seed, partner])).T  # (n,), (n,)
        distance = np.linalg.norm(table.places[first] - table.places[second], axis=1)
        clearance = self._clearance(label)
        shares = self._stretched(label, distance, clearance[np.column_stack([seed, np.where(borrowed, seed, partner)])])
        low, high = -shares[:, 0], 1 + shares[:, 1]
        # A borrowed line has a row at one end only, whose clearance caps both of its directions.
        most = clearance[seed[borrowed]] / 2 / np.maximum(distance[borrowed], np.finfo(float).tiny)
        low[borrowed], high[borrowed] = np.maximum(low[borrowed], -most), np.minimum(high[borrowed], most)
        u = rng.uniform(low, high)
        codes = interpolate(table.codes, first, second, u, self.nominal, rng, share=u)
        start = table.codes[seed[borrowed]]
        shift = np.where(self.nominal, 0.0, np.nan_to_num(codes[borrowed] - table.codes[first[borrowed]]))
        codes[borrowed] = start + shift
        return _candidates(codes, POSITIVE, seed, np.where(borrowed, seed, partner), u, donor=donor)

    def negatives(self, label, n, rng):
        """Return `n` rows of a class pulled towards stretched pairs of other classes, half-way at most."""
        table, own = self.table, self._class(label)
        members = drawn_equally(len(own.rows), n, rng)
        seed, near = own.rows[members], self._near_others(label)[0][members]
        anchor = near[np.arange(n), rng.randint(near.shape[1], size=n)]
        positive = np.empty(n, dtype=np.intp)
        for other in np.unique(table.labels[anchor]):
            mine = np.flatnonzero(table.labels[anchor] == other)
            theirs = self._class(other)
            positive[mine] = theirs.partners(np.searchsorted(theirs.rows, anchor[mine]), rng)
        place, far = self.stretched_places(anchor, positive)
        to_positive = np.linalg.norm(far - place, axis=1)
        to_negative = np.linalg.norm(table.places[seed] - place, axis=1)
        pull = 1 - (to_positive - self.threshold) / np.maximum(to_negative, np.finfo(float).tiny)
        u = rng.uniform(size=n) * np.where(pull > 0, np.minimum(pull, MOST_PULL), MOST_PULL)
        codes = interpolate(table.codes, seed, anchor, u, self.nominal, rng, share=u)
        return _candidates(codes, NEGATIVE, seed, anchor, u, positive=positive)

    def plain(self, label, n, rng):
        """Return `n` rows between pairs of a class, as SMOTE makes them; copies in a class of one row."""
        own = self._class(label)
        members = drawn_equally(len(own.rows), n, rng)
        seed, partner = own.rows[members], own.partners(members, rng)
        u = rng.uniform(size=n)
        codes = interpolate(self.table.codes, seed, partner, u, self.nominal, rng, share=u)
        return _candidates(codes, FALLBACK, seed, partner, u)

    def stretched_places(self, anchor, positive):
        """Return the embeddings of pairs of one class after they were stretched, two arrays (n, n_components)."""
        places, labels = self.table.places, self.table.labels
        way = places[positive] - places[anchor]
        distance, shares = np.linalg.norm(way, axis=1), np.empty((len(anchor), 2))
        for label in np.unique(labels[anchor]):
            mine = np.flatnonzero(labels[anchor] == label)
            clearance = self._clearance(label)
            ends = np.column_stack([anchor[mine], positive[mine]])
            shares[mine] = self._stretched(label, distance[mine], clearance[ends])
        return places[anchor] - shares[:, :1] * way, places[positive] + shares[:, 1:] * way

    def _borrowed_share(self, n_rows):
        if n_rows == 1:
            return 1.0
        if self.share_variation == "auto":
            return 0.5 if n_rows < SMALL_CLASS else 0.0
        return self.share_variation

    def _class(self, label):
        if label not in self._classes:
            self._classes[label] = _Class(self.table, self.members[label], self.k_neighbors)
        return self._classes[label]

    def _near_others(self, label):
        """Return near rows of other classes in the embedding, (n_members, k), and the distances to the nearest."""
        if label not in self._others:
            places = self.table.places
            others = np.flatnonzero(self.table.labels != label)
            finder = NearestNeighbors(n_neighbors=min(NEAR, len(others))).fit(places[others])
            distance, found = finder.kneighbors(places[self.members[label]])
            self._others[label] = others[found], distance[:, 0]
        return self._others[label]

    def _clearance(self, label):
        """Return the distance of each row of a class to the nearest row of another one; infinity for other rows."""
        # (n_samples,), so that positions in the table index it
        clearance = np.full(len(self.table.labels), np.inf)
        clearance[self.members[label]] = self._near_others(label)[1]
        return clearance

    def _stretched(self, label, distance, clearance):
        """Return by what share of its length each pair of a class grows at either end."""
        # distance (n,), clearance (n, 2) -> (n, 2)
        import torch

        from skgan_resample._nn.triplets import stretch_shares

        low, high = self._class(label).breakpoints
        return stretch_shares(torch.from_numpy(distance), low, high, self.strength, torch.from_numpy(clearance)).numpy()

    def _borrowed(self, label, n, rng):
        """Return `n` pairs of near rows of other classes, shape (n, 2); of any rows where no class has two of them."""
        donors = [other for other, rows in enumerate(self.members) if other != label and len(rows) > 1]
        if not donors:
            return rng.randint(len(self.table.labels), size=(n, 2))
        sizes = np.array([len(self.members[other]) for other in donors])
        chosen = rng.choice(donors, n, p=sizes / sizes.sum())
        pairs = np.empty((n, 2), dtype=np.intp)
        for other in np.unique(chosen):
            mine = np.flatnonzero(chosen == other)
            theirs = self._class(other)
            members = rng.randint(len(theirs.rows), size=len(mine))
            pairs[mine] = np.column_stack([theirs.rows[members], theirs.partners(members, rng)])
        return pairs


def _candidates(codes, kind, seed, partner, position, *, positive=None, donor=None):
    n = len(seed)
    positive = np.full(n, -1) if positive is None else positive
    donor = np.full((n, 2), -1) if donor is None else donor
    return Candidates(codes, np.full(n, kind), seed, partner, positive, donor, position)


class CandidateFilter:
    """What candidates of one class must pass."""

    def __init__(self, table, label, *, by_neighbors, by_classifier, refuse_copies):
        self.table, self.label = table, label
        # by_neighbors: a new row must lie near a real one of its class, be no copy of a real one, and have a row of
        # its class among the five nearest real rows unless its seed has none either
        # by_classifier: the classifier must find its class likelier than guessing would
        # refuse_copies: whether a new row must differ from every real one; not in tables in which rows repeat anyway
        self.by_neighbors, self.by_classifier, self.refuse_copies = by_neighbors, by_classifier, refuse_copies
        if not by_neighbors:
            return
        self._known = set(row_keys(table.codes)) if refuse_copies else set()
        rows = np.flatnonzero(table.labels == label)
        self._own = NearestNeighbors(n_neighbors=1).fit(table.encoded[rows])
        self._reach = np.inf
        different = np.unique(table.encoded[rows], axis=0)
        if len(different) > 1:
            distance, _ = NearestNeighbors(n_neighbors=2).fit(different).kneighbors(different)
            self._reach = REACH * np.quantile(distance[:, 1], 0.95)
        k = min(NEAR, len(table.labels) - 1)
        self._all = NearestNeighbors(n_neighbors=k).fit(table.encoded)
        self._is_alone = np.zeros(len(table.labels), dtype=bool)
        self._is_alone[rows] = (table.labels[nearest_others(table.encoded, rows, k)] != label).all(axis=1)

    def passes(self, candidates, encoded, probabilities):
        """Return which candidates pass, a mask."""
        # encoded (n, width), probabilities (n, n_classes)
        good = np.ones(len(encoded), dtype=bool)
        if self.by_classifier:
            good &= probabilities[:, self.label] >= 1 / probabilities.shape[1]
        if self.by_neighbors and len(encoded):
            distance = self._own.kneighbors(encoded)[0][:, 0]
            good &= distance <= self._reach
            if self.refuse_copies:
                good &= [key not in self._known for key in row_keys(candidates.codes)]
            labels = self.table.labels[self._all.kneighbors(encoded, return_distance=False)]
            good &= (labels == self.label).any(axis=1) | self._is_alone[candidates.seed]
        return good
