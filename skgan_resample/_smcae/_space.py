"""The space in which rows are moved: tables as vectors of one scale, and moved vectors as valid rows again."""

from dataclasses import dataclass, replace

import numpy as np

from skgan_resample._tables._columns import columns_named
from skgan_resample._tables._containers import FrameReader, reader_of
from skgan_resample._tables._encoder import TableEncoder
from skgan_resample._tables._targets import read_classes, read_target

MIN_POOLED_SHARE = 0.25  # of its spread over real and synthetic rows together: a column is divided by no less
MIN_MASS = 0.2  # a value that holds this share of a real column attracts as many moved cells
MIN_MASS_ROWS = 20  # real rows of a class from which its shares are trusted
MAX_CATEGORIES = 50  # a nominal column of more categories, such as a name, is never changed


@dataclass
class Sample:
    """Rows of one domain."""

    codes: np.ndarray  # (n_samples, n_features), ordinal-encoded; nothing is missing where real columns are complete
    vectors: np.ndarray  # (n_samples, width), encoded; the target is the last column where it moves along
    membership: np.ndarray  # (n_samples, n_classes), share of each class in each row; ones where there are no classes
    target: np.ndarray | None  # (n_samples,), numbers of classes or the continuous target; None where it is unknown

    def __len__(self):
        return len(self.vectors)

    def __getitem__(self, rows):
        target = None if self.target is None else self.target[rows]
        return Sample(self.codes[rows], self.vectors[rows], self.membership[rows], target)

    def with_vectors(self, vectors):
        """Return the same rows with other vectors."""
        return replace(self, vectors=vectors)

    @property
    def classes(self):
        """Number of the most likely class of each row."""
        return self.membership.argmax(axis=1)


