"""Write what the documentation shows of results/: figures for its sentences, tables for its guides, and whole pages.

    python benchmarks/docs_results.py FOLDER    # docs/conf.py does so at every build, into docs/measured

No figure is typed into a page. `figures` gives each a name, which pages use as ``|smogan-sera|``; `guide_tables` are
included by the guides; `pages` are the benchmarks, one page a question, with every table of results/*.md, the small CSV
files in full, and seeds and versions.
"""

import ast
import csv
import json
import math
import re
import sys
from pathlib import Path
from statistics import fmean, median

import readme_results
from readme_results import RESULTS, mean, number, rows

SMALL = 60  # CSV files of at most so many rows are shown in full


# ------------------------------------------------------------------------------------------------ reading Markdown
def blocks(text):
    """Return a Markdown text in pieces: (kind, content), kinds heading, table, item and paragraph.

    A heading is (level, words), a table a list of rows of cells, header first. Only what our reports use is read.
    """
    found = []
    for line in text.splitlines():
        line = line.strip()
        last = found[-1][0] if found else "blank"
        if not line:
            found.append(("blank", None))
        elif line.startswith("#"):
            level = len(line) - len(line.lstrip("#"))
            found.append(("heading", (level, line[level:].strip())))
        elif line.startswith("|"):
            cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
            if last != "table":
                found.append(("table", [cells]))
            elif not all(re.fullmatch(r":?-+:?", cell) for cell in cells):
                found[-1][1].append(cells)
        elif line.startswith("- "):
            found.append(("item", line[2:]))
        elif last in ("item", "paragraph"):
            found[-1] = (last, f"{found[-1][1]} {line}")
        else:
            found.append(("paragraph", line))
    return [block for block in found if block[0] != "blank"]


def report(name):
    return blocks((RESULTS / f"{name}.md").read_text())


def cells_of(name, heading):
    """Return the first table under a heading of a report, as a dict of dicts by first column and by column."""
    found = iter(report(name))
    for kind, content in found:
        if kind == "heading" and content[1] == heading:
            break
    header, *body = next(content for kind, content in found if kind == "table")
    return {row[0]: dict(zip(header, row)) for row in body}


# ------------------------------------------------------------------------------------------------ writing rst
def escape(text):
    """Return words of Markdown as reStructuredText: code as code, everything else as it is."""
    parts = re.split(r"`([^`]+)`", text)
    plain = [re.sub(r"([\\*`|_])", r"\\\1", part) for part in parts[::2]]
    plain[0] = re.sub(r"^(?=([-+\u2022]|\w+[.)])(\s|$))", r"\\", plain[0])  # no list
    pieces = [plain[0]]
    for code, after in zip(parts[1::2], plain[1:]):
        glue = "\\ " if after and after[0].isalnum() else ""
        pieces += [f"``{code}``", glue + after]
    return "".join(pieces)


def list_table(table, *, look="measured figures"):
    """Return a table, a list of rows of cells of rst with the header first."""
    lines = [".. list-table::", "   :header-rows: 1", f"   :class: {look}", ""]
    for row in table:
        for i, cell in enumerate(row):
            lines.append(("   * - " if i == 0 else "     - ") + cell)
    return "\n".join([*(line.rstrip() for line in lines), ""])


def to_rst(found, *, underlines="-~^"):
    """Return pieces of Markdown as rst; the highest heading is a section of the page."""
    top = min((content[0] for kind, content in found if kind == "heading"), default=1)
    lines = []
    for kind, content in found:
        if kind == "heading":
            words = escape(content[1])
            lines += [words, underlines[content[0] - top] * len(words), ""]
        elif kind == "table":
            lines += [list_table([[escape(cell) for cell in row] for row in content])]
        elif kind == "item":
            lines += [f"- {escape(content)}", ""]
        else:
            lines += [escape(content), ""]
    return "\n".join(lines)


# ------------------------------------------------------------------------------------------------ figures
def figures():
    """Return every figure that a sentence of the documentation may use, by name."""
    found = {}
    for part in (_smogan, _hard_triplets, _smcae, _robust, _speed, _verdicts):
        part(found)
    return found


