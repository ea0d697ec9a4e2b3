"""Golden results: show, bit by bit, that two checkouts of the package compute the same.

    python benchmarks/golden.py --against PATH_TO_OTHER_CHECKOUT [--only SUBSTRING] [--jobs 2] [--cache FILE]
                                [--ignore warnings,text]

The same cases run in separate interpreters, with the other checkout (the reference) and with the one that holds this
file. Whatever a case returns, warns of or changes is reduced to text or to a hash, part by part. A line is printed for
each case that differs, with the parts that do, then a count; the exit status is 1 if any case differs. With --cache,
the reference, as long as its commit, the cases and the libraries stay the same, runs only once.

Cases use the names of the first edition. What is called differently now stands in the tables below, and nowhere else.
Parts that only this side has, such as a new attribute, are not looked at.
"""

import argparse
import dataclasses
import hashlib
import inspect
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from importlib import import_module, metadata
from pathlib import Path

# ---------------------------------------------------------------------------------------------- what was renamed
RENAMED_NAMES = {"load_table": "_common:load_table", "table_names": "_common:table_names"}
# {"OldName": "module.of.package:NewName"}; not needed for a move between the modules of HOMES
RENAMED = {
    "SMCAETransformer": {
        "learner": "estimator",
        **{name: f"autoencoder__{name}" for name in (
            "gamma", "pair_weight", "energy_weight", "identity_weight", "weight_decay", "sparsity_weight", "sparsity",
            "hidden_layer_sizes", "batch_size", "learning_rate",
        )},
    },
    "SMOGANRegressorResampler": {
        "teacher": "estimator", "teacher_weight": "target_refinement",
        **{name: f"gan__{name}" for name in (
            "noise_dim", "hidden_layer_sizes", "n_critic", "adversarial_weight", "mmd_weight", "anchor_weight",
            "penalty_weight", "mmd_bandwidths", "leave_parents_out", "batch_size", "learning_rate", "tol",
        )},
    },
    "RobustATWrapper": {
        "attack_steps": "n_steps",
        "validation": lambda held_out: (
            {"cv": None, "validation_fraction": held_out} if isinstance(held_out, float) else {"cv": held_out}
        ),
        **{
            name: f"training__{name}"
            for name in (
                "attack_loss", "warm_up", "small_loss_threshold", "strength_ratio", "awp_gamma", "validate_every",
                "batch_size", "learning_rate", "learning_rate_schedule", "optimizer",
            )
        },
    },
    **{kind: {
        **renamed,
        **{name: f"network__{name}" for name in (
            "hardness", "share_variation", "hidden_layer_sizes", "margin", "warm_up", "loss_weights", "batch_size",
            "learning_rate", "tol",
        )},
    } for kind, renamed in {
        "HardTripletSampler": {"gate": "filter"}, "HardTripletEmbedder": {"held_out": "cv_by"}
    }.items()},
}  # fmt: skip
# {"ClassName or function": {"old_param": "new_param"}}, used where the signature lacks the old name.
# "part__new_param" is set by `set_params` after construction; a function gets the old value and returns a dict of new
# parameters, for values that were renamed as well.
PARTS = {
    "RobustATWrapper": {"training": "AdversarialTrainingOptions"},
    "SMCAETransformer": {"autoencoder": "AutoencoderOptions"},
    "SMOGANRegressorResampler": {"gan": "DistGANOptions"},
    "HardTripletSampler": {"network": "TripletNetworkOptions"},
    "HardTripletEmbedder": {"network": "TripletNetworkOptions"},
}
# {"ClassName": {"part": "PublicClass"}}: what to put where "part__..." is to be set and `part` is None
RENAMED_ATTRIBUTES = {
    "SMOGANRegressorResampler": {
        "refinement_": lambda sampler: {
            {"n_target_refined": "n_taught"}.get(key, key): value
            for key, value in [*sampler.refinement_.items(), ("n_rejected", 0)]
        },
    },
    "SMCAETransformer": {"masses_": "point_masses_", "mover_": "row_map_", "guess_": "target_model_"},
}
# {"ClassName": {"old_attribute_": "new_attribute_"}}; "part_.new_attribute_" looks inside; a function of the estimator
# returns what the old attribute held
RENAMED_FIELDS = {"RowMap": {"architecture": "shape", "stretch": "spread"}}
# {"NewDataclass": {"new_field": "old_field"}}
# ---------------------------------------------------------------------------------------------- end of the tables

HERE = Path(__file__).resolve()
HOMES = ["", ".metrics", ".compose", ".over_sampling", ".model_selection", ".datasets"]
LIBRARIES = ["numpy", "scipy", "scikit-learn", "imbalanced-learn", "torch", "pandas", "polars", "pyarrow"]
NOISE = (DeprecationWarning, PendingDeprecationWarning, ImportWarning, ResourceWarning)
SEEDS = (0, 1, 2)
GIVEN = []  # tables handed to the running case, with what they were like


# ---------------------------------------------------------------------------------------------- names, old and new
def public(name):
    """Return a public object of the package by its old name."""
    if name in RENAMED_NAMES:
        home, new = RENAMED_NAMES[name].split(":")
        return getattr(import_module(home), new)
    for home in HOMES:
        try:
            return getattr(import_module(f"skgan_resample{home}"), name)
        except AttributeError:
            continue
    raise AttributeError(f"{name} is in no public module.")


def translated(name, function, params):
    """Return old parameters under their new names, those of parts ("part__param") last."""
    known, result = inspect.signature(function).parameters, {}
    for old, value in params.items():
        new = RENAMED.get(name, {}).get(old, old) if old not in known else old
        result.update(new(value) if callable(new) else {new: value})
    return dict(sorted(result.items(), key=lambda item: "__" in item[0]))


def make(name, **params):
    """Construct a public class with its old parameters."""
    cls = public(name)
    params = translated(name, cls, params)
    made = cls(**{key: value for key, value in params.items() if "__" not in key})
    for key, value in params.items():
        part = key.partition("__")[0]
        if part != key:
            if getattr(made, part) is None:
                made.set_params(**{part: public(PARTS[name][part])()})
            made.set_params(**{key: value})
    return made


def call(name, *args, **params):
    """Call a public function with its old parameters."""
    return public(name)(*args, **translated(name, public(name), params))


