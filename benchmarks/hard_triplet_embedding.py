"""Does HardTripletEmbedder bring rows of a class together? Against raw features, linear methods and mined triplets.

    OMP_NUM_THREADS=1 python benchmarks/hard_triplet_embedding.py run [--seeds 0 5]
    OMP_NUM_THREADS=1 python benchmarks/hard_triplet_embedding.py report

Closed set: 12 rows of each class to learn from, the others are tested by their nearest learned rows. Class-disjoint:
half of the classes to learn from, recall at 1 and MAP@R among the rows of the others. Mined triplets are those of
pytorch-metric-learning, with the encoder, batches and optimizer of this package and as many updates. ``run`` writes a
row per task, table, seed and method to results/hard_triplet_embedding.csv; ``report`` prints
results/hard_triplet_embedding.md.
"""

import argparse
import json
import time
import warnings

import numpy as np
import pandas as pd
from _class_sets import CLOSED, DISJOINT, disjoint, episode
from _common import RESULTS, Results
from scipy import stats
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.neighbors import KNeighborsClassifier, NeighborhoodComponentsAnalysis
from sklearn.pipeline import make_pipeline

from skgan_resample import HardTripletEmbedder, TripletNetworkOptions
from skgan_resample._tables._vectorizer import MatrixEncoder
from skgan_resample.metrics import map_at_r, recall_at_k

N_COMPONENTS, MARGIN, MAX_STEPS, BATCH_SIZE = 16, 0.2, 150, 128  # the defaults of HardTripletEmbedder
RAW = "raw"
MINED = ("mined: all", "mined: semihard", "mined: batch-hard", "mined: multi-similarity")
OURS, LEARNED = "ours", "ours, always learned"
VARIANTS = {
    "ours, straight lines": {"generator": "linear"},
    "ours, adversarial weight 0": {"network": TripletNetworkOptions(loss_weights={"adversarial": 0.0})},
    "ours, mining alone": {"generator": None},
    "ours, batch-hard too": {"mining": "hard"},
}


