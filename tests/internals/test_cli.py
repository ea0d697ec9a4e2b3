"""The command line, on tables as people have them."""

import json
import re
from functools import partial

import numpy as np
import pandas as pd
import pytest
from _shared import main
from sklearn.datasets import load_diabetes
from sklearn.linear_model import Ridge

from skgan_resample import SMOTER, Relevance, SMCAETransformer, SMOGANRegressorResampler, SyntheticRefiner
from skgan_resample._user_table._reading import parsed_dates
from skgan_resample.model_selection import _methods

LINEAR = ["--estimator", "sklearn.linear_model:LinearRegression", "--methods", "weights,smogn"]
FOLDS = ["--cv", "2", "--repeats", "1", "--jobs", "1"]
QUICK = [*LINEAR, *FOLDS]


def messy_frame(n_rows=150):
    rng = np.random.RandomState(0)
    size = rng.gamma(2.0, size=n_rows)
    frame = pd.DataFrame(
        {
            "claim_id": np.arange(1000, 1000 + n_rows),
            "token": [f"{value:.9f}" + "x" for value in rng.uniform(size=n_rows)],
            "day": pd.date_range("2024-01-01", periods=n_rows).astype(str),
            "kind": rng.choice(["fire", "water", "theft"], size=n_rows),
            "city": [f"city {i % 60}" for i in range(n_rows)],
            "size": size,
            "rooms": rng.randint(1, 6, size=n_rows),
            "insured": rng.uniform(size=n_rows) < 0.5,
            "country": "DE",
            "cost": np.round(100 * size**2 + rng.normal(size=n_rows), 2),
        }
    )
    frame.loc[::7, "size"] = np.nan
    frame.loc[::11, "kind"] = None
    frame.loc[3, "cost"] = np.nan
    return frame


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("skgan_resample._cli._progress.FIRST_ESTIMATE", np.inf)  # no line on the time left
    messy_frame().to_csv("claims.csv", index=False)
    return tmp_path


def run(capsys, *arguments):
    status = main([str(argument) for argument in arguments])
    output = capsys.readouterr()
    return status, output.out, output.err


@pytest.mark.slow
def test_report_on_a_messy_csv(folder, capsys):
    status, out, _ = run(capsys, "compare", "claims.csv", "--target", "cost", *QUICK)
    assert status == 0
    assert "row identifiers: claim_id, token" in out
    assert "'day' holds dates" in out
    assert "--time day" in out
    assert "one value only: country" in out
    assert "Many categories" in out
    assert "1 rows without a value of 'cost'" in out
    assert re.search(r"\n(HELPS|DOES NOT HELP|CANNOT TELL)\. ", out)

    page = (folder / "report" / "index.html").read_text()
    assert page.count('<img src="data:image/png;base64,') == 3
    assert page.count('alt="') == 3
    assert not re.search(r'(src|href)="(?!data:)', page)  # opens offline
    rows = pd.read_csv(folder / "report" / "results.csv")
    methods = {"none", "recalibration(0.2)", "recalibration", "weights", "smogn", "constant mean"}
    assert set(rows["method"]) == methods
    assert len(rows) == 2 * (1 + 3) * len(methods)  # outer folds x (outer + inner)
    facts = json.loads((folder / "report" / "run.json").read_text(), parse_constant=pytest.fail)  # NaN is not JSON
    assert facts["options"]["seed"] == 0
    assert facts["versions"]["scikit-learn"]
    assert facts["verdict"]["answer"].upper() in out
    assert sorted(path.name for path in folder.iterdir()) == ["claims.csv", "report"]  # no cache, no drafts


@pytest.mark.slow
def test_same_seed_same_results_an_earlier_report_is_replaced_and_names_are_escaped(folder, capsys):
    messy_frame().rename(columns={"cost": "<script>alert(1)</script>"}).to_csv("evil.csv", index=False)
    found = []
    for _ in range(2):
        status, _, _ = run(capsys, "compare", "evil.csv", "--target", "<script>alert(1)</script>", *QUICK)
        assert status == 0
        found.append(pd.read_csv("report/results.csv").drop(columns="seconds"))
    pd.testing.assert_frame_equal(*found)
    assert "<script>alert" not in (folder / "report" / "index.html").read_text()


