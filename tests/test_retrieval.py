"""Retrieval scores and hardness against plain loops, hand-worked cases, another library, and all orders of ties."""

import math
from dataclasses import FrozenInstanceError
from itertools import permutations

import numpy as np
import pandas as pd
import polars as pl
import pytest
from _retrieval_data import cloud, scores_of
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.cluster import KMeans
from sklearn.metrics import normalized_mutual_info_score

from skgan_resample.metrics import (
    HardnessProfile,
    clustering_nmi,
    hardness_profile,
    map_at_r,
    recall_at_k,
    triplet_accuracy,
)

pytestmark = pytest.mark.filterwarnings("error")


quick = settings(max_examples=40, deadline=None, derandomize=True)


LINE = [[0.0], [1.0], [3.0], [7.0], [12.0]]


# ------------------------------------------------------------------------------------------------ slow references
def ranked(i, embedding, gallery=None):
    """Positions of what row i finds, nearest first, equally near ones in their order; two plain loops."""
    others = embedding if gallery is None else gallery
    found = []
    for j, other in enumerate(others):
        if gallery is not None or j != i:
            found.append((math.fsum((a - b) ** 2 for a, b in zip(embedding[i], other)), j))
    return [j for _, j in sorted(found)]


def slow_scores(embedding, y, k, gallery=None, gallery_y=None):
    """Recall at k and average precision at R of each row that has something to find, by class."""
    labels = y if gallery_y is None else gallery_y
    scores = {}
    for i, label in enumerate(y):
        order = ranked(i, embedding, gallery)
        n_matches = sum(labels[j] == label for j in order)
        if n_matches == 0:
            continue
        precision, n_hits = 0.0, 0
        for place, j in enumerate(order[:n_matches], start=1):
            if labels[j] == label:
                n_hits += 1
                precision += n_hits / place
        recall = float(any(labels[j] == label for j in order[:k]))
        scores.setdefault(label, []).append((recall, precision / n_matches))
    return scores


def micro(scores):
    return np.mean([pair for pairs in scores.values() for pair in pairs], axis=0)


def macro(scores):
    return np.mean([np.mean(pairs, axis=0) for pairs in scores.values()], axis=0)


# ------------------------------------------------------------------------------------------------ against references
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("k", [1, 2, 7, 39])
def test_scores_are_those_of_plain_loops(seed, k):
    embedding, y = cloud(seed, classes="aaaabbc")
    y[0] = "alone"
    scores = slow_scores(embedding.tolist(), y.tolist(), k)
    assert "alone" not in scores
    for average, mean in (("micro", micro), ("macro", macro)):
        recall, precision = mean(scores)
        assert_allclose(recall_at_k(embedding, y, k, average=average), recall)
        assert_allclose(map_at_r(embedding, y, average=average), precision)


@pytest.mark.parametrize("k", [1, 3, 15])
def test_scores_against_a_gallery_are_those_of_plain_loops(k):
    embedding, y = cloud(0, n=25, classes="abc")
    gallery, gallery_y = cloud(1, n=15, classes="aab")  # nothing to find for c
    scores = slow_scores(embedding.tolist(), y.tolist(), k, gallery.tolist(), gallery_y.tolist())
    assert set(scores) == {"a", "b"}
    recall, precision = micro(scores)
    assert_allclose(recall_at_k(embedding, y, k, gallery=gallery, gallery_y=gallery_y), recall)
    assert_allclose(map_at_r(embedding, y, gallery=gallery, gallery_y=gallery_y), precision)
    assert_allclose(map_at_r(embedding, y, gallery=gallery, gallery_y=gallery_y, average="macro"), macro(scores)[1])


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("average", ["micro", "macro"])
def test_scores_are_those_of_pytorch_metric_learning(seed, average):
    pytest.importorskip("pytorch_metric_learning")
    import torch
    from pytorch_metric_learning.distances import LpDistance
    from pytorch_metric_learning.utils.accuracy_calculator import AccuracyCalculator
    from pytorch_metric_learning.utils.inference import CustomKNN

    calculator = AccuracyCalculator(
        include=("precision_at_1", "mean_average_precision_at_r"),
        avg_of_avgs=average == "macro",
        knn_func=CustomKNN(LpDistance(normalize_embeddings=False)),
        device=torch.device("cpu"),
        kmeans_func=len,  # not used; the default asks for faiss
    )
    embedding, y = cloud(seed, n=60, classes="aaaaaaabbc")
    codes = np.unique(y, return_inverse=True)[1]
    codes[0] = 7  # the only one of its class
    theirs = calculator.get_accuracy(embedding, codes)
    assert_allclose(recall_at_k(embedding, codes, average=average), theirs["precision_at_1"])
    assert_allclose(map_at_r(embedding, codes, average=average), theirs["mean_average_precision_at_r"])
    gallery, gallery_y = cloud(seed + 10, n=30, classes="ab")
    gallery_codes = (gallery_y == "b").astype(int)
    theirs = calculator.get_accuracy(embedding, codes, gallery, gallery_codes)
    given_gallery = {"gallery": gallery, "gallery_y": gallery_codes, "average": average}
    assert_allclose(recall_at_k(embedding, codes, **given_gallery), theirs["precision_at_1"])
    assert_allclose(map_at_r(embedding, codes, **given_gallery), theirs["mean_average_precision_at_r"])


