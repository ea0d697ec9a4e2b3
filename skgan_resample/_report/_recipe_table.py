"""The parts of a recipe that read a table and prepare its columns, as the command line and `TableVectorizer` did."""

import contextlib
import importlib.util
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer, make_column_selector
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

from skgan_resample._report._code import comment, joined, quoted
from skgan_resample._tables._vectorizer import TableVectorizer
from skgan_resample._user_table._messages import CommandError
from skgan_resample._user_table._reading import MISSING, TextFormat, is_text, parsed_dates, read_table


@dataclass
class File:
    """How a file is read, found out once more.

    Parameters
    ----------
    raw : DataFrame or None
        As a plain reader gives it; None where the file is no longer there.
    frame : DataFrame or None
        As the command line reads it, with numbers as numbers.
    reader : str
        Code that reads it so.
    decimal : str
        Its decimal sign.
    day_first : bool
        How dates are read where nothing in a column tells.
    """

    raw: object
    frame: object
    reader: str
    decimal: str = "."
    day_first: bool = False


def _file(options):
    path = quoted(str(options["data"]))
    try:
        frame, form = read_table(options["data"], [], separator=options.get("sep"), decimal=options.get("decimal"))
        raw = pd.read_parquet(options["data"]) if form is None else form.read(options["data"])
    except (CommandError, OSError, ValueError):  # it has gone since it was compared: no reason to lose the report
        return File(None, None, f"pd.read_csv({path})")
    if form is None:
        return File(raw, frame, f"pd.read_parquet({path})")
    usual = TextFormat()
    settings = [f"sep={quoted(form.separator)}"] if form.separator != usual.separator else []
    settings += [f"decimal={quoted(form.decimal)}"] if form.decimal != usual.decimal else []
    settings += [f"encoding={quoted(form.encoding)}"] if form.encoding != usual.encoding else []
    settings += ["index_col=False"] if form.surplus else []
    settings += [f"dtype={dict.fromkeys(form.codes, 'str')!r}".replace("'str'", "str")] if form.codes else []
    settings += ["keep_default_na=False", f"na_values={MISSING!r}"] if form.words else []
    reader = joined("pd.read_csv(", [path, *settings, "skipinitialspace=True"], ")")
    return File(raw, frame, reader, form.decimal, day_first=form.decimal == "," or form.separator == ";")


# ------------------------------------------------------------------------------------------------ reading
def reading(script, table, options, *, has_classes):
    """Return code that makes `X`, `y` and, with --group, `groups` of the file, or of the built-in table."""
    if options.get("data") is None:
        return _builtin(script, has_classes=has_classes)
    file = _file(options)
    target, group, time = (
        quoted(name) if name else None for name in (table.target, options.get("group"), options.get("time"))
    )
    before = _prepared(script, table, options, file)
    lines = [f"table = prepared({file.reader})" if before else f"table = {file.reader}"]
    if not has_classes:
        lines.append(f'table[{target}] = pd.to_numeric(table[{target}], errors="coerce").astype(float)')
    lines.append(f"table = table.dropna(subset=[{target}]).reset_index(drop=True)")
    if time:
        lines.append(f'table = table.sort_values({time}, kind="stable", ignore_index=True)')
    if not has_classes:
        lines.append(f"y = table.pop({target}).to_numpy()")
    elif np.asarray(table.y).dtype.kind in "iuf":
        lines.append(f"y = table.pop({target}).to_numpy(dtype=float).astype(int)")
    else:
        lines.append(f"y = table.pop({target}).astype(str).to_numpy().astype(str)")
    if group:
        lines.append(f"groups = table.pop({group}).astype(str).to_numpy()")
    lines.append(f"X = table.drop(columns=[{time}])" if time else "X = table")
    if file.raw is not None:
        names = [str(name).strip() for name in file.raw.columns]
        n_rows = int(file.raw.set_axis(names, axis=1)[table.target].notna().sum())
        if n_rows > len(table.y):
            lines.append(
                comment(
                    f"compare had time for {len(table.y):,} of {n_rows:,} rows. Here all are used: scores are others, "
                    "and take longer."
                )
            )
    return "\n\n\n".join(filter(None, [before, "\n".join(lines)]))