def built(params):
    """Return the parameters with those that are functions or partials made."""
    return {
        name: value() if inspect.isfunction(value) or isinstance(value, partial) else value
        for name, value in params.items()
    }


def fitted(estimator, prefix=""):
    """Return all public fitted attributes as parts, under their old names; those of public estimators inside, too."""
    name = type(estimator).__name__
    found = {key: value for key, value in vars(estimator).items() if key.endswith("_") and key[0] != "_"}
    for old, new in RENAMED_ATTRIBUTES.get(name, {}).items():
        if callable(new):
            if "n_taught" not in found.get(old, {}):  # not the reference
                found[old] = new(estimator)
            continue
        if old in found:  # the reference
            continue
        value = estimator
        for step in new.split("."):
            value = getattr(value, step)
        found[old] = value
    parts = {}
    for key, value in found.items():
        if "seconds" in key:
            continue
        if type(value).__name__ in import_module("skgan_resample").__all__:
            parts.update(fitted(value, f"{prefix}{key}."))
        elif not (text := describe(value)).startswith("<"):
            parts[prefix + key] = text
    return parts


# ---------------------------------------------------------------------------------------------- fingerprints
def digest(content):
    return hashlib.sha256(content if isinstance(content, bytes) else content.encode()).hexdigest()[:16]


def describe(value):
    """Return a text that is the same if and only if the value is, to the last bit, with its types; no times in it."""
    import numpy as np
    import torch

    if isinstance(value, np.generic) and value.dtype.kind in "biufU":
        value = value.item()
    if value is None or isinstance(value, bool | int | float | str | slice):
        return repr(value)
    if isinstance(value, torch.Tensor):
        value = value.detach().cpu().numpy()
    if isinstance(value, np.ndarray):
        cells = repr(value.tolist()) if value.dtype.hasobject else np.ascontiguousarray(value).tobytes()
        return f"array {value.dtype} {value.shape} {digest(cells)}"
    if isinstance(value, torch.nn.Module):
        return f"network {describe(list(value.state_dict().values()))}"
    kind = f"{type(value).__module__.partition('.')[0]}.{type(value).__name__}"
    if kind == "pandas.DataFrame":
        columns = [describe(value.iloc[:, i].reset_index(drop=True)) for i in range(value.shape[1])]
        return f"{kind} {describe(value.columns)} {describe(value.index)} {columns}"
    if kind.startswith("pandas."):  # a series or an index
        index = describe(value.index) if hasattr(value, "index") else ""
        return f"{kind} {value.name!r} {value.dtype!r} {describe(value.to_numpy())} {index}"
    if kind == "polars.DataFrame":
        return f"{kind} {value.schema} {digest(repr(value.to_dict(as_series=False)))}"
    if kind == "polars.Series":
        return f"{kind} {value.name} {value.dtype} {digest(repr(value.to_list()))}"
    if kind.startswith("pyarrow."):
        schema = value.schema if hasattr(value, "schema") else value.type
        return f"{kind} {schema} {digest(repr(value.to_pylist()))}"
    if dataclasses.is_dataclass(value):
        old = RENAMED_FIELDS.get(type(value).__name__, {})
        value = {old.get(each.name, each.name): getattr(value, each.name) for each in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        items = [(key, value[key]) for key in sorted(value, key=repr) if "seconds" not in str(key)]
        return "{" + ", ".join(f"{describe(key)}: {describe(cell)}" for key, cell in items) + "}"
    if isinstance(value, list | tuple | set | range):
        cells = sorted(map(describe, value)) if isinstance(value, set) else map(describe, value)
        return "[" + ", ".join(cells) + "]"
    return "<object>"


def without_times(text):
    return re.sub(r"\d+(\.\d+)? (s|min)\b", "TIME", str(text))


def global_states():
    import numpy as np
    import torch

    state = repr(np.random.get_state())  # noqa: NPY002
    return {"numpy": state, "random": random.getstate(), "torch": torch.get_rng_state().tolist()}


def run_case(function):
    """Run a case and return its parts as texts."""
    import numpy as np
    import torch

    random.seed(0), np.random.seed(0), torch.manual_seed(0)  # noqa: NPY002 - what leaks from here is to be the same
    GIVEN.clear()
    before = global_states()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            parts = function()
        except Exception as error:
            parts = {"raised": type(error).__name__, "text": str(error)}
    after = global_states()
    changed = [name for name in before if before[name] != after[name]]
    issued = [f"{item.category.__name__}: {without_times(item.message)}" for item in caught]
    parts["global random state changed"] = changed
    parts["inputs changed"] = [number for number, (table, text) in enumerate(GIVEN) if describe(table) != text]
    parts["warnings"] = [text for text, item in zip(issued, caught) if not issubclass(item.category, NOISE)]
    texts = {name: part if isinstance(part, str) else describe(part) for name, part in parts.items()}
    return {name: text if len(text) < 120 or "raised" in parts else digest(text) for name, text in texts.items()}


# ---------------------------------------------------------------------------------------------- tables
def given(*tables):
    GIVEN.extend((table, describe(table)) for table in tables)
    return tables


def frame_of(X, rng):
    """Return numbers as a frame with a column of every kind, gaps and an index of its own."""
    import numpy as np
    import pandas as pd

    n = len(X)
    frame = pd.DataFrame(X, columns=["a", "b", "c", "d"], index=np.arange(n) * 3 + 7)
    frame["b"] = frame["b"].astype("float32").mask(rng.uniform(size=n) < 0.15)
    frame["c"] = frame["c"].round(1)
    frame["rooms"] = rng.poisson(5, size=n) + (X[:, 3] > 0)
    frame["town"] = np.where(X[:, 0] > 0.3, "Ulm", rng.choice(["Bonn", "Kiel", "Ulm"], size=n))
    frame.loc[rng.uniform(size=n) < 0.1, "town"] = None
    frame["size"] = pd.Categorical(rng.choice(["s", "l"], size=n), categories=["s", "m", "l"], ordered=True)
    frame["new"] = rng.uniform(size=n) < 0.5
    frame["day"] = pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.randint(90, size=n), unit="D")
    frame[["red", "blue"]] = np.eye(2)[rng.randint(2, size=n)]
    return frame


