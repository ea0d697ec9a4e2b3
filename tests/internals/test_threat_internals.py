"""ThreatModel: what its units refer to, and its budget in the encoded space of a network."""

import numpy as np
import pytest
import torch
from _threat_data import UNITS, X, mixed_frame

from skgan_resample import ThreatModel
from skgan_resample._budget import NumpyBudget
from skgan_resample._nn.attacks import Budget
from skgan_resample._tables._encoder import TableEncoder
from skgan_resample.threat import _statistics


def test_statistics_of_a_column_without_values():
    codes = np.column_stack([X[:, 0], np.full(40, np.nan)])
    statistics = _statistics(codes)
    for unit in ("std", "range", "iqr"):
        np.testing.assert_allclose(statistics[unit], [UNITS[unit](X[:, 0]), 0.0])
    np.testing.assert_array_equal(statistics["low"], [X[:, 0].min(), np.nan])
    np.testing.assert_array_equal(statistics["high"], [X[:, 0].max(), np.nan])


# ------------------------------------------------------------------------------------------------- in a network's space
@pytest.mark.parametrize("scale", ["std", "iqr", "range"])
def test_the_budget_of_a_mixed_table_is_the_threat_model_in_encoded_columns(scale):
    frame = mixed_frame()
    threat = ThreatModel((0.5, 1.5), bounds="train", max_categorical_changes=2, norm="l2").fit(frame)
    encoder = TableEncoder(scale=scale).fit(frame)
    codes = encoder.to_codes(frame)
    budget = Budget.encoded(NumpyBudget.of(threat, encoder), encoder)
    assert (budget.norm, budget.max_switches) == ("l2", 2)
    columns = {column.name: (j, column.encoded) for j, column in enumerate(encoder.columns_)}
    numbers = set()
    for name in ("amount", "age", "income", "day"):
        j, place = columns[name]
        at = place.start
        numbers.add(at)
        # One budget further, in codes, is so much further in the encoded matrix.
        base = np.nanmean(codes, axis=0)
        up, down, lowest, highest, step = (base.copy() for _ in range(5))
        up[j], down[j] = base[j] + threat.right_[j], base[j] - threat.left_[j]
        lowest[j], highest[j], step[j] = np.nanmin(codes[:, j]), np.nanmax(codes[:, j]), base[j] + 1

        def encoded(row, at=at):
            row = np.where(encoder.nominal_, 0.0, row)
            return encoder.encode_codes(row[None])[0, at]

        assert budget.right[at].item() == pytest.approx(encoded(up) - encoded(base), rel=1e-5)
        assert budget.left[at].item() == pytest.approx(encoded(base) - encoded(down), rel=1e-5)
        assert budget.low[at].item() == pytest.approx(encoded(lowest), rel=1e-5, abs=1e-6)
        assert budget.high[at].item() == pytest.approx(encoded(highest), rel=1e-5, abs=1e-6)
        grid = encoded(step) - encoded(base) if name in ("age", "day") else 0.0
        assert budget.grid[at].item() == pytest.approx(grid, rel=1e-5)
        indicator = place.stop - 1 if name == "income" else -1
        assert budget.indicator[at].item() == indicator
    others = [at for at in range(encoder.width_) if at not in numbers]
    for part in (budget.left, budget.right, budget.grid):
        assert (part[others] == 0).all()
    assert torch.isinf(budget.low[others]).all()
    assert (budget.indicator[others] == -1).all()
    blocks = [(block.columns.tolist(), block.on.tolist(), block.off.tolist()) for block in budget.blocks]
    expected = []
    for name, n_levels in (("city", 3), ("member", 2), ("colour", 2)):
        start = columns[name][1].start
        expected.append((list(range(start, start + n_levels)), [1.0] * n_levels, [0.0] * n_levels))
    assert blocks == expected


def test_immutable_categories_and_groups_are_no_blocks():
    frame = mixed_frame().assign(p=np.r_[[1.0] * 10, [0.0] * 20], q=np.r_[[0.0] * 10, [1.0] * 20])
    parts = {"onehot_groups": [["p", "q"]], "max_categorical_changes": 1, "unit": "raw"}
    for immutable, n_blocks in ((None, 4), (["city", "q"], 2)):
        threat = ThreatModel(**parts, immutable=immutable).fit(frame)
        budget = NumpyBudget.of(threat, threat.encoder_)
        assert len(budget.blocks) == len(Budget.encoded(budget, threat.encoder_).blocks) == n_blocks


@pytest.mark.parametrize("unit", UNITS)
def test_a_column_that_no_network_sees_stays(unit):
    table = np.column_stack([np.full(10, 7.0), np.arange(10.0), np.full(10, np.nan)])
    threat = ThreatModel(0.5, unit=unit, bounds="train").fit(table)
    codes, encoder = table[:3], threat.encoder_
    x = encoder.encode_codes(codes).astype(np.float32)
    landed = NumpyBudget.of(threat, threat.encoder_).land(encoder, codes, x, x + 1)
    np.testing.assert_array_equal(landed[:, [0, 2]], codes[:, [0, 2]])
    assert (landed[:, 1] > codes[:, 1]).all()
