"""Print the measured figures of the README from the files in results/: what each method gains, beside what it does not.

python benchmarks/readme_results.py          # the README's table
python benchmarks/readme_results.py --all    # more figures of each benchmark, as in the documentation
"""

import csv
import json
import sys
from collections import Counter
from itertools import takewhile
from pathlib import Path
from statistics import median

RESULTS = Path(__file__).parent / "results"
PLAIN, ALWAYS = "AT, early stopping", "loss_scale + awp, last epoch"  # rows of robust_at_reporting


def rows(name):
    with (RESULTS / f"{name}.csv").open() as file:
        return list(csv.DictReader(file))


def number(row, name):
    return float(row[name])


def report_rows(name, heading):
    """Return the first table below a heading of a report in Markdown, as dicts."""
    lines = (RESULTS / f"{name}.md").read_text().splitlines()
    below = lines[next(i for i, line in enumerate(lines) if line.startswith("#") and line.strip("# ") == heading) :]
    begin = next(i for i, line in enumerate(below) if line.startswith("|"))
    shown = takewhile(lambda line: line.startswith("|"), below[begin:])
    table = [[cell.strip() for cell in line.strip("|").split("|")] for line in shown]
    return [dict(zip(table[0], row)) for row in table[2:]]


def speed_lines():
    peers = rows("smogn_speed_peers")
    run = [row for row in peers if row["smogn_ratio"] != "nan"]
    slow = [row for row in run if number(row, "smogn_seconds") >= 5]
    fast = [row for row in run if number(row, "smogn_seconds") < 5]
    yield f"| `SMOGN` against `smogn`, {len(slow)} tables where that takes over 5 s | {span(slow, 'smogn_ratio')} |"
    yield f"| the same, {len(fast)} tables where it takes less | {span(fast, 'smogn_ratio')} |"
    run = [row for row in peers if row["imbreg_ratio"] != "nan"]
    yield f"| `SMOGN` against `imbreg` at the same output size, {len(run)} tables | {span(run, 'imbreg_ratio')} |"
    large = {row["case"]: row for row in rows("smogn_speed_large")}
    plain, mixed = large["array"], large["mixed"]
    yield (
        f"| 100,000 x 50, 5 % rare, {int(plain['synthetic_rows']):,} new rows | {number(plain, 'seconds'):.1f} s, "
        f"{number(plain, 'extra_megabytes'):.0f} MB more memory; mixed types {number(mixed, 'ratio_to_array'):.2f} x |"
    )
    imports = {row["statement"]: row for row in rows("import_time")}
    yield (
        f"| `from skgan_resample import SMOGN` against imblearn's SMOTE | "
        f"{number(imports['from skgan_resample import SMOGN'], 'ratio'):.2f} x, torch not loaded |"
    )


def span(found, name):
    """Return smallest, median and largest ratio, with the table of the smallest."""
    ordered = sorted(found, key=lambda row: number(row, name))
    ratios = [number(row, name) for row in ordered]
    return f"{ratios[0]:,.0f} x ({ordered[0]['table']}) to {ratios[-1]:,.0f} x, median {median(ratios):,.0f} x"


def verdict_lines():
    names = {
        "null": "shuffled target: recommends nothing",
        "pocket": "planted gain by new rows: recommends a sampler",
        "shrunk": "planted gain by output correction: recommends a recalibration",
    }
    verdicts = rows("compare_verdicts")
    for case, text in names.items():
        found = [row for row in verdicts if row["case"] == case]
        yield f"| `compare`, {text} | {sum(row['right'] == 'True' for row in found)} of {len(found)} |"


def smogan_lines():
    """Yield what SMOGAN does on the tables that nothing was tuned on."""
    found = json.loads((RESULTS / "smogan_figures_reporting.json").read_text())
    yield (
        f"| SMOGAN against doing nothing, {found['tables']} tables not used for tuning, {found['learners']} learners | "
        f"{effect(found['to none'])} |"
    )
    simpler = {"smogn-0.8": "`SMOGN()` as it is", "light-correction": "`OutputCorrectedRegressor(strength=0.2)`"}
    for name, what in simpler.items():
        yield f"| {what} against doing nothing, same tables | {effect(found['simpler to none'][name])} |"
    yield f"| learners for which SMOGAN lowers SERA beyond chance (Holm) | {found['learners better than none']} |"
    yield f"| SMOGAN against its own stage 1, same number of rows | {effect(found['to stage 1'])} |"
    for name, part in found["parts to stage 1"].items():
        what = name.removeprefix("smogan-").replace("-only", " alone")
        yield f"| its {what} against stage 1 | {effect(part)} |"
    rivals = {"duplicate": "copies of any rows", "correction": "recalibrated predictions", "weights": "weights"}
    for name, what in rivals.items():
        yield f"| SMOGAN against {what} at the same RMSE | SERA x {found['matched'][name]} |"
    yield f"| SMOGAN against new rows from noise: lower SERA | {found['beats noise-gan']} tables |"