@pytest.mark.slow
def test_time_and_groups(folder, capsys):
    status, out, _ = run(capsys, "compare", "claims.csv", "--target", "cost", "--time", "day", "-o", "by_time", *QUICK)
    assert status == 0
    assert "tested on later rows" in out
    assert "shuffled" not in out
    status, out, _ = run(
        capsys, "compare", "claims.csv", "--target", "cost", "--group", "city", "-o", "by_city", *QUICK
    )
    assert status == 0
    assert "stay on one side" in out


@pytest.mark.parametrize(
    ("name", "content", "arguments", "message"),
    [
        ("t.csv", None, ["--target", "costs"], "no column 'costs'; did you mean 'cost'"),
        ("t.csv", None, [], "--target is missing; the columns are"),
        (
            "t.csv",
            None,
            ["--target", "kind", "--task", "regression"],
            "target 'kind' must hold numbers.*'(fire|water|theft)'",
        ),
        (
            "t.csv",
            None,
            ["--target", "cost", "--estimator", "nowhere:Nothing"],
            "--estimator nowhere:Nothing cannot be used",
        ),
        ("t.csv", None, ["--target", "cost", "--estimator", "math:pi"], "cannot be used"),
        ("t.csv", None, ["--target", "cost", "--methods", "magic"], "Unknown methods"),
        ("t.csv", None, ["--target", "cost", "--methods", "weights+smcae"], r"Unknown.*'smogan'\] also with '\+smcae'"),
        ("t.csv", None, ["--target", "cost", "--time", "kind"], "neither dates nor numbers"),
        ("t.csv", None, ["--target", "cost", "-o", "nowhere/report"], "folder .* does not exist"),
        ("t.csv", None, ["--target", "cost", "-o", "taken"], "no earlier report"),
        ("t.csv", None, ["--target", "cost", "-o", "project"], "no earlier report"),
        ("t.csv", None, ["--target", "cost", "--group", "cost"], "'cost' is named by both --target and --group"),
        ("t.csv", None, ["--target", "cost", "--group", "kind"], "'kind' of --group is empty in 14 rows"),
        ("t.csv", None, ["--target", "cost", "--time", "day", "--group", "city"], "--time and --group"),
        (
            "t.csv",
            None,
            ["--target", "cost", "--time", "day", "--cv", "1"],
            "--cv: '1' is no whole number of at least 2",
        ),
        (
            "t.csv",
            None,
            ["--target", "cost", "--max-rmse-increase", "-1"],
            "--max-rmse-increase: '-1' must be at least 0",
        ),
        ("t.csv", None, ["--target", "cost", "--quantile", "0.95"], "--quantile needs --relevance quantile"),
        ("t.csv", None, ["--target", "cost", "--estimator", "broken:Model"], "--estimator broken:Model cannot be used"),
        ("t.csv", None, ["--target", "cost", "--estimator", "sklearn.linear_model:LogisticRegression"], "classifier"),
        ("t.csv", "", ["--target", "cost"], "cannot be read"),
        ("t.csv", "a,cost\n", ["--target", "cost"], "holds no rows"),
        ("t.csv", "a,cost\n1,2\n", ["--target", "cost"], "has 1 row with a value of 'cost', too few"),
        ("t.csv", "a,cost\n" + "1,2\n2,3\n" * 4 + "1,\n1,\n", ["--target", "cost"], "has 8 rows with a value"),
        ("t.csv", None, ["--target", "cost", "--max-time", "0"], "'0' is no number of seconds above 0"),
        ("t.csv", None, ["--target", "cost", "--jobs", "0"], "--jobs: '0' is no whole number"),
        ("t.csv", None, ["--target", "cost", "--sep", "::"], "'::' is no sign such as ';'"),
        ("t.parquet", None, ["--target", "cost", "--sep", ";"], "--sep is for text files"),
        ("t.csv", None, ["--target", "cost", "--nonsense"], "unrecognized arguments: --nonsense; .* --help"),
        (
            "t.csv",
            None,
            ["--target", "cost", "--estimator", "sklearn.linear_model:LogisticRegression"],
            "is a classifier",
        ),
        ("t.csv", "a,a,cost\n1,2,3\n", ["--target", "cost"], "names a more than once"),
        ("t.csv", "a,cost\n" + "1,5\n2,5\n" * 6, ["--target", "cost"], "fewer than two different values"),
        ("t.csv", "a,cost\n" + "1,5\n2,inf\n" * 6, ["--target", "cost"], "infinity"),
        ("t.csv", "cost\n" + "1\n2\n3\n" * 9, ["--target", "cost"], "No column of t.csv is left"),
        (
            "t.csv",
            "a,cost\n" + "\n".join(f"{i % 7}.5,{i}" for i in range(60)),
            ["--target", "cost"],
            "--relevance quantile",
        ),
        ("t.csv", "a,cost\n" + "1.5,1\n2,2\n3,90\n" * 4, ["--target", "cost"], "."),
        (
            "t.csv",
            "a,cost\n" + "\n".join(f"{i % 7}.5,{int(i % 3 > 0)}" for i in range(60)),
            ["--target", "cost", "--relevance", "quantile", "--side", "high"],
            "above the median",
        ),
        ("t.parquet", "no parquet", ["--target", "cost"], "cannot be read as parquet"),
        ("t.xls", "x", ["--target", "cost"], "not a .csv, .tsv or .parquet"),
        ("absent.csv", False, ["--target", "cost"], "no file absent.csv"),
    ],
)
def test_what_cannot_be_used_gives_one_sentence_and_writes_nothing(folder, capsys, name, content, arguments, message):
    (folder / "taken").mkdir()
    (folder / "taken" / "thesis.txt").write_text("precious")
    (folder / "project").mkdir()  # other programs write a run.json as well
    for name_inside in ("run.json", "thesis.txt"):
        (folder / "project" / name_inside).write_text("{}")
    (folder / "broken.py").write_text("this is no Python (")
    if content is None and name.endswith("csv"):
        messy_frame().to_csv(name, index=False)
    elif content is None:
        messy_frame().to_parquet(name, index=False)
    elif content is not False:
        (folder / name).write_text(content)
    before = sorted(str(path) for path in folder.rglob("*") if "__pycache__" not in str(path))
    quick = QUICK if "--estimator" not in arguments and "--methods" not in arguments else FOLDS
    status, _, err = run(capsys, "compare", name, *quick, *arguments)
    assert status == 2
    assert re.search(message, err)
    assert err.count("\n") == 1
    assert "Traceback" not in err
    assert sorted(str(path) for path in folder.rglob("*") if "__pycache__" not in str(path)) == before
    assert (folder / "taken" / "thesis.txt").read_text() == "precious"


