"""SyntheticRefiner: around any sampler or simulator, real rows stay, new ones are valid, moved or dropped."""

import pickle
from collections import Counter

import numpy as np
import pandas as pd
import polars as pl
import pytest
from _smcae_data import smcae
from imblearn.base import BaseSampler
from imblearn.combine import SMOTEENN
from imblearn.over_sampling import ADASYN, SMOTE, SMOTENC, BorderlineSMOTE, KMeansSMOTE
from imblearn.over_sampling import RandomOverSampler as ClassOverSampler
from imblearn.pipeline import Pipeline as ImblearnPipeline
from imblearn.under_sampling import RandomUnderSampler
from numpy.testing import assert_allclose
from sklearn.base import BaseEstimator, clone
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.preprocessing import StandardScaler

from skgan_resample import DistGANOptions, ResamplingWarning, SMCAETransformer, SMOGANRegressorResampler
from skgan_resample.compose import SyntheticRefiner
from skgan_resample.over_sampling import SMOGN, SMOTER

LINEAR = SMCAETransformer(select="linear_ot")
CHOOSES = smcae(cv=2, max_steps=10, hidden_layer_sizes=(8, 4, 8), estimator=LogisticRegression())
NEIGHBORS = clone(CHOOSES).set_params(estimator=KNeighborsClassifier())
NETWORK = smcae(select=None, max_steps=20, hidden_layer_sizes=(8, 4, 8))


def classes(n_rows=90, seed=0):
    """Rows of a common and a rare class, and one row twice."""
    rng = np.random.RandomState(seed)
    y = (np.arange(n_rows) % 3 == 0).astype(int)
    X = rng.normal(size=(n_rows, 3)) + 2 * y[:, None]
    X[6] = X[3]
    return X, y


def costs(n_rows=150, seed=0):
    """Rows with a skewed target."""
    rng = np.random.RandomState(seed)
    X = rng.normal(size=(n_rows, 3))
    return X, np.round(np.exp(X[:, 0] + 0.2 * rng.normal(size=n_rows)), 3)


def rows_of(X, y):
    return [(*row, label) for row, label in zip(np.asarray(X).tolist(), np.asarray(y).ravel().tolist())]


def is_new(X, y, X_out, y_out):
    """Tell new rows by counting: a row is real while there is one left of its kind."""
    left, found = Counter(rows_of(X, y)), []
    for row in rows_of(X_out, y_out):
        found.append(left[row] == 0)
        left[row] -= left[row] > 0
    return np.array(found)


SAMPLERS = {
    "SMOTE": SMOTE(),
    "BorderlineSMOTE": BorderlineSMOTE(),
    "ADASYN": ADASYN(),
    "KMeansSMOTE": KMeansSMOTE(cluster_balance_threshold=0.01, kmeans_estimator=3),
    "SMOTEENN": SMOTEENN(),
}


@pytest.mark.parametrize("name", SAMPLERS)
def test_around_samplers_of_classes_real_rows_stay_and_new_ones_are_moved(name):
    X, y = classes()
    refiner = SyntheticRefiner(SAMPLERS[name], LINEAR, random_state=0)
    X_out, y_out = refiner.fit_resample(X, y)
    alone = refiner.sampler_  # a clone that has got its seed
    X_raw, y_raw = clone(alone).fit_resample(X, y)
    new = is_new(X, y, X_raw, y_raw)
    assert new.any()
    assert np.array_equal(refiner.is_synthetic_, new)
    assert np.array_equal(y_out, y_raw)
    assert X_out[~new].tobytes() == X_raw[~new].tobytes()
    assert (X_out[new] != X_raw[new]).any(axis=1).all()
    assert (X_out >= X.min(axis=0)).all()
    assert (X_out <= X.max(axis=0)).all()
    expected = SMCAETransformer(select="linear_ot").fit(X, y, X_synthetic=X_raw[new], y_synthetic=y_raw[new])
    assert np.array_equal(X_out[new], expected.refine(X_raw[new], y_raw[new])[0])


def test_copies_beyond_those_given_count_as_new():
    """Of rows that are the same as many are real as were given: the further ones were made."""
    X, y = classes()
    refiner = SyntheticRefiner(ClassOverSampler(), LINEAR, random_state=0)
    X_out, y_out = refiner.fit_resample(X, y)
    assert refiner.is_synthetic_.tolist() == [False] * 90 + [True] * 30
    assert X_out[:90].tobytes() == X.tobytes()
    assert np.array_equal(np.bincount(y_out), [60, 60])


