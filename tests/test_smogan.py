"""SMOGANRegressorResampler: what each stage does to which rows, its guards, and its account of itself."""

import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
import torch
from imblearn.pipeline import Pipeline
from sklearn.base import BaseEstimator, clone
from sklearn.dummy import DummyRegressor
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, HalvingGridSearchCV

from skgan_resample import ResamplingWarning, SMOGANRegressorResampler
from skgan_resample._smogan import _RareSpace
from skgan_resample.metrics import make_sera_scorer
from skgan_resample.over_sampling import SMOGN, SMOTER, GaussianNoise, RandomOverSampler
from skgan_resample.relevance import Relevance

QUICK = {"max_steps": 20, "hidden_layer_sizes": (16,), "random_state": 0}


def skewed(n_rows=300, n_columns=3, seed=0):
    """A table whose large targets are rare."""
    rng = np.random.RandomState(seed)
    X = rng.gamma(1.0, size=(n_rows, n_columns))
    return X, X @ np.arange(1, n_columns + 1) + 0.3 * rng.normal(size=n_rows)


def mixed():
    """A frame with levels, integers, gaps and a constant, and its target."""
    X, y = skewed(400)
    rng = np.random.RandomState(1)
    frame = pd.DataFrame(X, columns=["a", "b", "c"])
    frame.loc[rng.uniform(size=400) < 0.2, "b"] = np.nan
    frame["rooms"] = rng.poisson(2 + y / 5)
    frame["town"] = rng.choice(["Ulm", "Bonn", "Kiel"], size=400)
    frame["new"] = rng.uniform(size=400) < 0.5
    frame["same"] = 7.5
    return frame, pd.Series(y, name="cost")


def both_tails(n_rows=500):
    rng = np.random.RandomState(0)
    X = rng.normal(size=(n_rows, 3))
    return X, X[:, 0] + rng.standard_t(3, size=n_rows)


def new_rows(sampler, X, y):
    """Return the new rows of a clone, as arrays, and the clone."""
    sampler = clone(sampler)
    X_new, y_new = sampler.fit_resample(X, y)
    return np.asarray(X_new)[sampler.is_synthetic_], np.asarray(y_new)[sampler.is_synthetic_], sampler


# ------------------------------------------------------------------------------------------------ stage 1
@pytest.mark.parametrize("base", [None, SMOGN(k_neighbors=2), SMOTER(), GaussianNoise(), RandomOverSampler()], ids=repr)
def test_without_refinement_it_is_its_base_sampler(base):
    X, y = mixed()
    sampler = SMOGANRegressorResampler(base, refine=False, random_state=3)
    alone = clone(sampler._make_base() if base is None else base).set_params(
        threshold=sampler.threshold, random_state=3
    )
    expected_X, expected_y = alone.fit_resample(X, y)
    X_new, y_new = sampler.fit_resample(X, y)
    pd.testing.assert_frame_equal(X_new, expected_X)
    pd.testing.assert_series_equal(y_new, expected_y)
    assert np.array_equal(sampler.parent_indices_, alone.parent_indices_)
    assert sampler.refinement_["status"] == "not refined"
    assert sampler.generator_ is None


def test_refinement_begins_with_the_very_candidates_of_stage_1():
    X, y = mixed()
    *_, refined = new_rows(SMOGANRegressorResampler(**QUICK), X, y)
    *_, plain = new_rows(SMOGANRegressorResampler(**QUICK, refine=False), X, y)
    assert np.array_equal(refined.parent_indices_, plain.parent_indices_)
    assert refined.sampling_strategy_ == plain.sampling_strategy_