def _prepared(script, table, options, file):
    """Return code of the function that reads numbers and dates, and leaves out what cannot predict; "" for nothing."""
    used = [table.target, *table.X.columns, options.get("group"), options.get("time")]
    dropped = [name for name in table.columns if name not in used]
    raw = file.raw
    steps = []
    if raw is not None and any(not isinstance(name, str) or name != name.strip() for name in raw.columns):
        steps.append("table.columns = table.columns.astype(str).str.strip()")
        raw = raw.set_axis([str(name).strip() for name in raw.columns], axis=1)
    steps += _numbers(script, table, options, raw, file.frame)
    steps += _dates(script, table, options, raw, file)
    purpose = "with numbers and dates read" if steps else ""
    if dropped:
        steps.append(f"table = table.drop(columns={script.code(dropped)})")
        purpose = ", ".join(filter(None, [purpose, "without the columns that cannot predict"]))
    if not steps:
        return ""
    body = "".join(f"    {line}\n" for line in "\n".join(["table = table.copy()", *steps, "return table"]).split("\n"))
    return f'def prepared(table):\n    """Return a table {purpose}."""\n{body}'.rstrip()


def _numbers(script, table, options, raw, read):
    """Return lines that read text as numbers; each column by the call that gives what was compared."""
    if raw is None:
        return []
    numbers = [name for name in table.X.columns if name in raw and pd.api.types.is_numeric_dtype(table.X[name])]
    numbers += [table.target] if pd.api.types.is_numeric_dtype(np.asarray(table.y).dtype) else []
    numbers += [options["time"]] if options.get("time") and pd.api.types.is_numeric_dtype(table.times) else []
    calls = {}
    for name in numbers:
        if is_text(raw[name]) and not raw[name].dropna().empty:
            calls.setdefault(_number_call(raw[name], pd.to_numeric(read[name], errors="coerce")), []).append(name)
    return [
        line
        for call, own in calls.items()
        for line in (f"for name in {script.code(own)}:", f"    table[name] = pd.to_numeric({call})")
    ]


def _number_call(column, wanted):
    """Return code of the simplest cells, and settings, that `pd.to_numeric` reads as a column was read."""
    for call, replaced in NUMBER_CALLS.items():
        cells = column
        if replaced is not None:
            cells = cells.astype(str).where(cells.notna()).str.strip().str.rstrip(" %")
            for sign, by in replaced:
                cells = cells.str.replace(sign, by)
        if pd.to_numeric(cells, errors="coerce").astype(float).equals(wanted.astype(float)):
            parts = [f"table[name]{call}"]
            if replaced is not None and column.dropna().astype(str).str.contains("%").any():
                parts[0] = parts[0].replace(".str.strip()", '.str.strip().str.rstrip(" %")')
            known = cells.dropna()
            parts += [] if pd.to_numeric(known, errors="coerce").notna().all() else ['errors="coerce"']
            return ", ".join(parts)
    return 'table[name], errors="coerce"'


NUMBER_CALLS = {  # the simplest that reads a column: code, and what is replaced by what
    "": None,
    ".str.strip()": [],
    '.str.strip().str.replace(",", "")': [(",", "")],
    '.str.strip().str.replace(",", ".")': [(",", ".")],
    '.str.strip().str.replace(".", "").str.replace(",", ".")': [(".", ""), (",", ".")],
}


def _dates(script, table, options, raw, file):
    """Return lines that read dates; each column by the call that gives what was compared."""
    names = [name for name in table.X.columns if pd.api.types.is_datetime64_any_dtype(table.X[name])]
    if options.get("time") and pd.api.types.is_datetime64_any_dtype(table.times):
        names.append(options["time"])
    calls = {}
    for name in names:
        settings = ""
        if raw is not None and is_text(raw[name]):
            settings = _date_settings(raw[name], file.frame[name], file.day_first)
        calls.setdefault(settings, []).append(name)
    return [
        line
        for settings, own in calls.items()
        for line in (
            f"for name in {script.code(own)}:",
            f'    table[name] = pd.to_datetime(table[name], errors="coerce"{settings})',
        )
    ]


