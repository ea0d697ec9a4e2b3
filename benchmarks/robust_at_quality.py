"""What RobustATWrapper is worth: robust and clean accuracy beside plain adversarial training and ART's trainer.

    OMP_NUM_THREADS=1 python benchmarks/robust_at_quality.py PART, where PART is reporting [set ...] | gaps | controls |
    regression | summary

reporting
    waveform5000 (600 training rows) and url_phishing (1,000), 5 seeds; magic and winequality-red (600 each), 3 seeds.
    L_inf 0.3 standard deviations, no bounds. Each final network is attacked by pyautoattack, ART and random corners; a
    row counts as robust if none of them breaks it.
gaps
    Training sets with robust overfitting: the curve of plain adversarial training and of treated ones on test rows
    (best minus last, an oracle), and whether the detector, which sees training rows only, fires.
controls
    digits and letter, 10 seeds, with little to treat: "auto" against plain, and how often the detector fires.
regression
    Squared error under attack of adversarial and of ordinary training.
summary
    Writes results/robust_at_quality.md.

Defaults were chosen on other sets (robust_at_levers.py), with reservations. The reference that the method was built
from had tried its ideas on waveform5000 and url_phishing, where robust overfitting was known. Two rules were corrected
after they had been seen to fail here: the last epoch is kept unless an earlier one is better beyond its error (one run
on url_phishing), and "auto" compares strategies by cross-fitted figures, at their best epoch and at their last (on two
of five seeds of waveform5000 it had kept the plain one, because its best epoch was a lucky one). magic and
winequality-red had not been used before this run. Seeds differ in the split and in the training. Each part resumes
where it stopped.
"""

import copy
import sys
import time
import warnings

import numpy as np
import torch
from _common import RESULTS, Results
from _independent_attacks import robust_rows
from _robust_sets import CONTROLS, EPS, REPORTING, load
from scipy import stats
from sklearn.datasets import load_diabetes
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPRegressor

from skgan_resample import RobustATWrapper
from skgan_resample._nn.networks import affine_then
from skgan_resample._robust_at._strategies import AUTO
from skgan_resample._sklearn_networks import DEFAULTS
from skgan_resample.threat import ThreatModel

SEEDS = range(5)
N_SEEDS = {"magic": 3, "winequality": 3}
CONTROL_SEEDS = range(10)
N_ATTACKED = 1000  # test rows that the final attacks see
ART_EPS = (1.0, 1.5, 2.0)  # times the budget of the test
ART_STEPS = {"eps/4": 1 / 4, "2.5 eps/7": 2.5 / 7}
ART_EPOCHS = (15, 30, 60)


# ------------------------------------------------------------------------------------------------ our networks
def wrapper(seed, **settings):
    eps = settings.pop("eps", EPS)
    return RobustATWrapper(threat_model=ThreatModel(eps), random_state=seed, **settings)


OURS = {
    "not adversarial": {"eps": 0.0, "ro_strategy": None, "cv": None},
    "AT, last epoch": {"ro_strategy": None, "cv": None},
    "AT, early stopping": {"ro_strategy": None},
    "AT, early stopping, 20 % held out": {"ro_strategy": None, "cv": None, "validation_fraction": 0.2},
    "AT at 1.5 eps, last epoch": {"eps": 1.5 * EPS, "ro_strategy": None, "cv": None},
    "AT at 1.5 eps, early stopping": {"eps": 1.5 * EPS, "ro_strategy": None},
    **{f"{' + '.join(parts)}, last epoch": {"ro_strategy": list(parts), "cv": None} for parts in AUTO},
    "auto": {},
}


def as_logits(model):
    """Return the network of a fitted wrapper as a function of the columns."""
    encoder = model.encoder_
    center, spread = encoder.scaling
    matrix, offset = np.zeros((len(center), encoder.width_)), np.zeros(encoder.width_)
    for j, column in enumerate(encoder.columns_):
        if column.kind != "constant":
            matrix[j, column.encoded.start] = 1 / spread[j]
            offset[column.encoded.start] = -center[j] / spread[j]
    return affine_then(model.network_, matrix, offset)


