"""The training of HardTripletSampler: what its networks do to rows, when it ends, what it leaves behind."""

import functools

import numpy as np
import pytest
from _hard_triplet_data import QUICK, blobs, new_rows, resample
from _shared import Listener, needs_callbacks

from skgan_resample import HardTripletSampler, ResamplingWarning


def test_the_gan_really_makes_the_rows():
    X, y = blobs()
    options = {"filter": None, "confidence_power": 0}
    (line, _, linear), (moved, _, cgan) = (new_rows(X, y, generator=name, **options) for name in ("linear", "cgan"))
    assert np.array_equal(linear.parent_indices_, cgan.parent_indices_)
    for new, sampler, low, high in ((line, linear, 1, 1), (moved, cgan, 0, 0.9)):
        info = sampler.sample_info_[sampler.is_synthetic_]
        straight = X[info["seed"]] + info["position"][:, None] * (X[info["partner"]] - X[info["seed"]])
        inside = (straight > X.min(axis=0)) & (straight < X.max(axis=0))
        assert low <= (np.abs(new - straight)[inside] < 1e-6).mean() <= high
    assert linear.positive_generator_ is linear.negative_generator_ is linear.discriminator_ is None
    assert None not in (cgan.positive_generator_, cgan.negative_generator_, cgan.discriminator_)


def test_loss_weights_of_the_gan_matter_to_the_gan_alone():
    X, y = blobs()
    for generator in ("linear", "cgan"):
        rows = [new_rows(X, y, generator=generator, loss_weights=weights)[0] for weights in (None, {"adversarial": 0})]
        assert np.array_equal(*rows) == (generator == "linear")


@functools.cache
def first_triplet_loss(mining):
    return HardTripletSampler(**{**QUICK, "max_steps": 50}, mining=mining).fit(*blobs()).history_[1]["triplet_loss"]


@pytest.mark.parametrize("mining", ["all", "semihard", "hard"])
@pytest.mark.slow
def test_the_history_tells_of_every_loss(mining):
    sampler = HardTripletSampler(**{**QUICK, "max_steps": 50}, mining=mining).fit(*blobs())
    assert [record["step"] for record in sampler.history_] == [0, 20, 40, 50]
    assert set(sampler.history_[-1]) == {"step", "seconds", "classifier_loss", "triplet_loss", "synthetic_loss",
                                         "threshold"}  # fmt: skip
    assert sampler.curriculum_["strength"] == pytest.approx(2.0 * (49 / 50 - 0.25) / 0.75)
    assert sampler.curriculum_["threshold"] <= 0
    assert sampler.history_[1]["triplet_loss"] != first_triplet_loss("hard" if mining == "all" else "all")
    assert sampler.set_params(n_components=3, max_steps=2).fit(*blobs()).embed(blobs()[0]).shape == (90, 3)


def test_training_ends_in_time():
    sampler = HardTripletSampler(**{**QUICK, "max_steps": 10**6}, max_time=0.2).fit(*blobs())
    assert sampler.history_[-1]["step"] < 10**6


def test_progress_is_printed_only_when_asked_for(capsys):
    HardTripletSampler(**QUICK).fit(*blobs())
    assert capsys.readouterr().out == ""
    sampler = HardTripletSampler(**{**QUICK, "max_steps": 40}, verbose=1).fit(*blobs())
    assert capsys.readouterr().out.count("[HardTripletSampler] step") == len(sampler.history_) == 3


@needs_callbacks
@pytest.mark.slow
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


def test_options_left_at_none_are_reached_by_nested_names():
    sampler = HardTripletSampler(max_steps=2, random_state=0).set_params(network__hidden_layer_sizes=(3,))
    assert sampler.fit(*blobs()).classifier_network_[0].out_features == 3
    with pytest.raises(ValueError, match="hidden_layer_sizes must be whole numbers"):
        sampler.set_params(network__hidden_layer_sizes=(0,)).fit(*blobs())


def test_more_rows_held_out_give_other_scores():
    scores = [
        HardTripletSampler(**QUICK, patience=1, validation_fraction=share).fit(*blobs()).history_[0]["score"]
        for share in (0.1, 0.5)
    ]
    assert scores[0] != scores[1]