def contained(X, y, container, rng):
    """Return rows and target as the container says, and note what they are like."""
    import numpy as np
    import pandas as pd
    import polars as pl
    import pyarrow as pa

    if container == "plain":
        return given(X, y)
    if container == "float32":
        return given(np.asfortranarray(X, dtype=np.float32), y.astype(np.float32) if y.dtype.kind == "f" else y)
    frame = frame_of(X, rng)
    y = y.round(1) if y.dtype.kind == "f" else y
    if container == "frame":
        return given(frame, pd.Series(y, index=frame.index, name="target"))
    if container == "polars":
        return given(pl.from_pandas(frame), pl.Series("target", y.tolist()))
    return given(pa.Table.from_pandas(frame, preserve_index=False), pa.chunked_array([y.tolist()]))


def rows_of(task, n, rng, n_classes=3):
    import numpy as np

    X = rng.normal(size=(n, 4))
    if task == "regression":
        y = 10 + 2 * X[:, 0] - X[:, 1] + np.exp(1.3 * X[:, 2]) + 0.3 * rng.normal(size=n)
        y[:4] -= 15
        return X, y
    classes = np.array(["common", "middling", "rare", "scarce"])[:n_classes]
    codes = rng.choice(n_classes, size=n, p=np.array([6, 3, 2, 2])[:n_classes] / sum([6, 3, 2, 2][:n_classes]))
    return X + 1.1 * codes[:, None] * [1, -1, 0.5, 0], classes[codes]


def table(task, container="plain", n=140, n_classes=3):
    import numpy as np

    rng = np.random.RandomState(42)
    return contained(*rows_of(task, n, rng, n_classes), container, rng)


def sides(task, container="plain"):
    """Return real rows and target, and those of a simulator with other units."""
    import numpy as np

    rng = np.random.RandomState(7)
    real, simulated = rows_of(task, 70, rng, 2), rows_of(task, 90, rng, 2)
    moved = simulated[0] @ np.diag([1.6, 0.6, 1.0, 1.2]) + [1.5, -1, 0.4, 0]
    y = simulated[1] + 2 if task == "regression" else simulated[1]
    return *contained(*real, container, rng), *contained(moved, y, container, rng)


def simulator(X, y):
    """Return rows of another origin, as plain as `X`."""
    import numpy as np

    rng = np.random.RandomState(3)
    rows = rng.randint(len(X), size=60)
    return 1.4 * X[rows] + 0.5 + 0.2 * rng.normal(size=(60, X.shape[1])), y[rows]


# ---------------------------------------------------------------------------------------------- cases of estimators
def resample(name, task, params, container, seed, extra=None):
    X, y = table(task, container)
    sampler = make(name, **params(), random_state=seed)
    X_new, y_new = sampler.fit_resample(X, y)
    parts = {"X_new": X_new, "y_new": y_new, **fitted(sampler)}
    return {**parts, **(extra(sampler, X, X_new, y_new) if extra else {})}


def triplets(sampler, X, X_new, y_new):
    picks = {hardness: {"hardness": hardness} for hardness in ("all", "semihard", "hard")}
    picks["synthetic"] = {"synthetic": True, "output": "rows"}
    drawn = {key: sampler.sample_triplets(40, X_new, y_new, random_state=1, **pick) for key, pick in picks.items()}
    return {
        "triplets": drawn,
        "pairs": sampler.sample_pairs(40, X_new, y_new, random_state=1),
        "embed": sampler.embed(X),
    }


def embed(params, container, seed, n_classes=3):
    X, y = table("classification", container, n_classes=n_classes)
    embedder = make("HardTripletEmbedder", **params(), random_state=seed)
    in_one = embedder.fit_transform(X, y)
    names = embedder.get_feature_names_out()
    return {"fit_transform": in_one, "transform": embedder.transform(X), "names": names, **fitted(embedder)}


def refine(task, params, container, seed):
    """Fit SMCAE to two tables; then to one that holds both."""
    import numpy as np

    X, y, S, y_S = sides(task, container)
    estimator = make("SMCAETransformer", **params(), random_state=seed)
    estimator.fit(X, y, X_synthetic=S, y_synthetic=y_S)
    domain = np.where(np.arange(len(S)) % 3, 1, -1)
    parts = {"refine": estimator.refine(S, y_S), "refine without target": estimator.refine(S), **fitted(estimator)}
    parts["transform"] = [estimator.transform(S, sample_domain=domain), estimator.transform(X)]
    if getattr(estimator, "network_", None) is not None:
        targets = y if task == "regression" else None
        parts["encode, reconstruct"] = [estimator.encode(X, targets), estimator.reconstruct(X, targets)]
    if container in ("plain", "float32"):
        both, domain = np.vstack([X, S]), np.r_[-np.ones(len(X)), np.ones(len(S))].astype(int)
        parts["fit_transform"] = estimator.fit_transform(both, np.r_[y, y_S], sample_domain=domain)
    return parts


def attack(task, params, container, seed, model=None, n_classes=2):
    X, y = table(task, container, n=110, n_classes=n_classes)
    wrapper = make("RobustATWrapper", estimator=model, device="cpu", random_state=seed, **params()).fit(X, y)
    few = slice(30)
    parts = {"score": wrapper.score(X, y)}
    if hasattr(wrapper, "min_budget"):  # of a classifier
        parts["min_budget"] = wrapper.min_budget(X[few], y[few], n_steps=3)
    parts["robust_score"] = {**wrapper.robust_score(X, y, n_steps=8, return_report=True), "threat_model": None}
    for name in ("predict", "predict_proba", "decision_function", "perturb"):
        if hasattr(wrapper, name):
            parts[name] = getattr(wrapper, name)(X)
    parts["perturb with target"] = wrapper.perturb(X, y, n_steps=5)
    parts["text"] = without_times(wrapper.ro_report())
    if model is not None and container == "plain":
        parts["to_sklearn"] = wrapper.to_sklearn().predict(X)
    threat = {f"threat_model_.{name}": part for name, part in fitted(wrapper.threat_model_).items()}
    return {**parts, **fitted(wrapper), **threat}


def compose(name, task, container, seed, weighted, params):
    import numpy as np

    X, y = table(task, container)
    weights = {"sample_weight": np.random.RandomState(5).uniform(0.5, 2, size=len(y))} if weighted else {}
    model = make(name, **built(params), random_state=seed).fit(X, y, **weights)
    told = [getattr(model, method)(X) for method in ("predict", "predict_proba") if hasattr(model, method)]
    return {"predict": told, "score": model.score(X, y), **fitted(model)}