# ------------------------------------------------------------------------------------------------ ART's trainer
def art_networks(X, y, seed, eps_train, step, epochs=(60,)):
    """Train by ART's AdversarialTrainerMadryPGD; network, optimizer, batches and rates are those of `RobustATWrapper`.

    Yields the epoch, logits of the columns, and the seconds so far, at each of `epochs` of one training of 60.
    """
    from art.defences.trainer import AdversarialTrainerMadryPGD
    from art.estimators.classification import PyTorchClassifier

    torch.manual_seed(seed)
    np.random.seed(seed)  # noqa: NPY002 (ART draws from it)
    center, spread = X.mean(axis=0), X.std(axis=0)
    spread = np.where(spread > 0, spread, 1.0)
    n_classes = int(y.max()) + 1
    network = torch.nn.Sequential(
        torch.nn.Linear(X.shape[1], 128), torch.nn.ReLU(), torch.nn.Linear(128, 128), torch.nn.ReLU(),
        torch.nn.Linear(128, n_classes),
    )  # fmt: skip
    rate = DEFAULTS["learning_rate_init"]
    optimizer = torch.optim.SGD(
        network.parameters(), rate, momentum=0.9, weight_decay=DEFAULTS["alpha"] / DEFAULTS["batch_size"]
    )
    classifier = PyTorchClassifier(
        network, torch.nn.CrossEntropyLoss(), (X.shape[1],), n_classes, optimizer=optimizer, device_type="cpu"
    )
    eps = EPS * eps_train
    trainer = AdversarialTrainerMadryPGD(
        classifier, nb_epochs=1, batch_size=DEFAULTS["batch_size"], eps=eps, eps_step=eps * ART_STEPS[step], max_iter=7,
        num_random_init=1,
    )  # fmt: skip
    scaled = ((X - center) / spread).astype(np.float32)
    labels = np.eye(n_classes, dtype=np.float32)[y]
    seconds = 0.0
    for done, factor in ((15, 1.0), (30, 1.0), (45, 0.1), (60, 0.01)):
        optimizer.param_groups[0]["lr"] = rate * factor
        started = time.perf_counter()
        trainer.trainer.fit(scaled, labels, nb_epochs=15, batch_size=DEFAULTS["batch_size"])
        seconds += time.perf_counter() - started
        if done in epochs:
            frozen = copy.deepcopy(network).eval()
            yield done, affine_then(frozen, np.diag(1 / spread), -center / spread), seconds
        if done == max(epochs):
            return


def tuned_art(X, y, seed):
    """Return the network of the setting that does best on a fifth of the rows, trained on all of them.

    Tuned over eps, step size and epochs; the fifth is attacked by ART's PGD of 50 steps. The seconds hold the search.
    """
    X_train, X_val, y_train, y_val = train_test_split(X, y, test_size=0.2, stratify=y, random_state=seed)
    eps = EPS * X_train.std(axis=0)
    scores, spent = {}, 0.0
    for eps_train in ART_EPS:
        for step in ART_STEPS:
            stages = list(art_networks(X_train, y_train, seed, eps_train, step, ART_EPOCHS))
            for epoch, logits, _ in stages:
                scores[eps_train, step, epoch] = robust_rows(logits, X_val, y_val, eps, only=("ART PGD-50",))[0].mean()
            spent += stages[-1][-1]
    eps_train, step, epoch = max(scores, key=scores.get)
    ((_, logits, seconds),) = art_networks(X, y, seed, eps_train, step, (epoch,))
    return logits, spent + seconds, f"{eps_train} eps, step {step}, {epoch} epochs"


# ------------------------------------------------------------------------------------------------ parts
def reporting(names=REPORTING):
    results = Results("robust_at_reporting", eps=EPS, defaults=DEFAULTS, auto=AUTO)
    for seed in SEEDS:
        for name in names:
            if seed >= N_SEEDS.get(name, len(SEEDS)):
                continue
            X, y, X_test, y_test = load(name, seed)
            X_test, y_test = X_test[:N_ATTACKED], y_test[:N_ATTACKED]
            eps = EPS * X.std(axis=0)
            for method in [*OURS, "ART", "ART, 2.5 eps/7", "ART, tuned"]:
                key = {"set": name, "seed": seed, "method": method}
                if results.has(**key):
                    continue
                ours, note = np.nan, ""
                if method in OURS:
                    model = wrapper(seed, **OURS[method])
                    started = time.perf_counter()
                    model.fit(X, y)
                    seconds = time.perf_counter() - started
                    logits = as_logits(model)
                    budget = ThreatModel(EPS).fit(X)
                    ours = model.robust_score(X_test, y_test, threat_model=budget)
                    note = f"{model.strategy_}; epoch {model.best_epoch_}; RO {model.ro_detected_}"
                elif method == "ART, tuned":
                    logits, seconds, note = tuned_art(X, y, seed)
                else:
                    step = "eps/4" if method == "ART" else "2.5 eps/7"
                    ((_, logits, seconds),) = art_networks(X, y, seed, 1.0, step)
                robust, outcomes = robust_rows(logits, X_test, y_test, eps)
                results.add(
                    **key,
                    clean=outcomes["none"].mean(),
                    robust=robust.mean(),
                    robust_score=ours,
                    seconds=seconds,
                    note=note,
                )


