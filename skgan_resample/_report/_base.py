"""What all reports share: what comes first in terminal and page, and how the folder is written."""

import csv
import json
import math
import shutil
import tempfile
from pathlib import Path

from skgan_resample._report import _page
from skgan_resample._report._grid import print_paragraph
from skgan_resample._report._script import generated_script
from skgan_resample._versions import versions

CERTAINTY = {  # what the three answers claim
    "helps": "This is more than noise: p < 0.05, after adjustment for the number of methods.",
    "cannot tell": "These rows neither prove a relevant gain nor exclude one.",
    "does not help": "",
}


class Report:
    """What a comparison found, in words; a subclass for each task fills in what differs.

    Subclasses have ``title``, ``intro`` (what the numbers stand on), ``grid()``, ``how_to_read`` for terminal and page,
    ``fine_print`` for the page alone, ``heading`` of the table, ``figure()`` below
    it, ``sections()`` at the end of the page, and ``facts`` for `run.json`.

    Parameters
    ----------
    comparison : Comparison
    request : Request, default=None
        What was asked; needed for the folder, not for the terminal.
    """

    heading = "What each method gains and costs"
    fine_print = ""

    def __init__(self, comparison, request=None):
        self.comparison, self.request = comparison, request

    @property
    def verdicts(self):
        """Each question with its verdict; the question is empty if there is only one."""
        return [("", self.comparison.verdict)]

    def sections(self):
        """Return further sections of the page, as (heading, paragraphs and figures)."""
        return []

    # ------------------------------------------------------------------------------------------ the terminal
    def print(self):
        """Print what the numbers stand on, the table and the verdict."""
        print()
        print_paragraph(self.intro)
        print()
        self.grid().print()
        print()
        print_paragraph(self.how_to_read)
        for question, verdict in self.verdicts:
            print()
            print_paragraph(f"{question}{': ' if question else ''}{verdict.answer.upper()}. {verdict.sentence}")
        for caveat in self.comparison.caveats:
            print_paragraph(f"Note: {caveat}")

    # ------------------------------------------------------------------------------------------ the page
    def page(self, script):
        """Return the page as HTML."""
        comparison, table, grid = self.comparison, self.request.table, self.grid()
        failures = [f"{name} failed: {error}" for name, error in comparison.failures.items()]
        return _page.render(
            title=self.title,
            verdicts=[_verdict_box(question, verdict) for question, verdict in self.verdicts],
            caveats=comparison.caveats,
            intro=f"{table.source}. {self.intro}",
            notes=[*table.notes, *failures],
            heading=self.heading,
            table=grid.content(),
            how_to_read=f"{self.how_to_read} {self.fine_print}",
            glossary=comparison.labels,
            figure=self.figure(),
            about_script=f"This script reads the table as it was read here, builds {self.recommended} and prints the "
            "score on the folds of this comparison. It is the file pipeline.py beside this page.",
            script_code=script,
            sections=[{"heading": heading, "parts": parts} for heading, parts in self.sections()],
        )

    @property
    def recommended(self):
        """What the script builds, in words."""
        method = self.comparison.verdict.method
        return "the estimator alone, since no method is recommended," if method is None else f"{method!r}"

    # ------------------------------------------------------------------------------------------ the folder
    def write(self, out):
        """Write `out`/index.html, pipeline.py, results.csv and run.json.

        An earlier report is replaced when the new one is complete.
        """
        script = generated_script(self.comparison, self.request)
        facts = {
            "data": self.request.table.source,
            "rows": self.comparison.n_rows,
            **self.facts,
            "notes": self.request.table.notes,
            "options": self.request.asked,
            "summary": list(self.comparison.results.values()),
            "failures": self.comparison.failures,
            "seconds": self.comparison.seconds,
            "versions": versions(),
        }
        files = {
            "index.html": self.page(script),
            "pipeline.py": script,
            "run.json": json.dumps(_finite(facts), indent=1, allow_nan=False) + "\n",
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


def folds_judged(comparison, kind="outer folds", lacking="rare training rows or time"):
    """Return how many folds stand behind the numbers, in words."""
    text = f"Judged on {comparison.n_folds} {kind}"
    left_out = comparison.n_planned - comparison.n_folds
    return text + (f"; {left_out} more lacked {lacking}." if left_out else ".")


def verdict_facts(verdict):
    """Return a verdict as an entry of run.json; its numbers stand in the summary."""
    return {name: getattr(verdict, name) for name in ("answer", "method", "sentence", "rows_needed")}


def _verdict_box(question, verdict):
    """Return an answer and how certain it is, for the template."""
    answer = f"{question}: {verdict.answer}" if question else verdict.answer.capitalize()
    method = f": {verdict.method}" if verdict.method and not question else ""
    return {
        "answer": verdict.answer,
        "headline": answer + method,
        "sentence": verdict.sentence,
        "certainty": CERTAINTY[verdict.answer],
    }


def _write_rows(path, rows):
    """Write rows (dict) as CSV; a cell that a row lacks stays empty."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, names)
        writer.writeheader()
        writer.writerows(rows)


def _finite(facts):
    """Return nested facts with None for NaN and infinity, which JSON does not have."""
    if isinstance(facts, dict):
        return {name: _finite(value) for name, value in facts.items()}
    if isinstance(facts, list | tuple):
        return [_finite(value) for value in facts]
    return None if isinstance(facts, float) and not math.isfinite(facts) else facts
