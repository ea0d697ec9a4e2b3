"""SMOGANRegressorResampler: what each stage does to which rows, its guards, and its account of itself."""

import copy
import pickle
import warnings

import joblib
import numpy as np
import pandas as pd
import pytest
import torch
from _shared import needs_cuda
from _smogan_data import QUICK, beyond_five, both_tails, mixed, one_column_and, skewed, smogan
from imblearn.pipeline import Pipeline
from sklearn.base import BaseEstimator, clone
from sklearn.dummy import DummyRegressor
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, HalvingGridSearchCV

from skgan_resample import ResamplingWarning
from skgan_resample.metrics import make_sera_scorer
from skgan_resample.over_sampling import SMOGN, SMOTER, GaussianNoise, RandomOverSampler
from skgan_resample.relevance import Relevance


def new_rows(sampler, X, y):
    """Return the new rows of a clone, as arrays, and the clone."""
    sampler = clone(sampler)
    X_new, y_new = sampler.fit_resample(X, y)
    return np.asarray(X_new)[sampler.is_synthetic_], np.asarray(y_new)[sampler.is_synthetic_], sampler


# ------------------------------------------------------------------------------------------------ stage 1
@pytest.mark.parametrize("base", [None, SMOGN(k_neighbors=2), SMOTER(), GaussianNoise(), RandomOverSampler()], ids=repr)
def test_without_refinement_it_is_its_base_sampler(base):
    X, y = mixed()
    sampler = smogan(base, refine=False, random_state=3)
    alone = clone(SMOGN(sampling_strategy="balance") if base is None else base)
    alone.set_params(threshold=sampler.threshold, random_state=3)
    expected_X, expected_y = alone.fit_resample(X, y)
    X_new, y_new = sampler.fit_resample(X, y)
    pd.testing.assert_frame_equal(X_new, expected_X)
    pd.testing.assert_series_equal(y_new, expected_y)
    assert np.array_equal(sampler.parent_indices_, alone.parent_indices_)
    assert sampler.refinement_["status"] == "not refined"
    assert sampler.generator_ is None


def test_refinement_begins_with_the_very_candidates_of_stage_1():
    X, y = mixed()
    *_, refined = new_rows(smogan(**QUICK), X, y)
    *_, plain = new_rows(smogan(**QUICK, refine=False), X, y)
    assert np.array_equal(refined.parent_indices_, plain.parent_indices_)
    assert refined.sampling_strategy_ == plain.sampling_strategy_


def test_amounts_are_those_of_the_base_sampler_unless_given():
    X, y = skewed()
    n_rare = Relevance().fit(y).rare_mask(y).sum()
    base = SMOGN(sampling_strategy={"high": int(n_rare) + 11})
    common = {"threshold": 0.8, "refine": False}
    assert len(new_rows(smogan(base, **common), X, y)[1]) == 11
    given = smogan(base, sampling_strategy={"high": int(n_rare) + 5}, **common)
    assert len(new_rows(given, X, y)[1]) == 5


def test_the_default_base_sampler_gets_emphasis_and_nominal_columns():
    X, y = mixed()
    nominal = ["rooms", "town", "new"]
    options = {"emphasis": "relevance", "categorical_features": nominal, "random_state": 3}
    sampler = smogan(refine=False, **options)
    alone = SMOGN(sampling_strategy="balance", threshold=sampler.threshold, **options)
    for ours, expected in zip(sampler.fit_resample(X, y), alone.fit_resample(X, y)):
        assert ours.equals(expected)
    assert sampler.base_sampler_.categorical_features == nominal


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("under_sampling", "balance"),
        ("categorical_features", [0]),
        ("categorical_features", np.array([True, False, False])),
    ],
    ids=repr,
)
def test_what_a_base_sampler_cannot_decide_is_refused(name, value):
    with pytest.raises(ValueError, match=f"base_sampler has {name}=.*; set it on SMOGANRegressorResampler"):
        smogan(SMOGN(**{name: value}), **QUICK).fit(*skewed())
    same = smogan(SMOGN(**{name: value}), **{name: value}, refine=False)
    assert same.fit(*skewed()).bumps_