def robust_lines():
    """Yield what adversarial training with a treatment is worth, per table; figures are means over seeds."""
    reporting = rows("robust_at_reporting")
    shown = {
        "auto": "`RobustATWrapper()`",
        "AT, early stopping": "plain adversarial training, early stopping",
        "AT at 1.5 eps, last epoch": "plain adversarial training at 1.5 times the budget",
        "ART, tuned": "ART's Madry trainer, tuned (budget, step, epochs)",
        "ART": "ART's Madry trainer",
        "not adversarial": "no adversarial training",
    }
    names = list(dict.fromkeys(row["set"] for row in reporting))
    yield f"| accuracy under attack (without), 0.3 sd: {', '.join(names)} | |"
    for method, what in shown.items():
        cells = []
        for name in names:
            found = [row for row in reporting if row["set"] == name and row["method"] == method]
            cells.append("{:.3f} ({:.3f})".format(*(mean(found, which) for which in ("robust", "clean"))))
        yield f"| {what} | {', '.join(cells)} |"
    above = [number(row, "robust_score") - number(row, "robust") for row in reporting if row["robust_score"] != "nan"]
    yield f"| `robust_score` above the worst of independent attacks, {len(above)} networks | at most {max(above):.3f} |"
    found = [row for row in rows("robust_at_gaps") if row["method"] == "plain"]
    large = [row for row in found if number(row, "best") - number(row, "last") >= 0.05]
    fired = sum(row["detected"] == "True" for row in large)
    yield f"| robust overfitting of 0.05 or more on test rows: detected | {fired} of {len(large)} |"
    controls = rows("robust_at_controls")
    fired = sum(row["detected"] == "True" for row in controls)
    yield f"| controls without it (digits, letter): detected | {fired} of {len(controls)} |"
    speed = {(row["what"], row["method"]): row for row in rows("robust_at_speed")}
    for method in ("plain", "loss_scale + awp"):
        ratios = [number(row, "ratio") for (_, name), row in speed.items() if name == method]
        yield f"| training beside ART's at equal work, {method} | {min(ratios):.1f} x to {max(ratios):.1f} x as fast |"


def smcae_lines():
    """Yield what synthetic rows are worth before and after they are moved; means over seeds and learners."""
    names = ("linear", "neighbours", "forest")
    reporting = [row for row in rows("smcae_reporting") if row["set"] in ("digits", "ctgan", "tvae")]
    seeds = Counter((row["set"], row["size"]) for row in reporting if row["method"] == "done")
    tables = [table for table, n_seeds in seeds.items() if n_seeds == max(seeds.values())]
    shown = {
        "real only": "real rows alone",
        "raw": "synthetic rows as they are",
        "CORAL": "CORAL",
        "class-wise linear OT (plain)": "linear transport, class by class",
        "class-wise EMD": "POT's EMD, class by class",
        "SMCAE": "SMCAE (`select=None`)",
        "selected": "`SMCAETransformer()`",
    }
    yield f"| accuracy of models trained on: {', '.join(' '.join(table) for table in tables)} real rows | |"
    for method, what in shown.items():
        cells = []
        for table in tables:
            found = [row for row in reporting if (row["set"], row["size"]) == table and row["method"] == method]
            cells.append(f"{sum(mean(found, f'alone_{name}') for name in names) / 3:.3f}")
        yield f"| {what} | {', '.join(cells)} |"
    for method, what in {"raw": "real and synthetic rows", "SyntheticRefiner": "`SyntheticRefiner`"}.items():
        cells = []
        for table in tables:
            found = [row for row in reporting if (row["set"], row["size"]) == table and row["method"] == method]
            cells.append(f"{sum(mean(found, f'both_{name}') for name in names) / 3:.3f}")
        yield f"| {what} | {', '.join(cells)} |"


