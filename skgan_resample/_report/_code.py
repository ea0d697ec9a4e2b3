"""Values as Python code: what is imported, and how an estimator is written."""

import importlib
import inspect
import textwrap
from dataclasses import dataclass, field

SEED = "SEED"  # the name under which a script holds its seed


WIDTH = 100  # longer calls and lists are broken


class Code(str):
    """Text that is code already."""


@dataclass
class Script:
    """Code in the making.

    Parameters
    ----------
    names : list of (object, str)
        Objects that have a name in the script, told by identity.
    inside : str or None
        Code for the `estimator` of a method that has none: the learner.
    """

    names: list = field(default_factory=list)
    inside: str | None = None
    imports: dict = field(default_factory=dict)

    def use(self, *things):
        """Import classes or functions; return the name of the last one."""
        for thing in things:
            self.use_from(public_home(thing), thing.__name__)
        return things[-1].__name__

    def use_from(self, module, *names):
        """Import names from a module; return the last one."""
        self.imports.setdefault(module, set()).update(names)
        return names[-1]

    def import_lines(self):
        """Return the import statements of what was used."""
        if "imblearn.pipeline" in self.imports:  # its pipelines take samplers, and all else too
            self.imports.get("sklearn.pipeline", set()).discard("make_pipeline")
        lines = ["import numpy as np", "import pandas as pd"]
        for module in sorted(module for module, names in self.imports.items() if names):
            lines.append(joined(f"from {module} import ", sorted(self.imports[module]), "", brackets="()"))
        return "\n".join(lines)

    def code(self, value):
        """Return a value as code; of an estimator what differs from its defaults, every open random_state seeded."""
        for named, name in self.names:
            if value is named:
                return name
        if isinstance(value, Code):
            return str(value)
        if hasattr(value, "get_params") and not isinstance(value, type):
            return self._estimator(value)
        if isinstance(value, list):
            return joined("[", map(self.code, value), "]")
        return quoted(value)

    def call(self, name, *parts):
        """Return the code of a call, of parts that are values or code."""
        return joined(f"{name}(", map(self.code, parts), ")")

    def pipeline(self, *steps):
        """Return the code of a pipeline; imbalanced-learn's where a step is a sampler."""
        has_sampler = any(hasattr(step, "fit_resample") for step in steps)
        home = "imblearn.pipeline" if has_sampler else "sklearn.pipeline"
        return self.call(self.use_from(home, "make_pipeline"), *steps)

    def _estimator(self, estimator):
        given = estimator.get_params(deep=False)
        parts = []
        for name, parameter in inspect.signature(type(estimator)).parameters.items():
            if name not in given:
                continue
            value, is_required = given[name], parameter.default is parameter.empty
            if name == "estimator" and value is None and self.inside is not None:
                value = Code(self.inside)
            elif name == "random_state" and value is None:
                value = Code(SEED)
            elif not is_required and repr(value) == repr(parameter.default):
                continue
            is_first = is_required and parameter.kind is parameter.POSITIONAL_OR_KEYWORD
            parts.append(self.code(value) if is_first else f"{name}={self.code(value)}")
        return joined(f"{self.use(type(estimator))}(", parts, ")")


def quoted(value):
    """Return a plain value as code, text in double quotes where it holds none."""
    text = repr(value)
    return f'"{text[1:-1]}"' if text[0] == "'" and '"' not in text else text


def joined(start, parts, end, *, brackets=""):
    """Return parts between commas on one line, or on lines of their own where that is too long.

    Parts of several lines are moved in. `brackets` are put around broken parts that need none on one line.
    """
    parts = list(parts)
    line = f"{start}{', '.join(parts)}{end}"
    if len(line) <= WIDTH - 12 and "\n" not in line:
        return line
    if all(len(part) < WIDTH / 3 for part in parts) and len(parts) > 4:  # many short ones, such as names of columns
        rows, row = [], ""
        for part in parts:
            if row and len(row) + len(part) > WIDTH - 8:
                rows, row = [*rows, row.rstrip()], ""
            row += f"{part}, "
        rows.append(row.rstrip())
    else:
        rows = [f"{part}," for part in parts]
    left, right = brackets or ("", "")
    body = textwrap.indent("\n".join(rows), "    ")
    return f"{start}{left}\n{body}\n{right}{end}"


def public_home(thing):
    """Return the shortest module path under which a class or function can be imported."""
    parts = thing.__module__.split(".")
    for end in range(1, len(parts)):
        module = ".".join(parts[:end])
        if getattr(importlib.import_module(module), thing.__name__, None) is thing:
            return module
    return thing.__module__


def comment(*texts):
    """Return texts as comment lines; characters that could end a line, or hide, become blanks."""
    lines = []
    for text in texts:
        clean = "".join(letter if letter.isprintable() else " " for letter in str(text))
        lines += textwrap.wrap(clean, WIDTH, break_on_hyphens=False)
    return "\n".join(f"# {line}" for line in lines)
