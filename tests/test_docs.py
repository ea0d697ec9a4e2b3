"""The pages of docs/: their samples run, their figures are measured ones, their tables are those of the results."""

import doctest
import re
import runpy
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

ROOT = Path(__file__).parents[1]
DOCS, RESULTS = ROOT / "docs", ROOT / "benchmarks" / "results"
MADE = {"_build", "_templates", "generated", "auto_examples", "measured"}
PAGES = [
    path
    for path in sorted(DOCS.rglob("*.rst"))
    if not MADE & set(path.relative_to(DOCS).parts) and path.name != "sg_execution_times.rst"
]
GUIDES = [path for path in PAGES if path.parent.name != "api"]
TYPED = r"\d+\.\d+|\d+ ?%|\b\d+ x\b|\bx \d+"


def name_of(path):
    return str(path.relative_to(DOCS))


@pytest.fixture(scope="module")
def results():
    """The functions of benchmarks/docs_results.py."""
    folder = str(ROOT / "benchmarks")
    sys.path.insert(0, folder)
    try:
        return runpy.run_path(f"{folder}/docs_results.py")
    finally:
        sys.path.remove(folder)


def prose(page):
    """Return what a page says in words: no code, no directives, no options, no literals, links or numbers of papers."""
    text = re.sub(r"\.\. (code-block|gallery-figure|figure|toctree)::.*\n(\s*\n| +.*\n)*", "\n", page)
    paragraphs = [words for words in re.split(r"\n\s*\n", text) if not words.startswith(">>> ")]
    lines = [line for line in "\n\n".join(paragraphs).splitlines() if not re.match(r"\s*(\.\. |:)", line)]
    text = re.sub(r"``.+?``|`.+?`", " ", "\n".join(lines), flags=re.DOTALL)
    return re.sub(r"arXiv:\d+\.\d+|\|[a-z0-9_-]+\|", " ", text)


