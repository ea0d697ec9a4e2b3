"""Checks that a sampler for a continuous target keeps its promises, to be run over any such sampler.

scikit-learn and imbalanced-learn check samplers with classes as targets; a sampler that returns its input passes them
all. The checks here call `fit_resample` with continuous targets. They expect:

Always
    Two tables of equal length come back: first the rows of the input, bit-identical and in their order, then new ones.
    Containers, columns and data types are those of the input, a pandas index is 0, 1, 2, .... New rows hold no NaN or
    infinity where the input has none, numbers stay in the range of their column and of the target, integers whole. The
    caller's data and all global random states are as before. Data that cannot be used raise ValueError or TypeError
    with a message. The sampler can be cloned, pickled, and be a step of imbalanced-learn's Pipeline.
If it has a parameter `random_state`
    The same seed gives the same rows, in this process or another; a RandomState instance advances.
If its tags admit strings or categories, or NaN (`input_tags.string`, `.categorical`, `.allow_nan`)
    It takes data frames with such columns, and makes valid cells: values that were observed, and a missing cell only
    where all its parents have one. Without the tag NaN is refused.
If it has, once fitted,
    `is_synthetic_`
        bool, a flag for each row of the result.
    `kept_indices_`
        positions in the input of the rows kept, which come first. Without it every row must be kept.
    `parent_indices_`
        of shape (n_new, 2): positions in the input of the rows that each new one was made from, -1 for none.
    `bumps_`
        list of runs of target values that are all rare or all common, with `name`, `is_rare`, `indices`, `low`, `high`.
        New targets lie within rare ones, as do parents.
    `sampling_strategy_`
        dict, the number of rows that each rare bump gets, exactly. A parameter `sampling_strategy` then means:
        "balance" raises each rare bump to round(n_samples / n_bumps) rows, "auto" makes some, but fewer; a float is the
        ratio of rare to common rows afterwards; a dict holds rows of bumps afterwards.
If it has a parameter `on_no_rare`, or `relevance`
    Without rare rows it returns the table unchanged with one warning ("warn"), or raises ValueError ("raise").
    A relevance given is an estimator, cloned into `relevance_`, whose parameters can be searched.

What a sampler does not have is skipped, and reported as skipped.
"""

import contextlib
import pickle
import random
import sys
import warnings
from functools import partial
from importlib.util import find_spec
from itertools import product
from typing import NamedTuple
from unittest import SkipTest

import narwhals.stable.v2 as nw
import numpy as np
from imblearn.pipeline import Pipeline
from scipy import sparse
from sklearn.base import clone
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.utils import get_tags

__all__ = ["check_regression_sampler", "parametrize_with_regression_sampler_checks", "regression_sampler_checks"]


def check_regression_sampler(sampler, *, expected_failed_checks=None):
    """Run all checks over a sampler for continuous targets.

    Parameters
    ----------
    sampler : estimator with `fit_resample`
        An instance; it is cloned, never fitted.
    expected_failed_checks : dict of str to str, default=None
        Names of checks that fail, with the reason. Such a check must fail.

    Returns
    -------
    outcomes : dict of str to str
        By name of the check: "passed", "skipped: " or "failed as expected: ", with the reason.

    Raises
    ------
    AssertionError
        By the first check that fails, with its name.

    See Also
    --------
    parametrize_with_regression_sampler_checks : Make a test of each check.
    sklearn.utils.estimator_checks.check_estimator : What any estimator must do.

    Examples
    --------
    >>> from skgan_resample.estimator_checks import check_regression_sampler
    >>> from skgan_resample.over_sampling import RandomOverSampler
    >>> outcomes = check_regression_sampler(RandomOverSampler())
    >>> set(outcomes.values())
    {'passed'}
    """
    expected, outcomes = expected_failed_checks or {}, {}
    for check in regression_sampler_checks():
        title = check.__name__
        try:
            check(type(sampler).__name__, sampler)
        except SkipTest as reason:
            outcomes[title] = f"skipped: {reason}"
            continue
        except Exception as error:
            if title not in expected:
                raise AssertionError(f"{title} fails for {sampler!r}: {error}") from error
            outcomes[title] = f"failed as expected: {expected[title]}"
            continue
        if title in expected:
            raise AssertionError(f"{title} was expected to fail for {sampler!r}, but passes.")
        outcomes[title] = "passed"
    return outcomes


