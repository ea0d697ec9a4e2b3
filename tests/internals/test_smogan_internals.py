"""SMOGANRegressorResampler: what its training gets, which rows it moves, and what the networks see of a row."""

import inspect
import warnings

import numpy as np
import pytest
import torch
from _smogan_data import QUICK, beyond_five, both_tails, mixed, one_column_and, skewed, smogan
from scipy.spatial.distance import pdist

from skgan_resample import SMOGANRegressorResampler
from skgan_resample.over_sampling import Draft
from skgan_resample.over_sampling._smogan import _RareSpace, _rows_to_fit
from skgan_resample.relevance import Relevance


@pytest.fixture
def training(monkeypatch):
    """What the functions that train were given, and what they returned under "result"; filled by the next fit."""
    from skgan_resample._nn import distgan
    from skgan_resample._nn import training as floor

    calls = {}

    def watch(module, name):
        function = getattr(module, name)

        def watched(*args, **kwargs):
            given = inspect.signature(function).bind(*args, **kwargs).arguments
            calls[name] = {**given, "result": function(*args, **kwargs)}
            return calls[name]["result"]

        monkeypatch.setattr(module, name, watched)

    watch(distgan, "distgan_step")
    watch(distgan, "held_out_mmd")
    watch(floor, "train")
    return calls


def test_the_best_generator_is_kept_and_the_critic_of_the_last_step(training):
    X, y = skewed()
    sampler = smogan(**{**QUICK, "max_steps": 60}, learning_rate=0.05, device="cpu").fit(X, y)
    result = training["train"]["result"]
    assert 0 < sampler.best_step_ == result.best_step < 60
    kept = {"generator": result.best_state, "critic": result.last_state}
    for name, state in kept.items():
        weights = getattr(sampler, f"{name}_").state_dict()
        assert all(torch.equal(weights[key], tensor) for key, tensor in state[name].items())
    for name in kept:  # a difference that could be seen
        assert any(not torch.equal(result.last_state[name][key], result.best_state[name][key])
                   for key in result.last_state[name])  # fmt: skip


def test_the_networks_learn_from_the_rows_to_train_on_and_are_compared_with_the_held_out_ones(training):
    split = {}

    class Remembering(SMOGANRegressorResampler):
        def _train(self, X, y, train_rows, held_out, drafts, rng):
            split.update(real=train_rows, held_out=held_out)
            super()._train(X, y, train_rows, held_out, drafts, rng)

    X, y = both_tails()
    sampler = smogan(kind=Remembering, threshold=0.8, device="cpu", **QUICK).fit(X, y)
    step, score = training["distgan_step"], training["held_out_mmd"]
    for rows, name in ((step["real"], "real"), (score["held_out"], "held_out")):
        assert rows.parents.tolist() == split[name][:, None].tolist()
        bump = sampler.space_.bump_of(y[split[name]])
        assert rows.bump.tolist() == bump.tolist()
        assert np.array_equal(rows.vectors.numpy(), sampler.space_.vectors(X[split[name]], y[split[name]], bump))
    both = np.concatenate(list(split.values()))
    assert np.array_equal(np.sort(both), np.flatnonzero(sampler.relevance_.rare_mask(y, 0.8)))
    assert score["candidates"] is step["candidates"]
    assert not np.isin(step["candidates"].parents.numpy(), split["held_out"]).any()


def test_what_the_training_is_to_be_like_reaches_it(training):
    given = {
        "batch_size": 33,
        "noise_dim": 5,
        "n_critic": 2,
        "adversarial_weight": 0.7,
        "mmd_weight": 30.0,
        "anchor_weight": 3.0,
        "penalty_weight": 4.0,
        "leave_parents_out": False,
    }
    X, y = skewed()
    steering = {"patience": 2, "tol": 0.5, "max_time": 100.0}
    sampler = smogan(**QUICK, **given, **steering, mmd_bandwidths=(0.3, 3.0), learning_rate=0.01, device="cpu")
    sampler.fit(X, y)
    step, score, run = (training[name] for name in ("distgan_step", "held_out_mmd", "train"))
    assert {name: getattr(step["options"], name) for name in given} == given
    assert step["options"] is score["options"] is sampler.gan
    assert step["scale"] == score["scale"] == pytest.approx(np.median(pdist(step["real"].vectors.numpy()) ** 2), 0.02)
    assert score["generator"] is step["generator"]
    assert {name: run[name] for name in steering} == steering
    assert run["max_steps"] == 20
    assert len(next(run["batches"])) <= 33
    rates = {name: optimizer.learning_rate for name, optimizer in step["optimizers"].items()}
    assert rates == pytest.approx({"generator": 0.01, "critic": 0.03})
    assert {optimizer.betas for optimizer in step["optimizers"].values()} == {(0.5, 0.9)}
    for name, optimizer in step["optimizers"].items():
        assert all(ours is theirs for ours, theirs in zip(optimizer.parameters, step[name].parameters(), strict=True))


def test_there_are_at_least_four_candidates_to_train_on_for_each_rare_row(training):
    X, y = skewed()
    n_rare = int(Relevance().fit(y).rare_mask(y).sum())
    smogan(threshold=0.8, sampling_strategy={"high": n_rare + 1}, **QUICK).fit(X, y)
    assert len(training["distgan_step"]["candidates"]) == 4 * n_rare
    smogan(threshold=0.8, sampling_strategy={"high": 9 * n_rare}, **QUICK).fit(X, y)
    assert len(training["distgan_step"]["candidates"]) == 8 * n_rare  # those that will be drawn, if they are more


