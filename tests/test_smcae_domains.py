"""Which rows SMCAETransformer moves: told nothing, told a domain, through metadata routing; real rows stay."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import sklearn
from _shared import run_python
from _smcae_data import CHOOSES, LINEAR, NETWORK, fitted, real_rows, simulated, smcae
from imblearn.over_sampling import SMOTE
from imblearn.pipeline import Pipeline as ImblearnPipeline
from numpy.testing import assert_allclose
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from skgan_resample import ResamplingWarning, SMCAETransformer

# ------------------------------------------------------------------------------------------------ told nothing
CONTAINERS = {
    "floats": lambda X: X,
    "halves": lambda X: X.astype(np.float32),
    "integers": lambda X: np.round(X).astype(np.int16),
    "fortran": np.asfortranarray,
    "pandas": lambda X: pd.DataFrame(X, columns=list("abc"), index=np.arange(len(X)) + 7),
    "polars": lambda X: pl.DataFrame(X, schema=list("abc")),
    "pyarrow": lambda X: pa.table(dict(zip("abc", X.T))),
}


@pytest.mark.parametrize("make", CONTAINERS.values(), ids=CONTAINERS)
def test_told_nothing_it_warns_once_and_returns_an_equal_copy(make):
    X = make(real_rows()[0])
    transformer = SMCAETransformer()
    with pytest.warns(ResamplingWarning, match="moves nothing, since nothing says which rows are") as caught:
        transformer.fit(X)
    assert len(caught) == 1
    assert transformer.selected_ == "identity"
    same = transformer.transform(X)
    assert type(same) is type(X)
    assert same is not X or isinstance(X, pa.Table)  # which nobody can change
    if isinstance(X, np.ndarray):
        assert same.dtype == X.dtype
        assert same.tobytes() == X.tobytes()
        assert not np.shares_memory(same, X)
    else:
        assert same.equals(X)


def test_told_nothing_fit_transform_and_a_domain_at_transform_change_nothing_either():
    X, y = real_rows()
    with pytest.warns(ResamplingWarning, match="nothing says"):
        assert np.array_equal(SMCAETransformer().fit_transform(X, y), X)
    with pytest.warns(ResamplingWarning, match="names no row as synthetic"):
        transformer = SMCAETransformer().fit(X, y, sample_domain=np.full(60, -1))
    assert np.array_equal(transformer.transform(X, sample_domain=1), X)
    assert np.array_equal(transformer.refine(X), X)
    assert transformer.history_ == []
    assert transformer.cv_results_ == {}


def test_told_nothing_refine_returns_a_copy():
    X, _ = real_rows()
    with pytest.warns(ResamplingWarning):
        transformer = SMCAETransformer().fit(X)
    assert not np.shares_memory(transformer.refine(X), X)


def test_the_warning_points_at_the_callers_line():
    with pytest.warns(ResamplingWarning) as caught:
        SMCAETransformer().fit(real_rows()[0])
    assert caught[0].filename == __file__


# ------------------------------------------------------------------------------------------------ sample_domain
@pytest.mark.parametrize("source", [0, 1, 7])
@pytest.mark.parametrize("target", [-1, -2, -9])
def test_zero_and_more_is_synthetic_and_less_is_real(sides, source, target):
    X, y, S, y_S = sides
    domain = np.r_[np.full(60, target), np.full(80, source)]
    moved = smcae(**LINEAR).fit_transform(np.r_[X, S], np.r_[y, y_S], sample_domain=domain)
    assert np.array_equal(moved[:60], X)
    assert np.array_equal(moved[60:], fitted(sides, **LINEAR).refine(S, y_S)[0])
    assert (moved[60:] != S).any(axis=1).all()


@pytest.mark.parametrize("kind", [list, tuple, pd.Series, pl.Series, lambda values: np.asarray(values, np.int8)])
def test_a_domain_may_be_any_column_of_integers(mingled, kind):
    X, y, domain = mingled
    expected = smcae(**LINEAR).fit_transform(X, y, sample_domain=domain)
    assert np.array_equal(smcae(**LINEAR).fit_transform(X, y, sample_domain=kind(domain)), expected)


def test_a_scalar_speaks_for_all_rows(sides):
    S, transformer = sides[2], fitted(sides, **LINEAR)
    moved = transformer.transform(S, sample_domain=1)
    assert np.array_equal(moved, transformer.transform(S, sample_domain=np.zeros(80, dtype=int)))
    assert (moved != S).any(axis=1).all()
    assert np.array_equal(transformer.transform(S, sample_domain=-1), S)
    assert np.array_equal(transformer.transform(S), S)


def test_without_labels_transform_moves_rows_as_refine_does(sides):
    transformer = fitted(sides, **LINEAR)
    S = sides[2]
    assert np.array_equal(transformer.transform(S, sample_domain=1), transformer.refine(S))


@pytest.mark.parametrize(
    "domain",
    [np.arange(60) % 2 == 0, np.where(np.arange(60) % 2, 1.0, -1.0), np.array(["1", "-1"] * 30), True, 1.0],
    ids=["booleans", "floats", "text", "True", "1.0"],
)
def test_what_is_no_integer_is_refused_with_a_way_out(domain):
    X, y = real_rows()
    for call in (SMCAETransformer().fit, SMCAETransformer().fit_transform):
        with pytest.raises(ValueError, match=r"must hold integers, >= 0 .* np\.where\(mask, 1, -1\)"):
            call(X, y, sample_domain=domain)
    transformer = smcae(**LINEAR).fit(X, y, X_synthetic=X + 1, y_synthetic=y)
    with pytest.raises(ValueError, match="must hold integers"):
        transformer.transform(X, sample_domain=domain)


def test_a_domain_of_another_length_names_the_refiner():
    X, y = real_rows()
    transformer = smcae(**LINEAR).fit(X, y, X_synthetic=X + 1, y_synthetic=y)
    domain = np.where(np.arange(59) % 2, 1, -1)
    for call in (transformer.fit, transformer.fit_transform):
        with pytest.raises(ValueError, match=r"shape \(59,\) for 60 rows.*SyntheticRefiner\(sampler\)"):
            call(X, y, sample_domain=domain)
    with pytest.raises(ValueError, match="SyntheticRefiner"):
        transformer.transform(X, sample_domain=domain)
    with pytest.raises(ValueError, match="SyntheticRefiner"):
        transformer.transform(X, sample_domain=np.ones((60, 1), dtype=int))


@pytest.mark.parametrize("routing", [False, True])
def test_behind_a_sampler_in_a_pipeline_the_error_names_the_refiner(routing):
    X, y = real_rows(60)
    y = (np.arange(60) % 3 == 0).astype(int)
    with sklearn.config_context(enable_metadata_routing=routing):
        pipe = ImblearnPipeline([("sample", SMOTE()), ("move", SMCAETransformer()), ("fit", LogisticRegression())])
        name = "sample_domain" if routing else "move__sample_domain"
        with pytest.raises(ValueError, match="SyntheticRefiner"):
            pipe.fit(X, y, **{name: np.where(np.arange(60) % 2, 1, -1)})


def test_all_rows_synthetic_and_both_ways_at_once_are_refused(sides):
    X, y, S, y_S = sides
    with pytest.raises(ValueError, match="nothing real to learn from"):
        SMCAETransformer().fit(X, y, sample_domain=np.ones(60, dtype=int))
    with pytest.raises(ValueError, match="nothing real to learn from"):
        SMCAETransformer().fit(X, y, sample_domain=0)
    with pytest.raises(ValueError, match="sample_domain or X_synthetic, not both"):
        SMCAETransformer().fit(X, y, sample_domain=np.where(y, 1, -1), X_synthetic=S, y_synthetic=y_S)


def test_targets_that_do_not_fit_are_refused(sides):
    X, y, S, y_S = sides
    with pytest.raises(ValueError, match="without y"):
        SMCAETransformer().fit(X, X_synthetic=S, y_synthetic=y_S)
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        SMCAETransformer().fit(X, y[:-1], X_synthetic=S, y_synthetic=y_S)
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        SMCAETransformer().fit(X, y, X_synthetic=S, y_synthetic=y_S[:-1])
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        fitted(sides, **LINEAR).refine(S, y_S[:-1])
    with pytest.raises(ValueError, match="one column"):
        SMCAETransformer().fit(X, np.c_[y, y], X_synthetic=S, y_synthetic=np.c_[y_S, y_S])
    with pytest.raises(ValueError, match="drop these rows"):
        SMCAETransformer().fit(X, np.where(y, np.nan, 0.5), X_synthetic=S, y_synthetic=y_S + 0.5)
    with pytest.raises(ValueError, match=r"label .*7.* did not occur in fit"):
        fitted(sides, **LINEAR).refine(S, np.full(80, 7))


def test_without_synthetic_labels_rows_are_matched_without_them_and_it_says_so(sides):
    X, y, S, _ = sides
    with pytest.warns(ResamplingWarning, match="y_synthetic was not given") as caught:
        transformer = smcae(**LINEAR).fit(X, y, X_synthetic=S)
    assert len(caught) == 1
    alone = smcae(**LINEAR).fit(X, X_synthetic=S)
    assert np.array_equal(transformer.refine(S), alone.refine(S))


# ------------------------------------------------------------------------------------------------ real rows stay
TABLES = {
    "numpy": lambda X: X,
    "pandas": lambda X: pd.DataFrame(X, columns=list("abc"), index=np.arange(len(X))[::-1] * 3),
    "polars": lambda X: pl.DataFrame(X, schema=list("abc")),
    "pyarrow": lambda X: pa.table(dict(zip("abc", X.T))),
}


@pytest.mark.parametrize("name", ["numpy", "pandas", "polars", "pyarrow"])
@pytest.mark.parametrize("settings", [LINEAR, NETWORK], ids=["linear", "network"])
def test_real_rows_stay_to_the_last_bit_and_in_place(mingled, name, settings):
    X, y, domain = mingled
    table = TABLES[name](X)
    out = smcae(**settings).fit_transform(table, y, sample_domain=domain)
    assert type(out) is type(table)
    if name == "pandas":
        assert out.index.equals(table.index)
    cells = out if name == "numpy" else np.column_stack([np.asarray(out[column]) for column in "abc"])
    assert cells[domain < 0].tobytes() == X[domain < 0].tobytes()
    assert (cells[domain >= 0] != X[domain >= 0]).any(axis=1).all()
    expected = smcae(**settings).fit_transform(X, y, sample_domain=domain)
    assert np.array_equal(cells, expected)  # the container makes no difference


@pytest.mark.parametrize("settings", [LINEAR, NETWORK, CHOOSES], ids=["linear", "network", "cv"])
def test_both_ways_to_name_synthetic_rows_learn_the_same_map(mingled, settings):
    X, y, domain = mingled
    real, made = domain < 0, domain >= 0
    by_domain = smcae(**settings).fit(X, y, sample_domain=domain)
    by_table = smcae(**settings).fit(X[real], y[real], X_synthetic=X[made], y_synthetic=y[made])
    assert np.array_equal(by_domain.refine(X[made], y[made])[0], by_table.refine(X[made], y[made])[0])
    assert by_domain.selected_ == by_table.selected_
    moved = smcae(**settings).fit_transform(X, y, sample_domain=domain)
    assert np.array_equal(moved[made], by_table.refine(X[made], y[made])[0])


def test_synthetic_rows_given_apart_are_not_part_of_the_output(sides):
    X, y, S, y_S = sides
    out = smcae(**LINEAR).fit_transform(X, y, X_synthetic=S, y_synthetic=y_S)
    assert np.array_equal(out, X)


# ------------------------------------------------------------------------------------------------ metadata routing
def test_routing_switched_on_by_the_user_needs_no_request(mingled):
    X, y, domain = mingled
    expected = smcae(**LINEAR).fit_transform(X, y, sample_domain=domain)
    with sklearn.config_context(enable_metadata_routing=True):
        pipe = make_pipeline(smcae(**LINEAR), LogisticRegression()).fit(X, y, sample_domain=domain)
        learned = LogisticRegression().fit(expected, y)
        assert_allclose(pipe[-1].coef_, learned.coef_)
        unlabelled = pipe[:1].transform(X, sample_domain=domain)
        assert np.array_equal(unlabelled[domain < 0], X[domain < 0])
        assert (unlabelled[domain >= 0] != X[domain >= 0]).any(axis=1).all()
        assert np.array_equal(pipe[:1].transform(X), X)
        assert_allclose(pipe.predict(X), learned.predict(X))


def test_without_routing_the_step_is_named(mingled):
    X, y, domain = mingled
    pipe = Pipeline([("move", smcae(**LINEAR)), ("fit", LogisticRegression())])
    pipe.fit(X, y, move__sample_domain=domain)
    expected = smcae(**LINEAR).fit_transform(X, y, sample_domain=domain)
    assert_allclose(pipe[-1].coef_, LogisticRegression().fit(expected, y).coef_)


def test_a_domain_reaches_it_behind_a_scaler_and_through_a_search(mingled):
    X, y, domain = mingled
    with sklearn.config_context(enable_metadata_routing=True):
        pipe = make_pipeline(StandardScaler(), SMCAETransformer(random_state=0), LogisticRegression())
        grid = {"smcaetransformer__select": ["identity", "linear_ot"]}
        search = GridSearchCV(pipe, grid, cv=2).fit(X, y, sample_domain=domain)
    assert search.best_estimator_[1].selected_ == search.best_params_["smcaetransformer__select"]
    assert search.best_estimator_[1].row_map_ is not None


@pytest.mark.slow
def test_importing_it_changes_no_setting_of_scikit_learn():
    code = """
import sklearn
before = sklearn.get_config()
from skgan_resample import SMCAETransformer
from skgan_resample.compose import SyntheticRefiner
assert sklearn.get_config() == before
"""
    run_python(code)
    before = sklearn.get_config()
    fitted((*real_rows(), *simulated()), **NETWORK)
    assert sklearn.get_config() == before
