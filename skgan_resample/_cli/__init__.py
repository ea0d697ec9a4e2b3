"""The command `skgan-resample`: compare | resample | versions."""

import sys
import time

from skgan_resample._cli._arguments import parser
from skgan_resample._cli._compare import run_compare
from skgan_resample._cli._resample import run_resample
from skgan_resample._user_table._messages import CommandError
from skgan_resample._versions import show_versions

__all__ = ["main"]


def main(arguments=None):
    """Run the command line; return the exit status: 0, or 2 after one sentence of explanation."""
    arguments = sys.argv[1:] if arguments is None else arguments
    commands = {"compare": run_compare, "resample": run_resample, "versions": lambda options: show_versions()}
    started = time.monotonic()
    command = None
    try:
        options = parser().parse_args(arguments or ["--help"])
        command, options.started = options.command, started
        return commands[command](options)
    except CommandError as error:
        print(f"skgan-resample: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        goes_on = " The same command goes on where it stopped." if command == "compare" else ""
        print(f"\nInterrupted.{goes_on}", file=sys.stderr)
        return 130