def mlp(regression=False, max_iter=4):
    from sklearn.neural_network import MLPClassifier, MLPRegressor

    kind = MLPRegressor if regression else MLPClassifier
    return kind(
        hidden_layer_sizes=(8,), solver="sgd", learning_rate_init=0.05, batch_size=32, max_iter=max_iter, alpha=0.01
    )


def trees(regression=True):
    from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor

    return (ExtraTreesRegressor if regression else ExtraTreesClassifier)(5, max_depth=5)


def on_numbers(model):
    """Return the model in a pipeline that takes the columns without levels and dates out of a frame."""
    from sklearn.compose import make_column_selector, make_column_transformer
    from sklearn.pipeline import make_pipeline

    kept = make_column_selector(dtype_include=["float64", "int64", "bool"])
    return make_pipeline(make_column_transformer(("passthrough", kept)), model())


def mixed_threat():
    return make(
        "ThreatModel", eps={"a": (0.1, 0.5), "b": 0.4, "rooms": 2.5, "day": 3.0}, unit="raw", immutable=["new"],
        max_categorical_changes=1, onehot_groups=[["red", "blue"]],
    )  # fmt: skip


EVERY = [(container, seed) for container in ("plain", "float32", "frame", "polars", "arrow") for seed in SEEDS]
SOME = [("plain", 0), ("plain", 1), ("plain", 2), ("float32", 0), ("frame", 0), ("polars", 1), ("arrow", 2)]
FEW = [("plain", 0), ("plain", 1), ("plain", 2), ("frame", 0)]


def crossed(prefix, settings, where, function):
    """Yield (name, case) for each setting, container and seed; settings are made when the case runs."""
    for setting, params in settings.items():
        for container, seed in where:
            yield f"{prefix}/{setting}/{container}/seed{seed}", partial(function, params, container, seed)


def tenth():
    return make("Relevance", method="quantile", side="high")


def tails():
    return make("Relevance", method="quantile")


def nothing_rare():
    return make("Relevance", method="control_points", control_points=[(1000, 0), (2000, 1)])


def balanced():
    return make("SMOTER", relevance=tails(), sampling_strategy="balance")


def quick_triplets():
    return make("HardTripletSampler", max_steps=10, hidden_layer_sizes=(8,))


def over_sampler_cases():
    from sklearn.neighbors import NearestNeighbors

    balance = {"sampling_strategy": "balance"}
    settings = {
        "auto": dict,
        "balance": lambda: {"relevance": tails(), **balance, "under_sampling": "balance", "emphasis": "relevance"},
        "share": lambda: {"relevance": tenth(), "sampling_strategy": 0.6, "threshold": 0.5},
        "counts": lambda: {"relevance": tenth(), "sampling_strategy": {"high": 50}, "categorical_features": [2]},
    }
    own = {
        "SMOGN": {
            "safe": lambda: {"k_neighbors": 3, "safe_distance": "neighbors", "perturbation": 0.2, **balance},
            "near": lambda: {"relevance": tenth(), "k_neighbors": 2, "threshold": 0.6, "perturbation": 0.5},
        },
        "SMOTER": {"k3": lambda: {"relevance": tails(), "k_neighbors": 3, **balance}},
        "GaussianNoise": {"noise": lambda: {"relevance": tails(), "perturbation": 0.3, **balance}},
        "RandomOverSampler": {},
    }
    neighbours = {
        "euclidean": lambda: {"relevance": tenth(), "metric": "euclidean"},
        "object": lambda: {"relevance": tenth(), "k_neighbors": NearestNeighbors(n_neighbors=4)},
    }
    unchanged = {"no rare rows": lambda: {"relevance": nothing_rare()}}
    for name, extra in own.items():
        case = partial(resample, name, "regression")
        yield from crossed(name, {**settings, **extra}, EVERY, case)
        yield from crossed(name, unchanged, [("frame", 0)], case)
        if name in ("SMOGN", "SMOTER"):
            yield from crossed(name, neighbours, [("plain", 0), ("float32", 1)], case)
    settings = {"high": lambda: {"relevance": tenth(), "under_sampling": "balance"}}
    name = "SmognPackageSampler"
    yield from crossed(name, settings, [("plain", 0), ("plain", 1)], partial(resample, name, "regression"))


def smogan_cases():
    from sklearn.linear_model import Ridge

    quick = {"max_steps": 20, "hidden_layer_sizes": (8,)}
    settings = {
        "default": lambda: {"relevance": tails(), **quick},
        "untaught": lambda: {
            "relevance": tenth(), "teacher_weight": 0, "noise_dim": 0, "n_critic": 1,
            "emphasis": "relevance", "learning_rate": 0.01, "penalty_weight": 5.0, **quick,
        },
        "base": lambda: {
            "relevance": tenth(), "base_sampler": make("SMOTER", k_neighbors=3), "sampling_strategy": 1.0,
            "adversarial_weight": 0.0, "leave_parents_out": False, "patience": 1, "teacher": Ridge(),
            "learning_rate": 0.01, "mmd_bandwidths": (0.5, 2.0), "under_sampling": "balance", **quick,
        },
        "moving": lambda: {
            "relevance": tails(), "anchor_weight": 1.0, "mmd_weight": 500.0, "learning_rate": 0.02, "batch_size": 32,
            "validation_fraction": 0.4, "threshold": 0.7, **quick,
        },
        "candidates": lambda: {"relevance": tails(), "refine": False, "min_rare": 5},
        "too few": lambda: {"relevance": tenth(), "min_rare": 40, **quick},
    }  # fmt: skip
    name = "SMOGANRegressorResampler"
    yield from crossed(name, settings, SOME, partial(resample, name, "regression"))