def test_map_at_r_worked_by_hand():
    # Row 0: 1 b, 3 a, so (0 + 1/2) / 2. Row 1: misses. Row 3: 1 b, 0 a, so 1/4. Row 7: 3 a, 12 b, so 1/2. 12: misses.
    assert map_at_r(LINE, list("abaab")) == (1 / 4 + 0 + 1 / 4 + 1 / 2 + 0) / 5
    assert map_at_r(LINE, list("abaab"), average="macro") == (1 / 3 + 0) / 2
    assert map_at_r(LINE, list("aabbb")) == (1 + 1 + 0 + 1 + 1) / 5
    # of the query at 2: nearest are 1 (b) and 3 (a), equally near, R = 1
    assert map_at_r([[2.0]], ["a"], gallery=[[1.0], [3.0]], gallery_y=["b", "a"]) == 0.5


def test_recall_worked_by_hand():
    y = list("abaab")
    assert recall_at_k(LINE, y) == 1 / 5
    assert recall_at_k(LINE, y, [3, 1, 2]) == {3: 4 / 5, 1: 1 / 5, 2: 3 / 5}
    assert list(recall_at_k(LINE, y, (4,)).values()) == [1.0]
    assert recall_at_k(LINE, y, np.int64(2), average="macro") == (1 + 0) / 2
    assert recall_at_k(LINE, np.array([1, 2, 1, 1, 3])) == 1 / 3  # classes of one row are left out


def test_a_row_finds_its_duplicate_and_not_itself():
    embedding = np.array([[0.0], [0.0], [5.0], [5.0]])
    assert recall_at_k(embedding, list("aabb")) == 1
    assert recall_at_k(embedding, list("abab")) == 0  # the duplicate, of the other class, is the nearest
    assert map_at_r(embedding, list("abab")) == 0
    assert recall_at_k(embedding, list("abab"), gallery=embedding, gallery_y=list("abab")) == 0.5  # itself or its twin
    profile = hardness_profile(embedding, list("abab"), k_neighbors=1)
    assert profile.hardness.tolist() == [1, 1, 1, 1]


@pytest.mark.parametrize("seed", range(6))
def test_tied_rows_score_the_mean_over_their_orders(seed):
    """A tiny shift of each row for each order of the six rows breaks all ties in all ways, as often as each other."""
    rng = np.random.RandomState(seed)
    gallery = rng.randint(0, 2, size=(6, 2)).astype(float)
    gallery_y, queries = rng.choice(list("aab"), size=6), np.array([[0.5, 0.0], [0.0, 0.0], [2.0, 1.0]])
    gallery_y[:2] = ["a", "b"]
    y = ["a", "b", "a"]
    given_gallery = {"gallery": gallery, "gallery_y": gallery_y}
    mean = {k: [] for k in (1, 2, 4)}
    precision = []
    for order in permutations(range(6)):
        # a further column that moves row i away from all queries by little more for each place in the order
        moved = np.column_stack([gallery, 1e-3 * (1 + np.array(order))]).tolist()
        flat = np.column_stack([queries, np.zeros(3)]).tolist()
        for k in mean:
            mean[k].append(micro(slow_scores(flat, y, k, moved, gallery_y.tolist()))[0])
        precision.append(micro(slow_scores(flat, y, 1, moved, gallery_y.tolist()))[1])
    found = recall_at_k(queries, y, list(mean), **given_gallery)
    assert_allclose([found[k] for k in mean], [np.mean(values) for values in mean.values()])
    assert_allclose(map_at_r(queries, y, **given_gallery), np.mean(precision))
    assert np.ptp(precision) > 0 or len(np.unique(gallery, axis=0)) == 6


