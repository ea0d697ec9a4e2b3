"""Read a table as people have it: separators, decimal commas, thousands, encodings, dates; say what was guessed."""

import codecs
import csv
import gzip
import re
import warnings
from dataclasses import dataclass, field
from pathlib import Path

from skgan_resample._user_table._messages import CommandError, listed, need

SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}


SEPARATOR_NAMES = {"comma": ",", "semicolon": ";", "tab": "\t", "\\t": "\t", "bar": "|", "pipe": "|"}


PEEK = 20  # lines that show how columns are separated


COMMA_NUMBER = r"[+-]?(?:\d{1,3}(?:\.\d{3})+|\d+)?,\d+"  # 0,5 or 1.234,56


WHOLE = r"[+-]?\d+"


THOUSANDS = {  # by the decimal sign
    ".": r"[+-]?[1-9]\d{0,2}(?:,\d{3})+(?:\.\d+)?",
    ",": r"[+-]?[1-9]\d{0,2}(?:\.\d{3})+(?:,\d+)?",
}


MISSING = [
    *("", "NA", "N/A", "n/a", "#NA", "#N/A", "#N/A N/A", "<NA>", "NaN", "nan", "-NaN", "-nan"),
    *("1.#IND", "1.#QNAN", "-1.#IND", "-1.#QNAN"),
]


WORDS = ["None", "NULL", "null"]  # missing among numbers and dates, a level among words


NUMBER_OR_LIKE = r"[+-]?[\d.,]*\d[\d.,]*(?:[eE][+-]?\d+)?\s*%?"


DATE = re.compile(r"(?<!\d)(?:\d{4}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4})(?!\d)")  # no band 5-10, no hour 12:30


DAY_AND_MONTH = re.compile(r"(?<!\d)(\d{1,2})([-/.])(\d{1,2})[-/.](?:\d{4}|\d{2})(?!\d)")


@dataclass
class TextFormat:
    """How a text file is written."""

    separator: str = ","
    decimal: str = "."
    encoding: str = "utf-8-sig"
    surplus: int = 0  # empty cells at the end of each row, behind those that the header names
    codes: list = field(default_factory=list)  # columns of digits that stay text, as the header has their names
    percent: list = field(default_factory=list)  # columns written as 12.5%
    words: bool = False  # whether "None" or "NULL" stands somewhere

    def read(self, path, **options):
        """Return the file as a pandas frame; the first column is never taken for row labels."""
        import pandas as pd

        options = {"skipinitialspace": True, "dtype": dict.fromkeys(self.codes, str), **options}
        options = {"keep_default_na": False, "na_values": MISSING, "index_col": False, **options}
        with warnings.catch_warnings():
            if self.surplus:
                warnings.simplefilter("ignore", pd.errors.ParserWarning)  # what is lost is known to be empty
            return pd.read_csv(path, sep=self.separator, decimal=self.decimal, encoding=self.encoding, **options)


# ------------------------------------------------------------------------------------------------ tables
def is_text_file(path):
    """Whether a path is a .csv or .tsv file, also compressed."""
    return _suffix(path) in (".csv", ".tsv")


def read_table(path, notes, *, separator=None, decimal=None):
    """Return a CSV, TSV or Parquet file as a pandas frame, and its `TextFormat`, None for Parquet.

    Parameters
    ----------
    path : str
    notes : list of str
        What was guessed is added here.
    separator, decimal : str, default=None
        As the user says; None is what the file shows.
    """
    need("pandas")
    import pandas as pd

    path = Path(path)
    if _suffix(path) not in (".csv", ".tsv", ".parquet"):
        raise CommandError(f"{path} is not a .csv, .tsv or .parquet file.")
    if not path.is_file():
        raise CommandError(f"There is no file {path}.")
    if not is_text_file(path) and (separator or decimal):
        raise CommandError(f"--{'sep' if separator else 'decimal'} is for text files, and {path} is none.")
    try:
        if is_text_file(path):
            frame, form = _read_text(path, notes, separator, decimal)
        else:
            frame, form = pd.read_parquet(path), None
    except CommandError:
        raise
    except Exception as error:  # pandas and pyarrow raise many kinds
        raise CommandError(f"{path} cannot be read as {_suffix(path)[1:]}: {str(error).splitlines()[0]}") from None
    if frame.empty:
        raise CommandError(f"{path} holds no rows.")
    frame.columns = [str(name).strip() for name in frame.columns]
    _refuse_twice(path, list(frame.columns))
    return frame, form