def triplet_cases():
    quick = {"max_steps": 20, "hidden_layer_sizes": (8,), "batch_size": 48, "n_components": 4}
    settings = {
        "linear": lambda: {**quick, "max_steps": 40, "warm_up": 0.1},
        "cgan": lambda: {**quick, "generator": "cgan", "positive_fraction": 0.5, "hardness": 0.5},
        "semihard": lambda: {
            **quick, "mining": "semihard", "gate": "knn", "share_variation": 0.5,
            "positive_fraction": 0.3, "k_neighbors": 3,
        },
        "hard": lambda: {
            **quick, "mining": "hard", "gate": None, "confidence_power": 0.0, "patience": 1, "fallback": "fewer",
            "store_rows": True, "generator": "cgan", "loss_weights": {"synthetic": 0.8, "keep": 0.3}, "margin": 0.4,
        },
        "counts": lambda: {**quick, "sampling_strategy": {"rare": 60}, "stretch": 4.0, "gate": "classifier"},
    }  # fmt: skip
    name = "HardTripletSampler"
    yield from crossed(name, settings, SOME, partial(resample, name, "classification", extra=triplets))
    settings = {
        "auto": lambda: {**quick, "cv": 2},
        "learned": lambda: {**quick, "generator": "linear", "select": "learned", "hardness": 0.7, "mining": "semihard"},
        "real": lambda: {**quick, "generator": None, "select": "learned", "patience": 1, "mining": "hard"},
    }
    name = "HardTripletEmbedder"
    yield from crossed(name, settings, SOME, embed)
    classes = {"classes": lambda: {**quick, "held_out": "classes", "n_neighbors": 3}}
    yield from crossed(name, classes, FEW, partial(embed, n_classes=4))
    yield from crossed(name, {"raw": lambda: {"select": "raw"}}, [("plain", 0), ("frame", 0)], embed)


def refiner_cases():
    from imblearn.over_sampling import SMOTE
    from sklearn.linear_model import LogisticRegression, Ridge

    quick = {"max_steps": 50, "hidden_layer_sizes": (8, 4, 8)}
    chooses = {**quick, "max_steps": 15, "cv": 2}
    settings = {
        "network": lambda: {**quick, "select": None},
        "paper": lambda: {**quick, "select": None, "variant": "paper", "pairing": "nearest", "sparsity_weight": 0.1},
        "ot": lambda: {"select": "linear_ot"},
        "coral": lambda: {"select": "coral", "keep": [1], "snap": False},
    }
    choosing = {
        "gap": lambda: {**chooses, "select": "gap", "pair_weight": 0.5, "gamma": 2.0},
        "cv": lambda: {**chooses, "base": "coral", "identity_weight": 0.1},
    }
    for task, learner in {"classification": LogisticRegression, "regression": Ridge}.items():
        case = partial(refine, task)
        yield from crossed(f"SMCAETransformer/{task}", settings, SOME, case)
        yield from crossed(f"SMCAETransformer/{task}", choosing, [("plain", 0), ("frame", 1)], case)
        fast = {"learner": lambda kind=learner: {**chooses, "learner": kind(), "scoring": "auto"}}
        yield from crossed(f"SMCAETransformer/{task}", fast, SOME, case)

    mover = partial(make, "SMCAETransformer", **chooses)
    learned = partial(mover, learner=Ridge())
    settings = {
        "smoter": lambda: {"sampler": balanced(), "refiner": learned()},
        "gap": lambda: {"sampler": balanced(), "refiner": mover(select="gap"), "can_drop": False},
        "kept": lambda: {"sampler": make("SMOGN", relevance=tenth()), "refiner": learned(), "can_drop": False},
    }
    name = "SyntheticRefiner"
    yield from crossed(name, settings, FEW, partial(resample, name, "regression"))
    simulated = {"simulator": lambda: {"sampler": simulator, "refiner": learned()}}
    yield from crossed(name, simulated, FEW[:3], partial(resample, name, "regression"))
    smote = {"smote": lambda: {"sampler": SMOTE(k_neighbors=3), "refiner": mover(learner=LogisticRegression())}}
    yield from crossed(name, smote, FEW[:3], partial(resample, name, "classification"))


def robust_cases():
    from sklearn.linear_model import LogisticRegression

    threat = partial(make, "ThreatModel", eps=0.3)
    quick = {"ro_strategy": None, "validation": None}
    folds = {"folds": lambda: {"threat_model": threat(), "validation": 2, "ro_strategy": None, "max_epochs": 6}}
    auto = {"auto": lambda: {"threat_model": threat(eps=0.5), "validation": 2, "max_epochs": 12, "max_clean_loss": 0.5}}
    settings = {
        "trades": lambda: {**quick, "objective": "trades", "threat_model": threat(norm="l2", unit="range")},
        "treated": lambda: {
            "threat_model": threat(), "ro_strategy": ["loss_scale", "attack_strength", "awp"],
            "validation": 0.3, "attack_loss": "margin", "learning_rate_schedule": "cosine", "small_loss_threshold": 2.0,
        },
        "weighted": lambda: {
            "threat_model": threat(), "ro_strategy": ["awp"], "validation": None, "optimizer": "adam",
            "class_weight": "balanced", "attack_loss": "ce", "warm_up": 0.4, "batch_size": 16,
        },
    }  # fmt: skip
    regressions = {
        "treated": lambda: {"threat_model": threat(), "ro_strategy": ["loss_scale", "awp"], "validation": 0.3},
        "plain": lambda: {**quick, "threat_model": threat(), "attack_steps": 3, "learning_rate_schedule": "constant"},
    }
    tables = {
        "mixed": lambda: {"threat_model": mixed_threat(), "max_epochs": 4, **quick},
        "held out": lambda: {"threat_model": mixed_threat(), "max_epochs": 4, "validation": 2, "ro_strategy": ["awp"]},
    }
    short = {"short": lambda: {**quick, "max_epochs": 4, "threat_model": threat()}}
    name, where = "RobustATWrapper", [("plain", seed) for seed in SEEDS]
    yield from crossed(name, {**settings, **auto}, where, partial(attack, "classification", model=mlp()))
    yield from crossed(name, folds, where, partial(attack, "classification", model=mlp(), n_classes=3))
    for task, model in {"classification": mlp(), "regression": mlp(regression=True)}.items():
        others = [("frame", 0), ("polars", 1), ("arrow", 2)]
        yield from crossed(f"{name}/{task}", tables, others, partial(attack, task, model=model))
    regression = partial(attack, "regression", model=mlp(regression=True))
    yield from crossed(f"{name}/regression", {**folds, **auto, **regressions}, where, regression)
    for setting, model in {"logistic": LogisticRegression(C=2.0), "default": None}.items():
        case = partial(attack, "classification", model=model, n_classes=3)
        yield from crossed(f"{name}/{setting}", short, [("float32", 0)], case)