def test_a_base_sampler_with_a_seed_of_its_own_makes_the_same_candidates_under_every_other_seed():
    X, y = skewed()
    rows = {}
    for own in (5, None):
        rows[own] = [
            new_rows(smogan(SMOGN(random_state=own), refine=False, random_state=seed), X, y)[0] for seed in (0, 1)
        ]
    assert np.array_equal(*rows[5])
    assert not np.array_equal(*rows[None])


def test_a_random_state_of_any_bit_generator_will_do():
    X, y = skewed()
    sampler = smogan(**{**QUICK, "random_state": np.random.RandomState(np.random.PCG64(0))})
    X_new, _, fitted = new_rows(sampler, X, y)
    assert fitted.history_
    assert np.array_equal(X_new, new_rows(sampler, X, y)[0])


class Foreign(BaseEstimator):
    """Somebody else's sampler: it mixes copies with noise among the rows, and says nothing about them."""

    def __init__(self, n_new=40, random_state=None):
        self.n_new = n_new
        self.random_state = random_state

    def fit_resample(self, X, y):
        rng = np.random.RandomState(self.random_state)
        rows = rng.choice(np.argsort(np.asarray(y))[-60:], self.n_new)
        X_new = np.concatenate([np.asarray(X, dtype=float), np.asarray(X, dtype=float)[rows] * 1.01])
        y_new = np.concatenate([y, np.asarray(y)[rows] * 0.999])
        order = rng.permutation(len(y_new))
        return X_new[order], y_new[order]


def test_any_object_that_makes_rows_can_be_stage_1():
    X, y = skewed()
    sampler = smogan(Foreign(), threshold=0.8, target_refinement=0, **QUICK)
    X_new, y_new, refined = new_rows(sampler, X, y)
    X_plain, y_plain, _ = new_rows(sampler.set_params(refine=False), X, y)
    assert len(y_new) == len(y_plain) == 40
    assert refined.refinement_["status"] == "refined"
    assert (refined.parent_indices_ == -1).all()
    rare = refined.relevance_.rare_mask(y_plain, 0.8)
    assert 20 < rare.sum() < 40  # this one makes common rows as well, which stay as they are
    assert refined.sampling_strategy_ == {"high": rare.sum()}
    assert refined.refinement_["n_rows"] == 40
    assert np.array_equal(X_new[~rare], X_plain[~rare])
    assert np.array_equal(y_new[~rare], y_plain[~rare])
    assert (X_new[rare] != X_plain[rare]).any(axis=1).mean() > 0.7


def test_a_foreign_sampler_decides_the_amounts_itself():
    X, y = skewed()
    with pytest.raises(ValueError, match="Foreign decides itself how many rows it makes"):
        smogan(Foreign(), sampling_strategy=0.5).fit_resample(X, y)


def test_a_foreign_sampler_that_makes_nonsense_is_refused():
    class Nonsense(Foreign):
        def fit_resample(self, X, y):
            X_new, y_new = super().fit_resample(X, y)
            return X_new, np.where(np.isin(y_new, y), y_new, np.nan)

    with pytest.raises(ValueError, match="base sampler Nonsense made rows whose target is NaN"):
        smogan(Nonsense(), **QUICK).fit_resample(*skewed())


def test_parents_that_a_foreign_sampler_names_arrive_in_the_result():
    class Telling(BaseEstimator):
        def fit_resample(self, X, y):
            rare = np.argsort(y)[-30:]
            self.parent_indices_ = np.column_stack([rare, np.roll(rare, 1)])
            self.is_synthetic_ = np.arange(len(y) + 30) >= len(y)
            X_new = X[self.parent_indices_].mean(axis=1)
            return np.concatenate([X, X_new]), np.concatenate([y, y[self.parent_indices_].mean(axis=1)])

    X, y = skewed()
    X_new, _, sampler = new_rows(smogan(Telling(), refine=False), X, y)
    assert np.array_equal(sampler.parent_indices_[:, 0], np.argsort(y)[-30:])
    assert np.allclose(X_new, X[sampler.parent_indices_].mean(axis=1))
    assert np.array_equal(new_rows(smogan(Telling(), **QUICK), X, y)[2].parent_indices_,
                          sampler.parent_indices_)  # fmt: skip