def test_a_parquet_column_of_lists_is_refused_in_one_sentence(folder, capsys):
    frame = messy_frame()
    frame["tags"] = [["a", "b"]] * len(frame)
    frame.to_parquet("t.parquet")
    status, _, err = run(capsys, "compare", "t.parquet", "--target", "cost", *QUICK)
    assert status == 2
    assert "'tags' holds lists" in err
    assert err.count("\n") == 1


@pytest.mark.parametrize("place", [".", "..", "../../", "here/.."])
def test_a_folder_that_one_is_in_is_no_report(folder, capsys, monkeypatch, place):
    (folder / "here" / "here").mkdir(parents=True)
    monkeypatch.chdir(folder / "here")
    status, out, err = run(capsys, "compare", "none.csv", "--target", "cost", "-o", place)
    assert status == 2
    assert "is no folder for a report: you are in it" in err  # before the table is looked for
    assert out == ""


def test_words_that_make_a_class_missing_are_told(folder, capsys):
    frame = messy_frame().assign(grade=np.where(messy_frame()["size"].fillna(0) > 2, "NA", "None"))
    frame.loc[:9, "grade"] = "low"
    frame.loc[10:12, "grade"] = ""
    frame.to_csv("claims.csv", index=False)
    learner = ["--estimator", "sklearn.linear_model:LogisticRegression", "--methods", "weights"]
    n_words = int((frame["grade"] == "NA").sum())
    status, out, _ = run(capsys, "compare", "claims.csv", "--target", "grade", *learner, *FOLDS)
    assert status == 0
    assert f"{n_words + 3} rows without a value of 'grade' are left out, {n_words} of them with 'NA': " in out
    assert f"None ({int((frame['grade'] == 'None').sum())})" in out  # a class