def _smogan(found):
    smogan = json.loads((RESULTS / "smogan_figures_reporting.json").read_text())
    found["smogan-tables"], found["smogan-learners"] = str(smogan["tables"]), str(smogan["learners"])
    found["smogan-learners-better"] = str(smogan["learners better than none"])
    effects = {
        "smogan": smogan["to none"],
        "smogn": smogan["simpler to none"]["smogn-0.8"],
        "light": smogan["simpler to none"]["light-correction"],
        "stage1": smogan["to stage 1"],
        "network": smogan["parts to stage 1"]["smogan-network-only"],
        "target-refinement": smogan["parts to stage 1"]["smogan-teacher-only"],
    }
    for name, effect in effects.items():
        found[f"{name}-sera"], found[f"{name}-rmse"] = effect["sera"], effect["rmse"]
    for rival, effect in smogan["matched"].items():
        found[f"smogan-matched-{rival.replace('+', '-')}"] = effect
    found["smogan-beats-noise"] = smogan["beats noise-gan"].replace("/", " of ")
    methods = cells_of("smogan_quality_reporting", "All methods against none")
    for name in ("weights", "correction", "weights+correction", "duplicate"):
        row, short = methods[name], name.replace("+", "-")
        found[f"{short}-sera"], found[f"{short}-rmse"] = row["SERA"], row["RMSE"]
        found[f"{short}-common"], found[f"{short}-won"] = row["common RMSE"], row["won"].replace("/", " of ")
    found["light-common"] = methods["light-correction"]["common RMSE"]
    found["smogn-common"] = methods["smogn-0.8"]["common RMSE"]
    rivals = cells_of("smogan_quality_reporting", "SMOGAN against its own stage 1 and against other means")
    found["smogan-noise-sera"], found["smogan-noise-p"] = rivals["noise-gan"]["SERA"], rivals["noise-gan"]["p"]
    neighbours = _ratios_of_learner("kNN")
    for name in ("smogn", "random", "weights"):
        for measure in ("sera", "rmse"):
            found[f"knn-{name}-{measure}"] = f"{neighbours[name, measure]:.3f}"
    every = cells_of("smogan_quality_reporting", "What refinement did")["all"]
    found["smogan-fits"] = every["fits"]
    found["smogan-step-0"], found["smogan-moved"] = every["best step 0"], every["rows moved"]
    found["smogan-targets-refined"], found["smogan-fallen-back"] = every["targets taught"], every["fallen back"]
    seconds = [number(row, "seconds") for row in rows("smogan_fits_reporting")]
    found["smogan-fit-seconds"] = f"{min(seconds):.1f} to {max(seconds):.1f} s"


def _ratios_of_learner(learner):
    """Return the ratio of each method to doing nothing for one learner, geometric means over folds and then tables."""
    logs = {}
    for row in rows("smogan_quality_reporting"):
        if row["learner"] == learner:
            for measure in ("sera", "rmse"):
                logs[row["method"], row["table"], row["fold"], measure] = math.log(number(row, measure))
    by_table = {}
    for (method, table, fold, measure), value in logs.items():
        by_table.setdefault((method, measure), {}).setdefault(table, []).append(
            value - logs["none", table, fold, measure]
        )
    return {key: math.exp(fmean(fmean(folds) for folds in tables.values())) for key, tables in by_table.items()}


