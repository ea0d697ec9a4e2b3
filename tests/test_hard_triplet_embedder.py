"""HardTripletEmbedder: which space it returns and why, and that tables, pipelines and pickles come through."""

import pickle
import warnings

import numpy as np
import pandas as pd
import polars as pl
import pytest
from _shared import COPIES
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skgan_resample import HardTripletEmbedder, ResamplingWarning, TripletNetworkOptions
from skgan_resample.metrics import recall_at_k

SMALL = TripletNetworkOptions(hidden_layer_sizes=(8,))
QUICK = {"generator": "linear", "max_steps": 10, "network": SMALL, "n_components": 4, "random_state": 0}
LEARNED = {**QUICK, "select": "learned"}


def table(n_rows=40, n_classes=2):
    rng = np.random.RandomState(0)
    y = np.arange(n_rows) % n_classes
    return rng.normal(size=(n_rows, 3)) + y[:, None], y


def mixed_table(n_rows=40):
    """Numbers and levels with missing cells, booleans, a constant and dates; three classes of strings."""
    rng = np.random.RandomState(0)
    y = np.array(["ant", "bee", "cat"])[np.arange(n_rows) % 3]
    frame = pd.DataFrame(
        {
            "size": np.where(np.arange(n_rows) % 7 == 0, np.nan, rng.normal(size=n_rows)),
            "shape": pd.Categorical(np.where(np.arange(n_rows) % 9 == 1, None, rng.choice(["u", "v"], n_rows))),
            "flag": rng.uniform(size=n_rows) > 0.5,
            "same": 1.0,
            "day": pd.date_range("2024-01-01", periods=n_rows),
        }
    )
    return frame, y


def hidden_in_noise(n_rows=120):
    """Two columns tell three classes; thirty columns of noise drown them in distances."""
    rng = np.random.RandomState(0)
    y = np.arange(n_rows) % 3
    angle = 2 * np.pi * y / 3
    X = rng.normal(size=(n_rows, 32))
    X[:, :2] = 2.2 * np.column_stack([np.cos(angle), np.sin(angle)]) + 0.7 * X[:, :2]
    return X, y


def patches():
    """A square of 6 x 6 patches, each of a class drawn for it: on a line patches of both classes lie on each other."""
    rng = np.random.RandomState(0)
    patch = np.arange(216) % 36
    X = np.column_stack(np.divmod(patch, 6)) + rng.uniform(-0.2, 0.2, size=(216, 2))
    return X, rng.permutation(36)[patch] % 2


def numbered(X, y):
    """A table that says of each row which one it is, by a level of its own: the same distance between any two rows."""
    numbers = [f"{number:04d}" for number in range(len(y))]
    return pd.DataFrame({"row": pd.Categorical(numbers), "x": np.asarray(X, dtype=float)}), np.asarray(y)


@pytest.fixture
def trainings(monkeypatch):
    """What each training was given: rows of a numbered table, their one number as the network gets it, labels."""
    seen = []
    train = HardTripletEmbedder._train_networks

    def recorded(self, rows, labels, n_classes, rng, **options):
        seen.append(
            {"rows": rows[:, :-1].argmax(axis=1), "x": rows[:, -1], "labels": labels, "n": n_classes, **options}
        )
        return train(self, rows, labels, n_classes, rng, **options)

    monkeypatch.setattr(HardTripletEmbedder, "_train_networks", recorded)
    return seen


def replace_space(monkeypatch, learn, place):
    """Let ``learn(rows, labels)`` stand for the training, and ``place(learned, rows)`` for the embedding of rows."""

    def train(self, rows, labels, n_classes, rng, **options):
        self.embedding_network_ = learn(rows, labels)

    monkeypatch.setattr(HardTripletEmbedder, "_train_networks", train)
    monkeypatch.setattr(HardTripletEmbedder, "_embedded", lambda self, rows: place(self.embedding_network_, rows))


# ------------------------------------------------------------------------------------------------ the choice
def test_learned_space_wins_where_noise_hides_the_classes():
    X, y = hidden_in_noise()
    embedder = HardTripletEmbedder(max_steps=50, network=SMALL, random_state=0).fit(X[:90], y[:90])
    assert embedder.selected_ == "learned"
    assert embedder.cv_results_["learned"].mean() > embedder.cv_results_["raw"].mean()
    near, far = embedder.transform(X[:90]), embedder.transform(X[90:])
    raw = StandardScaler().fit(X[:90])
    learned_score = KNeighborsClassifier().fit(near, y[:90]).score(far, y[90:])
    assert learned_score > KNeighborsClassifier().fit(raw.transform(X[:90]), y[:90]).score(
        raw.transform(X[90:]), y[90:]
    )


