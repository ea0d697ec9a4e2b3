"""The common checks of scikit-learn, imbalanced-learn and this library over all estimators."""

import os
import pickle
import warnings

import numpy as np
import pandas as pd
import polars as pl
import pytest
from _shared import run_python, sklearn_version
from imblearn.base import BaseSampler
from imblearn.over_sampling import SMOTE
from imblearn.over_sampling import RandomOverSampler as ClassOverSampler
from imblearn.utils.estimator_checks import parametrize_with_checks as parametrize_with_imblearn_checks
from sklearn.base import BaseEstimator, clone
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.utils import check_random_state
from sklearn.utils.estimator_checks import parametrize_with_checks

from skgan_resample import (
    AdversarialTrainingOptions,
    AutoencoderOptions,
    DistGANOptions,
    HardTripletEmbedder,
    HardTripletSampler,
    RobustATWrapper,
    SMCAETransformer,
    SMOGANRegressorResampler,
    ThreatModel,
    TripletNetworkOptions,
)
from skgan_resample.compose import (
    OutputCorrectedRegressor,
    RelevanceWeightedRegressor,
    ResampledClassifier,
    ResampledRegressor,
    SyntheticRefiner,
)
from skgan_resample.estimator_checks import (
    check_regression_sampler,
    parametrize_with_regression_sampler_checks,
    regression_sampler_checks,
)
from skgan_resample.over_sampling import SMOGN, SMOTER, GaussianNoise, RandomOverSampler, SmognPackageSampler
from skgan_resample.relevance import Relevance

SAMPLERS = [  # a new sampler for continuous targets: one line here
    RandomOverSampler(random_state=0),
    GaussianNoise(random_state=0),
    SMOTER(random_state=0),
    SMOGN(random_state=0),
    SMOGN(safe_distance="neighbors", under_sampling="balance", random_state=0),
    SMOGANRegressorResampler(max_steps=10, gan=DistGANOptions(hidden_layer_sizes=(8,)), random_state=0),
]
REGRESSORS = [  # a new regressor: one line here
    ResampledRegressor(SMOGN(random_state=0), Ridge()),
    RelevanceWeightedRegressor(Ridge()),
    OutputCorrectedRegressor(Ridge()),
]
CLASSIFIERS = [  # a new classifier: one line here
    ResampledClassifier(ClassOverSampler(), LogisticRegression(), random_state=0),
    ResampledClassifier(ClassOverSampler(), LogisticRegression(), prior_correction=True, random_state=0),
]
SMALL_TRIPLETS = TripletNetworkOptions(hidden_layer_sizes=(8,))
CLASS_SAMPLERS = [  # a new sampler for classes: one line here
    HardTripletSampler(max_steps=10, network=SMALL_TRIPLETS, random_state=0),
    HardTripletSampler(
        generator="cgan",
        positive_fraction=0.5,
        max_steps=10,
        network=SMALL_TRIPLETS,
        random_state=0,
    ),
]

TRANSFORMERS = [  # told nothing of synthetic rows, SMCAE warns and passes rows on: see test_smcae_domains.py
    SMCAETransformer(),
    SMCAETransformer(
        select=None, max_steps=5, autoencoder=AutoencoderOptions(hidden_layer_sizes=(8, 4, 8)), random_state=0
    ),
    HardTripletEmbedder(cv=2, max_steps=2, network=SMALL_TRIPLETS, random_state=0),
    HardTripletEmbedder(select="learned", max_steps=2, network=SMALL_TRIPLETS, random_state=0),
]
REFINERS = [
    SyntheticRefiner(SMOTE(), SMCAETransformer(select="linear_ot"), random_state=0),
    SyntheticRefiner(ClassOverSampler(), SMCAETransformer(select="location_scale"), random_state=0),
    SyntheticRefiner(SMOGN(), SMCAETransformer(select="linear_ot"), random_state=0),
    SyntheticRefiner(
        SMOGN(relevance=Relevance("quantile")),
        SMCAETransformer(select=None, max_steps=5, autoencoder=AutoencoderOptions(hidden_layer_sizes=(8, 4, 8))),
        random_state=0,
    ),
]

