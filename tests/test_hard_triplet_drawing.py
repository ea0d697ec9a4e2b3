"""The rows that HardTripletSampler draws: on which lines candidates lie, and what the filter lets pass."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from _hard_triplet_data import as_matrix, blobs, mixed, new_rows, resample

from skgan_resample import ResamplingWarning


def test_a_table_in_which_every_row_comes_twice_still_gets_hard_rows():
    X, y = blobs((60, 20))
    _, _, sampler = resample(np.repeat(X, 2, axis=0), np.repeat(y, 2))
    assert sampler.fallback_share_ < 1


@pytest.mark.parametrize("options", [{}, {"filter": "knn"}, {"generator": "cgan", "positive_fraction": 0.5}], ids=str)
def test_no_new_row_is_a_copy_where_there_are_measurements(options):
    rng = np.random.RandomState(0)
    X, y = blobs((60, 20))
    X = (10 * X).round()  # many a row between two of them rounds to one of the two
    X[60:70] = X[70:] + (rng.uniform(size=(10, 4)) < 0.3)
    new, _, sampler = new_rows(X, y, k_neighbors=1, **options)
    copies = (new[:, None] == X).all(axis=2).any(axis=1)
    assert not copies[sampler.sample_info_["kind"][sampler.is_synthetic_] != "fallback"].any()
    loose, _, _ = new_rows(X, y, k_neighbors=1, **{**options, "filter": None})
    assert (loose[:, None] == X).all(axis=2).any() or "generator" in options


@pytest.mark.parametrize("make", [np.asarray, lambda X: pd.DataFrame(X).add_prefix("x"), pl.DataFrame, list])
def test_a_filter_of_ones_own_gets_rows_as_the_caller_has_them_and_is_obeyed(make):
    X, y = blobs()
    X, seen = make(X), []

    def wanted(rows, label):
        seen.append((type(rows), label))
        return as_matrix(rows)[:, 0] > 2.0

    new, labels, sampler = new_rows(X, y, filter=wanted, sampling_strategy={1: 40, 2: 20})
    assert {kind for kind, _ in seen} == {type(X)}
    assert {label for _, label in seen} == {1, 2}
    kinds = sampler.sample_info_["kind"][sampler.is_synthetic_]
    assert (new[kinds != "fallback", 0] > 2.0).all()
    assert (kinds != "fallback").any()
    assert np.bincount(labels).tolist() == [0, 20, 10]


def nothing(rows, label):
    return np.zeros(len(rows), dtype=bool)


def test_where_nothing_passes_rows_are_interpolated():
    X, y = blobs()
    new, labels, sampler = new_rows(X, y, filter=nothing)
    assert np.bincount(labels).tolist() == [0, 40, 50]
    info = sampler.sample_info_[sampler.is_synthetic_]
    assert (info["kind"] == "fallback").all()
    assert ((info["position"] >= 0) & (info["position"] <= 1)).all()
    assert np.allclose(new, X[info["seed"]] + info["position"][:, None] * (X[info["partner"]] - X[info["seed"]]))
    assert sampler.fallback_share_ == 1
    assert sampler.acceptance_rate_ == {1: 0, 2: 0}
    assert ((info["confidence"] > 0) & (info["confidence"] < 1)).all()


def test_interpolated_rows_are_valid_rows():
    X, y = mixed()
    X_all, _, sampler = resample(X, y, filter=nothing)
    new = X_all[sampler.is_synthetic_]
    assert np.array_equal(new["c"], new["c"].round(1))
    assert new["c"].nunique() > 5
    assert X_all.dtypes.equals(X.dtypes)


@pytest.mark.parametrize(
    "answer", [lambda rows: [1] * len(rows), lambda rows: [True], lambda rows: True], ids=["numbers", "one", "scalar"]
)
def test_a_filter_that_returns_no_mask_is_refused(answer):
    with pytest.raises(ValueError, match="filter must return a mask"):
        resample(*blobs(), filter=lambda rows, label: answer(rows))


def test_where_nothing_passes_an_error_can_be_asked_for():
    with pytest.raises(ValueError, match=r"class .*1.* 40 of the rows wanted did not pass the filter"):
        resample(*blobs(), filter=nothing, fallback="raise")


def test_where_nothing_passes_there_can_be_fewer_rows():
    X, y = blobs()
    with pytest.warns(ResamplingWarning, match="rows fewer than asked for") as caught:
        X_all, y_all, sampler = resample(X, y, filter=nothing, fallback="fewer")
    assert [str(w.message).split("got ")[1].split(" rows")[0] for w in caught] == ["40", "50"]
    assert np.array_equal(X_all, X)
    assert np.array_equal(y_all, y)
    assert not sampler.is_synthetic_.any()
    assert sampler.parent_indices_.shape == (0, 2)


def test_fewer_rows_are_those_that_passed():
    passed = []

    def wanted(rows, label):
        good = (np.arange(len(rows)) == 3) & (len(passed) < 7)
        passed.extend(rows[good].tolist())
        return good

    with pytest.warns(ResamplingWarning, match="got 33 rows fewer"):
        new, labels, sampler = new_rows(*blobs(), filter=wanted, fallback="fewer", sampling_strategy={1: 60})
    assert new.tolist() == passed
    assert labels.tolist() == [1] * 7
    assert 0 < sampler.acceptance_rate_[1] < 0.05


@pytest.mark.parametrize("generator", ["linear", "cgan"])
@pytest.mark.slow
def test_convincing_candidates_are_kept_more_often(generator):
    X, y = blobs((60, 30), apart=0.7)
    mean = {}
    for power in (0, 6):
        _, _, sampler = resample(X, y, filter=None, confidence_power=power, generator=generator, max_steps=60)
        mean[power] = sampler.sample_info_["confidence"][sampler.is_synthetic_].mean()
    assert mean[6] > mean[0] + 0.03
