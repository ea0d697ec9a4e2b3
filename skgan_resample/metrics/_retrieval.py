"""How well an embedding keeps classes together: retrieval scores, triplets, clusters, and the hardness of rows.

Distances are computed in blocks of rows: memory grows with the rows, time with their square. Where rows are tied, a
score is its expected value over all their orders, so that it does not depend on the order of the table.
"""

from dataclasses import dataclass, field
from numbers import Integral

import numpy as np
from scipy.spatial.distance import cdist
from scipy.special import gammaln
from sklearn.cluster import KMeans
from sklearn.metrics import normalized_mutual_info_score, pairwise_distances
from sklearn.utils import check_array, check_consistent_length

from skgan_resample._neighbors import row_blocks, smallest_of_rows
from skgan_resample._tables._containers import table_reader
from skgan_resample._tables._encoder import TableEncoder
from skgan_resample._tables._targets import read_classes

KINDS = ("safe", "borderline", "rare", "outlier")


def recall_at_k(embedding, y, k=1, *, gallery=None, gallery_y=None, metric="euclidean", average="micro"):
    """Share of rows with at least one row of their class among the k nearest others.

    Parameters
    ----------
    embedding : array-like of shape (n_samples, n_components)
        The rows that search, in the space whose distances are judged.
    y : array-like of shape (n_samples,)
        Their classes: numbers or strings.
    k : int or sequence of int, default=1
        How many of the nearest rows count, from 1 to the number of rows that can be found.
    gallery : array-like of shape (n_gallery, n_components), default=None
        The rows that are found. None: the others of `embedding`; a row does not find itself, but its duplicates.
    gallery_y : array-like of shape (n_gallery,), default=None
        Classes of `gallery`; required with it.
    metric : str or callable, default="euclidean"
        As in `sklearn.metrics.pairwise_distances`.
    average : {"micro", "macro"}, default="micro"
        "micro" is the mean over rows, "macro" the mean over classes of their means.

    Returns
    -------
    recall : float, or dict of int to float
        In [0, 1]. A dict with one entry for each k where `k` is a sequence.

    Raises
    ------
    ValueError
        When the input is not finite or of different lengths, `k` is too large, or no class has a row to find.

    See Also
    --------
    map_at_r : Judges the order of all rows of the class.

    Notes
    -----
    Rows whose class has nothing to find, such as the only row of a class, are left out. Where rows are tied for the
    last of the k places, the score is the probability of success if these places are drawn among them.

    References
    ----------
    .. [1] H. Jegou, M. Douze, C. Schmid, "Product quantization for nearest neighbor search", IEEE Transactions on
       Pattern Analysis and Machine Intelligence 33(1):117-128, 2011.

    Examples
    --------
    >>> from skgan_resample.metrics import recall_at_k
    >>> embedding = [[0.0], [1.0], [3.0], [7.0], [12.0]]
    >>> recall_at_k(embedding, ["a", "a", "b", "b", "b"])
    0.8
    >>> recall_at_k(embedding, ["a", "a", "b", "b", "b"], k=[1, 2])
    {1: 0.8, 2: 0.8}
    >>> recall_at_k([[0.0], [5.0]], ["a", "b"], gallery=embedding, gallery_y=["a", "a", "b", "b", "b"])
    1.0
    """
    search = _Search(embedding, y, gallery, gallery_y, metric, average)
    many = not isinstance(k, Integral)
    sizes = [_check_k(size, search.n_others) for size in (k if many else [k])]
    if not sizes:
        raise ValueError("k must be an int or a sequence with at least one.")
    recall = np.zeros((len(sizes), len(search.codes)))
    for rows, distances, same in search.blocks(search.rows):
        _, nearest = smallest_of_rows(distances, max(sizes))
        for i, size in enumerate(sizes):
            hits, places, n_tied, tied_hits = _count(distances, same, nearest[:, size - 1], size)
            recall[i, rows] = np.where(hits > 0, 1.0, 1.0 - _miss_probability(places, n_tied, tied_hits))
    means = [search.mean(scores) for scores in recall]
    return dict(zip(sizes, means)) if many else means[0]


