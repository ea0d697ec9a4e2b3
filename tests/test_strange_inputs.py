"""Strange targets, tables and names of columns, given to every public entry point: the same input, the same answer.

The answers stand in the tables TARGETS, LABELS, TABLES, LATER and NAMES. An entry point is a function that takes what
is strange; a new estimator is one line in each of the dicts of entry points.
"""

import decimal
import re
from functools import cache

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from imblearn.over_sampling import RandomOverSampler as ClassOverSampler
from scipy import sparse
from sklearn.base import clone
from sklearn.exceptions import DataConversionWarning
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.neural_network import MLPClassifier, MLPRegressor

from skgan_resample import (
    DistGANOptions,
    HardTripletEmbedder,
    HardTripletSampler,
    Relevance,
    ResamplingWarning,
    RobustATWrapper,
    SMCAETransformer,
    SMOGANRegressorResampler,
    ThreatModel,
    TripletNetworkOptions,
    compare,
)
from skgan_resample.compose import (
    OutputCorrectedRegressor,
    RelevanceWeightedRegressor,
    ResampledClassifier,
    ResampledRegressor,
    SyntheticRefiner,
)
from skgan_resample.metrics import (
    common_rmse,
    hardness_profile,
    make_robust_scorer,
    make_sera_scorer,
    rare_mae,
    rare_rmse,
    recall_at_k,
    ser_curve,
    sera_score,
    synthetic_gap,
    total_ratio,
)
from skgan_resample.model_selection import (
    RegressionStratifiedKFold,
    RepeatedRegressionStratifiedKFold,
)
from skgan_resample.over_sampling import SMOGN, SMOTER, GaussianNoise, RandomOverSampler

pytestmark = pytest.mark.filterwarnings("ignore::skgan_resample.ResamplingWarning", "ignore::UserWarning:sklearn")

RNG = np.random.RandomState(0)
N_ROWS = 60
X = RNG.normal(size=(N_ROWS, 3)).round(2)
Y = np.exp(X[:, 0]).round(2)  # a few large values
LABEL = np.arange(N_ROWS) % 2
HIGH = Relevance(method="quantile", side="high")
FITTED = clone(HIGH).fit(Y)
FRAME = pd.DataFrame(X, columns=list("abc")).assign(d=np.resize(["x", "y", "z"], N_ROWS))

SMALL = {"hidden_layer_sizes": (4,), "max_iter": 2}
SAMPLERS = {
    "SMOGN": SMOGN(relevance=HIGH, random_state=0),
    "SMOTER": SMOTER(relevance=HIGH, random_state=0),
    "GaussianNoise": GaussianNoise(relevance=HIGH, random_state=0),
    "RandomOverSampler": RandomOverSampler(relevance=HIGH, random_state=0),
    "SMOGAN": SMOGANRegressorResampler(
        relevance=HIGH, max_steps=2, gan=DistGANOptions(hidden_layer_sizes=(4,)), random_state=0
    ),
    "SyntheticRefiner": SyntheticRefiner(
        SMOGN(relevance=HIGH), SMCAETransformer(select="location_scale"), random_state=0
    ),
}
REGRESSORS = {
    "RelevanceWeightedRegressor": RelevanceWeightedRegressor(Ridge(), relevance=HIGH),
    "OutputCorrectedRegressor": OutputCorrectedRegressor(Ridge(), relevance=HIGH, random_state=0),
    "ResampledRegressor": ResampledRegressor(SAMPLERS["SMOGN"], Ridge()),
    "RobustATWrapper": RobustATWrapper(MLPRegressor(**SMALL), max_epochs=2, random_state=0),
}
CLASSIFIERS = {
    "RobustATWrapper": RobustATWrapper(MLPClassifier(**SMALL), max_epochs=2, random_state=0),
    "ResampledClassifier": ResampledClassifier(ClassOverSampler(), LogisticRegression(), random_state=0),
}
SMALL_NETWORK = TripletNetworkOptions(hidden_layer_sizes=(4,))
EMBEDDER = HardTripletEmbedder(select="learned", max_steps=2, network=SMALL_NETWORK, random_state=0)
TRIPLET_SAMPLER = HardTripletSampler(max_steps=2, network=SMALL_NETWORK, random_state=0)
SMCAE = SMCAETransformer(select="location_scale", random_state=0)


def resampled(sampler):
    return lambda X, y: [np.asarray(part, dtype=float) for part in clone(sampler).fit_resample(X, y)]


