"""SMCAETransformer as an estimator: its contract, `refine`, odd tables, seeds and copies, long work and failure."""

import copy
import pickle

import joblib
import numpy as np
import pandas as pd
import polars as pl
import pytest
from _shared import COPIES, Listener, needs_callbacks
from _smcae_data import CHOOSES, LINEAR, NETWORK, QUICK, fitted, mixed_sides, numbers, real_rows, simulated, smcae
from numpy.testing import assert_allclose
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline

from skgan_resample import ResamplingWarning, SMCAETransformer


# ------------------------------------------------------------------------------------------------ scikit-learn
def test_clone_keeps_parameters_and_nothing_fitted(sides):
    transformer = fitted(sides, **LINEAR, keep=[1])
    copied = clone(transformer)
    assert copied.get_params() == transformer.get_params()
    assert not [name for name in vars(copied) if name.endswith("_")]


def test_fit_returns_self_and_changes_no_parameter(sides):
    X, y, S, y_S = sides
    transformer = smcae(**LINEAR, keep=[1])
    before = copy.deepcopy(transformer.get_params())
    assert transformer.fit(X, y, X_synthetic=S, y_synthetic=y_S) is transformer
    assert transformer.get_params() == before


@pytest.mark.parametrize(("library", "kind"), [("pandas", pd.DataFrame), ("polars", pl.DataFrame)])
def test_set_output_gives_frames_with_the_names_of_the_columns(mingled, library, kind):
    X, y, domain = mingled
    plain = smcae(**LINEAR)
    expected = plain.fit_transform(X, y, sample_domain=domain)
    transformer = smcae(**LINEAR).set_output(transform=library)
    out = transformer.fit_transform(X, y, sample_domain=domain)
    assert isinstance(out, kind)
    assert list(out.columns) == ["x0", "x1", "x2"]
    assert np.array_equal(out.to_numpy(), expected)
    assert isinstance(transformer.transform(X), kind)


def test_names_come_in_and_go_out(mingled):
    X, y, domain = mingled
    frame = pl.DataFrame(X, schema=["age", "size", "cost"])
    transformer = smcae(**LINEAR).fit(frame, y, sample_domain=domain)
    assert list(transformer.feature_names_in_) == ["age", "size", "cost"]
    assert list(transformer.get_feature_names_out()) == ["age", "size", "cost"]
    assert list(smcae(**LINEAR).fit(X, y, sample_domain=domain).get_feature_names_out()) == [
        "x0",
        "x1",
        "x2",
    ]


@pytest.mark.parametrize("method", ["transform", "refine", "encode", "reconstruct"])
def test_other_columns_and_unfitted_estimators_are_refused(sides, method):
    X = sides[0]
    transformer = fitted(sides, **{**NETWORK, "max_steps": 1})
    with pytest.raises(ValueError, match="X has 2 features, but SMCAETransformer is expecting 3 features"):
        getattr(transformer, method)(X[:, :2])
    with pytest.raises(NotFittedError):
        getattr(SMCAETransformer(), method)(X)
    frames = smcae(**{**NETWORK, "max_steps": 1}).fit(
        pl.DataFrame(X), sides[1], X_synthetic=pl.DataFrame(sides[2]), y_synthetic=sides[3]
    )
    with pytest.raises(ValueError, match="feature names should match"):
        getattr(frames, method)(pl.DataFrame(X, schema=["z", "column_1", "column_2"]))


def test_synthetic_rows_of_other_columns_are_refused(sides):
    X, y, S, y_S = sides
    with pytest.raises(ValueError, match="X has 2 features"):
        SMCAETransformer().fit(X, y, X_synthetic=S[:, :2], y_synthetic=y_S)


def test_the_callers_data_are_not_changed(mingled):
    X, y, domain = mingled
    before = [part.copy() for part in mingled]
    for part in mingled:
        part.setflags(write=False)
    smcae(**NETWORK).fit(X, y, sample_domain=domain).transform(X, sample_domain=1)
    assert all(np.array_equal(old, new) for old, new in zip(before, mingled))