SMALL_MLP = {"hidden_layer_sizes": (8,), "solver": "sgd", "learning_rate_init": 0.1, "batch_size": 32, "max_iter": 15}
ROBUST = [  # a new adversarially trained model: one line here
    RobustATWrapper(MLPClassifier(**SMALL_MLP), n_steps=1, cv=None, random_state=0),
    RobustATWrapper(MLPRegressor(**SMALL_MLP), n_steps=1, cv=None, random_state=0),
    RobustATWrapper(
        LogisticRegression(),
        max_epochs=50,
        n_steps=1,
        cv=2,
        random_state=0,
        training=AdversarialTrainingOptions(validate_every=25),
    ),  # its max_iter is no number of epochs
]
ROBUST_FAILED_CHECKS = {
    "check_sample_weight_equivalence_on_dense_data": "Batches are drawn by rows, as in scikit-learn's MLPClassifier.",
}

RESAMPLED_FAILED_CHECKS = dict.fromkeys(
    ["check_sample_weight_equivalence_on_dense_data", "check_sample_weight_equivalence_on_sparse_data"],
    "Rows are drawn whatever they weigh, and a row that is given twice is drawn twice as often.",
)

# With classes as targets the default relevance finds nothing rare, and a sampler that returns its input passes.
DEFAULT_SAMPLERS = [*SAMPLERS[:4], SAMPLERS[-1]]
BUSY_SAMPLERS = [clone(sampler).set_params(relevance=Relevance("quantile")) for sampler in DEFAULT_SAMPLERS]

PACKAGE = SmognPackageSampler(random_state=0)  # runs somebody else's code, which keeps fewer promises
PACKAGE_FAILED_CHECKS = {
    "check_new_rows_lie_in_the_observed_range": "New targets can leave the rare bump.",
    "check_amounts_are_reached_exactly": "The package decides the amounts.",
    "check_parents_explain_new_rows": "The package does not tell the parents.",
    "check_fit_learns_what_fit_resample_learns": "The amounts are known once rows are drawn.",
}

EXPECTED_FAILED_CHECKS = {
    "check_target_type": "imbalanced-learn demands an error for continuous targets, which are the purpose here.",
    "check_samplers_multiclass_ova": "A one-hot encoded target is three columns; a continuous target is one.",
}


def failed_scikit_learn_checks(estimator):
    if isinstance(estimator, SyntheticRefiner) and isinstance(estimator.sampler, SMOTE):
        own_words = "SMOTE itself refuses a class of three rows, in its own words."
        older = {} if sklearn_version >= (1, 7) else {"check_n_features_in_after_fitting": own_words}
        return {"check_fit2d_1feature": own_words, **older}
    if isinstance(estimator, ResampledClassifier):
        return RESAMPLED_FAILED_CHECKS
    return ROBUST_FAILED_CHECKS if isinstance(estimator, RobustATWrapper) else {}


def failed_imbalanced_learn_checks(sampler):
    if isinstance(sampler, HardTripletSampler):
        return {}
    if isinstance(sampler, SyntheticRefiner) and not isinstance(sampler.sampler, SMOGN):
        # the sampler inside raises what is demanded of targets
        return {name: reason for name, reason in EXPECTED_FAILED_CHECKS.items() if name != "check_target_type"}
    return EXPECTED_FAILED_CHECKS


# Not over REGRESSORS: imbalanced-learn takes whatever predicts for a classifier.
imblearn_checks = parametrize_with_imblearn_checks(
    [*SAMPLERS, *BUSY_SAMPLERS, PACKAGE, *REFINERS, *CLASS_SAMPLERS],
    expected_failed_checks=failed_imbalanced_learn_checks,
)


