"""What the columns of a table are for: what predicts, what is predicted, and what is dropped aloud."""

import re
from dataclasses import dataclass, field, replace
from difflib import get_close_matches

import numpy as np

from skgan_resample._user_table._messages import CommandError, listed
from skgan_resample._user_table._reading import is_text, parsed_dates, read_table, words_for_missing

ID_NAME = re.compile(r"(^|[_\W])(id|uuid|guid|key|index|row|nr)($|[_\W])", re.IGNORECASE)


UNNAMED = re.compile(r"Unnamed: \d+")  # a column without a header: mostly the index that pandas has written


MOST_STEP = 1.2  # of a counter, on average: rows may have been left out


DISTINCT_IS_ID = 0.95  # a text column with this share of distinct values tells rows apart, not kinds of rows


MANY_LABELS = 0.5  # text with this share of distinct values tells rows apart, not classes


MANY_COPIES = 0.01  # rows that repeat others, of all rows


FEW_ROWS = 10  # fewer cannot be split into folds that say anything


REGRESSION_ONLY = {  # options of compare for amounts, and their defaults
    "relevance": None,
    "side": None,
    "quantile": None,
    "threshold": 0.8,
    "max_price": 0.02,
    "max_common_price": 0.05,
}


SCORINGS = {  # the first one is the default
    "regression": ["sera", "rmse", "rare_mae", "common_rmse"],
    "classification": ["average_precision", "f1", "g_mean", "balanced_accuracy", "brier"],
}


@dataclass
class Table:
    """A table made ready: what predicts, what is predicted, how rows hang together, and what was done to get there."""

    X: object
    y: np.ndarray
    target: str
    source: str
    columns: list = field(default_factory=list)  # of the file, also those that are not used
    groups: np.ndarray | None = None
    times: np.ndarray | None = None
    notes: list = field(default_factory=list)

    def drawn(self, rows):
        """Return the table with these rows only."""
        of_rows = {name: getattr(self, name) for name in ("y", "groups", "times")}
        of_rows = {name: None if values is None else values[rows] for name, values in of_rows.items()}
        return replace(self, X=self.X.iloc[rows].reset_index(drop=True), **of_rows)


def builtin_table(options):
    """Return a table that scikit-learn ships, for the task that the options ask for: amounts unless they say else."""
    _settle_task(options, None)
    return _diabetes(options) if options.task == "regression" else breast_cancer(options)


def _diabetes(options):
    """Return the diabetes table that scikit-learn ships; no network."""
    from sklearn.datasets import load_diabetes

    _refuse_columns(options)
    X, y = load_diabetes(return_X_y=True, as_frame=True, scaled=False)
    note = "No table was given: this is scikit-learn's diabetes data (442 rows, progression after one year)."
    return Table(X, y.to_numpy(), "progression", "diabetes (scikit-learn)", notes=[note])


def breast_cancer(options):
    """Return the breast cancer table that scikit-learn ships; no network."""
    from sklearn.datasets import load_breast_cancer

    _refuse_columns(options)
    data = load_breast_cancer(as_frame=True)
    note = "No table was given: this is scikit-learn's breast cancer data (569 rows, malignant or benign)."
    y = data.target_names[data.target].astype(str)
    return Table(data.data, y, "diagnosis", "breast cancer (scikit-learn)", list(data.data), notes=[note])


def _refuse_columns(options):
    for name in ("target", "group"):
        if getattr(options, name):
            raise CommandError(f"--{name} needs a table: skgan-resample compare DATA.csv --{name} COLUMN.")