def _hard_triplets(found):
    name = "hard_triplet_imbalanced"
    usual = cells_of(name, "Usual threshold")
    tuned = cells_of(name, "Thresholds tuned on inner folds for every method, doing nothing included")
    for method, short in {"hard-triplet": "ht", "none": "ht-none", "smote": "smote", "svm-smote": "svm-smote"}.items():
        for measure in ("f1", "g_mean", "average_precision", "brier"):
            found[f"{short}-{measure.replace('_', '-')}"] = f"{float(usual[method][measure]):.3f}"
        for measure in ("f1_tuned", "g_mean_tuned", "brier_corrected"):
            found[f"{short}-{measure.replace('_', '-')}"] = f"{float(tuned[method][measure]):.3f}"
    header, *tests = next(c for k, c in report(name) if k == "table" and c[0][0] == "measure")
    for row in (dict(zip(header, test)) for test in tests):
        if row["peer"] in ("none", "smote", "svm-smote"):
            short = f"ht-to-{row['peer']}-{row['measure'].replace('_', '-')}"
            found[short], found[f"{short}-p"] = row["difference"], f"{float(row['p (Holm)']):.2g}"
            found[f"{short}-won"] = row["better on"]
    variants = cells_of(name, "Variants of ours")
    for variant, short in {"hard-triplet": "default", "no choice by confidence": "unchosen"}.items():
        for measure in ("f1", "g_mean", "average_precision"):
            found[f"ht-{short}-{measure.replace('_', '-')}"] = f"{float(variants[variant][measure]):.3f}"
    figures = json.loads((RESULTS / "hard_triplet_figures.json").read_text())
    found["ht-tables"], found["ht-fallback"] = str(figures["tables"]), f"{100 * figures['fallback']:.0f} %"
    seconds = next(c for k, c in report(name) if k == "paragraph" and c.startswith("Seconds of resampling"))
    for method, short in {"hard-triplet": "ht", "smote": "smote"}.items():
        found[f"{short}-seconds"] = re.search(rf"[ ,]{method} ([0-9.]+)", seconds).group(1) + " s"
    name = "hard_triplet_embedding"
    closed, disjoint = (
        cells_of(name, "Closed set, accuracy of the nearest neighbours"),
        cells_of(name, "Class-disjoint"),
    )
    for method, short in {"ours": "embedder", "LDA, shrunk": "lda", "raw": "raw", "mined: batch-hard": "mined"}.items():
        for k in ("1", "5"):
            found[f"{short}-accuracy-{k}"] = f"{float(closed[method][f'accuracy_{k}']):.3f}"
    for method, short in {"raw": "raw", "ours, always learned": "learned", "LDA, shrunk": "lda"}.items():
        found[f"{short}-disjoint"] = f"{float(disjoint[method]['recall_1']):.3f}"
    learned = ("LDA, shrunk", "NCA", *(method for method in disjoint if method.startswith("mined")))
    found["best-learned-disjoint"] = f"{max(float(disjoint[method]['recall_1']) for method in learned):.3f}"
    for kind, content in report(name):
        known = kind == "item" and re.match(r"accuracy_([15]): ours less mined.*?: (\S+ \[.*?\])", content)
        if known:
            found[f"embedder-gain-{known.group(1)}"] = known.group(2)
    closed, disjoint = json.loads((RESULTS / "hard_triplet_embedding_figures.json").read_text())["tables"]
    found["embedder-tables"], found["embedder-tables-disjoint"] = str(closed), str(disjoint)


def _smcae(found):
    gains = cells_of("smcae_quality", "Train on synthetic: gain of `selected` over others")
    rivals = {
        "raw": "raw",
        "CORAL": "coral",
        "class-wise linear OT (plain)": "linear",
        "class-wise linear OT": "base",
        "class-wise EMD": "emd",
        "real only": "real",
    }
    for rival, short in rivals.items():
        for table, value in gains[rival].items():
            if table:
                found[f"smcae-over-{short}-{table.replace(' ', '-')}"] = value
    harm = cells_of(
        "smcae_quality", "Do no harm: SyntheticRefiner less the better of real rows alone and raw rows with real ones"
    )
    for table, row in harm.items():
        found[f"refiner-{table.replace(' ', '-')}"] = row["change"]
    found["refiner-worst-table"] = found["refiner-worst-table"].removeprefix("-")
    heading = (
        "Where SMCAE was selected: energy distance to test rows, and variance within classes over that of test rows"
    )
    spread = cells_of("smcae_quality", heading).values()
    found["smcae-lowest-variance"] = f"{min(float(row['lowest variance ratio']) for row in spread):.2f}"
    times = cells_of("smcae_quality", "What was selected")
    for table in ("ctgan 1000", "tvae 1000"):
        row = times[f"selected: {table}"]
        name = max((column for column in row if column), key=lambda column: int(row[column]))
        found[f"smcae-mostly-{table.replace(' ', '-')}"] = f"{row[name]} of {sum(int(v) for k, v in row.items() if k)}"


