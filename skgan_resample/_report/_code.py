"""Estimators as Python code: what is imported, and how they are constructed."""

import importlib
import inspect
import textwrap

from sklearn.pipeline import Pipeline

WIDTH = 100  # longer calls are broken, an argument a line
OUR_HOMES = [f"skgan_resample{module}" for module in ("", ".model_selection", ".over_sampling", ".compose", ".metrics")]


class Code:
    """Code in the making: it collects imports, and knows objects that have a name in the script."""

    def __init__(self, seed):
        self.seed = seed  # given to every `random_state` that is None
        self.names = []  # (key of an object, code that is written for it)
        self.imports = {}  # module to names

    def use(self, *things):
        """Import classes or functions; return the name of the last one."""
        for thing in things:
            self.imports.setdefault(public_home(thing), set()).add(thing.__name__)
        return things[-1].__name__

    def stands_for(self, text, value):
        """Write a piece of code, such as a name, for an object and for all that are equal to it."""
        self.names.append((_key(value), text))

    def import_lines(self):
        """Return the import statements of what was used."""
        return [
            joined(f"from {module} import ", sorted(self.imports[module]), "", brackets="()")
            for module in sorted(self.imports)
        ]

    def of(self, value):
        """Return a value as code; of an estimator what differs from its defaults."""
        for key, text in self.names:
            if _key(value) == key:
                return text
        if isinstance(value, Pipeline):
            return self._pipeline(value)
        if hasattr(value, "get_params") and not isinstance(value, type):
            return self._estimator(value)
        if isinstance(value, list) and any(hasattr(part, "get_params") for part in value):
            return joined("[", map(self.of, value), "]")
        if type(value).__module__.startswith("sklearn."):  # folds
            self.use(type(value))
        return quoted(value)

    def _pipeline(self, pipeline):
        steps = [step for _, step in pipeline.steps]
        home = "imblearn.pipeline" if any(hasattr(step, "fit_resample") for step in steps) else "sklearn.pipeline"
        self.imports.setdefault(home, set()).add("make_pipeline")
        if "imblearn.pipeline" in self.imports:  # its pipelines take samplers, and all else too
            self.imports.pop("sklearn.pipeline", None)
        return joined("make_pipeline(", map(self.of, steps), ")")

    def _estimator(self, estimator):
        given, parts = estimator.get_params(deep=False), []
        for name, parameter in inspect.signature(type(estimator)).parameters.items():
            if name not in given:
                continue
            value, is_required = given[name], parameter.default is parameter.empty
            if name == "random_state" and value is None:
                value = self.seed
            elif not is_required and repr(value) == repr(parameter.default):
                continue
            is_first = is_required and parameter.kind is parameter.POSITIONAL_OR_KEYWORD
            # a required argument is given by position, all others by name
            parts.append(self.of(value) if is_first else f"{name}={self.of(value)}")
        return joined(f"{self.use(type(estimator))}(", parts, ")")


def _key(value):
    """Return what equal objects share; the repr of an estimator leaves out what is long."""
    return type(value), str(value.get_params()) if hasattr(value, "get_params") else repr(value)


def quoted(value):
    """Return a plain value as code, text in double quotes where it holds none."""
    text = repr(value)  # of text in single quotes, unless there are some inside
    return f'"{text[1:-1]}"' if text[0] == "'" and '"' not in text else text


def joined(start, parts, end, *, brackets=""):
    """Return parts with commas on one line or, where it is too long, a line each; `brackets` are for the latter."""
    parts = list(parts)
    line = f"{start}{', '.join(parts)}{end}"
    if len(line) <= WIDTH - 12 and "\n" not in line:  # 12 for the indentation of nested calls: a guess
        return line
    left, right = brackets or ("", "")
    body = textwrap.indent("".join(f"{part},\n" for part in parts), "    ")
    return f"{start}{left}\n{body}{right}{end}"


def public_home(thing):
    """Return the public module path under which a class or function can be imported."""
    parts = thing.__module__.split(".")
    modules = [".".join(parts[:end]) for end in range(1, len(parts) + 1)]
    if parts[0] == "skgan_resample":  # defined in private modules
        modules = [*OUR_HOMES, *modules]
    for module in modules:
        is_private = any(part.startswith("_") for part in module.split("."))
        if not is_private and getattr(importlib.import_module(module), thing.__name__, None) is thing:
            return module
    return thing.__module__


def comment(*texts):
    """Return texts as comment lines; characters that could end a line, or hide, become blanks."""
    lines = []
    for text in texts:
        clean = "".join(letter if letter.isprintable() else " " for letter in str(text))
        lines += textwrap.wrap(clean, WIDTH, break_on_hyphens=False)
    return [f"# {line}" for line in lines]