class FromTheFront(BaseEstimator):
    """Puts new rows before and between the real ones, and drops some of these."""

    def fit_resample(self, X, y):
        self.order_ = np.array([-1, 5, -1, 2, 3, 6, -1, 8, *range(10, 80), -1, -1, 0])
        made = self.order_ < 0
        X_out, y_out = X[self.order_].copy(), y[self.order_].copy()
        X_out[made] = np.linspace(-1, 3, 5)[:, None] + [0.0, 0.1, 0.2]
        y_out[made] = 1
        return X_out, y_out


def test_new_rows_are_told_from_real_ones_wherever_they_stand():
    X, y = classes()
    refiner = SyntheticRefiner(FromTheFront(), LINEAR)
    X_out, y_out = refiner.fit_resample(X, y)
    order = refiner.sampler_.order_
    assert np.array_equal(refiner.is_synthetic_, order < 0)
    assert X_out[order >= 0].tobytes() == X[order[order >= 0]].tobytes()
    assert np.array_equal(y_out[order >= 0], y[order[order >= 0]])


def mixed(n_rows=90):
    X, y = classes(n_rows)
    rng = np.random.RandomState(1)
    frame = pd.DataFrame(X, columns=list("abc"), index=np.arange(n_rows)[::-1] + 100)
    frame["level"] = pd.Categorical(rng.choice(list("uvw"), n_rows))
    frame["count"] = rng.randint(0, 9, n_rows)
    frame["cents"] = np.round(rng.uniform(0, 9, n_rows), 1)
    frame["flag"] = rng.uniform(size=n_rows) < 0.5
    return frame, pd.Series(np.array(["no", "yes"])[y], index=frame.index, name="sick")


@pytest.mark.parametrize("refine", [LINEAR, NETWORK], ids=["linear", "network"])
def test_around_smotenc_cells_of_a_mixed_frame_are_valid(refine):
    X, y = mixed()
    refiner = SyntheticRefiner(SMOTENC(categorical_features=["level", "flag"]), refine, random_state=0)
    X_out, y_out = refiner.fit_resample(X, y)
    X_raw, y_raw = clone(refiner.sampler_).fit_resample(X, y)
    assert X_out.dtypes.equals(X_raw.dtypes)
    pd.testing.assert_frame_equal(X_out[:90], X_raw[:90], check_exact=True)
    pd.testing.assert_series_equal(y_out, y_raw)
    new = X_out[90:]
    assert np.array_equal(refiner.is_synthetic_, np.arange(120) >= 90)
    assert set(new["level"]) <= set("uvw")
    assert set(new["flag"]) <= {True, False}
    assert np.array_equal(new["cents"], np.round(new["cents"], 1))
    assert new["count"].between(0, 8).all()
    for name in ("a", "b", "c", "cents"):
        assert new[name].between(X[name].min(), X[name].max()).all()


REGRESSION = {
    "SMOGN": SMOGN(),
    "SMOTER": SMOTER(),
    "SMOGAN": SMOGANRegressorResampler(max_steps=5, gan=DistGANOptions(hidden_layer_sizes=(8,))),
}


@pytest.mark.parametrize("name", REGRESSION)
@pytest.mark.parametrize("refine", [LINEAR, NETWORK], ids=["linear", "network"])
@pytest.mark.slow
def test_around_samplers_of_numbers_rows_and_targets_move_together(name, refine):
    X, y = costs()
    refiner = SyntheticRefiner(REGRESSION[name], refine, random_state=0)
    X_out, y_out = refiner.fit_resample(X, y)
    X_raw, y_raw = clone(refiner.sampler_).fit_resample(X, y)
    new = refiner.is_synthetic_
    assert np.array_equal(new, refiner.sampler_.is_synthetic_)
    assert X_out[~new].tobytes() == X.tobytes()
    assert y_out[~new].tobytes() == y.tobytes()
    assert (X_out[new] != X_raw[new]).any(axis=1).all()
    assert (y_out[new] != y_raw[new]).any()
    assert np.array_equal(y_out, np.round(y_out, 3))
    assert y.min() <= y_out.min() <= y_out.max() <= y.max()
    assert np.median(y_out[new]) > np.median(y)  # rare large targets are still what was made


