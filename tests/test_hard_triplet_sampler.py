"""HardTripletSampler: which rows it makes and from which, what they must pass, its account, its triplets and pairs."""

import copy
import io
import pickle
import random
import tracemalloc
import warnings
from collections import Counter

import joblib
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from imblearn.pipeline import Pipeline
from scipy import sparse
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.neighbors import KNeighborsClassifier

from skgan_resample import HardTripletSampler, ResamplingWarning
from skgan_resample._hard_triplet._drawing import KINDS, NEGATIVE, POSITIVE, Drawing, Gate, Table, _candidates
from skgan_resample._hard_triplet._picking import Runs, pick_pairs, pick_triplets
from skgan_resample._hard_triplet._training import _held_out

try:
    import sklearn.callback  # noqa: F401

    has_callbacks = True
except ImportError:
    has_callbacks = False

QUICK = {"max_steps": 10, "hidden_layer_sizes": (8,), "random_state": 0}
SIZES = (60, 20, 10)


def blobs(sizes=SIZES, n_columns=4, seed=0, apart=1.5):
    """Normal classes along the diagonal, of these sizes."""
    rng = np.random.RandomState(seed)
    y = np.repeat(np.arange(len(sizes)), sizes)
    return rng.normal(size=(len(y), n_columns)) + apart * y[:, None], y


def resample(X, y, **options):
    """Return what a new sampler makes of the rows, and the sampler."""
    sampler = HardTripletSampler(**{**QUICK, **options})
    return *sampler.fit_resample(X, y), sampler


def new_rows(X, y, **options):
    """Return the new rows and their labels as arrays, and the sampler."""
    X_all, y_all, sampler = resample(X, y, **options)
    return np.asarray(X_all)[sampler.is_synthetic_], np.asarray(y_all)[sampler.is_synthetic_], sampler


def mixed():
    """A frame with levels, integers, decimals, gaps, a boolean, a category and a constant, and its classes."""
    X, y = blobs((80, 30))
    rng = np.random.RandomState(1)
    frame = pd.DataFrame(X, columns=["a", "b", "c", "d"])
    frame.loc[rng.uniform(size=110) < 0.3, "b"] = np.nan
    frame["c"] = frame["c"].round(1)
    frame["a"] = frame["a"].astype("float32")
    frame["rooms"] = rng.poisson(60, size=110)
    frame["town"] = rng.choice(["Ulm", "Bonn", "Kiel"], size=110)
    frame.loc[rng.uniform(size=110) < 0.3, "town"] = None
    frame["size"] = pd.Categorical(rng.choice(["s", "l"], size=110), categories=["s", "m", "l"], ordered=True)
    frame["new"] = rng.uniform(size=110) < 0.5
    frame["day"] = pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.randint(90, size=110), unit="D")
    frame["same"] = 7.5
    return frame, pd.Series(y, name="sold")


# ------------------------------------------------------------------------------------------------ how many rows
@pytest.mark.parametrize(
    ("strategy", "expected"),
    [
        ("auto", (60, 60, 60)),
        ("not majority", (60, 60, 60)),
        ("minority", (60, 20, 60)),
        ("not minority", (60, 60, 10)),
        ("all", (60, 60, 60)),
        ({0: 75, 2: 11}, (75, 20, 11)),
        ({1: 20}, (60, 20, 10)),
        (lambda y: {1: 2 * (y == 1).sum()}, (60, 40, 10)),
    ],
    ids=str,
)
def test_every_class_gets_exactly_the_rows_asked_for(strategy, expected):
    X, y = blobs()
    X_all, y_all, sampler = resample(X, y, sampling_strategy=strategy)
    assert tuple(np.bincount(y_all)) == expected
    assert len(X_all) == len(y_all) == sum(expected)
    asked = {label: wanted - had for label, (wanted, had) in enumerate(zip(expected, SIZES))}
    assert {label: n for label, n in sampler.sampling_strategy_.items() if n} == {k: n for k, n in asked.items() if n}


def test_a_share_of_the_majority_can_be_asked_for():
    X, y = blobs((60, 20))
    assert np.bincount(resample(X, y, sampling_strategy=0.75)[1]).tolist() == [60, 45]
    assert np.bincount(resample(X, y, sampling_strategy="minority")[1]).tolist() == [60, 60]


@pytest.mark.parametrize(
    ("strategy", "sentence"), [({7: 90}, "not present in the data"), ({1: 5}, "greater or equal to the original")]
)
def test_amounts_that_cannot_be_are_refused(strategy, sentence):
    with pytest.raises(ValueError, match=sentence):
        resample(*blobs(), sampling_strategy=strategy)


# ------------------------------------------------------------------------------------------------ containers
def as_matrix(table):
    return np.asarray(table if isinstance(table, list) else table.to_pandas() if hasattr(table, "to_pandas") else table)


@pytest.mark.parametrize(
    ("make_X", "make_y"),
    [
        (np.asarray, np.asarray),
        (lambda X: X.astype(np.float32), lambda y: y.astype(np.int8)),
        (lambda X: X.tolist(), lambda y: y.tolist()),
        (lambda X: pd.DataFrame(X, index=np.arange(len(X)) * 2).add_prefix("x"), lambda y: pd.Series(y, name="t")),
        (lambda X: pd.DataFrame(X, dtype="float32"), lambda y: pd.DataFrame({"t": y})),
        (lambda X: pl.DataFrame(X), lambda y: pl.Series("t", y)),
        (lambda X: pa.table({"u": X[:, 0], "v": X[:, 1]}), pa.array),
    ],
    ids=["numpy", "float32", "list", "pandas", "pandas float32", "polars", "pyarrow"],
)
def test_rows_given_come_first_bit_for_bit_in_their_container(make_X, make_y):
    X, y = blobs()
    X, y = make_X(X), make_y(y)
    X_all, y_all, sampler = resample(X, y)
    assert type(X_all) is type(X)
    assert len(X_all) == len(y_all) == 180
    assert np.array_equal(as_matrix(X_all)[: len(X)], as_matrix(X))
    assert np.array_equal(np.ravel(as_matrix(y_all))[: len(X)], np.ravel(as_matrix(y)))
    assert np.bincount(np.ravel(as_matrix(y_all)).astype(int)).tolist() == [60, 60, 60]
    for ours, theirs in ((X_all, X), (y_all, y)):
        if isinstance(theirs, np.ndarray):
            assert ours.dtype == theirs.dtype
        if isinstance(theirs, pd.DataFrame):
            assert ours.dtypes.equals(theirs.dtypes)
            assert ours.index.tolist() == list(range(180))
        if isinstance(theirs, pl.DataFrame):
            assert ours.schema == theirs.schema
        if isinstance(theirs, pa.Table):
            assert ours.schema == theirs.schema
    assert sampler.is_synthetic_.tolist() == [False] * 90 + [True] * 90


@pytest.mark.parametrize("generator", ["linear", "cgan"])
def test_new_rows_of_a_mixed_table_are_valid_rows(generator):
    X, y = mixed()
    X_all, y_all, sampler = resample(X, y, generator=generator, positive_fraction=0.5)
    pd.testing.assert_frame_equal(X_all[: len(X)], X)
    assert X_all.dtypes.equals(X.dtypes)
    assert y_all.dtype == y.dtype
    assert y_all.name == "sold"
    assert set(y_all[sampler.is_synthetic_]) == {1}
    new = X_all[sampler.is_synthetic_]
    assert len(new) == 50
    assert np.array_equal(new["c"], new["c"].round(1))
    assert set(new["town"].dropna()) <= {"Ulm", "Bonn", "Kiel"}
    assert set(new["size"]) <= {"s", "l"}
    assert (new["same"] == 7.5).all()
    assert new["day"].dt.normalize().equals(new["day"])
    for name in ("a", "b", "c", "rooms", "day"):
        assert X[name].min() <= new[name].min()
        assert new[name].max() <= X[name].max()


@pytest.mark.parametrize("generator", ["linear", "cgan"])
def test_a_cell_is_missing_only_where_both_parents_lack_it(generator):
    X, y = mixed()
    X_all, _, sampler = resample(X, y, generator=generator, positive_fraction=0.5, gate=None)
    lacks = X.isna().to_numpy()
    info = sampler.sample_info_[sampler.is_synthetic_]
    partner = np.where(info["partner"] >= 0, info["partner"], info["seed"])
    assert np.array_equal(X_all.isna().to_numpy()[sampler.is_synthetic_], lacks[info["seed"]] & lacks[partner])
    assert (lacks[info["seed"]] & lacks[partner]).any()


