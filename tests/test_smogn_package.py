"""SmognPackageSampler runs the real package: valid rows out, nothing left behind in it, one clear error if it fails."""

import inspect
import pickle
import random
import sys
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from _smogn_package_data import DATA, digest, load, pd
from sklearn.base import clone

from skgan_resample import NoRareRowsError, Relevance, ResamplingWarning
from skgan_resample.over_sampling import SmognPackageSampler

smogn = pytest.importorskip("smogn", reason="the package smogn is not installed (extra smogn)")


needs_data = pytest.mark.skipif(not DATA, reason="SKGAN_RESAMPLE_DATA is not set")


TABLES = ["made", *(pytest.param(name, marks=needs_data) for name in ("airfoild", "autoprices", "laser", "machineCpu"))]


def modules_of_smogn():
    return [module for name, module in sys.modules.items() if name.split(".")[0] == "smogn"]


def namespaces():
    """Return what every name in the package, NumPy, its generators and pandas stands for."""
    return [dict(vars(module)) for module in (*modules_of_smogn(), np, np.random, pd, random, warnings)]


def random_states():
    name, keys, *rest = np.random.get_state()  # noqa: NPY002
    return name, keys.tolist(), *rest, random.getstate()


@pytest.fixture
def stand_in(monkeypatch):
    """Replace the package's `smoter` by a function of (data, options); return a function that does it."""

    def replace(function):
        def smoter(data, **options):
            return function(data, options)

        monkeypatch.setattr(smogn, "smoter", smoter)

    return replace


# ------------------------------------------------------------------------------------------------ rows
@pytest.mark.parametrize("options", [{}, {"sampling_strategy": "extreme"}, {"under_sampling": "balance"}], ids=str)
@pytest.mark.parametrize("name", TABLES)
def test_real_rows_come_first_and_new_rows_are_valid_rows_of_the_table(name, options):
    X, y = load(name)
    X_before, y_before = X.copy(), y.copy()
    sampler = SmognPackageSampler(random_state=0, **options)
    X_out, y_out = sampler.fit_resample(X, y)

    kept, n_kept = sampler.kept_indices_, len(sampler.kept_indices_)
    assert (np.diff(kept) > 0).all()
    assert X_out.dtypes.equals(X.dtypes)
    assert y_out.dtype == y.dtype
    assert y_out.name == y.name
    pd.testing.assert_frame_equal(X_out[:n_kept], X.iloc[kept].reset_index(drop=True), check_exact=True)
    pd.testing.assert_series_equal(y_out[:n_kept], y.iloc[kept].reset_index(drop=True), check_exact=True)
    pd.testing.assert_frame_equal(X, X_before)
    pd.testing.assert_series_equal(y, y_before)
    if options.get("under_sampling"):
        rare = sampler.relevance_.rare_mask(y)
        assert rare[kept].sum() == rare.sum()
        assert n_kept < len(X)
    else:
        assert n_kept == len(X)

    n_new = len(X_out) - n_kept
    assert n_new > 10
    assert sampler.is_synthetic_.tolist() == [False] * n_kept + [True] * n_new
    assert sampler.parent_indices_.tolist() == [[-1, -1]] * n_new
    assert sum(sampler.sampling_strategy_.values()) == n_new
    new, table = np.column_stack([X_out, y_out])[n_kept:], np.column_stack([X, y])
    assert ((new >= table.min(axis=0)) & (new <= table.max(axis=0))).all()  # False for NaN as well
    if name == "made":
        assert (X_out["constant"] == 7).all()
        assert (np.round(X_out["decimal"], 1) == X_out["decimal"]).all()
        assert (np.round(y_out, 2) == y_out).all()


def test_arrays_and_lists_come_back_as_such():
    X, y = load("made")
    sampler = SmognPackageSampler(random_state=0)
    X_frame, y_frame = sampler.fit_resample(X, y)
    X_array, y_array = sampler.fit_resample(X.to_numpy(), y.to_numpy())
    X_list, y_list = sampler.fit_resample(X.to_numpy().tolist(), y.tolist())
    assert isinstance(X_array, np.ndarray)
    assert isinstance(X_list, list)
    assert isinstance(y_list, list)
    assert digest(X_frame, y_frame) == digest(X_array, y_array) == digest(X_list, y_list)


# ------------------------------------------------------------------------------------------------ the package
def test_the_package_gets_our_parameters_in_its_words(stand_in):
    seen = []

    def record(data, options):
        seen.append(options)
        return data[:3]

    stand_in(record)
    X, y = load("made")
    SmognPackageSampler().fit_resample(X, y)
    usual = {"y": "column_4", "k": 5, "pert": 0.02, "samp_method": "balance", "under_samp": False, "rel_thres": 0.8}
    assert seen[-1] == {**usual, "rel_method": "auto", "rel_xtrm_type": "both", "rel_coef": 1.5}
    SmognPackageSampler(
        relevance=Relevance(side="high", coef=1.2),
        threshold=0.7,
        sampling_strategy="extreme",
        under_sampling="balance",
        k_neighbors=3,
        perturbation=0.1,
    ).fit_resample(X, y)
    others = {"k": 3, "pert": 0.1, "samp_method": "extreme", "under_samp": True, "rel_thres": 0.7}
    assert seen[-1] == {**usual, **others, "rel_method": "auto", "rel_xtrm_type": "high", "rel_coef": 1.2}
    for relevance in (Relevance("quantile"), Relevance(boxplot="adjusted")):
        sampler = SmognPackageSampler(relevance=relevance)
        sampler.fit_resample(X, y)
        assert seen[-1]["rel_method"] == "manual"
        assert seen[-1]["rel_ctrl_pts_rg"].tolist() == sampler.relevance_.control_points_.tolist()