def _robust(found):
    reporting = rows("robust_at_reporting")
    names = list(dict.fromkeys(row["set"] for row in reporting))
    shorts = {
        "auto": "auto",
        "AT, early stopping": "plain",
        "AT at 1.5 eps, last epoch": "wide",
        "loss_scale + awp, last epoch": "always",
        "ART, tuned": "art",
        "not adversarial": "ordinary",
    }
    cost = []
    for name in names:
        for method, short in shorts.items():
            of = [row for row in reporting if row["set"] == name and row["method"] == method]
            found[f"{short}-{name}-robust"] = f"{mean(of, 'robust'):.3f}"
            found[f"{short}-{name}-clean"] = f"{mean(of, 'clean'):.3f}"
        clean = {row["method"]: [] for row in reporting}
        for row in reporting:
            if row["set"] == name:
                clean[row["method"]].append(row)
        cost.append(mean(clean["not adversarial"], "clean") - mean(clean["auto"], "clean"))
        heading = next(c[1] for k, c in report("robust_at_quality") if k == "heading" and c[1].startswith(f"{name}, "))
        gains = cells_of("robust_at_quality", heading)
        for method, short in shorts.items():
            found[f"{short}-over-plain-{name}"] = gains[method]["robust, less that of AT with early stopping"]
    for method, short in shorts.items():
        of = [[row for row in reporting if (row["set"], row["method"]) == (name, method)] for name in names]
        for which in ("robust", "clean"):
            found[f"{short}-mean-{which}"] = f"{fmean(mean(seeds, which) for seeds in of):.3f}"
    found["robust-tables"] = str(len(names))
    found["robust-clean-cost"] = f"{100 * min(cost):.1f} to {100 * max(cost):.1f} points"
    gaps = next(c for k, c in report("robust_at_quality") if k == "table" and c[0][:3] == ["set", "method", "best"])
    for row in (dict(zip(gaps[0], cells)) for cells in gaps[1:]):
        if row["method"] == "plain":
            found[f"ro-gap-{row['set']}"], found[f"ro-detected-{row['set']}"] = row["gap"], row["detected"]
    for line in readme_results.robust_lines():
        what, value = (
            (cell.strip() for cell in line.strip("| ").split(" | ", 1)) if " | " in line.strip("| ") else ("", "")
        )
        for beginning, name in {
            "`robust_score` above": "robust-score-above",
            "robust overfitting of 0.05": "ro-detected",
            "controls without it": "ro-controls",
            "training beside ART's at equal work, plain": "art-speed-plain",
            "training beside ART's at equal work, loss_scale": "art-speed-treated",
        }.items():
            if what.startswith(beginning):
                found[name] = value.removeprefix("at most ").removesuffix(" as fast")


def _speed(found):
    peers = rows("smogn_speed_peers")
    for peer in ("smogn", "imbreg"):
        ratios = sorted(number(row, f"{peer}_ratio") for row in peers if row[f"{peer}_ratio"] != "nan")
        found[f"speed-{peer}-tables"] = str(len(ratios))
        found[f"speed-{peer}-median"] = f"{median(ratios):,.0f}"
    large = {row["case"]: row for row in rows("smogn_speed_large")}["array"]
    found["speed-large-seconds"] = f"{number(large, 'seconds'):.1f} s"
    found["speed-large-memory"] = f"{number(large, 'extra_megabytes'):.0f} MB"
    found["speed-large-rows"] = f"{int(large['synthetic_rows']):,}"
    smogan = {(row["table"], row["case"]): row for row in rows("smogan_speed")}
    row = smogan["1000 of 10000", "fit_resample, warm"]
    found["speed-smogan-seconds"] = f"{number(row, 'seconds'):.1f} s"
    found["speed-smogan-times-smogn"] = f"{number(row, 'ratio'):.0f}"
    imports = {row["statement"]: row for row in rows("import_time")}
    found["import-ratio"] = f"{number(imports['from skgan_resample import SMOGN'], 'ratio'):.2f}"


def _verdicts(found):
    verdicts = rows("compare_verdicts")
    for case in ("null", "pocket", "shrunk"):
        of = [row for row in verdicts if row["case"] == case]
        found[f"verdict-{case}"] = f"{sum(row['right'] == 'True' for row in of)} of {len(of)}"


# ------------------------------------------------------------------------------------------------ tables of the guides
def guide_tables():
    """Return what written pages include, rst by file name: tables, and the questions with their answers."""
    return {
        "table_regression": _regression_table(),
        "table_classes": _classes_table(),
        "table_embedding": _embedding_table(),
        "table_smcae": _smcae_table(),
        "table_robust": _robust_table(),
        "answers": "\n".join(f":doc:`/measured/{name}`\n   {page['answer']}\n" for name, page in PAGES.items()),
    }