@pytest.mark.parametrize("n_classes", [2, 3])
def test_one_hot_classes_stay_one_hot(n_classes):
    X, y = blobs(SIZES[:n_classes])
    one_hot = np.eye(n_classes, dtype=int)[y]
    X_all, y_all, _ = resample(X, one_hot)
    X_flat, y_flat, _ = resample(X, y)
    assert np.array_equal(X_all, X_flat)
    assert np.array_equal(y_all, np.eye(n_classes, dtype=int)[y_flat])
    assert y_all.dtype == one_hot.dtype


@pytest.mark.parametrize(
    "make",
    [
        lambda y: np.array(["no", "maybe", "yes"])[y],
        lambda y: np.array(["no", "maybe", "yes"], dtype=object)[y],
        lambda y: pd.Series(pd.Categorical(np.array(list("nmy"))[y], list("ynm"))),
        lambda y: pd.Series(y, dtype="Int64"),
        lambda y: y.astype(float),
        lambda y: y[:, None],
    ],
    ids=["strings", "objects", "categories", "nullable", "floats", "column"],
)
def test_labels_of_any_kind_keep_their_kind(make):
    X, y = blobs()
    named = make(y)
    _, y_all, sampler = resample(X, named)
    assert y_all.dtype == named.dtype
    assert np.ndim(y_all) == np.ndim(named)
    parents = sampler.parent_indices_[:, 0]
    assert np.array_equal(np.asarray(y_all)[sampler.is_synthetic_], np.asarray(named)[parents])
    assert set(Counter(np.ravel(np.asarray(y_all)).tolist()).values()) == {60}


# ------------------------------------------------------------------------------------------------ where rows come from
def test_new_rows_lie_where_their_account_says():
    X, y = blobs(apart=2.0)
    new, labels, sampler = new_rows(X, y, positive_fraction=0.5, confidence_power=0, gate=None)
    info = sampler.sample_info_[sampler.is_synthetic_]
    line = X[info["seed"]] + info["position"][:, None] * (X[info["partner"]] - X[info["seed"]])
    assert np.allclose(new, np.clip(line, X.min(axis=0), X.max(axis=0)))  # new values stay in the observed range
    assert np.array_equal(y[info["seed"]], labels)
    positive, negative = info["kind"] == "hard positive", info["kind"] == "hard negative"
    assert (positive | negative).all()
    assert 0.3 < positive.mean() < 0.7
    assert (y[info["partner"]] == labels)[positive].all()
    assert (info["partner"] != info["seed"]).all()
    assert (info["positive"][positive] == -1).all()
    assert (info["position"][positive] < 0).any()
    assert (info["position"][positive] > 1).any()
    assert (y[info["partner"]] != labels)[negative].all()
    assert (y[info["positive"]] == y[info["partner"]])[negative].all()
    assert (info["positive"] != info["partner"])[negative].all()
    assert (info["position"][negative] >= 0).all()
    assert (info["position"][negative] <= 0.5).all()


def test_borrowed_directions_are_told():
    X, y = blobs((60, 8))
    new, _, sampler = new_rows(X, y, gate=None)
    info = sampler.sample_info_[sampler.is_synthetic_]
    borrowed = info["donor"][:, 0] >= 0
    assert 0 < borrowed.mean() < 1
    first, second = info["donor"][borrowed].T
    line = X[info["seed"]] + info["position"][:, None] * (X[info["partner"]] - X[info["seed"]])
    line[borrowed] = X[info["seed"][borrowed]] + info["position"][borrowed][:, None] * (X[second] - X[first])
    assert np.allclose(new, np.clip(line, X.min(axis=0), X.max(axis=0)))
    assert (y[info["donor"][borrowed]] == 0).all()
    assert (info["partner"] == -1).tolist() == borrowed.tolist()


def test_borrowed_lines_go_at_most_half_way_to_another_class():
    table = table_of(*blobs((30, 8), apart=1.0))
    found = drawing_of(table, share_variation=1.0).positives(1, 500, np.random.RandomState(0))
    first, second = (table.places[rows] for rows in found.donor.T)
    moved = np.abs(found.position) * np.linalg.norm(second - first, axis=1)
    room = np.array([np.linalg.norm(table.places[:30] - table.places[seed], axis=1).min() for seed in found.seed])
    assert (moved <= room / 2 + 1e-9).all()


def test_partners_are_near_rows_of_the_class():
    X, y = blobs()
    *_, sampler = new_rows(X, y, k_neighbors=3, gate=None)
    scaled = (X - X.mean(axis=0)) / X.std(axis=0)
    info = sampler.sample_info_[sampler.is_synthetic_]
    for seed, partner in zip(info["seed"], info["partner"]):
        others = np.setdiff1d(np.flatnonzero(y == y[seed]), [seed])
        nearest = others[np.argsort(np.linalg.norm(scaled[others] - scaled[seed], axis=1))[:3]]
        assert partner in nearest


@pytest.mark.parametrize("options", [{}, {"generator": "cgan", "positive_fraction": 0.5}], ids=str)
def test_the_accounts_agree_with_each_other_and_with_the_classifier(options):
    X, y = blobs()
    X_all, y_all, sampler = resample(X, y, **options)
    info, new = sampler.sample_info_, sampler.is_synthetic_
    assert len(info) == len(X_all)
    assert np.array_equal(sampler.kept_indices_, np.arange(90))
    assert new.tolist() == [False] * 90 + [True] * 90
    assert (info["kind"][~new] == "original").all()
    assert set(info["kind"][new]) <= {"hard positive", "hard negative", "fallback"}
    assert np.array_equal(info["seed"][~new], np.arange(90))
    assert (info["partner"][~new] == -1).all()
    assert (info["positive"][~new] == -1).all()
    assert np.array_equal(np.column_stack([info["seed"], info["partner"]])[new], sampler.parent_indices_)
    encoded = torch.from_numpy(sampler.encoder_.encode(X_all)).float().clamp(-5, 5)
    with torch.no_grad():
        probability = sampler.classifier_network_(encoded).softmax(dim=1).numpy()
    assert np.allclose(info["confidence"], probability[np.arange(180), y_all], atol=1e-5)
    report = sampler.report_
    assert report["n_new"] == {kind: (info["kind"] == kind).sum() for kind in KINDS[1:]}
    assert sampler.fallback_share_ == report["fallback_share"] == (info["kind"][new] == "fallback").mean()
    assert set(sampler.acceptance_rate_) == {1, 2}


def test_the_reported_distances_are_those_of_plain_numpy():
    X, y = blobs((60, 20))
    X_all, _, sampler = resample(X, y)
    new = sampler.is_synthetic_
    encoded = sampler.encoder_.encode(X_all)
    own, made = encoded[~new][y == 1], encoded[new]

    def apart(first, second):
        return np.linalg.norm(first[:, None] - second, axis=2)

    def mean_pair(rows):
        return apart(rows, rows)[np.triu_indices(len(rows), 1)].mean()

    among = np.sort(apart(own, own), axis=1)[:, 1]
    assert sampler.report_["nearest_real_ratio"] == pytest.approx(np.median(apart(made, own).min(1)) / np.median(among))
    assert sampler.report_["diversity"] == pytest.approx(mean_pair(made) / mean_pair(own))
    near = np.argsort(apart(made, encoded[~new]), axis=1)[:, :5]
    assert sampler.report_["label_agreement"] == pytest.approx((y[near] == 1).mean())


# ------------------------------------------------------------------------------------------------ candidates
def table_of(X, y):
    """A table whose codes, encoded rows and embeddings are all `X`."""
    X = np.asarray(X, dtype=float)
    return Table(X, X, np.asarray(y), X)


def drawing_of(table, **options):
    defaults = {"strength": 1.0, "threshold": -0.5, "k_neighbors": 3, "share_variation": 0.0}
    nominal = np.zeros(table.codes.shape[1], dtype=bool)
    return Drawing(table, nominal, **{**defaults, **options})


