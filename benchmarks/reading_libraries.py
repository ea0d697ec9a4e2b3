"""Could a library read the user's files for us? Files as people have them, and what each library makes of them.

    pip install -c constraints.txt clevercsv charset-normalizer skrub
    python benchmarks/reading_libraries.py

prints three tables, file x library, of "right", "wrong" and "error": what separates the columns, how letters are
encoded, and which values the columns hold. `skgan_resample._user_table._reading` names the counts where it does
without a library. Files are those of `tests/internals/test_cli_reading.py`, written small.
"""

import contextlib
import io
import sys
import tempfile
import warnings
from pathlib import Path

import numpy as np
import pandas as pd

from skgan_resample._user_table import _reading

# -------------------------------------------------------------------------------- what separates columns
SEPARATED = {  # what it shows: (text, separator)
    "commas, quoted thousands": ('unit price,city,n\n"1,234.5",Köln,1\n0.25,Ulm,2\n7,Köln,3\n', ","),
    "semicolons, decimal commas": ("unit price;city;n\n1.234,5;Köln;1\n0,25;Ulm;2\n7;Köln;3\n", ";"),
    "tabs, decimal commas": ("unit price\tcity\tn\n1234,5\tKöln\t1\n0,25\tUlm\t2\n7,0\tKöln\t3\n", "\t"),
    "blanks behind commas": ("unit price , city, n\n1234.5, Köln, 1\n0.25, Ulm, 2\n7.0, Köln, 3\n", ","),
    "bars": ('unit price|city|n\n1234.5|"Köln"|1\n0.25|"Ulm"|2\n7.0|"Köln"|3\n', "|"),
    "lists in cells": ("code;list;version;x\n1,2,3;a, b;1.2.3;0,5\n4,5,6;c;1.10.2;1,5\n", ";"),
    "a comma in the header": ("price, net;size\n1;2\n3;4\n", ";"),
    "one column of numbers": ("y\n0.5\n1.5\n2.5\n", ","),
    "one column of decimal commas": ("y;x\n0,5;1\n1,5;2\n", ";"),
    "quoted line breaks": ('note,cost\n"fire,\nwater",5\n"theft",6\n"a\nb\nc",7\n', ","),
    "dates and times": ("day,hour,cost\n2024-01-05,12:30,5\n2024-01-06,09:15,6\n", ","),
    "days with points": ("Tag;Preis\n01.02.2024;1000,5\n02.02.2024;25,0\n", ";"),
    "sentences": ("id;text\n1;Nein, danke, heute nicht\n2;Ja, gern\n3;Vielleicht, mal sehen\n", ";"),
    "empty cells at the end": ("a,b\n1,x,,\n2,y,,\n", ","),
    "one column of hours": ("time\n12:30\n13:45\n9:00\n", ","),
    "one column of words": ("name\nFoo Bar\nBaz Qux\nAda King\n", ","),
    "one column of sentences": ("note\nno, thanks\nyes; please\nmaybe\n", ","),
    "prose with every sign": ("id;note\n1;a, b, c | d\n2;e: f, g\n3;h | i, j\n", ";"),
    "addresses": ("url,n\nhttp://a.b/c?d=1;e=2,5\nhttp://a.b/c?d=2;e=3,6\n", ","),
    "no cell filled": ("a;b;c\n;;\n;;\n1;2;3\n", ";"),
}


def separators():
    """Yield (library, function from text to separator)."""
    yield "ours", lambda text: _reading._separator(text.splitlines(keepends=True), ",")

    import csv

    yield "csv.Sniffer", lambda text: csv.Sniffer().sniff(text).delimiter
    with contextlib.suppress(ImportError):
        import clevercsv

        yield "clevercsv", lambda text: clevercsv.Sniffer().sniff(text).delimiter or ","
        signs = list(_reading.SEPARATORS)
        yield "clevercsv, our signs", lambda text: clevercsv.Sniffer().sniff(text, delimiters=signs).delimiter or ","


# -------------------------------------------------------------------------------- how letters are encoded
GERMAN = "Größe;Straße;Preis\nmüßig;Köln;5\nÄrger;Ulm;7\n"
FRENCH = "naïveté;coût;où\nété;forêt;là\n"
ENCODED = {  # what it shows: (text, encoding)
    "UTF-8, German": (GERMAN, "utf-8"),
    "UTF-8, one letter": ("a,b\nx,1\n" * 200 + "ü,2\n", "utf-8"),
    "UTF-8 with a mark": (GERMAN, "utf-8-sig"),
    "UTF-16": (GERMAN, "utf-16"),
    "Windows-1252, German": (GERMAN, "cp1252"),
    "Windows-1252, French": (FRENCH, "cp1252"),
    "Windows-1252, one letter": ("city,cost\nUlm,1\nK\xf6ln,2\n", "cp1252"),
    "Windows-1252, late letter": ("city,cost\n" + "Ulm,1\n" * 500 + "K\xf6ln,2\n", "cp1252"),
    "Windows-1252, euro and dash": ("price,note\n5 €,a – b\n7 €,c\n", "cp1252"),
    "ASCII": ("a,b\n1,2\n3,4\n", "ascii"),
}