@pytest.mark.slow
def test_rows_that_repeat_others_are_counted(folder, capsys):
    frame = messy_frame().drop(columns=["claim_id", "token"])
    pd.concat([frame, frame.iloc[:20]]).to_csv("claims.csv", index=False)
    n_copies = 20 - 1  # the row without a target is left out
    status, out, _ = run(capsys, "compare", "claims.csv", "--target", "cost", *QUICK)
    assert status == 0
    assert f"- {n_copies} rows repeat others in all columns that are used: copies can be on both sides" in out
    _, out, _ = run(capsys, "compare", "claims.csv", "--target", "cost", "--group", "city", *QUICK)
    assert "repeat others" not in out  # copies are of one city


@pytest.mark.slow
def test_a_learner_of_the_users_own_file(folder, capsys):
    (folder / "our_model.py").write_text("from sklearn.linear_model import LinearRegression as Model")
    arguments = ["--estimator", "our_model:Model", "--methods", "weights, smogn"]
    status, out, _ = run(capsys, "compare", "claims.csv", "--target", "cost", *arguments, *FOLDS)
    assert status == 0
    assert "smogn" in out


@pytest.fixture
def _quick_smogan(monkeypatch):
    """Train SMOGAN for a few steps."""
    monkeypatch.setattr(_methods, "SMOGANRegressorResampler", partial(SMOGANRegressorResampler, max_steps=20))


@pytest.mark.usefixtures("_quick_smogan")
@pytest.mark.slow
def test_report_says_what_refinement_changed(folder, capsys):
    methods = ["--estimator", "sklearn.linear_model:LinearRegression", "--methods", "smogan", *FOLDS]
    status, out, _ = run(capsys, "compare", "claims.csv", "--target", "cost", *methods)
    assert status == 0
    assert "smogan" in out
    page = (folder / "report" / "index.html").read_text()
    assert "<h2>What refinement changed</h2>" in page
    assert page.count('<img src="data:image/png;base64,') == 4
    counts = re.search(r"smogan made (\d+) rows: (\d+) were moved .*?, (\d+) fell back", page)
    n_rows, n_moved, n_fallback = map(int, counts.groups())
    assert n_rows >= n_moved > 0
    assert n_fallback < n_rows


@pytest.mark.usefixtures("_quick_smogan")
@pytest.mark.slow
def test_resample_with_smogan_has_its_own_threshold(folder, capsys):
    messy_frame().drop(index=3).to_csv("whole.csv", index=False)
    n_rows = []
    for threshold in ([], ["--threshold", "0.5"], ["--threshold", "0.8"]):
        arguments = ["resample", "whole.csv", "--target", "cost", "--method", "smogan", "-o", "more.parquet"]
        status, _, error = run(capsys, *arguments, *threshold)
        assert status == 0, error
        n_rows.append(len(pd.read_parquet(folder / "more.parquet")))
    assert n_rows[0] == n_rows[1] != n_rows[2]


@pytest.mark.slow
def test_equal_times_are_said_aloud(folder, capsys):
    messy_frame().assign(day=lambda frame: np.repeat(frame["day"][::5], 5).to_numpy()).to_csv("t.csv", index=False)
    status, out, _ = run(capsys, "compare", "t.csv", "--target", "cost", "--time", "day", *QUICK)
    assert status == 0
    assert "equal 'day'" in out
    assert "no earlier rows" in out


