"""Tables as spreadsheets write them: separators, decimal commas, thousands, encodings, dates."""

import gzip

import numpy as np
import pandas as pd
import pytest
from _shared import main

from skgan_resample._user_table._messages import CommandError
from skgan_resample._user_table._reading import parsed_dates, read_frame
from skgan_resample._user_table._roles import identifiers


def read(path, text, *, encoding="utf-8", **options):
    """Write a file, read it; return the frame and the notes."""
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "wb") as file:
        file.write(text.encode(encoding))
    notes = []
    frame, _ = read_frame(path, notes, **options)
    return frame, notes


EXPECTED = pd.DataFrame({"unit price": [1234.5, 0.25, 7.0], "city": ["Köln", "Ulm", "Köln"], "n": [1, 2, 3]})


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("t.csv", 'unit price,city,n\n"1,234.5",Köln,1\n0.25,Ulm,2\n7,Köln,3\n'),
        ("t.csv", "unit price;city;n\n1.234,5;Köln;1\n0,25;Ulm;2\n7;Köln;3\n"),
        ("t.csv.gz", "unit price;city;n\n1.234,5;Köln;1\n0,25;Ulm;2\n7;Köln;3\n"),
        ("t.csv", "unit price\tcity\tn\n1234,5\tKöln\t1\n0,25\tUlm\t2\n7,0\tKöln\t3\n"),
        ("t.tsv", "unit price\tcity\tn\n1234.5\tKöln\t1\n0.25\tUlm\t2\n7.0\tKöln\t3\n"),
        ("t.csv", "unit price , city, n\n1234.5, Köln, 1\n0.25, Ulm, 2\n7.0, Köln, 3\n"),
        ("t.csv", 'unit price|city|n\n1234.5|"Köln"|1\n0.25|"Ulm"|2\n7.0|"Köln"|3\n'),
    ],
)
def test_one_table_however_it_is_written(tmp_path, name, text, encoding):
    frame, notes = read(tmp_path / name, text, encoding=encoding)
    pd.testing.assert_frame_equal(frame, EXPECTED, check_dtype=False)
    said = " ".join(notes)
    assert ("separated by" in said) == (name != "t.tsv" and "," not in text.splitlines()[0])
    assert ("decimal comma" in said) == (",5" in text or ",25" in text)
    assert ("thousands" in said) == ("1,234.5" in text or "1.234,5" in text)
    assert ("Windows-1252" in said) == (encoding == "cp1252")


def test_only_bytes_that_no_windows_has_are_latin_1(tmp_path):
    frame, notes = read(tmp_path / "t.csv", "a,b\n\x81\xe9,1\n", encoding="latin-1")
    assert frame["a"][0] == "\x81é"
    assert "Latin-1" in notes[0]


def test_what_the_user_says_beats_what_the_file_shows(tmp_path):
    text = "a;b\n1,234;x\n5,678;y\n"
    frame, _ = read(tmp_path / "t.csv", text)
    assert frame["a"].tolist() == [1.234, 5.678]  # beside semicolons a comma is taken for the decimal sign
    frame, notes = read(tmp_path / "t.csv", text, decimal=".")
    assert frame["a"].tolist() == [1234, 5678]
    assert "thousands" in notes[-1]
    frame, notes = read(tmp_path / "t.csv", text, separator="|")
    assert list(frame.columns) == ["a;b"]
    assert notes == []


def test_commas_between_quotes_are_thousands_or_decimals(tmp_path):
    frame, notes = read(tmp_path / "t.csv", 'a,b,c\n"1,234","1,5",x\n"12,345,678","2,25",y\n')
    assert frame["b"].tolist() == [1.5, 2.25]  # so commas are decimal signs, and 12,345,678 is no number
    assert frame["a"].tolist() == ["1,234", "12,345,678"]
    assert "decimal comma" in notes[0]
    frame, _ = read(tmp_path / "t.csv", 'a,c\n"1,234",x\n"12,345,678",y\n,z\n')
    np.testing.assert_array_equal(frame["a"], [1234, 12345678, np.nan])


