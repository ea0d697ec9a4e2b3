"""Draw the README's picture from the files in results/: each method among its rivals, one panel a question.

python benchmarks/readme_picture.py        # writes docs/images/measured.png
"""

import json
from pathlib import Path

import matplotlib

matplotlib.use("agg")
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

RESULTS = Path(__file__).parent / "results"
PICTURE = Path(__file__).parents[1] / "docs" / "images" / "measured.png"
OURS, NOTHING, OTHER = "#B34700", "#000000", "#5F6B73"  # told apart by marker and weight as well
OUR_NAMES = (
    "SMOGAN",
    "SMOGN",
    "HardTripletSampler",
    "SMCAETransformer",
    "SyntheticRefiner, real rows too",
    "RobustATWrapper",
)
DOING_NOTHING = ("doing nothing", "real rows alone")


def rare_values():
    """Return SERA and RMSE relative to doing nothing, geometric means over tables, learners and folds."""
    shown = {
        "none": "doing nothing",
        "smogan": "SMOGAN",
        "smogn-0.8": "SMOGN",
        "smoter": "SMOTER",
        "duplicate": "copies",
        "weights": "weights",
        "correction": "full correction",
        "light-correction": "light correction",
        "imbreg": "imbreg's SMOGN",
    }
    data = pd.read_csv(RESULTS / "smogan_quality_reporting.csv")
    data = data[data["error"].isna()].set_index(["table", "learner", "fold", "method"])[["sera", "rmse"]]
    logs = np.log(data.clip(lower=1e-300)).unstack("method")
    points = {}
    for method, label in shown.items():
        ratios = pd.DataFrame({name: logs[name, method] - logs[name, "none"] for name in ("rmse", "sera")})
        points[label] = np.exp(ratios.groupby(["table", "learner"]).mean().groupby("table").mean().mean())
    return points


def rare_classes():
    """Return F1 with tuned thresholds and average precision, means over tables, learners and folds."""
    shown = {
        "none": "doing nothing",
        "hard-triplet": "HardTripletSampler",
        "weights": "class weights",
        "random": "copies",
        "smote": "SMOTE",
        "svm-smote": "SVMSMOTE",
        "adasyn": "ADASYN",
        "kmeans-smote": "KMeansSMOTE",
    }
    found = json.loads((RESULTS / "hard_triplet_figures.json").read_text())["methods"]
    return {label: (found[name]["f1_tuned"], found[name]["average_precision"]) for name, label in shown.items()}


def synthetic_rows():
    """Return accuracy on real rows of models trained on each kind of rows, means over sets, sizes and learners."""
    shown = {
        ("both", "SyntheticRefiner"): "SyntheticRefiner, real rows too",
        ("alone", "class-wise EMD"): "POT's EMD by class",
        ("alone", "selected"): "SMCAETransformer",
        ("alone", "class-wise linear OT (plain)"): "linear transport by class",
        ("alone", "real only"): "real rows alone",
        ("both", "raw"): "real and synthetic rows",
        ("alone", "CORAL"): "CORAL",
        ("alone", "raw"): "synthetic rows as they are",
    }
    data = pd.read_csv(RESULTS / "smcae_reporting.csv", dtype={"size": str})
    data = data[data["set"].isin(["digits", "ctgan", "tvae"])]
    seeds = data[data["method"] == "done"].groupby(["set", "size"]).size()
    complete = seeds.index[seeds == seeds.max()]
    data = data.set_index(["set", "size"]).loc[complete].reset_index()
    points = {}
    for (rows, method), label in shown.items():
        found = data[data["method"] == method]
        accuracies = found[[f"{rows}_{learner}" for learner in ("linear", "neighbours", "forest")]].mean(axis=1)
        points[label] = accuracies.groupby([found["set"], found["size"]]).mean().mean()
    return points


def attacked_rows():
    """Return accuracy without and under attack, means over tables of means over seeds."""
    shown = {
        "not adversarial": "doing nothing",
        "auto": "RobustATWrapper",
        "AT, early stopping": "early stopping",
        "loss_scale + awp, last epoch": "treated always",
        "AT at 1.5 eps, last epoch": "1.5 times the budget",
        "ART, tuned": "ART, tuned",
        "ART": "ART",
    }
    data = pd.read_csv(RESULTS / "robust_at_reporting.csv")
    means = data.groupby(["method", "set"])[["clean", "robust"]].mean().groupby("method").mean()
    return {label: means.loc[name] for name, label in shown.items()}