@pytest.mark.parametrize("values", [["1-5", "5-10", "10-12"], ["12:30", "9:15", "8:00"], ["1.2.3", "1.10.2", "2.0.1"]])
def test_bands_hours_and_versions_are_no_dates(values):
    assert parsed_dates(pd.Series(values)) == (None, None)


@pytest.mark.parametrize(
    "values", [["2024-01-05", None], ["12/31/2023", "01/05/2024"], ["2024-01-05 12:30"], ["1/5/24"]]
)
def test_dates_are_dates(values):
    dates, _ = parsed_dates(pd.Series(values))
    assert dates.dt.year.isin([2023, 2024]).sum() == len(pd.Series(values).dropna())


@pytest.mark.slow
def test_a_text_column_with_a_thousand_levels(folder, capsys):
    rng = np.random.RandomState(0)
    codes = [f"code {i}" for i in rng.randint(1000, size=3000)]
    y = rng.gamma(1.0, size=3000)
    pd.DataFrame({"code": codes, "x": y + rng.normal(size=3000), "y": y}).to_csv("wide.csv", index=False)
    status, out, _ = run(capsys, "compare", "wide.csv", "--target", "y", *QUICK)
    assert status == 0
    assert "20 most frequent: code" in out


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_resample_writes_the_table_with_its_origin(folder, capsys, suffix):
    frame = messy_frame().drop(index=3).reset_index(drop=True)
    frame["split"] = np.where(np.arange(len(frame)) % 3 == 0, "test", "train")
    frame.to_csv("claims.csv", index=False)
    out_file = f"more.{suffix}"
    arguments = ["resample", "claims.csv", "--target", "cost", "--only-rows-where", "split=train", "-o", out_file]
    status, out, _ = run(capsys, *arguments, "--strategy", "balance", "--seed", "1")
    assert status == 0
    assert "rare: y >=" in out
    assert "after splitting" not in out
    result = pd.read_csv(out_file) if suffix == "csv" else pd.read_parquet(out_file)
    n_rows = len(frame)
    old = result[frame.columns][:n_rows].convert_dtypes()
    pd.testing.assert_frame_equal(old, pd.read_csv("claims.csv").convert_dtypes(), check_dtype=False)
    new = result[n_rows:]
    assert len(new) > 0
    assert new["is_synthetic"].all()
    assert not result["is_synthetic"][:n_rows].any()
    assert (new["split"] == "train").all()
    assert (result["source_row"][:n_rows] == np.arange(n_rows)).all()
    assert (new["source_row"] == -1).all()
    assert (frame["split"].iloc[new["parent_row_1"]] == "train").all()
    assert (new["rooms"] == new["rooms"].round()).all()


def test_resample_keeps_cells_as_written_and_invents_no_identifiers(folder, capsys):
    rng = np.random.RandomState(0)
    lines = [
        f"{i:05d},{rng.choice(['NA', 'b'])},{value:.3f},{value * 2:.1f}"
        for i, value in enumerate(rng.gamma(1, size=200))
    ]
    (folder / "coded.csv").write_text("zip,kind,x,y\n" + "\n".join(lines) + "\n")
    status, out, _ = run(capsys, "resample", "coded.csv", "--target", "y", "-o", "more.csv")
    assert status == 0
    assert "stay empty in new rows: zip" in out
    written = (folder / "more.csv").read_text().splitlines()
    assert [line.rsplit(",", 4)[0] for line in written[1:201]] == lines
    new = [line.split(",") for line in written[201:]]
    assert new
    assert all(cells[0] == "" and float(cells[2]) > 0 for cells in new)
    status, _, _ = run(capsys, "resample", "coded.csv", "--target", "y", "-o", "more.parquet")
    assert status == 0
    assert pd.read_parquet("more.parquet")["zip"].isna().sum() == len(new)