# ------------------------------------------------------------------------------------------------ refine
def test_refine_returns_the_target_only_if_it_was_given(sides):
    *_, S, y_S = sides
    transformer = fitted(sides, **LINEAR)
    moved = transformer.refine(S)
    assert moved.shape == S.shape
    X_moved, y_moved = transformer.refine(S, y_S)
    assert np.array_equal(y_moved, y_S)
    assert (X_moved != moved).any()  # labels choose the map


@pytest.mark.parametrize("labels", [["no", "yes"], [False, True], [5, -3], [b"n", b"y"]], ids=repr)
@pytest.mark.parametrize("kind", [np.array, pd.Series, list], ids=["array", "series", "list"])
def test_classes_of_any_label_come_back_as_they_were(sides, labels, kind):
    X, y, S, y_S = sides
    named, named_S = kind(np.array(labels)[y]), kind(np.array(labels)[y_S])
    transformer = smcae(**LINEAR).fit(X, named, X_synthetic=S, y_synthetic=named_S)
    X_moved, y_moved = transformer.refine(S, named_S)
    assert type(y_moved) is type(named_S)
    assert np.array_equal(np.asarray(y_moved), np.asarray(named_S))
    swapped = labels[0] > labels[1]
    plain = smcae(**LINEAR).fit(X, y ^ swapped, X_synthetic=S, y_synthetic=y_S ^ swapped)
    assert_allclose(X_moved, plain.refine(S, y_S ^ swapped)[0])


def test_a_target_of_one_column_is_flattened(sides):
    X, y, S, y_S = sides
    transformer = smcae(**LINEAR).fit(X, y[:, None], X_synthetic=S, y_synthetic=y_S[:, None])
    assert_allclose(transformer.refine(S, y_S[:, None])[0], fitted(sides, **LINEAR).refine(S, y_S)[0])


@pytest.mark.parametrize("settings", [LINEAR, NETWORK, {**QUICK, "select": "location_scale"}], ids=repr)
def test_the_map_is_one_of_single_rows(sides, settings):
    """New rows are moved, and where one goes depends neither on the others nor on their order."""
    transformer = fitted(sides, **settings)
    S, y_S = simulated(30, seed=8)
    together, _ = transformer.refine(S, y_S)
    assert_allclose(transformer.refine(S[::-1], y_S[::-1])[0][::-1], together, rtol=1e-6, atol=1e-6)
    assert_allclose(transformer.refine(S[4:5], y_S[4:5])[0], together[4:5], rtol=1e-6, atol=1e-6)