def cells_as_written(path, form, **options):
    """Return a text file's cells as they stand there: "00037" stays, and so do "NA" and an empty cell."""
    cells = form.read(path, dtype=str, na_values=[], skipinitialspace=False, **options)
    return cells.set_axis([str(name).strip() for name in cells.columns], axis=1)


def words_for_missing(path, form, column):
    """Return {word: rows} of the words that stand in a text file where a column has missing values."""
    cells = cells_as_written(path, form, usecols=lambda name: name.strip() == column.name)[column.name]
    words = cells[column.isna()].str.strip()
    return words[words != ""].value_counts().to_dict()


def _refuse_twice(path, names):
    twice = sorted({name for name in names if name and names.count(name) > 1})  # pandas would call the second a.1
    if twice:
        raise CommandError(f"{path} names {listed(twice)} more than once; rename the columns.")


def _suffix(path):
    path = Path(path)
    suffix = path.suffixes[-2] if path.suffix == ".gz" and len(path.suffixes) > 1 else path.suffix
    return suffix.lower()


def _read_text(path, notes, separator, decimal):
    encoding = _encoding(path, notes)
    lines = _first_lines(path, encoding)
    usual = "\t" if _suffix(path) == ".tsv" else ","
    form = TextFormat(separator or _separator(lines, usual), decimal or ".", encoding)
    if not lines:
        raise CommandError(f"{path} is empty: it cannot be read as a table.")
    if separator is None and form.separator != usual:
        name = SEPARATORS[form.separator]
        notes.append(f"Columns are separated by {name}; --sep says otherwise.")
    _refuse_twice(path, [name.strip() for name in next(csv.reader(lines, delimiter=form.separator))])
    form.surplus = _surplus_cells(path, lines, form, notes)
    frame, form.words = _without_words(form.read(path))
    if decimal is None and _has_decimal_commas(frame, form.separator):
        form.decimal = ","
        notes.append("Numbers are read with a decimal comma, such as 0,5; --decimal . says otherwise.")
        frame, _ = _without_words(form.read(path))
    frame = _with_codes(path, frame, form, notes)
    return _with_numbers(frame, form, notes, is_guess=decimal is None), form


def _surplus_cells(path, lines, form, notes):
    """Return how many empty cells follow those that the header names; refuse cells that hold something."""
    header, *rows = csv.reader(lines, delimiter=form.separator, skipinitialspace=True)
    surplus = len(rows[0]) - len(header) if rows else 0
    if surplus < 1:
        return 0
    wide = [str(i) for i in range(len(rows[0]))]
    unnamed = form.read(path, header=0, names=wide, usecols=wide[len(header) :], dtype=str, na_values=[""])
    if unnamed.notna().any(axis=None):
        names = "1 column" if len(header) == 1 else f"{len(header)} columns"
        raise CommandError(
            f"{path} names {names} in its header, but has {len(rows[0])} cells in a row; name all "
            "columns, or say with --sep what separates them."
        )
    cells = "The last cell of each row has" if surplus == 1 else f"The last {surplus} cells of each row have"
    notes.append(f"{cells} no name in the header and no content: left out.")
    return surplus