class MinedTriplets(TransformerMixin, BaseEstimator):
    """The encoder of HardTripletEmbedder, trained with a miner of pytorch-metric-learning."""

    def __init__(self, miner, seed):
        self.miner = miner
        self.seed = seed

    def fit(self, X, y):
        import torch
        from pytorch_metric_learning import losses, miners

        from skgan_resample._nn.training import Adam, class_balanced_batches, seeded, train
        from skgan_resample._nn.triplets import Encoder, principal_directions

        rng = np.random.RandomState(self.seed)
        labels = np.unique(y, return_inverse=True)[1]
        n_classes = labels.max() + 1
        loss = losses.TripletMarginLoss(margin=MARGIN, distance=_euclidean())
        find = {
            "mined: all": lambda: miners.TripletMarginMiner(MARGIN, "all", distance=_euclidean()),
            "mined: semihard": lambda: miners.TripletMarginMiner(MARGIN, "semihard", distance=_euclidean()),
            "mined: batch-hard": lambda: miners.BatchHardMiner(distance=_euclidean()),
            "mined: multi-similarity": lambda: miners.MultiSimilarityMiner(distance=_euclidean()),
        }[self.miner]()
        n_per_class = max(2, BATCH_SIZE // min(n_classes, BATCH_SIZE // 4))
        with seeded(rng):
            x = torch.from_numpy(np.clip(X, -5, 5).astype(np.float32))
            target = torch.from_numpy(labels)
            self.network_ = Encoder(x.shape[1], (64, 64), N_COMPONENTS)
            self.network_.begin_at(principal_directions(x, N_COMPONENTS))
            optimizer = Adam(self.network_.parameters(), 1e-3)

            def step(indices, progress):
                z, own = self.network_(x[indices]), target[indices]
                value = loss(z, own, find(z, own))
                optimizer.zero_grad()
                if value.requires_grad and float(value) > 0:
                    value.backward()
                    optimizer.step()
                return {"loss": value}

            batches = class_balanced_batches(labels, BATCH_SIZE // n_per_class, n_per_class, rng)
            train(step, batches, max_steps=MAX_STEPS, modules={"network": self.network_})
        return self

    def transform(self, X):
        import torch

        with torch.no_grad():
            return self.network_(torch.from_numpy(np.clip(X, -5, 5).astype(np.float32))).double().numpy()


def _euclidean():
    from pytorch_metric_learning.distances import LpDistance

    return LpDistance(normalize_embeddings=False)


def methods(seed, n_classes, width, *, held_out):
    """Return name to transformer; those of the first group get the encoded table."""
    n = min(N_COMPONENTS, width)
    encoded = {
        RAW: "passthrough",
        "PCA, whitened": PCA(n, whiten=True, random_state=seed),
        "LDA, shrunk": LinearDiscriminantAnalysis(solver="eigen", shrinkage="auto"),
        "NCA": NeighborhoodComponentsAnalysis(n, random_state=seed, max_iter=50),
        **{miner: MinedTriplets(miner, seed) for miner in MINED},
    }
    own = {
        OURS: HardTripletEmbedder(cv_by=held_out, random_state=seed),
        LEARNED: HardTripletEmbedder(select="learned", random_state=seed),
    }
    for name, options in VARIANTS.items():
        own[name] = HardTripletEmbedder(select="learned", random_state=seed, **options)
    return {name: make_pipeline(MatrixEncoder(max_categories=1000), method) for name, method in encoded.items()} | own


def measured(method, X, y, X_test, y_test, task):
    started = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        method.fit(X, y)
    seconds = time.perf_counter() - started
    near, far = method.transform(X), method.transform(X_test)
    found = {"seconds": seconds, "selected": getattr(method, "selected_", "")}
    if task == "closed":
        for k in (1, 5):
            found[f"accuracy_{k}"] = KNeighborsClassifier(k).fit(near, y).score(far, y_test)
    else:
        found |= {"accuracy_1": np.nan, "accuracy_5": np.nan}
    return {**found, "recall_1": recall_at_k(far, y_test, 1), "map_at_r": map_at_r(far, y_test)}


def run(seeds):
    results = Results("hard_triplet_embedding", closed=list(CLOSED), disjoint=list(DISJOINT))
    tasks = [("closed", name) for name in CLOSED] + [("disjoint", name) for name in DISJOINT]
    for seed in range(*seeds):
        for task, name in tasks:
            X, y, X_test, y_test = (episode if task == "closed" else disjoint)(name, seed)
            width = MatrixEncoder(max_categories=1000).fit(X).transform(X).shape[1]
            held_out = "rows" if task == "closed" else "classes"
            for method, transformer in methods(seed, len(np.unique(y)), width, held_out=held_out).items():
                if not results.has(task=task, table=name, seed=seed, method=method):
                    found = measured(transformer, X, y, X_test, y_test, task)
                    results.add(task=task, table=name, seed=seed, method=method, **found)


# ------------------------------------------------------------------------------------------------ the report
def lines(rows):
    header, *body = rows
    return "\n".join(["| " + " | ".join(row) + " |" for row in [header, ["---"] * len(header), *body]])


def means(frame, measures):
    table = frame.groupby("method", sort=False)[[*measures, "seconds"]].mean()
    rows = [["method", *measures, "seconds"]]
    return lines(
        rows + [[name, *(f"{v:.4f}" for v in row[:-1]), f"{row.iloc[-1]:.2f}"] for name, row in table.iterrows()]
    )


def by_table(frame, measure):
    wide = frame.pivot_table(index="table", columns="method", values=measure, sort=False)
    wide = wide[list(dict.fromkeys(frame.method))]
    return lines([["table", *wide.columns], *([name, *(f"{v:.3f}" for v in row)] for name, row in wide.iterrows())])


def against_mined(frame, ours, measure):
    """Return a sentence: our method against the mined variant that is best on average."""
    wide = frame.pivot_table(index=["table", "seed"], columns="method", values=measure)
    best = wide[list(MINED)].mean().idxmax()
    difference = wide[ours] - wide[best]
    tables = difference.groupby("table").mean()
    half = stats.t.ppf(0.975, len(tables) - 1) * tables.std() / np.sqrt(len(tables))
    return (
        f"- {measure}: {ours} less {best} (the best mined variant on average): {difference.mean():+.4f} "
        f"[{tables.mean() - half:+.4f}, {tables.mean() + half:+.4f}] over tables, better on {(tables > 0).sum()} of "
        f"{len(tables)}."
    )


def report():
    frame = pd.read_csv(RESULTS / "hard_triplet_embedding.csv", keep_default_na=False, na_values=["nan"])
    n_rows = frame.groupby("seed").size()
    frame = frame[frame.seed.isin(n_rows.index[n_rows == n_rows.max()])]  # seeds that were run to the end
    closed, apart = (frame[frame.task == task] for task in ("closed", "disjoint"))
    taken = {task: part[part.method == OURS].selected.value_counts().to_dict() for task, part in frame.groupby("task")}
    shown = {
        "closed": closed.groupby("method", sort=False)[["accuracy_1", "accuracy_5"]].mean().to_dict("index"),
        "disjoint": apart.groupby("method", sort=False)[["recall_1"]].mean().to_dict("index"),
        "tables": [closed.table.nunique(), apart.table.nunique()],
    }
    (RESULTS / "hard_triplet_embedding_figures.json").write_text(json.dumps(shown, indent=1) + "\n")
    raw = apart.pivot_table(index=["table", "seed"], columns="method", values="recall_1")
    parts = [
        "# HardTripletEmbedder: nearest neighbours in a learned space",
        f"{closed.table.nunique()} tables with 12 rows a class, {apart.table.nunique()} with half of the classes, that "
        f"nothing was tuned on; {frame.seed.nunique()} seeds. Mined triplets have the same encoder, batches, optimizer "
        f"and {MAX_STEPS} updates. Ours decided for: {taken}.",
        "## Closed set, accuracy of the nearest neighbours",
        means(closed, ["accuracy_1", "accuracy_5", "recall_1", "map_at_r"]),
        "\n".join(
            against_mined(closed, ours, measure)
            for ours in (OURS, LEARNED, *VARIANTS)
            for measure in ("accuracy_1", "accuracy_5")
        ),
        "## 1-NN accuracy by table",
        by_table(closed, "accuracy_1"),
        "## 5-NN accuracy by table",
        by_table(closed, "accuracy_5"),
    ]
    if len(apart):
        parts += [
            "## Class-disjoint",
            means(apart, ["recall_1", "map_at_r"]),
            f"Recall at 1: {OURS} less raw features {(raw[OURS] - raw[RAW]).mean():+.4f}, "
            f"{LEARNED} {(raw[LEARNED] - raw[RAW]).mean():+.4f}.",
            by_table(apart, "recall_1"),
        ]
    return "\n\n".join(parts)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("command", choices=["run", "report"])
    parser.add_argument("--seeds", type=int, nargs=2, default=(0, 5))
    options = parser.parse_args()
    if options.command == "run":
        run(options.seeds)
    else:
        print(report())