@pytest.mark.filterwarnings("ignore::skgan_resample.ResamplingWarning")
@parametrize_with_checks(
    [
        *SAMPLERS,
        *BUSY_SAMPLERS,
        PACKAGE,
        *REGRESSORS,
        *CLASSIFIERS,
        *TRANSFORMERS,
        *REFINERS,
        *CLASS_SAMPLERS,
        ThreatModel(),
        *ROBUST,
    ],
    expected_failed_checks=failed_scikit_learn_checks,
)
@pytest.mark.slow
def test_scikit_learn_checks(estimator, check):
    check(estimator)


@pytest.mark.filterwarnings("ignore::skgan_resample.ResamplingWarning")
@pytest.mark.parametrize(imblearn_checks.args[0], list(imblearn_checks.args[1]), ids=imblearn_checks.kwargs["ids"])
@pytest.mark.slow
def test_imbalanced_learn_checks(estimator, check):
    check(estimator)


@parametrize_with_regression_sampler_checks(
    [*SAMPLERS, PACKAGE], expected_failed_checks=lambda sampler: PACKAGE_FAILED_CHECKS if sampler is PACKAGE else {}
)
@pytest.mark.slow
def test_regression_sampler_checks(sampler, check):
    check(sampler)


@pytest.mark.parametrize("sampler", DEFAULT_SAMPLERS, ids=repr)
@pytest.mark.slow
def test_no_check_is_skipped_over_a_sampler_of_ours(sampler):
    outcomes = check_regression_sampler(sampler)
    assert list(outcomes) == [check.__name__ for check in regression_sampler_checks()]
    assert set(outcomes.values()) == {"passed"}


@pytest.mark.parametrize("sampler", SAMPLERS, ids=repr)
def test_a_fitted_sampler_keeps_no_rows(sampler):
    rng = np.random.RandomState(0)
    X, y = rng.normal(size=(200, 3)), rng.standard_cauchy(size=200)
    sampler = clone(sampler)
    sampler.fit_resample(X, y)
    stored = pickle.dumps(sampler)
    inner = np.sort(X, axis=0)[1:-1]  # lowest and highest are the range of a column
    assert not [value for value in inner.ravel() if value.tobytes() in stored or value.tobytes()[::-1] in stored]


def test_importing_the_package_imports_no_heavy_library():
    heavy = "print(*[name for name in ('torch', 'matplotlib', 'pandas', 'sklearn') if name in sys.modules])"
    assert run_python(f"import sys, skgan_resample; {heavy}") == ""


@pytest.mark.slow
def test_a_sampler_imports_no_more_than_scikit_learn_does():
    """imbalanced-learn and scikit-learn import pandas themselves, where it is installed."""
    heavy = "print(*[name for name in ('torch', 'matplotlib', 'pandas', 'polars', 'pyarrow') if name in sys.modules])"
    theirs = run_python(f"import sys, imblearn.base, sklearn.neighbors; {heavy}")
    ours = run_python(f"import sys; from skgan_resample import SMOGN; {heavy}")
    assert ours == theirs
    assert "torch" not in ours
    assert "matplotlib" not in ours


@pytest.mark.slow
def test_a_sampler_works_where_no_library_of_frames_is_installed():
    code = """
import sys
class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("torch", "matplotlib", "pandas", "polars", "pyarrow"):
            raise ImportError(name)
sys.meta_path.insert(0, Refuse())
import numpy as np
from skgan_resample import SMOGN
y = np.r_[np.arange(20.0), 60.0, 70.0]
print(len(SMOGN(sampling_strategy="balance").fit_resample(y[:, None], y)[1]))
"""
    assert run_python(code) == "28"  # 22 rows in 2 bumps: 11 each, 5 are rare


# ------------------------------------------------------------------------ each check finds the broken promise it is for
class Broken(BaseSampler):
    """Stands on SMOGN; the children break one promise each."""

    _sampling_type = "bypass"
    _parameter_constraints: dict = {}

    def __init__(self, relevance=None, sampling_strategy="auto", on_no_rare="warn", random_state=None):
        self.relevance = relevance
        self.sampling_strategy = sampling_strategy
        self.on_no_rare = on_no_rare
        self.random_state = random_state

    def __sklearn_tags__(self):
        return SMOGN().__sklearn_tags__()

    def _fit_resample(self, X, y):
        raise NotImplementedError

    def fit(self, X, y):
        self._resample(X, y)
        return self

    def fit_resample(self, X, y):
        return self._resample(X, y)

    def _inner(self, **parameters):
        return SMOGN(**{**self.get_params(deep=False), **parameters})

    def _resample(self, X, y, **parameters):
        inner = self._inner(**parameters)
        result = inner.fit_resample(X, y)
        vars(self).update({key: value for key, value in vars(inner).items() if key.endswith("_")})
        return result


