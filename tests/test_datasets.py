"""Tables to try things on: found by name, read right, made as promised."""

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression

from skgan_resample.datasets import load_table, make_rare_pocket, make_skewed_regression, table_names


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


def test_names_are_those_of_a_task_and_of_all(folder):
    assert table_names(folder=folder) == ["coins", "houses", "urls"]
    assert table_names("classification", folder=folder) == ["coins"]
    with pytest.raises(ValueError, match="task='clustering' is none of regression, classification, robustness"):
        table_names("clustering", folder=folder)


def test_a_regression_table_has_its_last_column_as_target(folder):
    X, y = load_table("houses", folder=folder)
    assert list(X) == ["a", "town"]
    assert X["town"].isna().tolist() == [False, True, False]
    assert y.tolist() == [0.5, 1.5, 9.0]


def test_labels_are_text_wherever_the_target_stands(folder):
    X, y = load_table("coins", folder=folder)
    assert list(X) == ["a"]
    assert y.tolist() == ["1", "2", "2"]


def test_labels_keep_their_spelling_whatever_their_column_is_called(folder):
    path = folder / "classification" / "sizes.csv"
    path.write_text("a,size\n1,NA\n2,01\n3,None\nNA,\n")
    X, y = load_table("sizes", folder=folder)
    assert y.iloc[:3].tolist() == ["NA", "01", "None"]
    assert y.isna().tolist() == [False, False, False, True]
    assert X["a"].isna().tolist() == [False, False, False, True]


def test_the_folder_comes_from_the_environment(folder, monkeypatch):
    monkeypatch.setenv("SKGAN_RESAMPLE_DATA", str(folder))
    assert table_names("robustness") == ["urls"]
    assert load_table("urls")[1].tolist() == ["1", "2", "2"]


def test_what_is_missing_is_said_in_one_sentence(folder, monkeypatch):
    with pytest.raises(ValueError, match=r"no table 'house'; did you mean 'houses'\?"):
        load_table("house", folder=folder)
    with pytest.raises(FileNotFoundError, match="nowhere, is not there"):
        load_table("houses", folder=folder / "nowhere")
    monkeypatch.delenv("SKGAN_RESAMPLE_DATA", raising=False)
    with pytest.raises(FileNotFoundError, match="Set SKGAN_RESAMPLE_DATA"):
        table_names()


def test_skewed_regression_is_linear_and_skewed():
    X, y = make_skewed_regression(2000, noise=0, random_state=0)
    np.testing.assert_allclose(y, X @ [2, 1, 0.5])
    noisy = make_skewed_regression(2000, random_state=0)[1]
    assert np.std(noisy - y) == pytest.approx(1, abs=0.1)
    assert ((y - y.mean()) ** 3).mean() / y.std() ** 3 > 1


def test_the_pocket_lies_apart_and_the_common_rows_are_linear():
    X, y = make_rare_pocket(800, 20, random_state=0)
    assert X.shape == (800, 4)
    assert X[:20, 1].min() > X[20:, 1].max()
    assert y[:20].min() > y[20:].max()
    fitted = LinearRegression().fit(X[20:], y[20:])
    np.testing.assert_allclose(fitted.coef_, [8, 0, 0, 0], atol=0.5)


@pytest.mark.parametrize("make", [make_skewed_regression, make_rare_pocket])
def test_makers_repeat_and_leave_the_global_state_alone(make, give_back):
    for first, second in zip(make(random_state=3), make(random_state=3)):
        np.testing.assert_array_equal(first, second)
    assert not np.array_equal(make(random_state=3)[1], make(random_state=4)[1])


def test_a_pocket_larger_than_the_table_is_refused():
    with pytest.raises(ValueError, match="n_rare=11 must be at most n_samples=10"):
        make_rare_pocket(10, 11)
