"""Triplets and pairs of HardTripletSampler: valid, as hard as asked for, spread evenly."""

import copy
import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
import torch
from _hard_triplet_data import blobs, mixed, resample
from _hard_triplet_picking_data import assert_valid
from _shared import needs_cuda

from skgan_resample import HardTripletSampler, ResamplingWarning


@pytest.fixture(scope="module")
def picked_from():
    """A sampler that keeps its rows, and the rows."""
    X_all, y_all, sampler = resample(*blobs(apart=1.0), store_rows=True, sampling_strategy={1: 40, 2: 25})
    return sampler, X_all, y_all


def hardness_of(sampler, X, found):
    anchor, positive, negative = (sampler.embed(X)[rows] for rows in found.T)
    return np.linalg.norm(anchor - positive, axis=1) - np.linalg.norm(anchor - negative, axis=1)


@pytest.mark.parametrize("n", [1, 7, 2500])
def test_triplets_are_exactly_so_many_valid_and_spread_evenly(picked_from, n):
    sampler, _, y = picked_from
    found = sampler.sample_triplets(n, random_state=0)
    assert found.shape == (n, 3)
    assert found.dtype.kind == "i"
    assert_valid(found, y)
    assert np.ptp(np.bincount(y[found[:, 0]], minlength=3)) <= 1
    for label in range(3):
        assert np.ptp(np.bincount(found[:, 0], minlength=len(y))[y == label]) <= 1


@pytest.mark.parametrize(
    ("hardness", "low", "high"), [("hard", 0, np.inf), ("semihard", -0.2, 0), ((-0.6, -0.4), -0.6, -0.4)], ids=str
)
def test_triplets_have_the_hardness_asked_for(picked_from, hardness, low, high):
    sampler, X, y = picked_from
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = sampler.sample_triplets(400, hardness=hardness, random_state=0)
    assert_valid(found, y)
    value = hardness_of(sampler, X, found)
    assert (value >= low - 1e-6).all()
    assert (value <= high + 1e-6).all()
    everywhere = hardness_of(sampler, X, sampler.sample_triplets(400, random_state=0))
    assert not ((everywhere >= low) & (everywhere <= high)).all()


def test_triplets_that_are_not_as_hard_as_asked_for_are_counted_in_a_warning(picked_from):
    sampler, X, y = picked_from
    with pytest.warns(ResamplingWarning, match=r"100% of the triplets are not \(50.0, 60.0\)"):
        found = sampler.sample_triplets(30, hardness=(50.0, 60.0), random_state=0)
    assert_valid(found, y)
    assert hardness_of(sampler, X, found).min() > hardness_of(sampler, X, sampler.sample_triplets(300)).mean()


def test_triplets_have_a_new_row_or_none_as_asked_for(picked_from):
    sampler, _, y = picked_from
    is_new = sampler.is_synthetic_
    found = {choice: sampler.sample_triplets(300, synthetic=choice, random_state=0) for choice in (True, False, None)}
    assert is_new[found[True]].any(axis=1).all()
    assert not is_new[found[False]].any()
    assert 0 < is_new[found[None]].any(axis=1).mean() < 1
    for triplets in found.values():
        assert_valid(triplets, y)


def test_a_single_new_row_is_in_every_triplet_that_must_have_one():
    X, y = blobs((150, 150))
    X_all, y_all, sampler = resample(X, y, sampling_strategy={1: 151})
    found = sampler.sample_triplets(200, X_all, y_all, synthetic=True, random_state=0)
    assert (found == 300).any(axis=1).all()
    assert_valid(found, y_all)


def test_groups_are_respected(picked_from):
    sampler, _, y = picked_from
    groups = np.random.RandomState(0).randint(12, size=len(y))
    found = sampler.sample_triplets(500, groups=[f"day {group}" for group in groups], random_state=0)
    assert_valid(found, y, groups)
    pairs, _ = sampler.sample_pairs(500, groups=groups, random_state=0)
    assert np.array_equal(groups[pairs[:, 0]], groups[pairs[:, 1]])