@pytest.mark.parametrize("container", ["polars", "list", "pandas"])
def test_the_container_makes_no_difference(container):
    X, y = costs()
    expected = SyntheticRefiner(SMOGN(), LINEAR, random_state=0).fit_resample(X, y)
    make = {
        "polars": (lambda X: pl.DataFrame(X, schema=list("abc")), lambda y: y),
        "pandas": (lambda X: pd.DataFrame(X, columns=list("abc")), pd.Series),
        "list": (np.ndarray.tolist, np.ndarray.tolist),
    }[container]
    X_in, y_in = make[0](X), make[1](y)
    X_out, y_out = SyntheticRefiner(SMOGN(), LINEAR, random_state=0).fit_resample(X_in, y_in)
    assert container == "list" or type(X_out) is type(X_in)
    assert np.array_equal(np.asarray(X_out), expected[0])
    assert np.array_equal(np.asarray(y_out), expected[1])


def test_a_polars_target_moves_too():
    X, y = costs()
    X_out, y_out = SyntheticRefiner(SMOGN(), LINEAR, random_state=0).fit_resample(pl.DataFrame(X), pl.Series("y", y))
    assert len(X_out) == len(y_out)


# ------------------------------------------------------------------------------------------------ simulators
def shifted(X, y):
    """A simulator of classes or numbers that is off."""
    return 1.5 * X + 3, y if y.dtype.kind == "i" else y + 2


@pytest.mark.parametrize("make", [classes, costs])
@pytest.mark.slow
def test_around_a_simulator_its_rows_come_behind_the_real_ones_and_are_moved(make):
    X, y = make()
    refiner = SyntheticRefiner(shifted, LINEAR)
    X_out, y_out = refiner.fit_resample(X, y)
    n_rows = len(X)
    assert X_out.shape == (2 * n_rows, 3)
    assert X_out[:n_rows].tobytes() == X.tobytes()
    assert y_out[:n_rows].tobytes() == y.tobytes()
    assert refiner.is_synthetic_.tolist() == [False] * n_rows + [True] * n_rows
    assert refiner.sampler_ is shifted
    assert_allclose(X_out[n_rows:].mean(axis=0), X.mean(axis=0), atol=0.3)
    if make is classes:
        assert np.array_equal(y_out[n_rows:], y)
    else:
        assert_allclose(y_out[n_rows:].mean(), y.mean(), atol=0.2)


def test_a_simulator_that_is_off_is_mended_and_both_gaps_are_told():
    X, y = classes(120)
    refiner = SyntheticRefiner(shifted, CHOOSES, can_drop=False, random_state=0).fit(X, y)
    assert refiner.selected_ in ("location_scale", "coral", "linear_ot", "smcae")
    assert refiner.gap_before_ > 1
    assert refiner.gap_after_ < 0.1 * refiner.gap_before_
    assert refiner.selected_ == refiner.refiner_.selected_
    results = refiner.refiner_.cv_results_
    assert refiner.gap_before_ == results["gap"][results["candidate"].index("identity")]
    assert refiner.gap_after_ == results["gap"][results["candidate"].index(refiner.selected_)]


def corners(n_rows=120, seed=0):
    """Classes at opposite corners of a square, which no linear map tells apart."""
    X = np.random.RandomState(seed).uniform(-1, 1, size=(n_rows, 2))
    return X, (X[:, 0] * X[:, 1] > 0).astype(int)


def noise(X, y):
    """A harmful simulator: labels that have nothing to do with the rows."""
    rng = np.random.RandomState(len(X))
    rows = rng.randint(len(X), size=4 * len(X))
    return X[rows] + 0.3 * rng.normal(size=(len(rows), X.shape[1])), rng.permutation(y[rows])


def test_harmful_rows_are_dropped_and_the_input_comes_back():
    X, y = corners()
    refiner = SyntheticRefiner(noise, NEIGHBORS, random_state=0)
    X_out, y_out = refiner.fit_resample(X, y)
    assert refiner.selected_ == "none"
    assert X_out.tobytes() == X.tobytes()
    assert y_out.tobytes() == y.tobytes()
    assert not refiner.is_synthetic_.any()
    assert len(refiner.is_synthetic_) == len(X)
    assert refiner.refiner_.cv_results_["candidate"][0] == "none"
    assert np.isnan(refiner.gap_after_)
    assert not np.isnan(refiner.gap_before_)