def user_table(options):
    """Read a table; set the target, groups and times apart; drop aloud what cannot predict."""
    notes = []
    frame, form = read_table(options.data, notes, separator=options.sep, decimal=options.decimal)
    if not options.target:
        raise CommandError(f"--target is missing; the columns are {listed(frame.columns)}.")
    _check_roles(frame, options)
    columns = list(frame.columns)
    notes.insert(0, f"{options.data}: {len(frame):,} rows, {len(columns)} columns.")
    day_first = form is not None and (form.decimal == "," or form.separator == ";")  # not written in America
    n_known = int(frame[options.target].notna().sum())
    if n_known < FEW_ROWS:
        rows = "1 row" if n_known == 1 else f"{n_known} rows"
        raise CommandError(
            f"{options.data} has {rows} with a value of {options.target!r}, too few to train on some and test on "
            f"others; {FEW_ROWS} is the least."
        )
    if options.threat is None:
        _settle_task(options, frame[options.target], notes)
    has_classes = options.threat is not None or options.task == "classification"
    if has_classes:
        is_whole = form is None or n_known == len(frame)
        words = {} if is_whole else words_for_missing(options.data, form, frame[options.target])
        frame = _with_classes(frame, options.target, notes, words)
    else:
        frame = _with_numeric_target(frame, options.target, notes)
    groups = times = None
    if options.time:
        times = _as_times(frame[options.time], options.time, notes, day_first)
        frame = frame.assign(**{options.time: times}).sort_values(options.time, kind="stable", ignore_index=True)
        times = frame.pop(options.time)
        tied = int(times.duplicated(keep=False).sum())
        tested = "no earlier" if tied else "later"
        ties = f" {tied:,} rows have an equal {options.time!r}: they can be on both sides of a split." if tied else ""
        notes.append(
            f"Rows are sorted by {options.time!r}; every fold is tested on {tested} rows than it was trained on.{ties}"
        )
        times = times.to_numpy()
    if options.group:
        missing = int(frame[options.group].isna().sum())
        if missing:
            raise CommandError(f"The column {options.group!r} of --group is empty in {missing} rows.")
        groups = frame.pop(options.group).astype(str).to_numpy()
        notes.append(f"Rows with the same {options.group!r} stay on one side of every split.")
    y = frame.pop(options.target).to_numpy()
    X = _with_dates(frame, notes, times is not None, day_first, can_sort=options.threat is None)
    X = _without_useless(X, notes)
    if not X.shape[1]:
        raise CommandError(f"No column of {options.data} is left to predict {options.target!r} with.")
    _tell_copies(X, y, groups, notes)
    return Table(X, y, options.target, str(options.data), columns, groups, times, notes)


def _tell_copies(X, y, groups, notes):
    """Say how many rows repeat others, if they are many; within a group they do no harm."""
    whole = X.assign(**{"the target": y})
    n_copies = int(whole.duplicated().sum())
    if groups is not None:
        n_copies -= int(whole.assign(**{"the group": groups}).duplicated().sum())
    if n_copies > MANY_COPIES * len(y):
        notes.append(
            f"{n_copies:,} rows repeat others in all columns that are used: copies can be on both sides of a split."
        )


def _check_roles(frame, options):
    """Refuse columns that are not there, and options that contradict each other."""
    named = {"--target": options.target, "--group": options.group, "--time": options.time}
    named = {option: name for option, name in named.items() if name}
    for name in named.values():
        check_column(frame.columns, name, options.data)
        twice = [option for option, other in named.items() if other == name]
        if len(twice) > 1:
            raise CommandError(f"The column {name!r} is named by both {' and '.join(twice)}.")
    if options.group and options.time:
        raise CommandError("--time and --group cannot be combined: splits by time do not keep groups together.")


def check_column(columns, name, path):
    if name not in columns:
        close = get_close_matches(name, list(columns), n=1)
        hint = f"did you mean {close[0]!r}?" if close else f"the columns are {listed(columns)}."
        raise CommandError(f"{path} has no column {name!r}; {hint}")


def used_columns(immutable, table):
    """Return the names among the columns that predict; others cannot be attacked anyway, if the table has them."""
    for name in immutable or ():
        check_column(table.columns, name, table.source)
    return [name for name in immutable or () if name in table.X.columns] or None


def _settle_task(options, target, notes=()):
    """Set `options.task` and `options.scoring`: what --task says, else what other options imply, else what fits the
    target (None for a built-in table); refuse options of the other task.
    """
    given = [name for name in REGRESSION_ONLY if getattr(options, name) is not None]
    tasks = [task for task, names in SCORINGS.items() if options.scoring in names]
    if options.task is None:
        implied = ["regression"] if given else tasks
        if implied or target is None:
            options.task = implied[0] if implied else "regression"
        else:
            options.task = _task_of(target)
            notes.append(_taken_as(target, options.task))
    if options.task == "classification" and given:
        raise CommandError(f"--{given[0].replace('_', '-')} is for regression: a class has no such thing.")
    known = SCORINGS[options.task]
    options.scoring = known[0] if options.scoring is None else options.scoring
    if options.scoring not in known:
        raise CommandError(f"--scoring {options.scoring} is not for {options.task}; give one of {', '.join(known)}.")