def test_raw_features_win_where_a_line_has_no_room_for_the_classes():
    X, y = patches()
    embedder = HardTripletEmbedder(**{**QUICK, "n_components": 1}, n_neighbors=1).fit(X, y)
    assert embedder.selected_ == "raw"
    assert_allclose(embedder.cv_results_["raw"], 1)
    assert embedder.cv_results_["learned"].mean() < 0.9
    assert_allclose(embedder.transform(X), StandardScaler().fit_transform(X))
    assert embedder.embedding_network_ is None
    assert embedder.history_ == []


def test_raw_features_are_kept_where_no_row_fares_otherwise():
    X, y = table()
    X = X + 100 * y[:, None]
    embedder = HardTripletEmbedder(**QUICK).fit(X, y)
    assert_allclose([embedder.cv_results_["raw"], embedder.cv_results_["learned"]], 1)
    assert embedder.selected_ == "raw"


@pytest.mark.parametrize(
    ("n_gained", "n_lost"), [(0, 0), (0, 1), (1, 4), (2, 4), (3, 4), (4, 4), (4, 3), (1, 0)], ids=str
)
def test_raw_features_must_be_better_by_more_than_one_standard_error(monkeypatch, n_gained, n_lost):
    """The two spaces put some rows, counted by hand, among those of the other class."""
    rng = np.random.RandomState(0)
    y = np.arange(60) % 2
    raw, learned = (np.where(y == 0, 0.0, 10.0) + rng.uniform(size=60) for _ in range(2))
    raw[:n_gained] = 10 - raw[:n_gained]
    learned[20 : 20 + n_lost] = 10 - learned[20 : 20 + n_lost]
    replace_space(monkeypatch, lambda rows, labels: "fake", lambda _, rows: learned[rows[:, :-1].argmax(axis=1), None])
    embedder = HardTripletEmbedder(n_neighbors=15, random_state=0).fit(*numbered(raw, y))
    assert embedder.cv_results_["raw"].mean() == pytest.approx(1 - n_gained / 60)
    assert embedder.cv_results_["learned"].mean() == pytest.approx(1 - n_lost / 60)
    gains = np.repeat([1.0, -1.0, 0.0], [n_gained, n_lost, 60 - n_gained - n_lost])
    clearly_better = -gains.mean() >= gains.std() / np.sqrt(60)
    assert embedder.selected_ == ("raw" if clearly_better else "learned")


def test_held_out_rows_never_enter_the_training(trainings):
    rng = np.random.RandomState(0)
    y = np.arange(45) % 3
    x = 3 * rng.gamma(1.0, size=45) + y
    X, y = numbered(x, y)
    embedder = HardTripletEmbedder(**QUICK).fit(X, y)
    held_out = [np.setdiff1d(np.arange(45), training["rows"]) for training in trainings[:3]]
    assert_array_equal(np.sort(np.concatenate(held_out)), np.arange(45))  # each row once
    for fold, (training, left) in enumerate(zip(trainings, held_out)):
        rows = training["rows"]
        assert_array_equal(np.bincount(y[left]), [5, 5, 5])  # stratified
        assert_array_equal(training["labels"], y[rows])
        assert_allclose(training["x"], (x[rows] - x[rows].mean()) / x[rows].std())  # the scale of these rows alone
        near, far = ((x[part, None] - x[rows].mean()) / x[rows].std() for part in (rows, left))
        oracle = KNeighborsClassifier(5).fit(near, y[rows])  # levels are equally far from each other
        assert embedder.cv_results_["raw"][fold] == pytest.approx(oracle.score(far, y[left]))
    assert [len(training["rows"]) for training in trainings[3:]] == [45] * (embedder.selected_ == "learned")


