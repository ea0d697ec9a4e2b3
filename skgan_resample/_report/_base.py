"""What all reports share: what comes first in terminal and page, and how the folder is written."""

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

    Subclasses add `intro` (what the numbers are based on), `grid()`, `how_to_read` and `figure()`.
    """

    title = ""  # the question; {} is the target
    heading = "What each method gains and costs"  # above the table
    fine_print = ""  # behind how_to_read, on the page alone
    no_method = "the estimator alone, since no method is recommended,"  # what the script builds then

    def __init__(self, comparison, request=None):  # the terminal needs no Request
        self.comparison, self.request = comparison, request
        self.fitted = {}  # by name: a sampler fitted to the whole table, and what it returned

    @property
    def verdicts(self):
        """Each question with its verdict; the question is empty if there is only one."""
        verdict = self.comparison.verdict
        return list(verdict.parts.items()) or [("", verdict)]

    def sections(self):
        """Return further sections of the page, as (heading, paragraphs and figures)."""
        return []

    # ------------------------------------------------------------------------------------------ the terminal
    def print(self):
        """Print the answer, what it is based on, and the table."""
        for question, verdict in self.verdicts:
            print()
            print_paragraph(f"{question}{': ' if question else ''}{verdict.answer.upper()}. {verdict.sentence}")
        for caveat in self.comparison.caveats:
            print_paragraph(f"Note: {caveat}")
        print()
        print_paragraph(self.intro)
        print()
        self.grid().print()
        print()
        print_paragraph(self.how_to_read)

    # ------------------------------------------------------------------------------------------ the page
    def page(self, script):
        """Return the page as HTML."""
        comparison, table = self.comparison, self.request.table
        method = comparison.verdict.method
        recommended = self.no_method if method is None else repr(method)
        failures = [f"{name} failed: {error}" for name, error in comparison.failures.items()]
        return _page.render(
            title=self.title.format(table.target),
            verdicts=[_verdict_box(question, verdict) for question, verdict in self.verdicts],
            caveats=comparison.caveats,
            intro=f"{table.source}. {self.intro}",
            notes=[*table.notes, *failures],
            heading=self.heading,
            table=self.grid().content(),
            how_to_read=f"{self.how_to_read} {self.fine_print}",
            glossary=comparison.labels,
            figure=self.figure(),
            about_script=f"This script reads the table as the command did, builds {recommended} and prints the score "
            "on the folds of this comparison. It is the file pipeline.py beside this page.",
            script_code=script,
            sections=[{"heading": heading, "parts": parts} for heading, parts in self.sections()],
        )

    # ------------------------------------------------------------------------------------------ the folder
    def write(self, out):
        """Write `out`/index.html, pipeline.py, results.csv and run.json.

        An earlier report is replaced when the new one is complete.
        """
        import pandas as pd

        comparison, table = self.comparison, self.request.table
        script = generated_script(comparison, self.request)
        kept = ("answer", "method", "sentence", "rows_needed")  # of a verdict; its numbers are in the summary
        verdicts = {question: {name: getattr(part, name) for name in kept} for question, part in self.verdicts}
        facts = {
            "data": table.source,
            "rows": comparison.n_rows,
            "outer_folds_judged": comparison.n_folds,
            "outer_folds_planned": comparison.n_planned,
            **comparison.facts,
            "verdict": verdicts.get("", verdicts),
            "notes": table.notes,
            "options": self.request.asked,
            "summary": list(comparison.results.values()),
            "failures": comparison.failures,
            "seconds": comparison.seconds,
            "versions": versions(),
        }
        files = {
            "index.html": self.page(script),
            "pipeline.py": script,
            "run.json": json.dumps(_finite(facts), indent=1, allow_nan=False) + "\n",
        }
        # Written into a hidden folder beside the wanted one, then renamed: there is never half a report.
        with tempfile.TemporaryDirectory(dir=out.absolute().parent, prefix=f".{out.name}-") as folder:
            draft = Path(folder) / out.name
            draft.mkdir()
            for name, text in files.items():
                (draft / name).write_text(text, encoding="utf-8")
            rows = pd.DataFrame(comparison.rows, dtype=object)  # whole numbers stay whole where others are missing
            rows.to_csv(draft / "results.csv", index=False)
            if out.exists():
                shutil.rmtree(out)
            draft.replace(out)


def folds_judged(comparison, kind="outer folds", lacking="rare training rows or time"):
    """Return how many folds the numbers are based on, in words."""
    text = f"Judged on {comparison.n_folds} {kind}"
    left_out = comparison.n_planned - comparison.n_folds
    return text + (f"; {left_out} more lacked {lacking}." if left_out else ".")


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


def _finite(facts):
    """Return nested facts with text as keys, and None for NaN and infinity, which JSON does not have."""
    if isinstance(facts, dict):
        return {str(name): _finite(value) for name, value in facts.items()}
    if isinstance(facts, list | tuple):
        return [_finite(value) for value in facts]
    return None if isinstance(facts, float) and not math.isfinite(facts) else facts