def samples(path):
    return doctest.DocTestParser().get_examples(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", [path for path in PAGES if samples(path)], ids=name_of)
@pytest.mark.slow
def test_samples_run(path):
    flags = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
    failed, tried = doctest.testfile(str(path), module_relative=False, optionflags=flags)
    assert tried
    assert not failed


def test_every_guide_to_a_method_has_a_sample_and_a_picture():
    methods = ("smogn_and_smogan", "hard_triplets", "smcae", "robust_overfitting")
    for path in (DOCS / "guides" / f"{name}.rst" for name in methods):
        text = path.read_text(encoding="utf-8")
        (example,) = re.findall(r"\.\. gallery-figure:: (\S+) ", text)
        assert (ROOT / "examples" / f"{example}.py").exists()
        assert samples(path)
        assert ".. include:: /measured/table_" in text


@pytest.mark.parametrize("path", GUIDES, ids=name_of)
def test_prose_holds_no_typed_figure(path):
    said = re.sub(r"\b9?5 %|NumPy 2\.4", " ", prose(path.read_text(encoding="utf-8")))  # levels, versions
    assert re.findall(TYPED, said) == []


def test_typed_figures_would_be_found():
    page = "It gains 0.93 in ``0.5`` and 12 %, |smogan-sera|, arXiv:1234.5678, 3 x as fast.\n\n>>> 0.77\n0.77\n"
    assert re.findall(TYPED, prose(page)) == ["0.93", "12 %", "3 x"]


def test_every_figure_used_is_defined(results):
    figures = results["figures"]()
    texts = [path.read_text(encoding="utf-8") for path in PAGES] + [
        page["answer"] for page in results["PAGES"].values()
    ]
    used = {name for text in texts for name in re.findall(r"\|([a-z][a-z0-9_-]+)\|", text)}
    assert len(used) > 50
    assert used - set(figures) == set()
    assert all(re.search(r"\d", text) and "nan" not in text for text in figures.values())


def test_figures_are_those_of_the_measurements(results):
    figures = results["figures"]()
    frame = pd.read_csv(RESULTS / "robust_at_reporting.csv")
    means = frame.groupby(["set", "method"])[["robust", "clean"]].mean()
    assert figures["art-magic-robust"] == f"{means.loc[('magic', 'ART, tuned'), 'robust']:.3f}"
    assert figures["wide-phishing-clean"] == f"{means.loc[('phishing', 'AT at 1.5 eps, last epoch'), 'clean']:.3f}"
    frame = pd.read_csv(RESULTS / "hard_triplet_imbalanced.csv")
    tables = frame.groupby(["method", "table", "learner"])[["f1", "f1_tuned"]].mean().groupby("method").mean()
    assert float(figures["ht-f1"]) == pytest.approx(tables.loc["hard-triplet", "f1"], abs=6e-4)
    assert float(figures["ht-none-f1-tuned"]) == pytest.approx(tables.loc["none", "f1_tuned"], abs=6e-4)
    frame = pd.read_csv(RESULTS / "smcae_reporting.csv").query("set == 'digits' and size == '150'")
    means = frame.groupby("method")[["alone_linear", "alone_neighbours", "alone_forest"]].mean().mean(axis=1)
    gain = float(figures["smcae-over-coral-digits-150"].split()[0])
    assert gain == pytest.approx(means["selected"] - means["CORAL"], abs=6e-4)
    frame = (
        pd.read_csv(RESULTS / "smogan_quality_reporting.csv")
        .set_index(["method", "table", "learner", "fold"])
        .sort_index()
    )
    ratio = np.log(frame.loc["smogan", ["sera", "rmse"]] / frame.loc["weights", ["sera", "rmse"]])
    effect = np.exp(ratio.groupby(["table", "learner"]).mean().groupby("table").mean().mean())
    to_none = np.log(frame.loc["weights", "sera"] / frame.loc["none", "sera"])
    weights = np.exp(to_none.groupby(["table", "learner"]).mean().groupby("table").mean().mean())
    assert float(figures["weights-sera"].split()[0]) == pytest.approx(weights, abs=6e-4)
    assert float(figures["smogan-sera"].split()[0]) == pytest.approx(effect["sera"] * weights, abs=2e-3)
    frame = pd.read_csv(RESULTS / "hard_triplet_imbalanced.csv")
    seconds = frame[frame.learner == "logistic"].groupby("method")["seconds"].median()
    assert float(figures["smote-seconds"].split()[0]) == pytest.approx(seconds["smote"], abs=2e-3)


@pytest.mark.parametrize("report", sorted(path.stem for path in RESULTS.glob("*.md")))
def test_reports_are_shown_in_full(report, results):
    """Every cell of a report in Markdown is a cell of the page, in its place; docutils reads what we wrote."""
    core = pytest.importorskip("docutils.core", reason="docutils is not installed (extra docs)")
    nodes = pytest.importorskip("docutils.nodes")
    text = (RESULTS / f"{report}.md").read_text(encoding="utf-8")
    page = core.publish_doctree(results["to_rst"](results["blocks"](text)), settings_overrides={"report_level": 2})
    shown = [
        [entry.astext().strip() for entry in row.findall(nodes.entry)]
        for table in page.findall(nodes.table)
        for row in table.findall(nodes.row)
    ]
    lines = [line.strip().strip("|").split("|") for line in text.splitlines() if line.startswith("|")]
    rows = [[cell.strip().replace("`", "") for cell in line] for line in lines]
    assert shown == [row for row in rows if not all(re.fullmatch("-+", cell) for cell in row)]
    titles = [title.astext() for title in page.findall(nodes.title)]
    assert len(titles) + len(list(page.findall(nodes.subtitle))) == len(re.findall("^#+ ", text, re.MULTILINE))
    words = re.findall(r"[A-Za-z]{4,}", re.sub(r"^\|.*$|^#.*$", "", text, flags=re.MULTILINE))
    assert set(words) <= set(re.findall(r"[A-Za-z]{4,}", page.astext()))


def test_every_result_is_on_a_page(results):
    on_pages = {name for page in results["PAGES"].values() for name in page["data"]}
    assert on_pages == {path.stem for path in RESULTS.glob("*.csv")}
    shown = {name for page in results["PAGES"].values() for name in page["reports"]}
    assert shown == {path.stem for path in RESULTS.glob("*.md")}
    scripts = {name for page in results["PAGES"].values() for name in page["scripts"]}
    assert all((ROOT / "benchmarks" / f"{name}.py").exists() for name in scripts)


@pytest.mark.slow
def test_pages_are_written_anew_only_where_they_change(results, tmp_path):
    write = results["write"]
    substitutions = write(tmp_path / "measured")
    assert ".. |smogan-sera| replace:: " in substitutions
    page, stale = tmp_path / "measured" / "smogan.rst", tmp_path / "measured" / "stale.rst"
    before = page.stat().st_mtime_ns
    (tmp_path / "measured" / "robust.rst").write_text("old")
    stale.write_text("of an earlier version")
    write(tmp_path / "measured")
    assert page.stat().st_mtime_ns == before
    assert (tmp_path / "measured" / "robust.rst").read_text() != "old"
    assert not stale.exists()


def test_words_of_markdown_stay_words(results):
    core = pytest.importorskip("docutils.core", reason="docutils is not installed (extra docs)")
    text = "R^2 of *a* `fit_resample`s_, x_ | y and `code`."
    page = core.publish_doctree(results["escape"](text), settings_overrides={"report_level": 2})
    assert page.astext() == "R^2 of *a* fit_resamples_, x_ | y and code."