def test_text_with_commas_codes_and_points_stay_what_they_are(tmp_path):
    text = "code;list;version;point;x\n1,2,3;a, b;1.2.3;2.5;0,5\n4,5,6;c;1.10.2;3.5;1,5\n"
    frame, _ = read(tmp_path / "t.csv", text)
    assert frame["code"].tolist() == ["1,2,3", "4,5,6"]
    assert frame["list"].tolist() == ["a, b", "c"]
    assert frame["version"].tolist() == ["1.2.3", "1.10.2"]
    assert frame["point"].tolist() == [2.5, 3.5]  # the other sign, in a file of decimal commas
    assert frame["x"].tolist() == [0.5, 1.5]


def test_a_header_is_cut_where_the_rows_are(tmp_path):
    frame, _ = read(tmp_path / "t.csv", "price, net;size\n1;2\n3;4\n")
    assert list(frame.columns) == ["price, net", "size"]
    with pytest.raises(CommandError, match="names a more than once"):
        read(tmp_path / "t.csv", "a;b; a\n1;2;3\n")


@pytest.mark.parametrize(
    ("values", "day_first", "expected", "is_guess"),
    [
        (["31.12.2023", "01.02.2024"], False, "2024-02-01", False),
        (["03.04.2024", "01.02.2024"], False, "2024-02-01", False),  # points: day first
        (["13/12/2023", "01/02/2024"], False, "2024-02-01", False),  # 13 is no month
        (["12/13/2023", "01/02/2024"], True, "2024-01-02", False),
        (["03/04/2024", "01/02/2024"], False, "2024-01-02", True),
        (["03/04/2024", "01/02/2024"], True, "2024-02-01", True),
        (["03-04-24 12:30", "01-02-24 9:00"], True, "2024-02-01 09:00", True),
        (["05/05/2024", "02/02/2024"], False, "2024-02-02", False),  # either way
        (["2024-05-06", "2024-02-01"], True, "2024-02-01", False),
    ],
)
def test_day_and_month_are_told_apart_or_the_guess_is_said(values, day_first, expected, is_guess):
    dates, note = parsed_dates(pd.Series(values, name="due"), day_first=day_first)
    assert dates.iloc[1] == pd.Timestamp(expected)
    turned, _ = parsed_dates(pd.Series(values[::-1], name="due"), day_first=day_first)
    assert turned.tolist() == dates.tolist()[::-1]  # whichever of them comes first
    assert (note is not None) == is_guess
    if is_guess:
        assert repr(values[0]) in note
        assert "'due' are read as " + ("day/month" if day_first else "month/day") in note


def test_dates_of_both_orders_are_no_dates():
    assert parsed_dates(pd.Series(["13/12/2023", "12/13/2023"])) == (None, None)


@pytest.mark.parametrize("zone", ["+01:00", "Z"])
def test_dates_with_a_clock_change_are_instants(zone):
    written = ["2024-03-30T12:00+01:00", "2024-03-31T12:00+02:00", f"2024-01-01T00:00{zone}"] * 2
    dates, _ = parsed_dates(pd.Series(written, name="t"))
    assert dates[1] - dates[0] == pd.Timedelta(hours=23)
    assert dates[2] == pd.Timestamp(written[2])


# ------------------------------------------------------------------------------------------------ rows and header
@pytest.mark.parametrize("end", [",", ",,", ', ,""'])
def test_empty_cells_without_a_name_are_left_out_aloud(tmp_path, end):
    text = f"a,b\n1,x{end}\n2,y{end}\n"
    frame, notes = read(tmp_path / "t.csv", text)
    assert frame.to_dict("list") == {"a": [1, 2], "b": ["x", "y"]}  # not shifted by one
    assert "without a name in the header" in notes[0]


