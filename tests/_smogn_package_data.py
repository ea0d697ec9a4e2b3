"""What the tests of smogn package in both rooms share."""

import hashlib
import os
from pathlib import Path

import numpy as np
import pytest

pd = pytest.importorskip("pandas", reason="pandas is not installed")


DATA = os.environ.get("SKGAN_RESAMPLE_DATA")


def load(name):
    """Return predictors and target: a made table with signs, whole numbers and decimals, or one of the data folder."""
    if name == "made":
        rng = np.random.RandomState(3)
        y = np.round(rng.lognormal(size=120), 2)
        X = pd.DataFrame(
            {
                "signed": rng.normal(size=120) + y / 5,
                "whole": rng.randint(-40, 90, size=120),
                "decimal": np.round(rng.uniform(1, 9, size=120), 1),
                "constant": 7,
            },
            index=rng.permutation(120) + 1000,
        )
        return X, pd.Series(y, index=X.index, name="target")
    table = pd.read_csv(Path(DATA) / "imbalanced_regression" / f"{name}.csv")
    table = table.iloc[::4].head(400) if name == "airfoild" else table.head(300)
    return table.iloc[:, :-1], table.iloc[:, -1]


def digest(X, y):
    return hashlib.sha256(np.asarray(X, dtype=float).tobytes() + np.asarray(y, dtype=float).tobytes()).hexdigest()
