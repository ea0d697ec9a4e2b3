"""What the tests of threat in both rooms share."""

import numpy as np
import pandas as pd

RNG = np.random.RandomState(0)


X = np.column_stack([RNG.normal(size=40), RNG.exponential(5.0, size=40), RNG.uniform(-3, 100, size=40)])


def mixed_frame(n=30):
    """Every kind of column, with missing cells in some."""
    rng = np.random.RandomState(1)
    frame = pd.DataFrame(
        {
            "amount": rng.normal(100.0, 30.0, n),
            "age": rng.randint(18, 90, n),
            "income": np.where(rng.uniform(size=n) < 0.2, np.nan, rng.normal(2000, 500, n)),
            "city": rng.choice(["Ulm", "Bonn", "Kiel"], n),
            "member": rng.uniform(size=n) < 0.5,
            "country": "DE",
            "one": 1.0,
            "day": pd.Timestamp("2024-01-01") + pd.to_timedelta(7 * rng.randint(0, 50, n), unit="D"),
            "colour": rng.choice(["red", "blue", None], n),
        }
    )
    frame["colour"] = frame["colour"].astype(object)
    return frame


# ------------------------------------------------------------------------------------------------------ how far it goes
UNITS = {
    "std": lambda column: np.sqrt(np.mean((column - column.mean()) ** 2)),
    "range": lambda column: max(column) - min(column),
    "iqr": lambda column: np.quantile(column, 0.75) - np.quantile(column, 0.25),
    "raw": lambda column: 1.0,
}
