"""What was tried on the tuning sets on the way to SMOGAN's defaults, and what each change gained.

    OMP_NUM_THREADS=1 python benchmarks/smogan_levers.py            # resumable; ten minutes on two cores
    OMP_NUM_THREADS=1 python benchmarks/smogan_levers.py summary    # the tables in Markdown

Folds, learners and seeds are those of the tuning tier of smogan_quality.py; no reporting set was used here.
Changes that did not help are reported only here.
"""

import sys

import numpy as np
import pandas as pd
from smogan_quality import (
    COLUMNS,
    LEARNER_SIZES,
    N_JOBS,
    RESULTS,
    SEED,
    TUNING,
    Summary,
    load_floats,
    make_learners,
    make_splits,
    open_results,
    print_table,
    start_workers,
    won,
)

from skgan_resample import SMOGN, SMOTER, DistGANOptions, GaussianNoise, RandomOverSampler, SMOGANRegressorResampler
from skgan_resample._neighbors import interpolate
from skgan_resample.model_selection._regression import evaluate
from skgan_resample.over_sampling import Draft
from skgan_resample.over_sampling._base import stack_drafts

BASE = "stage 1"


class Extrapolating(SMOTER):
    """SMOTER that draws beyond its two parents as well: u in [-reach, 1 + reach]."""

    def __init__(self, reach=0.3, *, threshold=0.5, sampling_strategy="balance", random_state=None):
        super().__init__(threshold=threshold, sampling_strategy=sampling_strategy, random_state=random_state)
        self.reach = reach

    def _draw(self, X, y, rng):
        drafts = []
        for bump, rows, n_new in self._growing_bumps():
            seeds, partners, *_ = self._choose_pairs(X, y, rows, n_new, rng)
            u = rng.uniform(-self.reach, 1 + self.reach, size=n_new)
            nominal = np.append(self.encoder_.nominal_, False)
            drawn = interpolate(np.column_stack([X[rows], y[rows]]), seeds, partners, u, nominal, rng)
            parents = np.column_stack([rows[seeds], rows[partners]])
            drafts.append(Draft(drawn[:, :-1], np.clip(drawn[:, -1], bump.low, bump.high), parents))
        return stack_drafts(drafts)


class SameTargets(SMOGANRegressorResampler):
    """The regressor deals the targets of the candidates anew, so that their distribution stays what it was."""

    def __init__(self, *, target_refinement=0.5, random_state=None):
        super().__init__(target_refinement=target_refinement, random_state=random_state)

    def _with_refined_targets(self, draft, X, y, rng):
        refined = super()._with_refined_targets(draft, X, y, rng).y
        names, target = self._names(draft.y), draft.y.copy()
        for bump in self._rare_bumps():
            rows = np.flatnonzero(names == bump.name)
            target[rows[np.argsort(refined[rows], kind="stable")]] = np.sort(draft.y[rows])
        return draft._replace(y=target)


def samplers():
    """Stage 1: how many rows, from where on, in which proportion, made how."""
    found = {}
    for threshold in (0.2, 0.5, 0.8):
        for share in ("auto", "balance"):
            found[f"SMOGN {share}, threshold {threshold}"] = SMOGN(threshold=threshold, sampling_strategy=share)
    half = {"threshold": 0.5, "sampling_strategy": "balance"}
    return {
        **found,
        "SMOGN by relevance, threshold 0.5": SMOGN(**half, emphasis="relevance"),
        "SMOGN by relevance, threshold 0.2": SMOGN(threshold=0.2, sampling_strategy="balance", emphasis="relevance"),
        "copies": RandomOverSampler(**half),
        "noise 0.1": GaussianNoise(**half),
        "SMOTER": SMOTER(**half),
        "SMOTER, u in [-0.3, 1.3]": Extrapolating(0.3),
    }


def refinements():
    """Stage 2, on the candidates of stage 1: the network without refined targets, then both."""
    network, both = {"target_refinement": 0}, SMOGANRegressorResampler
    equal = DistGANOptions(anchor_weight=0, mmd_weight=1, learning_rate=1e-3)
    return {
        "network alone (default)": both(**network),
        "no critic": both(**network, gan=DistGANOptions(adversarial_weight=0)),
        "critic and MMD at equal weights, no anchor": both(**network, gan=equal),
        "compared with parents": both(**network, gan=DistGANOptions(leave_parents_out=False)),
        "both, weight 0.3 (default)": both(),
        "both, targets dealt by the regressor": SameTargets(),
        "both on SMOTER": both(SMOTER(sampling_strategy="balance")),
    }


def run():
    methods = {"none": None, BASE: SMOGANRegressorResampler(refine=False), **samplers(), **refinements()}
    learners = make_learners(**LEARNER_SIZES["tuning"])
    results = open_results("smogan_levers", "tuning", **LEARNER_SIZES["tuning"])
    start_workers()
    for name, method in methods.items():
        for table in TUNING:
            if results.has(table=table, method=name):
                continue
            X, y = load_floats(table)
            rows = evaluate(X, y, make_splits(y), {name: method}, learners, random_state=SEED, n_jobs=N_JOBS)
            results.extend([{"table": table, **row} for row in rows if row["method"] == name], COLUMNS)
        print(name, flush=True)


def summarize():
    summary = Summary(pd.read_csv(RESULTS / "smogan_levers_tuning.csv"))
    for title, levers in (("Stage 1", samplers()), ("Stage 2", refinements())):
        print_table(f"{title}: levers on the tuning sets", lines(summary, [BASE, *levers]))
    print("\nRatios to none and to stage 1 (SMOGN, threshold 0.5, balance): geometric means, 15 tables x 5 learners.")


def lines(summary, names):
    for name in names:
        if name not in summary.data.index.get_level_values("method"):
            continue
        sera, rmse = (summary.effect(name, measure=measure).mean(axis=1) for measure in ("sera", "rmse"))
        against = [summary.effect(name, BASE, measure).mean(axis=1) for measure in ("sera", "rmse")]
        yield {
            "lever": name,
            **{key: f"{np.exp(part.mean()):.3f}" for key, part in zip(("SERA", "RMSE"), (sera, rmse))},
            **{key: f"{np.exp(part.mean()):.3f}" for key, part in zip(("SERA to stage 1", "RMSE to stage 1"), against)},
            "tables won against stage 1": won(against[0]),
        }


if __name__ == "__main__":
    summarize() if "summary" in sys.argv[1:] else run()