def parametrize_with_regression_sampler_checks(samplers, *, expected_failed_checks=None):
    """Return a pytest decorator that makes a test of each check for each sampler.

    Parameters
    ----------
    samplers : list of estimators with `fit_resample`
        Instances; they are cloned, never fitted.
    expected_failed_checks : callable, default=None
        From a sampler to a dict of names of checks and reasons; these tests are marked as expected failures.

    Returns
    -------
    decorator : pytest.MarkDecorator
        For a function with the parameters `sampler` and `check`.

    Examples
    --------
    >>> from skgan_resample.estimator_checks import parametrize_with_regression_sampler_checks
    >>> from skgan_resample.over_sampling import SMOGN, SMOTER
    >>> @parametrize_with_regression_sampler_checks([SMOGN(), SMOTER(k_neighbors=3)])
    ... def test_sampler(sampler, check):
    ...     check(sampler)
    """
    import pytest

    cases = []
    for sampler in samplers:
        expected = expected_failed_checks(sampler) if expected_failed_checks else {}
        for check in regression_sampler_checks():
            title = check.__name__
            marks = [pytest.mark.xfail(reason=expected[title], strict=True)] if title in expected else []
            case = partial(check, type(sampler).__name__)
            cases.append(pytest.param(sampler, case, marks=marks, id=f"{sampler}-{title}"))
    return pytest.mark.parametrize(("sampler", "check"), cases)


def regression_sampler_checks():
    """Return the checks that a sampler for a continuous target should pass.

    Returns
    -------
    checks : list of callable
        Functions ``check(name, sampler)`` that raise when a promise is broken.

    Examples
    --------
    >>> from skgan_resample.estimator_checks import regression_sampler_checks
    >>> from skgan_resample.over_sampling import SMOTER
    >>> for check in regression_sampler_checks()[:3]:
    ...     check("SMOTER", SMOTER())
    """
    checks = [check for name, check in globals().items() if name.startswith("check_")]
    return checks[1:]  # the first is `check_regression_sampler`, which runs them


# ------------------------------------------------------------------------------------------------- rows and amounts
def check_continuous_target_is_accepted(name, sampler):
    """A continuous target is accepted, and a table with rare values gets new rows."""
    X, y = _table()
    result = _resample(sampler, X, y)
    assert len(result.X) == len(result.y), f"{name} returns {len(result.X)} rows of X and {len(result.y)} of y."
    assert result.X.shape[1:] == X.shape[1:], f"{name} changes the columns."
    assert len(result.y) > len(result.kept), f"{name} makes no row for a target with rare values."


def check_original_rows_come_first_and_unchanged(name, sampler):
    """Rows of the input come first, in their order, with the same bits; the attributes say which they are."""
    X, y = _table()
    X[0, 0], X[1, 0], y[2] = -0.0, 5e-324, -0.0
    result = _resample(sampler, X, y)
    kept, n_kept = result.kept, len(result.kept)
    assert result.X[:n_kept].tobytes() == X[kept].tobytes(), f"{name} changes rows of X or their order."
    assert result.y[:n_kept].tobytes() == y[kept].tobytes(), f"{name} changes values of y or their order."
    assert (np.diff(kept) > 0).all(), f"{name}.kept_indices_ are not in the order of the input."
    if getattr(sampler, "under_sampling", None) is None:
        assert n_kept == len(y), f"{name} drops rows."
    is_mask = result.is_new.dtype == bool and result.is_new.shape == (len(result.y),)
    assert is_mask, f"{name}.is_synthetic_ is not one flag for each row."
    assert not result.is_new[:n_kept].any(), f"{name}.is_synthetic_ calls a row of the input new."
    assert result.is_new[n_kept:].all(), f"{name}.is_synthetic_ calls a new row real."


