"""What `skgan-resample compare` shows: a table in the terminal, and a folder with one self-contained HTML page.

First what is said of resampling amounts, then of resampling classes, then of adversarial training, then what all are
made of.
"""

import base64
import csv
import io
import json
import math
import shutil
import tempfile
import warnings
from html import escape
from math import isnan
from pathlib import Path

from skgan_resample._validation import versions
from skgan_resample.model_selection._class_verdict import CLASS_SCORE_LABELS
from skgan_resample.model_selection._compare import REFINED, default_methods, named_samplers
from skgan_resample.model_selection._verdict import CHOSEN, SCORE_LABELS

GLOSSARY = {
    "none": "the learner alone",
    "light-correction": "OutputCorrectedRegressor(learner, strength=0.2): predictions moved a fifth of the way to "
    "those of 'correction'",
    "correction": "OutputCorrectedRegressor(learner): predictions moved to the straight line that fits rare values",
    "weights": "RelevanceWeightedRegressor(learner): rare rows weigh more while it is fitted",
    "weights+correction": "OutputCorrectedRegressor(RelevanceWeightedRegressor(learner))",
    "duplicate": "copies of rows drawn from the whole table: the control for mere numbers",
    "random": "RandomOverSampler: copies of rare rows",
    "noise": "GaussianNoise: copies of rare rows with noise",
    "smoter": "SMOTER: new rows between neighbouring rare rows",
    "smogn": "SMOGN: new rows between rare rows where they are close, noise where they are not",
    "smogan": "SMOGANRegressorResampler: rows of SMOGN, moved towards the distribution of the rare rows by a network",
}
REFINED_WORDS = {  # what became of new rows, by `selected_`
    "none": "all of them were dropped",
    "identity": "they stay as they are",
    "location_scale": "they were moved to the mean and the spread of the real ones",
    "coral": "they were moved to the mean and the covariances of the real ones",
    "linear_ot": "they were moved by a linear map (optimal transport)",
    "smcae": "they were moved by the network",
}
CLASS_GLOSSARY = {
    "none": "the learner alone",
    "weights": "every class weighs the same in total while the learner is fitted",
    "duplicate": "copies of rows drawn from the whole table: the control for mere numbers",
    "random": "RandomOverSampler: copies of rows of small classes",
    "smote": "SMOTE: new rows between neighbouring rows of a small class",
    "borderline-smote": "BorderlineSMOTE: the same, from rows near other classes",
    "adasyn": "ADASYN: the same, the more rows the more neighbours are of other classes",
    "kmeans-smote": "KMeansSMOTE: the same, within clusters",
    "svm-smote": "SVMSMOTE: the same, from support vectors",
    "hard-triplet": "HardTripletSampler: rows on stretched lines through rows of a small class, chosen by a classifier",
}
ROBUST_GLOSSARY = {
    "none": "the network trained without attacks",
    "at": "RobustATWrapper(ro_strategy=None): the same network, trained on attacked rows, stopped where rows held out "
    "of training say",
    "at-1.5": "the same with 1.5 times the budget: the control that explains most of what stronger treatments gain",
    "auto": "RobustATWrapper(ro_strategy='auto'): as 'at'; where held-out rows show robust overfitting (RO: longer "
    "training makes robustness worse again), treatments are tried, and the best one is kept",
    "learner": "your own model",
}
SHORT_LABELS = {"average_precision": "AP", "f1": "F1 tuned", "g_mean": "G-mean tuned"}
SHORT_LABELS |= {"balanced_accuracy": "bal. acc. tuned", "brier": "Brier corr."}
SHIFT_NOTE = "SERA, the squared error weighted by relevance, falls whenever predictions are pushed towards rare values."

STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; color: #1a1a1a; background: #fff; max-width: 80rem; margin: 2rem auto;
       padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2.2rem; }