class Identity(Broken):
    def fit_resample(self, X, y):
        self._resample(X, y)
        return X, y


class NewRowsFirst(Broken):
    def fit_resample(self, X, y):
        X_new, y_new = self._resample(X, y)
        return (X_new[::-1], y_new[::-1]) if isinstance(X_new, np.ndarray) else (X_new, y_new)


class RoundedRows(Broken):
    def fit_resample(self, X, y):
        X_new, y_new = self._resample(X, y)
        return (X_new + 0.0 if isinstance(X_new, np.ndarray) and X_new.dtype == float else X_new), y_new  # -0.0 is lost


class FloatTargets(Broken):
    def fit_resample(self, X, y):
        X_new, y_new = self._resample(X, y)
        return X_new, (y_new.astype(float) if isinstance(y_new, np.ndarray) else y_new)


class FloatFeatures(Broken):
    def fit_resample(self, X, y):
        X_new, y_new = self._resample(X, y)
        return (X_new.astype(float) if isinstance(X_new, np.ndarray) and X_new.dtype != object else X_new), y_new


class Overflow(Broken):
    def fit_resample(self, X, y):
        X_new, y_new = self._resample(X, y)
        if isinstance(X_new, np.ndarray) and X_new.dtype == float:
            X_new[self.is_synthetic_] = (X_new[self.is_synthetic_] * 1e200) / 1e200
        return X_new, y_new


class BeyondTheRange(Broken):
    def fit_resample(self, X, y):
        X_new, y_new = self._resample(X, y)
        if isinstance(y_new, np.ndarray) and y_new.dtype == float and self.is_synthetic_.any():
            y_new[-1] = 1.5 * y.max()
        return X_new, y_new


class CommonTargets(Broken):
    def fit_resample(self, X, y):
        X_new, y_new = self._resample(X, y)
        if isinstance(y_new, np.ndarray) and y_new.ndim == 1 and self.is_synthetic_.any():
            y_new[-1] = np.median(y)
        return X_new, y_new


class HalfTheAmount(Broken):
    def fit_resample(self, X, y):
        X_new, y_new = self._resample(X, y)
        if isinstance(X_new, np.ndarray) and self.is_synthetic_.sum() > 1:
            self.is_synthetic_, self.parent_indices_ = self.is_synthetic_[:-1], self.parent_indices_[:-1]
            return X_new[:-1], y_new[:-1]
        return X_new, y_new


class Unseeded(Broken):
    def fit_resample(self, X, y):
        return self._resample(X, y, random_state=np.random.RandomState())


class OfThisProcess(Broken):
    def fit_resample(self, X, y):
        return self._resample(X, y, random_state=os.getpid())


class SeedOnce(Broken):
    def fit_resample(self, X, y):
        return self._resample(X, y, random_state=5)


class GlobalSeed(Broken):
    def fit_resample(self, X, y):
        np.random.seed(1)  # noqa: NPY002
        return self._resample(X, y)


class WritesIntoInput(Broken):
    def fit_resample(self, X, y):
        result = self._resample(X, y)
        if isinstance(X, pd.DataFrame):
            X[X.columns[0]] = 0
        return result


class ArraysOut(Broken):
    def fit_resample(self, X, y):
        X_new, y_new = self._resample(X, y)
        return (X_new.to_numpy() if isinstance(X_new, pl.DataFrame) else X_new), y_new


