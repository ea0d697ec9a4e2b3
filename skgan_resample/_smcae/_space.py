"""The space in which rows are moved: tables as vectors of one scale, and moved vectors as valid rows again."""

from dataclasses import dataclass, replace

import numpy as np

from skgan_resample._tables._columns import columns_named
from skgan_resample._tables._containers import reader_of
from skgan_resample._tables._encoder import TableEncoder
from skgan_resample._tables._targets import read_classes, read_target

MIN_POOLED_SHARE = (
    0.25  # a column is divided by at least this share of its spread over real and synthetic rows together
)


MIN_MASS = 0.2  # a value that holds this share of a real column attracts as many moved cells
MIN_MASS_ROWS = 20  # real rows of a class from which its shares are believed
MAX_LEVELS = 50  # a nominal column of more levels, such as a name, is never changed


@dataclass
class Sample:
    """Rows of one domain.

    Parameters
    ----------
    codes : ndarray of shape (n_samples, n_features)
        As `TableEncoder` reads them, without gaps that the real columns do not have.
    vectors : ndarray of shape (n_samples, width)
        The same rows encoded, with the target as the last column where it moves along.
    membership : ndarray of shape (n_samples, n_classes)
        Share of each class in each row: one-hot where the class is known; a column of ones where there are no classes.
    target : ndarray of shape (n_samples,) or None
        Numbers of the classes, or the continuous target; None where it is unknown.
    """

    codes: np.ndarray
    vectors: np.ndarray
    membership: np.ndarray
    target: np.ndarray | None

    def __len__(self):
        return len(self.vectors)

    def __getitem__(self, rows):
        target = None if self.target is None else self.target[rows]
        return Sample(self.codes[rows], self.vectors[rows], self.membership[rows], target)

    def at(self, vectors):
        """Return the same rows at other places."""
        return replace(self, vectors=vectors)

    @property
    def classes(self):
        """Number of the most likely class of each row."""
        return self.membership.argmax(axis=1)


class Space:
    """Encode real and synthetic tables by the schema of the real one, and bring moved vectors back as valid rows.

    Parameters
    ----------
    categorical_features : "auto", None or array-like
        As in `TableEncoder`.
    keep : list of names or positions, or None
        Columns that are never changed.
    snap : bool
        Whether moved values go to the grid and into the range of the real column.
    role : {"classes", "moves", "stays", None}
        What the target is: classes; a column that moves along with its row; a continuous one that does not, and serves
        probes alone; nothing.

    Attributes
    ----------
    encoder_ : TableEncoder
        Schema of the real table.
    classes_ : ndarray or None
        Labels of the classes.
    target_encoder_ : TableEncoder or None
        Schema of the target where it moves along.
    width_, n_features_ : int
        Columns of a vector, and how many of them are features.
    n_classes_ : int
        One where there are no classes.
    """

    def __init__(self, *, categorical_features="auto", keep=None, snap=True, role=None):
        self.categorical_features = categorical_features
        self.keep = keep
        self.snap = snap
        self.role = role

    def fit(self, X, y, X_synthetic, y_synthetic):
        """Learn schema and scale from the real rows; return real and synthetic rows as `Sample`."""
        self.encoder_ = TableEncoder(categorical_features=self.categorical_features)
        codes = self.encoder_.fit_to_codes(X)
        columns = self.encoder_.columns_
        self.names_ = _frame_names(X)
        self.kept_ = columns_named("keep", self.keep, [column.name for column in columns])
        self.fillings_ = _fillings(codes, columns)
        names = [j for j, column in enumerate(columns) if column.n_categories > MAX_LEVELS]
        self.kept_ = np.union1d(self.kept_, names).astype(np.intp)
        self.used_ = np.ones(self.encoder_.width_, dtype=bool)
        for j in self.kept_:
            self.used_[columns[j].encoded] = False
        self.classes_ = self.target_encoder_ = None
        if self.role == "classes":
            self.classes_ = _shared_labels(y, y_synthetic)
        elif self.role == "moves":
            self.target_encoder_ = TableEncoder(categorical_features=None).fit(y)
        self.n_classes_ = 1 if self.classes_ is None else len(self.classes_)
        self.n_features_ = int(self.used_.sum())
        self.width_ = self.n_features_ + (self.role == "moves")
        self.factor_ = np.ones(self.width_)
        real, synthetic = self._sample(codes, self.numbers(y)), self.read(X_synthetic, y_synthetic)
        self.factor_ = _damping(real.vectors, synthetic.vectors)
        return [sample.at(sample.vectors * self.factor_) for sample in (real, synthetic)]

    def read(self, X, y=None, membership=None):
        """Return a table, with its target or the shares of classes that it is thought to have, as a `Sample`."""
        names = _frame_names(X)
        if None not in (names, self.names_) and names != self.names_:
            raise ValueError(f"The columns of the real rows are {self.names_}, those of the synthetic rows {names}.")
        codes = self.encoder_.to_codes(X, "the synthetic rows").copy()
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
        return Sample(codes, vectors * self.factor_, membership, target)

    # ------------------------------------------------------------------------------------------ back to rows
    def landed(self, sample, vectors, masses=()):
        """Return a sample moved to other vectors, as the valid rows that are nearest to these.

        Cells whose vectors did not change keep their value, but for snapping; cells that are missing stay so, and no
        other becomes missing.

        Parameters
        ----------
        sample : Sample
        vectors : ndarray of shape (n_samples, width_)
        masses : list of (column, class, value, radius)
            As `masses` finds them.
        """
        codes, moved = self._decoded(sample, vectors)
        for j, number, value, radius in masses:
            near = moved[:, j] & (sample.classes == number) & (np.abs(codes[:, j] - value) <= radius)
            codes[near, j] = value
        if self.snap:
            codes = self.encoder_.snap(codes)
        else:
            whole = self.encoder_.nominal_ | self.encoder_.holds_integers
            codes[:, whole] = np.round(codes[:, whole])
        codes[:, self.kept_] = sample.codes[:, self.kept_]
        target = sample.target
        if self.role == "moves":
            brought = self.target_encoder_.decode_codes(vectors[:, -1:] / self.factor_[-1])
            brought = self.target_encoder_.snap(brought)[:, 0] if self.snap else brought[:, 0]
            target = np.where(vectors[:, -1] == sample.vectors[:, -1], target, brought)
        return self._sample(codes, target, sample.membership)

    def masses(self, sample, vectors, real):
        """Return which values attract moved cells, and from how far, so that they hold the share that real ones do.

        Zeros of a column such as rainfall would otherwise become small numbers. Columns of few values have no need of
        it, since they are snapped; others only for a value that a fifth of the real cells of the class hold.

        Returns
        -------
        masses : list of (column, class, value, radius)
        """
        codes, moved = self._decoded(sample, vectors)
        found = []
        for j, column in enumerate(self.encoder_.columns_):
            if not len(column.mass_points) or not moved[:, j].any():
                continue
            for number in range(self.n_classes_):
                cells = real.codes[(real.classes == number) & ~np.isnan(real.codes[:, j]), j]
                mine = codes[(sample.classes == number) & ~np.isnan(codes[:, j]), j]
                if len(cells) < MIN_MASS_ROWS or not len(mine):
                    continue
                shares = np.array([(cells == value).mean() for value in column.mass_points])
                if shares.max() >= MIN_MASS:
                    value = column.mass_points[shares.argmax()]
                    found.append((j, number, value, _radius(np.abs(mine - value), shares.max())))
        return found

    def _decoded(self, sample, vectors):
        """Return vectors as codes that are not valid yet, and which cells did move, bool of the same shape."""
        encoded = self.encoder_.encode_codes(sample.codes)
        encoded[:, self.used_] = vectors[:, : self.n_features_] / self.factor_[: self.n_features_]
        places = np.full(self.encoder_.width_, -1)
        places[self.used_] = np.arange(self.n_features_)
        for column in self.encoder_.columns_:
            if column.has_missing:
                encoded[:, column.encoded.stop - 1] = -np.inf  # the indicator must not win
        codes = self.encoder_.decode_codes(encoded)
        moved = np.zeros(codes.shape, dtype=bool)
        for j, column in enumerate(self.encoder_.columns_):
            own = places[column.encoded]
            own = own[own >= 0]
            moved[:, j] = (vectors[:, own] != sample.vectors[:, own]).any(axis=1) & ~np.isnan(sample.codes[:, j])
        return np.where(moved, codes, sample.codes), moved


