"""read_table(): a file of the user, exactly as `skgan-resample compare` reads it."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from _shared import main

from skgan_resample import read_table

QUICK = ["--estimator", "sklearn.linear_model:LinearRegression", "--methods", "weights", "--cv", "2", "--repeats", "1"]


def messy_frame(n_rows=120):
    """Return a table with numbers, text, dates, flags, missing cells, a counter and a constant, and two targets."""
    rng = np.random.RandomState(0)
    size = rng.gamma(2.0, size=n_rows)
    frame = pd.DataFrame(
        {
            "claim_id": np.arange(1000, 1000 + n_rows),
            "day": pd.date_range("2024-01-01", periods=n_rows)[::-1].astype(str),
            "kind": rng.choice(["fire", "water", "Käse"], size=n_rows, p=[0.5, 0.3, 0.2]),
            "size": np.round(1000 * size, 2),
            "insured": rng.uniform(size=n_rows) < 0.5,
            "country": "DE",
            "shop": [f"shop {i % 12}" for i in range(n_rows)],
            "stars": np.arange(n_rows) % 3,
            "cost": np.round(100 * size**2 + 50 * rng.normal(size=n_rows), 2),
        }
    )
    frame.loc[::7, "size"] = np.nan
    frame.loc[::11, "kind"] = None
    frame.loc[3, ["cost", "stars"]] = None
    return frame


def as_utf8(frame):
    frame.to_csv("t.csv", index=False)
    return "t.csv"


def as_german(frame):
    frame = frame.assign(day=pd.to_datetime(frame["day"]).dt.strftime("%d.%m.%Y"))
    frame["size"] = frame["size"].map(lambda v: "" if v != v else f"{v:,.2f}".translate({44: 46, 46: 44}))
    frame.to_csv("t.csv", index=False, sep=";", decimal=",", encoding="cp1252")
    return "t.csv"


def as_english(frame):
    frame = frame.assign(day=pd.to_datetime(frame["day"]).dt.strftime("%d/%m/%Y"))
    frame["size"] = frame["size"].map(lambda v: "NULL" if v != v else f"{v:,.2f}")
    frame.rename(columns={"kind": " kind "}).to_csv("t.tsv.gz", index=False, sep="\t")
    return "t.tsv.gz"


def as_parquet(frame):
    frame.assign(day=pd.to_datetime(frame["day"])).to_parquet("t.parquet")
    return "t.parquet"


@pytest.fixture(autouse=True)
def _folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("write", [as_utf8, as_german, as_english, as_parquet])
def test_a_table_is_the_same_however_it_is_written(write):
    frame = messy_frame()
    table = read_table(write(frame), target="cost")
    frame = frame.drop(index=3).reset_index(drop=True)
    wanted = frame.drop(columns=["claim_id", "country", "cost"]).assign(day=pd.to_datetime(frame["day"]))
    pd.testing.assert_frame_equal(table.X, wanted, check_dtype=False)
    np.testing.assert_array_equal(table.y, frame["cost"])
    assert table.task == "regression"
    assert table.groups is None
    assert table.times is None


def test_groups_times_and_classes_have_their_places():
    path = as_utf8(messy_frame())
    table = read_table(path, target="stars", group="shop")
    assert table.task == "classification"
    assert table.y.dtype.kind == "i"  # though a missing cell makes pandas read floats
    assert table.groups[:2].tolist() == ["shop 0", "shop 1"]
    assert "shop" not in table.X
    table = read_table(path, target="cost", time="day")
    assert (np.diff(table.times) > np.timedelta64(0)).all()  # the file goes backwards
    assert table.y[0] == messy_frame()["cost"].iloc[-1]
    assert "--time" in " ".join(read_table(path, target="stars", task="classification").notes)
    assert "--time" not in " ".join(read_table(path, target="stars", task="robustness").notes)


@pytest.mark.parametrize("write", [as_utf8, as_german])
@pytest.mark.slow
def test_the_command_reads_the_same_table(write):
    path = write(messy_frame())
    assert main(["compare", path, "--target", "cost", "--jobs", "1", *QUICK]) == 0
    facts = json.loads(Path("report/run.json").read_text())
    table = read_table(path, target="cost")
    assert facts["notes"] == table.notes
    assert facts["rows"] == len(table.X) == len(table.y)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"target": "costs"}, "no column 'costs'; did you mean 'cost'"),
        ({"target": "kind", "task": "regression"}, "target 'kind' must hold numbers"),
        ({"target": "cost", "group": "kind"}, "empty in 11 rows"),
        ({"target": "cost", "time": "kind"}, "neither dates nor numbers"),
        ({"target": "cost", "time": "day", "group": "shop"}, "cannot be combined"),
        ({"target": "cost", "sep": "|"}, "no column 'cost'"),
    ],
)
def test_what_cannot_be_used_is_a_value_error(options, message):
    with pytest.raises(ValueError, match=message):
        read_table(as_utf8(messy_frame()), **options)
    with pytest.raises(ValueError, match=r"no file absent\.csv"):
        read_table("absent.csv", **options)