def test_a_space_that_knows_its_training_rows_by_heart_does_not_win(monkeypatch):
    X, y = table(60)
    X[:, 0] += 5 * y

    def by_heart(known, rows):
        return np.array([[known.get(row.tobytes(), 0.5)] for row in rows])

    replace_space(monkeypatch, lambda rows, labels: dict(zip(map(bytes, rows), labels.astype(float))), by_heart)
    embedder = HardTripletEmbedder(random_state=0).fit(X, y)
    assert embedder.selected_ == "raw"
    assert embedder.cv_results_["learned"].mean() < 0.7


def test_all_rows_train_the_final_space(trainings):
    X, y = numbered(np.arange(20.0), np.arange(20) % 2)
    HardTripletEmbedder(**LEARNED).fit(X, y)
    (only,) = trainings
    assert_array_equal(only["rows"], np.arange(20))
    assert_allclose(only["x"], StandardScaler().fit_transform(np.arange(20.0)[:, None])[:, 0])


def test_whole_classes_are_held_out_on_demand(trainings):
    rng = np.random.RandomState(0)
    y = np.arange(50) % 5
    x = rng.normal(size=50) + y
    embedder = HardTripletEmbedder(cv_by="classes", **QUICK).fit(*numbered(x, y))
    first, second = (training["rows"] for training in trainings[:2])
    assert set(y[first]) | set(y[second]) == set(range(5))
    assert not set(y[first]) & set(y[second])
    assert {training["n"] for training in trainings[:2]} == {2, 3}
    assert len(first) + len(second) == 50
    for fold, (rows, left) in enumerate([(first, second), (second, first)]):
        assert_allclose(trainings[fold]["x"], (x[rows] - x[rows].mean()) / x[rows].std())
        assert_array_equal(np.unique(trainings[fold]["labels"]), np.arange(trainings[fold]["n"]))
        scaled = (x[left, None] - x[rows].mean()) / x[rows].std()
        assert embedder.cv_results_["raw"][fold] == pytest.approx(recall_at_k(scaled, y[left], 1))


def test_held_out_classes_must_leave_two_to_learn_from():
    X, y = table(30, n_classes=3)
    with pytest.warns(
        ResamplingWarning, match="Without four classes of two rows none can be held out: the raw features"
    ):
        embedder = HardTripletEmbedder(cv_by="classes", **QUICK).fit(X, y)
    assert (embedder.selected_, embedder.cv_results_) == ("raw", {})
    assert set(HardTripletEmbedder(cv_by="classes", **QUICK).fit(*table(32, 4)).cv_results_) == {"raw", "learned"}


def test_a_class_of_one_row_is_never_held_out(trainings):
    y = np.array([0] * 9 + [1] * 9 + [2])
    embedder = HardTripletEmbedder(**QUICK).fit(*numbered(np.arange(19.0), y))
    assert all(18 in training["rows"] for training in trainings)
    assert len(trainings) >= 3
    assert len(embedder.cv_results_["raw"]) == 3


@pytest.mark.parametrize(("smallest", "n_folds"), [(2, 2), (3, 3), (9, 4)])
@pytest.mark.slow
def test_no_more_folds_than_rows_of_a_class(smallest, n_folds):
    y = np.array([0] * 12 + [1] * smallest)
    X = np.random.RandomState(0).normal(size=(len(y), 2))
    assert len(HardTripletEmbedder(cv=4, **QUICK).fit(X, y).cv_results_["raw"]) == n_folds


@pytest.mark.parametrize("select", ["raw", "learned"])
def test_a_given_space_needs_no_folds(trainings, select):
    X, y = numbered(np.arange(20.0), np.arange(20) % 2)
    embedder = HardTripletEmbedder(**{**QUICK, "select": select}).fit(X, y)
    assert embedder.selected_ == select
    assert embedder.cv_results_ == {}
    assert len(trainings) == (select == "learned")
    assert embedder.transform(X).shape == (20, 4 if select == "learned" else 21)


def test_without_a_generator_only_real_triplets_train():
    """What shapes hard rows then says nothing; with a generator it does."""
    X, y = table()
    spaces = {
        (generator, stretch): HardTripletEmbedder(
            **{
                **LEARNED,
                "generator": generator,
                "stretch": stretch,
                "network": TripletNetworkOptions(hidden_layer_sizes=(8,), hardness=1.0),
            }
        )
        .fit(X, y)
        .transform(X)
        for generator in (None, "linear")
        for stretch in (0.1, 3.0)
    }
    assert_array_equal(spaces[None, 0.1], spaces[None, 3.0])
    assert not np.allclose(spaces["linear", 0.1], spaces["linear", 3.0])