def _date_settings(column, read, day_first):
    """Return code of the simplest settings that read a column of dates, as it stands there, as it was read."""
    wanted, _ = parsed_dates(read, day_first=day_first)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for settings, arguments in DATE_SETTINGS.items():
            with contextlib.suppress(ValueError):  # offsets that differ need utc=True
                if pd.to_datetime(column, errors="coerce", **arguments).equals(wanted):
                    return settings
    return ""


DATE_SETTINGS = {  # the simplest that reads a column
    "": {},
    ", dayfirst=True": {"dayfirst": True},
    ', format="mixed"': {"format": "mixed"},
    ', dayfirst=True, format="mixed"': {"dayfirst": True, "format": "mixed"},
    ", utc=True": {"utc": True},
    ', format="mixed", utc=True': {"format": "mixed", "utc": True},
    ', dayfirst=True, format="mixed", utc=True': {"dayfirst": True, "format": "mixed", "utc": True},
}


def _builtin(script, *, has_classes):
    if not has_classes:
        script.use_from("sklearn.datasets", "load_diabetes")
        return "X, y = load_diabetes(return_X_y=True, as_frame=True, scaled=False)\ny = y.to_numpy()"
    script.use_from("sklearn.datasets", "load_breast_cancer")
    return "data = load_breast_cancer(as_frame=True)\nX, y = data.data, data.target_names[data.target].astype(str)"


# ------------------------------------------------------------------------------------------------ preparing
DAYS = '''def days(dates):
    """Return dates as days since 1970."""
    return dates.apply(lambda date: (date - pd.Timestamp(0, tz=date.dt.tz)) / pd.Timedelta(days=1))


'''


def preparation(script, X):
    """Return code of a transformer that does what `TableVectorizer` does: numbers scaled, gaps filled and marked."""
    dates = [name for name in X.columns if pd.api.types.is_datetime64_any_dtype(X[name])]
    numbers = [name for name in X.columns if pd.api.types.is_numeric_dtype(X[name]) and not _has_levels(X[name])]
    script.use(ColumnTransformer, make_column_selector)
    before, lines, parts = "", [], []
    if numbers or dates:
        script.use(SimpleImputer, StandardScaler, make_pipeline)
        lines.append('number = make_pipeline(StandardScaler(), SimpleImputer(strategy="constant", add_indicator=True))')
    if numbers:
        parts.append('("numbers", number, make_column_selector(dtype_include="number"))')
    if dates:
        script.use(FunctionTransformer)
        before = DAYS
        lines.append("date = make_pipeline(FunctionTransformer(days), number)")
        parts.append('("dates", date, make_column_selector(dtype_include=["datetime", "datetimetz"]))')
    if len(numbers) + len(dates) < X.shape[1]:
        script.use(OneHotEncoder)
        most = TableVectorizer().max_levels + 1  # the last one stands for all others
        settings = ['handle_unknown="infrequent_if_exist"', f"max_categories={most}", "sparse_output=False"]
        lines.append(f"level = OneHotEncoder({', '.join(settings)})")
        others = '["number", "datetime", "datetimetz"]'
        parts.append(f'("levels", level, make_column_selector(dtype_exclude={others}))')
    body = "".join(f"        {part},\n" for part in parts)
    return before + "\n".join([*lines, f"prepare = ColumnTransformer(\n    [\n{body}    ]\n)"])


def _has_levels(column):
    return pd.api.types.is_bool_dtype(column) or isinstance(column.dtype, pd.CategoricalDtype)


# ------------------------------------------------------------------------------------------------ the user's learner
def path_to_learner(options):
    """Return code that finds the user's own file of models, if the learner is in one; a script sees its own folder."""
    module = (options.get("learner") or "").partition(":")[0]
    spec = importlib.util.find_spec(module) if module else None
    origin = Path(spec.origin).resolve() if spec is not None and spec.origin else None
    if origin is None or Path.cwd() not in origin.parents or "site-packages" in origin.parts:
        return ""
    return 'import sys\n\nsys.path.append(".")  # where the learner is'
