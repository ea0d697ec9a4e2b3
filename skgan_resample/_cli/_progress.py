"""Progress of a command: a bar on a terminal, else now and then a line, with the time left."""

import contextlib
import sys
import time

FIRST_ESTIMATE, NEXT_ESTIMATE = 5.0, 60.0  # seconds until a run without a terminal prints the time left
WORTH_PRINTING = 10.0  # seconds left
LONG = 300.0  # seconds left from which advice is given


def in_words(seconds):
    """Return a duration in words: "40 s", "3 min", "2.5 h"."""
    if seconds < 100:
        return f"{max(1, round(seconds))} s"
    return f"{round(seconds / 60)} min" if seconds < 100 * 60 else f"{seconds / 3600:.1f} h"


class Progress:
    """A callback (done, total) of a comparison; it moves a bar of rich, or prints to standard error."""

    def __init__(self, bar=None, task=None):
        self.bar, self.task = bar, task
        self.left = None
        self.n_done = self.n_tasks = 0
        self.next_line = time.monotonic() + FIRST_ESTIMATE

    def time_left(self, seconds):
        """Take an estimate of the seconds that the rest will take."""
        self.left = seconds

    def __call__(self, done, total):
        self.n_done, self.n_tasks = done, total
        left = "" if self.left is None or done == total else f"about {in_words(self.left)} left"
        if self.bar is not None:
            self.bar.update(self.task, completed=done, total=total, left=left)
        elif left and self.left >= WORTH_PRINTING and time.monotonic() >= self.next_line:
            self.next_line = time.monotonic() + NEXT_ESTIMATE
            advice = "; Ctrl-C keeps what is done, --max-time SECONDS ends it in time" if self.left >= LONG else ""
            print(f"{done} of {total} tasks done, {left}{advice}.", file=sys.stderr, flush=True)


@contextlib.contextmanager
def progress(label):
    """Yield a `Progress`."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
    from rich.progress import Progress as Bar

    console = Console(stderr=True)
    if not console.is_terminal:
        yield Progress()
        return
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[left]}")
    with Bar(*columns, console=console, transient=True) as bar:
        yield Progress(bar, bar.add_task(label, total=None, left=""))
