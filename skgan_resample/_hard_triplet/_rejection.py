"""Rejection sampling: candidates for the new rows of a class are drawn until enough of them pass the filter."""

from collections.abc import Callable
from dataclasses import dataclass, field
from math import ceil

import numpy as np

from skgan_resample._hard_triplet._candidates import POSITIVE, CandidateFilter, Drawing, join
from skgan_resample._hard_triplet._training import encoded_rows
from skgan_resample._tables._encoder import TableEncoder
from skgan_resample.exceptions import warn

POOL = 8  # candidates for each row wanted
MAX_ROUNDS = 10  # of drawing candidates before the fallback
FEW_CANDIDATES = 64  # are drawn at least


@dataclass
class RejectionSampler:
    """Draws candidates for classes, probable ones more often, and keeps those that pass the filter."""

    drawing: Drawing
    encoder: TableEncoder
    classes: np.ndarray  # (n_classes,)
    probabilities: Callable  # of the classes, by the classifier: (n, width) -> (n, n_classes)
    # By kind of candidate, POSITIVE or NEGATIVE: a function of float32 inputs; empty for straight lines
    generators: dict
    max_rounds: int  # 0 where no classifier was trained: all rows are the fallback's then
    # Parameters of HardTripletSampler
    filter: str | Callable | None
    fallback: str
    positive_fraction: float
    confidence_power: float
    acceptance_rate: dict = field(default_factory=dict)  # by class

    def draw(self, amounts, rng):
        """Return Candidates, as many of each class as the dict `amounts` says, and the confidence in each."""
        parts = [(self.drawing.plain(0, 0, rng), np.empty(0))]
        for label, name in enumerate(self.classes.tolist()):
            if amounts.get(name, 0):
                parts.append(self._draw_class(label, name, amounts[name], rng))
        candidates, confidence = zip(*parts)
        return join(candidates), np.concatenate(confidence)

    def _draw_class(self, label, name, n_new, rng):
        """Return Candidates of one class that pass the filter, and the confidence in each."""
        passes = self._make_filter(label)
        if len(self.drawing.members[label]) == 1:
            warn(f"Class {name!r} has one row: how its rows vary is borrowed from other classes.")
        found, confidence, n_seen, n_passed, missing = [], [], 0, 0, n_new
        for _ in range(self.max_rounds):
            size = max(FEW_CANDIDATES, POOL * missing)
            pool, encoded, probabilities = self._candidates(label, size, rng)
            of_class = probabilities[:, label]  # (size,)
            # Gumbel top-k (Kool et al., ICML 2019): log weights plus Gumbel noise, sorted, are a weighted draw without
            # replacement; a weight is probability ** confidence_power.
            log_weights = self.confidence_power * np.log(np.maximum(of_class, np.finfo(float).tiny))
            order = np.argsort(-(log_weights + rng.gumbel(size=size)), kind="stable")
            # In blocks of about twice the rows missing, so that the filter seldom sees the whole pool.
            for block in np.array_split(order, ceil(size / (2 * missing))):
                good = block[passes(pool.at(block), encoded[block], probabilities[block])]
                n_seen, n_passed = n_seen + len(block), n_passed + len(good)
                good = good[:missing]
                found.append(pool.at(good))
                confidence.append(of_class[good])
                missing -= len(good)
                if not missing:
                    break
            if not missing:
                break
        self.acceptance_rate[name] = n_passed / max(n_seen, 1)
        if missing:
            rest = self._fall_back(label, name, missing, rng)
            found.append(rest)
            confidence.append(self.probabilities(encoded_rows(self.encoder, rest.codes))[:, label])
        return join(found), np.concatenate(confidence)

    def _candidates(self, label, size, rng):
        """Return Candidates as valid rows, the rows encoded, and the probabilities of their classes."""
        n_positive = round(size * self.positive_fraction)
        parts = [self.drawing.positives(label, n_positive, rng), self.drawing.negatives(label, size - n_positive, rng)]
        if self.generators:
            parts = [self._generated(part, rng) for part in parts]
        pool = join(parts)
        pool = pool._replace(codes=self.encoder.snap(pool.codes))
        encoded = encoded_rows(self.encoder, pool.codes)
        return pool, encoded, self.probabilities(encoded)

    def _generated(self, candidates, rng):
        """Return candidates with what the generators add to the straight line."""
        if not len(candidates.kind):
            return candidates
        table, n_classes, kind = self.drawing.table, len(self.classes), candidates.kind[0]
        seed, generator = candidates.seed, self.generators[kind]
        labels = table.labels[seed]
        member = np.eye(n_classes)[labels]  # (n, n_classes), one-hot
        u = candidates.position[:, None]
        if kind == POSITIVE:
            start, end = table.places[seed], table.places[candidates.partner]
            made, at_start, at_end = (
                generator(np.hstack([place, member]).astype(np.float32))
                for place in (start + u * (end - start), start, end)
            )
            # What the generator adds is 0 at both ends of the line, where rows are known.
            line = table.encoded[seed] * (1 - u) + table.encoded[candidates.partner] * u
            encoded = line + made - (1 - u) * at_start - u * at_end
        else:
            pair = self.drawing.stretched_places(candidates.partner, candidates.positive)
            step = np.tanh(generator(np.hstack([*pair, table.places[seed], member]).astype(np.float32)))
            ranges = _interquartile_ranges(table, n_classes)[labels]  # (n, width)
            encoded = table.encoded[seed] + rng.uniform(size=u.shape) * ranges * step
            candidates = candidates._replace(position=np.full(len(u), np.nan))
        codes = self.encoder.decode_codes(encoded[:, : self.encoder.width_], rng)
        stays = np.isnan(codes) | np.isnan(candidates.codes)  # what is missing is decided by the parents
        stays |= candidates.donor[:, :1] >= 0  # the only rows of their classes: there is no pair to bend
        return candidates._replace(codes=np.where(stays, candidates.codes, codes))

    def _make_filter(self, label):
        """Return the function ``(candidates, encoded, probabilities) -> mask`` of one class."""
        if callable(self.filter):
            return lambda candidates, *_: self._user_mask(candidates, label)
        parts = (self.filter or "").split("+")
        has_measurements = any(
            not column.is_nominal and column.grid is None and column.kind != "constant"
            for column in self.encoder.columns_
        )
        return CandidateFilter(
            self.drawing.table,
            label,
            by_neighbors="knn" in parts,
            by_classifier="classifier" in parts,
            refuse_copies=has_measurements,
        ).passes

    def _user_mask(self, candidates, label):
        """Return the mask of the user's filter, checked."""
        mask = np.asarray(self.filter(self.encoder.from_codes(candidates.codes), self.classes[label]))
        wanted = candidates.kind.shape
        if mask.dtype != bool or mask.shape != wanted:
            raise ValueError(
                f"filter must return a mask, booleans of shape {wanted}; got {mask.dtype} of {mask.shape}."
            )
        return mask

    def _fall_back(self, label, name, n_missing, rng):
        """Return what stands for candidates that did not pass."""
        if self.fallback == "raise":
            raise ValueError(
                f"For class {name!r} {n_missing} of the rows wanted did not pass the filter; "
                'loosen `filter`, or give fallback="interpolate" or "fewer".'
            )
        plain = self.drawing.plain(label, n_missing if self.fallback == "interpolate" else 0, rng)
        if self.fallback == "fewer":
            warn(f"Class {name!r} got {n_missing} rows fewer than asked for: no more candidates passed the filter.")
        return plain._replace(codes=self.encoder.snap(plain.codes))


def _interquartile_ranges(table, n_classes):
    """Return the interquartile range of each encoded column within each class, (n_classes, width)."""
    return np.array(
        [
            np.subtract(*np.quantile(table.encoded[table.labels == label], [0.75, 0.25], axis=0))
            for label in range(n_classes)
        ]
    )