def gaps(names=("waveform", "phishing")):
    results = Results("robust_at_gaps", eps=EPS, defaults=DEFAULTS)
    for seed in SEEDS:
        for name in names:
            X, y, X_test, y_test = load(name, seed)
            for parts in ((), *AUTO):
                key = {"set": name, "seed": seed, "method": " + ".join(parts) or "plain"}
                if results.has(**key):
                    continue
                model = wrapper(seed, ro_strategy=list(parts) or None, early_stopping=False)
                (curves,) = model.fit(X, y, X_val=X_test, y_val=y_test).runs_.values()
                found = {}
                if not parts:
                    detector = wrapper(seed, ro_strategy=None).fit(X, y)
                    found = {"detected": detector.ro_detected_, "ro_gap": detector.ro_gap_, "power": detector.ro_power_}
                curve = curves.curve()
                found = {"detected": "", "ro_gap": np.nan, "power": np.nan, **found}
                results.add(**key, best=curve[curves.best], last=curve[-1], epoch=curves.epochs[curves.best], **found)


def controls():
    results = Results("robust_at_controls", eps=EPS, defaults=DEFAULTS)
    for seed in CONTROL_SEEDS:
        for name in CONTROLS:
            X, y, X_test, y_test = load(name, seed)
            key = {"set": name, "seed": seed}
            if results.has(**key):
                continue
            plain = wrapper(seed, ro_strategy=None).fit(X, y)
            auto = wrapper(seed).fit(X, y) if plain.ro_detected_ else plain  # the same network otherwise
            scores = {
                f"{which}_{what}": score
                for which, model in (("plain", plain), ("auto", auto))
                for what, score in (
                    ("clean", model.score(X_test, y_test)),
                    ("robust", model.robust_score(X_test, y_test)),
                )
            }
            results.add(
                **key, detected=plain.ro_detected_, ro_gap=plain.ro_gap_, strategy=auto.strategy_, **scores,
                seconds=plain.fit_seconds_,
            )  # fmt: skip