def test_a_foreign_sampler_that_makes_no_row_leaves_the_table():
    class Idle(BaseEstimator):
        def fit_resample(self, X, y):
            return X, y

    X, y = mixed()
    sampler = smogan(Idle(), **QUICK)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        X_new, y_new = sampler.fit_resample(X, y)
    pd.testing.assert_frame_equal(X_new, X)
    pd.testing.assert_series_equal(y_new, y)
    assert sampler.refinement_["status"] == "stage 1 made no rare row without the held-out ones"
    assert sampler.refinement_["n_rows"] == 0
    assert not sampler.is_synthetic_.any()


def with_a_gap(X):
    return X.assign(a=X["a"].where(np.arange(len(X)) < 400))


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda X: X.astype("float32"), "returned none of the given rows unchanged"),
        (lambda X: X[X.columns[::-1]], r"returned the columns \['c', 'b', 'a'\] for \['a', 'b', 'c'\]"),
        (lambda X: X[["a", "b"]], r"returned the columns \['a', 'b'\] for \['a', 'b', 'c'\]"),
        (with_a_gap, "made missing cells in column 'a', which has none"),
    ],
    ids=["float32", "columns reversed", "column lost", "gap"],
)
def test_a_foreign_sampler_that_changes_the_table_is_refused(change, sentence):
    class Changing(BaseEstimator):
        def fit_resample(self, X, y):
            X_new, y_new = RandomOverSampler(random_state=0).fit_resample(X, y)
            return change(X_new), y_new

    X, y = skewed(400)
    with pytest.raises(ValueError, match=f"base sampler Changing {sentence}"):
        smogan(Changing(), **QUICK).fit_resample(pd.DataFrame(X, columns=["a", "b", "c"]), y)


@pytest.mark.slow
def test_a_sampler_of_its_own_kind_can_be_stage_1():
    X, y = skewed()
    inner = smogan(**QUICK)
    X_inner, y_inner, fitted = new_rows(inner, X, y)
    X_plain, y_plain, plain = new_rows(smogan(inner, refine=False), X, y)
    assert np.allclose(X_plain, X_inner)
    assert np.allclose(y_plain, y_inner)
    assert np.array_equal(plain.parent_indices_, fitted.parent_indices_)
    assert new_rows(smogan(inner, **QUICK), X, y)[2].history_


def test_the_smogn_package_can_be_stage_1():
    pytest.importorskip("smogn")
    from skgan_resample import SmognPackageSampler

    X, y = skewed(150)
    _, y_new, sampler = new_rows(smogan(SmognPackageSampler(), threshold=0.8, **QUICK), X, y)
    assert len(y_new) > 10
    assert sampler.history_
    assert sum(sampler.sampling_strategy_.values()) <= len(y_new) == sampler.refinement_["n_rows"]


# ------------------------------------------------------------------------------------------------ stage 2
def test_the_networks_really_trained():
    X, y = skewed()
    X_new, y_new, sampler = new_rows(smogan(**{**QUICK, "max_steps": 100}, target_refinement=0), X, y)
    found = sampler.refinement_
    assert sampler.best_step_ > 0
    assert found["status"] == "refined"
    assert found["mmd_after"] < found["mmd_before"]
    assert found["n_moved"] > 0.8 * found["n_rows"]
    assert all(weight.abs().sum() > 0 for weight in sampler.generator_.parameters())
    steps = [record["step"] for record in sampler.history_]
    assert steps == list(range(0, 101, 10))
    keys = {"step", "seconds", "score", "critic_loss", "generator_loss", "mmd"}
    assert set(sampler.history_[-1]) == keys
    assert set(sampler.history_[0]) == {"step", "seconds", "score"}
    scores = {record["step"]: record["score"] for record in sampler.history_}
    assert min(scores.values()) == scores[sampler.best_step_] == found["mmd_after"]
    assert scores[0] == found["mmd_before"]
    X_plain, y_plain, _ = new_rows(sampler.set_params(refine=False), X, y)
    assert (X_new != X_plain).any(axis=1).sum() >= found["n_moved"]
    assert (y_new != y_plain).sum() >= found["n_moved"] // 2


