"""HardTripletEmbedder: which space it returns and why, and that tables, pipelines and pickles come through."""

import pickle
import warnings

import numpy as np
import pandas as pd
import polars as pl
import pytest
from _hard_triplet_embedder_data import LEARNED, QUICK, SMALL, hidden_in_noise, table
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


def patches():
    """A square of 6 x 6 patches, each of a class drawn for it: on a line patches of both classes lie on each other."""
    rng = np.random.RandomState(0)
    patch = np.arange(216) % 36
    X = np.column_stack(np.divmod(patch, 6)) + rng.uniform(-0.2, 0.2, size=(216, 2))
    return X, rng.permutation(36)[patch] % 2


# ------------------------------------------------------------------------------------------------ the choice
@pytest.mark.slow
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


def test_held_out_classes_must_leave_two_to_learn_from():
    X, y = table(30, n_classes=3)
    with pytest.warns(
        ResamplingWarning, match="Without four classes of two rows none can be held out: the raw features"
    ):
        embedder = HardTripletEmbedder(cv_by="classes", **QUICK).fit(X, y)
    assert (embedder.selected_, embedder.cv_results_) == ("raw", {})
    assert set(HardTripletEmbedder(cv_by="classes", **QUICK).fit(*table(32, 4)).cv_results_) == {"raw", "learned"}


@pytest.mark.parametrize(("smallest", "n_folds"), [(2, 2), (3, 3), (9, 4)])
@pytest.mark.slow
def test_no_more_folds_than_rows_of_a_class(smallest, n_folds):
    y = np.array([0] * 12 + [1] * smallest)
    X = np.random.RandomState(0).normal(size=(len(y), 2))
    assert len(HardTripletEmbedder(cv=4, **QUICK).fit(X, y).cv_results_["raw"]) == n_folds


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
@pytest.mark.slow
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