def composed_cases():
    from imblearn.over_sampling import RandomOverSampler
    from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
    from sklearn.neighbors import KNeighborsRegressor

    classifier = partial(trees, regression=False)
    settings = {
        "RelevanceWeightedRegressor/ridge": {"estimator": Ridge(), "relevance": tenth},
        "RelevanceWeightedRegressor/bootstrap": {"estimator": KNeighborsRegressor(3), "threshold": 0.6},
        "RelevanceWeightedRegressor/trees": {"estimator": trees, "relevance": tails},
        "OutputCorrectedRegressor/ridge": {"estimator": Ridge(), "relevance": tenth},
        "OutputCorrectedRegressor/light": {"estimator": trees, "relevance": tails, "strength": 0.3, "cv": 3},
        "ResampledRegressor/mean": {"sampler": balanced, "estimator": trees, "recalibrate": "mean", "cv": 3},
        "ResampledRegressor/isotonic": {
            "sampler": partial(make, "SMOGN"), "estimator": LinearRegression(), "recalibrate": "isotonic",
        },
        "ResampledClassifier/corrected": {
            "sampler": RandomOverSampler(), "estimator": LogisticRegression(), "prior_correction": True,
        },
        "ResampledClassifier/triplets": {"sampler": quick_triplets, "estimator": classifier},
    }  # fmt: skip
    for full, params in settings.items():
        name = full.split("/")[0]
        task = "classification" if "Classifier" in name else "regression"
        for container, seed in [*FEW, ("float32", 0)]:
            for weighted in (False, True):
                used = params
                if container == "frame":
                    if params["estimator"] not in (trees, classifier):
                        continue
                    used = {**params, "estimator": partial(on_numbers, params["estimator"])}
                case = partial(compose, name, task, container, seed, weighted, used)
                yield f"{full}/{container}{'/weighted' * weighted}/seed{seed}", case


# ---------------------------------------------------------------------------------------------- cases of functions
def relevance(params, container):
    import numpy as np

    _, y = table("regression", container)
    function = make("Relevance", **params).fit(y)
    parts = {"values": [function(y), function(np.linspace(-20, 60, 50))], "rare": function.rare_mask(y, 0.6)}
    parts.update(bumps=function.bumps(y), weights=function.sample_weight(y), **fitted(function))
    return {**parts, "text": [function.explain(), function.explain(y, 0.5)]}


def threat_model(params, container):
    X, _ = table("classification", container)
    model = params().fit(X)
    return {**fitted(model), "text": model.explain()}


def regression_metrics():
    import numpy as np
    from sklearn.linear_model import LinearRegression

    X, y = table("regression")
    model = LinearRegression().fit(X, y)
    predicted = model.predict(X)
    found = {"total_ratio": call("total_ratio", y, predicted)}
    for method in ("quantile", "extremes"):
        phi = make("Relevance", method=method).fit(y)
        weighted = [f"relevance_weighted_{end}" for end in ("mae", "mse", "rmse")]
        for name in ("rare_mae", "rare_rmse", "common_rmse", "ser_curve", "sera_score", *weighted):
            found[f"{name}, {method}"] = call(name, y, predicted, relevance=phi)
        found[f"normalized SERA, {method}"] = call("sera_score", y, predicted, relevance=phi, normalize=True)
        found[f"scorer, {method}"] = call("make_sera_scorer", phi)(model, X, y)
    weights = np.linspace(1, 2, len(y))
    return {**found, "output_correction": call("output_correction", y, predicted, weights)}


def retrieval():
    X, y = table("classification")
    found = {f"map_at_r, {how}": call("map_at_r", X, y, average=how) for how in ("micro", "macro")}
    found["map_at_r, gallery"] = call("map_at_r", X[:40], y[:40], gallery=X[40:], gallery_y=y[40:], metric="cosine")
    found["recall_at_k"] = call("recall_at_k", X, y, k=[1, 3])
    found["clustering_nmi"] = call("clustering_nmi", X, y, random_state=0)
    found["triplet_accuracy"] = call("triplet_accuracy", X[:120].reshape(40, 3, 4))
    return found


def hardness(container):
    X, y = table("classification", container)
    X = X if container == "plain" else X.drop(columns="b") if container == "frame" else X.drop("b")  # it has gaps
    return {"profile": call("hardness_profile", X, y, k_neighbors=4)}


def gap_metrics(task, container):
    X, y, S, y_S = sides(task, container)
    options = {"n_repeats": 2, "random_state": 0}
    found = call("synthetic_gap", X, S, y_real=y, y_synthetic=y_S, **options)
    parts = {"gap": found, "columns": found.columns, "worst_column": found.worst_column, "text": str(found)}
    if container == "plain":
        parts["closed"] = [call("gap_closed", X, S, 0.7 * S, snap=snap, **options) for snap in (False, True)]
    return parts


def robust_scorer(kind, container="plain"):
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.tree import DecisionTreeClassifier

    X, y = table("classification", container, n=60)
    kinds = {
        "network": lambda: mlp(max_iter=20),
        "pipeline": lambda: make_pipeline(StandardScaler(), LogisticRegression()),
        "tree": lambda: DecisionTreeClassifier(max_depth=4, random_state=0),
        "wrapper": lambda: make("RobustATWrapper", estimator=mlp(), validation=None, random_state=0),
    }
    model = kinds[kind]().set_params(**({"random_state": 0} if kind in ("network", "wrapper") else {})).fit(X, y)
    threat = (
        mixed_threat() if container == "frame" else make("ThreatModel", eps=0.4, attackable_classes=["rare", "common"])
    )
    scorer = call("make_robust_scorer", threat.fit(X), clean_weight=0.25, n_steps=10, n_queries=40)
    report = scorer.report(model, X, y)
    return {"score": scorer(model, X, y), "text": report.pop("threat_model"), "report": report}


def folds():
    import numpy as np

    X, y = table("regression", n=61)
    found = {}
    for shuffle, seed in ((False, None), (True, 0), (True, 1)):
        cv = make("RegressionStratifiedKFold", n_splits=4, shuffle=shuffle, random_state=seed)
        found[f"folds, {seed}"] = list(cv.split(X, y))
    repeated = make("RepeatedRegressionStratifiedKFold", n_splits=3, n_repeats=2, random_state=0)
    found["repeated"] = list(repeated.split(X, y))
    sampler = make(
        "SMOTER", relevance=make("Relevance", method="quantile"), sampling_strategy="balance", random_state=0
    )
    X_new, y_new = sampler.fit_resample(X, y)
    for name, parents in {"parents": sampler.parent_indices_, "no parents": None}.items():
        cv = make("RealRowsTestSplit", cv=3, is_synthetic=np.array(sampler.is_synthetic_), parent_indices=parents)
        found[f"real rows, {name}"] = list(cv.split(X_new, y_new))
    return found