def hard_triplet_lines():
    """Yield what over-sampling rare classes and learned spaces are worth; means over tables."""
    found = json.loads((RESULTS / "hard_triplet_figures.json").read_text())
    shown = {
        "none": "doing nothing",
        "weights": "class weights (not for kNN)",
        "random": "copies of rare rows",
        "smote": "SMOTE",
        "borderline-smote": "BorderlineSMOTE",
        "adasyn": "ADASYN",
        "kmeans-smote": "KMeansSMOTE (nothing where it fails)",
        "svm-smote": "SVMSMOTE",
        "hard-triplet": "`HardTripletSampler()`",
    }
    yield (
        f"| rare classes, {found['tables']} tables not used for tuning, 4 learners: F1, G-mean, average precision; "
        "F1 and G-mean with tuned thresholds | |"
    )
    for method, what in shown.items():
        row = found["methods"][method]
        usual = ", ".join(f"{row[name]:.3f}" for name in ("f1", "g_mean", "average_precision"))
        tuned = ", ".join(f"{row[name]:.3f}" for name in ("f1_tuned", "g_mean_tuned"))
        yield f"| {what} | {usual}; {tuned} |"
    found = json.loads((RESULTS / "hard_triplet_embedding_figures.json").read_text())
    shown = {
        "raw": "raw features",
        "LDA, shrunk": "shrunk LDA",
        "mined: all": "mined triplets, all",
        "mined: semihard": "mined triplets, semihard",
        "mined: batch-hard": "mined triplets, batch-hard",
        "mined: multi-similarity": "mined triplets, multi-similarity",
        "ours": "`HardTripletEmbedder()`",
    }
    closed, disjoint = found["tables"]
    yield (
        f"| 12 rows a class, {closed} tables: accuracy of 1 and 5 nearest neighbours; unseen classes, {disjoint} "
        "tables: recall at 1 | |"
    )
    for method, what in shown.items():
        near = ", ".join(f"{found['closed'][method][name]:.3f}" for name in ("accuracy_1", "accuracy_5"))
        yield f"| {what} | {near}; {found['disjoint'][method]['recall_1']:.3f} |"


def mean(found, name):
    return sum(number(row, name) for row in found) / len(found)


def effect(found):
    return f"SERA x {found['sera']}, RMSE x {found['rmse']}"


def summary():
    """Return the README's table, a string of Markdown: a method a row, its gain beside its cost or its rivals."""
    return "\n".join(
        [
            "| what | measured | the cost, or what does as well |",
            "|---|---|---|",
            *(f"| {what} | {gain} | {cost} |" for what, gain, cost in summary_rows()),
        ]
    )