def test_dropped_rows_leave_frames_as_they_were():
    X, y = corners()
    frame = pd.DataFrame(X, columns=["a", "b"], index=np.arange(120)[::-1])
    numbers = pd.Series(y, index=frame.index, name="corner")

    def noisy(X, y):
        made, labels = noise(X.to_numpy(), y.to_numpy())
        return pd.DataFrame(made, columns=X.columns), pd.Series(labels, name=y.name)

    X_out, y_out = SyntheticRefiner(noisy, NEIGHBORS, random_state=0).fit_resample(frame, numbers)
    pd.testing.assert_frame_equal(X_out, frame.reset_index(drop=True), check_exact=True)
    pd.testing.assert_series_equal(y_out, numbers.reset_index(drop=True))


def test_told_to_keep_them_it_never_drops_rows():
    X, y = corners()
    refiner = SyntheticRefiner(noise, NEIGHBORS, can_drop=False, random_state=0)
    X_out, _ = refiner.fit_resample(X, y)
    assert len(X_out) == 5 * len(X)
    assert refiner.selected_ != "none"
    assert "none" not in refiner.refiner_.cv_results_["candidate"]


def test_without_a_selection_nothing_is_dropped_and_no_gap_is_known():
    X, y = corners()
    refiner = SyntheticRefiner(noise, LINEAR, random_state=0)
    assert len(refiner.fit_resample(X, y)[0]) == 5 * len(X)
    assert refiner.selected_ == "linear_ot"
    assert np.isnan([refiner.gap_before_, refiner.gap_after_]).all()


# ------------------------------------------------------------------------------------------------ no leakage
class Spy(SMOTE):
    """Remembers what it was given, for all clones."""

    seen = []

    def fit_resample(self, X, y):
        Spy.seen.append({row.tobytes() for row in X})
        return super().fit_resample(X, y)


def test_in_the_folds_of_the_selection_the_sampler_sees_training_rows_only():
    X, y = classes()
    X[6] += 1  # no row twice
    Spy.seen = []
    SyntheticRefiner(Spy(), clone(CHOOSES).set_params(cv=3), random_state=0).fit(X, y)
    everything, *folds = Spy.seen
    assert everything == {row.tobytes() for row in X}
    assert [len(rows) for rows in folds] == [60, 60, 60]
    held_out = [everything - rows for rows in folds]
    assert set.union(*held_out) == everything
    assert sum(map(len, held_out)) == 90


def test_in_cross_validation_the_sampler_sees_training_rows_only():
    X, y = classes()
    X[6] += 1
    Spy.seen = []
    pipe = ImblearnPipeline([("make", SyntheticRefiner(Spy(), LINEAR, random_state=0)), ("fit", LogisticRegression())])
    cross_val_score(pipe, X, y, cv=3)
    assert [len(rows) for rows in Spy.seen] == [60, 60, 60]


def test_a_fold_in_which_the_sampler_fails_does_not_fail_the_fit():
    X, y = classes(40)
    y = np.where(np.arange(40) < 7, 1, 0)  # 6 neighbours are there for all rows, and not in a fold
    refiner = SyntheticRefiner(SMOTE(), CHOOSES, can_drop=False, random_state=0)
    X_out, y_out = refiner.fit_resample(X, y)
    assert np.array_equal(np.bincount(y_out), [33, 33])
    assert X_out[:40].tobytes() == X.tobytes()


# ------------------------------------------------------------------------------------------------ scikit-learn
def test_it_has_no_transform_and_so_fits_into_a_pipeline():
    refiner = SyntheticRefiner(SMOTE())
    assert not hasattr(refiner, "transform")
    assert not hasattr(refiner, "fit_transform")
    X, y = classes()
    pipe = ImblearnPipeline(
        [("scale", StandardScaler()), ("make", SyntheticRefiner(SMOTE(), LINEAR)), ("fit", LogisticRegression())]
    )
    assert pipe.fit(X, y).score(*classes(seed=5)) > 0.85
    assert pipe.named_steps["make"].is_synthetic_.sum() == 30


@pytest.mark.slow
def test_nested_parameters_are_searched():
    X, y = classes()
    pipe = ImblearnPipeline(
        [("make", SyntheticRefiner(SMOTE(), NETWORK, random_state=0)), ("fit", LogisticRegression())]
    )
    grid = {"make__refiner__autoencoder__gamma": [0.0, 1.0], "make__sampler__k_neighbors": [3, 4]}
    search = GridSearchCV(pipe, grid, cv=2).fit(X, y)
    fitted = search.best_estimator_.named_steps["make"]
    assert fitted.sampler_.k_neighbors == search.best_params_["make__sampler__k_neighbors"]
    assert fitted.refiner_.autoencoder.gamma == search.best_params_["make__refiner__autoencoder__gamma"]