def test_gan_makes_hard_rows_on_demand():
    X, y = table()
    embedder = HardTripletEmbedder(**{**LEARNED, "generator": "cgan"}).fit(X, y)
    assert embedder.positive_generator_ is not None
    again = pickle.loads(pickle.dumps(embedder))
    assert_array_equal(again.transform(X), embedder.transform(X))
    assert embedder.set_params(select="raw").fit(X, y).positive_generator_ is None


# ------------------------------------------------------------------------------------------------ tables
@pytest.mark.parametrize("container", ["pandas", "polars"])
def test_mixed_tables_in_both_spaces(container):
    frame, y = mixed_table()
    X = frame if container == "pandas" else pl.from_pandas(frame)
    names = ["size_0", "size_1", "shape_0", "shape_1", "shape_2", "flag_0", "flag_1", "day"]
    for select, expected in (("raw", names), ("learned", [f"hardtripletembedder{i}" for i in range(4)])):
        embedder = HardTripletEmbedder(**{**QUICK, "select": select}).fit(X, y)
        rows = embedder.transform(X)
        assert rows.shape == (40, len(expected))
        assert np.isfinite(rows).all()
        assert embedder.get_feature_names_out().tolist() == expected
        assert embedder.get_feature_names_out(list(frame.columns)).tolist() == expected
        out = embedder.set_output(transform=container).transform(X)
        assert list(out.columns) == expected
        assert_array_equal(out.to_numpy(), rows)


def test_raw_features_are_scaled_numbers_and_levels_as_zeros_and_ones():
    frame, y = mixed_table()
    embedder = HardTripletEmbedder(**{**QUICK, "select": "raw"}).fit(frame, y)
    out = embedder.set_output(transform="pandas").transform(frame)
    seen = frame["size"].notna()
    assert_allclose(out["size_0"][seen], (frame["size"] - frame["size"].mean())[seen] / frame["size"].std(ddof=0))
    assert_array_equal(out["size_1"], ~seen)
    assert_array_equal(out["shape_0"], frame["shape"] == "u")
    assert_array_equal(out["shape_2"], frame["shape"].isna())
    assert_array_equal(out["flag_1"], frame["flag"])


def test_containers_give_the_same_space():
    frame, y = mixed_table()
    expected = HardTripletEmbedder(**LEARNED).fit_transform(frame, y)
    assert_array_equal(HardTripletEmbedder(**LEARNED).fit_transform(pl.from_pandas(frame), pl.Series(y)), expected)


def test_nominal_numbers_can_be_named():
    X, y = table()
    X[:, 2] = np.arange(40) // 2 % 3
    embedder = HardTripletEmbedder(categorical_features=[2], **{**QUICK, "select": "raw"}).fit(X, y)
    assert embedder.get_feature_names_out().tolist() == ["x0", "x1", "x2_0", "x2_1", "x2_2"]


@pytest.mark.parametrize("select", ["auto", "raw", "learned"])
def test_constant_columns_say_nothing(select):
    X, y = table()
    embedder = HardTripletEmbedder(**{**QUICK, "select": select}).fit(np.insert(X, 1, 7.0, axis=1), y)
    other = HardTripletEmbedder(**{**QUICK, "select": select}).fit(X, y)
    assert_array_equal(embedder.transform(np.insert(X, 1, 9.0, axis=1)), other.transform(X))
    if embedder.selected_ == "raw":
        assert embedder.get_feature_names_out().tolist() == ["x0", "x2", "x3"]


@pytest.mark.parametrize("select", ["auto", "learned"])
def test_a_table_of_constants_is_taken(select):
    X = np.ones((20, 3))
    embedder = HardTripletEmbedder(**{**QUICK, "select": select}).fit(X, np.arange(20) % 2)
    assert np.ptp(embedder.transform(X), axis=0).tolist() == [0.0] * len(embedder.get_feature_names_out())


def test_names_of_raw_features_are_unique():
    frame = pd.DataFrame({"a": ["u", "v"] * 10, "a_0": np.arange(20.0)})
    names = HardTripletEmbedder(**{**QUICK, "select": "raw"}).fit(frame, np.arange(20) % 2).get_feature_names_out()
    assert len(set(names)) == len(names)


