"""What the columns of a table are for: what predicts, what is predicted, and what is dropped with a note."""

import re
from dataclasses import dataclass, field, replace
from difflib import get_close_matches

import numpy as np

from skgan_resample._user_table._messages import CommandError, listed
from skgan_resample._user_table._reading import is_text, parsed_dates, read_frame

ID_NAME = re.compile(r"(^|[_\W])(id|uuid|guid|key|index|row|nr)($|[_\W])", re.IGNORECASE)
UNNAMED = re.compile(r"Unnamed: \d+")  # a column without a header: mostly the index that pandas has written
# Our choices, by eye on tables at hand:
MOST_STEP = 1.2  # of a counter, on average: rows may have been left out
DISTINCT_IS_ID = 0.95  # a text column with this share of distinct values is an identifier of rows
MANY_LABELS = 0.5  # text with a larger share of distinct values holds no classes
MANY_COPIES = 0.01  # rows that repeat others, of all rows
FEW_ROWS = 10  # fewer cannot be split into useful folds


@dataclass
class Table:
    """A table made ready: what predicts, what is predicted, how rows belong together, what was done for that."""

    X: object  # pandas frame of the columns that predict, (n_samples, n_features)
    y: np.ndarray  # floats for regression; integers or text for classes, (n_samples,)
    target: str
    source: str
    task: str = "regression"  # or "classification", "robustness"
    columns: list = field(default_factory=list)  # of the file, also those that are not used
    groups: np.ndarray | None = None
    times: np.ndarray | None = None  # rows are sorted by them
    notes: list = field(default_factory=list)  # what was guessed, dropped and left out

    def drawn(self, rows):
        """Return the table with the rows at these positions."""
        of_rows = {name: getattr(self, name) for name in ("y", "groups", "times")}
        of_rows = {name: None if values is None else values[rows] for name, values in of_rows.items()}
        return replace(self, X=self.X.iloc[rows].reset_index(drop=True), **of_rows)


def read_table(path, *, target, group=None, time=None, task=None, sep=None, decimal=None):
    """Read a CSV, TSV or Parquet file exactly as the command ``skgan-resample compare`` reads it.

    Separators, decimal commas, thousands, encodings, dates and missing values are recognised. Rows without a target and
    columns that cannot predict (one value only, row identifiers) are left out. ``notes`` lists what was done.

    Parameters
    ----------
    path : str or path
        A .csv, .tsv (also .gz) or .parquet file.
    target : str
        The column to predict.
    group : str, default=None
        A column; rows with the same value belong on one side of a split.
    time : str, default=None
        A column of dates or numbers by which rows are sorted.
    task : {"regression", "classification", "robustness"}, default=None
        "robustness" is adversarial training for classes. None is "classification" for a target of text, booleans or at
        most 20 different whole numbers, else "regression".
    sep : str, default=None
        The sign between columns; None is what the header shows.
    decimal : {".", ","}, default=None
        The decimal sign; None is what the numbers show.

    Returns
    -------
    Table
        With ``X``, ``y``, ``groups``, ``times``, ``task`` and ``notes``.

    Raises
    ------
    ValueError
        If the file cannot be read, a column is not there, or the target does not suit the task.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from skgan_resample import read_table
    >>> lines = ["size;cost", *(f"{i % 7},5;{i * i},5" for i in range(30))]
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "claims.csv"
    ...     _ = path.write_text("\\n".join(lines))
    ...     table = read_table(path, target="cost")
    >>> table.X.columns.tolist(), table.y[:3].tolist(), table.task
    (['size'], [0.5, 1.5, 4.5], 'regression')
    >>> table.notes[1]
    'Columns are separated by semicolons; change that with --sep.'
    """
    notes = []
    frame, file = read_frame(path, notes, separator=sep, decimal=decimal)
    if not target:
        raise CommandError(f"--target is missing; the columns are {listed(frame.columns)}.")
    _check_roles(frame, path, {"--target": target, "--group": group, "--time": time})
    columns = list(frame.columns)
    notes.insert(0, f"{path}: {len(frame):,} rows, {len(columns)} columns.")
    day_first = file is not None and (file.decimal == "," or file.separator == ";")  # not written in America
    n_known = int(frame[target].notna().sum())
    if n_known < FEW_ROWS:
        raise CommandError(
            f"{path} has too few rows with a value of {target!r} to train on some and test on others: {n_known}; "
            f"{FEW_ROWS} is the least."
        )
    if task is None:
        task = _task_of(frame[target])
        found = frame[target].dropna().unique()
        values = f"{len(found):,} different values" if len(found) > 8 else f"the values {listed(found)}"
        notes.append(f"{target!r} holds {values}, taken for {task}; change that with --task.")
    if task == "regression":
        frame = _with_numeric_target(frame, target, notes)
    else:
        is_whole = file is None or n_known == len(frame)
        frame = _with_classes(frame, target, notes, {} if is_whole else file.words_for_missing(frame[target]))
    groups = times = None
    if time:
        frame, times = _sorted_by_time(frame, time, notes, day_first)
    if group:
        groups = _groups(frame.pop(group), notes)
    y = frame.pop(target).to_numpy()
    X = _with_dates(frame, notes, day_first, is_sorted=times is not None, can_sort=task != "robustness")
    X = _without_useless(X, notes)
    if not X.shape[1]:
        raise CommandError(f"No column of {path} is left to predict {target!r} with.")
    _note_copies(X, y, groups, notes)
    return Table(X, y, target, str(path), task, columns, groups, times, notes)


