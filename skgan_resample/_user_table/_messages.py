"""Errors of a command that its user can mend, and lists of names in words."""

import importlib.util


class CommandError(Exception):
    """Something the user can mend; the message is the whole output."""


def listed(names, most=8):
    """Return names as text, the first ones if they are many."""
    names = [str(name) for name in names]
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def need(*modules):
    """Refuse to go on without a module of the extra "compare"."""
    missing = [name for name in modules if importlib.util.find_spec(name) is None]
    if missing:
        raise CommandError(
            f'{" and ".join(missing)} is missing; install it with pip install "skgan-resample[compare]".'
        )