def _regression_table():
    shown = {
        "none": "doing nothing",
        "duplicate": "copies of any rows, as many as SMOGAN adds",
        "light-correction": "light output correction",
        "correction": "full output correction",
        "weights": "weights by relevance",
        "weights+correction": "weights and full correction",
        "random": "``RandomOverSampler``",
        "smoter": "``SMOTER``",
        "smogn-0.8": "``SMOGN()``, its defaults",
        "imbreg": "the imbreg package",
        "noise-gan": "a GAN fed with noise",
        "smogan-stage1": "SMOGAN, stage 1 alone",
        "smogan-network-only": "SMOGAN, network alone",
        "smogan-teacher-only": "SMOGAN, target refinement alone",
        "smogan": "``SMOGANRegressorResampler()``",
    }
    measured = cells_of("smogan_quality_reporting", "All methods against none")
    columns = ["SERA", "RMSE", "common RMSE", "total", "won"]
    header = ["", "SERA", "RMSE", "RMSE, common", "total", "won"]
    body = [[what, *(escape(measured[name][column]) for column in columns)] for name, what in shown.items()]
    body[0] = ["doing nothing", "1", "1", "1", measured["none"]["total"], ""]
    return list_table([header, *body])


def _classes_table():
    measured = json.loads((RESULTS / "hard_triplet_figures.json").read_text())["methods"]
    names = [name for name in measured if name != "duplicate"]
    columns = ["f1", "g_mean", "average_precision", "f1_tuned", "g_mean_tuned"]
    header = ["", "F1", "G-mean", "average precision", "F1, tuned threshold", "G-mean, tuned threshold"]
    labels = {
        "none": "doing nothing",
        "weights": "class weights (not for kNN)",
        "random": "copies of rare rows",
        "smote": "SMOTE",
        "borderline-smote": "BorderlineSMOTE",
        "adasyn": "ADASYN",
        "kmeans-smote": "KMeansSMOTE (nothing where it fails)",
        "svm-smote": "SVMSMOTE",
        "hard-triplet": "``HardTripletSampler()``",
    }
    body = [[labels.get(name, name), *(f"{measured[name][column]:.3f}" for column in columns)] for name in names]
    return list_table([header, *body])


def _embedding_table():
    measured = json.loads((RESULTS / "hard_triplet_embedding_figures.json").read_text())
    labels = {"raw": "raw features", "ours": "``HardTripletEmbedder()``"}
    header = ["", "accuracy, 1 neighbour", "accuracy, 5 neighbours", "recall at 1, unseen classes"]
    body = [
        [
            labels.get(name, escape(name)),
            *(f"{measured['closed'][name][column]:.3f}" for column in ("accuracy_1", "accuracy_5")),
            f"{measured['disjoint'][name]['recall_1']:.3f}",
        ]
        for name in measured["closed"]
    ]
    return list_table([header, *body])


def _smcae_table():
    title, *lines = readme_results.smcae_lines()
    tables = title.split(": ", 1)[1].removesuffix(" real rows | |").split(", ")
    body = []
    for line in lines:
        what, values = (cell.strip() for cell in line.strip("| ").split(" | "))
        body.append([escape(what), *values.split(", ")])
    return list_table([["trained on", *tables], *body])


def _robust_table():
    shown = {
        "auto": "``RobustATWrapper()``",
        "AT, early stopping": "plain adversarial training, early stopping",
        "AT, last epoch": "plain, last epoch",
        "AT at 1.5 eps, last epoch": "plain, at 1.5 times the budget",
        "loss_scale + awp, last epoch": "always treated: loss scaling, weight perturbation",
        "loss_scale + attack_strength + awp, last epoch": "the same with a stronger attack",
        "ART": "ART's Madry trainer",
        "ART, tuned": "ART's, tuned (budget, step, epochs)",
        "not adversarial": "no adversarial training",
    }
    reporting = rows("robust_at_reporting")
    names = list(dict.fromkeys(row["set"] for row in reporting))
    body = []
    for method, what in shown.items():
        means = []
        for name in names:
            found = [row for row in reporting if (row["set"], row["method"]) == (name, method)]
            means.append((mean(found, "robust"), mean(found, "clean")))
        means.append(tuple(map(fmean, zip(*means))))
        body.append([what, *(f"{robust:.3f} ({clean:.3f})" for robust, clean in means)])
    return list_table([["under attack (without)", *names, "mean"], *body])