def _encoding(path, notes):
    """Return the encoding of a text file: UTF-8 or UTF-16 as it is, else that of Windows, said aloud."""
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rb") as file:
        start = file.read(2)
        if start in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
            return "utf-16"
        for encoding in ("utf-8", "cp1252"):
            decoder = codecs.getincrementaldecoder(encoding)()
            file.seek(0)
            try:
                while chunk := file.read(1 << 20):
                    decoder.decode(chunk)
                decoder.decode(b"", final=True)
            except UnicodeDecodeError:
                continue
            if encoding == "utf-8":
                return "utf-8-sig"
            break
        else:
            encoding = "latin-1"
    name = "Windows-1252" if encoding == "cp1252" else "Latin-1"
    notes.append(f"{path} is not UTF-8 and is read as {name}: look whether its umlauts and accents are right.")
    return encoding


def _first_lines(path, encoding):
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding=encoding, newline="") as file:
        lines = [line for _, line in zip(range(PEEK), file)]
    return [line for line in lines if line.strip()]


def _separator(lines, usual):
    """Return what separates the columns: the usual sign, unless another one cuts the header, and more evenly."""
    best = (False, 1), usual
    for separator in (usual, *(sign for sign in SEPARATORS if sign != usual)):
        counts = [len(row) for row in csv.reader(lines, delimiter=separator)]
        if counts and counts[0] > 1:
            is_even = all(count == counts[0] for count in counts[1:-1])  # the last line can be cut in a quoted cell
            best = max(best, ((is_even, counts[0]), separator), key=lambda found: found[0])
    return best[1]


# ------------------------------------------------------------------------------------------------ numbers
def text_columns(frame):
    """Return the names of the columns that hold text."""
    return [name for name in frame.columns if is_text(frame[name])]


def is_text(column):
    """Whether a column holds text, or anything that is not of one type."""
    import pandas as pd

    return pd.api.types.is_string_dtype(column) or pd.api.types.is_object_dtype(column)


def _cells(column):
    return column.dropna().astype(str).str.strip()


def _has_decimal_commas(frame, separator):
    """Whether a column of the frame, read with decimal points, holds nothing but numbers with decimal commas.

    Between commas "1,234" is a thousand, elsewhere it is little more than one.
    """
    for name in text_columns(frame):
        cells = _cells(frame[name]).str.rstrip(" %")
        if not cells.head(PEEK).str.fullmatch(f"{COMMA_NUMBER}|{WHOLE}").all():
            continue
        with_comma = cells[cells.str.contains(",")]
        if len(with_comma) and cells.str.fullmatch(f"{COMMA_NUMBER}|{WHOLE}").all():
            in_groups = with_comma.str.fullmatch(THOUSANDS["."])
            if not in_groups.all() or (separator != "," and not (with_comma.str.count(",") > 1).any()):
                return True
    return False


def _without_words(frame):
    """Return the frame with "None" and "NULL" as missing values among numbers and dates; and whether there are any."""
    found = False
    for name in text_columns(frame):
        is_word = frame[name].isin(WORDS)
        if is_word.any():
            found = True
            others = _cells(frame[name][~is_word])
            are_numbers = others.str.fullmatch(NUMBER_OR_LIKE).all() and not others.str.fullmatch(r"0\d+").any()
            are_numbers &= len(others) > 0
            if are_numbers or parsed_dates(others)[0] is not None:
                frame = frame.assign(**{name: frame[name].mask(is_word)})
    return frame, found


def _with_codes(path, frame, form, notes):
    """Return the frame with digits as text where a zero leads them, such as "00017", said aloud."""
    numbers = frame.select_dtypes("number")
    whole = [name for name in numbers if (numbers[name].dropna() % 1 == 0).all()]
    if not whole:
        return frame
    cells = form.read(path, usecols=whole, dtype=str)
    examples = {}
    for name in whole:
        leads = cells[name].str.fullmatch(r"\s*0\d+\s*").fillna(False).astype(bool)
        if leads.any():
            examples[name] = cells[name][leads].iloc[0].strip()
    if examples:
        form.codes = list(examples)
        frame = frame.assign(**{name: cells[name] for name in examples})
        notes.append(
            f"Kept as text for their leading zeros, such as {next(iter(examples.values()))!r}: "
            f"{listed(name.strip() for name in examples)}."
        )
    return frame