def test_amounts_are_those_of_the_base_sampler_unless_given():
    X, y = skewed()
    n_rare = Relevance().fit(y).rare_mask(y).sum()
    base = SMOGN(sampling_strategy={"high": int(n_rare) + 11})
    common = {"threshold": 0.8, "refine": False}
    assert len(new_rows(SMOGANRegressorResampler(base, **common), X, y)[1]) == 11
    given = SMOGANRegressorResampler(base, sampling_strategy={"high": int(n_rare) + 5}, **common)
    assert len(new_rows(given, X, y)[1]) == 5


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
    sampler = SMOGANRegressorResampler(Foreign(), threshold=0.8, teacher_weight=0, **QUICK)
    X_new, y_new, refined = new_rows(sampler, X, y)
    X_plain, y_plain, _ = new_rows(sampler.set_params(refine=False), X, y)
    assert len(y_new) == len(y_plain) == 40
    assert refined.refinement_["status"] == "refined"
    assert (refined.parent_indices_ == -1).all()
    rare = refined._names(y_plain) == "high"
    assert 20 < rare.sum() < 40  # this one makes common rows as well, which stay as they are
    assert refined.sampling_strategy_ == {"high": rare.sum()}
    assert refined.refinement_["n_rows"] == 40
    assert np.array_equal(X_new[~rare], X_plain[~rare])
    assert np.array_equal(y_new[~rare], y_plain[~rare])
    assert (X_new[rare] != X_plain[rare]).any(axis=1).mean() > 0.7


def test_a_foreign_sampler_decides_the_amounts_itself():
    X, y = skewed()
    with pytest.raises(ValueError, match="Foreign decides itself how many rows it makes"):
        SMOGANRegressorResampler(Foreign(), sampling_strategy=0.5).fit_resample(X, y)


def test_a_foreign_sampler_that_makes_nonsense_is_refused():
    class Nonsense(Foreign):
        def fit_resample(self, X, y):
            X_new, y_new = super().fit_resample(X, y)
            return X_new, np.where(np.isin(y_new, y), y_new, np.nan)

    with pytest.raises(ValueError, match="base sampler Nonsense made rows whose target is NaN"):
        SMOGANRegressorResampler(Nonsense(), **QUICK).fit_resample(*skewed())


def test_the_smogn_package_can_be_stage_1():
    pytest.importorskip("smogn")
    from skgan_resample import SmognPackageSampler

    X, y = skewed(150)
    _, y_new, sampler = new_rows(SMOGANRegressorResampler(SmognPackageSampler(), threshold=0.8, **QUICK), X, y)
    assert len(y_new) > 10
    assert sampler.history_
    assert sum(sampler.sampling_strategy_.values()) <= len(y_new) == sampler.refinement_["n_rows"]


# ------------------------------------------------------------------------------------------------ stage 2
def test_the_networks_really_trained():
    X, y = skewed()
    X_new, y_new, sampler = new_rows(SMOGANRegressorResampler(**{**QUICK, "max_steps": 100}, teacher_weight=0), X, y)
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


def test_candidates_for_training_know_nothing_of_the_held_out_rows():
    seen = {}

    class Spying(SMOGANRegressorResampler):
        def _train(self, X, y, train_rows, held_out, drafts, rng):
            seen.update(train_rows=train_rows, held_out=held_out, drafts=drafts, y=y)

    X, y = both_tails()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        sampler = Spying(threshold=0.8, validation_fraction=0.25, **QUICK).fit(X, y)
    train_rows, held_out, drafts = seen["train_rows"], seen["held_out"], seen["drafts"]
    for bump in sampler.bumps_:
        if bump.is_rare:
            n_held_out = np.isin(bump.indices, held_out).sum()
            assert n_held_out == round(0.25 * len(bump.indices)) >= 2
            assert np.isin(bump.indices, train_rows).sum() == len(bump.indices) - n_held_out
    assert not np.intersect1d(train_rows, held_out).size
    parents = drafts.parents[drafts.parents >= 0]
    assert not np.intersect1d(parents, held_out).size
    assert np.isin(parents, train_rows).all()
    assert np.allclose(np.sort(np.unique(np.sign(drafts.y))), [-1, 1])
    assert len(drafts.y) >= 4 * (len(train_rows) + len(held_out))


def test_a_generator_that_was_never_better_leaves_the_candidates():
    X, y = mixed()
    sampler = SMOGANRegressorResampler(**{**QUICK, "max_steps": 10}, learning_rate=1e-30, teacher_weight=0)
    X_new, y_new = sampler.fit_resample(X, y)
    X_plain, y_plain = clone(sampler).set_params(refine=False).fit_resample(X, y)
    assert sampler.best_step_ == 0
    assert sampler.refinement_["status"] == "no step came nearer to the held-out rows"
    assert sampler.refinement_["n_moved"] == 0
    pd.testing.assert_frame_equal(X_new, X_plain)
    pd.testing.assert_series_equal(y_new, y_plain)