def check_dtypes_are_kept(name, sampler):
    """Numbers of any data type come back in it, and new ones lie in the observed range."""
    X, y = _table()
    for dtype in (np.float32, np.float64, np.int32, np.int64, np.uint8):
        table, target = (np.round(8 * (values - values.min())).astype(dtype) for values in (X, y))
        for X_given, y_given in ((table, y), (X, target)):
            result = _resample(sampler, X_given, y_given)
            for new, given in ((result.X, X_given), (result.y, y_given)):
                assert new.dtype == given.dtype, f"{name} returns {new.dtype} for {given.dtype}."
                _assert_in_range(name, new, given)
    column = _resample(sampler, X, y[:, None]).y
    assert column.shape[1:] == (1,), f"{name} returns shape {column.shape} for a target of shape (n, 1)."


def check_no_nan_or_infinity_is_invented(name, sampler):
    """Finite data of any scale stay finite."""
    X, y = _table()
    X[:, 0] *= 1e150
    X[:, 1] *= 1e-150
    for target in (y, 1e100 * y, 1e-100 * y):
        result = _resample(sampler, X, target)
        assert np.isfinite(result.X).all(), f"{name} invents NaN or infinity in X."
        assert np.isfinite(result.y).all(), f"{name} invents NaN or infinity in y."


def check_new_rows_lie_in_the_observed_range(name, sampler):
    """New targets lie within a rare bump, new predictors within the range of their column, however many there are."""
    for n_columns in (3, 150):
        X, y = _table(n_columns)
        _assert_valid_numbers(name, _resample(sampler, X, y), X, y)


def check_amounts_are_reached_exactly(name, sampler):
    """Rare bumps have, after resampling, the rows that `sampling_strategy` asks for."""
    bumps = getattr(_fitted(sampler), "bumps_", None)
    _require(bumps and "sampling_strategy" in sampler.get_params(), f"{name} has no `sampling_strategy` or `bumps_`.")
    X, y = _table()
    before = {bump.name: len(bump.indices) for bump in bumps if bump.is_rare}
    n_common = len(y) - sum(before.values())
    size = round(len(y) / len(bumps))
    wanted = {bump: n + 3 for bump, n in before.items()}
    balanced = {bump: max(n, size) for bump, n in before.items()}
    for strategy, expected in [("balance", balanced), ("auto", None), (1.25, None), (0.0, before), (wanted, wanted)]:
        result = _resample(sampler, X, y, sampling_strategy=strategy)
        after = {
            bump.name: len(bump.indices) + np.count_nonzero(_within(result.y[result.is_new], bump))
            for bump in result.sampler.bumps_
            if bump.is_rare
        }
        made = {bump: after[bump] - before[bump] for bump in before}
        assert made == result.sampler.sampling_strategy_, f"{name}.sampling_strategy_ is not what was made: {made}."
        if strategy == "auto":
            for bump, n_new in made.items():
                assert 0 < n_new <= balanced[bump] - before[bump], f"{name} makes {n_new} rows by 'auto'."
        elif strategy == 1.25:
            assert sum(after.values()) == round(1.25 * n_common), f"{name} misses the ratio of rare to common rows."
        else:
            assert after == expected, f"{name} makes {after} instead of {expected} for {strategy!r}."


# ------------------------------------------------------------------------------------------------------- randomness
def check_same_seed_same_rows(name, sampler):
    """The same seed gives the same rows: when called again, from a clone, and from a pickle of the fitted sampler."""
    _require("random_state" in sampler.get_params(), f"{name} has no parameter `random_state`.")
    X, y = _table()
    first = _resample(sampler, X, y)
    again = first.sampler.fit_resample(X, y)
    loaded = pickle.loads(pickle.dumps(first.sampler)).fit_resample(X, y)
    cloned = clone(first.sampler).fit_resample(X, y)
    for way, (X_new, y_new) in {"again": again, "from a pickle": loaded, "from a clone": cloned}.items():
        assert X_new.tobytes() == first.X.tobytes(), f"{name} draws other rows {way}."
        assert y_new.tobytes() == first.y.tobytes(), f"{name} draws other targets {way}."


