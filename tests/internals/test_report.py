"""The reports of `skgan-resample compare`: one frame for amounts, classes and robustness, in terminal and page."""

import base64
import hashlib
import html
import json
import math
import re
import time
from dataclasses import replace
from html.parser import HTMLParser

import pandas as pd
import pytest
from _reports import EVIL, MADE, N_FOLDS, regression_comparison, request_of, write_all

from skgan_resample import SMOGN, Relevance, SMOGANRegressorResampler
from skgan_resample._report import REPORTS, _regression, report_of
from skgan_resample._report._grid import Cell, Grid, effect, number, p_value

TASKS = tuple(MADE)


@pytest.fixture(scope="module")
def reports(tmp_path_factory):
    return write_all(tmp_path_factory.mktemp("reports"))


class Tags(HTMLParser):
    """The elements of a page, in their order, and the text inside of some of them."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.texts, self.inside = [], {}, []
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        self.inside.append(tag)

    def handle_endtag(self, tag):
        while self.inside and self.inside.pop() != tag:
            pass

    def handle_data(self, data):
        for tag in set(self.inside):
            self.texts[tag] = self.texts.get(tag, "") + data


# ------------------------------------------------------------------------------------------------ the page
@pytest.mark.parametrize("task", TASKS)
@pytest.mark.slow
def test_all_pages_have_one_frame(reports, task):
    page = Tags((reports[task] / "index.html").read_text())
    landmarks = ("h1", "h2", "table", "dl", "figure", "pre")
    order = [tag for tag, _ in page.tags if tag in landmarks]
    assert order[:7] == ["h1", "h2", "table", "dl", "figure", "h2", "pre"]
    answers = [
        attributes["class"].split()[0] for tag, attributes in page.tags if "answer" in attributes.get("class", "")
    ]
    assert answers == ["answer"]
    assert [a["id"] for tag, a in page.tags if tag == "h2" and "id" in a] == ["paste"]
    assert page.texts["code"] == (reports[task] / "pipeline.py").read_text()
    assert {tag for tag, _ in page.tags} >= {"caption", "tbody", "thead", "svg", "main"}
    allowed = {"html", "head", "meta", "title", "style", "body", "main", "h1", "h2", "div", "p", "ul", "li", "table"}
    allowed |= {"caption", "thead", "tbody", "tfoot", "tr", "th", "td", "span", "svg", "path", "circle", "dl", "dt"}
    allowed |= {"dd", "figure", "img", "figcaption", "pre", "code", "script"}
    assert {tag for tag, _ in page.tags} <= allowed
    assert not [name for _, attributes in page.tags for name in attributes if name.startswith("on") or name == "style"]
    assert EVIL in page.texts["h1"]


@pytest.mark.parametrize("task", TASKS)
def test_the_policy_allows_this_script_and_this_style(reports, task):
    text = (reports[task] / "index.html").read_text()
    policy = next(a["content"] for tag, a in Tags(text).tags if a.get("http-equiv") == "Content-Security-Policy")
    for tag in ("script", "style"):
        (inside,) = re.findall(rf"<{tag}[^>]*>(.*?)</{tag}>", text, re.DOTALL)
        found = base64.b64encode(hashlib.sha256(inside.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{found}'" in policy
    assert policy.startswith("default-src 'none';")


@pytest.mark.parametrize("task", TASKS)
def test_alt_texts_hold_the_values_of_the_picture(reports, task):
    alts = [a["alt"] for tag, a in Tags((reports[task] / "index.html").read_text()).tags if tag == "img"]
    comparison = MADE[task]()
    for row in comparison.results.values():
        if row["method"] in ("none", "chosen by inner folds") and task != "robustness":
            continue
        value = {"regression": "score_ratio", "classification": "gain", "robustness": "robust"}[task]
        shown = {"regression": f"{row.get(value, 0):.2f}", "robustness": f"{row.get(value, 0):.1%} robust"}.get(
            task, f"{row.get(value, 0):+.3f}"
        )
        assert re.search(rf"{re.escape(row['method'])} [^;]*{re.escape(shown)}", alts[0])
    if task == "regression":
        assert re.search(r"160 real rows; the \d+ new rows of smogn lie between", alts[2])


@pytest.mark.slow
def test_a_folder_holds_four_files_and_replaces_an_earlier_one(tmp_path):
    request = request_of(tmp_path, "regression")
    out = tmp_path / "report"
    for helps in (False, True):
        comparison = regression_comparison(helps=helps)
        report_of(comparison, request).write(out)
        assert {path.name for path in out.iterdir()} == {"index.html", "pipeline.py", "results.csv", "run.json"}
        facts = json.loads((out / "run.json").read_text(), parse_constant=pytest.fail)
        assert facts["verdict"] == {name: getattr(comparison.verdict, name) for name in facts["verdict"]}
        assert facts["outer_folds_judged"] == N_FOLDS
        assert len(pd.read_csv(out / "results.csv")) == len(comparison.rows)
        page = html.unescape((out / "index.html").read_text())
        assert comparison.verdict.sentence in page
        assert ("recommended</span>" in page) == ("SMOGN(" in (out / "pipeline.py").read_text()) == helps
    assert sorted(path.name for path in tmp_path.iterdir()) == ["regression.csv", "report"]


@pytest.mark.slow
def test_a_report_that_cannot_be_finished_leaves_the_earlier_one(tmp_path):
    request = request_of(tmp_path, "regression")
    out = tmp_path / "report"
    report_of(regression_comparison(), request).write(out)
    before = (out / "index.html").read_text()
    broken = regression_comparison()
    broken.rows[0]["method"] = "a lone \ud800"  # no file can hold it
    with pytest.raises(UnicodeEncodeError):
        report_of(broken, request).write(out)
    assert (out / "index.html").read_text() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["regression.csv", "report"]


# ------------------------------------------------------------------------------------------------ further sections
@pytest.fixture
def n_fits(monkeypatch):
    """Count the fits of networks and of SMOGN by themselves."""
    fits = {"network": 0, "smogn": 0}
    for kind, name in ((SMOGANRegressorResampler, "network"), (SMOGN, "smogn")):

        def counted(self, X, y, kind=kind, name=name, fit_resample=kind.fit_resample):
            if type(self) is kind:
                fits[name] += getattr(self, "refine", True)
            return fit_resample(self, X, y)

        monkeypatch.setattr(kind, "fit_resample", counted)
    return fits


def tried_with_smogan():
    """Return a comparison in which SMOGAN is the best method."""
    comparison = regression_comparison()
    rows = [{**row, "method": "smogan"} if row["method"] == "smogn" else row for row in comparison.rows]
    methods = ["smogan" if name == "smogn" else name for name in comparison.methods]
    judge = replace(comparison.judge, rows=rows, methods=methods, samplers=["smogan"])
    sampler = SMOGANRegressorResampler(relevance=Relevance(), max_steps=20)
    models = replace(comparison.models, methods=comparison.models.methods | {"smogan": sampler})
    return replace(comparison, judge=judge, models=models)


@pytest.mark.slow
def test_a_network_is_fitted_once_for_all_sections(tmp_path, n_fits, monkeypatch):
    known = _regression.default_methods
    monkeypatch.setattr(_regression, "default_methods", lambda **given: known(**given) | {
        "smogan": SMOGANRegressorResampler(relevance=Relevance(), max_steps=20)})  # fmt: skip
    out = tmp_path / "report"
    report_of(tried_with_smogan(), request_of(tmp_path, "regression")).write(out)
    assert n_fits["network"] == 1
    page = (out / "index.html").read_text()
    assert "the table before and after" in page.lower()
    assert "What refinement changed" in page
    assert page.count("<figure>") == 3


@pytest.mark.parametrize(("limit", "is_left_out"), [(None, False), (1e9, False), (5.0, True)])
@pytest.mark.slow
def test_out_of_time_nothing_more_is_fitted(tmp_path, n_fits, limit, is_left_out):
    request = request_of(tmp_path, "regression", max_time=limit, started=time.monotonic() - 10)
    report_of(regression_comparison(), request).write(tmp_path / "report")
    page = (tmp_path / "report" / "index.html").read_text()
    assert ("--max-time 5 was used up" in page) == is_left_out
    assert (n_fits["smogn"] == 0) == is_left_out
    assert "started" not in json.loads((tmp_path / "report" / "run.json").read_text())["options"]


def test_a_table_of_ratios_that_do_not_exist_stays_narrow():
    comparison = regression_comparison()
    row = comparison.results["smogn"]
    row.update(dict.fromkeys(("score_ratio", "low", "high", "rmse_ratio", "recalibrated_ratio"), math.nan))
    comparison.results["weights"].update(low=0.0, high=1e200)
    texts = [[cell.text for cell in cells] for cells in _regression.RegressionReport(comparison).grid().rows]
    assert texts[4][1] == texts[4][4] == "-"
    assert texts[4][3] == ""
    assert texts[3][1].endswith("(0.00 to >100)")


@pytest.mark.parametrize(("scoring", "says"), [("sera", "SERA, the"), ("rare_mae", "the least that"), ("rmse", "")])
def test_how_to_read_says_what_recalibrated_predictions_are_of_each_score(scoring, says):
    found = regression_comparison()
    comparison = replace(found, judge=replace(found.judge, scoring=scoring))
    assert says in _regression.RegressionReport(comparison).how_to_read
    assert ("in SERA, if" in _regression.RegressionReport(comparison).how_to_read) == (scoring != "sera")


# ------------------------------------------------------------------------------------------------ drawn intervals
def drawn(grid):
    """Return (left end, dot, right end, zero, is cut, is clear) of each drawn interval."""
    bars = [cell["bar"] for row in grid.content()["rows"] for cell in row["cells"] if cell["bar"]]
    return [(*(bar[name] for name in ("left", "dot", "right", "neutral")), bool(bar["arrows"]), bar["is_clear"])
            for bar in bars]  # fmt: skip


def grid_of(*intervals, neutral=1):
    rows = [[Cell(f"m{i}"), effect(value, low, high, str)] for i, (low, value, high) in enumerate(intervals)]
    return Grid("caption", ["method", "effect"], rows, neutral={"effect": neutral})


def test_ratios_are_drawn_on_a_log_scale():
    half, double = drawn(grid_of((0.4, 0.5, 0.625), (1.6, 2.0, 2.5)))
    assert half[3] == double[3]  # one scale for all
    assert half[3] - half[1] == pytest.approx(double[1] - double[3], abs=0.2)
    assert (half[1] - half[0]) / (half[2] - half[0]) == pytest.approx(0.5, abs=0.02)  # 0.4 x 0.625 = 0.5 squared
    assert half[5]
    assert double[5]


def test_differences_are_drawn_in_proportion():
    one, two = drawn(grid_of((-1.0, 1.0, 3.0), (1.0, 2.0, 3.0), neutral=0))
    unit = two[1] - one[1]
    assert one[3] == pytest.approx(one[1] - unit, abs=0.2)
    assert two[2] == pytest.approx(two[1] + unit, abs=0.2)
    assert not one[5]  # it holds no effect
    assert two[5]


def test_endless_intervals_are_cut_and_say_so():
    found = drawn(grid_of((0.0, 0.9, math.inf), (0.8, 0.9, 0.95)))
    assert [row[4] for row in found] == [True, False]
    assert [row[5] for row in found] == [False, True]
    assert all(0 <= place <= 72 for row in found for place in row[:4])
    (alone,) = drawn(grid_of((-math.inf, 0.0, math.inf), neutral=0))
    assert alone[4]


def test_cells():
    assert number(math.nan, ".2f") == Cell()
    assert number(9.996, ".2f").text == "10.00"
    assert p_value(0.0004) == Cell("<0.001", 0.0004)
    assert p_value(0.0496).text == "0.050"


# ------------------------------------------------------------------------------------------------ the terminal
def on_a_terminal(monkeypatch, width):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", str(width))


def printed(capsys, task):
    comparison = MADE[task]()
    REPORTS[task](comparison).print()
    return comparison, re.sub(r"\x1b\[[\d;]*m", "", capsys.readouterr().out)


@pytest.mark.parametrize("width", [80, 100, 140])
@pytest.mark.parametrize("task", TASKS)
def test_a_terminal_is_never_too_narrow(capsys, monkeypatch, task, width):
    on_a_terminal(monkeypatch, width)
    comparison, out = printed(capsys, task)
    assert max(len(line.rstrip()) for line in out.splitlines()) <= width
    assert "…" not in out
    header = next(line for line in out.splitlines() if line.startswith("method  "))
    left_out = re.search(r"Left out on this narrow terminal, to be found in the report: (.*?)\.\n\n", out, re.DOTALL)
    names = [] if left_out is None else re.sub(r"\s+", " ", left_out.group(1)).split(", ")
    assert all(name not in re.split(r"\s{2,}", header) for name in names)
    monkeypatch.setenv("COLUMNS", "500")
    _, wide = printed(capsys, task)
    whole = next(line for line in wide.splitlines() if line.startswith("method  "))
    assert set(re.split(r"\s{2,}", whole.strip())) == {*re.split(r"\s{2,}", header.strip()), *names}
    for row in comparison.results.values():
        assert re.search(rf"^{re.escape(row['method'])} ", out, re.MULTILINE)


@pytest.mark.parametrize("task", TASKS)
def test_a_file_gets_all_columns_and_whole_sentences(capsys, monkeypatch, task):
    monkeypatch.setenv("COLUMNS", "80")
    comparison, out = printed(capsys, task)
    assert "Left out" not in out
    assert " seconds" in out
    for verdict in comparison.verdict.parts.values() or [comparison.verdict]:
        assert f"{verdict.answer.upper()}. {verdict.sentence}\n" in out