class OldIndex(Broken):
    def fit_resample(self, X, y):
        X_new, y_new = self._resample(X, y)
        if isinstance(X_new, pd.DataFrame):
            X_new.index = [*X.index, *range(len(X_new) - len(X))]
        return X_new, y_new


class LastOfTheName(Broken):
    def fit_resample(self, X, y):
        if isinstance(X, pd.DataFrame):
            X = X.loc[:, ~X.columns.duplicated()]
        return self._resample(X, y)


class KeyErrors(Broken):
    def fit_resample(self, X, y):
        try:
            return self._resample(X, y)
        except ValueError as error:
            raise KeyError("y") from error


class FillsNaN(Broken):
    def fit_resample(self, X, y):
        X_new, y_new = self._resample(X, y)
        if isinstance(X_new, np.ndarray) and X_new.dtype == float:
            X_new = np.nan_to_num(X_new, nan=float(np.nanmean(X_new)))
        return X_new, y_new


class UnknownTown(Broken):
    def fit_resample(self, X, y):
        X_new, y_new = self._resample(X, y)
        if isinstance(X_new, pd.DataFrame) and "town" in X_new:
            X_new.loc[X_new.index[-1], "town"] = "Atlantis"
        return X_new, y_new


class NoText(Broken):
    def fit_resample(self, X, y):
        if isinstance(X, np.ndarray):
            X = X.astype(float)
        return self._resample(X, y)


class Jitter(Broken):
    def fit_resample(self, X, y):
        X_new, y_new = self._resample(X, y)
        if isinstance(X_new, np.ndarray) and X_new.dtype == float:
            X_new[self.is_synthetic_] += 1e-9
        return X_new, y_new


class NeedsNeighbors(Broken):
    def fit_resample(self, X, y):
        result = self._resample(X, y)
        if any(bump.is_rare and len(bump.indices) < 4 for bump in self.bumps_):
            raise IndexError("index 5 is out of bounds for axis 0 with size 3")
        return result


class NarrowTables(Broken):
    def fit_resample(self, X, y):
        if np.shape(X)[1:] > (100,):
            raise ValueError("Too many columns.")
        return self._resample(X, y)


class TwoWarnings(Broken):
    def fit_resample(self, X, y):
        result = self._resample(X, y)
        warnings.warn("This is a sampler.", UserWarning, stacklevel=2)
        return result


