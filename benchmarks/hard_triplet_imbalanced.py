"""Does HardTripletSampler help classifiers of rare classes? Against doing nothing, tuned thresholds, and SMOTE.

    OMP_NUM_THREADS=1 python benchmarks/hard_triplet_imbalanced.py run [--seeds 0 2] [--part 0 2]
    OMP_NUM_THREADS=1 python benchmarks/hard_triplet_imbalanced.py ablate [--part 0 2]
    OMP_NUM_THREADS=1 python benchmarks/hard_triplet_imbalanced.py report

``run`` writes a row per table, seed, fold, method and estimator ("learner") to results/hard_triplet_imbalanced.csv and
goes on where it stopped; several can run at once, each with its part of the tables. Five folds, equal rows in one
group; every method is drawn anew inside the folds, and every method, "none" included, has its thresholds tuned on three
inner folds of the training part. Defaults everywhere. ``ablate`` does the same for variants of `HardTripletSampler`,
without regard to tuned thresholds, on the first two folds of the first twelve tables (the results end with the eighth).
``report`` prints results/hard_triplet_imbalanced.md.
"""

import argparse
import json
import warnings

import numpy as np
import pandas as pd
from _class_sets import IMBALANCED, imbalanced
from _common import RESULTS, Results
from scipy import stats
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.neighbors import KNeighborsClassifier

from skgan_resample import HardTripletSampler, TripletNetworkOptions
from skgan_resample._statistics import holm
from skgan_resample.model_selection import default_methods
from skgan_resample.model_selection._classification import evaluate

LEARNERS = {
    "kNN": KNeighborsClassifier(),
    "logistic": LogisticRegression(max_iter=300),
    "forest": RandomForestClassifier(60, random_state=0),
    "boosting": HistGradientBoostingClassifier(
        max_iter=60, min_samples_leaf=5, max_leaf_nodes=15, early_stopping=False, random_state=0
    ),
}
OURS, NONE = "hard-triplet", "none"
PEERS = (NONE, "smote", "borderline-smote", "adasyn", "kmeans-smote", "svm-smote")  # those of the targets
MEASURES = ("f1", "g_mean", "average_precision", "balanced_accuracy", "brier")
TUNED = ("f1_tuned", "g_mean_tuned", "balanced_accuracy_tuned")
VARIANTS = {
    "hard-triplet": HardTripletSampler(),
    "cgan": HardTripletSampler(generator="cgan"),
    "cgan, adversarial weight 0": HardTripletSampler(
        generator="cgan", network=TripletNetworkOptions(loss_weights={"adversarial": 0.0})
    ),
    "cgan, half negatives": HardTripletSampler(generator="cgan", positive_fraction=0.5),
    "half negatives": HardTripletSampler(positive_fraction=0.5),
    "negatives only": HardTripletSampler(positive_fraction=0.0),
    "no stretch": HardTripletSampler(stretch=0.0),
    "no choice by confidence": HardTripletSampler(confidence_power=0.0),
    "no gate, no choice": HardTripletSampler(filter=None, confidence_power=0.0),
}
KEPT = ("n_train", "n_synthetic", "fallback_share", "seconds", *MEASURES, *TUNED, "brier_corrected")


def run(name, methods, tables, seeds, *, inner_cv=3, n_folds=5):
    results = Results(name, tables=list(IMBALANCED), learners={key: str(value) for key, value in LEARNERS.items()})
    warnings.simplefilter("ignore")
    for seed in range(*seeds):
        for table in tables:
            X, y, groups = imbalanced(table)
            folds = StratifiedGroupKFold(5, shuffle=True, random_state=seed).split(X, y, groups)
            for fold, (train, test) in list(enumerate(folds))[:n_folds]:
                key = {"table": table, "seed": seed, "fold": fold}
                for method, sampler in methods.items():
                    if results.has(**key, method=method):
                        continue
                    rows = evaluate(
                        X, y, [(fold, -1, train, test)], {method: sampler}, LEARNERS, inner_cv=inner_cv,
                        random_state=seed,
                    )  # fmt: skip
                    for row in rows:
                        values = {measure: row.get(measure, np.nan) for measure in KEPT}
                        results.add(
                            **key, method=method, learner=row.get("estimator", "all"), **values,
                            error=row.get("error", "")[:80].replace(",", ";"),
                        )  # fmt: skip


