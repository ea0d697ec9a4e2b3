"""HardTripletSampler: how many rows it makes and of which, their containers, odd tables, and as an estimator."""

import numpy as np
import pytest
import torch
from _hard_triplet_data import blobs, resample

from skgan_resample._hard_triplet._candidates import KINDS


@pytest.mark.parametrize("options", [{}, {"generator": "cgan", "positive_fraction": 0.5}], ids=str)
def test_the_accounts_agree_with_each_other_and_with_the_classifier(options):
    X, y = blobs()
    X_all, y_all, sampler = resample(X, y, **options)
    info, new = sampler.sample_info_, sampler.is_synthetic_
    assert len(info) == len(X_all)
    assert np.array_equal(sampler.kept_indices_, np.arange(90))
    assert new.tolist() == [False] * 90 + [True] * 90
    assert (info["kind"][~new] == "original").all()
    assert set(info["kind"][new]) <= {"hard positive", "hard negative", "fallback"}
    assert np.array_equal(info["seed"][~new], np.arange(90))
    assert (info["partner"][~new] == -1).all()
    assert (info["positive"][~new] == -1).all()
    assert np.array_equal(np.column_stack([info["seed"], info["partner"]])[new], sampler.parent_indices_)
    encoded = torch.from_numpy(sampler.encoder_.encode(X_all)).float().clamp(-5, 5)
    with torch.no_grad():
        probability = sampler.classifier_network_(encoded).softmax(dim=1).numpy()
    assert np.allclose(info["confidence"], probability[np.arange(180), y_all], atol=1e-5)
    report = sampler.report_
    assert report["n_new"] == {kind: (info["kind"] == kind).sum() for kind in KINDS[1:]}
    assert sampler.fallback_share_ == report["fallback_share"] == (info["kind"][new] == "fallback").mean()
    assert set(sampler.acceptance_rate_) == {1, 2}