def test_a_diverging_network_leaves_the_candidates_with_a_warning():
    X, y = mixed()
    sampler = SMOGANRegressorResampler(**QUICK, learning_rate=1e30, teacher_weight=0)
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
    sampler = SMOGANRegressorResampler(threshold=0.8, min_rare=int(n_rare) + 1, teacher_weight=0, **QUICK)
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
    sampler = SMOGANRegressorResampler(relevance=beyond_five, sampling_strategy=0.5, teacher_weight=0, **QUICK)
    with pytest.warns(ResamplingWarning, match="'low' with 5 stay"):
        X_new, _, refined = new_rows(sampler, X, y)
    X_plain, y_plain, _ = new_rows(sampler.set_params(refine=False), X, y)
    low = y_plain < 0
    assert np.array_equal(X_new[low], X_plain[low])
    assert (X_new[~low] != X_plain[~low]).any(axis=1).mean() > 0.8
    assert refined.refinement_["n_moved"] <= np.sum(~low)


def test_new_rows_of_both_tails_stay_in_their_own():
    X, y = both_tails()
    sampler = SMOGANRegressorResampler(threshold=0.8, **{**QUICK, "max_steps": 60, "learning_rate": 0.02})
    _, y_new, refined = new_rows(sampler, X, y)
    bumps = {bump.name: bump for bump in refined.bumps_ if bump.is_rare}
    for name, n_new in refined.sampling_strategy_.items():
        inside = (y_new >= bumps[name].low) & (y_new <= bumps[name].high)
        assert inside.sum() == n_new > 0


def test_nominal_cells_gaps_and_whole_numbers_are_those_of_the_candidates():
    X, y = mixed()
    sampler = SMOGANRegressorResampler(**{**QUICK, "max_steps": 60})
    X_new, _ = sampler.fit_resample(X, y)
    assert sampler.refinement_["n_moved"] > 0
    X_plain, _ = clone(sampler).set_params(refine=False).fit_resample(X, y)
    for name in ("town", "new", "same"):
        assert X_new[name].equals(X_plain[name])
    assert X_new["b"].isna().equals(X_plain["b"].isna())
    assert X_new["rooms"].dtype == X["rooms"].dtype
    assert set(X_new["rooms"]) <= set(X["rooms"])
    assert not X_new["a"].equals(X_plain["a"])


def test_rejection_keeps_the_rows_that_the_critic_likes_and_their_number():
    X, y = both_tails()
    common = {**QUICK, "max_steps": 60, "threshold": 0.8, "teacher_weight": 0, "sampling_strategy": "balance"}
    _, y_all, plain = new_rows(SMOGANRegressorResampler(**common), X, y)
    X_kept, y_kept, picky = new_rows(SMOGANRegressorResampler(reject_fraction=0.75, **common), X, y)
    assert len(y_kept) == len(y_all)
    assert picky.sampling_strategy_ == plain.sampling_strategy_
    for name, n_new in plain.sampling_strategy_.items():
        assert np.sum(picky._names(y_kept) == name) == n_new
    assert picky.refinement_["n_rejected"] == 3 * len(y_all)
    X_all, y_all, _ = new_rows(SMOGANRegressorResampler(**common), X, y)
    liking = [mean_liking(picky, *rows) for rows in ((X_all, y_all), (X_kept, y_kept))]
    assert liking[1] > liking[0]


def mean_liking(sampler, X, y):
    bump = sampler.space_.bump_of(y)
    with torch.no_grad():
        return sampler.critic_(torch.from_numpy(sampler.space_.vectors(X, y, bump))).mean().item()


# ------------------------------------------------------------------------------------------------ the teacher
def test_targets_go_a_share_of_the_way_to_what_the_teacher_says_at_most_to_the_edge_of_the_bump():
    X, y = skewed()
    highest = y.max()
    common = {"refine": True, "threshold": 0.8, "min_rare": 1000, "random_state": 0}
    teacher = DummyRegressor(strategy="constant", constant=highest)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResamplingWarning)  # too few rows for networks, which only the teacher is about
        _, y_plain, _ = new_rows(SMOGANRegressorResampler(teacher_weight=0, **common), X, y)
        _, y_new, sampler = new_rows(SMOGANRegressorResampler(teacher=teacher, teacher_weight=0.3, **common), X, y)
        _, y_common, _ = new_rows(
            SMOGANRegressorResampler(teacher=DummyRegressor(), **common, teacher_weight=1.0), X, y
        )
    assert np.allclose(y_new, y_plain + 0.3 * (highest - y_plain))
    assert sampler.refinement_["n_taught"] > 0.9 * len(y_new)
    assert np.allclose(y_common, sampler.bumps_[-1].low)  # the mean is not rare: no further than to the edge