# ------------------------------------------------------------------------------------------------ the report
def means(frame, methods):
    """Return the mean of each measure by table, learner and method; where a method failed, that of doing nothing."""
    keys = ["table", "seed", "fold", "learner"]
    fitted = frame[frame.learner != "all"].drop_duplicates([*keys, "method"], keep="last")
    index = pd.MultiIndex.from_frame(fitted[fitted.method == NONE][keys])
    columns = [*MEASURES, *TUNED, "brier_corrected"]
    nothing = fitted[fitted.method == NONE].set_index(keys)[columns]
    parts = {}
    for method in methods:
        own = fitted[fitted.method == method].set_index(keys)[columns].reindex(index)
        parts[method] = own.where(own.notna(), nothing.loc[index])
    return pd.concat(parts, names=["method"]).groupby(["method", "table", "learner"]).mean()


def finished(frame, methods):
    """Return the rows of the folds in which every method was tried."""
    tried = frame.groupby(["table", "seed", "fold"]).method.transform(lambda names: set(methods) <= set(names))
    return frame[tried]


def lines(rows):
    header, *body = rows
    return "\n".join(["| " + " | ".join(row) + " |" for row in [header, ["---"] * len(header), *body]])


def summary(table, methods, measures):
    """Return means over tables and learners, and mean ranks among the peers and us, as lines of a table."""
    rows = [["method", *measures, *(f"rank {measure}" for measure in measures[:3])]]
    ranked = [method for method in methods if method in (*PEERS, OURS)]
    ranks = {
        measure: table[measure].unstack("method")[ranked].rank(axis=1, ascending=measure.startswith("brier")).mean()
        for measure in measures[:3]
    }
    for method in methods:
        mean = table.loc[method].mean()
        rows.append(
            [method, *(f"{mean[measure]:.4f}" for measure in measures)]
            + [f"{ranks[measure][method]:.2f}" if method in ranked else "" for measure in measures[:3]]
        )
    return lines(rows)


def tests(table, measures):
    """Return Wilcoxon's signed-rank tests over tables, learners averaged, of us against each peer, Holm-corrected."""
    rows = [["measure", "peer", "difference", "better on", "p (Holm)"]]
    for measure in measures:
        by_table = table[measure].groupby(["method", "table"]).mean().unstack("method")
        differences = {peer: by_table[OURS] - by_table[peer] for peer in PEERS}
        adjusted = holm([stats.wilcoxon(values).pvalue for values in differences.values()])
        for (peer, values), p in zip(differences.items(), adjusted):
            rows.append([measure, peer, f"{values.mean():+.4f}", f"{(values > 0).sum()} of {len(values)}", f"{p:.3g}"])
    return lines(rows)


def by_learner(table, methods, measures):
    rows = [["learner", "method", *measures]]
    for learner in LEARNERS:
        for method in methods:
            mean = table.xs(learner, level="learner").loc[method].mean()
            rows.append([learner, method, *(f"{mean[measure]:.4f}" for measure in measures)])
    return lines(rows)


def by_table(table, measure, methods):
    wide = table[measure].groupby(["method", "table"]).mean().unstack("method")[list(methods)]
    return lines([["table", *methods], *([name, *(f"{value:.3f}" for value in row)] for name, row in wide.iterrows())])


def notes(frame):
    """Return seconds, fallback shares and failures."""
    seconds = frame[frame.learner == "logistic"].groupby("method").seconds.median()
    fallback = frame[frame.method == OURS].groupby("table").fallback_share.mean()
    failed = frame[frame.learner == "all"].groupby("method").size()
    n_folds = frame.groupby(["table", "seed", "fold"]).ngroups
    found = ["Seconds of resampling and a logistic regression, median: "]
    found[0] += ", ".join(f"{method} {value:.3f}" for method, value in seconds.items()) + "."
    found.append(
        f"Share of fallback rows: {fallback.mean():.1%} on average; above 20 %, that is, mostly interpolation: "
        + (", ".join(f"{name} {share:.0%}" for name, share in fallback[fallback > 0.2].items()) or "no table")
        + "."
    )
    found.append(
        "Failed, so that doing nothing stands in: "
        + (", ".join(f"{method} on {count} of {n_folds} folds" for method, count in failed.items()) or "none")
        + "."
    )
    return "\n\n".join(found)