def test_control_points_decide_what_the_package_takes_for_rare():
    X, y = load("made")
    relevance = Relevance("control_points", control_points=[(0.3, 1), (0.5, 0), (2, 0)])
    sampler = SmognPackageSampler(relevance=relevance, random_state=0)
    _, y_out = sampler.fit_resample(X, y)
    bump = sampler.bumps_[0]
    assert bump.name == "low"
    assert bump.high < 0.4 < y.median()
    # by the package's own relevance the high end would be rare; some targets leave the bump, as its defects let them
    assert np.mean(y_out[sampler.is_synthetic_] <= bump.high) > 0.9
    assert sampler.sampling_strategy_["low"] > 10


def test_nothing_is_different_in_any_namespace_afterwards(stand_in):
    X, y = load("made")
    sampler = SmognPackageSampler(random_state=0)
    before, signature = namespaces(), inspect.signature(np.quantile)
    sampler.fit_resample(X, y)
    assert not any("print" in vars(module) for module in modules_of_smogn())
    for was, now in zip(before, namespaces()):
        assert list(was) == list(now)
        assert all(now[name] is was[name] for name in was)
    assert inspect.signature(np.quantile) == signature

    def fail(data, options):
        raise IndexError("list index out of range")

    stand_in(fail)
    before = namespaces()
    with pytest.raises(RuntimeError):
        sampler.fit_resample(X, y)
    for was, now in zip(before, namespaces()):
        assert list(was) == list(now)
        assert all(now[name] is was[name] for name in was)


def test_numpy_itself_is_never_changed(stand_in):
    X, y = load("made")
    before, seen = dict(vars(np)), []

    def look(data, options):
        seen.append(all(vars(np)[name] is before[name] for name in before))
        assert "print" in vars(sys.modules["smogn.smoter"])
        assert sys.modules["smogn.over_sampling"].np is not np
        return data[:0]

    stand_in(look)
    X_out, _ = SmognPackageSampler().fit_resample(X, y)
    assert seen == [True]
    assert len(X_out) == len(X)  # the package drew no row


@pytest.mark.parametrize("fails", [False, True])
def test_global_random_states_are_untouched(fails, stand_in):
    X, y = load("made")
    if fails:
        original = smogn.smoter  # draws a number of times before it fails

        def fail(data, options):
            original(data, **options)
            raise IndexError("after all")

        stand_in(fail)
    before = random_states()
    for options in ({}, {"under_sampling": "balance"}, {"sampling_strategy": "extreme"}):
        sampler = SmognPackageSampler(random_state=0, **options)
        if fails:
            with pytest.raises(RuntimeError, match="after all"):
                sampler.fit_resample(X, y)
        else:
            sampler.fit_resample(X, y)
    assert random_states() == before


def test_it_is_silent(capfd):
    X, y = load("made")
    X["same_if_rare"] = np.where(y > 2, 1.0, np.arange(len(y)))  # here pandas has something to say
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        SmognPackageSampler(random_state=0).fit_resample(X, y)
    assert capfd.readouterr() == ("", "")


# ------------------------------------------------------------------------------------------------ seeds
@pytest.mark.parametrize("name", TABLES)
@pytest.mark.slow
def test_same_seed_same_bytes_whatever_memory_holds(name):
    X, y = load(name)
    results = set()
    for rubbish in (1e6, np.nan):
        waste = [np.full(size, rubbish) for size in range(1, 4000, 7)]
        del waste  # what is allocated next holds it
        for under_sampling in (None, "balance"):
            sampler = SmognPackageSampler(under_sampling=under_sampling, random_state=7)
            results.add((under_sampling, digest(*sampler.fit_resample(X, y))))
    assert len(results) == 2
    assert (None, digest(*SmognPackageSampler(random_state=8).fit_resample(X, y))) not in results


@pytest.mark.slow
def test_threads_do_not_disturb_one_another():
    X, y = load("made")
    alone = [digest(*SmognPackageSampler(random_state=seed).fit_resample(X, y)) for seed in range(6)]
    with ThreadPoolExecutor(3) as pool:
        together = pool.map(lambda seed: digest(*SmognPackageSampler(random_state=seed).fit_resample(X, y)), range(6))
    assert list(together) == alone


