"""Read a user's table: separators, decimal commas, thousands, encodings, dates; note what was guessed.

Libraries were tried on the files of the tests (`benchmarks/reading_libraries.py`): none reads all of them; comments
below name the figures of the nearest.
"""

import codecs
import contextlib
import csv
import gzip
import re
import warnings
from dataclasses import dataclass, field
from pathlib import Path

from skgan_resample._user_table._messages import CommandError, listed, need

SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
PEEK = 20  # lines that show how columns are separated, cells that show what a column is: a guess
ENCODINGS = {"utf-8-sig": "UTF-8", "cp1252": "Windows-1252", "latin-1": "Latin-1"}  # in the order of trial
MISSING = [
    *("", "NA", "N/A", "n/a", "#NA", "#N/A", "#N/A N/A", "<NA>", "NaN", "nan", "-NaN", "-nan"),
    *("1.#IND", "1.#QNAN", "-1.#IND", "-1.#QNAN"),
]
WORDS = ["None", "NULL", "null"]  # missing among numbers and dates, a category among words
WHOLE = r"[+-]?\d+"
COMMA_NUMBER = r"[+-]?(?:\d{1,3}(?:\.\d{3})+|\d+)?,\d+"  # 0,5 or 1.234,56
NUMBER_OR_LIKE = r"[+-]?[\d.,]*\d[\d.,]*(?:[eE][+-]?\d+)?\s*%?"
THOUSANDS = {  # by the decimal sign
    ".": r"[+-]?[1-9]\d{0,2}(?:,\d{3})+(?:\.\d+)?",
    ",": r"[+-]?[1-9]\d{0,2}(?:\.\d{3})+(?:,\d+)?",
}
DATE = re.compile(r"(?<!\d)(?:\d{4}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4})(?!\d)")  # no band 5-10, no hour 12:30
DAY_AND_MONTH = re.compile(r"(?<!\d)(\d{1,2})([-/.])(\d{1,2})[-/.](?:\d{4}|\d{2})(?!\d)")


@dataclass
class TextFile:
    """A text file and how it is written."""

    path: Path
    separator: str = ","
    decimal: str = "."
    encoding: str = "utf-8-sig"
    surplus: int = 0  # empty cells at the end of each row, behind those that the header names
    digits: list = field(default_factory=list)  # columns of digits that stay text, named as in the header
    percent: list = field(default_factory=list)  # columns written as 12.5%
    has_words: bool = False  # whether a cell is "None" or "NULL"

    def read(self, **options):
        """Return the file as a pandas frame; the first column is never taken for row labels."""
        import pandas as pd

        options = {"skipinitialspace": True, "dtype": dict.fromkeys(self.digits, str), **options}
        options = {"keep_default_na": False, "na_values": MISSING, "index_col": False, **options}
        with warnings.catch_warnings():
            if self.surplus:
                warnings.simplefilter("ignore", pd.errors.ParserWarning)  # what is lost is known to be empty
            return pd.read_csv(self.path, sep=self.separator, decimal=self.decimal, encoding=self.encoding, **options)

    def cells(self, **options):
        """Return the cells as text, unchanged: "00037", "NA" and an empty cell stay."""
        cells = self.read(dtype=str, na_values=[], skipinitialspace=False, **options)
        return cells.set_axis([str(name).strip() for name in cells.columns], axis=1)

    def words_for_missing(self, column):
        """Return {word: rows} of the words in the file that became missing values of a column."""
        cells = self.cells(usecols=lambda name: name.strip() == column.name)[column.name]
        words = cells[column.isna()].str.strip()
        return words[words != ""].value_counts().to_dict()


# ------------------------------------------------------------------------------------------------ files
def read_frame(path, notes, *, separator=None, decimal=None):
    """Return a CSV, TSV or Parquet file as a pandas frame, and its `TextFile` (None for Parquet); guesses are noted."""
    need("pandas")
    import pandas as pd

    path = Path(path)
    kind = _suffix(path)
    if kind not in (".csv", ".tsv", ".parquet"):
        raise CommandError(f"{path} is not a .csv, .tsv or .parquet file.")
    if not path.is_file():
        raise CommandError(f"There is no file {path}.")
    if kind == ".parquet" and (separator or decimal):
        raise CommandError(f"--{'sep' if separator else 'decimal'} is for text files, and {path} is none.")
    try:
        if kind == ".parquet":
            frame, file = pd.read_parquet(path), None
        else:
            frame, file = _read_text(path, notes, separator, decimal)
    except CommandError:
        raise
    except Exception as error:  # pandas and pyarrow raise many kinds
        raise CommandError(f"{path} cannot be read as {kind[1:]}: {str(error).splitlines()[0]}") from None
    if frame.empty:
        raise CommandError(f"{path} holds no rows.")
    frame.columns = [str(name).strip() for name in frame.columns]
    _refuse_twice(path, list(frame.columns))
    return frame, file


def _suffix(path):
    suffix = path.suffixes[-2] if path.suffix == ".gz" and len(path.suffixes) > 1 else path.suffix
    return suffix.lower()


