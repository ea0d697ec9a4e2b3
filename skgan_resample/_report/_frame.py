"""The frame of every report: what comes first in terminal and page, and how the folder is written."""

import csv
import json
import math
import shutil
import tempfile
from html import escape
from pathlib import Path

from skgan_resample._report import _page
from skgan_resample._report._grid import say
from skgan_resample._versions import versions

HOW_SURE = {  # what the three answers claim
    "helps": "This is more than noise: p < 0.05, after allowing for the number of methods.",
    "cannot tell": "These rows neither prove a gain worth having nor exclude one.",
    "does not help": "",
}


class Report:
    """What a comparison says; a subclass for each task fills the frame.

    Parameters
    ----------
    comparison : Comparison, ClassificationComparison or RobustComparison
    table : Table, default=None
        As made ready by the command line; needed for the folder, not for the terminal.
    options : dict, default=None
        The command's options, likewise.

    Notes
    -----
    Subclasses have:

    - ``title(target)``, ``intro`` (what the numbers stand on), ``grid()``, ``how_to_read`` for terminal and page,
      ``fine_print`` for the page alone, ``glossary``: method to what it is;
    - ``heading`` of the table, ``figure()`` below it, ``more()``: further sections of the page, as HTML;
    - ``facts``: for `run.json`; ``recipe()``: the recommended pipeline as Python.
    """

    heading = "What each method gains and costs"
    fine_print = ""

    def __init__(self, comparison, table=None, options=None):
        self.comparison, self.table, self.options = comparison, table, options

    @property
    def verdicts(self):
        """Each question with its verdict; the question is empty if there is only one."""
        return [("", self.comparison.verdict)]

    def more(self):
        """Return further sections of the page."""
        return ""

    # ------------------------------------------------------------------------------------------ the terminal
    def print(self):
        """Print what the numbers stand on, the table and the verdict."""
        print()
        say(self.intro)
        print()
        self.grid().print()
        print()
        say(self.how_to_read)
        for question, verdict in self.verdicts:
            print()
            say(f"{question}{': ' if question else ''}{verdict.answer.upper()}. {verdict.sentence}")
        for caution in self.comparison.cautions:
            say(f"Note: {caution}")

    # ------------------------------------------------------------------------------------------ the page
    def page(self, recipe):
        """Return the page as HTML."""
        comparison, grid = self.comparison, self.grid()
        failures = [f"{name} failed: {error}" for name, error in comparison.failures.items()]
        return _page.document(
            self.title(self.table.target),
            f"""
{"".join(_verdict_box(question, verdict) for question, verdict in self.verdicts)}
{_page.paragraphs(*(f"Note: {caution}" for caution in comparison.cautions), kind="caution")}
{_page.paragraphs(f"{self.table.source}. {self.intro}")}
{_page.bullets([*self.table.notes, *failures])}

<h2>{self.heading}</h2>
{grid.html()}
{_page.paragraphs(f"{self.how_to_read} {self.fine_print}", kind="small")}
{_page.glossary(self.glossary, grid.methods)}
{self.figure()}

<h2 id="paste">What to paste</h2>
{_page.paragraphs(
    "This script reads the table, leaves out the same columns, prepares the others as it was done here, builds "
    f"{self.recommended} and prints its score on the folds of this comparison. It stands beside this page as recipe.py."
)}
{_page.code(recipe)}
{self.more()}
""",
        )  # fmt: skip

    @property
    def recommended(self):
        """What the script builds, in words."""
        method = self.comparison.verdict.method
        return "the learner alone, since no method is recommended," if method is None else f"{method!r}"

    # ------------------------------------------------------------------------------------------ the folder
    def write(self, out):
        """Write `out`/index.html, recipe.py, results.csv and run.json.

        An earlier report is replaced when the new one is complete.
        """
        recipe = self.recipe()
        files = {
            "index.html": self.page(recipe),
            "recipe.py": recipe,
            "run.json": json.dumps(_finite(self._run()), indent=1, allow_nan=False) + "\n",
        }
        with tempfile.TemporaryDirectory(dir=out.absolute().parent, prefix=f".{out.name}-") as folder:
            draft = Path(folder) / out.name
            draft.mkdir()
            for name, text in files.items():
                (draft / name).write_text(text, encoding="utf-8")
            _write_rows(draft / "results.csv", self.comparison.rows)
            if out.exists():
                shutil.rmtree(out)
            draft.replace(out)

    def _run(self):
        """Return what `run.json` holds."""
        comparison = self.comparison
        return {
            "data": self.table.source,
            "rows": comparison.n_rows,
            **self.facts,
            "notes": self.table.notes,
            "options": {
                name: value if isinstance(value, int | float | str | None) else str(value)
                for name, value in self.options.items()
                if name != "started"
            },
            "summary": comparison.summary,
            "failures": comparison.failures,
            "seconds": comparison.seconds,
            "versions": versions(),
        }


def folds_judged(comparison, kind="outer folds", lacking="rare training rows or time"):
    """Return how many folds stand behind the numbers, in words."""
    text = f"Judged on {comparison.n_folds} {kind}"
    left_out = comparison.n_planned - comparison.n_folds
    return text + (f"; {left_out} more lacked {lacking}." if left_out else ".")


def _verdict_box(question, verdict):
    """Return an answer and how sure it is."""
    kind = " helps" if verdict.answer == "helps" else ""
    answer = f"{question}: {verdict.answer}" if question else verdict.answer.capitalize()
    named = f": {verdict.method}" if verdict.method and not question else ""
    sure = _page.paragraphs(HOW_SURE[verdict.answer], kind="small")
    return (
        f'<div class="verdict{kind}"><p class="answer">{escape(answer + named)}.</p>\n'
        f"<p>{escape(verdict.sentence)}</p>\n{sure}</div>\n"
    )


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