def test_two_rows_in_all():
    X, y = [[0.0, 1.0], [2.0, 5.0]], ["a", "b"]
    with pytest.warns(ResamplingWarning, match="Without a class of two rows"):
        embedder = HardTripletEmbedder(**QUICK).fit(X, y)
    assert_allclose(embedder.transform(X), [[-1, -1], [1, 1]])
    learned = HardTripletEmbedder(**LEARNED).fit_transform(X, y)
    assert learned.shape == (2, 4)
    assert np.isfinite(learned).all()


# ------------------------------------------------------------------------------------------------ labels
def test_labels_of_any_kind_name_the_same_classes():
    X, codes = table(30, n_classes=3)
    names = np.array(["cat", "ant", "bee"])[codes]  # not in the order of the codes
    ranks = np.array([2, 0, 1])[codes]
    expected = HardTripletEmbedder(**LEARNED).fit(X, ranks)
    for y in (names, names.tolist(), pd.Series(names), pl.Series(names), pd.Categorical(names), names.astype(object)):
        embedder = HardTripletEmbedder(**LEARNED).fit(X, y)
        assert embedder.classes_.tolist() == ["ant", "bee", "cat"]
        assert_array_equal(embedder.transform(X), expected.transform(X))


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.DataConversionWarning")
@pytest.mark.parametrize("column", [pd.DataFrame, pl.DataFrame, lambda parts: np.eye(2)[parts["class"]]])
def test_labels_can_be_a_column_or_one_hot(column):
    X, y = table()
    embedder = HardTripletEmbedder(**LEARNED).fit(X, column({"class": y}))
    assert embedder.classes_.tolist() == [0, 1]
    assert_array_equal(embedder.transform(X), HardTripletEmbedder(**LEARNED).fit(X, y).transform(X))


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (np.zeros(40), "needs two classes at least, got 1 class"),
        (np.linspace(0, 1, 40), "Unknown label type"),
        (None, "requires y to be passed"),
        (np.arange(39) % 2, "inconsistent numbers of samples"),
        (np.where(np.arange(40) % 2, "a", None), "NaN or a missing class"),
    ],
)
def test_labels_that_are_no_classes_are_refused(y, message):
    with pytest.raises((ValueError, TypeError), match=message):
        HardTripletEmbedder(**QUICK).fit(table()[0], y)


# ------------------------------------------------------------------------------------------------ what is refused
def test_sparse_and_flat_tables_are_refused():
    X, y = table()
    fitted = HardTripletEmbedder(**LEARNED).fit(X, y)
    with pytest.raises(TypeError, match="Sparse input is not supported"):
        HardTripletEmbedder(**QUICK).fit(sparse.csr_array(X), y)
    with pytest.raises(TypeError, match="Sparse input is not supported"):
        fitted.transform(sparse.csr_array(X))
    for flat in (X[:, 0], pd.Series(X[:, 0])):
        with pytest.raises(ValueError, match="Expected 2D array, got 1D array"):
            HardTripletEmbedder(**QUICK).fit(flat, y)
        with pytest.raises(ValueError, match="Expected 2D array, got 1D array"):
            fitted.transform(flat)


def test_columns_must_be_those_of_fit():
    frame, y = mixed_table()
    other = frame.rename(columns={"size": "width"})
    for X, renamed in ((frame, other), (pl.from_pandas(frame), pl.from_pandas(other))):
        embedder = HardTripletEmbedder(**LEARNED).fit(X, y)
        assert embedder.feature_names_in_.tolist() == list(frame.columns)
        with pytest.raises(ValueError, match="must be in the same order"):
            embedder.transform(X[list(frame.columns)[::-1]])
        with pytest.raises(ValueError, match="Feature names unseen at fit time"):
            embedder.transform(renamed)
        with pytest.raises(ValueError, match="input_features is not equal to feature_names_in_"):
            embedder.get_feature_names_out(list(frame.columns)[::-1])
    with pytest.raises(ValueError, match="has 2 features, but HardTripletEmbedder is expecting 3"):
        HardTripletEmbedder(**LEARNED).fit(*table()).transform(table()[0][:, :2])


def test_unfitted_embedder_says_so():
    with pytest.raises(NotFittedError):
        HardTripletEmbedder().transform(table()[0])
    with pytest.raises(NotFittedError):
        HardTripletEmbedder().get_feature_names_out()