def data_sets():
    found = {name: call(name, random_state=3) for name in ("make_rare_pocket", "make_skewed_regression")}
    found["smaller"] = [
        call("make_rare_pocket", n_samples=90, n_rare=9, random_state=1),
        call("make_skewed_regression", n_samples=50, noise=0.1, random_state=1),
    ]
    with tempfile.TemporaryDirectory() as folder:
        for task, target in {"classification": "euro", "imbalanced_regression": "2.5"}.items():
            (Path(folder) / task).mkdir()
            (Path(folder) / task / f"{task}_a.csv").write_text(f"weight,kind,target\n7.5,a,{target}\n8.5,,{target}\n")
            found[task] = call("load_table", f"{task}_a", folder=folder)
        found["names"] = call("table_names", folder=folder)
    return found


OLD_WORDS = {  # of comparisons: methods, and columns of rows and summaries, new to old
    "recalibration(0.2)": "light-correction",
    "recalibration": "correction",
    "weights+recalibration": "weights+correction",
    "estimator": "learner",
    "recalibrated_ratio": "matched_ratio",
    "recalibrated_p": "matched_p",
    "recalibrated_p_holm": "matched_p_holm",
}


def comparison(name, task, container, *args, **params):
    X, y = table(task, container, n=90, n_classes=2)
    args, params = [argument() for argument in args], {"cv": 3, "n_repeats": 1, **built(params)}
    if "estimators" not in inspect.signature(public("compare")).parameters:
        found = public(name)(X, y, *args, **params)
        summary, rows, caveats = found.summary, found.rows, found.cautions
        verdicts = vars(found.verdict) if hasattr(found.verdict, "training") else {"": found.verdict}
    else:
        if "learners" in params:
            params["estimators"] = params.pop("learners")
        if isinstance(params.get("methods"), list):
            new = {old: new for new, old in OLD_WORDS.items()}
            params["methods"] = [new.get(method, method) for method in params["methods"]]
        found = public("compare")(X, y, threat_model=args[0] if args else None, **params)
        summary, rows, caveats = list(found.results.values()), found.rows, found.caveats
        verdicts = dict(zip(("training", "treatment"), found.verdict.parts.values())) or {"": found.verdict}
    is_robust = name == "compare_robustness"
    words = OLD_WORDS | ({"low": "gain_low", "high": "gain_high"} if is_robust else {})

    def in_old_words(row):
        left_out = ("inner", "commonest") if is_robust else ()
        row = {words.get(key, key): value for key, value in row.items() if key not in left_out}
        return row | {"method": words.get(row["method"], row["method"])}

    summary, rows = ([in_old_words(row) for row in found] for found in (summary, rows))
    parts = {"summary": summary, "rows": rows, "text": [caveats]}
    parts |= {key: getattr(found, key) for key in ("failures", "n_folds", "n_rows")}
    parts["methods"] = [words.get(method, method) for method in found.methods]
    for prefix, verdict in verdicts.items():
        if verdict is not None:
            parts["text"].append(verdict.sentence)
            method = words.get(verdict.method, verdict.method)
            parts[f"verdict {prefix}"] = [verdict.answer, method, verdict.rows_needed]
    return parts


def function_cases():
    """Yield (name, function) for public functions and what else is no estimator with rows."""
    from sklearn.linear_model import LogisticRegression, Ridge

    points = {"method": "control_points", "control_points": [(-5, 1, 0), (9, 0, 0), (14, 0.3, 0.1), (30, 1, 0)]}
    settings = {
        "extremes": {},
        "high": {"side": "high", "coef": 1.0},
        "adjusted": {"boxplot": "adjusted"},
        "quantile": {"method": "quantile", "quantile": 0.8},
        "points": points,
    }
    for setting, params in settings.items():
        for container in ("plain", "float32", "frame", "polars"):
            yield f"Relevance/{setting}/{container}", partial(relevance, params, container)
    build = partial(partial, make, "ThreatModel")
    threats = {
        "std": build(eps=0.2),
        "iqr": build(eps=(0.1, 0.5), unit="iqr", norm="l2", bounds="train", max_categorical_changes=2),
        "range": build(eps=0.3, unit="range", immutable=[0], bounds=(-1, None), integer_features=None),
    }
    for setting, params in threats.items():
        for container in ("plain", "float32", "frame", "polars", "arrow"):
            yield f"ThreatModel/{setting}/{container}", partial(threat_model, params, container)
    yield "ThreatModel/mixed", partial(threat_model, mixed_threat, "frame")
    yield "metrics/regression", regression_metrics
    yield "metrics/retrieval", retrieval
    for container in ("plain", "frame", "polars"):
        yield f"metrics/hardness_profile/{container}", partial(hardness, container)
        yield f"metrics/synthetic_gap/classification/{container}", partial(gap_metrics, "classification", container)
    yield "metrics/synthetic_gap/regression", partial(gap_metrics, "regression", "plain")
    for kind in ("network", "pipeline", "tree", "wrapper"):
        yield f"metrics/make_robust_scorer/{kind}", partial(robust_scorer, kind)
    yield "metrics/make_robust_scorer/mixed", partial(robust_scorer, "wrapper", "frame")
    yield "model_selection/folds", folds
    yield "datasets", data_sets

    mine = lambda: {"none": None, "mine": make("SMOTER", relevance=tenth())}  # noqa: E731
    triplets_too = lambda: {"none": None, "mine": quick_triplets()}  # noqa: E731
    ridge, logistic = {"learners": Ridge(), "relevance": tenth}, {"learners": LogisticRegression(), "inner_cv": 2}
    compared = {
        "compare/named/plain": {"methods": ["weights", "smogn"], **ridge},
        "compare/named/frame": {"methods": ["noise", "weights+correction"], **ridge, "scoring": "rare_mae"},
        "compare/objects/polars": {"methods": mine, **ridge, "random_state": 1},
        "compare_classification/named/plain": {"methods": ["weights", "duplicate"], **logistic},
        "compare_classification/objects/frame": {"methods": triplets_too, **logistic, "scoring": "f1"},
    }
    for name, params in compared.items():
        function, _, container = name.split("/")
        task = "regression" if function == "compare" else "classification"
        yield name, partial(comparison, function, task, container, **params)
    threat, clean = partial(make, "ThreatModel", eps=0.4), partial(make, "ThreatModel", eps=0)
    quick = {"estimator": mlp(), "validation": None, "ro_strategy": None}
    attacked = lambda: {  # noqa: E731
        name: make("RobustATWrapper", threat_model=model(), **quick)
        for name, model in {"none": clean, "at": threat}.items()
    }
    for container in ("plain", "frame"):
        case = partial(comparison, "compare_robustness", "classification", container, threat, methods=attacked)
        yield f"compare_robustness/{container}", case