def test_an_embedding_of_one_point_scores_what_guessing_scores():
    y = ["a"] * 300 + ["b"] * 100
    point = np.zeros((400, 2))
    assert_allclose(recall_at_k(point, y), 0.75 * 299 / 399 + 0.25 * 99 / 399)
    assert_allclose(recall_at_k(point, y, 200), 1.0)
    assert recall_at_k(point, y, 301) == 1.0
    share = {}
    for n in (300, 100):  # expected average precision at R of random places
        m = n - 1
        share[n] = np.mean([m / 399 * (1 + (i - 1) * (m - 1) / 398) / i for i in range(1, m + 1)])
    assert_allclose(map_at_r(point, y), 0.75 * share[300] + 0.25 * share[100])
    assert triplet_accuracy(point, [[0, 1, 300], [300, 301, 0]]) == 0.5
    profile = hardness_profile(np.column_stack([np.ones(400), np.ones(400)]), y)
    assert_allclose(profile.hardness, [100 / 399] * 300 + [300 / 399] * 100)


# ------------------------------------------------------------------------------------------------ invariants
rows = st.integers(0, 10**6).map(lambda seed: cloud(seed, n=30, classes="aaabbc"))


@quick
@given(rows, st.integers(0, 1000))
def test_the_order_of_the_rows_does_not_matter(table, seed):
    embedding, y = table
    embedding = np.round(embedding)  # many ties and duplicates
    order = np.random.RandomState(seed).permutation(len(y))
    assert_allclose(scores_of(embedding[order], y[order]), scores_of(embedding, y))
    hardness = hardness_profile(embedding, y).hardness
    # standard deviations depend on the order in the last digit, which would break ties
    continuous = table[0]
    assert_array_equal(hardness_profile(continuous[order], y[order]).kind, hardness_profile(continuous, y).kind[order])
    assert ((hardness >= 0) & (hardness <= 1)).all()


@quick
@given(rows, st.floats(0.01, 100), st.floats(-100, 100))
def test_scaling_shifting_and_turning_change_nothing(table, factor, shift):
    embedding, y = table
    turn = np.linalg.qr(np.random.RandomState(0).normal(size=(3, 3)))[0]
    expected = scores_of(embedding, y)
    assert_allclose(scores_of(factor * embedding + shift, y), expected)
    assert_allclose(scores_of(embedding @ turn, y), expected)
    expected = hardness_profile(embedding, y).hardness
    assert_allclose(hardness_profile(embedding * [factor, 1, 2] + shift, y).hardness, expected)  # each column alone


@quick
@given(rows)
def test_scores_are_ordered_as_they_must_be(table):
    embedding, y = table
    recall = list(recall_at_k(embedding, y, range(1, 30)).values())
    assert (np.diff(recall) >= 0).all()
    assert 0 <= recall[0] <= recall[-1] == 1
    assert 0 <= map_at_r(embedding, y) <= 1
    separated = embedding + 100 * np.unique(y, return_inverse=True)[1][:, None]
    assert recall_at_k(separated, y) == 1
    assert_allclose(map_at_r(separated, y), 1)


def test_names_of_classes_do_not_matter():
    embedding, y = cloud(0, classes="aab")
    expected = scores_of(embedding, y)
    frame = pd.DataFrame(embedding, columns=list("xyz"))
    for labels in ((y == "b").astype(int), y == "b", pd.Series(y), pd.Series(y).astype("category"), y.astype(object)):
        assert scores_of(frame, labels) == expected
    assert scores_of(pl.DataFrame(frame.to_dict("list")), pl.Series(y.tolist())) == expected


