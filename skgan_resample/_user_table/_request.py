"""What `skgan-resample compare` was asked to do, as objects."""

import time
from dataclasses import dataclass
from pathlib import Path

from skgan_resample._user_table._roles import Table


@dataclass(frozen=True)
class Request:
    """What was asked, resolved once from the command line; the comparison and the report read nothing else."""

    table: Table
    out: Path  # folder of the report
    asked: dict  # options as they were typed, with the defaults that were taken
    estimator: object = None  # None is the default of the comparison
    methods: list | None = None  # None is all
    scoring: str | None = None
    cv: int = 5
    n_repeats: int = 2
    seed: int = 0
    n_jobs: int | None = None
    max_time: float | None = None  # seconds
    started: float = 0.0  # by time.monotonic
    relevance: object = None  # this and the next three for a regression alone
    threshold: float | None = None
    max_rmse_increase: float | None = None
    max_common_increase: float | None = None
    threat_model: object = None  # for robustness alone

    @property
    def seconds_left(self):
        """Seconds until `max_time` is used up, None without a limit."""
        return None if self.max_time is None else max(0.0, self.started + self.max_time - time.monotonic())
