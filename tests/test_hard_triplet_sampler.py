"""HardTripletSampler: how many rows it makes and of which, their containers, odd tables, and as an estimator."""

import pickle
import warnings
from collections import Counter

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import torch
from _hard_triplet_data import QUICK, SIZES, blobs, mixed, new_rows, resample
from _shared import COPIES, through_skops
from imblearn.pipeline import Pipeline
from scipy import sparse
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.neighbors import KNeighborsClassifier

from skgan_resample import HardTripletSampler, ResamplingWarning


# ------------------------------------------------------------------------------------------------ how many rows
def twice_the_second(y):
    return {1: 2 * (y == 1).sum()}


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
        (twice_the_second, (60, 40, 10)),
    ],
    ids=lambda value: getattr(value, "__name__", str(value)),
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
@pytest.mark.slow
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
    X_all, _, sampler = resample(X, y, generator=generator, positive_fraction=0.5, filter=None)
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
@pytest.mark.slow
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
    new, labels, sampler = new_rows(X, y, positive_fraction=0.5, confidence_power=0, filter=None)
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
    new, _, sampler = new_rows(X, y, filter=None)
    info = sampler.sample_info_[sampler.is_synthetic_]
    borrowed = info["donor"][:, 0] >= 0
    assert 0 < borrowed.mean() < 1
    first, second = info["donor"][borrowed].T
    line = X[info["seed"]] + info["position"][:, None] * (X[info["partner"]] - X[info["seed"]])
    line[borrowed] = X[info["seed"][borrowed]] + info["position"][borrowed][:, None] * (X[second] - X[first])
    assert np.allclose(new, np.clip(line, X.min(axis=0), X.max(axis=0)))
    assert (y[info["donor"][borrowed]] == 0).all()
    assert (info["partner"] == -1).tolist() == borrowed.tolist()


def test_partners_are_near_rows_of_the_class():
    X, y = blobs()
    *_, sampler = new_rows(X, y, k_neighbors=3, filter=None)
    scaled = (X - X.mean(axis=0)) / X.std(axis=0)
    info = sampler.sample_info_[sampler.is_synthetic_]
    for seed, partner in zip(info["seed"], info["partner"]):
        others = np.setdiff1d(np.flatnonzero(y == y[seed]), [seed])
        nearest = others[np.argsort(np.linalg.norm(scaled[others] - scaled[seed], axis=1))[:3]]
        assert partner in nearest


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
@pytest.mark.slow
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
    _, y_all, sampler = resample(X, y, filter=None)
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
            "filter": "cnn",
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


# ------------------------------------------------------------------------------------------------ as an estimator
def everything(sampler, X, y):
    X_all, y_all = sampler.fit_resample(X, y)
    return X_all.tobytes() + y_all.tobytes() + sampler.sample_info_.tobytes() + sampler.embed(X).tobytes()


@pytest.mark.parametrize("options", [{}, {"generator": "cgan", "positive_fraction": 0.5, "patience": 1}], ids=str)
@pytest.mark.slow
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


@pytest.mark.usefixtures("give_back")
def test_random_states_and_threads_of_the_caller_are_left_alone():
    X_all, y_all, sampler = resample(*blobs(), generator="cgan")
    sampler.sample_triplets(10, X_all, y_all, random_state=0)
    sampler.sample_pairs(10, X_all, y_all, random_state=0)


@pytest.mark.parametrize("generator", ["linear", "cgan"])
@pytest.mark.parametrize("way", COPIES)
@pytest.mark.slow
def test_a_copy_embeds_and_picks_as_the_original_whatever_was_set_since(way, generator):
    X, y = blobs()
    _, _, sampler = resample(X, y, generator=generator, store_rows=True)
    expected, picked = sampler.embed(X), sampler.sample_triplets(20, random_state=0)
    sampler.set_params(
        network__hidden_layer_sizes=(3, 3), n_components=2, generator="linear", filter=None, store_rows=False
    )
    other = COPIES[way](sampler)
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


@pytest.mark.slow
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