class Space:
    """Encode real and synthetic tables by the schema of the real one, and bring moved vectors back as valid rows."""

    def __init__(self, *, categorical_features="auto", keep=None, snap=True, role=None):
        self.categorical_features = categorical_features
        self.keep = keep
        self.snap = snap
        # "classes"; "moves", a column that moves along with its row; "stays", a continuous target that serves the
        # models of the selection alone; or None
        self.role = role

    def fit(self, X, y, X_synthetic, y_synthetic):
        """Learn schema and scale from the real rows; return real and synthetic rows as `Sample`.

        Tables may be given as their readers, here and in `read`, so that nobody opens them twice.
        """
        reader = reader_of(X)
        self.encoder_ = TableEncoder(categorical_features=self.categorical_features)  # schema of the real table
        codes = self.encoder_.fit_to_codes(reader)
        columns = self.encoder_.columns_
        self.names_ = _frame_names(reader)
        self.fillings_ = _fillings(codes, columns)
        kept = columns_named("keep", self.keep, reader.names)
        identifiers = [j for j, column in enumerate(columns) if column.n_categories > MAX_CATEGORIES]
        self.kept_ = np.union1d(kept, identifiers).astype(np.intp)  # positions of the columns that are never changed
        self.used_ = np.ones(self.encoder_.width_, dtype=bool)
        for j in self.kept_:
            self.used_[columns[j].encoded] = False
        # classes_: labels of the classes
        # target_encoder_: schema of the target where it moves along
        self.classes_ = self.target_encoder_ = None
        if self.role == "classes":
            self.classes_ = _shared_labels(y, y_synthetic)
        elif self.role == "moves":
            self.target_encoder_ = TableEncoder(categorical_features=None).fit(y)
        self.n_classes_ = 1 if self.classes_ is None else len(self.classes_)  # one where there are no classes
        self.n_features_ = int(self.used_.sum())
        # a target that moves along is one more column of the vectors
        self.width_ = self.n_features_ + (self.role == "moves")
        self.column_weights_ = np.ones(self.width_)
        real, synthetic = self._sample(codes, self.numbers(y)), self.read(X_synthetic, y_synthetic)
        self.column_weights_ = _column_weights(real.vectors, synthetic.vectors)
        return [sample.with_vectors(sample.vectors * self.column_weights_) for sample in (real, synthetic)]

    def read(self, X, y=None, membership=None):
        """Return a table, with its target or the shares of classes that it is thought to have, as a `Sample`."""
        reader = reader_of(X)
        names = _frame_names(reader)
        if None not in (names, self.names_) and names != self.names_:
            raise ValueError(f"The columns of the real rows are {self.names_}, those of the synthetic rows {names}.")
        codes = self.encoder_.to_codes(reader, "the synthetic rows").copy()
        for j, filling in self.fillings_.items():
            codes[np.isnan(codes[:, j]), j] = filling
        return self._sample(codes, self.numbers(y), membership)

    def numbers(self, y):
        """Return a target as numbers: those of the classes, or the target itself; None where there is none."""
        if y is None or self.role is None:
            return None
        if self.classes_ is None:
            return read_target(y)
        labels = read_classes(y)
        numbers = np.searchsorted(self.classes_, labels).clip(max=len(self.classes_) - 1)
        unknown = self.classes_[numbers] != labels
        if unknown.any():
            label = labels[unknown].tolist()[0]
            raise ValueError(f"The label {label!r} did not occur in fit, only {self.classes_.tolist()}.")
        return numbers

    def _sample(self, codes, target, membership=None):
        vectors = self.encoder_.encode_codes(codes)[:, self.used_]
        if self.role == "moves":
            vectors = np.column_stack([vectors, self.target_encoder_.encode_codes(target[:, None])])
        if self.classes_ is None:
            membership = np.ones((len(codes), 1))
        elif membership is None:
            membership = np.eye(self.n_classes_)[target]
        return Sample(codes, vectors * self.column_weights_, membership, target)

    # ------------------------------------------------------------------------------------------ back to rows
    def valid_rows(self, sample, vectors, point_masses=(), *, like=None):
        """Return a sample moved to other vectors, as the valid rows that are nearest to these; see `valid_codes`."""
        codes, target = self.valid_codes(sample, vectors, point_masses, like=like)
        return self._sample(codes, target, sample.membership)

    def valid_codes(self, sample, vectors, point_masses=(), *, like=None):
        """Return codes, (n_samples, n_features), and target of the valid rows that are nearest to moved vectors.

        Cells whose vectors did not change keep their value, but for snapping; cells that are missing stay so, and no
        other becomes missing. Point masses are those given, or those of the real rows `like`.
        """
        codes, moved = self._decoded(sample, vectors)
        if like is not None:
            point_masses = self._point_masses(sample, codes, moved, like)
        for j, number, value, radius in point_masses:
            near = moved[:, j] & (sample.classes == number) & (np.abs(codes[:, j] - value) <= radius)
            codes[near, j] = value
        if self.snap:
            codes = self.encoder_.snap(codes)
        else:
            whole = self.encoder_.nominal_ | self.encoder_.holds_integers
            codes[:, whole] = np.round(codes[:, whole])
        codes[:, self.kept_] = sample.codes[:, self.kept_]
        if self.role != "moves":
            return codes, sample.target
        decoded = self.target_encoder_.decode_codes(vectors[:, -1:] / self.column_weights_[-1])
        decoded = self.target_encoder_.snap(decoded)[:, 0] if self.snap else decoded[:, 0]
        return codes, np.where(vectors[:, -1] == sample.vectors[:, -1], sample.target, decoded)

    def point_masses(self, sample, vectors, real):
        """Return which values attract moved cells, and from how far, so that they hold the share that real ones do.

        Zeros of a column such as rainfall would otherwise become small numbers. Columns of few values have no need of
        it, since they are snapped; others only for a value that a fifth of the real cells of the class hold.
        """
        return self._point_masses(sample, *self._decoded(sample, vectors), real)

    def _point_masses(self, sample, codes, moved, real):
        """Return what `point_masses` does, from moved vectors decoded already."""
        found = []
        for j, column in enumerate(self.encoder_.columns_):
            if not len(column.mass_points) or not moved[:, j].any():
                continue
            for number in range(self.n_classes_):
                real_cells = real.codes[(real.classes == number) & ~np.isnan(real.codes[:, j]), j]
                cells = codes[(sample.classes == number) & ~np.isnan(codes[:, j]), j]
                if len(real_cells) < MIN_MASS_ROWS or not len(cells):
                    continue
                shares = np.array([(real_cells == value).mean() for value in column.mass_points])
                if shares.max() >= MIN_MASS:
                    value = column.mass_points[shares.argmax()]
                    found.append((j, number, value, _radius(np.abs(cells - value), shares.max())))
        return found

    def _decoded(self, sample, vectors):
        """Return vectors as codes that are not valid yet, and which cells did move; both (n_samples, n_features)."""
        encoded = np.zeros((len(vectors), self.encoder_.width_))  # columns that are not used do not move
        encoded[:, self.used_] = vectors[:, : self.n_features_] / self.column_weights_[: self.n_features_]
        for column in self.encoder_.columns_:
            if column.has_missing:
                encoded[:, column.encoded.stop - 1] = -np.inf  # the indicator of missing cells must not win
        codes = self.encoder_.decode_codes(encoded)
        position = np.full(self.encoder_.width_, -1)  # of an encoded column among those of the vectors
        position[self.used_] = np.arange(self.n_features_)
        moved = np.zeros(codes.shape, dtype=bool)
        for j, column in enumerate(self.encoder_.columns_):
            own = position[column.encoded]
            own = own[own >= 0]
            moved[:, j] = (vectors[:, own] != sample.vectors[:, own]).any(axis=1) & ~np.isnan(sample.codes[:, j])
        return np.where(moved, codes, sample.codes), moved


