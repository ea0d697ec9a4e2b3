"""Does SMOGAN predict rare values better, at what cost, better than its own candidates, and better than simpler means?

    OMP_NUM_THREADS=1 python benchmarks/smogan_quality.py tuning            # the sets that defaults are chosen on
    OMP_NUM_THREADS=1 python benchmarks/smogan_quality.py reporting         # all others; under 45 minutes
    OMP_NUM_THREADS=1 python benchmarks/smogan_quality.py fits reporting    # what refinement did in every fit
    OMP_NUM_THREADS=1 python benchmarks/smogan_quality.py summary           # tables in Markdown; or name one tier

Every method meets the same five folds and, in a fold, the same seed: SMOGAN and its stage 1 begin with the same
candidates. Runs are resumable by table and method; delete the rows of a method from the CSV file to run it anew.

Effects are logarithms of a measure over that of another method, averaged over folds, then over estimators; a table
counts once. Tests are Wilcoxon's signed-rank test over tables, intervals are bootstrapped over tables.
"""

import csv
import json
import sys
import time
import warnings

import numpy as np
import pandas as pd
from _common import RESULTS, Results, index, load
from joblib import Parallel, delayed
from scipy.stats import wilcoxon
from sklearn.base import BaseEstimator, RegressorMixin, clone
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import Ridge
from sklearn.neighbors import KNeighborsRegressor
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.utils import check_random_state

from skgan_resample import SMOGN, SMOTER, OutputCorrectedRegressor, RandomOverSampler, RelevanceWeightedRegressor
from skgan_resample._statistics import holm
from skgan_resample._tables._origins import synthetic_rows
from skgan_resample._tables._vectorizer import MatrixEncoder
from skgan_resample.model_selection import RegressionStratifiedKFold
from skgan_resample.model_selection._methods import UniformDuplicator, default_estimator
from skgan_resample.model_selection._regression import evaluate, quadratic
from skgan_resample.over_sampling import BaseRegressionSampler, Draft

SAME_ROWS = {"threshold": 0.5, "sampling_strategy": "balance"}  # as SMOGAN has by default
LIGHT = 0.2  # strength of the light recalibration
BASELINES = ("none", "light-correction", "correction")  # strengths 0, LIGHT and 1; names as in results/

TUNING = (
    "a1", "a3", "a4", "a5", "a7", "kdd_coil_1", "machineCpu", "accel", "maxTorque", "concreteStrength", "laser",
    "baseball", "space_ga", "cpuActiv", "cpuSm",
)  # fmt: skip
RELATED = (("a1", "a3", "a4", "a5", "a7", "kdd_coil_1"), ("cpuSm", "cpuActiv"), ("accel", "maxTorque"))
NO_RARE = "stock"
TOTAL_NEAR_ZERO = ("dAiler", "dElev")  # positive and negative targets cancel, so a ratio of totals means nothing

SEED = 0
N_SPLITS = 5
MAX_TRAINING_ROWS = 3000
N_JOBS = 2
LEARNER_SIZES = {
    "tuning": {"n_trees": 30, "n_iterations": 60, "n_steps": 600},
    "reporting": {"n_trees": 60, "n_iterations": 100, "n_steps": 1000},
}

OURS, STAGE_1 = "smogan", "smogan-stage1"
PARTS = ("smogan-network-only", "smogan-teacher-only")
RIVALS = ("duplicate", "weights", "correction", "weights+correction", "random", "smogn", "noise-gan")
COSTLY = (*BASELINES[1:], "weights+correction")  # four fits instead of one; they run last
REPORTED_ONLY = ("weights+correction", "smoter", "smogn-neighbors", "smogn-0.8", "imbreg", *PARTS)  # not for tuning
MEASURES = ("sera", "rmse", "common_rmse")
COLUMNS = (
    "table", "fold", "method", "learner", "sera", "rmse", "common_rmse", "rare_mae", "total_ratio", "n_train",
    "n_synthetic", "seconds", "error",
)  # fmt: skip


