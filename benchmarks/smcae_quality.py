"""Does SMCAE bring synthetic rows nearer to real ones, and does it pay? Against doing nothing and the usual maps.

    OMP_NUM_THREADS=1 python benchmarks/smcae_quality.py run [--seeds 0 10] [--sets digits ctgan tvae smote friedman]
    OMP_NUM_THREADS=1 python benchmarks/smcae_quality.py report

``run`` writes a row per set, seed and method to results/smcae_reporting.csv and goes on where it stopped; several can
run at once, with different seeds. ``report`` prints the tables of results/smcae_quality.md. All maps get the same
encoded rows and the same snapping; defaults everywhere.
"""

import argparse
import time
import warnings

import numpy as np
import pandas as pd
from _common import RESULTS, Results
from _synthetic_sets import LARGER, N_SYNTHETIC, REPORTING, TUNING, problem
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import accuracy_score, average_precision_score, balanced_accuracy_score, r2_score
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skgan_resample import SMCAETransformer, SyntheticRefiner
from skgan_resample._distances import energy_distance_by_class
from skgan_resample._smcae import _maps
from skgan_resample._tables._vectorizer import MatrixEncoder

N_TREES = 30  # of the forests that learn from the rows
OURS = {
    "raw": "identity",
    "location-scale": "location_scale",
    "CORAL": "coral",
    "class-wise linear OT": "linear_ot",
    "SMCAE": None,
    "selected": "cv",
}


# ------------------------------------------------------------------------------------------------ peers, on vectors
def _linear_ot(source, target, source_y, target_y):
    return _maps.linear_transport(source, target)(source)


def _emd(source, target, source_y, target_y):
    import ot

    return ot.da.EMDTransport(max_iter=1_000_000).fit(Xs=source, Xt=target).transform(Xs=source)


def _coral(source, target, source_y, target_y):
    return _maps.coral(source, target)(source)


def _skada_ot(source, target, source_y, target_y):
    import sklearn
    from skada import ClassRegularizerOTMappingAdapter

    sklearn.set_config(enable_metadata_routing=False)  # skada switches it on for the whole process
    X, y = np.concatenate([source, target]), np.concatenate([source_y, np.full(len(target), -1)])
    domain = np.repeat([1, -2], [len(source), len(target)])
    adapter = ClassRegularizerOTMappingAdapter()
    adapter.fit(X, y, sample_domain=domain)
    return np.asarray(adapter.transform(source, sample_domain=domain[: len(source)], allow_source=True))


def _by_class(move):
    """Return a peer that moves each class by itself; a class without two rows on both sides stays where it is."""

    def moved(source, target, source_y, target_y):
        result = source.copy()
        for label in np.unique(source_y):
            ours, theirs = source_y == label, target_y == label
            if min(ours.sum(), theirs.sum()) >= 2:
                result[ours] = move(source[ours], target[theirs], None, None)
        return result

    return moved


PEERS = {
    "linear OT": _linear_ot,
    "EMD": _emd,
    "class-wise CORAL": _by_class(_coral),
    "class-wise linear OT (plain)": _by_class(_linear_ot),
    "class-wise EMD": _by_class(_emd),
    "skada OT": _skada_ot,
}


# ------------------------------------------------------------------------------------------------ measuring
def learners(score):
    if score == "r2":
        return [Ridge(), KNeighborsRegressor(), RandomForestRegressor(N_TREES, random_state=0)]
    return [LogisticRegression(max_iter=100), KNeighborsClassifier(), RandomForestClassifier(N_TREES, random_state=0)]


def scores(X, y, task):
    """Return the score of each learner, and for two classes the mean average precision."""
    vectorizer = make_pipeline(MatrixEncoder(), StandardScaler()).fit(X)
    X_train, X_test, y_test = vectorizer.transform(X), vectorizer.transform(task.test[0]), task.test[1]
    measure = {"accuracy": accuracy_score, "balanced_accuracy": balanced_accuracy_score, "r2": r2_score}[task.score]
    found, precisions = [], []
    for learner in learners(task.score):
        if task.score != "r2" and len(np.unique(y)) < 2:
            return [np.nan] * 3, np.nan
        learner.fit(X_train, y)
        found.append(measure(y_test, learner.predict(X_test)))
        if task.score == "balanced_accuracy":
            rare = np.unique(y)[np.argmin(np.unique(y_test, return_counts=True)[1])]
            share = learner.predict_proba(X_test)[:, list(learner.classes_).index(rare)]
            precisions.append(average_precision_score(y_test == rare, share))
    return found, np.mean(precisions) if precisions else np.nan


def joined(a, b):
    if a is None:
        return b
    return pd.concat([a, b]) if hasattr(a, "iloc") else np.concatenate([a, b])