# ------------------------------------------------------------------------------------------------ pages
PAGES = {
    "smogan": {
        "title": "Does SMOGAN predict rare values better?",
        "reports": ["smogan_quality_reporting", "smogan_levers"],
        "scripts": ["smogan_quality", "smogan_levers"],
        "data": ["smogan_quality_reporting", "smogan_fits_reporting", "smogan_levers_tuning"],
        "answer": "Better than doing nothing for |smogan-learners-better| of |smogan-learners| estimators: SERA x "
        "|smogan-sera| at RMSE x |smogan-rmse|. Not better than its own stage 1: SERA x |stage1-sera|. And at the same "
        "RMSE the estimator's own predictions, recalibrated, are better than SMOGAN: SERA x "
        "|smogan-matched-correction|.",
    },
    "hard_triplets": {
        "title": "Does HardTripletSampler help classifiers of rare classes?",
        "reports": ["hard_triplet_imbalanced"],
        "scripts": ["hard_triplet_imbalanced", "hard_triplet_speed"],
        "data": ["hard_triplet_imbalanced", "hard_triplet_ablation", "hard_triplet_speed"],
        "answer": "At the usual threshold, yes: F1 |ht-f1| after |ht-none-f1|; over SMOTE (|smote-f1|) it is not "
        "beyond chance (p |ht-to-smote-f1-p|). With thresholds tuned for all, no: F1 "
        "|ht-f1-tuned| against |ht-none-f1-tuned| of doing nothing.",
    },
    "embedding": {
        "title": "Does HardTripletEmbedder bring rows of a class together?",
        "reports": ["hard_triplet_embedding"],
        "scripts": ["hard_triplet_embedding"],
        "data": ["hard_triplet_embedding"],
        "answer": "For known classes a little, and not beyond chance: |embedder-gain-1| in accuracy of one neighbour "
        "on the best mined triplets. For unseen classes raw features are better (|raw-disjoint| against "
        "|learned-disjoint|), and it returns these.",
    },
    "smcae": {
        "title": "Does SMCAE bring synthetic rows nearer to real ones, and does it pay?",
        "reports": ["smcae_quality"],
        "scripts": ["smcae_quality", "smcae_pairs", "smcae_speed"],
        "data": ["smcae_reporting", "smcae_pairs", "smcae_speed"],
        "answer": "On rendered digits it does: |smcae-over-coral-digits-150| in accuracy over CORAL, with 150 real "
        "rows; most of that is linear transport class by class. On rows of CTGAN it is nearly all, and with 1,000 real "
        "rows POT's EMD is better (SMCAE less EMD: |smcae-over-emd-ctgan-1000|). On rows of TVAE it is of no use.",
    },
    "robust": {
        "title": "What is RobustATWrapper worth?",
        "reports": ["robust_at_quality"],
        "scripts": ["robust_at_quality", "robust_at_levers", "robust_at_speed"],
        "data": [
            "robust_at_reporting",
            "robust_at_gaps",
            "robust_at_controls",
            "robust_at_regression",
            "robust_at_levers",
            "robust_at_speed",
        ],
        "answer": "On the one of |robust-tables| tables where robust overfitting is found, an accuracy under attack of "
        "|auto-waveform-robust| instead of |plain-waveform-robust| of plain training stopped early. On the others it "
        "is plain adversarial training. Treating always is as robust on average (|always-mean-robust| against "
        "|auto-mean-robust|), cheaper, and costs no more clean accuracy.",
    },
    "verdicts": {
        "title": "Is the verdict of compare right where the answer is known?",
        "reports": [],
        "scripts": ["compare_verdicts"],
        "data": ["compare_verdicts"],
        "answer": "Nothing to find: it recommends nothing in |verdict-null| runs. A planted gain by new rows: it "
        "recommends a sampler in |verdict-pocket|. A planted gain by output correction: it recommends a "
        "recalibration in |verdict-shrunk|.",
    },
    "speed": {
        "title": "How fast are the samplers, and the import?",
        "reports": [],
        "scripts": ["smogn_speed", "smogan_speed", "import_time", "editions_speed"],
        "data": ["smogn_speed_peers", "smogn_speed_large", "smogan_speed", "import_time", "editions_speed"],
        "answer": "``SMOGN`` takes a median of 1/|speed-smogn-median| of the time of the smogn package on "
        "|speed-smogn-tables| tables, and of 1/|speed-imbreg-median| of that of imbreg on |speed-imbreg-tables|. "
        "SMOGAN takes |speed-smogan-seconds| for 1,000 rare rows of 10,000, |speed-smogan-times-smogn| times as long "
        "as ``SMOGN``.",
    },
}