# ------------------------------------------------------------------------------------------------ roles
def _check_roles(frame, path, roles):
    """Refuse columns that are not there or have two roles, and roles that contradict each other."""
    named = {option: name for option, name in roles.items() if name}
    for name in named.values():
        check_column(frame.columns, name, path)
        twice = [option for option, other in named.items() if other == name]
        if len(twice) > 1:
            raise CommandError(f"The column {name!r} is named by both {' and '.join(twice)}.")
    if "--group" in named and "--time" in named:
        raise CommandError("--time and --group cannot be combined: splits by time do not keep groups together.")


def check_column(columns, name, path):
    """Refuse a column that is not there, with the name that was perhaps meant."""
    if name not in columns:
        close = get_close_matches(name, list(columns), n=1)
        hint = f"did you mean {close[0]!r}?" if close else f"the columns are {listed(columns)}."
        raise CommandError(f"{path} has no column {name!r}; {hint}")


def _sorted_by_time(frame, name, notes, day_first):
    """Return the frame sorted by a column of times, without it, and the times."""
    import pandas as pd

    column = frame[name]
    if pd.api.types.is_numeric_dtype(column) or pd.api.types.is_datetime64_any_dtype(column):
        times = column
    else:
        times, note = parsed_dates(column, day_first=day_first)
        if times is None and column.str.fullmatch(r"\d+").all():  # 0930, kept as text for its zero
            times = pd.to_numeric(column)
        if times is None:
            raise CommandError(f"The column {name!r} of --time holds neither dates nor numbers.")
        notes.extend([note] if note else [])
    if times.isna().any():
        raise CommandError(f"The column {name!r} of --time is empty in {int(times.isna().sum())} rows.")
    frame = frame.assign(**{name: times}).sort_values(name, kind="stable", ignore_index=True)
    times = frame.pop(name)
    tied = int(times.duplicated(keep=False).sum())
    tested = "no earlier" if tied else "later"
    ties = f" {tied:,} rows have an equal {name!r}: they can be on both sides of a split." if tied else ""
    notes.append(f"Rows are sorted by {name!r}; every fold is tested on {tested} rows than it was trained on.{ties}")
    return frame, times.to_numpy()


def _groups(column, notes):
    """Return groups as text."""
    missing = int(column.isna().sum())
    if missing:
        raise CommandError(f"The column {column.name!r} of --group is empty in {missing} rows.")
    notes.append(f"Rows with the same {column.name!r} stay on one side of every split.")
    return column.astype(str).to_numpy()


# ------------------------------------------------------------------------------------------------ the target
def _task_of(target):
    """Return "regression" for numbers with fractions or more than 20 different values, "classification" for others."""
    import pandas as pd

    from skgan_resample._tables._targets import is_continuous_target

    seen = target.dropna()
    if pd.api.types.is_bool_dtype(seen) or isinstance(seen.dtype, pd.CategoricalDtype):
        return "classification"
    numbers = pd.to_numeric(seen, errors="coerce").astype(float).dropna()
    if len(numbers) < len(seen):
        # mostly numbers, or text that differs in every other row: "regression" refuses it and names the cells
        is_dirt = len(numbers) > len(seen) / 2 and is_continuous_target(numbers)
        return "regression" if is_dirt or seen.nunique() > MANY_LABELS * len(seen) else "classification"
    is_numeric_target = numbers.nunique() < 2 or np.isinf(numbers).any() or is_continuous_target(numbers)
    return "regression" if is_numeric_target else "classification"