def knees_of(table, label, k):
    """The median and the 90 % quantile of the distances to the k nearest rows of the class, by plain loops."""
    rows = table.places[table.labels == label]
    return np.quantile([np.sort(np.linalg.norm(rows - row, axis=1))[1 : k + 1] for row in rows], [0.5, 0.9])


def stretched(distance, low, high, strength):
    high = max(high, (1 + strength) * low)
    if distance <= low:
        return (1 + strength) * distance
    return distance + strength * low * (high - distance) / (high - low) if distance < high else distance


def test_positives_use_the_whole_stretched_line_and_not_more():
    table = table_of(*blobs((30, 15), apart=1.0))
    found = drawing_of(table).positives(1, 3000, np.random.RandomState(0))
    others = table.places[table.labels == 0]
    low, high = knees_of(table, 1, 3)
    ends = []
    for seed, partner in zip(found.seed, found.partner):
        apart = np.linalg.norm(table.places[seed] - table.places[partner])
        grown = (stretched(apart, low, high, 1.0) - apart) / 2
        room = [np.linalg.norm(others - table.places[row], axis=1).min() for row in (seed, partner)]
        ends.append(np.minimum(grown, np.array(room) / 2) / apart)
    before, after = np.array(ends).T
    assert (found.position >= -before - 1e-9).all()
    assert (found.position <= 1 + after + 1e-9).all()
    share = (found.position + before) / (1 + before + after)  # uniform, if the line is drawn from evenly
    assert np.allclose(np.quantile(share, [0.1, 0.5, 0.9]), [0.1, 0.5, 0.9], atol=0.03)
    assert np.ptp(np.bincount(found.seed)[30:]) <= 1  # every row as often as every other


def test_negatives_are_pulled_as_far_as_the_threshold_asks_and_half_way_at_most():
    table = table_of(*blobs((30, 15), apart=3.0))
    found = drawing_of(table, threshold=-1.0).negatives(1, 3000, np.random.RandomState(0))
    assert np.allclose(found.codes, table.codes[found.seed] * (1 - found.position[:, None])
                       + table.codes[found.partner] * found.position[:, None])  # fmt: skip
    knees, own = knees_of(table, 0, 3), table.places[30:]
    most = []
    for seed, anchor, positive in zip(*(table.places[rows] for rows in (found.seed, found.partner, found.positive))):
        apart = np.linalg.norm(positive - anchor)
        grown = (stretched(apart, *knees, 1.0) - apart) / 2
        room = [np.linalg.norm(own - end, axis=1).min() for end in (anchor, positive)]
        before, after = np.minimum(grown, np.array(room) / 2) / apart
        place = anchor - before * (positive - anchor)
        pull = 1 - ((1 + before + after) * apart + 1.0) / np.linalg.norm(seed - place)
        most.append(min(pull, 0.5) if pull > 0 else 0.5)
    share = found.position / most
    assert (share <= 1 + 1e-9).all()
    assert np.allclose(np.quantile(share, [0.1, 0.5, 0.9]), [0.1, 0.5, 0.9], atol=0.03)
    assert len(np.unique(most)) > 2  # both rules were met
    for seed, anchor in zip(found.seed[:100], found.partner[:100]):
        apart = np.linalg.norm(table.places[:30] - table.places[seed], axis=1)
        assert anchor in np.argsort(apart)[:5]
    assert (table.labels[found.positive] == 0).all()


@pytest.mark.parametrize("sizes", [(30, 15), (30, 1), (30, 12, 2)], ids=str)
def test_borrowed_directions_are_differences_of_near_rows_of_one_other_class(sizes):
    table = table_of(*blobs(sizes))
    label = len(sizes) - 1
    found = drawing_of(table, share_variation=1.0).positives(label, 400, np.random.RandomState(0))
    first, second = found.donor.T
    assert np.allclose(found.codes, table.codes[found.seed]
                       + found.position[:, None] * (table.codes[second] - table.codes[first]))  # fmt: skip
    assert np.array_equal(found.partner, found.seed)
    assert (table.labels[found.seed] == label).all()
    assert (table.labels[first] == table.labels[second]).all()
    assert (table.labels[first] != label).all()
    assert (first != second).all()
    assert set(table.labels[first]) == set(range(label))


@pytest.mark.parametrize(("n_rows", "low", "high"), [(1, 1, 1), (9, 0.4, 0.6), (10, 0, 0)])
def test_small_classes_borrow_half_of_their_directions(n_rows, low, high):
    found = drawing_of(table_of(*blobs((30, n_rows))), share_variation="auto").positives(
        1, 600, np.random.RandomState(0)
    )
    assert low <= (found.donor[:, 0] >= 0).mean() <= high
    assert np.array_equal(found.donor[:, 0] >= 0, found.partner == found.seed)


def test_levels_are_never_borrowed_and_gaps_of_donors_do_no_harm():
    X, y = blobs((30, 5))
    X[:, 3] = np.arange(35) % 2
    X[:10, 1] = X[31, 0] = np.nan
    table = table_of(X, y)._replace(encoded=np.nan_to_num(X), places=np.nan_to_num(X))
    drawing = Drawing(table, np.array([False, False, False, True]), strength=1.0, threshold=0.0, k_neighbors=3,
                      share_variation=1.0)  # fmt: skip
    found = drawing.positives(1, 300, np.random.RandomState(0))
    assert np.array_equal(found.codes[:, 3], X[found.seed, 3])
    assert np.array_equal(np.isnan(found.codes), np.isnan(X[found.seed]))


def test_plain_rows_are_those_of_smote():
    table = table_of(*blobs((30, 15)))
    found = drawing_of(table).plain(1, 300, np.random.RandomState(0))
    assert np.allclose(found.codes, table.codes[found.seed] * (1 - found.position[:, None])
                       + table.codes[found.partner] * found.position[:, None])  # fmt: skip
    assert (table.labels[found.partner] == 1).all()
    assert ((found.position >= 0) & (found.position <= 1)).all()
    assert {KINDS[kind] for kind in found.kind} == {"fallback"}


# ------------------------------------------------------------------------------------------------ the gate
LINE = [[0.0, 0], [1, 0], [2, 0], [3, 0], [4, 0]]  # class 1: a step apart, so that new rows may lie 1.5 away
CROWD = [[5.0, 1], [5.1, 1], [4.9, 1], [5, 1.1], [5, 0.9]]  # class 0


def passes(rows, seeds, *, own=LINE, others=CROWD, probabilities=None, **parts):
    table = table_of([*others, *own], [0] * len(others) + [1] * len(own))
    parts = {"by_neighbors": True, "by_classifier": False, "refuse_copies": True, **parts}
    rows = np.asarray(rows, dtype=float)
    seeds = len(others) + np.asarray(seeds)
    candidates = _candidates(rows, POSITIVE, seeds, seeds, np.zeros(len(rows)))
    return Gate(table, 1, **parts).passes(candidates, rows, probabilities).tolist()


def test_a_new_row_lies_near_a_real_one_of_its_class():
    assert passes([[2.5, 0], [2, 1.49], [2, 1.51], [-1.6, 0]], [2, 2, 2, 0]) == [True, True, False, False]


def test_a_new_row_is_no_copy_unless_rows_repeat_anyway():
    assert passes([[2, 0], [2.001, 0]], [2, 2]) == [False, True]
    assert passes([[2, 0], [2.001, 0]], [2, 2], refuse_copies=False) == [True, True]


def test_a_new_row_is_not_among_foreign_rows_alone_unless_its_seed_is():
    assert passes([[5, 1.01]], [4]) == [False]
    own = [*LINE, [5.0, 3.0]]
    ring = [[4.8, 3.0], [5.2, 3.0], [5.0, 3.2], [5.0, 2.8], [4.9, 3.1]]
    crowd = [*ring, [5.6, 3.0], [5.6, 3.1], [5.7, 3.0], [5.7, 3.1]]
    row = [5.65, 3.05]  # five of the crowd are nearer than any row of its class
    assert passes([row, row], [5, 4], own=own, others=crowd) == [True, False]


@pytest.mark.parametrize(("n_classes", "expected"), [(2, [True, True, False]), (4, [True, True, True])])
def test_its_class_must_be_likelier_than_guessing(n_classes, expected):
    mine = np.array([0.6, 0.5, 0.4])
    probabilities = np.column_stack([1 - mine, mine, *np.zeros((n_classes - 2, 3))])
    rows = [[2.5, 0]] * 3
    assert passes(rows, [2] * 3, probabilities=probabilities, by_classifier=True) == expected
    assert passes(rows, [2] * 3, probabilities=probabilities, by_classifier=False) == [True] * 3
    far = [[90.0, 0]] * 3
    assert passes(far, [2] * 3, probabilities=probabilities, by_classifier=True, by_neighbors=False) == expected


