"""The training of HardTripletSampler: what its networks do to rows, when it ends, what it leaves behind."""

import numpy as np
import pytest
import torch
from _hard_triplet_data import QUICK, blobs, new_rows, quick

from skgan_resample import HardTripletSampler, ResamplingWarning
from skgan_resample._hard_triplet._candidates import NEGATIVE, POSITIVE, Drawing, Table
from skgan_resample._hard_triplet._training import _held_out


@pytest.mark.parametrize("kind", [POSITIVE, NEGATIVE], ids=["positives", "negatives"])
def test_rows_of_the_gan_are_what_its_generators_say(kind):
    X, y = blobs()
    new, labels, sampler = new_rows(X, y, generator="cgan", positive_fraction=float(kind == POSITIVE), filter=None,
                                    confidence_power=0, sampling_strategy="not majority")  # fmt: skip
    info = sampler.sample_info_[sampler.is_synthetic_]
    low, high = sampler.encoder_.encode(X).min(axis=0), sampler.encoder_.encode(X).max(axis=0)
    encoded, z, made = sampler.encoder_.encode(X), sampler.embed(X), sampler.encoder_.encode(new)
    member, u = np.eye(3)[labels], info["position"][:, None]

    def through(network, *parts):
        with torch.no_grad():
            return network(torch.from_numpy(np.hstack(parts)).float()).double().numpy()

    if kind == POSITIVE:
        ends = [through(sampler.positive_generator_, z[rows], member) for rows in (info["seed"], info["partner"])]
        between = through(sampler.positive_generator_, z[info["seed"]] * (1 - u) + z[info["partner"]] * u, member)
        bend = between - (1 - u) * ends[0] - u * ends[1]
        expected = encoded[info["seed"]] * (1 - u) + encoded[info["partner"]] * u + bend
        assert np.abs(bend).max() > 1e-3
        assert np.allclose(made, np.clip(expected, low, high), atol=1e-4)
    else:
        assert np.isnan(info["position"]).all()
        ends = Drawing(
            Table(X, encoded, y, z), np.zeros(4, dtype=bool), strength=sampler.curriculum_["strength"], threshold=0.0,
            k_neighbors=5, share_variation=0.0,
        ).stretched_places(info["partner"], info["positive"])  # fmt: skip
        step = np.tanh(through(sampler.negative_generator_, *ends, z[info["seed"]], member))
        ranges = [np.subtract(*np.quantile(encoded[y == label], [0.75, 0.25], axis=0)) for label in range(3)]
        whole = np.array(ranges)[labels] * step
        inside = (made > low + 1e-9) & (made < high - 1e-9) & (np.abs(whole) > 1e-3)
        share = ((made - encoded[info["seed"]]) / whole)[inside]
        assert share.min() > -1e-3
        assert share.max() < 1 + 1e-3
        assert share.mean() == pytest.approx(0.5, abs=0.1)


def test_a_tenth_of_every_class_of_ten_is_held_out():
    labels = np.random.RandomState(0).permutation(np.repeat(np.arange(4), [200, 35, 10, 9]))
    found = _held_out(labels, 0.1, np.random.RandomState(0))
    assert np.bincount(labels[found], minlength=4).tolist() == [20, 4, 2, 0]
    assert len(set(found)) == len(found)
    assert len(_held_out(np.arange(5), 0.1, np.random.RandomState(0))) == 0


@pytest.mark.parametrize(("fraction", "counts"), [(0.5, [100, 5, 0]), (0.99, [198, 8, 0])])
def test_the_share_held_out_leaves_two_rows_of_each_class(fraction, counts):
    labels = np.repeat(np.arange(3), [200, 10, 9])
    found = _held_out(labels, fraction, np.random.RandomState(0))
    assert np.bincount(labels[found], minlength=3).tolist() == counts


@pytest.mark.slow
def test_patience_ends_the_training_and_keeps_the_best_state(monkeypatch):
    from skgan_resample._nn import training

    results = []

    def watched(*args, **kwargs):
        results.append(original(*args, **kwargs))
        return results[-1]

    original = training.train
    monkeypatch.setattr(training, "train", watched)
    options = quick(max_steps=400, learning_rate=0.3)
    X, y = blobs((60, 40))
    sampler = HardTripletSampler(**options, patience=2).fit(X, y)
    scores = {record["step"]: record["score"] for record in sampler.history_}
    assert results[0].stop_reason == "patience"
    assert sampler.history_[-1]["step"] == results[0].best_step + 40 < 400
    assert min(scores.values()) == scores[results[0].best_step]
    for ours, kept in zip(sampler.embedding_network_.state_dict().values(), results[0].best_state["encoder"].values()):
        assert torch.equal(ours, kept)
    slow = {"learning_rate": 0.003, "patience": 2, "max_steps": 100}
    steps = [HardTripletSampler(**quick(**slow, tol=tol)).fit(X, y).history_[-1]["step"] for tol in (1.0, 0.0)]
    assert steps[0] == 40 < steps[1]
    assert sampler.best_step_ == results[0].best_step
    with pytest.warns(ResamplingWarning, match="patience has no effect: no class has 10 rows"):
        HardTripletSampler(**QUICK, patience=1).fit(*blobs((9, 5)))
    without = HardTripletSampler(**QUICK).fit(X, y)
    assert all("score" not in record for record in without.history_)