def regression():
    results = Results("robust_at_regression", eps=0.1)
    X, y = load_diabetes(return_X_y=True)
    tables = {"diabetes": (X, y)}
    from _common import load as load_regression

    for name in ("california", "wineQuality", "airfoild"):
        tables[name] = load_regression(name, numeric=True)
    for name, (X, y) in tables.items():
        for seed in SEEDS:
            if results.has(set=name, seed=seed):
                continue
            n = min(1000, len(y) // 2)
            X_train, X_test, y_train, y_test = train_test_split(X, y, train_size=n, random_state=seed)
            X_test, y_test = X_test[:N_ATTACKED], y_test[:N_ATTACKED]
            spec = MLPRegressor(**DEFAULTS)
            row = {}
            for method, eps in (("ordinary", 0.0), ("adversarial", 0.1)):
                model = RobustATWrapper(
                    spec, threat_model=ThreatModel(eps), ro_strategy=None, cv=5, random_state=seed
                ).fit(X_train, y_train)
                budget = ThreatModel(0.1).fit(X_train)
                row[f"{method}_mse"] = (1 - model.score(X_test, y_test)) * y_test.var()
                row[f"{method}_attacked"] = (1 - model.robust_score(X_test, y_test, threat_model=budget)) * y_test.var()
            results.add(set=name, seed=seed, n_train=n, **row)


# ------------------------------------------------------------------------------------------------ summary
def interval(values):
    """Return mean and 95 % t interval as text."""
    values = np.asarray(values, dtype=float)
    if len(values) < 2 or values.std() == 0:
        return f"{values.mean():.3f}"
    reach = stats.t.ppf(0.975, len(values) - 1) * values.std(ddof=1) / np.sqrt(len(values))
    return f"{values.mean():.3f} [{values.mean() - reach:.3f}, {values.mean() + reach:.3f}]"


def summary():
    import pandas as pd

    lines = ["# RobustATWrapper: what was measured", "", "Written by `benchmarks/robust_at_quality.py summary`.", ""]
    frame = pd.read_csv(RESULTS / "robust_at_reporting.csv")
    for name, part in frame.groupby("set", sort=False):
        table = part.pivot(index="seed", columns="method")
        lines += [f"## {name}, {len(table)} seeds: worst case over independent attacks", ""]
        lines += [
            "| method | robust | clean | robust, less that of AT with early stopping | robust_score above | seconds |"
        ]
        lines += ["|---|---|---|---|---|---|"]
        for method in dict.fromkeys(part["method"]):
            against = table["robust"][method] - table["robust"]["AT, early stopping"]
            above = (table["robust_score"][method] - table["robust"][method]).max()
            lines.append(
                f"| {method} | {interval(table['robust'][method])} | {interval(table['clean'][method])} | "
                f"{interval(against)} | {'' if np.isnan(above) else f'{above:.3f} at most'} | "
                f"{table['seconds'][method].mean():.1f} |"
            )
        notes = part[part.method.isin(["auto", "ART, tuned"])][["seed", "method", "note"]]
        lines += ["", "Chosen: " + "; ".join(f"{m} {s}: {n}" for s, m, n in notes.itertuples(index=False)) + ".", ""]
    frame = pd.read_csv(RESULTS / "robust_at_gaps.csv")
    lines += ["## Best minus last epoch on test rows, and the detector on training rows", ""]
    lines += [
        "| set | method | best | last | gap | epoch of the best | detected | power at 0.05 |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for (name, method), part in frame.groupby(["set", "method"], sort=False):
        fired = "" if method != "plain" else f"{(part['detected'].astype(str) == 'True').sum()} of {len(part)}"
        power = "" if method != "plain" else f"{part['power'].mean():.2f}"
        lines.append(
            f"| {name} | {method} | {part['best'].mean():.3f} | {part['last'].mean():.3f} | "
            f"{interval(part['best'] - part['last'])} | {part['epoch'].mean():.0f} | {fired} | {power} |"
        )
    plain = frame[frame.method == "plain"]
    large = plain[plain["best"] - plain["last"] >= 0.05]
    lines += ["", f"Of {len(large)} runs with a test gap of 0.05 or more, the detector fired in "
              f"{(large['detected'].astype(str) == 'True').sum()}.", ""]  # fmt: skip
    frame = pd.read_csv(RESULTS / "robust_at_controls.csv")
    lines += ["## Controls without robust overfitting: auto less plain", ""]
    lines += [
        "| set | runs | detected | robust of plain | difference | clean of plain | difference |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, part in frame.groupby("set", sort=False):
        lines.append(
            f"| {name} | {len(part)} | {(part['detected'].astype(str) == 'True').sum()} | "
            f"{part['plain_robust'].mean():.3f} | {interval(part['auto_robust'] - part['plain_robust'])} | "
            f"{part['plain_clean'].mean():.3f} | {interval(part['auto_clean'] - part['plain_clean'])} |"
        )
    frame = pd.read_csv(RESULTS / "robust_at_regression.csv")
    lines += ["", "## Regression, budget 0.1 standard deviations: mean squared error, adversarial over ordinary", ""]
    lines += ["| set | under attack | without attack |", "|---|---|---|"]
    for name, part in frame.groupby("set", sort=False):
        lines.append(
            f"| {name} | {interval(part['adversarial_attacked'] / part['ordinary_attacked'])} | "
            f"{interval(part['adversarial_mse'] / part['ordinary_mse'])} |"
        )
    (RESULTS / "robust_at_quality.md").write_text("\n".join(lines) + "\n")
    print("\n".join(lines))


PARTS = {"reporting": reporting, "gaps": gaps, "controls": controls, "regression": regression, "summary": summary}

if __name__ == "__main__":
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        part, *names = sys.argv[1:]
        PARTS[part](*([names] if names else []))
