"""Retrieval scores and hardness against plain loops, hand-worked cases, another library, and all orders of ties."""

import pytest
from _retrieval_data import cloud, scores_of
from numpy.testing import assert_array_equal

from skgan_resample import _neighbors
from skgan_resample.metrics import (
    hardness_profile,
)

pytestmark = pytest.mark.filterwarnings("error")


def test_blocks_change_nothing(monkeypatch):
    embedding, y = cloud(0, n=50, classes="aaab")
    expected = scores_of(embedding, y), hardness_profile(embedding, y).hardness
    monkeypatch.setattr(_neighbors, "BLOCK_CELLS", 150)  # three rows at once
    assert scores_of(embedding, y) == expected[0]
    assert_array_equal(hardness_profile(embedding, y).hardness, expected[1])