# ------------------------------------------------------------------------------------------------ learners
class SteppedMLP(RegressorMixin, BaseEstimator):
    """A multilayer perceptron that takes the same number of update steps whatever the number of rows.

    With a number of epochs, new rows would buy more updates, and an unconverged network gains from those alone. So it
    is fitted for one epoch to as many rows as the steps take, drawn without replacement over and over again.
    """

    def __init__(self, n_steps=1000, batch_size=64, random_state=None):
        self.n_steps = n_steps
        self.batch_size = batch_size
        self.random_state = random_state

    def fit(self, X, y, sample_weight=None):
        rng = check_random_state(self.random_state)
        batch_size = min(self.batch_size, len(y))
        n_drawn = self.n_steps * batch_size
        rows = np.concatenate([rng.permutation(len(y)) for _ in range(-(-n_drawn // len(y)))])[:n_drawn]
        self.center_, self.spread_ = y.mean(), y.std() or 1.0
        self.network_ = MLPRegressor(
            hidden_layer_sizes=(50,),
            batch_size=batch_size,
            learning_rate_init=3e-3,
            max_iter=1,
            shuffle=False,  # they are already
            random_state=rng,
        )
        weights = None if sample_weight is None else sample_weight[rows]
        self.network_.fit(X[rows], (y[rows] - self.center_) / self.spread_, weights)
        return self

    def predict(self, X):
        return self.center_ + self.spread_ * self.network_.predict(X)


def make_learners(n_trees, n_iterations, n_steps):
    learners = {
        "ridge": Ridge(),
        "kNN": KNeighborsRegressor(),
        "forest": RandomForestRegressor(n_trees, max_features=1 / 3, random_state=0),
        "HGB": default_estimator("regression").set_params(max_iter=n_iterations),
        "MLP": SteppedMLP(n_steps, random_state=0),
    }
    return {name: make_pipeline(MatrixEncoder(), learner) for name, learner in learners.items()}


# ------------------------------------------------------------------------------------------------ methods
class ImbregSampler(BaseRegressionSampler):
    """SMOGN of the package imbreg, on numbers: categories are ordinal-encoded, missing cells medians of the column."""

    def _draw(self, X, y, rng):
        from imbreg.resampling import smogn_regress

        filled = np.where(np.isnan(X), np.nanmedian(X, axis=0), X)
        frame = pd.DataFrame(filled).add_prefix("x").assign(y=y)
        # imbreg cuts off fractions of a row, hence the half
        grown = {bump.name: (n_new + 0.5) / len(bump.indices) for bump, _, n_new in self._growing_bumps()}
        result = smogn_regress(
            frame,
            thr_rel=self.threshold,
            c_perc=[1 + grown.get(bump.name, 0) for bump in self.bumps_],
            seed=rng.randint(2**31 - 1),
        ).to_numpy(float)
        new = result[synthetic_rows(None, filled, y, result[:, :-1], result[:, -1])]
        return Draft(new[:, :-1], new[:, -1], np.full((len(new), 2), -1))


def make_methods():
    """Return what is compared: name to None, a sampler, or a regressor whose innermost estimator is None."""
    from _noise_gan import NoiseGANSampler

    from skgan_resample import SMOGANRegressorResampler

    weights = RelevanceWeightedRegressor(None)
    return {
        "none": None,
        "light-correction": OutputCorrectedRegressor(None, strength=LIGHT, cv=3),
        "correction": OutputCorrectedRegressor(None, cv=3),
        "weights": weights,
        "weights+correction": OutputCorrectedRegressor(weights, cv=3),
        "duplicate": UniformDuplicator(**SAME_ROWS),
        "random": RandomOverSampler(**SAME_ROWS),
        "smoter": SMOTER(**SAME_ROWS),
        "smogn": SMOGN(**SAME_ROWS),
        "smogn-neighbors": SMOGN(**SAME_ROWS, safe_distance="neighbors"),
        "smogn-0.8": SMOGN(),
        "imbreg": ImbregSampler(**SAME_ROWS),
        "noise-gan": NoiseGANSampler(**SAME_ROWS),
        STAGE_1: SMOGANRegressorResampler(refine=False),
        "smogan-network-only": SMOGANRegressorResampler(target_refinement=0),
        "smogan-teacher-only": SMOGANRegressorResampler(min_rare=10**9),
        OURS: SMOGANRegressorResampler(),
    }


# ------------------------------------------------------------------------------------------------ runs
class Measurements(Results):
    """Results that take many rows at once."""

    def extend(self, rows, columns):
        is_new = not self.path.exists()
        with self.path.open("a", newline="") as file:
            writer = csv.DictWriter(file, columns, extrasaction="ignore")
            if is_new:
                writer.writeheader()
            for row in rows:
                writer.writerow({key: f"{cell:.6g}" if isinstance(cell, float) else cell for key, cell in row.items()})


def tables(tier):
    if tier == "tuning":
        return TUNING
    return [name for name in index()["name"] if name not in (*TUNING, NO_RARE)]


def load_floats(table):
    X, y = load(table)
    return X, y.to_numpy(float)


def make_splits(y):
    """Return the splits as `evaluate` takes them; of many training rows, some are drawn."""
    rng = np.random.RandomState(SEED)
    splits = []
    folds = RegressionStratifiedKFold(N_SPLITS, shuffle=True, random_state=SEED)
    for fold, (train, test) in enumerate(folds.split(y, y)):
        if len(train) > MAX_TRAINING_ROWS:
            train = np.sort(rng.choice(train, MAX_TRAINING_ROWS, replace=False))
        splits.append((fold, -1, train, test))
    return splits


def open_results(name, tier, **settings):
    return Measurements(
        f"{name}_{tier}", seed=SEED, n_splits=N_SPLITS, max_training_rows=MAX_TRAINING_ROWS,
        **{name: str(setting) for name, setting in settings.items()},
    )  # fmt: skip


def start_workers():
    """Let each worker load the large libraries first: joblib would take their memory for a leak and end the worker."""
    Parallel(n_jobs=N_JOBS)(delayed(load_libraries)() for _ in range(N_JOBS))


def load_libraries():
    import imbreg.resampling  # noqa: F401
    import torch

    import skgan_resample.model_selection._regression  # noqa: F401

    torch.optim.Adam([torch.zeros(1)])  # the first optimizer loads the rest of torch
    time.sleep(2)  # keep this worker busy until the others have got theirs


def run(tier):
    """Measure all methods on the tables of a tier, the costly ones after the others."""
    methods, learners = make_methods(), make_learners(**LEARNER_SIZES[tier])
    if tier == "tuning":
        methods = {name: method for name, method in methods.items() if name not in REPORTED_ONLY}
    results = open_results("smogan_quality", tier, same_rows=SAME_ROWS, smogan=methods[OURS].get_params(),
                           **LEARNER_SIZES[tier])  # fmt: skip
    start_workers()
    started = time.perf_counter()
    for is_costly in (False, True):
        for table in tables(tier):
            missing = {
                name: method
                for name, method in methods.items()
                if (name in COSTLY) == is_costly and not results.has(table=table, method=name)
            }
            if missing:
                X, y = load_floats(table)
                found = evaluate(X, y, make_splits(y), missing, learners, random_state=SEED, n_jobs=N_JOBS)
                found = [{"table": table, "learner": row.get("estimator", ""), **row} for row in found]
                results.extend([row for row in found if row["method"] in missing], COLUMNS)
                failed = sorted({f"{row['method']} ({row['error']})" for row in found if "error" in row})
                print(f"{time.perf_counter() - started:6.0f} s  {table}: {', '.join(missing)}", flush=True)
                print("".join(f"          failed: {failure}\n" for failure in failed), end="", flush=True)
    if tier == "reporting":
        print(pass_through())


def pass_through():
    """Return in a line what SMOGAN does with the table that has no rare rows."""
    X, y = load(NO_RARE)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        X_new, y_new = make_methods()[OURS].fit_resample(X, y)
    warned = "; ".join(f"{warning.category.__name__}: {warning.message}" for warning in caught)
    return f"{NO_RARE}: returned unchanged: {X_new.equals(X) and y_new.equals(y)}; {warned or 'no warning'}"


def run_fits(tier):
    """Fit SMOGAN alone on every split, as `run` does, and write what its second stage did."""
    smogan = make_methods()[OURS]
    results = open_results("smogan_fits", tier, smogan=smogan.get_params())
    start_workers()
    for table in tables(tier):
        if not results.has(table=table):
            X, y = load_floats(table)
            tasks = (delayed(fit)(clone(smogan), X.iloc[train], y[train], fold) for fold, _, train, _ in make_splits(y))
            rows = Parallel(n_jobs=N_JOBS)(tasks)
            results.extend([{"table": table, **row} for row in rows], ["table", *rows[0]])
            print(table, [row["best_step"] for row in rows], flush=True)


def fit(sampler, X, y, fold):
    """Return what the second stage of SMOGAN did on the training rows of a fold."""
    seed = int(np.random.SeedSequence([SEED, fold, 0]).generate_state(1)[0] % 2**31)  # as `evaluate` makes it
    sampler.set_params(random_state=np.random.RandomState(seed).randint(np.iinfo(np.int32).max))
    started = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        sampler.fit_resample(X, y)
    seconds = time.perf_counter() - started
    keys = ("status", "n_rows", "n_moved", "n_target_refined", "n_fallback", "mmd_before", "mmd_after")
    return {
        "fold": fold,
        "n_rare": sum(len(bump.indices) for bump in sampler.bumps_ if bump.is_rare),
        "best_step": sampler.best_step_,
        **{key: sampler.refinement_.get(key) for key in keys},
        "seconds": seconds,
    }


# ------------------------------------------------------------------------------------------------ summary
class Summary:
    """Measurements of a tier, and the tables that are made of them.

    Parameters
    ----------
    data : DataFrame
        Rows as `run` writes them.
    """

    def __init__(self, data):
        self.failures = data[data["error"].notna()]
        data = data[data["error"].isna()]
        self.data = data.set_index(["method", "table", "learner", "fold"]).sort_index()
        self.learners = list(dict.fromkeys(data["learner"]))
        found = set(data["method"])
        self.methods = [name for name in make_methods() if name in found]  # in this order

    def effect(self, method, base="none", measure="sera", learners=None):
        """Return log(measure / measure of `base`) per table and learner, averaged over folds: a frame."""
        ours, theirs = (np.log(self.data[measure].loc[name].clip(lower=1e-300)) for name in (method, base))
        ratios = (ours - theirs).groupby(["table", "learner"]).mean().unstack("learner")
        return ratios[learners or self.learners].dropna(how="all")

    def matched(self, method):
        """Return log(SERA / SERA of recalibrated predictions at equal RMSE) per table and estimator: a frame.

        As in `Comparison`: the estimator's own predictions are moved a share of the way to their corrected output,
        which makes SERA and squared error quadratic in that share. The best share is taken of those that raise the
        RMSE no more than `method` does.
        """
        names = [*BASELINES, method]
        sera, rmse = (
            pd.concat([self.data[measure].loc[name] for name in names], axis=1, keys=names).dropna()
            for measure in ("sera", "rmse")
        )
        shares = np.linspace(0, 1, 101)
        found = {}
        for key, rows in sera.groupby(["table", "learner"]):
            *at_shares, ours = rows.to_numpy().T
            recalibrated = quadratic(shares, *at_shares)  # (n_shares, n_folds)
            *at_shares, own_rmse = rmse.loc[key].to_numpy().T
            squares = quadratic(shares, *(error**2 for error in at_shares))
            costs = np.log(np.sqrt(squares) / at_shares[0]).mean(axis=1)
            allowed = np.flatnonzero(costs <= max(0.0, np.log(own_rmse / at_shares[0]).mean()))
            best = allowed[np.log(recalibrated[allowed]).mean(axis=1).argmin()]
            found[key] = np.log(ours / recalibrated[best]).mean()
        return pd.Series(found).rename_axis(["table", "learner"]).unstack()[self.learners]

    # ------------------------------------------------------------------------------------------ tables
    def against_none(self, learners):
        """All methods against none: one row a method."""
        p_values = {name: p_value(self.effect(name, learners=learners).mean(axis=1)) for name in self.methods[1:]}
        adjusted = dict(zip(p_values, holm(list(p_values.values()))))
        for name in self.methods:
            sera, rmse, common = (self.effect(name, measure=m, learners=learners) for m in MEASURES)
            totals = self.data["total_ratio"].loc[name].drop(list(TOTAL_NEAR_ZERO), level="table", errors="ignore")
            totals = np.log(totals.clip(lower=0.01)).groupby(["table", "learner"]).mean().unstack()[learners]
            yield {
                "method": name,
                "SERA": with_interval(sera.mean(axis=1)),
                "RMSE": with_interval(rmse.mean(axis=1)),
                "common RMSE": ratio(common),
                "total": ratio(totals),
                "off in total": f"{totals.abs().to_numpy().mean():.3f}",
                **{f"SERA {learner}": ratio(sera[learner]) for learner in learners},
                "won": won(sera.mean(axis=1)),
                "p": p_text(adjusted.get(name)),
            }

    def by_learner(self, base):
        """SMOGAN against another method, one row a learner; p is adjusted over the learners."""
        sera, rmse = (self.effect(OURS, base, measure) for measure in MEASURES[:2])
        adjusted = holm([p_value(sera[learner]) for learner in self.learners])
        for learner, p in zip(self.learners, adjusted):
            yield {
                "learner": learner,
                "SERA": with_interval(sera[learner]),
                "RMSE": with_interval(rmse[learner]),
                "won": won(sera[learner]),
                "p": p_text(p),
            }

    def against_rivals(self):
        """SMOGAN against its own stage 1 and the rivals, as measured and at equal RMSE; p is adjusted over rows."""
        rivals = [name for name in (STAGE_1, *RIVALS) if name in self.methods]
        adjusted = holm([p_value(self.effect(OURS, name).mean(axis=1)) for name in rivals])
        ours = self.matched(OURS)
        for name, p in zip(rivals, adjusted):
            # A correction of any strength is the recalibrated predictions themselves.
            matched = ours if name == "correction" else ours - self.matched(name)
            sera, rmse, common = (self.effect(OURS, name, measure).mean(axis=1) for measure in MEASURES)
            yield {
                "SMOGAN against": name,
                "SERA": with_interval(sera),
                "RMSE": with_interval(rmse),
                "common RMSE": with_interval(common),
                "won": won(sera),
                "p": p_text(p),
                "matched SERA": with_interval(matched.mean(axis=1).dropna()),
                **{f"matched {learner}": ratio(matched[learner]) for learner in self.learners},
            }

    def by_table(self):
        """SMOGAN against none and against its own stage 1, one row a table."""
        effects = {
            f"{label} to {base}": self.effect(OURS, base, measure).mean(axis=1)
            for base in ("none", STAGE_1)
            for label, measure in (("SERA", "sera"), ("RMSE", "rmse"))
        }
        for table, row in pd.DataFrame(effects).iterrows():
            yield {"table": table, **{name: f"{np.exp(cell):.3f}" for name, cell in row.items()}}

    def figures(self):
        """Return the figures that the README shows, as a dict that JSON can hold."""

        def both(name, base):
            return {m: with_interval(self.effect(name, base, m).mean(axis=1)) for m in MEASURES[:2]}

        totals = self.data["total_ratio"].loc[OURS].drop(list(TOTAL_NEAR_ZERO), level="table", errors="ignore")
        by_learner = holm([p_value(self.effect(OURS)[learner]) for learner in self.learners])
        moved, rivals = self.matched(OURS), [name for name in RIVALS if name in self.methods]
        matched = {name: moved if name == "correction" else moved - self.matched(name) for name in rivals}
        return {
            "tables": len(self.effect(OURS)),
            "learners": len(self.learners),
            "learners better than none": sum(p < 0.05 for p in by_learner),
            "to none": both(OURS, "none"),
            "simpler to none": {name: both(name, "none") for name in ("smogn-0.8", BASELINES[1])},
            "to stage 1": both(OURS, STAGE_1),
            "parts to stage 1": {name: both(name, STAGE_1) for name in PARTS if name in self.methods},
            "total": ratio(np.log(totals.clip(lower=0.01)).groupby(["table", "learner"]).mean()),
            "matched": {name: with_interval(found.mean(axis=1).dropna()) for name, found in matched.items()},
            "matched learners": {name: int((found.mean() < 0).sum()) for name, found in matched.items()},
            "beats noise-gan": won(self.effect(OURS, "noise-gan").mean(axis=1)),
        }


def fits_by_table(fits):
    """How often the second stage changed nothing, and how many rows it moved: one row a table, and all of them."""
    for table, found in [*fits.groupby("table", sort=False), ("all", fits)]:
        yield {
            "table": table,
            "fits": len(found),
            "rare rows": f"{found['n_rare'].mean():.0f}",
            "best step 0": f"{(found['best_step'] == 0).mean():.0%}",
            "rows moved": f"{found['n_moved'].sum() / found['n_rows'].sum():.0%}",
            "targets taught": f"{found['n_target_refined'].sum() / found['n_rows'].sum():.0%}",
            "fallen back": f"{found['n_fallback'].sum() / found['n_rows'].sum():.1%}",
            "held-out MMD before": f"{found['mmd_before'].mean():.4f}",
            "after": f"{found['mmd_after'].mean():.4f}",
            "seconds": f"{found['seconds'].mean():.2f}",
            "status": "; ".join(f"{n} {status}" for status, n in found["status"].value_counts().items()),
        }


def ratio(logs):
    return f"{np.exp(np.nanmean(logs)):.3f}"


def with_interval(logs):
    """Return the geometric mean over tables with its bootstrap interval (95 %) as text."""
    logs = np.asarray(logs)
    means = logs[np.random.RandomState(SEED).randint(len(logs), size=(10_000, len(logs)))].mean(axis=1)
    low, high = np.exp(np.percentile(means, [2.5, 97.5]))
    return f"{ratio(logs)} [{low:.3f}, {high:.3f}]"


def won(logs):
    return f"{(logs < 0).sum()}/{len(logs)}"


def p_value(logs):
    """Return the two-sided p-value of the signed-rank test; tables without a difference are left out."""
    logs = logs[logs != 0]
    return wilcoxon(logs).pvalue if len(logs) else 1.0


def p_text(p):
    return "" if p is None else f"{p:.2g}"


def print_table(title, rows, note=""):
    rows = list(rows)
    print(f"\n### {title}\n")
    print(f"| {' | '.join(rows[0])} |\n|{'---|' * len(rows[0])}")
    for row in rows:
        print(f"| {' | '.join(str(cell) for cell in row.values())} |")
    if note:
        print(f"\n{note}")


def summarize(tier):
    """Print what was found on a tier as tables in Markdown."""
    path = RESULTS / f"smogan_quality_{tier}.csv"
    if not path.exists():
        return
    data = pd.read_csv(path)
    summary = Summary(data)
    print(f"\n## The {tier} sets ({data['table'].nunique()} tables, {N_SPLITS} folds)")
    related = " + ".join(", ".join(names) for names in RELATED)
    print_table(
        "All methods against none",
        summary.against_none(summary.learners),
        "Ratios to none, geometric means over tables, [95 %] over tables. Total: predicted / actual; off in total: "
        f"mean of its |log| per table and learner (both without {' and '.join(TOTAL_NEAR_ZERO)}, where totals cancel). "
        "Won: tables with a lower SERA; p: signed-rank test on SERA, Holm-adjusted over methods. Tables of one source "
        f"count one by one, though they are related: {related}.",
    )
    learners = [name for name in summary.learners if name != "HGB"]
    print_table("The same without HistGradientBoosting", summary.against_none(learners))
    if not summary.failures.empty:
        failed = summary.failures.groupby(["method", "table"])["error"].first()
        print_table("Failures", ({"method": m, "table": t, "error": error} for (m, t), error in failed.items()))
    if {OURS, STAGE_1, *BASELINES} <= set(summary.methods):
        print_table("SMOGAN against none, by learner", summary.by_learner("none"), "p: Holm-adjusted over learners.")
        print_table("SMOGAN against its own stage 1, by learner", summary.by_learner(STAGE_1))
        print_table(
            "SMOGAN against its own stage 1 and against other means",
            summary.against_rivals(),
            "p: Holm-adjusted over these rows. Matched: every method is divided by the learner's own predictions, "
            "moved towards their corrected output by the share of lowest SERA that raises the RMSE no more than the "
            "method does; then SMOGAN by the other. Against correction it is SMOGAN over moved predictions.",
        )
        print_table("SMOGAN, table by table", summary.by_table())
        (RESULTS / f"smogan_figures_{tier}.json").write_text(json.dumps(summary.figures(), indent=1) + "\n")
    if (path := RESULTS / f"smogan_fits_{tier}.csv").exists():
        print_table("What refinement did", fits_by_table(pd.read_csv(path)))


if __name__ == "__main__":
    command, *tiers = sys.argv[1:] or ["summary"]
    if command in LEARNER_SIZES:
        run(command)
    else:
        for tier in tiers or LEARNER_SIZES:
            {"fits": run_fits, "summary": summarize}[command](tier)