def _task_of(target):
    """Return "regression" for numbers with fractions or more than 20 different values, "classification" for others.

    Mostly numbers, or text that differs in every other row, is left to "regression", which says what is wrong with it.
    """
    import pandas as pd

    from skgan_resample._tables._targets import is_continuous_target

    seen = target.dropna()
    if pd.api.types.is_bool_dtype(seen) or isinstance(seen.dtype, pd.CategoricalDtype):
        return "classification"
    numbers = pd.to_numeric(seen, errors="coerce").astype(float).dropna()
    if len(numbers) < len(seen):
        is_dirt = len(numbers) > len(seen) / 2 and is_continuous_target(numbers)
        return "regression" if is_dirt or seen.nunique() > MANY_LABELS * len(seen) else "classification"
    are_amounts = numbers.nunique() < 2 or np.isinf(numbers).any() or is_continuous_target(numbers)
    return "regression" if are_amounts else "classification"


def _taken_as(target, task):
    """Return what the values of a target were taken for, and the option that says otherwise."""
    import pandas as pd

    from skgan_resample.model_selection._splits import MAX_CLASSES

    values = target.dropna().unique()
    n_values = len(values)
    if task == "regression":
        return (
            f"{target.name!r} holds {n_values:,} different numbers, taken as amounts; --task classification would take "
            f"up to {MAX_CLASSES} whole numbers as classes."
        )
    if pd.api.types.is_numeric_dtype(target) and not pd.api.types.is_bool_dtype(target):
        return (
            f"{target.name!r} holds {n_values} different whole numbers, taken as classes; --task regression takes them "
            "as amounts."
        )
    return f"{target.name!r} holds {n_values} classes ({listed(values, most=4)}); --task regression would need numbers."


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
        told = ", ".join(f"{n_rows} of them with {word!r}" for word, n_rows in words.items())
        told = f", {told}: give the word another spelling if it is a class" if told else ""
        notes.append(f"{int((~known).sum())} rows without a value of {target!r} are left out{told}.")
    frame = frame[known].reset_index(drop=True)
    labels = frame[target]
    is_number = pd.api.types.is_numeric_dtype(labels) and not pd.api.types.is_bool_dtype(labels)
    return frame.assign(**{target: labels.astype(float if is_number else str)})


def _as_times(column, name, notes, day_first):
    import pandas as pd

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
    return times


def _with_dates(X, notes, is_sorted, day_first, *, can_sort=True):
    """Return the table with text columns of dates turned into dates, said aloud."""
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
    """Return the table without columns that hold one value or that only tell rows apart, said aloud."""
    for name in X.columns:
        nested = is_text(X[name]) and X[name].map(lambda cell: isinstance(cell, list | dict | set | np.ndarray)).any()
        if nested:
            raise CommandError(f"The column {name!r} holds lists or records; leave it out or spread it over columns.")
    constant = [name for name in X.columns if X[name].nunique(dropna=False) <= 1]
    if constant:
        notes.append(f"Dropped, one value only: {listed(constant)}.")
    ids = identifiers(X.drop(columns=constant))
    if ids:
        notes.append(f"Dropped, they look like row identifiers: {listed(ids)}.")
    many = [name for name in X.columns.difference([*constant, *ids], sort=False)
            if is_text(X[name]) and X[name].nunique() > 20]  # fmt: skip
    if many:
        notes.append(f"Many levels, of which the learner sees the 20 most frequent: {listed(many)}.")
    return X.drop(columns=[*constant, *ids])


def _counts(values):
    """Whether whole numbers count the rows up or down; a few may be missing, for rows that were left out."""
    steps = np.diff(values.astype(float))
    return (np.sign(steps) == np.sign(steps[0])).all() and np.abs(steps).mean() <= MOST_STEP


def identifiers(frame):
    """Return the columns that only tell rows apart: counters, unique integers named like keys, nearly unique text."""
    import pandas as pd

    found = []
    for name in frame.columns:
        column = frame[name].dropna()
        distinct = column.nunique() / max(1, len(column))
        if len(column) < 20:
            continue
        if pd.api.types.is_integer_dtype(column):
            if distinct == 1 and (_counts(column.to_numpy()) or ID_NAME.search(name) or UNNAMED.fullmatch(name)):
                found.append(name)
        elif is_text(column) and distinct >= DISTINCT_IS_ID:
            found.append(name)
    return found