def scatter(ax, points, title, xlabel, ylabel, better, places):
    """Draw named points; `places` moves a name: two offsets in points, and whether it ends or begins there."""
    for name, (x, y) in points.items():
        color, marker, size, weight = style(name)
        ax.plot(x, y, marker, color=color, markersize=size, markeredgecolor="white", markeredgewidth=0.5)
        dx, dy, side = places.get(name, (7, 0, "left"))
        ax.annotate(
            name, (x, y), (dx, dy), textcoords="offset points", ha=side, va="center", color=color, fontsize=8.5,
            fontweight=weight,
        )  # fmt: skip
    finish(ax, f"{title} ({better} is better)", xlabel)
    ax.set_ylabel(ylabel, fontsize=8.5)
    ax.margins(x=0.08, y=0.08)


def dots(ax, points, title, xlabel):
    """Draw named values, the largest on top."""
    left = min(points.values()) - 0.006
    for place, name in enumerate(sorted(points, key=points.get)):
        color, marker, size, weight = style(name)
        ax.hlines(place, left, points[name], color="#D5D9DC", linewidth=1)
        ax.plot(points[name], place, marker, color=color, markersize=size)
        ax.text(left - 0.003, place, name, ha="right", va="center", color=color, fontsize=8.5, fontweight=weight)
    ax.set_yticks([])
    finish(ax, f"{title} (right is better)", xlabel)
    ax.spines["left"].set_visible(False)


def style(name):
    """Return colour, marker, its size and the weight of the text."""
    if name in OUR_NAMES:
        return OURS, "D", 7, "bold"
    return (NOTHING, "s", 6, "normal") if name in DOING_NOTHING else (OTHER, "o", 5, "normal")


def finish(ax, title, xlabel):
    ax.set_title(title, fontsize=9.5, fontweight="bold")
    ax.set_xlabel(xlabel, fontsize=8.5)
    ax.tick_params(labelsize=8)
    ax.spines[["top", "right"]].set_visible(False)


def draw():
    """Return the figure."""
    figure, axes = plt.subplots(2, 2, figsize=(10, 6.6), layout="constrained")
    figure.get_layout_engine().set(wspace=0.06, hspace=0.08)
    scatter(
        axes[0, 0], rare_values(), "Rare values of a target", "RMSE, relative to doing nothing",
        "SERA, relative to doing nothing", "lower left",
        {"light correction": (6, 7, "left"), "SMOGN": (-7, -7, "right"), "SMOGAN": (6, 8, "left"),
         "SMOTER": (-5, -12, "center"), "imbreg's SMOGN": (8, 0, "left"), "weights": (-7, 0, "right")},
    )  # fmt: skip
    scatter(
        axes[0, 1], rare_classes(), "Rare classes", "F1, with the threshold tuned for each", "average precision",
        "upper right",
        {"doing nothing": (6, 13, "right"), "KMeansSMOTE": (-7, -5, "right"), "HardTripletSampler": (-8, -1, "right"),
         "SVMSMOTE": (-7, 0, "right")},
    )  # fmt: skip
    dots(axes[1, 0], synthetic_rows(), "Synthetic rows", "accuracy on real rows")
    scatter(
        axes[1, 1], attacked_rows(), "Rows under attack", "accuracy without attack", "accuracy under attack",
        "upper right",
        {"doing nothing": (-8, 0, "right"), "ART, tuned": (0, -11, "left"), "early stopping": (0, -11, "center"),
         "RobustATWrapper": (6, 9, "left"), "treated always": (7, -4, "left"), "1.5 times the budget": (0, 9, "left")},
    )  # fmt: skip
    return figure


if __name__ == "__main__":
    PICTURE.parent.mkdir(parents=True, exist_ok=True)
    draw().savefig(PICTURE, dpi=130)
    print(PICTURE)