def test_pairs_are_half_of_one_class_and_half_of_two(picked_from):
    sampler, _, y = picked_from
    for n in (1, 8, 501):
        pairs, similar = sampler.sample_pairs(n, random_state=0)
        assert pairs.shape == (n, 2)
        assert (similar == 1).sum() == -(-n // 2)
        assert set(similar) <= {1, -1}
        assert np.array_equal(np.where(y[pairs[:, 0]] == y[pairs[:, 1]], 1, -1), similar)
        assert (pairs[:, 0] != pairs[:, 1]).all()
    for sign in (1, -1):
        assert np.ptp(np.bincount(y[pairs[similar == sign, 0]])) <= 1
    assert 0.3 < (similar[:-1] != similar[1:]).mean() < 0.7  # in random order


def test_rows_are_the_rows_of_the_indices_in_the_shapes_of_metric_learn(picked_from):
    sampler, X, _ = picked_from
    rows = sampler.sample_triplets(50, output="rows", random_state=0)
    assert rows.shape == (50, 3, 4)
    assert np.array_equal(rows, X[sampler.sample_triplets(50, random_state=0)])
    pairs, similar = sampler.sample_pairs(50, output="rows", random_state=0)
    indices, similar_again = sampler.sample_pairs(50, random_state=0)
    assert pairs.shape == (50, 2, 4)
    assert np.array_equal(pairs, X[indices])
    assert np.array_equal(similar, similar_again)


def test_rows_with_levels_come_encoded():
    X_all, y_all, sampler = resample(*mixed())
    found = sampler.sample_triplets(20, X_all, y_all, output="rows", random_state=0)
    indices = sampler.sample_triplets(20, X_all, y_all, random_state=0)
    assert np.array_equal(found, sampler.encoder_.encode(X_all)[indices])
    assert np.isfinite(found).all()


def test_triplets_need_rows_stored_or_passed(picked_from):
    sampler, X, y = picked_from
    assert np.array_equal(
        sampler.sample_triplets(40, random_state=3), sampler.sample_triplets(40, X, y, random_state=3)
    )
    names = pd.DataFrame({"class": np.array(["a", "b", "c"])[y]})
    assert np.array_equal(sampler.sample_triplets(40, X, names, random_state=3),
                          sampler.sample_triplets(40, X, np.eye(3, dtype=int)[y], random_state=3))  # fmt: skip
    again = copy.deepcopy(sampler).set_params(store_rows=False)
    again.fit(*blobs())
    with pytest.raises(ValueError, match="Pass X and y"):
        again.sample_triplets(5)
    forgetful = resample(*blobs())[2]
    for ask in (forgetful.sample_triplets, forgetful.sample_pairs):
        with pytest.raises(ValueError, match=r"Pass X and y.*or set store_rows=True"):
            ask(5)
        with pytest.raises(ValueError, match="Pass X and y together"):
            ask(5, X)
        with pytest.raises(ValueError, match="inconsistent numbers"):
            ask(5, X, y[:-1])


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"hardness": "easy"}, "hardness='easy' is none of"),
        ({"hardness": 0.3}, "neither a name nor a lower and an upper bound"),
        ({"hardness": (0.3, 0.1)}, "neither a name nor a lower and an upper bound"),
        ({"output": "row"}, "output='row' is neither"),
        ({"n_triplets": 0}, "at least 1"),
        ({"n_triplets": 2.5}, "whole number"),
        ({"groups": [1, 2]}, "inconsistent numbers"),
        ({"X": blobs()[0][:50], "y": blobs()[1][:50], "synthetic": True}, "Which rows are synthetic"),
        ({"X": blobs()[0][:50, 0], "y": blobs()[1][:50]}, "Expected 2D array"),
        ({"X": blobs()[0][:50], "y": np.arange(50)}, "There is no triplet"),
        ({"X": blobs()[0][:50], "y": np.zeros(50, dtype=int)}, "There is no triplet"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_what_cannot_be_picked_is_refused_in_a_sentence(picked_from, options, sentence):
    with pytest.raises(ValueError, match=sentence):
        picked_from[0].sample_triplets(**{"n_triplets": 5, **options})


def test_triplets_with_a_new_row_are_refused_where_there_is_none():
    X, y = blobs((30, 30))
    sampler = resample(X, y)[2]
    with pytest.raises(ValueError, match="no synthetic row to make triplets with"):
        sampler.sample_triplets(5, X, y, synthetic=True)


def test_picking_is_reproducible(picked_from):
    sampler, *_ = picked_from
    for ask in (sampler.sample_triplets, lambda n, random_state: sampler.sample_pairs(n, random_state=random_state)[0]):
        assert np.array_equal(ask(50, random_state=1), ask(50, random_state=1))
        assert not np.array_equal(ask(50, random_state=1), ask(50, random_state=2))
        assert not np.array_equal(ask(50, random_state=None), ask(50, random_state=None))


def test_triplets_of_indices_and_of_rows_cost_the_same_in_pytorch_metric_learning(picked_from):
    pytest.importorskip("pytorch_metric_learning")
    from pytorch_metric_learning.losses import TripletMarginLoss
    from pytorch_metric_learning.miners import EmbeddingsAlreadyPackagedAsTriplets

    sampler, X, y = picked_from
    found = sampler.sample_triplets(200, hardness="semihard", random_state=0)
    z, loss = torch.from_numpy(sampler.embed(X)).float(), TripletMarginLoss(margin=0.2)
    by_index = loss(z, torch.from_numpy(y), tuple(torch.as_tensor(found.T)))
    interleaved = torch.as_tensor(found.ravel())  # a, p, n, a, p, n, ...
    labels = torch.from_numpy(y)[interleaved]
    packaged = loss(z[interleaved], labels, EmbeddingsAlreadyPackagedAsTriplets()(z[interleaved], labels))
    assert by_index.item() == pytest.approx(packaged.item(), rel=1e-5)
    assert by_index.item() > 0


@needs_cuda
@pytest.mark.parametrize("generator", ["linear", "cgan"])
def test_a_model_fitted_on_the_gpu_embeds_on_the_cpu(generator):
    X, y = blobs((60, 20))
    sampler = HardTripletSampler(generator=generator, device="cuda", max_steps=20, random_state=0)
    X_new, y_new = sampler.fit_resample(X, y)
    assert np.isfinite(X_new).all()
    assert np.bincount(y_new).tolist() == [60, 60]
    loaded = pickle.loads(pickle.dumps(sampler))
    loaded.device_ = "cpu"
    np.testing.assert_allclose(loaded.embed(X), sampler.embed(X), atol=1e-4)
