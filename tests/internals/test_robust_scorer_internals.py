"""`make_robust_scorer` against closed forms of linear models, exhaustive search, and what a threat model allows."""

import numpy as np
import pandas as pd
import pytest

from skgan_resample._budget import NumpyBudget
from skgan_resample.metrics._black_box import worst_rows
from skgan_resample.threat import ThreatModel


@pytest.mark.parametrize("norm", ["linf", "l2"])
@pytest.mark.parametrize("bounds", [None, "train"])
def test_the_search_never_leaves_the_threat_model(norm, bounds):
    """Every row that the classifier is asked about is checked against the words of `ThreatModel`."""
    rng = np.random.RandomState(0)
    n = 60
    frame = pd.DataFrame(
        {
            "x": rng.normal(size=n),
            "fixed": rng.normal(size=n),
            "gap": np.where(rng.uniform(size=n) < 0.3, np.nan, rng.normal(size=n)),
            "count": rng.randint(0, 9, size=n),
            "town": rng.choice(["Ulm", "Bonn", "Kiel", None], size=n),
            "flag": rng.uniform(size=n) < 0.5,
        }
    )
    frame[["r", "g", "b"]] = np.eye(3)[rng.randint(3, size=n)]
    frame.loc[:5, ["r", "g", "b"]] = 0.0  # no category at all: stays
    frame.loc[6:9, ["r", "g", "b"]] = [1.0, 0.5, 0.0]  # not quite one-hot: stays
    threat = ThreatModel(
        {"x": (0.1, 0.5), "fixed": 1.0, "gap": 0.5, "count": 2.5},
        unit="raw", norm=norm, bounds=bounds, immutable=["fixed", "flag"], onehot_groups=[["r", "g", "b"]],
        max_categorical_changes=1,
    ).fit(frame)  # fmt: skip
    codes = threat.encoder_.to_codes(frame)
    column = {name: j for j, name in enumerate(frame.columns)}
    seen = []

    def badness(moved, rows):
        seen.append((moved.copy(), rows))
        return rng.uniform(-2, -1, size=len(rows))  # often better, never enough

    factor = (np.arange(n) % 4 > 0).astype(float)[:, None]
    worst = worst_rows(badness, codes, NumpyBudget.of(threat, threat.encoder_), factor=factor, n_queries=60, rng=rng)
    low, high = np.nanmin(codes, axis=0), np.nanmax(codes, axis=0)
    used = {"x": set(), "count": set(), "switched": set(), "length": 0.0}
    for moved, rows in [*seen, (worst, np.arange(n))]:
        old = codes[rows]
        assert np.array_equal(np.isnan(moved), np.isnan(old))
        moved, old = np.nan_to_num(moved), np.nan_to_num(old)
        move = moved - old
        for name in ("fixed", "flag"):
            assert not move[:, column[name]].any()
        assert ((move[:, column["x"]] >= -0.1 - 1e-12) & (move[:, column["x"]] <= 0.5 + 1e-12)).all()
        assert (np.abs(move[:, column["gap"]]) <= 0.5 + 1e-12).all()
        assert np.isin(move[:, column["count"]], [-2, -1, 0, 1, 2]).all()
        if bounds:
            for name in ("x", "gap", "count"):
                assert (moved[:, column[name]] >= min(low[column[name]], 0.0 if name == "gap" else np.inf)).all()
                assert (moved[:, column[name]] <= max(high[column[name]], 0.0 if name == "gap" else -np.inf)).all()
        switches = (move[:, column["town"]] != 0).astype(int)
        group = moved[:, -3:]
        assert np.array_equal(group.sum(axis=1), old[:, -3:].sum(axis=1))
        odd = rows < 10
        assert np.array_equal(group[odd], old[odd, -3:])
        assert np.isin(group[~odd], [0.0, 1.0]).all()
        switches += (move[:, -3:] != 0).any(axis=1)
        assert switches.max() <= 1
        assert np.isin(moved[:, column["town"]], [0, 1, 2]).all()
        x = move[:, column["x"]]
        shares = np.array(
            [
                x / np.where(x > 0, 0.5, 0.1),
                move[:, column["gap"]] / 0.5,
                move[:, column["count"]] / (2.5 if norm == "l2" else 2.0),
            ]
        )
        length = np.sqrt((shares**2).sum(axis=0)).max()
        assert norm == "linf" or length <= 1 + 1e-9
        used["length"] = max(used["length"], length)
        used["x"] |= set(np.sign(x))
        used["count"] |= set(move[:, column["count"]])
        used["switched"] |= set(switches)
    assert np.array_equal(worst[factor[:, 0] == 0], codes[factor[:, 0] == 0], equal_nan=True)
    assert all(len(rows) < n for _, rows in seen[1:])  # nobody asks about rows that are not attacked
    assert used["x"] == {-1.0, 0.0, 1.0}
    assert used["count"] == {-2.0, -1.0, 0.0, 1.0, 2.0}
    assert used["switched"] == {0, 1}
    assert used["length"] > 0.99


def test_a_fraction_in_a_column_of_whole_steps_moves_by_whole_steps():
    threat = ThreatModel(6, unit="raw", integer_features=[0], bounds=(0, 7.5)).fit(np.array([[0.0], [2.5], [9.0]]))
    seen = []

    def badness(moved, rows):
        seen.append(moved[:, 0])
        return np.full(len(rows), -1.0)

    codes = np.full((50, 1), 2.5)
    rng = np.random.RandomState(0)
    worst_rows(badness, codes, NumpyBudget.of(threat, threat.encoder_), factor=np.ones((50, 1)), n_queries=20, rng=rng)
    assert set(np.concatenate(seen)) == {0.5, 1.5, 2.5, 3.5, 4.5, 5.5, 6.5}