def test_the_order_of_rows_makes_no_difference_to_a_closed_form(sides):
    X, y, S, y_S = sides
    rng = np.random.RandomState(0)
    a, b = rng.permutation(60), rng.permutation(80)
    shuffled = smcae(**LINEAR).fit(X[a], y[a], X_synthetic=S[b], y_synthetic=y_S[b])
    assert_allclose(shuffled.refine(S, y_S)[0], fitted(sides, **LINEAR).refine(S, y_S)[0], rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("settings", [LINEAR, NETWORK], ids=["linear", "network"])
def test_units_of_columns_make_no_difference(sides, settings):
    X, y, S, y_S = sides
    units, offset = np.array([64.0, 2.0**-10, 1.0]), np.array([0.0, 2.0, -8.0])
    plain, _ = fitted(sides, **settings).refine(S, y_S)
    other = fitted((X * units + offset, y, S * units + offset, y_S), **settings)
    moved, _ = other.refine(S * units + offset, y_S)
    assert_allclose((moved - offset) / units, plain, rtol=1e-3, atol=2e-3)


# ------------------------------------------------------------------------------------------------ odd tables
@pytest.mark.parametrize("settings", [NETWORK, CHOOSES, LINEAR], ids=["network", "cv", "linear"])
@pytest.mark.parametrize("n_synthetic", [1, 2])
@pytest.mark.filterwarnings("ignore:The network gave rows:skgan_resample.ResamplingWarning")
def test_one_or_two_synthetic_rows_are_moved_to_finite_places(settings, n_synthetic):
    X, y = real_rows(30)
    S, y_S = simulated(n_synthetic)
    moved, _ = fitted((X, y, S, y_S), **{**settings, "max_steps": 5} if "max_steps" in settings else settings).refine(
        S, y_S
    )
    assert np.isfinite(moved).all()
    assert moved.shape == S.shape


@pytest.mark.parametrize("settings", [NETWORK, CHOOSES, LINEAR], ids=["network", "cv", "linear"])
@pytest.mark.filterwarnings("ignore:The network gave rows:skgan_resample.ResamplingWarning")
def test_classes_of_one_row_or_of_one_side_are_moved_too(settings):
    X, y = real_rows(40)
    S, y_S = simulated(50)
    y, y_S = y.copy(), y_S.copy()
    y[0], y[1], y_S[0], y_S[1:9] = 5, 6, 5, 7  # 5: a row on each side; 6: real alone; 7: synthetic alone
    settings = {**settings, "max_steps": 5} if "max_steps" in settings else settings
    transformer = fitted((X, y, S, y_S), **settings)
    moved, labels = transformer.refine(S, y_S)
    assert np.isfinite(moved).all()
    assert np.array_equal(labels, y_S)
    assert np.isfinite(transformer.refine(S[:4], np.full(4, 6))[0]).all()


@pytest.mark.parametrize(
    "settings", [NETWORK, LINEAR, {**QUICK, "select": "coral"}], ids=["network", "linear", "coral"]
)
def test_one_feature_and_one_class_are_enough(settings):
    rng = np.random.RandomState(0)
    X, S = rng.normal(size=(60, 1)), 5 + 2 * rng.normal(size=(80, 1))
    for labels in ((None, None), (np.zeros(60, int), np.zeros(80, int))):
        transformer = smcae(**settings).fit(X, labels[0], X_synthetic=S, y_synthetic=labels[1])
        moved = transformer.refine(S)
        assert abs(moved.mean() - X.mean()) < 0.2
        assert abs(moved.std() - X.std()) < 0.25


@pytest.mark.parametrize("settings", [NETWORK, LINEAR], ids=["network", "linear"])
def test_a_constant_real_column_stays_constant(settings):
    X, y = real_rows()
    S, y_S = simulated()
    X, S = np.c_[X, np.full(60, 7.0)], np.c_[S, S[:, 0]]
    moved, _ = fitted((X, y, S, y_S), **settings).refine(S, y_S)
    assert (moved[:, 3] == 7).all()
    flat, _ = fitted((X[:, :3], y, np.c_[S[:, :2], np.ones(80)], y_S), **settings).refine(
        np.c_[S[:, :2], np.ones(80)], y_S
    )
    assert np.isfinite(flat).all()


@pytest.mark.parametrize("select", ["cv", "linear_ot"])
def test_a_table_of_constants_is_given_back(select):
    X, S = np.ones((30, 2)), np.random.RandomState(0).normal(size=(40, 2))
    moved = smcae(**{**QUICK, "select": select}).fit(X, X_synthetic=S).refine(S)
    assert (moved == 1).all()


def test_infinite_real_cells_are_refused_by_column(sides):
    X, y, S, y_S = sides
    broken = np.where(np.arange(3) == 1, np.inf, X)
    with pytest.raises(ValueError, match="Column 1 contains infinity"):
        fitted((broken, y, S, y_S), **LINEAR)


@pytest.mark.parametrize("settings", [LINEAR, {**NETWORK, "max_steps": 2}], ids=["linear", "network"])
def test_infinite_synthetic_cells_are_refused_by_column(sides, settings):
    X, y, S, y_S = sides
    broken = np.where(np.arange(3) == 1, np.inf, S)
    with pytest.raises(ValueError, match=r"Column 1 .*contains infinity"):
        fitted((X, y, broken, y_S), **settings).refine(broken, y_S)


def test_an_empty_table_is_refused(sides):
    with pytest.raises(ValueError):
        fitted((*sides[:2], sides[2][:0], sides[3][:0]), **LINEAR)


# ------------------------------------------------------------------------------------------------ seeds and states
@pytest.mark.parametrize("select", ["cv", None])
@pytest.mark.slow
def test_the_same_seed_gives_the_same_bytes_and_another_one_others(sides, select):
    S, y_S = sides[2:]
    options = {**CHOOSES, "select": select}
    outs = [fitted(sides, **{**options, "random_state": seed}).refine(S, y_S)[0] for seed in (3, 3)]
    assert outs[0].tobytes() == outs[1].tobytes()
    if select is None:
        assert outs[0].tobytes() != fitted(sides, **{**options, "random_state": 4}).refine(S, y_S)[0].tobytes()


def test_a_random_state_that_is_passed_on_advances(sides):
    rng = np.random.RandomState(0)
    outs = [fitted(sides, **{**NETWORK, "max_steps": 10, "random_state": rng}).refine(*sides[2:])[0] for _ in range(2)]
    assert not np.array_equal(*outs)


def test_results_do_not_depend_on_the_number_of_jobs(mingled):
    X, y, domain = mingled
    pipe = Pipeline([("move", smcae(**{**NETWORK, "max_steps": 10})), ("fit", LogisticRegression())])
    found = []
    for n_jobs in (1, 2):
        with joblib.parallel_config("threading"):  # processes would import torch anew, for seconds
            search = GridSearchCV(pipe, {"move__autoencoder__gamma": [0.0, 2.0]}, cv=2, n_jobs=n_jobs)
            search.fit(X, y, move__sample_domain=domain)
        found.append((search.cv_results_["mean_test_score"], search.best_estimator_[1].coef_))
    for alone, together in zip(*found):
        assert np.array_equal(alone, together)


@pytest.mark.usefixtures("give_back")
def test_random_states_and_threads_are_left_as_they_were(sides):
    transformer = fitted(sides, **NETWORK)
    transformer.refine(*sides[2:])
    transformer.encode(sides[0])
    pickle.loads(pickle.dumps(transformer))

    class Fails(LogisticRegression):
        def fit(self, X, y):
            raise RuntimeError("learner")

    with pytest.raises(RuntimeError, match="learner"):
        fitted(sides, **QUICK, estimator=Fails())
    with pytest.raises(ValueError):
        fitted(sides, **{**NETWORK, "hidden_layer_sizes": ("a", 2)})


@pytest.mark.parametrize("way", COPIES)
@pytest.mark.parametrize("kind", ["classes", "mixed", "continuous", "paper"])
@pytest.mark.slow
def test_a_copy_refines_and_encodes_as_the_original(way, kind, request):
    if kind == "mixed" and way == "skops":
        reason = "skops cannot store what the encoder keeps of pandas' data types."
        request.applymarker(pytest.mark.xfail(strict=True, reason=reason))
    sides = {
        "classes": (*real_rows(), *simulated()),
        "mixed": mixed_sides(),
        "continuous": (*numbers(60, 0), *numbers(80, 1, shift=1.0)),
        "paper": (*real_rows(), *simulated(60)),
    }[kind]
    options = {**NETWORK, "max_steps": 5, "variant": "paper" if kind == "paper" else "guarded"}
    transformer = fitted(sides, **options)
    copied = COPIES[way](transformer)
    for ours, theirs in zip(transformer.refine(*sides[2:]), copied.refine(*sides[2:])):
        assert ours.equals(theirs) if hasattr(ours, "equals") else np.array_equal(ours, theirs)
    assert np.array_equal(transformer.encode(*sides[:2]), copied.encode(*sides[:2]))
    without = transformer.refine(sides[2])
    assert (
        without.equals(copied.refine(sides[2])) if kind == "mixed" else np.array_equal(without, copied.refine(sides[2]))
    )


@pytest.mark.parametrize("settings", [NETWORK, CHOOSES, LINEAR], ids=["network", "cv", "linear"])
@pytest.mark.parametrize("continuous", [False, True])
@pytest.mark.slow
def test_a_fitted_transformer_keeps_no_rows(settings, continuous):
    rng = np.random.RandomState(0)
    X, S = rng.normal(size=(60, 3)), 1 + 2 * rng.normal(size=(80, 3))
    y, y_S = (X[:, 0].copy(), S[:, 0].copy()) if continuous else (np.arange(60) % 2, np.arange(80) % 2)
    if continuous and "estimator" in settings:
        settings = {**settings, "estimator": None}
    stored = pickle.dumps(fitted((X, y, S, y_S), **settings))
    for rows in (X, S):
        ordered = np.sort(rows, axis=0)
        middle = [len(rows) // 2 - 1, len(rows) // 2]
        inner = np.delete(ordered, [0, *middle, -1], axis=0)  # the range and the median of a column are kept
        assert not [value for value in inner.ravel() if value.tobytes() in stored or value.tobytes()[::-1] in stored]


# ---------------------------------------------------------------------------------------------- long work, and failure
def test_max_time_ends_the_training(sides):
    transformer = fitted(sides, **{**NETWORK, "max_steps": 10**6, "max_time": 0.3})
    assert transformer.history_[-1]["step"] < 10**6
    assert transformer.history_[-1]["seconds"] < 5
    assert np.isfinite(transformer.refine(*sides[2:])[0]).all()


def test_verbose_prints_each_record_and_otherwise_nothing_is_printed(sides, capfd):
    fitted(sides, **CHOOSES)
    assert capfd.readouterr() == ("", "")
    transformer = fitted(sides, **NETWORK, verbose=1)
    printed = capfd.readouterr().out
    assert printed.count("[SMCAETransformer] step") == len(transformer.history_)


@needs_callbacks
@pytest.mark.slow
def test_callbacks_get_every_record_and_can_end_the_training(sides):
    X, y, S, y_S = sides
    listener = Listener()
    options = {**NETWORK, "max_steps": 20}
    transformer = smcae(**options).set_callbacks(listener).fit(X, y, X_synthetic=S, y_synthetic=y_S)
    assert listener.records == transformer.history_
    options = {**NETWORK, "max_steps": 1000}
    stopped = smcae(**options).set_callbacks(Listener(2)).fit(X, y, X_synthetic=S, y_synthetic=y_S)
    assert len(stopped.history_) == 2


@pytest.mark.parametrize("n_real", [40, 90])  # without and with real rows held out
def test_a_network_that_diverges_leaves_its_base_map_with_one_warning(n_real):
    S, y_S = simulated()
    sides = *real_rows(n_real), S, y_S
    with pytest.warns(ResamplingWarning, match="diverged.*linear_ot") as caught:
        transformer = fitted(sides, **{**NETWORK, "learning_rate": 1e30})
    assert len(caught) == 1
    assert transformer.network_ is None
    assert np.array_equal(transformer.refine(S, y_S)[0], fitted(sides, **LINEAR).refine(S, y_S)[0])


@pytest.mark.slow
def test_a_network_that_diverges_is_no_candidate():
    S, y_S = simulated()
    with pytest.warns(ResamplingWarning, match="diverged") as caught:
        transformer = fitted((*real_rows(60), S, y_S), **{**CHOOSES, "learning_rate": 1e30})
    assert len(caught) == 1
    assert transformer.selected_ != "smcae"
    assert np.isfinite(transformer.refine(S, y_S)[0]).all()


def test_it_tells_how_much_the_network_did(sides):
    assert fitted(sides, **LINEAR).network_share_ == 0
    assert 0.5 < fitted(sides, **NETWORK).network_share_ <= 1
    assert fitted(sides, **{**NETWORK, "max_steps": 1, "learning_rate": 1e-12}).network_share_ == 0


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("select", ["cv", None, "linear_ot"])
def test_nothing_warns_where_nothing_is_wrong(sides, select):
    fitted(sides, **{**CHOOSES, "select": select}).refine(*sides[2:])


def test_a_fit_that_fails_leaves_the_earlier_one_whole_or_none():
    X, y = real_rows()
    S, y_S = simulated()
    never = smcae(**LINEAR)
    failing = {"X_synthetic": np.full_like(S, np.inf), "y_synthetic": y_S}
    with pytest.raises(ValueError, match="infinity"):
        never.fit(X, y, **failing)
    with pytest.raises(NotFittedError):
        never.refine(S, y_S)
    transformer = smcae(**LINEAR).fit(X, y, X_synthetic=S, y_synthetic=y_S)
    before, _ = transformer.refine(S, y_S)
    narrow = {name: value[:, :2] if name == "X_synthetic" else value for name, value in failing.items()}
    for call in (transformer.fit, SMCAETransformer.fit_transform.__get__(transformer)):
        with pytest.raises(ValueError, match="infinity"):
            call(X[:, :2], y, **narrow)
    assert np.array_equal(transformer.refine(S, y_S)[0], before)