def summary_rows():
    """Yield the rows of the README's table: what, its gain, and its cost or what does as well."""
    right = Counter(row["case"] for row in rows("compare_verdicts") if row["right"] == "True")
    tried = Counter(row["case"] for row in rows("compare_verdicts"))
    yield (
        "`compare` on tables with a known answer",
        f"nothing to find: recommends nothing in {right['null']} of {tried['null']}",
        f"a planted gain of new rows, or of recalibration: finds it in {right['pocket']} and {right['shrunk']} of "
        f"{tried['pocket']}",
    )
    found = json.loads((RESULTS / "smogan_figures_reporting.json").read_text())
    simple, light = (found["simpler to none"][name] for name in ("smogn-0.8", "light-correction"))
    common = {row["method"]: row["common RMSE"] for row in against_none()}
    yield (
        f"rare values, {found['tables']} tables: `SMOGN()`",
        f"SERA x {simple['sera']}",
        f"RMSE x {simple['rmse']}, common rows x {common['smogn-0.8']}; a light output correction: {effect(light)}, "
        f"common rows x {common['light-correction']}",
    )
    yield (
        "the same: `SMOGANRegressorResampler`",
        f"SERA x {found['to none']['sera']}",
        f"RMSE x {found['to none']['rmse']}; against its own first stage: SERA x {found['to stage 1']['sera']}",
    )
    methods = json.loads((RESULTS / "hard_triplet_figures.json").read_text())
    n_tables, methods = methods["tables"], methods["methods"]
    ours, smote, none = (methods[name] for name in ("hard-triplet", "smote", "none"))
    tests = report_rows("hard_triplet_imbalanced", "Tests over tables")
    (p_smote,) = (float(row["p (Holm)"]) for row in tests if (row["measure"], row["peer"]) == ("f1", "smote"))
    yield (
        f"rare classes, {n_tables} tables: `HardTripletSampler`",
        f"F1 {ours['f1']:.3f}; SMOTE {smote['f1']:.3f} (p {p_smote:.1f}), nothing {none['f1']:.3f}",
        f"thresholds tuned for all: {ours['f1_tuned']:.3f}; {smote['f1_tuned']:.3f}, nothing {none['f1_tuned']:.3f}",
    )
    found = json.loads((RESULTS / "hard_triplet_embedding_figures.json").read_text())
    near = {name: row["accuracy_1"] for name, row in found["closed"].items()}
    unseen = {name: row["recall_1"] for name, row in found["disjoint"].items()}
    mined = max(value for name, value in near.items() if name.startswith("mined"))
    yield (
        f"12 rows a class, {found['tables'][0]} tables: `HardTripletEmbedder`",
        f"1-NN accuracy {near['ours']:.3f}; raw features {near['raw']:.3f}",
        f"shrunk LDA {near['LDA, shrunk']:.3f}, best mined triplets {mined:.3f}; unseen classes: raw features "
        f"{unseen['raw']:.3f}, learned {unseen['ours, always learned']:.3f}",
    )
    for name, what in {"digits": "rendered digits", "ctgan": "rows of CTGAN", "tvae": "rows of TVAE"}.items():
        size, accuracy = synthetic_accuracy(name)
        yield (
            f"{what}, {size} real rows: `SMCAETransformer`",
            f"accuracy {accuracy['selected']:.3f}; not moved {accuracy['raw']:.3f}",
            f"linear transport by class {accuracy['class-wise linear OT (plain)']:.3f}, POT's EMD by class "
            f"{accuracy['class-wise EMD']:.3f}, real rows alone {accuracy['real only']:.3f}",
        )
    reporting = rows("robust_at_reporting")
    tables = list(dict.fromkeys(row["set"] for row in reporting))

    def over_tables(method, measure):
        found = [[row for row in reporting if (row["set"], row["method"]) == (name, method)] for name in tables]
        return sum(mean(rows_of_one, measure) for rows_of_one in found) / len(tables)

    under, without = (
        {method: over_tables(method, measure) for method in ("auto", "ART, tuned", "not adversarial", PLAIN, ALWAYS)}
        for measure in ("robust", "clean")
    )
    yield (
        f"rows under attack, {len(tables)} tables: `RobustATWrapper`",
        f"accuracy {under['auto']:.3f}; plain adversarial training {under[PLAIN]:.3f}, none "
        f"{under['not adversarial']:.3f}",
        f"without attack {without['auto']:.3f} for {without['not adversarial']:.3f}; treated always: "
        f"{under[ALWAYS]:.3f} and {without[ALWAYS]:.3f}; ART, tuned: {under['ART, tuned']:.3f} and "
        f"{without['ART, tuned']:.3f}",
    )
    peers = [row for row in rows("smogn_speed_peers") if row["imbreg_ratio"] != "nan"]
    yield (
        f"speed of `SMOGN`, {len(peers)} tables",
        f"beside `smogn` {span([row for row in peers if row['smogn_ratio'] != 'nan'], 'smogn_ratio')}",
        f"beside `imbreg` {span(peers, 'imbreg_ratio')}",
    )


def against_none():
    """Return what every method for rare values does to the errors, from the report on the reporting sets."""
    return report_rows("smogan_quality_reporting", "All methods against none")


def synthetic_accuracy(name):
    """Return the middle (of two the larger) number of real rows of a set, and each method's accuracy there.

    Means over seeds and models.
    """
    reporting = [row for row in rows("smcae_reporting") if row["set"] == name]
    sizes = sorted({int(row["size"]) for row in reporting})
    size = sizes[len(sizes) // 2]
    found = {}
    for method in ("raw", "class-wise linear OT (plain)", "class-wise EMD", "selected", "real only"):
        same = [row for row in reporting if (row["size"], row["method"]) == (str(size), method)]
        found[method] = sum(mean(same, f"alone_{model}") for model in ("linear", "neighbours", "forest")) / 3
    return size, found


def lines():
    """Return all figures, a string of Markdown."""
    facts = json.loads((RESULTS / "smogn_speed_peers.json").read_text())["versions"]
    table = [
        "| what | measured |",
        "|---|---|",
        *speed_lines(),
        *verdict_lines(),
        *smogan_lines(),
        *smcae_lines(),
        *hard_triplet_lines(),
        *robust_lines(),
    ]
    versions = f"NumPy {facts['numpy']}, scikit-learn {facts['scikit-learn']}"
    note = f"One thread, {versions}, ratios in one run; in brackets 95 % intervals over tables."
    return "\n".join([*table, "", note])


if __name__ == "__main__":
    print(lines() if "--all" in sys.argv[1:] else summary())