def check_random_state_instance_advances(name, sampler):
    """A RandomState instance is drawn from, so that a second call differs; an equal instance gives the same two."""
    _require("random_state" in sampler.get_params(), f"{name} has no parameter `random_state`.")
    X, y = _table()
    runs = []
    for _ in range(2):
        drawer = clone(sampler).set_params(random_state=np.random.RandomState(3))
        with _silence():
            runs.append([drawer.fit_resample(X, y)[0] for _ in range(2)])
    assert runs[0][0].tobytes() != runs[0][1].tobytes(), f"{name} draws the same rows twice from a RandomState."
    for one, other in zip(*runs):
        assert one.tobytes() == other.tobytes(), f"{name} draws from another source than its RandomState."


def check_global_random_states_are_untouched(name, sampler):
    """With a seed, the random states of NumPy, Python and torch (if loaded) are as before, also after an error.

    Without a seed NumPy's advances, as everywhere in scikit-learn.
    """
    X, y = _table()
    before = _global_states()
    _resample(sampler, X, y)
    with contextlib.suppress(ValueError):
        _resample(sampler, X, np.where(np.arange(len(y)) == 3, np.inf, y))
    for library, state in _global_states().items():
        assert before.get(library, state) == state, f"{name} changes the global random state of {library}."


# ------------------------------------------------------------------------------------------------------- containers
def check_input_is_not_mutated(name, sampler):
    """Read-only arrays are accepted, and frames of the caller are as before."""
    X, y = _table()
    X.flags.writeable = y.flags.writeable = False
    _resample(sampler, X, y)
    for library in _frame_libraries():
        frame, target = _frame(library, X), _series(library, y)
        copies = pickle.loads(pickle.dumps((frame, target)))
        _resample(sampler, frame, target)
        assert frame.equals(copies[0]), f"{name} changes the caller's {library} frame."
        assert target.equals(copies[1]), f"{name} changes the caller's {library} target."


def check_same_container_comes_out(name, sampler):
    """Arrays, lists and frames come back as such, each of X and y on its own, with the same cells."""
    X, y = _table()
    arrays = _resample(sampler, X, y)
    frames = {library: (_frame(library, X), _series(library, y)) for library in _frame_libraries()}
    forms = {"an array": (X, y), "a list": (X.tolist(), y.tolist()), **frames}
    # Each form with itself and with arrays is enough.
    for form, other in [pair for pair in product(forms, repeat=2) if pair[0] == pair[1] or "an array" in pair]:
        table, target = forms[form][0], forms[other][1]
        result = _resample(sampler, table, target)
        for new, given, kind in ((result.X, table, form), (result.y, target, f"a target in {other}")):
            assert type(new) is type(given), f"{name} returns {type(new)} for {kind}."
            assert _schema(new) == _schema(given), f"{name} changes names or data types of {kind}."
        assert np.array_equal(_matrix(result.X), arrays.X), f"{name} makes other rows from {form}."
        assert np.array_equal(np.asarray(result.y, dtype=float), arrays.y), f"{name} makes other y from {other}."


