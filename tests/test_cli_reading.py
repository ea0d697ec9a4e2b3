"""Tables as spreadsheets write them: separators, decimal commas, thousands, encodings, dates."""

import gzip

import numpy as np
import pandas as pd
import pytest

from skgan_resample._cli import main
from skgan_resample._cli._common import CommandError
from skgan_resample._cli._reading import parsed_dates, read_table


def read(path, text, *, encoding="utf-8", **options):
    """Write a file, read it; return the frame and the notes."""
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "wb") as file:
        file.write(text.encode(encoding))
    notes = []
    frame, _ = read_table(path, notes, **options)
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
    frame, notes = read(tmp_path / "t.csv", text, separator=",")
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


def test_compare_and_resample_read_and_write_a_german_table(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    rng = np.random.RandomState(0)
    size = rng.gamma(2.0, size=120).round(2)
    frame = pd.DataFrame({"Größe": size, "Tag": "01.02.2024", "Preis": (1000 * size**2).round(2)})
    frame["Tag"] = pd.date_range("2024-01-01", periods=120).strftime("%d.%m.%Y")
    frame.to_csv("preise.csv", sep=";", decimal=",", index=False, encoding="cp1252")
    quick = ["--learner", "sklearn.linear_model:Ridge", "--methods", "weights", "--cv", "2", "--repeats", "1"]
    assert main(["compare", "preise.csv", "--target", "Preis", "--time", "Tag", "--jobs", "1", *quick]) == 0
    out = capsys.readouterr().out
    for said in ("semicolons", "decimal comma", "Windows-1252", "120 rows, 3 columns", "tested on later rows"):
        assert said in out
    assert main(["resample", "preise.csv", "--target", "Preis", "-o", "mehr.csv"]) == 0
    written = (tmp_path / "mehr.csv").read_text(encoding="utf-8").splitlines()
    before = (tmp_path / "preise.csv").read_text(encoding="cp1252").splitlines()
    assert [line.rsplit(";", 4)[0] for line in written[:121]] == before
    more, _ = read_table(tmp_path / "mehr.csv", [])
    assert len(more) > 120
    assert more["Preis"].dtype == more["Größe"].dtype == float
    assert more["Preis"][120:].between(frame["Preis"].min(), frame["Preis"].max()).all()