def test_resample_warns_that_it_belongs_after_the_split(folder, capsys):
    messy_frame().drop(index=3).to_csv("claims.csv", index=False)
    status, out, _ = run(capsys, "resample", "claims.csv", "--target", "cost", "-o", "more.csv")
    assert status == 0
    assert "after splitting" in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--target", "cost", "-o", "more.xlsx"], "must end in .csv or .parquet"),
        (["--target", "kind", "-o", "more.csv"], "must hold numbers"),
        (["--target", "rooms", "-o", "more.csv", "--method", "duplicate"], "duplicate is unknown; known are random, "),
        (
            ["--target", "rooms", "-o", "more.csv", "--method", "smote+smcae"],
            "smogn, smogan, random+smcae, noise+smcae",
        ),
        (["--target", "cost", "-o", "more.csv", "--only-rows-where", "kind"], "must read COLUMN=VALUE"),
        (["--target", "cost", "-o", "more.csv", "--only-rows-where", "kind=flood"], "No row has kind = flood"),
        (["--target", "cost", "-o", "more.csv"], "NaN in 1 of 150 rows"),
        (["--target", "rooms", "-o", "taken/more.csv"], "does not exist"),
        (["--target", "rooms", "-o", "folder.csv"], "folder.csv is a folder"),
        (["--target", "rooms", "-o", "./claims.csv"], "would overwrite the table itself"),
        (["--target", "rooms", "-o", "/proc/more.csv"], "No such file"),
        (["--target", "rooms", "-o", "more.csv", "--only-rows-where", "rooms=5"], "is the target"),
    ],
)
def test_resample_refuses_in_one_sentence(folder, capsys, arguments, message):
    (folder / "folder.csv").mkdir()
    status, _, err = run(capsys, "resample", "claims.csv", *arguments)
    assert status == 2
    assert message in err
    assert err.count("\n") == 1
    assert not (folder / "more.csv").exists()


def test_resample_without_new_rows_does_not_deny_rare_ones(folder, capsys):
    messy_frame().drop(index=3).to_csv("claims.csv", index=False)
    status, out, _ = run(capsys, "resample", "claims.csv", "--target", "cost", "-o", "more.csv", "--strategy", "0")
    assert status == 0
    assert "rows are rare: y >=" in out


def test_an_unknown_strategy_is_named(folder, capsys):
    status, _, err = run(capsys, "resample", "claims.csv", "--target", "cost", "-o", "more.csv", "--strategy", "lots")
    assert status == 2
    assert "'lots' is neither auto, balance nor a number" in err


def test_provenance_columns_are_not_overwritten(folder, capsys):
    messy_frame().assign(is_synthetic=1).to_csv("claims.csv", index=False)
    status, _, err = run(capsys, "resample", "claims.csv", "--target", "cost", "-o", "more.csv")
    assert status == 2
    assert "has a column 'is_synthetic' already" in err


def test_versions(capsys):
    status, out, _ = run(capsys, "versions")
    assert not status
    assert re.search(r"scikit-learn +1\.", out)


# ------------------------------------------------------------------------------------------------ refined samplers
@pytest.fixture
def quick_refiner(monkeypatch):
    """Let the refined methods take a fraction of their time; return what they are made with."""
    refiner = SMCAETransformer(estimator=Ridge(), cv=2, max_steps=5)
    monkeypatch.setattr(_methods, "SyntheticRefiner", partial(SyntheticRefiner, refiner=refiner))
    return refiner


@pytest.mark.usefixtures("quick_refiner")
@pytest.mark.slow
def test_report_says_what_became_of_refined_rows(folder, capsys):
    methods = ["--estimator", "sklearn.linear_model:LinearRegression", "--methods", "smogn, smogn+smcae", *FOLDS]
    status, _, error = run(capsys, "compare", "claims.csv", "--target", "cost", *methods)
    assert status == 0, error
    page = (folder / "report" / "index.html").read_text()
    assert "<dt>smogn+smcae</dt><dd>SyntheticRefiner: as &#39;smogn&#39;, its new rows moved into" in page
    pattern = (
        r"<h2>What refinement changed</h2>\n<p>On the whole table, smogn\+smcae made (\d+) rows: .*selected: none\)"
    )
    assert int(re.search(pattern, page).group(1)) > 0
    rows = pd.read_csv(folder / "report" / "results.csv").set_index(["fold", "inner", "method"]).unstack()
    made = rows["n_synthetic"]
    dropped = made["smogn+smcae"] == 0
    assert dropped.any()
    assert (made["smogn+smcae"] == made["smogn"])[~dropped].all()
    assert (made["smogn"] > 0).all()
    for measure in ("sera", "rmse"):  # without new rows it is the learner alone
        same = rows[measure]["smogn+smcae"] == rows[measure]["none"]
        assert (same == dropped).all()