def test_a_generator_that_was_never_better_leaves_the_candidates():
    X, y = mixed()
    sampler = smogan(**{**QUICK, "max_steps": 10}, learning_rate=1e-30, target_refinement=0)
    X_new, y_new = sampler.fit_resample(X, y)
    X_plain, y_plain = clone(sampler).set_params(refine=False).fit_resample(X, y)
    assert sampler.best_step_ == 0
    assert sampler.refinement_["status"] == "no step came nearer to the held-out rows"
    assert sampler.refinement_["n_moved"] == 0
    pd.testing.assert_frame_equal(X_new, X_plain)
    pd.testing.assert_series_equal(y_new, y_plain)


def test_a_diverging_network_leaves_the_candidates_with_a_warning():
    X, y = mixed()
    sampler = smogan(**QUICK, learning_rate=1e30, target_refinement=0)
    with pytest.warns(ResamplingWarning, match="DistGAN diverged") as caught:
        X_new, y_new = sampler.fit_resample(X, y)
    assert len(caught) == 1
    X_plain, y_plain = clone(sampler).set_params(refine=False).fit_resample(X, y)
    assert sampler.refinement_["status"] == "diverged"
    assert sampler.generator_ is None
    pd.testing.assert_frame_equal(X_new, X_plain)
    pd.testing.assert_series_equal(y_new, y_plain)


def test_too_few_rare_rows_are_left_to_stage_1_with_a_warning():
    X, y = skewed(60)
    n_rare = Relevance().fit(y).rare_mask(y).sum()
    sampler = smogan(threshold=0.8, min_rare=int(n_rare) + 1, target_refinement=0, **QUICK)
    with pytest.warns(ResamplingWarning, match=f"'high' with {n_rare} stay as stage 1 made them"):
        X_new, _ = sampler.fit_resample(X, y)
    assert sampler.refinement_["status"] == "too few rare rows"
    assert np.array_equal(X_new, clone(sampler).set_params(refine=False).fit_resample(X, y)[0])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        enough = clone(sampler).set_params(min_rare=int(n_rare))
        enough.fit_resample(X, y)
    assert enough.history_


def test_a_small_tail_stays_while_a_large_one_is_refined():
    rng = np.random.RandomState(0)
    y = np.r_[rng.normal(size=300), rng.uniform(8, 12, size=40), rng.uniform(-12, -8, size=5)]
    X = np.column_stack([y, rng.normal(size=345)])
    beyond_five = Relevance(lambda y: (np.abs(y) > 5) * 1.0)
    sampler = smogan(relevance=beyond_five, sampling_strategy=0.5, target_refinement=0, **QUICK)
    with pytest.warns(ResamplingWarning, match="'low' with 5 stay"):
        X_new, _, refined = new_rows(sampler, X, y)
    X_plain, y_plain, _ = new_rows(sampler.set_params(refine=False), X, y)
    low = y_plain < 0
    assert np.array_equal(X_new[low], X_plain[low])
    assert (X_new[~low] != X_plain[~low]).any(axis=1).mean() > 0.8
    assert refined.refinement_["n_moved"] <= np.sum(~low)


def test_new_rows_of_both_tails_stay_in_their_own():
    X, y = both_tails()
    sampler = smogan(threshold=0.8, **{**QUICK, "max_steps": 60, "learning_rate": 0.02})
    _, y_new, refined = new_rows(sampler, X, y)
    bumps = {bump.name: bump for bump in refined.bumps_ if bump.is_rare}
    for name, n_new in refined.sampling_strategy_.items():
        inside = (y_new >= bumps[name].low) & (y_new <= bumps[name].high)
        assert inside.sum() == n_new > 0