def _with_numeric_target(frame, target, notes):
    """Return the rows whose target is a number; refuse a target that is not numeric."""
    import pandas as pd

    values = frame[target]
    numbers = pd.to_numeric(values, errors="coerce").astype(float)
    words = values[numbers.isna() & values.notna()]
    if len(words):
        raise CommandError(
            f"The target {target!r} must hold numbers, but {len(words)} cells do not, such as {words.iloc[0]!r}."
        )
    if np.isinf(numbers).any():
        raise CommandError(f"The target {target!r} contains infinity in {int(np.isinf(numbers).sum())} rows.")
    missing = int(numbers.isna().sum())
    if missing:
        notes.append(f"{missing} rows without a value of {target!r} are left out.")
    frame = frame.assign(**{target: numbers})[numbers.notna()].reset_index(drop=True)
    if frame[target].nunique() < 2:
        raise CommandError(f"The target {target!r} has fewer than two different values: there is nothing to predict.")
    return frame


def _with_classes(frame, target, notes, words):
    """Return the rows whose class is known; numbers stay numbers, all else is text."""
    import pandas as pd

    known = frame[target].notna()
    if not known.all():
        which = ", ".join(f"{n_rows} of them with {word!r}" for word, n_rows in words.items())
        which = f", {which}: give the word another spelling if it is a class" if which else ""
        notes.append(f"{int((~known).sum())} rows without a value of {target!r} are left out{which}.")
    frame = frame[known].reset_index(drop=True)
    labels = frame[target]
    if pd.api.types.is_numeric_dtype(labels) and not pd.api.types.is_bool_dtype(labels):
        labels = labels.astype(float)
        is_whole = (labels % 1 == 0).all() and labels.abs().max() < 2**53  # pandas reads floats where cells are missing
        return frame.assign(**{target: labels.astype(int) if is_whole else labels})
    return frame.assign(**{target: labels.astype(str)})


# ------------------------------------------------------------------------------------------------ the features
def _with_dates(X, notes, day_first, *, is_sorted, can_sort):
    """Return the table with text columns of dates turned into dates, which is noted."""
    import pandas as pd

    for name in X.columns:
        dates, note = parsed_dates(X[name], day_first=day_first) if is_text(X[name]) else (None, None)
        if dates is not None:
            X = X.assign(**{name: dates})
            notes.extend([note] if note else [])
        if pd.api.types.is_datetime64_any_dtype(X[name]) and not is_sorted:
            advice = f" If the future must not predict the past, use --time {name}." if can_sort else ""
            notes.append(f"{name!r} holds dates and is used as a number; rows are shuffled between folds.{advice}")
    return X


def _without_useless(X, notes):
    """Return the table without columns that hold one value or that only identify rows, which is noted."""
    for name in X.columns:
        if is_text(X[name]) and X[name].map(lambda cell: isinstance(cell, list | dict | set | np.ndarray)).any():
            raise CommandError(f"The column {name!r} holds lists or records; leave it out or split it into columns.")
    constant = [name for name in X.columns if X[name].nunique(dropna=False) <= 1]
    if constant:
        notes.append(f"Dropped, one value only: {listed(constant)}.")
    ids = identifiers(X.drop(columns=constant))
    if ids:
        notes.append(f"Dropped, they look like row identifiers: {listed(ids)}.")
    X = X.drop(columns=[*constant, *ids])
    many = [name for name in X.columns if is_text(X[name]) and X[name].nunique() > 20]
    if many:
        notes.append(f"Many categories, of which the estimator sees the 20 most frequent: {listed(many)}.")
    return X


def identifiers(frame):
    """Return the columns that only identify rows: counters, unique integers named like keys, nearly unique text."""
    import pandas as pd

    found = []
    for name in frame.columns:
        column = frame[name].dropna()
        if len(column) < 20:
            continue
        distinct = column.nunique() / len(column)
        is_named = ID_NAME.search(name) or UNNAMED.fullmatch(name)
        if pd.api.types.is_integer_dtype(column):
            is_id = distinct == 1 and (is_named or _counts(column.to_numpy()))
        else:
            is_id = is_text(column) and distinct >= DISTINCT_IS_ID
        if is_id:
            found.append(name)
    return found


def _counts(values):
    """Whether whole numbers count the rows up or down; a few may be missing, for rows that were left out."""
    steps = np.diff(values.astype(float))
    return (np.sign(steps) == np.sign(steps[0])).all() and np.abs(steps).mean() <= MOST_STEP


def _note_copies(X, y, groups, notes):
    """Note how many rows repeat others, if they are many; within a group they do no harm."""
    whole = X.assign(**{"the target": y})
    n_copies = int(whole.duplicated().sum())
    if groups is not None:
        n_copies -= int(whole.assign(**{"the group": groups}).duplicated().sum())
    if n_copies > MANY_COPIES * len(y):
        notes.append(
            f"{n_copies:,} rows repeat others in all columns that are used: copies can be on both sides of a split."
        )
