"""The training of HardTripletSampler: what its networks do to rows, when it ends, what it leaves behind."""

import functools

import numpy as np
import pytest
import torch
from _hard_triplet_data import QUICK, blobs, new_rows, resample
from _shared import Listener, needs_callbacks

from skgan_resample import HardTripletSampler, ResamplingWarning
from skgan_resample._hard_triplet._candidates import NEGATIVE, POSITIVE, Drawing, Table
from skgan_resample._hard_triplet._training import _held_out


def test_the_gan_really_makes_the_rows():
    X, y = blobs()
    options = {"gate": None, "confidence_power": 0}
    (line, _, linear), (moved, _, cgan) = (new_rows(X, y, generator=name, **options) for name in ("linear", "cgan"))
    assert np.array_equal(linear.parent_indices_, cgan.parent_indices_)
    for new, sampler, low, high in ((line, linear, 1, 1), (moved, cgan, 0, 0.9)):
        info = sampler.sample_info_[sampler.is_synthetic_]
        straight = X[info["seed"]] + info["position"][:, None] * (X[info["partner"]] - X[info["seed"]])
        inside = (straight > X.min(axis=0)) & (straight < X.max(axis=0))
        assert low <= (np.abs(new - straight)[inside] < 1e-6).mean() <= high
    assert linear.positive_generator_ is linear.negative_generator_ is linear.discriminator_ is None
    assert None not in (cgan.positive_generator_, cgan.negative_generator_, cgan.discriminator_)


@pytest.mark.parametrize("kind", [POSITIVE, NEGATIVE], ids=["positives", "negatives"])
def test_rows_of_the_gan_are_what_its_generators_say(kind):
    X, y = blobs()
    new, labels, sampler = new_rows(X, y, generator="cgan", positive_fraction=float(kind == POSITIVE), gate=None,
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


def test_loss_weights_of_the_gan_matter_to_the_gan_alone():
    X, y = blobs()
    for generator in ("linear", "cgan"):
        rows = [new_rows(X, y, generator=generator, loss_weights=weights)[0] for weights in (None, {"adversarial": 0})]
        assert np.array_equal(*rows) == (generator == "linear")


@functools.cache
def first_triplet_loss(mining):
    return HardTripletSampler(**{**QUICK, "max_steps": 50}, mining=mining).fit(*blobs()).history_[1]["triplet_loss"]


@pytest.mark.parametrize("mining", ["all", "semihard", "hard"])
@pytest.mark.parametrize("rule", ["controller", "loss"])
def test_the_history_tells_of_every_loss(mining, rule):
    sampler = HardTripletSampler(**{**QUICK, "max_steps": 50}, mining=mining, threshold_rule=rule).fit(*blobs())
    assert [record["step"] for record in sampler.history_] == [0, 20, 40, 50]
    assert set(sampler.history_[-1]) == {"step", "seconds", "classifier_loss", "triplet_loss", "synthetic_loss",
                                         "threshold"}  # fmt: skip
    assert sampler.curriculum_["strength"] == pytest.approx(2.0 * (49 / 50 - 0.25) / 0.75)
    assert sampler.curriculum_["threshold"] <= 0
    assert sampler.history_[1]["triplet_loss"] != first_triplet_loss("hard" if mining == "all" else "all")
    assert sampler.set_params(n_components=3, max_steps=2).fit(*blobs()).embed(blobs()[0]).shape == (90, 3)


def test_a_tenth_of_every_class_of_ten_is_held_out():
    labels = np.random.RandomState(0).permutation(np.repeat(np.arange(4), [200, 35, 10, 9]))
    found = _held_out(labels, np.random.RandomState(0))
    assert np.bincount(labels[found], minlength=4).tolist() == [20, 4, 2, 0]
    assert len(set(found)) == len(found)
    assert len(_held_out(np.arange(5), np.random.RandomState(0))) == 0


def test_patience_ends_the_training_and_keeps_the_best_state(monkeypatch):
    from skgan_resample._nn import training

    results = []

    def watched(*args, **kwargs):
        results.append(original(*args, **kwargs))
        return results[-1]

    original = training.train
    monkeypatch.setattr(training, "train", watched)
    options = {**QUICK, "max_steps": 400, "learning_rate": 0.3}
    X, y = blobs((60, 40))
    sampler = HardTripletSampler(**options, patience=2).fit(X, y)
    scores = {record["step"]: record["score"] for record in sampler.history_}
    assert results[0].stop_reason == "patience"
    assert sampler.history_[-1]["step"] == results[0].best_step + 40 < 400
    assert min(scores.values()) == scores[results[0].best_step]
    for ours, kept in zip(sampler.embedding_network_.state_dict().values(), results[0].best_state["encoder"].values()):
        assert torch.equal(ours, kept)
    slow = {**options, "learning_rate": 0.003, "patience": 2, "max_steps": 100}
    steps = [HardTripletSampler(**slow, tol=tol).fit(X, y).history_[-1]["step"] for tol in (1.0, 0.0)]
    assert steps[0] == 40 < steps[1]
    assert sampler.best_step_ == results[0].best_step
    with pytest.warns(ResamplingWarning, match="patience has no effect: no class has 10 rows"):
        HardTripletSampler(**QUICK, patience=1).fit(*blobs((9, 5)))
    without = HardTripletSampler(**QUICK).fit(X, y)
    assert all("score" not in record for record in without.history_)


def test_training_ends_in_time():
    sampler = HardTripletSampler(**{**QUICK, "max_steps": 10**6}, max_time=0.2).fit(*blobs())
    assert sampler.history_[-1]["step"] < 10**6


def test_progress_is_printed_only_when_asked_for(capsys):
    HardTripletSampler(**QUICK).fit(*blobs())
    assert capsys.readouterr().out == ""
    sampler = HardTripletSampler(**{**QUICK, "max_steps": 40}, verbose=1).fit(*blobs())
    assert capsys.readouterr().out.count("[HardTripletSampler] step") == len(sampler.history_) == 3


@needs_callbacks
def test_callbacks_get_every_record_and_can_end_the_training():
    listener = Listener()
    sampler = HardTripletSampler(**{**QUICK, "max_steps": 40}).set_callbacks(listener)
    sampler.fit_resample(*blobs())
    assert listener.records == sampler.history_
    stopped = HardTripletSampler(**{**QUICK, "max_steps": 1000}).set_callbacks(Listener(2)).fit(*blobs())
    assert len(stopped.history_) == 2


def diverged():
    with pytest.warns(ResamplingWarning, match="diverged, so nothing was learned"):
        return resample(*blobs(), learning_rate=1e30)


def test_a_training_that_diverges_leaves_exact_amounts_and_one_warning():
    _, y_all, sampler = diverged()
    assert np.bincount(y_all).tolist() == [60, 60, 60]
    assert sampler.embedding_network_ is sampler.curriculum_ is None
    assert np.allclose(sampler.sample_info_["confidence"], 1 / 3)
    assert sampler.fallback_share_ == 1


@pytest.mark.parametrize(
    "ask",
    [lambda sampler, X, y: sampler.embed(X), lambda sampler, X, y: sampler.sample_triplets(5, X, y)],
    ids=["embed", "triplets"],
)
def test_after_divergence_there_is_no_embedding_but_a_sentence(ask):
    X_all, y_all, sampler = diverged()
    with pytest.raises(ValueError, match="The training diverged, so there is no embedding"):
        ask(sampler, X_all, y_all)


def test_no_hidden_layer_is_possible_with_every_generator():
    for generator in ("linear", "cgan"):
        resample(*blobs(), generator=generator, hidden_layer_sizes=())