def _refuse_twice(path, names):
    twice = sorted({name for name in names if name and names.count(name) > 1})  # pandas would call the second a.1
    if twice:
        raise CommandError(f"{path} names {listed(twice)} more than once; rename the columns.")


def _read_text(path, notes, separator, decimal):
    encoding = _encoding(path, notes)
    with _opened(path, encoding) as lines:
        lines = [line for _, line in zip(range(PEEK), lines) if line.strip()]
    if not lines:
        raise CommandError(f"{path} is empty: it cannot be read as a table.")
    usual = "\t" if _suffix(path) == ".tsv" else ","
    file = TextFile(path, separator or _separator(lines, usual), decimal or ".", encoding)
    if separator is None and file.separator != usual:
        notes.append(f"Columns are separated by {SEPARATORS[file.separator]}; change that with --sep.")
    _refuse_twice(path, [name.strip() for name in next(csv.reader(lines, delimiter=file.separator))])
    file.surplus = _surplus_cells(file, lines, notes)
    frame, file.has_words = _without_words(file.read())
    if decimal is None and _has_decimal_commas(frame, file.separator):
        file.decimal = ","
        notes.append("Numbers are read with a decimal comma, such as 0,5; change that with --decimal .")
        frame, _ = _without_words(file.read())
    frame = _with_digits(frame, file, notes)
    return _with_numbers(frame, file, notes, is_guess=decimal is None), file


def _opened(path, encoding):
    opened = gzip.open if path.suffix == ".gz" else open
    return opened(path, "rt", encoding=encoding, newline="")


def _encoding(path, notes):
    """Return the encoding of a text file: UTF-8 or UTF-16, else that of Windows, which is noted."""
    # Of the ten files tried, charset-normalizer reads six and chardet seven: a few umlauts in a table are too little
    # text for statistics. This order reads all ten.
    with (gzip.open if path.suffix == ".gz" else open)(path, "rb") as file:
        if file.read(2) in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
            return "utf-16"
    for encoding in ENCODINGS:  # Latin-1 reads anything
        with contextlib.suppress(UnicodeDecodeError), _opened(path, encoding) as file:
            while file.read(1 << 20):
                pass
            break
    if encoding != "utf-8-sig":
        name = ENCODINGS[encoding]
        notes.append(f"{path} is not UTF-8 and is read as {name}: look whether its umlauts and accents are right.")
    return encoding


def _separator(lines, usual):
    """Return what separates the columns: the usual sign, unless another one cuts the header, and more evenly."""
    # clevercsv, given these signs, finds 19 of the 20 that were tried, and brings three packages; this finds all.
    best = (False, 1), usual
    for separator in (usual, *(sign for sign in SEPARATORS if sign != usual)):
        counts = [len(row) for row in csv.reader(lines, delimiter=separator)]
        if counts and counts[0] > 1:
            is_even = all(count == counts[0] for count in counts[1:-1])  # the last line can be cut in a quoted cell
            best = max(best, ((is_even, counts[0]), separator), key=lambda found: found[0])
    return best[1]


def _surplus_cells(file, lines, notes):
    """Return how many empty cells follow those that the header names; refuse cells that hold something."""
    header, *rows = csv.reader(lines, delimiter=file.separator, skipinitialspace=True)
    surplus = len(rows[0]) - len(header) if rows else 0
    if surplus < 1:
        return 0
    wide = [str(i) for i in range(len(rows[0]))]
    unnamed = file.read(header=0, names=wide, usecols=wide[len(header) :], dtype=str, na_values=[""])
    if unnamed.notna().any(axis=None):
        raise CommandError(
            f"A row of {file.path} has {len(rows[0])} cells, its header names {len(header)}; name all columns, or give "
            "what separates them with --sep."
        )
    notes.append(f"Left out, without a name in the header and without content: the last {surplus} cells of each row.")
    return surplus


# ------------------------------------------------------------------------------------------------ numbers
# skrub's Cleaner (with `parse_numbers`) reads 11 of the 17 columns tried, all dates among them, but no decimal commas,
# thousands, per cent and codes such as 00017, and does not report that an order of day and month is a guess.
def is_text(column):
    """Whether a column holds text, or anything that is not of one type."""
    import pandas as pd

    return pd.api.types.is_string_dtype(column) or pd.api.types.is_object_dtype(column)


def _text_columns(frame):
    """Yield (name, cells without blanks around them, where there are any) of the columns that hold text."""
    for name in frame.columns:
        if is_text(frame[name]):
            yield name, _stripped(frame[name])


def _stripped(column):
    return column.dropna().astype(str).str.strip()


def _has_decimal_commas(frame, separator):
    """Whether a column of the frame, read with decimal points, holds nothing but numbers with decimal commas."""
    pattern = f"{COMMA_NUMBER}|{WHOLE}"
    for _, cells in _text_columns(frame):
        cells = cells.str.rstrip(" %")
        if not cells.head(PEEK).str.fullmatch(pattern).all():
            continue
        with_comma = cells[cells.str.contains(",")]
        if len(with_comma) and cells.str.fullmatch(pattern).all():
            in_groups = with_comma.str.fullmatch(THOUSANDS["."])  # "1,234" is a thousand in a file of commas
            if not in_groups.all() or (separator != "," and not (with_comma.str.count(",") > 1).any()):
                return True
    return False