def test_nominal_cells_gaps_and_whole_numbers_are_those_of_the_candidates():
    X, y = mixed()
    sampler = smogan(**{**QUICK, "max_steps": 60})
    X_new, _ = sampler.fit_resample(X, y)
    assert sampler.refinement_["n_moved"] > 0
    X_plain, _ = clone(sampler).set_params(refine=False).fit_resample(X, y)
    for name in ("town", "new", "same"):
        assert X_new[name].equals(X_plain[name])
    assert X_new["b"].isna().equals(X_plain["b"].isna())
    assert X_new["rooms"].dtype == X["rooms"].dtype
    assert set(X_new["rooms"]) <= set(X["rooms"])
    assert not X_new["a"].equals(X_plain["a"])


@pytest.mark.parametrize("noise_dim", [0, 8])
def test_copies_of_one_row_end_at_different_places_only_with_noise(noise_dim):
    X, y = skewed()
    options = {"max_steps": 60, "validation_fraction": 0.5, "anchor_weight": 1.0, "random_state": 1}
    base = RandomOverSampler(sampling_strategy="balance")
    sampler = smogan(base, noise_dim=noise_dim, target_refinement=0, **{**QUICK, **options})
    X_new, _, refined = new_rows(sampler, X, y)
    assert refined.best_step_ > 0
    parents, n_copies = np.unique(refined.parent_indices_[:, 0], return_counts=True)
    assert n_copies.min() > 1
    n_places = [len(np.unique(X_new[refined.parent_indices_[:, 0] == parent], axis=0)) for parent in parents]
    if noise_dim:
        assert np.mean(n_places == n_copies) > 0.8  # those that fell back aside
    else:
        assert set(n_places) == {1}


def test_rare_rows_of_one_and_the_same_target_move_but_for_that():
    X, y, _ = one_column_and(np.full(40, 10.0))
    sampler = smogan(relevance=beyond_five(y), sampling_strategy=0.5, **{**QUICK, "learning_rate": 0.02})
    X_new, y_new, refined = new_rows(sampler, X, y)
    X_plain, y_plain, _ = new_rows(sampler.set_params(refine=False), X, y)
    assert refined.best_step_ > 0
    assert refined.refinement_["n_fallback"] == refined.refinement_["n_target_refined"] == 0
    assert (y_new == 10).all()
    assert (y_plain == 10).all()
    assert (X_new != X_plain).mean() > 0.8


def test_the_account_counts_rows_of_whole_numbers_that_really_differ():
    X, y = skewed(400)
    X, y = np.round(3 * X[:, 1:]), np.round(y)
    common = {**QUICK, "threshold": 0.8, "learning_rate": 0.02}
    X_plain, y_plain, _ = new_rows(smogan(**common, refine=False), X, y)
    X_new, y_new, moved = new_rows(smogan(**common, target_refinement=0), X, y)
    differs = (X_new != X_plain).any(axis=1) | (y_new != y_plain)
    assert 0 < moved.refinement_["n_moved"] == differs.sum() < len(y_new)
    assert moved.refinement_["n_target_refined"] == 0
    _, y_refined, refined = new_rows(smogan(**common, target_refinement=0.2), X, y)
    assert 0 < refined.refinement_["n_target_refined"] == (y_refined != y_new).sum() < len(y_new)
    assert refined.refinement_["n_moved"] == moved.refinement_["n_moved"]


def test_a_tail_that_gets_no_rows_is_not_warned_about():
    rng = np.random.RandomState(0)
    X, y, _ = one_column_and(np.concatenate([rng.uniform(8, 12, size=40), rng.uniform(-12, -8, size=5)]))
    sampler = smogan(relevance=beyond_five(y), sampling_strategy={"high": 70}, **QUICK)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        _, y_new, refined = new_rows(sampler, X, y)
    assert len(y_new) == 30
    assert refined.history_