def _with_numbers(frame, form, notes, *, is_guess):
    """Return the frame with columns as numbers that are written with thousands separators, percent signs, words for
    missing values, or the other decimal sign.
    """
    import pandas as pd

    grouped, percent, either = {}, {}, {}
    for name in text_columns(frame):
        cells = _cells(frame[name])
        if cells.empty or name in form.codes:
            continue
        example = cells.iloc[0]
        has_percent = cells.str.endswith("%").all()
        cells = cells.str.rstrip(" %") if has_percent else cells
        is_group = cells.str.fullmatch(THOUSANDS[form.decimal])
        plain = cells.str.fullmatch(rf"{WHOLE}(?:{re.escape(form.decimal)}\d+)?")
        is_either = form.decimal == "," and is_guess and cells.str.fullmatch(r"[+-]?\d{1,3}\.\d{3}").all()
        if (is_group | plain).all() and not is_either:
            if not (is_group.any() or form.decimal == "," or has_percent or form.words):
                continue  # digits that pandas did not take for a number: too many of them
            other = "," if form.decimal == "." else "."
            numbers = pd.to_numeric(cells.str.replace(other, "").str.replace(form.decimal, "."))
        else:
            numbers = pd.to_numeric(cells, errors="coerce")  # 2.5 in a file of decimal commas
            if numbers.isna().any():
                continue
            is_either = is_either and is_group.all()
            is_group = is_group & False
        frame = frame.assign(**{name: numbers.reindex(frame.index)})
        if is_group.any():
            grouped[name] = cells[is_group].iloc[0]
        if is_either:
            either[name] = example
        if has_percent:
            percent[name] = example
    form.percent = [name.strip() for name in percent]
    for found, words in (
        (grouped, "Read as numbers with thousands separators, such as {!r}: {}."),
        (percent, "Read as numbers without their percent sign, such as {!r}: {}."),
        (either, "Points are read as decimal points, such as in {!r}, though other numbers have decimal commas: {}; "
                 "--decimal , takes them for thousands separators."),
    ):  # fmt: skip
        if found:
            notes.append(words.format(next(iter(found.values())), listed(name.strip() for name in found)))
    return frame


# ------------------------------------------------------------------------------------------------ dates
def parsed_dates(column, *, day_first=False):
    """Return a text column as dates if every value reads as one, else None; and a note where the order is a guess.

    A number above 12 tells the day; points between the numbers are taken for day, month, year.

    Parameters
    ----------
    column : pandas.Series
    day_first : bool, default=False
        What is guessed of "03/04/2024", where nothing tells.

    Returns
    -------
    dates : pandas.Series or None
    note : str or None
    """
    import pandas as pd

    seen = _cells(column)
    if seen.empty or not seen.head(PEEK).str.contains(DATE).all():
        return None, None
    note = None
    numbers = seen.str.extract(DAY_AND_MONTH).dropna()
    if len(numbers):
        first, second = (numbers[i].astype(int) for i in (0, 2))
        if (first > 12).any() and (second > 12).any():
            return None, None
        if (first > 12).any() or (second > 12).any():
            day_first = bool((first > 12).any())
        elif (numbers[1] == ".").all():
            day_first = True
        elif (first != second).any():
            example = seen[numbers.index[first != second][0]]
            order, other = ("day/month", "month/day") if day_first else ("month/day", "day/month")
            note = (
                f"Dates such as {example!r} in {column.name!r} are read as {order}, which nothing in the column tells "
                f"from {other}; written as 2024-12-31 they cannot be mistaken."
            )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for form in ({}, {"format": "mixed"}):  # one form for all, which is fast, else each its own
            settings = {"errors": "coerce", "dayfirst": day_first and len(numbers) > 0, **form}
            try:
                dates = pd.to_datetime(column, **settings)
            except ValueError:  # offsets differ, as where clocks go forward
                dates = pd.to_datetime(column, utc=True, **settings)
            if dates.notna().sum() == len(seen):
                return dates, note
    return None, None