def decoders():
    """Yield (library, function from bytes to text)."""

    def ours(content):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "t.csv"
            path.write_bytes(content)
            return content.decode(_reading._encoding(path, []))

    yield "ours", ours
    with contextlib.suppress(ImportError):
        import charset_normalizer

        yield "charset-normalizer", lambda content: str(charset_normalizer.from_bytes(content).best())
    with contextlib.suppress(ImportError):
        import chardet

        yield "chardet (via clevercsv)", lambda content: content.decode(chardet.detect(content)["encoding"])


# -------------------------------------------------------------------------------- which values there are
DAYS = pd.to_datetime(["2023-12-31", "2024-02-01", None])
VALUES = {  # what it shows: (text of a column, values wanted)
    "numbers": (["1.5", "2", ""], [1.5, 2.0, np.nan]),
    "decimal commas": (["1,5", "2,25", ""], [1.5, 2.25, np.nan]),
    "thousands": (["1,234.5", "12,345", "7"], [1234.5, 12345.0, 7.0]),
    "thousands with points": (["1.234,5", "0,25", "7"], [1234.5, 0.25, 7.0]),
    "per cent": (["12.5%", "3 %", ""], [12.5, 3.0, np.nan]),
    "n/a among numbers": (["1", "n/a", "3"], [1.0, np.nan, 3.0]),
    "NULL among numbers": (["1", "NULL", "3"], [1.0, np.nan, 3.0]),
    "None among words": (["None", "low", "high"], ["None", "low", "high"]),
    "leading zeros": (["00017", "10115", "01067"], ["00017", "10115", "01067"]),
    "versions": (["1.2.3", "1.10.2", "2.0.1"], ["1.2.3", "1.10.2", "2.0.1"]),
    "bands": (["1-5", "5-10", "10-12"], ["1-5", "5-10", "10-12"]),
    "hours": (["12:30", "9:15", "8:00"], ["12:30", "9:15", "8:00"]),
    "days as ISO writes them": (["2023-12-31", "2024-02-01", ""], DAYS),
    "days with points": (["31.12.2023", "01.02.2024", ""], DAYS),
    "days first, by slashes": (["31/12/2023", "01/02/2024", ""], DAYS),
    "months first, by slashes": (["12/31/2023", "02/01/2024", ""], DAYS),
    "clock changes": (["2024-03-30T12:00+01:00", "2024-03-31T12:00+02:00"], pd.to_datetime(
        ["2024-03-30T11:00Z", "2024-03-31T10:00Z"])),
}  # fmt: skip


def written(cells):
    return "n;v\n" + "".join(f'{i};"{cell}"\n' if cell else f"{i};\n" for i, cell in enumerate(cells))


def readers():
    """Yield (library, function from the text of a file to the column "v")."""

    def ours(text):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "t.csv"
            path.write_text(text, encoding="utf-8")
            column = _reading.read_frame(path, [])[0]["v"]
        dates, _ = _reading.parsed_dates(column) if _reading.is_text(column) else (None, None)
        return column if dates is None else dates

    yield "ours", ours
    yield "pandas", lambda text: pd.read_csv(io.StringIO(text), sep=";")["v"]
    with contextlib.suppress(ImportError):
        from skrub import Cleaner

        def cleaned(text, **options):
            frame = pd.read_csv(io.StringIO(text), sep=";", dtype=str, keep_default_na=False)
            return Cleaner(drop_null_fraction=None, **options).fit_transform(frame)["v"]

        yield "skrub Cleaner", cleaned
        yield "Cleaner, numbers", lambda text: cleaned(text, parse_numbers=True)


def is_same(column, wanted):
    """Whether a column holds the values wanted, of that kind."""
    wanted = pd.Series(wanted)
    if pd.api.types.is_numeric_dtype(wanted):
        return pd.api.types.is_numeric_dtype(column) and np.allclose(
            column.astype(float), wanted.astype(float), equal_nan=True
        )
    if pd.api.types.is_datetime64_any_dtype(wanted):
        same_kind = pd.api.types.is_datetime64_any_dtype(column)
        return same_kind and (pd.to_datetime(column, utc=True) - pd.to_datetime(wanted, utc=True)).abs().max() in (
            pd.Timedelta(0),
        )
    return list(column.astype(str)) == list(wanted)


# -------------------------------------------------------------------------------- the tables
def outcome(is_right, function, case):
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return "right" if is_right(function, case) else "wrong"
    except Exception as error:
        return f"error ({type(error).__name__})"


def table(title, cases, libraries, is_right):
    """Print a table of files x libraries; `is_right(function, case)` says whether a library serves."""
    rows = {what: {name: outcome(is_right, function, case) for name, function in libraries}
            for what, case in cases.items()}  # fmt: skip
    frame = pd.DataFrame(rows).T
    frame.loc["right"] = [f"{(frame[name] == 'right').sum()} of {len(cases)}" for name in frame]
    print(f"\n{title}\n\n{frame.to_string()}")


def main():
    table("What separates the columns", SEPARATED, list(separators()), lambda sniff, case: sniff(case[0]) == case[1])
    table(
        "How letters are encoded",
        ENCODED,
        list(decoders()),
        lambda decode, case: decode(case[0].encode(case[1])).lstrip("\ufeff") == case[0],
    )
    table(
        "Which values there are", VALUES, list(readers()), lambda read, case: is_same(read(written(case[0])), case[1])
    )


if __name__ == "__main__":
    sys.exit(main())