def test_resample_writes_refined_rows_with_their_origin(folder, capsys, quick_refiner):
    X, y = load_diabetes(return_X_y=True, as_frame=True, scaled=False)
    frame = X.astype({"age": int, "sex": int}).assign(y=y, split=np.where(np.arange(len(y)) < 150, "train", "test"))
    frame = frame.iloc[::-1].reset_index(drop=True)
    frame.to_csv("patients.csv", index=False)
    arguments = ["resample", "patients.csv", "--target", "y", "--only-rows-where", "split=train", "-o", "more.csv"]
    choice = ["--relevance", "quantile", "--side", "high", "--strategy", "balance", "--seed", "1"]
    status, out, error = run(capsys, *arguments, *choice, "--method", "smoter+smcae")
    assert status == 0, error
    result = pd.read_csv("more.csv")
    part = frame[frame["split"] == "train"].drop(columns="split").reset_index(drop=True)
    sampler = SMOTER(relevance=Relevance("quantile", side="high"), sampling_strategy="balance")
    refiner = SyntheticRefiner(sampler, quick_refiner, random_state=1)
    X_all, y_all = refiner.fit_resample(part.drop(columns="y"), part["y"])
    n_new = int(refiner.is_synthetic_.sum())
    line = re.search(
        r"^smoter\+smcae made (\d+) rows: .*\(selected: (\w+)\)\. .* score (\S+) without them", out, re.MULTILINE
    )
    assert line.group(1, 2) == (str(n_new), refiner.selected_)
    assert line.group(2) != "none"
    assert float(line.group(3)) == pytest.approx(refiner.refiner_.cv_results_["mean_test_score"][0], abs=1e-3)
    new = result[len(frame) :].reset_index(drop=True)
    assert len(new) == n_new > 0
    expected = X_all.assign(y=y_all)[refiner.is_synthetic_].reset_index(drop=True)
    pd.testing.assert_frame_equal(new[expected.columns], expected, check_dtype=False)
    assert new["is_synthetic"].all()
    assert (new["source_row"] == -1).all()
    assert (new["split"] == "train").all()
    parents = new[["parent_row_1", "parent_row_2"]].to_numpy()
    assert (frame["split"].to_numpy()[parents] == "train").all()
    drafts = refiner.sampler_.parent_indices_ + len(frame) - 150  # the training rows are the last ones
    assert (parents == drafts).all()
    assert set(new["sex"]) <= {1, 2}
    assert (new["age"] == new["age"].round()).all()
    for name in X.columns:
        assert new[name].between(part[name].min(), part[name].max()).all()


@pytest.mark.usefixtures("quick_refiner")
@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_resample_says_that_refined_rows_were_dropped(folder, capsys, suffix):
    frame = messy_frame().drop(index=3).reset_index(drop=True)
    frame.to_csv("whole.csv", index=False)
    arguments = ["resample", "whole.csv", "--target", "cost", "--method", "smogn+smcae", "-o", f"more.{suffix}"]
    status, out, error = run(capsys, *arguments)
    assert status == 0, error
    dropped = [line for line in out.splitlines() if "all of them were dropped (selected: none)" in line]
    assert len(dropped) == 1
    assert "149 rows and 0 new ones" in out
    result = pd.read_csv("more.csv") if suffix == "csv" else pd.read_parquet("more.parquet")
    assert len(result) == 149
    assert not result["is_synthetic"].any()
    assert (result["source_row"] == np.arange(149)).all()