@pytest.mark.parametrize("text", ["a,b\n7,1,x\n8,2,y\n", "a,b\n1,x,\n2,y,z\n", "a,b\n1,x,\n2,y,NA\n", "y\n0,5\n1,5\n"])
def test_cells_without_a_name_that_hold_something_are_refused(tmp_path, text):
    with pytest.raises(CommandError, match=r"A row of .* has \d cells, its header names \d"):
        read(tmp_path / "t.csv", text)


def test_a_quoted_separator_behind_a_blank_is_no_cell_of_its_own(tmp_path):
    frame, notes = read(tmp_path / "t.csv", 'a, b\n1, "x, z"\n2, "y"\n')
    assert frame["b"].tolist() == ["x, z", "y"]
    assert notes == []


def test_names_that_only_blanks_tell_apart_are_refused(tmp_path):
    pd.DataFrame([[1, 2]], columns=["a", "a "]).to_parquet(tmp_path / "t.parquet")
    with pytest.raises(CommandError, match="names a more than once"):
        read_frame(tmp_path / "t.parquet", [])


# ------------------------------------------------------------------------------------------------ numbers or not
def test_points_beside_decimal_commas_are_never_silently_thousands(tmp_path):
    text = "x;m1;m2;many;sum;n\n0,5;1.000;0.300;1.234.567;1.234,5;500\n1,5;1.137;1.234;12.500;0,25;1.500\n"
    frame, notes = read(tmp_path / "t.csv", text)
    assert frame["m1"].tolist() == [1.0, 1.137]  # either way: said aloud
    assert frame["m2"].tolist() == [0.3, 1.234]
    assert frame["many"].tolist() == [1234567, 12500]
    assert frame["sum"].tolist() == [1234.5, 0.25]
    assert frame["n"].tolist() == [500, 1500]  # 1.5 would be written so
    said = " ".join(notes)
    assert "decimal points, such as in '1.000', though other numbers have decimal commas: m1;" in said
    assert "thousands separators, such as '1.234.567': many, sum, n." in said
    frame, _ = read(tmp_path / "t.csv", text, decimal=",")
    assert frame["m1"].tolist() == [1000, 1137]  # as the user says


def test_percent_signs_are_no_part_of_a_number(tmp_path):
    frame, notes = read(tmp_path / "t.csv", "p,q\n12.5%,5%\n3 %,a\n,6\n")
    np.testing.assert_array_equal(frame["p"], [12.5, 3, np.nan])
    assert frame["q"].tolist() == ["5%", "a", "6"]
    assert "percent sign, such as '12.5%': p." in notes[0]
    frame, _ = read(tmp_path / "t.csv", "p;q\n12,5%;x\n3,25%;y\n")
    assert frame["p"].tolist() == [12.5, 3.25]


def test_leading_zeros_make_a_code(tmp_path):
    frame, notes = read(tmp_path / "t.csv", "zip,n,x,gap\n00017,0,0.5,\n10115,10,1.5,007\n")
    assert frame["zip"].tolist() == ["00017", "10115"]
    assert frame["gap"].isna().tolist() == [True, False]
    assert frame["gap"][1] == "007"
    assert frame["n"].tolist() == [0, 10]
    assert frame["x"].tolist() == [0.5, 1.5]
    assert notes == ["Kept as text for their leading zeros, such as '00017': zip, gap."]


def test_words_are_levels_among_words_and_gaps_among_numbers_and_dates(tmp_path):
    text = 'level,number,group,day,code\nNone,NULL,"1,234",null,NA\nnull,2,NULL,2024-05-06,x\nhigh,3,7,2024-05-07,\n'
    text = "\n".join(f"{line},{code}" for line, code in zip(text.split(), ("zip", "00017", "NULL", "10115")))
    frame, _ = read(tmp_path / "t.csv", text)
    assert frame["level"].tolist() == ["None", "null", "high"]
    np.testing.assert_array_equal(frame["number"], [np.nan, 2, 3])
    np.testing.assert_array_equal(frame["group"], [1234, np.nan, 7])
    assert parsed_dates(frame["day"])[0].isna().tolist() == [True, False, False]
    assert frame["zip"].tolist() == ["00017", "NULL", "10115"]
    assert frame["code"].isna().tolist() == [True, False, True]