def _radius(distances, share):
    """Return the distance within which a share of the distances lie; more, where many are equal."""
    n_within = int(share * len(distances))
    return float(np.sort(distances)[n_within - 1]) if n_within else 0.0


def _frame_names(X):
    """Return the names of the columns of a frame; None for what has no names."""
    return reader_of(X).names if hasattr(X, "columns") or hasattr(X, "column_names") else None


def _shared_labels(y, y_synthetic):
    """Return the sorted labels of both sides; refuse sides that have none in common."""
    sides = [np.asarray(labels).ravel() for labels in (y, y_synthetic)]
    kinds = [{type(label) for label in side.tolist()} for side in sides]
    if not set(sides[0].tolist()) & set(sides[1].tolist()):
        raise ValueError(
            f"Real and synthetic rows share no label: y holds {_some_labels(sides[0])} and y_synthetic "
            f"{_some_labels(sides[1])}."
        )
    if len(kinds[0] | kinds[1]) > 1 and str in kinds[0] | kinds[1]:
        raise ValueError(f"The target mixes text and other values, such as {_some_labels(np.concatenate(sides))}.")
    return np.unique(np.concatenate(sides))


def _some_labels(labels):
    return ", ".join(repr(label) for label in list(dict.fromkeys(labels.tolist()))[:4])


def _damping(real, synthetic):
    """Return what multiplies standardised columns, so that one which hardly varies among the real rows, but does among
    the synthetic ones, is not blown up."""
    spread = real.std(axis=0)
    pooled = np.sqrt((spread**2 + synthetic.var(axis=0)) / 2)
    return np.where(spread > 0, spread / np.maximum(np.maximum(spread, MIN_POOLED_SHARE * pooled), 1e-300), 1.0)


def _fillings(codes, columns):
    """Return what stands for a missing cell in columns without missing cells: the median or the most frequent level."""
    fillings = {}
    for j, column in enumerate(columns):
        if column.is_nominal and not column.has_missing:
            values, counts = np.unique(codes[:, j], return_counts=True)
            fillings[j] = values[counts.argmax()]
        elif not column.has_missing:
            fillings[j] = np.sort(codes[:, j])[(len(codes) - 1) // 2]  # the median, but always a value that occurs
    return fillings
