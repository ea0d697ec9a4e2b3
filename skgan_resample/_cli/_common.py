"""What the commands share: one sentence for what the user can mend, progress with the time left."""

import contextlib
import sys
import time
import warnings
from concurrent.futures import BrokenExecutor

from skgan_resample._user_table._messages import CommandError
from skgan_resample.exceptions import NoRareRowsError, ResamplingWarning

FIRST_ESTIMATE, NEXT_ESTIMATE = 5.0, 60.0  # seconds until a run that is no terminal's says how long it will take


WORTH_TELLING = 10.0  # seconds left


@contextlib.contextmanager
def one_sentence():
    """Turn errors about the data into one sentence, and our own warnings into lines."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ResamplingWarning)
        try:
            yield
        except NoRareRowsError as error:
            if "box plot" not in str(error):  # the user chose another relevance, or a threshold that nothing reaches
                raise CommandError(str(error)) from None
            raise CommandError(
                "No value of the target is an extreme of its box plot, so none is rare; --relevance quantile makes the "
                "outer tenth of each tail rare, with --side high or --side low of one."
            ) from None
        except (ValueError, TypeError, OSError) as error:
            raise CommandError(str(error)) from None
        except BrokenExecutor:
            raise CommandError(
                "The system ended a worker process, most often for want of memory; take fewer --jobs. The same command "
                "goes on from there."
            ) from None
    for warning in caught:
        if issubclass(warning.category, ResamplingWarning):
            print(f"- {warning.message}")


def in_words(seconds):
    """Return a duration as a person says it: "40 s", "3 min", "2.5 h"."""
    if seconds < 100:
        return f"{max(1, round(seconds))} s"
    return f"{round(seconds / 60)} min" if seconds < 100 * 60 else f"{seconds / 3600:.1f} h"


class Progress:
    """A callback (done, total) of a comparison: a bar on a terminal, else now and then a line on standard error.

    Parameters
    ----------
    bar, task : rich.progress.Progress and one of its tasks, default=None
    """

    def __init__(self, bar=None, task=None):
        self.bar, self.task = bar, task
        self.left = None
        self.n_done = self.n_tasks = 0
        self.next_line = time.monotonic() + FIRST_ESTIMATE

    def time_left(self, seconds):
        """Hear how many seconds the rest will take."""
        self.left = seconds

    def __call__(self, done, total):
        self.n_done, self.n_tasks = done, total
        left = "" if self.left is None or done == total else f"about {in_words(self.left)} left"
        if self.bar is not None:
            self.bar.update(self.task, completed=done, total=total, left=left)
        elif left and self.left >= WORTH_TELLING and time.monotonic() >= self.next_line:
            self.next_line = time.monotonic() + NEXT_ESTIMATE
            advice = "" if self.left < 300 else "; Ctrl-C keeps what is done, --max-time SECONDS ends it in time"
            print(f"{done} of {total} tasks done, {left}{advice}.", file=sys.stderr, flush=True)


@contextlib.contextmanager
def progress(label):
    """Yield a `Progress`."""
    try:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
        from rich.progress import Progress as Bar
    except ImportError:
        yield Progress()
        return
    console = Console(stderr=True)
    if not console.is_terminal:
        yield Progress()
        return
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[left]}")
    with Bar(*columns, console=console, transient=True) as bar:
        yield Progress(bar, bar.add_task(label, total=None, left=""))
