"""The tables of results/smcae_quality.md, from the rows of smcae_quality.py."""

import numpy as np
import pandas as pd
from scipy.stats import t as student

NAMES = ("linear", "neighbours", "forest")
SINGLE = ["raw", "location-scale", "CORAL", "class-wise linear OT", "SMCAE"]
TUNED_ON = ["friedman"]
RARE = ["smote"]


def report(rows):
    """Return the report as Markdown."""
    rows = rows[rows["method"] != "done"].copy()
    rows["table"] = rows["set"] + " " + rows["size"].astype(str)
    for regime in ("alone", "both"):
        rows[regime] = rows[[f"{regime}_{name}" for name in NAMES]].mean(axis=1)
    reported = rows[~rows["set"].isin(TUNED_ON)]
    usual = reported[~reported["set"].isin(RARE)]
    parts = [
        "# SMCAE: what it brings, and where not",
        "Made by `benchmarks/smcae_quality.py report` from `smcae_reporting.csv`. Scores are means over a linear "
        "model, 5 nearest neighbours and a random forest: accuracy, balanced accuracy for rows of SMOTE, R^2 for "
        "friedman (a tuning set). Intervals are 95 % over seeds, or over tables and seeds.",
        f"Seeds a table: {sorted({int(n) for n in rows.groupby('table')['seed'].nunique()})}.",
        "## Train on synthetic rows alone, test on real ones",
        _scores(rows, "alone"),
        "## Train on synthetic and real rows",
        _scores(rows, "both"),
        "## Do no harm: SyntheticRefiner less the better of real rows alone and raw rows with real ones",
        _harm(reported),
        "## Train on synthetic: gain of `selected` over others",
        _gains(usual, "selected"),
        "## Train on synthetic: gain of SMCAE itself (select=None) over others",
        _gains(usual, "SMCAE"),
        "## Within 0.01 of the best single candidate",
        _regret(reported),
        "## What was selected",
        _selected(rows),
        "## Where SMCAE was selected: energy distance to test rows, and variance within classes over that of test rows",
        _where_chosen(reported),
        "## Rows that were not seen in fit",
        _new_rows(rows),
        "## Rows of SMOTE: average precision of the rare class, synthetic and real rows",
        _scores(rows[rows["set"].isin(RARE)], "both_ap"),
        "## Seconds of a fit with refine (two runs at once on two shared cores), mean",
        _seconds(rows),
    ]
    return "\n\n".join(parts)


def _interval(values):
    values = np.asarray(values, dtype=float)
    values = values[~np.isnan(values)]
    if len(values) < 2:
        return "-"
    half = student.ppf(0.975, len(values) - 1) * values.std(ddof=1) / np.sqrt(len(values))
    return f"{values.mean():+.3f} [{values.mean() - half:+.3f}, {values.mean() + half:+.3f}]"


def _markdown(frame):
    header = "| " + " | ".join([frame.index.name or "", *map(str, frame.columns)]) + " |"
    rule = "|" + "---|" * (frame.shape[1] + 1)
    lines = [
        "| " + " | ".join([str(name), *map(str, values)]) + " |" for name, values in zip(frame.index, frame.values)
    ]
    return "\n".join([header, rule, *lines])


def _wide(rows, value):
    """Return a table of one value: (table, seed) by method."""
    return rows.pivot_table(index=["table", "seed"], columns="method", values=value, sort=False)


def _scores(rows, value):
    means = rows.pivot_table(index="method", columns="table", values=value, sort=False)
    means = means.drop([name for name in means.index if "new rows" in name]).dropna(how="all")
    return _markdown(means.map(lambda score: "-" if np.isnan(score) else f"{score:.3f}"))


def _harm(rows):
    wide = _wide(rows, "both")
    change = wide["SyntheticRefiner"] - wide[["real only", "raw"]].max(axis=1)
    lines = {name: _interval(values) for name, values in change.groupby(level=0, sort=False)}
    lines["mean over tables"] = f"{change.groupby(level=0).mean().mean():+.4f}"
    lines["worst table"] = f"{change.groupby(level=0).mean().min():+.4f}"
    return _markdown(pd.DataFrame({"change": lines}))


def _gains(rows, name):
    wide = _wide(rows, "alone")
    others = [other for other in wide.columns if "new rows" not in other and other not in (name, "SyntheticRefiner")]
    tables = list(dict.fromkeys(wide.index.get_level_values(0)))
    lines = {}
    for other in others:
        gain = wide[name] - wide[other]
        lines[other] = [*[_interval(gain.loc[table]) for table in tables], _interval(gain)]
    return _markdown(pd.DataFrame(lines, index=[*tables, "all"]).T)


def _regret(rows):
    lines = {}
    for value in ("alone", "both"):
        means = _wide(rows, value).groupby(level=0, sort=False).mean().dropna(subset=["raw"])  # SMOTE: one class alone
        best = means[SINGLE].max(axis=1)
        lines[f"best single, {value}"] = means[SINGLE].idxmax(axis=1)
        lines[f"selected less it, {value}"] = (means["selected"] - best).map("{:+.4f}".format)
    return _markdown(pd.DataFrame(lines))


def _selected(rows):
    chosen = rows[rows["method"].isin(["selected", "SyntheticRefiner"])]
    counts = chosen.pivot_table(
        index=["method", "table"], columns="selected", values="seed", aggfunc="count", sort=False
    )
    counts.index = [f"{method}: {table}" for method, table in counts.index]
    return _markdown(counts.fillna(0).astype(int))


def _where_chosen(rows):
    chosen = rows[(rows["method"] == "selected") & (rows["selected"] == "smcae")]
    keys = list(zip(chosen["table"], chosen["seed"]))
    gaps = _wide(rows, "gap").loc[keys]
    low, high = (_wide(rows, name).loc[keys]["selected"] for name in ("variance_low", "variance_high"))
    real = [name for name in ("class-wise linear OT", "class-wise linear OT (plain)", "class-wise EMD") if name in gaps]
    lines = {
        table: [
            len(part), f"{part['selected'].mean():.3f}", *[f"{part[name].mean():.3f}" for name in real],
            f"{low.loc[table].mean():.2f}", f"{high.loc[table].mean():.2f}",
        ]
        for table, part in gaps.groupby(level=0, sort=False)
    }  # fmt: skip
    columns = ["times", "SMCAE", *real, "lowest variance ratio", "highest"]
    return _markdown(pd.DataFrame(lines, index=columns).T)


def _new_rows(rows):
    means = rows[rows["method"].str.contains("new rows") | (rows["method"] == "SMCAE")]
    means = means[means["table"].isin(means.loc[means["method"].str.contains("new rows"), "table"])]
    means = means.pivot_table(index="method", columns="table", values="alone", sort=False)
    return _markdown(means.map("{:.3f}".format))


def _seconds(rows):
    means = rows[rows["seconds"] > 0].pivot_table(index="method", columns="table", values="seconds", sort=False)
    return _markdown(means.map(lambda value: "-" if np.isnan(value) else f"{value:.1f}"))
