"""What the tests of synthetic gap in both rooms share."""

import numpy as np
import pandas as pd
from hypothesis import HealthCheck, settings

quick = settings(max_examples=30, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


FEW = {"n_repeats": 1, "random_state": 0}


# ------------------------------------------------------------------------------------------------ mixed tables
def mixed(n_rows, seed, shift=0.0):
    rng = np.random.RandomState(seed)
    return pd.DataFrame(
        {
            "area": np.where(rng.uniform(size=n_rows) < 0.1, np.nan, rng.normal(shift, 1, size=n_rows)),
            "rooms": rng.randint(1, 6, size=n_rows),
            "town": rng.choice(["Bath", "York", "Ely"], size=n_rows),
            "sold": rng.uniform(size=n_rows) < 0.3,
            "day": np.datetime64("2020-01-01") + rng.randint(0, 900, size=n_rows) * np.timedelta64(1, "D"),
        }
    )