def test_the_regressor_of_a_large_table_learns_from_its_rare_rows_and_a_sample():
    is_rare = np.zeros(50_000, dtype=bool)
    is_rare[::50] = True
    rows = _rows_to_fit(is_rare, np.random.RandomState(0))
    assert len(rows) == len(np.unique(rows)) == 10_000
    assert is_rare[rows].sum() == 1000
    rows = _rows_to_fit(np.ones(50_000, dtype=bool), np.random.RandomState(0))
    assert len(rows) == 5_000
    assert np.array_equal(_rows_to_fit(is_rare[:9_999], np.random.RandomState(0)), np.arange(9_999))


def test_candidates_for_training_know_nothing_of_the_held_out_rows():
    seen = {}

    class Spying(SMOGANRegressorResampler):
        def _train(self, X, y, train_rows, held_out, drafts, rng):
            seen.update(train_rows=train_rows, held_out=held_out, drafts=drafts, y=y)

    X, y = both_tails()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        sampler = smogan(kind=Spying, threshold=0.8, validation_fraction=0.25, **QUICK).fit(X, y)
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


def test_a_column_that_is_constant_or_missing_among_the_rare_rows_is_not_moved():
    X, y = mixed()
    rare = Relevance().fit(y).rare_mask(y)
    X = X.assign(a=np.where(rare, 1.0, X["a"]), c=np.where(rare, np.nan, X["c"]))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        sampler = smogan(threshold=0.8, **QUICK).fit(X, y)
    names = [sampler.encoder_.columns_[j].name for j in sampler.space_.columns]
    assert names == ["b", "rooms"]


def moved_by(shift, X, y, rare):
    """Return rare rows as candidates, moved by a hand-made generator (target + shift, column + 0.1), and who stayed."""
    sampler = smogan(relevance=beyond_five(y), min_rare=4, device="cpu", **{**QUICK, "max_steps": 1})
    sampler.fit(X, y)
    space = sampler.space_
    with torch.no_grad():
        for weight in sampler.generator_.parameters():
            weight.zero_()
        bias = sampler.generator_.move[-1].bias
        bias[0] = 0.1 / space.spread[0]
        bias[-1] = shift / space.target_spread[0]
    draft = Draft(X[rare], y[rare], np.full((len(rare), 2), -1))
    moved = sampler._moved(draft, y, np.random.RandomState(0))
    stayed = (moved.X == draft.X).all(axis=1)
    assert sampler.refinement_["n_fallback"] == stayed.sum() == len(rare) - sampler.refinement_["n_moved"]
    return draft, moved, stayed


def test_a_row_whose_target_would_leave_its_bump_falls_back_wholly():
    X, y, rare = one_column_and(np.linspace(8, 12, 41))
    draft, moved, stayed = moved_by(-1.05, X, y, rare)
    assert np.array_equal(stayed, draft.y < 9.05)
    assert np.array_equal(moved.X[stayed], draft.X[stayed])
    assert np.array_equal(moved.y[stayed], draft.y[stayed])
    assert np.allclose(moved.y[~stayed], draft.y[~stayed] - 1.05, atol=2e-3)
    assert (moved.X[~stayed] != draft.X[~stayed]).all()


def test_a_row_whose_target_would_land_in_another_rare_tail_falls_back():
    X, y, rare = one_column_and(np.concatenate([np.linspace(-12, -8, 41), np.linspace(8, 12, 41)]))
    draft, moved, stayed = moved_by(20.0, X, y, rare)
    assert np.array_equal(stayed, draft.y < 0)
    assert np.array_equal(moved.X[stayed], draft.X[stayed])
    assert np.array_equal(moved.y[stayed], draft.y[stayed])


def test_a_target_beyond_the_largest_one_is_clipped_to_it():
    X, y, rare = one_column_and(np.linspace(8, 12, 41))
    draft, moved, stayed = moved_by(1.05, X, y, rare)
    assert not stayed.any()
    assert np.allclose(moved.y, np.minimum(draft.y + 1.05, 12), atol=2e-3)
    assert moved.y.max() == 12
    assert (moved.X != draft.X).all()


def test_targets_are_snapped_to_their_grid_before_it_is_asked_where_they_lie():
    rng = np.random.RandomState(0)
    X, y, rare = one_column_and(rng.permutation(np.tile(np.arange(8.0, 13.0), 8)))
    y = np.round(y)  # -4, ..., 4 and 8, ..., 12
    draft, moved, stayed = moved_by(-0.6, X, y, rare)  # of 7.4, the nearest is 8, which is rare
    assert not stayed.any()
    assert np.array_equal(moved.y, np.maximum(draft.y - 1, 8))
    assert (moved.X != draft.X).all()
    draft, moved, stayed = moved_by(-2.6, X, y, rare)  # of 5.4, the nearest is 4
    assert np.array_equal(stayed, draft.y == 8)
    assert np.array_equal(moved.y, np.where(draft.y == 12, 9, 8))


# ------------------------------------------------------------------------------------------------ vectors
def test_vectors_are_in_units_of_the_rare_rows():
    X, y = both_tails()
    sampler = smogan(threshold=0.8, refine=False).fit(X, y)
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