def test_other_metrics_are_used():
    embedding, y = [[1.0, 0.0], [9.0, 0.2], [0.9, 0.7], [0.0, 1.0]], list("aabb")
    assert recall_at_k(embedding, y) == 0.5  # row 0 is nearer to row 2 than to row 1, and the other way round
    assert recall_at_k(embedding, y, metric="cosine") == 0.75
    assert recall_at_k(embedding, y, metric=lambda a, b: abs(a[1] - b[1])) == 1
    assert map_at_r(embedding, y, metric="cosine") == 0.75
    with pytest.raises(ValueError, match="'metric' parameter"):
        map_at_r(embedding, y, metric="none of these")
    with pytest.raises(ValueError, match="Some distances are NaN or negative; metric='correlation'"):
        recall_at_k(np.ones((4, 3)), y, metric="correlation")
    with pytest.raises(ValueError, match="Some distances are NaN or negative"):
        map_at_r(embedding, y, metric=lambda a, b: -(a @ b))  # a similarity
    assert map_at_r(embedding, y, metric=lambda a, b: -0.0) == map_at_r(np.zeros((4, 1)), y)


# ------------------------------------------------------------------------------------------------ triplets
def test_triplets_worked_by_hand():
    embedding = [[0.0, 0.0], [3.0, 4.0], [0.0, 5.0], [6.0, 0.0]]
    assert triplet_accuracy(embedding, [[0, 1, 3]]) == 1  # 5 < 6
    assert triplet_accuracy(embedding, [[0, 3, 1]]) == 0
    assert triplet_accuracy(embedding, [[0, 1, 2]]) == 0.5  # 5 and 5
    assert triplet_accuracy(embedding, [[0, 1, 3], [0, 3, 1], [0, 1, 2], [0, 2, 3]]) == 2.5 / 4


@quick
@given(rows, st.integers(0, 1000))
def test_triplets_are_those_of_a_plain_loop(table, seed):
    embedding, _ = table
    triplets = np.random.RandomState(seed).randint(0, len(embedding), size=(25, 3))
    n_right = 0.0
    for anchor, positive, negative in triplets:
        near, far = math.dist(embedding[anchor], embedding[positive]), math.dist(embedding[anchor], embedding[negative])
        n_right += 1.0 if near < far else 0.5 if near == far else 0.0
    assert_allclose(triplet_accuracy(embedding, triplets), n_right / 25)
    assert_allclose(triplet_accuracy(embedding[triplets]), n_right / 25)
    mirrored = triplets[:, [0, 2, 1]]
    assert_allclose(triplet_accuracy(embedding, mirrored), 1 - n_right / 25)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((LINE, [0, 1, 2]), r"integers of shape \(n_triplets, 3\), at least one; got int64 of shape \(3,\)"),
        ((LINE, [[0.0, 1.0, 2.0]]), "got float64 of shape"),
        ((LINE, np.empty((0, 3), dtype=int)), "at least one"),
        ((LINE, [[0, 1]]), r"got int64 of shape \(1, 2\)"),
        ((LINE, [[0, 1, 5]]), "positions from 0 to 4; got 0 to 5"),
        ((LINE, [[-1, 1, 2]]), "positions from 0 to 4; got -1 to 2"),
        (([0.0, 1.0], [[0, 1, 1]]), "Expected 2D array"),
        (([[np.nan], [0.0]], [[0, 1, 1]]), "Input embedding contains NaN"),
        ((LINE,), r"shape \(n_triplets, 3, n_components\); got shape \(5, 1\)"),
        ((np.zeros((4, 2, 3)),), r"got shape \(4, 2, 3\)"),
        ((np.full((4, 3, 1), np.nan),), "Input embedding contains NaN"),
    ],
)
def test_unusable_triplets_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        triplet_accuracy(*arguments)


# ------------------------------------------------------------------------------------------------ hardness
def slow_own_share(X, y, k):
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    order = [ranked(i, X.tolist())[:k] for i in range(len(X))]
    return np.array([sum(y[j] == y[i] for j in near) / k for i, near in enumerate(order)])


@pytest.mark.parametrize("k", [1, 5, 10])
def test_hardness_is_that_of_plain_loops(k):
    X, y = cloud(0, n=60, classes="aaaab")
    X = X * [1, 100, 0.01]
    own = slow_own_share(X, y, k)
    profile = hardness_profile(X, y, k_neighbors=k)
    assert_allclose(profile.hardness, 1 - own)
    if k == 5:
        by_count = {5: "safe", 4: "safe", 3: "borderline", 2: "borderline", 1: "rare", 0: "outlier"}
        assert profile.kind.tolist() == [by_count[round(5 * share)] for share in own]
        assert len(set(profile.kind)) == 4
        assert profile.summary["b"] == {
            "n_rows": np.sum(y == "b"),
            "hardness": 1 - own[y == "b"].mean(),
            "safe": np.mean(profile.kind[y == "b"] == "safe"),
            "borderline": np.mean(profile.kind[y == "b"] == "borderline"),
            "rare": np.mean(profile.kind[y == "b"] == "rare"),
            "outlier": np.mean(profile.kind[y == "b"] == "outlier"),
        }