def map_at_r(embedding, y, *, gallery=None, gallery_y=None, metric="euclidean", average="micro"):
    """Mean average precision at R [1]_: whether the nearest rows are of the class, the very nearest above all.

    For a row whose class has R other rows, the score is the sum over those places i from 1 to R that hold a row of the
    class of the precision among the i nearest rows, divided by R.

    Parameters
    ----------
    embedding, y : array-like of shape (n_samples, n_components) and (n_samples,)
        As in `recall_at_k`.
    gallery, gallery_y : array-like of shape (n_gallery, n_components) and (n_gallery,), default=None
        As in `recall_at_k`. R is then the number of rows of the class in the gallery.
    metric : str or callable, default="euclidean"
        As in `sklearn.metrics.pairwise_distances`.
    average : {"micro", "macro"}, default="micro"
        As in `recall_at_k`; "micro" is that of [1]_.

    Returns
    -------
    score : float
        In [0, 1]; 1 when the R nearest rows are those of the class, for every row.

    Raises
    ------
    ValueError
        As in `recall_at_k`.

    Notes
    -----
    Rows whose class has nothing to find are left out. Rows at equal distance contribute the mean over their orders, by
    the formula of [2]_.

    References
    ----------
    .. [1] K. Musgrave, S. Belongie, S.-N. Lim, "A metric learning reality check", ECCV 2020, arXiv:2003.08505.
    .. [2] F. McSherry, M. Najork, "Computing information retrieval performance measures efficiently in the presence of
       tied scores", ECIR 2008.

    Examples
    --------
    >>> from skgan_resample.metrics import map_at_r
    >>> map_at_r([[0.0], [1.0], [3.0], [7.0], [12.0]], ["a", "b", "a", "a", "b"])
    0.2
    >>> map_at_r([[0.0], [1.0], [3.0], [7.0], [12.0]], ["a", "a", "b", "b", "b"])
    0.8
    """
    search = _Search(embedding, y, gallery, gallery_y, metric, average)
    score = np.zeros(len(search.codes))
    for code in np.unique(search.codes[search.rows]):
        members = np.flatnonzero(search.codes == code)
        for rows, distances, same in search.blocks(members):
            score[rows] = _average_precision(distances, same, search.n_matches[code])
    return search.mean(score)


def triplet_accuracy(embedding, triplets=None):
    """Share of triplets whose anchor is nearer to the positive than to the negative row.

    Parameters
    ----------
    embedding : array-like of shape (n_samples, n_components) or (n_triplets, 3, n_components)
        Embedded rows that `triplets` points into; or, without `triplets`, the embedded rows of each triplet.
    triplets : array-like of int, shape (n_triplets, 3), default=None
        Positions of anchor, positive and negative in `embedding`.

    Returns
    -------
    accuracy : float
        In [0, 1]. A tie counts one half, so an embedding that puts all rows on one point scores 0.5, as guessing does.

    Raises
    ------
    ValueError
        When there is no triplet, a position is out of range, or the embedding is not finite.

    Examples
    --------
    >>> from skgan_resample.metrics import triplet_accuracy
    >>> triplet_accuracy([[0.0], [1.0], [3.0], [6.0]], [[0, 1, 2], [2, 3, 1], [2, 0, 3]])
    0.5
    >>> triplet_accuracy([[[0.0], [1.0], [3.0]]])
    1.0
    """
    if triplets is None:
        parts = check_array(embedding, dtype=np.float64, allow_nd=True, input_name="embedding")
        if parts.ndim != 3 or parts.shape[1] != 3:
            raise ValueError(
                "Without triplets, the embedding must be of shape (n_triplets, 3, n_components); "
                f"got shape {parts.shape}."
            )
        anchor, positive, negative = parts.transpose(1, 0, 2)
    else:
        embedding = check_array(embedding, dtype=np.float64, input_name="embedding")
        triplets = np.asarray(triplets)
        if triplets.ndim != 2 or triplets.shape[1] != 3 or not len(triplets) or triplets.dtype.kind not in "iu":
            raise ValueError(
                "triplets must be integers of shape (n_triplets, 3), at least one; "
                f"got {triplets.dtype} of shape {triplets.shape}."
            )
        if triplets.min() < 0 or triplets.max() >= len(embedding):
            raise ValueError(
                f"triplets must be positions from 0 to {len(embedding) - 1}; got {triplets.min()} to {triplets.max()}."
            )
        anchor, positive, negative = (embedding[places] for places in triplets.T)
    to_positive = ((anchor - positive) ** 2).sum(axis=1)
    to_negative = ((anchor - negative) ** 2).sum(axis=1)
    return float(np.mean((to_positive < to_negative) + 0.5 * (to_positive == to_negative)))