def predicted(model):
    return lambda X, y: clone(model).fit(X, y).predict(X)


def smcae(target_type):
    def run(X, y):
        model = clone(SMCAE).set_params(target_type=target_type).fit(X, y, X_synthetic=X, y_synthetic=y)
        return model.refine(X, y)[0]

    return run


# ------------------------------------------------------------------------------------------------ continuous targets
CONTINUOUS = {
    **{name: resampled(sampler) for name, sampler in SAMPLERS.items()},
    **{name: predicted(model) for name, model in REGRESSORS.items()},
    "SMCAETransformer": smcae("regression"),
    "Relevance.fit": lambda X, y: clone(HIGH).fit(y)(Y),
    "Relevance.__call__": lambda X, y: FITTED(y),
    "Relevance.rare_mask": lambda X, y: FITTED.rare_mask(y),
    "Relevance.sample_weight": lambda X, y: FITTED.sample_weight(y),
    "Relevance.bumps": lambda X, y: FITTED.bumps(y)[-1].indices,
    "RegressionStratifiedKFold": lambda X, y: np.concatenate(
        [test for _, test in RegressionStratifiedKFold(3).split(np.zeros((N_ROWS, 1)), y)]
    ),
    "RepeatedRegressionStratifiedKFold": lambda X, y: np.concatenate(
        [test for _, test in RepeatedRegressionStratifiedKFold(3, 2, random_state=0).split(np.zeros((N_ROWS, 1)), y)]
    ),
    "sera_score": lambda X, y: sera_score(y, Y + 1, relevance=FITTED),
    "sera_score, predicted": lambda X, y: sera_score(Y, y, relevance=FITTED),
    "ser_curve": lambda X, y: ser_curve(y, Y + 1, relevance=FITTED)[1],
    "rare_mae": lambda X, y: rare_mae(y, Y + 1, relevance=FITTED),
    "rare_rmse": lambda X, y: rare_rmse(y, Y + 1, relevance=FITTED),
    "common_rmse": lambda X, y: common_rmse(y, Y + 1, relevance=FITTED),
    "total_ratio": lambda X, y: total_ratio(y, Y),
    "make_sera_scorer": lambda X, y: make_sera_scorer(FITTED)(Ridge().fit(np.asarray(X), Y), np.asarray(X), y),
}
TARGET_IS_OPTIONAL = {"SMCAETransformer", "synthetic_gap", "RobustATWrapper.perturb"}
REFUSED_ONLY = {  # too slow to be run to the end
    "compare": lambda X, y: compare(X, y, task="regression"),
    "synthetic_gap": lambda X, y: synthetic_gap(X, X, y_real=y, y_synthetic=y, target_type="regression"),
}


def first(value):
    """Return the target as Python objects, the first of which is this one."""
    return np.array([value, *Y[1:].tolist()], dtype=object)


DATES = np.datetime64("2020-01-01") + np.arange(N_ROWS)
TARGETS = {  # what is refused, and a part of the message
    "None": (None, "requires .* to be passed|must be passed"),
    "numbers as text": (Y.astype(str), "must be numeric, but holds text or categories"),
    "text in a series": (pd.Series(Y.astype(str)), "must be numeric, but holds text or categories"),
    "one text": (first("1.5"), "must be numeric, but holds text or categories such as '1.5'"),
    "categories": (pd.Series(Y).astype("category"), "must be numeric, but holds text or categories"),
    "dates": (DATES, "holds dates or durations"),
    "dates in a series": (pd.Series(DATES), "holds dates or durations"),
    "dates in polars": (pl.Series(DATES), "holds dates or durations"),
    "dates as objects": (np.array(DATES.tolist()), "holds dates or durations"),
    "durations": (DATES - DATES[0], "holds dates or durations"),
    "booleans": (Y > 2, "holds True and False"),
    "booleans as objects": ((Y > 2).astype(object), "holds True and False"),
    "nullable booleans": (pd.Series(Y > 2, dtype="boolean"), "holds True and False"),
    "NaN": (np.where(Y > 2, np.nan, Y), r"contains NaN in \d+ of 60 rows, the first in row \d+"),
    "None among numbers": (first(None), "contains NaN in 1 of 60 rows, the first in row 0"),
    "pandas' NA": (pd.Series([pd.NA, *range(1, N_ROWS)], dtype="Int64"), "contains NaN in 1 of 60 rows"),
    "only None": (np.full(N_ROWS, None), "contains NaN in all of 60 rows"),
    "infinity": (np.where(np.arange(N_ROWS) == 7, np.inf, Y), "contains infinity in row 7"),
    "minus infinity": (np.where(np.arange(N_ROWS) == 7, -np.inf, Y), "contains infinity in row 7"),
    "too large": (np.where(np.arange(N_ROWS) == 7, 1e301, Y), r"contains 1e\+301 in row 7; rescale"),
    "a long integer": (first(10**400), "in row 0; rescale"),
    "two columns": (np.column_stack([Y, Y]), "one column, got 2"),
    "a frame of two columns": (pd.DataFrame({"a": Y, "b": Y}), "one column, got 2"),
    "three dimensions": (Y[:, None, None], "cannot be used"),
    "a number": (1.5, "must be one column, got 1.5"),
    "complex numbers": (Y + 1j, "Complex data not supported"),
    "a sparse matrix": (sparse.csr_array(Y[:, None]), "cannot be used: Sparse"),
    "a masked array": (np.ma.array(Y, mask=Y > 2), "masked array"),
    "a lazy frame": (pl.DataFrame({"y": Y}).lazy(), "lazy frame"),
    "lists of unequal length": ([[1.0]] * (N_ROWS - 1) + [[1.0, 2.0]], "cannot be used"),
}