# ------------------------------------------------------------------------------------------------ errors
def test_columns_that_are_not_numeric_are_named():
    X, y = load("made")
    X = X.assign(
        word=["a", "b"] * 60, flag=[True, False, True] * 40, day=pd.date_range("2024-01-01", periods=120).to_numpy()
    )
    with pytest.raises(ValueError, match=r"\['word', 'flag', 'day'\] hold text, categories, booleans or dates"):
        SmognPackageSampler().fit_resample(X, y)


def test_columns_with_missing_cells_are_named():
    X, y = load("made")
    X.iloc[3, 0] = np.nan
    X["hole"] = np.where(np.arange(len(X)) == 5, np.nan, 1.0)
    with pytest.raises(ValueError, match=r"\['signed', 'hole'\] contain NaN.*Impute"):
        SmognPackageSampler().fit(X, y)


def test_a_failure_within_the_package_is_one_error_with_its_cause(stand_in):
    X, y = load("made")
    with pytest.raises(RuntimeError, match=r"smogn failed .* 120 rows and 4 columns .*k is greater") as caught:
        SmognPackageSampler(k_neighbors=500).fit_resample(X, y)
    assert isinstance(caught.value.__cause__, ValueError)
    stand_in(lambda data, options: data.assign(column_0=np.nan))
    with pytest.raises(RuntimeError, match="contain NaN"):
        SmognPackageSampler().fit_resample(X, y)
    stand_in(lambda data, options: data.drop(columns="column_0"))
    with pytest.raises(RuntimeError, match="KeyError"):
        SmognPackageSampler().fit_resample(X, y)


def test_without_rare_rows_the_table_is_unchanged_or_it_raises():
    y = np.arange(50.0)
    X = np.column_stack([y, y % 7])
    sampler = SmognPackageSampler()
    with pytest.warns(ResamplingWarning, match="returned unchanged") as caught:
        X_out, y_out = sampler.fit_resample(X, y)
    assert [warning.filename for warning in caught] == [__file__]
    assert digest(X_out, y_out) == digest(X, y)
    assert not sampler.is_synthetic_.any()
    assert sampler.kept_indices_.tolist() == list(range(50))
    assert sampler.parent_indices_.shape == (0, 2)
    assert sampler.sampling_strategy_ == {}
    with pytest.raises(NoRareRowsError, match="quantile"):
        SmognPackageSampler(on_no_rare="raise").fit_resample(X, y)


def test_a_target_that_the_package_refuses_follows_the_same_policy():
    X, y = load("made")
    relevance = Relevance("control_points", control_points=[(-2, 1), (-1, 1), (100, 1)])  # every row is rare
    with pytest.warns(ResamplingWarning, match="all rows of y or none are rare") as caught:
        X_out, _ = SmognPackageSampler(relevance=relevance).fit_resample(X, y)
    assert [warning.filename for warning in caught] == [__file__]
    assert len(X_out) == len(X)
    with pytest.raises(NoRareRowsError, match="all rows of y or none are rare"):
        SmognPackageSampler(relevance=relevance, on_no_rare="raise").fit_resample(X, y)


def test_a_callable_relevance_is_refused():
    X, y = load("made")
    with pytest.raises(ValueError, match="control points"):
        SmognPackageSampler(relevance=Relevance(lambda y: (y > 4) * 1.0)).fit_resample(X, y)


def test_without_the_package_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "smogn", None)
    X, y = load("made")
    with pytest.raises(ImportError, match=r'pip install "skgan-resample\[smogn\]"'):
        SmognPackageSampler().fit_resample(X, y)


# ------------------------------------------------------------------------------------------------ scikit-learn
def test_parameters_constraints_clone_and_pickle():
    sampler = SmognPackageSampler(k_neighbors=3, relevance=Relevance(coef=1.0), random_state=1)
    assert set(SmognPackageSampler._parameter_constraints) == set(sampler.get_params(deep=False))
    assert clone(sampler).get_params()["relevance__coef"] == 1.0
    X, y = load("made")
    X_out, y_out = sampler.fit_resample(X, y)
    again = pickle.loads(pickle.dumps(sampler))
    assert again.sampling_strategy_ == sampler.sampling_strategy_
    assert digest(*again.fit_resample(X, y)) == digest(X_out, y_out)
    for name, value in (("perturbation", 0), ("sampling_strategy", "auto"), ("k_neighbors", 0), ("threshold", 0)):
        with pytest.raises(ValueError, match=name):
            clone(sampler).set_params(**{name: value}).fit_resample(X, y)


def test_of_bumps_that_need_no_rows_the_real_rows_do_not_come_back_as_new_ones():
    y = np.r_[np.linspace(0, 1, 12), np.linspace(50, 51, 12)]
    X = np.c_[y, y**2]
    relevance = Relevance("control_points", control_points=[(0, 0), (25, 0), (45, 1), (60, 1)])
    sampler = SmognPackageSampler(relevance=relevance, random_state=0)
    _, y_new = sampler.fit_resample(X, y)
    np.testing.assert_array_equal(y_new, y)
    assert not sampler.is_synthetic_.any()