# ------------------------------------------------------------------------------------------------ refined targets
def test_targets_go_a_share_of_the_way_to_the_prediction_at_most_to_the_edge_of_the_bump():
    X, y = skewed()
    highest = y.max()
    common = {"refine": True, "threshold": 0.8, "min_rare": 1000, "random_state": 0}
    constant = DummyRegressor(strategy="constant", constant=highest)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResamplingWarning)  # too few rows for networks, this is about targets only
        _, y_plain, _ = new_rows(smogan(target_refinement=0, **common), X, y)
        _, y_new, sampler = new_rows(smogan(estimator=constant, target_refinement=0.3, **common), X, y)
        _, y_common, _ = new_rows(smogan(estimator=DummyRegressor(), **common, target_refinement=1.0), X, y)
    assert np.allclose(y_new, y_plain + 0.3 * (highest - y_plain))
    assert sampler.refinement_["n_target_refined"] > 0.9 * len(y_new)
    assert np.allclose(y_common, sampler.bumps_[-1].low)  # the mean is not rare: no further than to the edge


def test_the_regressor_sees_scaled_rows_and_the_weights_of_the_relevance():
    calls = []

    class Watched(Ridge):
        def fit(self, X, y, sample_weight=None):
            calls.append((X, y, sample_weight))
            return super().fit(X, y, sample_weight)

    X, y = skewed()
    smogan(estimator=Watched(), threshold=0.8, **QUICK).fit_resample(X, y)
    ((X_seen, y_seen, weight),) = calls
    assert np.allclose(X_seen, (X - X.mean(axis=0)) / X.std(axis=0))
    assert np.array_equal(y_seen, y)
    assert np.allclose(weight, Relevance().fit(y).sample_weight(y, 0.8))


# ------------------------------------------------------------------------------------------------ as an estimator
def test_fit_learns_the_networks_without_drawing():
    X, y = skewed()
    sampler = smogan(**QUICK)
    fitted, resampled = clone(sampler).fit(X, y), clone(sampler)
    resampled.fit_resample(X, y)
    for ours, theirs in zip(fitted.generator_.parameters(), resampled.generator_.parameters()):
        assert torch.equal(ours, theirs)
    assert not hasattr(fitted, "is_synthetic_")


def n_inputs(sampler):
    return next(sampler.critic_.parameters()).shape[1]


def test_networks_survive_pickling_and_weigh_no_torch():
    X, y = skewed()
    sampler = smogan(**QUICK).fit(X, y)
    stored = pickle.dumps(sampler)
    assert b"torch" not in stored
    loaded = pickle.loads(stored)
    rows = torch.randn(5, n_inputs(sampler))
    assert torch.equal(sampler.generator_(rows, rows[:, :0].new_zeros(5, 8)),
                       loaded.generator_(rows, rows[:, :0].new_zeros(5, 8)))  # fmt: skip
    assert torch.equal(sampler.critic_(rows), loaded.critic_(rows))


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda sampler: pickle.loads(pickle.dumps(sampler))],
                         ids=["deepcopy", "pickle"])  # fmt: skip
def test_fitted_networks_are_copied_whatever_parameters_were_set_since(copied):
    sampler = smogan(**QUICK).fit(*skewed())
    other = copied(sampler.set_params(gan__noise_dim=4, gan__hidden_layer_sizes=(3,)))
    rows, noise = torch.randn(5, n_inputs(sampler)), torch.randn(5, 8)
    assert torch.equal(sampler.generator_(rows, noise), other.generator_(rows, noise))
    assert torch.equal(sampler.critic_(rows), other.critic_(rows))


def test_progress_is_printed_only_when_asked_for(capsys):
    X, y = skewed()
    smogan(**QUICK).fit(X, y)
    assert capsys.readouterr().out == ""
    smogan(verbose=1, **QUICK).fit(X, y)
    assert capsys.readouterr().out.count("[SMOGANRegressorResampler] step") == 3


def test_training_ends_early_by_patience_or_time():
    X, y = skewed()
    patient = smogan(**{**QUICK, "max_steps": 1000}, patience=1, tol=10.0).fit(X, y)
    assert patient.history_[-1]["step"] == 10
    hurried = smogan(**{**QUICK, "max_steps": 100_000}, max_time=0.5).fit(X, y)
    assert hurried.history_[-1]["step"] < 100_000