@pytest.mark.parametrize("entry", [*CONTINUOUS, *REFUSED_ONLY])
@pytest.mark.parametrize("case", TARGETS)
def test_a_strange_continuous_target_is_refused_in_one_sentence(entry, case):
    y, message = TARGETS[case]
    if y is None and entry in TARGET_IS_OPTIONAL:
        pytest.skip("works without a target")
    with pytest.raises((ValueError, TypeError), match=message) as caught:
        {**CONTINUOUS, **REFUSED_ONLY}[entry](X, y)
    assert_is_ours(caught)


@cache
def of_an_array(entry):
    return flat(CONTINUOUS[entry](X, np.round(2 * Y)))


@pytest.mark.parametrize("entry", CONTINUOUS)
@pytest.mark.parametrize(
    "make",
    {
        "list": list,
        "whole numbers as Decimal": lambda y: [decimal.Decimal(int(value)) for value in y],
        "objects": lambda y: y.astype(object),
        "float32": lambda y: y.astype(np.float32),
        "int64": lambda y: y.astype(np.int64),
        "Int64": lambda y: pd.Series(y, index=np.arange(N_ROWS)[::-1]).astype("Int64"),
        "polars": pl.Series,
        "pyarrow": pa.array,
        "a column vector": lambda y: y[:, None],
        "a frame of one column": lambda y: pd.DataFrame({"y": y}),
    }.items(),
    ids=lambda item: item[0],
)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.DataConversionWarning")
def test_a_continuous_target_is_the_same_in_any_container(entry, make):
    np.testing.assert_allclose(flat(CONTINUOUS[entry](X, make[1](np.round(2 * Y)))), of_an_array(entry))


def flat(result):
    parts = result if isinstance(result, list) else [result]
    return np.concatenate([np.ravel(np.asarray(part, dtype=float)) for part in parts])


@pytest.mark.parametrize("name", REGRESSORS)
def test_a_column_vector_gets_the_warning_of_scikit_learn(name):
    with pytest.warns(DataConversionWarning, match="A column-vector y was passed when a 1d array was expected"):
        clone(REGRESSORS[name]).fit(X, Y[:, None])


# ------------------------------------------------------------------------------------------------ classes
RAW_BUDGET = ThreatModel(eps=0.1, unit="raw")


@cache
def of_labels(name):
    return clone(CLASSIFIERS[name]).fit(X, LABEL)