def test_the_teacher_sees_scaled_rows_and_the_weights_of_the_relevance():
    calls = []

    class Teacher(Ridge):
        def fit(self, X, y, sample_weight=None):
            calls.append((X, y, sample_weight))
            return super().fit(X, y, sample_weight)

    X, y = skewed()
    SMOGANRegressorResampler(teacher=Teacher(), threshold=0.8, **QUICK).fit_resample(X, y)
    ((X_seen, y_seen, weight),) = calls
    assert np.allclose(X_seen, (X - X.mean(axis=0)) / X.std(axis=0))
    assert np.array_equal(y_seen, y)
    assert np.allclose(weight, Relevance().fit(y).sample_weight(y, 0.8))


def test_the_teacher_of_a_large_table_learns_from_its_rare_rows_and_a_sample():
    from skgan_resample._smogan import _teaching_rows

    is_rare = np.zeros(50_000, dtype=bool)
    is_rare[::50] = True
    rows = _teaching_rows(is_rare, np.random.RandomState(0))
    assert len(rows) == len(np.unique(rows)) == 10_000
    assert is_rare[rows].sum() == 1000
    rows = _teaching_rows(np.ones(50_000, dtype=bool), np.random.RandomState(0))
    assert len(rows) == 5_000
    assert np.array_equal(_teaching_rows(is_rare[:9_999], np.random.RandomState(0)), np.arange(9_999))


# ------------------------------------------------------------------------------------------------ vectors
def test_vectors_are_in_units_of_the_rare_rows():
    X, y = both_tails()
    sampler = SMOGANRegressorResampler(threshold=0.8, refine=False).fit(X, y)
    bumps = [bump for bump in sampler.bumps_ if bump.is_rare]
    space = _RareSpace(sampler.encoder_, bumps, X, y)
    rows = np.concatenate([bump.indices for bump in bumps])
    vectors = space.vectors(X[rows], y[rows], space.bump_of(y[rows]))
    assert vectors.shape == (len(rows), space.width) == (len(rows), 3 + 1 + 2)
    assert np.allclose(vectors[:, :3].mean(axis=0), 0, atol=1e-5)
    assert np.allclose(vectors[:, :3].std(axis=0), 1, atol=1e-5)
    for number, bump in enumerate(bumps):
        own = vectors[:, 4 + number] == 1
        assert own.sum() == len(bump.indices)
        assert vectors[own, 3].mean() == pytest.approx(0, abs=1e-5)
        assert vectors[own, 3].std() == pytest.approx(1, abs=1e-5)
    assert space.bump_of(np.array([np.median(y), bumps[0].low, bumps[1].high])).tolist() == [-1, 0, 1]


def test_a_column_that_is_constant_or_missing_among_the_rare_rows_is_not_moved():
    X, y = mixed()
    rare = Relevance().fit(y).rare_mask(y)
    X = X.assign(a=np.where(rare, 1.0, X["a"]), c=np.where(rare, np.nan, X["c"]))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        sampler = SMOGANRegressorResampler(threshold=0.8, **QUICK).fit(X, y)
    names = [sampler.encoder_.columns_[j].name for j in sampler.space_.columns]
    assert names == ["b", "rooms"]


# ------------------------------------------------------------------------------------------------ as an estimator
def test_fit_learns_the_networks_without_drawing():
    X, y = skewed()
    sampler = SMOGANRegressorResampler(**QUICK)
    fitted, resampled = clone(sampler).fit(X, y), clone(sampler)
    resampled.fit_resample(X, y)
    for ours, theirs in zip(fitted.generator_.parameters(), resampled.generator_.parameters()):
        assert torch.equal(ours, theirs)
    assert not hasattr(fitted, "is_synthetic_")