class WrongParents(Broken):
    def fit_resample(self, X, y):
        result = self._resample(X, y)
        self.parent_indices_ = np.where(
            self.parent_indices_ < 0, -1, int(np.argsort(np.asarray(y).ravel())[len(y) // 2])
        )
        return result


class FitReturnsNone(Broken):
    def fit(self, X, y):
        self._resample(X, y)


class FitsTheRelevanceGiven(Broken):
    def fit_resample(self, X, y):
        if self.relevance is not None:
            self.relevance.fit(np.asarray(y).ravel())
        return self._resample(X, y)


class LargeTablesOnly(Broken):
    def fit_resample(self, X, y):
        return self._resample(X, y, **({"sampling_strategy": 0.0} if len(y) < 60 else {}))


MUTANTS = [
    (Identity, "check_continuous_target_is_accepted"),
    (NewRowsFirst, "check_original_rows_come_first_and_unchanged"),
    (RoundedRows, "check_original_rows_come_first_and_unchanged"),
    (FloatTargets, "check_dtypes_are_kept"),
    (FloatFeatures, "check_dtypes_are_kept"),
    (Overflow, "check_no_nan_or_infinity_is_invented"),
    (BeyondTheRange, "check_new_rows_lie_in_the_observed_range"),
    (CommonTargets, "check_new_rows_lie_in_the_observed_range"),
    (HalfTheAmount, "check_amounts_are_reached_exactly"),
    (Unseeded, "check_same_seed_same_rows"),
    (SeedOnce, "check_random_state_instance_advances"),
    (GlobalSeed, "check_global_random_states_are_untouched"),
    (WritesIntoInput, "check_input_is_not_mutated"),
    (ArraysOut, "check_same_container_comes_out"),
    (OldIndex, "check_pandas_index_becomes_a_range"),
    (LastOfTheName, "check_unusable_data_raise_a_message"),
    (KeyErrors, "check_unusable_data_raise_a_message"),
    (UnknownTown, "check_integers_and_categories_stay_valid"),
    (NoText, "check_integers_and_categories_stay_valid"),
    (FillsNaN, "check_missing_predictors"),
    (Jitter, "check_constant_columns"),
    (NeedsNeighbors, "check_few_rare_rows"),
    (NarrowTables, "check_new_rows_lie_in_the_observed_range"),
    (TwoWarnings, "check_no_rare_rows"),
    (WrongParents, "check_parents_explain_new_rows"),
    (FitReturnsNone, "check_fit_learns_what_fit_resample_learns"),
    (FitsTheRelevanceGiven, "check_nested_relevance_parameters"),
    (LargeTablesOnly, "check_pipeline_in_grid_search"),
    (OfThisProcess, "check_pipeline_in_grid_search"),
]
CHECKS = {check.__name__: check for check in regression_sampler_checks()}


@pytest.mark.parametrize(("mutant", "title"), MUTANTS, ids=lambda value: getattr(value, "__name__", value))
@pytest.mark.slow
def test_a_broken_promise_is_found(mutant, title):
    with pytest.raises((AssertionError, IndexError, ValueError)):
        CHECKS[title](mutant.__name__, mutant())


def test_the_unbroken_stand_in_passes_and_every_check_has_its_broken_promise():
    assert {title for _, title in MUTANTS} == set(CHECKS)
    assert set(check_regression_sampler(Broken()).values()) == {"passed"}


@pytest.mark.slow
def test_an_expected_failure_must_fail():
    title = "check_few_rare_rows"
    outcomes = check_regression_sampler(NeedsNeighbors(), expected_failed_checks={title: "needs 4 rows"})
    assert outcomes[title] == "failed as expected: needs 4 rows"
    with pytest.raises(AssertionError, match="expected to fail"):
        check_regression_sampler(Broken(), expected_failed_checks={title: "needs 4 rows"})
    with pytest.raises(AssertionError, match="check_few_rare_rows fails for NeedsNeighbors"):
        check_regression_sampler(NeedsNeighbors())


class Doubling(BaseEstimator):
    """The plainest sampler of a stranger: arrays of numbers alone, none of our attributes or parameters."""

    def __init__(self, random_state=None):
        self.random_state = random_state

    def fit(self, X, y):
        self.n_features_in_ = np.shape(X)[1]
        return self

    def fit_resample(self, X, y):
        X, y = self._validate(X, y)
        rows = check_random_state(self.random_state).permutation(np.argsort(y.ravel())[-5:])
        return np.concatenate([X, X[rows]]), np.concatenate([y, y[rows]])

    def _validate(self, X, y):
        from sklearn.utils import check_X_y

        if hasattr(X, "columns"):
            raise TypeError(f"An array, please, no frame of {list(X.columns)}.")
        check_X_y(X, y, y_numeric=True, ensure_min_samples=2)
        if not isinstance(X, np.ndarray) or not isinstance(y, np.ndarray) or len(np.unique(y)) == 1:
            raise TypeError("Arrays with more than one target value, please.")
        return X, y


def test_a_strangers_sampler_is_asked_for_no_more_than_it_promises():
    frames = "knows no frames"
    outcomes = check_regression_sampler(
        Doubling(),
        expected_failed_checks={
            "check_input_is_not_mutated": frames,
            "check_same_container_comes_out": frames,
            "check_pandas_index_becomes_a_range": frames,
        },
    )
    skipped = {title for title, outcome in outcomes.items() if outcome.startswith("skipped")}
    assert skipped == {
        "check_amounts_are_reached_exactly",
        "check_integers_and_categories_stay_valid",
        "check_no_rare_rows",
        "check_parents_explain_new_rows",
        "check_nested_relevance_parameters",
    }
    with pytest.raises(AssertionError, match="check_continuous_target_is_accepted"):
        check_regression_sampler(ClassOverSampler())
