"""Tables of the benchmark folder are found by name and read right."""

import importlib
from pathlib import Path

import pandas as pd
import pytest


@pytest.fixture
def common(monkeypatch):
    """The module that the benchmark scripts share; it is for timings of one thread."""
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.syspath_prepend(Path(__file__).parents[2] / "benchmarks")
    return importlib.import_module("_common")


@pytest.fixture
def folder(tmp_path):
    """A folder with one table of each task, as the benchmark folder has them."""
    for name in ("imbalanced_regression", "classification", "robustness"):
        (tmp_path / name).mkdir()
    numbers = pd.DataFrame({"a": [1, 2, 3], "town": ["x", None, "y"], "price": [0.5, 1.5, 9.0]})
    numbers.to_csv(tmp_path / "imbalanced_regression" / "houses.csv", index=False)
    numbers.to_csv(tmp_path / "imbalanced_regression" / "index.csv", index=False)  # tells of tables, is none
    classes = pd.DataFrame({"target": [1, 2, 2], "a": [0.1, 0.2, 0.3]})
    classes.to_csv(tmp_path / "classification" / "coins.csv.gz", index=False)
    classes.to_csv(tmp_path / "robustness" / "urls.csv.gz", index=False)
    return tmp_path


def test_names_are_those_of_a_task_and_of_all(common, folder):
    assert common.table_names(folder=folder) == ["coins", "houses", "urls"]
    assert common.table_names("classification", folder=folder) == ["coins"]
    with pytest.raises(ValueError, match="There is no table 'house'"):
        common.load_table("house", folder=folder)


def test_a_regression_table_has_its_last_column_as_target(common, folder):
    X, y = common.load_table("houses", folder=folder)
    assert list(X) == ["a", "town"]
    assert X["town"].isna().tolist() == [False, True, False]
    assert y.tolist() == [0.5, 1.5, 9.0]


def test_labels_are_text_wherever_the_target_stands(common, folder):
    X, y = common.load_table("coins", folder=folder)
    assert list(X) == ["a"]
    assert y.tolist() == ["1", "2", "2"]


def test_labels_keep_their_spelling_whatever_their_column_is_called(common, folder):
    path = folder / "classification" / "sizes.csv"
    path.write_text("a,size\n1,NA\n2,01\n3,None\nNA,\n")
    X, y = common.load_table("sizes", folder=folder)
    assert y.iloc[:3].tolist() == ["NA", "01", "None"]
    assert y.isna().tolist() == [False, False, False, True]
    assert X["a"].isna().tolist() == [False, False, False, True]