def test_what_is_given_is_cloned_and_stays_as_it_was():
    X, y = classes()
    sampler, refine = SMOTE(), SMCAETransformer(select="linear_ot", keep=[1])
    refiner = SyntheticRefiner(sampler, refine, random_state=0)
    before = refiner.get_params()
    refiner.fit_resample(X, y)
    assert refiner.get_params() == before
    assert refiner.sampler is sampler
    assert refiner.refiner is refine
    assert not [name for part in (sampler, refine) for name in vars(part) if name.endswith("_")]
    assert sampler.random_state is None
    assert refine.random_state is None
    assert refiner.refiner_.keep == [1]


def test_a_seed_of_the_parts_wins_over_that_of_the_whole():
    X, y = classes()
    outs = [SyntheticRefiner(SMOTE(random_state=3), LINEAR, random_state=seed).fit_resample(X, y)[0] for seed in (0, 1)]
    assert np.array_equal(*outs)


@pytest.mark.parametrize("refine", [NETWORK, CHOOSES], ids=["network", "cv"])
@pytest.mark.slow
def test_the_same_seed_gives_the_same_bytes_and_another_one_others(refine):
    X, y = classes()
    first, again, other = (
        SyntheticRefiner(SMOTE(), refine, can_drop=False, random_state=seed).fit_resample(X, y)[0] for seed in (0, 0, 1)
    )
    assert first.tobytes() == again.tobytes()
    assert first.tobytes() != other.tobytes()


def test_fit_learns_what_fit_resample_learns():
    X, y = classes()
    refiner = SyntheticRefiner(SMOTE(), NETWORK, random_state=0)
    assert refiner.fit(X, y) is refiner
    mask, probe = refiner.is_synthetic_, refiner.refiner_.refine(X, y)[0]
    refiner.fit_resample(X, y)
    assert np.array_equal(mask, refiner.is_synthetic_)
    assert np.array_equal(probe, refiner.refiner_.refine(X, y)[0])


@pytest.mark.parametrize("refine", [NETWORK, LINEAR], ids=["network", "linear"])
def test_a_fitted_refiner_adds_no_rows_to_those_of_the_sampler_and_survives_a_pickle(refine):
    rng = np.random.RandomState(0)
    X, y = rng.normal(size=(90, 3)), (np.arange(90) % 3 == 0).astype(int)
    refiner = SyntheticRefiner(SMOTE(), refine, random_state=0)
    X_out, _ = refiner.fit_resample(X, y)
    stored, learned = pickle.dumps(refiner), pickle.dumps(refiner.refiner_)  # a fitted SMOTE does keep rows
    inner = np.delete(np.sort(X, axis=0), [0, 44, 45, -1], axis=0)  # the range and the median of a column are kept
    assert not [value for value in inner.ravel() if value.tobytes() in learned or value.tobytes()[::-1] in learned]
    loaded = pickle.loads(stored)
    assert np.array_equal(loaded.refiner_.refine(X, y)[0], refiner.refiner_.refine(X, y)[0])
    assert np.array_equal(loaded.fit_resample(X, y)[0], X_out)


class Doubler(BaseEstimator):
    """A refiner of a stranger."""

    def fit(self, X, y, *, X_synthetic, y_synthetic):
        self.n_ = len(X), len(X_synthetic)
        return self

    def refine(self, X_synthetic, y_synthetic):
        return 2 * X_synthetic, y_synthetic


def test_another_refiner_than_ours_can_be_given():
    X, y = classes()
    refiner = SyntheticRefiner(SMOTE(), Doubler(), random_state=0)
    X_out, _ = refiner.fit_resample(X, y)
    assert refiner.refiner_.n_ == (90, 30)
    assert refiner.selected_ is None
    raw, _ = clone(refiner.sampler_).fit_resample(X, y)
    assert np.array_equal(X_out, np.r_[X, 2 * raw[90:]])


@pytest.mark.slow
def test_numbers_are_refined_in_a_pipeline_with_a_regressor():
    X, y = costs()
    pipe = ImblearnPipeline([("make", SyntheticRefiner(SMOGN(), LINEAR, random_state=0)), ("fit", Ridge())])
    assert np.isfinite(cross_val_score(pipe, X, y, cv=3)).all()


