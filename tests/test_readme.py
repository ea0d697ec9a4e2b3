"""The README is true: its Python blocks and its command lines run."""

import re
import shlex
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from _shared import main

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")


def test_the_two_main_commands_are_there_as_designed():
    assert 'pip install -c constraints.txt ".[compare]" && skgan-resample compare ' in README
    assert 'pip install -c constraints.txt ".[test]" && pytest ' in README


def test_the_python_block_runs_and_prints_what_the_text_says(capsys):
    (block,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    exec(compile(block, "README.md", "exec"), {})
    explanation, without, with_new_rows = capsys.readouterr().out.splitlines()
    assert explanation == re.search(r"print\(relevance\.explain\(\)\)  # (.+)", README).group(1)
    assert "The second number is the better one" in README
    assert float(without) < float(with_new_rows) < 0


def test_links_lead_to_files_of_this_repository():
    root = Path(__file__).parents[1]
    links = [link for link in re.findall(r"\]\(([^)]+)\)", README) if not link.startswith(("http", "#"))]
    assert len(links) >= 5
    assert [link for link in links if not (root / link).is_file()] == []


def test_the_readme_fits_on_a_screen_or_two():
    assert len(README.splitlines()) <= 130


def command_lines():
    lines = [line for block in re.findall(r"```\n(.*?)```", README, re.DOTALL) for line in block.splitlines()]
    return [line for line in lines if line.startswith("skgan-resample")]


@pytest.mark.parametrize("line", command_lines())
@pytest.mark.slow
def test_command_lines_run_on_a_table(line, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rng = np.random.RandomState(0)
    X = rng.gamma(1.0, size=(120, 2))
    frame = pd.DataFrame(X, columns=["a", "b"])
    frame["CUSTOMER"], frame["split"] = np.arange(120) // 3, np.where(np.arange(120) % 4, "train", "test")
    frame["COLUMN"] = X[:, 0] + 0.1 * rng.normal(size=120)
    frame.to_csv("DATA.csv", index=False)
    arguments = shlex.split(line)[1:]
    if arguments[0] == "compare":
        arguments += ["--cv", "3", "--repeats", "1", "--methods", "smogn", "--jobs", "1"]
        if "--estimator" not in arguments:  # the default estimator is slower
            arguments += ["--estimator", "sklearn.linear_model:LinearRegression"]
    assert main(arguments) == 0
    assert (tmp_path / ("OUT.parquet" if arguments[0] == "resample" else "report/index.html")).exists()


def test_there_are_command_lines():
    assert len(command_lines()) >= 3


def test_figures_are_those_of_the_benchmark_results():
    import runpy

    printed = runpy.run_path(str(Path(__file__).parents[1] / "benchmarks" / "readme_results.py"))["summary"]()
    shown = re.search(r"<!-- results -->\n(.*?)\n<!-- end -->", README, re.DOTALL).group(1)
    assert shown == printed