def test_parameters_out_of_range_are_named():
    wrong = {"min_rare": 3, "validation_fraction": 0, "noise_dim": -1, "target_refinement": 1.5}
    for name, value in {**wrong, "mmd_weight": -1, "max_steps": 0, "base_sampler": 3}.items():
        with pytest.raises(ValueError, match=f"{name!r} parameter"):
            smogan(**{**QUICK, name: value}).fit_resample(*skewed())
    with pytest.raises(ValueError, match="device="):
        smogan(**QUICK, device="abacus").fit_resample(*skewed())


@pytest.mark.parametrize("bandwidths", [(), (0.0,), (1.0, -1.0), (float("nan"),), (float("inf"),), ("a",)], ids=repr)
def test_bandwidths_that_are_not_positive_are_refused(bandwidths):
    with pytest.raises(ValueError, match="mmd_bandwidths must be positive numbers, got"):
        smogan(**QUICK, mmd_bandwidths=bandwidths).fit(*skewed())


@pytest.mark.parametrize("sizes", [(-1,), (8, 0), ("a",), (2.5,), (True,)], ids=repr)
def test_layers_that_are_no_numbers_of_units_are_refused(sizes):
    with pytest.raises(ValueError, match="hidden_layer_sizes must be whole numbers above 0, got"):
        smogan(**{**QUICK, "hidden_layer_sizes": sizes}).fit(*skewed())


GRIDS = [
    {"smogan": ["passthrough"], "model__alpha": [0.1]},
    {
        "smogan__base_sampler__k_neighbors": [3, 5],
        "smogan__gan__mmd_weight": [10.0, 1000.0],
        "smogan__max_steps": [5, 20],
    },
]


@pytest.mark.slow
def test_grid_search_gives_the_same_scores_serially_and_in_parallel():
    X, y = skewed(200)
    sampler = smogan(SMOGN(), hidden_layer_sizes=(8,), random_state=0)
    pipeline = Pipeline([("smogan", sampler), ("model", Ridge(0.1))])
    scores = []
    for n_jobs in (1, 2):
        with joblib.parallel_config("threading"):  # in processes: check_pipeline_in_grid_search
            search = GridSearchCV(
                pipeline, GRIDS, scoring=make_sera_scorer(Relevance().fit(y)), cv=2, n_jobs=n_jobs, error_score="raise"
            ).fit(X, y)
        scores.append(search.cv_results_["mean_test_score"])
    assert np.array_equal(*scores)
    assert len(scores[0]) == 9
    assert len(set(scores[0].tolist())) >= 7  # the parameters change something


@pytest.mark.slow
def test_halving_search_over_the_number_of_steps():
    X, y = skewed(200)
    sampler = smogan(SMOGN(), hidden_layer_sizes=(8,), random_state=0)
    pipeline = Pipeline([("smogan", sampler), ("model", Ridge(0.1))])
    search = HalvingGridSearchCV(
        pipeline, {"smogan__gan__mmd_weight": [10.0, 100.0, 1000.0]}, resource="smogan__max_steps", max_resources=20,
        min_resources=5, factor=2, cv=2, scoring=make_sera_scorer(Relevance().fit(y)), error_score="raise",
    ).fit(X, y)  # fmt: skip
    assert search.n_iterations_ >= 2
    assert search.best_params_["smogan__max_steps"] in (10, 20)


@needs_cuda
def test_the_gpu_gives_nearly_the_rows_of_the_cpu():
    """Rounding differs, and training amplifies it: the tolerance is a tenth of the spread of the rare rows."""
    X, y = skewed(1000)
    rows = {}
    for device in ("cpu", "cuda"):
        sampler = smogan(device=device, **{**QUICK, "max_steps": 10}, target_refinement=0)
        rows[device], *_, fitted = new_rows(sampler, X, y)
        assert next(fitted.generator_.parameters()).device.type == "cpu"
        assert fitted.device_ == device
    assert np.abs(rows["cpu"] - rows["cuda"]).max() < 0.1 * X.std()