# ------------------------------------------------------------------------------------------------ what cannot be
@pytest.mark.parametrize("sampler", [SMOTE(), RandomUnderSampler(random_state=0)], ids=["SMOTE", "under"])
def test_where_no_row_is_made_the_table_comes_as_the_sampler_gave_it_with_one_warning(sampler):
    X, y = classes()
    if isinstance(sampler, SMOTE):
        y = np.arange(90) % 2
    refiner = SyntheticRefiner(sampler)
    with pytest.warns(ResamplingWarning, match=f"{type(sampler).__name__} made no new rows") as caught:
        X_out, y_out = refiner.fit_resample(X, y)
    assert len(caught) == 1
    X_raw, y_raw = clone(sampler).fit_resample(X, y)
    assert np.array_equal(X_out, X_raw)
    assert np.array_equal(y_out, y_raw)
    assert refiner.selected_ is None
    assert not refiner.is_synthetic_.any()


def test_a_simulator_that_makes_nothing_is_no_error():
    X, y = classes()
    with pytest.warns(ResamplingWarning, match="made no new rows"):
        X_out, _ = SyntheticRefiner(lambda X, y: (X[:0], y[:0])).fit_resample(X, y)
    assert np.array_equal(X_out, X)


def test_a_missing_target_is_refused():
    X, y = classes()
    with pytest.raises(ValueError, match="SyntheticRefiner requires y to be passed"):
        SyntheticRefiner(SMOTE()).fit_resample(X, None)
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        SyntheticRefiner(SMOTE()).fit_resample(X, y[:-1])


@pytest.mark.parametrize(("name", "value"), [("sampler", 3), ("refiner", SMOTE()), ("can_drop", "no")], ids=repr)
def test_wrong_parameters_are_named(name, value):
    with pytest.raises(ValueError, match=f"The '{name}' parameter of SyntheticRefiner"):
        SyntheticRefiner(**{"sampler": SMOTE(), name: value}).fit_resample(*classes())


def test_a_simulator_with_too_few_targets_is_refused():
    with pytest.raises(ValueError, match=r"inconsistent numbers of samples: \[90, 89\]"):
        SyntheticRefiner(lambda X, y: (X, y[:-1])).fit_resample(*classes())


BROKEN = {
    "a column less": lambda X, y: (X[:, :2], y),
    "no target": lambda X, y: X,
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_simulator_that_returns_something_else_is_told_what_it_should(name):
    with pytest.raises((ValueError, TypeError), match="must return"):
        SyntheticRefiner(BROKEN[name], LINEAR).fit_resample(*classes())


def test_a_simulator_may_return_its_target_as_a_column():
    X, y = classes()
    X_out, y_out = SyntheticRefiner(lambda X, y: (X + 1, y[:, None]), LINEAR).fit_resample(X, y)
    assert X_out.shape == (2 * len(X), X.shape[1])
    assert np.array_equal(y_out, np.r_[y, y])


def test_a_simulator_may_return_the_columns_of_a_frame_in_another_order():
    X, y = mixed()
    X = X[["a", "b", "c"]]
    X_out, _ = SyntheticRefiner(lambda X, y: (X[["c", "a", "b"]] + 1, y), LINEAR).fit_resample(X, y)
    assert list(X_out.columns) == ["a", "b", "c"]


@pytest.mark.parametrize("container", [pd.DataFrame, lambda X: pl.DataFrame(X.to_dict("list"))])
def test_a_simulator_may_return_an_array_beside_a_frame(container):
    X, y = classes()
    frame = container(pd.DataFrame(X, columns=["a", "b", "c"]))
    shifted = SyntheticRefiner(
        lambda X, y: (np.asarray(X)[:30] + 1, np.asarray(y)[:30]), refiner=LINEAR, random_state=0
    )
    X_out, _ = shifted.fit_resample(frame, y)
    assert type(X_out) is type(frame)
    assert list(X_out.columns) == ["a", "b", "c"]
    np.testing.assert_array_equal(np.asarray(X_out), shifted.fit_resample(X, y)[0])
    with pytest.raises(ValueError, match="must return 3 columns, got 4"):
        SyntheticRefiner(lambda X, y: (np.zeros((5, 4)), np.asarray(y)[:5]), refiner=LINEAR).fit_resample(frame, y)


def test_real_integers_stay_integers_beside_a_simulator_of_floats():
    X, y = classes()
    X = np.round(5 * X).astype(np.int32)
    X_out, y_out = SyntheticRefiner(lambda X, y: (1.4 * X + 0.6, 1.0 * y), LINEAR).fit_resample(X, y)
    assert X_out.dtype == X.dtype
    assert y_out.dtype == y.dtype


def test_it_is_a_sampler_of_imbalanced_learn():
    assert isinstance(SyntheticRefiner(SMOTE()), BaseSampler)