def pages():
    """Return the pages of the benchmarks, rst by file name."""
    return {name: _page(**page) for name, page in PAGES.items()}


def _page(title, answer, reports, scripts, data):
    lines = [title, "=" * len(title), "", f"**{answer}**" if "|" not in answer else answer, ""]
    lines += ["What was asked", "--------------", ""]
    for script in scripts:
        lines += [f"``benchmarks/{script}.py``", "", *_quoted(script), ""]
    if reports:
        lines += ["What came out", "-------------", ""]
    for name in reports:
        found = report(name)
        if found[0][0] == "heading" and found[0][1][0] == 1:  # the page has a title of its own
            found = found[1:]
        lines += [to_rst(found, underlines='~^"'), ""]
    small = [name for name in data if len(rows(name)) <= SMALL]
    if small:
        lines += ["Measurements in full" if not reports else "Further measurements", "-" * 20, ""]
    for name in small:
        with (RESULTS / f"{name}.csv").open() as file:
            table = [[escape(_short(cell)) for cell in row] for row in csv.reader(file)]
        lines += [f"``{name}.csv``", "", list_table(table), ""]
    return "\n".join([*lines, *_provenance(data), ""])


def _quoted(script):
    """Return the docstring of a script, its commands as code."""
    tree = ast.parse((Path(__file__).parent / f"{script}.py").read_text())
    paragraphs = re.split(r"\n\s*\n", ast.get_docstring(tree))
    for paragraph in paragraphs:
        if re.search(r"^\s*(OMP_NUM_THREADS|python )", paragraph) or re.search(r"\n  +\S|^\S+ {3,}\S", paragraph):
            yield from ["   .. code-block:: text", ""]
            yield from (f"      {line.rstrip()}" for line in paragraph.splitlines())
        else:
            yield from (f"   {escape_docstring(line.strip())}" for line in paragraph.splitlines())
        yield ""


def escape_docstring(text):
    """Return a line of a docstring as rst; its code stands in one or two backticks."""
    return escape(re.sub(r"``([^`]+)``", r"`\1`", text))


def _short(cell):
    return "" if cell == "nan" else cell


def _provenance(data):
    """Yield the files of a benchmark with their seeds and versions."""
    yield from ["Files, seeds, versions", "----------------------", ""]
    header = ["file", "rows", "settings"]
    body, versions = [], {}
    for name in data:
        facts = json.loads((RESULTS / f"{name}.json").read_text())
        versions.update({tuple(sorted(facts.pop("versions", {}).items())): None})
        settings = "; ".join(f"{key}: {_compact(value)}" for key, value in facts.items())
        body.append(
            [f":download:`{name}.csv </../benchmarks/results/{name}.csv>`", f"{len(rows(name)):,}", escape(settings)]
        )
    yield list_table([header, *body], look="measured")
    for found in versions:
        yield "Versions: " + escape(", ".join(f"{key} {value}" for key, value in found)) + "."
        yield ""


def _compact(value):
    """Return a setting in one line, seeds 0, 1, ..., 19 as a range."""
    if isinstance(value, list) and len(value) > 2 and value == list(range(len(value))):
        return f"0 to {len(value) - 1}"
    if isinstance(value, dict):
        return ", ".join(f"{key} {_compact(entry)}" for key, entry in value.items())
    if isinstance(value, list):
        return ", ".join(_compact(entry) for entry in value)
    return " ".join(str(value).split())


def write(folder):
    """Write everything, and nothing anew that has not changed; return the substitutions as rst."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    wanted = {f"{name}.inc": text for name, text in guide_tables().items()}
    wanted |= {f"{name}.rst": text for name, text in pages().items()}
    for old in folder.iterdir():
        if old.name not in wanted:
            old.unlink()
    for name, text in wanted.items():
        path = folder / name
        if not path.exists() or path.read_text() != text:
            path.write_text(text)
    return "\n".join(f".. |{name}| replace:: {escape(text)}" for name, text in figures().items())


if __name__ == "__main__":
    print(write(sys.argv[1]))