CLASSES = {
    **{name: predicted(model) for name, model in CLASSIFIERS.items()},
    "HardTripletSampler": lambda X, y: clone(TRIPLET_SAMPLER).fit_resample(X, y),
    "HardTripletEmbedder": lambda X, y: clone(EMBEDDER).fit(X, y).transform(X),
    "SMCAETransformer": smcae("classification"),
    "recall_at_k": recall_at_k,
    "hardness_profile": hardness_profile,
    "compare of classes": lambda X, y: compare(X, y, task="classification"),
    "compare under attack": lambda X, y: compare(X, y, threat_model=RAW_BUDGET),
    "RobustATWrapper.score": lambda X, y: of_labels("RobustATWrapper").score(X, y),
    "RobustATWrapper.perturb": lambda X, y: of_labels("RobustATWrapper").perturb(X, y),
    "make_robust_scorer": lambda X, y: make_robust_scorer(RAW_BUDGET)(of_labels("ResampledClassifier"), X, y),
    "make_robust_scorer, white box": lambda X, y: make_robust_scorer(RAW_BUDGET)(of_labels("RobustATWrapper"), X, y),
}
LABELS = {
    "None": (None, "requires .* to be passed"),
    "NaN": (np.where(Y > 2, np.nan, LABEL), "contains NaN"),
    "None among text": (np.array([None, *np.resize(["a", "b"], N_ROWS - 1)], dtype=object), "contains NaN"),
    "infinity": (np.where(Y > 2, np.inf, LABEL), "contains infinity"),
    "dates": (np.resize(DATES[:2], N_ROWS), "holds dates or durations"),
    "dates as objects": (np.resize(np.array(DATES[:2].tolist()), N_ROWS), "holds dates or durations"),
    "text and numbers": (np.resize(np.array([1, "a"], dtype=object), N_ROWS), "mixes labels of the types int, str"),
    "a number": (1.5, "must be one column, got 1.5"),
    "a lazy frame": (pl.DataFrame({"y": LABEL}).lazy(), "lazy frame"),
}


@pytest.mark.parametrize("entry", CLASSES)
@pytest.mark.parametrize("case", LABELS)
def test_strange_classes_are_refused_in_one_sentence(entry, case):
    y, message = LABELS[case]
    if y is None and entry in TARGET_IS_OPTIONAL:
        pytest.skip("works without a target")
    with pytest.raises((ValueError, TypeError), match=message) as caught:
        CLASSES[entry](X, y)
    assert_is_ours(caught)


# ------------------------------------------------------------------------------------------------ tables in fit
READERS = {  # entry points that read the cells of X; models around models leave that to the inner one
    **{name: (sampler, "fit_resample", Y) for name, sampler in SAMPLERS.items()},
    "HardTripletSampler": (TRIPLET_SAMPLER, "fit_resample", LABEL),
    "HardTripletEmbedder": (EMBEDDER, "fit", LABEL),
    "RobustATWrapper": (CLASSIFIERS["RobustATWrapper"], "fit", LABEL),
    "ThreatModel": (ThreatModel(), "fit", None),
}


def with_cell(value):
    return FRAME.assign(b=[value, *FRAME["b"][1:]])


TABLES = {
    "None": (None, "Expected 2D array, got scalar"),
    "one column": (FRAME["a"], "Expected 2D array, got 1D array"),
    "one dimension": (X[:, 0], "Expected 2D array, got 1D array"),
    "three dimensions": (X[:, :, None], "dim 3"),
    "infinity": (with_cell(np.inf), "Column 'b' contains infinity in row 0"),
    "infinity in an array": (np.where(X[3, 1] == X, -np.inf, X), "Column 1 contains infinity in row"),
    "too large": (with_cell(2e300), r"Column 'b' contains 2e\+300 in row 0; rescale"),
    "a long integer": (FRAME.assign(b=first(10**400)), r"Column 'b' contains .* in row 0; rescale"),
    "lists in cells": (FRAME.assign(d=[[1]] * N_ROWS), "'d' holds values of type list"),
    "two columns of one name": (FRAME.set_axis(["a", "b", "b", "d"], axis=1), r"\['b'\] occur more than once"),
    "a sparse matrix": (sparse.csr_array(X), "Sparse input is not supported"),
    "a masked array": (np.ma.array(X, mask=X > 2), "masked array"),
    "a lazy frame": (pl.from_pandas(FRAME).lazy(), "lazy frame"),
    "complex numbers": (X + 1j, "Complex data not supported"),
    "dates in an array": (np.tile(DATES[:, None], 3), "put dates into a column of a data frame"),
}


@pytest.mark.parametrize("entry", READERS)
@pytest.mark.parametrize("case", TABLES)
def test_a_strange_table_is_refused_in_one_sentence(entry, case):
    (estimator, method, y), (table, message) = READERS[entry], TABLES[case]
    with pytest.raises((ValueError, TypeError), match=message) as caught:
        getattr(clone(estimator), method)(table, y)
    assert_is_ours(caught)


