"""Descriptions of parameters that several public docstrings share, written once."""

import re
from inspect import cleandoc, isclass
from textwrap import indent


def shared_descriptions(text):
    """Return a decorator that writes entries of `text` wherever a docstring has ``{name, ...}`` on a line of its own.

    It decorates functions, and classes together with their class methods.
    `text` looks like the Parameters section of a docstring. It is imbalanced-learn's `Substitution`, but that one reads
    every brace, and ours also hold the options of a parameter, such as ``{"auto", "balance"}``.
    """
    entries = re.split(r"^(?=\w)", cleandoc(text), flags=re.MULTILINE)[1:]
    by_name = {re.match(r"\w+", entry)[0]: entry.rstrip() for entry in entries}

    def entries_of(match):
        return indent("\n".join(by_name[name] for name in match["names"].split(", ")), match["margin"])

    def decorate(documented):
        docstring = documented.__doc__ or ""  # None under python -OO
        placeholder = r"^(?P<margin> *)\{(?P<names>\w+(, \w+)*)\}$"
        documented.__doc__ = re.sub(placeholder, entries_of, docstring, flags=re.MULTILINE)
        if isclass(documented):
            for member in vars(documented).values():
                if isinstance(member, classmethod):
                    decorate(member.__func__)
        return documented

    return decorate