def gap_and_spread(space, X, y, task):
    """Return the energy distance to the test rows by class, and the smallest and largest variance ratio of a class."""
    moved, test = (space.read(*rows) for rows in ((X, y), task.test))
    rows = np.random.RandomState(0).permutation(len(test))[:2_000]
    gap = energy_distance_by_class(moved.vectors, moved.classes, test.vectors[rows], test.classes[rows])
    ratios = []
    for number in np.unique(moved.classes):
        ours, theirs = moved.vectors[moved.classes == number], test.vectors[test.classes == number]
        if min(len(ours), len(theirs)) >= 5:
            ratios.append(ours.var(axis=0).sum() / theirs.var(axis=0).sum())
    return gap, min(ratios), max(ratios)


def measured(task, X, y, space=None, *, with_real=True):
    """Return the measures of moved rows; without `space` those of real rows alone."""
    alone, alone_ap = scores(X, y, task)
    both, both_ap = ([np.nan] * 3, np.nan) if space is not None else (alone, alone_ap)
    gap = low = high = np.nan
    if space is not None:
        gap, low, high = gap_and_spread(space, X, y, task)
        if with_real:
            both, both_ap = scores(joined(task.real[0], X), joined(task.real[1], y), task)
    names = ("linear", "neighbours", "forest")
    return {
        **{f"alone_{name}": value for name, value in zip(names, alone)},
        **{f"both_{name}": value for name, value in zip(names, both)},
        "alone_ap": alone_ap, "both_ap": both_ap, "gap": gap, "variance_low": low, "variance_high": high,
    }  # fmt: skip


def methods(task, seed):
    """Yield (name, seconds, what was selected, measures) of every method."""
    yield "real only", 0.0, "", measured(task, *task.real)
    fitted = {}
    for name, select in OURS.items():
        started = time.perf_counter()
        model = SMCAETransformer(select=select, random_state=seed)
        model.fit(*task.real, X_synthetic=task.synthetic[0], y_synthetic=task.synthetic[1])
        X, y = model.refine(*task.synthetic)
        seconds = time.perf_counter() - started
        fitted[name] = model
        yield name, seconds, model.selected_, measured(task, X, y, model.space_)
    space = fitted["raw"].space_
    if task.new is not None:
        X, y = fitted["SMCAE"].refine(*task.new)
        yield "SMCAE, new rows", 0.0, "", measured(task, X, y, space, with_real=False)
        X, y = fitted["SMCAE"].refine(task.new[0]), task.new[1]
        yield "SMCAE, new rows without y", 0.0, "", measured(task, X, y, space, with_real=False)
    started = time.perf_counter()
    refiner = SyntheticRefiner(
        (lambda X, y: task.synthetic) if task.sampler is None else task.sampler, random_state=seed
    )
    X, y = refiner.fit_resample(*task.real)
    seconds = time.perf_counter() - started
    both, ap = scores(X, y, task)
    names = ("linear", "neighbours", "forest")
    nothing = dict.fromkeys([f"alone_{name}" for name in names], np.nan)
    row = {**nothing, **{f"both_{name}": value for name, value in zip(names, both)}, "alone_ap": np.nan, "both_ap": ap}
    row |= {"gap": np.nan, "variance_low": np.nan, "variance_high": np.nan}
    yield "SyntheticRefiner", seconds, refiner.selected_, row
    yield from peers(task, space)


def peers(task, space):
    real, synthetic = space.read(*task.real), space.read(*task.synthetic)
    for name, move in PEERS.items():
        if task.score == "r2" and ("class" in name or name == "skada OT"):
            continue
        started = time.perf_counter()
        try:
            vectors = np.asarray(move(synthetic.vectors, real.vectors, synthetic.classes, real.classes), dtype=float)
        except Exception as error:
            print(f"{name}: {type(error).__name__}: {error}")
            continue
        codes, target = space.valid_codes(synthetic, vectors, like=real)
        X, y = space.encoder_.from_codes(codes), task.synthetic[1]
        if space.role == "moves":
            y = space.target_encoder_.from_codes(target[:, None])
        yield name, time.perf_counter() - started, "", measured(task, X, y, space, with_real=False)


def run(sets, seeds):
    results = Results("smcae_reporting", n_synthetic=N_SYNTHETIC)
    warnings.simplefilter("ignore")
    tasks = [(*table, seed) for tables in (REPORTING, TUNING, LARGER) for seed in range(*seeds) for table in tables]
    for name, size, seed in tasks:
        if name in sets and not results.has(set=name, size=size, seed=seed, method="done"):
            task = problem(name, size, seed)
            written = {"set": name, "size": size, "seed": seed}
            rows = list(methods(task, seed))
            for method, seconds, selected, measures in rows:
                results.add(**written, method=method, selected=selected, seconds=seconds, **measures)
            results.add(**written, method="done", selected="", seconds=0.0, **dict.fromkeys(rows[0][3], np.nan))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("command", choices=["run", "report"])
    parser.add_argument("--seeds", type=int, nargs=2, default=(0, 10))
    parser.add_argument("--sets", nargs="+", default=["digits", "ctgan", "tvae", "smote", "friedman"])
    options = parser.parse_args()
    if options.command == "run":
        run(options.sets, options.seeds)
    else:
        from _smcae_report import report

        print(report(pd.read_csv(RESULTS / "smcae_reporting.csv")))