def test_networks_survive_pickling_and_weigh_no_torch():
    X, y = skewed()
    sampler = SMOGANRegressorResampler(**QUICK).fit(X, y)
    stored = pickle.dumps(sampler)
    assert b"torch" not in stored
    loaded = pickle.loads(stored)
    rows = torch.randn(5, sampler.space_.width)
    assert torch.equal(sampler.generator_(rows, rows[:, :0].new_zeros(5, sampler.noise_dim)),
                       loaded.generator_(rows, rows[:, :0].new_zeros(5, sampler.noise_dim)))  # fmt: skip
    assert torch.equal(sampler.critic_(rows), loaded.critic_(rows))


def test_progress_is_printed_only_when_asked_for(capsys):
    X, y = skewed()
    SMOGANRegressorResampler(**QUICK).fit(X, y)
    assert capsys.readouterr().out == ""
    SMOGANRegressorResampler(verbose=1, **QUICK).fit(X, y)
    assert capsys.readouterr().out.count("[SMOGANRegressorResampler] step") == 3


def test_training_ends_early_by_patience_or_time():
    X, y = skewed()
    patient = SMOGANRegressorResampler(**{**QUICK, "max_steps": 1000}, patience=1, tol=10.0).fit(X, y)
    assert patient.history_[-1]["step"] == 10
    hurried = SMOGANRegressorResampler(**{**QUICK, "max_steps": 100_000}, max_time=0.5).fit(X, y)
    assert hurried.history_[-1]["step"] < 100_000


def test_parameters_out_of_range_are_named():
    wrong = {"reject_fraction": 1.0, "min_rare": 3, "validation_fraction": 0, "noise_dim": -1, "teacher_weight": 1.5}
    for name, value in {**wrong, "mmd_weight": -1, "max_steps": 0, "base_sampler": 3}.items():
        with pytest.raises(ValueError, match=f"{name!r} parameter"):
            SMOGANRegressorResampler(**{**QUICK, name: value}).fit_resample(*skewed())
    with pytest.raises(ValueError, match="device="):
        SMOGANRegressorResampler(**QUICK, device="abacus").fit_resample(*skewed())


GRIDS = [
    {"smogan": ["passthrough"], "model__alpha": [0.1]},
    {
        "smogan__base_sampler__k_neighbors": [3, 5],
        "smogan__mmd_weight": [10.0, 1000.0],
        "smogan__max_steps": [5, 20],
    },
]


def test_grid_search_gives_the_same_scores_serially_and_in_parallel():
    X, y = skewed(200)
    smogan = SMOGANRegressorResampler(SMOGN(), hidden_layer_sizes=(8,), random_state=0)
    pipeline = Pipeline([("smogan", smogan), ("model", Ridge(0.1))])
    scores = []
    for n_jobs in (1, 2):
        search = GridSearchCV(
            pipeline, GRIDS, scoring=make_sera_scorer(Relevance().fit(y)), cv=2, n_jobs=n_jobs, error_score="raise"
        ).fit(X, y)
        scores.append(search.cv_results_["mean_test_score"])
    assert np.array_equal(*scores)
    assert len(scores[0]) == 9
    assert len(set(scores[0].tolist())) >= 7  # the parameters change something


def test_halving_search_over_the_number_of_steps():
    X, y = skewed(200)
    smogan = SMOGANRegressorResampler(SMOGN(), hidden_layer_sizes=(8,), random_state=0)
    pipeline = Pipeline([("smogan", smogan), ("model", Ridge(0.1))])
    search = HalvingGridSearchCV(
        pipeline, {"smogan__mmd_weight": [10.0, 100.0, 1000.0]}, resource="smogan__max_steps", max_resources=20,
        min_resources=5, factor=2, cv=2, scoring=make_sera_scorer(Relevance().fit(y)), error_score="raise",
    ).fit(X, y)  # fmt: skip
    assert search.n_iterations_ >= 2
    assert search.best_params_["smogan__max_steps"] in (10, 20)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_the_gpu_gives_nearly_the_rows_of_the_cpu():
    """Rounding differs, and training amplifies it: the tolerance is a tenth of the spread of the rare rows."""
    X, y = skewed(1000)
    rows = {}
    for device in ("cpu", "cuda"):
        sampler = SMOGANRegressorResampler(device=device, **{**QUICK, "max_steps": 10}, teacher_weight=0)
        rows[device], *_, fitted = new_rows(sampler, X, y)
        assert next(fitted.generator_.parameters()).device.type == "cpu"
        assert fitted.device_ == device
    assert np.abs(rows["cpu"] - rows["cuda"]).max() < 0.1 * X.std()