def test_a_class_of_one_row_may_spread_as_far_as_it_likes():
    assert passes([[-30.0, 0], [0, 0]], [0, 0], own=[[0.0, 0]]) == [True, False]


@pytest.mark.parametrize("n_columns", [3, 20])
def test_copies_are_seen_in_tables_of_any_width(n_columns):
    X, y = blobs((200, 200), n_columns)
    table, own = table_of(X, y), np.flatnonzero(y == 1)
    gate = Gate(table, 1, by_neighbors=True, by_classifier=False, refuse_copies=True)
    assert not gate.passes(_candidates(X[own], POSITIVE, own, own, np.zeros(len(own))), X[own], None).any()


def test_a_table_in_which_every_row_comes_twice_still_gets_hard_rows():
    X, y = blobs((60, 20))
    _, _, sampler = resample(np.repeat(X, 2, axis=0), np.repeat(y, 2))
    assert sampler.fallback_share_ < 1


@pytest.mark.parametrize("options", [{}, {"gate": "knn"}, {"generator": "cgan", "positive_fraction": 0.5}], ids=str)
def test_no_new_row_is_a_copy_where_there_are_measurements(options):
    rng = np.random.RandomState(0)
    X, y = blobs((60, 20))
    X = (10 * X).round()  # many a row between two of them rounds to one of the two
    X[60:70] = X[70:] + (rng.uniform(size=(10, 4)) < 0.3)
    new, _, sampler = new_rows(X, y, k_neighbors=1, **options)
    copies = (new[:, None] == X).all(axis=2).any(axis=1)
    assert not copies[sampler.sample_info_["kind"][sampler.is_synthetic_] != "fallback"].any()
    loose, _, _ = new_rows(X, y, k_neighbors=1, **{**options, "gate": None})
    assert (loose[:, None] == X).all(axis=2).any() or "generator" in options


@pytest.mark.parametrize("make", [np.asarray, lambda X: pd.DataFrame(X).add_prefix("x"), pl.DataFrame, list])
def test_a_gate_of_ones_own_gets_rows_as_the_caller_has_them_and_is_obeyed(make):
    X, y = blobs()
    X, seen = make(X), []

    def gate(rows, label):
        seen.append((type(rows), label))
        return as_matrix(rows)[:, 0] > 2.0

    new, labels, sampler = new_rows(X, y, gate=gate, sampling_strategy={1: 40, 2: 20})
    assert {kind for kind, _ in seen} == {type(X)}
    assert {label for _, label in seen} == {1, 2}
    kinds = sampler.sample_info_["kind"][sampler.is_synthetic_]
    assert (new[kinds != "fallback", 0] > 2.0).all()
    assert (kinds != "fallback").any()
    assert np.bincount(labels).tolist() == [0, 20, 10]


def nothing(rows, label):
    return np.zeros(len(rows), dtype=bool)


def test_where_nothing_passes_rows_are_interpolated():
    X, y = blobs()
    new, labels, sampler = new_rows(X, y, gate=nothing)
    assert np.bincount(labels).tolist() == [0, 40, 50]
    info = sampler.sample_info_[sampler.is_synthetic_]
    assert (info["kind"] == "fallback").all()
    assert ((info["position"] >= 0) & (info["position"] <= 1)).all()
    assert np.allclose(new, X[info["seed"]] + info["position"][:, None] * (X[info["partner"]] - X[info["seed"]]))
    assert sampler.fallback_share_ == 1
    assert sampler.acceptance_rate_ == {1: 0, 2: 0}
    assert ((info["confidence"] > 0) & (info["confidence"] < 1)).all()


def test_interpolated_rows_are_valid_rows():
    X, y = mixed()
    X_all, _, sampler = resample(X, y, gate=nothing)
    new = X_all[sampler.is_synthetic_]
    assert np.array_equal(new["c"], new["c"].round(1))
    assert new["c"].nunique() > 5
    assert X_all.dtypes.equals(X.dtypes)


@pytest.mark.parametrize(
    "answer", [lambda rows: [1] * len(rows), lambda rows: [True], lambda rows: True], ids=["numbers", "one", "scalar"]
)
def test_a_gate_that_returns_no_mask_is_refused(answer):
    with pytest.raises(ValueError, match="gate must return a mask"):
        resample(*blobs(), gate=lambda rows, label: answer(rows))


def test_where_nothing_passes_an_error_can_be_asked_for():
    with pytest.raises(ValueError, match=r"class .*1.* 40 of the rows wanted did not pass the gate"):
        resample(*blobs(), gate=nothing, fallback="raise")


def test_where_nothing_passes_there_can_be_fewer_rows():
    X, y = blobs()
    with pytest.warns(ResamplingWarning, match="rows fewer than asked for") as caught:
        X_all, y_all, sampler = resample(X, y, gate=nothing, fallback="fewer")
    assert [str(w.message).split("got ")[1].split(" rows")[0] for w in caught] == ["40", "50"]
    assert np.array_equal(X_all, X)
    assert np.array_equal(y_all, y)
    assert not sampler.is_synthetic_.any()
    assert sampler.parent_indices_.shape == (0, 2)


def test_fewer_rows_are_those_that_passed():
    passed = []

    def gate(rows, label):
        good = (np.arange(len(rows)) == 3) & (len(passed) < 7)
        passed.extend(rows[good].tolist())
        return good

    with pytest.warns(ResamplingWarning, match="got 33 rows fewer"):
        new, labels, sampler = new_rows(*blobs(), gate=gate, fallback="fewer", sampling_strategy={1: 60})
    assert new.tolist() == passed
    assert labels.tolist() == [1] * 7
    assert 0 < sampler.acceptance_rate_[1] < 0.05


@pytest.mark.parametrize("generator", ["linear", "cgan"])
def test_convincing_candidates_are_kept_more_often(generator):
    X, y = blobs((60, 30), apart=0.7)
    mean = {}
    for power in (0, 6):
        _, _, sampler = resample(X, y, gate=None, confidence_power=power, generator=generator, max_steps=60)
        mean[power] = sampler.sample_info_["confidence"][sampler.is_synthetic_].mean()
    assert mean[6] > mean[0] + 0.03


# ------------------------------------------------------------------------------------------------ edge cases
def one_class_of(n_rows):
    return blobs((60, n_rows))


def all_levels():
    rng = np.random.RandomState(0)
    X = pd.DataFrame({"a": rng.choice(list("abc"), 80), "b": rng.choice(list("xy"), 80)})
    return X, np.repeat([0, 1], [60, 20])


EDGES = {
    "two rows": lambda: one_class_of(2),
    "three classes, two of one row": lambda: blobs((60, 1, 1)),
    "one row each and a second of one": lambda: blobs((2, 1)),
    "12 classes": lambda: blobs((4, *[3] * 11)),
    "duplicates": lambda: (np.repeat(blobs((10, 5))[0], 6, axis=0), np.repeat([0, 1], [60, 30])),
    "one constant column": lambda: (np.column_stack([blobs()[0], np.ones(90)]), blobs()[1]),
    "one column missing altogether": lambda: (np.column_stack([blobs()[0], np.full(90, np.nan)]), blobs()[1]),
    "levels only": all_levels,
    "integers": lambda: ((10 * blobs()[0]).astype(int), blobs()[1]),
    "few integers": lambda: (blobs()[0].astype(int), blobs()[1]),
    "one column": lambda: (blobs()[0][:, :1], blobs()[1]),
    "fewer rows than a batch": lambda: blobs((5, 3)),
    "more columns than rows": lambda: blobs((8, 4), 30),
    "huge numbers": lambda: (blobs()[0] * 1e12, blobs()[1]),
}