def test_kinds_worked_by_hand():
    groups = {
        "safe": "rrrrrr",
        "fours": "rrrrrc",
        "threes": "rrrrcc",
        "twos": "rrrccc",
        "ones": "rrcccc",
        "nil": "rccccc",
    }
    X = [[1000.0 * g + 0.9**i] for g in range(len(groups)) for i in range(6)]  # each row sees the five of its group
    y = [label for labels in groups.values() for label in labels]
    profile = hardness_profile(X, y)
    firsts = profile.kind[::6].tolist()  # an r with 5, 4, 3, 2, 1 and 0 others of its class
    assert firsts == ["safe", "safe", "borderline", "borderline", "rare", "outlier"]
    assert_allclose(profile.hardness[::6], [0, 0.2, 0.4, 0.6, 0.8, 1])
    shares = profile.summary["r"]
    assert shares["n_rows"] == 21
    assert_allclose([shares[kind] for kind in ("safe", "borderline", "rare", "outlier")], np.array([11, 7, 2, 1]) / 21)
    assert_allclose(shares["hardness"], profile.hardness[np.array(y) == "r"].mean())


def test_profiles_of_mixed_tables():
    frame = pd.DataFrame({"town": list("aabbaabb"), "size": [1.0, 1.1, 1, 1.1, 9, 9.1, 9, 9.1]})
    y = list("pppprrrr")
    assert hardness_profile(frame, y, k_neighbors=1).hardness.tolist() == [0] * 8
    assert hardness_profile(pl.from_pandas(frame), y, k_neighbors=1).hardness.tolist() == [0] * 8
    by_town = hardness_profile(frame[["town"]], list("ppqqppqq"), k_neighbors=3)
    assert by_town.hardness.tolist() == [0] * 8
    codes = np.array([[10, 0], [10, 0], [11, 0], [11, 0], [99, 0], [99, 0]])  # as numbers, 10 and 11 are neighbours
    y = list("ppqqpp")
    assert_allclose(hardness_profile(codes, y, k_neighbors=3).hardness[0], 2 / 3)  # the other 10, then both 11
    as_levels = hardness_profile(codes, y, k_neighbors=3, categorical_features=[0])
    assert_allclose(as_levels.hardness[0], 1 / 3)  # the other 10, then two of the four others, of which half are p


def test_a_profile_is_frozen_and_short_in_print():
    profile = hardness_profile(LINE, list("aabbb"), k_neighbors=2)
    assert isinstance(profile, HardnessProfile)
    with pytest.raises(FrozenInstanceError):
        profile.kind = None
    assert repr(profile).startswith("HardnessProfile(summary={'a': {'n_rows': 2, ")
    assert pd.DataFrame(profile.summary).T["n_rows"].to_dict() == {"a": 2, "b": 3}


@pytest.mark.parametrize(
    ("X", "y", "parameters", "message"),
    [
        ([1.0, 2.0, 3.0], list("aab"), {}, r"Expected 2D array.*Reshape your data"),
        ([[1.0], [np.nan], [3.0]], list("aab"), {"k_neighbors": 1}, "Column 0 contains missing cells .*impute them"),
        (LINE, list("aabb"), {}, "inconsistent numbers of samples"),
        (LINE, list("aabbb"), {}, "k_neighbors=5 is more than the 4 rows"),
        (LINE, list("aabbb"), {"k_neighbors": 0}, "k_neighbors must be an int of at least 1; got 0"),
        (LINE, ["a", "a", "b", "b", None], {"k_neighbors": 1}, "Input y contains NaN or a missing class"),
    ],
)
def test_unusable_tables_have_no_profile(X, y, parameters, message):
    with pytest.raises(ValueError, match=message):
        hardness_profile(X, y, **parameters)