@pytest.mark.parametrize(
    "wrong", [{"select": "best"}, {"cv_by": "columns"}, {"cv": 1}, {"n_neighbors": 0}, {"generator": "gan"}], ids=str
)
def test_wrong_parameters_are_named(wrong):
    with pytest.raises(ValueError, match=f"The '{next(iter(wrong))}' parameter of HardTripletEmbedder"):
        HardTripletEmbedder(**wrong).fit(*table())


# ------------------------------------------------------------------------------------------------ failure is safe
@pytest.mark.parametrize("select", ["auto", "learned"])
def test_divergence_returns_raw_features_with_a_warning(select):
    X, y = table()
    embedder = HardTripletEmbedder(**{**QUICK, "select": select, "network": TripletNetworkOptions(learning_rate=1e9)})
    with pytest.warns(ResamplingWarning, match="HardTripletEmbedder diverged"):
        embedder.fit(X, y)
    assert embedder.selected_ == "raw"
    assert_allclose(embedder.transform(X), StandardScaler().fit_transform(X))
    assert embedder.get_feature_names_out().tolist() == ["x0", "x1", "x2"]
    assert_array_equal(pickle.loads(pickle.dumps(embedder)).transform(X), embedder.transform(X))
    for scores in embedder.cv_results_.values():
        assert_array_equal(scores, embedder.cv_results_["raw"])


def test_what_failed_is_not_fitted():
    X, y = table()
    embedder = HardTripletEmbedder(**LEARNED).fit(X, y)
    with pytest.raises(ValueError):
        embedder.fit(X, np.zeros(40))
    with pytest.raises(NotFittedError):
        embedder.transform(X)


def test_a_later_fit_forgets_an_earlier_one():
    frame, y = mixed_table()
    X, codes = table()
    embedder = HardTripletEmbedder(**LEARNED).fit(frame, y)
    assert_array_equal(embedder.fit(X, codes).transform(X), HardTripletEmbedder(**LEARNED).fit(X, codes).transform(X))
    assert not hasattr(embedder, "feature_names_in_")
    embedder.set_params(select="raw").fit(X, codes)
    assert (embedder.embedding_network_, embedder.history_) == (None, [])


# ------------------------------------------------------------------------------------------------ the scikit-learn way
def test_pipeline_and_grid_search():
    X, y = hidden_in_noise(60)
    model = make_pipeline(HardTripletEmbedder(**QUICK), KNeighborsClassifier(3))
    grid = {"hardtripletembedder__select": ["raw", "learned"], "hardtripletembedder__generator": [None, "linear"]}
    search = GridSearchCV(model, grid, cv=2, error_score="raise").fit(X, y)
    scores = search.cv_results_["mean_test_score"].reshape(2, 2)  # generator by select
    assert scores[0, 0] == scores[1, 0]  # raw features know of no generator
    assert search.predict(X).shape == y.shape
    assert search.best_estimator_[0].selected_ == search.best_params_["hardtripletembedder__select"]
    direct = KNeighborsClassifier(3).fit(search.best_estimator_[0].transform(X), y)
    assert_array_equal(search.predict(X), direct.predict(search.best_estimator_[0].transform(X)))


def test_mixed_table_in_a_pipeline():
    frame, y = mixed_table()
    model = make_pipeline(HardTripletEmbedder(**QUICK), KNeighborsClassifier()).fit(frame, y)
    assert set(model.predict(frame.assign(shape="never seen", size=np.nan))) <= set(y)


@pytest.mark.parametrize("select", ["auto", "learned"])
def test_same_seed_same_space(select):
    X, y = hidden_in_noise(60)
    first, again = (HardTripletEmbedder(**{**QUICK, "select": select}).fit(X, y) for _ in range(2))
    assert first.transform(X).tobytes() == again.transform(X).tobytes()
    for space in first.cv_results_:
        assert_array_equal(first.cv_results_[space], again.cv_results_[space])
    other = HardTripletEmbedder(**{**LEARNED, "random_state": 1}).fit(X, y)
    assert other.transform(X).tobytes() != HardTripletEmbedder(**LEARNED).fit(X, y).transform(X).tobytes()


def test_rows_are_embedded_one_by_one_as_together():
    X, y = table()
    embedder = HardTripletEmbedder(**LEARNED).fit(X, y)
    assert_allclose(np.vstack([embedder.transform(row[None]) for row in X]), embedder.transform(X), atol=1e-6)
    assert_array_equal(HardTripletEmbedder(**LEARNED).fit_transform(X, y), embedder.transform(X))


