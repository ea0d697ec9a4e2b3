"""Triplets and pairs of HardTripletSampler: valid, as hard as asked for, spread evenly."""

import tracemalloc

import numpy as np
import pytest
from _hard_triplet_picking_data import assert_valid
from hypothesis import given, settings
from hypothesis import strategies as st

from skgan_resample._hard_triplet._mining import Runs, pick_pairs, pick_triplets


def test_where_no_triplet_is_hard_enough_the_nearest_to_it_is_taken():
    rng = np.random.RandomState(0)
    places, labels = rng.normal(size=(9, 2)), np.repeat(np.arange(3), 3)
    for low, high in [(9.0, 10.0), (-10.0, -9.0), (-0.5, -0.4999)]:
        found, hardness = pick_triplets(places, labels, 30, low, high, rng)
        assert_valid(found, labels)
        for (anchor, positive, negative), value in zip(found, hardness):
            apart = np.linalg.norm(places - places[anchor], axis=1)
            same = labels == labels[anchor]
            all_of_them = (apart[same & (np.arange(9) != anchor)][:, None] - apart[~same]).ravel()
            miss = np.maximum(np.maximum(low - all_of_them, all_of_them - high), 0)
            assert value == pytest.approx(apart[positive] - apart[negative])
            assert max(low - value, value - high, 0) == pytest.approx(miss.min())


def test_triplets_of_real_rows_are_named_by_their_place_among_all_rows():
    rng = np.random.RandomState(0)
    places, labels, is_new = rng.normal(size=(60, 2)), rng.randint(3, size=60), rng.uniform(size=60) < 0.5
    groups = rng.randint(2, size=60)
    options = {"is_synthetic": is_new, "synthetic": False, "groups": groups}
    found, hardness = pick_triplets(places, labels, 100, -np.inf, np.inf, rng, **options)
    assert not is_new[found].any()
    assert_valid(found, labels, groups)
    anchor, positive, negative = places[found].transpose(1, 0, 2)
    expected = np.linalg.norm(anchor - positive, axis=1) - np.linalg.norm(anchor - negative, axis=1)
    assert np.allclose(hardness, expected)


def test_picking_holds_no_matrix_of_all_rows():
    rng = np.random.RandomState(0)
    n_rows = 20_000  # a matrix of all of them: 3.2 GB
    places, labels = rng.normal(size=(n_rows, 2)), rng.randint(3, size=n_rows)
    tracemalloc.start()
    try:
        found, _ = pick_triplets(places, labels, 10_000, 0.0, np.inf, rng)
        pairs, _ = pick_pairs(labels, 3000, rng)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert_valid(found, labels)
    assert len(pairs) == 3000
    assert peak < 40e6  # ten thousand anchors looked at together would be more as well


@settings(max_examples=60, deadline=None, derandomize=True)
@given(rows=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2)), min_size=1, max_size=14))
def test_runs_reach_all_rows_of_the_right_classes_and_no_others(rows):
    labels, groups = np.array(rows).T
    runs, every = Runs(labels, groups), np.arange(len(rows))
    expected = {}
    for row in every:
        near = groups == groups[row]
        same = labels == labels[row]
        expected[row] = set(every[near & same]) - {row}, set(every[near & ~same])
    anchors = runs.anchors()
    assert set(anchors) == {row for row, (positives, negatives) in expected.items() if positives and negatives}
    rng = np.random.RandomState(0)
    for row, *found in zip(anchors, runs.positives(anchors, 300, rng), runs.negatives(anchors, 300, rng)):
        assert (set(found[0]), set(found[1])) == expected[row]