@dataclass(frozen=True, eq=False)
class HardnessProfile:
    """What `hardness_profile` found.

    Parameters
    ----------
    hardness : ndarray of shape (n_samples,)
        Share of the nearest other rows that are of another class, in [0, 1].
    kind : ndarray of str, shape (n_samples,)
        "safe", "borderline", "rare" or "outlier".
    summary : dict
        By class a dict: "n_rows", mean "hardness", and the share of its rows that is "safe", "borderline", "rare" and
        "outlier". ``pandas.DataFrame(profile.summary).T`` is a table of it.

    Examples
    --------
    >>> from skgan_resample.metrics import hardness_profile
    >>> profile = hardness_profile([[0], [1], [2], [10], [11], [12]], list("aaabbb"), k_neighbors=2)
    >>> profile.kind.tolist(), profile.summary["b"]["hardness"]
    (['safe', 'safe', 'safe', 'safe', 'safe', 'safe'], 0.0)
    """

    hardness: np.ndarray = field(repr=False)
    kind: np.ndarray = field(repr=False)
    summary: dict


def hardness_profile(X, y, *, k_neighbors=5, categorical_features="auto"):
    """Measure for each row how many of its nearest others are of another class, and name the kind of row that it is.

    The share is the k-disagreeing-neighbours measure of instance hardness [1]_. The kinds are those of [2]_: with
    5 neighbours, a row is safe with 4 or 5 of its own class, borderline with 2 or 3, rare with 1 and an outlier with
    none.

    Parameters
    ----------
    X : table of shape (n_samples, n_features)
        Numbers are scaled to a standard deviation of 1, nominal columns are one-hot encoded. No cell may be missing.
    y : array-like of shape (n_samples,)
        Classes: numbers or strings.
    k_neighbors : int, default=5
        How many of the nearest other rows are compared, at most n_samples - 1. The kinds go by the share of the own
        class: safe above 0.7, borderline above 0.3, rare above 0.1, else outlier.
    categorical_features : "auto", None, or array-like of names, positions or a mask of bool, default="auto"
        Which columns are nominal; "auto" takes booleans, strings, categories and objects.

    Returns
    -------
    profile : HardnessProfile
        ``hardness`` and ``kind`` of each row, and a ``summary`` by class.

    Raises
    ------
    ValueError
        When a cell or a class is missing, lengths differ, or `k_neighbors` is too large.

    References
    ----------
    .. [1] M. R. Smith, T. Martinez, C. Giraud-Carrier, "An instance level analysis of data complexity", Machine
       Learning 95:225-256, 2014.
    .. [2] K. Napierala, J. Stefanowski, "Types of minority class examples and their influence on learning classifiers
       from imbalanced data", Journal of Intelligent Information Systems 46:563-597, 2016.

    Examples
    --------
    >>> from skgan_resample.metrics import hardness_profile
    >>> X = [[0], [1], [2], [3], [4], [5], [6], [2.6], [20]]
    >>> y = ["common"] * 7 + ["rare"] * 2
    >>> profile = hardness_profile(X, y)
    >>> profile.kind.tolist()
    ['safe', 'safe', 'safe', 'safe', 'safe', 'safe', 'safe', 'outlier', 'rare']
    >>> profile.summary["rare"]
    {'n_rows': 2, 'hardness': 0.9, 'safe': 0.0, 'borderline': 0.0, 'rare': 0.5, 'outlier': 0.5}
    """
    reader = table_reader(X)
    encoder = TableEncoder(categorical_features=categorical_features).fit(reader)
    for column in encoder.columns_:
        if column.has_missing:
            raise ValueError(f"Column {column.name!r} contains missing cells (NaN); impute them, by SimpleImputer say.")
    encoded = encoder.encode(reader)
    y = read_classes(y, "y")
    check_consistent_length(encoded, y)
    k = _check_k(k_neighbors, len(encoded) - 1, "k_neighbors")
    classes, codes = np.unique(y, return_inverse=True)
    own = np.empty(len(codes))
    for rows, distances in _distance_blocks(encoded, None, np.arange(len(codes)), "euclidean"):
        same = codes[rows][:, None] == codes
        _, nearest = smallest_of_rows(distances, k)
        hits, places, n_tied, tied_hits = _count(distances, same, nearest[:, -1], k)
        own[rows] = (hits + places * tied_hits / n_tied) / k
    kind = np.array(KINDS)[np.select([own > 0.7, own > 0.3, own > 0.1], [0, 1, 2], 3)]
    hardness = 1 - own
    summary = {}
    for code, label in enumerate(classes.tolist()):
        members = codes == code
        shares = {name: float(np.mean(kind[members] == name)) for name in KINDS}
        summary[label] = {"n_rows": int(members.sum()), "hardness": float(hardness[members].mean()), **shares}
    return HardnessProfile(hardness, kind, summary)