# ------------------------------------------------------------------------------------------------ learned in fit
def _radius(distances, share):
    """Return the distance within which a share of the distances lie; more, where many are equal."""
    n_within = int(share * len(distances))
    return float(np.sort(distances)[n_within - 1]) if n_within else 0.0


def _frame_names(reader):
    """Return the names of the columns of a frame; None for what has no names."""
    return reader.names if isinstance(reader, FrameReader) else None


def _shared_labels(y, y_synthetic):
    """Return the sorted labels of both sides; refuse sides that have none in common."""
    sides = [np.asarray(labels).ravel() for labels in (y, y_synthetic)]
    types = {type(label) for side in sides for label in side.tolist()}
    if not set(sides[0].tolist()) & set(sides[1].tolist()):
        raise ValueError(
            f"Real and synthetic rows share no label: y holds {_some_labels(sides[0])} and y_synthetic "
            f"{_some_labels(sides[1])}."
        )
    if len(types) > 1 and str in types:
        raise ValueError(f"The target mixes text and other values, such as {_some_labels(np.concatenate(sides))}.")
    return np.unique(np.concatenate(sides))


def _some_labels(labels):
    return ", ".join(repr(label) for label in list(dict.fromkeys(labels.tolist()))[:4])


def _column_weights(real, synthetic):
    """Return what multiplies standardised columns, (width,): less than 1 for a column that varies far less among the
    real rows than among the synthetic ones, so that it does not outweigh all others."""
    spread = real.std(axis=0)
    pooled = np.sqrt((spread**2 + synthetic.var(axis=0)) / 2)
    return np.where(spread > 0, spread / np.maximum(np.maximum(spread, MIN_POOLED_SHARE * pooled), 1e-300), 1.0)


def _fillings(codes, columns):
    """Return by position what replaces a missing cell in complete columns: the median or the most frequent category."""
    fillings = {}
    for j, column in enumerate(columns):
        if column.is_nominal and not column.has_missing:
            values, counts = np.unique(codes[:, j], return_counts=True)
            fillings[j] = values[counts.argmax()]
        elif not column.has_missing:
            fillings[j] = np.sort(codes[:, j])[(len(codes) - 1) // 2]  # the median, but always a value that occurs
    return fillings