@pytest.mark.parametrize("side", ["X", "X_synthetic"])
@pytest.mark.parametrize("case", TABLES)
def test_a_strange_table_on_either_side_is_refused_in_one_sentence(side, case):
    table, message = TABLES[case]
    if table is None and side == "X_synthetic":
        pytest.skip("None is no synthetic rows")
    message = re.sub(r"^Column (\S+)", r"Column \1( of X_real| of X_synthetic| of the synthetic rows)?", message)
    tables = {"X": FRAME, "X_synthetic": FRAME} | {side: table}
    if isinstance(table, np.ndarray) and table.ndim == 2:
        tables = {"X": X, "X_synthetic": X} | {side: table}
    for fit in (clone(SMCAE).fit, synthetic_gap)[: 1 if "one" in case else 2]:  # a column has a distribution, too
        names = tables if fit is not synthetic_gap else {"X_real": tables["X"], "X_synthetic": tables["X_synthetic"]}
        with pytest.raises((ValueError, TypeError), match=message) as caught:
            fit(**names)
        assert_is_ours(caught)


# ------------------------------------------------------------------------------------------------ tables later
def fitted(estimator, y):
    return clone(estimator).fit(FRAME, y)


@pytest.fixture(scope="module")
def later():
    """Entry points that take a table after `fit` was given a complete one."""
    sampler = clone(TRIPLET_SAMPLER)
    sampler.fit_resample(FRAME, LABEL)
    classifier, regressor = fitted(CLASSIFIERS["RobustATWrapper"], LABEL), fitted(REGRESSORS["RobustATWrapper"], Y)
    mover = clone(SMCAE).fit(FRAME, X_synthetic=FRAME)
    return {
        "HardTripletEmbedder.transform": fitted(EMBEDDER, LABEL).transform,
        "HardTripletEmbedder.transform, raw": fitted(clone(EMBEDDER).set_params(select="raw"), LABEL).transform,
        "HardTripletSampler.embed": sampler.embed,
        "RobustATWrapper.predict": classifier.predict,
        "RobustATWrapper.predict_proba": classifier.predict_proba,
        "RobustATWrapper.predict, regression": regressor.predict,
        "SMCAETransformer.refine": mover.refine,
        "SMCAETransformer.transform": lambda X: mover.transform(X, sample_domain=1),
    }


LATER_ENTRIES = [
    "HardTripletEmbedder.transform",
    "HardTripletEmbedder.transform, raw",
    "HardTripletSampler.embed",
    "RobustATWrapper.predict",
    "RobustATWrapper.predict_proba",
    "RobustATWrapper.predict, regression",
    "SMCAETransformer.refine",
    "SMCAETransformer.transform",
]
LATER = {
    "one column": (FRAME["a"], "Expected 2D array, got 1D array"),
    "infinity": (with_cell(np.inf), "'b'.* contains infinity in row 0"),
    "minus infinity": (with_cell(-np.inf), "'b'.* contains infinity in row 0"),
    "too large": (with_cell(2e300), r"'b'.* contains 2e\+300 in row 0; rescale"),
    "text among numbers": (with_cell("1.5"), "'b'.* holds '1.5' in row 0, where numbers are expected"),
    "dates for numbers": (FRAME.assign(b=DATES), "'b'.* holds .* in row 0, where numbers are expected"),
    "lists for numbers": (FRAME.assign(b=[[1]] * N_ROWS), r"'b'.* holds \[1\] in row 0, where numbers are expected"),
    "too large for a network": (with_cell(1e40), r"'b' holds values too large .* such as 1e\+40 in row 0"),
    "a column less": (FRAME[["a", "b", "c"]], "feature names|features"),
    "other names": (FRAME.set_axis(list("abcz"), axis=1), "feature names"),
    "another order": (FRAME[list("dcba")], "feature names"),
    "a sparse matrix": (sparse.csr_array(X), "Sparse input is not supported|features"),
}


@pytest.mark.parametrize("entry", LATER_ENTRIES)
@pytest.mark.parametrize("case", LATER)
def test_a_strange_table_is_refused_after_fit_too(later, entry, case):
    table, message = LATER[case]
    with pytest.raises((ValueError, TypeError), match=message) as caught:
        later[entry](table)
    assert_is_ours(caught)


@pytest.mark.parametrize("entry", LATER_ENTRIES)
@pytest.mark.parametrize(("column", "missing"), [("b", np.nan), ("d", None)])
def test_the_first_missing_cell_after_fit_is_reported(later, entry, column, missing):
    table = FRAME.assign(**{column: [missing, *FRAME[column][1:]]})
    with pytest.warns(ResamplingWarning, match=f"Missing cells.* in '{column}', where fit saw none"):
        result = later[entry](table)
    assert len(result) == N_ROWS
    if isinstance(result, np.ndarray) and result.dtype.kind == "f":
        assert np.isfinite(result).all()