@pytest.mark.parametrize("generator", ["linear", "cgan"])
@pytest.mark.parametrize("edge", EDGES)
@pytest.mark.filterwarnings("ignore:The new rows are much alike", "ignore:.*has one row")
def test_odd_tables_get_exact_amounts(edge, generator):
    X, y = EDGES[edge]()
    X_all, y_all, sampler = resample(X, y, generator=generator, positive_fraction=0.5)
    assert set(np.bincount(y_all)) == {np.bincount(y).max()}
    assert np.asarray(X_all).dtype == np.asarray(X).dtype
    assert (y[sampler.parent_indices_[:, 0]] == y_all[len(y) :]).all()
    if np.asarray(X).dtype.kind == "f":
        assert np.array_equal(np.isnan(X_all).all(axis=0), np.isnan(X).all(axis=0))


def test_a_hundred_classes_get_exact_amounts():
    X, y = blobs((4, *[3] * 99))
    _, y_all, sampler = resample(X, y, gate=None)
    assert (np.bincount(y_all) == 4).all()
    assert sampler.sample_triplets(200, X, y).shape == (200, 3)


@pytest.mark.parametrize("generator", ["linear", "cgan"])
def test_a_class_of_one_row_gets_rows_that_are_no_copies(generator):
    X, y = one_class_of(1)
    with pytest.warns(ResamplingWarning, match="has one row: how its rows vary is borrowed"):
        new, _, sampler = new_rows(X, y, generator=generator)
    kinds = sampler.sample_info_["kind"][sampler.is_synthetic_]
    assert (np.abs(new - X[-1]).max(axis=1)[kinds != "fallback"] > 1e-6).all()
    assert len(np.unique(new.round(6), axis=0)) > 30
    assert (sampler.parent_indices_ == [60, -1]).all()


def test_a_table_of_constants_gets_copies():
    X_all, y_all, _ = resample(np.ones((80, 3)), blobs((60, 20))[1])
    assert (X_all == 1).all()
    assert np.bincount(y_all).tolist() == [60, 60]


@pytest.mark.parametrize("make", [np.asarray, pd.DataFrame], ids=["numpy", "pandas"])
def test_a_balanced_table_comes_back_as_it_is(make):
    X, y = blobs((30, 30))
    X = make(X)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        X_all, y_all, sampler = resample(X, y)
    assert np.array_equal(X_all, X)
    assert np.array_equal(y_all, y)
    assert not sampler.is_synthetic_.any()
    assert sampler.parent_indices_.shape == (0, 2)
    assert sampler.report_ == {}
    assert len(sampler.sample_info_) == 60


def test_a_balanced_table_can_be_augmented():
    X, y = blobs((30, 30))
    assert np.bincount(resample(X, y, sampling_strategy={0: 40, 1: 50})[1]).tolist() == [40, 50]


@pytest.mark.parametrize(
    ("X", "y", "error", "sentence"),
    [
        (blobs()[0], np.zeros(90), ValueError, "needs to have more than 1 class"),
        (sparse.csr_matrix(blobs()[0]), blobs()[1], TypeError, "[Ss]parse"),
        (blobs()[0][:, 0], blobs()[1], ValueError, "Expected 2D array, got 1D array"),
        (pd.Series(blobs()[0][:, 0]), blobs()[1], ValueError, "Expected 2D array, got 1D array"),
        (blobs()[0], None, ValueError, "requires y to be passed"),
        (blobs()[0], blobs()[1][:-1], ValueError, "inconsistent numbers of samples"),
        (blobs()[0], blobs()[0][:, 0], ValueError, "Unknown label type"),
        (np.where(blobs()[0] > 3, np.inf, blobs()[0]), blobs()[1], ValueError, "contains infinity"),
    ],
    ids=["one class", "sparse", "1-D", "Series", "no y", "lengths", "continuous", "infinite"],
)
def test_what_cannot_be_resampled_is_refused_in_a_sentence(X, y, error, sentence):
    with pytest.raises(error, match=sentence):
        resample(X, y)


@pytest.mark.parametrize(
    ("name", "value"),
    list(
        {
            "positive_fraction": 1.1,
            "stretch": -1,
            "hardness": "much",
            "gate": "cnn",
            "confidence_power": -1,
            "generator": "gan",
            "fallback": "copy",
            "k_neighbors": 0,
            "margin": 0,
            "warm_up": 1.0,
            "mining": "easy",
        }.items()
    ),
)
def test_parameters_out_of_range_are_named(name, value):
    with pytest.raises(ValueError, match=f"{name!r} parameter"):
        resample(*blobs(), **{name: value})


def test_unknown_loss_weights_are_named():
    with pytest.raises(ValueError, match=r"loss_weights names \['wasserstein'\]"):
        resample(*blobs(), loss_weights={"wasserstein": 1.0})
    for value in (-0.1, 1.1, None):
        with pytest.raises(ValueError, match="a share for 'synthetic'"):
            resample(*blobs(), loss_weights={"synthetic": value})


# ------------------------------------------------------------------------------------------------ the training
def test_the_gan_really_makes_the_rows():
    X, y = blobs()
    options = {"gate": None, "confidence_power": 0}
    (line, _, linear), (moved, _, cgan) = (new_rows(X, y, generator=name, **options) for name in ("linear", "cgan"))
    assert np.array_equal(linear.parent_indices_, cgan.parent_indices_)
    for new, sampler, low, high in ((line, linear, 1, 1), (moved, cgan, 0, 0.9)):
        info = sampler.sample_info_[sampler.is_synthetic_]
        straight = X[info["seed"]] + info["position"][:, None] * (X[info["partner"]] - X[info["seed"]])
        inside = (straight > X.min(axis=0)) & (straight < X.max(axis=0))
        assert low <= (np.abs(new - straight)[inside] < 1e-6).mean() <= high
    assert linear.positive_generator_ is linear.negative_generator_ is linear.discriminator_ is None
    assert None not in (cgan.positive_generator_, cgan.negative_generator_, cgan.discriminator_)


@pytest.mark.parametrize("kind", [POSITIVE, NEGATIVE], ids=["positives", "negatives"])
def test_rows_of_the_gan_are_what_its_generators_say(kind):
    X, y = blobs()
    new, labels, sampler = new_rows(X, y, generator="cgan", positive_fraction=float(kind == POSITIVE), gate=None,
                                    confidence_power=0, sampling_strategy="not majority")  # fmt: skip
    info = sampler.sample_info_[sampler.is_synthetic_]
    low, high = sampler.encoder_.encode(X).min(axis=0), sampler.encoder_.encode(X).max(axis=0)
    encoded, z, made = sampler.encoder_.encode(X), sampler.embed(X), sampler.encoder_.encode(new)
    member, u = np.eye(3)[labels], info["position"][:, None]

    def through(network, *parts):
        with torch.no_grad():
            return network(torch.from_numpy(np.hstack(parts)).float()).double().numpy()

    if kind == POSITIVE:
        ends = [through(sampler.positive_generator_, z[rows], member) for rows in (info["seed"], info["partner"])]
        between = through(sampler.positive_generator_, z[info["seed"]] * (1 - u) + z[info["partner"]] * u, member)
        bend = between - (1 - u) * ends[0] - u * ends[1]
        expected = encoded[info["seed"]] * (1 - u) + encoded[info["partner"]] * u + bend
        assert np.abs(bend).max() > 1e-3
        assert np.allclose(made, np.clip(expected, low, high), atol=1e-4)
    else:
        assert np.isnan(info["position"]).all()
        ends = Drawing(
            Table(X, encoded, y, z), np.zeros(4, dtype=bool), strength=sampler.curriculum_["strength"], threshold=0.0,
            k_neighbors=5, share_variation=0.0,
        ).stretched_places(info["partner"], info["positive"])  # fmt: skip
        step = np.tanh(through(sampler.negative_generator_, *ends, z[info["seed"]], member))
        ranges = [np.subtract(*np.quantile(encoded[y == label], [0.75, 0.25], axis=0)) for label in range(3)]
        whole = np.array(ranges)[labels] * step
        inside = (made > low + 1e-9) & (made < high - 1e-9) & (np.abs(whole) > 1e-3)
        share = ((made - encoded[info["seed"]]) / whole)[inside]
        assert share.min() > -1e-3
        assert share.max() < 1 + 1e-3
        assert share.mean() == pytest.approx(0.5, abs=0.1)


def test_loss_weights_of_the_gan_matter_to_the_gan_alone():
    X, y = blobs()
    for generator in ("linear", "cgan"):
        rows = [new_rows(X, y, generator=generator, loss_weights=weights)[0] for weights in (None, {"adversarial": 0})]
        assert np.array_equal(*rows) == (generator == "linear")