def clustering_nmi(embedding, y, *, n_init=10, random_state=None):
    """Normalized mutual information of the classes and of as many clusters found by k-means.

    Parameters
    ----------
    embedding : array-like of shape (n_samples, n_components)
        The embedded rows.
    y : array-like of shape (n_samples,)
        Classes, at least two: numbers or strings.
    n_init : int, default=10
        Starts of k-means, of which the best is taken.
    random_state : int, RandomState instance or None, default=None
        Seed of k-means.

    Returns
    -------
    nmi : float
        In [0, 1]; 1 when clusters and classes are the same. It is not adjusted for chance: with many classes of few
        rows it is high for any embedding.

    Examples
    --------
    >>> from skgan_resample.metrics import clustering_nmi
    >>> clustering_nmi([[0.0], [1.0], [8.0], [9.0]], ["a", "a", "b", "b"], random_state=0)
    1.0
    """
    embedding, y = check_array(embedding, dtype=np.float64, input_name="embedding"), read_classes(y, "y")
    check_consistent_length(embedding, y)
    n_classes = len(np.unique(y))
    if n_classes < 2:
        raise ValueError("clustering_nmi needs at least two classes; y has one.")
    clusters = KMeans(n_classes, n_init=n_init, random_state=random_state).fit_predict(embedding)
    return float(normalized_mutual_info_score(y, clusters))


# ------------------------------------------------------------------------------------------------ searching
class _Search:
    """Rows that search and rows that are found, checked."""

    def __init__(self, embedding, y, gallery, gallery_y, metric, average):
        if average not in ("micro", "macro"):
            raise ValueError(f"average must be 'micro' or 'macro'; got {average!r}.")
        if (gallery is None) != (gallery_y is None):
            raise ValueError("gallery and gallery_y must be given together.")
        self.metric, self.average = metric, average
        self.queries, self.gallery = check_array(embedding, dtype=np.float64, input_name="embedding"), gallery
        labels = read_classes(y, "y")
        check_consistent_length(self.queries, labels)
        n_queries = len(labels)
        if gallery is not None:
            self.gallery = check_array(gallery, dtype=np.float64, input_name="gallery")
            gallery_labels = read_classes(gallery_y, "gallery_y")
            check_consistent_length(self.gallery, gallery_labels)
            if self.gallery.shape[1] != self.queries.shape[1]:
                raise ValueError(
                    f"The gallery has {self.gallery.shape[1]} columns, but the embedding has {self.queries.shape[1]}."
                )
            labels = np.concatenate([labels, gallery_labels])
        classes, codes = np.unique(labels, return_inverse=True)
        self.codes = codes[:n_queries]  # (n_samples,), classes of the rows that search
        self._found_codes = codes if gallery is None else codes[n_queries:]
        self.n_others = len(self._found_codes) - (gallery is None)  # how many rows can be found
        # (n_classes,): how much there is to find
        self.n_matches = np.bincount(self._found_codes, minlength=len(classes)) - (gallery is None)
        self.rows = np.flatnonzero(self.n_matches[self.codes] > 0)  # those of them whose class has something to find
        if not len(self.rows):
            raise ValueError("No row has another one of its class to find.")

    def blocks(self, rows):
        """Yield rows, their distances to all rows that can be found, and which of these are of the same class."""
        for block, distances in _distance_blocks(self.queries, self.gallery, rows, self.metric):
            yield block, distances, self.codes[block][:, None] == self._found_codes

    def mean(self, scores):
        """Return the average of the scores of the rows that have something to find."""
        scores, codes = scores[self.rows], self.codes[self.rows]
        if self.average == "macro":
            scores = np.bincount(codes, scores)[np.unique(codes)] / np.unique(codes, return_counts=True)[1]
        return float(scores.mean())