@pytest.mark.usefixtures("give_back")
@pytest.mark.parametrize("learning_rate", [1e-3, 1e9], ids=["trained", "diverged"])
def test_global_states_stay_as_they_were(learning_rate):
    X, y = table()
    X_before, y_before = X.copy(), y.copy()
    network = clone(SMALL).set_params(learning_rate=learning_rate)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResamplingWarning)
        for parameters in (QUICK, LEARNED):
            HardTripletEmbedder(**{**parameters, "network": network}).fit(X, y).transform(X)
    assert_array_equal(X, X_before)
    assert_array_equal(y, y_before)


def test_pickle_joblib_and_clone():
    frame, y = mixed_table()
    embedder = HardTripletEmbedder(**LEARNED).fit(frame, y)
    for copied in (COPIES["pickle"](embedder), COPIES["joblib"](embedder)):
        assert_array_equal(copied.transform(frame), embedder.transform(frame))
        assert copied.get_feature_names_out().tolist() == embedder.get_feature_names_out().tolist()
        assert copied.history_ == embedder.history_
    cloned = clone(embedder)
    assert not hasattr(cloned, "encoder_")
    assert_array_equal(cloned.fit(frame, y).transform(frame), embedder.transform(frame))


def test_parameters_set_after_fit_wait_for_the_next_fit():
    X, y = table()
    embedder = HardTripletEmbedder(**LEARNED).fit(X, y)
    expected = embedder.transform(X)
    embedder.set_params(
        n_components=2, network=TripletNetworkOptions(hidden_layer_sizes=(3, 3)), select="raw", categorical_features=[0]
    )
    assert_array_equal(embedder.transform(X), expected)
    assert len(embedder.get_feature_names_out()) == expected.shape[1]
    assert_array_equal(pickle.loads(pickle.dumps(embedder)).transform(X), expected)
    assert embedder.fit(X, y).selected_ == "raw"


def test_history_tells_of_the_final_training_alone(trainings):
    X, y = hidden_in_noise(60)
    embedder = HardTripletEmbedder(**{**LEARNED, "max_steps": 25}).fit(X, y)
    assert [record["step"] for record in embedder.history_] == [0, 20, 25]
    auto = HardTripletEmbedder(**{**QUICK, "max_steps": 25}).fit(X, y)
    assert auto.selected_ == "learned"
    assert [record["step"] for record in auto.history_] == [0, 20, 25]


@pytest.mark.parametrize(
    ("cv_by", "better", "worse", "selected"),
    [
        ("rows", 12, 10, "learned"),  # a small gain, within one standard error
        ("rows", 10, 12, "learned"),  # a small loss
        ("rows", 5, 40, "raw"),
        ("classes", 12, 10, "raw"),
        ("classes", 40, 5, "learned"),
    ],
)
def test_doubt_is_for_the_learned_space_with_rows_and_against_it_with_classes(
    monkeypatch, cv_by, better, worse, selected
):
    X, y = np.random.RandomState(0).standard_normal((120, 3)), np.arange(120) % 4
    calls = []

    def found(self, near, near_labels, far, far_labels):
        calls.append(len(far))
        hits = np.zeros(50)
        rows = slice(0, better) if len(calls) % 2 == 0 else slice(50 - worse, 50)  # raw first, then learned
        hits[rows] = 1.0
        return hits

    monkeypatch.setattr(HardTripletEmbedder, "_found", found)
    assert HardTripletEmbedder(**{**QUICK, "select": "auto", "cv_by": cv_by}).fit(X, y).selected_ == selected


def test_only_the_final_training_is_told(monkeypatch, capsys):
    X, y, calls = np.random.RandomState(0).standard_normal((60, 3)), np.arange(60) % 2, []

    def found(self, *given):
        calls.append(None)
        return np.full(20, len(calls) % 2 == 0, dtype=float)  # raw first, then learned

    monkeypatch.setattr(HardTripletEmbedder, "_found", found)
    embedder = HardTripletEmbedder(**{**QUICK, "verbose": 1}).fit(X, y)
    assert len(calls) == 6  # three folds
    assert embedder.selected_ == "learned"
    assert len(capsys.readouterr().out.splitlines()) == len(embedder.history_)