@pytest.mark.parametrize("mining", ["all", "semihard", "hard"])
@pytest.mark.parametrize("rule", ["controller", "loss"])
def test_the_history_tells_of_every_loss(mining, rule):
    sampler = HardTripletSampler(**{**QUICK, "max_steps": 50}, mining=mining, threshold_rule=rule).fit(*blobs())
    assert [record["step"] for record in sampler.history_] == [0, 20, 40, 50]
    assert set(sampler.history_[-1]) == {"step", "seconds", "classifier_loss", "triplet_loss", "synthetic_loss",
                                         "threshold"}  # fmt: skip
    assert sampler.curriculum_["strength"] == pytest.approx(2.0 * (49 / 50 - 0.25) / 0.75)
    assert sampler.curriculum_["threshold"] <= 0
    other = HardTripletSampler(**{**QUICK, "max_steps": 50}, mining="hard" if mining == "all" else "all").fit(*blobs())
    assert sampler.history_[1]["triplet_loss"] != other.history_[1]["triplet_loss"]
    assert sampler.set_params(n_components=3).fit(*blobs()).embed(blobs()[0]).shape == (90, 3)


def test_a_tenth_of_every_class_of_ten_is_held_out():
    labels = np.random.RandomState(0).permutation(np.repeat(np.arange(4), [200, 35, 10, 9]))
    found = _held_out(labels, np.random.RandomState(0))
    assert np.bincount(labels[found], minlength=4).tolist() == [20, 4, 2, 0]
    assert len(set(found)) == len(found)
    assert len(_held_out(np.arange(5), np.random.RandomState(0))) == 0


def test_patience_ends_the_training_and_keeps_the_best_state(monkeypatch):
    from skgan_resample._nn import training

    results = []

    def watched(*args, **kwargs):
        results.append(original(*args, **kwargs))
        return results[-1]

    original = training.train
    monkeypatch.setattr(training, "train", watched)
    options = {**QUICK, "max_steps": 400, "learning_rate": 0.3}
    X, y = blobs((60, 40))
    sampler = HardTripletSampler(**options, patience=2).fit(X, y)
    scores = {record["step"]: record["score"] for record in sampler.history_}
    assert results[0].stop_reason == "patience"
    assert sampler.history_[-1]["step"] == results[0].best_step + 40 < 400
    assert min(scores.values()) == scores[results[0].best_step]
    for ours, kept in zip(sampler.embedding_network_.state_dict().values(), results[0].best_state["encoder"].values()):
        assert torch.equal(ours, kept)
    slow = {**options, "learning_rate": 0.003, "patience": 2}
    steps = [HardTripletSampler(**slow, tol=tol).fit(X, y).history_[-1]["step"] for tol in (1.0, 0.0)]
    assert steps[0] == 40 < steps[1]
    assert sampler.best_step_ == results[0].best_step
    with pytest.warns(ResamplingWarning, match="patience has no effect: no class has 10 rows"):
        HardTripletSampler(**QUICK, patience=1).fit(*blobs((9, 5)))
    without = HardTripletSampler(**QUICK).fit(X, y)
    assert all("score" not in record for record in without.history_)


def test_training_ends_in_time():
    sampler = HardTripletSampler(**{**QUICK, "max_steps": 10**6}, max_time=0.2).fit(*blobs())
    assert sampler.history_[-1]["step"] < 10**6


def test_progress_is_printed_only_when_asked_for(capsys):
    HardTripletSampler(**QUICK).fit(*blobs())
    assert capsys.readouterr().out == ""
    sampler = HardTripletSampler(**{**QUICK, "max_steps": 40}, verbose=1).fit(*blobs())
    assert capsys.readouterr().out.count("[HardTripletSampler] step") == len(sampler.history_) == 3


@pytest.mark.skipif(not has_callbacks, reason="sklearn.callback came with scikit-learn 1.9")
def test_callbacks_get_every_record_and_can_end_the_training():
    class Recorder:
        def __init__(self, n_records=None):
            self.records, self.n_records = [], n_records

        def setup(self, estimator, context):
            pass

        def on_fit_task_begin(self, estimator, context, **given):
            pass

        def on_fit_task_end(self, estimator, context, **given):
            if hasattr(context, "record"):
                self.records.append(context.record)
            return len(self.records) == self.n_records

        def teardown(self, estimator, context):
            pass

    recorder, stopper = Recorder(), Recorder(2)
    sampler = HardTripletSampler(**{**QUICK, "max_steps": 40}).set_callbacks(recorder)
    sampler.fit_resample(*blobs())
    assert recorder.records == sampler.history_
    stopped = HardTripletSampler(**{**QUICK, "max_steps": 1000}).set_callbacks(stopper).fit(*blobs())
    assert len(stopped.history_) == 2


def diverged():
    with pytest.warns(ResamplingWarning, match="diverged, so nothing was learned"):
        return resample(*blobs(), learning_rate=1e30)


def test_a_training_that_diverges_leaves_exact_amounts_and_one_warning():
    _, y_all, sampler = diverged()
    assert np.bincount(y_all).tolist() == [60, 60, 60]
    assert sampler.embedding_network_ is sampler.curriculum_ is None
    assert np.allclose(sampler.sample_info_["confidence"], 1 / 3)
    assert sampler.fallback_share_ == 1


@pytest.mark.parametrize(
    "ask",
    [lambda sampler, X, y: sampler.embed(X), lambda sampler, X, y: sampler.sample_triplets(5, X, y)],
    ids=["embed", "triplets"],
)
def test_after_divergence_there_is_no_embedding_but_a_sentence(ask):
    X_all, y_all, sampler = diverged()
    with pytest.raises(ValueError, match="The training diverged, so there is no embedding"):
        ask(sampler, X_all, y_all)


def test_no_hidden_layer_is_possible_with_every_generator():
    for generator in ("linear", "cgan"):
        resample(*blobs(), generator=generator, hidden_layer_sizes=())


# ------------------------------------------------------------------------------------------------ as an estimator
def everything(sampler, X, y):
    X_all, y_all = sampler.fit_resample(X, y)
    return X_all.tobytes() + y_all.tobytes() + sampler.sample_info_.tobytes() + sampler.embed(X).tobytes()


@pytest.mark.parametrize("options", [{}, {"generator": "cgan", "positive_fraction": 0.5, "patience": 1}], ids=str)
def test_the_same_seed_gives_the_same_bytes_and_another_one_other_rows(options):
    X, y = blobs()
    sampler = HardTripletSampler(**{**QUICK, **options})
    torch.manual_seed(1)
    first = everything(sampler, X, y)
    torch.manual_seed(2)
    assert everything(sampler, X, y) == everything(clone(sampler), X, y) == first
    generator = clone(sampler).set_params(random_state=np.random.RandomState(0))
    assert everything(generator, X, y) == first
    assert everything(generator, X, y) != first  # the RandomState has moved on
    assert everything(clone(sampler).set_params(random_state=1), X, y) != first


def test_fit_learns_what_fit_resample_learns():
    X, y = blobs()
    fitted, resampled = HardTripletSampler(**QUICK).fit(X, y), resample(X, y)[2]
    assert np.array_equal(fitted.embed(X), resampled.embed(X))
    assert fitted.sampling_strategy_ == resampled.sampling_strategy_
    assert not hasattr(fitted, "is_synthetic_")


def test_random_states_and_threads_of_the_caller_are_left_alone():
    X, y = blobs()
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        before = torch.get_rng_state(), pickle.dumps(np.random.get_state()), random.getstate()  # noqa: NPY002
        X_all, y_all, sampler = resample(X, y, generator="cgan")
        sampler.sample_triplets(10, X_all, y_all, random_state=0)
        sampler.sample_pairs(10, X_all, y_all, random_state=0)
        after = torch.get_rng_state(), pickle.dumps(np.random.get_state()), random.getstate()  # noqa: NPY002
        assert torch.equal(before[0], after[0])
        assert before[1:] == after[1:]
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(threads)


def through_joblib(sampler):
    buffer = io.BytesIO()
    joblib.dump(sampler, buffer)
    buffer.seek(0)
    return joblib.load(buffer)


def through_skops(sampler):
    skops = pytest.importorskip("skops.io")
    stored = skops.dumps(sampler)
    return skops.loads(stored, trusted=skops.get_untrusted_types(data=stored))