def figures(table, methods, frame):
    """Return what the README shows."""
    ranked = [method for method in methods if method in (*PEERS, OURS)]
    shown = ("f1", "g_mean", "average_precision", "f1_tuned", "g_mean_tuned")
    rank = table["f1"].unstack("method")[ranked].rank(axis=1, ascending=False).mean()
    return {
        "tables": frame.table.nunique(),
        "folds": frame.groupby(["table", "seed", "fold"]).ngroups,
        "methods": {name: {**table.loc[name].mean()[list(shown)], "rank": rank.get(name)} for name in methods},
        "fallback": frame[frame.method == OURS].fallback_share.mean(),
    }


def report():
    frame = pd.read_csv(RESULTS / "hard_triplet_imbalanced.csv")
    methods = [name for name in default_methods("classification") if name in set(frame.method)]
    frame = finished(frame, methods)
    with_kNN = [name for name in methods if name != "weights"]  # kNN takes no weights: doing nothing stands in there
    table = means(frame, methods)
    path = RESULTS / "hard_triplet_figures.json"
    path.write_text(json.dumps(figures(table, methods, frame), indent=1) + "\n")
    n_seeds, n_tables = frame.seed.nunique(), frame.table.nunique()
    parts = [
        "# HardTripletSampler on tables with a rare class",
        f"{n_tables} tables that nothing was tuned on, {n_seeds} seed(s) of five folds, "
        f"{frame.groupby(['table', 'seed', 'fold']).ngroups} folds in all; means over tables and the learners "
        f"{', '.join(LEARNERS)}. Ranks are among doing nothing, five samplers and ours, 1 is best. kNN takes no "
        "weights, so the row of weights has doing nothing there.",
        "## Usual threshold",
        summary(table, methods, MEASURES),
        "## Thresholds tuned on inner folds for every method, doing nothing included",
        summary(table, methods, (*TUNED, "brier_corrected")),
        "## Tests over tables",
        tests(table, ("f1", "g_mean", "average_precision", *TUNED)),
        "## By learner",
        by_learner(table, with_kNN, ("f1", "g_mean", "average_precision", "f1_tuned", "g_mean_tuned")),
        "## F1 by table",
        by_table(table, "f1", with_kNN),
        "## Average precision by table",
        by_table(table, "average_precision", with_kNN),
        "## Notes",
        notes(frame),
    ]
    path = RESULTS / "hard_triplet_ablation.csv"
    if path.exists():
        variants = pd.read_csv(path)
        names = [NONE, *(name for name in VARIANTS if name in set(variants.method))]
        variants = finished(variants, names)
        found = means(variants, names)
        fallback = variants[variants.learner == "logistic"].groupby("method")[["fallback_share", "seconds"]].mean()
        parts += [
            "## Variants of ours",
            f"{variants.table.nunique()} tables, {variants.groupby(['table', 'seed', 'fold']).ngroups} folds.",
            summary(found, names, MEASURES),
            lines(
                [["variant", "fallback rows", "seconds"]]
                + [[name, f"{row.fallback_share:.1%}", f"{row.seconds:.2f}"] for name, row in fallback.iterrows()]
            ),
        ]
    return "\n\n".join(parts)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("command", choices=["run", "ablate", "report"])
    parser.add_argument("--seeds", type=int, nargs=2, default=(0, 2))
    parser.add_argument("--part", type=int, nargs=2, default=(0, 1), metavar=("NUMBER", "OF"))
    options = parser.parse_args()
    tables = IMBALANCED[options.part[0] :: options.part[1]]
    if options.command == "run":
        run("hard_triplet_imbalanced", default_methods("classification"), tables, options.seeds)
    elif options.command == "ablate":
        tables = [table for table in tables if table in IMBALANCED[:12]]
        run("hard_triplet_ablation", {NONE: None, **VARIANTS}, tables, (0, 1), inner_cv=2, n_folds=2)
    else:
        print(report())