def _without_words(frame):
    """Return the frame with "None" and "NULL" as missing values among numbers and dates; and whether there are any."""
    found = False
    for name in [name for name, _ in _text_columns(frame)]:
        is_word = frame[name].isin(WORDS)
        if is_word.any():
            found = True
            others = _stripped(frame[name][~is_word])
            are_numbers = others.str.fullmatch(NUMBER_OR_LIKE).all() and not others.str.fullmatch(r"0\d+").any()
            if (are_numbers and len(others)) or parsed_dates(others)[0] is not None:
                frame = frame.assign(**{name: frame[name].mask(is_word)})
    return frame, found


def _with_digits(frame, file, notes):
    """Return the frame with digits as text where a zero leads them, such as "00017", which is noted."""
    numbers = frame.select_dtypes("number")
    whole = [name for name in numbers if (numbers[name].dropna() % 1 == 0).all()]
    if not whole:
        return frame
    cells = file.read(usecols=whole, dtype=str)
    examples = {}
    for name in whole:
        leads = cells[name].str.fullmatch(r"\s*0\d+\s*").fillna(False).astype(bool)
        if leads.any():
            examples[name] = cells[name][leads].iloc[0].strip()
    file.digits = list(examples)
    _note(notes, "Kept as text for their leading zeros, such as {!r}: {}.", examples)
    return frame.assign(**{name: cells[name] for name in examples})


def _with_numbers(frame, file, notes, *, is_guess):
    """Return the frame with text as numbers that has thousands separators, percent signs or the other decimal sign."""
    import pandas as pd

    sign, other = file.decimal, "," if file.decimal == "." else "."
    grouped, percent, either = {}, {}, {}  # name to an example
    for name, written in _text_columns(frame):
        if written.empty or name in file.digits:
            continue
        has_percent = written.str.endswith("%").all()
        cells = written.str.rstrip(" %") if has_percent else written
        is_group = cells.str.fullmatch(THOUSANDS[sign])
        is_plain = cells.str.fullmatch(rf"{WHOLE}(?:{re.escape(sign)}\d+)?")
        # 1.234 in a file of decimal commas: a thousand, or the other decimal sign
        is_either = sign == "," and is_guess and cells.str.fullmatch(r"[+-]?\d{1,3}\.\d{3}").all()
        if (is_group | is_plain).all() and not is_either:
            if not (is_group.any() or sign == "," or has_percent or file.has_words):
                continue  # digits that pandas did not take for a number: too many of them
            numbers = pd.to_numeric(cells.str.replace(other, "").str.replace(sign, "."))
            if is_group.any():
                grouped[name] = cells[is_group].iloc[0]
        else:
            numbers = pd.to_numeric(cells, errors="coerce")  # 2.5 in a file of decimal commas
            if numbers.isna().any():
                continue
            if is_either and is_group.all():
                either[name] = written.iloc[0]
        if has_percent:
            percent[name] = written.iloc[0]
        frame = frame.assign(**{name: numbers.reindex(frame.index)})
    file.percent = [name.strip() for name in percent]
    _note(notes, "Read as numbers with thousands separators, such as {!r}: {}.", grouped)
    _note(notes, "Read as numbers without their percent sign, such as {!r}: {}.", percent)
    _note(notes, "Points are read as decimal points, such as in {!r}, though other numbers have decimal commas: {}; "
          "--decimal , takes them for thousands separators.", either)  # fmt: skip
    return frame


def _note(notes, words, examples):
    """Note what was done to columns, given by {name: example}."""
    if examples:
        notes.append(words.format(next(iter(examples.values())), listed(name.strip() for name in examples)))


# ------------------------------------------------------------------------------------------------ dates
def parsed_dates(column, *, day_first=False):
    """Return a text column as dates if every value reads as one, else None; and a note where the order is a guess."""
    import pandas as pd

    seen = _stripped(column)
    if seen.empty or not seen.head(PEEK).str.contains(DATE).all():
        return None, None
    note = None
    numbers = seen.str.extract(DAY_AND_MONTH).dropna()  # first number, sign, second number
    if len(numbers):
        first, second = numbers[0].astype(int), numbers[2].astype(int)
        if (first > 12).any() and (second > 12).any():
            return None, None
        if (first > 12).any() or (second > 12).any():  # a number above 12 is the day
            day_first = bool((first > 12).any())
        elif (numbers[1] == ".").all():  # 03.04.2024 is written where the day is first
            day_first = True
        elif (first != second).any():  # 03/04/2024: `day_first` is a guess
            example = seen[numbers.index[first != second][0]]
            order, other = ("day/month", "month/day") if day_first else ("month/day", "day/month")
            note = (
                f"Dates such as {example!r} in {column.name!r} are read as {order}, though they could be {other}; "
                "written as 2024-12-31 they cannot be mistaken."
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