WAYS = {
    "pickle": lambda sampler: pickle.loads(pickle.dumps(sampler)),
    "joblib": through_joblib,
    "deepcopy": copy.deepcopy,
    "skops": through_skops,
}


@pytest.mark.parametrize("generator", ["linear", "cgan"])
@pytest.mark.parametrize("way", WAYS)
def test_a_copy_embeds_and_picks_as_the_original_whatever_was_set_since(way, generator):
    X, y = blobs()
    _, _, sampler = resample(X, y, generator=generator, store_rows=True)
    expected, picked = sampler.embed(X), sampler.sample_triplets(20, random_state=0)
    sampler.set_params(hidden_layer_sizes=(3, 3), n_components=2, generator="linear", gate=None, store_rows=False)
    other = WAYS[way](sampler)
    for one in (sampler, other):
        assert np.array_equal(one.embed(X), expected)
        assert np.array_equal(one.sample_triplets(20, random_state=0), picked)
    assert np.array_equal(other.sample_info_, sampler.sample_info_)
    for name in ("embedding_network_", "classifier_network_", "positive_generator_", "discriminator_"):
        assert (getattr(other, name) is None) == (getattr(sampler, name) is None)


def test_a_fitted_sampler_is_stored_by_skops():
    X, y = blobs()
    sampler = HardTripletSampler(**QUICK).fit(X, y)
    assert np.array_equal(through_skops(sampler).embed(X), sampler.embed(X))


def test_a_pickle_weighs_no_torch():
    assert b"torch" not in pickle.dumps(resample(*blobs(), generator="cgan")[2])


def test_a_grid_search_resamples_within_the_folds_alone():
    X, y = blobs((60, 20, 15), apart=0.8)
    pipeline = Pipeline([("sample", HardTripletSampler(**QUICK)), ("knn", KNeighborsClassifier(3))])
    folds = StratifiedKFold(2)
    search = GridSearchCV(pipeline, {"sample__positive_fraction": [0.0, 1.0]}, cv=folds, scoring="balanced_accuracy")
    search.fit(X, y)
    for share, score in zip((0.0, 1.0), search.cv_results_["mean_test_score"]):
        by_hand = []
        for train, test in folds.split(X, y):
            rows, labels, _ = resample(X[train], y[train], positive_fraction=share)
            guess = KNeighborsClassifier(3).fit(rows, labels).predict(X[test])
            by_hand.append(np.mean([(guess == y[test])[y[test] == label].mean() for label in range(3)]))
        assert score == pytest.approx(np.mean(by_hand))
    assert len(search.predict(X)) == len(X)


def test_a_later_fit_forgets_the_rows_of_an_earlier_one():
    X_all, y_all, sampler = resample(*blobs())
    sampler.fit(X_all, y_all)  # of the same length: all of them are real now
    with pytest.raises(ValueError, match="Which rows are synthetic"):
        sampler.sample_triplets(5, X_all, y_all, synthetic=True)


# ------------------------------------------------------------------------------------------------ triplets and pairs
@pytest.fixture(scope="module")
def picked_from():
    """A sampler that keeps its rows, and the rows."""
    X_all, y_all, sampler = resample(*blobs(apart=1.0), store_rows=True, sampling_strategy={1: 40, 2: 25})
    return sampler, X_all, y_all


def assert_valid(found, y, groups=None):
    anchor, positive, negative = found.T
    assert (y[anchor] == y[positive]).all()
    assert (anchor != positive).all()
    assert (y[anchor] != y[negative]).all()
    if groups is not None:
        assert (groups[found] == groups[anchor][:, None]).all()


def hardness_of(sampler, X, found):
    anchor, positive, negative = (sampler.embed(X)[rows] for rows in found.T)
    return np.linalg.norm(anchor - positive, axis=1) - np.linalg.norm(anchor - negative, axis=1)


@pytest.mark.parametrize("n", [1, 7, 2500])
def test_triplets_are_exactly_so_many_valid_and_spread_evenly(picked_from, n):
    sampler, _, y = picked_from
    found = sampler.sample_triplets(n, random_state=0)
    assert found.shape == (n, 3)
    assert found.dtype.kind == "i"
    assert_valid(found, y)
    assert np.ptp(np.bincount(y[found[:, 0]], minlength=3)) <= 1
    for label in range(3):
        assert np.ptp(np.bincount(found[:, 0], minlength=len(y))[y == label]) <= 1


@pytest.mark.parametrize(
    ("hardness", "low", "high"), [("hard", 0, np.inf), ("semihard", -0.2, 0), ((-0.6, -0.4), -0.6, -0.4)], ids=str
)
def test_triplets_have_the_hardness_asked_for(picked_from, hardness, low, high):
    sampler, X, y = picked_from
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = sampler.sample_triplets(400, hardness=hardness, random_state=0)
    assert_valid(found, y)
    value = hardness_of(sampler, X, found)
    assert (value >= low - 1e-6).all()
    assert (value <= high + 1e-6).all()
    everywhere = hardness_of(sampler, X, sampler.sample_triplets(400, random_state=0))
    assert not ((everywhere >= low) & (everywhere <= high)).all()


def test_triplets_that_are_not_as_hard_as_asked_for_are_counted_in_a_warning(picked_from):
    sampler, X, y = picked_from
    with pytest.warns(ResamplingWarning, match=r"100% of the triplets are not \(50.0, 60.0\)"):
        found = sampler.sample_triplets(30, hardness=(50.0, 60.0), random_state=0)
    assert_valid(found, y)
    assert hardness_of(sampler, X, found).min() > hardness_of(sampler, X, sampler.sample_triplets(300)).mean()


def test_where_no_triplet_is_hard_enough_the_nearest_to_it_is_taken():
    rng = np.random.RandomState(0)
    places, labels = rng.normal(size=(9, 2)), np.repeat(np.arange(3), 3)
    for low, high in [(9.0, 10.0), (-10.0, -9.0), (-0.5, -0.4999)]:
        found, hardness = pick_triplets(places, labels, 30, low, high, rng)
        assert_valid(found, labels)
        for (anchor, positive, negative), value in zip(found, hardness):
            apart = np.linalg.norm(places - places[anchor], axis=1)
            same = labels == labels[anchor]
            all_of_them = (apart[same & (np.arange(9) != anchor)][:, None] - apart[~same]).ravel()
            miss = np.maximum(np.maximum(low - all_of_them, all_of_them - high), 0)
            assert value == pytest.approx(apart[positive] - apart[negative])
            assert max(low - value, value - high, 0) == pytest.approx(miss.min())


def test_triplets_have_a_new_row_or_none_as_asked_for(picked_from):
    sampler, _, y = picked_from
    is_new = sampler.is_synthetic_
    found = {choice: sampler.sample_triplets(300, synthetic=choice, random_state=0) for choice in (True, False, None)}
    assert is_new[found[True]].any(axis=1).all()
    assert not is_new[found[False]].any()
    assert 0 < is_new[found[None]].any(axis=1).mean() < 1
    for triplets in found.values():
        assert_valid(triplets, y)


def test_triplets_of_real_rows_are_named_by_their_place_among_all_rows():
    rng = np.random.RandomState(0)
    places, labels, is_new = rng.normal(size=(60, 2)), rng.randint(3, size=60), rng.uniform(size=60) < 0.5
    groups = rng.randint(2, size=60)
    options = {"is_synthetic": is_new, "synthetic": False, "groups": groups}
    found, hardness = pick_triplets(places, labels, 100, -np.inf, np.inf, rng, **options)
    assert not is_new[found].any()
    assert_valid(found, labels, groups)
    anchor, positive, negative = places[found].transpose(1, 0, 2)
    expected = np.linalg.norm(anchor - positive, axis=1) - np.linalg.norm(anchor - negative, axis=1)
    assert np.allclose(hardness, expected)


def test_a_single_new_row_is_in_every_triplet_that_must_have_one():
    X, y = blobs((150, 150))
    X_all, y_all, sampler = resample(X, y, sampling_strategy={1: 151})
    found = sampler.sample_triplets(200, X_all, y_all, synthetic=True, random_state=0)
    assert (found == 300).any(axis=1).all()
    assert_valid(found, y_all)