def check_pandas_index_becomes_a_range(name, sampler):
    """Whatever the pandas index, rows are matched by position, and the result is numbered 0, 1, 2, ...."""
    _require(find_spec("pandas"), "pandas is not installed.")
    import pandas

    X, y = _table()
    arrays = _resample(sampler, X, y)
    numbers = np.arange(len(y))
    for index in (numbers // 2, numbers[::-1], [f"row {i}" for i in numbers]):  # duplicates, another order, text
        frame = _frame("pandas", X).set_index(pandas.Index(index))
        result = _resample(sampler, frame, pandas.Series(y, index=index[::-1]))
        assert np.array_equal(_matrix(result.X), arrays.X), f"{name} makes other rows under the index {index}."
        assert np.array_equal(result.y.to_numpy(), arrays.y), f"{name} makes other targets under the index {index}."
        for table in (result.X, result.y):
            assert table.index.equals(pandas.RangeIndex(len(table))), f"{name} returns the index {table.index}."


def check_unusable_data_raise_a_message(name, sampler):
    """Data that cannot be used raise ValueError or TypeError with a message."""
    X, y = _table()
    infinite, has_missing = X.copy(), y.copy()
    infinite[5, 1], has_missing[5] = np.inf, np.nan
    cases = {
        "no rows": (X[:0], y[:0]),
        "no columns": (X[:, :0], y),
        "one row": (X[:1], y[:1]),
        "X of one dimension": (X[:, 0], y),
        "X of three dimensions": (X[:, :, None], y),
        "infinity in X": (infinite, y),
        "a sparse matrix": (sparse.csr_array(X), y),
        "no y": (X, None),
        "y of another length": (X, y[:-1]),
        "two target columns": (X, np.column_stack([y, y])),
        "NaN in y": (X, has_missing),
        "infinity in y": (X, np.where(np.isnan(has_missing), np.inf, has_missing)),
        "words in y": (X, np.where(y > 0, "much", "little").astype(object)),
        "a constant y": (X, np.ones_like(y)),
    }
    if find_spec("pandas"):
        cases["columns of one name"] = (_frame("pandas", X).set_axis(["area", "rooms", "area"], axis=1), y)
    for case, (table, target) in cases.items():
        _message_of_error(name, sampler, table, target, case)


# --------------------------------------------------------------------------------------------------- kinds of table
def check_integers_and_categories_stay_valid(name, sampler):
    """New cells of integer, boolean, text and category columns are values that the column can hold and has held."""
    tags = get_tags(sampler).input_tags
    _require(tags.string or tags.categorical, f"The tags of {name} admit neither strings nor categories.")
    y = _table()[1]
    for library in _frame_libraries():
        frame = nw.from_dict(_mixed_columns(library), backend=library).to_native()
        result = _resample(sampler, frame, _series(library, y))
        assert _schema(result.X) == _schema(frame), f"{name} changes the data types of a {library} frame."
        _assert_valid_cells(name, result.X, frame)
    colours = np.array(["red", "green", "blue"], dtype=object)
    X = colours[np.random.RandomState(0).randint(3, size=(len(y), 4))]  # without a single number
    result = _resample(sampler, X, y)
    assert result.X.dtype == object
    assert set(result.X.ravel()) <= set(colours), f"{name} invents categories."


def check_missing_predictors(name, sampler):
    """With NaN in predictors the result is valid if the tags allow NaN; otherwise a message names it."""
    X, y = _table()
    X[np.random.RandomState(0).uniform(size=X.shape) < 0.2] = np.nan
    if not get_tags(sampler).input_tags.allow_nan:
        message = _message_of_error(name, sampler, X, y, "NaN in X, which its tags do not allow")
        assert "nan" in message.lower() or "missing" in message.lower(), f"{name} does not say what is wrong: {message}"
        return
    result = _resample(sampler, X, y)
    assert np.array_equal(result.X[: len(result.kept)], X[result.kept], equal_nan=True), (
        f"{name} fills cells of the input."
    )
    _assert_in_range(name, result.X, X)
    _assert_missing_cells_come_from_parents(name, result, X)


def check_constant_columns(name, sampler):
    """Columns of one value keep it, and a table of nothing else is resampled."""
    X, y = _table()
    for constant in ([1], [0, 1, 2]):
        X[:, constant] = 7.0
        result = _resample(sampler, X, y)
        assert (result.X[:, constant] == 7).all(), f"{name} changes a constant column."


def check_few_rare_rows(name, sampler):
    """One, two or three rare rows are enough, or a message says that they are not."""
    X, _ = _table()
    for n_rare in (1, 2, 3):
        y = np.zeros(len(X))  # all others are alike, so that nothing else is rare
        y[-n_rare:] = 10 + np.arange(n_rare)
        with contextlib.suppress(ValueError):  # a message; more than that cannot be expected
            _assert_valid_numbers(name, _resample(sampler, X, y), X, y)


def check_no_rare_rows(name, sampler):
    """Without rare rows the table comes back unchanged with one warning, or an error is raised, as the user wants."""
    _require("on_no_rare" in sampler.get_params(), f"{name} has no parameter `on_no_rare`.")
    X, _ = _table()
    y = np.linspace(0, 1, len(X))  # the box plot has no extremes
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        X_new, y_new = clone(sampler).set_params(on_no_rare="warn").fit_resample(X, y)
    assert len(caught) == 1, f"{name} gives {len(caught)} warnings instead of one."
    unchanged = np.array_equal(X_new, X) and np.array_equal(y_new, y)
    assert unchanged, f"{name} does not return the table unchanged."
    assert X_new is not X, f"{name} returns the caller's own table, not a copy."
    try:
        clone(sampler).set_params(on_no_rare="raise").fit_resample(X, y)
    except ValueError:
        return
    raise AssertionError(f"{name} does not raise without rare rows.")


def check_parents_explain_new_rows(name, sampler):
    """Parents are rare rows of one bump; a cell is missing only if it is in every parent."""
    _require(hasattr(_fitted(sampler), "parent_indices_"), f"{name} has no `parent_indices_`.")
    X, y = _table()
    if get_tags(sampler).input_tags.allow_nan:
        X[np.random.RandomState(0).uniform(size=X.shape) < 0.3] = np.nan
    result = _resample(sampler, X, y)
    parents = result.sampler.parent_indices_
    n_new = np.count_nonzero(result.is_new)
    assert parents.shape == (n_new, 2), f"{name}.parent_indices_ has shape {parents.shape} for {n_new} new rows."
    assert np.issubdtype(parents.dtype, np.integer)
    assert -1 <= parents.min() <= parents.max() < len(y), f"{name}.parent_indices_ point beyond the input."
    assert (parents[:, 0] >= 0).all(), f"{name}.parent_indices_ holds a row without a first parent."
    _assert_missing_cells_come_from_parents(name, result, X)
    if hasattr(result.sampler, "bumps_"):
        home = np.full(len(y) + 1, -1)  # the last entry is for -1, no parent
        for number, bump in enumerate(result.sampler.bumps_):
            home[bump.indices] = number if bump.is_rare else -2
        assert (home[parents] != -2).all(), f"{name}.parent_indices_ point to common rows."
        second = parents[:, 1] >= 0
        both = home[parents[second]]
        assert (both[:, 0] == both[:, 1]).all(), f"{name} joins rows of different bumps."


# ------------------------------------------------------------------------------------------ within scikit-learn
def check_fit_learns_what_fit_resample_learns(name, sampler):
    """`fit` returns the sampler, and learns the same as `fit_resample`."""
    X, y = _table()
    fitted = _seeded(sampler)
    with _silence():
        assert fitted.fit(X, y) is fitted, f"{name}.fit does not return the sampler."
    assert fitted.n_features_in_ == X.shape[1], f"{name}.fit does not set n_features_in_."
    amounts = [getattr(each, "sampling_strategy_", None) for each in (fitted, _fitted(sampler))]
    assert amounts[0] == amounts[1], f"{name}.fit learns another sampling_strategy_: {amounts}."


def check_nested_relevance_parameters(name, sampler):
    """Parameters of a given relevance can be set and searched; the given object is not fitted."""
    relevance = getattr(_fitted(sampler), "relevance_", None)
    _require(relevance and "relevance" in sampler.get_params(), f"{name} has no parameter `relevance`.")
    relevance = clone(relevance)
    outer = clone(sampler).set_params(relevance=relevance)
    if "coef" in relevance.get_params():
        outer.set_params(relevance__coef=0.5)
    with _silence():
        outer.fit_resample(*_table())
    assert outer.relevance is relevance, f"{name} replaces the relevance it was given."
    assert not [key for key in vars(relevance) if key.endswith("_")], f"{name} fits the caller's relevance."
    used = outer.relevance_.get_params()
    assert used == relevance.get_params(), f"{name} does not use the relevance it was given."


def check_pipeline_in_grid_search(name, sampler):
    """A grid search over two processes tunes the sampler in one grid and leaves it out in another."""
    X, y = _table()
    pipeline = Pipeline([("resampler", _seeded(sampler)), ("model", Ridge())])
    grids = [
        {"resampler": ["passthrough"], "model__alpha": [1.0]},
        {"resampler": [_seeded(sampler)], "model__alpha": [0.1, 1.0]},
    ]
    with _silence():
        parallel = GridSearchCV(pipeline, grids, cv=2, n_jobs=2, error_score="raise").fit(X, y)
        serial = GridSearchCV(pipeline, grids, cv=2, error_score="raise").fit(X, y)
    scores = [search.cv_results_["mean_test_score"] for search in (parallel, serial)]
    assert np.array_equal(*scores), f"{name} depends on the number of processes: {scores}."
    assert scores[0][0] != scores[0][2], f"{name} changes nothing in a pipeline."


# ----------------------------------------------------------------------------------------------------------- helpers
class _Result(NamedTuple):
    sampler: object
    X: object
    y: object
    kept: np.ndarray
    is_new: np.ndarray


def _table(n_columns=3):
    """Return 60 rows: a linear target, 5 rows far above and 4 far below the others."""
    rng = np.random.RandomState(7)
    X = rng.normal(size=(60, n_columns))
    y = X[:, :3].sum(axis=1) / 2 + 0.1 * rng.normal(size=60)
    y[10:60:10] += 12 + rng.uniform(0, 3, size=5)
    y[3:53:13] -= 12 + rng.uniform(0, 3, size=4)
    return X, y


def _mixed_columns(library):
    """Return columns of all kinds, without missing cells, for a frame of `library`."""
    rng = np.random.RandomState(1)
    n = len(_table()[1])
    columns = {
        "price": np.round(rng.uniform(1, 90, size=n), 2),
        "rooms": rng.randint(1, 60, size=n),
        "garden": rng.uniform(size=n) < 0.4,
        "town": np.array(["Bath", "York", "Ely", "Wells"], dtype=object)[rng.randint(4, size=n)],
        "grade": rng.randint(1, 4, size=n).astype(np.int8),
    }
    sizes = np.array(["s", "m", "l"], dtype=object)[rng.randint(3, size=n)]
    if library == "pandas":
        import pandas

        columns["size"] = pandas.Categorical(sizes, categories=["s", "m", "l", "xl"], ordered=True)
        columns["floor"] = pandas.array(rng.randint(0, 9, size=n), dtype="Int64")
    return columns


def _seeded(sampler, **parameters):
    """Return a clone with a fixed seed, if it takes one."""
    sampler = clone(sampler)
    if "random_state" in sampler.get_params():
        sampler.set_params(random_state=0)
    return sampler.set_params(**{key: value for key, value in parameters.items() if key in sampler.get_params()})


def _resample(sampler, X, y, **parameters):
    """Return what a clone of the sampler makes of a table, and which rows it kept and made."""
    sampler = _seeded(sampler, **parameters)
    with _silence():
        X_new, y_new = sampler.fit_resample(X, y)
    n_rows, n_after = len(y), len(y_new)
    kept = np.asarray(getattr(sampler, "kept_indices_", np.arange(n_rows)))
    is_new = np.asarray(getattr(sampler, "is_synthetic_", np.arange(n_after) >= len(kept)))
    return _Result(sampler, X_new, y_new, kept, is_new)


def _fitted(sampler):
    return _resample(sampler, *_table()).sampler


def _silence():
    return warnings.catch_warnings(action="ignore")


def _message_of_error(name, sampler, X, y, case):
    """Return what the sampler says when it refuses a table."""
    try:
        _resample(sampler, X, y)
    except Exception as error:
        if not isinstance(error, TypeError | ValueError) or not str(error):
            raise AssertionError(f"{name} raises {error!r} for {case}.") from error
        return str(error)
    raise AssertionError(f"{name} does not refuse {case}.")


def _require(condition, reason):
    if not condition:
        raise SkipTest(reason)


def _global_states():
    states = {"NumPy": pickle.dumps(np.random.get_state()), "Python": random.getstate()}  # noqa: NPY002
    if "torch" in sys.modules:
        states["torch"] = sys.modules["torch"].random.get_rng_state().tolist()
    return states


def _assert_in_range(name, new, old):
    new, old = np.asarray(new, dtype=float), np.asarray(old, dtype=float)
    inside = (new >= np.nanmin(old, axis=0)) & (new <= np.nanmax(old, axis=0)) | np.isnan(new)
    assert inside.all(), f"{name} makes values beyond those observed."


def _within(y, bump):
    return (y >= bump.low) & (y <= bump.high)


def _assert_valid_numbers(name, result, X, y):
    """Predictors and targets are in range, and new targets are rare where the sampler says which ones are."""
    _assert_in_range(name, result.X, X)
    _assert_in_range(name, result.y, y)
    bumps = [bump for bump in getattr(result.sampler, "bumps_", []) if bump.is_rare]
    if bumps:
        inside = np.any([_within(result.y[result.is_new], bump) for bump in bumps], axis=0)
        assert inside.all(), f"{name} makes targets that are not within a rare bump."


def _assert_missing_cells_come_from_parents(name, result, X):
    """A new cell is missing only where its parents' are, or in columns with missing cells if parents are unknown."""
    missing, new_missing = np.isnan(X), np.isnan(result.X[result.is_new])
    parents = getattr(result.sampler, "parent_indices_", None)
    if parents is None:
        allowed = np.broadcast_to(missing.any(axis=0), new_missing.shape)
    else:
        missing = np.vstack([missing, np.ones((1, X.shape[1]), dtype=bool)])  # the last row is for -1, no parent
        allowed = missing[parents].all(axis=1)  # (n_new, 2, n_features) -> (n_new, n_features)
    assert not (new_missing & ~allowed).any(), f"{name} makes a missing cell that its parents do not have."


def _assert_valid_cells(name, new, old):
    new = nw.from_native(new)
    for observed in nw.from_native(old).iter_columns():
        column, cells, observed = observed.name, new.get_column(observed.name).to_list(), observed.to_list()
        if isinstance(observed[0], str | bool):
            assert set(cells) <= set(observed), f"{name} invents values of the column {column!r}."
            continue
        inside = min(observed) <= min(cells) and max(cells) <= max(observed)
        assert inside, f"{name} leaves the range of the column {column!r}."
        if isinstance(observed[0], int):
            assert all(isinstance(cell, int) for cell in cells)


def _frame_libraries():
    """Return the libraries of data frames that are installed."""
    return [library for library in ("pandas", "polars", "pyarrow") if find_spec(library)]


def _frame(library, X):
    return nw.from_numpy(X, ["x0", "x1", "x2"], backend=library).to_native()


def _series(library, y):
    return nw.new_series("target", y, backend=library).to_native()


def _schema(table):
    """Return names and native data types of a frame; those of a series or an array."""
    if getattr(table, "ndim", 2) == 1 or not hasattr(table, "columns"):
        return [getattr(table, name, None) for name in ("name", "dtype", "type")]
    return table.dtypes.to_dict() if hasattr(table, "iloc") else table.schema


def _matrix(X):
    return np.asarray(nw.from_native(X).to_numpy() if hasattr(X, "columns") else X, dtype=float)