.verdict { border-left: .4rem solid #0072B2; background: #eef5fa; padding: .8rem 1rem; font-size: 1.05rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .3rem .5rem; border-bottom: 1px solid #ccc; text-align: right; white-space: nowrap; }
th:first-child, td:first-child { text-align: left; }
tr.named td { font-weight: 600; } tr.chosen td { border-top: 2px solid #666; }
img { max-width: 100%; height: auto; } dt { float: left; clear: left; width: 11rem; } dd { margin-left: 11.5rem; }
figcaption, .small { color: #444; font-size: .9rem; }
"""


def summary_table(comparison):
    """Return header and rows of the table that terminal and page show, as strings."""
    label = SCORE_LABELS[comparison.scoring].removeprefix("the ")
    header = ["method", f"{label} ratio", "p (Holm)", "vs moved", "RMSE ratio", "rare MAE", "common RMSE"]
    header += ["total", "seconds", "chosen"]
    rows = []
    for row in comparison.summary:
        is_base = row["method"] == "none"
        rows.append(
            [
                row["method"],
                "1" if is_base else f"{row['score_ratio']:.2f} ({row['low']:.2f} to {row['high']:.2f})",
                "" if is_base else _p_value(row["p_holm"]),
                "" if isnan(row["matched_ratio"]) else f"{row['matched_ratio']:.2f}",
                "1" if is_base else f"{row['rmse_ratio']:.3f}",
                f"{row['rare_mae']:.4g}",
                f"{row['common_rmse']:.4g}",
                f"{row['total_ratio']:.3f}",
                f"{row['seconds']:.2f}",
                "" if row["method"] == CHOSEN else f"{row['chosen']:.0%}",
            ]
        )
    return header, rows


def print_summary(comparison):
    """Print what is rare, the table and the verdict."""
    header, rows = summary_table(comparison)
    print(f"\n{comparison.relevance}. Learner: {', '.join(comparison.learners)}. {folds_judged(comparison)}\n")
    _print_table(header, rows, comparison.verdict.method)
    print(
        f"\nRatios are to 'none', the learner alone; below 1 is better. {SHIFT_NOTE} 'vs moved' compares with the "
        "learner's own predictions, merely moved, at the same RMSE: about 1 is no more than that. 'total': predicted / "
        "actual."
    )
    print(f"\n{comparison.verdict.answer.upper()}. {comparison.verdict.sentence}")
    for caution in comparison.cautions:
        print(f"Note: {caution}")


def folds_judged(comparison, kind="outer folds", lacking="rare training rows or time"):
    """Return how many folds stand behind the numbers, in words."""
    text = f"Judged on {comparison.n_folds} {kind}"
    left_out = comparison.n_planned - comparison.n_folds
    return text + (f"; {left_out} more lacked {lacking}." if left_out else ".")


def write_report(out, comparison, table, relevance, options):
    """Write `out`/index.html, results.csv and run.json; an earlier report is replaced when the new one is complete.

    Parameters
    ----------
    out : pathlib.Path
    comparison : Comparison
    table : Table
        As made ready by the command line.
    relevance : Relevance
    options : dict
        The command's options, for `run.json`.
    """
    facts = {
        "outer_folds_judged": comparison.n_folds,
        "outer_folds_planned": comparison.n_planned,
        "rare_rows": comparison.n_rare,
        "relevance": comparison.relevance,
        "verdict": vars(comparison.verdict),
    }
    _write_folder(out, _page(comparison, table, relevance, options), comparison, table, options, facts)


def _page(comparison, table, relevance, options):
    verdict = comparison.verdict
    label = SCORE_LABELS[comparison.scoring].removeprefix("the ")
    header, rows = summary_table(comparison)
    tried = [row[0] for row in rows]
    words = GLOSSARY | _refined_words(tried)
    body = f"""
<p class="verdict"><strong>{escape(verdict.answer.capitalize())}.</strong> {escape(verdict.sentence)}</p>
{_cautions(comparison)}
<p>{escape(table.source)}: {comparison.n_rows:,} rows. {escape(_of_target(comparison.relevance, table.target))}.
Learner: {escape(", ".join(comparison.learners))}. {escape(folds_judged(comparison))}</p>
{_notes(table, comparison)}

<h2>What each method gains and costs</h2>
<div class="scroll">{_html_table(header, rows, verdict.method)}</div>
<p class="small">Ratios are to "none", the learner alone, on outer folds, with 95 % intervals; below 1 is better.
{SHIFT_NOTE} "vs moved" therefore compares with the learner's own predictions, merely moved, at the same RMSE: about 1
means that the method does no more than that (blank where it does not apply). "total" is the sum of predictions over the
sum of the target. "chosen" is how often the inner folds chose the method; the last row is what choosing that way gives
on the outer folds. Intervals allow for
training sets that overlap (Nadeau &amp; Bengio); p-values are adjusted for the number of methods (Holm).</p>
{_glossary(words, tried)}
{
        _figure(
            _comparison_picture(comparison),
            f"Scatter plot of {label} against RMSE, both relative to none, one point per method.",
            "Worth a try: below the horizontal line, outside the grey area, and better than moved predictions (table).",
        )
    }

<h2>What is rare</h2>
{
        _figure(
            _relevance_picture(table, relevance, options["threshold"]),
            f"Histogram of {table.target} with its relevance function. {comparison.relevance}.",
            "Relevance says how much an error at this value of the target matters.",
        )
    }

<h2>The table before and after resampling</h2>
{_before_after(comparison, table, relevance, options)}
{_refinement(comparison, table, relevance, options)}
"""
    return _document(f"What helps to predict rare values of {table.target}?", body)


def _refined_words(tried):
    """Return what the refined methods among those tried are."""
    return {
        name: f"SyntheticRefiner: as {name.removesuffix(REFINED)!r}, its new rows moved into the distribution of the "
        "real ones, or dropped, whichever predicts better on held-out rows"
        for name in tried
        if name.endswith(REFINED)
    }


def _of_target(explanation, target):
    """Return what is rare, in words, with the name of the target instead of y."""
    counts, _, ranges = explanation.partition(": ")
    return f"{counts}: {ranges.replace('y ', target + ' ')}"


def _comparison_picture(comparison):
    from skgan_resample.plots import ComparisonDisplay

    return _png(lambda: ComparisonDisplay.from_comparison(comparison).figure_)


def _relevance_picture(table, relevance, threshold):
    from skgan_resample.plots import RelevanceDisplay

    return _png(
        lambda: RelevanceDisplay.from_target(table.y, relevance, threshold=threshold, target_name=table.target).figure_
    )


def _before_after(comparison, table, relevance, options):
    """Return a figure of the sampler that did best, or of SMOGN if none was tried."""
    from skgan_resample.plots import ResamplingDisplay

    samplers = named_samplers(default_methods(relevance, options["threshold"]))
    ratios = {row["method"]: row["score_ratio"] for row in comparison.summary}
    tried = [name for name in samplers if name in ratios]
    name = (
        comparison.verdict.method
        if comparison.verdict.method in tried
        else min(tried or ["smogn"], key=lambda n: ratios.get(n, 1))
    )
    sampler = samplers[name].set_params(random_state=options["seed"])
    png = _png(lambda: ResamplingDisplay.from_sampler(sampler, table.X, table.y, target_name=table.target).figure_)
    alt = f"Histogram of {table.target} and scatter plot of one feature, real and synthetic rows, for {name}."
    return _figure(png, alt, f"{name} on the whole table. Judging was done on real rows that it never saw.")


def _refinement(comparison, table, relevance, options):
    """Return a section on what refining changed on the whole table, empty if no method that refines was tried."""
    found = []
    for name, sampler in named_samplers(default_methods(relevance, options["threshold"])).items():
        if name in comparison.methods and (name == "smogan" or name.endswith(REFINED)):
            sampler.set_params(random_state=options["seed"])
            found.append(_network_refinement(sampler, table) if name == "smogan" else _refined(name, sampler, table))
    return "\n".join(["<h2>What refinement changed</h2>", *found]) if found else ""


def _refined(name, sampler, table):
    """Return a paragraph on what `SyntheticRefiner` did with the new rows of the whole table."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        sampler.fit_resample(table.X, table.y)
    return f"<p>On the whole table, {escape(f'{name} {refined_in_words(sampler)}')}</p>"


def refined_in_words(refiner):
    """Return what a fitted `SyntheticRefiner` did with new rows, as the end of a sentence that begins with its name."""
    if refiner.selected_ is None:
        return "made no rows."
    made = int(refiner.sampler_.is_synthetic_.sum())
    results = refiner.refiner_.cv_results_
    scores = dict(zip(results["candidate"], results["mean_test_score"]))
    text = (
        f"made {made:,} rows: {REFINED_WORDS[refiner.selected_]} (selected: {refiner.selected_}). Models of held-out "
        f"real rows score {scores['none']:.3f} without them and {scores['identity']:.3f} with them as they were made"
    )
    if refiner.selected_ in ("none", "identity"):
        return f"{text}; 1 is perfect, a tie goes to the simpler."
    return (
        f"{text}, {scores[refiner.selected_]:.3f} with them moved; 1 is perfect. Their energy distance to such rows "
        f"goes from {refiner.gap_before_:.3g} to {refiner.gap_after_:.3g}."
    )


def _network_refinement(sampler, table):
    """Return a figure on what the second stage of SMOGAN did, or a paragraph where there is nothing to draw."""
    from skgan_resample.plots import RefinementDisplay

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        sampler.fit_resample(table.X, table.y)
        found = sampler.refinement_
        text = (
            f"On the whole table, smogan made {found['n_rows']:,} rows: {found['n_moved']:,} were moved by the "
            f"network, {found['n_fallback']:,} fell back to their candidate, {found['n_taught']:,} targets were drawn "
            f"towards the teacher. Network: {found['status']}."
        )
        has_numbers = any(not column.is_nominal for column in sampler.encoder_.columns_)
        if not sampler.history_ or not has_numbers:
            return f"<p>{escape(text)}</p>"
        png = _png(lambda: RefinementDisplay.from_sampler(sampler, table.X, table.y, target_name=table.target).figure_)
    alt = "Training curve of the generator, and new rows before and after refinement."
    caption = (
        f"{text} Left: squared distance (MMD, an estimate that can be negative) of moved candidates to rare rows held "
        f"out of training, from {found['mmd_before']:.3g} to {found['mmd_after']:.3g}; they chose the step marked."
    )
    return _figure(png, alt, caption)


# ------------------------------------------------------------------------------------------------ classes
def class_table(comparison):
    """Return header and rows of the table that terminal and page show, as strings."""
    header = ["method", "AP", "F1", "F1 tuned", "G-mean tuned", "bal. acc. tuned", "Brier", "Brier corr.", "seconds"]
    header += [f"gain in {SHORT_LABELS[comparison.scoring]}", "p (Holm)", "chosen"]
    measures = ["average_precision", "f1", "f1_tuned", "g_mean_tuned", "balanced_accuracy_tuned"]
    measures += ["brier", "brier_corrected"]
    rows = []
    for row in comparison.summary:
        is_base = row["method"] == "none"
        gain, low, high = (comparison.gain_in_words(row[name]) for name in ("gain", "low", "high"))
        rows.append(
            [
                row["method"],
                *(f"{row[measure]:.3f}" for measure in measures),
                f"{row['seconds']:.2f}",
                "0" if is_base else f"{gain} ({low} to {high})",
                "" if is_base else _p_value(row["p_holm"]),
                "" if row["method"] == CHOSEN else f"{row['chosen']:.0%}",
            ]
        )
    return header, rows


def print_classification(comparison):
    """Print the classes, the table and the verdict."""
    header, rows = class_table(comparison)
    learners = ", ".join(comparison.learners)
    print(f"\n{_classes_in_words(comparison)}. Learner: {learners}. {folds_judged(comparison, lacking='time')}\n")
    _print_table(header, rows, comparison.verdict.method)
    print(f"\n{_how_to_read_classes(comparison)}")
    print(f"\n{comparison.verdict.answer.upper()}. {comparison.verdict.sentence}")
    for caution in comparison.cautions:
        print(f"Note: {caution}")


def _classes_in_words(comparison):
    """Return classes and their rows, smallest first."""
    counts = sorted(comparison.counts.items(), key=lambda item: item[1])
    shown = ", ".join(f"{label!s} {n_rows:,}" for label, n_rows in counts[:8])
    more = f" and {len(counts) - 8} more" if len(counts) > 8 else ""
    text = f"{comparison.n_rows:,} rows of {len(counts)} classes: {shown}{more}"
    return text if comparison.positive is None else f"{text}; {comparison.positive!s} is the positive class"


def _how_to_read_classes(comparison):
    is_binary = comparison.positive is not None
    tuned = "threshold" if is_binary else "weight of rare classes (an exponent of their share)"
    return (
        f"'gain' is over 'none', the learner alone; above 0 is better. 'tuned': with the {tuned} that is best for that "
        "measure on inner folds, for every method alike, 'none' included; 'F1' is that without. 'AP': average "
        f"precision{'' if is_binary else ', the mean over classes, as is F1'}. 'Brier' is an error, below is better; "
        "'corr.': after the probabilities were corrected for the changed shares of the classes."
    )


def write_classification_report(out, comparison, table, options):
    """Write `out`/index.html, results.csv and run.json on methods for classes, as `write_report` does.

    Parameters
    ----------
    out : pathlib.Path
    comparison : ClassificationComparison
    table : Table
        As made ready by the command line.
    options : dict
        The command's options, for `run.json`.
    """
    facts = {
        "outer_folds_judged": comparison.n_folds,
        "outer_folds_planned": comparison.n_planned,
        "classes": {str(label): n_rows for label, n_rows in comparison.counts.items()},
        "positive": comparison.positive,
        "verdict": vars(comparison.verdict),
    }
    _write_folder(out, _class_page(comparison, table), comparison, table, options, facts)


def _class_page(comparison, table):
    verdict = comparison.verdict
    header, rows = class_table(comparison)
    tried = [row[0] for row in rows]
    label = CLASS_SCORE_LABELS[comparison.scoring]
    alt = f"Gain in {label} over the learner alone, with 95 % intervals: " + "; ".join(
        f"{row[0]} {row[-3]}" for row in rows[1:]
    )
    body = f"""
<p class="verdict"><strong>{escape(verdict.answer.capitalize())}.</strong> {escape(verdict.sentence)}</p>
{_cautions(comparison)}
<p>{escape(table.source)}: {escape(_classes_in_words(comparison))}.
Learner: {escape(", ".join(comparison.learners))}. {escape(folds_judged(comparison, lacking="time"))}</p>
{_notes(table, comparison)}

<h2>What each method gains</h2>
<div class="scroll">{_html_table(header, rows, verdict.method)}</div>
<p class="small">{escape(_how_to_read_classes(comparison))}
All on outer folds, gains with 95 % intervals. "chosen" is how often the inner folds chose the method; the last row is
what choosing that way gives on the outer folds. Intervals allow for training sets that overlap (Nadeau &amp; Bengio);
p-values are adjusted for the number of methods (Holm).</p>
{_glossary(CLASS_GLOSSARY | _refined_words(tried), tried)}
{_figure(_class_picture(comparison), alt + ".", f"Gain in {label} over the learner alone. Grey: too small to matter.")}
"""
    return _document(f"What helps to predict {table.target}?", body)


def _class_picture(comparison):
    """Return a picture of each method's gain with its interval."""
    rows = [row for row in comparison.summary if row["method"] != "none"]

    def draw():
        import matplotlib.pyplot as plt

        figure, axes = plt.subplots(figsize=(8, 1.2 + 0.35 * len(rows)))
        axes.axvspan(-comparison.worthwhile, comparison.worthwhile, color="0.9", zorder=0)
        axes.axvline(0, color="0.4", linewidth=1)
        for place, row in enumerate(reversed(rows)):
            color = "#0072B2" if row["method"] == comparison.verdict.method else "0.25"
            axes.plot([row["low"], row["high"]], [place, place], color=color)
            axes.plot([row["gain"]], [place], "o", color=color)
        axes.margins(y=0.15)
        axes.set_yticks(range(len(rows)), [row["method"] for row in reversed(rows)])
        share = " (share of that of the learner alone)" if comparison.scoring == "brier" else ""
        axes.set_xlabel(f"gain in {CLASS_SCORE_LABELS[comparison.scoring]}{share}")
        return figure

    return _png(draw)


# ------------------------------------------------------------------------------------------------ adversarial training
def robust_table(comparison):
    """Return header and rows of the table that terminal and page show, as strings."""
    header = ["method", "clean", "robust", "robust vs at", "p (Holm)", "clean vs at", "RO found", "treated", "seconds"]
    rows = []
    for row in comparison.summary:
        is_base = row["method"] == "at"
        nobody_looked = row["ro_detected"] is None
        weaker = "*" if row["attack"] == "black-box" else ""
        rows.append(
            [
                row["method"],
                f"{row['clean']:.1%}",
                f"{row['robust']:.1%}{weaker}",
                "0" if is_base else _difference(row, "gain") + weaker,
                _p_value(row["p_holm"]),
                "0" if is_base else _difference(row, "clean_gain"),
                "-" if nobody_looked else f"{row['ro_detected']} of {comparison.n_folds}",
                "-" if nobody_looked else f"{row['treated']} of {comparison.n_folds}",
                f"{row['seconds']:.2f}",
            ]
        )
    return header, rows


def _difference(row, name):
    low, high = 100 * row[f"{name}_low"], 100 * row[f"{name}_high"]
    return f"{100 * row[name]:+z.1f} ({low:+z.1f} to {high:+z.1f})" if low < high else "same"


def print_robustness(comparison):
    """Print the threat model, the table and the two answers."""
    header, rows = robust_table(comparison)
    print(f"\nThreat model: {comparison.threat_model}. {_folds_and_budget(comparison)}\n")
    _print_table(header, rows, comparison.verdict.method)
    print(f"\n{_how_to_read(comparison)}")
    for question, verdict in comparison.verdict.parts:
        print(f"\n{question}: {verdict.answer.upper()}. {verdict.sentence}")
    for caution in comparison.cautions:
        print(f"Note: {caution}")


def _folds_and_budget(comparison):
    return (
        f"{folds_judged(comparison, 'folds', 'time')} The budget was turned into the units of the columns once, on all "
        "rows, without their target; methods train against it (at-1.5 against 1.5 times as much) and are all attacked "
        "with it."
    )


def _how_to_read(comparison):
    commonest = sum(comparison.commonest) / len(comparison.commonest)
    text = (
        "'clean' is the accuracy on test rows as they are, 'robust' the accuracy while they are attacked; differences "
        "are in percentage points, in brackets their 95 % intervals. 'RO': robust overfitting, in how many folds it "
        f"was found and treated. Always answering the commonest class is right on {commonest:.1%}."
    )
    if any(row["attack"] == "black-box" for row in comparison.summary):
        text += " *: attacked more weakly, by a search that sees predictions only, so not tested against the others."
    return text


def write_robustness_report(out, comparison, table, options):
    """Write `out`/index.html, results.csv and run.json on adversarial training, as `write_report` does.

    Parameters
    ----------
    out : pathlib.Path
    comparison : RobustComparison
    table : Table
        As made ready by the command line.
    options : dict
        The command's options, for `run.json`.
    """
    facts = {
        "folds_judged": comparison.n_folds,
        "folds_planned": comparison.n_planned,
        "classes": comparison.classes,
        "threat_model": comparison.threat_model,
        "verdict": {question: vars(verdict) for question, verdict in comparison.verdict.parts},
    }
    _write_folder(out, _robust_page(comparison, table), comparison, table, options, facts)


def _robust_page(comparison, table):
    header, rows = robust_table(comparison)
    answers = "".join(
        f'<p class="verdict"><strong>{question}: {verdict.answer}.</strong> {escape(verdict.sentence)}</p>\n'
        for question, verdict in comparison.verdict.parts
    )
    classes = [str(name) for name in comparison.classes]
    shown = ", ".join(classes[:8]) + (f" and {len(classes) - 8} more" if len(classes) > 8 else "")
    alt = "Robust against clean accuracy, one point per method with 95 % intervals: " + "; ".join(
        f"{row['method']} {row['clean']:.1%} clean, {row['robust']:.1%} robust" for row in comparison.summary
    )
    body = f"""
{answers}{_cautions(comparison)}
<p>{escape(table.source)}: {comparison.n_rows:,} rows, {len(classes)} classes ({escape(shown)}).
{escape(_folds_and_budget(comparison))}</p>
<p>Threat model: {escape(comparison.threat_model)}.</p>
{_notes(table, comparison)}

<h2>What each method keeps under attack, and what it costs</h2>
<div class="scroll">{_html_table(header, rows, comparison.verdict.method)}</div>
<p class="small">{escape(_how_to_read(comparison))}
Intervals are paired by fold and allow for training sets that overlap (Nadeau &amp; Bengio) and for the number of rows;
p-values are adjusted for the number of methods (Holm). Attacks search for the worst allowed row
with the help of the gradient; a still better attack may find more.</p>
{_glossary(ROBUST_GLOSSARY, [row[0] for row in rows])}
{
        _figure(
            _robust_picture(comparison),
            alt + ".",
            "Intervals are those of each method alone. All methods meet the same folds, so the differences in the "
            "table are known better than two such intervals suggest.",
        )
    }
"""
    return _document(f"What does adversarial training buy for {table.target}?", body)


def _robust_picture(comparison):
    from skgan_resample.plots import RobustComparisonDisplay

    return _png(lambda: RobustComparisonDisplay.from_comparison(comparison).figure_)


# ------------------------------------------------------------------------------------------------ terminal
def _print_table(header, rows, named):
    """Print a table with the row of the method `named` in bold, where that can be."""
    widths = [max(len(row[j]) for row in [header, *rows]) for j in range(len(header))]
    try:
        from rich.console import Console
        from rich.table import Table
    except ImportError:
        for row in [header, *rows]:
            first, *others = (cell.rjust(width) for cell, width in zip(row, widths))
            print("  ".join([first.strip().ljust(widths[0]), *others]))
    else:
        table = Table(box=None, pad_edge=False)
        for j, name in enumerate(header):
            table.add_column(name, justify="left" if j == 0 else "right", no_wrap=True)
        for row in rows:
            table.add_row(*row, style="bold" if row[0] == named else None)
        console = Console()
        console.width = max(console.width, sum(widths) + 2 * len(widths))  # a narrower one would cut the numbers
        console.print(table)


def _p_value(p):
    return "" if isnan(p) else f"{p:.3f}" if p >= 0.001 else "<0.001"


# ------------------------------------------------------------------------------------------------ files
def _write_folder(out, page, comparison, table, options, facts):
    """Write a report; an earlier one is replaced when the new one is complete."""
    facts = {
        "data": table.source,
        "rows": comparison.n_rows,
        **facts,
        "notes": table.notes,
        "options": {
            name: value if isinstance(value, int | float | str | None) else str(value)
            for name, value in options.items()
        },
        "summary": comparison.summary,
        "failures": comparison.failures,
        "seconds": comparison.seconds,
        "versions": versions(),
    }
    with tempfile.TemporaryDirectory(dir=out.absolute().parent, prefix=f".{out.name}-") as folder:
        draft = Path(folder) / out.name
        draft.mkdir()
        (draft / "index.html").write_text(page, encoding="utf-8")
        _write_rows(draft / "results.csv", comparison.rows)
        text = json.dumps(_finite(facts), indent=1, allow_nan=False)
        (draft / "run.json").write_text(text + "\n", encoding="utf-8")
        if out.exists():
            shutil.rmtree(out)
        draft.replace(out)


def _write_rows(path, rows):
    names = list(dict.fromkeys(name for row in rows for name in row))
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, names)
        writer.writeheader()
        writer.writerows(rows)


def _finite(facts):
    """Return nested facts with None for NaN and infinity, which JSON cannot say."""
    if isinstance(facts, dict):
        return {name: _finite(value) for name, value in facts.items()}
    if isinstance(facts, list | tuple):
        return [_finite(value) for value in facts]
    return None if isinstance(facts, float) and not math.isfinite(facts) else facts


# ------------------------------------------------------------------------------------------------ parts of a page
def _document(title, body):
    """Return a whole page from its title and what stands below it."""
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)}</title>
<style>{STYLE}</style>
</head>
<body>
<h1>{escape(title)}</h1>
{body.strip()}
</body>
</html>
"""


def _cautions(comparison):
    return "".join(f"<p>Note: {escape(caution)}</p>" for caution in comparison.cautions)


def _notes(table, comparison):
    """Return what was done to the table and what failed, as a list."""
    failures = [f"{name} failed: {error}" for name, error in comparison.failures.items()]
    return f'<ul class="small">{"".join(f"<li>{escape(note)}</li>" for note in [*table.notes, *failures])}</ul>'


def _glossary(words, tried):
    """Return what the methods that were tried are."""
    found = "".join(f"<dt>{name}</dt><dd>{escape(text)}</dd>" for name, text in words.items() if name in tried)
    return f'<dl class="small">{found}</dl>'


def _html_table(header, rows, named):
    """Return a table with the row of the method `named` in bold."""
    cells = "".join(f'<th scope="col">{escape(name)}</th>' for name in header)
    body = ""
    for row in rows:
        kind = ' class="named"' if row[0] == named else ' class="chosen"' if row[0] == CHOSEN else ""
        body += f"<tr{kind}>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>\n"
    return f"<table><thead><tr>{cells}</tr></thead>\n<tbody>\n{body}</tbody></table>"


def _figure(png, alt, caption):
    data = base64.b64encode(png).decode()
    image = f'<img src="data:image/png;base64,{data}" alt="{escape(alt)}">'
    return f"<figure>{image}<figcaption>{escape(caption)}</figcaption></figure>"


def _png(draw):
    """Return the picture of a figure, drawn without a screen and without leaving it open."""
    import matplotlib

    with matplotlib.rc_context({"font.size": 11}):
        backend = matplotlib.get_backend()
        matplotlib.use("agg")
        import matplotlib.pyplot as plt

        try:
            figure, buffer = draw(), io.BytesIO()
            figure.savefig(buffer, dpi=130, bbox_inches="tight")
            plt.close(figure)
        finally:
            matplotlib.use(backend)
    return buffer.getvalue()
