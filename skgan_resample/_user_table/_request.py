"""What `skgan-resample compare` was asked to do, as objects."""

from dataclasses import dataclass
from pathlib import Path

from skgan_resample._user_table._roles import Table


@dataclass(frozen=True)
class Request:
    """What was asked, resolved once from the command line; the comparison and the report read nothing else.

    What one task alone needs is None for the others: `relevance`, `threshold` and the limits on increases are of
    regression, `threat_model` is of robustness.
    """

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
    relevance: object = None
    threshold: float | None = None
    max_rmse_increase: float | None = None
    max_common_increase: float | None = None
    threat_model: object = None