def _distance_blocks(queries, gallery, rows, metric):
    """Yield rows of `queries` and their distances to all of `gallery`, or to all others: itself is at infinity."""
    others = queries if gallery is None else gallery
    for block in row_blocks(len(rows), len(others)):
        chosen = rows[block]
        if metric == "euclidean":
            distances = cdist(queries[chosen], others, "sqeuclidean")  # unlike a matrix product, ties stay ties
        else:
            distances = pairwise_distances(queries[chosen], others, metric=metric)
            if not (distances >= 0).all():
                raise ValueError(f"Some distances are NaN or negative; metric={metric!r} does not suit these rows.")
        if gallery is None:
            distances[np.arange(len(chosen)), chosen] = np.inf
        yield chosen, distances


def _count(distances, same, kth, k):
    """Count what is nearer than the k-th nearest row, and what is as near."""
    nearer, tied = distances < kth[:, None], distances == kth[:, None]
    return (
        np.count_nonzero(nearer & same, axis=1),
        k - np.count_nonzero(nearer, axis=1),
        np.count_nonzero(tied, axis=1),
        np.count_nonzero(tied & same, axis=1),
    )


def _miss_probability(places, n_tied, tied_hits):
    """Return the probability that none of the hits is drawn: C(n_tied - tied_hits, places) / C(n_tied, places)."""
    n_misses = n_tied - tied_hits
    left = gammaln(n_misses - places + 1)  # infinite where there are fewer misses than places
    return np.exp(gammaln(n_misses + 1) - left - (gammaln(n_tied + 1) - gammaln(n_tied - places + 1)))


def _average_precision(distances, same, n_places):
    """Return the average precision of the nearest rows, as its mean over the orders of tied rows.

    In a group of t tied rows with m of the class, after `before` ones of the class, each place holds one with
    probability m / t; then (m - 1) / (t - 1) of the places of the group before it do so too, on average.
    """
    # distances (n_samples, n_others), same (n_samples, n_others) -> (n_samples,)
    # The bits of numbers >= 0 are in the order of the numbers, and the sign leaves room for `same`: one sort does both.
    keys = distances.view(np.uint64) << np.uint64(1) | same
    nearest = np.sort(np.partition(keys, n_places - 1, axis=1)[:, :n_places], axis=1)
    values, relevant = nearest >> np.uint64(1), nearest & np.uint64(1)
    starts = np.ones(values.shape, dtype=bool)
    starts[:, 1:] = values[:, 1:] > values[:, :-1]
    group = starts.cumsum().reshape(starts.shape) - 1
    t, m = np.bincount(group.ravel()), np.bincount(group.ravel(), relevant.ravel())
    tied = (keys >> np.uint64(1)) == values[:, -1:]  # as far as the last place, there or beyond
    t[group[:, -1]], m[group[:, -1]] = np.count_nonzero(tied, axis=1), np.count_nonzero(tied & same, axis=1)
    first = np.flatnonzero(starts) % n_places
    before = np.cumsum(m) - m
    before -= np.repeat(before[group[:, 0]], starts.sum(axis=1))
    place = np.arange(n_places)
    precision = (before[group] + 1 + (place - first[group]) * ((m - 1) / np.maximum(t - 1, 1))[group]) / (place + 1)
    return ((m / t)[group] * precision).sum(axis=1) / n_places


# ------------------------------------------------------------------------------------------------ checks
def _check_k(k, n_others, name="k"):
    if not isinstance(k, Integral) or isinstance(k, bool) or k < 1:
        raise ValueError(f"{name} must be an int of at least 1; got {k!r}.")
    if k > n_others:
        raise ValueError(f"{name}={k} is more than the {n_others} rows that can be found.")
    return int(k)