def test_groups_are_respected(picked_from):
    sampler, _, y = picked_from
    groups = np.random.RandomState(0).randint(12, size=len(y))
    found = sampler.sample_triplets(500, groups=[f"day {group}" for group in groups], random_state=0)
    assert_valid(found, y, groups)
    pairs, _ = sampler.sample_pairs(500, groups=groups, random_state=0)
    assert np.array_equal(groups[pairs[:, 0]], groups[pairs[:, 1]])


def test_pairs_are_half_of_one_class_and_half_of_two(picked_from):
    sampler, _, y = picked_from
    for n in (1, 8, 501):
        pairs, similar = sampler.sample_pairs(n, random_state=0)
        assert pairs.shape == (n, 2)
        assert (similar == 1).sum() == -(-n // 2)
        assert set(similar) <= {1, -1}
        assert np.array_equal(np.where(y[pairs[:, 0]] == y[pairs[:, 1]], 1, -1), similar)
        assert (pairs[:, 0] != pairs[:, 1]).all()
    for sign in (1, -1):
        assert np.ptp(np.bincount(y[pairs[similar == sign, 0]])) <= 1
    assert 0.3 < (similar[:-1] != similar[1:]).mean() < 0.7  # in random order


def test_rows_are_the_rows_of_the_indices_in_the_shapes_of_metric_learn(picked_from):
    sampler, X, _ = picked_from
    rows = sampler.sample_triplets(50, output="rows", random_state=0)
    assert rows.shape == (50, 3, 4)
    assert np.array_equal(rows, X[sampler.sample_triplets(50, random_state=0)])
    pairs, similar = sampler.sample_pairs(50, output="rows", random_state=0)
    indices, similar_again = sampler.sample_pairs(50, random_state=0)
    assert pairs.shape == (50, 2, 4)
    assert np.array_equal(pairs, X[indices])
    assert np.array_equal(similar, similar_again)


def test_rows_with_levels_come_encoded():
    X_all, y_all, sampler = resample(*mixed())
    found = sampler.sample_triplets(20, X_all, y_all, output="rows", random_state=0)
    indices = sampler.sample_triplets(20, X_all, y_all, random_state=0)
    assert np.array_equal(found, sampler.encoder_.encode(X_all)[indices])
    assert np.isfinite(found).all()


def test_triplets_need_rows_stored_or_passed(picked_from):
    sampler, X, y = picked_from
    assert np.array_equal(
        sampler.sample_triplets(40, random_state=3), sampler.sample_triplets(40, X, y, random_state=3)
    )
    names = pd.DataFrame({"class": np.array(["a", "b", "c"])[y]})
    assert np.array_equal(sampler.sample_triplets(40, X, names, random_state=3),
                          sampler.sample_triplets(40, X, np.eye(3, dtype=int)[y], random_state=3))  # fmt: skip
    again = copy.deepcopy(sampler).set_params(store_rows=False)
    again.fit(*blobs())
    with pytest.raises(ValueError, match="Pass X and y"):
        again.sample_triplets(5)
    forgetful = resample(*blobs())[2]
    for ask in (forgetful.sample_triplets, forgetful.sample_pairs):
        with pytest.raises(ValueError, match=r"Pass X and y.*or set store_rows=True"):
            ask(5)
        with pytest.raises(ValueError, match="Pass X and y together"):
            ask(5, X)
        with pytest.raises(ValueError, match="inconsistent numbers"):
            ask(5, X, y[:-1])


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"hardness": "easy"}, "hardness='easy' is none of"),
        ({"hardness": 0.3}, "neither a name nor a lower and an upper bound"),
        ({"hardness": (0.3, 0.1)}, "neither a name nor a lower and an upper bound"),
        ({"output": "row"}, "output='row' is neither"),
        ({"n_triplets": 0}, "at least 1"),
        ({"n_triplets": 2.5}, "whole number"),
        ({"groups": [1, 2]}, "inconsistent numbers"),
        ({"X": blobs()[0][:50], "y": blobs()[1][:50], "synthetic": True}, "Which rows are synthetic"),
        ({"X": blobs()[0][:50, 0], "y": blobs()[1][:50]}, "Expected 2D array"),
        ({"X": blobs()[0][:50], "y": np.arange(50)}, "There is no triplet"),
        ({"X": blobs()[0][:50], "y": np.zeros(50, dtype=int)}, "There is no triplet"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_what_cannot_be_picked_is_refused_in_a_sentence(picked_from, options, sentence):
    with pytest.raises(ValueError, match=sentence):
        picked_from[0].sample_triplets(**{"n_triplets": 5, **options})


def test_triplets_with_a_new_row_are_refused_where_there_is_none():
    X, y = blobs((30, 30))
    sampler = resample(X, y)[2]
    with pytest.raises(ValueError, match="no synthetic row to make triplets with"):
        sampler.sample_triplets(5, X, y, synthetic=True)


def test_picking_is_reproducible(picked_from):
    sampler, *_ = picked_from
    for ask in (sampler.sample_triplets, lambda n, random_state: sampler.sample_pairs(n, random_state=random_state)[0]):
        assert np.array_equal(ask(50, random_state=1), ask(50, random_state=1))
        assert not np.array_equal(ask(50, random_state=1), ask(50, random_state=2))
        assert not np.array_equal(ask(50, random_state=None), ask(50, random_state=None))


def test_picking_holds_no_matrix_of_all_rows():
    rng = np.random.RandomState(0)
    n_rows = 20_000  # a matrix of all of them: 3.2 GB
    places, labels = rng.normal(size=(n_rows, 2)), rng.randint(3, size=n_rows)
    tracemalloc.start()
    try:
        found, _ = pick_triplets(places, labels, 10_000, 0.0, np.inf, rng)
        pairs, _ = pick_pairs(labels, 3000, rng)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert_valid(found, labels)
    assert len(pairs) == 3000
    assert peak < 40e6  # ten thousand anchors looked at together would be more as well


@settings(max_examples=60, deadline=None, derandomize=True)
@given(rows=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2)), min_size=1, max_size=14))
def test_runs_reach_all_rows_of_the_right_classes_and_no_others(rows):
    labels, groups = np.array(rows).T
    runs, every = Runs(labels, groups), np.arange(len(rows))
    expected = {}
    for row in every:
        near = groups == groups[row]
        same = labels == labels[row]
        expected[row] = set(every[near & same]) - {row}, set(every[near & ~same])
    anchors = runs.anchors()
    assert set(anchors) == {row for row, (positives, negatives) in expected.items() if positives and negatives}
    rng = np.random.RandomState(0)
    for row, *found in zip(anchors, runs.positives(anchors, 300, rng), runs.negatives(anchors, 300, rng)):
        assert (set(found[0]), set(found[1])) == expected[row]


def test_triplets_of_indices_and_of_rows_cost_the_same_in_pytorch_metric_learning(picked_from):
    pytest.importorskip("pytorch_metric_learning")
    from pytorch_metric_learning.losses import TripletMarginLoss
    from pytorch_metric_learning.miners import EmbeddingsAlreadyPackagedAsTriplets

    sampler, X, y = picked_from
    found = sampler.sample_triplets(200, hardness="semihard", random_state=0)
    z, loss = torch.from_numpy(sampler.embed(X)).float(), TripletMarginLoss(margin=0.2)
    by_index = loss(z, torch.from_numpy(y), tuple(torch.as_tensor(found.T)))
    interleaved = torch.as_tensor(found.ravel())  # a, p, n, a, p, n, ...
    labels = torch.from_numpy(y)[interleaved]
    packaged = loss(z[interleaved], labels, EmbeddingsAlreadyPackagedAsTriplets()(z[interleaved], labels))
    assert by_index.item() == pytest.approx(packaged.item(), rel=1e-5)
    assert by_index.item() > 0


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
@pytest.mark.parametrize("generator", ["linear", "cgan"])
def test_a_model_fitted_on_the_gpu_embeds_on_the_cpu(generator):
    X, y = blobs((60, 20))
    sampler = HardTripletSampler(generator=generator, device="cuda", max_steps=20, random_state=0)
    X_new, y_new = sampler.fit_resample(X, y)
    assert np.isfinite(X_new).all()
    assert np.bincount(y_new).tolist() == [60, 60]
    loaded = pickle.loads(pickle.dumps(sampler))
    loaded.device_ = "cpu"
    np.testing.assert_allclose(loaded.embed(X), sampler.embed(X), atol=1e-4)