# ------------------------------------------------------------------------------------------------ clusters
def test_nmi_is_that_of_as_many_clusters_as_classes():
    embedding, y = cloud(0, n=60, classes="abc")
    clusters = KMeans(3, n_init=10, random_state=4).fit_predict(embedding)
    assert clustering_nmi(embedding, y, random_state=4) == normalized_mutual_info_score(y, clusters)
    assert clustering_nmi(embedding + 100 * (y == "b")[:, None] + 300 * (y == "c")[:, None], y, random_state=0) == 1
    once = KMeans(3, n_init=1, random_state=1).fit_predict(embedding)
    assert clustering_nmi(embedding, y, n_init=1, random_state=1) == normalized_mutual_info_score(y, once)


def test_nmi_worked_by_hand():
    # clusters {0, 1} and {10, 11} cut both classes in halves, or leave them whole
    assert_allclose(clustering_nmi([[0.0], [1], [10], [11]], list("abab"), random_state=0), 0, atol=1e-12)
    assert_allclose(clustering_nmi([[0.0], [1], [10], [11]], list("aabb"), random_state=0), 1)
    with pytest.raises(ValueError, match="at least two classes"):
        clustering_nmi(LINE, ["a"] * 5)


# ------------------------------------------------------------------------------------------------ unusable input
@pytest.mark.parametrize("score", [recall_at_k, map_at_r, clustering_nmi])
@pytest.mark.parametrize(
    ("embedding", "y", "message"),
    [
        ([0.0, 1.0, 2.0], list("aab"), r"(?s)Expected 2D array, got 1D array.*Reshape your data"),
        ([[0.0], [np.nan], [2.0]], list("aab"), "Input embedding contains NaN"),
        ([[0.0], [np.inf], [2.0]], list("aab"), "Input embedding contains infinity"),
        (LINE, list("aab"), "inconsistent numbers of samples"),
        (LINE, [0.0, 0.0, 1.0, 1.0, np.nan], "Input y contains NaN or a missing class"),
        (LINE, ["a", "a", "b", "b", None], "Input y contains NaN or a missing class"),
        (LINE, [["a", "b"]] * 5, "one column, got 2"),
    ],
)
def test_unusable_embeddings_are_refused(score, embedding, y, message):
    with pytest.raises(ValueError, match=message):
        score(embedding, y)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"gallery": LINE}, "gallery and gallery_y must be given together"),
        ({"gallery_y": list("aabbb")}, "gallery and gallery_y must be given together"),
        ({"gallery": LINE, "gallery_y": list("aab")}, "inconsistent numbers of samples"),
        ({"gallery": [[0.0, 1.0]], "gallery_y": ["a"]}, "The gallery has 2 columns, but the embedding has 1"),
        ({"gallery": [[np.nan]], "gallery_y": ["a"]}, "Input gallery contains NaN"),
        ({"gallery": [[0.0]], "gallery_y": [None]}, "Input gallery_y contains NaN or a missing class"),
        ({"gallery": [[0.0]], "gallery_y": ["z"]}, "No row has another one of its class to find"),
        ({"average": "weighted"}, "average must be 'micro' or 'macro'; got 'weighted'"),
    ],
)
def test_unusable_galleries_are_refused(parameters, message):
    for score in (recall_at_k, map_at_r):
        with pytest.raises(ValueError, match=message):
            score(LINE, list("aabbb"), **parameters)


@pytest.mark.parametrize(
    ("k", "message"),
    [
        (5, "k=5 is more than the 4 rows that can be found"),
        ([1, 6], "k=6 is more than the 4 rows that can be found"),
        (0, "k must be an int of at least 1; got 0"),
        (True, "k must be an int of at least 1; got True"),
        ([1.5], "k must be an int of at least 1; got 1.5"),
        ([], "k must be an int or a sequence with at least one"),
    ],
)
def test_unusable_k_is_refused(k, message):
    with pytest.raises(ValueError, match=message):
        recall_at_k(LINE, list("aabbb"), k)
    assert recall_at_k(LINE, list("aabbb"), 5, gallery=LINE, gallery_y=list("aabbb")) == 1  # all five can be found


def test_classes_of_one_row_alone_have_no_score():
    for score in (recall_at_k, map_at_r):
        with pytest.raises(ValueError, match="No row has another one of its class to find"):
            score(LINE, list("abcde"))
