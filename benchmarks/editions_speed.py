"""Is this edition as fast as an earlier one? The same calls in two checkouts, one after the other in one run.

    git worktree add /tmp/first b185dc3
    OMP_NUM_THREADS=1 python benchmarks/editions_speed.py --against /tmp/first

Two processes stay open, one for each checkout. They take turns, call by call, so that a busy machine slows both. The
figure is the ratio of the shortest durations, new / old; the parameters that were renamed stand in `CALLS`.
"""

import argparse
import json
import os
import subprocess
import sys
import time
import warnings
from pathlib import Path

ROUNDS = 9
NEW = Path(__file__).resolve().parents[1]


def skewed():
    import numpy as np

    rng = np.random.RandomState(0)
    X = rng.normal(size=(3000, 20))
    return X, np.exp(X[:, 0] + 0.5 * X[:, 1]) + 0.1 * rng.normal(size=3000)


def mixed():
    """Return a frame with text, integers, dates and missing cells, and a skewed target."""
    import numpy as np
    import pandas as pd

    X, y = skewed()
    rng = np.random.RandomState(1)
    frame = pd.DataFrame(X[:, :8]).rename(columns=str)
    frame["text"] = rng.choice(list("abcdef"), len(y))
    frame["count"] = rng.randint(0, 50, len(y))
    frame["day"] = pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.randint(0, 900, len(y)), "D")
    frame.loc[rng.uniform(size=len(y)) < 0.1, "0"] = np.nan
    return frame, y


def classes():
    import numpy as np

    X, y = skewed()
    return X, (y > np.quantile(y, 0.95)).astype(int)


def smogn(package, table):
    return lambda: package.SMOGN(sampling_strategy="balance", random_state=0).fit_resample(*table)


def smogan(package, table):
    return lambda: package.SMOGANRegressorResampler(max_steps=60, random_state=0).fit_resample(*table)


def hard_triplet(package, table):
    return lambda: package.HardTripletSampler(max_steps=60, random_state=0).fit_resample(*table)


def smcae(package, table):
    X, y = table
    real, synthetic = slice(0, 400), slice(400, 1200)
    model = package.SMCAETransformer(max_steps=100, cv=3, random_state=0)
    return lambda: model.fit(X[real], y[real], X_synthetic=1.3 * X[synthetic] + 0.5, y_synthetic=y[synthetic])


def refiner(package, table):
    X, y = table
    return lambda: package.SyntheticRefiner(package.SMOGN(), random_state=0).fit_resample(X[:800], y[:800])


def robust_at(package, table):
    from inspect import signature

    names = signature(package.RobustATWrapper).parameters
    steps = {"n_steps" if "n_steps" in names else "attack_steps": 5}
    model = package.RobustATWrapper(max_epochs=6, random_state=0, **steps)
    return lambda: model.fit(*table)


CALLS = {
    "SMOGN": (smogn, skewed),
    "SMOGN, mixed": (smogn, mixed),
    "SMOGAN": (smogan, skewed),
    "SMOGAN, mixed": (smogan, mixed),
    "HardTripletSampler": (hard_triplet, classes),
    "SMCAETransformer": (smcae, classes),
    "SyntheticRefiner": (refiner, skewed),
    "RobustATWrapper": (robust_at, classes),
}


def serve():
    """Answer each name that comes in with the seconds of one call."""
    import skgan_resample

    print(json.dumps({"file": skgan_resample.__file__}), flush=True)
    calls = {}
    for line in sys.stdin:
        name = line.strip()
        if name not in calls:
            make, table = CALLS[name]
            calls[name] = make(skgan_resample, table())
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            started = time.perf_counter()
            calls[name]()
        print(json.dumps({"seconds": time.perf_counter() - started}), flush=True)


class Edition:
    """A process in which one checkout is imported."""

    def __init__(self, checkout):
        environment = {**os.environ, "PYTHONPATH": str(checkout), "OMP_NUM_THREADS": "1"}
        self.process = subprocess.Popen(
            [sys.executable, __file__, "--serve"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env=environment, cwd="/",
        )  # fmt: skip
        found = json.loads(self.process.stdout.readline())["file"]
        assert found.startswith(str(checkout)), f"{found} is not of {checkout}"

    def seconds(self, name):
        self.process.stdin.write(name + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())["seconds"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--against", type=Path, help="the checkout of the earlier edition")
    parser.add_argument("--only", default="", help="part of a name")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        return serve()
    from _common import Results  # after the check that this is the parent

    old, new = Edition(options.against.resolve()), Edition(NEW)
    results = Results("editions_speed", rounds=options.rounds, against=commit(options.against), commit=commit(NEW))
    for name in CALLS:
        if options.only not in name:
            continue
        for edition in (old, new):
            edition.seconds(name)  # warm: imports, thread pools
        pairs = [(old.seconds(name), new.seconds(name)) for _ in range(options.rounds)]
        before, after = (min(times) for times in zip(*pairs))
        results.add(call=name, seconds_before=before, seconds_now=after, ratio=after / before)
    return None


def commit(checkout):
    found = subprocess.run(["git", "-C", checkout, "rev-parse", "--short", "HEAD"], capture_output=True, text=True)
    return found.stdout.strip()


if __name__ == "__main__":
    main()