@pytest.mark.parametrize("entry", LATER_ENTRIES)
def test_an_unknown_category_is_no_error_and_no_missing_cell(later, entry, recwarn):
    result = later[entry](FRAME.assign(d=["new", *FRAME["d"][1:]]))
    assert len(result) == N_ROWS
    assert not [warning for warning in recwarn if "Missing cells" in str(warning.message)]


# ------------------------------------------------------------------------------------------------ names of columns
def smogn_takes(columns):
    return clone(SAMPLERS["SMOGN"]).set_params(categorical_features=columns).fit_resample(FRAME, Y)


COLUMNS = {  # entry point -> parameter, and a function of its value
    "SMOGN": ("categorical_features", smogn_takes),
    "HardTripletSampler": (
        "categorical_features",
        lambda columns: clone(TRIPLET_SAMPLER).set_params(categorical_features=columns).fit_resample(FRAME, LABEL),
    ),
    "HardTripletEmbedder": (
        "categorical_features",
        lambda columns: clone(EMBEDDER).set_params(categorical_features=columns).fit(FRAME, LABEL),
    ),
    "SMCAETransformer": (
        "categorical_features",
        lambda columns: clone(SMCAE).set_params(categorical_features=columns).fit(FRAME, X_synthetic=FRAME),
    ),
    "SMCAETransformer, kept": (
        "keep",
        lambda columns: clone(SMCAE).set_params(keep=columns).fit(FRAME, X_synthetic=FRAME),
    ),
    "synthetic_gap": (
        "categorical_features",
        lambda columns: synthetic_gap(FRAME, FRAME, categorical_features=columns, n_repeats=1),
    ),
    "ThreatModel, categorical_features": (
        "categorical_features",
        lambda columns: ThreatModel(categorical_features=columns).fit(FRAME),
    ),
    "ThreatModel, immutable": ("immutable", lambda columns: ThreatModel(immutable=columns).fit(FRAME)),
    "ThreatModel, integer_features": (
        "integer_features",
        lambda columns: ThreatModel(integer_features=columns).fit(FRAME),
    ),
}
MASK = np.array([False, True, False, False])
NAMES = {  # all name column "b"
    "a name": ["b"],
    "NumPy's text": np.array(["b"]),
    "an index": pd.Index(["b"]),
    "a position": [1],
    "a negative position": [-3],
    "an array": np.array([1]),
    "NumPy's integers": list(np.flatnonzero(MASK)),
    "a mask": MASK,
    "a mask as a list": MASK.tolist(),
    "a mask as a series": pd.Series(MASK),
}
WRONG_NAMES = {
    "another name": (["z"], "names 'z', which is no column of the table"),
    "another position": ([4], "names 4, which is no column of the table"),
    "NumPy's integer": ([np.int64(4)], "names 4, which is no column of the table"),
    "a short mask": ([True], "is a mask of 1 entries for 4 columns"),
    "a truth among names": (["a", True], "names True, which is no column of the table"),
}


@pytest.mark.parametrize("entry", COLUMNS)
@pytest.mark.parametrize("case", NAMES)
def test_columns_are_named_in_the_same_ways_everywhere(entry, case):
    COLUMNS[entry][1](NAMES[case])


@pytest.mark.parametrize("entry", COLUMNS)
@pytest.mark.parametrize("case", WRONG_NAMES)
def test_what_names_no_column_is_refused_in_the_same_words_everywhere(entry, case):
    value, message = WRONG_NAMES[case]
    parameter, call = COLUMNS[entry]
    with pytest.raises(ValueError, match=f"{parameter} {message}"):
        call(value)


@pytest.mark.parametrize("case", NAMES)
def test_a_named_column_is_the_one_that_is_meant(case):
    assert ThreatModel(immutable=NAMES[case]).fit(FRAME).right_.tolist()[1] == 0
    kept = clone(SMCAE).set_params(keep=NAMES[case]).fit(FRAME, X_synthetic=FRAME + FRAME)
    pd.testing.assert_series_equal(kept.refine(FRAME)["b"], FRAME["b"])
    new = smogn_takes(NAMES[case])[0]
    assert set(new["b"]) == set(FRAME["b"])
    assert set(new["a"]) != set(FRAME["a"])


def assert_is_ours(caught):
    """The error was raised by this library or by scikit-learn, not by what lies below them."""
    raised_in = str(caught.traceback[-1].path)
    assert re.search(r"skgan_resample|sklearn", raised_in), raised_in