def test_resample_writes_codes_and_percents_as_they_were(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    rng = np.random.RandomState(0)
    size = rng.gamma(2.0, size=120).round(2)
    frame = pd.DataFrame({"zip": rng.choice(["00017", "10115"], size=120), "share": [f"{x:.2f}%" for x in size]})
    frame.assign(cost=[f"{x:06.0f}" for x in 1000 * size**2]).to_csv("t.csv", index=False)
    assert main(["resample", "t.csv", "--target", "cost", "-o", "more.csv"]) == 0, capsys.readouterr().err
    more = pd.read_csv("more.csv", dtype=str)
    pd.testing.assert_frame_equal(more.iloc[:120, :2], frame.astype(more.dtypes[["zip", "share"]]))
    assert len(more) > 120
    assert set(more["zip"]) == {"00017", "10115"}
    assert more["share"].str.fullmatch(r"[\d.]+%").all()


@pytest.mark.slow
def test_compare_and_resample_read_and_write_a_german_table(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    rng = np.random.RandomState(0)
    size = rng.gamma(2.0, size=120).round(2)
    frame = pd.DataFrame({"Größe": size, "Tag": "01.02.2024", "Preis": (1000 * size**2).round(2)})
    frame["Tag"] = pd.date_range("2024-01-01", periods=120).strftime("%d.%m.%Y")
    frame.to_csv("preise.csv", sep=";", decimal=",", index=False, encoding="cp1252")
    quick = ["--estimator", "sklearn.linear_model:Ridge", "--methods", "weights", "--cv", "2", "--repeats", "1"]
    assert main(["compare", "preise.csv", "--target", "Preis", "--time", "Tag", "--jobs", "1", *quick]) == 0
    out = capsys.readouterr().out
    for said in ("semicolons", "decimal comma", "Windows-1252", "120 rows, 3 columns", "tested on later rows"):
        assert said in out
    assert main(["resample", "preise.csv", "--target", "Preis", "-o", "mehr.csv"]) == 0
    written = (tmp_path / "mehr.csv").read_text(encoding="utf-8").splitlines()
    before = (tmp_path / "preise.csv").read_text(encoding="cp1252").splitlines()
    assert [line.rsplit(";", 4)[0] for line in written[:121]] == before
    more, _ = read_frame(tmp_path / "mehr.csv", [])
    assert len(more) > 120
    assert more["Preis"].dtype == more["Größe"].dtype == float
    assert more["Preis"][120:].between(frame["Preis"].min(), frame["Preis"].max()).all()


@pytest.mark.parametrize("order", ["as numbered", "sorted by the answer", "shuffled"])
def test_an_index_column_is_dropped_also_where_rows_without_a_target_leave_gaps(order):
    rng = np.random.RandomState(0)
    frame = pd.DataFrame(
        {"Unnamed: 0": np.arange(200), "laufend": 1000 - np.arange(200), "age": rng.randint(18, 80, 200)}
    )
    kept = frame.drop(index=[3, 4, 77, 150])
    if order == "sorted by the answer":  # the index tells the answer, and counts up all the same
        kept = kept.assign(age=np.sort(kept["age"].to_numpy()))
    if order == "shuffled":
        kept = kept.sample(frac=1, random_state=0)
    assert identifiers(kept) == (["Unnamed: 0"] if order == "shuffled" else ["Unnamed: 0", "laufend"])


def test_whole_numbers_that_measure_are_no_identifiers():
    rng = np.random.RandomState(0)
    prices = np.sort(rng.choice(5000, 200, replace=False))  # unique and sorted, but with gaps
    assert (
        identifiers(pd.DataFrame({"price": prices, "rooms": np.arange(200) // 40, "rank": rng.permutation(200)})) == []
    )