GROUPS = [
    over_sampler_cases, smogan_cases, triplet_cases, refiner_cases, robust_cases, composed_cases, function_cases,
]  # fmt: skip


# ---------------------------------------------------------------------------------------------- both sides
def child(options):
    """Run a share of the cases in this interpreter and write their parts."""
    import pandas
    import polars
    import pyarrow
    import torch  # all libraries now, so that what they warn of on import is in no case

    import skgan_resample

    assert Path(skgan_resample.__file__).resolve().is_relative_to(options.child), skgan_resample.__file__
    torch.set_num_threads(1)
    del pandas, polars, pyarrow
    cases = {name: case for cases in GROUPS for name, case in cases()}
    share, n_shares = map(int, options.share.split("/"))
    found = {}
    for name in [name for name in sorted(cases) if options.only in name][share::n_shares]:
        started = time.perf_counter()
        found[name] = run_case(cases[name])
        found[name]["seconds"] = f"{time.perf_counter() - started:.2f}"
    Path(options.out).write_text(json.dumps(found))


def run_share(options, checkout, share):
    """Run a share of the cases with a checkout in a fresh interpreter; return their parts."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out.json"
        threads = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "MKL", "OPENBLAS")}
        env = {**os.environ, **threads, "PYTHONPATH": str(checkout)}
        command = [sys.executable, HERE, "--child", checkout, "--share", share, "--out", out, "--only", options.only]
        done = subprocess.run(list(map(str, command)), env=env, cwd=folder, capture_output=True, text=True, check=False)
        if done.returncode:
            sys.exit(f"{checkout} failed:\n{done.stderr[-3000:]}")
        return json.loads(out.read_text())


def reference_key(checkout):
    """Return what the results of the reference depend on; None if it has uncommitted changes."""
    git = partial(subprocess.check_output, cwd=checkout, text=True)
    if git(["git", "status", "--porcelain"]).strip():
        return None
    _, tables, cases = re.split(r"^# -+ (?:what was renamed|end of the tables)\n", HERE.read_text(), flags=re.MULTILINE)
    del tables
    versions = [f"{name} {metadata.version(name)}" for name in LIBRARIES]
    return digest(" ".join([git(["git", "rev-parse", "HEAD"]).strip(), cases, sys.version, *versions]))


def run_both(options):
    """Return the parts of all cases, for the reference and for this checkout."""
    key = reference_key(options.against) if options.cache else None
    cached = json.loads(options.cache.read_text()) if key and options.cache.exists() else {}
    sides = {"new": HERE.parents[1]} if key in cached else {"reference": options.against, "new": HERE.parents[1]}
    with ThreadPoolExecutor(options.jobs) as pool:
        shares = [f"{i}/{options.jobs}" for i in range(options.jobs)]
        begun = {
            side: [pool.submit(run_share, options, root, share) for share in shares] for side, root in sides.items()
        }
        results = {side: {k: v for job in jobs for k, v in job.result().items()} for side, jobs in begun.items()}
    if key in cached:
        results["reference"] = {name: parts for name, parts in cached[key].items() if options.only in name}
    elif key and not options.only:
        options.cache.write_text(json.dumps({key: results["reference"]}))
    return results["reference"], results["new"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--against", type=lambda path: Path(path).resolve(), help="the checkout of the reference")
    parser.add_argument("--only", default="", help="run cases whose name holds this")
    parser.add_argument("--jobs", type=int, default=2, help="interpreters at a time")
    parser.add_argument("--cache", type=Path, help="a file for the results of the reference")
    parser.add_argument("--ignore", default="", help="parts to leave out, such as warnings,text")
    parser.add_argument("--verbose", action="store_true", help="show both values of parts that differ, and slow cases")
    for hidden in ("--child", "--share", "--out"):
        parser.add_argument(hidden, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        return child(options)
    started = time.perf_counter()
    reference, new = run_both(options)
    ignored, n_different = {*options.ignore.split(","), "seconds"}, 0
    for name in sorted({*reference, *new}):
        old_parts, new_parts = reference.get(name, {}), new.get(name, {})
        looked_at = {*old_parts, *({"raised"} & {*new_parts})} - ignored
        different = sorted(part for part in looked_at if old_parts.get(part) != new_parts.get(part))
        if not old_parts or not new_parts:
            different = ["the case is on one side only"]
        elif "raised" in different:
            raised = old_parts.get("raised") or new_parts["raised"], old_parts.get("text") or new_parts["text"]
            different = [f"raised {raised[0]} on one side: {raised[1]}"]
        if different:
            n_different += 1
            print(f"{name}: {', '.join(different)}")
            for part in different if options.verbose else ():
                print(f"    {part}: {old_parts.get(part, 'missing')} -> {new_parts.get(part, 'missing')}")
    raised = [f"{name} ({parts['raised']} {parts.get('text')})" for name, parts in new.items() if "raised" in parts]
    if raised:
        print(f"{len(raised)} cases raise, so they show little:", *raised, sep="\n    ")
    if options.verbose:
        slow = sorted(new, key=lambda name: -float(new[name]["seconds"]))[:15]
        print("Slowest:", *[f"{new[name]['seconds']} s {name}" for name in slow], sep="\n    ")
    print(f"{n_different} of {len({*reference, *new})} cases differ ({time.perf_counter() - started:.0f} s).")
    return int(n_different > 0)


if __name__ == "__main__":
    sys.exit(main())
